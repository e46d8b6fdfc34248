"""The page of a booking: seeing, moving, cancelling, agreeing; and what a GET must never do."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import booking.service
import context.service
from booking.model import Booking
from kernel.clock import FixedClock
from kernel.people import PersonName
from tests.api.console_world import ANSWERS, World, at, open_world
from tests.api.pages_browser import PHONE, Reading, read, send


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


def link(world: World, meeting: Booking, *, mailed: bool = True) -> str:
    """Return the path of the manage link, as it stands in a mail or as it was shown."""
    url = world.house.links.url(
        "manage", world.bank.tenant.id, meeting.id, meeting.generation, mailed=mailed
    )
    return urlsplit(url).path


async def stored(world: World, meeting: Booking) -> Booking:
    """Return the booking as it stands."""
    async with world.house.database.reading(world.bank.tenant.id) as db:
        return await booking.service.get_booking(db, world.bank.tenant.id, meeting.id)


async def agreed(world: World, meeting: Booking) -> bool:
    """Return whether the customer agrees to messages about rates."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        found = await context.service.consented(db, tenant, meeting.customer_id, "rate-notices")
    return found is not None


async def test_the_page_says_what_when_with_whom_and_where(world: World) -> None:
    """Everything that was agreed, and somebody to call."""
    meeting = await world.meeting(at(10, day=1), channel="branch")
    async with world.browser() as browser:
        page = await read(browser, link(world, meeting))

    for words in (
        "Geachte mevrouw De Vries,",
        "Uw afspraak staat vast",
        "dinsdag 1 december 2026",
        "10:00 \N{EN DASH} 11:00 uur",
        "Hypotheekgesprek",
        "Sanne Visser",
        "Utrecht Neude",
        "Neude 1, Utrecht",
    ):
        assert words in page.text
    assert f"Bel {PHONE}" in page.source


async def test_a_customer_is_addressed_as_they_wish(world: World) -> None:
    """Who chose English reads English; without an honorific nobody's gender is guessed."""
    meeting = await world.meeting(
        at(10, day=1),
        name=PersonName(given="Kim", surname="Verbeek"),
        email="kim@example.org",
        language="en",
    )
    async with world.browser() as browser:
        page = await read(browser, link(world, meeting))

    assert page.language == "en"
    assert "Dear Kim Verbeek," in page.text
    assert "Tuesday 1 December 2026" in page.text


async def test_pages_behind_a_link_are_kept_nowhere(world: World) -> None:
    """The address is a secret: no cache keeps the page, no other website learns where it was."""
    meeting = await world.meeting(at(10, day=1))
    async with world.browser() as browser:
        answer = await browser.get(link(world, meeting))

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


async def test_a_customer_moves_their_meeting(world: World) -> None:
    """Choose a time, look at it once more, confirm; the old link ends, the new one opens."""
    meeting = await world.meeting(at(10, day=1))
    old = link(world, meeting)
    async with world.browser() as browser:
        page = await read(browser, old)
        page = await read(browser, page.link("Verzetten"))
        page = await read(browser, f"{old}/change?day=2026-12-02")
        sure = await read(browser, page.link("14:00"))
        before = await stored(world, meeting)
        answer = await send(browser, sure.form("/change"), {})
        new = await read(browser, answer.headers["location"])
        ended = await read(browser, old, status=410)

    assert "dinsdag 1 december 2026 om 10:00" in sure.text
    assert "woensdag 2 december 2026 om 14:00" in sure.text
    assert before.start == at(10, day=1)
    assert answer.status_code == 303
    assert "Uw afspraak is verzet." in new.text
    assert "woensdag 2 december 2026" in new.text
    assert (await stored(world, meeting)).start == at(14, day=2)
    assert "Deze link is niet meer geldig" in ended.text
    assert PHONE in ended.text


async def test_the_own_time_does_not_stand_in_the_way(world: World) -> None:
    """A meeting from ten to eleven can move to a quarter past ten."""
    meeting = await world.meeting(at(10, day=1))
    async with world.browser() as browser:
        page = await read(browser, f"{link(world, meeting)}/change?day=2026-12-01")

    assert page.link("10:15")


