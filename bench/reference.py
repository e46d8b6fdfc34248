"""Free starts found the plain way: every candidate is held against every list, nothing is clever.

It is what the engine is measured against and what tests hold it to, so it shares no code with the
engine, only the values that go in. Instants are whole seconds since 1970-01-01 UTC.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import product
from math import gcd
from zoneinfo import ZoneInfo

from booking.agenda import Agenda, Party, Required, Rules
from booking.schedule import Stretch
from kernel.ids import Id


def free_starts(party: Party, rules: Rules, start: int, stop: int) -> list[int]:
    """Return every start from *start* up to *stop* at which the meeting can be held."""
    offered = everything(party, rules, stop)
    if rules.bookable_days is not None:
        dates = sorted({local_date(rules.day_zone, at) for at in offered})
        kept = dates[: rules.bookable_days]
        offered = [at for at in offered if local_date(rules.day_zone, at) in kept]
    if rules.first_of_day:
        firsts: dict[date, int] = {}
        for at in offered:
            firsts.setdefault(local_date(rules.day_zone, at), at)
        offered = sorted(firsts.values())
    return [at for at in offered if start <= at < stop]


def everything(party: Party, rules: Rules, stop: int) -> list[int]:
    """Return every start before *stop* at which the meeting can be held, on whatever day."""
    leads: dict[int, list[Id]] = {}
    for agenda in party.lead:
        for at in own_starts(agenda, party, rules, stop):
            leads.setdefault(at, []).append(agenda.advisor)
    offered = {at for at, ids in leads.items() if companies(party, rules, at, ids)}
    offered.update(at for at, seats in party.sessions.items() if seats > 0)
    return sorted(
        at for at in offered if rules.now <= at < min(stop, rules.latest) and at >= rules.earliest
    )


def companies(party: Party, rules: Rules, at: int, leads: Sequence[Id]) -> list[tuple[Id, ...]]:
    """Return every way to fill the lead, then one place after another, with different people."""
    if not party.required:
        return [(who,) for who in leads]
    places: list[Sequence[Id]] = [leads]
    for role in party.required:
        there = [agenda.advisor for agenda in role.agendas if could_begin(agenda, role, rules, at)]
        if not role.everyone:
            places.append(there)
        elif role.agendas and len(there) == len(role.agendas):
            places += [[who] for who in there]
        else:
            return []
    return [ways for ways in product(*places) if len(set(ways)) == len(ways)]


# --- one advisor ---------------------------------------------------------------------------------


def own_starts(agenda: Agenda, party: Party, rules: Rules, stop: int) -> Iterator[int]:
    """Yield the starts before *stop* of an advisor's own grid at which they are free."""
    if agenda.unsuitable is not None:
        return
    if rules.grid != "hours":
        yield from moving_starts(agenda, party, rules, stop)
        return
    for stretch in agenda.stretches:
        at = stretch.anchor + rules.offset
        while at < min(stretch.end, stop):
            if at >= stretch.start and is_free(agenda, rules, rules, at, stretch):
                yield at
            at += rules.step


def is_free(
    agenda: Agenda, meeting: Rules, own: Rules | Required, at: int, stretch: Stretch
) -> bool:
    """Tell whether a meeting can begin in this stretch without touching anything taken."""
    return (
        stretch.start <= at < stretch.end
        and stretch.since <= at - own.preparation
        and at + meeting.duration + own.wrap_up <= stretch.until
        and nothing_taken(agenda, at, at - own.before, at + meeting.duration + own.after)
    )


def nothing_taken(agenda: Agenda, at: int, begin: int, end: int) -> bool:
    """Tell whether nothing taken is met from *begin* to *end*, and no limit by the start."""
    for start, stop in zip(agenda.busy.starts, agenda.busy.ends, strict=True):
        if start < end and begin < stop:
            return False
    return not any(
        start <= at < stop
        for start, stop in zip(agenda.no_start.starts, agenda.no_start.ends, strict=True)
    )


