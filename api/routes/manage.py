"""Calls that the link from a mail opens: a customer's own meeting."""

from datetime import datetime
from typing import Final

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api import erasing
from api.booking_desk import alternatives_in, purpose_at
from api.dependencies import INTAKE, MANAGE, Once
from api.erasing import ErasureInput, Export, SignedReceipt
from api.free_times import slots_view, window
from api.fresh_calendars import MOVE_BY_LINK
from api.links import BookingLink
from api.problems import problems
from api.self_service import (
    Visit,
    consents_of,
    decide,
    enter,
    intake_of,
    managed,
    require_verified,
    revisit,
    save_answers,
    take_offered,
)
from api.wire.customer import (
    AnswersBody,
    CancelBody,
    ConsentsBody,
    ManagedBooking,
    RepairBody,
    RescheduleBody,
    Slots,
)
from api.wiring import House
from booking.model import SlotQuery
from context.model import ConsentView, IntakeView

_LINK: Final = {"auth": "link"}
_PROBLEMS: Final = problems(400, 404, 409, 410, 422)


class Consents(Struct, frozen=True, kw_only=True):
    """What a customer agrees to."""

    consents: list[ConsentView]


@get(
    "/v1/manage/{token:str}",
    operation_id="get_managed_booking",
    dependencies=MANAGE,
    opt=_LINK,
    responses=_PROBLEMS,
    tags=["links"],
)
async def get_managed_booking(
    token: FromPath[str], house: NamedDependency[House], visit: NamedDependency[Visit]
) -> ManagedBooking:
    """Show a customer their meeting."""
    return managed(house, visit)


