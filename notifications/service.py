"""Use cases: publish rates, decide who is told what, and put it in the post.

Everything that is told follows from an event or a request, in the transaction that records it. The
functions named ``tell_…`` may see the same event twice; the second time changes nothing.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import outbox, work
from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingConflicted,
    BookingDeclined,
    BookingGoesAhead,
    BookingRealigned,
    BookingRequested,
    BookingRescheduled,
    CalendarTrouble,
    InvitationDeclined,
    RatePublished,
    TimeProposed,
)
from kernel.ids import Id, new_id
from kernel.vault import Erased
from notifications import rates, store, watches
from notifications.audience import BookingEvent, audience
from notifications.errors import RateOutrun
from notifications.model import (
    RATE_NOTICES,
    BookingFacts,
    Delivery,
    Notice,
    NoticeInput,
    Rate,
    RateInput,
    SignInFacts,
    State,
    TroubleFacts,
)
from notifications.ports import Appointment, Directory, Exposure, RateEffect

DELIVER_QUEUE: Final = "notify.deliver"
EMAIL: Final = "email"


class _Concern(Struct, frozen=True, kw_only=True):
    """A customer whom a changed rate concerns enough, and the consent to tell them."""

    exposure: Exposure
    effect: RateEffect
    consent: Id


# --- rates ---------------------------------------------------------------------------------------


async def publish_rate(db: AsyncConnection, tenant: Id, data: RateInput, *, now: datetime) -> Rate:
    """Add an entry to the organisation's rate card, and have everybody concerned told.

    Raises:
        RateInvalid: It cannot stand in a rate card.
        RateOutrun: Somebody else published for the same line at the same moment.
    """
    rate, version, news = await _entry(db, tenant, data, now=now)
    announced_at = None if news else now
    if not await store.add_rate(db, tenant, rate, version=version, announced_at=announced_at):
        raise RateOutrun
    if news:
        await outbox.record(db, tenant, RatePublished(rate=rate.id), now=now)
    return rate


async def preview_rate(
    db: AsyncConnection, tenant: Id, directory: Directory, data: RateInput, *, now: datetime
) -> int:
    """Return how many customers would be told if this rate were published; change nothing.

    Raises:
        RateInvalid: It cannot stand in a rate card.
    """
    rate, _, news = await _entry(db, tenant, data, now=now)
    return len(await _concerns(db, tenant, directory, rate)) if news else 0


async def list_rates(db: AsyncConnection, tenant: Id) -> list[Rate]:
    """Return the organisation's rate card, newest first."""
    return await store.all_rates(db, tenant)


async def tell_of_rate(
    db: AsyncConnection, tenant: Id, directory: Directory, event: RatePublished, *, now: datetime
) -> None:
    """Put a notice in the post for everybody whom the new rate concerns enough."""
    rate = await store.rate(db, tenant, event.rate)
    for concern in await _concerns(db, tenant, directory, rate):
        customer = concern.exposure.customer
        notice = NoticeInput(
            recipient=customer,
            kind="rate-changed",
            purpose=RATE_NOTICES,
            consent=concern.consent,
            booking=concern.exposure.booking,
            rate=rate.id,
            facts=watches.facts(rate, concern.exposure, concern.effect, now=now),
            dedup_key=f"rate-changed:{rate.id}:{customer}",
        )
        await _post(db, tenant, notice, now=now)
    await store.mark_announced(db, tenant, rate.id, now=now)


async def _entry(
    db: AsyncConnection, tenant: Id, data: RateInput, *, now: datetime
) -> tuple[Rate, int, bool]:
    """Return the rate as it would stand in the card, its number there, and whether it is news."""
    rates.check(data)
    line = await store.line_of(db, tenant, data.product, fixed_years=data.fixed_years)
    before = rates.holding_before(line, data)
    news = rates.is_news(line, data)
    rate = Rate(
        id=new_id("rte", now),
        product=data.product,
        fixed_years=data.fixed_years,
        rate=data.rate,
        valid_from=data.valid_from,
        published_at=now,
        previous=before.rate if before else None,
        notified=None if news else 0,
    )
    return rate, len(line) + 1, news


async def _concerns(
    db: AsyncConnection, tenant: Id, directory: Directory, rate: Rate
) -> list[_Concern]:
    if rate.previous is None:
        return []
    organisation = await directory.tenant(db, tenant)
    exposures = await directory.exposures(
        db, tenant, product=rate.product, fixed_years=rate.fixed_years
    )
    found = []
    for exposure in watches.concerned(exposures, rate.product):
        effect = directory.payments(
            exposure.principal, exposure.months, rate.previous, rate.rate, exposure.repayment
        )
        if not watches.worth_telling(effect, organisation.settings.rate_notice_threshold):
            continue
        consent = await directory.consent(db, tenant, exposure.customer, RATE_NOTICES)
        if consent is not None:
            found.append(_Concern(exposure=exposure, effect=effect, consent=consent))
    return found


