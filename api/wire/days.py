"""Free starts as text, by the local day: most of what an answer about free times consists of.

Writing each start by itself would cost several times what finding it does. On a day on which the
clock does not change their texts differ in the time only, and those are taken from a table.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_MOMENTS: Final = (timedelta(), timedelta(hours=12), _DAY - timedelta(microseconds=1))
_ANY_DATE: Final = date(2026, 6, 1)


def days_of(starts: Sequence[datetime], timezone: str) -> dict[str, list[str]]:
    """Return starts by their date in *timezone*, each as ``isoformat`` writes it there.

    Args:
        starts: In UTC and in order.
        timezone: IANA name.
    """
    days: dict[str, list[str]] = {}
    at, end = 0, len(starts)
    while at < end:
        following, midnight, texts, before, since = _day(timezone, starts[at].toordinal())
        after = bisect_left(starts, following, at)
        if texts is None:
            _write_each(days, starts[at:after], timezone)
        else:
            change = bisect_left(starts, midnight, at, after)
            if at < change:
                _add(days, before, [before + texts[one.time()] for one in starts[at:change]])
            if change < after:
                _add(days, since, [since + texts[one.time()] for one in starts[change:after]])
        at = after
    return days


def _add(days: dict[str, list[str]], day: str, texts: list[str]) -> None:
    if day in days:
        days[day] += texts
    else:
        days[day] = texts


def _write_each(days: dict[str, list[str]], starts: Sequence[datetime], timezone: str) -> None:
    zone = ZoneInfo(timezone)
    for start in starts:
        text = start.astimezone(zone).isoformat()
        _add(days, text[:10], [text])


class _Day(NamedTuple):
    """A day in UTC and the two local dates that it lies on, as long as the clock stays as it is.

    Attributes:
        following: When it ends.
        midnight: When the second of the dates begins.
        texts: What follows the date in the text of a start; None where the clock changes.
        before: The first date.
        since: The second.
    """

    following: datetime
    midnight: datetime
    texts: Mapping[time, str] | None
    before: str
    since: str


@lru_cache(maxsize=4096)
def _day(timezone: str, day: int) -> _Day:
    zone = ZoneInfo(timezone)
    begin = datetime.fromordinal(day).replace(tzinfo=UTC)
    offsets = {(begin + moment).astimezone(zone).utcoffset() for moment in _MOMENTS}
    offset = offsets.pop() or timedelta()
    midnight = begin + -offset % _DAY
    since = (midnight + offset).date()
    return _Day(
        following=begin + _DAY,
        midnight=midnight,
        texts=None if offsets else _texts(offset),
        before=(since - _DAY).isoformat(),
        since=since.isoformat(),
    )


class _Texts(dict[time, str]):
    """Times of the day in UTC, and how they are written at one offset; worked out once each."""

    def __init__(self, offset: timedelta) -> None:
        super().__init__()
        self._there = fixed(offset)

    def __missing__(self, clock: time) -> str:
        there = datetime.combine(_ANY_DATE, clock, UTC).astimezone(self._there)
        text = self[clock] = there.isoformat()[10:]
        return text


@lru_cache(maxsize=64)
def _texts(offset: timedelta) -> _Texts:
    return _Texts(offset)
