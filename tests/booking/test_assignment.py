"""The same facts give the meeting to the same advisor, fairly, on a ground that can be told."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product as combinations
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from booking.assignment import (
    FAIRNESS_WINDOW,
    Candidate,
    Decision,
    Ground,
    Unfit,
    decide,
    decide_party,
    fill,
    replay,
    shares,
    unfit,
)
from booking.organisation import Advisor, Authorisation, Product
from kernel.ids import Id, new_id

JOINED = datetime(2026, 1, 5, 8, tzinfo=UTC)
IDS: Final = [new_id("adv", JOINED + timedelta(days=place)) for place in range(8)]
"""Of advisors, the one on file for longest first."""
A, B, C, D = IDS[:4]
DAY = date(2026, 12, 1)


def one(advisor: Id, **facts: Any) -> Candidate:
    """Return a candidate who has been there all the time."""
    return Candidate(advisor=advisor, **{"present": FAIRNESS_WINDOW, **facts})


def chosen(candidates: Sequence[Candidate], **facts: Any) -> Decision:
    decision = decide(candidates, window=FAIRNESS_WINDOW, **facts)
    assert decision is not None
    return decision


def who(party: Sequence[Decision] | None) -> list[Id] | None:
    return None if party is None else [decision.advisor for decision in party]


@st.composite
def teams(draw: st.DrawFn, *, least: int = 1, among: int = 8) -> list[Candidate]:
    """Return candidates of every kind, of which two are often alike, in any order."""
    ids = draw(st.lists(st.sampled_from(IDS[:among]), min_size=least, unique=True))
    flag = st.sampled_from([False, False, False, True])
    return [
        Candidate(
            advisor=advisor,
            requested=draw(flag),
            known=draw(flag),
            stand_in=draw(flag),
            priority=draw(st.sampled_from([5, 5, 9])),
            weight=draw(st.sampled_from([20, 50, 100])),
            effort=draw(st.sampled_from([0, 60, 90, 3000])),
            present=draw(st.integers(0, FAIRNESS_WINDOW)),
        )
        for advisor in ids
    ]


# --- who can be given a meeting ------------------------------------------------------------------

MORTGAGES = Product(id=new_id("prd", JOINED), slug="mortgages", name="Mortgages")
SAVINGS = Product(id=new_id("prd", JOINED), slug="savings", name="Savings", authorised_only=False)


def advisor(**facts: Any) -> Advisor:
    """Return somebody who can be given the meeting that ``obstacle`` asks about."""
    usual: dict[str, Any] = {
        "id": A,
        "name": "Sanne",
        "email": "sanne@bank.example",
        "timezone": "Europe/Amsterdam",
        "languages": ["nl"],
        "skills": ["mortgages", "divorce"],
        "locations": ["utrecht"],
        "authorisations": [Authorisation(product="mortgages", valid_from=DAY, valid_until=DAY)],
        "since": DAY,
        "until": DAY,
    }
    return Advisor(**{**usual, **facts})


def obstacle(somebody: Advisor, **facts: Any) -> Unfit | None:
    usual: dict[str, Any] = {
        "skills": ["mortgages"],
        "language": "nl",
        "branch": "utrecht",
        "product": MORTGAGES,
        "day": DAY,
        "excluded": (),
    }
    return unfit(somebody, **{**usual, **facts})


def test_who_has_all_that_is_asked_for_can_be_given_the_meeting() -> None:
    """Nothing stands in the way, on the only day on which they work and have a licence."""
    assert obstacle(advisor()) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"skills": []}, "skill"),
        ({"skills": ["divorce"]}, "skill"),
        ({"languages": ["de", "fy"]}, "language"),
        ({"languages": []}, "language"),
        ({"locations": []}, "branch"),
        ({"locations": ["breda"]}, "branch"),
        ({"authorisations": []}, "authorisation"),
        (
            {"authorisations": [Authorisation(product="pensions", valid_from=DAY)]},
            "authorisation",
        ),
        ({"since": DAY + timedelta(days=1), "until": None}, "not-working"),
        ({"since": None, "until": DAY - timedelta(days=1)}, "not-working"),
    ],
)
def test_what_is_not_on_file_is_not_assumed(facts: dict[str, Any], expected: Unfit) -> None:
    """Whoever lacks one thing is refused for it, and nothing else makes up for it."""
    assert obstacle(advisor(**facts)) == expected


def test_every_skill_is_needed() -> None:
    """Somebody who has one of two skills cannot do what takes both."""
    assert obstacle(advisor(), skills=["mortgages", "divorce"]) is None
    assert obstacle(advisor(), skills=["mortgages", "pensions"]) == "skill"


@pytest.mark.parametrize(
    ("days", "expected"), [(-1, "authorisation"), (0, None), (2, None), (3, "authorisation")]
)
def test_a_licence_counts_on_the_day_of_the_meeting(days: int, expected: Unfit | None) -> None:
    """It is valid from its first to its last day, both included."""
    licence = Authorisation(
        product="mortgages", valid_from=DAY, valid_until=DAY + timedelta(days=2)
    )
    somebody = advisor(authorisations=[licence], since=None, until=None)

    assert obstacle(somebody, day=DAY + timedelta(days=days)) == expected


def test_a_product_that_asks_for_no_licence_is_for_everybody() -> None:
    """Only what asks for a licence is kept to those who have one."""
    assert obstacle(advisor(authorisations=[]), product=SAVINGS) is None
    assert obstacle(advisor(authorisations=[]), product=None) is None


@pytest.mark.parametrize(
    ("spoken", "asked", "serves"),
    [
        ("nl", "nl", True),
        ("nl", "nl-BE", True),
        ("en-GB", "en", True),
        ("en-GB", "en-US", False),
        ("en-gb", "en-GB", True),
        ("zh-Hant", "zh-Hant-TW", True),
        ("nl", "nds", False),
        ("nds", "nd", False),
        ("de", "nl", False),
    ],
)
def test_a_language_serves_its_varieties_and_the_other_way_round(
    spoken: str, asked: str, serves: bool
) -> None:
    """Whole parts of the tag are compared: one variety is not assumed to serve another."""
    assert (obstacle(advisor(languages=["fr", spoken]), language=asked) is None) is serves


def test_what_nobody_asked_for_stands_in_nobodys_way() -> None:
    """Without a language, a branch or skills, those are not looked at."""
    somebody = advisor(languages=[], locations=[], skills=[])

    assert obstacle(somebody, language=None, branch=None, skills=[]) is None


def test_a_conflict_of_interest_goes_before_every_other_obstacle() -> None:
    """Whoever must be left out is known as such, so that they are never told as anything else."""
    assert obstacle(advisor(skills=[], languages=[]), excluded=[A]) == "excluded"
    assert obstacle(advisor(), excluded=[B]) is None


# --- who gets it ---------------------------------------------------------------------------------


def test_nobody_free_is_no_decision() -> None:
    """There is nothing to decide."""
    assert decide([], window=FAIRNESS_WINDOW) is None


@pytest.mark.parametrize(
    ("team", "place", "ground"),
    [
        ([one(A, known=True, priority=9), one(B, requested=True, effort=900)], 1, "requested"),
        ([one(A, stand_in=True, priority=9), one(B, known=True, effort=900)], 1, "known"),
        ([one(A, priority=9), one(B, stand_in=True, effort=900)], 1, "stand-in"),
        ([one(A, effort=0), one(B, priority=6, effort=900)], 1, "priority"),
        ([one(A, effort=61), one(B, effort=60)], 1, "fairness"),
        ([one(A, effort=60, weight=50), one(B, effort=100)], 1, "fairness"),
        ([one(A, effort=60), one(B, effort=60)], 0, "order"),
        ([one(B, effort=900)], 1, "only-one-free"),
        ([one(B, requested=True)], 1, "requested"),
        ([one(B, known=True)], 1, "known"),
    ],
)
def test_each_ground_goes_before_the_next(
    team: list[Candidate], place: int, ground: Ground
) -> None:
    """Asked for, known, standing in, priority, share and time on file decide in that order."""
    for order in (team, team[::-1]):
        decision = chosen(order)
        assert (decision.advisor, decision.ground) == (IDS[place], ground)


@given(team=teams(), data=st.data())
def test_the_order_of_reading_plays_no_part(team: list[Candidate], data: st.DataObject) -> None:
    """However the candidates are read, the decision is the same to the last field."""
    assert chosen(data.draw(st.permutations(team))) == chosen(team)


@given(team=teams(), away=st.booleans())
def test_a_stored_decision_can_be_made_again(team: list[Candidate], away: bool) -> None:
    """What is read back from the database decides the same, and it is all that was known."""
    facts: dict[str, Any] = {"stand_in_for": D, "reason": "leave"} if away else {}
    decision = chosen(team, role="interpreter", **facts)

    stored = msgspec.json.decode(msgspec.json.encode(decision), type=Decision)

    assert replay(stored) == decision
    assert sorted(stored.considered, key=lambda each: each.advisor) == sorted(
        team, key=lambda each: each.advisor
    )


def test_a_decision_that_was_tampered_with_is_found_out() -> None:
    """Making it again tells another advisor or ground than what was written over it."""
    decision = chosen([one(A, effort=60), one(B)])

    assert replay(replace(decision, advisor=A)) != replace(decision, advisor=A)
    assert replay(replace(decision, ground="known")) != replace(decision, ground="known")


def test_a_decision_of_the_first_rule_comes_back_as_it_is() -> None:
    """It did not keep what it was decided on, so it is told and not made again."""
    old = Decision(
        advisor=B, ground="fewest-that-day", considered=[one(A), one(B, effort=60)], rule="1"
    )

    assert replay(msgspec.json.decode(msgspec.json.encode(old), type=Decision)) == old


@pytest.mark.parametrize("change", [{"rule": "3"}, {"considered": []}])
def test_what_cannot_be_decided_again_is_refused(change: dict[str, Any]) -> None:
    """A rule from the future, or a decision among nobody, is not passed off as confirmed."""
    with pytest.raises(ValueError, match="cannot decide again"):
        replay(replace(chosen([one(A)]), **change))


def test_who_is_away_is_told_where_somebody_else_got_the_meeting() -> None:
    """Staff can see for whom an advisor stands in, and why, also where the stand-in was taken."""
    for team in ([one(B, stand_in=True), one(C)], [one(B), one(C)]):
        decision = chosen(team, stand_in_for=A, reason="training")
        assert (decision.stand_in_for, decision.reason) == (A, "training")


@pytest.mark.parametrize(
    ("team", "facts"),
    [
        ([one(B, requested=True), one(C)], {"stand_in_for": A, "reason": "leave"}),
        ([one(A, known=True), one(C)], {"stand_in_for": A, "reason": "leave"}),
        ([one(B), one(C)], {"stand_in_for": A}),
        ([one(B), one(C)], {"reason": "leave"}),
    ],
)
def test_no_more_about_an_absence_is_stored_than_explains_the_choice(
    team: list[Candidate], facts: dict[str, Any]
) -> None:
    """It is left out where it decided nothing, and a name without a reason would tell a secret."""
    decision = chosen(team, **facts)

    assert (decision.stand_in_for, decision.reason) == (None, None)


def test_somebody_with_a_conflict_leaves_no_trace() -> None:
    """The stored text is the same whether they were left out for that or are not suitable."""
    free = [advisor(), advisor(id=B), advisor(id=C, skills=[])]

    def stored(excluded: Sequence[Id], team: Sequence[Advisor]) -> bytes:
        fit = [each.id for each in team if obstacle(each, excluded=excluded) is None]
        return msgspec.json.encode(chosen([one(each) for each in fit]))

    conflicted = stored([B], free)

    assert conflicted == stored([], [advisor(), advisor(id=B, languages=[]), free[2]])
    assert B.encode() not in conflicted
    assert B.encode() in stored([], free)


# --- fairness ------------------------------------------------------------------------------------


def test_shares_are_those_of_the_worked_example() -> None:
    """What the document computes by hand is what the code computes."""
    team = [
        one(A, effort=2400),
        one(B, weight=50, effort=1300),
        one(C, effort=150, present=3),
        one(D, effort=1200, present=14),
    ]

    assert shares(team, FAIRNESS_WINDOW) == {
        A: Fraction(2400, 100),
        B: Fraction(1300, 50),
        C: Fraction(150, 100) + Fraction(5050 * 25, 5900),
        D: Fraction(1200, 100) + Fraction(5050 * 14, 5900),
    }
    assert (chosen(team).advisor, chosen(team).ground) == (C, "fairness")


def test_nobody_there_at_all_compares_bare_effort() -> None:
    """With nothing to take an average of, nothing is added."""
    team = [one(A, effort=60, present=0), one(B, effort=30, present=0)]

    assert shares(team, FAIRNESS_WINDOW) == {A: Fraction(3, 5), B: Fraction(3, 10)}
    assert chosen(team).advisor == B


def test_the_average_is_that_of_equals() -> None:
    """What those with another priority carry does not change who is next."""
    equals = [one(A, effort=300), one(B, effort=160, present=14)]
    for effort in (0, 100_000):
        decision = chosen([*equals, one(C, priority=1, effort=effort), one(D, priority=1)])
        assert (decision.advisor, decision.ground) == (A, "fairness")


def rate(team: Sequence[Candidate]) -> Fraction:
    """Return the average effort by percent of a full share over a whole window."""
    there = sum(each.weight * each.present for each in team)
    return Fraction(sum(each.effort for each in team) * FAIRNESS_WINDOW, there)


plain = st.lists(
    st.builds(
        lambda weight, effort, present: one("?", weight=weight, effort=effort, present=present),
        st.integers(1, 1000),
        st.integers(0, 10_000),
        st.integers(1, FAIRNESS_WINDOW),
    ),
    min_size=1,
    max_size=8,
).map(lambda team: [replace(each, advisor=id_) for each, id_ in zip(team, IDS, strict=False)])


@given(team=plain)
def test_shares_average_to_the_rate(team: list[Candidate]) -> None:
    """What is counted for absence moves work between people and adds none to the whole."""
    share = shares(team, FAIRNESS_WINDOW)

    weights = sum(each.weight for each in team)
    assert sum(each.weight * share[each.advisor] for each in team) == rate(team) * weights


@given(team=plain)
def test_whoever_is_next_has_carried_no_more_than_their_part(team: list[Candidate]) -> None:
    """So no decision lifts anybody by more than one meeting above it, new or not."""
    decision = chosen(team)

    best = decision.considered[0]
    assert best.effort <= rate(team) * best.weight * Fraction(best.present, FAIRNESS_WINDOW)


def assign(
    team: Sequence[Candidate],
    efforts: Sequence[int],
    counted: Callable[[int], int] = lambda effort: effort,
) -> Iterator[dict[Id, Fraction]]:
    """Give out meetings while the window stands still, and yield the shares after each.

    *counted* is what a choice takes a meeting for; the shares are always those in effort.
    """
    carried = {each.advisor: each.effort for each in team}
    seen = dict(carried)
    for effort in efforts:
        got = chosen([replace(each, effort=seen[each.advisor]) for each in team]).advisor
        seen[got] += counted(effort)
        carried[got] += effort
        yield shares(
            [replace(each, effort=carried[each.advisor]) for each in team], FAIRNESS_WINDOW
        )


def spread(share: dict[Id, Fraction]) -> Fraction:
    return max(share.values()) - min(share.values())


def bound(team: Sequence[Candidate], efforts: Sequence[int]) -> Fraction:
    """Return how far shares can drift apart, as the document proves."""
    one_meeting = Fraction(max(efforts), min(each.weight for each in team))
    return max(spread(shares(team, FAIRNESS_WINDOW)), one_meeting)


@given(
    team=plain,
    present=st.integers(1, FAIRNESS_WINDOW),
    efforts=st.lists(st.integers(1, 2000), min_size=1, max_size=60),
)
def test_shares_never_drift_apart_by_more_than_the_bound(
    team: list[Candidate], present: int, efforts: list[int]
) -> None:
    """Among those always free, one meeting of the smallest weight or what there was at first."""
    team = [replace(each, present=present) for each in team]

    limit = bound(team, efforts)

    assert all(spread(share) <= limit for share in assign(team, efforts))


def long_run() -> tuple[list[Candidate], list[int]]:
    """Return a team that begins level and five thousand meetings of a quarter to eight hours."""
    chance = Random(20261201)  # noqa: S311  # no secret: the run must come back
    team = [one(id_, weight=chance.choice([20, 50, 80, 100])) for id_ in IDS]
    return team, [15 * chance.randint(1, 32) for _ in range(5000)]


def test_the_bound_holds_over_thousands_of_meetings() -> None:
    """Drift does not add up: the last meeting finds shares as close as the first."""
    team, efforts = long_run()
    limit = bound(team, efforts)

    drifts = [spread(share) for share in assign(team, efforts)]

    assert max(drifts) <= limit
    assert limit == Fraction(480, 20)


def test_counting_meetings_breaks_the_bound() -> None:
    """Without effort the same run drifts far apart, so the bound is the rule's own doing."""
    team, efforts = long_run()

    drifts = [spread(share) for share in assign(team, efforts, counted=lambda _: 1)]

    assert drifts[-1] > 2 * bound(team, efforts)


