"""Real worker processes over PostgreSQL and Redis, killed and robbed of both while they sync.

Every server here is private to the test, so that it can be taken away.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.wiring import House
from booking import service
from booking.calendars import reading, store
from booking.calendars.model import Account, ConnectInput
from booking.calendars.tables import busy_spans, calendar_objects
from booking.model import Booking, BookingInput
from booking.sync import SYNC
from kernel import work
from kernel.ids import new_id
from kernel.tables import work as work_table
from tests.booking.calendars.conftest import USER, event
from tests.guarantee.bank import KIND, Bank, open_bank, starts
from tests.guarantee.databases import fresh_postgres
from tests.guarantee.installation import Installation, Program
from tests.services import fault_proxy as faults
from tests.services.fault_proxy import Exchange, FaultProxy
from tests.services.postgres import Postgres
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.redis import RedisServer

pytestmark = pytest.mark.timeout(600)

MINUTE = timedelta(minutes=1)
A_NIGHT = 300
OLD = 10
"""Events that are removed while many new ones are read."""


class Bureau:
    """An installation with an advisor, whose calendar is reached through a proxy."""

    def __init__(
        self,
        installation: Installation,
        house: House,
        bank: Bank,
        radicale: Radicale,
        proxy: FaultProxy,
    ) -> None:
        self.installation = installation
        self.house = house
        self.bank = bank
        self.radicale = radicale
        self.proxy = proxy
        self.werk = f"{radicale.url}{USER}/werk/"
        self.workers: list[Program] = []

    def hire(self) -> Program:
        """Start a worker of its own."""
        self.workers.append(self.installation.start("work"))
        return self.workers[-1]

    async def connect(self) -> Account:
        """Connect the advisor's account, which reads it."""
        (advisor,) = self.bank.advisors
        login = ConnectInput(
            advisor=advisor, url=self.proxy.url, username=USER, password=PASSWORDS[USER]
        )
        return await self.house.calendars.connect(self.bank.tenant, login)

    async def ask(self, account: Account) -> None:
        """Let the account be due, as it is about once a minute."""
        async with self.house.database.transaction(self.bank.tenant) as db:
            now = self.house.clock.now()
            await work.enqueue(db, self.bank.tenant, SYNC, account.id, now=now, due_at=now)

    async def book(self, start: datetime) -> Booking:
        """Book a meeting."""
        data = BookingInput(
            meeting_type=KIND,
            start=start,
            timezone="Europe/Amsterdam",
            channel="video",
            language="nl",
        )
        now = self.house.clock.now()
        customer = new_id("cus", now)
        async with self.house.database.transaction(self.bank.tenant) as db:
            return await service.book(db, self.bank.tenant, data, customer=customer, now=now)

    async def forget(self, account: Account) -> None:
        """Let the calendar be read as if for the first time."""
        async with self.house.database.transaction(self.bank.tenant) as db:
            for each in account.collections:
                await store.forget_reading(db, self.bank.tenant, each.id)

    async def known(self) -> list[str]:
        """Return the names of what we know of the calendar."""
        async with self.house.database.reading(self.bank.tenant) as db:
            rows = await db.execute(select(calendar_objects.c.href))
            return sorted(row.href.rpartition("/")[2] for row in rows)

    async def spans(self) -> Counter[datetime]:
        """Return when busy times begin that we know of."""
        async with self.house.database.reading(self.bank.tenant) as db:
            return Counter(row.starts_at for row in await db.execute(select(busy_spans)))

    async def read_at(self, account: Account) -> datetime | None:
        """Return when all of the calendar was last known."""
        after = await self.house.calendars.status(self.bank.tenant, account.id)
        return after.collections[0].last_ok_at

    async def unfinished(self) -> int:
        """Count work that is being done, due, or dead."""
        due = (work_table.c.state == "ready") & (work_table.c.due_at <= self.house.clock.now())
        async with self.house.database.reading() as db:
            count = await db.scalar(
                select(func.count())
                .select_from(work_table)
                .where(due | work_table.c.state.in_(("leased", "dead")))
            )
        return count or 0

    def fill(self, number: int, *, first: int = 0) -> list[str]:
        """Write events straight into the server's folder, which is quicker than asking it."""
        folder = self.radicale.directory / "collections" / "collection-root" / USER / "werk"
        names = [f"e{each}.ics" for each in range(first, first + number)]
        for each, name in enumerate(names, first):
            (folder / name).write_text(self._event(name, each))
        # To get to know its files takes it longer than anybody waits for an answer.
        for _ in range(10):
            with suppress(TimeoutError):
                assert set(names) <= set(self.radicale.names(USER, self.werk))
                break
        return names

    def start(self, number: int) -> datetime:
        """Return when one of these events begins: at night, when nobody is met."""
        tonight = self.house.clock.now().replace(hour=18, minute=0, second=0, microsecond=0)
        nights, place = divmod(number, A_NIGHT)
        return tonight + timedelta(days=1 + nights) + place * 2 * MINUTE

    def _event(self, name: str, number: int) -> str:
        start = self.start(number)
        times = (f":{each:%Y%m%dT%H%M%SZ}" for each in (start, start + MINUTE))
        return event(name.removesuffix(".ics"), *times)

    def put(self, number: int) -> str:
        """Let the advisor write an event."""
        name = f"e{number}.ics"
        self.radicale.put(USER, f"{self.werk}{name}", self._event(name, number))
        return name


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    """A database server of our own."""
    server = Postgres(durable=True)
    yield server
    server.stop()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of our own."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
