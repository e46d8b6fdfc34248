"""The statements of what must be on file before anybody can book, one a function."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.model import Advisor, Location, MeetingType, Schedule
from booking.store import dialect_of
from booking.tables import advisors, locations, meeting_types, schedules
from kernel.database import convert_row
from kernel.ids import Id

# --- places, people and their hours --------------------------------------------------------------


async def insert_location(
    db: AsyncConnection, tenant: Id, location: Location, *, now: datetime
) -> bool:
    """Put a branch on file; False if its slug is in use."""
    statement = (
        dialect_of(db)
        .insert(locations)
        .values(
            tenant_id=tenant,
            id=location.id,
            slug=location.slug,
            name=location.name,
            address=location.address,
            timezone=location.timezone,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "slug"])
        .returning(locations.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def locations_of(db: AsyncConnection, tenant: Id) -> list[Location]:
    """Return the branches of an organisation, by name."""
    rows = await db.execute(
        select(locations)
        .where(locations.c.tenant_id == tenant)
        .order_by(locations.c.name, locations.c.id)
    )
    return [convert_row(row, Location) for row in rows]


async def location_by_slug(db: AsyncConnection, tenant: Id, slug: str) -> Location | None:
    """Return the branch with this slug."""
    rows = await db.execute(
        select(locations).where(locations.c.tenant_id == tenant, locations.c.slug == slug)
    )
    row = rows.one_or_none()
    return convert_row(row, Location) if row else None


async def insert_advisor(
    db: AsyncConnection, tenant: Id, advisor: Advisor, *, now: datetime
) -> bool:
    """Put an advisor on file; False if the e-mail address is in use."""
    statement = (
        dialect_of(db)
        .insert(advisors)
        .values(
            tenant_id=tenant,
            id=advisor.id,
            name=advisor.name,
            email=advisor.email,
            timezone=advisor.timezone,
            languages=advisor.languages,
            locations=advisor.locations,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "email"])
        .returning(advisors.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def advisors_of(db: AsyncConnection, tenant: Id) -> list[Advisor]:
    """Return the advisors of an organisation, by name."""
    rows = await db.execute(
        select(advisors)
        .where(advisors.c.tenant_id == tenant)
        .order_by(advisors.c.name, advisors.c.id)
    )
    return [convert_row(row, Advisor) for row in rows]


async def advisor_by_id(db: AsyncConnection, tenant: Id, advisor: Id) -> Advisor | None:
    """Return one advisor."""
    rows = await db.execute(
        select(advisors).where(advisors.c.tenant_id == tenant, advisors.c.id == advisor)
    )
    row = rows.one_or_none()
    return convert_row(row, Advisor) if row else None


async def advisor_by_email(db: AsyncConnection, tenant: Id, email: str) -> Advisor | None:
    """Return the advisor with this e-mail address, in lower case."""
    rows = await db.execute(
        select(advisors).where(advisors.c.tenant_id == tenant, advisors.c.email == email)
    )
    row = rows.one_or_none()
    return convert_row(row, Advisor) if row else None


async def keep_schedule(
    db: AsyncConnection, tenant: Id, schedule: Schedule, *, now: datetime
) -> Id:
    """Put working hours on file in place of those the advisor had; return their id."""
    values = {
        "timezone": schedule.timezone,
        "weekly": schedule.weekly,
        "overrides": schedule.overrides,
        "updated_at": now,
    }
    statement = (
        dialect_of(db)
        .insert(schedules)
        .values(tenant_id=tenant, id=schedule.id, advisor_id=schedule.advisor_id, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "advisor_id"], set_=values)
        .returning(schedules.c.id)
    )
    kept: Id = (await db.execute(statement)).scalar_one()
    return kept


async def schedule_of(db: AsyncConnection, tenant: Id, advisor: Id) -> Schedule | None:
    """Return an advisor's working hours."""
    rows = await db.execute(
        select(schedules).where(schedules.c.tenant_id == tenant, schedules.c.advisor_id == advisor)
    )
    row = rows.one_or_none()
    return convert_row(row, Schedule) if row else None


# --- kinds of meeting ----------------------------------------------------------------------------


async def keep_meeting_type(
    db: AsyncConnection, tenant: Id, meeting_type: MeetingType, *, now: datetime
) -> Id:
    """Put a kind of meeting on file in place of the one with the same slug; return its id."""
    values = {
        "name": meeting_type.name,
        "description": meeting_type.description,
        "duration": meeting_type.duration,
        "channels": meeting_type.channels,
        "step": meeting_type.step,
        "buffer_before": meeting_type.buffer_before,
        "buffer_after": meeting_type.buffer_after,
        "notice": meeting_type.notice,
        "window_days": meeting_type.window_days,
        "advisors": meeting_type.advisors,
        "locations": meeting_type.locations,
        "form": meeting_type.form,
        "updated_at": now,
    }
    statement = (
        dialect_of(db)
        .insert(meeting_types)
        .values(tenant_id=tenant, id=meeting_type.id, slug=meeting_type.slug, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "slug"], set_=values)
        .returning(meeting_types.c.id)
    )
    kept: Id = (await db.execute(statement)).scalar_one()
    return kept


async def meeting_types_of(db: AsyncConnection, tenant: Id) -> list[MeetingType]:
    """Return the kinds of meeting of an organisation, by slug."""
    rows = await db.execute(
        select(meeting_types)
        .where(meeting_types.c.tenant_id == tenant)
        .order_by(meeting_types.c.slug)
    )
    return [convert_row(row, MeetingType) for row in rows]


async def meeting_type_by_slug(db: AsyncConnection, tenant: Id, slug: str) -> MeetingType | None:
    """Return the kind of meeting with this slug."""
    rows = await db.execute(
        select(meeting_types).where(
            meeting_types.c.tenant_id == tenant, meeting_types.c.slug == slug
        )
    )
    row = rows.one_or_none()
    return convert_row(row, MeetingType) if row else None
