"""Booking, moving, confirming and calling off: what happens, what is refused, who hears of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from booking import service, store
from booking.errors import BookingOver, SameTime, SlotTaken, SlotUnavailable
from booking.model import Booking, BookingFilter, HoldInput
from booking.tables import claims
from booking.values import Channel
from kernel.database import Database
from kernel.errors import Invalid, NotFound
from kernel.ids import Id, new_id
from kernel.tables import audit_entries, events, work
from kernel.tenancy import TenantSettings, create_tenant
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisor,
    add_advisors,
    add_branch,
    add_meeting_type,
    book,
    clocks,
    connect_calendar,
    stranger,
    tuesday,
    wish,
)

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
async def office(database: Database, tenant: Id) -> Id:
    """One advisor, nine to noon on weekdays, an hour each, a quarter of an hour after."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, [await add_advisor(db, tenant)], after=15, step=15)
    return tenant


async def heard(database: Database, tenant: Id) -> list[dict[str, Any]]:
    """Return what subscribers will hear of, in order."""
    async with database.reading(tenant) as db:
        rows = await db.scalars(
            select(events.c.payload).order_by(events.c.recorded_at, events.c.id)
        )
        return list(rows)


# --- booking -------------------------------------------------------------------------------------


async def test_a_booking_keeps_its_promise_on_the_wall_and_on_the_time_line(
    database: Database, office: Id
) -> None:
    """Nine in Amsterdam, said to a customer in Kolkata, with the rules it was said under."""
    partner = new_id("cus", NOW)
    async with database.transaction(office) as db:
        booking = await service.book(
            db,
            office,
            wish(tuesday("09:00"), timezone="Asia/Kolkata"),
            customer=CUSTOMER,
            participants=[partner],
            now=NOW,
        )
    async with database.reading(office) as db:
        stored = await service.get_booking(db, office, booking.id)

    assert stored == booking
    assert (booking.start, booking.end) == (tuesday("09:00"), tuesday("10:00"))
    assert (booking.local_start, booking.timezone) == ("2026-12-01T13:30:00", "Asia/Kolkata")
    assert booking.tzdata[:2] == "20"
    assert (booking.customer_id, booking.participants) == (CUSTOMER, [partner])
    assert (booking.state, booking.sequence, booking.generation) == ("confirmed", 0, 0)
    assert booking.uid == f"{booking.id}@spreekuur"
    assert (booking.meeting_type, booking.channel, booking.location_id) == (
        "hypotheek",
        "video",
        None,
    )


@pytest.mark.parametrize(
    ("channel", "location", "promise"),
    [
        ("branch", "lissabon", ("Europe/Lisbon", "2026-12-01T08:00:00")),
        ("phone", None, ("Europe/Amsterdam", "2026-12-01T09:00:00")),
        ("phone", "lissabon", ("Europe/Lisbon", "2026-12-01T08:00:00")),
        ("video", None, ("America/New_York", "2026-12-01T03:00:00")),
    ],
)
async def test_the_promise_is_in_the_zone_that_people_go_by(
    database: Database, tenant: Id, channel: Channel, location: str | None, promise: tuple[str, str]
) -> None:
    """A customer in New York meets an advisor from Amsterdam who works in Lisbon, too."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "lissabon", "Europe/Lisbon")
        advisor = await add_advisor(db, tenant, locations=["lissabon"])
        await add_meeting_type(
            db,
            tenant,
            [advisor],
            channels=["video", "phone", "branch"],
            locations=["lissabon"],
        )
        booking = await service.book(
            db,
            tenant,
            wish(tuesday("09:00"), channel=channel, location=location, timezone="America/New_York"),
            customer=CUSTOMER,
            now=NOW,
        )

    assert (booking.timezone, booking.local_start) == promise
    assert (booking.location_id is not None) == (location is not None)


async def test_a_booking_is_announced_once_written_into_the_calendar_and_noted(
    database: Database, office: Id
) -> None:
    """One event, one errand and one line in the audit trail, none with a name in it."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))

    assert await heard(database, office) == [{"type": "booking.confirmed", "booking": booking.id}]
    async with database.reading(office) as db:
        errands = await db.execute(
            select(work.c.subject, work.c.due_at).where(work.c.queue == "calendar.push")
        )
        noted = await db.execute(
            select(audit_entries.c.actor, audit_entries.c.action, audit_entries.c.subject)
        )
        assert [tuple(row) for row in errands] == [(booking.id, NOW)]
        assert [tuple(row) for row in noted] == [("customer", "booking.confirmed", booking.id)]


