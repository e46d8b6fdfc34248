"""Calls of the customer side: types, slots, holds and bookings, with any key."""

from datetime import datetime
from typing import Annotated, Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.access import Caller
from api.booking_desk import alternatives_in, make_booking, require_staff
from api.dependencies import ANY_KEY, BROWSER, Once
from api.free_times import find_slots, window
from api.fresh_calendars import BOOK
from api.problems import problems
from api.wire.customer import (
    BookingBody,
    BookingView,
    HoldBody,
    HoldView,
    MeetingTypeView,
    Slots,
    local,
    meeting_type_view,
)
from api.wire.lists import Page
from api.wiring import House
from booking.model import HoldInput, SlotQuery
from booking.values import Channel, Waiver
from kernel.ids import Id, require
from kernel.people import Language
from kernel.tenancy import get_tenant

_BROWSER: Final = {"auth": "browser"}
_SPOKEN: Final = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""A language tag, as in bodies."""


@get(
    "/v1/meeting-types",
    operation_id="list_meeting_types",
    dependencies=BROWSER,
    security=ANY_KEY,
    opt=_BROWSER,
    responses=problems(400, 401, 403),
    tags=["customers"],
)
async def list_meeting_types(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    lang: FromQuery[Language | None] = None,
) -> Page[MeetingTypeView]:
    """List the kinds of meeting that can be booked."""
    tenant = await get_tenant(db, caller.tenant)
    places = await booking.service.list_locations(db, tenant.id)
    return Page(
        items=[
            meeting_type_view(
                kind,
                places,
                language=lang or tenant.settings.language,
                phone=tenant.settings.phone,
            )
            for kind in await booking.service.list_meeting_types(db, tenant.id)
        ]
    )


@get(
    "/v1/meeting-types/{slug:str}",
    operation_id="get_meeting_type",
    dependencies=BROWSER,
    security=ANY_KEY,
    opt=_BROWSER,
    responses=problems(400, 401, 403, 404),
    tags=["customers"],
)
async def get_meeting_type(
    slug: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    lang: FromQuery[Language | None] = None,
) -> MeetingTypeView:
    """Show one kind of meeting."""
    tenant = await get_tenant(db, caller.tenant)
    return meeting_type_view(
        await booking.service.get_meeting_type(db, tenant.id, slug),
        await booking.service.list_locations(db, tenant.id),
        language=lang or tenant.settings.language,
        phone=tenant.settings.phone,
    )


@get(
    "/v1/slots",
    operation_id="list_slots",
    dependencies=BROWSER,
    security=ANY_KEY,
    opt=_BROWSER,
    responses=problems(400, 401, 403, 404),
    tags=["customers"],
)
async def list_slots(
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    meeting_type: FromQuery[str],
    start: FromQuery[str],
    end: FromQuery[str],
    timezone: FromQuery[str],
    channel: FromQuery[Channel | None] = None,
    location: FromQuery[str | None] = None,
    duration: FromQuery[Annotated[int | None, QueryParameter(ge=5, le=1440)]] = None,
    language: FromQuery[Annotated[str | None, QueryParameter(pattern=_SPOKEN)]] = None,
    advisor: FromQuery[Id | None] = None,
    customer: FromQuery[Id | None] = None,
    waive: FromQuery[list[Waiver] | None] = None,
    explain: FromQuery[bool] = False,
    lang: FromQuery[Language | None] = None,
) -> Slots:
    """List the starts that are free, by local day; *language* is spoken, *lang* is written.

    With a secret key one may ask for a *customer*, whose limits and own advisor then count, set
    rules aside with *waive*, and is told of every advisor why.
    """
    staff = caller.kind == "secret"
    asked = {"?customer": customer, "?waive": waive}
    require_staff([name for name, value in asked.items() if value], trusted=staff)
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
        waive=waive or [],
        explain=explain,
    )
    return await find_slots(
        db, caller.tenant, query, timezone=timezone, now=now, staff=staff, language=lang
    )


@post(
    "/v1/holds",
    operation_id="create_hold",
    dependencies=BROWSER,
    security=ANY_KEY,
    opt=_BROWSER,
    responses=problems(400, 401, 403, 404, 409, 422),
    tags=["customers"],
)
async def create_hold(
    data: JSONBody[HoldBody],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[HoldView]:
    """Keep a slot while a form is filled in."""
    asked = {"/customer": data.customer, "/waive": data.waive}
    require_staff([name for name, value in asked.items() if value], trusted=caller.kind == "secret")
    if data.customer is not None:
        require("cus", data.customer, "customer")

    async def make() -> HoldView:
        wanted = HoldInput(
            meeting_type=data.meeting_type,
            start=data.start,
            channel=data.channel,
            location=data.location,
            duration=data.duration,
            language=data.language,
            advisor=data.advisor,
            customer=data.customer,
            waive=data.waive,
        )
        zone = (await get_tenant(db, caller.tenant)).settings.timezone
        with alternatives_in(zone):
            hold = await booking.service.hold(db, caller.tenant, wanted, now=now)
        return HoldView(
            id=hold.id,
            start=local(hold.start, zone),
            end=local(hold.end, zone),
            expires_at=local(hold.expires_at, zone),
        )

    return await once(make)


@delete(
    "/v1/holds/{hold_id:str}",
    operation_id="release_hold",
    dependencies=BROWSER,
    security=ANY_KEY,
    opt=_BROWSER,
    responses=problems(401, 403, 404),
    tags=["customers"],
)
async def release_hold(
    hold_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """Give a held slot back."""
    await booking.service.release(db, caller.tenant, hold_id, now=now)


@post(
    "/v1/bookings",
    operation_id="create_booking",
    dependencies=BOOK,
    security=ANY_KEY,
    opt=_BROWSER,
    responses=problems(400, 401, 403, 404, 409, 422),
    tags=["customers"],
)
async def create_booking(
    data: JSONBody[BookingBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BookingView]:
    """Book a meeting in a slot that is still free."""

    async def make() -> BookingView:
        tenant = await get_tenant(db, caller.tenant)
        trusted = caller.kind == "secret"
        _, view = await make_booking(db, house, tenant, data, now=now, trusted=trusted)
        return view

    return await once(make, forever=True)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_meeting_types,
    get_meeting_type,
    list_slots,
    create_hold,
    release_hold,
    create_booking,
]
