"""The arq worker: woken through Redis, it drains what the database says is due.

Redis carries no work and no personal data, only the word *drain*. A look every second makes sure
that a lost word costs a second.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final, cast

import structlog
from arq import cron, func
from arq.typing import WorkerCoroutine
from arq.worker import Worker as ArqWorker
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSlow

from api.wake import DRAIN, QUEUE, decode, encode, pool_of
from api.wiring import House

log = structlog.get_logger()

_LOOK_FOR: Final = timedelta(seconds=30)
_TIMEOUT: Final = 150
"""Seconds: a while to look for work, and what the longest piece of it may take."""


async def run_worker(house: House, *, burst: bool = False) -> None:
    """Work until cancelled, also while Redis is away; arguments as for `build_worker`."""
    while True:
        try:
            await _run_woken(house, burst=burst)
        except (RedisAway, RedisSlow) as problem:
            if burst:
                raise
            log.warning("worker.redis_unreachable", problem=type(problem).__name__)
            await _look_once(house)
        else:
            return


async def _run_woken(house: House, *, burst: bool) -> None:
    worker = build_worker(house, burst=burst)
    try:
        await worker.async_run()
    except (RedisAway, RedisSlow):
        # What has been begun needs no Redis.
        if worker.tasks:
            await asyncio.wait(worker.tasks.values(), timeout=_TIMEOUT)
        raise
    finally:
        # The library's own close() calls what its Redis client warns about.
        jobs = list(worker.tasks.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await worker.pool.aclose(close_connection_pool=True)


async def _look_once(house: House) -> None:
    """Do what is due, if the database is there, and leave the rest a second."""
    try:
        await house.worker.run_due(look_for=_LOOK_FOR)
    except Exception as problem:  # noqa: BLE001  # whatever is wrong, the next look may find it mended
        log.warning("worker.look_failed", problem=type(problem).__name__)
    await asyncio.sleep(1)


async def drain(context: dict[Any, Any]) -> int:
    """Do everything that is due, and return how much it was."""
    house: House = context["house"]
    return await house.worker.run_due(look_for=_LOOK_FOR)


def build_worker(house: House, *, burst: bool = False) -> ArqWorker:
    """Return a worker for this house.

    Args:
        house: What the work is done with.
        burst: End when nothing is left, and look only once.
    """
    job = cast(WorkerCoroutine, drain)
    return ArqWorker(
        functions=[func(job, name=DRAIN, max_tries=1, keep_result=0, timeout=_TIMEOUT)],
        cron_jobs=None
        if burst
        else [
            cron(
                job,
                name="look",
                second=set(range(60)),
                unique=True,
                run_at_startup=True,
                keep_result=0,
                timeout=_TIMEOUT,
            )
        ],
        redis_pool=pool_of(str(house.settings.redis_url)),
        queue_name=QUEUE,
        job_serializer=encode,
        job_deserializer=decode,
        ctx={"house": house},
        poll_delay=0.1,
        max_jobs=4,
        keep_result=0,
        burst=burst,
        handle_signals=False,
        health_check_interval=15,
    )
