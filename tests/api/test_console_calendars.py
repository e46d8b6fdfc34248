"""An advisor's calendars on their screen: what each is for, how it stands, connecting, our own."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from icalendar import Calendar
from msgspec import structs
from sqlalchemy import select

from api.pages.console.calendars import login_view
from booking.calendars.advice import ADVICE
from booking.calendars.model import (
    Account,
    AccountState,
    Collection,
    ConnectInput,
    Troubled,
)
from booking.expansion import Expansion
from booking.model import SlotQuery
from booking.service import slots
from kernel.clock import FixedClock
from kernel.tables import audit_entries
from tests.api.console_world import World, at, open_world, text_of
from tests.api.pages_browser import Form, Reading, read, send
from tests.booking.calendars.conftest import event
from tests.booking.calendars.test_splitting import event as day_event
from tests.booking.calendars.test_splitting import feed
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.website import Page, Website

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
PAGE = "/console/calendars"
SECRET = "/geheim-7d1/basic.ics"


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server."""
    server = Radicale()
    yield server
    server.remove()


@pytest.fixture
def website() -> Iterator[Website]:
    """A real web server with a page and a feed."""
    website = Website()
    website.pages = {
        "/": Page(b"<!doctype html>", media_type="text/html"),
        SECRET: Page(feed(day_event("a", 1))),
    }
    yield website
    website.remove()


@pytest.fixture
async def world(
    database_url: str, tmp_path: Path, clock: FixedClock, radicale: Radicale, website: Website
) -> AsyncIterator[World]:
    """A bank with two advisors; Sanne has a calendar at the server."""
    radicale.start_again()
    radicale.set_password("sanne", PASSWORDS["sanne"])
    radicale.empty("sanne")
    radicale.make_calendar("sanne", "werk")
    allow = (f"127.0.0.1:{radicale.port}", f"127.0.0.1:{website.port}")
    async with open_world(database_url, tmp_path, clock, outgoing_allow=allow) as opened:
        yield opened


# --- connecting ----------------------------------------------------------------------------------


async def test_a_calendar_is_tried_and_then_connected(world: World, radicale: Radicale) -> None:
    """Trying stores nothing and sends no password back; connecting reads it and says so."""
    typed = {"url": radicale.url, "username": "sanne", "password": PASSWORDS["sanne"]}
    async with world.signed_in() as browser:
        before = await read(browser, PAGE)
        page = await read(browser, before.link("agendaserver"))
        tried = await send(browser, page.form("/connect"), {**typed, "do": "test"})
        between = await world.house.calendars.list_accounts(world.bank.tenant.id)
        form = Reading(tried.text).form("/connect")
        done = await send(browser, form, {"password": PASSWORDS["sanne"], "do": "connect"})
        after = await read(browser, done.headers["location"])

    assert "Er is geen agenda gekoppeld." in before.text
    assert tried.status_code == 200
    assert "Dit werkt. Er is nog niets gekoppeld. Gevonden: Werk" in text_of(tried.text)
    assert PASSWORDS["sanne"] not in tried.text
    assert between == []
    assert (form.values["url"], form.values["password"]) == (radicale.url, "")
    assert done.status_code == 303
    assert "De agenda is gekoppeld en gelezen." in after.text
    assert "Werk bijgewerkt zojuist" in after.text
    assert await _noted(world, "calendar.connected") == [world.bank.advisor]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("do", ["test", "connect"])
async def test_what_is_wrong_is_said_in_plain_words(
    world: World, radicale: Radicale, website: Website, do: str, language: str
) -> None:
    """A wrong password, a web page, a private address: what it is and what to do."""
    good = {"username": "sanne", "password": "fout-wachtwoord"}
    async with world.signed_in() as browser:
        await browser.get(PAGE, params={"lang": language})
        said = {}
        for word, kind, url in (
            ("refused", "caldav", radicale.url),
            ("web-page", "caldav", f"{website.url}/"),
            ("private-address", "caldav", "https://10.0.0.1/"),
            ("not-https", "caldav", "http://example.org/"),
            ("nothing-there", "feed", f"{website.url}/weg.ics"),
        ):
            form = (await read(browser, f"{PAGE}/connect?kind={kind}")).form("/connect")
            answer = await send(browser, form, {**good, "url": url, "do": do})
            assert answer.status_code == 422
            assert "fout-wachtwoord" not in answer.text
            said[word] = text_of(answer.text).replace("&#39;", "'")

    for word, text in said.items():
        assert ADVICE[word]["nl" if language == "nl" else "en"] in text, word
    assert await world.house.calendars.list_accounts(world.bank.tenant.id) == []


