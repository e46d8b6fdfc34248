"""Forms: what may be published, and what is asked for the answers so far."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.errors import AnswersRefused, FormRefused
from context.expressions.plan import evaluate
from context.expressions.publishing import publish
from context.forms import as_nodes, ask, check, parse_answers, require_complete
from context.model import DocumentAsk, FormDefinition, IntegerField, NoteField, TextField
from tests.context.builders import choice, form, money, same, yesno

BUYING = {"eq": [{"f": "goal"}, "buy"]}
GOAL = choice("goal", "buy", "move", required=True)
PARTNER = yesno("partner", required=True, show=BUYING)
INCOME = money("income", required=BUYING, show={"f": "partner"})
PAPERS = [
    DocumentAsk(label=same("passport")),
    DocumentAsk(label=same("pay slip"), when={"present": {"f": "income"}}),
]
FORM = form(GOAL, PARTNER, INCOME, documents=PAPERS)


def problems(definition: FormDefinition) -> list[tuple[str, str]]:
    """What is wrong with a form: where, and which code."""
    with pytest.raises(FormRefused) as caught:
        check(definition)
    return [(error.pointer, error.code) for error in caught.value.errors]


def test_a_good_form_can_be_published() -> None:
    """Nothing is found in the form that the other tests change."""
    check(FORM)


def test_every_field_says_what_it_is_for() -> None:
    """A field without a purpose cannot be published; a note needs none."""
    silent = TextField(id="birthplace", label=same("Where were you born?"))
    note = NoteField(id="note", label=same("Bring your passport"))

    assert problems(form(GOAL, note, silent)) == [("/steps/0/fields/2/purpose", "purpose-missing")]


def test_a_rule_knows_only_what_was_asked_before() -> None:
    """Rules look back, not forward, not at themselves and not at notes."""
    note = NoteField(id="note", label=same("Read this"))
    forward = yesno("partner", show={"present": {"f": "goal"}})
    itself = yesno("self", required={"f": "self"})
    to_note = yesno("third", show={"present": {"f": "note"}})

    assert problems(form(note, forward, GOAL, itself, to_note)) == [
        ("/steps/0/fields/1/show/present/f", "unknown-field"),
        ("/steps/0/fields/3/required/f", "unknown-field"),
        ("/steps/0/fields/4/show/present/f", "unknown-field"),
    ]


@pytest.mark.parametrize(
    ("definition", "pointer", "code"),
    [
        (form(GOAL, GOAL), "/steps/0/fields/1/id", "not-unique"),
        (form(GOAL, yesno("other", fact="goal")), "/steps/0/fields/1/fact", "not-unique"),
        (form(yesno("A b")), "/steps/0/fields/0/id", "invalid"),
        (form(), "/steps", "invalid"),
        (form(*[yesno(f"q{n}") for n in range(201)]), "/steps", "invalid"),
        (form(GOAL, slug="Not A Slug"), "/slug", "invalid"),
        (form(choice("goal")), "/steps/0/fields/0/choices", "invalid"),
        (form(choice("goal", "a", "a")), "/steps/0/fields/0/choices/1/value", "not-unique"),
        (
            form(IntegerField(id="n", label=same("n"), purpose="p", minimum=2, maximum=1)),
            "/steps/0/fields/0/minimum",
            "invalid",
        ),
        (
            form(TextField(id="t", label=same("t"), purpose="p", max_length=0)),
            "/steps/0/fields/0/max_length",
            "invalid",
        ),
        (
            form(TextField(id="t", label={"fr": "t"}, purpose="p")),
            "/steps/0/fields/0/label/fr",
            "invalid",
        ),
        (form(TextField(id="t", label={}, purpose="p")), "/steps/0/fields/0/label", "invalid"),
        (
            form(GOAL, documents=[DocumentAsk(label=same("x"), when={"f": "goal"})]),
            "/documents/0/when",
            "not-yesno",
        ),
        (
            form(NoteField(id="n", label=same("n"), required=True)),
            "/steps/0/fields/0/required",
            "invalid",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(
    definition: FormDefinition, pointer: str, code: str
) -> None:
    """Each slip of a form's author is named with its place."""
    assert (pointer, code) in problems(definition)


def shown(answers: dict[str, Any]) -> list[str]:
    """The ids of the fields that show."""
    return [field.id for step in ask(FORM, answers).steps for field in step.fields]


