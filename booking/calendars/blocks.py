"""Entries that an advisor makes in the calendar we keep, and that calendar as a feed; pure."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from icalendar import Calendar, Event

from booking.calendars.model import EntryInput, OwnEntry
from booking.calendars.splitting import Component, NotACalendar, parse, write
from booking.invitation import OURS, PRODUCT
from kernel.errors import FieldError, Invalid
from kernel.ids import Id, to_uuid
from kernel.people import Language

LONGEST: Final = timedelta(days=400)
_TITLE: Final = {"nl": "Bezet", "en": "Busy"}
_MEETING: Final = {"nl": "Afspraak, zie Spreekuur", "en": "Appointment, see Spreekuur"}


def check(data: EntryInput) -> None:
    """Make sure that an entry is a stretch of time with a title of one line.

    Raises:
        Invalid: It is not; the pointer says what is wrong.
    """
    if data.end <= data.start:
        _refuse("/end", "Must be after the start.")
    if data.end - data.start > LONGEST:
        _refuse("/end", "May be at most 400 days after the start.")
    if data.title and not all(each.isprintable() for each in data.title):
        _refuse("/title", "Must be one line of text.")


def block(entry_id: Id, data: EntryInput, *, now: datetime) -> bytes:
    """Return an entry as iCalendar."""
    event = Event()
    event.add("UID", f"{entry_id}@spreekuur")
    event.add("DTSTAMP", now.astimezone(UTC).replace(microsecond=0))
    event.add("DTSTART", data.start.astimezone(UTC).replace(microsecond=0))
    event.add("DTEND", data.end.astimezone(UTC).replace(microsecond=0))
    if data.title:
        event.add("SUMMARY", data.title)
    event.add("TRANSP", "OPAQUE")
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))


def read_block(href: str, body: bytes) -> OwnEntry | None:
    """Return what stands at *href* as an entry, or None when it is a booking's."""
    entry_id = href.rpartition("/")[2].removesuffix(".ics")
    with suppress(ValueError):
        to_uuid("ent", entry_id)
        event: Any = Calendar.from_ical(body).events[0]
        title = event.get("SUMMARY")
        return OwnEntry(
            id=entry_id,
            start=event["DTSTART"].dt,
            end=event["DTEND"].dt,
            title=None if title is None else str(title),
        )
    return None


def feed(bodies: Iterable[bytes], *, name: str, language: Language, reveal: bool) -> bytes:
    """Return a whole calendar as one file.

    Args:
        bodies: What stands in it.
        name: What calendar programs call it.
        language: Of the titles that stand in for others.
        reveal: Whether titles may be read by whoever has the file.
    """
    zones: dict[bytes, Component] = {}
    components: list[Component] = []
    for body in bodies:
        with suppress(NotACalendar):
            for stream in parse(body):
                zones |= stream.zones
                components += stream.components
    shown = components if reveal else [_veiled(each, language) for each in components]
    properties = [
        b"METHOD:PUBLISH",
        b"X-WR-CALNAME:" + _text(name),
        b"NAME:" + _text(name),
        b"REFRESH-INTERVAL;VALUE=DURATION:PT5M",
        b"X-PUBLISHED-TTL:PT5M",
    ]
    return write(properties, [*zones.values(), *shown])


def _veiled(component: Component, language: Language) -> Component:
    """Return an entry that says no more than that there is one."""
    mark = OURS.encode()
    meeting = any(line.upper().startswith(mark) for line in component.lines)
    title = (_MEETING if meeting else _TITLE)[language]
    lines = [line for line in component.lines if not line.upper().startswith(b"SUMMARY")]
    return Component(
        name=component.name,
        lines=[lines[0], b"SUMMARY:" + _text(title), *lines[1:]],
        uid=component.uid,
        override=component.override,
        zones=component.zones,
    )


def _text(value: str) -> bytes:
    for character in ("\\", ";", ","):
        value = value.replace(character, f"\\{character}")
    return value.encode()


def _refuse(pointer: str, detail: str) -> None:
    raise Invalid(f"{pointer}: {detail}", errors=(FieldError(pointer=pointer, detail=detail),))
