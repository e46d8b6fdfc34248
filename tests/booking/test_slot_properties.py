"""The walk over sorted seconds agrees with somebody who holds every candidate against all lists."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from bench import reference
from booking.agenda import Agenda, Busy, Party, Required, Rules, merge_busy
from booking.company import chosen
from booking.explaining import refusal, refusals, why_not
from booking.grids import free_runs
from booking.hours import Day, Hours, WeeklyRange
from booking.masks import MaskCache
from booking.schedule import Stretch, epoch, from_epoch, working_time
from booking.slots import available, first_free, free_starts, nearest
from booking.values import Grid

DAY: Final = 86_400
NIGHTS: Final = [
    ("Europe/Amsterdam", date(2026, 3, 28)),
    ("Europe/Amsterdam", date(2026, 10, 24)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("America/Havana", date(2026, 3, 7)),
    ("America/Havana", date(2026, 10, 31)),
    ("Asia/Kathmandu", date(2026, 6, 6)),
]
"""A Saturday in each zone; in all but the last the clocks change that night."""


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


@st.composite
def agendas(draw: st.DrawFn, who: str, zone: str, base: int, grain: int = 60) -> Agenda:
    """Somebody with up to three ranges a day, a night, taken time, limits and their own zone."""
    days: tuple[Day, ...] = ("sat", "sun", "mon")
    weekly = []
    for day in days:
        opens, lunch, resumes, closes = (
            draw(st.integers(*hours)) for hours in ((6, 60), (84, 150), (150, 174), (204, 270))
        )
        # Ranges that touch, and a night that runs into the next day's.
        resumes = draw(st.sampled_from([lunch, resumes]))
        weekly.append(WeeklyRange(day=day, start=clock(opens * 5), end=clock(lunch * 5)))
        weekly.append(WeeklyRange(day=day, start=clock(resumes * 5), end=clock(closes * 5)))
        if draw(st.booleans()):
            weekly.append(WeeklyRange(day=day, start="22:35", end="03:25"))
    spans = st.lists(
        st.tuples(st.integers(-600 * 60, 3 * DAY), st.integers(60, 200 * 60)).map(
            lambda span: (
                base + span[0] // grain * grain,
                base + span[0] // grain * grain + max(span[1] // grain, 1) * grain,
            )
        ),
        max_size=6,
    )
    limits = st.lists(
        st.tuples(st.integers(0, 70), st.integers(1, 20)).map(
            lambda span: (base + span[0] * 3600, base + (span[0] + span[1]) * 3600)
        ),
        max_size=1,
    )
    return Agenda(
        advisor=who,
        stretches=working_time(Hours(timezone=zone, weekly=weekly), base, base + 3 * DAY),
        busy=merge_busy(draw(spans)),
        no_start=merge_busy(draw(limits)),
        unsuitable=draw(st.sampled_from([None] * 8 + ["unsuitable"])),
    )


@st.composite
def rules(draw: st.DrawFn, base: int, grids: Sequence[Grid]) -> Rules:
    """A meeting of any shape, from before the days in question to somewhere within them."""
    preparation, wrap_up = draw(st.sampled_from([(0, 0), (0, 0), (10, 5), (15, 0)]))
    now = base + draw(st.sampled_from([-60, 0, 123, 600, 900])) * 60
    earliest = now + draw(st.sampled_from([0, 0, 60, 617])) * 60
    return Rules(
        duration=draw(st.sampled_from([15, 20, 30, 45, 60, 100])) * 60,
        step=draw(st.sampled_from([5, 7, 15, 20, 35, 60, 120])) * 60,
        before=(preparation + draw(st.sampled_from([0, 0, 10, 30]))) * 60,
        after=(wrap_up + draw(st.sampled_from([0, 0, 5, 30]))) * 60,
        preparation=preparation * 60,
        wrap_up=wrap_up * 60,
        grid=draw(st.sampled_from(grids)),
        offset=draw(st.sampled_from([0, 0, 5, 10])) * 60,
        now=now,
        earliest=earliest,
        latest=earliest + draw(st.sampled_from([3 * 1440, 3 * 1440, 1440, 600, 0])) * 60,
        day_zone=draw(st.sampled_from(["Europe/Amsterdam", "Australia/Lord_Howe"])),
        bookable_days=draw(st.sampled_from([None, None, 1, 2])),
        first_of_day=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def roles(draw: st.DrawFn, name: str, zone: str, base: int) -> Required:
    """A role that shares people with the other roles now and then, or rooms without hours."""
    rooms = draw(st.booleans())
    ids = ["r1", "r2"] if rooms else ["a", "b", "c", "d"]
    picked = draw(
        st.lists(st.sampled_from(ids), unique=True, min_size=draw(st.sampled_from([0, 1, 1, 1])))
    )
    found = [draw(agendas(who, zone, base)) for who in picked]
    if rooms:
        first, last = base - 30 * DAY, base + 30 * DAY
        always = [Stretch(first, first, last, first, last, zone)]
        found = [structs.replace(room, stretches=always) for room in found]
    return Required(
        name=name,
        agendas=found,
        everyone=draw(st.booleans()),
        reason="no-room" if rooms else "busy",
        before=draw(st.sampled_from([0, 10])) * 60,
        after=draw(st.sampled_from([0, 15])) * 60,
        preparation=draw(st.sampled_from([0, 5])) * 60,
    )


Question = tuple[Party, Rules, int, int]


@st.composite
def questions(draw: st.DrawFn, grids: Sequence[Grid] = ("hours", "clock", "tight")) -> Question:
    """A party, a meeting and a part of three days around a night on which the clocks change."""
    zone, day = draw(st.sampled_from(NIGHTS))
    base = epoch(datetime(day.year, day.month, day.day, tzinfo=UTC))
    zones = st.sampled_from([zone, zone, "Europe/London"])
    lead = draw(
        st.lists(
            st.sampled_from(["a", "b", "c"]),
            unique=True,
            min_size=draw(st.sampled_from([0, 1, 1, 1, 2])),
        )
    )
    sessions = draw(
        st.dictionaries(
            st.integers(0, 3 * 288).map(lambda five: base + five * 300),
            st.integers(0, 2),
            max_size=2,
        )
    )
    party = Party(
        lead=[draw(agendas(who, draw(zones), base)) for who in lead],
        required=[
            draw(roles(f"role {number}", zone, base))
            for number in range(draw(st.sampled_from([0, 0, 1, 1, 2])))
        ],
        sessions=sessions,
    )
    start = base + draw(st.sampled_from([-60, 0, 611, 1440, 2000])) * 60
    stop = start + draw(st.sampled_from([2 * 1440, 1440, 1440, 300, 0])) * 60
    return party, draw(rules(base, grids)), start, stop


THOROUGH = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@THOROUGH
@given(questions())
def test_the_same_starts_as_one_by_one(question: Question) -> None:
    """Whole lists are equal: all grids, roles, rooms, seats, days, zones and change nights."""
    party, asked, start, stop = question

    assert free_starts(party, asked, start, stop) == reference.free_starts(*question)


@THOROUGH
@given(questions())
def test_a_start_is_on_offer_exactly_where_somebody_is_there(question: Question) -> None:
    """Listing, booking and explaining say the same of every fifth minute and every start."""
    party, asked, start, stop = question
    offered = set(free_starts(party, asked, start, stop))

    for at in sorted({*offered, *range(start, min(stop, start + DAY), 300)}):
        there = available(party, asked, at)
        assert (there is not None) == (at in offered), from_epoch(at)
        assert (refusal(party, asked, at) is None) == (at in offered), from_epoch(at)


@THOROUGH
@given(questions())
def test_those_who_are_there_are_in_some_complete_company(question: Question) -> None:
    """Everybody named can take part, nobody else can, and each choice leaves only what fits."""
    party, asked, start, stop = question
    plain = structs.replace(asked, bookable_days=None, first_of_day=False)
    party = structs.replace(party, sessions={})

    for at in free_starts(party, plain, start, stop)[:10]:
        there = available(party, plain, at)
        assert there is not None
        free = [
            agenda.advisor
            for agenda in party.lead
            if at in reference.own_starts(agenda, party, plain, at + 1)
        ]
        ways = reference.companies(party, plain, at, free)
        assert there.lead == [who for who in free if who in {way[0] for way in ways}]
        people = {who for way in ways for who in way[1:]}
        assert {who for ids in there.required.values() for who in ids} == people
        for lead in there.lead:
            left = chosen(party, there, None, lead)
            assert left is not None
            assert left.lead == [lead]
            rest = {who for way in ways if way[0] == lead for who in way[1:]}
            assert {who for ids in left.required.values() for who in ids} == rest


@THOROUGH
@given(questions())
def test_a_part_of_the_question_has_that_part_of_the_answer(question: Question) -> None:
    """What is asked for moves no start: two halves together are the whole."""
    party, asked, start, stop = question
    middle = start + (stop - start) // 3

    halves = [
        *free_starts(party, asked, start, middle),
        *free_starts(party, asked, middle, stop),
    ]

    assert halves == free_starts(party, asked, start, stop)


@THOROUGH
@given(questions())
def test_the_order_of_reading_changes_nothing(question: Question) -> None:
    """Whoever is read first has no say in what is on offer."""
    party, asked, start, stop = question
    turned = structs.replace(party, lead=party.lead[::-1], required=party.required[::-1])

    assert free_starts(turned, asked, start, stop) == free_starts(party, asked, start, stop)


@THOROUGH
@given(questions())
def test_the_first_and_the_nearest_are_those_of_the_whole_list(question: Question) -> None:
    """Looking for one start finds the one that the list has."""
    party, asked, start, stop = question
    listed = free_starts(party, asked, start, stop)
    whole = free_starts(party, asked, asked.now, asked.latest)

    assert first_free(party, asked, start, stop) == (listed[0] if listed else None)
    close = nearest(party, asked, start, 3, apart_from=listed[0] if listed else None)
    others = [at for at in whole if not listed or at != listed[0]]
    assert close == sorted(sorted(others, key=lambda at: (abs(at - start), at))[:3])


@THOROUGH
@given(questions())
def test_each_refused_start_has_its_reason(question: Question) -> None:
    """Every reason is counted once, nothing on offer is refused, and each advisor has their own."""
    party, asked, start, stop = question
    offered = set(free_starts(party, asked, start, stop))

    counted, listed = refusals(party, asked, start, stop, most=20)

    assert len(listed) == min(counted.total(), 20)
    for refused in listed:
        at = epoch(refused.start)
        assert at not in offered
        assert refused.reason == refusal(party, asked, at)
        assert list(refused.advisors) == [agenda.advisor for agenda in party.lead]


@THOROUGH
@given(questions())
def test_an_advisor_has_a_reason_exactly_where_they_are_not_free(question: Question) -> None:
    """One advisor alone: no start is both free and refused, none is neither."""
    party, asked, start, stop = question
    for agenda in party.lead:
        runs = free_runs(agenda, asked, start, stop)
        free = {at for first, end in runs for at in range(first, end, asked.step)}
        for at in sorted({*free, *range(start, min(stop, start + DAY), 300)}):
            assert (why_not(agenda, asked, at) is None) == (at in free), from_epoch(at)


@settings(THOROUGH, max_examples=50)
@given(questions(grids=["hours"]), st.data())
def test_masks_give_what_runs_give(question: Question, data: st.DataObject) -> None:
    """A cache changes nothing, cold or warm, with limits, odd grids and odd seconds taken."""
    party, asked, start, stop = question
    base = start // DAY * DAY
    zone = data.draw(st.sampled_from(["Europe/Amsterdam", "Asia/Kathmandu"]))
    crowd = [data.draw(agendas(f"x{number}", zone, base, grain=1)) for number in range(4)]
    if data.draw(st.booleans()):
        crowd[0] = structs.replace(
            crowd[0],
            stretches=[structs.replace(one, anchor=one.anchor + 60) for one in crowd[0].stretches],
        )
    party = structs.replace(party, lead=[*party.lead, *crowd])
    cache = MaskCache(100)
    plain = free_starts(party, asked, start, stop)

    assert free_starts(party, asked, start, stop, cache=cache) == plain
    assert free_starts(party, asked, start, stop, cache=cache) == plain
    later = structs.replace(asked, now=asked.now + 1800, earliest=asked.earliest + 3600)
    kept = len(cache)
    assert free_starts(party, later, start, stop, cache=cache) == free_starts(
        party, later, start, stop
    )
    assert len(cache) == kept


@settings(THOROUGH, max_examples=50)
@given(questions(grids=["hours"]), st.integers(1, 299))
def test_odd_seconds_are_exact(question: Question, second: int) -> None:
    """Nothing is rounded: taken time and notice at any second give the reference's starts."""
    party, asked, start, stop = question

    def shifted(agenda: Agenda) -> Agenda:
        busy = Busy([at + second for at in agenda.busy.starts], [*agenda.busy.ends])
        sound = merge_busy(zip(busy.starts, busy.ends, strict=True))
        return structs.replace(agenda, busy=sound)

    party = structs.replace(party, lead=[shifted(agenda) for agenda in party.lead])
    asked = structs.replace(asked, earliest=asked.earliest + second)

    assert free_starts(party, asked, start, stop) == reference.free_starts(
        party, asked, start, stop
    )
