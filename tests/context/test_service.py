"""The use cases of this room, on both databases."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from context import service, store
from context.errors import (
    AnswersRefused,
    CustomerUnknown,
    FormUnknown,
    IntakeUnknown,
    PurposeUnknown,
)
from context.facts import ONE_LOOK
from context.kits import load
from context.model import Customer, FactInput, IntakeView
from context.tables import customers, facts
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.errors import Invalid, NotFound
from kernel.ids import Id, new_id
from kernel.people import PersonName
from kernel.tables import audit_entries, events
from kernel.tenancy import TenantSettings, create_tenant
from tests.context.builders import choice, form, longtext, money, person, yesno

SMALL = form(
    choice("goal", "buy", "move", required=True),
    longtext("words"),
    money("debt", show={"eq": [{"f": "goal"}, "move"]}, required=True),
    slug="small",
)

REMORTGAGE: dict[str, Any] = {
    "goal": "remortgage",
    "income.kind": "permanent",
    "income.gross_year": "64000",
    "partner": False,
    "property.value": "400000",
    "loan.remaining": "200000",
    "loan.rate": "4.10",
    "loan.months_left": 240,
    "loan.repayment": "annuity",
    "wish.fixed_years": "10",
}


class Desk:
    """The use cases with one tenant, one customer and one meeting at hand."""

    def __init__(self, database: Database, tenant: Id, clock: FixedClock) -> None:
        self.database = database
        self.tenant = tenant
        self.clock = clock
        self.booking = new_id("bkg", clock.now())
        self.advisor = new_id("adv", clock.now())

    async def identify(self, **changes: Any) -> Customer:
        """Introduce Anna."""
        async with self.database.transaction(self.tenant) as db:
            return await service.identify(db, self.tenant, person(**changes), now=self.clock.now())

    async def open(self, customer: Id, *, kit: bool = False, booking: Id | None = None) -> None:
        """Publish a form and open it for the meeting."""
        definition = load("mortgage") if kit else SMALL
        async with self.database.transaction(self.tenant) as db:
            await service.publish_form(
                db, self.tenant, definition, now=self.clock.now(), by="operator"
            )
            await service.open_intake(
                db,
                self.tenant,
                booking=booking or self.booking,
                customer=customer,
                form=definition.slug,
                now=self.clock.now(),
            )

    async def save(
        self, answers: dict[str, Any], *, submit: bool = False, booking: Id | None = None
    ) -> IntakeView:
        """Save answers a minute later."""
        self.clock.advance(timedelta(minutes=1))
        async with self.database.transaction(self.tenant) as db:
            return await service.save_answers(
                db,
                self.tenant,
                booking or self.booking,
                answers,
                submit=submit,
                language="nl",
                now=self.clock.now(),
                verified=True,
            )

    async def intake(self, booking: Id | None = None) -> IntakeView:
        """Read the intake."""
        async with self.database.reading(self.tenant) as db:
            return await service.get_intake(
                db,
                self.tenant,
                booking or self.booking,
                language="nl",
                now=self.clock.now(),
                verified=True,
            )

    async def said(self, customer: Id) -> list[tuple[str, Any]]:
        """Everything in the ledger, as path and value."""
        async with self.database.reading(self.tenant) as db:
            return [
                (each.path, each.value) for each in await store.facts_of(db, self.tenant, customer)
            ]

    async def known(self, customer: Id) -> dict[str, Any]:
        """What stands, by path."""
        async with self.database.reading(self.tenant) as db:
            found = await service.facts_of(db, self.tenant, customer)
        return {each.path: each.value for each in found}

    async def agree(self, customer: Id, *, given: bool = True) -> None:
        """Give or withdraw consent to rate notices."""
        self.clock.advance(timedelta(minutes=1))
        async with self.database.transaction(self.tenant) as db:
            await service.set_consent(
                db,
                self.tenant,
                customer,
                "rate-notices",
                given=given,
                language="nl",
                channel="web",
                now=self.clock.now(),
            )

    async def events(self) -> list[str]:
        """The kinds of events recorded, in order."""
        async with self.database.reading() as db:
            return list(await db.scalars(select(events.c.kind).order_by(events.c.id)))


@pytest.fixture
def desk(database: Database, tenant: Id, clock: FixedClock) -> Desk:
    """The use cases on an empty database."""
    return Desk(database, tenant, clock)


# --- customers -----------------------------------------------------------------------------------


async def test_the_same_person_is_recognised(desk: Desk) -> None:
    """Another case in the address and the prefix in another box make no new customer."""
    first = await desk.identify()
    again = await desk.identify(
        email="ANNA@Example.org",
        name=PersonName(given="A.", surname="de  Vries"),
        phone="030-1234567",
    )

    assert again.id == first.id
    assert again.name == first.name
    assert (first.phone, again.phone) == (None, "030-1234567")


async def test_what_is_known_is_not_overwritten(desk: Desk) -> None:
    """Whoever books with a known address cannot change the person behind it."""
    await desk.identify(language="nl", phone="030-1234567")
    again = await desk.identify(language="en", phone="020-7654321", formality="informal")

    assert (again.language, again.phone, again.formality) == ("nl", "030-1234567", "informal")


async def test_a_family_that_shares_an_address_stays_apart(desk: Desk) -> None:
    """Another surname is another customer."""
    anna = await desk.identify()
    bram = await desk.identify(name=PersonName(given="Bram", surname="Bakker"))

    assert anna.id != bram.id
    async with desk.database.reading(desk.tenant) as db:
        listed = await service.list_customers(db, desk.tenant)
        after = await service.list_customers(db, desk.tenant, after=listed[0].id)
    assert {each.id for each in listed} == {anna.id, bram.id}
    assert after == listed[1:]


async def test_two_bookings_at_once_make_one_customer(desk: Desk) -> None:
    """A race between two introductions of the same person ends with one row."""
    found = await asyncio.gather(*(desk.identify() for _ in range(5)))

    assert len({each.id for each in found}) == 1
    async with desk.database.reading(desk.tenant) as db:
        assert await db.scalar(select(func.count()).select_from(customers)) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"email": "anna"}, "/customer/email"),
        ({"email": "anna@example"}, "/customer/email"),
        ({"phone": "call me"}, "/customer/phone"),
        ({"name": PersonName(surname=" ")}, "/customer/name/surname"),
        ({"name": PersonName(given="A\nBcc: x", surname="Vries")}, "/customer/name/given"),
    ],
)
async def test_a_wrong_introduction_is_refused(
    desk: Desk, changes: dict[str, Any], pointer: str
) -> None:
    """Nothing is stored of a person who cannot be written to."""
    with pytest.raises(Invalid) as caught:
        await desk.identify(**changes)

    assert [error.pointer for error in caught.value.errors] == [pointer]


async def test_an_unknown_customer_is_not_found(desk: Desk) -> None:
    """An id that is none, and an id without anybody behind it."""
    async with desk.database.reading(desk.tenant) as db:
        with pytest.raises(NotFound):
            await service.get_customer(db, desk.tenant, "somebody")
        with pytest.raises(CustomerUnknown):
            await service.get_customer(db, desk.tenant, new_id("cus", desk.clock.now()))


# --- forms ---------------------------------------------------------------------------------------


async def test_publishing_makes_the_next_version(desk: Desk) -> None:
    """Version two is current, version one retired, and an open intake stays on version one."""
    anna = await desk.identify()
    await desk.open(anna.id)
    changed = form(choice("goal", "buy"), yesno("extra", required=True), slug="small")
    async with desk.database.transaction(desk.tenant) as db:
        second = await service.publish_form(
            db, desk.tenant, changed, now=desk.clock.now(), by="operator"
        )
        current = await service.current_form(db, desk.tenant, "small")
        listed = await service.list_forms(db, desk.tenant)

    assert (second.version, current.id, [each.id for each in listed]) == (2, second.id, [second.id])
    assert second.reference == "small@2"
    assert (await desk.intake()).form.version == 1


async def test_an_unknown_form_is_not_found(desk: Desk) -> None:
    """A slug that was never published, and text that cannot be a slug."""
    anna = await desk.identify()
    async with desk.database.transaction(desk.tenant) as db:
        for slug in ("none", "No Such\x00"):
            with pytest.raises(FormUnknown):
                await service.current_form(db, desk.tenant, slug)
        with pytest.raises(FormUnknown):
            await service.open_intake(
                db,
                desk.tenant,
                booking=desk.booking,
                customer=anna.id,
                form="none",
                now=desk.clock.now(),
            )


# --- intake --------------------------------------------------------------------------------------


async def test_answers_are_kept_as_they_come(desk: Desk) -> None:
    """A customer answers a little, comes back, answers more, and hands the form in."""
    anna = await desk.identify()
    await desk.open(anna.id)
    fresh = await desk.intake()
    await desk.save({"goal": "move"})
    later = await desk.intake()
    done = await desk.save({"debt": "180000", "words": "Groter wonen"}, submit=True)

    assert (fresh.answers, fresh.missing, fresh.saved_at) == ({}, ["goal"], None)
    assert (later.answers, later.missing) == ({"goal": "move"}, ["debt"])
    assert later.saved_at is not None
    assert done.answers == {"goal": "move", "debt": "180000.00", "words": "Groter wonen"}
    assert (done.missing, done.submitted_at) == ([], desk.clock.now())
    assert await desk.intake() == done
    assert await desk.events() == ["intake.changed", "intake.changed"]


async def test_every_answer_is_a_fact_with_its_source(desk: Desk) -> None:
    """Who said it, where, when, for which meeting, and to which version of which form."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "move", "debt": "180000"})

    async with desk.database.reading(desk.tenant) as db:
        goal, debt = await store.facts_of(db, desk.tenant, anna.id)
    assert (debt.path, debt.value, debt.unit) == ("debt", "180000.00", "EUR")
    assert (debt.source, debt.channel, debt.actor) == ("customer", "web", "customer")
    assert (debt.form, debt.booking, debt.said_at) == ("small@1", desk.booking, desk.clock.now())
    assert (goal.position, debt.position, debt.supersedes) == (1, 2, None)