@get(
    "/v1/manage/{token:str}/slots",
    operation_id="list_managed_slots",
    dependencies=MANAGE,
    opt=_LINK,
    responses=_PROBLEMS,
    tags=["links"],
)
async def list_managed_slots(
    token: FromPath[str],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    start: FromQuery[str],
    end: FromQuery[str],
    timezone: FromQuery[str],
) -> Slots:
    """List the starts to which this meeting can be moved."""
    begin, finish = window(start, end, timezone)
    meeting = visit.booking
    query = SlotQuery(
        meeting_type=meeting.meeting_type,
        start=begin,
        end=finish,
        channel=meeting.channel,
        location=visit.location.slug if visit.location else None,
        duration=int((meeting.end - meeting.start).total_seconds() // 60),
        advisor=meeting.advisor_id,
    )
    answer = await booking.service.slots(db, visit.tenant.id, query, now=now, moving=meeting.id)
    return slots_view(answer, timezone)


@post(
    "/v1/manage/{token:str}/reschedule",
    operation_id="reschedule_managed_booking",
    dependencies=MOVE_BY_LINK,
    opt=_LINK,
    responses=_PROBLEMS,
    status_code=200,
    tags=["links"],
)
async def reschedule_managed_booking(
    token: FromPath[str],
    data: JSONBody[RescheduleBody],
    house: NamedDependency[House],
    link: NamedDependency[BookingLink],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ManagedBooking]:
    """Move a meeting; the link is replaced by a new one.

    The link is read before it is entered: who repeats the call with the same Idempotency-Key gets
    the new link, although the old one has ended.
    """

    async def move() -> ManagedBooking:
        visit = await enter(db, link, now=now)
        with alternatives_in(visit.booking.timezone):
            moved = await booking.service.reschedule(
                db, visit.tenant.id, visit.booking.id, data.start, now=now, by="customer"
            )
        return managed(house, revisit(visit, moved, now=now))

    return await once(move, status=200)


@post(
    "/v1/manage/{token:str}/repair",
    operation_id="repair_managed_booking",
    dependencies=MANAGE,
    opt=_LINK,
    responses=_PROBLEMS,
    status_code=200,
    tags=["links"],
)
async def repair_managed_booking(
    token: FromPath[str],
    data: JSONBody[RepairBody],
    house: NamedDependency[House],
    link: NamedDependency[BookingLink],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ManagedBooking]:
    """Take one of the times that were offered for a meeting whose own was taken.

    Where the meeting moves, the link is replaced by a new one; who repeats the call gets it again.
    """

    async def mend() -> ManagedBooking:
        visit = await enter(db, link, now=now)
        return managed(house, await take_offered(db, visit, data.start, data.advisor, now=now))

    return await once(mend, status=200)


@post(
    "/v1/manage/{token:str}/cancel",
    operation_id="cancel_managed_booking",
    dependencies=MANAGE,
    opt=_LINK,
    responses=_PROBLEMS,
    status_code=200,
    tags=["links"],
)
async def cancel_managed_booking(
    token: FromPath[str],
    data: JSONBody[CancelBody],
    house: NamedDependency[House],
    link: NamedDependency[BookingLink],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ManagedBooking]:
    """Call a meeting off."""

    async def call_off() -> ManagedBooking:
        visit = await enter(db, link, now=now)
        cancelled = await booking.service.cancel(
            db, visit.tenant.id, visit.booking.id, reason=data.reason, now=now, by="customer"
        )
        return managed(house, revisit(visit, cancelled, now=now))

    return await once(call_off, status=200)


@get(
    "/v1/manage/{token:str}/intake",
    operation_id="get_intake",
    dependencies=INTAKE,
    opt=_LINK,
    responses=_PROBLEMS,
    tags=["links"],
)
async def get_intake(
    token: FromPath[str],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> IntakeView:
    """Show the form that prepares this meeting, with the answers so far."""
    return await intake_of(db, visit, now=now)


@put(
    "/v1/manage/{token:str}/intake",
    operation_id="save_intake",
    dependencies=INTAKE,
    opt=_LINK,
    responses=_PROBLEMS,
    tags=["links"],
)
async def save_intake(
    token: FromPath[str],
    data: JSONBody[AnswersBody],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> IntakeView:
    """Save answers, and hand the form in when asked to."""
    return await save_answers(db, visit, data.answers, submit=data.submit, now=now)


@get(
    "/v1/manage/{token:str}/consents",
    operation_id="get_managed_consents",
    dependencies=INTAKE,
    opt=_LINK,
    responses=_PROBLEMS,
    tags=["links"],
)
async def get_managed_consents(
    token: FromPath[str], visit: NamedDependency[Visit], db: NamedDependency[AsyncConnection]
) -> Consents:
    """Show what a customer agrees to, in the exact words."""
    return Consents(consents=await consents_of(db, visit))


@put(
    "/v1/manage/{token:str}/consents",
    operation_id="set_managed_consents",
    dependencies=INTAKE,
    opt=_LINK,
    responses=_PROBLEMS,
    tags=["links"],
)
async def set_managed_consents(
    token: FromPath[str],
    data: JSONBody[ConsentsBody],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Consents:
    """Give or take back consent; it holds from this moment."""
    for index, choice in enumerate(data.consents):
        with purpose_at(index):
            await decide(db, visit, choice.purpose, given=choice.given, now=now)
    return Consents(consents=await consents_of(db, visit))


@get(
    "/v1/manage/{token:str}/data",
    operation_id="get_managed_data",
    dependencies=MANAGE,
    opt=_LINK,
    responses=problems(400, 403, 404, 409, 410),
    tags=["links"],
)
async def get_managed_data(
    token: FromPath[str],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Export:
    """Give a customer all that is known of them, and who looked at it."""
    require_verified(visit)
    return await erasing.all_known(db, visit.tenant.id, visit.customer.id, now=now)


@post(
    "/v1/manage/{token:str}/erase",
    operation_id="erase_managed_data",
    dependencies=MANAGE,
    opt=_LINK,
    responses=problems(400, 403, 404, 409, 410, 422),
    tags=["links"],
    status_code=200,
)
async def erase_managed_data(
    token: FromPath[str],
    data: JSONBody[ErasureInput],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> SignedReceipt:
    """Erase all that is known of the customer, for good; the link ends with it."""
    require_verified(visit)
    return await erasing.erase(db, visit.tenant.id, visit.customer.id, data, now=now, by="customer")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_managed_booking,
    list_managed_slots,
    reschedule_managed_booking,
    repair_managed_booking,
    cancel_managed_booking,
    get_intake,
    save_intake,
    get_managed_consents,
    set_managed_consents,
    get_managed_data,
    erase_managed_data,
]
