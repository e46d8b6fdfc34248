"""The tables of the booking room."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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
from booking.hours import Holidays, OpenHours, Override, WeeklyRange
from booking.model import Alternative, Booking, Colleague, HoldInput, Repeat
from booking.organisation import (
    Authorisation,
    Limit,
    MeetingTypeInput,
    ProductInput,
    ResourceInput,
    Travel,
)
from booking.values import Channel
from kernel.database import (
    AnyIdType,
    IdType,
    JsonOf,
    TenantColumns,
    UtcDateTime,
    on_create,
    tenant_table,
)

_NOTHING: Final = text("'[]'")


class _Setups(TenantColumns):
    version: Named[str] = Column(IdType("stp"))


setups = tenant_table("setups", _Setups)
"""Changes with everything below that is set up, in the same transaction, so that what was read of
it can be kept for as long as the version is the same."""


class _Locations(TenantColumns):
    id: Named[str] = Column(IdType("loc"), primary_key=True)
    slug: Named[str] = Column(String)
    name: Named[str] = Column(String)
    address: Named[str] = Column(String)
    timezone: Named[str] = Column(String)
    hours: Named[OpenHours | None] = Column(JsonOf(OpenHours))
    holidays: Named[Holidays | None] = Column(JsonOf(Holidays))
    created_at: Named[datetime] = Column(UtcDateTime)


locations = tenant_table("locations", _Locations, UniqueConstraint("tenant_id", "slug"))


class _Advisors(TenantColumns):
    id: Named[str] = Column(IdType("adv"), primary_key=True)
    name: Named[str] = Column(String)
    email: Named[str] = Column(String)
    timezone: Named[str] = Column(String)
    languages: Named[list[str]] = Column(JsonOf(list[str]))
    locations: Named[list[str]] = Column(JsonOf(list[str]))
    skills: Named[list[str]] = Column(JsonOf(list[str]), server_default=_NOTHING)
    authorisations: Named[list[Authorisation]] = Column(
        JsonOf(list[Authorisation]), server_default=_NOTHING
    )
    limits: Named[list[Limit]] = Column(JsonOf(list[Limit]), server_default=_NOTHING)
    travels: Named[list[Travel]] = Column(JsonOf(list[Travel]), server_default=_NOTHING)
    since: Named[date | None] = Column(Date)
    until: Named[date | None] = Column(Date)
    created_at: Named[datetime] = Column(UtcDateTime)


advisors = tenant_table(
    "advisors",
    _Advisors,
    UniqueConstraint("tenant_id", "email"),
)


class _Schedules(TenantColumns):
    id: Named[str] = Column(IdType("sch"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"))
    name: Named[str] = Column(String, server_default="regular")
    timezone: Named[str] = Column(String)
    weekly: Named[list[WeeklyRange]] = Column(JsonOf(list[WeeklyRange]))
    overrides: Named[list[Override]] = Column(JsonOf(list[Override]))
    channels: Named[list[Channel]] = Column(JsonOf(list[Channel]), server_default=_NOTHING)
    locations: Named[list[str]] = Column(JsonOf(list[str]), server_default=_NOTHING)
    valid_from: Named[date | None] = Column(Date)
    valid_until: Named[date | None] = Column(Date)
    holidays: Named[Holidays | None] = Column(JsonOf(Holidays))
    updated_at: Named[datetime] = Column(UtcDateTime)


schedules = tenant_table(
    "schedules",
    _Schedules,
    UniqueConstraint("tenant_id", "advisor_id", "name"),
    ForeignKeyConstraint(["tenant_id", "advisor_id"], ["advisors.tenant_id", "advisors.id"]),
)


class _Absences(TenantColumns):
    id: Named[str] = Column(IdType("abs"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"))
    first_day: Named[date] = Column(Date)
    last_day: Named[date] = Column(Date)
    reason: Named[str] = Column(String)
    stand_in: Named[str | None] = Column(IdType("adv"))


absences = tenant_table(
    "absences",
    _Absences,
    ForeignKeyConstraint(["tenant_id", "advisor_id"], ["advisors.tenant_id", "advisors.id"]),
    Index("ix_absences_advisor", "tenant_id", "advisor_id", "last_day"),
)


class _Resources(TenantColumns):
    id: Named[str] = Column(IdType("res"), primary_key=True)
    slug: Named[str] = Column(String)
    definition: Named[ResourceInput] = Column(JsonOf(ResourceInput))


resources = tenant_table("resources", _Resources, UniqueConstraint("tenant_id", "slug"))


class _Products(TenantColumns):
    id: Named[str] = Column(IdType("prd"), primary_key=True)
    slug: Named[str] = Column(String)
    definition: Named[ProductInput] = Column(JsonOf(ProductInput))


products = tenant_table("products", _Products, UniqueConstraint("tenant_id", "slug"))


class _MeetingTypes(TenantColumns):
    id: Named[str] = Column(IdType("mty"), primary_key=True)
    slug: Named[str] = Column(String)
    definition: Named[MeetingTypeInput] = Column(JsonOf(MeetingTypeInput))
    updated_at: Named[datetime] = Column(UtcDateTime)


meeting_types = tenant_table("meeting_types", _MeetingTypes, UniqueConstraint("tenant_id", "slug"))


class _Exclusions(TenantColumns):
    advisor_id: Named[str] = Column(IdType("adv"), primary_key=True)
    customer_id: Named[str] = Column(IdType("cus"), primary_key=True)
    created_at: Named[datetime] = Column(UtcDateTime)


exclusions = tenant_table(
    "exclusions",
    _Exclusions,
    ForeignKeyConstraint(["tenant_id", "advisor_id"], ["advisors.tenant_id", "advisors.id"]),
    Index("ix_exclusions_customer", "tenant_id", "customer_id"),
)
"""Who must never advise whom. Why is not on file, and no answer tells that there is such a rule."""


class _Series(TenantColumns):
    id: Named[str] = Column(IdType("ser"), primary_key=True)
    repeat: Named[Repeat] = Column(JsonOf(Repeat))
    created_at: Named[datetime] = Column(UtcDateTime)


series = tenant_table("series", _Series)


class _Sessions(TenantColumns):
    id: Named[str] = Column(IdType("ses"), primary_key=True)
    meeting_type_id: Named[str] = Column(IdType("mty"))
    channel: Named[str] = Column(String)
    location_id: Named[str | None] = Column(IdType("loc"))
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    seats: Named[int] = Column(Integer)
    advisor_id: Named[str] = Column(IdType("adv"))
    colleagues: Named[list[Colleague]] = Column(JsonOf(list[Colleague]))
    resources: Named[list[str]] = Column(JsonOf(list[str]))
    assignment: Named[list[Decision]] = Column(JsonOf(list[Decision]))
    created_at: Named[datetime] = Column(UtcDateTime)


sessions = tenant_table(
    "sessions",
    _Sessions,
    ForeignKeyConstraint(
        ["tenant_id", "meeting_type_id"], ["meeting_types.tenant_id", "meeting_types.id"]
    ),
    CheckConstraint("seats > 0", name="has_seats"),
    Index("ix_sessions_start", "tenant_id", "meeting_type_id", "starts_at"),
)
"""A meeting that several customers share; it has the claims, they have seats in it."""


class _Seats(TenantColumns):
    session_id: Named[str] = Column(IdType("ses"), primary_key=True)
    number: Named[int] = Column(Integer, primary_key=True)
    booking_id: Named[str | None] = Column(IdType("bkg"))
    hold_id: Named[str | None] = Column(IdType("hld"))
    expires_at: Named[datetime | None] = Column(UtcDateTime)


seats = tenant_table(
    "seats",
    _Seats,
    ForeignKeyConstraint(
        ["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"], ondelete="CASCADE"
    ),
    CheckConstraint("number >= 0", name="numbered"),
    CheckConstraint("(booking_id IS NULL) <> (hold_id IS NULL)", name="one_holder"),
    CheckConstraint("(hold_id IS NULL) = (expires_at IS NULL)", name="holds_expire"),
    Index("ix_seats_of_booking", "tenant_id", "booking_id"),
    Index("ix_seats_of_hold", "tenant_id", "hold_id"),
)
"""A seat has a number below the session's, so no two bookings sit on one."""


