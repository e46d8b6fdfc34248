"""The use cases of this room: customers, forms and their answers, facts, consents, the brief.

Whoever calls opens the transaction and commits it.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from context import answers as answering
from context import borrowing, consent, customers, forms, store, vocabulary
from context import facts as ledger
from context import intake as intakes
from context.errors import CustomerUnknown, FormRaced, FormUnknown, IntakeUnknown
from context.model import (
    Consent,
    ConsentView,
    Customer,
    CustomerInput,
    Exposure,
    Fact,
    FactInput,
    Form,
    FormDefinition,
    Intake,
    IntakeView,
    Preparation,
)
from kernel import audit, outbox, vault
from kernel.events import ConsentGiven, ConsentWithdrawn, IntakeChanged
from kernel.ids import Id, new_id, require
from kernel.people import Language
from kernel.tenancy import get_tenant
from kernel.vault import TenantKeys

# --- customers -----------------------------------------------------------------------------------


async def identify(
    db: AsyncConnection,
    tenant: Id,
    data: CustomerInput,
    *,
    now: datetime,
    pointer: str = "/customer",
) -> Customer:
    """Return the customer that this person is, and remember them if they are new.

    The same e-mail address with the same surname is the same customer. What was known of them
    stays as it was; only what was not known is filled in.

    Args:
        db: The transaction.
        tenant: The organisation.
        data: How the person introduces themselves.
        now: The present instant.
        pointer: Where *data* stands in what was sent, for errors.

    Raises:
        Invalid: A name, the e-mail address or the telephone number cannot be one.
    """
    customers.check(data, pointer=pointer)
    keys = await vault.tenant_keys_of(db, tenant, now=now)
    marks = customers.marks(keys, name=data.name, email=data.email, phone=data.phone)
    known = await store.customer_by_marks(db, tenant, marks)
    if known is not None:
        return await _complete(db, keys, known, data, now=now)
    new = Customer(
        id=new_id("cus", now),
        name=data.name,
        email=data.email,
        phone=data.phone,
        language=data.language,
        formality=data.formality,
        created_at=now,
    )
    if await store.add_customer(db, keys, new, marks, now=now):
        return new
    # Somebody else has added the same person at this moment; whoever stands there counts.
    customer = await store.customer_by_marks(db, tenant, marks)
    if customer is None:
        raise CustomerUnknown
    return customer


async def _complete(
    db: AsyncConnection,
    keys: TenantKeys,
    known: Customer,
    data: CustomerInput,
    *,
    now: datetime,
) -> Customer:
    """Fill in what was not known of a customer; what is known stays."""
    complete = replace(
        known,
        phone=known.phone or data.phone,
        language=known.language or data.language,
        formality=known.formality or data.formality,
    )
    if complete != known:
        marks = customers.marks(
            keys, name=complete.name, email=complete.email, phone=complete.phone
        )
        await store.complete_customer(db, keys.tenant, complete, marks, now=now)
    return complete


async def get_customer(db: AsyncConnection, tenant: Id, customer: Id) -> Customer:
    """Return the customer with this id.

    Raises:
        CustomerUnknown: There is none.
    """
    require("cus", customer, "customer")
    found = await store.customer_by_id(db, tenant, customer)
    if found is None:
        raise CustomerUnknown
    return found


async def list_customers(
    db: AsyncConnection, tenant: Id, *, after: Id | None = None, limit: int = 50
) -> list[Customer]:
    """Return customers in the order in which they came, from the one that follows *after*."""
    if after is not None:
        require("cus", after, "customer")
    return await store.customers_after(db, tenant, after, limit=limit)


async def mark_anew(db: AsyncConnection, tenant: Id, *, limit: int, now: datetime) -> int:
    """Let some customers be recognised by the newest key of their organisation for it.

    It may be interrupted, and begun again, at any moment.

    Returns:
        How many these were; 0 when none is left.
    """
    keys = await vault.tenant_keys_of(db, tenant, now=now)
    older = await store.customers_marked_before(db, tenant, max(keys.index), limit=limit)
    for customer in older:
        marks = customers.marks(
            keys, name=customer.name, email=customer.email, phone=customer.phone
        )
        await store.change_marks(db, tenant, customer.id, marks)
    return len(older)


# --- forms ---------------------------------------------------------------------------------------


async def publish_form(
    db: AsyncConnection, tenant: Id, definition: FormDefinition, *, now: datetime, by: str
) -> Form:
    """Publish a form as its next version; intakes that are open stay on theirs.

    Raises:
        FormRefused: The form could not be asked, or asks without a purpose.
        FormRaced: Somebody else published the same form at this moment.
    """
    forms.check(definition)
    form = Form(
        id=new_id("frm", now),
        slug=definition.slug,
        version=await store.latest_version(db, tenant, definition.slug) + 1,
        status="published",
        definition=definition,
        published_at=now,
    )
    await store.retire_versions(db, tenant, definition.slug)
    if not await store.add_form(db, tenant, form, by=by):
        raise FormRaced(definition.slug)
    return form


async def current_form(db: AsyncConnection, tenant: Id, slug: str) -> Form:
    """Return the version of a form that new intakes get.

    Raises:
        FormUnknown: No form with this slug was ever published.
    """
    form = await store.published_form(db, tenant, slug) if forms.is_slug(slug) else None
    if form is None:
        raise FormUnknown(slug)
    return form


async def list_forms(db: AsyncConnection, tenant: Id) -> list[Form]:
    """Return the current version of every form."""
    return await store.published_forms(db, tenant)


# --- intake --------------------------------------------------------------------------------------


async def open_intake(
    db: AsyncConnection, tenant: Id, *, booking: Id, customer: Id, form: str, now: datetime
) -> None:
    """Open the form for a meeting, pinned to the form's current version.

    A meeting that has an intake keeps it.

    Raises:
        FormUnknown: No form with this slug was ever published.
        CustomerUnknown: There is no such customer.
    """
    await get_customer(db, tenant, customer)
    pinned = await current_form(db, tenant, form)
    await store.add_intake(
        db,
        tenant,
        Intake(
            booking_id=booking,
            customer_id=customer,
            form_id=pinned.id,
            opened_at=now,
            saved_at=None,
            submitted_at=None,
        ),
    )


async def get_intake(
    db: AsyncConnection,
    tenant: Id,
    booking: Id,
    *,
    language: Language,
    now: datetime,
    verified: bool = False,
) -> IntakeView:
    """Return how far a customer is with the form of a meeting.

    Args:
        db: The transaction.
        tenant: The organisation.
        booking: The meeting.
        language: The reader's.
        now: The present instant.
        verified: Whether the reader has shown that the customer's mail is theirs. Then what they
            told for other meetings is filled in: nobody is asked twice. Anybody can book under
            somebody else's address, and must not be shown what that person once said.

    Raises:
        IntakeUnknown: This meeting asks nothing beforehand.
    """
    intake, form = await _pinned(db, tenant, booking)
    said = await _told(db, tenant, intake, verified=verified)
    asked = forms.ask(form.definition, intakes.answers_in(form.definition, said))
    return intakes.view(intake, form, asked, language)


async def save_answers(
    db: AsyncConnection,
    tenant: Id,
    booking: Id,
    answers: Mapping[str, Any],
    *,
    submit: bool,
    language: Language,
    now: datetime,
    channel: str = "web",
    verified: bool = False,
) -> IntakeView:
    """Keep what a customer answered so far, or hand the form in; *verified* as in `get_intake`.

    Every answer becomes a fact; saying the same again adds none. Answers that are sent replace
    stored ones field by field, none takes one back. What was answered for this meeting to a
    question that no longer shows is taken back as well.

    Raises:
        IntakeUnknown: This meeting asks nothing beforehand.
        AnswersRefused: An answer does not fit, or *submit* while required ones are missing;
            nothing was kept.
    """
    intake, form = await _pinned(db, tenant, booking)
    given = forms.parse_answers(form.definition, answers, language)
    await _lock(db, tenant, intake.customer_id)
    said = await _told(db, tenant, intake, verified=verified)
    stored = intakes.answers_in(form.definition, said)
    asked = forms.ask(form.definition, intakes.merged(stored, given))
    if submit:
        forms.require_complete(asked, language)
    news = intakes.news(intake, form, said, given, asked, channel=channel, now=now)
    everything = await store.facts_of(db, tenant, intake.customer_id)
    await _add_facts(db, tenant, intake.customer_id, everything, news, now=now)
    handed_in = submit and (intake.submitted_at is None or bool(news))
    submitted_at = now if handed_in else intake.submitted_at
    await store.mark_saved(db, tenant, booking, saved_at=now, submitted_at=submitted_at)
    if news or handed_in:
        event = IntakeChanged(booking=booking, customer=intake.customer_id)
        await outbox.record(db, tenant, event, now=now)
    saved = replace(intake, saved_at=now, submitted_at=submitted_at)
    return intakes.view(saved, form, asked, language)


async def form_of(db: AsyncConnection, tenant: Id, booking: Id) -> FormDefinition:
    """Return the form that a meeting's intake is pinned to.

    Raises:
        IntakeUnknown: This meeting asks nothing beforehand.
    """
    _, form = await _pinned(db, tenant, booking)
    return form.definition


async def _told(db: AsyncConnection, tenant: Id, intake: Intake, *, verified: bool) -> list[Fact]:
    """Return what the reader of this intake may know that the customer said."""
    said = await store.facts_of(db, tenant, intake.customer_id)
    return said if verified else [fact for fact in said if fact.booking == intake.booking_id]


async def _pinned(db: AsyncConnection, tenant: Id, booking: Id) -> tuple[Intake, Form]:
    require("bkg", booking, "booking")
    intake = await store.intake_of(db, tenant, booking)
    form = None if intake is None else await store.form_by_id(db, tenant, intake.form_id)
    if intake is None or form is None:
        raise IntakeUnknown
    return intake, form


# --- facts ---------------------------------------------------------------------------------------


async def facts_of(db: AsyncConnection, tenant: Id, customer: Id) -> list[Fact]:
    """Return what is known about a customer: the standing fact at each path, by path."""
    require("cus", customer, "customer")
    known = ledger.known(await store.facts_of(db, tenant, customer))
    return [known[path] for path in sorted(known)]


async def history_of(db: AsyncConnection, tenant: Id, customer: Id) -> list[Fact]:
    """Return everything that was ever said about a customer, in order."""
    require("cus", customer, "customer")
    return await store.facts_of(db, tenant, customer)


async def record_fact(
    db: AsyncConnection, tenant: Id, customer: Id, fact: FactInput, *, now: datetime
) -> Fact:
    """Remember something said about a customer, by whomever and wherever.

    Raises:
        CustomerUnknown: There is no such customer.
        Invalid: The value holds what may not be kept.
    """
    answering.check_fact(fact)
    await _lock(db, tenant, customer)
    said = await store.facts_of(db, tenant, customer)
    added = await _add_facts(db, tenant, customer, said, [fact], now=now)
    return added[0]


async def _add_facts(
    db: AsyncConnection,
    tenant: Id,
    customer: Id,
    said: list[Fact],
    news: list[FactInput],
    *,
    now: datetime,
) -> list[Fact]:
    """Add *news* to what was *said*; the customer's ledgers are locked by the caller."""
    added = ledger.append(said, news, now=now)
    if added:
        await store.add_facts(db, tenant, customer, added, now=now)
    return added


