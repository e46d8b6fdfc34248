"""Everybody wants the same times at the same moment: is the guarantee kept, and what does it cost?

``python -m bench.booking_race [--json] [--attempts N] [--slots M]``. Three things are measured:

- *Over HTTP*: that many customers want that many times, through two servers over PostgreSQL and
  through one over SQLite. Exactly so many bookings must come of it, all others must be answered
  409, and no two meetings may overlap.
- *Beside a bare endpoint*: the same crowd at one server, and beside it at an endpoint of the same
  application, which only this benchmark mounts: it goes through the same authentication and
  transaction, and does nothing but a bare ``INSERT … ON CONFLICT DO NOTHING``.
- *In the database*: the use case itself, in several processes, beside a bare ``INSERT … ON
  CONFLICT DO NOTHING`` that takes the same kind of claims over as many connections: once as a
  prepared statement that the driver sends by itself, once as any use case here would send it, in a
  transaction that names its tenant. Once many want the same times, once each wants a time of their
  own. Rounds take turns; the median counts.

Commits wait for the disk. The ratio is ours over the reference, in bookings or refusals a second.
It ends with 1 if the guarantee does not hold.
"""

import asyncio
import multiprocessing
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

from litestar import Litestar, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.dependencies import BROWSER
from api.wire.customer import BookingBody
from bench.race_in_database import beside_bare
from bench.reporting import Row, fail, report
from bench.serving import application, serving
from booking import claim_store
from booking.claim_store import Holder, Part
from kernel.ids import new_id, to_text
from tests.guarantee.bank import HALF_HOUR, open_bank, rush, starts
from tests.guarantee.checking import booked, overlaps
from tests.guarantee.customers import race
from tests.guarantee.databases import databases, name_of
from tests.guarantee.installation import Installation
from tests.services.smtp import SmtpServer

_CUSTOMERS: Final = 2
"""Processes that play the customers."""
_CONNECTIONS: Final = 48
"""Connections that each of them keeps open."""
_ROUNDS: Final = 3
_NOBODY: Final = to_text("adv", UUID(int=1))
"""Whose time a bare insert takes."""


