"""What is set up is read once and never used a moment too long; a question costs a statement."""

import asyncio
import multiprocessing
import socket
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest

from booking import service, setup, snapshot
from booking.errors import MeetingTypeUnknown
from booking.hours import OpenHours, WeeklyRange
from booking.organisation import (
    AbsenceInput,
    AdvisorInput,
    LocationInput,
    ProductInput,
    ResourceInput,
    ResourceNeed,
)
from kernel.database import Database
from kernel.ids import Id
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisor,
    add_advisors,
    add_branch,
    add_meeting_type,
    ask,
    book,
    clocks,
    connect_calendar,
    set_hours,
    statements,
    tuesday,
)
from tests.booking.racing import work_afternoons

POOL = [f"advisor{number:02}" for number in range(12)]
BRANCH: dict[str, Any] = {"channel": "branch", "location": "utrecht"}


@pytest.fixture
async def pool(database: Database, tenant: Id) -> list[Id]:
    """Twelve advisors with calendars of their own, a branch and a room in it."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        room = ResourceInput(slug="spreekkamer", name="Spreekkamer", location="utrecht")
        await setup.apply_resource(db, tenant, room, now=NOW)
        advisors = await add_advisors(db, tenant, POOL, locations=["utrecht"])
        for advisor in advisors:
            dentist = (tuesday("09:00"), tuesday("10:00"))
            await connect_calendar(db, tenant, advisor, busy=[dentist])
        await add_meeting_type(
            db,
            tenant,
            advisors,
            channels=["branch", "video"],
            locations=["utrecht"],
            resources=[ResourceNeed(kind="room", channels=["branch"])],
        )
    return [advisor.id for advisor in advisors]


QUESTIONS: dict[str, dict[str, Any]] = {
    "one": {"advisor": 0},
    "pool": {},
    "branch": BRANCH,
    "customer": {"customer": CUSTOMER},
    "explained": BRANCH | {"explain": True},
    "empty": {"start": tuesday("12:00"), "days": 0.5},
    "empty and explained": BRANCH | {"start": tuesday("12:00"), "days": 0.5, "explain": True},
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_question_costs_a_statement_or_two_and_six_at_most(
    database: Database, tenant: Id, pool: list[Id], question: str
) -> None:
    """One for one advisor, two for a pool, no more to explain; all of them only read."""
    asked = dict(QUESTIONS[question])
    if "advisor" in asked:
        asked["advisor"] = pool[0]

    async with database.reading(tenant) as db:
        await ask(db, tenant, **asked)
        with statements(database) as warm:
            answer = await ask(db, tenant, **asked)
        snapshot._snapshots.clear()
        with statements(database) as cold:
            assert await ask(db, tenant, **asked) == answer
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "zwolle", "Europe/Amsterdam")
    async with database.reading(tenant) as db:
        with statements(database) as stale:
            assert await ask(db, tenant, **asked) == answer

    empty = "empty" in question
    assert (answer.starts == []) == empty
    assert len(warm) == (2 if empty else 1)
    assert len(cold) == (4 if empty else 3)
    assert len(stale) == (5 if empty else 4)
    assert {said.split()[0] for said in [*warm, *cold, *stale]} == {"SELECT"}


async def test_a_question_about_a_move_costs_one_statement_more(
    database: Database, tenant: Id, pool: list[Id]
) -> None:
    """The booking is read first; six is enough also when nothing is known and nothing is free."""
    async with database.transaction(tenant) as db:
        booking = await book(db, tenant, tuesday("10:00"), **BRANCH)
    async with database.reading(tenant) as db:
        with statements(database) as warm:
            moving = await ask(db, tenant, moving=booking.id)
        snapshot._snapshots.clear()
        with statements(database) as cold:
            nothing = await ask(db, tenant, tuesday("12:00"), 0.5, moving=booking.id, explain=True)

    assert clocks(moving.starts) == ["01 10:00", "01 11:00"]
    assert nothing.starts == []
    assert (len(warm), len(cold)) == (2, 5)


async def test_nobody_is_called_to_answer(
    database: Database, tenant: Id, pool: list[Id], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calendars are read beforehand: no connection is opened while somebody waits."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody was called")

    async with database.reading(tenant) as db:
        snapshot._snapshots.clear()
        with monkeypatch.context() as cut_off:
            cut_off.setattr(socket.socket, "connect", refuse)
            cut_off.setattr(socket, "getaddrinfo", refuse)
            cut_off.setattr(asyncio.BaseEventLoop, "create_connection", refuse)
            answer = await ask(db, tenant, explain=True, **BRANCH)

    assert clocks(answer.starts) == ["01 10:00", "01 11:00"]


async def test_whatever_is_set_up_counts_from_the_same_moment(
    database: Database, tenant: Id
) -> None:
    """Hours, absences, branches, rooms, products, people and kinds, each put on file or changed."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        advisor = await add_advisor(db, tenant, locations=["utrecht"])
        kind: dict[str, Any] = {"channels": ["branch", "video"], "locations": ["utrecht"]}
        await add_meeting_type(db, tenant, [advisor], **kind)

        async def free(**asked: Any) -> list[str]:
            return clocks((await ask(db, tenant, **(BRANCH | asked))).starts)

        assert await free() == ["01 09:00", "01 10:00", "01 11:00"]

        await set_hours(db, tenant, advisor, "10:00-13:00")
        assert await free() == ["01 10:00", "01 11:00", "01 12:00"]

        early = OpenHours(weekly=[WeeklyRange(day="tue", start="08:00", end="12:00")])
        utrecht = LocationInput(slug="utrecht", name="Utrecht", hours=early)
        await setup.update_location(db, tenant, "utrecht", utrecht, now=NOW)
        assert await free() == ["01 10:00", "01 11:00"]

        room = ResourceInput(slug="kamer", name="Kamer", location="utrecht")
        await setup.apply_resource(db, tenant, room, now=NOW)
        needing: dict[str, Any] = kind | {"resources": [ResourceNeed(kind="room")]}
        await add_meeting_type(db, tenant, [advisor], **needing)
        assert await free() == ["01 10:00", "01 11:00"]
        await setup.remove_resource(db, tenant, "kamer", now=NOW)
        assert await free() == []
        product = ProductInput(slug="hypotheken", name="Hypotheken", authorised_only=False)
        await setup.apply_product(db, tenant, product, now=NOW)
        await add_meeting_type(db, tenant, [advisor], **kind, product="hypotheken", step=30)
        assert await free() == ["01 10:00", "01 10:30", "01 11:00"]

        late = OpenHours(weekly=[WeeklyRange(day="tue", start="10:30", end="17:00")])
        narrowed = ProductInput(
            slug="hypotheken", name="Hypotheken", authorised_only=False, hours=late
        )
        await setup.apply_product(db, tenant, narrowed, now=NOW)
        assert await free() == ["01 10:30", "01 11:00"]

        away = AbsenceInput(first_day=date(2026, 12, 1), last_day=date(2026, 12, 1))
        absence = await setup.add_absence(db, tenant, advisor.id, away, now=NOW)
        assert await free() == []
        await setup.remove_absence(db, tenant, absence.id, now=NOW)
        assert await free() == ["01 10:30", "01 11:00"]

        nowhere = AdvisorInput(name="Sanne", email=advisor.email, timezone=advisor.timezone)
        await setup.update_advisor(db, tenant, advisor.id, nowhere, now=NOW)
        assert await free() == []
        assert await free(channel="video", location=None) == [
            "01 10:30",
            "01 11:00",
            "01 11:30",
            "01 12:00",
        ]
        await setup.exclude(db, tenant, advisor.id, CUSTOMER, now=NOW)
        assert await free(channel="video", location=None, customer=CUSTOMER) == []


