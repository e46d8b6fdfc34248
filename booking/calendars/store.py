"""The statements of advisors' calendars."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import case, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.model import StoredAccount, StoredCollection, StoredObject, Subject
from booking.calendars.tables import (
    busy_spans,
    calendar_accounts,
    calendar_collections,
    calendar_objects,
)
from booking.conflict_store import at_stake
from booking.tables import advisors, claims
from kernel.database import convert_row
from kernel.ids import Id
from kernel.tables import tenants
from kernel.tenancy import TenantSettings

CHUNK = 500
"""Values in one IN list; databases limit how many a statement may carry."""

_OURS_UNREAD = calendar_objects.c.booking_id.is_not(None) & (calendar_objects.c.etag == "")
_UNREAD = (
    exists()
    .where(
        calendar_objects.c.tenant_id == calendar_collections.c.tenant_id,
        calendar_objects.c.collection_id == calendar_collections.c.id,
        _OURS_UNREAD,
    )
    .label("unread")
)

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


async def subject(
    db: AsyncConnection, tenant: Id, account_id: Id, *, now: datetime
) -> Subject | None:
    """Return an account with all that a round through it begins with."""
    row = (
        await db.execute(
            select(
                calendar_accounts,
                advisors.c.email.label("advisor_email"),
                advisors.c.timezone.label("advisor_timezone"),
                tenants.c.settings.label("tenant_settings"),
                at_stake(tenant, calendar_accounts.c.advisor_id, now=now).label("at_stake"),
            )
            .join(
                advisors,
                (advisors.c.tenant_id == calendar_accounts.c.tenant_id)
                & (advisors.c.id == calendar_accounts.c.advisor_id),
            )
            .join(tenants, tenants.c.id == calendar_accounts.c.tenant_id)
            .where(calendar_accounts.c.tenant_id == tenant, calendar_accounts.c.id == account_id)
        )
    ).one_or_none()
    if row is None:
        return None
    return Subject(
        account=convert_row(row, StoredAccount),
        collections=await collections(db, tenant, [account_id]),
        email=row.advisor_email,
        timezone=row.advisor_timezone,
        settings=msgspec.convert(row.tenant_settings, TenantSettings),
        at_stake=row.at_stake,
    )


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


async def meets_before(
    db: AsyncConnection, tenant: Id, advisor: Id, until: datetime, *, now: datetime
) -> bool:
    """Tell whether an advisor is to meet somebody before *until*."""
    found = await db.scalar(
        select(claims.c.id)
        .where(
            claims.c.tenant_id == tenant,
            claims.c.resource_id == advisor,
            claims.c.live,
            claims.c.ends_at > now,
            claims.c.starts_at < until,
        )
        .limit(1)
    )
    return found is not None


# --- collections ---------------------------------------------------------------------------------


async def add_collection(db: AsyncConnection, tenant: Id, collection: StoredCollection) -> None:
    """Store a new collection."""
    await db.execute(
        insert(calendar_collections).values(
            tenant_id=tenant,
            **{
                name: getattr(collection, name)
                for name in collection.__struct_fields__
                if name in calendar_collections.c
            },
        )
    )


async def collections(
    db: AsyncConnection, tenant: Id, account_ids: Sequence[Id]
) -> list[StoredCollection]:
    """Return the collections of these accounts, in the order in which they were found."""
    rows = await db.execute(
        select(calendar_collections, _UNREAD)
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
    query = select(calendar_collections, _UNREAD).where(
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


async def confirm_collections(
    db: AsyncConnection, tenant: Id, quiet: Sequence[StoredCollection]
) -> None:
    """Store that there was nothing new in these collections, where nobody learned more since."""
    for each in sorted(quiet, key=lambda each: each.id):  # so that nobody waits in a circle
        await db.execute(
            update(calendar_collections)
            .where(
                calendar_collections.c.tenant_id == tenant,
                calendar_collections.c.id == each.id,
                calendar_collections.c.revision == each.revision,
            )
            .values(
                revision=each.revision + 1,
                sync_token=each.sync_token,
                ctag=each.ctag,
                last_ok_at=each.last_ok_at,
            )
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
    for chunk in chunks(hrefs):
        rows = await db.execute(
            select(calendar_objects).where(
                calendar_objects.c.tenant_id == tenant,
                calendar_objects.c.collection_id == collection_id,
                calendar_objects.c.href.in_(chunk),
            )
        )
        found += [convert_row(row, StoredObject) for row in rows]
    return found


async def unread_entries(db: AsyncConnection, tenant: Id, collection_id: Id) -> list[StoredObject]:
    """Return the entries that we wrote into a collection and have not read there since."""
    rows = await db.execute(
        select(calendar_objects).where(
            calendar_objects.c.tenant_id == tenant,
            calendar_objects.c.collection_id == collection_id,
            _OURS_UNREAD,
        )
    )
    return [convert_row(row, StoredObject) for row in rows]


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
    for chunk in chunks(object_ids):
        await db.execute(
            update(calendar_objects)
            .where(calendar_objects.c.tenant_id == tenant, calendar_objects.c.id.in_(chunk))
            .values(missing_since=since)
        )


async def remove_objects(db: AsyncConnection, tenant: Id, object_ids: Iterable[Id]) -> None:
    """Forget objects, and with them their busy spans."""
    for chunk in chunks(object_ids):
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
    for chunk in chunks(object_ids):
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


def chunks(values: Iterable[str]) -> Iterable[list[str]]:
    """Return values in lists that a statement may carry."""
    listed = list(values)
    return (listed[first : first + CHUNK] for first in range(0, len(listed), CHUNK))
