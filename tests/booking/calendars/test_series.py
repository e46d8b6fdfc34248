"""Series with times taken back, added, changed and moved: each to the minute."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from recurring_ical_events import CalendarQuery

from booking.expansion import Expansion, expand, horizon_at
from kernel.spans import Span, merge, subtract

HORIZON: Final = horizon_at(datetime(2026, 11, 30, 8, tzinfo=UTC))
TZ: Final = ";TZID=Europe/Amsterdam"
HOME: Final = ZoneInfo("Europe/Amsterdam")


def _calendar(*events: list[str]) -> str:
    """Return a calendar of these events, each with the UID *s* unless it has one."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for event in events:
        uid = [] if any(line.startswith("UID") for line in event) else ["UID:s"]
        lines += ["BEGIN:VEVENT", *uid, *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _read(*events: list[str], zone: str = "Europe/Amsterdam") -> Expansion:
    turned = expand(_calendar(*reversed(events)).encode(), zone=zone, horizon=HORIZON)
    found = expand(_calendar(*events).encode(), zone=zone, horizon=HORIZON)
    assert (turned.busy, turned.problem) == (found.busy, found.problem)
    return found


def _times(expansion: Expansion) -> list[str]:
    return [f"{b.span.start:%d-%m %H:%M}-{b.span.end:%H:%M}" for b in expansion.busy]


def _daily(count: int, *more: str) -> list[str]:
    """Return a series of an hour at nine in Amsterdam (08:00 UTC), from 1 December."""
    return [
        f"DTSTART{TZ}:20261201T090000",
        f"DTEND{TZ}:20261201T100000",
        f"RRULE:FREQ=DAILY;COUNT={count}",
        *more,
    ]


def _change(at: str, start: str, *more: str) -> list[str]:
    return [f"RECURRENCE-ID{at}", f"DTSTART{start}", "DURATION:PT1H", *more]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"EXDATE{TZ}:20261202T090000", ["01-12 08:00-09:00", "03-12 08:00-09:00"]),
        ("EXDATE:20261202T080000Z", ["01-12 08:00-09:00", "03-12 08:00-09:00"]),
        ("EXDATE:20261202T090000", ["01-12 08:00-09:00", "03-12 08:00-09:00"]),
        ("EXDATE;VALUE=DATE:20261202", ["01-12 08:00-09:00", "03-12 08:00-09:00"]),
        (
            "EXDATE;TZID=America/New_York:20261202T030000",
            ["01-12 08:00-09:00", "03-12 08:00-09:00"],
        ),
        (f"EXDATE{TZ}:20261202T090000,20261203T090000", ["01-12 08:00-09:00"]),
        ("EXDATE:20261201T080000Z", ["02-12 08:00-09:00", "03-12 08:00-09:00"]),
    ],
)
def test_a_time_is_taken_back_however_it_is_written(line: str, kept: list[str]) -> None:
    """In its own zone, another, UTC, none, or as a whole day."""
    assert _times(_read(_daily(3, line))) == kept


@pytest.mark.parametrize(
    "line",
    [
        "EXDATE:20261202T090000Z",
        f"EXDATE{TZ}:20261202T080000",
        f"EXDATE{TZ}:20261202T090100",
        "EXDATE;TZID=America/New_York:20261202T090000",
    ],
)
def test_what_names_another_instant_takes_nothing_back(line: str) -> None:
    """The same digits in another zone are another time: nothing is freed on a resemblance."""
    assert _times(_read(_daily(2, line))) == ["01-12 08:00-09:00", "02-12 08:00-09:00"]


def test_of_two_times_a_day_only_the_named_one_is_taken_back() -> None:
    """An EXDATE in UTC does not also strike the one whose clock shows its digits."""
    series = [
        f"DTSTART{TZ}:20261201T080000",
        "DURATION:PT30M",
        "RRULE:FREQ=DAILY;COUNT=4;BYHOUR=8,9",
        "EXDATE:20261202T080000Z",
    ]

    assert _times(_read(series)) == ["01-12 07:00-07:30", "01-12 08:00-08:30", "02-12 07:00-07:30"]


