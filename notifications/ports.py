"""What this room asks of the others, in its own words.

A *recipient* is a customer (``cus_…``) or an advisor (``adv_…``). An *appointment* is a booking as
the people who come to it know it. An *exposure* is a customer whose own figures name a rate.
Addresses, names and links are asked for when a message leaves, and kept nowhere in this room.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from msgspec import Struct, field
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.ids import Id
from kernel.people import Formality, Language, PersonName
from kernel.tenancy import Tenant
from notifications.model import Repayment

Method = Literal["REQUEST", "CANCEL"]


class Recipient(Struct, frozen=True, kw_only=True):
    """Somebody who can be written to, and how they want to be.

    Attributes:
        timezone: By whose clock they read; None for the zone in which a time was promised.
    """

    id: Id
    kind: Literal["customer", "advisor"]
    name: PersonName | None
    display_name: str
    email: str
    language: Language
    formality: Formality
    timezone: str | None = None


class Appointment(Struct, frozen=True, kw_only=True):
    """A booking with the words and links that a letter about it needs.

    Attributes:
        customer: Whose meeting it is; their links are for nobody else.
        colleagues: Advisors who are there beside *advisor*.
        participants: Customers who come along.
        booker: The customer's name, for those who come along; null once they are gone.
        state: requested, confirmed, cancelled, attended or no-show.
        meeting_name: Language to name.
        timezone: The zone in which the time was promised.
        sequence: The iCalendar SEQUENCE as it stands now.
        phone: Where a person answers.
        intake_url: Null where nothing is asked beforehand.
    """

    booking: Id
    customer: Id
    advisor: Id
    state: str
    meeting_name: dict[str, str]
    start: datetime
    end: datetime
    timezone: str
    channel: Literal["video", "phone", "branch"]
    location_name: str | None
    location_address: str | None
    advisor_name: str
    sequence: int
    uid: str
    phone: str | None
    manage_url: str
    intake_url: str | None
    colleagues: list[Id] = field(default_factory=list)
    participants: list[Id] = field(default_factory=list)
    booker: str | None = None


class Attendance(Struct, frozen=True, kw_only=True):
    """Advisors who were to be at a meeting before a change of it, and after; its own first."""

    before: list[Id]
    after: list[Id]


class OtherTime(Struct, frozen=True, kw_only=True):
    """A time that is offered in place of one that cannot be, and with whom."""

    start: datetime
    advisor_name: str


class Offered(Struct, frozen=True, kw_only=True):
    """What the customer is offered for a meeting that cannot be as it was.

    Attributes:
        conflict: What stands in its way.
        advisor_name: In whose calendar that is; None where it is in nobody's.
        alternatives: Best first; empty if nothing could be found.
    """

    conflict: Id
    advisor_name: str | None
    alternatives: list[OtherTime]


class Exposure(Struct, frozen=True, kw_only=True):
    """What a rate applies to, for one customer, by their own figures; *principal* in euros."""

    customer: Id
    booking: Id | None
    principal: Decimal
    months: int
    repayment: Repayment


class RateEffect(Struct, frozen=True, kw_only=True):
    """Euros a month at the old and the new rate; *difference* is new minus old."""

    old_monthly: Decimal
    new_monthly: Decimal
    difference: Decimal


class Directory(Protocol):
    """Knows people, meetings, consents, figures and links."""

    async def tenant(self, db: AsyncConnection, tenant: Id) -> Tenant:
        """Return the organisation on whose behalf is written."""
        ...

    async def recipient(self, db: AsyncConnection, tenant: Id, who: Id, /) -> Recipient | None:
        """Return how to reach a customer or an advisor; null when they are gone."""
        ...

    async def appointment(self, db: AsyncConnection, tenant: Id, booking: Id, /) -> Appointment:
        """Return the booking as it stands now."""
        ...

    async def attendance(
        self, db: AsyncConnection, tenant: Id, booking: Id, /, *, sequence: int
    ) -> Attendance:
        """Return who was there before the booking had this SEQUENCE, and who once it had."""
        ...

    async def offered(self, db: AsyncConnection, tenant: Id, booking: Id, /) -> Offered | None:
        """Return what the customer has to choose from; null if there is nothing to choose."""
        ...

    async def invitation(
        self,
        db: AsyncConnection,
        tenant: Id,
        booking: Id,
        /,
        *,
        method: Method,
        recipient: Recipient,
    ) -> bytes:
        """Return the iCalendar object for this recipient as it stands now (RFC 6047).

        It holds the customer's link for the customer only.
        """
        ...

    async def consent(
        self, db: AsyncConnection, tenant: Id, customer: Id, purpose: str
    ) -> Id | None:
        """Return the consent that stands now for this purpose; null when there is none."""
        ...

    async def exposures(
        self, db: AsyncConnection, tenant: Id, *, product: str, fixed_years: int
    ) -> Sequence[Exposure]:
        """Return whom a line of the rate card concerns, among those who want to hear of it."""
        ...

    def payments(
        self, principal: Decimal, months: int, old: Decimal, new: Decimal, repayment: Repayment
    ) -> RateEffect:
        """Return what a change of rate means a month; rates are percentages a year."""
        ...

    def stop_url(self, tenant: Id, customer: Id, purpose: str) -> str:
        """Return the link that ends messages for this purpose."""
        ...

    def book_url(self, tenant_slug: str) -> str:
        """Return the page where a meeting can be booked."""
        ...

    def sign_in_url(self, sign_in: Id) -> str:
        """Return the single-use link of a sign-in."""
        ...

    def console_url(self, booking: Id | None = None, /) -> str:
        """Return the advisor's page of a booking, or their first page."""
        ...
