"""A proxy between us and a real server that goes wrong in the way it is told to.

It passes every request on and every answer back, until a rule says otherwise::

    with FaultProxy(radicale.port) as proxy:
        rule = proxy.on("PUT", "*/werk/*", busy(retry_after=120), times=2)
        ...  # talk to proxy.url
        assert (rule.hits, proxy.count("PUT")) == (2, 3)

A *fault* is a coroutine function that is given one exchange, and does with it what it likes; the
functions below return the faults that calendar servers and the networks before them are known for.
The proxy runs in a thread of its own, so that it answers tests of either colour.
"""

import asyncio
import gzip
import re
import socket
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Final, Self, TypeAlias

DAV: Final = "DAV:"
_XML: Final = "application/xml; charset=utf-8"
_OWN: Final = {"connection", "content-length", "keep-alive", "transfer-encoding"}
"""Headers that hold for one connection only; each side gets its own."""

_RESPONSE: Final = re.compile(rb"<(?:\w+:)?response[ >].*?</(?:\w+:)?response>", re.DOTALL)
_HREF: Final = re.compile(rb"<(?:\w+:)?href[^>]*>([^<]*)<")
_TOKEN: Final = re.compile(rb"(<(?:\w+:)?sync-token[^>/]*>)([^<]*)(<)")


