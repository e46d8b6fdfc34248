"""Customers over HTTP, as thin as can be: what is measured and tried is the server."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Final, Self

from msgspec import Struct

from tests.guarantee.bank import ORIGIN

_PATIENCE: Final = 60


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


class Line:
    """A connection that is kept open from one request to the next.

    Args:
        port: Of the server on this machine.
        key: The text of the publishable key.
    """

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self._frame = (
            f"Host: 127.0.0.1:{port}\r\nOrigin: {ORIGIN}\r\nAuthorization: Bearer {key}\r\n"
        )
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def get(self, path: str) -> Answer:
        """Read something.

        Raises:
            OSError: The server is not there, or ended before it had answered.
        """
        return await self._ask(f"GET {path} HTTP/1.1\r\n{self._frame}\r\n".encode())

    async def put(self, path: str, body: bytes) -> Answer:
        """Hand something over; raises as ``get``."""
        head = (
            f"PUT {path} HTTP/1.1\r\n{self._frame}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return await self._ask(head.encode() + body)

    async def book(
        self, wish: bytes, *, once: str | None = None, path: str = "/v1/bookings"
    ) -> Answer:
        """Ask for a meeting, under the idempotency key *once*.

        Raises:
            OSError: The server is not there, or ended before it had answered.
        """
        key = f"Idempotency-Key: {once}\r\n" if once else ""
        head = (
            f"POST {path} HTTP/1.1\r\n{self._frame}{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(wish)}\r\n\r\n"
        )
        return await self._ask(head.encode() + wish)

    async def _ask(self, request: bytes) -> Answer:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._exchange(request)
        except (OSError, EOFError, TimeoutError) as problem:
            await self.hang_up()
            raise ConnectionError(str(problem)) from problem

    async def _exchange(self, request: bytes) -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writer.write(request)
        await self._writer.drain()
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, *headers = head.decode("latin-1").lower().split("\r\n")
        length = next((int(line[15:]) for line in headers if line.startswith("content-length:")), 0)
        return Answer(int(status.split(" ")[1]), await self._reader.readexactly(length))


async def race(
    ports: Sequence[int],
    key: str,
    wishes: Sequence[bytes],
    *,
    connections: int,
    path: str = "/v1/bookings",
) -> Counter[int]:
    """Send every wish over that many connections at a time, and count the answers by status."""
    found: Counter[int] = Counter()
    waiting = iter(wishes)

    async def customer(port: int) -> None:
        async with Line(port, key) as line:
            for wish in waiting:
                found[(await line.book(wish, path=path)).status] += 1

    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(customer(ports[number % len(ports)]))
    return found
