"""When somebody says in their own calendar that they can be booked."""

from datetime import UTC, datetime
from typing import Final

import pytest

from booking.calendars.availability import (
    Availability,
    AvailabilityUnreadable,
    availabilities_in,
    kept_of,
    unavailable,
)
from booking.expansion import expand
from booking.hours import WeeklyRange
from kernel.busy import BusyPolicy
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


def _only(raw: bytes, *, zone: str, horizon: Span) -> Availability:
    """Return what the one VAVAILABILITY of an object says."""
    (found,) = availabilities_in(raw, zone=zone, horizon=horizon)
    return found


def _days(spans: list[Span]) -> list[tuple[str, str]]:
    return [(f"{span.start:%d-%m %H:%M}", f"{span.end:%d-%m %H:%M}") for span in spans]


def test_weekly_hours_come_out_as_a_schedule_has_them() -> None:
    """Each day by the clock on the wall, also after the clocks change."""
    found = _only(_object(WEEK, FRIDAY), zone="Europe/Amsterdam", horizon=HORIZON)

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
    found = _only(_object(event), zone="Europe/Amsterdam", horizon=HORIZON)

    assert found.weekly is None


def test_it_speaks_of_no_more_than_its_own_bounds() -> None:
    """Outside of its DTSTART and DTEND nobody is open."""
    bounds = "DTSTART:20270324T100000Z\nDTEND:20270331T000000Z"
    found = _only(_object(WEEK, head=bounds), zone="Europe/Amsterdam", horizon=HORIZON)

    assert found.weekly is None
    assert _days(found.spans) == [("24-03 10:00", "24-03 16:00"), ("29-03 07:00", "29-03 15:00")]


def test_its_bounds_may_be_a_length() -> None:
    """DURATION says the same as an end, days by the calendar."""
    bounds = "DTSTART:20270324T100000Z\nDURATION:P6DT14H"
    found = _only(_object(WEEK, head=bounds), zone="Europe/Amsterdam", horizon=HORIZON)

    assert _days([found.bounds]) == [("24-03 10:00", "31-03 00:00")]


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
        _object(WEEK, head="DURATION:P1W"),
        _object(WEEK, head="PRIORITY:high"),
        _object(*[WEEK] * 201),
    ],
)
def test_doubt_opens_nothing(raw: bytes) -> None:
    """What cannot be read to the minute is refused, unlike what keeps somebody busy."""
    with pytest.raises(AvailabilityUnreadable):
        _only(raw, zone="Europe/Amsterdam", horizon=HORIZON)


def test_it_keeps_nobody_busy() -> None:
    """Read as a calendar entry it takes no time."""
    found = expand(_object(WEEK, FRIDAY), zone="Europe/Amsterdam", horizon=HORIZON)

    assert (found.busy, found.problem, found.readable) == ([], None, True)


# --- several that speak of the same time ---------------------------------------------------------

WHOLE: Final = [("22-03 00:00", "05-04 00:00")]
OFFICE: Final = _hours("a", "20261005T090000", "20261005T170000", "FREQ=WEEKLY;BYDAY=MO,WE,FR")
USUAL: Final = BusyPolicy()
AWAY: Final = "DTSTART:20270324T000000Z\nDTEND:20270327T000000Z"


def _closed(*raws: bytes, policy: BusyPolicy = USUAL) -> list[tuple[str, str]]:
    found = [
        each
        for raw in raws
        for each in availabilities_in(raw, zone="Europe/Amsterdam", horizon=HORIZON)
    ]
    return _days(unavailable(found, policy))


def test_all_times_outside_of_the_hours_are_closed() -> None:
    """Without bounds that is the whole horizon, apart from the hours."""
    assert _closed(_object(WEEK)) == [
        ("22-03 00:00", "22-03 08:00"),
        ("22-03 16:00", "24-03 08:00"),
        ("24-03 16:00", "29-03 07:00"),
        ("29-03 15:00", "31-03 07:00"),
        ("31-03 15:00", "05-04 00:00"),
    ]


def test_without_any_hours_all_it_speaks_of_is_closed() -> None:
    """A fortnight away is a VAVAILABILITY without AVAILABLE."""
    assert _closed(_object(head=AWAY)) == [("24-03 00:00", "27-03 00:00")]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_higher_priority_overrides_for_its_time(swapped: bool) -> None:
    """1 goes before 5, and whatever has a priority before what has none, in whatever order."""
    other = _hours("b", "20270327T100000", "20270327T120000", "FREQ=DAILY;COUNT=1")
    raws = [
        _object(OFFICE),
        _object(head=f"PRIORITY:5\n{AWAY}"),
        _object(other, head="PRIORITY:1\nDTSTART:20270326T000000Z\nDTEND:20270328T000000Z"),
    ]

    assert _closed(*(raws[::-1] if swapped else raws))[1:4] == [
        ("22-03 16:00", "27-03 09:00"),  # away, and the Friday that is in neither
        ("27-03 11:00", "29-03 07:00"),  # the Saturday that the highest opens
        ("29-03 15:00", "31-03 07:00"),
    ]


