"""Working hours become the right instants, in every zone and on both nights of change."""

import time
from datetime import UTC, date, datetime
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking import schedule as module
from booking.hours import DAYS, Day, Holidays, Hours, Override, TimeRange, WeeklyRange
from booking.schedule import (
    Stretch,
    day_span,
    local_midnight,
    working_time,
    zone_rules_version,
)

pytestmark = pytest.mark.usefixtures("process_zone", "_nothing_kept")


@pytest.fixture
def _nothing_kept() -> None:
    """Work everything out anew, so that the zone of the process could make a difference."""
    module._laid_out.cache_clear()
    module._plain_midnight.cache_clear()


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def hours(
    zone: str, *weekly: str, holidays: Holidays | None = None, **overrides: list[str]
) -> Hours:
    """Read ``mon 09:00-17:00``; overrides are ``d20261224=["09:00-12:00"]``."""
    return Hours(
        timezone=zone,
        weekly=[
            WeeklyRange(day=_day(entry[:3]), start=entry[4:9], end=entry[10:]) for entry in weekly
        ],
        overrides=[
            Override(
                date=datetime.strptime(name, "d%Y%m%d").replace(tzinfo=UTC).date(),
                ranges=[TimeRange(start=entry[:5], end=entry[6:]) for entry in ranges],
            )
            for name, ranges in overrides.items()
        ],
        holidays=holidays,
    )


def _day(name: str) -> Day:
    days: dict[str, Day] = {
        "mon": "mon",
        "tue": "tue",
        "wed": "wed",
        "thu": "thu",
        "fri": "fri",
        "sat": "sat",
        "sun": "sun",
    }
    return days[name]


def spans(schedule: Hours, start: str, end: str) -> list[tuple[str, str]]:
    """Return (start, end) of the working time as UTC text."""
    return [
        (_text(stretch.start), _text(stretch.end))
        for stretch in working_time(schedule, utc(start), utc(end))
    ]


def whole(schedule: Hours, start: str, end: str) -> list[tuple[str, str, str, str]]:
    """Return (anchor, start, end, until) of the working time as UTC text."""
    return [
        (_text(s.anchor), _text(s.start), _text(s.end), _text(s.until))
        for s in working_time(schedule, utc(start), utc(end))
    ]


def _text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M")


def test_several_ranges_a_day_stay_several() -> None:
    """A lunch break is no working time; winter in Amsterdam is one hour ahead of UTC."""
    schedule = hours("Europe/Amsterdam", "mon 09:00-12:00", "mon 13:00-17:00", "tue 09:00-17:00")

    assert spans(schedule, "2026-11-30", "2026-12-02") == [
        ("11-30 08:00", "11-30 11:00"),
        ("11-30 12:00", "11-30 16:00"),
        ("12-01 08:00", "12-01 16:00"),
    ]


def test_summer_moves_the_instants_not_the_wall() -> None:
    """Nine in the morning is seven UTC in summer, and in Kolkata always half past three."""
    assert spans(hours("Europe/Amsterdam", "wed 09:00-17:00"), "2026-07-01", "2026-07-02") == [
        ("07-01 07:00", "07-01 15:00")
    ]
    assert spans(hours("Asia/Kolkata", "wed 09:00-17:00"), "2026-07-01", "2026-07-02") == [
        ("07-01 03:30", "07-01 11:30")
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("sun 02:30-05:00", [("03-29 01:00", "03-29 03:00")]),
        ("sun 01:00-02:30", [("03-29 00:00", "03-29 01:00")]),
        ("sun 02:10-02:50", []),
        ("sun 02:00-03:00", []),
        ("sun 00:00-24:00", [("03-28 23:00", "03-29 22:00")]),
        ("sat 22:00-06:00", [("03-28 21:00", "03-29 04:00")]),
        ("sat 22:00-02:30", [("03-28 21:00", "03-29 01:00")]),
    ],
)
def test_what_lies_in_the_gap_moves_to_its_end(entry: str, expected: list[tuple[str, str]]) -> None:
    """On 29 March 2026 Amsterdam goes from 02:00 to 03:00, at 01:00 UTC."""
    schedule = hours("Europe/Amsterdam", entry)

    assert spans(schedule, "2026-03-28T20:00", "2026-03-30T00:00") == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("sun 02:30-04:00", [("10-25 00:30", "10-25 03:00")]),
        ("sun 01:00-02:30", [("10-24 23:00", "10-25 01:30")]),
        ("sun 02:00-03:00", [("10-25 00:00", "10-25 02:00")]),
        ("sun 00:00-24:00", [("10-24 22:00", "10-25 23:00")]),
        ("sat 22:00-06:00", [("10-24 20:00", "10-25 05:00")]),
    ],
)
def test_a_range_starts_first_and_ends_last_in_the_fold(
    entry: str, expected: list[tuple[str, str]]
) -> None:
    """On 25 October 2026 Amsterdam goes from 03:00 back to 02:00, at 01:00 UTC."""
    schedule = hours("Europe/Amsterdam", entry)

    assert spans(schedule, "2026-10-24T16:00", "2026-10-26T00:00") == expected


