"""What an advisor did to an entry, and how both sides' changes are joined; no server needed."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from booking.invitation import calendar_event
from booking.reconcile import Seen, in_doubt, is_ours, judge, look, merge
from kernel.spans import Span

NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
BOOKED = Span(NINE, NINE + timedelta(hours=1))
LATER = Span(NINE + timedelta(hours=3), NINE + timedelta(hours=4))


def _entry(span: Span = BOOKED, *, sequence: int = 0, description: str = "Zie console") -> bytes:
    return calendar_event(
        booking="bkg_1",
        uid="bkg_1@spreekuur",
        sequence=sequence,
        start=span.start,
        end=span.end,
        summary="Afspraak",
        description=description,
        location="Utrecht",
        stamp=NINE,
        url=None,
    )


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Seen(span=BOOKED), "in-step"),
        (Seen(span=LATER), "moved"),
        (Seen(span=Span(BOOKED.start, LATER.end)), "resized"),
        (Seen(span=BOOKED, cancelled=True), "deleted"),
        (Seen(span=None), "odd"),
        (None, "deleted"),
    ],
)
def test_what_the_advisor_did(seen: Seen | None, verdict: str) -> None:
    """Where the entry stands tells what happened to it."""
    assert judge(base=_entry(), seen=seen, booked=BOOKED) == verdict


def test_an_entry_we_have_not_moved_yet_is_not_the_advisors_doing() -> None:
    """After a reschedule the entry stands at the old time until our write has arrived."""
    assert judge(base=_entry(BOOKED), seen=Seen(span=BOOKED), booked=LATER) == "behind"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SUMMARY", "RRULE:FREQ=WEEKLY\r\nSUMMARY"),
        ("DTSTART:20261201T080000Z", "DTSTART;VALUE=DATE:20261201"),
        ("DTSTART:20261201T080000Z", "DTSTART:20261201T080000"),
        ("DTSTART:20261201T080000Z", "DTSTART;TZID=Ergens:20261201T080000"),
        ("BEGIN:VEVENT", "BEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\nBEGIN:VEVENT"),
        ("BEGIN:VCALENDAR", "nonsense"),
    ],
)
def test_entries_without_a_plain_time_are_odd(old: str, new: str) -> None:
    """A series, a whole day, a floating time or nonsense is no longer a booking's entry."""
    text = _entry().decode()
    assert old in text

    assert look(text.replace(old, new).encode()) == Seen(span=None)


def test_the_same_instant_in_another_zone_is_the_same() -> None:
    """Calendar programs write our UTC times in their own zone."""
    text = _entry().decode()
    local = text.replace(
        "DTSTART:20261201T080000Z", "DTSTART;TZID=Europe/Amsterdam:20261201T090000"
    )

    assert look(local.encode()).span == BOOKED


def test_nothing_new_means_nothing_to_write() -> None:
    """An entry with the advisor's additions and our latest words is left alone."""
    text = _entry().decode()
    theirs = text.replace("SUMMARY:Afspraak", "SUMMARY:Afspraak met mevrouw\r\nCOLOR:red")

    assert merge(base=_entry(), remote=theirs.encode(), desired=_entry()) is None
    assert merge(base=None, remote=_entry(), desired=_entry()) is None


def test_our_new_time_and_the_advisors_additions_are_both_kept() -> None:
    """Time is ours; note, alarm, colour and title stay the advisor's, byte for byte."""
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Bel\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
    theirs = (
        _entry()
        .decode()
        .replace("SUMMARY:Afspraak", "SUMMARY:Mevr. De Vries")
        .replace("DESCRIPTION:Zie console", "DESCRIPTION:Zie console\\nEerst bellen\\; en koffie")
        .replace("END:VEVENT", f"X-APPLE-COLOR:#FF0000\r\n{alarm}END:VEVENT")
    )
    desired = _entry(LATER, sequence=1, description="Zie de nieuwe console")

    merged = merge(base=_entry(), remote=theirs.encode(), desired=desired)

    assert merged is not None
    assert look(merged).span == LATER
    event = Calendar.from_ical(merged).events[0]
    assert event["SUMMARY"] == "Mevr. De Vries"
    assert event["DESCRIPTION"] == "Zie de nieuwe console\nEerst bellen; en koffie"
    assert event["X-APPLE-COLOR"] == "#FF0000"
    assert event["SEQUENCE"] == 1
    assert alarm in merged.decode()
    assert all(len(line) <= 75 for line in merged.split(b"\r\n"))


def test_a_sequence_never_goes_back() -> None:
    """An advisor's program may have counted further than we have."""
    theirs = _entry().replace(b"SEQUENCE:0", b"SEQUENCE:7")

    merged = merge(base=_entry(), remote=theirs, desired=_entry(LATER, sequence=1))

    assert merged is not None
    assert b"SEQUENCE:7\r\n" in merged


def test_a_duration_gives_way_to_an_end() -> None:
    """An entry must not have both."""
    theirs = _entry().replace(b"DTEND:20261201T090000Z", b"DURATION:PT1H")

    merged = merge(base=_entry(), remote=theirs, desired=_entry(LATER, sequence=1))

    assert merged is not None
    assert b"DURATION" not in merged
    assert look(merged).span == LATER


def test_ours_is_known_by_uid_and_mark() -> None:
    """Without the mark the UID counts only where we know that we have written it."""
    bare = _entry().replace(b"X-SPREEKUUR-BOOKING:bkg_1\r\n", b"")

    assert is_ours(_entry(), uid="bkg_1@spreekuur", booking="bkg_1")
    assert not is_ours(bare, uid="bkg_1@spreekuur", booking="bkg_1")
    assert is_ours(bare, uid="bkg_1@spreekuur", booking=None)
    assert not is_ours(_entry(), uid="bkg_2@spreekuur", booking=None)


@pytest.mark.parametrize(
    ("known", "missing", "remaining", "doubt"),
    [
        (6, 6, 0, "emptied"),
        (5, 5, 0, None),
        (6, 5, 1, None),
        (6, 6, 1, None),
        (0, 0, 0, None),
        (100, 20, 80, None),
        (100, 21, 79, "shrunk"),
        (500, 100, 400, None),
        (500, 101, 399, "shrunk"),
        (22, 22, 3, "shrunk"),
        (22, 22, 0, "emptied"),
    ],
)
def test_a_calendar_that_loses_much_at_once_is_doubted(
    known: int, missing: int, remaining: int, doubt: str | None
) -> None:
    """Up to five events, or up to twenty or a fifth of many, may go at once."""
    assert in_doubt(known, missing, remaining=remaining) == doubt
