"""Calendars that cannot be connected: the right reason, nothing stored, nobody inside called."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from api.wiring import House
from tests.api.bank import Bank, everything, pointers, problem
from tests.services.processes import free_port
from tests.services.radicale import PASSWORDS, Radicale

ANSWERS = {
    "/page": ("200 OK", "<!doctype html><title>Welkom</title>", "text/html"),
    "/login": ("207 Multi-Status", "<!doctype html><title>Log in</title>", "text/html"),
    "/empty": ("207 Multi-Status", "", "application/xml"),
    "/cut": ("207 Multi-Status", '<d:multistatus xmlns:d="DAV:"><d:resp', "application/xml"),
    "/other-xml": ("207 Multi-Status", "<rss/>", "application/xml"),
    "/nobody": ("207 Multi-Status", '<d:multistatus xmlns:d="DAV:"/>', "application/xml"),
    "/none": ("404 Not Found", "", "text/plain"),
    "/moved": ("301 Moved Permanently", "", "text/plain"),
    "/forbidden": ("403 Forbidden", "", "text/plain"),
    "/broken": ("500 Internal Server Error", "", "text/plain"),
    "/busy": ("503 Service Unavailable", "", "text/plain"),
}


class Impostor:
    """An HTTP server that is no CalDAV server; it remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = free_port()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request by its path."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.asked.append(path)
        status, body, media_type = ANSWERS.get(path, ("404 Not Found", "", "text/plain"))
        location = f"http://127.0.0.1:{self.port}/secret"
        more = f"Location: {location}\r\n" if path == "/moved" else ""
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n{more}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def impostor() -> AsyncIterator[Impostor]:
    """A web server at an address that may be called."""
    impostor = Impostor()
    server = await asyncio.start_server(impostor.answer, "127.0.0.1", impostor.port)
    async with server:
        yield impostor


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server; Bart has no calendar in it."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
def closed() -> int:
    """A port that may be called, and on which nobody listens."""
    return free_port()


@pytest.fixture
def allowed(impostor: Impostor, radicale: Radicale, closed: int) -> tuple[str, ...]:
    """What the operator allows: these three ports, and nothing else inside."""
    return tuple(f"127.0.0.1:{port}" for port in (impostor.port, radicale.port, closed))


async def connect(
    client: httpx2.AsyncClient, bank: Bank, url: str, user: str = "sanne", word: str = "x"
) -> httpx2.Response:
    return await client.post(
        "/v1/calendars",
        json={"advisor": bank.sanne, "url": url, "username": user, "password": word},
    )


async def test_a_server_that_is_down_is_unreachable(
    client: httpx2.AsyncClient, house: House, bank: Bank, closed: int, impostor: Impostor
) -> None:
    """Nobody listens, no such name, or a server in trouble of its own: try again later."""
    before = await everything(house, bank.tenant)

    for url in (
        f"http://127.0.0.1:{closed}/",
        "https://no-such-host.invalid/",
        f"http://127.0.0.1:{impostor.port}/broken",
        f"http://127.0.0.1:{impostor.port}/busy",
    ):
        problem(await connect(client, bank, url), "calendar-unreachable", 422)
    assert await everything(house, bank.tenant) == before


async def test_a_wrong_password_is_refused_and_not_repeated(
    client: httpx2.AsyncClient, house: House, bank: Bank, radicale: Radicale, impostor: Impostor
) -> None:
    """The server answers, but not to these credentials; the answer does not quote them."""
    before = await everything(house, bank.tenant)

    wrong = await connect(client, bank, radicale.url, word="geheim-en-fout")
    nobody = await connect(client, bank, radicale.url, user="niemand")
    barred = await connect(client, bank, f"http://127.0.0.1:{impostor.port}/forbidden")

    for answer in (wrong, nobody, barred):
        problem(answer, "calendar-refused", 422)
    assert "geheim-en-fout" not in wrong.text
    assert await everything(house, bank.tenant) == before


async def test_what_is_no_caldav_server_is_called_so(
    client: httpx2.AsyncClient, house: House, bank: Bank, impostor: Impostor, radicale: Radicale
) -> None:
    """A website, a log-in page, half an answer, or an account without a calendar."""
    before = await everything(house, bank.tenant)

    for path in ("/page", "/login", "/empty", "/cut", "/other-xml", "/nobody", "/none"):
        answer = await connect(client, bank, f"http://127.0.0.1:{impostor.port}{path}")
        problem(answer, "calendar-not-caldav", 422)
    bart = await connect(client, bank, radicale.url, user="bart", word=PASSWORDS["bart"])
    problem(bart, "calendar-not-caldav", 422)
    assert await everything(house, bank.tenant) == before


async def test_a_redirect_is_not_followed(
    client: httpx2.AsyncClient, house: House, bank: Bank, impostor: Impostor
) -> None:
    """Not even to an address that may be called: where it points is never asked."""
    before = await everything(house, bank.tenant)

    answer = await connect(client, bank, f"http://127.0.0.1:{impostor.port}/moved")

    problem(answer, "calendar-not-caldav", 422)
    assert set(impostor.asked) == {"/moved"}
    assert await everything(house, bank.tenant) == before


async def test_addresses_inside_the_network_are_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank, impostor: Impostor
) -> None:
    """Loopback by any name, metadata, private networks, and what is no https address at all."""
    before = await everything(house, bank.tenant)
    inside = [
        f"http://127.0.0.1:{free_port()}/",
        f"https://127.0.0.1:{free_port()}/",
        f"http://localhost:{impostor.port}/page",
        f"http://127.1:{impostor.port}/page",
        "https://localhost/",
        "https://localhost:8443/",
        "https://127.0.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://user:password@caldav.example/",
        "file:///etc/passwd",
        "ftp://caldav.example/",
        "caldav.example",
        "https://",
        "",
        "not an address",
    ]

    for url in inside:
        answer = await connect(client, bank, url)
        assert pointers(problem(answer, "address-refused", 400)) == ["/url"], url
    assert impostor.asked == []
    assert await everything(house, bank.tenant) == before


async def test_a_good_address_is_connected(
    client: httpx2.AsyncClient, bank: Bank, radicale: Radicale
) -> None:
    """The negative control: the same call with the right password stores the account."""
    answer = await connect(client, bank, radicale.url, word=PASSWORDS["sanne"])

    assert answer.status_code == 201
    assert [one["role"] for one in answer.json()["collections"]] == ["target"]
