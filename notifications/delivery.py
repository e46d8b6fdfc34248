"""When a message may leave: decided anew each time it is about to.

Much can change between the decision to tell somebody something and the moment it can be sent: the
meeting moves again, the consent is withdrawn, the mail server was down for a day.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from notifications.model import Kind, Notice, State
from notifications.ports import Appointment, Offered

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
    "booking-reassigned": 2,
    "booking-handed-over": 2,
    "booking-realigned": 2,
    "booking-conflicted": 3,
    "booking-goes-ahead": 3,
    "invitation-declined": 3,
    "time-proposed": 3,
    "booking-cancelled": 4,
    "booking-declined": 4,
}
_FITS: Final[dict[Kind, frozenset[str]]] = {
    "booking-reassigned": frozenset({"confirmed"}),
    "booking-realigned": frozenset({"confirmed"}),
    "booking-conflicted": frozenset({"requested", "confirmed"}),
    "booking-goes-ahead": frozenset({"requested", "confirmed"}),
    "invitation-declined": frozenset({"requested", "confirmed"}),
    "time-proposed": frozenset({"requested", "confirmed"}),
    "booking-declined": frozenset({"cancelled"}),
    "booking-requested": frozenset({"requested"}),
    "booking-confirmed": frozenset({"confirmed"}),
    "booking-rescheduled": frozenset({"confirmed"}),
    "booking-cancelled": frozenset({"cancelled"}),
}
_ASIDE: Final = frozenset(
    {"booking-conflicted", "booking-goes-ahead", "invitation-declined", "time-proposed"}
)
_ENDS: Final = frozenset({"booking-cancelled", "booking-declined"})
_INVITES: Final = frozenset({"booking-confirmed", "booking-rescheduled", "booking-reassigned"})


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
    offered: Offered | None = None,
) -> Verdict:
    """Decide whether a notice may leave as things stand now.

    Args:
        notice: What is about to leave.
        others: What else was or will be told to the same person about the same meeting.
        appointment: That meeting as it stands now.
        consent: The consent that stands now for the notice's purpose.
        now: The present instant.
        offered: What the customer has to choose from now in place of that meeting.
    """
    if notice.purpose is not None and consent is None:
        return Verdict(state="suppressed", error="no-consent")
    if is_about_booking(notice.kind) and appointment is not None:
        if notice.kind == "booking-conflicted" and offered is None:
            return Verdict(state="superseded", error="newer-news")
        return _judge_meeting(notice, list(others), appointment, now)
    patience = SIGN_IN_PATIENCE if notice.kind == "sign-in" else PATIENCE
    if now > notice.created_at + patience:
        return Verdict(state="cancelled", error="too-late")
    return GO


def _judge_meeting(
    notice: Notice, others: list[Notice], appointment: Appointment, now: datetime
) -> Verdict:
    outrun = any(_outruns(other, notice) for other in others if is_about_booking(other.kind))
    if outrun or not _still_true(notice, appointment):
        return Verdict(state="superseded", error="newer-news")
    if notice.kind == "booking-goes-ahead" and not any(
        other.kind == "booking-conflicted" for other in others
    ):
        return Verdict(state="cancelled", error="never-told")
    if notice.kind in _ENDS and _never_told(notice, others):
        return Verdict(state="cancelled", error="never-told")
    late = appointment.end if notice.kind in _ENDS else appointment.start
    if now >= late:
        return Verdict(state="cancelled", error="too-late")
    return GO


def _still_true(notice: Notice, appointment: Appointment) -> bool:
    if notice.kind == "booking-handed-over":
        # Whatever became of the meeting afterwards: it is not theirs.
        return True
    current = (notice.sequence or 0) >= appointment.sequence
    return current and appointment.state in _FITS[notice.kind]


def _never_told(notice: Notice, others: list[Notice]) -> bool:
    """Tell whether a colleague never heard of the meeting that will not take place."""
    return notice.recipient.startswith("adv_") and not any(
        other.kind in _INVITES for other in others
    )


def _outruns(other: Notice, notice: Notice) -> bool:
    if not _ASIDE.isdisjoint({other.kind, notice.kind}):
        # They change nothing about the meeting: what was true before them stays so.
        return (other.sequence or 0) > (notice.sequence or 0)
    return _rank(other) > _rank(notice)


def _rank(notice: Notice) -> tuple[int, int]:
    # A later SEQUENCE is newer. Within one the kinds have an order of their own, since events may
    # be worked on in any order.
    return (notice.sequence or 0, _RANK[notice.kind])
