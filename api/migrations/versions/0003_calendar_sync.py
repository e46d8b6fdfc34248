"""What it takes to follow calendars closely.

A calendar that says to have lost much is doubted object by object; one whose server knows no sync
tokens is followed by its CTag.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_RENAME = "ALTER TABLE calendar_collections RENAME COLUMN {} TO {}"


def upgrade() -> None:
    """Rename one column and add three."""
    op.execute(_RENAME.format("empty_since", "doubted_since"))
    op.add_column("calendar_collections", sa.Column("ctag", sa.String(), nullable=True))
    op.add_column("calendar_collections", sa.Column("read_under", sa.String(), nullable=True))
    op.add_column(
        "calendar_objects", sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    """Take that back."""
    op.drop_column("calendar_objects", "missing_since")
    op.drop_column("calendar_collections", "read_under")
    op.drop_column("calendar_collections", "ctag")
    op.execute(_RENAME.format("doubted_since", "empty_since"))
