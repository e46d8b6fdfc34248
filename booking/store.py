"""The statements about bookings and their history, one a function."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.assignment import Decision
from booking.lifecycle import HistoryStep
from booking.model import Booking, BookingFilter, Repeat
from booking.tables import booking_steps, bookings, meeting_types, series
from kernel.database import convert_row
from kernel.ids import Id
from kernel.writing import Row

_OTHER_NAMES: Final = {"start": "starts_at", "end": "ends_at"}
"""Fields of a booking whose column has another name."""


# --- bookings ------------------------------------------------------------------------------------


def booking_row(tenant: Id, booking: Booking, assignment: Sequence[Decision]) -> Row:
    """Return the row of a booking, with why its advisor got it."""
    values = {"tenant_id": tenant, "assignment": list(assignment), **_values(booking)}
    return Row(into=bookings, values=values)


async def change_booking(
    db: AsyncConnection,
    tenant: Id,
    before: Booking,
    after: Booking,
    *,
    assignment: Sequence[Decision] | None = None,
) -> bool:
    """Write down what a booking has become; False if it is not any more what it was."""
    values = _values(after)
    if assignment is not None:
        values["assignment"] = list(assignment)
    result = await db.execute(
        update(bookings)
        .where(
            bookings.c.tenant_id == tenant,
            bookings.c.id == before.id,
            bookings.c.state == before.state,
            bookings.c.revision == before.revision,
        )
        .values(**values)
    )
    return result.rowcount == 1


def _values(booking: Booking) -> dict[str, Any]:
    return {
        _OTHER_NAMES.get(name, name): getattr(booking, name)
        for name in Booking.__struct_fields__
        # The slug is that of the kind of meeting, which may change its name.
        if name != "meeting_type"
    }


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
    if wanted.series is not None:
        statement = statement.where(bookings.c.series_id == wanted.series)
    if wanted.after is not None:
        statement = statement.where(bookings.c.id > wanted.after)
    rows = await db.execute(statement.order_by(bookings.c.id).limit(wanted.limit))
    return [convert_row(row, Booking) for row in rows]


async def bookings_that_promise(
    db: AsyncConnection, tenant: Id, *, now: datetime, tzdata: str, limit: int
) -> list[Booking]:
    """Return live bookings ahead that were promised under other time zone rules."""
    rows = await db.execute(
        _bookings(tenant)
        .where(
            bookings.c.starts_at > now,
            bookings.c.state.in_(("requested", "confirmed")),
            bookings.c.tzdata != tzdata,
        )
        .order_by(bookings.c.id)
        .limit(limit)
    )
    return [convert_row(row, Booking) for row in rows]


async def bookings_of_session(db: AsyncConnection, tenant: Id, session: Id) -> list[Booking]:
    """Return the live bookings of those who share a meeting, by id."""
    rows = await db.execute(
        _bookings(tenant)
        .where(
            bookings.c.session_id == session,
            bookings.c.state.in_(("requested", "confirmed")),
        )
        .order_by(bookings.c.id)
    )
    return [convert_row(row, Booking) for row in rows]


async def assignment_of(db: AsyncConnection, tenant: Id, booking_id: Id) -> list[Decision] | None:
    """Return why those who are there got the meeting, the advisor first."""
    found: list[Decision] | None = await db.scalar(
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


# --- history -------------------------------------------------------------------------------------


def step_row(tenant: Id, step: HistoryStep) -> Row:
    """Return the row that says what a booking has become, who did it, and when."""
    return Row(
        into=booking_steps,
        values={
            "tenant_id": tenant,
            "booking_id": step.booking.id,
            "revision": step.revision,
            "at": step.at,
            "by": step.by,
            "action": step.action,
            "booking": step.booking,
        },
    )


async def steps_of(db: AsyncConnection, tenant: Id, booking_id: Id) -> list[HistoryStep]:
    """Return what a booking was after every step of its life, the first first."""
    rows = await db.execute(
        select(booking_steps)
        .where(booking_steps.c.tenant_id == tenant, booking_steps.c.booking_id == booking_id)
        .order_by(booking_steps.c.revision)
    )
    return [convert_row(row, HistoryStep) for row in rows]


# --- series --------------------------------------------------------------------------------------


async def insert_series(
    db: AsyncConnection, tenant: Id, series_id: Id, repeat: Repeat, *, now: datetime
) -> None:
    """Write down that meetings come back."""
    await db.execute(
        insert(series).values(tenant_id=tenant, id=series_id, repeat=repeat, created_at=now)
    )


async def series_repeat(db: AsyncConnection, tenant: Id, series_id: Id) -> Repeat | None:
    """Return how the meetings of a series come back."""
    found: Repeat | None = await db.scalar(
        select(series.c.repeat).where(series.c.tenant_id == tenant, series.c.id == series_id)
    )
    return found