async def test_fields_that_are_needed_are_named(world: World) -> None:
    """An empty form is answered by itself, with what is missing marked."""
    async with world.signed_in() as browser:
        form = (await read(browser, f"{PAGE}/connect")).form("/connect")
        answer = await send(browser, form, {"do": "connect"})
        page = Reading(answer.text)

    assert answer.status_code == 422
    marked = {name for name, have in page.fields.items() if have.get("aria-invalid")}
    assert marked == {"url", "username", "password"}


async def test_a_feeds_address_is_shown_to_nobody(world: World, website: Website) -> None:
    """It is kept like a password: the page names its server only."""
    async with world.signed_in() as browser:
        form = (await read(browser, f"{PAGE}/connect?kind=feed")).form("/connect")
        done = await send(browser, form, {"url": f"{website.url}{SECRET}", "do": "connect"})
        page = await browser.get(done.headers["location"])

    assert f"127.0.0.1:{website.port}" in page.text
    assert "geheim-7d1" not in page.text
    assert "Vul bij" not in page.text
    assert "password" not in page.text  # it has none


# --- what becomes of one -------------------------------------------------------------------------


async def test_each_calendar_is_given_its_role(world: World, radicale: Radicale) -> None:
    """Busy, target or not read; another advisor's cannot be touched, nor a role made up."""
    radicale.make_calendar("sanne", "prive")
    account = await _connected(world, radicale)
    other = next(one for one in account.collections if one.role != "target")
    path = f"{PAGE}/{account.id}/collections/{other.id}"
    async with world.signed_in("joost@demobank.example") as colleague:
        foreign = await colleague.post(path, data={"role": "ignore"})
    async with world.signed_in() as browser:
        page = await read(browser, PAGE)
        form = page.form(path)
        nonsense = await send(browser, form, {"role": "vrij"})
        done = await send(browser, form, {"role": "ignore"})
        ignored = await read(browser, done.headers["location"])
        await send(browser, form, {"role": "target"})
    now = await world.house.calendars.status(world.bank.tenant.id, account.id)

    assert form.offered["role"] == ["busy", "target", "ignore"]
    assert (foreign.status_code, nonsense.status_code) == (404, 400)
    assert "wordt niet gelezen" in ignored.text
    assert {one.id: one.role for one in now.collections} == {
        one.id: "target" if one.id == other.id else "busy" for one in account.collections
    }


async def test_a_new_password_lets_the_calendar_in_again(world: World, radicale: Radicale) -> None:
    """After it was refused the page asks for it; a wrong one is not kept, the right one is."""
    account = await _connected(world, radicale)
    radicale.set_password("sanne", "een-nieuw-wachtwoord")
    tenant = world.bank.tenant.id
    for _ in range(2):  # once it may be a mistake of the server
        await world.house.calendars.sync(tenant, account.id)
    async with world.signed_in() as browser:
        locked = await read(browser, PAGE)
        form = locked.form("/password")
        wrong = await send(browser, form, {"password": "nog-steeds-fout"})
        still = await world.house.calendars.status(tenant, account.id)
        done = await send(browser, form, {"password": "een-nieuw-wachtwoord"})
        after = await read(browser, done.headers["location"])

    assert "De agenda weigert het wachtwoord." in locked.text
    assert wrong.status_code == 422
    assert ADVICE["refused"]["nl"] in text_of(wrong.text)
    assert "nog-steeds-fout" not in wrong.text
    assert still.state == "auth-failed"
    assert "Het nieuwe wachtwoord werkt." in after.text
    assert "weigert" not in after.text


