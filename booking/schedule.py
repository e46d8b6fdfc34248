"""Hours by the wall clock, turned into stretches of working time by the instant.

The rules, which hold in every zone and under any zone of the process:

* A local time that does not exist (gap) moves to the end of the gap. A local time that exists
  twice (fold) is the first occurrence as the start of a range and the second as its end.
* A range whose end is not after its start ends on the next local date. It belongs to the date on
  which it starts, so a day off does not cut the night range that began the day before.
* An override replaces the hours of its date, and so does a holiday by none at all. Where a date
  has both, the override holds: whoever writes hours for a holiday means them.
* Ranges of one date that overlap are one range. What a night range runs into on the next
  date is one range with it, laid out from the evening's start. Ranges that merely touch stay two,
  each with its own first start, but a meeting may run on from one into the next.
* Several sets of hours that are laid out together follow the same rules, as if they were one.

Instants are whole seconds since 1970-01-01 UTC; a day is the ordinal of its date.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias
from zoneinfo import TZPATH, ZoneInfo

import tzdata  # type: ignore[import-untyped]  # ships no types
from msgspec import Struct

from booking.hours import DAY_MINUTES, DAYS, Hours, TimeRange, WeeklyRange, days_off

_DAY: Final = 86_400
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_ALWAYS: Final = (date.min.toordinal(), date.max.toordinal())
_KEPT: Final = 1024
"""How many laid out sets of hours a process keeps; a month of one is about 6 kB."""
_BEFORE: Final = 4
"""UTC dates before the asked time that are laid out as well, so that *since* reaches two days
back: one date for zones ahead of UTC, one for a night."""
_AFTER: Final = 3


class Stretch(Struct, frozen=True):
    """Working time from *start* up to *end*, whose meetings begin every so often from *anchor*.

    A meeting that begins here lies, with its preparation, between *since* and *until*: working
    time begins earlier than *start* where the stretch before touches this one, and stops later
    than *end* where the next one does.

    Attributes:
        anchor: Where the grid of this range begins, before any offset.
        zone: By whose wall clock it was laid out.
    """

    anchor: int
    start: int
    end: int
    since: int
    until: int
    zone: str


class Plan(Struct, frozen=True):
    """Hours as they hold from one date to another, ready to be laid out.

    Attributes:
        overrides: Day -> its ranges, as pairs.
        closed: Days on which the weekly hours do not hold.
        days: The first and the last day that it holds for.
        abroad: First and last day of journeys, and by which zone's clock it is read on them.
        between: Ranges begin from the first of these instants up to, not including, the second.
    """

    zone: str
    weekly: tuple[WeeklyRange, ...]
    overrides: tuple[tuple[int, tuple[TimeRange, ...]], ...] = ()
    closed: tuple[int, ...] = ()
    days: tuple[int, int] = _ALWAYS
    abroad: tuple[tuple[int, int, str], ...] = ()
    between: tuple[int, int] | None = None


_Dated: TypeAlias = tuple[int, int, int, str]
"""A range: its day, where it starts, where it ends, and its zone."""


def working_time(hours: Hours, start: int, end: int) -> list[Stretch]:
    """Return all stretches that have time between *start* and *end*, whole and in order.

    Their *since* and *until* are exact up to two days before *start* and after *end*, which is
    more than a meeting with its preparation or wrapping up can last.
    """
    return lay_out((plan(hours, start, end),), start, end)


def plan(
    hours: Hours,
    start: int,
    end: int,
    *,
    days: tuple[int, int] = _ALWAYS,
    abroad: tuple[tuple[int, int, str], ...] = (),
    between: tuple[int, int] | None = None,
) -> Plan:
    """Return what of some hours matters between *start* and *end*."""
    first, last = _days_around(start, end)
    closed: tuple[int, ...] = ()
    if hours.holidays is not None:
        off = days_off(hours.holidays, date.fromordinal(first), date.fromordinal(last))
        closed = tuple(day.toordinal() for day in off)
    return Plan(
        zone=hours.timezone,
        weekly=tuple(hours.weekly),
        overrides=tuple(
            (day, tuple(entry.ranges))
            for entry in hours.overrides
            if first <= (day := entry.date.toordinal()) <= last
        ),
        closed=closed,
        days=days,
        abroad=abroad,
        between=between,
    )


def lay_out(plans: tuple[Plan, ...], start: int, end: int) -> list[Stretch]:
    """Return the working time of several plans together, as ``working_time`` does of one."""
    return [
        stretch
        for stretch in _laid_out(plans, *_days_around(start, end))
        if stretch.start < end and stretch.end > start
    ]


def joined(pieces: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches, in order and apart, with the working time they make up together.

    What touches is one working time: it begins where the first does, and ends where the last does.
    """
    whole: list[Stretch] = []
    run: list[Stretch] = []
    for piece in pieces:
        if run and run[-1].end != piece.start:
            whole += _as_one(run)
            run = []
        run.append(piece)
    return whole + _as_one(run)


def _as_one(run: list[Stretch]) -> list[Stretch]:
    if len(run) < 2:  # noqa: PLR2004  # one touches nothing
        return run
    since, until = min(piece.since for piece in run), max(piece.until for piece in run)
    return [
        Stretch(piece.anchor, piece.start, piece.end, since, until, piece.zone) for piece in run
    ]


