"""When somebody says in their own calendar that they can be booked (VAVAILABILITY, RFC 7953).

Pure. It is read only when its owner asks for it: what somebody publishes for colleagues is not by
itself when a bank offers meetings. Here doubt opens nothing: what cannot be read to the minute is
an error.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from booking.calendars.moments import Clocks
from booking.calendars.reduced import Oversized, Reduced, name_of, reduce
from booking.calendars.series import Event, Series, extent_of, read_event
from booking.calendars.zones import load
from booking.hours import DAYS, WeeklyRange
from kernel.busy import BusyPolicy
from kernel.spans import Span, intersect, merge

_POLICY: Final = BusyPolicy()
_DAY: Final = timedelta(days=1)
_BOUNDS: Final = ("DTSTART", "DTEND")


class AvailabilityUnreadable(ValueError):
    """Nobody could tell from this when its owner can be booked."""


class Availability(Struct, frozen=True, kw_only=True):
    """When somebody can be booked.

    Attributes:
        timezone: The zone of the weekly hours.
        weekly: The same hours as a schedule has them, where they come back every week for good and
            there is nothing else; None where a schedule could not say the same.
        spans: When that is within the horizon.
    """

    timezone: str
    weekly: list[WeeklyRange] | None
    spans: list[Span]


def availability_of(raw: bytes, *, zone: str, horizon: Span) -> Availability:
    """Return when the owner of a calendar says they can be booked.

    Args:
        raw: The object as the server sent it.
        zone: IANA zone of its owner, for floating times and for the weekly hours.
        horizon: Times outside of it are left out.

    Raises:
        AvailabilityUnreadable: It cannot be read to the minute.
    """
    try:
        reduced = reduce(raw)
        clocks = _clocks(reduced, zone)
        events = [read_event(lines, clocks, (), _POLICY) for lines in reduced.available]
        bounds = _bounds(reduced.availability[0], clocks, horizon)
        by_uid: dict[str | int, list[Event]] = {}
        for number, event in enumerate(events):
            by_uid.setdefault(event.uid or number, []).append(event)
        series = [Series(each, horizon) for each in by_uid.values()]
        open_ = merge(Span(start, end) for each in series for start, end, _ in each.taken())
        if any(each.doubts for each in series):
            raise AvailabilityUnreadable("programs read this differently")
    except (Oversized, LookupError, ValueError, OverflowError) as problem:
        raise AvailabilityUnreadable(str(problem)) from problem
    bounded = any(name_of(line) in _BOUNDS for line in reduced.availability[0])
    return Availability(
        timezone=zone,
        weekly=None if bounded else _weekly(events, zone),
        spans=list(intersect(open_, [bounds])),
    )


def _clocks(reduced: Reduced, zone: str) -> Clocks:
    if not reduced.whole or reduced.unknown or reduced.utc_twice:
        raise AvailabilityUnreadable("cut off, or in a zone that cannot be told")
    if len(reduced.availability) != 1:
        raise AvailabilityUnreadable("not one VAVAILABILITY")
    zones = {tzid: load(name) for tzid, name in reduced.zones.items()}
    return Clocks(load(reduced.default_zone or zone), zones, utc_rules=True)


def _bounds(lines: Sequence[str], clocks: Clocks, horizon: Span) -> Span:
    """Return the part of the horizon of which the object speaks."""
    found = {name_of(line): line for line in lines}
    if "DURATION" in found:
        raise AvailabilityUnreadable("bounds by their length")
    start, end = (clocks.moment(found[name]).instant if name in found else None for name in _BOUNDS)
    first = max(start, horizon.start) if start else horizon.start
    return Span(first, max(first, min(end, horizon.end) if end else horizon.end))


def _weekly(events: Sequence[Event], zone: str) -> list[WeeklyRange] | None:
    """Return hours that mean the same as these events, if there are any that do."""
    ranges: list[WeeklyRange] = []
    for event in events:
        if (found := _hours(event, zone)) is None:
            return None
        ranges += found
    return sorted(ranges, key=lambda each: (DAYS.index(each.day), each.start))


def _hours(event: Event, zone: str) -> list[WeeklyRange] | None:
    length = max(extent_of(event).wall, event.lasts.rest)
    plain = len(event.rules) == 1 and not (event.added or event.removed or event.replaces)
    if not plain or event.start.dated or event.start.zone is not load(zone) or length >= _DAY:
        return None
    rule, start = event.rules[0], event.start.wall
    if (rule.frequency, rule.interval, rule.count, rule.until) != ("WEEKLY", 1, None, None):
        return None
    if rule.months or rule.positions or rule.hours or rule.minutes or rule.seconds:
        return None
    days = [day for day, _ in rule.days] or [start.weekday()]
    # RFC 5545 has DTSTART count even where it is not one of the rule's days.
    return None if start.weekday() not in days else [_range(start, length, day) for day in days]


def _range(start: datetime, length: timedelta, day: int) -> WeeklyRange:
    end = f"{start + length:%H:%M}"
    return WeeklyRange(
        day=DAYS[day], start=f"{start:%H:%M}", end="24:00" if end == "00:00" else end
    )