async def test_saying_the_same_again_adds_nothing(desk: Desk) -> None:
    """An equal answer, however it is written, makes no new fact and no event."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "move", "debt": "180000"})
    before = await desk.said(anna.id)
    await desk.save({"goal": "move", "debt": "180000.0"})

    assert await desk.said(anna.id) == before
    assert await desk.events() == ["intake.changed"]


async def test_a_form_is_handed_in_once(desk: Desk) -> None:
    """Handing in again without a change keeps the time; with a change it moves."""
    anna = await desk.identify()
    await desk.open(anna.id)
    first = await desk.save({"goal": "buy"}, submit=True)
    second = await desk.save({"goal": "buy"}, submit=True)
    third = await desk.save({"words": "Toch anders"}, submit=True)

    assert second.submitted_at == first.submitted_at
    assert third.submitted_at == desk.clock.now()


async def test_null_takes_an_answer_back(desk: Desk) -> None:
    """The answer is gone from the form; the ledger says that it was taken back."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "buy", "words": "Iets"})
    view = await desk.save({"words": None})

    assert view.answers == {"goal": "buy"}
    assert await desk.said(anna.id) == [("goal", "buy"), ("words", "Iets"), ("words", None)]
    assert await desk.known(anna.id) == {"goal": "buy"}


