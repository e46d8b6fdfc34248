"""Erasing what is known of a customer, what may stand in the way, and the receipt that proves it.

The receipt holds no personal data: how much there was of what, which key was destroyed, and a
signature over all of it.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime

import msgspec
from msgspec import Struct

from kernel.ids import Id


class HoldInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why what is known of a customer must be kept for now, and until when if that is known."""

    reason: str
    until: date | None = None


class LegalHold(Struct, frozen=True, kw_only=True):
    """A reason for which nothing of a customer may be erased (GDPR, article 17(3)).

    Attributes:
        until: The first day on which it no longer holds; none while that is not known.
    """

    id: Id
    customer: Id
    reason: str
    until: date | None
    placed_by: str
    placed_at: datetime
    lifted_at: datetime | None

    def holds(self, today: date) -> bool:
        """Tell whether it stands in the way on this day."""
        return self.lifted_at is None and (self.until is None or today < self.until)


class Receipt(Struct, frozen=True, kw_only=True):
    """That a customer was erased, and what that came to.

    Attributes:
        counts: How much there was of what.
        key: The SHA-256 of the customer's key as it was stored; none where there was none.
    """

    id: Id
    customer: Id
    asked_by: str
    erased_at: datetime
    counts: dict[str, int]
    key: str | None


def said_by(receipt: Receipt) -> bytes:
    """Return what is signed of a receipt: all of it, written one way."""
    return msgspec.json.encode(receipt, order="sorted")


def fingerprint(receipt: Receipt) -> str:
    """Return the SHA-256 of a receipt."""
    return hashlib.sha256(said_by(receipt)).hexdigest()


def added(*counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of several rooms as one, in a fixed order."""
    together = {name: number for each in counts for name, number in each.items()}
    return dict(sorted(together.items()))
