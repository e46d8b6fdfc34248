"""The statements of what customers answered to invitations, one a function."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.answering import Participation
from booking.tables import participations
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