def test_ranges_that_only_the_fold_makes_overlap_are_one() -> None:
    """The second half past two comes after the first quarter past two."""
    schedule = hours("Europe/Amsterdam", "sun 01:00-02:30", "sun 02:30-04:00")

    assert whole(schedule, "2026-10-24T12:00", "2026-10-26T00:00") == [
        ("10-24 23:00", "10-24 23:00", "10-25 03:00", "10-25 03:00")
    ]


@pytest.mark.parametrize(
    ("entry", "window", "expected"),
    [
        # 4 October 2026: 02:00 becomes 02:30, at 15:30 UTC the day before.
        ("sun 02:15-04:00", "2026-10-03T12:00", [("10-03 15:30", "10-03 17:00")]),
        ("sun 01:00-03:00", "2026-10-03T12:00", [("10-03 14:30", "10-03 16:00")]),
        # 5 April 2026: 02:00 becomes 01:30, at 15:00 UTC the day before.
        ("sun 01:45-03:00", "2026-04-04T12:00", [("04-04 14:45", "04-04 16:30")]),
        ("sun 00:00-01:45", "2026-04-04T12:00", [("04-04 13:00", "04-04 15:15")]),
    ],
)
def test_a_change_of_half_an_hour_follows_the_same_rules(
    entry: str, window: str, expected: list[tuple[str, str]]
) -> None:
    """Lord Howe Island changes its clocks by thirty minutes."""
    schedule = hours("Australia/Lord_Howe", entry)

    assert spans(schedule, window, window[:10] + "T20:00") == expected


def test_midnight_is_a_normal_end_also_where_the_clocks_change_at_midnight() -> None:
    """Cairo skips the first hour of 24 April 2026; Havana has that of 1 November 2026 twice."""
    cairo = hours("Africa/Cairo", "thu 20:00-24:00", "fri 00:00-02:00")
    havana = hours("America/Havana", "sat 20:00-24:00", "sun 00:00-02:00")

    assert whole(cairo, "2026-04-23T12:00", "2026-04-24T12:00") == [
        ("04-23 18:00", "04-23 18:00", "04-23 22:00", "04-23 23:00"),
        ("04-23 22:00", "04-23 22:00", "04-23 23:00", "04-23 23:00"),
    ]
    assert whole(havana, "2026-10-31T20:00", "2026-11-01T20:00") == [
        ("11-01 00:00", "11-01 00:00", "11-01 05:00", "11-01 07:00"),
        ("11-01 00:00", "11-01 05:00", "11-01 07:00", "11-01 07:00"),
    ]


def test_touching_ranges_keep_both_anchors_and_let_a_meeting_run_on() -> None:
    """What ends at noon touches what begins at noon: two grids, one stretch of working time."""
    schedule = hours("Europe/Amsterdam", "mon 12:00-17:00", "mon 09:00-12:00")

    assert whole(schedule, "2026-11-30", "2026-12-01") == [
        ("11-30 08:00", "11-30 08:00", "11-30 11:00", "11-30 16:00"),
        ("11-30 11:00", "11-30 11:00", "11-30 16:00", "11-30 16:00"),
    ]


