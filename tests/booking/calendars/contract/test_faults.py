"""What the adapter makes of a real server that goes wrong, and what it does not do then."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from booking.calendars import caldav
from booking.calendars.caldav import CaldavServer
from booking.calendars.port import (
    ChangedMeanwhile,
    Forbidden,
    Garbled,
    Missing,
    Refused,
    TokenInvalid,
    TooLarge,
    Unreachable,
)
from kernel.outgoing import Guard, GuardedTransport
from tests.booking.calendars.contract.conftest import USER, Place, meeting
from tests.services import fault_proxy as faults
from tests.services.dav import PASSWORDS
from tests.services.fault_proxy import Answer, FaultProxy, Request

Asking = Callable[[CaldavServer, str, Place], Awaitable[Any]]

QUESTIONS: dict[str, Asking] = {
    "discover": lambda server, url, place: server.discover(),
    "state": lambda server, url, place: server.state(url),
    "listing": lambda server, url, place: server.listing(url),
    "changes": lambda server, url, place: server.changes(url, ""),
    "fetch": lambda server, url, place: server.fetch(url, [place.href("a.ics")]),
    "get": lambda server, url, place: server.get(url, place.href("a.ics")),
}
WRITES: dict[str, Asking] = {
    "create": lambda server, url, place: server.put(
        url, place.href("b.ics"), meeting("b").encode(), etag=None
    ),
    "change": lambda server, url, place: server.put(
        url, place.href("a.ics"), meeting("a").encode(), etag=""
    ),
    "delete": lambda server, url, place: server.delete(url, place.href("a.ics"), etag=""),
}
EVERYTHING = QUESTIONS | WRITES


@pytest.fixture
def proxy(radicale_place: Place) -> Iterator[FaultProxy]:
    """A proxy before a calendar with one event in it."""
    radicale_place.put("a.ics", meeting("a"))
    with FaultProxy(radicale_place.dav.port) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (faults.unauthorised(), Refused),
        (faults.answer(403), Forbidden),
        (faults.busy(status=429), Unreachable),
        (faults.busy(), Unreachable),
        (faults.answer(500), Unreachable),
        (faults.answer(418), Garbled),
        (faults.login_page(), Garbled),
        (faults.redirect("/elsewhere/"), Garbled),
        (faults.reset(), Unreachable),
        (faults.cut_short(), Unreachable),
        (faults.zipped(), TooLarge),
        (faults.huge(64 * 2**20, status=200), TooLarge),
    ],
)
@pytest.mark.parametrize("question", EVERYTHING)
async def test_a_fault_is_a_problem_for_every_call(
    radicale_place: Place,
    proxy: FaultProxy,
    question: str,
    fault: faults.Fault,
    problem: type[Exception],
) -> None:
    """Whatever comes in place of an answer has a name; it never passes for one."""
    proxy.on("*", "*", fault)
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(problem):
            await EVERYTHING[question](server, proxy.through(radicale_place.url), radicale_place)

    assert radicale_place.names() == ["a.ics"]


@pytest.mark.parametrize("question", WRITES)
async def test_a_page_in_place_of_a_deed_is_no_success(
    radicale_place: Place, proxy: FaultProxy, question: str
) -> None:
    """A gateway that answers a write with 200 and a page for people has written nothing."""
    proxy.on("PUT", "*", faults.login_page())
    proxy.on("DELETE", "*", faults.login_page())
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Garbled):
            await WRITES[question](server, proxy.through(radicale_place.url), radicale_place)


@pytest.mark.parametrize("question", ["discover", "state", "listing", "changes", "fetch"])
async def test_half_an_answer_is_not_read(
    radicale_place: Place, proxy: FaultProxy, question: str
) -> None:
    """XML that ends too soon is no answer; nothing of it is believed."""
    proxy.on("*", "*", faults.truncated())
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Garbled):
            await EVERYTHING[question](server, proxy.through(radicale_place.url), radicale_place)


@pytest.mark.parametrize("question", ["discover", "state", "listing", "changes"])
async def test_an_answer_about_nothing_is_no_answer(
    radicale_place: Place, proxy: FaultProxy, question: str
) -> None:
    """A 207 that speaks of nothing, not even of what was asked about, is not an empty calendar."""
    proxy.on("*", "*", faults.answer(207, '<multistatus xmlns="DAV:"/>', content_type="text/xml"))
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises((Garbled, TokenInvalid)):
            await EVERYTHING[question](server, proxy.through(radicale_place.url), radicale_place)


# --- patience ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "120"}, timedelta(minutes=2)),
        ({"retry_after": "999999999999"}, timedelta(hours=1)),
        ({"retry_after": "-5"}, timedelta()),
        ({"retry_after": "soon"}, timedelta()),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, timedelta()),
        ({}, timedelta()),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_patience_is_not_asked_again(
    radicale_place: Place,
    proxy: FaultProxy,
    status: int,
    headers: dict[str, str],
    wait: timedelta,
) -> None:
    """One request, and the wait it asked for is passed on; nonsense means none, not for ever."""
    proxy.on("*", "*", faults.answer(status, **headers))
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Unreachable) as caught:
            await server.changes(proxy.through(radicale_place.url), "")

    assert (caught.value.wait, proxy.count()) == (wait, 1)


@pytest.mark.parametrize("question", EVERYTHING)
@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(pause=0.01)])
async def test_nobody_waits_for_ever(
    radicale_place: Place,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    question: str,
    fault: faults.Fault,
) -> None:
    """An answer that does not come, or never ends, is given up at the deadline."""
    monkeypatch.setattr(caldav, "DEADLINE", 0.15)
    if question in WRITES and fault.__qualname__.startswith("drip"):
        pytest.skip("what it answers is shorter than the deadline")
    proxy.on("*", "*", fault)
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Unreachable):
            await EVERYTHING[question](server, proxy.through(radicale_place.url), radicale_place)


# --- what is not followed, and not swallowed ------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("question", EVERYTHING)
async def test_nothing_reaches_a_host_that_was_not_connected(
    radicale_place: Place, proxy: FaultProxy, question: str, status: int
) -> None:
    """A redirect is refused: no request, and no password, arrives where it points."""
    with FaultProxy(radicale_place.dav.port) as foreign:
        proxy.on("*", "*", faults.redirect(foreign.url, status=status))
        async with radicale_place.open(by=proxy) as server:
            with pytest.raises(Garbled):
                await EVERYTHING[question](
                    server, proxy.through(radicale_place.url), radicale_place
                )

        assert (foreign.connections, foreign.count()) == (0, 0)


async def test_a_listing_cannot_lead_elsewhere(radicale_place: Place, proxy: FaultProxy) -> None:
    """A server that names another as the home of its calendars is not believed."""
    with FaultProxy(radicale_place.dav.port) as foreign:

        def change(_: Request, real: Answer) -> Answer:
            body = real.body.replace(b"<href>/", b"<href>" + foreign.url.encode())
            return Answer(real.status, real.headers, body)

        proxy.on("*", "*", faults.changed(change))
        async with radicale_place.open(by=proxy) as server:
            with pytest.raises(Garbled):
                await server.discover()

        assert foreign.connections == 0


@pytest.mark.parametrize(
    "fault", [faults.huge(300 * 2**20), faults.zip_bomb(300 * 2**20)], ids=["plain", "zipped"]
)
async def test_a_huge_answer_is_cut_off(
    radicale_place: Place, proxy: FaultProxy, fault: faults.Fault
) -> None:
    """Three hundred megabytes cost us less than fifty of memory, and are not even read."""
    proxy.on("*", "*", fault)

    assert await _grown(radicale_place, proxy) < 50 * 2**20
    assert proxy.sent < 40 * 2**20


async def test_what_reading_costs_in_memory_is_noticed(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """Without a limit the same answer costs what it holds, so that what is measured here counts."""
    proxy.on("*", "*", faults.huge(100 * 2**20))

    assert await _grown(radicale_place, proxy, limit=200 * 2**20) > 90 * 2**20


async def _grown(place: Place, proxy: FaultProxy, *, limit: int = 0) -> int:
    """Return by how many bytes a process of its own has grown over a listing.

    The most that a process ever held is all that the system tells: in this one, where other tests
    have been before, it would not move.
    """
    # What is begun anew has held nothing yet.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return await asyncio.wrap_future(alone.submit(_list_alone, proxy.port, place.url, limit))


def _list_alone(port: int, url: str, limit: int) -> int:
    address = urlsplit(url)._replace(netloc=f"127.0.0.1:{port}").geturl()
    if limit:
        defaults = GuardedTransport.__init__.__kwdefaults__ or {}
        defaults["max_body"] = limit  # in this process only

    async def ask() -> None:
        guard = Guard([f"127.0.0.1:{port}"])
        login = CaldavServer(guard, url=address, username=USER, password=PASSWORDS[USER])
        async with login as server:
            with pytest.raises(Garbled):  # too large is one of its kinds
                await server.listing(address)

    asyncio.run(ask())
    return _most() - _begun


def _most() -> int:
    """Return the most bytes that this program ever held.

    Not what getrusage tells, which counts what the process was begun from as well.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


