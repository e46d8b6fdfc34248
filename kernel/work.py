"""Work that must get done whatever crashes: the database remembers it, workers lease it.

A piece of work is (tenant, queue, subject): ids only. While one is waiting, asking for the same
again changes nothing; while one runs, asking again makes a second that waits for the first. A
worker holds a lease with a random token. Whoever comes back after its lease has ended finds its
token refused, so a stalled worker can never overwrite what its successor did.

There are two kinds of handler. An *effect* only writes rows: it runs inside the transaction that
marks the work done, so it lands once. An *errand* talks to the outside: it manages transactions
of its own, calls ``task.finish`` in the last one, and may run more than once.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import ModuleType
from typing import Final, TypeAlias

import structlog
from msgspec import Struct
from sqlalchemy import Insert, and_, case, exists, func, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.clock import Clock
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.tables import work
from kernel.writing import Row, write

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=90)
BATCH: Final = 50
ERRANDS_AT_ONCE: Final = 8
_LOOK: Final = 1.0
"""Seconds after which new work no longer waits for errands that run."""

PATIENCE: Final = (1, 5, 15, 60, 300, 900, 3600, 3600, 3600, 3600, 3600, 3600)
"""Seconds to wait after each failed attempt; when the list is used up the work is dead."""


class LeaseLost(Exception):
    """Somebody else has taken over this piece of work; what was done must not be recorded."""


class RetryLater(Exception):
    """The work cannot be done now; try again after *delay*. This uses up no patience."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay
        self.reason = reason


class Task(Struct, frozen=True, kw_only=True):
    """One leased piece of work, ours until *lease_until*; *attempts* counts this one."""

    id: Id
    tenant: Id
    queue: str
    subject: str
    attempts: int
    lease_token: str
    lease_until: datetime

    async def finish(self, db: AsyncConnection, *, now: datetime) -> None:
        """Mark the work done, in the transaction that records its result.

        Raises:
            LeaseLost: The lease has ended and the work is another worker's.
        """
        result = await db.execute(
            update(work)
            .where(
                work.c.id == self.id,
                work.c.state == "leased",
                work.c.lease_token == self.lease_token,
            )
            .values(state="done", finished_at=now, lease_until=None, lease_token=None)
        )
        if result.rowcount != 1:
            raise LeaseLost(self.id)


Effect: TypeAlias = Callable[[AsyncConnection, Task, datetime], Awaitable[None]]
"""Writes rows only; runs in the transaction that marks the work done."""

Errand: TypeAlias = Callable[[Task], Awaitable[None]]
"""Talks to the outside; must call ``task.finish`` in its last transaction."""


def row(
    tenant: Id, queue: str, subject: str, *, now: datetime, due_at: datetime | None = None
) -> Row:
    """Return the row that asks for work; of the same that waits already, the sooner time counts."""
    return Row(
        into=_ask,
        values={
            "id": new_id("wrk", now),
            "tenant_id": tenant,
            "queue": queue,
            "subject": subject,
            "state": "ready",
            "due_at": due_at or now,
            "attempts": 0,
            "created_at": now,
        },
    )


def _ask(dialect: ModuleType) -> Insert:
    new = dialect.insert(work)
    sooner = case((new.excluded.due_at < work.c.due_at, new.excluded.due_at), else_=work.c.due_at)
    statement: Insert = new.on_conflict_do_update(
        index_elements=[work.c.queue, work.c.subject],
        index_where=text("state = 'ready'"),
        set_={"due_at": sooner},
    )
    return statement


