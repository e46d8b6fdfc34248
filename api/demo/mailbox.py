"""The demo's mailbox: every letter that would have left, at ``/dev/mailbox``."""

from typing import Final

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from msgspec import Struct

import booking.service
from api import access
from api.pages.console.session import session_cookie
from api.pages.render import page
from api.wiring import House
from kernel.ids import Id
from notifications.channels.mailbox import Mail, Mailbox

_OPEN: Final = {"auth": "open"}


class Mails(Struct, frozen=True, kw_only=True):
    """Every letter, newest first."""

    items: list[Mail]


def demo_handlers(mailbox: Mailbox, tenant: Id, *, email: str) -> list[ControllerRouterHandler]:
    """Return the addresses that only the demo has.

    Args:
        mailbox: What the letters were put in.
        tenant: The demo's organisation.
        email: Of the advisor whom ``/dev/console`` signs in.
    """

    @get("/dev/mailbox.json", include_in_schema=False, opt=_OPEN)
    async def mailbox_json() -> Mails:
        """List every letter with its text, HTML, invitation and links."""
        return Mails(items=mailbox.messages())

    @get("/dev/mailbox", include_in_schema=False, opt=_OPEN)
    async def mailbox_page() -> Response[str]:
        """Show every letter."""
        return page("demo/mailbox.html", language="en", mails=mailbox.messages())

    @get("/dev/mailbox/{number:int}", include_in_schema=False, opt=_OPEN)
    async def letter(number: FromPath[int]) -> Response[str]:
        """Show one letter as its recipient sees it; its styles stand in the letter itself."""
        mails = mailbox.messages()
        if not 0 <= number < len(mails):
            raise NotFoundException
        return Response(
            mails[number].html,
            media_type=MediaType.HTML,
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )

    @get("/dev/console", include_in_schema=False, opt=_OPEN)
    async def console(house: NamedDependency[House]) -> Redirect:
        """Sign the demo's advisor in; only the demo does this on a GET, and without a mail."""
        async with house.database.transaction(tenant) as db:
            advisor = await booking.service.find_advisor_by_email(db, tenant, email)
            if advisor is None:
                raise NotFoundException
            cookie = await access.open_session(db, tenant, advisor.id, now=house.clock.now())
        return Redirect("/console", cookies=[session_cookie(house.settings, cookie)])

    return [mailbox_json, mailbox_page, letter, console]
