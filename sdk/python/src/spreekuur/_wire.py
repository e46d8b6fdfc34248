"""From Python values to what travels: aware instants, exact decimals, nothing else."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from spreekuur.errors import OffsetMissing


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that were given; the service fills in the rest."""
    return {name: value for name, value in fields.items() if value is not None}


def to_wire(value: Any, at: str = "") -> Any:
    """Return *value* as JSON can hold it.

    Args:
        value: A model, mapping, sequence, time or plain value.
        at: The JSON pointer of this value, for the error.

    Raises:
        OffsetMissing: A datetime in it is naive.
        TypeError: It holds something JSON cannot say, or a binary fraction.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dt.datetime):
        return instant(value, at)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value, builtin_types=(dt.datetime, dt.date, Decimal))
    if isinstance(value, Mapping):
        return {key: to_wire(item, f"{at}/{key}") for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_wire(item, f"{at}/{index}") for index, item in enumerate(value)]
    raise TypeError(
        f"{at or 'the value'} is a {type(value).__name__}, which cannot be sent"
        + (": use Decimal or text for amounts and rates." if isinstance(value, float) else ".")
    )


def instant(value: dt.datetime, at: str) -> str:
    """Return *value* in RFC 3339, with its own offset.

    Raises:
        OffsetMissing: It has none.
    """
    offset = value.utcoffset()
    if offset is None:
        raise OffsetMissing(
            f"{at} is {value.isoformat()}, a time without an offset; nothing was sent. "
            'Give it a time zone: value.replace(tzinfo=ZoneInfo("Europe/Amsterdam")).'
        )
    if offset.total_seconds() % 60:
        # RFC 3339 has no seconds in an offset; local mean times before 1940 do.
        value = value.astimezone(dt.UTC)
    return value.isoformat()


def in_query(name: str, value: Any) -> str | list[str]:
    """Return *value* as the query parameter *name*, which a list gives several times."""
    if isinstance(value, list | tuple):
        return [_plain(name, one) for one in value]
    return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    plain = to_wire(value, f"?{name}")
    return str(plain).lower() if isinstance(plain, bool) else str(plain)
