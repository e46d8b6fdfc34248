"""Requests that are signed as Standard Webhooks 1.0 signs: HMAC-SHA256 over id, time and body."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from kernel.crypto import Secret
from kernel.errors import Unauthenticated

PREFIX: Final = "whsec_"
SHORTEST_KEY: Final = 24
TOLERANCE_SECONDS: Final = 300
_LONGEST_MOMENT: Final = 11


def require_signature(
    secret: Secret | None, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> None:
    """Refuse mail from whoever does not have the secret of this door (Standard Webhooks 1.0).

    Raises:
        Unauthenticated: The signature does not fit, is too old, or the door is closed.
    """
    key = signing_key(secret) if secret else None
    if key is None:
        raise Unauthenticated("No mail is received here.")
    identifier = headers.get("webhook-id", "")
    moment = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    if not (moment.isascii() and moment.isdigit() and len(moment) <= _LONGEST_MOMENT):
        raise Unauthenticated("Sign the mail as Standard Webhooks does: webhook-timestamp is none.")
    if abs(now.timestamp() - int(moment)) > TOLERANCE_SECONDS:
        raise Unauthenticated("The signature is too old or too new; sign again.")
    mac = hmac.digest(key, f"{identifier}.{moment}.".encode() + body, "sha256")
    good = f"v1,{base64.b64encode(mac).decode()}".encode()
    # Every one is compared, so that time tells nothing; a secret is replaced with two of them.
    if not sum(hmac.compare_digest(good, one.encode()) for one in given):
        raise Unauthenticated("No signature fits; is this the secret of this installation?")


def signing_key(secret: Secret) -> bytes | None:
    """Return the bytes behind a ``whsec_…`` secret; None if it is none."""
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if text.startswith(PREFIX) and len(key) >= SHORTEST_KEY else None
