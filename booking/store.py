"""The statements of the booking room, one a function."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import ModuleType

from msgspec import Struct
from sqlalchemy import Row, Select, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.assignment import Decision
from booking.model import (
    Advisor,
    Booking,
    BookingFilter,
    Channel,
    Schedule,
)
from booking.tables import (
    NO_OVERLAP,
    advisors,
    bookings,
    claims,
    holds,
    meeting_types,
    schedules,
)
from kernel.database import convert_row
from kernel.ids import Id, new_id


def dialect_of(db: AsyncConnection) -> ModuleType:
    """Return SQLAlchemy's module for the kind of database behind *db*."""
    # Both databases know ON CONFLICT; SQLAlchemy only spells it twice.
    return postgresql if db.dialect.name == "postgresql" else sqlite


# --- what the slot reader asks -------------------------------------------------------------------


class Member(Struct, frozen=True, kw_only=True):
    """An advisor with their working hours, if they have any on file."""

    advisor: Advisor
    schedule: Schedule | None


async def members(db: AsyncConnection, tenant: Id, ids: Sequence[Id]) -> list[Member]:
    """Return these advisors with their working hours, oldest first."""
    rows = await db.execute(
        select(
            advisors,
            schedules.c.id.label("schedule_id"),
            schedules.c.timezone.label("schedule_timezone"),
            schedules.c.weekly,
            schedules.c.overrides,
        )
        .outerjoin(
            schedules,
            (schedules.c.tenant_id == advisors.c.tenant_id)
            & (schedules.c.advisor_id == advisors.c.id),
        )
        .where(advisors.c.tenant_id == tenant, advisors.c.id.in_(ids))
        .order_by(advisors.c.id)
    )
    return [Member(advisor=convert_row(row, Advisor), schedule=_schedule(row)) for row in rows]


def _schedule(row: Row[tuple[object, ...]]) -> Schedule | None:
    if row.schedule_id is None:
        return None
    return Schedule(
        id=row.schedule_id,
        advisor_id=row.id,
        timezone=row.schedule_timezone,
        weekly=row.weekly,
        overrides=row.overrides,
    )


class Taken(Struct, frozen=True, kw_only=True):
    """Time of an advisor that a booking or a hold has claimed, buffers included."""

    advisor_id: Id
    start: datetime
    end: datetime


async def claimed_between(
    db: AsyncConnection,
    tenant: Id,
    advisor_ids: Sequence[Id],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    apart_from: Id | None = None,
) -> list[Taken]:
    """Return what bookings and unexpired holds take of these advisors.

    Left out is what the booking *apart_from* takes, since that is about to move.
    """
    statement = select(claims.c.resource_id, claims.c.starts_at, claims.c.ends_at).where(
        claims.c.tenant_id == tenant,
        claims.c.resource_id.in_(advisor_ids),
        claims.c.live,
        claims.c.starts_at < end,
        claims.c.ends_at > start,
        or_(claims.c.expires_at.is_(None), claims.c.expires_at > now),
    )
    if apart_from is not None:
        statement = statement.where(claims.c.booking_id.is_distinct_from(apart_from))
    rows = await db.execute(statement)
    return [Taken(advisor_id=row[0], start=row[1], end=row[2]) for row in rows]


async def meetings_between(
    db: AsyncConnection, tenant: Id, advisor_ids: Sequence[Id], *, start: datetime, end: datetime
) -> list[tuple[Id, datetime]]:
    """Return (advisor, start) of the meetings of these advisors that are not cancelled."""
    rows = await db.execute(
        select(bookings.c.advisor_id, bookings.c.starts_at).where(
            bookings.c.tenant_id == tenant,
            bookings.c.advisor_id.in_(advisor_ids),
            bookings.c.state != "cancelled",
            bookings.c.starts_at >= start,
            bookings.c.starts_at < end,
        )
    )
    return [(row[0], row[1]) for row in rows]


# --- claims --------------------------------------------------------------------------------------


