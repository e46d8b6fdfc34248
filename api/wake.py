"""How a wake-up call travels through Redis: one word, no work and no personal data."""

from typing import Any, Final

import msgspec
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool

DRAIN: Final = "drain"
QUEUE: Final = "spreekuur"
_CONNECT: Final = 1.0
"""Seconds."""


def encode(value: Any) -> bytes:
    """Write a call as MessagePack, never as pickle: whoever writes Redis must not run code here."""
    return msgspec.msgpack.encode(value, enc_hook=repr)


def decode(value: bytes) -> Any:
    """Read a call."""
    return msgspec.msgpack.decode(value)


def pool_of(redis_url: str) -> ArqRedis:
    """Return the connections that carry wake-up calls; each is opened when it is needed.

    Whoever asks for them owns them from the start, so that even one whose opening was broken off is
    closed: `ArqRedis.aclose(close_connection_pool=True)`.
    """
    connections = ConnectionPool.from_url(redis_url, socket_connect_timeout=_CONNECT)
    return ArqRedis(
        connections,
        job_serializer=encode,
        job_deserializer=decode,
        default_queue_name=QUEUE,
    )
