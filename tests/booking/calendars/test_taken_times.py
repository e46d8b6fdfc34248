"""An advisor's calendar takes a booked time: the customer is offered others, on a real server."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import select

from booking import conflicts, service, tables
from booking.conflicts import Conflict
from booking.model import Booking
from kernel import errors
from kernel.ids import new_id
from kernel.tables import audit_entries, events
from tests.booking.calendars.conftest import COLLEAGUE, Desk, event

TUESDAY_NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
WEDNESDAY_TEN = datetime(2026, 12, 2, 9, tzinfo=UTC)


async def test_a_taken_time_is_offered_once(desk: Desk) -> None:
    """After its grace the customer gets three other times; looking again offers nothing more."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))

    await _sync(desk)
    (seen,) = await _open(desk)
    assert (seen.state, seen.booking_id, seen.advisor_id) == ("seen", booking.id, desk.advisor)
    assert await _told(desk) == []

    await desk.pass_time(timedelta(minutes=11))
    offered = await _of(desk, booking)
    assert offered is not None
    assert (offered.id, offered.state, offered.offered_at) == (
        seen.id,
        "offered",
        desk.clock.now(),
    )
    starts = [each.start for each in offered.alternatives]
    assert len(set(starts)) == 3
    assert TUESDAY_NINE not in starts
    assert await _told(desk) == [
        {
            "type": "booking.conflicted",
            "booking": booking.id,
            "conflict": seen.id,
            "advisor": desk.advisor,
        }
    ]

    for _ in range(3):
        await _sync(desk)
        await desk.pass_time(timedelta(minutes=11))
    assert await _open(desk) == [offered]
    assert len(await _told(desk)) == 1
    assert (await desk.booking(booking.id)).start == TUESDAY_NINE
    assert await _noted(desk, booking) == ["conflict.offered", "conflict.seen"]


async def test_a_conflict_ends_with_the_appointment(desk: Desk) -> None:
    """Nothing is left to choose; only who was asked to is told that the meeting goes ahead."""
    await desk.connect()
    first, second = await desk.book(TUESDAY_NINE), await desk.book(WEDNESDAY_TEN)
    desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))
    await _sync(desk)
    await desk.pass_time(timedelta(minutes=11))
    desk.put("garage", event("garage", ":20261202T083000Z", ":20261202T100000Z"))
    await _sync(desk)
    assert {each.state for each in await _open(desk)} == {"offered", "seen"}

    for name in ("dentist", "garage"):
        desk.remove(name)
    await _sync(desk)
    await desk.pass_time(timedelta(minutes=11))

    assert await _open(desk) == []
    assert await _ended(desk, first) == await _ended(desk, second) == ["gone"]
    assert len(await _told(desk)) == 1
    goes_ahead = await _told(desk, "booking.goes-ahead")
    assert [event["booking"] for event in goes_ahead] == [first.id]


async def test_what_is_taken_anew_is_offered_anew(desk: Desk) -> None:
    """An appointment that went and came back is another conflict."""
    await desk.settle(grace_minutes=0)
    await desk.connect()
    await desk.book(TUESDAY_NINE)

    for _ in range(2):
        desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))
        await _sync(desk)
        await desk.worker.run_due()
        desk.remove("dentist")
        await _sync(desk)

    assert len(await _told(desk)) == 2


async def test_an_appointment_that_is_there_for_a_moment_bothers_nobody(desk: Desk) -> None:
    """Gone within its grace, though not yet read as gone when it ran out: only if it still is."""
    await desk.connect()
    await desk.book(TUESDAY_NINE)
    desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))
    await _sync(desk)
    desk.remove("dentist")
    desk.clock.advance(timedelta(minutes=9))
    await _sync(desk)

    await desk.pass_time(timedelta(minutes=2))

    assert (await _told(desk), await _open(desk)) == ([], [])


async def test_a_meeting_that_was_moved_or_called_off_is_in_nobodys_way(desk: Desk) -> None:
    """What the customer does ends the conflict; their first word is enough."""
    await desk.connect()
    first, second = await desk.book(TUESDAY_NINE), await desk.book(WEDNESDAY_TEN)
    desk.put("course", event("course", ":20261201T080000Z", ":20261202T160000Z"))
    await _sync(desk)
    await desk.pass_time(timedelta(minutes=11))
    offered = await _of(desk, first)
    assert offered is not None
    choice = offered.alternatives[0]

    now = desk.clock.now()
    async with desk.database.transaction(desk.tenant) as db:
        await service.repair(
            db,
            desk.tenant,
            first.id,
            choice.start,
            choice.advisor_id,
            now=now,
            by="customer",
        )
        await service.cancel(db, desk.tenant, second.id, reason=None, now=now, by="customer")
    await desk.worker.run_due()
    await _sync(desk)

    assert await _open(desk) == []
    assert await _ended(desk, first) == ["moved"]
    assert await _ended(desk, second) == ["cancelled"]


