"""What is asked, what may be asked again, and what the answer means; nothing here does I/O."""

import datetime as dt
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import httpx2
import msgspec
from msgspec import Struct

from spreekuur._version import __version__
from spreekuur._wire import given, in_query, to_wire
from spreekuur.errors import (
    AnswerNotUnderstood,
    ConnectionFailed,
    Problem,
    TimedOut,
    from_problem,
)
from spreekuur.models import Page
from spreekuur.webhooks import sign

T = TypeVar("T")
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

TIMEOUT: Final = 10.0
MAX_RETRIES: Final = 2
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_LONGEST_RETRY_AFTER: Final = 60.0
_JSON: Final = "application/json"


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """One request, ready to be sent as often as it takes.

    Attributes:
        route: The path with its ids left open: what may be logged.
        path: The path itself.
        answer: What a good answer is read as.
        key: Makes a POST safe to repeat; None where the method is so by itself.
        authorized: Whether the API key is sent along.
        kind: What the content is.
        more: Headers that this call alone has.
    """

    method: Method
    route: str
    path: str
    answer: type[T]
    query: dict[str, str | list[str]] = {}
    content: bytes | None = None
    key: str | None = None
    authorized: bool = True
    accept: str = _JSON
    kind: str = _JSON
    more: dict[str, str] = {}

    def at(self, cursor: str) -> "Call[T]":
        """Return the same call for the page that *cursor* names."""
        return msgspec.structs.replace(self, query={**self.query, "cursor": cursor})

    def headers(self, api_key: str | None) -> dict[str, str]:
        """Return the headers of this call."""
        headers = {"Accept": self.accept, "User-Agent": f"spreekuur-python/{__version__}"}
        if api_key is not None and self.authorized:
            headers["Authorization"] = f"Bearer {api_key}"
        if self.content is not None:
            headers["Content-Type"] = self.kind
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        return {**headers, **self.more}


class Answer(Struct, frozen=True):
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """What names this request in the service's logs."""
        return self.headers.get("x-request-id")


Outcome: TypeAlias = Answer | ConnectionFailed


def ask(
    method: Method,
    route: str,
    *ids: str,
    answer: type[T],
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    key: str | None = None,
    authorized: bool = True,
    accept: str = _JSON,
) -> Call[T]:
    """Return a call; a POST gets an idempotency key when it is given none.

    Raises:
        OffsetMissing: A time in query or body has no offset.
        ValueError: One of *ids* cannot be one.
    """
    if method == "POST":
        key = key or f"auto_{secrets.token_hex(16)}"
    return Call(
        method=method,
        route=route,
        path=route.format(*(_segment(value) for value in ids)),
        answer=answer,
        query={name: in_query(name, value) for name, value in given(**(query or {})).items()},
        content=None if body is None else msgspec.json.encode(to_wire(body)),
        key=key,
        authorized=authorized,
        accept=accept,
    )


def page_of(
    kind: type[T],
    route: str,
    cursor: str | None = None,
    limit: int | None = None,
    **query: Any,
) -> Call[Page[T]]:
    """Return the call for one page of a list of *kind*."""
    asked = {**query, "cursor": cursor, "limit": limit}
    # mypy cannot subscript a generic class by a variable that holds a type.
    return ask("GET", route, answer=Page[kind], query=asked)  # type: ignore[valid-type]


def hand_over(
    route: str, mail: bytes, *, secret: str, recipient: str | None, sender: str | None
) -> Call[None]:
    """Return the call that hands over a received mail; it may be sent as often as it takes.

    Raises:
        ValueError: *secret* is not a webhook secret.
    """
    name, moment = f"mail_{secrets.token_hex(16)}", int(time.time())
    envelope = given(**{"Envelope-To": recipient, "Envelope-From": sender})
    return Call(
        method="POST",
        route=route,
        path=route,
        answer=type(None),
        content=mail,
        key=name,
        authorized=False,
        kind="message/rfc822",
        more={
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(mail, name, moment, secret=secret),
            **envelope,
        },
    )


def consent_list(consents: Mapping[str, bool]) -> dict[str, Any]:
    """Return consents by purpose as the service takes them."""
    listed = [{"purpose": purpose, "given": yes} for purpose, yes in consents.items()]
    return {"consents": listed}


