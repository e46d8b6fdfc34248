"""The starts on offer are exactly the right ones: whole lists, worked out by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from booking.agenda import Agenda, Availability, Busy, Party, Required, Rules, merge_busy
from booking.company import chosen
from booking.grids import free_runs
from booking.hours import Day, Hours, WeeklyRange
from booking.schedule import Stretch, working_time
from booking.slots import available, first_free, free_starts, nearest
from booking.values import Grid

pytestmark = pytest.mark.usefixtures("process_zone")

MONDAY = int(datetime(2026, 11, 29, 23, tzinfo=UTC).timestamp())
"""Midnight in Amsterdam at the beginning of 30 November 2026."""


def at(clock: str) -> int:
    """Return the instant of a time of that Monday in Amsterdam, such as ``09:00``."""
    parts = [int(part) for part in clock.split(":")]
    return MONDAY + parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def spans(*clocks: str) -> Busy:
    """Return spans such as ``10:00-11:00``."""
    return merge_busy((at(one.split("-")[0]), at(one.split("-")[1])) for one in clocks)


def agenda(
    *ranges: str,
    busy: Sequence[str] = (),
    no_start: Sequence[str] = (),
    advisor: str = "a",
    day: Day = "mon",
    **more: Any,
) -> Agenda:
    """An advisor who works ``09:00-17:00`` that Monday, and is busy ``10:00-11:00``."""
    weekly = [WeeklyRange(day=day, start=entry[:5], end=entry[6:]) for entry in ranges]
    hours = Hours(timezone="Europe/Amsterdam", weekly=weekly)
    return Agenda(
        advisor=advisor,
        stretches=working_time(hours, MONDAY, MONDAY + 2 * 86_400),
        busy=spans(*busy),
        no_start=spans(*no_start),
        **more,
    )


def rules(
    duration: int = 60,
    step: int = 60,
    *,
    grid: Grid = "hours",
    before: int = 0,
    after: int = 0,
    preparation: int = 0,
    wrap_up: int = 0,
    offset: int = 0,
    now: str = "00:00",
    notice: int = 0,
    latest: str = "48:00",
    **more: Any,
) -> Rules:
    """What a meeting asks of time, in minutes; *before* and *after* are buffers alone."""
    return Rules(
        duration=duration * 60,
        step=step * 60,
        before=(before + preparation) * 60,
        after=(after + wrap_up) * 60,
        preparation=preparation * 60,
        wrap_up=wrap_up * 60,
        grid=grid,
        offset=offset * 60,
        now=at(now),
        earliest=at(now) + notice * 60,
        latest=at(latest),
        **more,
    )


def at_all_hours(name: str, *busy: str) -> Agenda:
    """A room without hours: it is open whenever it is not taken."""
    return Agenda(
        advisor=name,
        stretches=[Stretch(0, 0, 2 * MONDAY, 0, 2 * MONDAY, "Europe/Amsterdam")],
        busy=spans(*busy),
    )


def role(
    name: str, *agendas: Agenda, everyone: bool = False, after: int = 0, **more: Any
) -> Required:
    return Required(
        name=name, agendas=agendas, everyone=everyone, before=0, after=after * 60, **more
    )


def clocks(found: Sequence[int]) -> list[str]:
    """Return instants as times of that Monday in Amsterdam, the next day's from 24:00 on."""
    return [f"{(one - MONDAY) // 3600:02}:{(one - MONDAY) % 3600 // 60:02}" for one in found]


def offered(
    asked: Rules,
    *lead: Agenda,
    required: Sequence[Required] = (),
    sessions: Mapping[int, int] | None = None,
    start: str = "00:00",
    stop: str = "48:00",
) -> list[str]:
    party = Party(lead=lead, required=required, sessions=sessions or {})
    return clocks(free_starts(party, asked, at(start), at(stop)))


