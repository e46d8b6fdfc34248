"""What a thousand advisors in whose calendars nothing happens take of one worker.

``python -m bench.sync_idle [--json] [--advisors N]``. Each has a calendar of 200 events at a real
Radicale. A worker of its own (over PostgreSQL and Redis), or the server that does the work itself
(over SQLite), reads all of them about once a minute. Measured over three minutes are the cores that
its processes keep busy, how old the oldest reading is at the end, and the rounds made. The
references are half a core, and the 72 seconds that a reading may take to come round: a minute, a
fifth more so that calendars do not stay in step.

The ratio is how many times less than that it takes.
"""

import asyncio
import tempfile
import time
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from msgspec import structs
from sqlalchemy import func, select

from api.wiring import House
from bench import processor
from bench.reporting import Row, fail, report
from booking import service
from booking.calendars import store
from booking.calendars.model import ConnectInput, Subject
from booking.calendars.reading import Owner
from booking.calendars.tables import busy_spans, calendar_collections, calendar_objects
from booking.sync import SYNC
from kernel import work
from kernel.ids import Id, new_id
from kernel.tables import work as work_table
from tests.guarantee.bank import Bank, open_bank
from tests.guarantee.databases import NAMES, databases
from tests.guarantee.installation import Installation
from tests.services.processes import free_port
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.redis import RedisServer

_USER: Final = "sanne"
_EVENTS: Final = 200
_SETTLE: Final = 75
_MEASURE: Final = 180
"""Seconds."""

_CORES: Final = 0.5
_AGE: Final = 72


def main() -> None:
    """Run all of it and print the table."""
    parser = ArgumentParser(prog="python -m bench.sync_idle", description="Measure idle polling.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--advisors", type=int, default=1_000, help="how many there are")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="spreekuur-bench-") as folder:
        radicale = Radicale()
        redis = RedisServer()
        try:
            _fill(radicale)
            for kind, fresh in databases(Path(folder)):
                installation = Installation(
                    Path(folder),
                    fresh("idle"),
                    smtp_url="smtp://127.0.0.1:25",
                    redis_url=redis.url if kind == "postgresql" else None,
                    allowed=[f"127.0.0.1:{radicale.port}"],
                )
                rows += asyncio.run(
                    _measure(NAMES[kind], installation, radicale, arguments.advisors)
                )
        finally:
            redis.stop()
            radicale.remove()
    report("sync_idle", rows, as_json=arguments.json)


async def _measure(
    name: str, installation: Installation, radicale: Radicale, advisors: int
) -> list[Row]:
    async with installation.house() as house:
        bank = await open_bank(house, advisors=advisors)
        await _connect_all(house, bank, radicale)
    words = ["work"] if installation.settings.redis_url else ["serve", "--port", str(free_port())]
    program = installation.start(words[0], *words[1:])
    try:
        await asyncio.sleep(_SETTLE)
        begun, spent = time.monotonic(), processor.seconds(program.pid)
        await asyncio.sleep(_MEASURE)
        took = time.monotonic() - begun
        cores = (processor.seconds(program.pid) - spent) / took
        async with installation.house() as house:
            age, rounds = await _seen(house, bank, within=timedelta(seconds=took))
    finally:
        program.stop()
    case = f"{name}, {advisors} advisors with {_EVENTS} events each"
    return [
        Row(case, cores, _CORES, "cores", _CORES / cores),
        Row(case, age, _AGE, "seconds old at most", _AGE / age),
        Row(case, rounds / took * 60 / advisors, unit="rounds a minute each"),
    ]


async def _seen(house: House, bank: Bank, *, within: timedelta) -> tuple[float, int]:
    """Return how many seconds ago the oldest reading was, and how many rounds there were."""
    now = house.clock.now()
    async with house.database.reading(bank.tenant) as db:
        oldest = await db.scalar(
            select(func.min(calendar_collections.c.last_ok_at)).where(
                calendar_collections.c.tenant_id == bank.tenant
            )
        )
        troubled = await db.scalar(
            select(func.count()).where(
                calendar_collections.c.tenant_id == bank.tenant,
                calendar_collections.c.problem.is_not(None),
            )
        )
    async with house.database.reading() as db:
        rounds = await db.scalar(
            select(func.count()).where(
                work_table.c.queue == SYNC, work_table.c.finished_at > now - within
            )
        )
    if oldest is None or troubled or rounds is None:
        fail(f"{troubled} calendars are in trouble, and the oldest was read at {oldest}")
        raise AssertionError
    return (now - oldest).total_seconds(), rounds