async def test_an_advisor_may_let_both_stand(desk: Desk) -> None:
    """It is not raised again while the two overlap, and is when they do so once more."""
    await desk.settle(grace_minutes=0)
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.put("lunch", event("lunch", ":20261201T083000Z", ":20261201T084500Z"))
    await _sync(desk)
    (conflict,) = await _open(desk)

    async with desk.database.transaction(desk.tenant) as db:
        kept = [
            await conflicts.dismiss(
                db, desk.tenant, conflict.id, now=desk.clock.now(), by=desk.advisor
            )
            for _ in range(2)
        ]
    assert [(each.state, each.resolution) for each in kept] == [("kept", "kept")] * 2
    await _sync(desk)
    await desk.worker.run_due()
    assert (await _open(desk), await _told(desk)) == ([], [])

    desk.remove("lunch")
    await _sync(desk)
    assert await _ended(desk, booking) == ["kept"]
    desk.put("lunch", event("lunch", ":20261201T083000Z", ":20261201T084500Z"))
    await _sync(desk)
    assert [each.state for each in await _open(desk)] == ["seen"]


async def test_what_is_settled_cannot_be_dismissed(desk: Desk) -> None:
    """A conflict that is over stays as it ended, and one that never was is not found."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.put("lunch", event("lunch", ":20261201T083000Z", ":20261201T084500Z"))
    await _sync(desk)
    (conflict,) = await _open(desk)
    now = desk.clock.now()

    async with desk.database.transaction(desk.tenant) as db:
        await conflicts.resolve(db, desk.tenant, booking.id, resolution="moved", now=now)
        with pytest.raises(errors.Conflict):
            await conflicts.dismiss(db, desk.tenant, conflict.id, now=now, by="operator")
        for missing in (new_id("cnf", now), "nonsense"):
            with pytest.raises(errors.NotFound):
                await conflicts.dismiss(db, desk.tenant, missing, now=now, by="operator")

    assert await _ended(desk, booking) == ["moved"]


async def test_a_meeting_that_follows_its_advisor_is_not_offered(desk: Desk) -> None:
    """Dragged away to make room for an appointment, it moves; the customer is told only that."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.put("dentist", event("dentist", ":20261201T080000Z", ":20261201T090000Z"))
    desk.edit(booking, "DTSTART:20261201T08", "DTSTART:20261201T13")
    desk.edit(booking, "DTEND:20261201T09", "DTEND:20261201T14")

    await _sync(desk)
    await desk.pass_time(timedelta(minutes=10))
    await desk.pass_time(timedelta(minutes=2))

    assert (await desk.booking(booking.id)).start == datetime(2026, 12, 1, 13, tzinfo=UTC)
    assert (await _told(desk), await _open(desk)) == ([], [])


async def test_our_own_entries_take_no_time(desk: Desk) -> None:
    """Neither a copy of a booking's entry nor another booking's is an appointment over it."""
    await desk.settle(grace_minutes=0, calendar_moved="ask")
    desk.radicale.make_calendar(desk.user, "zaken")
    account = await desk.connect()
    target = next(each.url for each in account.collections if each.role == "target")
    desk.werk = target
    first = await desk.book(TUESDAY_NINE)
    second = await desk.book(datetime(2026, 12, 1, 9, tzinfo=UTC))
    other = next(each.url for each in account.collections if each.role == "busy")
    desk.radicale.put(desk.user, f"{other}copy.ics", desk.entry(first))
    desk.edit(second, "DTSTART:20261201T09", "DTSTART:20261201T08")
    desk.edit(second, "DTEND:20261201T10", "DTEND:20261201T09")

    await _sync(desk)

    assert ("01-12 08:00", "01-12 09:00") in await desk.busy()
    assert await _open(desk) == []


async def test_a_guess_takes_no_time(desk: Desk) -> None:
    """What is tentative, free or cannot be read closes time to new bookings, and moves nobody."""
    await desk.settle(grace_minutes=0)
    await desk.connect()
    await desk.book(TUESDAY_NINE)
    over = (":20261201T080000Z", ":20261201T090000Z")
    desk.put("perhaps", event("perhaps", *over, "STATUS:TENTATIVE"))
    desk.put("birthday", event("birthday", *over, "TRANSP:TRANSPARENT"))
    desk.put("endless", event("endless", *over, "RRULE:FREQ=SECONDLY"))
    desk.put("elsewhere", event("elsewhere", ";TZID=Nowhere:20261201T080000", ""))

    await _sync(desk)

    assert len(await desk.busy()) >= 2
    assert await _open(desk) == []


async def test_a_colleagues_calendar_counts_as_well(desk: Desk) -> None:
    """A meeting needs all who attend it, whichever of their calendars has taken its time."""
    bart = desk.beside(await desk.hire("Bart"), COLLEAGUE)
    await desk.give(roles=[{"name": "specialist", "advisors": [bart.advisor]}])
    await desk.connect()
    await bart.connect()
    booking = await desk.book(TUESDAY_NINE)
    bart.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))

    await _sync(desk)
    assert await _open(desk) == []
    await _sync(bart)
    await desk.pass_time(timedelta(minutes=11))

    (conflict,) = await _open(desk)
    assert (conflict.booking_id, conflict.advisor_id) == (booking.id, bart.advisor)
    assert conflict.state == "offered"
    async with desk.database.reading(desk.tenant) as db:
        assert await conflicts.open_conflicts(db, desk.tenant, advisor=desk.advisor) == []


