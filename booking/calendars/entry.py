"""How a booking looks in its advisor's own calendar; pure.

Others may see that calendar, so unless the organisation decides otherwise the entry tells no more
than that there is an appointment, and where its advisor reads what it is about.
"""

from datetime import datetime
from typing import Final

from booking.invitation import calendar_event
from booking.model import Booking
from booking.organisation import MeetingType
from kernel.tenancy import TenantSettings

_TITLE: Final = {"nl": "Afspraak, zie Spreekuur", "en": "Appointment, see Spreekuur"}
_PREPARATION: Final = {"nl": "Voorbereiding", "en": "Preparation"}


def entry_for(
    booking: Booking,
    meeting: MeetingType,
    settings: TenantSettings,
    *,
    location: str,
    public_url: str,
    now: datetime,
) -> bytes:
    """Return the entry that should stand in the advisor's calendar."""
    language = settings.language
    name = _plain(meeting.name.get(language) or next(iter(meeting.name.values()), meeting.slug))
    link = f"{public_url.rstrip('/')}/console/bookings/{booking.id}"
    return calendar_event(
        booking=booking.id,
        uid=booking.uid,
        sequence=booking.sequence,
        start=booking.start,
        end=booking.end,
        summary=f"{name} ({booking.id})" if settings.reveal_in_calendar else _TITLE[language],
        description=f"{_PREPARATION[language]}: {link}",
        location=_plain(location),
        stamp=now,
        url=None,
        tentative=booking.state == "requested",
    )


def _plain(text: str) -> str:
    """Return a name without line breaks and the like, which a calendar would not take."""
    return "".join(character for character in text if character.isprintable())
