"""Acting on what advisors did to bookings in their own calendars, by the organisation's policy."""

from datetime import datetime, timedelta
from typing import Final

from booking import service
from booking.calendars import changes, store
from booking.calendars.model import Change, Link
from kernel import outbox
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


async def decide(database: Database, clock: Clock, tenant: Id, booking_id: Id) -> datetime | None:
    """Apply what the advisor did, or ask them about it.

    Returns:
        When to come back, if it is too early to decide.
    """
    now = clock.now()
    async with database.transaction(tenant) as db:
        link = await store.link(db, tenant, booking_id)
        if link is None or link.change is None or link.asked or link.changed_at is None:
            return None
        if await changes.live_booking(db, tenant, booking_id, now=now) is None:
            await changes.forget(db, tenant, booking_id)
            return None
        settings = (await get_tenant(db, tenant)).settings
    ripe_at = link.changed_at + timedelta(minutes=settings.grace_minutes)
    if now < ripe_at:
        return ripe_at
    if _may_apply(link, settings):
        try:
            await _apply(database, tenant, link, now=now)
        except SpreekuurError:
            pass  # that time is taken or has passed: it is the advisor who must say what now
        else:
            return None
    await _ask(database, tenant, link, now=now)
    return None


def _may_apply(link: Link, settings: TenantSettings) -> bool:
    if link.change == "moved":
        return settings.calendar_moved == "apply"
    return link.change == "deleted" and settings.calendar_deleted == "apply"


async def _apply(database: Database, tenant: Id, link: Link, *, now: datetime) -> None:
    async with database.transaction(tenant) as db:
        if link.change == "moved" and link.moved_start is not None:
            booking = await service.reschedule(
                db, tenant, link.booking_id, link.moved_start, now=now, by="calendar"
            )
            # The entry stands where the booking is now, so it keeps the time closed itself.
            entry = await store.object_at(db, tenant, link.collection_id, link.href)
            await store.remove_spans(db, tenant, [entry.id] if entry else [])
            await changes.forget(db, tenant, link.booking_id, sequence=booking.sequence)
        else:
            await service.cancel(db, tenant, link.booking_id, reason=None, now=now, by="calendar")
            await changes.forget(db, tenant, link.booking_id, state="removed")


async def _ask(database: Database, tenant: Id, link: Link, *, now: datetime) -> None:
    async with database.transaction(tenant) as db:
        collection = await store.collection(db, tenant, link.collection_id)
        booking = await service.get_booking(db, tenant, link.booking_id)
        if collection is None or link.change is None:
            return
        await store.change_link(db, tenant, link.booking_id, asked=True)
        trouble = CalendarTrouble(
            advisor=booking.advisor_id,
            account=collection.account_id,
            code=_QUESTIONS[link.change],
            booking=booking.id,
        )
        await outbox.record(db, tenant, trouble, now=now)
