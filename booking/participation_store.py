"""The statements of what customers answered to invitations, one a function."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.answering import Participation
from booking.tables import bookings, participations
from kernel.database import convert_row, dialect_of
from kernel.ids import Id


async def participations_of(
    db: AsyncConnection, tenant: Id, bookings: Sequence[Id]
) -> list[Participation]:
    """Return what was last answered to the invitations of these bookings, by booking and id."""
    rows = await db.execute(
        select(participations)
        .where(participations.c.tenant_id == tenant, participations.c.booking_id.in_(bookings))
        .order_by(participations.c.booking_id, participations.c.customer_id)
    )
    return [convert_row(row, Participation) for row in rows]


async def proposed_to(db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime) -> list[Id]:
    """Return this advisor's meetings ahead for which another time was proposed, by id."""
    rows = await db.execute(
        select(bookings.c.id)
        .distinct()
        .join(
            participations,
            and_(
                participations.c.tenant_id == bookings.c.tenant_id,
                participations.c.booking_id == bookings.c.id,
                participations.c.generation == bookings.c.generation,
            ),
        )
        .where(
            bookings.c.tenant_id == tenant,
            bookings.c.advisor_id == advisor,
            bookings.c.starts_at > now,
            bookings.c.state.in_(["requested", "confirmed"]),
            participations.c.proposed_start.is_not(None),
        )
        .order_by(bookings.c.id)
    )
    return [row.id for row in rows]


async def drop_proposals(
    db: AsyncConnection, tenant: Id, booking: Id, *, start: datetime | None = None
) -> int:
    """Forget which other times were proposed for a booking, or this one; tell of how many."""
    query = update(participations).where(
        participations.c.tenant_id == tenant,
        participations.c.booking_id == booking,
        participations.c.proposed_start.is_not(None),
    )
    if start is not None:
        query = query.where(participations.c.proposed_start == start)
    dropped = await db.execute(query.values(proposed_start=None, proposed_end=None))
    return dropped.rowcount


async def keep_newer(db: AsyncConnection, tenant: Id, given: Participation) -> bool:
    """Write down an answer unless one that is as new stands already; tell whether it was."""
    values = {name: getattr(given, name) for name in Participation.__struct_fields__}
    new = dialect_of(db).insert(participations).values(tenant_id=tenant, **values)
    table = participations.c
    row = await db.execute(
        new.on_conflict_do_update(
            index_elements=["tenant_id", "booking_id", "customer_id"],
            set_={name: new.excluded[name] for name in values},
            where=or_(
                table.sequence < new.excluded.sequence,
                and_(
                    table.sequence == new.excluded.sequence,
                    table.answered_at < new.excluded.answered_at,
                ),
            ),
        ).returning(participations.c.booking_id)
    )
    return row.one_or_none() is not None
