"""The kernel's own tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    Named,
    String,
    Table,
    TypedColumns,
    text,
)

from kernel.database import (
    AnyIdType,
    IdType,
    JsonOf,
    TenantColumns,
    UtcDateTime,
    metadata,
    tenant_table,
)


class _Tenants(TypedColumns):
    id: Named[str] = Column(IdType("ten"), primary_key=True)
    slug: Named[str] = Column(String, unique=True)
    name: Named[str] = Column(String)
    settings: Named[dict[str, Any]] = Column(JsonOf(dict))
    created_at: Named[datetime] = Column(UtcDateTime)


tenants = Table("tenants", metadata, _Tenants)
"""Directory: a tenant is found here by its slug before anything can be done on its behalf."""


class _Events(TypedColumns):
    id: Named[str] = Column(IdType("evt"), primary_key=True)
    tenant_id: Named[str] = Column(IdType("ten"))
    kind: Named[str] = Column(String)
    payload: Named[dict[str, Any]] = Column(JsonOf(dict))
    recorded_at: Named[datetime] = Column(UtcDateTime)


events = Table("events", metadata, _Events)
"""Directory: what happened, as ids and times; the outbox is read before a tenant is known."""


class _Work(TypedColumns):
    id: Named[str] = Column(IdType("wrk"), primary_key=True)
    tenant_id: Named[str] = Column(IdType("ten"))
    queue: Named[str] = Column(String)
    subject: Named[str] = Column(String)
    state: Named[str] = Column(String)
    due_at: Named[datetime] = Column(UtcDateTime)
    attempts: Named[int] = Column(Integer)
    lease_until: Named[datetime | None] = Column(UtcDateTime)
    lease_token: Named[str | None] = Column(String)
    problem: Named[str | None] = Column(String)
    created_at: Named[datetime] = Column(UtcDateTime)
    finished_at: Named[datetime | None] = Column(UtcDateTime)


work = Table(
    "work",
    metadata,
    _Work,
    Index(
        "ix_work_one_ready",
        "queue",
        "subject",
        unique=True,
        postgresql_where=text("state = 'ready'"),
        sqlite_where=text("state = 'ready'"),
    ),
    Index(
        "ix_work_due",
        "due_at",
        postgresql_where=text("state = 'ready'"),
        sqlite_where=text("state = 'ready'"),
    ),
    Index(
        "ix_work_leased",
        "queue",
        "subject",
        postgresql_where=text("state = 'leased'"),
        sqlite_where=text("state = 'leased'"),
    ),
)
"""Directory: what remains to be done, as ids only; workers claim it across tenants."""


class _AuditEntries(TenantColumns):
    id: Named[str] = Column(IdType("aud"), primary_key=True)
    actor: Named[str] = Column(String)
    action: Named[str] = Column(String)
    subject: Named[str] = Column(String)
    at: Named[datetime] = Column(UtcDateTime)


audit_entries = tenant_table("audit_entries", _AuditEntries)


class _TenantKeys(TenantColumns):
    use: Named[str] = Column(String, primary_key=True)
    version: Named[int] = Column(Integer, primary_key=True)
    wrapped: Named[bytes] = Column(LargeBinary)
    created_at: Named[datetime] = Column(UtcDateTime)
    retired_at: Named[datetime | None] = Column(UtcDateTime)


tenant_keys = tenant_table("tenant_keys", _TenantKeys)
"""Keys of organisations, wrapped under the installation's; see `kernel.vault`."""


class _SubjectKeys(TenantColumns):
    subject_id: Named[UUID] = Column(AnyIdType, primary_key=True)
    version: Named[int] = Column(Integer)
    wrapped: Named[bytes | None] = Column(LargeBinary)
    created_at: Named[datetime] = Column(UtcDateTime)
    destroyed_at: Named[datetime | None] = Column(UtcDateTime)


subject_keys = tenant_table(
    "subject_keys", _SubjectKeys, Index("ix_subject_keys_version", "tenant_id", "version")
)
"""Keys of people, wrapped under their organisation's; one that was destroyed leaves its row."""
