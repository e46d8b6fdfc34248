"""Another time for a meeting: agreed to, chosen, offered to the customer, or none at all."""

from datetime import datetime
from typing import Any, Final, Literal

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.participation
import booking.service
from api.fresh_calendars import look_before_moving
from api.pages.choosing import Address, Find, Picker, instant, pick
from api.pages.console.questions import is_open, seen_of
from api.pages.console.session import CONSOLE, Screen
from api.pages.console.view import show
from api.pages.posted import posted
from api.wiring import House
from booking.calendars import questions
from booking.errors import SlotTaken, SlotUnavailable
from booking.model import Booking, SlotAnswer, SlotQuery
from kernel import audit
from kernel.errors import Conflict
from kernel.ids import Id

_CONSOLE: Final = {"auth": "console"}
_LONGEST_REASON: Final = 500

Done = Literal["moved", "stays", "put-back", "offered", "cancelled", "not-free"]
"""What the page of a meeting says was done, or could not be."""

Choice = Literal["accept", "keep", "offer"]


# --- what was proposed ---------------------------------------------------------------------------


@post(
    "/console/bookings/{booking_id:str}/proposal",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def answer_guest(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Agree to the time that a guest proposed, let it be, or offer others."""
    values = await posted(request)
    do, start = _choice(values.get("do")), instant(values.get("seen"))
    if do is None or start is None:
        return _back(booking_id, None)
    if do == "accept":
        return await _move(house, screen, booking_id, start, proposed=True, now=now)
    tenant = screen.tenant.id
    async with house.database.transaction(tenant) as db:
        if not await booking.participation.settle_proposals(db, tenant, booking_id, start=start):
            raise Conflict("That time is not proposed any more; look at the meeting again.")
        if do == "offer":
            await _offer(db, screen, booking_id, now=now)
        else:
            await _note(db, screen, "proposal.refused", booking_id, now=now)
    return _back(booking_id, "offered" if do == "offer" else "stays")


@post(
    "/console/bookings/{booking_id:str}/entry",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def answer_calendar(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Let the meeting follow its entry in the advisor's calendar, or put the entry back."""
    values = await posted(request)
    do = _choice(values.get("do"))
    if do is None:
        return _back(booking_id, None)
    tenant = screen.tenant.id
    try:
        async with house.database.transaction(tenant) as db:
            asked = await questions.open_questions(db, tenant, booking=booking_id, now=now)
            question = next((one for one in asked if seen_of(one) == values.get("seen")), None)
            if question is None:
                raise Conflict("The calendar has changed meanwhile; look at the meeting again.")
            if do == "accept":
                await questions.accept(db, tenant, question, now=now)
                await _note(db, screen, "entry.followed", booking_id, now=now)
            else:
                await questions.refuse(db, tenant, question, now=now)
                await _note(db, screen, "entry.put-back", booking_id, now=now)
            if do == "offer":
                await _offer(db, screen, booking_id, now=now)
    except (SlotTaken, SlotUnavailable):
        return _back(booking_id, "not-free")
    if do == "accept":
        return _back(booking_id, "cancelled" if question.change == "deleted" else "moved")
    return _back(booking_id, "offered" if do == "offer" else "put-back")


# --- another time --------------------------------------------------------------------------------


@get(
    "/console/bookings/{booking_id:str}/move",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
)
async def move_page(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show the times to which a meeting can move, or ask whether the chosen one is right."""
    tenant = screen.tenant.id
    start = instant(request.query_params.get("start"))
    async with house.database.reading(tenant) as db:
        meeting = await booking.service.get_booking(db, tenant, booking_id)
        host = await booking.service.get_advisor(db, tenant, meeting.advisor_id)
        offered = await booking.service.conflict_of(db, tenant, meeting.id)
        picker = None
        if start is None:
            wanted = request.query_params.get("day")
            picker = await _picker(db, tenant, meeting, host.timezone, wanted=wanted, now=now)
    return show(
        request,
        "move.html",
        language=screen.language,
        screen=screen,
        meeting=meeting,
        host=host,
        start=start,
        picker=picker,
        minutes=int((meeting.end - meeting.start).total_seconds() // 60),
        can_offer=offered is None,
        open=is_open(meeting, now),
    )


@post(
    "/console/bookings/{booking_id:str}/move",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def move(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Move a meeting; its customer is told."""
    start = instant((await posted(request)).get("start"))
    if start is None:
        return _back(booking_id, None)
    return await _move(house, screen, booking_id, start, now=now)


@post(
    "/console/bookings/{booking_id:str}/offer",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def offer(
    booking_id: FromPath[Id],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Let the customer choose from other times; until then the meeting stays where it is."""
    async with house.database.transaction(screen.tenant.id) as db:
        await _offer(db, screen, booking_id, now=now)
    return _back(booking_id, "offered")


@post(
    "/console/bookings/{booking_id:str}/cancel",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def cancel(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Call a meeting off; its customer is told."""
    tenant = screen.tenant.id
    reason = (await posted(request)).get("reason", "").strip()[:_LONGEST_REASON]
    async with house.database.transaction(tenant) as db:
        await booking.service.cancel(
            db, tenant, booking_id, reason=reason or None, now=now, by="advisor"
        )
        await _note(db, screen, "booking.cancelled", booking_id, now=now)
    return _back(booking_id, "cancelled")


# --- what they share -----------------------------------------------------------------------------


async def _move(
    house: House,
    screen: Screen,
    booking_id: Id,
    start: datetime,
    *,
    proposed: bool = False,
    now: datetime,
) -> Redirect:
    tenant = screen.tenant.id
    await look_before_moving(house, tenant, booking_id, now=now)
    try:
        async with house.database.transaction(tenant) as db:
            if proposed and not await booking.participation.settle_proposals(
                db, tenant, booking_id, start=start
            ):
                raise Conflict("That time is not proposed any more; look at the meeting again.")
            await booking.service.reschedule(db, tenant, booking_id, start, now=now, by="advisor")
            await _note(db, screen, "booking.rescheduled", booking_id, now=now)
    except (SlotTaken, SlotUnavailable):
        return _back(booking_id, "not-free")
    return _back(booking_id, "moved")


async def _offer(db: AsyncConnection, screen: Screen, booking_id: Id, *, now: datetime) -> None:
    await booking.service.offer_others(
        db, screen.tenant.id, booking_id, now=now, by=screen.person.id
    )


async def _note(
    db: AsyncConnection, screen: Screen, action: str, subject: Id, *, now: datetime
) -> None:
    """Put on record which advisor did it."""
    await audit.note(
        db, screen.tenant.id, actor=screen.person.id, action=action, subject=subject, now=now
    )


async def _picker(
    db: AsyncConnection,
    tenant: Id,
    meeting: Booking,
    timezone: str,
    *,
    wanted: str | None,
    now: datetime,
) -> Picker:
    """Return the calendar to move a meeting in; it opens at the month in which it is now."""
    kind = await booking.service.get_meeting_type(db, tenant, meeting.meeting_type)
    return await pick(
        _finder(db, tenant, meeting, now),
        Address(path=f"/console/bookings/{meeting.id}/move", chosen={}),
        wanted=wanted or f"{meeting.start:%Y-%m}",
        timezone=timezone,
        now=now,
        window_days=kind.window_days,
    )


def _finder(db: AsyncConnection, tenant: Id, meeting: Booking, now: datetime) -> Find:
    async def find(begin: datetime, finish: datetime) -> SlotAnswer:
        query = SlotQuery(
            meeting_type=meeting.meeting_type,
            start=begin,
            end=finish,
            channel=meeting.channel,
            duration=int((meeting.end - meeting.start).total_seconds() // 60),
            advisor=meeting.advisor_id,
        )
        return await booking.service.slots(db, tenant, query, now=now, moving=meeting.id)

    return find


def _choice(text: str | None) -> Choice | None:
    choices: tuple[Choice, ...] = ("accept", "keep", "offer")
    return next((one for one in choices if one == text), None)


def _back(booking_id: Id, done: Done | None) -> Redirect:
    path = f"/console/bookings/{booking_id}"
    return Redirect(f"{path}?done={done}" if done else path, status_code=303)


HANDLERS: Final = [answer_guest, answer_calendar, move_page, move, offer, cancel]
