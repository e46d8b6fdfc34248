"""Slots, bookings and what becomes of them, conflicts, and briefs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, get_args

import msgspec
import rich_click as click
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.assignment import assignment_of
from api.booking_desk import moment, zone_named
from api.brief import brief_of
from api.cli.run import as_json, command, for_tenant, in_house, named, of_tenant, show
from api.free_times import find_slots, window
from api.fresh_calendars import look_before_moving
from api.wire.booking import AssignmentView
from api.wire.customer import Slots
from api.wiring import House
from booking.lifecycle import Outcome
from booking.model import Booking, BookingFilter, SlotQuery
from booking.values import Channel, Instant, State, Waiver
from context.brief_text import as_text
from kernel.errors import FieldError, Invalid
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import Tenant

_CONFLICT: Final = ("id", "booking_id", "advisor_id", "state", "seen_at", "offered_at")
_STEP: Final = ("id", "state", "start", "advisor_id", "sequence")


@click.command()
@of_tenant
@click.option("--meeting-type", required=True, help="Its slug.")
@click.option("--start", required=True, help="A date, or a time with offset.")
@click.option("--end", required=True, help="A date, not included, or a time with offset.")
@click.option("--timezone", default="Europe/Amsterdam", show_default=True)
@click.option("--channel", type=click.Choice(get_args(Channel)))
@click.option("--location", help="Slug of a branch.")
@click.option("--duration", type=int, help="Minutes, where there is a choice.")
@click.option("--language", help="What is to be spoken, such as en.")
@click.option("--advisor", help="Id of an advisor.")
@click.option("--customer", help="Id of the customer it is for.")
@click.option(
    "--waive",
    multiple=True,
    type=click.Choice(get_args(Waiver)),
    help="Set a rule aside; may be given more than once.",
)
@click.option("--explain", is_flag=True, help="Say why starts were refused, and what would help.")
@click.option("--lang", type=click.Choice(get_args(Language)), help="Of the explanation.")
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
    duration: int | None,
    language: str | None,
    advisor: Id | None,
    customer: Id | None,
    waive: Sequence[Any],
    lang: Any,
    *,
    explain: bool,
    json: bool,
) -> None:
    """List the times that are free."""
    begin, finish = window(start, end, timezone)
    query = SlotQuery(
        meeting_type=meeting_type,
        start=begin,
        end=finish,
        channel=channel,
        location=location,
        duration=duration,
        language=language,
        advisor=advisor,
        customer=customer,
        waive=list(waive),
        explain=explain,
    )
    found = await for_tenant(
        tenant,
        lambda db, owner, house: find_slots(
            db,
            owner.id,
            query,
            timezone=timezone,
            now=house.clock.now(),
            staff=True,
            language=lang,
        ),
    )
    if json:
        show(found, json=True)
    else:
        _print_slots(found)


def _print_slots(found: Slots) -> None:
    for day, starts in found.days.items():
        click.echo(f"{day}  {' '.join(start[11:16] for start in starts)}")
    if not found.days:
        click.echo(f"Nothing is free. The first free time after: {found.next_available or 'none'}")
    for line in found.explanation or ():
        click.echo(line)
    for reason, count in (found.reasons or {}).items():
        click.echo(f"{count:5} {reason}: {(found.notes or {})[reason]}")


@click.group()
def bookings() -> None:
    """Bookings."""


@bookings.command("list")
@of_tenant
@click.option("--state", type=click.Choice(get_args(State)))
@click.option("--series", help="Id of a series.")
@as_json
@command
async def bookings_list(tenant: str, state: Any, series: Id | None, *, json: bool) -> None:
    """List bookings."""
    found = await for_tenant(
        tenant,
        lambda db, owner, _: booking.service.list_bookings(
            db, owner.id, BookingFilter(state=state, series=series)
        ),
    )
    show(found, json=json, columns=("id", "meeting_type", "start", "state", "channel"))


@bookings.command("show")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--as-of", help="A date, or a time with offset: as it stood then.")
@as_json
@command
async def bookings_show(tenant: str, booking_id: Id, as_of: str | None, *, json: bool) -> None:
    """Show a booking, as it is or as it stood."""

    async def look(db: AsyncConnection, owner: Tenant, _: House) -> Booking:
        zone = zone_named(owner.settings.timezone, "?timezone")
        then = moment(as_of, zone, "--as-of") if as_of else None
        return await booking.service.get_booking(db, owner.id, booking_id, as_of=then)

    show(await for_tenant(tenant, look), json=json)


@bookings.command("history")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@as_json
@command
async def bookings_history(tenant: str, booking_id: Id, *, json: bool) -> None:
    """Show what became of a booking, step by step."""
    steps = await for_tenant(
        tenant, lambda db, owner, _: booking.service.history(db, owner.id, booking_id)
    )
    if json:
        show(steps, json=True)
        return
    for step in steps:
        meeting = step.booking
        click.echo(
            f"{step.revision:3}  {step.at:%Y-%m-%d %H:%M:%S}Z  {step.by:9} {step.action:20} "
            f"{meeting.state:10} {meeting.local_start} {meeting.timezone}  {meeting.advisor_id}"
        )


@bookings.command("why")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--lang", type=click.Choice(get_args(Language)))
@as_json
@command
async def bookings_why(tenant: str, booking_id: Id, lang: Any, *, json: bool) -> None:
    """Say why a booking is with whom it is."""

    async def look(db: AsyncConnection, owner: Tenant, _: House) -> AssignmentView:
        return await assignment_of(
            db, owner.id, booking_id, language=lang or owner.settings.language
        )

    found = await for_tenant(tenant, look)
    if json:
        show(found, json=True)
        return
    for line in found.sentences:
        click.echo(line)
    again = "the same" if found.replayed else "otherwise"
    click.echo(f"Decided again on the same grounds, it comes out {again}.")


@bookings.command("confirm")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@as_json
@command
async def bookings_confirm(tenant: str, booking_id: Id, *, json: bool) -> None:
    """Give the advisor's word on a booking that waits for it; the customer is told."""
    confirmed = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.confirm(
            db, owner.id, booking_id, now=house.clock.now(), by="operator"
        ),
    )
    show(confirmed, json=json, columns=_STEP)


