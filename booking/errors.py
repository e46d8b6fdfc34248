"""What can go wrong in the booking room, each in a sentence that can be shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from booking.model import Reason
from kernel.errors import Conflict, NotFound


class MeetingTypeUnknown(NotFound):
    """The organisation has no such kind of meeting."""

    code = "meeting-type-unknown"
    title = "No such kind of meeting"

    def __init__(self) -> None:
        super().__init__("There is no meeting type with this slug; GET /v1/meeting-types has them.")


class SlugTaken(Conflict):
    """Another thing of this kind has the slug already."""

    code = "slug-taken"
    title = "That slug is taken"


class AdvisorKnown(Conflict):
    """An advisor with this e-mail address is on file already."""

    code = "advisor-known"
    title = "That advisor is on file already"

    def __init__(self) -> None:
        super().__init__("There is an advisor with this e-mail address already.")


class SlotTaken(Conflict):
    """Somebody else was first; *alternatives* are the nearest starts that are free, in UTC."""

    code = "slot-taken"
    title = "That time has just been taken"

    def __init__(self, alternatives: Sequence[datetime] = ()) -> None:
        self.alternatives = list(alternatives)
        super().__init__(
            "Somebody else has this time already; choose one of the alternatives.",
            alternatives=self.alternatives,
        )


_UNAVAILABLE: Final[dict[Reason, str]] = {
    "off-grid": "No meeting starts at this time; take a start from the list of slots.",
    "past": "This time has passed.",
    "notice": "This time is too soon; the meeting has to be booked further ahead.",
    "outside-window": "This time is too far ahead to be booked yet.",
    "outside-hours": "The meeting would not lie inside working hours.",
    "busy": "Nobody who gives this meeting is free at this time.",
    "unsuitable": "Nobody gives this meeting in this way, at this place or for this long.",
}


class SlotUnavailable(Conflict):
    """No time that can be booked, and why; *alternatives* as for a slot that is taken."""

    code = "slot-unavailable"
    title = "That time cannot be booked"

    def __init__(self, *, reason: Reason, alternatives: Sequence[datetime] = ()) -> None:
        self.reason = reason
        self.alternatives = list(alternatives)
        super().__init__(_UNAVAILABLE[reason], reason=reason, alternatives=self.alternatives)


class HoldExpired(Conflict):
    """The hold has ended and its time is not the holder's any more."""

    code = "hold-expired"
    title = "The hold has ended"

    def __init__(self) -> None:
        super().__init__("The time is no longer held for you; nothing was booked. Choose again.")


class BookingOver(Conflict):
    """The meeting is cancelled, has begun, or has just been changed by somebody else."""
