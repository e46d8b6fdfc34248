"""How soon each side of a calendar sees what the other did, on five real calendar servers.

``python -m bench.sync_lag [--json] [--rounds N]``. A server and a worker of the product (over
PostgreSQL and Redis) run as processes at their usual pace; five advisors, each with a meeting
tomorrow, have their calendars on Radicale, Xandikos, Cyrus, DAViCal and SOGo. Measured are the
seconds

- from an event that the advisor writes, at any moment of an hour in which nothing else happened,
  until ``GET /v1/slots`` leaves its time out, and from removing it until the time is back;
- from the answer to a booking that is made, moved or cancelled until the entry in the advisor's
  calendar is so.

The references are the aims of 90 and 10 seconds; the ratio is how many times sooner it is. All but
the first two servers are Debian packages and need root.
"""

import asyncio
import os
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from spreekuur import AsyncSpreekuur
from sqlalchemy import func, select, update

from api import access
from api.wiring import House
from bench.reporting import Row, fail, report
from booking.calendars.model import ConnectInput
from booking.calendars.tables import calendar_accounts, calendar_collections
from kernel.ids import Id
from tests.booking.calendars.conftest import event
from tests.guarantee.bank import KIND, Bank, open_bank
from tests.guarantee.databases import fresh_postgres
from tests.guarantee.installation import Installation
from tests.services.cyrus import Cyrus
from tests.services.dav import PASSWORDS, DavServer
from tests.services.davical import Davical
from tests.services.postgres import Postgres
from tests.services.radicale import Radicale
from tests.services.redis import RedisServer
from tests.services.smtp import SmtpServer
from tests.services.sogo import Sogo
from tests.services.xandikos import Xandikos

EVERYWHERE: Final[list[type[DavServer]]] = [Radicale, Xandikos]
AS_ROOT: Final[list[type[DavServer]]] = [Cyrus, Davical, Sogo]

_USER: Final = "sanne"
_ZONE: Final = "Europe/Amsterdam"
_THEIRS: Final = 90
_OURS: Final = 10
_PATIENCE: Final = 300
"""Seconds; the first two are what is aimed at."""

_HALF_HOUR: Final = timedelta(minutes=30)