# --- the three grids -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ("hours", ["08:40", "10:10"]),
        ("clock", ["10:00", "10:30"]),
        ("tight", ["08:40", "09:50", "10:20"]),
    ],
)
def test_the_example_of_the_rules(grid: Grid, expected: list[str]) -> None:
    """Hours 08:40 to 11:00, step and length 30, busy 09:20 to 09:50."""
    found = offered(rules(30, 30, grid=grid), agenda("08:40-11:00", busy=["09:20-09:50"]))

    assert found == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        # The coarsest of 60, 30, 20, 15, 10 and 5 minutes that divides the step.
        (120, ["11:00"]),
        (90, ["10:30", "12:00"]),
        (40, ["10:20", "11:00", "11:40"]),
        (45, ["10:15", "11:00", "11:45"]),
        (50, ["10:10", "11:00", "11:50"]),
        (25, ["10:05", "10:30", "10:55", "11:20", "11:45"]),
        # None divides 7: up to the whole minute.
        (7 * 5 + 2, ["10:03", "10:40", "11:17", "11:54"]),
    ],
)
def test_the_clock_grid_rounds_to_what_divides_the_step(step: int, expected: list[str]) -> None:
    """Busy until 10:02:30, free until 13:00, an hour long."""
    found = offered(
        rules(60, step, grid="clock"), agenda("08:40-13:00", busy=["08:00:00-10:02:30"])
    )

    assert found == expected


def test_the_tight_grid_goes_on_five_minutes_after_odd_events() -> None:
    """What ends at 09:52 leaves 09:55; hours that begin at 08:42 begin at 08:42."""
    found = offered(rules(30, 30, grid="tight"), agenda("08:42-11:00", busy=["09:20-09:52"]))

    assert found == ["08:42", "09:55", "10:25"]


def test_a_moving_grid_is_laid_from_the_end_of_the_notice() -> None:
    """From 09:07 on: the next five minutes, the next half hour, or what the hours say."""
    asked = rules(30, 30, now="08:07", notice=60)
    worker = agenda("09:00-11:00")

    assert offered(structs.replace(asked, grid="hours"), worker) == ["09:30", "10:00", "10:30"]
    assert offered(structs.replace(asked, grid="clock"), worker) == ["09:30", "10:00", "10:30"]
    assert offered(structs.replace(asked, grid="tight"), worker) == ["09:10", "09:40", "10:10"]


def test_a_moving_grid_is_not_moved_by_the_question() -> None:
    """Asked from 09:20 on, the half hours from nine remain what they are."""
    found = offered(rules(30, 30, grid="tight"), agenda("09:02-11:00"), start="09:20")

    assert found == ["09:32", "10:02"]


def test_preparation_counts_as_the_start_of_work() -> None:
    """Hours from 08:42 with 15 minutes to prepare: the first meeting is exactly at 08:57."""
    found = offered(rules(30, 30, grid="tight", preparation=15), agenda("08:42-10:00"))

    assert found == ["08:57", "09:27"]


def test_a_night_and_the_day_it_runs_into_are_one_range() -> None:
    """Work from 22:10 to 06:00 and, overlapping, from 05:00 to 09:00: no new start at six."""
    weekly = [
        WeeklyRange(day="mon", start="22:10", end="06:00"),
        WeeklyRange(day="tue", start="05:00", end="09:00"),
    ]
    hours = Hours(timezone="Europe/Amsterdam", weekly=weekly)
    worker = Agenda(advisor="a", stretches=working_time(hours, MONDAY, MONDAY + 2 * 86_400))

    cases: tuple[tuple[Grid, list[str]], ...] = (
        ("hours", ["28:10", "29:10", "30:10", "31:10"]),
        ("clock", ["28:00", "29:00", "30:00", "31:00", "32:00"]),
        ("tight", ["28:10", "29:10", "30:10", "31:10"]),
    )
    for grid, expected in cases:
        assert offered(rules(grid=grid), worker, start="28:00") == expected
    assert offered(rules(), worker, start="30:30") == ["31:10"]


def test_two_pieces_of_one_range_are_one_free_range() -> None:
    """However a range was cut up before: pieces that touch with one anchor are one."""
    pieces = [
        Stretch(at("09:02"), at("09:02"), at("10:00"), at("09:02"), at("12:00"), "UTC"),
        Stretch(at("09:02"), at("10:00"), at("12:00"), at("09:02"), at("12:00"), "UTC"),
    ]
    worker = Agenda(advisor="a", stretches=pieces)

    assert offered(rules(45, 45, grid="tight"), worker) == ["09:02", "09:47", "10:32"]