async def test_an_answer_that_no_longer_shows_is_taken_back(desk: Desk) -> None:
    """Buying instead of moving: the debt that was told for moving does not linger."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "move", "debt": "180000"})
    view = await desk.save({"goal": "buy"})

    assert view.answers == {"goal": "buy"}
    assert await desk.known(anna.id) == {"goal": "buy"}


async def test_an_answer_to_a_hidden_question_is_not_kept(desk: Desk) -> None:
    """What is sent beside the rules is dropped."""
    anna = await desk.identify()
    await desk.open(anna.id)
    view = await desk.save({"goal": "buy", "debt": "180000"})

    assert view.answers == {"goal": "buy"}
    assert await desk.said(anna.id) == [("goal", "buy")]


async def test_nothing_is_kept_of_a_refused_save(desk: Desk) -> None:
    """One wrong answer, or a form handed in too early, and all stays as it was."""
    anna = await desk.identify()
    await desk.open(anna.id)

    with pytest.raises(AnswersRefused) as wrong:
        await desk.save({"goal": "buy", "words": "Mijn BSN is 111222333"})
    with pytest.raises(AnswersRefused) as early:
        await desk.save({"goal": "move"}, submit=True)

    assert [error.pointer for error in wrong.value.errors] == ["/answers/words"]
    assert [error.pointer for error in early.value.errors] == ["/answers/debt"]
    assert await desk.said(anna.id) == []
    assert (await desk.intake()).saved_at is None


async def test_nobody_is_asked_twice(desk: Desk) -> None:
    """What was told for one meeting is filled in for the next, and outlives hidden questions."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "move", "debt": "180000"})
    second = new_id("bkg", desk.clock.now())
    await desk.open(anna.id, booking=second)
    filled = await desk.intake(second)
    await desk.save({"goal": "buy"}, booking=second)

    assert filled.answers == {"goal": "move", "debt": "180000.00"}
    assert filled.saved_at is None
    assert await desk.known(anna.id) == {"goal": "buy", "debt": "180000.00"}