class _Bookings(TenantColumns):
    id: Named[str] = Column(IdType("bkg"), primary_key=True)
    meeting_type_id: Named[str] = Column(IdType("mty"))
    advisor_id: Named[str] = Column(IdType("adv"))
    colleagues: Named[list[Colleague]] = Column(JsonOf(list[Colleague]), server_default=_NOTHING)
    resources: Named[list[str]] = Column(JsonOf(list[str]), server_default=_NOTHING)
    location_id: Named[str | None] = Column(IdType("loc"))
    customer_id: Named[str] = Column(IdType("cus"))
    participants: Named[list[str]] = Column(JsonOf(list[str]))
    session_id: Named[str | None] = Column(IdType("ses"))
    series_id: Named[str | None] = Column(IdType("ser"))
    channel: Named[str] = Column(String)
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    local_start: Named[str] = Column(String)
    timezone: Named[str] = Column(String)
    tzdata: Named[str] = Column(String)
    language: Named[str] = Column(String)
    state: Named[str] = Column(String)
    work: Named[int] = Column(Integer, server_default="0")
    load: Named[int] = Column(Integer, server_default="1")
    sequence: Named[int] = Column(Integer)
    generation: Named[int] = Column(Integer)
    revision: Named[int] = Column(Integer, server_default="0")
    uid: Named[str] = Column(String)
    created_at: Named[datetime] = Column(UtcDateTime)
    booked_by: Named[str] = Column(String, server_default="customer")
    cancelled_by: Named[str | None] = Column(String)
    reason: Named[str | None] = Column(String)
    assignment: Named[list[Decision]] = Column(JsonOf(list[Decision]))


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
    Index("ix_bookings_of_series", "tenant_id", "series_id"),
    Index("ix_bookings_start", "tenant_id", "starts_at"),
)


