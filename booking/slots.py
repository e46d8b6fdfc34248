"""When can we meet? One function lists, holds, books and explains.

A start is on offer where an advisor's own grid has it, the meeting lies inside working time and
the meeting with its buffers touches no busy time. Buffers and length are folded into the busy
list: busy time ``[s, e)`` forbids every start in the open interval ``(s - length - after,
e + before)``, so one walk over a sorted list of whole seconds answers exactly. What is busy only
removes starts; it never moves the others.

Instants are whole seconds since 1970-01-01 UTC, lengths are seconds.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest

from msgspec import Struct

from booking.model import Reason
from booking.schedule import Stretch
from kernel.ids import Id


class Rules(Struct, frozen=True, kw_only=True):
    """What a meeting asks of time.

    Attributes:
        step: From one start to the next.
        before: What must be free before the meeting; it may lie outside working hours.
        after: The same, afterwards.
        now: Nothing starts before this.
        earliest: The first start that is far enough ahead.
        latest: The end of the time that can be booked; a start lies before it.
    """

    duration: int
    step: int
    before: int
    after: int
    now: int
    earliest: int
    latest: int


class Busy(Struct, frozen=True):
    """Time that is taken: disjoint, in order, as parallel lists for the walk."""

    starts: Sequence[int] = ()
    ends: Sequence[int] = ()


class Agenda(Struct, frozen=True, kw_only=True):
    """One advisor's working time and what is taken of it.

    An advisor who is not *suitable* for what was asked is told apart from one who is busy.
    """

    advisor: Id
    stretches: Sequence[Stretch]
    busy: Busy = Busy()
    suitable: bool = True


def merge_busy(spans: Iterable[tuple[int, int]]) -> Busy:
    """Join taken spans that overlap or touch; they come in any order."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted(spans):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        elif start < end:
            starts.append(start)
            ends.append(end)
    return Busy(starts, ends)


def free_starts(agendas: Iterable[Agenda], rules: Rules, start: int, stop: int) -> list[int]:
    """Return every start from *start* up to *stop* at which at least one advisor can meet."""
    found: set[int] = set()
    for agenda in agendas:
        for first, end in free_runs(agenda, rules, start, stop):
            found.update(range(first, end, rules.step))
    return sorted(found)


def free_advisors(agendas: Iterable[Agenda], rules: Rules, start: int) -> list[Id]:
    """Return who can meet at exactly this start."""
    return [agenda.advisor for agenda in agendas if any(free_runs(agenda, rules, start, start + 1))]


def nearest(
    agendas: Iterable[Agenda],
    rules: Rules,
    start: int,
    count: int,
    *,
    apart_from: int | None = None,
) -> list[int]:
    """Return the *count* free starts nearest to *start*, in order of time, all but one."""
    found = free_starts(agendas, rules, rules.now, rules.latest)
    found = [other for other in found if other != apart_from]
    return sorted(nsmallest(count, found, key=lambda other: (abs(other - start), other)))


def free_runs(agenda: Agenda, rules: Rules, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield runs (first, end) of one advisor's free starts: first, first + step, … before end."""
    if not agenda.suitable:
        return
    starts, ends = agenda.busy.starts, agenda.busy.ends
    lead, tail, step = rules.before, rules.duration + rules.after, rules.step
    lower, upper = max(start, rules.now, rules.earliest), min(stop, rules.latest)
    for at, end in _grid(agenda.stretches, rules, lower, upper):
        # Searched anew for each run: one busy span can reach over several.
        block = bisect_right(ends, at - lead)
        while at < end:
            last = starts[block] - tail if block < len(starts) else end
            if at <= last:
                yield at, min(end, last + 1)
                if last >= end:
                    break
            freed = ends[block] + lead
            block += 1
            if freed > at:
                at += -(-(freed - at) // step) * step  # noqa: PLW2901  # a walk along the grid


def _grid(
    stretches: Iterable[Stretch], rules: Rules, lower: int, upper: int
) -> Iterator[tuple[int, int]]:
    """Yield runs of starts whose meeting lies inside working time, busy or not."""
    for stretch in stretches:
        first = _first_on_grid(stretch, rules.step, lower)
        end = min(stretch.end, stretch.until - rules.duration + 1, upper)
        if first < end:
            yield first, end


def _first_on_grid(stretch: Stretch, step: int, lower: int) -> int:
    """Return the first start of the stretch's grid that is in it and not before *lower*."""
    ahead = max(lower, stretch.start) - stretch.anchor
    return stretch.anchor + -(-ahead // step) * step


# --- why not -------------------------------------------------------------------------------------


def refusals(agendas: Sequence[Agenda], rules: Rules, start: int, stop: int) -> Counter[str]:
    """Count by reason the starts on somebody's grid at which nobody can meet."""
    candidates = {
        at
        for agenda in agendas
        for stretch in agenda.stretches
        for at in range(
            _first_on_grid(stretch, rules.step, start), min(stretch.end, stop), rules.step
        )
    }
    candidates.difference_update(free_starts(agendas, rules, start, stop))
    return Counter(_why_not(agendas, rules, at) for at in candidates)


def refusal(agendas: Sequence[Agenda], rules: Rules, start: int) -> Reason | None:
    """Tell why nobody can meet at this start; None where somebody can."""
    return None if free_advisors(agendas, rules, start) else _why_not(agendas, rules, start)


def _why_not(agendas: Sequence[Agenda], rules: Rules, start: int) -> Reason:
    suitable = [agenda for agenda in agendas if agenda.suitable]
    if not suitable:
        return "unsuitable"
    if start < rules.now:
        return "past"
    if start < rules.earliest:
        return "notice"
    if start >= rules.latest:
        return "outside-window"
    # Of what several advisors say, that of whoever comes nearest to yes is told.
    return min(_obstacle(agenda, rules, start) for agenda in suitable)[1]


def _obstacle(agenda: Agenda, rules: Rules, start: int) -> tuple[int, Reason]:
    """Tell what keeps an advisor from this start, and how far that is from yes."""
    at = bisect_right(agenda.stretches, start, key=lambda stretch: stretch.start) - 1
    if at < 0 or start >= agenda.stretches[at].end:
        return 3, "outside-hours"
    stretch = agenda.stretches[at]
    if (start - stretch.anchor) % rules.step:
        return 2, "off-grid"
    if start + rules.duration > stretch.until:
        return 1, "outside-hours"
    return 0, "busy"
