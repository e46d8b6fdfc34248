"""How what is known of a customer is sealed, each piece for its own place."""

from typing import Any

import msgspec

from context.model import Identity, Value
from kernel.ids import Id
from kernel.vault import Cipher


def seal_identity(cipher: Cipher, customer: Id, identity: Identity) -> bytes:
    """Seal who a customer is."""
    return cipher.seal(msgspec.json.encode(identity), place=_of_identity(customer))


def open_identity(cipher: Cipher, customer: Id, sealed: bytes) -> Identity:
    """Open what `seal_identity` sealed for this customer.

    Raises:
        ValueError: It was changed, or moved here from elsewhere.
    """
    return msgspec.json.decode(cipher.open(sealed, place=_of_identity(customer)), type=Identity)


def seal_value(cipher: Cipher, fact: Id, value: Value | None) -> bytes | None:
    """Seal what a fact holds; nothing stays nothing."""
    return None if value is None else cipher.seal(msgspec.json.encode(value), place=_of_fact(fact))


def open_value(cipher: Cipher, fact: Id, sealed: bytes | None) -> Any:
    """Open what `seal_value` sealed for this fact.

    Raises:
        ValueError: It was changed, or moved here from elsewhere.
    """
    return (
        None if sealed is None else msgspec.json.decode(cipher.open(sealed, place=_of_fact(fact)))
    )


def _of_identity(customer: Id) -> str:
    return f"customers.identity:{customer}"


def _of_fact(fact: Id) -> str:
    return f"facts.value:{fact}"
