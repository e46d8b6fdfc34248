"""Tells whether a webhook is from the service, and reads it.

The scheme is Standard Webhooks 1.0: HMAC-SHA256 over ``id.timestamp.body``, with the bytes behind
the base64 of a ``whsec_…`` secret; the header may hold several signatures while a secret is being
replaced.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from spreekuur.errors import SignatureInvalid

TOLERANCE: Final = dt.timedelta(minutes=5)
_PREFIX: Final = "whsec_"
_SCHEME: Final = "v1"


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened; it carries ids and times, never personal data.

    Attributes:
        id: The same at every attempt to deliver this event: keep it, to act only once.
        sent_at: When this attempt was signed.
        type: What happened, such as ``booking.confirmed``.
        payload: The whole body.
    """

    id: str
    sent_at: dt.datetime
    type: str
    payload: dict[str, Any]


def unwrap(
    body: bytes | str,
    headers: Mapping[str, str],
    *,
    secret: str,
    tolerance: dt.timedelta = TOLERANCE,
    now: dt.datetime | None = None,
) -> Event:
    """Return the event in a webhook, after checking that the service sent it.

    Args:
        body: The body exactly as it came in, before any JSON was read.
        headers: The request's headers, in any case.
        secret: The endpoint's ``whsec_…`` secret.
        tolerance: How far its time may be from ours.
        now: An aware instant to judge it by, instead of this machine's clock.

    Raises:
        SignatureInvalid: It is not from the service, was changed, or is too old or too new.
        ValueError: *secret* is not a webhook secret.
    """
    verify(body, headers, secret=secret, tolerance=tolerance, now=now)
    lower = _lower(headers)
    try:
        payload = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise SignatureInvalid("The webhook is signed well, but holds no JSON object.") from error
    return Event(
        id=lower["webhook-id"],
        sent_at=dt.datetime.fromtimestamp(int(lower["webhook-timestamp"]), dt.UTC),
        type=str(payload.get("type", "")),
        payload=payload,
    )


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    *,
    secret: str,
    tolerance: dt.timedelta = TOLERANCE,
    now: dt.datetime | None = None,
) -> None:
    """Check that the service sent a webhook; see ``unwrap`` for the arguments.

    Raises:
        SignatureInvalid: It is not from the service, was changed, or is too old or too new.
        ValueError: *secret* is not a webhook secret.
    """
    lower = _lower(headers)
    try:
        event_id, moment = lower["webhook-id"], lower["webhook-timestamp"]
        signatures = lower["webhook-signature"].split()
    except KeyError as missing:
        raise SignatureInvalid(f"The header {missing} is missing.") from None
    if not re.fullmatch(r"\d{1,11}", moment, re.ASCII):
        raise SignatureInvalid("webhook-timestamp is not a whole number of seconds.")
    today = time.time() if now is None else now.timestamp()
    if abs(today - int(moment)) > tolerance.total_seconds():
        raise SignatureInvalid("The webhook is too old or too new; it may be a repetition.")
    expected = sign(body, event_id, int(moment), secret=secret).encode()
    # Every signature is compared, each in constant time, so that timing tells nothing.
    if not sum(hmac.compare_digest(expected, found.encode()) for found in signatures):
        raise SignatureInvalid("No signature fits; is this the secret of this endpoint?")


def sign(body: bytes | str, event_id: str, timestamp: int, *, secret: str) -> str:
    """Return the signature of a webhook, as the service makes it.

    Raises:
        ValueError: *secret* is not a webhook secret.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("A webhook secret is whsec_ and base64; this is not one.")
    raw = body.encode() if isinstance(body, str) else body
    signed = f"{event_id}.{timestamp}.".encode() + raw
    digest = hmac.digest(key, signed, hashlib.sha256)
    return f"{_SCHEME},{base64.b64encode(digest).decode()}"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
