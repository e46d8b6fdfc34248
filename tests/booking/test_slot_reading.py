"""The list of free times is right and explains itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking import service
from booking.errors import MeetingTypeUnknown, SlotUnavailable
from booking.model import BookingInput, HoldInput, SlotAnswer
from kernel.database import Database
from kernel.errors import Invalid, NotFound
from kernel.ids import Id, new_id
from tests.booking import builders
from tests.booking.builders import (
    NOW,
    add_advisor,
    add_advisors,
    add_branch,
    add_meeting_type,
    book,
    clocks,
    connect_calendar,
    tuesday,
    wish,
)

MIDNIGHT = tuesday("00:00")


async def ask(
    database: Database,
    tenant: Id,
    start: datetime = MIDNIGHT,
    days: int = 1,
    **wanted: Any,
) -> SlotAnswer:
    async with database.reading(tenant) as db:
        return await builders.ask(db, tenant, start, days, **wanted)


async def test_free_time_is_what_neither_bookings_nor_calendars_take(
    database: Database, tenant: Id
) -> None:
    """Nine to noon, every half hour; a booking at nine, the dentist from eleven."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], duration=30, step=30)
        await connect_calendar(
            db,
            tenant,
            advisor,
            read_at=NOW - timedelta(minutes=3),
            busy=[(tuesday("11:00"), tuesday("12:00"))],
        )
        await book(db, tenant, tuesday("09:00"))

    answer = await ask(database, tenant)

    assert clocks(answer.starts) == ["01 09:30", "01 10:00", "01 10:30"]
    assert answer.duration == 30
    assert answer.as_of == NOW - timedelta(minutes=3)
    assert answer.next_available is None
    assert answer.reasons == {}


async def test_a_pool_offers_a_start_until_nobody_is_left(database: Database, tenant: Id) -> None:
    """Two advisors have ten o'clock twice."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool)
        await book(db, tenant, tuesday("10:00"))
    once = await ask(database, tenant)
    async with database.transaction(tenant) as db:
        await book(db, tenant, tuesday("10:00"))
    twice = await ask(database, tenant)

    assert clocks(once.starts) == ["01 09:00", "01 10:00", "01 11:00"]
    assert clocks(twice.starts) == ["01 09:00", "01 11:00"]


async def test_buffers_of_a_booking_and_of_the_next_one_add(database: Database, tenant: Id) -> None:
    """Ten minutes before and twenty after: half an hour between two meetings."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-13:00")
        await add_meeting_type(db, tenant, [advisor], step=5, before=10, after=20)
        await book(db, tenant, tuesday("09:00"))

    answer = await ask(database, tenant)

    assert clocks(answer.starts)[0] == "01 10:30"
    assert clocks(answer.starts)[-1] == "01 12:00"


async def test_what_lies_just_outside_the_question_still_meets_a_buffer(
    database: Database, tenant: Id
) -> None:
    """Half an hour to prepare: a dentist until 08:31 and a meeting from 11:00 both reach in."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], duration=30, step=30, before=30)
        dentist = (tuesday("08:00"), tuesday("08:31"))
        await connect_calendar(db, tenant, advisor, busy=[dentist])
        with pytest.raises(SlotUnavailable):
            await book(db, tenant, tuesday("09:00"))
        await book(db, tenant, tuesday("11:00"))

    answer = await ask(database, tenant, tuesday("09:00"))

    # The meeting at eleven has claimed 10:30 to 11:30, so at ten there is just room.
    assert clocks(answer.starts) == ["01 09:30", "01 10:00"]


async def test_an_answer_without_any_names_the_next_start(database: Database, tenant: Id) -> None:
    """Tuesday is full; Wednesday at nine is free, and the window ends at last."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-10:00")
        await add_meeting_type(db, tenant, [advisor], window_days=8)
        await book(db, tenant, tuesday("09:00"))

    tuesday_only = await ask(database, tenant)
    last = await ask(database, tenant, tuesday("00:00") + timedelta(days=6), days=1)
    past = await ask(database, tenant, NOW - timedelta(days=400), days=2)

    assert (tuesday_only.starts, tuesday_only.next_available) == (
        [],
        tuesday("09:00") + timedelta(days=1),
    )
    assert clocks(last.starts) == ["07 09:00"]
    assert past.next_available == NOW
    after_the_window = await ask(database, tenant, tuesday("00:00") + timedelta(days=9), days=9)
    assert (after_the_window.starts, after_the_window.next_available) == ([], None)