def test_times_are_added_in_every_form() -> None:
    """RDATE as times, in UTC, with an end or a length of its own; none comes twice."""
    series = [
        f"DTSTART{TZ}:20261201T090000",
        "DURATION:PT1H",
        f"RDATE{TZ}:20261202T090000,20261202T090000",
        "RDATE:20261203T120000Z",
        "RDATE;VALUE=PERIOD:20261204T120000Z/20261204T123000Z,20261205T120000Z/PT2H",
    ]

    assert _times(_read(series)) == [
        "01-12 08:00-09:00",
        "02-12 08:00-09:00",
        "03-12 12:00-13:00",
        "04-12 12:00-12:30",
        "05-12 12:00-14:00",
    ]


def test_a_date_added_to_times_keeps_both_meanings_closed() -> None:
    """From midnight, or at the usual time of that day."""
    series = [f"DTSTART{TZ}:20261201T090000", "DURATION:PT1H", "RDATE;VALUE=DATE:20261203"]

    assert _times(_read(series)) == ["01-12 08:00-09:00", "02-12 23:00-00:00", "03-12 08:00-09:00"]


def test_a_change_takes_the_place_of_the_time_it_names() -> None:
    """In UTC, in its zone, or without one; moved within the horizon, into it, or out of it."""
    series = _daily(5)
    changes = [
        _change(":20261201T080000Z", ":20261210T120000Z"),
        _change(f"{TZ}:20261202T090000", f"{TZ}:20261202T153000"),
        _change(":20261203T090000", ":20261001T090000Z"),
        _change(f"{TZ}:20261204T090000", f"{TZ}:20261204T090000", "STATUS:CANCELLED"),
    ]

    assert _times(_read(series, *changes)) == [
        "02-12 14:30-15:30",
        "05-12 08:00-09:00",
        "10-12 12:00-13:00",
    ]


def test_a_change_from_far_outside_is_moved_in() -> None:
    """The time it replaces lies years before the horizon."""
    series = [f"DTSTART{TZ}:20200101T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"]
    change = _change(f"{TZ}:20200102T090000", f"{TZ}:20261207T110000")

    assert _times(_read(series, change)) == ["07-12 10:00-11:00"]


def test_a_change_that_names_no_time_of_the_series_frees_nothing() -> None:
    """Another instant or another UID: both keep closed what they say."""
    series = _daily(1)
    other = _change(f"{TZ}:20261201T091500", f"{TZ}:20261201T120000")
    stranger = ["UID:other", *_change(f"{TZ}:20261201T090000", f"{TZ}:20261201T140000")]

    assert _times(_read(series, other, stranger)) == [
        "01-12 08:00-09:00",
        "01-12 11:00-12:00",
        "01-12 13:00-14:00",
    ]


def test_an_invitation_to_one_time_only_stands_alone() -> None:
    """Who is asked for one day of a series gets the change without the series."""
    assert _times(_read(_change(f"{TZ}:20261201T090000", f"{TZ}:20261201T100000"))) == [
        "01-12 09:00-10:00"
    ]


def test_two_changes_of_one_time_keep_both_closed() -> None:
    """Nobody can tell which of them holds."""
    changes = [_change(f"{TZ}:20261201T090000", f"{TZ}:20261201T{hour}0000") for hour in (12, 15)]

    assert _times(_read(_daily(1), *changes)) == ["01-12 11:00-12:00", "01-12 14:00-15:00"]


def test_a_time_taken_back_takes_its_change_with_it() -> None:
    """EXDATE and a change of the same instant: the reference drops both."""
    series = _daily(2, f"EXDATE{TZ}:20261202T090000")
    change = _change(f"{TZ}:20261202T090000", f"{TZ}:20261202T150000")

    assert _times(_read(series, change)) == ["01-12 08:00-09:00"]


def test_all_that_follow_are_moved_along() -> None:
    """THISANDFUTURE moves by the clock, changes the length, and yields to the next such change."""
    series = _daily(6)
    first = _change(f";RANGE=THISANDFUTURE{TZ}:20261203T090000", f"{TZ}:20261203T110000")
    second = [
        f"RECURRENCE-ID;RANGE=THISANDFUTURE{TZ}:20261205T090000",
        f"DTSTART{TZ}:20261206T090000",
        "DURATION:PT2H",
    ]

    assert _times(_read(series, first, second)) == [
        "01-12 08:00-09:00",
        "02-12 08:00-09:00",
        "03-12 10:00-11:00",
        "04-12 10:00-11:00",
        "06-12 08:00-10:00",
        "07-12 08:00-10:00",
    ]


