"""The brief as plain text: for a terminal, a printer or a screen reader."""

from context.model import Brief, Line
from context.words import channel, source
from kernel import formats
from kernel.people import Language


def as_text(brief: Brief) -> str:
    """Return *brief* as text, one line for each thing to know, with where it comes from."""
    zone = brief.header.timezone
    parts = [_line(line, brief.language, zone) for line in brief.header.lines]
    for section in brief.sections:
        parts += ["", section.title.upper()]
        parts += [_line(line, brief.language, zone) for line in section.lines]
    return "\n".join(parts) + "\n"


def provenance(line: Line, language: Language, timezone: str) -> str:
    """Return where a line comes from: who, when, on which channel, to which form."""
    said = formats.when(line.said_at, timezone, language)
    parts = [source(line.source, language), said]
    if line.channel:
        parts.append(channel(line.channel, language))
    if line.form:
        parts.append(line.form)
    return ", ".join(parts)


def _line(line: Line, language: Language, timezone: str) -> str:
    note = f" ({line.note})" if line.note else ""
    # Somebody's own words may run over several lines; they stay together.
    value = line.value.replace("\n", "\n    ")
    return f"{line.label}: {value}{note} [{provenance(line, language, timezone)}]"
