"""The form that prepares a meeting: saved as typed, asked step by step, handed in when complete."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

import booking.service
import context.service
from booking.model import Booking
from context.model import IntakeView
from kernel.clock import FixedClock
from tests.api.console_world import ANSWERS, World, at, open_world
from tests.api.pages_browser import Form, Reading, read, send

TYPED = {
    "answer.goal": "remortgage",
    "answer.goal.words": "Onze rente loopt af.",
    "answer.income.kind": "permanent",
    "answer.income.gross_year": "€ 64.000,50",
    "answer.partner": "no",
    "answer.property.value": "410.000",
    "answer.loan.remaining": "245.000,-",
    "answer.loan.rate": "1,85",
    "answer.loan.months_left": "264",
    "answer.loan.fixed_until": "03-2027",
    "answer.loan.repayment": "annuity",
    "answer.wish.fixed_years": "10",
}
"""A whole form, as a Dutch customer types it."""


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def meeting(world: World) -> Booking:
    """Anna's mortgage meeting on Tuesday at ten."""
    return await world.meeting(at(10, day=1))


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    """Anna's browser."""
    async with world.browser() as opened:
        yield opened


def link(world: World, meeting: Booking, *, mailed: bool = True, kind: str = "intake") -> str:
    """Return the path of a link, as it stands in a mail or as it was shown."""
    url = world.house.links.url(
        "intake" if kind == "intake" else "manage",
        world.bank.tenant.id,
        meeting.id,
        meeting.generation,
        mailed=mailed,
    )
    return urlsplit(url).path.replace("/manage/", "/intake/")


async def kept(world: World, meeting: Booking) -> IntakeView:
    """Return what was kept."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        return await context.service.get_intake(
            db, tenant, meeting.id, language="nl", now=world.now()
        )


async def change(
    browser: httpx2.AsyncClient, form: Form, typed: Mapping[str, str], **headers: Any
) -> httpx2.Response:
    """Send what script sends when an answer changes: the whole form, without a button."""
    return await send(browser, form, typed, **{"hx-request": "true", **headers})


async def test_a_customer_prepares_without_script(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Save, see the next questions, fill them in as one writes, hand in, and be done."""
    path = link(world, meeting)
    first = await read(browser, path)
    saved = await send(browser, first.form(), {"answer.goal": "remortgage", "action": "save"})
    more = await read(browser, saved.headers["location"])
    done = await send(browser, more.form(), {**TYPED, "action": "submit"})
    calm = await read(browser, done.headers["location"])
    view = await kept(world, meeting)

    assert "loan.remaining" not in first.ids
    assert (saved.status_code, done.status_code) == (303, 303)
    assert "Opgeslagen om 09:00" in more.text
    assert "loan.remaining" in more.ids
    assert view.submitted_at == world.now()
    assert view.answers == {
        "goal": "remortgage",
        "goal.words": "Onze rente loopt af.",
        "income.kind": "permanent",
        "income.gross_year": "64000.50",
        "partner": False,
        "property.value": "410000.00",
        "loan.remaining": "245000.00",
        "loan.rate": "1.85",
        "loan.months_left": 264,
        "loan.fixed_until": "2027-03",
        "loan.repayment": "annuity",
        "wish.fixed_years": "10",
    }
    assert done.headers["location"] == path
    assert "U bent klaar" in calm.text
    assert "Jaaroverzicht van uw huidige hypotheek" in calm.text
    assert calm.forms == []