async def test_a_start_is_booked_once(database: Database, office: Id) -> None:
    """Whoever comes second is offered the nearest times that leave room for both buffers."""
    async with database.transaction(office) as db:
        await book(db, office, tuesday("10:00"))
        with pytest.raises(SlotTaken) as refused:
            await book(db, office, tuesday("10:15"))

    # Nine to ten needs the quarter of an hour after it, too, so Tuesday is full; Wednesday at nine
    # is 22:45 hours away, Monday at a quarter to eleven 23:30.
    assert clocks(refused.value.alternatives) == [
        "30 10:45",
        "30 11:00",
        "02 09:00",
        "02 09:15",
        "02 09:30",
    ]
    assert refused.value.extra["alternatives"] == refused.value.alternatives


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (tuesday("09:10"), "off-grid"),
        (tuesday("09:00") + timedelta(microseconds=1), "off-grid"),
        (tuesday("11:15"), "outside-hours"),
        (tuesday("20:00"), "outside-hours"),
        (tuesday("09:00") - timedelta(days=1, minutes=15), "past"),
        (NOW + timedelta(hours=1), "notice"),
        (tuesday("09:00") + timedelta(days=35), "outside-window"),
        (tuesday("10:00"), "busy"),
    ],
)
async def test_a_time_that_cannot_be_booked_says_why(
    database: Database, tenant: Id, start: datetime, reason: str
) -> None:
    """The same function that makes the list refuses what is not in it."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], step=15, notice=120)
        dentist = (tuesday("10:00"), tuesday("10:00") + timedelta(seconds=30))
        await connect_calendar(db, tenant, advisor, busy=[dentist])
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, start)

    assert refused.value.reason == reason
    assert refused.value.extra["reason"] == reason
    assert len(refused.value.alternatives) == 5
    assert refused.value.alternatives == sorted(refused.value.alternatives)


async def test_what_nobody_gives_in_this_way_cannot_be_booked(
    database: Database, tenant: Id
) -> None:
    """Fail closed: another channel, length, branch or advisor is no booking."""
    async with database.transaction(tenant) as db:
        for slug in ("utrecht", "zwolle"):
            await add_branch(db, tenant, slug, "Europe/Amsterdam")
        advisor = await add_advisor(db, tenant, locations=["utrecht"])
        other = await add_advisor(db, tenant, "Bob", locations=["utrecht"])
        await add_meeting_type(
            db, tenant, [advisor], channels=["video", "branch"], locations=["utrecht"]
        )
        nine = tuesday("09:00")
        for data in (
            wish(nine, channel="phone"),
            wish(nine, duration=30),
            wish(nine, channel="branch", location="zwolle"),
            wish(nine, advisor=other.id),
        ):
            with pytest.raises(SlotUnavailable) as refused:
                await service.book(db, tenant, data, customer=CUSTOMER, now=NOW)
            assert (refused.value.reason, refused.value.alternatives) == ("unsuitable", [])
        with pytest.raises(Invalid):
            await service.book(db, tenant, wish(nine, channel="branch"), customer=CUSTOMER, now=NOW)
        with pytest.raises(NotFound):
            await service.book(
                db,
                tenant,
                wish(nine, channel="branch", location="assen"),
                customer=CUSTOMER,
                now=NOW,
            )


async def test_meetings_are_shared_out_evenly_and_why_is_kept(
    database: Database, tenant: Id
) -> None:
    """Whoever has had the least work in four weeks, then who is longest on file."""
    async with database.transaction(tenant) as db:
        anna, bob = pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool)
        made = [
            await book(db, tenant, tuesday("09:00"), customer=stranger()),
            await book(db, tenant, tuesday("10:00"), customer=stranger()),
            await book(db, tenant, tuesday("11:00"), customer=stranger(), advisor=bob.id),
            # Bob has two by now, Anna one, and a meeting of next week counts for nothing yet.
            await book(db, tenant, tuesday("11:00") + timedelta(days=7), customer=stranger()),
            await book(db, tenant, tuesday("09:00") + timedelta(days=1), customer=stranger()),
            await book(db, tenant, tuesday("11:00"), customer=stranger()),
        ]
        decisions = [await service.explain_assignment(db, tenant, one.id) for one in made]

    assert [one.advisor_id for one in made] == [anna.id, bob.id, bob.id, anna.id, anna.id, anna.id]
    assert [[one.ground for one in each] for each in decisions] == [
        ["order"],
        ["fairness"],
        ["requested"],
        ["fairness"],
        ["fairness"],
        ["only-one-free"],
    ]
    efforts = [{one.advisor: one.effort for one in each[0].considered} for each in decisions]
    assert efforts[3] == efforts[4] == {anna.id: 60, bob.id: 120}


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(minutes=30), "confirmed"),
        (timedelta(minutes=31), "requested"),
        (None, "requested"),
    ],
)
async def test_a_stale_calendar_makes_it_a_request(
    database: Database, office: Id, age: timedelta | None, state: str
) -> None:
    """Its time is kept all the same, and the advisor's word makes it stand."""
    async with database.transaction(office) as db:
        (advisor,) = await service.list_advisors(db, office)
        await connect_calendar(db, office, advisor, read_at=NOW - age if age else None)
        booking = await book(db, office, tuesday("09:00"))
        with pytest.raises(SlotTaken):
            await book(db, office, tuesday("09:00"))

    assert booking.state == state
    assert await heard(database, office) == [{"type": f"booking.{state}", "booking": booking.id}]


