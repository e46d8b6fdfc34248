"""Whose page it is, in which language, and the frame around every page for customers."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response
from litestar.datastructures import State
from litestar.response import Redirect
from msgspec import Struct

from api.links import LinkInvalid, Links
from api.pages.render import LANGUAGES, page
from api.self_service import Visit
from api.wiring import House
from kernel.errors import NotFound
from kernel.ids import Id
from kernel.people import Formality, Language
from kernel.tenancy import Tenant, find_tenant, get_tenant

PageRequest = Request[Any, Any, State]

_REMEMBERED: Final = "organisation"
LANGUAGE_NAMES: Final[Mapping[Language, str]] = {"nl": "Nederlands", "en": "English"}


class Reader(Struct, frozen=True, kw_only=True):
    """Who reads a page, as far as its words depend on it."""

    organisation: Tenant
    language: Language
    formality: Formality


def visitor(visit: Visit) -> Reader:
    """Return the reader of a page that a link opened."""
    return Reader(organisation=visit.tenant, language=visit.language, formality=visit.formality)


def stranger(request: PageRequest, organisation: Tenant) -> Reader:
    """Return the reader of an open page: in the language of its address, or the house's own."""
    settings = organisation.settings
    return Reader(
        organisation=organisation,
        language=asked_language(request) or settings.language,
        formality=settings.formality,
    )


def asked_language(request: PageRequest) -> Language | None:
    """Return the language that the address asks for."""
    wish = request.query_params.get("lang")
    return next((language for language in LANGUAGES if language == wish), None)


def customer_page(
    template: str,
    reader: Reader,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response[str]:
    """Render a page for customers."""
    return page(
        template,
        language=reader.language,
        formality=reader.formality,
        status=status,
        headers=headers,
        organisation=reader.organisation,
        phone=reader.organisation.settings.phone,
        **{"switch": None, **values},
    )


def go_to(path: str) -> Redirect:
    """Send the browser on with a GET, so that reloading the page repeats nothing.

    The path has no host: a form may only lead to the origin it came from, redirects included.
    """
    return Redirect(path, status_code=303)


# --- whose page it is ----------------------------------------------------------------------------


async def know_organisation(request: PageRequest) -> None:
    """Remember whose page is asked for, so that an error page can say whom to call."""
    house: House = request.app.state["house"]
    slug = request.path_params.get("tenant")
    named = None if slug else _named_in_link(house.links, str(request.path_params.get("token")))
    if not slug and not named:
        return
    async with house.database.reading() as db:
        try:
            found = await (find_tenant(db, slug) if slug else get_tenant(db, named or ""))
        except NotFound:
            return
    request.scope["state"][_REMEMBERED] = found


def known_organisation(request: PageRequest) -> Tenant | None:
    """Return whose page was asked for, if that is known."""
    found: Tenant | None = request.scope["state"].get(_REMEMBERED)
    return found


def organisation(request: PageRequest) -> Tenant:
    """Return whose page was asked for.

    Raises:
        NotFound: Nobody's.
    """
    found = known_organisation(request)
    if found is None:
        raise NotFound("There is no organisation at this address.")
    return found


def _named_in_link(links: Links, token: str) -> Id | None:
    try:
        return links.read_booking(token, "manage", "intake").tenant
    except LinkInvalid:
        pass
    try:
        return links.read_stop(token).tenant
    except LinkInvalid:
        return None
