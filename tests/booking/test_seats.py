"""Several customers share a meeting: seats fill up, expire and come free, never one too many."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import claim_store, seating, service, setup
from booking.claim_store import Session
from booking.errors import SlotTaken
from booking.model import Booking
from booking.organisation import AdvisorInput
from booking.tables import claims, seats
from kernel.database import Database
from kernel.ids import Id
from tests.booking.builders import (
    NOW,
    add_advisors,
    add_meeting_type,
    ask,
    book,
    clocks,
    hold,
    stranger,
    tuesday,
)
from tests.booking.racing import PROCESSES, Track, book_seats

MINUTE = timedelta(minutes=1)
TEN = tuesday("10:00")


@pytest.fixture(scope="module")
def track() -> Iterator[Track]:
    """Four processes of the operating system."""
    track = Track()
    yield track
    track.close()


@pytest.fixture
async def evening(database: Database, tenant: Id) -> list[Id]:
    """Anna and Bob, who speaks Turkish as well, for three customers at a time."""
    async with database.transaction(tenant) as db:
        anna, bob = await add_advisors(db, tenant, ["Anna", "Bob"])
        speaks = structs.asdict(bob) | {"languages": ["nl", "tr"]}
        del speaks["id"]
        await setup.update_advisor(db, tenant, bob.id, AdvisorInput(**speaks), now=NOW)
        await add_meeting_type(db, tenant, [anna, bob], seats=3, step=30)
    return [anna.id, bob.id]


async def seats_taken(database: Database, tenant: Id) -> list[int]:
    """Return how many seats are taken in each session that has any, most first."""
    async with database.reading(tenant) as db:
        found = await db.scalars(select(seats.c.session_id))
        return sorted(Counter(found).values(), reverse=True)


async def sit(database: Database, tenant: Id, **wanted: Any) -> Booking:
    """Book a seat at ten for somebody new."""
    async with database.transaction(tenant) as db:
        return await book(db, tenant, TEN, customer=stranger(), **wanted)


async def test_seats_fill_up_before_another_session_opens(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """Three with Anna, three with Bob; the seventh is told that it is full."""
    left: list[int | None] = []
    made: list[Booking] = []
    for _ in range(6):
        made.append(await sit(database, tenant))
        async with database.reading(tenant) as db:
            left.append(((await ask(db, tenant)).remaining or {}).get(TEN))
    with pytest.raises(SlotTaken) as refused:
        await sit(database, tenant)

    assert [one.advisor_id for one in made] == [evening[0]] * 3 + [evening[1]] * 3
    assert len({one.session_id for one in made}) == 2
    # Of the session that is filling up; once Anna's is full there is Bob's empty one.
    assert left == [2, 1, 3, 2, 1, None]
    assert TEN not in refused.value.alternatives
    assert await seats_taken(database, tenant) == [3, 3]


async def test_a_session_takes_its_advisor_and_no_more_than_that(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """At half past ten there is only Bob, at ten there are Anna's seats and Bob."""
    await sit(database, tenant, advisor=evening[0])
    async with database.reading(tenant) as db:
        of_anna = await ask(db, tenant, advisor=evening[0])
        of_both = await ask(db, tenant)

    assert clocks(of_anna.starts) == ["01 09:00", "01 10:00", "01 11:00"]
    assert of_anna.remaining == {tuesday("09:00"): 3, TEN: 2, tuesday("11:00"): 3}
    assert clocks(of_both.starts) == [
        "01 09:00",
        "01 09:30",
        "01 10:00",
        "01 10:30",
        "01 11:00",
    ]


