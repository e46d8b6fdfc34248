"""How requests to a calendar server log in, and how they travel.

Basic credentials go along at once: some servers show a stranger an empty house instead of asking
who it is. For the same reason a digest login says from the start that it wants to be asked.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from typing import Final, Literal, TypeAlias

import httpx2

from booking.calendars.port import Unreachable
from kernel.outgoing import Guard, GuardedTransport

_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
_BROKEN: Final = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
_OWN: Final = "spreekuur.connection"
_ASK_ME: Final = 'Digest username="", realm="", nonce="", uri="/", response=""'


class Bearer:
    """A log-in by token.

    Args:
        token: What is sent.
        refresh: Returns a new token; asked once, after a server has refused the present one.
            It may raise any CalendarProblem, which is then what the operation ends with.
        ends: Whether the token is about to end, and a new one is asked for before it is used.
    """

    def __init__(
        self,
        token: str,
        refresh: Callable[[], Awaitable[str]] | None = None,
        *,
        ends: bool = False,
    ) -> None:
        self.token = token
        self.refresh = refresh
        self.ends = ends

    def __repr__(self) -> str:
        return "Bearer(…)"


Auth: TypeAlias = Literal["basic", "digest"] | Bearer


def login(auth: Auth, username: str, password: str) -> httpx2.Auth:
    """Return what lets requests log in."""
    if isinstance(auth, Bearer):
        return _BearerAuth(auth)
    kind = _DigestAuth if auth == "digest" else httpx2.BasicAuth
    return kind(username, password)


class _DigestAuth(httpx2.DigestAuth):
    """Digest that does not let a server take us for a stranger."""

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        # Replaced as soon as there is a challenge to answer.
        request.headers.setdefault("Authorization", _ASK_ME)
        yield from super().auth_flow(request)


class _BearerAuth(httpx2.Auth):
    """A token, renewed once when it is refused."""

    def __init__(self, bearer: Bearer) -> None:
        self._token = bearer.token
        self._refresh = bearer.refresh
        self._ends = bearer.ends

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        if self._ends and self._refresh is not None:
            self._ends = False
            # While there is none to be had the old one may still do.
            with suppress(Unreachable):
                self._token, self._refresh = await self._refresh(), None
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        refresh, self._refresh = self._refresh, None
        if response.status_code != httpx2.codes.UNAUTHORIZED:
            self._refresh = refresh
        elif refresh is not None:
            self._token = await refresh()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request


class Travel(httpx2.AsyncBaseTransport):
    """Takes requests through the guarded door, over connections that may have been broken.

    A server may have dropped a connection that we kept. A question is asked once more, over a new
    one. What writes may have been done before its answer was lost, and doing it again could undo
    what somebody did since; so it goes over a connection of its own, and once.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._kept = GuardedTransport(guard)
        self._challenged: list[GuardedTransport] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read its whole answer."""
        if request.method in _REPEATABLE:
            try:
                return await self._kept.handle_async_request(request)
            except _BROKEN:
                pass
        return await self._alone(request)

    async def _alone(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request over a connection of its own."""
        before = request.extensions.get(_OWN)
        own = before if isinstance(before, GuardedTransport) else GuardedTransport(self._guard)
        try:
            response = await own.handle_async_request(request)
        except BaseException:
            await own.aclose()
            raise
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            # Some servers know their challenge on the connection they made it on, and there only.
            request.extensions = {**request.extensions, _OWN: own}
            self._challenged.append(own)
        else:
            await own.aclose()
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for each in (self._kept, *self._challenged):
            await each.aclose()
