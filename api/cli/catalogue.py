"""Setting up what can be booked: products, rooms and kinds of meeting."""

from typing import Final

import rich_click as click

import booking.setup
from api.cli.run import (
    apply_all,
    as_json,
    command,
    for_tenant,
    from_file,
    of_tenant,
    read_all,
    show,
)
from booking.organisation import MeetingTypeInput, ProductInput, ResourceInput


@click.group()
def products() -> None:
    """What meetings are about."""


@products.command("apply")
@of_tenant
@from_file
@as_json
@command
async def products_apply(tenant: str, file: str, *, json: bool) -> None:
    """Define products from a JSON FILE: one, or a list; the same slug changes one."""
    applied = await apply_all(
        tenant,
        read_all(file, ProductInput),
        lambda db, owner, data, now: booking.setup.apply_product(db, owner, data, now=now),
    )
    show(applied, json=json, columns=_PRODUCT)


@products.command("list")
@of_tenant
@as_json
@command
async def products_list(tenant: str, *, json: bool) -> None:
    """List products."""
    found = await for_tenant(tenant, lambda db, owner, _: booking.setup.list_products(db, owner.id))
    show(found, json=json, columns=_PRODUCT)


_PRODUCT: Final = ("id", "slug", "name", "authorised_only", "timezone")


@click.group()
def resources() -> None:
    """Rooms, and whatever else a meeting takes for itself."""


@resources.command("apply")
@of_tenant
@from_file
@as_json
@command
async def resources_apply(tenant: str, file: str, *, json: bool) -> None:
    """Define resources from a JSON FILE: one, or a list; the same slug changes one."""
    applied = await apply_all(
        tenant,
        read_all(file, ResourceInput),
        lambda db, owner, data, now: booking.setup.apply_resource(db, owner, data, now=now),
    )
    show(applied, json=json, columns=_RESOURCE)


@resources.command("list")
@of_tenant
@as_json
@command
async def resources_list(tenant: str, *, json: bool) -> None:
    """List resources."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.setup.list_resources(db, owner.id)
    )
    show(found, json=json, columns=_RESOURCE)


@resources.command("remove")
@of_tenant
@click.argument("slug")
@as_json
@command
async def resources_remove(tenant: str, slug: str, *, json: bool) -> None:
    """Remove a resource that no meeting still to come takes."""
    await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.remove_resource(
            db, owner.id, slug, now=house.clock.now()
        ),
    )
    show({"removed": slug}, json=json)


_RESOURCE: Final = ("id", "slug", "name", "kind", "location", "turnaround")


# --- kinds of meeting ----------------------------------------------------------------------------


@click.group("meeting-types")
def meeting_types() -> None:
    """Kinds of meeting."""


@meeting_types.command("apply")
@of_tenant
@from_file
@as_json
@command
async def meeting_types_apply(tenant: str, file: str, *, json: bool) -> None:
    """Define kinds of meeting from a JSON FILE: one, or a list; the same slug changes one."""
    applied = await apply_all(
        tenant,
        read_all(file, MeetingTypeInput),
        lambda db, owner, data, now: booking.setup.apply_meeting_type(db, owner, data, now=now),
    )
    show(applied, json=json, columns=_MEETING_TYPE)


@meeting_types.command("show")
@of_tenant
@click.argument("slug")
@as_json
@command
async def meeting_types_show(tenant: str, slug: str, *, json: bool) -> None:
    """Show what a kind of meeting is defined by; all of it with --json."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.setup.get_meeting_type(db, owner.id, slug)
    )
    show(found, json=json, columns=_MEETING_TYPE)


_MEETING_TYPE: Final = ("id", "slug", "name", "duration", "channels")

COMMANDS: Final = (products, resources, meeting_types)
