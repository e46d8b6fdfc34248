"""The hosted booking page: from nothing to a booking with links alone, and what can go wrong."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from msgspec import structs

import booking.service
import context.service
from booking.hours import OpenHours, WeeklyRange
from booking.model import Booking, BookingFilter
from booking.organisation import AdvisorInput, MeetingTypeInput, ScheduleInput
from kernel.clock import FixedClock
from tests.api.console_world import World, at, open_world
from tests.api.pages_browser import PHONE, Form, Reading, read, send

ANNA = {
    "given": "Anna",
    "prefix": "De",
    "surname": "Vries",
    "honorific": "mrs",
    "email": "anna@example.org",
}


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def bookings(world: World) -> list[Booking]:
    """Return every booking of the bank."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        return await booking.service.list_bookings(db, tenant, BookingFilter())


async def details(browser: httpx2.AsyncClient, way: str = "Videogesprek") -> Form:
    """Walk by links to the form: a meeting, a way to meet, Tuesday 1 December, ten o'clock."""
    page = await read(browser, "/book/demobank")
    page = await read(browser, page.link("Hypotheekgesprek"))
    page = await read(browser, page.link(way))
    page = await read(browser, page.link("→"))
    page = await read(browser, page.link("10:00"))
    return page.form("/book/demobank/hypotheek")


async def test_a_customer_books_with_links_and_one_form(world: World) -> None:
    """No script, no account: the answer leads to the page of the booking."""
    async with world.browser() as browser:
        form = await details(browser)
        answer = await send(browser, form, ANNA)
        page = await read(browser, answer.headers["location"])
    (made,) = await bookings(world)

    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).netloc == ""
    assert (made.start, made.channel, made.state) == (at(10, day=1), "video", "confirmed")
    assert "Uw afspraak staat vast" in page.text
    assert "Geachte mevrouw De Vries" in page.text
    assert "dinsdag 1 december 2026" in page.text
    assert "anna@example.org" in page.text


async def test_the_customer_is_kept_as_they_wrote_themselves(world: World) -> None:
    """The prefix is kept in lower case, and the language is that of the page they used."""
    async with world.browser() as browser:
        form = await details(browser)
        form.action += "?lang=en"
        await send(browser, form, ANNA)
    (made,) = await bookings(world)
    async with world.house.database.reading(world.bank.tenant.id) as db:
        customer = await context.service.get_customer(db, world.bank.tenant.id, made.customer_id)

    assert (customer.name.prefix, customer.name.honorific) == ("de", "mrs")
    assert customer.language == "en"


async def test_a_form_sent_twice_books_once(world: World) -> None:
    """Two clicks, or a reload after a slow answer: one booking, and both lead to it."""
    async with world.browser() as browser:
        form = await details(browser)
        first = await send(browser, form, ANNA)
        second = await send(browser, form, ANNA)

    assert len(await bookings(world)) == 1
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]


async def test_another_form_books_again(world: World) -> None:
    """The key belongs to one form: a form opened anew is a new wish."""
    async with world.browser() as browser:
        await send(browser, await details(browser), ANNA)
        again = await send(browser, await details(browser), ANNA)

    assert again.status_code == 303
    assert len(await bookings(world)) == 2


async def test_a_used_form_with_other_words_says_so(world: World) -> None:
    """Who goes back and changes their address is not booked twice without knowing it."""
    async with world.browser() as browser:
        form = await details(browser)
        await send(browser, form, ANNA)
        answer = await send(browser, form, {**ANNA, "email": "bram@example.org"})
        page = Reading(answer.text)

    assert answer.status_code == 422
    assert "Met dit formulier is al een afspraak gemaakt" in page.text
    assert page.form("hypotheek").values["key"] != form.values["key"]
    assert len(await bookings(world)) == 1


