"""Whether a message may still leave."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import new_id
from notifications.delivery import RETRIES, judge, retry_delay
from notifications.model import BookingFacts, Kind, Notice, SignInFacts
from notifications.ports import Appointment, Offered
from tests.notifications.fakes import ANNA, JOOST, NOW, SANNE, make_appointment

MEETING = make_appointment()


def notice(kind: Kind, sequence: int = 0) -> Notice:
    return Notice(
        id=new_id("ntc", NOW),
        recipient=ANNA,
        kind=kind,
        purpose=None,
        consent=None,
        booking=MEETING.booking,
        sequence=sequence,
        rate=None,
        facts=BookingFacts(start=MEETING.start),
        created_at=NOW,
        delivery=new_id("dlv", NOW),
        channel="email",
        state="scheduled",
        sent_at=None,
        language=None,
        formality=None,
        subject=None,
        text=None,
        error=None,
    )


def meeting(state: str, sequence: int = 0) -> Appointment:
    return msgspec.structs.replace(MEETING, state=state, sequence=sequence)


def offer() -> Offered:
    return Offered(conflict=new_id("cnf", NOW), advisor_name=None, alternatives=[])


def state_of(
    told: Notice, appointment: Appointment, *others: Notice, after: timedelta = timedelta()
) -> str:
    return judge(told, others=others, appointment=appointment, consent=None, now=NOW + after).state


def test_a_confirmation_leaves_while_the_meeting_stands() -> None:
    """The ordinary case."""
    assert state_of(notice("booking-confirmed"), meeting("confirmed")) == "scheduled"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("booking-confirmed", "cancelled"),
        ("booking-confirmed", "attended"),
        ("booking-requested", "confirmed"),
        ("booking-rescheduled", "cancelled"),
        ("booking-cancelled", "confirmed"),
        ("booking-declined", "requested"),
        ("booking-reassigned", "requested"),
        ("booking-reassigned", "cancelled"),
        ("booking-realigned", "requested"),
    ],
)
def test_a_letter_that_no_longer_fits_the_meeting_stays(kind: Kind, state: str) -> None:
    """What it says is not true any more."""
    assert state_of(notice(kind), meeting(state)) == "superseded"


def test_a_letter_about_an_earlier_time_stays() -> None:
    """The meeting has moved on, even before its own letter has been written."""
    assert state_of(notice("booking-confirmed", 0), meeting("confirmed", 1)) == "superseded"


def test_of_two_letters_with_one_sequence_the_later_kind_leaves() -> None:
    """A confirmation worked on late says what the new invitation says already."""
    late, moved = notice("booking-confirmed", 1), notice("booking-rescheduled", 1)

    assert state_of(late, meeting("confirmed", 1), moved) == "superseded"
    assert state_of(moved, meeting("confirmed", 1), late) == "scheduled"


@given(
    st.sets(
        st.tuples(st.sampled_from(["booking-confirmed", "booking-rescheduled"]), st.integers(0, 4)),
        min_size=1,
    ),
    st.integers(0, 5),
)
def test_of_all_letters_about_a_meeting_at_most_one_leaves_and_it_is_true(
    written: set[tuple[Kind, int]], sequence: int
) -> None:
    """Whatever has been written in whatever order: only what holds now, and only once."""
    letters = [notice(kind, number) for kind, number in sorted(written)]

    leaving = [
        one
        for one in letters
        if state_of(one, meeting("confirmed", sequence), *[o for o in letters if o is not one])
        == "scheduled"
    ]

    assert len(leaving) <= 1
    assert all(one.sequence is not None and one.sequence >= sequence for one in leaving)
    if leaving:
        newest = max(number for _, number in written)
        assert leaving[0].sequence == newest


def conflicted(appointment: Appointment, offered: Offered | None, *others: Notice) -> str:
    return judge(
        notice("booking-conflicted"),
        others=others,
        appointment=appointment,
        consent=None,
        now=NOW,
        offered=offered,
    ).state


def test_an_offer_leaves_while_there_is_something_to_choose() -> None:
    """Once the conflict is over, or the meeting has changed, nobody is asked to choose."""
    stands = meeting("confirmed")

    assert conflicted(stands, offer()) == "scheduled"
    assert conflicted(meeting("requested"), offer()) == "scheduled"
    assert conflicted(stands, None) == "superseded"
    assert conflicted(meeting("confirmed", 1), offer()) == "superseded"
    assert conflicted(meeting("cancelled"), offer()) == "superseded"


def test_an_offer_and_the_letter_about_the_meeting_do_not_outrun_each_other() -> None:
    """What is offered changes nothing about the meeting: both are true, in either order."""
    stands, confirmed = meeting("confirmed"), notice("booking-confirmed")

    assert conflicted(stands, offer(), confirmed) == "scheduled"
    assert state_of(confirmed, stands, notice("booking-conflicted")) == "scheduled"
    later = notice("booking-rescheduled", 1)
    assert conflicted(stands, offer(), later) == "superseded"


def test_who_handed_a_meeting_over_is_told_whatever_became_of_it() -> None:
    """It is not theirs, though it moved again or is off; unless it came back to them."""
    told = msgspec.structs.replace(notice("booking-handed-over", 1), recipient=SANNE)

    assert state_of(told, meeting("confirmed", 2)) == "scheduled"
    assert state_of(told, meeting("cancelled", 2)) == "scheduled"
    back = msgspec.structs.replace(notice("booking-reassigned", 2), recipient=SANNE)
    assert state_of(told, meeting("confirmed", 2), back) == "superseded"


def test_a_colleague_hears_that_a_meeting_is_off_only_if_they_knew_of_it() -> None:
    """A request that came to nothing was never theirs."""
    off = msgspec.structs.replace(notice("booking-cancelled", 1), recipient=JOOST)
    asked = msgspec.structs.replace(notice("booking-confirmed"), recipient=JOOST)

    assert state_of(off, meeting("cancelled", 1)) == "cancelled"
    assert state_of(off, meeting("cancelled", 1), asked) == "scheduled"


def test_nobody_is_invited_to_a_meeting_that_has_begun() -> None:
    """A confirmation comes too late at the start, a cancellation at the end."""
    at_start, at_end = MEETING.start - NOW, MEETING.end - NOW
    second = timedelta(seconds=1)

    assert state_of(notice("booking-confirmed"), meeting("confirmed"), after=at_start) == (
        "cancelled"
    )
    before = at_start - second
    assert state_of(notice("booking-confirmed"), meeting("confirmed"), after=before) == "scheduled"
    off = notice("booking-cancelled")
    assert state_of(off, meeting("cancelled"), after=at_end - second) == "scheduled"
    assert state_of(off, meeting("cancelled"), after=at_end) == "cancelled"


def test_a_letter_for_a_purpose_leaves_only_with_consent() -> None:
    """Without the consent it rests on it is suppressed, whatever else holds."""
    told = msgspec.structs.replace(notice("rate-changed"), purpose="rate-notices")

    def verdict(consent: str | None) -> str:
        return judge(told, others=(), appointment=None, consent=consent, now=NOW).state

    assert verdict(None) == "suppressed"
    assert verdict("con_1") == "scheduled"


def test_a_sign_in_link_is_not_sent_a_quarter_of_an_hour_later() -> None:
    """Nobody waits for it any more."""
    told = msgspec.structs.replace(
        notice("sign-in"), recipient=SANNE, booking=None, facts=SignInFacts(sign_in="sgn_1")
    )

    def verdict(minutes: int) -> str:
        now = NOW + timedelta(minutes=minutes)
        return judge(told, others=(), appointment=None, consent=None, now=now).state

    assert verdict(15) == "scheduled"
    assert verdict(16) == "cancelled"


def test_waiting_grows_to_half_a_day_and_then_stays_a_day() -> None:
    """One minute, five, fifteen; one hour, three, six, twelve; then daily."""
    minutes = [retry_delay(attempt).total_seconds() / 60 for attempt in range(1, 10)]

    assert minutes == [1, 5, 15, 60, 180, 360, 720, 1440, 1440]
    assert len(RETRIES) == 7
