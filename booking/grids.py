"""One advisor's free starts: three grids, and the time that is taken of each.

Time ``[s, e)`` that is taken forbids exactly the starts in the open interval
``(s - duration - after, e + before)``: buffers and length are folded into what is taken, so that
one walk over sorted seconds answers exactly.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Final, NamedTuple

from booking.agenda import Agenda, Required, Rules, Span, merge_busy
from booking.schedule import Stretch, day_span

_CLOCK_UNITS: Final = (60 * 60, 30 * 60, 20 * 60, 15 * 60, 10 * 60, 5 * 60)
_TIGHT_UNIT: Final = 5 * 60


class _Taken(NamedTuple):
    """Sorted spans, and how much more each of them forbids before its start and after its end."""

    starts: Sequence[int]
    ends: Sequence[int]
    lead: int
    tail: int


def free_runs(agenda: Agenda, rules: Rules, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield runs (first, end) of one advisor's free starts: first, first + step, … before end."""
    lower, upper = max(start, rules.now, rules.earliest), min(stop, rules.latest)
    return runs_of(agenda, rules, (), lower, upper)


def runs_of(
    agenda: Agenda, rules: Rules, closed: Sequence[Span], lower: int, upper: int
) -> Iterator[Span]:
    """Yield runs of an advisor's free starts on their own grid from *lower* up to *upper*."""
    if agenda.unsuitable is not None:
        return iter(())
    taken = _taken(agenda, rules.before, rules.duration + rules.after, closed)
    if rules.grid == "hours":
        return _fixed_grid(agenda.stretches, rules, taken, lower, upper)
    return _moving_grid(agenda.stretches, rules, taken, lower, upper)


def could_begin(agenda: Agenda, role: Required, rules: Rules, lower: int, upper: int) -> list[Span]:
    """Return when a meeting could begin for somebody beside the lead, on no grid."""
    if agenda.unsuitable is not None:
        return []
    taken = _taken(agenda, role.before, rules.duration + role.after)
    found: list[Span] = []
    for stretch in agenda.stretches:
        begin = max(stretch.start, stretch.since + role.preparation, lower)
        end = min(stretch.end, stretch.until - rules.duration - role.wrap_up + 1, upper)
        if begin < end:
            found += _between(begin, end, taken)
    return found


# --- the grids -----------------------------------------------------------------------------------


def _fixed_grid(
    stretches: Sequence[Stretch], rules: Rules, taken: _Taken, lower: int, upper: int
) -> Iterator[Span]:
    """Walk along the grid that begins where work begins; what is taken moves nothing."""
    starts, ends, lead, tail = taken
    step, offset, preparation = rules.step, rules.offset, rules.preparation
    length, blocks = rules.duration + rules.wrap_up, len(ends)
    for stretch in stretches:
        end = min(stretch.end, stretch.until - length + 1, upper)
        begin = max(stretch.start, stretch.since + preparation, lower)
        if begin >= end:
            continue
        at = stretch.anchor + offset
        if at < begin:
            at += -(-(begin - at) // step) * step
        # Searched anew for each stretch: what is taken can reach over several.
        block = bisect_right(ends, at - lead)
        while at < end:
            last = starts[block] - tail if block < blocks else end
            if at <= last:
                yield at, min(end, last + 1)
                if last >= end:
                    break
            freed = ends[block] + lead
            block += 1
            if freed > at:
                at += -(-(freed - at) // step) * step


def _moving_grid(
    stretches: Sequence[Stretch], rules: Rules, taken: _Taken, lower: int, upper: int
) -> Iterator[Span]:
    """Lay the grid anew on every free range; *lower* and *upper* only leave out starts."""
    possible = max(rules.now, rules.earliest)
    for stretch in _scheduled(stretches):
        own = max(stretch.start, stretch.since + rules.preparation)
        end = min(stretch.end, stretch.until - rules.duration - rules.wrap_up + 1)
        for begin, freed in _between(max(own, possible), end, taken):
            at = begin
            if rules.grid == "clock":
                at = _rounded_up(at, _clock_unit(rules.step), stretch.zone)
            elif begin != own:
                at = _rounded_up(at, _TIGHT_UNIT, stretch.zone)
            at += rules.offset
            if at < lower:
                at += -(-(lower - at) // rules.step) * rules.step
            if at < (stop := min(freed, upper)):
                yield at, stop


def _scheduled(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Join the pieces of one scheduled range: a night and the hours that it runs into."""
    for (anchor, _, zone), pieces in groupby(
        stretches, key=lambda piece: (piece.anchor, piece.since, piece.zone)
    ):
        first, *more = pieces
        start, end, until = first.start, first.end, first.until
        for piece in more:
            if piece.start != end:
                yield Stretch(anchor, start, end, first.since, until, zone)
                start = piece.start
            end, until = piece.end, piece.until
        yield Stretch(anchor, start, end, first.since, until, zone)


def _clock_unit(step: int) -> int:
    """Return the coarsest round number of minutes that divides the step, else a minute."""
    return next((unit for unit in _CLOCK_UNITS if step % unit == 0), 60)


def _rounded_up(at: int, unit: int, zone: str) -> int:
    """Return the first instant from *at* on that lies whole *unit* after its local midnight."""
    midnight, following = day_span(zone, at, "day")
    # A day that is no whole number of units long ends before the last of them is full.
    return min(midnight + -(-(at - midnight) // unit) * unit, following)


# --- what is taken -------------------------------------------------------------------------------


def _taken(agenda: Agenda, before: int, tail: int, closed: Sequence[Span] = ()) -> _Taken:
    """Return what forbids starts: busy time, limits, and spans *closed* for another reason."""
    busy, limits = agenda.busy, agenda.no_start
    if not limits.starts and not closed:
        return _Taken(busy.starts, busy.ends, before, tail)
    forbidden = chain(
        ((s - tail + 1, e + before) for s, e in zip(busy.starts, busy.ends, strict=True)),
        zip(limits.starts, limits.ends, strict=True),
        closed,
    )
    merged = merge_busy(forbidden)
    return _Taken(merged.starts, merged.ends, 0, 1)


def _between(begin: int, end: int, taken: _Taken) -> Iterator[Span]:
    """Yield the whole spans of starts from *begin* up to *end* that nothing taken forbids."""
    starts, ends, lead, tail = taken
    block = bisect_right(ends, begin - lead)
    while begin < end and block < len(ends):
        last = starts[block] - tail
        if last >= end:
            break
        if begin <= last:
            yield begin, last + 1
        begin = max(begin, ends[block] + lead)
        block += 1
    if begin < end:
        yield begin, end
