"""Publishing rates, and deciding who is told what."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import func, select

from kernel.clock import FixedClock
from kernel.database import Database
from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingRequested,
    BookingRescheduled,
    CalendarTrouble,
    ConsentWithdrawn,
    RatePublished,
)
from kernel.ids import Id, new_id
from kernel.outbox import record
from kernel.tables import events, work
from kernel.tenancy import TenantSettings, create_tenant
from notifications import service
from notifications.errors import RateInvalid
from notifications.model import Notice, Rate, RateFacts, RateInput
from notifications.ports import Exposure
from tests.notifications.fakes import ANNA, KIM, NOW, SANNE, Office, make_appointment

ACCOUNT = new_id("acc", NOW)


def entry(rate: str, valid_from: str = "2026-12-01", **changes: object) -> RateInput:
    base = RateInput(
        product="mortgage-annuity",
        fixed_years=10,
        rate=Decimal(rate),
        valid_from=date.fromisoformat(valid_from),
    )
    return msgspec.structs.replace(base, **changes)


async def publish(office: Office, data: RateInput) -> Rate:
    async with office.database.transaction(office.tenant) as db:
        return await service.publish_rate(db, office.tenant, data, now=office.clock.now())


async def notices(office: Office, **about: Id) -> list[Notice]:
    async with office.database.reading(office.tenant) as db:
        return await service.notices_of(db, office.tenant, **about)


async def published_events(office: Office) -> int:
    async with office.database.reading(office.tenant) as db:
        count = await db.scalar(
            select(func.count()).select_from(events).where(events.c.kind == "rate.published")
        )
    return count or 0


def borrow(office: Office, customer: Id, principal: int, *, consent: bool = True) -> None:
    """Give a customer an annuity of thirty years."""
    office.town.mortgages.append(
        Exposure(
            customer=customer,
            booking=None,
            principal=Decimal(principal),
            months=360,
            repayment="annuity",
        )
    )
    if consent:
        office.town.consents[customer, "rate-notices"] = f"con_{customer}"


# --- the rate card -------------------------------------------------------------------------------


async def test_a_first_rate_stands_and_tells_nobody(office: Office) -> None:
    """There is nothing it differs from."""
    borrow(office, ANNA, 310_000)

    rate = await publish(office, entry("3.60"))
    await office.worker.run_due()

    assert rate.previous is None
    assert rate.notified == 0
    assert await published_events(office) == 0
    assert await notices(office) == []


async def test_a_changed_rate_names_the_one_before_and_is_an_event(office: Office) -> None:
    """Also when all are of one day and one instant."""
    await publish(office, entry("3.60"))
    await publish(office, entry("3.70"))
    rate = await publish(office, entry("3.85"))

    assert rate.previous == Decimal("3.70")
    assert rate.notified is None
    assert await published_events(office) == 2


async def test_lines_of_the_card_do_not_mix(office: Office) -> None:
    """Twenty years fixed says nothing about ten, nor linear about annuity."""
    await publish(office, entry("3.60"))
    other_period = await publish(office, entry("4.10", fixed_years=20))
    other_product = await publish(office, entry("4.20", product="mortgage-linear"))

    assert other_period.previous is None
    assert other_product.previous is None
    assert await published_events(office) == 0


async def test_an_unchanged_rate_stands_and_is_no_event(office: Office) -> None:
    """The card shows that it was confirmed; nobody hears of it."""
    await publish(office, entry("3.60"))

    again = await publish(office, entry("3.60", "2026-12-15"))

    assert again.previous == Decimal("3.60")
    assert again.notified == 0
    assert await published_events(office) == 0


async def test_a_rate_that_cannot_be_is_refused_and_leaves_nothing(office: Office) -> None:
    """Nothing is written."""
    with pytest.raises(RateInvalid):
        await publish(office, entry("385"))

    async with office.database.reading(office.tenant) as db:
        assert await service.list_rates(db, office.tenant) == []


# --- who is told ---------------------------------------------------------------------------------


async def test_a_changed_rate_reaches_whom_it_concerns_with_their_own_figures(
    office: Office,
) -> None:
    """310,000 euros over 30 years: 1,409.40 a month at 3.60 %, 1,453.31 at 3.85 %."""
    borrow(office, ANNA, 310_000)
    await publish(office, entry("3.60"))

    rate = await publish(office, entry("3.85"))
    await office.hear_only()

    (notice,) = await notices(office, customer=ANNA)
    assert notice.kind == "rate-changed"
    assert notice.purpose == "rate-notices"
    assert notice.consent == f"con_{ANNA}"
    assert notice.rate == rate.id
    assert notice.state == "scheduled"
    assert notice.figures == RateFacts(
        product="mortgage-annuity",
        fixed_years=10,
        valid_from=date(2026, 12, 1),
        old_rate=Decimal("3.60"),
        new_rate=Decimal("3.85"),
        principal=Decimal(310_000),
        months=360,
        repayment="annuity",
        old_monthly=Decimal("1409.40"),
        new_monthly=Decimal("1453.31"),
        difference=Decimal("43.91"),
        as_of=NOW,
    )


async def test_without_consent_or_below_the_threshold_nobody_is_told(office: Office) -> None:
    """20,000 euros make 2.83 a month, less than the usual five; Kim never agreed to anything."""
    borrow(office, ANNA, 20_000)
    borrow(office, KIM, 310_000, consent=False)
    await publish(office, entry("3.60"))
    await publish(office, entry("3.85"))
    await office.hear_only()

    assert await notices(office) == []

    office.town.settings = TenantSettings(rate_notice_threshold=2)
    await publish(office, entry("3.60"))
    await office.hear_only()
    assert [notice.recipient for notice in await notices(office)] == [ANNA]


async def test_the_preview_counts_whom_publishing_tells_and_changes_nothing(
    office: Office,
) -> None:
    """The same number, and neither a rate nor a notice nor an event."""
    borrow(office, ANNA, 310_000)
    borrow(office, KIM, 20_000)
    await publish(office, entry("3.60"))

    async with office.database.reading(office.tenant) as db:
        changed = await service.preview_rate(db, office.tenant, office.town, entry("3.85"), now=NOW)
        unchanged = await service.preview_rate(
            db, office.tenant, office.town, entry("3.60"), now=NOW
        )
        assert len(await service.list_rates(db, office.tenant)) == 1

    assert (changed, unchanged) == (1, 0)
    assert await published_events(office) == 0
    rate = await publish(office, entry("3.85"))
    await office.hear_only()
    assert await notified(office, rate) == changed


async def notified(office: Office, rate: Rate) -> int | None:
    async with office.database.reading(office.tenant) as db:
        found = {one.id: one.notified for one in await service.list_rates(db, office.tenant)}
    return found[rate.id]


async def test_how_many_were_told_is_known_once_it_has_been_worked_out(office: Office) -> None:
    """Null before the run, a number after it."""
    borrow(office, ANNA, 310_000)
    await publish(office, entry("3.60"))
    rate = await publish(office, entry("3.85"))
    assert await notified(office, rate) is None

    await office.worker.run_due()

    assert await notified(office, rate) == 1


async def test_one_rate_is_told_to_one_customer_once_ever(office: Office) -> None:
    """The same event worked on again changes nothing."""
    borrow(office, ANNA, 310_000)
    await publish(office, entry("3.60"))
    rate = await publish(office, entry("3.85"))
    await office.hear_only()

    await office.record(RatePublished(rate=rate.id))
    await office.hear_only()

    assert len(await notices(office, customer=ANNA)) == 1


async def test_an_event_that_comes_twice_makes_one_notice(office: Office) -> None:
    """A repeated confirmation, for one."""
    meeting = make_appointment()
    office.town.appointments[meeting.booking] = meeting

    for _ in range(2):
        await office.record(BookingConfirmed(booking=meeting.booking))
        await office.hear_only()

    (notice,) = await notices(office, booking=meeting.booking)
    assert (notice.kind, notice.sequence, notice.recipient) == ("booking-confirmed", 0, ANNA)
    async with office.database.reading(office.tenant) as db:
        heard = select(work.c.state).where(work.c.queue == "notify.booking")
        assert set(await db.scalars(heard)) == {"done"}


async def test_a_request_is_told_to_both_sides(office: Office) -> None:
    """The customer knows it arrived, the advisor that they must answer."""
    meeting = msgspec.structs.replace(make_appointment(), state="requested")
    office.town.appointments[meeting.booking] = meeting

    await office.record(BookingRequested(booking=meeting.booking))
    await office.hear_only()

    told = {notice.recipient: notice.kind for notice in await notices(office)}
    assert told == {ANNA: "booking-requested", SANNE: "booking-requested"}


async def test_a_request_that_moves_is_still_a_request(office: Office) -> None:
    """Nothing is promised before the advisor has answered."""
    meeting = msgspec.structs.replace(make_appointment(), state="requested")
    office.town.appointments[meeting.booking] = meeting
    before = office.town.move(meeting.booking, meeting.start + timedelta(days=1))

    await office.record(
        BookingRescheduled(
            booking=meeting.booking, sequence=1, previous_start=before, by="customer"
        )
    )
    await office.hear_only()

    assert {(n.kind, n.sequence) for n in await notices(office)} == {("booking-requested", 1)}


async def test_a_cancellation_remembers_who_cancelled(office: Office) -> None:
    """The letter reads differently when it was us."""
    meeting = make_appointment()
    office.town.appointments[meeting.booking] = meeting
    office.town.set_state(meeting.booking, "cancelled", sequence=1)

    await office.record(BookingCancelled(booking=meeting.booking, sequence=1, by="calendar"))
    await office.hear_only()

    (notice,) = await notices(office, customer=ANNA)
    assert notice.kind == "booking-cancelled"
    assert msgspec.to_builtins(notice.facts)["by"] == "calendar"


async def test_the_same_trouble_is_told_once_a_day(office: Office) -> None:
    """Again tomorrow, if it still stands; another matter at once."""
    trouble = CalendarTrouble(advisor=SANNE, account=ACCOUNT, code="calendar-refused")
    for event in (trouble, trouble, msgspec.structs.replace(trouble, code="collection-missing")):
        await office.record(event)
        await office.hear_only()
    assert len(await notices(office, customer=SANNE)) == 2

    office.clock.advance(timedelta(days=1))
    await office.record(trouble)
    await office.hear_only()

    assert len(await notices(office, customer=SANNE)) == 3


async def test_stop_cancels_what_has_not_left_for_that_purpose_and_that_customer(
    office: Office,
) -> None:
    """Kim's letter, and Anna's confirmation, are none of it."""
    borrow(office, ANNA, 310_000)
    borrow(office, KIM, 310_000)
    meeting = make_appointment()
    office.town.appointments[meeting.booking] = meeting
    await office.record(BookingConfirmed(booking=meeting.booking))
    await publish(office, entry("3.60"))
    rate = await publish(office, entry("3.85"))
    await office.hear_only()

    await office.record(ConsentWithdrawn(customer=ANNA, purpose="rate-notices"))
    await office.hear_only()

    states = {(n.recipient, n.kind): (n.state, n.error) for n in await notices(office)}
    assert states == {
        (ANNA, "rate-changed"): ("cancelled", "consent-withdrawn"),
        (KIM, "rate-changed"): ("scheduled", None),
        (ANNA, "booking-confirmed"): ("scheduled", None),
    }
    assert await notified(office, rate) == 1


async def test_deliveries_come_newest_first_in_pages(office: Office) -> None:
    """The last id of one page begins the next."""
    for _ in range(3):
        async with office.database.transaction(office.tenant) as db:
            await service.request_sign_in_mail(
                db,
                office.tenant,
                sign_in=new_id("sgn", office.clock.now()),
                advisor=SANNE,
                now=office.clock.now(),
            )
        office.clock.advance(timedelta(seconds=1))

    async with office.database.reading(office.tenant) as db:
        first = await service.deliveries(db, office.tenant, limit=2)
        rest = await service.deliveries(db, office.tenant, limit=2, before=first[-1].id)
        failed = await service.deliveries(db, office.tenant, state="failed")

    found = [delivery.created_at for delivery in (*first, *rest)]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 3
    assert failed == []


async def test_one_organisation_sees_nothing_of_another(
    office: Office, database: Database, clock: FixedClock
) -> None:
    """Neither its rates nor what it told whom."""
    async with database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=clock.now()
        )
    meeting = make_appointment()
    office.town.appointments[meeting.booking] = meeting
    await office.record(BookingConfirmed(booking=meeting.booking))
    await office.hear_only()
    await publish(office, entry("3.60"))

    async with database.transaction(other.id) as db:
        assert await service.notices_of(db, other.id, customer=ANNA) == []
        assert await service.deliveries(db, other.id) == []
        assert await service.list_rates(db, other.id) == []
        first = await service.publish_rate(db, other.id, entry("3.85"), now=clock.now())
    assert first.previous is None


async def test_what_is_recorded_holds_ids_and_no_people(office: Office) -> None:
    """An event about a rate names the rate alone."""
    async with office.database.transaction(office.tenant) as db:
        await record(db, office.tenant, RatePublished(rate=new_id("rte", NOW)), now=NOW)
        (payload,) = (await db.execute(select(events.c.payload))).scalars()

    assert set(payload) == {"type", "rate"}
