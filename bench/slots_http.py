"""What ``GET /v1/slots`` costs the server, beside an endpoint that knows its answer by heart.

``python -m bench.slots_http [--json]``. A real server with one worker is asked for 30 days, of one
advisor and of pools, each with 50 events in their calendar. Beside it stands an endpoint of the
same application, which only this benchmark mounts: it goes through the same authentication and
transaction, makes one indexed query and returns the same bytes from memory. What counts is the CPU
time of the server's processes; requests to the two take turns.

The ratio is ours over the reference: how many times more a real answer costs.
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final

from litestar import Litestar, Request, Response, get, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.access import Caller
from api.dependencies import BROWSER
from api.wiring import House
from bench import processor
from bench.reporting import Row, fail, report, wants_json
from bench.serving import application, serving
from booking.organisation import Advisor, MeetingTypeInput
from booking.tables import meeting_types
from tests.booking.builders import connect_calendar
from tests.guarantee.bank import Bank, open_bank
from tests.guarantee.customers import Line
from tests.guarantee.databases import NAMES, databases
from tests.guarantee.installation import Installation

_POOLS: Final = {"1 advisor": 1, "any of 20": 20, "any of 100": 100}
_DAYS: Final = 30
_EVENTS: Final = 50
_ROUNDS: Final = 15
_REQUESTS: Final = 20
"""Requests to one endpoint before it is the other's turn."""

_by_heart: dict[str, bytes] = {}


# --- the server ----------------------------------------------------------------------------------


@put("/bench/{name:str}", status_code=HTTPStatus.NO_CONTENT)
async def learn(name: FromPath[str], request: Request[Any, Any, State]) -> None:
    """Keep an answer."""
    _by_heart[name] = await request.body()


@get("/bench/{name:str}", dependencies=BROWSER, opt={"auth": "browser"})
async def recite(
    name: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """Return it, after one indexed query."""
    await db.execute(
        select(meeting_types.c.id).where(
            meeting_types.c.tenant_id == caller.tenant, meeting_types.c.slug == name
        )
    )
    return Response(_by_heart[name], media_type="application/json")


def build() -> Litestar:
    """Return the application with the endpoint that knows its answers by heart."""
    return application(learn, recite)


# --- the measurement -----------------------------------------------------------------------------


def main() -> None:
    """Run all of it and print the table."""
    as_json = wants_json("slots_http", "Measure what GET /v1/slots costs the server.")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="spreekuur-bench-") as folder:
        for kind, fresh in databases(Path(folder)):
            rows += asyncio.run(_measure(kind, fresh("slots"), Path(folder)))
    report("slots_http", rows, as_json=as_json)


async def _measure(kind: str, url: str, folder: Path) -> list[Row]:
    installation = Installation(folder, url, smtp_url="smtp://127.0.0.1:25")
    async with installation.house() as house:
        bank = await open_bank(house, advisors=max(_POOLS.values()))
        await _fill(house, bank)
        first = house.clock.now().astimezone(UTC).date() + timedelta(days=1)
    rows = []
    async with (
        serving(installation, "bench.slots_http:build") as (port, pid),
        Line(port, bank.key) as line,
    ):
        for case, advisors in _POOLS.items():
            slots = (
                f"/v1/slots?meeting_type=pool-{advisors}&start={first}"
                f"&end={first + timedelta(days=_DAYS)}&timezone=Europe/Amsterdam"
            )
            ours, reference = await _compare(line, pid, slots, f"/bench/pool-{advisors}")
            rows.append(
                Row(
                    case=f"{NAMES[kind]}, {case}, {_DAYS} days, {_EVENTS} events each",
                    ours=ours,
                    reference=reference,
                    unit="ms of CPU a request",
                    ratio=ours / reference,
                )
            )
    return rows


async def _fill(house: House, bank: Bank) -> None:
    """Let every advisor's calendar hold events, and give a kind of meeting to every pool."""
    now = house.clock.now()
    random = Random(1)  # noqa: S311  # the same calendars every time
    async with house.database.transaction(bank.tenant) as db:
        for one in bank.advisors:
            advisor: Advisor = await booking.service.get_advisor(db, bank.tenant, one)
            begins = [
                now + timedelta(minutes=15 * random.randrange(_DAYS * 96)) for _ in range(_EVENTS)
            ]
            busy = [(at, at + timedelta(minutes=random.choice((15, 30, 60)))) for at in begins]
            await connect_calendar(db, bank.tenant, advisor, read_at=now, busy=sorted(set(busy)))
        for advisors in _POOLS.values():
            kind = MeetingTypeInput(
                slug=f"pool-{advisors}",
                name={"nl": "Gesprek"},
                duration=30,
                step=15,
                notice=0,
                window_days=60,
                channels=["video"],
                advisors=bank.advisors[:advisors],
            )
            await booking.service.apply_meeting_type(db, bank.tenant, kind, now=now)


async def _compare(line: Line, pid: int, slots: str, by_heart: str) -> tuple[float, float]:
    """Return the milliseconds of CPU of one answer from the engine, and of one from memory."""
    answer = await line.get(slots)
    if answer.status != HTTPStatus.OK:
        fail(f"{slots}: {answer.status} {answer.body[:300]!r}")
    await line.put(by_heart, answer.body)
    spent: dict[str, list[float]] = {slots: [], by_heart: []}
    for number in range(_ROUNDS + 1):
        for path in (slots, by_heart):
            begun = processor.seconds(pid)
            for _ in range(_REQUESTS):
                again = await line.get(path)
                if again.status != HTTPStatus.OK or len(again.body) != len(answer.body):
                    fail(f"{path}: {again.status}, {len(again.body)} bytes")
            # The first round warms up.
            if number:
                spent[path].append((processor.seconds(pid) - begun) / _REQUESTS * 1000)
    return median(spent[slots]), median(spent[by_heart])


if __name__ == "__main__":
    main()
