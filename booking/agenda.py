"""What the engine works on: what a meeting asks of time, whose time there is, who can be there.

Instants are whole seconds since 1970-01-01 UTC, lengths are seconds. Spans are half-open.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from booking.schedule import Stretch
from booking.values import Grid, Reason
from kernel.ids import Id

Span: TypeAlias = tuple[int, int]


class Rules(Struct, frozen=True, kw_only=True):
    """What a meeting asks of time.

    Attributes:
        step: From one start to the next.
        before: What must be free before the meeting: preparation and buffer together.
        after: What must be free after it: wrapping up and buffer together.
        preparation: The part of *before* that is work and lies inside working time.
        wrap_up: The part of *after* that does.
        offset: What is added to where a grid begins.
        now: Nothing starts before this.
        earliest: The first start that is far enough ahead.
        latest: The end of the time that can be booked; a start lies before it.
        day_zone: Whose local days *bookable_days* and *first_of_day* mean.
        bookable_days: Of the days on which something is free, only this many are on offer.
        first_of_day: Only the first free start of every day is on offer.
    """

    duration: int
    step: int
    before: int = 0
    after: int = 0
    preparation: int = 0
    wrap_up: int = 0
    grid: Grid = "hours"
    offset: int = 0
    now: int
    earliest: int
    latest: int
    day_zone: str = "UTC"
    bookable_days: int | None = None
    first_of_day: bool = False


class Busy(Struct, frozen=True):
    """Time that is taken: disjoint, in order, as parallel lists for the walk."""

    starts: Sequence[int] = ()
    ends: Sequence[int] = ()


class Block(Struct, frozen=True):
    """Time that is taken for one and the same reason: *busy*, *booked* or *absent*."""

    reason: Reason
    busy: Busy


class Agenda(Struct, frozen=True, kw_only=True):
    """The working time of an advisor or a resource, and what is taken of it.

    Attributes:
        advisor: The advisor's id, or the resource's.
        stretches: Disjoint and in order.
        busy: All that is taken.
        no_start: Spans in which no meeting may begin, such as days whose limit is reached.
        unsuitable: Why they can never give this meeting; None if they can.
        own: Their own working time before anything narrowed it; for explanations only.
        layers: When whatever narrows it is open, with the reason why not at other times; the same.
        blocks: *busy* taken apart by reason; the same.
    """

    advisor: Id
    stretches: Sequence[Stretch] = ()
    busy: Busy = Busy()
    no_start: Busy = Busy()
    unsuitable: Reason | None = None
    own: Sequence[tuple[int, int]] = ()
    layers: Sequence[tuple[Reason, Sequence[tuple[int, int]]]] = ()
    blocks: Sequence[Block] = ()


class Required(Struct, frozen=True, kw_only=True):
    """Who or what must be there beside the advisor: a role, or a resource of a kind.

    Attributes:
        name: Differs from the others' of the same meeting.
        agendas: Who can fill it; if nobody, the meeting cannot be held.
        everyone: All of them come, not one of them.
        reason: What is told where it cannot be filled.
        before: As in the rules, but its own; a room has its turnaround only.
        after: The same.
        preparation: The same.
        wrap_up: The same.
    """

    name: str
    agendas: Sequence[Agenda]
    everyone: bool = False
    reason: Reason = "busy"
    before: int
    after: int
    preparation: int = 0
    wrap_up: int = 0


class Party(Struct, frozen=True, kw_only=True):
    """Everybody who can take part in a meeting.

    Attributes:
        lead: Those of whom any one gives the meeting; their grids are what is offered.
        required: Who else has to be there; nobody fills two roles of one meeting.
        sessions: Start -> free seats of group meetings that customers can still join.
    """

    lead: Sequence[Agenda]
    required: Sequence[Required] = ()
    sessions: Mapping[int, int] = field(default_factory=dict)


class Availability(Struct, frozen=True, kw_only=True):
    """Who can be there at one start, each in the order in which they were asked for.

    Everybody named is part of at least one complete company. *lead* is empty at a group meeting
    that others have booked already and that only has seats left.
    """

    lead: list[Id]
    required: dict[str, list[Id]]


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