async def test_what_is_missing_is_said_at_the_field_and_at_the_top(world: World) -> None:
    """Nothing typed is lost, and each mistake can be jumped to."""
    async with world.browser() as browser:
        form = await details(browser)
        answer = await send(browser, form, {**ANNA, "surname": "", "email": "anna@"})
        page = Reading(answer.text)
        second = await send(browser, form, {**ANNA, "email": "anna@"})
        wrong = Reading(second.text)

    assert answer.status_code == 400
    assert 'role="alert"' in page.source
    assert page.link("Vul uw achternaam in") == "#surname"
    assert page.fields["surname"]["aria-invalid"] == "true"
    assert page.fields["surname"]["aria-describedby"] == "surname-error"
    assert page.form("hypotheek").values["given"] == "Anna"
    assert page.form("hypotheek").values["email"] == "anna@"
    assert wrong.link("geen volledig e-mailadres") == "#email"
    assert wrong.form("hypotheek").values["key"] == form.values["key"]
    assert await bookings(world) == []


async def test_a_taken_time_offers_others_and_keeps_what_was_typed(world: World) -> None:
    """Somebody was first, with both advisors; the same form books one of the alternatives."""
    async with world.browser() as browser:
        form = await details(browser)
        await world.meeting(at(10, day=1), email="first@example.org")
        await world.meeting(at(10, day=1), email="second@example.org", advisor=world.bank.colleague)
        answer = await send(browser, form, ANNA)
        page = Reading(answer.text)
        again = page.form("hypotheek")
        chosen = again.offered["start"][0]
        booked = await send(browser, again, {"start": chosen})

    assert answer.status_code == 409
    assert "Deze tijd is net door iemand anders geboekt" in page.text
    assert 'role="alert"' in page.source
    assert again.values["surname"] == "Vries"
    assert "start" not in again.values
    assert booked.status_code == 303
    assert {each.start for each in await bookings(world)} >= {at(10, day=1)}
    assert len(await bookings(world)) == 3


async def test_a_refused_booking_leaves_nobody_behind(world: World) -> None:
    """A customer who could not book is not kept."""
    async with world.browser() as browser:
        form = await details(browser)
        await world.meeting(at(10, day=1), email="first@example.org")
        await world.meeting(at(10, day=1), email="second@example.org", advisor=world.bank.colleague)
        await send(browser, form, ANNA)
    async with world.house.database.reading(world.bank.tenant.id) as db:
        people = await context.service.list_customers(db, world.bank.tenant.id)

    assert {person.email for person in people} == {"first@example.org", "second@example.org"}


async def test_a_meeting_by_phone_needs_a_number(world: World) -> None:
    """Otherwise nobody could call."""
    async with world.browser() as browser:
        form = await details(browser, "Telefonisch")
        answer = await send(browser, form, ANNA)
        page = Reading(answer.text)
        booked = await send(browser, form, {**ANNA, "phone": "06 12 34 56 78"})

    assert answer.status_code == 400
    assert page.fields["phone"]["aria-invalid"] == "true"
    assert booked.status_code == 303


async def test_a_meeting_at_a_branch_is_booked_there(world: World) -> None:
    """The branch that was chosen travels with the form."""
    async with world.browser() as browser:
        await send(browser, await details(browser, "Utrecht Neude"), ANNA)
    (made,) = await bookings(world)

    assert made.channel == "branch"
    assert made.location_id is not None


async def test_somebody_comes_along(world: World) -> None:
    """A companion is a participant, whose surname and address are needed."""
    async with world.browser() as browser:
        form = await details(browser)
        refused = await send(browser, form, {**ANNA, "companion_given": "Bram"})
        page = Reading(refused.text)
        answer = await send(
            browser,
            page.form("hypotheek"),
            {"companion_surname": "Bakker", "companion_email": "bram@example.org"},
        )
    (made,) = await bookings(world)

    assert page.fields["companion_surname"]["aria-invalid"] == "true"
    assert page.fields["companion_email"]["aria-invalid"] == "true"
    assert page.form("hypotheek").values["companion_given"] == "Bram"
    assert answer.status_code == 303
    assert len(made.participants) == 1


