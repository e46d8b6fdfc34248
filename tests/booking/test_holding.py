"""A hold keeps one advisor's time for one customer, until it ends."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from booking import service
from booking.errors import HoldExpired, SlotTaken, SlotUnavailable
from booking.model import Hold, HoldInput
from booking.tables import claims, holds
from kernel.database import Database
from kernel.errors import Invalid, NotFound
from kernel.ids import Id, new_id
from kernel.tenancy import TenantSettings, create_tenant
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisor,
    add_advisors,
    add_meeting_type,
    book,
    clocks,
    connect_calendar,
    tuesday,
    wish,
)

TEN_MINUTES = timedelta(minutes=10)


async def hold(
    database: Database,
    tenant: Id,
    start: datetime,
    *,
    advisor: Id | None = None,
    now: datetime = NOW,
) -> Hold:
    data = HoldInput(meeting_type="hypotheek", start=start, channel="video", advisor=advisor)
    async with database.transaction(tenant) as db:
        return await service.hold(db, tenant, data, now=now)


@pytest.fixture
async def office(database: Database, tenant: Id) -> Id:
    """One advisor, nine to noon on weekdays, an hour each."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, [await add_advisor(db, tenant)])
    return tenant


async def test_a_hold_takes_one_of_several_advisors(database: Database, tenant: Id) -> None:
    """Two advisors can be held twice, by people who do not know of each other."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"])
        await add_meeting_type(db, tenant, pool)

    first = await hold(database, tenant, tuesday("10:00"))
    second = await hold(database, tenant, tuesday("10:00"))

    assert {first.advisor_id, second.advisor_id} == {advisor.id for advisor in pool}
    assert first.end == tuesday("11:00")
    assert first.expires_at == NOW + TEN_MINUTES
    with pytest.raises(SlotTaken) as refused:
        await hold(database, tenant, tuesday("10:00"))
    assert clocks(refused.value.alternatives) == [
        "30 10:00",
        "30 11:00",
        "01 09:00",
        "01 11:00",
        "02 09:00",
    ]


async def test_the_holder_books_and_others_do_not(database: Database, office: Id) -> None:
    """The hold becomes the booking; it can be used once."""
    held = await hold(database, office, tuesday("10:00"))

    async with database.transaction(office) as db:
        with pytest.raises(SlotTaken):
            await book(db, office, tuesday("10:00"))
    async with database.transaction(office) as db:
        booking = await book(db, office, tuesday("10:00"), hold=held.id)

    assert (booking.start, booking.advisor_id) == (held.start, held.advisor_id)
    async with database.transaction(office) as db:
        with pytest.raises(HoldExpired):
            await book(db, office, tuesday("10:00"), hold=held.id)
        assert await db.scalar(select(func.count()).select_from(holds)) == 0
        rows = (await db.execute(select(claims.c.booking_id, claims.c.live))).all()
    assert [tuple(row) for row in rows] == [(booking.id, True)]


async def test_a_released_hold_is_gone(database: Database, office: Id) -> None:
    """Its time is free at once; releasing it again finds nothing."""
    held = await hold(database, office, tuesday("10:00"))

    async with database.transaction(office) as db:
        await service.release(db, office, held.id, now=NOW)
        with pytest.raises(NotFound):
            await service.release(db, office, held.id, now=NOW)
        with pytest.raises(NotFound):
            await service.release(db, office, "no-id", now=NOW)
        with pytest.raises(HoldExpired):
            await book(db, office, tuesday("10:00"), hold=held.id)

    assert (await hold(database, office, tuesday("10:00"))).start == held.start


async def test_an_expired_hold_gives_way_to_others(database: Database, office: Id) -> None:
    """At the stated minute the time is anybody's; the holder who is late is told so."""
    held = await hold(database, office, tuesday("10:00"))

    async with database.transaction(office) as db:
        await book(db, office, tuesday("10:00"), now=held.expires_at)
    async with database.transaction(office) as db:
        with pytest.raises(HoldExpired):
            await book(db, office, tuesday("10:00"), hold=held.id, now=held.expires_at)


