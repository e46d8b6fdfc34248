"""What it costs to work out a whole form, as happens whenever somebody types.

``python -m bench.forms [--json]``. Two hundred fields: ten sections that show one after another,
ten loans, and sums over all of them. The reference is the same form written out by hand, in Python
with decimals and in JavaScript with floating-point numbers as a web page would have it. All four
must find the same values, the same missing answers and the same failed checks. The browser's engine
is measured in Node, and in Chromium where there is one.
"""

import asyncio
import json
import shutil
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from functools import partial as bind
from pathlib import Path
from typing import Any, Final

from msgspec import convert
from playwright.async_api import async_playwright

from bench.reporting import Row, cost, fail, report, row, wants_json
from context.expressions.partial import partial
from context.expressions.plan import Evaluation, FormNode, evaluate
from context.expressions.publishing import publish
from context.expressions.values import number_text
from tests.services.chromium import FLAGS
from tests.services.node import node

TODAY: Final = "2026-11-23"
SECTIONS: Final = 10
LOANS: Final = 10
_TOO_MUCH: Final = 4
"""The section in which more is put in than the house costs."""

_CENT: Final = Decimal("0.01")
_STEP: Final = Decimal("1e-20")
_SCRIPT: Final = Path(__file__).with_name("forms_by_hand.mjs")
_ENGINE: Final = Path(__file__).parent.parent / "api" / "static" / "widget" / "forms.js"

JSON = dict[str, Any]


# --- the form ------------------------------------------------------------------------------------


def euro(amount: int) -> JSON:
    """Return an amount as rules write it."""
    return {"money": [amount, "EUR"]}


def section(number: int) -> JSON:
    """Return one section: ten questions, and two things that follow from them."""

    def f(name: str) -> JSON:
        return {"f": f"s{number}_{name}"}

    def asked(name: str, kind: str, **more: Any) -> JSON:
        return {"id": f"s{number}_{name}", "type": kind, **more}

    within = {"between": [f("a"), 0, 1000]}
    affordable = {"le": [f("own"), f("price")]}
    grown = {"ge": [{"age": f("born")}, 18]}
    interest = {"div": [{"mul": [f("loan"), {"div": [f("rate"), 100]}]}, 12]}
    show = {"ge": [{"f": f"s{number - 1}_a"}, number]}
    return {
        "id": f"s{number}",
        **({"show": show} if number else {}),
        "children": [
            asked("goal", "text", values=["buy", "move"], required=True),
            asked("partner", "yesno"),
            asked("a", "number", required=True, checks=[{"expr": within, "message": "within"}]),
            asked("b", "number", show=f("partner"), required={"eq": [f("goal"), "buy"]}),
            asked("born", "date", checks=[{"expr": grown, "message": "grown", "level": "warn"}]),
            asked("until", "month", show={"and": [f("partner"), {"gt": [f("a"), 10]}]}),
            asked("price", "money:EUR", required=True),
            asked("own", "money:EUR", checks=[{"expr": affordable, "message": "affordable"}]),
            asked("why", "text", required={"gt": [f("price"), euro(500_000)]}),
            asked("rate", "number"),
            asked("loan", "money:EUR", value={"sub": [f("price"), f("own")]}),
            asked("monthly", "money:EUR", value={"round": [interest, 2]}),
        ],
    }


def follows(number: int) -> list[JSON]:
    """Return what follows from one section."""
    ratio = {"div": [{"f": f"s{number}_loan"}, {"f": f"s{number}_price"}]}
    level = {"if": [{"gt": [{"f": f"ratio{number}"}, 0.9]}, "high", "low"]}
    return [
        {"id": f"ratio{number}", "type": "number", "value": ratio},
        {"id": f"level{number}", "type": "text", "value": level},
    ]


def form() -> list[JSON]:
    """Return the form: 120 fields in sections, 60 of loans, 20 that follow."""
    amounts = {"map": [{"f": "loans"}, {"f": "$item.amount"}]}
    yearly = {"mul": [{"f": "$item.amount"}, {"div": [{"f": "$item.rate"}, 100]}]}
    share = {"div": [{"f": "$item.amount"}, {"sum": [amounts]}]}
    loan = [
        {"id": "amount", "type": "money:EUR", "required": True},
        {"id": "rate", "type": "number"},
        {"id": "old", "type": "yesno"},
        {"id": "since", "type": "month", "show": {"f": "$item.old"}, "required": True},
        {"id": "yearly", "type": "money:EUR", "value": yearly},
        {"id": "share", "type": "number", "value": share},
    ]
    return [
        *(section(number) for number in range(SECTIONS)),
        {"id": "loans", "max": 20, "repeat": loan},
        *(each for number in range(SECTIONS) for each in follows(number)),
    ]


