"""Mails that come back to an invitation: which of them are answers, and what they say; pure.

Whatever is written here was written by anybody. It is bounded before it is parsed, nothing in it is
fetched or run, and of what it says only ids, addresses and times are looked at.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from booking import itip
from booking.itip import Answer, Answered, NoAnswer

Mail: TypeAlias = "Message[Any, Any]"
Why: TypeAlias = itip.Reason | Literal["too-deep", "bounce", "auto-reply", "attendee-unclear"]

MAX_BYTES: Final = 1024 * 1024
MAX_PARTS: Final = 50
MAX_DEPTH: Final = 8

_NESTING: Final = re.compile(rb"boundary|message/", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s<>(),;:\"\\\[\]@]{1,64}@[A-Za-z0-9.-]{1,253}")
_CALENDARS: Final = frozenset({"text/calendar", "application/ics"})
_BY_A_MACHINE: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_OUT_OF_OFFICE: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")
_FOR: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")


class Reply(Struct, frozen=True, kw_only=True):
    """An answer to an invitation.

    Attributes:
        addressed: Every address it went to, in lower case; one of them is to be ours.
        attendee: Whose answer it is, in lower case.
        said: What it says.
    """

    addressed: list[str]
    attendee: str
    said: Answered

    @property
    def answer(self) -> Answer | None:
        """What its attendee says; None where they only propose another time."""
        return self.said.attendees[self.attendee]


class Ignored(Struct, frozen=True, kw_only=True):
    """A mail that is no answer to an invitation, and why not."""

    reason: Why


def read_reply(raw: bytes, *, sender: str | None = None) -> Reply | Ignored:
    """Return the answer in a mail, or why it holds none; whatever the bytes are, nothing is raised.

    Args:
        raw: The whole mail.
        sender: Of its envelope, where that is known; bounces have an empty one.
    """
    if len(raw) > MAX_BYTES:
        return Ignored(reason="too-large")
    # Parts in parts cost more the deeper they are, so they are counted before anybody looks.
    if len(_NESTING.findall(raw)) > MAX_PARTS:
        return Ignored(reason="too-deep")
    try:
        return _read(message_from_bytes(raw, policy=policy.compat32), sender)
    except NoAnswer as problem:
        return Ignored(reason=problem.reason)
    except Exception:  # noqa: BLE001  # the parser's own; a mail can be wrong in any way
        return Ignored(reason="unreadable")


def _read(mail: Mail, sender: str | None) -> Reply | Ignored:
    if _is_bounce(mail, sender):
        return Ignored(reason="bounce")
    if _is_out_of_office(mail):
        return Ignored(reason="auto-reply")
    try:
        said = _answer_in(mail)
    except NoAnswer as problem:
        # Google marks the answers that people give as generated, so only those without any count.
        if problem.reason == "not-an-answer" and _submitted(mail) not in {"", "no"}:
            return Ignored(reason="auto-reply")
        raise
    attendee = _who(said, mail)
    if attendee is None:
        return Ignored(reason="attendee-unclear")
    addressed = [found for name in _FOR for found in _addresses(mail, name)]
    if said.organizer:
        addressed.append(said.organizer)
    return Reply(addressed=list(dict.fromkeys(addressed)), attendee=attendee, said=said)


def _is_bounce(mail: Mail, sender: str | None) -> bool:
    """Tell whether a machine reports what became of a mail (RFC 3464, RFC 8098)."""
    back = mail.get("Return-Path")
    return (
        (sender is not None and _is_null(sender))
        or (back is not None and _is_null(str(back)))
        or mail.get_content_type() == "multipart/report"
    )


def _is_null(sender: str) -> bool:
    # Postfix writes the null sender with a name, unless it is told otherwise.
    return sender.strip().strip("<>").lower() in {"", "mailer-daemon"}


def _is_out_of_office(mail: Mail) -> bool:
    """Tell whether a machine answers in place of a person (RFC 3834)."""
    return (
        _submitted(mail) == "auto-replied"
        or str(mail.get("Precedence", "")).strip().lower() in _BY_A_MACHINE
        or any(name in mail for name in _OUT_OF_OFFICE)
    )


def _submitted(mail: Mail) -> str:
    value = str(mail.get("Auto-Submitted", "")).strip().lower()
    # Parameters and comments may follow the word (RFC 3834, 5).
    return re.split(r"[\s;(]", value, maxsplit=1)[0]


def _answer_in(mail: Mail) -> Answered:
    """Return the first answer among the parts of a mail.

    Raises:
        NoAnswer: None of them is one.
    """
    problem = NoAnswer("not-an-answer")
    for part in _parts(mail, MAX_DEPTH):
        if part.get_content_type() not in _CALENDARS:
            continue
        method = part.get_param("method")
        try:
            return itip.read(_text(part), method=method if isinstance(method, str) else None)
        except NoAnswer as found:
            if problem.reason == "not-an-answer":
                problem = found
    raise problem


def _parts(mail: Mail, depth: int) -> Iterator[Mail]:
    """Yield what a mail consists of; a mail inside it is somebody else's."""
    if mail.get_content_maintype() == "message":
        return
    if not mail.is_multipart():
        yield mail
        return
    if depth == 0:
        return
    for part in mail.get_payload():
        if isinstance(part, Message):
            yield from _parts(part, depth - 1)


def _text(part: Mail) -> bytes:
    """Return the content of a part in UTF-8."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        raise NoAnswer("unreadable")
    if len(raw) > itip.MAX_BYTES:
        raise NoAnswer("too-large")
    # All that is looked at is ASCII, so of other charsets only those that are not matter.
    charset = str(part.get_content_charset("utf-8"))
    return raw.decode(charset, "replace").encode() if charset.startswith("utf-16") else raw


def _who(said: Answered, mail: Mail) -> str | None:
    """Return whose answer it is: a counter-proposal may list everybody who is invited."""
    if len(said.attendees) == 1:
        return next(iter(said.attendees))
    senders = [one for one in _addresses(mail, "From") if one in said.attendees]
    return senders[0] if len(senders) == 1 else None


def _addresses(mail: Mail, name: str) -> Iterator[str]:
    for header in mail.get_all(name, []):
        yield from (found.lower() for found in _ADDRESS.findall(str(header)))
