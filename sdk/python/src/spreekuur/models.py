"""What the service sends and what it is sent, one class for each thing.

Every class is frozen. Instants are aware and keep the offset they came with; rates are exact
decimals. Fields that the service adds later are ignored, not refused.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct, field

from spreekuur.words import (
    AbsenceReason,
    AccountState,
    AvailabilityState,
    CalendarAuth,
    CalendarKind,
    Channel,
    CollectionRole,
    ConflictState,
    Day,
    Every,
    Formality,
    Grid,
    HelpKind,
    HolidayCategory,
    Honorific,
    KeyKind,
    Language,
    Period,
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


class Participant(CustomerInput, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who comes along, and is told of the meeting by their own name and language.

    ``consents`` says by purpose whether they agree; secret keys only.
    """

    consents: Mapping[str, bool] = field(default_factory=dict)


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


# Hours


class TimeRange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hours on a wall clock, ``09:00`` to ``17:00``; an end before the start is the next day.

    ``overnight`` need be said of nights that last more than twelve hours only.
    """

    start: str
    end: str
    overnight: bool | None = None


class WeeklyRange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hours that return every week."""

    day: Day
    start: str
    end: str
    overnight: bool | None = None


class Override(Struct, frozen=True, kw_only=True):
    """Other hours on one date; no ranges is a day off."""

    date: dt.date
    ranges: list[TimeRange] = field(default_factory=list)


