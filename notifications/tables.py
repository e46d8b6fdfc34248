"""The tables of this room.

They hold no addresses: those are asked for when a message leaves. What a notice is about, and how
it was put, is sealed under the key of whom it is for.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Named,
    String,
    UniqueConstraint,
)

from kernel.database import ExactDecimal, IdType, TenantColumns, UtcDateTime, tenant_table


class _Rates(TenantColumns):
    id: Named[str] = Column(IdType("rte"), primary_key=True)
    product: Named[str] = Column(String)
    fixed_years: Named[int] = Column(Integer)
    # Counts the entries of one line, so that two of the same day keep their order.
    version: Named[int] = Column(Integer)
    rate: Named[Decimal] = Column(ExactDecimal)
    previous: Named[Decimal | None] = Column(ExactDecimal)
    valid_from: Named[date] = Column(Date)
    published_at: Named[datetime] = Column(UtcDateTime)
    # When everybody concerned had been written to; null while that remains to be done.
    announced_at: Named[datetime | None] = Column(UtcDateTime)


rates = tenant_table(
    "rates", _Rates, UniqueConstraint("tenant_id", "product", "fixed_years", "version")
)


class _Notices(TenantColumns):
    id: Named[str] = Column(IdType("ntc"), primary_key=True)
    recipient: Named[str] = Column(String)
    kind: Named[str] = Column(String)
    purpose: Named[str | None] = Column(String)
    consent: Named[str | None] = Column(String)
    booking: Named[str | None] = Column(IdType("bkg"))
    sequence: Named[int | None] = Column(Integer)
    rate: Named[str | None] = Column(IdType("rte"))
    sealed: Named[bytes | None] = Column(LargeBinary)
    dedup_key: Named[str] = Column(String)
    created_at: Named[datetime] = Column(UtcDateTime)


notices = tenant_table(
    "notices",
    _Notices,
    UniqueConstraint("tenant_id", "dedup_key"),
    ForeignKeyConstraint(["tenant_id", "rate"], ["rates.tenant_id", "rates.id"]),
    Index("ix_notices_recipient", "tenant_id", "recipient"),
    Index("ix_notices_booking", "tenant_id", "booking"),
    Index("ix_notices_rate", "tenant_id", "rate"),
)


class _Deliveries(TenantColumns):
    id: Named[str] = Column(IdType("dlv"), primary_key=True)
    notice: Named[str] = Column(IdType("ntc"))
    channel: Named[str] = Column(String)
    state: Named[str] = Column(String)
    attempts: Named[int] = Column(Integer)
    # While this lies ahead, somebody is handing the message over.
    leaving_until: Named[datetime | None] = Column(UtcDateTime)
    message_id: Named[str | None] = Column(String)
    sent_at: Named[datetime | None] = Column(UtcDateTime)
    language: Named[str | None] = Column(String)
    formality: Named[str | None] = Column(String)
    written: Named[bytes | None] = Column(LargeBinary)
    error: Named[str | None] = Column(String)
    created_at: Named[datetime] = Column(UtcDateTime)


deliveries = tenant_table(
    "deliveries",
    _Deliveries,
    ForeignKeyConstraint(["tenant_id", "notice"], ["notices.tenant_id", "notices.id"]),
    Index("ix_deliveries_notice", "tenant_id", "notice"),
)
