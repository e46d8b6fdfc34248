"""Ids: UUIDv7 in the database, a prefix and 26 sortable characters everywhere else.

``bkg_06dvxyhbk5y8h5e4p2c9zq7m3w`` is a booking. The characters are Crockford's base 32 in lower
case (no i, l, o, u), most significant first, so that text order is creation order.
"""

import secrets
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from kernel.errors import NotFound

Id: TypeAlias = str
"""A prefixed id as text; every kind of id in the house is one of these."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_CHARACTERS: Final = frozenset(_ALPHABET)
_AS_PYTHON_SAYS: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""Python counts in base 32 as well, with other letters."""
_LENGTH: Final = 26


def new_id(prefix: str, at: datetime) -> Id:
    """Return a fresh id of the kind *prefix*, sortable by *at*."""
    return to_text(prefix, uuid7(at))


def uuid7(at: datetime) -> UUID:
    """Return a UUID of version 7 for the instant *at*.

    RFC 9562, section 5.7: 48 bits of Unix milliseconds, then 74 random bits.
    """
    milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
    random = secrets.randbits(74)
    return UUID(
        int=(milliseconds << 80)
        | (0x7 << 76)
        | ((random >> 62) << 64)
        | (0b10 << 62)
        | (random & (2**62 - 1))
    )


def to_text(prefix: str, value: UUID) -> Id:
    """Return the text form of *value* as an id of the kind *prefix*."""
    number = value.int
    characters = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(characters)}"


def to_uuid(prefix: str, text: Id) -> UUID:
    """Return the UUID behind *text*.

    Raises:
        ValueError: *text* is no id of the kind *prefix*.
    """
    head, _, tail = text.rpartition("_")
    value = _uuid(tail)
    if head != prefix or value is None:
        raise ValueError(f"no id of the kind {prefix!r}")
    return value


def uuid_of(text: Id) -> UUID:
    """Return the UUID behind an id of whatever kind.

    Raises:
        ValueError: *text* is no id.
    """
    value = _uuid(text.rpartition("_")[2])
    if value is None:
        raise ValueError("no id")
    return value


def _uuid(tail: str) -> UUID | None:
    if len(tail) != _LENGTH or tail[0] > "7" or not _CHARACTERS.issuperset(tail):
        return None
    return UUID(int=int(tail.translate(_AS_PYTHON_SAYS), 32))


def require(prefix: str, text: Id, what: str) -> Id:
    """Return *text* if it is an id of the kind *prefix*; *what* names the kind to a person.

    Raises:
        NotFound: It cannot be one, so there is nothing behind it.
    """
    try:
        to_uuid(prefix, text)
    except ValueError:
        raise NotFound(f"There is no {what} with this id.") from None
    return text
