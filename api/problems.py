"""Every error a caller meets, as an RFC 9457 problem document with a stable type."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from api.pages.errors import as_page, wants_page
from kernel.errors import FieldError, Invalid, NotFound, SpreekuurError, Unavailable

log = structlog.get_logger()

TYPES: Final = "https://spreekuur.dev/problems/"
MEDIA_TYPE: Final = "application/problem+json"

_DOWN: Final = ("08", "40", "53", "57")
"""Classes of SQLSTATE: no connection, rolled back, no room, shut down by an operator."""

_MISSING: Final = re.compile(r"Missing required query parameter '([^']+)'")
_FRAMEWORK: Final = {
    404: ("not-found", NotFound.title, "There is nothing at this address."),
    405: ("method-not-allowed", "Not at this address", "This address takes other methods."),
    413: (
        "body-too-large",
        "The body is too large",
        "Send at most 256 kilobytes, or one megabyte of a received mail.",
    ),
}
"""What the framework refuses by itself: type, title and detail by status."""


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, where, and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    alternatives: list[datetime] | UnsetType = UNSET
    occurrence: int | UnsetType = UNSET
    start: datetime | UnsetType = UNSET


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the problem documents a handler can answer with, for the API description."""
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
        )
        for status in statuses
    }


def respond(request: Request[Any, Any, Any], error: SpreekuurError) -> Response[Any]:
    """Answer with the problem document of *error*, or with a page where a person asks."""
    if wants_page(request):
        return as_page(request, error)
    problem = Problem(
        type=TYPES + error.code,
        title=error.title,
        status=error.status,
        detail=error.detail,
        request_id=request.scope["state"].get("request_id", ""),
        errors=list(error.errors) or UNSET,
        reason=error.extra.get("reason", UNSET),
        alternatives=error.extra.get("alternatives", UNSET),
        occurrence=error.extra.get("occurrence", UNSET),
        start=error.extra.get("start", UNSET),
    )
    headers = {"Retry-After": "5"} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(problem),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def on_spreekuur_error(request: Request[Any, Any, Any], error: SpreekuurError) -> Response[Any]:
    """Answer with an error of our own tree."""
    return respond(request, error)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer with what the framework found wrong, in our own words."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_anything_else(request, error)
    return respond(request, from_http(error, request))


def on_database_error(request: Request[Any, Any, Any], error: DBAPIError) -> Response[Any]:
    """Answer that the database is down if that is what is wrong, or else without details."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if error.connection_invalidated or state.startswith(_DOWN):
        return on_database_down(request, error)
    return on_anything_else(request, error)


def on_database_down(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer that a part we need is down; nothing has been changed."""
    log.error("database.unavailable", problem=type(error).__name__)
    return respond(
        request, Unavailable("A part of the service is down. Nothing was changed; try again.")
    )


def on_anything_else(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer without details, and log the kind of error with the request's id."""
    if isinstance(error, RecursionError):
        return respond(request, Invalid("The JSON is nested too deeply."))
    log.error(
        "request.failed",
        request_id=request.scope["state"].get("request_id", ""),
        problem=type(error).__name__,
        # A database error quotes the values it was given: names, addresses, amounts.
        exc_info=None if isinstance(error, SQLAlchemyError) else error,
    )
    return respond(
        request, SpreekuurError("It is logged under this request_id; nothing was changed.")
    )


def from_http(
    error: HTTPException, request: Request[Any, Any, Any] | None = None
) -> SpreekuurError:
    """Return the framework's exception as an error of our tree; *request* helps to name fields."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        handler = request.scope.get("route_handler") if request else None
        fields = tuple(_parameter(handler, entry) for entry in error.extra)
        detail = "; ".join(f"{field.pointer}: {field.detail}" for field in fields)
        return Invalid(detail, errors=fields)
    if missing := _MISSING.search(error.detail):
        field = FieldError(pointer=f"?{missing[1]}", detail="This is required.", code="required")
        return Invalid(f"{field.pointer}: {field.detail}", errors=(field,))
    answer = SpreekuurError(error.detail)
    answer.status = error.status_code
    answer.code, answer.title, answer.detail = _FRAMEWORK.get(
        error.status_code, ("invalid-request", Invalid.title, error.detail)
    )
    return answer


def _parameter(handler: Any, entry: Any) -> FieldError:
    """Turn the framework's ``{message, key}`` about a parameter into a pointer and a sentence."""
    name, _, _ = str(entry.get("key", "")).partition(".")
    known = handler.parsed_fn_signature.parameters.get(name) if handler else None
    # A parameter may be called otherwise on the wire than in Python.
    name = getattr(known.kwarg_definition, "name", None) or name if known else name
    return FieldError(pointer=f"?{name}", detail=str(entry.get("message", "Is not right.")))


HANDLERS: Final[ExceptionHandlersMap] = {
    SpreekuurError: on_spreekuur_error,
    HTTPException: on_http_exception,
    DBAPIError: on_database_error,
    OperationalError: on_database_down,
    InterfaceError: on_database_down,
    PoolExhausted: on_database_down,
    OSError: on_database_down,
    Exception: on_anything_else,
}
