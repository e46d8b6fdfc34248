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
from sqlalchemy.exc import OperationalError

from api.pages.errors import as_page, wants_page
from kernel.errors import FieldError, Invalid, SpreekuurError, Unavailable

log = structlog.get_logger()

TYPES: Final = "https://spreekuur.dev/problems/"
MEDIA_TYPE: Final = "application/problem+json"


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
    return respond(request, from_http(error))


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
        exc_info=error,
    )
    return respond(
        request, SpreekuurError("It is logged under this request_id; nothing was changed.")
    )


def from_http(error: HTTPException) -> SpreekuurError:
    """Return the framework's exception as an error of our tree."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        fields = tuple(_field(entry) for entry in error.extra)
        detail = "; ".join(f"{field.pointer or 'body'}: {field.detail}" for field in fields)
        return Invalid(detail or error.detail, errors=fields)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        malformed = "decod" in error.detail
        return Invalid("The body is not well-formed JSON." if malformed else error.detail)
    answer = SpreekuurError(error.detail or HTTPStatus(error.status_code).phrase)
    answer.status = error.status_code
    answer.title = HTTPStatus(error.status_code).phrase
    answer.code = answer.title.lower().replace(" ", "-")
    if error.status_code == HTTPStatus.NOT_FOUND:
        answer.detail = "There is nothing at this address."
    return answer


def _field(entry: Any) -> FieldError:
    """Turn the framework's ``{message, key, source}`` into a pointer and a sentence."""
    message = str(entry.get("message", "")) if isinstance(entry, dict) else str(entry)
    key = str(entry.get("key", "")) if isinstance(entry, dict) else ""
    source = str(entry.get("source", "")) if isinstance(entry, dict) else ""
    message, _, path = message.partition(" - at ")
    if found := re.search(r"unknown field `([^`]+)`", message):
        key = ".".join(filter(None, [key, found.group(1)]))
    if source == "query" or source.endswith("query"):
        return FieldError(pointer=f"?{key}", detail=message)
    steps = re.findall(r"\.([\w-]+)|\[(\d+|\.\.\.)\]", path.strip("`").removeprefix("$"))
    parts = [name or index for name, index in steps] or [part for part in key.split(".") if part]
    parts = parts[1:] if parts[:1] == ["data"] else parts
    return FieldError(pointer="".join(f"/{part}" for part in parts), detail=message)


HANDLERS: Final[ExceptionHandlersMap] = {
    SpreekuurError: on_spreekuur_error,
    HTTPException: on_http_exception,
    OperationalError: on_database_down,
    ConnectionError: on_database_down,
    Exception: on_anything_else,
}
