"""The advisor's screen: sign in by mail, see today, read the brief, mind the calendars."""

from typing import Final

from litestar import Router
from litestar.types import ControllerRouterHandler

from api.pages.console import (
    brief,
    calendar_pages,
    moving,
    own_calendar,
    problems,
    session,
    sign_in,
    today,
)

HANDLERS: Final[list[ControllerRouterHandler]] = [
    Router(
        path="/",
        route_handlers=[
            *sign_in.HANDLERS,
            *today.HANDLERS,
            *brief.HANDLERS,
            *moving.HANDLERS,
            *calendar_pages.HANDLERS,
            *own_calendar.HANDLERS,
        ],
        guards=[session.refuse_foreign],
        exception_handlers=dict(problems.HANDLERS),
    )
]
