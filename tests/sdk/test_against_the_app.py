"""The client and the real application, in one process: what one says the other understands."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from litestar import Litestar
from spreekuur import (
    AsyncSpreekuur,
    Conflict,
    CustomerInput,
    Forbidden,
    Gone,
    InvalidRequest,
    NotFound,
    Participant,
    PersonName,
    SlotTaken,
    SlotUnavailable,
    Spreekuur,
    Unauthenticated,
    Unprocessable,
)
from spreekuur.models import (
    Advisor,
    Booking,
    Override,
    Repeat,
    Schedule,
    TimeRange,
    WeeklyRange,
)
from spreekuur.words import Day

import booking.conflicts
import booking.service
from api import access
from api.bootstrap import open_house
from api.settings import Settings
from api.wiring import House
from booking.model import Alternative
from kernel.clock import FixedClock
from kernel.crypto import Secret
from kernel.ids import Id
from notifications.channels.mailbox import Mailbox
from tests.services.application import served
from tests.services.radicale import Radicale

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TUESDAY = date(2026, 12, 1)
NINE = datetime(2026, 12, 1, 9, tzinfo=AMSTERDAM)
HOUR = timedelta(hours=1)
WORKING_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
ANNA = CustomerInput(
    name=PersonName(given="Anna", prefix="de", surname="Vries", honorific="mrs"),
    email="anna@example.org",
    language="nl",
)
BRAM = CustomerInput(
    name=PersonName(given="Bram", surname="Bakker"), email="bram@example.org", language="en"
)
LOAN = {
    "goal": "remortgage",
    "income.kind": "permanent",
    "income.gross_year": "62000.00",
    "partner": False,
    "property.value": "410000.00",
    "loan.remaining": "240000.00",
    "loan.rate": "3.60",
    "loan.months_left": 300,
    "loan.repayment": "annuity",
    "wish.fixed_years": "10",
}
SOURCE = Path(__file__).parents[2] / "sdk" / "python" / "src" / "spreekuur" / "_async"


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
def letters(tmp_path: Path) -> Mailbox:
    """Where every mail ends up."""
    return Mailbox(tmp_path / "mail")


@pytest.fixture
async def house(
    database_url: str, clock: FixedClock, letters: Mailbox, radicale: Radicale
) -> AsyncIterator[House]:
    """A whole installation, with a mailbox instead of a mail server."""
    settings = Settings(
        secret_key=Secret("a secret key of the tests, long enough"),
        database_url=database_url,
        outgoing_allow=(f"127.0.0.1:{radicale.port}",),
        public_url="https://appointments.bank.example",
    )
    async with open_house(settings, clock=clock, channels={"email": letters}) as house:
        yield house


@pytest.fixture
def app(house: House) -> Iterator[Litestar]:
    """The application of that installation."""
    with served(house) as app:
        yield app


@pytest.fixture
async def secret_key(house: House, tenant: Id) -> str:
    """A secret key of the organisation."""
    async with house.database.transaction(tenant) as db:
        _, text = await access.create_key(
            db, tenant, kind="secret", name="tests", origins=[], now=house.clock.now()
        )
    return text


@pytest.fixture
async def client(app: Litestar, secret_key: str) -> AsyncIterator[AsyncSpreekuur]:
    """The client, in the same process; nothing is retried, so that trouble shows."""
    async with AsyncSpreekuur.in_process(app, secret_key, max_retries=0) as client:
        yield client


async def set_up(client: AsyncSpreekuur) -> Advisor:
    """Open a branch with one advisor, who talks about mortgages."""
    await client.locations.create(slug="utrecht", name="Utrecht", address="Neude 1, Utrecht")
    advisor = await client.advisors.create(
        name="Sanne Visser",
        email="sanne@bank.example",
        timezone="Europe/Amsterdam",
        languages=["nl", "en"],
        locations=["utrecht"],
    )
    await client.advisors.set_schedule(
        advisor.id,
        Schedule(
            timezone="Europe/Amsterdam",
            weekly=[WeeklyRange(day=day, start="09:00", end="17:00") for day in WORKING_DAYS],
            overrides=[
                Override(date=date(2026, 12, 24), ranges=[TimeRange(start="09:00", end="12:00")])
            ],
        ),
    )
    kit = resources.files("context.kits").joinpath("mortgage.json").read_text()
    await client.forms.publish("hypotheek", json.loads(kit))
    await client.meeting_types.apply(
        slug="hypotheek",
        name={"nl": "Hypotheekgesprek", "en": "Mortgage talk"},
        channels=["video", "branch"],
        advisors=[advisor.id],
        locations=["utrecht"],
        buffer_after=15,
        form="hypotheek",
    )
    return advisor


async def book(
    client: AsyncSpreekuur, start: datetime, customer: CustomerInput = ANNA, **more: Any
) -> Booking:
    """Book an hour by video."""
    return await client.bookings.create(
        meeting_type="hypotheek",
        start=start,
        timezone="Europe/Amsterdam",
        channel="video",
        customer=customer,
        **more,
    )


def token_of(booking: Booking) -> str:
    """Return the token of a booking's manage link."""
    return (booking.manage_url or "").rpartition("/")[2]


