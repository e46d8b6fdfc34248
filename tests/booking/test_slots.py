"""The starts on offer are exactly the right ones, and each refusal has its reason."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from msgspec import structs

from booking.model import Day, Reason, ScheduleInput, WeeklyRange
from booking.schedule import working_time
from booking.slots import (
    Agenda,
    Rules,
    free_advisors,
    free_starts,
    merge_busy,
    nearest,
    refusal,
    refusals,
)

pytestmark = pytest.mark.usefixtures("process_zone")

MONDAY = int(datetime(2026, 11, 29, 23, tzinfo=UTC).timestamp())
"""Midnight in Amsterdam at the beginning of 30 November 2026."""


def at(clock: str) -> int:
    """Return the instant of a time of that Monday in Amsterdam, such as ``09:00``."""
    parts = [int(part) for part in clock.split(":")]
    return MONDAY + parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def agenda(
    *ranges: str,
    busy: Sequence[str] = (),
    advisor: str = "a",
    day: Day = "mon",
    suitable: bool = True,
) -> Agenda:
    """An advisor who works ``09:00-17:00`` that Monday, and is busy ``10:00-11:00``."""
    weekly = [WeeklyRange(day=day, start=entry[:5], end=entry[6:]) for entry in ranges]
    schedule = ScheduleInput(timezone="Europe/Amsterdam", weekly=weekly)
    taken = [tuple(at(clock) for clock in span.split("-")) for span in busy]
    return Agenda(
        advisor=advisor,
        stretches=working_time(schedule, MONDAY, MONDAY + 2 * 86_400),
        busy=merge_busy((start, end) for start, end in taken),
        suitable=suitable,
    )


def rules(
    duration: int = 60,
    step: int = 60,
    before: int = 0,
    after: int = 0,
    now: str = "00:00",
    notice: int = 0,
    latest: str = "48:00",
) -> Rules:
    """What a meeting asks of time, in minutes."""
    return Rules(
        duration=duration * 60,
        step=step * 60,
        before=before * 60,
        after=after * 60,
        now=at(now),
        earliest=at(now) + notice * 60,
        latest=at(latest),
    )


def starts(found: Sequence[int]) -> list[str]:
    """Return instants as times of that Monday in Amsterdam."""
    return [f"{(one - MONDAY) // 3600:02}:{(one - MONDAY) % 3600 // 60:02}" for one in found]


def offered(asked: Rules, *agendas: Agenda, start: str = "00:00", stop: str = "48:00") -> list[str]:
    return starts(free_starts(agendas, asked, at(start), at(stop)))


def test_busy_time_removes_starts_and_moves_none() -> None:
    """The example of the rules: from 08:40, every half hour, busy 09:20 to 09:50."""
    found = offered(rules(30, 30), agenda("08:40-11:00", busy=["09:20-09:50"]))

    assert found == ["08:40", "10:10"]


def test_a_meeting_ends_when_work_ends() -> None:
    """The last start leaves exactly the length of the meeting."""
    assert offered(rules(60, 15), agenda("09:30-11:00")) == ["09:30", "09:45", "10:00"]
    assert offered(rules(60, 15), agenda("09:30-10:29")) == []


def test_what_ends_at_ten_leaves_ten_open() -> None:
    """Spans are half-open: meetings may follow one another at once."""
    found = offered(rules(60, 60), agenda("09:00-13:00", busy=["09:00-10:00", "11:00-12:00"]))

    assert found == ["10:00", "12:00"]


def test_one_second_too_long_is_too_long() -> None:
    """Nothing is rounded in favour of a meeting."""
    found = offered(rules(60, 30), agenda("09:00-12:00", busy=["09:00:00-10:00:01"]))

    assert found == ["10:30", "11:00"]


def test_buffers_of_both_meetings_add() -> None:
    """A meeting that claimed a quarter after itself, and one that wants ten minutes before."""
    found = offered(rules(30, 5, before=10), agenda("10:00-11:00", busy=["09:00-10:15"]))

    assert found == ["10:25", "10:30"]


def test_buffers_may_lie_outside_working_hours_and_the_meeting_may_not() -> None:
    """Half an hour before and after an hour of work is the advisor's own affair."""
    assert offered(rules(60, 60, before=30, after=30), agenda("09:00-11:00")) == ["09:00", "10:00"]


