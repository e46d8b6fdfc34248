"""A booking changes only as it may, keeps its promise by the right clock, and keeps its history."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import json, structs

from booking import lifecycle
from booking.errors import (
    BookingOver,
    NeverConfirmed,
    NotWaiting,
    OutcomeKnown,
    OutcomeTooEarly,
    SameTeam,
    SameTime,
)
from booking.lifecycle import TRANSITIONS, HistoryStep, Outcome, Standing, Team, as_it_stood
from booking.model import Booking, Colleague
from booking.values import Channel, State
from kernel.errors import Conflict, Invalid
from kernel.ids import new_id

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
BOOKING, KIND, CUSTOMER = (new_id(prefix, NOW) for prefix in ("bkg", "mty", "cus"))
SANNE, DAAN, INTERPRETER = (new_id("adv", NOW) for _ in range(3))
ROOM = new_id("res", NOW)
STATES: Final[tuple[State, ...]] = get_args(State)


def booking(state: State = "confirmed", timezone: str = "Europe/Amsterdam") -> Booking:
    """A video meeting tomorrow at ten in Amsterdam, with ten minutes of work before it."""
    return Booking(
        id=BOOKING,
        meeting_type_id=KIND,
        meeting_type="hypotheek",
        advisor_id=SANNE,
        location_id=None,
        customer_id=CUSTOMER,
        participants=[],
        channel="video",
        start=START,
        end=START + timedelta(minutes=45),
        local_start=START.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M:%S"),
        timezone=timezone,
        tzdata="2025b",
        language="nl",
        state=state,
        sequence=3,
        generation=2,
        revision=7,
        work=55,
        uid=f"{BOOKING}@spreekuur",
        created_at=NOW,
    )


# --- one step ------------------------------------------------------------------------------------


def test_a_moved_booking_promises_the_new_time_and_ends_old_links() -> None:
    """In summer the same zone is an hour further from UTC; length and people stay."""
    start = datetime(2027, 7, 1, 9, 30, tzinfo=UTC)

    moved = lifecycle.moved(booking(), start, tzdata="2026f", now=NOW)

    assert moved == structs.replace(
        booking(),
        start=start,
        end=start + timedelta(minutes=45),
        local_start="2027-07-01T11:30:00",
        tzdata="2026f",
        sequence=4,
        generation=3,
        revision=8,
    )


def test_a_moved_booking_takes_the_team_that_it_has_there() -> None:
    """Another advisor, an interpreter and a room come with the new time in one step."""
    team = Team(
        advisor_id=DAAN,
        colleagues=[Colleague(role="interpreter", advisor_id=INTERPRETER)],
        resources=[ROOM],
    )

    moved = lifecycle.moved(
        booking(), START + timedelta(hours=1), tzdata="2026f", now=NOW, team=team
    )

    assert moved.attendants() == [DAAN, INTERPRETER]
    assert moved.resources == [ROOM]
    assert moved.revision == 8


def test_a_booking_that_only_ends_later_is_more_work() -> None:
    """What is prepared stays ten minutes; the start and its promise stay too."""
    moved = lifecycle.moved(
        booking(), START, end=START + timedelta(minutes=60), tzdata="2026f", now=NOW
    )

    assert (moved.start, moved.local_start) == (START, "2026-12-01T10:00:00")
    assert moved.end == START + timedelta(minutes=60)
    assert moved.work == 70


@pytest.mark.parametrize(
    ("was", "wanted", "becomes"),
    [
        ("requested", None, "requested"),
        ("confirmed", None, "confirmed"),
        ("requested", "requested", "requested"),
        ("confirmed", "confirmed", "confirmed"),
        ("requested", "confirmed", "confirmed"),
        ("confirmed", "requested", "requested"),
    ],
)
def test_a_change_can_settle_or_reopen_the_advisors_word(
    was: State, wanted: Standing | None, becomes: State
) -> None:
    """Whoever moves or gives away a meeting says whether it waits for a word; else it stays."""
    old, later = booking(was), START + timedelta(hours=2)
    team = Team(advisor_id=DAAN)

    moved = lifecycle.moved(old, later, state=wanted, tzdata="2026f", now=NOW)
    given_away = lifecycle.reassigned(old, team, state=wanted, now=NOW)

    assert (moved.state, moved.revision) == (becomes, 8)
    assert (given_away.state, given_away.revision) == (becomes, 8)


def test_a_reassigned_booking_is_with_others_at_the_same_time() -> None:
    """Calendars must hear of it; the customer's links live on, since the time is the same."""
    team = Team(advisor_id=DAAN, resources=[ROOM])

    assert lifecycle.reassigned(booking(), team, now=NOW) == structs.replace(
        booking(), advisor_id=DAAN, resources=[ROOM], sequence=4, revision=8
    )


