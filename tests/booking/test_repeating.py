"""Meetings that come back: all or nothing, the same advisor, the same time on the wall."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from booking import service, setup
from booking.errors import BookingOver, SlotTaken, SlotUnavailable
from booking.model import BookingFilter, Repeat
from booking.organisation import AbsenceInput, Limit
from booking.tables import bookings, claims, series
from kernel.database import Database
from kernel.errors import NotFound
from kernel.ids import Id, new_id
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisors,
    add_meeting_type,
    book,
    hold,
    stranger,
    tuesday,
    wish,
)

WEEK = timedelta(weeks=1)
TEN = tuesday("10:00")
FOUR = Repeat(every="week", count=4)


@pytest.fixture
async def team(database: Database, tenant: Id) -> list[Id]:
    """Anna and Bob; a meeting is booked a month ahead at most."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool, window_days=10)
    return [advisor.id for advisor in pool]


async def counts(database: Database, tenant: Id) -> tuple[int, int, int]:
    """Return how many series, bookings and live claims there are."""
    async with database.reading(tenant) as db:
        return (
            await db.scalar(select(func.count()).select_from(series)) or 0,
            await db.scalar(select(func.count()).select_from(bookings)) or 0,
            await db.scalar(select(func.count()).where(claims.c.live)) or 0,
        )


async def test_a_series_stays_with_its_advisor_beyond_the_window(
    database: Database, tenant: Id, team: list[Id]
) -> None:
    """Four Tuesdays at ten, the last of them later than a single meeting could be booked."""
    async with database.transaction(tenant) as db:
        await book(db, tenant, TEN + WEEK, customer=stranger(), advisor=team[1])
        made = await service.book_series(
            db, tenant, wish(TEN), FOUR, customer=CUSTOMER, now=NOW, by="operator"
        )
        listed = await service.list_bookings(db, tenant, BookingFilter(series=made[0].series_id))
        with pytest.raises(SlotUnavailable):
            await book(db, tenant, TEN + 3 * WEEK)

    assert [one.start for one in made] == [TEN + number * WEEK for number in range(4)]
    assert {one.advisor_id for one in made} == {team[0]}
    assert {one.booked_by for one in made} == {"operator"}
    assert sorted(listed, key=lambda one: one.start) == made


async def test_a_series_keeps_its_time_on_the_wall_when_the_clocks_change(
    database: Database, tenant: Id, team: list[Id]
) -> None:
    """Ten o'clock is nine UTC until the end of March and eight from then on."""
    march = datetime(2027, 3, 16, 9, tzinfo=UTC)
    async with database.transaction(tenant) as db:
        made = await service.book_series(
            db, tenant, wish(march), FOUR, customer=CUSTOMER, now=march - timedelta(days=1)
        )

    assert {one.local_start[11:] for one in made} == {"10:00:00"}
    assert [one.start.hour for one in made] == [9, 9, 8, 8]


async def test_a_series_is_booked_as_a_whole_or_not_at_all(
    database: Database, tenant: Id, team: list[Id]
) -> None:
    """The third is taken, or the advisor is away then: it says which, and nothing is left of it."""
    away = AbsenceInput(first_day=date(2026, 12, 15), last_day=date(2026, 12, 15))
    async with database.transaction(tenant) as db:
        third = wish(TEN + 2 * WEEK, advisor=team[0], waive=["window"])
        await service.book(db, tenant, third, customer=stranger(), now=NOW)
        await setup.add_absence(db, tenant, team[1], away, now=NOW)
        held = await hold(db, tenant, TEN, advisor=team[0])
    before = await counts(database, tenant)
    async with database.transaction(tenant) as db:
        for advisor, used, refusal in (
            (team[0], held.id, SlotTaken),
            (team[1], None, SlotUnavailable),
        ):
            with pytest.raises(refusal) as refused:
                await service.book_series(
                    db,
                    tenant,
                    wish(TEN, advisor=advisor, hold=used),
                    FOUR,
                    customer=CUSTOMER,
                    now=NOW,
                )
            assert refused.value.extra["occurrence"] == 3
            assert refused.value.extra["start"] == TEN + 2 * WEEK
            assert refused.value.extra["alternatives"]

    assert await counts(database, tenant) == before
    async with database.transaction(tenant) as db:
        assert (await book(db, tenant, TEN, hold=held.id)).start == TEN


async def test_limits_count_every_meeting_of_a_series(database: Database, tenant: Id) -> None:
    """Three ahead are allowed, so the fourth is refused and none is booked."""
    async with database.transaction(tenant) as db:
        limits = [Limit(whose="customer", per="ahead", count=3)]
        pool = await add_advisors(db, tenant, ["Anna"])
        await add_meeting_type(db, tenant, pool, limits=limits)
        with pytest.raises(SlotUnavailable) as refused:
            await service.book_series(db, tenant, wish(TEN), FOUR, customer=CUSTOMER, now=NOW)

    assert (refused.value.reason, refused.value.extra["occurrence"]) == ("limit", 4)
    assert await counts(database, tenant) == (0, 0, 0)


async def test_no_calendar_is_known_beyond_a_hundred_days(
    database: Database, tenant: Id, team: list[Id]
) -> None:
    """The fifteenth of twenty-six weeks lies 99 days ahead, the sixteenth is refused."""
    year = Repeat(every="week", count=26)
    async with database.transaction(tenant) as db:
        with pytest.raises(SlotUnavailable) as refused:
            await service.book_series(db, tenant, wish(TEN), year, customer=CUSTOMER, now=NOW)

    assert (refused.value.reason, refused.value.extra["occurrence"]) == ("outside-window", 16)


async def test_the_rest_of_a_series_is_called_off_from_a_date_on(
    database: Database, tenant: Id, team: list[Id]
) -> None:
    """What has been stays, what was called off before is not called off again."""
    async with database.transaction(tenant) as db:
        made = await service.book_series(db, tenant, wish(TEN), FOUR, customer=CUSTOMER, now=NOW)
        called = made[0].series_id or ""
        gone = await service.cancel_series(
            db, tenant, called, since=TEN + 2 * WEEK, reason="klaar", now=NOW, by="customer"
        )
        later = TEN + timedelta(hours=2)
        rest = await service.cancel_series(db, tenant, called, reason=None, now=later, by="advisor")
        with pytest.raises(BookingOver):
            await service.cancel_series(db, tenant, called, reason=None, now=later, by="advisor")
        with pytest.raises(NotFound):
            await service.cancel_series(
                db, tenant, new_id("ser", NOW), reason=None, now=NOW, by="advisor"
            )
        again = await book(db, tenant, TEN + WEEK, advisor=team[0], now=later)

    assert [one.id for one in gone] == [one.id for one in made[2:]]
    assert {one.reason for one in gone} == {"klaar"}
    assert [one.id for one in rest] == [made[1].id]
    assert again.start == made[1].start
