"""What a rule gives, found out before anybody answers: its type, what it reads, what it costs."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn

from msgspec import Struct

from context.errors import ExpressionRefused
from context.expressions.syntax import (
    INDEX,
    ITEM,
    OVER_ITEMS,
    PARENT,
    Call,
    Literally,
    Node,
    OneOf,
    Reading,
    is_literal,
    parse,
    path_of,
)
from context.expressions.values import (
    DECIMALS,
    MAX_ITEMS,
    ROUNDINGS,
    Scalar,
    Type,
)

MAX_STEPS: Final = 200_000
_COARSEST: Final = -15


class Known(Struct, frozen=True, kw_only=True):
    """What a rule may know of a field.

    Attributes:
        type: What its answer is.
        values: What its answer can be, if that is one of a few texts.
        most: How many items it can have, if it has items.
    """

    type: Type
    values: frozenset[str] | None = None
    most: int = MAX_ITEMS


class Readable(Struct, frozen=True, kw_only=True):
    """Everything that a rule may read where it stands.

    Attributes:
        fields: The fields of the form, by id.
        records: The fields of an item, by the path of its repeat.
        items: The items within which the rule stands, innermost first.
        dated: Whether there is a *today*.
    """

    fields: Mapping[str, Known]
    records: Mapping[str, Mapping[str, Known]] = {}
    items: tuple[Known, ...] = ()
    dated: bool = True


class Found(Struct, frozen=True, kw_only=True):
    """What was found out about a rule.

    Attributes:
        type: What it gives.
        reads: The fields it reads; within a repeat ``loans/amount``.
        steps: How many steps it takes at most.
    """

    type: Type
    reads: frozenset[str]
    steps: int


def check(expression: Any, fields: Mapping[str, Known]) -> None:
    """Refuse a rule that could not be evaluated, or that does not decide yes or no.

    Args:
        expression: The rule, in JSON.
        fields: The fields it may refer to.

    Raises:
        ExpressionRefused: With a reason, and a pointer to the place inside the rule.
    """
    require_yesno(infer(parse(expression), Readable(fields=fields, dated=False)))


def require_yesno(found: Found) -> None:
    """Refuse a rule that does not decide yes or no.

    Raises:
        ExpressionRefused: It gives something else.
    """
    if found.type != "yesno":
        raise ExpressionRefused(
            "This gives a value; a rule has to be true or false.", reason="not-yesno", pointer=""
        )


def infer(node: Node, readable: Readable) -> Found:
    """Return what a rule gives and reads.

    Raises:
        ExpressionRefused: It could go wrong on an answer; with a pointer to the place.
    """
    checker = _Checker(readable)
    type_, steps = checker.visit(node, "", readable.items)
    if steps > MAX_STEPS:
        raise ExpressionRefused(
            f"This can take {steps:,} steps, and a rule may take {MAX_STEPS:,}: give the repeats "
            "that it goes through a lower maximum, or nest them less.",
            reason="too-costly",
            pointer="",
        )
    return Found(type=type_, reads=frozenset(checker.reads), steps=steps)


class _Checker:
    """Finds the type of one rule, noting what it reads."""

    def __init__(self, readable: Readable) -> None:
        self.readable = readable
        self.reads: set[str] = set()

    def visit(self, node: Node, pointer: str, items: tuple[Known, ...]) -> tuple[Type, int]:
        """Return the type of *node* and the steps it takes."""
        if isinstance(node, Reading):
            return self.read(node, f"{pointer}/f", items).type, 1
        if isinstance(node, Literally):
            return _type_of(node.value), 1
        if isinstance(node, OneOf):
            return _one_type([node], [_literal_type(node, pointer)], pointer), 1
        inner = items
        types: list[Type] = []
        steps = 1
        for number, (argument, place) in enumerate(zip(node.arguments, node.places, strict=True)):
            type_, some = self.visit(argument, place, inner if number else items)
            if number == 0 and node.op in OVER_ITEMS:
                item = self.item_of(argument, type_, place, items)
                inner = (item, *items)
                steps += some
            else:
                times = inner[0].most if inner is not items else 1
                steps += some * times
            types.append(type_)
        if node.op in ("today", "age") and not self.readable.dated:
            _refuse("There is no date of today in these rules.", "no-today", node.place)
        found = _RULES[node.op](node, types)
        if node.op in ("eq", "ne", "in"):
            self.refuse_impossible(node, items)
        return found, steps

    def read(self, reading: Reading, pointer: str, items: tuple[Known, ...]) -> Known:
        """Return what is known of the field that is read."""
        if reading.up is None:
            known = self.readable.fields.get(reading.field)
            if known is None:
                _refuse(
                    f"There is no field {reading.field[:80]!r} with an answer that can be read "
                    "here.",
                    "unknown-field",
                    pointer,
                )
            self.reads.add(reading.field)
            return known
        if reading.up >= len(items):
            name = PARENT if reading.up else ITEM
            _refuse(f"There is no {name} here: this is not inside an item.", "no-item", pointer)
        item = items[reading.up]
        if reading.field == INDEX:
            return Known(type="number")
        if not reading.field:
            return item
        path = item.type.removeprefix("record:")
        fields = self.readable.records.get(path, {}) if path != item.type else {}
        if reading.field not in fields:
            _refuse(
                f"An item here has no field {reading.field[:80]!r} with an answer.",
                "unknown-field",
                pointer,
            )
        self.reads.add(f"{path}/{reading.field}")
        return fields[reading.field]

    def item_of(self, node: Node, type_: Type, pointer: str, items: tuple[Known, ...]) -> Known:
        """Return what is known of one item of a list."""
        if not type_.startswith("list:"):
            _refuse(f"This is a {_named(type_)}, and has to be a list.", "type-mismatch", pointer)
        while isinstance(node, Call) and node.op == "filter":
            node = node.arguments[0]
        values, most = None, MAX_ITEMS
        if isinstance(node, Reading):
            known = self.read(node, pointer, items)
            values, most = known.values, known.most
        return Known(type=type_[5:], values=values, most=most)

    def refuse_impossible(self, node: Call, items: tuple[Known, ...]) -> None:
        """Refuse to compare a choice with something that it does not offer: a slip of the pen."""
        named: set[Scalar | None] = set()
        for argument in node.arguments:
            if isinstance(argument, Literally):
                named.add(argument.value)
            elif isinstance(argument, OneOf):
                named.update(argument.values)
        for argument in node.arguments:
            if not isinstance(argument, Reading):
                continue
            values = self.read(argument, node.place, items).values
            if values is not None and (strangers := named - values):
                _refuse(
                    f"{min(map(str, strangers))[:80]!r} is none of the choices of "
                    f"{path_of(argument)!r}.",
                    "unknown-choice",
                    node.place,
                )


def _refuse(detail: str, reason: str, pointer: str) -> NoReturn:
    raise ExpressionRefused(detail, reason=reason, pointer=pointer)


# --- types ---------------------------------------------------------------------------------------


def _type_of(value: Scalar | None) -> Type:
    if isinstance(value, bool):
        return "yesno"
    return "number" if isinstance(value, Decimal) else "text"


def _literal_type(node: OneOf, pointer: str) -> Type:
    types = {_type_of(value) for value in node.values}
    if len(types) != 1:
        _mixed(types, pointer)
    return types.pop()


def _mixed(types: set[Type], pointer: str) -> NoReturn:
    names = " with ".join(sorted(_named(each) for each in types))
    currencies = {each for each in types if each.startswith("money:")}
    if len(currencies) == len(types):
        _refuse(f"Currencies are never mixed: {names}.", "mixed-currencies", pointer)
    _refuse(f"These do not go together: {names}.", "type-mismatch", pointer)


def _named(type_: Type) -> str:
    if type_.startswith("list:"):
        return f"list of {_named(type_[5:])}"
    kind, _, rest = type_.partition(":")
    return f"{kind} in {rest}" if kind == "money" else kind


def _one_type(nodes: Sequence[Node], types: Sequence[Type], pointer: str) -> Type:
    """Return the type that all have; text in a rule can stand for a date or a month."""
    distinct = set(types)
    for type_ in ("date", "month"):
        if distinct == {type_, "text"}:
            texts = [node for node, found in zip(nodes, types, strict=True) if found == "text"]
            if not all(isinstance(node, Literally | OneOf) for node in texts):
                break
            if not all(_stands_for(node, type_) for node in texts):
                written = "2026-11-23" if type_ == "date" else "2029-04"
                _refuse(f'A {type_} is written as "{written}".', "not-a-value", pointer)
            return type_
    if len(distinct) != 1:
        _mixed(distinct, pointer)
    return distinct.pop()


def _stands_for(node: Node, type_: Type) -> bool:
    if isinstance(node, OneOf):
        return all(is_literal(Literally(value=value), type_) for value in node.values)
    return is_literal(node, type_)


def _is_amount(type_: Type) -> bool:
    return type_ == "number" or type_.startswith("money:")


def _is_ordered(type_: Type) -> bool:
    return _is_amount(type_) or type_ in ("date", "month")


def _is_list(type_: Type) -> bool:
    return type_.startswith("list:")


def _each(call: Call, types: Sequence[Type], wanted: Callable[[Type], bool], what: str) -> None:
    for found, place in zip(types, call.places, strict=False):
        if not wanted(found):
            _refuse(f"This is a {_named(found)}, and has to be {what}.", "type-mismatch", place)


# --- operators -----------------------------------------------------------------------------------


def _comparable(call: Call, types: list[Type]) -> Type:
    for found, place in zip(types, call.places, strict=True):
        if _is_list(found) or found.startswith("record:"):
            _refuse(f"A {_named(found)} cannot be compared.", "type-mismatch", place)
    _one_type(call.arguments, types, call.place)
    return "yesno"


def _ordered(call: Call, types: list[Type]) -> Type:
    if not _is_ordered(_one_type(call.arguments, types, call.place)):
        _refuse(
            "Only numbers, amounts, dates and months come before one another.",
            "type-mismatch",
            call.place,
        )
    return "yesno"


def _in(call: Call, types: list[Type]) -> Type:
    if isinstance(call.arguments[1], OneOf):
        return _comparable(call, types)
    if not _is_list(types[1]):
        _refuse(
            f"This is a {_named(types[1])}, and has to be a list.", "type-mismatch", call.places[1]
        )
    return _comparable(call, [types[0], types[1][5:]])


def _yesno(call: Call, types: list[Type]) -> Type:
    _each(call, types, lambda found: found == "yesno", "true or false")
    return "yesno"


def _present(call: Call, types: list[Type]) -> Type:
    return "yesno"


def _empty(call: Call, types: list[Type]) -> Type:
    if types[0] != "text" and not _is_list(types[0]):
        _refuse("Only a text or a list can be empty.", "type-mismatch", call.places[0])
    return "yesno"


def _if(call: Call, types: list[Type]) -> Type:
    last = len(types) // 2 * 2
    for number in range(0, last, 2):
        if types[number] != "yesno":
            _refuse(
                f"This is a {_named(types[number])}, and has to be true or false.",
                "type-mismatch",
                call.places[number],
            )
    branches = [number for number in range(len(types)) if number % 2 or number >= last]
    return _one_type(
        [call.arguments[number] for number in branches],
        [types[number] for number in branches],
        call.place,
    )


def _coalesce(call: Call, types: list[Type]) -> Type:
    return _one_type(call.arguments, types, call.place)


def _added(call: Call, types: list[Type]) -> Type:
    _each(call, types, _is_amount, "a number or an amount")
    return _one_type(call.arguments, types, call.place)


def _multiplied(call: Call, types: list[Type]) -> Type:
    _each(call, types, _is_amount, "a number or an amount")
    amounts = [found for found in types if found != "number"]
    if len(amounts) > 1:
        _refuse("An amount cannot be multiplied by an amount.", "type-mismatch", call.place)
    return amounts[0] if amounts else "number"


def _divided(call: Call, types: list[Type]) -> Type:
    _each(call, types, _is_amount, "a number or an amount")
    if types[1] == "number":
        return types[0]
    _one_type(call.arguments, types, call.place)
    return "number"


def _rounded(call: Call, types: list[Type]) -> Type:
    _each(call, types[:1], _is_amount, "a number or an amount")
    for number, argument in enumerate(call.arguments[1:], start=1):
        value = argument.value if isinstance(argument, Literally) else None
        if number == 1:
            whole = isinstance(value, Decimal) and value == value.to_integral_value()
            fits = whole and _COARSEST <= value <= DECIMALS  # type: ignore[operator]  # a number
        else:
            fits = value in ROUNDINGS
        if not fits:
            _refuse(
                f"To round takes a number of decimals from {_COARSEST} to {DECIMALS}, and one of "
                f"{', '.join(ROUNDINGS)}; both stand in the rule itself.",
                "not-a-value",
                call.places[number],
            )
    return types[0]


def _extreme(call: Call, types: list[Type]) -> Type:
    found = _of_list_or_all(call, types)
    if not _is_ordered(found):
        _refuse(
            "Only numbers, amounts, dates and months have a least and a most.",
            "type-mismatch",
            call.place,
        )
    return found


def _summed(call: Call, types: list[Type]) -> Type:
    found = _of_list_or_all(call, types)
    if not _is_amount(found):
        _refuse("Only numbers and amounts can be added up.", "type-mismatch", call.place)
    return found


def _of_list_or_all(call: Call, types: list[Type]) -> Type:
    if len(types) == 1 and _is_list(types[0]):
        return types[0][5:]
    return _one_type(call.arguments, types, call.place)


def _counted(call: Call, types: list[Type]) -> Type:
    _each(call, types[:1], _is_list, "a list")
    _condition(call, types[1:])
    return "number"


def _quantified(call: Call, types: list[Type]) -> Type:
    _condition(call, types[1:])
    return "yesno"


def _filtered(call: Call, types: list[Type]) -> Type:
    _condition(call, types[1:])
    return types[0]


def _condition(call: Call, types: list[Type]) -> None:
    for found in types:
        if found != "yesno":
            _refuse(
                f"This is a {_named(found)}, and has to be true or false.",
                "type-mismatch",
                call.places[1],
            )


def _mapped(call: Call, types: list[Type]) -> Type:
    if _is_list(types[1]):
        _refuse("A list of lists cannot be made.", "type-mismatch", call.places[1])
    return f"list:{types[1]}"


def _measured(call: Call, types: list[Type]) -> Type:
    _each(call, types, lambda found: found == "text" or _is_list(found), "a text or a list")
    return "number"


def _text(call: Call, types: list[Type]) -> Type:
    _each(call, types, lambda found: found == "text", "a text")
    return "text"


def _days(call: Call, types: list[Type]) -> Type:
    if _one_type(call.arguments, types, call.place) != "date":
        _refuse("Days are counted between two dates.", "type-mismatch", call.place)
    return "number"


def _months(call: Call, types: list[Type]) -> Type:
    if _one_type(call.arguments, types, call.place) not in ("date", "month"):
        _refuse(
            "Months and years are counted between two dates, or two months.",
            "type-mismatch",
            call.place,
        )
    return "number"


def _add_months(call: Call, types: list[Type]) -> Type:
    _each(call, types[:1], lambda found: found in ("date", "month"), "a date or a month")
    if types[1] != "number":
        _refuse(
            f"This is a {_named(types[1])}, and has to be a number.",
            "type-mismatch",
            call.places[1],
        )
    return types[0]


def _today(call: Call, types: list[Type]) -> Type:
    return "date"


def _age(call: Call, types: list[Type]) -> Type:
    _each(call, types, lambda found: found == "date", "a date")
    return "number"


def _money(call: Call, types: list[Type]) -> Type:
    _each(call, types[:1], lambda found: found == "number", "a number")
    currency = call.arguments[1]
    return f"money:{currency.value if isinstance(currency, Literally) else ''}"


def _date(call: Call, types: list[Type]) -> Type:
    return "date"


def _month(call: Call, types: list[Type]) -> Type:
    return "month"


_RULES: Final[dict[str, Callable[[Call, list[Type]], Type]]] = {
    "eq": _comparable,
    "ne": _comparable,
    "lt": _ordered,
    "le": _ordered,
    "gt": _ordered,
    "ge": _ordered,
    "in": _in,
    "between": _ordered,
    "and": _yesno,
    "or": _yesno,
    "not": _yesno,
    "present": _present,
    "empty": _empty,
    "if": _if,
    "coalesce": _coalesce,
    "add": _added,
    "sub": _added,
    "mul": _multiplied,
    "div": _divided,
    "neg": _added,
    "round": _rounded,
    "min": _extreme,
    "max": _extreme,
    "sum": _summed,
    "count": _counted,
    "any": _quantified,
    "all": _quantified,
    "none": _quantified,
    "filter": _filtered,
    "map": _mapped,
    "len": _measured,
    "concat": _text,
    "lower": _text,
    "days_between": _days,
    "months_between": _months,
    "years_between": _months,
    "add_months": _add_months,
    "today": _today,
    "age": _age,
    "money": _money,
    "date": _date,
    "month": _month,
}
