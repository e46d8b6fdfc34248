"""What we ask of a calendar server, whatever it speaks.

A *collection* is one calendar, known by its URL. An *object* is one file in it, known by its
*href*: the path on that server, without percent-encoding. Its *etag* changes when its bytes do; a
server may lie about that, so bytes are compared as well. A *token* stands for the state of a whole
collection; given back, it yields what changed since.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct


class CalendarProblem(Exception):
    """Something between us and the calendar did not go well."""


class Unreachable(CalendarProblem):
    """No answer, or none in time; trying again may help, not before *wait* has passed."""

    def __init__(self, reason: str, wait: timedelta = timedelta()) -> None:
        super().__init__(reason)
        self.wait = wait


class Resting(Unreachable):
    """It was not called at all: it is left alone for now, or others are waiting for it."""


class Refused(CalendarProblem):
    """The server does not accept these credentials."""


class Revoked(Refused):
    """What we were granted to log in by has ended; asking again is of no use."""


class Forbidden(CalendarProblem):
    """The server knows us and does not allow this."""


class Garbled(CalendarProblem):
    """Something answered, but not as a calendar server would."""


class NotAFeed(Garbled):
    """Something answered, but not with a whole iCalendar file."""


class TooLarge(Garbled):
    """There is more of it than we are willing to read."""


class Missing(CalendarProblem):
    """There is nothing at this address."""


class TokenInvalid(CalendarProblem):
    """The server no longer knows this token; everything must be listed anew."""


class ChangedMeanwhile(CalendarProblem):
    """What we wanted to write over is not what we last saw there."""


class RemoteCollection(Struct, frozen=True, kw_only=True):
    """A calendar for events that the server offers.

    Attributes:
        transparent: Whether its owner has said that it keeps nobody busy (RFC 6638, 9.1).
    """

    url: str
    name: str
    timezone: str | None
    writable: bool
    transparent: bool = False


class About(Struct, frozen=True, kw_only=True):
    """What a server says of the person behind a log-in.

    Attributes:
        addresses: Their e-mail addresses, in lower case (RFC 6638, 2.4.1).
        availability: When they say they can be booked, as iCalendar (RFC 7953, 7.2.4); empty where
            they do not say, and None where that could not be learned.
    """

    addresses: tuple[str, ...] = ()
    availability: bytes | None = b""


class RemoteObject(Struct, frozen=True, kw_only=True):
    """One file of a calendar."""

    href: str
    etag: str
    body: bytes


class CollectionState(Struct, frozen=True, kw_only=True):
    """What stands for a collection's present state, as far as its server knows such things.

    Attributes:
        sync_token: What `changes` takes; None where the server does not tell changes. Two that
            are equal prove nothing: some servers count in seconds.
        ctag: Differs when anything in the collection does; None where there is none to rely on.
    """

    sync_token: str | None
    ctag: str | None


class Changes(Struct, frozen=True, kw_only=True):
    """What changed in a collection: etags by href, hrefs that are gone, and the next token."""

    changed: dict[str, str]
    gone: list[str]
    token: str


def href_of(url: str) -> str:
    """Return the href of what stands at a URL."""
    return unquote(urlsplit(url).path)


class CalendarServer(Protocol):
    """One log-in at one server. Every call may raise any CalendarProblem."""

    async def discover(self) -> list[RemoteCollection]:
        """Return the calendars of this log-in; the one its address points at comes first."""
        ...

    async def about(self) -> About:
        """Return what the server says of the person; nothing, where it knows no such things."""
        ...

    async def state(self, collection: str) -> CollectionState:
        """Return what stands for the collection's present state."""
        ...

    async def changes(self, collection: str, token: str) -> Changes:
        """Return what changed since *token*.

        Raises:
            TokenInvalid: List the whole collection instead.
        """
        ...

    async def listing(self, collection: str) -> dict[str, str]:
        """Return the etag of every object, by href; an empty one where it would prove nothing."""
        ...

    async def fetch(self, collection: str, hrefs: Sequence[str]) -> list[RemoteObject]:
        """Return these objects; those that are gone are left out."""
        ...

    async def get(self, collection: str, href: str) -> RemoteObject | None:
        """Return one object, or None when it is gone."""
        ...

    async def put(self, collection: str, href: str, body: bytes, *, etag: str | None) -> None:
        """Write over the object with that *etag*; with None create it, and write over nothing.

        Raises:
            ChangedMeanwhile: Another object stands there.
        """
        ...

    async def delete(self, collection: str, href: str, *, etag: str) -> None:
        """Remove the object with that *etag*; it is no error when there is none.

        Raises:
            ChangedMeanwhile: Another object stands there.
        """
        ...
