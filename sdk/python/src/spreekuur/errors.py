"""Everything that can go wrong between here and the service.

SpreekuurError
├── OffsetMissing          a time without offset; nothing was sent (also a ValueError)
├── ConnectionFailed       no answer came
│   └── TimedOut           it took too long
├── AnswerNotUnderstood    an answer came, but not one of this service
├── SignatureInvalid       a webhook that is not from the service, or too old
└── StatusError            the service refused
    ├── InvalidRequest     400  ``errors`` says where
    ├── Unauthenticated    401
    ├── Forbidden          403
    ├── NotFound           404
    ├── Conflict           409
    │   ├── SlotTaken           somebody was first; see ``alternatives``
    │   ├── SlotUnavailable     not a time that can be booked; see ``reason``, ``alternatives``
    │   └── HoldExpired         the hold has ended; nothing was booked
    ├── Gone               410  a link that has ended
    ├── Unprocessable      422
    ├── RateLimited        429  see ``retry_after``
    └── ServerError        5xx
"""

import datetime as dt
from typing import Final

from msgspec import Struct

from spreekuur.words import Unsuitable


class FieldError(Struct, frozen=True, kw_only=True):
    """What is wrong with one field; ``pointer`` is a JSON pointer, or ``?name`` in a query."""

    pointer: str
    detail: str
    code: str = "invalid"


class Problem(Struct, frozen=True, kw_only=True):
    """The service's own account of what is wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str = ""
    status: int
    detail: str = ""
    request_id: str | None = None
    errors: tuple[FieldError, ...] = ()
    alternatives: tuple[dt.datetime, ...] = ()
    reason: Unsuitable | None = None
    occurrence: int | None = None
    start: dt.datetime | None = None
    retry_after: float | None = None


class SpreekuurError(Exception):
    """Anything that goes wrong between here and the service."""


class OffsetMissing(SpreekuurError, ValueError):
    """A time without offset was given; it could mean several instants, so nothing was sent."""


class ConnectionFailed(SpreekuurError):
    """No answer came: the service could not be reached, or the connection broke."""


class TimedOut(ConnectionFailed):
    """No answer came in time."""


class AnswerNotUnderstood(SpreekuurError):
    """An answer came that is not one of this service; what was asked may have been done."""

    def __init__(self, detail: str, request_id: str | None = None) -> None:
        super().__init__(detail, request_id)
        self.detail = detail
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.detail} [{self.request_id or 'no request id'}]"


class SignatureInvalid(SpreekuurError):
    """A webhook is not from the service, was changed on its way, or is too old."""


class StatusError(SpreekuurError):
    """The service refused.

    Attributes:
        type: A stable address that names the kind of problem.
        code: The last word of it: ``slot-taken``.
        title: The kind of problem in a few words.
        detail: This problem in a sentence.
        status: The HTTP status.
        request_id: Names this request in the service's logs.
        errors: What is wrong, field by field.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem
        self.type = problem.type
        self.code = problem.type.rpartition("/")[2]
        self.title = problem.title
        self.detail = problem.detail
        self.status = problem.status
        self.request_id = problem.request_id
        self.errors = problem.errors

    def __str__(self) -> str:
        said = self.detail or self.title
        fields = "".join(f" {error.pointer}: {error.detail}" for error in self.errors)
        return f"{said}{fields} [{self.status} {self.code}, {self.request_id or 'no request id'}]"


class InvalidRequest(StatusError):
    """What was sent is not valid."""


class Unauthenticated(StatusError):
    """No key was sent, or a wrong, revoked or expired one."""


class Forbidden(StatusError):
    """This key may not do this."""


class NotFound(StatusError):
    """There is no such thing, or none that this key may see."""


class Conflict(StatusError):
    """What was asked clashes with what stands now."""


class SlotTaken(Conflict):
    """Somebody was first; ``alternatives`` are starts that were free a moment ago.

    In a series ``occurrence`` says which of its meetings it was, from 1.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.occurrence = problem.occurrence
        self.alternatives = problem.alternatives


class SlotUnavailable(Conflict):
    """Not a time that can be booked; ``reason`` says why, ``alternatives`` are starts that can.

    In a series ``occurrence`` says which of its meetings it was, from 1.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.occurrence = problem.occurrence
        self.reason = problem.reason
        self.alternatives = problem.alternatives


class HoldExpired(Conflict):
    """The hold has ended; nothing was booked."""


class Gone(StatusError):
    """It was there, and has ended: a link that was replaced, used or revoked."""


class Unprocessable(StatusError):
    """Understood, but it contradicts itself, an earlier request or the world outside."""


class RateLimited(StatusError):
    """Too many requests; ``retry_after`` is in seconds, where the service gave it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.retry_after = problem.retry_after


class ServerError(StatusError):
    """The service failed, or something it needs does."""


_BY_CODE: Final[dict[str, type[StatusError]]] = {
    "slot-taken": SlotTaken,
    "slot-unavailable": SlotUnavailable,
    "hold-expired": HoldExpired,
}
_BY_STATUS: Final[dict[int, type[StatusError]]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Unprocessable,
    429: RateLimited,
}


def from_problem(problem: Problem) -> StatusError:
    """Return the error that fits a problem best: by its type, else by its status."""
    if kind := _BY_CODE.get(problem.type.rpartition("/")[2]):
        return kind(problem)
    server = problem.status >= 500  # noqa: PLR2004  # RFC 9110, 15.6
    return _BY_STATUS.get(problem.status, ServerError if server else StatusError)(problem)
