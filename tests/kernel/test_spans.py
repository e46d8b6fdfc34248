"""Spans of time are half-open, and their arithmetic has no surprises."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.spans import Span, intersect, merge, subtract

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def span(start: int, end: int) -> Span:
    return Span(DAY + timedelta(hours=start), DAY + timedelta(hours=end))


def hours(spans: list[Span]) -> set[int]:
    return {
        int((one.start - DAY).total_seconds() // 3600) + step
        for one in spans
        for step in range(int((one.end - one.start).total_seconds() // 3600))
    }


SPANS = st.lists(
    st.tuples(st.integers(0, 47), st.integers(0, 8)).map(lambda pair: span(pair[0], sum(pair))),
    max_size=8,
)


def test_what_ends_at_nine_leaves_nine_open() -> None:
    """Spans are half-open: what ends at nine does not touch nine."""
    assert list(subtract([span(8, 10)], [span(8, 9)])) == [span(9, 10)]
    assert not span(8, 9).overlaps(span(9, 10))


def test_spans_that_touch_become_one() -> None:
    """Eight to nine and nine to ten is eight to ten; an empty span is nothing."""
    assert merge([span(9, 10), span(8, 9), span(12, 12)]) == [span(8, 10)]


@given(SPANS, SPANS)
def test_subtracting_leaves_exactly_the_hours_that_are_not_busy(
    opened: list[Span], busy: list[Span]
) -> None:
    """Hour by hour: open and not busy, and nothing else; in order and apart."""
    left = list(subtract(merge(opened), busy))

    assert hours(left) == hours(opened) - hours(busy)
    assert merge(left) == left


@given(SPANS, SPANS)
def test_intersecting_keeps_exactly_the_hours_in_both(left: list[Span], right: list[Span]) -> None:
    """Hour by hour: in the one and in the other."""
    assert hours(list(intersect(merge(left), merge(right)))) == hours(left) & hours(right)


def test_a_span_needs_utc_and_a_direction() -> None:
    """A naive time, and an end before the start, are mistakes of ours."""
    with pytest.raises(ValueError, match="UTC"):
        Span(DAY.replace(tzinfo=None), DAY)
    with pytest.raises(ValueError, match="before"):
        span(9, 8)
