"""Looking at slots, bookings and briefs."""

from typing import Any, Final

import rich_click as click

import booking.service
from api.booking_desk import find_slots, slot_query, window
from api.brief import brief_of
from api.cli.run import as_json, command, for_tenant, of_tenant, show
from booking.model import BookingFilter
from context.brief_text import as_text
from kernel.ids import Id


@click.command()
@of_tenant
@click.option("--meeting-type", required=True, help="Its slug.")
@click.option("--start", required=True, help="A date, or a time with offset.")
@click.option("--end", required=True, help="A date, not included, or a time with offset.")
@click.option("--timezone", default="Europe/Amsterdam", show_default=True)
@click.option("--channel", type=click.Choice(["video", "phone", "branch"]))
@click.option("--location", help="Slug of a branch.")
@click.option("--explain", is_flag=True, help="Count why starts were refused.")
@as_json
@command
async def slots(
    tenant: str,
    meeting_type: str,
    start: str,
    end: str,
    timezone: str,
    channel: Any,
    location: str | None,
    *,
    explain: bool,
    json: bool,
) -> None:
    """List the times that are free."""
    begin, finish = window(start, end, timezone)
    query = slot_query(
        meeting_type, begin, finish, channel=channel, location=location, explain=explain
    )
    found = await for_tenant(
        tenant,
        lambda db, owner, house: find_slots(
            db, owner.id, query, timezone=timezone, now=house.clock.now()
        ),
    )
    if json:
        show(found, json=True)
        return
    for day, starts in found.days.items():
        click.echo(f"{day}  {' '.join(start[11:16] for start in starts)}")
    if not found.days:
        click.echo(f"Nothing is free. The first free time after: {found.next_available or 'none'}")
    if found.reasons is not None:
        click.echo(f"Refused: {found.reasons}")


@click.group()
def bookings() -> None:
    """Bookings."""


@bookings.command("list")
@of_tenant
@click.option("--state", type=click.Choice(["requested", "confirmed", "cancelled"]))
@as_json
@command
async def bookings_list(tenant: str, state: Any, *, json: bool) -> None:
    """List bookings."""
    found = await for_tenant(
        tenant,
        lambda db, owner, _: booking.service.list_bookings(
            db, owner.id, BookingFilter(state=state)
        ),
    )
    show(found, json=json, columns=("id", "meeting_type", "start", "state", "channel"))


@bookings.command("show")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@as_json
@command
async def bookings_show(tenant: str, booking_id: Id, *, json: bool) -> None:
    """Show a booking."""
    found = await for_tenant(
        tenant, lambda db, owner, _: booking.service.get_booking(db, owner.id, booking_id)
    )
    show(found, json=json)


@bookings.command("cancel")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--reason", help="Told to the customer.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@as_json
@command
async def bookings_cancel(
    tenant: str, booking_id: Id, reason: str | None, *, dry_run: bool, json: bool
) -> None:
    """Call a booking off; the customer is told."""
    if dry_run:
        found = await for_tenant(
            tenant, lambda db, owner, _: booking.service.get_booking(db, owner.id, booking_id)
        )
        show({"would_cancel": found.id, "would_tell": found.customer_id}, json=json)
        return
    cancelled = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.cancel(
            db, owner.id, booking_id, reason=reason, now=house.clock.now(), by="operator"
        ),
    )
    show(cancelled, json=json, columns=("id", "state", "sequence"))


@click.command()
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--lang", type=click.Choice(["nl", "en"]))
@as_json
@command
async def brief(tenant: str, booking_id: Id, lang: Any, *, json: bool) -> None:
    """Show the brief of a booking. It holds personal data."""
    found = await for_tenant(
        tenant,
        lambda db, owner, house: brief_of(
            db,
            owner.id,
            booking_id,
            language=lang or owner.settings.language,
            now=house.clock.now(),
        ),
    )
    if json:
        show(found, json=True)
    else:
        click.echo(as_text(found), nl=False)


COMMANDS: Final = (slots, bookings, brief)
