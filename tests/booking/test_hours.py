"""Hours that cannot be meant are refused, and holidays are the ones that people keep."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest

from booking import hours as module
from booking.hours import (
    Holidays,
    Hours,
    OpenHours,
    Override,
    TimeRange,
    WeeklyRange,
    days_off,
    in_zone,
    require_sound_hours,
)
from booking.values import Email, Line, Slug, require_zone
from kernel.errors import Invalid


def weekly(*entries: str) -> list[WeeklyRange]:
    """Read ``mon 09:00-17:00``; a star at the end says overnight, a bang that it is not."""
    return msgspec.convert(
        [
            {
                "day": entry[:3],
                "start": entry[4:9],
                "end": entry[10:15],
                "overnight": {"*": True, "!": False, "": None}[entry[15:]],
            }
            for entry in entries
        ],
        list[WeeklyRange],
    )


def on(day: date, *entries: str) -> Override:
    """Return an override with these ranges."""
    return Override(
        date=day, ranges=[TimeRange(start=entry[:5], end=entry[6:11]) for entry in entries]
    )


def refusal(error: Invalid) -> tuple[str, str]:
    """Return where something is wrong, and the code of what."""
    (found,) = error.errors
    return found.pointer, found.code


@pytest.mark.parametrize(
    ("entry", "minutes"),
    [
        ("mon 09:00-17:00", (540, 1020)),
        ("mon 00:00-24:00", (0, 1440)),
        ("mon 22:00-06:00", (1320, 1800)),
        ("mon 18:00-06:00", (1080, 1800)),
        ("mon 09:00-08:00*", (540, 1920)),
        ("mon 09:00-09:00*", (540, 1980)),
        ("mon 13:00-00:00", (780, 1440)),
        ("mon 09:00-17:00!", (540, 1020)),
    ],
)
def test_a_range_is_minutes_from_the_midnight_of_its_date(
    entry: str, minutes: tuple[int, int]
) -> None:
    """Nights end past the 1440th minute; one of twelve hours needs no word, a longer one does."""
    (found,) = weekly(entry)

    require_sound_hours([found], [])

    assert found.minutes == minutes
    assert TimeRange(start=found.start, end=found.end).minutes == minutes


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("mon 09:00-09:00", "lasts-no-time"),
        ("mon 00:00-00:00", "lasts-no-time"),
        ("mon 17:00-09:00", "ends-before-start"),
        ("mon 17:59-06:00", "ends-before-start"),
        ("mon 22:00-06:00!", "ends-before-start"),
        ("mon 09:00-09:00!", "ends-before-start"),
        ("mon 09:00-17:00*", "not-overnight"),
        ("mon 00:00-24:00*", "not-overnight"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(entry: str, code: str) -> None:
    """Nine in the evening for nine in the morning is a slip more often than a night."""
    with pytest.raises(Invalid) as error:
        OpenHours(weekly=weekly("sun 10:00-11:00", entry))
    assert refusal(error.value) == ("/weekly/1", code)

    (bad,) = weekly(entry)
    day = Override(
        date=date(2026, 12, 24),
        ranges=[
            TimeRange(start="09:00", end="09:01"),
            TimeRange(start=bad.start, end=bad.end, overnight=bad.overnight),
        ],
    )
    with pytest.raises(Invalid) as error:
        OpenHours(overrides=[day])
    assert refusal(error.value) == ("/overrides/0/ranges/1", code)


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        (["mon 09:00-12:00", "mon 11:59-17:00"], "/weekly/1"),
        (["mon 09:00-12:00", "tue 09:00-12:00", "mon 09:00-12:00"], "/weekly/2"),
        (["mon 22:00-06:00", "tue 05:59-09:00"], "/weekly/1"),
        (["sun 22:00-06:00", "mon 05:00-09:00"], "/weekly/1"),
        (["mon 05:00-09:00", "sun 22:00-06:00"], "/weekly/1"),
    ],
)
def test_hours_that_overlap_themselves_are_refused(entries: list[str], pointer: str) -> None:
    """Nights count on the day they run into, from Sunday into Monday too."""
    with pytest.raises(Invalid) as error:
        OpenHours(weekly=weekly(*entries))

    assert refusal(error.value) == (pointer, "overlap")


def test_ranges_that_touch_are_sound() -> None:
    """What ends at noon leaves noon to the next, and the night its morning."""
    OpenHours(
        weekly=weekly("mon 09:00-12:00", "mon 12:00-17:00", "sun 22:00-06:00", "mon 06:00-09:00"),
        overrides=[on(date(2026, 12, 24), "09:00-12:00", "12:00-13:00")],
    )


def test_an_override_that_overlaps_itself_is_refused() -> None:
    """The ranges of one date are apart."""
    with pytest.raises(Invalid) as error:
        OpenHours(overrides=[on(date(2026, 12, 24), "09:00-12:00", "11:00-13:00")])

    assert refusal(error.value) == ("/overrides/0/ranges/1", "overlap")


def test_a_date_has_one_override() -> None:
    """Of two for one date, nobody could say which holds."""
    with pytest.raises(Invalid) as error:
        OpenHours(overrides=[on(date(2026, 12, 24)), on(date(2026, 12, 24), "09:00-12:00")])

    assert refusal(error.value) == ("/overrides", "duplicate")


def test_a_pointer_says_where_the_hours_stood() -> None:
    """Hours inside of something else are pointed at from its outside."""
    with pytest.raises(Invalid) as error:
        require_sound_hours(
            weekly("mon 09:00-12:00", "mon 10:00-11:00"), [], at="/channel_hours/video"
        )

    (found,) = error.value.errors
    assert found.pointer == "/channel_hours/video/weekly/1"
    assert "/channel_hours/video/weekly/0" in found.detail


@pytest.mark.parametrize("clock", ["9:00", "24:00", "25:00", "09:60", "09:00\n", "0٣:00", ""])
def test_a_start_is_a_time_on_the_wall(clock: str) -> None:
    """Two digits, a colon, two digits, before midnight: nothing else is read as a time."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"start": clock, "end": "23:59"}, TimeRange)


