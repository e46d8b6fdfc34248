"""Who meets whom, when: the words of the booking room as values."""

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field, structs

from kernel.errors import FieldError, Invalid
from kernel.ids import Id
from kernel.people import Language

Channel = Literal["video", "phone", "branch"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
State = Literal["requested", "confirmed", "cancelled", "attended", "no-show"]
Reason = Literal[
    "off-grid", "past", "notice", "outside-window", "outside-hours", "busy", "unsuitable"
]

Texts: TypeAlias = dict[str, str]
"""Language -> text."""

Slug: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=64)]
Line: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Text on one line: names go into the headers of letters."""
Email: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Timezone: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
Clock: TypeAlias = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
EndClock: TypeAlias = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Minutes: TypeAlias = Annotated[int, Meta(ge=0, le=1440)]
SomeMinutes: TypeAlias = Annotated[int, Meta(ge=1, le=1440)]

_YEARS: Final = range(1970, 2201)


def require_zone(name: str) -> None:
    """Refuse a zone that the time zone database does not have.

    Raises:
        Invalid: There is no such IANA zone.
    """
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise _refused(
            "/timezone",
            "There is no such time zone; use an IANA name such as Europe/Amsterdam.",
            "zone-unknown",
        ) from None


def in_utc(instant: datetime, pointer: str) -> datetime:
    """Return *instant* in UTC; *pointer* says where it stood in the request.

    Raises:
        Invalid: It has no offset, so nobody knows when it is, or it lies absurdly far away.
    """
    if instant.tzinfo is None:
        raise _refused(
            pointer,
            "An instant needs its offset, such as 2026-12-01T09:00:00+01:00.",
            "offset-missing",
        )
    if instant.year not in _YEARS:
        raise _refused(pointer, "An instant must lie between the years 1970 and 2200.", "invalid")
    return instant.astimezone(UTC)


def _refused(pointer: str, sentence: str, code: str) -> Invalid:
    error = FieldError(pointer=pointer, detail=sentence, code=code)
    return Invalid(sentence, errors=(error,))


# --- places, people and their hours --------------------------------------------------------------


def _is_line(text: str) -> bool:
    return text.strip() != "" and text.isprintable()


class LocationInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A branch where people can meet."""

    slug: Slug
    name: Line
    address: str = ""
    timezone: Timezone = "Europe/Amsterdam"

    def __post_init__(self) -> None:
        require_zone(self.timezone)


