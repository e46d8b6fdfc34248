"""Everything that can happen, on one page.

Events carry ids and times, never personal data: they end up in queues, logs and webhooks. Fields
are only ever added, with a default, since an old worker may meet a new event.
"""

from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from kernel.ids import Id


class BookingConfirmed(Struct, frozen=True, kw_only=True, tag="booking.confirmed"):
    """A meeting stands: both sides may count on it."""

    booking: Id


class BookingRequested(Struct, frozen=True, kw_only=True, tag="booking.requested"):
    """A meeting is asked for; its time is kept until the advisor has answered."""

    booking: Id


class BookingRescheduled(Struct, frozen=True, kw_only=True, tag="booking.rescheduled"):
    """A meeting moved; *sequence* is its new iCalendar SEQUENCE, *by* who moved it."""

    booking: Id
    sequence: int
    previous_start: datetime
    by: str


class BookingCancelled(Struct, frozen=True, kw_only=True, tag="booking.cancelled"):
    """A meeting will not take place; *by* is customer, advisor, calendar or operator."""

    booking: Id
    sequence: int
    by: str


class BookingDeclined(Struct, frozen=True, kw_only=True, tag="booking.declined"):
    """The advisor said no to a meeting that was asked for."""

    booking: Id
    sequence: int
    by: str


class BookingReassigned(Struct, frozen=True, kw_only=True, tag="booking.reassigned"):
    """A meeting is given to somebody else at the same time."""

    booking: Id
    sequence: int
    previous_advisor: Id
    by: str


class BookingRealigned(Struct, frozen=True, kw_only=True, tag="booking.realigned"):
    """The rules of a time zone changed: a meeting keeps its time on the wall, not its instant."""

    booking: Id
    sequence: int
    previous_start: datetime


class BookingAttended(Struct, frozen=True, kw_only=True, tag="booking.attended"):
    """A meeting took place."""

    booking: Id
    by: str


class BookingMissed(Struct, frozen=True, kw_only=True, tag="booking.no-show"):
    """The customer did not come."""

    booking: Id
    by: str


class BookingConflicted(Struct, frozen=True, kw_only=True, tag="booking.conflicted"):
    """*advisor*'s own calendar has taken the time of a meeting; the customer is to choose anew."""

    booking: Id
    conflict: Id
    advisor: Id


class BookingGoesAhead(Struct, frozen=True, kw_only=True, tag="booking.goes-ahead"):
    """A meeting whose customer was offered other times can take place after all."""

    booking: Id
    conflict: Id


class InvitationDeclined(Struct, frozen=True, kw_only=True, tag="invitation.declined"):
    """A customer's calendar said no to an invitation; the meeting stands until somebody acts."""

    booking: Id
    customer: Id
    sequence: int


class TimeProposed(Struct, frozen=True, kw_only=True, tag="invitation.time-proposed"):
    """A customer's calendar proposes another time; the meeting stays where it is."""

    booking: Id
    customer: Id
    sequence: int
    start: datetime
    end: datetime


class CalendarTrouble(Struct, frozen=True, kw_only=True, tag="calendar.trouble"):
    """An advisor must look at their calendar connection, or decide on a change seen there."""

    advisor: Id
    account: Id
    code: str
    booking: Id | None = None


class IntakeChanged(Struct, frozen=True, kw_only=True, tag="intake.changed"):
    """A customer saved answers for a meeting."""

    booking: Id
    customer: Id


class ConsentGiven(Struct, frozen=True, kw_only=True, tag="consent.given"):
    """A customer agreed to a purpose."""

    customer: Id
    purpose: str


class ConsentWithdrawn(Struct, frozen=True, kw_only=True, tag="consent.withdrawn"):
    """A customer took their agreement back; it holds from this moment."""

    customer: Id
    purpose: str


class CustomerErased(Struct, frozen=True, kw_only=True, tag="customer.erased"):
    """What was known of a customer has been erased; whoever has a copy erases it as well."""

    customer: Id


class RatePublished(Struct, frozen=True, kw_only=True, tag="rate.published"):
    """An organisation's own rate card has a new entry."""

    rate: Id


Event: TypeAlias = (
    BookingConfirmed
    | BookingRequested
    | BookingRescheduled
    | BookingCancelled
    | BookingDeclined
    | BookingReassigned
    | BookingRealigned
    | BookingAttended
    | BookingMissed
    | BookingConflicted
    | BookingGoesAhead
    | InvitationDeclined
    | TimeProposed
    | CalendarTrouble
    | IntakeChanged
    | ConsentGiven
    | ConsentWithdrawn
    | CustomerErased
    | RatePublished
)
