"""When each calendar last had something new, by which it is read more or less often.

And a way to find our own entries in one without going through all of it, as each round does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "calendar_collections", sa.Column("news_at", sa.DateTime(timezone=True), nullable=True)
    )
    ours = sa.text("booking_id IS NOT NULL")
    op.create_index(
        "ix_calendar_objects_ours",
        "calendar_objects",
        ["tenant_id", "collection_id"],
        postgresql_where=ours,
        sqlite_where=ours,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_calendar_objects_ours", table_name="calendar_objects")
    op.drop_column("calendar_collections", "news_at")
