"""Recurrence rules: which we run, and the times they name by the clock on the wall.

A rule is somebody else's program. This one is run period by period (a day, a week, a month, a
year), from shortly before the time we look at until its end, so that the work depends on how long
we look and not on what the rule says: the 30th of February costs as much as a Monday, and a rule of
1601 as much as one of today. Only rules that count must be run from where they begin; how far is
limited. What is left is refused, which keeps the advisor's whole horizon closed and says so.

Where calendar programs differ on what a rule means, all of their times are named, and the rule is
*doubtful*.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time
from itertools import count as count_from
from itertools import product
from typing import Final, NamedTuple

from msgspec import Struct

MAX_WORK: Final = 20_000
"""How many days and times we go through for one rule: 27 years of days that are counted."""

MAX_TIMES: Final = 24
"""How often on a day."""

_FREQUENCIES: Final = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}
"""How many days are looked at in each turn."""

_TOO_OFTEN: Final = {"SECONDLY", "MINUTELY", "HOURLY"}
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_RANGES: Final = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 60),
}
_FILTERS: Final = {
    "DAILY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "WEEKLY": {"BYDAY", "BYMONTH", "BYSETPOS"},
    "MONTHLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY"},
}
"""What RFC 5545 allows to narrow each frequency, and what we know the meaning of."""

_TIMES: Final = {"BYHOUR", "BYMINUTE", "BYSECOND"}
_NEUTRAL: Final = {"RSCALE": "GREGORIAN", "SKIP": "OMIT"}
"""Parts of RFC 7529 that change nothing with this value."""

_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LAST_YEAR: Final = 9000


class RuleRefused(ValueError):
    """We do not run this rule."""


class Rule(Struct, frozen=True, kw_only=True):
    """A rule that we are willing to run.

    Attributes:
        until: The text of UNTIL, whose meaning depends on what it stands beside.
        days: Weekdays (Monday is 0), each with which of them is meant; 0 is every.
        doubtful: Whether calendar programs differ on what it means.
    """

    frequency: str
    interval: int
    count: int | None
    until: str | None
    week_start: int
    months: frozenset[int]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weeks: frozenset[int]
    days: tuple[tuple[int, int], ...]
    positions: tuple[int, ...]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    doubtful: bool


class Run(NamedTuple):
    """The times a rule names, in order; *goes_on* when there may be more after them."""

    times: list[datetime]
    goes_on: bool


def parse(text: str) -> Rule:
    """Read the value of an RRULE.

    Raises:
        ValueError: Nobody could tell what it means.
        RuleRefused: We do not run it.
    """
    parts = _parts(text)
    frequency = parts.pop("FREQ", "")
    if frequency in _TOO_OFTEN:
        raise RuleRefused("frequency")
    if frequency not in _FREQUENCIES:
        raise ValueError("FREQ")
    for name, neutral in _NEUTRAL.items():
        if parts.pop(name, neutral) != neutral:
            raise RuleRefused("another calendar than ours")
    known = {"INTERVAL", "COUNT", "UNTIL", "WKST"} | _TIMES | _FILTERS[frequency]
    if not parts.keys() <= known:
        raise RuleRefused("parts")
    numbers = {name: _numbers(name, parts[name]) for name in _RANGES if name in parts}
    days = tuple(_weekday(each) for each in parts["BYDAY"].split(",")) if "BYDAY" in parts else ()
    interval, count = int(parts.get("INTERVAL", "1")), int(parts.get("COUNT", "1"))
    if interval < 1:
        raise RuleRefused("interval")
    rule = Rule(
        frequency=frequency,
        interval=interval,
        count=count if "COUNT" in parts and count > 0 else None,
        until=parts.get("UNTIL"),
        week_start=_DAYS.index(parts.get("WKST", "MO")),
        months=frozenset(numbers.get("BYMONTH", ())),
        month_days=frozenset(numbers.get("BYMONTHDAY", ())),
        year_days=frozenset(numbers.get("BYYEARDAY", ())),
        weeks=frozenset(numbers.get("BYWEEKNO", ())),
        days=days,
        positions=numbers.get("BYSETPOS", ()),
        hours=numbers.get("BYHOUR", ()),
        minutes=numbers.get("BYMINUTE", ()),
        seconds=tuple(min(second, 59) for second in numbers.get("BYSECOND", ())),
        doubtful=_doubtful(frequency, parts, days, count),
    )
    if len(rule.hours or "1") * len(rule.minutes or "1") * len(rule.seconds or "1") > MAX_TIMES:
        raise RuleRefused("times")
    if not _days_exist(rule):
        raise RuleRefused("day that never comes")
    return rule


def run(
    rule: Rule,
    start: datetime,
    *,
    first: datetime,
    last: datetime,
    until: datetime | None = None,
    dated: bool = False,
) -> Run:
    """Return the times that a rule names, by the clock on the wall and without a zone.

    Args:
        rule: The rule.
        start: DTSTART.
        first: Earlier times are left out.
        last: Later times are left out.
        until: What the rule's own UNTIL means on that clock.
        dated: Whether the event takes whole days, for which times of the day mean nothing.

    Raises:
        RuleRefused: It counts, and begins too long ago; or it names too much.
    """
    # A rule with both ends (which RFC 5545 forbids) runs to the later of the two.
    end = last if until is None or rule.count else min(last, until)
    clocks = _clocks(rule, start, dated=dated)
    times: list[datetime] = []
    counted = 0
    begin = 0 if rule.count else max(0, _periods_before(rule, start, first) - 1)
    work = 0
    for index in count_from(begin):
        period = _period(rule, start, index)
        if period is None or period.first > end.toordinal():
            break
        work += _FREQUENCIES[rule.frequency] + len(period.days) * len(clocks)
        if work > MAX_WORK:
            raise RuleRefused("too long ago")
        for moment in _moments(rule, period.days, clocks, start):
            counted += 1
            if rule.count and counted > rule.count and (until is None or moment > until):
                return Run(times, goes_on=False)
            if first <= moment <= end:
                times.append(moment)
    return Run(times, goes_on=rule.count is not None or until is None or until > last)


class _Period(NamedTuple):
    """One turn of a rule: the number of its first day, and its days that fit the rule."""

    first: int
    days: list[int]


# --- reading -------------------------------------------------------------------------------------


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().strip(";").split(";"):
        name, _, found = part.partition("=")
        if not found or name in parts:
            raise ValueError("a part of a rule")
        parts[name] = found
    return parts


def _numbers(name: str, text: str) -> tuple[int, ...]:
    least, most = _RANGES[name]
    numbers = tuple(sorted({int(each) for each in text.split(",")}))
    if any(not least <= number <= most or (number == 0 and least != 0) for number in numbers):
        raise ValueError(name)
    return numbers


def _weekday(text: str) -> tuple[int, int]:
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError("BYDAY")
    return _DAYS.index(found.group(2)), int(found.group(1) or 0)


def _doubtful(
    frequency: str, parts: Collection[str], days: Iterable[tuple[int, int]], count: int
) -> bool:
    """Tell whether programs differ on what a rule of these parts means."""
    if frequency != "MONTHLY":
        nth = any(which for _, which in days)
        if nth and "BYMONTHDAY" in parts and "BYMONTH" not in parts:
            raise RuleRefused("the first Monday of what")
        if "BYSETPOS" in parts or (nth and (frequency != "YEARLY" or "BYMONTHDAY" in parts)):
            return True
        if nth and "BYYEARDAY" in parts:
            return True
    return "BYWEEKNO" in parts or ("COUNT" in parts and (count < 1 or "UNTIL" in parts))


def _days_exist(rule: Rule) -> bool:
    longest = max(_LONGEST[month - 1] for month in rule.months or range(1, 13))
    return not rule.month_days or any(abs(day) <= longest for day in rule.month_days)


# --- running -------------------------------------------------------------------------------------


def _clocks(rule: Rule, start: datetime, *, dated: bool) -> list[time]:
    if dated or not (rule.hours or rule.minutes or rule.seconds):
        return [start.time()]
    return [
        time(hour, minute, second)
        for hour, minute, second in product(
            rule.hours or (start.hour,),
            rule.minutes or (start.minute,),
            rule.seconds or (start.second,),
        )
    ]


def _moments(
    rule: Rule, days: Iterable[int], clocks: list[time], start: datetime
) -> Iterable[datetime]:
    """Return the times of one period from *start* on."""
    every = [datetime.combine(date.fromordinal(day), clock) for day in days for clock in clocks]
    if not rule.positions:
        return [moment for moment in every if moment >= start]
    chosen = set(_at(rule.positions, every))
    if rule.frequency != "MONTHLY":
        # Positions count from where the period begins; in the first some count from DTSTART.
        chosen.update(_at(rule.positions, [moment for moment in every if moment >= start]))
    return sorted(moment for moment in chosen if moment >= start)


def _at(positions: tuple[int, ...], moments: list[datetime]) -> Iterator[datetime]:
    for position in positions:
        index = position - 1 if position > 0 else position
        if -len(moments) <= index < len(moments):
            yield moments[index]


def _periods_before(rule: Rule, start: datetime, first: datetime) -> int:
    """Return how many periods have certainly begun before *first*."""
    if rule.frequency in {"DAILY", "WEEKLY"}:
        days = rule.interval * (1 if rule.frequency == "DAILY" else 7)
        return (first.toordinal() - start.toordinal()) // days
    months = (first.year - start.year) * 12 + first.month - start.month
    return months // (rule.interval * (1 if rule.frequency == "MONTHLY" else 12))


def _period(rule: Rule, start: datetime, index: int) -> _Period | None:
    """Return a period of the rule; None when it lies after all time."""
    far = index * rule.interval
    if far > _LAST_YEAR * 366:
        return None
    if rule.frequency == "DAILY":
        day = start.toordinal() + far
        return _Period(day, [day] if _fits(rule, day) else []) if _exists(day) else None
    if rule.frequency == "WEEKLY":
        return _week(rule, start, far)
    month = (start.year * 12 + start.month - 1 if rule.frequency == "MONTHLY" else 0) + far
    year = month // 12 if rule.frequency == "MONTHLY" else start.year + far
    if year > _LAST_YEAR:
        return None
    if rule.frequency == "MONTHLY":
        days = _in_month(rule, year, month % 12 + 1, start.day)
        return _Period(date(year, month % 12 + 1, 1).toordinal(), days)
    # The first week of a year may begin in the year before.
    return _Period(date(year, 1, 1).toordinal() - 6, _in_year(rule, year, start))


def _exists(day: int) -> bool:
    return day < _LAST_YEAR * 365


def _week(rule: Rule, start: datetime, weeks: int) -> _Period | None:
    monday = start.toordinal() - (start.weekday() - rule.week_start) % 7 + weeks * 7
    if not _exists(monday):
        return None
    wanted = {day for day, _ in rule.days} or {start.weekday()}
    offsets = sorted((day - rule.week_start) % 7 for day in wanted)
    days = [monday + offset for offset in offsets]
    if rule.months:
        days = [day for day in days if date.fromordinal(day).month in rule.months]
    return _Period(monday, days)


def _fits(rule: Rule, day: int) -> bool:
    if rule.days and not any(weekday == (day - 1) % 7 for weekday, _ in rule.days):
        return False
    if not (rule.months or rule.month_days):
        return True
    found = date.fromordinal(day)
    if rule.months and found.month not in rule.months:
        return False
    length = monthrange(found.year, found.month)[1]
    return not rule.month_days or bool(rule.month_days & {found.day, found.day - length - 1})


def _in_month(rule: Rule, year: int, month: int, usual: int) -> list[int]:
    """Return the days of one month that fit a rule by months."""
    if rule.months and month not in rule.months:
        return []
    length = monthrange(year, month)[1]
    before = date(year, month, 1).toordinal() - 1
    if not (rule.month_days or rule.days):
        return [before + usual] if usual <= length else []
    return [
        before + day
        for day in range(1, length + 1)
        if (not rule.month_days or rule.month_days & {day, day - length - 1})
        and (not rule.days or _is_weekday(rule.days, before + day, day, length))
    ]


def _is_weekday(days: tuple[tuple[int, int], ...], number: int, day: int, length: int) -> bool:
    """Tell whether a day is one of these weekdays of a period of so many days."""
    weekday = (number - 1) % 7
    which = {0, (day - 1) // 7 + 1, -((length - day) // 7 + 1)}
    return any(each == weekday and nth in which for each, nth in days)


def _in_year(rule: Rule, year: int, start: datetime) -> list[int]:
    """Return the days of one year that fit a rule by years."""
    if rule.weeks or rule.year_days:
        return _by_number(rule, year)
    if rule.months or rule.month_days:
        months = sorted(rule.months) or range(1, 13)
        return [day for month in months for day in _in_month(rule, year, month, start.day)]
    if not rule.days:
        return _in_month(rule, year, start.month, start.day)
    before = date(year, 1, 1).toordinal() - 1
    length = date(year, 12, 31).toordinal() - before
    return [
        before + day
        for day in range(1, length + 1)
        if _is_weekday(rule.days, before + day, day, length)
    ]


def _by_number(rule: Rule, year: int) -> list[int]:
    """Return the days of the year's weeks or days that have these numbers.

    Programs differ on which day of a week is meant when the rule does not say so: all are returned.
    """
    january = date(year, 1, 1).toordinal()
    length = date(year + 1, 1, 1).toordinal() - january
    wanted = {day for day, _ in rule.days}
    found: list[int] = []
    for day in range(january - 6, january + length + 6):
        of_year = day - january + 1
        if not (0 < of_year <= length) and not rule.weeks:
            continue
        if rule.year_days and not rule.year_days & {of_year, of_year - length - 1}:
            continue
        if rule.weeks and not _in_weeks(rule, year, day):
            continue
        if wanted and (day - 1) % 7 not in wanted:
            continue
        calendar_day = date.fromordinal(day)
        if rule.months and calendar_day.month not in rule.months:
            continue
        end_of_month = monthrange(calendar_day.year, calendar_day.month)[1]
        if rule.month_days and not rule.month_days & {
            calendar_day.day,
            calendar_day.day - end_of_month - 1,
        }:
            continue
        found.append(day)
    return found


def _in_weeks(rule: Rule, year: int, day: int) -> bool:
    first = _first_week(year, rule.week_start)
    weeks = (_first_week(year + 1, rule.week_start) - first) // 7
    number = (day - first) // 7 + 1
    return 1 <= number <= weeks and bool(rule.weeks & {number, number - weeks - 1})


def _first_week(year: int, week_start: int) -> int:
    """Return the first day of the first week, the one with most of its days in the year."""
    january = date(year, 1, 1).toordinal()
    into = ((january - 1) % 7 - week_start) % 7
    return january - into if into <= 3 else january - into + 7  # noqa: PLR2004  # four days at least
