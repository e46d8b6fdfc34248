"""Calls about advisors' own calendars. They talk to the outside, so they hold no transaction."""

import hashlib
from typing import Any, Final, Literal

from litestar import Request, Response, delete, get, patch, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from api.access import Caller
from api.dependencies import OUTSIDE, SECRET_KEY, OnceOutside
from api.links import NO_FEED, FeedLink, LinkInvalid
from api.problems import problems
from api.wire.lists import Page
from api.wire.organisation import AccountView, FeedView, RoleBody, account_view
from api.wiring import House
from booking.calendars.model import (
    AddressesInput,
    ConnectInput,
    EntryInput,
    LoginInput,
    OwnEntry,
    Trial,
)
from booking.calendars.published import PublishedHours
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
    """Connect an advisor's calendar and read it for the first time."""

    async def connect() -> AccountView:
        try:
            return account_view(await house.calendars.connect(caller.tenant, data))
        except AddressRefused as refused:
            field = FieldError(pointer="/url", detail=refused.detail)
            raise AddressRefused(refused.detail, errors=refused.errors or (field,)) from refused

    return await once(connect, status=201)


@post(
    "/v1/calendars/test",
    operation_id="test_calendar",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["calendars"],
)
async def test_calendar(
    data: JSONBody[LoginInput],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    once: NamedDependency[OnceOutside],
) -> Response[Trial]:
    """Try a log-in without connecting it: its calendars, or what is wrong and what to do."""
    return await once(lambda: house.calendars.try_out(data), status=200)


@delete(
    "/v1/calendars/{account_id:str}",
    operation_id="disconnect_calendar",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def disconnect_calendar(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    entries: FromQuery[Literal["keep", "remove"]] = "keep",
) -> None:
    """Forget an account and all that is known of its calendars; bookings stand."""
    await house.calendars.disconnect(caller.tenant, account_id, entries=entries)


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


@patch(
    "/v1/calendars/{account_id:str}",
    operation_id="set_calendar_addresses",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def set_calendar_addresses(
    account_id: FromPath[str],
    data: JSONBody[AddressesInput],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> AccountView:
    """Say by which addresses, besides those known, an advisor's own answers are known."""
    return account_view(
        await house.calendars.set_addresses(caller.tenant, account_id, data.addresses)
    )


@get(
    "/v1/calendars/{account_id:str}/availability",
    operation_id="get_calendar_availability",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def get_calendar_availability(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> PublishedHours:
    """Show the hours that an advisor publishes in their own calendar, and what they close."""
    return await house.calendars.hours(caller.tenant, account_id)


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


# --- calendars that we keep ----------------------------------------------------------------------


@get(
    "/v1/calendars/{account_id:str}/entries",
    operation_id="list_calendar_entries",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def list_calendar_entries(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> Page[OwnEntry]:
    """List what an advisor entered in a calendar that we keep."""
    return Page(items=await house.calendars.own.entries(caller.tenant, account_id))


@post(
    "/v1/calendars/{account_id:str}/entries",
    operation_id="add_calendar_entry",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def add_calendar_entry(
    account_id: FromPath[str],
    data: JSONBody[EntryInput],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    once: NamedDependency[OnceOutside],
) -> Response[OwnEntry]:
    """Keep a stretch of time free of bookings."""
    return await once(lambda: house.calendars.own.add(caller.tenant, account_id, data), status=201)


@put(
    "/v1/calendars/{account_id:str}/entries/{entry_id:str}",
    operation_id="change_calendar_entry",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def change_calendar_entry(
    account_id: FromPath[str],
    entry_id: FromPath[str],
    data: JSONBody[EntryInput],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> OwnEntry:
    """Put another stretch of time, or another title, in an entry's place."""
    return await house.calendars.own.change(caller.tenant, account_id, entry_id, data)


@delete(
    "/v1/calendars/{account_id:str}/entries/{entry_id:str}",
    operation_id="remove_calendar_entry",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def remove_calendar_entry(
    account_id: FromPath[str],
    entry_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> None:
    """Give a stretch of time free again."""
    await house.calendars.own.remove(caller.tenant, account_id, entry_id)


@post(
    "/v1/calendars/{account_id:str}/feed",
    operation_id="renew_calendar_feed",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def renew_calendar_feed(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    once: NamedDependency[OnceOutside],
) -> Response[FeedView]:
    """Make a secret link to a calendar that we keep; the link before it ends."""

    async def renew() -> FeedView:
        generation = await house.calendars.own.renew_feed(caller.tenant, account_id)
        link = FeedLink(tenant=caller.tenant, account=account_id, generation=generation)
        return FeedView(url=house.links.feed_url(link))

    return await once(renew, status=201)


@delete(
    "/v1/calendars/{account_id:str}/feed",
    operation_id="revoke_calendar_feed",
    dependencies=OUTSIDE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["calendars"],
)
async def revoke_calendar_feed(
    account_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
) -> None:
    """End the link to a calendar that we keep."""
    await house.calendars.own.renew_feed(caller.tenant, account_id)


async def _provide_feed_link(file: FromPath[str], house: NamedDependency[House]) -> FeedLink:
    token, dot, kind = file.rpartition(".")
    if (dot, kind) != (".", "ics"):
        raise LinkInvalid(NO_FEED)
    return house.links.read_feed(token)


@get(
    "/calendars/{file:str}",
    dependencies={"link": Provide(_provide_feed_link)},
    opt={"auth": "link"},
    include_in_schema=False,
    media_type="text/calendar",
)
async def read_calendar_feed(
    request: Request[Any, Any, State],
    link: NamedDependency[FeedLink],
    house: NamedDependency[House],
) -> Response[bytes | None]:
    """Show a calendar that we keep to a calendar program."""
    body = await house.calendars.own.feed(link.tenant, link.account, link.generation)
    if body is None:
        raise LinkInvalid(NO_FEED)
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {
        "ETag": etag,
        # It may be kept, but not shown again without asking: a link can end at any moment.
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
    }
    asked = request.headers.get("if-none-match", "")
    known = {each.strip().removeprefix("W/") for each in asked.split(",")}
    if etag in known or "*" in known:
        return Response(None, status_code=304, headers=headers, media_type="text/calendar")
    return Response(body, headers=headers, media_type="text/calendar")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_calendars,
    connect_calendar,
    test_calendar,
    disconnect_calendar,
    set_calendar_role,
    set_calendar_addresses,
    get_calendar_availability,
    sync_calendar,
    get_calendar_status,
    list_calendar_entries,
    add_calendar_entry,
    change_calendar_entry,
    remove_calendar_entry,
    renew_calendar_feed,
    revoke_calendar_feed,
    read_calendar_feed,
]