async def bureau(
    cluster: Postgres, redis: RedisServer, radicale: Radicale, tmp_path: Path
) -> AsyncIterator[Bureau]:
    """An installation without a worker, whose advisor has an empty calendar."""
    name = f"processes_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = await fresh_postgres(cluster.url(), name)
    with FaultProxy(radicale.port) as proxy:
        installation = Installation(
            tmp_path,
            url,
            smtp_url="smtp://127.0.0.1:9",
            redis_url=redis.url,
            allowed=[f"127.0.0.1:{proxy.port}"],
        )
        async with installation.house() as house:
            bureau = Bureau(installation, house, await open_bank(house), radicale, proxy)
            try:
                yield bureau
            finally:
                for worker in bureau.workers:
                    worker.kill()


async def until(look: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Return as soon as *look* finds something, whatever goes wrong before.

    Raises:
        TimeoutError: It does not in time.
    """
    async with asyncio.timeout(seconds):
        while not await look():  # noqa: ASYNC110  # the database rings no bell
            await asyncio.sleep(0.1)


async def test_two_workers_and_a_person_read_and_write_once(bureau: Bureau) -> None:
    """However many ask at once: one reads at a time, no change is lost, no entry written twice."""
    under_way = peak = 0

    async def watched(exchange: Exchange) -> None:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await faults.late(0.3)(exchange)
        under_way -= 1

    account = await bureau.connect()
    first = [bureau.put(number) for number in range(3)]
    bureau.proxy.on("REPORT", "*", watched, containing="sync-collection")
    bureau.hire()
    bureau.hire()
    for _ in range(3):
        await asyncio.gather(*(bureau.ask(account) for _ in range(10)))
        await asyncio.sleep(0.5)
    await until(lambda: _equals(bureau.known, first))
    assert peak == 1

    # Now a person reads it as well, while others book and the advisor writes.
    bureau.proxy.calm()
    bureau.proxy.on("*", "*", faults.late(0.1))
    times = starts(bureau.house.clock.now(), 8)
    others = asyncio.gather(
        asyncio.to_thread(lambda: [bureau.put(number) for number in range(3, 8)]),
        *(bureau.ask(account) for _ in range(5)),
        *(bureau.house.calendars.sync(bureau.bank.tenant, account.id) for _ in range(3)),
    )
    bookings = await asyncio.gather(*(bureau.book(start) for start in times))
    await others
    await bureau.ask(account)
    written = [f"e{number}.ics" for number in range(8)]
    entries = [f"{each.id}.ics" for each in bookings]
    await until(lambda: _equals(bureau.known, [*written, *entries]))
    await until(lambda: _equals(bureau.unfinished, 0))

    puts = Counter(each.path for each in bureau.proxy.seen if each.method == "PUT")
    assert puts == {f"/{USER}/werk/{name}": 1 for name in entries}
    assert bureau.radicale.names(USER, bureau.werk) == sorted([*written, *entries])
    assert await bureau.spans() == Counter(bureau.start(number) for number in range(8))


@pytest.mark.parametrize("number", [1_100, pytest.param(3_000, marks=pytest.mark.long, id="3000")])
async def test_a_killed_worker_is_followed_by_one_that_reads_on(
    bureau: Bureau, number: int
) -> None:
    """Killed in its second batch: what was stored stays, nothing is freed, the rest is read."""
    old = bureau.fill(OLD, first=number)
    account = await bureau.connect()
    for name in old:
        bureau.radicale.delete(USER, f"{bureau.werk}{name}")
    names = bureau.fill(number)
    await bureau.forget(account)
    # The first batch takes ten questions of fifty each.
    rule = bureau.proxy.on("REPORT", "*", faults.hang(), containing="multiget", after=14)
    worker = bureau.hire()
    await bureau.ask(account)
    await until(lambda: _is(lambda: rule.hits > 0), 180)
    worker.kill()

    stored = await bureau.known()
    assert len(stored) == OLD + reading.BATCH
    assert set(old) <= set(stored)
    assert await bureau.read_at(account) is None
    asked = bureau.proxy.count()
    bureau.proxy.calm()
    await bureau.installation.let_leases_end(bureau.bank.tenant)
    bureau.hire()
    await until(lambda: bureau.read_at(account), 240)

    assert await bureau.known() == sorted(names)
    assert await bureau.spans() == Counter(bureau.start(each) for each in range(number))
    questions = [each for each in bureau.proxy.seen[asked:] if b"multiget" in each.body]
    assert len(questions) == -(-(number - reading.BATCH) // 50)


async def test_a_worker_needs_no_redis(bureau: Bureau, redis: RedisServer) -> None:
    """While Redis is away, and when it has come back empty, calendars are read and written."""
    account = await bureau.connect()
    worker = bureau.hire()
    await bureau.ask(account)
    await until(lambda: _equals(bureau.unfinished, 0))
    redis.crash()
    first, second = starts(bureau.house.clock.now(), 2)

    booking = await bureau.book(first)
    bureau.put(0)
    await bureau.ask(account)
    await until(lambda: _equals(bureau.known, ["e0.ics", f"{booking.id}.ics"]))
    redis.start()
    other = await bureau.book(second)
    await until(lambda: _equals(bureau.known, ["e0.ics", f"{booking.id}.ics", f"{other.id}.ics"]))

    assert worker.running
    assert bureau.proxy.count("PUT") == 2


@pytest.mark.long
async def test_workers_outlive_both_databases(
    bureau: Bureau, cluster: Postgres, redis: RedisServer
) -> None:
    """Both crash while a calendar is read: the same worker reads on, and writes what was booked."""
    account = await bureau.connect()
    names = bureau.fill(1_100)
    await bureau.forget(account)
    rule = bureau.proxy.on("REPORT", "*", faults.late(1), containing="multiget", after=14)
    worker = bureau.hire()
    await bureau.ask(account)
    await until(lambda: _is(lambda: rule.hits > 0), 180)
    booking = await bureau.book(starts(bureau.house.clock.now(), 1)[0])
    redis.crash()
    cluster.crash()
    await asyncio.sleep(3)
    cluster.start()
    redis.start()
    bureau.proxy.calm()

    await until(lambda: _equals(bureau.known, [*names, f"{booking.id}.ics"]), 300)
    await until(lambda: bureau.read_at(account), 120)

    assert worker.running
    assert await bureau.spans() == Counter(bureau.start(each) for each in range(1_100))
    assert bureau.radicale.names(USER, bureau.werk) == sorted([*names, f"{booking.id}.ics"])
    assert bureau.proxy.count("PUT") == 1


async def _is(happened: Callable[[], bool]) -> bool:
    return happened()


async def _equals(look: Callable[[], Awaitable[object]], expected: object) -> bool:
    found = await look()
    return found == (sorted(expected) if isinstance(expected, list) else expected)
