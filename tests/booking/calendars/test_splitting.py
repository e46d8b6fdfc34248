"""Taking a feed apart: every event ends up in one object, and what is no feed is refused."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.calendars import splitting
from booking.calendars.splitting import NotACalendar, TooMany, content_digest, parse, split
from booking.expansion import Busy, expand, horizon_at

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
ZONE = [
    *("BEGIN:VTIMEZONE", "TZID:Kantoor", "BEGIN:STANDARD", "DTSTART:19961027T030000"),
    *("TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE"),
]


def event(uid: str | None, day: int, *more: str, tail: str = "Z", param: str = "") -> list[str]:
    return [
        "BEGIN:VEVENT",
        *([f"UID:{uid}"] if uid is not None else []),
        "DTSTAMP:20261101T000000Z",
        f"DTSTART{param}:202612{day:02}T090000{tail}",
        f"DTEND{param}:202612{day:02}T100000{tail}",
        *more,
        "END:VEVENT",
    ]


def feed(*parts: list[str], more: tuple[str, ...] = ()) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//Test//EN", *more]
    lines += [line for part in parts for line in part]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def busy(body: bytes) -> list[Busy]:
    """Return when the objects of a feed keep their owner busy, all together."""
    objects = split(parse(body)).values()
    return sorted(
        each
        for one in objects
        for each in expand(one, zone="Europe/Amsterdam", horizon=horizon_at(NOW)).busy
    )


def days(body: bytes) -> list[int]:
    return [each.span.start.day for each in busy(body)]


# --- nothing is lost -----------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=120)
UIDS = st.none() | st.sampled_from(["a", "b", "c@bank.example"]) | TEXTS.filter(bool)


@st.composite
def components(draw: st.DrawFn) -> list[str]:
    """An event, a change of one occurrence, a task or a note, with or without a UID."""
    kind = draw(st.sampled_from(["VEVENT", "VEVENT", "VEVENT", "VTODO", "VJOURNAL"]))
    uid = draw(UIDS)
    lines = [f"BEGIN:{kind}"]
    lines += [f"UID:{uid}"] if uid is not None else []
    lines += [f"DTSTART;TZID=Kantoor:202612{draw(st.integers(1, 28)):02}T090000"]
    lines += [f"RECURRENCE-ID:202612{draw(st.integers(1, 28)):02}T080000Z"] * draw(st.booleans())
    lines += [f"SUMMARY:{draw(TEXTS)}"]
    if draw(st.booleans()):
        lines += ["BEGIN:VALARM", "UID:of-the-alarm", "TRIGGER:-PT15M", "END:VALARM"]
    return [*lines, f"END:{kind}"]


def lines_of(body: bytes) -> list[tuple[bytes, ...]]:
    return [tuple(each.lines) for stream in parse(body) for each in stream.components]


# The first text of a process has all of Unicode sorted, which a busy machine is slow at.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(components(), max_size=12), st.sampled_from(["\r\n", "\n"]))
def test_every_component_lands_in_exactly_one_object(parts: list[list[str]], end: str) -> None:
    """Nothing is lost, nothing is doubled, nothing is changed, and no object mixes two UIDs."""
    whole = feed(ZONE, *parts).replace(b"\r\n", end.encode())

    objects = split(parse(whole))

    landed = Counter(each for body in objects.values() for each in lines_of(body))
    sent = Counter(tuple(line.encode() for line in part) for part in parts)
    assert landed == sent
    for body in objects.values():
        (stream,) = parse(body)
        assert len({each.uid for each in stream.components}) == 1
        assert list(stream.zones) == [b"Kantoor"]
        assert max(len(line) for line in body.split(b"\r\n")) <= 75
    # Taken apart once more, an object is itself.
    for body in objects.values():
        assert list(split(parse(body)).values()) == [body]


@given(st.lists(components(), min_size=1, max_size=5), st.data())
def test_half_a_feed_is_none(parts: list[list[str]], data: st.DataObject) -> None:
    """Cut off anywhere it is refused, rather than taken for fewer events."""
    whole = feed(ZONE, *parts)
    cut = data.draw(st.integers(0, len(whole) - len(b"\r\n") - 1))

    with pytest.raises(NotACalendar):
        parse(whole[:cut])
    assert parse(whole)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        b"<!doctype html><title>Log in</title>",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        feed(event("a", 1)) + b"<p>and more</p>",
        b"text\r\n" + feed(event("a", 1)),
        feed(["BEGIN:VEVENT", "UID:a"], event("b", 2)),
        feed(["BEGIN:VEVENT", "UID:a", "END:VTODO"]),
        feed(["END:VEVENT"]),
    ],
)
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    """A web page, another kind of file, text around it, parts that do not end."""
    with pytest.raises(NotACalendar):
        parse(body)


def test_the_number_of_events_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One event more than the limit is too many; the limit itself is not."""
    monkeypatch.setattr(splitting, "MAX_EVENTS", 3)
    parts = [event(f"{number}", 1) for number in range(4)]

    assert len(split(parse(feed(*parts[:3])))) == 3
    with pytest.raises(TooMany):
        parse(feed(*parts))


