"""Mails as bytes, and what cannot get into their headers."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.channels.mailbox import read_mail
from notifications.channels.port import Message
from notifications.errors import HeaderRefused
from notifications.mime import to_mail
from tests.notifications.fakes import NOW

MESSAGE = Message(
    to_name="Anna de Vries",
    to_address="anna@example.org",
    subject="Uw afspraak",
    text="Geachte mevrouw De Vries,\n",
    html="<p>Geachte mevrouw De Vries,</p>",
    from_name="Demobank",
    from_address="afspraken@demobank.example",
    reply_to="mensen@demobank.example",
    message_id="<abc@demobank.example>",
    date=NOW,
)

HEADERS = [
    "Message-ID",
    "Date",
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]

PAYLOADS = [
    "Hi\r\nBcc: evil@x.nl",
    "Hi\nBcc: evil@x.nl",
    "Hi\rBcc: evil@x.nl",
    "Hi\x00there",
    "Hi\x0bthere",
    "Hi\x85Bcc: evil@x.nl",
    "Hi\u2028Bcc: evil@x.nl",
    "Hi =?utf-8?q?=0D=0ABcc=3A_evil=40x=2Enl?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAeC5ubA==?=",
    "=?us-ascii?Q?=0ABcc=3A?= evil@x.nl",
    "=?no-such-charset?q?a?=",
    "Anna \u202egro.elpmaxe@ave\u202c",
    "x" * 2000,
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("field", ["subject", "to_name", "from_name"])
def test_a_text_that_would_change_the_headers_makes_no_mail(field: str, payload: str) -> None:
    """Line ends and control characters are refused, also once they are decoded."""
    hostile: Message = msgspec.structs.replace(MESSAGE, **{field: payload})

    with pytest.raises(HeaderRefused):
        to_mail(hostile)


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org, evil@x.nl",
        "anna@example.org>\r\nBcc: evil@x.nl",
        "<anna@example.org>",
        "Anna <anna@example.org>",
        "anna",
        "anna@",
        "@example.org",
        "anna@exa mple.org",
        "anna@example..org",
        '"a b"@example.org',
        "anna@example.org\n",
        "änna@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 250 + ".org",
        "=?utf-8?q?a?=@example.org",
    ],
)
def test_what_is_not_one_plain_address_makes_no_mail(address: str) -> None:
    """A comma adds nobody, and neither does a line end."""
    with pytest.raises(HeaderRefused):
        to_mail(msgspec.structs.replace(MESSAGE, to_address=address))


@pytest.mark.parametrize(
    "name",
    ["Anna, Bram", 'Anna "de" Vries', "Zoë d'Ancona", "Anna <x@y.nl>", "José Ñandú", "李小龙", ""],
)
def test_an_unusual_name_arrives_as_it_is_written(name: str) -> None:
    """Commas, quotes and letters from elsewhere are part of a name, not of the header."""
    mail = to_mail(msgspec.structs.replace(MESSAGE, to_name=name))

    received = read_mail(mail.as_bytes())

    assert received.headers.keys() == dict.fromkeys(HEADERS).keys()
    (address,) = to_mail(MESSAGE)["To"].addresses
    assert address.addr_spec == "anna@example.org"
    assert name in received.to.replace('\\"', '"')


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_whatever_is_written_the_mail_has_exactly_its_own_headers(subject: str, name: str) -> None:
    """Either there is no mail, or it has the headers we wrote and nobody else's."""
    try:
        raw = to_mail(msgspec.structs.replace(MESSAGE, subject=subject, to_name=name)).as_bytes()
    except HeaderRefused:
        return

    head = raw.split(b"\r\n\r\n", 1)[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    names = [line.split(b":", 1)[0].decode() for line in head.split(b"\r\n")]

    assert names == HEADERS


def test_a_long_link_in_a_header_stays_in_one_piece() -> None:
    """Folded or encoded, a mail program would not find it (RFC 8058)."""
    link = f"<https://afspraken.demobank.example/unsubscribe/{'s' * 200}>"
    mail = to_mail(msgspec.structs.replace(MESSAGE, headers={"List-Unsubscribe": link}))

    assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in mail.as_bytes()


def test_a_long_subject_is_folded_and_reads_back_whole() -> None:
    """Lines stay short enough for every server, and nothing is lost."""
    subject = "De rente ging van 3,60% naar 3,85%: één voorbeeld, " * 4
    raw = to_mail(msgspec.structs.replace(MESSAGE, subject=subject.strip())).as_bytes()

    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert read_mail(raw).subject == subject.strip()


def test_the_invitation_stands_inside_and_is_attached_as_the_same_bytes() -> None:
    """Some calendars read the part beside the text, others only the file (RFC 6047)."""
    ics = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nSUMMARY:één\r\nEND:VCALENDAR\r\n".encode()
    mail = to_mail(msgspec.structs.replace(MESSAGE, invitation=ics, method="CANCEL"))

    mixed = read_mail(mail.as_bytes())
    parts = [part.get_content_type() for part in mail.walk()]

    assert parts == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    inside, attached = (part.get_payload(decode=True) for part in list(mail.walk())[-2:])
    assert inside == attached == ics
    assert mixed.method == "CANCEL"
