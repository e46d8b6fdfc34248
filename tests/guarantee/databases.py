"""Empty databases of both kinds, for whoever measures outside the test run."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.migrations import migrate
from tests.services.postgres import Postgres

NAMES: Final = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}

Fresh: TypeAlias = Callable[[str], str]
"""Makes a database of this name with every table, and returns its address."""


def name_of(url: str) -> str:
    """Return the name of the kind of database at an address."""
    return NAMES[url.partition(":")[0]]


def databases(folder: Path) -> Iterator[tuple[str, Fresh]]:
    """Yield each kind of database and what makes one; commits wait for the disk."""
    cluster = Postgres(durable=True)
    try:
        yield "postgresql", lambda name: asyncio.run(fresh_postgres(cluster.url(), name))
    finally:
        cluster.stop()
    yield "sqlite", lambda name: asyncio.run(fresh_sqlite(folder / f"{name}.db"))


async def fresh_sqlite(path: Path) -> str:
    """Make an empty database with every table, and return its address."""
    url = f"sqlite:///{path}"
    await migrate(url)
    return url


async def fresh_postgres(cluster: str, name: str) -> str:
    """Make an empty database with every table, and return its address for the application.

    Args:
        cluster: The address of any database of the cluster, as its owner.
        name: Of the new database, which takes the place of an older one.
    """
    base = cluster.rpartition("/")[0]
    admin = create_async_engine(
        cluster.replace("postgresql:", "postgresql+asyncpg:"), isolation_level="AUTOCOMMIT"
    )
    async with admin.connect() as db:
        await db.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        await db.execute(text(f"CREATE DATABASE {name}"))
        await db.execute(
            text("DO $$ BEGIN CREATE ROLE app LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$")
        )
    await admin.dispose()
    await migrate(f"{base}/{name}", application="app")
    return f"{base}/{name}".replace("//owner@", "//app@")
