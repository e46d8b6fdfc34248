"""Calls about what can be booked: products, resources, kinds of meeting, and holidays."""

from datetime import datetime
from typing import Annotated, Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.setup
import context.service
from api.access import Caller
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.lists import Page
from booking.holiday_list import Holiday, holidays_of
from booking.hours import HolidayCategory
from booking.organisation import (
    MeetingType,
    MeetingTypeInput,
    Product,
    ProductInput,
    Resource,
    ResourceInput,
)
from booking.values import refused
from kernel.people import Language
from kernel.tenancy import get_tenant

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/products",
    operation_id="list_products",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_products(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[Product]:
    """List the products."""
    return Page(items=await booking.setup.list_products(db, caller.tenant))


@post(
    "/v1/products",
    operation_id="apply_product",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def apply_product(
    data: JSONBody[ProductInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Product]:
    """Define a product that meetings are about; the same slug again changes it."""
    return await once(lambda: booking.setup.apply_product(db, caller.tenant, data, now=now))


@get(
    "/v1/resources",
    operation_id="list_resources",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_resources(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[Resource]:
    """List the rooms and other resources."""
    return Page(items=await booking.setup.list_resources(db, caller.tenant))


@post(
    "/v1/resources",
    operation_id="apply_resource",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def apply_resource(
    data: JSONBody[ResourceInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Resource]:
    """Define a room or another resource; the same slug again changes it."""
    return await once(lambda: booking.setup.apply_resource(db, caller.tenant, data, now=now))


@delete(
    "/v1/resources/{slug:str}",
    operation_id="remove_resource",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def remove_resource(
    slug: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """Remove a resource that no meeting still to come takes."""
    await booking.setup.remove_resource(db, caller.tenant, slug, now=now)


@post(
    "/v1/meeting-types",
    operation_id="apply_meeting_type",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def apply_meeting_type(
    data: JSONBody[MeetingTypeInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[MeetingType]:
    """Define a kind of meeting; the same slug again changes it.

    Raises:
        Invalid: Its form has not been published.
    """

    async def apply() -> MeetingType:
        if data.form is not None:
            published = await context.service.list_forms(db, caller.tenant)
            if data.form not in {form.slug for form in published}:
                raise refused(
                    "/form", "There is no published form with this slug; publish it first."
                )
        return await booking.setup.apply_meeting_type(db, caller.tenant, data, now=now)

    return await once(apply)


@get(
    "/v1/meeting-types/{slug:str}/definition",
    operation_id="get_meeting_type_definition",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_meeting_type_definition(
    slug: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> MeetingType:
    """Show all of what a kind of meeting is defined by."""
    return await booking.setup.get_meeting_type(db, caller.tenant, slug)


@get(
    "/v1/holidays",
    operation_id="list_holidays",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_holidays(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    country: FromQuery[str],
    year: Annotated[int, QueryParameter(ge=1970, le=2100)],
    subdivision: FromQuery[str | None] = None,
    category: FromQuery[HolidayCategory] = "public",
    lang: FromQuery[Language | None] = None,
) -> Page[Holiday]:
    """List a country's holidays: the days off of whoever opts in to them."""
    language = lang or (await get_tenant(db, caller.tenant)).settings.language
    found = holidays_of(
        country,
        subdivision=subdivision or None,
        categories=[category],
        year=year,
        language=language,
    )
    return Page(items=found)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_products,
    apply_product,
    list_resources,
    apply_resource,
    remove_resource,
    apply_meeting_type,
    get_meeting_type_definition,
    list_holidays,
]
