"""Acting on what people did to bookings in their own calendars, by the organisation's policy.

Only the advisor's calendar speaks for a meeting. A colleague who is there as well cannot move it
or call it off for the others: they are told, and their entry is put back.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars import changes, link_store, store
from booking.calendars.accounts import PUSH
from booking.calendars.model import Change, Link
from booking.model import Booking
from kernel import outbox, work
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import SpreekuurError
from kernel.events import CalendarTrouble
from kernel.ids import Id
from kernel.tenancy import TenantSettings, get_tenant

_QUESTIONS: Final[dict[Change, str]] = {
    "moved": "booking-moved",
    "deleted": "booking-deleted",
    "resized": "booking-changed",
    "odd": "booking-changed",
}
_PUT_BACK: Final = "colleague-changed"
_WHATEVER_STANDS: Final = -1
"""The sequence of an entry that is to be written again, whatever stands there."""


async def decide(database: Database, clock: Clock, tenant: Id, booking_id: Id) -> datetime | None:
    """Apply what was done to a booking in the calendars of those who attend it, or ask about it.

    Returns:
        When to come back, if it is too early to decide.
    """
    now = clock.now()
    async with database.reading(tenant) as db:
        settings = (await get_tenant(db, tenant)).settings
        links = await link_store.of_booking(db, tenant, booking_id)
    too_early = []
    for link in links:
        if link.change is None or link.asked or link.changed_at is None:
            continue
        async with database.transaction(tenant) as db:
            booking = await changes.live_booking(db, tenant, booking_id, now=now)
            if booking is None or link.advisor_id not in booking.attendants():
                await changes.forget(db, tenant, link)
                continue
        ripe_at = link.changed_at + timedelta(minutes=settings.grace_minutes)
        if now < ripe_at:
            too_early.append(ripe_at)
        elif link.advisor_id == booking.advisor_id:
            await _decide(database, tenant, booking, link, settings, now=now)
        else:
            await _put_back(database, tenant, link, now=now)
    return min(too_early, default=None)


async def _decide(
    database: Database,
    tenant: Id,
    booking: Booking,
    link: Link,
    settings: TenantSettings,
    *,
    now: datetime,
) -> None:
    if _may_apply(booking, link, settings):
        try:
            await _apply(database, tenant, link, now=now)
        except SpreekuurError:
            pass  # that time is taken or has passed: it is the advisor who must say what now
        else:
            return
    await _ask(database, tenant, link, now=now)


def _may_apply(booking: Booking, link: Link, settings: TenantSettings) -> bool:
    if booking.session_id is not None:
        return False  # the entry stands for several customers, and only one of them would move
    if link.change == "moved":
        return settings.calendar_moved == "apply"
    return link.change == "deleted" and settings.calendar_deleted == "apply"


async def _apply(database: Database, tenant: Id, link: Link, *, now: datetime) -> None:
    async with database.transaction(tenant) as db:
        await apply(db, tenant, link, now=now)


async def apply(db: AsyncConnection, tenant: Id, link: Link, *, now: datetime) -> None:
    """Do to a booking what its advisor did to its entry.

    Raises:
        SlotTaken, SlotUnavailable, BookingOver: It cannot be at that time, or not any more.
    """
    if link.change == "moved" and link.moved_start is not None:
        booking = await service.reschedule(
            db, tenant, link.booking_id, link.moved_start, now=now, by="calendar"
        )
        # The entry stands where the booking is now, so it keeps the time closed itself.
        entry = await store.object_at(db, tenant, link.collection_id, link.href)
        await store.remove_spans(db, tenant, [entry.id] if entry else [])
        await changes.forget(db, tenant, link, sequence=booking.sequence)
    else:
        await service.cancel(db, tenant, link.booking_id, reason=None, now=now, by="calendar")
        await changes.forget(db, tenant, link, state="removed")


async def put_back(db: AsyncConnection, tenant: Id, link: Link, *, now: datetime) -> None:
    """Let a booking's entry be written again as the booking stands."""
    await changes.forget(db, tenant, link, sequence=_WHATEVER_STANDS)
    await work.enqueue(db, tenant, PUSH, link.booking_id, now=now)


async def _ask(database: Database, tenant: Id, link: Link, *, now: datetime) -> None:
    async with database.transaction(tenant) as db:
        collection = await store.collection(db, tenant, link.collection_id)
        if collection is None or link.change is None or not await _stands(db, tenant, link):
            return
        await link_store.change(db, tenant, link, asked=True)
        trouble = CalendarTrouble(
            advisor=link.advisor_id,
            account=collection.account_id,
            code=_QUESTIONS[link.change],
            booking=link.booking_id,
        )
        await outbox.record(db, tenant, trouble, now=now)


async def _stands(db: AsyncConnection, tenant: Id, link: Link) -> bool:
    """Tell whether what was done is still undecided; somebody may have been quicker."""
    now = await link_store.find(db, tenant, link.booking_id, link.advisor_id, lock=True)
    return now is not None and (now.change, now.asked) == (link.change, False)


async def _put_back(database: Database, tenant: Id, link: Link, *, now: datetime) -> None:
    async with database.transaction(tenant) as db:
        collection = await store.collection(db, tenant, link.collection_id)
        if collection is None or not await _stands(db, tenant, link):
            return
        await put_back(db, tenant, link, now=now)
        trouble = CalendarTrouble(
            advisor=link.advisor_id,
            account=collection.account_id,
            code=_PUT_BACK,
            booking=link.booking_id,
        )
        await outbox.record(db, tenant, trouble, now=now)
