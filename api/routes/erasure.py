"""Calls about erasing customers, and giving them what is known of them."""

from datetime import datetime
from typing import Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

from api import erasing as desk
from api.access import Caller
from api.dependencies import SECRET_KEY, SERVER, Once
from api.erasing import ErasureInput, ErasurePlan, Export, SignedReceipt
from api.problems import problems
from api.wire.lists import Page
from context import erasing
from context.erasure import HoldInput, LegalHold

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/customers/{customer_id:str}/erasure-plan",
    operation_id="plan_erasure",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def plan_erasure(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> ErasurePlan:
    """Tell what stands in the way of erasing a customer; nothing is changed."""
    return await desk.plan(db, caller.tenant, customer_id, now=now)


@post(
    "/v1/customers/{customer_id:str}/erase",
    operation_id="erase_customer",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def erase_customer(
    customer_id: FromPath[str],
    data: JSONBody[ErasureInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[SignedReceipt]:
    """Erase all that is known of a customer, for good, and give the receipt."""
    return await once(
        lambda: desk.erase(db, caller.tenant, customer_id, data, now=now, by=caller.key),
        status=200,
    )


@get(
    "/v1/customers/{customer_id:str}/erasure",
    operation_id="get_erasure",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def get_erasure(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> SignedReceipt:
    """Return the receipt of a customer who was erased, checked anew."""
    return await desk.receipt_of(db, caller.tenant, customer_id)


@post(
    "/v1/customers/{customer_id:str}/export",
    operation_id="export_customer",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
    status_code=200,
)
async def export_customer(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Export:
    """Return all that is known of a customer, and who looked; that this was asked for is noted."""
    return await desk.export(db, caller.tenant, customer_id, now=now, by=caller.key)


@get(
    "/v1/customers/{customer_id:str}/legal-holds",
    operation_id="list_legal_holds",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def list_legal_holds(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Page[LegalHold]:
    """List the reasons there are and were to keep what is known of a customer."""
    return Page(items=await erasing.holds_of(db, caller.tenant, customer_id))


@post(
    "/v1/customers/{customer_id:str}/legal-holds",
    operation_id="place_legal_hold",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def place_legal_hold(
    customer_id: FromPath[str],
    data: JSONBody[HoldInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[LegalHold]:
    """Keep what is known of a customer from being erased, for a reason."""
    return await once(
        lambda: erasing.place_hold(db, caller.tenant, customer_id, data, now=now, by=caller.key)
    )


@delete(
    "/v1/customers/{customer_id:str}/legal-holds/{legal_hold_id:str}",
    operation_id="lift_legal_hold",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def lift_legal_hold(
    customer_id: FromPath[str],
    legal_hold_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """Let a legal hold no longer stand in the way."""
    await erasing.lift_hold(db, caller.tenant, customer_id, legal_hold_id, now=now, by=caller.key)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    plan_erasure,
    erase_customer,
    get_erasure,
    export_customer,
    list_legal_holds,
    place_legal_hold,
    lift_legal_hold,
]
