"""What a channel is: it takes a message, and says whether it was accepted.

A message is *accepted* when the next system has taken responsibility for it. *NotNow* means that
trying again later may help; *Refused* means that it will not. Neither says more than a code, since
what servers answer quotes the address.
"""

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct


class Message(Struct, frozen=True, kw_only=True):
    """One message to one person, ready to leave.

    Attributes:
        invitation: The iCalendar object that goes with it; *method* is its METHOD.
        message_id: The same at every attempt, so that a mailbox can drop a duplicate.
        headers: More headers, by name (``List-Unsubscribe``).
    """

    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    from_name: str
    from_address: str
    reply_to: str
    message_id: str
    date: datetime
    invitation: bytes | None = None
    method: Literal["REQUEST", "CANCEL"] | None = None
    headers: dict[str, str] = {}


class Receipt(Struct, frozen=True, kw_only=True):
    """The next system has the message; *reference* is its own name for it, where it gives one."""

    reference: str | None = None


class Channel(Protocol):
    """Brings a message to a person."""

    name: str

    async def send(self, message: Message) -> Receipt:
        """Hand the message over.

        Raises:
            NotNow: It was not accepted; trying again later may help.
            Refused: It was not accepted, and will not be.
            HeaderRefused: It is not safe to send as it is.
        """
        ...


class NotNow(Exception):
    """The channel cannot take the message now; *reason* is a code without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(Exception):
    """The channel will never take this message; *reason* is a code without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
