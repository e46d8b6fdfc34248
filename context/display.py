"""Facts as people read them: a label and a value in their language, with where they come from."""

from collections.abc import Mapping

from context import words
from context.answers import is_month
from context.borrowing import amount
from context.forms import fields_of
from context.model import (
    ChoiceField,
    Fact,
    Field,
    FormDefinition,
    IntegerField,
    Line,
    MonthField,
)
from context.words import money, month, say, text
from kernel import formats
from kernel.people import Language


def fields_by_path(definition: FormDefinition | None) -> dict[str, Field]:
    """Return the fields that ask for a fact, by the fact's path."""
    fields = {} if definition is None else fields_of(definition)
    return {field.path: field for field in fields.values()}


def label_of(path: str, fields: Mapping[str, Field], language: Language) -> str:
    """Return what a fact is called: the short name of its question, or else its path."""
    field = fields.get(path)
    return path if field is None else short_label(field, language)


def short_label(field: Field, language: Language) -> str:
    """Return what an advisor calls the answer to *field*."""
    return text(field.short or field.label, language)


def value_of(fact: Fact, fields: Mapping[str, Field], language: Language) -> str:
    """Return the value of a fact as people write it; nothing said gives no text."""
    if fact.value is None:
        return ""
    if isinstance(fact.value, bool):
        return say("yes" if fact.value else "no", language)
    field = fields.get(fact.path)
    if isinstance(field, ChoiceField):
        labels = {choice.value: choice.label for choice in field.choices}
        return text(labels[fact.value], language) if fact.value in labels else str(fact.value)
    if isinstance(field, MonthField) and is_month(fact.value):
        return month(str(fact.value), language)
    return _measured(fact, field, language)


def line_of(
    fact: Fact, fields: Mapping[str, Field], language: Language, *, note: str | None = None
) -> Line:
    """Return a fact as a line of the brief."""
    return from_fact(
        fact,
        label=label_of(fact.path, fields, language),
        value=value_of(fact, fields, language),
        note=note,
    )


def from_fact(fact: Fact, *, label: str, value: str, note: str | None = None) -> Line:
    """Return a line of the brief that rests on *fact*."""
    return Line(
        label=label,
        value=value,
        source=fact.source,
        said_at=fact.said_at,
        channel=fact.channel,
        form=fact.form,
        note=note,
    )


def _measured(fact: Fact, field: Field | None, language: Language) -> str:
    number = amount(fact)
    if number is not None and fact.unit == "EUR":
        return money(number, language)
    if number is not None and fact.unit == "%":
        return formats.rate(number, language)
    unit = field.unit if isinstance(field, IntegerField) else fact.unit
    return f"{fact.value} {words.unit(unit, language)}" if unit else str(fact.value)
