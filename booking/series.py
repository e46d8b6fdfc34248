"""When a meeting that comes back takes place: at the same time on the wall each time."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count, islice
from typing import Final

from booking.model import Repeat
from booking.promises import occurrence

_WEEKS: Final = {"week": 1, "two-weeks": 2, "four-weeks": 4}


def occurrences(local_start: datetime, zone: str, repeat: Repeat) -> list[datetime]:
    """Return when each meeting of a series begins, in UTC and in order.

    On a date on which the time does not exist a meeting begins at the end of the gap; where it
    comes twice, at the first of the two.

    Args:
        local_start: When the first begins by the wall clock, without a zone. Its ``fold`` says
            which of two occurrences that is, as it does in what ``astimezone`` returns, so that
            the first of the series is the very instant it was taken from.
        zone: Whose clock it is.
        repeat: How often, and how many in all.
    """
    days = islice(_days(local_start.date(), repeat), repeat.count)
    first = occurrence(local_start, zone, last=local_start.fold == 1)
    next(days)
    return [first, *(occurrence(datetime.combine(day, local_start.time()), zone) for day in days)]


def _days(first: date, repeat: Repeat) -> Iterator[date]:
    if repeat.every == "month":
        return (_same_weekday(first, months) for months in count())
    weeks = _WEEKS[repeat.every]
    return (first + timedelta(weeks=weeks * number) for number in count())


def _same_weekday(first: date, months: int) -> date:
    """Return the same weekday of a later month: the second Tuesday, or the last for a fifth."""
    which = (first.day - 1) // 7 + 1
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    opening, length = monthrange(year, month + 1)
    day = 1 + (first.weekday() - opening) % 7 + 7 * (which - 1)
    # Only a fifth can be missing; then the fourth is the last.
    return date(year, month + 1, day if day <= length else day - 7)
