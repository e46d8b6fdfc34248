"""The main job, done by itself in eight steps, each with something that must not happen."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import structlog
from msgspec import Struct

from api.demo.check import advising, booking, setting_up
from api.demo.check.play import Failed, Play
from api.demo.stage import Stage

log = structlog.get_logger()


class Step(Struct, frozen=True, kw_only=True):
    """How one step went."""

    name: str
    ok: bool
    seconds: float
    detail: str


class Report(Struct, frozen=True, kw_only=True):
    """How the whole job went."""

    ok: bool
    steps: list[Step]


_STEPS: Final[tuple[tuple[str, Callable[[Play], Awaitable[str]]], ...]] = (
    ("An organisation is set up", setting_up.organisation),
    ("An advisor's calendar is connected", setting_up.calendar),
    ("A customer books", booking.books),
    ("The booking is in the calendar and confirmed by mail", booking.confirmed),
    ("The customer prepares", advising.prepares),
    ("The advisor is prepared", advising.briefed),
    ("A rate changes", advising.rate_changes),
    ("Things change", booking.changes),
)


async def check(stage: Stage) -> AsyncIterator[Step]:
    """Do the steps in order; after a failure the rest are not tried."""
    async with AsyncExitStack() as stack:
        play = Play(stage, stack)
        failed = False
        for name, do in _STEPS:
            started = time.monotonic()
            if failed:
                yield Step(name=name, ok=False, seconds=0, detail="not tried")
                continue
            try:
                detail = await do(play)
            except Failed as error:
                failed, detail = True, str(error)
            except Exception as error:  # whatever it is, the report says so
                log.exception("check.failed", step=name)
                failed, detail = True, f"{type(error).__name__}: {error}"
            seconds = round(time.monotonic() - started, 2)
            yield Step(name=name, ok=not failed, seconds=seconds, detail=detail)