def test_the_bound_is_reached() -> None:
    """No smaller bound holds: the longest meeting goes to the smallest weight."""
    team = [one(A, weight=50), one(B)]

    assert [spread(share) for share in assign(team, [480])] == [bound(team, [480])]


# --- newcomers and leave -------------------------------------------------------------------------

TEAM: Final = IDS[:6]
NEW: Final = IDS[5]
BACK: Final = 60
"""The day on which the last of the team begins, or is back."""


def busy_months(chance: Random, *, last_worked: int, calibrated: bool) -> list[dict[Id, int]]:
    """Return what each carries on each of a hundred days, eight meetings booked every day.

    The last of the team is away from the day after *last_worked* up to day 60. Meetings are booked
    up to a week ahead; the window ends with the day of the meeting.
    """
    carried = [dict.fromkeys(TEAM, 0) for _ in range(120)]

    def there(advisor: Id, day: int) -> bool:
        return advisor != NEW or day <= last_worked or day >= BACK

    for today in range(100):
        for _ in range(8):
            day = today + chance.randint(0, 7)
            window = range(day - FAIRNESS_WINDOW + 1, day + 1)
            free = [
                one(
                    advisor,
                    effort=sum(carried[each][advisor] for each in window if each >= 0),
                    present=sum(there(advisor, each) or not calibrated for each in window),
                )
                for advisor in TEAM
                if there(advisor, day)
            ]
            carried[day][chosen(free).advisor] += 15 * chance.randint(2, 8)
    return carried


