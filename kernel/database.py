"""Tables, types and transactions, the same on SQLite and PostgreSQL.

Two kinds of table exist. A *tenant table* has ``tenant_id`` first and, on PostgreSQL, row-level
security: without a tenant named in the transaction it is empty. A *directory table* holds the
little that must be found before a tenant is known, ids and hashes only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import (
    DDL,
    JSON,
    Column,
    Connection,
    DateTime,
    Dialect,
    MetaData,
    Named,
    Numeric,
    Row,
    String,
    Table,
    TypedColumns,
    TypeDecorator,
    Uuid,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from kernel import ids
from kernel.crypto import Keyring
from kernel.errors import Unavailable

T = TypeVar("T")

_PATIENCE: Final = 30
"""Seconds that a writer waits for its turn."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


# --- column types --------------------------------------------------------------------------------


class IdType(TypeDecorator[str]):
    """A prefixed id in Python, its UUID in the database."""

    impl = Uuid
    cache_ok = True

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def process_bind_param(self, value: str | None, dialect: Dialect) -> UUID | None:
        """Turn the text form into the UUID."""
        return None if value is None else ids.to_uuid(self.prefix, value)

    def process_result_value(self, value: UUID | None, dialect: Dialect) -> str | None:
        """Turn the UUID into the text form."""
        return None if value is None else ids.to_text(self.prefix, value)


class AnyIdType(TypeDecorator[UUID]):
    """The UUID of ids of several kinds; it comes back as the UUID, which knows no kind."""

    impl = Uuid
    cache_ok = True

    def process_bind_param(self, value: str | UUID | None, dialect: Dialect) -> UUID | None:
        """Turn the text form into the UUID."""
        return ids.uuid_of(value) if isinstance(value, str) else value


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite, which has no such type, keeps it as sortable text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, and normalise to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its offset")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonOf(TypeDecorator[T]):
    """A msgspec type kept as JSON (JSONB on PostgreSQL)."""

    impl = JSON().with_variant(JSONB(), "postgresql")
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: T | None, dialect: Dialect) -> Any:
        """Turn the value into plain JSON types; decimals become text, so that none is rounded."""
        return None if value is None else msgspec.to_builtins(value, str_keys=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        """Turn JSON back into the value."""
        return None if value is None else msgspec.convert(value, self.kind)


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal, exact on both databases (SQLite keeps it as text)."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Choose text on SQLite, whose numbers are binary floats."""
        kind: Any = String() if dialect.name == "sqlite" else Numeric()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write the digits as they are."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read the digits as they are."""
        return None if value is None else Decimal(value)


# --- tables --------------------------------------------------------------------------------------

TENANT_TABLES: set[str] = set()


class TenantColumns(TypedColumns):
    """The first column of every tenant table."""

    tenant_id: Named[str] = Column(IdType("ten"), primary_key=True)


C = TypeVar("C", bound=TypedColumns)


def tenant_table(name: str, columns: type[C], *constraints: Any) -> "Table[C]":
    """Declare a table whose rows belong to tenants.

    PostgreSQL shows and accepts only rows of the tenant named in the transaction, also to the
    tables' owner; a transaction that names none sees nothing.
    """
    table = Table(name, metadata, columns, *constraints)
    TENANT_TABLES.add(name)
    for statement in tenant_policy(name):
        on_create(table, statement, dialect="postgresql")
    return table


def on_create(table: Table, statement: str, *, dialect: str) -> None:
    """Run *statement* after *table* has been created on that kind of database."""
    ddl = DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]  # as shipped
    event.listen(table, "after_create", ddl)


def tenant_policy(name: str) -> tuple[str, ...]:
    """Return the statements that keep the rows of *name* to their tenant."""
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    return (
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})",
    )


def convert_row(row: Row[Any], kind: type[T]) -> T:
    """Read a row straight into the Struct *kind*, by column name."""
    return msgspec.convert(row._mapping, kind, from_attributes=True)  # noqa: SLF001  # public, oddly named


def dialect_of(db: AsyncConnection) -> ModuleType:
    """Return SQLAlchemy's module for the kind of database behind *db*.

    Both databases know ``ON CONFLICT``; SQLAlchemy only spells it twice.
    """
    return postgresql if db.dialect.name == "postgresql" else sqlite


# --- transactions --------------------------------------------------------------------------------


