"""A whole form as rules see it: what is asked, what is worked out, and what is wrong.

A `Plan` is made by `context.expressions.publishing`, once; `evaluate` runs it on answers, as often
as anybody types. It is pure. The same plan, as JSON (see `context.expressions.partial`), runs in
the browser and gives the same.

- What is hidden is absent, for every rule; a hidden group hides all within, a hidden repeat has no
  items.
- Fields are worked out in the order in which they need one another, whatever order they stand in.
- A computed field takes no answer. Amounts are worked out to the cent, so that what people see
  adds up.
- A check is judged once its field has an answer, and fails unless it is true.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from context.expressions import values
from context.expressions.checking import Found
from context.expressions.compiling import Diagnostic, Evaluate, Run, Scope
from context.expressions.syntax import Node
from context.expressions.values import LIMIT, MAX_ITEMS, Type, fit

Level: TypeAlias = Literal["error", "warn"]


# --- what an author writes -----------------------------------------------------------------------


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that has to be true of an answer; *message* names the sentence that says so."""

    expr: Any
    message: str
    level: Level = "error"


class FormNode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field, a group with *children*, a repeat with *repeat*, or, with none of these, a note.

    Attributes:
        id: Stable name; unique in the form, or in the item that it belongs to.
        type: What the answer is.
        values: What there is to choose from.
        show: When it is asked; always if nothing is said.
        required: Whether there has to be an answer.
        value: What it is worked out from; nobody is asked.
        checks: What has to be true of the answer.
        children: What a group holds.
        repeat: What each item of a repeat holds.
        min: The fewest items of a repeat.
        max: The most.
        server: Whether it is kept from the browser, with all that it holds.
    """

    id: str
    type: Type | None = None
    values: tuple[str, ...] | None = None
    show: Any | UnsetType = UNSET
    required: bool | dict[str, Any] = False
    value: Any | UnsetType = UNSET
    checks: tuple[Check, ...] = ()
    children: "tuple[FormNode, ...] | None" = None
    repeat: "tuple[FormNode, ...] | None" = None
    min: int = 0
    max: int = MAX_ITEMS
    server: bool = False


# --- what is made of it --------------------------------------------------------------------------

Kind: TypeAlias = Literal["field", "computed", "group", "repeat", "note"]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule of a field: as a tree, ready to run, and what was found out about it."""

    tree: Node
    run: Evaluate
    found: Found


class JudgedCheck(Struct, frozen=True, kw_only=True):
    """A check that is ready to run."""

    rule: Rule
    part: str
    message: str
    level: Level


class Step(Struct, frozen=True, kw_only=True):
    """One node of a form, ready to run.

    Attributes:
        path: Its name in the form: ``loans/amount``.
        id: Its name where it stands.
        frame: The path of the repeat to whose items it belongs; empty for the form itself.
        group: The path of the group around it, within the same frame.
        pointer: Where it stands in what the author wrote.
        kind: What it is.
        type: What its answer is, if it has one.
        values: What there is to choose from.
        show: When it is asked.
        required: Whether there has to be an answer.
        value: What it is worked out from.
        checks: What has to be true of the answer.
        min: The fewest items.
        max: The most items.
        server: Whether it is kept from the browser.
    """

    path: str
    id: str
    frame: str
    group: str | None
    pointer: str
    kind: Kind
    type: Type | None
    values: frozenset[str] | None
    show: Rule | None
    required: Rule | bool
    value: Rule | None
    checks: tuple[JudgedCheck, ...]
    min: int
    max: int
    server: bool


class Plan(Struct, frozen=True, kw_only=True):
    """A published form: its steps as they stand, and as they are worked out."""

    steps: tuple[Step, ...]
    order: tuple[Step, ...]


# --- running it ----------------------------------------------------------------------------------


class Failed(Struct, frozen=True, kw_only=True):
    """A check that failed."""

    message: str
    level: Level


