"""From the bytes of a calendar entry to the times at which its owner cannot be booked.

Pure, and safe to be given anything: what cannot be read is quarantined with the times that can be
made out, what we refuse to run closes the whole horizon, and neither says why to anybody but the
calendar's owner. Times are kept closed when in doubt.

Whether an occurrence blocks is decided in this order: cancelled, declined by the owner,
transparent (RFC 5545, 3.8.2.7), Outlook's own free mark (MS-OXCICAL), tentative; else it is busy.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any, Final, Literal

from icalendar import Calendar, vInt
from msgspec import Struct
from recurring_ical_events import CalendarQuery

from booking.calendars import rules
from booking.calendars.reduced import MAX_BYTES, Oversized, Reduced, name_of, reduce, tzid_of, value
from booking.calendars.rules import RuleRefused
from booking.calendars.zones import load, zone_named
from kernel.spans import Span

Kind = Literal["busy", "tentative", "unreadable"]

PAST: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=120)
SLACK: Final = timedelta(days=7)
"""How far the end of the horizon may lag before an entry that goes on is read again."""

MAX_GUESSES: Final = 4
MAX_RULES: Final = 10
_MARGIN: Final = timedelta(days=2)
_LENGTH: Final = "X-SPREEKUUR-SECONDS"
_DATE: Final = re.compile(r"\d{8}")
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")


class Busy(Struct, frozen=True, order=True):
    """One stretch of time that is taken."""

    span: Span
    kind: Kind


class Expansion(Struct, frozen=True, kw_only=True):
    """What one calendar entry means for its owner's time.

    Attributes:
        problem: Why somebody should look at it: *unreadable*, *rule-refused* or *zone-guessed*.
        readable: Whether all its times are known.
        goes_on: Whether it may hold times after the horizon.
    """

    uid: str | None
    busy: list[Busy]
    problem: str | None = None
    readable: bool = True
    goes_on: bool = False


def horizon_at(now: datetime) -> Span:
    """Return the time for which calendars are kept expanded."""
    return Span(now - PAST, now + AHEAD)


def expand(raw: bytes, *, zone: str, horizon: Span, addresses: Collection[str] = ()) -> Expansion:
    """Return when one calendar entry keeps its owner busy.

    Args:
        raw: The entry as the server sent it.
        zone: IANA zone for all-day events and floating times.
        horizon: Occurrences outside of it are left out.
        addresses: The owner's e-mail addresses in lower case, to know their own answer.
    """
    try:
        reduced = reduce(raw)
    except Oversized:
        return _of_oversized(raw, zone, horizon)
    reader = _Reader(reduced.default_zone or zone, horizon, frozenset(addresses))
    try:
        return reader.read(reduced)
    except RuleRefused:
        return Expansion(
            uid=reduced.uid,
            busy=[Busy(horizon, "unreadable")],
            problem="rule-refused",
            readable=False,
            goes_on=True,
        )
    except Exception:  # noqa: BLE001  # the libraries raise whatever they trip over
        return Expansion(
            uid=reduced.uid,
            busy=sorted(_made_out(reduced, reader.zone, horizon)),
            problem="unreadable",
            readable=False,
            goes_on=True,
        )


def _of_oversized(raw: bytes, zone: str, horizon: Span) -> Expansion:
    """Close the times at the head of an entry that is too large to read, or else everything."""
    busy: list[Busy] = []
    if len(raw) > MAX_BYTES:
        with suppress(Oversized):
            busy = sorted(_made_out(reduce(raw[:MAX_BYTES]), zone, horizon))
    return Expansion(
        uid=None,
        busy=busy or [Busy(horizon, "unreadable")],
        problem="unreadable",
        readable=False,
        goes_on=True,
    )


class _Reader:
    """Expands entries for one owner."""

    def __init__(self, zone: str, horizon: Span, addresses: frozenset[str]) -> None:
        self.zone = zone
        self.horizon = horizon
        self.addresses = addresses
        self.tzinfo = load(zone)

    def read(self, reduced: Reduced) -> Expansion:
        """Expand under every meaning that an unknown zone may have."""
        names = list(reduced.unknown)
        meanings = [[self.zone, *reduced.unknown[name]] for name in names]
        taken: dict[Span, Kind] = {}
        goes_on = False
        for guesses in list(product(*meanings))[:MAX_GUESSES]:
            calendar = Calendar.from_ical(reduced.text(dict(zip(names, guesses, strict=True))))
            goes_on = self._prepare(calendar) or goes_on
            for busy in self._occurrences(calendar):
                if taken.get(busy.span) != "busy":
                    taken[busy.span] = busy.kind
        return Expansion(
            uid=reduced.uid,
            busy=sorted(Busy(span, kind) for span, kind in taken.items()),
            problem="zone-guessed" if names else None,
            goes_on=goes_on,
        )

    def _prepare(self, calendar: Any) -> bool:
        """Check and mend every event; tell whether any may go on after the horizon."""
        goes_on = False
        if sum(len(_listed(event.get("RRULE"))) for event in calendar.events) > MAX_RULES:
            raise RuleRefused("number")
        for event in calendar.events:
            if event.errors:
                raise ValueError("a property that cannot be read")
            start = event["DTSTART"].dt
            for rule in _listed(event.get("RRULE")):
                rules.check(rule, start, self.horizon.end)
                rules.include_last_day(rule, start)
                goes_on = goes_on or rules.may_go_on(rule, self.horizon.end)
            if isinstance(start, datetime):
                # The expander computes ends by the clock on the wall; this carries the true
                # length along to each occurrence.
                event[_LENGTH] = vInt(int(self._length(event, start).total_seconds()))
            later = self._instant(start) >= self.horizon.end - _MARGIN
            goes_on = goes_on or later or "RDATE" in event
        return goes_on

    def _length(self, event: Any, start: datetime) -> timedelta:
        if "DTEND" in event:
            return abs(self._instant(event["DTEND"].dt) - self._instant(start))
        return abs(event["DURATION"].dt) if "DURATION" in event else timedelta()

    def _occurrences(self, calendar: Any) -> Iterator[Busy]:
        query = CalendarQuery(calendar)
        for event in query.between(self.horizon.start - _MARGIN, self.horizon.end + _MARGIN):
            if busy := self._occurrence(event):
                yield busy

    def _occurrence(self, event: Any) -> Busy | None:
        kind = self._kind(event)
        if kind is None:
            return None
        start = self._instant(event["DTSTART"].dt)
        # RFC 5545, 3.8.5.3: occurrences are as long as the first. Most programs keep the
        # clock time of the end instead; the nights on which that differs are kept closed.
        end = max(
            self._instant(event["DTEND"].dt),
            start + timedelta(seconds=int(event.get(_LENGTH, 0))),
        )
        span = Span(start, end)
        return Busy(span, kind) if start < end and span.overlaps(self.horizon) else None

    def _kind(self, event: Any) -> Kind | None:
        status = str(event.get("STATUS", "")).upper()
        outlook = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
        if status == "CANCELLED" or self._declined(event):
            return None
        if str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or outlook == "FREE":
            return None
        return "tentative" if "TENTATIVE" in {status, outlook} else "busy"

    def _declined(self, event: Any) -> bool:
        return any(
            str(attendee).lower().removeprefix("mailto:") in self.addresses
            and str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"
            for attendee in _listed(event.get("ATTENDEE"))
        )

    def _instant(self, moment: date) -> datetime:
        """Return the UTC instant; dates begin at midnight, floating times are the owner's."""
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.tzinfo)
        return moment.astimezone(UTC)


def _listed(found: Any) -> list[Any]:
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


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
        end = max(moments.get("DTEND", start), start + least)
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
    return any(_DATE.fullmatch(value(line)) for line in event if name_of(line) == "DTSTART")


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