_begun: Final = _most()
"""What this process had held at most when it had loaded all this."""


async def test_one_huge_event_does_not_spoil_the_others(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """An event too large to read is trouble by itself; the next one is read as ever."""
    proxy.on("GET", "*/huge.ics", faults.huge(20 * 2**20, status=200))
    url = proxy.through(radicale_place.url)
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(TooLarge):
            await server.get(url, radicale_place.href("huge.ics"))
        found = await server.get(url, radicale_place.href("a.ics"))

    assert found is not None
    assert b"UID:a" in found.body


# --- connections that break ----------------------------------------------------------------------


async def test_a_kept_connection_that_breaks_is_replaced(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """Questions are asked again over a new connection; writes never go over a kept one."""
    proxy.on("*", "*", faults.reset(reused_only=True))
    url, href = proxy.through(radicale_place.url), radicale_place.href("b.ics")
    async with radicale_place.open(by=proxy) as server:
        for _ in range(3):
            assert list(await server.listing(url)) == [radicale_place.href("a.ics")]
        await server.put(url, href, meeting("b").encode(), etag=None)
        found = await server.get(url, href)
        assert found is not None
        await server.put(url, href, meeting("b", "SUMMARY:c").encode(), etag=found.etag)
        found = await server.get(url, href)
        assert found is not None
        await server.delete(url, href, etag=found.etag)

    assert radicale_place.names() == ["a.ics"]
    assert proxy.count("PUT", "DELETE") == 3
    assert any(each.reused for each in proxy.seen), "no connection was kept: this proves nothing"
    assert not any(each.reused for each in proxy.seen if each.method in {"PUT", "DELETE"})


async def test_a_question_is_repeated_once(radicale_place: Place, proxy: FaultProxy) -> None:
    """A server that breaks every connection is asked twice, and left alone then."""
    proxy.on("*", "*", faults.reset())
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Unreachable):
            await server.listing(proxy.through(radicale_place.url))

    assert proxy.count() == 2


@pytest.mark.parametrize("question", WRITES)
async def test_a_write_is_never_repeated(
    radicale_place: Place, proxy: FaultProxy, question: str
) -> None:
    """What may have been done before its answer was lost is for the caller to look at."""
    proxy.on("PUT", "*", faults.lose_answer())
    proxy.on("DELETE", "*", faults.lose_answer())
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Unreachable):
            await WRITES[question](server, proxy.through(radicale_place.url), radicale_place)

    assert proxy.count("PUT", "DELETE") == 1


