"""The keys under which what is known of people is sealed."""

import rich_click as click

from api import store
from api.cli.run import as_json, command, for_tenant, in_house, of_tenant, show
from api.key_keeping import replace_keys, seal_anew
from api.wiring import House


@click.group()
def vault() -> None:
    """Keys under which what is known of people is sealed."""


@vault.command("rotate")
@of_tenant
@command
async def rotate(tenant: str) -> None:
    """Give an organisation new keys.

    The worker lets everything rest on them, and then the old ones go.
    """
    await for_tenant(
        tenant, lambda db, owner, house: replace_keys(db, owner.id, now=house.clock.now())
    )


@vault.command("reseal")
@as_json
@command
async def reseal(*, json: bool) -> None:
    """Seal everything anew under the present secret key, so that those before it can go.

    Put the new key into SPREEKUUR_SECRET_KEY and the old one into SPREEKUUR_SECRET_KEYS_BEFORE,
    start everything with them, and run this. Links in letters that were sent before stop working
    once the old key goes.
    """

    async def work(house: House) -> int:
        async with house.database.reading() as db:
            tenants = await store.all_tenants(db)
        done = 0
        for tenant in tenants:
            async with house.database.transaction(tenant) as db:
                done += await seal_anew(db, tenant, house.calendars)
        return done

    show({"sealed": await in_house(work)}, json=json)


COMMANDS = (vault,)
