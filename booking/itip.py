"""What a calendar program answers to an invitation, read from bytes (RFC 5546); pure.

Whoever knows an address can send such an answer, so nothing of it is run: zones are taken by name
from our own database, no rule is expanded, and comments are not even read.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

from msgspec import Struct

from booking.calendars.reduced import Oversized, name_of, tzid_of, unfold, value
from booking.calendars.zones import load, zone_named

Answer: TypeAlias = Literal["accepted", "tentative", "declined"]
Reason: TypeAlias = Literal["too-large", "unreadable", "not-an-answer", "time-unclear"]

MAX_BYTES: Final = 128 * 1024
MAX_LINES: Final = 2_000

_METHODS: Final = frozenset({"REPLY", "COUNTER"})
_ANSWERS: Final[dict[str, Answer]] = {
    "ACCEPTED": "accepted",
    "TENTATIVE": "tentative",
    "DECLINED": "declined",
}
_PARTSTAT: Final = re.compile(r";PARTSTAT=([A-Z-]+)", re.IGNORECASE)
_TIME: Final = re.compile(r"(\d{8}T\d{6})(Z?)", re.ASCII)
_LENGTH: Final = re.compile(
    r"P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII
)
_SEQUENCE: Final = re.compile(r"\d{1,9}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


class NoAnswer(ValueError):
    """What came is no answer to an invitation; *reason* says why, in a word."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Final = reason


class Answered(Struct, frozen=True, kw_only=True):
    """What one attendee says to an invitation.

    Attributes:
        organizer: Whom it is for; some programs leave that out.
        attendees: Who says so, in lower case. Only a COUNTER may name more than one, and then it
            is for the mail around it to tell whose it is.
        answer: None where only another time is proposed.
        start: The proposed start, of a COUNTER; its *end* may be left out.
        stamp: When it was said.
    """

    method: Literal["REPLY", "COUNTER"]
    uid: str
    sequence: int
    stamp: datetime
    attendees: dict[str, Answer | None]
    organizer: str | None
    start: datetime | None = None
    end: datetime | None = None


def read(raw: bytes, *, method: str | None = None) -> Answered:
    """Read the one answer in an iCalendar object.

    Args:
        raw: The object, in UTF-8.
        method: What the mail says it is; the METHOD inside counts for more.

    Raises:
        NoAnswer: It is none, or not one that can be understood.
    """
    found, lines = _event(raw, method)
    single = {name_of(line): line for line in reversed(lines)}
    if not {"UID", "DTSTAMP"} <= single.keys() or "RECURRENCE-ID" in single:
        raise NoAnswer("unreadable")
    start, end = _proposed(single) if found == "COUNTER" else (None, None)
    attendees = dict(_attendee(line) for line in lines if name_of(line) == "ATTENDEE")
    if not attendees or (found == "REPLY" and (len(attendees) > 1 or None in attendees.values())):
        # RFC 5546, 3.2.3: a reply comes from exactly one.
        raise NoAnswer("not-an-answer")
    return Answered(
        method="COUNTER" if found == "COUNTER" else "REPLY",
        uid=value(single["UID"]),
        sequence=_sequence(single.get("SEQUENCE")),
        stamp=_instant(single["DTSTAMP"], zone="UTC"),
        attendees=attendees,
        organizer=_address(single["ORGANIZER"]) if "ORGANIZER" in single else None,
        start=start,
        end=end,
    )


def _event(raw: bytes, method: str | None) -> tuple[str, list[str]]:
    """Return the METHOD and the lines of the only VEVENT, without those of what stands in it."""
    path: list[str] = []
    events: list[list[str]] = []
    inside: str | None = None
    for line in _lines(raw):
        name = name_of(line)
        if name == "BEGIN":
            path.append(value(line).upper())
            if path == ["VCALENDAR", "VEVENT"]:
                events.append([])
        elif name == "END":
            del path[-1:]
        elif path == ["VCALENDAR", "VEVENT"]:
            events[-1].append(line)
        elif path == ["VCALENDAR"] and name == "METHOD":
            inside = value(line)
    found = (inside or method or "").upper()
    if found not in _METHODS:
        raise NoAnswer("not-an-answer")
    if len(events) != 1:
        raise NoAnswer("unreadable")
    return found, events[0]


def _lines(raw: bytes) -> list[str]:
    if len(raw) > MAX_BYTES:
        raise NoAnswer("too-large")
    try:
        lines = unfold(raw.removeprefix(b"\xef\xbb\xbf"))
    except Oversized:
        raise NoAnswer("too-large") from None
    if len(lines) > MAX_LINES:
        raise NoAnswer("too-large")
    return lines


def _attendee(line: str) -> tuple[str, Answer | None]:
    # A name in quotes may hold anything, also what looks like a parameter.
    bare = re.sub(r'"[^"]*"', "", line.removesuffix(value(line)))
    partstat = _PARTSTAT.search(bare)
    return _address(line), _ANSWERS.get(partstat[1].upper()) if partstat else None


def _address(line: str) -> str:
    """Return the mail address on a line, in lower case."""
    return re.sub(r"(?i)^mailto:", "", unquote(value(line))).strip().lower()


def _sequence(line: str | None) -> int:
    if line is None:
        return 0
    if not _SEQUENCE.fullmatch(value(line)):
        raise NoAnswer("unreadable")
    return int(value(line))


def _proposed(single: dict[str, str]) -> tuple[datetime, datetime | None]:
    if "DTSTART" not in single:
        raise NoAnswer("time-unclear")
    start = _instant(single["DTSTART"])
    end = _instant(single["DTEND"]) if "DTEND" in single else None
    if end is None and "DURATION" in single:
        end = start + _length(value(single["DURATION"]))
    if end is not None and not start < end <= start + timedelta(days=1):
        raise NoAnswer("time-unclear")
    return start, end


def _instant(line: str, *, zone: str | None = None) -> datetime:
    """Return the instant on a line, in UTC; *zone* is the one of a time that names none."""
    found = _TIME.fullmatch(value(line))
    if found is None:
        raise NoAnswer("time-unclear")
    tzid = tzid_of(line)
    name = "UTC" if found[2] else zone_named(tzid) if tzid else zone
    if name is None:
        raise NoAnswer("time-unclear")
    try:
        wall = datetime.strptime(found[1], "%Y%m%dT%H%M%S")  # noqa: DTZ007  # its zone follows
    except ValueError:
        raise NoAnswer("time-unclear") from None
    if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
        raise NoAnswer("time-unclear")
    return wall.replace(tzinfo=load(name)).astimezone(UTC)


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise NoAnswer("time-unclear")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