def apart(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield stretches in order and without overlaps; what lay in several is in one.

    A stretch that begins inside others is laid out from where the earliest of them was, and is
    left with what they do not cover.
    """
    covered = 0
    inside: list[tuple[int, int]] = []
    for one in sorted(stretches, key=_order):
        if not inside or one.start >= covered:
            inside = [(one.anchor, one.end)]
            covered = one.end
            yield one
            continue
        anchor = min(begun for begun, end in inside if end > one.start)
        inside.append((one.anchor, one.end))
        if one.end > covered:
            yield Stretch(min(anchor, one.anchor), covered, one.end, one.since, one.until, one.zone)
            covered = one.end


def _order(one: Stretch) -> tuple[int, int, int, str]:
    return one.start, -one.end, one.anchor, one.zone


def ordinal(at: int) -> int:
    """Return the day in UTC that holds the instant *at*."""
    return at // _DAY + _EPOCH_DAY


def _days_around(start: int, end: int) -> tuple[int, int]:
    return ordinal(start) - _BEFORE, ordinal(end) + _AFTER


# --- from days to instants -----------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def _laid_out(plans: tuple[Plan, ...], first: int, last: int) -> tuple[Stretch, ...]:
    """Return all working time of the days *first* to *last*."""
    dated = sorted(entry for one in plans for entry in _dated(one, first, last))
    whole: list[_Dated] = []
    for day, start, end, zone in dated:
        if whole and whole[-1][0] == day and start < whole[-1][2]:
            _, begun, ended, clock = whole[-1]
            whole[-1] = (day, begun, max(end, ended), clock)
        else:
            whole.append((day, start, end, zone))
    ranges = (Stretch(start, start, end, start, end, zone) for _, start, end, zone in whole)
    return tuple(joined(apart(ranges)))


def _dated(one: Plan, first: int, last: int) -> Iterator[_Dated]:
    """Yield the ranges of a plan day by day; those of one day may overlap on a night of change."""
    weekly = [_minutes(entry for entry in one.weekly if entry.day == day) for day in DAYS]
    special = {**dict.fromkeys(one.closed, ()), **{day: _minutes(of) for day, of in one.overrides}}
    for day in range(max(first, one.days[0]), min(last, one.days[1]) + 1):
        ranges = special.get(day)
        if ranges is None:
            ranges = weekly[(day - 1) % 7]
        if not ranges:
            continue
        zone = one.zone
        for leaves, returns, clock in one.abroad:
            if leaves <= day <= returns:
                zone = clock
        midnight = _plain_midnight(zone, day)
        for begin, finish in ranges:
            if midnight is not None and finish < DAY_MINUTES:
                start, end = midnight + begin * 60, midnight + finish * 60
            else:
                start = instant(zone, day, begin, last=False)
                end = instant(zone, day + finish // DAY_MINUTES, finish % DAY_MINUTES, last=True)
            if start < end and (one.between is None or one.between[0] <= start < one.between[1]):
                yield day, start, end, zone


def _minutes(ranges: Iterable[TimeRange]) -> tuple[tuple[int, int], ...]:
    """Return ranges of one day in minutes from its midnight, in order, overlaps joined."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(entry.minutes for entry in ranges):
        if whole and start < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return tuple(whole)


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
    tomorrow = wall + timedelta(days=1)
    midnight = _utc(zone, wall, fold=0)
    marks = (
        _utc(zone, wall, fold=1),
        _utc(zone, tomorrow, fold=0) - _DAY,
        _utc(zone, tomorrow, fold=1) - _DAY,
    )
    return midnight if all(mark == midnight for mark in marks) else None


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


def local_midnight(zone: str, at: int) -> int:
    """Return where the local day begins that holds the instant *at*."""
    return _midnight(zone, _local_day(zone, at))


def day_span(zone: str, at: int, period: Literal["day", "week", "month"]) -> tuple[int, int]:
    """Return the local day, week from Monday or month that holds the instant *at*."""
    day = _local_day(zone, at)
    if period == "day":
        first, following = day, day + 1
    elif period == "week":
        first = day - (day - 1) % 7
        following = first + 7
    else:
        month = date.fromordinal(day).replace(day=1)
        first = month.toordinal()
        following = (month + timedelta(days=31)).replace(day=1).toordinal()
    return _midnight(zone, first), _midnight(zone, following)


def _local_day(zone: str, at: int) -> int:
    day = datetime.fromtimestamp(at, ZoneInfo(zone)).toordinal()
    # Where the clocks go back across midnight, the new day has begun although the wall says not.
    return day + 1 if _midnight(zone, day + 1) <= at else day


def _midnight(zone: str, day: int) -> int:
    """Return where a day begins: at its first midnight, or after the gap that swallows it."""
    return instant(zone, day, 0, last=False)


def local_date(zone: str, at: datetime) -> date:
    """Return the date on the wall in *zone* at the instant *at*."""
    return at.astimezone(ZoneInfo(zone)).date()


def epoch(at: datetime) -> int:
    """Return an instant as whole seconds, the last begun."""
    return int(at.timestamp() // 1)


def not_before(at: datetime) -> int:
    """Return the first whole second that is not before *at*."""
    return -int(-at.timestamp() // 1)


@lru_cache(maxsize=65_536)
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
