"""An event's bytes cut down to what tells its times, within limits that keep reading it cheap.

What a calendar holds was written by anybody who could send its owner an invitation. So nothing of
it is parsed before it is known to be small, flat and short-lined; titles, texts and places are
dropped on the way in; and time zones are taken by name from our own database, since a VTIMEZONE is
a set of rules that somebody else wrote for us to run.
"""

import re
from typing import Final

from msgspec import Struct

from booking.calendars.zones import zone_named

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
_WEIGHED: Final = {"PRIORITY", "BUSYTYPE"}
"""What a VAVAILABILITY has besides (RFC 7953, 3.1)."""

_OBSERVED: Final = {"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"}
_LISTS: Final = {"EXDATE", "RDATE"}
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_TZID: Final = re.compile(r';TZID=("[^"]*"|[^;]*)', re.IGNORECASE)
"""On what stands before the last colon of a time: some names have a colon, and no quotes."""

_VALUE: Final = re.compile(r'^(?:[^":]|"[^"]*")*:')
_FOLD: Final = re.compile(rb"\n[ \t]")


class Oversized(ValueError):
    """The object is larger, deeper or longer than a calendar entry has reason to be."""


class Reduced(Struct, frozen=True, kw_only=True):
    """The lines of each VEVENT that matter, unfolded.

    Attributes:
        default_zone: The zone the calendar names for floating times, if any.
        zones: TZIDs, each with the zone of that name.
        unknown: TZIDs without a zone of that name, each with the lines of every STANDARD and
            DAYLIGHT that the object defines it by.
        free_busy: The FREEBUSY lines of each VFREEBUSY.
        availability: The lines of each VAVAILABILITY itself.
        available: For each VAVAILABILITY the lines of each AVAILABLE in it.
        utc_twice: Whether a time has both a TZID and the Z of UTC.
        whole: Whether it is a calendar from its first line to its last.
    """

    uid: str | None
    events: list[list[str]]
    default_zone: str | None
    zones: dict[str, str]
    unknown: dict[str, list[list[str]]]
    free_busy: list[str]
    availability: list[list[str]]
    available: list[list[list[str]]]
    utc_twice: bool
    whole: bool

    def text(self, guesses: dict[str, str]) -> bytes:
        """Return a calendar with these events, unknown TZIDs replaced by the *guesses*."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
        for event in self.events:
            lines += ["BEGIN:VEVENT", *(_with_zone(line, guesses) for line in event), "END:VEVENT"]
        return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()

    def availability_text(self, home: str | None, guesses: dict[str, str]) -> bytes:
        """Return a calendar with what this says of when its owner can be booked; TZIDs as above.

        Args:
            home: The zone of its floating times, where that is not its owner's.
            guesses: What unknown TZIDs are taken for; those without a guess stay as they are.
        """
        meant = {tzid: guesses.get(tzid, tzid) for tzid in self.unknown}

        def kept(component: list[str]) -> list[str]:
            return [_with_zone(each, meant) for each in component if name_of(each) != "ATTENDEE"]

        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *([f"X-WR-TIMEZONE:{home}"] if home else [])]
        for head, inner in zip(self.availability, self.available, strict=True):
            lines += ["BEGIN:VAVAILABILITY", *kept(head)]
            for each in inner:
                lines += ["BEGIN:AVAILABLE", *kept(each), "END:AVAILABLE"]
            lines += ["END:VAVAILABILITY"]
        return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def unfold(raw: bytes) -> list[str]:
    """Return the content lines of an iCalendar object (RFC 5545, section 3.1).

    Raises:
        Oversized: It is too large.
    """
    if len(raw) > MAX_BYTES:
        raise Oversized("bytes")
    # Lines are unfolded as bytes, since some programs fold inside a letter.
    raw = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = _FOLD.sub(b"", raw).decode("utf-8", errors="replace")
    return [line for line in text.split("\n") if line]


def reduce(raw: bytes) -> Reduced:
    """Cut an iCalendar object down to the times of its events.

    Raises:
        Oversized: It exceeds one of the limits above.
    """
    sieve = _Sieve()
    for line in unfold(raw):
        sieve.take(line)
    for event in (*sieve.events, *(each for inner in sieve.available for each in inner)):
        _check_dates(event)
    zones = {tzid: zone_named(tzid) for tzid in sorted(sieve.named)}
    return Reduced(
        uid=sieve.uid,
        events=sieve.events,
        default_zone=sieve.default_zone,
        zones={tzid: zone for tzid, zone in zones.items() if zone},
        unknown={tzid: sieve.defined.get(tzid, []) for tzid, zone in zones.items() if not zone},
        free_busy=sieve.free_busy,
        availability=sieve.availability,
        available=sieve.available,
        utc_twice=sieve.utc_twice,
        whole=sieve.whole,
    )


class _Sieve:
    """Keeps of the lines it is given those that tell times."""

    def __init__(self) -> None:
        self.uid: str | None = None
        self.events: list[list[str]] = []
        self.availability: list[list[str]] = []
        self.available: list[list[list[str]]] = []
        self.free_busy: list[str] = []
        self.named: set[str] = set()
        self.default_zone: str | None = None
        self.defined: dict[str, list[list[str]]] = {}
        self.utc_twice = False
        self._path: list[str] = []
        self._components = 0
        self._seen = False
        self._broken = False
        self._event: list[str] | None = None
        self._timezone = ""
        self._observances: list[list[str]] = []

    @property
    def whole(self) -> bool:
        return self._seen and not self._broken and not self._path

    def take(self, line: str) -> None:
        name = line.partition(":")[0].partition(";")[0].upper()
        if name == "BEGIN":
            self._open(value(line).upper())
        elif name == "END":
            self._close(value(line).upper())
        elif self._event is not None:
            if name in _KEPT or (name in _WEIGHED and self._path[-1] == "VAVAILABILITY"):
                self._keep(name, line)
        elif len(self._path) > 1:
            self._take_other(name, line)
        elif name == "X-WR-TIMEZONE":
            self.default_zone = zone_named(value(line))

    def _keep(self, name: str, line: str) -> None:
        if len(line) > MAX_LINE:
            raise Oversized("line")
        assert self._event is not None  # noqa: S101  # for the type checkers: take() asks
        self._event.append(line)
        if name == "UID" and self.uid is None:
            self.uid = value(line)
        elif ";" in line:
            head, _, text = line.rpartition(":")
            if found := _TZID.search(head):
                tzid = found.group(1).strip('"')
                self.named.add(tzid)
                if "Z" in text.upper() and zone_named(tzid) not in _UTC:
                    self.utc_twice = True

    def _take_other(self, name: str, line: str) -> None:
        component = self._path[-1]
        if component == "VTIMEZONE" and name == "TZID":
            self._timezone = value(line).strip('"')
        elif component in {"STANDARD", "DAYLIGHT"} and name in _OBSERVED:
            self._observances[-1].append(line)
        elif component == "VFREEBUSY" and name == "FREEBUSY":
            if len(line) > MAX_LINE:
                raise Oversized("line")
            self.free_busy.append(line)

    def _open(self, component: str) -> None:
        self._components += 1
        self._path.append(component)
        if self._components > MAX_COMPONENTS or len(self._path) > MAX_DEPTH:
            raise Oversized("components")
        self._event = None
        if self._path == ["VCALENDAR"]:
            self._seen = True
        elif self._path == ["VCALENDAR", "VTIMEZONE"]:
            self._timezone, self._observances = "", []
        elif component in {"STANDARD", "DAYLIGHT"}:
            self._observances.append([])
        else:
            self._enter()

    def _close(self, component: str) -> None:
        self._broken = self._broken or self._path[-1:] != [component]
        del self._path[-1:]
        if component == "VTIMEZONE":
            self.defined.setdefault(self._timezone, self._observances)
        self._enter(again=True)

    def _enter(self, *, again: bool = False) -> None:
        """Take lines for the component that is open now: *again* after one inside it closed."""
        self._event = None
        if self._path == ["VCALENDAR", "VAVAILABILITY"] and not again:
            self.available.append([])
        for path, kept in (
            (["VCALENDAR", "VEVENT"], self.events),
            (["VCALENDAR", "VAVAILABILITY"], self.availability),
            (["VCALENDAR", "VAVAILABILITY", "AVAILABLE"], (self.available or [[]])[-1]),
        ):
            if self._path == path:
                if not again:
                    kept.append([])
                self._event = kept[-1]


_UTC: Final = {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "Etc/UCT", "UCT"}


def name_of(line: str) -> str:
    """Return the name of the property on a content line."""
    found = _NAME.match(line)
    return found.group().upper() if found else ""


def value(line: str) -> str:
    """Return what stands after the first colon that is not inside quotes."""
    head, colon, rest = line.partition(":")
    if '"' not in head:
        return rest.strip() if colon else line.strip()
    return _VALUE.sub("", line, count=1).strip()


def tzid_of(line: str) -> str | None:
    """Return the TZID on a content line that holds a time."""
    found = _TZID.search(line.rpartition(":")[0])
    return found.group(1).strip('"') if found else None


def _check_dates(event: list[str]) -> None:
    named = (line for line in event if line[:1] in "ErRe" and name_of(line) in _LISTS)
    if sum(line.count(",") + 1 for line in named) > MAX_DATES:
        raise Oversized("dates")


def _with_zone(line: str, guesses: dict[str, str]) -> str:
    def replace(found: re.Match[str]) -> str:
        tzid = found.group(1).strip('"')
        return f";TZID={zone_named(tzid) or guesses[tzid]}"

    if ";TZID=" not in line.upper():
        return line
    head, colon, tail = line.rpartition(":")
    return _TZID.sub(replace, head, count=1) + colon + tail
