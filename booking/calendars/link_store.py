"""The statements of where bookings stand in the calendars of those who attend them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.model import Link
from booking.calendars.store import chunks
from booking.calendars.tables import calendar_collections, event_links
from booking.tables import bookings, seats
from kernel.database import convert_row
from kernel.ids import Id


async def of_booking(db: AsyncConnection, tenant: Id, booking_id: Id) -> list[Link]:
    """Return where a booking stands, or stood, in the calendars of those who attend it."""
    rows = await db.execute(
        select(event_links)
        .where(event_links.c.tenant_id == tenant, event_links.c.booking_id == booking_id)
        .order_by(event_links.c.advisor_id)
    )
    return [convert_row(row, Link) for row in rows]


async def find(
    db: AsyncConnection, tenant: Id, booking_id: Id, advisor: Id, *, lock: bool = False
) -> Link | None:
    """Return where a booking stands in this advisor's calendar; *lock* as for a collection."""
    query = select(event_links).where(
        event_links.c.tenant_id == tenant,
        event_links.c.booking_id == booking_id,
        event_links.c.advisor_id == advisor,
    )
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else convert_row(row, Link)


async def with_uids(
    db: AsyncConnection, tenant: Id, uids: Iterable[str], *, advisor: Id
) -> dict[str, Link]:
    """Return the live links with these UIDs into calendars of the advisor."""
    found: dict[str, Link] = {}
    for chunk in chunks(uids):
        rows = await db.execute(
            select(event_links).where(
                event_links.c.tenant_id == tenant,
                event_links.c.uid.in_(chunk),
                event_links.c.advisor_id == advisor,
                event_links.c.state != "removed",
            )
        )
        found |= {row.uid: convert_row(row, Link) for row in rows}
    return found


async def of_account(db: AsyncConnection, tenant: Id, account_id: Id) -> list[Link]:
    """Return the bookings that stand, or are to stand, in this account's calendars."""
    rows = await db.execute(
        select(event_links)
        .join(
            calendar_collections,
            (calendar_collections.c.tenant_id == event_links.c.tenant_id)
            & (calendar_collections.c.id == event_links.c.collection_id),
        )
        .where(
            event_links.c.tenant_id == tenant,
            event_links.c.state != "removed",
            calendar_collections.c.account_id == account_id,
        )
        .order_by(event_links.c.booking_id)
    )
    return [convert_row(row, Link) for row in rows]


async def waiting(db: AsyncConnection, tenant: Id, account_id: Id) -> list[Id]:
    """Return the bookings that could not be brought in line with this account's calendars."""
    rows = await db.execute(
        select(event_links.c.booking_id)
        .distinct()
        .join(
            calendar_collections,
            (calendar_collections.c.tenant_id == event_links.c.tenant_id)
            & (calendar_collections.c.id == event_links.c.collection_id),
        )
        .where(
            event_links.c.tenant_id == tenant,
            event_links.c.failures > 0,
            calendar_collections.c.account_id == account_id,
        )
    )
    return [row.booking_id for row in rows]


async def stands_beside(db: AsyncConnection, tenant: Id, link: Link, *, url: str) -> bool:
    """Tell whether somebody else who attends has the booking in the same calendar, at *url*."""
    found = await db.scalar(
        select(event_links.c.advisor_id)
        .join(
            calendar_collections,
            (calendar_collections.c.tenant_id == event_links.c.tenant_id)
            & (calendar_collections.c.id == event_links.c.collection_id),
        )
        .where(
            event_links.c.tenant_id == tenant,
            event_links.c.booking_id == link.booking_id,
            event_links.c.advisor_id != link.advisor_id,
            event_links.c.state != "removed",
            calendar_collections.c.url == url,
        )
        .limit(1)
    )
    return found is not None


async def session_entries(db: AsyncConnection, tenant: Id, session_id: Id) -> dict[Id, int]:
    """Return a session's bookings that stand, oldest first, and how many entries each has."""
    rows = await db.execute(
        select(bookings.c.id, func.count(event_links.c.advisor_id))
        .join(
            seats,
            (seats.c.tenant_id == bookings.c.tenant_id) & (seats.c.booking_id == bookings.c.id),
        )
        .outerjoin(
            event_links,
            (event_links.c.tenant_id == bookings.c.tenant_id)
            & (event_links.c.booking_id == bookings.c.id)
            & (event_links.c.state != "removed"),
        )
        .where(
            bookings.c.tenant_id == tenant,
            bookings.c.state != "cancelled",
            seats.c.tenant_id == tenant,
            seats.c.session_id == session_id,
        )
        .group_by(bookings.c.id)
        .order_by(bookings.c.id)
    )
    return {row[0]: row[1] for row in rows}


async def add(db: AsyncConnection, tenant: Id, link: Link) -> None:
    """Store where a booking is going to stand."""
    await db.execute(
        insert(event_links).values(
            tenant_id=tenant,
            **{name: getattr(link, name) for name in link.__struct_fields__},
        )
    )


async def change(db: AsyncConnection, tenant: Id, link: Link, **values: Any) -> None:
    """Store new values of a link."""
    await db.execute(
        update(event_links)
        .where(
            event_links.c.tenant_id == tenant,
            event_links.c.booking_id == link.booking_id,
            event_links.c.advisor_id == link.advisor_id,
        )
        .values(**values)
    )


async def remove(db: AsyncConnection, tenant: Id, link: Link) -> None:
    """Forget where a booking stood."""
    await db.execute(
        delete(event_links).where(
            event_links.c.tenant_id == tenant,
            event_links.c.booking_id == link.booking_id,
            event_links.c.advisor_id == link.advisor_id,
        )
    )
