"""What a customer does with the link from a mail; the JSON calls and the pages share this."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import context.service
from api.booking_desk import advisors_named, alternatives_in
from api.links import BookingLink, LinkExpired, LinkKind
from api.wire.booking import named_in, offered_times
from api.wire.customer import (
    AdvisorName,
    ManagedBooking,
    OfferedTimes,
    local,
    location_view,
    text,
)
from api.wiring import House
from booking.model import Booking
from booking.organisation import Advisor, Location, MeetingType
from context.errors import CustomerUnknown
from context.model import ConsentView, Customer, IntakeView
from kernel.errors import Conflict, Forbidden
from kernel.ids import Id
from kernel.people import Formality, Language, greeting
from kernel.tenancy import Tenant, get_tenant

LINK_OUTLIVES_MEETING: Final = timedelta(hours=24)


class Visit(Struct, frozen=True, kw_only=True):
    """A customer who came in by a link, and everything their page speaks of.

    Attributes:
        offered: What the customer can choose from where the meeting's time was taken after all;
            None where it was not, or where they have not been told yet.
    """

    link: BookingLink
    tenant: Tenant
    booking: Booking
    meeting_type: MeetingType
    advisor: Advisor
    location: Location | None
    customer: Customer
    language: Language
    formality: Formality
    can_change: bool
    offered: OfferedTimes | None = None

    @property
    def verified(self) -> bool:
        """Whether the visitor came by a link that was mailed to the customer's own address."""
        return self.link.mailed


async def enter(db: AsyncConnection, link: BookingLink, *, now: datetime) -> Visit:
    """Return the visit that a link opens; *db* acts for the link's organisation.

    Raises:
        LinkExpired: The meeting is long over, or a newer link has replaced this one.
    """
    meeting = await booking.service.get_booking(db, link.tenant, link.booking)
    if link.generation != meeting.generation:
        raise LinkExpired("This link was replaced by the one in the newest mail. Use that one.")
    if now > meeting.end + LINK_OUTLIVES_MEETING:
        raise LinkExpired("This meeting is over, and its link has ended with it.")
    tenant = await get_tenant(db, link.tenant)
    try:
        customer = await context.service.get_customer(db, link.tenant, meeting.customer_id)
    except CustomerUnknown:
        raise LinkExpired(
            "What was known of you has been erased, and this link has ended with it."
        ) from None
    places = await booking.service.list_locations(db, link.tenant)
    return Visit(
        link=link,
        tenant=tenant,
        booking=meeting,
        meeting_type=await booking.service.get_meeting_type(db, link.tenant, meeting.meeting_type),
        advisor=await booking.service.get_advisor(db, link.tenant, meeting.advisor_id),
        location=next((place for place in places if place.id == meeting.location_id), None),
        customer=customer,
        language=customer.language or tenant.settings.language,
        formality=customer.formality or tenant.settings.formality,
        can_change=_can_change(meeting, now),
        offered=await _offered(db, link.tenant, meeting, now=now),
    )


async def _offered(
    db: AsyncConnection, tenant: Id, meeting: Booking, *, now: datetime
) -> OfferedTimes | None:
    if not _can_change(meeting, now):
        return None
    conflict = await booking.service.conflict_of(db, tenant, meeting.id)
    if conflict is None or conflict.offered_at is None:
        return None
    ahead = [one for one in conflict.alternatives if one.start > now]
    people = await advisors_named(db, tenant, named_in(conflict))
    return offered_times(replace(conflict, alternatives=ahead), people, timezone=meeting.timezone)


def revisit(visit: Visit, meeting: Booking, *, now: datetime) -> Visit:
    """Return the visit after its meeting was changed by its customer."""
    return replace(visit, booking=meeting, can_change=_can_change(meeting, now), offered=None)


class NotOffered(Conflict):
    """A time, or somebody, that the customer was not offered."""

    code = "not-offered"
    title = "That was not offered"

    def __init__(self) -> None:
        super().__init__(
            "This time with this advisor is not one of those offered; choose one of them, or move "
            "the meeting to another time."
        )


