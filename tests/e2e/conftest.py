"""A browser, a customer's site, and an API on another origin."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.widget_page import Visit
from tests.services.chromium import chromium
from tests.services.site import Site
from tests.services.wire_server import WireServer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of this process; each visit gets a profile of its own."""
    async with chromium() as running:
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    """The bank's own site."""
    running = Site()
    yield running
    running.stop()


@pytest.fixture
def publishable_key() -> str:
    """A key that this site may use."""
    return "pk_test_widget"


@pytest.fixture
def meeting_type() -> str:
    """A meeting of an hour, by video, by phone or at one of two branches, with one advisor."""
    return "hypotheek"


@pytest.fixture
def wire(site: Site, publishable_key: str) -> Iterator[WireServer]:
    """The server behind `api_origin`, on Monday 30 November 2026 at nine in Amsterdam."""
    now = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    running = WireServer(key=publishable_key, origin=site.origin, now=now)
    yield running
    running.stop()


@pytest.fixture
def api_origin(wire: WireServer) -> str:
    """Where the API and the widget's script are served."""
    return wire.origin


@pytest.fixture
def let_holds_end(wire: WireServer) -> Callable[[], None]:
    """Makes every hold end, as ten minutes would."""
    return wire.desk.holds.clear


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    browser: Browser, site: Site, api_origin: str, publishable_key: str, meeting_type: str
) -> AsyncIterator[Visit]:
    """A visitor of the site who has not yet opened a page."""
    visitor = Visit(browser, site, api_origin, publishable_key, meeting_type)
    yield visitor
    await visitor.leave()
