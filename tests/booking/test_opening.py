"""A meeting can be given where all hours meet: the advisor's, the branch's, the offer's."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from booking import schedule as schedule_module
from booking.hours import DAYS, Day, Holidays, OpenHours, Override, TimeRange, WeeklyRange
from booking.opening import Opening, advisor_time, intersect, opening, resource_time
from booking.organisation import (
    Advisor,
    Authorisation,
    Location,
    MeetingType,
    Product,
    Resource,
    Schedule,
    Travel,
)
from booking.schedule import Stretch
from booking.values import Channel, Reason
from kernel.ids import new_id

pytestmark = pytest.mark.usefixtures("process_zone", "_nothing_kept")

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
ADVISOR = new_id("adv", NOW)
AMSTERDAM = "Europe/Amsterdam"
DAY = 86_400
ORDER: dict[str, Day] = {day: day for day in DAYS}


@pytest.fixture
def _nothing_kept() -> None:
    """Work everything out anew, so that the zone of the process could make a difference."""
    schedule_module._laid_out.cache_clear()
    schedule_module._plain_midnight.cache_clear()


# --- who and what ---------------------------------------------------------------------------------


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def weekly(*entries: str) -> list[WeeklyRange]:
    """Read ``mon 09:00-17:00``, or ``mon-fri 09:00-17:00``."""
    found = []
    for entry in entries:
        days, clocks = entry.split(" ")
        first, last = (DAYS.index(ORDER[day]) for day in (days[:3], days[-3:]))
        found += [
            WeeklyRange(day=day, start=clocks[:5], end=clocks[6:]) for day in DAYS[first : last + 1]
        ]
    return found


def open_hours(*entries: str, holidays: Holidays | None = None) -> OpenHours:
    return OpenHours(weekly=weekly(*entries), holidays=holidays)


def works(*entries: str, timezone: str = AMSTERDAM, **more: Any) -> Schedule:
    return Schedule(
        id=new_id("sch", NOW),
        advisor_id=ADVISOR,
        timezone=timezone,
        weekly=weekly(*entries),
        **more,
    )


def somebody(timezone: str = AMSTERDAM, **more: Any) -> Advisor:
    return Advisor(id=ADVISOR, name="Sanne", email="sanne@bank.example", timezone=timezone, **more)


def talk(**more: Any) -> MeetingType:
    return MeetingType(
        **{
            "id": new_id("mty", NOW),
            "slug": "hypotheek",
            "name": {"nl": "Hypotheekgesprek"},
            "channels": ["video", "phone", "branch"],
            "advisors": [ADVISOR],
            **more,
        }
    )


def branch(timezone: str = AMSTERDAM, **more: Any) -> Location:
    return Location(
        id=new_id("loc", NOW), slug="utrecht", name="Utrecht", timezone=timezone, **more
    )


def mortgages(**more: Any) -> Product:
    return Product(id=new_id("prd", NOW), slug="mortgages", name="Mortgages", **more)


def ask(
    schedules: Sequence[Schedule],
    window: tuple[str, str],
    *,
    advisor: Advisor | None = None,
    kind: MeetingType | None = None,
    channel: Channel | None = "video",
    location: Location | None = None,
    product: Product | None = None,
    home: str = AMSTERDAM,
) -> Opening:
    return opening(
        advisor or somebody(),
        schedules,
        kind=kind or talk(),
        channel=channel,
        location=location,
        product=product,
        home=home,
        start=utc(window[0]),
        end=utc(window[1]),
    )


def text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M")


def whole(stretches: Sequence[Stretch]) -> list[tuple[str, str, str]]:
    """Return (anchor, start, end) as UTC text."""
    return [(text(s.anchor), text(s.start), text(s.end)) for s in stretches]


def spans(stretches: Sequence[Stretch]) -> list[tuple[str, str]]:
    """Return (start, end) as UTC text."""
    return [(text(s.start), text(s.end)) for s in stretches]


def closed(found: Opening, at: str) -> list[Reason]:
    """Return the reasons of the layers that are closed at an instant."""
    instant = utc(at)
    return [
        reason
        for reason, open_time in found.layers
        if not any(start <= instant < end for start, end in open_time)
    ]


MONDAY = ("2026-11-30", "2026-12-01")
WEEK = ("2026-11-30", "2026-12-07")


# --- the grid of an intersection ------------------------------------------------------------------


def stretch(start: int, end: int, *, anchor: int | None = None, zone: str = "UTC") -> Stretch:
    return Stretch(start if anchor is None else anchor, start, end, start, end, zone)


def test_hours_that_meet_have_the_later_grid() -> None:
    """Whoever works from 08:40 begins at nine where the doors open at nine, else at 08:40."""
    hours = [works("mon 08:40-17:00")]

    at_nine = ask(
        hours, MONDAY, channel="branch", location=branch(hours=open_hours("mon 09:00-17:00"))
    )
    at_eight = ask(
        hours, MONDAY, channel="branch", location=branch(hours=open_hours("mon 08:00-18:00"))
    )

    assert whole(at_nine.stretches) == [("11-30 08:00", "11-30 08:00", "11-30 16:00")]
    assert whole(at_eight.stretches) == [("11-30 07:40", "11-30 07:40", "11-30 16:00")]


def test_the_zone_of_the_later_grid_goes_with_it() -> None:
    """Where both begin their grids together, it is that of the left."""
    left = [stretch(0, 100, zone="Asia/Kolkata")]

    assert intersect(left, [stretch(10, 90)]) == [Stretch(10, 10, 90, 10, 90, "UTC")]
    assert intersect(left, [stretch(-10, 90)]) == [Stretch(0, 0, 90, 0, 90, "Asia/Kolkata")]
    assert intersect(left, [stretch(0, 90)]) == [Stretch(0, 0, 90, 0, 90, "Asia/Kolkata")]
    assert intersect([stretch(0, 90)], left) == [Stretch(0, 0, 90, 0, 90, "UTC")]


def test_stretches_that_only_touch_share_nothing() -> None:
    """Spans are half-open, and nothing met with anything is nothing."""
    assert intersect([stretch(0, 10), stretch(20, 30)], [stretch(10, 20)]) == []
    assert intersect([stretch(0, 10)], []) == []
    assert intersect([], [stretch(0, 10)]) == []


def test_a_stretch_that_meets_several_is_cut_into_them() -> None:
    """A lunch break of the branch is one of everybody's."""
    found = ask(
        [works("mon 08:00-18:00")],
        MONDAY,
        channel="branch",
        location=branch(hours=open_hours("mon 09:00-12:00", "mon 13:10-17:00")),
    )

    assert [(text(one.since), text(one.until)) for one in found.stretches] == [
        ("11-30 08:00", "11-30 11:00"),
        ("11-30 12:10", "11-30 16:00"),
    ]
    assert whole(found.stretches) == [
        ("11-30 08:00", "11-30 08:00", "11-30 11:00"),
        ("11-30 12:10", "11-30 12:10", "11-30 16:00"),
    ]


