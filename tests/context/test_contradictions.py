"""What does not fit together: each rule on what breaks it, and on what does not."""

from datetime import date
from typing import Any

import pytest

from context.contradictions import find
from context.display import fields_by_path
from context.kits import load
from context.model import Fact, Line
from tests.context.builders import fact

FIELDS = fields_by_path(load("mortgage"))
TODAY = date(2026, 11, 30)


def found(*facts: Fact, submitted: bool = True) -> list[Line]:
    """The contradictions in these facts."""
    return find(facts, FIELDS, submitted=submitted, today=TODAY, language="nl")


def sentences(*facts: Fact, submitted: bool = True) -> list[str]:
    """The contradictions in these facts, as sentences with ordinary spaces."""
    lines = found(*facts, submitted=submitted)
    return [f"{line.label}: {line.value}".replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def euros(position: int, path: str, value: str, **changes: Any) -> Fact:
    """An amount that somebody said."""
    return fact(position, path, value, unit="EUR", **changes)


REMORTGAGE = fact(1, "goal", "remortgage")


def test_remortgaging_needs_a_loan() -> None:
    """A debt of nothing, or none in a form that was handed in; a draft may still get one."""
    says = ["Doel en huidige lening: wil oversluiten, maar geeft geen restschuld op"]

    assert sentences(REMORTGAGE, euros(2, "loan.remaining", "0.00"), submitted=False) == says
    assert sentences(REMORTGAGE) == says
    assert sentences(REMORTGAGE, submitted=False) == []
    assert sentences(REMORTGAGE, euros(2, "loan.remaining", "1.00")) == []
    assert sentences(fact(1, "goal", "buy")) == []


def test_no_partner_has_no_income() -> None:
    """An income without the partner who earns it, from whatever source."""
    income = euros(2, "partner.income_gross_year", "30000.00", source="crm")

    assert sentences(fact(1, "partner", False), income) == [
        "Partner en inkomen: geen partner, maar wel een partnerinkomen van € 30.000,00"
    ]
    assert sentences(fact(1, "partner", True), income) == []
    assert sentences(income) == []


def test_a_loan_above_the_value() -> None:
    """More than a hundred percent; exactly a hundred is none."""
    value = euros(1, "property.value", "400000.00")

    assert sentences(value, euros(2, "wish.amount", "424000.00")) == [
        "Lening en woningwaarde: lening € 424.000,00 is 106,0% van de woningwaarde € 400.000,00"
    ]
    assert sentences(value, euros(2, "wish.amount", "400000.00")) == []
    assert len(sentences(value, euros(2, "loan.remaining", "400000.01"))) == 1
    assert sentences(euros(2, "wish.amount", "424000.00")) == []


@pytest.mark.parametrize(
    ("month", "expected"),
    [("2026-10", True), ("2026-11", False), ("2026-12", False), ("soon", False)],
)
def test_a_fixed_period_that_is_over(month: str, expected: bool) -> None:
    """Last month is past, this month is not, and what is no month is left alone."""
    says = ["Rentevaste periode: rente stond vast tot oktober 2026, dat is voorbij"]

    assert sentences(fact(1, "loan.fixed_until", month)) == (says if expected else [])


def test_sources_that_differ() -> None:
    """More than three percent between the customer and a document; both are named."""
    said = euros(1, "income.gross_year", "64000.00")
    label = "Bruto jaarinkomen: bronnen verschillen"

    assert sentences(said, euros(2, "income.gross_year", "60000.00", source="document")) == [
        f"{label}: € 60.000,00 (document) tegenover € 64.000,00 (opgave klant)"
    ]
    assert sentences(said, euros(2, "income.gross_year", "62500.00", source="document")) == []
    assert sentences(said, euros(2, "income.gross_year", "30000.00")) == []


def test_a_contradiction_has_the_source_of_its_newest_fact() -> None:
    """The reader can see who said what made it a contradiction, and when."""
    income = euros(2, "partner.income_gross_year", "30000.00", source="crm", form=None)

    (line,) = found(fact(1, "partner", False), income)

    assert (line.source, line.said_at, line.form) == ("crm", income.said_at, None)
