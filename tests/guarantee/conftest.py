"""Real installations, with a mail server, and a calendar server for the advisor."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.guarantee.bank import Bank, connect, open_bank
from tests.guarantee.databases import fresh_postgres
from tests.guarantee.installation import Installation
from tests.guarantee.killing import Site
from tests.services.processes import free_port
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.redis import RedisServer
from tests.services.smtp import SmtpServer

USER = "sanne"


@pytest.fixture(params=["postgresql", "sqlite"])
def own_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that no other test uses, so that it may be damaged."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "spreekuur.db")
        return f"sqlite:///{tmp_path / 'spreekuur.db'}"
    name = f"guarantee_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    return asyncio.run(fresh_postgres(request.getfixturevalue("postgres_cluster"), name))


@pytest.fixture
def several(own_database: str) -> bool:
    """Whether several processes may serve this database: SQLite has one."""
    return own_database.startswith("postgresql")


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """The mail server."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
def installation(own_database: str, smtp: SmtpServer, tmp_path: Path) -> Installation:
    """An installation whose servers do the work themselves."""
    return Installation(tmp_path, own_database, smtp_url=smtp.url)


@pytest.fixture
async def bank(installation: Installation) -> Bank:
    """The bank in it."""
    async with installation.house() as house:
        return await open_bank(house)


@pytest.fixture(scope="session")
def calendar_server() -> Iterator[Radicale]:
    """A CalDAV server for the whole run."""
    server = Radicale()
    yield server
    server.remove()


@pytest.fixture
def calendar(calendar_server: Radicale) -> Iterator[str]:
    """The address of the advisor's empty calendar."""
    yield calendar_server.make_calendar(USER, "werk")
    calendar_server.empty(USER)


@pytest.fixture
async def site(
    request: pytest.FixtureRequest,
    own_database: str,
    several: bool,
    smtp: SmtpServer,
    calendar_server: Radicale,
    calendar: str,
    tmp_path: Path,
) -> AsyncIterator[Site]:
    """Two servers and a worker over PostgreSQL and Redis, or one server over SQLite."""
    redis = RedisServer() if several else None
    installation = Installation(
        tmp_path,
        own_database,
        smtp_url=smtp.url,
        redis_url=redis.url if redis else None,
        allowed=[f"127.0.0.1:{calendar_server.port}"],
    )
    async with installation.house() as house:
        bank = await open_bank(house)
        await connect(house, bank, calendar_server.url, USER, PASSWORDS[USER])
    ports = [free_port() for _ in range(2 if several else 1)]
    site = Site(installation, bank, ports, worker=several)
    try:
        await site.start_all()
        yield site
    finally:
        site.kill_all()
        if redis:
            redis.stop()