def test_busy_time_outside_working_hours_still_meets_a_buffer() -> None:
    """A train at half past eight leaves no room to prepare for nine."""
    found = offered(
        rules(60, 60, before=30, after=30),
        agenda("09:00-12:00", busy=["08:00-08:31", "12:29-13:00"]),
    )

    assert found == ["10:00"]


def test_a_meeting_runs_on_from_one_range_into_the_next() -> None:
    """Touching ranges keep their own starts, and no meeting is lost at the seam."""
    found = offered(rules(60, 60), agenda("09:15-12:00", "12:00-14:00"))

    assert found == ["09:15", "10:15", "11:15", "12:00", "13:00"]


def test_one_busy_span_covers_two_ranges() -> None:
    """What is busy over the lunch break takes from the morning and from the afternoon."""
    found = offered(
        rules(60, 60), agenda("09:00-12:00", "13:00-16:00", busy=["10:30-13:30", "10:00-10:10"])
    )

    assert found == ["09:00", "14:00", "15:00"]


def test_notice_and_the_window_cut_without_moving_the_grid() -> None:
    """From 09:10 on and before 11:00: the quarters that are left."""
    found = offered(rules(60, 15, now="08:10", notice=60, latest="11:00"), agenda("09:00-17:00"))

    assert found == ["09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45"]


def test_the_question_filters_starts_only() -> None:
    """A meeting may begin inside what was asked and end after it."""
    found = offered(rules(60, 30), agenda("09:00-17:00"), start="09:30:01", stop="11:00")

    assert found == ["10:00", "10:30"]


def test_a_night_of_work_is_counted_in_elapsed_hours() -> None:
    """From ten in the evening to two at night, an hour each."""
    found = offered(rules(60, 60), agenda("22:00-02:00"))

    assert found == ["22:00", "23:00", "24:00", "25:00"]


def test_a_night_keeps_its_rhythm_into_the_hours_it_runs_into() -> None:
    """From 22:10 to six and, overlapping, from five to nine; asked from halfway on, too."""
    weekly = [
        WeeklyRange(day="mon", start="22:10", end="06:00"),
        WeeklyRange(day="tue", start="05:00", end="09:00"),
    ]
    schedule = ScheduleInput(timezone="Europe/Amsterdam", weekly=weekly)
    worker = Agenda(advisor="a", stretches=working_time(schedule, MONDAY, MONDAY + 2 * 86_400))

    assert offered(rules(60, 60), worker, start="28:00") == ["28:10", "29:10", "30:10", "31:10"]
    assert offered(rules(60, 60), worker, start="30:30") == ["31:10"]
    assert refusals([worker], rules(60, 60), at("30:30"), at("48:00")) == {"outside-hours": 1}


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        # 29 March 2026: four hours on the wall, three in fact (01:00 to 05:00, without 02:00).
        ("2026-03-29", ["00:00", "01:00", "02:00"]),
        # 25 October 2026: five hours in fact; two o'clock comes twice.
        ("2026-10-25", ["23:00", "00:00", "01:00", "02:00", "03:00"]),
    ],
)
def test_the_nights_of_change(date: str, expected: list[str]) -> None:
    """Work from 01:00 to 05:00 in Amsterdam, as UTC."""
    weekly = [WeeklyRange(day="sun", start="01:00", end="05:00")]
    schedule = ScheduleInput(timezone="Europe/Amsterdam", weekly=weekly)
    noon = int(datetime.fromisoformat(date + "T12:00+00:00").timestamp())
    stretches = working_time(schedule, noon - 86_400, noon)
    asked = structs.replace(rules(), now=0, earliest=0, latest=noon)

    found = free_starts([Agenda(advisor="a", stretches=stretches)], asked, noon - 86_400, noon)

    assert [datetime.fromtimestamp(one, UTC).strftime("%H:%M") for one in found] == expected


