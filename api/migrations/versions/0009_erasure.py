"""Reasons to keep what is known of a customer, and receipts of those who were erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "legal_holds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", TIME, nullable=False),
        sa.Column("lifted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_legal_holds")),
    )
    op.create_table(
        "erasures",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("erased_at", TIME, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_erasures")),
    )
    for name in ("legal_holds", "erasures"):
        op.create_index(f"ix_{name}_customer", name, ["tenant_id", "customer"])
        _keep_tenants_apart(name)


def downgrade() -> None:
    """Drop both."""
    op.drop_table("erasures")
    op.drop_table("legal_holds")


def _keep_tenants_apart(name: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})")