def beside_others(carried: list[dict[Id, int]], days: range) -> Fraction:
    """Return what the last of the team carries beside the average of the others."""
    others = sum(carried[day][advisor] for day in days for advisor in TEAM[:-1])
    return Fraction(sum(carried[day][NEW] for day in days) * (len(TEAM) - 1), others)


@pytest.mark.parametrize("last_worked", [-1, 31], ids=["new", "four weeks of leave"])
@pytest.mark.parametrize("seed", range(4))
def test_whoever_is_new_or_back_from_leave_is_not_flooded(last_worked: int, seed: int) -> None:
    """In two weeks they carry about what others do; uncalibrated, more than twice as much."""
    first_weeks = range(BACK, BACK + 14)

    def carried(*, calibrated: bool) -> Fraction:
        chance = Random(seed)  # noqa: S311  # no secret: the run must come back
        months = busy_months(chance, last_worked=last_worked, calibrated=calibrated)
        return beside_others(months, first_weeks)

    assert Fraction(3, 4) <= carried(calibrated=True) <= Fraction(3, 2)
    assert carried(calibrated=False) > 2


# --- several roles -------------------------------------------------------------------------------


def test_a_role_is_not_filled_by_the_advisor() -> None:
    """Whoever leads the meeting is taken out of every pool, however well they would do."""
    lead = chosen([one(A)])

    party = fill([("specialist", [one(A), one(B, effort=900)])], lead)

    assert who(party) == [B]
    assert party is not None
    assert party[0].role == "specialist"
    assert party[0].considered == [one(B, effort=900)]
    assert fill([], lead) == []
    assert fill([("specialist", [one(A)])], lead) is None


