"""Who is told what of a change to a meeting; pure.

The customer hears of everything that they must know, and whoever comes along with them hears of
it too. An advisor finds their own meetings in their calendar, so a letter tells them only what
waits for their word, and what is theirs or not theirs any more. Colleagues are told whatever
becomes of a meeting to which they have been asked.
"""

from typing import TypeAlias

from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingConflicted,
    BookingDeclined,
    BookingGoesAhead,
    BookingRealigned,
    BookingReassigned,
    BookingRequested,
    BookingRescheduled,
    InvitationDeclined,
    TimeProposed,
)
from kernel.ids import Id
from notifications.model import Kind
from notifications.ports import Appointment, Attendance

BookingEvent: TypeAlias = (
    BookingRequested
    | BookingConfirmed
    | BookingRescheduled
    | BookingCancelled
    | BookingDeclined
    | BookingReassigned
    | BookingRealigned
    | BookingConflicted
    | BookingGoesAhead
    | InvitationDeclined
    | TimeProposed
)

Told: TypeAlias = list[tuple[Id, Kind]]
"""Whom to tell, and what; each of them once."""


def audience(event: BookingEvent, appointment: Appointment, there: Attendance) -> Told:
    """Return who is told what.

    Args:
        event: What happened.
        appointment: The meeting as it stands now.
        there: Who was to attend it before that, and who is since.
    """
    told: Told = []
    match event:
        case BookingRequested():
            told = _request(appointment)
        case BookingConfirmed():
            told = _everybody("booking-confirmed", appointment, there)
        case BookingCancelled():
            told = _everybody("booking-cancelled", appointment, there)
        case BookingDeclined():
            told = _guests(appointment, "booking-declined")
        case BookingConflicted():
            told = _guests(appointment, "booking-conflicted")
        case BookingGoesAhead():
            told = _guests(appointment, "booking-goes-ahead")
        case BookingRealigned() if appointment.state != "requested":
            # Of a request nothing stands in anybody's calendar yet.
            told = _guests(appointment, "booking-realigned")
        case InvitationDeclined() | TimeProposed():
            told = _answered(event, appointment)
        case BookingRescheduled() | BookingReassigned():
            told = _changed(event, appointment, there)
    return told


def _guests(appointment: Appointment, kind: Kind) -> Told:
    """Tell the customer and who comes along, each of them once however often they are named."""
    return [(who, kind) for who in dict.fromkeys([appointment.customer, *appointment.participants])]


def _everybody(kind: Kind, appointment: Appointment, there: Attendance) -> Told:
    """Tell the guests and the colleagues; the advisor has it in their calendar."""
    return [*_guests(appointment, kind), *((who, kind) for who in there.after[1:])]


def _request(appointment: Appointment) -> Told:
    return [
        *_guests(appointment, "booking-requested"),
        (appointment.advisor, "booking-requested"),
    ]


def _answered(event: InvitationDeclined | TimeProposed, appointment: Appointment) -> Told:
    """Ask a customer who says no what they want; whoever comes along has no say in that."""
    if isinstance(event, TimeProposed):
        return [(appointment.advisor, "time-proposed")]
    asked: Told = []
    if event.customer == appointment.customer:
        asked = [(event.customer, "invitation-declined")]
    return [*asked, (appointment.advisor, "invitation-declined")]


def _changed(
    event: BookingRescheduled | BookingReassigned, appointment: Appointment, there: Attendance
) -> Told:
    """Return who is told of another time, or of other people at the same."""
    former: Told = [(who, "booking-handed-over") for who in there.before if who not in there.after]
    if appointment.state == "requested":
        # A request that changed is still a request: nothing has been promised yet.
        return [*_request(appointment), *former]
    moved = isinstance(event, BookingRescheduled)
    changed: Kind = "booking-rescheduled" if moved else "booking-reassigned"
    told = _guests(appointment, changed)
    if there.after[:1] != there.before[:1]:
        told.extend((who, "booking-reassigned") for who in there.after[:1])
    for colleague in there.after[1:]:
        if colleague not in there.before:
            told.append((colleague, "booking-reassigned"))
        elif moved:
            told.append((colleague, "booking-rescheduled"))
    return [*told, *former]