@dataclass(frozen=True)
class Request:
    """What a client asked; header names are lower-case.

    Attributes:
        reused: Whether it came over a connection that had served one before.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    reused: bool = False


@dataclass(frozen=True)
class Answer:
    """What it is told; lengths and the like are added when it is sent."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Exchange:
    """One request, and the connection that waits for its answer.

    Attributes:
        request: What was asked.
    """

    def __init__(self, proxy: "FaultProxy", request: Request, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._writer = writer
        self.request = request

    async def forward(self, request: Request | None = None) -> Answer:
        """Ask the real server, and return its answer without sending it on."""
        return await _ask(self._proxy.upstream, request or self.request)

    async def send(self, answer: Answer) -> None:
        """Send a whole answer."""
        await self.write(_head(answer, ("Content-Length", str(len(answer.body)))))
        if self.request.method != "HEAD":
            await self.write(answer.body)

    async def begin(self, answer: Answer) -> None:
        """Send the head of an answer that goes on until the connection is cut."""
        await self.write(_head(answer, ("Connection", "close")))

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._proxy.sent += len(data)
        self._writer.write(data)
        await self._writer.drain()

    def cut(self) -> None:
        """Close the connection in good order."""
        self._writer.close()

    def reset(self) -> None:
        """Break the connection, so that the client sees it reset."""
        linger = struct.pack("ii", 1, 0)
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


Fault: TypeAlias = Callable[[Exchange], Awaitable[None]]


@dataclass
class Rule:
    """When a fault strikes.

    Attributes:
        method: The HTTP method; ``*`` is any.
        path: A pattern of the shell's kind for the path as it was sent.
        times: How often it strikes; None is for ever.
        after: How many matching requests pass before it first does.
        containing: Text that the request's body must hold.
        hits: How often it has struck.
    """

    method: str
    path: str
    fault: Fault
    times: int | None
    after: int
    containing: str
    hits: int = 0
    _passed: int = 0

    def takes(self, request: Request) -> bool:
        """Tell whether it strikes now, and count."""
        if self.method not in {"*", request.method} or not fnmatchcase(request.path, self.path):
            return False
        if self.containing.encode() not in request.body:
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self._passed < self.after:
            self._passed += 1
            return False
        self.hits += 1
        return True


class FaultProxy:
    """A proxy before the server at a port of this machine; use it as a context.

    Attributes:
        seen: Every request that arrived, in order.
        connections: How many connections were made to it.
        sent: How many bytes it has sent to clients.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.seen: list[Request] = []
        self.connections = 0
        self.sent = 0
        self._rules: list[Rule] = []
        self._talks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """The address of the server's root, by way of this proxy."""
        return f"http://127.0.0.1:{self.port}/"

    def through(self, url: str) -> str:
        """Return where something of the server is found by way of this proxy."""
        return url.replace(f"//127.0.0.1:{self.upstream}/", f"//127.0.0.1:{self.port}/")

    def on(
        self,
        method: str,
        path: str,
        fault: Fault,
        *,
        times: int | None = None,
        after: int = 0,
        containing: str = "",
    ) -> Rule:
        """Let a fault strike; of several rules the oldest that takes a request has it."""
        rule = Rule(method, path, fault, times, after, containing)
        self._rules.append(rule)
        return rule

    def calm(self) -> None:
        """Forget every rule; what was counted stays."""
        self._rules.clear()

    def count(self, *methods: str) -> int:
        """Return how many requests arrived: of these methods, or all."""
        return sum(not methods or each.method in methods for each in list(self.seen))

    # --- inside ----------------------------------------------------------------------------------

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.sleep(0)  # what has been closed gets its turn to end

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = self._loop.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reused = False
        try:
            while request := await _read_request(reader, reused=reused):
                self.seen.append(request)
                rule = next((each for each in list(self._rules) if each.takes(request)), None)
                await (rule.fault if rule else _pass_on)(Exchange(self, request, writer))
                if writer.is_closing():
                    return
                reused = True
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as it does when an answer takes too long
        finally:
            writer.close()


# --- faults --------------------------------------------------------------------------------------


def answer(status: int, body: bytes | str = b"", **headers: str) -> Fault:
    """Answer with a status; ``retry_after="120"`` is the header Retry-After."""
    content = body.encode() if isinstance(body, str) else body
    named = [(name.replace("_", "-").title(), value) for name, value in headers.items()]

    async def fault(exchange: Exchange) -> None:
        await exchange.send(Answer(status, named, content))

    return fault


def unauthorised() -> Fault:
    """Refuse the log-in."""
    return answer(401, www_authenticate='Basic realm="calendar"')


def busy(*, status: int = 503, retry_after: int | None = None) -> Fault:
    """Ask for patience: 503, or 429, with or without a time."""
    return answer(status, **({} if retry_after is None else {"retry_after": str(retry_after)}))


def token_unknown(*, status: int = 403) -> Fault:
    """Refuse a sync token as RFC 6578 wants it."""
    body = f'<error xmlns="{DAV}"><valid-sync-token/></error>'
    return answer(status, body, content_type=_XML)


def login_page() -> Fault:
    """Answer 200 with a page that asks a person to log in."""
    page = "<!doctype html><html><title>Log in</title><form><input name=user><br></form></html>"
    return answer(200, page, content_type="text/html; charset=utf-8")


def redirect(to: str, *, status: int = 302) -> Fault:
    """Point elsewhere."""
    return answer(status, location=to)


def hang() -> Fault:
    """Take the request and never answer."""

    async def fault(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    return fault


def late(pause: float) -> Fault:
    """Pass everything on, but take that many seconds over it."""

    async def fault(exchange: Exchange) -> None:
        await asyncio.sleep(pause)
        await exchange.send(await exchange.forward())

    return fault


def drip(*, pause: float = 0.05) -> Fault:
    """Send the real answer a byte at a time."""

    async def fault(exchange: Exchange) -> None:
        real = await exchange.forward()
        await exchange.write(_head(real, ("Content-Length", str(len(real.body)))))
        for position in range(len(real.body)):
            await exchange.write(real.body[position : position + 1])
            await asyncio.sleep(pause)

    return fault


def cut_short() -> Fault:
    """Cut the connection in the middle of the real answer: of its body, if it has one."""

    async def fault(exchange: Exchange) -> None:
        real = await exchange.forward()
        head = _head(real, ("Content-Length", str(len(real.body) + 1)))
        await exchange.write(head if real.body else head[: len(head) // 2])
        await exchange.write(real.body[: len(real.body) // 2])
        exchange.cut()

    return fault


def reset(*, reused_only: bool = False) -> Fault:
    """Break the connection instead of asking; with *reused_only* where it served one before."""

    async def fault(exchange: Exchange) -> None:
        if reused_only and not exchange.request.reused:
            await _pass_on(exchange)
        else:
            exchange.reset()

    return fault


def lose_answer() -> Fault:
    """Let the server do it, and break the connection before it can say so."""

    async def fault(exchange: Exchange) -> None:
        await exchange.forward()
        exchange.reset()

    return fault


def truncated() -> Fault:
    """Send half of the real answer, as if it were whole."""
    return changed(lambda _, real: replace(real, body=real.body[: len(real.body) // 2]))


def huge(size: int, *, status: int = 207) -> Fault:
    """Send so many bytes of an answer that begins well."""
    piece = b" " * 65536

    async def fault(exchange: Exchange) -> None:
        await exchange.begin(Answer(status, [("Content-Type", _XML)]))
        await exchange.write(b'<?xml version="1.0"?><multistatus xmlns="DAV:">')
        for _ in range(size // len(piece)):
            await exchange.write(piece)
        exchange.cut()

    return fault


def zipped() -> Fault:
    """Compress the real answer, whether that was asked for or not."""

    def change(_: Request, real: Answer) -> Answer:
        headers = [*real.headers, ("Content-Encoding", "gzip")]
        return replace(real, headers=headers, body=gzip.compress(real.body))

    return changed(change)


def zip_bomb(size: int, *, status: int = 207) -> Fault:
    """Send so many bytes, compressed to a thousandth of them."""

    async def fault(exchange: Exchange) -> None:
        headers = [("Content-Type", _XML), ("Content-Encoding", "gzip")]
        await exchange.begin(Answer(status, headers))
        press = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(size // 2**20):
            await exchange.write(press.compress(b" " * 2**20))
        await exchange.write(press.flush())
        exchange.cut()

    return fault


def without(*headers: str) -> Fault:
    """Keep these headers from the server, such as a condition it is said to ignore."""
    unwanted = {name.lower() for name in headers}

    async def fault(exchange: Exchange) -> None:
        asked = exchange.request
        kept = {name: value for name, value in asked.headers.items() if name not in unwanted}
        await exchange.send(await exchange.forward(replace(asked, headers=kept)))

    return fault


def silent_about(*headers: str) -> Fault:
    """Keep these headers from the client, such as the ETag of what it wrote."""
    unwanted = {name.lower() for name in headers}

    def change(_: Request, real: Answer) -> Answer:
        return replace(real, headers=[each for each in real.headers if each[0] not in unwanted])

    return changed(change)


def empty_listing(*, itself: bool = True) -> Fault:
    """Answer 207 with no member; without *itself* not even the collection."""

    def change(request: Request, real: Answer) -> Answer:
        own = request.path.rstrip("/").encode()
        kept = lambda href: itself and href.rstrip(b"/") == own  # noqa: E731  # one word for it
        return replace(real, body=_only(real.body, kept))

    return changed(change)


def paged(size: int) -> Fault:
    """Give a sync-collection answer in pages of so many members (RFC 6578, section 3.6)."""

    async def fault(exchange: Exchange) -> None:
        asked = exchange.request
        found = _TOKEN.search(asked.body)
        token = found[2] if found else b""
        first, _, original = token.removeprefix(b"page:").partition(b":")
        start = int(first) if token.startswith(b"page:") else 0
        original = original if start else token
        body = _TOKEN.sub(lambda each: each[1] + original + each[3], asked.body)
        real = await exchange.forward(replace(asked, body=body))
        await exchange.send(_page_of(real, asked, start, size, original))

    return fault


def stuck() -> Fault:
    """Say of every sync-collection answer that there is more, under the token that was given."""

    async def fault(exchange: Exchange) -> None:
        found = _TOKEN.search(exchange.request.body)
        real = await exchange.forward()
        await exchange.send(_page_of(real, exchange.request, 0, 0, b"", found[2] if found else b""))

    return fault


def changed(change: Callable[[Request, Answer], Answer]) -> Fault:
    """Let the server answer, and change what it says."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(change(exchange.request, await exchange.forward()))

    return fault


async def _pass_on(exchange: Exchange) -> None:
    await exchange.send(await exchange.forward())


# --- multistatus answers -------------------------------------------------------------------------


def _only(body: bytes, kept: Callable[[bytes], bool]) -> bytes:
    def choose(found: re.Match[bytes]) -> bytes:
        href = _HREF.search(found[0])
        return found[0] if href and kept(href[1]) else b""

    return _RESPONSE.sub(choose, body)


def _page_of(
    real: Answer, asked: Request, start: int, size: int, original: bytes, token: bytes | None = None
) -> Answer:
    """Return one page of an answer; each page is taken from the whole answer, in one order."""
    responses = _RESPONSE.findall(real.body)
    hrefs = sorted({found[1] for each in responses if (found := _HREF.search(each))})
    if token is None and start + size >= len(hrefs):
        here = set(hrefs[start:])
        return replace(real, body=_only(real.body, here.__contains__))
    here = set(hrefs[start : start + size])
    more = (
        f'<response xmlns="{DAV}"><href>{asked.path}</href>'
        "<status>HTTP/1.1 507 Insufficient Storage</status></response>"
    ).encode()
    following = token if token is not None else b"page:%d:%s" % (start + size, original)
    body = _TOKEN.sub(
        lambda each: each[1] + following + each[3], _only(real.body, here.__contains__)
    )
    position = body.rindex(b"</")
    return replace(real, body=body[:position] + more + body[position:])


# --- HTTP ----------------------------------------------------------------------------------------


async def _read_request(reader: asyncio.StreamReader, *, reused: bool) -> Request | None:
    line = await reader.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = dict(await _read_headers(reader))
    return Request(method, path, headers, await _read_body(reader, headers), reused)


async def _read_headers(reader: asyncio.StreamReader) -> list[tuple[str, str]]:
    headers = []
    while (line := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return headers


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    pieces = []
    while length := int((await reader.readline()).partition(b";")[0], 16):
        pieces.append(await reader.readexactly(length))
        await reader.readline()
    await _read_headers(reader)
    return b"".join(pieces)


async def _ask(port: int, request: Request) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = {name: value for name, value in request.headers.items() if name not in _OWN}
    headers |= {"connection": "close", "content-length": str(len(request.body))}
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
        await writer.drain()
        return await _read_answer(reader, request.method)
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader, method: str) -> Answer:
    status = int((await reader.readline()).split()[1])
    headers = await _read_headers(reader)
    if 100 <= status < 200:  # a word in between, such as 100 Continue
        return await _read_answer(reader, method)
    told = dict(headers)
    if method == "HEAD" or status in {204, 304}:
        body = b""
    elif "content-length" in told or "chunked" in told.get("transfer-encoding", ""):
        body = await _read_body(reader, told)
    else:
        body = await reader.read()
    return Answer(status, [each for each in headers if each[0] not in _OWN], body)


def _head(answer: Answer, *more: tuple[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} As told"]
    lines += [f"{name}: {value}" for name, value in _sendable([*answer.headers, *more], answer)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _sendable(headers: Sequence[tuple[str, str]], answer: Answer) -> Sequence[tuple[str, str]]:
    # A 204 has no body, and must not say how long it is (RFC 9110, section 8.6).
    if answer.status not in {204, 304}:
        return headers
    return [each for each in headers if each[0].lower() != "content-length"]
