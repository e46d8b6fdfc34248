"""Trying a log-in: what it gives access to, or why it does not."""

import re
from typing import Final

import httpx2

from booking.calendars.advice import ADVICE
from booking.calendars.errors import (
    CalendarNotCaldav,
    CalendarNotFeed,
    CalendarRefused,
    CalendarTooLarge,
    CalendarUnreachable,
)
from booking.calendars.model import LoginInput
from booking.calendars.port import (
    Forbidden,
    Missing,
    Refused,
    Revoked,
    TooLarge,
    Unreachable,
)
from kernel.errors import FieldError, Invalid, Unprocessable
from kernel.outgoing import AddressRefused, Guard, guarded_client

_PAGE: Final = re.compile(rb"\s*(<!doctype\s+html|<html)", re.IGNORECASE)
_HTTPS: Final = re.compile(r"(https|webcals?)://[^/?#@]*([/?#]|$)", re.IGNORECASE)
_REASONS: Final[dict[type[Exception], str]] = {
    Unreachable: "unreachable",
    Revoked: "revoked",
    Refused: "refused",
    Forbidden: "refused",
    TooLarge: "too-large",
}
_POINTERS: Final = {"refused": "/password", "revoked": "/oauth/refresh_token"}
_KINDS: Final[dict[str, type[Unprocessable]]] = {
    "unreachable": CalendarUnreachable,
    "refused": CalendarRefused,
    "revoked": CalendarRefused,
    "too-large": CalendarTooLarge,
}


def check(data: LoginInput) -> None:
    """Make sure that what was entered can be a calendar of its kind.

    Raises:
        Invalid: It cannot; the pointers say which fields contradict each other.
    """
    given = {"/url": data.url, "/username": data.username, "/password": data.password}
    if data.kind == "own":
        for pointer, value in given.items():
            if value is not None:
                _refuse(pointer, "We keep this calendar ourselves; leave this out.")
        if data.auth != "basic":
            _refuse("/auth", "We keep this calendar ourselves; leave this out.")
    if data.oauth is not None and (data.kind != "caldav" or data.auth != "bearer"):
        _refuse("/oauth", "Only a token (auth: bearer) of a CalDAV server is renewed.")
    if data.kind == "own":
        return
    needed = {"feed": ["/url"], "caldav": ["/url", "/username", "/password"]}[data.kind]
    if data.auth == "bearer" and data.kind == "caldav":
        needed = ["/url", "/password"] if data.oauth is None else ["/url"]
    if data.kind == "feed" and data.auth != "basic":
        _refuse("/auth", "A feed takes a name and password (basic), or nothing.")
    missing = [pointer for pointer in needed if given[pointer] is None]
    if missing:
        fields = [
            FieldError(pointer=pointer, detail="This field is required.", code="required")
            for pointer in missing
        ]
        detail = "; ".join(f"{field.pointer}: {field.detail}" for field in fields)
        raise Invalid(detail, errors=tuple(fields))


async def reason_of(problem: Exception, data: LoginInput, guard: Guard) -> str:
    """Return the word for what is wrong with a log-in that did not work."""
    if isinstance(problem, AddressRefused):
        return "private-address" if _HTTPS.match((data.url or "").strip()) else "not-https"
    for kind, reason in _REASONS.items():
        if isinstance(problem, kind):
            return reason
    if str(problem) == "redirect":
        return "redirect"
    if data.kind == "feed" and isinstance(problem, Missing):
        return "nothing-there"
    usual = "not-feed" if data.kind == "feed" else "not-caldav"
    return await _what_is_there(data, guard) or usual


def refusal(reason: str, data: LoginInput, problem: Exception) -> Unprocessable | AddressRefused:
    """Return the error that tells the caller of it."""
    said = ADVICE[reason]["en"]
    if isinstance(problem, AddressRefused):
        return problem
    field = FieldError(pointer=_POINTERS.get(reason, "/url"), detail=said, code=reason)
    kind = _KINDS.get(reason, CalendarNotFeed if data.kind == "feed" else CalendarNotCaldav)
    return kind(said, errors=(field,), reason=reason)


async def _what_is_there(data: LoginInput, guard: Guard) -> str | None:
    """Look what a stranger gets at an address where no calendar was found."""
    try:
        async with guarded_client(guard, timeout=15) as client:
            answer = await client.get(re.sub(r"^webcals?:", "https:", (data.url or "").strip()))
    except Exception:  # noqa: BLE001  # whatever it is, it tells us nothing more
        return None
    media_type = answer.headers.get("content-type", "")
    if data.kind == "caldav" and answer.content.lstrip().upper().startswith(b"BEGIN:VCALENDAR"):
        return "feed"
    if answer.status_code == httpx2.codes.OK and (
        "text/html" in media_type or _PAGE.match(answer.content)
    ):
        return "web-page"
    return None


def _refuse(pointer: str, detail: str) -> None:
    raise Invalid(f"{pointer}: {detail}", errors=(FieldError(pointer=pointer, detail=detail),))
