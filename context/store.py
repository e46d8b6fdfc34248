"""The SQL of this room: one function, one statement, named for what it answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import structs
from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from context.customers import Marks
from context.model import Consent, Customer, Fact, Form, Identity, Intake, Looks, Seen
from context.sealing import open_identity, open_value, seal_identity, seal_value
from context.tables import brief_views, consents, customers, facts, forms, intakes
from kernel.database import convert_row, dialect_of, keyring_of
from kernel.ids import Id
from kernel.tables import subject_keys
from kernel.vault import TenantKeys, Unlocking, cipher_of, new_subject_key, with_keys

T = TypeVar("T")

# --- customers -----------------------------------------------------------------------------------


async def add_customer(
    db: AsyncConnection, keys: TenantKeys, customer: Customer, marks: Marks, *, now: datetime
) -> bool:
    """Add a customer, with a key of their own; false if one who is recognised alike is there."""
    tenant = keys.tenant
    cipher, key = new_subject_key(keys, customer.id, now=now)
    identity = Identity(name=customer.name, email=customer.email, phone=customer.phone)
    added = await db.execute(
        dialect_of(db)
        .insert(customers)
        .values(
            tenant_id=tenant,
            id=customer.id,
            identity=seal_identity(cipher, customer.id, identity),
            language=customer.language,
            formality=customer.formality,
            created_at=customer.created_at,
            **_newest(marks),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "email_key", "surname_key"])
    )
    if added.rowcount:
        await db.execute(insert(subject_keys).values(**key))
    return bool(added.rowcount)


async def customer_by_marks(db: AsyncConnection, tenant: Id, marks: Marks) -> Customer | None:
    """Return the customer who is recognised by their e-mail address and surname."""
    query = select(customers).where(
        customers.c.tenant_id == tenant,
        customers.c.email_key.in_(marks.email),
        customers.c.surname_key.in_(marks.surname),
    )
    found = await _customers(db, tenant, query.order_by(customers.c.id).limit(1))
    return found[0] if found else None


async def complete_customer(
    db: AsyncConnection, tenant: Id, customer: Customer, marks: Marks, *, now: datetime
) -> None:
    """Store what has become known of a customer."""
    cipher = await cipher_of(db, tenant, customer.id, now=now)
    identity = Identity(name=customer.name, email=customer.email, phone=customer.phone)
    await db.execute(
        update(customers)
        .where(customers.c.tenant_id == tenant, customers.c.id == customer.id)
        .values(
            identity=seal_identity(cipher, customer.id, identity),
            language=customer.language,
            formality=customer.formality,
            **_newest(marks),
        )
    )


async def change_marks(db: AsyncConnection, tenant: Id, customer: Id, marks: Marks) -> None:
    """Store anew what a customer is recognised by."""
    await db.execute(
        update(customers)
        .where(customers.c.tenant_id == tenant, customers.c.id == customer)
        .values(**_newest(marks))
    )


def _newest(marks: Marks) -> dict[str, Any]:
    return {
        "email_key": marks.email[-1],
        "surname_key": marks.surname[-1],
        "phone_key": marks.phone[-1] if marks.phone else None,
        "marked_with": marks.version,
    }


async def customers_marked_before(
    db: AsyncConnection, tenant: Id, version: int, *, limit: int
) -> list[Customer]:
    """Return customers who are recognised by marks made with an older key."""
    query = select(customers).where(
        customers.c.tenant_id == tenant,
        customers.c.marked_with < version,
        customers.c.identity.is_not(None),
    )
    return await _customers(db, tenant, query.order_by(customers.c.id).limit(limit))


async def customer_by_id(db: AsyncConnection, tenant: Id, customer: Id) -> Customer | None:
    """Return one customer."""
    query = select(customers).where(customers.c.tenant_id == tenant, customers.c.id == customer)
    found = await _customers(db, tenant, query)
    return found[0] if found else None


async def lock_customer(db: AsyncConnection, tenant: Id, customer: Id) -> bool:
    """Keep others from adding to a customer's ledgers until this transaction ends."""
    row = await db.execute(
        select(customers.c.id)
        .where(customers.c.tenant_id == tenant, customers.c.id == customer)
        .with_for_update()
    )
    return row.first() is not None


async def customers_after(
    db: AsyncConnection, tenant: Id, after: Id | None, *, limit: int
) -> list[Customer]:
    """Return customers in the order in which they came."""
    query = select(customers).where(
        customers.c.tenant_id == tenant, customers.c.identity.is_not(None)
    )
    if after is not None:
        query = query.where(customers.c.id > after)
    return await _customers(db, tenant, query.order_by(customers.c.id).limit(limit))