def test_a_question_that_nobody_can_be_asked_is_refused() -> None:
    """A rule that contradicts itself is a slip of the pen, and its place is named."""
    both = {"and": [{"eq": [{"f": "goal"}, "buy"]}, {"eq": [{"f": "goal"}, "move"]}]}
    late = {"and": [{"gt": [{"f": "income"}, 100]}, {"le": [{"f": "income"}, 99.5]}]}

    assert problems(form(GOAL, PARTNER, INCOME, yesno("a", show=both), yesno("b", show=late))) == [
        ("/steps/0/fields/3/show", "never-shown"),
        ("/steps/0/fields/4/show", "never-shown"),
    ]


@given(
    goal=st.sampled_from([None, "buy", "move", "rent"]),
    partner=st.sampled_from([None, True, False]),
    income=st.sampled_from([None, "0.00", "1234.50", "much"]),
)
def test_a_form_and_its_plan_ask_the_same(
    goal: str | None, partner: bool | None, income: str | None
) -> None:
    """What is asked, required, kept and missing is the same by the plan for a browser."""
    said = {"goal": goal, "partner": partner, "income": income}
    answers = {name: value for name, value in said.items() if value is not None}
    asked = ask(FORM, answers)

    evaluation = evaluate(publish(as_nodes(FORM)), answers, None)

    states = evaluation.states
    shown = [field.id for step in asked.steps for field in step.fields]
    assert [name for name, state in states.items() if state.visible] == shown
    assert {name for name, state in states.items() if state.required} == asked.required
    assert evaluation.missing == asked.missing
    assert evaluation.values.keys() == asked.answers.keys()


def test_only_what_matters_is_asked() -> None:
    """A question appears when its rule holds, and a chain of rules is followed."""
    assert shown({}) == ["goal"]
    assert shown({"goal": "move"}) == ["goal"]
    assert shown({"goal": "buy"}) == ["goal", "partner"]
    assert shown({"goal": "buy", "partner": True}) == ["goal", "partner", "income"]
    assert shown({"goal": "buy", "partner": False}) == ["goal", "partner"]


def test_what_is_hidden_is_absent_for_every_rule() -> None:
    """Hiding the partner hides the income that depends on it, whatever was stored."""
    asked = ask(FORM, {"goal": "move", "partner": True, "income": "10.00"})

    assert asked.answers == {"goal": "move"}
    assert asked.hidden == ["partner", "income"]
    assert asked.missing == []
    assert [document.label["en"] for document in asked.documents] == ["passport"]


def test_missing_is_what_shows_and_is_required() -> None:
    """An always required field, and one that is required by a rule."""
    assert ask(FORM, {}).missing == ["goal"]
    assert ask(FORM, {"goal": "buy", "partner": True}).missing == ["income"]
    complete = ask(FORM, {"goal": "buy", "partner": True, "income": "10.00"})
    assert complete.missing == []
    assert len(complete.documents) == 2


def test_a_stored_answer_that_no_longer_fits_counts_as_absent() -> None:
    """After a change of the form an old value is asked again rather than shown wrong."""
    asked = ask(FORM, {"goal": "rent"})

    assert (asked.answers, asked.missing) == ({}, ["goal"])


def test_every_wrong_answer_is_named() -> None:
    """Pointers lead into the request, and a name with a slash is escaped as RFC 6901 says."""
    with pytest.raises(AnswersRefused) as caught:
        parse_answers(FORM, {"goal": "rent", "income": "x", "a/b": 1, "partner": True}, "nl")

    assert [(error.pointer, error.code) for error in caught.value.errors] == [
        ("/answers/goal", "not-offered"),
        ("/answers/income", "not-money"),
        ("/answers/a~1b", "unknown-field"),
    ]
    assert caught.value.errors[0].detail == "Kies een van de antwoorden die er staan."


def test_a_form_is_handed_in_complete() -> None:
    """What is missing is refused with its place; a complete form passes."""
    require_complete(ask(FORM, {"goal": "move"}), "nl")

    with pytest.raises(AnswersRefused) as caught:
        require_complete(ask(FORM, {"goal": "buy"}), "nl")

    assert [(error.pointer, error.code) for error in caught.value.errors] == [
        ("/answers/partner", "required")
    ]
