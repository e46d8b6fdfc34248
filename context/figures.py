"""What a customer's loan costs a month, now and at the rates of today: indications, not advice.

Each figure names its formula and the numbers that went in, so that anybody can compute it again.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from context.borrowing import USUAL_MONTHS, amount, borrowing, repayment, whole
from context.errors import FigureRefused
from context.finance import effect_of_rate_change, lti, ltv, monthly_payment
from context.model import Fact, Line, Repayment
from context.vocabulary import (
    INCOME,
    LOAN_MONTHS_LEFT,
    LOAN_RATE,
    LOAN_REMAINING,
    LOAN_REPAYMENT,
    PARTNER_INCOME,
    PROPERTY_VALUE,
    WISH_AMOUNT,
    WISH_TERM_MONTHS,
)
from context.words import money, number, percentage, say
from kernel import formats
from kernel.people import Language


class _Loan(Struct, frozen=True, kw_only=True):
    """Everything that one monthly payment is computed from, and what of it was assumed."""

    principal: Decimal
    rate: Decimal
    months: int
    repayment: Repayment
    assumed: tuple[str, ...] = ()

    def monthly(self) -> Decimal:
        return monthly_payment(self.principal, self.rate, self.months, self.repayment)


class _Page(Struct, frozen=True, kw_only=True):
    """What every line needs: the facts, the rates, the language and the moment."""

    known: Mapping[str, Fact]
    rates: Mapping[int, Decimal]
    language: Language
    now: datetime

    def line(self, label: str, value: str, *notes: str) -> Line:
        indication = say("figures.indication", self.language)
        return Line(
            label=say(label, self.language),
            value=value,
            source="computed",
            said_at=self.now,
            note=" · ".join((indication, *notes)),
        )

    def lacking(self, label: str, what: str, **values: str) -> Line:
        lacks = say(f"input.{what}", self.language, **values)
        return self.line(label, say("none.figures", self.language, what=lacks))


def figures(
    known: Mapping[str, Fact], rates: Mapping[int, Decimal], *, language: Language, now: datetime
) -> list[Line]:
    """Return the figures of a customer as lines of the brief.

    Args:
        known: The standing facts, by path.
        rates: The newest published rate for each number of fixed years, in percent.
        language: The reader's.
        now: When the figures are computed.
    """
    page = _Page(known=known, rates=rates, language=language, now=now)
    present = _present(page)
    lines = [] if present is None else [_payment(page, "figures.now", present)]
    return [*lines, *_at_new_rate(page, present), *_ratios(page)]


def _present(page: _Page) -> _Loan | None:
    """Return the loan that the customer has, if they told all of it."""
    principal, rate = amount(page.known.get(LOAN_REMAINING)), amount(page.known.get(LOAN_RATE))
    months = whole(page.known.get(LOAN_MONTHS_LEFT))
    kind = repayment(page.known.get(LOAN_REPAYMENT))
    if not principal or rate is None or not months or kind is None:
        return None
    return _checked(_Loan(principal=principal, rate=rate, months=months, repayment=kind))


def _at_new_rate(page: _Page, present: _Loan | None) -> list[Line]:
    loan = borrowing(page.known)
    if loan is None:
        return [page.lacking("figures.new", "principal")]
    if loan.fixed_years is None:
        return [page.lacking("figures.new", "fixed-years")]
    rate = page.rates.get(loan.fixed_years)
    if rate is None:
        return [page.lacking("figures.new", "rate", years=str(loan.fixed_years))]
    published = say("figures.published", page.language, years=str(loan.fixed_years))
    new = _checked(
        _Loan(
            principal=loan.principal,
            rate=rate,
            months=loan.months,
            repayment=loan.repayment or "annuity",
            assumed=_assumptions(loan.repayment, term_assumed=loan.assumed),
        )
    )
    lines = [] if new is None else [_payment(page, "figures.new", new, published)]
    if present is not None and new is not None:
        lines.append(_difference(page, present, new))
    return [*lines, *_wanted(page, loan.principal, rate, published)]


def _wanted(page: _Page, principal: Decimal, rate: Decimal, published: str) -> list[Line]:
    """Return what the amount wanted would cost, where it is not the loan shown already."""
    wanted = amount(page.known.get(WISH_AMOUNT))
    if not wanted or wanted == principal:
        return []
    term = whole(page.known.get(WISH_TERM_MONTHS))
    kind = repayment(page.known.get(LOAN_REPAYMENT))
    loan = _checked(
        _Loan(
            principal=wanted,
            rate=rate,
            months=term or USUAL_MONTHS,
            repayment=kind or "annuity",
            assumed=_assumptions(kind, term_assumed=not term),
        )
    )
    return [] if loan is None else [_payment(page, "figures.wanted", loan, published)]


def _assumptions(kind: Repayment | None, *, term_assumed: bool) -> tuple[str, ...]:
    assumed = ("figures.assumed",) if term_assumed else ()
    return assumed if kind else (*assumed, "figures.assumed-repayment")


def _payment(page: _Page, label: str, loan: _Loan, *notes: str) -> Line:
    inputs = say(
        "figures.inputs",
        page.language,
        formula=say(f"formula.{loan.repayment}", page.language),
        principal=money(loan.principal, page.language),
        rate=formats.rate(loan.rate, page.language),
        months=str(loan.months),
    )
    assumed = [say(key, page.language) for key in loan.assumed]
    return page.line(label, money(loan.monthly(), page.language), inputs, *notes, *assumed)


def _difference(page: _Page, present: _Loan, new: _Loan) -> Line:
    effect = effect_of_rate_change(
        present.principal, present.months, present.rate, new.rate, present.repayment
    )
    terms = say(
        "figures.minus",
        page.language,
        new=money(effect.new_monthly, page.language),
        old=money(effect.old_monthly, page.language),
    )
    return page.line("figures.difference", money(effect.difference, page.language), terms)


def _ratios(page: _Page) -> list[Line]:
    loan = amount(page.known.get(WISH_AMOUNT)) or amount(page.known.get(LOAN_REMAINING))
    value = amount(page.known.get(PROPERTY_VALUE))
    own = amount(page.known.get(INCOME)) or Decimal(0)
    income = own + (amount(page.known.get(PARTNER_INCOME)) or Decimal(0))
    lines = []
    if loan and value:
        share = percentage(ltv(loan, value), page.language)
        lines.append(page.line("figures.ltv", share, _parts(page, loan, value)))
    if loan and income:
        times = f"{number(lti(loan, income), page.language)} ×"  # noqa: RUF001  # the sign is meant
        lines.append(page.line("figures.lti", times, _parts(page, loan, income)))
    return lines


def _parts(page: _Page, one: Decimal, other: Decimal) -> str:
    return say(
        "figures.ratio",
        page.language,
        one=money(one, page.language),
        other=money(other, page.language),
    )


def _checked(loan: _Loan) -> _Loan | None:
    """Return *loan* if its payment can be computed; facts from elsewhere may be out of bounds."""
    try:
        loan.monthly()
    except FigureRefused:
        return None
    return loan
