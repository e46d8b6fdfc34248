"""Which of several free advisors gets the meeting: the same answer whenever it is asked again.

``docs/algorithms/assignment.md`` draws the rules and proves how far shares can drift apart.
"""

from collections.abc import Collection, Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby, islice
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from booking.organisation import Advisor, Product
from booking.values import AbsenceReason
from kernel.ids import Id

FAIRNESS_WINDOW: Final = 28
"""Days: four whole weeks, so that every weekday counts equally often."""

Unfit = Literal["skill", "language", "branch", "authorisation", "not-working", "excluded"]
"""Why somebody cannot be given a meeting at all, whenever it is.

*excluded* is a conflict of interest and never leaves the house: such an advisor is left out like
somebody who is not on file, of stored decisions and of explanations alike.
"""

Ground = Literal[
    "requested",
    "known",
    "stand-in",
    "only-one-free",
    "priority",
    "fairness",
    "order",
    "fewest-that-day",
    "fewest-that-week",
    "first",
]
"""On what ground somebody got the meeting; the last three are those of rule 1."""

_OLD_RULE: Final = "1"
_RULE: Final = "2"


class Candidate(Struct, frozen=True, kw_only=True):
    """A free and suitable advisor, with everything that the choice looks at.

    Attributes:
        requested: The customer asked for them.
        known: They are the customer's own advisor.
        stand_in: They stand in for the customer's own advisor, who is away.
        priority: 1 to 9; the highest are asked first.
        weight: Their share of the work in percent of a full one; at least 1.
        effort: Minutes times load points of their live meetings within the window.
        present: Days of the window on which they were in service and not away. Days off in the
            week count, since part-time work stands in *weight*.
    """

    advisor: Id
    requested: bool = False
    known: bool = False
    stand_in: bool = False
    priority: int = 5
    weight: int = 100
    effort: int = 0
    present: int = 0


class Decision(Struct, frozen=True, kw_only=True):
    """Who takes a role in a meeting, on what ground, and who was considered, best first.

    It holds all that it was decided on, so that it can be decided again.

    Attributes:
        considered: Those who could take the role; nobody else is mentioned, nor why not.
        role: ``advisor``, or the name of the role beside the advisor.
        window: Days over which effort is counted.
        rule: The version of the rule that decided.
        stand_in_for: The customer's own advisor, where they are away.
        reason: Why they are away; for staff only.
    """

    advisor: Id
    ground: Ground
    considered: list[Candidate]
    role: str = "advisor"
    window: int = FAIRNESS_WINDOW
    rule: str = _RULE
    stand_in_for: Id | None = None
    reason: AbsenceReason | None = None


Pool: TypeAlias = tuple[str, Sequence[Candidate]]
"""A role's name and those who can take it."""


# --- who can be given a meeting ------------------------------------------------------------------


def unfit(
    advisor: Advisor,
    *,
    skills: Collection[str],
    language: str | None,
    branch: str | None,
    product: Product | None,
    day: date,
    excluded: Collection[Id],
) -> Unfit | None:
    """Return why an advisor cannot be given a meeting; None if nothing stands in the way.

    What is not on file is not assumed: no licence, no branch, no skill.

    Args:
        advisor: As on file now.
        skills: What they must be able to do, all of it.
        language: BCP 47; what must be spoken, or None for no matter what.
        branch: Slug of the branch where it is given; None where people do not come to a branch.
        product: What it is about; None for nothing that asks for a licence.
        day: The date on which the meeting begins; a licence must be valid then, whenever it is
            booked and however late it ends.
        excluded: Those who have a conflict of interest with the customer.
    """
    obstacles: dict[Unfit, bool] = {
        "excluded": advisor.id in excluded,
        "not-working": not _in_service(advisor, day),
        "skill": not set(skills) <= set(advisor.skills),
        "language": language is not None
        and not any(_serves(spoken, language) for spoken in advisor.languages),
        "branch": branch is not None and branch not in advisor.locations,
        "authorisation": product is not None
        and product.authorised_only
        and not any(licence.covers(product.slug, day) for licence in advisor.authorisations),
    }
    return next((obstacle for obstacle, stands in obstacles.items() if stands), None)


def _in_service(advisor: Advisor, day: date) -> bool:
    begun = advisor.since is None or advisor.since <= day
    return begun and (advisor.until is None or day <= advisor.until)


def _serves(spoken: str, asked: str) -> bool:
    """Tell whether one of two languages is the other or a variety of it."""
    # RFC 4647 3.3.1: a tag matches a prefix of whole subtags, and case does not matter.
    return all(
        one == other
        for one, other in zip(spoken.lower().split("-"), asked.lower().split("-"), strict=False)
    )


# --- who gets it ---------------------------------------------------------------------------------


def decide(
    candidates: Collection[Candidate],
    *,
    window: int,
    role: str = "advisor",
    stand_in_for: Id | None = None,
    reason: AbsenceReason | None = None,
) -> Decision | None:
    """Choose among those who are free and suitable; None where there is nobody.

    Who was asked for comes first, then the customer's own advisor, then who stands in for them,
    then the highest priority, then the smallest share of the work, then who is on file longest.

    Args:
        candidates: In any order.
        window: Days over which effort and presence were counted.
        role: What they are chosen for.
        stand_in_for: The customer's own advisor if they are away and would be suitable; kept only
            together with *reason*, and where it was not their own or a requested one who got it.
        reason: Why they are away.
    """
    ranked = _ranked(candidates, window)
    if not ranked:
        return None
    ground = _ground(ranked)
    if ground in {"requested", "known"} or stand_in_for is None or reason is None:
        stand_in_for = reason = None
    considered = [one for one, _ in ranked]
    return Decision(
        advisor=considered[0].advisor,
        ground=ground,
        considered=considered,
        role=role,
        window=window,
        stand_in_for=stand_in_for,
        reason=reason,
    )