def test_a_meeting_runs_on_where_all_hours_do() -> None:
    """Ranges that touch keep both grids, and both know the time that all hours share."""
    found = ask(
        [works("mon 09:00-12:00", "mon 12:00-17:00")],
        MONDAY,
        channel="branch",
        location=branch(hours=open_hours("mon 10:00-16:00")),
    )

    assert whole(found.stretches) == [
        ("11-30 09:00", "11-30 09:00", "11-30 11:00"),
        ("11-30 11:00", "11-30 11:00", "11-30 15:00"),
    ]
    assert {(text(one.since), text(one.until)) for one in found.stretches} == {
        ("11-30 09:00", "11-30 15:00")
    }
    assert found.own == [(utc("2026-11-30T08:00"), utc("2026-11-30T16:00"))]


@pytest.mark.parametrize(
    ("zone", "entry", "doors", "window", "expected"),
    [
        # 29 March 2026: 02:00 becomes 03:00, at 01:00 UTC.
        (
            AMSTERDAM,
            "sat 22:00-06:00",
            "sun 02:30-05:00",
            ("2026-03-28T12:00", "2026-03-29T12:00"),
            [("03-29 01:00", "03-29 01:00", "03-29 03:00")],
        ),
        # 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC.
        (
            AMSTERDAM,
            "sat 22:00-06:00",
            "sun 02:30-05:00",
            ("2026-10-24T12:00", "2026-10-25T12:00"),
            [("10-25 00:30", "10-25 00:30", "10-25 04:00")],
        ),
        # 4 October 2026: 02:00 becomes 02:30, at 15:30 UTC the day before.
        (
            "Australia/Lord_Howe",
            "sun 01:00-04:00",
            "sun 02:15-06:00",
            ("2026-10-03T12:00", "2026-10-03T20:00"),
            [("10-03 15:30", "10-03 15:30", "10-03 17:00")],
        ),
        # 5 April 2026: 02:00 becomes 01:30, at 15:00 UTC the day before.
        (
            "Australia/Lord_Howe",
            "sun 01:00-04:00",
            "sun 01:45-06:00",
            ("2026-04-04T12:00", "2026-04-04T20:00"),
            [("04-04 14:45", "04-04 14:45", "04-04 17:30")],
        ),
        # 4 November 2018: 00:00 becomes 01:00, at 03:00 UTC.
        (
            "America/Sao_Paulo",
            "sat 20:00-04:00",
            "sun 00:00-03:00",
            ("2018-11-03T12:00", "2018-11-04T12:00"),
            [("11-04 03:00", "11-04 03:00", "11-04 05:00")],
        ),
        (
            "Asia/Kathmandu",
            "mon 09:00-17:00",
            "mon 09:30-24:00",
            MONDAY,
            [("11-30 03:45", "11-30 03:45", "11-30 11:15")],
        ),
    ],
)
def test_hours_meet_on_nights_of_change(
    zone: str,
    entry: str,
    doors: str,
    window: tuple[str, str],
    expected: list[tuple[str, str, str]],
) -> None:
    """Each kind of hours follows the rules for gaps and folds before they meet."""
    found = ask(
        [works(entry, timezone=zone)],
        window,
        advisor=somebody(zone),
        channel="branch",
        location=branch(zone, hours=open_hours(doors)),
    )

    assert whole(found.stretches) == expected


# --- the advisor's own time -----------------------------------------------------------------------


def own(
    schedules: Sequence[Schedule],
    window: tuple[str, str],
    *,
    advisor: Advisor | None = None,
    channel: Channel | None = None,
    location: Location | None = None,
) -> list[Stretch]:
    start, end = map(utc, window)
    who = advisor or somebody()
    return advisor_time(who, schedules, channel=channel, location=location, start=start, end=end)


def test_schedules_that_overlap_are_one_with_the_earlier_grid() -> None:
    """In whichever order they are read, three that hang together begin where the first does."""
    three = [works("mon 09:00-12:00"), works("mon 11:10-14:00"), works("mon 13:00-17:20")]
    expected = [("11-30 08:00", "11-30 08:00", "11-30 16:20")]

    assert whole(own(three, MONDAY)) == expected
    assert whole(own(three[::-1], MONDAY)) == expected


