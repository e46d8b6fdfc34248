"""A customer books from a bank's own page, in a real browser."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Route, expect

from tests.e2e.widget_page import ANNA, Visit
from tests.services.node import WIDGET, build_widget, check_widget
from tests.services.wire_server import BUNDLE

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 360, "height": 740}
DARK = "<style>:root { color-scheme: dark }</style>"


# --- booking -------------------------------------------------------------------------------------


async def test_a_visitor_books_with_the_mouse(visit: Visit) -> None:
    """From the page to a confirmed booking, and the page hears of it without personal data."""
    await visit.open()
    start = await visit.choose_time(1)
    await visit.fill_in()
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()

    [sent] = visit.sent("POST", "bookings")
    assert sent["start"] == start
    assert sent["hold"].startswith("hld_")
    assert sent["customer"] == {
        "name": {"given": "Anna", "prefix": "de", "surname": "Vries", "honorific": "mrs"},
        "email": "anna@example.org",
        "phone": None,
        "language": "nl",
    }
    [booked] = await visit.heard("booked")
    assert booked["booking"].startswith("bkg_")
    assert datetime.fromisoformat(booked["start"]) == datetime.fromisoformat(start)
    told = json.dumps(await visit.page.evaluate("heard"))
    assert not re.search("anna|vries|example.org|hld_", told, re.IGNORECASE)
    assert [name for name, _ in await visit.page.evaluate("heard")] == [
        "spk-ready",
        "spk-slot",
        "spk-hold",
        "spk-booked",
    ]
    prepare = visit.widget.get_by_role("link", name="Bereid het gesprek voor")
    assert "/intake/" in str(await prepare.get_attribute("href"))
    manage = visit.widget.get_by_role("link", name="Afspraak bekijken of wijzigen")
    assert "/manage/" in str(await manage.get_attribute("href"))
    assert not visit.trouble


async def test_a_visitor_books_with_the_keyboard_alone(visit: Visit) -> None:
    """Tab, arrows, space and Enter are enough, and the focus is always where the news is."""
    page = await visit.open()
    await visit.time().wait_for()
    await visit.tab_to("maandag 30 november 2026, 7 tijden vrij")
    await page.keyboard.press("ArrowRight")
    await expect(visit.heading("December 2026")).to_be_visible()
    await expect(visit.widget.get_by_label("dinsdag 1 december 2026, 15 tijden")).to_be_focused()
    await page.keyboard.press("Enter")
    assert await visit.focused() == "Dinsdag 1 december 2026"
    await visit.tab_to("10:00, dinsdag 1 december 2026")
    await page.keyboard.press("Enter")
    await expect(visit.heading("Uw gegevens")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    for value in ("Anna", "de", "Vries", "anna@example.org"):
        await page.keyboard.press("Tab")
        await page.keyboard.type(value)
    await page.keyboard.press("Enter")

    await expect(visit.heading("Uw afspraak staat")).to_be_focused()
    [sent] = visit.sent("POST", "bookings")
    assert sent["start"] == "2026-12-01T10:00:00+01:00"
    assert sent["customer"]["name"]["honorific"] == "mrs"
    assert await visit.heard("day") == [{"day": "2026-12-01"}]


async def test_the_calendar_follows_the_keys_of_a_date_picker(visit: Visit) -> None:
    """Home and End walk the week, the page keys walk months and years, and nothing before today."""
    page = await visit.open()
    await visit.time().wait_for()
    await visit.tab_to("maandag 30 november 2026, 7 tijden vrij")
    for key, day in [
        ("PageDown", "woensdag 30 december 2026"),
        ("Home", "maandag 28 december 2026"),
        ("End", "zondag 3 januari 2027"),
        ("ArrowUp", "zondag 27 december 2026"),
        ("Shift+PageDown", "maandag 27 december 2027"),
        ("Shift+PageUp", "zondag 27 december 2026"),
        ("PageUp", "vrijdag 27 november 2026"),
        ("PageUp", "vrijdag 27 november 2026"),
    ]:
        await page.keyboard.press(key)
        focused = visit.widget.locator(f".day[tabindex='0'][aria-label^='{day}, ']")
        await expect(focused).to_be_focused()
    await page.keyboard.press("Enter")
    assert await visit.heard("day") == []


async def test_choosing_another_time_gives_the_first_one_back(visit: Visit) -> None:
    """A visitor who changes their mind keeps one time, not two."""
    await visit.open()
    first = await visit.choose_time(0)
    await visit.widget.get_by_label("Voornaam").fill("Anna")
    await visit.widget.get_by_role("button", name="Andere tijd kiezen").click()
    second = await visit.choose_time(1)

    assert [hold["start"] for hold in visit.sent("POST", "holds")] == [first, second]
    assert len(visit.sent("DELETE", "holds")) == 1
    assert await visit.widget.get_by_label("Voornaam").input_value() == "Anna"


async def test_a_phone_meeting_needs_a_number(visit: Visit) -> None:
    """Somebody who wants to be called says where, and is told so at the field."""
    await visit.open()
    await visit.widget.get_by_label("Telefonisch").check()
    await visit.choose_time()
    await visit.fill_in()
    await visit.confirm()
    number = visit.widget.get_by_label("Telefoonnummer")
    await expect(number).to_be_focused()
    await expect(number).to_have_accessible_description(
        "Vul het telefoonnummer in waarop we u kunnen bellen. Op dit nummer bellen we u."
    )
    assert not visit.sent("POST", "bookings")

    await number.fill("06 12 34 56 78")
    await visit.confirm()
    await visit.widget.get_by_text("We bellen u op 06 12 34 56 78").wait_for()


async def test_a_visitor_chooses_the_branch(visit: Visit) -> None:
    """Where there are several branches one is asked for before any time is shown."""
    await visit.open(timezone_id="Asia/Tokyo")
    await visit.time().wait_for()
    await visit.widget.get_by_label("Op kantoor").check()
    await visit.widget.get_by_text("Kies eerst een kantoor").wait_for()
    await expect(visit.time()).to_be_hidden()
    await visit.widget.get_by_label("Zwolle").check()
    await visit.widget.get_by_text("in de tijd van ons kantoor: Europe/Amsterdam").wait_for()
    await expect(visit.widget.get_by_label("Tijdzone")).to_have_count(0)
    assert await visit.choose_time() == "2026-11-30T13:00:00+01:00"
    await visit.widget.get_by_text("Bij u is het dan maandag 30 november 2026, 21:00").wait_for()
    await visit.fill_in()
    await visit.confirm()
    await visit.widget.get_by_text("Grote Markt 5, Zwolle").wait_for()

    [sent] = visit.sent("POST", "bookings")
    assert (sent["channel"], sent["location"]) == ("branch", "zwolle")


# --- when something goes otherwise ---------------------------------------------------------------


async def test_a_time_that_is_gone_costs_the_visitor_nothing_they_typed(
    visit: Visit, let_holds_end: Callable[[], None]
) -> None:
    """Who loses the race to book is told, keeps the form, and books one of the alternatives."""
    await visit.open()
    start = await visit.choose_time()
    await visit.fill_in()
    let_holds_end()
    await visit.somebody_else_books(start)
    await visit.confirm()
    await expect(visit.notice).to_contain_text("net door iemand anders gekozen")
    await expect(visit.notice).to_contain_text("Wat u heeft ingevuld, is bewaard.")
    await expect(visit.notice).to_be_focused()
    assert {"code": "slot-taken"} in await visit.heard("error")

    await visit.notice.get_by_role("button").first.click()
    await expect(visit.notice).to_have_count(0)
    for label, value in ANNA.items():
        assert await visit.widget.get_by_label(label).input_value() == value
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    [booked] = await visit.heard("booked")
    assert booked["start"] != start


async def test_a_time_that_was_taken_meanwhile_is_not_offered_again(visit: Visit) -> None:
    """Choosing a time that is gone shows others, and the list is up to date again."""
    await visit.open()
    button = visit.time(3)
    start = str(await button.get_attribute("data-start"))
    await visit.somebody_else_books(start)
    await button.click()
    await expect(visit.notice).to_contain_text("Deze tijden zijn nog vrij:")
    await expect(visit.widget.locator(f"[data-start='{start}']")).to_have_count(0)
    await visit.notice.get_by_role("button").first.click()
    await visit.heading("Uw gegevens").wait_for()


async def test_a_hold_that_has_ended_does_not_stop_a_booking(
    visit: Visit, let_holds_end: Callable[[], None]
) -> None:
    """Who takes longer than the hold still gets the time when nobody else took it."""
    page = await visit.open(prepare="")
    await visit.time().wait_for()
    await page.clock.install()
    await visit.choose_time()
    await visit.fill_in()
    let_holds_end()
    await page.clock.fast_forward("11:00")
    await expect(visit.notice).to_contain_text("niet langer voor u vast")
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    assert [bool(sent["hold"]) for sent in visit.sent("POST", "bookings")] == [True, False]


async def test_an_answer_that_got_lost_does_not_book_twice(visit: Visit) -> None:
    """The request is sent again with the same key, so the same booking is confirmed."""
    page = await visit.open()
    await visit.choose_time()
    await visit.fill_in()
    keys: list[str | None] = []

    async def lose_the_first_answer(route: Route) -> None:
        keys.append(await route.request.header_value("Idempotency-Key"))
        answer = await route.fetch()
        await (route.abort() if len(keys) == 1 else route.fulfill(response=answer))

    await page.route("**/v1/bookings", lose_the_first_answer)
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    assert len(keys) == 2
    assert keys[0] == keys[1] != None  # noqa: E711  # both are the same, and there


async def test_without_a_connection_the_visitor_can_try_again(visit: Visit) -> None:
    """After a few silent tries there is a button; the form is still filled in when it works."""
    page = await visit.open()
    await visit.choose_time()
    await visit.fill_in()
    await page.route("**/v1/bookings", lambda route: route.abort())
    await visit.confirm()
    await expect(visit.notice).to_contain_text("We krijgen geen verbinding")
    assert len(visit.sent("POST", "bookings")) == 3
    assert await visit.widget.get_by_label("Voornaam").input_value() == "Anna"

    await page.unroute("**/v1/bookings")
    await visit.notice.get_by_role("button", name="Opnieuw proberen").click()
    await visit.heading("Uw afspraak staat").wait_for()


async def test_a_server_that_hangs_is_asked_again(visit: Visit) -> None:
    """After eight seconds without an answer the widget gives up waiting and asks once more."""
    await visit.open()
    await visit.time().wait_for()
    asked: list[Route] = []

    async def answer_the_second(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:
            await route.continue_()

    await visit.page.route("**/v1/slots*", answer_the_second)
    await visit.widget.get_by_label("Volgende maand").click()
    await visit.widget.get_by_label("dinsdag 1 december 2026, 15 tijden").wait_for()
    assert len(asked) == 2


async def test_what_the_server_refuses_is_shown_at_the_field(visit: Visit) -> None:
    """A problem with a pointer lands where the visitor can mend it."""
    await visit.open()
    await visit.choose_time()
    await visit.fill_in({**ANNA, "E-mailadres": "anna@example.invalid"})
    await visit.confirm()
    email = visit.widget.get_by_label("E-mailadres")
    await expect(email).to_be_focused()
    await expect(email).to_have_attribute("aria-invalid", "true")
    await email.fill("anna@example.org")
    await expect(email).not_to_have_attribute("aria-invalid", "true")
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()


async def test_a_widget_that_may_not_work_here_leaves_the_link(visit: Visit) -> None:
    """With a wrong key the visitor gets the page's own link instead of an empty box."""
    await visit.open(key="pk_wrong")
    await expect(visit.notice).to_contain_text("lukt hier nu niet")
    await expect(visit.widget.get_by_role("link", name="Maak een afspraak")).to_be_visible()
    assert await visit.heard("error") == [{"code": "unauthenticated"}]


