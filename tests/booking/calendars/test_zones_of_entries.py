"""In which zone the times of an entry are meant, and what is closed where nobody can tell."""

from datetime import UTC, datetime
from typing import Final

import pytest

from booking.calendars import store
from booking.calendars.definitions import zone_like
from booking.expansion import Expansion, expand, horizon_at
from tests.booking.calendars.conftest import Desk, event

HORIZON: Final = horizon_at(datetime(2026, 11, 30, 8, tzinfo=UTC))
WHOLE: Final = [("29-11 08:00", "30-03 08:00")]

AMSTERDAM: Final = (
    ("DAYLIGHT", "16010101T020000", "+0100", "+0200", "BYDAY=-1SU;BYMONTH=3"),
    ("STANDARD", "16010101T030000", "+0200", "+0100", "BYDAY=-1SU;BYMONTH=10"),
)
NEW_YORK: Final = (
    ("DAYLIGHT", "20070311T020000", "-0500", "-0400", "BYDAY=2SU;BYMONTH=3"),
    ("STANDARD", "20071104T020000", "-0400", "-0500", "BYDAY=1SU;BYMONTH=11"),
)
NOWHERE: Final = (
    ("DAYLIGHT", "20070311T020000", "+0100", "+0200", "BYDAY=2SU;BYMONTH=5"),
    ("STANDARD", "20071104T020000", "+0200", "+0100", "BYDAY=1SU;BYMONTH=8"),
)


def _zone(tzid: str, observances: tuple[tuple[str, ...], ...]) -> str:
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    for kind, start, before, after, rule in observances:
        lines += [
            f"BEGIN:{kind}",
            f"DTSTART:{start}",
            f"TZOFFSETFROM:{before}",
            f"TZOFFSETTO:{after}",
            *([f"RRULE:FREQ=YEARLY;{rule}"] if rule else []),
            f"END:{kind}",
        ]
    return "\r\n".join([*lines, "END:VTIMEZONE", ""])


def _series(tzid: str, zone: str = "", *, behind: bool = False) -> str:
    """Return a monthly hour at nine from 1 December, with a VTIMEZONE before or behind it."""
    text = event(
        "s",
        f";TZID={tzid}:20261201T090000",
        f";TZID={tzid}:20261201T100000",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,29",
    )
    mark = "END:VCALENDAR" if behind else "BEGIN:VEVENT"
    return text.replace(mark, f"{zone}{mark}", 1)


def _read(text: str, **more: str | None) -> Expansion:
    return expand(text.encode(), horizon=HORIZON, **{"zone": "Europe/Amsterdam", **more})  # type: ignore[arg-type]  # names of zones


def _starts(expansion: Expansion) -> list[str]:
    return [f"{busy.span.start:%d-%m %H:%M}" for busy in expansion.busy]


_DAYS: Final = ("01-12", "29-12", "01-01", "29-01", "01-02", "01-03")
NINE_IN_AMSTERDAM: Final = [*(f"{day} 08:00" for day in _DAYS), "29-03 07:00"]
NINE_IN_NEW_YORK: Final = [*(f"{day} 14:00" for day in _DAYS), "29-03 13:00"]


@pytest.mark.parametrize(
    "tzid",
    [
        "Europe/Amsterdam",
        '"Europe/Amsterdam"',
        "europe/amsterdam",
        "W. Europe Standard Time",
        '"W. Europe Standard Time"',
        "/mozilla.org/20050126_1/Europe/Amsterdam",
        "/freeassociation.sourceforge.net/Tzfile/Europe/Amsterdam",
        "/softwarestudio.org/Olson_20011030_5/Europe/Amsterdam",
        '"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"',
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
    ],
)
@pytest.mark.parametrize("defined", ["not", "before", "behind", "lying"])
def test_a_zone_with_a_name_is_taken_by_its_name(tzid: str, defined: str) -> None:
    """However it is spelled, with a VTIMEZONE before or behind it, a false one, or none."""
    rules = NEW_YORK if defined == "lying" else AMSTERDAM
    zone = "" if defined == "not" else _zone(tzid.strip('"'), rules)

    expansion = _read(_series(tzid, zone, behind=defined == "behind"), zone="Asia/Kolkata")

    assert (_starts(expansion), expansion.problem) == (NINE_IN_AMSTERDAM, None)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    ("rules", "starts"), [(AMSTERDAM, NINE_IN_AMSTERDAM), (NEW_YORK, NINE_IN_NEW_YORK)]
)
def test_a_zone_of_ones_own_is_known_by_its_rules(
    rules: tuple[tuple[str, ...], ...], starts: list[str], *, behind: bool
) -> None:
    """A name that nobody knows means the zone whose clocks go as its VTIMEZONE says."""
    text = _series("Customized Time Zone", _zone("Customized Time Zone", rules), behind=behind)

    expansion = _read(text, zone="Asia/Kolkata")

    assert (_starts(expansion), expansion.problem) == (starts, None)


@pytest.mark.parametrize(
    "rules",
    [
        NOWHERE,
        AMSTERDAM[1:],
        (("STANDARD", "19700101T000000", "+0100", "+0100", ""),),
        (*AMSTERDAM, ("STANDARD", "20270201T000000", "+0100", "+0100", "BYDAY=XX")),
    ],
    ids=["as nowhere", "half of it", "one offset", "unreadable"],
)
def test_a_zone_that_proves_nothing_closes_what_it_may_mean(
    rules: tuple[tuple[str, ...], ...],
) -> None:
    """Its own offsets and the owner's zone: all are closed, and it is marked."""
    expansion = _read(_series("Ergens", _zone("Ergens", rules)))

    assert set(NINE_IN_AMSTERDAM) <= set(_starts(expansion))
    assert {"29-03 08:00", "01-12 08:00"} <= set(_starts(expansion))
    assert (expansion.problem, expansion.readable) == ("zone-guessed", True)


