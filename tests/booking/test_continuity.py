"""Who gets a meeting: their own advisor, a stand-in, whoever is next; and never the wrong one."""

from datetime import date, timedelta
from typing import Any

import pytest

from booking import service, setup
from booking.errors import (
    BookingOver,
    NotWaiting,
    SameTeam,
    SlotTaken,
    SlotUnavailable,
)
from booking.looking import repairs
from booking.model import Booking, SlotAnswer
from booking.organisation import AbsenceInput, Advisor, MeetingTypeInput
from kernel.database import Database
from kernel.errors import NotFound
from kernel.ids import Id, new_id
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisors,
    add_meeting_type,
    ask,
    book,
    clocks,
    connect_calendar,
    hold,
    stranger,
    tuesday,
)

DAY = timedelta(days=1)
TEN = tuesday("10:00")


@pytest.fixture
async def team(database: Database, tenant: Id) -> list[Advisor]:
    """Anna, Bob and Cem give mortgage meetings."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob", "Cem"])
        await add_meeting_type(db, tenant, pool)
    return pool


async def change(database: Database, tenant: Id, kind: dict[str, Any]) -> None:
    """Change the kind of meeting."""
    async with database.transaction(tenant) as db:
        now = await service.get_meeting_type(db, tenant, "hypotheek")
        fields = {name: getattr(now, name) for name in MeetingTypeInput.__struct_fields__}
        await service.apply_meeting_type(db, tenant, MeetingTypeInput(**(fields | kind)), now=NOW)


# --- their own advisor ---------------------------------------------------------------------------


async def test_customers_come_back_to_the_advisor_they_know(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """However much work that is; others get whoever has had least, and the latest met counts."""
    _, bob, cem = team
    async with database.transaction(tenant) as db:
        for day in range(3):
            await book(db, tenant, TEN + day * DAY, advisor=bob.id)
        back = await book(db, tenant, TEN + 3 * DAY)
        other = await book(db, tenant, tuesday("11:00") + 3 * DAY, customer=stranger())
        await book(db, tenant, TEN + 6 * DAY, advisor=cem.id)
        last = await book(db, tenant, TEN + 7 * DAY)
        grounds = [
            (await service.explain_assignment(db, tenant, one.id))[0].ground
            for one in (back, other, last)
        ]

    assert back.advisor_id == bob.id
    assert other.advisor_id != bob.id
    assert last.advisor_id == cem.id
    assert grounds == ["known", "order", "known"]


async def test_a_stand_in_comes_next_and_why_is_kept_for_staff(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Anna is on leave that week; Cem stands in for her, to those who know her."""
    anna, bob, cem = team
    leave = AbsenceInput(first_day=date(2026, 12, 7), last_day=date(2026, 12, 11), stand_in=cem.id)
    async with database.transaction(tenant) as db:
        await book(db, tenant, TEN, advisor=anna.id)
        await setup.add_absence(db, tenant, anna.id, leave, now=NOW)
        known = await book(db, tenant, TEN + 7 * DAY)
        unknown = await book(db, tenant, TEN + 7 * DAY, customer=stranger())
        (decision,) = await service.explain_assignment(db, tenant, known.id)
        (other,) = await service.explain_assignment(db, tenant, unknown.id)
        replayed = await service.replay_assignment(db, tenant, known.id)

    assert (known.advisor_id, unknown.advisor_id) == (cem.id, bob.id)
    assert (decision.ground, decision.stand_in_for, decision.reason) == (
        "stand-in",
        anna.id,
        "leave",
    )
    assert (other.stand_in_for, other.reason) == (None, None)
    assert replayed == [(decision, True)]


