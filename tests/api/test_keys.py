"""Keys: what each kind opens, from where, and that their texts are nowhere but with their owner."""

import httpx2
from litestar import Litestar
from sqlalchemy import select

from api.tables import api_keys
from api.wiring import House
from kernel.crypto import fingerprint
from tests.api.bank import (
    ORIGIN,
    PUBLIC_URL,
    Bank,
    Operation,
    asking,
    everything,
    operations,
    pointers,
    problem,
    wish,
)

SERVER = {"secret_key"}
BROWSER = {"secret_key", "publishable_key"}
FOR_BROWSERS = {
    "list_meeting_types",
    "get_meeting_type",
    "list_slots",
    "create_hold",
    "release_hold",
    "create_booking",
}


NEEDED = {
    "list_slots": {
        "meeting_type": "a",
        "start": "2026-12-01",
        "end": "2026-12-02",
        "timezone": "UTC",
    },
    "list_holidays": {"country": "NL", "year": "2026"},
}
"""Parameters without which a call cannot be asked."""


def calls(app: Litestar, keys: set[str]) -> list[Operation]:
    return [call for call in operations(app) if call.keys == keys]


async def ask(program: httpx2.AsyncClient, call: Operation) -> httpx2.Response:
    """Send a request without a body, and with whatever the address cannot do without."""
    return await program.request(call.method, call.at(), params=NEEDED.get(call.id, {}))


def test_a_publishable_key_opens_six_calls_and_no_others(app: Litestar) -> None:
    """What the API description says of itself is what was decided."""
    assert {call.id for call in calls(app, BROWSER)} == FOR_BROWSERS
    assert len(calls(app, SERVER)) > 25
    keyless = [call.path for call in operations(app) if not call.keys]
    # A received mail is signed with a secret of its own.
    apart = ("/v1/manage/{token}", "/health/", "/v1/inbound/mail")
    assert all(path.startswith(apart) for path in keyless)


async def test_a_server_call_refuses_a_publishable_key(
    app: Litestar, widget: httpx2.AsyncClient
) -> None:
    """Every call for servers says that it needs another key, before it looks at anything else."""
    for call in calls(app, SERVER):
        problem(await ask(widget, call), "forbidden", 403)