def test_touching_ranges_keep_their_own_starts() -> None:
    """A meeting runs on from one into the next, and no start is lost at the seam."""
    worker = agenda("09:15-12:00", "12:00-14:00")

    assert offered(rules(), worker) == ["09:15", "10:15", "11:15", "12:00", "13:00"]
    assert offered(rules(grid="tight"), worker) == ["09:15", "10:15", "11:15", "12:00", "13:00"]
    # In the morning the half hours from 09:15 on round up to 09:30.
    assert offered(rules(60, 90, grid="clock"), worker) == ["09:30", "11:00", "12:00"]


def test_the_offset_moves_the_grid_and_not_the_step() -> None:
    """Five past and twenty-five to, on each of the grids; never before work begins."""
    worker = agenda("08:40-10:30", busy=["08:40-09:00"])

    cases: tuple[tuple[Grid, list[str]], ...] = (
        ("hours", ["09:15", "09:45"]),
        ("clock", ["09:05", "09:35"]),
        ("tight", ["09:05", "09:35"]),
    )
    for grid, expected in cases:
        assert offered(rules(30, 30, offset=5, grid=grid), worker) == expected
    assert offered(rules(30, 60, offset=90), agenda("08:00-11:00")) == ["09:30", "10:30"]


# --- what must be free ---------------------------------------------------------------------------


def test_a_meeting_ends_when_work_ends() -> None:
    """The last start leaves exactly the length of the meeting."""
    assert offered(rules(60, 15), agenda("09:30-11:00")) == ["09:30", "09:45", "10:00"]
    assert offered(rules(60, 15), agenda("09:30-10:29")) == []


def test_what_ends_at_ten_leaves_ten_open() -> None:
    """Spans are half-open: meetings may follow one another at once."""
    found = offered(rules(), agenda("09:00-13:00", busy=["09:00-10:00", "11:00-12:00"]))

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
    """Half an hour before and after two hours of work is the advisor's own affair."""
    assert offered(rules(before=30, after=30), agenda("09:00-11:00")) == ["09:00", "10:00"]


def test_preparation_and_wrapping_up_lie_inside_working_hours() -> None:
    """A quarter before and ten minutes after are work, like the meeting itself."""
    found = offered(rules(30, 15, preparation=15, wrap_up=10), agenda("09:00-10:30"))

    assert found == ["09:15", "09:30", "09:45"]


def test_preparation_runs_on_from_the_range_before() -> None:
    """A meeting at the seam of touching ranges is prepared in the one before."""
    found = offered(rules(30, 30, preparation=15), agenda("09:00-10:00", "10:00-11:00"))

    assert found == ["09:30", "10:00", "10:30"]


def test_preparation_and_buffers_together_keep_apart() -> None:
    """Free from 10:00: a quarter to prepare and ten minutes before that."""
    found = offered(
        rules(30, 5, preparation=15, before=10), agenda("09:00-11:00", busy=["08:00-10:00"])
    )

    assert found == ["10:25", "10:30"]


def test_busy_time_outside_working_hours_still_meets_a_buffer() -> None:
    """A train at half past eight leaves no room to prepare for nine."""
    found = offered(
        rules(before=30, after=30), agenda("09:00-12:00", busy=["08:00-08:31", "12:29-13:00"])
    )

    assert found == ["10:00"]


def test_one_busy_span_covers_two_ranges() -> None:
    """What is busy over the lunch break takes from the morning and from the afternoon."""
    found = offered(
        rules(), agenda("09:00-12:00", "13:00-16:00", busy=["10:30-13:30", "10:00-10:10"])
    )

    assert found == ["09:00", "14:00", "15:00"]


def test_limits_refuse_starts_and_nothing_else() -> None:
    """Full from 11:00 to 13:00: a meeting may run into that time, none may begin in it."""
    worker = agenda("09:00-15:00", no_start=["11:00-13:00"], busy=["13:00-13:30"])

    assert offered(rules(90, 30), worker) == ["09:00", "09:30", "10:00", "10:30", "13:30"]


