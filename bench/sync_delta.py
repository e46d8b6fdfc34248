"""What it costs to follow a calendar, beside reading all of it for the first time.

``python -m bench.sync_delta [--json] [--objects N]``. A real Radicale holds a calendar of 5,000
events, a fifth of them series. Measured is the CPU time of our own processes:

- *one change*: what one changed event adds to a round through them, beside the first import of all;
  and the whole of that round, of which most is what a round costs in which nothing is new.
- *nothing new*: a round through a calendar of 200 events that did not change, with the requests
  that it sends. What a thousand such advisors take of a worker is measured by `sync_idle`.

The ratio of the first is how many times cheaper the change is.
"""

import asyncio
import gc
import os
import tempfile
from argparse import ArgumentParser
from base64 import b64encode
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import Final
from urllib.request import Request, urlopen

from api.bootstrap import open_house
from api.settings import Settings
from api.wiring import House
from bench import processor
from bench.reporting import Row, fail, report
from booking.calendars.model import Account, ConnectInput
from kernel.clock import SystemClock
from kernel.crypto import Secret
from kernel.ids import Id
from tests.guarantee.bank import open_bank
from tests.guarantee.databases import NAMES, databases
from tests.services.fault_proxy import FaultProxy
from tests.services.radicale import PASSWORDS, Radicale

_MUCH, _LITTLE = PASSWORDS
"""Who has many events, and who few."""

_QUIET: Final = 200
_ROUNDS: Final = 15
_LONG: Final = 3600
"""Seconds."""

_shifts = count(1)
_clock = SystemClock()


def main() -> None:
    """Run all of it and print the table."""
    parser = ArgumentParser(prog="python -m bench.sync_delta", description="Measure calendar sync.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--objects", type=int, default=5_000, help="how many events it holds")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="spreekuur-bench-") as folder:
        radicale = Radicale()
        try:
            _fill(radicale, _MUCH, arguments.objects)
            _fill(radicale, _LITTLE, _QUIET)
            for kind, fresh in databases(Path(folder)):
                url = fresh("sync")
                rows += asyncio.run(
                    _measure(NAMES[kind], url, Path(folder), radicale, arguments.objects)
                )
        finally:
            radicale.remove()
    report("sync_delta", rows, as_json=arguments.json)


async def _measure(
    name: str, url: str, folder: Path, radicale: Radicale, objects: int
) -> list[Row]:
    with FaultProxy(radicale.port) as proxy:
        settings = Settings(
            secret_key=Secret("a secret key for tests, long enough"),
            database_url=url,
            data_dir=folder,
            public_url="https://bank.example",
            smtp_url="smtp://127.0.0.1:25",
            outgoing_allow=(f"127.0.0.1:{radicale.port}", f"127.0.0.1:{proxy.port}"),
        )
        async with open_house(settings) as house:
            bank = await open_bank(house, advisors=3)
            large, quiet, watched = bank.advisors
            first, still, again = await _change(house, bank.tenant, large, radicale, objects)
            added = again - still
            spent = await _idle(house, bank.tenant, quiet, radicale)
            requests = await _requests(house, bank.tenant, watched, proxy)
    return [
        Row(f"{name}, one change in {objects} events", added, first, "ms of CPU", first / added),
        Row(f"{name}, the whole round with it", again, first, "ms of CPU", first / again),
        Row(f"{name}, nothing new in {_QUIET} events", spent, unit="ms of CPU"),
        Row(f"{name}, nothing new in {_QUIET} events", requests, 1, "requests", 1 / requests),
    ]


async def _change(
    house: House, tenant: Id, advisor: Id, radicale: Radicale, objects: int
) -> tuple[float, float, float]:
    """Return the milliseconds of CPU of the first import, of a round without, and with a change."""
    begun = _processor()
    account = await _connect(house, tenant, advisor, radicale.url, _MUCH)
    while account.collections[0].last_ok_at is None:
        # A round ends after a minute; the next one goes on.
        account = await house.calendars.sync(tenant, account.id)
    first = _processor() - begun
    if account.collections[0].objects != objects:
        fail(f"{account.collections[0].objects} of {objects} events came across")
    still, changed = [], []
    for number in range(_ROUNDS):
        still.append(await _round(house, tenant, account.id))
        _put(radicale, _MUCH, number, shift=next(_shifts))
        changed.append(await _round(house, tenant, account.id))
    return first * 1000, median(still), median(changed)


async def _idle(house: House, tenant: Id, advisor: Id, radicale: Radicale) -> float:
    """Return the milliseconds of CPU of a round in which nothing is new."""
    account = await _connect(house, tenant, advisor, radicale.url, _LITTLE)
    return median([await _round(house, tenant, account.id) for _ in range(_ROUNDS)])


async def _requests(house: House, tenant: Id, advisor: Id, proxy: FaultProxy) -> float:
    """Return how many requests such a round sends."""
    account = await _connect(house, tenant, advisor, proxy.url, _LITTLE)
    asked = proxy.count()
    for _ in range(_ROUNDS):
        await _round(house, tenant, account.id)
    return (proxy.count() - asked) / _ROUNDS


async def _round(house: House, tenant: Id, account: Id) -> float:
    """Return the milliseconds of CPU of one round, as the worker makes it."""
    gc.collect()
    begun = process_time()
    await house.calendars.rounds.go(tenant, account)
    return (process_time() - begun) * 1000


def _processor() -> float:
    """Return the seconds of CPU of this process and of those that expand entries for it."""
    return processor.seconds(os.getpid(), below=b"crunching")


async def _connect(house: House, tenant: Id, advisor: Id, url: str, user: str) -> Account:
    data = ConnectInput(advisor=advisor, url=url, username=user, password=PASSWORDS[user])
    return await house.calendars.connect(tenant, data)


def _fill(radicale: Radicale, user: str, number: int) -> None:
    radicale.make_calendar(user, "werk")
    for each in range(number):
        _put(radicale, user, each)
    _let_it_read(radicale, user)


def _let_it_read(radicale: Radicale, user: str) -> None:
    """Let the server get to know its files, which takes longer than anybody waits for an answer."""
    url = f"{radicale.url}{user}/werk/"
    body = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
    login = b64encode(f"{user}:{PASSWORDS[user]}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Depth": "1"}
    request = Request(url, data=body.encode(), method="PROPFIND", headers=headers)  # noqa: S310  # our own server
    with urlopen(request, timeout=_LONG) as answer:  # noqa: S310  # the same
        answer.read()


def _put(radicale: Radicale, user: str, number: int, *, shift: int = 0) -> None:
    """Write an event straight into the server's folder, which is quicker than asking it."""
    folder = radicale.directory / "collections" / "collection-root" / user / "werk"
    random = Random(number)  # noqa: S311  # the same calendar every time
    start = _clock.now() + timedelta(
        days=random.randrange(60), minutes=15 * (random.randrange(96) + shift)
    )
    rule = "RRULE:FREQ=WEEKLY;COUNT=20\r\n" if number % 5 == 0 else ""
    lines = (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//Bench//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:e{number}@bench\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Overleg {number}\r\n"
        f"DESCRIPTION:{'Agenda. ' * 20}\r\nDTSTART;TZID=Europe/Amsterdam:{start:%Y%m%dT%H%M}00\r\n"
        f"DURATION:PT45M\r\n{rule}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    (folder / f"e{number}.ics").write_text(lines, newline="")


if __name__ == "__main__":
    main()
