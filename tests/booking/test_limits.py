"""The most that fits into a day, a week or a month is never exceeded, however many ask at once."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import func, select

from booking import service
from booking.errors import SlotTaken, SlotUnavailable
from booking.organisation import Limit, Role
from booking.tables import bookings
from kernel.database import Database
from kernel.ids import Id
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisor,
    add_advisors,
    add_meeting_type,
    ask,
    book,
    clocks,
    hold,
    stranger,
    tuesday,
)
from tests.booking.racing import (
    PROCESSES,
    Racer,
    Track,
    book_different_times,
    book_different_times_for_one,
)

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def track() -> Iterator[Track]:
    """Four processes of the operating system."""
    track = Track()
    yield track
    track.close()


async def days_open(
    database: Database, tenant: Id, start: datetime, days: int, **asked: Any
) -> list[str]:
    """Return the days of the month on which something is free."""
    async with database.reading(tenant) as db:
        answer = await ask(db, tenant, start, days, **asked)
    return list(dict.fromkeys(clock[:2] for clock in clocks(answer.starts)))


async def test_an_advisors_own_limit_counts_all_their_meetings(
    database: Database, tenant: Id
) -> None:
    """Two a day, of whatever kind; the day after is open."""
    async with database.transaction(tenant) as db:
        limits = [Limit(per="day", count=2)]
        advisor = await add_advisor(db, tenant, limits=limits)
        for slug in ("hypotheek", "lening"):
            await add_meeting_type(db, tenant, [advisor], slug=slug)
        await book(db, tenant, tuesday("09:00"))
        await book(db, tenant, tuesday("10:00"), meeting_type="lening")
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("11:00"))
        tomorrow = await book(db, tenant, tuesday("11:00") + DAY)
        answer = await ask(db, tenant, explain=True)

    assert refused.value.reason == "limit"
    assert tomorrow.start == tuesday("11:00") + DAY
    assert (answer.starts, answer.reasons) == ([], {"booked": 2, "limit": 1})


async def test_a_limit_of_a_kind_counts_that_kind(database: Database, tenant: Id) -> None:
    """One mortgage a day for each advisor, and loans beside it."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool, limits=[Limit(per="day", count=1)])
        await add_meeting_type(db, tenant, pool, slug="lening")
        first = await book(db, tenant, tuesday("09:00"), customer=stranger())
        second = await book(db, tenant, tuesday("10:00"), customer=stranger())
        full = await ask(db, tenant)
        loans = await ask(db, tenant, meeting_type="lening")

    assert {first.advisor_id, second.advisor_id} == {advisor.id for advisor in pool}
    assert full.starts == []
    assert clocks(loans.starts) == ["01 09:00", "01 10:00", "01 11:00"]


@pytest.mark.parametrize(
    ("period", "closed"),
    [("day", {"04"}), ("week", {"30", "01", "02", "03", "04"})],
)
async def test_days_and_weeks_are_those_on_the_advisors_wall(
    database: Database, tenant: Id, period: Literal["day", "week"], closed: set[str]
) -> None:
    """A meeting on Friday fills the week from its Monday on, not the seven days around it."""
    friday = tuesday("09:00") + 3 * DAY
    async with database.transaction(tenant) as db:
        limits = [Limit(per=period, count=1)]
        advisor = await add_advisor(db, tenant, limits=limits)
        await add_meeting_type(db, tenant, [advisor])
        await book(db, tenant, friday)

    found = await days_open(database, tenant, tuesday("00:00") - DAY, 14)

    weekdays = ["30", "01", "02", "03", "04", "07", "08", "09", "10", "11"]
    assert found == [day for day in weekdays if day not in closed]


async def test_a_month_is_a_month_of_the_calendar(database: Database, tenant: Id) -> None:
    """December's only meeting leaves none in December and all of January."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-10:00")
        limits = [Limit(per="month", count=1)]
        await add_meeting_type(db, tenant, [advisor], limits=limits, window_days=40)
        await book(db, tenant, tuesday("09:00") + 30 * DAY)

    found = await days_open(database, tenant, tuesday("00:00") - DAY, 40)

    assert found == ["30", "01", "04", "05", "06", "07", "08"]


async def test_minutes_count_work_and_load_counts_points(database: Database, tenant: Id) -> None:
    """Preparation is work: a second meeting of 75 minutes does not fit into 149."""
    for minutes, load, fits in ((149, None, 1), (150, None, 2), (None, 5, 1), (None, 6, 2)):
        async with database.transaction(tenant) as db:
            limits = [Limit(per="day", minutes=minutes, load=load)]
            name = f"advisor-{minutes}-{load}"
            advisor = await add_advisor(db, tenant, name, limits=limits, hours="09:00-17:00")
            await add_meeting_type(db, tenant, [advisor], preparation=15, step=15, load=3)
            booked = 0
            for clock in ("09:15", "11:00", "13:00"):
                try:
                    await book(db, tenant, tuesday(clock))
                except SlotUnavailable as refused:
                    assert refused.reason == "limit"  # noqa: PT017  # one of several
                else:
                    booked += 1
        assert booked == fits


async def test_a_meeting_that_is_more_than_a_limit_is_never_given(
    database: Database, tenant: Id
) -> None:
    """Also on a day on which there is nothing else; a colleague who has room gets it."""
    async with database.transaction(tenant) as db:
        anna = await add_advisor(db, tenant, "Anna", limits=[Limit(per="day", minutes=30)])
        bob = await add_advisor(db, tenant, "Bob", hours="11:00-12:00")
        await add_meeting_type(db, tenant, [anna, bob])
        answer = await ask(db, tenant)
        booking = await book(db, tenant, tuesday("11:00"))
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("09:00"))

    assert clocks(answer.starts) == ["01 11:00"]
    assert booking.advisor_id == bob.id
    assert refused.value.reason == "limit"


async def test_a_hold_counts_and_what_was_cancelled_does_not(
    database: Database, tenant: Id
) -> None:
    """Whoever fills in the form has their place; it is free again when they do not."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, limits=[Limit(per="day", count=1)])
        await add_meeting_type(db, tenant, [advisor])
        held = await hold(db, tenant, tuesday("09:00"))
        with pytest.raises(SlotUnavailable):
            await book(db, tenant, tuesday("10:00"))
        booking = await book(db, tenant, tuesday("09:00"), hold=held.id)
        moved = await service.reschedule(
            db, tenant, booking.id, tuesday("11:00"), now=NOW, by="customer"
        )
        await service.cancel(db, tenant, booking.id, reason=None, now=NOW, by="customer")
        other = await book(db, tenant, tuesday("10:00"))

    assert moved.start == tuesday("11:00")
    assert other.start == tuesday("10:00")