@pytest.mark.parametrize("entries", ["keep", "remove"])
async def test_disconnecting_leaves_our_entries_or_takes_them_along(
    world: World, radicale: Radicale, entries: str
) -> None:
    """As chosen; either way nothing of the account is left, and the meeting stands."""
    await _connected(world, radicale)
    meeting = await world.meeting(at(10, day=1))
    await world.mail()
    werk = f"{radicale.url}sanne/werk/"
    written = radicale.names("sanne", werk)
    async with world.signed_in() as browser:
        form = (await read(browser, PAGE)).form("/disconnect")
        done = await send(browser, form, {"entries": entries})
        said = await read(browser, done.headers["location"])
        await world.mail()
        after = await read(browser, PAGE)
        again = await send(browser, form, {"entries": entries})

    assert form.values == {"entries": "keep"}
    assert written == [f"{meeting.id}.ics"]
    assert radicale.names("sanne", werk) == (written if entries == "keep" else [])
    assert ("wordt ontkoppeld" in said.text) == (entries == "remove")
    assert "Er is geen agenda gekoppeld." in after.text
    assert again.status_code == 404


async def test_updating_comes_back_to_the_page_it_was_asked_on(
    world: World, radicale: Radicale
) -> None:
    """From the page of calendars it leads there, and a server that is down is explained."""
    await _connected(world, radicale)
    async with world.signed_in() as browser:
        form = (await read(browser, PAGE)).form("/sync")
        good = await send(browser, form, {})
        radicale.stop()
        bad = await send(browser, form, {})
        page = await read(browser, bad.headers["location"])

    assert good.headers["location"] == f"{PAGE}?done=synced"
    assert bad.headers["location"] == f"{PAGE}?done=sync-failed"
    assert "De agendaserver antwoordt niet. Wij proberen het steeds opnieuw" in page.text


async def test_entries_that_were_not_understood_are_listed_without_their_text(
    world: World, radicale: Radicale
) -> None:
    """When they close time and why, in both languages; a title is never shown, nor kept."""
    odd = event("x", ":20261202T100000", ":20261202T110000", "SUMMARY:Oncoloog")
    odd = odd.replace("DTSTART:", "DTSTART;TZID=Ergens/Nergens:").replace(
        "DTEND:", "DTEND;TZID=Ergens/Nergens:"
    )
    radicale.put("sanne", f"{radicale.url}sanne/werk/x.ics", odd)
    await _connected(world, radicale)
    async with world.signed_in() as browser:
        dutch = await read(browser, PAGE)
        english = await read(browser, f"{PAGE}?lang=en")

    assert "Niet begrepen items Van " in dutch.text
    assert "noemt een onbekende tijdzone. Elke tijd die bedoeld kan zijn, is dicht." in dutch.text
    assert "names an unknown time zone." in english.text
    assert "Oncoloog" not in dutch.source + english.source


@pytest.mark.parametrize(
    ("state", "account_problem", "problems", "words"),
    [
        ("degraded", "calendar-unreachable", [None, None], ["does not answer"] * 2),
        ("degraded", "collection-forbidden", ["collection-forbidden", None], ["rights", None]),
        ("missing", "collection-missing", [None, "collection-missing"], [None, "is gone"]),
        ("auth-failed", "calendar-refused", [None, None], ["refuses the password"] * 2),
        ("degraded", "calendar-of-tomorrow", [None, None], ["does not answer well"] * 2),
        ("active", None, ["collection-emptied", None], ["suddenly empty", None]),
    ],
)
def test_only_what_is_in_trouble_is_said_to_be(
    state: AccountState,
    account_problem: str | None,
    problems: list[str | None],
    words: list[str | None],
) -> None:
    """What is wrong with a server is wrong with all its calendars, what with one is not."""
    collections = [
        Collection(
            id=f"col_{number}", name="Werk", url="https://dav.example/werk/", role="busy",
            timezone=None, writable=True, last_ok_at=NOW, problem=problem,
        )
        for number, problem in enumerate(problems)
    ]  # fmt: skip
    account = Account(
        id="acc_1", advisor_id="adv_1", url="https://dav.example/", username="sanne", state=state,
        problem=account_problem, collections=collections,
    )  # fmt: skip
    seen = login_view(
        account,
        [],
        staleness=timedelta(minutes=30),
        timezone="Europe/Amsterdam",
        language="en",
        now=NOW,
    )

    for calendar, expected in zip(seen.calendars, words, strict=True):
        assert [expected in one for one in calendar.trouble] == [True] if expected else True
        assert expected or calendar.trouble == []