async def take_offered(
    db: AsyncConnection, visit: Visit, start: datetime, advisor: Id, *, now: datetime
) -> Visit:
    """Give the meeting one of the times that were offered; return the visit after that.

    Raises:
        NotOffered: It is none of them, or nothing is on offer any more.
        SlotTaken, SlotUnavailable: Somebody else has that time by now; the others still stand.
        BookingOver: The meeting is cancelled or has begun.
    """
    choices = visit.offered.alternatives if visit.offered else []
    if not any((one.start, one.advisor.id) == (start, advisor) for one in choices):
        raise NotOffered
    tenant = visit.tenant.id
    with alternatives_in(visit.booking.timezone):
        mended = await booking.service.repair(
            db, tenant, visit.booking.id, start, advisor, now=now, by="customer"
        )
    host = await booking.service.get_advisor(db, tenant, mended.advisor_id)
    return replace(revisit(visit, mended, now=now), advisor=host)


def link_of(house: House, visit: Visit, kind: LinkKind) -> str:
    """Return the address of another page of this visit; it proves as much as the visit does."""
    meeting = visit.booking
    return house.links.url(
        kind, visit.tenant.id, meeting.id, meeting.generation, mailed=visit.verified
    )


def _can_change(meeting: Booking, now: datetime) -> bool:
    return meeting.state in {"requested", "confirmed"} and now < meeting.start


class NotVerified(Forbidden):
    """Only who reads the customer's mail may decide this."""

    code = "link-not-mailed"
    title = "Open the link in your mail"

    def __init__(self) -> None:
        super().__init__(
            "Open this page from the link in the confirmation mail. Then we know that the "
            "address is yours, and you can decide what is sent to it."
        )


async def intake_of(db: AsyncConnection, visit: Visit, *, now: datetime) -> IntakeView:
    """Return how far the customer is with the form of this meeting."""
    return await context.service.get_intake(
        db,
        visit.tenant.id,
        visit.booking.id,
        language=visit.language,
        now=now,
        verified=visit.verified,
    )


async def save_answers(
    db: AsyncConnection,
    visit: Visit,
    answers: Mapping[str, Any],
    *,
    submit: bool,
    now: datetime,
) -> IntakeView:
    """Keep what the customer answered, or hand the form in.

    Raises:
        Conflict: The meeting was cancelled.
    """
    if visit.booking.state == "cancelled":
        raise Conflict("This meeting was cancelled, so there is nothing to prepare.")
    return await context.service.save_answers(
        db,
        visit.tenant.id,
        visit.booking.id,
        answers,
        submit=submit,
        language=visit.language,
        now=now,
        verified=visit.verified,
    )


async def consents_of(db: AsyncConnection, visit: Visit) -> list[ConsentView]:
    """Return what the customer agrees to; a visitor who is not verified learns nothing of it."""
    found = await context.service.consents(
        db, visit.tenant.id, visit.customer.id, language=visit.language
    )
    if visit.verified:
        return found
    return [replace(consent, given=False, since=None) for consent in found]


async def decide(
    db: AsyncConnection, visit: Visit, purpose: str, *, given: bool, now: datetime
) -> None:
    """Record what a customer agrees to or no longer does.

    Raises:
        NotVerified: The visitor did not come by a mailed link.
    """
    require_verified(visit)
    await context.service.set_consent(
        db,
        visit.tenant.id,
        visit.customer.id,
        purpose,
        given=given,
        language=visit.language,
        channel="web",
        now=now,
    )


def require_verified(visit: Visit) -> None:
    """Refuse a visitor who need not be the customer.

    Raises:
        NotVerified: They did not come by a mailed link.
    """
    if not visit.verified:
        raise NotVerified


def managed(house: House, visit: Visit) -> ManagedBooking:
    """Show the meeting to its customer, in the zone in which it was promised."""
    meeting = visit.booking
    zone = meeting.timezone
    return ManagedBooking(
        id=meeting.id,
        state=meeting.state,
        meeting_type=meeting.meeting_type,
        meeting_name=text(visit.meeting_type.name, visit.language),
        start=local(meeting.start, zone),
        end=local(meeting.end, zone),
        timezone=zone,
        channel=meeting.channel,
        location=location_view(visit.location) if visit.location else None,
        advisor=AdvisorName(id=visit.advisor.id, name=visit.advisor.name),
        customer=meeting.customer_id,
        sequence=meeting.sequence,
        created_at=local(meeting.created_at, zone),
        can_change=visit.can_change,
        greeting=greeting(visit.customer.name, visit.language, visit.formality),
        phone=visit.tenant.settings.phone,
        manage_url=link_of(house, visit, "manage") if visit.link.kind == "manage" else None,
        intake_url=link_of(house, visit, "intake") if visit.meeting_type.form else None,
        conflict=visit.offered,
        alternatives=[],
    )
