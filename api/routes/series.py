"""Calls about meetings that come back."""

from datetime import datetime
from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.access import Caller
from api.booking_desk import make_series, views_of
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.booking import SeriesBody, SeriesCancelBody, SeriesView
from api.wiring import House
from booking.model import Booking, BookingFilter
from kernel.errors import NotFound
from kernel.ids import Id
from kernel.tenancy import get_tenant

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)
_LONGEST: Final = 100


@post(
    "/v1/series",
    operation_id="create_series",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def create_series(
    data: JSONBody[SeriesBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[SeriesView]:
    """Book a meeting that comes back, on behalf of a customer: all of them or none.

    Where one of them cannot be had, ``occurrence`` and ``start`` of the problem say which.
    """

    async def make() -> SeriesView:
        tenant = await get_tenant(db, caller.tenant)
        return await make_series(db, house, tenant, data, now=now)

    return await once(make, forever=True)


@get(
    "/v1/series/{series_id:str}",
    operation_id="get_series",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def get_series(
    series_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
) -> SeriesView:
    """Show all meetings of a series, the first first."""
    wanted = BookingFilter(series=series_id, limit=_LONGEST)
    meetings = await booking.service.list_bookings(db, caller.tenant, wanted)
    if not meetings:
        raise NotFound("There is no series with this id.")
    return await _view(db, house, caller, series_id, meetings)


@post(
    "/v1/series/{series_id:str}/cancel",
    operation_id="cancel_series",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def cancel_series(
    series_id: FromPath[str],
    data: JSONBody[SeriesCancelBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[SeriesView]:
    """Call off what is still to come of a series, and show what was called off."""

    async def call_off() -> SeriesView:
        cancelled = await booking.service.cancel_series(
            db,
            caller.tenant,
            series_id,
            since=data.since,
            reason=data.reason,
            now=now,
            by="operator",
        )
        return await _view(db, house, caller, series_id, cancelled)

    return await once(call_off, status=200)


async def _view(
    db: AsyncConnection, house: House, caller: Caller, series_id: Id, meetings: list[Booking]
) -> SeriesView:
    in_order = sorted(meetings, key=lambda one: one.start)
    views = await views_of(db, house, caller.tenant, in_order, trusted=True)
    return SeriesView(id=series_id, items=views)


HANDLERS: Final[list[ControllerRouterHandler]] = [create_series, get_series, cancel_series]
