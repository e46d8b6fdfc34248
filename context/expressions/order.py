"""In which order fields are worked out: what a field reads comes first."""

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush


def in_order(names: Sequence[str], needs: Mapping[str, frozenset[str]]) -> list[str]:
    """Return *names* so that each comes after what it needs, and otherwise in the order given.

    What stands on a cycle, or needs what does, is left out; `a_cycle` tells which it is.
    """
    place = {name: number for number, name in enumerate(names)}
    waiting = {name: len(needs[name]) for name in names}
    needed_by: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for need in needs[name]:
            needed_by[need].append(name)
    ready = [place[name] for name in names if not waiting[name]]
    heapify(ready)
    ordered: list[str] = []
    while ready:
        name = names[heappop(ready)]
        ordered.append(name)
        for follower in needed_by[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heappush(ready, place[follower])
    return ordered


def a_cycle(names: Sequence[str], needs: Mapping[str, frozenset[str]]) -> list[str]:
    """Return names of which each needs the next and the last the first; none if there are none."""
    left = set(names) - set(in_order(names, needs))
    if not left:
        return []
    # Whatever is left needs something that is left, so that this walk comes back somewhere.
    walked: list[str] = []
    name = next(name for name in names if name in left)
    while name not in walked:
        walked.append(name)
        name = next(need for need in sorted(needs[name]) if need in left)
    return walked[walked.index(name) :]