def test_schedules_that_touch_keep_both_grids() -> None:
    """What ends at ten past twelve is followed by what begins then, on its own grid."""
    found = own([works("mon 12:10-17:00"), works("mon 09:00-12:10")], MONDAY)

    assert whole(found) == [
        ("11-30 08:00", "11-30 08:00", "11-30 11:10"),
        ("11-30 11:10", "11-30 11:10", "11-30 16:00"),
    ]
    assert {(text(one.since), text(one.until)) for one in found} == {("11-30 08:00", "11-30 16:00")}


def test_a_night_of_one_schedule_takes_the_morning_of_another_along() -> None:
    """What the night of Monday runs into on Tuesday is laid out from the evening on."""
    found = own([works("mon 22:10-06:00"), works("tue 05:00-09:00")], ("2026-11-30", "2026-12-02"))

    assert whole(found) == [
        ("11-30 21:10", "11-30 21:10", "12-01 05:00"),
        ("11-30 21:10", "12-01 05:00", "12-01 08:00"),
    ]


def test_each_schedule_has_its_own_clock() -> None:
    """Mornings in London and in Amsterdam overlap; the grid is that of whichever begins first."""
    found = own(
        [works("mon 09:00-12:00", timezone="Europe/London"), works("mon 09:30-11:00")], MONDAY
    )

    assert [(text(one.start), text(one.end), one.zone) for one in found] == [
        ("11-30 08:30", "11-30 12:00", AMSTERDAM)
    ]


def test_a_schedule_holds_for_its_channels_and_branches() -> None:
    """One who is asked about no channel or branch in particular works by all schedules."""
    schedules = [
        works("mon 09:00-10:00", channels=["video"]),
        works("mon 11:00-12:00", locations=["utrecht"]),
        works("mon 13:00-14:00"),
        works("mon 15:00-16:00", channels=["branch"], locations=["zwolle"]),
    ]
    video, utrecht, all_day, zwolle = (
        ("11-30 08:00", "11-30 09:00"),
        ("11-30 10:00", "11-30 11:00"),
        ("11-30 12:00", "11-30 13:00"),
        ("11-30 14:00", "11-30 15:00"),
    )

    assert spans(own(schedules, MONDAY)) == [video, utrecht, all_day, zwolle]
    assert spans(own(schedules, MONDAY, channel="video")) == [video, utrecht, all_day]
    assert spans(own(schedules, MONDAY, channel="phone")) == [utrecht, all_day]
    assert spans(own(schedules, MONDAY, channel="branch", location=branch())) == [utrecht, all_day]


def test_a_schedule_holds_for_the_dates_on_which_its_ranges_start() -> None:
    """The night of its last date is worked to its end; the next schedule takes over."""
    until = works("mon-sun 22:00-06:00", valid_until=date(2026, 12, 1))
    since = works("mon-sun 22:30-23:00", valid_from=date(2026, 12, 2), valid_until=date.max)

    assert spans(own([until, since], ("2026-12-01T12:00", "2026-12-03T12:00"))) == [
        ("12-01 21:00", "12-02 05:00"),
        ("12-02 21:30", "12-02 22:00"),
    ]


def test_an_advisor_works_from_the_first_to_the_last_day() -> None:
    """The days are those of the advisor's own clock; a night of the last one ends as it would."""
    advisor = somebody(since=date(2026, 12, 1), until=date(2026, 12, 2))

    assert spans(own([works("mon-sun 22:00-06:00")], WEEK, advisor=advisor)) == [
        ("12-01 21:00", "12-02 05:00"),
        ("12-02 21:00", "12-03 05:00"),
    ]
    # Monday evening in New York is Tuesday in Amsterdam.
    new_york = works("mon-sun 19:00-20:00", timezone="America/New_York")
    assert spans(own([new_york], WEEK, advisor=advisor)) == [
        ("12-01 00:00", "12-01 01:00"),
        ("12-02 00:00", "12-02 01:00"),
    ]
    gone = somebody(until=date(2020, 1, 1))
    assert own([new_york], WEEK, advisor=gone) == []
    new = somebody(since=date.max)
    assert own([new_york], WEEK, advisor=new) == []


def test_on_a_journey_the_wall_clock_goes_along() -> None:
    """Nine o'clock is nine in New York, but the branch in Utrecht stays where it is."""
    advisor = somebody(
        travels=[
            Travel(
                first_day=date(2026, 12, 1),
                last_day=date(2026, 12, 2),
                timezone="America/New_York",
            )
        ]
    )
    schedules = [
        works("mon-fri 09:00-10:00"),
        works("mon-fri 22:00-02:00"),
        works("tue 17:00-18:00", locations=["utrecht"]),
    ]

    found = own(schedules, ("2026-11-30", "2026-12-04"), advisor=advisor)

    assert [(text(one.start), text(one.end), one.zone) for one in found] == [
        ("11-30 08:00", "11-30 09:00", AMSTERDAM),
        ("11-30 21:00", "12-01 01:00", AMSTERDAM),
        ("12-01 14:00", "12-01 15:00", "America/New_York"),
        ("12-01 16:00", "12-01 17:00", AMSTERDAM),
        ("12-02 03:00", "12-02 07:00", "America/New_York"),
        ("12-02 14:00", "12-02 15:00", "America/New_York"),
        ("12-03 03:00", "12-03 07:00", "America/New_York"),
        ("12-03 08:00", "12-03 09:00", AMSTERDAM),
        ("12-03 21:00", "12-04 01:00", AMSTERDAM),
    ]


