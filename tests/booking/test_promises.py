"""When the rules of a zone change, the time on the customer's wall stays and the instant moves."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from booking.model import Booking
from booking.promises import kept, occurrence, promised_instant
from booking.values import State
from kernel.ids import new_id

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
BOOKING, KIND, ADVISOR, CUSTOMER = (new_id(prefix, NOW) for prefix in ("bkg", "mty", "adv", "cus"))

CHANGES = (
    ("Europe/Amsterdam", datetime.fromisoformat("2027-03-28T02:00")),
    ("Europe/Amsterdam", datetime.fromisoformat("2027-10-31T02:00")),
    ("Australia/Lord_Howe", datetime.fromisoformat("2027-04-04T01:30")),
    ("Australia/Lord_Howe", datetime.fromisoformat("2027-10-03T02:00")),
    ("Africa/Cairo", datetime.fromisoformat("2027-04-30T00:00")),
    ("America/Sao_Paulo", datetime.fromisoformat("2018-11-04T00:00")),
    ("America/New_York", datetime.fromisoformat("2027-11-07T01:00")),
    ("Asia/Kathmandu", datetime.fromisoformat("2027-01-01T00:00")),
)
"""Zones and times on the wall near which their clocks change, and one that has no change."""

WALLS = st.tuples(
    st.sampled_from(CHANGES),
    st.integers(-12 * 12, 12 * 12) | st.integers(-18, 18),
    st.integers(-180, 180),
).map(lambda it: (it[0][0], it[0][1] + timedelta(minutes=5 * it[1], days=it[2] // 60)))
"""A zone and a time on its wall, more often than not close to a change."""


def promise(local_start: str, zone: str, offset: float, *, state: State = "confirmed") -> Booking:
    """A meeting of 45 minutes, promised when the zone was meant to be *offset* hours from UTC."""
    start = (datetime.fromisoformat(local_start) - timedelta(hours=offset)).replace(tzinfo=UTC)
    return Booking(
        id=BOOKING,
        meeting_type_id=KIND,
        meeting_type="hypotheek",
        advisor_id=ADVISOR,
        location_id=None,
        customer_id=CUSTOMER,
        participants=[],
        channel="video",
        start=start,
        end=start + timedelta(minutes=45),
        local_start=local_start,
        timezone=zone,
        tzdata="2018a",
        language="nl",
        state=state,
        sequence=3,
        generation=2,
        revision=7,
        uid=f"{BOOKING}@spreekuur",
        created_at=NOW,
    )


def shown(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def test_a_promise_under_the_same_rules_stays_and_notes_their_version() -> None:
    """No step of the history and nothing for calendars: nothing has changed."""
    old = promise("2027-07-01T10:00:00", "Europe/Amsterdam", 2)

    assert kept(old, tzdata="2026f") == structs.replace(old, tzdata="2026f")


@pytest.mark.usefixtures("process_zone")
def test_a_promise_outlives_the_end_of_summer_time() -> None:
    """Brazil gave up its summer time in 2019: ten o'clock in December came an hour later."""
    old = promise("2019-12-02T10:00:00", "America/Sao_Paulo", -2)

    assert kept(old, tzdata="2019b") == structs.replace(
        old,
        start=datetime(2019, 12, 2, 13, tzinfo=UTC),
        end=datetime(2019, 12, 2, 13, 45, tzinfo=UTC),
        tzdata="2019b",
        sequence=4,
        revision=8,
    )


def test_a_promised_time_that_no_longer_exists_moves_to_the_end_of_the_gap() -> None:
    """Half past two is promised where there was to be no summer time: it is three now."""
    old = promise("2027-03-28T02:30:00", "Europe/Amsterdam", 1)

    new = kept(old, tzdata="2026f")

    assert new.start == datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert new.end - new.start == timedelta(minutes=45)
    assert (new.local_start, new.sequence, new.revision) == ("2027-03-28T03:00:00", 4, 8)


def test_the_end_of_the_gap_may_be_the_instant_that_was_meant() -> None:
    """The clocks go from two to half past: two o'clock is still then, and is called half past."""
    old = promise("2027-10-03T02:00:00", "Australia/Lord_Howe", 10.5)

    new = kept(old, tzdata="2026f")

    assert new.start == old.start
    assert (new.local_start, new.sequence, new.revision) == ("2027-10-03T02:30:00", 4, 8)


