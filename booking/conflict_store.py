"""The statements of conflicts between booked meetings and advisors' own calendars."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    exists,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.tables import busy_spans, calendar_objects, event_links
from booking.clashes import Conflict, Meeting, Resolution
from booking.tables import bookings, claims, conflicts, seats
from kernel.database import convert_row, dialect_of
from kernel.ids import Id, to_uuid
from kernel.spans import Span

Meetings: TypeAlias = Select[str, datetime, datetime]
LIVE: Final = ("requested", "confirmed")
_OPEN: Final = ("seen", "offered", "displaced")
_UNRESOLVED: Final = (*_OPEN, "kept")


# --- what lies ahead of an advisor, and what has come in its way ---------------------------------


def _ahead(
    tenant: Id, advisor: Id, now: datetime, booking: Id | None
) -> CompoundSelect[str, datetime, datetime]:
    """Find meetings by what they take of the advisor's time, whatever they are there for."""

    def ahead(meetings: Meetings) -> Meetings:
        statement = meetings.where(
            bookings.c.tenant_id == tenant,
            bookings.c.state.in_(LIVE),
            bookings.c.starts_at > now,
            claims.c.tenant_id == tenant,
            claims.c.resource_id == advisor,
            claims.c.ends_at > now,
            claims.c.live,
        )
        return statement if booking is None else statement.where(bookings.c.id == booking)

    meetings: Meetings = select(bookings.c.id, bookings.c.starts_at, bookings.c.ends_at)
    return union(
        ahead(meetings.join(claims, claims.c.booking_id == bookings.c.id)),
        ahead(
            meetings.join(
                seats,
                (seats.c.tenant_id == bookings.c.tenant_id) & (seats.c.booking_id == bookings.c.id),
            ).join(claims, claims.c.session_id == seats.c.session_id)
        ),
    )


def at_stake(tenant: Id, advisor: Column[str] | Id, *, now: datetime) -> ColumnElement[bool]:
    """Tell whether an advisor meets anybody, or has a conflict, at all: what mostly settles it."""
    ahead = exists().where(
        claims.c.tenant_id == tenant,
        claims.c.resource_id == advisor,
        claims.c.live,
        claims.c.ends_at > now,
    )
    unresolved = exists().where(
        conflicts.c.tenant_id == tenant,
        conflicts.c.advisor_id == advisor,
        conflicts.c.state.in_(_UNRESOLVED),
    )
    return or_(ahead, unresolved)


async def meetings_ahead(
    db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime, booking: Id | None = None
) -> list[Meeting]:
    """Return the meetings that this advisor is to attend, or this one if they are, by id."""
    ahead = _ahead(tenant, advisor, now, booking).subquery()
    rows = await db.execute(select(ahead).order_by(ahead.c.id))
    return [Meeting(booking_id=row[0], span=Span(row[1], row[2])) for row in rows]


async def appointments_over_meetings(
    db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime, booking: Id | None = None
) -> list[Span]:
    """Return the advisor's own appointments that overlap such a meeting.

    Not what is tentative, nor what is kept closed because it could not be read or dated: nobody is
    asked to move on a guess. Entries of our own bookings are no appointments, wherever they stand.
    """
    ahead = _ahead(tenant, advisor, now, booking).subquery()
    rows = (
        await db.execute(
            select(busy_spans.c.starts_at, busy_spans.c.ends_at, calendar_objects.c.uid)
            .distinct()
            .join(
                calendar_objects,
                (calendar_objects.c.tenant_id == busy_spans.c.tenant_id)
                & (calendar_objects.c.id == busy_spans.c.object_id),
            )
            .join(
                ahead,
                (busy_spans.c.starts_at < ahead.c.ends_at)
                & (busy_spans.c.ends_at > ahead.c.starts_at),
            )
            .where(
                busy_spans.c.tenant_id == tenant,
                busy_spans.c.advisor_id == advisor,
                busy_spans.c.ends_at > now,
                busy_spans.c.kind == "busy",
                calendar_objects.c.problem.is_(None),
            )
        )
    ).all()
    ours = await _our_uids(db, tenant, {row.uid for row in rows})
    return [Span(row.starts_at, row.ends_at) for row in rows if row.uid not in ours]


async def _our_uids(db: AsyncConnection, tenant: Id, uids: Iterable[str | None]) -> set[str]:
    """Return which of these are UIDs of bookings of the organisation."""
    # A booking's UID begins with its id, and by that it is found without reading all bookings.
    ids = [named for named in ((uid or "").partition("@")[0] for uid in uids) if _is_one(named)]
    if not ids:
        return set()
    rows = await db.execute(
        select(bookings.c.uid).where(bookings.c.tenant_id == tenant, bookings.c.id.in_(ids))
    )
    return set(rows.scalars())


