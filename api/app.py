"""The Litestar application: routes and pages over one house."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import MutableScopeHeaders, State
from litestar.enums import ScopeType
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

from api import pages, problems, routes
from api.bodies import check_address, check_syntax
from api.dependencies import EVERYWHERE
from api.wiring import House
from kernel.ids import new_id

log = structlog.get_logger()

LARGEST_BODY: Final = 256 * 1024

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


def create_app(
    house: House,
    *,
    extra: Sequence[ControllerRouterHandler] = (),
    lifespan: Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]] = (),
) -> Litestar:
    """Return the application.

    Args:
        house: What it serves.
        extra: More handlers; the demo adds its mailbox.
        lifespan: What to hold open while the application runs.
    """
    app = Litestar(
        route_handlers=[*routes.HANDLERS, *pages.HANDLERS, *extra],
        dependencies=dict(EVERYWHERE),
        exception_handlers=dict(problems.HANDLERS),
        state=State({"house": house}),
        middleware=[check_address],
        before_request=check_syntax,
        cors_config=CORSConfig(
            # No credentials travel, so any page may ask; keys are bound to origins.
            allow_origins=["*"],
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["X-Request-Id", "Retry-After"],
            max_age=600,
        ),
        openapi_config=OpenAPIConfig(
            title="Spreekuur",
            version="1",
            path="/schema",
            use_handler_docstrings=True,
            components=Components(
                security_schemes={
                    name: SecurityScheme(type="http", scheme="bearer")
                    for name in ("secret_key", "publishable_key")
                }
            ),
            render_plugins=routes.SCHEMA_PLUGINS,
        ),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        lifespan=list(lifespan),
    )
    # Middleware of the framework would not stand around addresses that do not exist.
    app.asgi_handler = _frame(app.asgi_handler)
    return app


def _frame(app: ASGIApp) -> ASGIApp:
    """Give every request an id, and every answer the headers that protect it.

    What a request opened is closed with it, whatever happens.
    """

    async def framed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        house: House = scope["litestar_app"].state["house"]
        request_id = new_id("req", house.clock.now())
        scope["state"]["request_id"] = request_id
        started = house.clock.monotonic()
        method = scope["method"]

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers["X-Request-Id"] = request_id
                page = headers.get("content-type", "").startswith("text/html")
                for name, value in {**_HEADERS, **(_PAGE_HEADERS if page else {})}.items():
                    headers.setdefault(name, value)
                # Paths can hold tokens, so the log has the handler's name instead.
                log.info(
                    "request",
                    request_id=request_id,
                    method=method,
                    handler=str(scope.get("route_handler", "none")),
                    status=message["status"],
                    seconds=round(house.clock.monotonic() - started, 4),
                )
            await send(message)

        async with AsyncExitStack() as scope["state"]["opened"]:
            await app(scope, receive, finish)

    return framed
