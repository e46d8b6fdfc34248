"""Serve an application inside this process, on a port of this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl-C to the command."""
        yield


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[None]:
    """Serve *app* on 127.0.0.1 while the block lasts."""
    server = _Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=2,
        )
    )
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                task.result()
                raise OSError(f"port {port} is taken")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task
