"""Meetings that need more than an advisor: rooms, a specialist, an interpreter, several at once."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from booking import service, setup
from booking.errors import SlotTaken, SlotUnavailable
from booking.hours import OpenHours, WeeklyRange
from booking.model import Booking, Colleague
from booking.organisation import ResourceInput, ResourceNeed, Role
from booking.tables import claims
from kernel.database import Database
from kernel.ids import Id, uuid_of
from tests.booking.builders import (
    NOW,
    add_advisor,
    add_advisors,
    add_branch,
    add_meeting_type,
    ask,
    book,
    clocks,
    connect_calendar,
    hold,
    stranger,
    tuesday,
)
from tests.booking.racing import PROCESSES, Track, book_in_the_branch

TEN = tuesday("10:00")
UTRECHT: dict[str, Any] = {"channel": "branch", "location": "utrecht"}
ZWOLLE: dict[str, Any] = {"channel": "branch", "location": "zwolle"}


@pytest.fixture(scope="module")
def track() -> Iterator[Track]:
    """Four processes of the operating system."""
    track = Track()
    yield track
    track.close()


@pytest.fixture
async def branches(database: Database, tenant: Id) -> dict[str, Id]:
    """Two branches, two advisors who work in both, a room in each that is aired for half an hour.

    Meetings by video take no room.
    """
    async with database.transaction(tenant) as db:
        rooms = {}
        for slug in ("utrecht", "zwolle"):
            await add_branch(db, tenant, slug, "Europe/Amsterdam")
            room = ResourceInput(slug=f"kamer-{slug}", name=slug, location=slug, turnaround=30)
            rooms[slug] = (await setup.apply_resource(db, tenant, room, now=NOW)).id
        pool = await add_advisors(db, tenant, ["Anna", "Bob"], locations=["utrecht", "zwolle"])
        await add_meeting_type(
            db,
            tenant,
            pool,
            step=30,
            channels=["branch", "video"],
            locations=["utrecht", "zwolle"],
            resources=[ResourceNeed(kind="room", channels=["branch"])],
        )
    return rooms


async def taken_by(database: Database, tenant: Id, booking: Booking) -> dict[Id, str]:
    """Return who and what a booking has claimed, with the time."""
    everybody = {uuid_of(one): one for one in [*booking.attendants(), *booking.resources]}
    async with database.reading(tenant) as db:
        rows = await db.execute(
            select(claims.c.resource_id, claims.c.starts_at, claims.c.ends_at).where(
                claims.c.booking_id == booking.id, claims.c.live
            )
        )
        return {
            everybody[row[0]]: " to ".join(clock[3:] for clock in clocks(row[1:])) for row in rows
        }


# --- rooms ---------------------------------------------------------------------------------------


async def test_two_advisors_share_one_room(
    database: Database, tenant: Id, branches: dict[str, Id]
) -> None:
    """The room is taken with its turnaround, before and after; by video there is no need of it."""
    async with database.transaction(tenant) as db:
        booking = await book(db, tenant, TEN, **UTRECHT)
        with pytest.raises(SlotTaken):
            await book(db, tenant, TEN, **UTRECHT)
        there = await ask(db, tenant, explain=True, **UTRECHT)
        by_video = await book(db, tenant, TEN)

    assert booking.resources == [branches["utrecht"]]
    assert await taken_by(database, tenant, booking) == {
        booking.advisor_id: "10:00 to 11:00",
        branches["utrecht"]: "10:00 to 11:30",
    }
    assert there.starts == []
    assert there.reasons["no-room"] == 5
    assert by_video.advisor_id != booking.advisor_id
    assert by_video.resources == []


async def test_a_room_of_another_branch_is_of_no_use(
    database: Database, tenant: Id, branches: dict[str, Id]
) -> None:
    """It stands where it stands: Zwolle's is free, and taken for Zwolle only."""
    async with database.transaction(tenant) as db:
        await book(db, tenant, TEN, **UTRECHT)
        there = await ask(db, tenant, **ZWOLLE)
        booking = await book(db, tenant, TEN, **ZWOLLE)

    assert TEN in there.starts
    assert booking.resources == [branches["zwolle"]]


async def test_a_room_has_hours_and_a_second_one_helps(
    database: Database, tenant: Id, branches: dict[str, Id]
) -> None:
    """Of two rooms one is closed on Tuesdays until it is not."""
    wednesdays = OpenHours(weekly=[WeeklyRange(day="wed", start="09:00", end="17:00")])
    closed = ResourceInput(slug="kamer-2", name="2", location="utrecht", hours=wednesdays)
    open_room = ResourceInput(slug="kamer-2", name="2", location="utrecht")
    async with database.transaction(tenant) as db:
        await setup.apply_resource(db, tenant, closed, now=NOW)
        await book(db, tenant, TEN, **UTRECHT)
        with pytest.raises(SlotTaken):
            await book(db, tenant, TEN, **UTRECHT)
        second = await setup.apply_resource(db, tenant, open_room, now=NOW)
        booking = await book(db, tenant, TEN, **UTRECHT)

    assert booking.resources == [second.id]


async def test_one_room_is_given_once_however_many_come(
    database: Database, tenant: Id, branches: dict[str, Id], track: Track
) -> None:
    """Twenty-four want to come at nine; two advisors are free, one room is."""
    ended = await asyncio.to_thread(track.race, book_in_the_branch, database.url, tenant)

    assert ended == {"booked": 1, "taken": 6 * PROCESSES - 1}


# --- several people ------------------------------------------------------------------------------


@pytest.fixture
async def party(database: Database, tenant: Id) -> dict[str, Id]:
    """Two advisors, one specialist, and interpreters of Turkish and Polish, the first until ten."""
    async with database.transaction(tenant) as db:
        anna, bob = await add_advisors(db, tenant, ["Anna", "Bob"])
        eva = await add_advisor(db, tenant, "Eva", hours="08:00-18:00")
        tolk: dict[str, Any] = {"skills": ["tolk"]}
        tarik = await add_advisor(db, tenant, "Tarik", languages=["tr"], **tolk)
        pola = await add_advisor(db, tenant, "Pola", languages=["pl"], hours="09:00-10:00", **tolk)
        roles = [
            Role(name="specialist", advisors=[eva.id]),
            Role(name="tolk", skills=["tolk"], speaks=True),
        ]
        await add_meeting_type(db, tenant, [anna, bob], before=15, roles=roles)
    return {one.name: one.id for one in (anna, bob, eva, tarik, pola)}


async def test_all_who_are_needed_are_claimed(
    database: Database, tenant: Id, party: dict[str, Id]
) -> None:
    """Advisor, specialist and an interpreter of the language that was asked for, with buffers."""
    async with database.transaction(tenant) as db:
        booking = await book(db, tenant, TEN, spoken="tr")
        decisions = await service.explain_assignment(db, tenant, booking.id)
        replayed = await service.replay_assignment(db, tenant, booking.id)

    assert booking.colleagues == [
        Colleague(role="specialist", advisor_id=party["Eva"]),
        Colleague(role="tolk", advisor_id=party["Tarik"]),
    ]
    assert await taken_by(database, tenant, booking) == {
        party[name]: "09:45 to 11:00" for name in ("Anna", "Eva", "Tarik")
    }
    assert [one.role for one in decisions] == ["advisor", "specialist", "tolk"]
    assert replayed == [(one, True) for one in decisions]


async def test_an_interpreter_speaks_the_language_and_the_advisor_need_not(
    database: Database, tenant: Id, party: dict[str, Id]
) -> None:
    """Polish until ten, Turkish all morning, either where it does not matter, Greek never."""
    async with database.reading(tenant) as db:
        found = [
            clocks((await ask(db, tenant, language=language)).starts)
            for language in ("pl", "tr", None, "el")
        ]

    morning = ["01 09:00", "01 10:00", "01 11:00"]
    assert found == [["01 09:00"], morning, morning, []]


