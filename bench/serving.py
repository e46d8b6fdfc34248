"""A real server with one worker, over the application and whatever a benchmark adds to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from api.app import create_app
from api.bootstrap import build_house
from api.logs import set_up_logs
from api.server import keep
from api.settings import load_settings
from tests.guarantee.installation import Installation, await_server
from tests.services.processes import free_port


class Server(NamedTuple):
    """Where it listens, and the number of its first process."""

    port: int
    pid: int


def application(*extra: ControllerRouterHandler) -> Litestar:
    """Return the application as ``spreekuur serve`` builds it, with more handlers."""
    settings = load_settings()
    set_up_logs(settings.log_level)
    house = build_house(settings)
    return create_app(house, extra=extra, lifespan=[lambda _: keep(house)])


@asynccontextmanager
async def serving(installation: Installation, factory: str) -> AsyncIterator[Server]:
    """Run the application that *factory* (``module:function``) returns while the block lasts."""
    port = free_port()
    arguments = ["--interface", "asgi", "--factory", "--port", str(port), "--no-access-log"]
    program = installation.run("bench", "-m", "granian", *arguments, factory)
    try:
        await await_server(port)
        yield Server(port, program.pid)
    finally:
        program.stop()