def replay(decision: Decision) -> Decision:
    """Decide again from what was stored: equal to what was decided then.

    A decision of rule 1 did not keep what it was decided on, so it comes back as it is.

    Raises:
        ValueError: It was decided by a rule that is not known here, or among nobody.
    """
    if decision.rule == _OLD_RULE:
        return decision
    again = decision.rule == _RULE and decide(
        decision.considered,
        window=decision.window,
        role=decision.role,
        stand_in_for=decision.stand_in_for,
        reason=decision.reason,
    )
    if not again:
        raise ValueError(f"cannot decide again by rule {decision.rule!r}")
    return again


def shares(candidates: Collection[Candidate], window: int) -> dict[Id, Fraction]:
    """Return what fairness compares: the effort that each carries by percent of a full share.

    Days on which somebody was not there are counted as if they had carried the average of these
    candidates, so that whoever is new or back from leave is not flooded.
    """
    total = sum(one.effort for one in candidates)
    there = sum(one.weight * one.present for one in candidates)
    if not there:
        return {one.advisor: Fraction(one.effort, one.weight) for one in candidates}
    # With rate = total x window / there and away = window - present, the share is
    # (effort + rate x weight x away / window) / weight = effort / weight + total x away / there.
    return {
        one.advisor: Fraction(
            one.effort * there + total * (window - one.present) * one.weight, one.weight * there
        )
        for one in candidates
    }


def _ranked(candidates: Collection[Candidate], window: int) -> list[tuple[Candidate, Fraction]]:
    """Return all of them with their shares, best first."""
    ranked: list[tuple[Candidate, Fraction]] = []
    # Shares are compared among equals: the average of those who are asked last says nothing about
    # what somebody who is asked first would have carried.
    for _, equals in groupby(sorted(candidates, key=_standing), key=_standing):
        group = list(equals)
        share = shares(group, window)
        group.sort(key=lambda one: (share[one.advisor], one.advisor))
        ranked += [(one, share[one.advisor]) for one in group]
    return ranked


def _standing(one: Candidate) -> tuple[bool, bool, bool, int]:
    return not one.requested, not one.known, not one.stand_in, -one.priority


def _ground(ranked: Sequence[tuple[Candidate, Fraction]]) -> Ground:
    best, share = ranked[0]
    if best.requested:
        return "requested"
    if best.known:
        return "known"
    if best.stand_in:
        return "stand-in"
    if len(ranked) == 1:
        return "only-one-free"
    second, next_share = ranked[1]
    if best.priority != second.priority:
        return "priority"
    return "fairness" if share != next_share else "order"


# --- several roles -------------------------------------------------------------------------------


def fill(roles: Sequence[Pool], lead: Decision) -> list[Decision] | None:
    """Choose somebody for every role beside *lead*, all of them different people.

    Each role in turn is decided by the same rule among those who leave the others fillable.

    Returns:
        A decision for each role, in their order; None if they cannot all be filled.
    """
    taken = {lead.advisor}
    party: list[Decision] = []
    for at, (role, pool) in enumerate(roles):
        decision = decide(
            _who_leave_room(pool, roles[at + 1 :], taken), window=lead.window, role=role
        )
        if decision is None:
            return None
        taken.add(decision.advisor)
        party.append(decision)
    return party


def decide_party(
    lead: Sequence[Candidate],
    roles: Sequence[Pool],
    *,
    window: int,
    role: str = "advisor",
    stand_in_for: Id | None = None,
    reason: AbsenceReason | None = None,
) -> list[Decision] | None:
    """Choose the best lead with whom all roles can be filled, and somebody for every role.

    The arguments are those of ``decide`` for the lead.

    Returns:
        The lead's decision and then one for each role; None if it cannot be done.
    """
    chosen = decide(
        _who_leave_room(lead, roles, set()),
        window=window,
        role=role,
        stand_in_for=stand_in_for,
        reason=reason,
    )
    if chosen is None:
        return None
    others = fill(roles, chosen)
    return None if others is None else [chosen, *others]


def _who_leave_room(
    pool: Sequence[Candidate], roles: Sequence[Pool], taken: Collection[Id]
) -> list[Candidate]:
    """Return those of *pool* with whom different people can still be found for all *roles*."""
    needed = len(roles)
    # Of as many people as there are roles one is always left, so nobody else need be looked at:
    # one more, since the candidate may be among them.
    pools = [
        list(islice((one.advisor for one in others if one.advisor not in taken), needed + 1))
        for _, others in roles
    ]
    return [one for one in pool if one.advisor not in taken and _can_be_matched(pools, one.advisor)]


def _can_be_matched(pools: Sequence[Sequence[Id]], apart_from: Id) -> bool:
    """Tell whether each pool can send somebody of its own, not *apart_from*."""
    sent_by: dict[Id, int] = {}

    def send(pool: int, asked: set[Id]) -> bool:
        """Find somebody for a pool, if need be by moving others to another pool (Kuhn, 1955)."""
        for person in pools[pool]:
            if person == apart_from or person in asked:
                continue
            asked.add(person)
            if person not in sent_by or send(sent_by[person], asked):
                sent_by[person] = pool
                return True
        return False

    return all(send(pool, set()) for pool in range(len(pools)))
