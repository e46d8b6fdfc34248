"""What may come in: JSON that can be read, in fields that we know, of the kind that we expect."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import structs

from kernel.errors import FieldError, Invalid, NotFound, SpreekuurError

MAIL: Final = "message/rfc822"
"""What a call takes instead of JSON, named by ``body`` in its ``opt``."""

_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_FIELD: Final = re.compile(r"field `([^`]+)`")
_OFFSET: Final = "Needs an offset, such as 2026-12-01T09:00:00+01:00."


class UnsupportedMediaType(SpreekuurError):
    """The body is not what this address takes."""

    status = 415
    code = "unsupported-media-type"
    title = "Send the body as JSON"


def check_address(app: ASGIApp) -> ASGIApp:
    """Refuse addresses with a NUL character, which no database can look for."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if "\0" in scope["path"]:
            raise NotFound("There is nothing at this address.")
        for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
            if "\0" in name + value:
                _refuse_nul(f"?{name}".replace("\0", ""))
        await app(scope, receive, send)

    return checked


async def check_syntax(request: Request[Any, Any, State]) -> None:
    """Refuse bodies of calls that are not JSON.

    Browsers send plain text and forms across origins without asking first; JSON they do not.

    Raises:
        Invalid: The body cannot be read, or holds a NUL character, which no database can store.
        UnsupportedMediaType: It is said to be something else than JSON.
    """
    if request.method not in {"POST", "PUT", "PATCH"} or not request.url.path.startswith("/v1/"):
        return
    body = await request.body()
    if not body:
        return
    if other := request.route_handler.opt.get("body"):
        if request.content_type[0] != other:
            raise UnsupportedMediaType(f"Send the body as it is, with Content-Type: {other}.")
        return
    if request.content_type[0] != "application/json":
        raise UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json.")
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise Invalid("The JSON is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid("The body is not well-formed JSON in UTF-8.") from None
    # An escaped NUL is looked for only where there may be one.
    if b"\\u0000" in body and (pointer := _nul_in(value)) is not None:
        _refuse_nul(pointer)


async def check_body(request: Request[Any, Any, State]) -> None:
    """Refuse a body that is not what the call takes: it says where, and what was expected.

    The framework would read a body leniently, "60" for 60, and would not say which item of a list
    was wrong.

    Raises:
        Invalid: It is not.
    """
    wanted = request.route_handler.parsed_data_field
    if wanted is None or not request.url.path.startswith("/v1/"):
        return
    body = await request.body()
    if not body:
        raise Invalid("The body is missing; send a JSON object.")
    try:
        _decode(wanted.annotation)(body)
    except msgspec.ValidationError as error:
        field = field_error(str(error))
        if isinstance(error.__cause__, Invalid):
            raise _at(field.pointer, error.__cause__) from None
        raise Invalid(f"{field.pointer or 'body'}: {field.detail}", errors=(field,)) from None


def _at(place: str, refusal: Invalid) -> Invalid:
    """Say of a value that refused itself where in the body it stands."""
    return Invalid(
        refusal.detail,
        code=refusal.code,
        errors=tuple(
            structs.replace(error, pointer=f"{place}{error.pointer}") for error in refusal.errors
        ),
        **refusal.extra,
    )


def field_error(message: str) -> FieldError:
    """Turn ``Expected `int`, got `str` - at `$.items[1].size` `` into a pointer and a sentence."""
    what, _, path = message.partition(" - at ")
    steps = [name or index for name, index in _STEP.findall(path.rpartition("$")[2].strip("`"))]
    detail, code = what, "invalid"
    if named := _FIELD.search(what):
        steps.append(named.group(1))
        unknown = "unknown" in what
        detail, code = (
            ("There is no such field.", "unknown-field")
            if unknown
            else ("This field is required.", "required")
        )
    elif "timezone component" in what:
        detail, code = _OFFSET, "offset-missing"
    elif ", got " in what:
        code = "wrong-type"
    # RFC 6901, section 3: these two characters are escaped.
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    return FieldError(pointer="".join(f"/{step}" for step in escaped), detail=detail, code=code)


def _refuse_nul(pointer: str) -> NoReturn:
    detail = "Holds a NUL character, which cannot be stored."
    field = FieldError(pointer=pointer, detail=detail, code="nul")
    raise Invalid(f"{pointer or 'body'}: {detail}", errors=(field,))


def _nul_in(value: Any) -> str | None:
    """Return the pointer to a text with a NUL character, or to the object with one in a name."""
    waiting = [("", value)]
    while waiting:
        pointer, each = waiting.pop()
        if isinstance(each, str) and "\0" in each:
            return pointer
        if isinstance(each, list):
            waiting += [(f"{pointer}/{index}", item) for index, item in enumerate(each)]
        if isinstance(each, dict):
            if any("\0" in name for name in each):
                return pointer
            waiting += [(f"{pointer}/{name}", item) for name, item in each.items()]
    return None


@cache
def _decode(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode
