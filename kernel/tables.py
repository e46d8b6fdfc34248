"""The kernel's own tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, Named, String, Table, TypedColumns, text

from kernel.database import IdType, JsonOf, TenantColumns, UtcDateTime, metadata, tenant_table


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