async def _customers(
    db: AsyncConnection, tenant: Id, query: Select[*tuple[Any, ...]]
) -> list[Customer]:
    """Return those of the customers found who can be read: nobody who has been erased."""
    rows = await db.execute(with_keys(query, tenant, customers.c.id))
    keys = Unlocking(keyring_of(db), tenant)
    return [
        Customer(
            id=row.id,
            name=identity.name,
            email=identity.email,
            phone=identity.phone,
            language=row.language,
            formality=row.formality,
            created_at=row.created_at,
        )
        for row in rows
        if (cipher := keys.cipher(row)) is not None and row.identity is not None
        for identity in [open_identity(cipher, row.id, row.identity)]
    ]


# --- forms ---------------------------------------------------------------------------------------


async def latest_version(db: AsyncConnection, tenant: Id, slug: str) -> int:
    """Return the highest version of a form, or 0."""
    version = await db.scalar(
        select(func.max(forms.c.version)).where(forms.c.tenant_id == tenant, forms.c.slug == slug)
    )
    return version or 0


async def retire_versions(db: AsyncConnection, tenant: Id, slug: str) -> None:
    """Mark every version of a form as one that new intakes no longer get."""
    await db.execute(
        update(forms)
        .where(forms.c.tenant_id == tenant, forms.c.slug == slug)
        .values(status="retired")
    )


async def add_form(db: AsyncConnection, tenant: Id, form: Form, *, by: str) -> bool:
    """Add a version of a form; false means that somebody else has just added that version."""
    result = await db.execute(
        dialect_of(db)
        .insert(forms)
        .values(
            tenant_id=tenant,
            id=form.id,
            slug=form.slug,
            version=form.version,
            status=form.status,
            definition=form.definition,
            published_at=form.published_at,
            published_by=by,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "slug", "version"])
    )
    return bool(result.rowcount)


async def published_form(db: AsyncConnection, tenant: Id, slug: str) -> Form | None:
    """Return the version of a form that new intakes get."""
    return await _one(
        db,
        select(forms).where(
            forms.c.tenant_id == tenant, forms.c.slug == slug, forms.c.status == "published"
        ),
        Form,
    )


async def published_forms(db: AsyncConnection, tenant: Id) -> list[Form]:
    """Return the current version of every form."""
    return await _all(
        db,
        select(forms)
        .where(forms.c.tenant_id == tenant, forms.c.status == "published")
        .order_by(forms.c.slug),
        Form,
    )


async def form_by_id(db: AsyncConnection, tenant: Id, form: Id) -> Form | None:
    """Return one version of a form."""
    return await _one(
        db, select(forms).where(forms.c.tenant_id == tenant, forms.c.id == form), Form
    )


# --- intakes -------------------------------------------------------------------------------------


async def add_intake(db: AsyncConnection, tenant: Id, intake: Intake) -> None:
    """Open an intake, unless the meeting has one."""
    await db.execute(
        dialect_of(db)
        .insert(intakes)
        .values(
            tenant_id=tenant,
            booking_id=intake.booking_id,
            customer_id=intake.customer_id,
            form_id=intake.form_id,
            opened_at=intake.opened_at,
            saved_at=None,
            submitted_at=None,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "booking_id"])
    )


async def intake_of(db: AsyncConnection, tenant: Id, booking: Id) -> Intake | None:
    """Return the intake of a meeting."""
    return await _one(
        db,
        select(intakes).where(intakes.c.tenant_id == tenant, intakes.c.booking_id == booking),
        Intake,
    )


async def mark_saved(
    db: AsyncConnection,
    tenant: Id,
    booking: Id,
    *,
    saved_at: datetime,
    submitted_at: datetime | None,
) -> None:
    """Note when an intake was saved, and when it was handed in."""
    await db.execute(
        update(intakes)
        .where(intakes.c.tenant_id == tenant, intakes.c.booking_id == booking)
        .values(saved_at=saved_at, submitted_at=submitted_at)
    )


# --- facts ---------------------------------------------------------------------------------------


async def facts_of(db: AsyncConnection, tenant: Id, customer: Id) -> list[Fact]:
    """Return everything ever said about a customer, in order."""
    query = (
        select(facts)
        .where(facts.c.tenant_id == tenant, facts.c.customer_id == customer)
        .order_by(facts.c.position)
    )
    return [fact for _, fact in await _facts(db, tenant, query)]


async def add_facts(
    db: AsyncConnection, tenant: Id, customer: Id, new: Sequence[Fact], *, now: datetime
) -> None:
    """Add to what was said about a customer."""
    cipher = await cipher_of(db, tenant, customer, now=now)
    await db.execute(
        insert(facts),
        [
            {
                "tenant_id": tenant,
                "customer_id": customer,
                **said,
                "sealed": seal_value(cipher, fact.id, said.pop("value")),
            }
            for fact in new
            for said in [structs.asdict(fact)]
        ],
    )


