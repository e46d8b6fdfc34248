"""Where each part of a brief stands on the page, and how its sources are written."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from msgspec import Struct

from api.pages.console.words import say
from api.pages.render import LOCALES
from context import words
from context.model import Brief, Line, Section
from kernel import formats
from kernel.people import Language

Place = Literal["quoted", "attention", "figures", "told", "documents", "asides", "known"]

_PLACES: Final[Mapping[str, Place]] = {
    "why": "quoted",
    "questions": "quoted",
    "changed": "attention",
    "contradictions": "attention",
    "missing": "attention",
    "figures": "figures",
    "told": "told",
    "documents": "documents",
    "consents": "asides",
}
"""Every other section says what is known."""


_DOT: Final = " · "


class LineView(Struct, frozen=True, kw_only=True):
    """A line as the page shows it.

    Attributes:
        source: Who said it and when, and where unless that was on the website.
        provenance: All that is known of where it comes from.
        nothing: Whether it only tells that there is nothing to tell.
    """

    label: str
    value: str
    note: str | None
    source: str
    provenance: str
    said_at: datetime
    nothing: bool


class SectionView(Struct, frozen=True, kw_only=True):
    """A section as the page shows it."""

    id: str
    title: str
    lines: list[LineView]

    @property
    def count(self) -> int:
        """How many lines say something."""
        return sum(not line.nothing for line in self.lines)


class Layout(Struct, frozen=True, kw_only=True):
    """A brief, laid out.

    Attributes:
        header: What the heading does not say already.
        places: The sections of each part of the page, in the order of the brief.
    """

    header: list[LineView]
    places: dict[Place, list[SectionView]]


def lay_out(brief: Brief) -> Layout:
    """Put every section of a brief in its place."""
    places: dict[Place, list[SectionView]] = {place: [] for place in get_args(Place)}
    for section in brief.sections:
        for part in _parts(section, brief.language):
            place: Place = _PLACES.get(part.id, "known")
            places[place].append(_section(part, brief))
    head = brief.header
    said = {head.name, head.address, head.greeting, head.meeting}
    return Layout(
        header=[_line(line, brief) for line in head.lines if line.value not in said],
        places=places,
    )


def _parts(section: Section, language: Language) -> list[Section]:
    """Return the section; what is to be brought stands apart from what is still unanswered."""
    to_bring = words.say("missing.document", language)
    documents = [line for line in section.lines if line.value == to_bring]
    if section.id != "missing" or not documents:
        return [section]
    others = [line for line in section.lines if line.value != to_bring]
    title = say("brief.documents", language)
    return [
        Section(id="missing", title=section.title, lines=others),
        Section(id="documents", title=title, lines=documents),
    ]


def _section(section: Section, brief: Brief) -> SectionView:
    lines = [_line(line, brief) for line in section.lines]
    return SectionView(id=section.id, title=section.title, lines=lines)


def _line(line: Line, brief: Brief) -> LineView:
    language, timezone = brief.language, brief.header.timezone
    who = words.source(line.source, language)
    where = words.channel(line.channel, language) if line.channel else None
    return LineView(
        label=line.label,
        value=_gist(line.value) if line.source == "notice" else line.value,
        note=_note(line, language),
        source=_joined(
            who,
            where if line.channel != "web" else None,
            _briefly(line.said_at, brief),
        ),
        provenance=_joined(who, where, formats.when(line.said_at, timezone, language), line.form),
        said_at=line.said_at,
        nothing=_says_nothing(line, language),
    )


def _says_nothing(line: Line, language: Language) -> bool:
    """Return whether the line only tells that somebody looked: none, first time, no figure."""
    labels = {words.say(key, language) for key in ("none.label", "changed.first.label")}
    no_figure = words.say("none.figures", language, what="").partition(":")[0]
    return line.label in labels or line.value.startswith(no_figure)


def _gist(letter: str) -> str:
    """Return the paragraph of a letter that says what it is about: the first after its opening."""
    paragraphs = [part.strip() for part in letter.split("\n\n")]
    gist = next((part for part in paragraphs if not part.endswith(",")), letter)
    return " ".join(line.strip() for line in gist.splitlines())


def _note(line: Line, language: Language) -> str | None:
    """Return the note, without what the title of its section says for all of them."""
    if line.note is None:
        return None
    general = words.say("figures.indication", language)
    return _joined(*(part for part in line.note.split(_DOT) if part != general)) or None


def _briefly(instant: datetime, brief: Brief) -> str:
    """Return ``09:32`` for today, ``29 nov`` for this year, ``29 nov 2025`` for before."""
    zone = ZoneInfo(brief.header.timezone)
    local, today = instant.astimezone(zone), brief.header.generated_at.astimezone(zone).date()
    if local.date() == today:
        pattern = "HH:mm"
    else:
        pattern = "d MMM" if local.year == today.year else "d MMM y"
    return str(format_datetime(local, pattern, locale=LOCALES[brief.language]))


def _joined(*parts: str | None) -> str:
    return _DOT.join(part for part in parts if part)
