"""Whoever attends a meeting has it in their own calendar, on a real server."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from booking import service
from booking.calendars import link_store
from booking.model import Booking, Colleague
from booking.tables import bookings
from kernel import work
from kernel.ids import Id
from tests.booking.calendars.conftest import COLLEAGUE, Desk

TUESDAY_NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
WEDNESDAY_TEN = datetime(2026, 12, 2, 9, tzinfo=UTC)


@pytest.fixture
async def bart(desk: Desk) -> Desk:
    """A specialist who is there with the advisor, with a calendar of his own."""
    colleague = desk.beside(await desk.hire("Bart"), COLLEAGUE)
    await desk.give(roles=[{"name": "specialist", "advisors": [colleague.advisor]}])
    await desk.connect()
    await colleague.connect()
    return colleague


async def test_everybody_who_attends_has_the_entry(desk: Desk, bart: Desk) -> None:
    """It appears, moves and goes in the calendars of both, and keeps neither of them busy."""
    booking = await desk.book(TUESDAY_NINE)
    assert booking.attendants() == [desk.advisor, bart.advisor]
    assert "DTSTART:20261201T080000Z" in desk.entry(booking)
    assert "DTSTART:20261201T080000Z" in bart.entry(booking)

    async with desk.database.transaction(desk.tenant) as db:
        await service.reschedule(
            db, desk.tenant, booking.id, WEDNESDAY_TEN, now=desk.clock.now(), by="customer"
        )
    await desk.worker.run_due()
    assert "DTSTART:20261202T090000Z" in desk.entry(booking)
    assert "DTSTART:20261202T090000Z" in bart.entry(booking)
    await _sync(desk, bart)
    assert (await desk.busy(), await bart.busy()) == ([], [])

    async with desk.database.transaction(desk.tenant) as db:
        await service.cancel(
            db, desk.tenant, booking.id, reason=None, now=desk.clock.now(), by="customer"
        )
    await desk.worker.run_due()
    assert (desk.names(), bart.names()) == ([], [])


async def test_who_connects_later_gets_the_meetings_they_attend(desk: Desk) -> None:
    """Also those at which they are not the advisor but there beside them."""
    bart = desk.beside(await desk.hire("Bart"), COLLEAGUE)
    await desk.give(roles=[{"name": "specialist", "advisors": [bart.advisor]}])
    booking = await desk.book(TUESDAY_NINE)

    await bart.connect()
    await desk.worker.run_due()

    assert bart.names() == [f"{booking.id}.ics"]


async def test_a_colleague_who_is_replaced_loses_the_entry(desk: Desk, bart: Desk) -> None:
    """The one who comes instead gets it, and it comes back with who comes back."""
    booking = await desk.book(TUESDAY_NINE)

    await _attend(desk, booking, [])
    assert (desk.names(), bart.names()) == ([f"{booking.id}.ics"], [])

    await _attend(desk, booking, [bart.advisor])
    assert bart.names() == [f"{booking.id}.ics"]


async def test_an_advisor_who_is_replaced_loses_the_entry(desk: Desk) -> None:
    """A meeting that is given to somebody else moves from one calendar to the other's."""
    bart = desk.beside(await desk.hire("Bart"), COLLEAGUE)
    await desk.connect()
    await bart.connect()
    booking = await desk.book(TUESDAY_NINE)
    await desk.give(advisors=[desk.advisor, bart.advisor])

    async with desk.database.transaction(desk.tenant) as db:
        await service.reassign(
            db, desk.tenant, booking.id, advisor=bart.advisor, now=desk.clock.now(), by="operator"
        )
    await desk.worker.run_due()

    assert (desk.names(), bart.names()) == ([], [f"{booking.id}.ics"])


async def test_one_calendar_that_fails_holds_up_no_other(desk: Desk, bart: Desk) -> None:
    """A refused password delays that calendar alone; what is done is not done again."""
    desk.radicale.set_password(COLLEAGUE, "changed")
    booking = await desk.book(TUESDAY_NINE)
    assert desk.names() == [f"{booking.id}.ics"]
    etag = await _etag(desk, booking)
    (due_at,) = await desk.waiting("calendar.push")

    await desk.pass_time(due_at - desk.clock.now())
    assert await _etag(desk, booking) == etag
    desk.radicale.start_again()
    await bart.connect()
    await desk.pass_time(timedelta(hours=1))

    assert bart.names() == [f"{booking.id}.ics"]
    assert await _etag(desk, booking) == etag
    assert await desk.waiting("calendar.push") == []


async def test_what_was_written_is_left_alone(desk: Desk, bart: Desk) -> None:
    """Asked to bring a booking in line that is in line, we do not even call the server."""
    booking = await desk.book(TUESDAY_NINE)
    desk.radicale.stop()

    async with desk.database.transaction() as db:
        await work.enqueue(db, desk.tenant, "calendar.push", booking.id, now=desk.clock.now())
    await desk.worker.run_due()

    assert await desk.waiting("calendar.push") == []


@pytest.mark.parametrize("grace", [0, 10])
async def test_a_colleague_cannot_move_the_meeting(desk: Desk, bart: Desk, grace: int) -> None:
    """Dragged in a colleague's calendar, the meeting stays and so, again, does the entry."""
    await desk.settle(grace_minutes=grace)
    booking = await desk.book(TUESDAY_NINE)
    bart.edit(booking, "END:VEVENT", "COMMENT:Dossier meenemen\r\nEND:VEVENT")
    bart.edit(booking, "DTSTART:20261201T08", "DTSTART:20261201T12")
    bart.edit(booking, "DTEND:20261201T09", "DTEND:20261201T13")

    await _sync(desk, bart)
    await desk.pass_time(timedelta(minutes=11))

    assert (await desk.booking(booking.id)).start == TUESDAY_NINE
    assert await desk.troubles() == [("colleague-changed", booking.id)]
    assert "DTSTART:20261201T080000Z" in bart.entry(booking)
    assert "Dossier meenemen" in bart.entry(booking)
    await _sync(desk, bart)
    assert await bart.busy() == []
    assert await desk.troubles() == [("colleague-changed", booking.id)]


