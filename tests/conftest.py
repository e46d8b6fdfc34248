"""What every test can ask for: a database of each kind, and a clock that stands still."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # as shipped
import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.migrations import migrate
from kernel.clock import FixedClock
from kernel.crypto import Keyring, Secret
from kernel.database import Database, metadata
from kernel.ids import Id
from kernel.tenancy import TenantSettings, create_tenant
from tests.services.postgres import Postgres

CLUSTER = "SPREEKUUR_TEST_CLUSTER"
"""Names the PostgreSQL cluster of this run to the worker processes of pytest-xdist."""


ZONES = {"gw0": "UTC", "gw1": "Asia/Kolkata", "gw2": "America/New_York", "gw3": "Europe/Amsterdam"}
"""The process time zone of each worker: no answer may depend on it."""


def pytest_configure(config: pytest.Config) -> None:
    """Forget settings of the machine, so that only the test's own count."""
    os.environ["TZ"] = ZONES.get(os.environ.get("PYTEST_XDIST_WORKER", ""), "Asia/Kolkata")
    time.tzset()
    for name in list(os.environ):
        if name.startswith("SPREEKUUR_") and name != CLUSTER:
            del os.environ[name]
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        _start_cluster(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster that this process started."""
    if cluster := getattr(config, "spreekuur_cluster", None):
        cluster.stop()


def _start_cluster(config: pytest.Config) -> None:
    cluster = Postgres()
    config.spreekuur_cluster = cluster  # type: ignore[attr-defined]  # pytest's own way to keep things
    os.environ[CLUSTER] = cluster.url()


@pytest.fixture(scope="session")
def postgres_cluster(pytestconfig: pytest.Config) -> str:
    """The address of a running cluster; it is started at the first need."""
    if CLUSTER not in os.environ:
        _start_cluster(pytestconfig)
    return os.environ[CLUSTER]


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: str) -> str:
    """A database of this worker's own, whose application role does not own the tables."""
    name = f"spreekuur_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    base = postgres_cluster.rpartition("/")[0]

    async def prepare() -> None:
        admin = create_async_engine(
            postgres_cluster.replace("postgresql:", "postgresql+asyncpg:"),
            isolation_level="AUTOCOMMIT",
        )
        async with admin.connect() as db:
            await db.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            await db.execute(text(f"CREATE DATABASE {name}"))
            await db.execute(
                text("DO $$ BEGIN CREATE ROLE app LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$")
            )
        await admin.dispose()
        await migrate(f"{base}/{name}", application="app")

    asyncio.run(prepare())
    return f"{base}/{name}".replace("//owner@", "//app@")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with every table."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"

    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


KEYRING = Keyring(Secret("a secret key for tests, long enough"))
"""The keys of the installation that tests run."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "spreekuur.db")
        yield f"sqlite:///{tmp_path / 'spreekuur.db'}"
        return
    url: str = request.getfixturevalue("postgres_url")
    yield url
    asyncio.run(_empty(url.replace("//app@", "//owner@")))


async def _empty(url: str) -> None:
    # Emptying tables one by one takes a hundredth of the time of truncating them, which makes new
    # files for each; they hold a handful of rows.
    tables = "; ".join(str(delete(table)) for table in reversed(metadata.sorted_tables))
    connection = await asyncpg.connect(url)
    await connection.execute(tables)
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database, once of each kind."""
    database = Database(
        database_url, keyring=Keyring(Secret("a secret key for tests, long enough"))
    )
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    """Monday 30 November 2026, nine in the morning in Amsterdam."""
    return FixedClock(datetime(2026, 11, 30, 8, 0, tzinfo=UTC))


@pytest.fixture
async def tenant(database: Database, clock: FixedClock) -> Id:
    """An organisation in that database."""
    async with database.transaction() as db:
        created = await create_tenant(
            db, slug="demobank", name="Demobank", settings=TenantSettings(), now=clock.now()
        )
    return created.id