def test_a_higher_priority_opens_what_a_lower_closed() -> None:
    """Also where both are in one object."""
    week = "PRIORITY:2\nDTSTART:20270324T000000Z\nDTEND:20270325T000000Z\nBUSYTYPE:BUSY"
    early = _hours("b", "20270324T070000", "20270324T080000", "FREQ=DAILY;COUNT=1")
    both = _object(OFFICE).replace(
        b"END:VCALENDAR\n", _object(early, head=week).partition(b"VERSION:2.0\n")[2]
    )

    assert _closed(both)[1:3] == [
        ("22-03 16:00", "24-03 06:00"),
        ("24-03 07:00", "26-03 08:00"),
    ]


def test_of_equal_priority_nothing_is_opened_that_one_closes() -> None:
    """RFC 7953 does not say which of them holds, so both do."""
    other = _hours("b", "20261005T120000", "20261005T180000", "FREQ=WEEKLY;BYDAY=MO")
    assert _closed(_object(WEEK), _object(other))[:3] == [
        ("22-03 00:00", "22-03 11:00"),
        ("22-03 16:00", "29-03 10:00"),
        ("29-03 15:00", "05-04 00:00"),
    ]


def test_what_is_perhaps_closed_is_so_by_the_organisations_word() -> None:
    """BUSY-TENTATIVE is as tentative as an entry that is."""
    raw = _object(head="BUSYTYPE:BUSY-TENTATIVE")

    assert _closed(raw) == WHOLE
    assert _closed(raw, policy=BusyPolicy(tentative=False)) == []
    assert _closed(_object(head="BUSYTYPE:X-OTHER")) == WHOLE


# --- what is kept of it --------------------------------------------------------------------------


def test_nothing_is_kept_of_it_but_its_times() -> None:
    """No title, place or person, and the same times as before."""
    raw = _object(
        WEEK + "\nSUMMARY:Kantoor\nLOCATION:Utrecht\nATTENDEE:mailto:kim@example.org",
        head="SUMMARY:Spreekuren\nORGANIZER:mailto:s@example.org\nPRIORITY:3",
    )
    kept = kept_of(raw, zone=None, horizon=HORIZON)

    assert kept is not None
    assert not any(word in kept for word in (b"Kantoor", b"Utrecht", b"Spreekuren", b"example"))
    assert availabilities_in(kept, zone="Europe/Amsterdam", horizon=HORIZON) == availabilities_in(
        raw, zone="Europe/Amsterdam", horizon=HORIZON
    )


def test_what_is_kept_knows_the_calendars_zone_and_the_zones_it_defines() -> None:
    """Floating times are the calendar's, and a zone that defines itself like Amsterdam is that."""
    zone = """BEGIN:VTIMEZONE
TZID:Ergens
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
    named = WEEK.replace("Europe/Amsterdam", "Ergens")
    raw = _object(named).replace(b"VERSION:2.0\n", b"VERSION:2.0\n" + zone.encode())
    floating = _object(WEEK.replace(TZ, ""))

    for text, where in ((raw, None), (floating, "Europe/Amsterdam")):
        kept = kept_of(text, zone=where, horizon=HORIZON)
        assert kept is not None
        (found,) = availabilities_in(kept, zone="America/New_York", horizon=HORIZON)
        assert _days(found.spans)[:2] == [
            ("22-03 08:00", "22-03 16:00"),
            ("24-03 08:00", "24-03 16:00"),
        ]


def test_an_event_says_nothing_of_it() -> None:
    """Then nothing is kept."""
    event = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20270324T100000Z\nEND:VEVENT\n"
    assert kept_of(event + b"END:VCALENDAR\n", zone=None, horizon=HORIZON) is None


@pytest.mark.parametrize("raw", [_object(WEEK)[:-30], _object(WEEK + "\nEXDATE:" + "x," * 3000)])
def test_what_cannot_be_kept_is_kept_as_unreadable(raw: bytes) -> None:
    """A calendar entry that was cut off, or is too long, is not taken for one that says nothing."""
    found = expand(raw, zone="Europe/Amsterdam", horizon=HORIZON)

    assert found.availability is not None or not found.readable
    if found.availability is not None:
        with pytest.raises(AvailabilityUnreadable):
            availabilities_in(found.availability, zone="Europe/Amsterdam", horizon=HORIZON)
