"""What is looked at every day without anybody asking."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

import booking.service
from api.daily import KEEP_PROMISES, DailyWorker
from booking.model import Booking
from booking.tables import bookings
from kernel.clock import FixedClock
from kernel.ids import Id
from kernel.tables import work
from tests.api.console_world import World, at, open_bank, open_world

HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def promised_before(world: World, meeting: Booking, *, off_by: timedelta) -> None:
    """Let a meeting have been promised under older rules, by which its instant was another."""
    tenant = world.bank.tenant.id
    async with world.house.database.transaction(tenant) as db:
        await db.execute(
            update(bookings)
            .where(bookings.c.tenant_id == tenant, bookings.c.id == meeting.id)
            .values(tzdata="2018a", starts_at=meeting.start + off_by, ends_at=meeting.end + off_by)
        )


async def stored(world: World, meeting: Booking) -> Booking:
    """Return the booking as it stands."""
    async with world.house.database.reading(world.bank.tenant.id) as db:
        return await booking.service.get_booking(db, world.bank.tenant.id, meeting.id)


async def asked(world: World, tenant: Id) -> list[timedelta]:
    """Return in how long each look at an organisation's promises that waits is due."""
    async with world.house.database.reading() as db:
        rows = await db.scalars(
            select(work.c.due_at).where(
                work.c.queue == KEEP_PROMISES, work.c.subject == tenant, work.c.state == "ready"
            )
        )
        return [due - world.now() for due in rows]


async def test_an_old_promise_is_put_right_without_anybody_asking(world: World) -> None:
    """A worker that starts finds it: the time on the wall stays, calendar and customer follow."""
    meeting = await world.meeting(at(10, day=1))
    before = {mail.id for mail in await world.mail()}
    await promised_before(world, meeting, off_by=HOUR)
    worker = DailyWorker(
        world.house.database,
        world.clock,
        effects=world.house.worker.effects,
        errands=world.house.worker.errands,
    )

    await worker.run_due()

    now = await stored(world, meeting)
    (letter,) = [mail for mail in world.mailbox.messages() if mail.id not in before]
    assert (now.start, now.end, now.local_start) == (
        meeting.start,
        meeting.end,
        meeting.local_start,
    )
    assert now.tzdata != "2018a"
    assert now.sequence == meeting.sequence + 1
    assert letter.to == "Anna de Vries <anna@example.org>"
    assert letter.method == "REQUEST"
    assert letter.subject == "Uw afspraak blijft op dinsdag 1 december 2026 om 10:00"


async def test_every_day_it_is_looked_at_again(world: World) -> None:
    """Each look asks for the next, a day later; nothing piles up."""
    await world.mail()
    first = await asked(world, world.bank.tenant.id)
    meeting = await world.meeting(at(10, day=4))
    await promised_before(world, meeting, off_by=HOUR)
    world.clock.advance(timedelta(days=1))
    await world.mail()

    assert first == [timedelta(days=1)]
    assert (await stored(world, meeting)).start == meeting.start
    assert await asked(world, world.bank.tenant.id) == [timedelta(days=1)]


async def test_what_is_too_much_for_one_look_is_finished_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some at a time, until none is left."""
    monkeypatch.setattr("booking.changing._BATCH", 2)
    meetings = [await world.meeting(at(9 + hour, day=1), form=False) for hour in range(5)]
    for meeting in meetings:
        await promised_before(world, meeting, off_by=timedelta())
    await world.mail()

    async with world.house.database.reading(world.bank.tenant.id) as db:
        old = await db.scalar(
            select(func.count()).select_from(bookings).where(bookings.c.tzdata == "2018a")
        )
    assert old == 0


async def test_an_organisation_that_is_new_is_added(world: World) -> None:
    """Within the hour, without a restart; what others wait for is not brought forward."""
    await world.mail()
    new = await open_bank(world.house, world.now(), slug="nieuwebank")
    await world.mail()
    before = await asked(world, new.tenant.id)
    world.clock.advance(HOUR)
    await world.mail()

    assert before == []
    assert await asked(world, new.tenant.id) == [timedelta(days=1)]
    assert await asked(world, world.bank.tenant.id) == [timedelta(hours=23)]
