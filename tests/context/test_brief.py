"""The brief: what an advisor reads before a meeting, each line with its source."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from context.brief import compose
from context.brief_text import as_text
from context.kits import load
from context.model import Brief, Consent, Fact, Form, Line, Preparation, Seen, Told
from kernel.people import Language
from tests.context.builders import NOW, customer, fact, meeting

GOLDEN = Path(__file__).parent / "golden"
READ_AT = NOW + timedelta(hours=3)
RATES = {10: Decimal("3.85"), 20: Decimal("4.20")}
FORM = Form(
    id="frm_06dvxyhbk5y8h5e4p2c9zq7m3w",
    slug="hypotheek",
    version=1,
    status="published",
    definition=load("mortgage"),
    published_at=NOW - timedelta(days=30),
)
AGREED = Consent(
    id="cst_06dvxyhbk5y8h5e4p2c9zq7m3w",
    purpose="rate-notices",
    given=True,
    text="…",
    text_hash="…",
    language="nl",
    version=1,
    at=NOW,
    channel="web",
)
NOTICE = Told(
    at=NOW + timedelta(hours=1),
    channel="email",
    text="De rente is gewijzigd.",
    state="sent",
    old_rate=Decimal("3.60"),
    new_rate=Decimal("3.85"),
    old_monthly=Decimal("1170.23"),
    new_monthly=Decimal("1196.10"),
)
WORDS = "Wij willen lagere lasten.\n{{ 7*7 }} <b>Kan dat?</b>"


def remortgaging() -> list[Fact]:
    """Anna wants another rate for the loan she has."""
    answers: list[tuple[str, Any, str | None]] = [
        ("goal", "remortgage", None),
        ("goal.words", WORDS, None),
        ("income.kind", "permanent", None),
        ("income.gross_year", "64000.00", "EUR"),
        ("partner", False, None),
        ("property.value", "400000.00", "EUR"),
        ("property.energy_label", "C", None),
        ("loan.remaining", "200000.00", "EUR"),
        ("loan.rate", "4.10", "%"),
        ("loan.months_left", 240, "months"),
        ("loan.fixed_until", "2027-06", None),
        ("loan.repayment", "annuity", None),
        ("wish.fixed_years", "10", None),
        ("remarks", "Mijn contract loopt in mei af.", None),
    ]
    return [
        fact(position, path, value, unit=unit)
        for position, (path, value, unit) in enumerate(answers, start=1)
    ]


def preparation(facts: list[Fact] | None = None, **changes: Any) -> Preparation:
    """What is known about Anna; she handed in her form."""
    said = remortgaging() if facts is None else facts
    values: dict[str, Any] = {
        "customer": customer(),
        "spoken": "nl",
        "formality": "formal",
        "form": FORM,
        "saved_at": NOW + timedelta(minutes=20),
        "submitted_at": NOW + timedelta(minutes=20),
        "facts": said,
        "consents": [AGREED],
        "seen": None,
        "position": len(said),
    }
    return Preparation(**{**values, **changes})


def brief(
    facts: list[Fact] | None = None, *, language: Language = "nl", told: Any = (), **changes: Any
) -> Brief:
    """The brief of Anna's meeting."""
    return compose(
        preparation(facts, **changes), meeting(), told, language=language, now=READ_AT, rates=RATES
    )


def lines(written: Brief, section: str) -> list[Line]:
    """The lines of one section."""
    return next((each.lines for each in written.sections if each.id == section), [])


def texts(written: Brief, section: str) -> list[str]:
    """The lines of one section, as label and value."""
    return [plain(f"{line.label}: {line.value}") for line in lines(written, section)]


def plain(text: str) -> str:
    """A text with ordinary spaces: between a sign and an amount no line may break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_whole_page_reads_as_agreed(language: Language) -> None:
    """The brief of a scripted customer, in Dutch and in English, word for word."""
    written = as_text(brief(language=language, told=[NOTICE]))

    assert written == (GOLDEN / f"remortgage.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("facts", [None, []])
@pytest.mark.parametrize("form", [FORM, None])
def test_every_line_has_a_source_and_a_time(
    language: Language, facts: list[Fact] | None, form: Form | None
) -> None:
    """With everything known or nothing, with a form or without: no line stands on its own."""
    written = brief(facts, language=language, told=[NOTICE], form=form)
    every = [*written.header.lines, *(line for part in written.sections for line in part.lines)]

    assert all(line.source and line.said_at.tzinfo is UTC for line in every)
    assert all(line.label and line.value for line in every)
    answers = [line for line in every if line.source == "customer" and line.channel]
    assert all(line.form == "hypotheek@1" for line in answers)
    assert len(every) > 15


def test_the_header_says_how_to_address_them() -> None:
    """Aloud and in a letter, in the customer's language and not the reader's."""
    header = brief(language="en").header

    assert (header.name, header.address) == ("Anna de Vries", "mevrouw De Vries")
    assert header.greeting == "Geachte mevrouw De Vries"
    assert header.position == 14
    assert brief(formality="informal").header.address == "Anna"


def test_their_own_words_are_quoted_as_they_are() -> None:
    """Nothing in a customer's text is interpreted, shortened or mended."""
    (line,) = lines(brief(), "why")

    assert line.value == WORDS


