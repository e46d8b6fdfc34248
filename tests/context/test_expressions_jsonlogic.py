"""Rules that come from JsonLogic."""

from typing import Any

import pytest

from context.errors import ExpressionRefused
from context.expressions.checking import Known, Readable, infer
from context.expressions.jsonlogic import translate
from context.expressions.syntax import parse

A = {"var": "a"}
OURS = {"f": "a"}
READABLE = Readable(
    fields={
        "a": Known(type="number"),
        "t": Known(type="text"),
        "y": Known(type="yesno"),
        "l": Known(type="list:number"),
        "r": Known(type="list:record:r"),
    },
    records={"r": {"n": Known(type="number")}},
)

TRANSLATED: list[tuple[Any, Any, list[str]]] = [
    ({"===": [A, 1]}, {"eq": [OURS, 1]}, []),
    ({"==": [A, 1]}, {"eq": [OURS, 1]}, ["loose-equality"]),
    ({"!==": [A, 1]}, {"ne": [OURS, 1]}, ["missing-differs"]),
    ({"==": [A, None]}, {"not": [{"present": [OURS]}]}, []),
    ({"!=": [None, A]}, {"present": [OURS]}, []),
    ({"<": [A, 3]}, {"lt": [OURS, 3]}, ["missing-differs"]),
    ({"<=": [1, A, 3]}, {"and": [{"le": [1, OURS]}, {"le": [OURS, 3]}]}, ["missing-differs"]),
    ({"!": {"var": ["y"]}}, {"not": [{"f": "y"}]}, ["truthiness"]),
    ({"!": [{"===": [A, 1]}]}, {"not": [{"eq": [OURS, 1]}]}, []),
    ({"!!": [A]}, {"present": [OURS]}, ["truthiness"]),
    ({"in": [{"var": "t"}, ["x", "y"]]}, {"in": [{"f": "t"}, ["x", "y"]]}, []),
    ({"in": [A, {"var": "l"}]}, {"in": [OURS, {"f": "l"}]}, []),
    ({"if": [{"===": [A, 1]}, 2, 3]}, {"if": [{"eq": [OURS, 1]}, 2, 3]}, []),
    ({"-": [A]}, {"neg": [OURS]}, []),
    ({"+": [A, {"*": [A, 2]}]}, {"add": [OURS, {"mul": [OURS, 2]}]}, []),
    ({"var": ["a", 0]}, {"coalesce": [OURS, 0]}, ["default"]),
    ({"cat": ["x", {"var": "t"}]}, {"concat": ["x", {"f": "t"}]}, []),
    (
        {"some": [{"var": "r"}, {"===": [{"var": "n"}, 1]}]},
        {"any": [{"f": "r"}, {"eq": [{"f": "$item.n"}, 1]}]},
        [],
    ),
    (
        {"all": [{"var": "l"}, {">": [{"var": ""}, 1]}]},
        {"all": [{"f": "l"}, {"gt": [{"f": "$item"}, 1]}]},
        ["missing-differs"],
    ),
]


@pytest.mark.parametrize(
    ("source", "rule", "lost"), TRANSLATED, ids=[str(case[0]) for case in TRANSLATED]
)
def test_a_rule_is_translated_and_what_is_lost_is_told(
    source: Any, rule: Any, lost: list[str]
) -> None:
    """The translation is a rule of ours that can be published, and names each change of meaning."""
    found = translate(source)

    assert found.rule == rule
    assert [each.loss for each in found.lost] == lost
    infer(parse(found.rule), READABLE)


def test_what_is_lost_has_its_place() -> None:
    """A pointer leads into the rule as it was."""
    source = {"and": [True, {"!==": [A, 1]}]}

    assert [each.pointer for each in translate(source).lost] == ["/and/1/!=="]


NESTED: Any = A
JOINED: Any = A
for _ in range(2000):
    NESTED = {"!": [NESTED]}
    JOINED = {"and": [JOINED, True]}


@pytest.mark.parametrize(
    ("source", "pointer"),
    [
        ({"%": [A, 2]}, "/%"),
        ({"+": ["3"]}, "/+"),
        ({"in": ["x", "xyz"]}, "/in"),
        ({"var": 1}, "/var"),
        ({"var": ""}, "/var"),
        ({"and": [{"log": "x"}]}, "/and/0/log"),
        ({"missing": ["a"]}, "/missing"),
        ({"reduce": [{"var": "l"}, {"+": [A, A]}, 0]}, "/reduce"),
        ({"some": [A]}, "/some"),
        ({"max": [[1, 2]]}, "/max/0"),
        ({"==": [1, 2], "!=": [1, 2]}, ""),
        (None, ""),
        ({"in": []}, "/in"),
        ({"var": []}, "/var"),
        ({"/": [{"log": 1}, 2]}, "/~1/0/log"),
        (NESTED, "/!/0" * 32),
        (JOINED, "/and/0" * 32),
    ],
)
def test_what_has_no_counterpart_is_refused(source: Any, pointer: str) -> None:
    """Nothing is guessed: a rule that cannot be told in our language is refused, with its place."""
    with pytest.raises(ExpressionRefused) as caught:
        translate(source)

    assert caught.value.reason == "not-translated"
    assert caught.value.pointer.startswith(pointer)