async def test_what_is_set_up_is_read_back(client: AsyncSpreekuur) -> None:
    """Organisation, branch, advisor, hours, form and meeting type come back as they went."""
    advisor = await set_up(client)

    assert (await client.tenant.update(name="Demobank NV")).name == "Demobank NV"
    assert (await client.tenant.get()).settings["timezone"] == "Europe/Amsterdam"
    assert [one.slug async for one in client.locations.iter()] == ["utrecht"]
    assert [one async for one in client.advisors.iter()] == [advisor]
    assert await client.advisors.get(advisor.id) == advisor
    schedule = await client.advisors.schedule(advisor.id)
    assert schedule.weekly[0] == WeeklyRange(day="mon", start="09:00", end="17:00")
    assert schedule.overrides[0].date == date(2026, 12, 24)
    assert [(form.slug, form.version) async for form in client.forms.iter()] == [("hypotheek", 1)]
    shown = await client.meeting_types.get("hypotheek", lang="en")
    assert (shown.name, shown.durations, shown.prepares) == ("Mortgage talk", [60], True)
    assert shown.locations[0].address == "Neude 1, Utrecht"
    assert [one.slug async for one in client.meeting_types.iter()] == ["hypotheek"]


async def test_a_customer_books_prepares_moves_and_cancels(client: AsyncSpreekuur) -> None:
    """The customer's side, from the free slots to the end."""
    await set_up(client)
    slots = await client.slots.list(
        "hypotheek",
        start=TUESDAY,
        end=TUESDAY + timedelta(days=1),
        timezone="Europe/Amsterdam",
        explain=True,
    )
    assert [slots.days[TUESDAY][0], slots.days[TUESDAY][-1]] == [NINE, NINE + 7 * HOUR]
    assert slots.reasons is not None

    hold = await client.holds.create(meeting_type="hypotheek", start=NINE, channel="video")
    booking = await book(
        client,
        NINE,
        hold=hold.id,
        participants=[
            Participant(
                name=BRAM.name,
                email=BRAM.email,
                language="en",
                consents={"rate-notices": True},
            )
        ],
        answers={"goal": "remortgage"},
        consents={"rate-notices": True},
    )
    assert (booking.state, booking.start, booking.end) == ("confirmed", NINE, NINE + HOUR)
    assert booking.start.utcoffset() == HOUR
    assert await client.bookings.get(booking.id) == booking
    (bram,) = booking.participants
    assert (await client.customers.get(bram)).language == "en"
    assert (await client.customers.consents(bram))["rate-notices"].given

    link = client.manage(token_of(booking))
    managed = await link.get()
    assert managed.can_change
    assert managed.meeting_name == "Hypotheekgesprek"
    assert managed.greeting == "Geachte mevrouw De Vries"
    assert (await link.consents())["rate-notices"].given
    assert not (await link.set_consents({"rate-notices": False}))["rate-notices"].given
    assert (await link.intake()).answers == {"goal": "remortgage"}
    intake = await link.save_intake(LOAN, submit=True)
    assert intake.missing == []
    assert intake.submitted_at is not None

    free = await link.slots(start=TUESDAY, end=TUESDAY + timedelta(days=1), timezone="UTC")
    assert NINE + 2 * HOUR in list(free)
    moved = await link.reschedule(NINE + 2 * HOUR)
    assert (moved.start, moved.sequence) == (NINE + 2 * HOUR, 1)
    with pytest.raises(Gone):
        await client.manage(token_of(booking)).get()
    assert (await link.cancel(reason="Toch niet")).state == "cancelled"
    with pytest.raises(Conflict):
        await link.cancel()