async def test_after_a_lost_answer_there_is_one_entry(place: Place) -> None:
    """The entry whose answer was lost is found where it was put; a second one is not made."""
    href, body = place.href("lost.ics"), meeting("lost").encode()
    with FaultProxy(place.dav.port) as proxy:
        proxy.on("PUT", "*", faults.lose_answer(), times=1)
        url = proxy.through(place.url)
        async with place.open(by=proxy) as server:
            with pytest.raises(Unreachable):
                await server.put(url, href, body, etag=None)
            with pytest.raises(ChangedMeanwhile):
                await server.put(url, href, body, etag=None)
            found = await server.get(url, href)

    assert found is not None
    assert b"UID:lost" in found.body
    assert place.names() == ["lost.ics"]


# --- conditions that are not kept ----------------------------------------------------------------


async def test_a_server_that_ignores_conditions_overwrites_nothing(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """Where If-None-Match and If-Match count for nothing, we have looked before we wrote."""
    proxy.on("*", "*", faults.without("If-None-Match", "If-Match"))
    url, href = proxy.through(radicale_place.url), radicale_place.href("a.ics")
    async with radicale_place.open(by=proxy) as server:
        old = await server.get(url, href)
        assert old is not None
        radicale_place.put("a.ics", meeting("a", "SUMMARY:theirs"))
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, meeting("a").encode(), etag=None)
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, meeting("a").encode(), etag=old.etag)
        with pytest.raises(ChangedMeanwhile):
            await server.delete(url, href, etag=old.etag)

    assert "SUMMARY:theirs" in radicale_place.get("a.ics")
    assert proxy.count("PUT", "DELETE") == 0