def test_nobody_without_schedules_can_meet() -> None:
    """Nothing is a value, not an absence of rules."""
    found = ask([], MONDAY)

    assert found == Opening(stretches=[], own=[], layers=[])


# --- the branch -----------------------------------------------------------------------------------


def test_doors_bind_meetings_in_the_branch_alone() -> None:
    """Who meets by video does so behind closed doors."""
    hours = [works("mon-fri 09:00-17:00")]
    location = branch(hours=open_hours("mon 10:00-12:00"), holidays=Holidays(country="NL"))

    inside = ask(hours, MONDAY, channel="branch", location=location)
    by_video = ask(hours, MONDAY, channel="video", location=location)
    anyhow = ask(hours, MONDAY, channel=None, location=location)

    assert spans(inside.stretches) == [("11-30 09:00", "11-30 11:00")]
    assert spans(by_video.stretches) == [("11-30 08:00", "11-30 16:00")]
    assert anyhow == by_video
    assert closed(inside, "2026-11-30T08:30") == ["branch-closed"]
    assert closed(inside, "2026-11-30T09:30") == []


def test_a_branch_keeps_its_own_clock() -> None:
    """Doors in London open an hour later than in Amsterdam."""
    found = ask(
        [works("mon 09:00-17:00")],
        MONDAY,
        channel="branch",
        location=branch("Europe/London", hours=open_hours("mon 09:00-18:00")),
    )

    assert [(text(one.start), text(one.end), one.zone) for one in found.stretches] == [
        ("11-30 09:00", "11-30 16:00", "Europe/London")
    ]


CHRISTMAS = ("2026-12-24", "2026-12-28")


@pytest.mark.parametrize("inside_hours", [True, False])
def test_a_branch_with_hours_is_closed_on_its_holidays(*, inside_hours: bool) -> None:
    """Said beside the hours or in them, a holiday is a reason of its own for closing."""
    off = Holidays(country="DE", subdivision="BY", open_on=[date(2026, 12, 26)])
    entries = ("thu-sun 10:00-16:00",)
    location = (
        branch("Europe/Berlin", hours=open_hours(*entries, holidays=off))
        if inside_hours
        else branch("Europe/Berlin", hours=open_hours(*entries), holidays=off)
    )

    found = ask([works("thu-sun 09:00-17:00")], CHRISTMAS, channel="branch", location=location)

    assert spans(found.stretches) == [
        ("12-24 09:00", "12-24 15:00"),
        ("12-26 09:00", "12-26 15:00"),
        ("12-27 09:00", "12-27 15:00"),
    ]
    assert closed(found, "2026-12-24T08:30") == ["branch-closed"]
    assert closed(found, "2026-12-25T08:30") == ["branch-closed"]
    assert closed(found, "2026-12-25T12:00") == ["holiday"]
    assert closed(found, "2026-12-26T12:00") == []


def test_a_branch_without_hours_is_closed_on_holidays_from_midnight_to_midnight() -> None:
    """Whole days only take away: the night keeps its grid, and no meeting reaches into the day."""
    found = ask(
        [works("thu 22:10-06:00", "fri 22:10-06:00")],
        CHRISTMAS,
        channel="branch",
        location=branch(holidays=Holidays(country="NL", open_on=[date(2026, 12, 26)])),
    )

    assert whole(found.stretches) == [
        ("12-24 21:10", "12-24 21:10", "12-24 23:00"),
        ("12-25 21:10", "12-25 23:00", "12-26 05:00"),
    ]
    assert [(text(one.since), text(one.until)) for one in found.stretches] == [
        ("12-24 21:10", "12-24 23:00"),
        ("12-25 23:00", "12-26 05:00"),
    ]
    assert closed(found, "2026-12-25T22:30") == ["holiday"]


def test_an_advisors_own_holiday_is_told_as_one() -> None:
    """Whoever asks why nobody is there on Christmas Day hears of the holiday."""
    found = ask([works("thu-sun 09:00-17:00", holidays=Holidays(country="NL"))], CHRISTMAS)

    assert spans(found.stretches) == [
        ("12-24 08:00", "12-24 16:00"),
        ("12-27 08:00", "12-27 16:00"),
    ]
    assert closed(found, "2026-12-25T12:00") == ["holiday"]
    # Nobody works at night, holiday or not.
    assert closed(found, "2026-12-25T22:00") == []
    assert closed(found, "2026-12-24T12:00") == []


# --- what is on offer -----------------------------------------------------------------------------


def test_a_kind_of_meeting_has_hours_by_its_own_clock_or_the_organisations() -> None:
    """Nine in the organisation's Amsterdam is eight in London."""
    hours = [works("mon 08:00-20:00")]
    mornings = talk(hours=open_hours("mon 09:00-12:00"))

    here = ask(hours, MONDAY, kind=mornings)
    there = ask(hours, MONDAY, kind=structs.replace(mornings, timezone="Europe/London"))

    assert spans(here.stretches) == [("11-30 08:00", "11-30 11:00")]
    assert spans(there.stretches) == [("11-30 09:00", "11-30 12:00")]
    assert closed(there, "2026-11-30T08:30") == ["not-offered"]