def test_all_that_follow_may_be_cancelled() -> None:
    """THISANDFUTURE with STATUS:CANCELLED frees what follows, and nothing before."""
    change = _change(
        f";RANGE=THISANDFUTURE{TZ}:20261202T090000", f"{TZ}:20261202T090000", "STATUS:CANCELLED"
    )

    assert _times(_read(_daily(4), change)) == ["01-12 08:00-09:00"]


def test_changes_of_whole_days() -> None:
    """Dates are taken back and changed as dates."""
    series = [
        "DTSTART;VALUE=DATE:20261201",
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE;VALUE=DATE:20261202",
        f"EXDATE{TZ}:20261203T000000",
    ]
    change = [
        "RECURRENCE-ID;VALUE=DATE:20261204",
        f"DTSTART{TZ}:20261204T090000",
        "DURATION:PT1H",
    ]

    assert _times(_read(series, change)) == ["30-11 23:00-23:00", "04-12 08:00-09:00"]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["DTSTART:20261201T090000Z"], []),
        (["DTSTART:20261201T090000Z", "DTEND:20261201T090000Z"], []),
        (["DTSTART:20261201T090000Z", "DURATION:PT0S"], []),
        (["DTSTART;VALUE=DATE:20261201"], ["30-11 23:00-23:00"]),
        (["DTSTART;VALUE=DATE:20261201", "DURATION:P2D"], ["30-11 23:00-23:00"]),
        (["DTSTART:20261201T090000Z", "DURATION:PT90M"], ["01-12 09:00-10:30"]),
        (
            ["DTSTART:20261201T090000Z", "DTEND;TZID=America/New_York:20261201T060000"],
            ["01-12 09:00-11:00"],
        ),
    ],
)
def test_how_long_an_event_is(lines: list[str], kept: list[str]) -> None:
    """Without an end a date is a day and a time is nothing; ends may be in another zone."""
    expansion = _read(lines)

    assert (_times(expansion), expansion.problem) == (kept, None)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["DTSTART:20261201T100000Z", "DTEND:20261201T090000Z"], ["01-12 09:00-10:00"]),
        (["DTSTART:20261201T100000Z", "DURATION:-PT1H"], ["01-12 09:00-10:00"]),
        (["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261201"], ["30-11 23:00-23:00"]),
    ],
)
def test_ends_that_make_no_sense_are_marked(lines: list[str], kept: list[str]) -> None:
    """The time between the two is closed, whichever comes first."""
    expansion = _read(lines)

    assert (_times(expansion), expansion.problem, expansion.readable) == (kept, "odd-times", True)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        # 02:30 on 28 March does not exist: an hour from 01:30 UTC, however the end is written.
        ([f"DTSTART{TZ}:20270328T023000", "DURATION:PT1H"], ["28-03 01:30-02:30"]),
        (
            [f"DTSTART{TZ}:20270328T023000", f"DTEND{TZ}:20270328T033000"],
            ["28-03 01:30-02:30"],
        ),
        (
            [f"DTSTART{TZ}:20270328T023000", f"DTEND{TZ}:20270328T030000"],
            ["28-03 01:30-02:00"],
        ),
        ([f"DTSTART{TZ}:20270328T013000", "DURATION:PT1H"], ["28-03 00:30-01:30"]),
        # A day of a DURATION is by the calendar, an hour of it is elapsed time; both are closed.
        ([f"DTSTART{TZ}:20270327T120000", "DURATION:P1D"], ["27-03 11:00-10:00"]),
        ([f"DTSTART{TZ}:20270327T120000", "DURATION:PT24H"], ["27-03 11:00-11:00"]),
        (["DTSTART;VALUE=DATE:20270328"], ["27-03 23:00-22:00"]),
    ],
)
def test_the_night_on_which_an_hour_is_lost(lines: list[str], kept: list[str]) -> None:
    """What lies in the gap or across it takes the time it should."""
    assert _times(_read(lines)) == kept


