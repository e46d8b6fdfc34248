"""What may become of a booking: moved, given to somebody else, called off, confirmed, held."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import claim_store, conflicts, lifecycle, promises, seating, store
from booking.assignment import Decision
from booking.claim_store import Holder
from booking.clashes import Resolution
from booking.errors import BookingOver, SameTeam, SlotTaken, SlotUnavailable
from booking.lifecycle import Outcome, Standing
from booking.making import state_of
from booking.model import Booking, BookingFilter
from booking.offer import Offer, at_the_same_time, offer_to_move, on_their_word
from booking.reading import get_booking
from booking.recording import announce
from booking.schedule import zone_rules_version
from booking.snapshot import Setup
from booking.taking import Place, take, take_as_it_is
from booking.values import in_utc
from kernel.errors import NotFound
from kernel.events import (
    BookingAttended,
    BookingCancelled,
    BookingConfirmed,
    BookingDeclined,
    BookingMissed,
    BookingRealigned,
    BookingReassigned,
    BookingRescheduled,
    Event,
)
from kernel.ids import Id, require

ADVISORS_WORD: Final = frozenset({"advisor", "calendar"})
"""Who moves a meeting speaks for the advisor, so it need not wait for a fresh calendar."""

_BATCH: Final = 200


async def reschedule(
    db: AsyncConnection, tenant: Id, booking_id: Id, start: datetime, *, now: datetime, by: str
) -> Booking:
    """Move a booking to another start; advisor, length and way of meeting stay.

    What an advisor did in their own calendar (*by* ``calendar``) need not keep to hours, grid or
    notice: it must lie ahead and take no time that is taken already. An *advisor* who says so
    keeps to hours, but not to grid, notice or window.

    Raises:
        SlotTaken: Somebody else has that time.
        SlotUnavailable: It is no time that can be booked.
        SameTime: It is at that time already.
        BookingOver: The booking is cancelled, has begun, or was changed at the same moment.
        NotFound: There is no such booking.
        Invalid: The start has no offset or lies absurdly far away.
    """
    start = in_utc(start, "/start")
    booking = await get_booking(db, tenant, booking_id)
    promised = lifecycle.moved(booking, start, tzdata=zone_rules_version(), now=now)
    # A savepoint: whoever catches the refusal finds the booking where it was.
    async with db.begin_nested():
        # First, so that of two who change the same booking one waits for the other.
        await _change(db, tenant, booking, promised)
        if by == "calendar":
            await _give_back(db, tenant, booking, now=now)
            holder = Holder(booking_id=booking_id)
            await take_as_it_is(db, tenant, booking, start, holder=holder, now=now)
            # Who is taken out of a meeting that others share has one of their own.
            after = structs.replace(promised, session_id=None)
        else:
            place = await _take_anew(db, tenant, booking, start, booking.advisor_id, by=by, now=now)
            after = _moved(booking, start, place, by=by, now=now)
        if after != promised:
            await _change(db, tenant, promised, after)
        await _tell_moved(db, tenant, booking, after, by=by, now=now)
    return after


async def reassign(
    db: AsyncConnection,
    tenant: Id,
    booking_id: Id,
    *,
    advisor: Id | None = None,
    now: datetime,
    by: str,
) -> Booking:
    """Give a booking to another advisor at the same time: to this one, or to whoever is best.

    Raises:
        SlotTaken, SlotUnavailable: Nobody (else) who may give this meeting is free at its time.
        SameTeam: That advisor has it already.
        BookingOver: The booking is cancelled, has begun, or was changed at the same moment.
        NotFound: There is no such booking or advisor.
    """
    booking = await get_booking(db, tenant, booking_id)
    lifecycle.require_open(booking, now=now)
    if advisor == booking.advisor_id:
        raise SameTeam
    async with db.begin_nested():
        place = await _take_anew(db, tenant, booking, booking.start, advisor, now=now)
        after = _reassigned(booking, place, by=by, now=now)
        await _change(db, tenant, booking, after, assignment=place.decisions)
        event = BookingReassigned(
            booking=booking_id,
            sequence=after.sequence,
            previous_advisor=booking.advisor_id,
            by=by,
        )
        await _tell(db, tenant, after, event, resolution="reassigned", by=by, now=now)
    return after


async def repair(
    db: AsyncConnection,
    tenant: Id,
    booking_id: Id,
    start: datetime,
    advisor: Id,
    *,
    now: datetime,
    by: str,
) -> Booking:
    """Take one of the alternatives that were offered for a meeting whose time was taken.

    Raises:
        SlotTaken, SlotUnavailable, BookingOver, NotFound: As for ``reschedule`` and ``reassign``.
    """
    start = in_utc(start, "/start")
    booking = await get_booking(db, tenant, booking_id)
    if start == booking.start:
        return await reassign(db, tenant, booking_id, advisor=advisor, now=now, by=by)
    if advisor == booking.advisor_id:
        return await reschedule(db, tenant, booking_id, start, now=now, by=by)
    lifecycle.require_open(booking, now=now)
    async with db.begin_nested():
        place = await _take_anew(db, tenant, booking, start, advisor, now=now)
        after = _moved(booking, start, place, by=by, now=now)
        await _change(db, tenant, booking, after, assignment=place.decisions)
        await _tell_moved(db, tenant, booking, after, by=by, now=now)
    return after


async def cancel(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, reason: str | None, now: datetime, by: str
) -> Booking:
    """Call a booking off and give its time back.

    Raises:
        BookingOver: It is cancelled, has begun, or was changed at the same moment.
        NotFound: There is no such booking.
    """
    booking = await get_booking(db, tenant, booking_id)
    after = lifecycle.cancelled(booking, by=by, reason=reason, now=now)
    event = BookingCancelled(booking=booking_id, sequence=after.sequence, by=by)
    return await _end(db, tenant, booking, after, event, by=by, now=now)


async def decline(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, reason: str | None, now: datetime, by: str
) -> Booking:
    """Say no to a booking that waits for the advisor's word, and give its time back.

    Raises:
        BookingOver: It does not wait for it, has begun, or was changed at the same moment.
        NotFound: There is no such booking.
    """
    booking = await get_booking(db, tenant, booking_id)
    after = lifecycle.declined(booking, by=by, reason=reason, now=now)
    event = BookingDeclined(booking=booking_id, sequence=after.sequence, by=by)
    return await _end(db, tenant, booking, after, event, by=by, now=now)


async def _end(
    db: AsyncConnection,
    tenant: Id,
    before: Booking,
    after: Booking,
    event: BookingCancelled | BookingDeclined,
    *,
    by: str,
    now: datetime,
) -> Booking:
    await _change(db, tenant, before, after)
    await _give_back(db, tenant, before, now=now)
    await _tell(db, tenant, after, event, resolution="cancelled", by=by, now=now)
    return after


async def cancel_series(
    db: AsyncConnection,
    tenant: Id,
    series_id: Id,
    *,
    since: datetime | None = None,
    reason: str | None,
    now: datetime,
    by: str,
) -> list[Booking]:
    """Call off all that is still to come of a series, from *since* on.

    Raises:
        NotFound: There is no such series.
        BookingOver: Nothing of it is still to come.
    """
    require("ser", series_id, "series")
    if await store.series_repeat(db, tenant, series_id) is None:
        raise NotFound("There is no series with this id.")
    listed = await store.bookings_where(db, tenant, BookingFilter(series=series_id, limit=100))
    ahead = [
        booking
        for booking in listed
        if booking.start > now
        and booking.state in {"requested", "confirmed"}
        and (since is None or booking.start >= since)
    ]
    if not ahead:
        raise BookingOver("Nothing of this series is still to come.")
    return [
        await cancel(db, tenant, booking.id, reason=reason, now=now, by=by)
        for booking in sorted(ahead, key=lambda one: one.start)
    ]


async def confirm(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, now: datetime, by: str
) -> Booking:
    """Give the advisor's word on a booking that waits for it.

    Raises:
        BookingOver: It does not wait for it, has begun, or was changed at the same moment.
        NotFound: There is no such booking.
    """
    booking = await get_booking(db, tenant, booking_id)
    after = lifecycle.confirmed(booking, now=now)
    await _change(db, tenant, booking, after)
    await announce(db, tenant, after, BookingConfirmed(booking=booking_id), by=by, now=now)
    return after


async def record_outcome(
    db: AsyncConnection, tenant: Id, booking_id: Id, outcome: Outcome, *, now: datetime, by: str
) -> Booking:
    """Write down whether the customer came.

    Raises:
        OutcomeTooEarly: The meeting has not begun.
        OutcomeKnown: That is on file already.
        BookingOver, NeverConfirmed: It was cancelled, or never confirmed.
        NotFound: There is no such booking.
    """
    booking = await get_booking(db, tenant, booking_id)
    after = lifecycle.with_outcome(booking, outcome, now=now)
    event = BookingAttended if outcome == "attended" else BookingMissed
    await _change(db, tenant, booking, after)
    await announce(db, tenant, after, event(booking=booking_id, by=by), by=by, now=now)
    return after


# --- time zones ----------------------------------------------------------------------------------


async def keep_promises(db: AsyncConnection, tenant: Id, *, now: datetime) -> tuple[int, bool]:
    """Look again at meetings that were promised under older time zone rules.

    What was promised by the wall clock stays; the instant moves where the rules say so. A meeting
    whose new time is taken stays where it is and is offered alternatives.

    Returns:
        How many meetings moved, and whether there are more to look at.
    """
    version = zone_rules_version()
    found = await store.bookings_that_promise(db, tenant, now=now, tzdata=version, limit=_BATCH)
    moved: set[Id] = set()
    for booking in found:
        after = promises.kept(booking, tzdata=version)
        if booking.id in moved:
            continue
        if after.revision == booking.revision:
            await _change(db, tenant, booking, after)
            continue
        try:
            moved |= await _realign(db, tenant, booking, after, now=now)
        except (SlotTaken, SlotUnavailable):
            await _change(db, tenant, booking, structs.replace(booking, tzdata=version))
            await conflicts.note(db, tenant, booking, now=now)
    return len(moved), len(found) == _BATCH


async def _realign(
    db: AsyncConnection, tenant: Id, booking: Booking, after: Booking, *, now: datetime
) -> set[Id]:
    """Move a meeting to the instant that was meant, and return whose bookings moved with it.

    Raises:
        SlotTaken: That time is taken, or others who share the meeting were promised another one.
        SlotUnavailable: It has passed.
    """
    changes = await _who_share(db, tenant, booking, after)
    session = booking.session_id
    async with db.begin_nested():
        for before, moved in changes:
            await _change(db, tenant, before, moved)
        if session is None:
            holder = Holder(booking_id=booking.id)
            await claim_store.release_claims(db, tenant, booking=booking.id)
        else:
            holder = Holder(session_id=session)
            await claim_store.release_claims(db, tenant, session=session)
            await claim_store.move_session(db, tenant, session, after.start, after.end)
        await take_as_it_is(db, tenant, booking, after.start, holder=holder, now=now)
        told = [(before, moved) for before, moved in changes if moved.revision != before.revision]
        for before, moved in told:
            event = BookingRealigned(
                booking=moved.id, sequence=moved.sequence, previous_start=before.start
            )
            await announce(db, tenant, moved, event, by="system", now=now)
    return {moved.id for _, moved in told}


async def _who_share(
    db: AsyncConnection, tenant: Id, booking: Booking, after: Booking
) -> list[tuple[Booking, Booking]]:
    """Return every booking of the meeting, before and after, where all move to one instant."""
    if booking.session_id is None:
        return [(booking, after)]
    await claim_store.lock_session(db, tenant, booking.session_id)
    shared = await store.bookings_of_session(db, tenant, booking.session_id)
    changes = [(one, promises.kept(one, tzdata=after.tzdata)) for one in shared]
    if any(moved.start != after.start for _, moved in changes):
        raise SlotTaken
    return changes


# --- another time, other people ------------------------------------------------------------------


async def _take_anew(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    start: datetime,
    advisor: Id | None,
    *,
    now: datetime,
    by: str | None = None,
) -> Place:
    """Give back what a booking takes, and take what it needs to be elsewhere.

    That is another start with this advisor, or, where it stays at its own, somebody else; None
    stands for whoever is best.
    """

    def ask(setup: Setup) -> Offer:
        offer = offer_to_move(setup, booking, advisor=advisor)
        if start != booking.start:
            return on_their_word(offer) if by == "advisor" else offer
        return at_the_same_time(offer, apart_from=booking.advisor_id)

    await _give_back(db, tenant, booking, now=now)
    holder = Holder(booking_id=booking.id)
    return await take(db, tenant, ask, start, requested=advisor, holder=holder, now=now)


def _moved(booking: Booking, start: datetime, place: Place, *, by: str, now: datetime) -> Booking:
    """Return the booking at another time, with those and what is there then."""
    after = lifecycle.moved(
        booking,
        start,
        state=_state_there(booking, place, by),
        tzdata=zone_rules_version(),
        now=now,
        team=place.team,
    )
    return structs.replace(after, session_id=place.session_id)


def _reassigned(booking: Booking, place: Place, *, by: str, now: datetime) -> Booking:
    """Return the booking at its own time, with others."""
    state = _state_there(booking, place, by)
    after = lifecycle.reassigned(booking, place.team, state=state, now=now)
    return structs.replace(after, session_id=place.session_id)


def _state_there(booking: Booking, place: Place, by: str) -> Standing | None:
    """Return what a booking becomes at its new place; None if it stays what it is."""
    if by in ADVISORS_WORD:
        return None
    other = place.team.advisor_id != booking.advisor_id
    state = state_of(place, approval=other and place.offer.kind.approval)
    return "requested" if state == "requested" else None


# --- what every change does ----------------------------------------------------------------------


async def _change(
    db: AsyncConnection,
    tenant: Id,
    before: Booking,
    after: Booking,
    *,
    assignment: Sequence[Decision] | None = None,
) -> None:
    if not await store.change_booking(db, tenant, before, after, assignment=assignment):
        raise BookingOver("This meeting has just been changed by somebody else; look again.")


async def _give_back(db: AsyncConnection, tenant: Id, booking: Booking, *, now: datetime) -> None:
    if booking.session_id is None:
        await claim_store.release_claims(db, tenant, booking=booking.id)
    else:
        await seating.stand_up(db, tenant, booking.session_id, booking=booking.id, now=now)


async def _tell_moved(
    db: AsyncConnection, tenant: Id, before: Booking, after: Booking, *, by: str, now: datetime
) -> None:
    """Tell that a booking is at another time."""
    event = BookingRescheduled(
        booking=after.id, sequence=after.sequence, previous_start=before.start, by=by
    )
    await _tell(db, tenant, after, event, resolution="moved", by=by, now=now)


async def _tell(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    event: Event,
    *,
    resolution: Resolution,
    by: str,
    now: datetime,
) -> None:
    """Close what was a conflict of the booking, and announce what it has become."""
    await conflicts.resolve(db, tenant, booking.id, resolution=resolution, now=now)
    await announce(db, tenant, booking, event, by=by, now=now)
