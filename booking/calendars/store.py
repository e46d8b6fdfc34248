"""The statements of advisors' calendars."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.model import Link, StoredAccount, StoredCollection, StoredObject
from booking.calendars.tables import (
    busy_spans,
    calendar_accounts,
    calendar_collections,
    calendar_objects,
    event_links,
)
from booking.tables import bookings, seats
from kernel.database import convert_row
from kernel.ids import Id

CHUNK = 500
"""Values in one IN list; databases limit how many a statement may carry."""

# --- accounts ------------------------------------------------------------------------------------


async def add_account(
    db: AsyncConnection, tenant: Id, account: StoredAccount, *, now: datetime
) -> None:
    """Store a new account."""
    values = {name: getattr(account, name) for name in account.__struct_fields__}
    values |= {"tenant_id": tenant, "created_at": now}
    await db.execute(insert(calendar_accounts).values(**values))


async def account(db: AsyncConnection, tenant: Id, account_id: Id) -> StoredAccount | None:
    """Return the account with this id."""
    row = (
        await db.execute(
            select(calendar_accounts).where(
                calendar_accounts.c.tenant_id == tenant, calendar_accounts.c.id == account_id
            )
        )
    ).one_or_none()
    return None if row is None else convert_row(row, StoredAccount)


async def accounts(
    db: AsyncConnection, tenant: Id, *, advisor: Id | None = None
) -> list[StoredAccount]:
    """Return the accounts of one advisor, or of all, oldest first."""
    query = select(calendar_accounts).where(calendar_accounts.c.tenant_id == tenant)
    if advisor is not None:
        query = query.where(calendar_accounts.c.advisor_id == advisor)
    rows = await db.execute(query.order_by(calendar_accounts.c.id))
    return [convert_row(row, StoredAccount) for row in rows]


async def change_account(db: AsyncConnection, tenant: Id, account_id: Id, **values: Any) -> None:
    """Store new values of an account."""
    await db.execute(
        update(calendar_accounts)
        .where(calendar_accounts.c.tenant_id == tenant, calendar_accounts.c.id == account_id)
        .values(**values)
    )


async def remove_account(db: AsyncConnection, tenant: Id, account_id: Id) -> None:
    """Forget an account with all that was known of its calendars."""
    await db.execute(
        delete(calendar_accounts).where(
            calendar_accounts.c.tenant_id == tenant, calendar_accounts.c.id == account_id
        )
    )


# --- collections ---------------------------------------------------------------------------------


async def add_collection(db: AsyncConnection, tenant: Id, collection: StoredCollection) -> None:
    """Store a new collection."""
    await db.execute(
        insert(calendar_collections).values(
            tenant_id=tenant,
            **{name: getattr(collection, name) for name in collection.__struct_fields__},
        )
    )


async def collections(
    db: AsyncConnection, tenant: Id, account_ids: Sequence[Id]
) -> list[StoredCollection]:
    """Return the collections of these accounts, in the order in which they were found."""
    rows = await db.execute(
        select(calendar_collections)
        .where(
            calendar_collections.c.tenant_id == tenant,
            calendar_collections.c.account_id.in_(account_ids),
        )
        .order_by(calendar_collections.c.id)
    )
    return [convert_row(row, StoredCollection) for row in rows]


async def collection(
    db: AsyncConnection, tenant: Id, collection_id: Id, *, lock: bool = False
) -> StoredCollection | None:
    """Return one collection; with *lock* nobody else changes it until the transaction ends."""
    query = select(calendar_collections).where(
        calendar_collections.c.tenant_id == tenant, calendar_collections.c.id == collection_id
    )
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else convert_row(row, StoredCollection)


async def change_collection(
    db: AsyncConnection, tenant: Id, collection_id: Id, **values: Any
) -> None:
    """Store new values of a collection, and raise its revision."""
    await db.execute(
        update(calendar_collections)
        .where(
            calendar_collections.c.tenant_id == tenant,
            calendar_collections.c.id == collection_id,
        )
        .values(revision=calendar_collections.c.revision + 1, **values)
    )


async def forget_reading(db: AsyncConnection, tenant: Id, collection_id: Id) -> None:
    """Forget how far a collection has been read, so that it is read from the start."""
    await db.execute(
        update(calendar_collections)
        .where(
            calendar_collections.c.tenant_id == tenant,
            calendar_collections.c.id == collection_id,
        )
        .values(
            sync_token=None,
            ctag=None,
            listed_at=None,
            last_ok_at=None,
            doubted_since=None,
            problem=None,
        )
    )


async def target_of(db: AsyncConnection, tenant: Id, advisor: Id) -> StoredCollection | None:
    """Return the calendar into which this advisor's bookings are written."""
    row = (
        await db.execute(
            select(calendar_collections)
            .join(
                calendar_accounts,
                (calendar_accounts.c.tenant_id == calendar_collections.c.tenant_id)
                & (calendar_accounts.c.id == calendar_collections.c.account_id),
            )
            .where(
                calendar_collections.c.tenant_id == tenant,
                calendar_collections.c.role == "target",
                calendar_accounts.c.advisor_id == advisor,
            )
            .order_by(calendar_collections.c.id)
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else convert_row(row, StoredCollection)


async def object_counts(
    db: AsyncConnection, tenant: Id, collection_ids: Sequence[Id]
) -> dict[Id, tuple[int, int]]:
    """Return for each collection how many objects it holds, and how many of them are troubled."""
    troubled = func.sum(case((calendar_objects.c.problem.is_not(None), 1), else_=0))
    rows = await db.execute(
        select(calendar_objects.c.collection_id, func.count(), troubled)
        .where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id.in_(collection_ids),
        )
        .group_by(calendar_objects.c.collection_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def span_counts(
    db: AsyncConnection, tenant: Id, collection_ids: Sequence[Id]
) -> dict[Id, int]:
    """Return for each collection how many busy spans follow from it."""
    rows = await db.execute(
        select(busy_spans.c.collection_id, func.count())
        .where(busy_spans.c.tenant_id == tenant, busy_spans.c.collection_id.in_(collection_ids))
        .group_by(busy_spans.c.collection_id)
    )
    return {row[0]: row[1] for row in rows}


# --- objects and their spans ---------------------------------------------------------------------


async def objects(db: AsyncConnection, tenant: Id, collection_id: Id) -> list[StoredObject]:
    """Return everything we know to be in a collection."""
    rows = await db.execute(
        select(calendar_objects).where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id == collection_id,
        )
    )
    return [convert_row(row, StoredObject) for row in rows]


async def objects_at(
    db: AsyncConnection, tenant: Id, collection_id: Id, hrefs: Iterable[str]
) -> list[StoredObject]:
    """Return what we know to stand at these places in a collection."""
    found: list[StoredObject] = []
    for chunk in _chunks(hrefs):
        rows = await db.execute(
            select(calendar_objects).where(
                calendar_objects.c.tenant_id == tenant,
                calendar_objects.c.collection_id == collection_id,
                calendar_objects.c.href.in_(chunk),
            )
        )
        found += [convert_row(row, StoredObject) for row in rows]
    return found


async def stale_hrefs(
    db: AsyncConnection, tenant: Id, collection_id: Id, *, before: datetime
) -> list[str]:
    """Return where objects stand that go on, and were worked out no further than *before*."""
    rows = await db.execute(
        select(calendar_objects.c.href).where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id == collection_id,
            calendar_objects.c.expanded_until < before,
        )
    )
    return [row.href for row in rows]


async def object_count(db: AsyncConnection, tenant: Id, collection_id: Id) -> int:
    """Return how many objects we know to be in a collection."""
    count = await db.scalar(
        select(func.count())
        .select_from(calendar_objects)
        .where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id == collection_id,
        )
    )
    return count or 0


