"""The statements that take time and give it back: claims, holds, and seats in a session."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from booking.assignment import Decision
from booking.model import Colleague, HoldInput
from booking.tables import NO_OVERLAP, claims, holds, seats, sessions
from booking.values import Channel
from kernel.database import convert_row
from kernel.ids import Id, new_id
from kernel.writing import parameters, placeholders

# --- claims --------------------------------------------------------------------------------------


class Holder(Struct, frozen=True, kw_only=True):
    """On whose behalf time is claimed: a booking, a hold until it expires, or a session."""

    booking_id: Id | None = None
    hold_id: Id | None = None
    session_id: Id | None = None
    expires_at: datetime | None = None


class Part(Struct, frozen=True, kw_only=True):
    """What is claimed of one advisor or resource; *work* and *load* are what it counts for."""

    resource: Id
    start: datetime
    end: datetime
    work: int = 0
    load: int = 0


async def claim(
    db: AsyncConnection,
    tenant: Id,
    parts: Sequence[Part],
    *,
    kind: Id,
    begins_at: datetime,
    holder: Holder,
    now: datetime,
) -> bool:
    """Take all of these times; False if one is not to be had any more, and then none is taken.

    The database leaves out each row that would overlap a live claim, so the answer holds however
    many ask at once. One statement takes all, in a fixed order, and never waits in a circle.
    """
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": tenant,
            "id": new_id("clm", now),
            "resource_id": part.resource,
            "booking_id": holder.booking_id,
            "hold_id": holder.hold_id,
            "session_id": holder.session_id,
            "meeting_type_id": kind,
            "starts_at": part.start,
            "ends_at": part.end,
            "begins_at": begins_at,
            "work": part.work,
            "load": part.load,
            "live": True,
            "expires_at": holder.expires_at,
        }
        for part in sorted(parts, key=_order)
    ]
    statement = _claims(db.dialect.name, len(rows), tuple(rows[0]))
    taken = (await db.execute(statement, parameters(rows))).scalars().all()
    if len(taken) == len(rows):
        return True
    if taken:
        await db.execute(delete(claims).where(claims.c.tenant_id == tenant, claims.c.id.in_(taken)))
    return False


def _order(part: Part) -> Id:
    return part.resource


@lru_cache(maxsize=64)
def _claims(dialect: str, many: int, names: tuple[str, ...]) -> ReturningInsert[Id]:
    rows = [placeholders(claims, names, number) for number in range(many)]
    # A list of rows is compiled every time, and most meetings take the time of one person only.
    values = rows if many > 1 else rows[0]
    if dialect != "postgresql":
        return insert(claims).values(values).returning(claims.c.id)
    new = postgresql.insert(claims).values(values).on_conflict_do_nothing(constraint=NO_OVERLAP)
    return new.returning(claims.c.id)


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


async def release_claims(
    db: AsyncConnection, tenant: Id, *, booking: Id | None = None, session: Id | None = None
) -> None:
    """Give back what a booking or session takes; the rows stay as a record of what it took."""
    whose = claims.c.booking_id == booking if booking else claims.c.session_id == session
    await db.execute(
        update(claims).where(claims.c.tenant_id == tenant, whose, claims.c.live).values(live=False)
    )


async def one_at_a_time(db: AsyncConnection, tenant: Id, whose: Iterable[Id]) -> None:
    """Let nobody else count the meetings of these advisors or customers until this is committed.

    Claims keep meetings from overlapping; a limit of so many a day is broken by two that do not.
    SQLite has one writer anyway.
    """
    names = sorted({f"{tenant}/{one}" for one in whose})
    if names and db.dialect.name == "postgresql":
        await db.execute(_WAIT, {"names": names})


# In a fixed order, so that nobody waits in a circle.
_WAIT: Final = text(
    "SELECT pg_advisory_xact_lock(key) FROM ("
    "SELECT hashtextextended(name, 0) AS key FROM unnest(CAST(:names AS text[])) AS name ORDER BY 1"
    ") AS keys"
)


# --- holds ---------------------------------------------------------------------------------------


class HoldRecord(Struct, frozen=True, kw_only=True):
    """What was promised while a form is filled in."""

    id: Id
    meeting_type_id: Id
    wish: HoldInput
    starts_at: datetime
    ends_at: datetime
    session_id: Id | None
    resources: list[Id]
    created_at: datetime
    expires_at: datetime
    assignment: list[Decision]

    @property
    def advisor_id(self) -> Id:
        """Whose time is held."""
        return self.assignment[0].advisor


async def insert_hold(db: AsyncConnection, tenant: Id, record: HoldRecord) -> None:
    """Write down a hold."""
    await db.execute(
        insert(holds).values(
            tenant_id=tenant,
            id=record.id,
            meeting_type_id=record.meeting_type_id,
            wish=record.wish,
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            session_id=record.session_id,
            resources=record.resources,
            created_at=record.created_at,
            expires_at=record.expires_at,
            assignment=record.assignment,
        )
    )


async def find_hold(db: AsyncConnection, tenant: Id, hold_id: Id) -> HoldRecord | None:
    """Return a hold as it stands, if there is one."""
    rows = await db.execute(select(holds).where(holds.c.tenant_id == tenant, holds.c.id == hold_id))
    row = rows.one_or_none()
    return convert_row(row, HoldRecord) if row else None


async def take_hold(db: AsyncConnection, tenant: Id, hold_id: Id) -> HoldRecord | None:
    """Remove a hold and return what it was; of two who try, one gets it."""
    rows = await db.execute(
        delete(holds).where(holds.c.tenant_id == tenant, holds.c.id == hold_id).returning(holds)
    )
    row = rows.one_or_none()
    return convert_row(row, HoldRecord) if row else None


async def drop_holds_expired_before(db: AsyncConnection, tenant: Id, limit: datetime) -> None:
    """Remove holds that nobody can use any more, with what is left of their claims and seats."""
    for table in (claims, holds):
        stale = (
            select(table.c.id)
            .where(table.c.tenant_id == tenant, table.c.expires_at < limit)
            .order_by(table.c.id)
            .with_for_update(skip_locked=True)
        )
        await db.execute(delete(table).where(table.c.tenant_id == tenant, table.c.id.in_(stale)))


# --- sessions and their seats --------------------------------------------------------------------


class Session(Struct, frozen=True, kw_only=True):
    """A meeting that several customers share, with who gives it and what it takes."""

    id: Id
    meeting_type_id: Id
    channel: Channel
    location_id: Id | None
    starts_at: datetime
    ends_at: datetime
    seats: int
    advisor_id: Id
    colleagues: list[Colleague]
    resources: list[Id]
    assignment: list[Decision]


async def insert_session(
    db: AsyncConnection, tenant: Id, session: Session, *, now: datetime
) -> None:
    """Write down a session."""
    await db.execute(
        insert(sessions).values(
            tenant_id=tenant,
            id=session.id,
            meeting_type_id=session.meeting_type_id,
            channel=session.channel,
            location_id=session.location_id,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            seats=session.seats,
            advisor_id=session.advisor_id,
            colleagues=session.colleagues,
            resources=session.resources,
            assignment=session.assignment,
            created_at=now,
        )
    )


async def move_session(
    db: AsyncConnection, tenant: Id, session_id: Id, start: datetime, end: datetime
) -> None:
    """Write down another time for a session."""
    await db.execute(
        update(sessions)
        .where(sessions.c.tenant_id == tenant, sessions.c.id == session_id)
        .values(starts_at=start, ends_at=end)
    )


async def lock_session(db: AsyncConnection, tenant: Id, session_id: Id) -> Session | None:
    """Return a session; nobody else sits down in it or leaves it until this is committed."""
    rows = await db.execute(
        select(sessions)
        .where(sessions.c.tenant_id == tenant, sessions.c.id == session_id)
        .with_for_update(key_share=True)
    )
    row = rows.one_or_none()
    return convert_row(row, Session) if row else None


async def seated(
    db: AsyncConnection, tenant: Id, session_id: Id, *, now: datetime
) -> list[tuple[int, datetime | None]]:
    """Return (seat, when its hold expires) of the seats that are taken; expired ones go."""
    await db.execute(
        delete(seats).where(
            seats.c.tenant_id == tenant, seats.c.session_id == session_id, seats.c.expires_at <= now
        )
    )
    rows = await db.execute(
        select(seats.c.number, seats.c.expires_at).where(
            seats.c.tenant_id == tenant, seats.c.session_id == session_id
        )
    )
    return [(row[0], row[1]) for row in rows]


async def insert_seat(
    db: AsyncConnection, tenant: Id, session_id: Id, number: int, holder: Holder
) -> None:
    """Sit down; the primary key refuses a second one on the same seat."""
    await db.execute(
        insert(seats).values(
            tenant_id=tenant,
            session_id=session_id,
            number=number,
            booking_id=holder.booking_id,
            hold_id=holder.hold_id,
            expires_at=holder.expires_at,
        )
    )


async def leave_seat(
    db: AsyncConnection,
    tenant: Id,
    session_id: Id,
    *,
    booking: Id | None = None,
    hold: Id | None = None,
) -> None:
    """Give a seat back."""
    whose = seats.c.booking_id == booking if booking else seats.c.hold_id == hold
    await db.execute(
        delete(seats).where(seats.c.tenant_id == tenant, seats.c.session_id == session_id, whose)
    )


async def keep_session_until(
    db: AsyncConnection, tenant: Id, session_id: Id, expires_at: datetime | None
) -> None:
    """Let a session's claims expire with the last hold in it; None keeps them."""
    await db.execute(
        update(claims)
        .where(claims.c.tenant_id == tenant, claims.c.session_id == session_id, claims.c.live)
        .values(expires_at=expires_at)
    )


async def has_live_claims(db: AsyncConnection, tenant: Id, session_id: Id) -> bool:
    """Tell whether a session still has its time."""
    found = await db.scalar(
        select(claims.c.id)
        .where(claims.c.tenant_id == tenant, claims.c.session_id == session_id, claims.c.live)
        .limit(1)
    )
    return found is not None