async def test_conflicts_come_as_errors_with_what_helps(
    client: AsyncSpreekuur, clock: FixedClock
) -> None:
    """Taken, impossible, given back, repeated: each is the error its reader looks for."""
    await set_up(client)
    first = await book(client, NINE, idempotency_key="first")

    with pytest.raises(SlotTaken) as taken:
        await book(client, NINE, BRAM)
    assert NINE + timedelta(minutes=75) in taken.value.alternatives
    with pytest.raises(SlotUnavailable) as impossible:
        await book(client, NINE + timedelta(minutes=5), BRAM)
    assert impossible.value.reason == "off-grid"
    assert await book(client, NINE, idempotency_key="first") == first
    with pytest.raises(Unprocessable) as mismatch:
        await book(client, NINE + 2 * HOUR, idempotency_key="first")
    assert mismatch.value.code == "idempotency-mismatch"

    hold = await client.holds.create(
        meeting_type="hypotheek", start=NINE + 4 * HOUR, channel="branch", location="utrecht"
    )
    await client.holds.release(hold.id)
    with pytest.raises(NotFound):
        await client.holds.release(hold.id)
    with pytest.raises(InvalidRequest) as wrong:
        await client.manage(token_of(first)).save_intake({"goal": "fly"})
    assert wrong.value.errors[0].pointer == "/answers/goal"
    assert wrong.value.request_id is not None
    assert wrong.value.request_id.startswith("req_")
    clock.advance(timedelta(days=7))
    with pytest.raises(Conflict):
        await client.bookings.cancel(first.id)


async def test_the_organisation_sees_moves_and_cancels(client: AsyncSpreekuur) -> None:
    """Bookings come in pages and by filter; the organisation can change them too."""
    advisor = await set_up(client)
    starts = [NINE + number * 2 * HOUR for number in range(3)]
    who = (ANNA, BRAM, ANNA)
    booked = [await book(client, start, one) for start, one in zip(starts, who, strict=True)]

    page = await client.bookings.list(limit=2)
    assert len(page.items) == 2
    assert page.next_cursor is not None
    rest = await client.bookings.list(cursor=page.next_cursor)
    # The clock stands still, so their ids have no order among themselves.
    assert {one.id for one in [*page.items, *rest.items]} == {one.id for one in booked}
    assert len(rest.items) == 1
    found = client.bookings.iter(
        since=starts[1], until=NINE + 9 * HOUR, customer=booked[0].customer, advisor=advisor.id
    )
    assert [one.id async for one in found] == [booked[2].id]

    moved = await client.bookings.reschedule(booked[0].id, NINE + 6 * HOUR)
    assert (moved.start, moved.sequence) == (NINE + 6 * HOUR, 1)
    assert (await client.bookings.cancel(booked[1].id, reason="Ziek")).state == "cancelled"
    cancelled = [one.id async for one in client.bookings.iter(state="cancelled")]
    assert cancelled == [booked[1].id]


