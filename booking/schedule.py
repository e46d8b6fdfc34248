"""Working hours by the wall clock, turned into stretches of working time by the instant.

The rules, which hold in every zone and under any zone of the process:

* A local time that does not exist (gap) moves to the end of the gap. A local time that exists
  twice (fold) is the first occurrence as the start of a range and the second as its end.
* A range whose end is not after its start ends on the next local date. It belongs to the date on
  which it starts, so a day off does not cut the night range that began the day before.
* Ranges of one date that overlap are one range. What a night range runs into on the next
  date is one range with it, laid out from the evening's start. Ranges that merely touch stay two,
  each with its own first start, but a meeting may run on from one into the next.

Instants are whole seconds since 1970-01-01 UTC.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

import tzdata  # type: ignore[import-untyped]  # ships no types
from msgspec import Struct

from booking.model import Day, ScheduleInput, TimeRange, WeeklyRange

DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 86_400


class Stretch(Struct, frozen=True):
    """Working time from *start* up to *end*, whose meetings begin every so often from *anchor*.

    A meeting that begins here must have ended by *until*, where working time stops; that is later
    than *end* where the next stretch touches this one.
    """

    anchor: int
    start: int
    end: int
    until: int


def working_time(schedule: ScheduleInput, start: int, end: int) -> list[Stretch]:
    """Return all stretches that have time between *start* and *end*, whole and in order.

    Their *until* is exact up to *end*, so ask beyond the last start by the length of a meeting.
    """
    zone = ZoneInfo(schedule.timezone)
    # A range that reaches into the span begins at most two dates before it.
    first = datetime.fromtimestamp(start, zone).toordinal() - 2
    last = datetime.fromtimestamp(end, zone).toordinal() + 1
    pieces = list(_pieces(schedule, first, last))
    stretches: list[Stretch] = []
    until = following = pieces[-1][2] if pieces else 0
    for anchor, begin, finish in reversed(pieces):
        if finish != following:
            until = finish
        following = begin
        if begin < end and finish > start:
            stretches.append(Stretch(anchor, begin, finish, until))
    stretches.reverse()
    return stretches


def _pieces(schedule: ScheduleInput, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Yield (anchor, start, end) of the dates *first* to *last*, disjoint and in order."""
    weekly = _by_weekday(schedule.weekly)
    overrides = {entry.date.toordinal(): entry.ranges for entry in schedule.overrides}

    def ranges(day: int) -> list[tuple[int, int]]:
        hours = overrides.get(day)
        return _resolve(schedule.timezone, day, weekly[(day - 1) % 7] if hours is None else hours)

    eve = ranges(first - 1)
    # What the day before reaches into this one; it hands on its anchor to one date only, so that
    # the same instant gets the same anchor whichever dates were asked for.
    night = eve[-1] if eve else (0, 0)
    covered = night[1]
    for day in range(first, last + 1):
        today = ranges(day)
        for start, end in today:
            anchor = night[0] if start < night[1] else start
            if end > covered:
                yield anchor, max(start, covered), end
                covered = end
        if today:
            night = today[-1]


def _by_weekday(weekly: Sequence[WeeklyRange]) -> list[list[WeeklyRange]]:
    return [[entry for entry in weekly if entry.day == day] for day in DAYS]


def _resolve(
    zone: str, day: int, hours: Sequence[TimeRange | WeeklyRange]
) -> list[tuple[int, int]]:
    """Return the ranges of one local date as instants, in order, overlaps joined."""
    spans = []
    for entry in hours:
        begin, finish = _minutes(entry.start), _minutes(entry.end)
        if finish <= begin:
            finish += 1440
        start = instant(zone, day, begin, last=False)
        end = instant(zone, day + finish // 1440, finish % 1440, last=True)
        if start < end:
            spans.append((start, end))
    spans.sort()
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


# --- local time ----------------------------------------------------------------------------------


def instant(zone: str, day: int, minute: int, *, last: bool) -> int:
    """Return when it is *minute* minutes past midnight on the date with the ordinal *day*.

    Where that time comes twice, *last* takes the second occurrence.
    """
    midnight = _plain_midnight(zone, day)
    if midnight is not None:
        return midnight + minute * 60
    wall = datetime.fromordinal(day) + timedelta(minutes=minute)
    before, after = _utc(zone, wall, fold=0), _utc(zone, wall, fold=1)
    if before > after:
        return _change(zone, after, before)
    return after if last else before


@lru_cache(maxsize=16_384)
def _plain_midnight(zone: str, day: int) -> int | None:
    """Return the instant of the date's midnight, or None if the clocks change on that date."""
    wall = datetime.fromordinal(day)
    midnight = _utc(zone, wall, fold=0)
    marks = (midnight, _utc(zone, wall, fold=1), _utc(zone, wall + timedelta(days=1), fold=0))
    return midnight if marks[0] == marks[1] == marks[2] - _DAY else None


def _utc(zone: str, wall: datetime, *, fold: int) -> int:
    return int(wall.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def _change(zone: str, low: int, high: int) -> int:
    """Return the instant between *low* and *high* at which the clocks change."""
    offset = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: str, at: int) -> timedelta | None:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()


def local_date(zone: str, at: datetime) -> date:
    """Return the date on the wall in *zone* at the instant *at*."""
    return at.astimezone(ZoneInfo(zone)).date()


def epoch(at: datetime) -> int:
    """Return an instant as whole seconds, the last begun."""
    return int(at.timestamp() // 1)


def not_before(at: datetime) -> int:
    """Return the first whole second that is not before *at*."""
    return -int(-at.timestamp() // 1)


def from_epoch(at: int) -> datetime:
    """Return whole seconds as an instant in UTC."""
    return datetime.fromtimestamp(at, UTC)


@lru_cache(maxsize=1)
def zone_rules_version() -> str:
    """Return the version of the time zone database that answers here, such as ``2026a``."""
    for folder in TZPATH:
        rules = Path(folder, "tzdata.zi")
        if rules.is_file():
            with rules.open(encoding="ascii") as lines:
                return lines.readline().removeprefix("# version ").strip()
    return str(tzdata.IANA_VERSION)
