"""What customers answered to invitations, and how many mails came in with what result."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TIME: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "participations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("answered_at", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("proposed_start", TIME, nullable=True),
        sa.Column("proposed_end", TIME, nullable=True),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "booking_id", "customer_id", name=op.f("pk_participations")
        ),
    )
    op.create_table(
        "inbound_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "outcome", name=op.f("pk_inbound_counts")),
    )
    if op.get_bind().dialect.name == "postgresql":
        mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
        op.execute("ALTER TABLE participations ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE participations FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON participations USING ({mine}) WITH CHECK ({mine})")


def downgrade() -> None:
    """Drop them; what was answered is not known any more."""
    op.drop_table("inbound_counts")
    op.drop_table("participations")