async def test_a_customer_has_so_many_ahead_and_no_more(database: Database, tenant: Id) -> None:
    """It counts what has not begun, of this kind, and is nobody else's business."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        limits = [Limit(whose="customer", per="ahead", count=1)]
        await add_meeting_type(db, tenant, pool, limits=limits)
        await add_meeting_type(db, tenant, pool, slug="lening")
        booking = await book(db, tenant, tuesday("09:00"))
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("10:00"))
        theirs = await ask(db, tenant, customer=CUSTOMER, explain=True)
        others = await ask(db, tenant, customer=stranger())
        loan = await book(db, tenant, tuesday("10:00"), meeting_type="lening")
        moved = await service.reschedule(
            db, tenant, booking.id, tuesday("11:00"), now=NOW, by="customer"
        )
        by_staff = await book(db, tenant, tuesday("09:00"), waive=["limits"])
        await service.cancel(db, tenant, by_staff.id, reason=None, now=NOW, by="operator")
        begun = moved.start + timedelta(minutes=1)
        again = await book(db, tenant, tuesday("09:00") + DAY, now=begun)

    assert refused.value.reason == "limit"
    assert (theirs.starts, theirs.reasons) == ([], {"limit": 3})
    assert clocks(others.starts) == ["01 09:00", "01 10:00", "01 11:00"]
    assert loan.start == tuesday("10:00")
    assert again.start == tuesday("09:00") + DAY


async def test_a_customer_does_not_sit_down_twice(database: Database, tenant: Id) -> None:
    """A limit of customers holds where a session has seats left, too."""
    async with database.transaction(tenant) as db:
        limits = [Limit(whose="customer", per="day", count=1)]
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], seats=5, limits=limits)
        await book(db, tenant, tuesday("09:00"))
        with pytest.raises(SlotTaken):
            await book(db, tenant, tuesday("09:00"))
        other = await book(db, tenant, tuesday("09:00"), customer=stranger())
        theirs = await ask(db, tenant, customer=CUSTOMER)

    assert other.start == tuesday("09:00")
    assert theirs.starts == []


async def test_whoever_comes_along_has_limits_too(database: Database, tenant: Id) -> None:
    """A specialist who takes one meeting a day is not asked for a second."""
    async with database.transaction(tenant) as db:
        anna = await add_advisor(db, tenant, "Anna")
        expert = await add_advisor(db, tenant, "Eva", limits=[Limit(per="day", count=1)])
        role = Role(name="specialist", advisors=[expert.id])
        await add_meeting_type(db, tenant, [anna], roles=[role])
        await book(db, tenant, tuesday("09:00"))
        with pytest.raises(SlotUnavailable):
            await book(db, tenant, tuesday("10:00"))
        answer = await ask(db, tenant, days=2)

    assert {clock[:2] for clock in clocks(answer.starts)} == {"02"}


@pytest.mark.parametrize(
    ("racer", "limit"),
    [
        (book_different_times, Limit(per="day", count=3)),
        (book_different_times, Limit(per="week", minutes=100)),
        (book_different_times_for_one, Limit(whose="customer", per="ahead", count=3)),
    ],
)
async def test_a_limit_holds_however_many_come_at_once(
    database: Database, tenant: Id, track: Track, racer: Racer, limit: Limit
) -> None:
    """Twenty customers at twenty times of one day that do not overlap: exactly three get one."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(
            db, tenant, ["Anna", "Bob"][: 1 + (limit.whose == "customer")], hours="08:00-20:00"
        )
        await add_meeting_type(db, tenant, pool, duration=30, step=30, limits=[limit])

    ended = await asyncio.to_thread(track.race, racer, database.url, tenant)

    assert ended == {"booked": 3, "limit": 5 * PROCESSES - 3}
    async with database.reading(tenant) as db:
        assert await db.scalar(select(func.count()).select_from(bookings)) == 3


async def test_a_specialists_limit_holds_in_a_race(
    database: Database, tenant: Id, track: Track
) -> None:
    """Those who come along are counted one at a time as well."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"], hours="08:00-20:00")
        limits = [Limit(per="day", count=3)]
        expert = await add_advisor(db, tenant, "Eva", hours="08:00-20:00", limits=limits)
        role = Role(name="specialist", advisors=[expert.id])
        await add_meeting_type(db, tenant, pool, duration=30, step=30, roles=[role])

    ended = await asyncio.to_thread(track.race, book_different_times, database.url, tenant)

    assert ended["booked"] == 3
    assert ended.total() == 5 * PROCESSES
