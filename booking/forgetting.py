"""What this room does when a customer is erased: meetings stay, what was said about them goes.

A meeting that was names its customer by an id that leads to nobody any more. Whoever calls opens
the transaction and commits it.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import forgetting_store as store
from booking.changing import cancel
from kernel.ids import Id


async def meetings_ahead(
    db: AsyncConnection, tenant: Id, customer: Id, *, now: datetime
) -> list[Id]:
    """Return the meetings of a customer that are still to come, or under way."""
    return await store.live_bookings_of(db, tenant, customer, since=now)


async def cancel_ahead(
    db: AsyncConnection, tenant: Id, customer: Id, *, now: datetime, by: str
) -> int:
    """Call off what a customer has not begun yet, and return how many meetings that was.

    Raises:
        BookingOver: One of them is under way.
    """
    ahead = await store.live_bookings_of(db, tenant, customer, since=now)
    for meeting in ahead:
        await cancel(db, tenant, meeting, reason=None, now=now, by=by)
    return len(ahead)


async def forget(db: AsyncConnection, tenant: Id, customer: Id) -> dict[str, int]:
    """Remove what was said or noted about a customer's meetings; return how much of what."""
    return {
        "answers_to_invitations": await store.remove_participation(db, tenant, customer),
        "bookings_kept": await store.count_bookings(db, tenant, customer),
        "calendar_notes": await store.remove_calendar_notes(db, tenant, customer),
        "reasons": await store.remove_reasons(db, tenant, customer),
    }
