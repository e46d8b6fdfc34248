"""The brief on the advisor's screen: the customer's words, sources, and what changed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import context.service
from api.pages.console.layout import lay_out
from context.model import Brief, FactInput, Header, Line, Section
from context.words import say as word
from kernel.clock import FixedClock
from kernel.people import PersonName
from kernel.tables import audit_entries
from tests.api.console_world import ANSWERS, World, at, open_bank, open_world, text_of

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


async def test_the_brief_says_who_comes_and_how_to_address_them(world: World) -> None:
    """Name, form of address, time in the advisor's zone, place and companions are on top."""
    bram = PersonName(given="Bram", surname="Bakker")
    meeting = await world.meeting(at(10), channel="branch", partner=bram)
    async with world.signed_in() as browser:
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)

    assert "Hypotheekgesprek Anna de Vries Spreek aan als mevrouw De Vries" in page
    assert "Aanhef in brieven: Geachte mevrouw De Vries" in page
    assert "maandag 30 november 2026 om 10:00–11:00 (Europe/Amsterdam)" in page  # noqa: RUF001
    assert "Hoe en waar op kantoor, Utrecht Neude" in page
    assert "Ook aanwezig Bram Bakker" in page


async def test_the_customers_own_words_are_quoted_and_stay_text(world: World) -> None:
    """What a customer wrote is shown as they wrote it; mark-up in it is only characters."""
    meeting = await world.meeting(at(10))
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        page = (await browser.get(f"/console/bookings/{meeting.id}")).text

    assert (
        '<blockquote class="keep-lines">Onze rente loopt af en we schrikken van de '
        "&lt;b&gt;nieuwe&lt;/b&gt; tarieven.</blockquote>"
    ) in page
    assert "Kunnen we boetevrij extra aflossen?\nEn wat als mijn contract" in page


async def test_every_line_has_its_source_and_time(world: World) -> None:
    """There is a source for each line, with the full provenance behind it."""
    meeting = await world.meeting(at(10))
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        page = (await browser.get(f"/console/bookings/{meeting.id}")).text
    main = page.partition("<main")[2]
    lines = main.count("<dd>") + main.count("<blockquote") + main.count("<li>")
    lines += main.count('<p class="nothing"') + main.count('class="message"')

    assert lines > 30
    assert main.count('class="source"') == lines
    assert (
        '<time datetime="2026-11-30T09:00+01:00" title="opgave klant · website · '
        'maandag 30 november 2026 om 09:00 · hypotheek@1">opgave klant · 09:00</time>'
    ) in main


async def test_what_changed_since_the_last_look_stands_out(world: World) -> None:
    """First time: everything is new. Later: exactly what was added, changed or taken back."""
    meeting = await world.meeting(at(15))
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        path = f"/console/bookings/{meeting.id}"
        first = text_of((await browser.get(path)).text)
        world.clock.advance(timedelta(minutes=5))
        quiet = text_of((await browser.get(path)).text)
        world.clock.advance(timedelta(minutes=5))
        await world.answer(
            meeting,
            {
                "loan.remaining": "238500.00",
                "property.energy_label": None,
                "wish.term_months": 264,
            },
        )
        changed = text_of((await browser.get(path)).text)

    assert "u opent dit overzicht voor het eerst; alles is nieuw" in first
    assert "niets veranderd sinds maandag 30 november 2026 om 09:00" in quiet
    assert "Veranderd sinds u laatst keek 3" in changed
    assert "gewijzigd Restschuld € 245.000,00 → € 238.500,00" in changed.replace("\xa0", " ")
    assert "ingetrokken Energielabel C → geen antwoord" in changed
    assert "toegevoegd Gewenste looptijd geen antwoord → 264 maanden" in changed


async def test_a_colleagues_look_is_not_mine(world: World) -> None:
    """Each advisor has their own last look."""
    meeting = await world.meeting(at(15))
    path = f"/console/bookings/{meeting.id}"
    async with world.signed_in() as mine:
        await mine.get(path)
    async with world.signed_in("joost@demobank.example") as theirs:
        page = text_of((await theirs.get(path)).text)

    assert "u opent dit overzicht voor het eerst" in page


async def test_a_page_fetched_ahead_counts_as_unseen(world: World) -> None:
    """A browser that fetches a brief before it is opened marks nothing as seen."""
    meeting = await world.meeting(at(15))
    path = f"/console/bookings/{meeting.id}"
    async with world.signed_in() as browser:
        await browser.get(path, headers={"sec-purpose": "prefetch;prerender"})
        page = text_of((await browser.get(path)).text)

    assert "u opent dit overzicht voor het eerst" in page


