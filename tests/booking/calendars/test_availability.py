"""When somebody says in their own calendar that they can be booked."""

from datetime import UTC, datetime
from typing import Final

import pytest

from booking.calendars.availability import AvailabilityUnreadable, availability_of
from booking.expansion import expand
from booking.hours import WeeklyRange
from kernel.spans import Span

HORIZON: Final = Span(datetime(2027, 3, 22, tzinfo=UTC), datetime(2027, 4, 5, tzinfo=UTC))
TZ: Final = ";TZID=Europe/Amsterdam"


def _object(*available: str, head: str = "") -> bytes:
    inner = "".join(f"BEGIN:AVAILABLE\n{each}\nEND:AVAILABLE\n" for each in available)
    head = f"{head}\n" if head else ""
    body = f"BEGIN:VAVAILABILITY\nUID:v\n{head}{inner}END:VAVAILABILITY\n"
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n".encode()


def _hours(uid: str, start: str, end: str, rule: str) -> str:
    return f"UID:{uid}\nDTSTART{TZ}:{start}\nDTEND{TZ}:{end}\nRRULE:{rule}"


WEEK: Final = _hours("a", "20261005T090000", "20261005T170000", "FREQ=WEEKLY;BYDAY=MO,WE")
FRIDAY: Final = _hours("b", "20261002T130000", "20261003T000000", "FREQ=WEEKLY")


def _days(spans: list[Span]) -> list[tuple[str, str]]:
    return [(f"{span.start:%d-%m %H:%M}", f"{span.end:%d-%m %H:%M}") for span in spans]


def test_weekly_hours_come_out_as_a_schedule_has_them() -> None:
    """Each day by the clock on the wall, also after the clocks change."""
    found = availability_of(_object(WEEK, FRIDAY), zone="Europe/Amsterdam", horizon=HORIZON)

    assert found.weekly == [
        WeeklyRange(day="mon", start="09:00", end="17:00"),
        WeeklyRange(day="wed", start="09:00", end="17:00"),
        WeeklyRange(day="fri", start="13:00", end="24:00"),
    ]
    assert _days(found.spans) == [
        ("22-03 08:00", "22-03 16:00"),
        ("24-03 08:00", "24-03 16:00"),
        ("26-03 12:00", "26-03 23:00"),
        ("29-03 07:00", "29-03 15:00"),
        ("31-03 07:00", "31-03 15:00"),
        ("02-04 11:00", "02-04 22:00"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        _hours("a", "20261005T090000", "20261005T170000", "FREQ=WEEKLY;UNTIL=20270330T000000Z"),
        _hours("a", "20261005T090000", "20261005T170000", "FREQ=WEEKLY;INTERVAL=2"),
        _hours("a", "20261005T090000", "20261005T170000", "FREQ=MONTHLY"),
        _hours("a", "20261005T090000", "20261005T170000", "FREQ=WEEKLY;BYDAY=TU"),
        WEEK + f"\nEXDATE{TZ}:20270324T090000",
        WEEK.replace("Europe/Amsterdam", "Europe/London"),
        "UID:a\nDTSTART;VALUE=DATE:20261005\nRRULE:FREQ=WEEKLY",
    ],
)
def test_what_is_more_than_weekly_hours_is_no_schedule(event: str) -> None:
    """Nothing is rounded into weekly hours that would open other times."""
    found = availability_of(_object(event), zone="Europe/Amsterdam", horizon=HORIZON)

    assert found.weekly is None


def test_it_speaks_of_no_more_than_its_own_bounds() -> None:
    """Outside of its DTSTART and DTEND nobody is open."""
    bounds = "DTSTART:20270324T100000Z\nDTEND:20270331T000000Z"
    found = availability_of(_object(WEEK, head=bounds), zone="Europe/Amsterdam", horizon=HORIZON)

    assert found.weekly is None
    assert _days(found.spans) == [("24-03 10:00", "24-03 16:00"), ("29-03 07:00", "29-03 15:00")]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        _object(WEEK)[:-30],
        _object(WEEK.replace("Europe/Amsterdam", "Ergens")),
        _object(WEEK.replace("WEEKLY", "HOURLY")),
        _object("UID:a\nDTSTART:soon"),
        _object("UID:a"),
        _object(WEEK.replace("BYDAY=MO,WE", "BYDAY=1MO")),
        _object(WEEK, head="DTSTART:20270324T100000Z\nDURATION:P1W"),
    ],
)
def test_doubt_opens_nothing(raw: bytes) -> None:
    """What cannot be read to the minute is refused, unlike what keeps somebody busy."""
    with pytest.raises(AvailabilityUnreadable):
        availability_of(raw, zone="Europe/Amsterdam", horizon=HORIZON)


def test_it_keeps_nobody_busy() -> None:
    """Read as a calendar entry it takes no time."""
    found = expand(_object(WEEK, FRIDAY), zone="Europe/Amsterdam", horizon=HORIZON)

    assert (found.busy, found.problem, found.readable) == ([], None, True)
