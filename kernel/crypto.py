"""Everything that rests on the secret key: derived keys, sealed values and signed tokens."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION: Final = b"\x01"


class Secret:
    """A value that must not be printed."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class Keyring:
    """The keys of one installation, each derived from the secret key for one use.

    After the secret key was changed, what rests on those *before* it still opens and verifies;
    what is sealed or signed anew rests on the present one.
    """

    def __init__(self, secret_key: Secret, *, before: Sequence[Secret] = ()) -> None:
        self._roots = [each.reveal().encode() for each in (secret_key, *before)]
        self._derived: dict[tuple[int, str], bytes] = {}

    def key(self, use: str) -> bytes:
        """Return 32 bytes for *use* (``calendar-credentials``); each use has its own."""
        return self._key(0, use)

    def _key(self, number: int, use: str) -> bytes:
        known = self._derived.get((number, use))
        if known is None:
            hkdf = HKDF(SHA256(), length=32, salt=None, info=use.encode())
            known = self._derived[number, use] = hkdf.derive(self._roots[number])
        return known

    def seal(self, plain: bytes, *, use: str, context: str) -> bytes:
        """Encrypt *plain* (AES-256-GCM), bound to *context*: moved elsewhere it will not open."""
        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self.key(use)).encrypt(nonce, plain, context.encode())
        return _VERSION + nonce + sealed

    def open(self, sealed: bytes, *, use: str, context: str) -> bytes:
        """Decrypt what `seal` returned.

        Raises:
            ValueError: It was changed, moved, or sealed with another key.
        """
        for number in range(len(self._roots)):
            with suppress(InvalidTag):
                cipher = AESGCM(self._key(number, use))
                return cipher.decrypt(sealed[1:13], sealed[13:], context.encode())
        raise ValueError("this sealed value does not open")

    def reseal(self, sealed: bytes, *, use: str, context: str) -> bytes:
        """Return what `seal` returned under whatever secret key, sealed under the present one.

        Raises:
            ValueError: It does not open.
        """
        return self.seal(self.open(sealed, use=use, context=context), use=use, context=context)

    def sign(self, payload: bytes, *, use: str) -> str:
        """Return *payload* and 16 bytes of HMAC-SHA256 over it, as a URL-safe token."""
        return _spelled(payload + hmac.digest(self.key(use), payload, "sha256")[:16])

    def verify(self, token: str, *, use: str) -> bytes:
        """Return the payload of a token that `sign` made for the same use.

        Raises:
            ValueError: It is not such a token.
        """
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise ValueError("not a token") from None
        payload, mac = raw[:-16], raw[-16:]
        good = any(
            hmac.compare_digest(mac, hmac.digest(self._key(number, use), payload, "sha256")[:16])
            for number in range(len(self._roots))
        )
        # A token has exactly one spelling, so that equal tokens are equal texts.
        if not good or _spelled(raw) != token:
            raise ValueError("not a token")
        return payload


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def random_token() -> str:
    """Return 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """Return the SHA-256 of a random token: what is stored in its place.

    A fast hash will do, since 256 random bits cannot be guessed.
    """
    return hashlib.sha256(token.encode()).hexdigest()
