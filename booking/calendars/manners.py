"""How we treat the servers of others: few calls at a time, and none while one needs its rest.

Manners belong to an *origin* (scheme, host, port), not to an account: a server that is down is down
for all of its users, and one that asks to be left alone means everybody. Each process keeps its
own. A server that fails again and again is left alone, then tried by one call before the others
may go on.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from booking.calendars.model import StoredAccount
from booking.calendars.port import (
    About,
    CalendarProblem,
    CalendarServer,
    Changes,
    CollectionState,
    RemoteCollection,
    RemoteObject,
    Resting,
    Unreachable,
)
from kernel.clock import Clock

AT_ONCE: Final = 4
"""Calls to one origin that may be under way."""
A_SECOND: Final = 20
"""Calls to one origin that may begin in a second."""
PATIENCE: Final = 5
"""Failures in a row after which an origin is left alone."""
REST: Final = timedelta(minutes=2)
QUEUE: Final = 10.0
"""Seconds to wait for a turn before giving somebody else the hand that waits."""


class Manners:
    """What we know of every origin."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._origins: dict[str, Origin] = {}

    def polite(self, server: CalendarServer, account: StoredAccount) -> CalendarServer:
        """Return the account's server, to be called with manners; our own needs none."""
        return server if account.kind == "own" else Polite(server, self.towards(account.url))

    def towards(self, url: str) -> "Origin":
        """Return what we know of the origin of *url*."""
        parts = urlsplit(url)
        name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
        if name not in self._origins:
            self._origins[name] = Origin(self.clock)
        return self._origins[name]


class Origin:
    """One server, whoever's account it is."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rests_until: datetime | None = None
        self._failures = 0
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._next = 0.0
        self._tried = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and learn from how the call in it goes.

        Raises:
            Resting: It rests, or too many others wait for it.
        """
        self._require_awake()
        try:
            async with asyncio.timeout(QUEUE):
                await self._turns.acquire()
        except TimeoutError:
            raise Resting("others are waiting", timedelta(seconds=QUEUE)) from None
        try:
            self._require_awake()  # it may have dozed off while we waited
            async with self._observed():
                yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def _observed(self) -> AsyncIterator[None]:
        alone = self._failures >= PATIENCE
        self._tried = self._tried or alone
        try:
            await self._pace()
            yield
        except Unreachable as problem:
            self._note(problem.wait)
            raise
        except CalendarProblem:
            self._failures = 0  # it answers, if not what we hoped for
            raise
        else:
            self._failures = 0
        finally:
            self._tried = self._tried and not alone

    def _require_awake(self) -> None:
        now = self.clock.now()
        if self.rests_until is not None and now < self.rests_until:
            raise Resting("resting", self.rests_until - now)
        if self._tried:
            raise Resting("being tried", timedelta(seconds=QUEUE))

    def _note(self, wait: timedelta) -> None:
        self._failures += 1
        rest = max(wait, REST) if self._failures >= PATIENCE else wait
        if rest:
            until = self.clock.now() + rest
            self.rests_until = max(self.rests_until or until, until)

    async def _pace(self) -> None:
        # Measured by the loop's own clock: ours may stand still, and this one is slept by.
        loop = asyncio.get_running_loop()
        begin = max(loop.time(), self._next)
        self._next = begin + 1 / A_SECOND
        await asyncio.sleep(begin - loop.time())


class Polite:
    """A calendar server that is called with manners; behaves as the one it stands for."""

    def __init__(self, server: CalendarServer, origin: Origin) -> None:
        self.server = server
        self.origin = origin

    async def discover(self) -> list[RemoteCollection]:
        """Call as `CalendarServer.discover`."""
        async with self.origin.turn():
            return await self.server.discover()

    async def about(self) -> About:
        """Call as `CalendarServer.about`."""
        async with self.origin.turn():
            return await self.server.about()

    async def state(self, collection: str) -> CollectionState:
        """Call as `CalendarServer.state`."""
        async with self.origin.turn():
            return await self.server.state(collection)

    async def changes(self, collection: str, token: str) -> Changes:
        """Call as `CalendarServer.changes`."""
        async with self.origin.turn():
            return await self.server.changes(collection, token)

    async def listing(self, collection: str) -> dict[str, str]:
        """Call as `CalendarServer.listing`."""
        async with self.origin.turn():
            return await self.server.listing(collection)

    async def fetch(self, collection: str, hrefs: Sequence[str]) -> list[RemoteObject]:
        """Call as `CalendarServer.fetch`."""
        if not hrefs:
            return []
        async with self.origin.turn():
            return await self.server.fetch(collection, hrefs)

    async def get(self, collection: str, href: str) -> RemoteObject | None:
        """Call as `CalendarServer.get`."""
        async with self.origin.turn():
            return await self.server.get(collection, href)

    async def put(self, collection: str, href: str, body: bytes, *, etag: str | None) -> None:
        """Call as `CalendarServer.put`."""
        async with self.origin.turn():
            await self.server.put(collection, href, body, etag=etag)

    async def delete(self, collection: str, href: str, *, etag: str) -> None:
        """Call as `CalendarServer.delete`."""
        async with self.origin.turn():
            await self.server.delete(collection, href, etag=etag)
