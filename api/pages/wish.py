"""What a customer has chosen so far on the booking page, as its address or its form says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.booking_desk import zone_named
from api.pages.choosing import Address, instant
from api.pages.frame import Reader
from api.wire.customer import LocationView, MeetingTypeView, meeting_type_view
from booking.model import Channel, MeetingType
from kernel.errors import Invalid
from kernel.people import Language
from kernel.tenancy import Tenant

ZONES: Final = (
    "Europe/Amsterdam",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Athens",
    "Europe/Istanbul",
    "Africa/Casablanca",
    "America/Curacao",
    "America/Paramaribo",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Dubai",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)
"""What is offered to who is abroad; any other zone can stand in the address."""


class Way(Struct, frozen=True, kw_only=True):
    """One way to meet: a channel, and the branch where that is one."""

    channel: Channel
    location: LocationView | None
    url: str


class Wish(Struct, frozen=True, kw_only=True):
    """What has been chosen so far.

    Attributes:
        ways: Every way to meet, with where it is chosen.
        way: The chosen one; where there is only one, that one.
        timezone: Whose clock the page shows.
        address: Of the page with these choices, without the time.
    """

    kind: MeetingType
    shown: MeetingTypeView
    ways: list[Way]
    way: Way | None
    timezone: str
    start: datetime | None
    address: Address


async def read_wish(
    db: AsyncConnection,
    reader: Reader,
    slug: str,
    values: Mapping[str, str],
    language: Mapping[str, str],
) -> Wish:
    """Read what was chosen; what does not exist (any more) counts as not chosen.

    Args:
        db: A transaction on behalf of the organisation.
        reader: Who looks.
        slug: The kind of meeting.
        values: Of the address, or of the form.
        language: What every link of the page has to carry for the reader's language.

    Raises:
        MeetingTypeUnknown: There is no such kind of meeting.
    """
    found = reader.organisation
    kind = await booking.service.get_meeting_type(db, found.id, slug)
    places = await booking.service.list_locations(db, found.id)
    shown = meeting_type_view(kind, places, language=reader.language, phone=found.settings.phone)
    base = Address(path=f"/book/{found.slug}/{slug}", chosen=dict(language))
    ways = _ways(shown, base)
    way = _chosen_way(ways, values)
    timezone = _timezone(way, found, values.get("timezone"))
    chosen = dict(language)
    if way is not None:
        chosen["channel"] = way.channel
        chosen["location"] = way.location.slug if way.location else ""
        chosen["timezone"] = timezone if timezone != found.settings.timezone else ""
    return Wish(
        kind=kind,
        shown=shown,
        ways=ways,
        way=way,
        timezone=timezone,
        start=instant(values.get("start")),
        address=Address(path=base.path, chosen=chosen),
    )


def asked_of_desk(wish: Wish, way: Way, language: Language) -> dict[str, Any]:
    """Return what was chosen, in the words of the booking desk."""
    return {
        "meeting_type": wish.kind.slug,
        "start": wish.start,
        "timezone": wish.timezone,
        "channel": way.channel,
        "location": way.location.slug if way.location else None,
        "language": language,
    }


def _ways(shown: MeetingTypeView, base: Address) -> list[Way]:
    ways: list[Way] = []
    for channel in shown.channels:
        places = shown.locations if channel == "branch" else [None]
        ways += [
            Way(
                channel=channel,
                location=place,
                url=base.link(channel=channel, location=place.slug if place else None),
            )
            for place in places
        ]
    return ways


def _chosen_way(ways: list[Way], values: Mapping[str, str]) -> Way | None:
    if len(ways) == 1:
        return ways[0]
    for way in ways:
        here = way.location is None or way.location.slug == values.get("location")
        if here and way.channel == values.get("channel"):
            return way
    return None


def _timezone(way: Way | None, found: Tenant, asked: str | None) -> str:
    """Return whose days are shown: the branch's, the house's, or for video the customer's."""
    if way is not None and way.location is not None:
        return way.location.timezone
    if way is not None and way.channel == "video" and asked:
        try:
            return zone_named(asked, "?timezone").key
        except Invalid:
            pass
    return found.settings.timezone
