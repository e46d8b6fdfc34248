"""What may become of a booking, and how it stood at any moment.

The whole of it stands in ``TRANSITIONS``. What is not there is refused, in a sentence that says
what to do instead; a refused step leaves everything as it was.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct, field, structs

from booking.errors import (
    BookingOver,
    NeverConfirmed,
    NotWaiting,
    OutcomeKnown,
    OutcomeTooEarly,
    SameTeam,
    SameTime,
)
from booking.model import Booking, Colleague
from booking.values import Channel, State, refused
from kernel.ids import Id

Step = Literal[
    "confirm", "decline", "reschedule", "reassign", "cancel", "attend", "no-show", "reopen"
]
"""What can be done; *reopen* is part of a change that asks for the advisor's word once more."""
Standing = Literal["requested", "confirmed"]
"""The states of a meeting that is to take place."""
Outcome = Literal["attended", "no-show"]

TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = {
    ("requested", "confirm"): "confirmed",
    ("requested", "decline"): "cancelled",
    ("requested", "reschedule"): "requested",
    ("requested", "reassign"): "requested",
    ("requested", "cancel"): "cancelled",
    ("confirmed", "reopen"): "requested",
    ("confirmed", "reschedule"): "confirmed",
    ("confirmed", "reassign"): "confirmed",
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "attend"): "attended",
    ("confirmed", "no-show"): "no-show",
    # An outcome can be put right, but not taken back.
    ("attended", "no-show"): "no-show",
    ("no-show", "attend"): "attended",
}
"""The state that a step leads to; an outcome once the meeting has begun, all else before that."""

_OUTCOMES: Final[Mapping[Outcome, Step]] = {"attended": "attend", "no-show": "no-show"}


class Team(Struct, frozen=True, kw_only=True):
    """Who and what a meeting has: its advisor, who else is there, and the rooms it takes."""

    advisor_id: Id
    colleagues: list[Colleague] = field(default_factory=list)
    resources: list[Id] = field(default_factory=list)

    def attendants(self) -> list[Id]:
        """Return everybody of the organisation who is there, the advisor first."""
        return [self.advisor_id, *(colleague.advisor_id for colleague in self.colleagues)]


class Attended(Protocol):
    """What has a team: a booking, or a session that several bookings share."""

    @property
    def advisor_id(self) -> Id:
        """The one who gives the meeting."""
        ...

    @property
    def colleagues(self) -> list[Colleague]:
        """Who else is there."""
        ...

    @property
    def resources(self) -> list[Id]:
        """The rooms and other things that it takes."""
        ...


# --- at the beginning ----------------------------------------------------------------------------


def state_on_booking(
    last_read: datetime | None, *, limit: datetime, approval: bool, word: bool = False
) -> Standing:
    """Decide whether a meeting stands at once or waits for the advisor's word.

    Args:
        last_read: When the advisor's calendar was last read; None if never.
        limit: Since when it must have been read for its free time to be believed.
        approval: Whether this kind of meeting always waits for the advisor's word.
        word: Whether that has been given: the advisor books, or an operator who asked them.
    """
    if word:
        return "confirmed"
    stale = last_read is None or last_read < limit
    return "requested" if approval or stale else "confirmed"


def promise_zone(channel: Channel, *, customer: str, advisor: str, branch: str | None) -> str:
    """Return the zone in which the customer is promised a time.

    By video it is the customer's own; by phone and in a branch people go by the branch's clock,
    or by the advisor's where there is no branch.
    """
    return customer if channel == "video" else branch or advisor


def display_zone(channel: Channel, *, branch: str | None, home: str) -> str | None:
    """Return the zone in which free times are shown, or None for the customer's own.

    In person and by phone people go by the branch's clock, or by the organisation's (*home*)
    where there is no branch.
    """
    return None if channel == "video" else branch or home


def local_start(start: datetime, zone: str) -> str:
    """Return the time on the wall in *zone*, such as ``2026-12-01T09:00:00``."""
    return start.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()


# --- until the meeting begins --------------------------------------------------------------------


def confirmed(booking: Booking, *, now: datetime) -> Booking:
    """Return the booking with the advisor's word on it.

    Raises:
        BookingOver: It is cancelled or has begun.
        NotWaiting: It has the advisor's word already.
    """
    return _changed(booking, "confirm", now)


def declined(booking: Booking, *, by: str, reason: str | None, now: datetime) -> Booking:
    """Return the booking as one that the advisor said no to.

    Raises:
        BookingOver: It is cancelled or has begun.
        NotWaiting: The advisor has said yes before; such a meeting can only be cancelled.
    """
    return _called_off(_changed(booking, "decline", now), by, reason)


