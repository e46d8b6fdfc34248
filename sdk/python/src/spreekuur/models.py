"""What the service sends and what it is sent, one class for each thing.

Every class is frozen. Instants are aware and keep the offset they came with; rates are exact
decimals. Fields that the service adds later are ignored, not refused.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from spreekuur.words import (
    AccountState,
    Channel,
    CollectionRole,
    Day,
    Formality,
    Honorific,
    KeyKind,
    Language,
    State,
)

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; ``next_cursor`` asks for the next one, and is None on the last."""

    items: list[T]
    next_cursor: str | None = None


# People


class PersonName(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's name in its parts; ``prefix`` is the Dutch tussenvoegsel (``de``, ``van der``)."""

    surname: str
    given: str = ""
    initials: str = ""
    prefix: str = ""
    partner_prefix: str = ""
    partner_surname: str = ""
    honorific: Honorific = "none"


class CustomerInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who books."""

    name: PersonName
    email: str
    phone: str | None = None
    language: Language | None = None
    formality: Formality | None = None


class Participant(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who comes along."""

    name: PersonName
    email: str


class Customer(Struct, frozen=True, kw_only=True):
    """A customer as the organisation knows them."""

    id: str
    name: PersonName
    email: str
    phone: str | None = None
    language: Language | None = None
    formality: Formality | None = None
    created_at: dt.datetime | None = None


class Fact(Struct, frozen=True, kw_only=True):
    """Something known about a customer, and where it comes from.

    ``value`` is text, a whole number or a yes or no; amounts and percentages are decimal text.
    """

    id: str | None = None
    path: str
    value: Any
    unit: str | None = None
    source: str
    channel: str | None = None
    actor: str | None = None
    said_at: dt.datetime | None = None
    recorded_at: dt.datetime | None = None
    form: str | None = None
    booking: str | None = None


class Consent(Struct, frozen=True, kw_only=True):
    """Whether a customer agrees to one purpose, and the very words they agreed to."""

    purpose: str
    given: bool
    text: str
    since: dt.datetime | None = None


class Consents(Struct, frozen=True, kw_only=True):
    """Every purpose the organisation asks consent for."""

    consents: list[Consent]

    def __getitem__(self, purpose: str) -> Consent:
        """Return the consent for one purpose; ``KeyError`` when it is never asked."""
        for consent in self.consents:
            if consent.purpose == purpose:
                return consent
        raise KeyError(purpose)


# Meeting types, slots and holds


class Location(Struct, frozen=True, kw_only=True):
    """A branch; ``id`` is given to the organisation only."""

    slug: str
    name: str
    address: str
    timezone: str
    id: str | None = None


class MeetingType(Struct, frozen=True, kw_only=True):
    """A kind of meeting that customers can book, in their language; durations are minutes."""

    slug: str
    name: str
    description: str
    durations: list[int]
    channels: list[Channel]
    prepares: bool
    locations: list[Location] = field(default_factory=list)
    phone: str | None = None


class MeetingTypeDefinition(Struct, frozen=True, kw_only=True):
    """A kind of meeting as the organisation defines it: texts by language, times in minutes."""

    id: str
    slug: str
    name: dict[str, str]
    description: dict[str, str] = field(default_factory=dict)
    duration: int
    channels: list[Channel]
    step: int
    buffer_before: int
    buffer_after: int
    notice: int
    window_days: int
    advisors: list[str]
    locations: list[str] = field(default_factory=list)
    form: str | None = None


class Slots(Struct, frozen=True, kw_only=True):
    """When a meeting can start, by the viewer's local day; iterating gives every start in order.

    Attributes:
        timezone: The zone that the starts are written in.
        duration: Minutes that the meeting takes.
        days: Starts by local date; days without any are left out.
        next_available: The first start after an answer without any.
        as_of: When this was true.
        reasons: How many starts were refused and why; only when ``explain`` was asked.
    """

    timezone: str
    duration: int
    days: dict[dt.date, list[dt.datetime]]
    as_of: dt.datetime
    next_available: dt.datetime | None = None
    reasons: dict[str, int] | None = None

    def __iter__(self) -> Iterator[dt.datetime]:
        """Yield every start in order."""
        for day in sorted(self.days):
            yield from self.days[day]


class Hold(Struct, frozen=True, kw_only=True):
    """A slot that is kept for one customer until ``expires_at``."""

    id: str
    start: dt.datetime
    end: dt.datetime
    expires_at: dt.datetime


# Bookings


class AdvisorName(Struct, frozen=True, kw_only=True):
    """Whom the customer meets."""

    id: str
    name: str


class Booking(Struct, frozen=True, kw_only=True):
    """A meeting that was asked for.

    ``location`` is a slug. ``sequence`` is raised at every change, as in iCalendar. ``intake_url``
    is None where the meeting type has no form.
    """

    id: str
    state: State
    meeting_type: str
    start: dt.datetime
    end: dt.datetime
    timezone: str
    channel: Channel
    location: str | None = None
    advisor: AdvisorName
    customer: str
    sequence: int
    created_at: dt.datetime
    manage_url: str | None = None
    intake_url: str | None = None


class ManagedBooking(Struct, frozen=True, kw_only=True):
    """A booking as its customer sees it, through the link in their mail."""

    id: str
    state: State
    meeting_type: str
    start: dt.datetime
    end: dt.datetime
    timezone: str
    channel: Channel
    location: Location | None = None
    advisor: AdvisorName
    customer: str | None = None
    sequence: int
    created_at: dt.datetime | None = None
    manage_url: str | None = None
    intake_url: str | None = None
    can_change: bool
    meeting_name: str
    greeting: str
    phone: str | None = None
    alternatives: list[dt.datetime] = field(default_factory=list)


class Choice(Struct, frozen=True, kw_only=True):
    """One answer that a question offers."""

    value: str
    label: str


class IntakeField(Struct, frozen=True, kw_only=True):
    """One question of an intake form; ``why`` tells the customer what it is for."""

    id: str
    kind: str
    label: str
    help: str | None = None
    why: str | None = None
    required: bool = False
    choices: list[Choice] = field(default_factory=list)


class IntakeStep(Struct, frozen=True, kw_only=True):
    """One page of an intake form."""

    id: str
    title: str
    fields: list[IntakeField]


class IntakeForm(Struct, frozen=True, kw_only=True):
    """The questions that show for the answers so far."""

    id: str
    version: int
    title: str
    steps: list[IntakeStep]


class Intake(Struct, frozen=True, kw_only=True):
    """What the customer has told before the meeting; ``missing`` names what is still asked."""

    form: IntakeForm
    answers: dict[str, Any]
    missing: list[str] = field(default_factory=list)
    submitted_at: dt.datetime | None = None
    saved_at: dt.datetime | None = None


class BriefLine(Struct, frozen=True, kw_only=True):
    """One thing the advisor should know, and where it comes from."""

    label: str
    value: str
    source: str
    said_at: dt.datetime
    channel: str | None = None
    form: str | None = None
    note: str | None = None


class BriefSection(Struct, frozen=True, kw_only=True):
    """Lines that belong together."""

    id: str
    title: str
    lines: list[BriefLine]


class Brief(Struct, frozen=True, kw_only=True):
    """What the advisor reads before the meeting; ``header`` says who, when and how."""

    language: Language | None = None
    header: dict[str, Any]
    sections: list[BriefSection]


# The organisation


class Tenant(Struct, frozen=True, kw_only=True):
    """The organisation itself."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    id: str | None = None
    slug: str | None = None


class Advisor(Struct, frozen=True, kw_only=True):
    """Somebody customers can meet; ``locations`` are slugs."""

    id: str
    name: str
    email: str
    timezone: str
    languages: list[Language] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)


class TimeRange(Struct, frozen=True, kw_only=True):
    """Hours on a wall clock, ``09:00`` to ``17:00``; an end before the start is the next day."""

    start: str
    end: str


class WeeklyRange(Struct, frozen=True, kw_only=True):
    """Hours that return every week."""

    day: Day
    start: str
    end: str


class Override(Struct, frozen=True, kw_only=True):
    """Other hours on one date; no ranges is a day off."""

    date: dt.date
    ranges: list[TimeRange] = field(default_factory=list)


class Schedule(Struct, frozen=True, kw_only=True):
    """When an advisor can be booked, on the wall clock of ``timezone``."""

    timezone: str
    weekly: list[WeeklyRange]
    overrides: list[Override] = field(default_factory=list)


class Collection(Struct, frozen=True, kw_only=True):
    """One calendar of an account.

    ``role`` is what we do with it: count it as *busy*, write bookings into it (*target*), or
    *ignore* it.
    """

    id: str
    name: str
    url: str
    role: CollectionRole
    timezone: str | None = None
    writable: bool
    last_ok_at: dt.datetime | None = None
    problem: str | None = None
    objects: int = 0
    busy_spans: int = 0
    troubled: int = 0


class Account(Struct, frozen=True, kw_only=True):
    """An advisor's account at a calendar server; ``problem`` says what is wrong with it."""

    id: str
    advisor: str
    url: str
    state: AccountState
    problem: str | None = None
    collections: list[Collection]


class Form(Struct, frozen=True, kw_only=True):
    """An intake form in one of its versions."""

    id: str
    slug: str
    version: int
    status: str
    definition: dict[str, Any] | None = None
    published_at: dt.datetime | None = None


class Rate(Struct, frozen=True, kw_only=True):
    """An interest rate in percent a year.

    Attributes:
        id: None in the answer to a dry run.
        previous: The rate that it replaces.
        notified: How many customers were or are being told; None until that is known.
        would_notify: How many would be, in the answer to a dry run.
    """

    id: str | None = None
    product: str
    fixed_years: int
    rate: Decimal
    valid_from: dt.date
    published_at: dt.datetime | None = None
    previous: Decimal | None = None
    notified: int | None = None
    would_notify: int | None = None


class Notice(Struct, frozen=True, kw_only=True):
    """What somebody was told, or will be, and how that went.

    Attributes:
        recipient: The customer or advisor who is told.
        purpose: What for, and ``consent`` what it rests on, where consent is needed.
        facts: What it says in figures, frozen when it was decided to tell.
        text: The words as sent; None before that.
        error: Why it was not sent, as a code.
    """

    id: str
    recipient: str
    kind: str
    purpose: str | None = None
    consent: str | None = None
    booking: str | None = None
    sequence: int | None = None
    rate: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    created_at: dt.datetime
    delivery: str | None = None
    channel: str
    state: str
    sent_at: dt.datetime | None = None
    language: Language | None = None
    formality: Formality | None = None
    subject: str | None = None
    text: str | None = None
    error: str | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """The attempts to bring one notice over one channel; ``error`` is a code."""

    id: str
    notice: str
    kind: str
    channel: str
    state: str
    attempts: int
    message_id: str | None = None
    sent_at: dt.datetime | None = None
    error: str | None = None
    created_at: dt.datetime


class Key(Struct, frozen=True, kw_only=True):
    """An API key; ``key`` itself is given once, in the answer that made it, and never shown."""

    id: str
    kind: KeyKind
    name: str
    origins: list[str] = field(default_factory=list)
    created_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    key: str | None = None

    def __repr__(self) -> str:
        return f"Key(id={self.id!r}, kind={self.kind!r}, name={self.name!r})"