def test_a_way_of_meeting_has_its_own_hours() -> None:
    """Video in the evening, telephone at noon, and the branch whenever somebody works."""
    hours = [works("mon 09:00-21:00")]
    kind = talk(
        channel_hours={
            "video": open_hours("mon 19:00-21:00"),
            "phone": open_hours("mon 12:00-13:00"),
        }
    )
    evening, noon, always = (
        ("11-30 18:00", "11-30 20:00"),
        ("11-30 11:00", "11-30 12:00"),
        ("11-30 08:00", "11-30 20:00"),
    )

    assert spans(ask(hours, MONDAY, kind=kind, channel="video").stretches) == [evening]
    assert spans(ask(hours, MONDAY, kind=kind, channel="phone").stretches) == [noon]
    assert spans(ask(hours, MONDAY, kind=kind, channel="branch").stretches) == [always]
    assert spans(ask(hours, MONDAY, kind=kind, channel=None).stretches) == [always]
    remote = structs.replace(kind, channels=["video", "phone"])
    assert spans(ask(hours, MONDAY, kind=remote, channel=None).stretches) == [noon, evening]


def test_a_product_has_hours_by_its_own_clock() -> None:
    """The exchange in New York opens when it is half past three in Amsterdam."""
    product = mortgages(
        authorised_only=False,
        timezone="America/New_York",
        hours=open_hours("mon 09:30-16:00"),
    )

    found = ask([works("mon 09:00-17:00")], MONDAY, product=product)

    assert spans(found.stretches) == [("11-30 14:30", "11-30 16:00")]
    assert closed(found, "2026-11-30T09:00") == ["not-offered"]


def test_the_holidays_of_an_offer_are_told_as_holidays() -> None:
    """Not offered on Christmas Day is not the same as not offered at night."""
    kind = talk(hours=open_hours("thu-sun 09:00-12:00", holidays=Holidays(country="NL")))

    found = ask([works("thu-sun 00:00-24:00")], CHRISTMAS, kind=kind)

    assert spans(found.stretches) == [
        ("12-24 08:00", "12-24 11:00"),
        ("12-27 08:00", "12-27 11:00"),
    ]
    assert closed(found, "2026-12-25T09:00") == ["holiday"]
    assert closed(found, "2026-12-25T20:00") == ["not-offered"]


def test_dates_on_offer_are_those_of_the_start() -> None:
    """The first and the last date are those of the kind's clock; the last night runs to its end."""
    kind = talk(bookable_from=date(2026, 12, 1), bookable_until=date(2026, 12, 2))

    found = ask([works("mon-sun 22:10-06:00")], WEEK, kind=kind)

    assert whole(found.stretches) == [
        ("11-30 21:10", "11-30 23:00", "12-01 05:00"),
        ("12-01 21:10", "12-01 21:10", "12-02 05:00"),
        ("12-02 21:10", "12-02 21:10", "12-02 23:00"),
    ]
    assert [text(one.since) for one in found.stretches] == [
        "11-30 21:10",
        "12-01 21:10",
        "12-02 21:10",
    ]
    assert [text(one.until) for one in found.stretches] == [
        "12-01 05:00",
        "12-02 05:00",
        "12-03 05:00",
    ]
    assert closed(found, "2026-11-30T22:00") == ["outside-window"]
    assert closed(found, "2026-12-03T00:00") == ["outside-window"]


def test_dates_on_offer_that_are_over_leave_nothing() -> None:
    """Before the first and after the last of them there is nothing to start."""
    over = talk(bookable_until=date(2020, 1, 1))
    ahead = talk(bookable_from=date.max)

    for kind in (over, ahead):
        found = ask([works("mon-sun 00:00-24:00")], WEEK, kind=kind)
        assert found.stretches == []
        assert found.layers == [("outside-window", [])]


def licence(first: date, last: date | None, product: str = "mortgages") -> Authorisation:
    return Authorisation(product=product, valid_from=first, valid_until=last)


def test_a_licence_must_be_valid_on_the_day_of_the_start() -> None:
    """By the advisor's clock, wherever they work; a meeting may end past the last midnight."""
    advisor = somebody(
        authorisations=[
            licence(date(2026, 12, 1), date(2026, 12, 1)),
            licence(date(2026, 12, 5), date.max),
            licence(date(2026, 12, 2), None, "pensions"),
        ]
    )
    hours = [works("mon-sun 20:00-02:00", timezone="Europe/London")]

    found = ask(hours, WEEK, advisor=advisor, product=mortgages())

    # Midnight in Amsterdam is eleven in London.
    assert whole(found.stretches) == [
        ("11-30 20:00", "11-30 23:00", "12-01 02:00"),
        ("12-01 20:00", "12-01 20:00", "12-01 23:00"),
        ("12-04 20:00", "12-04 23:00", "12-05 02:00"),
        ("12-05 20:00", "12-05 20:00", "12-06 02:00"),
        ("12-06 20:00", "12-06 20:00", "12-07 02:00"),
    ]
    assert [text(one.until) for one in found.stretches][1] == "12-02 02:00"
    assert closed(found, "2026-12-02T00:30") == ["not-authorised"]


def test_nobody_without_a_licence_advises_on_what_asks_for_one() -> None:
    """A licence for something else is none; a product that asks for none is open to everybody."""
    advisor = somebody(authorisations=[licence(date(2020, 1, 1), None, "pensions")])
    hours = [works("mon 09:00-17:00")]

    refused = ask(hours, MONDAY, advisor=advisor, product=mortgages())
    allowed = ask(hours, MONDAY, advisor=advisor, product=mortgages(authorised_only=False))

    assert refused.stretches == []
    assert refused.layers == [("not-authorised", [])]
    assert spans(allowed.stretches) == [("11-30 08:00", "11-30 16:00")]


# --- rooms ----------------------------------------------------------------------------------------


def room(**more: Any) -> Resource:
    return Resource(id=new_id("res", NOW), slug="room-1", name="Room 1", **more)


