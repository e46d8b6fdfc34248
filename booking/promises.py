"""What customers were promised by the clock on their wall, when the rules of a zone change.

A government may move or abolish its clock change with a few weeks' notice. A meeting at ten stays
at ten: it is the instant that moves.

* A wall time that comes twice is the occurrence that was promised, as long as that is one of the
  two; else the first.
* A wall time that no longer exists moves to the end of the gap, which is promised from then on.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from booking.lifecycle import local_start
from booking.model import Booking
from booking.schedule import from_epoch, instant
from booking.values import State

_TO_COME: Final[frozenset[State]] = frozenset({"requested", "confirmed"})


def kept(booking: Booking, *, tzdata: str) -> Booking:
    """Return the booking as its promise reads under the time zone rules of today.

    *tzdata* is their version. Where the promised time is there and the same instant as before, only
    that is noted. Otherwise the meeting moves, as long as it was, and calendars must hear of it;
    links in earlier messages live on, since nothing but the rules has changed.

    A meeting that was cancelled or has an outcome is returned as it is.
    """
    if booking.state not in _TO_COME:
        return booking
    start = promised_instant(booking)
    wall = local_start(start, booking.timezone)
    # The end of a new gap can be the very instant that was meant, under another name.
    if start == booking.start and wall == booking.local_start:
        return structs.replace(booking, tzdata=tzdata)
    return structs.replace(
        booking,
        start=start,
        end=start + (booking.end - booking.start),
        local_start=wall,
        tzdata=tzdata,
        sequence=booking.sequence + 1,
        revision=booking.revision + 1,
    )


def promised_instant(booking: Booking) -> datetime:
    """Return when it is the promised time on the wall under the rules of today, in UTC."""
    wall = datetime.fromisoformat(booking.local_start)
    first, second = (occurrence(wall, booking.timezone, last=last) for last in (False, True))
    return second if second == booking.start else first


def occurrence(wall: datetime, zone: str, *, last: bool = False) -> datetime:
    """Return when the clocks in *zone* show *wall*, in UTC.

    A time in a gap moves to its end; of two in a fold it is the first, unless *last*.
    """
    minute = wall.hour * 60 + wall.minute
    at = from_epoch(instant(zone, wall.toordinal(), minute, last=last))
    exact = at + timedelta(seconds=wall.second, microseconds=wall.microsecond)
    # Where the minute lies in a gap its seconds do too, and the end of the gap is a whole minute.
    return exact if local_start(exact, zone) == wall.isoformat() else at