async def test_refused_starts_are_counted_by_reason(database: Database, tenant: Id) -> None:
    """Monday at ten local time, with two hours' notice: what of today and tomorrow is refused."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-13:30")
        await add_meeting_type(db, tenant, [advisor], notice=120, window_days=1)
        await book(db, tenant, tuesday("09:00"), now=NOW + timedelta(hours=1))

    answer = await ask(
        database,
        tenant,
        tuesday("00:00") - timedelta(days=1),
        days=2,
        explain=True,
        now=NOW + timedelta(hours=1),
    )

    # Today 9 is past, 10 and 11 too soon, 12 free, 13 too late. Tomorrow 9 is taken, and from 10
    # on it is more than a day ahead.
    assert clocks(answer.starts) == ["30 12:00"]
    assert answer.reasons == {
        "past": 1,
        "notice": 2,
        "outside-hours": 1,
        "booked": 1,
        "outside-window": 4,
    }


async def test_what_nobody_gives_in_this_way_is_unsuitable(database: Database, tenant: Id) -> None:
    """Another channel, another length, another branch, another advisor."""
    async with database.transaction(tenant) as db:
        for slug in ("utrecht", "zwolle"):
            await add_branch(db, tenant, slug, "Europe/Amsterdam")
        advisor = await add_advisor(db, tenant, locations=["utrecht"])
        other = await add_advisor(db, tenant, "Bob")
        await add_meeting_type(
            db, tenant, [advisor], channels=["branch", "video"], locations=["utrecht"]
        )

    there = await ask(database, tenant, channel="branch", location="utrecht")
    assert clocks(there.starts) == ["01 09:00", "01 10:00", "01 11:00"]
    for answer in (
        await ask(database, tenant, channel="branch", location="zwolle", explain=True),
        await ask(database, tenant, channel="phone", explain=True),
        await ask(database, tenant, duration=45, explain=True),
        await ask(database, tenant, advisor=other.id, explain=True),
    ):
        assert answer.starts == []
        assert answer.next_available is None
        assert answer.reasons == {"unsuitable": 3}


async def test_a_question_about_what_does_not_exist_is_an_error(
    database: Database, tenant: Id
) -> None:
    """An empty list would hide a misspelt slug."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], slug="lening")
    with pytest.raises(MeetingTypeUnknown):
        await ask(database, tenant)
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, [advisor])

    with pytest.raises(NotFound):
        await ask(database, tenant, location="utrecht")
    with pytest.raises(NotFound):
        await ask(database, tenant, advisor=new_id("adv", NOW))
    with pytest.raises(NotFound):
        await ask(database, tenant, advisor="nobody")
    with pytest.raises(Invalid) as refused:
        await ask(database, tenant, channel="branch")
    assert refused.value.errors[0].pointer == "?location"


def test_an_instant_has_an_offset_and_is_not_absurd() -> None:
    """What cannot be computed with is refused before it is."""
    for start in (
        datetime(2026, 12, 1, 9),  # noqa: DTZ001  # what must be refused
        datetime(9999, 12, 31, 23, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
    ):
        with pytest.raises(Invalid) as refused:
            wish(start)
        assert refused.value.errors[0].pointer == "/start"
    assert isinstance(wish(NOW), BookingInput)


async def test_an_expired_hold_takes_nothing(database: Database, tenant: Id) -> None:
    """Nobody needs to remove it first; reading does not write."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor])
        await service.hold(db, tenant, _hold(tuesday("09:00")), now=NOW)

    held = await ask(database, tenant)
    expired = await ask(database, tenant, now=NOW + timedelta(minutes=10))

    assert clocks(held.starts) == ["01 10:00", "01 11:00"]
    assert clocks(expired.starts) == ["01 09:00", "01 10:00", "01 11:00"]


def _hold(start: datetime) -> HoldInput:
    return HoldInput(meeting_type="hypotheek", start=start, channel="video")


async def test_a_booking_that_moves_is_not_in_its_own_way(database: Database, tenant: Id) -> None:
    """Of a pool only its own advisor counts; moving by half an hour is possible."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"], hours="09:00-11:00")
        await add_meeting_type(db, tenant, pool, step=30)
        booking = await book(db, tenant, tuesday("09:30"), advisor=pool[1].id)

    plain = await ask(database, tenant, advisor=pool[1].id)
    moving = await ask(database, tenant, moving=booking.id)

    assert plain.starts == []
    assert clocks(moving.starts) == ["01 09:00", "01 09:30", "01 10:00"]
