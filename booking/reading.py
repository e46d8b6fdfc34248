"""Looking at bookings: as they are, as they were, and why they are with whom they are."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import store
from booking.assignment import Decision, replay
from booking.lifecycle import HistoryStep, as_it_stood
from booking.model import Booking, BookingFilter
from kernel.errors import NotFound
from kernel.ids import Id, require


async def get_booking(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, as_of: datetime | None = None
) -> Booking:
    """Return one booking, as it is or as it stood at an instant.

    Raises:
        NotFound: The organisation has none with this id, or had none then.
    """
    booking = await store.booking_by_id(db, tenant, require("bkg", booking_id, "booking"))
    if booking is None:
        raise NotFound("There is no booking with this id.")
    if as_of is None:
        return booking
    stood = as_it_stood(await store.steps_of(db, tenant, booking_id), as_of)
    if stood is None:
        raise NotFound("This booking was not there yet at that time.")
    return stood


async def history(db: AsyncConnection, tenant: Id, booking_id: Id) -> list[HistoryStep]:
    """Return every step in the life of a booking, the first first.

    Raises:
        NotFound: The organisation has none with this id.
    """
    await get_booking(db, tenant, booking_id)
    return await store.steps_of(db, tenant, booking_id)


async def list_bookings(db: AsyncConnection, tenant: Id, wanted: BookingFilter) -> list[Booking]:
    """Return the bookings that meet every condition given, by id.

    Raises:
        NotFound: The advisor, customer, series or cursor cannot be one.
    """
    for prefix, given, what in (
        ("adv", wanted.advisor, "advisor"),
        ("cus", wanted.customer, "customer"),
        ("ser", wanted.series, "series"),
        ("bkg", wanted.after, "booking"),
    ):
        if given is not None:
            require(prefix, given, what)
    return await store.bookings_where(db, tenant, wanted)


async def explain_assignment(db: AsyncConnection, tenant: Id, booking_id: Id) -> list[Decision]:
    """Return why those who are there got a booking, the advisor first, as it was decided then.

    Raises:
        NotFound: The organisation has no booking with this id.
    """
    decisions = await store.assignment_of(db, tenant, require("bkg", booking_id, "booking"))
    if decisions is None:
        raise NotFound("There is no booking with this id.")
    return decisions


async def replay_assignment(
    db: AsyncConnection, tenant: Id, booking_id: Id
) -> list[tuple[Decision, bool]]:
    """Decide again from what was stored; return each decision and whether it comes out the same.

    Raises:
        NotFound: The organisation has no booking with this id.
    """
    decisions = await explain_assignment(db, tenant, booking_id)
    return [(decision, replay(decision) == decision) for decision in decisions]
