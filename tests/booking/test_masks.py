"""Rows of bits say the same as runs, and what is kept is never old."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from booking.agenda import Agenda, Busy, Party, Rules
from booking.masks import GRAIN, Mask, MaskCache, fits, mask_of, starts_in, union
from booking.schedule import Stretch
from booking.slots import free_starts

WEEK = 7 * 86_400


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int]:
    """Runs in order on whole grains, over some weeks, with ends at any second."""
    step = draw(st.integers(1, 24)) * GRAIN
    found = []
    at = draw(st.integers(0, 5000)) * GRAIN
    for gap, count, cut in draw(
        st.lists(
            st.tuples(st.integers(1, 3000), st.integers(1, 40), st.integers(0, GRAIN - 1)),
            max_size=8,
        )
    ):
        at += gap * GRAIN
        end = at + (count - 1) * step + 1 + cut
        found.append((at, end))
        at += count * step
    return found, step


def expanded(found: list[tuple[int, int]], step: int) -> list[int]:
    return [at for first, end in found for at in range(first, end, step)]


@given(runs(), st.integers(-10, 20_000), st.integers(-10, 20_000))
def test_a_row_of_bits_has_the_starts_of_its_runs(
    given_runs: tuple[list[tuple[int, int]], int], lower: int, upper: int
) -> None:
    """All of them, and those between any two instants."""
    found, step = given_runs
    mask = mask_of(found, step)
    lower, upper = lower * 173, upper * 311

    assert starts_in(mask, 0, 1 << 60) == expanded(found, step)
    assert starts_in(mask, lower, upper) == [
        at for at in expanded(found, step) if lower <= at < upper
    ]


@given(st.lists(runs(), max_size=5))
def test_the_union_has_the_starts_of_any(many: list[tuple[list[tuple[int, int]], int]]) -> None:
    """Rows that begin in different weeks are laid over one another rightly."""
    masks = [mask_of(found, step) for found, step in many]

    whole = starts_in(union(masks), 0, 1 << 60)

    assert whole == sorted({at for found, step in many for at in expanded(found, step)})


def test_nothing_at_all_is_an_empty_row() -> None:
    """An advisor without hours, a pool without advisors, a question without time."""
    assert mask_of([], 900) == Mask(0, 0)
    assert starts_in(union([]), 0, WEEK) == []
    assert starts_in(union([mask_of([], 900), mask_of([(WEEK, WEEK + 1)], 900)]), 0, 2 * WEEK) == [
        WEEK
    ]
    assert starts_in(mask_of([(WEEK, WEEK + 1)], 900), WEEK + 1, WEEK) == []


@pytest.mark.parametrize(
    ("lengths", "whole"), [((300, 900, 0), True), ((300, 420), False), ((301,), False), ((), True)]
)
def test_only_whole_grains_fit(lengths: tuple[int, ...], whole: bool) -> None:
    """Seven minutes and odd seconds are left to the runs."""
    assert fits(*lengths) == whole


def test_what_was_asked_for_longest_ago_drops_out() -> None:
    """Of three in a cache of two, the one asked for last but one is made anew."""
    cache = MaskCache(2)
    made: list[str] = []

    def get(key: str) -> None:
        cache.get(key, lambda: made.append(key))

    for key in ("a", "b", "a", "c", "a", "b"):
        get(key)

    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2


# --- what the engine keeps -----------------------------------------------------------------------

RULES = Rules(duration=1800, step=900, before=600, after=600, now=0, earliest=0, latest=WEEK)


def pool(anchor: int = 32_400, busy: Busy = Busy()) -> Party:  # noqa: B008  # frozen
    stretch = Stretch(anchor, 32_400, 61_200, 32_400, 61_200, "UTC")
    return Party(
        lead=[Agenda(advisor=f"a{number}", stretches=[stretch], busy=busy) for number in range(5)]
    )


def test_what_is_equal_is_kept_once() -> None:
    """Five advisors with equal hours and nothing taken share one row; names are not in the key."""
    cache = MaskCache()

    found = free_starts(pool(), RULES, 0, WEEK, cache=cache)

    assert len(cache) == 1
    assert found == list(range(32_400, 59_401, 900))


def test_whatever_changes_the_answer_changes_the_key() -> None:
    """Taken time, limits, hours, and every measure of the meeting make another row."""
    cache = MaskCache()
    busy = Busy([36_000], [39_600])
    questions = [(pool(), RULES), (pool(busy=busy), RULES)]
    limited = pool()
    questions.append(
        (
            structs.replace(
                limited, lead=[structs.replace(one, no_start=busy) for one in limited.lead]
            ),
            RULES,
        )
    )
    questions.append((pool(anchor=32_100), RULES))
    changes = ("duration", "step", "before", "after", "preparation", "wrap_up", "offset")
    questions += [
        (pool(busy=busy), structs.replace(RULES, **{name: getattr(RULES, name) + 300}))
        for name in changes
    ]

    for number, (party, asked) in enumerate(questions, start=1):
        found = free_starts(party, asked, 0, WEEK, cache=cache)
        assert found == free_starts(party, asked, 0, WEEK)
        assert len(cache) == number


def test_time_goes_by_without_a_new_row() -> None:
    """Notice and the booking window cut rows when they are read."""
    cache = MaskCache()
    free_starts(pool(), RULES, 0, WEEK, cache=cache)

    later = structs.replace(RULES, now=33_000, earliest=36_001, latest=40_000)

    assert free_starts(pool(), later, 0, WEEK, cache=cache) == [36_900, 37_800, 38_700, 39_600]
    assert len(cache) == 1


def test_odd_grids_and_odd_seconds_stay_exact() -> None:
    """A grid at 09:07 is no row of bits; an event that ends at 10:00:01 takes ten o'clock."""
    cache = MaskCache()
    odd, even = pool(anchor=32_820), pool(busy=Busy([34_200], [36_001]))
    party = Party(lead=[*odd.lead, *even.lead])
    asked = structs.replace(RULES, before=0, after=0)

    found = free_starts(party, asked, 0, 37_000, cache=cache)

    assert found == free_starts(party, asked, 0, 37_000)
    assert found == [32_400, 32_820, 33_720, 34_620, 35_520, 36_420, 36_900]


def test_small_pools_and_moving_grids_need_no_rows() -> None:
    """Three advisors are faster without, and a grid that moves has no rows at all."""
    cache = MaskCache()
    party = pool()

    free_starts(structs.replace(party, lead=party.lead[:3]), RULES, 0, WEEK, cache=cache)
    free_starts(party, structs.replace(RULES, grid="tight"), 0, WEEK, cache=cache)

    assert len(cache) == 0