@pytest.mark.parametrize("kind", [Line, Slug, Email])
def test_a_line_break_at_the_end_is_a_line_break(kind: type[str]) -> None:
    """Names go into the headers of letters, where a line break begins another header."""
    text = "sanne@bank.example" if kind is Email else "sanne"

    assert msgspec.convert(text, kind) == text
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text + "\n", kind)


@pytest.mark.parametrize(
    "zone",
    [
        *("Europe/Utrecht", "Europe", "", "../etc/passwd", "/etc/localtime", "UTC\0"),
        *("localtime", "posixrules", "Factory"),
        *("right/Europe/Amsterdam", "posix/Europe/Amsterdam"),
    ],
)
def test_a_zone_must_exist(zone: str) -> None:
    """The machine's own zone and clocks that count leap seconds are no zones that people name."""
    with pytest.raises(Invalid) as error:
        require_zone(zone)

    assert refusal(error.value) == ("/timezone", "zone-unknown")
    with pytest.raises(Invalid):
        Hours(timezone=zone, weekly=[])


def test_hours_in_a_zone_keep_all_they_say() -> None:
    """A branch's hours become hours by the branch's clock."""
    hours = OpenHours(
        weekly=weekly("mon 09:00-12:00"),
        overrides=[on(date(2026, 12, 24))],
        holidays=Holidays(country="NL"),
    )

    assert in_zone(hours, "Europe/Amsterdam") == Hours(
        timezone="Europe/Amsterdam",
        weekly=hours.weekly,
        overrides=hours.overrides,
        holidays=hours.holidays,
    )


# --- holidays ------------------------------------------------------------------------------------


