"""Mails that come back to an invitation, read from bytes."""

import time
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.replies import Ignored, Reply, read_reply
from tests.booking import mails
from tests.booking.mails import STAMP, Answering

ANNA = Answering()
STYLES = {"gmail": mails.gmail, "outlook": mails.outlook, "apple": mails.apple}


def read(raw: bytes, *, sender: str | None = None) -> Reply:
    found = read_reply(raw, sender=sender)
    assert isinstance(found, Reply), found
    return found


def reason(raw: bytes, *, sender: str | None = None) -> str:
    found = read_reply(raw, sender=sender)
    assert isinstance(found, Ignored), found
    return found.reason


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("partstat", "answer"),
    [("ACCEPTED", "accepted"), ("DECLINED", "declined"), ("TENTATIVE", "tentative")],
)
def test_an_answer_is_read_whoever_makes_the_program(
    style: str, partstat: str, answer: str
) -> None:
    """Base64, quoted-printable and plain; nested or not; folded, in capitals, without organiser."""
    wanted = msgspec.structs.replace(ANNA, partstat=partstat, sequence=3)

    reply = read(STYLES[style](wanted))

    assert (reply.answer, reply.attendee) == (answer, "anna@example.org")
    assert (reply.said.uid, reply.said.sequence, reply.said.stamp) == (ANNA.uid, 3, STAMP)
    assert "reply+x@answers.bank.example" in reply.addressed
    assert reply.said.start is None


def test_a_proposed_time_is_read_by_the_zone_that_it_names() -> None:
    """A zone of Windows is known by its name; the rules that came along are not run."""
    wanted = msgspec.structs.replace(
        ANNA, partstat="TENTATIVE", start="20261203T103000", end="20261203T113000"
    )

    reply = read(mails.counter(wanted))

    assert reply.said.method == "COUNTER"
    assert reply.said.start == datetime(2026, 12, 3, 9, 30, tzinfo=UTC)
    assert reply.said.end == datetime(2026, 12, 3, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("20261203", "20261204"),
        ("20261303T103000", "20261303T113000"),
        ("20261203T103000", "20261203T093000"),
        ("20261203T103000", "20261213T103000"),
        ("99991203T103000", "99991203T113000"),
        ("00011203T103000", "00011203T113000"),
    ],
)
def test_a_time_that_nobody_can_meet_at_is_not_taken(start: str, end: str) -> None:
    """A whole day, a date that is none, an end before the start, another millennium."""
    wanted = msgspec.structs.replace(ANNA, start=start, end=end)

    assert reason(mails.counter(wanted)) == "time-unclear"


def test_a_time_in_a_zone_that_nobody_knows_is_not_guessed() -> None:
    """Neither floating times nor unknown names mean an instant."""
    wanted = msgspec.structs.replace(ANNA, start="20261203T103000", end="20261203T113000")
    raw = mails.counter(wanted)

    assert reason(raw.replace(b'TZID=3D"W. Europe', b'TZID=3D"Z. Nowhere')) == "time-unclear"
    assert reason(mails.outlook(wanted, method="COUNTER")) == "time-unclear"


def test_of_a_proposal_that_lists_everybody_the_sender_counts() -> None:
    """Where neither says who it is, nobody is taken for them."""
    raw = mails.outlook(ANNA, method="COUNTER").replace(
        b"COMMENT;LANGUAGE=3Dnl-NL:Tot dan", b"ATTENDEE:mailto:kim@example.org"
    )

    assert read(raw).attendee == "anna@example.org"
    assert reason(raw.replace(b"From: ", b"X-From: ")) == "attendee-unclear"


# --- what is none --------------------------------------------------------------------------------


