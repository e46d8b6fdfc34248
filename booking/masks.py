"""When anybody of a large pool can meet: a bit for every five minutes, kept while nothing changes.

Starts lie on whole five minutes since 1970 wherever the grid of an advisor does: every offset from
UTC in use is a multiple of fifteen minutes, so one row of bits serves all zones. What is taken
need not lie on it, since what it forbids is worked out in seconds before any bit is set.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from booking.kept import Kept

GRAIN: Final = 300
"""Seconds from one bit to the next."""

_ALIGN: Final = 7 * 24 * 12
"""Rows begin at whole weeks, so that those of one pool mostly begin together."""

_OFFSETS: Final = [[bit * GRAIN for bit in range(8) if byte >> bit & 1] for byte in range(256)]
"""For each value of eight bits the seconds at which those that are set lie."""


class Mask(NamedTuple):
    """A set of starts: where bit *i* of *bits* is set, a meeting can begin at (base + i) grains."""

    base: int
    bits: int


EMPTY: Final = Mask(0, 0)


def fits(*lengths: int) -> bool:
    """Tell whether instants and lengths in seconds lie on whole grains."""
    return not any(length % GRAIN for length in lengths)


def mask_of(runs: Iterable[tuple[int, int]], step: int) -> Mask:
    """Return the starts of runs (first, first + step, … before end) in order, on whole grains."""
    period = step // GRAIN
    base, bits = 0, 0
    for first, end in runs:
        at = first // GRAIN
        if not bits:
            base = at - at % _ALIGN
        bits |= _pattern(period, -(-(end - first) // step)) << (at - base)
    return Mask(base, bits)


@lru_cache(maxsize=4096)
def _pattern(period: int, count: int) -> int:
    """Return *count* bits, each *period* after the one before."""
    return ((1 << period * count) - 1) // ((1 << period) - 1)


def union(masks: Iterable[Mask]) -> Mask:
    """Return the starts that are in any of them."""
    base, bits = EMPTY
    for other, more in masks:
        if not bits:
            base, bits = other, more
        elif other == base:
            bits |= more
        elif other > base:
            bits |= more << (other - base)
        elif more:
            bits = bits << (base - other) | more
            base = other
    return Mask(base, bits)


def starts_in(mask: Mask, lower: int, upper: int) -> list[int]:
    """Return the starts of a mask from *lower* up to *upper*, in order."""
    base, bits = mask
    first = -(-lower // GRAIN) - base
    last = min(-(-upper // GRAIN) - base, bits.bit_length())
    if last <= max(first, 0):
        return []
    bits &= (1 << last) - 1
    if first > 0:
        bits >>= first
        base += first
    found: list[int] = []
    at = base * GRAIN
    for byte in bits.to_bytes((bits.bit_length() + 7) // 8, "little"):
        if byte:
            found += [at + offset for offset in _OFFSETS[byte]]
        at += 8 * GRAIN
    return found


class MaskCache(Kept[Mask | None]):
    """Masks of those asked for last; None where one fits no mask.

    A month of an advisor with fifty events takes about 10 kB.
    """

    def __init__(self, size: int = 4096) -> None:
        super().__init__(size)
