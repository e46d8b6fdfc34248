"""The schema's history, and the way to bring a database up to date."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

# Declaring the tables is what importing these is for.
import api.tables
import booking.tables
import context.tables
import kernel.tables
import notifications.tables
from kernel.crypto import Keyring
from kernel.database import Database, metadata
from kernel.errors import Unavailable

__all__ = ("SchemaOld", "config", "head", "metadata", "migrate", "require_current_schema")

DECLARED: Final = (
    kernel.tables,
    booking.tables,
    context.tables,
    notifications.tables,
    api.tables,
)
"""The modules in which the rooms declare their tables."""

_HERE: Final = Path(__file__).parent


class SchemaOld(Unavailable):
    """The database does not have the tables that this version needs."""

    code = "schema-old"
    title = "The database must be migrated"


def config(connection: Connection | None = None) -> Config:
    """Return alembic's settings for this history."""
    settings = Config()
    settings.set_main_option("script_location", str(_HERE))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


async def migrate(
    url: str, *, keyring: Keyring | None = None, application: str | None = None
) -> list[str]:
    """Bring the database at *url* up to date and return the revisions that were applied.

    Args:
        url: The tables' owner's address.
        keyring: The installation's keys, by which what is on file is sealed and opened; an empty
            database needs none.
        application: The role of the application on PostgreSQL, where it is not the owner; it is
            granted the use of the tables.
    """
    database = Database(url, keyring=keyring)

    def upgrade(connection: Connection) -> list[str]:
        before = _current(connection)
        command.upgrade(config(connection), "head")
        script = ScriptDirectory.from_config(config())
        return [
            step.revision
            for step in script.iterate_revisions("head", before or "base")
            if step.revision != before
        ]

    try:
        async with database.transaction() as db:
            applied = await db.run_sync(upgrade)
            if application is not None and db.dialect.name == "postgresql":
                role = db.dialect.identifier_preparer.quote(application)
                await db.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
                await db.execute(
                    text(
                        "GRANT SELECT, INSERT, UPDATE, DELETE "
                        f"ON ALL TABLES IN SCHEMA public TO {role}"
                    )
                )
        return applied
    finally:
        await database.close()


async def require_current_schema(database: Database) -> None:
    """Refuse to work on a database of another version.

    Raises:
        SchemaOld: It has to be migrated first.
    """
    async with database.reading() as db:
        present = await db.run_sync(_current)
    if present != head():
        raise SchemaOld("The database is not up to date. Run: spreekuur migrate")


def head() -> str | None:
    """Return the newest revision."""
    return ScriptDirectory.from_config(config()).get_current_head()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