class Database:
    """One database, and the only way to begin a transaction in it."""

    def __init__(
        self,
        url: str,
        *,
        keyring: Keyring | None = None,
        after_commit: Callable[[], None] | None = None,
    ) -> None:
        self.url = url
        self.engine = _engine(url)
        _hand_keys(self.engine, keyring)
        self.after_commit = after_commit or (lambda: None)
        self._turn = _Turn() if _is_file(self.engine) else nullcontext()

    @asynccontextmanager
    async def transaction(self, tenant: ids.Id | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that may write, on behalf of *tenant*.

        It commits when the block ends and rolls back when the block raises. Whoever listens for
        work is woken after the commit.
        """
        async with self._turn, self._begun(tenant, reading=False) as connection:
            yield connection
        self.after_commit()

    @asynccontextmanager
    async def reading(self, tenant: ids.Id | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads, on behalf of *tenant*."""
        async with self._begun(tenant, reading=True) as connection:
            yield connection

    @asynccontextmanager
    async def _begun(
        self, tenant: ids.Id | None, *, reading: bool
    ) -> AsyncIterator[AsyncConnection]:
        connection = await self._connected(tenant, reading=reading)
        try:
            yield connection
            await connection.commit()
        finally:
            # Whoever is interrupted still gives the connection back, rolled back if need be.
            await asyncio.shield(connection.close())

    async def _connected(self, tenant: ids.Id | None, *, reading: bool) -> AsyncConnection:
        """Return a connection whose transaction has begun.

        A connection may have been closed from the other side while it lay in the pool. Nothing has
        been done yet, so it is simply tried again with a new one, and no question need be asked
        beforehand whether it is still there.
        """
        try:
            return await self._begin(tenant, reading=reading)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return await self._begin(tenant, reading=reading)

    async def _begin(self, tenant: ids.Id | None, *, reading: bool) -> AsyncConnection:
        connection = await self.engine.connect()
        try:
            if reading:
                connection = await connection.execution_options(spreekuur_reading=True)
            _ = await connection.begin()
            await act_for(connection, tenant)
        except BaseException:
            await asyncio.shield(connection.close())
            raise
        return connection

    async def scrub(self) -> bool:
        """Let nothing that was removed stay in files of ours; false if somebody is still reading.

        SQLite keeps what rows were before in the log beside its file, until that is folded in.
        PostgreSQL sees to its own files.
        """
        if not _is_file(self.engine):
            return True
        async with self._turn, self.engine.connect() as connection:
            # No transaction may be open, so the driver is asked itself.
            driver: Any = (await connection.get_raw_connection()).driver_connection
            answer = await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = await answer.fetchone()
            await answer.close()
        return not busy

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


class _Turn:
    """Lets writers of one process wait in line for SQLite, which serves them in no order.

    Without it, of many who wait one may be passed over until its patience ends. Other processes
    still wait for the file itself.
    """

    def __init__(self) -> None:
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )

    def _line(self) -> asyncio.Lock:
        return self._lines.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._line().acquire()
        except TimeoutError:
            raise Unavailable("Too many are writing at once; try again in a moment.") from None

    async def __aexit__(self, *_: object) -> None:
        self._line().release()


def _is_file(engine: AsyncEngine) -> bool:
    return engine.dialect.name == "sqlite" and not isinstance(engine.pool, StaticPool)


def _hand_keys(engine: AsyncEngine, keyring: Keyring | None) -> None:
    """Let every connection carry the keys with which what it finds is opened."""

    @event.listens_for(engine.sync_engine, "connect")
    def _carry(_: Any, record: Any) -> None:
        record.info["keyring"] = keyring


def keyring_of(db: AsyncConnection | Connection) -> Keyring:
    """Return the installation's keys, as they were given to `Database`."""
    keyring = db.info["keyring"]
    if keyring is None:
        raise RuntimeError("this database was opened without keys")
    return cast(Keyring, keyring)


async def act_for(db: AsyncConnection, tenant: ids.Id | None) -> None:
    """Name the tenant that the rest of this transaction acts for; None for none.

    The setting ends with the transaction, so a pooled connection carries nothing over.
    """
    if db.dialect.name == "postgresql":
        name = "" if tenant is None else str(ids.to_uuid("ten", tenant))
        await db.execute(_ACT_FOR, {"tenant": name})


_ACT_FOR: Final = text("SELECT set_config('spreekuur.tenant', :tenant, true)")


def _engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_async_engine(
            parsed.set(drivername="postgresql+asyncpg"),
            pool_size=10,
            max_overflow=0,
            connect_args={"server_settings": {"timezone": "UTC"}},
        )
    options: dict[str, Any] = {}
    if parsed.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    else:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"), **options)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the begin hook below says BEGIN, nobody else
        cursor = connection.cursor()
        # What is removed must not stay in the file; see `Database.scrub` for the log beside it.
        pragmas = ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=15000", "secure_delete=ON")
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        # A 201 must survive a power cut, so commits are flushed.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        # A deferred transaction that turns to writing can fail with BUSY at once, whatever the
        # time-out; one that intends to write says so first and waits its turn.
        reading = connection.get_execution_options().get("spreekuur_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