def test_a_limit_leaves_what_is_taken_as_it_was() -> None:
    """With a limit elsewhere that day, a meeting still ends at the instant that another begins."""
    worker = agenda("09:00-12:00", no_start=["11:00-24:00"], busy=["10:00-10:30"])

    assert offered(rules(60, 30), worker) == ["09:00", "10:30"]


def test_a_limit_begins_a_new_free_range() -> None:
    """Grids that move are laid anew where starts are allowed again."""
    worker = agenda("09:00-13:00", no_start=["09:00-11:12"])

    assert offered(rules(60, 30, grid="tight"), worker) == ["11:15", "11:45"]


def test_notice_and_the_window_cut_without_moving_the_grid() -> None:
    """From 09:10 on and before 11:00: the quarters that are left."""
    found = offered(rules(60, 15, now="08:10", notice=60, latest="11:00"), agenda("09:00-17:00"))

    assert found == ["09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45"]


def test_nothing_begins_in_the_past_even_without_notice() -> None:
    """Where staff set notice aside, the present moment still holds."""
    asked = structs.replace(rules(60, 60, now="10:30"), earliest=at("00:00"))

    assert offered(asked, agenda("09:00-13:00")) == ["11:00", "12:00"]


def test_the_question_filters_starts_only() -> None:
    """A meeting may begin inside what was asked and end after it."""
    found = offered(rules(60, 30), agenda("09:00-17:00"), start="09:30:01", stop="11:00")

    assert found == ["10:00", "10:30"]


def test_spans_are_joined_in_any_order() -> None:
    """Overlapping and touching spans become one; those without length vanish."""
    found = merge_busy([(5, 9), (1, 3), (9, 10), (2, 4), (7, 7), (20, 20), (6, 8)])

    assert found == Busy([1, 5], [4, 10])


def test_runs_are_the_starts_of_one_advisor() -> None:
    """Each run says its first start and where it ends."""
    found = list(
        free_runs(
            agenda("09:00-12:00", busy=["10:00-10:20"]), rules(30, 30), at("00:00"), at("48:00")
        )
    )

    assert [clocks(range(first, end, 1800)) for first, end in found] == [
        ["09:00", "09:30"],
        ["10:30", "11:00", "11:30"],
    ]


# --- nights on which the clocks change -----------------------------------------------------------


def utc(*instants: str) -> list[int]:
    return [int(datetime.fromisoformat(one + "+00:00").timestamp()) for one in instants]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "grid", "step", "expected"),
    [
        # Amsterdam, 29 March: 01:00 to 05:00 is three hours, for two o'clock does not come.
        ("Europe/Amsterdam", "2026-03-29", ("01:00", "05:00"), "hours", 60, ["00", "01", "02"]),
        ("Europe/Amsterdam", "2026-03-29", ("01:00", "05:00"), "clock", 60, ["00", "01", "02"]),
        # A range that begins in the gap begins at its end, three o'clock.
        ("Europe/Amsterdam", "2026-03-29", ("02:30", "05:00"), "hours", 60, ["01", "02"]),
        # 25 October: five hours, for two o'clock comes twice.
        (
            "Europe/Amsterdam",
            "2026-10-25",
            ("01:00", "05:00"),
            "hours",
            60,
            ["-1", "00", "01", "02", "03"],
        ),
        (
            "Europe/Amsterdam",
            "2026-10-25",
            ("01:20", "05:00"),
            "clock",
            60,
            ["00", "01", "02", "03"],
        ),
        # From the first half past two to the end of the second hour: an hour and a half.
        ("Europe/Amsterdam", "2026-10-25", ("02:30", "03:00"), "hours", 30, ["00:30", "01:00"]),
        # Kathmandu, +5:45: nine o'clock on the wall is 03:15 in UTC.
        ("Asia/Kathmandu", "2026-06-07", ("09:00", "11:00"), "clock", 60, ["03:15", "04:15"]),
        ("Asia/Kathmandu", "2026-06-07", ("08:50", "11:00"), "clock", 60, ["03:15", "04:15"]),
        # Lord Howe, 4 October: at two the clocks go half an hour ahead. 01:00 to 04:00 is two
        # and a half hours; counted from midnight whole hours lie at 01:00, 02:30 and 03:30.
        (
            "Australia/Lord_Howe",
            "2026-10-04",
            ("01:00", "04:00"),
            "hours",
            60,
            ["-1 14:30", "-1 15:30"],
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04",
            ("02:45", "05:00"),
            "clock",
            60,
            ["-1 16:30"],
        ),
    ],
)
def test_the_nights_of_change(
    zone: str, day: str, hours: tuple[str, str], grid: Grid, step: int, expected: list[str]
) -> None:
    """Steps are elapsed time, and what is rounded is counted from the local midnight."""
    weekly = [WeeklyRange(day="sun", start=hours[0], end=hours[1])]
    base = int(datetime.fromisoformat(day + "T00:00+00:00").timestamp())
    stretches = working_time(Hours(timezone=zone, weekly=weekly), base - 86_400, base + 86_400)
    asked = structs.replace(
        rules(60, step, grid=grid), now=0, earliest=base - 86_400, latest=base + 86_400
    )

    party = Party(lead=[Agenda(advisor="a", stretches=stretches)])
    found = free_starts(party, asked, base - 86_400, base + 86_400)

    assert found == [base + _shift(one) for one in expected]


