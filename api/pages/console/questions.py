"""What an advisor has to choose about their meetings: times proposed, and entries they moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.participation
import booking.service
import context.service
from api.pages.console.words import say
from booking.calendars import questions as asked
from booking.calendars.model import Change
from booking.calendars.questions import Question
from booking.model import Booking
from context.errors import CustomerUnknown
from kernel import formats
from kernel.ids import Id
from kernel.people import Language, full_name

_DONE: Final[Mapping[Change, str]] = {
    "moved": "question.moved",
    "resized": "question.resized",
    "deleted": "question.deleted",
    "odd": "question.odd",
}


class Ask(Struct, frozen=True, kw_only=True):
    """Something to choose about one meeting.

    Attributes:
        of: Whether a guest proposed another time, or the advisor did something in their calendar.
        sentence: What was proposed or done.
        accept: The words on the button that agrees; None where the meeting cannot follow.
        seen: What the buttons are about, so that nothing else is agreed to.
    """

    booking: Id
    of: str
    sentence: str
    accept: str | None
    keep: str
    seen: str
    note: str


def is_open(meeting: Booking, now: datetime) -> bool:
    """Tell whether a meeting is still to take place."""
    return meeting.state in {"requested", "confirmed"} and meeting.start > now


def seen_of(question: Question) -> str:
    """Return what stands for a question as it was shown."""
    start = question.start.isoformat() if question.start else ""
    return f"{question.change} {start}"


async def asks_of(
    db: AsyncConnection,
    tenant: Id,
    meetings: Sequence[Booking],
    questions: Sequence[Question],
    *,
    language: Language,
    timezone: str,
) -> list[Ask]:
    """Return what is to be chosen about these meetings, by meeting."""
    found = []
    answers = await booking.participation.participation_of(db, tenant, meetings)
    for meeting in meetings:
        found += [
            _of_calendar(question, language=language, timezone=timezone)
            for question in questions
            if question.booking_id == meeting.id
        ]
        proposed: dict[datetime, str] = {}
        for given in answers[meeting.id]:
            if given.proposed_start is not None:
                name = await _name(db, tenant, given.customer_id)
                if name is not None:
                    proposed.setdefault(given.proposed_start, name)
        found += [
            _of_guest(meeting, start, who, language=language, timezone=timezone)
            for start, who in proposed.items()
        ]
    return found


async def open_asks(
    db: AsyncConnection,
    tenant: Id,
    advisor: Id,
    *,
    language: Language,
    timezone: str,
    now: datetime,
) -> tuple[list[Booking], list[Ask]]:
    """Return what an advisor has to choose about their meetings ahead, and those meetings."""
    questions = await asked.open_questions(db, tenant, advisor=advisor, now=now)
    meetings = {
        meeting.id: meeting
        for meeting in await booking.participation.proposed_to(db, tenant, advisor, now=now)
    }
    for question in questions:
        if question.booking_id not in meetings:
            meetings[question.booking_id] = await booking.service.get_booking(
                db, tenant, question.booking_id
            )
    ordered = sorted(meetings.values(), key=_start)
    asks = await asks_of(db, tenant, ordered, questions, language=language, timezone=timezone)
    return ordered, asks


def _of_calendar(question: Question, *, language: Language, timezone: str) -> Ask:
    when = formats.when(question.start, timezone, language) if question.start else ""
    accept = "question.cancel" if question.change == "deleted" else "question.follow"
    return Ask(
        booking=question.booking_id,
        of="calendar",
        sentence=say(_DONE[question.change], language, when=when),
        accept=say(accept, language, when=when) if question.can_accept else None,
        keep=say("question.put-back", language),
        seen=seen_of(question),
        note=say("question.until", language),
    )


def _of_guest(
    meeting: Booking, start: datetime, who: str, *, language: Language, timezone: str
) -> Ask:
    when = formats.when(start, timezone, language)
    return Ask(
        booking=meeting.id,
        of="guest",
        sentence=say("question.proposed", language, who=who, when=when),
        accept=say("question.agree", language, when=when),
        keep=say("question.stay", language),
        seen=start.isoformat(),
        note=say("question.stay.silent", language),
    )


async def _name(db: AsyncConnection, tenant: Id, customer: Id) -> str | None:
    try:
        return full_name((await context.service.get_customer(db, tenant, customer)).name)
    except CustomerUnknown:
        return None


def _start(meeting: Booking) -> datetime:
    return meeting.start