def test_a_booking_is_not_given_to_those_who_have_it() -> None:
    """The order in which people and rooms are listed makes no other team."""
    one, two = (Colleague(role="expert", advisor_id=each) for each in (DAAN, INTERPRETER))
    old = structs.replace(booking(), colleagues=[one, two], resources=[ROOM, BOOKING])
    same = Team(advisor_id=SANNE, colleagues=[two, one], resources=[BOOKING, ROOM])
    other = Team(advisor_id=SANNE, colleagues=[two], resources=[BOOKING, ROOM])

    with pytest.raises(SameTeam):
        lifecycle.reassigned(old, same, now=NOW)
    assert lifecycle.reassigned(old, other, now=NOW).colleagues == [two]


def test_a_booking_that_is_called_off_says_who_and_why() -> None:
    """The other side must hear of it, whether it is cancelled or the advisor says no."""
    gone = {"state": "cancelled", "sequence": 4, "revision": 8, "reason": "ziek"}

    cancelled = lifecycle.cancelled(booking(), by="customer", reason="ziek", now=NOW)
    declined = lifecycle.declined(booking("requested"), by="advisor", reason="ziek", now=NOW)

    assert cancelled == structs.replace(booking(), cancelled_by="customer", **gone)
    assert declined == structs.replace(booking(), cancelled_by="advisor", **gone)


def test_only_what_waits_for_the_advisors_word_gets_an_answer() -> None:
    """Confirming changes the state; whoever comes second hears that it has been done."""
    assert lifecycle.confirmed(booking("requested"), now=NOW) == structs.replace(
        booking("confirmed"), revision=8
    )
    with pytest.raises(NotWaiting):
        lifecycle.confirmed(booking("confirmed"), now=NOW)
    with pytest.raises(NotWaiting):
        lifecycle.declined(booking("confirmed"), by="advisor", reason=None, now=NOW)


@pytest.mark.parametrize("with_end", [False, True])
def test_a_move_to_the_same_time_is_refused(with_end: bool) -> None:
    """Also when it is written in another zone, or with the end that it has, or with others."""
    old = booking()
    same = old.start.astimezone(ZoneInfo("Asia/Kolkata"))
    end = old.end if with_end else None

    with pytest.raises(SameTime):
        lifecycle.moved(old, same, end=end, tzdata="2026f", now=NOW, team=Team(advisor_id=DAAN))


def test_a_meeting_does_not_end_before_it_starts() -> None:
    """Not a minute long is too short as well."""
    with pytest.raises(Invalid) as caught:
        lifecycle.moved(booking(), START, end=START, tzdata="2026f", now=NOW)

    assert caught.value.errors[0].pointer == "/end"


CHANGES: Final[Sequence[Callable[[Booking, datetime], Booking]]] = (
    lambda old, now: lifecycle.moved(old, NOW + timedelta(days=3), tzdata="2026f", now=now),
    lambda old, now: lifecycle.reassigned(old, Team(advisor_id=DAAN), now=now),
    lambda old, now: lifecycle.cancelled(old, by="customer", reason=None, now=now),
    lambda old, now: lifecycle.declined(old, by="advisor", reason=None, now=now),
    lambda old, now: lifecycle.confirmed(old, now=now),
)


@pytest.mark.parametrize(
    "change", CHANGES, ids=("move", "reassign", "cancel", "decline", "confirm")
)
def test_what_is_over_or_has_begun_stays_as_it_is(
    change: Callable[[Booking, datetime], Booking],
) -> None:
    """From its first second on; each refusal says what has happened and what to do."""
    for state, now, sentence in (
        ("requested", START, "has begun"),
        ("cancelled", NOW, "cancelled already"),
        ("attended", START, "has its outcome"),
        ("no-show", START, "has its outcome"),
    ):
        with pytest.raises(BookingOver, match=f"{sentence}.*[Bb]ook a new one") as caught:
            change(booking(state), now)  # type: ignore[arg-type]  # a state, as text
        assert caught.value.code == "conflict"


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_an_outcome_is_known_once_the_meeting_has_begun(outcome: Outcome) -> None:
    """Not a second before; the same outcome again, or that of no meeting, is refused."""
    old = booking()

    assert lifecycle.with_outcome(old, outcome, now=START) == structs.replace(
        old, state=outcome, revision=8
    )
    for state, now, error in (
        ("confirmed", START - timedelta(seconds=1), OutcomeTooEarly),
        ("requested", START, NeverConfirmed),
        ("cancelled", START, BookingOver),
        (outcome, START, OutcomeKnown),
    ):
        with pytest.raises(error):
            lifecycle.with_outcome(
                booking(state),  # type: ignore[arg-type]  # a state, as text
                outcome,
                now=now,
            )