@bookings.command("decline")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--reason", help="Told to the customer.")
@as_json
@command
async def bookings_decline(tenant: str, booking_id: Id, reason: str | None, *, json: bool) -> None:
    """Say no to a booking that waits for the advisor's word; the customer is told."""
    declined = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.decline(
            db, owner.id, booking_id, reason=reason, now=house.clock.now(), by="operator"
        ),
    )
    show(declined, json=json, columns=_STEP)


@bookings.command("reschedule")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.argument("start")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@as_json
@command
async def bookings_reschedule(
    tenant: str, booking_id: Id, start: str, *, dry_run: bool, json: bool
) -> None:
    """Move a booking to START, a time with offset; the customer is told."""
    begin = _instant(start)

    async def move(house: House) -> tuple[Booking, Booking]:
        owner = await named(house.database, tenant)
        now = house.clock.now()
        await look_before_moving(house, owner.id, booking_id, now=now)
        async with house.database.transaction(owner.id) as db:
            before = await booking.service.get_booking(db, owner.id, booking_id)
            # What is only tried is done and taken back, so that it is refused as it would be.
            async with db.begin_nested() as tried:
                after = await booking.service.reschedule(
                    db, owner.id, booking_id, begin, now=now, by="operator"
                )
                if dry_run:
                    await tried.rollback()
        return before, after

    before, after = await in_house(move)
    if dry_run:
        guests = list(dict.fromkeys([after.customer_id, *after.participants]))
        moved = {"would_move": after.id, "from": before.start, "to": after.start}
        show({**moved, "state": after.state, "would_tell": guests}, json=json)
        return
    show(after, json=json, columns=_STEP)


