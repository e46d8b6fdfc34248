"""How a wake-up call travels through Redis: one word, no work and no personal data."""

from typing import Any, Final

import msgspec
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings

DRAIN: Final = "drain"
QUEUE: Final = "spreekuur"


def encode(value: Any) -> bytes:
    """Write a call as MessagePack, never as pickle: whoever writes Redis must not run code here."""
    return msgspec.msgpack.encode(value, enc_hook=repr)


def decode(value: bytes) -> Any:
    """Read a call."""
    return msgspec.msgpack.decode(value)


async def open_pool(redis_url: str) -> ArqRedis:
    """Connect to the Redis that carries wake-up calls."""
    return await create_pool(
        RedisSettings.from_dsn(redis_url),
        job_serializer=encode,
        job_deserializer=decode,
        default_queue_name=QUEUE,
    )
