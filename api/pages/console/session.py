"""Who sits at the screen: cookies, the session behind them, and requests from elsewhere."""

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect
from msgspec import Struct

import booking.service
from api import access
from api.access import Advisor
from api.pages.console.words import LANGUAGES
from api.pages.posted import ForeignForm
from api.settings import Settings
from api.wiring import House
from booking.organisation import Advisor as AdvisorOnFile
from kernel.people import Language
from kernel.tenancy import Tenant, get_tenant

ORGANISATION: Final = "spreekuur-organisation"
"""Cookie: the slug of the organisation that was signed in to last; it opens nothing."""

LANGUAGE: Final = "spreekuur-language"
"""Cookie: the language this browser reads in."""

NEXT: Final = "spreekuur-next"
"""Cookie: the page that was asked for before signing in."""

SIGN_IN: Final = "/console/sign-in"

_REMEMBERED: Final = 180 * 24 * 3600
_NEXT_LASTS: Final = 30 * 60
_BRIEF: Final = re.compile(r"/console/bookings/bkg_[0-9a-z]{1,40}(/print)?")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Screen(Struct, frozen=True, kw_only=True):
    """An advisor at their screen: who looks, for which organisation, in which language."""

    seat: Advisor
    tenant: Tenant
    person: AdvisorOnFile
    language: Language


# --- cookies -------------------------------------------------------------------------------------


def session_cookie_name(settings: Settings) -> str:
    """Return the session cookie's name; over https its prefix binds it to this host alone."""
    return "__Host-spreekuur-session" if _secure(settings) else "spreekuur-session"


def session_cookie(settings: Settings, value: str) -> Cookie:
    """Return the cookie that holds a session; it goes when the browser closes."""
    return _cookie(settings, session_cookie_name(settings), value)


def remembered_cookie(settings: Settings, name: str, value: str) -> Cookie:
    """Return a cookie with a harmless preference, kept for half a year."""
    return _cookie(settings, name, value, max_age=_REMEMBERED)


def next_cookie(settings: Settings, path: str) -> Cookie:
    """Return the cookie that brings an advisor back to *path* after signing in."""
    return _cookie(settings, NEXT, path, max_age=_NEXT_LASTS)


def gone_cookie(settings: Settings, name: str) -> Cookie:
    """Return a cookie that takes the one of this name away."""
    return _cookie(settings, name, "", max_age=0)


def next_path(request: Request[Any, Any, State]) -> str:
    """Return where an advisor wanted to go before signing in, or else the first screen."""
    path = request.cookies.get(NEXT, "")
    return path if _BRIEF.fullmatch(path) else "/console"


def organisation(request: Request[Any, Any, State]) -> str | None:
    """Return the slug of the organisation this browser signed in to last."""
    slug = request.cookies.get(ORGANISATION, "")
    return slug if _SLUG.fullmatch(slug) else None


def chosen_language(request: Request[Any, Any, State]) -> Language | None:
    """Return the language that this request, or this browser before it, asked for."""
    for wish in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
        for language in LANGUAGES:
            if wish == language:
                return language
    return None


def _cookie(settings: Settings, name: str, value: str, *, max_age: int | None = None) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=max_age,
        path="/",
        secure=_secure(settings),
        httponly=True,
        samesite="lax",
    )


def _secure(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")


# --- what handlers ask for -----------------------------------------------------------------------


async def provide_seat(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Advisor:
    """Return who is signed in; this keeps their session from falling asleep.

    Raises:
        Unauthenticated: Nobody is.
    """
    cookie = request.cookies.get(session_cookie_name(house.settings))
    async with house.database.transaction() as db:
        return await access.resume_session(db, cookie, now=now)


async def provide_screen(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    advisor: NamedDependency[Advisor],
) -> Screen:
    """Return the screen of whoever is signed in.

    Its transaction is over before the handler begins, so a handler may open its own, or wait for
    a calendar server, without a second connection in hand.
    """
    async with house.database.reading(advisor.tenant) as db:
        person = await booking.service.get_advisor(db, advisor.tenant, advisor.advisor)
        tenant = await get_tenant(db, advisor.tenant)
    own: Language = "nl" if "nl" in person.languages else "en"
    return Screen(
        seat=advisor, tenant=tenant, person=person, language=chosen_language(request) or own
    )


CONSOLE: Final = {"advisor": Provide(provide_seat), "screen": Provide(provide_screen)}
"""Dependencies of pages for advisors who have signed in."""


# --- requests from elsewhere ---------------------------------------------------------------------


def refuse_foreign(request: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a form that another website sent.

    A session rests on a cookie, which browsers add by themselves, so this is stricter than what
    pages behind a link need: newer browsers tell where a form comes from in ``Sec-Fetch-Site``,
    all others in ``Origin``, and a request that tells neither is refused as well.

    Raises:
        ForeignForm: It did not come from a page of ours.
    """
    if request.scope.get("method") in {"GET", "HEAD"}:
        return
    house: House = request.app.state["house"]
    ours = urlsplit(house.settings.public_url)
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    same_site = site in {"same-origin", "none"} or (site is None and origin is not None)
    if not same_site or origin not in {None, f"{ours.scheme}://{ours.netloc}"}:
        raise ForeignForm(f"Open {house.settings.public_url}/console and try it there.")


def to_sign_in(request: Request[Any, Any, State]) -> Redirect:
    """Send whoever is not signed in to where they can; a brief they asked for is remembered."""
    house: House = request.app.state["house"]
    slug = organisation(request)
    target = f"/console/{slug}?required=true" if slug else SIGN_IN
    wanted = request.url.path
    cookies = [next_cookie(house.settings, wanted)] if _BRIEF.fullmatch(wanted) else []
    return Redirect(target, status_code=303, cookies=cookies)
