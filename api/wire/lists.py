"""Lists that come in pages."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from kernel.ids import Id

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Some items, and where to go on."""

    items: list[T]
    next_cursor: Id | None = None


def page(items: Sequence[T], limit: int, cursor: Callable[[T], Id]) -> Page[T]:
    """Return a page of at most *limit*; one item more in *items* says that there are others."""
    shown = list(items[:limit])
    return Page(items=shown, next_cursor=cursor(shown[-1]) if len(items) > limit else None)
