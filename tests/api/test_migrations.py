"""The history of the schema ends exactly at the schema that the code declares."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.migrations import SchemaOld, config, head, migrate, require_current_schema
from kernel.database import Database, metadata
from tests.services.processes import latest_postgres, need


@pytest.fixture
def empty(postgres_cluster: str, postgres_url: str) -> Iterator[str]:
    """The owner's address of an empty PostgreSQL database."""
    name = f"migrated_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    base = postgres_cluster.rpartition("/")[0]

    async def admin(*statements: str) -> None:
        engine = create_async_engine(
            postgres_cluster.replace("postgresql:", "postgresql+asyncpg:"),
            isolation_level="AUTOCOMMIT",
        )
        async with engine.connect() as db:
            for statement in statements:
                await db.execute(text(statement))
        await engine.dispose()

    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    asyncio.run(admin(drop, f"CREATE DATABASE {name}"))
    yield f"{base}/{name}"
    asyncio.run(admin(drop))


def dump(url: str) -> list[str]:
    """Return the schema as sorted lines, without comments, settings and alembic's own table."""
    program = need("pg_dump", "postgresql", folders=latest_postgres())
    out = subprocess.run(  # noqa: S603  # our own program, our own address
        [program, "--schema-only", "--no-owner", "--no-privileges", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    out = re.sub(r"CREATE TABLE public\.alembic_version .*?;", "", out, flags=re.DOTALL)
    lines = (line.strip().rstrip(",") for line in out.splitlines())
    noise = re.compile(
        r"--|SET |COMMENT |SELECT pg_catalog|\\|ALTER TABLE ONLY public\.alembic|ADD CONST.*alem"
    )
    return sorted(line for line in lines if line and not noise.match(line))


async def declare(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as db:
        await db.run_sync(metadata.create_all)
    await engine.dispose()


def test_migrated_and_declared_postgresql_are_the_same(empty: str) -> None:
    """Tables, constraints, indexes and policies: pg_dump sees no difference."""
    asyncio.run(migrate(empty))
    migrated = dump(empty)
    asyncio.run(_wipe(empty))
    asyncio.run(declare(empty))

    assert migrated == dump(empty)
    assert any("EXCLUDE USING gist" in line for line in migrated)
    assert sum("CREATE POLICY" in line for line in migrated) > 10


async def _wipe(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as db:
        await db.execute(text("DROP SCHEMA public CASCADE"))
        await db.execute(text("CREATE SCHEMA public"))
    await engine.dispose()


async def _shape(database: Database) -> dict[str, str]:
    async with database.reading() as db:
        rows = await db.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {
            row.name: ",".join(sorted(part.strip() for part in re.split(r",|\n", row.sql)))
            for row in rows
            if row.name != "alembic_version"
        }


async def test_migrated_and_declared_sqlite_are_the_same(tmp_path: Path) -> None:
    """The same tables, indexes and triggers, by name and by definition."""
    migrated = Database(f"sqlite:///{tmp_path}/migrated.db")
    declared = Database(f"sqlite:///{tmp_path}/declared.db")
    await migrate(migrated.url)
    async with declared.transaction() as db:
        await db.run_sync(metadata.create_all)

    assert await _shape(migrated) == await _shape(declared)
    await migrated.close()
    await declared.close()


async def test_there_and_back_again_leaves_nothing(tmp_path: Path) -> None:
    """Up, down and up: the way down drops all that the way up made."""
    database = Database(f"sqlite:///{tmp_path}/there.db")
    await migrate(database.url)
    async with database.transaction() as db:
        await db.run_sync(lambda sync: command.downgrade(config(sync), "base"))
    assert await _shape(database) == {}

    assert await migrate(database.url) == [head()]
    assert await migrate(database.url) == []
    await database.close()


async def test_a_database_of_another_version_is_not_worked_on(tmp_path: Path) -> None:
    """An empty database is refused with what to do about it; a migrated one is not."""
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(SchemaOld, match="spreekuur migrate"):
        await require_current_schema(database)

    await migrate(database.url)

    await require_current_schema(database)
    await database.close()


async def test_the_application_may_use_what_it_does_not_own(empty: str) -> None:
    """Migrated by the owner, used by another role, which row-level security holds."""
    await migrate(empty, application="app")
    database = Database(empty.replace("//owner@", "//app@"))
    await require_current_schema(database)
    async with database.reading() as db:
        owner = await db.scalar(text("SELECT tableowner FROM pg_tables WHERE tablename = 'claims'"))

    assert owner == "owner"
    await database.close()