def test_machines_are_told_from_people() -> None:
    """Out of office and bounces are ignored; what Google marks as generated is not."""
    assert reason(mails.out_of_office(ANNA)) == "auto-reply"
    assert reason(b"Precedence: bulk\r\n" + mails.outlook(ANNA)) == "auto-reply"
    assert reason(b"X-Autoreply: yes\r\n" + mails.outlook(ANNA)) == "auto-reply"
    assert reason(mails.bounce(ANNA)) == "bounce"
    assert reason(mails.outlook(ANNA), sender="") == "bounce"
    assert reason(mails.outlook(ANNA), sender="<>") == "bounce"
    assert reason(mails.outlook(ANNA), sender="MAILER-DAEMON") == "bounce"
    assert reason(b"Return-Path: <MAILER-DAEMON>\r\n" + mails.outlook(ANNA)) == "bounce"
    assert reason(b"Return-Path: <>\r\n" + mails.outlook(ANNA)) == "bounce"
    assert reason(b"Auto-Submitted: auto-generated\r\n\r\nHello") == "auto-reply"

    assert read(mails.gmail(ANNA)).answer == "accepted"
    assert read(mails.outlook(ANNA), sender="anna@example.org").answer == "accepted"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"METHOD:REPLY", b"METHOD:REQUEST", "not-an-answer"),
        (b"PARTSTAT=3DACCEPTED", b"PARTSTAT=3DNEEDS-ACTION", "not-an-answer"),
        (b"PARTSTAT=3DACCEPTED", b"PARTSTAT=3DDELEGATED", "not-an-answer"),
        (b"COMMENT;LANGUAGE=3Dnl-NL:Tot dan", b"ATTENDEE;PARTSTAT=3DDECLINED:mailto:a@b.c",
         "not-an-answer"),
        (b"COMMENT;LANGUAGE=3Dnl-NL:Tot dan", b"RECURRENCE-ID:20261201T080000Z", "unreadable"),
        (b"END:VEVENT", b"END:VEVENT\r\nBEGIN:VEVENT\r\nEND:VEVENT", "unreadable"),
        (b"SEQUENCE:0", b"SEQUENCE:99999999999999", "unreadable"),
        (b"SEQUENCE:0", b"SEQUENCE:-1", "unreadable"),
        (b"DTSTAMP", b"X-STAMP", "unreadable"),
        (b"text/calendar", b"text/plain", "not-an-answer"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_ignored_with_its_reason(old: bytes, new: bytes, why: str) -> None:
    """A request, no decision, two who answer, one of a series, two events, no order."""
    raw = mails.outlook(ANNA)
    assert old in raw

    assert reason(raw.replace(old, new)) == why


def test_a_reply_inside_another_mail_is_not_the_senders() -> None:
    """Whoever forwards an answer as an attachment has not answered."""
    inner = mails.outlook(ANNA)
    raw = b'Content-Type: multipart/mixed; boundary="f"\r\n\r\n--f\r\n'
    raw += b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--f--\r\n"

    assert reason(raw) == "not-an-answer"


def test_what_is_too_large_or_too_deep_costs_nothing() -> None:
    """Ten thousand parts in parts, a megabyte of lines, a calendar without an end."""
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(10_000)
    )
    mail_in_mail = b"Content-Type: message/rfc822\r\n\r\n" * 20_000
    long = mails.apple(ANNA).replace(b"SEQUENCE:0", b"X-A:" + b"a\r\n " * 60_000)
    headers = b"A: b\r\n" * 100_000
    started = time.perf_counter()

    found = [reason(raw) for raw in (deep, mail_in_mail, long, b"x" * 2_000_000)]
    reason(headers)

    assert found == ["too-deep", "too-deep", "too-large", "too-large"]
    assert time.perf_counter() - started < 5


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_garbage_raises_nothing(raw: bytes) -> None:
    """Whatever the bytes are, they are ignored with a reason."""
    assert isinstance(read_reply(raw), Ignored)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([*STYLES.values(), mails.counter]),
    st.lists(
        st.tuples(st.integers(0, 2500), st.integers(0, 40), st.binary(max_size=12)), max_size=6
    ),
)
def test_a_damaged_answer_raises_nothing(
    style: object, damage: list[tuple[int, int, bytes]]
) -> None:
    """Bytes cut out of and put into real answers; what is still read is whole."""
    raw = style(ANNA)  # type: ignore[operator]  # one of the styles
    for at, length, instead in damage:
        raw = raw[:at] + instead + raw[at + length :]

    found = read_reply(raw)

    if isinstance(found, Reply):
        assert found.attendee == found.attendee.lower()
        assert 0 <= found.said.sequence < 10**9
        assert found.said.stamp.tzinfo is UTC
