"""The same facts give the meeting to the same advisor, on a ground that can be told."""

from booking.assignment import Load, decide


def load(advisor: str, day: int = 0, week: int = 0) -> Load:
    return Load(advisor=advisor, day=day, week=week)


def test_the_requested_advisor_comes_first() -> None:
    """Whoever was asked for gets the meeting, however busy."""
    decision = decide([load("a"), load("b", 5, 9)], "b")

    assert decision is not None
    assert (decision.advisor, decision.ground) == ("b", "requested")


def test_the_quietest_day_decides_then_the_quietest_week_then_seniority() -> None:
    """The order in which advisors are read plays no part, and the ground is told."""
    cases = [
        ([load("a", 2, 2), load("b", 1, 9)], "b", "fewest-that-day"),
        ([load("a", 1, 5), load("b", 1, 4)], "b", "fewest-that-week"),
        ([load("b", 1, 4), load("a", 1, 4)], "a", "first"),
        ([load("a", 3, 3)], "a", "only-one-free"),
    ]
    for free, advisor, ground in cases:
        for order in (free, free[::-1]):
            decision = decide(order, None)
            assert decision is not None
            assert (decision.advisor, decision.ground) == (advisor, ground)


def test_all_who_were_considered_are_kept_best_first() -> None:
    """The decision can be computed again from what is stored of it."""
    decision = decide([load("a", 2, 2), load("b", 1, 9), load("c", 1, 3)], None)

    assert decision is not None
    assert [one.advisor for one in decision.considered] == ["c", "b", "a"]
    assert decide(decision.considered, None) == decision


def test_nobody_free_is_no_decision() -> None:
    """There is nothing to decide."""
    assert decide([], "a") is None
