"""Mail by SMTP: one connection, one message, one recipient."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from notifications.channels.port import Message, NotNow, Receipt, Refused
from notifications.mime import to_mail

STEP_SECONDS: Final = 20.0
"""How long the server may take for one answer."""

TOTAL_SECONDS: Final = 60.0
"""How long the whole may take; less than a lease, so that nobody else begins meanwhile."""

_PORTS: Final = {"smtp": 25, "smtps": 465}
_SUBMISSION: Final = 587
_PERMANENT: Final = 500

# What a server says here is about us, not about the message: it will pass once that is mended.
_ABOUT_US: Final = (
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
)


class SmtpChannel:
    """Hands mails to an SMTP server.

    ``smtp://user:password@host:587`` encrypts with STARTTLS, and insists on it unless the server is
    this very machine; ``smtps://`` is encrypted from the first byte.

    Args:
        url: Where the server is, and who we are there; both parts percent-encoded.
        tls: Whom to trust, in place of the machine's own authorities.

    Raises:
        ValueError: The address is not of this form.
    """

    name = "email"

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        parsed = urlsplit(url)
        if parsed.scheme not in _PORTS or not parsed.hostname:
            raise ValueError("an SMTP address looks like smtp://user:password@host:587")
        self._host = parsed.hostname
        self._user = unquote(parsed.username) if parsed.username else None
        self._password = unquote(parsed.password) if parsed.password else None
        usual = _SUBMISSION if self._user and parsed.scheme == "smtp" else _PORTS[parsed.scheme]
        self._port = parsed.port or usual
        self._encrypted = parsed.scheme == "smtps"
        self._tls = tls

    async def send(self, message: Message) -> Receipt:
        """Hand the mail over."""
        mail = to_mail(message).as_bytes()
        receipt: Receipt | None = None
        with _in_our_words():
            try:
                async with asyncio.timeout(TOTAL_SECONDS), self._connected() as client:
                    _, answer = await client.sendmail(
                        message.from_address, [message.to_address], mail
                    )
                    receipt = Receipt(reference=answer)
            except TimeoutError:
                # Once the server has taken the mail, time that runs out changes nothing.
                if receipt is None:
                    raise
        return receipt

    async def check(self) -> str | None:
        """Return why the server cannot be used, as a code; null when it can."""
        try:
            with _in_our_words():
                async with asyncio.timeout(TOTAL_SECONDS), self._connected() as client:
                    await client.noop()
        except (NotNow, Refused) as problem:
            return problem.reason
        return None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Connect and sign in; how the server takes our good-bye afterwards changes nothing."""
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._encrypted,
            start_tls=self._start_tls(),
            tls_context=self._tls,
            timeout=STEP_SECONDS,
        )
        try:
            await client.connect()
            yield client
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    def _start_tls(self) -> bool | None:
        if self._encrypted:
            return False
        return None if _is_this_machine(self._host) else True


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Say what a server answered as a code, without its words: they quote the address."""
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as refused:
        raise _verdict(refused.recipients[0].code) from None
    except _ABOUT_US as refused:
        raise NotNow(f"smtp-{refused.code}") from None
    except aiosmtplib.SMTPResponseException as refused:
        raise _verdict(refused.code) from None
    except TimeoutError:
        raise NotNow("timeout") from None
    except (aiosmtplib.SMTPException, OSError):
        raise NotNow("connection") from None


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _verdict(code: int) -> NotNow | Refused:
    reason = f"smtp-{code}"
    return Refused(reason) if code >= _PERMANENT else NotNow(reason)