def _shift(text: str) -> int:
    """Read hours from midnight in UTC: ``-1`` is an hour before, ``-1 14:30`` on the day before."""
    if " " in text:
        return _shift(text.split()[1]) - 86_400
    hours, _, minutes = text.partition(":")
    return int(hours) * 3600 + int(minutes or 0) * 60


def test_rounding_stops_at_the_next_midnight() -> None:
    """Lord Howe's day of 23 and a half hours: after 23:00 the next whole hour is midnight."""
    start, midnight = utc("2026-10-04T12:31", "2026-10-04T13:00")
    stretch = Stretch(start, start, start + 7200, start, start + 7200, "Australia/Lord_Howe")
    asked = structs.replace(
        rules(30, 60, grid="clock"), now=0, earliest=0, latest=midnight + 86_400
    )

    found = free_starts(
        Party(lead=[Agenda(advisor="a", stretches=[stretch])]), asked, 0, midnight + 86_400
    )

    assert found == [midnight, midnight + 3600]


def test_a_night_of_work_is_counted_in_elapsed_hours() -> None:
    """From ten in the evening to two at night, an hour each."""
    assert offered(rules(), agenda("22:00-02:00")) == ["22:00", "23:00", "24:00", "25:00"]


# --- several advisors ----------------------------------------------------------------------------


def test_a_pool_offers_what_anybody_has() -> None:
    """Each on their own grid, every start once, whoever is read first."""
    anna = agenda("09:00-11:00", advisor="anna", busy=["09:00-09:30"])
    bob = agenda("09:30-11:30", advisor="bob")
    cas = agenda("09:00-17:00", advisor="cas", unsuitable="unsuitable")

    for pool in ([anna, bob, cas], [cas, bob, anna]):
        assert offered(rules(60, 60), *pool) == ["09:30", "10:00", "10:30"]
    assert offered(rules()) == []


def test_together_all_must_be_free_on_the_grid_of_the_lead() -> None:
    """The advisor's half hours, where the specialist is at work and free."""
    lead = agenda("09:15-13:00", advisor="lead", busy=["11:00-11:20"])
    specialist = agenda("10:00-13:30", advisor="spec", busy=["12:00-12:10"])

    for everyone in (True, False):
        beside = role("specialist", specialist, everyone=everyone)
        assert offered(rules(30, 30), lead, required=[beside]) == ["10:15", "12:15"]


def test_a_moving_grid_is_laid_on_what_all_who_must_come_share() -> None:
    """The specialist is in from 10:02 on; of a pool, free members only leave out starts."""
    lead = agenda("09:00-12:00", advisor="lead")
    specialist = agenda("10:02-12:00", advisor="spec")

    asked = rules(30, 30, grid="tight")
    fixed = offered(asked, lead, required=[role("specialist", specialist, everyone=True)])
    pooled = offered(asked, lead, required=[role("specialist", specialist)])

    later = offered(
        asked, lead, required=[role("specialist", specialist, everyone=True)], start="10:20"
    )

    assert fixed == ["10:05", "10:35", "11:05"]
    assert later == ["10:35", "11:05"]
    assert pooled == ["10:30", "11:00", "11:30"]


