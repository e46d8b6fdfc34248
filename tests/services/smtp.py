"""A real SMTP server on a free port that collects what it accepts, and refuses on request."""

import asyncio
import ssl
from collections import deque
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.services.processes import free_port


class Received:
    """A mail as the server got it."""

    def __init__(self, envelope: Envelope) -> None:
        self.sender = str(envelope.mail_from)
        self.recipients = [str(address) for address in envelope.rcpt_tos]
        content = envelope.content or b""
        self.raw = content if isinstance(content, bytes) else content.encode()

    @property
    def mail(self) -> EmailMessage:
        """The mail, parsed by the standard library."""
        return BytesParser(policy=policy.default).parsebytes(self.raw)


class _Controller(Controller):
    """Runs the server in a thread, and leaves no connection open when it stops."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sessions: list[SMTP] = []

    def factory(self) -> SMTP:
        """Begin a session, and remember it."""
        session: SMTP = super().factory()  # type: ignore[no-untyped-call]  # as shipped
        self._sessions.append(session)
        return session

    def hang_up(self) -> None:
        """Close every connection."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(10)

    async def _hang_up(self) -> None:
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        # The sockets themselves are closed in the next rounds of the loop.
        await asyncio.sleep(0.01)


class SmtpServer:
    """Listens while it is open; a closed one can be opened again on the same port.

    Args:
        tls: With this, it offers STARTTLS.
        password: With this, ``desk`` must sign in with it, and only over TLS.
        host: Where it listens.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        password: str | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.host = host
        self.port = free_port()
        self.received: list[Received] = []
        self.attempts = 0
        self.hang_up_after_mail = False
        self._answers: deque[str] = deque()
        self._options: dict[str, Any] = {"tls_context": tls} if tls else {}
        if password is not None:
            self._options |= {
                "authenticator": _authenticator(password),
                "auth_required": True,
                "require_starttls": True,
            }
        self._controller: _Controller | None = None

    @property
    def url(self) -> str:
        """The address to send to."""
        return f"smtp://{self.host}:{self.port}"

    def answer_next(self, *lines: str) -> None:
        """Answer the next recipients so (``451 4.3.0 busy``); after that, accept again."""
        self._answers.extend(lines)

    def open(self) -> Self:
        """Begin to listen."""
        self._controller = _Controller(
            self,  # aiosmtpd calls the handle_ methods below
            hostname=self.host,
            port=self.port,
            **self._options,
        )
        self._controller.start()
        return self

    def close(self) -> None:
        """Stop listening; what was received stays."""
        if self._controller is not None:
            self._controller.hang_up()
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or give the next scripted answer."""
        self.attempts += 1
        if self._answers:
            return self._answers.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        self.received.append(Received(envelope))
        if self.hang_up_after_mail and server.transport is not None:
            await server.push("250 accepted")
            server.transport.close()
        return "250 accepted"


def _authenticator(password: str) -> Any:
    def check(server: SMTP, session: Session, envelope: Envelope, kind: str, data: Any) -> Any:
        good = isinstance(data, LoginPassword) and data.password == password.encode()
        return AuthResult(success=good, handled=False)

    return check
