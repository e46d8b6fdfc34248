"""What people did to bookings in their own calendars: noticed here, decided on later."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars import link_store, store
from booking.calendars.model import Link, StoredObject
from booking.model import Booking
from booking.reconcile import Seen, judge, look
from kernel import work
from kernel.errors import NotFound
from kernel.ids import Id
from kernel.spans import Span
from kernel.tenancy import get_tenant

DECIDE: Final = "calendar.decide"
INTERRUPTED: Final = timedelta(minutes=1)
"""After how long a decision that could be taken at once is taken by whoever comes next."""

LIVE: Final = frozenset({"requested", "confirmed"})


class Entry(Struct, frozen=True, kw_only=True):
    """An object with a booking's UID, as the server has it."""

    collection_id: Id
    href: str
    body: bytes


async def seen(
    db: AsyncConnection, tenant: Id, link: Link, entry: Entry, *, now: datetime
) -> tuple[bool, bool]:
    """Take note of how a booking's entry stands.

    Returns:
        Whether its times keep the advisor busy like anybody's (a copy, or one that stands
        elsewhere than the booking), and whether a decision may be taken at once.
    """
    here = (link.collection_id, link.href) == (entry.collection_id, entry.href)
    if not here:
        if link.change != "deleted":
            return True, False  # a copy; the linked entry still stands
        await link_store.change(
            db,
            tenant,
            link,
            collection_id=entry.collection_id,
            href=entry.href,
            etag=None,
        )
    booking = await live_booking(db, tenant, link.booking_id, now=now)
    if booking is None:
        return False, False
    found = look(entry.body)
    verdict = judge(base=link.base_ics, seen=found, booked=Span(booking.start, booking.end))
    if verdict in {"in-step", "behind"}:
        if link.change is not None:
            await forget(db, tenant, link)
        return False, False
    act = await _notice(db, tenant, link, verdict, found, now=now)
    return verdict != "deleted", act


async def vanished(
    db: AsyncConnection, tenant: Id, was: StoredObject, *, advisor: Id, now: datetime
) -> bool:
    """Take note that a booking's entry is no longer where it was; tell whether to decide at once.

    The same UID in another of the advisor's calendars is a move there, not a deletion.
    """
    if was.booking_id is None:
        return False
    link = await link_store.find(db, tenant, was.booking_id, advisor)
    if link is None or link.state != "written":
        return False
    if (link.collection_id, link.href) != (was.collection_id, was.href):
        return False
    if await live_booking(db, tenant, link.booking_id, now=now) is None:
        return False
    for other in await store.objects_with_uid(db, tenant, link.uid, advisor=advisor):
        if other.raw is not None:
            entry = Entry(
                collection_id=other.collection_id,
                href=other.href,
                body=other.raw,
            )
            elsewhere = structs.replace(link, change="deleted")
            blocks, act = await seen(db, tenant, elsewhere, entry, now=now)
            if not blocks:
                await store.remove_spans(db, tenant, [other.id])
            return act
    return await _notice(db, tenant, link, "deleted", None, now=now)


async def missed(db: AsyncConnection, tenant: Id, link: Link, *, now: datetime) -> None:
    """Take note that a booking's entry was not there when we came to change it."""
    if await _notice(db, tenant, link, "deleted", None, now=now):
        await work.enqueue(db, tenant, DECIDE, link.booking_id, now=now)


async def forget(db: AsyncConnection, tenant: Id, link: Link, **more: object) -> None:
    """Drop what was noticed: it has been decided, or undone by the advisor."""
    await link_store.change(
        db,
        tenant,
        link,
        change=None,
        changed_at=None,
        moved_start=None,
        moved_end=None,
        asked=False,
        **more,
    )


async def live_booking(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, now: datetime
) -> Booking | None:
    """Return a booking that is still to take place."""
    try:
        booking = await service.get_booking(db, tenant, booking_id)
    except NotFound:
        return None
    return booking if booking.state in LIVE and booking.start > now else None


async def _notice(
    db: AsyncConnection,
    tenant: Id,
    link: Link,
    verdict: str,
    what: Seen | None,
    *,
    now: datetime,
) -> bool:
    span = what.span if what else None
    start, end = (span.start, span.end) if span else (None, None)
    known = (link.change, link.moved_start, link.moved_end) == (verdict, start, end)
    settings = (await get_tenant(db, tenant)).settings
    if not known:
        await link_store.change(
            db,
            tenant,
            link,
            change=verdict,
            changed_at=now,
            moved_start=start,
            moved_end=end,
            asked=False,
        )
    elif link.asked:
        return False
    due_at = now + max(timedelta(minutes=settings.grace_minutes), INTERRUPTED)
    await work.enqueue(db, tenant, DECIDE, link.booking_id, now=now, due_at=due_at)
    return settings.grace_minutes == 0
