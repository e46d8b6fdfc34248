"""The tables of the booking room."""

from datetime import datetime

from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Named,
    String,
    UniqueConstraint,
    column,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from booking.assignment import Decision
from booking.model import Channel, Override, Texts, WeeklyRange
from kernel.database import (
    IdType,
    JsonOf,
    TenantColumns,
    UtcDateTime,
    on_create,
    tenant_table,
)


class _Locations(TenantColumns):
    id: Named[str] = Column(IdType("loc"), primary_key=True)
    slug: Named[str] = Column(String)
    name: Named[str] = Column(String)
    address: Named[str] = Column(String)
    timezone: Named[str] = Column(String)
    created_at: Named[datetime] = Column(UtcDateTime)


locations = tenant_table("locations", _Locations, UniqueConstraint("tenant_id", "slug"))


class _Advisors(TenantColumns):
    id: Named[str] = Column(IdType("adv"), primary_key=True)
    name: Named[str] = Column(String)
    email: Named[str] = Column(String)
    timezone: Named[str] = Column(String)
    languages: Named[list[str]] = Column(JsonOf(list[str]))
    locations: Named[list[str]] = Column(JsonOf(list[str]))
    created_at: Named[datetime] = Column(UtcDateTime)


advisors = tenant_table(
    "advisors",
    _Advisors,
    UniqueConstraint("tenant_id", "email"),
)


