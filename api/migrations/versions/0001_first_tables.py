"""The first tables."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

TIME: Final = sa.DateTime(timezone=True)
JSON: Final = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
DECIMAL: Final = sa.Numeric().with_variant(sa.String(), "sqlite")

TENANT_TABLES: Final = (
    "advisors",
    "audit_entries",
    "calendar_accounts",
    "claims",
    "customers",
    "forms",
    "holds",
    "idempotency_keys",
    "locations",
    "meeting_types",
    "rates",
    "bookings",
    "brief_views",
    "calendar_collections",
    "consents",
    "facts",
    "intakes",
    "notices",
    "schedules",
    "calendar_objects",
    "deliveries",
    "event_links",
    "busy_spans",
)
"""Tables whose rows PostgreSQL shows to their own tenant only."""

OVERLAPS: Final = """
    NEW.live AND EXISTS (
        SELECT 1 FROM claims AS other
        WHERE other.tenant_id = NEW.tenant_id AND other.resource_id = NEW.resource_id
        AND other.live AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
        AND other.id <> NEW.id
    )
"""


def upgrade() -> None:
    """Make every table, and what keeps tenants apart and claims from overlapping."""
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "advisors",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("languages", JSON, nullable=False),
        sa.Column("locations", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_advisors")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_advisors_tenant_id_email")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("origins", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_api_keys_fingerprint")),
    )
    op.create_index(op.f("ix_api_keys_tenant_id"), "api_keys", ["tenant_id"], unique=False)
    op.create_table(
        "audit_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_entries")),
    )
    op.create_table(
        "calendar_accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_calendar_accounts")),
    )
    op.create_index(
        "ix_calendar_accounts_advisor",
        "calendar_accounts",
        ["tenant_id", "advisor_id"],
        unique=False,
    )
    op.create_table(
        "claims",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.CheckConstraint(
            "(booking_id IS NULL) <> (hold_id IS NULL)", name=op.f("ck_claims_one_holder")
        ),
        sa.CheckConstraint(
            "(hold_id IS NULL) = (expires_at IS NULL)", name=op.f("ck_claims_holds_expire")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_claims_not_empty")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claims")),
    )
    op.create_index(
        "ix_claims_expiry",
        "claims",
        ["tenant_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
        sqlite_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index("ix_claims_of_booking", "claims", ["tenant_id", "booking_id"], unique=False)
    op.create_index("ix_claims_of_hold", "claims", ["tenant_id", "hold_id"], unique=False)
    op.create_index(
        "ix_claims_of_resource", "claims", ["tenant_id", "resource_id", "ends_at"], unique=False
    )
    op.create_table(
        "console_sessions",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_console_sessions")),
    )
    op.create_table(
        "customers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", JSON, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("formality", sa.String(), nullable=True),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("surname_key", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_customers")),
        sa.UniqueConstraint(
            "tenant_id",
            "email_key",
            "surname_key",
            name=op.f("uq_customers_tenant_id_email_key_surname_key"),
        ),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_table(
        "forms",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("definition", JSON, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_forms")),
        sa.UniqueConstraint(
            "tenant_id", "slug", "version", name=op.f("uq_forms_tenant_id_slug_version")
        ),
    )
    op.create_table(
        "holds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("assignment", JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_expiry", "holds", ["tenant_id", "expires_at"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "caller", "path", "key", name=op.f("pk_idempotency_keys")
        ),
    )
    op.create_table(
        "locations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_locations")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_locations_tenant_id_slug")),
    )
    op.create_table(
        "meeting_types",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", JSON, nullable=False),
        sa.Column("description", JSON, nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("channels", JSON, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("buffer_before", sa.Integer(), nullable=False),
        sa.Column("buffer_after", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("advisors", JSON, nullable=False),
        sa.Column("locations", JSON, nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_meeting_types")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_meeting_types_tenant_id_slug")),
    )
    op.create_table(
        "rates",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("fixed_years", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rate", DECIMAL, nullable=False),
        sa.Column("previous", DECIMAL, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("announced_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rates")),
        sa.UniqueConstraint(
            "tenant_id",
            "product",
            "fixed_years",
            "version",
            name=op.f("uq_rates_tenant_id_product_fixed_years_version"),
        ),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
    )
    op.create_index(
        "ix_work_due",
        "work",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'ready'"),
        sqlite_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_work_leased",
        "work",
        ["queue", "subject"],
        unique=False,
        postgresql_where=sa.text("state = 'leased'"),
        sqlite_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_work_one_ready",
        "work",
        ["queue", "subject"],
        unique=True,
        postgresql_where=sa.text("state = 'ready'"),
        sqlite_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "bookings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("participants", JSON, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("local_start", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("tzdata", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("assignment", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "advisor_id"],
            ["advisors.tenant_id", "advisors.id"],
            name=op.f("fk_bookings_tenant_id_advisor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_bookings_tenant_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "meeting_type_id"],
            ["meeting_types.tenant_id", "meeting_types.id"],
            name=op.f("fk_bookings_tenant_id_meeting_type_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bookings")),
    )
    op.create_index(
        "ix_bookings_of_advisor", "bookings", ["tenant_id", "advisor_id", "starts_at"], unique=False
    )
    op.create_index(
        "ix_bookings_of_customer", "bookings", ["tenant_id", "customer_id"], unique=False
    )
    op.create_index("ix_bookings_start", "bookings", ["tenant_id", "starts_at"], unique=False)
    op.create_table(
        "brief_views",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("before_at", TIME, nullable=True),
        sa.Column("before_position", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name=op.f("fk_brief_views_tenant_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "booking_id", "customer_id", "advisor_id", name=op.f("pk_brief_views")
        ),
    )
    op.create_table(
        "calendar_collections",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("writable", sa.Boolean(), nullable=False),
        sa.Column("sync_token", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("empty_since", TIME, nullable=True),
        sa.Column("listed_at", TIME, nullable=True),
        sa.Column("last_ok_at", TIME, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["calendar_accounts.tenant_id", "calendar_accounts.id"],
            name=op.f("fk_calendar_collections_tenant_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_calendar_collections")),
        sa.UniqueConstraint(
            "tenant_id",
            "account_id",
            "url",
            name=op.f("uq_calendar_collections_tenant_id_account_id_url"),
        ),
    )
    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name=op.f("fk_consents_tenant_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consents")),
        sa.UniqueConstraint(
            "tenant_id",
            "customer_id",
            "purpose",
            "position",
            name=op.f("uq_consents_tenant_id_customer_id_purpose_position"),
        ),
    )
    op.create_table(
        "facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("said_at", TIME, nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("booking", sa.Uuid(), nullable=True),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name=op.f("fk_facts_tenant_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_facts")),
        sa.UniqueConstraint(
            "tenant_id",
            "customer_id",
            "position",
            name=op.f("uq_facts_tenant_id_customer_id_position"),
        ),
    )
    op.create_index("ix_facts_path", "facts", ["tenant_id", "path"], unique=False)
    op.create_table(
        "intakes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("saved_at", TIME, nullable=True),
        sa.Column("submitted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name=op.f("fk_intakes_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "form_id"],
            ["forms.tenant_id", "forms.id"],
            name=op.f("fk_intakes_tenant_id_form_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "booking_id", name=op.f("pk_intakes")),
    )
    op.create_table(
        "notices",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("booking", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("rate", sa.Uuid(), nullable=True),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rate"],
            ["rates.tenant_id", "rates.id"],
            name=op.f("fk_notices_tenant_id_rate"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notices")),
        sa.UniqueConstraint("tenant_id", "dedup_key", name=op.f("uq_notices_tenant_id_dedup_key")),
    )
    op.create_index("ix_notices_booking", "notices", ["tenant_id", "booking"], unique=False)
    op.create_index("ix_notices_rate", "notices", ["tenant_id", "rate"], unique=False)
    op.create_index("ix_notices_recipient", "notices", ["tenant_id", "recipient"], unique=False)
    op.create_table(
        "schedules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("weekly", JSON, nullable=False),
        sa.Column("overrides", JSON, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "advisor_id"],
            ["advisors.tenant_id", "advisors.id"],
            name=op.f("fk_schedules_tenant_id_advisor_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_schedules")),
        sa.UniqueConstraint(
            "tenant_id", "advisor_id", name=op.f("uq_schedules_tenant_id_advisor_id")
        ),
    )
    op.create_table(
        "calendar_objects",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("href", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("expanded_until", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collection_id"],
            ["calendar_collections.tenant_id", "calendar_collections.id"],
            name=op.f("fk_calendar_objects_tenant_id_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_calendar_objects")),
        sa.UniqueConstraint(
            "tenant_id",
            "collection_id",
            "href",
            name=op.f("uq_calendar_objects_tenant_id_collection_id_href"),
        ),
    )
    op.create_index(
        "ix_calendar_objects_uid", "calendar_objects", ["tenant_id", "uid"], unique=False
    )
    op.create_table(
        "deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leaving_until", TIME, nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("formality", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "notice"],
            ["notices.tenant_id", "notices.id"],
            name=op.f("fk_deliveries_tenant_id_notice"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_notice", "deliveries", ["tenant_id", "notice"], unique=False)
    op.create_table(
        "event_links",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("href", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("base_ics", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(), nullable=True),
        sa.Column("changed_at", TIME, nullable=True),
        sa.Column("moved_start", TIME, nullable=True),
        sa.Column("moved_end", TIME, nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collection_id"],
            ["calendar_collections.tenant_id", "calendar_collections.id"],
            name=op.f("fk_event_links_tenant_id_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "booking_id", name=op.f("pk_event_links")),
    )
    op.create_index("ix_event_links_uid", "event_links", ["tenant_id", "uid"], unique=False)
    op.create_table(
        "busy_spans",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "object_id"],
            ["calendar_objects.tenant_id", "calendar_objects.id"],
            name=op.f("fk_busy_spans_tenant_id_object_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "object_id", "starts_at", "ends_at", name=op.f("pk_busy_spans")
        ),
    )
    op.create_index(
        "ix_busy_spans_advisor",
        "busy_spans",
        ["tenant_id", "advisor_id", "ends_at", "starts_at"],
        unique=False,
    )
    if postgres:
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    """Drop every table."""
    for name in (
        "busy_spans",
        "event_links",
        "deliveries",
        "calendar_objects",
        "schedules",
        "notices",
        "intakes",
        "facts",
        "consents",
        "calendar_collections",
        "brief_views",
        "bookings",
        "work",
        "tenants",
        "sign_ins",
        "rates",
        "meeting_types",
        "locations",
        "idempotency_keys",
        "holds",
        "forms",
        "events",
        "customers",
        "console_sessions",
        "claims",
        "calendar_accounts",
        "audit_entries",
        "api_keys",
        "advisors",
    ):
        op.drop_table(name)


def _protect_on_postgresql() -> None:
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    for name in TENANT_TABLES:
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})")
    op.execute(
        "ALTER TABLE claims ADD CONSTRAINT ex_claims_no_overlap EXCLUDE USING gist "
        "(resource_id WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (live)"
    )


def _protect_on_sqlite() -> None:
    op.execute(
        f"CREATE TRIGGER claims_no_overlap_insert BEFORE INSERT ON claims WHEN {OVERLAPS}"
        " BEGIN SELECT RAISE(IGNORE); END"
    )
    op.execute(
        "CREATE TRIGGER claims_no_overlap_update"
        " BEFORE UPDATE OF resource_id, starts_at, ends_at, live ON claims"
        f" WHEN {OVERLAPS} BEGIN SELECT RAISE(ABORT, 'ex_claims_no_overlap'); END"
    )
