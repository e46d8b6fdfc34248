"""One tree of errors; each has a stable code that becomes the problem document's type.

SpreekuurError
├── Invalid          400  what was sent cannot be understood or is not allowed to be asked
├── Unauthenticated  401  who asks is not known
├── Forbidden        403  who asks is known, and may not
├── NotFound         404  there is no such thing, or none that this caller may see
├── Conflict         409  what was asked clashes with what stands now
├── Gone             410  it was there, and has ended
├── Unprocessable    422  understood, but it contradicts itself or an earlier request
└── Unavailable      503  something we depend on does not answer; trying again may help

Rooms derive their own errors from these, in their ``errors.py``.
"""

from typing import Any

from msgspec import Struct


class FieldError(Struct, frozen=True, kw_only=True):
    """What is wrong with one field, and where.

    ``pointer`` is an RFC 6901 JSON pointer into the request body, or ``?name`` for a query
    parameter.
    """

    pointer: str
    detail: str
    code: str = "invalid"


class SpreekuurError(Exception):
    """Something a caller can be told about."""

    status: int = 500
    code: str = "internal"
    title: str = "Something went wrong on our side"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: tuple[FieldError, ...] = (),
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.extra = extra
        if code is not None:
            self.code = code


class Invalid(SpreekuurError, ValueError):
    """What was sent cannot be understood, or may not be asked.

    It is a ValueError, so that a value which refuses itself while it is decoded is told apart by
    where it stands.
    """

    status = 400
    code = "invalid-request"
    title = "The request is not valid"


class Unauthenticated(SpreekuurError):
    """Who asks is not known."""

    status = 401
    code = "unauthenticated"
    title = "Sign in or send a valid key"


class Forbidden(SpreekuurError):
    """Who asks is known, and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(SpreekuurError):
    """There is no such thing, or none that this caller may see."""

    status = 404
    code = "not-found"
    title = "Not found"


class Conflict(SpreekuurError):
    """What was asked clashes with what stands now."""

    status = 409
    code = "conflict"
    title = "In conflict with the present state"


class Gone(SpreekuurError):
    """It was there, and has ended."""

    status = 410
    code = "gone"
    title = "No longer available"


class Unprocessable(SpreekuurError):
    """Understood, but it contradicts itself or an earlier request."""

    status = 422
    code = "unprocessable"
    title = "The request contradicts itself or an earlier one"


class Unavailable(SpreekuurError):
    """Something we depend on does not answer; trying again later may help."""

    status = 503
    code = "unavailable"
    title = "Temporarily not available"
