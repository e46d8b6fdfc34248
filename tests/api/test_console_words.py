"""The console's texts: complete in both languages, all used, none in a template."""

import re
from pathlib import Path
from string import Formatter

import pytest

import api.pages.console
from api.pages.console.words import LANGUAGES, WORDS, say

PAGES = Path(api.pages.console.__file__).parent
TEMPLATES = sorted((PAGES.parent / "templates" / "console").glob("*.html"))
CODE = [path for path in PAGES.glob("*.py") if path.name != "words.py"]


@pytest.mark.parametrize("key", WORDS)
def test_every_text_is_there_in_every_language(key: str) -> None:
    """Each text has both languages, with the same places to fill in."""
    texts = WORDS[key]

    assert set(texts) == set(LANGUAGES)
    assert all(texts.values())
    assert len({_places(text) for text in texts.values()}) == 1


def test_every_text_is_used() -> None:
    """A text that no page shows is not kept."""
    everything = "".join(path.read_text() for path in [*TEMPLATES, *CODE])
    # Keys whose last part is put in by a page.
    made = ("error.", "problem.", "unread.", "role.", "connect.auth.", "entry.wrong.")
    done = ("confirmed", "declined", "kept", "recorded", "synced", "sync-failed")
    unused = [
        key
        for key in WORDS
        if f'"{key.removesuffix(".one")}"' not in everything
        and f"'{key}'" not in everything
        and not key.startswith(made)
        and key not in done
    ]

    assert unused == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_text(template: Path) -> None:
    """Whatever people read comes from the texts, so that it is there in both languages."""
    source = re.sub(r"(?<=block main_class %\})\w+", "", template.read_text())
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL)
    source = re.sub(r'<[^>]*>| class="[^"]*"', "", source)

    assert re.findall(r"[A-Za-z]{2,}", source) == []


def test_exactly_one_has_its_own_words() -> None:
    """One is said differently from none and from several."""
    said = [say("meetings", "nl", count=count) for count in (0, 1, 2)]

    assert said == ["0 afspraken", "1 afspraak", "2 afspraken"]


def _places(text: str) -> tuple[str, ...]:
    return tuple(sorted({name for _, name, _, _ in Formatter().parse(text) if name}))