class Holidays(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The days off of a country, or of a part of it; open all the same on ``open_on``."""

    country: str
    subdivision: str | None = None
    categories: list[HolidayCategory] = field(default_factory=lambda: ["public"])
    open_on: list[dt.date] = field(default_factory=list)


class Holiday(Struct, frozen=True, kw_only=True):
    """A day off and what it is for."""

    date: dt.date
    name: str


class OpenHours(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hours by the clock of what they belong to: a branch, a meeting type, a product."""

    weekly: list[WeeklyRange] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    holidays: Holidays | None = None


class Limit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The most that fits into a period: meetings, minutes of work, or load points."""

    per: Period
    whose: str = "advisor"
    count: int | None = None
    minutes: int | None = None
    load: int | None = None


# Meeting types, slots and holds


class Location(Struct, frozen=True, kw_only=True):
    """A branch; ``id``, ``hours`` and ``holidays`` are given to the organisation only."""

    slug: str
    name: str
    address: str
    timezone: str
    id: str | None = None
    hours: OpenHours | None = None
    holidays: Holidays | None = None


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


class Role(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who must be there beside the advisor; ``speaks`` is who speaks the language."""

    name: str
    advisors: list[str] = field(default_factory=list)
    skills: list[str] = field(default_factory=list)
    everyone: bool = False
    speaks: bool = False


class ResourceNeed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One resource of a kind that a meeting takes, in these channels or in all."""

    kind: str
    channels: list[Channel] = field(default_factory=list)


class MeetingTypeDefinition(Struct, frozen=True, kw_only=True):
    """A kind of meeting as the organisation defines it: texts by language, times in minutes.

    What each field says is told at ``client.meeting_types.apply``.
    """

    id: str
    slug: str
    name: dict[str, str]
    description: dict[str, str] = field(default_factory=dict)
    duration: int
    durations: list[int] = field(default_factory=list)
    channels: list[Channel]
    grid: Grid = "hours"
    step: int
    offset: int = 0
    buffer_before: int
    buffer_after: int
    preparation: int = 0
    wrap_up: int = 0
    notice: int
    window_days: int
    bookable_days: int | None = None
    bookable_from: dt.date | None = None
    bookable_until: dt.date | None = None
    limits: list[Limit] = field(default_factory=list)
    load: int = 1
    seats: int = 1
    first_of_day: bool = False
    timezone: str | None = None
    hours: OpenHours | None = None
    channel_hours: dict[Channel, OpenHours] = field(default_factory=dict)
    product: str | None = None
    skills: list[str] = field(default_factory=list)
    advisors: list[str]
    priorities: dict[str, int] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    roles: list[Role] = field(default_factory=list)
    resources: list[ResourceNeed] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    approval: bool = False
    form: str | None = None


class Help(Struct, frozen=True, kw_only=True):
    """What could be asked for instead of what has no free time, and when that begins.

    ``value`` says to what to change it: a channel, minutes, a branch's slug, an advisor's id.
    """

    change: HelpKind
    value: str | None = None
    start: dt.datetime


class RefusedStart(Struct, frozen=True, kw_only=True):
    """A start at which nobody can meet; ``advisors`` says what keeps each of them."""

    start: dt.datetime
    reason: str
    advisors: dict[str, str] = field(default_factory=dict)


class Slots(Struct, frozen=True, kw_only=True):
    """When a meeting can start, by local day; iterating gives every start in order.

    Attributes:
        timezone: The zone that the starts are written in: that of the branch or organisation in
            person and by phone, else the one that was asked for.
        duration: Minutes that the meeting takes.
        days: Starts by local date; days without any are left out.
        next_available: The first start after an answer without any.
        as_of: When this was true.
        remaining: Free seats by start, where several customers take part in one meeting.
        reasons: How many starts were refused and why; only when ``explain`` was asked.
        help: What could be asked for instead, the soonest first.
        explanation: Both in sentences that a customer can read.
        refused: Each start that was refused, the first thousand; for secret keys only.
        notes: What staff read about each reason; for secret keys only.
    """

    timezone: str
    duration: int
    days: dict[dt.date, list[dt.datetime]]
    as_of: dt.datetime
    next_available: dt.datetime | None = None
    remaining: dict[dt.datetime, int] | None = None
    reasons: dict[str, int] | None = None
    help: list[Help] | None = None
    explanation: list[str] | None = None
    refused: list[RefusedStart] | None = None
    notes: dict[str, str] | None = None

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


class Colleague(Struct, frozen=True, kw_only=True):
    """Who is there beside the advisor, and in which role."""

    role: str
    id: str
    name: str


class Participation(Struct, frozen=True, kw_only=True):
    """What somebody who is to come last answered from their own calendar program.

    It changes nothing about the meeting; a new time of the meeting makes it void.

    Attributes:
        answer: None where they only proposed another time.
        proposed_start: The time that they would rather have, with its end.
    """

    customer: str
    answer: Literal["accepted", "tentative", "declined"] | None
    answered_at: dt.datetime
    proposed_start: dt.datetime | None = None
    proposed_end: dt.datetime | None = None


class Booking(Struct, frozen=True, kw_only=True):
    """A meeting that was asked for.

    Attributes:
        state: *requested* waits for the advisor's word; its time is kept meanwhile.
        location: The slug of a branch.
        colleagues: Who is there beside the advisor.
        resources: Slugs of the rooms and the like that it takes.
        participants: Ids of the customers who come along, as they were named.
        participation: What those who are to come answered to their invitations.
        series: The id of the series that it belongs to.
        booked_by: The customer, or an operator on their behalf.
        cancelled_by: Who called it off.
        sequence: Raised by every change that the other side must hear of, as in iCalendar.
        intake_url: None where the meeting type has no form.
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
    colleagues: list[Colleague] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    customer: str
    participants: list[str] = field(default_factory=list)
    participation: list[Participation] = field(default_factory=list)
    series: str | None = None
    booked_by: str = "customer"
    cancelled_by: str | None = None
    sequence: int
    created_at: dt.datetime
    manage_url: str | None = None
    intake_url: str | None = None


class Repeat(Struct, frozen=True, kw_only=True):
    """The same meeting again, at the same time on the wall; ``count`` includes the first."""

    every: Every
    count: int


class Series(Struct, frozen=True, kw_only=True):
    """Meetings that were booked together, the first first."""

    id: str
    items: list[Booking]


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One step in the life of a booking, and what it was from then on.

    Attributes:
        at: When the step was made, in UTC.
        by: Who made it: customer, advisor, calendar, operator or system.
        action: What was done, such as ``booking.rescheduled``.
        reason: Why it was cancelled.
    """

    revision: int
    at: dt.datetime
    by: str
    action: str
    state: State
    start: dt.datetime
    end: dt.datetime
    timezone: str
    advisor: AdvisorName
    colleagues: list[Colleague] = field(default_factory=list)
    reason: str | None = None


class Candidate(Struct, frozen=True, kw_only=True):
    """Somebody who could have taken a part in a meeting, with all that the choice looked at."""

    advisor: str
    requested: bool = False
    known: bool = False
    stand_in: bool = False
    priority: int = 5
    weight: int = 100
    effort: int = 0
    present: int = 0


class Decision(Struct, frozen=True, kw_only=True):
    """Who got a part in a meeting, on what ground, and who was considered, best first."""

    advisor: str
    ground: str
    considered: list[Candidate]
    role: str
    window: int
    rule: str
    stand_in_for: str | None = None
    reason: str | None = None


class Assignment(Struct, frozen=True, kw_only=True):
    """Why a booking is with whom it is.

    Attributes:
        decisions: The advisor's first.
        replayed: Whether deciding again on the same grounds comes out the same.
        sentences: Each decision in words.
    """

    decisions: list[Decision]
    replayed: bool
    sentences: list[str]


class OfferedTime(Struct, frozen=True, kw_only=True):
    """A time that is offered in place of one that cannot be, and with whom."""

    start: dt.datetime
    advisor: AdvisorName


class OfferedTimes(Struct, frozen=True, kw_only=True):
    """What a customer can choose from where their meeting's time was taken after all."""

    alternatives: list[OfferedTime]


class CalendarConflict(Struct, frozen=True, kw_only=True):
    """A meeting whose time was taken in the calendar of somebody who is to be there.

    Attributes:
        advisor: In whose calendar.
        offered_at: When the customer was told.
        alternatives: What the customer was offered.
    """

    id: str
    booking: str
    advisor: AdvisorName
    state: ConflictState
    seen_at: dt.datetime
    offered_at: dt.datetime | None = None
    resolved_at: dt.datetime | None = None
    resolution: str | None = None
    alternatives: list[OfferedTime] = field(default_factory=list)


class ManagedBooking(Struct, frozen=True, kw_only=True):
    """A booking as its customer sees it, through the link in their mail.

    ``conflict`` says what they can choose from where its time was taken after all.
    """

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
    conflict: OfferedTimes | None = None
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


class Authorisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A licence to advise on a product, from its first to its last day; None is without end."""

    product: str
    valid_from: dt.date
    valid_until: dt.date | None = None


class Travel(Struct, frozen=True, kw_only=True):
    """Days on which an advisor's hours are meant by the clock of another zone."""

    first_day: dt.date
    last_day: dt.date
    timezone: str


class Advisor(Struct, frozen=True, kw_only=True):
    """Somebody customers can meet; ``locations`` are slugs, ``since`` is their first day."""

    id: str
    name: str
    email: str
    timezone: str
    languages: list[str] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    skills: list[str] = field(default_factory=list)
    authorisations: list[Authorisation] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    travels: list[Travel] = field(default_factory=list)
    since: dt.date | None = None
    until: dt.date | None = None


class Schedule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an advisor can be booked, on the wall clock of ``timezone``.

    ``channels`` and ``locations`` (slugs) are what it is for; empty is all.
    """

    timezone: str
    weekly: list[WeeklyRange]
    overrides: list[Override] = field(default_factory=list)
    name: str = "regular"
    channels: list[Channel] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    holidays: Holidays | None = None


class Absence(Struct, frozen=True, kw_only=True):
    """Whole days on which an advisor is out of office; ``stand_in`` is another advisor's id."""

    id: str
    advisor_id: str
    first_day: dt.date
    last_day: dt.date
    reason: AbsenceReason
    stand_in: str | None = None


class Exclusion(Struct, frozen=True, kw_only=True):
    """A customer whom an advisor must never advise."""

    customer: str
    created_at: dt.datetime


class Product(Struct, frozen=True, kw_only=True):
    """What meetings are about; ``authorised_only`` asks for a licence of the advisor."""

    id: str
    slug: str
    name: str
    authorised_only: bool
    timezone: str
    hours: OpenHours | None = None


class Resource(Struct, frozen=True, kw_only=True):
    """A room or the like; ``turnaround`` is minutes before it can be used again."""

    id: str
    slug: str
    name: str
    kind: str
    location: str | None = None
    turnaround: int = 0
    hours: OpenHours | None = None


class Collection(Struct, frozen=True, kw_only=True):
    """One calendar of an account.

    ``role`` is what we do with it: count it as *busy*, write bookings into it (*target*), or
    *ignore* it, as it begins where its owner has called it ``transparent``.
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
    transparent: bool = False


class Account(Struct, frozen=True, kw_only=True):
    """An advisor's account at a calendar server; ``problem`` says what is wrong with it.

    ``kind`` is *caldav*, *feed* (an .ics file, of whose address only the server is shown) or *own*
    (a calendar that the service keeps). ``addresses`` are the advisor's own that were added,
    ``server_addresses`` those that the server knows of. ``availability`` says what has become of
    the hours that the advisor publishes there.
    """

    id: str
    advisor: str
    kind: CalendarKind = "caldav"
    auth: CalendarAuth = "basic"
    url: str
    state: AccountState
    problem: str | None = None
    addresses: list[str] = field(default_factory=list)
    server_addresses: list[str] = field(default_factory=list)
    availability: AvailabilityState = "none"
    collections: list[Collection]


class Unavailable(Struct, frozen=True, kw_only=True):
    """A stretch of time outside of the hours that an advisor publishes; half-open."""

    start: dt.datetime
    end: dt.datetime


class CalendarAvailability(Struct, frozen=True, kw_only=True):
    """The hours that an advisor publishes in their own calendar.

    ``weekly`` is the same as a schedule has it, and None where a schedule could not say it.
    """

    state: AvailabilityState
    timezone: str
    weekly: list[WeeklyRange] | None = None
    unavailable: list[Unavailable]


class FoundCalendar(Struct, frozen=True, kw_only=True):
    """A calendar that a log-in gives access to."""

    name: str
    url: str
    writable: bool
    timezone: str | None = None
    transparent: bool = False


class CalendarTrial(Struct, frozen=True, kw_only=True):
    """How trying a log-in went; ``advice`` says by language what is wrong and what to do."""

    ok: bool
    problem: str | None = None
    advice: dict[str, str] | None = None
    calendars: list[FoundCalendar]


class CalendarEntry(Struct, frozen=True, kw_only=True):
    """A stretch of time that an advisor keeps free of bookings in a calendar the service keeps."""

    id: str
    start: dt.datetime
    end: dt.datetime
    title: str | None = None


class CalendarFeed(Struct, frozen=True, kw_only=True):
    """The secret address at which calendar programs can read a calendar the service keeps."""

    url: str

    def __repr__(self) -> str:
        """Say that there is one, not what it is."""
        return "CalendarFeed(url=…)"


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


class LegalHold(Struct, frozen=True, kw_only=True):
    """A reason for which nothing of a customer may be erased.

    ``until`` is the first day on which it no longer holds; None while that is not known.
    """

    id: str
    customer: str
    reason: str
    until: dt.date | None = None
    placed_by: str
    placed_at: dt.datetime
    lifted_at: dt.datetime | None = None


class ErasurePlan(Struct, frozen=True, kw_only=True):
    """What stands in the way of erasing a customer: meetings to call off, and legal holds."""

    customer: str
    meetings_ahead: list[str]
    holds: list[LegalHold]


class ErasureReceipt(Struct, frozen=True, kw_only=True):
    """That a customer was erased: how much there was of what, and which key was destroyed."""

    id: str
    customer: str
    asked_by: str
    erased_at: dt.datetime
    counts: dict[str, int]
    key: str | None = None


class Erasure(Struct, frozen=True, kw_only=True):
    """A receipt with the signature over it, and whether it was found to be true."""

    receipt: ErasureReceipt
    signature: str
    true: bool


class CustomerExport(Struct, frozen=True, kw_only=True):
    """All that an organisation knows of a customer.

    Attributes:
        facts: Everything ever said about them, with what replaced it.
        consents: Every word they gave or took back.
        bookings: Their meetings, as they are on file.
        notices: What they were told.
        seen: What was done with it, by whom and when.
    """

    generated_at: dt.datetime
    organisation: str
    customer: Customer
    facts: list[Fact]
    consents: list[dict[str, Any]]
    bookings: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    seen: list[dict[str, Any]]


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
