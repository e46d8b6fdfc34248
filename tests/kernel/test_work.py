"""Work is done once, in order, and survives whoever was doing it."""

import asyncio
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


async def test_an_errand_that_hangs_keeps_no_other_waiting(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """A slow outside does not stop what has nothing to do with it."""
    order: list[str] = []
    others_done = asyncio.Event()

    async def errand(task: work.Task) -> None:
        if task.subject == "slow":
            await asyncio.wait_for(others_done.wait(), 5)
        order.append(task.subject)
        if len(order) == 2:
            others_done.set()
        async with database.transaction() as db:
            await task.finish(db, now=clock.now())

    async with database.transaction() as db:
        for subject in ("slow", "b", "c"):
            await work.enqueue(db, tenant, "letters", subject, now=clock.now())
    desk = work.Worker(database, clock, effects={}, errands={"letters": errand})

    await desk.run_due()

    assert order[-1] == "slow"
    assert sorted(order) == ["b", "c", "slow"]


async def test_what_becomes_due_meanwhile_does_not_wait_for_errands(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """While a hand is full with a server that hangs, new letters leave and new errands begin."""
    seen: list[str] = []
    all_seen = asyncio.Event()

    async def effect(db: AsyncConnection, task: work.Task, now: datetime) -> None:
        seen.append(task.subject)
        await work.enqueue(db, tenant, "calls", "second", now=now)

    async def errand(task: work.Task) -> None:
        seen.append(task.subject)
        async with database.transaction() as db:
            if task.subject == "first":
                await work.enqueue(db, tenant, "letters", "letter", now=clock.now())
        if task.subject == "second":
            all_seen.set()
        await asyncio.wait_for(all_seen.wait(), 5)
        async with database.transaction() as db:
            await task.finish(db, now=clock.now())

    async with database.transaction() as db:
        await work.enqueue(db, tenant, "calls", "first", now=clock.now())
    desk = work.Worker(database, clock, effects={"letters": effect}, errands={"calls": errand})

    assert await desk.run_due() == 3
    assert seen == ["first", "letter", "second"]


async def test_a_look_for_work_ends_and_what_was_begun_is_finished(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """After its time a worker claims nothing more; what runs is not broken off."""
    done: list[str] = []

    async def errand(task: work.Task) -> None:
        clock.advance(timedelta(seconds=31))
        async with database.transaction() as db:
            await work.enqueue(db, tenant, "calls", "later", now=clock.now())
            await task.finish(db, now=clock.now())
        done.append(task.subject)

    async with database.transaction() as db:
        await work.enqueue(db, tenant, "calls", "now", now=clock.now())
    desk = work.Worker(database, clock, effects={}, errands={"calls": errand})

    assert await desk.run_due(look_for=timedelta(seconds=30)) == 1
    assert done == ["now"]


async def test_an_errand_whose_lease_ended_while_it_waited_is_left_to_others(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """What waited in a batch past its lease is not begun; it is claimed again."""
    begun: list[str] = []

    async def errand(task: work.Task) -> None:
        begun.append(task.subject)
        if len(begun) == work.ERRANDS_AT_ONCE:
            clock.advance(work.LEASE + timedelta(seconds=1))
        await asyncio.sleep(0.01)
        async with database.transaction() as db:
            await task.finish(db, now=clock.now())

    async with database.transaction() as db:
        for number in range(work.ERRANDS_AT_ONCE + 1):
            await work.enqueue(db, tenant, "letters", str(number), now=clock.now())
    desk = work.Worker(database, clock, effects={}, errands={"letters": errand})

    await desk.run_due()

    assert sorted(begun) == sorted(str(number) for number in range(work.ERRANDS_AT_ONCE + 1))
    assert len(set(begun)) == len(begun)
