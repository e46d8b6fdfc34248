"""What free starts cost: one advisor, pools, a collective, and how the cost grows.

``python -m bench.slots [--json]``. Every case is computed by the plain reference as well, and the
two must give identical starts. What is timed is the whole way from opening hours and taken time
to starts, except where a case says that caches are warm.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from bench import reference
from bench.reporting import Row, cost, cost_once, fail, report, row, wants_json
from booking.agenda import Agenda, Party, Required, Rules, merge_busy
from booking.hours import DAYS, Hours, WeeklyRange
from booking.masks import MaskCache
from booking.schedule import epoch, working_time
from booking.slots import free_starts
from kernel.ids import Id

_DAY: Final = 86_400
_FIRST: Final = epoch(datetime(2026, 3, 1, 23, tzinfo=UTC))
"""Monday 2 March 2026 in Amsterdam; the clocks change within the month."""

_LONG_POOL: Final = 1000
_SHIFTS: Final = (
    ("09:00-12:00", "13:00-17:00"),
    ("08:30-12:30", "13:15-16:45"),
    ("10:00-14:00", "14:30-18:00"),
)


def rules(days: int) -> Rules:
    """Return half an hour every quarter, ten minutes apart from everything else."""
    return Rules(
        duration=1800,
        step=900,
        before=600,
        after=600,
        now=_FIRST,
        earliest=_FIRST,
        latest=_FIRST + days * _DAY,
    )


def hours(number: int) -> Hours:
    """Return the hours of an advisor on weekdays; three shifts take turns."""
    weekly = [
        WeeklyRange(day=day, start=shift[:5], end=shift[6:])
        for day in DAYS[:5]
        for shift in _SHIFTS[number % len(_SHIFTS)]
    ]
    return Hours(timezone="Europe/Amsterdam", weekly=weekly)


def taken(number: int, spans: int, days: int) -> list[tuple[int, int]]:
    """Return events of 15 to 90 minutes at random times, in order as an index gives them."""
    random = Random(f"{number} {spans} {days}")  # noqa: S311  # the same calendars every time
    found = []
    for _ in range(spans):
        start = _FIRST + random.randrange(days * _DAY // 60) * 60
        found.append((start, start + random.choice((15, 30, 45, 60, 90)) * 60))
    return sorted(found)


class Case:
    """A number of advisors with their calendars, and how many days are asked for."""

    def __init__(self, advisors: int, spans: int, days: int, *, together: bool = False) -> None:
        self.rules = rules(days)
        self._days, self._together = days, together
        self._people = [
            (Id(f"adv_{number}"), hours(number), taken(number, spans, days))
            for number in range(advisors)
        ]

    def party(self) -> Party:
        """Put the advisors' agendas together from their hours and calendars."""
        agendas = [
            Agenda(
                advisor=who,
                stretches=working_time(open_hours, _FIRST, _FIRST + self._days * _DAY),
                busy=merge_busy(spans),
            )
            for who, open_hours, spans in self._people
        ]
        if not self._together:
            return Party(lead=agendas)
        required = [
            Required(name=agenda.advisor, agendas=[agenda], everyone=True, before=600, after=600)
            for agenda in agendas[1:]
        ]
        return Party(lead=agendas[:1], required=required)

    def ours(self, cache: MaskCache | None = None) -> list[int]:
        """Find the starts with the engine."""
        return free_starts(self.party(), self.rules, _FIRST, self.rules.latest, cache=cache)

    def plain(self) -> list[int]:
        """Find them with the reference."""
        return reference.free_starts(self.party(), self.rules, _FIRST, self.rules.latest)


def cases() -> list[Row]:
    """Measure everything and return the table."""
    rows = [
        beside("1 advisor, 30 days, nothing taken", Case(1, 0, 30)),
        beside("1 advisor, 30 days, 50 taken", Case(1, 50, 30)),
        beside("1 advisor, 30 days, 500 taken", Case(1, 500, 30)),
        beside("1 advisor, 60 days, 50 taken", Case(1, 50, 60)),
        beside("3 together, 30 days, 50 taken each", Case(3, 50, 30, together=True)),
    ]
    for advisors in (20, 100, _LONG_POOL):
        rows += pool(advisors)
    return rows + growth()


def beside(name: str, case: Case) -> Row:
    """Measure a case beside the reference."""
    return row(name, cost(case.ours), cost(agreed(name, case), rounds=2))


def pool(advisors: int) -> list[Row]:
    """Measure any of a pool: without a cache, with an empty one, and once all is known."""
    name = f"any of {advisors}, 30 days, 50 taken each"
    case = Case(advisors, 50, 30)
    plain = agreed(name, case)
    # Thousands of calendars take the reference seconds, so that once must do.
    slow = cost_once(plain) if advisors >= _LONG_POOL else cost(plain, rounds=1)
    warm = MaskCache()
    if case.ours(warm) != case.ours() or case.ours(warm) != case.ours():
        fail(f"{name}: masks and runs differ")
    party = case.party()

    def answered() -> list[int]:
        return free_starts(party, case.rules, _FIRST, case.rules.latest, cache=warm)

    return [
        row(f"{name}, no cache", cost(case.ours, rounds=10), slow),
        row(f"{name}, cold cache", cost(lambda: case.ours(MaskCache()), rounds=10), slow),
        row(f"{name}, warm cache", cost(lambda: case.ours(warm), rounds=10), slow),
        row(f"{name}, warm cache, agendas at hand", cost(answered, rounds=10), slow),
    ]


def growth() -> list[Row]:
    """Measure by which factor the cost grows where its cause grows tenfold or more."""
    some, many, most = (cost(Case(1, spans, 30).ours) for spans in (50, 500, 5000))
    month, two = cost(Case(1, 50, 30).ours), cost(Case(1, 100, 60).ours)
    warm = MaskCache()
    small, large = (Case(advisors, 50, 30) for advisors in (20, _LONG_POOL))
    for case in (small, large):
        case.ours(warm)
    twenty, thousand = (cost(answer(case, warm), rounds=10) for case in (small, large))
    return [
        Row(case="growth: taken 50 to 500", ours=many / some, unit="times for 10 times as many"),
        Row(case="growth: taken 500 to 5000", ours=most / many, unit="times for 10 times as many"),
        Row(case="growth: 30 to 60 days", ours=two / month, unit="times for twice as many"),
        Row(
            case="growth: any of 20 to 1000, warm, agendas at hand",
            ours=thousand / twenty,
            unit="times for 50 times as many",
        ),
    ]


def answer(case: Case, cache: MaskCache) -> Callable[[], Sequence[int]]:
    """Return the work of answering from a cache, the agendas at hand."""
    party = case.party()
    return lambda: free_starts(party, case.rules, _FIRST, case.rules.latest, cache=cache)


def agreed(name: str, case: Case) -> Callable[[], list[int]]:
    """Return the reference's work, once it has proved to give the same starts."""
    if case.ours() != case.plain():
        fail(f"{name}: the engine and the reference give different starts")
    return case.plain


if __name__ == "__main__":
    as_json = wants_json("slots", "Measure what free starts cost.")
    report("slots", cases(), as_json=as_json)
