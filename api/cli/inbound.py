"""The door for mail that a mail server on this machine received for us."""

import asyncio
import sys
from typing import Final, NoReturn

import rich_click as click

from api import inbound as mail
from api import store
from api.cli.run import as_json, command, in_house, show
from api.logs import set_up_logs
from api.wiring import House
from booking.replies import MAX_BYTES

TRY_AGAIN: Final = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the mail, and comes again with it."""


@click.command("inbound")
@click.argument("recipient")
@click.option("--sender", help="Of the envelope; empty for a bounce.")
@as_json
def inbound(recipient: str, *, sender: str | None, json: bool) -> None:
    """Take one mail from standard input, handed over for RECIPIENT.

    Exits with 0 whatever the mail was, and with 75 if it is to be handed over again later.
    """
    set_up_logs("warning")
    # One byte more than is read of it: what is larger is known to be.
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)

    async def take(house: House) -> str:
        return await mail.receive(house, raw, recipient=recipient, sender=sender)

    try:
        outcome = asyncio.run(in_house(take))
    except Exception as error:  # noqa: BLE001  # whatever it is, the mail must not be lost
        _again(error)
    if json:
        show({"outcome": outcome}, json=True)


def _again(error: Exception) -> NoReturn:
    click.echo(f"Not now ({type(error).__name__}). Try: spreekuur doctor", err=True)
    sys.exit(TRY_AGAIN)


@click.command("inbound-counts")
@as_json
@command
async def inbound_counts(*, json: bool) -> None:
    """Count the mails that came in by day and by what became of them."""

    async def count(house: House) -> list[store.InboundCount]:
        async with house.database.reading() as db:
            return await store.inbound_counts(db)

    show(await in_house(count), json=json)


COMMANDS: Final = (inbound, inbound_counts)
