"""Rules made ready to run: a checked tree becomes functions, once, and these run often.

None stands for absent, and for unknown. What goes wrong on an answer, such as a division by zero,
gives absent and a diagnostic; nothing is ever raised.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from context.expressions import values
from context.expressions.syntax import INDEX, Call, Literally, Node, OneOf, Reading, parse
from context.expressions.values import LIMIT, MAX_TEXT, ZERO, Scalar

Trouble = Literal[
    "division-by-zero",
    "too-large",
    "too-long",
    "not-whole",
    "out-of-range",
    "unfit-answer",
]
"""What can go wrong on an answer."""

_MOST_MONTHS: Final = 200_000
"""More than the calendar has."""

_KEPT: Final = 2_000
"""Rules that are kept ready; a form has tens of them."""


class Diagnostic(Struct, frozen=True, order=True):
    """What went wrong where, in words for programs.

    Attributes:
        code: What.
        node: The field, within a repeat ``loans/0/amount``.
        pointer: The place inside the field's rules.
    """

    code: Trouble
    node: str
    pointer: str


class Run:
    """One evaluation: what holds for all rules of a form, and what went wrong in them."""

    __slots__ = ("diagnostics", "node", "part", "today")

    def __init__(self, today: str | None) -> None:
        self.today = today
        # Kept in order, and each once however many items it happens to.
        self.diagnostics: dict[Diagnostic, None] = {}
        self.node = ""
        self.part = ""

    def report(self, code: Trouble, pointer: str) -> None:
        """Note what went wrong; the value is absent."""
        self.diagnostics[Diagnostic(code, self.node, self.part + pointer)] = None


class Scope:
    """Where a rule stands: in the form, or in an item of a list, or in an item of an item."""

    __slots__ = ("index", "item", "parent", "root", "run")

    def __init__(self, run: Run, item: Any, index: int = 0, parent: "Scope | None" = None) -> None:
        self.run = run
        self.item = item
        self.index = index
        self.parent: Scope = self if parent is None else parent
        self.root: Mapping[str, Any] = item if parent is None else parent.root


Evaluate: TypeAlias = Callable[[Scope], Any]


def holds(expression: Any, answers: Mapping[str, Scalar]) -> bool:
    """Return whether a checked rule is true for these answers; unknown is not true.

    Args:
        expression: The rule, in JSON.
        answers: What was answered; a field that is not in here is absent.
    """
    return _ready(msgspec.json.encode(expression))(Scope(Run(None), answers)) is True


@lru_cache(maxsize=_KEPT)
def _ready(source: bytes) -> "Evaluate":
    """Return the function of a rule; the same few rules are asked for again and again."""
    return compiled(parse(msgspec.json.decode(source)))


def compiled(node: Node) -> Evaluate:
    """Return a function that gives the value of a checked rule in a scope."""
    if isinstance(node, Reading):
        return _read(node)
    if isinstance(node, Literally):
        return _always(node.value)
    if isinstance(node, OneOf):
        return _always(frozenset(node.values))
    return _COMPILERS[node.op](node, [compiled(argument) for argument in node.arguments])


def _read(reading: Reading) -> Evaluate:
    name, up = reading.field, reading.up
    if up is None:
        return lambda scope: scope.root.get(name)
    if up == 0:
        if name == INDEX:
            return lambda scope: Decimal(scope.index)
        return (lambda scope: scope.item.get(name)) if name else (lambda scope: scope.item)

    def outward(scope: Scope) -> Any:
        for _ in range(up):
            scope = scope.parent
        if name == INDEX:
            return Decimal(scope.index)
        return scope.item.get(name) if name else scope.item

    return outward


def _always(value: Any) -> Evaluate:
    return lambda scope: value


# --- yes and no ----------------------------------------------------------------------------------


def _comparing(compare: Callable[[Any, Any], Any]) -> "_Compiler":
    def make(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
        left, right = arguments
        fixed = call.arguments[1]
        if isinstance(fixed, Literally) and fixed.value is not None:
            # Most rules compare an answer with something that stands in the rule.
            value = fixed.value

            def against(scope: Scope) -> bool:
                one = left(scope)
                return one is not None and compare(one, value)

            return against

        def evaluate(scope: Scope) -> bool:
            one = left(scope)
            if one is None:
                return False
            other = right(scope)
            return other is not None and compare(one, other)

        return evaluate

    return make


def _in(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    wanted, among = arguments

    def evaluate(scope: Scope) -> bool:
        one = wanted(scope)
        if one is None:
            return False
        values_ = among(scope)
        return values_ is not None and one in values_

    return evaluate


def _between(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    wanted, least, most = arguments

    def evaluate(scope: Scope) -> bool:
        one, low, high = wanted(scope), least(scope), most(scope)
        if one is None or low is None or high is None:
            return False
        return bool(low <= one <= high)

    return evaluate


def _and(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    def evaluate(scope: Scope) -> bool | None:
        found: bool | None = True
        for argument in arguments:
            value = argument(scope)
            if value is False:
                return False
            if value is None:
                found = None
        return found

    return evaluate


def _or(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    def evaluate(scope: Scope) -> bool | None:
        found: bool | None = False
        for argument in arguments:
            value = argument(scope)
            if value is True:
                return True
            if value is None:
                found = None
        return found

    return evaluate


def _not(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [argument] = arguments

    def evaluate(scope: Scope) -> bool | None:
        value = argument(scope)
        return None if value is None else not value

    return evaluate


def _present(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [argument] = arguments
    return lambda scope: argument(scope) is not None


def _empty(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [argument] = arguments

    def evaluate(scope: Scope) -> bool:
        value = argument(scope)
        return value is not None and len(value) == 0

    return evaluate


def _if(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    last = len(arguments) // 2 * 2
    branches = [(arguments[number], arguments[number + 1]) for number in range(0, last, 2)]
    otherwise = arguments[-1] if len(arguments) > last else _always(None)

    def evaluate(scope: Scope) -> Any:
        for condition, branch in branches:
            if condition(scope) is True:
                return branch(scope)
        return otherwise(scope)

    return evaluate


def _coalesce(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        for argument in arguments:
            value = argument(scope)
            if value is not None:
                return value
        return None

    return evaluate


# --- numbers -------------------------------------------------------------------------------------


def _bounded(scope: Scope, number: Decimal, place: str) -> Decimal | None:
    if -LIMIT < number < LIMIT:
        return number
    scope.run.report("too-large", place)
    return None


def _folding(work: Callable[[Decimal, Decimal], Decimal]) -> "_Compiler":
    def make(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
        first, *others = arguments
        place = call.place

        def evaluate(scope: Scope) -> Decimal | None:
            found = first(scope)
            for argument in others:
                value = argument(scope)
                # Every operand is worked out, so that what goes wrong in it is told.
                if found is not None:
                    found = None if value is None else _bounded(scope, work(found, value), place)
            return found  # type: ignore[no-any-return]  # numbers, as was checked

        return evaluate

    return make


def _div(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    above, below = arguments
    place = call.place

    def evaluate(scope: Scope) -> Decimal | None:
        one, other = above(scope), below(scope)
        if one is None or other is None:
            return None
        if not other:
            scope.run.report("division-by-zero", place)
            return None
        return _bounded(scope, values.divide(one, other), place)

    return evaluate


def _neg(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [argument] = arguments

    def evaluate(scope: Scope) -> Decimal | None:
        value = argument(scope)
        return None if value is None else values.negate(value)

    return evaluate


def _round(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    argument = arguments[0]
    given = [each.value for each in call.arguments[1:] if isinstance(each, Literally)]
    scale = int(given[0]) if given and given[0] is not None else 0
    mode = str(given[1]) if len(given) > 1 else "half_up"
    place = call.place

    def evaluate(scope: Scope) -> Decimal | None:
        value = argument(scope)
        if value is None:
            return None
        return _bounded(scope, values.round_to(value, scale, mode), place)

    return evaluate


def _gathered(arguments: Sequence[Evaluate], scope: Scope) -> list[Any] | None:
    """Return the values of several operands, or of the list that is the only one."""
    found = [argument(scope) for argument in arguments]
    if len(found) == 1:
        if found[0] is None:
            return None
        if isinstance(found[0], list):
            found = found[0]
    return None if None in found else found


def _extreme(best: Callable[[list[Any]], Any]) -> "_Compiler":
    def make(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
        def evaluate(scope: Scope) -> Any:
            found = _gathered(arguments, scope)
            return best(found) if found else None

        return evaluate

    return make


def _sum(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    place = call.place

    def evaluate(scope: Scope) -> Decimal | None:
        found = _gathered(arguments, scope)
        if found is None:
            return None
        total = ZERO
        for number in found:
            total = values.add(total, number)
        return _bounded(scope, total, place)

    return evaluate


# --- lists ---------------------------------------------------------------------------------------


def _judged(condition: Evaluate, items: Sequence[Any], scope: Scope) -> list[Any]:
    run = scope.run
    return [condition(Scope(run, item, index, scope)) for index, item in enumerate(items)]


def _over(settle: Callable[[list[Any], list[Any]], Any]) -> "_Compiler":
    """Make an operator that settles on something once its second operand is known for each item."""

    def make(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
        listed, each = arguments

        def evaluate(scope: Scope) -> Any:
            items = listed(scope)
            return None if items is None else settle(items, _judged(each, items, scope))

        return evaluate

    return make


def _any(items: list[Any], found: list[Any]) -> bool | None:
    if True in found:
        return True
    return None if None in found else False


def _all(items: list[Any], found: list[Any]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True


def _none(items: list[Any], found: list[Any]) -> bool | None:
    some = _any(items, found)
    return None if some is None else not some


def _filter(items: list[Any], found: list[Any]) -> list[Any]:
    return [item for item, kept in zip(items, found, strict=True) if kept is True]


def _map(items: list[Any], found: list[Any]) -> list[Any]:
    return found


def _count(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    if len(arguments) == 1:
        return _len(call, arguments)
    return _over(lambda items, found: Decimal(found.count(True)))(call, arguments)


def _len(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [argument] = arguments

    def evaluate(scope: Scope) -> Decimal | None:
        value = argument(scope)
        return None if value is None else Decimal(len(value))

    return evaluate


# --- text ----------------------------------------------------------------------------------------


def _concat(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    place = call.place

    def evaluate(scope: Scope) -> str | None:
        found = [argument(scope) for argument in arguments]
        if None in found:
            return None
        text = "".join(found)
        if len(text) > MAX_TEXT:
            scope.run.report("too-long", place)
            return None
        return text

    return evaluate


def _lower(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [argument] = arguments

    def evaluate(scope: Scope) -> str | None:
        value = argument(scope)
        return None if value is None else value.lower()

    return evaluate


# --- dates ---------------------------------------------------------------------------------------


def _counting(count: Callable[[str, str], int]) -> "_Compiler":
    def make(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
        start, end = arguments

        def evaluate(scope: Scope) -> Decimal | None:
            one, other = start(scope), end(scope)
            return None if one is None or other is None else Decimal(count(one, other))

        return evaluate

    return make


def _add_months(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    start, amount = arguments
    place = call.place

    def evaluate(scope: Scope) -> str | None:
        one, months = start(scope), amount(scope)
        if one is None or months is None:
            return None
        if months != int(months):
            scope.run.report("not-whole", place)
            return None
        found = None
        if -_MOST_MONTHS < months < _MOST_MONTHS:
            found = values.add_months(one, int(months))
        if found is None:
            scope.run.report("out-of-range", place)
        return found

    return evaluate


def _today(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    return lambda scope: scope.run.today


def _age(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    [born] = arguments

    def evaluate(scope: Scope) -> Decimal | None:
        birthday, today = born(scope), scope.run.today
        if birthday is None or today is None:
            return None
        return Decimal(values.years_between(birthday, today))

    return evaluate


def _itself(call: Call, arguments: Sequence[Evaluate]) -> Evaluate:
    """Make nothing of it: a currency or a kind of date is a matter of types."""
    return arguments[0]


_Compiler: TypeAlias = Callable[[Call, Sequence[Evaluate]], Evaluate]

_COMPILERS: Final[dict[str, _Compiler]] = {
    "eq": _comparing(eq),
    "ne": _comparing(ne),
    "lt": _comparing(lt),
    "le": _comparing(le),
    "gt": _comparing(gt),
    "ge": _comparing(ge),
    "in": _in,
    "between": _between,
    "and": _and,
    "or": _or,
    "not": _not,
    "present": _present,
    "empty": _empty,
    "if": _if,
    "coalesce": _coalesce,
    "add": _folding(values.add),
    "sub": _folding(values.subtract),
    "mul": _folding(values.multiply),
    "div": _div,
    "neg": _neg,
    "round": _round,
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "count": _count,
    "any": _over(_any),
    "all": _over(_all),
    "none": _over(_none),
    "filter": _over(_filter),
    "map": _over(_map),
    "len": _len,
    "concat": _concat,
    "lower": _lower,
    "days_between": _counting(values.days_between),
    "months_between": _counting(values.months_between),
    "years_between": _counting(values.years_between),
    "add_months": _add_months,
    "today": _today,
    "age": _age,
    "money": _itself,
    "date": _itself,
    "month": _itself,
}
