"""What each kind of calendar entry means for its owner's time.

The entries stand in tests/data/calendars, named for what they show. Each is read twice: as it
stands, and with its components in reverse, since programs write them in any order.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.calendars.reduced import MAX_BYTES
from booking.calendars.zones import offset_of, zone_named
from booking.expansion import Expansion, expand, horizon_at
from kernel.spans import Span

DATA: Final = Path(__file__).parents[2] / "data" / "calendars"
NOW: Final = datetime(2026, 11, 30, 8, tzinfo=UTC)
HORIZON: Final = horizon_at(NOW)
ALL: Final = [("29-11 08:00", "30-03 08:00")]


_COMPONENT: Final = re.compile(
    r"^BEGIN:(V(?:EVENT|TODO|TIMEZONE))\n.*?^END:\1\n", re.MULTILINE | re.DOTALL
)


def _reversed(text: str) -> str:
    """Return a calendar with its top components in reverse order."""
    parts = [found.group() for found in _COMPONENT.finditer(text)]
    head = text[: text.index(parts[0])]
    return head + "".join(reversed(parts)) + "END:VCALENDAR\n"


def _read(text: str, *, zone: str = "Europe/Amsterdam", horizon: Span = HORIZON) -> Expansion:
    return expand(text.encode(), zone=zone, horizon=horizon, addresses={"sanne@bank.example"})


def _times(expansion: Expansion) -> list[tuple[str, str]]:
    return [(f"{b.span.start:%d-%m %H:%M}", f"{b.span.end:%d-%m %H:%M}") for b in expansion.busy]


BUSY: Final[dict[str, list[tuple[str, str]]]] = {
    "single": [("01-12 09:00", "01-12 10:00")],
    "series_with_a_moved_and_a_cancelled_day": [
        ("03-12 08:00", "03-12 09:00"),
        ("11-12 13:00", "11-12 14:00"),
        ("24-12 08:00", "24-12 09:00"),
    ],
    "moved_into_the_horizon": [("04-12 13:00", "04-12 14:00")],
    "exdate_in_utc": [("01-12 08:00", "01-12 09:00"), ("03-12 08:00", "03-12 09:00")],
    "this_and_future": [
        ("01-12 08:00", "01-12 09:00"),
        ("02-12 08:00", "02-12 09:00"),
        ("03-12 10:00", "03-12 11:00"),
        ("04-12 10:00", "04-12 11:00"),
    ],
    "all_day": [("30-11 23:00", "01-12 23:00")],
    # 28 March 2027 has 23 hours in Amsterdam.
    "all_day_on_the_night_of_the_clock": [("27-03 23:00", "28-03 22:00")],
    "transparent": [],
    "cancelled": [],
    "declined": [],
    "declined_by_somebody_else": [("02-12 11:00", "02-12 12:00")],
    "outlook_free": [],
    "tentative": [("02-12 11:00", "02-12 12:00")],
    "floating": [("01-12 08:00", "01-12 09:00")],
    "windows_zone": [("01-12 08:00", "01-12 09:00")],
    # Zones are taken by name; the rules that came along say nine hours too early.
    "lying_vtimezone": [("01-12 08:00", "01-12 09:00")],
    "prefixed_zone": [("01-12 08:00", "01-12 09:00")],
    "unknown_zone": [("01-12 08:00", "01-12 09:00")],
    # Both what its rules say (UTC+3) and the owner's own zone are kept closed.
    "unknown_zone_with_an_offset": [
        ("01-12 06:00", "01-12 07:00"),
        ("01-12 08:00", "01-12 09:00"),
    ],
    "duration": [("01-12 08:00", "01-12 08:45")],
    # 02:30 does not exist that night: it is 03:30 summer time (RFC 5545, 3.3.5).
    "duration_in_the_gap_of_march": [("28-03 01:30", "28-03 02:30")],
    "no_end": [],
    # Nine o'clock stays nine o'clock: UTC+1 before 28 March, UTC+2 after.
    "weekly_over_the_clock_change": [
        ("22-03 08:00", "22-03 09:00"),
        ("29-03 07:00", "29-03 08:00"),
    ],
    # 22:00 to 06:00 is eight hours, or until six: the longer of the two is kept closed.
    "night_shift_over_the_clock_change": [
        ("26-03 21:00", "27-03 05:00"),
        ("27-03 21:00", "28-03 05:00"),
    ],
    "until_is_a_date": [
        ("01-12 08:00", "01-12 09:00"),
        ("02-12 08:00", "02-12 09:00"),
        ("03-12 08:00", "03-12 09:00"),
    ],
    "ends_before_it_begins": [("01-12 09:00", "01-12 10:00")],
    "tasks_and_alarms": [("01-12 09:00", "01-12 10:00")],
    "two_uids": [("01-12 09:00", "01-12 10:00"), ("02-12 09:00", "02-12 10:00")],
    "every_second": ALL,
    "interval_nought": ALL,
    "thirtieth_of_february": ALL,
    "empty_exdate": [("01-12 09:00", "01-12 10:00")],
    # Only its end is known: the day before that is kept closed.
    "unreadable_start": [("30-11 10:00", "01-12 10:00")],
    # A series nobody can read is closed at its hours on every day.
    "unknown_frequency": [
        ("26-03 09:00", "26-03 10:00"),
        ("27-03 09:00", "27-03 10:00"),
        ("28-03 09:00", "28-03 10:00"),
        ("29-03 09:00", "29-03 10:00"),
    ],
}

PROBLEMS: Final = {
    "unknown_zone": "zone-guessed",
    "unknown_zone_with_an_offset": "zone-guessed",
    "ends_before_it_begins": "odd-times",
    "every_second": "rule-refused",
    "interval_nought": "rule-refused",
    "thirtieth_of_february": "rule-refused",
    "empty_exdate": "unreadable",
    "unreadable_start": "unreadable",
    "unknown_frequency": "unreadable",
}


@pytest.mark.parametrize("turned", [False, True], ids=["as written", "reversed"])
@pytest.mark.parametrize("name", BUSY)
def test_what_an_entry_keeps_closed(name: str, *, turned: bool) -> None:
    """Each entry blocks exactly the times worked out by hand, and is marked when in doubt."""
    text = (DATA / f"{name}.ics").read_text()

    started = time.process_time()
    expansion = _read(_reversed(text) if turned else text)

    assert time.process_time() - started < 2
    assert _times(expansion) == BUSY[name]
    assert expansion.problem == PROBLEMS.get(name)
    assert expansion.readable == (expansion.problem in {None, "zone-guessed", "odd-times"})


def test_every_entry_on_file_is_tested() -> None:
    """An entry that nobody expects anything of would prove nothing."""
    names = {path.stem for path in DATA.glob("*.ics")}

    assert names == set(BUSY) | {"weekly_over_the_autumn_change"}


def test_the_autumn_change_keeps_the_clock_time() -> None:
    """Nine in the morning is 07:00 UTC on 19 October 2026 and 08:00 UTC a week later."""
    horizon = horizon_at(datetime(2026, 10, 12, 8, tzinfo=UTC))
    text = (DATA / "weekly_over_the_autumn_change.ics").read_text()

    assert _times(_read(text, horizon=horizon)) == [
        ("19-10 07:00", "19-10 08:00"),
        ("26-10 08:00", "26-10 09:00"),
    ]


def test_a_whole_day_is_a_day_where_the_owner_is() -> None:
    """The same date begins and ends at other instants elsewhere."""
    text = (DATA / "all_day.ics").read_text()

    assert _times(_read(text, zone="America/New_York")) == [("01-12 05:00", "02-12 05:00")]


def test_a_calendar_may_name_its_own_zone_for_floating_times() -> None:
    """What the calendar says about itself goes before what we know of its owner."""
    text = (DATA / "floating.ics").read_text()
    named = text.replace("VERSION:2.0", "VERSION:2.0\nX-WR-TIMEZONE:America/New_York")

    assert _times(_read(named)) == [("01-12 14:00", "01-12 15:00")]


def test_tentative_times_are_told_apart() -> None:
    """They block, and are known as tentative."""
    assert [b.kind for b in _read((DATA / "tentative.ics").read_text()).busy] == ["tentative"]


def test_what_goes_on_is_known_to_go_on() -> None:
    """Only entries that may hold later times need to be read again as time goes by."""
    single = (DATA / "single.ics").read_text()

    assert not _read(single).goes_on
    assert _read(single.replace("SUMMARY", "RRULE:FREQ=WEEKLY\nSUMMARY")).goes_on
    assert not _read(single.replace("SUMMARY", "RRULE:FREQ=DAILY;UNTIL=20261205\nSUMMARY")).goes_on
    assert _read(single.replace("202612", "202712")).goes_on


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=MINUTELY;COUNT=3",
        "FREQ=SECONDLY;UNTIL=20261202T000000Z",
        "FREQ=DAILY;INTERVAL=0",
        "RSCALE=CHINESE;FREQ=DAILY",
        "FREQ=DAILY;BYEASTER=1",
        "FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYMONTHDAY=30;BYMONTH=2",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5",
    ],
)
def test_rules_that_may_run_for_ever_are_refused(rule: str) -> None:
    """What we do not run closes the whole horizon."""
    single = (DATA / "single.ics").read_text()

    expansion = _read(single.replace("SUMMARY", f"RRULE:{rule}\nSUMMARY"))

    assert (expansion.problem, _times(expansion)) == ("rule-refused", ALL)


def test_too_many_rules_are_refused() -> None:
    """One object with a rule in each of eleven events is no calendar entry."""
    text = (DATA / "single.ics").read_text()
    one = text[text.index("BEGIN:VEVENT") : text.index("END:VCALENDAR")]
    many = one.replace("SUMMARY", "RRULE:FREQ=WEEKLY\nSUMMARY") * 11

    assert _read(f"BEGIN:VCALENDAR\n{many}END:VCALENDAR\n").problem == "rule-refused"


def test_an_attachment_does_not_close_a_calendar() -> None:
    """A picture inside an ordinary event is dropped unread; one over the limit closes its time."""
    text = (DATA / "single.ics").read_text()
    small = text.replace("SUMMARY", f"ATTACH;ENCODING=BASE64:{'A' * 500_000}\nSUMMARY")
    large = text.replace("SUMMARY", f"ATTACH;ENCODING=BASE64:{'A' * MAX_BYTES}\nSUMMARY")

    assert (_read(small).problem, _times(_read(small))) == (None, BUSY["single"])
    assert (_read(large).problem, _times(_read(large))) == ("unreadable", BUSY["single"])


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nEND:VEVENT\n" * 5_001,
        "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\n" * 40,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEXDATE:" + "20261201," * 501,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:" + "x" * 70_000,
    ],
    ids=["components", "depth", "dates", "line"],
)
def test_what_is_too_big_closes_everything(text: str) -> None:
    """Nobody can tell what such a thing means, so nothing is free."""
    started = time.process_time()
    expansion = _read(text)

    assert time.process_time() - started < 2
    assert (expansion.problem, _times(expansion)) == ("unreadable", ALL)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_survived(noise: bytes) -> None:
    """Whatever a calendar sends, reading it ends, and never in an error."""
    text = (DATA / "single.ics").read_bytes()

    expand(noise, zone="Europe/Amsterdam", horizon=HORIZON)
    expand(text.replace(b"SUMMARY:", noise), zone="Europe/Amsterdam", horizon=HORIZON)
    expand(text.replace(b"20261201T09", noise), zone="Europe/Amsterdam", horizon=HORIZON)


@given(
    start=st.datetimes(datetime(2026, 12, 1), datetime(2027, 3, 25)),  # noqa: DTZ001  # floating
    minutes=st.integers(1, 3000),
)
@settings(max_examples=60, deadline=None)
def test_any_single_event_blocks_its_very_time(start: datetime, minutes: int) -> None:
    """A time in UTC comes out as it went in, to the second."""
    start = start.replace(microsecond=0)
    end = start + timedelta(minutes=minutes)
    text = (DATA / "single.ics").read_text()
    text = text.replace("20261201T090000Z", f"{start:%Y%m%dT%H%M%SZ}")
    text = text.replace("20261201T100000Z", f"{end:%Y%m%dT%H%M%SZ}")

    expansion = _read(text)

    span = Span(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
    assert [busy.span for busy in expansion.busy] == [span]


def test_zones_are_known_by_many_names() -> None:
    """IANA, Windows, prefixed and quoted names are understood; the rest is not guessed here."""
    assert zone_named("europe/amsterdam") == "Europe/Amsterdam"
    assert zone_named('"W. Europe Standard Time"') == "Europe/Berlin"
    assert zone_named("/freeassociation.sourceforge.net/Europe/Amsterdam") == "Europe/Amsterdam"
    assert zone_named("Ergens") is None
    assert zone_named("../../etc/passwd") is None
    assert zone_named("(UTC+01:00) Amsterdam, Berlin, Bern, Rome") == "Europe/Amsterdam"
    assert zone_named("(GMT-05.00) New York") == "America/New_York"
    assert zone_named("(UTC+02:00) Amsterdam, Berlin") is None
    assert zone_named("(UTC+01:00) Ergens") is None


def test_offsets_are_read_to_the_second() -> None:
    """Offsets need not be whole hours; what no place has had is none."""
    assert offset_of("+0200") == timedelta(hours=2)
    assert offset_of("-0530") == -timedelta(hours=5, minutes=30)
    assert offset_of("+001932") == timedelta(minutes=19, seconds=32)
    for text in ("0200", "+2", "+9900", ""):
        with pytest.raises(ValueError, match="offset"):
            offset_of(text)
