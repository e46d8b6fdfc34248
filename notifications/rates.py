"""The rate card: what may stand in it, what held before, and what is news.

A *line* of the card is a product with a number of fixed years. Within a line the entry with the
latest ``valid_from`` holds; of two for the same day the one published last.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, get_args

from notifications.errors import RateInvalid
from notifications.model import Product, Rate, RateInput, Repayment

HIGHEST: Final = Decimal(25)
LONGEST: Final = 30
DECIMALS: Final = 2

REPAYMENT: Final[dict[Product, Repayment]] = {
    "mortgage-annuity": "annuity",
    "mortgage-linear": "linear",
    "mortgage-interest-only": "interest-only",
}


def check(data: RateInput) -> None:
    """Refuse what cannot be a rate.

    Raises:
        RateInvalid: An unknown product, a period or a rate out of bounds, or a rate finer than
            letters show it: what a customer reads must be what was reckoned with.
    """
    if data.product not in get_args(Product):
        known = ", ".join(get_args(Product))
        raise RateInvalid("product", f"There is no such product; known are {known}.")
    if not 1 <= data.fixed_years <= LONGEST:
        raise RateInvalid("fixed_years", f"The fixed period is 1 to {LONGEST} years.")
    if not data.rate.is_finite() or not 0 <= data.rate <= HIGHEST:
        raise RateInvalid("rate", f"A rate is a percentage a year from 0 to {HIGHEST}.")
    if data.rate != round(data.rate, DECIMALS):
        raise RateInvalid("rate", f"A rate has at most {DECIMALS} decimals.")


def holding_before(line: Sequence[Rate], entry: RateInput) -> Rate | None:
    """Return the entry of *line* that *entry* takes over from.

    Args:
        line: All entries of this product and period, oldest first.
        entry: What is to be added.
    """
    earlier = [rate for rate in line if rate.valid_from <= entry.valid_from]
    return earlier[-1] if earlier else None


def is_news(line: Sequence[Rate], entry: RateInput) -> bool:
    """Tell whether *entry* changes what holds in the end, so that people must hear of it.

    A first entry changes nothing for anybody, and neither does one that fills in the past.
    """
    return bool(line) and line[-1].valid_from <= entry.valid_from and line[-1].rate != entry.rate
