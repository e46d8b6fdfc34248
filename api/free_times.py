"""Finding a time, for whoever asks: the API, a link from a mail, the command line."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.booking_desk import moment, zone_named
from api.explanation import in_public, what_helps, why_nothing, without_names
from api.wire.customer import HelpView, RefusedView, Slots, local
from api.wire.days import days_of
from booking.explaining import OPERATORS
from booking.lifecycle import display_zone
from booking.model import Help, SlotAnswer, SlotQuery
from booking.organisation import Location
from booking.values import Channel, refused
from kernel.ids import Id, require
from kernel.people import Language
from kernel.tenancy import get_tenant

LONGEST_WINDOW: Final = timedelta(days=62)


def window(start: str, end: str, timezone: str) -> tuple[datetime, datetime]:
    """Return the asked window as instants; dates are whole days in *timezone*, *end* exclusive.

    Raises:
        Invalid: No such zone, no such time, the wrong way round, or too long.
    """
    zone = zone_named(timezone, "?timezone")
    begin, finish = moment(start, zone, "?start"), moment(end, zone, "?end")
    if finish <= begin:
        raise refused("?end", "The end must lie after the start.")
    if finish - begin > LONGEST_WINDOW:
        raise refused(
            "?end",
            f"Ask for at most {LONGEST_WINDOW.days} days at a time; for more, ask again with this "
            "end as the start.",
        )
    return begin, finish


async def find_slots(
    db: AsyncConnection,
    tenant: Id,
    query: SlotQuery,
    *,
    timezone: str,
    now: datetime,
    staff: bool = False,
    language: Language | None = None,
) -> Slots:
    """Return the free starts by local day, and where that is asked for why there are no others.

    Args:
        db: The transaction; but for an explanation nothing is read beside the free times.
        tenant: The organisation.
        query: What is asked.
        timezone: The viewer's.
        now: The present instant.
        staff: The organisation's own systems ask, which may know whose reason it is.
        language: Of the explanation; None for that of the organisation.

    Raises:
        MeetingTypeUnknown, NotFound, Invalid: As for ``booking.service.slots``.
    """
    if query.customer is not None:
        require("cus", query.customer, "customer")
    answer = await booking.service.slots(db, tenant, query, now=now)
    view = slots_view(answer, timezone)
    if not query.explain:
        return view
    settings = (await get_tenant(db, tenant)).settings
    places = {place.slug: place for place in await booking.service.list_locations(db, tenant)}
    zones = {
        one: _zone_for(one, query, places, home=settings.timezone, viewer=timezone)
        for one in answer.help
    }
    language = language or settings.language
    view = msgspec.structs.replace(
        view,
        reasons=dict(answer.reasons if staff else in_public(answer.reasons)),
        help=[
            HelpView(
                change=one.change,
                value=one.value if staff else without_names(one),
                start=local(one.start, zones[one]),
            )
            for one in answer.help
        ],
        explanation=_sentences(answer, places, zones, language),
    )
    return _for_staff(view, answer) if staff else view


def slots_view(answer: SlotAnswer, timezone: str) -> Slots:
    """Show free starts by local day: that of the meeting's place, or else that of *timezone*."""
    zone = answer.timezone or timezone
    left = answer.remaining
    return Slots(
        timezone=zone,
        duration=answer.duration,
        days=days_of(answer.starts, zone),
        as_of=local(answer.as_of, zone),
        next_available=local(answer.next_available, zone) if answer.next_available else None,
        remaining=UNSET if left is None else _by_text(left, zone),
    )


def _by_text(left: Mapping[datetime, int], zone: str) -> dict[str, int]:
    starts = sorted(left)
    texts = [text for day in days_of(starts, zone).values() for text in day]
    return {text: left[start] for text, start in zip(texts, starts, strict=True)}


def _zone_for(
    one: Help, query: SlotQuery, places: Mapping[str, Location], *, home: str, viewer: str
) -> str:
    """Return where one looks at the clock for what would help."""
    channel, branch = query.channel, query.location
    if one.change == "channel":
        channel = msgspec.convert(one.value, Channel)
    if one.change == "location":
        channel, branch = "branch", one.value
    if channel is None:
        return viewer
    place = places.get(branch or "")
    return display_zone(channel, branch=place.timezone if place else None, home=home) or viewer


def _sentences(
    answer: SlotAnswer,
    places: Mapping[str, Location],
    zones: Mapping[Help, str],
    language: Language,
) -> list[str]:
    if answer.starts:
        return []

    def place(slug: str) -> str:
        return places[slug].name if slug in places else slug

    return [
        why_nothing(answer.reasons, language),
        *(
            what_helps(one, timezone=zones[one], language=language, place=place)
            for one in answer.help
        ),
    ]


def _for_staff(view: Slots, answer: SlotAnswer) -> Slots:
    return msgspec.structs.replace(
        view,
        refused=[
            RefusedView(
                start=local(one.start, view.timezone), reason=one.reason, advisors=one.advisors
            )
            for one in answer.refused
        ],
        notes={reason: OPERATORS[reason] for reason in answer.reasons},
    )
