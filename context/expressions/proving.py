"""Forms that cannot work: fields that are never asked, and checks that nobody can pass.

Only what is certain is refused. A rule is taken apart into conditions that must all hold; each that
compares one field with something fixed narrows what the field can be, and a field that can be
nothing any more is a contradiction.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from context.expressions.folding import conjuncts, constant
from context.expressions.plan import Plan, Step
from context.expressions.syntax import Call, Node, OneOf, Reading, path_of
from kernel.errors import FieldError

_FLIPPED: Final = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def impossible(plan: Plan) -> Iterator[FieldError]:
    """Yield what is wrong with a form that nobody could complete, or of which parts never show."""
    by_path = {step.path: step for step in plan.steps}
    for step in plan.steps:
        together = _Together(by_path, step.frame)
        if step.show is not None and not all(
            together.holds(rule) for rule in _shows(step, by_path)
        ):
            yield FieldError(
                pointer=f"{step.pointer}/show",
                detail=f"{step.id!r} can never show: this rule cannot hold whatever is answered.",
                code="never-shown",
            )
    yield from _checks(plan, by_path)


def _checks(plan: Plan, by_path: Mapping[str, Step]) -> Iterator[FieldError]:
    """Find the checks that no answers pass together, of fields that must be answered."""
    together = _Together(by_path, "")
    for step in plan.steps:
        if not _always_judged(step, by_path):
            continue
        for check in step.checks:
            if check.level == "error" and not together.holds(check.rule.tree):
                yield FieldError(
                    pointer=f"{step.pointer}{check.part}",
                    detail="Nobody can complete this form: this check cannot hold together with "
                    "the others, whatever is answered.",
                    code="never-complete",
                )
                return


def _always_judged(step: Step, by_path: Mapping[str, Step]) -> bool:
    """Return whether the checks of a field must be passed in every case."""
    around: Step | None = step
    while around is not None:
        if around.show is not None or around.frame:
            return False
        around = by_path[around.group] if around.group else None
    return step.kind in ("group", "note", "repeat") or step.required is True


def _shows(step: Step, by_path: Mapping[str, Step]) -> list[Node]:
    """Return the rules that must hold for a node to show: its own, and those around it."""
    rules = []
    around: Step | None = step
    while around is not None:
        if around.show is not None:
            rules.append(around.show.tree)
        around = by_path[around.group] if around.group else None
    return rules


class _Together:
    """Rules that must all hold, and what they leave of each field."""

    def __init__(self, by_path: Mapping[str, Step], frame: str) -> None:
        self.by_path = by_path
        self.frame = frame
        self.ranges: dict[str, _Range] = {}

    def holds(self, rule: Node) -> bool:
        """Take in another rule; return whether all may still hold for some answers."""
        return all(self._may_hold(condition) for condition in conjuncts(rule))

    def _may_hold(self, condition: Node) -> bool:
        certain = constant(condition)
        if certain is not None:
            return certain.value is True
        for name, op, values in _condition(condition):
            found = self.ranges.setdefault(name, _Range(self._choices(name)))
            found.narrow(op, values)
            if found.is_empty():
                return False
        return True

    def _choices(self, name: str) -> frozenset[str] | None:
        """Return what a field has to choose from."""
        if name.startswith("$item."):
            name = f"{self.frame}/{name.removeprefix('$item.')}"
        step = self.by_path.get(name)
        return step.values if step is not None and step.type == "text" else None


def _condition(node: Node) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Yield what a condition says of one field: its name, a comparison, and with what."""
    if isinstance(node, Reading):
        yield path_of(node), "eq", [True]
        return
    if not isinstance(node, Call):
        return
    argument = node.arguments[0] if node.arguments else node
    if node.op == "present" and isinstance(argument, Reading):
        yield path_of(argument), "present", []
    elif node.op == "not" and isinstance(argument, Reading):
        yield path_of(argument), "eq", [False]
    elif node.op == "not" and isinstance(argument, Call) and argument.op == "present":
        if isinstance(argument.arguments[0], Reading):
            yield path_of(argument.arguments[0]), "absent", []
    else:
        yield from _comparison(node)


def _comparison(node: Call) -> Iterator[tuple[str, str, Sequence[Any]]]:
    if node.op not in (*_FLIPPED, "in", "between"):
        return
    first, *others = node.arguments
    if isinstance(first, Reading):
        values = _values(others)
        if values is not None:
            yield path_of(first), node.op, values
    elif node.op in _FLIPPED and isinstance(others[0], Reading):
        values = _values([first])
        if values is not None:
            yield path_of(others[0]), _FLIPPED[node.op], values


def _values(nodes: Sequence[Node]) -> list[Any] | None:
    """Return the values of operands that are certain, or none."""
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, OneOf):
            found.extend(node.values)
            continue
        certain = constant(node)
        if certain is None or certain.value is None:
            return None
        found.append(certain.value)
    return found


class _Range:
    """What a field can still be."""

    def __init__(self, allowed: frozenset[Any] | None) -> None:
        self.allowed: set[Any] | None = None if allowed is None else set(allowed)
        self.refused: set[Any] = set()
        self.least: tuple[Any, bool] | None = None
        self.most: tuple[Any, bool] | None = None
        self.absent = False
        self.answered = False

    def narrow(self, op: str, values: Sequence[Any]) -> None:
        """Take in one comparison that has to hold."""
        if op == "absent":
            self.absent = True
            return
        # Every comparison with something absent is false.
        self.answered = True
        if op in ("eq", "in"):
            self.allowed = set(values) if self.allowed is None else self.allowed & set(values)
        elif op == "ne":
            self.refused.add(values[0])
        elif op in ("gt", "ge"):
            self._least(values[0], exclusive=op == "gt")
        elif op in ("lt", "le"):
            self._most(values[0], exclusive=op == "lt")
        elif op == "between":
            self._least(values[0], exclusive=False)
            self._most(values[1], exclusive=False)

    def _least(self, value: Any, *, exclusive: bool) -> None:
        if self.least is None or (value, exclusive) > self.least:
            self.least = (value, exclusive)

    def _most(self, value: Any, *, exclusive: bool) -> None:
        if self.most is None or (value, not exclusive) < (self.most[0], not self.most[1]):
            self.most = (value, exclusive)

    def is_empty(self) -> bool:
        """Return whether nothing is left."""
        if self.absent and self.answered:
            return True
        if self.least is not None and self.most is not None:
            low, high = self.least[0], self.most[0]
            if low > high or (low == high and (self.least[1] or self.most[1])):
                return True
        if self.allowed is None:
            return False
        return not any(self._fits(value) for value in self.allowed - self.refused)

    def _fits(self, value: Any) -> bool:
        if self.least is not None and not (
            value > self.least[0] or (value == self.least[0] and not self.least[1])
        ):
            return False
        return self.most is None or (
            value < self.most[0] or (value == self.most[0] and not self.most[1])
        )
