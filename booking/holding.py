"""Holds: a time kept for one customer while they fill in the form."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import store
from booking.assignment import Decision
from booking.errors import HoldExpired, SlotTaken, SlotUnavailable
from booking.model import BookingInput, Hold, HoldInput
from booking.offer import Offer, find_offer
from booking.store import Holder, HoldRecord
from booking.taking import take
from kernel.errors import FieldError, Invalid, NotFound
from kernel.ids import Id, new_id, require
from kernel.tenancy import get_tenant

GRACE: Final = timedelta(minutes=10)
"""How long after its end a hold may still be used, if nobody else has its time by then."""


async def hold(db: AsyncConnection, tenant: Id, data: HoldInput, *, now: datetime) -> Hold:
    """Keep a start closed to others for a while, with one of the advisors who are free then.

    Raises:
        SlotTaken: Somebody else has it.
        SlotUnavailable: It is no time that can be booked.
        MeetingTypeUnknown, NotFound, Invalid: As for ``slots``.
    """
    settings = (await get_tenant(db, tenant)).settings
    offer = await find_offer(db, tenant, data)
    expires_at = now + timedelta(minutes=settings.hold_minutes)
    hold_id = new_id("hld", now)
    decision = await take(
        db,
        tenant,
        offer,
        data.start,
        requested=data.advisor,
        holder=Holder(hold_id=hold_id, expires_at=expires_at),
        now=now,
    )
    record = HoldRecord(
        id=hold_id,
        meeting_type_id=offer.meeting_type.id,
        advisor_id=decision.advisor,
        channel=data.channel,
        location=data.location,
        starts_at=data.start,
        ends_at=data.start + timedelta(minutes=offer.minutes),
        created_at=now,
        expires_at=expires_at,
        assignment=decision,
    )
    await store.drop_holds_expired_before(db, tenant, now - GRACE)
    await store.insert_hold(db, tenant, record)
    return Hold(
        id=hold_id,
        advisor_id=record.advisor_id,
        meeting_type_id=record.meeting_type_id,
        start=record.starts_at,
        end=record.ends_at,
        expires_at=expires_at,
    )


async def release(db: AsyncConnection, tenant: Id, hold_id: Id, *, now: datetime) -> None:
    """Give up a hold.

    Raises:
        NotFound: There is none with this id, or it has been used or given up already.
    """
    if await store.take_hold(db, tenant, require("hld", hold_id, "hold")) is None:
        raise NotFound("There is no hold with this id; it may have been used or have ended.")
    await store.drop_claims_of_hold(db, tenant, hold_id)


async def use_hold(db: AsyncConnection, tenant: Id, hold_id: Id, *, now: datetime) -> HoldRecord:
    """Turn a hold in: what it takes is free again for the rest of this transaction only.

    Raises:
        HoldExpired: It ended too long ago, or has been used or given up.
    """
    held = await store.take_hold(db, tenant, require("hld", hold_id, "hold"))
    if held is None or held.expires_at + GRACE <= now:
        raise HoldExpired
    await store.drop_claims_of_hold(db, tenant, hold_id)
    return held


def require_same(held: HoldRecord, data: BookingInput, offer: Offer) -> None:
    """Refuse a hold that was made for something else than what is to be booked.

    Raises:
        Invalid: It was.
    """
    promised = (held.meeting_type_id, held.starts_at, held.ends_at, held.channel, held.location)
    end = data.start + timedelta(minutes=offer.minutes)
    wanted = (offer.meeting_type.id, data.start, end, data.channel, data.location)
    if promised != wanted or held.advisor_id != data.advisor:
        sentence = "This hold is for another meeting; hold the time that is to be booked."
        raise Invalid(sentence, errors=(FieldError(pointer="/hold", detail=sentence),))


async def take_held(
    db: AsyncConnection,
    tenant: Id,
    offer: Offer,
    held: HoldRecord,
    *,
    holder: Holder,
    now: datetime,
) -> Decision:
    """Claim the time that was held, under the notice that was kept when the hold was made.

    Raises:
        HoldExpired: The hold has ended and its time is gone.
        SlotTaken, SlotUnavailable: The hold stands, but the advisor's own calendar has come
            between.
    """
    try:
        await take(
            db,
            tenant,
            offer,
            held.starts_at,
            requested=held.advisor_id,
            holder=holder,
            now=now,
            asked_at=held.created_at,
        )
    except (SlotTaken, SlotUnavailable) as refusal:
        if held.expires_at <= now:
            raise HoldExpired from refusal
        raise
    return held.assignment
