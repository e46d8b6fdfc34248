"""What the fake accepts, as strictly as the service: unknown fields and naive times are refused."""

import datetime as dt
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

T = TypeVar("T")
Instant = Annotated[dt.datetime, Meta(tz=True)]
Channel = Literal["video", "phone", "branch"]
Text = Annotated[str, Meta(min_length=1)]


class Refused(Exception):
    """An answer that is not what was hoped for: a problem document."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = extra


class Name(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's name."""

    surname: Text
    given: str = ""
    initials: str = ""
    prefix: str = ""
    partner_prefix: str = ""
    partner_surname: str = ""
    honorific: Literal["mr", "mrs", "none"] = "none"


class Guest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who books."""

    name: Name
    email: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
    phone: str | None = None
    language: Literal["nl", "en"] | None = None
    formality: Literal["formal", "informal"] | None = None


class Agreement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consent."""

    purpose: str
    given: bool


class Companion(Guest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes along."""

    consents: list[Agreement] = field(default_factory=list)


class HoldRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/holds``."""

    meeting_type: str
    start: Instant
    channel: Channel
    location: str | None = None
    duration: int | None = None
    language: str | None = None
    advisor: str | None = None
    customer: str | None = None
    waive: list[str] = []


class BookingRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/bookings``."""

    meeting_type: str
    start: Instant
    timezone: str
    channel: Channel
    customer: Guest
    duration: int | None = None
    location: str | None = None
    hold: str | None = None
    language: str | None = None
    advisor: str | None = None
    waive: list[str] = []
    participants: list[Companion] = []
    answers: dict[str, Any] = {}
    consents: list[Agreement] = []


class MoveRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a reschedule."""

    start: Instant


class CancelRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a cancellation."""

    reason: str | None = None


class MeetingTypeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/meeting-types``."""

    slug: Text
    name: dict[str, str]
    description: dict[str, str] = {}
    duration: Annotated[int, Meta(ge=1)] = 60
    channels: list[Channel]
    step: Annotated[int, Meta(ge=1)] = 15
    buffer_before: Annotated[int, Meta(ge=0)] = 0
    buffer_after: Annotated[int, Meta(ge=0)] = 0
    notice: Annotated[int, Meta(ge=0)] = 0
    window_days: Annotated[int, Meta(ge=1)] = 60
    advisors: list[str]
    locations: list[str] = []
    form: str | None = None


def body(content: bytes, kind: type[T]) -> T:
    """Read a body.

    Raises:
        Refused: It is not a *kind*.
    """
    try:
        return msgspec.json.decode(content or b"{}", type=kind)
    except msgspec.DecodeError as error:
        said, _, where = str(error).partition(" - at `")
        pointer = where.rstrip("`").removeprefix("$").replace(".", "/").replace("[", "/")
        problem = {"pointer": pointer.replace("]", ""), "detail": said, "code": "invalid"}
        raise Refused(400, "invalid-request", said, errors=[problem]) from None


def moment(query: dict[str, str], name: str, zone: dt.tzinfo) -> dt.datetime:
    """Read a date, which is its midnight in *zone*, or an instant, from a query.

    Raises:
        Refused: It is missing, or neither.
    """
    text = query.get(name, "")
    try:
        if len(text) == len("2026-12-01"):
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), zone)
        return msgspec.convert(text, Instant, strict=False)
    except (ValueError, msgspec.ValidationError):
        said = f"{name} needs a date or an instant with an offset."
        problem = {"pointer": f"?{name}", "detail": said, "code": "invalid"}
        raise Refused(400, "invalid-request", said, errors=[problem]) from None