async def test_opening_again_keeps_the_intake(desk: Desk) -> None:
    """A retried opening changes nothing."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.open(anna.id)

    assert (await desk.intake()).form.version == 1


async def test_a_meeting_without_a_form_has_no_intake(desk: Desk) -> None:
    """There is nothing to fill in, and that is said."""
    with pytest.raises(IntakeUnknown):
        await desk.intake()
    with pytest.raises(NotFound):
        await desk.intake("nonsense")


async def test_two_saves_at_once_lose_nothing(desk: Desk) -> None:
    """Concurrent saves queue up, and each fact has a position of its own."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await asyncio.gather(
        desk.save({"goal": "buy"}), desk.save({"words": "Iets"}), desk.save({"words": "Anders"})
    )

    async with desk.database.reading(desk.tenant) as db:
        positions = [each.position for each in await store.facts_of(db, desk.tenant, anna.id)]
    assert positions == [1, 2, 3]


async def test_the_mortgage_kit_can_be_filled_in(desk: Desk) -> None:
    """From the packaged form to a handed-in intake, in Dutch."""
    anna = await desk.identify()
    await desk.open(anna.id, kit=True)
    done = await desk.save(REMORTGAGE, submit=True)

    assert done.missing == []
    assert done.form.title == "Voorbereiding van uw hypotheekgesprek"
    assert done.answers["loan.remaining"] == "200000.00"
    assert "wish.amount" not in [field.id for step in done.form.steps for field in step.fields]


# --- facts ---------------------------------------------------------------------------------------


