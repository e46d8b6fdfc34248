"""The brief: what an advisor should know before a meeting, each line with its source.

The order is that of a page read in two minutes: who and how to address them, why they come, what
changed, what does not fit, what is missing, what is known, what it costs, what they were told,
what they ask, what they agreed to. What a customer wrote is quoted as it is and never interpreted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, get_args
from zoneinfo import ZoneInfo

from msgspec import Struct

from context import contradictions, facts, words
from context.display import (
    fields_by_path,
    from_fact,
    label_of,
    line_of,
    short_label,
    value_of,
)
from context.figures import figures
from context.forms import Asked, ask, fields_of
from context.model import (
    Brief,
    BriefSection,
    Fact,
    Field,
    Header,
    Line,
    LineSource,
    Meeting,
    Preparation,
    Section,
    Told,
    Value,
)
from context.words import channel, money, say, state, text
from kernel import formats, people
from kernel.people import Language

__all__ = ("Brief", "Header", "Line", "Meeting", "Preparation", "Section", "Told", "compose")

_QUOTED: Final = ("why", "questions")
"""Sections that show the customer's own words, with places of their own on the page."""


class _Page(Struct, frozen=True, kw_only=True):
    """Everything that the sections are made from."""

    preparation: Preparation
    meeting: Meeting
    told: Sequence[Told]
    rates: Mapping[int, Decimal]
    language: Language
    now: datetime
    facts: list[Fact]
    known: Mapping[str, Fact]
    fields: Mapping[str, Field]
    asked: Asked | None

    def none(self, section: str, source: LineSource = "computed", **values: str) -> Line:
        """Say that a section has nothing, so that an advisor knows that somebody looked."""
        return Line(
            label=say("none.label", self.language),
            value=say(f"none.{section}", self.language, **values),
            source=source,
            said_at=self.now,
        )

    def section_of(self, fact: Fact) -> BriefSection:
        return self.fields[fact.path].section if fact.path in self.fields else "other"


def compose(
    preparation: Preparation,
    meeting: Meeting,
    told: Sequence[Told],
    *,
    language: Language,
    now: datetime,
    rates: Mapping[int, Decimal] | None = None,
) -> Brief:
    """Write the brief of a meeting.

    Args:
        preparation: What is known about the customer, from `service.prepare`.
        meeting: The meeting itself.
        told: What the customer was told, in any order; the newest is shown first.
        language: The reader's.
        now: When the brief is read.
        rates: The newest published rate for each number of fixed years, in percent.
    """
    page = _page(preparation, meeting, told, rates or {}, language=language, now=now)
    sections = [
        ("why", _quoted(page, "why")),
        ("changed", _changed(page)),
        ("contradictions", _contradictions(page)),
        ("missing", _missing(page)),
        *_known(page),
        ("figures", figures(page.known, page.rates, language=language, now=now)),
        ("told", _told(page)),
        ("questions", _quoted(page, "questions")),
        ("consents", _consents(page)),
    ]
    return Brief(
        language=language,
        header=_header(page),
        sections=[
            Section(id=name, title=say(f"section.{name}", language), lines=lines)
            for name, lines in sections
        ],
    )


def _page(
    preparation: Preparation,
    meeting: Meeting,
    told: Sequence[Told],
    rates: Mapping[int, Decimal],
    *,
    language: Language,
    now: datetime,
) -> _Page:
    definition = preparation.form.definition if preparation.form else None
    fields = fields_by_path(definition)
    shown = [fact for fact in preparation.facts if _for_advisor(fact, fields)]
    known = facts.known(shown)
    asked = None
    if definition is not None:
        # What others are told counts as answered, even where this reader does not see it.
        answers = _answers(fields_of(definition), facts.known(preparation.facts))
        asked = ask(definition, answers)
    return _Page(
        preparation=preparation,
        meeting=meeting,
        told=told,
        rates=rates,
        language=language,
        now=now,
        facts=shown,
        known=known,
        fields=fields,
        asked=asked,
    )