async def test_what_guests_answered_stands_with_the_meeting(world: World) -> None:
    """By name, in the advisor's language and zone; it is only said, and only about this time."""
    bram = PersonName(given="Bram", surname="Bakker")
    meeting = await world.meeting(at(10), partner=bram)
    await world.invitation_answered(meeting, "anna@example.org", "DECLINED")
    await world.invitation_answered(
        meeting, "bram@example.org", "TENTATIVE", rather="20261203T140000"
    )

    async with world.signed_in() as browser:
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)
        english = text_of((await browser.get(f"/console/bookings/{meeting.id}?lang=en")).text)

    assert "Anna de Vries heeft de uitnodiging afgeslagen; de afspraak staat nog." in page
    assert "Bram Bakker komt misschien." in page
    assert "Bram Bakker stelt donderdag 3 december 2026 om 14:00 voor" in page
    assert "Anna de Vries declined the invitation; the meeting still stands." in english


async def test_what_is_missing_and_to_bring_are_told_apart(world: World) -> None:
    """Unanswered questions stand among the warnings, documents to bring below."""
    meeting = await world.meeting(at(15))
    await world.answer(meeting, {"goal": "divorce", "income.kind": "pension", "partner": False})
    async with world.signed_in() as browser:
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)
    missing = page.partition("Ontbreekt nog")[2].partition("Cijfers")[0]
    to_bring = page.partition("Mee te brengen")[2]

    assert missing.startswith(" 3 Bruto jaarinkomen")
    assert "Pensioenoverzicht" not in missing
    assert "Pensioenoverzicht" in to_bring
    assert "Convenant of concept daarvan" in to_bring


async def test_contradictions_name_both_sources(world: World) -> None:
    """Two sources that differ by more than rounding are set against each other."""
    meeting = await world.meeting(at(15))
    tenant = world.bank.tenant.id
    async with world.house.database.transaction(tenant) as db:
        await context.service.record_fact(
            db,
            tenant,
            meeting.customer_id,
            FactInput(
                path="income.gross_year",
                value="58000.00",
                unit="EUR",
                source="crm",
                channel="crm",
                actor="crm",
                said_at=world.now() - timedelta(days=400),
            ),
            now=world.now(),
        )
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)
    found = page.partition("Tegenstrijdigheden")[2].partition("Ontbreekt nog")[0]

    assert "€ 64.000,00 (opgave klant) tegenover € 58.000,00 (klantsysteem)" in found.replace(
        "\xa0", " "
    )


async def test_figures_follow_the_newest_published_rate(world: World) -> None:
    """245.000 euro over 264 months costs 1.130,37 a month at 1,85%, and 1.377,28 at 3,85%.

    By the annuity formula, P·i/(1-(1+i)^-n) with i a twelfth of the rate.
    """
    await world.publish(10, "3.85")
    meeting = await world.meeting(at(15))
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)
    figures = page.replace("\xa0", " ").partition("Cijfers")[2]

    assert "Maandlast nu € 1.130,37" in figures
    assert "Maandlast nieuw € 1.377,28" in figures
    assert "Lening ten opzichte van waarde 59,8%" in figures


async def test_letters_to_the_customer_are_told_without_their_links(world: World) -> None:
    """A brief says what was written; the customer's own links are not for other eyes."""
    meeting = await world.meeting(at(15))
    await world.mail()
    async with world.signed_in() as browser:
        page = (await browser.get(f"/console/bookings/{meeting.id}")).text
    told = text_of(page).partition("Aan de klant verteld")[2]

    assert "verzonden bericht · e-mail" in told.replace("Bron: ", "")
    assert "/manage/" not in page
    assert "/intake/" not in page


async def test_a_colleague_may_stand_in_and_it_is_on_record(world: World) -> None:
    """Any advisor of the organisation can open a brief; who did is in the audit log."""
    meeting = await world.meeting(at(15))
    async with world.signed_in("joost@demobank.example") as browser:
        page = text_of((await browser.get(f"/console/bookings/{meeting.id}")).text)
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        rows = (
            await db.execute(
                select(audit_entries.c.actor, audit_entries.c.subject).where(
                    audit_entries.c.tenant_id == tenant, audit_entries.c.action == "brief.opened"
                )
            )
        ).all()

    assert "Dit is een afspraak van Sanne Visser." in page
    assert [tuple(row) for row in rows] == [(world.bank.colleague, meeting.id)]


