"""Answers that are kept are the answers that would be found again."""

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service, sight
from booking.errors import SlotTaken, SlotUnavailable
from booking.kept import Kept
from booking.model import Booking, SlotQuery
from booking.slots import free_starts
from booking.snapshot import Setup
from booking.snapshot_store import read_setup
from kernel.database import Database
from kernel.ids import Id
from tests.booking.builders import (
    NOW,
    add_advisors,
    add_meeting_type,
    book,
    connect_calendar,
    hold,
    set_hours,
    stranger,
    tuesday,
)

MINUTE = timedelta(minutes=1)
NAMES = [f"advisor{number}" for number in range(5)]


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was searched for all over, as the number of free starts found each time."""
    found: list[int] = []

    def counted(*asked: object, **more: object) -> list[int]:
        starts = free_starts(*asked, **more)  # type: ignore[arg-type]  # whatever it is, it goes on
        found.append(len(starts))
        return starts

    monkeypatch.setattr("booking.sight.free_starts", counted)
    monkeypatch.setattr(sight, "_STARTS", Kept[list[int]](64))
    return found


async def starts(
    database: Database, tenant: Id, now: datetime, first: datetime, days: float, **wanted: object
) -> list[datetime]:
    query = SlotQuery(
        meeting_type="hypotheek",
        start=first,
        end=first + timedelta(days=days),
        **wanted,  # type: ignore[arg-type]  # fields of the query
    )
    async with database.reading(tenant) as db:
        return (await service.slots(db, tenant, query, now=now)).starts


async def test_nothing_is_searched_again_while_nothing_changes(
    database: Database, tenant: Id, searches: list[int]
) -> None:
    """A minute later, for half of the day, for another customer; then somebody books."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, await add_advisors(db, tenant, NAMES))
    day = tuesday("00:00")

    whole = await starts(database, tenant, NOW, day, 1)
    later = await starts(database, tenant, NOW + MINUTE, day, 1)
    half = await starts(database, tenant, NOW, day, 0.45)
    anothers = await starts(database, tenant, NOW, day, 1, customer=stranger())
    assert (whole, later, half, anothers) == (whole, whole, whole[:2], whole)
    assert len(searches) == 1

    async with database.transaction(tenant) as db:
        for _ in NAMES:
            await book(db, tenant, whole[0])
    assert await starts(database, tenant, NOW, day, 1) == whole[1:]
    assert len(searches) == 2


async def test_what_is_too_soon_by_now_is_left_out_of_what_is_kept(
    database: Database, tenant: Id, searches: list[int]
) -> None:
    """Notice of two hours: at eight o'clock ten is on offer, a minute later eleven is the first."""
    async with database.transaction(tenant) as db:
        kind = await add_advisors(db, tenant, NAMES)
        await add_meeting_type(db, tenant, kind, notice=120)

    eight = tuesday("08:00")
    seen = [
        await starts(database, tenant, now, tuesday("00:00"), 1)
        for now in (tuesday("07:00"), eight, eight + MINUTE)
    ]

    assert [found[0] for found in seen] == [tuesday("09:00"), tuesday("10:00"), tuesday("11:00")]
    assert len(searches) == 1


async def test_what_was_seen_half_way_through_a_change_is_not_kept(
    database: Database, tenant: Id, searches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """New hours come between reading what is set up and what is taken; the next answer has them."""
    async with database.transaction(tenant) as db:
        (anna,) = await add_advisors(db, tenant, NAMES[:1])
        await add_meeting_type(db, tenant, [anna])

    async def read_too_early(db: AsyncConnection, tenant: Id) -> Setup:
        setup = await read_setup(db, tenant)
        monkeypatch.setattr("booking.looking.read_setup", read_setup)
        async with database.transaction(tenant) as another:
            await set_hours(another, tenant, anna, "10:00-12:00")
        return setup

    monkeypatch.setattr("booking.looking.read_setup", read_too_early)
    await starts(database, tenant, NOW, tuesday("00:00"), 1)

    found = await starts(database, tenant, NOW, tuesday("00:00"), 1)
    assert found == [tuesday("10:00"), tuesday("11:00")]


@pytest.mark.parametrize("seed", range(4))
async def test_answers_are_those_of_somebody_who_keeps_nothing(
    database: Database, tenant: Id, searches: list[int], seed: int
) -> None:
    """Whatever happens between two questions: bookings, holds that expire, calendars, new hours."""
    random = Random(seed)  # noqa: S311  # a story, not a secret
    now = NOW
    made: list[Booking] = []
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, NAMES)
        await add_meeting_type(db, tenant, pool, duration=30, step=30, after=10)

    def some_start() -> datetime:
        return tuesday("09:00") + 30 * MINUTE * random.randrange(6)

    async def happen() -> None:
        nonlocal now
        now += MINUTE * random.choice((0, 1, 7))
        async with database.transaction(tenant) as db:
            match random.randrange(6):
                case 0 | 1:
                    made.append(await book(db, tenant, some_start(), customer=stranger(), now=now))
                case 2:
                    await hold(db, tenant, some_start(), now=now)
                case 3 if made:
                    gone = made.pop(random.randrange(len(made)))
                    await service.cancel(db, tenant, gone.id, now=now, by="customer", reason=None)
                case 4:
                    one, begin = random.choice(pool), some_start()
                    await connect_calendar(db, tenant, one, busy=[(begin, begin + 20 * MINUTE)])
                case _:
                    hours = random.choice(("09:00-12:00", "09:30-11:30"))
                    await set_hours(db, tenant, random.choice(pool), hours)

    for _ in range(25):
        with suppress(SlotTaken, SlotUnavailable):
            await happen()
        wanted = {"advisor": random.choice([None, *(one.id for one in pool)])}
        kept = await starts(database, tenant, now, tuesday("00:00"), 1, **wanted)
        again = await starts(database, tenant, now, tuesday("00:00"), 1, **wanted)
        for cache in (sight._STARTS, sight._REASONS):
            cache._kept.clear()  # as a process that has just been started
        fresh = await starts(database, tenant, now, tuesday("00:00"), 1, **wanted)
        assert kept == again == fresh
