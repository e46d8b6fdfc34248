"""The walk over sorted seconds agrees with somebody who looks at every minute."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from booking.model import Day, ScheduleInput, WeeklyRange
from booking.schedule import DAYS, working_time
from booking.slots import Agenda, Rules, free_starts, merge_busy, refusal

MINUTES = range(-5 * 1440, 7 * 1440)


class Wall:
    """Every minute of twelve days with the time on the wall at it."""

    def __init__(self, zone: str, day: date) -> None:
        self.day = day
        self.base = datetime(day.year, day.month, day.day, tzinfo=UTC)
        tz = ZoneInfo(zone)
        self.clock = {
            minute: (self.base + timedelta(minutes=minute)).astimezone(tz).replace(tzinfo=None)
            for minute in MINUTES
        }

    def first(self, wall: datetime) -> int:
        """Return the first minute at which the wall shows this or later."""
        return next(minute for minute, shown in self.clock.items() if shown >= wall)

    def after(self, wall: datetime) -> int:
        """Return the minute after the last one at which the wall shows less."""
        return next(m for m in reversed(self.clock) if self.clock[m] < wall) + 1

    def ranges(self, weekly: list[WeeklyRange], offset: int) -> list[tuple[int, int]]:
        """Return the ranges of one date, overlaps joined."""
        day = datetime.combine(self.day, datetime.min.time()) + timedelta(days=offset)
        spans = []
        for entry in weekly:
            if entry.day != DAYS[day.weekday()]:
                continue
            begin = day + timedelta(hours=int(entry.start[:2]), minutes=int(entry.start[3:]))
            finish = day + timedelta(hours=int(entry.end[:2]), minutes=int(entry.end[3:]))
            if finish <= begin:
                finish += timedelta(days=1)
            span = (self.first(begin), self.after(finish))
            if span[0] < span[1]:
                spans.append(span)
        joined: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if joined and start < joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        return joined


@lru_cache
def wall_of(zone: str, day: date) -> Wall:
    return Wall(zone, day)


class Brute:
    """Looks at each minute by itself."""

    def __init__(self, zone: str, day: date, weekly: list[WeeklyRange]) -> None:
        wall = wall_of(zone, day)
        self.working: set[int] = set()
        self.anchor: dict[int, int] = {}
        eve: list[tuple[int, int]] = wall.ranges(weekly, -3)
        for offset in range(-2, 5):
            today = wall.ranges(weekly, offset)
            for start, end in today:
                night = eve and start < eve[-1][1]
                for minute in range(start, end):
                    self.working.add(minute)
                    self.anchor.setdefault(minute, eve[-1][0] if night else start)
            eve = today or eve

    def offers(self, minute: int, rules: Rules, busy: set[int]) -> bool:
        """Tell whether a meeting can begin at this minute."""
        length, step = rules.duration // 60, rules.step // 60
        before, after = rules.before // 60, rules.after // 60
        return (
            minute in self.working
            and (minute - self.anchor[minute]) % step == 0
            and all(one in self.working for one in range(minute, minute + length))
            and not any(one in busy for one in range(minute - before, minute + length + after))
        )


ENTRY = st.builds(
    lambda day, start, length: WeeklyRange(
        day=day, start=_clock(start), end=_clock(start + length)
    ),
    st.sampled_from(DAYS),
    st.integers(0, 287).map(lambda five: five * 5),
    st.integers(12, 180).map(lambda five: five * 5),
)


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _weekly(entries: list[WeeklyRange]) -> list[WeeklyRange]:
    # So that the days around a change of the clocks are never empty.
    days: tuple[Day, ...] = ("sat", "sun")
    return [*entries, *(WeeklyRange(day=day, start="22:30", end="04:15") for day in days)]


@settings(max_examples=60, deadline=None)
@given(
    place=st.sampled_from(
        [
            ("Europe/Amsterdam", date(2026, 3, 28)),
            ("Europe/Amsterdam", date(2026, 10, 24)),
            ("Australia/Lord_Howe", date(2026, 10, 3)),
            ("Australia/Lord_Howe", date(2026, 4, 4)),
            ("America/Havana", date(2026, 10, 31)),
            ("Asia/Kolkata", date(2026, 6, 6)),
        ]
    ),
    entries=st.lists(ENTRY, max_size=6),
    busy=st.lists(st.tuples(st.integers(-600, 3 * 1440), st.integers(1, 300)), max_size=6),
    meeting=st.tuples(
        st.sampled_from([15, 20, 45, 60, 100]),
        st.sampled_from([5, 15, 20, 35, 60]),
        st.sampled_from([0, 10]),
        st.sampled_from([0, 5, 30]),
    ),
    cut=st.tuples(st.integers(-60, 1440), st.integers(0, 600), st.integers(0, 3 * 1440)),
)
def test_the_same_starts_as_minute_by_minute(
    place: tuple[str, date],
    entries: list[WeeklyRange],
    busy: list[tuple[int, int]],
    meeting: tuple[int, int, int, int],
    cut: tuple[int, int, int],
) -> None:
    """Whole lists are equal, and a start is refused with a reason exactly where it is not in it."""
    zone, day = place
    weekly = _weekly(entries)
    base = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    now, notice, window = cut
    rules = Rules(
        duration=meeting[0] * 60,
        step=meeting[1] * 60,
        before=meeting[2] * 60,
        after=meeting[3] * 60,
        now=base + now * 60,
        earliest=base + (now + notice) * 60,
        latest=base + (now + window) * 60,
    )
    stretches = working_time(
        ScheduleInput(timezone=zone, weekly=weekly), base, base + 3 * 86_400 + rules.duration
    )
    taken = merge_busy((base + s * 60, base + (s + length) * 60) for s, length in busy)
    agendas = [Agenda(advisor="a", stretches=stretches, busy=taken)]

    found = free_starts(agendas, rules, base, base + 2 * 86_400)

    brute = Brute(zone, day, weekly)
    minutes = {minute for s, length in busy for minute in range(s, s + length)}
    expected = [
        base + minute * 60
        for minute in range(max(0, now + notice), min(2 * 1440, now + window))
        if brute.offers(minute, rules, minutes)
    ]
    assert found == expected
    for at in range(base, base + 86_400, 300):
        assert (refusal(agendas, rules, at) is None) == (at in expected)
