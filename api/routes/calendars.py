"""Calls about advisors' own calendars. They talk to the outside, so they hold no transaction."""

from typing import Final

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from api.access import Caller
from api.dependencies import OUTSIDE, SECRET_KEY, OnceOutside
from api.problems import problems
from api.wire.lists import Page
from api.wire.organisation import AccountView, RoleBody, account_view
from api.wiring import House
from booking.calendars.model import ConnectInput
from kernel.errors import FieldError
from kernel.ids import Id
from kernel.outgoing import AddressRefused

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/calendars",
    operation_id="list_calendars",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def list_calendars(
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    advisor: FromQuery[Id | None] = None,
) -> Page[AccountView]:
    """List connected calendar accounts."""
    accounts = await house.calendars.list_accounts(caller.tenant, advisor)
    return Page(items=[account_view(account) for account in accounts])


@post(
    "/v1/calendars",
    operation_id="connect_calendar",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def connect_calendar(
    data: JSONBody[ConnectInput],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    once: NamedDependency[OnceOutside],
) -> Response[AccountView]:
    """Connect an advisor's CalDAV account and read it for the first time."""

    async def connect() -> AccountView:
        try:
            return account_view(await house.calendars.connect(caller.tenant, data))
        except AddressRefused as refused:
            field = FieldError(pointer="/url", detail=refused.detail)
            raise AddressRefused(refused.detail, errors=(field,)) from refused

    return await once(connect, status=201)


@patch(
    "/v1/calendars/{account_id:str}/collections/{collection_id:str}",
    operation_id="set_calendar_role",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def set_calendar_role(
    account_id: FromPath[str],
    collection_id: FromPath[str],
    data: JSONBody[RoleBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> AccountView:
    """Say what one calendar is used for: busy, target or ignore."""
    return account_view(
        await house.calendars.set_role(caller.tenant, account_id, collection_id, data.role)
    )


@post(
    "/v1/calendars/{account_id:str}/sync",
    operation_id="sync_calendar",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["calendars"],
)
async def sync_calendar(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    once: NamedDependency[OnceOutside],
) -> Response[AccountView]:
    """Read the calendars of an account now."""

    async def sync() -> AccountView:
        return account_view(await house.calendars.sync(caller.tenant, account_id))

    return await once(sync, status=200)


@get(
    "/v1/calendars/{account_id:str}/status",
    operation_id="get_calendar_status",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def get_calendar_status(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> AccountView:
    """Show how fresh an account's calendars are, and what is wrong with them."""
    return account_view(await house.calendars.status(caller.tenant, account_id))


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_calendars,
    connect_calendar,
    set_calendar_role,
    sync_calendar,
    get_calendar_status,
]