def test_overlapping_ranges_are_one_whatever_their_order() -> None:
    """The earlier start is the anchor of both."""
    one = hours("Europe/Amsterdam", "mon 09:00-12:00", "mon 11:00-15:00", "mon 10:00-10:30")
    other = hours("Europe/Amsterdam", "mon 10:00-10:30", "mon 11:00-15:00", "mon 09:00-12:00")
    expected = [("11-30 08:00", "11-30 08:00", "11-30 14:00", "11-30 14:00")]

    assert whole(one, "2026-11-30", "2026-12-01") == expected
    assert whole(other, "2026-11-30", "2026-12-01") == expected


def test_round_the_clock_has_an_anchor_at_every_midnight() -> None:
    """Days that touch are laid out anew each day, and a meeting may cross midnight."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    schedule = hours("Europe/Amsterdam", *(f"{day} 00:00-24:00" for day in days))

    found = whole(schedule, "2026-11-30T12:00", "2026-12-01T12:00")

    assert [entry[:3] for entry in found] == [
        ("11-29 23:00", "11-29 23:00", "11-30 23:00"),
        ("11-30 23:00", "11-30 23:00", "12-01 23:00"),
    ]
    assert all(entry[3] >= "12-01 12:00" for entry in found)


def test_a_range_that_ends_when_it_starts_lasts_until_the_next_day() -> None:
    """Nine to nine is a day and a night; midnight to midnight is a day."""
    schedule = hours("Europe/Amsterdam", "mon 09:00-09:00", "wed 00:00-00:00")

    assert spans(schedule, "2026-11-30", "2026-12-03") == [
        ("11-30 08:00", "12-01 08:00"),
        ("12-01 23:00", "12-02 23:00"),
    ]


def test_a_night_range_takes_what_it_runs_into_along() -> None:
    """Hours that begin before the night has ended go on in the night's rhythm."""
    schedule = hours("Europe/Amsterdam", "mon 22:10-06:00", "tue 05:00-09:00", "tue 10:00-11:00")

    assert whole(schedule, "2026-11-30T12:00", "2026-12-01T12:00") == [
        ("11-30 21:10", "11-30 21:10", "12-01 05:00", "12-01 08:00"),
        ("11-30 21:10", "12-01 05:00", "12-01 08:00", "12-01 08:00"),
        ("12-01 09:00", "12-01 09:00", "12-01 10:00", "12-01 10:00"),
    ]


def test_an_override_replaces_the_hours_of_its_date() -> None:
    """Christmas Eve ends at noon, Christmas is off, and the day after is as ever."""
    schedule = hours(
        "Europe/Amsterdam",
        "thu 09:00-17:00",
        "fri 09:00-17:00",
        "sat 10:00-14:00",
        d20261224=["09:00-12:00"],
        d20261225=[],
    )

    assert spans(schedule, "2026-12-24", "2026-12-27") == [
        ("12-24 08:00", "12-24 11:00"),
        ("12-26 09:00", "12-26 13:00"),
    ]


def test_a_day_off_does_not_cut_the_night_that_began_before_it() -> None:
    """A night range belongs to the date on which it starts."""
    schedule = hours("Europe/Amsterdam", "mon 22:00-06:00", "tue 22:00-06:00", d20261201=[])

    assert spans(schedule, "2026-11-30", "2026-12-03") == [("11-30 21:00", "12-01 05:00")]


def test_no_hours_are_no_working_time() -> None:
    """Nothing is a value, not an absence."""
    assert working_time(hours("Europe/Amsterdam"), utc("2026-11-30"), utc("2026-12-31")) == []


