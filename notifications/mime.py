"""Mails as bytes, and a gate that no text passes into a header it could change.

The gate stands before the standard library: it folds ``=?utf-8?q?=0D=0ABcc=3A…?=`` in a subject
into a real ``Bcc`` line (the class of CVE-2024-6923).
"""

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from notifications.channels.port import Message
from notifications.errors import HeaderRefused

# Some atoms, an at sign, and a host name: what people have, not all that RFC 5322 allows.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)
_LONGEST_ADDRESS: Final = 254
_LONGEST_VALUE: Final = 900
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the order of letters round, with which one name can be shown as another.
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNFOLDED: Final = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


class _MailPolicy(EmailPolicy):
    """As SMTP wants it, but with links in one piece.

    The folder turns a long link into an encoded word, and then no mail program finds it.
    """

    def fold(self, name: str, value: str) -> str:
        """Fold a header, unless it holds a link."""
        return self._whole(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Fold a header, unless it holds a link."""
        return self._whole(name, value).encode() or super().fold_binary(name, value)

    def _whole(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _UNFOLDED else ""


_POLICY: Final[Any] = _MailPolicy(linesep="\r\n", raise_on_defect=True)


def to_mail(message: Message) -> EmailMessage:
    """Build the mail: text and HTML, and the invitation both inside and attached (RFC 6047).

    Calendars of different makers look in different places: some take the part typed
    ``text/calendar`` beside the text, others only an attached file. Both are the same bytes.

    Raises:
        HeaderRefused: A text would change the headers.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["Message-ID"] = _checked("Message-ID", message.message_id)
    mail["Date"] = format_datetime(message.date)
    mail["From"] = _address("From", message.from_name, message.from_address)
    mail["Reply-To"] = _address("Reply-To", "", message.reply_to)
    mail["To"] = _address("To", message.to_name, message.to_address)
    mail["Subject"] = _checked("Subject", message.subject)
    # RFC 3834: nobody's out-of-office answers this.
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in message.headers.items():
        mail[name] = _ascii(name, value)
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    if message.invitation is not None:
        mail.add_alternative(
            message.invitation.decode(),
            subtype="calendar",
            params={"method": message.method or "REQUEST"},
            cte="base64",
        )
        mail.add_attachment(
            message.invitation, maintype="application", subtype="ics", filename="invite.ics"
        )
    return mail


def _address(header: str, name: str, address: str) -> Address:
    """Return one address; a comma in it can never make it two."""
    _checked(header, address)
    if not _ADDRESS.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        raise HeaderRefused(header)
    return Address(display_name=_checked(header, name), addr_spec=address)


def _ascii(header: str, value: str) -> str:
    if not value.isascii():
        raise HeaderRefused(header)
    return _checked(header, value)


def _checked(header: str, value: str) -> str:
    """Return *value* if it can only be a value, both as it stands and once decoded."""
    value = unicodedata.normalize("NFC", value)
    if "=?" in value or len(value) > _LONGEST_VALUE:
        raise HeaderRefused(header)
    try:
        decoded = str(make_header(decode_header(value)))
    except (HeaderParseError, ValueError, LookupError):
        raise HeaderRefused(header) from None
    if not (_harmless(value) and _harmless(decoded)):
        raise HeaderRefused(header)
    return value


def _harmless(value: str) -> bool:
    return not any(
        unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _TURNING
        for character in value
    )
