"""What an organisation sees and says of the person behind a calendar, over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api.wiring import House
from booking.calendars.advice import ADVICE
from kernel.clock import FixedClock
from tests.api.bank import Bank, everything, pointers, problem
from tests.booking.calendars.test_grants import gate_before
from tests.booking.calendars.test_published import declined, hours, publish
from tests.services.fault_proxy import FaultProxy
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.token_endpoint import TokenEndpoint

ALIAS = "s.devries@bank.example"


@pytest.fixture
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    """Somebody who gives out tokens."""
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.remove()


@pytest.fixture
def gate(radicale: Radicale, endpoint: TokenEndpoint) -> Iterator[FaultProxy]:
    """The same server for who has a token."""
    with gate_before(radicale, endpoint) as proxy:
        yield proxy


@pytest.fixture
def allowed(radicale: Radicale, endpoint: TokenEndpoint, gate: FaultProxy) -> tuple[str, ...]:
    """What the operator allows."""
    return tuple(f"127.0.0.1:{each.port}" for each in (radicale, endpoint, gate))


async def _connected(client: httpx2.AsyncClient, bank: Bank, radicale: Radicale) -> dict[str, Any]:
    login = {"url": radicale.url, "username": "sanne", "password": PASSWORDS["sanne"]}
    answer = await client.post("/v1/calendars", json={"advisor": bank.sanne, **login})
    assert answer.status_code == 201, answer.text
    account: dict[str, Any] = answer.json()
    return account


async def test_addresses_are_added_and_count(
    client: httpx2.AsyncClient, bank: Bank, radicale: Radicale
) -> None:
    """What was declined under one of them closes nothing any more; they replace those before."""
    calendar = radicale.calendar("sanne")
    radicale.put("sanne", f"{calendar}a.ics", declined(ALIAS))
    account = await _connected(client, bank, radicale)
    assert (account["addresses"], account["server_addresses"]) == ([], [])
    assert account["collections"][0]["busy_spans"] == 1

    answer = await client.patch(
        f"/v1/calendars/{account['id']}", json={"addresses": [ALIAS.upper()]}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["addresses"] == [ALIAS]
    assert answer.json()["collections"][0]["busy_spans"] == 0
    none = await client.patch(f"/v1/calendars/{account['id']}", json={"addresses": []})
    assert none.json()["collections"][0]["busy_spans"] == 1


@pytest.mark.parametrize(
    ("addresses", "where"),
    [
        (["nobody"], "/addresses/0"),
        ([f"a{number}@bank.example" for number in range(21)], "/addresses"),
        (None, "/addresses"),
    ],
)
async def test_what_is_no_address_is_refused(
    client: httpx2.AsyncClient, bank: Bank, radicale: Radicale, addresses: Any, where: str
) -> None:
    """It is said which one, and nothing changes."""
    account = await _connected(client, bank, radicale)
    answer = await client.patch(f"/v1/calendars/{account['id']}", json={"addresses": addresses})
    assert pointers(problem(answer, "invalid-request", 400)) == [where]

    unknown = await client.patch("/v1/calendars/acc_none", json={"addresses": []})
    assert unknown.status_code == 404


async def test_published_hours_are_shown(
    client: httpx2.AsyncClient, bank: Bank, radicale: Radicale
) -> None:
    """As a schedule would have them, with the times that they close."""
    account = await _connected(client, bank, radicale)
    address = f"/v1/calendars/{account['id']}/availability"
    before = (await client.get(address)).json()
    assert (before["state"], before["weekly"], before["unavailable"]) == ("none", None, [])

    publish(radicale, hours())
    again = await _connected(client, bank, radicale)
    assert (again["id"], again["availability"]) == (account["id"], "kept")
    shown = (await client.get(address)).json()
    assert shown["weekly"][0].items() >= {"day": "mon", "start": "09:00", "end": "12:00"}.items()
    assert set(shown["unavailable"][0]) == {"start", "end"}

    assert (await client.get("/v1/calendars/acc_none/availability")).status_code == 404


async def test_a_grant_connects_and_is_never_shown(
    client: httpx2.AsyncClient, bank: Bank, gate: FaultProxy, endpoint: TokenEndpoint, house: House
) -> None:
    """Neither in an answer, nor anywhere in the database."""
    grant = {
        "token_url": endpoint.url,
        "client_id": "spreekuur",
        "client_secret": endpoint.secret,
        "refresh_token": endpoint.refresh,
    }
    login = {"advisor": bank.sanne, "url": gate.url, "auth": "bearer", "oauth": grant}
    answer = await client.post("/v1/calendars", json=login)

    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "active"
    stored = repr(await everything(house, bank.tenant))
    for secret in ("refresh-", "access-1", "a secret"):
        assert secret not in answer.text
        assert secret not in stored


async def test_a_grant_that_has_ended_is_told_in_plain_words(
    client: httpx2.AsyncClient, bank: Bank, gate: FaultProxy, endpoint: TokenEndpoint
) -> None:
    """With the field that is wrong; other fields of it that are wrong are named as well."""
    grant = {"token_url": endpoint.url, "client_id": "spreekuur", "refresh_token": "guessed"}
    login = {"advisor": bank.sanne, "url": gate.url, "auth": "bearer", "oauth": grant}
    answer = await client.post("/v1/calendars", json=login)
    told = problem(answer, "calendar-refused", 422)
    assert (told["reason"], told["detail"]) == ("revoked", ADVICE["revoked"]["en"])
    assert pointers(told) == ["/oauth/refresh_token"]

    grant["token_url"] = "https://10.1.2.3/token"
    inside = await client.post("/v1/calendars", json=login)
    assert pointers(problem(inside, "address-refused", 400)) == ["/oauth/token_url"]


async def test_a_permission_that_ends_later_is_a_problem_of_the_account(
    client: httpx2.AsyncClient,
    bank: Bank,
    gate: FaultProxy,
    endpoint: TokenEndpoint,
    clock: FixedClock,
) -> None:
    """It says so in its state, under a name of its own."""
    grant = {
        "token_url": endpoint.url,
        "client_id": "spreekuur",
        "client_secret": endpoint.secret,
        "refresh_token": endpoint.refresh,
    }
    login = {"advisor": bank.sanne, "url": gate.url, "auth": "bearer", "oauth": grant}
    account = (await client.post("/v1/calendars", json=login)).json()
    endpoint.access, endpoint.refresh = "withdrawn", None
    clock.advance(timedelta(minutes=2))
    after = (await client.post(f"/v1/calendars/{account['id']}/sync")).json()
    assert (after["state"], after["problem"]) == ("auth-failed", "calendar-revoked")