def test_every_reason_has_words(world_words: set[str]) -> None:
    """Whatever an entry's trouble is called, it can be told; and one without times as well."""
    account = Account(
        id="acc_1", advisor_id="adv_1", url="https://dav.example/", username="", state="active",
        problem=None, collections=[],
    )  # fmt: skip
    collection = Collection(
        id="col_1", name="Werk", url="https://dav.example/werk/", role="busy", timezone=None,
        writable=True, last_ok_at=NOW,
    )  # fmt: skip
    troubled = [
        Troubled(collection_id="col_1", problem=word, start=None, end=None)
        for word in sorted(world_words)
    ]
    seen = login_view(
        structs.replace(account, collections=[collection]),
        troubled,
        staleness=timedelta(minutes=30),
        timezone="Europe/Amsterdam",
        language="nl",
        now=NOW,
    )

    lines = seen.calendars[0].unread
    assert len(set(lines)) == len(world_words) == 7
    assert all(line.startswith("Op een onbekend of voorbij moment: ") for line in lines)


@pytest.fixture
def world_words() -> set[str]:
    """The words that an expansion names as its trouble, as its docstring lists them."""
    text = (Expansion.__doc__ or "").partition("problem:")[2].partition("readable:")[0]
    return set(re.findall(r"\*([a-z-]+)\*", text))


# --- the calendar that we keep -------------------------------------------------------------------


async def test_entries_are_added_changed_and_removed(world: World) -> None:
    """By the advisor's own clock, whole days without times; what is wrong keeps what was typed."""
    async with world.signed_in() as browser:
        path = await _own(browser)
        form = (await read(browser, path)).form("/entries")
        typed = {"start_day": "2026-12-01", "start_time": "09:00", "end_time": "11:00"}
        added = await send(browser, form, {**typed, "title": "Tandarts <b>"})
        wrong = await send(browser, form, {**typed, "end_time": "08:00", "title": "Kapper"})
        whole = await send(browser, form, {"start_day": "2026-12-03", "end_day": "2026-12-04"})
        page = await read(browser, added.headers["location"])
        entry = await read(browser, page.link("Wijzigen"))
        changed = await send(browser, entry.forms[-1], {"start_time": "13:00", "end_time": "15:00"})
        moved = await read(browser, changed.headers["location"])
        starts = await _starts(world)
        removal = moved.form("/remove")
        removed = await send(browser, removal, {})
        last = await read(browser, removed.headers["location"])
        again = await send(browser, removal, {})

    assert (added.status_code, whole.status_code, wrong.status_code) == (303, 303, 400)
    assert Reading(wrong.text).form("/entries").values["title"] == "Kapper"
    assert "Het einde moet na het begin liggen" in wrong.text
    assert "dinsdag 1 december 2026 om 09:00 tot dinsdag 1 december 2026 om 11:00" in page.text
    assert "Tandarts &lt;b&gt;" in page.source
    assert "donderdag 3 december 2026 om 00:00 tot zaterdag 5 december 2026 om 00:00" in page.text
    assert {name: entry.forms[-1].values[name] for name in typed} == typed
    assert "om 13:00 tot" in moved.text
    assert at(9, day=1) in starts
    assert at(13, day=1) not in starts
    assert not [start for start in starts if at(0, day=3) <= start < at(0, day=5)]
    assert "Die tijd is weer vrij." in last.text
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"start_day": ""}, "start"),
        ({"start_day": "morgen"}, "start"),
        ({"start_day": "9999-12-31"}, "start"),
        ({"start_time": "25:00"}, "start"),
        ({"start_time": "09:00+01:00"}, "start"),
        ({"end_day": "0001-01-01"}, "end"),
        ({"end_day": "2030-01-01"}, "end"),
        ({"end_time": "elf"}, "end"),
        ({"title": "x" * 201}, "title"),
        ({"title": "een\x07bel"}, "title"),
    ],
)
async def test_what_is_no_stretch_of_time_is_refused(
    world: World, typed: dict[str, str], field: str
) -> None:
    """The field that says so is marked, and nothing is stored."""
    async with world.signed_in() as browser:
        path = await _own(browser)
        form = (await read(browser, path)).form("/entries")
        answer = await send(browser, form, {"start_day": "2026-12-01", **typed})
        page = await read(browser, path)

    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert "Er staan geen tijden in die nog komen." in page.text