def test_who_must_come_and_is_fully_busy_leaves_nothing() -> None:
    """Empty is a value, not absent: a free pool does not make up for it."""
    lead = agenda("09:00-12:00", advisor="lead")
    full = agenda("09:00-12:00", advisor="full", busy=["09:00-12:00"])
    pool = [agenda("09:00-12:00", advisor=who) for who in ("p1", "p2")]

    grids: tuple[Grid, ...] = ("hours", "clock", "tight")
    for grid in grids:
        asked = rules(grid=grid)
        fixed = role("fixed", full, everyone=True)
        assert offered(asked, lead, required=[fixed, role("pool", *pool)]) == []
        assert offered(asked, full, required=[role("pool", *pool)]) == []
        assert offered(asked, lead, required=[role("pool", full)]) == []
        assert offered(asked, lead, required=[role("nobody")]) == []
        assert offered(asked, lead, required=[role("nobody", everyone=True)]) == []
        assert offered(asked, lead, required=[role("pool", *pool)]) == ["09:00", "10:00", "11:00"]


def test_who_must_come_is_fully_unsuitable() -> None:
    """Of those who must all come, one who never can is enough; of a pool, one who can."""
    lead = agenda("09:00-11:00", advisor="lead")
    barred = agenda("09:00-11:00", advisor="x", unsuitable="not-authorised")
    able = agenda("09:00-11:00", advisor="y")

    assert offered(rules(), lead, required=[role("both", barred, able, everyone=True)]) == []
    assert offered(rules(), lead, required=[role("any", barred, able)]) == ["09:00", "10:00"]


def test_everybody_of_a_role_or_anybody_of_it() -> None:
    """Two interpreters, one until ten and one from ten: any of them, or both."""
    lead = agenda("09:00-12:00", advisor="lead")
    early = agenda("08:00-11:00", advisor="early", busy=["09:00-09:10"])
    late = agenda("10:00-13:00", advisor="late")

    assert offered(rules(), lead, required=[role("any", early, late)]) == ["10:00", "11:00"]
    assert offered(rules(), lead, required=[role("all", early, late, everyone=True)]) == ["10:00"]


def test_nobody_fills_two_roles_of_one_meeting() -> None:
    """Two advisors and a role that either can fill: both must be free."""
    anna = agenda("09:00-12:00", advisor="anna", busy=["10:00-11:00"])
    bob = agenda("09:00-12:00", advisor="bob", busy=["11:00-11:10"])

    assert offered(rules(), anna, bob, required=[role("second", anna, bob)]) == ["09:00"]
    assert offered(rules(), anna, required=[role("second", anna)]) == []
    assert offered(rules(), anna, bob, required=[role("second", anna, everyone=True)]) == ["09:00"]


def test_who_must_come_is_no_longer_in_a_pool() -> None:
    """Bob comes as the specialist, so only Cas can be the second, and Cas is busy at ten."""
    lead, bob = agenda("09:00-11:00", advisor="lead"), agenda("09:00-11:00", advisor="bob")
    cas = agenda("09:00-11:00", advisor="cas", busy=["10:00-10:10"])
    needs = [role("specialist", bob, everyone=True), role("second", bob, cas)]

    assert offered(rules(), lead, required=needs) == ["09:00"]
    assert offered(rules(), lead, required=[needs[0], role("second", bob)]) == []
    assert available(Party(lead=[lead, bob], required=needs), rules(), at("09:00")) == Availability(
        lead=["lead"], required={"specialist": ["bob"], "second": ["cas"]}
    )


