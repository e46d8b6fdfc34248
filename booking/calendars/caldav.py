"""Calendars spoken to by CalDAV (RFC 4791, RFC 6578); the only module that knows the library.

The library is used for what travels: requests, log-in, and reading multistatus answers. It is
not used for what decides: it would follow redirects to anywhere, read answers of any size, and
replace a token it lost by one of its own making. Its requests therefore leave through the guarded
door, and its fallbacks are not called.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.sax.saxutils import escape

import caldav
import httpx2
from caldav import aio
from caldav.lib import error
from msgspec import structs

from booking.calendars.port import (
    About,
    CalendarProblem,
    ChangedMeanwhile,
    Changes,
    CollectionState,
    Forbidden,
    Garbled,
    Missing,
    Refused,
    RemoteCollection,
    RemoteObject,
    TokenInvalid,
    TooLarge,
    Unreachable,
    href_of,
)
from booking.calendars.reduced import name_of, unfold, value
from booking.calendars.travel import Auth, Bearer, Travel, login
from booking.calendars.zones import zone_named
from kernel.outgoing import (
    AddressRefused,
    AnswerTooLarge,
    Guard,
    Redirected,
)

DEADLINE: Final = 60.0
"""Seconds for one operation, however many requests it takes."""

MULTIGET: Final = 50
MAX_PAGES: Final = 100
_FAMILIES: Final = (".icloud.com",)
"""Servers that keep one account's calendars under several names of one domain."""

_NAMESPACES: Final = (
    'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
)
_CTAG: Final = "{http://calendarserver.org/ns/}getctag"
_CALENDAR: Final = "{urn:ietf:params:xml:ns:caldav}"
_TRANSPARENCY: Final = f"{_CALENDAR}schedule-calendar-transp"
_WHO: Final = (
    "<d:current-user-principal/><c:calendar-user-address-set/><c:schedule-inbox-URL/>"
    "<c:calendar-home-set/>"
)
_MAIL: Final = re.compile(r"mailto:([^\s@,;:?]+@[^\s@,;:?]+)(?:\?.*)?", re.IGNORECASE)
MAX_ADDRESSES: Final = 50
"""How many addresses one person is taken to have."""

_COUNTED: Final = re.compile(r'"?gcs\d+"?')
_SECONDS: Final = re.compile(r"-1|\d{10}")
_SAFE: Final = "/~!$&'()*+,;=:@"
_WRITING: Final = frozenset({"{DAV:}all", "{DAV:}write", "{DAV:}write-content", "{DAV:}bind"})


def _keep_quiet() -> None:
    """Keep people's appointments and log-in names out of our logs, whatever the level."""
    logging.getLogger("caldav").setLevel(logging.ERROR)  # writes whole answers
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # writes addresses, which hold names
    # One of the library's modules speaks to the root logger.
    home = str(Path(str(caldav.__file__)).parent)
    logging.getLogger().addFilter(lambda record: not record.pathname.startswith(home))


_keep_quiet()


class _Client(aio.AsyncDAVClient):
    """The library's client, with our door to the outside."""

    def __init__(self, guard: Guard, url: str, auth: httpx2.Auth) -> None:
        self._guard = guard
        super().__init__(
            url=url,
            auth=auth,
            timeout=15,
            enable_rfc6764=False,
            features={"http.multiplexing": {"support": "unsupported"}},
            rate_limit_handle=False,
        )

    def _create_session(self) -> None:
        self.session = httpx2.AsyncClient(
            transport=Travel(self._guard),
            follow_redirects=False,
            trust_env=False,
            timeout=self._timeout,
        )