async def test_every_step_of_a_booking_can_be_taken(
    client: AsyncSpreekuur, clock: FixedClock
) -> None:
    """Confirmed, reassigned, mended, declined, held; with its history and the reason why."""
    sanne = await set_up(client)
    tom = await client.advisors.create(
        name="Tom Smit", email="tom@bank.example", timezone="Europe/Amsterdam"
    )
    await client.advisors.set_schedule(tom.id, await client.advisors.schedule(sanne.id))
    await client.meeting_types.apply(
        slug="keuring",
        name={"nl": "Keuring"},
        channels=["video"],
        advisors=[sanne.id, tom.id],
        approval=True,
    )
    wish: dict[str, Any] = {"timezone": "UTC", "channel": "video", "customer": ANNA}
    asked = await client.bookings.create(
        meeting_type="keuring", start=NINE, advisor=sanne.id, language="nl", **wish
    )
    made = clock.now()
    clock.advance(timedelta(minutes=1))
    assert (asked.state, asked.booked_by) == ("requested", "operator")
    assert (await client.bookings.confirm(asked.id)).state == "confirmed"
    assert (await client.bookings.reassign(asked.id, advisor=tom.id)).advisor.id == tom.id
    mended = await client.bookings.repair(asked.id, NINE + 2 * HOUR, sanne.id)
    assert (mended.start, mended.advisor.id) == (NINE + 2 * HOUR, sanne.id)
    other = await client.bookings.create(meeting_type="keuring", start=NINE + 4 * HOUR, **wish)
    assert (await client.bookings.decline(other.id, reason="Vol")).cancelled_by == "operator"

    steps = [step.action async for step in client.bookings.iter_history(asked.id)]
    assert steps[:2] == ["booking.requested", "booking.confirmed"]
    page = await client.bookings.history(asked.id, limit=1)
    assert (page.items[0].revision, page.next_cursor) == (0, "0")
    stood = await client.bookings.get(asked.id, as_of=made)
    assert (stood.state, stood.start, stood.manage_url) == ("requested", NINE, None)
    why = await client.bookings.assignment(asked.id, lang="en")
    assert why.replayed
    assert why.sentences == ["Sanne Visser: the customer asked for this advisor."]
    # Whoever is asked anew gives their word anew.
    assert mended.state == "requested"
    await client.bookings.confirm(asked.id)
    clock.instant = NINE + 2 * HOUR
    assert (await client.bookings.outcome(asked.id, "no-show")).state == "no-show"


async def test_a_series_is_booked_and_called_off(client: AsyncSpreekuur) -> None:
    """All of them or none; what cannot be had is named, and an end is told from when."""
    await set_up(client)
    wish: dict[str, Any] = {
        "meeting_type": "hypotheek",
        "timezone": "Europe/Amsterdam",
        "channel": "video",
        "customer": ANNA,
        "repeat": Repeat(every="week", count=3),
    }
    made = await client.series.create(start=NINE, **wish)

    assert [one.start for one in made.items] == [NINE + timedelta(days=7 * n) for n in range(3)]
    assert await client.series.get(made.id) == made
    listed = [one.id async for one in client.bookings.iter(series=made.id)]
    assert sorted(listed) == sorted(one.id for one in made.items)
    with pytest.raises(SlotTaken) as taken:
        await client.series.create(start=NINE, **wish)
    assert taken.value.occurrence == 1
    assert taken.value.alternatives
    ended = await client.series.cancel(made.id, since=made.items[1].start, reason="Verhuisd")
    assert [one.id for one in ended.items] == [one.id for one in made.items[1:]]


