"""Shapes of what is set up, where they are not those of the booking room itself."""

from datetime import datetime

from msgspec import Struct

from booking.setup import Exclusion
from kernel.ids import Id


class ExclusionView(Struct, frozen=True, kw_only=True):
    """A customer whom an advisor must never advise."""

    customer: Id
    created_at: datetime


def exclusion_view(exclusion: Exclusion) -> ExclusionView:
    """Show an exclusion."""
    return ExclusionView(customer=exclusion.customer_id, created_at=exclusion.created_at)