def of_2026(wanted: Holidays) -> list[str]:
    """Return the days off of 2026 as month and day."""
    return [f"{day:%m-%d}" for day in days_off(wanted, date(2026, 1, 1), date(2026, 12, 31))]


DUTCH = ["01-01", "04-03", "04-05", "04-06", "04-27", "05-14", "05-24", "05-25", "12-25", "12-26"]


def test_the_netherlands_have_their_holidays() -> None:
    """Easter 2026 is on 5 April; Liberation Day is a holiday for some, so one asks for it."""
    assert of_2026(Holidays(country="NL")) == DUTCH
    assert of_2026(Holidays(country="NL", categories=["public", "optional"])) == sorted(
        [*DUTCH, "05-05"]
    )


def test_kings_day_moves_when_it_is_a_sunday() -> None:
    """27 April 2031 is a Sunday, so it is kept on the Saturday."""
    found = days_off(Holidays(country="NL"), date(2031, 4, 20), date(2031, 5, 1))

    assert found == [date(2031, 4, 26)]


def test_bavaria_has_more_than_germany() -> None:
    """Epiphany, Corpus Christi and All Saints are kept in the south."""
    germany = ["01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26"]

    assert of_2026(Holidays(country="DE")) == germany
    assert of_2026(Holidays(country="DE", subdivision="BY")) == sorted(
        [*germany, "01-06", "06-04", "11-01"]
    )


def test_a_door_can_be_open_on_a_holiday() -> None:
    """Days named in open_on are days like any other."""
    wanted = Holidays(country="NL", open_on=[date(2026, 4, 3), date(2026, 12, 26)])

    assert of_2026(wanted) == [day for day in DUTCH if day not in {"04-03", "12-26"}]


def test_holidays_are_asked_for_by_any_span_of_days() -> None:
    """The first and the last day count, over the turn of a year as well."""
    wanted = Holidays(country="NL")

    assert days_off(wanted, date(2026, 12, 26), date(2027, 1, 1)) == [
        date(2026, 12, 26),
        date(2027, 1, 1),
    ]
    assert days_off(wanted, date(2026, 12, 27), date(2026, 12, 31)) == []


def test_a_holiday_kept_in_the_year_before_its_own_is_found() -> None:
    """New Year's Day of 2028 is a Saturday: the United States are off on the Friday before."""
    found = days_off(Holidays(country="US"), date(2027, 12, 26), date(2028, 1, 10))

    assert found == [date(2027, 12, 31), date(2028, 1, 1)]


def test_the_order_of_categories_means_nothing() -> None:
    """Two ways of writing the same are one."""
    one = Holidays(country="NL", categories=["public", "optional"])
    other = Holidays(country="NL", categories=["optional", "public"])

    assert of_2026(one) == of_2026(other)


def test_an_unknown_country_part_or_category_is_refused() -> None:
    """What nobody knows is no reason to be open."""
    with pytest.raises(Invalid) as error:
        Holidays(country="ZZ")
    assert refusal(error.value)[0] == "/country"

    with pytest.raises(Invalid) as error:
        Holidays(country="NL", subdivision="BY")
    assert refusal(error.value)[0] == "/subdivision"

    with pytest.raises(Invalid) as error:
        Holidays(country="NL", categories=["public", "bank"])
    assert refusal(error.value)[0] == "/categories/1"
    assert error.value.errors[0].detail == "This country has: optional, public."


def test_the_calendars_of_the_world_are_loaded_when_somebody_needs_them() -> None:
    """They take longer to load than all the rest, and most hours have no holidays."""
    program = (
        "import sys, types; room = types.ModuleType('booking'); room.__path__ = [sys.argv[1]]; "
        "sys.modules['booking'] = room; import booking.hours; print('holidays' in sys.modules)"
    )
    told = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program, str(Path(module.__file__).parent)],
        capture_output=True,
        check=True,
        text=True,
    )

    assert told.stdout.strip() == "False"
