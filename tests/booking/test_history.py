"""What a booking was, step by step: who did what when, and how it stood at any moment."""

from datetime import timedelta

import pytest

from booking import service
from booking.errors import OutcomeKnown, OutcomeTooEarly
from booking.model import Booking
from kernel.database import Database
from kernel.errors import NotFound
from kernel.ids import Id
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisors,
    add_meeting_type,
    book,
    tuesday,
    wish,
)

MINUTE = timedelta(minutes=1)


async def test_every_step_can_be_looked_back_at(database: Database, tenant: Id) -> None:
    """Requested, confirmed, moved, given away and attended, each at its minute by somebody."""
    stood: list[Booking] = []
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool, approval=True)
        nine = wish(tuesday("09:00"))
        stood.append(
            await service.book(db, tenant, nine, customer=CUSTOMER, now=NOW, by="operator")
        )
        known = stood[0].id
        stood.append(await service.confirm(db, tenant, known, now=NOW + MINUTE, by="advisor"))
        stood.append(
            await service.reschedule(
                db, tenant, known, tuesday("10:00"), now=NOW + 2 * MINUTE, by="customer"
            )
        )
        stood.append(await service.reassign(db, tenant, known, now=NOW + 3 * MINUTE, by="operator"))
        stood.append(await service.confirm(db, tenant, known, now=NOW + 4 * MINUTE, by="advisor"))
        begun = tuesday("10:00") + MINUTE
        with pytest.raises(OutcomeTooEarly):
            await service.record_outcome(
                db, tenant, known, "attended", now=NOW + 5 * MINUTE, by="advisor"
            )
        stood.append(
            await service.record_outcome(db, tenant, known, "attended", now=begun, by="advisor")
        )
        with pytest.raises(OutcomeKnown):
            await service.record_outcome(db, tenant, known, "attended", now=begun, by="advisor")
    async with database.reading(tenant) as db:
        steps = await service.history(db, tenant, known)
        looked_back = [await service.get_booking(db, tenant, known, as_of=one.at) for one in steps]
        just_before = await service.get_booking(
            db, tenant, known, as_of=steps[2].at - timedelta(microseconds=1)
        )
        with pytest.raises(NotFound):
            await service.get_booking(db, tenant, known, as_of=NOW - MINUTE)
        present = await service.get_booking(db, tenant, known)

    assert [(one.revision, one.by, one.action) for one in steps] == [
        (0, "operator", "booking.requested"),
        (1, "advisor", "booking.confirmed"),
        (2, "customer", "booking.rescheduled"),
        (3, "operator", "booking.reassigned"),
        (4, "advisor", "booking.confirmed"),
        (5, "advisor", "booking.attended"),
    ]
    assert [one.booking for one in steps] == looked_back == stood
    assert [one.at for one in steps] == [NOW + step * MINUTE for step in range(5)] + [begun]
    assert just_before == stood[1]
    assert present == stood[-1]


async def test_a_refused_step_leaves_no_trace(database: Database, tenant: Id) -> None:
    """Nothing half-done: neither a step nor another revision."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna"])
        await add_meeting_type(db, tenant, pool)
        booking = await book(db, tenant, tuesday("09:00"))
        for start in (tuesday("09:00"), tuesday("09:30"), NOW - MINUTE):
            with pytest.raises(Exception, match=r"time|start"):
                await service.reschedule(db, tenant, booking.id, start, now=NOW, by="customer")
        with pytest.raises(Exception, match="Nobody gives this meeting"):
            await service.reassign(db, tenant, booking.id, now=NOW, by="operator")
        steps = await service.history(db, tenant, booking.id)
        present = await service.get_booking(db, tenant, booking.id)

    assert [one.action for one in steps] == ["booking.confirmed"]
    assert present == booking


async def test_what_comes_next_is_decided_again_from_what_was_kept(
    database: Database, tenant: Id
) -> None:
    """Every decision of a month comes out the same, although all it rested on has changed."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob", "Cem"])
        weights = {pool[0].id: 40, pool[1].id: 100}
        await add_meeting_type(db, tenant, pool, weights=weights, priorities={pool[2].id: 6})
        made = [
            await book(db, tenant, tuesday(clock) + timedelta(days=day))
            for day in (0, 1, 2, 7, 8)
            for clock in ("09:00", "11:00")
        ]
        await add_meeting_type(db, tenant, pool[1:])
        for one in made[::2]:
            await service.cancel(db, tenant, one.id, reason=None, now=NOW, by="customer")
        replayed = [await service.replay_assignment(db, tenant, one.id) for one in made]
        decided = [await service.explain_assignment(db, tenant, one.id) for one in made]

    assert replayed == [[(one, True) for one in each] for each in decided]
    assert [each[0].advisor for each in decided] == [one.advisor_id for one in made]