def test_three_roles_are_matched_as_a_whole() -> None:
    """A can do all, B two, C one: there is exactly one way, and none once C is busy."""
    a, b = (agenda("09:00-11:00", advisor=who) for who in "ab")
    c = agenda("09:00-11:00", advisor="c", busy=["10:00-10:30"])
    party = Party(lead=[a, b, c], required=[role("two", a, b), role("three", a)])

    assert clocks(free_starts(party, rules(), at("00:00"), at("48:00"))) == ["09:00"]
    assert available(party, rules(), at("09:00")) == Availability(
        lead=["c"], required={"two": ["b"], "three": ["a"]}
    )
    assert available(party, rules(), at("10:00")) is None


def test_the_same_person_twice_among_those_who_must_come_is_impossible() -> None:
    """Somebody cannot be the interpreter and the specialist."""
    lead, both = agenda("09:00-11:00", advisor="lead"), agenda("09:00-11:00", advisor="both")
    twice = [role("one", both, everyone=True), role("two", both, everyone=True)]

    assert offered(rules(), lead, required=twice) == []


def test_who_must_come_is_waited_for_where_roles_share_people_as_well() -> None:
    """A pool that the lead belongs to as well does not make the interpreter dispensable."""
    anna, bob = (agenda("09:00-12:00", advisor=who) for who in ("anna", "bob"))
    interpreter = agenda("09:00-12:00", advisor="int", busy=["10:00-11:00"])
    needs = [role("second", anna, bob), role("interpreter", interpreter, everyone=True)]

    assert offered(rules(), anna, required=needs) == ["09:00", "11:00"]


def test_a_room_has_its_own_turnaround_and_perhaps_no_hours() -> None:
    """Aired for half an hour after each meeting; the advisor needs no time in between."""
    lead = agenda("09:00-13:00", advisor="lead")
    room = at_all_hours("room", "10:30-11:00")
    closed = structs.replace(room, stretches=[])
    asked = rules(60, 30)

    beside = role("room", room, after=30)
    assert offered(asked, lead, required=[beside]) == ["09:00", "11:00", "11:30", "12:00"]
    assert offered(asked, lead, required=[role("room", closed, after=30)]) == []


def test_two_rooms_of_one_kind_are_two_rooms() -> None:
    """A meeting that takes two rooms needs two of them free."""
    lead = agenda("09:00-12:00", advisor="lead")
    one, other = at_all_hours("r1", "10:00-10:30"), at_all_hours("r2")
    needs = [role(name, one, other) for name in ("first", "second")]

    assert offered(rules(), lead, required=needs[:1]) == ["09:00", "10:00", "11:00"]
    assert offered(rules(), lead, required=needs) == ["09:00", "11:00"]


def test_those_who_are_there_come_in_the_order_of_asking() -> None:
    """Who can lead and who can fill each role, at exactly this start."""
    anna, bob = (agenda("09:00-12:00", advisor=who) for who in ("anna", "bob"))
    cas = agenda("09:00-12:00", advisor="cas", busy=["10:00-11:00"])
    party = Party(lead=[cas, bob, anna], required=[role("second", anna, cas)])

    assert available(party, rules(), at("09:00")) == Availability(
        lead=["cas", "bob", "anna"], required={"second": ["anna", "cas"]}
    )
    assert available(party, rules(), at("10:00")) == Availability(
        lead=["bob"], required={"second": ["anna"]}
    )
    assert available(party, rules(), at("09:30")) is None


def test_a_choice_leaves_whom_it_leaves() -> None:
    """Once Anna leads she is not the second; somebody who cannot lead is refused."""
    anna, bob, cas = (agenda("09:00-12:00", advisor=who) for who in ("anna", "bob", "cas"))
    zoe = agenda("09:00-12:00", advisor="z")
    party = Party(
        lead=[anna, bob],
        required=[role("second", anna, cas), role("fixed", zoe, everyone=True)],
    )
    there = available(party, rules(), at("09:00"))
    assert there is not None

    assert chosen(party, there, None, "anna") == Availability(
        lead=["anna"], required={"second": ["cas"], "fixed": ["z"]}
    )
    assert chosen(party, there, "second", "anna") == Availability(
        lead=["bob"], required={"second": ["anna"], "fixed": ["z"]}
    )
    assert chosen(party, there, None, "cas") is None


# --- seats, days, and the nearest ----------------------------------------------------------------


