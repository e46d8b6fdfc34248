"""Stopping messages by the link at their foot, with one click, and never by looking."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import context.service
from booking.model import Booking
from kernel.clock import FixedClock
from tests.api.console_world import World, at, open_world
from tests.api.pages_browser import PHONE, read, send


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def meeting(world: World) -> Booking:
    """A meeting of a customer who agreed to messages about rates."""
    made = await world.meeting(at(10, day=1))
    tenant = world.bank.tenant.id
    async with world.house.database.transaction(tenant) as db:
        await context.service.set_consent(
            db,
            tenant,
            made.customer_id,
            "rate-notices",
            given=True,
            language="nl",
            channel="web",
            now=world.now(),
        )
    return made


def link(world: World, meeting: Booking) -> str:
    """Return the path of the link at the foot of a message."""
    return urlsplit(
        world.house.links.stop_url(world.bank.tenant.id, meeting.customer_id, "rate-notices")
    ).path


async def agreed(world: World, meeting: Booking) -> bool:
    """Return whether the customer still agrees."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        found = await context.service.consented(db, tenant, meeting.customer_id, "rate-notices")
    return found is not None


async def test_a_customer_stops_messages(world: World, meeting: Booking) -> None:
    """The page says what stops and what goes on; the button stops it, and says how to undo."""
    async with world.browser() as browser:
        question = await read(browser, link(world, meeting))
        looked = await agreed(world, meeting)
        answer = await send(browser, question.form(), {})
        again = await read(browser, link(world, meeting))

    assert "Wilt u deze berichten niet meer krijgen?" in question.text
    assert "Berichten over uw afspraak zelf blijven komen." in question.text
    assert looked is True
    assert answer.status_code == 200
    assert "Het is gestopt" in answer.text
    assert "Toch weer berichten ontvangen?" in answer.text
    assert PHONE in answer.text
    assert await agreed(world, meeting) is False
    assert "U krijgt deze berichten niet" in again.text
    assert again.forms == []


@pytest.mark.parametrize("multipart", [False, True])
async def test_a_mail_program_stops_them_with_one_click(
    world: World, meeting: Booking, *, multipart: bool
) -> None:
    """RFC 8058: a POST from the mail provider's own website, in either encoding, is enough."""
    async with world.browser(sec_fetch_site="cross-site", origin="https://mail.example") as program:
        body = {"List-Unsubscribe": "One-Click"}
        answer = await (
            program.post(link(world, meeting), files={"List-Unsubscribe": (None, "One-Click")})
            if multipart
            else program.post(link(world, meeting), data=body)
        )

    assert answer.status_code == 200
    assert await agreed(world, meeting) is False


async def test_another_website_cannot_stop_them_by_a_form(world: World, meeting: Booking) -> None:
    """Without the words of RFC 8058 the form has to come from our page."""
    async with world.browser(sec_fetch_site="cross-site") as browser:
        answer = await browser.post(link(world, meeting), data={"x": "y"})

    assert answer.status_code == 403
    assert await agreed(world, meeting) is True


async def test_stopping_twice_is_no_mistake(world: World, meeting: Booking) -> None:
    """The ledger has one withdrawal, however often the button is pressed."""
    tenant = world.bank.tenant.id
    async with world.browser() as browser:
        for _ in range(2):
            answer = await browser.post(
                link(world, meeting), data={"List-Unsubscribe": "One-Click"}
            )
            assert answer.status_code == 200
    async with world.house.database.reading(tenant) as db:
        prepared = await context.service.prepare(
            db,
            tenant,
            booking=meeting.id,
            customer=meeting.customer_id,
            advisor=world.bank.advisor,
            language="nl",
            now=world.now(),
        )

    assert [(row.purpose, row.given, row.channel) for row in prepared.consents] == [
        ("rate-notices", False, "email")
    ]


async def test_looking_stops_nothing(world: World, meeting: Booking) -> None:
    """A scanner that opens the link, or asks for its head, leaves the consent as it was."""
    async with world.browser() as scanner:
        await scanner.get(link(world, meeting))
        await scanner.head(link(world, meeting))

    assert await agreed(world, meeting) is True


async def test_a_link_that_was_cut_off_is_explained(world: World, meeting: Booking) -> None:
    """Half a link stops nothing, and neither does a link of another kind."""
    booking_link = world.house.links.url(
        "manage", world.bank.tenant.id, meeting.id, meeting.generation, mailed=True
    )
    async with world.browser() as browser:
        page = await read(browser, link(world, meeting)[:30], status=404)
        other = await read(browser, f"/unsubscribe/{booking_link.rpartition('/')[2]}", status=404)

    assert "Deze link werkt niet" in page.text
    assert "Deze link werkt niet" in other.text
    assert await agreed(world, meeting) is True
