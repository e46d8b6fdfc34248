"""Answers to invitations: who of a meeting's customers says that they come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import participation_store as store
from booking.answering import (
    Outcome,
    Participation,
    about_now,
    answered,
    outcome_of,
    refusal,
    sequence_of_time,
    taken_over,
)
from booking.model import Booking
from booking.reading import get_booking, history
from booking.replies import Reply
from kernel import audit, outbox
from kernel.events import InvitationDeclined, TimeProposed
from kernel.ids import Id, require


class Guests(Protocol):
    """Knows the addresses to which invitations go; this room keeps none."""

    async def address(self, db: AsyncConnection, tenant: Id, customer: Id, /) -> str | None:
        """Return a customer's address; None when they are gone or have none."""
        ...


async def take_answer(
    db: AsyncConnection, tenant: Id, booking_id: Id, reply: Reply, guests: Guests, *, now: datetime
) -> Outcome:
    """Write down what a customer answered to the invitation, and return what became of that.

    The meeting itself stays as it is, whatever they say: somebody has to cancel or move it.

    Raises:
        NotFound: There is no such booking.
    """
    booking = await get_booking(db, tenant, booking_id)
    least = sequence_of_time(await history(db, tenant, booking_id))
    if refused := refusal(booking, reply.said, least=least, now=now):
        return refused
    invited = await _invited_at(db, tenant, booking, reply.attendee, guests)
    if not invited:
        return "not-invited"
    known = await store.participations_of(db, tenant, [booking_id])
    before = {one.customer_id: one for one in known}
    # A couple may share an address: their calendar answers for both, and that is told once.
    first, *others = invited
    outcome = await _answer(db, tenant, booking, first, reply, before.get(first), now=now)
    for customer in others:
        await _keep(db, tenant, booking, customer, reply, before.get(customer), now=now)
    return outcome if isinstance(outcome, str) else outcome_of(outcome)


async def participation_of(
    db: AsyncConnection, tenant: Id, bookings: Sequence[Booking]
) -> dict[Id, list[Participation]]:
    """Return the answers about the time that each of these meetings has now, in one statement."""
    if not bookings:
        return {}
    known = await store.participations_of(db, tenant, [booking.id for booking in bookings])
    return {booking.id: about_now(booking, known) for booking in bookings}


async def proposed_to(
    db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime
) -> list[Booking]:
    """Return an advisor's meetings ahead for which somebody who is to come proposed another time.

    Raises:
        NotFound: The advisor cannot be one.
    """
    require("adv", advisor, "advisor")
    found = await store.proposed_to(db, tenant, advisor, now=now)
    return [await get_booking(db, tenant, booking_id) for booking_id in found]


async def settle_proposals(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, start: datetime | None = None
) -> bool:
    """Have nobody asked any more about times proposed for a booking, or about this one.

    What they answered otherwise stays. Returns whether there was one.

    Raises:
        NotFound: The booking cannot be one.
    """
    require("bkg", booking_id, "booking")
    return await store.drop_proposals(db, tenant, booking_id, start=start) > 0


async def _invited_at(
    db: AsyncConnection, tenant: Id, booking: Booking, address: str, guests: Guests
) -> list[Id]:
    """Return whom of those who are to come an address belongs to, the customer first."""
    found = []
    for customer in dict.fromkeys([booking.customer_id, *booking.participants]):
        theirs = await guests.address(db, tenant, customer)
        # No server that anybody uses tells small letters from large ones (RFC 5321, 2.4).
        if theirs is not None and theirs.strip().lower() == address:
            found.append(customer)
    return found


async def _answer(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    customer: Id,
    reply: Reply,
    before: Participation | None,
    *,
    now: datetime,
) -> Participation | Outcome:
    """Keep an answer, and let those hear of it who have to do something now."""
    given = await _keep(db, tenant, booking, customer, reply, before, now=now)
    if not isinstance(given, Participation):
        return given
    action = f"invitation.{outcome_of(given)}"
    await audit.note(db, tenant, actor="customer", action=action, subject=booking.id, now=now)
    if given.proposed_start is not None and given.proposed_end is not None:
        proposed = TimeProposed(
            booking=booking.id,
            customer=customer,
            sequence=booking.sequence,
            start=given.proposed_start,
            end=given.proposed_end,
        )
        await outbox.record(db, tenant, proposed, now=now)
    elif given.answer == "declined":
        declined = InvitationDeclined(
            booking=booking.id, customer=customer, sequence=booking.sequence
        )
        await outbox.record(db, tenant, declined, now=now)
    return given


async def _keep(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    customer: Id,
    reply: Reply,
    before: Participation | None,
    *,
    now: datetime,
) -> Participation | Outcome:
    """Write an answer down, if it counts."""
    given = answered(booking, customer, reply.said, reply.answer, before=before, now=now)
    if not isinstance(given, Participation):
        return given
    # Two may come at the same moment, and then the newer one stays.
    kept = await store.keep_newer(db, tenant, taken_over(given, before))
    return given if kept else "older"
