"""Another time for a meeting, on the advisor's screen: agreed to, chosen, offered, or none."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import select

import booking.service
from booking.calendars.link_store import of_booking
from booking.calendars.model import ConnectInput
from booking.model import Booking
from kernel.clock import FixedClock
from kernel.people import PersonName
from kernel.tables import audit_entries
from kernel.tenancy import change_tenant
from tests.api.console_world import World, at, open_bank, open_world
from tests.api.pages_browser import read, send
from tests.services.radicale import PASSWORDS, Radicale

KIM = PersonName(given="Kim", surname="Verbeek")


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server."""
    server = Radicale()
    yield server
    server.remove()


@pytest.fixture
async def world(
    database_url: str, tmp_path: Path, clock: FixedClock, radicale: Radicale
) -> AsyncIterator[World]:
    """A bank with two advisors."""
    radicale.start_again()
    radicale.empty("sanne")
    radicale.make_calendar("sanne", "werk")
    allow = (f"127.0.0.1:{radicale.port}",)
    async with open_world(database_url, tmp_path, clock, outgoing_allow=allow) as opened:
        yield opened


# --- a guest proposes another time ---------------------------------------------------------------


async def test_a_proposed_time_is_agreed_to(world: World) -> None:
    """With one button on the first screen, off the grid as it may be; the customer is told."""
    meeting = await world.meeting(at(10, day=1))
    await world.invitation_answered(
        meeting, "anna@example.org", "TENTATIVE", rather="20261203T141000"
    )
    async with world.signed_in() as browser:
        today = await read(browser, "/console")
        done = await send(browser, today.form("/proposal"), {"do": "accept"})
        after = await read(browser, done.headers["location"])
        again = await send(browser, today.form("/proposal"), {"do": "accept"})
        later = await read(browser, "/console")
    told = [mail.subject for mail in await world.mail() if "anna@example.org" in mail.to]

    assert "Anna de Vries stelt donderdag 3 december 2026 om 14:10 voor." in today.text
    assert "De afspraak is verzet." in after.text
    assert (await _stored(world, meeting)).start == at(14, 10, day=3)
    assert again.status_code == 409
    assert not [form for form in later.forms if form.action.endswith("/proposal")]
    assert [subject for subject in told if "14:10" in subject]
    assert await _noted(world, "booking.rescheduled") == [world.bank.advisor]


async def test_a_proposal_is_let_be(world: World) -> None:
    """Nothing moves, nobody is written to, it is asked no more; their other answer stays."""
    meeting = await world.meeting(at(10, day=1))
    await world.invitation_answered(
        meeting, "anna@example.org", "TENTATIVE", rather="20261203T140000"
    )
    before = len(await world.mail())
    async with world.signed_in() as browser:
        page = await read(browser, f"/console/bookings/{meeting.id}")
        letters = len(await world.mail())
        done = await send(browser, page.form("/proposal"), {"do": "keep"})
        after = await read(browser, done.headers["location"])

    assert "krijgt de klant daarover geen bericht" in page.text
    assert "De afspraak blijft zoals afgesproken." in after.text
    assert "stelt" not in after.text
    assert "Anna de Vries komt misschien." in after.text
    assert await _stored(world, meeting) == meeting
    assert len(await world.mail()) == letters
    assert letters == before + 1  # the sign-in
    assert await _noted(world, "proposal.refused") == [world.bank.advisor]


async def test_instead_of_a_proposed_time_others_are_offered(world: World) -> None:
    """The customer gets times to choose from by mail, once; until then the meeting stands."""
    meeting = await world.meeting(at(10, day=1))
    await world.invitation_answered(
        meeting, "anna@example.org", "DECLINED", rather="20261203T140000"
    )
    async with world.signed_in() as browser:
        page = await read(browser, f"/console/bookings/{meeting.id}")
        done = await send(browser, page.form("/proposal"), {"do": "offer"})
        after = await read(browser, done.headers["location"])
        told = [mail.subject for mail in await world.mail() if "anna@example.org" in mail.to]
        today = await read(browser, "/console")
        twice = await browser.post(f"/console/bookings/{meeting.id}/offer")
        kept = await send(browser, today.form("/dismiss"), {})

    assert "De klant krijgt andere tijden aangeboden." in after.text
    assert told[0].startswith("Uw afspraak op dinsdag 1 december 2026 om 10:00 kan niet doorgaan")
    assert "u biedt andere tijden aan" in today.text
    assert "De klant kan kiezen uit:" in today.text
    assert twice.status_code == 409
    assert kept.headers["location"] == "/console?done=kept"
    assert await _stored(world, meeting) == meeting


