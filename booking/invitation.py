"""Invitations and calendar entries as bytes (RFC 5545, RFC 5546); pure.

Times are UTC, which every program reads alike. A change of time or a cancellation carries a higher
SEQUENCE, so that late mail cannot undo it (RFC 5546, 2.1.4).
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final, Literal

from icalendar import Calendar, Event, vCalAddress, vUri

PRODUCT: Final = "-//Spreekuur//Spreekuur//EN"
OURS: Final = "X-SPREEKUUR-BOOKING"
"""The property by which we know an entry that we wrote, beside its UID."""

_ADDRESS: Final = re.compile(r"[^\s@\"<>,;:\\()\[\]]+@[^\s@\"<>,;:\\()\[\]]+")
_TOKEN: Final = re.compile(r"[\w.@-]{1,255}", re.ASCII)


def invitation(
    *,
    method: Literal["REQUEST", "CANCEL"],
    uid: str,
    sequence: int,
    start: datetime,
    end: datetime,
    summary: str,
    description: str,
    location: str,
    organizer_name: str,
    organizer_email: str,
    attendee_name: str,
    attendee_email: str,
    stamp: datetime,
    url: str | None,
) -> bytes:
    """Return the text/calendar part of a mail that invites a customer, or takes that back.

    The *method* belongs into the part's content type as well. *stamp* is when this message is
    made: of two messages with one SEQUENCE the later counts.

    Raises:
        ValueError: A text has control characters, or an address is none.
    """
    event = _event(uid, sequence, start, end, summary, description, location, stamp, url)
    event.add("STATUS", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    organizer = _person(organizer_name, organizer_email)
    event.add("ORGANIZER", organizer)
    attendee = _person(attendee_name, attendee_email)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"
    attendee.params["RSVP"] = "TRUE" if method == "REQUEST" else "FALSE"
    event.add("ATTENDEE", attendee)
    return _calendar(event, method)


def calendar_event(
    *,
    booking: str,
    uid: str,
    sequence: int,
    start: datetime,
    end: datetime,
    summary: str,
    description: str,
    location: str,
    stamp: datetime,
    url: str | None,
    tentative: bool = False,
) -> bytes:
    """Return a booking as an entry for its advisor's own calendar.

    It names neither organiser nor guest, so that no server sends mail about it.

    Raises:
        ValueError: A text has control characters.
    """
    event = _event(uid, sequence, start, end, summary, description, location, stamp, url)
    event.add("STATUS", "TENTATIVE" if tentative else "CONFIRMED")
    event.add(OURS, _token(booking))
    return _calendar(event, None)


def _event(
    uid: str,
    sequence: int,
    start: datetime,
    end: datetime,
    summary: str,
    description: str,
    location: str,
    stamp: datetime,
    url: str | None,
) -> Event:
    event = Event()
    event.add("UID", _token(uid))
    event.add("SEQUENCE", sequence)
    event.add("DTSTAMP", _utc(stamp))
    event.add("DTSTART", _utc(start))
    event.add("DTEND", _utc(end))
    event.add("SUMMARY", _line(summary))
    if description:
        event.add("DESCRIPTION", "\n".join(_line(part) for part in description.splitlines()))
    if location:
        event.add("LOCATION", _line(location))
    if url:
        event.add("URL", vUri(_url(url)))
    event.add("TRANSP", "OPAQUE")
    return event


def _calendar(event: Event, method: str | None) -> bytes:
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    if method:
        calendar.add("METHOD", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))


def _person(name: str, email: str) -> vCalAddress:
    if not _ADDRESS.fullmatch(_line(email)):
        raise ValueError("not an e-mail address")
    person = vCalAddress(f"mailto:{email}")
    # A quotation mark cannot stand in a parameter (RFC 5545, 3.2).
    person.params["CN"] = _line(name).replace('"', "'")
    return person


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return instant.astimezone(UTC).replace(microsecond=0)


def _line(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise ValueError("control characters cannot stand in an invitation")
    return text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("not an identifier")
    return text


def _url(text: str) -> str:
    if not text.isascii() or any(character in ' "<>' for character in _line(text)):
        raise ValueError("not a URL")
    return text
