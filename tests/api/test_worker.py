"""The arq worker: woken through a real Redis, it does what PostgreSQL says is due."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from api.app import create_app
from api.bootstrap import open_house
from api.settings import Settings
from api.wiring import House
from api.worker import run_worker
from kernel.clock import FixedClock
from kernel.crypto import Secret
from kernel.work import Task
from notifications.channels.mailbox import Mailbox
from tests.api.bank import PUBLIC_URL, asking, booked, open_bank
from tests.services.processes import free_port
from tests.services.redis import RedisServer

QUEUE = "spreekuur"

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Several processes share one database, so it is PostgreSQL."""


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Any]:
    """A connection to look into it; it is empty."""
    client = Redis.from_url(redis_server.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def settings(database_url: str, redis_server: RedisServer) -> Settings:
    """An installation with both servers."""
    return Settings(
        secret_key=Secret("a secret key for tests, long enough"),
        database_url=database_url,
        redis_url=redis_server.url,
        public_url=PUBLIC_URL,
    )


@pytest.fixture
async def back(settings: Settings, clock: FixedClock, mailbox: Mailbox) -> AsyncIterator[House]:
    """The house of the process that does the work."""
    async with open_house(settings, clock=clock, channels={"email": mailbox}) as house:
        yield house


async def book_elsewhere(settings: Settings, clock: FixedClock, redis: Any, folder: Path) -> None:
    """Book a meeting in the house of another process, until Redis has the word."""
    nothing = Mailbox(folder / "elsewhere")
    async with open_house(settings, clock=clock, channels={"email": nothing}) as front:
        bank = await open_bank(front)
        async with asking(create_app(front), bank.secret) as client:
            await booked(client)
        await until(lambda: redis.zcard(QUEUE))
    assert nothing.messages() == []


async def until(look: Callable[[], Awaitable[Any]]) -> None:
    """Return as soon as *look* finds something; ten seconds are a failure."""
    for _ in range(1000):
        if await look():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing came within ten seconds")


async def test_what_one_process_books_another_works_off(
    settings: Settings, clock: FixedClock, redis: Any, back: House, mailbox: Mailbox, tmp_path: Path
) -> None:
    """The confirmation is written by the worker, which Redis has woken."""
    await book_elsewhere(settings, clock, redis, tmp_path)
    await run_worker(back, burst=True)

    (mail,) = mailbox.messages()
    assert "anna@example.org" in mail.to
    assert mail.method == "REQUEST"


async def test_redis_carries_a_word_and_nothing_else(
    settings: Settings, clock: FixedClock, redis: Any, tmp_path: Path
) -> None:
    """Whoever reads Redis learns that there is work, not for whom or about what."""
    await book_elsewhere(settings, clock, redis, tmp_path)
    dumps = [await redis.dump(key) for key in await redis.keys("*")]

    held = b"".join(dumps)
    assert b"drain" in held
    for secret in (b"anna", b"Vries", b"bkg", b"example", b"hypotheek"):
        assert secret not in held


async def test_losing_all_of_redis_loses_nothing(
    settings: Settings, clock: FixedClock, redis: Any, back: House, mailbox: Mailbox, tmp_path: Path
) -> None:
    """After FLUSHALL no word is left to wake by; a worker looks by itself, and finds the work."""
    await book_elsewhere(settings, clock, redis, tmp_path)
    await redis.flushall()
    await run_worker(back, burst=True)
    nothing = mailbox.messages()

    async def posted() -> bool:
        return bool(mailbox.messages())

    running = asyncio.create_task(run_worker(back))
    try:
        await until(posted)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert nothing == []
    assert ["anna@example.org" in mail.to for mail in mailbox.messages()] == [True]


async def test_without_redis_bookings_go_on(
    settings: Settings, clock: FixedClock, back: House, mailbox: Mailbox
) -> None:
    """Where Redis cannot be reached the booking stands, and its letter comes a look later."""
    gone = replace(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with open_house(gone, clock=clock, channels={"email": mailbox}) as front:
        bank = await open_bank(front)
        async with asking(create_app(front), bank.secret) as client:
            await booked(client)
    await back.worker.run_due()

    assert len(mailbox.messages()) == 1


async def test_a_worker_without_work_rests(
    redis: Any, back: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for work wakes nobody: neither Redis nor the runner inside a server is called."""
    looks = 0
    claim = back.worker._claim

    async def counted(running: Collection[Task] = ()) -> list[Task]:
        nonlocal looks
        looks += 1
        return await claim(running)

    monkeypatch.setattr(back.worker, "_claim", counted)
    running = asyncio.create_task(back.relay.run(back.worker))
    await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert looks == 1
    assert await redis.zcard(QUEUE) == 0
