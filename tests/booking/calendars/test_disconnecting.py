"""Letting go of a calendar, on a real server: what is forgotten, and what stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from booking.calendars import leaving
from booking.calendars.model import ConnectInput
from booking.calendars.tables import (
    busy_spans,
    calendar_accounts,
    calendar_collections,
    calendar_objects,
    event_links,
)
from booking.model import Booking
from kernel.errors import NotFound
from kernel.ids import Id
from tests.booking.calendars.conftest import USER, Desk, event
from tests.services.radicale import PASSWORDS

TUESDAY_NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
ALL: tuple[Table[Any], ...] = (
    calendar_accounts,
    calendar_collections,
    calendar_objects,
    busy_spans,
    event_links,
)


async def _left(desk: Desk) -> list[int]:
    async with desk.database.reading(desk.tenant) as db:
        return [await db.scalar(select(func.count()).select_from(table)) or 0 for table in ALL]


async def _connected(desk: Desk) -> tuple[Id, Booking]:
    """Connect a calendar with an appointment, and book a meeting into it."""
    desk.put("lunch", event("lunch", ":20261203T110000Z", ":20261203T120000Z"))
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    assert await desk.busy() == [("03-12 11:00", "03-12 12:00")]
    assert min(await _left(desk)) == 1
    return account.id, booking


async def test_a_disconnected_account_is_forgotten(desk: Desk) -> None:
    """Secrets, objects and times are gone, the booking stands, and the server hears no more."""
    account, booking = await _connected(desk)
    desk.radicale.stop()

    await desk.calendars.disconnect(desk.tenant, account)
    await desk.pass_time(timedelta(hours=2))

    assert await _left(desk) == [0, 0, 0, 0, 0]
    assert await desk.busy() == []
    assert (await desk.booking(booking.id)).state == "confirmed"
    # Whatever were still asked would find nobody, and would be told or tried again.
    assert await desk.troubles() == []
    assert await desk.waiting("calendar.sync") == []
    with pytest.raises(NotFound):
        await desk.calendars.status(desk.tenant, account)
    desk.radicale.start()
    assert desk.names() == [f"{booking.id}.ics", "lunch.ics"]


async def test_entries_are_removed_first_where_that_is_asked(desk: Desk) -> None:
    """Ours go from the server, the advisor's own stay; from the start nothing of it counts."""
    account, booking = await _connected(desk)

    await desk.calendars.disconnect(desk.tenant, account, entries="remove")
    assert await desk.busy() == []
    await desk.worker.run_due()

    assert desk.names() == ["lunch.ics"]
    assert await _left(desk) == [0, 0, 0, 0, 0]
    assert (await desk.booking(booking.id)).state == "confirmed"


async def test_a_server_that_is_away_is_waited_for(desk: Desk) -> None:
    """The entries go when it is back; until then the account is there and counts for nothing."""
    account, _ = await _connected(desk)
    desk.radicale.stop()

    await desk.calendars.disconnect(desk.tenant, account, entries="remove")
    await desk.worker.run_due()
    assert (await desk.calendars.status(desk.tenant, account)).problem == "calendar-unreachable"
    desk.radicale.start()
    await desk.pass_time(timedelta(minutes=11))

    assert desk.names() == ["lunch.ics"]
    assert await _left(desk) == [0, 0, 0, 0, 0]


async def test_an_account_that_is_connected_again_in_time_stays(desk: Desk) -> None:
    """Its calendars count as before, its entries are written again, and nothing goes later."""
    account, booking = await _connected(desk)
    desk.radicale.stop()
    await desk.calendars.disconnect(desk.tenant, account, entries="remove")
    await desk.worker.run_due()
    going = await desk.calendars.sync(desk.tenant, account)
    assert (going.state, await desk.busy()) == ("leaving", [])
    desk.radicale.start()

    again = await desk.connect()
    for _ in range(leaving.ATTEMPTS):
        await desk.pass_time(timedelta(minutes=11))

    assert (again.id, again.state) == (account, "active")
    assert [each.role for each in again.collections] == ["target"]
    assert await desk.busy() == [("03-12 11:00", "03-12 12:00")]
    assert f"{booking.id}.ics" in desk.names()


async def test_a_server_that_stays_away_is_not_waited_for_for_ever(desk: Desk) -> None:
    """After an hour the account goes all the same."""
    account, _ = await _connected(desk)
    desk.radicale.stop()

    await desk.calendars.disconnect(desk.tenant, account, entries="remove")
    for _ in range(leaving.ATTEMPTS):
        assert await _left(desk) != [0, 0, 0, 0, 0]
        await desk.pass_time(timedelta(minutes=11))

    assert await _left(desk) == [0, 0, 0, 0, 0]
    assert await desk.waiting(leaving.LEAVE) == []


async def test_a_server_that_refuses_us_is_left_at_once(desk: Desk) -> None:
    """With a password that no longer works nothing can be removed, and is not tried again."""
    account, _ = await _connected(desk)
    desk.radicale.set_password(USER, "another one")

    await desk.calendars.disconnect(desk.tenant, account, entries="remove")
    await desk.worker.run_due()

    assert await _left(desk) == [0, 0, 0, 0, 0]


async def test_what_the_advisor_put_in_its_place_stays(desk: Desk) -> None:
    """An entry that is ours no more is not removed."""
    account, booking = await _connected(desk)
    desk.radicale.delete(USER, desk.url(booking))
    desk.put(booking.id, event("mine", ":20261204T110000Z", ":20261204T120000Z"))

    await desk.calendars.disconnect(desk.tenant, account, entries="remove")
    await desk.worker.run_due()

    assert desk.names() == [f"{booking.id}.ics", "lunch.ics"]
    assert await _left(desk) == [0, 0, 0, 0, 0]


async def test_bookings_go_into_the_calendar_that_takes_over(desk: Desk) -> None:
    """Where the advisor has another target by then, it gets the bookings of the old one."""
    account, booking = await _connected(desk)
    thuis = desk.radicale.make_calendar(USER, "thuis")
    data = ConnectInput(advisor=desk.advisor, url=thuis, username=USER, password=PASSWORDS[USER])
    second = await desk.calendars.connect(desk.tenant, data)
    assert second.id != account
    other = next(each for each in second.collections if each.url == thuis)

    await desk.calendars.disconnect(desk.tenant, account)
    await desk.calendars.set_role(desk.tenant, second.id, other.id, "target")
    await desk.worker.run_due()

    assert f"{booking.id}.ics" in desk.radicale.names(USER, thuis)
