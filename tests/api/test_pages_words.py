"""The words of the pages: complete in both languages, and in both ways of speaking to people."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import api.pages
from api.pages.render import TEXTS, WEEKDAYS, Text, render, say
from context.consent import PURPOSES
from kernel.people import Language

TEMPLATES = Path(api.pages.__file__).parent / "templates"
YOU_FORMAL = re.compile(r"\b(u|uw|uzelf)\b", re.IGNORECASE)
YOU_INFORMAL = re.compile(r"\b(je|jij|jou|jouw)\b", re.IGNORECASE)
PLACE = re.compile(r"{(\w+)}")


def both(text: Text) -> tuple[str, str]:
    """Return the formal and the informal form."""
    return (text, text) if isinstance(text, str) else (text["formal"], text["informal"])


def templates() -> Iterator[Path]:
    """Return the templates of pages for customers."""
    for path in TEMPLATES.rglob("*.html"):
        if path.parent.name not in {"console", "demo"} and path.name != "reference.html":
            yield path


def test_each_text_stands_in_every_language() -> None:
    """A reader in one language never meets the words of another, or none."""
    assert TEXTS["nl"].keys() == TEXTS["en"].keys()
    for texts in TEXTS.values():
        assert all(form.strip() for text in texts.values() for form in both(text))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_forms_of_a_text_take_the_same_values(language: Language) -> None:
    """Formal or not, Dutch or English: the same figures and names are filled in."""
    for key, text in TEXTS["nl"].items():
        wanted = set(PLACE.findall(both(text)[0]))
        assert all(set(PLACE.findall(form)) == wanted for form in both(TEXTS[language][key])), key


def test_dutch_addresses_people_as_they_wish() -> None:
    """Who is addressed with u never reads je, and the other way round."""
    for key, text in TEXTS["nl"].items():
        formal, informal = both(text)
        assert not YOU_INFORMAL.search(formal), key
        assert not YOU_FORMAL.search(informal), key
        if isinstance(text, dict):
            assert YOU_FORMAL.search(formal), key
            assert YOU_INFORMAL.search(informal), key


def test_every_text_that_a_template_asks_for_exists() -> None:
    """No page fails on a missing text."""
    asked = set()
    for path in templates():
        asked |= set(re.findall(r"""\bt\(["']([\w.-]+)["'][,)]""", path.read_text()))
    assert len(asked) > 80
    assert asked <= TEXTS["nl"].keys()


def test_every_purpose_has_words() -> None:
    """A new purpose of consent cannot be forgotten on the pages."""
    for purpose in PURPOSES:
        assert {f"purpose.{purpose}", f"purpose.{purpose}.text", f"stop.text.{purpose}"} <= (
            TEXTS["nl"].keys()
        )


def test_no_template_holds_words_of_its_own() -> None:
    """Every word a customer reads comes from the texts, so that it exists in each language."""
    allowed = {"spreekuur"}
    for path in templates():
        source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text(), flags=re.DOTALL)
        source = re.sub(r'[\w-]+="[^"]*"|<[^>]*>', " ", source)
        assert set(re.findall(r"[a-z]{2,}", source.lower())) <= allowed, path


def test_one_is_counted_in_the_singular() -> None:
    """The word for one thing differs from that for two."""
    assert say("nl", "formal", "free", count=1) == "1 tijd vrij"
    assert say("nl", "formal", "free", count=2) == "2 tijden vrij"


def test_nothing_is_styled_or_scripted_inside_a_page() -> None:
    """The policy of the pages allows neither, so a template that tries it would be broken."""
    for path in templates():
        source = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", source)


def test_what_people_type_is_text_on_every_page() -> None:
    """Mark-up in a name is shown, not obeyed."""
    page = render(
        "unsubscribe.html",
        language="nl",
        organisation=None,
        phone="<b>1</b>",
        switch=None,
        token='"><script>alert(1)</script>',
        purpose="rate-notices",
        stopped=False,
        done=False,
    )
    assert "<script>" not in page
    assert "<b>" not in page


def test_weeks_begin_on_monday_in_both_languages() -> None:
    """The calendar's head is right whatever the reader's language."""
    assert [day.short for day in WEEKDAYS["nl"]] == ["ma", "di", "wo", "do", "vr", "za", "zo"]
    assert [day.long for day in WEEKDAYS["en"]][::6] == ["Monday", "Sunday"]
