"""The pages for customers in a real browser: with and without script, any width, for everybody."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.async_api import Page, expect

import booking.service
import context.service
from api.links import LinkKind
from booking.hours import OpenHours, WeeklyRange
from booking.model import Booking
from booking.organisation import MeetingTypeInput
from kernel.clock import FixedClock
from tests.api.console_world import ANSWERS, World, at, open_world
from tests.api.pages_axe import AXE
from tests.services.chromium import chromium
from tests.services.node import widget_packages
from tests.services.processes import answers, free_port, wait_until

WIDER = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
async def world(sqlite_template: Path, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank that is open to browsers; its pages are the same on every database."""
    shutil.copy(sqlite_template, tmp_path / "spreekuur.db")
    url, port = f"sqlite:///{tmp_path / 'spreekuur.db'}", free_port()
    async with open_world(url, tmp_path, clock, public_url=f"http://127.0.0.1:{port}") as opened:
        server = Server(
            opened.app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False
        )
        serving = asyncio.create_task(server.serve())
        await asyncio.to_thread(wait_until, lambda: answers(port), "the pages")
        yield opened
        server.stop()  # type: ignore[no-untyped-call]  # as shipped
        await serving


@asynccontextmanager
async def window(
    *,
    width: int = 1280,
    script: bool = True,
    scheme: Literal["light", "dark"] = "light",
    trouble: bool = False,
) -> AsyncIterator[Page]:
    """Open a browser; what goes wrong in it fails the test, unless that is what it is about."""
    async with chromium() as browser:
        context = await browser.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=script,
            color_scheme=scheme,
            locale="nl-NL",
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        assert trouble or wrong == []


def link(world: World, meeting: Booking, kind: LinkKind) -> str:
    """Return a link as it stands in a mail."""
    return world.house.links.url(
        kind, world.bank.tenant.id, meeting.id, meeting.generation, mailed=True
    )


