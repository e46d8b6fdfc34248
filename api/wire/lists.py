"""Lists that come in pages."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeAlias, TypeVar

from litestar.params import QueryParameter
from msgspec import Struct

from kernel.ids import Id

T = TypeVar("T")

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=100)]
"""How many items a page has at most."""


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Some items, and where to go on."""

    items: list[T]
    next_cursor: Id | None = None


def page(items: Sequence[T], limit: int, cursor: Callable[[T], Id]) -> Page[T]:
    """Return a page of at most *limit*; one item more in *items* says that there are others."""
    shown = list(items[:limit])
    return Page(items=shown, next_cursor=cursor(shown[-1]) if len(items) > limit else None)
