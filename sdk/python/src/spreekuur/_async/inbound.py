"""Mail that a provider received for the service."""

from spreekuur._async.sending import AsyncSender
from spreekuur._request import hand_over


class AsyncInboundCalls:
    """Answers to invitations, as they came in by mail."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def mail(
        self, mail: bytes, *, secret: str, recipient: str | None = None, sender: str | None = None
    ) -> None:
        """Hand over a mail as it came in; nobody is told what becomes of it.

        Args:
            mail: The whole mail, unchanged.
            secret: The installation's ``whsec_…`` secret for received mail.
            recipient: Whom the envelope names, where that is known.
            sender: The same; empty for a bounce.

        Raises:
            ValueError: *secret* is not a webhook secret.
            Unauthenticated: It is not the installation's.
        """
        route = "/v1/inbound/mail"
        call = hand_over(route, mail, secret=secret, recipient=recipient, sender=sender)
        await self._sender.send(call)
