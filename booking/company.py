"""Several together: who must come, who could, and whether different people can fill all roles."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from booking.agenda import Agenda, Availability, Party, Rules, Span
from booking.grids import could_begin, runs_of
from kernel.ids import Id


class Pool(NamedTuple):
    """A role that one of several fills, and when each of them could begin."""

    name: str
    ids: Sequence[Id]
    open: Sequence[Sequence[Span]]


class Company(NamedTuple):
    """A party with all who must come folded in.

    Attributes:
        must_come: For each of those who must come, when they could begin.
        closed: For a grid that moves, when one of them cannot.
        mixed: Whether somebody could fill more than one role, so that it takes a matching.
    """

    lead: Sequence[Agenda]
    must_come: Sequence[Sequence[Span]]
    closed: Sequence[Span]
    pools: Sequence[Pool]
    mixed: bool


def company_of(party: Party, rules: Rules, lower: int, upper: int) -> Company | None:
    """Work out when those beside the lead could begin; None if they never can."""
    if not party.required:
        return Company(party.lead, (), (), (), mixed=False)
    fixed = [(role, agenda) for role in party.required if role.everyone for agenda in role.agendas]
    names = {agenda.advisor for _, agenda in fixed}
    if len(names) < len(fixed):
        return None
    if rules.grid != "hours":
        # A moving grid begins where all can, which may be long before what was asked for.
        lower = max(rules.now, rules.earliest)
    must_come = [could_begin(agenda, role, rules, lower, upper) for role, agenda in fixed]
    closed: list[Span] = []
    if rules.grid != "hours":
        for spans in must_come:
            closed += _complement(spans, lower, upper)
    pools = []
    for role in party.required:
        able = [
            agenda
            for agenda in role.agendas
            if agenda.advisor not in names and agenda.unsuitable is None
        ]
        if role.everyone and role.agendas:
            continue
        if not able:
            return None
        ids = [agenda.advisor for agenda in able]
        free = [could_begin(agenda, role, rules, lower, upper) for agenda in able]
        pools.append(Pool(role.name, ids, free))
    lead = [agenda for agenda in party.lead if agenda.advisor not in names]
    everybody = [agenda.advisor for agenda in lead] + [one for pool in pools for one in pool.ids]
    return Company(lead, must_come, closed, pools, mixed=len(set(everybody)) < len(everybody))


def pools_at(company: Company, at: int) -> dict[str, list[Id]]:
    """Return who could fill each role of which one comes, at this start."""
    return {
        pool.name: [
            who for who, spans in zip(pool.ids, pool.open, strict=True) if lies_in(spans, at)
        ]
        for pool in company.pools
    }


def lies_in(spans: Sequence[Span], at: int) -> bool:
    """Tell whether an instant lies in one of the spans, which are in order."""
    place = bisect_right(spans, at, key=itemgetter(0)) - 1
    return place >= 0 and at < spans[place][1]


def _complement(spans: Iterable[Span], lower: int, upper: int) -> Iterator[Span]:
    for start, end in spans:
        if lower < start:
            yield lower, start
        lower = end
    if lower < upper:
        yield lower, upper


# --- at one start --------------------------------------------------------------------------------


def who_could(party: Party, rules: Rules, start: int) -> Availability | None:
    """Return who could be there at exactly this start, part of a complete company."""
    company = company_of(party, rules, start, start + 1)
    if company is None or not all(lies_in(spans, start) for spans in company.must_come):
        return None
    lead = [
        agenda.advisor
        for agenda in company.lead
        if any(True for _ in runs_of(agenda, rules, company.closed, start, start + 1))
    ]
    there = pools_at(company, start)
    required = {
        role.name: there[role.name]
        if role.name in there
        else [agenda.advisor for agenda in role.agendas]
        for role in party.required
    }
    return _complete(party, lead, required)


def chosen(party: Party, found: Availability, role: str | None, who: Id) -> Availability | None:
    """Narrow down who can be there, now that *who* was chosen for a role; None is the lead.

    Returns None where *who* cannot fill that role together with anybody who is left.
    """
    if role is None:
        return _complete(party, [who] if who in found.lead else [], found.required)
    return _complete(
        party,
        found.lead,
        {
            name: [who] * (who in ids) if name == role else ids
            for name, ids in found.required.items()
        },
    )


def _complete(
    party: Party, lead: Sequence[Id], required: Mapping[str, Sequence[Id]]
) -> Availability | None:
    """Leave out whoever is part of no complete company; None where there is no such company."""
    whole = {role.name for role in party.required if role.everyone}
    pools = {name: ids for name, ids in required.items() if name not in whole}
    lists = [list(ids) for ids in (lead, *pools.values())]
    if not all(lists) or not can_differ(lists):
        return None
    if len({who for ids in lists for who in ids}) < sum(map(len, lists)):
        lists = [
            [who for who in ids if can_differ([*lists[:place], [who], *lists[place + 1 :]])]
            for place, ids in enumerate(lists)
        ]
    by_name = dict(zip(pools, lists[1:], strict=True))
    return Availability(
        lead=lists[0],
        required={name: by_name.get(name, list(ids)) for name, ids in required.items()},
    )


def can_differ(lists: Sequence[Sequence[Id]]) -> bool:
    """Tell whether somebody different can be picked from each list."""
    picked: dict[Id, int] = {}

    def place(index: int, tried: set[Id]) -> bool:
        for who in lists[index]:
            if who not in tried:
                tried.add(who)
                if who not in picked or place(picked[who], tried):
                    picked[who] = index
                    return True
        return False

    # The shortest first: they have the least choice.
    order = sorted(range(len(lists)), key=lambda index: len(lists[index]))
    return all(place(index, set()) for index in order)
