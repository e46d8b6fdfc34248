"""The only door to the outside: every HTTP request that follows a user's word goes through it.

An address a user gives (a calendar, a webhook) may point at our own network, may answer for ever,
or may send us elsewhere. So the name is resolved once, every address behind it must be public or
expressly allowed by the operator, and the connection goes to that very address. Redirects are not
followed, answers have a size, and a whole exchange has a deadline.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import httpcore2
import httpx2

from kernel.errors import Invalid

MAX_BODY: Final = 8 * 2**20
DEADLINE: Final = 30.0
_PORTS: Final = frozenset({443, 8443})
_NAT64: Final = ip_network("64:ff9b::/96")
_LOCAL_NAT64: Final = ip_network("64:ff9b:1::/48")


class AddressRefused(Invalid):
    """An address outside is inside our own network, or is none we may call."""

    code = "address-refused"
    title = "That address may not be called"


class AnswerTooLarge(Exception):
    """The other side sent more than we are willing to read."""


class Redirected(Exception):
    """The other side pointed elsewhere; we never follow."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is out in the open, also when it wraps another one."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if inner := ip.ipv4_mapped or ip.sixtofour:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.teredo or ip.is_site_local or ip in _LOCAL_NAT64:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class Guard:
    """What the operator lets this installation call.

    Args:
        allow: ``host:port`` pairs inside the network that are permitted all the same; the host is
            an IP address. Plain HTTP is accepted for these only.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.allow = frozenset(_pair(entry) for entry in allow)

    async def resolve(self, host: str, port: int) -> str:
        """Return the one address to connect to.

        Raises:
            AddressRefused: Any address behind the name is neither public nor allowed.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} has no address") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            allowed = (address, port) in self.allow
            if not allowed and not (port in _PORTS and is_public(address)):
                raise AddressRefused(
                    f"The address {host}:{port} is not a public one. Use the server's public "
                    "https address, or ask the operator to allow it."
                )
        return addresses[0]

    def check_scheme(self, url: httpx2.URL) -> None:
        """Refuse anything but https, except towards an allowed address.

        Raises:
            AddressRefused: It is not https.
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        if url.scheme == "https" or (url.scheme == "http" and (url.host, port) in self.allow):
            return
        raise AddressRefused("Only https addresses can be connected.")


def _pair(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    return host.strip("[]"), int(port)


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to the address that was checked, whatever the name resolves to a moment later."""

    def __init__(self, guard: Guard, inner: httpcore2.AsyncNetworkBackend) -> None:
        self.guard = guard
        self.inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        address = await self.guard.resolve(host, port)
        return await self.inner.connect_tcp(
            address,
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise AddressRefused("Sockets of this machine cannot be called.")

    async def sleep(self, seconds: float) -> None:
        await self.inner.sleep(seconds)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return whom we trust; loading the certificates costs more than most exchanges."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """An httpx2 transport for addresses that users gave."""

    def __init__(self, guard: Guard, *, max_body: int = MAX_BODY) -> None:
        self.guard = guard
        self.max_body = max_body
        self._inner = httpx2.AsyncHTTPTransport(verify=_trusted(), trust_env=False, retries=0)
        pool = self._inner._pool  # noqa: SLF001  # the one place that takes another backend
        pool._network_backend = _GuardedBackend(guard, pool._network_backend)  # noqa: SLF001

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read its whole answer.

        Raises:
            AddressRefused: The address may not be called.
            Redirected: The answer points elsewhere.
            AnswerTooLarge: The answer is larger than *max_body*.
            TimeoutError: The exchange took longer than the deadline.
        """
        self.guard.check_scheme(request.url)
        request.headers["accept-encoding"] = "identity"
        async with asyncio.timeout(DEADLINE):
            response = await self._inner.handle_async_request(request)
            try:
                if response.has_redirect_location:
                    raise Redirected(f"status {response.status_code}")
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise AnswerTooLarge("compressed although asked not to")
                chunks: list[bytes] = []
                size = 0
                async for chunk in response.aiter_raw():
                    size += len(chunk)
                    if size > self.max_body:
                        raise AnswerTooLarge(f"more than {self.max_body} bytes")
                    chunks.append(chunk)
            finally:
                await response.aclose()
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            content=b"".join(chunks),
            request=request,
            extensions={k: v for k, v in response.extensions.items() if k != "network_stream"},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


def guarded_client(guard: Guard, **options: Any) -> httpx2.AsyncClient:
    """Return an HTTP client that can be pointed at addresses users gave."""
    return httpx2.AsyncClient(
        transport=GuardedTransport(guard), follow_redirects=False, trust_env=False, **options
    )


__all__: Sequence[str] = (
    "AddressRefused",
    "AnswerTooLarge",
    "Guard",
    "GuardedTransport",
    "Redirected",
    "guarded_client",
    "is_public",
)
