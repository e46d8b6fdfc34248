"""What may become of a booking: requested → confirmed → moved, cancelled."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import structs

from booking.errors import BookingOver
from booking.model import Booking, Channel, State


def state_on_booking(last_read: datetime | None, *, limit: datetime) -> State:
    """Decide whether a meeting stands at once or waits for the advisor's word.

    Args:
        last_read: When the advisor's calendar was last read; None if never.
        limit: Since when it must have been read for its free time to be believed.
    """
    return "requested" if last_read is None or last_read < limit else "confirmed"


def promise_zone(channel: Channel, *, customer: str, advisor: str, branch: str | None) -> str:
    """Return the zone in which the customer is promised a time.

    By video it is the customer's own; by phone and in a branch people go by the branch's clock,
    or by the advisor's where there is no branch.
    """
    return customer if channel == "video" else branch or advisor


def local_start(start: datetime, zone: str) -> str:
    """Return the time on the wall in *zone*, such as ``2026-12-01T09:00:00``."""
    return start.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()


def moved(
    booking: Booking, start: datetime, *, state: State | None = None, tzdata: str, now: datetime
) -> Booking:
    """Return the booking at another start, as long as before; links in earlier messages end.

    *state* is what it becomes, None leaves it; *tzdata* is the version of the time zone rules by
    which the new promise is written down.

    Raises:
        BookingOver: It is cancelled or has begun.
    """
    require_open(booking, now=now)
    return structs.replace(
        booking,
        start=start,
        end=start + (booking.end - booking.start),
        local_start=local_start(start, booking.timezone),
        tzdata=tzdata,
        state=state or booking.state,
        sequence=booking.sequence + 1,
        generation=booking.generation + 1,
    )


def cancelled(booking: Booking, *, by: str, reason: str | None, now: datetime) -> Booking:
    """Return the booking as one that will not take place.

    Raises:
        BookingOver: It is cancelled already or has begun.
    """
    require_open(booking, now=now)
    return structs.replace(
        booking,
        state="cancelled",
        sequence=booking.sequence + 1,
        cancelled_by=by,
        reason=reason,
    )


def confirmed(booking: Booking, *, now: datetime) -> Booking:
    """Return the booking with the advisor's word on it.

    Raises:
        BookingOver: It does not wait for it (any more).
    """
    require_open(booking, now=now)
    if booking.state != "requested":
        raise BookingOver("This meeting does not wait for a confirmation.")
    return structs.replace(booking, state="confirmed")


def require_open(booking: Booking, *, now: datetime) -> None:
    """Refuse to change what can no longer be changed.

    Raises:
        BookingOver: The meeting is cancelled or has begun.
    """
    if booking.state == "cancelled":
        raise BookingOver("This meeting has been cancelled already.")
    if booking.start <= now:
        raise BookingOver("This meeting has begun; it cannot be changed any more.")
