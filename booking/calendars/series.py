"""One event or series and what was changed of it: its times, each with how it keeps one busy.

An event names its times itself (DTSTART, RDATE, and a rule), takes some back (EXDATE), and others
take the place of some of its times (RECURRENCE-ID), or move all that follow (THISANDFUTURE). A time
is taken back only by one that means the same instant; what matches nothing changes nothing.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from booking.calendars import rules
from booking.calendars.blocking import Kind, kind_of
from booking.calendars.moments import Clocks, Length, Moment, duration
from booking.calendars.reduced import name_of, value
from booking.calendars.rules import Rule, RuleRefused
from kernel.busy import BusyPolicy
from kernel.spans import Span

MAX_RULES: Final = 10
MAX_TIMES: Final = 5_000
"""How many times one object may take within the horizon."""

_MARGIN: Final = timedelta(days=2)
"""More than clocks differ by, so that times may be compared as they show on them."""

_AGES: Final = timedelta(days=36_525)
_NONE: Final = timedelta()
_DAY: Final = timedelta(days=1)
_ONE_DAY: Final = Length(_DAY, _NONE)
_MARKS: Final = {"STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS"}


class Taken(NamedTuple):
    """From *start* to *end* the owner is busy in this way."""

    start: datetime
    end: datetime
    kind: Kind


class Event(NamedTuple):
    """One VEVENT as it was read.

    Attributes:
        end: DTEND, if it has one.
        lasts: Its DURATION, or what the lack of an end means.
        refused: Whether it has a rule that we do not run, and that did not matter so far.
        replaces: RECURRENCE-ID: which time of its series this is.
        onward: Whether the times that follow are moved along with it.
        doubts: Words for what may have been meant otherwise.
    """

    uid: str | None
    start: Moment
    end: Moment | None
    lasts: Length
    rules: list[Rule]
    refused: bool
    added: list[tuple[Moment, Moment | Length | None]]
    removed: list[Moment]
    replaces: Moment | None
    onward: bool
    kind: Kind | None
    doubts: list[str]


def read_event(
    lines: Sequence[str], clocks: Clocks, addresses: Collection[str], policy: BusyPolicy
) -> Event:
    """Read the lines of one VEVENT.

    Raises:
        ValueError: One of them cannot be read.
        RuleRefused: It has a rule that we do not run.
    """
    single: dict[str, str] = {}
    marks: dict[str, str] = {}
    attendees: list[str] = []
    recurs: list[str] = []
    added: list[tuple[Moment, Moment | Length | None]] = []
    removed: list[Moment] = []
    for line in lines:
        name = name_of(line)
        if name == "ATTENDEE":
            attendees.append(line)
        elif name in _MARKS:
            marks[name] = value(line).upper()
        elif name == "RRULE":
            recurs.append(value(line))
        elif name == "RDATE":
            added += clocks.periods(line)
        elif name == "EXDATE":
            removed += clocks.moments(line)
        elif name in single and name != "SEQUENCE":
            raise ValueError("a property that comes twice")
        else:
            single[name] = line
    int(value(single.get("SEQUENCE", ":0")))  # nothing follows from it, but it is read
    start = clocks.moment(single["DTSTART"])
    kind = kind_of(marks, attendees, addresses, policy)
    found_rules, refused = _rules(recurs, needed=kind is not None)
    replaces = single.get("RECURRENCE-ID")
    return Event(
        uid=value(single["UID"]) if "UID" in single else None,
        start=start,
        end=clocks.moment(single["DTEND"]) if "DTEND" in single else None,
        lasts=_lasts(single, start),
        rules=found_rules,
        refused=refused,
        added=added,
        removed=removed,
        replaces=clocks.moment(replaces) if replaces else None,
        onward=replaces is not None and ";RANGE=THISANDFUTURE" in replaces.upper(),
        kind=kind,
        doubts=["rule-guessed"] if kind and any(rule.doubtful for rule in found_rules) else [],
    )


def _rules(texts: Sequence[str], *, needed: bool) -> tuple[list[Rule], bool]:
    """Read rules; where an event keeps nobody busy, only tell whether one would be refused."""
    try:
        return [rules.parse(text) for text in texts], False
    except RuleRefused:
        if needed:
            raise
        return [], True


def _lasts(single: dict[str, str], start: Moment) -> Length:
    if "DURATION" in single:
        return duration(value(single["DURATION"]))
    # RFC 5545, 3.6.1: without an end a date is a day, and a time takes no time.
    return _ONE_DAY if start.dated and "DTEND" not in single else Length(_NONE, _NONE)


class _Extent(NamedTuple):
    """How far the times of one event reach.

    Attributes:
        back: By how much its end lies before its start, where it was entered the wrong way round.
        wall: The length by the clock on the wall.
        exact: The elapsed length; with *lasts* by the calendar and by the clock.
    """

    back: timedelta
    wall: timedelta
    exact: timedelta
    lasts: Length

    @property
    def longest(self) -> timedelta:
        longest = max(self.back, self.wall, self.exact, self.lasts.days + self.lasts.rest)
        return min(longest, _AGES) + _DAY


def extent_of(event: Event) -> _Extent:
    """Return how long the times of an event are."""
    lasts, back = event.lasts, _NONE
    wall = exact = _NONE
    if lasts.days + lasts.rest < _NONE:
        back, lasts = -(lasts.days + lasts.rest), Length(_NONE, _NONE)
    if event.end is not None:
        exact = event.end.instant - event.start.instant
        wall = exact
        if event.end.zone is event.start.zone:
            wall = event.end.wall - event.start.wall
        if exact <= _NONE < wall:
            # It begins in the hour that the clocks skip, and so seems to end before that.
            exact = wall
        elif exact < _NONE:
            back, wall, exact = max(back, -exact), _NONE, _NONE
        if event.start.dated and event.end.dated and not wall and not back:
            wall = _DAY  # some programs write the last day for the end
    return _Extent(back, max(wall, _NONE), max(exact, _NONE), lasts)


class Series:
    """The events of one object that share a UID.

    Args:
        horizon: The time that matters.
    """

    def __init__(self, events: Sequence[Event], horizon: Span) -> None:
        self.horizon = horizon
        self.goes_on = False
        self.doubts = {doubt for event in events for doubt in event.doubts}
        self._masters = [event for event in events if event.replaces is None]
        self._changes = [event for event in events if event.replaces is not None]
        named = [event.replaces for event in self._changes if event.replaces]
        self._replaced = {dated: _Set(named, whole_days=dated) for dated in (False, True)}
        self._shifts = [
            _shift(event, self._extent(event)) for event in self._changes if event.onward
        ]
        self._shifts.sort(key=_since)
        self._reach = max((shift.reach for shift in self._shifts), default=_NONE)

    def taken(self) -> Iterator[Taken]:
        """Yield the times at which the events keep their owner busy.

        Raises:
            RuleRefused: There are more than anybody could keep.
        """
        for master in self._masters:
            yield from self._of_master(master)
        removed = {
            (moment.dated, moment.instant) for master in self._masters for moment in master.removed
        }
        for change in self._changes:
            moment = change.replaces
            if moment and (moment.dated, moment.instant) not in removed:
                # A change with a rule of its own is not one that RFC 5545 knows: all is kept.
                yield from self._of_change(change)

    def _of_change(self, change: Event) -> Iterator[Taken]:
        extent = self._extent(change)
        for moment, other in self._times(change, extent):
            yield from self._at(change, moment, extent, other)

    def _of_master(self, master: Event) -> Iterator[Taken]:
        if master.kind is None and not self._shifts:
            return
        if master.refused:
            raise RuleRefused("what follows a change is busy")
        extent = self._extent(master)
        removed = _Set(master.removed, whole_days=master.start.dated, by_date=True)
        replaced = self._replaced[master.start.dated]
        for moment, other in self._times(master, extent, self._reach):
            if moment in removed or moment in replaced:
                continue
            before = bisect_left(self._shifts, moment.instant, key=_since) if self._shifts else 0
            if before:
                shift = self._shifts[before - 1]
                yield from self._at(shift.event, shift.moved(moment), shift.extent, other)
            else:
                yield from self._at(master, moment, extent, other)

    def _extent(self, event: Event) -> _Extent:
        extent = extent_of(event)
        if extent.back or (event.start.dated and event.end and not extent.exact):
            self.doubts.add("odd-times")
        return extent

    def _times(
        self, event: Event, extent: _Extent, reach: timedelta = _NONE
    ) -> Iterator[tuple[Moment, Moment | Length | None]]:
        """Yield when an event begins, each time once, with an end of its own where it has one."""
        start = event.start
        last = self.horizon.end + _MARGIN + reach + extent.back
        if start.instant >= self.horizon.end - _MARGIN:
            self.goes_on = True
        yield start, None
        if not (event.rules or event.added):
            return
        seen = {start.wall}
        for rule in event.rules:
            until = _until(rule, start)
            run = rules.run(
                rule,
                start.wall,
                first=(self.horizon.start - _MARGIN - reach - extent.longest).replace(tzinfo=None),
                last=last.replace(tzinfo=None),
                until=until,
                dated=start.dated,
            )
            self.goes_on = self.goes_on or run.goes_on
            if len(run.times) > MAX_TIMES:
                raise RuleRefused("too many times")
            for wall in run.times:
                if wall not in seen:
                    seen.add(wall)
                    yield start._replace(wall=wall), None
        for moment, end in event.added:
            self.goes_on = self.goes_on or moment.instant >= self.horizon.end - _MARGIN
            yield moment, end
            if moment.dated and not start.dated:
                # A date beside times: at the usual time of that day, or from midnight.
                yield start._replace(wall=datetime.combine(moment.wall, start.wall.time())), end

    def _at(
        self, event: Event, moment: Moment, extent: _Extent, end: Moment | Length | None
    ) -> Iterator[Taken]:
        """Yield one time of an event, if it takes any of the horizon."""
        if event.kind is None:
            return
        start = moment.instant
        finish = _end(moment, start, extent, end)
        start -= extent.back
        if start < finish and start < self.horizon.end and self.horizon.start < finish:
            yield Taken(start, finish, event.kind)


def _until(rule: Rule, start: Moment) -> datetime | None:
    if rule.until is None:
        return None
    return Clocks(start.zone, {}, utc_rules=True).last_of(rule.until, start)


def _end(moment: Moment, start: datetime, extent: _Extent, end: Moment | Length | None) -> datetime:
    """Return when a time ends.

    RFC 5545, 3.8.5.3: all are as long as the first. Most programs keep the clock time of the end
    instead; the nights on which that differs are kept closed. Days of a DURATION are by the
    calendar, the rest of it is elapsed time (3.3.6).
    """
    lasts = extent.lasts
    if isinstance(end, Moment):
        return max(start, end.instant)
    if end is not None:
        return max(start, moment.at(moment.wall + end.days) + end.rest)
    if moment.dated:
        return moment.at(moment.wall + max(extent.wall, lasts.days)) + lasts.rest
    return max(
        start + extent.exact,
        moment.at(moment.wall + extent.wall),
        moment.at(moment.wall + lasts.days) + lasts.rest,
        moment.at(moment.wall + lasts.days + lasts.rest),
    )


# --- what takes a time back ----------------------------------------------------------------------


class _Set:
    """Times of a series that are named by others: by instant, or as its own clock shows them.

    Args:
        named: These times.
        whole_days: Whether the series takes whole days.
        by_date: Whether a date means all times of that day.
    """

    def __init__(self, named: Sequence[Moment], *, whole_days: bool, by_date: bool = False) -> None:
        self._instants = {moment.instant for moment in named if not moment.dated}
        self._walls = {
            moment.wall for moment in named if whole_days or (moment.floating and not moment.dated)
        }
        self._dates = {moment.wall.date() for moment in named if moment.dated and by_date}
        self._empty = not named

    def __contains__(self, moment: Moment) -> bool:
        if self._empty:
            return False
        return (
            moment.wall in self._walls
            or moment.instant in self._instants
            or moment.wall.date() in self._dates
        )


# --- what moves the times that follow ------------------------------------------------------------


class _Shift(NamedTuple):
    """A change of all times after one.

    Attributes:
        since: The instant of that one.
        by_clock: How far it moves them by the clock on the wall, if it is the same clock.
        by: How far it moves them.
    """

    event: Event
    extent: _Extent
    since: datetime
    by_clock: timedelta | None
    by: timedelta

    @property
    def reach(self) -> timedelta:
        """How far outside of the horizon a time may begin that is moved into it."""
        return min(abs(self.by), _AGES) + self.extent.longest

    def moved(self, moment: Moment) -> Moment:
        """Return where a time goes."""
        start = self.event.start
        if self.by_clock is not None and moment.zone is start.zone:
            return moment._replace(wall=moment.wall + self.by_clock)
        wall = (moment.instant + self.by).astimezone(start.zone).replace(tzinfo=None)
        return start._replace(wall=wall)


def _since(shift: _Shift) -> datetime:
    return shift.since


def _shift(event: Event, extent: _Extent) -> _Shift:
    old, new = event.replaces or event.start, event.start
    same = old.zone is new.zone and old.dated == new.dated
    return _Shift(
        event=event,
        extent=extent,
        since=old.instant,
        by_clock=new.wall - old.wall if same else None,
        by=new.instant - old.instant,
    )