def _is_one(text: str) -> bool:
    try:
        to_uuid("bkg", text)
    except ValueError:
        return False
    return True


async def undecided(db: AsyncConnection, tenant: Id, booking_id: Id) -> bool:
    """Tell whether somebody changed the booking's entry and nothing has been done about it yet."""
    found = await db.scalar(
        select(event_links.c.advisor_id)
        .where(
            event_links.c.tenant_id == tenant,
            event_links.c.booking_id == booking_id,
            event_links.c.state != "removed",
            event_links.c.change.is_not(None),
            event_links.c.asked.is_(False),
        )
        .limit(1)
    )
    return found is not None


async def why_over(
    db: AsyncConnection, tenant: Id, advisor: Id, booking_ids: Iterable[Id], *, now: datetime
) -> dict[Id, Resolution]:
    """Return why nothing is in the way of these meetings of an advisor any more."""
    ahead = _ahead(tenant, advisor, now, None).subquery()
    rows = await db.execute(
        select(bookings.c.id, bookings.c.state, bookings.c.starts_at, ahead.c.id.label("ahead"))
        .outerjoin(ahead, ahead.c.id == bookings.c.id)
        .where(bookings.c.tenant_id == tenant, bookings.c.id.in_(list(booking_ids)))
    )
    found: dict[Id, Resolution] = {}
    for row in rows:
        if row.ahead is not None:
            found[row.id] = "gone"
        elif row.state == "cancelled":
            found[row.id] = "cancelled"
        else:
            found[row.id] = "begun" if row.starts_at <= now else "reassigned"
    return found


# --- conflicts -----------------------------------------------------------------------------------


async def add(db: AsyncConnection, tenant: Id, conflict: Conflict) -> bool:
    """Store a new conflict; False if this meeting has one with this calendar already."""
    statement = (
        dialect_of(db)
        .insert(conflicts)
        .values(
            tenant_id=tenant,
            **{name: getattr(conflict, name) for name in conflict.__struct_fields__},
        )
    )
    added = await db.execute(statement.on_conflict_do_nothing().returning(conflicts.c.id))
    return added.one_or_none() is not None


async def by_id(db: AsyncConnection, tenant: Id, conflict_id: Id) -> Conflict | None:
    """Return one conflict."""
    return await _one(db, _conflicts(tenant).where(conflicts.c.id == conflict_id))


async def unresolved(db: AsyncConnection, tenant: Id, advisor: Id) -> list[Conflict]:
    """Return an advisor's conflicts that last, oldest first, with those they let stand."""
    return await _all(
        db,
        _conflicts(tenant).where(
            conflicts.c.advisor_id == advisor, conflicts.c.state.in_(_UNRESOLVED)
        ),
    )


async def open_ones(
    db: AsyncConnection, tenant: Id, *, advisor: Id | None = None, booking: Id | None = None
) -> list[Conflict]:
    """Return the conflicts that somebody has to choose about, oldest first."""
    statement = _conflicts(tenant).where(conflicts.c.state.in_(_OPEN))
    if advisor is not None:
        statement = statement.where(conflicts.c.advisor_id == advisor)
    if booking is not None:
        statement = statement.where(conflicts.c.booking_id == booking)
    return await _all(db, statement)


async def change(db: AsyncConnection, tenant: Id, before: Conflict, after: Conflict) -> bool:
    """Store what a conflict has become; False if it is not any more what it was."""
    result = await db.execute(
        update(conflicts)
        .where(
            conflicts.c.tenant_id == tenant,
            conflicts.c.id == before.id,
            conflicts.c.state == before.state,
        )
        .values(
            state=after.state,
            offered_at=after.offered_at,
            resolved_at=after.resolved_at,
            resolution=after.resolution,
            alternatives=after.alternatives,
        )
    )
    return result.rowcount == 1


async def resolve_all(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, resolution: Resolution, now: datetime
) -> None:
    """End all conflicts of a booking, also those that were let stand."""
    await db.execute(
        update(conflicts)
        .where(
            conflicts.c.tenant_id == tenant,
            conflicts.c.booking_id == booking_id,
            conflicts.c.state.in_(_UNRESOLVED),
        )
        .values(state="resolved", resolution=resolution, resolved_at=now)
    )


def _conflicts(tenant: Id) -> Select[Any]:
    return select(conflicts).where(conflicts.c.tenant_id == tenant).order_by(conflicts.c.id)


async def _one(db: AsyncConnection, statement: Select[Any]) -> Conflict | None:
    row = (await db.execute(statement)).one_or_none()
    return None if row is None else convert_row(row, Conflict)


async def _all(db: AsyncConnection, statement: Select[Any]) -> list[Conflict]:
    return [convert_row(row, Conflict) for row in await db.execute(statement)]
