"""What an organisation sets up: its places, its people and their hours, and what they give."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, field

from booking.hours import Holidays, OpenHours, Override, WeeklyRange, require_sound_hours
from booking.values import (
    AbsenceReason,
    Channel,
    Email,
    Grid,
    Line,
    Minutes,
    Period,
    Slug,
    SomeMinutes,
    Spoken,
    Texts,
    Timezone,
    is_line,
    refused,
    require_zone,
)
from kernel.ids import Id
from kernel.people import Language

# --- places, people and their hours --------------------------------------------------------------


class Limit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that fits into a day, a week or a month; at least one measure is given.

    On an advisor it counts all their meetings; on a kind of meeting those of that kind.

    Attributes:
        whose: Each advisor's meetings, or each customer's.
        per: Days, weeks (from Monday) and months are those on the advisor's wall; a customer's
            those on the organisation's. *ahead* is all that has not begun yet.
        count: How many meetings.
        minutes: How much work: the meetings with their preparation and wrapping up.
        load: How many load points.
    """

    whose: Literal["advisor", "customer"] = "advisor"
    per: Period
    count: Annotated[int, Meta(ge=1)] | None = None
    minutes: Annotated[int, Meta(ge=1)] | None = None
    load: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if self.count is None and self.minutes is None and self.load is None:
            raise refused("", "A limit needs a count, minutes or load.", "required")
        if self.per == "ahead" and self.whose == "advisor":
            raise refused("/per", "Only a customer's meetings are limited by what lies ahead.")


class LocationInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A branch where people can meet.

    Attributes:
        hours: When the doors are open; None if always. They narrow meetings in the branch only.
        holidays: On which holidays they are closed; none unless the branch asks for them.
    """

    slug: Slug
    name: Line
    address: str = ""
    timezone: Timezone = "Europe/Amsterdam"
    hours: OpenHours | None = None
    holidays: Holidays | None = None

    def __post_init__(self) -> None:
        require_zone(self.timezone)
        if self.hours and self.hours.holidays and self.holidays:
            raise refused("/hours/holidays", "Say the branch's holidays once, in /holidays.")


class Location(LocationInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A branch that is on file."""

    id: Id


class Authorisation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A licence to advise on a product, from the first to the last day that it is valid."""

    product: Slug
    valid_from: date
    valid_until: date | None = None

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise refused("/valid_until", "This licence ends before it starts.")

    def covers(self, product: str, day: date) -> bool:
        """Tell whether it lets somebody advise on *product* on *day*."""
        return (
            product == self.product
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )


class Travel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days on which an advisor's hours are meant by the clock of another zone."""

    first_day: date
    last_day: date
    timezone: Timezone

    def __post_init__(self) -> None:
        require_zone(self.timezone)
        if self.last_day < self.first_day:
            raise refused("/last_day", "This journey ends before it starts.")


class AdvisorInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whom customers can meet.

    Attributes:
        languages: Those they speak with customers.
        locations: Slugs of the branches they work in.
        authorisations: Licences; a product that asks for one is advised on by nobody else.
        since: Their first working day; whoever is new is not flooded.
        until: Their last working day.
    """

    name: Line
    email: Email
    timezone: Timezone
    languages: list[Spoken] = field(default_factory=lambda: ["nl"])
    locations: list[Slug] = field(default_factory=list)
    skills: list[Slug] = field(default_factory=list)
    authorisations: list[Authorisation] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    travels: list[Travel] = field(default_factory=list)
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        require_zone(self.timezone)
        if any(limit.whose == "customer" for limit in self.limits):
            raise refused("/limits", "A customer's limits belong to a kind of meeting.")
        if self.since and self.until and self.until < self.since:
            raise refused("/until", "The last working day lies before the first.")
        journeys = sorted(self.travels, key=lambda travel: travel.first_day)
        for one, following in pairwise(journeys):
            if following.first_day <= one.last_day:
                raise refused("/travels", "Nobody is in two zones on one day.", "overlap")


class Advisor(AdvisorInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """An advisor who is on file."""

    id: Id


class AbsenceInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whole days, by the advisor's own clock, on which they are out of office.

    Attributes:
        first_day: The first of them.
        last_day: The last of them.
        stand_in: Who is offered first to customers who know the advisor.
    """

    first_day: date
    last_day: date
    reason: AbsenceReason = "leave"
    stand_in: Id | None = None

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise refused("/last_day", "The last day lies before the first.")