async def test_a_hold_sits_and_stands_up_by_itself(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """It keeps a seat for ten minutes; with nobody else there the advisor's time is free again."""
    anna: dict[str, Any] = {"advisor": evening[0]}
    async with database.transaction(tenant) as db:
        held = await hold(db, tenant, TEN, **anna)
        now = await ask(db, tenant, **anna)
        later = await ask(db, tenant, now=held.expires_at, **anna)
        # Another start, in the middle of what was held.
        other = await book(db, tenant, tuesday("10:30"), now=held.expires_at, **anna)

    assert (now.remaining or {})[TEN] == 2
    assert (later.remaining or {})[TEN] == 3
    assert clocks(later.starts)[1] == "01 09:30"
    assert other.advisor_id == evening[0]


async def test_the_holder_gets_the_seat_that_was_held(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """In a session that is full but for that seat, and in one that nobody else sits in."""
    anna: dict[str, Any] = {"advisor": evening[0]}
    for _ in range(2):
        await sit(database, tenant, **anna)
    async with database.transaction(tenant) as db:
        held = await hold(db, tenant, TEN, **anna)
        with pytest.raises(SlotTaken):
            await book(db, tenant, TEN, customer=stranger(), **anna)
        booking = await book(db, tenant, TEN, customer=stranger(), hold=held.id)
        alone = await hold(db, tenant, tuesday("11:00"), **anna)
        first = await book(db, tenant, tuesday("11:00"), customer=stranger(), hold=alone.id)
        stays = await ask(db, tenant, now=alone.expires_at + MINUTE, **anna)

    assert booking.advisor_id == first.advisor_id == evening[0]
    assert (stays.remaining or {}).get(TEN) is None
    assert (stays.remaining or {})[tuesday("11:00")] == 2


async def test_a_booking_keeps_the_time_when_the_hold_beside_it_ends(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """And when the booking goes first, the time is kept for the hold until that ends."""
    anna: dict[str, Any] = {"advisor": evening[0]}
    async with database.transaction(tenant) as db:
        held = await hold(db, tenant, TEN, **anna)
        booking = await book(db, tenant, TEN, customer=stranger(), **anna)
        after = await ask(db, tenant, now=held.expires_at, **anna)
        await service.cancel(db, tenant, booking.id, reason=None, now=NOW, by="customer")
        still = await ask(db, tenant, **anna)
        gone = await ask(db, tenant, now=held.expires_at, **anna)

    assert ["01 09:30" in clocks(one.starts) for one in (after, still, gone)] == [
        False,
        False,
        True,
    ]


async def test_the_last_to_leave_gives_the_time_back(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """Not the first of two, by cancelling or by moving."""
    anna: dict[str, Any] = {"advisor": evening[0]}
    one, two = [await sit(database, tenant, **anna) for _ in range(2)]
    async with database.transaction(tenant) as db:
        await service.cancel(db, tenant, one.id, reason=None, now=NOW, by="customer")
        kept = await ask(db, tenant, **anna)
        moved = await service.reschedule(
            db, tenant, two.id, tuesday("10:30"), now=NOW, by="customer"
        )
        free = await ask(db, tenant, **anna)
        live = await db.scalar(select(func.count()).where(claims.c.live))

    assert "01 09:30" not in clocks(kept.starts)
    assert moved.session_id not in {None, two.session_id}
    assert (free.remaining or {})[tuesday("10:30")] == 2
    assert "01 10:00" not in clocks(free.starts)
    assert live == 1


async def test_one_who_is_alone_in_a_session_may_move_into_its_time(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """What a booking takes itself is not in its way; what it shares with others is."""
    anna: dict[str, Any] = {"advisor": evening[0]}
    one = await sit(database, tenant, **anna)
    async with database.reading(tenant) as db:
        alone = await ask(db, tenant, moving=one.id)
    await sit(database, tenant, **anna)
    async with database.reading(tenant) as db:
        shared = await ask(db, tenant, moving=one.id)

    assert {"01 09:30", "01 10:30"} <= set(clocks(alone.starts))
    assert not {"01 09:30", "01 10:30"} & set(clocks(shared.starts))


async def test_a_customer_sits_with_somebody_who_speaks_with_them(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """Anna's session has seats, but whoever asks for Turkish sits with Bob."""
    await sit(database, tenant, advisor=evening[0])

    turkish = await sit(database, tenant, spoken="tr")
    async with database.reading(tenant) as db:
        answer = await ask(db, tenant, language="tr")

    assert turkish.advisor_id == evening[1]
    assert (answer.remaining or {})[TEN] == 2


async def test_nobody_sits_with_an_advisor_who_must_not_advise_them(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """Anna's session is as good as full for them."""
    customer = stranger()
    await sit(database, tenant, advisor=evening[0])
    async with database.transaction(tenant) as db:
        await setup.exclude(db, tenant, evening[0], customer, now=NOW)
        asked = await ask(db, tenant, customer=customer, advisor=evening[0])
        booking = await book(db, tenant, TEN, customer=customer)

    assert asked.starts == []
    assert booking.advisor_id == evening[1]


async def test_one_customer_is_given_to_another_advisor_and_the_others_stay(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """They sit down in the other's session."""
    one, two = [await sit(database, tenant, advisor=evening[0]) for _ in range(2)]
    async with database.transaction(tenant) as db:
        given = await service.reassign(db, tenant, one.id, now=NOW, by="operator")
        stayed = await service.get_booking(db, tenant, two.id)
        third = await book(db, tenant, TEN, customer=stranger(), advisor=evening[1])

    assert given.advisor_id == evening[1]
    assert stayed == two
    assert third.session_id == given.session_id != two.session_id


async def test_never_one_more_than_there_are_seats(
    database: Database, tenant: Id, track: Track, evening: list[Id]
) -> None:
    """Twenty-four at once for two sessions of three: six sit down, in two full sessions."""
    ended = await asyncio.to_thread(track.race, book_seats, database.url, tenant)

    assert ended == {"booked": 6, "taken": 6 * PROCESSES - 6}
    assert await seats_taken(database, tenant) == [3, 3]
    async with database.reading(tenant) as db:
        assert await db.scalar(select(func.count()).where(claims.c.live)) == 2


async def test_whoever_finds_a_session_full_keeps_nobody_from_it(
    database: Database, tenant: Id, evening: list[Id], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One goes on from the first session to the second, another from the second to the first."""
    made = [await sit(database, tenant, advisor=advisor) for advisor in evening]
    first, second = sorted(one.session_id or "" for one in made)
    sit_down = seating.sit_down

    async def full_at_first(
        db: AsyncConnection, tenant: Id, session_id: Id, **more: Any
    ) -> Session | None:
        if session_id == first:
            await claim_store.lock_session(db, tenant, session_id)
            return None
        return await sit_down(db, tenant, session_id, **more)

    monkeypatch.setattr(seating, "sit_down", full_at_first)
    async with database.transaction(tenant) as db:
        await claim_store.lock_session(db, tenant, second)
        going_on = asyncio.create_task(sit(database, tenant))
        await asyncio.sleep(0.5)
        await claim_store.lock_session(db, tenant, first)

    assert (await going_on).session_id == second


async def test_who_is_dragged_out_of_a_session_has_a_meeting_of_their_own(
    database: Database, tenant: Id, evening: list[Id]
) -> None:
    """In the advisor's own calendar, after hours; it takes time there and gives that back."""
    one, two = [await sit(database, tenant, advisor=evening[0]) for _ in range(2)]
    async with database.transaction(tenant) as db:
        moved = await service.reschedule(
            db, tenant, one.id, tuesday("19:05"), now=NOW, by="calendar"
        )
        with pytest.raises(SlotTaken):
            await service.reschedule(db, tenant, two.id, tuesday("19:30"), now=NOW, by="calendar")
        during = await db.scalar(select(func.count()).where(claims.c.live))
        await service.cancel(db, tenant, one.id, reason=None, now=NOW, by="advisor")
        after = await db.scalar(select(func.count()).where(claims.c.live))
        stayed = await service.get_booking(db, tenant, two.id)

    assert (moved.session_id, moved.start) == (None, tuesday("19:05"))
    assert (during, after) == (2, 1)
    assert stayed == two
