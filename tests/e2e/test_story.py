"""The whole story in a real browser, on everything the demo runs: customer, mail, advisor."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from api.demo.bank import USERS, Bank
from api.demo.check.play import MONDAY
from api.demo.processes import free_port
from api.demo.stage import Stage, curtain_up, found_bank, stage
from kernel.clock import SystemClock
from notifications.channels.mailbox import Mail

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = ViewportSize(width=360, height=740)


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path: Path) -> AsyncIterator[tuple[Stage, Bank]]:
    """The demo, served: the bank's website on one origin, Spreekuur on another."""
    clock = SystemClock.starting_at(MONDAY)
    async with stage(tmp_path, port=free_port(), clock=clock, users=dict(USERS)) as running:
        tenant, key = await found_bank(running)
        async with curtain_up(running, tenant, key) as bank:
            yield running, bank


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A visitor's window as wide as a telephone, in which nothing may go wrong unseen."""
    context = await browser.new_context(timezone_id="Europe/Amsterdam", viewport=NARROW)
    opened = await context.new_page()
    opened.set_default_timeout(20_000)
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("console", lambda line: trouble.append(line.text) if line.type == "error" else None)
    yield opened
    await context.close()
    assert trouble == []


async def letter(running: Stage, to: str, word: str) -> Mail:
    """Wait for the letter to this address that has this word."""
    for _ in range(200):
        for mail in running.mailbox.messages():
            if to in mail.to and word in f"{mail.subject} {mail.text}":
                return mail
        await asyncio.sleep(0.1)
    raise AssertionError(f"no letter to {to} with {word!r}")


async def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_customer_books_prepares_and_the_advisor_reads_it(
    scene: tuple[Stage, Bank], page: Page
) -> None:
    """From the bank's website through the mail and the intake to the advisor's brief."""
    running, bank = scene

    # The customer, on the bank's website: another origin, and a strict policy.
    await page.goto(running.bank_url)
    widget = page.locator("spreekuur-booking")
    await widget.get_by_role("radio", name="Videogesprek").check()
    await widget.locator("[data-start]").first.click()
    await widget.get_by_label("Mevrouw").check()
    await widget.get_by_label("Voornaam").fill("Noor")
    await widget.get_by_label("Tussenvoegsel").fill("van der")
    await widget.get_by_label("Achternaam").fill("Meer")
    await widget.get_by_label("E-mailadres").fill("noor@example.org")
    await widget.get_by_role("button", name="Afspraak bevestigen").click()
    await expect(widget.get_by_text("Sanne Visser")).to_be_visible()
    await fits(page)

    # The letter, and the preparation behind its link.
    mail = await letter(running, "noor@example.org", "Geachte mevrouw Van der Meer")
    await page.goto(next(link for link in mail.links if "/intake/" in link))
    await page.get_by_label("Mijn hypotheek oversluiten").check()
    await page.get_by_label("Vertel in uw eigen woorden").fill("Is oversluiten nu slim?")
    debt = page.get_by_label("Hoeveel is uw restschuld?")
    await debt.fill("238.500,00")
    consent = page.get_by_role("checkbox")
    await expect(consent).not_to_be_checked()
    await consent.check()
    await page.get_by_role("button", name="Opslaan").first.click()
    await page.reload()
    await expect(page.get_by_label("Vertel in uw eigen woorden")).to_have_value(
        "Is oversluiten nu slim?"
    )
    await fits(page)

    # The advisor.
    await page.goto(f"{running.url}/console/demobank")
    await page.get_by_role("textbox").fill(bank.sanne.email)
    await page.get_by_role("button").first.click()
    sign_in = await letter(running, bank.sanne.email, "/console/sign-in/")
    await page.goto(next(link for link in sign_in.links if "/sign-in/" in link))
    await page.get_by_role("button").first.click()
    await page.get_by_role("link", name="Van der Meer").first.click()
    await expect(page.get_by_text("Is oversluiten nu slim?").first).to_be_visible()
    await expect(page.get_by_text("238.500,00").first).to_be_visible()
    await fits(page)