# --- time zones ----------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"])
async def test_the_day_that_is_shown_is_the_day_that_is_booked(visit: Visit, zone: str) -> None:
    """Wherever the visitor's clock stands, day and time on the screen are those of the booking."""
    await visit.open(timezone_id=zone)
    await visit.time().wait_for()
    await expect(visit.widget.get_by_label("Tijdzone")).to_have_value(zone)
    if await visit.heading("November 2026").is_visible():
        await visit.widget.get_by_label("Volgende maand").click()
    day = visit.widget.get_by_label("woensdag 2 december 2026, ")
    await expect(day).not_to_have_attribute("aria-disabled", "true")
    await day.click()
    shown = (await visit.time().inner_text()).split(",")[0].strip()
    await visit.choose_time()
    await visit.fill_in()
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    await expect(visit.widget.locator("dd").first).to_contain_text("Woensdag 2 december 2026")
    [booked] = await visit.heard("booked")
    local = datetime.fromisoformat(booked["start"]).astimezone(ZoneInfo(zone))
    assert (local.date().isoformat(), f"{local:%H:%M}") == ("2026-12-02", shown)


async def test_a_visitor_can_choose_another_zone(visit: Visit) -> None:
    """Somebody who travels picks the zone they will be in; times and days follow."""
    await visit.open()
    await expect(visit.time()).to_have_text("13:00, maandag 30 november 2026")
    await visit.widget.get_by_label("Tijdzone").select_option("Asia/Tokyo")
    await expect(visit.time()).to_have_text("21:00, maandag 30 november 2026")
    assert await visit.choose_time() == "2026-11-30T21:00:00+09:00"