async def test_who_comes_along_has_a_language_of_their_own(world: World) -> None:
    """The form proposes the reader's, says what they will be told, and keeps what is chosen."""
    tenant = world.bank.tenant.id
    async with world.browser() as browser:
        form = await details(browser)
        page = await read(browser, f"{form.action}?channel=video&start={at(10, day=1).isoformat()}")
        companion = {
            "companion_surname": "Bakker",
            "companion_email": "bram@example.org",
            "companion_language": "en",
        }
        forged = await send(browser, form, {**ANNA, **companion, "companion_language": "de"})
        await send(browser, form, {**ANNA, **companion})
    (made,) = await bookings(world)
    async with world.house.database.reading(tenant) as db:
        bram = await context.service.get_customer(db, tenant, made.participants[0])

    assert form.values["companion_language"] == "nl"
    assert "krijgt op de eigen naam dezelfde berichten" in page.text
    assert forged.status_code == 400
    assert Reading(forged.text).fields["companion_language"]["aria-invalid"] == "true"
    assert bram.language == "en"


async def test_who_comes_along_is_somebody_else(world: World) -> None:
    """The customer's own name and address again: the form says so, and nothing is booked."""
    async with world.browser() as browser:
        form = await details(browser)
        again = {"companion_surname": "de Vries", "companion_email": "ANNA@example.org"}
        refused = await send(browser, form, {**ANNA, **again})
    page = Reading(refused.text)

    assert refused.status_code == 400
    assert page.fields["companion_email"]["aria-invalid"] == "true"
    assert "dezelfde achternaam en hetzelfde e-mailadres als u" in page.text
    assert await bookings(world) == []


async def test_video_can_be_shown_in_another_zone(world: World) -> None:
    """Who is abroad sees their own clock, and the promise is made in it; a branch keeps its own."""
    async with world.browser() as browser:
        base = "/book/demobank/hypotheek"
        page = await read(browser, f"{base}?channel=video&timezone=Asia/Tokyo&day=2026-12-01")
        branch = await read(
            browser, f"{base}?channel=branch&location=utrecht&timezone=Asia/Tokyo&day=2026-12-01"
        )
        form = (await read(browser, page.link("18:00"))).form("hypotheek")
        await send(browser, form, ANNA)
    (made,) = await bookings(world)

    assert "Tijden in Tokio" in page.text
    assert "Tijden in Amsterdam" in branch.text
    assert made.timezone == "Asia/Tokyo"
    assert made.start == at(10, day=1)


async def test_the_page_speaks_english_when_asked(world: World) -> None:
    """The language stays through every step, and can be changed at each of them."""
    async with world.browser() as browser:
        page = await read(browser, "/book/demobank")
        english = await read(browser, page.link("English"))
        step = await read(browser, english.link("Mortgage meeting"))
        step = await read(browser, step.link("By phone"))
        back = await read(browser, step.link("Nederlands"))

    assert (page.language, english.language, step.language, back.language) == (
        "nl",
        "en",
        "en",
        "nl",
    )
    assert "When does it suit you?" in step.text
    assert "Telefonisch" in back.text


async def test_a_single_way_to_meet_is_not_asked_for(world: World) -> None:
    """Where there is nothing to choose, the calendar comes first."""
    tenant = world.bank.tenant.id
    async with world.house.database.transaction(tenant) as db:
        await booking.service.apply_meeting_type(
            db,
            tenant,
            MeetingTypeInput(
                slug="belafspraak",
                name={"nl": "Belafspraak"},
                channels=["phone"],
                advisors=[world.bank.advisor],
            ),
            now=world.now(),
        )
    async with world.browser() as browser:
        page = await read(browser, "/book/demobank/belafspraak")

    assert "Stap 1 van 2" in page.text
    assert page.link("09:00").startswith("/book/demobank/belafspraak?channel=phone&start=")