async def test_a_fact_from_elsewhere_stands_when_it_is_newer(desk: Desk) -> None:
    """An advisor's correction counts; the customer's own answer stays in their form."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "move", "debt": "180000"})
    desk.clock.advance(timedelta(minutes=1))
    async with desk.database.transaction(desk.tenant) as db:
        noted = await service.record_fact(
            db,
            desk.tenant,
            anna.id,
            FactInput(
                path="debt",
                value="181000.00",
                unit="EUR",
                source="document",
                channel="branch",
                actor="advisor",
                said_at=desk.clock.now(),
            ),
            now=desk.clock.now(),
        )
        first = (await store.facts_of(db, desk.tenant, anna.id))[1]

    assert noted.supersedes == first.id
    assert (await desk.known(anna.id))["debt"] == "181000.00"
    assert (await desk.intake()).answers["debt"] == "180000.00"


async def test_a_fact_about_nobody_is_refused(desk: Desk) -> None:
    """Facts belong to a customer of this organisation."""
    noted = FactInput(
        path="goal", value="buy", source="crm", channel="crm", actor="crm", said_at=desk.clock.now()
    )
    async with desk.database.transaction(desk.tenant) as db:
        with pytest.raises(CustomerUnknown):
            await service.record_fact(
                db, desk.tenant, new_id("cus", desk.clock.now()), noted, now=desk.clock.now()
            )


# --- consents and exposures ----------------------------------------------------------------------


async def test_nobody_agrees_by_default(desk: Desk) -> None:
    """A purpose that was never asked shows as not given; declining it leaves no trace."""
    anna = await desk.identify()
    await desk.agree(anna.id, given=False)
    async with desk.database.reading(desk.tenant) as db:
        (view,) = await service.consents(db, desk.tenant, anna.id, language="nl")
        ledger = await store.consents_of(db, desk.tenant, anna.id)

    assert (view.purpose, view.given, view.since) == ("rate-notices", False, None)
    assert view.text.startswith("Ik wil een bericht krijgen")
    assert ledger == []


async def test_the_ledger_keeps_every_word(desk: Desk) -> None:
    """Given, withdrawn, given again: three rows with the exact text, and three events."""
    anna = await desk.identify()
    for given in (True, True, False, False, True):
        await desk.agree(anna.id, given=given)
    async with desk.database.reading(desk.tenant) as db:
        rows = await store.consents_of(db, desk.tenant, anna.id)
        standing = await service.consented(db, desk.tenant, anna.id, "rate-notices")
        (view,) = await service.consents(db, desk.tenant, anna.id, language="en")

    assert [row.given for row in rows] == [True, False, True]
    assert {(row.version, row.language, row.channel) for row in rows} == {(1, "nl", "web")}
    assert standing == rows[-1]
    assert (view.given, view.since) == (True, rows[-1].at)
    assert await desk.events() == ["consent.given", "consent.withdrawn", "consent.given"]


async def test_withdrawn_is_not_consented(desk: Desk) -> None:
    """From the moment of withdrawal nothing stands."""
    anna = await desk.identify()
    await desk.agree(anna.id)
    await desk.agree(anna.id, given=False)
    async with desk.database.reading(desk.tenant) as db:
        assert await service.consented(db, desk.tenant, anna.id, "rate-notices") is None


async def test_an_unknown_purpose_is_refused(desk: Desk) -> None:
    """Nobody can agree to something that has no text."""
    anna = await desk.identify()
    async with desk.database.transaction(desk.tenant) as db:
        with pytest.raises(PurposeUnknown):
            await service.set_consent(
                db,
                desk.tenant,
                anna.id,
                "marketing",
                given=True,
                language="nl",
                channel="web",
                now=desk.clock.now(),
            )


async def test_a_rate_touches_who_agreed_and_asked_for_it(desk: Desk) -> None:
    """Consent, the same fixed period and the same way to pay back; the figures are their own."""
    anna = await desk.identify()
    await desk.open(anna.id, kit=True)
    await desk.save(REMORTGAGE, submit=True)

    async def touched(product: str = "mortgage-annuity", years: int = 10) -> list[Any]:
        async with desk.database.reading(desk.tenant) as db:
            return await service.exposures(db, desk.tenant, product=product, fixed_years=years)

    assert await touched() == []
    await desk.agree(anna.id)
    (exposure,) = await touched()
    assert (exposure.customer, exposure.booking) == (anna.id, desk.booking)
    assert (exposure.principal, exposure.months) == (Decimal("200000.00"), 240)
    assert exposure.repayment == "annuity"
    assert await touched(years=20) == []
    assert await touched("mortgage-linear") == []
    assert await touched("savings") == []
    await desk.agree(anna.id, given=False)
    assert await touched() == []


async def test_a_buyer_is_touched_by_the_amount_wanted(desk: Desk) -> None:
    """No debt yet: the amount wanted counts, over the usual term where none was said."""
    anna = await desk.identify()
    await desk.open(anna.id, kit=True)
    await desk.agree(anna.id)
    await desk.save({"goal": "buy", "wish.amount": "300000", "wish.fixed_years": "20"})
    async with desk.database.reading(desk.tenant) as db:
        (exposure,) = await service.exposures(
            db, desk.tenant, product="mortgage-linear", fixed_years=20
        )

    assert (exposure.principal, exposure.months) == (Decimal("300000.00"), 360)
    assert exposure.repayment == "linear"


# --- the brief -----------------------------------------------------------------------------------


async def test_opening_a_brief_sets_what_an_advisor_has_seen(desk: Desk) -> None:
    """What is said meanwhile stays news, each advisor has their own mark, openings are recorded."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "move"})

    async def prepared(advisor: Id) -> Any:
        async with desk.database.reading(desk.tenant) as db:
            return await service.prepare(
                db,
                desk.tenant,
                booking=desk.booking,
                customer=anna.id,
                advisor=advisor,
                language="nl",
                now=desk.clock.now(),
            )

    shown = await prepared(desk.advisor)
    await desk.save({"debt": "180000"})
    async with desk.database.transaction(desk.tenant) as db:
        await service.opened(
            db,
            desk.tenant,
            booking=desk.booking,
            customer=anna.id,
            advisor=desk.advisor,
            now=desk.clock.now(),
            position=shown.position,
        )
    opened_at = desk.clock.now()
    again = await prepared(desk.advisor)
    other = await prepared(new_id("adv", desk.clock.now()))

    assert (shown.seen, shown.position, shown.form.slug) == (None, 1, "small")
    assert (shown.spoken, shown.formality, shown.saved_at is None) == ("nl", "formal", False)
    assert (again.seen.position, again.seen.opened_at, again.position) == (1, opened_at, 2)
    assert other.seen is None
    desk.clock.advance(ONE_LOOK)
    async with desk.database.transaction(desk.tenant) as db:
        await service.opened(
            db,
            desk.tenant,
            booking=desk.booking,
            customer=anna.id,
            advisor=desk.advisor,
            now=desk.clock.now(),
        )
    # A reload is the same look: what was news when it began still is, until the next one.
    assert (await prepared(desk.advisor)).seen.position == 1
    desk.clock.advance(ONE_LOOK)
    assert (await prepared(desk.advisor)).seen.position == 2
    async with desk.database.reading(desk.tenant) as db:
        entries = (await db.execute(select(audit_entries))).all()
    assert [(row.actor, row.action, row.subject) for row in entries] == [
        (desk.advisor, "brief.opened", desk.booking)
    ] * 2


