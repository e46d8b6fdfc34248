"""The first screen: an advisor's own day, what waits for their word, how fresh calendars are."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from msgspec import structs
from sqlalchemy import insert, select

import booking.service
from api.pages.console.agenda import agenda_of
from api.pages.console.calendars import account_view
from booking.calendars.model import Account, Collection, ConnectInput
from booking.calendars.tables import calendar_accounts, calendar_collections
from booking.model import Booking
from kernel.clock import FixedClock
from kernel.ids import Id, new_id
from kernel.people import PersonName
from kernel.tables import audit_entries
from tests.api.console_world import ANSWERS, World, at, open_bank, open_world, text_of
from tests.services.radicale import PASSWORDS, Radicale

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
KIM = PersonName(given="Kim", surname="Verbeek")
PIET = PersonName(given="Piet", prefix="van der", surname="Heuvel", honorific="mr")


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def test_today_lists_the_advisors_own_meetings_in_order(world: World) -> None:
    """Meetings of a colleague are not on the list; the advisor's own are in order of time."""
    await world.meeting(at(14), name=PIET, email="piet@example.org", channel="branch")
    await world.meeting(at(10))
    await world.meeting(at(9), name=KIM, email="kim@example.org", advisor=world.bank.colleague)
    async with world.signed_in() as browser:
        page = text_of((await browser.get("/console")).text)

    assert "maandag 30 november · 2 afspraken" in page
    assert "11:00 Mevrouw De Vries Anna de Vries · Hypotheekgesprek · videogesprek" in page
    assert (
        "15:00 Meneer Van der Heuvel Piet van der Heuvel · Hypotheekgesprek · op kantoor · "
        "Utrecht Neude"
    ) in page
    assert page.index("10:00") < page.index("De Vries") < page.index("14:00")
    assert "Kim Verbeek" not in page


async def test_each_meeting_says_how_far_its_customer_is(world: World) -> None:
    """Handed in, half done, untouched and without questions are told apart."""
    names = [PersonName(given=name, surname="Klaver") for name in ("Ada", "Bo", "Cas", "Dee")]
    meetings = [
        await world.meeting(
            at(10 + index), name=name, email=f"{name.given}@example.org", form=name.given != "Dee"
        )
        for index, name in enumerate(names)
    ]
    await world.answer(meetings[0], ANSWERS, submit=True)
    # Of the required questions, the income, the property's value and the fixed period are left.
    await world.answer(
        meetings[1], {"goal": "divorce", "income.kind": "permanent", "partner": False}
    )
    async with world.signed_in() as browser:
        page = text_of((await browser.get("/console")).text)
    parts = [page.partition(f"{name.given} Klaver")[2] for name in names]

    assert parts[0].startswith(" Hypotheekgesprek · videogesprek voorbereid")
    assert parts[1].startswith(" Hypotheekgesprek · videogesprek 3 ontbreken")
    assert parts[2].startswith(" Hypotheekgesprek · videogesprek nog niet begonnen")
    assert parts[3].startswith(" Hypotheekgesprek · videogesprek geen vragenlijst")


async def test_coming_days_follow_today(world: World) -> None:
    """Tomorrow is called so, other days by their date; what is too far off is left out."""
    await world.meeting(at(9, day=1))
    await world.meeting(at(9, day=3), name=KIM, email="kim@example.org")
    await world.meeting(at(9) + timedelta(days=15), name=PIET, email="piet@example.org")
    async with world.signed_in() as browser:
        page = text_of((await browser.get("/console")).text)

    assert "Geen afspraken vandaag." in page
    assert "Morgen · dinsdag 1 december 09:00" in page
    assert "donderdag 3 december 09:00" in page
    assert "Heuvel" not in page