async def test_a_time_that_has_gone_changes_nothing(world: World) -> None:
    """Somebody was first: the meeting stays where it is, and other times are offered."""
    meeting = await world.meeting(at(10, day=1))
    async with world.browser() as browser:
        sure = await read(
            browser, f"{link(world, meeting)}/change?start=2026-12-02T14:00:00%2B01:00"
        )
        await world.meeting(at(14, day=2), email="first@example.org")
        answer = await send(browser, sure.form("/change"), {})
        page = Reading(answer.text)

    assert answer.status_code == 409
    assert 'role="alert"' in page.source
    assert "Uw afspraak is niet veranderd" in page.text
    assert page.link("2 december 2026 om").startswith(f"{link(world, meeting)}/change?start=")
    assert (await stored(world, meeting)).start == at(10, day=1)


async def test_a_customer_cancels_their_meeting(world: World) -> None:
    """The link asks, the button acts; the reason is kept in the customer's words."""
    meeting = await world.meeting(at(10, day=1))
    async with world.browser() as browser:
        question = await read(browser, f"{link(world, meeting)}/cancel")
        answer = await send(browser, question.form("/cancel"), {"reason": "We wachten <even>."})
        page = await read(browser, answer.headers["location"])
    after = await stored(world, meeting)

    assert "Wilt u de afspraak afzeggen?" in question.text
    assert (after.state, after.cancelled_by, after.reason) == (
        "cancelled",
        "customer",
        "We wachten <even>.",
    )
    assert "Uw afspraak is afgezegd" in page.text
    assert page.link("Maak een nieuwe afspraak") == "/book/demobank/hypotheek"
    assert not [href for _, href in page.links if href.endswith(("/change", "/cancel"))]


# --- when its time was taken ---------------------------------------------------------------------


async def test_a_customer_takes_the_same_time_with_somebody_else_in_one_tap(world: World) -> None:
    """The letter leads to the page, the page has a button for each time; all three are told."""
    meeting = await world.meeting(at(10, day=1))
    mails = await world.displace(meeting)
    (letter,) = [mail for mail in mails if "niet doorgaan zoals afgesproken" in mail.subject]
    before = {mail.id for mail in mails}
    async with world.browser() as browser:
        page = await read(browser, urlsplit(letter.links[0]).path)
        offered = [form for form in page.forms if form.action.endswith("/repair")]
        answer = await send(browser, offered[0], {})
        after = await read(browser, answer.headers["location"])
    now = await stored(world, meeting)
    told = {mail.to: mail.subject for mail in await world.mail() if mail.id not in before}

    assert "Uw afspraak kan niet doorgaan zoals afgesproken" in page.text
    assert "dinsdag 1 december 2026 om 10:00, met Joost Meijer" in page.text
    assert len(offered) == 3
    assert page.link("Kies zelf een andere tijd").endswith("/change")
    assert f"Of bel {PHONE}." in page.text
    assert (now.start, now.advisor_id) == (at(10, day=1), world.bank.colleague)
    assert "Uw afspraak is nu op dinsdag 1 december 2026 om 10:00, met Joost Meijer." in after.text
    assert "Uw afspraak staat vast" in after.text
    assert not [form for form in after.forms if form.action.endswith("/repair")]
    when = "dinsdag 1 december 2026 om 10:00"
    assert told == {
        "Anna de Vries <anna@example.org>": f"Uw afspraak op {when} is met Joost Meijer",
        "Joost Meijer <joost@demobank.example>": f"Er is een gesprek voor jou op {when}",
        "Sanne Visser <sanne@demobank.example>": f"Het gesprek op {when} is niet meer voor jou",
    }


