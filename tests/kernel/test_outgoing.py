"""No address that a user gives us can reach inside our own network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
import pytest_asyncio

from kernel.outgoing import (
    MAX_BODY,
    AddressRefused,
    AnswerTooLarge,
    Guard,
    Redirected,
    guarded_client,
    is_public,
)

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    """Private, local, reserved, multicast, and all of these wrapped in IPv6."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_an_address_outside_is_public(address: str) -> None:
    """The negative control: the guard does let the world through."""
    assert is_public(address)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Callable[[Answer], Awaitable[int]]]:
    """Starts tiny servers that count who connects."""
    running: list[asyncio.Server] = []

    async def start(answer: Answer) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await answer(writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        running.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        return int(running[-1].sockets[0].getsockname()[1])

    yield start
    for one in running:
        one.close()


async def hello(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


async def fetch(url: str, *allow: str) -> httpx2.Response:
    async with guarded_client(Guard(allow)) as client:
        return await client.get(url)


async def test_an_allowed_address_answers(server: Callable[[Answer], Awaitable[int]]) -> None:
    """What the operator allows works, plain HTTP included."""
    port = await server(hello)

    answer = await fetch(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}")

    assert answer.text == "hi"


@pytest.mark.parametrize(
    "form",
    [
        "https://127.0.0.1:{port}/",
        "https://localhost:{port}/",
        "https://127.1:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f000001:{port}/",
        "https://0177.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:{port}/",
        "http://93.184.216.34/",
    ],
)
async def test_every_way_to_write_an_inside_address_is_refused(
    server: Callable[[Answer], Awaitable[int]], form: str
) -> None:
    """Another port than the allowed one, and every spelling; nobody is connected to."""
    reached: list[bool] = []

    async def note(writer: asyncio.StreamWriter) -> None:
        reached.append(True)

    port = await server(note)

    with pytest.raises((AddressRefused, httpx2.ConnectError, httpx2.InvalidURL)):
        await fetch(form.format(port=port), "127.0.0.1:1")

    assert reached == []


async def test_a_redirect_is_not_followed(server: Callable[[Answer], Awaitable[int]]) -> None:
    """Being sent elsewhere is an error, and nobody arrives there."""
    reached: list[bool] = []

    async def inside(writer: asyncio.StreamWriter) -> None:
        reached.append(True)

    target = await server(inside)

    async def elsewhere(writer: asyncio.StreamWriter) -> None:
        writer.write(
            f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target}/\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )

    port = await server(elsewhere)

    with pytest.raises(Redirected):
        await fetch(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}", f"127.0.0.1:{target}")
    assert reached == []


async def test_an_endless_answer_is_cut_off(server: Callable[[Answer], Awaitable[int]]) -> None:
    """More than eight megabytes are never read."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(MAX_BODY // 65536 + 100):
            writer.write(b"x" * 65536)
            await writer.drain()

    port = await server(endless)

    with pytest.raises(AnswerTooLarge):
        await fetch(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}")


async def test_an_answer_that_is_compressed_unasked_is_refused(
    server: Callable[[Answer], Awaitable[int]],
) -> None:
    """A small body that unfolds into a large one never gets the chance."""

    async def bomb(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx")

    port = await server(bomb)

    with pytest.raises(AnswerTooLarge):
        await fetch(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}")
