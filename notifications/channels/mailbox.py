"""A mailbox on disk instead of a mail server: the demo shows what would have been sent."""

import asyncio
import re
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

from msgspec import Struct

from notifications.channels.port import Message, Receipt
from notifications.mime import to_mail

_LINK: Final = re.compile(r"https?://[^\s<>\"]+")


class Mail(Struct, frozen=True, kw_only=True):
    """A mail as its recipient finds it.

    Attributes:
        links: Every link in the text, in order.
        ics: The invitation, where there is one; *method* is what it asks for.
        headers: All headers, decoded.
    """

    id: str
    date: datetime
    subject: str
    sender: str
    to: str
    text: str
    html: str
    links: list[str]
    ics: str | None
    method: str | None
    headers: dict[str, str]


class Mailbox:
    """Keeps every mail as a file ``.eml``, which any mail program opens."""

    name = "email"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._one_at_a_time = Lock()

    async def send(self, message: Message) -> Receipt:
        """Put the mail in the box; the same message sent twice is there once."""
        return await asyncio.to_thread(self._put, message)

    def messages(self) -> list[Mail]:
        """Return every mail, the one that came last first."""
        paths = sorted(self._directory.glob("*.eml"), reverse=True)
        return [read_mail(path.read_bytes()) for path in paths]

    def _put(self, message: Message) -> Receipt:
        mail = to_mail(message).as_bytes()
        name = re.sub(r"[^a-z0-9-]+", "-", message.message_id.lower()).strip("-")
        with self._one_at_a_time:
            self._directory.mkdir(parents=True, exist_ok=True)
            path = self._path(name)
            # Whoever lists the box meanwhile must not find half a mail.
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(mail)
            unfinished.replace(path)
        return Receipt(reference=path.name)

    def _path(self, name: str) -> Path:
        """Return the file of the mail called so; a new one gets the next number."""
        for path in self._directory.glob(f"*_{name}.eml"):
            return path
        last = max(self._directory.glob("*.eml"), default=None)
        number = int(last.name.partition("_")[0]) + 1 if last else 1
        return self._directory / f"{number:06}_{name}.eml"


def read_mail(raw: bytes) -> Mail:
    """Read a mail back from its bytes."""
    mail: EmailMessage = BytesParser(policy=policy.default).parsebytes(raw)
    text = _part(mail, "plain")
    calendar = next((p for p in mail.walk() if p.get_content_type() == "text/calendar"), None)
    method = calendar.get_param("method") if calendar else None
    return Mail(
        id=str(mail["Message-ID"]).strip("<>"),
        date=parsedate_to_datetime(str(mail["Date"])),
        subject=str(mail["Subject"]),
        sender=str(mail["From"]),
        to=str(mail["To"]),
        text=text,
        html=_part(mail, "html"),
        links=list(dict.fromkeys(_LINK.findall(text))),
        ics=_content(calendar) if calendar else None,
        method=str(method) if method else None,
        headers={name: str(value) for name, value in mail.items()},
    )


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body(preferencelist=(kind,))
    return _content(body) if body else ""


def _content(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n")
