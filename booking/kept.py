"""What was worked out before, by what it rests on.

The key is the content that an answer was made from, so nothing kept here ever grows stale: where
anything has changed, the key is another one. What is not asked for drops out.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The answers that were asked for last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def __getitem__(self, key: Hashable) -> T:
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: Hashable, answer: T) -> T:
        """Keep an answer, and return it."""
        self._kept[key] = answer
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return answer

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the answer under *key*, made where it is not there yet."""
        return self[key] if key in self._kept else self.keep(key, make())
