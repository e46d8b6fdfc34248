"""Accounts whose token is renewed, by a real token endpoint, for a real calendar server."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from booking.calendars import store
from booking.calendars.errors import CalendarRefused, CalendarUnreachable
from booking.calendars.grants import Grants
from booking.calendars.model import Account, ConnectInput, LoginInput, StoredAccount
from booking.calendars.port import Refused, Revoked, Unreachable
from booking.calendars.tables import calendar_accounts, calendar_grants
from booking.calendars.tokens import GrantInput, renew
from kernel.crypto import Keyring, Secret
from kernel.errors import Invalid
from kernel.outgoing import AddressRefused, Guard
from tests.booking.calendars.conftest import USER, Desk, event
from tests.services.fault_proxy import Answer, Exchange, FaultProxy
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.token_endpoint import TokenEndpoint

REFUSAL = Answer(401, [("WWW-Authenticate", 'Bearer realm="calendar"')])


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    """Somebody who gives out tokens."""
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.remove()


@contextmanager
def gate_before(radicale: Radicale, endpoint: TokenEndpoint) -> Iterator[FaultProxy]:
    """Put a gate before a real server that lets in who has the token that was given last."""
    basic = b64encode(f"{USER}:{PASSWORDS[USER]}".encode()).decode()

    async def guard(exchange: Exchange) -> None:
        asked = exchange.request
        if asked.headers.get("authorization") != f"Bearer {endpoint.access}":
            await exchange.send(REFUSAL)
            return
        headers = {**asked.headers, "authorization": f"Basic {basic}"}
        await exchange.send(await exchange.forward(replace(asked, headers=headers)))

    with FaultProxy(radicale.port) as proxy:
        proxy.on("*", "*", guard)
        yield proxy


@pytest.fixture
def gate(radicale: Radicale, endpoint: TokenEndpoint) -> Iterator[FaultProxy]:
    """A real server behind such a gate."""
    with gate_before(radicale, endpoint) as proxy:
        yield proxy


@pytest.fixture
def desk(desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint) -> Desk:
    """An advisor whose calendar wants a token."""
    guard = Guard([f"127.0.0.1:{gate.port}", f"127.0.0.1:{endpoint.port}"])
    desk.calendars.logins.guard = desk.calendars.logins.grants.guard = guard
    return desk


def granted(endpoint: TokenEndpoint, **more: Any) -> GrantInput:
    """Return what an advisor's consent gave."""
    values = {
        "token_url": endpoint.url,
        "client_id": "spreekuur",
        "client_secret": endpoint.secret,
        "refresh_token": endpoint.refresh,
    }
    return GrantInput(**(values | more))


async def connect(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint, token: str | None = None
) -> Account:
    """Connect the account."""
    data = ConnectInput(
        advisor=desk.advisor,
        url=gate.url,
        auth="bearer",
        password=token,
        oauth=granted(endpoint),
    )
    return await desk.calendars.connect(desk.tenant, data)


async def stored(desk: Desk, account: Account) -> StoredAccount:
    """Return an account as it is stored."""
    async with desk.database.reading(desk.tenant) as db:
        found = await store.account(db, desk.tenant, account.id)
    assert found is not None
    return found


