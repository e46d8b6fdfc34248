"""What happened is told to everybody who asked, once."""

from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import outbox, work
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.events import BookingCancelled, RatePublished
from kernel.ids import Id, new_id


async def test_each_subscriber_hears_of_an_event_once(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """Two subscribers, one event: each hears it, and a second look brings nothing new."""
    heard: list[tuple[str, object]] = []

    async def listen(db: AsyncConnection, task: work.Task, now: datetime) -> None:
        heard.append((task.queue, await outbox.load(db, task.subject)))

    event = RatePublished(rate=new_id("rte", clock.now()))
    async with database.transaction(tenant) as db:
        await outbox.record(db, tenant, event, now=clock.now())
    desk = work.Worker(
        database,
        clock,
        effects={
            outbox.EVENTS_QUEUE: outbox.fan_out({RatePublished: ("one", "two")}),
            "one": listen,
            "two": listen,
        },
        errands={},
    )

    await desk.run_due()
    await desk.run_due()

    assert sorted(heard, key=lambda pair: pair[0]) == [("one", event), ("two", event)]


async def test_an_event_goes_when_its_transaction_does(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """What was rolled back did not happen, and nobody hears of it."""

    async def fails_halfway() -> None:
        async with database.transaction(tenant) as db:
            event = BookingCancelled(booking=new_id("bkg", clock.now()), sequence=1, by="customer")
            await outbox.record(db, tenant, event, now=clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails_halfway()

    async with database.reading() as db:
        assert await work.counts(db) == []