# --- being a good guest --------------------------------------------------------------------------


async def test_the_strictest_page_can_have_it(visit: Visit) -> None:
    """No inline style, no eval, no markup strings: a bank's policy needs two lines for us."""
    policy = (
        f"default-src 'none'; script-src {visit.api}; connect-src {visit.api}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    await visit.open(headers=headers)
    await visit.choose_time()
    await visit.fill_in()
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    assert visit.trouble == []
    # The policy is in force: the same page may not do what we promise not to need.
    refused = "() => { try { document.body.innerHTML = '<b>'; } catch (e) { return e.name; } }"
    assert await visit.page.evaluate(refused) == "TypeError"


async def test_it_keeps_nothing_and_calls_nobody_else(visit: Visit) -> None:
    """No cookies, no storage, no third party; four requests until the times are there."""
    await visit.open()
    await visit.time().wait_for()
    assert len(visit.requests) == 4
    await visit.choose_time()
    await visit.fill_in()
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()

    assert visit.context
    assert await visit.context.cookies() == []
    assert await visit.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert await visit.page.evaluate("indexedDB.databases()") == []
    origins = {f"http://{urlsplit(request.url).netloc}" for request in visit.requests}
    assert origins == {visit.site.origin, visit.api}


async def test_hostile_styles_do_not_reach_it(visit: Visit) -> None:
    """A page that resets everything and shrinks its root still shows targets of 44 pixels."""
    head = (
        "<style>html { font-size: 50% } "
        "* { all: unset !important; text-transform: uppercase !important }</style>"
    )
    page = await visit.open(head=head, viewport=PHONE)
    await visit.time().wait_for()
    small = """e => [...e.shadowRoot.querySelectorAll("button, select, a, .tile, input")]
      .filter((t) => t.offsetParent).map((t) => [t.className, t.getBoundingClientRect()])
      .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""
    assert await visit.widget.evaluate(small) == []
    frame = visit.widget.locator(".frame")
    await expect(frame).to_have_css("text-transform", "none")
    await expect(frame).to_have_css("font-size", "16px")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("width", [360, 1100])
async def test_the_page_around_it_does_not_jump(visit: Visit, width: int) -> None:
    """Room is kept while the times are on their way (cumulative layout shift below 0.1)."""
    shifts = """window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shift += entry.value;
      }).observe({ type: "layout-shift", buffered: true });"""
    page = await visit.open(prepare=shifts, viewport={"width": width, "height": 800})
    await visit.time().wait_for()
    await page.wait_for_timeout(300)
    assert await page.evaluate("shift") < 0.1


async def test_moving_the_element_does_not_start_it_again(visit: Visit) -> None:
    """A framework that moves nodes around does not throw away what was typed."""
    page = await visit.open()
    await visit.choose_time()
    await visit.fill_in()
    await page.evaluate("document.body.append(document.querySelector('spreekuur-booking'))")
    await page.wait_for_timeout(100)
    assert await visit.widget.get_by_label("Achternaam").input_value() == "Vries"
    assert not visit.sent("DELETE", "holds")


async def test_leaving_gives_the_time_back(visit: Visit) -> None:
    """When the page takes the element away, the hold goes too."""
    page = await visit.open()
    await visit.choose_time()
    async with page.expect_request(lambda request: request.method == "DELETE"):
        await page.evaluate("document.querySelector('spreekuur-booking').remove()")


async def test_the_way_to_a_human_is_always_there(visit: Visit) -> None:
    """At every step there is the number to call, and the page hears that it was used."""
    page = await visit.open()
    call = visit.widget.get_by_role("link", name="Bel 030 123 45 67")
    await expect(call).to_be_visible()
    await visit.choose_time()
    await expect(call).to_be_visible()
    await visit.fill_in()
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    assert await call.get_attribute("href") == "tel:0301234567"
    await page.evaluate(
        "document.querySelector('spreekuur-booking').shadowRoot.querySelector('footer a').click()"
    )
    assert await visit.heard("escape") == [{}]


# --- for everybody -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "profile"),
    [
        ("", {}),
        (DARK, {}),
        ("", {"viewport": PHONE}),
        ("", {"forced_colors": "active"}),
    ],
    ids=["light", "dark", "narrow", "forced colours"],
)
async def test_axe_finds_nothing(
    visit: Visit,
    let_holds_end: Callable[[], None],
    look: str,
    profile: dict[str, Any],
) -> None:
    """Every step, with errors and notices, keeps to WCAG 2.2 AA as far as a machine can tell."""
    still = "<style>:root { background: Canvas; color: CanvasText }</style>"
    await visit.open(head=still + look, reduced_motion="reduce", **profile)
    await visit.time().wait_for()
    assert await visit.violations() == []
    start = await visit.choose_time()
    await visit.confirm()
    await visit.widget.get_by_text("Vul uw voornaam in.").wait_for()
    assert await visit.violations() == []
    await visit.fill_in()
    let_holds_end()
    await visit.somebody_else_books(start)
    await visit.confirm()
    await visit.notice.wait_for()
    assert await visit.violations() == []
    await visit.notice.get_by_role("button").first.click()
    await expect(visit.notice).to_have_count(0)
    await visit.confirm()
    await visit.heading("Uw afspraak staat").wait_for()
    assert await visit.violations() == []


async def test_axe_would_find_something(visit: Visit) -> None:
    """The check sees inside the widget: a button that loses its name is reported."""
    await visit.open()
    await visit.time().wait_for()
    turn = visit.widget.get_by_label("Volgende maand")
    await turn.evaluate("button => button.removeAttribute('aria-label')")
    assert [found.split(":")[0] for found in await visit.violations()] == ["button-name"]


@pytest.mark.parametrize(
    ("attributes", "lang", "heading"),
    [
        ('lang="en"', "nl", "Monday 30 November 2026"),
        ("", "en-GB", "Monday 30 November 2026"),
        ("", "fr", "Maandag 30 november 2026"),
    ],
)
async def test_it_speaks_the_language_of_the_page(
    visit: Visit, attributes: str, lang: str, heading: str
) -> None:
    """The attribute decides, else the document, else Dutch."""
    await visit.open(attributes=attributes, lang=lang)
    await visit.heading(heading).wait_for()


@pytest.mark.parametrize(
    ("theme", "head", "surface"),
    [
        ("auto", "", "rgb(255, 255, 255)"),
        ("auto", DARK, "rgb(27, 35, 33)"),
        ("dark", "", "rgb(27, 35, 33)"),
        ("light", DARK, "rgb(255, 255, 255)"),
    ],
)
async def test_it_is_as_dark_as_the_page(visit: Visit, theme: str, head: str, surface: str) -> None:
    """Automatic follows the page's colour scheme; the attribute can settle it."""
    await visit.open(attributes=f'theme="{theme}"', head=head)
    await expect(visit.widget.locator(".frame")).to_have_css("background-color", surface)


