"""Taking a time: who is free, who of them gets it, and the claim that settles it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import store
from booking.assignment import Decision, Load, decide
from booking.errors import SlotUnavailable
from booking.offer import Offer, alternatives, require_free, slot_taken
from booking.schedule import local_date
from booking.store import Holder
from kernel.ids import Id

_WEEK_IN_ANY_ZONE: Final = timedelta(days=8)


async def take(
    db: AsyncConnection,
    tenant: Id,
    offer: Offer,
    start: datetime,
    *,
    requested: Id | None,
    holder: Holder,
    now: datetime,
    asked_at: datetime | None = None,
) -> Decision:
    """Claim a start for *holder* with one of the advisors who are free then.

    Notice and window count from *asked_at*, when a hold was made, if not from now.

    Raises:
        SlotTaken: Somebody else has it.
        SlotUnavailable: It is no time that can be booked.
    """
    await _drop_expired_claims(db, tenant, offer, start, now=now)
    rules = offer.rules(now=now, asked_at=asked_at)
    free = await require_free(db, tenant, offer, start, rules=rules, now=now)
    loads = await _loads(db, tenant, offer, free, start)
    while decision := decide(loads, requested):
        if await _claim(db, tenant, offer, decision.advisor, start, holder=holder, now=now):
            return decision
        # Somebody took this one between our look and our claim; the next may still be free.
        loads = [load for load in loads if load.advisor != decision.advisor]
    raise await slot_taken(db, tenant, offer, start, now=now)


async def take_as_it_is(
    db: AsyncConnection, tenant: Id, offer: Offer, start: datetime, *, holder: Holder, now: datetime
) -> None:
    """Claim a start that the advisor has chosen, on or off the grid, in or out of hours.

    Raises:
        SlotTaken: Another meeting has it.
        SlotUnavailable: It has passed.
    """
    if start < now:
        others = await alternatives(db, tenant, offer, start, now=now)
        raise SlotUnavailable(reason="past", alternatives=others)
    await _drop_expired_claims(db, tenant, offer, start, now=now)
    advisor = offer.members[0].advisor.id
    if not await _claim(db, tenant, offer, advisor, start, holder=holder, now=now):
        raise await slot_taken(db, tenant, offer, start, now=now)


async def _drop_expired_claims(
    db: AsyncConnection, tenant: Id, offer: Offer, start: datetime, *, now: datetime
) -> None:
    await store.drop_expired_claims(
        db,
        tenant,
        offer.suitable,
        start=start - offer.before,
        end=start + offer.after,
        now=now,
    )


async def _claim(
    db: AsyncConnection,
    tenant: Id,
    offer: Offer,
    advisor: Id,
    start: datetime,
    *,
    holder: Holder,
    now: datetime,
) -> bool:
    return await store.claim(
        db,
        tenant,
        [advisor],
        start=start - offer.before,
        end=start + offer.after,
        holder=holder,
        now=now,
    )


async def _loads(
    db: AsyncConnection, tenant: Id, offer: Offer, free: Sequence[Id], start: datetime
) -> list[Load]:
    meetings = await store.meetings_between(
        db, tenant, free, start=start - _WEEK_IN_ANY_ZONE, end=start + _WEEK_IN_ANY_ZONE
    )
    loads = []
    for advisor in free:
        zone = offer.member(advisor).advisor.timezone
        day = local_date(zone, start)
        days = [local_date(zone, begin) for whose, begin in meetings if whose == advisor]
        loads.append(
            Load(
                advisor=advisor,
                day=days.count(day),
                week=sum(_week(other) == _week(day) for other in days),
            )
        )
    return loads


def _week(day: date) -> date:
    """Return the Monday of a date's week."""
    return day - timedelta(days=day.weekday())