async def test_the_condition_goes_along_all_the_same(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """What is written between our look and our write is kept by servers that keep conditions."""

    def late(request: Request, real: Answer) -> Answer:
        radicale_place.put("b.ics", meeting("b", "SUMMARY:theirs"))
        return real

    proxy.on("GET", "*/b.ics", faults.changed(late), times=1)
    url, href = proxy.through(radicale_place.url), radicale_place.href("b.ics")
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, meeting("b").encode(), etag=None)

    assert "SUMMARY:theirs" in radicale_place.get("b.ics")
    assert proxy.count("PUT") == 1


async def test_an_entry_without_an_etag_can_be_written(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """A server that tells no ETag is written to, as long as something stands there."""
    proxy.on("GET", "*", faults.silent_about("ETag"))
    proxy.on("PUT", "*", faults.silent_about("ETag"))
    url, href = proxy.through(radicale_place.url), radicale_place.href("a.ics")
    async with radicale_place.open(by=proxy) as server:
        found = await server.get(url, href)
        assert found is not None
        assert found.etag == ""
        await server.put(url, href, meeting("a", "SUMMARY:b").encode(), etag=found.etag)
        assert "SUMMARY:b" in radicale_place.get("a.ics")
        await server.delete(url, href, etag=found.etag)

    assert radicale_place.names() == []


# --- tokens, pages and parts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (faults.token_unknown(), TokenInvalid),
        (faults.token_unknown(status=412), TokenInvalid),
        (faults.token_unknown(status=409), TokenInvalid),
        (faults.answer(501), TokenInvalid),
        (faults.answer(507), TokenInvalid),
        (faults.answer(403), Forbidden),
        (faults.answer(404), Missing),
        (faults.answer(500), Unreachable),
    ],
)
async def test_a_refused_token_is_told_from_other_refusals(
    radicale_place: Place, proxy: FaultProxy, fault: faults.Fault, problem: type[Exception]
) -> None:
    """Only what a full listing may cure is called an invalid token."""
    proxy.on("REPORT", "*", fault)
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(problem):
            await server.changes(proxy.through(radicale_place.url), "data:,1")

    assert proxy.count() == 1


async def test_pages_that_do_not_get_on_are_given_up(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """A server that always says there is more, under the same token, is not asked for ever."""
    proxy.on("REPORT", "*", faults.stuck())
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(TokenInvalid):
            await server.changes(proxy.through(radicale_place.url), "")

    assert proxy.count() == 1


def _with_response(status: str, href: str) -> faults.Fault:
    more = f"<response><href>{href}</href><status>HTTP/1.1 {status}</status></response>".encode()

    def change(_: Request, real: Answer) -> Answer:
        body = real.body.replace(b"</multistatus>", more + b"</multistatus>")
        assert body != real.body
        return Answer(real.status, real.headers, body)

    return faults.changed(change)


async def test_part_of_a_listing_is_no_listing(radicale_place: Place, proxy: FaultProxy) -> None:
    """A server that stops halfway (507) would make the rest look as if it had gone."""
    href = radicale_place.href("")
    proxy.on("PROPFIND", "*", _with_response("507 Insufficient Storage", href), times=1)
    url = proxy.through(radicale_place.url)
    async with radicale_place.open(by=proxy) as server:
        with pytest.raises(Unreachable):
            await server.listing(url)
        proxy.on("PROPFIND", "*", faults.empty_listing(itself=False), times=1)
        with pytest.raises(Garbled):
            await server.listing(url)
        assert list(await server.listing(url)) == [radicale_place.href("a.ics")]


async def test_a_calendar_that_is_reported_gone_is_not_empty(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """A 404 inside a 207 speaks of its own address: of the calendar, or of one event in it."""
    url = proxy.through(radicale_place.url)
    gone = _with_response("404 Not Found", radicale_place.href("b.ics"))
    proxy.on("PROPFIND", "*", gone, times=1)
    missing = _with_response("404 Not Found", radicale_place.href(""))
    async with radicale_place.open(by=proxy) as server:
        assert list(await server.listing(url)) == [radicale_place.href("a.ics")]
        proxy.on("PROPFIND", "*", missing)
        with pytest.raises(Missing):
            await server.listing(url)
        with pytest.raises(Missing):
            await server.state(url)


async def test_one_event_that_cannot_be_given_does_not_keep_back_the_rest(
    radicale_place: Place, proxy: FaultProxy
) -> None:
    """A multiget in which the server fails on one event still gives the others."""
    proxy.on("REPORT", "*", _with_response("500 Oops", radicale_place.href("b.ics")))
    hrefs = [radicale_place.href("a.ics"), radicale_place.href("b.ics")]
    async with radicale_place.open(by=proxy) as server:
        (found,) = await server.fetch(proxy.through(radicale_place.url), hrefs)

    assert found.href == hrefs[0]
