"""An organisation itself: tenants, keys, forms and calendars."""

from collections.abc import Sequence
from typing import Any, Final

import rich_click as click

import context.service
from api import access
from api.cli.run import as_json, command, for_tenant, in_house, named, of_tenant, read, show
from api.wiring import House
from booking.calendars.model import ConnectInput
from context.model import FormDefinition
from kernel.ids import Id
from kernel.tenancy import Tenant, TenantSettings, create_tenant


@click.group()
def tenants() -> None:
    """Organisations."""


@tenants.command("create")
@click.option("--slug", required=True, help="Short name in addresses: small letters and dashes.")
@click.option("--name", required=True, help="As customers know it.")
@click.option("--timezone", default="Europe/Amsterdam", show_default=True)
@click.option("--language", type=click.Choice(["nl", "en"]), default="nl", show_default=True)
@click.option("--phone", help="Where a person answers.")
@as_json
@command
async def tenants_create(
    slug: str, name: str, timezone: str, language: Any, phone: str | None, *, json: bool
) -> None:
    """Set up an organisation and print its first secret key, which is shown this once."""

    async def work(house: House) -> tuple[Tenant, str]:
        now = house.clock.now()
        settings = TenantSettings(timezone=timezone, language=language, phone=phone)
        async with house.database.transaction() as db:
            tenant = await create_tenant(db, slug=slug, name=name, settings=settings, now=now)
            _, key = await access.create_key(
                db, tenant.id, kind="secret", name="first key", origins=[], now=now
            )
        return tenant, key

    tenant, key = await in_house(work)
    show({"id": tenant.id, "slug": tenant.slug, "name": tenant.name, "key": key}, json=json)


@click.group()
def keys() -> None:
    """API keys."""


@keys.command("create")
@of_tenant
@click.option("--kind", type=click.Choice(["secret", "publishable"]), default="secret")
@click.option("--name", required=True)
@click.option("--origin", "origins", multiple=True, help="A website a publishable key is for.")
@as_json
@command
async def keys_create(
    tenant: str, kind: Any, name: str, origins: Sequence[str], *, json: bool
) -> None:
    """Make a key and print it; it is shown this once."""
    made, text = await for_tenant(
        tenant,
        lambda db, owner, house: access.create_key(
            db, owner.id, kind=kind, name=name, origins=list(origins), now=house.clock.now()
        ),
    )
    show({"id": made.id, "kind": made.kind, "name": made.name, "key": text}, json=json)


@keys.command("list")
@of_tenant
@as_json
@command
async def keys_list(tenant: str, *, json: bool) -> None:
    """List keys, without their texts."""
    found = await for_tenant(tenant, lambda db, owner, _: access.list_keys(db, owner.id))
    show(found, json=json)


@keys.command("revoke")
@of_tenant
@click.argument("key")
@command
async def keys_revoke(tenant: str, key: Id) -> None:
    """End a key at once."""
    await for_tenant(
        tenant,
        lambda db, owner, house: access.revoke_key(db, owner.id, key, now=house.clock.now()),
    )


@click.group()
def forms() -> None:
    """Intake forms."""


@forms.command("publish")
@of_tenant
@click.argument("file", type=click.Path())
@as_json
@command
async def forms_publish(tenant: str, file: str, *, json: bool) -> None:
    """Publish a form from a JSON FILE as its next version."""
    definition = read(file, FormDefinition)
    form = await for_tenant(
        tenant,
        lambda db, owner, house: context.service.publish_form(
            db, owner.id, definition, now=house.clock.now(), by="operator"
        ),
    )
    show({"id": form.id, "slug": form.slug, "version": form.version}, json=json)


@click.group()
def calendars() -> None:
    """Advisors' own calendars."""


@calendars.command("connect")
@of_tenant
@click.option("--advisor", required=True, help="Id of the advisor.")
@click.option("--url", required=True)
@click.option("--username", required=True)
@click.option("--password", prompt=True, hide_input=True)
@as_json
@command
async def calendars_connect(
    tenant: str, advisor: Id, url: str, username: str, password: str, *, json: bool
) -> None:
    """Connect a CalDAV account and read it for the first time."""
    data = ConnectInput(advisor=advisor, url=url, username=username, password=password)

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.connect(owner.id, data)

    account = await in_house(work)
    show(account if json else account.collections, json=json)


@calendars.command("test")
@click.option("--url", required=True)
@click.option("--username", required=True)
@click.option("--password", prompt=True, hide_input=True)
@as_json
@command
async def calendars_test(url: str, username: str, password: str, *, json: bool) -> None:
    """Try an account without connecting it, and list its calendars."""
    found = await in_house(lambda house: house.calendars.test(url, username, password))
    show(found, json=json, columns=("name", "url", "writable", "timezone"))


@calendars.command("sync")
@of_tenant
@click.argument("account")
@as_json
@command
async def calendars_sync(tenant: str, account: Id, *, json: bool) -> None:
    """Read an account's calendars now."""

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.sync(owner.id, account)

    synced = await in_house(work)
    show(synced if json else synced.collections, json=json)


@calendars.command("status")
@of_tenant
@as_json
@command
async def calendars_status(tenant: str, *, json: bool) -> None:
    """Show how fresh every calendar is, and what is wrong."""

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.list_accounts(owner.id)

    accounts = await in_house(work)
    columns = ("id", "advisor_id", "url", "state", "problem")
    show(accounts, json=json, columns=columns)


COMMANDS: Final = (tenants, keys, forms, calendars)
