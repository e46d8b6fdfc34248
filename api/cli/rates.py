"""Publishing rates."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import rich_click as click

import notifications.service
from api.cli.run import as_json, command, for_tenant, of_tenant, show
from api.wire.organisation import rate_view
from kernel.errors import Invalid
from notifications.model import RateInput

_PRODUCTS: Final = ["mortgage-annuity", "mortgage-linear", "mortgage-interest-only"]


@click.group()
def rates() -> None:
    """The organisation's own rate card."""


@rates.command("publish")
@of_tenant
@click.option("--product", type=click.Choice(_PRODUCTS), required=True)
@click.option("--fixed-years", type=click.IntRange(1, 30), required=True)
@click.option("--rate", required=True, help="Percent a year, such as 3.85.")
@click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), help="Default: today.")
@click.option("--dry-run", is_flag=True, help="Only count who would be told.")
@as_json
@command
async def rates_publish(
    tenant: str,
    product: Any,
    fixed_years: int,
    rate: str,
    valid_from: datetime | None,
    *,
    dry_run: bool,
    json: bool,
) -> None:
    """Publish a rate; customers who asked to hear of it and whom it touches are told."""
    percent = _percent(rate)

    def entry(today: date) -> RateInput:
        start = valid_from.date() if valid_from else today
        return RateInput(product=product, fixed_years=fixed_years, rate=percent, valid_from=start)

    if dry_run:
        count = await for_tenant(
            tenant,
            lambda db, owner, house: notifications.service.preview_rate(
                db,
                owner.id,
                house.directory,
                entry(house.clock.now().date()),
                now=house.clock.now(),
            ),
        )
        show({"would_notify": count}, json=json)
        return
    published = await for_tenant(
        tenant,
        lambda db, owner, house: notifications.service.publish_rate(
            db, owner.id, entry(house.clock.now().date()), now=house.clock.now()
        ),
    )
    show(rate_view(published), json=json)


@rates.command("list")
@of_tenant
@as_json
@command
async def rates_list(tenant: str, *, json: bool) -> None:
    """List published rates, newest first."""
    found = await for_tenant(
        tenant, lambda db, owner, _: notifications.service.list_rates(db, owner.id)
    )
    show([rate_view(rate) for rate in found], json=json)


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise Invalid("A rate is a number such as 3.85.") from None


COMMANDS: Final = (rates,)
