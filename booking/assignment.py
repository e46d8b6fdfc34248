"""Which of several free advisors gets the meeting: the same answer whenever it is asked again."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from kernel.ids import Id

Ground = Literal["requested", "only-one-free", "fewest-that-day", "fewest-that-week", "first"]


class Load(Struct, frozen=True, kw_only=True):
    """How many live meetings a free advisor has on the day and in the week of a start.

    Days and weeks are those on the advisor's own wall; a week begins on Monday.
    """

    advisor: Id
    day: int
    week: int


class Decision(Struct, frozen=True, kw_only=True):
    """Who gets the meeting, on what ground, and who was considered, best first."""

    advisor: Id
    ground: Ground
    considered: list[Load]


def decide(free: Sequence[Load], requested: Id | None) -> Decision | None:
    """Choose among the advisors who are free; None where there is none.

    The requested advisor comes first; else the one with the fewest meetings that day, then that
    week, then the one on file for longest.
    """
    ranked = sorted(free, key=lambda load: (load.advisor != requested, *_rank(load)))
    if not ranked:
        return None
    return Decision(advisor=ranked[0].advisor, ground=_ground(ranked, requested), considered=ranked)


def _rank(load: Load) -> tuple[int, int, Id]:
    return load.day, load.week, load.advisor


def _ground(ranked: Sequence[Load], requested: Id | None) -> Ground:
    best = ranked[0]
    if best.advisor == requested:
        return "requested"
    if len(ranked) == 1:
        return "only-one-free"
    if best.day != ranked[1].day:
        return "fewest-that-day"
    return "fewest-that-week" if best.week != ranked[1].week else "first"
