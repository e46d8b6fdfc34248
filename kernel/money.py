"""Money is an exact amount in a currency; it is rounded only where a rule says so."""

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

CENT = Decimal("0.01")


class Money(Struct, frozen=True, kw_only=True):
    """An amount with its currency (ISO 4217)."""

    amount: Decimal
    currency: str = "EUR"


def to_cents(amount: Decimal) -> Decimal:
    """Round to whole cents, halves away from zero: the way banks print amounts."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
