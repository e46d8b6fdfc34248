"""What went wrong, as a page: plain words, the right language, somebody to call, no details."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from litestar import get
from sqlalchemy.exc import OperationalError

from api.app import create_app
from kernel.clock import FixedClock
from tests.api.console_world import World, at, open_world
from tests.api.pages_browser import PHONE, Reading, read


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def open_broken(world: World, fault: Exception) -> httpx2.Response:
    """Open a page behind which this goes wrong."""

    @get("/broken", include_in_schema=False)
    async def broken() -> None:
        raise fault

    application: Any = create_app(world.house, extra=[broken])
    transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as browser:
        return await browser.get("/broken", headers={"accept": "text/html"})


@pytest.mark.parametrize(
    ("wish", "language", "words"),
    [
        ("nl-NL,nl;q=0.9,en;q=0.8", "nl", "Deze pagina bestaat niet"),
        ("en-GB,en;q=0.9,nl;q=0.8", "en", "There is no such page"),
        ("de-DE", "nl", "Deze pagina bestaat niet"),
        ("", "nl", "Deze pagina bestaat niet"),
    ],
)
async def test_a_page_that_is_not_there_speaks_the_readers_language(
    world: World, wish: str, language: str, words: str
) -> None:
    """Nothing is known of the reader but what their browser says."""
    async with world.browser(accept_language=wish) as browser:
        page = await read(browser, "/nowhere", status=404)

    assert page.language == language
    assert words in page.text


async def test_a_known_organisation_decides_language_and_phone(world: World) -> None:
    """A link that has ended still tells whose it was, so there is somebody to call."""
    meeting = await world.meeting(at(10, day=1))
    old = world.house.links.url(
        "manage", world.bank.tenant.id, meeting.id, meeting.generation + 1, mailed=True
    )
    async with world.browser(accept_language="en") as browser:
        page = await read(browser, old, status=410)

    assert page.language == "nl"
    assert "Deze link is niet meer geldig" in page.text
    assert PHONE in page.text
    assert page.link("Maak een nieuwe afspraak") == "/book/demobank"


async def test_a_fault_of_ours_tells_nothing_but_its_number(world: World) -> None:
    """The customer can mention the number; what broke stays inside."""
    answer = await open_broken(world, RuntimeError("the password is hunter2"))
    page = Reading(answer.text)

    assert answer.status_code == 500
    assert "Er ging iets mis bij ons" in page.text
    assert answer.headers["x-request-id"] in page.text
    assert "hunter2" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_part_that_is_down_asks_for_patience(world: World) -> None:
    """A database that does not answer is no mistake of the customer's."""
    answer = await open_broken(world, OperationalError("SELECT 1", {}, Exception("down")))

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "Er is niets veranderd" in answer.text


async def test_the_api_never_answers_with_a_page(world: World) -> None:
    """Below /v1 a browser gets the same problem document as everybody."""
    async with world.browser() as browser:
        answer = await browser.get("/v1/bookings", headers={"accept": "text/html"})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
