"""Which booked times a calendar has taken, and which conflicts are none any more."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking.clashes import Conflict, ConflictState, Meeting, judge
from kernel.ids import Id, new_id
from kernel.spans import Span

NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
ADVISOR = new_id("adv", NINE)
BOOKINGS = [new_id("bkg", NINE) for _ in range(6)]
STATES: tuple[ConflictState, ...] = ("seen", "offered", "displaced", "kept")


def span(start: int, end: int) -> Span:
    """Return a time in minutes after nine."""
    return Span(NINE + timedelta(minutes=start), NINE + timedelta(minutes=end))


def meeting(booking: Id, start: int, end: int) -> Meeting:
    return Meeting(booking_id=booking, span=span(start, end))


def conflict(booking: Id, state: ConflictState = "offered") -> Conflict:
    return Conflict(
        id=new_id("cnf", NINE),
        booking_id=booking,
        advisor_id=ADVISOR,
        state=state,
        seen_at=NINE,
        alternatives=[],
    )


def test_an_appointment_over_a_meeting_is_a_conflict() -> None:
    """A minute in common is enough."""
    taken, free = meeting(BOOKINGS[0], 0, 60), meeting(BOOKINGS[1], 120, 180)

    assert judge([taken, free], [span(59, 90)], []) == ([taken], [])


def test_what_ends_when_a_meeting_begins_is_none() -> None:
    """Spans are half-open, so an appointment may end at nine and another begin at ten."""
    assert judge([meeting(BOOKINGS[0], 0, 60)], [span(-30, 0), span(60, 90)], []) == ([], [])


def test_an_appointment_that_lasts_no_time_takes_none() -> None:
    """A reminder at half past nine is in nobody's way."""
    assert judge([meeting(BOOKINGS[0], 0, 60)], [span(30, 30)], []) == ([], [])


def test_a_long_appointment_is_found_behind_short_ones() -> None:
    """A whole day that began long before the meeting takes it, whatever else begins nearer."""
    taken = meeting(BOOKINGS[0], 0, 60)

    assert judge([taken], [span(-600, 600), span(-30, -10), span(-5, 0)], []) == ([taken], [])


def test_a_conflict_is_raised_once() -> None:
    """What is known is not raised again, whether it is seen, offered or let stand."""
    taken = meeting(BOOKINGS[0], 0, 60)

    for state in STATES:
        assert judge([taken], [span(0, 60)], [conflict(BOOKINGS[0], state)]) == ([], [])


def test_a_conflict_ends_with_its_overlap_or_its_meeting() -> None:
    """It is none any more when the calendar is free, nor when the meeting lies ahead no more."""
    freed, over = conflict(BOOKINGS[0]), conflict(BOOKINGS[1], "kept")

    result = judge([meeting(BOOKINGS[0], 0, 60)], [span(120, 180)], [freed, over])

    assert result == ([], [freed, over])


def test_a_displaced_meeting_does_not_depend_on_the_calendar() -> None:
    """Where new zone rules moved it, a free calendar says nothing; once it is over, so is that."""
    displaced = conflict(BOOKINGS[0], "displaced")

    assert judge([meeting(BOOKINGS[0], 0, 60)], [], [displaced]) == ([], [])
    assert judge([], [], [displaced]) == ([], [displaced])


_times = st.tuples(st.integers(-40, 40), st.integers(0, 25)).map(
    lambda pair: span(pair[0], pair[0] + pair[1])
)
_lengths = st.tuples(st.integers(-40, 40), st.integers(1, 25)).map(
    lambda pair: span(pair[0], pair[0] + pair[1])
)
_meetings = st.dictionaries(st.sampled_from(BOOKINGS), _lengths).map(
    lambda found: [Meeting(booking_id=each, span=span) for each, span in found.items()]
)
_known = st.dictionaries(st.sampled_from(BOOKINGS), st.sampled_from(STATES)).map(
    lambda found: [conflict(each, state) for each, state in found.items()]
)


@given(_meetings, st.lists(_times, max_size=8), _known)
def test_it_agrees_with_looking_at_every_minute(
    meetings: list[Meeting], busy: list[Span], known: list[Conflict]
) -> None:
    """Taken is a meeting of which some minute is also a minute of an appointment."""
    closed = {minute for each in busy for minute in _minutes(each)}
    taken = {each.booking_id for each in meetings if closed & set(_minutes(each.span))}
    ahead = {each.booking_id for each in meetings}
    named = {each.booking_id for each in known}

    new, gone = judge(meetings, busy, known)

    assert {each.booking_id for each in new} == taken - named
    assert {each.booking_id for each in gone} == {
        each.booking_id
        for each in known
        if each.booking_id not in (ahead if each.state == "displaced" else taken)
    }


@given(_meetings, st.lists(_times, max_size=8), _known)
def test_looking_twice_finds_nothing_more(
    meetings: list[Meeting], busy: list[Span], known: list[Conflict]
) -> None:
    """Once what is new is known and what is gone is forgotten, nothing is left to do."""
    new, gone = judge(meetings, busy, known)
    after = [each for each in known if each not in gone]
    after += [conflict(each.booking_id, "seen") for each in new]

    assert judge(meetings, busy, after) == ([], [])


def _minutes(time: Span) -> range:
    first = (time.start - NINE) // timedelta(minutes=1)
    return range(first, (time.end - NINE) // timedelta(minutes=1))
