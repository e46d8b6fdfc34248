"""Rules and answers made by chance, the same ones every time, and all of them well typed."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from context.errors import ExpressionRefused
from context.expressions.checking import Known, Readable, infer
from context.expressions.syntax import parse

GOALS: Final = ["buy", "move", "renovate"]
LOAN: Final = {"n": "number", "t": "text", "y": "yesno", "d": "date", "m": "money:EUR"}
SCALARS: Final = ("text", "number", "money:EUR", "yesno", "date", "month")
FIELDS: Final = {
    **{f"{name}1": kind for name, kind in zip("tnmydp", SCALARS, strict=True)},
    **{f"{name}2": kind for name, kind in zip("tnmydp", SCALARS, strict=True)},
    "n3": "number",
    "lt": "list:text",
    "ln": "list:number",
    "ld": "list:date",
}
NODES: Final[list[dict[str, Any]]] = [
    {"id": "goal", "type": "text", "values": GOALS},
    *({"id": name, "type": kind} for name, kind in FIELDS.items()),
    {
        "id": "loans",
        "max": 6,
        "repeat": [
            *({"id": name, "type": kind} for name, kind in LOAN.items()),
            {"id": "parts", "max": 4, "repeat": [{"id": "x", "type": "number"}]},
        ],
    },
]
READABLE: Final = Readable(
    fields={
        "goal": Known(type="text", values=frozenset(GOALS)),
        **{name: Known(type=kind) for name, kind in FIELDS.items()},
        "loans": Known(type="list:record:loans", most=6),
    },
    records={
        "loans": {
            **{name: Known(type=kind) for name, kind in LOAN.items()},
            "parts": Known(type="list:record:loans/parts", most=4),
        },
        "loans/parts": {"x": Known(type="number")},
    },
)

_NUMBERS: Final = (
    0, 1, -1, 2, 3, 7, 0.1, 0.5, -2.5, 1.005, 99.99, 12, 1e-7, 250000, -0.00001, 123456789.123456,
)  # fmt: skip
_LARGE: Final = (
    "99999999999999999999",
    "0.00000000000000000001",
    "-12345678901.2345678901",
    "1e19",
)
_DATES: Final = (
    "2026-11-23", "2024-02-29", "2026-01-31", "1999-12-31", "2028-03-01", "1900-02-28",
)  # fmt: skip
_MONTHS: Final = ("2026-11", "2024-02", "1999-12", "2031-01")
_TEXTS: Final = ("", "a", "Buy", "buy", "één", "ÉÉN", "👍", "a b", "İ", "de Vries", "ΟΔΟΣ")
_UNFIT: Final[tuple[Any, ...]] = (
    True,
    7,
    "x",
    "0.1e400",
    "2026-02-30",
    [],
    {},
    ["a", None],
    1e15,
    "1e-21",
    -1.5,
)
_ODD: Final = 0.04


class Maker:
    """Makes rules of a wanted type, of at most a few levels."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  # the same rules every time

    def rule(self, kind: str) -> Any:
        """Return a rule that may be published and gives *kind*."""
        while True:
            rule = self.make(kind, self.random.randint(1, 5), ())
            try:
                found = infer(parse(rule), READABLE)
            except ExpressionRefused as refused:
                # A rule that is made well typed can still be too much.
                if refused.reason not in ("too-costly", "too-large"):
                    raise AssertionError(f"{refused.reason} at {refused.pointer}: {rule}") from None
                continue
            assert found.type == kind, (found.type, kind, rule)
            if found.steps < 20_000:
                return rule

    def make(self, kind: str, levels: int, items: tuple[str, ...]) -> Any:
        """Return a rule that gives *kind*, within these items, of at most so many levels."""
        if kind.startswith("list:"):
            return self._listed(kind, levels, items)
        if levels <= 0 or self.random.random() < 0.12:
            return self._leaf(kind, items)
        makers: dict[str, list[Callable[[], Any]]] = {
            "text": [
                lambda: {"concat": self._several("text", levels, items)},
                lambda: {"lower": [self.make("text", levels - 1, items)]},
            ],
            "number": self._numbers(levels, items),
            "money:EUR": self._amounts(levels, items),
            "yesno": self._decisions(levels, items),
            "date": [
                lambda: {
                    "add_months": [
                        self.make("date", levels - 1, items),
                        self._months(levels, items),
                    ]
                },
                lambda: {self._one("min", "max"): self._several("date", levels, items)},
            ],
            "month": [
                lambda: {
                    "add_months": [
                        self.make("month", levels - 1, items),
                        self._months(levels, items),
                    ]
                },
            ],
        }
        either: list[Callable[[], Any]] = [
            lambda: {"if": self._branches(kind, levels, items)},
            lambda: {"coalesce": self._several(kind, levels, items)},
        ]
        own = makers[kind]
        return self.random.choice(own if self.random.random() < 0.8 else either)()

    def _leaf(self, kind: str, items: tuple[str, ...]) -> Any:
        readings = [f"{name}" for name, each in FIELDS.items() if each == kind]
        if kind == "text":
            readings.append("goal")
        outward = ""
        for up, item in enumerate(items):
            outward = "$item" if not up else "$parent" + ".$parent" * (up - 1)
            if item == kind:
                readings.extend([outward] * 3)
            if item == "loans":
                readings.extend(f"{outward}.{name}" for name, each in LOAN.items() if each == kind)
            if item == "parts" and kind == "number":
                readings.extend([f"{outward}.x"] * 2)
            if kind == "number":
                readings.append("$index" if not up else f"{outward}.$index")
        if self.random.random() < 0.7:
            return {"f": self.random.choice(readings)}
        return self._fixed(kind)

    def _fixed(self, kind: str) -> Any:
        amount = self.random.choice((*_NUMBERS, "12.50", "99999999999999999.99"))
        kinds: dict[str, Any] = {
            "number": self.random.choice(_NUMBERS),
            "money:EUR": {"money": [amount, "EUR"]},
            "yesno": self.random.random() < 0.5,
            "date": {"date": [self.random.choice(_DATES)]},
            "month": {"month": [self.random.choice(_MONTHS)]},
            "text": self.random.choice(_TEXTS),
        }
        if self.random.random() < 0.1:
            kinds["number"] = {"number": [self.random.choice(_LARGE)]}
            kinds["date"] = {"today": []}
        return kinds[kind]

    def _several(self, kind: str, levels: int, items: tuple[str, ...]) -> list[Any]:
        return [self.make(kind, levels - 1, items) for _ in range(self.random.randint(2, 3))]

    def _branches(self, kind: str, levels: int, items: tuple[str, ...]) -> list[Any]:
        condition = self.make("yesno", levels - 1, items)
        return [condition, *self._several(kind, levels, items)[: self.random.randint(1, 2)]]

    def _one(self, *ops: str) -> str:
        return self.random.choice(ops)

    def _months(self, levels: int, items: tuple[str, ...]) -> Any:
        if self.random.random() < 0.8:
            return self.random.choice((0, 1, -1, 12, 13, -25, 1200, 99999, 0.5))
        return self.make("number", levels - 1, items)

    def _numbers(self, levels: int, items: tuple[str, ...]) -> list[Callable[[], Any]]:
        def of(kind: str) -> Any:
            return self.make(kind, levels - 1, items)

        def between() -> Any:
            kind = self._one("date", "month")
            return {self._one("months_between", "years_between"): [of(kind), of(kind)]}

        return [
            lambda: {self._one("add", "mul"): self._several("number", levels, items)},
            lambda: {self._one("sub", "div"): [of("number"), of("number")]},
            lambda: {"div": [of("money:EUR"), of("money:EUR")]},
            lambda: {"neg": of("number")},
            lambda: {"round": self._rounding(of("number"))},
            lambda: {self._one("min", "max", "sum"): self._several("number", levels, items)},
            lambda: {self._one("min", "max", "sum"): [of("list:number")]},
            lambda: {"len": [of(self._one("text", "list:text"))]},
            lambda: {"days_between": [of("date"), of("date")]},
            between,
            lambda: {"age": of("date")},
            lambda: {"count": [self._over(levels, items)[0]]},
            lambda: {"count": self._condition(levels, items)},
            lambda: {"sum": [{"map": self._mapped("number", levels, items)}]},
        ]

    def _amounts(self, levels: int, items: tuple[str, ...]) -> list[Callable[[], Any]]:
        def of(kind: str) -> Any:
            return self.make(kind, levels - 1, items)

        return [
            lambda: {"add": self._several("money:EUR", levels, items)},
            lambda: {"sub": [of("money:EUR"), of("money:EUR")]},
            lambda: {"mul": [of("money:EUR"), of("number")]},
            lambda: {"div": [of("money:EUR"), of("number")]},
            lambda: {"round": self._rounding(of("money:EUR"))},
            lambda: {"money": [of("number"), "EUR"]},
            lambda: {self._one("min", "max", "sum"): self._several("money:EUR", levels, items)},
            lambda: {"sum": [{"map": self._mapped("money:EUR", levels, items)}]},
        ]

    def _decisions(self, levels: int, items: tuple[str, ...]) -> list[Callable[[], Any]]:
        def of(kind: str) -> Any:
            return self.make(kind, levels - 1, items)

        def ordered() -> Any:
            kind = self._one("number", "money:EUR", "date", "month")
            if self.random.random() < 0.25:
                return {"between": [of(kind), of(kind), of(kind)]}
            return {self._one("lt", "le", "gt", "ge"): [of(kind), of(kind)]}

        def same() -> Any:
            kind = self._one(*SCALARS)
            # A choice is only compared with what it offers: that is a rule of its own.
            if kind == "text":
                return {self._one("eq", "ne"): [{"f": "goal"}, self._one(*GOALS)]}
            return {self._one("eq", "ne"): [of(kind), of(kind)]}

        def among() -> Any:
            kind = self._one("text", "number", "date")
            if kind == "date" or self.random.random() < 0.4:
                return {"in": [{"lower": "X"} if kind == "text" else of(kind), of(f"list:{kind}")]}
            if kind == "text":
                return {"in": [{"f": "goal"}, self.random.sample(GOALS, 2)]}
            return {"in": [of("number"), self.random.sample(_NUMBERS, 3)]}

        anything = (*SCALARS, "list:text", "list:number")
        return [
            lambda: {self._one("and", "or"): self._several("yesno", levels, items)},
            lambda: {"not": [of("yesno")]},
            lambda: {"not": of("yesno")},
            ordered,
            ordered,
            same,
            among,
            lambda: {"present": [of(self._one(*anything))]},
            lambda: {"empty": [of(self._one("text", "list:text", "list:number"))]},
            lambda: {self._one("any", "all", "none"): self._condition(levels, items)},
        ]

    def _rounding(self, what: Any) -> list[Any]:
        modes = ("half_up", "half_even", "up", "down", "ceiling", "floor")
        given = [what, self.random.randint(-4, 20), self._one(*modes)]
        return given[: self.random.randint(1, 3)]

    def _over(self, levels: int, items: tuple[str, ...]) -> tuple[Any, str]:
        """Return a list of something, and what its items are."""
        if "loans" in items and self.random.random() < 0.4:
            up = items.index("loans")
            outward = "$item" if not up else "$parent" + ".$parent" * (up - 1)
            return {"f": f"{outward}.parts"}, "parts"
        if self.random.random() < 0.5:
            return {"f": "loans"}, "loans"
        kind = self._one("text", "number", "date")
        return self.make(f"list:{kind}", levels - 1, items), kind

    def _condition(self, levels: int, items: tuple[str, ...]) -> list[Any]:
        listed, item = self._over(levels, items)
        return [listed, self.make("yesno", levels - 1, (item, *items))]

    def _mapped(self, kind: str, levels: int, items: tuple[str, ...]) -> list[Any]:
        listed, item = self._over(levels, items)
        return [listed, self.make(kind, levels - 1, (item, *items))]

    def _listed(self, kind: str, levels: int, items: tuple[str, ...]) -> Any:
        name = {"list:text": "lt", "list:number": "ln", "list:date": "ld"}[kind]
        if self.random.random() < 0.4 or levels <= 0:
            return {"f": name}
        if self.random.random() < 0.5:
            inner = self.make("yesno", levels - 1, (kind[5:], *items))
            return {"filter": [self._listed(kind, levels - 1, items), inner]}
        return {"map": self._mapped(kind[5:], levels, items)}

    # --- answers ---------------------------------------------------------------------------------

    def answers(self) -> dict[str, Any]:
        """Return answers to some of the fields, most of which fit."""
        given = {
            name: self._answer(kind) for name, kind in FIELDS.items() if self.random.random() < 0.8
        }
        if self.random.random() < 0.8:
            given["goal"] = self.random.choice([*GOALS, "rent"])
        if self.random.random() < 0.9:
            given["loans"] = [self._loan() for _ in range(self.random.randint(0, 4))]
        return given

    def _loan(self) -> dict[str, Any]:
        loan = {
            name: self._answer(kind) for name, kind in LOAN.items() if self.random.random() < 0.8
        }
        parts = [{"x": self._answer("number")} for _ in range(self.random.randint(0, 3))]
        return {**loan, "parts": parts}

    def _answer(self, kind: str) -> Any:
        if self.random.random() < _ODD:
            return self.random.choice(_UNFIT)
        if kind.startswith("list:"):
            return [self._answer(kind[5:]) for _ in range(self.random.randint(0, 4))]
        if kind in ("number", "money:EUR"):
            return self.random.choice(
                (*_NUMBERS, *_LARGE, self.random.randint(-9999, 9999) / 100, "1234.10")
            )
        if kind == "yesno":
            return self.random.random() < 0.5
        return self.random.choice({"date": _DATES, "month": _MONTHS}.get(kind, _TEXTS))
