"""The statements of the hours that advisors publish in their calendars."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.tables import (
    calendar_accounts,
    calendar_collections,
    calendar_objects,
    unavailable_spans,
)
from kernel.ids import Id
from kernel.spans import Span

MOST: Final = 20
"""How many objects of one account are weighed against each other."""


async def bodies(
    db: AsyncConnection, tenant: Id, account_id: Id, *, lock: bool = False
) -> list[bytes]:
    """Return all that an account says of when its owner can be booked, the server's word first.

    With *lock* nobody else changes what follows from it until the transaction ends; a calendar of
    the account is locked before that, never after.
    """
    query = select(calendar_accounts.c.availability).where(
        calendar_accounts.c.tenant_id == tenant, calendar_accounts.c.id == account_id
    )
    own = await db.scalar(query.with_for_update() if lock else query)
    rows = await db.execute(
        select(calendar_objects.c.availability)
        .join(
            calendar_collections,
            (calendar_collections.c.tenant_id == calendar_objects.c.tenant_id)
            & (calendar_collections.c.id == calendar_objects.c.collection_id),
        )
        .where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.availability.is_not(None),
            calendar_collections.c.account_id == account_id,
        )
        .order_by(calendar_objects.c.id)
        .limit(MOST)
    )
    found = [own, *(row.availability for row in rows)]
    return [body for body in found if body]


async def spans(db: AsyncConnection, tenant: Id, account_id: Id, *, after: datetime) -> list[Span]:
    """Return when an account's owner cannot be booked by what they publish."""
    rows = await db.execute(
        select(unavailable_spans.c.starts_at, unavailable_spans.c.ends_at)
        .where(
            unavailable_spans.c.tenant_id == tenant,
            unavailable_spans.c.account_id == account_id,
            unavailable_spans.c.ends_at > after,
        )
        .order_by(unavailable_spans.c.starts_at)
    )
    return [Span(row.starts_at, row.ends_at) for row in rows]


async def replace_spans(
    db: AsyncConnection, tenant: Id, account_id: Id, found: Iterable[Span], *, advisor: Id
) -> None:
    """Store anew when an account's owner cannot be booked."""
    await db.execute(
        delete(unavailable_spans).where(
            unavailable_spans.c.tenant_id == tenant, unavailable_spans.c.account_id == account_id
        )
    )
    rows = [
        {
            "tenant_id": tenant,
            "account_id": account_id,
            "advisor_id": advisor,
            "starts_at": span.start,
            "ends_at": span.end,
        }
        for span in found
    ]
    if rows:
        await db.execute(insert(unavailable_spans), rows)


async def note_state(db: AsyncConnection, tenant: Id, account_id: Id, state: str) -> None:
    """Store what has become of what an account says, if that is something else."""
    await db.execute(
        update(calendar_accounts)
        .where(
            calendar_accounts.c.tenant_id == tenant,
            calendar_accounts.c.id == account_id,
            calendar_accounts.c.availability_state != state,
        )
        .values(availability_state=state)
    )
