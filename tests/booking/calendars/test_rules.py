"""Recurrence rules: the same times as a plain reference, and no more work than the horizon."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # it ships no types
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from booking.calendars import rules
from booking.calendars.rules import RuleRefused
from booking.expansion import Expansion, expand, horizon_at
from kernel.spans import Span
from tests.booking.calendars.conftest import event

HORIZON: Final = horizon_at(datetime(2026, 11, 30, 8, tzinfo=UTC))
WHOLE: Final = [("29-11 08:00", "30-03 08:00")]
ZONES: Final = ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_starts = st.datetimes(datetime(2020, 1, 1), datetime(2027, 2, 1)).map(  # noqa: DTZ001  # wall
    lambda moment: moment.replace(microsecond=0)
)


def _days(draw: Callable[..., Any]) -> str:
    return ",".join(draw(st.lists(st.sampled_from(_DAYS), min_size=1, max_size=4, unique=True)))


def _numbers(draw: Callable[..., Any], least: int, most: int) -> str:
    every = [number for number in range(least, most + 1) if number]
    found = draw(st.lists(st.sampled_from(every), min_size=1, max_size=3, unique=True))
    return ",".join(map(str, found))


@st.composite
def plain_rules(draw: Callable[..., Any]) -> str:
    """Rules on whose meaning everybody agrees."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 5))}"]
    if draw(st.booleans()):
        parts.append(f"BYMONTH={_numbers(draw, 1, 12)}")
    wanted = draw(st.sampled_from(["", "days", "number", "last", "nth"]))
    if wanted == "days":
        parts.append(f"BYDAY={_days(draw)}")
    elif wanted == "number" and frequency != "WEEKLY":
        parts.append(f"BYMONTHDAY={_numbers(draw, -28, 28)}")
    elif wanted == "last" and frequency == "MONTHLY":
        parts += [f"BYDAY={_days(draw)}", f"BYSETPOS={_numbers(draw, -3, 3)}"]
    elif wanted == "nth" and frequency in {"MONTHLY", "YEARLY"}:
        parts.append(f"BYDAY={draw(st.sampled_from([-1, 1, 2, 5]))}{draw(st.sampled_from(_DAYS))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(_DAYS))}")
    if draw(st.booleans()):
        parts.append(f"BYHOUR={draw(st.integers(0, 11))},{draw(st.integers(12, 23))}")
    ends = draw(st.sampled_from(["", "count", "until"]))
    if ends == "count":
        parts.append(f"COUNT={draw(st.integers(1, 400))}")
    elif ends == "until":
        parts.append(f"UNTIL={draw(_starts):%Y%m%dT%H%M%S}")
    return ";".join(parts)


def _read(text: str, *, zone: str = "Europe/Amsterdam", horizon: Span = HORIZON) -> Expansion:
    return expand(text.encode(), zone=zone, horizon=horizon)


def _times(expansion: Expansion) -> list[tuple[str, str]]:
    return [(f"{b.span.start:%d-%m %H:%M}", f"{b.span.end:%d-%m %H:%M}") for b in expansion.busy]


@given(text=plain_rules(), start=_starts, zone=st.sampled_from(ZONES))
@settings(max_examples=400, deadline=None)
def test_a_plain_rule_names_the_times_of_the_reference(
    text: str, start: datetime, zone: str
) -> None:
    """Of any rule that everybody reads alike each time is right to the second, in any zone."""
    length = timedelta(minutes=45)
    raw = event("r", f";TZID={zone}:{start:%Y%m%dT%H%M%S}", "", "DURATION:PT45M", f"RRULE:{text}")

    expansion = _read(raw)

    assert expansion.problem is None
    walls = {start, *rrulestr(text, dtstart=start).between(*_window(), inc=True)}
    begins = {wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in walls}
    spans = {Span(begin, begin + length) for begin in begins}
    assert {busy.span.start for busy in expansion.busy} == {
        span.start for span in spans if span.overlaps(HORIZON)
    }
    for busy in expansion.busy:
        # On the nights on which the clocks change an end by the clock is kept closed as well.
        assert busy.span.end - busy.span.start in {length, length + timedelta(hours=1)} or (
            zone == "Australia/Lord_Howe"
        )


def _window() -> tuple[datetime, datetime]:
    week = timedelta(days=7)
    return (HORIZON.start - week).replace(tzinfo=None), (HORIZON.end + week).replace(tzinfo=None)


@given(text=plain_rules(), start=_starts, day=st.integers(0, 120), days=st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_where_we_look_changes_nothing(text: str, start: datetime, day: int, days: int) -> None:
    """A part of the horizon has the times that the whole has there."""
    assume("COUNT" not in text or start.year > 2024)
    rule = rules.parse(text)
    until = datetime(2026, 12, 31) if rule.until else None  # noqa: DTZ001  # the clock on the wall
    first = datetime(2026, 12, 1) + timedelta(days=day)  # noqa: DTZ001  # the same
    last = first + timedelta(days=days)

    whole = rules.run(rule, start, first=start, last=datetime(2027, 6, 1), until=until)  # noqa: DTZ001
    part = rules.run(rule, start, first=first, last=last, until=until)

    assert part.times == [moment for moment in whole.times if first <= moment <= last]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY;COUNT=1000000000", 119),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", 119),
        ("FREQ=DAILY;INTERVAL=999999999999", 1),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", 1),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", 1),
        ("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", 1),
        ("FREQ=WEEKLY;INTERVAL=52;BYMONTH=2", 1),
        ("FREQ=MONTHLY;BYDAY=-1FR", 5),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0", 85),
        ("FREQ=MONTHLY;BYDAY=MO;BYMONTH=1;BYMONTHDAY=1;BYSETPOS=1;BYHOUR=1", 1),
        ("FREQ=YEARLY;BYYEARDAY=-1,1", 3),
        ("FREQ=DAILY;BYHOUR=9;BYSECOND=0,10,20,30,40,50", 714),
    ],
)
def test_odd_rules_are_quick_and_right(text: str, expected: int) -> None:
    """What other programs run for ever costs a few milliseconds, and has the right times."""
    raw = event("r", ":20261201T090000Z", ":20261201T090001Z", f"RRULE:{text}")

    started = time.process_time()
    expansion = _read(raw)

    assert time.process_time() - started < 0.5
    assert len(expansion.busy) == expected


