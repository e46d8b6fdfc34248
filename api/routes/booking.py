"""Calls about branches, advisors, hours, kinds of meeting, and bookings."""

from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import context.service
from api.access import Caller
from api.booking_desk import alternatives_in, moment, views_of
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.customer import BookingView, CancelBody, RescheduleBody
from api.wire.lists import Limit, Page, page
from api.wiring import House
from booking.model import (
    Advisor,
    AdvisorInput,
    Booking,
    BookingFilter,
    Location,
    LocationInput,
    MeetingType,
    MeetingTypeInput,
    Schedule,
    ScheduleInput,
    State,
)
from kernel.errors import FieldError, Invalid
from kernel.ids import Id
from kernel.tenancy import get_tenant

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/locations",
    operation_id="list_locations",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_locations(
    caller: NamedDependency[Caller], db: NamedDependency[AsyncConnection]
) -> Page[Location]:
    """List the branches."""
    return Page(items=await booking.service.list_locations(db, caller.tenant))


@post(
    "/v1/locations",
    operation_id="create_location",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def create_location(
    data: JSONBody[LocationInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Location]:
    """Add a branch."""
    return await once(lambda: booking.service.add_location(db, caller.tenant, data, now=now))


@get(
    "/v1/advisors",
    operation_id="list_advisors",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_advisors(
    caller: NamedDependency[Caller], db: NamedDependency[AsyncConnection]
) -> Page[Advisor]:
    """List the advisors."""
    return Page(items=await booking.service.list_advisors(db, caller.tenant))


@post(
    "/v1/advisors",
    operation_id="create_advisor",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def create_advisor(
    data: JSONBody[AdvisorInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Advisor]:
    """Add an advisor."""
    return await once(lambda: booking.service.add_advisor(db, caller.tenant, data, now=now))


@get(
    "/v1/advisors/{advisor_id:str}",
    operation_id="get_advisor",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_advisor(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Advisor:
    """Show an advisor."""
    return await booking.service.get_advisor(db, caller.tenant, advisor_id)


@get(
    "/v1/advisors/{advisor_id:str}/schedule",
    operation_id="get_schedule",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_schedule(
    advisor_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> Schedule:
    """Show when an advisor can be booked."""
    return await booking.service.get_schedule(db, caller.tenant, advisor_id)


@put(
    "/v1/advisors/{advisor_id:str}/schedule",
    operation_id="set_schedule",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def set_schedule(
    advisor_id: FromPath[str],
    data: JSONBody[ScheduleInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Schedule:
    """Say when an advisor can be booked; this replaces what was said before."""
    return await booking.service.set_schedule(db, caller.tenant, advisor_id, data, now=now)


@post(
    "/v1/meeting-types",
    operation_id="apply_meeting_type",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def apply_meeting_type(
    data: JSONBody[MeetingTypeInput],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[MeetingType]:
    """Define a kind of meeting; the same slug again changes it.

    Raises:
        Invalid: Its form has not been published.
    """

    async def apply() -> MeetingType:
        if data.form is not None:
            published = await context.service.list_forms(db, caller.tenant)
            if data.form not in {form.slug for form in published}:
                detail = "There is no published form with this slug; publish it first."
                raise Invalid(detail, errors=(FieldError(pointer="/form", detail=detail),))
        return await booking.service.apply_meeting_type(db, caller.tenant, data, now=now)

    return await once(apply)


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
) -> BookingView:
    """Show a booking."""
    meeting = await booking.service.get_booking(db, caller.tenant, booking_id)
    return await _view(db, house, caller, meeting)


@post(
    "/v1/bookings/{booking_id:str}/reschedule",
    operation_id="reschedule_booking",
    dependencies=SERVER,
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
        before = await booking.service.get_booking(db, caller.tenant, booking_id)
        with alternatives_in(before.timezone):
            moved = await booking.service.reschedule(
                db, caller.tenant, booking_id, data.start, now=now, by="operator"
            )
        return await _view(db, house, caller, moved)

    return await once(move, status=200)


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


async def _view(db: AsyncConnection, house: House, caller: Caller, meeting: Booking) -> BookingView:
    (view,) = await views_of(db, house, caller.tenant, [meeting], trusted=True)
    return view


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_locations,
    create_location,
    list_advisors,
    create_advisor,
    get_advisor,
    get_schedule,
    set_schedule,
    apply_meeting_type,
    list_bookings,
    get_booking,
    reschedule_booking,
    cancel_booking,
]