def test_a_room_has_hours_by_the_clock_of_its_branch() -> None:
    """What stands in no branch goes by the organisation's clock."""
    hours = room(hours=open_hours("mon 09:00-17:00"))
    start, end = map(utc, MONDAY)

    there = resource_time(hours, branch("Europe/London"), home=AMSTERDAM, start=start, end=end)
    here = resource_time(hours, None, home=AMSTERDAM, start=start, end=end)

    assert whole(there) == [("11-30 09:00", "11-30 09:00", "11-30 17:00")]
    assert whole(here) == [("11-30 08:00", "11-30 08:00", "11-30 16:00")]


def test_a_room_without_hours_can_always_be_used() -> None:
    """From days before what is asked for until days after, so that no meeting sees an end."""
    start, end = map(utc, MONDAY)

    (found,) = resource_time(room(), None, home=AMSTERDAM, start=start, end=end)

    assert found.since == found.start <= start - 2 * DAY
    assert found.until == found.end >= end + 2 * DAY


# --- against every minute -------------------------------------------------------------------------

ZONES = (
    AMSTERDAM,
    AMSTERDAM,
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
)
CHANGES = tuple(
    date(2026, month, day) for month, day in ((3, 28), (4, 4), (4, 23), (10, 3), (10, 24), (10, 31))
)
CHANNELS: tuple[Channel | None, ...] = (None, "video", "branch")
OFF = {
    "NL": {date(2026, 4, 3), date(2026, 4, 5), date(2026, 4, 6), date(2026, 4, 27)},
    "DE": {date(2026, 4, 3), date(2026, 4, 6), date(2026, 10, 3), date(2026, 11, 1)},
}
PATTERNS = (
    (),
    *3 * (("00:00-24:00",),),
    ("09:00-17:00",),
    ("08:40-12:00", "12:00-20:10"),
    ("22:00-06:00",),
    ("01:30-02:30", "02:30-03:10"),
    ("06:00-10:00", "23:10-02:30"),
)
_REACH = 4 * 1440


