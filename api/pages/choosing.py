"""Choosing a day and a time: one month at a time, by plain links."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from typing import Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from msgspec import Struct

from booking.model import SlotAnswer

Part = Literal["morning", "afternoon", "evening"]
Find = Callable[[datetime, datetime], Awaitable[SlotAnswer]]
Explain = Callable[[datetime, datetime], Awaitable["Emptiness"]]

_NOON: Final = 12
_EVENING: Final = 18
_CENTURIES: Final = (2000, 2200)
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


class Day(Struct, frozen=True, kw_only=True):
    """A day of the calendar; *url* is none where nothing is free."""

    date: date
    free: int
    url: str | None


class Time(Struct, frozen=True, kw_only=True):
    """A start that is free, and for how many more where several customers can take part."""

    start: datetime
    url: str
    seats: int | None = None


class PartOfDay(Struct, frozen=True, kw_only=True):
    """The free starts of a morning, an afternoon or an evening."""

    name: Part
    times: list[Time]


class Instead(Struct, frozen=True, kw_only=True):
    """Something to ask for instead, in a sentence, and where that is shown."""

    text: str
    url: str


class Emptiness(Struct, frozen=True, kw_only=True):
    """Why nothing is free in a month, in a sentence, and what would help."""

    why: str
    ways: list[Instead]


class Picker(Struct, frozen=True, kw_only=True):
    """A month with its free days, and the times of the chosen one.

    Attributes:
        weeks: From Monday; none stands for a day of another month.
        chosen: The day whose times are shown.
        earlier: Where the month before is shown, if it can be booked.
        later: The same for the month after.
        next_free: The first free day after a month without any.
        empty: Why there is none, where that was looked into.
    """

    timezone: str
    month: date
    weeks: list[list[Day | None]]
    chosen: date | None
    parts: list[PartOfDay]
    earlier: str | None
    later: str | None
    next_free: Day | None
    empty: Emptiness | None = None


class Address(Struct, frozen=True, kw_only=True):
    """A page's path and what has been chosen so far, from which its links are made."""

    path: str
    chosen: dict[str, str]

    def link(self, **more: str | None) -> str:
        """Return the address with *more* chosen; none takes a choice away."""
        values = {name: value for name, value in {**self.chosen, **more}.items() if value}
        return f"{self.path}?{urlencode(values)}" if values else self.path


async def pick(
    find: Find,
    address: Address,
    *,
    wanted: str | None,
    timezone: str,
    now: datetime,
    window_days: int,
    explain: Explain | None = None,
) -> Picker:
    """Return the month and day to show.

    Args:
        find: Returns the free starts between two instants.
        address: Of the page.
        wanted: A day (2026-12-01) or a month (2026-12); anything else means the first free day.
        timezone: Whose days they are.
        now: The present instant.
        window_days: How far ahead one can book.
        explain: Tells why nothing is free between two instants.
    """
    zone = ZoneInfo(timezone)
    first = now.astimezone(zone).date().replace(day=1)
    last = (now + timedelta(days=window_days)).astimezone(zone).date().replace(day=1)
    day = _day(wanted)
    month = day.replace(day=1) if day else _day(f"{wanted}-01")
    shown = min(max(month or first, first), last)
    answer = await find(*_span(shown, zone, now))
    if month is None and not answer.starts and answer.next_available:
        shown = answer.next_available.astimezone(zone).date().replace(day=1)
        answer = await find(*_span(shown, zone, now))
    empty = None
    if explain is not None and not answer.starts:
        empty = await explain(*_span(shown, zone, now))
    days = _by_day(answer.starts, zone)
    chosen = day if day in days else None
    if day is None and days:
        chosen = min(days)
    return Picker(
        timezone=timezone,
        month=shown,
        weeks=_weeks(shown, now.astimezone(zone).date(), days, address),
        chosen=chosen,
        parts=_parts(days[chosen], _seats(answer), address) if chosen else [],
        earlier=address.link(day=f"{shown - _DAY:%Y-%m}") if shown > first else None,
        later=address.link(day=f"{_following(shown):%Y-%m}") if shown < last else None,
        next_free=_next_free(answer, zone, address),
        empty=empty,
    )


def instant(text: str | None) -> datetime | None:
    """Return the time that an address or a form names; what is none counts as not chosen."""
    try:
        # A plus sign that was not escaped arrives as a blank.
        found = datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        return None
    # Near the ends of the calendar a time cannot be told in other zones.
    return found if found.tzinfo and _CENTURIES[0] <= found.year < _CENTURIES[1] else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _span(month: date, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    begin = datetime.combine(month, wall_time(), zone)
    finish = datetime.combine(_following(month), wall_time(), zone)
    return max(begin, now), finish


def _seats(answer: SlotAnswer) -> dict[float, int]:
    """Return how many can still take part, by the second at which it begins."""
    # Times in the hour that comes twice equal none of another zone, so instants are compared.
    return {start.timestamp(): left for start, left in (answer.remaining or {}).items()}


def _by_day(starts: list[datetime], zone: ZoneInfo) -> dict[date, list[datetime]]:
    days: defaultdict[date, list[datetime]] = defaultdict(list)
    for start in starts:
        local = start.astimezone(zone)
        days[local.date()].append(local)
    return dict(days)


def _weeks(
    month: date, today: date, days: dict[date, list[datetime]], address: Address
) -> list[list[Day | None]]:
    weeks = []
    first = max(month, today)  # weeks that are over only take space
    monday = first - timedelta(days=first.weekday())
    while monday < _following(month):
        week: list[Day | None] = []
        for offset in range(7):
            day = monday + timedelta(days=offset)
            free = len(days.get(day, ()))
            url = address.link(day=day.isoformat()) if free else None
            week.append(Day(date=day, free=free, url=url) if day.month == month.month else None)
        weeks.append(week)
        monday += _WEEK
    return weeks


def _parts(starts: list[datetime], seats: Mapping[float, int], address: Address) -> list[PartOfDay]:
    parts: dict[Part, list[Time]] = {"morning": [], "afternoon": [], "evening": []}
    for start in starts:
        name: Part = "evening"
        if start.hour < _EVENING:
            name = "morning" if start.hour < _NOON else "afternoon"
        parts[name].append(
            Time(
                start=start,
                url=address.link(start=start.isoformat()),
                seats=seats.get(start.timestamp()),
            )
        )
    return [PartOfDay(name=name, times=times) for name, times in parts.items() if times]


def _next_free(answer: SlotAnswer, zone: ZoneInfo, address: Address) -> Day | None:
    if answer.starts or answer.next_available is None:
        return None
    day = answer.next_available.astimezone(zone).date()
    return Day(date=day, free=1, url=address.link(day=day.isoformat()))