def test_a_pool_offers_what_any_of_them_offers_once() -> None:
    """The union of both grids, without duplicates, in whatever order they are read."""
    anna = agenda("09:00-11:00", advisor="anna", busy=["10:00-11:00"])
    bob = agenda("09:00-10:00", "10:30-11:30", advisor="bob")

    assert offered(rules(60, 60), anna, bob) == ["09:00", "10:30"]
    assert offered(rules(60, 60), bob, anna) == ["09:00", "10:30"]
    assert free_advisors([anna, bob], rules(60, 60), at("09:00")) == ["anna", "bob"]
    assert free_advisors([anna, bob], rules(60, 60), at("10:30")) == ["bob"]
    assert free_advisors([anna, bob], rules(60, 60), at("10:00")) == []


def test_nobody_is_a_value() -> None:
    """An empty pool offers nothing, and so does one in which nobody is suitable."""
    assert offered(rules()) == []
    assert offered(rules(), agenda("09:00-17:00", suitable=False)) == []


def test_the_nearest_starts_come_in_order_of_time() -> None:
    """Of two that are equally near the earlier one counts; what has passed does not."""
    worker = agenda("09:00-17:00", busy=["12:00-13:00"])

    found = nearest([worker], rules(60, 60, now="10:30"), at("12:00"), 3)

    assert starts(found) == ["11:00", "13:00", "14:00"]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("10:00", None),
        ("10:07", "off-grid"),
        ("07:00", "past"),
        ("08:30", "notice"),
        ("36:00", "outside-window"),
        ("18:00", "outside-hours"),
        ("16:30", "outside-hours"),
        ("12:00", "busy"),
        ("11:30", "busy"),
    ],
)
def test_each_refusal_has_its_reason(start: str, reason: Reason | None) -> None:
    """It is eight o'clock, an hour's notice, open until tomorrow noon, busy from 12 to 13."""
    worker = agenda("08:00-17:00", busy=["12:00-13:00"])
    asked = rules(60, 30, now="08:00", notice=60, latest="36:00")

    assert refusal([worker], asked, at(start)) == reason


def test_whoever_is_nearest_to_yes_is_told_of() -> None:
    """Busy comes before too late in the day, and that before not being on the grid."""
    busy = agenda("09:00-12:00", busy=["10:00-12:00"])
    ends = agenda("09:00-10:30")
    odd = agenda("09:10-17:00")
    other_day = agenda("09:00-17:00", day="tue")
    unsuitable = agenda("09:00-17:00", suitable=False)

    def why(*agendas: Agenda) -> Reason | None:
        return refusal(agendas, rules(60, 60), at("10:00"))

    assert why(unsuitable, other_day, odd, ends, busy) == "busy"
    assert why(unsuitable, other_day, odd, ends) == "outside-hours"
    assert why(unsuitable, other_day, odd) == "off-grid"
    assert why(unsuitable, other_day) == "outside-hours"
    assert why(unsuitable) == "unsuitable"
    assert why() == "unsuitable"


def test_every_start_on_the_grid_is_offered_or_counted_with_its_reason() -> None:
    """Eight to five in hours is nine starts, of which two are offered."""
    worker = agenda("08:00-17:00", busy=["10:30-11:30"])
    asked = rules(90, 60, now="08:30", notice=60, latest="14:00")

    assert offered(asked, worker) == ["12:00", "13:00"]
    assert refusals([worker], asked, at("00:00"), at("48:00")) == {
        "past": 1,
        "notice": 1,
        "busy": 2,
        "outside-window": 3,
    }


def test_a_start_that_one_of_them_offers_is_not_counted_as_refused() -> None:
    """Customers ask for a time, not for a person."""
    busy = agenda("09:00-11:00", advisor="anna", busy=["09:00-11:00"])
    free = agenda("09:00-10:00", advisor="bob")

    assert refusals([busy, free], rules(60, 60), at("00:00"), at("24:00")) == {"busy": 1}


def test_taken_time_is_joined_in_whatever_order_it_comes() -> None:
    """Touching and overlapping spans are one, empty ones none."""
    joined = merge_busy([(30, 40), (10, 20), (5, 5), (20, 25), (12, 14)])

    assert (joined.starts, joined.ends) == ([10, 30], [25, 40])