async def give(world: World, **changes: Any) -> None:
    """Offer a second kind of meeting."""
    tenant = world.bank.tenant.id
    kind = MeetingTypeInput(
        slug="kennismaking",
        name={"nl": "Kennismaking"},
        channels=["phone"],
        advisors=[world.bank.advisor, world.bank.colleague],
    )
    async with world.house.database.transaction(tenant) as db:
        await booking.service.apply_meeting_type(
            db, tenant, structs.replace(kind, **changes), now=world.now()
        )


async def test_the_length_of_a_meeting_is_chosen(world: World) -> None:
    """Where there are several; the one that was chosen is booked and stands on every step."""
    await give(world, duration=60, durations=[30, 60], channels=["video", "phone"])
    async with world.browser() as browser:
        types = await read(browser, "/book/demobank")
        page = await read(browser, "/book/demobank/kennismaking?channel=phone&day=2026-12-01")
        short = await read(browser, f"{page.link('30 minuten')}&day=2026-12-01")
        form = (await read(browser, short.link("10:00"))).form("kennismaking")
        forged = await read(browser, "/book/demobank/kennismaking?channel=phone&duration=45")
        await send(browser, form, {**ANNA, "phone": "06 12 34 56 78"})
    (made,) = await bookings(world)

    assert "30 / 60 minuten" in types.text
    assert "Het gesprek duurt 60 minuten." in page.text
    assert "Het gesprek duurt 30 minuten." in short.text
    assert form.values["duration"] == "30"
    assert "60 minuten" in forged.text
    assert (made.end - made.start).total_seconds() == 30 * 60


async def test_the_language_of_a_meeting_is_chosen_where_that_matters(world: World) -> None:
    """Only one of them speaks Turkish; where all speak the same nobody is asked."""
    tenant = world.bank.tenant.id
    async with world.house.database.transaction(tenant) as db:
        emine = await booking.service.add_advisor(
            db,
            tenant,
            AdvisorInput(
                name="Emine Kaya",
                email="emine@demobank.example",
                timezone="Europe/Amsterdam",
                languages=["nl", "tr"],
            ),
            now=world.now(),
        )
        hours = [WeeklyRange(day="tue", start="13:00", end="15:00")]
        schedule = ScheduleInput(timezone="Europe/Amsterdam", weekly=hours)
        await booking.service.set_schedule(db, tenant, emine.id, schedule, now=world.now())
    await give(world, advisors=[world.bank.advisor, emine.id])
    async with world.browser() as browser:
        same = await read(browser, "/book/demobank/hypotheek?channel=phone")
        page = await read(browser, "/book/demobank/kennismaking?day=2026-12-01")
        turkish = await read(browser, f"{page.link('Turks')}&day=2026-12-01")
        form = (await read(browser, turkish.link("13:00"))).form("kennismaking")
        await send(browser, form, {**ANNA, "phone": "06 12 34 56 78"})
    (made,) = await bookings(world)

    assert "Taal van het gesprek" not in same.text
    assert "Taal van het gesprek" in page.text
    assert [words for words, _ in turkish.links if ":" in words][:1] == ["dinsdag 1 december 13:00"]
    assert made.advisor_id == emine.id


async def test_an_empty_month_says_why_and_what_would_help(world: World) -> None:
    """One thing to change a link; each leads to a free time."""
    await give(
        world,
        duration=60,
        durations=[30, 60],
        channels=["video", "phone"],
        channel_hours={
            "phone": OpenHours(weekly=[WeeklyRange(day="tue", start="10:00", end="10:30")])
        },
    )
    async with world.browser() as browser:
        page = await read(browser, "/book/demobank/kennismaking?channel=phone&day=2026-12")
        shorter = await read(browser, page.link("30 minuten kan"))
        video = await read(browser, page.link("beeldbellen"))

    assert "In deze maand is geen tijd vrij" in page.text
    assert "In deze periode is er geen tijd vrij: " in page.text
    assert "Wat er wel kan:" in page.text
    assert shorter.link("dinsdag 1 december 10:00")
    assert "channel=video" in video.link(" 09:00")
    assert "Sanne" not in page.text


