"""Who is told what of a change to a meeting."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from kernel.ids import Id, new_id
from notifications.audience import BookingEvent, Told, audience
from notifications.ports import Attendance
from tests.notifications.fakes import ANNA, ELS, JOOST, KIM, NOW, SANNE, make_appointment

MEETING = make_appointment()
BOOKING = MEETING.booking
MOVED = BookingRescheduled(booking=BOOKING, sequence=1, previous_start=NOW, by="customer")
GIVEN = BookingReassigned(booking=BOOKING, sequence=1, previous_advisor=SANNE, by="advisor")
PROPOSED = TimeProposed(booking=BOOKING, customer=ANNA, sequence=0, start=NOW, end=NOW)
EVENTS: list[BookingEvent] = [
    BookingRequested(booking=BOOKING),
    BookingConfirmed(booking=BOOKING),
    MOVED,
    BookingCancelled(booking=BOOKING, sequence=1, by="customer"),
    BookingDeclined(booking=BOOKING, sequence=1, by="advisor"),
    GIVEN,
    BookingRealigned(booking=BOOKING, sequence=1, previous_start=NOW),
    BookingConflicted(booking=BOOKING, conflict=new_id("cnf", NOW), advisor=SANNE),
    BookingGoesAhead(booking=BOOKING, conflict=new_id("cnf", NOW)),
    InvitationDeclined(booking=BOOKING, customer=ANNA, sequence=0),
    PROPOSED,
]

CHANGES = [one for one in EVENTS if not isinstance(one, InvitationDeclined)]
"""What becomes of a meeting, not what somebody says about coming to it."""


def told(
    event: BookingEvent,
    before: list[Id],
    after: list[Id] | None = None,
    *,
    state: str = "confirmed",
    along: tuple[Id, ...] = (),
) -> Told:
    after = after or before
    meeting = msgspec.structs.replace(
        MEETING, state=state, advisor=after[0], colleagues=after[1:], participants=list(along)
    )
    return audience(event, meeting, Attendance(before=before, after=after))


def test_only_a_customer_who_declines_is_asked_what_they_want() -> None:
    """Whoever comes along changes nothing, and a proposal waits for the advisor; he is told."""
    declined = [
        told(InvitationDeclined(booking=BOOKING, customer=who, sequence=0), [SANNE], along=(KIM,))
        for who in (ANNA, KIM)
    ]

    assert declined == [
        [(ANNA, "invitation-declined"), (SANNE, "invitation-declined")],
        [(SANNE, "invitation-declined")],
    ]
    assert told(PROPOSED, [SANNE, JOOST], along=(KIM,)) == [(SANNE, "time-proposed")]


def test_colleagues_hear_whatever_becomes_of_a_meeting() -> None:
    """That it stands, has moved, is off; its own advisor reads that in the calendar."""
    both = [SANNE, JOOST]

    for event, kind in (
        (EVENTS[1], "booking-confirmed"),
        (MOVED, "booking-rescheduled"),
        (EVENTS[3], "booking-cancelled"),
    ):
        assert told(event, both) == [(ANNA, kind), (JOOST, kind)]


def test_a_request_waits_for_its_advisor_and_nobody_else() -> None:
    """Colleagues hear of it once it stands."""
    expected = [(ANNA, "booking-requested"), (SANNE, "booking-requested")]

    assert told(EVENTS[0], [SANNE, JOOST], state="requested") == expected
    assert told(MOVED, [SANNE, JOOST], state="requested") == expected


def test_a_meeting_with_somebody_else_is_told_to_all_three() -> None:
    """The customer, who has it now, and who had it."""
    assert told(GIVEN, [SANNE], [JOOST]) == [
        (ANNA, "booking-reassigned"),
        (JOOST, "booking-reassigned"),
        (SANNE, "booking-handed-over"),
    ]


def test_a_request_with_somebody_else_asks_them() -> None:
    """It is theirs to confirm; who had it need not decide any more."""
    assert told(GIVEN, [SANNE], [JOOST], state="requested") == [
        (ANNA, "booking-requested"),
        (JOOST, "booking-requested"),
        (SANNE, "booking-handed-over"),
    ]


def test_another_time_with_other_people_is_one_change() -> None:
    """Who stays hears of the time, who is new of the meeting, who goes that they need not come."""
    assert told(MOVED, [SANNE, JOOST, ELS], [JOOST, ELS]) == [
        (ANNA, "booking-rescheduled"),
        (JOOST, "booking-reassigned"),
        (ELS, "booking-rescheduled"),
        (SANNE, "booking-handed-over"),
    ]


def test_colleagues_who_stay_hear_nothing_when_the_advisor_changes() -> None:
    """For them nothing has changed: the same time, the same meeting."""
    assert (JOOST, "booking-reassigned") not in told(GIVEN, [SANNE, JOOST], [ELS, JOOST])


@pytest.mark.parametrize("state", ["confirmed", "requested"])
def test_of_a_request_no_calendar_entry_is_put_right(state: str) -> None:
    """There is none yet; the one that comes with the confirmation is right."""
    expected = [(ANNA, "booking-realigned")] if state == "confirmed" else []

    assert told(EVENTS[6], [SANNE, JOOST], state=state) == expected


@pytest.mark.parametrize("state", ["confirmed", "requested"])
@pytest.mark.parametrize("event", CHANGES, ids=lambda event: type(event).__name__)
def test_who_comes_along_hears_what_the_customer_hears(event: BookingEvent, state: str) -> None:
    """Whatever happens to the meeting, and nothing changes for anybody else by it."""
    alone = told(event, [SANNE, JOOST], state=state)
    together = told(event, [SANNE, JOOST], state=state, along=(KIM,))

    assert [kind for who, kind in together if who == KIM] == [
        kind for who, kind in alone if who == ANNA
    ]
    assert [one for one in together if one[0] != KIM] == alone


def test_who_is_named_twice_is_told_once() -> None:
    """Somebody who is the customer as well, or stands on the list two times, is one person."""
    assert told(EVENTS[1], [SANNE], along=(KIM, ANNA, KIM)) == [
        (ANNA, "booking-confirmed"),
        (KIM, "booking-confirmed"),
    ]


PEOPLE = st.lists(st.sampled_from([SANNE, JOOST, ELS]), min_size=1, unique=True)
ALONG = st.lists(st.sampled_from([ANNA, KIM])).map(tuple)


@given(st.sampled_from(EVENTS), PEOPLE, PEOPLE, st.sampled_from(["requested", "confirmed"]), ALONG)
def test_nobody_is_told_two_things_of_one_change(
    event: BookingEvent, before: list[Id], after: list[Id], state: str, along: tuple[Id, ...]
) -> None:
    """Whoever comes and goes: each at most one letter, and who is not there is not invited."""
    letters = told(event, before, after, state=state, along=along)

    assert len({who for who, _ in letters}) == len(letters)
    for who, kind in letters:
        assert who in {ANNA, KIM} or (kind == "booking-handed-over") == (who not in after)
