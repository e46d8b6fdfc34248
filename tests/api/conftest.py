"""The whole application over a database of each kind, with a bank in it and a mailbox."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from litestar import Litestar

from api.bootstrap import open_house
from api.settings import Settings
from api.wiring import House
from kernel.clock import FixedClock
from kernel.crypto import Secret
from notifications.channels.mailbox import Mailbox
from tests.api.bank import INBOUND_SECRET, ORIGIN, PUBLIC_URL, Bank, asking, open_bank
from tests.services.application import served


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    """Where every letter ends up."""
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def allowed() -> tuple[str, ...]:
    """Addresses inside the network that may be called all the same: none."""
    return ()


@pytest.fixture
def reply_domain() -> str | None:
    """Where answers to invitations are received: nowhere."""
    return None


@pytest.fixture
async def house(
    database_url: str,
    clock: FixedClock,
    mailbox: Mailbox,
    allowed: tuple[str, ...],
    reply_domain: str | None,
) -> AsyncIterator[House]:
    """A whole installation, with a mailbox in place of a mail server."""
    settings = Settings(
        secret_key=Secret("a secret key for tests, long enough"),
        database_url=database_url,
        public_url=PUBLIC_URL,
        outgoing_allow=allowed,
        reply_domain=reply_domain,
        inbound_secret=Secret(INBOUND_SECRET),
    )
    async with open_house(settings, clock=clock, channels={"email": mailbox}) as opened:
        yield opened


@pytest.fixture
def app(house: House) -> Iterator[Litestar]:
    """The application of that installation."""
    with served(house) as app:
        yield app


@pytest.fixture
async def bank(house: House) -> Bank:
    """A bank that can be booked."""
    return await open_bank(house)


@pytest.fixture
async def client(app: Litestar, bank: Bank) -> AsyncIterator[httpx2.AsyncClient]:
    """The bank's own server, with its secret key."""
    async with asking(app, bank.secret) as program:
        yield program


@pytest.fixture
async def widget(app: Litestar, bank: Bank) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser on the bank's website, with the publishable key."""
    async with asking(app, bank.publishable, origin=ORIGIN) as browser:
        yield browser


@pytest.fixture
async def customer(app: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    """A customer with a link from a mail, and no key."""
    async with asking(app) as browser:
        yield browser
