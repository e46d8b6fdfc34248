"""The most that fits into a day, a week or a month: which starts would be too much."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from booking.organisation import Limit
from booking.schedule import day_span
from booking.taken import Work

_FOREVER: Final = 1 << 40


def too_much(
    limits: Sequence[Limit],
    done: Iterable[Work],
    *,
    minutes: int,
    load: int,
    zone: str,
    now: int,
    same_kind: bool,
) -> Iterator[tuple[int, int]]:
    """Yield spans of starts at which one more meeting would break a limit.

    Args:
        limits: What may not be broken.
        done: The meetings that count already.
        minutes: What the meeting asks of work.
        load: Its load points.
        zone: Where days, weeks and months are meant.
        now: From here on, meetings lie *ahead*.
        same_kind: Whether the limits count meetings of the asked kind only.
    """
    counted = [work for work in done if work.same_kind or not same_kind]
    for limit in limits:
        if _full(limit, (), minutes=minutes, load=load):
            # One such meeting is more than there may be, whenever it is.
            yield -_FOREVER, _FOREVER
            continue
        sums: defaultdict[tuple[int, int], list[Work]] = defaultdict(list)
        for work in counted:
            if limit.per != "ahead":
                sums[day_span(zone, work.start, limit.per)].append(work)
            elif work.start >= now:
                sums[now, _FOREVER].append(work)
        for span, works in sums.items():
            if _full(limit, works, minutes=minutes, load=load):
                yield span


def _full(limit: Limit, works: Sequence[Work], *, minutes: int, load: int) -> bool:
    return (
        (limit.count is not None and len(works) + 1 > limit.count)
        or (
            limit.minutes is not None
            and sum(work.minutes for work in works) + minutes > limit.minutes
        )
        or (limit.load is not None and sum(work.load for work in works) + load > limit.load)
    )


def reach(limits: Iterable[Limit]) -> int:
    """Return how many seconds around a start must be known to judge it by these limits."""
    days = {"day": 2, "week": 8, "month": 32, "ahead": 0}
    return max((days[limit.per] * 86_400 for limit in limits), default=0)
