"""Setting up who can be met: branches, advisors, their hours and absences."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, get_args

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.setup
import context.service
from api.cli.run import (
    apply_all,
    as_json,
    command,
    for_tenant,
    from_file,
    of_tenant,
    read,
    read_all,
    show,
)
from api.wiring import House
from booking.organisation import (
    AbsenceInput,
    AdvisorInput,
    Location,
    LocationInput,
    ScheduleInput,
)
from booking.values import AbsenceReason
from kernel.errors import NotFound
from kernel.ids import Id
from kernel.tenancy import Tenant


class _Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-12-01.", param, ctx)


# --- branches ------------------------------------------------------------------------------------


@click.group()
def locations() -> None:
    """Branches."""


@locations.command("add")
@of_tenant
@click.option("--slug", required=True)
@click.option("--name", required=True)
@click.option("--address", default="")
@click.option("--timezone", default="Europe/Amsterdam", show_default=True)
@as_json
@command
async def locations_add(
    tenant: str, slug: str, name: str, address: str, timezone: str, *, json: bool
) -> None:
    """Add a branch."""
    data = LocationInput(slug=slug, name=name, address=address, timezone=timezone)
    added = await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.add_location(
            db, owner.id, data, now=house.clock.now()
        ),
    )
    show(added, json=json, columns=_BRANCH)


@locations.command("apply")
@of_tenant
@from_file
@as_json
@command
async def locations_apply(tenant: str, file: str, *, json: bool) -> None:
    """Define branches from a JSON FILE: one, or a list; the same slug changes one."""
    applied = await apply_all(tenant, read_all(file, LocationInput), _apply_location)
    show(applied, json=json, columns=_BRANCH)


async def _apply_location(
    db: AsyncConnection, tenant: Id, data: LocationInput, now: datetime
) -> Location:
    try:
        return await booking.setup.update_location(db, tenant, data.slug, data, now=now)
    except NotFound:
        return await booking.setup.add_location(db, tenant, data, now=now)


@locations.command("list")
@of_tenant
@as_json
@command
async def locations_list(tenant: str, *, json: bool) -> None:
    """List branches."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.setup.list_locations(db, owner.id)
    )
    show(found, json=json, columns=_BRANCH)


_BRANCH: Final = ("id", "slug", "name", "address", "timezone")


# --- advisors ------------------------------------------------------------------------------------


@click.group()
def advisors() -> None:
    """Advisors and their hours."""


@advisors.command("add")
@of_tenant
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--timezone", default="Europe/Amsterdam", show_default=True)
@click.option("--language", "languages", multiple=True, default=["nl"], show_default=True)
@click.option("--location", "places", multiple=True, help="Slug of a branch they work at.")
@as_json
@command
async def advisors_add(
    tenant: str,
    name: str,
    email: str,
    timezone: str,
    languages: Sequence[Any],
    places: Sequence[str],
    *,
    json: bool,
) -> None:
    """Add an advisor."""
    data = AdvisorInput(
        name=name,
        email=email,
        timezone=timezone,
        languages=list(languages),
        locations=list(places),
    )
    added = await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.add_advisor(
            db, owner.id, data, now=house.clock.now()
        ),
    )
    show(added, json=json, columns=_ADVISOR)


@advisors.command("update")
@of_tenant
@click.argument("advisor")
@from_file
@as_json
@command
async def advisors_update(tenant: str, advisor: Id, file: str, *, json: bool) -> None:
    """Replace what is on file of an advisor, from a JSON FILE as in PUT /v1/advisors/{id}."""
    data = read(file, AdvisorInput)
    changed = await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.update_advisor(
            db, owner.id, advisor, data, now=house.clock.now()
        ),
    )
    show(changed, json=json, columns=_ADVISOR)


@advisors.command("list")
@of_tenant
@as_json
@command
async def advisors_list(tenant: str, *, json: bool) -> None:
    """List advisors."""
    found = await for_tenant(tenant, lambda db, owner, _: booking.setup.list_advisors(db, owner.id))
    show(found, json=json, columns=_ADVISOR)


_ADVISOR: Final = ("id", "name", "email", "timezone", "languages", "locations", "skills")


# --- when they work ------------------------------------------------------------------------------


async def _set_schedule(tenant: str, advisor: Id, file: str, *, json: bool) -> None:
    data = read(file, ScheduleInput)
    changed = await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.set_schedule(
            db, owner.id, advisor, data, now=house.clock.now()
        ),
    )
    show(changed, json=json, columns=_SCHEDULE)


@advisors.command("schedule")
@of_tenant
@click.argument("advisor")
@from_file
@as_json
@command
async def advisors_schedule(tenant: str, advisor: Id, file: str, *, json: bool) -> None:
    """Set when an advisor can be booked, from a JSON FILE as in PUT /v1/advisors/{id}/schedule."""
    await _set_schedule(tenant, advisor, file, json=json)


