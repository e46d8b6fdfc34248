"""Who is told what: the values of this room."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from kernel.ids import Id
from kernel.people import Formality, Language

Product = Literal["mortgage-annuity", "mortgage-linear", "mortgage-interest-only"]
Repayment = Literal["annuity", "linear", "interest-only"]

Kind = Literal[
    "booking-requested",
    "booking-confirmed",
    "booking-rescheduled",
    "booking-cancelled",
    "booking-declined",
    "booking-reassigned",
    "booking-handed-over",
    "booking-realigned",
    "booking-conflicted",
    "booking-goes-ahead",
    "invitation-declined",
    "time-proposed",
    "rate-changed",
    "sign-in",
    "calendar-trouble",
]
"""*handed-over* tells an advisor that a meeting is not theirs any more; *realigned* tells that only
its instant changed; *conflicted* offers other times for one that cannot be as it was;
*invitation-declined* and *time-proposed* tell what a customer's calendar program answered."""

State = Literal["scheduled", "sent", "failed", "cancelled", "superseded", "suppressed"]
"""Of a delivery: *cancelled* came too late or was stopped, *superseded* was overtaken by newer
news, *suppressed* lacks the consent it would rest on."""

RATE_NOTICES = "rate-notices"
"""The purpose that customers agree to before they hear of rates."""


# --- rates ---------------------------------------------------------------------------------------


class RateInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry for the organisation's own rate card; *rate* is a percentage a year."""

    product: Product
    fixed_years: Annotated[int, Meta(ge=1, le=30)]
    rate: Decimal
    valid_from: date


class Rate(Struct, frozen=True, kw_only=True):
    """An entry of the rate card.

    Attributes:
        previous: The rate that held before it on the same line (product and fixed years).
        notified: How many customers this entry was or is being written to about; null until
            that has been worked out.
    """

    id: Id
    product: Product
    fixed_years: int
    rate: Decimal
    valid_from: date
    published_at: datetime
    previous: Decimal | None = None
    notified: int | None = None


# --- what a notice is about ----------------------------------------------------------------------


class BookingFacts(Struct, frozen=True, kw_only=True, tag="booking"):
    """The meeting as it stood when there was something to tell about it.

    Attributes:
        start: When it begins, UTC.
        previous_start: When it would have begun before it was moved.
        by: Who changed it: customer, advisor, calendar or operator.
        proposed_start: When a customer would rather begin.
    """

    start: datetime
    previous_start: datetime | None = None
    by: str | None = None
    proposed_start: datetime | None = None


class RateFacts(Struct, frozen=True, kw_only=True, tag="rate"):
    """What a changed rate means for one customer, and from which of their figures.

    Attributes:
        old_monthly: Euros a month at the old rate, in the first month.
        difference: New minus old, in euros a month.
        as_of: When this was worked out.
    """

    product: Product
    fixed_years: int
    valid_from: date
    old_rate: Decimal
    new_rate: Decimal
    principal: Decimal
    months: int
    repayment: Repayment
    old_monthly: Decimal
    new_monthly: Decimal
    difference: Decimal
    as_of: datetime


class SignInFacts(Struct, frozen=True, kw_only=True, tag="sign-in"):
    """Which sign-in was asked for; its link is made while the mail is, and kept nowhere."""

    sign_in: Id


class TroubleFacts(Struct, frozen=True, kw_only=True, tag="calendar"):
    """What is wrong with which calendar account, as a code."""

    account: Id
    code: str


Facts: TypeAlias = BookingFacts | RateFacts | SignInFacts | TroubleFacts


# --- notices and deliveries ----------------------------------------------------------------------


class NoticeInput(Struct, frozen=True, kw_only=True):
    """Something to tell somebody; *dedup_key* is the same for what must not be told twice."""

    recipient: Id
    kind: Kind
    facts: Facts
    dedup_key: str
    purpose: str | None = None
    consent: Id | None = None
    booking: Id | None = None
    sequence: int | None = None
    rate: Id | None = None


class Notice(Struct, frozen=True, kw_only=True):
    """What somebody was told, or will be, and how that went.

    Attributes:
        consent: The consent it rests on, for a purpose that needs one.
        booking: The meeting it is about; *sequence* is that meeting's iCalendar SEQUENCE.
        facts: What it says in figures, frozen when it was decided to tell.
        text: The words as sent, with ``[link]`` for each link, since a link lets one act; null
            before it was sent, and always for sign-in mails.
        error: Why it was not sent, as a code.
    """

    id: Id
    recipient: Id
    kind: Kind
    purpose: str | None
    consent: Id | None
    booking: Id | None
    sequence: int | None
    rate: Id | None
    facts: Facts
    created_at: datetime
    delivery: Id
    channel: str
    state: State
    sent_at: datetime | None
    language: Language | None
    formality: Formality | None
    subject: str | None
    text: str | None
    error: str | None

    @property
    def figures(self) -> RateFacts | None:
        """The amounts it told, where it is about a rate."""
        return self.facts if isinstance(self.facts, RateFacts) else None


class Delivery(Struct, frozen=True, kw_only=True):
    """The attempts to bring one notice over one channel."""

    id: Id
    notice: Id
    kind: Kind
    channel: str
    state: State
    attempts: int
    message_id: str | None
    sent_at: datetime | None
    error: str | None
    created_at: datetime