@pytest.mark.parametrize("year", ["1601", "0001", "1970"])
@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU", "FREQ=YEARLY"])
def test_a_rule_of_old_costs_no_more_than_one_of_today(text: str, year: str) -> None:
    """Nothing is counted from where a rule begins unless it counts itself."""
    raw = event("r", f":{year}1201T090000Z", f":{year}1201T100000Z", f"RRULE:{text}")

    started = time.process_time()
    expansion = _read(raw)

    assert time.process_time() - started < 0.2
    assert (expansion.problem, expansion.readable) == (None, True)
    assert {f"{busy.span.start:%H:%M}" for busy in expansion.busy} == {"09:00"}
    assert len(expansion.busy) == {"FREQ=DAILY": 121, "FREQ=YEARLY": 1}.get(text, 17)


def test_a_rule_that_counts_from_too_long_ago_is_refused() -> None:
    """Four centuries of days are not counted; the horizon is closed instead."""
    raw = event("r", ":16010101T090000Z", "", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=1000000000")

    started = time.process_time()
    expansion = _read(raw)

    assert time.process_time() - started < 0.5
    assert (expansion.problem, _times(expansion)) == ("rule-refused", WHOLE)


def test_a_rule_that_has_counted_to_its_end_is_over() -> None:
    """What ended years ago is not read again as the horizon moves on."""
    raw = event("r", ":20200101T090000Z", "", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=10")

    expansion = _read(raw)

    assert (expansion.busy, expansion.goes_on) == ([], False)


def test_more_times_than_anybody_could_keep_close_the_horizon() -> None:
    """Twenty-four times a day under ten rules is no calendar entry."""
    minutes = ",".join(map(str, range(24)))
    lots = [f"RRULE:FREQ=DAILY;BYHOUR={hour};BYMINUTE={minutes}" for hour in range(10)]

    expansion = _read(event("r", ":20261201T090000Z", "", "DURATION:PT1M", *lots))

    assert (expansion.problem, _times(expansion)) == ("rule-refused", WHOLE)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        # 2 December is the first Wednesday of the week, and of what is left of it after Tuesday.
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", ["01-12", "02-12", "07-12", "14-12"]),
        # Some take the number for nothing, others for the weekday: every Thursday is closed.
        ("FREQ=WEEKLY;BYDAY=1TH", ["01-12", "03-12", "10-12", "17-12"]),
        # Which day of week 51 is meant is not said: all seven are closed.
        (
            "FREQ=YEARLY;BYWEEKNO=51",
            ["01-12", "14-12", "15-12", "16-12", "17-12", "18-12", "19-12", "20-12"],
        ),
        # Whichever of the two ends comes last.
        ("FREQ=DAILY;COUNT=2;UNTIL=20261203T235959Z", ["01-12", "02-12", "03-12"]),
        # Fewer than one is no number of times; the rule is taken to have no end.
        ("FREQ=WEEKLY;COUNT=-1", ["01-12", "08-12", "15-12"]),
    ],
)
def test_where_programs_differ_all_of_it_is_closed(text: str, kept: list[str]) -> None:
    """A rule with two meanings blocks the times of both, and is marked."""
    horizon = Span(HORIZON.start, datetime(2026, 12, 21, tzinfo=UTC))
    raw = event("r", ":20261201T090000Z", ":20261201T100000Z", f"RRULE:{text}")

    expansion = _read(raw, horizon=horizon)

    assert [start[:5] for start, _ in _times(expansion)] == kept
    assert (expansion.problem, expansion.readable) == ("rule-guessed", True)


def test_the_last_working_day_of_a_month_is_no_guess() -> None:
    """The most common rule with a position is read alike by everybody."""
    text = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
    raw = event("r", ":20261130T090000Z", ":20261130T100000Z", f"RRULE:{text}")

    expansion = _read(raw)

    assert [start[:5] for start, _ in _times(expansion)] == ["30-11", "31-12", "29-01", "26-02"]
    assert expansion.problem is None


def test_parts_of_a_day_mean_nothing_to_a_whole_day() -> None:
    """RFC 5545, 3.3.10: BYHOUR and the like are ignored beside a date."""
    raw = event("r", ";VALUE=DATE:20261201", "", "RRULE:FREQ=DAILY;COUNT=2;BYHOUR=9,10;BYMINUTE=5")

    assert _times(_read(raw)) == [("30-11 23:00", "01-12 23:00"), ("01-12 23:00", "02-12 23:00")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ",
        "FREQ=FOO",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=WEEKLY;WKST=XX",
        f"FREQ=DAILY;COUNT={'9' * 5000}",
    ],
)
def test_a_rule_that_cannot_be_read_is_an_error(text: str) -> None:
    """Nothing is made of half a rule."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # whatever it says
        rules.parse(text)

    assert not isinstance(caught.value, RuleRefused)