async def test_who_is_busy_keeps_all_of_them_from_meeting(
    database: Database, tenant: Id, party: dict[str, Id]
) -> None:
    """There is one specialist: Bob is free, and it does not help."""
    async with database.transaction(tenant) as db:
        eva = await service.get_advisor(db, tenant, party["Eva"])
        await connect_calendar(db, tenant, eva, busy=[(tuesday("08:50"), tuesday("09:10"))])
        await book(db, tenant, TEN, spoken="tr")
        answer = await ask(db, tenant)
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("09:00"))

    assert answer.starts == [], "ten's preparation and buffer reach to 09:45 and 11:00"
    assert refused.value.reason == "busy"


async def test_all_of_a_party_move_together(
    database: Database, tenant: Id, party: dict[str, Id]
) -> None:
    """Whoever is still free at the new time stays, and nothing of the old time stays taken."""
    async with database.transaction(tenant) as db:
        booking = await book(db, tenant, tuesday("09:00"), spoken="tr")
        moved = await service.reschedule(
            db, tenant, booking.id, tuesday("11:00"), now=NOW, by="customer"
        )
        again = await book(db, tenant, tuesday("09:00"), spoken="tr", customer=stranger())

    assert moved.attendants()[:2] == booking.attendants()[:2]
    assert set(await taken_by(database, tenant, moved)) == set(moved.attendants())
    assert set((await taken_by(database, tenant, moved)).values()) == {"10:45 to 12:00"}
    assert again.start == booking.start


async def test_a_fixed_part_comes_as_a_whole_beside_one_of_a_pool(
    database: Database, tenant: Id
) -> None:
    """Both managers or nobody; of the pool it is whoever is free."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        carl = await add_advisor(db, tenant, "Carl", hours="09:00-11:00")
        dora = await add_advisor(db, tenant, "Dora", hours="10:00-12:00")
        both = Role(name="directie", advisors=[carl.id, dora.id], everyone=True)
        await add_meeting_type(db, tenant, pool, roles=[both])
        before = await ask(db, tenant)
        dentist = (tuesday("10:00"), tuesday("11:00"))
        await connect_calendar(db, tenant, pool[0], busy=[dentist])
        booking = await book(db, tenant, TEN)
        after = await ask(db, tenant)

    assert clocks(before.starts) == ["01 10:00"]
    assert after.starts == []
    assert booking.advisor_id == pool[1].id
    assert {one.advisor_id for one in booking.colleagues} == {carl.id, dora.id}


async def test_nobody_fills_two_roles(database: Database, tenant: Id) -> None:
    """Eva could be either; she is one of them, and then somebody else is the other."""
    async with database.transaction(tenant) as db:
        eva = await add_advisor(db, tenant, "Eva", skills=["specialist"])
        role = Role(name="specialist", skills=["specialist"])
        await add_meeting_type(db, tenant, [eva], slug="alleen", roles=[])
        fay = await add_advisor(db, tenant, "Fay", hours="10:00-11:00")
        await add_meeting_type(db, tenant, [eva, fay], roles=[role])
        answer = await ask(db, tenant)
        booking = await book(db, tenant, TEN)

    assert clocks(answer.starts) == ["01 10:00"]
    assert booking.attendants() == [fay.id, eva.id]


async def test_a_hold_takes_one_party_and_not_the_pool(
    database: Database, tenant: Id, party: dict[str, Id]
) -> None:
    """The specialist is gone with it; Bob is free for what needs nobody else."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(
            db,
            tenant,
            [await service.get_advisor(db, tenant, party[name]) for name in ("Anna", "Bob")],
            slug="lening",
        )
        held = await hold(db, tenant, TEN, language="tr")
        with pytest.raises(SlotUnavailable):
            await hold(db, tenant, TEN, language="tr")
        loans = await ask(db, tenant, meeting_type="lening")
        alone = await hold(db, tenant, TEN, meeting_type="lening")
        with pytest.raises(SlotTaken):
            await hold(db, tenant, TEN, meeting_type="lening")
        booking = await book(db, tenant, TEN, hold=held.id)

    assert TEN in loans.starts
    assert alone.advisor_id == party["Bob"]
    # The hold said Turkish, and so does the booking.
    assert booking.attendants() == [party["Anna"], party["Eva"], party["Tarik"]]
