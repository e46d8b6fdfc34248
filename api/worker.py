"""The arq worker: woken through Redis, it drains what the database says is due.

Redis carries no work and no personal data, only the word *drain*. A look every second makes sure
that a lost word costs a second.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final, cast

from arq import cron, func
from arq.typing import WorkerCoroutine
from arq.worker import Worker as ArqWorker

from api.wake import DRAIN, QUEUE, decode, encode, pool_of
from api.wiring import House

_LOOK_FOR: Final = timedelta(seconds=30)
_TIMEOUT: Final = 150
"""Seconds: a while to look for work, and what the longest piece of it may take."""


async def run_worker(house: House, *, burst: bool = False) -> None:
    """Work until cancelled; arguments as for `build_worker`."""
    worker = build_worker(house, burst=burst)
    try:
        await worker.async_run()
    finally:
        # The library's own close() calls what its Redis client warns about.
        jobs = list(worker.tasks.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await worker.pool.aclose(close_connection_pool=True)


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