async def kept(world: World, meeting: Booking) -> dict[str, Any]:
    """Return the answers that were kept."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        view = await context.service.get_intake(
            db, tenant, meeting.id, language="nl", now=world.now()
        )
    return view.answers


async def test_a_customer_does_everything_without_script(world: World) -> None:
    """On a telephone: book, prepare, move and cancel with links and forms, nothing sideways."""
    async with window(width=360, script=False) as page:
        await page.goto(f"{world.house.settings.public_url}/book/demobank")
        await page.get_by_role("link", name="Hypotheekgesprek").click()
        await page.get_by_role("link", name="Telefonisch").click()
        await page.get_by_role("link", name="Volgende maand").click()
        await page.get_by_role("link", name="dinsdag 1 december 10:00").click()
        await page.get_by_label("Voornaam").first.fill("Anna")
        await page.get_by_label("Achternaam").first.fill("Vries")
        await page.get_by_label("E-mailadres").first.fill("anna@example.org")
        await page.get_by_label("Telefoonnummer").fill("06 12 34 56 78")
        await page.get_by_role("button", name="Afspraak maken").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Uw afspraak staat vast")
        await page.get_by_role("link", name="Begin met voorbereiden").click()
        await page.get_by_label("Een woning kopen").check()
        await page.get_by_role("button", name="Opslaan").click()
        await expect(page.get_by_role("status")).to_contain_text("Opgeslagen om 09:00")
        await page.go_back()
        await page.go_back()
        await page.get_by_role("link", name="Verzetten").click()
        await page.get_by_role("link", name="woensdag 2 december", exact=False).click()
        await page.get_by_role("link", name="woensdag 2 december 14:00").click()
        await page.get_by_role("button", name="Verzet de afspraak").click()
        await expect(page.get_by_text("Uw afspraak is verzet.")).to_be_visible()
        await page.get_by_role("link", name="Afzeggen").click()
        await page.get_by_role("button", name="Zeg de afspraak af").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Uw afspraak is afgezegd")


async def offer_lengths(world: World) -> None:
    """Offer a meeting of two lengths for eight at once, the longer one never free."""
    tenant = world.bank.tenant.id
    kind = MeetingTypeInput(
        slug="kennismaking",
        name={"nl": "Kennismaking"},
        durations=[30, 45],
        duration=30,
        channels=["phone"],
        seats=8,
        hours=OpenHours(weekly=[WeeklyRange(day="tue", start="10:00", end="10:30")]),
        advisors=[world.bank.advisor],
    )
    async with world.house.database.transaction(tenant) as db:
        await booking.service.apply_meeting_type(db, tenant, kind, now=world.now())


async def test_one_tap_repairs_a_meeting_on_a_telephone(world: World) -> None:
    """Without script: a button for each time that is offered, and what stands afterwards."""
    meeting = await world.meeting(at(10, day=1))
    await world.displace(meeting)
    async with window(width=360, script=False) as page:
        await page.goto(link(world, meeting, "manage"))
        buttons = page.get_by_role("button", name="2026 om")
        await expect(buttons).to_have_count(3)
        assert await page.evaluate(WIDER) <= 0
        await buttons.first.click()
        await expect(page.get_by_role("status")).to_contain_text("met Joost Meijer")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Uw afspraak staat vast")


async def test_answers_are_saved_while_typing_goes_on(world: World) -> None:
    """The form is drawn anew under the customer's hands, and not a letter is lost."""
    meeting = await world.meeting(at(10, day=1))
    async with window() as page:
        await page.goto(link(world, meeting, "intake"))
        await page.get_by_label("Mijn hypotheek oversluiten").check()
        await expect(page.get_by_label("Hoeveel is uw restschuld?")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("Opgeslagen om 09:00")
        await page.get_by_label("Hoeveel is uw restschuld?").fill("veel")
        words = page.get_by_label("Vertel in uw eigen woorden waarom u komt")
        await words.press_sequentially("Onze rente loopt af, en wij schrikken van de tarieven.")
        await expect(page.get_by_text("1 antwoord klopt nog niet")).to_be_visible()
        await words.press_sequentially(" Wat nu?")
        await expect(words).to_be_focused()
        text = await words.input_value()
        await page.get_by_label("Hoeveel is uw restschuld?").fill("245.000")
        await page.get_by_label("Welke rente betaalt u nu?").focus()
        await expect(page.get_by_text("1 antwoord klopt nog niet")).to_have_count(0)

    assert text == "Onze rente loopt af, en wij schrikken van de tarieven. Wat nu?"
    assert await kept(world, meeting) == {
        "goal": "remortgage",
        "goal.words": text,
        "loan.remaining": "245000.00",
    }


async def test_an_answer_that_could_not_be_saved_is_said(world: World) -> None:
    """Without a connection the page does not claim that anything was kept."""
    meeting = await world.meeting(at(10, day=1))
    async with window(trouble=True) as page:
        await page.goto(link(world, meeting, "intake"))
        await page.context.set_offline(offline=True)
        await page.get_by_label("Een woning kopen").check()
        await expect(page.get_by_role("status")).to_contain_text("Niet opgeslagen")
        await page.context.set_offline(offline=False)
        await page.get_by_role("button", name="Opslaan").click()
        await expect(page.get_by_role("status")).to_contain_text("Opgeslagen om 09:00")

    assert await kept(world, meeting) == {"goal": "buy"}


async def test_nothing_of_the_form_stays_in_the_browser(world: World) -> None:
    """Whoever opens this browser next finds no answers in its stores."""
    meeting = await world.meeting(at(10, day=1))
    async with window() as page:
        await page.goto(link(world, meeting, "intake"))
        await page.get_by_label("Een woning kopen").check()
        await expect(page.get_by_role("status")).to_contain_text("Opgeslagen")
        stored = await page.evaluate("[localStorage.length, sessionStorage.length]")
        cookies = await page.context.cookies()

    assert stored == [0, 0]
    assert cookies == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (360, "light"), (1280, "dark"), (360, "dark")]
)
async def test_axe_finds_nothing(
    world: World, width: int, scheme: Literal["light", "dark"]
) -> None:
    """WCAG 2.2 AA on every page, light and dark, wide and narrow; and nothing scrolls sideways."""
    meeting = await world.meeting(at(10, day=1), channel="branch")
    done = await world.meeting(at(14, day=1), email="bea@example.org")
    await world.answer(done, ANSWERS, submit=True)
    tenant = world.bank.tenant.id
    base = world.house.settings.public_url
    stop = world.house.links.stop_url(tenant, meeting.customer_id, "rate-notices")
    manage = link(world, meeting, "manage")
    taken = await world.meeting(at(16, day=1), email="cas@example.org")
    await world.displace(taken)
    await offer_lengths(world)
    axe = await asyncio.to_thread((widget_packages() / "axe-core" / "axe.min.js").read_text)
    found = {}
    async with window(width=width, scheme=scheme, trouble=True) as page:

        async def look(name: str) -> None:
            await page.evaluate(axe)
            result = await page.evaluate(AXE)
            # A check that looked at nothing finds nothing.
            assert result["passes"] > 12, name
            assert await page.evaluate(WIDER) <= 0, name
            found[name] = result["found"]

        for name, address in {
            "types": f"{base}/book/demobank",
            "ways": f"{base}/book/demobank/hypotheek",
            "times": f"{base}/book/demobank/hypotheek?channel=video&day=2026-12-01",
            "lengths": f"{base}/book/demobank/kennismaking?day=2026-12-01",
            "empty": f"{base}/book/demobank/kennismaking?duration=45&day=2026-12",
            "booking": manage,
            "offered": link(world, taken, "manage"),
            "change": f"{manage}/change?day=2026-12-01",
            "sure": f"{manage}/change?start=2026-12-02T14:00:00%2B01:00",
            "cancel": f"{manage}/cancel",
            "intake": link(world, meeting, "intake"),
            "prepared": link(world, done, "intake"),
            "stop": stop,
            "broken": f"{base}/manage/nonsense",
            "nowhere": f"{base}/nowhere",
        }.items():
            await page.goto(address)
            await look(name)
        await page.goto(f"{base}/book/demobank/hypotheek?channel=video&start=2026-12-01T14:00%2B01")
        await page.get_by_role("button", name="Afspraak maken").click()
        await look("details")
        await page.goto(link(world, meeting, "intake"))
        await page.get_by_role("button", name="Klaar").click()
        await look("missing")

    assert found == {name: [] for name in found}


async def test_axe_would_find_something(world: World) -> None:
    """The check above is able to fail: a field that loses its label is found."""
    meeting = await world.meeting(at(10, day=1))
    axe = await asyncio.to_thread((widget_packages() / "axe-core" / "axe.min.js").read_text)
    async with window() as page:
        await page.goto(link(world, meeting, "intake"))
        await page.evaluate("document.querySelector('label[for]').remove()")
        await page.evaluate(axe)
        result = await page.evaluate(AXE)

    assert any(violation.startswith("label:") for violation in result["found"])