# --- tenants -------------------------------------------------------------------------------------


async def test_nothing_is_seen_by_another_organisation(desk: Desk) -> None:
    """Customers, forms, intakes, facts, consents and exposures stay with their tenant."""
    anna = await desk.identify()
    await desk.open(anna.id, kit=True)
    await desk.save(REMORTGAGE, submit=True)
    await desk.agree(anna.id)
    async with desk.database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=desk.clock.now()
        )

    async with desk.database.transaction(other.id) as db:
        assert await service.list_customers(db, other.id) == []
        assert await service.list_forms(db, other.id) == []
        assert await service.facts_of(db, other.id, anna.id) == []
        assert await service.consented(db, other.id, anna.id, "rate-notices") is None
        assert (
            await service.exposures(db, other.id, product="mortgage-annuity", fixed_years=10) == []
        )
        with pytest.raises(CustomerUnknown):
            await service.get_customer(db, other.id, anna.id)
        with pytest.raises(IntakeUnknown):
            await service.get_intake(
                db, other.id, desk.booking, language="nl", now=desk.clock.now()
            )
        stranger = await service.identify(db, other.id, person(), now=desk.clock.now())
    assert stranger.id != anna.id


async def test_the_database_itself_keeps_tenants_apart(desk: Desk) -> None:
    """On PostgreSQL a statement that forgets the tenant sees nothing of another's."""
    anna = await desk.identify()
    await desk.open(anna.id)
    await desk.save({"goal": "buy"})
    if not desk.database.url.startswith("postgresql"):
        pytest.skip("row-level security is PostgreSQL's")
    async with desk.database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=desk.clock.now()
        )

    async def count(tenant: Id) -> int | None:
        async with desk.database.reading(tenant) as db:
            return await db.scalar(select(func.count()).select_from(facts))

    assert await count(desk.tenant) == 1
    assert await count(other.id) == 0