class Absence(AbsenceInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """An absence that is on file."""

    id: Id
    advisor_id: Id


class ScheduleInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an advisor works, by the wall clock of *timezone*.

    An advisor has as many as they like. They work whenever one of them says so, of those that
    hold for the date, the way of meeting and the branch that is asked for.

    Attributes:
        name: Tells an advisor's schedules apart.
        channels: The ways of meeting that it is for; empty for all.
        locations: Slugs of the branches whose meetings it is for; empty for all.
        valid_from: The first date it holds for.
        valid_until: The last.
    """

    timezone: Timezone
    weekly: list[WeeklyRange]
    overrides: list[Override] = field(default_factory=list)
    name: Slug = "regular"
    channels: list[Channel] = field(default_factory=list)
    locations: list[Slug] = field(default_factory=list)
    valid_from: date | None = None
    valid_until: date | None = None
    holidays: Holidays | None = None

    def __post_init__(self) -> None:
        require_zone(self.timezone)
        require_sound_hours(self.weekly, self.overrides)
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise refused("/valid_until", "This schedule ends before it starts.")


class Schedule(ScheduleInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Working hours on file for an advisor."""

    id: Id
    advisor_id: Id


class ResourceInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room, or whatever else a meeting takes for itself.

    Attributes:
        kind: What it is one of, such as ``room``; a meeting type asks for a kind.
        location: Slug of the branch where it stands; None if it goes anywhere.
        turnaround: Minutes that it takes before it can be used again.
        hours: When it can be used, by its branch's clock; None if always.
    """

    slug: Slug
    name: Line
    kind: Slug = "room"
    location: Slug | None = None
    turnaround: Minutes = 0
    hours: OpenHours | None = None


class Resource(ResourceInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A resource that is on file."""

    id: Id


class ProductInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a meeting is about, such as mortgages.

    Attributes:
        authorised_only: Whether only advisors with a licence for it, valid on the day of the
            meeting, may give the meeting.
        timezone: Where its hours are meant.
        hours: When it can be talked about; None if always.
    """

    slug: Slug
    name: Line
    authorised_only: bool = True
    timezone: Timezone = "Europe/Amsterdam"
    hours: OpenHours | None = None

    def __post_init__(self) -> None:
        require_zone(self.timezone)


class Product(ProductInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A product that is on file."""

    id: Id


# --- what can be booked --------------------------------------------------------------------------


class Role(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who must be there beside the advisor: a specialist, an interpreter.

    Attributes:
        advisors: Who can take the role; empty for everybody with its skills.
        skills: What they must be able to do.
        everyone: All of *advisors* come, not one of them.
        speaks: It is they who must speak the language that is asked for, not the advisor.
    """

    name: Slug
    advisors: list[Id] = field(default_factory=list)
    skills: list[Slug] = field(default_factory=list)
    everyone: bool = False
    speaks: bool = False

    def __post_init__(self) -> None:
        if not self.advisors and (self.everyone or not self.skills):
            raise refused("/advisors", "A role needs the advisors or the skills it is filled by.")


class ResourceNeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One resource of a kind that a meeting takes, in the given ways of meeting or in all."""

    kind: Slug
    channels: list[Channel] = field(default_factory=list)


class MeetingTypeInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of meeting that customers can book.

    Attributes:
        duration: Minutes, unless another of *durations* is asked for.
        durations: All lengths that can be asked for; empty for *duration* alone.
        grid: How starts are laid out; ``docs/algorithms/slots.md`` has the three.
        step: Minutes from one start on offer to the next.
        offset: Minutes that are added to where the grid begins.
        buffer_before: Minutes that must be free before; they may lie outside working hours.
        buffer_after: The same, afterwards.
        preparation: Minutes that the advisor works before; they lie inside working hours.
        wrap_up: The same, afterwards.
        notice: Minutes that a customer has to book ahead at least.
        window_days: Starts lie less than this many days of 24 hours ahead; at most 100, since
            advisors' calendars are read not much further than that.
        bookable_days: Of the days on which something is free, only this many are on offer.
        bookable_from: The first date on offer.
        bookable_until: The last.
        limits: The most of this kind of meeting that an advisor or a customer has.
        load: Load points: how much a meeting asks of an advisor.
        seats: How many customers take part in one meeting.
        first_of_day: Only the first free start of every day is on offer.
        timezone: Where its days and hours are meant; None for the organisation's.
        hours: When it is given; None if always.
        channel_hours: The same for one way of meeting.
        product: Slug of what it is about.
        skills: What the advisor must be able to do.
        advisors: Who gives these meetings; any of them can stand in for another.
        priorities: Advisor -> 1 to 9, of which the highest are asked first; 5 unless given.
        weights: Advisor -> their share of the work in percent of a full one; 100 unless given.
        roles: Who must be there beside the advisor.
        resources: What else it takes.
        locations: Slugs of the branches where it is given.
        approval: The advisor has to say yes first; until then the time is kept.
        form: Slug of the form that prepares it.
    """

    slug: Slug
    name: Texts
    description: Texts = field(default_factory=dict)
    duration: SomeMinutes = 60
    durations: list[SomeMinutes] = field(default_factory=list)
    channels: Annotated[list[Channel], Meta(min_length=1)]
    grid: Grid = "hours"
    step: SomeMinutes = 15
    offset: Minutes = 0
    buffer_before: Minutes = 0
    buffer_after: Minutes = 0
    preparation: Minutes = 0
    wrap_up: Minutes = 0
    notice: Annotated[int, Meta(ge=0, le=525_600)] = 0
    window_days: Annotated[int, Meta(ge=1, le=100)] = 60
    bookable_days: Annotated[int, Meta(ge=1, le=100)] | None = None
    bookable_from: date | None = None
    bookable_until: date | None = None
    limits: list[Limit] = field(default_factory=list)
    load: Annotated[int, Meta(ge=1, le=100)] = 1
    seats: Annotated[int, Meta(ge=1, le=1000)] = 1
    first_of_day: bool = False
    timezone: Timezone | None = None
    hours: OpenHours | None = None
    channel_hours: dict[Channel, OpenHours] = field(default_factory=dict)
    product: Slug | None = None
    skills: list[Slug] = field(default_factory=list)
    advisors: list[Id]
    priorities: dict[Id, Annotated[int, Meta(ge=1, le=9)]] = field(default_factory=dict)
    weights: dict[Id, Annotated[int, Meta(ge=1, le=1000)]] = field(default_factory=dict)
    roles: list[Role] = field(default_factory=list)
    resources: list[ResourceNeed] = field(default_factory=list)
    locations: list[Slug] = field(default_factory=list)
    approval: bool = False
    form: Slug | None = None

    def __post_init__(self) -> None:
        unknown = (self.name.keys() | self.description.keys()) - set(get_args(Language))
        if unknown:
            raise refused("/name", "Texts are written in nl or en.", "language-unknown")
        if not self.name or not all(map(is_line, self.name.values())):
            raise refused("/name", "Needs a name of one line in nl or en.", "required")
        if self.timezone is not None:
            require_zone(self.timezone)
        if self.durations and self.duration not in self.durations:
            raise refused("/durations", "The usual duration must be one of the durations.")
        if self.bookable_from and self.bookable_until and self.bookable_until < self.bookable_from:
            raise refused("/bookable_until", "The last date on offer lies before the first.")
        names = [role.name for role in self.roles]
        if len(set(names)) != len(names):
            raise refused("/roles", "Roles must have names that differ.", "duplicate")
        if unlisted := (self.priorities.keys() | self.weights.keys()) - set(self.advisors):
            raise refused(
                "/advisors", f"{min(unlisted)} has a priority or weight but is not an advisor."
            )

    def lengths(self) -> list[int]:
        """Return the minutes it can last."""
        return self.durations or [self.duration]


class MeetingType(MeetingTypeInput, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A kind of meeting that is on file."""

    id: Id
