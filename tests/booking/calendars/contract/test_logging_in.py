"""Logging in by password, by digest and by token, each at a server that wants it so."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest

from booking.calendars.caldav import Bearer, CaldavServer
from booking.calendars.port import Refused, Unreachable, href_of
from kernel.outgoing import Guard
from tests.booking.calendars.contract.conftest import USER, Place, Servers, meeting
from tests.services.cyrus import Cyrus
from tests.services.dav import PASSWORDS, DavServer
from tests.services.fault_proxy import Answer, Exchange, FaultProxy


@pytest.fixture
def cyrus(servers: Servers) -> DavServer:
    """A server that takes digest, and answers strangers at its root."""
    return servers(Cyrus)


def _at(port: int, path: str, password: str) -> CaldavServer:
    guard = Guard([f"127.0.0.1:{port}"])
    url = f"http://127.0.0.1:{port}/{path}"
    return CaldavServer(guard, url=url, username=USER, password=password, auth="digest")


def _sent_by(server: CaldavServer) -> list[str]:
    """Return a list that fills with what the server is told of who we are."""
    sent: list[str] = []

    async def note(request: httpx2.Request) -> None:
        sent.append(request.headers["authorization"])

    # Not by a proxy: Cyrus knows a challenge only on the connection it was made on.
    server._client.session.event_hooks = {"request": [note]}
    return sent


async def test_digest_tells_the_password_to_nobody(cyrus: DavServer) -> None:
    """Even where strangers are answered we are known from the first answer, without a password."""
    url = cyrus.calendar(USER)
    href = f"{href_of(url)}digest.ics"
    async with _at(cyrus.port, "dav/", PASSWORDS[USER]) as server:
        sent = _sent_by(server)
        assert url in {each.url for each in await server.discover()}
        await server.put(url, href, meeting("digest").encode(), etag=None)
        entry = await server.get(url, href)
        assert entry is not None
        assert b"UID:digest" in entry.body
        await server.delete(url, href, etag=entry.etag)

    assert cyrus.names(USER, url) == []
    assert all(each.startswith("Digest ") for each in sent)
    asked = [each for each in sent if 'username=""' in each]
    assert len(asked) == 1, "after the first challenge there is one to go by"


async def test_a_wrong_digest_is_refused(cyrus: DavServer) -> None:
    """It is tried once, after the server has said how; no other way is tried."""
    async with _at(cyrus.port, "dav/", "guess") as server:
        sent = _sent_by(server)
        with pytest.raises(Refused):
            await server.discover()

    assert len(sent) == 2
    assert all(each.startswith("Digest ") for each in sent)


async def test_digest_is_not_given_up_for_less(radicale_place: Place) -> None:
    """A server that wants the password itself does not get it from who chose digest."""
    with FaultProxy(radicale_place.dav.port) as proxy:
        async with _at(proxy.port, f"{USER}/", PASSWORDS[USER]) as server:
            with pytest.raises(Refused):
                await server.discover()

        assert not any("Basic" in each.headers["authorization"] for each in proxy.seen)


@pytest.fixture
def gate(radicale_place: Place) -> Iterator[FaultProxy]:
    """A real server behind a gate that lets in who has the token of the day."""
    basic = b64encode(f"{USER}:{PASSWORDS[USER]}".encode()).decode()

    async def guard(exchange: Exchange) -> None:
        asked = exchange.request
        if asked.headers.get("authorization") != "Bearer today":
            await exchange.send(Answer(401, [("WWW-Authenticate", 'Bearer realm="calendar"')]))
            return
        headers = {**asked.headers, "authorization": f"Basic {basic}"}
        await exchange.send(await exchange.forward(replace(asked, headers=headers)))

    with FaultProxy(radicale_place.dav.port) as proxy:
        proxy.on("*", "*", guard)
        yield proxy


class Renewal:
    """Gives out tokens, and counts how often it was asked."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0

    async def __call__(self) -> str:
        """Return the next token."""
        self.asked += 1
        if not self.tokens:
            raise Unreachable("no token to be had")
        return self.tokens.pop(0)


async def test_a_token_logs_in(radicale_place: Place, gate: FaultProxy) -> None:
    """As long as it is accepted nobody asks for another."""
    renewal = Renewal()
    async with radicale_place.open(by=gate, auth=Bearer("today", renewal)) as server:
        assert await server.listing(gate.through(radicale_place.url)) == {}

    assert (renewal.asked, gate.count()) == (0, 1)


async def test_an_old_token_is_renewed_once(radicale_place: Place, gate: FaultProxy) -> None:
    """What was refused is asked again with the new token, and so is all that follows."""
    renewal = Renewal("today", "tomorrow")
    url = gate.through(radicale_place.url)
    async with radicale_place.open(by=gate, auth=Bearer("yesterday", renewal)) as server:
        assert await server.listing(url) == {}
        href = radicale_place.href("a.ics")
        await server.put(url, href, meeting("a").encode(), etag=None)

    assert radicale_place.names() == ["a.ics"]
    assert (renewal.asked, gate.count()) == (1, 4)


async def test_a_write_refused_for_an_old_token_is_done_once(
    radicale_place: Place, gate: FaultProxy
) -> None:
    """The refused write was not done, so it may be sent again; its body goes along."""
    renewal = Renewal("today")
    url = gate.through(radicale_place.url)
    bearer = Bearer("today", renewal)
    async with radicale_place.open(by=gate, auth=bearer) as server:
        refusing = gate.on("PUT", "*", _refuse, times=1)
        gate._rules.reverse()  # before the gate itself
        href = radicale_place.href("a.ics")
        await server.put(url, href, meeting("a").encode(), etag=None)

    assert "UID:a" in radicale_place.get("a.ics")
    assert (refusing.hits, renewal.asked, gate.count("PUT")) == (1, 1, 2)


async def _refuse(exchange: Exchange) -> None:
    await exchange.send(Answer(401, [("WWW-Authenticate", 'Bearer realm="calendar"')]))


async def test_a_new_token_that_is_refused_is_the_last(
    radicale_place: Place, gate: FaultProxy
) -> None:
    """Neither a second renewal nor a second try: the log-in is refused, and stays so."""
    renewal = Renewal("also old", "older")
    url = gate.through(radicale_place.url)
    async with radicale_place.open(by=gate, auth=Bearer("old", renewal)) as server:
        for _ in range(2):
            with pytest.raises(Refused):
                await server.listing(url)

    assert (renewal.asked, gate.count()) == (1, 3)


async def test_a_token_without_renewal_is_refused_at_once(
    radicale_place: Place, gate: FaultProxy
) -> None:
    """One request, and no token in what anybody might print."""
    bearer = Bearer("a-secret-token")
    async with radicale_place.open(by=gate, auth=bearer) as server:
        with pytest.raises(Refused) as caught:
            await server.listing(gate.through(radicale_place.url))

    assert gate.count() == 1
    assert "a-secret-token" not in f"{bearer!r}{caught.value!r}{caught.value.__cause__!r}"


async def test_where_no_token_is_to_be_had_that_is_the_problem(
    radicale_place: Place, gate: FaultProxy
) -> None:
    """A renewal that cannot be reached is no refusal: the account is not given up for it."""
    async with radicale_place.open(by=gate, auth=Bearer("old", Renewal())) as server:
        with pytest.raises(Unreachable):
            await server.listing(gate.through(radicale_place.url))
