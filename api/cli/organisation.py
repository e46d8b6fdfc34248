"""An organisation itself: tenants, keys, forms and calendars."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar, get_args

import msgspec
import rich_click as click

import context.service
from api import access
from api.cli.run import (
    FAILED,
    NOT_REACHABLE,
    as_json,
    command,
    for_tenant,
    in_house,
    named,
    of_tenant,
    read,
    show,
)
from api.links import FeedLink
from api.wiring import House
from booking.calendars.model import (
    AddressesInput,
    Auth,
    ConnectInput,
    EntryInput,
    Kind,
    LoginInput,
    Role,
)
from booking.calendars.own_desk import OwnCalendars
from booking.calendars.tokens import GrantInput
from context.model import FormDefinition
from kernel.errors import Invalid
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import Tenant, TenantSettings, create_tenant

T = TypeVar("T")


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


def _log_in(function: Any) -> Any:
    """Add the options of every command that logs in somewhere."""
    for option in (
        click.option("--token-url", help="With bearer: where its token is renewed (OAuth 2.0)."),
        click.option(
            "--client-id", help="Who we are there; its secret and the refresh token are asked for."
        ),
        click.option("--password", help="Asked for where it is needed and not given."),
        click.option("--username"),
        click.option("--url", help="Of the server, or of the .ics file."),
        click.option(
            "--auth",
            type=click.Choice(get_args(Auth)),
            default="basic",
            show_default=True,
            help="How the server is told who we are; bearer takes a token as password.",
        ),
        click.option(
            "--kind",
            type=click.Choice(get_args(Kind)),
            default="caldav",
            show_default=True,
            help="A CalDAV server, an .ics file on the web, or a calendar that we keep.",
        ),
    ):
        function = option(function)
    return function


def _entered(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what was entered to log in, having asked for the password where one is needed."""
    fields = dict(fields)
    token_url, client_id = fields.pop("token_url"), fields.pop("client_id")
    if token_url is not None or client_id is not None:
        return fields | {"oauth": _granted(token_url or "", client_id or "")}
    wanted = fields["kind"] == "caldav" or fields["username"] is not None
    if wanted and fields["password"] is None and fields["kind"] != "own":
        fields = fields | {"password": click.prompt("Password", hide_input=True)}
    return fields


def _granted(token_url: str, client_id: str) -> GrantInput:
    """Return by what a token is renewed, having asked for what is secret of it."""
    entered = {
        "token_url": token_url,
        "client_id": client_id,
        "client_secret": click.prompt("Client secret", hide_input=True, default="") or None,
        "refresh_token": click.prompt("Refresh token", hide_input=True),
    }
    try:
        return msgspec.convert(entered, GrantInput)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from None


@calendars.command("connect")
@of_tenant
@click.option("--advisor", required=True, help="Id of the advisor.")
@_log_in
@as_json
@command
async def calendars_connect(tenant: str, advisor: Id, *, json: bool, **fields: Any) -> None:
    """Connect a calendar and read it for the first time."""
    data = ConnectInput(advisor=advisor, **_entered(fields))

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.connect(owner.id, data)

    account = await in_house(work)
    show(account if json else account.collections, json=json)


@calendars.command("test")
@_log_in
@click.option("--language", type=click.Choice(["nl", "en"]), default="en", show_default=True)
@as_json
@command
async def calendars_test(language: Language, *, json: bool, **fields: Any) -> None:
    """Try a calendar without connecting it: list what is found, or say what is wrong."""
    data = LoginInput(**_entered(fields))
    trial = await in_house(lambda house: house.calendars.try_out(data))
    if json:
        show(trial, json=True)
    elif trial.calendars:
        show(
            trial.calendars,
            json=False,
            columns=("name", "url", "writable", "timezone", "transparent"),
        )
    if trial.advice is not None and not json:
        click.echo(trial.advice[language], err=True)
    if not trial.ok:
        sys.exit(NOT_REACHABLE if trial.problem == "unreachable" else FAILED)


@calendars.command("disconnect")
@of_tenant
@click.argument("account")
@click.option(
    "--entries",
    type=click.Choice(["keep", "remove"]),
    default="keep",
    show_default=True,
    help="What becomes of our entries in its calendars.",
)
@as_json
@command
async def calendars_disconnect(tenant: str, account: Id, entries: Any, *, json: bool) -> None:
    """Forget an account and all that is known of its calendars; bookings stand."""

    async def work(house: House) -> None:
        owner = await named(house.database, tenant)
        await house.calendars.disconnect(owner.id, account, entries=entries)

    await in_house(work)
    show({"disconnected": account, "entries": entries}, json=json)


@calendars.command("entries")
@of_tenant
@click.argument("account")
@as_json
@command
async def calendars_entries(tenant: str, account: Id, *, json: bool) -> None:
    """List what an advisor entered in a calendar that we keep."""
    entries = await _with_own(tenant, lambda own, owner: own.entries(owner, account))
    show(entries, json=json, columns=("id", "start", "end", "title"))


def _stretch(function: Any) -> Any:
    """Add the options of every command that enters a stretch of time."""
    for option in (
        click.option("--title", help="For the organisation's own people."),
        click.option("--end", required=True),
        click.option(
            "--start", required=True, help="With offset, such as 2026-12-01T09:00:00+01:00."
        ),
    ):
        function = option(function)
    return function


def _entry_of(fields: dict[str, Any]) -> EntryInput:
    try:
        return msgspec.convert(fields, EntryInput)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from None


