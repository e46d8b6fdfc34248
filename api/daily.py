"""What is looked at every day for every organisation, without anybody asking."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api import store
from api.key_keeping import KEEP_KEYS, keep_keys
from kernel import work
from kernel.database import Database
from kernel.work import Effect, Task, Worker

KEEP_PROMISES: Final = "promises.keep"
"""Meetings keep their time on the wall when the rules of a time zone change."""

_DAY: Final = timedelta(days=1)
_NEW_ONES: Final = timedelta(hours=1)
"""How often a worker looks for organisations that are new."""


class DailyWorker(Worker):
    """A worker that also sees to it that what happens every day does.

    When it starts, everything is looked at: new rules come with a new version of what we run. After
    that each piece of work asks for itself again, and whoever is new is added.
    """

    _look_again_at: datetime | None = None

    async def run_due(self, *, look_for: timedelta | None = None) -> int:
        """Do everything that is due, and return how much it was."""
        now = self.clock.now()
        if self._look_again_at is None:
            await ask_for_daily_work(self.database, now=now, due_at=now)
        elif now >= self._look_again_at:
            await ask_for_daily_work(self.database, now=now, due_at=now + _DAY)
        if self._look_again_at is None or now >= self._look_again_at:
            self._look_again_at = now + _NEW_ONES
        return await super().run_due(look_for=look_for)


async def ask_for_daily_work(database: Database, *, now: datetime, due_at: datetime) -> None:
    """Ask for the daily work of every organisation, by *due_at* if it is not asked for earlier."""
    async with database.transaction() as db:
        for tenant in await store.all_tenants(db):
            for queue in DAILY:
                await work.enqueue(db, tenant, queue, tenant, now=now, due_at=due_at)


async def _keep_promises(db: AsyncConnection, task: Task, now: datetime) -> None:
    """Look again at what was promised under older rules, some of it at a time."""
    _, more = await booking.service.keep_promises(db, task.tenant, now=now)
    due_at = now if more else now + _DAY
    await work.enqueue(db, task.tenant, KEEP_PROMISES, task.subject, now=now, due_at=due_at)


async def _keep_keys(db: AsyncConnection, task: Task, now: datetime) -> None:
    """Let some of what rests on keys that were replaced rest on the newest; then those go."""
    more = await keep_keys(db, task.tenant, now=now)
    due_at = now if more else now + _DAY
    await work.enqueue(db, task.tenant, KEEP_KEYS, task.subject, now=now, due_at=due_at)


DAILY: Final[dict[str, Effect]] = {KEEP_PROMISES: _keep_promises, KEEP_KEYS: _keep_keys}
