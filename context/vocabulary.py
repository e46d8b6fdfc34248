"""The fact paths that figures, contradictions and rate notices understand.

A form is free to ask other things; what it asks under these paths is computed with.
"""

from typing import Final

GOAL: Final = "goal"
INCOME: Final = "income.gross_year"
PARTNER: Final = "partner"
PARTNER_INCOME: Final = "partner.income_gross_year"
PROPERTY_VALUE: Final = "property.value"
LOAN_REMAINING: Final = "loan.remaining"
LOAN_RATE: Final = "loan.rate"
LOAN_MONTHS_LEFT: Final = "loan.months_left"
LOAN_FIXED_UNTIL: Final = "loan.fixed_until"
LOAN_REPAYMENT: Final = "loan.repayment"
WISH_AMOUNT: Final = "wish.amount"
WISH_FIXED_YEARS: Final = "wish.fixed_years"
WISH_TERM_MONTHS: Final = "wish.term_months"

BORROWING: Final = (
    LOAN_REMAINING,
    LOAN_MONTHS_LEFT,
    LOAN_REPAYMENT,
    WISH_AMOUNT,
    WISH_FIXED_YEARS,
    WISH_TERM_MONTHS,
)
"""What a rate needs to know to say whom it touches."""