def test_the_night_on_which_an_hour_comes_twice() -> None:
    """RFC 5545, 3.3.5: a time that comes twice is the first of the two."""
    horizon = horizon_at(datetime(2026, 10, 20, 8, tzinfo=UTC))
    lines = [f"DTSTART{TZ}:20261025T023000", "DURATION:PT1H"]
    day = ["UID:d", "DTSTART;VALUE=DATE:20261025"]

    found = expand(_calendar(lines, day).encode(), zone="Europe/Amsterdam", horizon=horizon)

    # The hour has passed at 02:30 wintertime; by the clock it would end at 03:30.
    assert _times(found) == ["24-10 22:00-23:00", "25-10 00:30-02:30"]


def test_events_without_a_uid_are_read_and_marked() -> None:
    """Their times are known; what belongs together is not, so none replaces another."""
    text = _calendar(_daily(1), _change(f"{TZ}:20261201T090000", f"{TZ}:20261201T120000"))
    found = expand(text.replace("UID:s\r\n", "").encode(), zone="Europe/Amsterdam", horizon=HORIZON)

    assert _times(found) == ["01-12 08:00-09:00", "01-12 11:00-12:00"]
    assert (found.problem, found.readable) == ("uid-missing", False)


@pytest.mark.parametrize("seed", range(300))
def test_no_time_of_the_reference_is_free(seed: int) -> None:
    """Of random series we keep closed all that the libraries do, and more only where we said so."""
    random = Random(seed)  # noqa: S311  # the same series every time
    text = _random_series(random)

    mine = merge(
        busy.span for busy in expand(text.encode(), zone="Europe/Amsterdam", horizon=HORIZON).busy
    )
    found = CalendarQuery(Calendar.from_ical(text)).between(
        HORIZON.start - timedelta(days=3), HORIZON.end + timedelta(days=3)
    )
    spans = (Span(_instant(each["DTSTART"].dt), _instant(each["DTEND"].dt)) for each in found)
    theirs = merge(span for span in spans if span.overlaps(HORIZON))

    assert not list(subtract(theirs, mine))
    nights = [datetime(2027, 3, day, 12, tzinfo=UTC) for day in (14, 28)]
    assert not [
        span
        for span in subtract(mine, theirs)
        if not any(abs(span.start - night) < timedelta(days=1) for night in nights)
    ]


def _instant(moment: Any) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001  # a date
    found: datetime = moment if moment.tzinfo else moment.replace(tzinfo=HOME)
    return found.astimezone(UTC)


def _random_series(random: Random) -> str:
    kind = random.choice(["", "Z", "zone", "date"])
    zone = random.choice(["Europe/Amsterdam", "America/New_York", "Asia/Kolkata"])

    def line(name: str, moment: datetime) -> str:
        if kind == "date":
            return f"{name};VALUE=DATE:{moment:%Y%m%d}"
        suffix = "Z" if kind == "Z" else ""
        return f"{name}{f';TZID={zone}' if kind == 'zone' else ''}:{moment:%Y%m%dT%H%M%S}{suffix}"

    def some(days: int) -> datetime:
        return start + timedelta(days=random.randrange(days))

    start = datetime(2026, 11, 1) + timedelta(days=random.randrange(60))  # noqa: DTZ001  # wall
    start += timedelta(hours=0 if kind == "date" else random.randrange(6, 18))
    length = timedelta(days=1) if kind == "date" else timedelta(hours=random.randrange(1, 5))
    rule = random.choice(
        ["DAILY", "DAILY;COUNT=30", "WEEKLY", "WEEKLY;INTERVAL=2;BYDAY=MO,TH,SU", "MONTHLY"]
    )
    master = [line("DTSTART", start), line("DTEND", start + length), f"RRULE:FREQ={rule}"]
    master += [line("RDATE", some(80))] if random.random() < 0.4 else []
    master += [line("EXDATE", some(40)) for _ in range(random.randrange(3))]
    changes = []
    for at in {some(50) for _ in range(random.randrange(4))}:
        onward = ";RANGE=THISANDFUTURE" if kind != "date" and random.random() < 0.3 else ""
        moved = at + (timedelta(days=3) if kind == "date" else timedelta(hours=random.randrange(9)))
        changes.append(
            [
                line(f"RECURRENCE-ID{onward}", at),
                line("DTSTART", moved),
                line("DTEND", moved + length),
            ]
        )
    return _calendar(master, *changes)