async def object_at(
    db: AsyncConnection, tenant: Id, collection_id: Id, href: str
) -> StoredObject | None:
    """Return what we know to stand at one place in a collection."""
    row = (
        await db.execute(
            select(calendar_objects).where(
                calendar_objects.c.tenant_id == tenant,
                calendar_objects.c.collection_id == collection_id,
                calendar_objects.c.href == href,
            )
        )
    ).one_or_none()
    return None if row is None else convert_row(row, StoredObject)


async def objects_with_uid(
    db: AsyncConnection, tenant: Id, uid: str, *, advisor: Id
) -> list[StoredObject]:
    """Return the objects with this UID in any calendar of the advisor."""
    rows = await db.execute(
        select(calendar_objects)
        .join(
            calendar_collections,
            (calendar_collections.c.tenant_id == calendar_objects.c.tenant_id)
            & (calendar_collections.c.id == calendar_objects.c.collection_id),
        )
        .join(
            calendar_accounts,
            (calendar_accounts.c.tenant_id == calendar_collections.c.tenant_id)
            & (calendar_accounts.c.id == calendar_collections.c.account_id),
        )
        .where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.uid == uid,
            calendar_accounts.c.advisor_id == advisor,
        )
        .order_by(calendar_objects.c.id)
    )
    return [convert_row(row, StoredObject) for row in rows]


