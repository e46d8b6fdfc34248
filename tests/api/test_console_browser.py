"""The console in a real browser: one sheet of paper, any width, no script needed."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.async_api import Page
from pypdf import PdfReader

from booking.calendars.model import ConnectInput, EntryInput
from booking.model import Booking
from kernel.clock import FixedClock
from kernel.people import PersonName
from tests.api.console_world import ANSWERS, World, at, open_world
from tests.api.pages_axe import AXE
from tests.services.chromium import chromium
from tests.services.node import widget_packages
from tests.services.processes import answers, free_port, wait_until

SMALLEST = 24
"""Pixels a target must measure (WCAG 2.2, 2.5.8), unless it stands inside a sentence."""


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
        await asyncio.to_thread(wait_until, lambda: answers(port), "the console")
        yield opened
        server.stop()  # type: ignore[no-untyped-call]  # as shipped
        await serving


@asynccontextmanager
async def screen(
    world: World,
    *,
    width: int = 1280,
    script: bool = True,
    scheme: Literal["light", "dark"] = "light",
) -> AsyncIterator[Page]:
    """Open a browser in which nobody is signed in; what goes wrong in it fails the test."""
    async with chromium() as browser:
        context = await browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme=scheme,
        )
        page = await context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        assert wrong == []


async def prepared(world: World) -> Booking:
    """Book a meeting with everything a brief can hold."""
    await world.publish(10, "3.60")
    bram = PersonName(given="Bram", surname="Bakker")
    meeting = await world.meeting(at(15), partner=bram)
    await world.answer(meeting, ANSWERS, submit=True)
    await world.mail()
    await world.publish(10, "3.85")
    return meeting


async def test_an_advisor_signs_in_and_reads_a_brief_without_script(world: World) -> None:
    """Mail, button, list, brief and sign-out are plain pages and forms."""
    await prepared(world)
    async with screen(world, script=False) as page:
        base = world.house.settings.public_url
        await page.goto(f"{base}/console/demobank")
        await page.get_by_label("E-mailadres").fill("sanne@demobank.example")
        await page.get_by_role("button", name="Stuur mij een link").click()
        assert await page.get_by_role("heading", name="Kijk in uw mail").is_visible()
        mails = await world.mail()
        link = next(link for link in mails[0].links if "/console/sign-in/" in link)
        await page.goto(link)
        await page.get_by_role("button", name="Meld mij aan").click()
        await page.get_by_role("link", name="Mevrouw De Vries").click()
        assert await page.get_by_role("heading", level=1).inner_text() == "Anna de Vries"
        await page.get_by_role("button", name="Afmelden").click()
        assert await page.get_by_text("U bent afgemeld.").is_visible()
        await page.goto(f"{base}/console")
        assert await page.get_by_role("heading", name="Aanmelden").is_visible()


async def test_a_whole_brief_is_one_sheet_of_paper(world: World) -> None:
    """With a complete intake both the screen and the paper layout print on one A4 page."""
    meeting = await prepared(world)
    link = await world.sign_in_link()
    async with screen(world) as page:
        await page.goto(link)
        await page.get_by_role("button").click()
        sheets = []
        for path in (f"/console/bookings/{meeting.id}", f"/console/bookings/{meeting.id}/print"):
            await page.goto(world.house.settings.public_url + path)
            sheets.append(PdfReader(BytesIO(await page.pdf(prefer_css_page_size=True))))

    assert [len(sheet.pages) for sheet in sheets] == [1, 1]
    assert "mevrouw De Vries" in sheets[0].pages[0].extract_text()
    assert "Afmelden" not in sheets[0].pages[0].extract_text()


@pytest.mark.parametrize("width", [360, 768, 1280])
async def test_pages_fit_every_width_and_fingers(world: World, width: int) -> None:
    """Nothing scrolls sideways, and every target that is not in a sentence is large enough."""
    meeting = await prepared(world)
    await world.displace(await world.meeting(at(16, day=1), email="cas@example.org"))
    await world.meeting(at(11, day=1), email="bo@example.org")
    world.clock.advance(at(15, 30) - world.now())
    link = await world.sign_in_link()
    async with screen(world, width=width) as page:
        base = world.house.settings.public_url
        await page.goto(f"{base}/console/demobank")
        found = {"sign-in": await _measure(page)}
        await page.goto(link)
        await page.get_by_role("button").click()
        found["today"] = await _measure(page)
        await page.goto(f"{base}/console/bookings/{meeting.id}")
        found["brief"] = await _measure(page)

    assert found == {name: (0, []) for name in ("sign-in", "today", "brief")}


async def test_the_keyboard_reaches_the_content_first(world: World) -> None:
    """The first stop is a link past the frame, and it is seen when it has the focus."""
    async with screen(world) as page:
        await page.goto(f"{world.house.settings.public_url}/console/demobank")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Naar de inhoud")
        assert await skip.evaluate("link => link === document.activeElement")
        box = await skip.bounding_box()
        await page.keyboard.press("Enter")
        inside = await page.evaluate("document.activeElement.id")

    assert box is not None
    assert box["y"] >= 0
    assert inside == "main"


async def test_the_print_button_prints_what_is_on_the_screen(world: World) -> None:
    """With a script the page itself is printed, changes and all; the link is not followed."""
    meeting = await prepared(world)
    link = await world.sign_in_link()
    async with screen(world) as page:
        await page.goto(link)
        await page.get_by_role("button").click()
        await page.goto(f"{world.house.settings.public_url}/console/bookings/{meeting.id}")
        await page.evaluate("window.print = () => { document.title = 'printed'; }")
        await page.get_by_role("link", name="Afdrukken").click()

        assert await page.title() == "printed"
        assert not page.url.endswith("/print")


async def test_an_advisor_minds_calendar_and_times_without_script(world: World) -> None:
    """A calendar of one's own, its role, times in it, its address, a proposal: forms alone."""
    meeting = await _proposed(world)
    link = await world.sign_in_link()
    base = world.house.settings.public_url
    async with screen(world, script=False) as page:
        await page.goto(link)
        await page.get_by_role("button").click()
        await page.get_by_role("link", name="Agenda's beheren").click()
        await page.get_by_role("button", name="Agenda bij Spreekuur beginnen").click()
        await page.get_by_label("Waarvoor dient Spreekuur?").select_option("busy")
        await page.get_by_role("button", name="Vastleggen waarvoor Spreekuur dient").click()
        assert await page.get_by_role("status").inner_text() == "Dat is vastgelegd."
        await page.get_by_role("link", name="Tijden en geheim adres").click()
        await page.get_by_label("Van (dag)").fill("2026-12-02")
        await page.get_by_label("Van (tijd)").fill("09:00")
        await page.get_by_label("Tot (tijd)").fill("12:00")
        await page.get_by_label("Omschrijving").fill("Tandarts")
        await page.get_by_role("button", name="Vrijhouden", exact=True).click()
        assert await page.get_by_text("Tandarts").is_visible()
        await page.get_by_role("button", name="Toon het adres").click()
        address = await page.get_by_label("Het adres van uw agenda").input_value()
        await page.goto(f"{base}/console/bookings/{meeting.id}")
        await page.get_by_role("button", name=re.compile("^Akkoord met donderdag")).click()
        done = await page.get_by_role("status").inner_text()

    assert address.startswith(f"{base}/calendars/")
    assert done.startswith("De afspraak is verzet.")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
