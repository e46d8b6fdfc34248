"""What of a rule is certain already: the parts that no answer can change are worked out."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from context.expressions.compiling import Run, Scope, compiled
from context.expressions.syntax import OVER_ITEMS, Call, Literally, Node, OneOf, Reading, walk

_NEEDS_ALL: Final = frozenset(
    {"add", "sub", "mul", "div", "neg", "round", "min", "max", "sum", "len", "concat", "lower"}
    | {"days_between", "months_between", "years_between", "add_months", "age", "money"}
)
"""Operators that give nothing as soon as one operand is absent."""

_COMPARES: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "between", "in"})


def fold(
    node: Node,
    *,
    known: Mapping[str, Any],
    certain: Callable[[str], bool],
    today: str | None,
) -> Node:
    """Return a rule in which everything certain has become a value.

    Args:
        node: The rule.
        known: The values of fields; what is certain and not in here is absent.
        certain: Which fields are certain.
        today: The date, if that is certain too.
    """
    scope = Scope(Run(today), known)

    def closed(part: Node, depth: int) -> bool:
        if isinstance(part, Reading):
            return certain(part.field) if part.up is None else part.up < depth
        if not isinstance(part, Call):
            return True
        if part.op in ("today", "age") and today is None:
            return False
        return all(
            closed(argument, depth + (number > 0 and part.op in OVER_ITEMS))
            for number, argument in enumerate(part.arguments)
        )

    def folded(part: Node) -> Node:
        if isinstance(part, Literally | OneOf):
            return part
        if closed(part, 0) and not _only_today(part):
            value = compiled(part)(scope)
            if not isinstance(value, list | dict):
                return Literally(value=value)
        if isinstance(part, Reading):
            return part
        return _settled(
            Call(
                op=part.op,
                arguments=tuple(folded(argument) for argument in part.arguments),
                place=part.place,
                places=part.places,
            )
        )

    return folded(node)


def constant(node: Node) -> Literally | None:
    """Return the value that a rule has whatever is answered, if it is certain."""
    found = fold(node, known={}, certain=lambda name: False, today=None)
    return found if isinstance(found, Literally) else None


def conjuncts(node: Node) -> list[Node]:
    """Return the rules that must all hold for *node* to hold."""
    if isinstance(node, Call) and node.op == "and":
        return [part for argument in node.arguments for part in conjuncts(argument)]
    return [node]


def _only_today(part: Node) -> bool:
    """Return whether a part depends on the date and on no field: it is certain for today only."""
    found = list(walk(part))
    dated = any(isinstance(each, Call) and each.op in ("today", "age") for each in found)
    return dated and not any(isinstance(each, Reading) and each.up is None for each in found)


def _settled(call: Call) -> Node:
    """Return what a few known operands settle already."""
    known = [part.value for part in call.arguments if isinstance(part, Literally)]
    if call.op == "and" and any(value is False for value in known):
        return Literally(value=False)
    if call.op == "or" and any(value is True for value in known):
        return Literally(value=True)
    if call.op in _COMPARES and None in known:
        return Literally(value=False)
    if call.op in _NEEDS_ALL and None in known:
        return Literally(value=None)
    if call.op == "if":
        return _branch(call)
    return call


def _branch(call: Call) -> Node:
    """Leave out the branches that cannot be taken."""
    arguments, places = list(call.arguments), list(call.places)
    kept = 0
    while kept + 1 < len(arguments):
        condition = arguments[kept]
        if not isinstance(condition, Literally):
            kept += 2
            continue
        if condition.value is True:
            # Nothing after this one is ever reached: it is what remains otherwise.
            arguments[kept:] = [arguments[kept + 1]]
            places[kept:] = [places[kept + 1]]
            break
        del arguments[kept : kept + 2]
        del places[kept : kept + 2]
    if not arguments:
        return Literally(value=None)
    if len(arguments) == 1:
        return arguments[0]
    return Call(op="if", arguments=tuple(arguments), place=call.place, places=tuple(places))
