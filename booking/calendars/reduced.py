"""An event's bytes cut down to what tells its times, within limits that keep reading it cheap.

What a calendar holds was written by anybody who could send its owner an invitation. So nothing of
it is parsed before it is known to be small, flat and short-lined; titles, texts and places are
dropped on the way in; and time zones are taken by name from our own database, since a VTIMEZONE is
a set of rules that somebody else wrote for us to run.
"""

import re
from typing import Final

from msgspec import Struct

from booking.calendars.zones import fixed_zone, zone_named

MAX_BYTES: Final = 2**20
MAX_LINE: Final = 2**16
MAX_COMPONENTS: Final = 5_000
MAX_DEPTH: Final = 32
MAX_DATES: Final = 500
"""How many dates one EXDATE or RDATE series may name in all."""

_KEPT: Final = {
    *("UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    *("SEQUENCE", "STATUS", "TRANSP", "ATTENDEE", "X-MICROSOFT-CDO-BUSYSTATUS"),
}
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_TZID: Final = re.compile(r';TZID=("[^"]*"|[^;:]*)', re.IGNORECASE)


class Oversized(ValueError):
    """The object is larger, deeper or longer than a calendar entry has reason to be."""


class Reduced(Struct, frozen=True, kw_only=True):
    """The lines of each VEVENT that matter, unfolded.

    Attributes:
        default_zone: The zone the calendar names for floating times, if any.
        unknown: TZIDs without a zone of that name, each with the zones it may stand for.
    """

    uid: str | None
    events: list[list[str]]
    default_zone: str | None
    unknown: dict[str, list[str]]

    def text(self, guesses: dict[str, str]) -> bytes:
        """Return a calendar with these events, unknown TZIDs replaced by the *guesses*."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
        for event in self.events:
            lines += ["BEGIN:VEVENT", *(_with_zone(line, guesses) for line in event), "END:VEVENT"]
        return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def unfold(raw: bytes) -> list[str]:
    """Return the content lines of an iCalendar object (RFC 5545, section 3.1).

    Raises:
        Oversized: It is too large.
    """
    if len(raw) > MAX_BYTES:
        raise Oversized("bytes")
    text = raw.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return [line for line in re.sub(r"\n[ \t]", "", text).split("\n") if line]


def reduce(raw: bytes) -> Reduced:
    """Cut an iCalendar object down to the times of its events.

    Raises:
        Oversized: It exceeds one of the limits above.
    """
    sieve = _Sieve()
    for line in unfold(raw):
        sieve.take(line)
    for event in sieve.events:
        _check_dates(event)
    unknown = {tzid for tzid in sieve.named if not zone_named(tzid)}
    lines = [line for event in sieve.events for line in event]
    return Reduced(
        uid=next((value(line) for line in lines if name_of(line) == "UID"), None),
        events=sieve.events,
        default_zone=sieve.default_zone,
        unknown={tzid: _fixed(sieve.offsets.get(tzid, [])) for tzid in sorted(unknown)},
    )


class _Sieve:
    """Keeps of the lines it is given those that tell times."""

    def __init__(self) -> None:
        self.events: list[list[str]] = []
        self.named: set[str] = set()
        self.default_zone: str | None = None
        self.offsets: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._components = 0
        self._timezone = ""

    def take(self, line: str) -> None:
        name = name_of(line)
        if name == "BEGIN":
            self._open(value(line).upper())
        elif name == "END":
            del self._path[-1:]
        elif self._path == ["VCALENDAR", "VEVENT"]:
            if name in _KEPT:
                if len(line) > MAX_LINE:
                    raise Oversized("line")
                self.events[-1].append(line)
                self.named.update(found.strip('"') for found in _TZID.findall(line))
        elif name == "X-WR-TIMEZONE":
            self.default_zone = zone_named(value(line))
        elif name == "TZID":
            self._timezone = value(line)
        elif name == "TZOFFSETTO":
            self.offsets.setdefault(self._timezone, []).append(value(line))

    def _open(self, component: str) -> None:
        self._components += 1
        self._path.append(component)
        if self._components > MAX_COMPONENTS or len(self._path) > MAX_DEPTH:
            raise Oversized("components")
        if self._path == ["VCALENDAR", "VEVENT"]:
            self.events.append([])


def name_of(line: str) -> str:
    """Return the name of the property on a content line."""
    found = _NAME.match(line)
    return found.group().upper() if found else ""


def value(line: str) -> str:
    """Return what stands after the first colon that is not inside quotes."""
    return re.sub(r'^(?:[^":]|"[^"]*")*:', "", line, count=1).strip()


def tzid_of(line: str) -> str | None:
    """Return the TZID on a content line."""
    found = _TZID.search(line)
    return found.group(1).strip('"') if found else None


def _check_dates(event: list[str]) -> None:
    dates = sum(line.count(",") + 1 for line in event if name_of(line) in {"EXDATE", "RDATE"})
    if dates > MAX_DATES:
        raise Oversized("dates")


def _fixed(offsets: list[str]) -> list[str]:
    zones = dict.fromkeys(fixed_zone(offset) for offset in offsets[:4])
    return [zone for zone in zones if zone]


def _with_zone(line: str, guesses: dict[str, str]) -> str:
    def replace(found: re.Match[str]) -> str:
        tzid = found.group(1).strip('"')
        return f";TZID={zone_named(tzid) or guesses[tzid]}"

    head, colon, tail = line.partition(":")
    if '"' in head:
        return _TZID.sub(replace, line, count=1)
    return _TZID.sub(replace, head) + colon + tail