async def test_the_secret_address_is_shown_renewed_and_ended(world: World) -> None:
    """It stands on no page that is merely opened; what was ended or renewed works no more."""
    async with world.signed_in() as browser:
        path = await _own(browser)
        form = (await read(browser, path)).form("/feed")
        assert "feed" not in [value for _, value in form.buttons]

        async def shown() -> str:
            answer = await send(browser, form, {"do": "show"})
            assert answer.headers["cache-control"] == "no-store"
            url = Reading(answer.text).fields["address"]["value"] or ""
            return url.removeprefix(world.house.settings.public_url)

        async def opens(address: str) -> bool:
            async with world.browser() as program:
                answer = await program.get(address)
            if answer.status_code == 200:
                Calendar.from_ical(answer.content)
            return answer.status_code == 200

        first, same = await shown(), await shown()
        plain = (await browser.get(path)).text
        works = await opens(first)
        renewed = await send(browser, form, {"do": "renew"})
        second = await shown()
        between = [await opens(first), await opens(second)]
        ended = await send(browser, form, {"do": "revoke"})
        after = [await opens(first), await opens(second)]

    assert first == same
    assert first not in plain
    assert works
    assert renewed.headers["location"].endswith("?done=feed-renewed")
    assert between == [False, True]
    assert ended.headers["location"].endswith("?done=feed-revoked")
    assert after == [False, False]


async def test_a_colleagues_calendar_is_not_opened(world: World) -> None:
    """Neither its times nor its address, and nothing can be put in it or done to it."""
    tenant = world.bank.tenant.id
    theirs = await world.house.calendars.connect(
        tenant, ConnectInput(advisor=world.bank.colleague, kind="own")
    )
    path = f"{PAGE}/{theirs.id}"
    async with world.signed_in() as browser:
        answers = [
            await browser.get(f"{path}/entries"),
            await browser.post(f"{path}/entries", data={"start_day": "2026-12-01"}),
            await browser.get(f"{path}/entries/ent_1"),
            await browser.post(f"{path}/entries/ent_1", data={"start_day": "2026-12-01"}),
            await browser.post(f"{path}/entries/ent_1/remove"),
            await browser.post(f"{path}/feed", data={"do": "show"}),
            await browser.post(f"{path}/feed", data={"do": "revoke"}),
            await browser.post(f"{path}/sync"),
            await browser.post(f"{path}/password", data={"password": "x"}),
            await browser.post(f"{path}/disconnect"),
        ]
    page = text_of(answers[0].text)

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert "Niet gevonden" in page
    assert await world.house.calendars.list_accounts(tenant, world.bank.colleague) == [theirs]


async def test_forms_from_elsewhere_and_strangers_do_nothing(world: World) -> None:
    """Another website's form is refused; whoever has not signed in is sent to where they can."""
    async with world.signed_in() as browser:
        path = await _own(browser)
        foreign = await browser.post(
            path, data={"start_day": "2026-12-01"}, headers={"sec-fetch-site": "cross-site"}
        )
        page = await read(browser, path)
    async with world.browser() as stranger:
        opened = await stranger.get(path)

    assert foreign.status_code == 403
    assert "Er staan geen tijden in" in page.text
    assert opened.status_code == 303


async def _own(browser: httpx2.AsyncClient) -> str:
    """Start a calendar that we keep; return the address of its page."""
    page = await read(browser, PAGE)
    start: Form = next(form for form in page.forms if form.values.get("kind") == "own")
    done = await send(browser, start, {"do": "connect"})
    after = await read(browser, done.headers["location"])
    return after.link("Tijden en geheim adres")


async def _connected(world: World, radicale: Radicale) -> Account:
    return await world.house.calendars.connect(
        world.bank.tenant.id,
        ConnectInput(
            advisor=world.bank.advisor,
            url=radicale.url,
            username="sanne",
            password=PASSWORDS["sanne"],
        ),
    )


async def _starts(world: World) -> list[datetime]:
    """Return when the advisor can be booked in the first week of December."""
    query = SlotQuery(
        meeting_type="hypotheek",
        start=at(0, day=1),
        end=at(0, day=8),
        channel="video",
        advisor=world.bank.advisor,
    )
    async with world.house.database.reading(world.bank.tenant.id) as db:
        return (await slots(db, world.bank.tenant.id, query, now=world.now())).starts


async def _noted(world: World, action: str) -> list[str]:
    async with world.house.database.reading(world.bank.tenant.id) as db:
        rows = await db.scalars(
            select(audit_entries.c.actor).where(audit_entries.c.action == action)
        )
        return list(rows)
