"""Shapes of what becomes of bookings: series, steps, their history, conflicts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from api.wire.customer import (
    AdvisorName,
    BookingBody,
    BookingView,
    ColleagueView,
    Instant,
    OfferedTime,
    OfferedTimes,
    colleagues_view,
    local,
)
from booking.assignment import Decision
from booking.clashes import Conflict, ConflictState, Resolution
from booking.lifecycle import HistoryStep, Outcome
from booking.model import Alternative, Repeat
from booking.organisation import Advisor
from booking.values import State
from kernel.ids import Id


class SeriesBody(BookingBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meeting to book, and how it comes back."""

    repeat: Repeat


class SeriesView(Struct, frozen=True, kw_only=True):
    """Meetings that were booked together, the first first."""

    id: Id
    items: list[BookingView]


class SeriesCancelBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a series is called off, and from when on; both may be left out."""

    reason: Annotated[str, Meta(max_length=500)] | None = None
    since: Instant | None = field(default=None, name="from")


class ReassignBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets the meeting; without anybody it is whoever suits best."""

    advisor: Id | None = None


class OutcomeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the customer came."""

    outcome: Outcome


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One step in the life of a meeting, and what it was from then on.

    Attributes:
        at: When the step was made, in UTC.
        by: Who made it.
        action: What was done, such as ``booking.rescheduled``.
        reason: Why it was cancelled.
    """

    revision: int
    at: datetime
    by: str
    action: str
    state: State
    start: datetime
    end: datetime
    timezone: str
    advisor: AdvisorName
    colleagues: list[ColleagueView]
    reason: str | None


class AssignmentView(Struct, frozen=True, kw_only=True):
    """Why a meeting is with whom it is.

    Attributes:
        decisions: What was decided, the advisor's first, with all that it was decided on.
        replayed: Whether deciding again on the same grounds comes out the same.
        sentences: Each decision in words.
    """

    decisions: list[Decision]
    replayed: bool
    sentences: list[str]


class ConflictView(Struct, frozen=True, kw_only=True):
    """A meeting whose time was taken in the calendar of somebody who is to be there.

    Attributes:
        booking: The meeting.
        advisor: In whose calendar.
        offered_at: When the customer was told; null as long as they were not.
        alternatives: What the customer was offered.
    """

    id: Id
    booking: Id
    advisor: AdvisorName
    state: ConflictState
    seen_at: datetime
    offered_at: datetime | None
    resolved_at: datetime | None
    resolution: Resolution | None
    alternatives: list[OfferedTime]


def history_entry(step: HistoryStep, people: Mapping[Id, Advisor]) -> HistoryEntry:
    """Show a step, with the times of the meeting in the zone in which it was promised."""
    meeting = step.booking
    return HistoryEntry(
        revision=step.revision,
        at=step.at,
        by=step.by,
        action=step.action,
        state=meeting.state,
        start=local(meeting.start, meeting.timezone),
        end=local(meeting.end, meeting.timezone),
        timezone=meeting.timezone,
        advisor=advisor_name(people[meeting.advisor_id]),
        colleagues=colleagues_view(meeting, people),
        reason=meeting.reason,
    )


def conflict_view(
    conflict: Conflict, people: Mapping[Id, Advisor], *, timezone: str
) -> ConflictView:
    """Show a conflict to staff, with what was offered in *timezone*."""
    return ConflictView(
        id=conflict.id,
        booking=conflict.booking_id,
        advisor=advisor_name(people[conflict.advisor_id]),
        state=conflict.state,
        seen_at=conflict.seen_at,
        offered_at=conflict.offered_at,
        resolved_at=conflict.resolved_at,
        resolution=conflict.resolution,
        alternatives=[_offered(one, people, timezone=timezone) for one in conflict.alternatives],
    )


def named_in(conflict: Conflict) -> set[Id]:
    """Return the advisors of whom a conflict speaks."""
    return {conflict.advisor_id, *(one.advisor_id for one in conflict.alternatives)}


def offered_times(
    conflict: Conflict, people: Mapping[Id, Advisor], *, timezone: str
) -> OfferedTimes:
    """Show a customer what they can choose from; not what came in between."""
    return OfferedTimes(
        alternatives=[_offered(one, people, timezone=timezone) for one in conflict.alternatives]
    )


def _offered(one: Alternative, people: Mapping[Id, Advisor], *, timezone: str) -> OfferedTime:
    return OfferedTime(
        start=local(one.start, timezone), advisor=advisor_name(people[one.advisor_id])
    )


def advisor_name(advisor: Advisor) -> AdvisorName:
    """Show who it is."""
    return AdvisorName(id=advisor.id, name=advisor.name)