def _for_advisor(fact: Fact, fields: Mapping[str, Field]) -> bool:
    """Return whether an advisor may see *fact*; what a form did not ask, they were meant to."""
    field = fields.get(fact.path)
    return field is None or "advisor" in field.audience


def _answers(fields: Mapping[str, Field], known: Mapping[str, Fact]) -> dict[str, Value]:
    answers: dict[str, Value] = {}
    for name, field in fields.items():
        fact = known.get(field.path)
        if fact is not None and fact.value is not None:
            answers[name] = fact.value
    return answers


# --- the header ----------------------------------------------------------------------------------


def _header(page: _Page) -> Header:
    customer, meeting = page.preparation.customer, page.meeting
    formality = page.preparation.formality
    spoken = page.preparation.spoken
    name = people.full_name(customer.name)
    address = people.spoken_address(customer.name, spoken, formality)
    greeting = people.greeting(customer.name, spoken, formality)
    return Header(
        booking=meeting.booking,
        customer=customer.id,
        name=name,
        address=address,
        greeting=greeting,
        meeting=meeting.name,
        start=meeting.start,
        end=meeting.end,
        timezone=meeting.timezone,
        generated_at=page.now,
        position=page.preparation.position,
        lines=[
            _header_line(page, "customer", name, source="customer"),
            _header_line(page, "address", address, source="customer"),
            _header_line(page, "greeting", greeting, source="customer"),
            *_meeting_lines(page),
            _intake_line(page),
        ],
    )


def _meeting_lines(page: _Page) -> list[Line]:
    meeting = page.meeting
    when = formats.when(meeting.start, meeting.timezone, page.language)
    until = formats.time(meeting.end, meeting.timezone, page.language)
    where = [channel(meeting.channel, page.language), meeting.location]
    lines = [
        _header_line(page, "meeting", meeting.name),
        _header_line(page, "when", f"{when}–{until} ({meeting.timezone})"),  # noqa: RUF001  # a dash
        _header_line(page, "where", ", ".join(part for part in where if part)),
        _header_line(page, "advisor", meeting.advisor_name),
    ]
    if meeting.participants:
        lines.append(_header_line(page, "participants", ", ".join(meeting.participants)))
    return [*lines, _header_line(page, "state", state(meeting.state, page.language))]


def _header_line(page: _Page, key: str, value: str, source: LineSource = "booking") -> Line:
    customer = page.preparation.customer
    return Line(
        label=say(f"header.{key}", page.language),
        value=value,
        source=source,
        said_at=customer.created_at if source == "customer" else page.now,
    )


def _intake_line(page: _Page) -> Line:
    preparation = page.preparation
    form = preparation.form
    stage, at = "untouched", None
    if form is None:
        stage = "none"
    elif preparation.submitted_at:
        stage, at = "submitted", preparation.submitted_at
    elif preparation.saved_at:
        stage, at = "saved", preparation.saved_at
    return Line(
        label=say("header.intake", page.language),
        value=say(f"intake.{stage}", page.language),
        source="form",
        said_at=at or page.now,
        form=form.reference if form else None,
    )


# --- the sections --------------------------------------------------------------------------------


def _quoted(page: _Page, section: str) -> list[Line]:
    """Return what the customer wrote in their own words, exactly as they wrote it."""
    lines = [
        line_of(fact, page.fields, page.language)
        for fact in _in_order(page)
        if page.section_of(fact) == section
    ]
    return lines or [page.none(section)]


def _changed(page: _Page) -> list[Line]:
    seen = page.preparation.seen
    if seen is None:
        label = say("changed.first.label", page.language)
        value = say("changed.first", page.language)
        return [Line(label=label, value=value, source="computed", said_at=page.now)]
    before = [fact for fact in page.facts if fact.position <= seen.position]
    lines = [_change_line(page, change) for change in facts.changes(before, page.facts)]
    when = formats.when(seen.opened_at, page.meeting.timezone, page.language)
    return lines or [page.none("changed", when=when)]


