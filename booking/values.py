"""The small values that the booking room's words are made of, and what each refuses."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from kernel.errors import FieldError, Invalid
from kernel.zones import is_zone

Texts: TypeAlias = dict[str, str]
"""Language -> text."""

# In Python a dollar also stands before a line break that ends the text, in JSON Schema it does not.
_END: Final = r"$(?!\n)"

Slug: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9](-?[a-z0-9])*" + _END, max_length=64)]
Line: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+" + _END)
]
"""Text on one line: names go into the headers of letters."""
Email: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+" + _END, max_length=254)]
Timezone: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Spoken: TypeAlias = Annotated[
    str,
    Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*" + _END, max_length=35, description="BCP 47"),
]
"""A language that people speak in a meeting; letters are written in fewer."""
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
Clock: TypeAlias = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]" + _END)]
EndClock: TypeAlias = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)" + _END)]
Minutes: TypeAlias = Annotated[int, Meta(ge=0, le=1440)]
SomeMinutes: TypeAlias = Annotated[int, Meta(ge=1, le=1440)]

Channel = Literal["video", "phone", "branch"]
State = Literal["requested", "confirmed", "cancelled", "attended", "no-show"]
Actor = Literal["customer", "advisor", "calendar", "operator", "system"]
"""Who did something; *calendar* is an advisor in their own calendar, *system* is nobody."""
Grid = Literal["hours", "clock", "tight"]
Period = Literal["day", "week", "month", "ahead"]
Waiver = Literal["notice", "window", "limits"]
"""What staff may set aside when they book on somebody's behalf; never that time is taken."""
AbsenceReason = Literal["leave", "training", "travel", "other"]
"""Why somebody is away; an illness is nobody's business, so it is *other*."""
Reason = Literal[
    "off-grid",
    "past",
    "notice",
    "outside-window",
    "outside-hours",
    "holiday",
    "absent",
    "branch-closed",
    "not-offered",
    "busy",
    "booked",
    "limit",
    "no-room",
    "not-authorised",
    "unsuitable",
]
"""Why nobody can meet at a start; ``booking.explaining`` has them in words."""
HelpKind = Literal["advisor", "channel", "duration", "location", "language", "later"]

_YEARS: Final = range(1970, 2201)


def require_zone(name: str, pointer: str = "/timezone") -> None:
    """Refuse a zone that the time zone database does not have.

    Raises:
        Invalid: There is no such IANA zone.
    """
    if not is_zone(name):
        raise refused(
            pointer,
            "There is no such time zone; use an IANA name such as Europe/Amsterdam.",
            "zone-unknown",
        )


def in_utc(instant: datetime, pointer: str) -> datetime:
    """Return *instant* in UTC; *pointer* says where it stood in the request.

    Raises:
        Invalid: It has no offset, so nobody knows when it is, or it lies absurdly far away.
    """
    if instant.tzinfo is None:
        raise refused(
            pointer,
            "An instant needs its offset, such as 2026-12-01T09:00:00+01:00.",
            "offset-missing",
        )
    if instant.year not in _YEARS:
        raise refused(pointer, "An instant must lie between the years 1970 and 2200.")
    return instant.astimezone(UTC)


def is_line(text: str) -> bool:
    """Tell whether a text can stand on one line and is not blank."""
    return text.strip() != "" and text.isprintable()


def refused(pointer: str, sentence: str, code: str = "invalid") -> Invalid:
    """Return the error that says what is wrong at *pointer*."""
    return Invalid(sentence, errors=(FieldError(pointer=pointer, detail=sentence, code=code),))
