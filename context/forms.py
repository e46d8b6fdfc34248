"""Forms: what may be published, what is asked for the answers so far, and what an answer may be.

A question that is not asked has no answer: whatever was said to it before counts as absent, for
every rule after it and for what is missing.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET, Struct

from context import expressions
from context.answers import MAX_TEXT, AnswerRefused, parse_answer
from context.errors import AnswersRefused, ExpressionRefused, FormRefused
from context.expressions import Known, Scalar, Type
from context.expressions.plan import FormNode
from context.expressions.publishing import publish
from context.model import (
    ChoiceField,
    DocumentAsk,
    Expression,
    Field,
    FormDefinition,
    IntegerField,
    LongTextField,
    MoneyField,
    MonthField,
    NoteField,
    PercentField,
    Step,
    TextField,
    Texts,
    Value,
    YesNoField,
)
from context.words import LANGUAGES, say
from kernel.errors import FieldError
from kernel.people import Language

MAX_FIELDS: Final = 200
_LONGEST_NAME: Final = 80
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")
_TYPES: Final[dict[type[Field], Type]] = {
    TextField: "text",
    LongTextField: "text",
    ChoiceField: "text",
    YesNoField: "yesno",
    IntegerField: "number",
    MoneyField: "number",
    PercentField: "number",
    MonthField: "month",
}


# --- publishing ----------------------------------------------------------------------------------


def check(definition: FormDefinition) -> None:
    """Refuse a form that could not be asked, or that asks without saying what for.

    Raises:
        FormRefused: With a pointer into the definition for each thing that is wrong.
    """
    problems = list(_problems(definition)) or list(_impossible(definition))
    if problems:
        raise FormRefused(
            f"The form cannot be published: {problems[0].detail}", errors=tuple(problems)
        )


def is_slug(text: str) -> bool:
    """Return whether *text* can be the slug of a form."""
    return len(text) <= _LONGEST_NAME and _SLUG.match(text) is not None


def _problems(definition: FormDefinition) -> Iterator[FieldError]:
    if not is_slug(definition.slug):
        yield _wrong(
            "/slug", "A slug is lower-case words joined by hyphens, at most 80 characters."
        )
    yield from _text_problems(definition.title, "/title", needed=True)
    yield from _repeated(definition)
    known: dict[str, Known] = {}
    for step_place, step in enumerate(definition.steps):
        pointer = f"/steps/{step_place}"
        yield from _text_problems(step.title, f"{pointer}/title", needed=True)
        for place, field in enumerate(step.fields):
            yield from _field_problems(field, f"{pointer}/fields/{place}", known)
            if not isinstance(field, NoteField):
                known[field.id] = _known(field)
    for place, document in enumerate(definition.documents):
        pointer = f"/documents/{place}"
        yield from _text_problems(document.label, f"{pointer}/label", needed=True)
        yield from _rule_problems(document.when, f"{pointer}/when", known)


def _impossible(definition: FormDefinition) -> Iterator[FieldError]:
    """Find the questions that are never asked, whatever is answered, in a form otherwise right."""
    places = [
        (f"/steps/{step_place}/fields/{place}", field)
        for step_place, step in enumerate(definition.steps)
        for place, field in enumerate(step.fields)
    ]
    try:
        publish(as_nodes(definition))
    except FormRefused as refused:
        for problem in refused.errors:
            _, number, *rest = problem.pointer.split("/")
            pointer = "/".join([places[int(number)][0], *rest])
            yield _wrong(pointer, problem.detail, problem.code)


def as_nodes(definition: FormDefinition) -> list[FormNode]:
    """Return the fields of a form as the rules see them, for a plan of it."""
    return [_node(field) for step in definition.steps for field in step.fields]


def _node(field: Field) -> FormNode:
    return FormNode(
        id=field.id,
        type=_TYPES.get(type(field)),
        values=tuple(each.value for each in field.choices)
        if isinstance(field, ChoiceField)
        else None,
        show=UNSET if field.show is None else field.show,
        required=field.required,
    )


def _repeated(definition: FormDefinition) -> Iterator[FieldError]:
    """Find names that stand for two things."""
    fields = [field for step in definition.steps for field in step.fields]
    if not fields:
        yield _wrong("/steps", "A form asks at least one question.")
    if len(fields) > MAX_FIELDS:
        yield _wrong("/steps", f"A form has at most {MAX_FIELDS} fields.")
    names: dict[str, set[str]] = {"step": set(), "field": set(), "fact": set()}
    for step_place, step in enumerate(definition.steps):
        pointer = f"/steps/{step_place}"
        yield from _twice(names["step"], step.id, f"{pointer}/id", "step")
        for place, field in enumerate(step.fields):
            where = f"{pointer}/fields/{place}"
            yield from _twice(names["field"], field.id, f"{where}/id", "field")
            if field.fact is not None or field.id not in names["fact"]:
                yield from _twice(names["fact"], field.path, f"{where}/fact", "fact")


def _twice(seen: set[str], name: str, pointer: str, what: str) -> Iterator[FieldError]:
    if name in seen:
        yield _wrong(pointer, f"There is a {what} {name!r} already.", "not-unique")
    seen.add(name)
    if not _NAME.match(name) or len(name) > _LONGEST_NAME:
        yield _wrong(
            pointer,
            "A name is lower-case letters, digits and underscores, with dots between its parts, "
            "at most 80 characters.",
        )


def _field_problems(field: Field, pointer: str, known: Mapping[str, Known]) -> Iterator[FieldError]:
    yield from _text_problems(field.label, f"{pointer}/label", needed=True)
    yield from _text_problems(field.short, f"{pointer}/short", needed=False)
    yield from _text_problems(field.help, f"{pointer}/help", needed=False)
    yield from _text_problems(field.why, f"{pointer}/why", needed=False)
    yield from _rule_problems(field.show, f"{pointer}/show", known)
    if not isinstance(field.required, bool):
        yield from _rule_problems(field.required, f"{pointer}/required", known)
    if isinstance(field, NoteField):
        if field.required is not False:
            yield _wrong(f"{pointer}/required", "A note has no answer that could be required.")
        return
    if not field.purpose.strip():
        yield _wrong(
            f"{pointer}/purpose",
            f"Say what the answer to {field.id!r} is used for; nothing is asked without a purpose.",
            "purpose-missing",
        )
    yield from _kind_problems(field, pointer)


def _kind_problems(field: Field, pointer: str) -> Iterator[FieldError]:
    if isinstance(field, ChoiceField):
        if not field.choices:
            yield _wrong(f"{pointer}/choices", "Give at least one answer to choose from.")
        seen: set[str] = set()
        for place, choice in enumerate(field.choices):
            where = f"{pointer}/choices/{place}"
            if choice.value in seen or not choice.value:
                yield _wrong(f"{where}/value", "Give each choice a value of its own.", "not-unique")
            seen.add(choice.value)
            yield from _text_problems(choice.label, f"{where}/label", needed=True)
    if isinstance(field, IntegerField) and field.minimum > field.maximum:
        yield _wrong(f"{pointer}/minimum", "The minimum is above the maximum.")
    if isinstance(field, TextField | LongTextField) and not 1 <= field.max_length <= MAX_TEXT:
        yield _wrong(f"{pointer}/max_length", f"A text has from 1 to {MAX_TEXT} characters.")


def _rule_problems(
    rule: Expression | None, pointer: str, known: Mapping[str, Known]
) -> Iterator[FieldError]:
    if rule is None:
        return
    try:
        expressions.check(rule, known)
    except ExpressionRefused as refused:
        yield _wrong(f"{pointer}{refused.pointer}", refused.detail, refused.reason)


def _text_problems(texts: Texts, pointer: str, *, needed: bool) -> Iterator[FieldError]:
    if needed and not texts:
        yield _wrong(pointer, f"Give this text in at least one of {', '.join(LANGUAGES)}.")
    for language, words in texts.items():
        if language not in LANGUAGES:
            yield _wrong(f"{pointer}/{language}", f"The languages are {', '.join(LANGUAGES)}.")
        elif not words.strip():
            yield _wrong(f"{pointer}/{language}", "This text is empty; write it or leave it out.")


def _wrong(pointer: str, detail: str, code: str = "invalid") -> FieldError:
    return FieldError(pointer=pointer, detail=detail, code=code)


def _known(field: Field) -> Known:
    values = None
    if isinstance(field, ChoiceField):
        values = frozenset(choice.value for choice in field.choices)
    return Known(type=_TYPES[type(field)], values=values)


# --- asking --------------------------------------------------------------------------------------


class Asked(Struct, frozen=True, kw_only=True):
    """A form as it stands for certain answers.

    Attributes:
        steps: The steps with the fields that show; a step without any is left out.
        required: The ids of the fields that must be answered.
        answers: The answers to fields that show, by field id.
        hidden: The ids of fields that have an answer but are not asked.
        missing: The ids of required fields without an answer, in order.
        documents: What to bring.
    """

    steps: list[Step]
    required: set[str]
    answers: dict[str, Value]
    hidden: list[str]
    missing: list[str]
    documents: list[DocumentAsk]


def ask(definition: FormDefinition, answers: Mapping[str, Value]) -> Asked:
    """Return what is asked, given *answers* by field id.

    A stored answer that does not fit its field, as after a change of the form, counts as absent.
    """
    steps: list[Step] = []
    required: set[str] = set()
    kept: dict[str, Value] = {}
    hidden: list[str] = []
    missing: list[str] = []
    scalars: dict[str, Scalar] = {}
    for step in definition.steps:
        fields: list[Field] = []
        for field in step.fields:
            value = _fitting(field, answers.get(field.id))
            if field.show is not None and not expressions.holds(field.show, scalars):
                if value is not None:
                    hidden.append(field.id)
                continue
            fields.append(field)
            needed = _needed(field, scalars)
            if needed:
                required.add(field.id)
            if value is not None:
                kept[field.id] = value
                scalars[field.id] = as_scalar(field, value)
            elif needed:
                missing.append(field.id)
        if fields:
            steps.append(Step(id=step.id, title=step.title, fields=fields))
    documents = [
        document
        for document in definition.documents
        if document.when is None or expressions.holds(document.when, scalars)
    ]
    return Asked(
        steps=steps,
        required=required,
        answers=kept,
        hidden=hidden,
        missing=missing,
        documents=documents,
    )


def fields_of(definition: FormDefinition) -> dict[str, Field]:
    """Return every field that has an answer, by id, in order."""
    return {
        field.id: field
        for step in definition.steps
        for field in step.fields
        if not isinstance(field, NoteField)
    }


def as_scalar(field: Field, value: Value) -> Scalar:
    """Return a stored answer as rules compute with it: numbers as exact decimals."""
    if _TYPES[type(field)] == "number":
        return Decimal(value)
    return value if isinstance(value, bool) else str(value)


def _needed(field: Field, scalars: Mapping[str, Scalar]) -> bool:
    if isinstance(field.required, bool):
        return field.required
    return expressions.holds(field.required, scalars)


def _fitting(field: Field, value: Value | None) -> Value | None:
    if value is None or isinstance(field, NoteField):
        return None
    try:
        return parse_answer(field, value)
    except AnswerRefused:
        return None


# --- answering -----------------------------------------------------------------------------------


def parse_answers(
    definition: FormDefinition, given: Mapping[str, Any], language: Language
) -> dict[str, Value | None]:
    """Return what was answered, in the form in which it is stored; none takes an answer back.

    Args:
        definition: The form.
        given: What was sent, by field id.
        language: Of whoever answered, for what is said of a wrong answer.

    Raises:
        AnswersRefused: With a pointer ``/answers/<id>`` for each answer that does not fit.
    """
    fields = fields_of(definition)
    parsed: dict[str, Value | None] = {}
    refused: dict[str, AnswerRefused] = {}
    for name, value in given.items():
        if name not in fields:
            refused[name] = AnswerRefused("unknown-field")
            continue
        try:
            parsed[name] = parse_answer(fields[name], value)
        except AnswerRefused as error:
            refused[name] = error
    if refused:
        raise _refusal("refused.answers", refused, language)
    return parsed


def require_complete(asked: Asked, language: Language) -> None:
    """Refuse to hand in a form in which something required is missing.

    Raises:
        AnswersRefused: With a pointer ``/answers/<id>`` for each missing answer.
    """
    if asked.missing:
        missing = {name: AnswerRefused("required") for name in asked.missing}
        raise _refusal("refused.incomplete", missing, language)


def _refusal(
    summary: str, refused: Mapping[str, AnswerRefused], language: Language
) -> AnswersRefused:
    errors = (
        _wrong(f"/answers/{_escaped(name)}", error.sentence(language), error.code)
        for name, error in refused.items()
    )
    return AnswersRefused(say(summary, language), errors=tuple(errors))


def _escaped(name: str) -> str:
    """Return *name* as one step of a JSON pointer (RFC 6901, section 3)."""
    return name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")
