"""What granian serves: the application, with the in-process runner where there is no Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar

from api.app import create_app
from api.bootstrap import build_house, close_house
from api.logs import set_up_logs
from api.migrations import require_current_schema
from api.settings import load_settings
from api.wiring import House


def build() -> Litestar:
    """Return the application for the settings in the environment."""
    settings = load_settings()
    set_up_logs(settings.log_level)
    house = build_house(settings)
    return create_app(house, lifespan=[lambda _: keep(house)])


@asynccontextmanager
async def keep(house: House) -> AsyncIterator[None]:
    """Check the schema, run the jobs if nobody else does, and close the house at the end."""
    await require_current_schema(house.database)
    async with working(house, inside=house.settings.redis_url is None):
        yield
    await close_house(house)


@asynccontextmanager
async def working(house: House, *, inside: bool = True) -> AsyncIterator[None]:
    """Run the jobs inside this process while the block lasts."""
    runner = asyncio.create_task(house.relay.run(house.worker)) if inside else None
    try:
        yield
    finally:
        if runner is not None:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner
