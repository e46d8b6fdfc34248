"""The first screen: today's meetings, what waits for the advisor, how fresh their calendars are."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.pages.console.agenda import DAYS_AHEAD, agenda_of
from api.pages.console.calendars import account_view
from api.pages.console.session import CONSOLE, Screen
from api.pages.console.view import show
from api.pages.posted import posted
from api.wiring import House
from booking.lifecycle import Outcome
from kernel import audit
from kernel.errors import Invalid
from kernel.ids import Id

_CONSOLE: Final = {"auth": "console"}

_LONGEST_REASON: Final = 500

Done = Literal["confirmed", "declined", "kept", "recorded", "synced", "sync-failed"]


@get("/console", include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def today_page(
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
    done: FromQuery[Done | None] = None,
) -> Response[str]:
    """Show an advisor's day, and the days after it."""
    tenant, person = screen.tenant, screen.person
    async with house.database.reading(tenant.id) as db:
        agenda = await agenda_of(
            db, tenant, person.id, timezone=person.timezone, language=screen.language, now=now
        )
    staleness = timedelta(minutes=tenant.settings.staleness_minutes)
    accounts = [
        account_view(account, staleness=staleness, language=screen.language, now=now)
        for account in await house.calendars.list_accounts(tenant.id, person.id)
    ]
    return show(
        request,
        "today.html",
        language=screen.language,
        screen=screen,
        agenda=agenda,
        accounts=accounts,
        troubled=[
            calendar for account in accounts for calendar in account.calendars if calendar.trouble
        ],
        now=now,
        today=now.astimezone(ZoneInfo(person.timezone)).date(),
        days_ahead=DAYS_AHEAD,
        done=done,
    )


@post(
    "/console/bookings/{booking_id:str}/confirm",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def confirm(
    booking_id: FromPath[Id],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Confirm a meeting that a customer asked for."""
    tenant = screen.tenant.id
    async with house.database.transaction(tenant) as db:
        meeting = await booking.service.confirm(db, tenant, booking_id, now=now, by="advisor")
        await _note(db, screen, "booking.confirmed", meeting.id, now=now)
    return Redirect("/console?done=confirmed", status_code=303)


@post(
    "/console/bookings/{booking_id:str}/decline",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def decline(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Say no to a meeting that a customer asked for."""
    tenant = screen.tenant.id
    reason = (await posted(request)).get("reason", "").strip()[:_LONGEST_REASON]
    async with house.database.transaction(tenant) as db:
        meeting = await booking.service.decline(
            db, tenant, booking_id, reason=reason or None, now=now, by="advisor"
        )
        await _note(db, screen, "booking.declined", meeting.id, now=now)
    return Redirect("/console?done=declined", status_code=303)


@post(
    "/console/bookings/{booking_id:str}/outcome",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def record_outcome(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Write down whether the customer came."""
    tenant = screen.tenant.id
    said = (await posted(request)).get("outcome")
    outcome: Outcome | None = next((one for one in get_args(Outcome) if one == said), None)
    if outcome is None:
        raise Invalid("An outcome is attended or no-show.")
    async with house.database.transaction(tenant) as db:
        meeting = await booking.service.record_outcome(
            db, tenant, booking_id, outcome, now=now, by="advisor"
        )
        await _note(db, screen, f"booking.{outcome}", meeting.id, now=now)
    return Redirect("/console?done=recorded", status_code=303)


@post(
    "/console/conflicts/{conflict_id:str}/dismiss",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def dismiss(
    conflict_id: FromPath[Id],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Let a meeting go on as planned, beside what stands in the calendar."""
    tenant = screen.tenant.id
    async with house.database.transaction(tenant) as db:
        kept = await booking.service.dismiss(db, tenant, conflict_id, now=now, by="advisor")
        await _note(db, screen, "conflict.kept", kept.booking_id, now=now)
    return Redirect("/console?done=kept", status_code=303)


async def _note(
    db: AsyncConnection, screen: Screen, action: str, subject: Id, *, now: datetime
) -> None:
    """Put on record which advisor did it."""
    await audit.note(
        db, screen.tenant.id, actor=screen.person.id, action=action, subject=subject, now=now
    )


HANDLERS: Final = [today_page, confirm, decline, record_outcome, dismiss]
