"""What it costs to learn from calendar entries when their owner is busy.

``python -m bench.expansion [--json]``. Five thousand entries, one in five of them a series, are
expanded by us and by the libraries that are the reference for it (icalendar to parse, and
recurring_ical_events to expand, for each entry). Both must keep exactly the same times closed.
The reference is given the entries as they stand, and cut down to the lines that matter, as ours
cuts them down first.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar
from recurring_ical_events import CalendarQuery

from bench.reporting import Row, cost_once, fail, report, row, wants_json
from booking.calendars.reduced import reduce
from booking.expansion import Expansion, expand, horizon_at
from kernel.spans import Span, merge

_ENTRIES: Final = 5_000
_CHECKED: Final = 1_000
"""How many of them are compared; the others are like them."""

_ZONE: Final = "Europe/Amsterdam"
_NOW: Final = datetime(2027, 2, 1, 8, tzinfo=UTC)
"""The clocks change within both horizons."""

_ENDS: Final = ("DTSTART", "DTEND")
_MARGIN: Final = timedelta(days=2)
_TIMEZONE: Final = """BEGIN:VTIMEZONE
TZID:Europe/Amsterdam
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
_RULES: Final = (
    "FREQ=WEEKLY;BYDAY={day}",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY={day}",
    "FREQ=DAILY;COUNT={count}",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL={until}",
    "FREQ=MONTHLY;BYDAY=2{day}",
    "FREQ=MONTHLY;BYMONTHDAY={number}",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY",
)


def entries(number: int) -> list[bytes]:
    """Return entries as calendar programs write them, the same ones every time."""
    random = Random(number)  # noqa: S311  # the same calendars every time
    return [_entry(index, random) for index in range(number)]


def _entry(index: int, random: Random) -> bytes:
    recurs = index % 5 == 0
    begin = date(2027, 1, 1) if not recurs else date(2025, 6, 1)
    day = begin + timedelta(days=random.randrange(240))
    at = datetime.combine(day, time(random.randrange(7, 19), random.choice((0, 15, 30, 45))))
    end = at + timedelta(minutes=random.choice((15, 30, 45, 60, 90, 120)))
    lines = [
        f"UID:{index}@example.org",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART;TZID={_ZONE}:{at:%Y%m%dT%H%M%S}",
        f"DTEND;TZID={_ZONE}:{end:%Y%m%dT%H%M%S}",
        f"SUMMARY:Overleg {index} met een naam die wat langer is",
        "LOCATION:Kamer 2.14\\, Neude 1\\, Utrecht",
        f"DESCRIPTION:{'Een omschrijving zoals die in een agenda staat. ' * 6}",
        "ORGANIZER;CN=Iemand:mailto:iemand@example.org",
        "STATUS:CONFIRMED",
        "SEQUENCE:1",
    ]
    lines += [
        f"ATTENDEE;CN=Deelnemer {who};PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:d{who}@example.org"
        for who in range(random.randrange(4))
    ]
    more: list[str] = []
    if recurs:
        rule = random.choice(_RULES).format(
            day=("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()],
            count=random.randrange(5, 700),
            until=f"{day + timedelta(days=random.randrange(30, 900)):%Y%m%d}T235959Z",
            number=day.day,
        )
        lines.append(f"RRULE:{rule}")
        if "WEEKLY;" in rule and "UNTIL" not in rule:
            weeks = 2 if "INTERVAL" in rule else 1
            gone = at + timedelta(weeks=weeks * 30)
            moved = at + timedelta(weeks=weeks * 35)
            lines.append(f"EXDATE;TZID={_ZONE}:{gone:%Y%m%dT%H%M%S}")
            more = [
                "BEGIN:VEVENT",
                f"UID:{index}@example.org",
                "DTSTAMP:20260101T000000Z",
                f"RECURRENCE-ID;TZID={_ZONE}:{moved:%Y%m%dT%H%M%S}",
                f"DTSTART;TZID={_ZONE}:{moved + timedelta(hours=3):%Y%m%dT%H%M%S}",
                f"DTEND;TZID={_ZONE}:{moved + timedelta(hours=4):%Y%m%dT%H%M%S}",
                "SUMMARY:Verzet",
                "END:VEVENT",
            ]
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM"]
    event = ["BEGIN:VEVENT", *lines, *alarm, "END:VEVENT", *more]
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Bench//Bench//NL"]
    text = "\n".join([*head, *_TIMEZONE.splitlines(), *event, "END:VCALENDAR", ""])
    return text.replace("\n", "\r\n").encode()


def ours(raw: bytes, horizon: Span) -> Expansion:
    """Return when an entry keeps its owner busy."""
    return expand(raw, zone=_ZONE, horizon=horizon, addresses={"iemand@example.com"})


def reference(raw: bytes, horizon: Span) -> list[Any]:
    """Return the occurrences that the libraries find."""
    query = CalendarQuery(Calendar.from_ical(raw))
    return list(query.between(horizon.start - _MARGIN, horizon.end + _MARGIN))


def _spans(occurrences: list[Any], horizon: Span) -> list[Span]:
    zone = ZoneInfo(_ZONE)
    found = (
        Span(*(event[name].dt.replace(tzinfo=zone).astimezone(UTC) for name in _ENDS))
        for event in occurrences
    )
    return merge(span for span in found if span.overlaps(horizon))


def _must_agree(raw: bytes, horizon: Span) -> None:
    mine = merge(busy.span for busy in ours(raw, horizon).busy)
    if mine != _spans(reference(raw, horizon), horizon):
        fail(f"other times than the libraries found in:\n{raw.decode()}")


def _all(work: Callable[[bytes, Span], object], raws: list[bytes], horizon: Span) -> float:
    def run() -> None:
        for raw in raws:
            work(raw, horizon)

    return min(cost_once(run) for _ in range(2)) / len(raws)


def measure() -> list[Row]:
    """Return what an entry costs, over both horizons."""
    raws = entries(_ENTRIES)
    small = [reduce(raw).text({}) for raw in raws]
    whole = horizon_at(_NOW)
    horizons = [("60 days", Span(whole.start, _NOW + timedelta(days=60))), ("our horizon", whole)]
    rows = []
    for name, horizon in horizons:
        for raw in raws[:_CHECKED]:
            _must_agree(raw, horizon)
        mine = _all(ours, raws, horizon)
        for kind, given in (("reduced", small), ("raw", raws)):
            theirs = _all(reference, given, horizon)
            case = f"an entry of {_ENTRIES}, {name}, libraries on {kind} bytes"
            rows.append(row(case, mine, theirs))
    return rows


def main() -> None:
    """Measure, and print."""
    as_json = wants_json("expansion", "What calendar entries cost to expand.")
    report("expansion", measure(), as_json=as_json)


if __name__ == "__main__":
    main()