async def test_days_are_days_by_the_advisors_own_clock(world: World) -> None:
    """Five in the afternoon in Amsterdam is tomorrow for an advisor who sits in Tokyo."""
    meeting = await world.meeting(at(17))
    tenant = world.bank.tenant
    async with world.house.database.reading(tenant.id) as db:
        seen = [
            await agenda_of(
                db, tenant, world.bank.advisor, timezone=zone, language="nl", now=world.now()
            )
            for zone in ("Europe/Amsterdam", "Asia/Tokyo")
        ]
    amsterdam, tokyo = seen

    assert [row.booking for row in amsterdam.today.rows] == [meeting.id]
    assert tokyo.today.rows == []
    assert [(day.date.isoformat(), len(day.rows)) for day in tokyo.later] == [("2026-12-01", 1)]


async def test_a_cancelled_meeting_stays_visible_and_is_not_counted(world: World) -> None:
    """An advisor sees that somebody called off, and that the time is free."""
    meeting = await world.meeting(at(10))
    tenant = world.bank.tenant.id
    async with world.house.database.transaction(tenant) as db:
        await booking.service.cancel(
            db, tenant, meeting.id, reason=None, now=world.now(), by="customer"
        )
    async with world.signed_in() as browser:
        page = text_of((await browser.get("/console")).text)

    assert "0 afspraken" in page
    assert "Mevrouw De Vries" in page
    assert "geannuleerd" in page


async def test_more_meetings_than_one_page_of_the_list_are_all_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is read to its end, however many calls that takes."""
    monkeypatch.setattr("api.pages.console.agenda._PAGE", 3)
    for index in range(7):
        await world.meeting(at(9 + index), email=f"anna{index}@example.org")
    tenant = world.bank.tenant
    async with world.house.database.reading(tenant.id) as db:
        seen = await agenda_of(
            db,
            tenant,
            world.bank.advisor,
            timezone="Europe/Amsterdam",
            language="nl",
            now=world.now(),
        )

    assert [row.start for row in seen.today.rows] == [at(9 + index) for index in range(7)]


# --- what waits for the advisor ------------------------------------------------------------------


async def test_a_requested_meeting_is_confirmed_with_one_button(world: World) -> None:
    """A booking on a stale calendar waits; the advisor's word makes it stand, on record."""
    await _account(world, read_at=world.now() - timedelta(hours=2))
    meeting = await world.meeting(at(10))
    async with world.signed_in() as browser:
        before = text_of((await browser.get("/console")).text)
        answer = await browser.post(f"/console/bookings/{meeting.id}/confirm")
        after = text_of((await browser.get(answer.headers["location"])).text)
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        confirmed = await booking.service.get_booking(db, tenant, meeting.id)
        actors = (
            await db.scalars(
                select(audit_entries.c.actor).where(
                    audit_entries.c.tenant_id == tenant,
                    audit_entries.c.action == "booking.confirmed",
                )
            )
        ).all()

    assert meeting.state == "requested"
    assert "De klant wacht op uw bevestiging." in before
    assert "De afspraak is bevestigd." in after
    assert "De klant wacht op uw bevestiging." not in after
    assert confirmed.state == "confirmed"
    assert world.bank.advisor in actors


async def test_a_meeting_is_not_confirmed_twice(world: World) -> None:
    """A second press, or a stale page, changes nothing and says so."""
    meeting = await world.meeting(at(10))
    async with world.signed_in() as browser:
        answer = await browser.post(f"/console/bookings/{meeting.id}/confirm")

    assert answer.status_code == 409
    assert "Dit kan niet meer" in answer.text


async def test_another_organisations_meeting_cannot_be_confirmed(world: World) -> None:
    """Whoever knows a booking of another organisation can do nothing to it."""
    other = await open_bank(world.house, world.now(), slug="anderebank")
    await _account(world, read_at=None, tenant=other.tenant.id, advisor=other.advisor)
    theirs = await world.meeting(at(10), bank=other)
    async with world.signed_in() as browser:
        answer = await browser.post(f"/console/bookings/{theirs.id}/confirm")
    async with world.house.database.reading(other.tenant.id) as db:
        still = await booking.service.get_booking(db, other.tenant.id, theirs.id)

    assert answer.status_code == 404
    assert (theirs.state, still.state) == ("requested", "requested")


