"""Whose calendars to look into once more before a time is taken.

Calendars are read about once a minute. What was written into one since then is seen if it is read
again just before the booking, which is done for those who would get the meeting and nobody else.
"""

from collections.abc import Hashable
from datetime import datetime
from typing import Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import claim_store
from booking.kept import Kept
from booking.looking import at, look
from booking.model import Booking, BookingInput
from booking.offer import offer_of, offer_to_move
from booking.schedule import epoch, from_epoch
from booking.sight import Sight
from booking.taking import team_for
from kernel.ids import Id, require, to_text

_READ: Final = Kept[datetime](4096)
"""Since when all calendars behind what was asked for are known to have been read."""


def read_since(tenant: Id, data: BookingInput, since: datetime) -> bool:
    """Tell whether, as was seen before, all calendars that matter were read since then.

    Calendars are only ever read later than that, and one that is new is read when it is connected;
    so nobody in a crowd need ask the database again.
    """
    key = _key(tenant, data)
    return data.hold is None and key in _READ and _READ[key] >= since


def _key(tenant: Id, data: BookingInput) -> Hashable:
    return (tenant, data.meeting_type, data.channel, data.location, data.advisor, data.spoken)


async def unread(
    db: AsyncConnection,
    tenant: Id,
    data: BookingInput,
    *,
    since: datetime,
    now: datetime,
) -> list[Id]:
    """Return who would be there, if a calendar was last read before *since*.

    Of a pool that is whoever the meeting would be given to if it were booked now.

    Raises:
        MeetingTypeUnknown, NotFound, Invalid: As for ``slots``.
    """
    if data.hold is not None:
        held = await claim_store.find_hold(db, tenant, require("hld", data.hold, "hold"))
        if held is None:
            return []
        data = structs.replace(data, start=held.starts_at, advisor=held.advisor_id)

    seen = await look(
        db,
        tenant,
        lambda setup: structs.replace(offer_of(setup, data), apart_from=data.hold),
        at(data.start),
        now=now,
    )
    oldest = seen.taken.least_fresh
    if data.hold is None:
        _READ.keep(_key(tenant, data), now if oldest is None else from_epoch(oldest))
    if oldest is None or oldest >= epoch(since):
        return []
    chosen = await look(db, tenant, lambda _: seen.offer, at(data.start), now=now, fairness=True)
    team = team_for(chosen, data.start, requested=data.advisor)
    return _read_before(chosen, since, team.attendants()) if team else []


async def unread_of(
    db: AsyncConnection, tenant: Id, booking: Booking, *, since: datetime, now: datetime
) -> list[Id]:
    """Return who attends a booking that is to move, if a calendar was last read before *since*."""
    seen = await look(
        db,
        tenant,
        lambda setup: offer_to_move(setup, booking, advisor=booking.advisor_id),
        at(booking.start),
        now=now,
        fairness=True,
    )
    return _read_before(seen, since, booking.attendants())


def _read_before(seen: Sight, since: datetime, people: list[Id]) -> list[Id]:
    read_at = {to_text("adv", uuid): second for uuid, second in seen.taken.read_at.items()}
    return [one for one in people if one in read_at and (read_at[one] or 0) < epoch(since)]
