"""A small town for the notifications room: a directory that keeps state, and a desk in it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import outbox
from kernel.clock import FixedClock
from kernel.crypto import Keyring, Secret
from kernel.database import Database
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
    Event,
    InvitationDeclined,
    RatePublished,
    TimeProposed,
)
from kernel.ids import Id, new_id
from kernel.people import PersonName
from kernel.tenancy import Tenant, TenantSettings, get_tenant
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
    RateEffect,
    Recipient,
)

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
FROM = "afspraken@demobank.example"
SITE = "https://afspraken.demobank.example"

ANNA = new_id("cus", NOW)
KIM = new_id("cus", NOW)
SANNE = new_id("adv", NOW)
JOOST = new_id("adv", NOW)
ELS = new_id("adv", NOW)

PEOPLE = (
    Recipient(
        id=ANNA,
        kind="customer",
        name=PersonName(given="Anna", prefix="de", surname="Vries", honorific="mrs"),
        display_name="Anna de Vries",
        email="anna@example.org",
        language="nl",
        formality="formal",
    ),
    Recipient(
        id=KIM,
        kind="customer",
        name=PersonName(given="Kim", surname="Verbeek"),
        display_name="Kim Verbeek",
        email="kim@example.org",
        language="en",
        formality="formal",
    ),
    Recipient(
        id=SANNE,
        kind="advisor",
        name=None,
        display_name="Sanne Visser",
        email="sanne@demobank.example",
        language="nl",
        formality="informal",
    ),
    Recipient(
        id=JOOST,
        kind="advisor",
        name=None,
        display_name="Joost Meijer",
        email="joost@demobank.example",
        language="nl",
        formality="informal",
    ),
    Recipient(
        id=ELS,
        kind="advisor",
        name=None,
        display_name="Els Kramer",
        email="els@demobank.example",
        language="en",
        formality="informal",
    ),
)


def make_appointment(customer: Id = ANNA) -> Appointment:
    """Tuesday 1 December 2026 at nine in Amsterdam, for an hour."""
    return Appointment(
        booking=new_id("bkg", NOW),
        customer=customer,
        advisor=SANNE,
        state="confirmed",
        meeting_name={"nl": "Hypotheekgesprek", "en": "Mortgage meeting"},
        start=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        end=datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
        timezone="Europe/Amsterdam",
        channel="video",
        location_name=None,
        location_address=None,
        advisor_name="Sanne Visser",
        sequence=0,
        uid="meeting-1@demobank.example",
        phone="030 123 45 67",
        manage_url=f"{SITE}/manage/token-of-the-booking",
        intake_url=f"{SITE}/intake/token-of-the-intake",
    )


class Town:
    """A directory whose people, meetings, consents and mortgages a test can change."""

    def __init__(self) -> None:
        self.people = {person.id: person for person in PEOPLE}
        self.appointments: dict[Id, Appointment] = {}
        self.consents: dict[tuple[Id, str], Id] = {}
        self.mortgages: list[Exposure] = []
        self.offers: dict[Id, Offered] = {}
        self.settings = TenantSettings()
        self._attended: dict[tuple[Id, int], list[Id]] = {}

    def hold(self, meeting: Appointment) -> None:
        """Put a meeting in the town as it stands now, and remember who attends it."""
        self.appointments[meeting.booking] = meeting
        there = [meeting.advisor, *meeting.colleagues]
        self._attended[meeting.booking, meeting.sequence] = there

    def move(self, booking: Id, start: datetime) -> datetime:
        """Move a meeting as the booking room does, and return when it was before."""
        old = self.appointments[booking]
        self.hold(
            msgspec.structs.replace(
                old, start=start, end=start + (old.end - old.start), sequence=old.sequence + 1
            )
        )
        return old.start

    def give(self, booking: Id, advisor: Id, *colleagues: Id) -> Id:
        """Give a meeting to other people as the booking room does; return who had it."""
        old = self.appointments[booking]
        self.hold(
            msgspec.structs.replace(
                old, advisor=advisor, colleagues=list(colleagues), sequence=old.sequence + 1
            )
        )
        return old.advisor

    def set_state(self, booking: Id, state: str, *, sequence: int) -> None:
        """Confirm or cancel a meeting as the booking room does."""
        self.appointments[booking] = msgspec.structs.replace(
            self.appointments[booking], state=state, sequence=sequence
        )

    async def tenant(self, db: AsyncConnection, tenant: Id) -> Tenant:
        """Return the organisation, with this town's settings."""
        return msgspec.structs.replace(await get_tenant(db, tenant), settings=self.settings)

    async def recipient(self, db: AsyncConnection, tenant: Id, who: Id) -> Recipient | None:
        """Return somebody of this town."""
        return self.people.get(who)

    async def appointment(self, db: AsyncConnection, tenant: Id, booking: Id) -> Appointment:
        """Return a meeting as it stands now."""
        return self.appointments[booking]

    async def attendance(
        self, db: AsyncConnection, tenant: Id, booking: Id, *, sequence: int
    ) -> Attendance:
        """Return who attended a meeting when it had this SEQUENCE, and who before that."""
        now = self.appointments[booking]
        after = self._attended.get((booking, sequence), [now.advisor, *now.colleagues])
        earlier = [one for one in self._attended if one[0] == booking and one[1] < sequence]
        return Attendance(before=self._attended[max(earlier)] if earlier else after, after=after)

    async def offered(self, db: AsyncConnection, tenant: Id, booking: Id) -> Offered | None:
        """Return what stands in the way of a meeting and what is offered for it."""
        return self.offers.get(booking)

    async def invitation(
        self, db: AsyncConnection, tenant: Id, booking: Id, *, method: Method, recipient: Recipient
    ) -> bytes:
        """Return a small calendar object."""
        meeting = self.appointments[booking]
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Spreekuur//test//EN",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{meeting.uid}",
            f"SEQUENCE:{meeting.sequence}",
            f"DTSTAMP:{NOW:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{meeting.start:%Y%m%dT%H%M%SZ}",
            f"DTEND:{meeting.end:%Y%m%dT%H%M%SZ}",
            "SUMMARY:Hypotheekgesprek één op één",
            f"ORGANIZER:mailto:{FROM}",
            f"ATTENDEE:mailto:{recipient.email}",
            *([f"URL:{meeting.manage_url}"] if recipient.id == meeting.customer else []),
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
        return "\r\n".join(lines).encode()

    async def consent(
        self, db: AsyncConnection, tenant: Id, customer: Id, purpose: str
    ) -> Id | None:
        """Return the consent that stands now."""
        return self.consents.get((customer, purpose))

    async def exposures(
        self, db: AsyncConnection, tenant: Id, *, product: str, fixed_years: int
    ) -> Sequence[Exposure]:
        """Return every mortgage of the town, as if all were fixed for ten years."""
        return self.mortgages if fixed_years == 10 else []

    def payments(
        self, principal: Decimal, months: int, old: Decimal, new: Decimal, repayment: Repayment
    ) -> RateEffect:
        """Return what an interest-only or annuity mortgage costs a month."""
        before, after = (_monthly(principal, months, rate, repayment) for rate in (old, new))
        return RateEffect(old_monthly=before, new_monthly=after, difference=after - before)

    def stop_url(self, tenant: Id, customer: Id, purpose: str) -> str:
        """Return a link as long as real ones, which mail libraries like to break."""
        return f"{SITE}/unsubscribe/{customer}-{purpose}-{'s' * 80}"

    def book_url(self, tenant_slug: str) -> str:
        """Return the booking page."""
        return f"{SITE}/book/{tenant_slug}"

    def sign_in_url(self, sign_in: Id) -> str:
        """Return a sign-in link with its secret."""
        return f"{SITE}/console/sign-in/the-secret-of-{sign_in}"

    def console_url(self, booking: Id | None = None) -> str:
        """Return the advisor's page."""
        return f"{SITE}/console/bookings/{booking}" if booking else f"{SITE}/console"


