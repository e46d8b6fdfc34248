"""Which answers to an invitation count, by order and by what they are about."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from booking.answering import (
    MOST_ANSWERS,
    Outcome,
    Participation,
    about_now,
    answered,
    refusal,
    sequence_of_time,
)
from booking.itip import Answer, Answered
from booking.lifecycle import HistoryStep
from booking.model import Booking
from kernel.ids import new_id
from tests.booking.builders import CUSTOMER, NOW, tuesday
from tests.booking.mails import STAMP

SECOND = timedelta(seconds=1)


def make_booking() -> Booking:
    """A meeting of an hour on Tuesday at nine."""
    start = tuesday("09:00")
    return Booking(
        id=new_id("bkg", NOW),
        meeting_type_id=new_id("mty", NOW),
        meeting_type="hypotheek",
        advisor_id=new_id("adv", NOW),
        location_id=None,
        customer_id=CUSTOMER,
        participants=[],
        channel="video",
        start=start,
        end=start + timedelta(hours=1),
        local_start="2026-12-01T09:00:00",
        timezone="Europe/Amsterdam",
        tzdata="2026a",
        language="nl",
        state="confirmed",
        sequence=0,
        generation=0,
        uid="meeting-1@bank.example",
        created_at=NOW,
    )


def said(sequence: int = 0, seconds: int = 0, uid: str = "") -> Answered:
    return Answered(
        method="REPLY",
        uid=uid,
        sequence=sequence,
        stamp=STAMP + seconds * SECOND,
        attendees={"anna@example.org": "accepted"},
        organizer=None,
    )


def take(
    booking: Booking, what: Answered, before: Participation | None, answer: Answer = "accepted"
) -> Participation | Outcome:
    now = STAMP + timedelta(hours=1)
    return answered(booking, booking.customer_id, what, answer, before=before, now=now)


def test_the_newer_answer_counts_by_sequence_and_then_by_time() -> None:
    """An older SEQUENCE never comes back, however late it was said."""
    booking = structs.replace(make_booking(), sequence=2)
    first = take(booking, said(1, 10), None)
    assert isinstance(first, Participation)

    assert take(booking, said(1, 9), first) == "older"
    assert take(booking, said(1, 10), first) == "repeated"
    assert take(booking, said(0, 99), first) == "older"
    assert isinstance(take(booking, said(1, 11), first), Participation)
    assert isinstance(take(booking, said(2, 0), first), Participation)


def test_neither_a_clock_nor_a_count_that_runs_ahead_shuts_out_what_follows() -> None:
    """Somebody whose program lives in 2099 can change their mind too."""
    booking = make_booking()
    ahead = structs.replace(said(999_999), stamp=STAMP + timedelta(days=30_000))
    first = take(booking, ahead, None)
    assert isinstance(first, Participation)

    assert (first.sequence, first.answered_at) == (booking.sequence, STAMP + timedelta(hours=1))
    later = answered(
        booking,
        booking.customer_id,
        said(0, 7200),
        "declined",
        before=first,
        now=STAMP + timedelta(hours=3),
    )
    assert isinstance(later, Participation)


def test_nobody_changes_their_mind_for_ever() -> None:
    """After so many answers about one time the rest is ignored; a new time counts anew."""
    booking = make_booking()
    known: Participation | None = None
    for second in range(MOST_ANSWERS):
        taken = take(booking, said(0, second), known)
        assert isinstance(taken, Participation)
        known = taken

    assert take(booking, said(0, MOST_ANSWERS), known) == "too-many"
    moved = structs.replace(booking, generation=1, sequence=1)
    assert isinstance(take(moved, said(1, 0), known), Participation)


def test_an_answer_must_be_about_the_meeting_as_it_is() -> None:
    """Another UID, an earlier time, a cancelled meeting, one that has begun."""
    booking = make_booking()
    good = said(uid=booking.uid)

    assert refusal(booking, good, least=0, now=NOW) is None
    assert refusal(booking, said(uid="other"), least=0, now=NOW) == "wrong-uid"
    assert refusal(booking, good, least=1, now=NOW) == "old-sequence"
    over = structs.replace(booking, state="cancelled")
    assert refusal(over, good, least=0, now=NOW) == "meeting-over"
    assert refusal(booking, good, least=0, now=booking.start) == "meeting-over"


def test_a_change_of_people_leaves_answers_about_the_time_good() -> None:
    """Only another time makes an answer void, whatever other changes raised the SEQUENCE."""
    booking = make_booking()
    moved = structs.replace(
        booking, start=booking.start + timedelta(days=1), end=booking.end + timedelta(days=1),
        sequence=1,
    )  # fmt: skip
    given_away = structs.replace(moved, sequence=2)

    def history(*states: Booking) -> list[HistoryStep]:
        return [
            HistoryStep(revision=number, at=NOW, by="operator", action="x", booking=state)
            for number, state in enumerate(states)
        ]

    assert sequence_of_time([]) == 0
    assert sequence_of_time(history(booking)) == 0
    assert sequence_of_time(history(booking, moved, given_away)) == 1
    assert sequence_of_time(history(booking, moved, structs.replace(booking, sequence=3))) == 3


@pytest.mark.parametrize("generation", [0, 2])
def test_answers_about_another_time_are_not_shown(generation: int) -> None:
    """Whoever said yes to Tuesday has not said yes to Thursday."""
    booking = structs.replace(make_booking(), generation=1)
    taken = take(booking, said(), None)
    assert isinstance(taken, Participation)

    assert about_now(booking, [taken]) == [taken]
    assert about_now(booking, [structs.replace(taken, generation=generation)]) == []
    assert about_now(booking, [structs.replace(taken, customer_id="cus_gone")]) == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 5),
            st.sampled_from(["accepted", "declined", "tentative"]),
        ),
        max_size=12,
        unique_by=lambda one: one[:2],
    )
)
def test_in_whatever_order_answers_come_the_newest_stands(
    came: list[tuple[int, int, Answer]],
) -> None:
    """Mail overtakes mail; what stands in the end does not depend on it."""
    booking = structs.replace(make_booking(), sequence=3)
    known: Participation | None = None
    for sequence, second, answer in came:
        taken = take(booking, said(sequence, second), known, answer)
        known = taken if isinstance(taken, Participation) else known

    newest = max(came, key=lambda one: one[:2], default=None)
    assert (known.answer if known else None) == (newest[2] if newest else None)
