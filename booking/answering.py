"""Whether an answer to an invitation counts, and what it changes; pure.

An answer counts when it is about the meeting at the time it has now, from somebody who was invited,
and newer than what they said before: by SEQUENCE, then by DTSTAMP (RFC 5546, 2.1.5).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct, structs

from booking.itip import Answer, Answered
from booking.lifecycle import HistoryStep
from booking.model import Booking
from kernel.ids import Id

Outcome: TypeAlias = Literal[
    "accepted",
    "tentative",
    "declined",
    "proposed",
    "wrong-uid",
    "meeting-over",
    "not-invited",
    "old-sequence",
    "older",
    "repeated",
    "too-many",
    "not-an-answer",
]
"""What became of an answer: the first four count, the others say why it does not."""

COUNTS: Final[frozenset[Outcome]] = frozenset({"accepted", "tentative", "declined", "proposed"})

MOST_ANSWERS: Final = 20
"""How often somebody may change their mind about one time."""


class Participation(Struct, frozen=True, kw_only=True):
    """What a customer last answered to the invitation to a meeting.

    Attributes:
        answer: None where they only proposed another time.
        generation: The booking's when they answered: an answer is about one time of the meeting.
        sequence: Of the invitation that they answered.
        answered_at: When they did, by their own program's clock, never later than it came in.
        answers: How many they have given about this time, this one included.
    """

    booking_id: Id
    customer_id: Id
    answer: Answer | None
    generation: int
    sequence: int
    answered_at: datetime
    received_at: datetime
    proposed_start: datetime | None = None
    proposed_end: datetime | None = None
    answers: int = 1


def sequence_of_time(steps: Sequence[HistoryStep]) -> int:
    """Return the SEQUENCE with which a meeting got the time it has now.

    A change of people alone sends a newer invitation too, and an answer to the one before is still
    about the same time.
    """
    held = None
    for step in sorted(steps, key=lambda one: one.revision):
        now = step.booking
        if held is None or (held.start, held.end) != (now.start, now.end):
            held = now
    return held.sequence if held else 0


def refusal(
    booking: Booking, said: Answered, *, least: int, now: datetime
) -> Literal["wrong-uid", "meeting-over", "old-sequence"] | None:
    """Return why what was said is not about this meeting as it stands; None if it is.

    *least* is the SEQUENCE with which it got its time.
    """
    if said.uid != booking.uid:
        return "wrong-uid"
    if booking.state not in {"requested", "confirmed"} or booking.start <= now:
        return "meeting-over"
    return "old-sequence" if said.sequence < least else None


def answered(
    booking: Booking,
    customer: Id,
    said: Answered,
    answer: Answer | None,
    *,
    before: Participation | None,
    now: datetime,
) -> Participation | Outcome:
    """Return what a customer has answered with this, or why it does not count."""
    proposed = _proposed(booking, said)
    if answer is None and proposed is None:
        return "not-an-answer"
    same_time = before is not None and before.generation == booking.generation
    # A program may count on, and its clock may run ahead; neither is to outrun what follows.
    given = Participation(
        booking_id=booking.id,
        customer_id=customer,
        answer=answer,
        generation=booking.generation,
        sequence=min(said.sequence, booking.sequence),
        answered_at=min(said.stamp, now.replace(microsecond=0)),
        received_at=now,
        proposed_start=proposed[0] if proposed else None,
        proposed_end=proposed[1] if proposed else None,
        answers=before.answers + 1 if before and same_time else 1,
    )
    if before is None:
        return given
    if _order(given) <= _order(before):
        return "repeated" if _order(given) == _order(before) else "older"
    return "too-many" if given.answers > MOST_ANSWERS else given


def outcome_of(given: Participation) -> Outcome:
    """Return in one word what an answer says."""
    if given.proposed_start is not None:
        return "proposed"
    return given.answer or "not-an-answer"


def about_now(booking: Booking, known: Sequence[Participation]) -> list[Participation]:
    """Return the answers that are about the time a meeting has now, the customer's own first."""
    order = [booking.customer_id, *booking.participants]
    return sorted(
        (
            one
            for one in known
            if one.booking_id == booking.id
            and one.generation == booking.generation
            and one.customer_id in order
        ),
        key=lambda one: order.index(one.customer_id),
    )


def taken_over(given: Participation, before: Participation | None) -> Participation:
    """Return the answer with what its customer said before, where it says nothing new of that."""
    if given.answer is not None or before is None or before.generation != given.generation:
        return given
    return structs.replace(given, answer=before.answer)


def _proposed(booking: Booking, said: Answered) -> tuple[datetime, datetime] | None:
    if said.start is None:
        return None
    end = said.end or said.start + (booking.end - booking.start)
    same = (said.start, end) == (booking.start, booking.end)
    return None if same else (said.start, end)


def _order(given: Participation) -> tuple[int, datetime]:
    return (given.sequence, given.answered_at)