class CaldavServer:
    """One log-in at one CalDAV server; use it as a context.

    Args:
        guard: What may be called.
        url: Where to begin.
        username: Who logs in, unless that is by token.
        password: With what.
        auth: How; basic credentials are sent unasked.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        url: str,
        username: str = "",
        password: str = "",
        auth: Auth = "basic",
    ) -> None:
        _check_address(guard, url)
        self.url = url
        self._client = _Client(guard, url, login(auth, username, password))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def discover(self) -> list[RemoteCollection]:
        """Walk from the address to the principal, its calendar home, and the calendars there."""
        async with _deadline():
            here = await self._properties(
                self.url, "<d:current-user-principal/><d:resourcetype/><c:calendar-home-set/>"
            )
            home = here.get(f"{_CALENDAR}calendar-home-set")
            if not home and (principal := here.get("{DAV:}current-user-principal")):
                at_principal = await self._properties(
                    self._join(principal), "<c:calendar-home-set/>"
                )
                home = at_principal.get(f"{_CALENDAR}calendar-home-set")
            if not home:
                raise Garbled("no calendar home")
            homes = [home] if isinstance(home, str) else list(home)
            found = [each for href in homes for each in await self._calendars(self._join(href))]
            found = [await self._with_zone(each) for each in found]
        mine = href_of(self.url).rstrip("/")
        return sorted(found, key=lambda each: href_of(each.url).rstrip("/") != mine)

    async def about(self) -> About:
        """Ask the principal for the person's addresses, and the inbox or home for their hours.

        Cyrus keeps the hours at the inbox, where RFC 7953 has them, and Radicale at the home. What
        one of them does not answer is not known: Xandikos names an inbox that breaks when asked.
        """
        async with _deadline():
            here = await self._properties(self.url, _WHO)
            principal = here.get("{DAV:}current-user-principal")
            if principal:
                here |= await self._properties(self._join(principal), _WHO)
            places = [_text(here.get(f"{_CALENDAR}schedule-inbox-URL"))]
            home = here.get(f"{_CALENDAR}calendar-home-set") or ()
            places += [home] if isinstance(home, str) else home
            hours = [await self._availability(self._join(each)) for each in places if each]
        return About(
            addresses=_addresses(here.get(f"{_CALENDAR}calendar-user-address-set")),
            availability=next((said for said in hours if said), None if None in hours else b""),
        )

    async def state(self, collection: str) -> CollectionState:
        """Ask for the sync-token (RFC 6578, section 4), and for the ctag that is older than it."""
        async with _deadline():
            found = await self._properties(collection, "<d:sync-token/><s:getctag/>")
        ctag = _text(found.get(_CTAG))
        if ctag is not None and _SECONDS.fullmatch(ctag):
            ctag = None  # SOGo's: two changes within a second leave it as it was
        token = _text(found.get("{DAV:}sync-token"))
        return CollectionState(sync_token=_before(token) if token else None, ctag=ctag)

    async def changes(self, collection: str, token: str) -> Changes:
        """Run sync-collection until the answer is whole (RFC 6578, section 3.6)."""
        changed: dict[str, str] = {}
        gone: dict[str, None] = {}
        async with _deadline():
            for _ in range(MAX_PAGES):
                page = await self._page(collection, token)
                for each in page.changed:
                    if each.href.rstrip("/") != href_of(collection).rstrip("/"):
                        changed[each.href] = each.etag or ""
                        gone.pop(each.href, None)
                for href in page.deleted:
                    gone[href] = None
                    changed.pop(href, None)
                if not page.sync_token or (page.truncated and page.sync_token == token):
                    raise TokenInvalid("no progress")
                token = page.sync_token
                if not page.truncated:
                    return Changes(changed=changed, gone=list(gone), token=_before(token))
        raise TokenInvalid("too many pages")

    async def listing(self, collection: str) -> dict[str, str]:
        """List every member; an answer without the collection itself is no answer."""
        async with _deadline():
            results = await self._propfind(collection, "<d:getetag/><d:resourcetype/>", depth=1)
        itself = href_of(collection).rstrip("/")
        if all(each.href.rstrip("/") != itself for each in results):
            raise Garbled("the listing lacks its own collection")
        return {
            each.href: _proof(each.properties.get("{DAV:}getetag"))
            for each in results
            if each.href.rstrip("/") != itself
            and "{DAV:}collection" not in (each.properties.get("{DAV:}resourcetype") or ())
        }

    async def fetch(self, collection: str, hrefs: Sequence[str]) -> list[RemoteObject]:
        """Run calendar-multiget in batches."""
        found: list[RemoteObject] = []
        for first in range(0, len(hrefs), MULTIGET):
            asked = hrefs[first : first + MULTIGET]
            body = (
                f"<c:calendar-multiget {_NAMESPACES}><d:prop><d:getetag/><c:calendar-data/>"
                f"</d:prop>{''.join(f'<d:href>{escape(_quoted(href))}</d:href>' for href in asked)}"
                "</c:calendar-multiget>"
            )
            async with _deadline():
                response = await self._client.report(collection, body, depth=1)
                _expect(response.status, 207)
                _drop_unanswered(response.tree)
                results = response.parse_calendar_query()
            found += [
                RemoteObject(href=each.href, etag=each.etag or "", body=each.calendar_data.encode())
                for each in results
                if each.calendar_data and each.href in asked
            ]
        return found

    async def get(self, collection: str, href: str) -> RemoteObject | None:
        """Read one object with its etag."""
        async with _deadline():
            response = await self._client.request(_member(collection, href), "GET")
            if response.status in {404, 410}:
                return None
            _expect(response.status, 200)
            _expect_no_page(response)
        body = response._raw_body  # noqa: SLF001  # the bytes as received; the public one is mended
        return RemoteObject(href=href, etag=response.headers.get("etag", ""), body=body)

    async def put(self, collection: str, href: str, body: bytes, *, etag: str | None) -> None:
        """Write one object under a condition."""
        present = await self._look(collection, href)
        if (present is None) != (etag is None) or not _same(present, etag):
            raise ChangedMeanwhile("not what we saw")
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag or "*"}
        async with _deadline():
            response = await self._client.put(
                _member(collection, href),
                body.decode(),
                {"Content-Type": "text/calendar; charset=utf-8", **condition},
            )
            _expect(response.status, 200, 201, 204)
            _expect_no_page(response)

    async def delete(self, collection: str, href: str, *, etag: str) -> None:
        """Remove one object under a condition, and let the server tell nobody (RFC 6638, 8.1)."""
        present = await self._look(collection, href)
        if present is None:
            return
        if not _same(present, etag):
            raise ChangedMeanwhile("not what we saw")
        async with _deadline():
            response = await self._client.delete(
                _member(collection, href), {"If-Match": etag or "*", "Schedule-Reply": "F"}
            )
            if response.status not in {404, 410}:
                _expect(response.status, 200, 202, 204)
                _expect_no_page(response)

    async def _look(self, collection: str, href: str) -> str | None:
        """Return the etag of what stands there, if anything does, the moment before we write.

        The condition goes along with the write as well, and where it is kept it is what counts.
        But SOGo writes over what is there in spite of If-None-Match, and deletes under any
        If-Match. Writes are few, and a look costs a fraction of one.
        """
        found = await self.get(collection, href)
        return found.etag if found else None

    # --- requests --------------------------------------------------------------------------------

    async def _page(self, collection: str, token: str) -> Any:
        body = (
            f"<d:sync-collection {_NAMESPACES}><d:sync-token>{escape(token)}</d:sync-token>"
            "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
        )
        response = await self._client.report(collection, body, depth=0)
        if response.status in {400, 405, 409, 412, 415, 501, 507}:
            raise TokenInvalid(str(response.status))
        _expect(response.status, 207)
        return response.parse_sync_collection()

    async def _propfind(self, url: str, properties: str, *, depth: int) -> list[Any]:
        body = f"<d:propfind {_NAMESPACES}><d:prop>{properties}</d:prop></d:propfind>"
        # Not the library's own call, which takes a part of an answer for nonsense.
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        response = await self._client.request(url, "PROPFIND", body, headers)
        _expect(response.status, 207)
        if response.tree is None or not str(response.tree.tag).endswith("}multistatus"):
            raise Garbled("no multistatus")
        if any(_status(each) == 507 for each in response.tree):  # noqa: PLR2004  # RFC 4918, 11.5
            raise Unreachable("only part of the answer")
        results: list[Any] = response.parse_propfind()
        itself = href_of(url).rstrip("/")
        missing = [each for each in results if each.status in {404, 410}]
        if any(each.href.rstrip("/") == itself for each in missing):
            raise Missing("in a multistatus")  # Xandikos says so of a calendar that was removed
        return [each for each in results if each not in missing]

    async def _properties(self, url: str, properties: str) -> dict[str, Any]:
        results = await self._propfind(url, properties, depth=0)
        if not results:
            raise Garbled("an answer about nothing")
        return dict(results[0].properties)

    async def _availability(self, place: str) -> bytes | None:
        """Return the hours that stand at a place; None where it does not answer that."""
        with suppress(Forbidden, Missing, Garbled, Unreachable):
            async with _deadline():
                found = await self._properties(place, "<c:calendar-availability/>")
                return (_text(found.get(f"{_CALENDAR}calendar-availability")) or "").encode()
        return None

    async def _calendars(self, home: str) -> Iterator[RemoteCollection]:
        results = await self._propfind(
            home,
            "<d:resourcetype/><d:displayname/><d:current-user-privilege-set/>"
            "<c:supported-calendar-component-set/><c:calendar-timezone/>"
            "<c:schedule-calendar-transp/>",
            depth=1,
        )
        return (self._collection(each) for each in results if _holds_events(each.properties))

    async def _with_zone(self, calendar: RemoteCollection) -> RemoteCollection:
        """Ask the calendar itself for its zone: DAViCal tells it to nobody who asks for several."""
        if calendar.timezone is not None:
            return calendar
        with suppress(Forbidden, Missing, Garbled):
            async with _deadline():
                found = await self._properties(calendar.url, "<c:calendar-timezone/>")
                zone = _zone(found.get(f"{_CALENDAR}calendar-timezone"))
                return structs.replace(calendar, timezone=zone)
        return calendar

    def _collection(self, found: Any) -> RemoteCollection:
        rights = found.properties.get("{DAV:}current-user-privilege-set")
        name = found.properties.get("{DAV:}displayname")
        return RemoteCollection(
            url=self._join(_quoted(found.href)),
            name=name if isinstance(name, str) else found.href.rstrip("/").rpartition("/")[2],
            timezone=_zone(found.properties.get(f"{_CALENDAR}calendar-timezone")),
            # A server that does not tell rights is tried; a refusal shows when we write.
            writable=not rights or bool(_WRITING & set(rights)),
            transparent=found.properties.get(_TRANSPARENCY) == f"{_CALENDAR}transparent",
        )

    def _join(self, href: str) -> str:
        """Return the URL of an href, on this server or one of its family."""
        url = urljoin(self.url, href)
        ours, theirs = urlsplit(self.url), urlsplit(url)
        same = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
        related = theirs.scheme == "https" and any(
            (ours.hostname or "").endswith(family) and (theirs.hostname or "").endswith(family)
            for family in _FAMILIES
        )
        if not (same or related):
            raise Garbled("the server points at another one")
        return url


def _check_address(guard: Guard, url: str) -> None:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise AddressRefused("This is no https address.") from None
    if parsed.userinfo or not parsed.host:
        raise AddressRefused("Enter the address alone; name and password have their own fields.")
    guard.check_scheme(parsed)


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    """Give an operation its time, and name whatever goes wrong in it."""
    try:
        async with asyncio.timeout(DEADLINE):
            yield
    except (CalendarProblem, AddressRefused):
        raise
    except error.RateLimitError as problem:
        wait = timedelta(seconds=min(max(problem.retry_after_seconds or 0, 0), 3600))
        raise Unreachable("busy", wait) from problem
    except error.AuthorizationError as problem:
        if "{DAV:}valid-sync-token" in problem.preconditions:
            raise TokenInvalid("403") from problem
        if problem.status == httpx2.codes.UNAUTHORIZED:
            raise Refused("401") from problem
        raise Forbidden("403") from problem
    except Redirected as problem:
        raise Garbled("redirect") from problem
    except AnswerTooLarge as problem:
        raise TooLarge("bytes") from problem
    except (httpx2.HTTPError, TimeoutError, OSError) as problem:
        raise Unreachable(type(problem).__name__) from problem
    except Exception as problem:
        # Login pages, cut answers and broken XML come out as errors of every kind.
        raise Garbled(type(problem).__name__) from problem


def _expect(status: int, *good: int) -> None:
    if status in good:
        return
    if status in {404, 410}:
        raise Missing(str(status))
    if status in {409, 412}:
        raise ChangedMeanwhile(str(status))
    if status >= 500:  # noqa: PLR2004  # the server's own errors
        raise Unreachable(str(status))
    raise Garbled(str(status))


def _expect_no_page(response: Any) -> None:
    """Refuse a page for people, which some gateways put with a 200 where a log-in has expired."""
    if response.status == httpx2.codes.OK and "html" in response.headers.get("content-type", ""):
        raise Garbled("a page")


def _holds_events(properties: dict[str, Any]) -> bool:
    components = properties.get(f"{_CALENDAR}supported-calendar-component-set") or ["VEVENT"]
    kinds = properties.get("{DAV:}resourcetype") or []
    return f"{_CALENDAR}calendar" in kinds and "VEVENT" in components


def _zone(timezone: Any) -> str | None:
    if not isinstance(timezone, str):
        return None
    names = (value(line) for line in unfold(timezone.encode()) if name_of(line) == "TZID")
    return zone_named(next(names, ""))


def _addresses(found: Any) -> tuple[str, ...]:
    """Return the mail addresses among what a server calls somebody by, each once."""
    named = (_MAIL.fullmatch(each.strip()) for each in found or () if isinstance(each, str))
    addresses = (unquote(match.group(1)).lower() for match in named if match)
    return tuple(dict.fromkeys(addresses))[:MAX_ADDRESSES]


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found else None


def _proof(etag: str | None) -> str:
    """Return an etag as far as it tells whether an event is the one that we know.

    SOGo's count an event's changes, from nought again when it was removed and made anew.
    """
    return "" if etag is None or _COUNTED.fullmatch(etag) else etag


def _before(token: str) -> str:
    """Return a token that also tells what else happens within the second the token stands for.

    SOGo's tokens are the second of the last change; what changes later in it comes under the same.
    """
    return str(int(token) - 1) if _SECONDS.fullmatch(token) and int(token) > 0 else token


def _same(present: str | None, etag: str | None) -> bool:
    """Compare etags as far as they are known, whether or not they are called weak."""
    return not present or not etag or present.removeprefix("W/") == etag.removeprefix("W/")


def _status(response: Any) -> int | None:
    """Return what a multistatus answer says of one resource as a whole."""
    line = str(response.findtext("{DAV:}status") or "").split()
    return int(line[1]) if len(line) > 1 and line[1].isdigit() else None


def _drop_unanswered(multistatus: Any) -> None:
    """Take out what the server could not give, lest the library refuse the rest as well."""
    if multistatus is None:
        return
    for response in list(multistatus):
        if _status(response) not in {None, 200, 404}:
            multistatus.remove(response)


def _quoted(href: str) -> str:
    return quote(href, safe=_SAFE)


def _member(collection: str, href: str) -> str:
    return urljoin(collection, _quoted(href))


__all__ = ("Auth", "Bearer", "CaldavServer")
