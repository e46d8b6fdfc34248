"""Zones that an entry defines itself, under a name that nobody knows.

A VTIMEZONE is somebody else's set of rules. It is not run to read times by: it is compared with the
zones that exist, and where one of them has the same offsets over the years around what we look at,
that one is meant. A definition without any change of the clock is no such proof: programs write
those for places whose clocks do change.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from booking.calendars import rules
from booking.calendars.moments import Clocks
from booking.calendars.reduced import name_of, value
from booking.calendars.zones import all_zones, load, offset_of

MAX_OBSERVANCES: Final = 200
MAX_LETTERS: Final = 50_000
_BACK: Final = timedelta(days=800)
_INSTANT: Final = timedelta(seconds=1)


class _Change(NamedTuple):
    """From *at* on clocks are *offset* ahead of UTC; before that *before*."""

    at: datetime
    offset: timedelta
    before: timedelta


def zone_like(
    observances: Iterable[Sequence[str]], *, start: datetime, end: datetime, home: str
) -> str | None:
    """Return the zone whose offsets are those of a VTIMEZONE; None where there is no such proof.

    Args:
        observances: The lines of each STANDARD and DAYLIGHT in it.
        start: From when; the whole year counts.
        end: Until when; the whole year counts.
        home: The zone to prefer among those that have them.
    """
    lines = tuple(tuple(each) for each in observances)
    letters = sum(len(line) for each in lines for line in each)
    if not lines or len(lines) > MAX_OBSERVANCES or letters > MAX_LETTERS:
        return None
    return _zone_like(lines, start.year, end.year, home)


@lru_cache(maxsize=256)
def _zone_like(
    observances: tuple[tuple[str, ...], ...], first: int, last: int, home: str
) -> str | None:
    start, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    try:
        expected = list(_expected(_changes(observances, start, end), start, end))
    except (ValueError, KeyError, OverflowError):
        return None
    if len({offset for _, offset in expected}) < 2:  # noqa: PLR2004  # summer and winter
        return None
    for name in (home, *all_zones()):
        zone = load(name)
        if all(instant.astimezone(zone).utcoffset() == offset for instant, offset in expected):
            return name
    return None


def offsets_in(observances: Iterable[Sequence[str]]) -> list[timedelta]:
    """Return the offsets that stand in a VTIMEZONE, each once."""
    found: dict[timedelta, None] = {}
    for lines in observances:
        for line in lines:
            if name_of(line) == "TZOFFSETTO":
                try:
                    found[offset_of(value(line))] = None
                except ValueError:
                    continue
    return list(found)


def _changes(observances: Sequence[Sequence[str]], start: datetime, end: datetime) -> list[_Change]:
    return sorted(change for each in observances for change in _onsets(each, start, end))


def _onsets(lines: Sequence[str], start: datetime, end: datetime) -> Iterator[_Change]:
    """Yield when one observance begins; RFC 5545, 3.6.5."""
    clocks = Clocks(UTC, {}, utc_rules=True)
    found = {name_of(line): line for line in lines}
    offset, before = (offset_of(value(found[name])) for name in ("TZOFFSETTO", "TZOFFSETFROM"))
    onset = clocks.moment(found["DTSTART"])
    walls = [onset.wall]
    for line in lines:
        if name_of(line) == "RDATE":
            walls += [moment.wall for moment, _ in clocks.periods(line)]
        elif name_of(line) == "RRULE":
            rule = rules.parse(value(line))
            # UNTIL is in UTC there; a day more or less makes no difference to a clock in spring.
            until = clocks.last_of(rule.until, onset) if rule.until else None
            run = rules.run(
                rule,
                onset.wall,
                first=(start - _BACK).replace(tzinfo=None),
                last=end.replace(tzinfo=None),
                until=until + timedelta(days=1) if until else None,
            )
            walls += run.times
    for wall in walls:
        yield _Change((wall - before).replace(tzinfo=UTC), offset, before)


def _expected(
    changes: Sequence[_Change], start: datetime, end: datetime
) -> Iterator[tuple[datetime, timedelta]]:
    """Yield instants with the offset that is to be in force then."""
    current = changes[0].before
    for change in changes:
        if change.at <= start:
            current = change.offset
    yield start, current
    for change in changes:
        if start < change.at < end:
            yield change.at - _INSTANT, current
            current = change.offset
            yield change.at, current
    yield end - _INSTANT, current
