"""What does not fit together in what is known: typed rules, each naming the facts it rests on."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from context import facts as ledger
from context.answers import is_month
from context.borrowing import amount
from context.display import from_fact, label_of, value_of
from context.finance import ltv
from context.model import Fact, Field, Line
from context.vocabulary import (
    GOAL,
    INCOME,
    LOAN_FIXED_UNTIL,
    LOAN_REMAINING,
    PARTNER,
    PARTNER_INCOME,
    PROPERTY_VALUE,
    WISH_AMOUNT,
)
from context.words import money, month, percentage, say
from context.words import source as source_name
from kernel.people import Language

_TOLERANCE: Final = Decimal("0.03")
"""Two statements of the same amount may differ this much: holiday pay, rounding."""


def find(
    facts: Iterable[Fact],
    fields: Mapping[str, Field],
    *,
    submitted: bool,
    today: date,
    language: Language,
) -> list[Line]:
    """Return every contradiction in what is known, as lines of the brief.

    Args:
        facts: Everything ever said about the customer.
        fields: The fields of the form, by fact path, for labels.
        submitted: Whether the form was handed in, so that what is not there will not come.
        today: The local date, against which dates are past.
        language: The reader's.
    """
    said = list(facts)
    known = ledger.known(said)
    found = [
        _no_debt(known, language, submitted=submitted),
        _no_partner(known, language),
        _above_value(known, language),
        _fixed_until_past(known, today, language),
        *(_sources_differ(said, path, fields, language) for path in (INCOME, PARTNER_INCOME)),
    ]
    return [line for line in found if line is not None]


def _no_debt(known: Mapping[str, Fact], language: Language, *, submitted: bool) -> Line | None:
    goal = known.get(GOAL)
    if goal is None or goal.value != "remortgage":
        return None
    debt = known.get(LOAN_REMAINING)
    if amount(debt) == 0 or (debt is None and submitted):
        return _line("no-debt", debt or goal, language)
    return None


def _no_partner(known: Mapping[str, Fact], language: Language) -> Line | None:
    partner, income = known.get(PARTNER), known.get(PARTNER_INCOME)
    earned = amount(income)
    if partner is None or partner.value is not False or income is None or not earned:
        return None
    return _line("partner", _newest(partner, income), language, amount=money(earned, language))


def _above_value(known: Mapping[str, Fact], language: Language) -> Line | None:
    loan = known.get(WISH_AMOUNT) or known.get(LOAN_REMAINING)
    value = known.get(PROPERTY_VALUE)
    borrowed, worth = amount(loan), amount(value)
    if loan is None or value is None or not borrowed or not worth or borrowed <= worth:
        return None
    return _line(
        "loan-to-value",
        _newest(loan, value),
        language,
        loan=money(borrowed, language),
        value=money(worth, language),
        percent=percentage(ltv(borrowed, worth), language),
    )


def _fixed_until_past(known: Mapping[str, Fact], today: date, language: Language) -> Line | None:
    until = known.get(LOAN_FIXED_UNTIL)
    if until is None or not is_month(until.value) or str(until.value) >= f"{today:%Y-%m}":
        return None
    return _line("fixed-until", until, language, month=month(str(until.value), language))


def _sources_differ(
    facts: list[Fact], path: str, fields: Mapping[str, Field], language: Language
) -> Line | None:
    """Compare the newest statement with what another source says of the same amount."""
    by_source = ledger.by_source(facts, path)
    stated = amount(by_source[0]) if by_source else None
    if stated is None:
        return None
    newest = by_source[0]
    for other in by_source[1:]:
        second = amount(other)
        if second is not None and abs(stated - second) > _TOLERANCE * max(stated, second):
            return _line(
                "sources",
                newest,
                language,
                field=label_of(path, fields, language),
                one=_attributed(newest, fields, language),
                other=_attributed(other, fields, language),
            )
    return None


def _attributed(fact: Fact, fields: Mapping[str, Field], language: Language) -> str:
    return f"{value_of(fact, fields, language)} ({source_name(fact.source, language)})"


def _newest(*facts: Fact) -> Fact:
    return max(facts, key=lambda fact: fact.position)


def _line(rule: str, fact: Fact, language: Language, **values: str) -> Line:
    return from_fact(
        fact,
        label=say(f"contradiction.{rule}.label", language, **values),
        value=say(f"contradiction.{rule}", language, **values),
    )
