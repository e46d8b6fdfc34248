"""What a form on a page sends, and that it was our page."""

from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from api.wiring import House
from kernel.errors import Forbidden, Invalid

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 500


class ForeignForm(Forbidden):
    """A form that another website sent."""

    code = "foreign-request"
    title = "This did not come from our page"


def refuse_foreign(request: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a form that another website sent.

    What a link may do rests on the token in its address and on nothing that a browser adds by
    itself, so this is a second lock, not the only one.

    Only handlers of POST have this guard.

    Raises:
        ForeignForm: The browser says that it came from elsewhere.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    house: House = request.app.state["house"]
    ours = urlsplit(house.settings.public_url)
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    else:
        # Pages that send no referrer send "null" as the origin of their own forms too
        # (Fetch, "append a request Origin header").
        foreign = origin not in {None, "null", f"{ours.scheme}://{ours.netloc}"}
    if foreign:
        raise ForeignForm("Open the link from the mail again and use the page it opens.")


async def posted(request: Request[Any, Any, State]) -> dict[str, str]:
    """Return what the form sent, by name; of a name that comes twice the last one counts.

    The framework's own reader is not used: it keeps the last thousand bodies in memory.

    Raises:
        Invalid: It is no form, or holds what no database can store.
    """
    body = await request.body()
    if body and request.content_type[0] != _FORM:
        raise Invalid("Send the form as a browser does.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Invalid("The form could not be read.") from None
    if "\0" in "".join(value for pair in pairs for value in pair):
        raise Invalid("A text in the form holds a NUL character, which cannot be stored.")
    return dict(pairs)
