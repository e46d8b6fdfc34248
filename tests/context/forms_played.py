"""Forms, evaluated by both engines: the server's in Python, and the browser's in Node."""

import json
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import convert

from context.expressions.partial import partial
from context.expressions.plan import Evaluation, FormNode, Plan, evaluate
from context.expressions.publishing import publish
from context.expressions.values import number_text
from tests.services.node import node

RUNNER = Path(__file__).with_name("forms_runner.mjs")
BUNDLE = Path(__file__).parents[2] / "api" / "static" / "widget" / "forms.js"


def planned(nodes: Any) -> Plan:
    """Return the plan of a form that is written as JSON."""
    return publish(convert(nodes, list[FormNode]))


def told(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON that can be compared."""
    return {
        "states": {
            name: [
                state.visible,
                state.required,
                state.missing,
                _written(state.value),
                [[failed.message, failed.level] for failed in state.failed],
            ]
            for name, state in evaluation.states.items()
        },
        "diagnostics": [[each.code, each.node, each.pointer] for each in evaluation.diagnostics],
    }


def here(plan: Plan, answers: Any, today: str) -> dict[str, Any]:
    """Return what Python makes of a form."""
    return told(evaluate(plan, answers, today))


def line(plan: Plan, answers: Any, today: str, known: Any = None) -> str:
    """Return a form as Node is given it."""
    shared = partial(plan, known or {}, today)
    return json.dumps({"plan": shared, "answers": answers, "today": today})


def in_node(lines: Sequence[str], bundle: Path = BUNDLE) -> list[dict[str, Any]]:
    """Return what the browser's engine makes of forms, all in one process."""
    done = subprocess.run(  # noqa: S603  # our own runner
        [node(), str(RUNNER), str(bundle)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert not done.returncode, done.stderr
    return [json.loads(each) for each in done.stdout.splitlines()]


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return number_text(value)
    if not isinstance(value, list):
        return value
    if any(isinstance(item, dict | list) for item in value):
        return len(value)
    return [_written(item) for item in value]