async def add_objects(db: AsyncConnection, tenant: Id, rows: Sequence[dict[str, Any]]) -> None:
    """Store new objects."""
    if rows:
        await db.execute(insert(calendar_objects), [{"tenant_id": tenant, **row} for row in rows])


async def change_object(db: AsyncConnection, tenant: Id, object_id: Id, **values: Any) -> None:
    """Store new values of an object."""
    await db.execute(
        update(calendar_objects)
        .where(calendar_objects.c.tenant_id == tenant, calendar_objects.c.id == object_id)
        .values(**values)
    )


async def forget_etags(db: AsyncConnection, tenant: Id, collection_id: Id) -> None:
    """Let everything in a collection count as changed."""
    await db.execute(
        update(calendar_objects)
        .where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id == collection_id,
        )
        .values(etag="")
    )


async def mark_missing(
    db: AsyncConnection, tenant: Id, object_ids: Iterable[Id], *, since: datetime | None
) -> None:
    """Note since when these objects are said to be gone; None takes that back."""
    for chunk in _chunks(object_ids):
        await db.execute(
            update(calendar_objects)
            .where(calendar_objects.c.tenant_id == tenant, calendar_objects.c.id.in_(chunk))
            .values(missing_since=since)
        )


async def remove_objects(db: AsyncConnection, tenant: Id, object_ids: Iterable[Id]) -> None:
    """Forget objects, and with them their busy spans."""
    for chunk in _chunks(object_ids):
        await db.execute(
            delete(calendar_objects).where(
                calendar_objects.c.tenant_id == tenant, calendar_objects.c.id.in_(chunk)
            )
        )


async def remove_all_objects(db: AsyncConnection, tenant: Id, collection_id: Id) -> None:
    """Forget everything that is in a collection."""
    await db.execute(
        delete(calendar_objects).where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id == collection_id,
        )
    )


async def remove_spans(db: AsyncConnection, tenant: Id, object_ids: Iterable[Id]) -> None:
    """Forget the busy spans of these objects."""
    for chunk in _chunks(object_ids):
        await db.execute(
            delete(busy_spans).where(
                busy_spans.c.tenant_id == tenant, busy_spans.c.object_id.in_(chunk)
            )
        )


async def add_spans(db: AsyncConnection, tenant: Id, rows: Sequence[dict[str, Any]]) -> None:
    """Store busy spans."""
    if rows:
        await db.execute(insert(busy_spans), [{"tenant_id": tenant, **row} for row in rows])


async def remove_past_spans(
    db: AsyncConnection, tenant: Id, collection_id: Id, *, before: datetime
) -> None:
    """Forget what kept an advisor busy in the past."""
    await db.execute(
        delete(busy_spans).where(
            busy_spans.c.tenant_id == tenant,
            busy_spans.c.collection_id == collection_id,
            busy_spans.c.ends_at <= before,
        )
    )


# --- links between bookings and events -----------------------------------------------------------


async def links(db: AsyncConnection, tenant: Id, booking_id: Id) -> list[Link]:
    """Return where a booking stands, or stood, in the calendars of those who attend it."""
    rows = await db.execute(
        select(event_links)
        .where(event_links.c.tenant_id == tenant, event_links.c.booking_id == booking_id)
        .order_by(event_links.c.advisor_id)
    )
    return [convert_row(row, Link) for row in rows]


async def link(
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


async def links_with_uids(
    db: AsyncConnection, tenant: Id, uids: Iterable[str], *, advisor: Id
) -> dict[str, Link]:
    """Return the live links with these UIDs into calendars of the advisor."""
    found: dict[str, Link] = {}
    for chunk in _chunks(uids):
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


async def links_of_account(db: AsyncConnection, tenant: Id, account_id: Id) -> list[Link]:
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


async def waiting_links(db: AsyncConnection, tenant: Id, account_id: Id) -> list[Id]:
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


async def add_link(db: AsyncConnection, tenant: Id, link: Link) -> None:
    """Store where a booking is going to stand."""
    await db.execute(
        insert(event_links).values(
            tenant_id=tenant,
            **{name: getattr(link, name) for name in link.__struct_fields__},
        )
    )


async def change_link(db: AsyncConnection, tenant: Id, link: Link, **values: Any) -> None:
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


async def remove_link(db: AsyncConnection, tenant: Id, link: Link) -> None:
    """Forget where a booking stood."""
    await db.execute(
        delete(event_links).where(
            event_links.c.tenant_id == tenant,
            event_links.c.booking_id == link.booking_id,
            event_links.c.advisor_id == link.advisor_id,
        )
    )


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    listed = list(values)
    return (listed[first : first + CHUNK] for first in range(0, len(listed), CHUNK))
