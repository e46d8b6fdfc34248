"""How long to leave a calendar alone before it is read again.

Somebody who changes one entry often changes another, so a calendar with news is read again soon.
One that has been still for a week, of an advisor whom nobody meets these days, is read less often:
whoever books with them has it read first in any case.
"""

from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Final

EVERY: Final = timedelta(seconds=60)
SOON: Final = timedelta(seconds=30)
UNSETTLED: Final = timedelta(minutes=5)
"""How long after news more of it is to be expected."""

SELDOM: Final = timedelta(minutes=5)
STILL: Final = timedelta(days=7)
AHEAD: Final = timedelta(hours=48)
"""How near a meeting must be for its advisor's calendars to be read as often as any."""

FIRST_RETRY: Final = timedelta(seconds=30)
LAST_RETRY: Final = timedelta(minutes=30)

_random = SystemRandom()


def interval(news_at: datetime | None, *, now: datetime) -> timedelta:
    """Return how long to leave alone an account that was read without trouble.

    Args:
        news_at: When one of its calendars last had something new, if that is known.
        now: The present instant.
    """
    if news_at is None:
        return EVERY
    if now < news_at + UNSETTLED:
        return SOON
    return EVERY if now < news_at + STILL else SELDOM


def pause(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row, longer after each."""
    return min(FIRST_RETRY * (1 << min(failures - 1, 12)), LAST_RETRY)


def spread(wait: timedelta) -> timedelta:
    """Return about as long, so that those who began together do not stay in step."""
    return wait * _random.uniform(0.8, 1.2)
