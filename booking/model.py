"""When one can meet, and what has been agreed: slots, holds and bookings as values."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field, structs

from booking.values import (
    Channel,
    HelpKind,
    Instant,
    Reason,
    Spoken,
    State,
    Timezone,
    Waiver,
    in_utc,
    require_zone,
)
from kernel.ids import Id


class SlotQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The question when one can meet: starts from *start* up to, not including, *end*.

    Attributes:
        language: What must be spoken in the meeting; None for no matter what.
        customer: Who asks, where that is known; their limits and their advisor count.
        waive: What staff set aside.
        explain: Also tell why starts are refused, and what would help.
    """

    meeting_type: str
    start: Instant
    end: Instant
    channel: Channel | None = None
    location: str | None = None
    duration: int | None = None
    language: Spoken | None = None
    advisor: Id | None = None
    customer: Id | None = None
    waive: list[Waiver] = field(default_factory=list)
    explain: bool = False

    def __post_init__(self) -> None:
        structs.force_setattr(self, "start", in_utc(self.start, "?start"))
        structs.force_setattr(self, "end", in_utc(self.end, "?end"))


class Help(Struct, frozen=True, kw_only=True):
    """What could be asked for instead of what has no free time, and when that begins.

    Attributes:
        change: What to change: *later* is the same meeting at another time.
        value: To what: an advisor's id, a channel, minutes, a branch's slug; None for *later*.
        start: The first free start then.
    """

    change: HelpKind
    value: str | None
    start: datetime


class Refused(Struct, frozen=True, kw_only=True):
    """A start on somebody's grid at which nobody can meet, and why each of them cannot.

    Attributes:
        reason: That of whoever comes nearest to yes.
        advisors: Each advisor's own.
    """

    start: datetime
    reason: Reason
    advisors: dict[Id, Reason]


class SlotAnswer(Struct, frozen=True, kw_only=True):
    """When one can meet, in UTC and in order.

    Attributes:
        duration: Minutes.
        timezone: Where the meeting is promised, if that does not depend on the customer.
        starts: The free ones.
        remaining: Free seats by start, where more than one can take part.
        next_available: The first start after the asked time, where that has none.
        as_of: The oldest of what it rests on: calendars last read, at best this moment.
        reasons: How many starts were refused and why, where the query asked to explain.
        refused: Each of them, the first thousand.
        help: What would help, best first.
    """

    duration: int
    timezone: str | None
    starts: list[datetime]
    remaining: dict[datetime, int] | None
    next_available: datetime | None
    as_of: datetime
    reasons: dict[Reason, int]
    refused: list[Refused]
    help: list[Help]


# --- holds and bookings --------------------------------------------------------------------------


class HoldInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A start to keep closed to others while the customer fills in the form."""

    meeting_type: str
    start: Instant
    channel: Channel
    location: str | None = None
    duration: int | None = None
    language: Spoken | None = None
    advisor: Id | None = None
    customer: Id | None = None
    waive: list[Waiver] = field(default_factory=list)

    def __post_init__(self) -> None:
        structs.force_setattr(self, "start", in_utc(self.start, "/start"))


class Hold(Struct, frozen=True, kw_only=True):
    """A start kept for one customer until it expires; who knows its id may use it."""

    id: Id
    advisor_id: Id
    meeting_type_id: Id
    start: datetime
    end: datetime
    expires_at: datetime


class Repeat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same meeting again, at the same time on the wall.

    Attributes:
        every: The distance from one to the next; a month is the same weekday of the month
            (the second Tuesday), the fifth being the last.
        count: How many in all, the first included.
    """

    every: Literal["week", "two-weeks", "four-weeks", "month"]
    count: Annotated[int, Meta(ge=2, le=26)]


class BookingInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meeting that a customer wants; *timezone* is where the customer is.

    Attributes:
        language: What letters about it are written in.
        spoken: What must be spoken in the meeting; None for no matter what.
        waive: What staff set aside.
    """

    meeting_type: str
    start: Instant
    timezone: Timezone
    channel: Channel
    location: str | None = None
    duration: int | None = None
    advisor: Id | None = None
    hold: Id | None = None
    language: str
    spoken: Spoken | None = None
    waive: list[Waiver] = field(default_factory=list)

    def __post_init__(self) -> None:
        structs.force_setattr(self, "start", in_utc(self.start, "/start"))
        require_zone(self.timezone)


class Colleague(Struct, frozen=True, kw_only=True):
    """Who is there beside the advisor, and in which role."""

    role: str
    advisor_id: Id


class Booking(Struct, frozen=True, kw_only=True):
    """A meeting between a customer and an advisor.

    The promise to the customer is *local_start* by the clock of *timezone*: the branch's or the
    advisor's for a meeting in a branch or by phone, the customer's for one by video. *start* is
    the instant that this meant under the time zone rules of version *tzdata*.

    Attributes:
        meeting_type: Slug.
        colleagues: Who is there beside the advisor.
        resources: Rooms and the like that it takes.
        session_id: The meeting that several customers share, where there are seats.
        series_id: What it is one of, where it comes back.
        work: Minutes that the advisor works for it: with preparation and wrapping up.
        load: Load points.
        sequence: iCalendar SEQUENCE; raised by every change that the other side must hear of.
        generation: Raised when the links in earlier messages must stop working.
        revision: Raised by every change; a step of the history each.
        uid: iCalendar UID.
        booked_by: Who booked it: the customer, or staff on their behalf.
        cancelled_by: Who called it off.
        reason: Why it was cancelled, in the words of whoever did.
    """

    id: Id
    meeting_type_id: Id
    meeting_type: str
    advisor_id: Id
    location_id: Id | None
    customer_id: Id
    participants: list[Id]
    channel: Channel
    start: datetime
    end: datetime
    local_start: str
    timezone: str
    tzdata: str
    language: str
    state: State
    sequence: int
    generation: int
    uid: str
    created_at: datetime
    colleagues: list[Colleague] = field(default_factory=list)
    resources: list[Id] = field(default_factory=list)
    session_id: Id | None = None
    series_id: Id | None = None
    work: int = 0
    load: int = 1
    revision: int = 0
    booked_by: str = "customer"
    cancelled_by: str | None = None
    reason: str | None = None

    def attendants(self) -> list[Id]:
        """Return everybody of the organisation who is there, the advisor first."""
        return [self.advisor_id, *(colleague.advisor_id for colleague in self.colleagues)]


class Alternative(Struct, frozen=True, kw_only=True):
    """Another time, or the same with somebody else, for a meeting that cannot be as it was."""

    start: datetime
    advisor_id: Id


class BookingFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which bookings to list: those that begin from *since* up to *until*, oldest id first."""

    since: Instant | None = None
    until: Instant | None = None
    state: State | None = None
    advisor: Id | None = None
    customer: Id | None = None
    series: Id | None = None
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
