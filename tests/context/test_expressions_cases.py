"""The meanings of the rule language: every case holds in both engines."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from context.errors import FormRefused
from context.expressions.checking import _RULES
from context.expressions.compiling import _COMPILERS
from context.expressions.partial import partial
from context.expressions.plan import disagreements, evaluate
from context.expressions.syntax import ARITY
from tests.context.forms_played import here, in_node, line, planned

CASES = json.loads(
    (Path(__file__).parents[1] / "data" / "expressions.json").read_text(encoding="utf-8")
)
TODAY = "2026-11-23"
MEANINGS = range(1, 16)


def expanded(source: Any) -> Any:
    """Return a case in which what is long is written out."""
    if isinstance(source, list):
        return [expanded(each) for each in source]
    if not isinstance(source, dict):
        return source
    if "$nest" in source:
        op, times, rule = source["$nest"]
        for _ in range(times):
            rule = {op: rule}
        return rule
    if "$many" in source:
        times, value = source["$many"]
        return [value] * times
    if "$text" in source:
        times, value = source["$text"]
        return value * times
    return {key: expanded(value) for key, value in source.items()}


def fields(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of a case as nodes of a form."""
    return [
        {"id": name, "repeat": fields(kind["repeat"])}
        if isinstance(kind, dict)
        else {"id": name, "type": kind}
        for name, kind in given.items()
    ]


def whole(case: dict[str, Any]) -> dict[str, Any]:
    """Return the case of one rule as that of a form, in which the rule is worked out or shows."""
    case = expanded(case)
    nodes = fields(case["fields"])
    if "refused" in case:
        reason, pointer = case["refused"]
        nodes.append({"id": "result", "show": case["rule"]})
        refused = [[reason, f"/{len(nodes) - 1}/show{pointer}"]]
        return {"name": case["name"], "nodes": nodes, "refused": refused}
    nodes.append({"id": "result", "type": case["gives"], "value": case["rule"]})
    told = [
        [code, *(rest or ["result"]), where] for code, where, *rest in case.get("diagnostics", [])
    ]
    play = {
        "answers": case["answers"],
        "today": case.get("today", TODAY),
        "values": {"result": case["value"]},
        "diagnostics": told,
    }
    return {"name": case["name"], "nodes": nodes, "plays": [play]}


FORMS = [whole(case) for case in CASES["rules"]] + [expanded(case) for case in CASES["forms"]]
PLAYED = [case for case in FORMS if "plays" in case]
REFUSED = [case for case in FORMS if "refused" in case]


def expected(play: dict[str, Any], states: dict[str, Any]) -> dict[str, Any]:
    """Return what a case says of those nodes about which it says anything, and what it leaves out.

    What a case does not mention does not show, fail, or miss anything.
    """
    failed = play.get("failed", {})
    return {
        "values": play.get("values", {}),
        "hidden": sorted(play.get("hidden", [])),
        "missing": sorted(play.get("missing", [])),
        "failed": {name: failed[name] for name in sorted(failed)},
        "gone": {name: name in states for name in play.get("gone", [])},
        "diagnostics": sorted(play.get("diagnostics", [])),
    }


def found(play: dict[str, Any], outcome: dict[str, Any]) -> dict[str, Any]:
    """Return what became of the nodes of a case, in the words in which it is written."""
    states = outcome["states"]
    return {
        "values": {name: states[name][3] for name in play.get("values", {})},
        "hidden": sorted(name for name, state in states.items() if not state[0]),
        "missing": sorted(name for name, state in states.items() if state[2]),
        "failed": {
            name: [message for message, _ in states[name][4]]
            for name in sorted(states)
            if states[name][4]
        },
        "gone": dict.fromkeys(play.get("gone", []), False),
        "diagnostics": sorted(outcome["diagnostics"]),
    }


@pytest.mark.parametrize("case", PLAYED, ids=[case["name"] for case in PLAYED])
def test_a_case_holds_on_the_server(case: dict[str, Any]) -> None:
    """What shows, is worked out, is missing, fails and is told is what the case says."""
    plan = planned(case["nodes"])

    for play in case["plays"]:
        answers = {**play["answers"], **case.get("known", {})}
        evaluation = evaluate(plan, answers, play.get("today", TODAY))
        outcome = here(plan, answers, play.get("today", TODAY))

        assert found(play, outcome) == expected(play, outcome["states"])
        assert disagreements(plan, answers, evaluation) == play.get("disagree", [])


def test_the_cases_hold_in_the_browser() -> None:
    """The browser's engine, given the very plan that the server hands out, agrees to every case."""
    plays = [(case, planned(case["nodes"]), play) for case in PLAYED for play in case["plays"]]
    outcomes = in_node(
        [
            line(plan, play["answers"], play.get("today", TODAY), case.get("known"))
            for case, plan, play in plays
        ]
    )

    for (case, _, play), outcome in zip(plays, outcomes, strict=True):
        assert found(play, outcome) == expected(play, outcome["states"]), case["name"]


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
def test_what_could_go_wrong_is_refused(case: dict[str, Any]) -> None:
    """A form that could go wrong on an answer is not published, and the place is named."""
    with pytest.raises(FormRefused) as caught:
        planned(case["nodes"])

    assert sorted([each.code, each.pointer] for each in caught.value.errors) == case["refused"]


SECRET = [case for case in FORMS if "secret" in case]


@pytest.mark.parametrize("case", SECRET, ids=[case["name"] for case in SECRET])
def test_what_is_only_for_us_is_not_in_what_we_send(case: dict[str, Any]) -> None:
    """Neither the name nor the value of a server-only field is in the plan for the browser."""
    plan = planned(case["nodes"])
    sent = json.dumps(partial(plan, case["known"], TODAY))

    assert [word for word in case["secret"] if word in sent] == []
    assert all(word in json.dumps([case["nodes"], case["known"]]) for word in case["secret"])


def test_every_meaning_has_its_cases() -> None:
    """Each of the fifteen meanings has three cases or more, and there are a hundred and fifty."""
    counted = Counter(case["meaning"] for kind in CASES.values() for case in kind)

    assert sorted(counted) == list(MEANINGS)
    assert min(counted.values()) >= 3
    assert counted.total() >= 150


def test_every_operator_is_documented_checked_and_run() -> None:
    """An operator stands in the table, has a type, can be run, and is used in a case."""
    page = (Path(__file__).parents[2] / "docs" / "algorithms" / "expressions.md").read_text()
    table = page.partition("## Operators")[2].partition("## The fifteen")[0]
    documented = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }

    assert documented == {"f", *ARITY}
    # Digits are read when a rule is parsed; there is nothing left to run.
    assert set(_RULES) == set(_COMPILERS) == set(ARITY) - {"number"}
    used = json.dumps(CASES)
    assert [op for op in ARITY if f'{{"{op}":' not in used] == []
