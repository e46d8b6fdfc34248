"""Every door has a lock that somebody chose."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api import pages, routes
from api.app import create_app
from api.bootstrap import build_house
from api.dependencies import provide_caller, provide_server
from api.routes.inbound import provide_mail
from api.settings import Settings
from kernel.crypto import Secret

LOCKS = {"server", "browser", "link", "console", "signed", "open"}

OPEN_TO_ALL = {
    "live",
    "ready",
}
"""JSON calls that ask for no key, by operation."""

READ_THEIR_OWN_LINK = "api.pages.unsubscribe."
"""A stop link names a customer and a purpose, not a booking."""


def handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from route.route_handlers


@pytest.fixture(scope="module")
def app() -> Litestar:
    settings = Settings(secret_key=Secret("a key for tests that is long enough"))
    house = build_house(settings, channels={})
    return create_app(house)


def test_every_handler_names_its_lock(app: Litestar) -> None:
    """A handler without an explicit ``auth`` does not exist."""
    for handler in handlers(app):
        if str(handler).startswith(("api.", "litestar")) and handler.handler_name != "schema":
            ours = handler.fn.__module__.startswith("api.")
            assert not ours or handler.opt.get("auth") in LOCKS, str(handler)


def test_calls_for_servers_ask_for_a_secret_key(app: Litestar) -> None:
    """Whoever says ``server`` also has the dependency that demands it, and so for links."""
    for handler in handlers(app):
        lock = handler.opt.get("auth")
        names = handler.resolve_dependencies()
        if lock in {"server", "browser"}:
            demands = provide_server if lock == "server" else provide_caller
            assert names["caller"].dependency is demands, str(handler)
        if lock == "link" and not str(handler).startswith(READ_THEIR_OWN_LINK):
            assert "link" in names, str(handler)
        if lock == "signed":
            assert names["mail"].dependency is provide_mail, str(handler)


def test_json_calls_without_a_key_are_few(app: Litestar) -> None:
    """Only health answers to anybody."""
    open_calls = {
        str(handler.operation_id)
        for handler in handlers(app)
        if handler.opt.get("auth") == "open" and handler.resolve_include_in_schema()
    }
    assert open_calls == OPEN_TO_ALL


def test_rooms_of_handlers_are_complete() -> None:
    """What a routes module lists is what it defines: no handler is forgotten."""
    assert routes.HANDLERS
    assert pages.HANDLERS