def _instant(text: str) -> datetime:
    try:
        return msgspec.convert(text, Instant)
    except msgspec.ValidationError:
        detail = "Give a time with its offset, such as 2026-12-01T09:00:00+01:00."
        field = FieldError(pointer="START", detail=detail)
        raise Invalid(f"START: {detail}", errors=(field,)) from None


@bookings.command("reassign")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--advisor", help="Id of who gets it; otherwise whoever suits best.")
@as_json
@command
async def bookings_reassign(tenant: str, booking_id: Id, advisor: Id | None, *, json: bool) -> None:
    """Give a booking to another advisor at the same time; the customer is told."""
    given = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.reassign(
            db, owner.id, booking_id, advisor=advisor, now=house.clock.now(), by="operator"
        ),
    )
    show(given, json=json, columns=_STEP)


@bookings.command("outcome")
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.argument("outcome", type=click.Choice(get_args(Outcome)))
@as_json
@command
async def bookings_outcome(tenant: str, booking_id: Id, outcome: Any, *, json: bool) -> None:
    """Write down whether the customer came."""
    held = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.record_outcome(
            db, owner.id, booking_id, outcome, now=house.clock.now(), by="operator"
        ),
    )
    show(held, json=json, columns=_STEP)


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
        guests = list(dict.fromkeys([found.customer_id, *found.participants]))
        show({"would_cancel": found.id, "would_tell": guests}, json=json)
        return
    cancelled = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.cancel(
            db, owner.id, booking_id, reason=reason, now=house.clock.now(), by="operator"
        ),
    )
    show(cancelled, json=json, columns=("id", "state", "sequence"))


@bookings.command("series-cancel")
@of_tenant
@click.argument("series")
@click.option("--from", "since", help="A date, or a time with offset; what is before it stays.")
@click.option("--reason", help="Told to the customer.")
@as_json
@command
async def bookings_series_cancel(
    tenant: str, series: Id, since: str | None, reason: str | None, *, json: bool
) -> None:
    """Call off what is still to come of a series; the customer is told."""

    async def call_off(db: AsyncConnection, owner: Tenant, house: House) -> list[Booking]:
        zone = zone_named(owner.settings.timezone, "?timezone")
        return await booking.service.cancel_series(
            db,
            owner.id,
            series,
            since=moment(since, zone, "--from") if since else None,
            reason=reason,
            now=house.clock.now(),
            by="operator",
        )

    show(await for_tenant(tenant, call_off), json=json, columns=_STEP)


@click.group()
def conflicts() -> None:
    """Meetings whose time an advisor's own calendar has taken."""


@conflicts.command("list")
@of_tenant
@click.option("--advisor", help="Id of an advisor.")
@as_json
@command
async def conflicts_list(tenant: str, advisor: Id | None, *, json: bool) -> None:
    """List the conflicts about which somebody has to choose."""
    found = await for_tenant(
        tenant,
        lambda db, owner, _: booking.service.open_conflicts(db, owner.id, advisor=advisor),
    )
    show(found, json=json, columns=_CONFLICT)


@conflicts.command("dismiss")
@of_tenant
@click.argument("conflict")
@as_json
@command
async def conflicts_dismiss(tenant: str, conflict: Id, *, json: bool) -> None:
    """Let a meeting go on as planned, beside what stands in the advisor's calendar."""
    kept = await for_tenant(
        tenant,
        lambda db, owner, house: booking.service.dismiss(
            db, owner.id, conflict, now=house.clock.now(), by="operator"
        ),
    )
    show(kept, json=json, columns=_CONFLICT)


@click.command()
@of_tenant
@click.argument("booking_id", metavar="BOOKING")
@click.option("--lang", type=click.Choice(get_args(Language)))
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


COMMANDS: Final = (slots, bookings, conflicts, brief)
