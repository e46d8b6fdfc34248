"""The statements of what must be on file before anybody can book, one a function."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from msgspec import Struct, structs
from sqlalchemy import Row, Table, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.organisation import (
    Absence,
    Advisor,
    Location,
    MeetingType,
    MeetingTypeInput,
    Product,
    ProductInput,
    Resource,
    ResourceInput,
    Schedule,
)
from booking.tables import (
    absences,
    advisors,
    claims,
    exclusions,
    locations,
    meeting_types,
    products,
    resources,
    schedules,
    setups,
)
from kernel.database import convert_row, dialect_of
from kernel.ids import Id, new_id, uuid_of

S = TypeVar("S", bound=Struct)


class Exclusion(Struct, frozen=True, kw_only=True):
    """A customer whom an advisor must never advise; why is not on file."""

    customer_id: Id
    created_at: datetime


async def touch(db: AsyncConnection, tenant: Id, *, now: datetime) -> None:
    """Say that something set up has changed; the last statement of whoever changes it."""
    # Everybody who changes something waits for this row, so it is taken as late as can be.
    version = new_id("stp", now)
    await db.execute(
        dialect_of(db)
        .insert(setups)
        .values(tenant_id=tenant, version=version)
        .on_conflict_do_update(index_elements=["tenant_id"], set_={"version": version})
    )


# --- branches ------------------------------------------------------------------------------------


async def insert_location(
    db: AsyncConnection, tenant: Id, location: Location, *, now: datetime
) -> bool:
    """Put a branch on file; False if its slug is in use."""
    statement = (
        dialect_of(db)
        .insert(locations)
        .values(tenant_id=tenant, created_at=now, **structs.asdict(location))
        .on_conflict_do_nothing(index_elements=["tenant_id", "slug"])
        .returning(locations.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def change_location(db: AsyncConnection, tenant: Id, location: Location) -> None:
    """Put what a branch is now in place of what it was."""
    await db.execute(
        update(locations)
        .where(locations.c.tenant_id == tenant, locations.c.id == location.id)
        .values(structs.asdict(location))
    )


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


# --- advisors ------------------------------------------------------------------------------------


async def insert_advisor(
    db: AsyncConnection, tenant: Id, advisor: Advisor, *, now: datetime
) -> bool:
    """Put an advisor on file; False if the e-mail address is in use."""
    statement = (
        dialect_of(db)
        .insert(advisors)
        .values(tenant_id=tenant, created_at=now, **structs.asdict(advisor))
        .on_conflict_do_nothing(index_elements=["tenant_id", "email"])
        .returning(advisors.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def change_advisor(db: AsyncConnection, tenant: Id, advisor: Advisor) -> bool:
    """Put what an advisor is now in place of what they were; False if the address is in use."""
    statement = (
        update(advisors)
        .where(advisors.c.tenant_id == tenant, advisors.c.id == advisor.id)
        .values(structs.asdict(advisor))
    )
    try:
        async with db.begin_nested():
            await db.execute(statement)
    except IntegrityError:
        return False
    return True


async def advisors_of(db: AsyncConnection, tenant: Id) -> list[Advisor]:
    """Return the advisors of an organisation, by name."""
    rows = await db.execute(
        select(advisors)
        .where(advisors.c.tenant_id == tenant)
        .order_by(advisors.c.name, advisors.c.id)
    )
    return [convert_row(row, Advisor) for row in rows]


async def advisor_by_id(
    db: AsyncConnection, tenant: Id, advisor: Id, *, lock: bool = False
) -> Advisor | None:
    """Return one advisor; with *lock*, nobody else does so until the transaction ends."""
    statement = select(advisors).where(advisors.c.tenant_id == tenant, advisors.c.id == advisor)
    # SQLite has one writer at a time and no such clause.
    rows = await db.execute(statement.with_for_update() if lock else statement)
    row = rows.one_or_none()
    return convert_row(row, Advisor) if row else None


async def advisor_by_email(db: AsyncConnection, tenant: Id, email: str) -> Advisor | None:
    """Return the advisor with this e-mail address, in lower case."""
    rows = await db.execute(
        select(advisors).where(advisors.c.tenant_id == tenant, advisors.c.email == email)
    )
    row = rows.one_or_none()
    return convert_row(row, Advisor) if row else None


# --- working hours and absences ------------------------------------------------------------------


async def keep_schedule(
    db: AsyncConnection, tenant: Id, schedule: Schedule, *, now: datetime
) -> Id:
    """Put working hours on file in place of those of the same name; return their id."""
    values = structs.asdict(schedule) | {"tenant_id": tenant, "updated_at": now}
    statement = (
        dialect_of(db)
        .insert(schedules)
        .values(values)
        .on_conflict_do_update(
            index_elements=["tenant_id", "advisor_id", "name"],
            set_={name: value for name, value in values.items() if name not in _SCHEDULE_KEY},
        )
        .returning(schedules.c.id)
    )
    kept: Id = (await db.execute(statement)).scalar_one()
    return kept


_SCHEDULE_KEY = {"tenant_id", "id", "advisor_id", "name"}


async def schedule_of(
    db: AsyncConnection, tenant: Id, advisor: Id, name: str = "regular"
) -> Schedule | None:
    """Return an advisor's working hours of this name."""
    rows = await db.execute(
        select(schedules).where(
            schedules.c.tenant_id == tenant,
            schedules.c.advisor_id == advisor,
            schedules.c.name == name,
        )
    )
    row = rows.one_or_none()
    return convert_row(row, Schedule) if row else None


