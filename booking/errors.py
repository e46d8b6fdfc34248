"""What can go wrong in the booking room, each in a sentence that can be shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from booking.values import Reason
from kernel.errors import Conflict, NotFound, Unprocessable


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
    "holiday": "This is a day off.",
    "branch-closed": "The branch is closed at this time.",
    "not-offered": "This meeting is not given at this time.",
    "busy": "Nobody who gives this meeting is free at this time.",
    "limit": "No more meetings fit into this day, week or month.",
    "no-room": "No room is free at this time.",
    "unsuitable": "Nobody gives this meeting in this way, at this place or for this long.",
}


PUBLIC_REASON: Final[dict[Reason, Reason]] = {
    "absent": "busy",
    "not-authorised": "busy",
    "booked": "busy",
}
"""Why somebody is not free, or may not advise, is between them and their employer."""


class SlotUnavailable(Conflict):
    """No time that can be booked, and why; *alternatives* as for a slot that is taken."""

    code = "slot-unavailable"
    title = "That time cannot be booked"

    def __init__(self, *, reason: Reason, alternatives: Sequence[datetime] = ()) -> None:
        self.reason = PUBLIC_REASON.get(reason, reason)
        self.alternatives = list(alternatives)
        super().__init__(
            _UNAVAILABLE[self.reason], reason=self.reason, alternatives=self.alternatives
        )


class HoldExpired(Conflict):
    """The hold has ended and its time is not the holder's any more."""

    code = "hold-expired"
    title = "The hold has ended"

    def __init__(self) -> None:
        super().__init__("The time is no longer held for you; nothing was booked. Choose again.")


class BookingOver(Conflict):
    """The meeting is cancelled, has begun, or has just been changed by somebody else."""


class SameTime(Conflict):
    """The meeting is at the time that it was to be moved to."""

    code = "same-time"
    title = "It is at that time already"

    def __init__(self) -> None:
        super().__init__("The meeting is at that time already; choose another one.")


class SameTeam(Conflict):
    """The meeting is with the people that it was to be given to."""

    code = "same-team"
    title = "They have it already"

    def __init__(self) -> None:
        super().__init__("The meeting is with these people already; choose another advisor.")


class NotWaiting(BookingOver):
    """There is nothing to say yes or no to: the advisor has given their word."""

    code = "not-waiting"
    title = "It does not wait for an answer"

    def __init__(self) -> None:
        super().__init__(
            "The advisor has confirmed this meeting already; if it cannot take place, cancel it."
        )


class NeverConfirmed(Conflict):
    """A meeting that the advisor did not say yes to has no outcome."""

    code = "never-confirmed"
    title = "The meeting is not confirmed"

    def __init__(self) -> None:
        super().__init__(
            "The advisor has not confirmed this meeting, so it has no outcome; confirm it before "
            "it begins, or book a new one."
        )


class OutcomeTooEarly(Conflict):
    """What came of a meeting cannot be known before it begins."""

    code = "outcome-too-early"
    title = "The meeting has not begun"

    def __init__(self) -> None:
        super().__init__("The meeting has not begun; record its outcome once it has.")


class OutcomeKnown(Conflict):
    """The meeting has this outcome already."""

    code = "outcome-known"
    title = "That outcome is on file already"

    def __init__(self) -> None:
        super().__init__("This outcome is on file already; record the other one to put it right.")


class NeverOffered(Unprocessable):
    """A kind of meeting that nobody could ever book; the sentence says why and what to change."""

    code = "never-offered"
    title = "This meeting could never be booked"


class ResourceInUse(Conflict):
    """Meetings that are still to come take this resource."""

    code = "resource-in-use"
    title = "The resource is in use"

    def __init__(self) -> None:
        super().__init__(
            "Meetings or holds that are still to come take it; move or cancel those first."
        )


class AbsenceOverlaps(Conflict):
    """The advisor is out of office on some of these days already."""

    code = "absence-overlaps"
    title = "They are out of office then already"

    def __init__(self) -> None:
        super().__init__(
            "An absence of this advisor covers some of these days already; remove it first, or "
            "choose other days."
        )
