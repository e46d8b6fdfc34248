"""What went wrong, as a page in plain words, with somebody to call where that is known."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response

from api.pages.frame import asked_language, known_organisation
from api.pages.render import page
from kernel.errors import SpreekuurError
from kernel.people import Language

_SAID: Final = frozenset(
    {
        "link-invalid",
        "link-expired",
        "not-found",
        "meeting-type-unknown",
        "foreign-request",
        "unavailable",
    }
)
"""Codes that have words of their own; the others are told apart by their status."""


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a person with a browser asks, not a program."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.url.path.startswith("/v1/")


def as_page(request: Request[Any, Any, Any], error: SpreekuurError) -> Response[str]:
    """Show *error* to a customer."""
    organisation = known_organisation(request)
    settings = organisation.settings if organisation else None
    language = asked_language(request) or (settings.language if settings else _accepted(request))
    server = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    other = "internal" if server else "other"
    return page(
        "error.html",
        language=language,
        formality=settings.formality if settings else "formal",
        status=error.status,
        headers={"Retry-After": "5"} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None,
        organisation=organisation,
        phone=settings.phone if settings else None,
        switch=None,
        code=error.code if error.code in _SAID else other,
        request_id=request.scope["state"].get("request_id", "") if server else None,
    )


def _accepted(request: Request[Any, Any, Any]) -> Language:
    """Return the language of a reader of whom nothing is known but their browser."""
    wished = request.headers.get("accept-language", "").lower()
    dutch, english = wished.find("nl"), wished.find("en")
    return "en" if english >= 0 and (dutch < 0 or english < dutch) else "nl"
