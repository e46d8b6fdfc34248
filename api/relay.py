"""Wakes whoever does the work: inside this process, or arq workers through Redis.

Waking is a hint only. Work stands in the database, and every worker also looks by itself: losing
Redis costs seconds, never work.
"""

import asyncio
import contextlib
from typing import Any, Final

import structlog

from kernel.work import Worker

log = structlog.get_logger()

_IDLE: Final = 1.0


class Relay:
    """Passes on that there may be work."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis_url = redis_url
        self._woken = asyncio.Event()
        self._pool: Any = None
        self._calls: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Say that something may have become due; never fails and never waits."""
        self._woken.set()
        if self._redis_url is not None and len(self._calls) < 2:  # noqa: PLR2004  # one running, one behind it
            with contextlib.suppress(RuntimeError):  # no loop: a command line about to end
                call = asyncio.get_running_loop().create_task(self._call())
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def run(self, worker: Worker) -> None:
        """Do work as it becomes due, until cancelled: the in-process runner."""
        while True:
            self._woken.clear()
            try:
                await worker.run_due()
            except Exception as error:  # noqa: BLE001  # the database may be down for a moment
                log.error("relay.failed", problem=type(error).__name__)  # noqa: TRY400  # class only
                await asyncio.sleep(_IDLE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _IDLE)

    async def close(self) -> None:
        """Let the last calls be heard, and close the connection to Redis."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=_IDLE)
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        if self._pool is not None:
            await self._pool.aclose(close_connection_pool=True)

    async def _call(self) -> None:
        # Without Redis, arq is not needed and not loaded.
        from api.wake import DRAIN, pool_of  # noqa: PLC0415

        try:
            if self._pool is None:
                self._pool = pool_of(str(self._redis_url))
            await self._pool.enqueue_job(DRAIN)
        except Exception as error:  # noqa: BLE001  # a hint that is lost is found by the next look
            log.warning("relay.redis_unreachable", problem=type(error).__name__)
