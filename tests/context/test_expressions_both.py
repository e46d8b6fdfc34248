"""Ten thousand rules made by chance give the same on the server and in the browser."""

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import forms as bench
from context.errors import FormRefused
from context.expressions.plan import Plan, evaluate
from tests.context.expressions_made import NODES, SCALARS, Maker
from tests.context.forms_played import BUNDLE, here, in_node, line, planned
from tests.context.test_expressions_cases import PLAYED, TODAY, expected, found
from tests.services.node import WIDGET, build_widget, widget_packages

RULES = 10_000
EACH = 50
KINDS = (*SCALARS, "yesno", "number", "list:number")


def with_rules(maker: Maker, number: int) -> Plan:
    """Return the plan of a form in which so many rules are worked out."""
    kinds = [maker.random.choice(KINDS) for _ in range(number)]
    results = [
        {"id": f"result{place}", "type": kind, "value": maker.rule(kind)}
        for place, kind in enumerate(kinds)
    ]
    return planned([*NODES, *results])


def test_ten_thousand_rules_give_the_same_in_both_engines() -> None:
    """Values, absence and diagnostics are equal, for answers that fit and for some that do not."""
    maker = Maker(20261123)
    played = [
        (plan, maker.answers()) for plan in (with_rules(maker, EACH) for _ in range(RULES // EACH))
    ]

    outcomes = in_node([line(plan, answers, TODAY) for plan, answers in played])

    values: list[Any] = []
    troubles: set[str] = set()
    for (plan, answers), theirs in zip(played, outcomes, strict=True):
        ours = here(plan, answers, TODAY)
        for name, state in ours["states"].items():
            assert theirs["states"][name] == state, (name, answers)
        assert theirs == ours
        values.extend(state[3] for name, state in ours["states"].items() if "result" in name)
        troubles.update(code for code, _, _ in ours["diagnostics"])
    # It would be no test if most rules gave nothing.
    assert len(values) == RULES
    assert sum(value is not None for value in values) > RULES / 2
    assert len({str(value) for value in values}) > RULES / 20
    assert troubles >= {"division-by-zero", "too-large", "out-of-range", "unfit-answer"}


def spoilt(maker: Maker, rule: Any) -> Any:
    """Return a rule in which one part has been exchanged for one of any other type."""
    if not isinstance(rule, dict) or "f" in rule or maker.random.random() < 0.3:
        return maker.make(maker.random.choice((*SCALARS, "list:text", "list:number")), 2, ())
    ((op, operands),) = rule.items()
    if not isinstance(operands, list) or not operands:
        return {op: maker.make(maker.random.choice(SCALARS), 1, ())}
    place = maker.random.randrange(len(operands))
    changed = [*operands]
    changed[place] = spoilt(maker, operands[place])
    return {op: changed}


def test_what_passes_the_check_never_fails_on_an_answer() -> None:
    """Rules that were spoilt are refused, or else run in both engines and give the same."""
    maker = Maker(17)
    played = []
    refused = 0
    for _ in range(3_000):
        rule = spoilt(maker, maker.rule("yesno"))
        try:
            plan = planned([*NODES, {"id": "result", "type": "yesno", "value": rule}])
        except FormRefused:
            refused += 1
        else:
            played.append((plan, maker.answers()))

    outcomes = in_node([line(plan, answers, TODAY) for plan, answers in played])

    for (plan, answers), theirs in zip(played, outcomes, strict=True):
        assert theirs == here(plan, answers, TODAY)
    assert refused > 500
    assert len(played) > 500


def published(nodes: Any, *, unless: set[str]) -> Plan | None:
    """Return the plan of a form, or none if it is refused for one of these reasons."""
    try:
        return planned(nodes)
    except FormRefused as refused:
        if {each.code for each in refused.errors} <= unless:
            return None
        raise


def forms(maker: Maker, number: int) -> Iterator[Plan]:
    """Yield forms with rules of every kind, in groups and in items."""
    made = 0
    while made < number:
        loans = {**NODES[-1], "show": maker.rule("yesno"), "min": 1}
        loans["repeat"] = [
            *NODES[-1]["repeat"],
            {"id": "twice", "type": "number", "value": {"mul": [{"f": "$item.n"}, 2]}},
            {"id": "g", "show": {"f": "$item.y"}, "children": [{"id": "w", "type": "text"}]},
        ]
        shown = [
            {
                "id": f"s{place}",
                "type": "text",
                "show": maker.rule("yesno"),
                "required": {"or": [maker.rule("yesno")]},
                "checks": [{"expr": maker.rule("yesno"), "message": "m"}],
            }
            for place in range(3)
        ]
        group = {"id": "group", "show": maker.rule("yesno"), "children": shown}
        # By chance a rule never holds, or shows the loans by what is in them.
        plan = published([*NODES[:-1], loans, group], unless={"never-shown", "cycle"})
        if plan is not None:
            yield plan
            made += 1


def test_whole_forms_are_the_same_in_both_engines() -> None:
    """What shows, is required, is missing and fails is equal too."""
    maker = Maker(7)
    played = []
    for plan in forms(maker, 300):
        texts = {f"s{place}": maker.random.choice(["", "x", None]) for place in range(3)}
        played.append((plan, {**maker.answers(), **texts}))

    outcomes = in_node([line(plan, answers, TODAY) for plan, answers in played])

    for (plan, answers), theirs in zip(played, outcomes, strict=True):
        assert theirs == here(plan, answers, TODAY)
    states = [state for outcome in outcomes for state in outcome["states"].values()]
    assert sum(not state[0] for state in states) > 100
    assert sum(state[2] for state in states) > 20
    assert sum(bool(state[4]) for state in states) > 50


def test_what_the_browser_is_not_told_changes_nothing() -> None:
    """With the server-only fields worked out beforehand the rest of the form stays the same."""
    maker = Maker(11)
    ours = {"n1", "y1", "d1", "t1", "ln"}
    nodes = [{**node, "server": node["id"] in ours} for node in NODES]
    played: list[tuple[Plan, dict[str, Any]]] = []
    while len(played) < 400:
        shown = {"id": "shown", "show": maker.rule("yesno")}
        plan = published([*nodes, shown], unless={"never-shown", "reveals"})
        if plan is not None and any(f"'{name}'" in str(shown) for name in ours):
            played.append((plan, maker.answers()))

    lines = [
        line(
            plan,
            {name: value for name, value in answers.items() if name not in ours},
            TODAY,
            {name: value for name, value in answers.items() if name in ours},
        )
        for plan, answers in played
    ]
    outcomes = in_node(lines)

    assert not any(f'"{name}"' in each.split('"answers"')[0] for each in lines for name in ours)
    for (plan, answers), theirs in zip(played, outcomes, strict=True):
        states = here(plan, answers, TODAY)["states"]
        assert theirs["states"] == {
            name: state for name, state in states.items() if name not in ours
        }
    assert len({outcome["states"]["shown"][0] for outcome in outcomes}) == 2


def test_what_is_proved_impossible_never_happens() -> None:
    """A field that is refused because it can never show does not show for any answers we try."""
    maker = Maker(13)
    proved = 0
    while proved < 20:
        conditions = [maker.make("yesno", 1, ()) for _ in range(3)]
        shown = {"id": "shown", "show": {"and": conditions}}
        if published([*NODES, shown], unless={"never-shown"}) is None:
            proved += 1
            rule = {"id": "result", "type": "yesno", "value": {"and": conditions}}
            plan = planned([*NODES, rule])
            for _ in range(200):
                evaluation = evaluate(plan, maker.answers(), TODAY)
                assert evaluation.states["result"].value is not True, conditions


def test_a_form_written_out_by_hand_comes_to_the_same() -> None:
    """Two hundred fields, in a third way that shares no line with either engine."""
    plan = planned(bench.form())

    evaluation = evaluate(plan, bench.answers(), TODAY)

    assert bench.found(evaluation) == bench.comparable(bench.by_hand(bench.answers()))
    assert bench.found(evaluation)["failed"]
    assert bench.found(evaluation)["hidden"]


# --- the bundle ----------------------------------------------------------------------------------

SLIPS = [
    ("numbers.ts", "twice > below", "twice >= below"),
    ("numbers.ts", 'mode === "up" ||', ""),
    ("rules.ts", "if (absent(value)) found = undefined;", ""),
    ("rules.ts", "if (absent(a)) return false;", "if (absent(a)) return undefined;"),
    ("rules.ts", "[...value].length", "value.length"),
    ("dates.ts", "> end ? months - 1 : months", "> end ? months : months"),
    ("plan.ts", "frame.hidden.add(json.path)", "0"),
    ("plan.ts", ".slice(0, max)", ""),
]


@pytest.mark.parametrize(("file", "right", "wrong"), SLIPS, ids=[slip[1] for slip in SLIPS])
def test_a_slip_in_one_engine_is_noticed(file: str, right: str, wrong: str, tmp_path: Path) -> None:
    """The cases tell the engines apart as soon as one of them is altered in one place."""
    source = WIDGET / "src" / "forms"
    for path in source.glob("*.ts"):
        text = path.read_text(encoding="utf-8")
        assert path.name != file or right in text
        altered = text.replace(right, wrong) if path.name == file else text
        (tmp_path / path.name).write_text(altered, encoding="utf-8")
    bundle = tmp_path / "forms.mjs"
    command: list[str | Path] = [
        widget_packages() / ".bin" / "esbuild",
        tmp_path / "index.ts",
        "--bundle",
        "--format=esm",
        f"--outfile={bundle}",
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our own compiler
    plays = [(planned(case["nodes"]), case, play) for case in PLAYED for play in case["plays"]]

    outcomes = in_node(
        [
            line(plan, play["answers"], play.get("today", TODAY), case.get("known"))
            for plan, case, play in plays
        ],
        bundle,
    )

    assert any(
        found(play, outcome) != expected(play, outcome["states"])
        for (_, _, play), outcome in zip(plays, outcomes, strict=True)
    )


def test_the_bundle_stays_small() -> None:
    """Less than 8 kB over the wire."""
    assert len(gzip.compress(BUNDLE.read_bytes(), 9)) < 8_000


def test_the_bundle_is_what_the_source_says(tmp_path: Path) -> None:
    """Building again gives the very file that the server ships."""
    build_widget(tmp_path / "spreekuur.js")
    assert (tmp_path / "forms.js").read_bytes() == BUNDLE.read_bytes()