# --- meetings, calendars, sign-in ----------------------------------------------------------------


async def tell_of_booking(
    db: AsyncConnection, tenant: Id, directory: Directory, event: BookingEvent, *, now: datetime
) -> None:
    """Put in the post what a change to a meeting means for the people who come to it."""
    about = str(event.booking)
    if isinstance(event, BookingConflicted):
        offered = await directory.offered(db, tenant, event.booking)
        if offered is None or offered.conflict != event.conflict:
            # It is over, or the customer chooses because of another one.
            return
    if isinstance(event, BookingConflicted | BookingGoesAhead):
        about = f"{event.booking}:{event.conflict}"
    if isinstance(event, InvitationDeclined | TimeProposed):
        # Once for each of them and each time proposed, however often they change their mind.
        about = f"{event.booking}:{event.customer}"
    if isinstance(event, TimeProposed):
        about = f"{about}:{event.start.isoformat()}"
    appointment = await directory.appointment(db, tenant, event.booking)
    sequence = _sequence_of(event, appointment)
    there = await directory.attendance(db, tenant, event.booking, sequence=sequence)
    facts = BookingFacts(
        start=appointment.start,
        previous_start=event.previous_start
        if isinstance(event, BookingRescheduled | BookingRealigned)
        else None,
        by=event.by
        if isinstance(event, BookingRescheduled | BookingCancelled | BookingDeclined)
        else None,
        proposed_start=event.start if isinstance(event, TimeProposed) else None,
    )
    for recipient, kind in audience(event, appointment, there):
        notice = NoticeInput(
            recipient=recipient,
            kind=kind,
            booking=event.booking,
            sequence=sequence,
            facts=facts,
            dedup_key=f"{kind}:{about}:{sequence}:{recipient}",
        )
        await _post(db, tenant, notice, now=now)


def _sequence_of(event: BookingEvent, appointment: Appointment) -> int:
    if isinstance(
        event, BookingRequested | BookingConfirmed | BookingConflicted | BookingGoesAhead
    ):
        return appointment.sequence
    return event.sequence


async def tell_of_trouble(
    db: AsyncConnection, tenant: Id, event: CalendarTrouble, *, now: datetime
) -> None:
    """Ask an advisor to look at their calendar connection, at most once a day for one matter."""
    matter = event.booking or event.account
    notice = NoticeInput(
        recipient=event.advisor,
        kind="calendar-trouble",
        booking=event.booking,
        facts=TroubleFacts(account=event.account, code=event.code),
        dedup_key=f"calendar-trouble:{matter}:{event.code}:{now.date().isoformat()}",
    )
    await _post(db, tenant, notice, now=now)


async def request_sign_in_mail(
    db: AsyncConnection, tenant: Id, *, sign_in: Id, advisor: Id, now: datetime
) -> None:
    """Put a sign-in link in the post; its token is made while the mail is, and kept nowhere."""
    notice = NoticeInput(
        recipient=advisor,
        kind="sign-in",
        facts=SignInFacts(sign_in=sign_in),
        dedup_key=f"sign-in:{sign_in}",
    )
    await _post(db, tenant, notice, now=now)


async def stop(
    db: AsyncConnection, tenant: Id, *, customer: Id, purpose: str, now: datetime
) -> None:
    """Cancel whatever has not left yet of what a customer no longer wants to hear."""
    await store.cancel_unsent(db, tenant, customer, purpose=purpose, now=now)


async def forget(db: AsyncConnection, tenant: Id, customer: Id) -> dict[str, int]:
    """Cancel what has not left, and remove the words of what has; return how much of what.

    That something was told, of what kind and when, stays.
    """
    return {
        "messages_cancelled": await store.cancel_all(db, tenant, customer),
        "messages_emptied": await store.remove_words(db, tenant, customer),
    }


async def _post(db: AsyncConnection, tenant: Id, notice: NoticeInput, *, now: datetime) -> None:
    """Put a notice in the post, unless it is there already or there is nobody to tell any more."""
    try:
        notice_id = await store.add_notice(db, tenant, notice, now=now)
    except Erased:
        return
    if notice_id is None:
        return
    delivery = await store.add_delivery(db, tenant, notice_id, channel=EMAIL, now=now)
    await work.enqueue(db, tenant, DELIVER_QUEUE, delivery, now=now)


# --- what was told -------------------------------------------------------------------------------


async def notices_of(
    db: AsyncConnection, tenant: Id, *, customer: Id | None = None, booking: Id | None = None
) -> list[Notice]:
    """Return what a customer was told, or what was told about a meeting, oldest first."""
    return await store.notices_of(db, tenant, recipient=customer, booking=booking)


async def deliveries(
    db: AsyncConnection,
    tenant: Id,
    *,
    state: State | None = None,
    before: Id | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return how messages fared, newest first; *before* is the last id of the page before."""
    return await store.deliveries_page(db, tenant, state=state, before=before, limit=limit)
