"""Numbers and dates below the rules: their laws hold for whatever anybody types."""

from calendar import monthrange
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.expressions import values

NUMBERS = st.integers(-(10**40) + 1, 10**40 - 1).map(lambda each: Decimal(f"{each}e-20"))
SMALL = st.integers(-(10**25), 10**25).map(lambda each: Decimal(f"{each}e-20"))
DATES = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)


def half_up(exact: Fraction) -> Fraction:
    """Round to twenty decimals, halves away from zero, the long way."""
    scaled = abs(exact) * 10**20
    whole = int(scaled) + (scaled - int(scaled) >= Fraction(1, 2))
    return Fraction(whole if exact >= 0 else -whole, 10**20)


@given(NUMBERS, NUMBERS.filter(bool))
def test_a_quotient_is_rounded_once(one: Decimal, other: Decimal) -> None:
    """It is the exact fraction, rounded half up to twenty decimals, however close to a half."""
    quotient = values.divide(one, other)

    assert Fraction(quotient) == half_up(Fraction(one) / Fraction(other))


@given(NUMBERS, NUMBERS)
def test_a_product_is_rounded_once(one: Decimal, other: Decimal) -> None:
    """It is the exact product, rounded half up to twenty decimals."""
    product = values.multiply(one, other)

    assert Fraction(product) == half_up(Fraction(one) * Fraction(other))


@given(NUMBERS, NUMBERS)
def test_sums_and_differences_are_exact(one: Decimal, other: Decimal) -> None:
    """Nothing is ever lost by adding or taking away."""
    assert Fraction(values.add(one, other)) == Fraction(one) + Fraction(other)
    assert Fraction(values.subtract(one, other)) == Fraction(one) - Fraction(other)


@given(SMALL, st.integers(-15, 20), st.sampled_from(sorted(values.ROUNDINGS)))
def test_rounding_stays_within_a_step(number: Decimal, scale: int, mode: str) -> None:
    """The result has the scale, is next to the number, and is on the side that the mode says."""
    rounded = Fraction(values.round_to(number, scale, mode))
    step = Fraction(10) ** -scale
    exact = Fraction(number)

    assert (rounded / step).denominator == 1
    assert abs(rounded - exact) <= (step / 2 if mode.startswith("half") else step)
    sides = {
        "up": abs(rounded) >= abs(exact),
        "down": abs(rounded) <= abs(exact),
        "ceiling": rounded >= exact,
        "floor": rounded <= exact,
    }
    assert sides.get(mode, True)


@given(NUMBERS)
def test_a_number_is_written_in_one_way(number: Decimal) -> None:
    """Its text reads back as itself, has no exponent, and says nothing twice."""
    text = values.number_text(number)

    assert values.number_from(text) == number
    assert values.number_text(values.number_from(text) or Decimal(0)) == text
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))
    assert text != "-0"


@given(
    st.one_of(
        st.text(max_size=60),
        st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{0,45})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
        st.floats(),
        st.integers(),
        st.integers(10**4999, 10**5000),
        st.none(),
        st.booleans(),
        st.lists(st.integers()),
    )
)
def test_whatever_is_typed_is_a_bounded_number_or_none(typed: Any) -> None:
    """Nothing raises, and what comes out is small enough to compute with."""
    number = values.number_from(typed)

    if number is not None:
        assert abs(number) < values.LIMIT
        assert (Fraction(number) * 10**20).denominator == 1
    assert not isinstance(typed, bool) or number is None


@pytest.mark.parametrize("typed", ["0.1e400", "1e999", "-1e-999", "9" * 40, "NaN", "Infinity", "٣"])
def test_what_no_number_is_meant_to_be_is_none(typed: str) -> None:
    """Huge exponents, words and digits of other scripts are no numbers."""
    assert values.number_from(typed) is None


@given(DATES, st.integers(-2000, 2000))
def test_months_are_added_as_a_calendar_does(start: str, months: int) -> None:
    """The day stays, or is the last one of a shorter month; what is no date is none."""
    found = values.add_months(start, months)
    year, month = divmod(int(start[:4]) * 12 + int(start[5:7]) - 1 + months, 12)

    if found is None:
        assert not 1 <= year <= 9999
        return
    day = date.fromisoformat(found)
    assert (day.year, day.month) == (year, month + 1)
    assert day.day == min(int(start[8:]), monthrange(day.year, day.month)[1])


@given(DATES, DATES)
def test_whole_months_are_as_many_as_fit(start: str, end: str) -> None:
    """Adding them does not pass the later date, and one more does; backwards is the opposite."""
    first, last = sorted((start, end))
    months = values.months_between(first, last)
    arrived, beyond = (values.add_months(first, months + more) for more in (0, 1))

    assert arrived is not None
    assert arrived <= last
    assert beyond is None or beyond > last
    assert values.months_between(last, first) == -months
    assert values.years_between(first, last) == months // 12
    assert values.years_between(last, first) == -(months // 12)


@given(DATES, DATES)
def test_days_are_counted_by_the_calendar(start: str, end: str) -> None:
    """As many as Python's own dates lie apart."""
    apart = date.fromisoformat(end) - date.fromisoformat(start)

    assert values.days_between(start, end) == apart.days


@given(st.one_of(DATES, st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True), st.text()))
def test_a_date_is_one_that_the_calendar_has(text: str) -> None:
    """What Python can read as a day is a date, and nothing else is."""
    try:
        real = date.fromisoformat(text).isoformat() == text
    except ValueError:
        real = False

    assert values.is_date(text) is real
