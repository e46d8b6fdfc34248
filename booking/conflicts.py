"""Meetings whose time an advisor's own calendar has taken: notice them, offer other times.

Nothing is dropped. The meeting stays as it is until somebody chooses: the customer another time,
the advisor that it goes on, or either of them that it does not.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import conflict_store as store
from booking.clashes import Conflict, ConflictState, Meeting, Resolution, judge
from booking.lifecycle import require_open
from booking.model import Alternative, Booking
from booking.reading import get_booking
from kernel import audit, outbox, work
from kernel.database import Database
from kernel.errors import Conflict as Refusal
from kernel.errors import NotFound
from kernel.events import BookingConflicted, BookingGoesAhead
from kernel.ids import Id, new_id, require
from kernel.tenancy import get_tenant

__all__ = [
    "OFFER",
    "Conflict",
    "conflict_of",
    "dismiss",
    "due",
    "judge",
    "look_again",
    "note",
    "offer",
    "offer_others",
    "open_conflicts",
    "resolve",
    "undecided",
]

OFFER: Final = "conflict.offer"


# --- use cases -----------------------------------------------------------------------------------


async def open_conflicts(
    db: AsyncConnection, tenant: Id, *, advisor: Id | None = None
) -> list[Conflict]:
    """Return the conflicts about which somebody has to choose, of one advisor or of all.

    Raises:
        NotFound: The advisor cannot be one.
    """
    if advisor is not None:
        require("adv", advisor, "advisor")
    return await store.open_ones(db, tenant, advisor=advisor)


async def conflict_of(db: AsyncConnection, tenant: Id, booking_id: Id) -> Conflict | None:
    """Return the conflict about which somebody has to choose, if a booking has one.

    Where the calendars of two who attend it have taken its time, the first of them.

    Raises:
        NotFound: The booking cannot be one.
    """
    require("bkg", booking_id, "booking")
    found = await store.open_ones(db, tenant, booking=booking_id)
    return next(iter(found), None)


async def resolve(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, resolution: Resolution, now: datetime
) -> None:
    """End whatever conflicts a booking has, since it is not what it was."""
    await store.resolve_all(db, tenant, booking_id, resolution=resolution, now=now)


async def note(db: AsyncConnection, tenant: Id, booking: Booking, *, now: datetime) -> None:
    """Offer other times for a meeting that the rules of its time zone moved where it cannot be."""
    await _raise(
        db, tenant, booking.id, booking.advisor_id, state="displaced", grace=timedelta(), now=now
    )


async def offer_others(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, now: datetime, by: str
) -> None:
    """Let the customer be offered other times, since the advisor wants the meeting elsewhere.

    It stays where it is until somebody chooses.

    Raises:
        BookingOver: It is cancelled or has begun.
        Conflict: They have been offered already, or it was said that the meeting goes on.
        NotFound: There is no such booking.
    """
    booking = await get_booking(db, tenant, booking_id)
    require_open(booking, now=now)
    advisor, grace = booking.advisor_id, timedelta()
    if not await _raise(
        db, tenant, booking_id, advisor, state="displaced", grace=grace, now=now, by=by
    ):
        raise Refusal("This meeting has been offered other times already; look at it again.")


async def dismiss(
    db: AsyncConnection, tenant: Id, conflict_id: Id, *, now: datetime, by: str
) -> Conflict:
    """Let a meeting go on beside what stands in the advisor's calendar.

    It is not raised again for as long as the two overlap.

    Raises:
        NotFound: There is no such conflict.
        Conflict: It is over, or has just been changed by somebody else.
    """
    conflict = await store.by_id(db, tenant, require("cnf", conflict_id, "conflict"))
    if conflict is None:
        raise NotFound("There is no conflict with this id.")
    if conflict.state == "kept":
        return conflict
    after = structs.replace(conflict, state="kept", resolution="kept", resolved_at=now)
    if conflict.state == "resolved" or not await store.change(db, tenant, conflict, after):
        raise Refusal("This has been settled already; look at the meeting again.")
    await audit.note(
        db, tenant, actor=by, action="conflict.kept", subject=conflict.booking_id, now=now
    )
    await _reassure(db, tenant, conflict, now=now)
    return after


async def _reassure(db: AsyncConnection, tenant: Id, conflict: Conflict, *, now: datetime) -> None:
    """Let a customer who was offered other times hear that the meeting goes ahead after all."""
    if conflict.offered_at is not None and conflict.state == "offered":
        event = BookingGoesAhead(booking=conflict.booking_id, conflict=conflict.id)
        await outbox.record(db, tenant, event, now=now)


# --- noticing ------------------------------------------------------------------------------------


async def look_again(database: Database, tenant: Id, advisor: Id, *, now: datetime) -> None:
    """Compare an advisor's meetings with their calendars as they were last read.

    Whatever has been taken is offered anew once the organisation's grace is over.
    """
    async with database.reading(tenant) as db:
        new, gone = await _compare(db, tenant, advisor, now=now)
    if not new and not gone:
        return
    async with database.transaction(tenant) as db:
        settings = (await get_tenant(db, tenant)).settings
        grace = timedelta(minutes=settings.grace_minutes)
        for each in new:
            await _raise(db, tenant, each.booking_id, advisor, state="seen", grace=grace, now=now)
        await _end_all(db, tenant, advisor, gone, now=now)


async def _compare(
    db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime
) -> tuple[list[Meeting], list[Conflict]]:
    meetings = await store.meetings_ahead(db, tenant, advisor, now=now)
    known = await store.unresolved(db, tenant, advisor)
    busy = await store.appointments_over_meetings(db, tenant, advisor, now=now) if meetings else []
    return judge(meetings, busy, known)


async def _raise(
    db: AsyncConnection,
    tenant: Id,
    booking_id: Id,
    advisor: Id,
    *,
    state: ConflictState,
    grace: timedelta,
    now: datetime,
    by: str | None = None,
) -> bool:
    """Store a new conflict; False if the meeting has one already."""
    conflict = Conflict(
        id=new_id("cnf", now),
        booking_id=booking_id,
        advisor_id=advisor,
        state=state,
        seen_at=now,
        alternatives=[],
    )
    if not await store.add(db, tenant, conflict):
        return False  # somebody who looked at the same moment was first
    actor = by or ("calendar" if state == "seen" else "system")
    await audit.note(
        db, tenant, actor=actor, action=f"conflict.{state}", subject=booking_id, now=now
    )
    await work.enqueue(db, tenant, OFFER, conflict.id, now=now, due_at=now + grace)
    return True


async def _end_all(
    db: AsyncConnection, tenant: Id, advisor: Id, gone: Sequence[Conflict], *, now: datetime
) -> None:
    if not gone:
        return
    ids = [conflict.booking_id for conflict in gone]
    why = await store.why_over(db, tenant, advisor, ids, now=now)
    for conflict in gone:
        after = structs.replace(
            conflict,
            state="resolved",
            resolution=conflict.resolution or why.get(conflict.booking_id, "gone"),
            resolved_at=conflict.resolved_at or now,
        )
        if await store.change(db, tenant, conflict, after):
            action = "conflict.resolved"
            subject = conflict.booking_id
            await audit.note(db, tenant, actor="calendar", action=action, subject=subject, now=now)
            if after.resolution == "gone":
                await _reassure(db, tenant, conflict, now=now)


# --- offering ------------------------------------------------------------------------------------


async def due(
    db: AsyncConnection, tenant: Id, conflict_id: Id, *, now: datetime
) -> Conflict | None:
    """Return a conflict that is to be offered now; one that is over by now is ended."""
    conflict = await store.by_id(db, tenant, conflict_id)
    if conflict is None or conflict.state not in {"seen", "displaced"}:
        return None
    advisor, booking = conflict.advisor_id, conflict.booking_id
    meetings = await store.meetings_ahead(db, tenant, advisor, now=now, booking=booking)
    busy = await store.appointments_over_meetings(db, tenant, advisor, now=now, booking=booking)
    _, gone = judge(meetings, busy, [conflict])
    if gone:
        await _end_all(db, tenant, advisor, gone, now=now)
        return None
    return conflict


async def undecided(db: AsyncConnection, tenant: Id, conflict: Conflict) -> bool:
    """Tell whether the advisor did something to the meeting's own entry that comes first."""
    return await store.undecided(db, tenant, conflict.booking_id)


async def offer(
    db: AsyncConnection,
    tenant: Id,
    conflict: Conflict,
    alternatives: Sequence[Alternative],
    *,
    now: datetime,
) -> None:
    """Keep what the customer is offered, and let them be told; with nothing they are to call."""
    after = structs.replace(
        conflict,
        state="offered" if conflict.state == "seen" else conflict.state,
        offered_at=now,
        alternatives=list(alternatives),
    )
    if not await store.change(db, tenant, conflict, after):
        return
    await audit.note(
        db,
        tenant,
        actor="system",
        action="conflict.offered",
        subject=conflict.booking_id,
        now=now,
    )
    event = BookingConflicted(
        booking=conflict.booking_id, conflict=conflict.id, advisor=conflict.advisor_id
    )
    await outbox.record(db, tenant, event, now=now)
