"""Signing in to the console: links that work once, and forms that come from our own pages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.tables import console_sessions, sign_ins
from kernel.clock import FixedClock
from kernel.tables import audit_entries
from tests.api.console_world import World, at, open_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank whose advisors sign in by mail."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def test_an_advisor_signs_in_with_the_link_from_a_mail(world: World) -> None:
    """The link of the mail shows a button; pressing it leads to the first screen."""
    link = await world.sign_in_link()
    async with world.browser() as browser:
        page = await browser.get(link)
        answer = await browser.post(link)
        first = await browser.get(answer.headers["location"])

    assert page.status_code == 200
    assert "Meld mij aan" in page.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert first.status_code == 200
    assert "Sanne Visser" in first.text


async def test_opening_a_link_changes_nothing(world: World) -> None:
    """A mail scanner may open the link as often as it likes; the advisor can still use it."""
    link = await world.sign_in_link()
    async with world.browser() as scanner:
        pages = [await scanner.get(link) for _ in range(3)]
        assert not scanner.cookies.get("spreekuur-session")
    async with world.house.database.reading() as db:
        used = await db.scalar(select(func.count()).where(sign_ins.c.used_at.is_not(None)))
        sessions = await db.scalar(select(func.count()).select_from(console_sessions))
    async with world.browser() as browser:
        answer = await browser.post(link)

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert (used, sessions) == (0, 0)
    assert answer.headers["location"] == "/console"


async def test_a_link_works_once(world: World) -> None:
    """Whoever finds a used link gets no session, and is told how to ask for a new link."""
    link = await world.sign_in_link()
    async with world.browser() as first, world.browser() as second:
        await first.post(link)
        again = await second.post(link)
        page = await second.get(link)
        assert not second.cookies.get("spreekuur-session")

    assert (again.status_code, page.status_code) == (410, 410)
    assert "Deze link werkt niet meer" in again.text
    assert 'href="/console/demobank"' in again.text


async def test_a_link_ends_after_fifteen_minutes(world: World) -> None:
    """A quarter of an hour later a link is refused; a moment before, it is not."""
    early, late = await world.sign_in_link(), await world.sign_in_link()
    world.clock.advance(timedelta(minutes=14, seconds=59))
    async with world.browser() as browser:
        in_time = await browser.post(early)
    world.clock.advance(timedelta(seconds=1))
    async with world.browser() as browser:
        too_late = await browser.post(late)

    assert (in_time.status_code, too_late.status_code) == (303, 410)


async def test_a_link_that_never_was_one_is_refused(world: World) -> None:
    """A token that was tampered with, or is of another kind, says that it does not work."""
    link = await world.sign_in_link()
    meeting = await world.meeting(at(10))
    tenant = world.bank.tenant.id
    manage = world.house.links.url("manage", tenant, meeting.id, 0, mailed=True).rpartition("/")[2]
    async with world.browser() as browser:
        cut = await browser.post(link[:-1])
        other = await browser.post(f"/console/sign-in/{manage}")

    assert (cut.status_code, other.status_code) == (404, 404)
    assert "Deze link werkt niet meer" in cut.text


async def test_nobody_learns_who_is_an_advisor(world: World) -> None:
    """A known, an unknown and an impossible address all get the same answer."""
    async with world.browser() as browser:
        addresses = ("SANNE@demobank.example", "nobody@demobank.example", "no address")
        answers = [
            await browser.post("/console/demobank", data={"email": address})
            for address in addresses
        ]
    known, unknown, impossible = [
        (answer.status_code, answer.headers["location"], answer.content) for answer in answers
    ]
    mails = await world.mail()

    assert known == unknown == impossible
    assert [mail.to for mail in mails if "sanne@demobank.example" in mail.to] != []
    assert len(mails) == 1


async def test_another_organisations_advisor_gets_no_link_here(world: World) -> None:
    """An address is looked up in the organisation of the page, and in no other."""
    async with world.browser() as browser:
        await browser.post("/console/demobank", data={"email": "sanne@anderebank.example"})

    assert await world.mail() == []


async def test_the_session_cookie_is_closed_to_scripts(world: World) -> None:
    """The cookie is HttpOnly, stays with same-site requests, and ends with the browser."""
    link = await world.sign_in_link()
    async with world.browser() as browser:
        answer = await browser.post(link)
    cookie = _cookie(answer.headers.get_list("set-cookie"), "spreekuur-session")

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Max-Age" not in cookie


async def test_over_https_the_cookie_is_bound_to_its_host(
    database_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    """Where the public address is https the cookie is Secure and has the __Host- prefix."""
    async with open_world(
        database_url, tmp_path, clock, public_url="https://afspraak.example"
    ) as world:
        link = await world.sign_in_link()
        async with world.browser() as browser:
            answer = await browser.post(link)
            first = await browser.get("/console")
    cookie = _cookie(answer.headers.get_list("set-cookie"), "__Host-spreekuur-session")

    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert first.status_code == 200


async def test_a_session_sleeps_in_after_half_an_hour(world: World) -> None:
    """Every page keeps a session awake; after thirty idle minutes one signs in again."""
    async with world.signed_in() as browser:
        world.clock.advance(timedelta(minutes=29))
        awake = await browser.get("/console")
        world.clock.advance(timedelta(minutes=29))
        still = await browser.get("/console")
        world.clock.advance(timedelta(minutes=31))
        asleep = await browser.get("/console")

    assert (awake.status_code, still.status_code) == (200, 200)
    assert asleep.status_code == 303
    assert asleep.headers["location"] == "/console/demobank?required=true"


async def test_signing_out_ends_the_session(world: World) -> None:
    """After signing out the old cookie opens nothing, also for who kept a copy."""
    async with world.signed_in() as browser:
        kept = browser.cookies["spreekuur-session"]
        out = await browser.post("/console/sign-out")
        farewell = await browser.get(out.headers["location"])
    async with world.browser(cookie=f"spreekuur-session={kept}") as thief:
        answer = await thief.get("/console")

    assert "U bent afgemeld." in farewell.text
    assert answer.status_code == 303


async def test_a_stranger_is_asked_for_their_organisation(world: World) -> None:
    """Without any cookie the console asks which organisation, and goes to its sign-in page."""
    async with world.browser() as browser:
        first = await browser.get("/console")
        question = await browser.get(first.headers["location"])
        wrong = await browser.get("/console/sign-in", params={"organisation": "nobank"})
        right = await browser.get("/console/sign-in", params={"organisation": " Demobank "})

    assert first.headers["location"] == "/console/sign-in"
    assert "Bij welke organisatie?" in question.text
    assert wrong.status_code == 404
    assert "nobank" in wrong.text
    assert right.headers["location"] == "/console/demobank"


async def test_a_brief_that_was_asked_for_opens_after_signing_in(world: World) -> None:
    """A link to a brief from a mail leads there once the advisor has signed in."""
    meeting = await world.meeting(at(10))
    async with world.browser() as browser:
        await browser.get(f"/console/bookings/{meeting.id}")
        link = await world.sign_in_link()
        answer = await browser.post(link)

    assert answer.headers["location"] == f"/console/bookings/{meeting.id}"


async def test_no_other_place_is_gone_to_after_signing_in(world: World) -> None:
    """A planted cookie cannot send an advisor to another website."""
    link = await world.sign_in_link()
    async with world.browser(cookie="spreekuur-next=//evil.example/console/bookings/") as browser:
        answer = await browser.post(link)

    assert answer.headers["location"] == "/console"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site", "origin": "https://evil.example"},
        {"sec_fetch_site": "same-site", "origin": "http://other.127.0.0.1:8000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
    ],
)
async def test_a_form_from_another_website_is_refused(
    world: World, headers: dict[str, str]
) -> None:
    """No form of another origin signs in, signs out or asks for a mail."""
    link = await world.sign_in_link()
    async with world.signed_in() as browser:
        foreign = {key.replace("_", "-"): value for key, value in headers.items()}
        out = await browser.post("/console/sign-out", headers=foreign)
        still = await browser.get("/console")
    before = len(await world.mail())
    async with world.browser(**headers) as elsewhere:
        sign_in = await elsewhere.post(link)
        ask = await elsewhere.post("/console/demobank", data={"email": "sanne@demobank.example"})

    assert (out.status_code, sign_in.status_code, ask.status_code) == (403, 403, 403)
    assert "Dit is niet gedaan" in out.text
    assert still.status_code == 200
    assert len(await world.mail()) == before


async def test_a_form_that_tells_nothing_of_its_origin_is_refused(world: World) -> None:
    """Silence is no permission; an Origin of ours alone is, as old browsers send it."""
    link = await world.sign_in_link()
    async with world.browser() as browser:
        del browser.headers["sec-fetch-site"]
        silent = await browser.post(link)
        told = await browser.post(link, headers={"origin": "http://127.0.0.1:8000"})

    assert (silent.status_code, told.status_code) == (403, 303)


async def test_signing_in_is_on_record(world: World) -> None:
    """The audit log says which advisor signed in, and when."""
    async with world.signed_in(), world.house.database.reading(world.bank.tenant.id) as db:
        row = (
            await db.execute(
                select(audit_entries).where(
                    audit_entries.c.tenant_id == world.bank.tenant.id,
                    audit_entries.c.action == "console.signed-in",
                )
            )
        ).one()

    assert (row.actor, row.at) == (world.bank.advisor, world.now())


def _cookie(headers: list[str], name: str) -> str:
    return next(header for header in headers if header.startswith(f"{name}="))
