"""What a customer borrows or wants to borrow, read from their facts."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from context.model import Exposure, Fact, Repayment
from context.vocabulary import (
    LOAN_MONTHS_LEFT,
    LOAN_REMAINING,
    LOAN_REPAYMENT,
    WISH_AMOUNT,
    WISH_FIXED_YEARS,
    WISH_TERM_MONTHS,
)
from kernel.ids import Id

USUAL_MONTHS: Final = 360
"""The usual term of a Dutch mortgage; a figure that rests on it says so."""

PRODUCTS: Final[dict[str, Repayment]] = {
    "mortgage-annuity": "annuity",
    "mortgage-linear": "linear",
    "mortgage-interest-only": "interest-only",
}
"""The products of a rate card that facts can be matched with, by how they are repaid."""

_REPAYMENTS: Final[dict[object, Repayment]] = {
    "annuity": "annuity",
    "linear": "linear",
    "interest-only": "interest-only",
}
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?\Z")


class Borrowing(Struct, frozen=True, kw_only=True):
    """A loan as far as it is known.

    Attributes:
        months: What is left to run, or the term wanted, or else the usual term.
        assumed: Whether *months* is the usual term, because nothing was said.
        repayment: How it is repaid; none if nothing was said.
        fixed_years: For how long the customer wants the rate to be fixed.
    """

    principal: Decimal
    months: int
    assumed: bool
    repayment: Repayment | None
    fixed_years: int | None


def borrowing(known: Mapping[str, Fact]) -> Borrowing | None:
    """Return the loan that a rate would touch: what remains of one, or else the amount wanted."""
    principal = amount(known.get(LOAN_REMAINING)) or amount(known.get(WISH_AMOUNT))
    if not principal:
        return None
    months = whole(known.get(LOAN_MONTHS_LEFT)) or whole(known.get(WISH_TERM_MONTHS))
    return Borrowing(
        principal=principal,
        months=months or USUAL_MONTHS,
        assumed=not months,
        repayment=repayment(known.get(LOAN_REPAYMENT)),
        fixed_years=whole(known.get(WISH_FIXED_YEARS)) or None,
    )


def exposure(
    customer: Id, known: Mapping[str, Fact], *, product: str, fixed_years: int
) -> Exposure | None:
    """Return how a rate for *product* touches a customer, or none if it does not.

    It does when they want that fixed period, owe or want an amount, and do not repay otherwise.
    """
    loan = borrowing(known)
    kind = PRODUCTS.get(product)
    if loan is None or kind is None or loan.fixed_years != fixed_years:
        return None
    if loan.repayment not in (None, kind):
        return None
    return Exposure(
        customer=customer,
        booking=known[WISH_FIXED_YEARS].booking,
        principal=loan.principal,
        months=loan.months,
        repayment=kind,
    )


def amount(fact: Fact | None) -> Decimal | None:
    """Return what a fact says as an exact amount, or none if it says no amount."""
    value = None if fact is None else fact.value
    if value is None or isinstance(value, bool) or not _DECIMAL.match(str(value)):
        return None
    return Decimal(value)


def whole(fact: Fact | None) -> int | None:
    """Return what a fact says as a whole number, or none if it says none."""
    number = amount(fact)
    return None if number is None or number != int(number) else int(number)


def repayment(fact: Fact | None) -> Repayment | None:
    """Return how a loan is repaid, or none if a fact does not say."""
    return None if fact is None else _REPAYMENTS.get(fact.value)
