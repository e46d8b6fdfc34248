"""Everything the demo runs: a house on SQLite, two websites, a CalDAV server, a mailbox."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from litestar import Litestar
from msgspec import Struct
from spreekuur import AsyncSpreekuur

from api import access
from api.app import create_app
from api.bootstrap import open_house
from api.demo.bank import PHONE, SANNE, Bank, set_up
from api.demo.mailbox import demo_handlers
from api.demo.processes import CalendarServer, calendar_server, free_port
from api.demo.serving import serving
from api.demo.site import bank_site
from api.migrations import migrate
from api.server import working
from api.settings import Settings
from api.wiring import House
from kernel.clock import SystemClock
from kernel.crypto import Secret
from kernel.ids import Id
from kernel.tenancy import TenantSettings, create_tenant
from notifications.channels.mailbox import Mailbox

SLUG: Final = "demobank"


class Stage(Struct, frozen=True, kw_only=True):
    """What runs, and how to reach it."""

    house: House
    clock: SystemClock
    mailbox: Mailbox
    calendars: CalendarServer
    settings: Settings
    bank_url: str

    @property
    def url(self) -> str:
        """Where Spreekuur is served."""
        return self.settings.public_url

    def client(self, key: str | None = None) -> AsyncSpreekuur:
        """Return the Python SDK, as a developer at the bank would use it."""
        return AsyncSpreekuur(key, base_url=self.url)


@asynccontextmanager
async def stage(
    folder: Path, *, port: int, clock: SystemClock, users: dict[str, str]
) -> AsyncIterator[Stage]:
    """Prepare a house, a mailbox and a CalDAV server in *folder*; nothing is served yet."""
    async with calendar_server(folder / "calendars", users) as calendars:
        settings = Settings(
            secret_key=_secret(folder),
            data_dir=folder,
            public_url=f"http://127.0.0.1:{port}",
            mail_from="afspraken@demobank.example",
            outgoing_allow=(f"127.0.0.1:{calendars.port}",),
            log_level="error",
        )
        await migrate(settings.database, keyring=settings.keyring)
        mailbox = Mailbox(folder / "mailbox")
        async with open_house(settings, clock=clock, channels={"email": mailbox}) as house:
            yield Stage(
                house=house,
                clock=clock,
                mailbox=mailbox,
                calendars=calendars,
                settings=settings,
                bank_url=f"http://127.0.0.1:{free_port()}",
            )


async def found_bank(stage: Stage) -> tuple[Id, str]:
    """Create the demo's organisation and return its id and first secret key."""
    now = stage.clock.now()
    async with stage.house.database.transaction() as db:
        tenant = await create_tenant(
            db, slug=SLUG, name="Demobank", settings=TenantSettings(phone=PHONE), now=now
        )
        _, key = await access.create_key(
            db, tenant.id, kind="secret", name="demo", origins=[], now=now
        )
    return tenant.id, key


@asynccontextmanager
async def curtain_up(stage: Stage, tenant: Id, key: str) -> AsyncIterator[Bank]:
    """Serve everything, with the bank set up, while the block lasts."""
    async with (
        serving(application(stage, tenant), port_of(stage.url)),
        stage.client(key) as client,
    ):
        bank = await set_up(
            client, stage.calendars, origins=[stage.bank_url, stage.url], now=stage.clock.now()
        )
        site = bank_site(api=stage.url, key=bank.publishable_key, phone=PHONE)
        async with serving(site, port_of(stage.bank_url)):
            yield bank


def application(stage: Stage, tenant: Id) -> Litestar:
    """Return the application as the demo serves it, with its jobs inside."""
    return create_app(
        stage.house,
        extra=demo_handlers(stage.mailbox, tenant, email=SANNE),
        lifespan=[lambda _: working(stage.house)],
    )


def _secret(folder: Path) -> Secret:
    """Return the folder's secret key; a folder that is kept keeps its key."""
    path = folder / "secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return Secret(path.read_text())


def port_of(url: str) -> int:
    """Return the port of one of the stage's addresses."""
    return int(url.rpartition(":")[2])