async def test_the_page_can_give_it_its_own_colours(visit: Visit) -> None:
    """Custom properties and parts reach inside."""
    head = (
        "<style>spreekuur-booking { --spk-accent: rgb(1, 2, 3) } "
        "spreekuur-booking::part(time) { border-style: dashed }</style>"
    )
    await visit.open(head=head)
    await expect(visit.time()).to_have_css("color", "rgb(1, 2, 3)")
    await expect(visit.time()).to_have_css("border-style", "dashed")


# --- the bundle ----------------------------------------------------------------------------------


async def test_the_bundle_stays_small() -> None:
    """Less than 15 kB over the wire."""
    assert len(gzip.compress(BUNDLE.read_bytes(), 9)) < 15_000


async def test_the_bundle_is_what_the_source_says(tmp_path: Path) -> None:
    """Building again gives the very file that the server ships."""
    build_widget(tmp_path / "spreekuur.js")
    built = (tmp_path / "spreekuur.js").read_bytes()
    assert hashlib.sha256(built).digest() == hashlib.sha256(BUNDLE.read_bytes()).digest()


async def test_the_source_is_sound() -> None:
    """The strict TypeScript compiler has no remarks."""
    assert check_widget() == ""


async def test_every_text_exists_in_both_languages() -> None:
    """Dutch and English have the same texts with the same values, and each text is used."""
    source = WIDGET / "src"
    strings = json.loads((source / "strings.json").read_text())
    dutch, english = strings["nl"], strings["en"]
    assert list(dutch) == list(english)
    code = "".join(path.read_text() for path in source.glob("*.ts"))
    for key in dutch:
        values = [sorted(re.findall(r"\{\w+\}", texts[key])) for texts in (dutch, english)]
        assert values[0] == values[1], key
        assert dutch[key].strip(), key
        assert english[key].strip(), key
        stem = key.removesuffix("_next").removesuffix("_missing").removesuffix("_invalid")
        assert re.search(rf"\b{stem}\b", code), f"{key} is not used"
