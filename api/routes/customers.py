"""Calls about forms, customers, what is known of them, and the brief."""

from datetime import datetime
from typing import Any, Final

from litestar import Request, Response, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from api.access import Caller
from api.booking_desk import purpose_at
from api.brief import brief_of
from api.brief_page import brief_page
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.lists import Page
from api.wire.organisation import ConsentsChange, ConsentsView, FactsView
from context.model import Brief, Customer, Form, FormDefinition
from kernel.errors import FieldError, Invalid
from kernel.people import Language
from kernel.tenancy import get_tenant

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/forms",
    operation_id="list_forms",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def list_forms(
    caller: NamedDependency[Caller], db: NamedDependency[AsyncConnection]
) -> Page[Form]:
    """List the published version of every form."""
    return Page(items=await context.service.list_forms(db, caller.tenant))


@post(
    "/v1/forms/{slug:str}/publish",
    operation_id="publish_form",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def publish_form(
    slug: FromPath[str],
    data: JSONBody[FormDefinition],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Form]:
    """Publish a form as its next version; intakes that are under way keep theirs.

    Raises:
        Invalid: The form names another slug than the address.
    """
    if data.slug != slug:
        raise Invalid(
            "The form's slug differs from the one in the address.",
            errors=(FieldError(pointer="/slug", detail=f"Must be {slug}."),),
        )
    return await once(
        lambda: context.service.publish_form(db, caller.tenant, data, now=now, by=caller.key)
    )


@get(
    "/v1/customers/{customer_id:str}",
    operation_id="get_customer",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def get_customer(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Customer:
    """Show a customer."""
    return await context.service.get_customer(db, caller.tenant, customer_id)


@get(
    "/v1/customers/{customer_id:str}/facts",
    operation_id="list_facts",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def list_facts(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> FactsView:
    """List what is known of a customer, each fact with its source."""
    await context.service.get_customer(db, caller.tenant, customer_id)
    return FactsView(items=await context.service.facts_of(db, caller.tenant, customer_id))


@get(
    "/v1/customers/{customer_id:str}/consents",
    operation_id="get_customer_consents",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def get_customer_consents(
    customer_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    lang: FromQuery[Language | None] = None,
) -> ConsentsView:
    """Show what a customer agrees to."""
    return await _consents(db, caller, customer_id, lang)


@put(
    "/v1/customers/{customer_id:str}/consents",
    operation_id="set_customer_consents",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["customers"],
)
async def set_customer_consents(
    customer_id: FromPath[str],
    data: JSONBody[ConsentsChange],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    lang: FromQuery[Language | None] = None,
) -> ConsentsView:
    """Record what a customer agreed to with an employee; it holds from this moment."""
    customer = await context.service.get_customer(db, caller.tenant, customer_id)
    tenant = await get_tenant(db, caller.tenant)
    for index, choice in enumerate(data.consents):
        with purpose_at(index):
            await context.service.set_consent(
                db,
                caller.tenant,
                customer.id,
                choice.purpose,
                given=choice.given,
                language=lang or customer.language or tenant.settings.language,
                channel="api",
                now=now,
            )
    return await _consents(db, caller, customer_id, lang)


@get(
    "/v1/bookings/{booking_id:str}/brief",
    operation_id="get_brief",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses={200: ResponseSpec(Brief, generate_examples=False), **_PROBLEMS},
    tags=["bookings"],
)
async def get_brief(
    booking_id: FromPath[str],
    request: Request[Any, Any, State],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    lang: FromQuery[Language | None] = None,
) -> Response[Any]:
    """Show the brief of a booking, as its own advisor would see it; this marks nothing as read.

    Who accepts HTML rather than JSON gets a page.
    """
    tenant = await get_tenant(db, caller.tenant)
    language = lang or tenant.settings.language
    if request.accept.best_match(["application/json", "text/html"]) == "text/html":
        return await brief_page(db, request, tenant, booking_id, language=language, now=now)
    brief = await brief_of(db, tenant.id, booking_id, language=language, now=now)
    return Response(brief, headers={"Vary": "Accept"})


async def _consents(
    db: AsyncConnection, caller: Caller, customer_id: str, lang: Language | None
) -> ConsentsView:
    customer = await context.service.get_customer(db, caller.tenant, customer_id)
    tenant = await get_tenant(db, caller.tenant)
    language = lang or customer.language or tenant.settings.language
    found = await context.service.consents(db, caller.tenant, customer.id, language=language)
    return ConsentsView(consents=found)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_forms,
    publish_form,
    get_customer,
    list_facts,
    get_customer_consents,
    set_customer_consents,
    get_brief,
]
