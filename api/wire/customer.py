"""Shapes of the customer side: what a widget and a customer's own page send and get."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, Struct, UnsetType, field

from booking.answering import Participation
from booking.itip import Answer
from booking.model import Booking
from booking.organisation import Advisor, Location, MeetingType, Resource
from booking.values import Channel, HelpKind, Reason, Spoken, State, Texts, Waiver
from context.model import CustomerInput
from kernel.ids import Id

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset.")]
Minutes = Annotated[int, Meta(ge=5, le=24 * 60)]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Zone = Annotated[str, Meta(min_length=1, max_length=64, description="IANA time zone.")]


class LocationView(Struct, frozen=True, kw_only=True):
    """A branch, as customers see it."""

    slug: str
    name: str
    address: str
    timezone: str


class MeetingTypeView(Struct, frozen=True, kw_only=True):
    """A kind of meeting that can be booked."""

    slug: str
    name: str
    description: str
    durations: list[int]
    channels: list[Channel]
    prepares: bool
    locations: list[LocationView]
    phone: str | None


class HelpView(Struct, frozen=True, kw_only=True):
    """What could be asked for instead, and when that begins; *value* says to what to change it."""

    change: HelpKind
    value: str | None
    start: datetime


class RefusedView(Struct, frozen=True, kw_only=True):
    """A start at which nobody can meet, and what keeps each advisor from it."""

    start: datetime
    reason: Reason
    advisors: dict[Id, Reason]


class Slots(Struct, frozen=True, kw_only=True):
    """Free starts by local day; what explains them only where that was asked for.

    Attributes:
        timezone: Where the meeting takes place, or else the zone that was asked for.
        remaining: Free seats by start, where several customers take part in one meeting.
        reasons: How many starts were refused, by reason.
        explanation: The same and *help* in sentences that a customer can read.
        refused: Each start that was refused, the first thousand; for staff only.
        notes: What staff read about each of the reasons.
    """

    timezone: str
    duration: int
    days: dict[str, list[str]]
    next_available: datetime | None
    as_of: datetime
    remaining: dict[str, int] | UnsetType = UNSET
    reasons: dict[str, int] | UnsetType = UNSET
    help: list[HelpView] | UnsetType = UNSET
    explanation: list[str] | UnsetType = UNSET
    refused: list[RefusedView] | UnsetType = UNSET
    notes: dict[str, str] | UnsetType = UNSET


class HoldBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A slot to keep while a form is filled in; *language* is to be spoken in the meeting.

    Who it is for (*customer*) and what to set aside (*waive*) can be said with a secret key only.
    """

    meeting_type: Slug
    start: Instant
    channel: Channel
    location: Slug | None = None
    duration: Minutes | None = None
    language: Spoken | None = None
    advisor: Id | None = None
    customer: Id | None = None
    waive: list[Waiver] = []


class HoldView(Struct, frozen=True, kw_only=True):
    """A slot that is kept until *expires_at*."""

    id: Id
    start: datetime
    end: datetime
    expires_at: datetime


class ConsentBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A yes or no to one purpose."""

    purpose: str
    given: bool


class ParticipantBody(CustomerInput, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who comes along: a person like the customer; *consents* need a secret key."""

    consents: Annotated[list[ConsentBody], Meta(max_length=10)] = field(default_factory=list)


class BookingBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meeting to book; *language* is to be spoken in it, *waive* needs a secret key."""

    meeting_type: Slug
    start: Instant
    timezone: Zone
    channel: Channel
    customer: CustomerInput
    duration: Minutes | None = None
    location: Slug | None = None
    hold: Id | None = None
    language: Spoken | None = None
    advisor: Id | None = None
    waive: list[Waiver] = []
    participants: Annotated[list[ParticipantBody], Meta(max_length=5)] = []
    answers: dict[str, Any] = {}
    consents: Annotated[list[ConsentBody], Meta(max_length=10)] = []


class AdvisorName(Struct, frozen=True, kw_only=True):
    """Who the customer will meet."""

    id: Id
    name: str


class ColleagueView(Struct, frozen=True, kw_only=True):
    """Who is there beside the advisor, and as what."""

    role: str
    id: Id
    name: str


class ParticipationView(Struct, frozen=True, kw_only=True):
    """What somebody who is to come last answered from their own calendar program.

    It is about the time that the meeting has now, and changes nothing about the meeting.

    Attributes:
        answer: None where they only proposed another time.
    """

    customer: Id
    answer: Answer | None
    answered_at: datetime
    proposed_start: datetime | None
    proposed_end: datetime | None


class BookingView(Struct, frozen=True, kw_only=True):
    """A meeting as it stands.

    Attributes:
        colleagues: Who is there beside the advisor.
        resources: Slugs of the rooms and the like that it takes.
        participants: Customers who come along, in the order in which they were named.
        participation: What those who are to come answered to their invitations, if they did.
        series: What it is one of, where it comes back.
        booked_by: The customer, or an operator on their behalf.
        cancelled_by: Who called it off.
    """

    id: Id
    state: State
    meeting_type: str
    start: datetime
    end: datetime
    timezone: str
    channel: Channel
    location: str | None
    advisor: AdvisorName
    colleagues: list[ColleagueView]
    resources: list[str]
    customer: Id
    participants: list[Id]
    participation: list[ParticipationView]
    series: Id | None
    booked_by: str
    cancelled_by: str | None
    sequence: int
    created_at: datetime
    manage_url: str | None
    intake_url: str | None


class OfferedTime(Struct, frozen=True, kw_only=True):
    """A time that is offered in place of one that cannot be, and with whom."""

    start: datetime
    advisor: AdvisorName


class OfferedTimes(Struct, frozen=True, kw_only=True):
    """What is offered for a meeting whose time was taken; empty if nothing could be found."""

    alternatives: list[OfferedTime]


class ManagedBooking(Struct, frozen=True, kw_only=True):
    """A meeting as its customer sees it; *conflict* where its time was taken after all."""

    id: Id
    state: State
    meeting_type: str
    meeting_name: str
    start: datetime
    end: datetime
    timezone: str
    channel: Channel
    location: LocationView | None
    advisor: AdvisorName
    customer: Id
    sequence: int
    created_at: datetime
    can_change: bool
    greeting: str
    phone: str | None
    manage_url: str | None
    intake_url: str | None
    conflict: OfferedTimes | None
    alternatives: list[datetime]


class RescheduleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The start to move to."""

    start: Instant


class RepairBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The time, and with whom, that a meeting gets in place of one that cannot be."""

    start: Instant
    advisor: Id


class CancelBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is called off; may be left out."""

    reason: Annotated[str, Meta(max_length=500)] | None = None


class AnswersBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers to save; null takes one back."""

    answers: dict[str, Any]
    submit: bool = False


class ConsentsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decisions on purposes."""

    consents: Annotated[list[ConsentBody], Meta(max_length=10)]


def local(instant: datetime, timezone: str) -> datetime:
    """Return *instant* with the offset it has in *timezone*."""
    return instant.astimezone(ZoneInfo(timezone))


def text(texts: Texts, language: str) -> str:
    """Return a text in *language*, or else in the first language it is written in."""
    return texts.get(language) or next(iter(texts.values()), "")


def location_view(place: Location) -> LocationView:
    """Show a branch to a customer."""
    return LocationView(
        slug=place.slug, name=place.name, address=place.address, timezone=place.timezone
    )


def meeting_type_view(
    kind: MeetingType, places: list[Location], *, language: str, phone: str | None
) -> MeetingTypeView:
    """Show a kind of meeting to a customer."""
    return MeetingTypeView(
        slug=kind.slug,
        name=text(kind.name, language),
        description=text(kind.description, language),
        durations=kind.lengths(),
        channels=list(kind.channels),
        prepares=kind.form is not None,
        locations=[location_view(place) for place in places if place.slug in kind.locations],
        phone=phone,
    )


def booking_view(
    meeting: Booking,
    people: Mapping[Id, Advisor],
    things: Mapping[Id, Resource],
    place: Location | None,
    participation: Sequence[Participation] = (),
    *,
    timezone: str,
    manage_url: str | None,
    intake_url: str | None,
) -> BookingView:
    """Show a meeting, with its times in *timezone*.

    *people* has those who are to be there; a thing that is gone from *things* is not shown.
    """
    return BookingView(
        id=meeting.id,
        state=meeting.state,
        meeting_type=meeting.meeting_type,
        start=local(meeting.start, timezone),
        end=local(meeting.end, timezone),
        timezone=timezone,
        channel=meeting.channel,
        location=place.slug if place else None,
        advisor=AdvisorName(id=meeting.advisor_id, name=people[meeting.advisor_id].name),
        colleagues=colleagues_view(meeting, people),
        resources=[things[one].slug for one in meeting.resources if one in things],
        customer=meeting.customer_id,
        participants=list(meeting.participants),
        participation=[_participation_view(one, timezone) for one in participation],
        series=meeting.series_id,
        booked_by=meeting.booked_by,
        cancelled_by=meeting.cancelled_by,
        sequence=meeting.sequence,
        created_at=local(meeting.created_at, timezone),
        manage_url=manage_url,
        intake_url=intake_url,
    )


def _participation_view(given: Participation, timezone: str) -> ParticipationView:
    return ParticipationView(
        customer=given.customer_id,
        answer=given.answer,
        answered_at=local(given.answered_at, timezone),
        proposed_start=given.proposed_start and local(given.proposed_start, timezone),
        proposed_end=given.proposed_end and local(given.proposed_end, timezone),
    )


def colleagues_view(meeting: Booking, people: Mapping[Id, Advisor]) -> list[ColleagueView]:
    """Show who is there beside the advisor."""
    return [
        ColleagueView(role=one.role, id=one.advisor_id, name=people[one.advisor_id].name)
        for one in meeting.colleagues
    ]
