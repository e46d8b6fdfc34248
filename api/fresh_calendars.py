"""Looking into advisors' calendars once more before a time is taken, while nothing is open yet.

An event that an advisor has just put into their own calendar is seen that way. Where the calendar
does not answer in a moment the booking goes on with what is known, as the organisation decided.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.access import Caller
from api.booking_desk import wanted_in
from api.dependencies import BROWSER, MANAGE, SERVER, transaction_of
from api.links import BookingLink
from api.wire.customer import BookingBody
from api.wiring import House
from kernel.errors import SpreekuurError
from kernel.ids import Id

JUST_NOW: Final = timedelta(seconds=30)

_BODY: Final = msgspec.json.Decoder(BookingBody)

_Find: TypeAlias = Callable[[AsyncConnection, datetime], Awaitable[list[Id]]]


async def look_before_booking(
    house: House, tenant: Id, body: BookingBody, *, now: datetime
) -> None:
    """Read the calendars of whoever would get this meeting, unless they were read just now."""
    # Letters do not matter here, and so neither does their language.
    wanted = wanted_in(body, "nl")
    if booking.service.read_since(tenant, wanted, now - JUST_NOW):
        return

    async def find(db: AsyncConnection, since: datetime) -> list[Id]:
        return await booking.service.unread(db, tenant, wanted, since=since, now=now)

    await _look(house, tenant, find, now=now)


async def look_before_moving(house: House, tenant: Id, booking_id: Id, *, now: datetime) -> None:
    """Read the calendars of whoever attends this meeting, unless they were read just now."""

    async def find(db: AsyncConnection, since: datetime) -> list[Id]:
        meeting = await booking.service.get_booking(db, tenant, booking_id)
        return await booking.service.unread_of(db, tenant, meeting, since=since, now=now)

    await _look(house, tenant, find, now=now)


async def _look(house: House, tenant: Id, find: _Find, *, now: datetime) -> None:
    since = now - JUST_NOW
    # Why something cannot be booked is said when that is tried.
    with suppress(SpreekuurError):
        async with house.database.reading(tenant) as db:
            people = await find(db, since)
        if people:
            await house.calendars.freshen(tenant, people, since=since)


# --- transactions that begin with it -------------------------------------------------------------


async def _to_book(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> AsyncIterator[AsyncConnection]:
    # What is wrong with a body is said by the handler, which gets it decoded.
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        body = _BODY.decode(await request.body())
        await look_before_booking(house, caller.tenant, body, now=now)
    async with transaction_of(request, house, caller.tenant) as db:
        yield db


async def _to_move(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[Caller],
    booking_id: FromPath[str],
    now: NamedDependency[datetime],
) -> AsyncIterator[AsyncConnection]:
    await look_before_moving(house, caller.tenant, booking_id, now=now)
    async with transaction_of(request, house, caller.tenant) as db:
        yield db


async def _to_move_by_link(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    link: NamedDependency[BookingLink],
    now: NamedDependency[datetime],
) -> AsyncIterator[AsyncConnection]:
    await look_before_moving(house, link.tenant, link.booking, now=now)
    async with transaction_of(request, house, link.tenant) as db:
        yield db


BOOK: Final = {**BROWSER, "db": Provide(_to_book)}
"""Dependencies of the call that books."""

MOVE: Final = {**SERVER, "db": Provide(_to_move)}
"""Dependencies of the organisation's call that moves a meeting."""

MOVE_BY_LINK: Final = {**MANAGE, "db": Provide(_to_move_by_link)}
"""Dependencies of what moves a meeting through its manage link."""