def answers() -> JSON:
    """Return answers to most of it: one section fails a check, and the last one is hidden."""
    given: JSON = {}
    for number in range(SECTIONS):
        said = {
            "goal": "buy" if number % 2 else "move",
            "partner": number % 3 != 0,
            "a": 8 if number == SECTIONS - 2 else 20 + number,
            "b": None if number == 1 else number * 1.5,
            "born": f"{1970 + 4 * number}-02-28",
            "until": "2031-05",
            "price": f"{400_000 + 20_000 * number}.50",
            "own": "999999" if number == _TOO_MUCH else f"{30_000 + number}.25",
            "rate": 3.125 + number / 10,
        }
        given |= {f"s{number}_{name}": value for name, value in said.items()}
    given["loans"] = [
        {"amount": f"{1000 * place + 999}.99", "rate": 4.2, "old": place % 2 == 0}
        for place in range(LOANS)
    ]
    return given


# --- ours ----------------------------------------------------------------------------------------


def found(evaluation: Evaluation) -> JSON:
    """Return what a form came to, in the words of all four."""
    states = evaluation.states
    return {
        "values": {
            name: number_text(state.value) if isinstance(state.value, Decimal) else state.value
            for name, state in states.items()
            if state.value is not None and name != "loans"
        },
        "hidden": sorted(name for name, state in states.items() if not state.visible),
        "missing": sorted(evaluation.missing),
        "failed": sorted(
            f"{name} {each.message}" for name, state in states.items() for each in state.failed
        ),
    }


# --- by hand -------------------------------------------------------------------------------------


def by_hand(given: JSON) -> JSON:
    """Work out the same form, written out for this form alone."""
    result = _Result()
    shown = True
    for number in range(SECTIONS):
        if number:
            before = result.values.get(f"s{number - 1}_a")
            shown = before is not None and before >= number
        _section(given, number, result, shown=shown)
    _loans(given["loans"], result)
    for number in range(SECTIONS):
        loan, price = (result.values.get(f"s{number}_{name}") for name in ("loan", "price"))
        ratio = None if loan is None or price is None or not price else _divide(loan, price)
        if ratio is not None:
            result.values[f"ratio{number}"] = ratio
        high = ratio is not None and ratio > Decimal("0.9")
        result.values[f"level{number}"] = "high" if high else "low"
    return {"values": result.values, "hidden": result.hidden} | {
        "missing": result.missing,
        "failed": result.failed,
    }


class _Result:
    def __init__(self) -> None:
        self.values: JSON = {}
        self.hidden: list[str] = []
        self.missing: list[str] = []
        self.failed: list[str] = []

    def put(self, name: str, value: Any, *, required: bool = False) -> Any:
        if value is not None:
            self.values[name] = value
        elif required:
            self.missing.append(name)
        return value


_NAMES: Final = (
    *("goal", "partner", "a", "b", "born", "until", "price", "own", "why", "rate"),
    *("loan", "monthly"),
)


def _section(given: JSON, number: int, result: _Result, *, shown: bool) -> None:
    prefix = f"s{number}_"
    if not shown:
        result.hidden.append(f"s{number}")
        result.hidden.extend(prefix + name for name in _NAMES)
        return
    goal = result.put(prefix + "goal", given.get(prefix + "goal"), required=True)
    partner = result.put(prefix + "partner", given.get(prefix + "partner"))
    a = result.put(prefix + "a", _number(given.get(prefix + "a")), required=True)
    if a is not None and not 0 <= a <= 1000:  # noqa: PLR2004  # as the form says
        result.failed.append(f"{prefix}a within")
    if partner:
        result.put(prefix + "b", _number(given.get(prefix + "b")), required=goal == "buy")
    else:
        result.hidden.append(prefix + "b")
    born = result.put(prefix + "born", given.get(prefix + "born"))
    if born is not None and _age(born) < 18:  # noqa: PLR2004  # as the form says
        result.failed.append(f"{prefix}born grown")
    if partner and a is not None and a > 10:  # noqa: PLR2004  # as the form says
        result.put(prefix + "until", given.get(prefix + "until"))
    else:
        result.hidden.append(prefix + "until")
    price = result.put(prefix + "price", _number(given.get(prefix + "price")), required=True)
    own = result.put(prefix + "own", _number(given.get(prefix + "own")))
    if own is not None and not (price is not None and own <= price):
        result.failed.append(f"{prefix}own affordable")
    much = price is not None and price > 500_000  # noqa: PLR2004  # as the form says
    result.put(prefix + "why", given.get(prefix + "why"), required=much)
    rate = result.put(prefix + "rate", _number(given.get(prefix + "rate")))
    if price is not None and own is not None:
        loan = result.put(prefix + "loan", _cents(price - own))
        if rate is not None:
            interest = loan * (rate / 100) / 12
            result.put(prefix + "monthly", _cents(interest))