async def test_a_colleague_cannot_call_the_meeting_off(desk: Desk, bart: Desk) -> None:
    """Deleted in a colleague's calendar, the entry is put back and the colleague told."""
    await desk.settle(grace_minutes=0)
    booking = await desk.book(TUESDAY_NINE)
    bart.remove(booking.id)

    await _sync(desk, bart)
    await desk.worker.run_due()

    assert (await desk.booking(booking.id)).state == "confirmed"
    assert await desk.troubles() == [("colleague-changed", booking.id)]
    assert bart.names() == [f"{booking.id}.ics"]


async def test_what_the_advisor_does_still_holds_for_all(desk: Desk, bart: Desk) -> None:
    """Deleted in the advisor's own calendar, the meeting is off and the colleague's entry gone."""
    await desk.settle(grace_minutes=0)
    booking = await desk.book(TUESDAY_NINE)
    desk.remove(booking.id)

    await _sync(desk, bart)
    await desk.worker.run_due()

    assert (await desk.booking(booking.id)).state == "cancelled"
    assert bart.names() == []


async def test_two_who_share_a_calendar_share_the_entry(desk: Desk) -> None:
    """Whoever leaves the meeting does not take the other's entry away."""
    bart = desk.beside(await desk.hire("Bart"), COLLEAGUE)
    bart.user, bart.werk = desk.user, desk.werk
    await desk.give(roles=[{"name": "specialist", "advisors": [bart.advisor]}])
    await desk.connect()
    await bart.connect()
    booking = await desk.book(TUESDAY_NINE)
    assert desk.names() == [f"{booking.id}.ics"]

    await _attend(desk, booking, [])
    await _sync(desk, bart)
    await desk.pass_time(timedelta(minutes=11))

    assert desk.names() == [f"{booking.id}.ics"]
    assert (await desk.booking(booking.id)).state == "confirmed"


async def test_a_shared_meeting_has_one_entry(desk: Desk) -> None:
    """However many customers take part, it stands once, and goes with the last of them."""
    await desk.connect()
    await desk.give(seats=3)
    first, second, third = [await _seat(desk) for _ in range(3)]
    assert first.session_id == second.session_id == third.session_id
    assert desk.names() == [f"{first.id}.ics"]

    for leaving, heir in ((first, second), (second, third)):
        await _cancel(desk, leaving)
        assert desk.names() == [f"{heir.id}.ics"]

    await _cancel(desk, third)
    assert desk.names() == []


async def test_a_customer_who_moves_leaves_the_entry_to_the_others(desk: Desk) -> None:
    """Both sessions have one entry afterwards, whoever's it was before."""
    await desk.connect()
    await desk.give(seats=3)
    first, second = [await _seat(desk) for _ in range(2)]

    async with desk.database.transaction(desk.tenant) as db:
        await service.reschedule(
            db, desk.tenant, first.id, WEDNESDAY_TEN, now=desk.clock.now(), by="customer"
        )
    await desk.worker.run_due()

    assert desk.names() == sorted([f"{first.id}.ics", f"{second.id}.ics"])
    assert "DTSTART:20261202T090000Z" in desk.entry(first)
    assert "DTSTART:20261201T080000Z" in desk.entry(second)


async def test_a_shared_meeting_is_not_called_off_by_deleting_it(desk: Desk) -> None:
    """One entry stands for several customers, so the advisor is asked what they mean."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    await desk.give(seats=3)
    first, second = [await _seat(desk) for _ in range(2)]
    desk.remove(first.id)

    await desk.calendars.sync(desk.tenant, account.id)

    states = {(await desk.booking(each.id)).state for each in (first, second)}
    assert states == {"confirmed"}
    assert await desk.troubles() == [("booking-deleted", first.id)]


async def _seat(desk: Desk) -> Booking:
    """Book for one more customer, a while after the one before."""
    desk.clock.advance(timedelta(seconds=1))
    return await desk.book(TUESDAY_NINE)


async def _sync(*desks: Desk) -> None:
    for desk in desks:
        for account in await desk.calendars.list_accounts(desk.tenant, desk.advisor):
            await desk.calendars.sync(desk.tenant, account.id)


async def _cancel(desk: Desk, booking: Booking) -> None:
    async with desk.database.transaction(desk.tenant) as db:
        await service.cancel(
            db, desk.tenant, booking.id, reason=None, now=desk.clock.now(), by="customer"
        )
    await desk.worker.run_due()


async def _attend(desk: Desk, booking: Booking, colleagues: list[Id]) -> None:
    """Let these be there beside the advisor, and bring the calendars in line."""
    there = [Colleague(role="specialist", advisor_id=each) for each in colleagues]
    async with desk.database.transaction(desk.tenant) as db:
        await db.execute(
            update(bookings)
            .where(bookings.c.tenant_id == desk.tenant, bookings.c.id == booking.id)
            .values(colleagues=there)
        )
        await work.enqueue(db, desk.tenant, "calendar.push", booking.id, now=desk.clock.now())
    await desk.worker.run_due()


async def _etag(desk: Desk, booking: Booking) -> str | None:
    async with desk.database.reading(desk.tenant) as db:
        link = await link_store.find(db, desk.tenant, booking.id, desk.advisor)
    return link.etag if link else None
