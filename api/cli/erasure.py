"""Erasing customers, and giving them what is known of them."""

import rich_click as click

from api import erasing
from api.cli.run import as_json, command, for_tenant, of_tenant, show
from api.erasing import ErasureInput
from kernel.ids import Id

_OPERATOR = "operator"


@click.command()
@of_tenant
@click.argument("customer")
@click.option("--cancel-meetings", is_flag=True, help="Call off what is still to come.")
@click.option("--dry-run", is_flag=True, help="Tell what stands in the way, and change nothing.")
@as_json
@command
async def erase(
    tenant: str, customer: Id, *, cancel_meetings: bool, dry_run: bool, json: bool
) -> None:
    """Erase all that is known of a CUSTOMER, for good, and print the receipt."""
    if dry_run:
        plan = await for_tenant(
            tenant,
            lambda db, owner, house: erasing.plan(db, owner.id, customer, now=house.clock.now()),
        )
        show(plan, json=json)
        return
    receipt = await for_tenant(
        tenant,
        lambda db, owner, house: erasing.erase(
            db,
            owner.id,
            customer,
            ErasureInput(cancel_meetings=cancel_meetings),
            now=house.clock.now(),
            by=_OPERATOR,
        ),
    )
    show(receipt, json=json)


@click.command()
@of_tenant
@click.argument("customer")
@command
async def export(tenant: str, customer: Id) -> None:
    """Print all that is known of a CUSTOMER, and who looked at it, as one JSON object."""
    found = await for_tenant(
        tenant,
        lambda db, owner, house: erasing.export(
            db, owner.id, customer, now=house.clock.now(), by=_OPERATOR
        ),
    )
    show(found, json=True)


COMMANDS = (erase, export)