# --- confirming ----------------------------------------------------------------------------------


async def test_a_request_is_confirmed_once(database: Database, office: Id) -> None:
    """The second word comes too late, and nothing else changes."""
    async with database.transaction(office) as db:
        (advisor,) = await service.list_advisors(db, office)
        await connect_calendar(db, office, advisor, read_at=None)
        asked = await book(db, office, tuesday("09:00"))
        confirmed = await service.confirm(db, office, asked.id, now=LATER, by="advisor")
        with pytest.raises(BookingOver):
            await service.confirm(db, office, asked.id, now=NOW, by="advisor")

    assert confirmed == structs.replace(asked, state="confirmed", revision=1)
    assert [event["type"] for event in await heard(database, office)] == [
        "booking.requested",
        "booking.confirmed",
    ]


# --- moving --------------------------------------------------------------------------------------


async def test_a_booking_moves_with_all_it_takes(database: Database, office: Id) -> None:
    """Its old time is free, its new time taken, and both sides hear of it."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        moved = await service.reschedule(
            db, office, booking.id, tuesday("10:15"), now=LATER, by="customer"
        )
        other = await book(db, office, tuesday("09:00"), now=LATER + timedelta(minutes=1))
        with pytest.raises(SlotTaken):
            await book(db, office, tuesday("10:15"))
        assert await service.get_booking(db, office, booking.id) == moved

    assert moved == structs.replace(
        booking,
        start=tuesday("10:15"),
        end=tuesday("11:15"),
        local_start="2026-12-01T10:15:00",
        sequence=1,
        generation=1,
        revision=1,
    )
    assert other.start == booking.start
    assert (await heard(database, office))[1] == {
        "type": "booking.rescheduled",
        "booking": booking.id,
        "sequence": 1,
        "previous_start": "2026-12-01T08:00:00Z",
        "by": "customer",
    }


async def test_a_booking_may_move_into_its_own_old_time(database: Database, office: Id) -> None:
    """By a quarter of an hour, and back again."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        await service.reschedule(db, office, booking.id, tuesday("09:15"), now=NOW, by="customer")
        moved = await service.reschedule(
            db, office, booking.id, tuesday("09:00"), now=NOW, by="customer"
        )

    assert (moved.start, moved.sequence) == (booking.start, 2)


async def test_moving_to_where_it_is_changes_nothing(database: Database, office: Id) -> None:
    """A customer who sends the same wish twice is not told twice."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        for by in ("customer", "calendar"):
            with pytest.raises(SameTime):
                await service.reschedule(db, office, booking.id, tuesday("09:00"), now=NOW, by=by)
        assert await service.get_booking(db, office, booking.id) == booking

    assert len(await heard(database, office)) == 1


async def test_a_refused_move_leaves_the_booking_where_it_was(
    database: Database, office: Id
) -> None:
    """Also for whoever catches the refusal and commits."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        await book(db, office, tuesday("10:15"))
        with pytest.raises(SlotTaken) as refused:
            await service.reschedule(
                db, office, booking.id, tuesday("10:00"), now=NOW, by="customer"
            )
        with pytest.raises(SlotUnavailable) as off_hours:
            await service.reschedule(
                db, office, booking.id, tuesday("13:00"), now=NOW, by="customer"
            )
    async with database.transaction(office) as db:
        assert await service.get_booking(db, office, booking.id) == booking
        with pytest.raises(SlotTaken):
            await book(db, office, tuesday("09:00"))

    assert off_hours.value.reason == "outside-hours"
    assert booking.start not in refused.value.alternatives
    assert len(await heard(database, office)) == 2


