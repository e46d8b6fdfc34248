"""Booking in the database alone, in several processes, beside bare inserts.

No server, customers or letters: `booking_race` prints what comes of it.
"""

import asyncio
import multiprocessing
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias

import asyncpg  # type: ignore[import-untyped]  # as shipped
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.reporting import Row, fail
from booking import claim_store, service
from booking.claim_store import Holder, Part
from booking.errors import SlotTaken
from booking.model import BookingInput
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.ids import Id, new_id, to_uuid
from tests.guarantee.bank import HALF_HOUR, KIND, Bank, open_bank, starts
from tests.guarantee.databases import name_of
from tests.guarantee.installation import Installation

_ROUNDS: Final = 3
_FREE: Final = 400
"""Attempts of a round in which nobody wants what another wants."""
_WARM: Final = 7
"""Attempts after which a connection is what it stays: PostgreSQL plans the first five anew."""


class _NotMeant(Exception):
    """An attempt that was made for practice."""


Attempts: TypeAlias = Sequence[datetime]


def beside_bare(url: str, processes: int, attempts: int, slots: int) -> list[Row]:
    """Measure the use case beside the bare insert, in rounds that take turns."""
    bank = asyncio.run(_opened(url))
    racers = {
        "ours": the_use_case,
        "a bare statement": bare_postgres if url.startswith("postgresql") else bare_sqlite,
        "the same in a transaction of ours": bare_in_a_transaction,
    }
    connections = 8
    rows = []
    now = SystemClock().now()
    times = starts(now, _ROUNDS * (slots + _FREE))
    hot = [times[slots * number :][:slots] for number in range(_ROUNDS)]
    free = [times[slots * _ROUNDS + _FREE * number :][:_FREE] for number in range(_ROUNDS)]
    where = f"{processes} process{'es' if processes > 1 else ''}, {connections} connections each"
    with _track(processes) as track:
        for case, rounds, wanted in (
            (
                f"{name_of(url)}, {where}: {attempts} want {slots} times",
                hot,
                attempts,
            ),
            (f"{name_of(url)}, {where}: each wants another time", free, _FREE),
        ):
            rates: dict[str, list[float]] = {name: [] for name in racers}
            for chosen in rounds:
                wishes = [chosen[number * len(chosen) // wanted] for number in range(wanted)]
                for name, racer in racers.items():
                    # A bare insert claims the time of somebody else, so that all find it free.
                    advisor = bank.advisors[0] if name == "ours" else new_id("adv", now)
                    seconds, found = track(
                        partial(racer, url, bank.tenant, advisor, connections=connections), wishes
                    )
                    if found != Counter(booked=len(chosen), taken=wanted - len(chosen)):
                        fail(f"{case}, {name}: {dict(found)}")
                    rates[name].append(wanted / seconds)
            ours, *references = [(name, median(found)) for name, found in rates.items()]
            rows += [
                Row(f"{case}, beside {name}", ours[1], reference, "attempts/s", ours[1] / reference)
                for name, reference in references
            ]
    return rows


async def _opened(url: str) -> Bank:
    with tempfile.TemporaryDirectory(prefix="spreekuur-race-") as folder:
        installation = Installation(Path(folder), url, smtp_url="smtp://127.0.0.1:25")
        async with installation.house() as house:
            return await open_bank(house)


_line: list[Barrier] = []


def _know(barrier: Barrier) -> None:
    _line.append(barrier)


@contextmanager
def _track(processes: int) -> Iterator[Callable[..., tuple[float, Counter[str]]]]:
    """Keep processes ready; yields what runs a racer in all of them at the same moment."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, spawn, initializer=_know, initargs=(spawn.Barrier(processes),)
    ) as pool:

        def run(
            racer: Callable[..., tuple[float, float, Counter[str]]], wishes: Attempts
        ) -> tuple[float, Counter[str]]:
            runs = [
                pool.submit(racer, wishes=wishes[number::processes]) for number in range(processes)
            ]
            ends = [one.result() for one in runs]
            # The clock since the machine was started is the same in all processes.
            seconds = max(end for _, end, _ in ends) - min(begun for begun, _, _ in ends)
            return seconds, sum((found for _, _, found in ends), Counter[str]())

        yield run


def the_use_case(
    url: str, tenant: Id, advisor: Id, wishes: Attempts, *, connections: int
) -> tuple[float, float, Counter[str]]:
    """Book each of the wishes as the API does, customers and letters apart."""
    return asyncio.run(_book_all(url, tenant, wishes, connections))


async def _book_all(
    url: str, tenant: Id, wishes: Attempts, connections: int
) -> tuple[float, float, Counter[str]]:
    now = SystemClock().now()

    async def attempt(db: AsyncConnection, start: datetime) -> str:
        wanted = BookingInput(
            meeting_type=KIND,
            start=start,
            timezone="Europe/Amsterdam",
            channel="video",
            language="nl",
        )
        try:
            await service.book(db, tenant, wanted, customer=new_id("cus", now), now=now)
        except SlotTaken:
            return "taken"
        return "booked"

    return await _in_transactions(url, tenant, wishes, attempt, connections)


def bare_in_a_transaction(
    url: str, tenant: Id, advisor: Id, wishes: Attempts, *, connections: int
) -> tuple[float, float, Counter[str]]:
    """Do nothing but take the time, as every use case talks to the database."""
    now = SystemClock().now()
    kind = new_id("mty", now)

    async def attempt(db: AsyncConnection, start: datetime) -> str:
        part = Part(resource=advisor, start=start, end=start + HALF_HOUR)
        holder = Holder(booking_id=new_id("bkg", now))
        taken = await claim_store.claim(
            db, tenant, [part], kind=kind, begins_at=start, holder=holder, now=now
        )
        return "booked" if taken else "taken"

    return asyncio.run(_in_transactions(url, tenant, wishes, attempt, connections))


async def _in_transactions(
    url: str,
    tenant: Id,
    wishes: Attempts,
    attempt: Callable[[AsyncConnection, datetime], Coroutine[Any, Any, str]],
    connections: int,
) -> tuple[float, float, Counter[str]]:
    database = Database(url)

    async def attempt_one(start: datetime) -> str:
        async with database.transaction(tenant) as db:
            return await attempt(db, start)

    async def warm_up() -> None:
        """Open a connection that has its statements ready, as one in use for a minute has."""
        for _ in range(_WARM):
            with suppress(_NotMeant):
                async with database.transaction(tenant) as db:
                    await attempt(db, wishes[0])
                    await asyncio.sleep(0)
                    raise _NotMeant

    await asyncio.gather(*(warm_up() for _ in range(connections)))
    _line[0].wait()
    ended = await _all(wishes, [attempt_one] * connections)
    await database.close()
    return ended


def bare_postgres(
    url: str, tenant: Id, advisor: Id, wishes: Attempts, *, connections: int
) -> tuple[float, float, Counter[str]]:
    """Do nothing but take the time: one prepared statement, which is its own transaction."""
    return asyncio.run(_insert_all(url, tenant, advisor, wishes, connections))


async def _insert_all(
    url: str, tenant: Id, advisor: Id, wishes: Attempts, connections: int
) -> tuple[float, float, Counter[str]]:
    now = SystemClock().now()
    owner = to_uuid("ten", tenant)
    lines = await asyncio.gather(*(asyncpg.connect(url) for _ in range(connections)))
    attempts = []
    for line in lines:
        await line.execute("SELECT set_config('spreekuur.tenant', $1, false)", str(owner))
        prepared = await line.prepare(
            "INSERT INTO claims (tenant_id, id, resource_id, booking_id, starts_at, ends_at, live)"
            " VALUES ($1, $2, $3, $4, $5, $6, true)"
            " ON CONFLICT ON CONSTRAINT ex_claims_no_overlap DO NOTHING RETURNING id"
        )

        async def attempt(start: datetime, take: Any = prepared) -> str:
            taken = await take.fetchval(
                owner,
                to_uuid("clm", new_id("clm", now)),
                to_uuid("adv", advisor),
                to_uuid("bkg", new_id("bkg", now)),
                start,
                start + HALF_HOUR,
            )
            return "booked" if taken else "taken"

        attempts.append(attempt)
    _line[0].wait()
    ended = await _all(wishes, attempts)
    for line in lines:
        await line.close()
    return ended


async def _all(
    wishes: Attempts, attempts: Sequence[Callable[[datetime], Coroutine[Any, Any, str]]]
) -> tuple[float, float, Counter[str]]:
    """Share the wishes out among so many attempts at a time."""
    found: Counter[str] = Counter()
    waiting = iter(wishes)

    async def one(attempt: Callable[[datetime], Coroutine[Any, Any, str]]) -> None:
        for start in waiting:
            found[await attempt(start)] += 1

    begun = time.monotonic()
    await asyncio.gather(*map(one, attempts))
    return begun, time.monotonic(), found


def bare_sqlite(
    url: str, tenant: Id, advisor: Id, wishes: Attempts, *, connections: int
) -> tuple[float, float, Counter[str]]:
    """Do the same on SQLite, where a trigger leaves out what overlaps: a thread a connection."""
    now = SystemClock().now()
    path = url.removeprefix("sqlite:///")
    found: Counter[str] = Counter()
    waiting = iter(wishes)

    def work(_: int) -> Counter[str]:
        mine: Counter[str] = Counter()
        line = sqlite3.connect(path, isolation_level=None, timeout=15)
        line.execute("PRAGMA synchronous=FULL")
        for start in waiting:
            line.execute("BEGIN IMMEDIATE")
            taken = line.execute(
                "INSERT INTO claims"
                " (tenant_id, id, resource_id, booking_id, starts_at, ends_at, live)"
                " VALUES (?, ?, ?, ?, ?, ?, 1)",
                (
                    to_uuid("ten", tenant).hex,
                    to_uuid("clm", new_id("clm", now)).hex,
                    to_uuid("adv", advisor).hex,
                    to_uuid("bkg", new_id("bkg", now)).hex,
                    _as_text(start),
                    _as_text(start + HALF_HOUR),
                ),
            ).rowcount
            line.execute("COMMIT")
            mine["booked" if taken else "taken"] += 1
        line.close()
        return mine

    _line[0].wait()
    begun = time.monotonic()
    with ThreadPoolExecutor(connections) as threads:
        for mine in threads.map(work, range(connections)):
            found += mine
    return begun, time.monotonic(), found


def _as_text(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(" ", "microseconds")
