"""Answers to an invitation, in the manner of the programs that people have."""

import base64
import quopri
from datetime import UTC, datetime

from msgspec import Struct

STAMP = datetime(2026, 11, 30, 8, 5, 0, tzinfo=UTC)


class Answering(Struct, frozen=True, kw_only=True):
    """What somebody answers, and to which invitation."""

    to: str = "reply+x@answers.bank.example"
    uid: str = "bkg_1@bank.example"
    who: str = "anna@example.org"
    partstat: str = "ACCEPTED"
    sequence: int = 0
    stamp: datetime = STAMP
    start: str = "20261201T080000Z"
    end: str = "20261201T090000Z"


def gmail(given: Answering) -> bytes:
    """As Google Calendar answers: marked as generated, base64, and attached once more."""
    ics = _ics(
        "METHOD:REPLY",
        f"DTSTART:{given.start}",
        f"DTEND:{given.end}",
        f"DTSTAMP:{given.stamp:%Y%m%dT%H%M%SZ}",
        f"ORGANIZER;CN=Sanne Visser:mailto:{given.to}",
        f"UID:{given.uid}",
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;"
        f"PARTSTAT={given.partstat};CN=Anna;X-NUM-GUESTS=0:mailto:{given.who}",
        f"SEQUENCE:{given.sequence}",
        "STATUS:CONFIRMED",
        product="-//Google Inc//Google Calendar 70.9054//EN",
    )
    encoded = base64.encodebytes(ics).decode()
    return _mail(
        f"From: Anna de Vries <{given.who}>",
        f"To: {given.to}",
        "Sender: Google Calendar <calendar-notification@google.com>",
        "Auto-Submitted: auto-generated",
        "Message-ID: <calendar-4f2a@google.com>",
        "Subject: Accepted: Hypotheekgesprek",
        'Content-Type: multipart/mixed; boundary="outer"',
        body=f"""--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset="UTF-8"; format=flowed

Anna has answered. Note: see you there.

--inner
Content-Type: text/html; charset="UTF-8"

<p>Anna has answered.</p>
--inner
Content-Type: text/calendar; charset="UTF-8"; method=REPLY
Content-Transfer-Encoding: base64

{encoded}
--inner--
--outer
Content-Type: application/ics; name="invite.ics"
Content-Disposition: attachment; filename="invite.ics"
Content-Transfer-Encoding: base64

{encoded}
--outer--
""",
    )


def outlook(given: Answering, *, method: str = "REPLY", zone: str | None = None) -> bytes:
    """As Exchange answers: quoted-printable, folded, MAILTO in capitals, zones of Windows."""
    at = f";TZID={zone}" if zone else ""
    ics = _ics(
        f"METHOD:{method}",
        "BEGIN:VTIMEZONE",
        "TZID:W. Europe Standard Time",
        "BEGIN:STANDARD",
        "DTSTART:16010101T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=SECONDLY;BYDAY=-1SU;BYMONTH=10",
        "END:STANDARD",
        "END:VTIMEZONE",
        f'ATTENDEE;PARTSTAT={given.partstat};CN="Vries; PARTSTAT=DELEGATED: Anna\r\n  de"'
        f":MAILTO:{given.who.upper()}",
        "COMMENT;LANGUAGE=nl-NL:Tot dan",
        f"UID:{given.uid[:12]}\r\n {given.uid[12:]}",
        f"DTSTART{at}:{given.start}",
        f"DTEND{at}:{given.end}",
        f"DTSTAMP:{given.stamp:%Y%m%dT%H%M%SZ}",
        f"SEQUENCE:{given.sequence}",
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        "BEGIN:VALARM",
        "TRIGGER:-PT15M",
        "UID:of-the-alarm",
        "END:VALARM",
        product="Microsoft Exchange Server 2010",
    )
    return _mail(
        f'From: "Vries, Anna de" <{given.who}>',
        f"To: Sanne Visser <{given.to}>",
        "Subject: Geaccepteerd: Hypotheekgesprek",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        'Content-Type: multipart/alternative; boundary="_000_"',
        body=f"""--_000_
Content-Type: text/plain; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

Tot dan

--_000_
Content-Type: text/calendar; charset="utf-8"; method={method}
Content-Transfer-Encoding: quoted-printable

{quopri.encodestring(ics).decode()}
--_000_--
""",
    )