async def test_the_same_link_shows_what_was_typed_before(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Another day, another device: every answer stands in its field as one writes it."""
    path = link(world, meeting)
    await world.answer(meeting, ANSWERS)
    page = await read(browser, path)
    values = page.form().values

    assert values["answer.goal"] == "remortgage"
    assert values["answer.income.gross_year"] == "64.000"
    assert values["answer.loan.rate"] == "1,85"
    assert values["answer.loan.months_left"] == "264"
    assert values["answer.partner"] == "yes"
    assert values["answer.remarks"] == ANSWERS["remarks"]
    assert values["answer.goal.words"] == ANSWERS["goal.words"]
    assert "<b>nieuwe</b>" not in page.source


async def test_saving_an_untouched_form_says_nothing_new(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """What the page shows is read back as exactly what was kept."""
    await world.answer(meeting, ANSWERS)
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        before = await context.service.facts_of(db, tenant, meeting.customer_id)
    page = await read(browser, link(world, meeting))
    answer = await send(browser, page.form(), {"action": "save"})
    async with world.house.database.reading(tenant) as db:
        after = await context.service.facts_of(db, tenant, meeting.customer_id)

    assert answer.status_code == 303
    assert after == before


async def test_what_is_missing_is_said_where_it_is_missing(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Handing in too early keeps everything, and leads to each open question."""
    page = await read(browser, link(world, meeting))
    typed = {"answer.goal": "buy", "answer.income.gross_year": "64000", "action": "submit"}
    answer = await send(browser, page.form(), typed)
    missing = Reading(answer.text)
    view = await kept(world, meeting)

    assert answer.status_code == 400
    assert 'role="alert"' in missing.source
    assert missing.link("Wat voor inkomen heeft u?") == "#income.kind"
    assert {href.removeprefix("#") for _, href in missing.links if href.startswith("#")} >= set(
        view.missing
    )
    assert set(view.missing) <= set(missing.ids)
    assert view.answers == {"goal": "buy", "income.gross_year": "64000.00"}
    assert view.submitted_at is None


async def test_one_wrong_answer_does_not_cost_the_others(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Everything that can be kept is kept; the rest stands in its field, with what is wrong."""
    await world.answer(meeting, {"goal": "remortgage"})
    page = await read(browser, link(world, meeting))
    typed = {
        "answer.goal.words": "Mijn BSN is 111222333.",
        "answer.income.gross_year": "veel",
        "answer.loan.rate": "185",
        "answer.loan.months_left": "264",
        "action": "save",
    }
    answer = await send(browser, page.form(), typed)
    again = Reading(answer.text)

    assert answer.status_code == 400
    assert (await kept(world, meeting)).answers == {"goal": "remortgage", "loan.months_left": 264}
    assert again.form().values["answer.income.gross_year"] == "veel"
    assert again.form().values["answer.loan.rate"] == "185"
    assert "Vul een bedrag in, zoals 1.234,56." in again.text
    assert "Vul een percentage van 0 tot 100 in" in again.text
    assert "burgerservicenummer in te staan" in again.text
    assert again.fields["income.gross_year"]["aria-invalid"] == "true"
    described = str(again.fields["income.gross_year"]["aria-describedby"]).split()
    assert "income.gross_year-error" in described
    assert set(described) <= set(again.ids)


async def test_every_reference_on_the_page_leads_somewhere(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Labels and descriptions name fields that are there, each id stands once."""
    await world.answer(meeting, ANSWERS)
    page = await read(browser, link(world, meeting))

    assert len(page.ids) == len(set(page.ids))
    for have in page.fields.values():
        assert set(str(have.get("aria-describedby") or "").split()) <= set(page.ids)
        assert set(str(have.get("aria-labelledby") or "").split()) <= set(page.ids)


async def test_an_answer_can_be_taken_back(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """An emptied field is no answer any more."""
    await world.answer(meeting, {"goal": "remortgage", "remarks": "Weg ermee."})
    page = await read(browser, link(world, meeting))
    await send(browser, page.form(), {"answer.remarks": "  ", "action": "save"})

    assert (await kept(world, meeting)).answers == {"goal": "remortgage"}


async def test_a_change_is_saved_at_once_with_script(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """The answer is only that it was saved; the form stays as it is under the fingers."""
    await world.answer(meeting, {"goal": "remortgage"})
    page = await read(browser, link(world, meeting))
    answer = await change(browser, page.form(), {"answer.income.gross_year": "64000"})

    assert answer.status_code == 200
    assert Reading(f"<main>{answer.text}</main>").text == "Opgeslagen om 09:00"
    assert "hx-retarget" not in answer.headers
    assert (await kept(world, meeting)).answers["income.gross_year"] == "64000.00"


async def test_other_questions_appear_with_script(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """When an answer opens other questions, the form is drawn anew in its own place."""
    page = await read(browser, link(world, meeting))
    answer = await change(browser, page.form(), {"answer.goal": "remortgage"})
    drawn = Reading(answer.text)
    again = await change(browser, drawn.form(), {"answer.goal": "remortgage"})

    assert answer.headers["hx-retarget"] == "#intake"
    assert answer.headers["hx-reswap"] == "outerHTML"
    assert "loan.remaining" in drawn.ids
    assert drawn.ids.count("intake") == 1
    assert drawn.form().values["shape"] != page.form().values["shape"]
    assert "hx-retarget" not in again.headers


async def test_a_wrong_answer_shows_at_once_with_script(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """The form is drawn anew with what was typed, and says that the rest is saved."""
    await world.answer(meeting, {"goal": "remortgage"})
    page = await read(browser, link(world, meeting))
    answer = await change(browser, page.form(), {"answer.loan.rate": "hoog"})
    drawn = Reading(answer.text)

    assert answer.status_code == 200
    assert drawn.form().values["answer.loan.rate"] == "hoog"
    assert "1 antwoord klopt nog niet" in answer.text


async def test_consent_is_a_choice_of_its_own(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """It is never ticked beforehand, stands in the ledger and not among the answers."""
    tenant = world.bank.tenant.id
    page = await read(browser, link(world, meeting))
    ticked = {"consent.rate-notices": "yes", "answer.goal": "buy", "action": "save"}
    await send(browser, page.form(), ticked)
    async with world.house.database.reading(tenant) as db:
        given = await context.service.consented(db, tenant, meeting.customer_id, "rate-notices")
    after = await read(browser, f"{link(world, meeting)}?edit=1")
    unticked = after.form().values.copy()
    del unticked["consent.rate-notices"]
    await browser.post(after.form().action, data={**unticked, "action": "save"})
    async with world.house.database.reading(tenant) as db:
        taken = await context.service.consented(db, tenant, meeting.customer_id, "rate-notices")

    assert "consent.rate-notices" not in page.form().values
    assert given is not None
    assert given.text in page.text
    assert (await kept(world, meeting)).answers == {"goal": "buy"}
    assert after.form().values["consent.rate-notices"] == "yes"
    assert taken is None


async def test_saving_answers_never_withdraws_a_consent_given_elsewhere(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """A page that was open before the consent was given changes nothing about it."""
    tenant = world.bank.tenant.id
    page = await read(browser, link(world, meeting))
    async with world.house.database.transaction(tenant) as db:
        await context.service.set_consent(
            db,
            tenant,
            meeting.customer_id,
            "rate-notices",
            given=True,
            language="nl",
            channel="web",
            now=world.now(),
        )
    await send(browser, page.form(), {"answer.goal": "buy", "action": "save"})
    async with world.house.database.reading(tenant) as db:
        standing = await context.service.consented(db, tenant, meeting.customer_id, "rate-notices")

    assert standing is not None


async def test_a_link_that_was_not_mailed_cannot_agree(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Whoever booked may fill in the form, but not decide what is sent to that address."""
    path = link(world, meeting, mailed=False)
    page = await read(browser, path)
    forged = {"consent-was.rate-notices": "no", "consent.rate-notices": "yes", "action": "save"}
    answer = await send(browser, page.form(), forged)

    assert "consent-was.rate-notices" not in page.form().values
    assert "de link in uw bevestigingsmail" in page.text
    assert answer.status_code == 403


async def test_a_link_that_was_not_mailed_shows_nothing_of_before(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Somebody else's address opens none of what its owner said for an earlier meeting."""
    await world.answer(meeting, ANSWERS)
    other = await world.meeting(at(14, day=2), advisor=world.bank.colleague)
    own = await read(browser, link(world, other))
    stranger = await read(browser, link(world, other, mailed=False))

    assert "Biltstraat" in own.source
    assert "Biltstraat" not in stranger.source
    assert "64.000" not in stranger.source


async def test_a_cancelled_meeting_needs_no_preparation(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """The page says so, and takes nothing any more."""
    tenant = world.bank.tenant.id
    page = await read(browser, link(world, meeting))
    async with world.house.database.transaction(tenant) as db:
        await booking.service.cancel(
            db, tenant, meeting.id, reason=None, now=world.now(), by="customer"
        )
    closed = await read(browser, link(world, meeting))
    answer = await send(browser, page.form(), {"answer.goal": "buy", "action": "save"})

    assert "Deze afspraak is afgezegd" in closed.text
    assert closed.forms == []
    assert answer.status_code == 409
    assert (await kept(world, meeting)).answers == {}


async def test_the_manage_link_opens_the_form_and_leads_back(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """From the booking to its form and back; the intake link alone never opens the booking."""
    await world.answer(meeting, ANSWERS, submit=True)
    managing = link(world, meeting, kind="manage")
    from_booking = await read(browser, managing)
    from_mail = await read(browser, link(world, meeting))
    edited = await read(browser, from_mail.link("Bekijk of wijzig"))
    as_manage = await browser.get(link(world, meeting).replace("/intake/", "/manage/"))

    assert from_booking.link("Terug naar de afspraak") == managing.replace("/intake/", "/manage/")
    assert not [href for _, href in from_mail.links if href.startswith("/manage/")]
    assert edited.form().values["answer.goal"] == "remortgage"
    assert as_manage.status_code == 404


async def test_looking_changes_nothing(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Opening the form, however often, saves nothing."""
    for _ in range(3):
        await read(browser, f"{link(world, meeting)}?edit=1&saved=1")

    assert (await kept(world, meeting)).saved_at is None


async def test_a_form_of_another_website_is_refused(
    world: World, meeting: Booking, browser: httpx2.AsyncClient
) -> None:
    """Answers come from our own page."""
    page = await read(browser, link(world, meeting))
    answer = await send(
        browser, page.form(), {"answer.goal": "buy"}, **{"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403
    assert (await kept(world, meeting)).answers == {}


@pytest.mark.parametrize(
    "typed",
    [
        {"answer.goal": "<script>alert(1)</script>"},
        {"answer.goal.words": "<script>alert(1)</script>"},
        {"answer.unknown": "x"},
        {"answer.documents.note": "x"},
        {"answer.income.gross_year": "9" * 400},
        {"answer.property.address": "\x07"},
        {"consent-was.nothing": "no", "consent.nothing": "yes"},
        {"shape": "<b>"},
    ],
)
async def test_what_no_page_sends_breaks_nothing(
    world: World, meeting: Booking, browser: httpx2.AsyncClient, typed: dict[str, str]
) -> None:
    """Forged forms get a page or a refusal, never a fault of ours, never mark-up."""
    page = await read(browser, link(world, meeting))
    for headers in ({}, {"hx-request": "true"}):
        answer = await send(browser, page.form(), {**typed, "action": "save"}, **headers)
        assert answer.status_code < 500
        assert "<script>alert" not in answer.text
