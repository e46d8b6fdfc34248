"""The use cases of the booking room: find a time, keep it, book it, change it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import asking
from booking.changing import (
    cancel,
    cancel_series,
    confirm,
    decline,
    keep_promises,
    reassign,
    record_outcome,
    repair,
    reschedule,
)
from booking.conflicts import conflict_of, dismiss, offer_others, open_conflicts
from booking.freshness import read_since, unread, unread_of
from booking.holding import hold, release
from booking.making import book, book_series, refuse_taken
from booking.model import SlotAnswer, SlotQuery
from booking.reading import (
    explain_assignment,
    get_booking,
    history,
    list_bookings,
    replay_assignment,
)
from booking.setup import (
    add_advisor,
    add_location,
    apply_meeting_type,
    find_advisor_by_email,
    get_advisor,
    get_meeting_type,
    get_schedule,
    list_advisors,
    list_locations,
    list_meeting_types,
    set_schedule,
)
from kernel.ids import Id

__all__ = [
    "add_advisor",
    "add_location",
    "apply_meeting_type",
    "book",
    "book_series",
    "cancel",
    "cancel_series",
    "confirm",
    "conflict_of",
    "decline",
    "dismiss",
    "explain_assignment",
    "find_advisor_by_email",
    "get_advisor",
    "get_booking",
    "get_meeting_type",
    "get_schedule",
    "history",
    "hold",
    "keep_promises",
    "list_advisors",
    "list_bookings",
    "list_locations",
    "list_meeting_types",
    "offer_others",
    "open_conflicts",
    "read_since",
    "reassign",
    "record_outcome",
    "refuse_taken",
    "release",
    "repair",
    "replay_assignment",
    "reschedule",
    "set_schedule",
    "slots",
    "unread",
    "unread_of",
]


async def slots(
    db: AsyncConnection, tenant: Id, query: SlotQuery, *, now: datetime, moving: Id | None = None
) -> SlotAnswer:
    """Return when one can meet; reads the database six times at most and writes nothing.

    If a booking is *moving*, the answer is about its own advisor, length and way of meeting, and
    what it takes itself counts as free.

    Raises:
        MeetingTypeUnknown: There is no such kind of meeting.
        NotFound: There is no such branch, advisor or booking.
        Invalid: A meeting in a branch, and no branch.
    """
    booking = None if moving is None else await get_booking(db, tenant, moving)
    return await asking.slots(db, tenant, query, now=now, moving=booking)
