"""The advisor's screen: sign in by mail, see today, read the brief."""

from typing import Final

from litestar import Router
from litestar.types import ControllerRouterHandler

from api.pages.console import brief, problems, session, sign_in, today

HANDLERS: Final[list[ControllerRouterHandler]] = [
    Router(
        path="/",
        route_handlers=[*sign_in.HANDLERS, *today.HANDLERS, *brief.HANDLERS],
        guards=[session.refuse_foreign],
        exception_handlers=dict(problems.HANDLERS),
    )
]