def test_the_first_time_says_so() -> None:
    """An advisor who never opened this brief is told that all is new."""
    assert texts(brief(), "changed") == [
        "Eerste keer: u opent dit overzicht voor het eerst; alles is nieuw"
    ]


def seen_all(facts: list[Fact]) -> Seen:
    """An advisor who has seen these facts."""
    return Seen(opened_at=NOW + timedelta(hours=1), position=len(facts))


def test_nothing_changed_says_since_when() -> None:
    """The advisor learns that somebody looked, and how far back."""
    facts = remortgaging()

    assert texts(brief(facts, seen=seen_all(facts)), "changed") == [
        "Stand: niets veranderd sinds maandag 30 november 2026 om 10:00"
    ]


@pytest.mark.parametrize(
    ("path", "value", "unit", "expected", "note"),
    [
        (
            "income.gross_year",
            "70000.00",
            "EUR",
            "Bruto jaarinkomen: € 64.000,00 → € 70.000,00",
            "gewijzigd",
        ),
        ("remarks", None, None,
         "Opmerking of vraag: Mijn contract loopt in mei af. → geen antwoord", "ingetrokken"),
        ("property.address", "Neude 1", None, "Adres: geen antwoord → Neude 1",
         "toegevoegd"),
        ("wish.fixed_years", "20", None,
         "Gewenste rentevaste periode: 10 jaar → 20 jaar", "gewijzigd"),
        ("partner", True, None, "Partner koopt of leent mee: nee → ja", "gewijzigd"),
    ],
)  # fmt: skip
def test_one_changed_fact_is_one_change_line(
    path: str, value: Any, unit: str | None, expected: str, note: str
) -> None:
    """Added, changed or withdrawn: exactly one line, old against new, with the new source."""
    facts = remortgaging()
    seen = seen_all(facts)
    facts.append(fact(len(facts) + 1, path, value, unit=unit))

    (line,) = lines(brief(facts, seen=seen), "changed")

    assert plain(f"{line.label}: {line.value}") == expected
    assert (line.note, line.said_at) == (note, facts[-1].said_at)


def test_a_change_and_back_is_no_change() -> None:
    """What stands now is compared, not how it got there."""
    facts = remortgaging()
    seen = seen_all(facts)
    facts.append(fact(15, "property.energy_label", "B"))
    facts.append(fact(16, "property.energy_label", "C"))

    assert len(lines(brief(facts, seen=seen), "changed")) == 1
    assert texts(brief(facts, seen=seen), "changed")[0].startswith("Stand:")


def test_missing_answers_and_documents_are_listed() -> None:
    """A buyer who has only begun: what is still to answer, and what to bring."""
    written = brief([fact(1, "goal", "buy")], submitted_at=None)

    assert texts(written, "missing") == [
        "Soort inkomen: nog niet beantwoord",
        "Bruto jaarinkomen: nog niet beantwoord",
        "Partner koopt of leent mee: nog niet beantwoord",
        "Gewenst bedrag: nog niet beantwoord",
        "Gewenste rentevaste periode: nog niet beantwoord",
        "Geldig paspoort of identiteitskaart van iedereen die meetekent: meebrengen",
        "Voorlopig koopcontract, als u dat al heeft: meebrengen",
    ]
    assert "begonnen, nog niet ingeleverd" in as_text(written)


def test_figures_name_their_formula_and_inputs() -> None:
    """Now, new and the difference; computed by hand with the annuity formula."""
    figures = {
        line.label: (plain(line.value), plain(line.note or ""))
        for line in lines(brief(), "figures")
    }

    # 200000 * r / (1 - (1 + r)^-240) with r = 4.10/1200 and 3.85/1200.
    assert figures["Maandlast nu"][0] == "€ 1.222,53"
    assert figures["Maandlast nieuw"][0] == "€ 1.196,21"
    assert figures["Verschil per maand"][0] == "€ -26,32"
    assert figures["Maandlast nieuw"][1] == (
        "indicatie, geen advies · annuïteit: € 200.000,00, 3,85%, 240 maanden"
        " · gepubliceerde rente 10 jaar vast"
    )
    assert figures["Lening ten opzichte van waarde"][0] == "50,0%"
    assert figures["Lening ten opzichte van inkomen"][0].startswith("3,13")