async def test_everybody_in_a_shared_meeting_is_offered_other_times(desk: Desk) -> None:
    """A taken session is a conflict for each customer who has a seat in it."""
    await desk.settle(grace_minutes=0)
    await desk.connect()
    await desk.give(seats=3)
    both = [await desk.book(TUESDAY_NINE) for _ in range(2)]
    desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))

    await _sync(desk)
    await desk.worker.run_due()

    assert {each["booking"] for each in await _told(desk)} == {each.id for each in both}


async def test_with_nothing_to_offer_the_customer_is_told_all_the_same(desk: Desk) -> None:
    """An advisor who is away for months leaves no other time; the customer is asked to call."""
    await desk.settle(grace_minutes=0)
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.put("sabbatical", event("sabbatical", ":20261130T080000Z", ":20270601T080000Z"))

    await _sync(desk)
    await desk.worker.run_due()

    conflict = await _of(desk, booking)
    assert conflict is not None
    assert (conflict.state, conflict.alternatives) == ("offered", [])
    assert len(await _told(desk)) == 1


async def test_a_meeting_that_has_begun_is_left_alone(desk: Desk) -> None:
    """What was not settled in time is over, and past meetings are nobody's conflict."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))
    await _sync(desk)

    desk.clock.advance(TUESDAY_NINE + timedelta(minutes=5) - desk.clock.now())
    await _sync(desk)

    assert (await _open(desk), await _ended(desk, booking)) == ([], ["begun"])


async def test_a_displaced_meeting_is_offered_and_stays_open(desk: Desk) -> None:
    """Where zone rules moved a meeting onto another, no free calendar ends the choice."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    async with desk.database.transaction(desk.tenant) as db:
        for _ in range(2):
            await conflicts.note(db, desk.tenant, booking, now=desk.clock.now())
    await desk.worker.run_due()
    await _sync(desk)

    conflict = await _of(desk, booking)
    assert conflict is not None
    assert (conflict.state, len(conflict.alternatives)) == ("displaced", 3)
    assert len(await _told(desk)) == 1


async def test_looking_costs_no_more_for_many_meetings(desk: Desk) -> None:
    """However full the week, three statements compare it with the calendar."""
    await desk.connect()
    for hour in range(8, 15):
        await desk.book(datetime(2026, 12, 1, hour, tzinfo=UTC))
    statements: list[str] = []

    def count(*arguments: Any) -> None:
        statements.append(arguments[2])

    engine = desk.database.engine.sync_engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", count)
    await conflicts.look_again(desk.database, desk.tenant, desk.advisor, now=desk.clock.now())
    sqlalchemy.event.remove(engine, "before_cursor_execute", count)

    asked = [each for each in statements if "set_config" not in each and "BEGIN" not in each]
    assert len(asked) == 3


async def test_looking_at_the_same_time_raises_one(desk: Desk) -> None:
    """Several who look at once make one conflict, and one offer."""
    await desk.settle(grace_minutes=0)
    await desk.connect()
    await desk.book(TUESDAY_NINE)
    desk.put("dentist", event("dentist", ":20261201T083000Z", ":20261201T084500Z"))

    await asyncio.gather(*(_sync(desk) for _ in range(4)))
    await desk.worker.run_due()

    assert (len(await _open(desk)), len(await _told(desk))) == (1, 1)


async def _sync(desk: Desk) -> None:
    for account in await desk.calendars.list_accounts(desk.tenant, desk.advisor):
        await desk.calendars.sync(desk.tenant, account.id)


async def _open(desk: Desk) -> list[Conflict]:
    async with desk.database.reading(desk.tenant) as db:
        return await conflicts.open_conflicts(db, desk.tenant)


async def _of(desk: Desk, booking: Booking) -> Conflict | None:
    async with desk.database.reading(desk.tenant) as db:
        return await conflicts.conflict_of(db, desk.tenant, booking.id)


async def _ended(desk: Desk, booking: Booking) -> list[str | None]:
    """Return how a booking's conflicts ended."""
    async with desk.database.reading(desk.tenant) as db:
        rows = await db.execute(
            select(tables.conflicts.c.resolution).where(
                tables.conflicts.c.booking_id == booking.id,
                tables.conflicts.c.state == "resolved",
            )
        )
        return list(rows.scalars())


async def _told(desk: Desk, kind: str = "booking.conflicted") -> list[dict[str, Any]]:
    """Return what customers are to be told of conflicts."""
    async with desk.database.reading(desk.tenant) as db:
        rows = await db.execute(
            select(events.c.payload).where(events.c.kind == kind).order_by(events.c.id)
        )
        return list(rows.scalars())


async def _noted(desk: Desk, booking: Booking) -> list[str]:
    async with desk.database.reading(desk.tenant) as db:
        rows = await db.execute(
            select(audit_entries.c.action).where(
                audit_entries.c.subject == booking.id,
                audit_entries.c.action.startswith("conflict."),
            )
        )
        return sorted(rows.scalars())
