"""The API reference: one page without script, written from the API description itself."""

import json
from collections import defaultdict
from typing import Any, Final

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin
from msgspec import Struct

from api.pages.render import render

_ORDER: Final = (
    "customers",
    "links",
    "organisation",
    "bookings",
    "calendars",
    "rates",
    "notices",
    "operations",
)
_LOCKS: Final = {"get", "post", "put", "patch", "delete"}


class Operation(Struct, frozen=True, kw_only=True):
    """One call, as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    parameters: list[dict[str, Any]]
    body: str | None
    answers: list[tuple[str, str, str | None]]


class ReferencePlugin(OpenAPIRenderPlugin):
    """Renders the description as a page of ours."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type="text/html")  # type: ignore[arg-type]  # text will do

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        return render(
            "reference.html", language="en", groups=_groups(openapi_schema), title="Spreekuur API"
        ).encode()


def _groups(schema: dict[str, Any]) -> list[tuple[str, list[Operation]]]:
    groups: defaultdict[str, list[Operation]] = defaultdict(list)
    for path, methods in schema["paths"].items():
        for method, found in methods.items():
            if method in _LOCKS:
                groups[found.get("tags", ["operations"])[0]].append(
                    _operation(schema, path, method, found)
                )
    return [(name, groups[name]) for name in _ORDER if name in groups]


def _operation(schema: dict[str, Any], path: str, method: str, found: dict[str, Any]) -> Operation:
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=found.get("description") or found.get("summary", ""),
        parameters=found.get("parameters", []),
        body=_shape(schema, body.get("schema")),
        answers=[
            (status, answer.get("description", ""), _answer_shape(schema, status, answer))
            for status, answer in sorted(found["responses"].items())
        ],
    )


def _answer_shape(schema: dict[str, Any], status: str, answer: dict[str, Any]) -> str | None:
    if not status.startswith("2"):
        return None
    content = answer.get("content", {}).get("application/json", {})
    return _shape(schema, content.get("schema"))


def _shape(schema: dict[str, Any], part: dict[str, Any] | None) -> str | None:
    """Return a shape as JSON with the kind of each value in its place."""
    return None if part is None else json.dumps(_sketch(schema, part, 0), indent=1)


def _sketch(schema: dict[str, Any], part: dict[str, Any], depth: int) -> Any:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return _sketch(schema, schema["components"]["schemas"].get(name, {}), depth)
    choices = part.get("oneOf") or part.get("anyOf")
    if choices:
        shown = [_sketch(schema, one, depth) for one in choices if one.get("type") != "null"]
        return shown[0] if len(shown) == 1 else " | ".join(map(str, shown))
    if "enum" in part:
        return " | ".join(map(str, part["enum"]))
    if part.get("type") == "array":
        return [_sketch(schema, part.get("items", {}), depth + 1)]
    if "properties" in part and depth < 4:  # noqa: PLR2004  # deeper than a reader follows
        return {
            name: _sketch(schema, inner, depth + 1) for name, inner in part["properties"].items()
        }
    kind = part.get("type", "any")
    kind = next((one for one in kind if one != "null"), "any") if isinstance(kind, list) else kind
    return part.get("format") or kind
