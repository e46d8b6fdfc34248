"""The one file in which the rooms meet: events out, ports in.

An event that one room records becomes work for the rooms that subscribe to it here. What
notifications must ask of the other rooms it states as a port; `HouseDirectory` answers.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from decimal import Decimal
from typing import Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import context.service
from api.daily import DAILY, DailyWorker
from api.links import Links
from api.relay import Relay
from api.reply_address import ReplyAddresses
from api.scrubbing import SCRUB, scrubbing
from api.settings import Settings
from booking.invitation import invitation
from booking.model import Booking
from booking.sync import Calendars
from context import finance
from kernel import outbox
from kernel.clock import Clock
from kernel.crypto import Keyring
from kernel.database import Database
from kernel.errors import NotFound
from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingConflicted,
    BookingDeclined,
    BookingGoesAhead,
    BookingRealigned,
    BookingReassigned,
    BookingRequested,
    BookingRescheduled,
    CalendarTrouble,
    ConsentWithdrawn,
    CustomerErased,
    Event,
    InvitationDeclined,
    RatePublished,
    TimeProposed,
)
from kernel.ids import Id
from kernel.outgoing import Guard
from kernel.people import full_name
from kernel.tenancy import Tenant, get_tenant
from kernel.work import Worker
from notifications.channels.port import Channel
from notifications.jobs import Desk
from notifications.model import Repayment
from notifications.ports import (
    Appointment,
    Attendance,
    Exposure,
    Method,
    Offered,
    OtherTime,
    RateEffect,
    Recipient,
)

SUBSCRIPTIONS: Final[Mapping[type[Event], Sequence[str]]] = {
    BookingConfirmed: ("notify.booking",),
    BookingRequested: ("notify.booking",),
    BookingRescheduled: ("notify.booking",),
    BookingCancelled: ("notify.booking",),
    BookingDeclined: ("notify.booking",),
    BookingReassigned: ("notify.booking",),
    BookingRealigned: ("notify.booking",),
    BookingConflicted: ("notify.booking",),
    BookingGoesAhead: ("notify.booking",),
    InvitationDeclined: ("notify.booking",),
    TimeProposed: ("notify.booking",),
    CalendarTrouble: ("notify.calendar",),
    ConsentWithdrawn: ("notify.consent",),
    CustomerErased: (SCRUB,),
    RatePublished: ("notify.rate",),
}


class House(Struct, frozen=True, kw_only=True):
    """Everything an installation consists of, built once."""

    settings: Settings
    database: Database
    clock: Clock
    keyring: Keyring
    guard: Guard
    links: Links
    replies: ReplyAddresses
    calendars: Calendars
    directory: "HouseDirectory"
    desk: Desk
    worker: Worker
    relay: Relay


def wire(
    *,
    settings: Settings,
    database: Database,
    clock: Clock,
    keyring: Keyring,
    guard: Guard,
    links: Links,
    channels: Mapping[str, Channel],
    relay: Relay,
) -> House:
    """Connect the rooms."""
    calendars = Calendars(database, clock, keyring, guard, links.public_url)
    replies = ReplyAddresses(keyring, settings.reply_domain)
    directory = HouseDirectory(links, clock, replies, settings.mail_from)
    desk = Desk(database, clock, directory, channels, keyring, from_address=settings.mail_from)
    worker = DailyWorker(
        _unheard(database),
        clock,
        effects={
            outbox.EVENTS_QUEUE: outbox.fan_out(SUBSCRIPTIONS),
            **desk.effects(),
            **DAILY,
        },
        errands={**calendars.errands(), **desk.errands(), **scrubbing(database, clock)},
    )
    return House(
        settings=settings,
        database=database,
        clock=clock,
        keyring=keyring,
        guard=guard,
        links=links,
        replies=replies,
        calendars=calendars,
        directory=directory,
        desk=desk,
        worker=worker,
        relay=relay,
    )


def _unheard(database: Database) -> Database:
    """Return the same database for whoever listens for work.

    A worker looks again by itself until nothing is due. Were it woken by its own commits, and each
    look is one, it would look for ever.
    """
    own = copy(database)
    own.after_commit = lambda: None
    return own


class HouseDirectory:
    """Answers what a room must know of the others.

    That is `notifications.ports.Directory` and `booking.participation.Guests`.
    """

    def __init__(self, links: Links, clock: Clock, replies: ReplyAddresses, mail_from: str) -> None:
        self._links = links
        self._clock = clock
        self._replies = replies
        self._mail_from = mail_from

    async def tenant(self, db: AsyncConnection, tenant: Id) -> Tenant:
        """Return the organisation."""
        return await get_tenant(db, tenant)

    async def recipient(self, db: AsyncConnection, tenant: Id, person: Id, /) -> Recipient | None:
        """Return how to reach and address a customer or an advisor."""
        settings = (await get_tenant(db, tenant)).settings
        try:
            if person.startswith("adv_"):
                advisor = await booking.service.get_advisor(db, tenant, person)
                return Recipient(
                    id=person,
                    kind="advisor",
                    name=None,
                    display_name=advisor.name,
                    email=advisor.email,
                    language="nl" if "nl" in advisor.languages else "en",
                    formality="informal",
                    timezone=advisor.timezone,
                )
            customer = await context.service.get_customer(db, tenant, person)
        except NotFound:
            return None
        return Recipient(
            id=person,
            kind="customer",
            name=customer.name,
            display_name=full_name(customer.name),
            email=customer.email,
            language=customer.language or settings.language,
            formality=customer.formality or settings.formality,
        )

    async def address(self, db: AsyncConnection, tenant: Id, customer: Id, /) -> str | None:
        """Return where invitations to a customer go."""
        found = await self.recipient(db, tenant, customer)
        return found.email if found and found.email else None

    async def appointment(self, db: AsyncConnection, tenant: Id, booking_id: Id, /) -> Appointment:
        """Return what a letter says about a meeting."""
        meeting = await booking.service.get_booking(db, tenant, booking_id)
        kind = await booking.service.get_meeting_type(db, tenant, meeting.meeting_type)
        advisor = await booking.service.get_advisor(db, tenant, meeting.advisor_id)
        places = await booking.service.list_locations(db, tenant)
        place = next((entry for entry in places if entry.id == meeting.location_id), None)
        settings = (await get_tenant(db, tenant)).settings
        links = self._links
        return Appointment(
            booking=meeting.id,
            customer=meeting.customer_id,
            advisor=advisor.id,
            colleagues=[colleague.advisor_id for colleague in meeting.colleagues],
            state=meeting.state,
            meeting_name=kind.name,
            start=meeting.start,
            end=meeting.end,
            timezone=meeting.timezone,
            channel=meeting.channel,
            participants=meeting.participants,
            booker=await self._booker(db, tenant, meeting),
            location_name=place.name if place else None,
            location_address=place.address if place else None,
            advisor_name=advisor.name,
            sequence=meeting.sequence,
            uid=meeting.uid,
            phone=settings.phone,
            manage_url=links.url("manage", tenant, meeting.id, meeting.generation, mailed=True),
            intake_url=links.url("intake", tenant, meeting.id, meeting.generation, mailed=True)
            if kind.form
            else None,
        )

    async def _booker(self, db: AsyncConnection, tenant: Id, meeting: Booking) -> str | None:
        """Return the name of the customer, where others come along who are told of them."""
        if not meeting.participants:
            return None
        try:
            customer = await context.service.get_customer(db, tenant, meeting.customer_id)
        except NotFound:
            return None
        return full_name(customer.name)

    async def attendance(
        self, db: AsyncConnection, tenant: Id, booking_id: Id, /, *, sequence: int
    ) -> Attendance:
        """Return who attended a meeting before it had this SEQUENCE, and who once it had."""
        steps = await booking.service.history(db, tenant, booking_id)
        there = {step.booking.sequence: step.booking.attendants() for step in steps}
        after = there.get(sequence)
        if after is None:
            meeting = await booking.service.get_booking(db, tenant, booking_id)
            after = meeting.attendants()
        earlier = [number for number in there if number < sequence]
        return Attendance(before=there[max(earlier)] if earlier else after, after=after)

    async def offered(self, db: AsyncConnection, tenant: Id, booking_id: Id, /) -> Offered | None:
        """Return what the customer of a meeting has to choose from."""
        found = await booking.service.conflict_of(db, tenant, booking_id)
        if found is None or found.offered_at is None:
            return None
        people = {
            advisor: (await booking.service.get_advisor(db, tenant, advisor)).name
            for advisor in {found.advisor_id, *(one.advisor_id for one in found.alternatives)}
        }
        now = self._clock.now()
        return Offered(
            conflict=found.id,
            # New rules of a time zone displace a meeting without anybody's calendar.
            advisor_name=None if found.state == "displaced" else people[found.advisor_id],
            alternatives=[
                OtherTime(start=one.start, advisor_name=people[one.advisor_id])
                for one in found.alternatives
                if one.start > now
            ],
        )

    async def invitation(
        self,
        db: AsyncConnection,
        tenant: Id,
        booking_id: Id,
        /,
        *,
        method: Method,
        recipient: Recipient,
    ) -> bytes:
        """Return the iTIP message that goes with a letter about a meeting.

        The link in it opens what the customer answered, so nobody else's message has it.
        """
        meeting = await self.appointment(db, tenant, booking_id)
        manage_url = meeting.manage_url if recipient.id == meeting.customer else None
        organisation = await get_tenant(db, tenant)
        language = recipient.language
        name = meeting.meeting_name.get(language) or next(iter(meeting.meeting_name.values()))
        return invitation(
            method=method,
            uid=meeting.uid,
            sequence=meeting.sequence,
            start=meeting.start,
            end=meeting.end,
            summary=f"{name}, {organisation.name}",
            description=manage_url or "",
            location=meeting.location_address or meeting.location_name or "",
            organizer_name=f"{meeting.advisor_name}, {organisation.name}",
            # Their program answers to the organiser, so that is where answers are received.
            organizer_email=self._replies.address(tenant, booking_id) or self._mail_from,
            attendee_name=recipient.display_name,
            attendee_email=recipient.email,
            stamp=self._clock.now(),
            url=manage_url,
        )

    async def consent(
        self, db: AsyncConnection, tenant: Id, customer: Id, purpose: str
    ) -> Id | None:
        """Return the id of the consent that a message for *purpose* rests on."""
        given = await context.service.consented(db, tenant, customer, purpose)
        return given.id if given else None

    async def exposures(
        self, db: AsyncConnection, tenant: Id, *, product: str, fixed_years: int
    ) -> Sequence[Exposure]:
        """Return the consenting customers whose own figures a rate touches."""
        found = await context.service.exposures(
            db, tenant, product=product, fixed_years=fixed_years
        )
        return [
            Exposure(
                customer=entry.customer,
                booking=entry.booking,
                principal=entry.principal,
                months=entry.months,
                repayment=entry.repayment,
            )
            for entry in found
        ]

    def payments(
        self, principal: Decimal, months: int, old: Decimal, new: Decimal, repayment: Repayment
    ) -> RateEffect:
        """Return what a change of rate does to a monthly payment."""
        effect = finance.effect_of_rate_change(principal, months, old, new, repayment)
        return RateEffect(
            old_monthly=effect.old_monthly,
            new_monthly=effect.new_monthly,
            difference=effect.difference,
        )

    def stop_url(self, tenant: Id, customer: Id, purpose: str) -> str:
        """Return where a customer stops messages for *purpose*."""
        return self._links.stop_url(tenant, customer, purpose)

    def book_url(self, tenant_slug: str) -> str:
        """Return where a customer books a meeting."""
        return f"{self._links.public_url}/book/{tenant_slug}"

    def sign_in_url(self, sign_in: Id) -> str:
        """Return the address in a sign-in mail."""
        return self._links.sign_in_url(sign_in)

    def console_url(self, booking_id: Id | None = None, /) -> str:
        """Return the advisor's screen, or the page of one meeting on it."""
        base = f"{self._links.public_url}/console"
        return f"{base}/bookings/{booking_id}" if booking_id else base
