"""Why nobody can meet at a start: for each advisor the first thing that is in the way.

What is looked at first is furthest from yes, so of several advisors' reasons the one found last is
the one worth telling. Staff see which it is. Customers read words that never tell somebody else's
booking, why an advisor is away, for whom they may not work or what they are licensed for.

Instants are whole seconds since 1970-01-01 UTC. Spans are half-open.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import IntEnum
from operator import attrgetter
from typing import Final, Literal, TypeAlias

from msgspec import structs

from booking.agenda import Agenda, Busy, Party, Required, Rules
from booking.company import Company, can_differ, company_of, lies_in, pools_at
from booking.grids import could_begin, free_runs, runs_of
from booking.model import Refused
from booking.schedule import Stretch, from_epoch
from booking.slots import available, free_starts
from booking.values import Reason
from kernel.ids import Id

__all__ = ["OPERATORS", "WORDS", "refusal", "refusals", "why_not"]


class _Step(IntEnum):
    """What is looked at, in this order."""

    SUITABLE = 0
    PAST = 1
    NOTICE = 2
    WINDOW = 3
    LAYERS = 4
    HOURS = 5
    GRID = 6
    ABSENT = 7
    BOOKED = 8
    BUSY = 9
    LIMIT = 10
    MUST_COME = 11
    GRID_LAID_ANEW = 12
    POOLS = 13
    DIFFERENT_PEOPLE = 14
    DAYS = 15


_Obstacle: TypeAlias = tuple[_Step, Reason]

_TAKEN: Final[Mapping[Reason, _Step]] = {
    "absent": _Step.ABSENT,
    "booked": _Step.BOOKED,
    "busy": _Step.BUSY,
}


# --- one advisor ---------------------------------------------------------------------------------


def why_not(agenda: Agenda, rules: Rules, start: int) -> Reason | None:
    """Tell what keeps one advisor from this start; None where nothing does."""
    obstacle = _obstacle(agenda, rules, start)
    if obstacle is not None:
        return obstacle[1]
    if rules.grid != "hours" and not any(free_runs(agenda, rules, start, start + 1)):
        return "off-grid"
    return None


def _obstacle(agenda: Agenda, rules: Rules, start: int) -> _Obstacle | None:
    """Tell what keeps an advisor from this start, but for a grid that moves."""
    if agenda.unsuitable is not None:
        return _Step.SUITABLE, agenda.unsuitable
    if obstacle := _out_of_time(rules, start):
        return obstacle
    stretch = _stretch_at(agenda.stretches, start)
    work = start - rules.preparation, start + rules.duration + rules.wrap_up
    if stretch is None or work[0] < stretch.since or work[1] > stretch.until:
        return _closed(agenda, start, work)
    ahead = start - stretch.anchor - rules.offset
    if rules.grid == "hours" and (ahead < 0 or ahead % rules.step):
        return _Step.GRID, "off-grid"
    return _taken(agenda, rules, start)


def _out_of_time(rules: Rules, start: int) -> _Obstacle | None:
    if start < rules.now:
        return _Step.PAST, "past"
    if start < rules.earliest:
        return _Step.NOTICE, "notice"
    return (_Step.WINDOW, "outside-window") if start >= rules.latest else None


def _stretch_at(stretches: Sequence[Stretch], start: int) -> Stretch | None:
    place = bisect_right(stretches, start, key=attrgetter("start")) - 1
    return stretches[place] if place >= 0 and start < stretches[place].end else None


def _closed(agenda: Agenda, start: int, work: tuple[int, int]) -> _Obstacle:
    """Tell whose hours a meeting outside all working time lies outside of."""
    # Where somebody may not even begin says more than where they would not be done in time.
    for reason, spans in agenda.layers:
        if not lies_in(spans, start):
            return _Step.LAYERS, reason
    if _covered(agenda.own, work):
        for reason, spans in agenda.layers:
            if not _covered(spans, work):
                return _Step.LAYERS, reason
    return _Step.HOURS, "outside-hours"


def _covered(spans: Sequence[tuple[int, int]], work: tuple[int, int]) -> bool:
    """Tell whether spans, which may touch, cover the work without a gap."""
    at, end = work
    for span in spans:
        if span[0] > at:
            break
        at = max(at, span[1])
    return at >= end


def _taken(agenda: Agenda, rules: Rules, start: int) -> _Obstacle | None:
    begin, end = start - rules.before, start + rules.duration + rules.after
    if _meets(agenda.busy, begin, end):
        for reason, step in _TAKEN.items():
            for block in agenda.blocks:
                if block.reason == reason and _meets(block.busy, begin, end):
                    return step, reason
        return _Step.BUSY, "busy"
    if _meets(agenda.no_start, start, start + 1):
        return _Step.LIMIT, "limit"
    return None


def _meets(busy: Busy, start: int, end: int) -> bool:
    place = bisect_right(busy.ends, start)
    return place < len(busy.ends) and busy.starts[place] < end


# --- everybody together --------------------------------------------------------------------------


def refusal(party: Party, rules: Rules, start: int) -> Reason | None:
    """Tell why the meeting cannot be held at this start; None where it can.

    Of what several advisors say, that of whoever comes nearest to yes is told.
    """
    if available(party, rules, start) is not None:
        return None
    return _Hindrance(party, rules, start, start + 1).at(start)[0]


def refusals(
    party: Party, rules: Rules, start: int, stop: int, *, most: int = 1000
) -> tuple[Counter[Reason], list[Refused]]:
    """Count by reason the starts on somebody's grid that are not on offer, and list the first.

    Starts are those of the grid that begins with work, also where closed doors or holidays keep
    somebody from working then. At most *most* of them are listed; all are counted.
    """
    offered = set(free_starts(party, rules, start, stop))
    hindrance = _Hindrance(party, rules, start, stop)
    counted: Counter[Reason] = Counter()
    listed: list[Refused] = []
    for at in sorted(_candidates(party, rules, start, stop) - offered):
        reason, advisors = hindrance.at(at)
        counted[reason] += 1
        if len(listed) < most:
            listed.append(Refused(start=from_epoch(at), reason=reason, advisors=advisors))
    return counted, listed


def _candidates(party: Party, rules: Rules, start: int, stop: int) -> set[int]:
    found: set[int] = set()
    for agenda in party.lead:
        for begin, end in agenda.own:
            grid = _grid(begin + rules.offset, begin, end, rules.step, start, stop)
            found.update(at for at in grid if _stretch_at(agenda.stretches, at) is None)
        for stretch in agenda.stretches:
            first = stretch.anchor + rules.offset
            found.update(_grid(first, stretch.start, stretch.end, rules.step, start, stop))
    return found


def _grid(first: int, begin: int, end: int, step: int, start: int, stop: int) -> range:
    """Return the starts of a grid that lie both from *begin* to *end* and in what was asked for."""
    lower = max(begin, start)
    if first < lower:
        first += -(-(lower - first) // step) * step
    return range(first, min(end, stop), step)


class _Hindrance:
    """What keeps a party from its starts: worked out once for all starts that are asked about."""

    def __init__(self, party: Party, rules: Rules, start: int, stop: int) -> None:
        lower, upper = max(start, rules.now, rules.earliest), min(stop, rules.latest)
        self._party, self._rules = party, rules
        self._lower, self._upper = lower, upper
        self._company = company_of(party, rules, lower, upper)
        self._can_lead = {agenda.advisor for agenda in self._company.lead} if self._company else ()
        self._must_come = [
            (role, [could_begin(agenda, role, rules, lower, upper) for agenda in role.agendas])
            for role in party.required
            if role.everyone
        ]
        self._laid_anew: dict[Id, set[int]] = {}
        self._all_days: set[int] | None = None

    def at(self, start: int) -> tuple[Reason, dict[Id, Reason]]:
        """Return the reason of whoever comes nearest to yes, and each advisor's own."""
        obstacles = {
            agenda.advisor: self._obstacle(agenda, start) or self._not_this_day(start)
            for agenda in self._party.lead
        }
        nearest = max(obstacles.values(), default=(_Step.SUITABLE, "unsuitable"))
        return nearest[1], {who: reason for who, (_, reason) in obstacles.items()}

    def _obstacle(self, agenda: Agenda, start: int) -> _Obstacle | None:
        company = self._company
        if company is None:
            alone = _obstacle(agenda, self._rules, start)
            return alone or (_Step.MUST_COME, _impossible(self._party.required).reason)
        if agenda.advisor not in self._can_lead:
            # They have to come in another role already.
            return _Step.SUITABLE, "unsuitable"
        return _obstacle(agenda, self._rules, start) or self._beside(company, agenda, start)

    def _beside(self, company: Company, lead: Agenda, start: int) -> _Obstacle | None:
        """Tell which role beside the lead stays empty."""
        for role, agendas in self._must_come:
            if not all(lies_in(spans, start) for spans in agendas):
                return _Step.MUST_COME, role.reason
        if self._rules.grid != "hours" and start not in self._own_starts(company, lead):
            return _Step.GRID_LAID_ANEW, "off-grid"
        there = pools_at(company, start)
        pools = [role for role in self._party.required if role.name in there]
        for role in pools:
            if not there[role.name]:
                return _Step.POOLS, role.reason
        for count, role in enumerate(pools, start=1):
            if not can_differ([[lead.advisor], *(there[one.name] for one in pools[:count])]):
                return _Step.DIFFERENT_PEOPLE, role.reason
        return None

    def _own_starts(self, company: Company, lead: Agenda) -> set[int]:
        found = self._laid_anew.get(lead.advisor)
        if found is None:
            found = self._laid_anew[lead.advisor] = set()
            for first, end in runs_of(lead, self._rules, company.closed, self._lower, self._upper):
                found.update(range(first, end, self._rules.step))
        return found

    def _not_this_day(self, start: int) -> _Obstacle:
        """Tell which rule about whole days leaves out a start at which all could meet."""
        if self._all_days is None:
            every_start = structs.replace(self._rules, first_of_day=False)
            self._all_days = set(free_starts(self._party, every_start, self._lower, self._upper))
        return _Step.DAYS, "not-offered" if start in self._all_days else "outside-window"