class Location(LocationInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A branch that is on file."""

    id: Id


class AdvisorInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whom customers can meet; *locations* are the slugs of the branches they work in."""

    name: Line
    email: Email
    timezone: Timezone
    languages: list[Language] = field(default_factory=lambda: ["nl"])
    locations: list[Slug] = field(default_factory=list)

    def __post_init__(self) -> None:
        require_zone(self.timezone)


class Advisor(AdvisorInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """An advisor who is on file."""

    id: Id


class TimeRange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a day by the wall clock; an end not after the start is on the next local date."""

    start: Clock
    end: EndClock


class WeeklyRange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time range that comes back every week on the same day."""

    day: Day
    start: Clock
    end: EndClock


class Override(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours of one date in place of the weekly ones; none at all is a day off."""

    date: date
    ranges: list[TimeRange]


class ScheduleInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an advisor works, by the wall clock of *timezone*."""

    timezone: Timezone
    weekly: list[WeeklyRange]
    overrides: list[Override] = field(default_factory=list)

    def __post_init__(self) -> None:
        require_zone(self.timezone)
        dates = [override.date for override in self.overrides]
        if len(set(dates)) != len(dates):
            raise _refused("/overrides", "Overrides must name each date once.", "duplicate")


class Schedule(ScheduleInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The working hours on file for an advisor."""

    id: Id
    advisor_id: Id


# --- what can be booked --------------------------------------------------------------------------


class MeetingTypeInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of meeting that customers can book.

    Attributes:
        duration: Minutes.
        step: Minutes from one start on offer to the next.
        buffer_before: Minutes that must be free before; they may lie outside working hours.
        buffer_after: The same, afterwards.
        notice: Minutes that a customer has to book ahead at least.
        window_days: Starts lie less than this many days of 24 hours ahead; at most 100, since
            advisors' calendars are read not much further than that.
        advisors: Who gives these meetings; any of them can stand in for another.
        locations: Slugs of the branches where it is given.
        form: Slug of the form that prepares it.
    """

    slug: Slug
    name: Texts
    description: Texts = field(default_factory=dict)
    duration: SomeMinutes = 60
    channels: Annotated[list[Channel], Meta(min_length=1)]
    step: SomeMinutes = 15
    buffer_before: Minutes = 0
    buffer_after: Minutes = 0
    notice: Annotated[int, Meta(ge=0, le=525_600)] = 0
    window_days: Annotated[int, Meta(ge=1, le=100)] = 60
    advisors: list[Id]
    locations: list[Slug] = field(default_factory=list)
    form: Slug | None = None

    def __post_init__(self) -> None:
        unknown = (self.name.keys() | self.description.keys()) - set(get_args(Language))
        if unknown:
            raise _refused("/name", "Texts are written in nl or en.", "language-unknown")
        if not self.name or not all(map(_is_line, self.name.values())):
            raise _refused("/name", "Needs a name of one line in nl or en.", "required")


class MeetingType(MeetingTypeInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A kind of meeting that is on file."""

    id: Id


class SlotQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The question when one can meet: starts from *start* up to, not including, *end*."""

    meeting_type: str
    start: Instant
    end: Instant
    channel: Channel | None = None
    location: str | None = None
    duration: int | None = None
    advisor: Id | None = None
    explain: bool = False

    def __post_init__(self) -> None:
        structs.force_setattr(self, "start", in_utc(self.start, "?start"))
        structs.force_setattr(self, "end", in_utc(self.end, "?end"))


class SlotAnswer(Struct, frozen=True, kw_only=True):
    """When one can meet, in UTC and in order.

    Attributes:
        duration: Minutes.
        next_available: The first start after the asked time, where that has none.
        as_of: The oldest of what it rests on: calendars last read, at best this moment.
        reasons: How many starts were refused and why, where the query asked to explain.
    """

    duration: int
    starts: list[datetime]
    next_available: datetime | None
    as_of: datetime
    reasons: dict[str, int]


# --- holds and bookings --------------------------------------------------------------------------


class HoldInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A start to keep closed to others while the customer fills in the form."""

    meeting_type: str
    start: Instant
    channel: Channel
    location: str | None = None
    duration: int | None = None
    advisor: Id | None = None

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


class BookingInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meeting that a customer wants; *timezone* is where the customer is."""

    meeting_type: str
    start: Instant
    timezone: Timezone
    channel: Channel
    location: str | None = None
    duration: int | None = None
    advisor: Id | None = None
    hold: Id | None = None
    language: str

    def __post_init__(self) -> None:
        structs.force_setattr(self, "start", in_utc(self.start, "/start"))
        require_zone(self.timezone)


class Booking(Struct, frozen=True, kw_only=True):
    """A meeting between a customer and an advisor.

    The promise to the customer is *local_start* by the clock of *timezone*: the branch's or the
    advisor's for a meeting in a branch or by phone, the customer's for one by video. *start* is
    the instant that this meant under the time zone rules of version *tzdata*.

    Attributes:
        meeting_type: Slug.
        sequence: iCalendar SEQUENCE; raised by every change that the other side must hear of.
        generation: Raised when the links in earlier messages must stop working.
        uid: iCalendar UID.
        cancelled_by: customer, advisor, calendar or operator.
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
    cancelled_by: str | None = None
    reason: str | None = None


class BookingFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which bookings to list: those that begin from *since* up to *until*, oldest id first."""

    since: Instant | None = None
    until: Instant | None = None
    state: State | None = None
    advisor: Id | None = None
    customer: Id | None = None
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