def test_a_stretch_knows_the_working_time_around_it() -> None:
    """What touches belongs to one working time, from its first second to its last."""
    schedule = hours(
        "Asia/Kathmandu", "mon 09:00-12:00", "mon 12:00-13:30", "mon 13:30-15:00", "mon 16:00-17:00"
    )

    found = working_time(schedule, utc("2026-11-30T06:30"), utc("2026-11-30T07:00"))

    # A quarter to six ahead of UTC: noon is 06:15, half past one is 07:45.
    assert found == [
        Stretch(
            anchor=utc("2026-11-30T06:15"),
            start=utc("2026-11-30T06:15"),
            end=utc("2026-11-30T07:45"),
            since=utc("2026-11-30T03:15"),
            until=utc("2026-11-30T09:15"),
            zone="Asia/Kathmandu",
        )
    ]


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Europe/Amsterdam", "Pacific/Kiritimati"])
@pytest.mark.parametrize("clocks", ["00:00-24:00", "23:59-23:59"])
@pytest.mark.parametrize("at", ["2026-12-10T00:00:00", "2026-12-10T23:59:58"])
def test_working_time_around_is_known_for_two_days(zone: str, clocks: str, at: str) -> None:
    """Around the clock there is no first second; two days are more than a meeting needs."""
    schedule = hours(zone, *(f"{day} {clocks}" for day in DAYS))
    start, end = utc(at), utc(at) + 1

    (found,) = working_time(schedule, start, end)

    assert found.since <= start - 2 * 86_400
    assert found.until >= end + 2 * 86_400


def test_a_holiday_is_a_day_without_its_weekly_hours() -> None:
    """Christmas Day 2026 is a Friday and King's Day 2027 a Tuesday; the Dutch do not work."""
    schedule = hours(
        "Europe/Amsterdam",
        *(f"{day} 09:00-17:00" for day in ("thu", "fri", "mon", "tue", "wed")),
        holidays=Holidays(country="NL"),
    )

    assert spans(schedule, "2026-12-24", "2026-12-29") == [
        ("12-24 08:00", "12-24 16:00"),
        ("12-28 08:00", "12-28 16:00"),
    ]
    assert spans(schedule, "2027-04-26", "2027-04-29") == [
        ("04-26 07:00", "04-26 15:00"),
        ("04-28 07:00", "04-28 15:00"),
    ]


def test_hours_written_for_a_holiday_hold_on_it() -> None:
    """Whoever opens on Christmas Day from ten to eleven means it."""
    schedule = hours(
        "Europe/Amsterdam",
        "fri 09:00-17:00",
        holidays=Holidays(country="NL"),
        d20261225=["10:00-11:00"],
    )

    assert spans(schedule, "2026-12-25", "2026-12-26") == [("12-25 09:00", "12-25 10:00")]


def test_a_holiday_does_not_cut_the_night_before_it() -> None:
    """The night shift of Christmas Eve goes on into Christmas Day, which has none."""
    schedule = hours(
        "Europe/Berlin",
        "thu 22:00-06:00",
        "fri 22:00-06:00",
        holidays=Holidays(country="DE", subdivision="BY"),
    )

    assert spans(schedule, "2026-12-24", "2026-12-27") == [("12-24 21:00", "12-25 05:00")]


def test_a_minute_past_midnight_can_come_before_midnight() -> None:
    """In St. John's, at 00:01 on 29 October 2006, it was 23:01 on the day before again."""
    schedule = hours("America/St_Johns", "sat 22:00-23:30", "sun 00:00-01:00")

    assert spans(schedule, "2006-10-28T12:00", "2006-10-29T12:00") == [
        ("10-29 00:30", "10-29 03:00"),
        ("10-29 03:00", "10-29 04:30"),
    ]


Period = Literal["day", "week", "month"]