class _BookingSteps(TenantColumns):
    booking_id: Named[str] = Column(IdType("bkg"), primary_key=True)
    revision: Named[int] = Column(Integer, primary_key=True)
    at: Named[datetime] = Column(UtcDateTime)
    by: Named[str] = Column(String)
    action: Named[str] = Column(String)
    booking: Named[Booking] = Column(JsonOf(Booking))


booking_steps = tenant_table("booking_steps", _BookingSteps)
"""What a booking was after every step of its life, so that it can be seen as it stood."""


class _Participations(TenantColumns):
    booking_id: Named[str] = Column(IdType("bkg"), primary_key=True)
    customer_id: Named[str] = Column(IdType("cus"), primary_key=True)
    answer: Named[str | None] = Column(String)
    # Which invitation it is about: the booking's own number then, and its SEQUENCE.
    generation: Named[int] = Column(Integer)
    sequence: Named[int] = Column(Integer)
    answered_at: Named[datetime] = Column(UtcDateTime)
    received_at: Named[datetime] = Column(UtcDateTime)
    proposed_start: Named[datetime | None] = Column(UtcDateTime)
    proposed_end: Named[datetime | None] = Column(UtcDateTime)
    # How many answers this customer has given to invitations of this generation.
    answers: Named[int] = Column(Integer)


participations = tenant_table("participations", _Participations)
"""What each customer last answered to the invitation; a row only for those who did."""


class _Conflicts(TenantColumns):
    id: Named[str] = Column(IdType("cnf"), primary_key=True)
    booking_id: Named[str] = Column(IdType("bkg"))
    advisor_id: Named[str] = Column(IdType("adv"))
    state: Named[str] = Column(String)
    seen_at: Named[datetime] = Column(UtcDateTime)
    offered_at: Named[datetime | None] = Column(UtcDateTime)
    resolved_at: Named[datetime | None] = Column(UtcDateTime)
    resolution: Named[str | None] = Column(String)
    alternatives: Named[list[Alternative]] = Column(JsonOf(list[Alternative]))