async def test_a_requested_meeting_is_declined_with_a_reason(world: World) -> None:
    """The reason is kept in the advisor's words, the customer is told, the time is free again."""
    await _account(world, read_at=world.now() - timedelta(hours=2))
    meeting = await world.meeting(at(10))
    async with world.signed_in() as browser:
        answer = await browser.post(
            f"/console/bookings/{meeting.id}/decline", data={"reason": " Te weinig <tijd>. "}
        )
        after = text_of((await browser.get(answer.headers["location"])).text)
        again = await browser.post(f"/console/bookings/{meeting.id}/decline", data={})
    now = await _stored(world, meeting)
    letters = [mail.subject for mail in await world.mail() if "anna@example.org" in mail.to]

    assert (now.state, now.cancelled_by, now.reason) == (
        "cancelled",
        "advisor",
        "Te weinig <tijd>.",
    )
    assert "De aanvraag is afgewezen." in after
    assert again.status_code == 409
    assert "Uw aanvraag voor maandag 30 november 2026 om 10:00 kan niet doorgaan" in letters
    assert world.bank.advisor in await _actors(world, "booking.declined")


async def test_an_advisor_says_whether_the_customer_came(world: World, clock: FixedClock) -> None:
    """Asked once the meeting has begun, and it can be put right on the page of the meeting."""
    meeting = await world.meeting(at(10))
    path = f"/console/bookings/{meeting.id}/outcome"
    clock.advance(at(9, 59) - clock.now())
    async with world.signed_in() as browser:
        before = text_of((await browser.get("/console")).text)
        early = await browser.post(path, data={"outcome": "attended"})
        clock.advance(timedelta(minutes=1))
        begun = text_of((await browser.get("/console")).text)
        nonsense = await browser.post(path, data={"outcome": "asleep"})
        answer = await browser.post(path, data={"outcome": "no-show"})
        after = text_of((await browser.get(answer.headers["location"])).text)
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)
        await browser.post(path, data={"outcome": "attended"})

    assert "Is dit gesprek doorgegaan?" not in before
    assert early.status_code >= 400
    assert nonsense.status_code == 400
    assert "Is dit gesprek doorgegaan?" in begun
    assert "Dat is vastgelegd." in after
    assert "Is dit gesprek doorgegaan?" not in after
    assert "Is dit gesprek doorgegaan? Doorgegaan" in page
    assert (await _stored(world, meeting)).state == "attended"
    assert world.bank.advisor in await _actors(world, "booking.no-show")


async def test_a_meeting_whose_time_was_taken_stands_at_the_top(world: World) -> None:
    """With what its customer was offered; one button says that it goes on all the same."""
    meeting = await world.meeting(at(10, day=1))
    await world.displace(meeting)
    async with world.signed_in() as browser:
        page = await browser.get("/console")
        text = text_of(page.text)
        (action,) = re.findall(r'action="(/console/conflicts/[^"]+)"', page.text)
        answer = await browser.post(action)
        after = text_of((await browser.get(answer.headers["location"])).text)
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        still = await booking.service.conflict_of(db, tenant, meeting.id)

    assert text.startswith("Tijd bezet geraakt Mevrouw De Vries")
    assert "De klant kan kiezen uit: dinsdag 1 december 2026 om 10:00 · Joost Meijer" in text
    assert "Het gesprek gaat door zoals afgesproken." in after
    assert "Tijd bezet geraakt" not in after
    assert still is None
    assert await _stored(world, meeting) == meeting
    assert world.bank.advisor in await _actors(world, "conflict.kept")


async def test_another_organisations_meetings_cannot_be_touched(world: World) -> None:
    """Not declined, not put on record, not let stand: nothing that they have is known here."""
    other = await open_bank(world.house, world.now(), slug="anderebank")
    theirs = await world.meeting(at(10), bank=other)
    async with world.signed_in() as browser:
        answers = [
            await browser.post(f"/console/bookings/{theirs.id}/{verb}", data=data)
            for verb, data in (("decline", {}), ("outcome", {"outcome": "attended"}))
        ]
        nowhere = await browser.post(f"/console/conflicts/{new_id('cnf', NOW)}/dismiss")

    assert [answer.status_code for answer in [*answers, nowhere]] == [404, 404, 404]