async def _facts(
    db: AsyncConnection, tenant: Id, query: Select[*tuple[Any, ...]]
) -> list[tuple[Id, Fact]]:
    """Return facts with the customers they are about; none about somebody who was erased."""
    rows = await db.execute(with_keys(query, tenant, facts.c.customer_id))
    keys = Unlocking(keyring_of(db), tenant)
    found = []
    for row in rows:
        cipher = keys.cipher(row)
        if cipher is not None:
            value = open_value(cipher, row.id, row.sealed)
            said = {**row._mapping, "value": value}  # noqa: SLF001  # public, oddly named
            found.append((row.customer_id, msgspec.convert(said, Fact)))
    return found


async def facts_of_consenting(
    db: AsyncConnection, tenant: Id, purpose: str, *, paths: Sequence[str]
) -> list[tuple[Id, Fact]]:
    """Return what was said at *paths* about every customer who agrees to *purpose*, in order."""
    latest = (
        select(consents.c.customer_id, func.max(consents.c.position).label("position"))
        .where(consents.c.tenant_id == tenant, consents.c.purpose == purpose)
        .group_by(consents.c.customer_id)
        .subquery()
    )
    agreeing = (
        select(consents.c.customer_id)
        .join(
            latest,
            (latest.c.customer_id == consents.c.customer_id)
            & (latest.c.position == consents.c.position),
        )
        .where(
            consents.c.tenant_id == tenant,
            consents.c.purpose == purpose,
            consents.c.given.is_(True),
        )
    )
    return await _facts(
        db,
        tenant,
        select(facts)
        .where(
            facts.c.tenant_id == tenant,
            facts.c.path.in_(paths),
            facts.c.customer_id.in_(agreeing),
        )
        .order_by(facts.c.customer_id, facts.c.position),
    )


# --- consents ------------------------------------------------------------------------------------


async def consents_of(db: AsyncConnection, tenant: Id, customer: Id) -> list[Consent]:
    """Return the consent ledger of a customer, in order."""
    return await _all(
        db,
        select(consents)
        .where(consents.c.tenant_id == tenant, consents.c.customer_id == customer)
        .order_by(consents.c.purpose, consents.c.position),
        Consent,
    )


async def add_consent(
    db: AsyncConnection, tenant: Id, customer: Id, consent: Consent, *, position: int
) -> None:
    """Add a row to the consent ledger."""
    await db.execute(
        insert(consents).values(
            tenant_id=tenant,
            customer_id=customer,
            id=consent.id,
            position=position,
            purpose=consent.purpose,
            given=consent.given,
            text=consent.text,
            text_hash=consent.text_hash,
            language=consent.language,
            version=consent.version,
            at=consent.at,
            channel=consent.channel,
        )
    )


# --- what advisors saw ---------------------------------------------------------------------------


async def looks(
    db: AsyncConnection, tenant: Id, *, booking: Id, customer: Id, advisor: Id
) -> Looks | None:
    """Return when an advisor looked at a brief, or none if they never did."""
    columns = brief_views.c
    row = (
        await db.execute(
            select(
                columns.opened_at, columns.position, columns.before_at, columns.before_position
            ).where(
                columns.tenant_id == tenant,
                columns.booking_id == booking,
                columns.customer_id == customer,
                columns.advisor_id == advisor,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    before = None
    if row.before_at is not None and row.before_position is not None:
        before = Seen(opened_at=row.before_at, position=row.before_position)
    return Looks(last=Seen(opened_at=row.opened_at, position=row.position), before=before)


async def mark_seen(
    db: AsyncConnection, tenant: Id, *, booking: Id, customer: Id, advisor: Id, looks: Looks
) -> None:
    """Note what an advisor has now seen of a brief."""
    before = looks.before
    values = {
        "opened_at": looks.last.opened_at,
        "position": looks.last.position,
        "before_at": before.opened_at if before else None,
        "before_position": before.position if before else None,
    }
    new = (
        dialect_of(db)
        .insert(brief_views)
        .values(
            tenant_id=tenant, booking_id=booking, customer_id=customer, advisor_id=advisor, **values
        )
    )
    await db.execute(
        new.on_conflict_do_update(
            index_elements=["tenant_id", "booking_id", "customer_id", "advisor_id"], set_=values
        )
    )


async def last_position(db: AsyncConnection, tenant: Id, customer: Id) -> int:
    """Return the position of the newest fact about a customer, or 0."""
    position = await db.scalar(
        select(func.max(facts.c.position)).where(
            facts.c.tenant_id == tenant, facts.c.customer_id == customer
        )
    )
    return position or 0


# --- what they share -----------------------------------------------------------------------------


async def _one(db: AsyncConnection, query: Select[*tuple[Any, ...]], kind: type[T]) -> T | None:
    row = (await db.execute(query)).one_or_none()
    return None if row is None else convert_row(row, kind)


async def _all(db: AsyncConnection, query: Select[*tuple[Any, ...]], kind: type[T]) -> list[T]:
    return [convert_row(row, kind) for row in await db.execute(query)]