def test_a_figure_that_rests_on_an_assumption_says_so() -> None:
    """A buyer who named no term and no way to pay back."""
    facts = [
        fact(1, "goal", "buy"),
        fact(2, "wish.amount", "300000.00", unit="EUR"),
        fact(3, "wish.fixed_years", "10"),
    ]

    (new,) = lines(brief(facts), "figures")

    assert new.note is not None
    assert new.note.endswith("looptijd aangenomen · aflosvorm aangenomen")


@pytest.mark.parametrize(
    ("facts", "lacking"),
    [
        ([], "het leenbedrag ontbreekt"),
        ([("wish.amount", "300000.00")], "de gewenste rentevaste periode ontbreekt"),
        (
            [("wish.amount", "300000.00"), ("wish.fixed_years", "30")],
            "een gepubliceerde rente voor 30 jaar vast ontbreekt",
        ),
    ],
)
def test_a_figure_that_cannot_be_computed_says_why(
    facts: list[tuple[str, str]], lacking: str
) -> None:
    """Nothing is guessed: the input that lacks is named."""
    said = [fact(place, path, value) for place, (path, value) in enumerate(facts, start=1)]

    assert texts(brief(said), "figures") == [f"Maandlast nieuw: niet te berekenen: {lacking}"]


def test_a_mover_sees_both_loans() -> None:
    """The loan there is at the new rate, and the amount wanted beside it."""
    facts = [*remortgaging(), fact(15, "goal", "move"), fact(16, "wish.amount", "350000.00")]
    labels = [line.label for line in lines(brief(facts), "figures")]

    assert labels[:4] == [
        "Maandlast nu",
        "Maandlast nieuw",
        "Verschil per maand",
        "Maandlast gewenst bedrag",
    ]


def test_what_was_told_is_repeated_with_its_figures() -> None:
    """The rates and payments that the notice named, its channel and how it went."""
    (line,) = lines(brief(told=[NOTICE]), "told")

    assert plain(line.value) == "rente 3,60% → 3,85%, maandlast € 1.170,23 → € 1.196,10"
    assert (line.source, line.channel, line.note) == ("notice", "email", "verzonden")
    assert (
        lines(brief(told=[replace(NOTICE, old_rate=None, old_monthly=None)]), "told")[0].value
        == "De rente is gewijzigd."
    )


def test_consents_show_what_stands() -> None:
    """Given with its date; withdrawn; never asked."""
    withdrawn = replace(AGREED, given=False)

    assert texts(brief(), "consents") == ["Bericht bij renteverandering: ja"]
    assert texts(brief(consents=[withdrawn]), "consents") == [
        "Bericht bij renteverandering: ingetrokken"
    ]
    assert texts(brief(consents=[]), "consents") == ["Stand: nog niet gevraagd"]


def test_what_an_advisor_may_not_see_is_not_there() -> None:
    """A question for the back office is neither shown nor reported as missing."""
    definition = FORM.definition
    step = definition.steps[1]
    hidden = [
        replace(each, audience=("back-office",)) if each.id == "income.gross_year" else each
        for each in step.fields
    ]
    steps = [definition.steps[0], replace(step, fields=hidden), *definition.steps[2:]]
    guarded = replace(FORM, definition=replace(definition, steps=steps))
    text = as_text(brief(form=guarded))

    assert "64.000" in as_text(brief())
    assert "64.000" not in text
    assert "jaarinkomen: nog niet" not in text


def test_a_fact_that_no_form_asked_is_shown_last() -> None:
    """What the customer system knows is not dropped for want of a label."""
    facts = [*remortgaging(), fact(15, "crm.segment", "starter", source="crm", form=None)]

    assert texts(brief(facts), "other") == ["crm.segment: starter"]


def test_days_are_those_of_the_meeting() -> None:
    """Half past eleven in the evening in London is the next day in Amsterdam."""
    late = meeting(start=datetime(2026, 12, 1, 23, 30, tzinfo=UTC))
    written = compose(preparation(), late, [], language="nl", now=READ_AT)

    assert any("woensdag 2 december 2026 om 00:30" in line.value for line in written.header.lines)