async def test_pages_about_calendars_are_for_everybody(
    world: World, width: int, scheme: Literal["light", "dark"]
) -> None:
    """WCAG 2.2 AA as far as axe can tell, no sideways scrolling, targets large enough."""
    meeting = await _proposed(world)
    tenant, own = world.bank.tenant.id, world.house.calendars.own
    account = await world.house.calendars.connect(
        tenant, ConnectInput(advisor=world.bank.advisor, kind="own")
    )
    span = {"start": at(9, day=2), "end": at(12, day=2)}
    entry = await own.add(tenant, account.id, EntryInput(**span, title="Tandarts"))
    link = await world.sign_in_link()
    axe = await asyncio.to_thread((widget_packages() / "axe-core" / "axe.min.js").read_text)
    base, found = f"{world.house.settings.public_url}/console", {}
    async with screen(world, width=width, scheme=scheme) as page:
        await page.goto(link)
        await page.get_by_role("button").click()
        for name, address in {
            "today": base,
            "calendars": f"{base}/calendars",
            "connect": f"{base}/calendars/connect?kind=caldav",
            "own": f"{base}/calendars/{account.id}/entries",
            "entry": f"{base}/calendars/{account.id}/entries/{entry.id}",
            "move": f"{base}/bookings/{meeting.id}/move?day=2026-12-03",
            "sure": f"{base}/bookings/{meeting.id}/move?start=2026-12-03T14:00:00%2B01:00",
            "brief": f"{base}/bookings/{meeting.id}",
        }.items():
            await page.goto(address)
            await page.evaluate(axe)
            result = await page.evaluate(AXE)
            # A check that looked at nothing finds nothing.
            assert result["passes"] > 12, name
            found[name] = (*await _measure(page), result["found"])

    assert found == {name: (0, [], []) for name in found}


async def _proposed(world: World) -> Booking:
    """Book a meeting, and let its customer propose another time."""
    meeting = await world.meeting(at(10, day=1))
    await world.invitation_answered(
        meeting, "anna@example.org", "TENTATIVE", rather="20261203T140000"
    )
    return meeting


async def _measure(page: Page) -> tuple[int, list[str]]:
    """Return how far the page is too wide, and which targets are too small."""
    wide: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    small: list[str] = await page.evaluate(
        """smallest => [...document.querySelectorAll("main a, header a, button, input")]
        .filter(target => {
            if (target.type === "hidden") return false;
            const box = target.getBoundingClientRect();
            const row = target.closest(".meeting");
            return !row && (box.height < smallest || box.width < smallest);
        }).map(target => target.textContent.trim() || target.name)""",
        SMALLEST,
    )
    return wide, small