async def test_a_conflict_is_seen_and_settled(
    client: AsyncSpreekuur, house: House, tenant: Id
) -> None:
    """Staff let one meeting go on; the customer of another takes a time that was offered."""
    await set_up(client)
    first, second = await book(client, NINE), await book(client, NINE + 2 * HOUR)
    for one in (first, second):
        await clash(house, tenant, one, NINE + 5 * HOUR)

    found = {one.booking: one async for one in client.conflicts.iter(advisor=first.advisor.id)}
    assert found.keys() == {first.id, second.id}
    assert found[first.id].alternatives[0].start == NINE + 5 * HOUR
    assert (await client.conflicts.dismiss(found[first.id].id)).state == "kept"
    link = client.manage(token_of(second))
    offered = (await link.get()).conflict
    assert offered is not None
    choice = offered.alternatives[0]
    mended = await link.repair(choice.start, choice.advisor.id)
    assert (mended.start, mended.conflict) == (NINE + 5 * HOUR, None)
    assert (await link.get()).start == mended.start
    assert (await client.conflicts.list()).items == []


async def clash(house: House, tenant: Id, meeting: Booking, free: datetime) -> None:
    """Let the time of a meeting be taken, and one other be offered."""
    now = house.clock.now()
    async with house.database.transaction(tenant) as db:
        known = await booking.service.get_booking(db, tenant, meeting.id)
        await booking.conflicts.note(db, tenant, known, now=now)
        conflict = await booking.service.conflict_of(db, tenant, meeting.id)
        assert conflict is not None
        offered = [Alternative(start=free, advisor_id=known.advisor_id)]
        await booking.conflicts.offer(db, tenant, conflict, offered, now=now)


async def test_a_server_asks_for_somebody_and_sets_rules_aside(client: AsyncSpreekuur) -> None:
    """Lists in a question are given one by one; the answer explains itself to staff."""
    await set_up(client)
    made = await book(client, NINE)
    found = await client.slots.list(
        "hypotheek",
        start=TUESDAY,
        end=TUESDAY + timedelta(days=1),
        timezone="Europe/Amsterdam",
        channel="video",
        language="nl",
        customer=made.customer,
        waive=["notice", "limits"],
        explain=True,
        lang="en",
    )

    assert found.reasons is not None
    assert found.reasons["booked"] > 0
    assert found.refused is not None
    assert found.refused[0].start == NINE
    assert found.notes is not None
    assert found.notes.keys() == found.reasons.keys()
    assert (found.help, found.explanation) == ([], [])
    empty = await client.slots.list(
        "hypotheek",
        start=date(2026, 12, 5),
        end=date(2026, 12, 6),
        timezone="Europe/Amsterdam",
        explain=True,
        lang="en",
    )
    assert empty.explanation is not None
    assert empty.explanation[0] == "There is no free time in this period."
    assert empty.help is not None
    assert {one.change for one in empty.help} == {"later"}


async def test_both_sides_are_prepared_and_told(
    client: AsyncSpreekuur, house: House, letters: Mailbox
) -> None:
    """What Anna tells is in the brief with its source, and a new rate reaches her."""
    await set_up(client)
    booking = await book(client, NINE, consents={"rate-notices": True})
    await client.manage(token_of(booking)).save_intake(LOAN, submit=True)
    await client.rates.publish(
        product="mortgage-annuity", fixed_years=10, rate="3.60", valid_from=date(2026, 11, 1)
    )
    await run_all(house)

    customer = await client.customers.get(booking.customer)
    assert (customer.email, customer.name) == (ANNA.email, ANNA.name)
    facts = {fact.path: fact for fact in (await client.customers.facts(booking.customer)).items}
    assert (facts["loan.remaining"].value, facts["loan.remaining"].source) == (
        "240000.00",
        "customer",
    )
    assert (await client.customers.consents(booking.customer))["rate-notices"].given
    brief = await client.bookings.brief(booking.id)
    assert brief.header["name"] == "Anna de Vries"
    assert all(line.source for section in brief.sections for line in section.lines)

    new = {"product": "mortgage-annuity", "fixed_years": 10, "valid_from": TUESDAY}
    preview = await client.rates.publish(**new, rate="4.10", dry_run=True)  # type: ignore[arg-type]  # a mapping of several types
    assert (preview.id, preview.would_notify) == (None, 1)
    rate = await client.rates.publish(**new, rate="4.10")  # type: ignore[arg-type]  # the same
    assert str(rate.previous) == "3.60"
    await run_all(house)

    counts = {one.id: one.notified async for one in client.rates.iter()}
    assert counts[rate.id] == 1
    notices = [one async for one in client.notices.iter(customer=booking.customer)]
    told = next(one for one in notices if one.kind == "rate-changed")
    assert (told.state, told.facts["new_rate"]) == ("sent", "4.10")
    assert "sent" in {one.state async for one in client.deliveries.iter()}
    assert any("4,10%" in mail.text for mail in letters.messages())
    after = await client.customers.set_consents(booking.customer, {"rate-notices": False})
    assert not after["rate-notices"].given


