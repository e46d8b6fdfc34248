"""What rules compute with: exact numbers of a bounded size, dates, and how both are written.

A number has at most twenty decimals and is smaller than 10^20. What has more decimals is rounded
half up, what is larger is refused: an exact fixed-point number, the same in Python's decimals and
in the integers of a browser. Dates and months are kept as ISO 8601 writes them, which sorts as time
does.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
)
from typing import Any, Final, TypeAlias

Scalar: TypeAlias = str | Decimal | bool
"""What an expression computes with, besides lists."""

Type: TypeAlias = str
"""``text``, ``number``, ``yesno``, ``date``, ``month``, ``money:EUR``, ``record:loans`` (one item
of a repeat), or ``list:`` before any of these."""

DECIMALS: Final = 20
LIMIT: Final = Decimal(10) ** 20
MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 200
ZERO: Final = Decimal(0)

ROUNDINGS: Final = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "ceiling": ROUND_CEILING,
    "floor": ROUND_FLOOR,
}
"""Ways to round, by the name that a rule gives them; *up* is away from zero."""

# Two numbers of forty digits multiply to eighty; no result is ever cut short by the context.
_EXACT: Final = Context(prec=100, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_WHOLLY: Final = Context(prec=100, rounding=ROUND_HALF_UP, traps=[InvalidOperation, Inexact])
_STEP: Final = Decimal(1).scaleb(-DECIMALS)
_CENT: Final = Decimal("0.01")
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?\Z", re.ASCII)
_LARGEST_JSON_NUMBER: Final = 10**15
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z", re.ASCII)
_MONTHS: Final = 12
_LAST_MONTH: Final = 9999 * _MONTHS + 11
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2


# --- numbers -------------------------------------------------------------------------------------

add: Final[Callable[[Decimal, Decimal], Decimal]] = _EXACT.add
subtract: Final[Callable[[Decimal, Decimal], Decimal]] = _EXACT.subtract
negate: Final[Callable[[Decimal], Decimal]] = _EXACT.minus


def multiply(one: Decimal, other: Decimal) -> Decimal:
    """Return the product, rounded half up to twenty decimals."""
    return _fixed(_EXACT.multiply(one, other))


def divide(one: Decimal, other: Decimal) -> Decimal:
    """Return the quotient, rounded half up to twenty decimals; *other* is not zero."""
    # The context rounds to a hundred digits; a quotient that only just misses a half could then be
    # rounded twice. Whole numbers have an exact remainder.
    up = _EXACT.scaleb(one, 2 * DECIMALS)
    down = _EXACT.scaleb(other, DECIMALS)
    whole, rest = divmod(abs(int(up)), abs(int(down)))
    if 2 * rest >= abs(int(down)):
        whole += 1
    return Decimal(whole if (one < 0) == (other < 0) else -whole).scaleb(-DECIMALS, _EXACT)


def round_to(number: Decimal, scale: int, mode: str) -> Decimal:
    """Return *number* with *scale* decimals; a negative scale rounds to tens, hundreds and on."""
    step = Decimal(1).scaleb(-scale)
    return number.quantize(step, rounding=ROUNDINGS[mode], context=_EXACT)


def to_cents(number: Decimal) -> Decimal:
    """Return *number* as an amount that can be paid."""
    return number.quantize(_CENT, rounding=ROUND_HALF_UP, context=_EXACT)


def number_from(given: Any) -> Decimal | None:
    """Return *given*, a JSON number or decimal text, as an exact number; none if it cannot be.

    A few characters such as ``0.1e400`` can stand for four hundred digits, and a JSON number above
    10^15 is not the same in every program: neither is a number here.
    """
    if isinstance(given, int | float):
        bounded = -_LARGEST_JSON_NUMBER < given < _LARGEST_JSON_NUMBER
        # The shortest text that reads back as the same float is what the author wrote.
        given = str(given) if bounded and not isinstance(given, bool) else None
    if not isinstance(given, str) or not _NUMBER.match(given):
        return None
    number = Decimal(given)
    if not number:
        return ZERO
    if not -DECIMALS <= number.adjusted() < DECIMALS:
        return None
    try:
        number.quantize(_STEP, context=_WHOLLY)
    except Inexact:
        return None
    return number


def number_text(number: Decimal) -> str:
    """Return the one way to write a number: no exponent, no zeros that say nothing."""
    if not number:
        return "0"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _fixed(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS:
        return number.quantize(_STEP, context=_EXACT)
    return number


# --- dates ---------------------------------------------------------------------------------------


def is_date(text: str) -> bool:
    """Return whether *text* is a day of the calendar: ``2026-11-23``."""
    return bool(_DATE.match(text)) and _is_day(text)


def is_month(text: str) -> bool:
    """Return whether *text* is a calendar month: ``2029-04``."""
    return bool(_MONTH.match(text)) and text[:4] != "0000"


def days_between(start: str, end: str) -> int:
    """Return how many days later *end* is; fewer than none if it comes before."""
    return date.fromisoformat(end).toordinal() - date.fromisoformat(start).toordinal()


def add_months(start: str, months: int) -> str | None:
    """Return the same day of another month, or the last one where that month is shorter.

    None is returned for what lies outside the years 1 to 9999.
    """
    year, month = divmod(_months(start) + months, _MONTHS)
    if not _MONTHS <= _months(start) + months <= _LAST_MONTH:
        return None
    found = f"{year:04}-{month + 1:02}"
    if len(start) == len(found):
        return found
    return f"{found}-{min(int(start[8:]), _last_day(year, month + 1)):02}"


def months_between(start: str, end: str) -> int:
    """Return how many whole months fit between two dates, or two months.

    A month is whole once `add_months` to the earlier one does not pass the later one. Fewer than
    none if *end* comes before *start*.
    """
    if end < start:
        return -months_between(end, start)
    months = _months(end) - _months(start)
    arrived = add_months(start, months)
    return months - 1 if arrived is not None and arrived > end else months


def years_between(start: str, end: str) -> int:
    """Return how many whole years fit between two dates, or two months."""
    months = months_between(start, end)
    return months // _MONTHS if months >= 0 else -(-months // _MONTHS)


def _months(text: str) -> int:
    return int(text[:4]) * _MONTHS + int(text[5:7]) - 1


def _is_day(text: str) -> bool:
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:])
    return year > 0 and 1 <= month <= _MONTHS and 1 <= day <= _last_day(year, month)


def _last_day(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + (leap and month == _FEBRUARY)


# --- answers -------------------------------------------------------------------------------------


def fit(type_: Type, given: Any, values: frozenset[str] | None = None) -> Any:
    """Return an answer as rules compute with it; none if it does not fit its type.

    Args:
        type_: The type of the field.
        given: The answer as JSON holds it.
        values: What there is to choose from, if not everything will do.
    """
    if type_.startswith("list:"):
        if not isinstance(given, list) or len(given) > MAX_ITEMS:
            return None
        items = [fit(type_[5:], item, values) for item in given]
        return None if None in items else items
    if type_ == "number" or type_.startswith("money:"):
        return number_from(given)
    if type_ == "yesno":
        return given if isinstance(given, bool) else None
    return given if isinstance(given, str) and _fits(type_, given, values) else None


def _fits(type_: Type, given: str, values: frozenset[str] | None) -> bool:
    if type_ == "date":
        return is_date(given)
    if type_ == "month":
        return is_month(given)
    return len(given) <= MAX_TEXT and (values is None or given in values)