def _loans(given: list[JSON], result: _Result) -> None:
    amounts = [_number(each.get("amount")) for each in given]
    known = [amount for amount in amounts if amount is not None]
    total = sum(known, Decimal(0)) if len(known) == len(amounts) else None
    for place, (each, amount) in enumerate(zip(given, amounts, strict=True)):
        prefix = f"loans/{place}/"
        result.put(prefix + "amount", amount, required=True)
        rate = result.put(prefix + "rate", _number(each.get("rate")))
        if result.put(prefix + "old", each.get("old")):
            result.put(prefix + "since", each.get("since"), required=True)
        else:
            result.hidden.append(prefix + "since")
        if amount is not None and rate is not None:
            result.put(prefix + "yearly", _cents(amount * (rate / 100)))
        if amount is not None and total:
            result.put(prefix + "share", _divide(amount, total))


def _number(given: Any) -> Decimal | None:
    return None if given is None else Decimal(str(given))


def _cents(number: Decimal) -> Decimal:
    return number.quantize(_CENT, ROUND_HALF_UP)


def _divide(one: Decimal, other: Decimal) -> Decimal:
    return (one / other).quantize(_STEP, ROUND_HALF_UP)


def _age(born: str) -> int:
    years = int(TODAY[:4]) - int(born[:4])
    return years - (TODAY[5:] < born[5:])


def comparable(by: JSON) -> JSON:
    """Return what was found by hand as `found` tells it."""
    values = {
        name: number_text(value) if isinstance(value, Decimal) else value
        for name, value in by["values"].items()
    }
    return {
        "values": values,
        **{name: sorted(by[name]) for name in ("hidden", "missing", "failed")},
    }


# --- in JavaScript -------------------------------------------------------------------------------


def in_node(given: JSON) -> JSON:
    """Return what Node measures and finds."""
    done = subprocess.run(  # noqa: S603  # our own script
        [node(), _SCRIPT, _ENGINE], input=json.dumps(given), capture_output=True, text=True
    )
    if done.returncode:
        fail(f"Node says: {done.stderr}")
    measured: JSON = json.loads(done.stdout)
    return measured


async def in_chromium(browser: str, given: JSON) -> JSON:
    """Return what Chromium measures and finds."""
    script = _SCRIPT.read_text(encoding="utf-8").partition("// --- in Node")[0]
    engine = _ENGINE.read_text(encoding="utf-8")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
        page = await running.new_page()
        measured: JSON = await page.evaluate(
            """async ([engine, script, given]) => {
              const load = (text) => import(URL.createObjectURL(
                new Blob([text], { type: "text/javascript" })));
              const [{ form, numberText }, { measure }] = [await load(engine), await load(script)];
              return measure(form, numberText, given);
            }""",
            [engine, script, given],
        )
        await running.close()
        return measured


# --- measuring -----------------------------------------------------------------------------------


def measure() -> list[Row]:
    """Return what a form costs in both engines, beside the same by hand."""
    plan = publish(convert(form(), list[FormNode]))
    said = answers()
    ours = found(evaluate(plan, said, TODAY))
    if comparable(by_hand(said)) != ours:
        fail("the form by hand comes to something else")
    case = f"{_count(plan.steps)} fields"
    rows = [
        row(
            f"{case}, Python",
            cost(bind(evaluate, plan, said, TODAY)),
            cost(bind(by_hand, said)),
        )
    ]
    given = {"plan": partial(plan, {}, TODAY), "answers": said, "today": TODAY}
    engines = [("Node", in_node(given))]
    if chromium := shutil.which("chromium"):
        engines.append(("Chromium", asyncio.run(in_chromium(chromium, given))))
    for name, measured in engines:
        if measured["ours"] != ours or measured["by_hand"] != ours:
            fail(f"{name} comes to something else")
        rows.append(row(f"{case}, {name}", measured["ours_ms"], measured["by_hand_ms"]))
        rows.append(row(f"made ready, {name}", measured["ready_ms"]))
    nodes = convert(form(), list[FormNode])
    rows.append(row("published, Python", cost(bind(publish, nodes))))
    return rows


def _count(steps: Any) -> int:
    """Return how many fields there are, each as often as there are loans."""
    return sum(LOANS if step.frame else 1 for step in steps if step.kind in ("field", "computed"))


def main() -> None:
    """Measure, and print."""
    as_json = wants_json("forms", "What a form costs to work out.")
    report("forms", measure(), as_json=as_json)


if __name__ == "__main__":
    main()
