"""Calls about who can be met, where and when: branches, advisors, hours, absences."""

from datetime import datetime
from typing import Final

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.setup
import context.service
from api.access import Caller
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.lists import Page
from api.wire.setup import ExclusionView, exclusion_view
from booking.organisation import (
    Absence,
    AbsenceInput,
    Advisor,
    AdvisorInput,
    Location,
    LocationInput,
    Schedule,
    ScheduleInput,
)
from booking.values import refused

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/locations",
    operation_id="list_locations",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_locations(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[Location]:
    """List the branches."""
    return Page(items=await booking.setup.list_locations(db, caller.tenant))


@post(
    "/v1/locations",
    operation_id="create_location",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def create_location(
    data: JSONBody[LocationInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Location]:
    """Add a branch."""
    return await once(lambda: booking.setup.add_location(db, caller.tenant, data, now=now))


@get(
    "/v1/locations/{slug:str}",
    operation_id="get_location",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_location(
    slug: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Location:
    """Show a branch."""
    return await booking.setup.get_location(db, caller.tenant, slug)


@put(
    "/v1/locations/{slug:str}",
    operation_id="update_location",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def update_location(
    slug: FromPath[str],
    data: JSONBody[LocationInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Location:
    """Change a branch; this replaces all that was said before."""
    return await booking.setup.update_location(db, caller.tenant, slug, data, now=now)


@get(
    "/v1/advisors",
    operation_id="list_advisors",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_advisors(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[Advisor]:
    """List the advisors."""
    return Page(items=await booking.setup.list_advisors(db, caller.tenant))


@post(
    "/v1/advisors",
    operation_id="create_advisor",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def create_advisor(
    data: JSONBody[AdvisorInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Advisor]:
    """Add an advisor."""
    return await once(lambda: booking.setup.add_advisor(db, caller.tenant, data, now=now))


@get(
    "/v1/advisors/{advisor_id:str}",
    operation_id="get_advisor",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_advisor(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Advisor:
    """Show an advisor."""
    return await booking.setup.get_advisor(db, caller.tenant, advisor_id)


@put(
    "/v1/advisors/{advisor_id:str}",
    operation_id="update_advisor",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def update_advisor(
    advisor_id: FromPath[str],
    data: JSONBody[AdvisorInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Advisor:
    """Change an advisor; this replaces all that was said before."""
    return await booking.setup.update_advisor(db, caller.tenant, advisor_id, data, now=now)


# --- when they work ------------------------------------------------------------------------------


@get(
    "/v1/advisors/{advisor_id:str}/schedule",
    operation_id="get_schedule",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_schedule(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Schedule:
    """Show when an advisor can be booked: the schedule that is named regular."""
    return await booking.setup.get_schedule(db, caller.tenant, advisor_id)


@put(
    "/v1/advisors/{advisor_id:str}/schedule",
    operation_id="set_schedule",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def set_schedule(
    advisor_id: FromPath[str],
    data: JSONBody[ScheduleInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Schedule:
    """Say when an advisor can be booked; this replaces the schedule that is named regular."""
    wanted = _named(data, "regular")
    return await booking.setup.set_schedule(db, caller.tenant, advisor_id, wanted, now=now)


@get(
    "/v1/advisors/{advisor_id:str}/schedules",
    operation_id="list_schedules",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_schedules(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[Schedule]:
    """List an advisor's schedules; they work whenever one of them says so."""
    return Page(items=await booking.setup.list_schedules(db, caller.tenant, advisor_id))


@put(
    "/v1/advisors/{advisor_id:str}/schedules/{name:str}",
    operation_id="set_named_schedule",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def set_named_schedule(
    advisor_id: FromPath[str],
    name: FromPath[str],
    data: JSONBody[ScheduleInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Schedule:
    """Add a schedule of this name, or replace it."""
    wanted = _named(data, name)
    return await booking.setup.set_schedule(db, caller.tenant, advisor_id, wanted, now=now)


@delete(
    "/v1/advisors/{advisor_id:str}/schedules/{name:str}",
    operation_id="remove_schedule",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def remove_schedule(
    advisor_id: FromPath[str],
    name: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """Remove a schedule; what is booked in it stays."""
    await booking.setup.remove_schedule(db, caller.tenant, advisor_id, name, now=now)


@get(
    "/v1/advisors/{advisor_id:str}/absences",
    operation_id="list_absences",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_absences(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[Absence]:
    """List the days on which an advisor is out of office."""
    return Page(items=await booking.setup.list_absences(db, caller.tenant, advisor_id))


@post(
    "/v1/advisors/{advisor_id:str}/absences",
    operation_id="add_absence",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def add_absence(
    advisor_id: FromPath[str],
    data: JSONBody[AbsenceInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Absence]:
    """Put an advisor out of office for whole days; what is booked then stays."""
    return await once(
        lambda: booking.setup.add_absence(db, caller.tenant, advisor_id, data, now=now)
    )


@delete(
    "/v1/absences/{absence_id:str}",
    operation_id="remove_absence",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def remove_absence(
    absence_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """Let an advisor be there after all."""
    await booking.setup.remove_absence(db, caller.tenant, absence_id, now=now)


# --- whom they must not advise -------------------------------------------------------------------


@get(
    "/v1/advisors/{advisor_id:str}/exclusions",
    operation_id="list_exclusions",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_exclusions(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[ExclusionView]:
    """List the customers whom an advisor must never advise; nobody else is told."""
    found = await booking.setup.list_exclusions(db, caller.tenant, advisor_id)
    return Page(items=[exclusion_view(each) for each in found])


@put(
    "/v1/advisors/{advisor_id:str}/exclusions/{customer_id:str}",
    operation_id="add_exclusion",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=204,
    tags=["organisation"],
)
async def add_exclusion(
    advisor_id: FromPath[str],
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """Keep an advisor from a customer, as for a conflict of interest."""
    await context.service.get_customer(db, caller.tenant, customer_id)
    await booking.setup.exclude(db, caller.tenant, advisor_id, customer_id, now=now)


@delete(
    "/v1/advisors/{advisor_id:str}/exclusions/{customer_id:str}",
    operation_id="remove_exclusion",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def remove_exclusion(
    advisor_id: FromPath[str],
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> None:
    """Let an advisor advise a customer again."""
    await booking.setup.allow(db, caller.tenant, advisor_id, customer_id)


def _named(data: ScheduleInput, name: str) -> ScheduleInput:
    # The address names the schedule; a body that leaves the name out reads as regular.
    if data.name not in {name, "regular"}:
        raise refused("/name", f"The address is that of the schedule {name!r}.")
    return structs.replace(data, name=name)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_locations,
    create_location,
    get_location,
    update_location,
    list_advisors,
    create_advisor,
    get_advisor,
    update_advisor,
    get_schedule,
    set_schedule,
    list_schedules,
    set_named_schedule,
    remove_schedule,
    list_absences,
    add_absence,
    remove_absence,
    list_exclusions,
    add_exclusion,
    remove_exclusion,
]