def moved(
    booking: Booking,
    start: datetime,
    *,
    end: datetime | None = None,
    state: Standing | None = None,
    tzdata: str,
    now: datetime,
    team: Team | None = None,
) -> Booking:
    """Return the booking at another time; links in earlier messages end.

    Without an *end* it lasts as long as it did; without a *team* it keeps its people and rooms.
    *state* says whether it stands there or waits for the advisor's word, None leaves that;
    *tzdata* is the version of the time zone rules by which the new promise is written down.

    Raises:
        BookingOver: It is cancelled or has begun.
        SameTime: It is at that time already, whatever the team.
        Invalid: It would end before it starts.
    """
    after = _changed(booking, "reschedule", now, state)
    length = booking.end - booking.start
    until = start + length if end is None else end
    if until <= start:
        raise refused("/end", "A meeting ends after it starts.", "ends-before-start")
    if (start, until) == (booking.start, booking.end):
        raise SameTime
    longer = (until - start - length) // timedelta(minutes=1)
    return structs.replace(
        _with_team(after, team or team_of(booking)),
        start=start.astimezone(UTC),
        end=until.astimezone(UTC),
        work=max(0, booking.work + longer),
        local_start=local_start(start, booking.timezone),
        tzdata=tzdata,
        sequence=booking.sequence + 1,
        generation=booking.generation + 1,
    )


def reassigned(
    booking: Booking, team: Team, *, state: Standing | None = None, now: datetime
) -> Booking:
    """Return the booking with other people at the same time; links in earlier messages live on.

    *state* says whether it stands or waits for the (new) advisor's word; None leaves that.

    Raises:
        BookingOver: It is cancelled or has begun.
        SameTeam: All of them have it already.
    """
    after = _changed(booking, "reassign", now, state)
    if _same(team, team_of(booking)):
        raise SameTeam
    return structs.replace(_with_team(after, team), sequence=booking.sequence + 1)


def cancelled(booking: Booking, *, by: str, reason: str | None, now: datetime) -> Booking:
    """Return the booking as one that will not take place.

    Raises:
        BookingOver: It is cancelled already or has begun.
    """
    return _called_off(_changed(booking, "cancel", now), by, reason)


# --- once it has begun ---------------------------------------------------------------------------


def with_outcome(booking: Booking, outcome: Outcome, *, now: datetime) -> Booking:
    """Return the booking with what came of it; the other outcome puts an earlier one right.

    Raises:
        BookingOver: It was cancelled.
        NeverConfirmed: It has not had the advisor's word.
        OutcomeKnown: It has this outcome already.
        OutcomeTooEarly: It has not begun.
    """
    return _changed(booking, _OUTCOMES[outcome], now)


# --- the machine ---------------------------------------------------------------------------------


def require_open(booking: Booking, *, now: datetime) -> None:
    """Refuse to change what can no longer be changed.

    Raises:
        BookingOver: The meeting is cancelled or has begun.
    """
    if booking.state == "cancelled":
        raise BookingOver("This meeting has been cancelled already; book a new one instead.")
    if booking.state in _OUTCOMES:
        raise BookingOver("This meeting is over and has its outcome; book a new one instead.")
    if booking.start <= now:
        raise BookingOver(
            "This meeting has begun; it cannot be changed any more. Book a new one instead."
        )


def _changed(
    booking: Booking, step: Step, now: datetime, wanted: Standing | None = None
) -> Booking:
    """Return the booking after a step that leaves it as *wanted*, or refuse that."""
    state = TRANSITIONS.get((booking.state, step))
    if step in _OUTCOMES.values():
        _require_outcome(booking, step, now)
    else:
        require_open(booking, now=now)
    if state is None:
        raise NotWaiting
    if wanted not in {None, state}:
        state = TRANSITIONS[state, "confirm" if wanted == "confirmed" else "reopen"]
    return structs.replace(booking, state=state, revision=booking.revision + 1)


def _require_outcome(booking: Booking, step: Step, now: datetime) -> None:
    if booking.state == "cancelled":
        raise BookingOver("This meeting was cancelled, so it has no outcome.")
    if booking.state == "requested":
        raise NeverConfirmed
    if (booking.state, step) not in TRANSITIONS:
        raise OutcomeKnown
    if now < booking.start:
        raise OutcomeTooEarly


def _called_off(booking: Booking, by: str, reason: str | None) -> Booking:
    return structs.replace(booking, sequence=booking.sequence + 1, cancelled_by=by, reason=reason)


def team_of(meeting: Attended) -> Team:
    """Return who and what a meeting has now."""
    return Team(
        advisor_id=meeting.advisor_id, colleagues=meeting.colleagues, resources=meeting.resources
    )


def _with_team(booking: Booking, team: Team) -> Booking:
    return structs.replace(
        booking,
        advisor_id=team.advisor_id,
        colleagues=team.colleagues,
        resources=team.resources,
    )


def _same(one: Team, other: Team) -> bool:
    """Tell whether two teams are the same, in whatever order they are listed."""
    return (
        one.advisor_id == other.advisor_id
        and set(one.colleagues) == set(other.colleagues)
        and set(one.resources) == set(other.resources)
    )


# --- history -------------------------------------------------------------------------------------


class HistoryStep(Struct, frozen=True, kw_only=True):
    """One change of a booking.

    Attributes:
        revision: The booking's own after it.
        at: When it was made.
        by: Who made it.
        action: What was done, such as ``booking.rescheduled``.
        booking: The booking as the change left it.
    """

    revision: int
    at: datetime
    by: str
    action: str
    booking: Booking


def as_it_stood(steps: Sequence[HistoryStep], at: datetime) -> Booking | None:
    """Return the booking as it stood at a moment, or None if it was not there yet.

    A change counts from its own moment on. The steps may come in any order: revisions say which
    came later, since two machines' clocks may not agree on it.
    """
    made = [step for step in steps if step.at <= at]
    return max(made, key=lambda step: step.revision).booking if made else None
