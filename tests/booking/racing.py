"""Several processes of the operating system that want the same time at the same moment."""

import asyncio
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from itertools import chain
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from booking import claim_store, service
from booking.claim_store import Holder, Part
from booking.errors import SlotTaken, SlotUnavailable
from booking.tables import advisors, claims
from kernel.database import Database
from kernel.ids import Id, new_id, to_text
from tests.booking.builders import NOW, book, set_hours

PROCESSES = 4
PATIENCE = 60
SOMEBODY = to_text("cus", UUID(int=1))
"""The same customer in every process."""

Racer = Callable[[str, Id, int], "list[str]"]

_barrier: list[Barrier] = []


def _know(barrier: Barrier) -> None:
    _barrier.append(barrier)


class Track:
    """Processes that stand ready, so that each race begins with all of them at the line."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._processes = ProcessPoolExecutor(
            PROCESSES, spawn, initializer=_know, initargs=(spawn.Barrier(PROCESSES),)
        )

    def race(self, racer: Racer, url: str, tenant: Id) -> Counter[str]:
        """Run *racer* once in each process and count how its attempts ended."""
        runs = [self._processes.submit(racer, url, tenant, number) for number in range(PROCESSES)]
        return Counter(chain.from_iterable(run.result() for run in runs))

    def close(self) -> None:
        """End the processes."""
        self._processes.shutdown()


def line_up() -> None:
    """Wait until every process is here; nobody comes twice before all have come once."""
    _barrier[0].wait(PATIENCE)


# --- racers that book as a customer does ---------------------------------------------------------


def book_one_slot(url: str, tenant: Id, number: int) -> list[str]:
    """Six customers at once want the only meeting of the morning."""
    return asyncio.run(_book_all(url, tenant, [NOW + timedelta(days=1)] * 6))


def book_staggered_slots(url: str, tenant: Id, number: int) -> list[str]:
    """Twenty customers want starts that overlap one another, each process in its own order."""
    starts = [NOW + timedelta(days=1, minutes=5 * step) for step in range(20)]
    random.Random(number).shuffle(starts)  # noqa: S311  # an order, not a secret
    return asyncio.run(_book_all(url, tenant, starts))


def book_different_times(url: str, tenant: Id, number: int) -> list[str]:
    """Five customers in each process, all at times of one day that do not overlap."""
    nine = NOW + timedelta(days=1)
    starts = [nine + timedelta(minutes=30 * (PROCESSES * turn + number)) for turn in range(5)]
    return asyncio.run(_book_all(url, tenant, starts, strangers=True))


def book_different_times_for_one(url: str, tenant: Id, number: int) -> list[str]:
    """The same, but all of them for one customer."""
    nine = NOW + timedelta(days=1)
    starts = [nine + timedelta(minutes=30 * (PROCESSES * turn + number)) for turn in range(5)]
    return asyncio.run(_book_all(url, tenant, starts))


def book_seats(url: str, tenant: Id, number: int) -> list[str]:
    """Six customers at once want a seat at the same time; as many as do not fit are told so."""
    return asyncio.run(_book_all(url, tenant, [NOW + timedelta(days=1)] * 6, strangers=True))


def book_in_the_branch(url: str, tenant: Id, number: int) -> list[str]:
    """Six customers at once want to come to the branch at the same time."""
    wanted = {"channel": "branch", "location": "utrecht"}
    starts = [NOW + timedelta(days=1)] * 6
    return asyncio.run(_book_all(url, tenant, starts, strangers=True, **wanted))


async def _book_all(
    url: str, tenant: Id, starts: Sequence[datetime], *, strangers: bool = False, **wanted: Any
) -> list[str]:
    database = Database(url)
    async with database.reading(tenant) as db:
        await db.execute(select(1))  # so that connecting is no head start

    async def attempt(start: datetime) -> str:
        try:
            async with database.transaction(tenant) as db:
                customer = new_id("cus", NOW) if strangers else SOMEBODY
                await book(db, tenant, start, customer=customer, **wanted)
        except SlotTaken:
            return "taken"
        except SlotUnavailable as refused:
            return refused.reason
        return "booked"

    line_up()
    ended = await asyncio.gather(*(attempt(start) for start in starts))
    await database.close()
    return list(ended)


# --- somebody else at their desk -----------------------------------------------------------------


def work_afternoons(url: str, tenant: Id, advisor: Id) -> None:
    """Give an advisor other hours, in a process that knows nothing of this one."""
    asyncio.run(_work_afternoons(url, tenant, advisor))


async def _work_afternoons(url: str, tenant: Id, advisor: Id) -> None:
    database = Database(url)
    async with database.transaction(tenant) as db:
        await set_hours(db, tenant, await service.get_advisor(db, tenant, advisor), "13:00-15:00")
    await database.close()


# --- racers that have all looked before any of them writes ---------------------------------------


def look_then_claim(url: str, tenant: Id, number: int) -> list[str]:
    """Write as the house does."""
    return asyncio.run(_look_then_write(url, tenant, guarded=True))


def look_then_insert(url: str, tenant: Id, number: int) -> list[str]:
    """Write as everybody would who trusts their look."""
    return asyncio.run(_look_then_write(url, tenant, guarded=False))


async def _look_then_write(url: str, tenant: Id, *, guarded: bool) -> list[str]:
    database = Database(url)
    start, end = NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1)
    async with database.reading(tenant) as db:
        (advisor,) = await db.scalars(select(advisors.c.id))
        taken = (await db.execute(select(claims.c.id).where(claims.c.live))).all()
    if taken:
        return ["looked too late"]
    line_up()
    holder = Holder(booking_id=new_id("bkg", NOW))
    async with database.transaction(tenant) as db:
        if guarded:
            won = await claim_store.claim(
                db,
                tenant,
                [Part(resource=advisor, start=start, end=end)],
                kind=new_id("mty", NOW),
                begins_at=start,
                holder=holder,
                now=NOW,
            )
        else:
            won = True
            await db.execute(
                insert(claims).values(
                    tenant_id=tenant,
                    id=new_id("clm", NOW),
                    resource_id=advisor,
                    booking_id=holder.booking_id,
                    starts_at=start,
                    ends_at=end,
                    live=True,
                )
            )
    await database.close()
    return ["booked" if won else "taken"]
