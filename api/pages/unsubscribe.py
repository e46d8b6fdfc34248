"""Stopping one kind of message by the link at its foot, or by a mail program's own button."""

from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from api.links import StopLink
from api.pages.frame import PageRequest, Reader, customer_page, know_organisation
from api.pages.posted import posted, refuse_foreign
from api.wiring import House
from kernel.tenancy import get_tenant

_LINK: Final = {"auth": "link"}


@get(
    "/unsubscribe/{token:str}",
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
)
async def ask_to_stop(token: FromPath[str], house: NamedDependency[House]) -> Response[str]:
    """Show which messages would stop. Mail scanners follow links, so this stops nothing."""
    link = house.links.read_stop(token)
    async with house.database.reading(link.tenant) as db:
        reader = await _reader(db, link)
        standing = await context.service.consented(db, link.tenant, link.customer, link.purpose)
    return customer_page(
        "unsubscribe.html",
        reader,
        token=token,
        purpose=link.purpose,
        stopped=standing is None,
        done=False,
    )


@post(
    "/unsubscribe/{token:str}",
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
    status_code=200,
)
async def stop(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Stop these messages at once.

    Mail programs send ``List-Unsubscribe=One-Click`` from their own website (RFC 8058), so only
    a form without it has to come from our page.
    """
    link = house.links.read_stop(token)
    if not await _one_click(request):
        refuse_foreign(request, request.route_handler)
    async with house.database.transaction(link.tenant) as db:
        reader = await _reader(db, link)
        if await context.service.consented(db, link.tenant, link.customer, link.purpose):
            await context.service.set_consent(
                db,
                link.tenant,
                link.customer,
                link.purpose,
                given=False,
                language=reader.language,
                channel="email",
                now=now,
            )
    return customer_page(
        "unsubscribe.html", reader, token=token, purpose=link.purpose, stopped=True, done=True
    )


async def _one_click(request: PageRequest) -> bool:
    # RFC 8058, section 3.1: the body may be multipart/form-data or a plain form.
    if request.content_type[0] == "multipart/form-data":
        values: Any = await request.form()
    else:
        values = await posted(request)
    return bool(values.get("List-Unsubscribe") == "One-Click")


async def _reader(db: AsyncConnection, link: StopLink) -> Reader:
    tenant = await get_tenant(db, link.tenant)
    customer = await context.service.get_customer(db, link.tenant, link.customer)
    return Reader(
        organisation=tenant,
        language=customer.language or tenant.settings.language,
        formality=customer.formality or tenant.settings.formality,
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [ask_to_stop, stop]
