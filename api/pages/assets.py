"""Files that pages and other people's websites load: style sheet, scripts, widget.

There is a fixed list of them, read once; a path that is asked for is looked up in that list and
never on the disk.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath
from msgspec import Struct

from kernel.errors import NotFound

_HERE: Final = Path(__file__).parent.parent / "static"
_KINDS: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_WIDGET: Final = "widget/spreekuur.js"

_FOREVER: Final = "public, max-age=31536000, immutable"
_SHORTLY: Final = "public, max-age=300"


class Asset(Struct, frozen=True, kw_only=True):
    """A file as it is sent."""

    content: bytes
    media_type: str
    version: str

    @property
    def etag(self) -> str:
        """Its entity tag."""
        return f'"{self.version}"'


def load_assets(folder: Path) -> dict[str, Asset]:
    """Read every style sheet, script and picture below *folder*, by path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in _KINDS and path.is_file():
            content = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = Asset(
                content=content,
                media_type=_KINDS[path.suffix],
                version=hashlib.sha256(content).hexdigest()[:16],
            )
    return found


ASSETS: Final[Mapping[str, Asset]] = load_assets(_HERE)


def asset(name: str) -> str:
    """Return the address of a file, which changes when the file does."""
    return f"/static/{name}?v={ASSETS[name].version}"


def _send(request: Request[Any, Any, Any], found: Asset, *, caching: str) -> Response[bytes]:
    headers = {"ETag": found.etag, "Cache-Control": caching}
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


@get("/static/{name:path}", include_in_schema=False, opt={"auth": "open"})
async def static_file(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Send a file of ours; one asked for by its version may be kept for good."""
    found = ASSETS.get(str(name).lstrip("/"))
    if found is None:
        raise NotFound("There is no such file.")
    versioned = request.query_params.get("v") == found.version
    return _send(request, found, caching=_FOREVER if versioned else _SHORTLY)


@get("/widget/v1/spreekuur.js", include_in_schema=False, opt={"auth": "open"})
async def widget(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Send the booking widget to any website."""
    found = ASSETS.get(_WIDGET)
    if found is None:
        raise NotFound("The widget has not been built here.")
    answer = _send(request, found, caching=_SHORTLY)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


HANDLERS: Final = [static_file, widget]