# --- what belongs together -----------------------------------------------------------------------


def test_a_changed_occurrence_stays_with_its_series() -> None:
    """Before or after its master in the file, it replaces the occurrence that it changes."""
    master = event("a", 1, "RRULE:FREQ=DAILY;COUNT=3")
    override = event("a", 20, "RECURRENCE-ID:20261202T090000Z")

    for parts in ((master, event("b", 7), override), (override, event("b", 7), master)):
        body = feed(*parts)
        assert len(split(parse(body))) == 2
        assert days(body) == [1, 3, 7, 20]


def test_two_events_with_one_uid_both_close_their_time() -> None:
    """Readers take one UID for one event, so each gets an object of its own."""
    body = feed(event("a", 1), event("a", 2), event("a", 3, "RRULE:FREQ=WEEKLY;COUNT=2"))

    assert days(body) == [1, 2, 3, 10]


def test_events_without_a_uid_close_their_time() -> None:
    """They are told apart by what they say."""
    assert days(feed(event(None, 1), event(None, 2), event(None, 2))) == [1, 2]


def test_an_object_has_the_time_zones_that_it_names_and_no_others() -> None:
    """A zone by a name of the maker's own is only known by its rules."""
    other = [line.replace("Kantoor", "Elders") for line in ZONE]
    quoted = event("b", 2, tail="", param=';TZID="Elders"')
    body = feed(ZONE, other, event("a", 1, tail="", param=";TZID=Kantoor"), quoted, event("c", 3))

    zones = [list(parse(each)[0].zones) for each in split(parse(body)).values()]

    assert zones == [[b"Kantoor"], [b"Elders"], []]


def test_the_zone_of_the_calendar_holds_for_floating_times() -> None:
    """X-WR-TIMEZONE goes along into every object."""
    body = feed(event("a", 1, tail=""), more=("X-WR-TIMEZONE:America/New_York",))

    assert [each.span.start.hour for each in busy(body)] == [14]


def test_two_calendars_in_one_file_are_both_read() -> None:
    """A file may hold several (RFC 5545, section 3.4)."""
    assert days(feed(event("a", 1)) + feed(event("b", 2), event("a", 3))) == [1, 2, 3]


def test_a_mark_of_byte_order_and_folded_lines_are_understood() -> None:
    """A UID may be folded like any line."""
    body = feed(event("a-long-uid", 1, "RRULE:FREQ=DAILY;COUNT=2"))
    folded = body.replace(b"a-long-uid", b"a-lon\r\n g-uid")
    override = feed(event("a-long-uid", 9, "RECURRENCE-ID:20261202T090000Z"))
    both = folded.replace(b"END:VCALENDAR\r\n", override.split(b"EN\r\n", 1)[1])

    assert days(b"\xef\xbb\xbf" + both) == [1, 9]


def test_when_a_feed_was_made_is_no_change() -> None:
    """Some servers stamp every event with the time of the request."""
    body = feed(event("a", 1))

    later = body.replace(b"20261101T", b"20261102T")

    assert later != body
    assert content_digest(body) == content_digest(later)
    assert content_digest(body) != content_digest(body.replace(b"20261201", b"20261202"))
    assert split(parse(body)).keys() == split(parse(later)).keys()