def main() -> None:
    """Run all of it and print the table."""
    parser = ArgumentParser(
        prog="python -m bench.booking_race", description="Measure bookings under contention."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--attempts", type=int, default=10_000, help="how many customers")
    parser.add_argument("--slots", type=int, default=100, help="how many times they want")
    told = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="spreekuur-race-") as folder:
        for kind, fresh in databases(Path(folder)):
            # SQLite has one process.
            servers, processes = (2, 4) if kind == "postgresql" else (1, 1)
            rows += asyncio.run(over_http(fresh("http"), servers, told.attempts, told.slots))
            rows += asyncio.run(beside_an_endpoint(fresh("one"), told.attempts // 4, told.slots))
            rows += beside_bare(fresh("bare"), processes, told.attempts // 2, told.slots)
    report("booking_race", rows, as_json=told.json)


# --- over HTTP -----------------------------------------------------------------------------------


async def over_http(url: str, servers: int, attempts: int, slots: int) -> list[Row]:
    """Let customers run at real servers, and look at what came of it."""
    with tempfile.TemporaryDirectory(prefix="spreekuur-race-") as folder, SmtpServer() as smtp:
        installation = Installation(Path(folder), url, smtp_url=smtp.url)
        async with installation.house() as house:
            bank = await open_bank(house)
            wishes = rush(attempts, starts(house.clock.now(), slots))
            async with installation.serving(servers) as (ports, _):
                seconds, found = await asyncio.to_thread(_crowd, ports, bank.key, wishes)
            async with house.database.reading(bank.tenant) as db:
                made, clashing = len(await booked(db, bank.tenant)), await overlaps(db, bank.tenant)
    case = f"HTTP, {name_of(url)}, {servers} server{'s' if servers > 1 else ''}"
    other = attempts - found[201] - found[409]
    if (found[201], made, clashing, other) != (slots, slots, 0, 0):
        fail(f"{case}: answers {dict(found)}, {made} bookings, {clashing} pairs overlap")
    return [
        Row(case=f"{case}: answered 201", ours=found[201], reference=slots, unit="answers"),
        Row(case=f"{case}: answered 409", ours=found[409], unit="answers"),
        Row(case=f"{case}: any other answer", ours=other, reference=0, unit="answers"),
        Row(case=f"{case}: bookings", ours=made, reference=slots, unit="bookings"),
        Row(case=f"{case}: pairs that overlap", ours=clashing, reference=0, unit="pairs"),
        Row(case=f"{case}: time", ours=seconds, unit="s"),
        Row(case=f"{case}: rate", ours=attempts / seconds, unit="attempts/s"),
    ]


def _crowd(
    ports: Sequence[int], key: str, wishes: Sequence[bytes], path: str = "/v1/bookings"
) -> tuple[float, Counter[int]]:
    with ProcessPoolExecutor(_CUSTOMERS, multiprocessing.get_context("spawn")) as processes:
        list(processes.map(_nothing, range(_CUSTOMERS)))  # so that starting them takes no time
        begun = time.perf_counter()
        runs = [
            processes.submit(_customers, ports, key, wishes[number::_CUSTOMERS], path)
            for number in range(_CUSTOMERS)
        ]
        found = sum((run.result() for run in runs), Counter[int]())
        return time.perf_counter() - begun, found


def _nothing(_: int) -> None:
    time.sleep(0.2)


def _customers(ports: Sequence[int], key: str, wishes: Sequence[bytes], path: str) -> Counter[int]:
    return asyncio.run(race(ports, key, wishes, connections=_CONNECTIONS, path=path))


# --- beside a bare endpoint ----------------------------------------------------------------------


@post("/bench/claims", dependencies=BROWSER, opt={"auth": "browser"})
async def claim_only(
    data: JSONBody[BookingBody],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """Take the time of somebody who does not exist, and do nothing else."""
    part = Part(resource=_NOBODY, start=data.start, end=data.start + HALF_HOUR)
    taken = await claim_store.claim(
        db,
        caller.tenant,
        [part],
        kind=new_id("mty", now),
        begins_at=data.start,
        holder=Holder(booking_id=new_id("bkg", now)),
        now=now,
    )
    return Response(b"", status_code=HTTPStatus.CREATED if taken else HTTPStatus.CONFLICT)


def build() -> Litestar:
    """Return the application with the endpoint that only claims."""
    return application(claim_only)


async def beside_an_endpoint(url: str, attempts: int, slots: int) -> list[Row]:
    """Let the same crowd run at the API and at the bare endpoint of one server, in turns."""
    rates: dict[str, list[float]] = {"/v1/bookings": [], "/bench/claims": []}
    with tempfile.TemporaryDirectory(prefix="spreekuur-race-") as folder, SmtpServer() as smtp:
        installation = Installation(Path(folder), url, smtp_url=smtp.url)
        async with installation.house() as house:
            bank = await open_bank(house)
            times = starts(house.clock.now(), slots * (_ROUNDS + 1))
        async with serving(installation, "bench.booking_race:build") as server:
            for number in range(_ROUNDS + 1):
                wishes = rush(attempts, times[slots * number :][:slots])
                for path, measured in rates.items():
                    seconds, answers = await asyncio.to_thread(
                        _crowd, [server.port], bank.key, wishes, path
                    )
                    if answers != Counter({201: slots, 409: attempts - slots}):
                        fail(f"{path}: {dict(answers)}")
                    if number:  # the first round warms up
                        measured.append(attempts / seconds)
    ours, reference = map(median, rates.values())
    case = f"HTTP, {name_of(url)}, 1 server: {attempts} want {slots} times, beside a bare endpoint"
    return [Row(case, ours, reference, "attempts/s", ours / reference)]


if __name__ == "__main__":
    main()
