"""What a customer has chosen so far on the booking page, as its address or its form says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.booking_desk import zone_named
from api.pages.choosing import Address, instant
from api.pages.frame import Reader
from api.wire.customer import LocationView, MeetingTypeView, meeting_type_view
from booking.organisation import MeetingType
from booking.values import Channel
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


class Choice(Struct, frozen=True, kw_only=True):
    """One of several lengths or languages, and where it is chosen."""

    name: str
    url: str
    chosen: bool


class Wish(Struct, frozen=True, kw_only=True):
    """What has been chosen so far.

    Attributes:
        ways: Every way to meet, with where it is chosen.
        way: The chosen one; where there is only one, that one.
        minutes: How long the meeting takes.
        lengths: Every length, where there are several.
        spoken: The language to be spoken in the meeting; none for no matter what.
        languages: Every such language, where not all who give the meeting speak all of them.
        timezone: Whose clock the page shows.
        address: Of the page with these choices, without the time.
    """

    kind: MeetingType
    shown: MeetingTypeView
    ways: list[Way]
    way: Way | None
    minutes: int
    lengths: list[Choice]
    spoken: str | None
    languages: list[Choice]
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
    lengths = kind.lengths()
    asked = values.get("duration", "")
    minutes = int(asked) if asked in map(str, lengths) else kind.duration
    known = await _languages(db, found, kind)
    spoken = values.get("spoken") if values.get("spoken") in known else None
    base = Address(
        path=f"/book/{found.slug}/{slug}",
        chosen={
            **language,
            "duration": str(minutes) if minutes != kind.duration else "",
            "spoken": spoken or "",
        },
    )
    ways = _ways(shown, base)
    way = _chosen_way(ways, values)
    timezone = _timezone(way, found, values.get("timezone"))
    chosen = dict(base.chosen)
    if way is not None:
        chosen["channel"] = way.channel
        chosen["location"] = way.location.slug if way.location else ""
        chosen["timezone"] = timezone if timezone != found.settings.timezone else ""
    address = Address(path=base.path, chosen=chosen)
    return Wish(
        kind=kind,
        shown=shown,
        ways=ways,
        way=way,
        minutes=minutes,
        lengths=_length_choices(address, kind, minutes),
        spoken=spoken,
        languages=_language_choices(address, known, spoken, reader.language),
        timezone=timezone,
        start=instant(values.get("start")),
        address=address,
    )


def asked_of_desk(wish: Wish, way: Way) -> dict[str, Any]:
    """Return what was chosen, in the words of the booking desk."""
    return {
        "meeting_type": wish.kind.slug,
        "start": wish.start,
        "timezone": wish.timezone,
        "channel": way.channel,
        "location": way.location.slug if way.location else None,
        "duration": wish.minutes,
        "language": wish.spoken,
    }


async def _languages(db: AsyncConnection, found: Tenant, kind: MeetingType) -> list[str]:
    """Return the languages to choose from; none where that makes no difference."""
    advisors = await booking.service.list_advisors(db, found.id)
    speak = [set(advisor.languages) for advisor in advisors if advisor.id in kind.advisors]
    every = set().union(*speak)
    return [] if all(one == every for one in speak) else sorted(every)


def _length_choices(address: Address, kind: MeetingType, minutes: int) -> list[Choice]:
    lengths = kind.lengths()
    if len(lengths) == 1:
        return []
    return [
        Choice(
            name=str(one),
            url=address.link(duration=str(one) if one != kind.duration else None),
            chosen=one == minutes,
        )
        for one in lengths
    ]


def _language_choices(
    address: Address, known: list[str], spoken: str | None, reader: Language
) -> list[Choice]:
    return [
        Choice(name=_named(one, reader), url=address.link(spoken=one), chosen=one == spoken)
        for one in known
    ]


def _named(language: str, reader: Language) -> str:
    """Return a language by its name, or by its tag where that is all we know."""
    try:
        name = Locale.parse(language, sep="-").get_display_name(reader)
    except (UnknownLocaleError, ValueError):
        name = None
    return name.capitalize() if name else language


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
