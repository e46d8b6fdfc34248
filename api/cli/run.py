"""What every command shares: a house, an organisation, one way to print and one way to fail.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not reachable, 4 conflict.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.bootstrap import open_house
from api.logs import set_up_logs
from api.settings import load_settings
from api.wiring import House
from kernel.database import Database
from kernel.errors import Conflict, Invalid, SpreekuurError, Unavailable
from kernel.ids import Id
from kernel.tenancy import Tenant, find_tenant
from notifications.channels.email import SmtpChannel

P = ParamSpec("P")
T = TypeVar("T")

FAILED: Final = 1
NOT_REACHABLE: Final = 3
CONFLICT: Final = 4

as_json = click.option("--json", "json", is_flag=True, help="Print one JSON object.")
of_tenant = click.option("--tenant", required=True, help="The organisation's slug.")
from_file = click.argument("file", type=click.Path())


def command(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async command, and turn its errors into a sentence and an exit code."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        set_up_logs("warning")
        try:
            asyncio.run(function(*args, **kwargs))
        except SpreekuurError as error:
            fail(error)
        except (OperationalError, ConnectionError, OSError) as error:
            sentence = f"Something we need does not answer ({type(error).__name__})."
            fail(Unavailable(f"{sentence} Try: spreekuur doctor"))

    return run


def fail(error: SpreekuurError) -> NoReturn:
    """End the program with what went wrong, where and what to do."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"[bold red]{error.title}.[/] {error.detail}")
    for field in error.errors:
        console.print(f"  {field.pointer}: {field.detail}")
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE or error.code == "calendar-unreachable":
        sys.exit(NOT_REACHABLE)
    sys.exit(CONFLICT if isinstance(error, Conflict) else FAILED)


async def in_house(work: Callable[[House], Awaitable[T]]) -> T:
    """Do *work* with a house built from the environment's settings."""
    settings = load_settings()
    # Commands never send letters themselves: the server or a worker does.
    channels = {"email": SmtpChannel(settings.smtp_url or "smtp://127.0.0.1:25")}
    async with open_house(settings, channels=channels) as house:
        return await work(house)


async def for_tenant(
    slug: str, work: Callable[[AsyncConnection, Tenant, House], Awaitable[T]]
) -> T:
    """Do *work* in one transaction on behalf of an organisation."""

    async def inside(house: House) -> T:
        tenant = await named(house.database, slug)
        async with house.database.transaction(tenant.id) as db:
            return await work(db, tenant, house)

    return await in_house(inside)


async def named(database: Database, slug: str) -> Tenant:
    """Return the organisation with this slug."""
    async with database.reading() as db:
        return await find_tenant(db, slug)


def show(value: Any, *, json: bool, columns: Sequence[str] = ()) -> None:
    """Print a value or a list: as JSON, or as a table of *columns* for people."""
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2))
        return
    rows = msgspec.to_builtins(value, enc_hook=str)
    rows = rows if isinstance(rows, list) else [rows]
    names = columns or (list(rows[0]) if rows else [])
    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    Console(soft_wrap=True).print(table if rows else "Nothing yet.")


def read(path: str, kind: type[T]) -> T:
    """Read a JSON file (``-``: standard input) as *kind*.

    Raises:
        Invalid: It is not JSON, or does not fit; the message says where.
    """
    text = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise Invalid(f"{path}: {error}") from None


def read_all(file: str, kind: type[T]) -> list[T]:
    """Read one or a list of them."""
    wanted = read(file, kind | list[kind])  # type: ignore[arg-type,valid-type]  # a union is a type here
    return wanted if isinstance(wanted, list) else [wanted]


async def apply_all(
    tenant: str,
    many: Sequence[T],
    apply: Callable[[AsyncConnection, Id, T, datetime], Awaitable[Any]],
) -> list[Any]:
    """Apply them all or, where one is refused, none."""
    return await for_tenant(
        tenant,
        lambda db, owner, house: _each(
            many, lambda one: apply(db, owner.id, one, house.clock.now())
        ),
    )


async def _each(many: Sequence[T], apply: Callable[[T], Awaitable[Any]]) -> list[Any]:
    return [await apply(one) for one in many]


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {entry}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    return "" if value is None else str(value)
