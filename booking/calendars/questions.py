"""What an advisor did to a meeting in their own calendar and has to decide about, and deciding it.

They were asked because the organisation wants to be, or because it could not be done as it was.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars import changes, link_store, questions_store
from booking.calendars.deciding import apply, put_back
from booking.calendars.model import Change, Link
from kernel.errors import Conflict
from kernel.ids import Id, require

__all__ = ["Question", "accept", "open_questions", "refuse"]


class Question(Struct, frozen=True, kw_only=True):
    """What was done to a meeting's entry, about which its advisor has to choose.

    Attributes:
        start: Where the entry stands now; None where it is gone or has no plain time.
        can_accept: Whether the meeting can follow it. What several customers share cannot, and a
            meeting keeps its length.
    """

    booking_id: Id
    advisor_id: Id
    change: Change
    start: datetime | None
    end: datetime | None
    can_accept: bool


async def open_questions(
    db: AsyncConnection,
    tenant: Id,
    *,
    advisor: Id | None = None,
    booking: Id | None = None,
    now: datetime,
) -> list[Question]:
    """Return what an advisor was asked about their meetings ahead, or what about one booking.

    Raises:
        NotFound: The advisor or booking cannot be one.
    """
    if advisor is not None:
        require("adv", advisor, "advisor")
    if booking is not None:
        require("bkg", booking, "booking")
    found = []
    for link in await questions_store.asked(db, tenant, advisor=advisor, booking=booking):
        meeting = await changes.live_booking(db, tenant, link.booking_id, now=now)
        if meeting is not None and link.change is not None:
            found.append(
                Question(
                    booking_id=link.booking_id,
                    advisor_id=link.advisor_id,
                    change=link.change,
                    start=link.moved_start,
                    end=link.moved_end,
                    can_accept=meeting.session_id is None and link.change in {"moved", "deleted"},
                )
            )
    return found


async def accept(db: AsyncConnection, tenant: Id, question: Question, *, now: datetime) -> None:
    """Let the meeting follow its entry: to its new time, or away; its customer is told.

    Raises:
        Conflict: It is not any more as it was shown, or the meeting cannot follow.
        SlotTaken, SlotUnavailable, BookingOver: It cannot be at that time, or not any more.
    """
    link = await _still(db, tenant, question)
    if not question.can_accept:
        raise Conflict("This meeting cannot follow its entry; put the entry back.")
    await apply(db, tenant, link, now=now)


async def refuse(db: AsyncConnection, tenant: Id, question: Question, *, now: datetime) -> None:
    """Leave the meeting as it is, and write its entry again.

    Raises:
        Conflict: It is not any more as it was shown.
    """
    await put_back(db, tenant, await _still(db, tenant, question), now=now)


async def _still(db: AsyncConnection, tenant: Id, question: Question) -> Link:
    link = await link_store.find(db, tenant, question.booking_id, question.advisor_id, lock=True)
    shown = (question.change, question.start, True)
    if link is None or (link.change, link.moved_start, link.asked) != shown:
        raise Conflict("The calendar has changed meanwhile; look at the meeting again.")
    return link