async def test_nothing_waits_when_all_is_well(world: World) -> None:
    """A quiet day says that it is one."""
    async with world.signed_in() as browser:
        page = text_of((await browser.get("/console")).text)

    assert "Niets. Alles loopt." in page
    assert "Er is geen agenda gekoppeld." in page


# --- calendars -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server."""
    server = Radicale()
    yield server
    server.remove()


async def test_an_advisor_updates_their_calendar(
    database_url: str, tmp_path: Path, clock: FixedClock, radicale: Radicale
) -> None:
    """The age of a calendar is on the first screen, and one button reads it again."""
    radicale.start_again()
    radicale.empty("sanne")
    radicale.make_calendar("sanne", "werk")
    allow = (f"127.0.0.1:{radicale.port}",)
    async with open_world(database_url, tmp_path, clock, outgoing_allow=allow) as world:
        account = await world.house.calendars.connect(
            world.bank.tenant.id,
            ConnectInput(
                advisor=world.bank.advisor,
                url=radicale.url,
                username="sanne",
                password=PASSWORDS["sanne"],
            ),
        )
        async with world.signed_in() as browser:
            clock.advance(timedelta(minutes=12))
            before = text_of((await browser.get("/console")).text)
            answer = await browser.post(f"/console/calendars/{account.id}/sync")
            after = text_of((await browser.get(answer.headers["location"])).text)
            radicale.stop()
            clock.advance(timedelta(minutes=5))
            failed = await browser.post(f"/console/calendars/{account.id}/sync")
            down = text_of((await browser.get(failed.headers["location"])).text)

    assert "Werk bijgewerkt 12 minuten geleden" in before
    assert answer.headers["location"] == "/console?done=synced"
    assert "Werk bijgewerkt zojuist" in after
    assert failed.headers["location"] == "/console?done=sync-failed"
    assert "Het bijwerken is niet gelukt" in down
    assert "Werk bijgewerkt 5 minuten geleden" in down


async def test_a_colleagues_calendar_is_not_read(world: World) -> None:
    """An advisor updates their own calendars only."""
    theirs = await _account(world, read_at=None, advisor=world.bank.colleague)
    async with world.signed_in() as browser:
        answer = await browser.post(f"/console/calendars/{theirs}/sync")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("changes", "age", "trouble"),
    [
        ({"last_ok_at": NOW - timedelta(seconds=20)}, "bijgewerkt zojuist", []),
        ({"last_ok_at": NOW - timedelta(minutes=30)}, "bijgewerkt 30 minuten geleden", []),
        (
            {"last_ok_at": NOW - timedelta(minutes=95)},
            "bijgewerkt 95 minuten geleden",
            ["Lang niet gelezen. Nieuwe afspraken wachten op uw bevestiging."],
        ),
        (
            {"last_ok_at": None},
            "nog nooit gelezen",
            ["Lang niet gelezen. Nieuwe afspraken wachten op uw bevestiging."],
        ),
        (
            {"troubled": 1},
            "bijgewerkt zojuist",
            ["1 item is onleesbaar; die tijd blijft bezet."],
        ),
        (
            {"troubled": 3},
            "bijgewerkt zojuist",
            ["3 items zijn onleesbaar; hun tijden blijven bezet."],
        ),
    ],
)
def test_a_calendar_tells_its_age_and_troubles(
    changes: dict[str, object], age: str, trouble: list[str]
) -> None:
    """Ages are in words; older than the staleness limit is a trouble, as is what is unreadable."""
    account = _made(**changes)

    seen = account_view(account, staleness=timedelta(minutes=30), language="nl", now=NOW)

    assert [(line.age, line.trouble) for line in seen.calendars] == [(age, trouble)]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("degraded", "The calendar does not answer well."),
        ("auth-failed", "The calendar refuses the password."),
        ("missing", "The calendar is gone."),
    ],
)
def test_an_accounts_state_is_told(state: str, words: str) -> None:
    """Each state of an account that needs somebody has its sentence."""
    account = structs.replace(_made(), state=state)

    seen = account_view(account, staleness=timedelta(minutes=30), language="en", now=NOW)

    assert seen.calendars[0].trouble[0].startswith(words)


