"""The address that answers to an invitation go to: it says for which booking, and proves it.

``reply+<booking>.<signature>@<domain>`` is at most 64 characters long before the at sign and all in
small letters, as mail servers like it. The signature is over tenant, booking and purpose, so nobody
can make an address who was not sent one, and none can be turned into another booking's.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from kernel import ids
from kernel.crypto import Keyring
from kernel.ids import Id

DOMAIN: Final = re.compile(r"(?=.{1,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

_LOCAL: Final = re.compile(r"reply\+([0-9a-z]{26})\.([a-z2-7]{24})")
_PURPOSE: Final = b"answer-to-invitation"
_SIGNATURE: Final = 15
"""Bytes, so that it fills 24 letters of base 32: 120 bits, tried one mail at a time."""


class Addressed(Struct, frozen=True, kw_only=True):
    """Which booking an address is about, and whose that is."""

    tenant: Id
    booking: Id


class ReplyAddresses:
    """Makes and reads addresses at one domain.

    Args:
        keyring: Signs them.
        domain: Where mail for them is received; None where none is.
    """

    def __init__(self, keyring: Keyring, domain: str | None) -> None:
        self._key = keyring.key("reply-address")
        self.domain = domain

    def address(self, tenant: Id, booking: Id) -> str | None:
        """Return where answers about a booking go; None where no answers are received."""
        if self.domain is None:
            return None
        tail = booking.rpartition("_")[2]
        return f"reply+{tail}.{self._signature(tenant, booking)}@{self.domain}"

    def candidates(self, addresses: Iterable[str]) -> list[tuple[Id, str]]:
        """Return bookings and signatures of the addresses that look like ours."""
        found: dict[tuple[Id, str], None] = {}
        for address in addresses:
            local, _, domain = address.strip().strip("<>").lower().rpartition("@")
            parts = _LOCAL.fullmatch(local)
            if parts and self.domain is not None and domain == self.domain:
                found[f"bkg_{parts[1]}", parts[2]] = None
        return list(found)

    def read(self, addresses: Iterable[str], tenants: Sequence[Id]) -> Addressed | None:
        """Return what the first good one of the addresses is about; None if none is good.

        A signature fits one organisation only, so it tells which one it is: nothing about bookings
        needs to be kept where no organisation is named yet.
        """
        for booking, signature in self.candidates(addresses):
            for tenant in tenants:
                if self._fits(tenant, booking, signature):
                    return Addressed(tenant=tenant, booking=booking)
        return None

    def _fits(self, tenant: Id, booking: Id, signature: str) -> bool:
        try:
            good = self._signature(tenant, booking)
        except ValueError:  # the letters are no id
            return False
        return hmac.compare_digest(good, signature)

    def _signature(self, tenant: Id, booking: Id) -> str:
        signed = ids.to_uuid("ten", tenant).bytes + ids.to_uuid("bkg", booking).bytes + _PURPOSE
        mac = hmac.digest(self._key, signed, "sha256")[:_SIGNATURE]
        return base64.b32encode(mac).decode().lower()
