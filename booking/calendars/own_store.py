"""The statements of calendars that we keep ourselves."""

from typing import Any

from msgspec import Struct
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.tables import own_calendars, own_objects
from kernel.database import convert_row, dialect_of
from kernel.ids import Id


class OwnCalendar(Struct, frozen=True, kw_only=True):
    """A calendar that we keep, by its account."""

    account_id: Id
    advisor_id: Id
    counter: int
    generation: int


class OwnObject(Struct, frozen=True, kw_only=True):
    """What stands in it at one place; gone when it has no body."""

    href: str
    etag: str | None
    body: bytes | None


async def add(db: AsyncConnection, tenant: Id, account_id: Id, *, advisor: Id) -> None:
    """Store a new, empty calendar."""
    await db.execute(
        insert(own_calendars).values(
            tenant_id=tenant, account_id=account_id, advisor_id=advisor, counter=0, generation=0
        )
    )


async def calendar(db: AsyncConnection, tenant: Id, account_id: Id) -> OwnCalendar | None:
    """Return a calendar."""
    row = (
        await db.execute(
            select(own_calendars).where(
                own_calendars.c.tenant_id == tenant, own_calendars.c.account_id == account_id
            )
        )
    ).one_or_none()
    return None if row is None else convert_row(row, OwnCalendar)


async def next_change(db: AsyncConnection, tenant: Id, account_id: Id) -> int | None:
    """Count one more change, and return its number.

    Until the transaction ends nobody else changes anything in this calendar.
    """
    return await db.scalar(
        update(own_calendars)
        .where(own_calendars.c.tenant_id == tenant, own_calendars.c.account_id == account_id)
        .values(counter=own_calendars.c.counter + 1)
        .returning(own_calendars.c.counter)
    )


async def next_generation(db: AsyncConnection, tenant: Id, account_id: Id) -> int | None:
    """End every link to the calendar's feed, and return the generation of the next."""
    return await db.scalar(
        update(own_calendars)
        .where(own_calendars.c.tenant_id == tenant, own_calendars.c.account_id == account_id)
        .values(generation=own_calendars.c.generation + 1)
        .returning(own_calendars.c.generation)
    )


async def objects(db: AsyncConnection, tenant: Id, account_id: Id) -> list[OwnObject]:
    """Return everything that stands in a calendar."""
    rows = await db.execute(
        select(own_objects)
        .where(
            own_objects.c.tenant_id == tenant,
            own_objects.c.account_id == account_id,
            own_objects.c.body.is_not(None),
        )
        .order_by(own_objects.c.href)
    )
    return [convert_row(row, OwnObject) for row in rows]


async def count(db: AsyncConnection, tenant: Id, account_id: Id) -> int:
    """Count what stands in a calendar."""
    found = await db.scalar(
        select(func.count()).where(
            own_objects.c.tenant_id == tenant,
            own_objects.c.account_id == account_id,
            own_objects.c.body.is_not(None),
        )
    )
    return found or 0


async def object_at(db: AsyncConnection, tenant: Id, account_id: Id, href: str) -> OwnObject | None:
    """Return what stands at one place in a calendar."""
    row = (
        await db.execute(
            select(own_objects).where(
                own_objects.c.tenant_id == tenant,
                own_objects.c.account_id == account_id,
                own_objects.c.href == href,
                own_objects.c.body.is_not(None),
            )
        )
    ).one_or_none()
    return None if row is None else convert_row(row, OwnObject)


async def changed_since(
    db: AsyncConnection, tenant: Id, account_id: Id, *, after: int, until: int
) -> list[OwnObject]:
    """Return what was last changed after one change and not after another."""
    rows = await db.execute(
        select(own_objects)
        .where(
            own_objects.c.tenant_id == tenant,
            own_objects.c.account_id == account_id,
            own_objects.c.changed > after,
            own_objects.c.changed <= until,
        )
        .order_by(own_objects.c.changed)
    )
    return [convert_row(row, OwnObject) for row in rows]


async def keep(
    db: AsyncConnection,
    tenant: Id,
    account_id: Id,
    href: str,
    *,
    etag: str | None,
    body: bytes | None,
    changed: int,
) -> None:
    """Store what stands at a place from now on; without a body, that nothing does."""
    values: dict[str, Any] = {"etag": etag, "body": body, "changed": changed}
    place = {"tenant_id": tenant, "account_id": account_id, "href": href}
    await db.execute(
        dialect_of(db)
        .insert(own_objects)
        .values(**place, **values)
        .on_conflict_do_update(index_elements=list(place), set_=values)
    )