async def _lock(db: AsyncConnection, tenant: Id, customer: Id) -> None:
    require("cus", customer, "customer")
    if not await store.lock_customer(db, tenant, customer):
        raise CustomerUnknown


# --- consents ------------------------------------------------------------------------------------


async def consents(
    db: AsyncConnection, tenant: Id, customer: Id, *, language: Language
) -> list[ConsentView]:
    """Return every purpose, and whether this customer agrees to it; nobody does by default."""
    await get_customer(db, tenant, customer)
    return consent.standing(await store.consents_of(db, tenant, customer), language)


async def consent_history(db: AsyncConnection, tenant: Id, customer: Id) -> list[Consent]:
    """Return all that a customer ever agreed to or withdrew, in order."""
    require("cus", customer, "customer")
    return await store.consents_of(db, tenant, customer)


async def set_consent(
    db: AsyncConnection,
    tenant: Id,
    customer: Id,
    purpose: str,
    *,
    given: bool,
    language: Language,
    channel: str,
    now: datetime,
) -> None:
    """Record that a customer agrees to a purpose, or no longer does.

    The ledger keeps the exact words they were shown. Saying what stands already adds nothing.

    Raises:
        PurposeUnknown: Nobody is asked for consent to this.
        CustomerUnknown: There is no such customer.
    """
    words = consent.wording(purpose)
    await _lock(db, tenant, customer)
    rows = [row for row in await store.consents_of(db, tenant, customer) if row.purpose == purpose]
    if given == (bool(rows) and rows[-1].given):
        return
    text = words.texts[language]
    row = Consent(
        id=new_id("cst", now),
        purpose=purpose,
        given=given,
        text=text,
        text_hash=consent.text_hash(text),
        language=language,
        version=words.version,
        at=now,
        channel=channel,
    )
    await store.add_consent(db, tenant, customer, row, position=len(rows) + 1)
    happened = ConsentGiven if given else ConsentWithdrawn
    await outbox.record(db, tenant, happened(customer=customer, purpose=purpose), now=now)