async def test_a_customer_takes_another_time_that_was_offered(world: World) -> None:
    """The meeting moves, its link is a new one, and the page behind that says what stands."""
    meeting = await world.meeting(at(10, day=1))
    await world.displace(meeting)
    old = link(world, meeting)
    async with world.browser() as browser:
        page = await read(browser, old)
        other = [form for form in page.forms if form.action.endswith("/repair")][1]
        answer = await send(browser, other, {})
        after = await read(browser, answer.headers["location"])
        await read(browser, old, status=410)
    now = await stored(world, meeting)

    assert now.start.isoformat() != meeting.start.isoformat()
    assert now.start == datetime.fromisoformat(other.values["start"])
    assert now.advisor_id == other.values["advisor"]
    assert "Uw afspraak is nu op dinsdag 1 december 2026" in after.text


async def test_of_what_was_offered_the_rest_stays_when_one_is_taken(world: World) -> None:
    """Somebody was first: nothing has changed, a sentence says so, the others can be chosen."""
    meeting = await world.meeting(at(10, day=1))
    await world.displace(meeting)
    async with world.browser() as browser:
        page = await read(browser, link(world, meeting))
        offered = [form for form in page.forms if form.action.endswith("/repair")]
        await world.meeting(at(10, day=1), email="first@example.org", advisor=world.bank.colleague)
        answer = await send(browser, offered[0], {})
        rest = Reading(answer.text)
        left = [form for form in rest.forms if form.action.endswith("/repair")]
        chosen = await send(browser, left[0], {})

    assert answer.status_code == 409
    assert 'role="alert"' in rest.source
    assert "De andere momenten kunt u nog kiezen." in rest.text
    assert [form.values for form in left] == [form.values for form in offered[1:]]
    assert chosen.status_code == 303


@pytest.mark.parametrize("displaced", [True, False])
async def test_only_what_was_offered_can_be_taken(world: World, displaced: bool) -> None:
    """Another time has a page of its own, with rules of its own."""
    meeting = await world.meeting(at(10, day=1))
    if displaced:
        await world.displace(meeting)
    path = f"{link(world, meeting)}/repair"
    forged = {"start": at(15, day=3).isoformat(), "advisor": world.bank.colleague}
    async with world.browser() as browser:
        answer = await browser.post(path, data=forged, headers={"accept": "text/html"})
        nothing = await browser.post(path, data={"start": "soon"}, headers={"accept": "text/html"})

    assert answer.status_code == 409
    assert "Dit moment staat niet meer open" in answer.text
    assert nothing.status_code == 303
    assert await stored(world, meeting) == meeting


async def test_looking_changes_nothing(world: World) -> None:
    """A mail scanner that opens every link it finds leaves everything as it was."""
    meeting = await world.meeting(at(10, day=1))
    await world.displace(meeting)
    base = link(world, meeting)
    async with world.browser() as scanner:
        pages = [base]
        for path in pages:
            found = (await read(scanner, path)).links
            pages += [href for _, href in found if href.startswith(base) and href not in pages][:12]

    assert len(pages) > 5
    assert await stored(world, meeting) == meeting


async def test_a_form_of_another_website_is_refused(world: World) -> None:
    """Even with a stolen token, another website cannot make a customer's browser send the form."""
    meeting = await world.meeting(at(10, day=1))
    path = f"{link(world, meeting)}/cancel"
    async with world.browser() as browser:
        question = (await read(browser, path)).form("/cancel")
        foreign = await send(browser, question, {}, **{"sec-fetch-site": "cross-site"})
        sibling = await send(browser, question, {}, **{"sec-fetch-site": "same-site"})
        del browser.headers["sec-fetch-site"]
        older = await send(browser, question, {}, origin="https://evil.example")
        still = (await stored(world, meeting)).state
        own = await send(browser, question, {}, origin="null")

    assert [foreign.status_code, sibling.status_code, older.status_code] == [403, 403, 403]
    assert "De opdracht kwam van een andere website" in foreign.text
    assert still == "confirmed"
    assert own.status_code == 303


