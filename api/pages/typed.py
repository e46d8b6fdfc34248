"""Answers as people type them, and as they are kept; the other way round for showing them."""

import re
from typing import Any, Final

from api.pages.render import amount
from context.model import FieldView, Value
from kernel.people import Language

YES: Final = "yes"
NO: Final = "no"

_GROUPING: Final[dict[Language, str]] = {"nl": ".", "en": ","}
_DIGITS: Final = re.compile(r"[0-9]+\Z")
_GROUPED: Final = re.compile(r"[0-9]{1,3}([.,][0-9]{3})+\Z")
_TYPED_MONTH: Final = re.compile(r"(0?[1-9]|1[0-2])[-/. ]((?:19|20)[0-9]{2})\Z")


class Unreadable(ValueError):
    """What was typed cannot be such an answer."""


def read_answer(field: FieldView, text: str, language: Language) -> Any:
    """Return what was typed, as the context room takes it; nothing typed is none.

    Raises:
        Unreadable: It is no such thing.
    """
    text = text.strip()
    if not text:
        return None
    if field.kind in {"money", "percent"}:
        return decimal_text(text, language)
    if field.kind == "integer":
        return _integer(text, language)
    if field.kind == "yesno":
        return text == YES
    if field.kind == "month" and (found := _TYPED_MONTH.match(text)):
        return f"{found.group(2)}-{int(found.group(1)):02}"
    return text


def show_answer(field: FieldView, value: Value, language: Language) -> str:
    """Return a kept answer as its field shows it."""
    if isinstance(value, bool):
        return YES if value else NO
    if field.kind in {"money", "percent"}:
        return amount(value, language=language)
    return str(value)


def decimal_text(text: str, language: Language) -> str:
    """Return an amount as decimal text: ``1234.56`` for ``€ 1.234,56`` and for ``1,234.56``.

    A point or comma that could mean either (``1.234``) groups thousands where *language* groups
    with it, and is refused where it does not.

    Raises:
        Unreadable: It is no amount of zero or more, or could be two.
    """
    plain = re.sub(r"[\s€%]", "", text)
    plain = re.sub(r"[.,]-{1,2}\Z", "", plain)
    marks = [mark for mark in plain if mark in ".,"]
    if not marks:
        return _digits(plain)
    last = marks[-1]
    whole, _, rest = plain.rpartition(last)
    several_alike = marks.count(last) > 1
    could_group = len(marks) == 1 and len(rest) == 3  # noqa: PLR2004  # thousands
    if several_alike or could_group:
        if not _GROUPED.match(plain) or len(set(marks)) > 1:
            raise Unreadable(text)
        if could_group and last != _GROUPING[language]:
            raise Unreadable(text)
        return _digits(plain.replace(last, ""))
    if len(marks) > 1:
        if not _GROUPED.match(whole):
            raise Unreadable(text)
        whole = whole.replace(marks[0], "")
    return f"{_digits(whole)}.{_digits(rest)}"


def _integer(text: str, language: Language) -> int:
    plain = text.replace(" ", "")
    if _GROUPED.match(plain):
        plain = plain.replace(_GROUPING[language], "")
    digits = _digits(plain)
    if len(digits) > 15:  # noqa: PLR2004  # more than any number of months, years or children
        raise Unreadable(text)
    return int(digits)


def _digits(text: str) -> str:
    if not _DIGITS.match(text):
        raise Unreadable(text)
    return text