async def test_a_customer_moves_onto_a_stale_calendar_as_a_request(
    database: Database, office: Id
) -> None:
    """Who moves it for the advisor needs no fresh calendar."""
    later = NOW + timedelta(hours=2)
    async with database.transaction(office) as db:
        (advisor,) = await service.list_advisors(db, office)
        await connect_calendar(db, office, advisor, read_at=NOW)
        booking = await book(db, office, tuesday("09:00"))
        by_advisor = await service.reschedule(
            db, office, booking.id, tuesday("09:15"), now=later, by="advisor"
        )
        by_customer = await service.reschedule(
            db, office, booking.id, tuesday("09:30"), now=later, by="customer"
        )

    assert (booking.state, by_advisor.state, by_customer.state) == (
        "confirmed",
        "confirmed",
        "requested",
    )


async def test_what_the_advisor_drags_in_their_own_calendar_only_must_not_collide(
    database: Database, office: Id
) -> None:
    """Off the grid, after hours and at once, but neither into a meeting nor into the past."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        other = await book(db, office, tuesday("10:15"))
        evening = tuesday("21:07")
        moved = await service.reschedule(db, office, booking.id, evening, now=NOW, by="calendar")
        soon = await service.reschedule(
            db, office, booking.id, NOW + timedelta(minutes=1), now=NOW, by="calendar"
        )
        with pytest.raises(SlotTaken):
            await service.reschedule(
                db, office, booking.id, tuesday("11:00"), now=NOW, by="calendar"
            )
        with pytest.raises(SlotUnavailable) as refused:
            await service.reschedule(
                db, office, booking.id, NOW - timedelta(minutes=1), now=NOW, by="calendar"
            )
        with pytest.raises(SlotUnavailable):
            await service.reschedule(db, office, other.id, evening, now=NOW, by="customer")
        assert await service.get_booking(db, office, booking.id) == soon

    assert (moved.start, moved.sequence) == (evening, 1)
    assert refused.value.reason == "past"


async def test_an_instant_without_an_offset_is_nobodys_time(database: Database, office: Id) -> None:
    """It is refused before anything is changed."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        with pytest.raises(Invalid):
            await service.reschedule(
                db,
                office,
                booking.id,
                datetime(2026, 12, 1, 9),  # noqa: DTZ001  # what must be refused
                now=NOW,
                by="customer",
            )


# --- calling off ---------------------------------------------------------------------------------


async def test_a_cancelled_booking_gives_its_time_back(database: Database, office: Id) -> None:
    """Who and why is kept with it, and what it took stays on record."""
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("09:00"))
        cancelled = await service.cancel(
            db, office, booking.id, reason="ziek", now=LATER, by="customer"
        )
        again = await book(db, office, tuesday("09:00"), now=LATER + timedelta(minutes=1))
        assert await service.get_booking(db, office, booking.id) == cancelled
        kept = await db.execute(select(claims.c.booking_id, claims.c.live).order_by(claims.c.id))
        assert {(row[0], row[1]) for row in kept} == {(booking.id, False), (again.id, True)}

    assert cancelled == structs.replace(
        booking,
        state="cancelled",
        sequence=1,
        revision=1,
        cancelled_by="customer",
        reason="ziek",
    )
    assert (await heard(database, office))[1] == {
        "type": "booking.cancelled",
        "booking": booking.id,
        "sequence": 1,
        "by": "customer",
    }


async def test_what_is_over_cannot_be_changed(database: Database, office: Id) -> None:
    """Neither what has been cancelled nor what has begun."""
    async with database.transaction(office) as db:
        gone = await book(db, office, tuesday("09:00"))
        await service.cancel(db, office, gone.id, reason=None, now=NOW, by="operator")
        begun = await book(db, office, tuesday("10:00"))
        for booking, now in ((gone, NOW), (begun, begun.start)):
            with pytest.raises(BookingOver) as refused:
                await service.cancel(db, office, booking.id, reason=None, now=now, by="customer")
            assert refused.value.code == "conflict"
            with pytest.raises(BookingOver):
                await service.reschedule(
                    db, office, booking.id, tuesday("11:00"), now=now, by="calendar"
                )


