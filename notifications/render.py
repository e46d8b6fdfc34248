"""Letters set in type: one template gives the subject, the text and the HTML of a mail.

The templates are ours, not a tenant's. Each is set twice, with the same words: once through macros
that write plain text, once through macros that write HTML, so that both parts always say the same.
Nothing in them is fetched from anywhere, and nothing tells us whether they were read.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from notifications.compose import Letter

TEMPLATES: Final = Path(__file__).parent / "templates"


class Rendered(Struct, frozen=True, kw_only=True):
    """A letter as it is read; *text* and *html* say the same."""

    subject: str
    text: str
    html: str


def render(letter: Letter) -> Rendered:
    """Set a letter in type."""
    subject, text = _set(_environment(html=False), letter)
    _, body = _set(_environment(html=True), letter)
    html = (
        _environment(html=True)
        .get_template("letter.html")
        .render(
            body=Markup(body),  # noqa: S704  # what the HTML macros wrote, escaped already
            subject=subject,
            language=letter.language,
        )
    )
    return Rendered(subject=_one_line(subject), text=_tidy(text), html=html)


def without_links(text: str) -> str:
    """Return *text* as it may be kept: whoever has a link may act as the one it was sent to."""
    return re.sub(r"https?://\S+", "[link]", text)


def _set(environment: Environment, letter: Letter) -> tuple[str, str]:
    # Where two forms of address need the same words, one text stands for both.
    template = environment.select_template(
        [
            f"{letter.language}/{letter.formality}/{letter.template}.jinja",
            f"{letter.language}/{letter.template}.jinja",
        ]
    )
    module: Any = template.make_module(letter.values)
    return str(module.subject), str(module)


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,  # noqa: S701  # off for plain text only, which has no markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["oneline"] = _one_line
    macros = environment.get_template("macros.html" if html else "macros.txt")
    environment.globals["mail"] = macros.module
    return environment


def _one_line(text: str) -> str:
    """Join lines and spaces, but keep the hard spaces inside amounts."""
    joined = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return type(text)(joined)  # HTML that was escaped stays so


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