def test_the_best_one_is_left_to_the_role_that_cannot_do_without() -> None:
    """Where pools overlap the first role takes the best of those it can have."""
    lead = chosen([one(A)])
    roles = [
        ("specialist", [one(B), one(C, effort=60), one(D, effort=90)]),
        ("interpreter", [one(B), one(A)]),
    ]

    party = fill(roles, lead)

    assert who(party) == [C, B]
    assert party is not None
    assert [decision.ground for decision in party] == ["fairness", "only-one-free"]


def test_the_best_advisor_gives_way_where_a_role_needs_them() -> None:
    """The lead is the best one with whom all roles can be filled, not the best one."""
    lead = [one(A), one(B, effort=60), one(C, effort=90)]

    party = decide_party(
        lead, [("specialist", [one(A)])], window=14, role="lead", stand_in_for=D, reason="leave"
    )

    assert who(party) == [B, A]
    assert party is not None
    assert [each.advisor for each in party[0].considered] == [B, C]
    assert [each.role for each in party] == ["lead", "specialist"]
    assert [each.window for each in party] == [14, 14]
    assert [each.stand_in_for for each in party] == [D, None]


def test_a_role_with_a_choice_makes_room_for_one_without() -> None:
    """Whoever looks ahead does not stop at the first one found for the first role."""
    roles = [("specialist", [one(B), one(C)]), ("interpreter", [one(B)])]

    assert who(decide_party([one(A)], roles, window=FAIRNESS_WINDOW)) == [A, C, B]


