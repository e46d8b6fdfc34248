"""The use cases of the booking room: find a time, keep it, book it, change it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import lifecycle, store
from booking.assignment import Decision
from booking.calendars import store as calendars
from booking.errors import BookingOver
from booking.holding import hold, release, require_same, take_held, use_hold
from booking.model import (
    Booking,
    BookingFilter,
    BookingInput,
    SlotAnswer,
    SlotQuery,
    State,
    in_utc,
)
from booking.offer import Offer, find_offer, offer_to_move, read_agendas
from booking.schedule import from_epoch, not_before, zone_rules_version
from booking.setup import (
    add_advisor,
    add_location,
    apply_meeting_type,
    find_advisor_by_email,
    get_advisor,
    get_meeting_type,
    get_schedule,
    list_advisors,
    list_locations,
    list_meeting_types,
    set_schedule,
)
from booking.slots import free_starts, refusals
from booking.store import Holder
from booking.taking import take, take_as_it_is
from kernel import audit, outbox, work
from kernel.errors import NotFound
from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingRequested,
    BookingRescheduled,
    Event,
)
from kernel.ids import Id, new_id, require
from kernel.tenancy import get_tenant

__all__ = [
    "add_advisor",
    "add_location",
    "apply_meeting_type",
    "book",
    "cancel",
    "confirm",
    "explain_assignment",
    "find_advisor_by_email",
    "get_advisor",
    "get_booking",
    "get_meeting_type",
    "get_schedule",
    "hold",
    "list_advisors",
    "list_bookings",
    "list_locations",
    "list_meeting_types",
    "release",
    "reschedule",
    "set_schedule",
    "slots",
]

FAR: Final = 62 * 86_400
"""How many seconds outside the time that can be booked refused starts are still counted."""

ADVISORS_WORD: Final = frozenset({"advisor", "calendar"})
"""Who moves a meeting speaks for the advisor, so it need not wait for a fresh calendar."""


# --- when can we meet ----------------------------------------------------------------------------


async def slots(
    db: AsyncConnection, tenant: Id, query: SlotQuery, *, now: datetime, moving: Id | None = None
) -> SlotAnswer:
    """Return when one can meet; reads the database six times at most and writes nothing.

    If a booking is *moving*, the answer is about its own advisor, length and way of meeting, and
    what it takes itself counts as free.

    Raises:
        MeetingTypeUnknown: There is no such kind of meeting.
        NotFound: There is no such branch, advisor or booking.
        Invalid: A meeting in a branch, and no branch.
    """
    if moving is None:
        offer = await find_offer(db, tenant, query)
    else:
        offer = await offer_to_move(db, tenant, await get_booking(db, tenant, moving))
    rules = offer.rules(now=now)
    start, stop = not_before(query.start), not_before(query.end)
    # Read on to the end of what can be booked: an answer without any names the next start. What
    # lies far outside is not worth reading, even to explain why it cannot be booked.
    first = min(max(start, rules.now - FAR), rules.latest)
    last = min(max(stop, rules.latest), rules.latest + FAR)
    agendas = await read_agendas(db, tenant, offer, start=first, stop=last, now=now)
    starts = free_starts(agendas, rules, start, stop)
    later = [] if starts else free_starts(agendas, rules, stop, rules.latest)
    read_at = await calendars.freshness(db, tenant, offer.suitable)
    return SlotAnswer(
        duration=offer.minutes,
        starts=[from_epoch(at) for at in starts],
        next_available=from_epoch(later[0]) if later else None,
        as_of=min([now, *(at for at in read_at.values() if at is not None)]),
        reasons={**refusals(agendas, rules, start, stop)} if query.explain else {},
    )


# --- booking -------------------------------------------------------------------------------------


async def book(
    db: AsyncConnection,
    tenant: Id,
    data: BookingInput,
    *,
    customer: Id,
    participants: Sequence[Id] = (),
    now: datetime,
    by: str = "customer",
) -> Booking:
    """Book a meeting at a start that is still free.

    Where the advisor's calendar has not been read for too long it waits for the advisor's word.

    Raises:
        SlotTaken: Somebody else was first.
        SlotUnavailable: It is no time that can be booked.
        HoldExpired: The hold has ended and its time is gone.
        MeetingTypeUnknown, NotFound, Invalid: As for ``slots``.
    """
    booking_id = new_id("bkg", now)
    holder = Holder(booking_id=booking_id)
    # A savepoint: whoever catches the refusal finds hold and claims as they were.
    async with db.begin_nested():
        if data.hold is None:
            offer = await find_offer(db, tenant, data)
            decision = await take(
                db, tenant, offer, data.start, requested=data.advisor, holder=holder, now=now
            )
        else:
            held = await use_hold(db, tenant, data.hold, now=now)
            data = structs.replace(data, advisor=data.advisor or held.advisor_id)
            offer = await find_offer(db, tenant, data)
            require_same(held, data, offer)
            decision = await take_held(db, tenant, offer, held, holder=holder, now=now)
        booking = _new_booking(booking_id, data, offer, decision.advisor, customer, now=now)
        booking = structs.replace(
            booking,
            participants=list(participants),
            state=await _state_for(db, tenant, decision.advisor, now=now),
        )
        await store.insert_booking(db, tenant, booking, decision)
        event = BookingConfirmed if booking.state == "confirmed" else BookingRequested
        await _announce(db, tenant, booking, event(booking=booking_id), by=by, now=now)
    return booking


def _new_booking(
    booking_id: Id, data: BookingInput, offer: Offer, advisor: Id, customer: Id, *, now: datetime
) -> Booking:
    zone = lifecycle.promise_zone(
        data.channel,
        customer=data.timezone,
        advisor=offer.member(advisor).advisor.timezone,
        branch=offer.location.timezone if offer.location else None,
    )
    return Booking(
        id=booking_id,
        meeting_type_id=offer.meeting_type.id,
        meeting_type=offer.meeting_type.slug,
        advisor_id=advisor,
        location_id=offer.location.id if offer.location else None,
        customer_id=customer,
        participants=[],
        channel=data.channel,
        start=data.start,
        end=data.start + timedelta(minutes=offer.minutes),
        local_start=lifecycle.local_start(data.start, zone),
        timezone=zone,
        tzdata=zone_rules_version(),
        language=data.language,
        state="requested",
        sequence=0,
        generation=0,
        uid=f"{booking_id}@spreekuur",
        created_at=now,
    )


async def reschedule(
    db: AsyncConnection, tenant: Id, booking_id: Id, start: datetime, *, now: datetime, by: str
) -> Booking:
    """Move a booking to another start; advisor, length and way of meeting stay.

    What an advisor did in their own calendar (*by* ``calendar``) need not keep to hours, grid or
    notice: it must lie ahead and take no time that is taken already.

    Raises:
        SlotTaken: Somebody else has that time.
        SlotUnavailable: It is no time that can be booked.
        BookingOver: The booking is cancelled, has begun, or was changed at the same moment.
        NotFound: There is no such booking.
        Invalid: The start has no offset or lies absurdly far away.
    """
    start = in_utc(start, "/start")
    booking = await get_booking(db, tenant, booking_id)
    state = (
        None if by in ADVISORS_WORD else await _state_for(db, tenant, booking.advisor_id, now=now)
    )
    after = lifecycle.moved(
        booking,
        start,
        state="requested" if state == "requested" else None,
        tzdata=zone_rules_version(),
        now=now,
    )
    if start == booking.start:
        return booking
    # A savepoint: whoever catches the refusal finds the booking where it was.
    async with db.begin_nested():
        await _change(db, tenant, booking, after)
        await store.release_claims(db, tenant, booking_id)
        offer = await offer_to_move(db, tenant, booking)
        holder = Holder(booking_id=booking_id)
        if by == "calendar":
            await take_as_it_is(db, tenant, offer, start, holder=holder, now=now)
        else:
            await take(
                db, tenant, offer, start, requested=booking.advisor_id, holder=holder, now=now
            )
        moved = BookingRescheduled(
            booking=booking_id, sequence=after.sequence, previous_start=booking.start, by=by
        )
        await _announce(db, tenant, after, moved, by=by, now=now)
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
    await _change(db, tenant, booking, after)
    await store.release_claims(db, tenant, booking_id)
    event = BookingCancelled(booking=booking_id, sequence=after.sequence, by=by)
    await _announce(db, tenant, after, event, by=by, now=now)
    return after


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
    await _announce(db, tenant, after, BookingConfirmed(booking=booking_id), by=by, now=now)
    return after


# --- reading -------------------------------------------------------------------------------------


async def get_booking(db: AsyncConnection, tenant: Id, booking_id: Id) -> Booking:
    """Return one booking.

    Raises:
        NotFound: The organisation has none with this id.
    """
    booking = await store.booking_by_id(db, tenant, require("bkg", booking_id, "booking"))
    if booking is None:
        raise NotFound("There is no booking with this id.")
    return booking


async def list_bookings(db: AsyncConnection, tenant: Id, wanted: BookingFilter) -> list[Booking]:
    """Return the bookings that meet every condition given, by id.

    Raises:
        NotFound: The advisor, customer or cursor cannot be one.
    """
    for prefix, given, what in (
        ("adv", wanted.advisor, "advisor"),
        ("cus", wanted.customer, "customer"),
        ("bkg", wanted.after, "booking"),
    ):
        if given is not None:
            require(prefix, given, what)
    return await store.bookings_where(db, tenant, wanted)


async def explain_assignment(db: AsyncConnection, tenant: Id, booking_id: Id) -> Decision:
    """Return why a booking's advisor got it, as it was decided then.

    Raises:
        NotFound: The organisation has no booking with this id.
    """
    decision = await store.assignment_of(db, tenant, require("bkg", booking_id, "booking"))
    if decision is None:
        raise NotFound("There is no booking with this id.")
    return decision


# --- what every change does ----------------------------------------------------------------------


async def _state_for(db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime) -> State:
    """Return what a meeting with this advisor is until they have spoken for themselves."""
    read_at = await calendars.freshness(db, tenant, [advisor])
    if advisor not in read_at:
        return "confirmed"
    settings = (await get_tenant(db, tenant)).settings
    limit = now - timedelta(minutes=settings.staleness_minutes)
    return lifecycle.state_on_booking(read_at[advisor], limit=limit)


async def _change(db: AsyncConnection, tenant: Id, before: Booking, after: Booking) -> None:
    if not await store.change_booking(db, tenant, before, after):
        raise BookingOver("This meeting has just been changed by somebody else; look again.")


async def _announce(
    db: AsyncConnection, tenant: Id, booking: Booking, event: Event, *, by: str, now: datetime
) -> None:
    """Record what happened, who did it, and that the advisor's calendar must follow."""
    action = str(event.__struct_config__.tag)
    await audit.note(db, tenant, actor=by, action=action, subject=booking.id, now=now)
    await outbox.record(db, tenant, event, now=now)
    await work.enqueue(db, tenant, "calendar.push", booking.id, now=now)