def apple(given: Answering) -> bytes:
    """As Apple's Calendar answers: a plain part, no organiser, and a file beside it."""
    ics = _ics(
        "CALSCALE:GREGORIAN",
        "METHOD:REPLY",
        f"DTSTAMP:{given.stamp:%Y%m%dT%H%M%SZ}",
        f"UID:{given.uid}",
        f"SEQUENCE:{given.sequence}",
        f"DTSTART;TZID=Europe/Amsterdam:{given.start.removesuffix('Z')}",
        f"DTEND;TZID=Europe/Amsterdam:{given.end.removesuffix('Z')}",
        f"ATTENDEE;CN=Anna;EMAIL={given.who};PARTSTAT={given.partstat}:mailto:{given.who}",
        product="-//Apple Inc.//macOS 15.1//EN",
    )
    return _mail(
        f"From: Anna <{given.who}>",
        f"To: {given.to}",
        "Subject: Afgewezen: Hypotheekgesprek",
        'Content-Type: multipart/alternative; boundary="Apple-Mail=_1"',
        body=f"""--Apple-Mail=_1
Content-Type: text/plain; charset=us-ascii

Anna has answered.
--Apple-Mail=_1
Content-Type: multipart/mixed; boundary="Apple-Mail=_2"

--Apple-Mail=_2
Content-Type: text/html; charset=us-ascii

<p>Anna has answered.</p>
--Apple-Mail=_2
Content-Disposition: attachment; filename=iCal-20261130.ics
Content-Type: text/calendar; charset=utf-8; name=iCal-20261130.ics
Content-Transfer-Encoding: 8bit

{ics.decode()}
--Apple-Mail=_2--
--Apple-Mail=_1--
""",
    )


def counter(given: Answering) -> bytes:
    """As somebody answers who proposes another time from Outlook."""
    return outlook(given, method="COUNTER", zone='"W. Europe Standard Time"')


def out_of_office(given: Answering) -> bytes:
    """As an absent person's server answers, here one that even sends the reply along."""
    return b"Auto-Submitted: auto-replied (vacation)\r\n" + gmail(given).replace(
        b"Auto-Submitted: auto-generated\r\n", b""
    )


def bounce(given: Answering) -> bytes:
    """As a server reports that a mail could not be brought."""
    return _mail(
        "Return-Path: <>",
        "From: MAILER-DAEMON@example.org",
        f"To: {given.to}",
        "Auto-Submitted: auto-replied",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        body="""--b
Content-Type: text/plain

I could not deliver it.
--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; anna@example.org
Action: failed
Status: 5.1.1
--b--
""",
    )


def _ics(*lines: str, product: str) -> bytes:
    """Put lines into an object: those up to a METHOD or VTIMEZONE stand before the event."""
    last = max(
        index
        for index, line in enumerate(lines)
        if line.startswith(("METHOD", "CALSCALE", "END:VTIMEZONE"))
    )
    head, event = lines[: last + 1], lines[last + 1 :]
    whole = ["BEGIN:VCALENDAR", f"PRODID:{product}", "VERSION:2.0", *head, "BEGIN:VEVENT", *event]
    return "\r\n".join([*whole, "END:VEVENT", "END:VCALENDAR", ""]).encode()


def _mail(*headers: str, body: str) -> bytes:
    whole = "\n".join([*headers, "MIME-Version: 1.0", "", body])
    return whole.replace("\r\n", "\n").replace("\n", "\r\n").encode()
