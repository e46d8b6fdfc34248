"""Transactions: what they keep, what they give back, and what they survive."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from kernel import audit
from kernel.database import Database
from kernel.ids import Id
from kernel.tables import audit_entries

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


async def note(database: Database, tenant: Id) -> None:
    """Write something down."""
    async with database.transaction(tenant) as db:
        await audit.note(db, tenant, actor="system", action="tested", subject=tenant, now=NOW)


async def noted(database: Database, tenant: Id) -> int:
    """Return how much has been written down."""
    async with database.reading(tenant) as db:
        return await db.scalar(select(func.count()).select_from(audit_entries)) or 0


async def hang_up(postgres_cluster: str, database: Database) -> None:
    """Close all of the database's connections from the other side."""
    name = database.url.rpartition("/")[2]
    admin = create_async_engine(postgres_cluster.replace("postgresql:", "postgresql+asyncpg:"))
    async with admin.connect() as db:
        await db.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
    await admin.dispose()


@pytest.fixture
def kind(database: Database) -> str:
    """The kind of database at hand."""
    return database.engine.dialect.name


async def test_connections_that_were_closed_while_they_lay_idle_are_not_noticed(
    database: Database, tenant: Id, kind: str, postgres_cluster: str
) -> None:
    """A database server that was restarted costs nobody their request."""
    if kind == "sqlite":
        pytest.skip("there is no other side")
    await asyncio.gather(*(noted(database, tenant) for _ in range(4)))

    await hang_up(postgres_cluster, database)

    await asyncio.gather(*(note(database, tenant) for _ in range(4)))
    assert await noted(database, tenant) == 4


async def test_a_connection_lost_half_way_loses_the_whole_transaction(
    database: Database, tenant: Id, kind: str, postgres_cluster: str
) -> None:
    """What had begun is never silently begun again: half of it might have been done."""
    if kind == "sqlite":
        pytest.skip("there is no other side")

    async def lose_it() -> None:
        async with database.transaction(tenant) as db:
            await audit.note(db, tenant, actor="system", action="a", subject=tenant, now=NOW)
            await hang_up(postgres_cluster, database)
            await audit.note(db, tenant, actor="system", action="b", subject=tenant, now=NOW)

    with pytest.raises(DBAPIError):
        await lose_it()

    assert await noted(database, tenant) == 0


async def test_a_block_that_raises_leaves_nothing(database: Database, tenant: Id) -> None:
    """And its connection serves the next one."""

    async def give_up() -> None:
        async with database.transaction(tenant) as db:
            await audit.note(db, tenant, actor="system", action="a", subject=tenant, now=NOW)
            raise LookupError

    for _ in range(12):  # more than there are connections
        with pytest.raises(LookupError):
            await give_up()

    await note(database, tenant)
    assert await noted(database, tenant) == 1


async def test_a_block_that_is_cancelled_leaves_nothing(database: Database, tenant: Id) -> None:
    """A caller who hangs up takes no connection along and keeps nobody waiting."""
    begun = asyncio.Event()

    async def linger() -> None:
        async with database.transaction(tenant) as db:
            await audit.note(db, tenant, actor="system", action="a", subject=tenant, now=NOW)
            begun.set()
            await asyncio.Event().wait()

    for _ in range(12):
        begun.clear()
        task = asyncio.create_task(linger())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    await note(database, tenant)
    assert await noted(database, tenant) == 1


async def test_a_connection_carries_no_tenant_over(database: Database, tenant: Id) -> None:
    """Whoever names no tenant sees no rows, on whichever connection another was named before."""
    await note(database, tenant)

    async with database.reading() as db:
        seen = await db.scalar(select(func.count()).select_from(audit_entries))

    assert seen == (1 if database.engine.dialect.name == "sqlite" else 0)