async def test_every_call_refuses_who_has_no_key(
    app: Litestar, bank: Bank, client: httpx2.AsyncClient
) -> None:
    """No key, a wrong one, a revoked one, and one that is not sent as it should be."""
    revoked = (await client.post("/v1/keys", json={"kind": "secret", "name": "old"})).json()
    assert (await client.delete(f"/v1/keys/{revoked['id']}")).status_code == 204
    strangers = [
        {},
        {"authorization": "Bearer sk_wrong"},
        {"authorization": f"Bearer {revoked['key']}"},
        {"authorization": bank.secret},
        {"authorization": f"Basic {bank.secret}"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {bank.secret}x"},
    ]

    for call in [*calls(app, SERVER), *calls(app, BROWSER)]:
        for headers in strangers if call.id == "create_booking" else strangers[:3]:
            async with asking(app, **headers) as stranger:
                answer = await ask(stranger, call)
            problem(answer, "unauthenticated", 401)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_publishable_key_works_on_its_own_website_only(app: Litestar, bank: Bank) -> None:
    """Other origins are refused, and so is a program that names none."""
    for headers, status in (
        ({"origin": ORIGIN}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": f"{ORIGIN}.evil.example"}, 403),
        ({"origin": ORIGIN.replace("https", "http")}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
        # A browser leaves Origin out of questions to its own origin; ours is not on this key.
        ({"sec-fetch-site": "same-origin"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": ORIGIN}, 200),
    ):
        async with asking(app, bank.publishable, **headers) as browser:
            answer = await browser.get("/v1/meeting-types")
        assert answer.status_code == status, headers
        if status == 403:
            problem(answer, "forbidden", 403)


async def test_a_key_for_our_own_pages_works_on_them(
    app: Litestar, client: httpx2.AsyncClient
) -> None:
    """A widget on a page of this installation sends no Origin when it asks, only when it books."""
    made = await client.post(
        "/v1/keys", json={"kind": "publishable", "name": "own", "origins": [PUBLIC_URL]}
    )
    async with asking(app, made.json()["key"]) as browser:
        same = {"sec-fetch-site": "same-origin"}
        ours = await browser.get("/v1/meeting-types", headers=same)
        foreign = await browser.get("/v1/meeting-types", headers={"sec-fetch-site": "cross-site"})

    assert (ours.status_code, foreign.status_code) == (200, 403)


async def test_a_secret_key_works_from_anywhere(app: Litestar, bank: Bank) -> None:
    """Servers send no Origin, and a secret key is bound to none."""
    for headers in ({}, {"origin": "https://anything.example"}):
        async with asking(app, bank.secret, **headers) as program:
            assert (await program.get("/v1/advisors")).status_code == 200


async def test_a_browser_may_ask_beforehand_without_a_key(app: Litestar) -> None:
    """A preflight carries no key; it is answered with what the widget needs to send."""
    async with asking(app) as browser:
        answer = await browser.options(
            "/v1/bookings",
            headers={
                "origin": ORIGIN,
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,content-type,idempotency-key",
            },
        )
        refused = await browser.get("/v1/bookings", headers={"origin": ORIGIN})

    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert {"authorization", "content-type", "idempotency-key"} <= {
        word.strip() for word in allowed.split(",")
    }
    assert "access-control-allow-credentials" not in answer.headers
    # Scripts must be able to read a refusal, too.
    assert refused.headers["access-control-allow-origin"] == "*"


async def test_the_text_of_a_key_is_shown_once_and_stored_nowhere(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The answer that makes a key has its text; no list and no table does."""
    made = await client.post("/v1/keys", json={"kind": "secret", "name": "crm"})
    text = made.json()["key"]
    listed = await client.get("/v1/keys")
    rows = repr(await everything(house, bank.tenant))
    async with house.database.reading() as db:
        stored = (
            await db.execute(select(api_keys).where(api_keys.c.id == made.json()["id"]))
        ).one()

    assert text.startswith("sk_")
    assert made.json()["id"] in listed.text
    assert text not in listed.text
    assert text.removeprefix("sk_") not in rows
    assert bank.secret not in rows
    assert stored.fingerprint == fingerprint(text)
    assert all("key" not in item for item in listed.json()["items"])


async def test_a_key_made_with_an_idempotency_key_is_not_stored_in_the_clear(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The answer that can be asked for again holds the key's text, so it is sealed."""
    body = {"kind": "secret", "name": "crm"}
    once = {"idempotency-key": "crm-1"}
    first = await client.post("/v1/keys", json=body, headers=once)
    again = await client.post("/v1/keys", json=body, headers=once)
    rows = repr(await everything(house, bank.tenant))

    assert first.content == again.content
    assert first.json()["key"].removeprefix("sk_") not in rows


async def test_a_revoked_key_ends_at_once(
    app: Litestar, client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The very next request is refused; revoking again finds nothing to revoke."""
    made = (await client.post("/v1/keys", json={"kind": "secret", "name": "crm"})).json()
    async with asking(app, made["key"]) as crm:
        before = await crm.get("/v1/tenant")
        gone = await client.delete(f"/v1/keys/{made['id']}")
        after = await crm.get("/v1/tenant")
    again = await client.delete(f"/v1/keys/{made['id']}")
    listed = {key["id"]: key for key in (await client.get("/v1/keys")).json()["items"]}

    assert (before.status_code, gone.status_code) == (200, 204)
    problem(after, "unauthenticated", 401)
    problem(again, "not-found", 404)
    assert listed[made["id"]]["revoked_at"] is not None


async def test_origins_that_no_browser_would_send_are_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """A key bound to something that is no origin would never work."""
    before = await everything(house, bank.tenant)
    wrong = [
        "https://",
        "bank.example",
        "https://bank.example/",
        "https://bank.example/page",
        "https://a b",
        "HTTPS://Bank.Example",
        "https://user@bank.example",
        "https://bank.example:443",
        "https://bank.example:99999",
        "https://bank.example?x",
        "null",
        "*",
    ]

    for origin in wrong:
        body = {"kind": "publishable", "name": "website", "origins": [ORIGIN, origin]}
        answer = await client.post("/v1/keys", json=body)
        assert pointers(problem(answer, "invalid-request", 400)) == ["/origins/1"], origin
    none = await client.post("/v1/keys", json={"kind": "publishable", "name": "website"})
    assert pointers(problem(none, "invalid-request", 400)) == ["/origins"]
    assert await everything(house, bank.tenant) == before
    good = {"kind": "publishable", "name": "dev", "origins": ["http://localhost:3000", ORIGIN]}
    assert (await client.post("/v1/keys", json=good)).status_code == 201


async def test_a_wrong_key_is_told_before_a_wrong_body(app: Litestar) -> None:
    """Strangers learn nothing about what a call takes."""
    async with asking(app, "sk_wrong") as stranger:
        answer = await stranger.post("/v1/bookings", json=wish(urgent=True))

    problem(answer, "unauthenticated", 401)