async def test_a_proposed_time_that_is_taken_changes_nothing(world: World) -> None:
    """It says so, and it can still be let be."""
    meeting = await world.meeting(at(10, day=1))
    await world.meeting(at(14, day=3), name=KIM, email="kim@example.org")
    await world.invitation_answered(
        meeting, "anna@example.org", "TENTATIVE", rather="20261203T143000"
    )
    async with world.signed_in() as browser:
        page = await read(browser, f"/console/bookings/{meeting.id}")
        done = await send(browser, page.form("/proposal"), {"do": "accept"})
        after = await read(browser, done.headers["location"])

    assert "Die tijd kan niet: zij is bezet, voorbij of buiten de werktijd." in after.text
    assert after.form("/proposal").values["seen"] == page.form("/proposal").values["seen"]
    assert await _stored(world, meeting) == meeting


async def test_a_newer_proposal_is_not_agreed_to_unseen(world: World) -> None:
    """The button is about the time that stood beside it."""
    meeting = await world.meeting(at(10, day=1))
    await world.invitation_answered(
        meeting, "anna@example.org", "TENTATIVE", rather="20261203T140000"
    )
    async with world.signed_in() as browser:
        page = await read(browser, "/console")
        form = page.form("/proposal")
        other = structs.replace(form, values={**form.values, "seen": at(9, day=4).isoformat()})
        answers = [
            (await send(browser, other, {"do": do})).status_code
            for do in ("accept", "keep", "offer")
        ]
        nothing = await send(browser, form, {"do": "dance"})

    assert answers == [409, 409, 409]
    assert nothing.headers["location"] == f"/console/bookings/{meeting.id}"
    assert await _stored(world, meeting) == meeting


# --- the advisor changes the entry ---------------------------------------------------------------


async def test_an_entry_moved_in_the_calendar_is_followed(world: World, radicale: Radicale) -> None:
    """Asked on the first screen; agreed, the meeting stands where the entry does, out of hours."""
    meeting = await _dragged(world, radicale, to="20261201T174500Z")
    async with world.signed_in() as browser:
        today = await read(browser, "/console")
        done = await send(browser, today.form("/entry"), {"do": "accept"})
        after = await read(browser, done.headers["location"])
        again = await send(browser, today.form("/entry"), {"do": "accept"})
    await _pass(world, minutes=2)
    moved = await _stored(world, meeting)

    assert "U verzette deze afspraak in uw agenda naar dinsdag 1 december 2026 om 18:45." in (
        today.text
    )
    assert "De afspraak is verzet." in after.text
    assert (moved.start, moved.sequence) == (at(18, 45, day=1), meeting.sequence + 1)
    assert "DTSTART:20261201T174500Z" in _entry(radicale, meeting)
    assert again.status_code == 409
    assert await _noted(world, "entry.followed") == [world.bank.advisor]


async def test_an_entry_moved_in_the_calendar_is_put_back(world: World, radicale: Radicale) -> None:
    """The meeting stays, its entry comes back to its time, and that is asked no more."""
    meeting = await _dragged(world, radicale, to="20261201T120000Z")
    async with world.signed_in() as browser:
        page = await read(browser, f"/console/bookings/{meeting.id}?lang=en")
        done = await send(browser, page.form("/entry"), {"do": "keep"})
        after = await read(browser, done.headers["location"])
        await _pass(world, minutes=2)
        later = await read(browser, "/console")

    assert "You moved this meeting in your calendar to Tuesday 1 December 2026 at 13:00." in (
        page.text
    )
    assert "your calendar is being put back" in after.text
    assert "DTSTART:20261201T090000Z" in _entry(radicale, meeting)
    assert await _stored(world, meeting) == meeting
    assert "You moved" not in later.text


async def test_after_moving_the_entry_other_times_can_be_offered(
    world: World, radicale: Radicale
) -> None:
    """The entry comes back, and the customer chooses."""
    meeting = await _dragged(world, radicale, to="20261201T120000Z")
    async with world.signed_in() as browser:
        today = await read(browser, "/console")
        await send(browser, today.form("/entry"), {"do": "offer"})
    await _pass(world, minutes=2)
    told = [mail.subject for mail in await world.mail() if "anna@example.org" in mail.to]

    assert "DTSTART:20261201T090000Z" in _entry(radicale, meeting)
    assert "kan niet doorgaan zoals afgesproken" in told[0]
    assert await _stored(world, meeting) == meeting