conflicts = tenant_table(
    "conflicts",
    _Conflicts,
    Index(
        "uq_conflicts_open",
        "tenant_id",
        "booking_id",
        "advisor_id",
        unique=True,
        postgresql_where=text("state <> 'resolved'"),
        sqlite_where=text("state <> 'resolved'"),
    ),
)
"""Bookings whose time was taken in the calendar of somebody who is to be there."""


class _Holds(TenantColumns):
    id: Named[str] = Column(IdType("hld"), primary_key=True)
    meeting_type_id: Named[str] = Column(IdType("mty"))
    wish: Named[HoldInput] = Column(JsonOf(HoldInput))
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    session_id: Named[str | None] = Column(IdType("ses"))
    resources: Named[list[str]] = Column(JsonOf(list[str]))
    created_at: Named[datetime] = Column(UtcDateTime)
    expires_at: Named[datetime] = Column(UtcDateTime)
    assignment: Named[list[Decision]] = Column(JsonOf(list[Decision]))


holds = tenant_table("holds", _Holds, Index("ix_holds_expiry", "tenant_id", "expires_at"))
"""What was promised while a form is filled in; the time itself is kept by a claim."""


class _Claims(TenantColumns):
    id: Named[str] = Column(IdType("clm"), primary_key=True)
    resource_id: Named[UUID] = Column(AnyIdType)
    booking_id: Named[str | None] = Column(IdType("bkg"))
    hold_id: Named[str | None] = Column(IdType("hld"))
    session_id: Named[str | None] = Column(IdType("ses"))
    meeting_type_id: Named[str | None] = Column(IdType("mty"))
    starts_at: Named[datetime] = Column(UtcDateTime)
    ends_at: Named[datetime] = Column(UtcDateTime)
    begins_at: Named[datetime | None] = Column(UtcDateTime)
    work: Named[int] = Column(Integer, server_default="0")
    load: Named[int] = Column(Integer, server_default="1")
    live: Named[bool] = Column(Boolean)
    expires_at: Named[datetime | None] = Column(UtcDateTime)


NO_OVERLAP = "ex_claims_no_overlap"
"""The constraint that forbids double booking, by its name on PostgreSQL."""

claims = tenant_table(
    "claims",
    _Claims,
    CheckConstraint("starts_at < ends_at", name="not_empty"),
    CheckConstraint(
        "CASE WHEN booking_id IS NULL THEN 0 ELSE 1 END"
        " + CASE WHEN hold_id IS NULL THEN 0 ELSE 1 END"
        " + CASE WHEN session_id IS NULL THEN 0 ELSE 1 END = 1",
        name="one_holder",
    ),
    CheckConstraint("hold_id IS NULL OR expires_at IS NOT NULL", name="holds_expire"),
    CheckConstraint("booking_id IS NULL OR expires_at IS NULL", name="bookings_stay"),
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
    Index("ix_claims_of_session", "tenant_id", "session_id"),
    Index(
        "ix_claims_expiry",
        "tenant_id",
        "expires_at",
        postgresql_where=text("expires_at IS NOT NULL"),
        sqlite_where=text("expires_at IS NOT NULL"),
    ),
)
"""The time that a booking, a hold or a session takes of a resource, buffers included.

A resource is an advisor, a room, or whatever else can be in one place at a time. A session's claim
expires while nobody but holds has a seat.

No two live claims of one resource overlap. The database sees to that, not the code: a claim that
would overlap is not inserted. *begins_at* is when the meeting itself begins; *work* (minutes) and
*load* are what it counts for in limits and in sharing out. Writers use ``claim_store.claim`` only,
since a plain insert could wait for another one that waits for it.
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