class Holder(Struct, frozen=True, kw_only=True):
    """On whose behalf time is claimed: a booking, or a hold until it expires."""

    booking_id: Id | None = None
    hold_id: Id | None = None
    expires_at: datetime | None = None


async def claim(
    db: AsyncConnection,
    tenant: Id,
    resources: Iterable[Id],
    *,
    start: datetime,
    end: datetime,
    holder: Holder,
    now: datetime,
) -> bool:
    """Take this time of all these resources; False if one has it no more, and none is taken.

    The database leaves out each row that would overlap a live claim, so the answer holds however
    many ask at once. One statement takes all, in a fixed order, and never waits in a circle.
    """
    rows = [
        {
            "tenant_id": tenant,
            "id": new_id("clm", now),
            "resource_id": resource,
            "booking_id": holder.booking_id,
            "hold_id": holder.hold_id,
            "starts_at": start,
            "ends_at": end,
            "live": True,
            "expires_at": holder.expires_at,
        }
        for resource in sorted(resources)
    ]
    statement = dialect_of(db).insert(claims).values(rows)
    if db.dialect.name == "postgresql":
        statement = statement.on_conflict_do_nothing(constraint=NO_OVERLAP)
    taken = (await db.execute(statement.returning(claims.c.id))).scalars().all()
    if len(taken) == len(rows):
        return True
    if taken:
        await db.execute(delete(claims).where(claims.c.tenant_id == tenant, claims.c.id.in_(taken)))
    return False


