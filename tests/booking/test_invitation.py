"""Invitations as bytes, read back by an independent parser."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from booking.invitation import calendar_event, invitation

START = datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=1)))


def _invite(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "method": "REQUEST",
        "uid": "bkg_1@spreekuur",
        "sequence": 2,
        "start": START,
        "end": START + timedelta(hours=1),
        "summary": "Hypotheekgesprek",
        "description": "Met Sanne Visser; neem mee:\nloonstrook, paspoort",
        "location": "Neude 1, Utrecht",
        "organizer_name": "Sanne Visser",
        "organizer_email": "afspraken@bank.example",
        "attendee_name": 'Anna "Ans" de Vries, dr.',
        "attendee_email": "anna@example.org",
        "stamp": datetime(2026, 11, 30, 8, 0, 0, 5, tzinfo=UTC),
        "url": "https://bank.example/manage/x?y=1,2;z",
    }
    return invitation(**{**values, **changes})


def _event(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "booking": "bkg_1",
        "uid": "bkg_1@spreekuur",
        "sequence": 0,
        "start": START,
        "end": START + timedelta(hours=1),
        "summary": "Afspraak",
        "description": "",
        "location": "",
        "stamp": START,
        "url": None,
    }
    return calendar_event(**{**values, **changes})


def test_a_request_says_what_mail_programs_need() -> None:
    """Method on the calendar, times in UTC, organiser and guest by mail address, one event."""
    raw = _invite()
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.events

    assert calendar["METHOD"] == "REQUEST"
    assert "METHOD" not in event
    assert b"DTSTART:20261201T080000Z\r\n" in raw
    assert b"DTEND:20261201T090000Z\r\n" in raw
    assert b"DTSTAMP:20261130T080000Z\r\n" in raw
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("bkg_1@spreekuur", 2, "CONFIRMED")
    assert str(event["ORGANIZER"]) == "mailto:afspraken@bank.example"
    assert event["ORGANIZER"].params["CN"] == "Sanne Visser"
    guest = event["ATTENDEE"]
    assert str(guest) == "mailto:anna@example.org"
    assert guest.params["CN"] == "Anna 'Ans' de Vries, dr."
    assert (guest.params["PARTSTAT"], guest.params["RSVP"]) == ("NEEDS-ACTION", "TRUE")
    assert event["DESCRIPTION"] == "Met Sanne Visser; neem mee:\nloonstrook, paspoort"
    assert event["LOCATION"] == "Neude 1, Utrecht"
    assert event["URL"] == "https://bank.example/manage/x?y=1,2;z"
    assert b"VTIMEZONE" not in raw


def test_a_cancellation_is_marked_twice() -> None:
    """Method and status both say so, since programs look at either."""
    calendar = Calendar.from_ical(_invite(method="CANCEL", sequence=3))

    assert calendar["METHOD"] == "CANCEL"
    assert calendar.events[0]["STATUS"] == "CANCELLED"
    assert calendar.events[0]["SEQUENCE"] == 3
    assert calendar.events[0]["UID"] == "bkg_1@spreekuur"


def test_an_entry_for_a_calendar_names_nobody() -> None:
    """Without organiser and guest no server writes mail about it."""
    raw = _event(tentative=True)

    assert b"ATTENDEE" not in raw
    assert b"ORGANIZER" not in raw
    assert b"METHOD" not in raw
    assert b"STATUS:TENTATIVE\r\n" in raw
    assert b"X-SPREEKUUR-BOOKING:bkg_1\r\n" in raw


@pytest.mark.parametrize("bad", ["\r\nATTENDEE:mailto:evil@x.nl", "\n", "\x00", "\x7f", "\u2028"])
@pytest.mark.parametrize(
    "field",
    [
        "summary",
        "location",
        "organizer_name",
        "attendee_name",
        "organizer_email",
        "attendee_email",
        "uid",
        "url",
    ],
)
def test_control_characters_are_refused(field: str, bad: str) -> None:
    """Nothing that could begin a line of its own gets in."""
    with pytest.raises(ValueError, match=r"control characters|address|identifier|URL"):
        _invite(**{field: f"a@b.nl{bad}"})


def test_times_need_an_offset() -> None:
    """A naive time means nothing to whoever receives it."""
    with pytest.raises(ValueError, match="offset"):
        _invite(start=START.replace(tzinfo=None))


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_text_comes_back_and_adds_nothing(text: str) -> None:
    """Whatever a title says, it stays a title."""
    raw = _event(summary=text, description=text, location=text)
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.events

    assert str(event["SUMMARY"]) == text
    assert str(event.get("DESCRIPTION", "")) == text
    assert set(event) <= {
        *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION"),
        *("LOCATION", "TRANSP", "STATUS", "X-SPREEKUUR-BOOKING"),
    }
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))


@pytest.mark.parametrize("name", ["Jan; de, Wit: \\n", "Ölçer", "=?utf-8?q?x?=", "a" * 300])
def test_names_come_back(name: str) -> None:
    """Names keep their punctuation, except for quotation marks."""
    event = Calendar.from_ical(_invite(attendee_name=name)).events[0]

    assert event["ATTENDEE"].params["CN"] == name