async def test_the_holder_may_be_a_little_late_if_nobody_came(
    database: Database, office: Id
) -> None:
    """Ten minutes after the end of the hold it is over for good."""
    held = await hold(database, office, tuesday("10:00"))
    other = await hold(database, office, tuesday("11:00"))
    late = held.expires_at + TEN_MINUTES

    async with database.transaction(office) as db:
        booking = await book(db, office, held.start, hold=held.id, now=late - timedelta(seconds=1))
        with pytest.raises(HoldExpired):
            await book(db, office, other.start, hold=other.id, now=late)

    assert booking.start == held.start


async def test_notice_that_was_kept_at_the_hold_is_kept(database: Database, tenant: Id) -> None:
    """Filling in the form may take the customer past the notice, not past the meeting."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, [await add_advisor(db, tenant)], notice=60)
    ten = NOW + timedelta(hours=1)
    held = await hold(database, tenant, ten)
    later = NOW + timedelta(minutes=5)

    async with database.transaction(tenant) as db:
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, ten + timedelta(hours=1), now=ten + timedelta(minutes=5))
        assert refused.value.reason == "notice"
        booking = await book(db, tenant, ten, hold=held.id, now=later)

    assert booking.start == ten


async def test_a_refused_booking_leaves_the_hold_as_it_was(database: Database, office: Id) -> None:
    """Whoever catches the refusal inside the transaction can still book."""
    held = await hold(database, office, tuesday("10:00"))

    async with database.transaction(office) as db:
        for changed in (
            wish(tuesday("09:00"), hold=held.id),
            wish(tuesday("10:00"), hold=held.id, channel="phone"),
            wish(tuesday("10:00"), hold=held.id, advisor=new_id("adv", NOW)),
        ):
            with pytest.raises((Invalid, NotFound)):
                await service.book(db, office, changed, customer=CUSTOMER, now=NOW)
        booking = await book(db, office, tuesday("10:00"), hold=held.id)

    assert booking.start == tuesday("10:00")


async def test_what_the_advisor_plans_meanwhile_stands_above_a_hold(
    database: Database, office: Id
) -> None:
    """A dentist's appointment that appears during the hold is not booked over."""
    held = await hold(database, office, tuesday("10:00"))

    async with database.transaction(office) as db:
        advisor = await service.get_advisor(db, office, held.advisor_id)
        await connect_calendar(db, office, advisor, busy=[(tuesday("10:30"), tuesday("10:45"))])
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, office, tuesday("10:00"), hold=held.id)

    assert refused.value.reason == "busy"
    assert clocks(refused.value.alternatives) == [
        "30 10:00",
        "30 11:00",
        "01 09:00",
        "01 11:00",
        "02 09:00",
    ]


async def test_old_holds_are_swept_away_by_new_ones(database: Database, office: Id) -> None:
    """Nothing of a hold outlives its grace and the next hold."""
    await hold(database, office, tuesday("09:00"))
    late = NOW + TEN_MINUTES + TEN_MINUTES + timedelta(seconds=1)

    newest = await hold(database, office, tuesday("11:00"), now=late)

    async with database.reading(office) as db:
        assert (await db.scalars(select(holds.c.id))).all() == [newest.id]
        assert (await db.scalars(select(claims.c.hold_id))).all() == [newest.id]


async def test_how_long_a_hold_lasts_is_the_organisations_choice(database: Database) -> None:
    """Three minutes where they say three minutes."""
    async with database.transaction() as db:
        tenant = await create_tenant(
            db, slug="kort", name="Kort", settings=TenantSettings(hold_minutes=3), now=NOW
        )
    async with database.transaction(tenant.id) as db:
        await add_meeting_type(db, tenant.id, [await add_advisor(db, tenant.id)])

    held = await hold(database, tenant.id, tuesday("09:00"))

    assert held.expires_at == NOW + timedelta(minutes=3)
