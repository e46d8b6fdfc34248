"""Calendars that are read from a file on the web, and calendars that we keep ourselves.

Every account that is on file speaks CalDAV, with name and password.
"""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OWN: Final = ("own_calendars", "own_objects")
WITHOUT_SERVER: Final = "DELETE FROM calendar_accounts WHERE kind <> 'caldav' OR auth <> 'basic'"


def upgrade() -> None:
    """Say of every account what it speaks, and make room for calendars of our own."""
    for name, usual in (("kind", "caldav"), ("auth", "basic")):
        op.add_column(
            "calendar_accounts",
            sa.Column(name, sa.String(), server_default=usual, nullable=False),
        )
    op.add_column("calendar_accounts", sa.Column("address", sa.LargeBinary(), nullable=True))
    op.create_table(
        "own_calendars",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["calendar_accounts.tenant_id", "calendar_accounts.id"],
            name=op.f("fk_own_calendars_tenant_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "account_id", name=op.f("pk_own_calendars")),
        sa.UniqueConstraint(
            "tenant_id", "advisor_id", name=op.f("uq_own_calendars_tenant_id_advisor_id")
        ),
    )
    op.create_table(
        "own_objects",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("href", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["own_calendars.tenant_id", "own_calendars.account_id"],
            name=op.f("fk_own_objects_tenant_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "account_id", "href", name=op.f("pk_own_objects")),
    )
    op.create_index("ix_own_objects_changed", "own_objects", ["tenant_id", "account_id", "changed"])
    _keep_tenants_apart(OWN)


def downgrade() -> None:
    """Forget accounts that are no CalDAV with a password, since they could not be told apart."""
    for name in reversed(OWN):
        op.drop_table(name)
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:  # the owner sees no rows without a tenant otherwise
        op.execute("ALTER TABLE calendar_accounts NO FORCE ROW LEVEL SECURITY")
    op.execute(WITHOUT_SERVER)
    if postgresql:
        op.execute("ALTER TABLE calendar_accounts FORCE ROW LEVEL SECURITY")
    for name in ("address", "auth", "kind"):
        op.drop_column("calendar_accounts", name)


def _keep_tenants_apart(names: Iterable[str]) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    for name in names:
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})")
