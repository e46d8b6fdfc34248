"""Which booked times have been taken by somebody's own calendar; pure.

A meeting in which an advisor's own appointment has come to stand is not moved and not dropped: the
customer is offered other times, and until somebody chooses it stays as it is.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from booking.model import Alternative
from kernel.ids import Id
from kernel.spans import Span, merge

ConflictState = Literal["seen", "offered", "displaced", "kept", "resolved"]
Resolution = Literal["gone", "moved", "reassigned", "cancelled", "begun", "kept"]
"""How it ended: the calendar's time is free again; the meeting was moved, given to somebody else,
called off, or has begun; or the advisor said that it goes on as it is."""


class Conflict(Struct, frozen=True, kw_only=True):
    """A meeting whose time was taken in the calendar of somebody who is to be there.

    Attributes:
        advisor_id: In whose calendar.
        state: *seen* until its grace is over, *offered* once the customer has been told, *kept*
            while the advisor lets both stand, *resolved* when it is over. *displaced* is one that
            no calendar has taken: new rules of its time zone moved it to where it cannot be.
        offered_at: When the customer was told.
        alternatives: What the customer was offered; empty if there was nothing to offer.
    """

    id: Id
    booking_id: Id
    advisor_id: Id
    state: ConflictState
    seen_at: datetime
    offered_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    alternatives: list[Alternative]


class Meeting(Struct, frozen=True, kw_only=True):
    """A meeting ahead of an advisor: its own time, without what is kept free around it."""

    booking_id: Id
    span: Span


def judge(
    meetings: Iterable[Meeting], busy: Iterable[Span], known: Sequence[Conflict]
) -> tuple[list[Meeting], list[Conflict]]:
    """Compare what lies ahead of one advisor with their own calendars.

    Args:
        meetings: Those that they are to attend.
        busy: Their own appointments, in any order; they may overlap.
        known: Their conflicts that are not resolved.

    Returns:
        Meetings whose time is taken and that have no conflict yet, and conflicts that are none
        any more, each in the order given.
    """
    meetings = list(meetings)
    blocks = merge(busy)
    starts = [block.start for block in blocks]
    taken = [meeting for meeting in meetings if _is_taken(meeting.span, blocks, starts)]
    before = {conflict.booking_id for conflict in known}
    still = {meeting.booking_id for meeting in taken}
    ahead = {meeting.booking_id for meeting in meetings}
    return (
        [meeting for meeting in taken if meeting.booking_id not in before],
        [
            conflict
            for conflict in known
            if conflict.booking_id not in (ahead if conflict.state == "displaced" else still)
        ],
    )


def _is_taken(span: Span, blocks: Sequence[Span], starts: Sequence[datetime]) -> bool:
    # Blocks do not touch, so of those that begin early enough only the last can reach the span.
    last = bisect_right(starts, span.start)
    near = blocks[max(0, last - 1) : last + 1]
    return any(block.overlaps(span) for block in near)