def test_a_permission_that_has_ended_is_told_as_such() -> None:
    """No password is to blame where there is none."""
    account = structs.replace(_made(), state="auth-failed", problem="calendar-revoked")

    seen = account_view(account, staleness=timedelta(minutes=30), language="en", now=NOW)

    assert seen.calendars[0].trouble[0].startswith("The permission to read the calendar")


def test_hours_that_cannot_be_read_are_told() -> None:
    """An advisor who published them can put them right."""
    account = structs.replace(_made(), availability="unreadable")

    seen = account_view(account, staleness=timedelta(minutes=30), language="nl", now=NOW)

    assert seen.calendars[0].trouble == [
        "De beschikbaarheid in de agenda is onleesbaar. De laatst bekende uren gelden."
    ]


def test_an_ignored_calendar_is_left_out() -> None:
    """A calendar that is not read has no age worth telling."""
    account = _made(role="ignore")

    seen = account_view(account, staleness=timedelta(minutes=30), language="nl", now=NOW)

    assert seen.calendars == []


async def test_the_screen_speaks_english_when_asked(world: World) -> None:
    """A language that was asked for once is kept in the browser."""
    await world.meeting(at(10))
    async with world.signed_in() as browser:
        await browser.get("/console", params={"lang": "en"})
        page: httpx2.Response = await browser.get("/console")

    assert '<html lang="en">' in page.text
    assert "Monday 30 November · 1 meeting" in text_of(page.text)
    # How to address somebody does not depend on what the advisor reads.
    assert "Mevrouw De Vries" in text_of(page.text)


def _made(**changes: object) -> Account:
    collection = Collection(
        id="col_1", name="Werk", url="https://dav.example/werk/", role="target", timezone=None,
        writable=True, last_ok_at=NOW,
    )  # fmt: skip
    return Account(
        id="acc_1",
        advisor_id="adv_1",
        url="https://dav.example/",
        username="sanne",
        state="active",
        problem=None,
        collections=[structs.replace(collection, **changes)],
    )


async def _stored(world: World, meeting: Booking) -> Booking:
    """Return the booking as it stands."""
    async with world.house.database.reading(world.bank.tenant.id) as db:
        return await booking.service.get_booking(db, world.bank.tenant.id, meeting.id)


async def _actors(world: World, action: str) -> list[str]:
    """Return who is on record for having done this."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        rows = await db.scalars(
            select(audit_entries.c.actor).where(
                audit_entries.c.tenant_id == tenant, audit_entries.c.action == action
            )
        )
        return list(rows)


async def _account(
    world: World, *, read_at: datetime | None, tenant: Id | None = None, advisor: Id | None = None
) -> Id:
    """Put an account with one calendar on file, last read at *read_at*."""
    tenant = tenant or world.bank.tenant.id
    account = new_id("acc", world.now())
    keyring = world.house.keyring
    async with world.house.database.transaction(tenant) as db:
        await db.execute(
            insert(calendar_accounts).values(
                tenant_id=tenant,
                id=account,
                advisor_id=advisor or world.bank.advisor,
                url="https://dav.example/",
                username="sanne",
                password=keyring.seal(b"geheim", use="calendar-credentials", context=account),
                state="active",
                failures=0,
                created_at=world.now(),
            )
        )
        await db.execute(
            insert(calendar_collections).values(
                tenant_id=tenant,
                id=new_id("col", world.now()),
                account_id=account,
                url="https://dav.example/werk/",
                name="Werk",
                role="busy",
                writable=True,
                last_ok_at=read_at,
                revision=0,
            )
        )
    return account
