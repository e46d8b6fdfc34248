"""Running an installation: serve, work, migrate, doctor, openapi."""

import asyncio
import sys
from typing import Any, Final

import msgspec
import rich_click as click
from sqlalchemy import make_url

from api.app import create_app
from api.bootstrap import build_house, close_house, open_house
from api.cli.run import FAILED, as_json, command, fail, show
from api.doctor import examine
from api.logs import set_up_logs
from api.migrations import migrate as bring_up_to_date
from api.migrations import require_current_schema
from api.settings import Settings, load_settings
from api.worker import run_worker
from kernel.crypto import Secret
from kernel.errors import SpreekuurError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes; more need PostgreSQL.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the API and the pages; without Redis the jobs run in here as well."""
    from granian import Granian  # noqa: PLC0415  # only this command needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    try:
        settings = load_settings()
        asyncio.run(_check(settings))
    except SpreekuurError as error:
        fail(error)
    Granian(
        "api.server:build",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        log_access=False,
    ).serve()


@click.command()
@command
async def work() -> None:
    """Do the jobs: woken through Redis, or by looking every second."""
    settings = load_settings()
    set_up_logs(settings.log_level)
    async with open_house(settings) as house:
        await require_current_schema(house.database)
        if settings.redis_url is None:
            await house.relay.run(house.worker)
        else:
            await run_worker(house)


@click.command()
@as_json
@command
async def migrate(*, json: bool) -> None:
    """Bring the database up to date."""
    settings = load_settings()
    role = make_url(settings.database).username
    owner = make_url(settings.migration_database).username
    applied = await bring_up_to_date(
        settings.migration_database,
        keyring=settings.keyring,
        application=role if role != owner else None,
    )
    show({"applied": applied, "database": settings.database_host}, json=json)


@click.command()
@as_json
@command
async def doctor(*, json: bool) -> None:
    """Say what is wrong with the settings and what they point at."""
    findings = await examine(load_settings())
    show(findings, json=json, columns=("part", "ok", "detail"))
    if not all(finding.ok for finding in findings):
        sys.exit(FAILED)


@click.command()
def openapi() -> None:
    """Print the API description."""
    settings = Settings(secret_key=Secret("x" * 32), database_url="sqlite://")
    house = build_house(settings, channels={})
    schema = create_app(house).openapi_schema.to_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(schema, enc_hook=_plain), indent=2))
    asyncio.run(close_house(house))


async def _check(settings: Settings) -> None:
    async with open_house(settings) as house:
        await require_current_schema(house.database)


def _plain(value: Any) -> Any:
    return str(value)


COMMANDS: Final = (serve, work, migrate, doctor, openapi)
