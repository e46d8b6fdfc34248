"""Looking at work that waits, and trying again what has died."""

from typing import Final

import rich_click as click

from api.cli.run import as_json, command, in_house, show
from api.wiring import House
from kernel import work


@click.group()
def outbox() -> None:
    """Work that follows from what happened."""


@outbox.command("status")
@as_json
@command
async def outbox_status(*, json: bool) -> None:
    """Count work by queue and state."""

    async def count(house: House) -> list[work.Count]:
        async with house.database.reading() as db:
            return await work.counts(db)

    show(await in_house(count), json=json)


@outbox.command("replay")
@click.option("--dry-run", is_flag=True, help="Only count; letters may leave otherwise.")
@as_json
@command
async def outbox_replay(*, dry_run: bool, json: bool) -> None:
    """Try dead work again."""

    async def again(house: House) -> int:
        async with house.database.transaction() as db:
            return await work.revive(db, now=house.clock.now(), dry_run=dry_run)

    show({"would_replay" if dry_run else "replayed": await in_house(again)}, json=json)


COMMANDS: Final = (outbox,)