async def test_what_has_begun_cannot_be_changed(world: World, clock: FixedClock) -> None:
    """Afterwards the page tells what was agreed, nothing can be done to it, and then it ends."""
    meeting = await world.meeting(at(10, day=1))
    base = link(world, meeting)
    async with world.browser() as browser:
        question = (await read(browser, f"{base}/cancel")).form("/cancel")
        clock.advance(at(11, 1, day=1) - clock.now())
        page = await read(browser, base)
        late = await send(browser, question, {})
        asked = await browser.get(f"{base}/change")
        clock.advance(timedelta(hours=25))
        gone = await read(browser, base, status=410)

    assert "Uw afspraak is geweest" in page.text
    assert [href for _, href in page.links if href.startswith(base)] == [f"{base}/data"]
    assert (late.status_code, asked.status_code) == (303, 303)
    assert (await stored(world, meeting)).state == "confirmed"
    assert "Deze link is niet meer geldig" in gone.text


async def test_a_customer_agrees_and_takes_it_back(world: World) -> None:
    """Nothing is ticked beforehand; the words stand beside the tick, and one button stops it."""
    meeting = await world.meeting(at(10, day=1))
    base = link(world, meeting)
    async with world.browser() as browser:
        off = await read(browser, base)
        form = off.form("/consents")
        nothing = await send(browser, form, {})
        await send(browser, form, {"given": "yes"})
        given = await agreed(world, meeting)
        on = await read(browser, base)
        await send(browser, on.form("/consents"), {})

    assert "given" not in form.values
    assert "Ik wil een bericht krijgen als een renteverandering mijn maandlast raakt." in off.text
    assert nothing.headers["location"] == base
    assert given is True
    assert "Dit staat aan sinds maandag 30 november 2026" in on.text
    assert on.form("/consents").values["given"] == "no"
    assert await agreed(world, meeting) is False


async def test_only_who_reads_the_mail_decides_on_messages(world: World) -> None:
    """The link shown right after booking may be anybody's: it neither shows nor takes consent."""
    meeting = await world.meeting(at(10, day=1))
    base = link(world, meeting, mailed=False)
    async with world.browser() as browser:
        page = await read(browser, base)
        answer = await browser.post(
            f"{base}/consents",
            data={"purpose": "rate-notices", "given": "yes"},
            headers={"accept": "text/html"},
        )

    assert not [form for form in page.forms if form.action.endswith("/consents")]
    assert answer.status_code == 403
    assert await agreed(world, meeting) is False


async def test_the_page_tells_how_far_the_preparation_is(world: World) -> None:
    """Not begun, begun, handed in: each with the next thing to do."""
    meeting = await world.meeting(at(10, day=1))
    base = link(world, meeting)
    async with world.browser() as browser:
        fresh = await read(browser, base)
        await world.answer(meeting, {"goal": "remortgage"})
        begun = await read(browser, base)
        await world.answer(meeting, ANSWERS, submit=True)
        done = await read(browser, base)

    assert fresh.link("Begin met voorbereiden") == base.replace("manage", "intake")
    assert begun.link("Ga verder")
    assert "Nog 9 vragen" in begun.text
    assert done.link("Bekijk de antwoorden")
    assert "Sanne Visser heeft uw antwoorden" in done.text


@pytest.mark.parametrize("cut", [10, 40, 60])
async def test_a_link_that_was_cut_off_is_explained(world: World, cut: int) -> None:
    """Half a link, or another kind of link, opens nothing and says what to do."""
    meeting = await world.meeting(at(10, day=1))
    path = link(world, meeting)
    intake = world.house.links.url(
        "intake", world.bank.tenant.id, meeting.id, meeting.generation, mailed=True
    )
    other = intake.rpartition("/")[2]
    async with world.browser() as browser:
        page = await read(browser, path[:cut], status=404)
        kind = await read(browser, f"/manage/{other}", status=404)

    assert "Deze link werkt niet" in page.text
    assert "Deze link werkt niet" in kind.text


async def test_programs_get_a_problem_document(world: World) -> None:
    """Only who asks for a page gets one."""
    async with world.browser() as browser:
        answer = await browser.get("/manage/nonsense", headers={"accept": "application/json"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("link-invalid")