def test_a_zone_without_any_meaning_is_the_owners() -> None:
    """Nothing else is known, so it is marked."""
    expansion = _read(_series("Ergens"))

    assert (_starts(expansion), expansion.problem) == (NINE_IN_AMSTERDAM, "zone-guessed")


def test_more_meanings_than_can_be_kept_close_the_horizon() -> None:
    """Two zones of four offsets each: nobody could tell, so nothing is free."""
    offsets = tuple(
        ("STANDARD", "19700101T000000", "+0100", f"+0{hour}00", "") for hour in (3, 4, 5, 6)
    )
    text = _series("Een", _zone("Een", offsets) + _zone("Twee", offsets))
    text = text.replace("RRULE", "EXDATE;TZID=Twee:20261201T090000\r\nRRULE")

    expansion = _read(text)

    assert [
        (f"{b.span.start:%d-%m %H:%M}", f"{b.span.end:%d-%m %H:%M}") for b in expansion.busy
    ] == (WHOLE)
    assert (expansion.problem, expansion.readable) == ("unreadable", False)


def test_a_time_with_a_zone_and_the_mark_of_utc_is_closed_as_both() -> None:
    """``TZID=Europe/Amsterdam:…Z`` has no meaning in any standard: programs differ."""
    text = event("s", ";TZID=Europe/Amsterdam:20261201T090000Z", "", "DURATION:PT1H")

    expansion = _read(text)

    assert _starts(expansion) == ["01-12 08:00", "01-12 09:00"]
    assert (expansion.problem, expansion.readable) == ("zone-guessed", True)


def test_utc_named_twice_is_no_doubt() -> None:
    """Both say the same."""
    text = event("s", ";TZID=Etc/UTC:20261201T090000Z", "", "DURATION:PT1H")

    assert (_starts(_read(text)), _read(text).problem) == (["01-12 09:00"], None)


@pytest.mark.parametrize("tail", [":20261201T090000", ";VALUE=DATE:20261201"])
def test_floating_times_and_days_are_the_calendars_then_the_entrys_then_the_owners(
    tail: str,
) -> None:
    """What the server says of the calendar goes before X-WR-TIMEZONE, and that before the owner."""
    hour = 0 if "DATE" in tail else 9
    plain = event("s", tail, "", "" if hour == 0 else "DURATION:PT1H").replace("\r\n\r\n", "\r\n")
    named = plain.replace("VERSION:2.0", "VERSION:2.0\r\nX-WR-TIMEZONE:Asia/Kolkata")

    def start(text: str, calendar_zone: str | None) -> datetime:
        return _read(text, calendar_zone=calendar_zone).busy[0].span.start

    at = datetime(2026, 12, 1, hour, tzinfo=UTC)
    assert (start(plain, None) - at).total_seconds() == -3600
    assert (start(named, None) - at).total_seconds() == -5.5 * 3600
    assert (start(named, "America/New_York") - at).total_seconds() == 5 * 3600
    assert start(named, "Ergens") == start(named, None)


def test_the_owners_zone_is_preferred_among_equals() -> None:
    """Many zones share the rules of Central Europe."""
    lines = [line.split("\r\n") for line in _zone("x", AMSTERDAM).split("BEGIN:")[2:]]

    def like(home: str) -> str | None:
        return zone_like(lines, start=HORIZON.start, end=HORIZON.end, home=home)

    assert like("Europe/Vienna") == "Europe/Vienna"
    assert like("Asia/Tokyo") == like("UTC") == "Africa/Ceuta"


@pytest.mark.usefixtures("process_zone")
def test_the_zone_of_the_process_changes_nothing() -> None:
    """Floating, dated and zoned times mean the same wherever the server stands."""
    assert _starts(_read(_series("Europe/Amsterdam"))) == NINE_IN_AMSTERDAM
    assert _starts(_read(event("s", ":20261201T090000", "", "DURATION:PT1H"))) == ["01-12 08:00"]
    assert _starts(_read(event("s", ";VALUE=DATE:20261201", ""))) == ["30-11 23:00"]


async def test_a_calendar_is_read_in_its_own_zone(desk: Desk) -> None:
    """The zone that the server tells of a calendar goes before the one its entries name."""
    account = await desk.connect()
    text = event("s", ":20261201T090000", ":20261201T100000")
    desk.put("s", text.replace("VERSION:2.0", "VERSION:2.0\r\nX-WR-TIMEZONE:Asia/Kolkata"))
    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == [("01-12 03:30", "01-12 04:30")]

    async with desk.database.transaction(desk.tenant) as db:
        (collection,) = await store.collections(db, desk.tenant, [account.id])
        await store.change_collection(db, desk.tenant, collection.id, timezone="America/New_York")
    desk.put("s", text.replace("VERSION:2.0", "VERSION:2.0\r\nX-WR-TIMEZONE:Asia/Tokyo"))
    await desk.calendars.sync(desk.tenant, account.id)

    assert await desk.busy() == [("01-12 14:00", "01-12 15:00")]
