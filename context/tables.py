"""The tables of this room. Facts and consents are ledgers: rows are added, never changed."""

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
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

from context.model import FormDefinition
from kernel.database import IdType, JsonOf, TenantColumns, UtcDateTime, tenant_table


def _of_customer() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
    )


class _Customers(TenantColumns):
    id: Named[str] = Column(IdType("cus"), primary_key=True)
    identity: Named[bytes | None] = Column(LargeBinary)
    language: Named[str | None] = Column(String)
    formality: Named[str | None] = Column(String)
    email_key: Named[str] = Column(String)
    surname_key: Named[str] = Column(String)
    phone_key: Named[str | None] = Column(String)
    marked_with: Named[int] = Column(Integer, server_default="1")
    created_at: Named[datetime] = Column(UtcDateTime)


customers = tenant_table(
    "customers", _Customers, UniqueConstraint("tenant_id", "email_key", "surname_key")
)
"""Who somebody is, sealed under their own key. They are recognised by the marks in its place."""


class _Forms(TenantColumns):
    id: Named[str] = Column(IdType("frm"), primary_key=True)
    slug: Named[str] = Column(String)
    version: Named[int] = Column(Integer)
    status: Named[str] = Column(String)
    definition: Named[FormDefinition] = Column(JsonOf(FormDefinition))
    published_at: Named[datetime] = Column(UtcDateTime)
    published_by: Named[str] = Column(String)


forms = tenant_table("forms", _Forms, UniqueConstraint("tenant_id", "slug", "version"))


class _Intakes(TenantColumns):
    booking_id: Named[str] = Column(IdType("bkg"), primary_key=True)
    customer_id: Named[str] = Column(IdType("cus"))
    form_id: Named[str] = Column(IdType("frm"))
    opened_at: Named[datetime] = Column(UtcDateTime)
    saved_at: Named[datetime | None] = Column(UtcDateTime)
    submitted_at: Named[datetime | None] = Column(UtcDateTime)


intakes = tenant_table(
    "intakes",
    _Intakes,
    _of_customer(),
    ForeignKeyConstraint(["tenant_id", "form_id"], ["forms.tenant_id", "forms.id"]),
)


class _Facts(TenantColumns):
    id: Named[str] = Column(IdType("fct"), primary_key=True)
    customer_id: Named[str] = Column(IdType("cus"))
    position: Named[int] = Column(Integer)
    path: Named[str] = Column(String)
    sealed: Named[bytes | None] = Column(LargeBinary)
    unit: Named[str | None] = Column(String)
    source: Named[str] = Column(String)
    channel: Named[str] = Column(String)
    actor: Named[str] = Column(String)
    said_at: Named[datetime] = Column(UtcDateTime)
    recorded_at: Named[datetime] = Column(UtcDateTime)
    form: Named[str | None] = Column(String)
    booking: Named[str | None] = Column(IdType("bkg"))
    supersedes: Named[str | None] = Column(IdType("fct"))


facts = tenant_table(
    "facts",
    _Facts,
    _of_customer(),
    UniqueConstraint("tenant_id", "customer_id", "position"),
    Index("ix_facts_path", "tenant_id", "path"),
)


class _Consents(TenantColumns):
    id: Named[str] = Column(IdType("cst"), primary_key=True)
    customer_id: Named[str] = Column(IdType("cus"))
    position: Named[int] = Column(Integer)
    purpose: Named[str] = Column(String)
    given: Named[bool] = Column(Boolean)
    text: Named[str] = Column(String)
    text_hash: Named[str] = Column(String)
    language: Named[str] = Column(String)
    version: Named[int] = Column(Integer)
    at: Named[datetime] = Column(UtcDateTime)
    channel: Named[str] = Column(String)


consents = tenant_table(
    "consents",
    _Consents,
    _of_customer(),
    UniqueConstraint("tenant_id", "customer_id", "purpose", "position"),
)
"""The highest position of a purpose is the word that stands."""


class _BriefViews(TenantColumns):
    booking_id: Named[str] = Column(IdType("bkg"), primary_key=True)
    customer_id: Named[str] = Column(IdType("cus"), primary_key=True)
    advisor_id: Named[str] = Column(IdType("adv"), primary_key=True)
    opened_at: Named[datetime] = Column(UtcDateTime)
    position: Named[int] = Column(Integer)
    before_at: Named[datetime | None] = Column(UtcDateTime)
    before_position: Named[int | None] = Column(Integer)


brief_views = tenant_table("brief_views", _BriefViews, _of_customer())
"""When an advisor last opened a brief and what it could show, and the same of the look before."""
"""What each advisor saw last: the facts after this position are news to them."""


class _LegalHolds(TenantColumns):
    id: Named[str] = Column(IdType("lgh"), primary_key=True)
    customer: Named[str] = Column(IdType("cus"))
    reason: Named[str] = Column(String)
    until: Named[date | None] = Column(Date)
    placed_by: Named[str] = Column(String)
    placed_at: Named[datetime] = Column(UtcDateTime)
    lifted_at: Named[datetime | None] = Column(UtcDateTime)


legal_holds = tenant_table(
    "legal_holds", _LegalHolds, Index("ix_legal_holds_customer", "tenant_id", "customer")
)


class _Erasures(TenantColumns):
    id: Named[str] = Column(IdType("ers"), primary_key=True)
    customer: Named[str] = Column(IdType("cus"))
    asked_by: Named[str] = Column(String)
    erased_at: Named[datetime] = Column(UtcDateTime)
    counts: Named[dict[str, int]] = Column(JsonOf(dict[str, int]))
    key: Named[str | None] = Column(String)
    signature: Named[str] = Column(String)


erasures = tenant_table(
    "erasures", _Erasures, Index("ix_erasures_customer", "tenant_id", "customer")
)
"""That customers were erased, and what that came to: counts and hashes only."""
