"""Rules in forms: every meaning has its cases, and what cannot be meant is refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.errors import ExpressionRefused
from context.expressions import Known, Scalar, check, holds
from context.expressions.syntax import ARITY

FIELDS = {
    "goal": Known(type="text", values=frozenset({"buy", "move"})),
    "words": Known(type="text"),
    "partner": Known(type="yesno"),
    "income": Known(type="number"),
    "until": Known(type="month"),
}
GOAL = {"f": "goal"}
WORDS = {"f": "words"}
PARTNER = {"f": "partner"}
INCOME = {"f": "income"}
UNTIL = {"f": "until"}

MEANINGS: list[tuple[str, Any, dict[str, Scalar], bool]] = [
    ("eq same", {"eq": [GOAL, "buy"]}, {"goal": "buy"}, True),
    ("eq other", {"eq": [GOAL, "buy"]}, {"goal": "move"}, False),
    ("eq absent", {"eq": [GOAL, "buy"]}, {}, False),
    ("eq both absent", {"eq": [WORDS, GOAL]}, {}, False),
    ("ne other", {"ne": [GOAL, "buy"]}, {"goal": "move"}, True),
    ("ne same", {"ne": [GOAL, "buy"]}, {"goal": "buy"}, False),
    ("ne absent is unknown", {"ne": [GOAL, "buy"]}, {}, False),
    ("lt below", {"lt": [INCOME, 10]}, {"income": Decimal("9.99")}, True),
    ("lt equal", {"lt": [INCOME, 10]}, {"income": Decimal("10.00")}, False),
    ("lt absent", {"lt": [INCOME, 10]}, {}, False),
    ("le equal", {"le": [INCOME, 10]}, {"income": Decimal(10)}, True),
    ("le above", {"le": [INCOME, 10]}, {"income": Decimal("10.01")}, False),
    ("le absent", {"le": [INCOME, 10]}, {}, False),
    ("gt above", {"gt": [INCOME, 0.1]}, {"income": Decimal("0.11")}, True),
    ("gt exact decimals", {"gt": [INCOME, 0.1]}, {"income": Decimal("0.1")}, False),
    ("gt absent", {"gt": [INCOME, 0]}, {}, False),
    ("ge equal", {"ge": [INCOME, 0.3]}, {"income": Decimal("0.3")}, True),
    ("ge below", {"ge": [INCOME, 0.3]}, {"income": Decimal("0.29")}, False),
    ("ge absent", {"ge": [INCOME, -1]}, {}, False),
    ("months are ordered", {"lt": [UNTIL, "2027-01"]}, {"until": "2026-12"}, True),
    ("months later", {"lt": [UNTIL, "2027-01"]}, {"until": "2027-02"}, False),
    ("months absent", {"lt": [UNTIL, "2027-01"]}, {}, False),
    ("in listed", {"in": [GOAL, ["buy", "move"]]}, {"goal": "move"}, True),
    ("in not listed", {"in": [GOAL, ["buy"]]}, {"goal": "move"}, False),
    ("in absent", {"in": [GOAL, ["buy"]]}, {}, False),
    ("and both", {"and": [PARTNER, {"eq": [GOAL, "buy"]}]}, {"partner": True, "goal": "buy"}, True),
    ("and one", {"and": [PARTNER, {"eq": [GOAL, "buy"]}]}, {"partner": True}, False),
    ("and unknown", {"and": [PARTNER, True]}, {}, False),
    ("not of a false and", {"not": {"and": [PARTNER, False]}}, {}, True),
    ("not of an unknown and", {"not": {"and": [PARTNER, True]}}, {}, False),
    ("or one", {"or": [PARTNER, {"eq": [GOAL, "buy"]}]}, {"goal": "buy"}, True),
    ("or true settles unknown", {"or": [PARTNER, True]}, {}, True),
    ("or none", {"or": [PARTNER, {"eq": [GOAL, "buy"]}]}, {"partner": False}, False),
    ("not of an unknown or", {"not": {"or": [PARTNER, False]}}, {}, False),
    ("not no", {"not": PARTNER}, {"partner": False}, True),
    ("not yes", {"not": PARTNER}, {"partner": True}, False),
    ("not unknown", {"not": PARTNER}, {}, False),
    ("not of a false comparison", {"not": {"eq": [GOAL, "buy"]}}, {}, True),
    ("present", {"present": INCOME}, {"income": Decimal(0)}, True),
    ("present no", {"present": PARTNER}, {"partner": False}, True),
    ("present absent", {"present": INCOME}, {}, False),
    ("empty text", {"empty": WORDS}, {"words": ""}, True),
    ("empty words", {"empty": WORDS}, {"words": "hello"}, False),
    ("absent is not empty", {"empty": WORDS}, {}, False),
    ("a plain answer", PARTNER, {"partner": True}, True),
    ("a plain no", PARTNER, {"partner": False}, False),
    ("a plain unknown", PARTNER, {}, False),
]


@pytest.mark.parametrize(
    ("rule", "answers", "expected"),
    [case[1:] for case in MEANINGS],
    ids=[case[0] for case in MEANINGS],
)
def test_a_rule_means_what_is_written(
    rule: Any, answers: dict[str, Scalar], expected: bool
) -> None:
    """Every operator is right for yes, for no and for absent; each of these can be published."""
    check(rule, FIELDS)

    assert holds(rule, answers) is expected


REFUSALS = [
    ("unknown field", {"eq": [{"f": "age"}, 1]}, "unknown-field", "/eq/0/f"),
    ("unknown operator", {"equals": [GOAL, "buy"]}, "unknown-operator", "/equals"),
    ("two operators", {"eq": [1, 1], "ne": [1, 2]}, "not-a-rule", ""),
    ("no operator", {}, "not-a-rule", ""),
    ("text with number", {"eq": [GOAL, 1]}, "type-mismatch", "/eq"),
    ("number with text", {"lt": [INCOME, "10"]}, "type-mismatch", "/lt"),
    ("yes with number", {"eq": [PARTNER, 1]}, "type-mismatch", "/eq"),
    ("ordering texts", {"lt": [WORDS, "b"]}, "type-mismatch", "/lt"),
    ("a text as a condition", {"and": [True, WORDS]}, "type-mismatch", "/and/1"),
    ("not a number", {"not": INCOME}, "type-mismatch", "/not"),
    ("empty number", {"empty": INCOME}, "type-mismatch", "/empty"),
    ("mixed list", {"in": [GOAL, ["buy", 1]]}, "type-mismatch", "/in/1"),
    ("no list", {"in": [GOAL, "buy"]}, "not-a-list", "/in/1"),
    ("empty list", {"in": [GOAL, []]}, "not-a-list", "/in/1"),
    ("a choice that is not offered", {"eq": [GOAL, "rent"]}, "unknown-choice", "/eq"),
    ("the same in a list", {"in": [GOAL, ["buy", "rent"]]}, "unknown-choice", "/in"),
    ("one operand", {"eq": [GOAL]}, "wrong-arity", "/eq"),
    ("three operands", {"eq": [GOAL, "buy", "move"]}, "wrong-arity", "/eq"),
    ("nothing to combine", {"and": []}, "wrong-arity", "/and"),
    ("null", {"eq": [GOAL, None]}, "not-a-value", "/eq/1"),
    ("a field without a name", {"f": 3}, "not-a-field", "/f"),
    ("infinity", {"lt": [INCOME, float("inf")]}, "not-a-value", "/lt/1"),
    ("not a number", {"lt": [INCOME, float("nan")]}, "not-a-value", "/lt/1"),
    ("a number of thousands of digits", {"lt": [INCOME, 10**5000]}, "not-a-value", "/lt/1"),
    ("a value", INCOME, "not-yesno", ""),
    ("too many parts", {"in": [GOAL, ["buy"] * 2000]}, "too-large", "/in/1/1998"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "reason", "pointer"),
    [case[1:] for case in REFUSALS],
    ids=[case[0] for case in REFUSALS],
)
def test_what_cannot_be_meant_is_refused_when_published(
    rule: Any, reason: str, pointer: str
) -> None:
    """A rule that could go wrong on an answer never gets that far, and the place is named."""
    with pytest.raises(ExpressionRefused) as caught:
        check(rule, FIELDS)

    assert (caught.value.reason, caught.value.pointer) == (reason, pointer)


def test_a_rule_has_a_depth() -> None:
    """Thirty-two levels are accepted, one more is refused, and a thousand cannot hurt."""

    def nested(levels: int) -> Any:
        rule: Any = PARTNER
        for _ in range(levels - 1):
            rule = {"not": rule}
        return rule

    check(nested(32), FIELDS)
    for levels in (33, 900):
        with pytest.raises(ExpressionRefused) as caught:
            check(nested(levels), FIELDS)
        assert caught.value.reason == "too-large"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["f", "x", *ARITY]), inner, max_size=2),
        st.builds(lambda name: {"f": name}, st.sampled_from(["goal", "income", "$item", "$index"])),
    ),
    max_leaves=20,
)


@given(rule=JSON)
def test_anything_else_is_refused_with_its_place(rule: Any) -> None:
    """Whatever JSON is given for a rule is checked or refused, and nothing else happens."""
    refused = None
    try:
        check(rule, FIELDS)
    except ExpressionRefused as error:
        refused = error

    if refused is None:
        assert holds(rule, {"income": Decimal(0)}) in (True, False)
    else:
        assert refused.reason
        assert refused.pointer == "" or refused.pointer.startswith("/")