def test_a_party_that_cannot_be_had_is_no_decision() -> None:
    """Two roles cannot be filled by one person, nor a meeting be given by nobody."""
    alone = [("specialist", [one(B)]), ("interpreter", [one(B)])]

    assert decide_party([one(A)], alone, window=FAIRNESS_WINDOW) is None
    assert decide_party([one(A)], [("specialist", [])], window=FAIRNESS_WINDOW) is None
    assert decide_party([], [], window=FAIRNESS_WINDOW) is None


@given(pools=st.lists(teams(least=0, among=4), min_size=1, max_size=4))
def test_a_party_is_found_whenever_there_is_one(pools: list[list[Candidate]]) -> None:
    """Tried beside every combination of people: all different, each decided by the same rule."""
    roles = [(f"role-{place}", pool) for place, pool in enumerate(pools[1:])]
    possible = [
        combination
        for combination in combinations(*([each.advisor for each in pool] for pool in pools))
        if len(set(combination)) == len(pools)
    ]

    party = decide_party(pools[0], roles, window=FAIRNESS_WINDOW)

    assert (party is not None) == bool(possible)
    if party is None:
        return
    assert tuple(each.advisor for each in party) in possible
    assert [replay(each) for each in party] == party
    for place, each in enumerate(party):
        before = [decision.advisor for decision in party[:place]]
        still = {them[place] for them in possible if list(them[:place]) == before}
        assert {candidate.advisor for candidate in each.considered} == still
