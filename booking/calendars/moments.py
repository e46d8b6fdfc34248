"""Dates, times, periods and durations as iCalendar writes them, and the instants they mean."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?"
)
_TZID: Final = re.compile(r';TZID=("[^"]*"|[^;]*)', re.IGNORECASE)
_VALUE: Final = re.compile(r";VALUE=([A-Z-]+)", re.IGNORECASE)

_FIRST_YEAR: Final = 800
_LAST_YEAR: Final = 8000
"""Times outside of these years mean *always been* and *for ever*; both are leap years."""


class Length(NamedTuple):
    """How long something takes: whole days by the calendar, and then elapsed time."""

    days: timedelta
    rest: timedelta

    def __neg__(self) -> "Length":
        return Length(-self.days, -self.rest)


class Moment(NamedTuple):
    """A date or time.

    Attributes:
        wall: What the clock on the wall shows; midnight for a date.
        zone: Where that clock hangs.
        dated: Whether it is a date.
        floating: Whether it names no zone of its own.
    """

    wall: datetime
    zone: tzinfo
    dated: bool
    floating: bool

    @property
    def instant(self) -> datetime:
        """The instant in UTC (RFC 5545, 3.3.5).

        A time that the clocks skip is read with the offset of before; of a time that comes twice
        the first is meant.
        """
        return self.at(self.wall)

    def at(self, wall: datetime) -> datetime:
        """Return the instant at which the same clock shows another time."""
        return instant_of(wall, self.zone)


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant in UTC at which a clock in this zone shows this time."""
    if zone is UTC:
        return wall.replace(tzinfo=UTC)
    return wall.replace(tzinfo=zone).astimezone(UTC)


class Clocks:
    """Reads times for one owner.

    Args:
        home: Where dates and floating times are meant.
        zones: What each TZID means.
        utc_rules: Of a time that has both a TZID and the Z of UTC, whether to believe the Z.
    """

    def __init__(self, home: tzinfo, zones: Mapping[str, tzinfo], *, utc_rules: bool) -> None:
        self.home = home
        self._zones = zones
        self._utc_rules = utc_rules

    def moment(self, line: str) -> Moment:
        """Read the one date or time of a property.

        Raises:
            ValueError: It holds none, or more.
        """
        head, _, text = line.rpartition(":")
        return self._moment(text, self._zone(head), _value_type(head))

    def moments(self, line: str) -> Iterator[Moment]:
        """Read the list of dates or times of a property."""
        head, _, text = line.rpartition(":")
        zone, kind = self._zone(head), _value_type(head)
        for each in text.split(","):
            yield self._moment(each, zone, kind)

    def periods(self, line: str) -> Iterator[tuple[Moment, Moment | Length | None]]:
        """Read a list that may hold periods as well, each with its end or length."""
        head, _, text = line.rpartition(":")
        zone, kind = self._zone(head), _value_type(head)
        kind = None if kind == "PERIOD" else kind
        for each in text.split(","):
            start, slash, end = each.strip().partition("/")
            moment = self._moment(start, zone, kind)
            if not slash:
                yield moment, None
            elif end[:1].isdigit():
                yield moment, self._moment(end, zone, kind)
            else:
                yield moment, duration(end)

    def last_of(self, until: str, start: Moment) -> datetime:
        """Return the last time on *start*'s clock that an UNTIL lets through.

        RFC 5545, 3.3.10 wants UNTIL to be of DTSTART's kind; where it is not, programs differ on
        whether the last day counts. It is kept.
        """
        moment = self._moment(until, None, None)
        if moment.dated:
            return moment.wall + timedelta(days=1, seconds=-1)
        if moment.floating or (moment.zone is UTC and start.zone is UTC):
            last = moment.wall
        else:
            last = moment.instant.astimezone(start.zone).replace(tzinfo=None)
        return max(last, moment.wall) if start.dated else last

    def _zone(self, head: str) -> tzinfo | None:
        found = _TZID.search(head) if ";" in head else None
        return self._zones[found.group(1).strip('"')] if found else None

    def _moment(self, text: str, zone: tzinfo | None, kind: str | None) -> Moment:
        found = _MOMENT.fullmatch(text.strip().upper())
        if found is None:
            raise ValueError("a time")
        year, month, day, hour, minute, second, utc = found.groups()
        years = min(max(int(year), _FIRST_YEAR), _LAST_YEAR)
        if hour is None:
            if kind not in {None, "DATE"}:
                raise ValueError("a date for a time")
            wall = datetime(years, int(month), int(day))  # noqa: DTZ001  # the clock on the wall
            return Moment(wall, self.home, dated=True, floating=True)
        if kind not in {None, "DATE-TIME"}:
            raise ValueError("a time for a date")
        wall = datetime(  # noqa: DTZ001  # the clock on the wall
            years, int(month), int(day), int(hour), int(minute), min(int(second), 59)
        )
        if utc and (zone is None or self._utc_rules):
            return Moment(wall, UTC, dated=False, floating=False)
        return Moment(wall, zone or self.home, dated=False, floating=zone is None)


def duration(text: str) -> Length:
    """Read a DURATION (RFC 5545, 3.3.6).

    Raises:
        ValueError: It is none.
    """
    text = text.strip().upper()
    found = _DURATION.fullmatch(text)
    if found is None or text[-1:] in {"P", "T"}:
        raise ValueError("a duration")
    sign, *numbers = found.groups(default="0")
    weeks, days, hours, minutes, seconds = (int(number) for number in numbers)
    length = Length(
        timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds)
    )
    return -length if sign == "-" else length


def _value_type(head: str) -> str | None:
    found = _VALUE.search(head) if ";" in head else None
    return found.group(1).upper() if found else None
