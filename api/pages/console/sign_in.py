"""Signing in by a mailed link, and out again."""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

import booking.service
import notifications.service
from api import access, store
from api.access import SIGN_IN_LASTS, Advisor
from api.links import LinkExpired, LinkInvalid
from api.pages.console.session import (
    CONSOLE,
    NEXT,
    ORGANISATION,
    SIGN_IN,
    chosen_language,
    gone_cookie,
    next_path,
    organisation,
    remembered_cookie,
    session_cookie,
    session_cookie_name,
)
from api.pages.console.view import show
from api.pages.posted import posted
from api.wiring import House
from kernel import audit
from kernel.database import act_for
from kernel.errors import NotFound
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import Tenant, find_tenant, get_tenant

_OPEN: Final = {"auth": "open"}
_MINUTES: Final = int(SIGN_IN_LASTS.total_seconds()) // 60


@get(SIGN_IN, include_in_schema=False, opt=_OPEN)
async def choose_organisation(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    organisation: FromQuery[str | None] = None,
) -> Response[Any]:
    """Ask at which organisation somebody works, and bring them to its sign-in page."""
    slug = (organisation or "").strip().lower()
    unknown = None
    if slug:
        try:
            async with house.database.reading() as db:
                tenant = await find_tenant(db, slug)
        except NotFound:
            unknown = slug
        else:
            return Redirect(f"/console/{tenant.slug}", status_code=303)
    return show(
        request,
        "organisation.html",
        language=chosen_language(request) or "nl",
        unknown=unknown,
        status=404 if unknown else 200,
    )


@get("/console/{slug:str}", include_in_schema=False, opt=_OPEN)
async def sign_in_page(
    slug: FromPath[str],
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    sent: FromQuery[bool] = False,
    required: FromQuery[bool] = False,
    ended: FromQuery[bool] = False,
) -> Response[str]:
    """Show an organisation's sign-in form, or that a link is on its way."""
    async with house.database.reading() as db:
        tenant = await find_tenant(db, slug)
    return show(
        request,
        "sign_in.html",
        language=_language(request, tenant),
        cookies=(remembered_cookie(house.settings, ORGANISATION, tenant.slug),),
        tenant=tenant,
        sent=sent,
        required=required,
        ended=ended,
        minutes=_MINUTES,
    )


@post("/console/{slug:str}", include_in_schema=False, opt=_OPEN, status_code=303)
async def ask_for_link(
    slug: FromPath[str],
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Send a sign-in link, if this is an advisor's address; the answer does not tell."""
    async with house.database.reading() as db:
        tenant = await find_tenant(db, slug)
    email = (await posted(request)).get("email", "").strip()
    async with house.database.transaction(tenant.id) as db:
        advisor = await booking.service.find_advisor_by_email(db, tenant.id, email)
        if advisor:
            sign_in = await access.begin_sign_in(db, tenant.id, advisor.id, now=now)
            if sign_in is not None:
                await notifications.service.request_sign_in_mail(
                    db, tenant.id, sign_in=sign_in, advisor=advisor.id, now=now
                )
    return Redirect(f"/console/{tenant.slug}?sent=true", status_code=303)


@get(f"{SIGN_IN}/{{token:str}}", include_in_schema=False, opt=_OPEN)
async def link_page(
    token: FromPath[str],
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show the button that signs in. Mail scanners open links, so opening one uses nothing up."""
    try:
        sign_in = house.links.read_sign_in(token)
        async with house.database.reading() as db:
            await access.check_sign_in(db, sign_in, now=now)
    except (LinkExpired, LinkInvalid) as error:
        return await _link_ended(token, request, house, status=error.status)
    tenant = await _tenant_of(house, sign_in)
    return show(
        request,
        "finish.html",
        language=_language(request, tenant),
        tenant=tenant,
    )


@post(f"{SIGN_IN}/{{token:str}}", include_in_schema=False, opt=_OPEN, status_code=303)
async def use_link(
    token: FromPath[str],
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Use the link up and begin a session."""
    try:
        sign_in = house.links.read_sign_in(token)
        async with house.database.transaction() as db:
            advisor, cookie = await access.finish_sign_in(db, sign_in, now=now)
            await act_for(db, advisor.tenant)
            await audit.note(
                db,
                advisor.tenant,
                actor=advisor.advisor,
                action="console.signed-in",
                subject=advisor.advisor,
                now=now,
            )
            tenant = await get_tenant(db, advisor.tenant)
    except (LinkExpired, LinkInvalid) as error:
        return await _link_ended(token, request, house, status=error.status)
    settings = house.settings
    return Redirect(
        next_path(request),
        status_code=303,
        cookies=[
            session_cookie(settings, cookie),
            remembered_cookie(settings, ORGANISATION, tenant.slug),
            gone_cookie(settings, NEXT),
        ],
    )


@post(
    "/console/sign-out",
    include_in_schema=False,
    opt={"auth": "console"},
    dependencies=CONSOLE,
    status_code=303,
)
async def sign_out(
    advisor: NamedDependency[Advisor],
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """End the session."""
    async with house.database.transaction() as db:
        await access.sign_out(db, advisor.session, now=now)
    slug = organisation(request)
    return Redirect(
        f"/console/{slug}?ended=true" if slug else SIGN_IN,
        status_code=303,
        cookies=[gone_cookie(house.settings, session_cookie_name(house.settings))],
    )


async def _link_ended(
    token: str, request: Request[Any, Any, State], house: House, *, status: int
) -> Response[str]:
    """Say that a link has ended, and where to ask for another."""
    tenant = None
    with suppress(LinkInvalid, NotFound):
        tenant = await _tenant_of(house, house.links.read_sign_in(token))
    slug = tenant.slug if tenant else organisation(request)
    return show(
        request,
        "link_ended.html",
        language=_language(request, tenant),
        status=status,
        tenant=tenant,
        again=f"/console/{slug}" if slug else SIGN_IN,
        minutes=_MINUTES,
    )


async def _tenant_of(house: House, sign_in: Id) -> Tenant:
    async with house.database.reading() as db:
        row = await store.sign_in_by_id(db, sign_in)
        if row is None:
            raise NotFound("There is no such sign-in.")
        return await get_tenant(db, row.tenant_id)


def _language(request: Request[Any, Any, State], tenant: Tenant | None) -> Language:
    own: Language = tenant.settings.language if tenant else "nl"
    return chosen_language(request) or own


HANDLERS: Final = [
    choose_organisation,
    sign_in_page,
    ask_for_link,
    link_page,
    use_link,
    sign_out,
]
