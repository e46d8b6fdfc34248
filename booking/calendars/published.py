"""Keeping bookings within the hours that advisors publish in their own calendars (RFC 7953).

They stand at the server, as a property, or as objects among the entries. All that one account says
is weighed together, by priority, and what follows is stored as times at which its owner cannot be
booked. Hours that cannot be read change nothing: the times known before stay, and it is told.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars import published_store, store
from booking.calendars.availability import (
    MOST,
    AvailabilityUnreadable,
    availabilities_in,
    unavailable,
)
from booking.calendars.model import AvailabilityState, StoredObject
from booking.expansion import Expansion, horizon_at
from booking.hours import WeeklyRange
from kernel.busy import BusyPolicy
from kernel.ids import Id
from kernel.spans import Span
from kernel.tenancy import get_tenant


class PublishedHours(Struct, frozen=True, kw_only=True):
    """What an advisor publishes in an account about when they can be booked.

    Attributes:
        state: What has become of it.
        timezone: The zone of the weekly hours.
        weekly: The same as a schedule has it, where it is nothing but hours that come back every
            week; else None.
        unavailable: When they cannot be booked because of it.
    """

    state: AvailabilityState
    timezone: str
    weekly: list[WeeklyRange] | None
    unavailable: list[Span]


def speaks(expansions: Iterable[Expansion], known: Iterable[StoredObject]) -> bool:
    """Tell whether objects that changed, or are gone, say or said when somebody can be booked."""
    found = (each.availability for found in (expansions, known) for each in found)
    return any(found)


async def renew(
    db: AsyncConnection,
    tenant: Id,
    account_id: Id,
    *,
    advisor: Id,
    timezone: str,
    policy: BusyPolicy,
    horizon: Span,
) -> None:
    """Work out anew when an account's owner cannot be booked by what they publish in it."""
    bodies = await published_store.bodies(db, tenant, account_id, lock=True)
    state: AvailabilityState = "none"
    closed: list[Span] = []
    if bodies and not policy.outside_availability:
        state = "off"
    elif bodies:
        try:
            # Rules are work for the processor; it must not hold up other requests.
            closed = await asyncio.to_thread(_closed, bodies, timezone, policy, horizon)
        except AvailabilityUnreadable:
            await published_store.note_state(db, tenant, account_id, "unreadable")
            return
        state = "kept"
    await published_store.replace_spans(db, tenant, account_id, closed, advisor=advisor)
    await published_store.note_state(db, tenant, account_id, state)


def _closed(
    bodies: Sequence[bytes], timezone: str, policy: BusyPolicy, horizon: Span
) -> list[Span]:
    if sum(body.count(b"BEGIN:AVAILABLE") for body in bodies) > MOST:
        raise AvailabilityUnreadable("too many in all")
    found = (availabilities_in(body, zone=timezone, horizon=horizon) for body in bodies)
    return unavailable([each for said in found for each in said], policy)


async def renew_for(db: AsyncConnection, tenant: Id, account_id: Id, *, now: datetime) -> None:
    """Do the same for whoever the account belongs to, over the usual time."""
    account = await store.account(db, tenant, account_id)
    if account is None:
        return
    advisor = await service.get_advisor(db, tenant, account.advisor_id)
    await renew(
        db,
        tenant,
        account_id,
        advisor=advisor.id,
        timezone=advisor.timezone,
        policy=(await get_tenant(db, tenant)).settings.busy_policy,
        horizon=horizon_at(now),
    )


async def shown(
    db: AsyncConnection, tenant: Id, account_id: Id, *, now: datetime
) -> PublishedHours:
    """Return what an advisor publishes in an account, as people can look at it."""
    account = await store.account(db, tenant, account_id)
    assert account is not None  # noqa: S101  # whoever asks has looked
    advisor = await service.get_advisor(db, tenant, account.advisor_id)
    bodies = await published_store.bodies(db, tenant, account_id)
    weekly: list[WeeklyRange] | None = None
    if len(bodies) == 1:
        with suppress(AvailabilityUnreadable):
            found = await asyncio.to_thread(
                availabilities_in, bodies[0], zone=advisor.timezone, horizon=horizon_at(now)
            )
            weekly = found[0].weekly if len(found) == 1 else None
    return PublishedHours(
        state=account.availability_state,
        timezone=advisor.timezone,
        weekly=weekly,
        unavailable=await published_store.spans(db, tenant, account_id, after=now),
    )
