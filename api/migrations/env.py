"""Where alembic starts: it runs over a connection that is handed in."""

from alembic import context as migration

from api.migrations import metadata

connection = migration.config.attributes["connection"]
migration.configure(connection=connection, target_metadata=metadata, render_as_batch=False)
with migration.begin_transaction():
    migration.run_migrations()