async def consented(db: AsyncConnection, tenant: Id, customer: Id, purpose: str) -> Consent | None:
    """Return the consent that stands for a purpose, or none."""
    require("cus", customer, "customer")
    rows = [row for row in await store.consents_of(db, tenant, customer) if row.purpose == purpose]
    return rows[-1] if rows and rows[-1].given else None


async def exposures(
    db: AsyncConnection, tenant: Id, *, product: str, fixed_years: int
) -> list[Exposure]:
    """Return the customers who asked to be told of rates, and whose own figures this rate touches.

    Args:
        db: The transaction.
        tenant: The organisation.
        product: The product of the rate card, such as ``mortgage-annuity``.
        fixed_years: For how many years the rate is fixed.
    """
    rows = await store.facts_of_consenting(
        db, tenant, consent.RATE_NOTICES, paths=vocabulary.BORROWING
    )
    touched = (
        borrowing.exposure(
            customer,
            ledger.known(fact for _, fact in said),
            product=product,
            fixed_years=fixed_years,
        )
        for customer, said in groupby(rows, key=itemgetter(0))
    )
    return [exposure for exposure in touched if exposure is not None]


# --- the brief -----------------------------------------------------------------------------------


async def prepare(
    db: AsyncConnection,
    tenant: Id,
    *,
    booking: Id,
    customer: Id,
    advisor: Id,
    language: Language,
    now: datetime,
) -> Preparation:
    """Return what the brief needs from this room; `context.brief.compose` writes it.

    Raises:
        CustomerUnknown: There is no such customer.
    """
    person = await get_customer(db, tenant, customer)
    settings = (await get_tenant(db, tenant)).settings
    intake = await store.intake_of(db, tenant, booking)
    said = await store.facts_of(db, tenant, customer)
    latest = {row.purpose: row for row in await store.consents_of(db, tenant, customer)}
    return Preparation(
        customer=person,
        spoken=person.language or settings.language,
        formality=person.formality or settings.formality,
        form=None if intake is None else await store.form_by_id(db, tenant, intake.form_id),
        saved_at=intake.saved_at if intake else None,
        submitted_at=intake.submitted_at if intake else None,
        facts=said,
        consents=list(latest.values()),
        seen=ledger.news_since(
            await store.looks(db, tenant, booking=booking, customer=customer, advisor=advisor), now
        ),
        position=said[-1].position if said else 0,
    )


async def opened(
    db: AsyncConnection,
    tenant: Id,
    *,
    booking: Id,
    customer: Id,
    advisor: Id,
    now: datetime,
    position: int | None = None,
) -> None:
    """Remember that an advisor has seen the brief; what is said from here on is news to them.

    Opening it again within half an hour is the same look, so that a reload does not hide what
    changed.

    Args:
        db: The transaction.
        tenant: The organisation.
        booking: The meeting.
        customer: Whom the brief is about.
        advisor: Who saw it.
        now: When.
        position: The last fact in what they saw, `Header.position`; without it, everything
            said up to this moment counts as seen.
    """
    if position is None:
        position = await store.last_position(db, tenant, customer)
    reader = {"booking": booking, "customer": customer, "advisor": advisor}
    before = await store.looks(db, tenant, **reader)
    await store.mark_seen(db, tenant, looks=ledger.looked(before, position, now), **reader)
    await audit.note(db, tenant, actor=advisor, action="brief.opened", subject=booking, now=now)
