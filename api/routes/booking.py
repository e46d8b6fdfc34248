"""Calls about bookings: what they are, what becomes of them, what they were and why."""

from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.access import Caller
from api.assignment import assignment_of
from api.booking_desk import moment, people_of, promised_alternatives, views_of
from api.dependencies import SECRET_KEY, SERVER, Once
from api.fresh_calendars import MOVE
from api.problems import problems
from api.wire.booking import (
    AssignmentView,
    HistoryEntry,
    OutcomeBody,
    ReassignBody,
    history_entry,
)
from api.wire.customer import BookingView, CancelBody, RepairBody, RescheduleBody
from api.wire.lists import Limit, Page, page
from api.wiring import House
from booking.model import Booking, BookingFilter
from booking.values import State
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import get_tenant

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


# --- as they are, and as they were ---------------------------------------------------------------


@get(
    "/v1/bookings",
    operation_id="list_bookings",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def list_bookings(
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: FromQuery[str | None] = None,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    advisor: FromQuery[Id | None] = None,
    customer: FromQuery[Id | None] = None,
    series: FromQuery[Id | None] = None,
    cursor: FromQuery[Id | None] = None,
    limit: FromQuery[Limit] = 50,
) -> Page[BookingView]:
    """List bookings, oldest id first; dates are days where the organisation is."""
    zone = ZoneInfo((await get_tenant(db, caller.tenant)).settings.timezone)
    wanted = BookingFilter(
        since=moment(since, zone, "?from") if since else None,
        until=moment(until, zone, "?until") if until else None,
        state=in_state,
        advisor=advisor,
        customer=customer,
        series=series,
        after=cursor,
        limit=limit + 1,
    )
    found = page(
        await booking.service.list_bookings(db, caller.tenant, wanted), limit, lambda one: one.id
    )
    views = await views_of(db, house, caller.tenant, found.items, trusted=True)
    return Page(items=views, next_cursor=found.next_cursor)


@get(
    "/v1/bookings/{booking_id:str}",
    operation_id="get_booking",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def get_booking(
    booking_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    as_of: FromQuery[str | None] = None,
) -> BookingView:
    """Show a booking as it is, or as it stood at an instant; links are those of today only."""
    if as_of is None:
        meeting = await booking.service.get_booking(db, caller.tenant, booking_id)
        return await _view(db, house, caller, meeting)
    zone = ZoneInfo((await get_tenant(db, caller.tenant)).settings.timezone)
    stood = await booking.service.get_booking(
        db, caller.tenant, booking_id, as_of=moment(as_of, zone, "?as_of")
    )
    view = await _view(db, house, caller, stood)
    return structs.replace(view, participation=[], manage_url=None, intake_url=None)


@get(
    "/v1/bookings/{booking_id:str}/history",
    operation_id="list_history",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def list_history(
    booking_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    cursor: FromQuery[Annotated[int | None, QueryParameter(ge=0)]] = None,
    limit: FromQuery[Limit] = 50,
) -> Page[HistoryEntry]:
    """List what became of a booking step by step, the first first."""
    steps = [
        step
        for step in await booking.service.history(db, caller.tenant, booking_id)
        if cursor is None or step.revision > cursor
    ]
    found = page(steps, limit, lambda step: str(step.revision))
    people = await people_of(db, caller.tenant, [step.booking for step in found.items])
    entries = [history_entry(step, people) for step in found.items]
    return Page(items=entries, next_cursor=found.next_cursor)


@get(
    "/v1/bookings/{booking_id:str}/assignment",
    operation_id="get_assignment",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["bookings"],
)
async def get_assignment(
    booking_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    lang: FromQuery[Language | None] = None,
) -> AssignmentView:
    """Tell why a booking is with whom it is, and decide it again to compare."""
    language = lang or (await get_tenant(db, caller.tenant)).settings.language
    return await assignment_of(db, caller.tenant, booking_id, language=language)


# --- what becomes of them ------------------------------------------------------------------------


@post(
    "/v1/bookings/{booking_id:str}/reschedule",
    operation_id="reschedule_booking",
    dependencies=MOVE,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def reschedule_booking(
    booking_id: FromPath[str],
    data: JSONBody[RescheduleBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Move a booking; the customer is told."""

    async def move() -> BookingView:
        async with promised_alternatives(db, caller.tenant, booking_id):
            moved = await booking.service.reschedule(
                db, caller.tenant, booking_id, data.start, now=now, by="operator"
            )
        return await _view(db, house, caller, moved)

    return await once(move, status=200)


@post(
    "/v1/bookings/{booking_id:str}/reassign",
    operation_id="reassign_booking",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def reassign_booking(
    booking_id: FromPath[str],
    data: JSONBody[ReassignBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Give a booking to another advisor at the same time; the customer is told."""

    async def give() -> BookingView:
        async with promised_alternatives(db, caller.tenant, booking_id):
            given = await booking.service.reassign(
                db, caller.tenant, booking_id, advisor=data.advisor, now=now, by="operator"
            )
        return await _view(db, house, caller, given)

    return await once(give, status=200)


@post(
    "/v1/bookings/{booking_id:str}/repair",
    operation_id="repair_booking",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def repair_booking(
    booking_id: FromPath[str],
    data: JSONBody[RepairBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Give a booking another time, another advisor or both; the customer is told."""

    async def mend() -> BookingView:
        async with promised_alternatives(db, caller.tenant, booking_id):
            mended = await booking.service.repair(
                db, caller.tenant, booking_id, data.start, data.advisor, now=now, by="operator"
            )
        return await _view(db, house, caller, mended)

    return await once(mend, status=200)


@post(
    "/v1/bookings/{booking_id:str}/confirm",
    operation_id="confirm_booking",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def confirm_booking(
    booking_id: FromPath[str],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Give the advisor's word on a booking that waits for it; the customer is told."""

    async def say_yes() -> BookingView:
        confirmed = await booking.service.confirm(
            db, caller.tenant, booking_id, now=now, by="operator"
        )
        return await _view(db, house, caller, confirmed)

    return await once(say_yes, status=200)


@post(
    "/v1/bookings/{booking_id:str}/decline",
    operation_id="decline_booking",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def decline_booking(
    booking_id: FromPath[str],
    data: JSONBody[CancelBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Say no to a booking that waits for the advisor's word; the customer is told."""

    async def say_no() -> BookingView:
        declined = await booking.service.decline(
            db, caller.tenant, booking_id, reason=data.reason, now=now, by="operator"
        )
        return await _view(db, house, caller, declined)

    return await once(say_no, status=200)


@post(
    "/v1/bookings/{booking_id:str}/cancel",
    operation_id="cancel_booking",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def cancel_booking(
    booking_id: FromPath[str],
    data: JSONBody[CancelBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Call a booking off; the customer is told."""

    async def call_off() -> BookingView:
        cancelled = await booking.service.cancel(
            db, caller.tenant, booking_id, reason=data.reason, now=now, by="operator"
        )
        return await _view(db, house, caller, cancelled)

    return await once(call_off, status=200)


@post(
    "/v1/bookings/{booking_id:str}/outcome",
    operation_id="record_outcome",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    status_code=200,
    tags=["bookings"],
)
async def record_outcome(
    booking_id: FromPath[str],
    data: JSONBody[OutcomeBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Write down whether the customer came; the other outcome puts an earlier one right."""

    async def write_down() -> BookingView:
        held = await booking.service.record_outcome(
            db, caller.tenant, booking_id, data.outcome, now=now, by="operator"
        )
        return await _view(db, house, caller, held)

    return await once(write_down, status=200)


# --- what they share -----------------------------------------------------------------------------


async def _view(db: AsyncConnection, house: House, caller: Caller, meeting: Booking) -> BookingView:
    (view,) = await views_of(db, house, caller.tenant, [meeting], trusted=True)
    return view


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_bookings,
    get_booking,
    list_history,
    get_assignment,
    reschedule_booking,
    reassign_booking,
    repair_booking,
    confirm_booking,
    decline_booking,
    cancel_booking,
    record_outcome,
]