def test_a_group_meeting_with_seats_left_is_on_offer_although_its_advisor_is_busy() -> None:
    """The full one is not, and notice holds for it as for any other."""
    lead = agenda("09:00-13:00", busy=["10:00-11:00", "11:30-12:30"])
    running = {at("10:00"): 3, at("11:30"): 0, at("07:00"): 5}
    party = Party(lead=[lead], sessions=running)

    found = offered(rules(now="08:00"), lead, sessions=running)

    assert found == ["09:00", "10:00"]
    assert available(party, rules(now="08:00"), at("10:00")) == Availability(lead=[], required={})
    assert available(party, rules(now="08:00"), at("11:30")) is None
    assert available(party, rules(now="08:00"), at("07:00")) is None
    assert offered(rules(), sessions={at("10:00"): 1}) == ["10:00"]


def week(*days: Day, hours: str = "09:00-11:00", zone: str = "Europe/Amsterdam") -> Agenda:
    weekly = [WeeklyRange(day=day, start=hours[:5], end=hours[6:]) for day in days]
    stretches = working_time(Hours(timezone=zone, weekly=weekly), MONDAY, MONDAY + 14 * 86_400)
    return Agenda(advisor="a", stretches=stretches, busy=spans("09:00-11:00"))


def test_only_days_on_which_something_is_free_are_counted() -> None:
    """Monday is full, so the first two bookable days are Tuesday and Thursday."""
    worker = week("mon", "tue", "thu", "fri")
    asked = rules(latest="300:00", bookable_days=2, day_zone="Europe/Amsterdam", now="08:00")
    party = Party(lead=[worker])

    assert offered(asked, worker, stop="300:00") == ["33:00", "34:00", "81:00", "82:00"]
    # Asked from Thursday or Friday on, the same days count.
    assert offered(asked, worker, start="82:00", stop="300:00") == ["82:00"]
    assert offered(asked, worker, start="90:00", stop="300:00") == []
    assert available(party, asked, at("81:00")) == Availability(lead=["a"], required={})
    assert available(party, asked, at("105:00")) is None


def test_only_the_first_free_start_of_every_day() -> None:
    """Today nine o'clock is too soon; the question begins after it on Tuesday."""
    worker = week("tue", "thu")
    asked = rules(60, 30, latest="300:00", first_of_day=True, day_zone="Europe/Amsterdam")
    party = Party(lead=[worker])

    assert offered(asked, worker, stop="300:00") == ["33:00", "81:00", "201:00", "249:00"]
    assert offered(asked, worker, start="33:15", stop="100:00") == ["81:00"]
    assert available(party, asked, at("33:30")) is None
    later = structs.replace(asked, earliest=at("33:10"))
    assert offered(later, worker, stop="100:00") == ["33:30", "81:00"]


def test_days_are_those_of_the_zone_that_is_named() -> None:
    """Work from 23:00 to 02:00 in Amsterdam is one day in New York and two at home."""
    worker = week("tue", hours="23:00-02:00")
    asked = rules(latest="60:00", first_of_day=True, day_zone="America/New_York")

    assert offered(asked, worker, stop="60:00") == ["47:00"]
    home = structs.replace(asked, day_zone="Europe/Amsterdam")
    assert offered(home, worker, stop="60:00") == ["47:00", "48:00"]


def test_the_first_free_start_may_be_weeks_away() -> None:
    """It is found however far away it lies, and only where it was looked for."""
    party = Party(lead=[week("thu")])
    asked = rules(latest="400:00")

    assert first_free(party, asked, at("00:00"), at("400:00")) == at("81:00")
    assert first_free(party, asked, at("83:00"), at("400:00")) == at("249:00")
    assert first_free(party, asked, at("83:00"), at("240:00")) is None
    assert first_free(party, asked, at("400:00"), at("83:00")) is None


def test_the_nearest_starts_lie_on_both_sides() -> None:
    """Three alternatives around ten, without ten itself, in order of time."""
    party = Party(lead=[agenda("08:00-13:00", busy=["11:00-11:30"])])

    found = nearest(party, rules(60, 60), at("10:00"), 3, apart_from=at("10:00"))

    assert clocks(found) == ["08:00", "09:00", "12:00"]