def _impossible(required: Sequence[Required]) -> Required:
    """Return the role that nobody could ever fill."""
    names: set[Id] = set()
    for role in required:
        for agenda in role.agendas if role.everyone else ():
            if agenda.advisor in names:
                return role
            names.add(agenda.advisor)
    return next(
        role
        for role in required
        if not any(
            role.everyone or (agenda.advisor not in names and agenda.unsuitable is None)
            for agenda in role.agendas
        )
    )


# --- in words ------------------------------------------------------------------------------------

_NOBODY_FREE: Final[dict[Literal["nl", "en"], str]] = {
    "nl": "Op dit moment is er niemand vrij die dit gesprek geeft.",
    "en": "Nobody who gives this meeting is free at this time.",
}
"""One sentence for many reasons, so that nobody learns which of them it was."""

WORDS: Final[Mapping[Reason, dict[Literal["nl", "en"], str]]] = {
    "off-grid": {
        "nl": "Op dit tijdstip beginnen er geen gesprekken. Kies een tijd uit de lijst.",
        "en": "No meetings begin at this time. Please choose a time from the list.",
    },
    "past": {
        "nl": "Dit tijdstip is al voorbij.",
        "en": "This time has already passed.",
    },
    "notice": {
        "nl": "Dit is te kort van tevoren. Kies een later moment.",
        "en": "This is too soon. Please choose a later time.",
    },
    "outside-window": {
        "nl": "Op deze dag kan dit gesprek nu niet worden geboekt.",
        "en": "This meeting cannot be booked on this day at the moment.",
    },
    "outside-hours": {
        "nl": "Op dit tijdstip werkt er niemand die dit gesprek geeft.",
        "en": "Nobody who gives this meeting works at this time.",
    },
    "holiday": {
        "nl": "Op deze feestdag zijn wij gesloten.",
        "en": "We are closed on this holiday.",
    },
    "absent": _NOBODY_FREE,
    "branch-closed": {
        "nl": "Het kantoor is dan gesloten.",
        "en": "The branch is closed then.",
    },
    "not-offered": {
        "nl": "Op dit tijdstip geven wij dit gesprek niet.",
        "en": "We do not give this meeting at this time.",
    },
    "busy": _NOBODY_FREE,
    "booked": _NOBODY_FREE,
    "limit": {
        "nl": "In deze periode is er geen plaats meer voor dit gesprek.",
        "en": "There is no room left for this meeting in this period.",
    },
    "no-room": {
        "nl": "Er is dan geen ruimte vrij voor dit gesprek.",
        "en": "No room is free for this meeting then.",
    },
    "not-authorised": _NOBODY_FREE,
    "unsuitable": _NOBODY_FREE,
}
"""What a customer reads: short, and nothing that is somebody else's business."""

OPERATORS: Final[Mapping[Reason, str]] = {
    "off-grid": "The start is on no advisor's grid: see step, offset and grid of the meeting type.",
    "past": "The start lies in the past.",
    "notice": "The start lies within the minimum notice of the meeting type.",
    "outside-window": "The start lies outside the booking window: window_days, bookable_days, "
    "bookable_from or bookable_until.",
    "outside-hours": "The meeting, with its preparation and wrapping up, does not lie inside "
    "anybody's working hours.",
    "holiday": "It is a holiday there.",
    "absent": "The advisor is out of office.",
    "branch-closed": "The branch is closed.",
    "not-offered": "The meeting type or its product is not given then, or only the first start of "
    "a day is.",
    "busy": "A calendar has something else at that time, buffers included.",
    "booked": "A booking or a hold has that time, buffers included.",
    "limit": "A limit of the advisor, of the customer or of the meeting type is reached.",
    "no-room": "No resource of a kind that the meeting takes is free.",
    "not-authorised": "No licence for the product is valid on that day.",
    "unsuitable": "Nobody who was asked for can give this meeting: skills, language, branch, "
    "channel or length.",
}
"""What staff read next to the counts."""
