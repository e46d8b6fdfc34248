"""Errors as pages: what an advisor sees when something cannot be done."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from api import problems
from api.pages.console.session import chosen_language, to_sign_in
from api.pages.console.view import show
from api.pages.posted import ForeignForm
from api.wiring import House
from kernel.errors import SpreekuurError, Unauthenticated

_KINDS: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.GONE: "conflict",
}


def on_unauthenticated(request: Request[Any, Any, State], _: Unauthenticated) -> Response[Any]:
    """Send whoever is not signed in to the page where they can."""
    return to_sign_in(request)


def on_spreekuur_error(request: Request[Any, Any, State], error: SpreekuurError) -> Response[str]:
    """Say what could not be done, without the words meant for programs."""
    house: House = request.app.state["house"]
    return show(
        request,
        "problem.html",
        language=chosen_language(request) or "nl",
        status=error.status,
        kind=_kind(error),
        address=f"{house.settings.public_url}/console",
        request_id=request.scope["state"].get("request_id", ""),
    )


def on_http_exception(request: Request[Any, Any, State], error: HTTPException) -> Response[str]:
    """Say the same of what the framework refused."""
    return on_spreekuur_error(request, problems.from_http(error))


def _kind(error: SpreekuurError) -> str:
    if isinstance(error, ForeignForm):
        return "foreign"
    return _KINDS.get(error.status, "other")


HANDLERS: Final[ExceptionHandlersMap] = {
    Unauthenticated: on_unauthenticated,
    SpreekuurError: on_spreekuur_error,
    HTTPException: on_http_exception,
}
