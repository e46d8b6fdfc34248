"""The tables of advisors' calendars.

Of other people's events only times are kept, never a title, a place or a guest. The bytes of an
event are kept for our own bookings alone, to see what the advisor did to them; and where we keep
the calendar itself, since then there is nowhere else.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Named,
    String,
    UniqueConstraint,
    false,
    text,
)

from kernel.database import IdType, JsonOf, TenantColumns, UtcDateTime, tenant_table

_NOTHING: Final = text("'[]'")


class _Accounts(TenantColumns):
    id: Named[str] = Column(IdType("acc"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"))
    kind: Named[str] = Column(String, server_default="caldav")
    auth: Named[str] = Column(String, server_default="basic")
    url: Named[str] = Column(String)
    address: Named[bytes | None] = Column(LargeBinary)
    username: Named[str] = Column(String)
    password: Named[bytes] = Column(LargeBinary)
    state: Named[str] = Column(String)
    problem: Named[str | None] = Column(String)
    failures: Named[int] = Column(Integer)
    created_at: Named[datetime] = Column(UtcDateTime)
    described_at: Named[datetime | None] = Column(UtcDateTime)
    addresses: Named[tuple[str, ...]] = Column(JsonOf(tuple[str, ...]), server_default=_NOTHING)
    server_addresses: Named[tuple[str, ...]] = Column(
        JsonOf(tuple[str, ...]), server_default=_NOTHING
    )
    availability: Named[bytes | None] = Column(LargeBinary)
    availability_state: Named[str] = Column(String, server_default="none")
    token_expires_at: Named[datetime | None] = Column(UtcDateTime)


calendar_accounts = tenant_table(
    "calendar_accounts",
    _Accounts,
    Index("ix_calendar_accounts_advisor", "tenant_id", "advisor_id"),
)
"""One log-in at one calendar server; password and address are sealed, bound to the account's id.

*addresses*, *server_addresses* and *availability* are personal data of the advisor: their own mail
addresses, to know their own answers in other people's invitations, and the hours they publish, to
keep bookings within them. The organisation's own people see them. They are asked for daily, and go
with the account.
"""


class _Grants(TenantColumns):
    account_id: Named[str] = Column(IdType("acc"), primary_key=True)
    sealed: Named[bytes] = Column(LargeBinary)
    ended_at: Named[datetime | None] = Column(UtcDateTime)
    lease: Named[str | None] = Column(String)
    leased_until: Named[datetime | None] = Column(UtcDateTime)


calendar_grants = tenant_table(
    "calendar_grants",
    _Grants,
    ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["calendar_accounts.tenant_id", "calendar_accounts.id"],
        ondelete="CASCADE",
    ),
)
"""By what an account's token is renewed (RFC 6749, section 6), sealed like its password.

*ended_at* is since when it is known to be good for nothing. Whoever renews the token holds the
*lease*, so that nobody else does at the same time.
"""


class _UnavailableSpans(TenantColumns):
    account_id: Named[str] = Column(IdType("acc"), primary_key=True)
    starts_at: Named[datetime] = Column(UtcDateTime, primary_key=True)
    ends_at: Named[datetime] = Column(UtcDateTime)
    advisor_id: Named[str] = Column(IdType("adv"))


unavailable_spans = tenant_table(
    "unavailable_spans",
    _UnavailableSpans,
    ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["calendar_accounts.tenant_id", "calendar_accounts.id"],
        ondelete="CASCADE",
    ),
    Index("ix_unavailable_spans_advisor", "tenant_id", "advisor_id", "ends_at", "starts_at"),
)
"""When an advisor has said in an account that they cannot be booked (RFC 7953); half-open.

Not among the busy spans: nothing takes place in them, so no meeting ever is in their way.
"""


class _OwnCalendars(TenantColumns):
    account_id: Named[str] = Column(IdType("acc"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"))
    counter: Named[int] = Column(Integer)
    generation: Named[int] = Column(Integer)


own_calendars = tenant_table(
    "own_calendars",
    _OwnCalendars,
    ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["calendar_accounts.tenant_id", "calendar_accounts.id"],
        ondelete="CASCADE",
    ),
    UniqueConstraint("tenant_id", "advisor_id"),
)
"""A calendar that we keep for an advisor who has none elsewhere: at most one each.

*counter* grows with every change of an object. *generation* is that of the link to its feed:
raised, it ends every link before it.
"""


class _OwnObjects(TenantColumns):
    account_id: Named[str] = Column(IdType("acc"), primary_key=True)
    href: Named[str] = Column(String, primary_key=True)
    etag: Named[str | None] = Column(String)
    body: Named[bytes | None] = Column(LargeBinary)
    changed: Named[int] = Column(Integer)


own_objects = tenant_table(
    "own_objects",
    _OwnObjects,
    ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["own_calendars.tenant_id", "own_calendars.account_id"],
        ondelete="CASCADE",
    ),
    Index("ix_own_objects_changed", "tenant_id", "account_id", "changed"),
)
"""What stands in a calendar that we keep; without a body once it is gone.

