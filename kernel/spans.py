"""Half-open spans of time: what ends at nine does not touch what begins at nine."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct


class Span(Struct, frozen=True, order=True):
    """The time from *start* up to, not including, *end*; both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("a span is made of aware UTC instants")
        if self.end < self.start:
            raise ValueError("a span cannot end before it starts")

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two share any time."""
        return self.start < other.end and other.start < self.end


def merge(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or touch; empty ones vanish. The result is in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if span.start == span.end:
            continue
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return merged


def subtract(open_spans: Sequence[Span], busy: Iterable[Span]) -> Iterator[Span]:
    """Take the busy spans out of the open ones.

    Args:
        open_spans: In order and without overlap.
        busy: In any order; they may overlap.

    Yields:
        What is left, in order.
    """
    blocks = merge(busy)
    first = 0
    for span in open_spans:
        start = span.start
        while first < len(blocks) and blocks[first].end <= start:
            first += 1
        at = first
        while at < len(blocks) and blocks[at].start < span.end:
            if start < blocks[at].start:
                yield Span(start, blocks[at].start)
            start = max(start, blocks[at].end)
            at += 1
        if start < span.end:
            yield Span(start, span.end)


def intersect(left: Sequence[Span], right: Sequence[Span]) -> Iterator[Span]:
    """Yield what two ordered sequences of disjoint spans have in common, in order."""
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start, right[j].start)
        end = min(left[i].end, right[j].end)
        if start < end:
            yield Span(start, end)
        if left[i].end < right[j].end:
            i += 1
        else:
            j += 1
