"""One answer: what each kind of field takes, and how it is written down.

Amounts and percentages are stored as decimal text with two decimals. Their digits are counted
before anything computes with them: a few characters such as ``0.1e400`` can otherwise stand for a
number of four hundred digits.
"""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from context.bsn import contains_bsn
from context.errors import AnswersRefused
from context.model import (
    ChoiceField,
    FactInput,
    Field,
    IntegerField,
    LongTextField,
    MoneyField,
    MonthField,
    NoteField,
    PercentField,
    TextField,
    Value,
    YesNoField,
)
from context.words import say
from kernel.errors import FieldError
from kernel.people import Language

MAX_TEXT: Final = 10_000
_LONGEST_WORD: Final = 80
_PATH: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\Z")
_AMOUNT: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?\Z")
_MONTH: Final = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])\Z")
_HUNDRED: Final = Decimal(100)
_TOO_MUCH: Final = 10**10


class AnswerRefused(ValueError):
    """An answer does not fit its field; the code says how, the sentence is for who answered."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def sentence(self, language: Language) -> str:
        """Return what is wrong and what to do, in *language*."""
        return say(f"refused.{self.code}", language, **self.values)


def parse_answer(field: Field, given: Any) -> Value | None:
    """Return *given* as it is stored; none, and text without content, take an answer back.

    Raises:
        AnswerRefused: It does not fit the field.
    """
    if given is None or given == "":
        return None
    return _READERS[type(field)](field, given)


def plain_text(given: Any, limit: int, *, lines: bool) -> str | None:
    """Return *given* without white space around it, or none if nothing is left.

    Raises:
        AnswerRefused: It is no text, too long, has characters that cannot be shown, or holds what
            looks like a citizen service number.
    """
    if not isinstance(given, str):
        raise AnswerRefused("not-text")
    words = given.replace("\r\n", "\n").strip()
    if len(words) > limit:
        raise AnswerRefused("too-long", limit=str(limit))
    allowed = "\n\t" if lines else ""
    # Cc are control characters, Cs half characters that no database or mail can carry.
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in allowed for each in words):
        raise AnswerRefused("not-printable")
    if contains_bsn(words):
        raise AnswerRefused("bsn-refused")
    return words or None


def is_month(value: object) -> bool:
    """Return whether *value* is a month as it is stored: ``2029-04``."""
    return isinstance(value, str) and _MONTH.match(value) is not None


def check_fact(fact: FactInput) -> None:
    """Refuse a fact that may not be kept, or that could not be read back.

    Raises:
        AnswersRefused: With a pointer to what is wrong.
    """
    problems = []
    if not _PATH.match(fact.path):
        detail = "A path is words of lower-case letters, digits and underscores, joined by dots."
        problems.append(FieldError(pointer="/path", detail=detail))
    for name in ("channel", "actor", "unit", "form"):
        word = getattr(fact, name)
        if word is not None and not (len(word) <= _LONGEST_WORD and word.isprintable()):
            detail = f"This has at most {_LONGEST_WORD} characters, all of which can be shown."
            problems.append(FieldError(pointer=f"/{name}", detail=detail))
    if isinstance(fact.value, str):
        try:
            plain_text(fact.value, MAX_TEXT, lines=True)
        except AnswerRefused as refused:
            detail = refused.sentence("en")
            problems.append(FieldError(pointer="/value", detail=detail, code=refused.code))
    elif isinstance(fact.value, int) and abs(fact.value) >= _TOO_MUCH:
        problems.append(FieldError(pointer="/value", detail="This number is too large."))
    if problems:
        raise AnswersRefused(problems[0].detail, errors=tuple(problems))


def _text(field: TextField, given: Any) -> str | None:
    return plain_text(given, field.max_length, lines=False)


def _long_text(field: LongTextField, given: Any) -> str | None:
    return plain_text(given, field.max_length, lines=True)


def _choice(field: ChoiceField, given: Any) -> str:
    if given not in [choice.value for choice in field.choices]:
        raise AnswerRefused("not-offered")
    return str(given)


def _yesno(field: YesNoField, given: Any) -> bool:
    if not isinstance(given, bool):
        raise AnswerRefused("not-yesno")
    return given


def _integer(field: IntegerField, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool):
        raise AnswerRefused("not-whole")
    if not field.minimum <= given <= field.maximum:
        raise AnswerRefused("out-of-bounds", minimum=str(field.minimum), maximum=str(field.maximum))
    return given


def _money(field: MoneyField, given: Any) -> str:
    return _decimal_text(given, "not-money")


def _percent(field: PercentField, given: Any) -> str:
    text = _decimal_text(given, "not-percent")
    if Decimal(text) > _HUNDRED:
        raise AnswerRefused("not-percent")
    return text


def _month(field: MonthField, given: Any) -> str:
    if not is_month(given):
        raise AnswerRefused("not-month")
    return str(given)


def _note(field: NoteField, given: Any) -> None:
    raise AnswerRefused("unknown-field")


def _decimal_text(given: Any, code: str) -> str:
    """Return digits with two decimals; whole numbers may be sent as such, floats may not."""
    whole = isinstance(given, int) and not isinstance(given, bool) and 0 <= given < _TOO_MUCH
    text = str(given) if whole else given
    if not isinstance(text, str) or not _AMOUNT.match(text):
        raise AnswerRefused(code)
    return f"{Decimal(text):.2f}"


_READERS: Final[dict[type[Field], Callable[[Any, Any], Value | None]]] = {
    TextField: _text,
    LongTextField: _long_text,
    ChoiceField: _choice,
    YesNoField: _yesno,
    IntegerField: _integer,
    MoneyField: _money,
    PercentField: _percent,
    MonthField: _month,
    NoteField: _note,
}