def could_begin(agenda: Agenda, role: Required, rules: Rules, at: int) -> bool:
    """Tell whether somebody beside the lead could be there."""
    if agenda.unsuitable is not None:
        return False
    return any(is_free(agenda, rules, role, at, stretch) for stretch in agenda.stretches)


# --- grids that are laid anew on every free range ------------------------------------------------


def moving_starts(agenda: Agenda, party: Party, rules: Rules, stop: int) -> Iterator[int]:
    """Go through a working range tick by tick; a free range begins where the tick before is not."""
    tick = tick_of(party, rules)
    fixed = [(role, one) for role in party.required if role.everyone for one in role.agendas]
    for first, last, whole in scheduled_ranges(agenda.stretches):
        own = max(first, whole[0].since + rules.preparation)
        next_start: int | None = None
        for at in range(first, last, tick):
            free = (
                at >= max(rules.now, rules.earliest)
                and any(is_free(agenda, rules, rules, at, stretch) for stretch in whole)
                and all(could_begin(one, role, rules, at) for role, one in fixed)
            )
            if not free:
                next_start = None
                continue
            if next_start is None:
                exact = rules.grid == "tight" and at == own
                next_start = at if exact else rounded_up(at, rules, whole[0].zone)
                next_start += rules.offset
            if at == next_start:
                if at < stop:
                    yield at
                next_start += rules.step


def scheduled_ranges(stretches: Sequence[Stretch]) -> Iterator[tuple[int, int, list[Stretch]]]:
    """Yield start, end and pieces of every working range: pieces that touch with one anchor."""
    pieces: list[Stretch] = []
    for stretch in stretches:
        if pieces and (stretch.start, stretch.anchor) != (pieces[-1].end, pieces[-1].anchor):
            yield pieces[0].start, pieces[-1].end, pieces
            pieces = []
        pieces = [*pieces, stretch]
    if pieces:
        yield pieces[0].start, pieces[-1].end, pieces


def rounded_up(at: int, rules: Rules, zone: str) -> int:
    """Return the first instant from *at* on that lies whole units after its local midnight."""
    minutes = 5
    if rules.grid == "clock":
        dividing = [unit for unit in (5, 10, 15, 20, 30, 60) if rules.step % (unit * 60) == 0]
        minutes = max(dividing, default=1)
    while (at - local_midnight(zone, at)) % (minutes * 60):
        at += 1
    return at


def tick_of(party: Party, rules: Rules) -> int:
    """Return the greatest length that everything to look at is a multiple of."""
    lengths = [60, rules.duration, rules.step, rules.offset, rules.now, rules.earliest]
    lengths += [rules.before, rules.after, rules.preparation, rules.wrap_up]
    for role in party.required:
        lengths += [role.before, role.after, role.preparation, role.wrap_up]
    roles: Iterable[Sequence[Agenda]] = (role.agendas for role in party.required)
    for agenda in [*party.lead, *(one for agendas in roles for one in agendas)]:
        for busy in (agenda.busy, agenda.no_start):
            lengths += [*busy.starts, *busy.ends]
        for stretch in agenda.stretches:
            lengths += [stretch.start, stretch.end, stretch.since, stretch.until]
    return gcd(*lengths)


# --- local time ----------------------------------------------------------------------------------


def local_date(zone: str, at: int) -> date:
    """Return the date on the wall."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).date()


def local_midnight(zone: str, at: int) -> int:
    """Return the first instant of the date on the wall."""
    return _first_of(zone, local_date(zone, at))


@lru_cache(maxsize=10_000)
def _first_of(zone: str, day: date) -> int:
    # No zone is a whole day off UTC, so the date begins within the two days before its end in UTC.
    before = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    minute = int(before.timestamp())
    while local_date(zone, minute) != day:
        minute += 60
    return minute