@pytest.mark.parametrize(
    ("zone", "at", "period", "expected"),
    [
        ("Europe/Amsterdam", "2026-10-25T12:00", "day", ("2026-10-24T22:00", "2026-10-25T23:00")),
        ("Europe/Amsterdam", "2026-10-25T22:59", "week", ("2026-10-18T22:00", "2026-10-25T23:00")),
        ("Europe/Amsterdam", "2026-10-25T23:00", "week", ("2026-10-25T23:00", "2026-11-01T23:00")),
        ("Europe/Amsterdam", "2026-10-01T00:00", "month", ("2026-09-30T22:00", "2026-10-31T23:00")),
        ("Europe/Amsterdam", "2026-12-31T23:00", "month", ("2026-12-31T23:00", "2027-01-31T23:00")),
        ("Asia/Kathmandu", "2026-11-30T18:14", "day", ("2026-11-29T18:15", "2026-11-30T18:15")),
        # Half an hour shorter and longer.
        (
            "Australia/Lord_Howe",
            "2026-10-04T00:00",
            "day",
            ("2026-10-03T13:30", "2026-10-04T13:00"),
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-05T00:00",
            "day",
            ("2026-04-04T13:00", "2026-04-05T13:30"),
        ),
        # The day begins at one in the morning; the day has eleven at night twice.
        ("America/Sao_Paulo", "2018-11-04T05:00", "day", ("2018-11-04T03:00", "2018-11-05T02:00")),
        ("America/Sao_Paulo", "2018-02-18T02:30", "day", ("2018-02-17T02:00", "2018-02-18T03:00")),
        ("Africa/Cairo", "2026-04-23T22:00", "day", ("2026-04-23T22:00", "2026-04-24T21:00")),
        ("America/Havana", "2026-11-01T05:30", "day", ("2026-11-01T04:00", "2026-11-02T05:00")),
        # After a minute of Sunday the wall says Saturday again.
        ("America/St_Johns", "2006-10-29T03:00", "day", ("2006-10-29T02:30", "2006-10-30T03:30")),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", "2011-12-30T09:59", "day", ("2011-12-29T10:00", "2011-12-30T10:00")),
        ("Pacific/Apia", "2011-12-30T10:00", "day", ("2011-12-30T10:00", "2011-12-31T10:00")),
    ],
)
def test_days_weeks_and_months_are_those_on_the_wall(
    zone: str, at: str, period: Period, expected: tuple[str, str]
) -> None:
    """They begin at local midnight and are as long as the clocks make them."""
    assert day_span(zone, utc(at), period) == (utc(expected[0]), utc(expected[1]))
    if period == "day":
        assert local_midnight(zone, utc(at)) == utc(expected[0])


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(
        ["America/Sao_Paulo", "America/St_Johns", "Africa/Cairo", "America/Havana", "Pacific/Apia"]
    ),
    at=st.integers(1_100_000_000, 1_900_000_000),
    period=st.sampled_from(("day", "week", "month")),
)
def test_every_instant_is_in_one_day_week_and_month(zone: str, at: int, period: Period) -> None:
    """Periods leave no second out and share none, whatever the clocks do at midnight."""
    start, end = day_span(zone, at, period)

    assert start <= at < end
    assert day_span(zone, end - 1, period) == (start, end)
    assert day_span(zone, end, period)[0] == end


CLOCKS = st.sampled_from([f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 20)])
ZONES = st.sampled_from(["Europe/Amsterdam", "Australia/Lord_Howe", "America/Havana"])


@settings(max_examples=40, deadline=None)
@given(
    zone=ZONES,
    weekly=st.lists(st.tuples(st.sampled_from(DAYS), CLOCKS, CLOCKS), max_size=8),
    month=st.sampled_from([date(2026, 3, 27), date(2026, 10, 23), date(2026, 4, 3)]),
    cut=st.tuples(st.integers(0, 5 * 1440), st.integers(1, 3 * 1440)),
)
def test_the_question_never_moves_the_answer(
    zone: str, weekly: list[tuple[str, str, str]], month: date, cut: tuple[int, int]
) -> None:
    """Whichever part of the time is asked about, the same instants get the same anchors."""
    schedule = hours(zone, *(f"{day} {start}-{end}" for day, start, end in weekly))
    first = utc(month.isoformat())
    start = first + cut[0] * 60
    end = start + cut[1] * 60

    wide = working_time(schedule, first - 10 * 86_400, first + 20 * 86_400)
    narrow = working_time(schedule, start, end)

    def known(stretch: Stretch) -> tuple[int, ...]:
        return (
            stretch.anchor,
            stretch.start,
            stretch.end,
            max(stretch.since, start - 2 * 86_400),
            min(stretch.until, end + 2 * 86_400),
        )

    assert [known(s) for s in narrow] == [known(s) for s in wide if s.start < end and s.end > start]


def test_the_rules_have_a_version() -> None:
    """A promise is kept with the version of the rules it was made under."""
    assert zone_rules_version()[:2] == "20"
    assert zone_rules_version()[4:].isalpha()


def test_the_zone_of_the_process_really_differs(process_zone: str) -> None:
    """The tests above would prove nothing under one and the same zone."""
    offsets = {"UTC": 0, "Europe/Amsterdam": 3600, "Asia/Kolkata": 19_800}

    assert time.localtime(1_796_000_000).tm_gmtoff == offsets[process_zone]