def test_an_outcome_can_be_put_right() -> None:
    """Somebody who came late is not a no-show after all, and the other way around."""
    came = lifecycle.with_outcome(booking("no-show"), "attended", now=START)
    stayed_away = lifecycle.with_outcome(booking("attended"), "no-show", now=START)

    assert (came.state, stayed_away.state) == ("attended", "no-show")


def test_no_step_leads_out_of_a_cancelled_meeting() -> None:
    """And every state but the first can be reached from a request."""
    assert "cancelled" not in {state for state, _ in TRANSITIONS}
    reached: set[State] = {"requested"}
    for _ in STATES:
        reached |= {then for (state, _), then in TRANSITIONS.items() if state in reached}
    assert reached == set(STATES)


def test_a_booking_is_kept_in_utc_in_whatever_zone_its_new_time_is_given() -> None:
    """An offset from a request stays out of what is stored."""
    start = (START + timedelta(days=1)).astimezone(ZoneInfo("Asia/Kolkata"))

    moved = lifecycle.moved(
        booking(), start, end=start + timedelta(hours=1), tzdata="2026f", now=NOW
    )

    assert (moved.start.tzinfo, moved.end.tzinfo) == (UTC, UTC)
    assert moved.local_start == "2026-12-02T10:00:00"


# --- at the beginning ----------------------------------------------------------------------------


def test_the_promise_goes_by_the_clock_that_people_look_at() -> None:
    """By video the customer's, in a branch the branch's, by phone the branch's or advisor's."""

    def zone(channel: Channel, branch: str | None) -> str:
        return lifecycle.promise_zone(
            channel, customer="Asia/Kolkata", advisor="Europe/Amsterdam", branch=branch
        )

    assert zone("video", "Europe/Lisbon") == "Asia/Kolkata"
    assert zone("branch", "Europe/Lisbon") == "Europe/Lisbon"
    assert zone("phone", "Europe/Lisbon") == "Europe/Lisbon"
    assert zone("phone", None) == "Europe/Amsterdam"


def test_free_times_are_shown_by_the_clock_that_people_look_at() -> None:
    """In person and by phone the branch's or the organisation's, by video one's own."""

    def zone(channel: Channel, branch: str | None) -> str | None:
        return lifecycle.display_zone(channel, branch=branch, home="Europe/Amsterdam")

    assert zone("video", "Europe/Lisbon") is None
    assert zone("video", None) is None
    assert zone("branch", "Europe/Lisbon") == "Europe/Lisbon"
    assert zone("phone", "Europe/Lisbon") == "Europe/Lisbon"
    assert zone("phone", None) == "Europe/Amsterdam"


def test_a_calendar_that_was_not_read_for_too_long_is_not_believed() -> None:
    """Exactly at the limit still counts; never read does not."""

    def state(last_read: datetime | None) -> State:
        return lifecycle.state_on_booking(last_read, limit=NOW, approval=False)

    assert state(NOW) == "confirmed"
    assert state(NOW - timedelta(seconds=1)) == "requested"
    assert state(None) == "requested"


@pytest.mark.parametrize("last_read", [NOW, None])
def test_a_meeting_that_needs_approval_waits_unless_the_word_was_given(
    last_read: datetime | None,
) -> None:
    """However fresh the calendar is; and whoever has said yes is not asked again."""
    assert lifecycle.state_on_booking(last_read, limit=NOW, approval=True) == "requested"
    for approval in (True, False):
        state = lifecycle.state_on_booking(last_read, limit=NOW, approval=approval, word=True)
        assert state == "confirmed"


@pytest.mark.usefixtures("process_zone")
def test_the_time_on_the_wall_does_not_depend_on_where_the_server_stands() -> None:
    """Ten in Amsterdam is ten there under any zone of the process."""
    assert lifecycle.local_start(START, "Europe/Amsterdam") == "2026-12-01T10:00:00"
    assert lifecycle.local_start(START, "Asia/Kathmandu") == "2026-12-01T14:45:00"