async def test_a_grant_alone_connects(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """A first token is asked for, its end is known, and no request goes without one."""
    desk.put("a", event("a", ":20261201T090000Z", ":20261201T100000Z"))
    account = await connect(desk, gate, endpoint)

    assert (account.state, account.auth) == ("active", "bearer")
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    assert endpoint.asked == [{"grant_type": "refresh_token", "refresh_token": "refresh-0"}]
    assert {each.headers["authorization"] for each in gate.seen} == {"Bearer access-1"}
    assert (await stored(desk, account)).token_expires_at == desk.clock.now() + timedelta(hours=1)


async def test_a_good_token_is_not_renewed(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """Connecting with one asks nobody for another; an old one is renewed on the way, once."""
    await connect(desk, gate, endpoint, "access-0")
    assert endpoint.asked == []

    await connect(desk, gate, endpoint, "an old one")
    assert len(endpoint.asked) == 1
    desk.clock.advance(timedelta(minutes=2))
    await desk.worker.run_due()
    assert len(endpoint.asked) == 1
    assert [each.state for each in await desk.calendars.list_accounts(desk.tenant)] == ["active"]


async def test_a_refused_token_is_renewed_and_both_are_kept(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """The round goes on with the new token; the next renewal has the next refresh token."""
    await connect(desk, gate, endpoint)
    for number in (2, 3):
        endpoint.access = "withdrawn"
        await desk.pass_time(timedelta(minutes=2))
        assert endpoint.access == f"access-{number}"

    assert [each["refresh_token"] for each in endpoint.asked] == [
        f"refresh-{number}" for number in range(3)
    ]
    (account,) = await desk.calendars.list_accounts(desk.tenant)
    assert (account.state, account.problem) == ("active", None)


async def test_a_token_is_renewed_before_it_ends(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """A minute before that, so that no request is refused for it."""
    await connect(desk, gate, endpoint)
    await desk.pass_time(timedelta(minutes=58))
    assert len(endpoint.asked) == 1
    await desk.pass_time(timedelta(seconds=90))

    assert len(endpoint.asked) == 2
    assert {each.headers["authorization"] for each in gate.seen} == {
        "Bearer access-1",
        "Bearer access-2",
    }


async def test_an_endpoint_that_is_away_costs_no_good_token(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """Until its end the old token does; after that the account is behind, and comes back."""
    account = await connect(desk, gate, endpoint)
    endpoint.answers = [(503, {"Retry-After": "5"}, b"")] * 3
    await desk.pass_time(timedelta(minutes=59, seconds=30))
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "active"

    endpoint.access = "withdrawn"
    await desk.pass_time(timedelta(minutes=2))
    behind = await desk.calendars.status(desk.tenant, account.id)
    assert (behind.state, behind.problem) == ("degraded", "calendar-unreachable")

    endpoint.answers = []
    await desk.pass_time(timedelta(minutes=5))
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "active"


async def test_a_grant_that_was_withdrawn_ends_the_asking(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """At the first word of it, told once; nobody is asked again until there is a new one."""
    account = await connect(desk, gate, endpoint)
    endpoint.access, endpoint.refresh = "withdrawn", None
    await desk.pass_time(timedelta(minutes=2))

    after = await desk.calendars.status(desk.tenant, account.id)
    assert (after.state, after.problem) == ("auth-failed", "calendar-revoked")
    assert await desk.troubles() == [("calendar-revoked", None)]
    asked = (len(endpoint.asked), len(gate.seen))
    await desk.pass_time(timedelta(days=1))
    assert (len(endpoint.asked), len(gate.seen)) == asked
    await desk.calendars.sync(desk.tenant, account.id)
    assert len(endpoint.asked) == asked[0], "known to be good for nothing"

    endpoint.refresh = "refresh-new"
    assert (await connect(desk, gate, endpoint)).id == account.id
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "active"


async def test_many_who_need_a_new_token_renew_it_once(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """In one process or several: a refresh token that is sent twice would end the grant."""
    account = await stored(desk, await connect(desk, gate, endpoint))
    endpoint.pause = 0.3
    logins = desk.calendars.logins
    others = Grants(desk.database, desk.clock, logins.keyring, logins.guard)
    tokens = await asyncio.gather(*(each.renewed(account) for each in [logins.grants, others] * 4))

    assert set(tokens) == {"access-2"}
    assert len(endpoint.asked) == 2
    assert endpoint.refresh == "refresh-2"


async def test_whoever_gives_up_waiting_loses_no_token(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """What the endpoint gives after that is stored all the same."""
    account = await stored(desk, await connect(desk, gate, endpoint))
    endpoint.pause = 0.3
    grants = desk.calendars.logins.grants
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await grants.renewed(account)

    assert await grants.renewed(account) == "access-2"
    assert len(endpoint.asked) == 2


async def test_a_lease_that_was_left_behind_ends(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """A process that died while it renewed keeps the others waiting for two minutes at most."""
    account = await stored(desk, await connect(desk, gate, endpoint))
    async with desk.database.transaction(desk.tenant) as db:
        until = desk.clock.now() + timedelta(minutes=2)
        await db.execute(calendar_grants.update().values(lease="left", leased_until=until))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await desk.calendars.logins.grants.renewed(account)
    assert len(endpoint.asked) == 1

    desk.clock.advance(timedelta(minutes=2))
    assert await desk.calendars.logins.grants.renewed(account) == "access-2"


async def test_nothing_of_it_is_readable_where_it_is_stored(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither token, secret nor refresh token, in no column and no log; gone with the account."""
    caplog.set_level(logging.DEBUG)
    account = await connect(desk, gate, endpoint)
    endpoint.access = "withdrawn"
    await desk.pass_time(timedelta(minutes=2))
    async with desk.database.reading(desk.tenant) as db:
        rows = [
            *(await db.execute(select(calendar_grants))),
            *(await db.execute(select(calendar_accounts))),
        ]
    said = repr([tuple(row) for row in rows]) + caplog.text + repr(granted(endpoint))
    assert len(rows) == 2
    for secret in ("refresh-", "access-1", "access-2", "a secret", "a+secret"):
        assert secret not in said

    keyring = desk.calendars.logins.keyring
    desk.calendars.logins.grants.keyring = Keyring(Secret("another secret key, after a restart"))
    with pytest.raises(Refused):
        await desk.calendars.logins.grants.renewed(await stored(desk, account))
    desk.calendars.logins.grants.keyring = keyring

    await desk.calendars.disconnect(desk.tenant, account.id)
    async with desk.database.reading(desk.tenant) as db:
        assert (await db.execute(text("SELECT count(*) FROM calendar_grants"))).scalar() == 0


async def test_a_token_entered_anew_needs_no_grant_any_more(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """Connecting without one forgets the one before: then the end of a token is the end."""
    account = await connect(desk, gate, endpoint)
    data = ConnectInput(advisor=desk.advisor, url=gate.url, auth="bearer", password=endpoint.access)
    await desk.calendars.connect(desk.tenant, data)
    with pytest.raises(Refused):
        await desk.calendars.logins.grants.renewed(await stored(desk, account))
    assert len(endpoint.asked) == 1


# --- entering one --------------------------------------------------------------------------------


async def test_a_grant_that_is_good_for_nothing_is_not_connected(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """It is said which field is wrong, and in plain words; nothing is stored."""
    data = ConnectInput(
        advisor=desk.advisor,
        url=gate.url,
        auth="bearer",
        oauth=granted(endpoint, refresh_token="guessed"),  # a test's
    )
    with pytest.raises(CalendarRefused) as caught:
        await desk.calendars.connect(desk.tenant, data)
    assert caught.value.extra["reason"] == "revoked"
    assert [each.pointer for each in caught.value.errors] == ["/oauth/refresh_token"]
    assert "permission" in caught.value.detail

    endpoint.answers = [(200, {}, b"<html>Log in</html>")]
    with pytest.raises(CalendarUnreachable):
        await desk.calendars.connect(desk.tenant, data)
    assert await desk.calendars.list_accounts(desk.tenant) == []


async def test_trying_a_login_uses_no_refresh_token_up(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """A test has the token itself, and leaves what renews it alone."""
    login = LoginInput(url=gate.url, auth="bearer", password="old", oauth=granted(endpoint))
    assert (await desk.calendars.try_out(login)).problem == "refused"
    with pytest.raises(Invalid):
        await desk.calendars.try_out(
            LoginInput(url=gate.url, auth="bearer", oauth=granted(endpoint))
        )
    assert endpoint.asked == []


@pytest.mark.parametrize("kind", ["own", "feed", "basic"])
async def test_only_a_token_of_a_caldav_server_is_renewed(
    desk: Desk, endpoint: TokenEndpoint, kind: str
) -> None:
    """With anything else it contradicts what else was entered."""
    login: dict[str, Any] = {"kind": kind} if kind != "basic" else {"username": "a"}
    data = ConnectInput(advisor=desk.advisor, oauth=granted(endpoint), **login)
    with pytest.raises(Invalid) as caught:
        await desk.calendars.connect(desk.tenant, data)
    assert [each.pointer for each in caught.value.errors] == ["/oauth"]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/token", "https://10.0.0.1/token", "https://a:b@x.example/", "x"]
)
async def test_a_token_endpoint_keeps_to_the_same_rules(
    desk: Desk, gate: FaultProxy, endpoint: TokenEndpoint, address: str
) -> None:
    """Out in the open, by https, and without credentials in its address."""
    data = ConnectInput(
        advisor=desk.advisor,
        url=gate.url,
        auth="bearer",
        oauth=granted(endpoint, token_url=address),
    )
    with pytest.raises(AddressRefused) as caught:
        await desk.calendars.connect(desk.tenant, data)
    assert [each.pointer for each in caught.value.errors] == ["/oauth/token_url"]


# --- the endpoint itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, b""),
        (200, {}, b"x" * 70_000),
        (200, {}, b"<html>"),
        (200, {}, b'{"access_token": ""}'),
        (200, {}, b'{"access_token": "a", "token_type": "mac"}'),
        (200, {}, b'{"access_token": "a", "expires_in": "soon"}'),
        (400, {}, b'{"error": "temporarily_unavailable"}'),
        (400, {}, b"<html>"),
        (401, {}, b""),
        (404, {}, b""),
        (500, {}, b""),
    ],
)
async def test_what_is_no_answer_is_no_refusal(
    endpoint: TokenEndpoint, desk: Desk, status: int, headers: dict[str, str], body: bytes
) -> None:
    """The grant is kept: trying again may help."""
    endpoint.answers = [(status, headers, body)]
    guard = Guard([f"127.0.0.1:{endpoint.port}"])
    with pytest.raises(Unreachable) as caught:
        await renew(guard, granted(endpoint), now=desk.clock.now())
    assert not isinstance(caught.value, Refused)
    assert "refresh-0" not in f"{caught.value!r}{caught.value.__cause__!r}"


async def test_an_endpoint_that_is_busy_says_for_how_long(
    endpoint: TokenEndpoint, desk: Desk
) -> None:
    """Retry-After is kept to, up to an hour."""
    guard = Guard([f"127.0.0.1:{endpoint.port}"])
    for said, wait in (("120", 120), ("99999", 3600), ("tomorrow", 0)):
        endpoint.answers = [(429, {"Retry-After": said}, b"")]
        with pytest.raises(Unreachable) as caught:
            await renew(guard, granted(endpoint), now=desk.clock.now())
        assert caught.value.wait == timedelta(seconds=wait)


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"client_secret": "guess"}])
async def test_a_client_that_is_not_known_has_no_grant(
    endpoint: TokenEndpoint, desk: Desk, wrong: dict[str, str]
) -> None:
    """As little as one that was withdrawn."""
    guard = Guard([f"127.0.0.1:{endpoint.port}"])
    with pytest.raises(Revoked):
        await renew(guard, granted(endpoint, **wrong), now=desk.clock.now())


async def test_a_client_without_a_secret_gives_its_id(desk: Desk) -> None:
    """In the form; and an endpoint that rotates nothing leaves the refresh token as it is."""
    endpoint = TokenEndpoint(secret=None)
    endpoint.rotates, endpoint.lasts = False, None
    try:
        guard = Guard([f"127.0.0.1:{endpoint.port}"])
        tokens = await renew(guard, granted(endpoint), now=desk.clock.now())
    finally:
        endpoint.remove()

    assert (tokens.access, tokens.expires_at) == ("access-1", None)
    assert tokens.grant.refresh_token == "refresh-0"  # a test's
    assert endpoint.asked[0]["client_id"] == "spreekuur"
