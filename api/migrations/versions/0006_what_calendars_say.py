"""What calendar servers say of the people behind them, and by what their tokens are renewed."""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

TIME: Final = sa.DateTime(timezone=True)
JSON: Final = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NOTHING: Final = sa.text("'[]'")
NEW: Final = ("calendar_grants", "unavailable_spans")


def upgrade() -> None:
    """Make room; every account is asked about its person at its next round."""
    for name in ("addresses", "server_addresses"):
        op.add_column(
            "calendar_accounts", sa.Column(name, JSON, server_default=NOTHING, nullable=False)
        )
    for column in (
        sa.Column("described_at", TIME, nullable=True),
        sa.Column("availability", sa.LargeBinary(), nullable=True),
        sa.Column("availability_state", sa.String(), server_default="none", nullable=False),
        sa.Column("token_expires_at", TIME, nullable=True),
    ):
        op.add_column("calendar_accounts", column)
    op.add_column(
        "calendar_collections",
        sa.Column("transparent", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("calendar_objects", sa.Column("availability", sa.LargeBinary(), nullable=True))
    op.create_table(
        "calendar_grants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        _of_an_account("calendar_grants"),
        sa.PrimaryKeyConstraint("tenant_id", "account_id", name=op.f("pk_calendar_grants")),
    )
    op.create_table(
        "unavailable_spans",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        _of_an_account("unavailable_spans"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "account_id", "starts_at", name=op.f("pk_unavailable_spans")
        ),
    )
    op.create_index(
        "ix_unavailable_spans_advisor",
        "unavailable_spans",
        ["tenant_id", "advisor_id", "ends_at", "starts_at"],
    )
    _keep_tenants_apart(NEW)


def downgrade() -> None:
    """Forget it; accounts that need a token renewed must be connected again once theirs ends."""
    for name in reversed(NEW):
        op.drop_table(name)
    op.drop_column("calendar_objects", "availability")
    op.drop_column("calendar_collections", "transparent")
    for name in (
        "token_expires_at",
        "availability_state",
        "availability",
        "described_at",
        "server_addresses",
        "addresses",
    ):
        op.drop_column("calendar_accounts", name)


def _of_an_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["calendar_accounts.tenant_id", "calendar_accounts.id"],
        name=op.f(f"fk_{table}_tenant_id_account_id"),
        ondelete="CASCADE",
    )


def _keep_tenants_apart(names: Iterable[str]) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    for name in names:
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})")
