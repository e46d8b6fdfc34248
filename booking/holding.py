"""Holds: a time kept for one customer while they fill in the form."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import claim_store as store
from booking import seating
from booking.claim_store import Holder, HoldRecord
from booking.errors import HoldExpired, SlotTaken, SlotUnavailable
from booking.model import BookingInput, Hold, HoldInput
from booking.offer import Offer, offer_of
from booking.snapshot import Setup
from booking.taking import Place, take
from booking.values import refused
from kernel.errors import NotFound
from kernel.ids import Id, new_id, require
from kernel.tenancy import get_tenant

GRACE: Final = timedelta(minutes=10)
"""How long after its end a hold may still be used, if nobody else has its time by then."""


async def hold(db: AsyncConnection, tenant: Id, data: HoldInput, *, now: datetime) -> Hold:
    """Keep a start closed to others for a while, with one of the advisors who are free then.

    Only what one meeting needs is taken: others who give it stay free at that time.

    Raises:
        SlotTaken: Somebody else has it.
        SlotUnavailable: It is no time that can be booked.
        MeetingTypeUnknown, NotFound, Invalid: As for ``slots``.
    """
    settings = (await get_tenant(db, tenant)).settings
    expires_at = now + timedelta(minutes=settings.hold_minutes)
    hold_id = new_id("hld", now)
    place = await take(
        db,
        tenant,
        lambda setup: offer_of(setup, data),
        data.start,
        requested=data.advisor,
        holder=Holder(hold_id=hold_id, expires_at=expires_at),
        now=now,
    )
    record = HoldRecord(
        id=hold_id,
        meeting_type_id=place.offer.kind.id,
        wish=data,
        starts_at=data.start,
        ends_at=data.start + timedelta(minutes=place.offer.minutes),
        session_id=place.session_id,
        resources=place.team.resources,
        created_at=now,
        expires_at=expires_at,
        assignment=place.decisions,
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
    held = await store.take_hold(db, tenant, require("hld", hold_id, "hold"))
    if held is None:
        raise NotFound("There is no hold with this id; it may have been used or have ended.")
    await _give_back(db, tenant, held, now=now)


async def use_hold(db: AsyncConnection, tenant: Id, hold_id: Id, *, now: datetime) -> HoldRecord:
    """Turn a hold in: what it takes is free again for the rest of this transaction only.

    Raises:
        HoldExpired: It ended too long ago, or has been used or given up.
    """
    held = await store.take_hold(db, tenant, require("hld", hold_id, "hold"))
    if held is None or held.expires_at + GRACE <= now:
        raise HoldExpired
    await _give_back(db, tenant, held, now=now)
    return held


async def _give_back(db: AsyncConnection, tenant: Id, held: HoldRecord, *, now: datetime) -> None:
    if held.session_id is None:
        await store.drop_claims_of_hold(db, tenant, held.id)
    else:
        await seating.stand_up(db, tenant, held.session_id, hold=held.id, now=now)


async def take_held(
    db: AsyncConnection,
    tenant: Id,
    data: BookingInput,
    held: HoldRecord,
    *,
    customer: Id,
    holder: Holder,
    now: datetime,
) -> Place:
    """Claim the time that was held, under the notice that was kept when the hold was made.

    Raises:
        Invalid: The hold was made for something else than what is to be booked.
        HoldExpired: The hold has ended and its time is gone.
        SlotTaken, SlotUnavailable: The hold stands, but the advisor's own calendar has come
            between.
    """
    wanted = structs.replace(
        data,
        advisor=data.advisor or held.advisor_id,
        spoken=data.spoken or held.wish.language,
        waive=sorted({*data.waive, *held.wish.waive}),
    )

    def ask(setup: Setup) -> Offer:
        offer = structs.replace(offer_of(setup, wanted), customer=customer)
        _require_same(held, wanted, offer)
        return offer

    try:
        place = await take(
            db,
            tenant,
            ask,
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
    # Why it is this advisor was decided when the time was held.
    lead = held.assignment[0]
    if lead.advisor != place.team.advisor_id:
        return place
    return structs.replace(place, decisions=[lead, *place.decisions[1:]])


def _require_same(held: HoldRecord, data: BookingInput, offer: Offer) -> None:
    promised = (
        held.meeting_type_id,
        held.starts_at,
        held.ends_at,
        held.wish.channel,
        held.wish.location,
        held.advisor_id,
    )
    end = data.start + timedelta(minutes=offer.minutes)
    wanted = (offer.kind.id, data.start, end, data.channel, data.location, data.advisor)
    if promised != wanted:
        raise refused("/hold", "This hold is for another meeting; hold the time to be booked.")
