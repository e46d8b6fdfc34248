"""A meeting that comes back does so at the same time on the wall."""

from calendar import Calendar
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.model import Repeat
from booking.series import occurrences

AMSTERDAM = "Europe/Amsterdam"
Every = Literal["week", "two-weeks", "four-weeks", "month"]
WEEKS = {"week": 1, "two-weeks": 2, "four-weeks": 4}


def series(first: str, every: Every, count: int, zone: str = AMSTERDAM) -> list[str]:
    """The starts of a series as the clock of its zone shows them."""
    found = occurrences(datetime.fromisoformat(first), zone, Repeat(every=every, count=count))
    assert all(start.tzinfo is UTC for start in found)
    return [start.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %z") for start in found]


@pytest.mark.usefixtures("process_zone")
def test_a_weekly_meeting_stays_at_ten_when_the_clocks_change() -> None:
    """In spring it comes an hour sooner, in autumn an hour later, wherever the server stands."""
    assert series("2027-03-23T10:00", "week", 3) == [
        "2027-03-23 10:00 +0100",
        "2027-03-30 10:00 +0200",
        "2027-04-06 10:00 +0200",
    ]
    assert series("2027-10-26T10:00", "two-weeks", 2) == [
        "2027-10-26 10:00 +0200",
        "2027-11-09 10:00 +0100",
    ]


def test_a_meeting_in_the_gap_begins_at_its_end_that_once() -> None:
    """The weeks before and after it is at half past two."""
    assert series("2027-03-21T02:30", "week", 3) == [
        "2027-03-21 02:30 +0100",
        "2027-03-28 03:00 +0200",
        "2027-04-04 02:30 +0200",
    ]
    assert series("2027-09-26T02:15", "week", 3, "Australia/Lord_Howe") == [
        "2027-09-26 02:15 +1030",
        "2027-10-03 02:30 +1100",
        "2027-10-10 02:15 +1100",
    ]


def test_a_meeting_in_the_fold_is_the_first_of_the_two() -> None:
    """Unless it is the series' own first meeting, which is when it is."""
    assert series("2027-10-24T02:30", "week", 2) == [
        "2027-10-24 02:30 +0200",
        "2027-10-31 02:30 +0200",
    ]


def test_the_first_meeting_is_the_one_that_was_booked() -> None:
    """Half past two comes twice that night: the series begins with the second of them."""
    booked = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    wall = booked.astimezone(ZoneInfo(AMSTERDAM)).replace(tzinfo=None)

    found = occurrences(wall, AMSTERDAM, Repeat(every="week", count=2))

    assert found == [booked, datetime(2027, 11, 7, 1, 30, tzinfo=UTC)]


def test_four_weeks_are_no_month() -> None:
    """Four weeks are always 28 days; a month is the same weekday of the next one."""
    assert series("2027-01-12T10:00", "four-weeks", 3) == [
        "2027-01-12 10:00 +0100",
        "2027-02-09 10:00 +0100",
        "2027-03-09 10:00 +0100",
    ]
    assert series("2027-03-09T10:00", "month", 4) == [
        "2027-03-09 10:00 +0100",
        "2027-04-13 10:00 +0200",
        "2027-05-11 10:00 +0200",
        "2027-06-08 10:00 +0200",
    ]


def test_a_fifth_weekday_is_the_last_of_every_month() -> None:
    """Over the turn of the year and February, where mostly the fourth is the last."""
    days = [start[:10] for start in series("2027-11-29T10:00", "month", 6)]

    assert days == [
        "2027-11-29",
        "2027-12-27",
        "2028-01-31",
        "2028-02-28",
        "2028-03-27",
        "2028-04-24",
    ]


def test_a_fifth_weekday_in_february_comes_in_leap_years() -> None:
    """29 February 2028 is a fifth Tuesday; the fourth stays the fourth where there are five."""
    assert [start[:10] for start in series("2028-01-25T10:00", "month", 3)] == [
        "2028-01-25",
        "2028-02-22",
        "2028-03-28",
    ]
    assert [start[:10] for start in series("2027-08-31T10:00", "month", 7)][-1] == "2028-02-29"


@given(
    zone=st.sampled_from(
        [AMSTERDAM, "Australia/Lord_Howe", "Africa/Cairo", "America/New_York", "Asia/Kathmandu"]
    ),
    first=st.datetimes(
        datetime.fromisoformat("2026-01-01T00:00"),
        datetime.fromisoformat("2030-01-01T00:00"),
        timezones=st.just(UTC),
    ),
    every=st.sampled_from(["week", "two-weeks", "four-weeks", "month"]),
    count=st.integers(2, 26),
)
def test_every_meeting_is_on_its_day_at_its_time(
    zone: str, first: datetime, every: Every, count: int
) -> None:
    """Days as a paper calendar counts them; the time differs only on a day that lacks it."""
    first = first.replace(second=0, microsecond=0)
    wall = first.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    found = occurrences(wall, zone, Repeat(every=every, count=count))

    faces = [start.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for start in found]
    assert found[0] == first
    assert [face.date() for face in faces] == [day(wall.date(), every, at) for at in range(count)]
    for start, face in zip(found, faces, strict=True):
        if face.time() != wall.time():
            before = (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
            wanted = datetime.combine(face.date(), wall.time())
            assert before.replace(tzinfo=None) < wanted < face


def day(first: date, every: Every, number: int) -> date:
    """The date of a meeting of a series, looked up in a calendar of the month."""
    if every != "month":
        return first + timedelta(days=7 * WEEKS[every] * number)
    months = first.year * 12 + first.month - 1

    def same_weekdays(month: int) -> list[date]:
        days = Calendar().itermonthdates(month // 12, month % 12 + 1)
        wanted = (month % 12 + 1, first.weekday())
        return [each for each in days if (each.month, each.weekday()) == wanted]

    place = same_weekdays(months).index(first)
    later = same_weekdays(months + number)
    return later[place] if place < 4 else later[-1]
