"""What a loan costs: to the cent, and by the laws that every loan obeys."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context.errors import FigureRefused
from context.finance import (
    CENTS,
    effect_of_rate_change,
    lti,
    ltv,
    monthly_payment,
    remaining_debt,
    schedule,
)
from context.model import Repayment

PRINCIPALS = st.decimals(min_value=1000, max_value=2_000_000, places=2)
RATES = st.decimals(min_value=0, max_value=15, places=2)
MONTHS = st.integers(min_value=1, max_value=360)
KINDS: list[Repayment] = ["annuity", "linear", "interest-only"]


@pytest.mark.parametrize(
    ("principal", "rate", "months", "kind", "expected"),
    [
        ("200000", "3", 360, "annuity", "843.21"),
        ("100000", "6", 360, "annuity", "599.55"),
        ("200000", "2.5", 240, "annuity", "1059.81"),
        ("12000", "0", 120, "annuity", "100.00"),
        ("15000", "0", 60, "annuity", "250.00"),
        ("200000", "3", 360, "linear", "1055.56"),  # 200000/360 + 200000 * 0.0025
        ("200000", "5", 360, "interest-only", "833.33"),  # 200000 * 0.05 / 12
    ],
)
def test_the_monthly_payment_agrees_to_the_cent(
    principal: str, rate: str, months: int, kind: Repayment, expected: str
) -> None:
    """Published examples, and sums done by hand."""
    payment = monthly_payment(Decimal(principal), Decimal(rate), months, kind)

    assert str(payment) == expected


def test_a_published_schedule_is_reproduced() -> None:
    """Month 13, month 24 and the total of a published calculator, whose payments are unrounded."""
    months = list(schedule(Decimal(200_000), Decimal(3), 360, "annuity"))
    thirteenth = months[12]

    assert f"{thirteenth.interest:.2f} {thirteenth.principal:.2f}" == "489.56 353.65"
    assert f"{thirteenth.balance:.2f} {months[23].balance:.2f}" == "195470.75 191521.79"
    assert f"{sum(month.payment for month in months):.2f}" == "303554.90"
    assert str(remaining_debt(Decimal(200_000), Decimal(3), 360, 24, "annuity")) == "191521.79"


def test_the_balance_follows_the_closed_formula() -> None:
    """Month by month comes out where P(1+r)^k - A((1+r)^k - 1)/r does."""
    principal, r, n, k = Decimal(250_000), Decimal("3.85") / 1200, 360, 120
    payment = principal * r / (1 - (1 + r) ** -n)
    growth = (1 + r) ** k
    expected = principal * growth - payment * (growth - 1) / r

    assert remaining_debt(principal, Decimal("3.85"), n, k, "annuity") == round(expected, 2)


def test_rounding_each_month_shifts_the_balance() -> None:
    """The policy is visible: in whole cents the same loan stands a few cents elsewhere."""
    # 1000.00 at 12 % over 3 months: 340.02 a month, of which 10.00 and then 6.70 is interest, so
    # 1000.00 - 330.02 - 333.32 = 336.66 is left.
    exact = remaining_debt(Decimal(1000), Decimal(12), 3, 2, "annuity")
    cents = remaining_debt(Decimal(1000), Decimal(12), 3, 2, "annuity", rounding=CENTS)

    assert (str(exact), str(cents)) == ("336.66", "336.66")
    long_exact = remaining_debt(Decimal(200_000), Decimal(3), 360, 300, "annuity")
    long_cents = remaining_debt(Decimal(200_000), Decimal(3), 360, 300, "annuity", rounding=CENTS)
    assert long_exact != long_cents
    assert abs(long_exact - long_cents) < 5


def test_a_cheaper_rate_is_a_negative_difference() -> None:
    """Old, new and the difference between the two amounts as they are printed."""
    effect = effect_of_rate_change(
        Decimal(200_000), 360, Decimal("4.00"), Decimal("3.00"), "annuity"
    )

    assert (str(effect.old_monthly), str(effect.new_monthly)) == ("954.83", "843.21")
    assert str(effect.difference) == "-111.62"


def test_ratios() -> None:
    """Loan to value in percent with one decimal, loan to income with two."""
    assert str(ltv(Decimal(300_000), Decimal(350_000))) == "85.7"
    assert str(lti(Decimal(300_000), Decimal(64_000))) == "4.69"


@given(principal=PRINCIPALS, rate=RATES, months=MONTHS, kind=st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_what_is_paid_back_is_what_was_borrowed(
    principal: Decimal, rate: Decimal, months: int, kind: Repayment
) -> None:
    """At the end nothing is left, or with interest-only everything, and nothing is lost between."""
    for rounding in (CENTS, None):
        extra = {} if rounding is None else {"rounding": rounding}
        plan = list(schedule(principal, rate, months, kind, **extra))
        back = sum(month.principal for month in plan)

        assert len(plan) == months
        assert abs(back + plan[-1].balance - principal) < Decimal("1e-15")
        assert plan[-1].balance == (principal if kind == "interest-only" else 0)
        assert all(month.principal >= 0 for month in plan)


@given(principal=PRINCIPALS, rate=RATES, months=MONTHS, kind=st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_a_higher_rate_never_costs_less(
    principal: Decimal, rate: Decimal, months: int, kind: Repayment
) -> None:
    """Payments rise with the rate, for every way to pay back."""
    higher = rate + Decimal("0.25")

    assert monthly_payment(principal, higher, months, kind) >= monthly_payment(
        principal, rate, months, kind
    )


@pytest.mark.parametrize(
    ("principal", "rate", "months"),
    [
        (Decimal(0), Decimal(3), 360),
        (Decimal(-1), Decimal(3), 360),
        (Decimal("NaN"), Decimal(3), 360),
        (Decimal("1e400"), Decimal(3), 360),
        (Decimal(1000), Decimal(-1), 360),
        (Decimal(1000), Decimal("Infinity"), 360),
        (Decimal(1000), Decimal(101), 360),
        (Decimal(1000), Decimal(3), 0),
        (Decimal(1000), Decimal(3), 1201),
        (1000.0, Decimal(3), 360),
        (Decimal(1000), 3.0, 360),
    ],
)
def test_what_is_no_loan_is_refused(principal: Any, rate: Any, months: int) -> None:
    """Nothing, negative, endless and inexact inputs get a clear error, not a figure."""
    with pytest.raises(FigureRefused):
        monthly_payment(principal, rate, months, "annuity")


def test_no_more_months_go_by_than_there_are() -> None:
    """A balance is asked for within the term."""
    for elapsed in (-1, 13):
        with pytest.raises(FigureRefused):
            remaining_debt(Decimal(1000), Decimal(3), 12, elapsed, "annuity")
