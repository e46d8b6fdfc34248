"""The statements of erasing customers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from context.erasure import LegalHold, Receipt
from context.tables import (
    brief_views,
    consents,
    customers,
    erasures,
    facts,
    intakes,
    legal_holds,
)
from kernel.database import convert_row
from kernel.ids import Id


async def add_hold(db: AsyncConnection, tenant: Id, hold: LegalHold) -> None:
    """Store a reason to keep what is known of a customer."""
    await db.execute(
        insert(legal_holds).values(
            tenant_id=tenant,
            id=hold.id,
            customer=hold.customer,
            reason=hold.reason,
            until=hold.until,
            placed_by=hold.placed_by,
            placed_at=hold.placed_at,
        )
    )


async def holds_of(db: AsyncConnection, tenant: Id, customer: Id) -> list[LegalHold]:
    """Return every such reason there ever was for a customer, oldest first."""
    rows = await db.execute(
        select(legal_holds)
        .where(legal_holds.c.tenant_id == tenant, legal_holds.c.customer == customer)
        .order_by(legal_holds.c.id)
    )
    return [convert_row(row, LegalHold) for row in rows]


async def lift_hold(
    db: AsyncConnection, tenant: Id, customer: Id, hold: Id, *, now: datetime
) -> bool:
    """Note that a reason no longer holds; false if there is no such one that does."""
    result = await db.execute(
        update(legal_holds)
        .where(
            legal_holds.c.tenant_id == tenant,
            legal_holds.c.id == hold,
            legal_holds.c.customer == customer,
            legal_holds.c.lifted_at.is_(None),
        )
        .values(lifted_at=now)
    )
    return bool(result.rowcount)


async def remove_all(db: AsyncConnection, tenant: Id, customer: Id) -> dict[str, int]:
    """Remove what is known of a customer; return how much of what that was.

    What they agreed to and when stays, under an id that leads to nobody: it proves that what was
    done rested on their word.
    """
    counts = {}
    for name, table in (("facts", facts), ("intakes", intakes), ("brief_views", brief_views)):
        removed = await db.execute(
            delete(table).where(table.c.tenant_id == tenant, table.c.customer_id == customer)
        )
        counts[name] = removed.rowcount
    kept = select(func.count()).where(
        consents.c.tenant_id == tenant, consents.c.customer_id == customer
    )
    counts["consents_kept"] = await db.scalar(kept) or 0
    await db.execute(
        update(customers)
        .where(customers.c.tenant_id == tenant, customers.c.id == customer)
        .values(
            identity=None,
            language=None,
            formality=None,
            # Nobody is recognised by these, and nobody else has them.
            email_key=customer,
            surname_key=customer,
            phone_key=None,
        )
    )
    return counts


async def add_receipt(db: AsyncConnection, tenant: Id, receipt: Receipt, *, signature: str) -> None:
    """Store that a customer was erased."""
    await db.execute(
        insert(erasures).values(
            tenant_id=tenant,
            id=receipt.id,
            customer=receipt.customer,
            asked_by=receipt.asked_by,
            erased_at=receipt.erased_at,
            counts=receipt.counts,
            key=receipt.key,
            signature=signature,
        )
    )


async def receipts(
    db: AsyncConnection, tenant: Id, *, customer: Id | None = None
) -> Sequence[tuple[Receipt, str]]:
    """Return the receipts of one customer or of all, oldest first, each with its signature."""
    query = select(erasures).where(erasures.c.tenant_id == tenant)
    if customer is not None:
        query = query.where(erasures.c.customer == customer)
    rows = await db.execute(query.order_by(erasures.c.id))
    return [(convert_row(row, Receipt), row.signature) for row in rows]


async def is_left(db: AsyncConnection, tenant: Id, customer: Id) -> bool:
    """Tell whether anything is left of a customer that should not be."""
    for table in (facts, intakes, brief_views):
        found = await db.scalar(
            select(func.count()).where(table.c.tenant_id == tenant, table.c.customer_id == customer)
        )
        if found:
            return True
    identity = await db.scalar(
        select(customers.c.identity).where(
            customers.c.tenant_id == tenant, customers.c.id == customer
        )
    )
    return identity is not None
