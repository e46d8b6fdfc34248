"""Customers see what is known of them and who looked, take it along, and erase it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import context.service
from context import erasing
from context.erasure import HoldInput
from context.errors import CustomerUnknown
from kernel.clock import FixedClock
from tests.api.console_world import ANSWERS, World, at, open_world
from tests.api.pages_browser import read, send
from tests.api.test_pages_manage import link, stored


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def test_a_customer_sees_what_is_known_and_who_looked(world: World) -> None:
    """Each answer with where it came from, and the advisor who opened the brief."""
    meeting = await world.meeting(at(10, day=1))
    await world.answer(meeting, ANSWERS, submit=True)
    base = link(world, meeting)
    async with world.browser() as browser:
        before = await read(browser, f"{base}/data")
        async with world.signed_in() as screen:
            assert (await screen.get(f"/console/bookings/{meeting.id}")).status_code == 200
        after = await read(browser, f"{base}/data")
        file = await browser.get(f"/v1{base}/data")

    assert "64.000" in before.text
    assert "Nog niemand." in before.text
    assert "Sanne Visser, " in after.text
    assert file.json()["customer"]["email"] == "anna@example.org"
    assert {fact["path"] for fact in file.json()["facts"]} >= {"income.gross_year", "goal"}


async def test_a_customer_erases_everything(world: World) -> None:
    """After a tick and a press the meeting is off, nobody knows them, and the link has ended."""
    meeting = await world.meeting(at(10, day=1))
    base = link(world, meeting)
    async with world.browser() as browser:
        page = await read(browser, f"{base}/data")
        unsure = await browser.post(f"{base}/erase", headers={"accept": "text/html"})
        kept = await stored(world, meeting)
        (form,) = [form for form in page.forms if form.action.endswith("/erase")]
        gone = await send(browser, form, {"sure": "yes"})
        ended = await browser.get(base, headers={"accept": "text/html"})

    assert (unsure.status_code, kept.state) == (400, "confirmed")
    assert "Uw komende afspraak wordt afgezegd" in page.text
    assert "Uw gegevens zijn gewist" in gone.text
    assert ended.status_code == 410
    assert (await stored(world, meeting)).state == "cancelled"
    async with world.house.database.reading(world.bank.tenant.id) as db:
        with pytest.raises(CustomerUnknown):
            await context.service.get_customer(db, world.bank.tenant.id, meeting.customer_id)


async def test_what_must_be_kept_is_not_erased(world: World) -> None:
    """The page says so, and who to ask; everything stands."""
    meeting = await world.meeting(at(10, day=1))
    tenant, base = world.bank.tenant.id, link(world, meeting)
    async with world.house.database.transaction(tenant) as db:
        data = HoldInput(reason="Klacht")
        await erasing.place_hold(
            db, tenant, meeting.customer_id, data, now=world.now(), by="operator"
        )
    async with world.browser() as browser:
        answer = await browser.post(
            f"{base}/erase", data={"sure": "yes"}, headers={"accept": "text/html"}
        )

    assert answer.status_code == 409
    assert "Er is niets gewist" in answer.text
    assert (await stored(world, meeting)).state == "confirmed"


@pytest.mark.parametrize(("method", "path"), [("GET", "data"), ("POST", "erase")])
async def test_only_who_reads_the_mail_sees_or_erases(world: World, method: str, path: str) -> None:
    """The link shown right after booking may be anybody's."""
    meeting = await world.meeting(at(10, day=1))
    base = link(world, meeting, mailed=False)
    async with world.browser() as browser:
        page = await browser.request(method, f"{base}/{path}", headers={"accept": "text/html"})
        call = await browser.request(method, f"/v1{base}/{path}", json={"cancel_meetings": True})
        shown = await read(browser, base)

    assert (page.status_code, call.status_code) == (403, 403)
    assert "Bekijk of wis" not in shown.text
    assert (await stored(world, meeting)).state == "confirmed"