async def schedules_of(db: AsyncConnection, tenant: Id, advisor: Id) -> list[Schedule]:
    """Return all working hours of an advisor, by name."""
    rows = await db.execute(
        select(schedules)
        .where(schedules.c.tenant_id == tenant, schedules.c.advisor_id == advisor)
        .order_by(schedules.c.name)
    )
    return [convert_row(row, Schedule) for row in rows]


async def schedules_of_all(
    db: AsyncConnection, tenant: Id, advisor_ids: Sequence[Id]
) -> dict[Id, list[Schedule]]:
    """Return the working hours of these advisors."""
    rows = await db.execute(
        select(schedules).where(
            schedules.c.tenant_id == tenant, schedules.c.advisor_id.in_(advisor_ids)
        )
    )
    found: dict[Id, list[Schedule]] = {}
    for row in rows:
        schedule = convert_row(row, Schedule)
        found.setdefault(schedule.advisor_id, []).append(schedule)
    return found


async def delete_schedule(db: AsyncConnection, tenant: Id, advisor: Id, name: str) -> bool:
    """Take working hours off file; False if there are none of this name."""
    statement = (
        delete(schedules)
        .where(
            schedules.c.tenant_id == tenant,
            schedules.c.advisor_id == advisor,
            schedules.c.name == name,
        )
        .returning(schedules.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def insert_absence(db: AsyncConnection, tenant: Id, absence: Absence) -> None:
    """Put an absence on file."""
    await db.execute(insert(absences).values(tenant_id=tenant, **structs.asdict(absence)))


async def is_absent(
    db: AsyncConnection, tenant: Id, advisor: Id, first_day: date, last_day: date
) -> bool:
    """Tell whether an advisor is out of office on any of these days."""
    found = await db.execute(
        select(
            exists().where(
                absences.c.tenant_id == tenant,
                absences.c.advisor_id == advisor,
                absences.c.first_day <= last_day,
                absences.c.last_day >= first_day,
            )
        )
    )
    return bool(found.scalar_one())


async def absences_of(db: AsyncConnection, tenant: Id, advisor: Id) -> list[Absence]:
    """Return an advisor's absences, the first first."""
    rows = await db.execute(
        select(absences)
        .where(absences.c.tenant_id == tenant, absences.c.advisor_id == advisor)
        .order_by(absences.c.first_day)
    )
    return [convert_row(row, Absence) for row in rows]


async def delete_absence(db: AsyncConnection, tenant: Id, absence: Id) -> bool:
    """Take an absence off file; False if there is none with this id."""
    statement = (
        delete(absences)
        .where(absences.c.tenant_id == tenant, absences.c.id == absence)
        .returning(absences.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def insert_exclusion(
    db: AsyncConnection, tenant: Id, advisor: Id, customer: Id, *, now: datetime
) -> None:
    """Put on file, once, that an advisor must never advise a customer."""
    await db.execute(
        dialect_of(db)
        .insert(exclusions)
        .values(tenant_id=tenant, advisor_id=advisor, customer_id=customer, created_at=now)
        .on_conflict_do_nothing()
    )


async def delete_exclusion(db: AsyncConnection, tenant: Id, advisor: Id, customer: Id) -> bool:
    """Take it off file; False if it was not on it."""
    statement = (
        delete(exclusions)
        .where(
            exclusions.c.tenant_id == tenant,
            exclusions.c.advisor_id == advisor,
            exclusions.c.customer_id == customer,
        )
        .returning(exclusions.c.customer_id)
    )
    return (await db.execute(statement)).first() is not None


async def exclusions_of(db: AsyncConnection, tenant: Id, advisor: Id) -> list[Exclusion]:
    """Return the customers an advisor must never advise, the first on file first."""
    rows = await db.execute(
        select(exclusions)
        .where(exclusions.c.tenant_id == tenant, exclusions.c.advisor_id == advisor)
        .order_by(exclusions.c.created_at, exclusions.c.customer_id)
    )
    return [convert_row(row, Exclusion) for row in rows]


# --- products and resources ----------------------------------------------------------------------


async def keep_product(db: AsyncConnection, tenant: Id, product: Product) -> Id:
    """Put a product on file in place of the one with the same slug; return its id."""
    definition = _without_id(product, ProductInput)
    return await _keep(db, tenant, products, product, definition=definition)


async def products_of(db: AsyncConnection, tenant: Id) -> list[Product]:
    """Return the products of an organisation, by slug."""
    return await _all_of(db, tenant, products, Product)


async def keep_resource(db: AsyncConnection, tenant: Id, resource: Resource) -> Id:
    """Put a resource on file in place of the one with the same slug; return its id."""
    definition = _without_id(resource, ResourceInput)
    return await _keep(db, tenant, resources, resource, definition=definition)


async def resources_of(db: AsyncConnection, tenant: Id) -> list[Resource]:
    """Return the resources of an organisation, by slug."""
    return await _all_of(db, tenant, resources, Resource)


async def resource_by_slug(db: AsyncConnection, tenant: Id, slug: str) -> Resource | None:
    """Return the resource with this slug."""
    rows = await db.execute(
        select(resources).where(resources.c.tenant_id == tenant, resources.c.slug == slug)
    )
    row = rows.one_or_none()
    return _with_id(row, Resource) if row else None


async def has_claims_ahead(db: AsyncConnection, tenant: Id, resource: Id, *, now: datetime) -> bool:
    """Tell whether a booking or hold takes time of a resource that has not passed yet."""
    found = await db.execute(
        select(
            exists().where(
                claims.c.tenant_id == tenant,
                claims.c.resource_id == uuid_of(resource),
                claims.c.live,
                claims.c.ends_at > now,
                or_(claims.c.expires_at.is_(None), claims.c.expires_at > now),
            )
        )
    )
    return bool(found.scalar_one())


async def delete_resource(db: AsyncConnection, tenant: Id, resource: Id) -> None:
    """Take a resource off file."""
    await db.execute(
        delete(resources).where(resources.c.tenant_id == tenant, resources.c.id == resource)
    )


# --- kinds of meeting ----------------------------------------------------------------------------


async def keep_meeting_type(
    db: AsyncConnection, tenant: Id, meeting_type: MeetingType, *, now: datetime
) -> Id:
    """Put a kind of meeting on file in place of the one with the same slug; return its id."""
    definition = _without_id(meeting_type, MeetingTypeInput)
    return await _keep(
        db, tenant, meeting_types, meeting_type, definition=definition, updated_at=now
    )


async def meeting_types_of(db: AsyncConnection, tenant: Id) -> list[MeetingType]:
    """Return the kinds of meeting of an organisation, by slug."""
    return await _all_of(db, tenant, meeting_types, MeetingType)


async def meeting_type_by_slug(db: AsyncConnection, tenant: Id, slug: str) -> MeetingType | None:
    """Return the kind of meeting with this slug."""
    rows = await db.execute(
        select(meeting_types).where(
            meeting_types.c.tenant_id == tenant, meeting_types.c.slug == slug
        )
    )
    row = rows.one_or_none()
    return _with_id(row, MeetingType) if row else None


# --- what has a slug and a definition ------------------------------------------------------------


async def _keep(
    db: AsyncConnection,
    tenant: Id,
    table: Table[Any],
    one: MeetingType | Product | Resource,
    **values: Any,
) -> Id:
    """Put one on file in place of the one with the same slug; return its id."""
    statement = (
        dialect_of(db)
        .insert(table)
        .values(tenant_id=tenant, id=one.id, slug=one.slug, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "slug"], set_=values)
        .returning(table.c.id)
    )
    kept: Id = (await db.execute(statement)).scalar_one()
    return kept


async def _all_of(db: AsyncConnection, tenant: Id, table: Table[Any], kind: type[S]) -> list[S]:
    """Return all of an organisation, by slug."""
    rows = await db.execute(select(table).where(table.c.tenant_id == tenant).order_by(table.c.slug))
    return [_with_id(row, kind) for row in rows]


def _without_id(one: Struct, kind: type[S]) -> S:
    return kind(**{name: getattr(one, name) for name in kind.__struct_fields__})


def _with_id(row: Row[Any], kind: type[S]) -> S:
    return kind(id=row.id, **structs.asdict(row.definition))
