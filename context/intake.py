"""One meeting's form: answers read from facts, news written as facts, and how far it is."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import UNSET

from context import facts as ledger
from context.forms import Asked, fields_of
from context.model import (
    ChoiceField,
    ChoiceView,
    Fact,
    FactInput,
    Field,
    FieldView,
    Form,
    FormDefinition,
    FormView,
    Intake,
    IntakeView,
    IntegerField,
    MoneyField,
    PercentField,
    StepView,
    Value,
)
from context.words import text
from kernel.people import Language


def answers_in(definition: FormDefinition, said: Iterable[Fact]) -> dict[str, Value]:
    """Return the customer's own answers to a form, by field id, from what they said so far."""
    own = ledger.own_words(said)
    answers: dict[str, Value] = {}
    for name, field in fields_of(definition).items():
        fact = own.get(field.path)
        if fact is not None and fact.value is not None:
            answers[name] = fact.value
    return answers


def merged(stored: Mapping[str, Value], given: Mapping[str, Value | None]) -> dict[str, Value]:
    """Return the stored answers, replaced or taken back by those given now."""
    together = {**stored, **given}
    return {name: value for name, value in together.items() if value is not None}


def news(
    intake: Intake,
    form: Form,
    said: Sequence[Fact],
    given: Mapping[str, Value | None],
    asked: Asked,
    *,
    channel: str,
    now: datetime,
) -> list[FactInput]:
    """Return what *given* adds to what the customer had *said*, in the order of the form.

    An answer to a question that is not asked adds nothing. What was answered for this meeting to
    a question that no longer shows is taken back; what was told for another meeting stays.
    """
    own = ledger.own_words(said)
    found = []
    for name, field in fields_of(form.definition).items():
        before = own.get(field.path)
        stands = None if before is None else before.value
        if name in asked.hidden:
            if before is None or before.booking != intake.booking_id:
                continue
        elif name not in given:
            continue
        after = asked.answers.get(name)
        if after != stands:
            found.append(_said(field, after, intake, form, channel=channel, now=now))
    return found


def view(intake: Intake, form: Form, asked: Asked, language: Language) -> IntakeView:
    """Return how far an intake is, in the reader's language."""
    return IntakeView(
        form=FormView(
            id=form.id,
            version=form.version,
            title=text(form.definition.title, language),
            steps=[
                StepView(
                    id=step.id,
                    title=text(step.title, language),
                    fields=[_field_view(field, asked, language) for field in step.fields],
                )
                for step in asked.steps
            ],
        ),
        answers=asked.answers,
        missing=asked.missing,
        submitted_at=intake.submitted_at,
        saved_at=intake.saved_at,
    )


def _field_view(field: Field, asked: Asked, language: Language) -> FieldView:
    return FieldView(
        id=field.id,
        kind=str(field.__struct_config__.tag),
        label=text(field.label, language),
        help=text(field.help, language),
        why=text(field.why, language),
        required=field.id in asked.required,
        choices=[
            ChoiceView(value=choice.value, label=text(choice.label, language))
            for choice in field.choices
        ]
        if isinstance(field, ChoiceField)
        else UNSET,
    )


def _said(
    field: Field, value: Value | None, intake: Intake, form: Form, *, channel: str, now: datetime
) -> FactInput:
    return FactInput(
        path=field.path,
        value=value,
        unit=_unit(field),
        source="customer",
        channel=channel,
        actor="customer",
        said_at=now,
        form=form.reference,
        booking=intake.booking_id,
    )


def _unit(field: Field) -> str | None:
    if isinstance(field, MoneyField):
        return field.currency
    if isinstance(field, PercentField):
        return "%"
    if isinstance(field, IntegerField):
        return field.unit or None
    return None