*changed* is the calendar's counter when it last did.
"""


class _Collections(TenantColumns):
    id: Named[str] = Column(IdType("col"), primary_key=True)
    account_id: Named[str] = Column(IdType("acc"))
    url: Named[str] = Column(String)
    name: Named[str] = Column(String)
    role: Named[str] = Column(String)
    timezone: Named[str | None] = Column(String)
    writable: Named[bool] = Column(Boolean)
    sync_token: Named[str | None] = Column(String)
    problem: Named[str | None] = Column(String)
    doubted_since: Named[datetime | None] = Column(UtcDateTime)
    listed_at: Named[datetime | None] = Column(UtcDateTime)
    last_ok_at: Named[datetime | None] = Column(UtcDateTime)
    revision: Named[int] = Column(Integer)
    ctag: Named[str | None] = Column(String)
    read_under: Named[str | None] = Column(String)
    transparent: Named[bool] = Column(Boolean, server_default=false())
    news_at: Named[datetime | None] = Column(UtcDateTime)


calendar_collections = tenant_table(
    "calendar_collections",
    _Collections,
    ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["calendar_accounts.tenant_id", "calendar_accounts.id"],
        ondelete="CASCADE",
    ),
    UniqueConstraint("tenant_id", "account_id", "url"),
)
"""One calendar of an account.

*doubted_since* is since when it says to have lost more than is believed; *ctag* stands for the
state of the whole on servers without sync tokens; *read_under* for what its entries were taken to
mean, which is all read again when that changes; *news_at* is when there last was something new in
it; *revision* grows with everything we learn of it or write to it, so that an older answer never
overwrites a newer one.
"""


class _Objects(TenantColumns):
    id: Named[str] = Column(IdType("cob"), primary_key=True)
    collection_id: Named[str] = Column(IdType("col"))
    href: Named[str] = Column(String)
    etag: Named[str] = Column(String)
    sha256: Named[str] = Column(String)
    uid: Named[str | None] = Column(String)
    state: Named[str] = Column(String)
    problem: Named[str | None] = Column(String)
    booking_id: Named[str | None] = Column(IdType("bkg"))
    raw: Named[bytes | None] = Column(LargeBinary)
    expanded_until: Named[datetime | None] = Column(UtcDateTime)
    missing_since: Named[datetime | None] = Column(UtcDateTime)
    availability: Named[bytes | None] = Column(LargeBinary)


calendar_objects = tenant_table(
    "calendar_objects",
    _Objects,
    ForeignKeyConstraint(
        ["tenant_id", "collection_id"],
        ["calendar_collections.tenant_id", "calendar_collections.id"],
        ondelete="CASCADE",
    ),
    UniqueConstraint("tenant_id", "collection_id", "href"),
    Index("ix_calendar_objects_uid", "tenant_id", "uid"),
    Index(
        "ix_calendar_objects_ours",
        "tenant_id",
        "collection_id",
        postgresql_where=text("booking_id IS NOT NULL"),
        sqlite_where=text("booking_id IS NOT NULL"),
    ),
)
"""One file of a calendar.

*expanded_until* is set while it may hold times after that instant; *missing_since* while its server
says that it is gone, and is not believed. *availability* is what it says of when its owner can be
booked (VAVAILABILITY), cut down to its times: those of all objects are weighed against each other.
"""


class _BusySpans(TenantColumns):
    object_id: Named[str] = Column(IdType("cob"), primary_key=True)
    starts_at: Named[datetime] = Column(UtcDateTime, primary_key=True)
    ends_at: Named[datetime] = Column(UtcDateTime, primary_key=True)
    kind: Named[str] = Column(String)
    advisor_id: Named[str] = Column(IdType("adv"))
    collection_id: Named[str] = Column(IdType("col"))


busy_spans = tenant_table(
    "busy_spans",
    _BusySpans,
    ForeignKeyConstraint(
        ["tenant_id", "object_id"],
        ["calendar_objects.tenant_id", "calendar_objects.id"],
        ondelete="CASCADE",
    ),
    Index("ix_busy_spans_advisor", "tenant_id", "advisor_id", "ends_at", "starts_at"),
)
"""When an advisor cannot be booked, by their own calendars; half-open."""


class _EventLinks(TenantColumns):
    booking_id: Named[str] = Column(IdType("bkg"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"), primary_key=True)
    collection_id: Named[str] = Column(IdType("col"))
    href: Named[str] = Column(String)
    uid: Named[str] = Column(String)
    etag: Named[str | None] = Column(String)
    base_ics: Named[bytes | None] = Column(LargeBinary)
    state: Named[str] = Column(String)
    sequence: Named[int] = Column(Integer)
    change: Named[str | None] = Column(String)
    changed_at: Named[datetime | None] = Column(UtcDateTime)
    moved_start: Named[datetime | None] = Column(UtcDateTime)
    moved_end: Named[datetime | None] = Column(UtcDateTime)
    asked: Named[bool] = Column(Boolean)
    failures: Named[int] = Column(Integer)


event_links = tenant_table(
    "event_links",
    _EventLinks,
    ForeignKeyConstraint(
        ["tenant_id", "collection_id"],
        ["calendar_collections.tenant_id", "calendar_collections.id"],
        ondelete="CASCADE",
    ),
    Index("ix_event_links_uid", "tenant_id", "uid"),
)
"""Where a booking stands in the calendar of each who attends it, and what they did to it there.

*state* is *pending* until the event has been written, then *written*, and *removed* once it is to
be there no more. *base_ics* is the event as we last wanted it: the common ancestor of a merge.
"""
