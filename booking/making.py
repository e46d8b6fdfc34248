"""Booking a meeting, once or as a series."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import lifecycle, store
from booking.claim_store import Holder
from booking.errors import SlotTaken, SlotUnavailable
from booking.holding import take_held, use_hold
from booking.lifecycle import Standing
from booking.looking import refuse_crowd
from booking.model import Booking, BookingInput, Repeat
from booking.offer import Offer, offer_of
from booking.recording import announce
from booking.schedule import zone_rules_version
from booking.series import occurrences
from booking.snapshot import Setup
from booking.taking import Place, take
from kernel.events import BookingConfirmed, BookingRequested
from kernel.ids import Id, new_id


async def book(
    db: AsyncConnection,
    tenant: Id,
    data: BookingInput,
    *,
    customer: Id,
    participants: Sequence[Id] = (),
    now: datetime,
    by: str = "customer",
    series: Id | None = None,
) -> Booking:
    """Book a meeting at a start that is still free.

    Where a calendar of those who are to be there has not been read for too long, or where the kind
    of meeting asks for it, the booking waits for the advisor's word; its time is kept meanwhile.

    Raises:
        SlotTaken: Somebody else was first.
        SlotUnavailable: It is no time that can be booked.
        HoldExpired: The hold has ended and its time is gone.
        MeetingTypeUnknown, NotFound, Invalid: As for ``slots``.
    """
    booking_id = new_id("bkg", now)
    holder = Holder(booking_id=booking_id)

    def ask(setup: Setup) -> Offer:
        return structs.replace(offer_of(setup, data), customer=customer)

    # A savepoint: whoever catches the refusal finds the hold as it was. Without one a refusal has
    # written nothing.
    async with db.begin_nested() if data.hold else nullcontext():
        if data.hold is None:
            place = await take(
                db, tenant, ask, data.start, requested=data.advisor, holder=holder, now=now
            )
        else:
            held = await use_hold(db, tenant, data.hold, now=now)
            place = await take_held(
                db, tenant, data, held, customer=customer, holder=holder, now=now
            )
        booking = structs.replace(
            _new_booking(booking_id, data, place, customer, now=now),
            participants=list(participants),
            series_id=series,
            booked_by=by,
        )
        row = store.booking_row(tenant, booking, place.decisions)
        event = BookingConfirmed if booking.state == "confirmed" else BookingRequested
        await announce(db, tenant, booking, event(booking=booking_id), row, by=by, now=now)
    return booking


async def refuse_taken(
    db: AsyncConnection, tenant: Id, data: BookingInput, *, now: datetime
) -> None:
    """Refuse what many want and somebody has, before anything is done for whoever asks.

    Raises:
        SlotTaken, SlotUnavailable: It was refused lately, and cannot be had now either.
        MeetingTypeUnknown, NotFound, Invalid: As for ``slots``.
    """
    if data.hold is None:
        await refuse_crowd(db, tenant, lambda setup: offer_of(setup, data), data.start, now=now)


def _new_booking(
    booking_id: Id, data: BookingInput, place: Place, customer: Id, *, now: datetime
) -> Booking:
    offer, team = place.offer, place.team
    zone = lifecycle.promise_zone(
        data.channel,
        customer=data.timezone,
        advisor=offer.setup.advisors[team.advisor_id].timezone,
        branch=offer.location.timezone if offer.location else None,
    )
    return Booking(
        id=booking_id,
        meeting_type_id=offer.kind.id,
        meeting_type=offer.kind.slug,
        advisor_id=team.advisor_id,
        colleagues=team.colleagues,
        resources=team.resources,
        location_id=offer.location.id if offer.location else None,
        customer_id=customer,
        participants=[],
        session_id=place.session_id,
        channel=data.channel,
        start=data.start,
        end=data.start + timedelta(minutes=offer.minutes),
        local_start=lifecycle.local_start(data.start, zone),
        timezone=zone,
        tzdata=zone_rules_version(),
        language=data.language,
        state=state_of(place, approval=offer.kind.approval),
        work=offer.work,
        load=offer.kind.load,
        sequence=0,
        generation=0,
        uid=f"{booking_id}@spreekuur",
        created_at=now,
    )


def state_of(place: Place, *, approval: bool, word: bool = False) -> Standing:
    """Return what a meeting is until those who are to be there have spoken for themselves."""
    settings = place.seen.taken.settings
    limit = place.seen.now - timedelta(minutes=settings.staleness_minutes)
    return lifecycle.state_on_booking(
        place.known_since(), limit=limit, approval=approval, word=word
    )


async def book_series(
    db: AsyncConnection,
    tenant: Id,
    data: BookingInput,
    repeat: Repeat,
    *,
    customer: Id,
    participants: Sequence[Id] = (),
    now: datetime,
    by: str = "customer",
) -> list[Booking]:
    """Book the same meeting again and again with the same advisor, all of them or none.

    Each is at the time on the wall of the first. The kind of meeting's window does not count for
    those that follow, but no calendar is known beyond a hundred days.

    Raises:
        SlotTaken, SlotUnavailable: One of them cannot be had; ``occurrence`` says which, from 1.
        HoldExpired, MeetingTypeUnknown, NotFound, Invalid: As for ``book``.
    """
    series = new_id("ser", now)
    async with db.begin_nested():
        await store.insert_series(db, tenant, series, repeat, now=now)
        first = await book(
            db,
            tenant,
            data,
            customer=customer,
            participants=participants,
            now=now,
            by=by,
            series=series,
        )
        booked = [first]
        wall = first.start.astimezone(ZoneInfo(first.timezone)).replace(tzinfo=None)
        following = structs.replace(
            data,
            hold=None,
            advisor=first.advisor_id,
            waive=sorted({*data.waive, "window"}),
        )
        for number, start in enumerate(occurrences(wall, first.timezone, repeat)[1:], start=2):
            try:
                booked.append(
                    await book(
                        db,
                        tenant,
                        structs.replace(following, start=start),
                        customer=customer,
                        participants=participants,
                        now=now,
                        by=by,
                        series=series,
                    )
                )
            except (SlotTaken, SlotUnavailable) as refusal:
                refusal.extra["occurrence"] = number
                refusal.extra["start"] = start
                raise
    return booked