def participant_list(participants: Sequence[Any]) -> list[Any]:
    """Return who comes along as the service takes them, with consents by purpose as a list.

    Raises:
        OffsetMissing: A time in it has no offset.
    """
    listed = []
    for index, person in enumerate(participants):
        fields = to_wire(person, f"/participants/{index}")
        if isinstance(fields, Mapping) and isinstance(fields.get("consents"), Mapping):
            fields = {**fields, **consent_list(fields["consents"])}
        listed.append(fields)
    return listed


def pause_before_retry(
    call: Call[Any], outcome: Outcome, *, done: int, retries: int, chance: float
) -> float | None:
    """Return how many seconds to wait before asking again; None is: do not.

    Args:
        call: What was asked.
        outcome: What came of it.
        done: How many retries there have been.
        retries: How many there may be.
        chance: A number from 0 to 1, so that many clients do not return all at once.
    """
    if done >= retries or not _repeatable(call, outcome):
        return None
    if isinstance(outcome, Answer) and (asked := retry_after(outcome)) is not None:
        return asked if asked <= _LONGEST_RETRY_AFTER else None
    return min(_FIRST_PAUSE * 2.0**done, _LONGEST_PAUSE) * (1 - chance / 4)


def _repeatable(call: Call[Any], outcome: Outcome) -> bool:
    if call.method == "POST" and call.key is None:
        return False
    if isinstance(outcome, ConnectionFailed):
        # What our side may not send, it may not send a second time either.
        local = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
        return not isinstance(outcome.__cause__, local)
    again = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return outcome.status in again or outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after(answer: Answer) -> float | None:
    """Return the seconds that the service asks us to wait (RFC 9110, 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, aware.timestamp() - time.time())


def read(call: Call[T], outcome: Outcome, *, repeated: bool) -> T:
    """Return what the service answered.

    Args:
        call: What was asked.
        outcome: What came of it.
        repeated: Whether it was asked more than once.

    Raises:
        ConnectionFailed: No answer came.
        StatusError: The service refused.
        AnswerNotUnderstood: The answer is not one of this service.
    """
    if isinstance(outcome, ConnectionFailed):
        raise outcome
    if HTTPStatus.OK <= outcome.status < HTTPStatus.MULTIPLE_CHOICES:
        return _value(call, outcome)
    if call.method == "DELETE" and repeated and outcome.status == HTTPStatus.NOT_FOUND:
        # The first try did its work, only its answer was lost.
        return _value(call, outcome)
    raise from_problem(_problem(outcome))


def failure(error: httpx2.RequestError) -> ConnectionFailed:
    """Return our own error for one of the HTTP library's."""
    kind = TimedOut if isinstance(error, httpx2.TimeoutException) else ConnectionFailed
    ours = kind(f"No answer from the service: {str(error) or type(error).__name__}.")
    ours.__cause__ = error
    return ours


def _value(call: Call[T], answer: Answer) -> T:
    kind: Any = call.answer
    if kind is type(None):
        return None  # type: ignore[return-value]  # T is None here
    try:
        if kind is str and call.accept not in answer.headers.get("content-type", ""):
            raise AnswerNotUnderstood(f"The answer is not {call.accept}.", answer.request_id)
        if kind is str:
            return answer.content.decode()  # type: ignore[return-value]  # T is str here
        return msgspec.json.decode(answer.content, type=call.answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AnswerNotUnderstood(
            f"The answer to {call.method} {call.route} is not what the service promises: {error}.",
            answer.request_id,
        ) from error


def _problem(answer: Answer) -> Problem:
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Something between here and the service answered, such as a proxy.
        problem = Problem(status=answer.status, title=_phrase(answer.status))
    return msgspec.structs.replace(
        problem,
        status=answer.status,
        request_id=problem.request_id or answer.request_id,
        retry_after=retry_after(answer),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "The request failed"


def _segment(value: str) -> str:
    """Return an id as one segment of a path; it can never lead to another path."""
    if not value or value in {".", ".."}:
        raise ValueError(f"{value!r} is no id.")
    return quote(value, safe="")
