"""An iCalendar file as its parts, and a part as bytes again; pure.

A feed is one file with everything in it. It is taken apart into objects as a calendar server would
keep them (RFC 4791, section 4.1): all that has one UID, and the time zones it names. Nothing is
understood here but where a component begins and ends, so that what is odd stays odd, and is judged
where calendars are read.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

MAX_EVENTS: Final = 50_000
LINE: Final = 75
"""Octets that a line of a file should have at most (RFC 5545, section 3.1)."""

_BEGIN: Final = b"BEGIN:"
_END: Final = b"END:"
_TZID: Final = re.compile(rb';TZID=("[^"]*"|[^;:]*)', re.IGNORECASE)
_STAMP: Final = re.compile(rb"^DTSTAMP[^\r\n]*\r?\n?", re.MULTILINE | re.IGNORECASE)
_KEPT: Final = (b"X-WR-TIMEZONE",)
_COMPONENT: Final = 2
"""The depth of a component: inside its calendar."""


class NotACalendar(ValueError):
    """It is no iCalendar file, or not a whole one."""


class TooMany(ValueError):
    """There are more events in it than anybody could have."""


class Component(Struct, frozen=True, kw_only=True):
    """An event, or whatever else stands in a calendar, as lines that are not folded.

    Attributes:
        override: Whether it changes one occurrence of a series.
        zones: The TZIDs it names.
    """

    name: bytes
    lines: list[bytes]
    uid: bytes | None
    override: bool
    zones: set[bytes]


class Stream(Struct, frozen=True, kw_only=True):
    """One calendar of a file: its own properties, its time zones by TZID, and its components."""

    properties: list[bytes]
    zones: dict[bytes, Component]
    components: list[Component]


def parse(body: bytes) -> list[Stream]:
    """Take a file apart.

    Raises:
        NotACalendar: It does not begin as one, or does not end as one.
        TooMany: It has more than 50,000 components.
    """
    reader = _Reader()
    for line in _lines(body):
        reader.take(line)
    if reader.path or not reader.streams:
        raise NotACalendar("cut off, or empty")
    return reader.streams


class _Reader:
    """Puts each line where it belongs."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.path: list[bytes] = []
        self._lines: list[bytes] = []
        self._count = 0

    def take(self, line: bytes) -> None:
        head = line[: len(_BEGIN)].upper()
        if head == _BEGIN:
            self._open(line[len(_BEGIN) :].strip().upper())
        elif not self.path:
            raise NotACalendar("text before or after it")
        if len(self.path) >= _COMPONENT:
            self._lines.append(line)
        if head.startswith(_END):
            self._close(line[len(_END) :].strip().upper())
        elif len(self.path) == 1 and head != _BEGIN:
            self.streams[-1].properties.append(line)

    def _open(self, name: bytes) -> None:
        self.path.append(name)
        if len(self.path) == 1:
            if name != b"VCALENDAR":
                raise NotACalendar("another kind of file")
            self.streams.append(Stream(properties=[], zones={}, components=[]))
        elif len(self.path) == _COMPONENT:
            self._lines = []

    def _close(self, name: bytes) -> None:
        if self.path.pop() != name:
            raise NotACalendar("parts that do not end")
        if len(self.path) == 1:
            self._count += 1
            if self._count > MAX_EVENTS:
                raise TooMany(str(self._count))
            _add(self.streams[-1], name, self._lines)


def split(streams: Iterable[Stream]) -> dict[str, bytes]:
    """Return the objects of a file by href; every component that is no time zone is in one.

    A UID given to several events, which some programs do, makes an object of each: readers take
    what has one UID for one event. What was changed of an occurrence stays with the first.
    """
    objects: dict[str, bytes] = {}
    for number, stream in enumerate(streams):
        kept = [line for line in stream.properties if _name(line) in _KEPT]
        groups: dict[bytes, list[Component]] = {}
        masters: dict[tuple[bytes, bytes], bytes] = {}
        for component in stream.components:
            groups.setdefault(_key(component, masters), []).append(component)
        for key, group in groups.items():
            named = set().union(*(each.zones for each in group))
            zones = [stream.zones[zone] for zone in sorted(named) if zone in stream.zones]
            href = f"/{_digest(b'%d %b' % (number, key))[:32]}.ics"
            objects[href] = write(kept, [*zones, *group])
    return objects


def write(properties: Iterable[bytes], components: Iterable[Component]) -> bytes:
    """Return a calendar with these properties and components, in lines of the usual length."""
    lines = [b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:-//Spreekuur//Spreekuur//EN"]
    lines += properties
    lines += [line for component in components for line in component.lines]
    lines.append(b"END:VCALENDAR")
    return b"".join(b"".join(_folded(line)) for line in lines)


def content_digest(body: bytes) -> str:
    """Return a digest of what a file says, whenever it was made.

    Some servers write the time of each request into every event (DTSTAMP), so that the bytes are
    never the same and their meaning always is.
    """
    return _digest(_STAMP.sub(b"", body))


def property_of(stream: Stream, *names: bytes) -> str | None:
    """Return the value of the first of these properties that a calendar has."""
    for name in names:
        for line in stream.properties:
            if _name(line) == name:
                return line.partition(b":")[2].decode("utf-8", errors="replace").strip()
    return None


def _lines(body: bytes) -> Iterator[bytes]:
    text = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # No database keeps a NUL in a text.
    text = text.replace(b"\n ", b"").replace(b"\n\t", b"").replace(b"\0", b"")
    return (line for line in text.split(b"\n") if line.strip())


def _add(stream: Stream, name: bytes, lines: list[bytes]) -> None:
    uid: bytes | None = None
    tzid: bytes | None = None
    override = False
    zones: set[bytes] = set()
    depth = 0
    for line in lines:
        head = line[: len(_BEGIN)].upper()
        depth += (head == _BEGIN) - head.startswith(_END)
        if b"TZID" in line.upper():
            zones.update(found.strip(b'"') for found in _TZID.findall(line))
        if depth == 1:
            first = _name(line)
            if first == b"UID":
                uid = uid or line.partition(b":")[2].strip() or None
            elif first == b"RECURRENCE-ID":
                override = True
            elif first == b"TZID":
                tzid = line.partition(b":")[2].strip()
    made = Component(name=name, lines=lines, uid=uid, override=override, zones=zones)
    if name == b"VTIMEZONE":
        stream.zones.setdefault(tzid or b"", made)
    else:
        stream.components.append(made)


def _key(component: Component, masters: dict[tuple[bytes, bytes], bytes]) -> bytes:
    """Return what tells a component's object from others.

    Args:
        component: Which.
        masters: Of each UID and kind the first that was no override, by a digest.
    """
    if component.uid is None:
        return b"\0" + _of_bytes(component)
    if component.override:
        return component.uid
    digest = _of_bytes(component)
    first = masters.setdefault((component.uid, component.name), digest)
    return component.uid if digest == first else component.uid + b"\0" + digest


def _of_bytes(component: Component) -> bytes:
    return content_digest(b"\n".join(component.lines)).encode()


def _name(line: bytes) -> bytes:
    return re.split(rb"[;:]", line, maxsplit=1)[0].strip().upper()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _folded(line: bytes) -> Iterator[bytes]:
    """Yield a line in pieces, none of which ends inside a character."""
    room = LINE
    while len(line) > room:
        end = room
        while end > 1 and line[end] & 0xC0 == 0x80:  # noqa: PLR2004  # UTF-8: not the first octet
            end -= 1
        yield line[:end] + b"\r\n "
        line, room = line[end:], LINE - 1
    yield line + b"\r\n"
