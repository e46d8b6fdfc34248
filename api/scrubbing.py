"""After somebody was erased, nothing of them stays behind in the database's own files."""

from datetime import timedelta
from typing import Final

from kernel.clock import Clock
from kernel.database import Database
from kernel.work import Errand, RetryLater, Task

SCRUB: Final = "database.scrub"
_SOON: Final = timedelta(seconds=5)


def scrubbing(database: Database, clock: Clock) -> dict[str, Errand]:
    """Return what runs in the background, by queue."""

    async def scrub(task: Task) -> None:
        if not await database.scrub():
            raise RetryLater(_SOON, "somebody is still reading")
        async with database.transaction(task.tenant) as db:
            await task.finish(db, now=clock.now())

    return {SCRUB: scrub}
