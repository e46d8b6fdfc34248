"""The statements of forgetting a customer."""

from datetime import datetime

from msgspec import structs
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.tables import calendar_objects
from booking.tables import booking_steps, bookings, participations
from kernel.ids import Id


async def live_bookings_of(
    db: AsyncConnection, tenant: Id, customer: Id, *, since: datetime
) -> list[Id]:
    """Return a customer's bookings that stand and have not ended, by id."""
    rows = await db.scalars(
        select(bookings.c.id)
        .where(
            bookings.c.tenant_id == tenant,
            bookings.c.customer_id == customer,
            bookings.c.state.in_(("requested", "confirmed")),
            bookings.c.ends_at > since,
        )
        .order_by(bookings.c.id)
    )
    return list(rows)


async def count_bookings(db: AsyncConnection, tenant: Id, customer: Id) -> int:
    """Return how many bookings a customer has or had."""
    return (
        await db.scalar(
            select(func.count()).where(
                bookings.c.tenant_id == tenant, bookings.c.customer_id == customer
            )
        )
        or 0
    )


async def remove_reasons(db: AsyncConnection, tenant: Id, customer: Id) -> int:
    """Remove why meetings were called off, from what they are and from their history."""
    said = (
        await db.scalars(
            select(bookings.c.id).where(
                bookings.c.tenant_id == tenant,
                bookings.c.customer_id == customer,
                bookings.c.reason.is_not(None),
            )
        )
    ).all()
    if not said:
        return 0
    steps = await db.execute(
        select(booking_steps).where(
            booking_steps.c.tenant_id == tenant, booking_steps.c.booking_id.in_(said)
        )
    )
    for step in steps.all():
        if step.booking.reason is not None:
            await db.execute(
                update(booking_steps)
                .where(
                    booking_steps.c.tenant_id == tenant,
                    booking_steps.c.booking_id == step.booking_id,
                    booking_steps.c.revision == step.revision,
                )
                .values(booking=structs.replace(step.booking, reason=None))
            )
    await db.execute(
        update(bookings)
        .where(bookings.c.tenant_id == tenant, bookings.c.id.in_(said))
        .values(reason=None)
    )
    return len(said)


async def remove_calendar_notes(db: AsyncConnection, tenant: Id, customer: Id) -> int:
    """Remove our copies of the entries of a customer's meetings, on which advisors make notes."""
    theirs = select(bookings.c.id).where(
        bookings.c.tenant_id == tenant, bookings.c.customer_id == customer
    )
    removed = await db.execute(
        update(calendar_objects)
        .where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.booking_id.in_(theirs),
            calendar_objects.c.raw.is_not(None),
        )
        .values(raw=None)
    )
    return removed.rowcount


async def remove_participation(db: AsyncConnection, tenant: Id, customer: Id) -> int:
    """Remove what a customer answered to invitations."""
    removed = await db.execute(
        delete(participations).where(
            participations.c.tenant_id == tenant, participations.c.customer_id == customer
        )
    )
    return removed.rowcount
