"""When a message may leave: decided anew each time it is about to.

Much can change between the decision to tell somebody something and the moment it can be sent: the
meeting moves again, the consent is withdrawn, the mail server was down for a day.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from notifications.model import Kind, Notice, State
from notifications.ports import Appointment

RETRIES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60)
)
"""How long to wait after each attempt that a mail server put off; after that once a day."""

PATIENCE: Final = timedelta(days=7)
"""After this nobody is waiting for the message any more."""

SIGN_IN_PATIENCE: Final = timedelta(minutes=15)
"""After this a sign-in link is of no use, or has been replaced by another."""

LEAVES_BY: Final = timedelta(seconds=90)
"""How long one attempt may take before it counts as lost with whoever made it."""

_RANK: Final[dict[Kind, int]] = {
    "booking-requested": 0,
    "booking-confirmed": 1,
    "booking-rescheduled": 2,
    "booking-cancelled": 3,
}
_FITS: Final[dict[Kind, frozenset[str]]] = {
    "booking-requested": frozenset({"requested"}),
    "booking-confirmed": frozenset({"confirmed"}),
    "booking-rescheduled": frozenset({"confirmed"}),
    "booking-cancelled": frozenset({"cancelled"}),
}


class Verdict(Struct, frozen=True, kw_only=True):
    """What becomes of a delivery: *scheduled* means that it may leave now."""

    state: State
    error: str | None = None


GO: Final = Verdict(state="scheduled")


def is_about_booking(kind: Kind) -> bool:
    """Tell whether this kind follows a meeting's SEQUENCE."""
    return kind in _RANK


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait after that many attempts."""
    return RETRIES[attempts - 1] if attempts <= len(RETRIES) else timedelta(days=1)


def judge(
    notice: Notice,
    *,
    others: Iterable[Notice],
    appointment: Appointment | None,
    consent: str | None,
    now: datetime,
) -> Verdict:
    """Decide whether a notice may leave as things stand now.

    Args:
        notice: What is about to leave.
        others: What else was or will be told to the same person about the same meeting.
        appointment: That meeting as it stands now.
        consent: The consent that stands now for the notice's purpose.
        now: The present instant.
    """
    if notice.purpose is not None and consent is None:
        return Verdict(state="suppressed", error="no-consent")
    if is_about_booking(notice.kind) and appointment is not None:
        return _judge_meeting(notice, others, appointment, now)
    patience = SIGN_IN_PATIENCE if notice.kind == "sign-in" else PATIENCE
    if now > notice.created_at + patience:
        return Verdict(state="cancelled", error="too-late")
    return GO


def _judge_meeting(
    notice: Notice, others: Iterable[Notice], appointment: Appointment, now: datetime
) -> Verdict:
    outrun = any(_rank(other) > _rank(notice) for other in others if is_about_booking(other.kind))
    stale = (notice.sequence or 0) < appointment.sequence
    if outrun or stale or appointment.state not in _FITS[notice.kind]:
        return Verdict(state="superseded", error="newer-news")
    late = appointment.end if notice.kind == "booking-cancelled" else appointment.start
    if now >= late:
        return Verdict(state="cancelled", error="too-late")
    return GO


def _rank(notice: Notice) -> tuple[int, int]:
    # A later SEQUENCE is newer. Within one the kinds have an order of their own, since events may
    # be worked on in any order.
    return (notice.sequence or 0, _RANK[notice.kind])
