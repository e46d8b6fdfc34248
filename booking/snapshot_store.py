"""Reading all that an organisation has set up, in two statements."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct, structs
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Row,
    String,
    Uuid,
    cast,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.organisation import (
    Absence,
    AbsenceInput,
    Advisor,
    Location,
    LocationInput,
    MeetingType,
    MeetingTypeInput,
    Product,
    ProductInput,
    Resource,
    ResourceInput,
    Schedule,
)
from booking.snapshot import Setup
from booking.tables import (
    absences,
    advisors,
    locations,
    meeting_types,
    products,
    resources,
    schedules,
    setups,
)
from kernel.database import JsonOf, convert_row
from kernel.ids import Id, to_text, uuid_of

_Kind = Literal["version", "meeting-type", "product", "resource", "location", "absence"]
S = TypeVar("S", bound=Struct)

_SCHEDULE: Final = {f"schedule_{name}": column for name, column in schedules.c.items()}


async def read_setup(db: AsyncConnection, tenant: Id) -> Setup:
    """Return what an organisation has set up.

    The version comes with the first statement: what the later ones read may be newer, and is then
    read again under the version that it belongs to.
    """
    version: Id | None = None
    kinds: list[MeetingType] = []
    goods: list[Product] = []
    things: list[Resource] = []
    places: list[Location] = []
    away: defaultdict[Id, list[Absence]] = defaultdict(list)
    for kind, row_id, definition in await db.execute(_definitions(db.dialect.name, tenant)):
        if kind == "version":
            version = to_text("stp", row_id)
        elif kind == "meeting-type":
            kinds.append(_defined(definition, MeetingTypeInput, MeetingType, "mty", row_id))
        elif kind == "product":
            goods.append(_defined(definition, ProductInput, Product, "prd", row_id))
        elif kind == "location":
            places.append(_defined(definition, LocationInput, Location, "loc", row_id))
        elif kind == "absence":
            absence = _absence(definition, row_id)
            away[absence.advisor_id].append(absence)
        else:
            things.append(_defined(definition, ResourceInput, Resource, "res", row_id))
    people, hours = await _advisors(db, tenant)
    named: list[Advisor | Resource] = [*people, *things]
    return Setup(
        version=version,
        kinds=sorted(kinds, key=_age),
        locations=sorted(places, key=_age),
        products=sorted(goods, key=_age),
        advisors=people,
        schedules=hours,
        absences={advisor: sorted(some, key=_age) for advisor, some in away.items()},
        resources=sorted(things, key=_age),
        names={uuid_of(one.id): one.id for one in named},
    )


async def _advisors(
    db: AsyncConnection, tenant: Id
) -> tuple[list[Advisor], dict[Id, list[Schedule]]]:
    rows = await db.execute(
        select(advisors, *(column.label(name) for name, column in _SCHEDULE.items()))
        .outerjoin(
            schedules,
            (schedules.c.tenant_id == advisors.c.tenant_id)
            & (schedules.c.advisor_id == advisors.c.id),
        )
        .where(advisors.c.tenant_id == tenant)
        .order_by(advisors.c.id, schedules.c.id)
    )
    people: dict[Id, Advisor] = {}
    hours: defaultdict[Id, list[Schedule]] = defaultdict(list)
    for row in rows:
        if row.id not in people:
            people[row.id] = convert_row(row, Advisor)
        if row.schedule_id is not None:
            hours[row.id].append(_schedule(row))
    return list(people.values()), hours


def _schedule(row: Row[tuple[object, ...]]) -> Schedule:
    values = row._mapping  # noqa: SLF001  # public, oddly named
    return Schedule(**{name: values[f"schedule_{name}"] for name in Schedule.__struct_fields__})


def _definitions(dialect: str, tenant: Id) -> CompoundSelect[str, UUID, str]:
    return union_all(
        select(
            literal("version").label("kind"),
            type_coerce(setups.c.version, Uuid()).label("id"),
            literal("").label("definition"),
        ).where(setups.c.tenant_id == tenant),
        *(
            select(
                literal(kind),
                type_coerce(table.c.id, Uuid()),
                cast(table.c.definition, String),
            ).where(table.c.tenant_id == tenant)
            for kind, table in (
                ("meeting-type", meeting_types),
                ("product", products),
                ("resource", resources),
            )
        ),
        *(
            select(
                literal(kind),
                type_coerce(table.c.id, Uuid()),
                cast(_as_json(dialect, table, fields), String),
            ).where(table.c.tenant_id == tenant)
            for kind, table, fields in (
                ("location", locations, LocationInput.__struct_fields__),
                ("absence", absences, ("advisor_id", *AbsenceInput.__struct_fields__)),
            )
        ),
    )


def _as_json(dialect: str, table: FromClause, fields: Sequence[str]) -> ColumnElement[Any]:
    """Return columns as one JSON object."""
    parts: list[Any] = []
    for name in fields:
        column = table.c[name]
        # What is JSON in a text column would become a quoted text.
        nested = dialect == "sqlite" and isinstance(column.type, JsonOf)
        parts += [literal(name, literal_execute=True), func.json(column) if nested else column]
    return func.jsonb_build_object(*parts) if dialect == "postgresql" else func.json_object(*parts)


def _absence(text: str, row_id: UUID) -> Absence:
    values = msgspec.json.decode(text)
    for name in ("advisor_id", "stand_in"):
        if values[name] is not None:
            values[name] = to_text("adv", UUID(values[name]))
    return msgspec.convert(values | {"id": to_text("abs", row_id)}, Absence)


def _defined(text: str, given: type[Struct], kind: type[S], prefix: str, row_id: UUID) -> S:
    values = msgspec.json.decode(text, type=given)
    fields: dict[str, Any] = structs.asdict(values) | {"id": to_text(prefix, row_id)}
    return kind(**fields)


def _age(one: MeetingType | Product | Resource | Location | Absence) -> Id:
    return one.id
