"""Work is done once, in order, and survives whoever was doing it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import work
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.ids import Id
from kernel.tables import work as table


def worker(database: Database, clock: FixedClock, effect: work.Effect) -> work.Worker:
    return work.Worker(database, clock, effects={"letters": effect}, errands={})


async def test_asking_twice_for_waiting_work_makes_one_piece(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """While a piece of work waits, asking for the same again changes nothing."""
    seen: list[str] = []

    async def effect(db: AsyncConnection, task: work.Task, now: datetime) -> None:
        seen.append(task.subject)

    async with database.transaction() as db:
        await work.enqueue(db, tenant, "letters", "a", now=clock.now())
        await work.enqueue(db, tenant, "letters", "a", now=clock.now())

    await worker(database, clock, effect).run_due()

    assert seen == ["a"]


async def test_failed_work_waits_and_is_tried_again(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """A failure puts the work back with a delay; nothing is lost and nothing spins."""
    tries: list[int] = []

    async def effect(db: AsyncConnection, task: work.Task, now: datetime) -> None:
        tries.append(task.attempts)
        if len(tries) == 1:
            raise RuntimeError("not today")

    async with database.transaction() as db:
        await work.enqueue(db, tenant, "letters", "a", now=clock.now())
    desk = worker(database, clock, effect)
    await desk.run_due()
    assert tries == [1]

    clock.advance(timedelta(seconds=2))
    await desk.run_due()

    assert tries == [1, 2]


async def test_a_worker_whose_lease_has_ended_cannot_finish(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """The token of an ended lease is refused, so a stalled worker overwrites nothing."""

    async def effect(db: AsyncConnection, task: work.Task, now: datetime) -> None: ...

    desk = worker(database, clock, effect)
    async with database.transaction() as db:
        await work.enqueue(db, tenant, "letters", "a", now=clock.now())
    (stalled,) = await desk._claim()
    clock.advance(work.LEASE + timedelta(seconds=1))
    assert await desk.run_due() == 1

    with pytest.raises(work.LeaseLost):
        async with database.transaction() as db:
            await stalled.finish(db, now=clock.now())


async def test_work_that_never_succeeds_ends_as_dead_and_stays_visible(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """Patience ends; the row remains, with the class of what went wrong."""

    async def effect(db: AsyncConnection, task: work.Task, now: datetime) -> None:
        raise LookupError("anna@example.org")

    async with database.transaction() as db:
        await work.enqueue(db, tenant, "letters", "a", now=clock.now())
    desk = worker(database, clock, effect)
    for _ in range(len(work.PATIENCE) + 2):
        await desk.run_due()
        clock.advance(timedelta(hours=2))

    async with database.reading() as db:
        row = (await db.execute(select(table.c.state, table.c.problem))).one()
    assert tuple(row) == ("dead", "LookupError")
