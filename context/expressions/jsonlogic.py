"""Rules that were written for JsonLogic, as rules of ours: what changes in meaning is told.

JsonLogic converts types, takes anything for a condition, and compares what is missing. Ours does
none of this, so that a translation can decide otherwise where answers are missing or of another
type. `translate` says where that can be, and refuses what has no counterpart. The result is checked
like any other rule before it is published.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NoReturn

from msgspec import Struct

from context.errors import ExpressionRefused
from context.expressions.syntax import MAX_DEPTH

Loss = Literal["loose-equality", "missing-differs", "truthiness", "default"]
"""How a translation can decide otherwise: texts no longer equal numbers; what is missing no longer
differs from everything; an empty text or zero is no longer a no; a default also stands in for what
does not fit."""


class Lost(Struct, frozen=True, kw_only=True):
    """A place in a JsonLogic rule at which the translation can decide otherwise."""

    loss: Loss
    pointer: str


class Translation(Struct, frozen=True, kw_only=True):
    """A rule of ours, and what is not quite as it was."""

    rule: Any
    lost: tuple[Lost, ...]


def translate(source: Any) -> Translation:
    """Return a JsonLogic rule as one of ours.

    Raises:
        ExpressionRefused: With reason ``not-translated`` and a pointer into *source*.
    """
    translator = _Translator()
    rule = translator.rule(source, "", within=False)
    return Translation(rule=rule, lost=tuple(translator.lost))


_SAME: Final = {
    "and": "and",
    "or": "or",
    "!": "not",
    "*": "mul",
    "/": "div",
    "min": "min",
    "max": "max",
    "cat": "concat",
    "if": "if",
    "?:": "if",
}
_ORDERED: Final = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_EQUAL: Final = {"==": "eq", "===": "eq", "!=": "ne", "!==": "ne"}
_OVER: Final = {"some": "any", "all": "all", "none": "none", "filter": "filter", "map": "map"}
_CONDITIONS: Final = frozenset({"and", "or", "!"})
_BETWEEN: Final = 3


class _Translator:
    """Translates one rule, noting what is lost."""

    def __init__(self) -> None:
        self.lost: list[Lost] = []

    def rule(self, source: Any, pointer: str, *, within: bool) -> Any:
        """Return *source* in our language; *within* an item names mean the item's fields."""
        if pointer.count("/") > 2 * MAX_DEPTH:
            _refuse("It is too deep.", pointer)
        if not isinstance(source, dict):
            if source is None or isinstance(source, list):
                _refuse("A list or null stands where there has to be one value.", pointer)
            return source
        if len(source) != 1:
            _refuse("A rule has exactly one operator.", pointer)
        ((op, given),) = source.items()
        pointer = f"{pointer}/{_escaped(op)}"
        operands = given if isinstance(given, list) else [given]
        if op == "var":
            return self._var(operands, pointer, within=within)
        work = next((work for table, work in self._kinds() if op in table), None)
        if work is None:
            _refuse(f"{op[:40]!r} has no counterpart.", pointer)
        return work(op, operands, pointer, within)

    def _kinds(
        self,
    ) -> list[tuple[Mapping[str, str], Callable[[str, list[Any], str, bool], Any]]]:
        return [
            (_EQUAL, self._equal),
            (_ORDERED, self._ordered),
            (_OVER, self._over),
            ({"+": "add", "-": "sub"}, self._added),
            ({"in": "in"}, self._in),
            ({"!!": "present"}, self._truth),
            (_SAME, self._same),
        ]

    def _all(self, operands: list[Any], pointer: str, within: bool) -> list[Any]:
        return [
            self.rule(operand, f"{pointer}/{place}", within=within)
            for place, operand in enumerate(operands)
        ]

    def _var(self, operands: list[Any], pointer: str, *, within: bool) -> Any:
        name = operands[0] if operands else ""
        if not isinstance(name, str) or (not name and not within):
            _refuse("Only a field can be read, by its name.", pointer)
        path = name if not within else f"$item.{name}" if name else "$item"
        if len(operands) == 1:
            return {"f": path}
        self._lose("default", pointer)
        return {"coalesce": [{"f": path}, self.rule(operands[1], f"{pointer}/1", within=within)]}

    def _same(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        if op in _CONDITIONS and not all(_decides(operand) for operand in operands):
            self._lose("truthiness", pointer)
        return {_SAME[op]: self._all(operands, pointer, within)}

    def _equal(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        known = [operand for operand in operands if operand is not None]
        if len(operands) - len(known) == 1:
            there = {"present": self._all(known, pointer, within)}
            return there if op.startswith("!") else {"not": [there]}
        if op in ("==", "!="):
            self._lose("loose-equality", pointer)
        if op.startswith("!"):
            self._lose("missing-differs", pointer)
        return {_EQUAL[op]: self._all(operands, pointer, within)}

    def _ordered(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        found = self._all(operands, pointer, within)
        self._lose("missing-differs", pointer)
        if len(found) != _BETWEEN:
            return {_ORDERED[op]: found}
        return {"and": [{_ORDERED[op]: found[:2]}, {_ORDERED[op]: found[1:]}]}

    def _added(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        found = self._all(operands, pointer, within)
        if len(found) == 1:
            if op == "+":
                _refuse("A text is not made a number.", pointer)
            return {"neg": found}
        return {"add" if op == "+" else "sub": found}

    def _in(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        among = operands[-1] if len(operands) == len(("wanted", "among")) else ""
        if isinstance(among, str):
            _refuse("A part of a text is not looked for.", pointer)
        if not isinstance(among, list):
            return {"in": self._all(operands, pointer, within)}
        return {"in": [self.rule(operands[0], f"{pointer}/0", within=within), among]}

    def _over(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        if len(operands) != len(("list", "each")):
            _refuse("This takes a list and what is asked of each item.", pointer)
        listed, each = operands
        if op != "map" and not _decides(each):
            self._lose("truthiness", f"{pointer}/1")
        return {
            _OVER[op]: [
                self.rule(listed, f"{pointer}/0", within=within),
                self.rule(each, f"{pointer}/1", within=True),
            ]
        }

    def _truth(self, op: str, operands: list[Any], pointer: str, within: bool) -> Any:
        self._lose("truthiness", pointer)
        return {"present": self._all(operands[:1], pointer, within)}

    def _lose(self, loss: Loss, pointer: str) -> None:
        self.lost.append(Lost(loss=loss, pointer=pointer))


def _escaped(op: str) -> str:
    """Return *op* as one step of a JSON pointer (RFC 6901, section 3)."""
    return op.replace("~", "~0").replace("/", "~1")


def _decides(source: Any, deeper: int = MAX_DEPTH) -> bool:
    """Return whether something is a yes or no in JsonLogic too."""
    if not isinstance(source, dict) or not deeper:
        return isinstance(source, bool)
    deciding = {*_EQUAL, *_ORDERED, "!", "!!", "in", "some", "all", "none"}
    if len(source) != 1 or not deciding.isdisjoint(source):
        return len(source) == 1
    ((op, given),) = source.items()
    joined = op in ("and", "or") and isinstance(given, list)
    return joined and all(_decides(each, deeper - 1) for each in given)


def _refuse(detail: str, pointer: str) -> NoReturn:
    raise ExpressionRefused(
        f"This JsonLogic rule cannot be translated. {detail}",
        reason="not-translated",
        pointer=pointer,
    )