async def enqueue(
    db: AsyncConnection,
    tenant: Id,
    queue: str,
    subject: str,
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """Ask for work; if the same is waiting already, it is moved forward when this is sooner."""
    await write(db, row(tenant, queue, subject, now=now, due_at=due_at))


async def oldest_due(db: AsyncConnection, *, now: datetime) -> datetime | None:
    """Return since when the oldest due work waits, if any does."""
    return await db.scalar(
        select(func.min(work.c.due_at)).where(work.c.state == "ready", work.c.due_at <= now)
    )


class Count(Struct, frozen=True, kw_only=True):
    """How much work of one kind there is in one state."""

    queue: str
    state: str
    count: int


async def counts(db: AsyncConnection) -> list[Count]:
    """Count work by queue and state."""
    rows = await db.execute(
        select(work.c.queue, work.c.state, func.count().label("many"))
        .group_by(work.c.queue, work.c.state)
        .order_by(work.c.queue, work.c.state)
    )
    return [Count(queue=row.queue, state=row.state, count=row.many) for row in rows]


async def revive(db: AsyncConnection, *, now: datetime, dry_run: bool) -> int:
    """Make dead work due again, unless the same waits already; return how much it is."""
    dead = select(work.c.id, work.c.tenant_id, work.c.queue, work.c.subject).where(
        work.c.state == "dead"
    )
    rows = (await db.execute(dead)).all()
    if not dry_run:
        for row in rows:
            await enqueue(db, row.tenant_id, row.queue, row.subject, now=now)
        await db.execute(
            update(work)
            .where(work.c.id.in_([row.id for row in rows]))
            .values(state="done", finished_at=now)
        )
    return len(rows)


class Worker:
    """Claims due work and runs it; any number may run beside each other."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        effects: Mapping[str, Effect],
        errands: Mapping[str, Errand],
    ) -> None:
        self.database = database
        self.clock = clock
        self.effects = effects
        self.errands = errands

    async def run_due(self, *, look_for: timedelta | None = None) -> int:
        """Do everything that is due, and what that makes due, and return how much it was.

        Effects are quick and run in order. Errands wait for others outside, so they run side by
        side, and what becomes due meanwhile does not wait for them: a calendar server that hangs
        keeps no letter waiting.

        Args:
            look_for: After this long, finish what has been begun and look for no more.
        """
        done = 0
        until = None if look_for is None else self.clock.monotonic() + look_for.total_seconds()
        hands = asyncio.Semaphore(ERRANDS_AT_ONCE)
        running: dict[asyncio.Task[None], Task] = {}
        try:
            while True:
                late = until is not None and self.clock.monotonic() >= until
                tasks = [] if late else await self._claim(running.values())
                done += len(tasks)
                for task in tasks:
                    if task.queue in self.effects:
                        await self._run(task)
                    else:
                        running[asyncio.create_task(self._run_errand(task, hands))] = task
                if not tasks and not running:
                    return done
                if running:
                    # Mostly all end at once, and one thing follows the other in good order.
                    await asyncio.wait(running, timeout=_LOOK)
                for errand in [errand for errand in running if errand.done()]:
                    del running[errand]
                    errand.result()
        finally:
            for errand in running:
                errand.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _run_errand(self, task: Task, hands: asyncio.Semaphore) -> None:
        async with hands:
            # What waited here past its lease is somebody else's by now, or will be claimed again.
            if self.clock.now() < task.lease_until:
                await self._run(task)

    async def _claim(self, running: Collection[Task] = ()) -> list[Task]:
        """Lease what is due; no errands while all hands are full, and none that run already."""
        now = self.clock.now()
        mine = {(task.queue, task.subject) for task in running}
        queues = [*self.effects, *(self.errands if len(mine) < ERRANDS_AT_ONCE else ())]
        other = work.alias("other")
        claimable = and_(
            work.c.queue.in_(queues),
            or_(
                and_(work.c.state == "ready", work.c.due_at <= now),
                and_(work.c.state == "leased", work.c.lease_until < now),
            ),
            # One at a time for one subject, in the order in which they were asked for.
            ~exists().where(
                other.c.queue == work.c.queue,
                other.c.subject == work.c.subject,
                other.c.state == "leased",
                other.c.lease_until >= now,
            ),
        )
        async with self.database.transaction() as db:
            rows = (
                await db.execute(
                    select(
                        work.c.id, work.c.tenant_id, work.c.queue, work.c.subject, work.c.attempts
                    )
                    .where(claimable)
                    .order_by(work.c.due_at, work.c.id)
                    .limit(BATCH)
                    .with_for_update(skip_locked=True)
                )
            ).all()
            tasks: dict[tuple[str, str], Task] = {}
            for row in rows:
                if (row.queue, row.subject) in mine:
                    continue
                tasks.setdefault(
                    (row.queue, row.subject),
                    Task(
                        id=row.id,
                        tenant=row.tenant_id,
                        queue=row.queue,
                        subject=row.subject,
                        attempts=row.attempts + 1,
                        lease_token=secrets.token_hex(8),
                        lease_until=now + LEASE,
                    ),
                )
            for task in tasks.values():
                await db.execute(
                    update(work)
                    .where(work.c.id == task.id)
                    .values(
                        state="leased",
                        attempts=task.attempts,
                        lease_until=task.lease_until,
                        lease_token=task.lease_token,
                    )
                )
        return list(tasks.values())

    async def _run(self, task: Task) -> None:
        try:
            if effect := self.effects.get(task.queue):
                async with self.database.transaction(task.tenant) as db:
                    now = self.clock.now()
                    await effect(db, task, now)
                    await task.finish(db, now=now)
            else:
                await self.errands[task.queue](task)
        except LeaseLost:
            log.warning("work.lease_lost", work=task.id, queue=task.queue)
        except RetryLater as later:
            await self._put_back(task, later.delay, later.reason, count=False)
        except Exception as error:  # one bad piece must never stop the others
            # The message may quote what it choked on, so only the class is kept.
            problem = type(error.__cause__ or error).__name__
            log.error(  # noqa: TRY400  # a traceback of a statement would hold its values
                "work.failed",
                work=task.id,
                queue=task.queue,
                attempt=task.attempts,
                problem=problem,
                exc_info=not isinstance(error, SQLAlchemyError),
            )
            await self._put_back(task, None, problem, count=True)

    async def _put_back(
        self, task: Task, delay: timedelta | None, problem: str, *, count: bool
    ) -> None:
        now = self.clock.now()
        attempts = task.attempts if count else task.attempts - 1
        dead = delay is None and task.attempts > len(PATIENCE)
        wait = delay or timedelta(seconds=PATIENCE[min(task.attempts, len(PATIENCE)) - 1])
        mine = and_(work.c.id == task.id, work.c.lease_token == task.lease_token)
        async with self.database.transaction() as db:
            same = await db.scalar(
                select(work.c.id).where(
                    work.c.queue == task.queue,
                    work.c.subject == task.subject,
                    work.c.state == "ready",
                )
            )
            state = "dead" if dead else "done" if same else "ready"
            await db.execute(
                update(work)
                .where(mine)
                .values(
                    state=state,
                    attempts=attempts,
                    due_at=now + wait,
                    problem=problem,
                    lease_until=None,
                    lease_token=None,
                    finished_at=None if state == "ready" else now,
                )
            )
