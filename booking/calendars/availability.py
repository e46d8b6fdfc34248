"""When somebody says in their own calendar that they can be booked (VAVAILABILITY, RFC 7953).

Pure. What somebody publishes never opens a time: their schedule does that. It closes times, namely
those of which it speaks and which are not in it. What cannot be read to the minute closes nothing
and opens nothing; whoever asked keeps what was known.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from booking.calendars.definitions import zone_like
from booking.calendars.moments import Clocks, Length, duration
from booking.calendars.reduced import Oversized, Reduced, name_of, reduce, value
from booking.calendars.series import Event, Series, extent_of, read_event
from booking.calendars.zones import load
from booking.hours import DAYS, WeeklyRange
from kernel.busy import BusyPolicy
from kernel.spans import Span, intersect, merge, subtract

MAX_BYTES: Final = 2**16
"""Of what is kept of one object: hours, not events."""

MOST: Final = 200
"""How many AVAILABLE one object may have, as each may have a rule."""

UNREADABLE: Final = b"BEGIN:VCALENDAR"
"""Is kept of what is too long or was cut off."""

BusyType = Literal["BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"]

_POLICY: Final = BusyPolicy()
_DAY: Final = timedelta(days=1)
_BOUNDS: Final = ("DTSTART", "DTEND", "DURATION")
_LOWEST: Final = 10
"""Where a PRIORITY of 0, or none, stands: below 9 (RFC 7953, 3.1)."""


class AvailabilityUnreadable(ValueError):
    """Nobody could tell from this when its owner can be booked."""


class Availability(Struct, frozen=True, kw_only=True):
    """When somebody can be booked, by one VAVAILABILITY.

    Attributes:
        weekly: The same hours as a schedule has them, where they come back every week for good and
            there is nothing else; None where a schedule could not say the same.
        spans: When that is within the horizon.
        bounds: The part of the horizon of which it speaks.
        rank: 1 goes before all others, and so on; of none is said to be more than 10.
        outside: How its owner is busy at all other times.
    """

    weekly: list[WeeklyRange] | None
    spans: list[Span]
    bounds: Span
    rank: int = _LOWEST
    outside: BusyType = "BUSY-UNAVAILABLE"


def kept_of(raw: bytes, *, zone: str | None, horizon: Span) -> bytes | None:
    """Return what an object says of availability, cut down to its times; None if it says nothing.

    Args:
        raw: The object as the server sent it.
        zone: IANA zone that the server says the calendar has, for floating times.
        horizon: Of the times at which zones that it defines itself are compared with real ones.

    Raises:
        Oversized: It is larger than hours have reason to be.
    """
    return kept_text(reduce(raw), zone=zone, horizon=horizon)


def kept_text(reduced: Reduced, *, zone: str | None, horizon: Span) -> bytes | None:
    """Return the same of an object that was taken apart already."""
    if not reduced.availability:
        return None
    home = zone or reduced.default_zone
    first, last = horizon.start, horizon.end
    guesses = {
        tzid: found
        for tzid, observances in reduced.unknown.items()
        if (found := zone_like(observances, start=first, end=last, home=home or "UTC"))
    }
    text = reduced.availability_text(home, guesses) if reduced.whole else UNREADABLE
    if len(text) > MAX_BYTES:
        raise Oversized("hours")
    return text


def availabilities_in(raw: bytes, *, zone: str, horizon: Span) -> list[Availability]:
    """Return when the owner of a calendar says they can be booked, for each VAVAILABILITY.

    Args:
        raw: The object as the server sent it, or what was kept of it.
        zone: IANA zone of its owner, for floating times and for the weekly hours.
        horizon: Times outside of it are left out.

    Raises:
        AvailabilityUnreadable: It cannot be read to the minute.
    """
    try:
        reduced = reduce(raw)
        clocks = _clocks(reduced, zone)
        pairs = zip(reduced.availability, reduced.available, strict=True)
        return [_read(head, inner, clocks, zone, horizon) for head, inner in pairs]
    except (Oversized, LookupError, ValueError, OverflowError) as problem:
        raise AvailabilityUnreadable(str(problem)) from problem


def unavailable(found: Iterable[Availability], policy: BusyPolicy) -> list[Span]:
    """Return when somebody cannot be booked by all that they say, in order and apart.

    RFC 7953, section 4: each overrides those of a lower priority for all the time it speaks of. Of
    several with the same priority, which it leaves open, nothing is opened that one of them closes.
    """
    closed: list[Span] = []
    by_rank: dict[int, list[Availability]] = {}
    for each in found:
        by_rank.setdefault(each.rank, []).append(each)
    for rank in sorted(by_rank, reverse=True):
        level = by_rank[rank]
        closed = list(subtract(merge(closed), merge(each.bounds for each in level)))
        closed += [span for each in level for span in _outside(each, policy)]
    return list(merge(closed))


def _outside(each: Availability, policy: BusyPolicy) -> Iterator[Span]:
    """Yield the times of which it speaks and at which its owner is busy."""
    if each.outside != "BUSY-TENTATIVE" or policy.tentative:
        yield from subtract([each.bounds], each.spans)


def _read(
    head: Sequence[str], inner: Sequence[Sequence[str]], clocks: Clocks, zone: str, horizon: Span
) -> Availability:
    events = [read_event(lines, clocks, (), _POLICY) for lines in inner]
    bounds = _bounds(head, clocks, horizon)
    by_uid: dict[str | int, list[Event]] = {}
    for number, event in enumerate(events):
        by_uid.setdefault(event.uid or number, []).append(event)
    series = [Series(each, horizon) for each in by_uid.values()]
    open_ = merge(Span(start, end) for each in series for start, end, _ in each.taken())
    if any(each.doubts for each in series):
        raise AvailabilityUnreadable("programs read this differently")
    found = {name_of(line): value(line).upper() for line in head}
    return Availability(
        weekly=None if any(name in found for name in _BOUNDS) else _weekly(events, zone),
        spans=list(intersect(open_, [bounds])),
        bounds=bounds,
        rank=_rank(found.get("PRIORITY", "0")),
        outside=_busy_type(found.get("BUSYTYPE", "")),
    )


def _rank(priority: str) -> int:
    number = int(priority)
    return number if 0 < number < _LOWEST else _LOWEST


def _busy_type(named: str) -> BusyType:
    # RFC 7953, 3.2: one that is not known means BUSY-UNAVAILABLE.
    return named if named in {"BUSY", "BUSY-TENTATIVE"} else "BUSY-UNAVAILABLE"  # type: ignore[return-value]


def _clocks(reduced: Reduced, zone: str) -> Clocks:
    if not reduced.whole or reduced.unknown or reduced.utc_twice:
        raise AvailabilityUnreadable("cut off, or in a zone that cannot be told")
    if not reduced.availability:
        raise AvailabilityUnreadable("no VAVAILABILITY")
    if sum(len(inner) for inner in reduced.available) > MOST:
        raise AvailabilityUnreadable("too many")
    zones = {tzid: load(name) for tzid, name in reduced.zones.items()}
    return Clocks(load(reduced.default_zone or zone), zones, utc_rules=True)


def _bounds(lines: Sequence[str], clocks: Clocks, horizon: Span) -> Span:
    """Return the part of the horizon of which the object speaks."""
    found = {name_of(line): line for line in lines}
    start = clocks.moment(found["DTSTART"]) if "DTSTART" in found else None
    end = clocks.moment(found["DTEND"]).instant if "DTEND" in found else None
    if "DURATION" in found:
        if start is None or end is not None:
            raise AvailabilityUnreadable("a length without a start, or beside an end")
        length: Length = duration(value(found["DURATION"]))
        end = start.at(start.wall + length.days) + length.rest
    first = max(start.instant, horizon.start) if start else horizon.start
    first = min(first, horizon.end)
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