async def test_places_that_are_left_are_shown(world: World) -> None:
    """Where several customers take part in one meeting; with one fewer after each booking."""
    await give(world, seats=3, advisors=[world.bank.advisor])
    async with world.browser() as browser:
        page = await read(browser, "/book/demobank/kennismaking?day=2026-12-01")
        form = (await read(browser, page.link("10:00"))).form("kennismaking")
        await send(browser, form, {**ANNA, "phone": "06 12 34 56 78"})
        after = await read(browser, "/book/demobank/kennismaking?day=2026-12-01")

    assert page.link("10:00 nog 3 plaatsen")
    assert after.link("10:00 nog 2 plaatsen")


async def test_looking_changes_nothing(world: World) -> None:
    """Every step before the last is a GET, and holds nothing."""
    async with world.browser() as browser:
        await details(browser)
        await details(browser)

    assert await bookings(world) == []


async def test_what_does_not_exist_is_not_found(world: World) -> None:
    """Another bank, another meeting: a page that says so, with the phone where it is known."""
    async with world.browser() as browser:
        nobody = await read(browser, "/book/nobody", status=404)
        unknown = await read(browser, "/book/demobank/unknown", status=404)

    assert "Deze pagina bestaat niet" in nobody.text
    assert PHONE not in nobody.source
    assert "Dit gesprek is niet te boeken" in unknown.text
    assert PHONE in unknown.text


async def test_a_form_of_another_website_is_refused(world: World) -> None:
    """A booking comes from our page or from the API with a key."""
    async with world.browser() as browser:
        form = await details(browser)
        answer = await send(browser, form, ANNA, **{"sec-fetch-site": "cross-site"})

    assert answer.status_code == 403
    assert await bookings(world) == []


@pytest.mark.parametrize(
    "typed",
    [
        {"surname": "<script>alert(1)</script>"},
        {"surname": "V" * 5000},
        {"email": "anna@example.org\nBcc: all@example.org"},
        {"honorific": "king"},
        {"start": "yesterday"},
        {"start": "2026-12-01T10:00:00"},
        {"channel": "telepathy"},
        {"timezone": "../../etc/passwd"},
        {"key": "k" * 500},
    ],
)
async def test_what_no_page_sends_breaks_nothing(world: World, typed: dict[str, str]) -> None:
    """Forged forms are answered with a page, never with a fault of ours, never with mark-up."""
    async with world.browser() as browser:
        form = await details(browser)
        answer = await send(browser, form, {**ANNA, **typed})

    assert answer.status_code < 500
    assert "<script>alert" not in answer.text


async def test_a_form_with_a_nul_character_is_refused(world: World) -> None:
    """What no database can store never reaches it."""
    async with world.browser() as browser:
        form = await details(browser)
        answer = await send(browser, form, {**ANNA, "given": "A\0nna"})
        bytes_that_are_no_text = await browser.post(
            form.action,
            content=b"surname=%ff%fe",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        json = await browser.post(form.action, json={"surname": "Vries"})

    assert answer.status_code == 400
    assert bytes_that_are_no_text.status_code == 400
    assert json.status_code == 400
    assert await bookings(world) == []


async def test_links_of_times_hold_an_offset(world: World) -> None:
    """A time in an address means one instant, also in the night the clock goes back."""
    async with world.browser() as browser:
        page = await read(browser, "/book/demobank/hypotheek?channel=video&day=2026-12-01")
    start = parse_qs(urlsplit(page.link("10:00")).query)["start"]

    assert start == ["2026-12-01T10:00:00+01:00"]
