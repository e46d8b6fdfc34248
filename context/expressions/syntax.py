"""The shape of a rule: from JSON to a tree and back, within limits."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, TypeAlias

from msgspec import Struct

from context.errors import ExpressionRefused
from context.expressions.values import Scalar, is_date, is_month, number_from, number_text

MAX_DEPTH: Final = 32
MAX_NODES: Final = 2000

ITEM: Final = "$item"
INDEX: Final = "$index"
PARENT: Final = "$parent"

ARITY: Final[dict[str, tuple[int, int | None]]] = {
    "eq": (2, 2),
    "ne": (2, 2),
    "lt": (2, 2),
    "le": (2, 2),
    "gt": (2, 2),
    "ge": (2, 2),
    "in": (2, 2),
    "between": (3, 3),
    "and": (1, None),
    "or": (1, None),
    "not": (1, 1),
    "present": (1, 1),
    "empty": (1, 1),
    "if": (2, None),
    "coalesce": (1, None),
    "add": (2, None),
    "sub": (2, 2),
    "mul": (2, None),
    "div": (2, 2),
    "neg": (1, 1),
    "round": (1, 3),
    "min": (1, None),
    "max": (1, None),
    "sum": (1, None),
    "count": (1, 2),
    "any": (2, 2),
    "all": (2, 2),
    "none": (2, 2),
    "filter": (2, 2),
    "map": (2, 2),
    "len": (1, 1),
    "concat": (1, None),
    "lower": (1, 1),
    "days_between": (2, 2),
    "months_between": (2, 2),
    "years_between": (2, 2),
    "add_months": (2, 2),
    "today": (0, 0),
    "age": (1, 1),
    "number": (1, 1),
    "money": (2, 2),
    "date": (1, 1),
    "month": (1, 1),
}
"""Every operator, with the least and the most operands it takes."""

OVER_ITEMS: Final = frozenset({"count", "any", "all", "none", "filter", "map"})
"""Operators whose second operand is worked out for each item of the first."""


class Reading(Struct, frozen=True, kw_only=True):
    """The answer to a field.

    Attributes:
        field: Its id; empty for an item itself, ``$index`` for its place.
        up: How many items outward it belongs to, 0 for the innermost; none for the whole form.
    """

    field: str
    up: int | None = None


class Literally(Struct, frozen=True, kw_only=True):
    """A value that stands in the rule itself; none is absent, and is written by us alone."""

    value: Scalar | None


class OneOf(Struct, frozen=True, kw_only=True):
    """Several values that stand in the rule itself."""

    values: tuple[Scalar, ...]


class Call(Struct, frozen=True, kw_only=True):
    """An operator with what it works on, and where in the rule each of these stands."""

    op: str
    arguments: "tuple[Node, ...]"
    place: str
    places: tuple[str, ...]


Node: TypeAlias = Reading | Literally | OneOf | Call


def parse(expression: Any) -> Node:
    """Read a rule from JSON.

    Raises:
        ExpressionRefused: It is no rule, names an unknown operator, or is too large.
    """
    return _Parser().node(expression, "", 1)


def unparse(node: Node) -> Any:
    """Return a rule as JSON again; what is absent is null."""
    if isinstance(node, Reading):
        return {"f": path_of(node)}
    if isinstance(node, Literally):
        return _written(node.value)
    if isinstance(node, OneOf):
        return [_written(value) for value in node.values]
    arguments = [unparse(argument) for argument in node.arguments]
    alone = node.places == (node.place,)
    return {node.op: arguments[0] if alone else arguments}


def path_of(reading: Reading) -> str:
    """Return how a rule names what it reads."""
    if reading.up is None:
        return reading.field
    outward = PARENT if reading.up else ITEM
    outward += f".{PARENT}" * (reading.up - 1)
    if reading.field == INDEX and not reading.up:
        return INDEX
    return f"{outward}.{reading.field}" if reading.field else outward


def walk(node: Node) -> Iterator[Node]:
    """Yield a rule and everything in it."""
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from walk(argument)


class _Parser:
    """Reads one rule, counting as it goes."""

    def __init__(self) -> None:
        self.nodes = 0

    def node(self, source: Any, pointer: str, depth: int) -> Node:
        self._count(pointer, depth)
        if isinstance(source, dict):
            return self._call(source, pointer, depth)
        return Literally(value=_literal(source, pointer))

    def _call(self, source: dict[str, Any], pointer: str, depth: int) -> Node:
        if len(source) != 1:
            raise ExpressionRefused(
                "A rule is an object with exactly one key, its operator.",
                reason="not-a-rule",
                pointer=pointer,
            )
        ((op, given),) = source.items()
        pointer = f"{pointer}/{op}"
        if op == "f":
            return _reading(given, pointer)
        if op not in ARITY:
            raise ExpressionRefused(
                f"There is no operator {op[:40]!r}; there are f, {', '.join(ARITY)}.",
                reason="unknown-operator",
                pointer=pointer,
            )
        if not isinstance(given, list):
            given = [given]
            places: tuple[str, ...] = (pointer,)
        else:
            places = tuple(f"{pointer}/{place}" for place in range(len(given)))
        _count_operands(op, given, pointer)
        arguments = tuple(
            self._values(argument, place, depth + 1)
            if op == "in" and number == 1 and not isinstance(argument, dict)
            else self.node(argument, place, depth + 1)
            for number, (argument, place) in enumerate(zip(given, places, strict=True))
        )
        if op == "number":
            return _digits(arguments[0], places[0])
        if op in _CONSTANTS:
            arguments = _CONSTANTS[op](arguments, places)
        return Call(op=op, arguments=arguments, place=pointer, places=places)

    def _values(self, source: Any, pointer: str, depth: int) -> Node:
        if not isinstance(source, list) or not source:
            raise ExpressionRefused(
                '"in" is followed by what to look for and a list of values.',
                reason="not-a-list",
                pointer=pointer,
            )
        values = []
        for place, value in enumerate(source):
            self._count(f"{pointer}/{place}", depth)
            values.append(_literal(value, f"{pointer}/{place}"))
        return OneOf(values=tuple(values))

    def _count(self, pointer: str, depth: int) -> None:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise ExpressionRefused(
                f"A rule is at most {MAX_DEPTH} deep and has at most {MAX_NODES} parts.",
                reason="too-large",
                pointer=pointer,
            )


def _count_operands(op: str, given: list[Any], pointer: str) -> None:
    least, most = ARITY[op]
    if len(given) >= least and (most is None or len(given) <= most):
        return
    amount = f"{least}" if least == most else f"at least {least}"
    if most is not None and len(given) > most:
        amount = f"{most}" if least == most else f"at most {most}"
    raise ExpressionRefused(
        f"{op!r} takes {amount} operands, not {len(given)}.",
        reason="wrong-arity",
        pointer=pointer,
    )


def _reading(given: Any, pointer: str) -> Reading:
    if not isinstance(given, str) or not given:
        raise ExpressionRefused(
            '"f" is followed by the id of a field.', reason="not-a-field", pointer=pointer
        )
    if not given.startswith("$"):
        return Reading(field=given)
    first, *rest = given.split(".")
    up = 0
    if first == PARENT:
        up = 1
        while rest and rest[0] == PARENT:
            up, rest = up + 1, rest[1:]
    field = ".".join(rest)
    if first == INDEX and not rest:
        return Reading(field=INDEX, up=0)
    wrong = first not in (ITEM, PARENT) or (field.startswith("$") and (not up or field != INDEX))
    if wrong or (rest and not field):
        raise ExpressionRefused(
            f"There are {ITEM}, {INDEX} and {PARENT}, each with the id of a field of that item "
            "behind a dot where it has any.",
            reason="not-a-field",
            pointer=pointer,
        )
    return Reading(field=field, up=up)


def _literal(source: Any, pointer: str) -> Scalar:
    if isinstance(source, str | bool):
        return source
    number = number_from(source)
    if number is None:
        raise ExpressionRefused(
            "A value is a text, a number below 10^15 with at most 20 decimals, true or false.",
            reason="not-a-value",
            pointer=pointer,
        )
    return number


def _money(arguments: tuple[Node, ...], places: tuple[str, ...]) -> tuple[Node, ...]:
    """Read ``{"money": ["12.50", "EUR"]}``; the amount may also be a number that is worked out."""
    amount, currency = arguments
    if not isinstance(currency, Literally) or not _is_currency(currency.value):
        raise ExpressionRefused(
            'A currency is three capitals, such as "EUR".',
            reason="not-a-currency",
            pointer=places[1],
        )
    if isinstance(amount, Literally) and isinstance(amount.value, str):
        amount = _digits(amount, places[0])
    return amount, currency


def _digits(node: Node, pointer: str) -> Literally:
    """Read a number of any length from text; a JSON number is exact to fifteen digits only."""
    number = None
    if isinstance(node, Literally) and not isinstance(node.value, bool):
        number = number_from(node.value)
    if number is None:
        raise ExpressionRefused(
            'This is followed by digits, such as "12.50".', reason="not-a-value", pointer=pointer
        )
    return Literally(value=number)


def _is_currency(value: object) -> bool:
    three = 3
    return (
        isinstance(value, str) and len(value) == three and value.isascii() and value.isalpha()
    ) and value.isupper()


def _date(arguments: tuple[Node, ...], places: tuple[str, ...]) -> tuple[Node, ...]:
    if not is_literal(arguments[0], "date"):
        raise ExpressionRefused(
            'A date is a day of the calendar, such as "2026-11-23".',
            reason="not-a-value",
            pointer=places[0],
        )
    return arguments


def _month(arguments: tuple[Node, ...], places: tuple[str, ...]) -> tuple[Node, ...]:
    if not is_literal(arguments[0], "month"):
        raise ExpressionRefused(
            'A month is written as "2029-04".', reason="not-a-value", pointer=places[0]
        )
    return arguments


def is_literal(node: Node, type_: str) -> bool:
    """Return whether *node* is text that can stand for a date or a month."""
    if not isinstance(node, Literally) or not isinstance(node.value, str):
        return False
    return is_date(node.value) if type_ == "date" else is_month(node.value)


_CONSTANTS: Final = {"money": _money, "date": _date, "month": _month}


def _written(value: Scalar | None) -> Any:
    """Return a value as rules write it: a JSON number where that is exact, else its digits."""
    if not isinstance(value, Decimal):
        return value
    text = number_text(value)
    short = float(text) if "." in text else int(text)
    return short if number_from(short) == value else {"number": [text]}