@advisors.group("schedules")
def schedules() -> None:
    """An advisor's schedules, by name."""


@schedules.command("list")
@of_tenant
@click.argument("advisor")
@as_json
@command
async def schedules_list(tenant: str, advisor: Id, *, json: bool) -> None:
    """List an advisor's schedules."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.setup.list_schedules(db, owner.id, advisor)
    )
    show(found, json=json, columns=_SCHEDULE)


@schedules.command("apply")
@of_tenant
@click.argument("advisor")
@from_file
@as_json
@command
async def schedules_apply(tenant: str, advisor: Id, file: str, *, json: bool) -> None:
    """Set the schedule of the name in a JSON FILE, or the one named regular."""
    await _set_schedule(tenant, advisor, file, json=json)


@schedules.command("remove")
@of_tenant
@click.argument("advisor")
@click.argument("name")
@as_json
@command
async def schedules_remove(tenant: str, advisor: Id, name: str, *, json: bool) -> None:
    """Remove a schedule; what is booked in it stays."""
    await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.remove_schedule(
            db, owner.id, advisor, name, now=house.clock.now()
        ),
    )
    show({"removed": name}, json=json)


_SCHEDULE: Final = ("name", "timezone", "channels", "locations", "valid_from", "valid_until")


# --- when they are away, and whom they must not advise -------------------------------------------


@advisors.group("absences")
def absences() -> None:
    """Days on which an advisor is out of office."""


@absences.command("add")
@of_tenant
@click.argument("advisor")
@click.option("--from", "first_day", type=_Day(), required=True, help="The first day.")
@click.option("--until", "last_day", type=_Day(), help="The last day; the first unless given.")
@click.option(
    "--reason", type=click.Choice(get_args(AbsenceReason)), default="leave", show_default=True
)
@click.option("--stand-in", help="Id of the advisor who is offered instead.")
@as_json
@command
async def absences_add(
    tenant: str,
    advisor: Id,
    first_day: date,
    last_day: date | None,
    reason: Any,
    stand_in: Id | None,
    *,
    json: bool,
) -> None:
    """Put an advisor out of office for whole days; what is booked then stays."""
    data = AbsenceInput(
        first_day=first_day, last_day=last_day or first_day, reason=reason, stand_in=stand_in
    )
    added = await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.add_absence(
            db, owner.id, advisor, data, now=house.clock.now()
        ),
    )
    show(added, json=json, columns=_ABSENCE)


@absences.command("list")
@of_tenant
@click.argument("advisor")
@as_json
@command
async def absences_list(tenant: str, advisor: Id, *, json: bool) -> None:
    """List an advisor's absences."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.setup.list_absences(db, owner.id, advisor)
    )
    show(found, json=json, columns=_ABSENCE)


@absences.command("remove")
@of_tenant
@click.argument("absence")
@as_json
@command
async def absences_remove(tenant: str, absence: Id, *, json: bool) -> None:
    """Let an advisor be there after all."""
    await for_tenant(
        tenant,
        lambda db, owner, house: booking.setup.remove_absence(
            db, owner.id, absence, now=house.clock.now()
        ),
    )
    show({"removed": absence}, json=json)


_ABSENCE: Final = ("id", "first_day", "last_day", "reason", "stand_in")


@advisors.group("exclusions")
def exclusions() -> None:
    """Customers whom an advisor must never advise."""


@exclusions.command("add")
@of_tenant
@click.argument("advisor")
@click.argument("customer")
@as_json
@command
async def exclusions_add(tenant: str, advisor: Id, customer: Id, *, json: bool) -> None:
    """Keep an advisor from a customer, as for a conflict of interest."""

    async def exclude(db: AsyncConnection, owner: Tenant, house: House) -> None:
        await context.service.get_customer(db, owner.id, customer)
        await booking.setup.exclude(db, owner.id, advisor, customer, now=house.clock.now())

    await for_tenant(tenant, exclude)
    show({"excluded": customer}, json=json)


@exclusions.command("list")
@of_tenant
@click.argument("advisor")
@as_json
@command
async def exclusions_list(tenant: str, advisor: Id, *, json: bool) -> None:
    """List them by their ids."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.setup.list_exclusions(db, owner.id, advisor)
    )
    show(found, json=json)


@exclusions.command("remove")
@of_tenant
@click.argument("advisor")
@click.argument("customer")
@as_json
@command
async def exclusions_remove(tenant: str, advisor: Id, customer: Id, *, json: bool) -> None:
    """Let an advisor advise a customer again."""
    await for_tenant(
        tenant, lambda db, owner, _: booking.setup.allow(db, owner.id, advisor, customer)
    )
    show({"removed": customer}, json=json)


COMMANDS: Final = (locations, advisors)