async def test_priority_comes_before_fairness_and_weights_share_it_out(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Cem is asked last; of eight meetings Anna, who works a third of Bob, gets two."""
    anna, bob, cem = team
    await change(
        database,
        tenant,
        {"priorities": {cem.id: 1}, "weights": {anna.id: 33}},
    )
    made: list[Booking] = []
    async with database.transaction(tenant) as db:
        made += [
            await book(db, tenant, tuesday(clock) + day * DAY, customer=stranger())
            for day in range(3)
            for clock in ("09:00", "10:00", "11:00")[: 3 if day < 2 else 2]
        ]
        third = [await book(db, tenant, TEN + 3 * DAY, customer=stranger()) for _ in range(3)]
        why = [
            (await service.explain_assignment(db, tenant, one.id))[0].ground
            for one in (made[0], third[2])
        ]

    names = [one.advisor_id for one in made]
    assert (names.count(anna.id), names.count(bob.id)) == (2, 6)
    assert third[2].advisor_id == cem.id
    assert why == ["order", "only-one-free"]


# --- never the wrong one -------------------------------------------------------------------------


async def test_a_conflict_of_interest_looks_like_a_full_diary(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Every answer is the one they would get had somebody else booked all of Anna's time."""
    anna = team[0]
    free, away = TEN, TEN + DAY
    absent = AbsenceInput(first_day=date(2026, 12, 2), last_day=date(2026, 12, 2))
    async with database.transaction(tenant) as db:
        await setup.add_absence(db, tenant, anna.id, absent, now=NOW)

    async def answers(customer: Id) -> list[object]:
        """Return all that this customer can find out about Anna."""
        found: list[object] = []
        async with database.transaction(tenant) as db:
            questions: list[dict[str, Any]] = [{}, {"advisor": anna.id}]
            for asked in questions:
                answer: SlotAnswer = await ask(
                    db, tenant, days=2, customer=customer, explain=True, **asked
                )
                found.append(answer)
            for start in (free, away, tuesday("09:17"), tuesday("20:00"), NOW - DAY):
                try:
                    await book(db, tenant, start, advisor=anna.id, customer=customer)
                except (SlotTaken, SlotUnavailable) as refused:
                    found.append((type(refused), str(refused), refused.extra))
        return found

    async def fill(days: int) -> list[Booking]:
        async with database.transaction(tenant) as db:
            return [
                await book(db, tenant, start + day * DAY, advisor=anna.id, customer=stranger())
                for day in range(-1, days)
                for start in (tuesday("09:00"), TEN, tuesday("11:00"))
                if day != 1 and (start + day * DAY).weekday() < 5
            ]

    excluded = stranger()
    async with database.transaction(tenant) as db:
        await setup.exclude(db, tenant, anna.id, excluded, now=NOW)
    theirs = await answers(excluded)
    await fill(29)
    others = await answers(stranger())

    assert len(theirs) == 7
    assert theirs == others


async def test_the_excluded_advisor_is_never_chosen_and_never_named(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Not as the one they know, not by a hold made before anybody knew who asks, not by staff."""
    anna, bob, _ = team
    async with database.transaction(tenant) as db:
        await book(db, tenant, TEN, advisor=anna.id)
        held = await hold(db, tenant, TEN + DAY, advisor=anna.id)
        await setup.exclude(db, tenant, anna.id, CUSTOMER, now=NOW)
        with pytest.raises(SlotTaken):
            await book(db, tenant, TEN + DAY, hold=held.id)
        with pytest.raises(SlotTaken):
            await book(
                db, tenant, tuesday("11:00"), advisor=anna.id, waive=["notice", "limits", "window"]
            )
        booking = await book(db, tenant, TEN + 2 * DAY)
        decisions = await service.explain_assignment(db, tenant, booking.id)
        given = await service.reassign(db, tenant, booking.id, now=NOW, by="operator")
        with pytest.raises(SlotTaken):
            await service.reassign(db, tenant, booking.id, advisor=anna.id, now=NOW, by="operator")
        whole = str(await service.explain_assignment(db, tenant, booking.id))

    assert booking.advisor_id == bob.id
    assert anna.id not in str(decisions)
    assert given.advisor_id == team[2].id
    assert anna.id not in whole


# --- the advisor's word --------------------------------------------------------------------------


async def test_a_request_occupies_its_time_until_it_is_declined(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Some meetings always wait for the advisor's word; a no gives the time back."""
    anna = team[0]
    await change(database, tenant, {"approval": True})
    async with database.transaction(tenant) as db:
        asked = await book(db, tenant, TEN, advisor=anna.id)
        with pytest.raises(SlotTaken):
            await book(db, tenant, TEN, advisor=anna.id)
        declined = await service.decline(
            db, tenant, asked.id, reason="te druk", now=NOW, by="advisor"
        )
        again = await book(db, tenant, TEN, advisor=anna.id)
        confirmed = await service.confirm(db, tenant, again.id, now=NOW, by="advisor")
        with pytest.raises(NotWaiting):
            await service.decline(db, tenant, again.id, reason=None, now=NOW, by="advisor")
        moved = await service.reschedule(
            db, tenant, again.id, tuesday("11:00"), now=NOW, by="customer"
        )
        given = await service.reassign(db, tenant, again.id, now=NOW, by="operator")

    assert asked.state == again.state == "requested"
    assert (declined.state, declined.cancelled_by, declined.reason) == (
        "cancelled",
        "advisor",
        "te druk",
    )
    assert (confirmed.state, moved.state) == ("confirmed", "confirmed")
    # Whoever gets it has not said yes yet.
    assert given.state == "requested"


# --- given to somebody else ----------------------------------------------------------------------


async def test_a_meeting_is_given_to_somebody_else_at_its_time(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Also where it would be on no grid of theirs, and within the notice; nothing else changes."""
    anna, bob, cem = team
    await change(database, tenant, {"step": 60, "offset": 15})
    async with database.transaction(tenant) as db:
        booking = await book(db, tenant, tuesday("09:15"), advisor=anna.id)
    await change(database, tenant, {"offset": 0, "notice": 10_000})
    async with database.transaction(tenant) as db:
        await connect_calendar(db, tenant, bob, busy=[(tuesday("09:00"), tuesday("09:30"))])
        given = await service.reassign(db, tenant, booking.id, now=NOW, by="operator")
        with pytest.raises(SlotUnavailable):
            await service.reassign(db, tenant, booking.id, advisor=bob.id, now=NOW, by="operator")
        named = await service.reassign(
            db, tenant, booking.id, advisor=anna.id, now=NOW, by="operator"
        )
        with pytest.raises(SameTeam):
            await service.reassign(db, tenant, booking.id, advisor=anna.id, now=NOW, by="operator")
        (decision,) = await service.explain_assignment(db, tenant, booking.id)

    assert given.advisor_id == cem.id
    assert (given.start, given.sequence, given.generation) == (booking.start, 1, 0)
    assert (named.advisor_id, named.sequence) == (anna.id, 2)
    assert decision.advisor == anna.id


async def test_where_nobody_can_take_it_nothing_changes(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """Nobody else is free, the advisor is not on file, or does not give these meetings."""
    async with database.transaction(tenant) as db:
        (dirk,) = await add_advisors(db, tenant, ["Dirk"])
        made = [await book(db, tenant, TEN, customer=stranger()) for _ in team]
        for advisor, refusal in (
            (None, SlotTaken),
            (dirk.id, SlotUnavailable),
            (new_id("adv", NOW), NotFound),
            ("nobody", NotFound),
        ):
            with pytest.raises(refusal):
                await service.reassign(
                    db, tenant, made[0].id, advisor=advisor, now=NOW, by="operator"
                )
        with pytest.raises(NotFound):
            await service.repair(
                db, tenant, made[0].id, TEN + DAY, new_id("adv", NOW), now=NOW, by="customer"
            )
    async with database.transaction(tenant) as db:
        assert [await service.get_booking(db, tenant, one.id) for one in made] == made
        assert len(await service.history(db, tenant, made[0].id)) == 1
        with pytest.raises(SlotTaken):
            await book(db, tenant, TEN, customer=stranger())


async def test_a_meeting_is_repaired_by_one_of_what_is_offered(
    database: Database, tenant: Id, team: list[Advisor]
) -> None:
    """The same time with a colleague first, then the nearest times; each of them can be had."""
    anna, bob, cem = team
    async with database.transaction(tenant) as db:
        booking = await book(db, tenant, TEN, advisor=anna.id)
        await connect_calendar(db, tenant, anna, busy=[(TEN, tuesday("12:00"))])
        offered = await repairs(db, tenant, booking, now=NOW)
        same_time, _, nearest = offered
        other = await service.repair(
            db, tenant, booking.id, same_time.start, same_time.advisor_id, now=NOW, by="customer"
        )
        back = await service.repair(
            db, tenant, booking.id, nearest.start, nearest.advisor_id, now=NOW, by="customer"
        )
        own = await service.repair(
            db, tenant, booking.id, TEN + DAY, back.advisor_id, now=NOW, by="customer"
        )
        actions = [step.action for step in await service.history(db, tenant, booking.id)]
        with pytest.raises(BookingOver):
            await service.repair(db, tenant, booking.id, TEN, bob.id, now=own.start, by="customer")

    assert [(one.start, one.advisor_id) for one in offered] == [
        (TEN, bob.id),
        (tuesday("11:00") - DAY, anna.id),
        (tuesday("09:00"), anna.id),
    ]
    assert (other.start, other.advisor_id) == (TEN, bob.id)
    assert (back.start, back.advisor_id) == (tuesday("09:00"), anna.id)
    assert clocks([own.start]) == ["02 10:00"]
    assert actions == [
        "booking.confirmed",
        "booking.reassigned",
        "booking.rescheduled",
        "booking.rescheduled",
    ]
    assert cem.id not in {one.advisor_id for one in offered}
