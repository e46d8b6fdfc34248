"""What of a form goes to the browser: its rules, without anything that is only for us.

A field that is marked *server*, and what its rules say, stays here. Where a rule for the browser
reads such a field, the part that does so is worked out beforehand and only the outcome is sent. An
outcome may be yes or no, or one of several values that stand in the rule; a rule from which the
value itself could be read is refused when the form is published.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from context.expressions.folding import fold
from context.expressions.plan import Plan, Rule, Step, evaluate
from context.expressions.syntax import OVER_ITEMS, Call, Node, Reading, unparse, walk
from kernel.errors import FieldError

VERSION: Final = 1
"""Of the JSON that the browser's engine reads."""

_DECIDING: Final = frozenset(
    {"eq", "ne", "lt", "le", "gt", "ge", "in", "between", "and", "or", "not", "present", "empty"}
    | {"any", "all", "none"}
)

_Part: TypeAlias = Literal["free", "ours", "theirs", "mixed"]
"""What a part of a rule depends on: nothing, what only we know, what is answered, or both."""


def partial(plan: Plan, known: Mapping[str, Any], today: str | None) -> dict[str, Any]:
    """Return a plan as JSON for the browser, without anything that only we may know.

    Args:
        plan: The form.
        known: The values of server-only fields, as JSON; what is not in here is absent.
        today: The date with which parts are worked out that depend on what only we know.
    """
    ours = _closed(plan)
    values = _known_values(plan, known, today)

    def written(rule: Rule) -> Any:
        if not rule.found.reads & ours:
            return unparse(rule.tree)
        return unparse(fold(rule.tree, known=values, certain=ours.__contains__, today=today))

    shared = [step for step in plan.steps if not step.server]
    place = {step.path: number for number, step in enumerate(shared)}
    return {
        "version": VERSION,
        "steps": [_shared(step, written) for step in shared],
        "order": [place[step.path] for step in plan.order if not step.server],
    }


def _shared(step: Step, written: Callable[[Rule], Any]) -> dict[str, Any]:
    shared: dict[str, Any] = {"id": step.id, "path": step.path, "kind": step.kind}
    if step.frame:
        shared["frame"] = step.frame
    if step.group is not None:
        shared["group"] = step.group
    if step.type is not None:
        shared["type"] = step.type
    if step.values is not None:
        shared["values"] = sorted(step.values)
    if step.show is not None:
        shared["show"] = written(step.show)
    if step.required:
        shared["required"] = True if step.required is True else written(step.required)
    if step.value is not None:
        shared["value"] = written(step.value)
    if step.checks:
        shared["checks"] = [
            {"expr": written(check.rule), "message": check.message, "level": check.level}
            for check in step.checks
        ]
    if step.kind == "repeat":
        shared |= {"min": step.min, "max": step.max}
    return shared


def _known_values(plan: Plan, known: Mapping[str, Any], today: str | None) -> dict[str, Any]:
    """Return what only we know, worked out as far as it does not depend on answers."""
    ours = _closed(plan)
    alone = Plan(
        steps=tuple(step for step in plan.steps if step.path in ours),
        order=tuple(step for step in plan.order if step.path in ours),
    )
    return evaluate(alone, known, today).values


def _closed(plan: Plan) -> set[str]:
    """Return the fields of the form that only we know, and that no answer can change."""
    ours = {step.path for step in plan.steps if step.server}
    changed = True
    while changed:
        changed = False
        for step in plan.steps:
            if step.path not in ours:
                continue
            needs = {step.group or step.frame} - {""}
            for rule in (step.show, step.value):
                needs |= rule.found.reads if rule is not None else set()
            if not needs <= ours:
                # A repeat is known wholly or not at all.
                outermost = step.path.partition("/")[0]
                ours -= {path for path in ours if path.partition("/")[0] == outermost}
                changed = True
    return ours


# --- what would be revealed ----------------------------------------------------------------------


def revealing(plan: Plan) -> Iterator[FieldError]:
    """Yield the rules for the browser from which a value that only we may know could be read."""
    server = {step.path for step in plan.steps if step.server}
    if not server:
        return
    closed = _closed(plan)
    yesno = {step.path for step in plan.steps if step.type == "yesno"}
    for step in plan.steps:
        if step.server:
            continue
        for part, rule in _rules(step):
            reader = _Reader(server, closed, yesno)
            place = reader.reveals(rule.tree, decided=part != "/value")
            if place is not None:
                yield FieldError(
                    pointer=f"{step.pointer}{part}{place}",
                    detail="From this the browser could read a value that only the server may "
                    "know. Let it decide yes or no by itself, apart from what is answered.",
                    code="reveals",
                )


def _rules(step: Step) -> Iterator[tuple[str, Rule]]:
    if step.show is not None:
        yield "/show", step.show
    if isinstance(step.required, Rule):
        yield "/required", step.required
    if step.value is not None:
        yield "/value", step.value
    for check in step.checks:
        yield check.part, check.rule


class _Reader:
    """Follows what only we know through one rule."""

    def __init__(self, server: set[str], closed: set[str], yesno: set[str]) -> None:
        self.server = server
        self.closed = closed
        self.yesno = yesno
        self.place: str | None = None

    def reveals(self, tree: Node, *, decided: bool) -> str | None:
        """Return the place at which a value would be revealed, if there is one."""
        part = self.part(tree, "", ())
        if part == "ours" and not decided and not self.harmless(tree):
            self.place = ""
        return self.place

    def part(self, node: Node, place: str, items: tuple[_Part, ...]) -> _Part:
        if isinstance(node, Reading):
            return self.reading(node, place, items)
        if not isinstance(node, Call):
            return "free"
        parts: list[_Part] = []
        inner = items
        for number, (argument, where) in enumerate(zip(node.arguments, node.places, strict=True)):
            over = number > 0 and node.op in OVER_ITEMS
            parts.append(self.part(argument, where, inner if over else items))
            if number == 0 and node.op in OVER_ITEMS:
                inner = (parts[0], *items)
        found = set(parts) - {"free"}
        if not found:
            return "free"
        if len(found) == 1:
            return found.pop()
        for part, argument, where in zip(parts, node.arguments, node.places, strict=True):
            if part == "ours" and not self.harmless(argument):
                self.place = self.place or where
        return "mixed"

    def reading(self, node: Reading, place: str, items: tuple[_Part, ...]) -> _Part:
        if node.up is None:
            if node.field in self.closed:
                return "ours"
            if node.field in self.server:
                # It is only known to us and depends on answers: nothing can be said beforehand.
                self.place = self.place or place
            return "theirs"
        if node.up < len(items):
            own = items[node.up]
            if own != "ours" and self._kept_back(node.field):
                self.place = self.place or place
            return own
        if self._kept_back(node.field):
            self.place = self.place or place
        return "theirs"

    def _kept_back(self, name: str) -> bool:
        """Return whether an item that is answered may hold a field of this name kept from it."""
        return any(path.endswith(f"/{name}") for path in self.server)

    def harmless(self, node: Node) -> bool:
        """Return whether the outcome of a part tells no more than which way was taken."""
        if isinstance(node, Reading):
            return node.up is None and node.field in self.yesno
        if not isinstance(node, Call) or node.op in _DECIDING:
            return True
        if node.op == "if":
            last = len(node.arguments) // 2 * 2
            return all(
                self.harmless(argument)
                for number, argument in enumerate(node.arguments)
                if number % 2 or number >= last
            )
        if node.op == "coalesce":
            return all(self.harmless(argument) for argument in node.arguments)
        return not any(isinstance(part, Reading) for part in walk(node))
