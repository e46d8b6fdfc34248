"""What is known of an advisor's calendars."""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from booking.calendars.tokens import GrantInput
from booking.values import Email, Instant
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import TenantSettings

Role = Literal["busy", "target", "ignore"]
AccountState = Literal["active", "degraded", "auth-failed", "missing", "leaving"]
"""*leaving* is disconnected, and only there until our entries have been removed from it."""

SILENT: Final[frozenset[AccountState]] = frozenset({"auth-failed", "leaving"})
"""States in which nothing is asked of a server of our own accord."""

Kind = Literal["caldav", "feed", "own"]
"""*caldav* is a server; *feed* an address of an .ics file, which can only be read; *own* a calendar
that we keep for an advisor who has none."""

AvailabilityState = Literal["none", "kept", "unreadable", "off"]
"""Of the hours that somebody published: there are *none*; bookings *kept* within them; some are
*unreadable*, so that those known before hold; or the organisation has turned that *off*."""

Auth = Literal["basic", "digest", "bearer"]
"""How a server is told who we are (RFC 7617, RFC 7616, RFC 6750)."""


class LoginInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a calendar is reached.

    Attributes:
        url: Where it is; not of a calendar that we keep.
        username: Not needed for most feeds, nor with a token.
        password: Or, with *bearer*, the token.
        oauth: By what the token is renewed; then there need not be one yet.
    """

    kind: Kind = "caldav"
    url: str | None = None
    username: str | None = None
    password: str | None = None
    auth: Auth = "basic"
    oauth: GrantInput | None = None


class ConnectInput(LoginInput, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calendar account as its advisor enters it."""

    advisor: Id


class AddressesInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail addresses of an advisor's own, besides those that are known."""

    addresses: Annotated[tuple[Email, ...], Meta(max_length=20)]


class EntryInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of time that an advisor keeps free of bookings in the calendar we keep."""

    start: Instant
    end: Instant
    title: Annotated[str, Meta(max_length=200)] | None = None


class OwnEntry(Struct, frozen=True, kw_only=True):
    """Such a stretch of time as it stands; its title is for the organisation's own people."""

    id: Id
    start: datetime
    end: datetime
    title: str | None


class Found(Struct, frozen=True, kw_only=True):
    """A calendar that a log-in gives access to.

    Attributes:
        transparent: Whether its owner has said there that it keeps nobody busy.
    """

    name: str
    url: str
    writable: bool
    timezone: str | None
    transparent: bool = False


class Trial(Struct, frozen=True, kw_only=True):
    """How trying a log-in went; nothing was stored.

    Attributes:
        ok: Whether it can be connected.
        problem: One word for what is wrong, or is to be known.
        advice: The same in a sentence that says what to do, in every language.
    """

    ok: bool
    problem: str | None
    advice: dict[Language, str] | None
    calendars: list[Found]


class Collection(Struct, frozen=True, kw_only=True):
    """One calendar of an account.

    Attributes:
        role: *busy* keeps bookings out of its events; *target* does so too and receives our
            bookings; *ignore* is not read.
        timezone: IANA zone for its all-day and floating events; None means the advisor's.
        transparent: Whether its owner had said at their server that it keeps nobody busy; such a
            calendar begins as *ignore*.
        troubled: How many of its events could not be read; their times are kept closed.
    """

    id: Id
    name: str
    url: str
    role: Role
    timezone: str | None
    writable: bool
    last_ok_at: datetime | None
    problem: str | None = None
    objects: int = 0
    busy_spans: int = 0
    troubled: int = 0
    transparent: bool = False


class Account(Struct, frozen=True, kw_only=True):
    """One log-in at one calendar server.

    Attributes:
        url: Where it is; of a feed, whose address is a secret, no more than the server.
        addresses: The advisor's own that were added here, by which their answers are known.
        server_addresses: Those that the server knows of.
        availability: Whether the advisor says there when they can be booked, and that is *kept*.
    """

    id: Id
    advisor_id: Id
    kind: Kind = "caldav"
    auth: Auth = "basic"
    url: str
    username: str
    state: AccountState
    problem: str | None
    collections: list[Collection]
    addresses: tuple[str, ...] = ()
    server_addresses: tuple[str, ...] = ()
    availability: AvailabilityState = "none"


