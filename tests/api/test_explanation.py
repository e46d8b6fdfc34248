"""What customers and staff are told in words: enough to act on, and nothing that is private."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from api.assignment import sentence
from api.explanation import in_public, what_helps, why_nothing
from booking.assignment import Candidate, Decision, Ground
from booking.errors import PUBLIC_REASON
from booking.explaining import WORDS
from booking.model import Help
from booking.values import AbsenceReason, HelpKind, Reason
from kernel.ids import new_id
from kernel.people import Language

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
TEN = datetime(2026, 12, 1, 9, tzinfo=UTC)
REASONS: tuple[Reason, ...] = get_args(Reason)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def branch(slug: str) -> str:
    return {"utrecht": "Utrecht"}[slug]


# --- why there is no time ------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_words(language: Language) -> None:
    """Each is one sentence that ends, in either language."""
    for reason in REASONS:
        told = why_nothing({reason: 3}, language)
        assert told.endswith(".")
        assert ": " in told, reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_that_are_one_to_customers_read_alike(language: Language) -> None:
    """What the words for one start do not tell apart, those for a period do not either."""
    for one in REASONS:
        for other in REASONS:
            if WORDS[one] == WORDS[other]:
                assert why_nothing({one: 1}, language) == why_nothing({other: 1}, language)


def test_reasons_address_nobody_so_that_they_suit_every_page() -> None:
    """Neither u nor je: the same words stand on formal and on informal pages."""
    said = [texts["nl"] for texts in WORDS.values()]
    said += [why_nothing({reason: 1}, "nl") for reason in get_args(Reason)]

    forms = {"u", "uw", "je", "jij", "jouw", "jullie"}
    assert [text for text in said if forms & set(re.findall(r"[a-z]+", text.casefold()))] == []


def test_counts_for_customers_hide_what_is_private() -> None:
    """Booked, away and not licensed are all busy, and are counted together."""
    counted = in_public({"booked": 2, "absent": 3, "not-authorised": 4, "busy": 1, "notice": 5})

    assert counted == {"busy": 10, "notice": 5}
    assert not set(PUBLIC_REASON) & set(in_public(dict.fromkeys(REASONS, 1)))


def test_a_second_reason_is_told_only_if_it_weighs() -> None:
    """Of thirty starts, two at the end of the day are not worth a word; twelve are."""
    told = why_nothing({"booked": 28, "outside-hours": 2}, "en")
    both = why_nothing({"booked": 18, "holiday": 12}, "nl")

    assert told == (
        "There is no free time in this period: nobody who gives this meeting is free then."
    )
    assert both == (
        "In deze periode is er geen tijd vrij: niemand die dit gesprek geeft is dan vrij, en wij "
        "zijn gesloten op feestdagen."
    )


def test_a_period_without_any_start_needs_no_reason() -> None:
    """On a Sunday there is nothing that could have been refused."""
    assert why_nothing({}, "en") == "There is no free time in this period."


@pytest.mark.parametrize(
    ("change", "value", "dutch"),
    [
        ("advisor", None, "Met een andere adviseur kan het op dinsdag 1 december 2026 om 10:00."),
        ("language", None, "In een andere taal kan het op dinsdag 1 december 2026 om 10:00."),
        (
            "duration",
            "30",
            "Een gesprek van 30 minuten kan op dinsdag 1 december 2026 om 10:00.",
        ),
        (
            "location",
            "utrecht",
            "Op ons kantoor Utrecht kan het op dinsdag 1 december 2026 om 10:00.",
        ),
        ("channel", "phone", "Telefonisch kan het op dinsdag 1 december 2026 om 10:00."),
        ("channel", "video", "Met beeldbellen kan het op dinsdag 1 december 2026 om 10:00."),
        ("later", None, "De eerste vrije tijd daarna is dinsdag 1 december 2026 om 10:00."),
    ],
)
def test_what_would_help_is_one_sentence(change: HelpKind, value: str | None, dutch: str) -> None:
    """It names what to change and when that begins, by the clock of the given zone."""
    one = Help(change=change, value=value, start=TEN)
    told = what_helps(one, timezone="Europe/Amsterdam", language="nl", place=branch)
    english = what_helps(one, timezone="Europe/London", language="en", place=branch)

    assert told == dutch
    assert "Tuesday 1 December 2026 at 09:00" in english


# --- why this advisor ----------------------------------------------------------------------------


def decision(ground: Ground, **more: object) -> Decision:
    advisor = new_id("adv", NOW)
    return Decision(
        advisor=advisor,
        ground=ground,
        considered=[Candidate(advisor=advisor)],
        **more,  # type: ignore[arg-type]  # fields of several types
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_ground_has_its_words(language: Language) -> None:
    """Each begins with who it is and says why in one sentence, no two of them alike."""
    told = set()
    for ground in get_args(Ground):
        one = decision(ground)
        text = sentence(one, {one.advisor: "Sanne Visser"}, language)
        assert text.startswith("Sanne Visser: ")
        assert text.endswith(".")
        assert "{" not in text
        told.add(text)

    assert len(told) == len(get_args(Ground))


def test_who_stands_in_is_named_with_whom_for() -> None:
    """Staff read who is away, and why; a role beside the advisor is named."""
    own = new_id("adv", NOW)
    for reason in get_args(AbsenceReason):
        one = decision("stand-in", stand_in_for=own, reason=reason)
        text = sentence(one, {one.advisor: "Ravi Patel", own: "Sanne Visser"}, "en")
        assert text.startswith("Ravi Patel: stands in for the customer's own advisor; Sanne Visser")
    beside = decision("only-one-free", role="interpreter")

    assert sentence(beside, {}, "nl") == f"{beside.advisor} (interpreter): niemand anders was vrij."