# --- a thousand calendars ------------------------------------------------------------------------


async def _connect_all(house: House, bank: Bank, radicale: Radicale) -> None:
    """Connect the first advisor's calendar, and let all others have been connected like that.

    To read the same calendar a thousand times would take ten minutes and tell nothing.
    """
    tenant, (first, *others) = bank.tenant, bank.advisors
    login = ConnectInput(advisor=first, url=radicale.url, username=_USER, password=PASSWORDS[_USER])
    connected = await house.calendars.connect(tenant, login)
    long_ago = house.clock.now() - timedelta(hours=1)
    async with house.database.transaction(tenant) as db:
        (calendar,) = connected.collections
        await store.change_collection(db, tenant, calendar.id, news_at=long_ago)
    async with house.database.reading(tenant) as db:
        subject = await store.subject(db, tenant, connected.id, now=house.clock.now())
        objects = await _rows(db, calendar_objects, tenant)
        spans = await _rows(db, busy_spans, tenant)
    assert subject is not None  # noqa: S101  # it has just been connected
    for advisor in others:
        await _copy(house, subject, advisor, objects, spans)


async def _rows(db: Any, table: Any, tenant: Id) -> list[dict[str, Any]]:
    found = await db.execute(select(table).where(table.c.tenant_id == tenant))
    return [dict(row._mapping) for row in found]  # noqa: SLF001  # public, oddly named


async def _copy(
    house: House,
    subject: Subject,
    advisor: Id,
    objects: list[dict[str, Any]],
    spans: list[dict[str, Any]],
) -> None:
    tenant, now = subject.account.tenant_id, house.clock.now()
    async with house.database.reading(tenant) as db:
        person = await service.get_advisor(db, tenant, advisor)
    account = structs.replace(subject.account, id=new_id("acc", now), advisor_id=advisor)
    account = structs.replace(
        account, password=house.calendars.logins.seal(account.id, PASSWORDS[_USER])
    )
    (before,) = subject.collections
    calendar = structs.replace(before, id=new_id("col", now), account_id=account.id)
    under = Owner(
        tenant=tenant,
        advisor=advisor,
        timezone=person.timezone,
        addresses=frozenset({person.email, _USER}),
        policy=subject.settings.busy_policy,
    ).reads_under(calendar)
    ids = {row["id"]: new_id("cob", now) for row in objects}
    async with house.database.transaction(tenant) as db:
        await store.add_account(db, tenant, account, now=now)
        await store.add_collection(db, tenant, structs.replace(calendar, read_under=under))
        await store.add_objects(
            db,
            tenant,
            [{**row, "id": ids[row["id"]], "collection_id": calendar.id} for row in objects],
        )
        await store.add_spans(
            db,
            tenant,
            [
                {
                    **row,
                    "object_id": ids[row["object_id"]],
                    "collection_id": calendar.id,
                    "advisor_id": advisor,
                }
                for row in spans
            ],
        )
        await work.enqueue(db, tenant, SYNC, account.id, now=now)


def _fill(radicale: Radicale) -> None:
    radicale.make_calendar(_USER, "werk")
    folder = radicale.directory / "collections" / "collection-root" / _USER / "werk"
    for number in range(_EVENTS):
        (folder / f"e{number}.ics").write_text(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//Bench//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:e{number}@bench\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Overleg {number}\r\n"
            f"DTSTART:20270{number % 3 + 1}{number % 28 + 1:02}T{number % 8 + 8:02}0000Z\r\n"
            "DURATION:PT45M\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            newline="",
        )


if __name__ == "__main__":
    main()
