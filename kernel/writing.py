"""Rows of several tables, written together.

What happens to a booking leaves a row in five tables. One statement for each costs a round trip
each; PostgreSQL takes them all in one, whose parts come after ``WITH``. SQLite knows no such
statement, and has no trips to save.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any, TypeAlias

from msgspec import Struct
from sqlalchemy import Executable, Insert, Table, TableClause, bindparam, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import dialect_of

Into: TypeAlias = Table[Any] | Callable[[ModuleType], Insert]
"""A table; or what makes its insert of SQLAlchemy's module for the kind of database."""


class Row(Struct, frozen=True, kw_only=True):
    """A row that is to be written, by column."""

    into: Into
    values: Mapping[str, Any]


async def write(db: AsyncConnection, *rows: Row) -> None:
    """Write rows in one go.

    Do not count on their order: none may lean on another but by a foreign key.
    """
    dialect = dialect_of(db)
    if db.dialect.name == "postgresql":
        shape = tuple((row.into, tuple(row.values)) for row in rows)
        await db.execute(_together(dialect, shape), parameters([row.values for row in rows]))
        return
    for row in rows:
        await db.execute(_insert(dialect, row.into), row.values)


def parameters(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values of several rows, each under the name of its column and its number."""
    return {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in row.items()}


def placeholders(table: TableClause, names: Iterable[str], number: int) -> dict[str, Any]:
    """Return what stands for the values of one such row, by column."""
    return {name: bindparam(f"{name}_{number}", type_=table.c[name].type) for name in names}


@lru_cache(maxsize=64)
def _insert(dialect: ModuleType, into: Into) -> Insert:
    statement: Insert = dialect.insert(into) if isinstance(into, Table) else into(dialect)
    return statement


@lru_cache(maxsize=64)
def _together(dialect: ModuleType, shape: tuple[tuple[Into, tuple[str, ...]], ...]) -> Executable:
    inserts = [(_insert(dialect, into), names) for into, names in shape]
    parts = [
        insert.values(placeholders(insert.table, names, number))
        for number, (insert, names) in enumerate(inserts)
    ]
    if len(parts) == 1:
        return parts[0]
    return select(literal(1)).add_cte(
        *(part.cte(f"row_{number}") for number, part in enumerate(parts))
    )
