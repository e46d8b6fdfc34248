"""When any one of several advisors could begin: a walk for each, or rows of bits in large pools."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain
from typing import Final

from booking.agenda import Agenda, Rules, Span
from booking.grids import runs_of
from booking.masks import Mask, MaskCache, fits, mask_of, starts_in, union

_NEVER: Final = 1 << 60
"""Later than everything; its negative is earlier than everything."""
_MASKS_FROM: Final = 4
"""For fewer advisors, reading masks costs about as much as the walk, and making them more."""


def starts_of_anybody(
    agendas: Sequence[Agenda],
    rules: Rules,
    closed: Sequence[Span],
    lower: int,
    upper: int,
    cache: MaskCache | None,
) -> list[int]:
    """Return the starts that any of several has on their own grid, in order.

    *closed* is when others keep a grid that moves from being laid.
    """
    if cache is not None and rules.grid == "hours" and len(agendas) >= _MASKS_FROM:
        return _from_masks(agendas, rules, lower, upper, cache)
    runs = [runs_of(agenda, rules, closed, lower, upper) for agenda in agendas]
    return _united(runs, rules.step)


def _united(many: Sequence[Iterable[Span]], step: int) -> list[int]:
    """Return the starts of several advisors' runs, each start once and in order."""
    starts = (range(first, end, step) for runs in many for first, end in runs)
    return list(chain.from_iterable(starts)) if len(many) == 1 else sorted(set().union(*starts))


# --- large pools ---------------------------------------------------------------------------------


def _from_masks(
    agendas: Sequence[Agenda], rules: Rules, lower: int, upper: int, cache: MaskCache
) -> list[int]:
    """Return anybody's starts from masks, and those of the few whose grid is odd from runs."""
    masks = []
    odd: set[int] = set()
    shape = (
        rules.duration,
        rules.step,
        rules.before,
        rules.after,
        rules.preparation,
        rules.wrap_up,
        rules.offset,
    )
    for agenda in agendas:
        if agenda.unsuitable is not None:
            continue
        mask = cache.get(_content(agenda, shape), _maker(agenda, rules))
        if mask is not None:
            masks.append(mask)
            continue
        for first, end in runs_of(agenda, rules, (), lower, upper):
            odd.update(range(first, end, rules.step))
    found = starts_in(union(masks), lower, upper)
    return sorted(odd.union(found)) if odd else found


def _content(agenda: Agenda, shape: tuple[int, ...]) -> Hashable:
    """Return a key that differs wherever the free starts could; what cuts them off is not in it."""
    busy, limits = agenda.busy, agenda.no_start
    return (
        shape,
        tuple(agenda.stretches),
        tuple(busy.starts),
        tuple(busy.ends),
        tuple(limits.starts),
        tuple(limits.ends),
    )


def _maker(agenda: Agenda, rules: Rules) -> Callable[[], Mask | None]:
    def make() -> Mask | None:
        anchors = [stretch.anchor for stretch in agenda.stretches]
        if not fits(rules.step, rules.offset, *anchors):
            return None
        return mask_of(runs_of(agenda, rules, (), -_NEVER, _NEVER), rules.step)

    return make