class _Schedules(TenantColumns):
    id: Named[str] = Column(IdType("sch"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"))
    timezone: Named[str] = Column(String)
    weekly: Named[list[WeeklyRange]] = Column(JsonOf(list[WeeklyRange]))
    overrides: Named[list[Override]] = Column(JsonOf(list[Override]))
    updated_at: Named[datetime] = Column(UtcDateTime)


schedules = tenant_table(
    "schedules",
    _Schedules,
    UniqueConstraint("tenant_id", "advisor_id"),
    ForeignKeyConstraint(["tenant_id", "advisor_id"], ["advisors.tenant_id", "advisors.id"]),
)


class _MeetingTypes(TenantColumns):
    id: Named[str] = Column(IdType("mty"), primary_key=True)
    slug: Named[str] = Column(String)
    name: Named[Texts] = Column(JsonOf(Texts))
    description: Named[Texts] = Column(JsonOf(Texts))
    duration: Named[int] = Column(Integer)
    channels: Named[list[Channel]] = Column(JsonOf(list[Channel]))
    step: Named[int] = Column(Integer)
    buffer_before: Named[int] = Column(Integer)
    buffer_after: Named[int] = Column(Integer)
    notice: Named[int] = Column(Integer)
    window_days: Named[int] = Column(Integer)
    advisors: Named[list[str]] = Column(JsonOf(list[str]))
    locations: Named[list[str]] = Column(JsonOf(list[str]))
    form: Named[str | None] = Column(String)
    updated_at: Named[datetime] = Column(UtcDateTime)


meeting_types = tenant_table("meeting_types", _MeetingTypes, UniqueConstraint("tenant_id", "slug"))


class _Bookings(TenantColumns):
    id: Named[str] = Column(IdType("bkg"), primary_key=True)
    meeting_type_id: Named[str] = Column(IdType("mty"))
    advisor_id: Named[str] = Column(IdType("adv"))
    location_id: Named[str | None] = Column(IdType("loc"))
    customer_id: Named[str] = Column(IdType("cus"))
    participants: Named[list[str]] = Column(JsonOf(list[str]))
    channel: Named[str] = Column(String)
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    local_start: Named[str] = Column(String)
    timezone: Named[str] = Column(String)
    tzdata: Named[str] = Column(String)
    language: Named[str] = Column(String)
    state: Named[str] = Column(String)
    sequence: Named[int] = Column(Integer)
    generation: Named[int] = Column(Integer)
    uid: Named[str] = Column(String)
    created_at: Named[datetime] = Column(UtcDateTime)
    cancelled_by: Named[str | None] = Column(String)
    reason: Named[str | None] = Column(String)
    assignment: Named[Decision] = Column(JsonOf(Decision))


bookings = tenant_table(
    "bookings",
    _Bookings,
    ForeignKeyConstraint(
        ["tenant_id", "meeting_type_id"], ["meeting_types.tenant_id", "meeting_types.id"]
    ),
    ForeignKeyConstraint(["tenant_id", "advisor_id"], ["advisors.tenant_id", "advisors.id"]),
    ForeignKeyConstraint(["tenant_id", "location_id"], ["locations.tenant_id", "locations.id"]),
    Index("ix_bookings_of_advisor", "tenant_id", "advisor_id", "starts_at"),
    Index("ix_bookings_of_customer", "tenant_id", "customer_id"),
    Index("ix_bookings_start", "tenant_id", "starts_at"),
)


class _Holds(TenantColumns):
    id: Named[str] = Column(IdType("hld"), primary_key=True)
    meeting_type_id: Named[str] = Column(IdType("mty"))
    advisor_id: Named[str] = Column(IdType("adv"))
    channel: Named[str] = Column(String)
    location: Named[str | None] = Column(String)
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    created_at: Named[datetime] = Column(UtcDateTime)
    expires_at: Named[datetime] = Column(UtcDateTime)
    assignment: Named[Decision] = Column(JsonOf(Decision))


holds = tenant_table("holds", _Holds, Index("ix_holds_expiry", "tenant_id", "expires_at"))
"""What was promised while a form is filled in; the time itself is kept by a claim."""


class _Claims(TenantColumns):
    id: Named[str] = Column(IdType("clm"), primary_key=True)
    resource_id: Named[str] = Column(IdType("adv"))
    booking_id: Named[str | None] = Column(IdType("bkg"))
    hold_id: Named[str | None] = Column(IdType("hld"))
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    live: Named[bool] = Column(Boolean)
    expires_at: Named[datetime | None] = Column(UtcDateTime)


NO_OVERLAP = "ex_claims_no_overlap"
"""The constraint that forbids double booking, by its name on PostgreSQL."""

claims = tenant_table(
    "claims",
    _Claims,
    CheckConstraint("starts_at < ends_at", name="not_empty"),
    CheckConstraint("(booking_id IS NULL) <> (hold_id IS NULL)", name="one_holder"),
    CheckConstraint("(hold_id IS NULL) = (expires_at IS NULL)", name="holds_expire"),
    ExcludeConstraint(
        (column("resource_id"), "="),
        (func.tstzrange(column("starts_at"), column("ends_at"), text("'[)'")), "&&"),
        name=NO_OVERLAP,
        using="gist",
        where=text("live"),
    ).ddl_if(dialect="postgresql"),
    Index("ix_claims_of_resource", "tenant_id", "resource_id", "ends_at"),
    Index("ix_claims_of_booking", "tenant_id", "booking_id"),
    Index("ix_claims_of_hold", "tenant_id", "hold_id"),
    Index(
        "ix_claims_expiry",
        "tenant_id",
        "expires_at",
        postgresql_where=text("expires_at IS NOT NULL"),
        sqlite_where=text("expires_at IS NOT NULL"),
    ),
)
"""The time that a booking or hold takes of a resource, buffers included.

No two live claims of one resource overlap. The database sees to that, not the code: a claim that
would overlap is not inserted. Writers use ``store.claim`` only, since a plain insert could wait
for another one that waits for it.
"""

event.listen(
    claims,
    "before_create",
    DDL("CREATE EXTENSION IF NOT EXISTS btree_gist").execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]  # as shipped
)

_OVERLAPS = """
    NEW.live AND EXISTS (
        SELECT 1 FROM claims AS other
        WHERE other.tenant_id = NEW.tenant_id AND other.resource_id = NEW.resource_id
        AND other.live AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
        AND other.id <> NEW.id
    )
"""

on_create(
    claims,
    f"CREATE TRIGGER claims_no_overlap_insert BEFORE INSERT ON claims WHEN {_OVERLAPS}"
    " BEGIN SELECT RAISE(IGNORE); END",
    dialect="sqlite",
)
on_create(
    claims,
    "CREATE TRIGGER claims_no_overlap_update"
    " BEFORE UPDATE OF resource_id, starts_at, ends_at, live ON claims"
    f" WHEN {_OVERLAPS} BEGIN SELECT RAISE(ABORT, '{NO_OVERLAP}'); END",
    dialect="sqlite",
)

# One import brings every table of the room, whoever asks for it.
import booking.calendars.tables  # noqa: E402, F401  # after the tables above, which it may name