class Clock:
    """The wall of a zone, minute by minute, for some days around a date."""

    def __init__(self, zone: str, around: date) -> None:
        self.begin = utc(around.isoformat()) - _REACH * 60
        local = ZoneInfo(zone)
        walls = []
        for minute in range(3 * _REACH):
            at = datetime.fromtimestamp(self.begin + minute * 60, local)
            walls.append(at.toordinal() * 1440 + at.hour * 60 + at.minute)
        self.walls = walls
        self.first = {wall: minute for minute, wall in reversed(list(enumerate(walls)))}
        self.last = {wall: minute for minute, wall in enumerate(walls)}

    def minute(self, wall: int, *, last: bool) -> int:
        """Return the minute at which the wall says so, or the first at which it says more."""
        found = (self.last if last else self.first).get(wall)
        if found is not None:
            return found
        return next((at for at, other in enumerate(self.walls) if other > wall), len(self.walls))

    def days(self) -> range:
        """Return the days that are there from beginning to end."""
        return range(self.walls[0] // 1440 + 1, self.walls[-1] // 1440 - 1)


@lru_cache(maxsize=64)
def clock(zone: str, around: date) -> Clock:
    return Clock(zone, around)


class Minutes:
    """Which minutes around a date are open, worked out one range and one day at a time."""

    def __init__(self, around: date) -> None:
        self.around = around
        self.nothing = bytes(3 * _REACH)

    def of_hours(
        self,
        hours: Schedule | OpenHours,
        zone: str,
        *,
        advisor: Advisor | None = None,
        holidays: Holidays | None = None,
    ) -> bytes:
        """Return the minutes of some hours, an advisor's if there is one."""
        marks = bytearray(self.nothing)
        for day in clock(zone, self.around).days():
            on = date.fromordinal(day)
            if isinstance(hours, Schedule) and not (
                (hours.valid_from or on) <= on <= (hours.valid_until or on)
            ):
                continue
            wall = clock(self._abroad(hours, advisor, on) or zone, self.around)
            for begin, finish in _ranges(hours, holidays or hours.holidays, on):
                first = wall.minute(day * 1440 + begin, last=False)
                last = wall.minute(day * 1440 + finish, last=True)
                if advisor is None or self._employed(advisor, first):
                    marks[first:last] = b"\1" * max(last - first, 0)
        return bytes(marks)

    def _abroad(self, hours: Schedule | OpenHours, advisor: Advisor | None, on: date) -> str | None:
        if advisor is None or (isinstance(hours, Schedule) and hours.locations):
            return None
        zones = (
            travel.timezone
            for travel in advisor.travels
            if travel.first_day <= on <= travel.last_day
        )
        return next(zones, None)

    def _employed(self, advisor: Advisor, minute: int) -> bool:
        walls = clock(advisor.timezone, self.around).walls
        on = date.fromordinal(walls[min(minute, len(walls) - 1)] // 1440)
        return (advisor.since is None or advisor.since <= on) and (
            advisor.until is None or on <= advisor.until
        )

    def of_dates(self, zone: str, holds: Callable[[date], bool]) -> bytes:
        """Return the minutes of the dates for which something holds."""
        walls = clock(zone, self.around).walls
        known = {day: holds(date.fromordinal(day)) for day in {wall // 1440 for wall in walls}}
        return bytes(known[wall // 1440] for wall in walls)


def _ranges(
    hours: Schedule | OpenHours, off: Holidays | None, on: date
) -> Iterable[tuple[int, int]]:
    ranges: Sequence[TimeRange | WeeklyRange] = [
        entry for entry in hours.weekly if entry.day == DAYS[on.weekday()]
    ]
    if off is not None and on in OFF[off.country] and on not in off.open_on:
        ranges = []
    for override in hours.overrides:
        if override.date == on:
            ranges = override.ranges
    for entry in ranges:
        begin = int(entry.start[:2]) * 60 + int(entry.start[3:])
        finish = int(entry.end[:2]) * 60 + int(entry.end[3:])
        yield begin, finish if finish > begin else finish + 1440


def every(*many: bytes) -> bytes:
    """Return what is open in all."""
    return bytes(map(all, zip(*many, strict=True)))


def some(*many: bytes) -> bytes:
    """Return what is open in one of them at least."""
    return bytes(map(any, zip(*many, strict=True)))


@st.composite
def some_hours(draw: st.DrawFn, around: date) -> dict[str, Any]:
    """Draw hours that are sound, with overrides and perhaps holidays."""
    days = [draw(st.sampled_from(PATTERNS)) for _ in DAYS]
    for place in (*range(7), 0):
        night = any(entry[6:] < entry[:5] for entry in days[place - 1])
        if night and any(entry < "06" for entry in days[place]):
            days[place] = ()
    off = draw(st.sampled_from((None, "NL", "DE")))
    return {
        "weekly": [
            WeeklyRange(day=day, start=entry[:5], end=entry[6:])
            for day, entries in zip(DAYS, days, strict=True)
            for entry in entries
        ],
        "overrides": [
            Override(
                date=around + timedelta(days=offset),
                ranges=[
                    TimeRange(start=entry[:5], end=entry[6:])
                    for entry in draw(st.sampled_from(PATTERNS))
                ],
            )
            for offset in sorted(draw(st.sets(st.integers(-1, 3), max_size=2)))
        ]
        # Hours that say nothing at all are refused; a day off says something.
        or [Override(date=around, ranges=[])],
        "holidays": off
        and Holidays(
            country=off,
            subdivision="BY" if off == "DE" else None,
            open_on=[date(2026, 4, 6)] if draw(st.booleans()) else [],
        ),
    }


def dates_near(around: date) -> st.SearchStrategy[date]:
    return st.integers(-1, 3).map(lambda offset: around + timedelta(days=offset))


@st.composite
def some_dates(draw: st.DrawFn, around: date) -> tuple[date | None, date | None]:
    """Draw a first and a last date, often left open."""
    near = st.none() | st.none() | st.none() | dates_near(around)
    first, last = draw(near), draw(near)
    return (last, first) if first and last and last < first else (first, last)


@st.composite
def some_advisor(draw: st.DrawFn, around: date) -> Advisor:
    since, until = draw(some_dates(around))
    travels = [
        Travel(
            first_day=day, last_day=day + timedelta(days=1), timezone=draw(st.sampled_from(ZONES))
        )
        for day in draw(st.lists(dates_near(around), max_size=1))
    ]
    licences = [
        Authorisation(
            product=draw(st.sampled_from(("mortgages", "mortgages", "pensions"))),
            valid_from=first,
            valid_until=draw(st.sampled_from((None, first, first + timedelta(days=1)))),
        )
        for first in draw(st.lists(dates_near(around), min_size=1, max_size=2))
    ]
    return somebody(
        draw(st.sampled_from(ZONES)),
        since=since,
        until=until,
        travels=travels,
        authorisations=licences,
    )


@st.composite
def some_schedule(draw: st.DrawFn, around: date) -> Schedule:
    valid_from, valid_until = draw(some_dates(around))
    return Schedule(
        id=new_id("sch", NOW),
        advisor_id=ADVISOR,
        timezone=draw(st.sampled_from(ZONES)),
        channels=draw(st.sampled_from(([], [], [], ["video"], ["branch"]))),
        locations=draw(st.sampled_from(([], [], [], ["utrecht"], ["zwolle"]))),
        valid_from=valid_from,
        valid_until=valid_until,
        **draw(some_hours(around)),
    )


@st.composite
def some_branch(draw: st.DrawFn, around: date) -> Location:
    hours = OpenHours(**draw(some_hours(around))) if draw(st.booleans()) else None
    off = Holidays(country="NL") if draw(st.booleans()) else None
    if hours is not None and off is not None:
        hours = structs.replace(hours, holidays=None)
    return branch(draw(st.sampled_from(ZONES)), hours=hours, holidays=off)


@st.composite
def some_kind(draw: st.DrawFn, around: date) -> MeetingType:
    bookable_from, bookable_until = draw(some_dates(around))
    ways = draw(st.sampled_from(((), (), ("video",), ("video", "branch"))))
    return talk(
        channels=["video", "branch"],
        timezone=draw(st.sampled_from((None, *ZONES))),
        hours=OpenHours(**draw(some_hours(around))) if draw(st.booleans()) else None,
        channel_hours={way: OpenHours(**draw(some_hours(around))) for way in ways},
        bookable_from=bookable_from,
        bookable_until=bookable_until,
    )


@st.composite
def some_product(draw: st.DrawFn, around: date) -> Product:
    return mortgages(
        authorised_only=draw(st.booleans()),
        timezone=draw(st.sampled_from(ZONES)),
        hours=OpenHours(**draw(some_hours(around))) if draw(st.booleans()) else None,
    )


class Case(Struct, frozen=True, kw_only=True):
    """A question, and what it is asked about."""

    around: date
    advisor: Advisor
    schedules: list[Schedule]
    location: Location | None
    kind: MeetingType
    product: Product | None
    home: str
    channel: Channel | None

    def ask(self, window: tuple[int, int]) -> Opening:
        """Return the answer for a part of the time."""
        return opening(
            self.advisor,
            self.schedules,
            kind=self.kind,
            channel=self.channel,
            location=self.location,
            product=self.product,
            home=self.home,
            start=window[0],
            end=window[1],
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    around = draw(st.sampled_from(CHANGES))
    return Case(
        around=around,
        advisor=draw(some_advisor(around)),
        schedules=draw(st.lists(some_schedule(around), min_size=1, max_size=3)),
        location=draw(st.none() | some_branch(around)),
        kind=draw(some_kind(around)),
        product=draw(st.none() | some_product(around)),
        home=draw(st.sampled_from(ZONES)),
        channel=draw(st.sampled_from(CHANNELS)),
    )


def own_minutes(case: Case) -> bytes:
    """Return the minutes that the advisor works."""
    minutes = Minutes(case.around)
    place = case.location
    return some(
        minutes.nothing,
        *(
            minutes.of_hours(schedule, schedule.timezone, advisor=case.advisor)
            for schedule in case.schedules
            if case.channel is None or not schedule.channels or case.channel in schedule.channels
            if place is None or not schedule.locations or place.slug in schedule.locations
        ),
    )


def running_minutes(case: Case) -> bytes:
    """Return the minutes that a meeting can be in."""
    minutes = Minutes(case.around)
    wall = case.kind.timezone or case.home
    layers = [own_minutes(case)]
    place = case.location if case.channel == "branch" else None
    if place is not None and place.hours is not None:
        layers.append(minutes.of_hours(place.hours, place.timezone, holidays=place.holidays))
    elif place is not None and place.holidays is not None:
        layers.append(minutes.of_dates(place.timezone, lambda on: on not in OFF["NL"]))
    if case.kind.hours is not None:
        layers.append(minutes.of_hours(case.kind.hours, wall))
    ways = case.kind.channels if case.channel is None else [case.channel]
    if all(way in case.kind.channel_hours for way in ways):
        of_ways = (minutes.of_hours(case.kind.channel_hours[way], wall) for way in ways)
        layers.append(some(*of_ways))
    if case.product is not None and case.product.hours is not None:
        layers.append(minutes.of_hours(case.product.hours, case.product.timezone))
    return every(*layers)


def starting_minutes(case: Case) -> bytes:
    """Return the minutes of the dates on which a meeting can start."""
    minutes = Minutes(case.around)
    first, last = case.kind.bookable_from, case.kind.bookable_until
    offered = minutes.of_dates(
        case.kind.timezone or case.home, lambda on: (first or on) <= on <= (last or on)
    )
    if case.product is None or not case.product.authorised_only:
        return offered
    licences = [one for one in case.advisor.authorisations if one.product == "mortgages"]
    licensed = minutes.of_dates(
        case.advisor.timezone,
        lambda on: any(one.valid_from <= on <= (one.valid_until or on) for one in licences),
    )
    return every(offered, licensed)


CUTS = st.tuples(st.integers(0, 1440), st.integers(360, 2 * 1440))


@settings(max_examples=60, deadline=None)
@given(case=cases(), cut=CUTS)
def test_every_minute_is_open_when_all_hours_are(case: Case, cut: tuple[int, int]) -> None:
    """Minute by minute the answer is that of all hours, and so is what explains it."""
    begin = utc(case.around.isoformat()) - _REACH * 60
    window = _window(case, cut)
    first, last = ((at - begin) // 60 for at in window)
    own, running = own_minutes(case), running_minutes(case)
    expected = every(running, starting_minutes(case))[first:last]

    found = case.ask(window)

    told = [_marks(spans, begin) for spans in (found.own, *(spans for _, spans in found.layers))]
    assert _marks(((s.start, s.end) for s in found.stretches), begin)[first:last] == expected
    assert told[0][first:last] == own[first:last]
    assert every(*told)[first:last] == expected
    low, high = first - 2 * 1440, last + 2 * 1440
    for one in found.stretches:
        since, until = (one.start - begin) // 60, (one.end - begin) // 60
        while since > low and running[since - 1]:
            since -= 1
        while until < high and running[until]:
            until += 1
        assert max((one.since - begin) // 60, low) == max(since, low)
        assert min((one.until - begin) // 60, high) == min(until, high)


@settings(max_examples=60, deadline=None)
@given(case=cases(), cut=CUTS, other=CUTS)
def test_the_question_never_moves_the_answer(
    case: Case, cut: tuple[int, int], other: tuple[int, int]
) -> None:
    """Whichever part of the time is asked about, the same instants get the same stretches."""
    one, another = _window(case, cut), _window(case, other)
    common = max(one[0], another[0]), min(one[1], another[1])

    assert _seen(case.ask(one), common) == _seen(case.ask(another), common)


def _window(case: Case, cut: tuple[int, int]) -> tuple[int, int]:
    start = utc(case.around.isoformat()) + cut[0] * 60
    return start, start + cut[1] * 60


def _marks(spans: Iterable[tuple[int, int]], begin: int) -> bytes:
    marks = bytearray(3 * _REACH)
    for start, end in spans:
        first, last = (min(max((at - begin) // 60, 0), len(marks)) for at in (start, end))
        marks[first:last] = b"\1" * (last - first)
    return bytes(marks)


def _seen(found: Opening, common: tuple[int, int]) -> list[tuple[Any, ...]]:
    start, end = common
    return [
        (
            one.anchor,
            one.start,
            one.end,
            max(one.since, start - 2 * DAY),
            min(one.until, end + 2 * DAY),
            one.zone,
        )
        for one in found.stretches
        if one.start < end and one.end > start and start < end
    ]
