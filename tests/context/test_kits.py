"""The forms that come with the house can be published, and ask what the code computes with."""

from typing import Any

import pytest

from context import vocabulary
from context.forms import ask, check, fields_of
from context.kits import Kit, load
from context.model import FormDefinition, NoteField
from context.words import LANGUAGES


@pytest.mark.parametrize("kit", ["mortgage", "loan"])
def test_a_kit_can_be_published(kit: Kit) -> None:
    """Nothing is found to be wrong with it, and every text is there in every language."""
    definition = load(kit)

    check(definition)
    fields = [field for step in definition.steps for field in step.fields]
    labels = [definition.title, *(step.title for step in definition.steps)]
    labels += [field.label for field in fields] + [ask.label for ask in definition.documents]
    labels += [field.why for field in fields if not isinstance(field, NoteField)]
    assert all(set(label) == set(LANGUAGES) for label in labels)


def test_the_mortgage_kit_asks_what_figures_need() -> None:
    """Every path that figures and contradictions read is asked for."""
    paths = {field.path for field in fields_of(load("mortgage")).values()}
    understood = {
        value
        for name, value in vars(vocabulary).items()
        if name.isupper() and isinstance(value, str)
    }

    assert understood <= paths


MORTGAGE: FormDefinition = load("mortgage")
LOAN_FIELDS = {
    "loan.remaining",
    "loan.rate",
    "loan.months_left",
    "loan.fixed_until",
    "loan.repayment",
}


@pytest.mark.parametrize(
    ("goal", "loan", "amount"),
    [
        ("buy", False, True),
        ("move", True, True),
        ("remortgage", True, False),
        ("renovate", True, False),
        ("divorce", False, False),
    ],
)
def test_the_goal_decides_what_is_asked(goal: str, loan: bool, amount: bool) -> None:
    """The present loan and the amount wanted are asked where they matter, and only there."""
    asked = ask(MORTGAGE, {"goal": goal})
    shown = {field.id for step in asked.steps for field in step.fields}

    assert shown & LOAN_FIELDS == (LOAN_FIELDS if loan else set())
    assert ("wish.amount" in shown) is amount
    assert "partner.income_gross_year" not in shown


@pytest.mark.parametrize(
    ("answers", "document"),
    [
        ({"income.kind": "permanent"}, "Employer's statement"),
        ({"income.kind": "self-employed"}, "Annual accounts"),
        ({"income.kind": "pension"}, "Pension statement"),
        ({"partner": True}, "Proof of your partner's income"),
        ({"goal": "remortgage", "loan.remaining": "1.00"}, "Yearly statement"),
        ({"goal": "buy"}, "Preliminary purchase contract"),
        ({"goal": "renovate"}, "Quotations"),
        ({"goal": "divorce"}, "Separation agreement"),
    ],
)
def test_documents_follow_the_answers(answers: dict[str, Any], document: str) -> None:
    """Each condition brings its document, beside the passport that is always asked."""
    asked = [each.label["en"] for each in ask(MORTGAGE, answers).documents]

    assert asked[0].startswith("Valid passport")
    assert any(each.startswith(document) for each in asked[1:])
    assert not any(each.label["en"].startswith(document) for each in ask(MORTGAGE, {}).documents)
