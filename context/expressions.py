"""Rules in forms: a small, strict language in JSON, shaped like JsonLogic.

``{"f": "goal"}`` is the answer to a field, ``{"eq": [{"f": "goal"}, "buy"]}`` a comparison, and a
plain text, number, true or false is itself. `check` refuses whatever does not fit when a form is
published, so that `holds` can never fail on an answer.

- Numbers are exact decimals. Nothing is converted: a text never equals a number, and comparing
  the two is refused.
- *Absent* (not asked, or not answered) is no value at all: not empty, not zero, not false.
- A comparison with something absent is false, ``ne`` and ``in`` included: what is not known is
  not known to differ.
- ``and``, ``or`` and ``not`` know three values. An unanswered yes-or-no question is unknown;
  false settles an ``and``, true an ``or``, and the opposite of unknown is unknown.
- A rule whose outcome is unknown does not hold.
- ``present`` asks whether there is an answer; ``empty`` whether there is one without content.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from context.errors import ExpressionRefused

Scalar: TypeAlias = str | Decimal | bool
"""What an expression computes with."""

Type = Literal["text", "number", "yesno", "month"]

MAX_DEPTH: Final = 32
MAX_NODES: Final = 2000
_MAX_NUMBER: Final = 10**15


class Known(Struct, frozen=True, kw_only=True):
    """What a rule may know of a field: its type, and the values it can have if they are few."""

    type: Type
    values: frozenset[str] | None = None


class Reading(Struct, frozen=True, kw_only=True):
    """The answer to a field."""

    field: str


class Literally(Struct, frozen=True, kw_only=True):
    """A value that stands in the rule itself."""

    value: Scalar


class OneOf(Struct, frozen=True, kw_only=True):
    """Several values that stand in the rule itself."""

    values: tuple[Scalar, ...]


class Call(Struct, frozen=True, kw_only=True):
    """An operator with what it works on, and where in the rule each of these stands."""

    op: str
    arguments: "tuple[Node, ...]"
    places: tuple[str, ...]


Node: TypeAlias = Reading | Literally | OneOf | Call


# --- from JSON -----------------------------------------------------------------------------------


def parse(expression: Any) -> Node:
    """Read a rule from JSON.

    Raises:
        ExpressionRefused: It is no rule, names an unknown operator, or is too large.
    """
    return _Parser().node(expression, "", 1)


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
            if not isinstance(given, str) or not given:
                raise ExpressionRefused(
                    '"f" is followed by the id of a field.', reason="not-a-field", pointer=pointer
                )
            return Reading(field=given)
        if op not in OPERATORS:
            raise ExpressionRefused(
                f"There is no operator {op[:40]!r}; there are f, {', '.join(OPERATORS)}.",
                reason="unknown-operator",
                pointer=pointer,
            )
        if not isinstance(given, list):
            given = [given]
            places: tuple[str, ...] = (pointer,)
        else:
            places = tuple(f"{pointer}/{place}" for place in range(len(given)))
        self._count_operands(op, given, pointer)
        arguments = tuple(
            self._values(argument, place, depth + 1)
            if op == "in" and number == 1
            else self.node(argument, place, depth + 1)
            for number, (argument, place) in enumerate(zip(given, places, strict=True))
        )
        return Call(op=op, arguments=arguments, places=places)

    def _count_operands(self, op: str, given: list[Any], pointer: str) -> None:
        least, most = OPERATORS[op].arity
        if len(given) < least or (most is not None and len(given) > most):
            amount = f"{least}" if least == most else f"at least {least}"
            raise ExpressionRefused(
                f"{op!r} takes {amount} operands, not {len(given)}.",
                reason="wrong-arity",
                pointer=pointer,
            )

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


def _literal(source: Any, pointer: str) -> Scalar:
    if isinstance(source, str | bool):
        return source
    if isinstance(source, int | float) and abs(source) < _MAX_NUMBER:
        # The shortest text that reads back as the same float is what the author wrote.
        return Decimal(str(source))
    raise ExpressionRefused(
        "A value is a text, a number, true or false.", reason="not-a-value", pointer=pointer
    )


# --- checking ------------------------------------------------------------------------------------


def check(expression: Any, fields: Mapping[str, Known]) -> None:
    """Refuse a rule that could not be evaluated, or that does not decide yes or no.

    Args:
        expression: The rule, in JSON.
        fields: The fields it may refer to.

    Raises:
        ExpressionRefused: With a reason, and a pointer to the place inside the rule.
    """
    if _type_of(parse(expression), fields, "") != "yesno":
        raise ExpressionRefused(
            "This gives a value; a rule has to be true or false.", reason="not-yesno", pointer=""
        )


def _type_of(node: Node, fields: Mapping[str, Known], pointer: str) -> Type:
    if isinstance(node, Reading):
        if node.field not in fields:
            raise ExpressionRefused(
                f"There is no field {node.field[:80]!r} with an answer before this one.",
                reason="unknown-field",
                pointer=f"{pointer}/f",
            )
        return fields[node.field].type
    if isinstance(node, Literally):
        return _type_of_value(node.value)
    if isinstance(node, OneOf):
        return _one_type([_type_of_value(value) for value in node.values], pointer)
    pointer = f"{pointer}/{node.op}"
    types: list[Type] = [
        _type_of(argument, fields, place)
        for argument, place in zip(node.arguments, node.places, strict=True)
    ]
    OPERATORS[node.op].check(types, pointer, node.places)
    _refuse_impossible(node, fields, pointer)
    return "yesno"


def _type_of_value(value: Scalar) -> Type:
    if isinstance(value, bool):
        return "yesno"
    return "number" if isinstance(value, Decimal) else "text"


def _one_type(types: Sequence[Type], pointer: str) -> Type:
    # A month is written as text in a rule, and is never mixed with other text.
    distinct = set(types) - ({"text"} if "month" in types else set())
    if len(distinct) != 1:
        raise ExpressionRefused(
            f"These cannot be compared: {' with '.join(sorted(set(types)))}.",
            reason="type-mismatch",
            pointer=pointer,
        )
    return distinct.pop()


def _same(types: Sequence[Type], pointer: str, places: Sequence[str]) -> None:
    _one_type(types, pointer)


def _ordered(types: Sequence[Type], pointer: str, places: Sequence[str]) -> None:
    if _one_type(types, pointer) not in ("number", "month"):
        raise ExpressionRefused(
            "Only numbers and months come before one another.",
            reason="type-mismatch",
            pointer=pointer,
        )


def _yesno(types: Sequence[Type], pointer: str, places: Sequence[str]) -> None:
    for found, place in zip(types, places, strict=True):
        if found != "yesno":
            raise ExpressionRefused(
                f"This is a {found}, and has to be true or false.",
                reason="type-mismatch",
                pointer=place,
            )


def _text(types: Sequence[Type], pointer: str, places: Sequence[str]) -> None:
    if types[0] != "text":
        raise ExpressionRefused(
            "Only text can be empty.", reason="type-mismatch", pointer=places[0]
        )


def _anything(types: Sequence[Type], pointer: str, places: Sequence[str]) -> None:
    """Every type will do."""


def _refuse_impossible(node: Call, fields: Mapping[str, Known], pointer: str) -> None:
    """Refuse to compare a choice with something that it does not offer: a slip of the pen."""
    offered = [
        fields[argument.field].values
        for argument in node.arguments
        if isinstance(argument, Reading) and fields[argument.field].values is not None
    ]
    named: set[Scalar] = set()
    for argument in node.arguments:
        if isinstance(argument, Literally):
            named.add(argument.value)
        elif isinstance(argument, OneOf):
            named.update(argument.values)
    for values in offered:
        if values is not None and (strangers := named - values):
            raise ExpressionRefused(
                f"{min(map(str, strangers))[:80]!r} is none of the choices of that field.",
                reason="unknown-choice",
                pointer=pointer,
            )


# --- evaluating ----------------------------------------------------------------------------------


def holds(expression: Any, answers: Mapping[str, Scalar]) -> bool:
    """Return whether a checked rule is true for these answers; unknown is not true.

    Args:
        expression: The rule, in JSON.
        answers: What was answered; a field that is not in here is absent.
    """
    return _evaluate(parse(expression), answers) is True


def _evaluate(node: Node, answers: Mapping[str, Scalar]) -> Any:
    """Return the value of *node*; None is absent, or unknown."""
    if isinstance(node, Reading):
        return answers.get(node.field)
    if isinstance(node, Literally):
        return node.value
    if isinstance(node, OneOf):
        return node.values
    return OPERATORS[node.op].evaluate(node.arguments, answers)


_Evaluate: TypeAlias = Callable[[tuple[Node, ...], Mapping[str, Scalar]], bool | None]


def _comparing(compare: Callable[[Any, Any], bool]) -> _Evaluate:
    def evaluate(arguments: tuple[Node, ...], answers: Mapping[str, Scalar]) -> bool:
        left, right = (_evaluate(argument, answers) for argument in arguments)
        return left is not None and right is not None and compare(left, right)

    return evaluate


def _and(arguments: tuple[Node, ...], answers: Mapping[str, Scalar]) -> bool | None:
    unknown = False
    for argument in arguments:
        value = _evaluate(argument, answers)
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def _or(arguments: tuple[Node, ...], answers: Mapping[str, Scalar]) -> bool | None:
    unknown = False
    for argument in arguments:
        value = _evaluate(argument, answers)
        if value is True:
            return True
        unknown = unknown or value is None
    return None if unknown else False


def _not(arguments: tuple[Node, ...], answers: Mapping[str, Scalar]) -> bool | None:
    value = _evaluate(arguments[0], answers)
    return None if value is None else not value


def _present(arguments: tuple[Node, ...], answers: Mapping[str, Scalar]) -> bool:
    return _evaluate(arguments[0], answers) is not None


def _empty(arguments: tuple[Node, ...], answers: Mapping[str, Scalar]) -> bool:
    return bool(_evaluate(arguments[0], answers) == "")


class Operator(Struct, frozen=True, kw_only=True):
    """What one operator takes (least and most operands), accepts, and means."""

    arity: tuple[int, int | None]
    check: Callable[[Sequence[Type], str, Sequence[str]], None]
    evaluate: _Evaluate


OPERATORS: Final[dict[str, Operator]] = {
    "eq": Operator(arity=(2, 2), check=_same, evaluate=_comparing(lambda a, b: a == b)),
    "ne": Operator(arity=(2, 2), check=_same, evaluate=_comparing(lambda a, b: a != b)),
    "lt": Operator(arity=(2, 2), check=_ordered, evaluate=_comparing(lambda a, b: a < b)),
    "le": Operator(arity=(2, 2), check=_ordered, evaluate=_comparing(lambda a, b: a <= b)),
    "gt": Operator(arity=(2, 2), check=_ordered, evaluate=_comparing(lambda a, b: a > b)),
    "ge": Operator(arity=(2, 2), check=_ordered, evaluate=_comparing(lambda a, b: a >= b)),
    "in": Operator(arity=(2, 2), check=_same, evaluate=_comparing(lambda a, b: a in b)),
    "and": Operator(arity=(1, None), check=_yesno, evaluate=_and),
    "or": Operator(arity=(1, None), check=_yesno, evaluate=_or),
    "not": Operator(arity=(1, 1), check=_yesno, evaluate=_not),
    "present": Operator(arity=(1, 1), check=_anything, evaluate=_present),
    "empty": Operator(arity=(1, 1), check=_text, evaluate=_empty),
}
"""Every operator; a new one is a line here and a row in the conformance cases."""