class State(Struct, kw_only=True):
    """What became of one node.

    Attributes:
        visible: Whether it shows.
        required: Whether there has to be an answer.
        value: The answer, or what was worked out; none is absent. Of a repeat its items.
        failed: The checks that failed.
    """

    visible: bool = True
    required: bool = False
    value: Any = None
    failed: tuple[Failed, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether there has to be an answer and is none; an empty text or list is none."""
        return self.required and (self.value is None or self.value in ("", []))


class Evaluation(Struct, frozen=True, kw_only=True):
    """A form as it stands for certain answers.

    Attributes:
        states: What became of every node, by name; in an item ``loans/0/amount``. What stands in
            an item of a hidden repeat is not there at all.
        values: Every value that is not absent, the items of repeats within it.
        diagnostics: What went wrong in rules and answers.
    """

    states: dict[str, State]
    values: dict[str, Any]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def missing(self) -> list[str]:
        """The names of what has to be answered still."""
        return [name for name, state in self.states.items() if state.missing]

    @property
    def complete(self) -> bool:
        """Whether the form can be handed in: nothing is missing, and nothing is an error."""
        return not any(
            state.missing or any(each.level == "error" for each in state.failed)
            for state in self.states.values()
        )


class _Frame(Scope):
    """The form, or one item of a repeat, while it is worked out."""

    __slots__ = ("given", "hidden", "prefix")

    def __init__(
        self, run: Run, given: Mapping[str, Any], prefix: str, index: int, parent: "Scope | None"
    ) -> None:
        super().__init__(run, {}, index, parent)
        self.given = given
        self.prefix = prefix
        self.hidden: set[str] = set()


_HIDDEN: Final = State(visible=False)
_TOO_FEW: Final = Failed(message="too-few", level="error")
_TOO_MANY: Final = Failed(message="too-many", level="error")


def evaluate(plan: Plan, answers: Mapping[str, Any], today: str | None) -> Evaluation:
    """Return what becomes of a form for *answers*.

    Args:
        plan: The form.
        answers: What was said, as JSON: by id, a repeat as a list of its items. What does not fit
            its field is absent, and told as a diagnostic.
        today: The date where the organisation is, as ISO 8601 writes it.
    """
    run = Run(today)
    form = _Frame(run, answers, "", 0, None)
    frames: dict[str, list[_Frame]] = {"": [form]}
    states: dict[str, State] = {}
    for step in plan.order:
        if step.kind == "repeat":
            frames[step.path] = []
        for frame in frames[step.frame]:
            _settle(step, frame, frames, states)
    for step in plan.steps:
        if step.checks or step.required or step.kind == "repeat":
            for frame in frames[step.frame]:
                _judge(step, frame, states[frame.prefix + step.id])
    return Evaluation(states=states, values=form.item, diagnostics=tuple(run.diagnostics))


def disagreements(plan: Plan, answers: Mapping[str, Any], evaluation: Evaluation) -> list[str]:
    """Return the names of computed fields for which a client sent another value than ours."""
    return [
        name
        for step in plan.steps
        if step.kind == "computed" and step.type is not None
        for name, sent in _sent(step, plan, answers)
        if fit(step.type, sent) != _value_of(evaluation, name)
    ]


def _value_of(evaluation: Evaluation, name: str) -> Any:
    state = evaluation.states.get(name)
    return None if state is None else state.value


def _sent(step: Step, plan: Plan, answers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what was sent for *step*, in every item it stands in."""
    places: list[tuple[str, Any]] = [("", answers)]
    for part in step.frame.split("/") if step.frame else []:
        places = [
            (f"{prefix}{part}/{number}/", item)
            for prefix, given in places
            if isinstance(given, Mapping) and isinstance(given.get(part), list)
            for number, item in enumerate(given[part])
        ]
    for prefix, given in places:
        if isinstance(given, Mapping) and given.get(step.id) is not None:
            yield prefix + step.id, given[step.id]


def _settle(
    step: Step, frame: _Frame, frames: dict[str, list[_Frame]], states: dict[str, State]
) -> None:
    """Find out whether a node shows, and its value."""
    run = frame.run
    run.node = name = frame.prefix + step.id
    run.part = "/show"
    if step.group in frame.hidden or (step.show is not None and step.show.run(frame) is not True):
        states[name] = _HIDDEN
        if step.kind == "group":
            frame.hidden.add(step.path)
        return
    value = None
    if step.kind == "computed":
        value = _computed(step, frame)
    elif step.kind == "field":
        value = _answered(step, frame)
    elif step.kind == "repeat":
        made = _opened(step, frame, name)
        frames[step.path].extend(made)
        value = [each.item for each in made]
    if value is not None:
        frame.item[step.id] = value
    states[name] = State(value=value)


def _computed(step: Step, frame: _Frame) -> Any:
    frame.run.part = "/value"
    value = None if step.value is None else step.value.run(frame)
    if isinstance(value, Decimal) and step.type is not None and step.type.startswith("money:"):
        value = values.to_cents(value)
        if not -LIMIT < value < LIMIT:
            frame.run.report("too-large", "")
            return None
    return value


def _answered(step: Step, frame: _Frame) -> Any:
    given = frame.given.get(step.id)
    if given is None or step.type is None:
        return None
    value = fit(step.type, given, step.values)
    if value is None:
        frame.run.part = ""
        frame.run.report("unfit-answer", "")
    return value


def _opened(step: Step, frame: _Frame, name: str) -> list[_Frame]:
    """Return a frame for each item of a repeat; one that nobody has added to has none."""
    given = frame.given.get(step.id)
    if given is None:
        return []
    frame.run.part = ""
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        frame.run.report("unfit-answer", "")
        return []
    # What is too much is told by `_judge`, and never worked out.
    return [
        _Frame(frame.run, item, f"{name}/{number}/", number, frame)
        for number, item in enumerate(given[: step.max])
    ]


def _judge(step: Step, frame: _Frame, state: State) -> None:
    """Find out whether a node that shows is required, and which of its checks fail."""
    if not state.visible:
        return
    run = frame.run
    run.node = frame.prefix + step.id
    if isinstance(step.required, Rule):
        run.part = "/required"
        state.required = step.required.run(frame) is True
    else:
        state.required = step.required
    failed = []
    if step.kind == "repeat":
        given = frame.given.get(step.id)
        if len(state.value) < step.min:
            failed.append(_TOO_FEW)
        if isinstance(given, list) and len(given) > step.max:
            failed.append(_TOO_MANY)
    if state.value is not None or step.kind in ("group", "note"):
        for check in step.checks:
            run.part = check.part
            if check.rule.run(frame) is not True:
                failed.append(Failed(message=check.message, level=check.level))
    if failed:
        state.failed = tuple(failed)
