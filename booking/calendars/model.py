"""What is known of an advisor's calendars."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from kernel.ids import Id

Role = Literal["busy", "target", "ignore"]
AccountState = Literal["active", "degraded", "auth-failed", "missing"]


class ConnectInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calendar account as its advisor enters it."""

    advisor: Id
    url: str
    username: str
    password: str


class Collection(Struct, frozen=True, kw_only=True):
    """One calendar of an account.

    Attributes:
        role: *busy* keeps bookings out of its events; *target* does so too and receives our
            bookings; *ignore* is not read.
        timezone: IANA zone for its all-day and floating events; None means the advisor's.
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


class Account(Struct, frozen=True, kw_only=True):
    """One log-in at one calendar server."""

    id: Id
    advisor_id: Id
    url: str
    username: str
    state: AccountState
    problem: str | None
    collections: list[Collection]


# --- as they are stored --------------------------------------------------------------------------


class StoredAccount(Struct, frozen=True, kw_only=True):
    """An account with its sealed password; *failures* counts failed attempts in a row."""

    id: Id
    advisor_id: Id
    url: str
    username: str
    password: bytes
    state: AccountState
    problem: str | None
    failures: int


class StoredCollection(Struct, frozen=True, kw_only=True):
    """A calendar with what is needed to go on reading it."""

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
