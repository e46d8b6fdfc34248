"""Shapes of the customer side: what a widget and a customer's own page send and get."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, Struct, UnsetType

from booking.model import Advisor, Booking, Channel, Location, MeetingType, State, Texts
from context.model import CustomerInput
from kernel.ids import Id
from kernel.people import PersonName

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


class Slots(Struct, frozen=True, kw_only=True):
    """Free starts, by the viewer's local day; reasons only where they were asked for."""

    timezone: str
    duration: int
    days: dict[str, list[str]]
    next_available: datetime | None
    as_of: datetime
    reasons: dict[str, int] | UnsetType = UNSET


class HoldBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A slot to keep while a form is filled in."""

    meeting_type: Slug
    start: Instant
    channel: Channel
    location: Slug | None = None
    duration: Minutes | None = None
    advisor: Id | None = None


class HoldView(Struct, frozen=True, kw_only=True):
    """A slot that is kept until *expires_at*."""

    id: Id
    start: datetime
    end: datetime
    expires_at: datetime


class ParticipantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who comes along."""

    name: PersonName
    email: str


class ConsentBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A yes or no to one purpose."""

    purpose: str
    given: bool


class BookingBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meeting to book."""

    meeting_type: Slug
    start: Instant
    timezone: Zone
    channel: Channel
    customer: CustomerInput
    duration: Minutes | None = None
    location: Slug | None = None
    hold: Id | None = None
    advisor: Id | None = None
    participants: Annotated[list[ParticipantBody], Meta(max_length=5)] = []
    answers: dict[str, Any] = {}
    consents: Annotated[list[ConsentBody], Meta(max_length=10)] = []


class AdvisorName(Struct, frozen=True, kw_only=True):
    """Who the customer will meet."""

    id: Id
    name: str


class BookingView(Struct, frozen=True, kw_only=True):
    """A meeting as it stands."""

    id: Id
    state: State
    meeting_type: str
    start: datetime
    end: datetime
    timezone: str
    channel: Channel
    location: str | None
    advisor: AdvisorName
    customer: Id
    sequence: int
    created_at: datetime
    manage_url: str | None
    intake_url: str | None


class ManagedBooking(Struct, frozen=True, kw_only=True):
    """A meeting as its customer sees it."""

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
    alternatives: list[datetime]


class RescheduleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The start to move to."""

    start: Instant


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
        durations=[kind.duration],
        channels=list(kind.channels),
        prepares=kind.form is not None,
        locations=[location_view(place) for place in places if place.slug in kind.locations],
        phone=phone,
    )


def booking_view(
    meeting: Booking,
    advisor: Advisor,
    place: Location | None,
    *,
    timezone: str,
    manage_url: str | None,
    intake_url: str | None,
) -> BookingView:
    """Show a meeting, with its times in *timezone*."""
    return BookingView(
        id=meeting.id,
        state=meeting.state,
        meeting_type=meeting.meeting_type,
        start=local(meeting.start, timezone),
        end=local(meeting.end, timezone),
        timezone=timezone,
        channel=meeting.channel,
        location=place.slug if place else None,
        advisor=AdvisorName(id=advisor.id, name=advisor.name),
        customer=meeting.customer_id,
        sequence=meeting.sequence,
        created_at=local(meeting.created_at, timezone),
        manage_url=manage_url,
        intake_url=intake_url,
    )