async def test_an_entry_moved_onto_another_meeting_is_not_followed(
    world: World, radicale: Radicale
) -> None:
    """It says that the time is taken, and asks on."""
    first = await _written(world)
    await world.meeting(at(13, day=1), name=KIM, email="kim@example.org")
    meeting = await _dragged(world, radicale, to="20261201T120000Z", meeting=first)
    async with world.signed_in() as browser:
        today = await read(browser, "/console")
        done = await send(browser, today.form("/entry"), {"do": "accept"})
        after = await read(browser, done.headers["location"])

    assert "Die tijd kan niet" in after.text
    assert after.form("/entry").values == today.form("/entry").values
    assert await _stored(world, meeting) == meeting


async def test_a_removed_entry_calls_off_or_comes_back(world: World, radicale: Radicale) -> None:
    """As the advisor chooses."""
    first = await _written(world)
    second = await world.meeting(at(14, day=1), name=KIM, email="kim@example.org")
    await world.mail()
    for meeting in (first, second):
        radicale.delete("sanne", _url(radicale, meeting))
    await _pass(world, minutes=2)
    async with world.signed_in() as browser:
        pages = [
            await read(browser, f"/console/bookings/{meeting.id}") for meeting in (first, second)
        ]
        await send(browser, pages[0].form("/entry"), {"do": "accept"})
        await send(browser, pages[1].form("/entry"), {"do": "keep"})
    await _pass(world, minutes=2)

    assert all("U verwijderde deze afspraak uit uw agenda." in page.text for page in pages)
    assert (await _stored(world, first)).state == "cancelled"
    assert await _stored(world, second) == second
    assert radicale.names("sanne", f"{radicale.url}sanne/werk/") == [f"{second.id}.ics"]


async def test_a_longer_entry_can_only_be_put_back(world: World, radicale: Radicale) -> None:
    """A meeting keeps its length: there is no button that agrees, nor does one work."""
    meeting = await _written(world)
    text = _entry(radicale, meeting)
    radicale.put(
        "sanne",
        _url(radicale, meeting),
        text.replace("DTEND:20261201T100000Z", "DTEND:20261201T130000Z"),
    )
    await _pass(world, minutes=2)
    async with world.signed_in() as browser:
        page = await read(browser, f"/console/bookings/{meeting.id}")
        forced = await send(browser, page.form("/entry"), {"do": "accept"})

    assert "U maakte deze afspraak in uw agenda langer of korter." in page.text
    assert [value for _, value in page.form("/entry").buttons] == ["keep", "offer"]
    assert forced.status_code == 409
    assert await _stored(world, meeting) == meeting


# --- of the advisor's own accord -----------------------------------------------------------------


async def test_an_advisor_moves_a_meeting_without_being_asked(world: World) -> None:
    """A free time is chosen by plain links and confirmed; the customer is told."""
    meeting = await world.meeting(at(10, day=1))
    async with world.signed_in() as browser:
        brief = await read(browser, f"/console/bookings/{meeting.id}")
        month = await read(browser, brief.link("Afspraak wijzigen"))
        day = await read(browser, month.link("3").partition("#")[0])
        sure = await read(browser, day.link("14:00"))
        done = await send(browser, sure.form("/move"), {})
        after = await read(browser, done.headers["location"])
    told = [mail.subject for mail in await world.mail() if "anna@example.org" in mail.to]

    assert "Nu: dinsdag 1 december 2026 om 10:00, met Sanne Visser" in month.text
    assert "Verzetten naar donderdag 3 december 2026 om 14:00?" in sure.text
    assert "De afspraak is verzet." in after.text
    assert (await _stored(world, meeting)).start == at(14, day=3)
    assert [subject for subject in told if "3 december" in subject]


async def test_an_advisor_calls_a_meeting_off(world: World) -> None:
    """With a reason for the customer; after that it can be neither moved nor called off."""
    meeting = await world.meeting(at(10, day=1))
    path = f"/console/bookings/{meeting.id}"
    async with world.signed_in() as browser:
        form = (await read(browser, f"{path}/move")).form("/cancel")
        done = await send(browser, form, {"reason": " Ik ben ziek. "})
        after = await read(browser, done.headers["location"])
        again = await send(browser, form, {})
        moving = await read(browser, f"{path}/move")
        offered = await browser.post(f"{path}/offer")
    now = await _stored(world, meeting)

    assert "De afspraak is afgezegd." in after.text
    assert (now.state, now.cancelled_by, now.reason) == ("cancelled", "advisor", "Ik ben ziek.")
    assert (again.status_code, offered.status_code) == (409, 409)
    assert "Dit gesprek kan niet meer worden verzet." in moving.text
    assert moving.forms[-1].action == "/console/sign-out"


