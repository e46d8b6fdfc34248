"""Calendars that are one .ics file on the web: read now and then, never written to.

Most servers can say that nothing changed since we last asked (RFC 9110, section 13); then one short
answer is all it costs. The address of such a file is often all that protects it, so it is a secret:
outside of this module a feed goes by the name of its server.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, NoReturn, Self

import httpx2
import msgspec
from msgspec import Struct

from booking.calendars.port import (
    About,
    CalendarProblem,
    Changes,
    CollectionState,
    Forbidden,
    Garbled,
    Missing,
    NotAFeed,
    Refused,
    RemoteCollection,
    RemoteObject,
    TokenInvalid,
    TooLarge,
    Unreachable,
)
from booking.calendars.splitting import (
    NotACalendar,
    Stream,
    TooMany,
    content_digest,
    parse,
    property_of,
    split,
)
from booking.calendars.zones import zone_named
from kernel.outgoing import AddressRefused, AnswerTooLarge, Guard, GuardedTransport, Redirected

MAX_BYTES: Final = 20 * 2**20
LONGEST_VALIDATOR: Final = 1024
_LONGEST_WAIT: Final = 3600
_WEBCAL: Final = re.compile(r"webcals?://", re.IGNORECASE)
_PROBLEMS: Final[dict[int, type[CalendarProblem]]] = {
    401: Refused,
    403: Forbidden,
    404: Missing,
    410: Missing,
}

# The client would write whole addresses into the log, whatever its level.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)


class Seen(Struct, frozen=True, kw_only=True):
    """What the last answer can be known by: the token of a feed."""

    digest: str
    etag: str | None = None
    modified: str | None = None

    def token(self) -> str:
        """Return it as text."""
        return msgspec.json.encode(self).decode()


class File(Struct, frozen=True, kw_only=True):
    """A feed as it was answered."""

    seen: Seen
    body: bytes


class IcsFeed:
    """One address of an .ics file; use it as a context.

    The file is asked for once in the life of a context, and taken apart only where it changed.
    """

    def __init__(self, guard: Guard, *, url: str, username: str, password: str) -> None:
        self._url = address_of(guard, url)
        self.url = masked(self._url)
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(guard, max_body=MAX_BYTES),
            follow_redirects=False,
            trust_env=False,
            timeout=15,
            auth=httpx2.BasicAuth(username, password) if username or password else None,
        )
        self._file: File | None = None
        self._objects: dict[str, RemoteObject] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def discover(self) -> list[RemoteCollection]:
        """Return the one calendar that a feed is, under the name it gives itself."""
        stream = (await self._parse(await self._read()))[0]
        name = property_of(stream, b"NAME", b"X-WR-CALNAME") or httpx2.URL(self._url).host
        return [
            RemoteCollection(
                url=self.url,
                name="".join(each for each in name if each.isprintable())[:200],
                timezone=zone_named(property_of(stream, b"X-WR-TIMEZONE") or ""),
                writable=False,
            )
        ]

    async def about(self) -> About:
        """Return nothing: a file says nothing of who it is for."""
        return About()

    async def state(self, collection: str) -> CollectionState:
        """Return by what the present file can be known, and a digest of what it says."""
        seen = (await self._read()).seen
        return CollectionState(sync_token=seen.token(), ctag=seen.digest)

    async def changes(self, collection: str, token: str) -> Changes:
        """Say that nothing changed; whatever did is found in the listing.

        Raises:
            TokenInvalid: Something did, or this is no token.
        """
        try:
            before = msgspec.json.decode(token, type=Seen)
        except msgspec.DecodeError:
            raise TokenInvalid("no token") from None
        if self._file is None:
            self._file = await self._ask(before)
        if self._file is None:
            return Changes(changed={}, gone=[], token=token)
        if self._file.seen.digest == before.digest:
            return Changes(changed={}, gone=[], token=self._file.seen.token())
        raise TokenInvalid("changed")

    async def listing(self, collection: str) -> dict[str, str]:
        """Return the etag of every object in the file, by href."""
        return {href: each.etag for href, each in (await self._all()).items()}

    async def fetch(self, collection: str, hrefs: Sequence[str]) -> list[RemoteObject]:
        """Return these objects."""
        if not hrefs:
            return []
        found = await self._all()
        return [found[href] for href in hrefs if href in found]

    async def get(self, collection: str, href: str) -> RemoteObject | None:
        """Return one object."""
        return (await self._all()).get(href)

    async def put(self, collection: str, href: str, body: bytes, *, etag: str | None) -> NoReturn:
        """Refuse: a feed cannot be written to."""
        raise Forbidden("a feed")

    async def delete(self, collection: str, href: str, *, etag: str) -> NoReturn:
        """Refuse: a feed cannot be written to."""
        raise Forbidden("a feed")

    # --- what was answered -----------------------------------------------------------------------

    async def _all(self) -> dict[str, RemoteObject]:
        if self._objects is None:
            streams = await self._parse(await self._read())
            self._objects = await asyncio.to_thread(_objects, streams)
        return self._objects

    async def _parse(self, file: File) -> list[Stream]:
        try:
            streams = await asyncio.to_thread(parse, file.body)
        except NotACalendar as problem:
            raise NotAFeed(str(problem)) from None
        except TooMany as problem:
            raise TooLarge(str(problem)) from None
        kinds = {each.name for stream in streams for each in stream.components}
        if b"VFREEBUSY" in kinds and b"VEVENT" not in kinds:
            # We would find no event in it, and take its owner to be free.
            raise NotAFeed("free and busy times")
        return streams

    async def _read(self) -> File:
        if self._file is None:
            self._file = await self._ask(None)
        if self._file is None:
            raise NotAFeed("304")
        return self._file

    async def _ask(self, before: Seen | None) -> File | None:
        """Ask for the file; None when it is still the one that was seen *before*."""
        headers = {"Accept": "text/calendar"}
        if before is not None and before.etag:
            headers["If-None-Match"] = before.etag
        if before is not None and before.modified:
            headers["If-Modified-Since"] = before.modified
        response = await self._get(headers)
        if response.status_code == httpx2.codes.NOT_MODIFIED and before is not None:
            return None
        _expect(response)
        return File(
            body=response.content,
            seen=Seen(
                digest=await asyncio.to_thread(content_digest, response.content),
                etag=_known_by(response, "etag"),
                modified=_known_by(response, "last-modified"),
            ),
        )

    async def _get(self, headers: dict[str, str]) -> httpx2.Response:
        # Causes are left out: they carry the request, and with it the address.
        try:
            return await self._client.get(self._url, headers=headers)
        except AddressRefused:
            raise
        except Redirected:
            raise Garbled("redirect") from None
        except AnswerTooLarge:
            raise TooLarge("bytes") from None
        except (httpx2.HTTPError, TimeoutError, OSError) as problem:
            raise Unreachable(type(problem).__name__) from None


def address_of(guard: Guard, url: str) -> str:
    """Return the address under which a feed is asked for; ``webcal:`` means ``https:``.

    Raises:
        AddressRefused: It is none, or none that may be called.
    """
    try:
        parsed = httpx2.URL(_WEBCAL.sub("https://", url.strip(), count=1))
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise AddressRefused("This is no https address.") from None
    if parsed.userinfo or not parsed.host:
        raise AddressRefused("Enter the address alone; name and password have their own fields.")
    guard.check_scheme(parsed)
    return str(parsed.copy_with(fragment=None))


def masked(url: str) -> str:
    """Return what may be shown of a feed's address: its server."""
    parsed = httpx2.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode()}/"


def _objects(streams: list[Stream]) -> dict[str, RemoteObject]:
    return {
        href: RemoteObject(href=href, etag=content_digest(body), body=body)
        for href, body in split(streams).items()
    }


def _known_by(response: httpx2.Response, name: str) -> str | None:
    """Return a validator that can be sent back; some servers invent odd ones."""
    value = str(response.headers.get(name, ""))
    return value if value.isascii() and 0 < len(value) <= LONGEST_VALIDATOR else None


def _expect(response: Any) -> None:
    status: int = response.status_code
    if status == httpx2.codes.OK:
        return
    wait = response.headers.get("retry-after", "")
    if status in {429, 503} and wait.isdigit():
        raise Unreachable("busy", timedelta(seconds=min(int(wait), _LONGEST_WAIT)))
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise Unreachable(str(status))
    raise _PROBLEMS.get(status, NotAFeed)(str(status))