class Troubled(Struct, frozen=True, kw_only=True):
    """An entry of which not everything could be understood; what it says is not kept.

    Attributes:
        problem: As of an ``Expansion``.
        start: When it next closes time; None where that is in the past, or nothing was made out.
    """

    collection_id: Id
    problem: str
    start: datetime | None
    end: datetime | None


# --- as they are stored --------------------------------------------------------------------------


class StoredAccount(Struct, frozen=True, kw_only=True):
    """An account with what is sealed of it; *failures* counts failed attempts in a row.

    Attributes:
        address: Of a feed, sealed: who knows it can read the calendar.
        described_at: When the server was last asked about the person.
        addresses: The person's own, as an organisation added them.
        server_addresses: The same, as the server told them.
        availability: When they said there that they can be booked, cut down to its times.
        availability_state: What has become of that, and of the same in their calendars.
        token_expires_at: Until when the token is said to be good.
    """

    id: Id
    tenant_id: Id
    advisor_id: Id
    kind: Kind
    auth: Auth
    url: str
    address: bytes | None
    username: str
    password: bytes
    state: AccountState
    problem: str | None
    failures: int
    described_at: datetime | None = None
    addresses: tuple[str, ...] = ()
    server_addresses: tuple[str, ...] = ()
    availability: bytes | None = None
    availability_state: AvailabilityState = "none"
    token_expires_at: datetime | None = None

    def known_as(self, *more: str) -> frozenset[str]:
        """Return by which addresses the person's own answers are known, in lower case."""
        known = (*more, self.username, *self.addresses, *self.server_addresses)
        return frozenset(each.lower() for each in known if each)


class StoredCollection(Struct, frozen=True, kw_only=True):
    """A calendar with what is needed to go on reading it.

    Attributes:
        unread: Whether there are entries in it that we wrote and have not read there since.
    """

    id: Id
    account_id: Id
    url: str
    name: str
    role: Role
    timezone: str | None
    writable: bool
    sync_token: str | None
    problem: str | None
    doubted_since: datetime | None
    listed_at: datetime | None
    last_ok_at: datetime | None
    revision: int
    ctag: str | None = None
    read_under: str | None = None
    transparent: bool = False
    news_at: datetime | None = None
    unread: bool = False


class Subject(Struct, frozen=True, kw_only=True):
    """An account that is to be read, and what decides on the meaning of what is in it.

    *at_stake* tells whether there is a meeting, or a conflict, for which it matters.
    """

    account: StoredAccount
    collections: list[StoredCollection]
    email: str
    timezone: str
    settings: TenantSettings
    at_stake: bool


class StoredObject(Struct, frozen=True, kw_only=True):
    """One file of a calendar as we know it."""

    id: Id
    collection_id: Id
    href: str
    etag: str
    sha256: str
    uid: str | None
    booking_id: Id | None
    raw: bytes | None
    expanded_until: datetime | None
    missing_since: datetime | None = None
    availability: bytes | None = None


Change = Literal["moved", "resized", "deleted", "odd"]


class Link(Struct, frozen=True, kw_only=True):
    """Where a booking stands in the calendar of somebody who attends it.

    Attributes:
        sequence: The booking's when the entry was written; below nought while it is to be written
            whatever stands there, or nothing.
        change: What the advisor did to it that has not been decided on yet.
        asked: Whether the advisor has been asked about it.
        failures: Failed attempts in a row to bring it in line.
    """

    booking_id: Id
    advisor_id: Id
    collection_id: Id
    href: str
    uid: str
    etag: str | None
    base_ics: bytes | None
    state: Literal["pending", "written", "removed"]
    sequence: int
    change: Change | None
    changed_at: datetime | None
    moved_start: datetime | None
    moved_end: datetime | None
    asked: bool
    failures: int
