"""Whom a changed rate concerns enough to be told."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from notifications.model import Product, Rate, RateFacts
from notifications.ports import Exposure, RateEffect
from notifications.rates import REPAYMENT


def concerned(exposures: Iterable[Exposure], product: Product) -> Iterator[Exposure]:
    """Yield each customer's own exposure to *product*, one for each customer.

    Somebody with several meetings is one person with one mortgage: the first counts.
    """
    seen: set[str] = set()
    for exposure in exposures:
        if exposure.repayment == REPAYMENT[product] and exposure.customer not in seen:
            seen.add(exposure.customer)
            yield exposure


def worth_telling(effect: RateEffect, threshold: int) -> bool:
    """Tell whether the effect reaches *threshold*, in whole euros a month, up or down."""
    return effect.difference != 0 and abs(effect.difference) >= threshold


def facts(rate: Rate, exposure: Exposure, effect: RateEffect, *, now: datetime) -> RateFacts:
    """Freeze what this customer will be told, and from what it was worked out."""
    if rate.previous is None:
        raise ValueError("a first rate changes nothing for anybody")
    return RateFacts(
        product=rate.product,
        fixed_years=rate.fixed_years,
        valid_from=rate.valid_from,
        old_rate=rate.previous,
        new_rate=rate.rate,
        principal=exposure.principal,
        months=exposure.months,
        repayment=exposure.repayment,
        old_monthly=effect.old_monthly,
        new_monthly=effect.new_monthly,
        difference=effect.difference,
        as_of=now,
    )
