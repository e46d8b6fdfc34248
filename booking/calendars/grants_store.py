"""The statements of what accounts' tokens are renewed by."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.tables import calendar_accounts, calendar_grants
from kernel.database import convert_row
from kernel.ids import Id


class StoredGrant(Struct, frozen=True, kw_only=True):
    """A grant as it is stored, and the account's present token; both are sealed."""

    sealed: bytes
    ended_at: datetime | None
    lease: str | None
    password: bytes


async def grant(db: AsyncConnection, tenant: Id, account_id: Id) -> StoredGrant | None:
    """Return what an account's token is renewed by, if it is."""
    row: Any = (
        await db.execute(
            select(
                calendar_grants.c.sealed,
                calendar_grants.c.ended_at,
                calendar_grants.c.lease,
                calendar_accounts.c.password,
            )
            .join(
                calendar_accounts,
                (calendar_accounts.c.tenant_id == calendar_grants.c.tenant_id)
                & (calendar_accounts.c.id == calendar_grants.c.account_id),
            )
            .where(
                calendar_grants.c.tenant_id == tenant,
                calendar_grants.c.account_id == account_id,
            )
        )
    ).one_or_none()
    return None if row is None else convert_row(row, StoredGrant)


async def put(db: AsyncConnection, tenant: Id, account_id: Id, sealed: bytes | None) -> None:
    """Store what an account's token is renewed by; None means nothing. Whoever renews it stops."""
    await db.execute(
        delete(calendar_grants).where(
            calendar_grants.c.tenant_id == tenant, calendar_grants.c.account_id == account_id
        )
    )
    if sealed is not None:
        await db.execute(
            insert(calendar_grants).values(tenant_id=tenant, account_id=account_id, sealed=sealed)
        )


async def take(
    db: AsyncConnection, tenant: Id, account_id: Id, lease: str, *, now: datetime, until: datetime
) -> bool:
    """Take the lease if nobody has it; tell whether that went well."""
    taken = await db.execute(
        update(calendar_grants)
        .where(
            calendar_grants.c.tenant_id == tenant,
            calendar_grants.c.account_id == account_id,
            or_(calendar_grants.c.lease.is_(None), calendar_grants.c.leased_until <= now),
        )
        .values(lease=lease, leased_until=until)
    )
    return taken.rowcount == 1


async def give_back(
    db: AsyncConnection, tenant: Id, account_id: Id, lease: str, **values: Any
) -> bool:
    """Store new values and let go of the lease; tell whether it was still held."""
    given = await db.execute(
        update(calendar_grants)
        .where(
            calendar_grants.c.tenant_id == tenant,
            calendar_grants.c.account_id == account_id,
            calendar_grants.c.lease == lease,
        )
        .values(lease=None, leased_until=None, **values)
    )
    return given.rowcount == 1