# --- history -------------------------------------------------------------------------------------


def step(revision: int, minutes: int) -> HistoryStep:
    """The change with this revision, so many minutes after nine."""
    return HistoryStep(
        revision=revision,
        at=NOW + timedelta(minutes=minutes),
        by="operator",
        action="booking.rescheduled",
        booking=structs.replace(booking(), revision=revision),
    )


def test_history_tells_how_a_booking_stood_at_a_moment() -> None:
    """A change counts from its own moment on; before the first there was no booking."""
    steps = [step(0, 0), step(1, 5), step(2, 5), step(3, 20)]

    def revision(minutes: float) -> int | None:
        stood = as_it_stood(steps, NOW + timedelta(minutes=minutes))
        return None if stood is None else stood.revision

    assert [revision(at) for at in (-1, 0, 4.9, 5, 19, 20, 900)] == [None, 0, 0, 2, 2, 3, 3]
    assert as_it_stood([], NOW) is None


@given(
    minutes=st.lists(st.integers(0, 5), max_size=6),
    at=st.integers(-1, 6),
    order=st.randoms(use_true_random=False),
)
def test_history_is_the_same_in_whatever_order_it_is_read(
    minutes: list[int], at: int, order: Random
) -> None:
    """The highest revision made until then wins, also where machines' clocks disagree."""
    steps = [step(revision, minute) for revision, minute in enumerate(minutes)]
    made = [revision for revision, minute in enumerate(minutes) if minute <= at]
    order.shuffle(steps)

    stood = as_it_stood(steps, NOW + timedelta(minutes=at))

    assert (stood.revision if stood else None) == (made[-1] if made else None)


# --- any course of events ------------------------------------------------------------------------

ALLOWED: Final[dict[tuple[State, bool], dict[str, State]]] = {
    ("requested", False): {
        "confirm": "confirmed",
        "decline": "cancelled",
        "cancel": "cancelled",
        "move": "requested",
        "give away": "requested",
    },
    ("requested", True): {},
    ("confirmed", False): {"cancel": "cancelled", "move": "confirmed", "give away": "confirmed"},
    ("confirmed", True): {"attended": "attended", "no-show": "no-show"},
    ("attended", True): {"no-show": "no-show"},
    ("no-show", True): {"attended": "attended"},
    ("cancelled", False): {},
    ("cancelled", True): {},
}
"""State and whether the meeting has begun -> what may be done and what that leads to."""

RAISES: Final[dict[str, tuple[int, int]]] = {
    "confirm": (0, 0),
    "decline": (1, 0),
    "cancel": (1, 0),
    "move": (1, 1),
    "give away": (1, 0),
    "attended": (0, 0),
    "no-show": (0, 0),
}
"""By how much each raises the sequence and the generation."""

QUARTERS = st.integers(-8, 400 * 96).map(lambda count: timedelta(minutes=15 * count))
STANDING = st.sampled_from([None, "requested", "confirmed"])
TEAMS = st.builds(Team, advisor_id=st.sampled_from([SANNE, DAAN]))


