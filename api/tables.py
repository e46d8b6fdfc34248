"""Tables of the doors: keys, sign-ins, sessions, answers already given, mail that came in."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Integer, LargeBinary, Named, String, Table, TypedColumns

from kernel.database import IdType, JsonOf, TenantColumns, UtcDateTime, metadata, tenant_table


class _ApiKeys(TypedColumns):
    id: Named[str] = Column(IdType("key"), primary_key=True)
    tenant_id: Named[str] = Column(IdType("ten"), index=True)
    kind: Named[str] = Column(String)
    name: Named[str] = Column(String)
    fingerprint: Named[str] = Column(String, unique=True)
    origins: Named[list[str]] = Column(JsonOf(list[str]))
    created_at: Named[datetime] = Column(UtcDateTime)
    revoked_at: Named[datetime | None] = Column(UtcDateTime)


api_keys = Table("api_keys", metadata, _ApiKeys)
"""Directory: a key is found by its hash before its tenant is known."""


class _SignIns(TypedColumns):
    id: Named[str] = Column(IdType("sgn"), primary_key=True)
    tenant_id: Named[str] = Column(IdType("ten"))
    advisor_id: Named[str] = Column(IdType("adv"))
    expires_at: Named[datetime] = Column(UtcDateTime)
    used_at: Named[datetime | None] = Column(UtcDateTime)


sign_ins = Table("sign_ins", metadata, _SignIns)
"""Directory: a mailed sign-in link names its tenant through this row."""


class _ConsoleSessions(TypedColumns):
    fingerprint: Named[str] = Column(String, primary_key=True)
    tenant_id: Named[str] = Column(IdType("ten"))
    advisor_id: Named[str] = Column(IdType("adv"))
    created_at: Named[datetime] = Column(UtcDateTime)
    seen_at: Named[datetime] = Column(UtcDateTime)
    ended_at: Named[datetime | None] = Column(UtcDateTime)


console_sessions = Table("console_sessions", metadata, _ConsoleSessions)
"""Directory: a browser's session is found by the hash of its cookie."""


class _IdempotencyKeys(TenantColumns):
    caller: Named[str] = Column(String, primary_key=True)
    path: Named[str] = Column(String, primary_key=True)
    key: Named[str] = Column(String, primary_key=True)
    body_hash: Named[str] = Column(String)
    status: Named[int | None] = Column(Integer)
    answer: Named[bytes | None] = Column(LargeBinary)
    created_at: Named[datetime] = Column(UtcDateTime)


idempotency_keys = tenant_table("idempotency_keys", _IdempotencyKeys)


class _InboundCounts(TypedColumns):
    day: Named[date] = Column(Date, primary_key=True)
    outcome: Named[str] = Column(String, primary_key=True)
    mails: Named[int] = Column(Integer)


inbound_counts = Table("inbound_counts", metadata, _InboundCounts)
"""Directory: what became of mail that came in; of most of it nobody can tell whose it was."""
