"""When the rules of a time zone change, meetings keep their time on the wall."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from booking import service
from booking.model import Booking
from booking.schedule import zone_rules_version
from booking.tables import bookings, claims
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.tables import events
from tests.booking.builders import (
    NOW,
    add_advisors,
    add_meeting_type,
    ask,
    book,
    clocks,
    stranger,
    tuesday,
)

HOUR = timedelta(hours=1)


@pytest.fixture
async def office(database: Database, tenant: Id) -> Id:
    """Anna, nine to five, with a quarter of an hour after each meeting; a kind for three, too."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna"], hours="09:00-17:00")
        await add_meeting_type(db, tenant, pool, step=15, after=15)
        await add_meeting_type(db, tenant, pool, slug="groep", step=15, seats=3)
    return tenant


async def promise_under_old_rules(
    database: Database, tenant: Id, booking: Booking, *, earlier: timedelta
) -> None:
    """Let it look as if the promise had been made when the zone had another offset.

    What stands on the wall is moved, not the instant: under the rules of today the two differ.
    """
    wall = datetime.fromisoformat(booking.local_start) - earlier
    async with database.transaction(tenant) as db:
        await db.execute(
            update(bookings)
            .where(bookings.c.id == booking.id)
            .values(tzdata="2020a", local_start=wall.isoformat())
        )


async def live(database: Database, tenant: Id) -> list[str]:
    """Return what is claimed."""
    async with database.reading(tenant) as db:
        rows = await db.execute(
            select(claims.c.starts_at, claims.c.ends_at)
            .where(claims.c.live)
            .order_by(claims.c.starts_at)
        )
        return [" to ".join(clock[3:] for clock in clocks(row)) for row in rows]


async def test_a_meeting_moves_with_all_it_takes(database: Database, office: Id) -> None:
    """It was promised for nine; customers' links live on, calendars hear of it."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("10:00"))
    await promise_under_old_rules(database, office, booking, earlier=HOUR)

    async with database.transaction(office) as db:
        first = await service.keep_promises(db, office, now=NOW)
        second = await service.keep_promises(db, office, now=NOW)
        after = await service.get_booking(db, office, booking.id)
        steps = await service.history(db, office, booking.id)
        heard = (await db.scalars(select(events.c.payload).order_by(events.c.id))).all()

    assert (first, second) == ((1, False), (0, False))
    assert (after.start, after.end) == (tuesday("09:00"), tuesday("10:00"))
    assert after.local_start == "2026-12-01T09:00:00"
    assert after.tzdata == zone_rules_version()
    assert (after.sequence, after.generation, after.revision) == (1, 0, 1)
    assert [(one.action, one.by) for one in steps[1:]] == [("booking.realigned", "system")]
    assert {one["type"] for one in heard} == {"booking.confirmed", "booking.realigned"}
    assert await live(database, office) == ["09:00 to 10:15"]


async def test_a_promise_that_means_the_same_instant_is_only_noted(
    database: Database, office: Id
) -> None:
    """Nobody hears of rules that change nothing."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("10:00"))
    await promise_under_old_rules(database, office, booking, earlier=timedelta())

    async with database.transaction(office) as db:
        kept = await service.keep_promises(db, office, now=NOW)
        after = await service.get_booking(db, office, booking.id)
        steps = await service.history(db, office, booking.id)

    assert kept == (0, False)
    assert after == booking
    assert len(steps) == 1


@pytest.mark.parametrize("in_the_way", ["09:00", "past"])
async def test_a_meeting_that_cannot_move_stays_and_is_offered_other_times(
    database: Database, office: Id, in_the_way: str
) -> None:
    """Its new time is taken by another, or has gone by already; it is looked at once."""
    now = NOW
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("10:00") + 15 * timedelta(minutes=1))
        if in_the_way == "past":
            now = tuesday("09:30")
        else:
            await book(db, office, tuesday("09:00"), customer=stranger())
    before = await live(database, office)
    await promise_under_old_rules(database, office, booking, earlier=HOUR)

    async with database.transaction(office) as db:
        kept = [await service.keep_promises(db, office, now=now) for _ in range(2)]
        after = await service.get_booking(db, office, booking.id)
        conflict = await service.conflict_of(db, office, booking.id)

    assert kept == [(0, False), (0, False)]
    assert (after.start, after.tzdata) == (booking.start, zone_rules_version())
    assert conflict is not None
    assert conflict.state == "displaced"
    assert await live(database, office) == before


async def test_meetings_off_the_grid_and_after_hours_are_put_right_too(
    database: Database, office: Id
) -> None:
    """What was promised is kept, whatever the hours are by now."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
    await promise_under_old_rules(database, office, booking, earlier=timedelta(minutes=190))

    async with database.transaction(office) as db:
        assert await service.keep_promises(db, office, now=NOW) == (1, False)

    assert await live(database, office) == ["05:50 to 07:05"]


async def test_a_session_moves_as_one_where_all_were_promised_the_same(
    database: Database, office: Id
) -> None:
    """Two who share a meeting share it an hour earlier, and the third seat is there as well."""
    group: dict[str, Any] = {"meeting_type": "groep"}
    async with database.transaction(office) as db:
        made = [
            await book(db, office, tuesday("11:00"), customer=stranger(), **group) for _ in range(2)
        ]
    for one in made:
        await promise_under_old_rules(database, office, one, earlier=HOUR)

    async with database.transaction(office) as db:
        assert await service.keep_promises(db, office, now=NOW) == (2, False)
        after = [await service.get_booking(db, office, one.id) for one in made]
        answer = await ask(db, office, **group)

    assert [one.start for one in after] == [tuesday("10:00")] * 2
    assert len({one.session_id for one in after}) == 1
    assert (answer.remaining or {})[tuesday("10:00")] == 1
    assert await live(database, office) == ["10:00 to 11:00"]


async def test_a_session_stays_where_only_one_was_promised_otherwise(
    database: Database, office: Id
) -> None:
    """The one whose clock has changed chooses anew; the other's evening is as it was."""
    group: dict[str, Any] = {"meeting_type": "groep"}
    async with database.transaction(office) as db:
        one, two = [
            await book(db, office, tuesday("11:00"), customer=stranger(), **group) for _ in range(2)
        ]
    await promise_under_old_rules(database, office, one, earlier=HOUR)

    async with database.transaction(office) as db:
        assert await service.keep_promises(db, office, now=NOW) == (0, False)
        assert await service.conflict_of(db, office, one.id) is not None
        assert await service.conflict_of(db, office, two.id) is None

    assert await live(database, office) == ["11:00 to 12:00"]


async def test_many_promises_are_looked_at_in_rounds(database: Database, office: Id) -> None:
    """Two hundred at a time; what is left is said to be left."""
    async with database.transaction(office) as db:
        (anna,) = await service.list_advisors(db, office)
        booking = await book(db, office, tuesday("10:00"))
        row = (await db.execute(select(bookings))).mappings().one()
        copies = [
            dict(row)
            | {
                "id": new_id("bkg", NOW + timedelta(milliseconds=number)),
                "tzdata": "2020a",
                "advisor_id": anna.id,
            }
            for number in range(205)
        ]
        await db.execute(bookings.insert(), copies)
        rounds = [await service.keep_promises(db, office, now=NOW) for _ in range(2)]

    assert booking.tzdata == zone_rules_version()
    assert rounds == [(0, True), (0, False)]