class Course(RuleBasedStateMachine):
    """Somebody does whatever comes to mind, and time goes by."""

    @initialize(
        state=st.sampled_from(["requested", "confirmed"]),
        zone=st.sampled_from(
            ["Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York"]
        ),
    )
    def begin(self, state: State, zone: str) -> None:
        """A meeting is booked: it stands at once, or waits for the advisor's word."""
        self.now = NOW
        self.booking = booking(state, zone)
        self.before: Booking | None = None
        self.history = [self.noted("booked")]

    def noted(self, action: str) -> HistoryStep:
        """The booking as it stands now, for its history."""
        return HistoryStep(
            revision=self.booking.revision,
            at=self.now,
            by="operator",
            action=action,
            booking=self.booking,
        )

    def attempt(
        self,
        what: str,
        change: Callable[[], Booking],
        *,
        wanted: State | None = None,
        pointless: bool = False,
    ) -> None:
        """Do something, and hold what comes of it to what is written down above."""
        old = self.booking
        becomes = ALLOWED[old.state, old.start <= self.now].get(what)
        if becomes is None or pointless:
            copy = json.encode(old)
            with pytest.raises(Conflict):
                change()
            assert json.encode(old) == copy
            return
        self.before, self.booking = old, change()
        sequence, generation = RAISES[what]
        assert self.booking.state == (wanted or becomes)
        assert self.booking.sequence == old.sequence + sequence
        assert self.booking.generation == old.generation + generation
        self.history.append(self.noted(what))

    @rule(passes=st.sampled_from([1, 60, 600, 86_400]))
    def wait(self, passes: int) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=passes)

    @precondition(lambda self: self.booking.start > self.now)
    @rule()
    def wait_until_it_begins(self) -> None:
        """Time goes by up to the very second in which the meeting begins."""
        self.now = self.booking.start

    @rule()
    def confirm(self) -> None:
        """The advisor says yes."""
        self.attempt("confirm", lambda: lifecycle.confirmed(self.booking, now=self.now))

    @rule()
    def decline(self) -> None:
        """The advisor says no."""
        self.attempt(
            "decline",
            lambda: lifecycle.declined(self.booking, by="advisor", reason=None, now=self.now),
        )

    @rule()
    def cancel(self) -> None:
        """The customer calls it off."""
        self.attempt(
            "cancel",
            lambda: lifecycle.cancelled(self.booking, by="customer", reason=None, now=self.now),
        )

    @rule(
        later=QUARTERS,
        minutes=st.none() | st.integers(1, 120),
        wanted=STANDING,
        team=st.none() | TEAMS,
    )
    def move(
        self, later: timedelta, minutes: int | None, wanted: Standing | None, team: Team | None
    ) -> None:
        """Somebody wants it at another time, or with an end of its own, or with others."""
        start = self.now + later
        end = None if minutes is None else start + timedelta(minutes=minutes)
        self.move_to(start, end, wanted, team)

    @rule(wanted=STANDING)
    def move_to_where_it_is(self, wanted: Standing | None) -> None:
        """Somebody wants it at the time that it has."""
        self.move_to(self.booking.start, None, wanted, None)

    def move_to(
        self, start: datetime, end: datetime | None, wanted: Standing | None, team: Team | None
    ) -> None:
        """Move it, and look whether it is there."""
        old = self.booking
        length = old.end - old.start
        self.attempt(
            "move",
            lambda: lifecycle.moved(
                old, start, end=end, state=wanted, tzdata="2026f", now=self.now, team=team
            ),
            wanted=wanted,
            pointless=start == old.start and end in {None, old.end},
        )
        if self.booking is not old:
            assert self.booking.start == start
            assert self.booking.end == (end or start + length)
            assert self.booking.advisor_id == (team.advisor_id if team else old.advisor_id)

    @rule(team=TEAMS, wanted=STANDING)
    def give_away(self, team: Team, wanted: Standing | None) -> None:
        """Somebody else is to give the meeting."""
        self.attempt(
            "give away",
            lambda: lifecycle.reassigned(self.booking, team, state=wanted, now=self.now),
            wanted=wanted,
            pointless=team.advisor_id == self.booking.advisor_id,
        )

    @rule(outcome=st.sampled_from(["attended", "no-show"]))
    def record(self, outcome: Outcome) -> None:
        """Somebody says what came of it."""
        self.attempt(outcome, lambda: lifecycle.with_outcome(self.booking, outcome, now=self.now))

    @invariant()
    def every_change_is_one_revision(self) -> None:
        """The revision rises by one with each change, and with nothing else."""
        revisions = [step.revision for step in self.history]
        assert revisions == list(range(7, 7 + len(revisions)))

    @invariant()
    def what_was_cancelled_stays_so(self) -> None:
        """Nothing ever follows a cancellation."""
        states = [step.booking.state for step in self.history]
        assert "cancelled" not in states[:-1]

    @invariant()
    def sequence_and_generation_never_fall(self) -> None:
        """Calendars ignore a lower sequence, and old links must not live again."""
        if self.before is not None:
            assert self.booking.sequence >= self.before.sequence
            assert self.booking.generation >= self.before.generation

    @invariant()
    def it_begins_before_it_ends_at_the_promised_time(self) -> None:
        """The promise is the start, as the clock of its zone shows it."""
        shown = self.booking.start.astimezone(ZoneInfo(self.booking.timezone))
        assert self.booking.start < self.booking.end
        assert self.booking.start.tzinfo is UTC
        assert self.booking.local_start == shown.strftime("%Y-%m-%dT%H:%M:%S")

    @invariant()
    def the_history_has_it_as_it_stands_now(self) -> None:
        """Asked about this moment, the history has the booking itself."""
        assert as_it_stood(self.history, self.now) == self.booking


TestCourse = Course.TestCase