async def test_another_organisations_brief_does_not_exist(world: World) -> None:
    """A booking of another organisation is not found, and nothing of it is told."""
    other = await open_bank(world.house, world.now(), slug="anderebank")
    theirs = await world.meeting(
        at(15), bank=other, name=PersonName(given="Geheim", surname="Persoon")
    )
    async with world.signed_in() as browser:
        answers = [
            await browser.get(f"/console/bookings/{name}")
            for name in (theirs.id, f"{theirs.id}/print", "bkg_nothing", "adv_1")
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert "Niet gevonden" in answers[0].text
    assert "Persoon" not in answers[0].text


async def test_without_a_session_there_is_no_brief(world: World) -> None:
    """Whoever is not signed in is sent to do so, and sees nothing."""
    meeting = await world.meeting(at(15))
    async with world.browser() as browser:
        answer = await browser.get(f"/console/bookings/{meeting.id}")

    assert answer.status_code == 303
    assert "Vries" not in answer.text


async def test_the_paper_layout_holds_the_same(world: World) -> None:
    """The print page says what the screen says, with the paper style always on."""
    meeting = await world.meeting(at(15))
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        await browser.get(f"/console/bookings/{meeting.id}")
        screen = (await browser.get(f"/console/bookings/{meeting.id}")).text
        paper = (await browser.get(f"/console/bookings/{meeting.id}/print")).text

    assert (
        text_of(paper).partition("Hypotheekgesprek")[2]
        == (text_of(screen).partition("Hypotheekgesprek")[2])
    )
    assert 'media="print"' in screen
    assert 'media="print"' not in paper
    assert 'class="console paper"' in paper


async def test_the_brief_is_in_the_language_that_was_asked_for(world: World) -> None:
    """Labels and formats follow the reader, names and quotations the customer."""
    meeting = await world.meeting(at(15))
    await world.answer(meeting, ANSWERS, submit=True)
    async with world.signed_in() as browser:
        answer = await browser.get(f"/console/bookings/{meeting.id}", params={"lang": "en"})
    page = text_of(answer.text)

    assert "Mortgage meeting Anna de Vries Address as mevrouw De Vries" in page
    assert "Remaining debt €245,000.00" in page
    assert "Onze rente loopt af" in page


async def test_a_brief_is_never_kept_by_a_browser(world: World) -> None:
    """Personal pages are not stored, not framed, and run no code but our own files."""
    meeting = await world.meeting(at(15))
    async with world.signed_in() as browser:
        answer = await browser.get(f"/console/bookings/{meeting.id}")

    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert " onclick" not in answer.text


# --- layout --------------------------------------------------------------------------------------


def test_times_of_sources_are_as_short_as_they_can_be() -> None:
    """Today's sources show the time, this year's the day, older ones the year as well."""
    moments = [NOW, datetime(2026, 11, 29, 22, 30, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC)]
    lines = [
        Line(label="Rente", value="1,85%", source="customer", said_at=at, channel="web")
        for at in moments
    ]

    layout = lay_out(_brief(Section(id="loan", title="Lening", lines=lines)))

    assert [line.source for line in layout.places["known"][0].lines] == [
        "opgave klant · 09:00",
        "opgave klant · 29 nov",
        "opgave klant · 2 mrt 2025",
    ]


def test_a_channel_is_named_unless_it_is_the_website() -> None:
    """Where somebody said something is worth a word only where it is not the usual way."""
    lines = [
        Line(label="x", value="y", source="customer", said_at=NOW, channel=channel, form="f@1")
        for channel in ("web", "phone", None)
    ]

    layout = lay_out(_brief(Section(id="loan", title="Lening", lines=lines)))
    shown = layout.places["known"][0].lines

    assert [line.source for line in shown] == [
        "opgave klant · 09:00",
        "opgave klant · telefoon · 09:00",
        "opgave klant · 09:00",
    ]
    assert shown[0].provenance == (
        "opgave klant · website · maandag 30 november 2026 om 09:00 · f@1"
    )


def test_an_empty_section_counts_nothing() -> None:
    """That somebody looked and found nothing is not a finding; nor is a first look a change."""
    for key in ("none.label", "changed.first.label"):
        line = Line(label=word(key, "nl"), value="x", source="computed", said_at=NOW)

        layout = lay_out(_brief(Section(id="changed", title="Veranderd", lines=[line])))

        assert layout.places["attention"][0].count == 0


def test_a_section_nobody_planned_for_says_what_is_known() -> None:
    """A new section of the brief is shown before anybody designs a place for it."""
    line = Line(label="x", value="y", source="crm", said_at=NOW)

    layout = lay_out(_brief(Section(id="hobbies", title="Hobby's", lines=[line])))

    assert [section.id for section in layout.places["known"]] == ["hobbies"]


def test_a_letter_is_told_by_its_first_paragraph() -> None:
    """Opening and everything after the point are left out; amounts keep their hard space."""
    letter = "Geachte mevrouw De Vries,\n\nUw maandlast wordt\n€\xa01.340,74.\n\nMeer: https://x"
    line = Line(label="x", value=letter, source="notice", said_at=NOW, channel="email")

    layout = lay_out(_brief(Section(id="told", title="Verteld", lines=[line])))

    assert layout.places["told"][0].lines[0].value == "Uw maandlast wordt €\xa01.340,74."


def _brief(*sections: Section) -> Brief:
    header = Header(
        booking="bkg_1",
        customer="cus_1",
        name="Anna de Vries",
        address="mevrouw De Vries",
        greeting="Geachte mevrouw De Vries",
        meeting="Hypotheekgesprek",
        start=NOW,
        end=NOW,
        timezone="Europe/Amsterdam",
        generated_at=NOW,
        position=0,
        lines=[],
    )
    return Brief(language="nl", header=header, sections=list(sections))
