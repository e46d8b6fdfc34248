"""What a loan costs a month: exact arithmetic, rounded only where a rule says so.

With r a twelfth of the yearly rate, P the principal and n the number of months (the standard
annuity formulas, as in any textbook on the time value of money):

- annuity: A = P·r / (1 - (1 + r)^-n), and P/n where r is zero;
- balance of an annuity after k months: P(1 + r)^k - A((1 + r)^k - 1)/r;
- linear: P/n and the interest on what is left;
- interest-only: P·r, and P is left.

All figures are indications, not advice.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final, Literal

from msgspec import Struct

from context.errors import FigureRefused
from context.model import Repayment
from kernel.money import to_cents

_PRECISION: Final = 40
_MOST: Final = Decimal(10) ** 12
_LONGEST: Final = 1200
_HUNDRED: Final = Decimal(100)


class Rounding(Struct, frozen=True, kw_only=True):
    """Where amounts are rounded to cents on their way.

    Attributes:
        payment: The monthly payment itself; lenders collect whole cents.
        interest: The interest of each month; some lenders book it in whole cents. Both shift the
            balance after some years by a few cents; the last payment then settles the rest.
    """

    payment: Literal["exact", "cents"] = "exact"
    interest: Literal["exact", "cents"] = "exact"


EXACT: Final = Rounding()
CENTS: Final = Rounding(payment="cents", interest="cents")


class Installment(Struct, frozen=True, kw_only=True):
    """One month of a loan: what is paid, what of it is interest, and what is left to pay back."""

    month: int
    payment: Decimal
    interest: Decimal
    principal: Decimal
    balance: Decimal


class RateEffect(Struct, frozen=True, kw_only=True):
    """What another rate means a month, in euros; a negative difference is cheaper."""

    old_monthly: Decimal
    new_monthly: Decimal
    difference: Decimal


def monthly_payment(
    principal: Decimal, rate_percent: Decimal, months: int, repayment: Repayment
) -> Decimal:
    """Return what is paid in the first month, in whole cents.

    An annuity stays the same each month, a linear loan gets cheaper.

    Raises:
        FigureRefused: An input is no loan.
    """
    _check(principal, rate_percent, months)
    with localcontext(prec=_PRECISION):
        return to_cents(_first_payment(principal, _monthly(rate_percent), months, repayment))


def remaining_debt(
    principal: Decimal,
    rate_percent: Decimal,
    months: int,
    elapsed: int,
    repayment: Repayment,
    *,
    rounding: Rounding = EXACT,
) -> Decimal:
    """Return what is left to pay back after *elapsed* months, in whole cents.

    Raises:
        FigureRefused: An input is no loan, or more months have gone by than there are.
    """
    _check(principal, rate_percent, months)
    if not 0 <= elapsed <= months:
        raise FigureRefused(f"Of {months} months, from 0 to {months} can have gone by.")
    balance = principal
    for installment in schedule(principal, rate_percent, months, repayment, rounding=rounding):
        if installment.month > elapsed:
            break
        balance = installment.balance
    return to_cents(balance)


def effect_of_rate_change(
    principal: Decimal, months: int, old: Decimal, new: Decimal, repayment: Repayment
) -> RateEffect:
    """Return what a change from the *old* to the *new* rate means a month.

    Raises:
        FigureRefused: An input is no loan.
    """
    before = monthly_payment(principal, old, months, repayment)
    after = monthly_payment(principal, new, months, repayment)
    return RateEffect(old_monthly=before, new_monthly=after, difference=after - before)


def schedule(
    principal: Decimal,
    rate_percent: Decimal,
    months: int,
    repayment: Repayment,
    *,
    rounding: Rounding = EXACT,
) -> Iterator[Installment]:
    """Yield every month of a loan; the last payment settles what rounding has left.

    Raises:
        FigureRefused: An input is no loan.
    """
    _check(principal, rate_percent, months)
    with localcontext(prec=_PRECISION):
        rate = _monthly(rate_percent)
        annuity = _first_payment(principal, rate, months, "annuity")
        fixed = to_cents(annuity) if rounding.payment == "cents" else annuity
        part = principal / months
        level = to_cents(part) if rounding.payment == "cents" else part
    balance = principal
    for month in range(1, months + 1):
        with localcontext(prec=_PRECISION):
            interest = balance * rate
            if rounding.interest == "cents":
                interest = to_cents(interest)
            if repayment == "interest-only":
                back = Decimal(0)
            elif month == months:
                back = balance
            else:
                back = min(balance, level if repayment == "linear" else fixed - interest)
            balance -= back
            payment = interest + back
        yield Installment(
            month=month, payment=payment, interest=interest, principal=back, balance=balance
        )


def ltv(loan: Decimal, value: Decimal) -> Decimal:
    """Return the loan as a percentage of the value of the property, with one decimal.

    Raises:
        FigureRefused: An input is not above zero.
    """
    return _ratio(loan, value, "The value of the property", _HUNDRED, Decimal("0.1"))


def lti(loan: Decimal, income: Decimal) -> Decimal:
    """Return how many times the yearly income the loan is, with two decimals.

    Raises:
        FigureRefused: An input is not above zero.
    """
    return _ratio(loan, income, "The income", Decimal(1), Decimal("0.01"))


def _ratio(loan: Decimal, measure: Decimal, what: str, scale: Decimal, step: Decimal) -> Decimal:
    for amount, name in ((loan, "The loan"), (measure, what)):
        if not isinstance(amount, Decimal) or not (amount.is_finite() and 0 < amount <= _MOST):
            raise FigureRefused(f"{name} has to be an amount above zero.")
    with localcontext(prec=_PRECISION):
        return (loan * scale / measure).quantize(step, rounding=ROUND_HALF_UP)


def _monthly(rate_percent: Decimal) -> Decimal:
    return rate_percent / _HUNDRED / 12


def _first_payment(principal: Decimal, rate: Decimal, months: int, repayment: Repayment) -> Decimal:
    if repayment == "interest-only":
        return principal * rate
    if repayment == "linear":
        return principal / months + principal * rate
    if rate == 0:
        return principal / months
    return principal * rate / (1 - (1 + rate) ** -months)


def _check(principal: Decimal, rate_percent: Decimal, months: int) -> None:
    # A float has lost digits before it gets here, so it is refused rather than converted.
    if not isinstance(principal, Decimal) or not isinstance(rate_percent, Decimal):
        raise FigureRefused("Amounts and rates have to be exact decimals.")
    if not (principal.is_finite() and 0 < principal <= _MOST):
        raise FigureRefused(f"A loan is above zero and at most {_MOST:,.0f} euros.")
    if not (rate_percent.is_finite() and 0 <= rate_percent <= _HUNDRED):
        raise FigureRefused("A rate is from 0 to 100 percent a year.")
    if isinstance(months, bool) or not 1 <= months <= _LONGEST:
        raise FigureRefused(f"A loan runs from 1 to {_LONGEST} months.")
