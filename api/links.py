"""Links in mails: what they may do is sealed inside, so they can be written again in a later mail.

A token names its tenant, its subject and a generation, signed for one kind of use. Nothing is
stored. Raising a booking's generation ends every older link to it.
"""

from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from kernel import ids
from kernel.crypto import Keyring
from kernel.errors import Gone, NotFound
from kernel.ids import Id

LinkKind = Literal["manage", "intake"]

_ID: Final = 16
_PURPOSES: Final = ("rate-notices",)

NO_FEED: Final = "There is no calendar at this address, or its link has been replaced or revoked."


class LinkInvalid(NotFound):
    """A link that never was one, or was cut off on its way."""

    code = "link-invalid"
    title = "This link does not work"


class LinkExpired(Gone):
    """A link that has ended: revoked, replaced, used or too old."""

    code = "link-expired"
    title = "This link has ended"


class BookingLink(Struct, frozen=True, kw_only=True):
    """What a manage or intake link stands for.

    *mailed* tells a link that went to the customer's own address from one that was shown to
    whoever booked: that may have been anybody.
    """

    kind: LinkKind
    tenant: Id
    booking: Id
    generation: int
    mailed: bool


class StopLink(Struct, frozen=True, kw_only=True):
    """What an unsubscribe link stands for."""

    tenant: Id
    customer: Id
    purpose: str


class FeedLink(Struct, frozen=True, kw_only=True):
    """What the link to a calendar's feed stands for."""

    tenant: Id
    account: Id
    generation: int


class Links:
    """Writes and reads links under one public address."""

    def __init__(self, keyring: Keyring, public_url: str) -> None:
        self._keyring = keyring
        self.public_url = public_url.rstrip("/")

    def booking_token(self, link: BookingLink) -> str:
        """Return the token of a manage or intake link."""
        payload = (
            ids.to_uuid("ten", link.tenant).bytes
            + ids.to_uuid("bkg", link.booking).bytes
            + link.generation.to_bytes(2, "big")
            + bytes([link.mailed])
        )
        return self._keyring.sign(payload, use=f"link:{link.kind}")

    def read_booking(self, token: str, *kinds: LinkKind) -> BookingLink:
        """Return what the token stands for, if it is one of these kinds.

        Raises:
            LinkInvalid: It is not.
        """
        for kind in kinds:
            try:
                payload = self._keyring.verify(token, use=f"link:{kind}")
            except ValueError:
                continue
            return BookingLink(
                kind=kind,
                tenant=_id("ten", payload[:_ID]),
                booking=_id("bkg", payload[_ID : 2 * _ID]),
                generation=int.from_bytes(payload[2 * _ID : -1], "big"),
                mailed=bool(payload[-1]),
            )
        raise LinkInvalid("This link is not complete. Open it from the mail again.")

    def url(self, kind: LinkKind, tenant: Id, booking: Id, generation: int, *, mailed: bool) -> str:
        """Return the address where a customer changes, cancels or prepares a meeting."""
        link = BookingLink(
            kind=kind, tenant=tenant, booking=booking, generation=generation, mailed=mailed
        )
        return f"{self.public_url}/{kind}/{self.booking_token(link)}"

    def stop_token(self, tenant: Id, customer: Id, purpose: str) -> str:
        """Return the token of a link that stops one kind of message."""
        payload = (
            ids.to_uuid("ten", tenant).bytes
            + ids.to_uuid("cus", customer).bytes
            + bytes([_PURPOSES.index(purpose)])
        )
        return self._keyring.sign(payload, use="link:stop")

    def stop_url(self, tenant: Id, customer: Id, purpose: str) -> str:
        """Return the address where a customer stops one kind of message."""
        return f"{self.public_url}/unsubscribe/{self.stop_token(tenant, customer, purpose)}"

    def read_stop(self, token: str) -> StopLink:
        """Return what an unsubscribe token stands for.

        Raises:
            LinkInvalid: It is none.
        """
        payload = self._verify(token, "link:stop")
        return StopLink(
            tenant=_id("ten", payload[:_ID]),
            customer=_id("cus", payload[_ID : 2 * _ID]),
            purpose=_PURPOSES[payload[2 * _ID]],
        )

    def feed_url(self, link: FeedLink) -> str:
        """Return the address where calendar programs read a calendar that we keep."""
        payload = (
            ids.to_uuid("ten", link.tenant).bytes
            + ids.to_uuid("acc", link.account).bytes
            + link.generation.to_bytes(4, "big")
        )
        token = self._keyring.sign(payload, use="link:calendar-feed")
        return f"{self.public_url}/calendars/{token}.ics"

    def read_feed(self, token: str) -> FeedLink:
        """Return what the token in a feed's address stands for.

        Raises:
            LinkInvalid: It is none.
        """
        try:
            payload = self._keyring.verify(token, use="link:calendar-feed")
        except ValueError:
            raise LinkInvalid(NO_FEED) from None
        return FeedLink(
            tenant=_id("ten", payload[:_ID]),
            account=_id("acc", payload[_ID : 2 * _ID]),
            generation=int.from_bytes(payload[2 * _ID :], "big"),
        )

    def sign_in_url(self, sign_in: Id) -> str:
        """Return the address that a sign-in mail holds."""
        token = self._keyring.sign(ids.to_uuid("sgn", sign_in).bytes, use="link:sign-in")
        return f"{self.public_url}/console/sign-in/{token}"

    def read_sign_in(self, token: str) -> Id:
        """Return the sign-in a token stands for.

        Raises:
            LinkInvalid: It is none.
        """
        return _id("sgn", self._verify(token, "link:sign-in"))

    def _verify(self, token: str, use: str) -> bytes:
        try:
            return self._keyring.verify(token, use=use)
        except ValueError:
            raise LinkInvalid("This link is not complete. Open it from the mail again.") from None


def _id(prefix: str, raw: bytes) -> Id:
    return ids.to_text(prefix, UUID(bytes=raw))