@pytest.mark.parametrize(("offset", "hour"), [(2, 0), (1, 1), (0, 0), (3, 0)])
def test_of_two_occurrences_the_promised_one_counts(offset: int, hour: int) -> None:
    """Half past two comes twice; who was promised neither of them gets the first."""
    old = promise("2027-10-31T02:30:00", "Europe/Amsterdam", offset)

    new = kept(old, tzdata="2026f")

    assert new.start == datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
    assert new.local_start == old.local_start
    assert (new.revision == old.revision) == (offset in {1, 2})


@pytest.mark.parametrize("state", ["cancelled", "attended", "no-show"])
def test_what_is_over_is_left_as_it_was(state: State) -> None:
    """Nobody is promised anything any more, and what happened has happened."""
    old = promise("2019-12-02T10:00:00", "America/Sao_Paulo", -2, state=state)

    assert kept(old, tzdata="2019b") is old


@pytest.mark.parametrize(
    ("zone", "wall", "first", "last"),
    [
        ("Europe/Amsterdam", "2027-03-28T01:59:30", "2027-03-28T00:59:30", None),
        ("Europe/Amsterdam", "2027-03-28T02:00:30", "2027-03-28T01:00:00", None),
        ("Europe/Amsterdam", "2027-03-28T03:00:30", "2027-03-28T01:00:30", None),
        ("Europe/Amsterdam", "2027-10-31T02:00:30", "2027-10-31T00:00:30", "2027-10-31T01:00:30"),
        ("Australia/Lord_Howe", "2027-10-03T02:15:00", "2027-10-02T15:30:00", None),
        (
            "Australia/Lord_Howe",
            "2027-04-04T01:45:00",
            "2027-04-03T14:45:00",
            "2027-04-03T15:15:00",
        ),
        ("America/Sao_Paulo", "2018-11-04T00:15:00", "2018-11-04T03:00:00", None),
        ("Asia/Kathmandu", "2027-01-01T09:00:00", "2027-01-01T03:15:00", None),
    ],
)
@pytest.mark.usefixtures("process_zone")
def test_a_time_on_the_wall_is_found_to_the_second(
    zone: str, wall: str, first: str, last: str | None
) -> None:
    """Worked out by hand: gaps, folds, half hours, under any zone of the process."""

    def found(*, last: bool) -> str:
        at = occurrence(datetime.fromisoformat(wall), zone, last=last)
        assert at.tzinfo is UTC
        return at.strftime("%Y-%m-%dT%H:%M:%S")

    assert found(last=False) == first
    assert found(last=True) == (last or first)


@given(where=WALLS)
def test_a_time_on_the_wall_is_found_as_by_watching_the_clock(
    where: tuple[str, datetime],
) -> None:
    """Somebody who looks at the clock every five minutes sees it then, or first sees it passed."""
    zone, wall = where
    around = [(wall + timedelta(minutes=5 * step)).replace(tzinfo=UTC) for step in range(-180, 181)]
    walls = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in around]
    seen = [at for at, face in zip(around, walls, strict=True) if face == wall]
    passed = next(at for at, face in zip(around, walls, strict=True) if face > wall)

    assert occurrence(wall, zone) == (seen[0] if seen else passed)
    assert occurrence(wall, zone, last=True) == (seen[-1] if seen else passed)


@given(where=WALLS, offset=st.integers(-48, 56).map(lambda quarters: quarters / 4))
@example(where=("Europe/Amsterdam", datetime.fromisoformat("2027-10-31T02:30")), offset=1)
@example(where=("Europe/Amsterdam", datetime.fromisoformat("2027-03-28T02:30")), offset=1)
@example(where=("Australia/Lord_Howe", datetime.fromisoformat("2027-10-03T02:00")), offset=10.5)
def test_a_promise_is_kept_whatever_the_rules_were(
    where: tuple[str, datetime], offset: float
) -> None:
    """The wall shows what was promised, once and for all, and only a move is a change."""
    zone, wall = where
    old = promise(wall.isoformat(), zone, offset)

    new = kept(old, tzdata="2026f")

    exists = shown(occurrence(wall, zone), zone) == old.local_start
    assert new.local_start == shown(new.start, zone)
    assert (new.local_start == old.local_start) == exists
    assert new.end - new.start == old.end - old.start
    assert new.generation == old.generation
    changed = (new.start, new.local_start) != (old.start, old.local_start)
    assert (new.sequence, new.revision) == (3 + changed, 7 + changed)
    assert promised_instant(new) == new.start
    assert kept(new, tzdata="2026f") == new