def _change_line(page: _Page, change: facts.Change) -> Line:
    nothing = say("changed.nothing", page.language)
    old = value_of(change.before, page.fields, page.language) if change.before else nothing
    new = value_of(change.after, page.fields, page.language) or nothing
    return from_fact(
        change.after,
        label=label_of(change.after.path, page.fields, page.language),
        value=f"{old} → {new}",
        note=say(f"changed.{change.kind}", page.language),
    )


def _contradictions(page: _Page) -> list[Line]:
    lines = contradictions.find(
        page.facts,
        page.fields,
        submitted=page.preparation.submitted_at is not None,
        today=page.now.astimezone(ZoneInfo(page.meeting.timezone)).date(),
        language=page.language,
    )
    return lines or [page.none("contradictions")]


def _missing(page: _Page) -> list[Line]:
    """Return what is still to be answered, and what is to be brought."""
    form = page.preparation.form
    if page.asked is None or form is None:
        return [page.none("missing")]
    fields = fields_of(form.definition)
    unanswered = [
        (short_label(fields[name], page.language), "missing.answer") for name in page.asked.missing
    ]
    to_bring = [
        (text(document.label, page.language), "missing.document")
        for document in page.asked.documents
    ]
    lines = [
        Line(
            label=label,
            value=say(why, page.language),
            source="form",
            said_at=form.published_at,
            form=form.reference,
        )
        for label, why in (*unanswered, *to_bring)
    ]
    return lines if unanswered else [page.none("missing"), *lines]


def _known(page: _Page) -> list[tuple[str, list[Line]]]:
    """Return what is known, by section; what the form did not ask stands last."""
    groups: dict[str, list[Line]] = {
        section: [] for section in get_args(BriefSection) if section not in _QUOTED
    }
    for fact in _in_order(page):
        section = page.section_of(fact)
        if section in groups:
            groups[section].append(line_of(fact, page.fields, page.language))
    return [(section, lines) for section, lines in groups.items() if lines]


def _in_order(page: _Page) -> list[Fact]:
    """Return what is known in the order of the form, and then everything else by path."""
    asked = [page.known[path] for path in page.fields if path in page.known]
    others = [page.known[path] for path in sorted(page.known) if path not in page.fields]
    return [*asked, *others]


def _told(page: _Page) -> list[Line]:
    lines = [
        Line(
            label=formats.when(notice.at, page.meeting.timezone, page.language),
            value=_told_text(notice, page.language),
            source="notice",
            said_at=notice.at,
            channel=notice.channel,
            note=words.delivery(notice.state, page.language),
        )
        for notice in sorted(page.told, key=_told_at, reverse=True)
    ]
    return lines or [page.none("told", "notice")]


def _told_at(notice: Told) -> datetime:
    return notice.at


def _told_text(notice: Told, language: Language) -> str:
    parts = []
    if notice.old_rate is not None and notice.new_rate is not None:
        old, new = (formats.rate(rate, language) for rate in (notice.old_rate, notice.new_rate))
        parts.append(say("told.rate", language, old=old, new=new))
    if notice.old_monthly is not None and notice.new_monthly is not None:
        old, new = money(notice.old_monthly, language), money(notice.new_monthly, language)
        parts.append(say("told.monthly", language, old=old, new=new))
    return ", ".join(parts) or notice.text


def _consents(page: _Page) -> list[Line]:
    lines = [
        Line(
            label=words.purpose(row.purpose, page.language),
            value=say("consent.given" if row.given else "consent.withdrawn", page.language),
            source="consent",
            said_at=row.at,
            channel=row.channel,
            note=f"v{row.version} {row.language}",
        )
        for row in page.preparation.consents
    ]
    return lines or [page.none("consents", "consent")]