async def drop_expired_claims(
    db: AsyncConnection,
    tenant: Id,
    resources: Sequence[Id],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> None:
    """Remove what expired holds still take of this time.

    A statement of its own before ``claim``: one statement would not see its own removals.
    """
    expired = (
        select(claims.c.id)
        .where(
            claims.c.tenant_id == tenant,
            claims.c.resource_id.in_(resources),
            claims.c.starts_at < end,
            claims.c.ends_at > start,
            claims.c.expires_at <= now,
        )
        .order_by(claims.c.id)
        # Whoever is removing the same rows already is let do so; waiting could be in a circle.
        .with_for_update(skip_locked=True)
    )
    await db.execute(delete(claims).where(claims.c.tenant_id == tenant, claims.c.id.in_(expired)))


async def drop_claims_of_hold(db: AsyncConnection, tenant: Id, hold_id: Id) -> None:
    """Remove what a hold takes."""
    await db.execute(
        delete(claims).where(claims.c.tenant_id == tenant, claims.c.hold_id == hold_id)
    )


async def release_claims(db: AsyncConnection, tenant: Id, booking_id: Id) -> None:
    """Give back what a booking takes; the rows stay as a record of what it took."""
    await db.execute(
        update(claims)
        .where(claims.c.tenant_id == tenant, claims.c.booking_id == booking_id, claims.c.live)
        .values(live=False)
    )


# --- holds ---------------------------------------------------------------------------------------


class HoldRecord(Struct, frozen=True, kw_only=True):
    """What was promised while a form is filled in."""

    id: Id
    meeting_type_id: Id
    advisor_id: Id
    channel: Channel
    location: str | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime
    assignment: Decision


async def insert_hold(db: AsyncConnection, tenant: Id, record: HoldRecord) -> None:
    """Write down a hold."""
    await db.execute(
        insert(holds).values(
            tenant_id=tenant,
            id=record.id,
            meeting_type_id=record.meeting_type_id,
            advisor_id=record.advisor_id,
            channel=record.channel,
            location=record.location,
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            created_at=record.created_at,
            expires_at=record.expires_at,
            assignment=record.assignment,
        )
    )


async def take_hold(db: AsyncConnection, tenant: Id, hold_id: Id) -> HoldRecord | None:
    """Remove a hold and return what it was; of two who try, one gets it."""
    rows = await db.execute(
        delete(holds).where(holds.c.tenant_id == tenant, holds.c.id == hold_id).returning(holds)
    )
    row = rows.one_or_none()
    return convert_row(row, HoldRecord) if row else None


async def drop_holds_expired_before(db: AsyncConnection, tenant: Id, limit: datetime) -> None:
    """Remove holds that nobody can use any more, with what is left of their claims."""
    for table in (claims, holds):
        stale = (
            select(table.c.id)
            .where(table.c.tenant_id == tenant, table.c.expires_at < limit)
            .order_by(table.c.id)
            .with_for_update(skip_locked=True)
        )
        await db.execute(delete(table).where(table.c.tenant_id == tenant, table.c.id.in_(stale)))


# --- bookings ------------------------------------------------------------------------------------


async def insert_booking(
    db: AsyncConnection, tenant: Id, booking: Booking, assignment: Decision
) -> None:
    """Write down a booking and why its advisor got it."""
    await db.execute(
        insert(bookings).values(
            tenant_id=tenant,
            id=booking.id,
            meeting_type_id=booking.meeting_type_id,
            advisor_id=booking.advisor_id,
            location_id=booking.location_id,
            customer_id=booking.customer_id,
            participants=booking.participants,
            channel=booking.channel,
            starts_at=booking.start,
            ends_at=booking.end,
            local_start=booking.local_start,
            timezone=booking.timezone,
            tzdata=booking.tzdata,
            language=booking.language,
            state=booking.state,
            sequence=booking.sequence,
            generation=booking.generation,
            uid=booking.uid,
            created_at=booking.created_at,
            assignment=assignment,
        )
    )


async def change_booking(db: AsyncConnection, tenant: Id, before: Booking, after: Booking) -> bool:
    """Write down what a booking has become; False if it is not any more what it was."""
    result = await db.execute(
        update(bookings)
        .where(
            bookings.c.tenant_id == tenant,
            bookings.c.id == before.id,
            bookings.c.state == before.state,
            bookings.c.sequence == before.sequence,
        )
        .values(
            starts_at=after.start,
            ends_at=after.end,
            local_start=after.local_start,
            tzdata=after.tzdata,
            state=after.state,
            sequence=after.sequence,
            generation=after.generation,
            cancelled_by=after.cancelled_by,
            reason=after.reason,
        )
    )
    return result.rowcount == 1


async def booking_by_id(db: AsyncConnection, tenant: Id, booking_id: Id) -> Booking | None:
    """Return one booking."""
    rows = await db.execute(_bookings(tenant).where(bookings.c.id == booking_id))
    row = rows.one_or_none()
    return convert_row(row, Booking) if row else None


async def bookings_where(db: AsyncConnection, tenant: Id, wanted: BookingFilter) -> list[Booking]:
    """Return the bookings that meet every condition given, by id."""
    statement = _bookings(tenant)
    if wanted.since is not None:
        statement = statement.where(bookings.c.starts_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(bookings.c.starts_at < wanted.until)
    if wanted.state is not None:
        statement = statement.where(bookings.c.state == wanted.state)
    if wanted.advisor is not None:
        statement = statement.where(bookings.c.advisor_id == wanted.advisor)
    if wanted.customer is not None:
        statement = statement.where(bookings.c.customer_id == wanted.customer)
    if wanted.after is not None:
        statement = statement.where(bookings.c.id > wanted.after)
    rows = await db.execute(statement.order_by(bookings.c.id).limit(wanted.limit))
    return [convert_row(row, Booking) for row in rows]


async def assignment_of(db: AsyncConnection, tenant: Id, booking_id: Id) -> Decision | None:
    """Return why a booking's advisor got it."""
    found: Decision | None = await db.scalar(
        select(bookings.c.assignment).where(
            bookings.c.tenant_id == tenant, bookings.c.id == booking_id
        )
    )
    return found


def _bookings(tenant: Id) -> Select[tuple[object, ...]]:
    return (
        select(
            *bookings.c,
            bookings.c.starts_at.label("start"),
            bookings.c.ends_at.label("end"),
            meeting_types.c.slug.label("meeting_type"),
        )
        .join(
            meeting_types,
            (meeting_types.c.tenant_id == bookings.c.tenant_id)
            & (meeting_types.c.id == bookings.c.meeting_type_id),
        )
        .where(bookings.c.tenant_id == tenant)
    )
