"""The page of a booking: what was agreed, and changing it. Only a POST changes anything."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.dependencies import MANAGE
from api.fresh_calendars import MOVE_BY_LINK
from api.pages.choosing import Address, Find, Picker, instant, pick
from api.pages.frame import PageRequest, customer_page, go_to, know_organisation, visitor
from api.pages.posted import posted, refuse_foreign
from api.self_service import (
    Visit,
    consents_of,
    decide,
    intake_of,
    link_of,
    managed,
    revisit,
    take_offered,
)
from api.wire.customer import local
from api.wiring import House
from booking.model import SlotAnswer, SlotQuery
from context.model import IntakeView
from kernel.errors import Conflict, NotFound
from kernel.ids import Id

_LINK: Final = {"auth": "link"}
_LONGEST_REASON: Final = 500
_DONE: Final = frozenset({"booked", "changed", "repaired", "cancelled", "consent"})


@get(
    "/manage/{token:str}",
    dependencies=MANAGE,
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
)
async def show(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show a customer their meeting, and what they can do."""
    done = request.query_params.get("done")
    return await _booking_page(
        db, house, visit, token, done=done if done in _DONE else None, now=now
    )


@post(
    "/manage/{token:str}/repair",
    dependencies=MANAGE,
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_LINK,
)
async def repair(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Take one of the times that were offered for a meeting whose own was taken."""
    values = await posted(request)
    start, advisor = instant(values.get("start")), values.get("advisor", "")
    if not visit.can_change or start is None:
        return _back(token)
    try:
        async with db.begin_nested():
            mended = await take_offered(db, visit, start, advisor, now=now)
    except Conflict as error:
        return await _booking_page(
            db,
            house,
            _without(visit, start, advisor),
            token,
            status=error.status,
            trouble=error.code,
            now=now,
        )
    return go_to(f"{urlsplit(link_of(house, mended, 'manage')).path}?done=repaired")


@get(
    "/manage/{token:str}/change",
    dependencies=MANAGE,
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
)
async def choose_time(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Show the times to which the meeting can move, or ask whether the chosen one is right."""
    if not visit.can_change:
        return _back(token)
    start = instant(request.query_params.get("start"))
    if start is not None:
        return _change_page(house, visit, token, start=start)
    picker = await _picker(db, visit, token, wanted=request.query_params.get("day"), now=now)
    return _change_page(house, visit, token, picker=picker)


@post(
    "/manage/{token:str}/change",
    dependencies=MOVE_BY_LINK,
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_LINK,
)
async def change(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Move the meeting, and go to its new link."""
    start = instant((await posted(request)).get("start"))
    if not visit.can_change or start is None:
        return _back(token)
    try:
        async with db.begin_nested():
            moved = await booking.service.reschedule(
                db, visit.tenant.id, visit.booking.id, start, now=now, by="customer"
            )
    except Conflict as error:
        return _change_page(
            house,
            visit,
            token,
            status=error.status,
            trouble=error.code,
            alternatives=list(error.extra.get("alternatives", ())),
            picker=await _picker(db, visit, token, wanted=None, now=now),
        )
    url = link_of(house, revisit(visit, moved, now=now), "manage")
    return go_to(f"{urlsplit(url).path}?done=changed")


@get(
    "/manage/{token:str}/cancel",
    dependencies=MANAGE,
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
)
async def ask_to_cancel(
    token: FromPath[str], house: NamedDependency[House], visit: NamedDependency[Visit]
) -> Response[Any]:
    """Ask whether the meeting must be called off; mail scanners follow links, so it only asks."""
    if not visit.can_change:
        return _back(token)
    return customer_page(
        "manage/cancel.html", visitor(visit), token=token, meeting=managed(house, visit)
    )


@post(
    "/manage/{token:str}/cancel",
    dependencies=MANAGE,
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_LINK,
)
async def cancel(
    token: FromPath[str],
    request: PageRequest,
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Call the meeting off."""
    reason = (await posted(request)).get("reason", "").strip()[:_LONGEST_REASON]
    if not visit.can_change:
        return _back(token)
    await booking.service.cancel(
        db, visit.tenant.id, visit.booking.id, reason=reason or None, now=now, by="customer"
    )
    return _back(token, done="cancelled")


@post(
    "/manage/{token:str}/consents",
    dependencies=MANAGE,
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_LINK,
)
async def consent(
    token: FromPath[str],
    request: PageRequest,
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Give or take back consent; it holds from this moment."""
    values = await posted(request)
    if not values.get("given"):
        return _back(token)
    given = values["given"] == "yes"
    await decide(db, visit, values.get("purpose", ""), given=given, now=now)
    return _back(token, done="consent")


async def _booking_page(
    db: AsyncConnection,
    house: House,
    visit: Visit,
    token: str,
    *,
    status: int = 200,
    done: str | None = None,
    trouble: str | None = None,
    now: datetime,
) -> Response[str]:
    return customer_page(
        "manage/booking.html",
        visitor(visit),
        status=status,
        token=token,
        meeting=managed(house, visit),
        customer=visit.customer,
        over=now >= visit.booking.end,
        done=done,
        trouble=trouble,
        offered=visit.offered,
        verified=visit.verified,
        intake=await _intake(db, visit, now),
        consents=await consents_of(db, visit) if visit.verified else [],
    )


def _without(visit: Visit, start: datetime, advisor: Id) -> Visit:
    """Return the visit without an offer that could not be had; the others still stand."""
    if visit.offered is None:
        return visit
    others = [
        one for one in visit.offered.alternatives if (one.start, one.advisor.id) != (start, advisor)
    ]
    return structs.replace(visit, offered=structs.replace(visit.offered, alternatives=others))


def _back(token: str, *, done: str | None = None) -> Response[Any]:
    target = f"/manage/{token}?done={done}" if done else f"/manage/{token}"
    return go_to(target)


def _change_page(
    house: House, visit: Visit, token: str, *, status: int = 200, **values: Any
) -> Response[str]:
    return customer_page(
        "manage/change.html",
        visitor(visit),
        status=status,
        **{
            "token": token,
            "meeting": managed(house, visit),
            "start": None,
            "picker": None,
            "trouble": None,
            "alternatives": [],
            **values,
        },
    )


async def _picker(
    db: AsyncConnection, visit: Visit, token: str, *, wanted: str | None, now: datetime
) -> Picker:
    """Return the calendar to move a meeting in; it opens at the month in which it is now."""
    zone = visit.booking.timezone
    return await pick(
        _finder(db, visit, now),
        Address(path=f"/manage/{token}/change", chosen={}),
        wanted=wanted or f"{local(visit.booking.start, zone):%Y-%m}",
        timezone=zone,
        now=now,
        window_days=visit.meeting_type.window_days,
    )


def _finder(db: AsyncConnection, visit: Visit, now: datetime) -> Find:
    meeting = visit.booking

    async def find(begin: datetime, finish: datetime) -> SlotAnswer:
        query = SlotQuery(
            meeting_type=meeting.meeting_type,
            start=begin,
            end=finish,
            channel=meeting.channel,
            location=visit.location.slug if visit.location else None,
            duration=int((meeting.end - meeting.start).total_seconds() // 60),
            advisor=meeting.advisor_id,
        )
        return await booking.service.slots(db, visit.tenant.id, query, now=now, moving=meeting.id)

    return find


async def _intake(db: AsyncConnection, visit: Visit, now: datetime) -> IntakeView | None:
    if visit.meeting_type.form is None:
        return None
    try:
        return await intake_of(db, visit, now=now)
    except NotFound:
        # The kind of meeting got its form after this meeting was booked.
        return None


HANDLERS: Final[list[ControllerRouterHandler]] = [
    show,
    repair,
    choose_time,
    change,
    ask_to_cancel,
    cancel,
    consent,
]