async def test_the_brief_is_a_page_too(client: AsyncSpreekuur) -> None:
    """The same address gives HTML to whoever asks for HTML."""
    await set_up(client)
    booking = await book(client, NINE)

    assert "Anna de Vries" in await client.bookings.brief_page(booking.id)


async def test_an_advisors_calendar_is_connected_and_read(
    client: AsyncSpreekuur, radicale: Radicale
) -> None:
    """A real CalDAV account: connected, listed, read again, and its role changed."""
    advisor = await set_up(client)
    account = await client.calendars.connect(
        advisor=advisor.id,
        url=radicale.url,
        username="sanne",
        password=radicale.passwords["sanne"],
    )

    assert (account.advisor, account.state) == (advisor.id, "active")
    assert [one.id async for one in client.calendars.iter()] == [account.id]
    assert (await client.calendars.sync(account.id)).collections[0].last_ok_at is not None
    assert (await client.calendars.status(account.id)).collections[0].troubled == 0
    changed = await client.calendars.set_role(account.id, account.collections[0].id, "busy")
    assert changed.collections[0].role == "busy"
    named = await client.calendars.set_addresses(account.id, ["Sanne@elders.example"])
    assert named.addresses == ["sanne@elders.example"]
    hours = await client.calendars.availability(account.id)
    assert (hours.state, hours.weekly, hours.unavailable) == ("none", None, [])
    with pytest.raises(Unprocessable) as refused:
        await client.calendars.connect(
            advisor=advisor.id, url=radicale.url, username="sanne", password="wrong"
        )
    assert refused.value.code == "calendar-refused"


async def test_a_calendar_without_a_server_is_kept_tried_and_let_go(
    client: AsyncSpreekuur, app: Litestar, radicale: Radicale
) -> None:
    """A calendar of our own with entries and a feed; a log-in tried out; both let go of."""
    advisor = await set_up(client)
    own = await client.calendars.connect(advisor=advisor.id, kind="own")
    assert (own.kind, own.collections[0].role) == ("own", "target")

    entry = await client.calendars.add_entry(own.id, start=NINE, end=NINE + HOUR, title="Kapper")
    assert (await client.calendars.entries(own.id)).items == [entry]
    feed = await client.calendars.renew_feed(own.id)
    assert feed.url not in f"{feed}"
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),  # type: ignore[arg-type]  # both say ASGI in words of their own
        base_url="https://bank.example",
    ) as program:
        path = httpx2.URL(feed.url).path
        assert "DTSTART:20261201T080000Z" in (await program.get(path)).text
        await client.calendars.revoke_feed(own.id)
        assert (await program.get(path)).status_code == 404
    later = await client.calendars.change_entry(
        own.id, entry.id, start=NINE + HOUR, end=NINE + 2 * HOUR
    )
    assert (later.id, later.start, later.title) == (entry.id, NINE + HOUR, None)
    await client.calendars.remove_entry(own.id, entry.id)
    assert (await client.calendars.entries(own.id)).items == []

    password = radicale.passwords["sanne"]
    right = await client.calendars.test(url=radicale.url, username="sanne", password=password)
    wrong = await client.calendars.test(url=radicale.url, username="sanne", password="wrong")
    assert (right.ok, [one.name for one in right.calendars]) == (True, ["Werk"])
    assert (wrong.ok, wrong.problem) == (False, "refused")
    assert set(wrong.advice or {}) == {"nl", "en"}

    server = await client.calendars.connect(
        advisor=advisor.id, url=radicale.url, username="sanne", password=password
    )
    await client.calendars.disconnect(own.id)
    await client.calendars.disconnect(server.id, remove_entries=True)
    with pytest.raises(NotFound):
        await client.calendars.status(own.id)


