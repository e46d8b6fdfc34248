"""The statements of what an advisor has to decide about, and of entries that cannot be read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.model import Link, Troubled
from booking.calendars.tables import busy_spans, calendar_objects, event_links
from kernel.database import convert_row
from kernel.ids import Id


async def asked(
    db: AsyncConnection, tenant: Id, *, advisor: Id | None = None, booking: Id | None = None
) -> list[Link]:
    """Return the links about which their owner was asked and has not answered, by booking."""
    query = select(event_links).where(
        event_links.c.tenant_id == tenant,
        event_links.c.state != "removed",
        event_links.c.change.is_not(None),
        event_links.c.asked.is_(True),
    )
    if advisor is not None:
        query = query.where(event_links.c.advisor_id == advisor)
    if booking is not None:
        query = query.where(event_links.c.booking_id == booking)
    rows = await db.execute(query.order_by(event_links.c.booking_id, event_links.c.advisor_id))
    return [convert_row(row, Link) for row in rows]


async def troubled(
    db: AsyncConnection, tenant: Id, collections: Sequence[Id], *, now: datetime, limit: int
) -> list[Troubled]:
    """Return entries of which not everything could be understood, and when they next close time."""
    objects = (
        await db.execute(
            select(
                calendar_objects.c.id, calendar_objects.c.collection_id, calendar_objects.c.problem
            )
            .where(
                calendar_objects.c.tenant_id == tenant,
                calendar_objects.c.collection_id.in_(collections),
                calendar_objects.c.problem.is_not(None),
            )
            .order_by(calendar_objects.c.id)
            .limit(limit)
        )
    ).all()
    spans = await db.execute(
        select(busy_spans.c.object_id, busy_spans.c.starts_at, busy_spans.c.ends_at)
        .where(
            busy_spans.c.tenant_id == tenant,
            busy_spans.c.object_id.in_([row.id for row in objects]),
            busy_spans.c.ends_at > now,
        )
        .order_by(busy_spans.c.starts_at.desc(), busy_spans.c.ends_at.desc())
    )
    first = {row.object_id: (row.starts_at, row.ends_at) for row in spans}
    return [
        Troubled(
            collection_id=row.collection_id,
            problem=row.problem,
            start=first[row.id][0] if row.id in first else None,
            end=first[row.id][1] if row.id in first else None,
        )
        for row in objects
    ]
