"""From the bytes of a calendar entry to the times at which its owner cannot be booked.

Pure, and safe to be given anything: what cannot be read is quarantined with the times that can be
made out, what we refuse to run closes the whole horizon, and neither says why to anybody but the
calendar's owner. Times are kept closed when in doubt: where programs differ on what an entry means,
every meaning is. `docs/algorithms/expansion.md` shows the order of decisions.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from itertools import product
from typing import Final

from msgspec import Struct, structs

from booking.calendars.availability import UNREADABLE, kept_text
from booking.calendars.blocking import STRENGTH, Kind, free_busy_kind
from booking.calendars.definitions import offsets_in, zone_like
from booking.calendars.moments import Clocks, Length, Moment, duration
from booking.calendars.reduced import MAX_BYTES, Oversized, Reduced, name_of, reduce, tzid_of, value
from booking.calendars.rules import RuleRefused
from booking.calendars.series import MAX_RULES, MAX_TIMES, Event, Series, Taken, read_event
from booking.calendars.zones import load, zone_named
from kernel.busy import BusyPolicy
from kernel.spans import Span

__all__ = ["AHEAD", "PAST", "SLACK", "Busy", "Expansion", "Kind", "expand", "horizon_at"]

PAST: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=120)
SLACK: Final = timedelta(days=7)
"""How far the end of the horizon may lag before an entry that goes on is read again."""

MAX_MEANINGS: Final = 4
"""Under how many meanings of its zones an entry is read."""

_USUAL: Final = BusyPolicy()
_DATE: Final = re.compile(r"\d{8}")
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")


class Busy(Struct, frozen=True, order=True):
    """One stretch of time that is taken."""

    span: Span
    kind: Kind


class Expansion(Struct, frozen=True, kw_only=True):
    """What one calendar entry means for its owner's time.

    Attributes:
        problem: Why somebody should look at it: *unreadable*, *rule-refused*, *took-too-long*,
            *zone-guessed*, *rule-guessed*, *odd-times* or *uid-missing*.
        readable: Whether all its times are known. Where they are not and *busy* is empty, nothing
            at all could be made out.
        goes_on: Whether it may hold times after the horizon.
        availability: What it says of when its owner can be booked, cut down to its times: that is
            weighed against what others say, and so nothing follows from it here.
    """

    uid: str | None
    busy: list[Busy]
    problem: str | None = None
    readable: bool = True
    goes_on: bool = False
    availability: bytes | None = None


def horizon_at(now: datetime) -> Span:
    """Return the time for which calendars are kept expanded."""
    return Span(now - PAST, now + AHEAD)


def expand(
    raw: bytes,
    *,
    zone: str,
    horizon: Span,
    addresses: Collection[str] = (),
    calendar_zone: str | None = None,
    policy: BusyPolicy = _USUAL,
) -> Expansion:
    """Return when one calendar entry keeps its owner busy.

    Args:
        raw: The entry as the server sent it.
        zone: IANA zone of the owner, for all-day events and floating times.
        horizon: Occurrences outside of it are left out.
        addresses: The owner's e-mail addresses in lower case, to know their own answer.
        calendar_zone: The zone that the calendar's server says it has; it goes before what the
            entry itself names for a calendar (X-WR-TIMEZONE), and that before the owner's.
        policy: What the organisation takes for busy.
    """
    try:
        reduced = reduce(raw)
    except Oversized:
        return _of_oversized(raw, zone, horizon)
    home = zone_named(calendar_zone or "") or reduced.default_zone or zone
    reader = _Reader(home, horizon, frozenset(addresses), policy)
    published = _published(reduced, zone_named(calendar_zone or ""), horizon)
    try:
        return structs.replace(reader.read(reduced), availability=published)
    except (RuleRefused, Oversized) as refused:
        return closed(
            reduced.uid,
            horizon,
            "rule-refused" if isinstance(refused, RuleRefused) else "unreadable",
        )
    except Exception:  # noqa: BLE001  # whatever it tripped over, nothing of it is freed
        return Expansion(
            uid=reduced.uid,
            busy=sorted(_made_out(reduced, home, horizon)),
            problem="unreadable",
            readable=False,
            goes_on=True,
            availability=published,
        )


def _published(reduced: Reduced, zone: str | None, horizon: Span) -> bytes | None:
    try:
        return kept_text(reduced, zone=zone, horizon=horizon)
    except (Oversized, ValueError, LookupError):
        return UNREADABLE


def closed(uid: str | None, horizon: Span, problem: str) -> Expansion:
    """Return what is left of an entry of which nobody may know the times: all are closed."""
    return Expansion(
        uid=uid,
        busy=[Busy(horizon, "unreadable")],
        problem=problem,
        readable=False,
        goes_on=True,
    )


def _of_oversized(raw: bytes, zone: str, horizon: Span) -> Expansion:
    """Close the times at the head of an entry that is too large to read, or else everything."""
    busy: list[Busy] = []
    if len(raw) > MAX_BYTES:
        with suppress(Oversized):
            busy = sorted(_made_out(reduce(raw[:MAX_BYTES]), zone, horizon))
    if not busy:
        return closed(None, horizon, "unreadable")
    return Expansion(uid=None, busy=busy, problem="unreadable", readable=False, goes_on=True)


class _Reader:
    """Expands entries for one owner."""

    def __init__(
        self, home: str, horizon: Span, addresses: frozenset[str], policy: BusyPolicy
    ) -> None:
        self.home = home
        self.horizon = horizon
        self.addresses = addresses
        self.policy = policy

    def read(self, reduced: Reduced) -> Expansion:
        """Expand under every meaning that its zones may have."""
        if not reduced.whole:
            raise ValueError("a calendar that was cut off")
        zones: dict[str, tzinfo] = {tzid: load(name) for tzid, name in reduced.zones.items()}
        unknown = self._unknown(reduced.unknown, zones, utc_twice=reduced.utc_twice)
        taken: dict[Span, Kind] = {}
        doubts: set[str] = {"zone-guessed"} if unknown or reduced.utc_twice else set()
        goes_on = False
        for meant in product(*unknown.values()):
            meanings = zones | dict(zip(unknown, meant, strict=True))
            for utc_rules in (False, True) if reduced.utc_twice else (True,):
                clocks = Clocks(load(self.home), meanings, utc_rules=utc_rules)
                for series in self._series(reduced, clocks):
                    self._add(taken, series.taken())
                    goes_on = goes_on or series.goes_on
                    doubts |= series.doubts
                self._add(taken, self._free_busy(reduced, clocks))
        goes_on = goes_on or bool(reduced.free_busy)
        missing = any(_lacks_uid(event) for event in reduced.events)
        return Expansion(
            uid=reduced.uid,
            busy=sorted(Busy(span, kind) for span, kind in taken.items()),
            problem="uid-missing" if missing else min(doubts, default=None, key=_DOUBTS.index),
            readable=not missing,
            goes_on=goes_on,
        )

    def _unknown(
        self,
        unknown: Mapping[str, list[list[str]]],
        zones: dict[str, tzinfo],
        *,
        utc_twice: bool,
    ) -> dict[str, list[tzinfo]]:
        """Return what each unknown TZID may mean; add to *zones* those that can be told."""
        meanings: dict[str, list[tzinfo]] = {}
        for tzid, observances in unknown.items():
            name = zone_like(
                observances, start=self.horizon.start, end=self.horizon.end, home=self.home
            )
            if name:
                zones[tzid] = load(name)
            else:
                offsets = offsets_in(observances)
                meanings[tzid] = [load(self.home), *(timezone(offset) for offset in offsets)]
        count = 2 if utc_twice else 1
        for each in meanings.values():
            count *= len(each)
        if count > MAX_MEANINGS:
            raise Oversized("meanings")
        return meanings

    def _series(self, reduced: Reduced, clocks: Clocks) -> Iterator[Series]:
        by_uid: dict[str | int, list[Event]] = {}
        count = 0
        for number, lines in enumerate(reduced.events):
            event = read_event(lines, clocks, self.addresses, self.policy)
            count += len(event.rules)
            # Nobody can tell whether events without a UID have to do with one another.
            by_uid.setdefault(event.uid or number, []).append(event)
        if count > MAX_RULES:
            raise RuleRefused("number")
        for events in by_uid.values():
            yield Series(events, self.horizon)

    def _free_busy(self, reduced: Reduced, clocks: Clocks) -> Iterator[Taken]:
        for line in reduced.free_busy:
            kind = free_busy_kind(line, self.policy)
            for start, end in clocks.periods(line) if kind else ():
                finish = _end_of_period(start, end)
                if kind and start.instant < self.horizon.end and self.horizon.start < finish:
                    yield Taken(start.instant, finish, kind)

    def _add(self, taken: dict[Span, Kind], found: Iterable[Taken]) -> None:
        for start, end, kind in found:
            span = Span(start, end)
            before = taken.get(span)
            if before is None or STRENGTH[kind] > STRENGTH[before]:
                taken[span] = kind
                if len(taken) > MAX_TIMES:
                    raise RuleRefused("too many times")


_DOUBTS: Final = ("zone-guessed", "rule-guessed", "odd-times")
"""What may have been meant otherwise, the most telling first."""


def _lacks_uid(event: list[str]) -> bool:
    return not any(name_of(line) == "UID" and value(line) for line in event)


def _end_of_period(start: Moment, end: Moment | Length | None) -> datetime:
    if isinstance(end, Moment):
        return max(start.instant, end.instant)
    if end is None:
        raise ValueError("a period without an end")
    return max(start.instant, start.instant + end.days + end.rest)


# --- what can still be made out of an entry that cannot be read ----------------------------------


def _made_out(reduced: Reduced, zone: str, horizon: Span) -> Iterator[Busy]:
    """Yield the times that stand in an unreadable entry; a series is closed on every day."""
    for event in reduced.events:
        moments = {
            name_of(line): found
            for line in event
            if name_of(line) in {"DTSTART", "DTEND"} and (found := _moment(line, zone))
        }
        if not moments:
            continue
        # Where only the end is known, the day before it is kept closed.
        start = moments.get("DTSTART") or moments["DTEND"] - timedelta(days=1)
        least = timedelta(days=1) if _is_date(event) else timedelta(hours=1)
        end = max(moments.get("DTEND", start), start + max(least, _told_length(event)))
        repeats = any(name_of(line) in {"RRULE", "RDATE"} for line in event)
        for span in _each_day(start, end, horizon) if repeats else [Span(start, end)]:
            if span.overlaps(horizon):
                yield Busy(span, "unreadable")


def _each_day(start: datetime, end: datetime, horizon: Span) -> Iterable[Span]:
    first = max(0, (horizon.start - end).days)
    last = (horizon.end - start).days + 1
    for days in range(first, last + 1):
        yield Span(start + timedelta(days=days), end + timedelta(days=days))


def _is_date(event: list[str]) -> bool:
    """Tell whether no time of the day can be made out of when an entry begins."""
    return any(
        not _MOMENT.fullmatch(value(line)) or _DATE.fullmatch(value(line))
        for line in event
        if name_of(line) == "DTSTART"
    )


def _told_length(event: list[str]) -> timedelta:
    for line in event:
        if name_of(line) == "DURATION":
            with suppress(ValueError, OverflowError):
                length = duration(value(line))
                return abs(length.days + length.rest)
    return timedelta()


def _moment(line: str, zone: str) -> datetime | None:
    found = _MOMENT.match(value(line))
    if found is None:
        return None
    year, month, day, hour, minute, second, utc = found.groups(default="0")
    try:
        where = UTC if utc == "Z" else load(zone_named(tzid_of(line) or "") or zone)
        clock = time(int(hour), int(minute), min(int(second), 59), tzinfo=where)
        return datetime.combine(date(int(year), int(month), int(day)), clock).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
