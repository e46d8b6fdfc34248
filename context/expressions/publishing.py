"""From what an author writes to a plan: everything that could go wrong on an answer is refused."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, UnsetType

from context.errors import ExpressionRefused, FormRefused
from context.expressions.checking import Known, Readable, infer, require_yesno
from context.expressions.compiling import compiled
from context.expressions.order import a_cycle, in_order
from context.expressions.partial import revealing
from context.expressions.plan import FormNode, JudgedCheck, Kind, Plan, Rule, Step
from context.expressions.proving import impossible
from context.expressions.syntax import parse
from context.expressions.values import MAX_ITEMS, Type
from kernel.errors import FieldError

MAX_FORM_NODES: Final = 1_000
MAX_FORM_STEPS: Final = 1_000_000

_LONGEST_ID: Final = 80
_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")
_TYPE: Final = re.compile(r"(list:)?(text|number|yesno|date|month|money:[A-Z]{3})\Z")


def publish(nodes: Sequence[FormNode]) -> Plan:
    """Return the plan of a form.

    Raises:
        FormRefused: With a pointer into *nodes* for each thing that is wrong.
    """
    problems: list[FieldError] = []
    outline = _Outline(problems)
    outline.read(nodes, "", frame="", group=None, server=False)
    _refuse(problems)
    plan = _built(outline, problems)
    _refuse(problems)
    problems.extend(revealing(plan))
    problems.extend(impossible(plan))
    _refuse(problems)
    return plan


def _refuse(problems: Sequence[FieldError]) -> None:
    if problems:
        raise FormRefused(
            f"The form cannot be published: {problems[0].detail}", errors=tuple(problems)
        )


class _Placed(Struct, frozen=True, kw_only=True):
    """A node with its place in the form."""

    node: FormNode
    path: str
    frame: str
    group: str | None
    pointer: str
    server: bool


class _Outline:
    """Reads the tree of a form: what there is, where, and what can be read of it."""

    def __init__(self, problems: list[FieldError]) -> None:
        self.problems = problems
        self.placed: list[_Placed] = []
        self.known: dict[str, dict[str, Known]] = {"": {}}
        self.taken: set[str] = set()

    def read(
        self,
        nodes: Sequence[FormNode],
        pointer: str,
        *,
        frame: str,
        group: str | None,
        server: bool,
    ) -> None:
        for number, node in enumerate(nodes):
            self._node(node, f"{pointer}/{number}", frame, group, server=server or node.server)

    def _node(
        self, node: FormNode, pointer: str, frame: str, group: str | None, *, server: bool
    ) -> None:
        path = f"{frame}/{node.id}" if frame else node.id
        if not _ID.match(node.id) or len(node.id) > _LONGEST_ID:
            self._wrong(
                f"{pointer}/id",
                "An id is lower-case letters, digits and underscores, with dots between its parts.",
            )
        if path in self.taken:
            self._wrong(f"{pointer}/id", f"There is a {node.id!r} already.", "not-unique")
        self.taken.add(path)
        self.placed.append(
            _Placed(node=node, path=path, frame=frame, group=group, pointer=pointer, server=server)
        )
        if len(self.placed) == MAX_FORM_NODES + 1:
            self._wrong(pointer, f"A form has at most {MAX_FORM_NODES} parts.", "too-large")
        self._shape(node, pointer)
        if node.repeat is not None:
            self.known[path] = {}
            self.known[frame][node.id] = Known(type=f"list:record:{path}", most=node.max)
            self.read(node.repeat, f"{pointer}/repeat", frame=path, group=None, server=server)
        elif node.children is not None:
            self.read(node.children, f"{pointer}/children", frame=frame, group=path, server=server)
        elif node.type is not None:
            choices = None if node.values is None else frozenset(node.values)
            self.known[frame][node.id] = Known(type=node.type, values=choices)

    def _shape(self, node: FormNode, pointer: str) -> None:
        kinds = [node.type is not None, node.children is not None, node.repeat is not None]
        if sum(kinds) > 1:
            self._wrong(pointer, "A node has a type, or children, or a repeat: one of these.")
        if node.type is not None and not _TYPE.match(node.type):
            self._wrong(
                f"{pointer}/type",
                "A type is text, number, yesno, date, month or money:EUR, or list: before these.",
            )
        if node.type is None and not isinstance(node.value, UnsetType):
            self._wrong(f"{pointer}/type", "Say of what type the value is.")
        if node.values is not None and (
            node.type not in ("text", "list:text") or not isinstance(node.value, UnsetType)
        ):
            self._wrong(f"{pointer}/values", "Only a text that is asked can be a choice.")
        if node.values is not None and not node.values:
            self._wrong(f"{pointer}/values", "Give at least one answer to choose from.")
        if not 0 <= node.min <= node.max <= MAX_ITEMS or node.max < 1:
            self._wrong(f"{pointer}/max", f"A repeat has up to {MAX_ITEMS} items, min to max.")
        unasked = not isinstance(node.value, UnsetType) or not (kinds[0] or kinds[2])
        if unasked and node.required is not False:
            self._wrong(
                f"{pointer}/required", "Nobody is asked for this, so that it cannot be required."
            )

    def _wrong(self, pointer: str, detail: str, code: str = "invalid") -> None:
        self.problems.append(FieldError(pointer=pointer, detail=detail, code=code))


def _built(outline: _Outline, problems: list[FieldError]) -> Plan:
    steps = [_step(placed, outline, problems) for placed in outline.placed]
    _refuse(problems)
    by_path = {step.path: step for step in steps}
    needs = {step.path: _needs(step) for step in steps}
    names = list(by_path)
    if cycle := a_cycle(names, needs):
        round_trip = " → ".join([*cycle, cycle[0]])
        problems.append(
            FieldError(
                pointer=by_path[cycle[0]].pointer,
                detail=f"These need one another in a circle: {round_trip}.",
                code="cycle",
            )
        )
        return Plan(steps=(), order=())
    total = sum(_cost(step, by_path) for step in steps)
    if total > MAX_FORM_STEPS:
        problems.append(
            FieldError(
                pointer="",
                detail=f"All rules together can take {total:,} steps, and a form may take "
                f"{MAX_FORM_STEPS:,}: give repeats a lower maximum.",
                code="too-costly",
            )
        )
    return Plan(steps=tuple(steps), order=tuple(by_path[name] for name in in_order(names, needs)))


def _step(placed: _Placed, outline: _Outline, problems: list[FieldError]) -> Step:
    node = placed.node
    readable = Readable(
        fields=outline.known[""], records=outline.known, items=_items(placed.frame, outline)
    )

    def rule(source: Any, part: str, wanted: Type) -> Rule | None:
        try:
            tree = parse(source)
            found = infer(tree, readable)
            if wanted == "yesno":
                require_yesno(found)
            elif found.type != wanted:
                raise ExpressionRefused(  # noqa: TRY301  # told like every other refusal
                    f"This gives {found.type}, and the field is {wanted}.",
                    reason="type-mismatch",
                    pointer="",
                )
        except ExpressionRefused as refused:
            problems.append(
                FieldError(
                    pointer=f"{placed.pointer}{part}{refused.pointer}",
                    detail=refused.detail,
                    code=refused.reason,
                )
            )
            return None
        return Rule(tree=tree, run=compiled(tree), found=found)

    checks = []
    for number, check in enumerate(node.checks):
        part = f"/checks/{number}/expr"
        made = rule(check.expr, part, "yesno")
        if made is not None:
            checks.append(
                JudgedCheck(rule=made, part=part, message=check.message, level=check.level)
            )
    value = None
    if not isinstance(node.value, UnsetType) and node.type is not None:
        value = rule(_as_type(node.value, node.type), "/value", node.type)
    required: Rule | bool = node.required is True
    if isinstance(node.required, dict):
        required = rule(node.required, "/required", "yesno") or False
    return Step(
        path=placed.path,
        id=node.id,
        frame=placed.frame,
        group=placed.group,
        pointer=placed.pointer,
        kind=_kind(node),
        type=node.type,
        values=None if node.values is None else frozenset(node.values),
        show=None if isinstance(node.show, UnsetType) else rule(node.show, "/show", "yesno"),
        required=required,
        value=value,
        checks=tuple(checks),
        min=node.min,
        max=node.max,
        server=placed.server,
    )


def _as_type(source: Any, type_: Type) -> Any:
    """Return a value that is only text, for a date or a month, as what it stands for."""
    return {type_: [source]} if isinstance(source, str) and type_ in ("date", "month") else source


def _kind(node: FormNode) -> Kind:
    if node.repeat is not None:
        return "repeat"
    if node.children is not None:
        return "group"
    if node.type is None:
        return "note"
    return "field" if isinstance(node.value, UnsetType) else "computed"


def _items(frame: str, outline: _Outline) -> tuple[Known, ...]:
    """Return the items around whatever stands in *frame*, innermost first."""
    parts = frame.split("/") if frame else []
    paths = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    return tuple(
        Known(type=f"record:{path}", most=_known_repeat(path, outline).most)
        for path in reversed(paths)
    )


def _known_repeat(path: str, outline: _Outline) -> Known:
    frame, _, name = path.rpartition("/")
    return outline.known[frame][name]


def _needs(step: Step) -> frozenset[str]:
    """Return what has to be worked out before *step* can be."""
    needs = {step.group or step.frame} - {""}
    for rule in (step.show, step.value):
        if rule is not None:
            needs |= rule.found.reads
    return frozenset(needs)


def _cost(step: Step, by_path: Mapping[str, Step]) -> int:
    rules = [step.show, step.value, *(check.rule for check in step.checks)]
    if isinstance(step.required, Rule):
        rules.append(step.required)
    times, frame = 1, step.frame
    while frame:
        times *= by_path[frame].max
        frame = by_path[frame].frame
    return times * (1 + sum(rule.found.steps for rule in rules if rule is not None))