async def test_what_another_process_sets_up_counts_as_well(database: Database, tenant: Id) -> None:
    """What is kept is known by its version, and the version is read with every question."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor])
    async with database.reading(tenant) as db:
        before = await ask(db, tenant)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as elsewhere:
        there = elsewhere.submit(work_afternoons, database.url, tenant, advisor.id)
        await asyncio.wrap_future(there)
    async with database.reading(tenant) as db:
        after = await ask(db, tenant)

    assert clocks(before.starts) == ["01 09:00", "01 10:00", "01 11:00"]
    assert clocks(after.starts) == ["01 13:00", "01 14:00"]


async def test_what_was_rolled_back_is_not_remembered(database: Database, tenant: Id) -> None:
    """Whoever asks in a transaction sees its own changes; nobody does once it is undone."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor])

    async def change_and_fail() -> None:
        async with database.transaction(tenant) as db:
            await set_hours(db, tenant, advisor, "13:00-15:00")
            await add_meeting_type(db, tenant, [advisor], slug="lening")
            answer = await ask(db, tenant)
            assert clocks(answer.starts) == ["01 13:00", "01 14:00"]
            assert (await ask(db, tenant, meeting_type="lening")).starts == answer.starts
            raise LookupError

    with pytest.raises(LookupError):
        await change_and_fail()
    async with database.reading(tenant) as db:
        assert clocks((await ask(db, tenant)).starts) == ["01 09:00", "01 10:00", "01 11:00"]
        with pytest.raises(MeetingTypeUnknown):
            await ask(db, tenant, meeting_type="lening")


async def test_what_is_newer_than_what_is_kept_is_looked_up(database: Database, tenant: Id) -> None:
    """A kind, an advisor and a branch that another process has just put on file can be used."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, [await add_advisor(db, tenant)])
    async with database.reading(tenant) as db:
        await ask(db, tenant)
    kept = dict(snapshot._snapshots)
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "zwolle", "Europe/Amsterdam")
        bob = await add_advisor(db, tenant, "Bob", locations=["zwolle"])
        await add_meeting_type(
            db, tenant, [bob], slug="lening", channels=["branch"], locations=["zwolle"]
        )
        wanted: dict[str, Any] = {
            "meeting_type": "lening",
            "channel": "branch",
            "location": "zwolle",
        }
        snapshot._snapshots.clear()
        snapshot._snapshots.update(kept)
        assert len((await ask(db, tenant, advisor=bob.id, **wanted)).starts) == 3

        snapshot._snapshots.clear()
        snapshot._snapshots.update(kept)
        data: dict[str, Any] = {"channel": "branch", "location": "zwolle", "advisor": bob.id}
        booking = await book(db, tenant, tuesday("09:00"), meeting_type="lening", **data)
        snapshot._snapshots.clear()
        snapshot._snapshots.update(kept)
        moved = await service.reschedule(
            db, tenant, booking.id, tuesday("10:00"), now=NOW + timedelta(minutes=1), by="customer"
        )

    assert moved.start == tuesday("10:00")