async def test_hours_still_bind_an_advisor_and_grid_and_notice_do_not(world: World) -> None:
    """Ten past two today is theirs to give; ten at night is not."""
    meeting = await world.meeting(at(10, day=1))
    path = f"/console/bookings/{meeting.id}/move"
    async with world.signed_in() as browser:
        late = await browser.post(path, data={"start": at(22, day=1).isoformat()})
        past = await browser.post(path, data={"start": at(8).isoformat()})
        odd = await browser.post(path, data={"start": at(14, 10).isoformat()})
        none = await browser.post(path, data={"start": "straks"})

    assert [answer.headers["location"].partition("?")[2] for answer in (late, past, odd, none)] == [
        "done=not-free",
        "done=not-free",
        "done=moved",
        "",
    ]
    assert (await _stored(world, meeting)).start == at(14, 10)


async def test_another_organisations_meetings_cannot_be_moved(world: World) -> None:
    """Nothing that they have is known here."""
    other = await open_bank(world.house, world.now(), slug="anderebank")
    theirs = await world.meeting(at(10, day=1), bank=other)
    path = f"/console/bookings/{theirs.id}"
    async with world.signed_in() as browser:
        answers = [await browser.get(f"{path}/move")]
        for verb, data in (
            ("move", {"start": at(14, day=1).isoformat()}),
            ("offer", {}),
            ("cancel", {}),
            ("proposal", {"do": "accept", "seen": at(14, day=1).isoformat()}),
            ("proposal", {"do": "keep", "seen": at(14, day=1).isoformat()}),
            ("entry", {"do": "accept", "seen": "moved "}),
        ):
            answers.append(await browser.post(f"{path}/{verb}", data=data))  # awaited
    async with world.house.database.reading(other.tenant.id) as db:
        still = await booking.service.get_booking(db, other.tenant.id, theirs.id)

    assert {answer.status_code for answer in answers} <= {404, 409}
    assert still == theirs


# --- steps ---------------------------------------------------------------------------------------


async def _written(world: World) -> Booking:
    """Let the organisation want to be asked; book, and write it into Sanne's calendar."""
    tenant = world.bank.tenant
    settings = structs.replace(
        tenant.settings, grace_minutes=0, calendar_moved="ask", calendar_deleted="ask"
    )
    async with world.house.database.transaction() as db:
        await change_tenant(db, tenant.id, name=None, settings=settings)
    port = world.house.settings.outgoing_allow[0]
    await world.house.calendars.connect(
        tenant.id,
        ConnectInput(
            advisor=world.bank.advisor,
            url=f"http://{port}/",
            username="sanne",
            password=PASSWORDS["sanne"],
        ),
    )
    meeting = await world.meeting(at(10, day=1))
    await world.mail()
    return meeting


async def _dragged(
    world: World, radicale: Radicale, *, to: str, meeting: Booking | None = None
) -> Booking:
    """Let Sanne move the entry of a meeting in her own calendar program, an hour long."""
    meeting = meeting or await _written(world)
    start = datetime.strptime(to, "%Y%m%dT%H%M%SZ")  # noqa: DTZ007  # text to text
    end = f"{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}"
    text = _entry(radicale, meeting)
    assert "DTSTART:20261201T090000Z" in text
    text = text.replace("DTSTART:20261201T090000Z", f"DTSTART:{to}")
    text = text.replace("DTEND:20261201T100000Z", f"DTEND:{end}")
    radicale.put("sanne", _url(radicale, meeting), text)
    await _pass(world, minutes=2)
    async with world.house.database.reading(world.bank.tenant.id) as db:
        (link,) = await of_booking(db, world.bank.tenant.id, meeting.id)
    assert (link.change, link.asked) == ("moved", True)
    return meeting


async def _pass(world: World, *, minutes: int) -> None:
    """Let time go by, and do what becomes due."""
    world.clock.advance(timedelta(minutes=minutes))
    await world.mail()


def _url(radicale: Radicale, meeting: Booking) -> str:
    return f"{radicale.url}sanne/werk/{meeting.id}.ics"


def _entry(radicale: Radicale, meeting: Booking) -> str:
    return radicale.get("sanne", _url(radicale, meeting))


async def _stored(world: World, meeting: Booking) -> Booking:
    async with world.house.database.reading(world.bank.tenant.id) as db:
        return await booking.service.get_booking(db, world.bank.tenant.id, meeting.id)


async def _noted(world: World, action: str) -> list[str]:
    """Return which advisors are on record for it."""
    async with world.house.database.reading(world.bank.tenant.id) as db:
        rows = await db.scalars(
            select(audit_entries.c.actor).where(audit_entries.c.action == action)
        )
        return [actor for actor in rows if actor.startswith("adv_")]