async def test_a_change_made_on_old_knowledge_is_refused(database: Database, office: Id) -> None:
    """State changes compare before they swap: a booking that was moved meanwhile stays moved."""
    async with database.transaction(office) as db:
        known = await book(db, office, tuesday("09:00"))
        moved = await service.reschedule(
            db, office, known.id, tuesday("10:00"), now=NOW, by="customer"
        )
        stale = structs.replace(known, state="cancelled", sequence=1)

        assert not await store.change_booking(db, office, known, stale)
        assert await service.get_booking(db, office, known.id) == moved


# --- reading -------------------------------------------------------------------------------------


async def test_bookings_are_listed_by_what_is_asked(database: Database, tenant: Id) -> None:
    """By time, state, advisor and customer, page by page."""
    made: list[Booking] = []
    other = new_id("cus", NOW)
    async with database.transaction(tenant) as db:
        anna, bob = pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool)
        for number, (clock, advisor, customer) in enumerate(
            (
                ("11:00", anna, CUSTOMER),
                ("09:00", bob, CUSTOMER),
                ("10:00", anna, other),
            )
        ):
            made.append(
                await service.book(
                    db,
                    tenant,
                    wish(tuesday(clock), advisor=advisor.id),
                    customer=customer,
                    now=NOW + timedelta(seconds=number),
                )
            )
        made[1] = await service.cancel(db, tenant, made[1].id, reason=None, now=NOW, by="customer")

        async def listed(**conditions: Any) -> list[int]:
            found = await service.list_bookings(db, tenant, BookingFilter(**conditions))
            return [made.index(booking) for booking in found]

        assert await listed() == [0, 1, 2]
        assert await listed(since=tuesday("10:00")) == [0, 2]
        assert await listed(until=tuesday("10:00")) == [1]
        assert await listed(state="cancelled") == [1]
        assert await listed(advisor=anna.id) == [0, 2]
        assert await listed(customer=other) == [2]
        assert await listed(limit=2) == [0, 1]
        assert await listed(after=made[1].id) == [2]
        with pytest.raises(NotFound):
            await listed(advisor="nobody")


async def test_another_organisations_things_are_not_there(database: Database, office: Id) -> None:
    """Not their bookings, holds, advisors or kinds of meeting, by any call."""
    async with database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=NOW
        )
    async with database.transaction(office) as db:
        theirs = await book(db, office, tuesday("09:00"))
        wanted = HoldInput(meeting_type="hypotheek", start=tuesday("10:15"), channel="video")
        held = await service.hold(db, office, wanted, now=NOW)
        (advisor,) = await service.list_advisors(db, office)
    async with database.transaction(other.id) as db:
        for attempt in (
            service.get_booking(db, other.id, theirs.id),
            service.explain_assignment(db, other.id, theirs.id),
            service.reschedule(db, other.id, theirs.id, tuesday("11:00"), now=NOW, by="customer"),
            service.cancel(db, other.id, theirs.id, reason=None, now=NOW, by="customer"),
            service.confirm(db, other.id, theirs.id, now=NOW, by="advisor"),
            service.release(db, other.id, held.id, now=NOW),
            service.get_advisor(db, other.id, advisor.id),
            service.get_schedule(db, other.id, advisor.id),
            service.get_meeting_type(db, other.id, "hypotheek"),
        ):
            with pytest.raises(NotFound):
                await attempt
        assert await service.list_bookings(db, other.id, BookingFilter()) == []
        assert await service.list_advisors(db, other.id) == []
        with pytest.raises(Invalid):
            await add_meeting_type(db, other.id, [advisor])
    async with database.reading(office) as db:
        assert await service.get_booking(db, office, theirs.id) == theirs


async def test_without_a_tenant_postgresql_shows_nothing(database: Database, office: Id) -> None:
    """A forgotten filter yields no rows, here and in a transaction of another tenant."""
    async with database.transaction(office) as db:
        await book(db, office, tuesday("09:00"))
    if not database.url.startswith("postgresql"):
        pytest.skip("SQLite has no row-level security; each statement names the tenant")

    async with database.reading() as db:
        assert (await db.execute(select(claims))).all() == []
    async with database.reading(new_id("ten", NOW)) as db:
        assert (await db.execute(select(claims))).all() == []
    async with database.reading(office) as db:
        assert len((await db.execute(select(claims))).all()) == 1