def main() -> None:
    """Run all of it and print the table."""
    parser = ArgumentParser(prog="python -m bench.sync_lag", description="Measure sync lag.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    arguments = parser.parse_args()
    kinds = [*EVERYWHERE, *(AS_ROOT if os.geteuid() == 0 else [])]
    with tempfile.TemporaryDirectory(prefix="spreekuur-bench-") as folder, SmtpServer() as smtp:
        running: list[DavServer] = []
        cluster, redis = Postgres(durable=True), RedisServer()
        try:
            running += [kind() for kind in kinds]
            installation = Installation(
                Path(folder),
                asyncio.run(fresh_postgres(cluster.url(), "lag")),
                smtp_url=smtp.url,
                redis_url=redis.url,
                allowed=[f"127.0.0.1:{each.port}" for each in running],
            )
            lanes = asyncio.run(_measure(installation, running, arguments.rounds))
        finally:
            for each in running:
                each.remove()
            redis.stop()
            cluster.stop()
    report("sync_lag", [row for lane in lanes for row in lane.rows()], as_json=arguments.json)
    late = [lane.dav.name for lane in lanes if lane.late()]
    if late:
        fail(f"{', '.join(late)}: later than it should be")


async def _measure(
    installation: Installation, servers: list[DavServer], rounds: int
) -> list["Lane"]:
    async with installation.house() as house:
        bank = await open_bank(house, advisors=len(servers))
        key = await _key(house, bank)
        async with installation.serving(1) as ((port,), _):
            worker = installation.start("work")
            try:
                url = f"http://127.0.0.1:{port}"
                async with AsyncSpreekuur(key, base_url=url) as client:
                    lanes = [
                        Lane(house, bank, client, advisor, dav)
                        for advisor, dav in zip(bank.advisors, servers, strict=True)
                    ]
                    await asyncio.gather(*(lane.run(rounds) for lane in lanes))
            finally:
                worker.stop()
    return lanes


async def _key(house: House, bank: Bank) -> str:
    async with house.database.transaction(bank.tenant) as db:
        _, key = await access.create_key(
            db, bank.tenant, kind="secret", name="bench", origins=[], now=house.clock.now()
        )
    return key


class Lane:
    """One advisor with a calendar on one server, and what was measured there.

    Attributes:
        theirs: Seconds until we knew what the advisor did.
        ours: Seconds until their calendar had what we did.
    """

    def __init__(
        self, house: House, bank: Bank, client: AsyncSpreekuur, advisor: Id, dav: DavServer
    ) -> None:
        self.house = house
        self.bank = bank
        self.client = client
        self.advisor = advisor
        self.dav = dav
        self.calendar = ""
        self.theirs: list[float] = []
        self.ours: list[float] = []
        self._random = Random(dav.name)  # noqa: S311  # when somebody does something, no secret
        tomorrow = house.clock.now() + timedelta(days=1)
        self._day = tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)

    async def run(self, rounds: int) -> None:
        """Connect the calendar, and let each side do things in it."""
        self.calendar = await asyncio.to_thread(self.dav.make_calendar, _USER, "lag")
        login = ConnectInput(
            advisor=self.advisor, url=self.calendar, username=_USER, password=PASSWORDS[_USER]
        )
        await self.house.calendars.connect(self.bank.tenant, login)
        await self._book(self._day)
        for number in range(rounds):
            day = self._day + timedelta(days=3 + number)
            await self._be_quiet()
            await asyncio.sleep(self._random.random() * 60)
            await self._watch_theirs(number, day)
            await self._watch_ours(day + 4 * _HALF_HOUR)

    def rows(self) -> list[Row]:
        """Return what was measured, beside what is aimed at."""
        return [
            Row(f"{self.dav.name}, {what}, {word}", found, aim, "s", aim / found)
            for what, seconds, aim in (
                ("theirs with us", self.theirs, _THEIRS),
                ("ours with them", self.ours, _OURS),
            )
            for word, found in (("median", median(seconds)), ("worst", max(seconds)))
        ]

    def late(self) -> bool:
        """Tell whether something took longer than is aimed at."""
        return max(self.theirs) > _THEIRS or max(self.ours) > _OURS

    async def _watch_theirs(self, number: int, start: datetime) -> None:
        times = (f":{each:%Y%m%dT%H%M%SZ}" for each in (start, start + _HALF_HOUR))
        url, body = f"{self.calendar}own{number}.ics", event(f"own{number}", *times)
        await self._until(lambda: self._offers(start, free=True))
        await asyncio.to_thread(self.dav.put, _USER, url, body)
        self.theirs.append(await self._until(lambda: self._offers(start, free=False)))
        await asyncio.to_thread(self.dav.delete, _USER, url)
        self.theirs.append(await self._until(lambda: self._offers(start, free=True)))

    async def _watch_ours(self, start: datetime) -> None:
        booking = await self._book(start)
        self.ours.append(await self._until(lambda: self._stands(booking, start)))
        moved = start + 2 * _HALF_HOUR
        await self.client.bookings.reschedule(booking, moved)
        self.ours.append(await self._until(lambda: self._stands(booking, moved)))
        await self.client.bookings.cancel(booking)
        self.ours.append(await self._until(lambda: self._stands(booking, None)))

    async def _book(self, start: datetime) -> str:
        made = await self.client.bookings.create(
            meeting_type=KIND,
            start=start,
            timezone=_ZONE,
            channel="video",
            customer={"name": {"surname": "Bakker"}, "email": f"{start:%d%H%M}@example.org"},
            advisor=self.advisor,
        )
        return made.id

    async def _offers(self, start: datetime, *, free: bool) -> bool:
        found = await self.client.slots.list(
            KIND,
            start=start,
            end=start + _HALF_HOUR,
            timezone=_ZONE,
            advisor=self.advisor,
        )
        return any(each == start for each in found) == free

    async def _stands(self, booking: str, start: datetime | None) -> bool:
        url = f"{self.calendar}{booking}.ics"
        found = await asyncio.to_thread(self.dav.ask, _USER, "GET", url)
        if start is None:
            return found.status in {404, 410}
        return found.status == 200 and f"DTSTART:{start:%Y%m%dT%H%M%SZ}" in found.text  # noqa: PLR2004  # found

    async def _until(self, look: Callable[[], Awaitable[bool]]) -> float:
        """Return after how many seconds it is so."""
        begun = time.monotonic()
        while not await look():
            if time.monotonic() - begun > _PATIENCE:
                fail(f"{self.dav.name}: nothing came within {_PATIENCE} seconds")
            await asyncio.sleep(0.25)
        return time.monotonic() - begun

    async def _be_quiet(self) -> None:
        """Let it be an hour since anything happened: calendars with news are read more often."""
        now, tenant = self.house.clock.now(), self.bank.tenant
        mine = select(calendar_accounts.c.id).where(
            calendar_accounts.c.tenant_id == tenant,
            calendar_accounts.c.advisor_id == self.advisor,
        )
        collections = (
            calendar_collections.c.tenant_id == tenant,
            (calendar_collections.c.account_id.in_(mine)),
        )
        async with self.house.database.transaction(tenant) as db:
            await db.execute(
                update(calendar_collections)
                .where(*collections)
                .values(news_at=now - timedelta(hours=1))
            )

        async def read_since() -> bool:
            async with self.house.database.reading(tenant) as db:
                oldest = await db.scalar(
                    select(func.min(calendar_collections.c.last_ok_at)).where(*collections)
                )
            return oldest is not None and oldest > now

        await self._until(read_since)


if __name__ == "__main__":
    main()
