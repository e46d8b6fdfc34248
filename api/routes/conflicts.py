"""Calls about meetings whose time an advisor's own calendar has taken."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.access import Caller
from api.booking_desk import advisors_named
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.booking import ConflictView, conflict_view, named_in
from api.wire.lists import Page
from booking.conflicts import Conflict
from kernel.ids import Id
from kernel.tenancy import get_tenant

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/conflicts",
    operation_id="list_conflicts",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def list_conflicts(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    advisor: FromQuery[Id | None] = None,
) -> Page[ConflictView]:
    """List the conflicts about which somebody has to choose, oldest first."""
    found = await booking.service.open_conflicts(db, caller.tenant, advisor=advisor)
    return Page(items=await _views(db, caller.tenant, found))


@post(
    "/v1/conflicts/{conflict_id:str}/dismiss",
    operation_id="dismiss_conflict",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def dismiss_conflict(
    conflict_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ConflictView]:
    """Let a meeting go on as planned, beside what stands in the advisor's calendar."""

    async def dismiss() -> ConflictView:
        kept = await booking.service.dismiss(db, caller.tenant, conflict_id, now=now, by="operator")
        (view,) = await _views(db, caller.tenant, [kept])
        return view

    return await once(dismiss, status=200)


async def _views(
    db: AsyncConnection, tenant: Id, conflicts: Sequence[Conflict]
) -> list[ConflictView]:
    timezone = (await get_tenant(db, tenant)).settings.timezone
    who = {person for conflict in conflicts for person in named_in(conflict)}
    people = await advisors_named(db, tenant, who)
    return [conflict_view(one, people, timezone=timezone) for one in conflicts]


HANDLERS: Final[list[ControllerRouterHandler]] = [list_conflicts, dismiss_conflict]