async def test_keys_open_what_they_are_for(client: AsyncSpreekuur, app: Litestar) -> None:
    """A key is shown once; revoked, it opens nothing; a publishable one needs its website."""
    secret = await client.keys.create(kind="secret", name="crm")
    public = await client.keys.create(
        kind="publishable", name="website", origins=["https://bank.example"]
    )
    listed = {key.id: key async for key in client.keys.iter()}
    assert listed[secret.id].key is None
    assert listed[public.id].origins == ["https://bank.example"]

    async with AsyncSpreekuur.in_process(app, secret.key) as other:
        assert (await other.tenant.get()).name == "Demobank"
        await client.keys.revoke(secret.id)
        with pytest.raises(Unauthenticated):
            await other.tenant.get()
    async with AsyncSpreekuur.in_process(app, public.key) as browser:
        for refused in (browser.tenant.get, browser.meeting_types.list):
            with pytest.raises(Forbidden):
                await refused()


async def test_the_synchronous_client_is_understood_as_well(
    app: Litestar, client: AsyncSpreekuur, secret_key: str
) -> None:
    """The generated client books, and reads what the other one booked."""
    await set_up(client)
    booked = await book(client, NINE)
    bridge = Bridge(app, asyncio.get_running_loop())

    def story() -> list[str]:
        with Spreekuur(secret_key, base_url="http://localhost", transport=bridge) as other:
            with pytest.raises(SlotTaken):
                other.holds.create(meeting_type="hypotheek", start=NINE, channel="video")
            other.bookings.create(
                meeting_type="hypotheek",
                start=NINE + 2 * HOUR,
                timezone="Europe/Amsterdam",
                channel="video",
                customer=BRAM,
            )
            return [one.id for one in other.bookings.iter()]

    listed = await asyncio.to_thread(story)

    assert booked.id in listed
    assert len(listed) == 2


def test_every_operation_has_its_call(app: Litestar) -> None:
    """Each method and path of the API, below /v1, is one that the client asks for."""
    source = "".join(path.read_text() for path in SOURCE.glob("*.py"))
    asked = set(re.findall(r'"(/v1/[^"]*)"', source))
    offered = {
        re.sub(r"\{[^}]*\}", "{}", path)
        for path in app.openapi_schema.paths or {}
        if path.startswith("/v1/")
    }

    assert offered - asked == set()
    assert asked - offered == set()


async def run_all(house: House) -> None:
    """Do all work that is due, and what follows from it."""
    while await house.worker.run_due():
        pass


class Bridge(httpx2.BaseTransport):
    """Carries the requests of a thread to an application in the event loop."""

    def __init__(self, app: Litestar, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = httpx2.ASGITransport(app)  # type: ignore[arg-type]  # both say ASGI in words of their own
        self._loop = loop

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read its whole answer."""

        async def exchange() -> httpx2.Response:
            answer = await self._inner.handle_async_request(request)
            return httpx2.Response(
                answer.status_code, headers=answer.headers, content=await answer.aread()
            )

        return asyncio.run_coroutine_threadsafe(exchange(), self._loop).result(timeout=30)