@calendars.command("add-entry")
@of_tenant
@click.argument("account")
@_stretch
@as_json
@command
async def calendars_add_entry(tenant: str, account: Id, *, json: bool, **fields: Any) -> None:
    """Keep a stretch of time free of bookings in a calendar that we keep."""
    data = _entry_of(fields)
    entry = await _with_own(tenant, lambda own, owner: own.add(owner, account, data))
    show(entry, json=json)


@calendars.command("change-entry")
@of_tenant
@click.argument("account")
@click.argument("entry")
@_stretch
@as_json
@command
async def calendars_change_entry(
    tenant: str, account: Id, entry: Id, *, json: bool, **fields: Any
) -> None:
    """Put another stretch of time, or another title, in an entry's place."""
    data = _entry_of(fields)
    changed = await _with_own(tenant, lambda own, owner: own.change(owner, account, entry, data))
    show(changed, json=json)


@calendars.command("remove-entry")
@of_tenant
@click.argument("account")
@click.argument("entry")
@as_json
@command
async def calendars_remove_entry(tenant: str, account: Id, entry: Id, *, json: bool) -> None:
    """Give a stretch of time free again."""
    await _with_own(tenant, lambda own, owner: own.remove(owner, account, entry))
    show({"removed": entry}, json=json)


@calendars.command("feed")
@of_tenant
@click.argument("account")
@click.option("--revoke", is_flag=True, help="End the link, and make no other.")
@as_json
@command
async def calendars_feed(tenant: str, account: Id, *, revoke: bool, json: bool) -> None:
    """Print a new secret link to a calendar that we keep; the link before it ends."""

    async def work(house: House) -> str:
        owner = await named(house.database, tenant)
        generation = await house.calendars.own.renew_feed(owner.id, account)
        link = FeedLink(tenant=owner.id, account=account, generation=generation)
        return house.links.feed_url(link)

    url = await in_house(work)
    show({"revoked": account} if revoke else {"url": url}, json=json)


async def _with_own(tenant: str, do: Callable[[OwnCalendars, Id], Awaitable[T]]) -> T:
    """Do something with the calendars that we keep for an organisation's advisors."""

    async def work(house: House) -> T:
        owner = await named(house.database, tenant)
        return await do(house.calendars.own, owner.id)

    return await in_house(work)


@calendars.command("addresses")
@of_tenant
@click.argument("account")
@click.argument("addresses", nargs=-1)
@as_json
@command
async def calendars_addresses(
    tenant: str, account: Id, addresses: tuple[str, ...], *, json: bool
) -> None:
    """Say by which further addresses an advisor's own answers are known; none forgets them all."""
    try:
        data = msgspec.convert({"addresses": addresses}, AddressesInput)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from None

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.set_addresses(owner.id, account, data.addresses)

    changed = await in_house(work)
    kept = {"addresses": changed.addresses, "server_addresses": changed.server_addresses}
    show(changed if json else kept, json=json)


@calendars.command("availability")
@of_tenant
@click.argument("account")
@as_json
@command
async def calendars_availability(tenant: str, account: Id, *, json: bool) -> None:
    """Show the hours that an advisor publishes in their own calendar, and what they close."""

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.hours(owner.id, account)

    hours = await in_house(work)
    if json or hours.weekly is None:
        show(hours if json else {"state": hours.state, "timezone": hours.timezone}, json=json)
    else:
        show(hours.weekly, json=False, columns=("day", "start", "end"))


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


async def _list(tenant: str, advisor: Id | None, *, json: bool) -> None:
    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.list_accounts(owner.id, advisor)

    accounts = await in_house(work)
    columns = ("id", "advisor_id", "kind", "url", "state", "problem")
    show(accounts, json=json, columns=columns)


@calendars.command("list")
@of_tenant
@click.option("--advisor", help="Id of an advisor.")
@as_json
@command
async def calendars_list(tenant: str, advisor: Id | None, *, json: bool) -> None:
    """List the connected accounts of one advisor, or of all."""
    await _list(tenant, advisor, json=json)


@calendars.command("status")
@of_tenant
@as_json
@command
async def calendars_status(tenant: str, *, json: bool) -> None:
    """Show how fresh every calendar is, and what is wrong."""
    await _list(tenant, None, json=json)


@calendars.command("show")
@of_tenant
@click.argument("account")
@as_json
@command
async def calendars_show(tenant: str, account: Id, *, json: bool) -> None:
    """Show how fresh an account's calendars are, and what is wrong with them."""

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.status(owner.id, account)

    shown = await in_house(work)
    show(shown if json else shown.collections, json=json, columns=_CALENDAR)


@calendars.command("roles")
@of_tenant
@click.argument("account")
@click.argument("collection")
@click.argument("role", type=click.Choice(get_args(Role)))
@as_json
@command
async def calendars_roles(
    tenant: str, account: Id, collection: Id, role: Any, *, json: bool
) -> None:
    """Say what one calendar of an account is used for: busy, target or ignore."""

    async def work(house: House) -> Any:
        owner = await named(house.database, tenant)
        return await house.calendars.set_role(owner.id, account, collection, role)

    changed = await in_house(work)
    show(changed if json else changed.collections, json=json, columns=_CALENDAR)


_CALENDAR: Final = (
    *("id", "name", "role", "writable", "last_ok_at", "problem"),
    *("objects", "busy_spans", "troubled"),
)


COMMANDS: Final = (tenants, keys, forms, calendars)