def _monthly(principal: Decimal, months: int, rate: Decimal, repayment: Repayment) -> Decimal:
    monthly = rate / 1200
    if repayment == "annuity" and monthly:
        amount = principal * monthly / (1 - (1 + monthly) ** -months)
    else:
        amount = principal * monthly
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


class Office:
    """A desk with a worker: a test records what happened, and lets the work be done."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        tenant: Id,
        channels: Mapping[str, Channel],
        *,
        town: Town | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.tenant = tenant
        self.town = town or Town()
        self.desk = Desk(
            database,
            clock,
            self.town,
            channels,
            Keyring(Secret("a key for tests")),
            from_address=FROM,
            reply_to="mensen@demobank.example",
        )
        self.worker = Worker(
            database,
            clock,
            effects={outbox.EVENTS_QUEUE: outbox.fan_out(SUBSCRIPTIONS), **self.desk.effects()},
            errands=self.desk.errands(),
        )

    async def record(self, event: Event) -> None:
        """Write down that something happened, without acting on it yet."""
        async with self.database.transaction(self.tenant) as db:
            await outbox.record(db, self.tenant, event, now=self.clock.now())

    async def hear_only(self) -> None:
        """Act on events, but send nothing."""
        effects = {
            outbox.EVENTS_QUEUE: outbox.fan_out(SUBSCRIPTIONS),
            **self.desk.effects(),
        }
        await Worker(self.database, self.clock, effects=effects, errands={}).run_due()

    async def happen(self, event: Event) -> None:
        """Let something happen, and everything that follows from it now."""
        await self.record(event)
        await self.worker.run_due()

    async def later(self, step: timedelta) -> None:
        """Let time pass, and do what has become due."""
        self.clock.advance(step)
        await self.worker.run_due()


SUBSCRIPTIONS: Mapping[type[Event], Sequence[str]] = {
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
    RatePublished: ("notify.rate",),
}
