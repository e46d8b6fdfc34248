"""Calls about rates, and about what customers were told."""

from datetime import datetime
from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

import notifications.service
from api.access import Caller
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.lists import Limit, Page, page
from api.wire.organisation import RateView, percent, rate_view
from api.wiring import House
from kernel.ids import Id, require
from notifications.model import Delivery, Notice, RateInput

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/rates",
    operation_id="list_rates",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["rates"],
)
async def list_rates(
    caller: NamedDependency[Caller], db: NamedDependency[AsyncConnection]
) -> Page[RateView]:
    """List the organisation's own rates, newest first."""
    return Page(
        items=[
            rate_view(rate) for rate in await notifications.service.list_rates(db, caller.tenant)
        ]
    )


@post(
    "/v1/rates",
    operation_id="publish_rate",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["rates"],
)
async def publish_rate(
    data: JSONBody[RateInput],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
    dry_run: FromQuery[bool] = False,
) -> Response[RateView]:
    """Publish a rate; customers who asked to hear of it and whom it touches are told."""
    if dry_run:
        count = await notifications.service.preview_rate(
            db, caller.tenant, house.directory, data, now=now
        )
        preview = RateView(
            id=None,
            product=data.product,
            fixed_years=data.fixed_years,
            rate=percent(data.rate) or "",
            valid_from=data.valid_from,
            published_at=None,
            previous=None,
            notified=None,
        )
        return Response(replace(preview, would_notify=count), status_code=200)

    async def publish() -> RateView:
        return rate_view(await notifications.service.publish_rate(db, caller.tenant, data, now=now))

    return await once(publish)


@get(
    "/v1/notices",
    operation_id="list_notices",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["notices"],
)
async def list_notices(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    customer: FromQuery[Id | None] = None,
    booking: FromQuery[Id | None] = None,
) -> Page[Notice]:
    """List what customers were told, word for word.

    Raises:
        NotFound: The customer or booking cannot be one.
    """
    if customer is not None:
        require("cus", customer, "customer")
    if booking is not None:
        require("bkg", booking, "booking")
    return Page(
        items=await notifications.service.notices_of(
            db, caller.tenant, customer=customer, booking=booking
        )
    )


@get(
    "/v1/deliveries",
    operation_id="list_deliveries",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["notices"],
)
async def list_deliveries(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    cursor: FromQuery[Id | None] = None,
    limit: FromQuery[Limit] = 50,
) -> Page[Delivery]:
    """List how messages fared on their way, newest first.

    Raises:
        NotFound: The cursor cannot be one.
    """
    if cursor is not None:
        require("dlv", cursor, "delivery")
    found = await notifications.service.deliveries(
        db, caller.tenant, before=cursor, limit=limit + 1
    )
    return page(found, limit, lambda one: one.id)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_rates,
    publish_rate,
    list_notices,
    list_deliveries,
]
