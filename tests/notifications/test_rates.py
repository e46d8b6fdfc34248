"""What may stand in a rate card, and what is news."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from kernel.ids import new_id
from notifications import rates
from notifications.errors import RateInvalid
from notifications.model import Rate, RateInput

AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def entry(rate: str, valid_from: str = "2026-12-01", fixed_years: int = 10) -> RateInput:
    return RateInput(
        product="mortgage-annuity",
        fixed_years=fixed_years,
        rate=Decimal(rate),
        valid_from=date.fromisoformat(valid_from),
    )


def standing(rate: str, valid_from: str) -> Rate:
    return Rate(
        id=new_id("rte", AT),
        product="mortgage-annuity",
        fixed_years=10,
        rate=Decimal(rate),
        valid_from=date.fromisoformat(valid_from),
        published_at=AT,
    )


@pytest.mark.parametrize("rate", ["0", "3.85", "3.8", "3.850", "25", "25.00"])
def test_a_rate_from_nought_to_twenty_five_stands(rate: str) -> None:
    """The bounds themselves are allowed, and so is a nought at the end."""
    rates.check(entry(rate))


@pytest.mark.parametrize("rate", ["-0.01", "25.01", "385", "NaN", "Infinity", "3.855"])
def test_what_cannot_be_a_rate_is_refused_and_the_field_is_named(rate: str) -> None:
    """Too high, too low, no number, or finer than a letter shows it."""
    with pytest.raises(RateInvalid) as refused:
        rates.check(entry(rate))

    assert [error.pointer for error in refused.value.errors] == ["/rate"]


@pytest.mark.parametrize("years", [0, 31, -1])
def test_a_fixed_period_out_of_bounds_is_refused(years: int) -> None:
    """Nobody fixes a rate for longer than thirty years, or for none."""
    with pytest.raises(RateInvalid) as refused:
        rates.check(entry("3.85", fixed_years=years))

    assert refused.value.errors[0].pointer == "/fixed_years"


def test_an_unknown_product_is_refused_from_outside_and_from_inside() -> None:
    """The border refuses it by type, and the room itself does not trust that."""
    body = {"product": "loan", "fixed_years": 10, "rate": "3.85", "valid_from": "2026-12-01"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, RateInput)

    unknown = msgspec.structs.replace(entry("3.85"), product="loan")
    with pytest.raises(RateInvalid) as refused:
        rates.check(unknown)
    assert refused.value.errors[0].pointer == "/product"


def test_the_rate_that_held_before_is_the_latest_that_began_earlier_or_the_same_day() -> None:
    """Not the highest, and not one that is still to come."""
    line = [
        standing("3.60", "2026-10-01"),
        standing("3.70", "2026-11-01"),
        standing("3.90", "2027-01-01"),
    ]

    before = rates.holding_before(line, entry("3.80", "2026-11-01"))

    assert before is line[1]


def test_a_first_rate_and_an_unchanged_one_are_no_news() -> None:
    """Nobody is told that nothing changed."""
    assert not rates.is_news([], entry("3.85"))
    assert not rates.is_news([standing("3.85", "2026-11-01")], entry("3.850"))
    assert rates.is_news([standing("3.60", "2026-11-01")], entry("3.85"))


def test_filling_in_the_past_is_no_news() -> None:
    """A rate that was overtaken before it was entered changes nothing now."""
    line = [standing("3.60", "2026-11-01")]

    assert not rates.is_news(line, entry("3.20", "2026-10-01"))
