"""What cannot be done is refused in full: a clear problem document, and no row has changed."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from litestar import Litestar
from msgspec import Struct

from api.wiring import House
from kernel.clock import FixedClock
from tests.api.bank import (
    TUESDAY,
    Bank,
    asking,
    at,
    booked,
    everything,
    pointers,
    problem,
    token_of,
    wish,
)

JSON = {"content-type": "application/json"}
DEEP = 10_000


class Case(Struct, frozen=True):
    """A booking that must be refused: what is asked, and what comes back."""

    body: dict[str, Any]
    kind: str
    status: int
    at: list[str] = []
    reason: str | None = None


def customer(**changes: Any) -> dict[str, Any]:
    person: dict[str, Any] = {"name": {"surname": "Vries"}, "email": "anna@example.org"}
    return {"customer": person | changes}


COMPANION = {"name": {"surname": "Bakker"}, "email": "bram@example.org"}
INVALID = ("invalid-request", 400)
UNAVAILABLE = ("slot-unavailable", 409)

FIELDS = {
    "no offset": Case(wish() | {"start": "2026-12-01T09:00:00"}, *INVALID, ["/start"]),
    "no time": Case(wish() | {"start": "tomorrow"}, *INVALID, ["/start"]),
    "before time began": Case(
        wish() | {"start": "0001-01-01T00:00:00+10:00"}, *INVALID, ["/start"]
    ),
    "unknown zone": Case(wish(timezone="Mars/Olympus"), *INVALID, ["/timezone"]),
    "zone is a path": Case(wish(timezone="../../etc/passwd"), *INVALID, ["/timezone"]),
    "unknown field": Case(wish(urgent=True), *INVALID, ["/urgent"]),
    "unknown field below": Case(wish(**customer(age=40)), *INVALID, ["/customer/age"]),
    "unknown field in the name": Case(
        wish(**customer(name={"surname": "Vries", "title": "drs"})),
        *INVALID,
        ["/customer/name/title"],
    ),
    "unknown field in a list": Case(
        wish(participants=[COMPANION, COMPANION | {"age": 40}]), *INVALID, ["/participants/1/age"]
    ),
    "a field is missing": Case(wish(channel=None), *INVALID, ["/channel"]),
    "a field below is missing": Case(
        wish(**customer(name={"given": "Anna"})), *INVALID, ["/customer/name/surname"]
    ),
    "no such way to meet": Case(wish(channel="pigeon"), *INVALID, ["/channel"]),
    "text for a number": Case(wish(duration="60"), *INVALID, ["/duration"]),
    "a number for yes": Case(
        wish(consents=[{"purpose": "rate-notices", "given": 1}]), *INVALID, ["/consents/0/given"]
    ),
    "a list for an object": Case(wish(customer=[]), *INVALID, ["/customer"]),
    "no e-mail address": Case(wish(**customer(email="anna@")), *INVALID, ["/customer/email"]),
    "a companion without address": Case(
        wish(participants=[COMPANION, COMPANION | {"email": "bram"}]),
        *INVALID,
        ["/participants/1/email"],
    ),
    "an empty surname": Case(
        wish(**customer(name={"surname": " "})), *INVALID, ["/customer/name/surname"]
    ),
    "a NUL character": Case(
        wish(**customer(name={"surname": "Vri\0es"})), *INVALID, ["/customer/name/surname"]
    ),
    "a NUL character in a list": Case(
        wish(participants=[COMPANION | {"name": {"surname": "\0"}}]),
        *INVALID,
        ["/participants/0/name/surname"],
    ),
    "a NUL character in a name of a field": Case(
        wish(answers={"go\0al": "buy"}), *INVALID, ["/answers"]
    ),
    "a branch, and none named": Case(wish(channel="branch"), *INVALID, ["/location"]),
    "an answer that is not offered": Case(
        wish(answers={"goal": "fly"}), *INVALID, ["/answers/goal"]
    ),
    "an answer to no question": Case(wish(answers={"shoe": "43"}), *INVALID, ["/answers/shoe"]),
    "answers without a form": Case(
        wish(at(11), meeting_type="lening", answers={"goal": "buy"}), *INVALID, ["/answers"]
    ),
    "consent to nothing known": Case(
        wish(consents=[{"purpose": "spam", "given": True}]), *INVALID, ["/consents/0/purpose"]
    ),
}
THINGS = {
    "unknown meeting type": Case(wish(meeting_type="gesprek"), "meeting-type-unknown", 404),
    "unknown branch": Case(wish(channel="branch", location="nowhere"), "not-found", 404),
    "no advisor": Case(wish(advisor="sanne"), "not-found", 404),
    "no hold": Case(wish(hold="hold-1"), "not-found", 404),
    "a hold that never was": Case(wish(hold="hld_01m8nqfj00eft9d4n3f118179v"), "hold-expired", 409),
}
TIMES = {
    "off the grid": Case(wish(at(11, 7)), *UNAVAILABLE, reason="off-grid"),
    "in the past": Case(wish(at(9, days=-7)), *UNAVAILABLE, reason="past"),
    # It is nine on Monday; the talk needs four hours' notice.
    "inside the notice": Case(wish(at(12, 45, days=-1)), *UNAVAILABLE, reason="notice"),
    "outside hours": Case(wish(at(16, 15)), *UNAVAILABLE, reason="outside-hours"),
    "outside the window": Case(wish(at(9, days=61)), *UNAVAILABLE, reason="outside-window"),
    "another length": Case(wish(duration=90), *UNAVAILABLE, reason="unsuitable"),
    "another branch": Case(
        wish(channel="branch", location="london"), *UNAVAILABLE, reason="unsuitable"
    ),
}


@pytest.mark.parametrize("cases", [FIELDS, THINGS, TIMES], ids=["fields", "things", "times"])
async def test_a_booking_that_cannot_be_is_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank, cases: dict[str, Case]
) -> None:
    """Each gets its type, its status and a pointer to what is wrong; nothing is kept of it."""
    before = await everything(house, bank.tenant)

    for name, case in cases.items():
        answer = await client.post("/v1/bookings", json=case.body)
        document = problem(answer, case.kind, case.status)
        assert pointers(document) == case.at, name
        assert document.get("reason") == case.reason, name
        assert await everything(house, bank.tenant) == before, name


async def test_errors_say_what_kind_they_are(client: httpx2.AsyncClient) -> None:
    """Programs can tell a missing offset, an unknown field and a missing one apart."""
    codes = {}
    for name in ("no offset", "unknown field", "a field is missing", "text for a number"):
        answer = await client.post("/v1/bookings", json=FIELDS[name].body)
        codes[name] = answer.json()["errors"][0]["code"]

    assert codes == {
        "no offset": "offset-missing",
        "unknown field": "unknown-field",
        "a field is missing": "required",
        "text for a number": "wrong-type",
    }


async def test_the_same_is_refused_of_a_publishable_key(
    widget: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """A browser is told as clearly as a server, and cannot agree on somebody's behalf."""
    before = await everything(house, bank.tenant)

    past = await widget.post("/v1/bookings", json=TIMES["in the past"].body)
    agreed = await widget.post(
        "/v1/bookings", json=wish(consents=[{"purpose": "rate-notices", "given": True}])
    )

    assert problem(past, *UNAVAILABLE)["reason"] == "past"
    assert pointers(problem(agreed, *INVALID)) == ["/consents"]
    assert await everything(house, bank.tenant) == before


# --- times that are gone -------------------------------------------------------------------------


async def test_a_taken_slot_comes_with_starts_that_are_free(client: httpx2.AsyncClient) -> None:
    """The nearest free starts are named in the customer's zone, and each can be booked."""
    await booked(client)

    answer = await client.post("/v1/bookings", json=wish())
    alternatives = problem(answer, "slot-taken", 409)["alternatives"]

    # Nine to ten is taken and a quarter of an hour after it; nothing fits before.
    quarters = [TUESDAY + timedelta(minutes=75 + 15 * number) for number in range(5)]
    assert alternatives == [start.isoformat() for start in quarters]
    for start in alternatives:
        made = await client.post("/v1/bookings", json=wish() | {"start": start})
        assert made.status_code == 201
        link = token_of(made.json()["manage_url"])
        assert (await client.post(f"/v1/manage/{link}/cancel", json={})).status_code == 200


async def test_alternatives_of_an_impossible_time_are_free_too(client: httpx2.AsyncClient) -> None:
    """Whoever asks for a time outside hours is offered times inside them."""
    answer = await client.post("/v1/bookings", json=TIMES["outside hours"].body)
    nearest = problem(answer, *UNAVAILABLE)["alternatives"][-1]

    assert nearest == at(16).isoformat()
    made = await client.post("/v1/bookings", json=wish() | {"start": nearest})
    assert made.status_code == 201


async def test_an_expired_hold_books_nothing_once_its_time_is_gone(
    client: httpx2.AsyncClient, house: House, bank: Bank, clock: FixedClock
) -> None:
    """After the hold has ended and somebody else has booked, its holder is told so."""
    held = await client.post(
        "/v1/holds",
        json={"meeting_type": "hypotheek", "start": TUESDAY.isoformat(), "channel": "video"},
    )
    clock.advance(timedelta(minutes=10, seconds=1))
    await booked(client)
    before = await everything(house, bank.tenant)

    late = await client.post("/v1/bookings", json=wish(hold=held.json()["id"]))

    problem(late, "hold-expired", 409)
    assert await everything(house, bank.tenant) == before


# --- bodies that cannot be read ------------------------------------------------------------------

DOCUMENT = json.dumps(wish()).encode()
BODIES: dict[str, tuple[bytes, str, str, int]] = {
    "cut off": (DOCUMENT[:-1], "application/json", *INVALID),
    "not JSON": (b"start=now", "application/json", *INVALID),
    "not UTF-8": (DOCUMENT.replace(b"Anna", b"\xff"), "application/json", *INVALID),
    "half a character": (DOCUMENT.replace(b"Anna", b"\\ud800"), "application/json", *INVALID),
    "a raw NUL": (DOCUMENT.replace(b"Anna", b"\0"), "application/json", *INVALID),
    "nothing": (b"", "application/json", *INVALID),
    "null": (b"null", "application/json", *INVALID),
    "a list": (b"[]", "application/json", *INVALID),
    "deep": (b"[" * DEEP + b"]" * DEEP, "application/json", *INVALID),
    "deep below": (
        DOCUMENT[:-1] + b', "answers": {"goal": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
        "application/json",
        *INVALID,
    ),
    "deep and cut off": (b'{"a":' * DEEP, "application/json", *INVALID),
    "as text": (DOCUMENT, "text/plain", "unsupported-media-type", 415),
    "as a form": (b"start=now", "application/x-www-form-urlencoded", "unsupported-media-type", 415),
    "as nothing": (DOCUMENT, "", "unsupported-media-type", 415),
    "too large": (
        DOCUMENT[:-1] + b', "x": "' + b"x" * 2**18 + b'"}',
        "application/json",
        "body-too-large",
        413,
    ),
}


async def test_a_body_that_cannot_be_read_is_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Cut off, garbled, too deep, too large, or of another kind: always a problem document."""
    before = await everything(house, bank.tenant)

    for name, (body, media_type, kind, status) in BODIES.items():
        headers = {"content-type": media_type} if media_type else {}
        answer = await client.post("/v1/bookings", content=body, headers=headers)
        assert answer.status_code == status, (name, answer.text)
        problem(answer, kind, status)
    assert await everything(house, bank.tenant) == before


async def test_a_backslash_that_only_looks_like_a_nul_is_fine(client: httpx2.AsyncClient) -> None:
    """Who writes the six characters of an escape gets them back."""
    answer = await client.post(
        "/v1/locations", json={"slug": "zeist", "name": "Zeist", "address": r"not \u0000 but text"}
    )

    assert answer.status_code == 201
    assert answer.json()["address"] == r"not \u0000 but text"


# --- questions that cannot be answered -----------------------------------------------------------

QUERY = {
    "meeting_type": "hypotheek",
    "start": "2026-12-01",
    "end": "2026-12-02",
    "timezone": "Europe/Amsterdam",
}
QUESTIONS: dict[str, tuple[dict[str, str], str, int, list[str]]] = {
    "no end": ({"end": ""}, *INVALID, ["?end"]),
    "end before start": ({"end": "2026-11-01"}, *INVALID, ["?end"]),
    "too long": ({"end": "2027-03-01"}, *INVALID, ["?end"]),
    "no offset": ({"start": "2026-12-01T09:00:00"}, *INVALID, ["?start"]),
    "no date": ({"start": "soon"}, *INVALID, ["?start"]),
    "the end of time": ({"start": "9999-12-30", "end": "9999-12-31"}, *INVALID, ["?start"]),
    "no zone": ({"timezone": "Europe"}, *INVALID, ["?timezone"]),
    "no way to meet": ({"channel": "pigeon"}, *INVALID, ["?channel"]),
    "no length": ({"duration": "long"}, *INVALID, ["?duration"]),
    "no branch": ({"channel": "branch"}, *INVALID, ["?location"]),
    "a NUL character": ({"meeting_type": "a\0"}, *INVALID, ["?meeting_type"]),
    "no meeting type": ({"meeting_type": "a"}, "meeting-type-unknown", 404, []),
    "no advisor": ({"advisor": "a"}, "not-found", 404, []),
}


async def test_a_question_that_cannot_be_answered_says_which_part(
    widget: httpx2.AsyncClient,
) -> None:
    """The pointer names the parameter as the caller wrote it."""
    for name, (changes, kind, status, where) in QUESTIONS.items():
        answer = await widget.get("/v1/slots", params=QUERY | changes)
        assert pointers(problem(answer, kind, status)) == where, name
    missing = await widget.get("/v1/slots", params={"meeting_type": "hypotheek"})
    (named,) = pointers(problem(missing, *INVALID))
    assert named in {"?start", "?end", "?timezone"}


FILTERS: dict[str, tuple[str, int, list[str]]] = {
    "/v1/bookings?from=2026-12-01T09:00:00": (*INVALID, ["?from"]),
    "/v1/bookings?until=0001-01-01T00:00:00%2B10:00": (*INVALID, ["?until"]),
    "/v1/bookings?state=lost": (*INVALID, ["?state"]),
    "/v1/bookings?limit=0": (*INVALID, ["?limit"]),
    "/v1/bookings?limit=101": (*INVALID, ["?limit"]),
    "/v1/bookings?cursor=a": ("not-found", 404, []),
    "/v1/bookings?customer=a": ("not-found", 404, []),
    "/v1/bookings?advisor=a": ("not-found", 404, []),
    "/v1/notices?customer=a": ("not-found", 404, []),
    "/v1/notices?booking=a": ("not-found", 404, []),
    "/v1/deliveries?cursor=a": ("not-found", 404, []),
    "/v1/calendars?advisor=a": ("not-found", 404, []),
}


async def test_a_list_refuses_a_filter_that_it_does_not_understand(
    client: httpx2.AsyncClient,
) -> None:
    """What cannot be meant is no empty list."""
    for path, (kind, status, where) in FILTERS.items():
        assert pointers(problem(await client.get(path), kind, status)) == where, path


# --- addresses -----------------------------------------------------------------------------------


async def test_an_address_that_does_not_exist_says_so(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient
) -> None:
    """Unknown paths and methods get problem documents with a request id and safe headers."""
    for program in (client, customer):
        nowhere = await program.get("/v1/nothing")
        problem(nowhere, "not-found", 404)
        assert nowhere.headers["x-content-type-options"] == "nosniff"
    problem(await client.put("/v1/bookings", json={}), "method-not-allowed", 405)
    problem(await client.get("/v1/meeting-types/%00"), "not-found", 404)
    problem(await client.get("/book/%00"), "not-found", 404)


# --- what an organisation says of itself ---------------------------------------------------------


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "/name"),
    ({"name": "Bank\r\nBcc: everybody"}, "/name"),
    ({"settings": {"timezone": "Mars/Olympus"}}, "/settings/timezone"),
    ({"settings": {"hold_minutes": 0}}, "/settings/hold_minutes"),
    ({"settings": {"hold_minutes": 10**18}}, "/settings/hold_minutes"),
    ({"settings": {"grace_minutes": -1}}, "/settings/grace_minutes"),
    ({"settings": {"staleness_minutes": 0}}, "/settings/staleness_minutes"),
    ({"settings": {"rate_notice_threshold": -1}}, "/settings/rate_notice_threshold"),
    ({"settings": {"phone": "call me"}}, "/settings/phone"),
    ({"settings": {"formality": "rude"}}, "/settings/formality"),
    ({"settings": {"colour": "red"}}, "/settings/colour"),
]


async def test_settings_that_make_no_sense_are_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """A setting that would break a later booking or letter is not taken."""
    before = await everything(house, bank.tenant)

    for change, where in SETTINGS:
        answer = await client.patch("/v1/tenant", json=change)
        assert pointers(problem(answer, *INVALID)) == [where], change
    assert await everything(house, bank.tenant) == before


async def test_a_meeting_type_needs_a_form_that_is_published(client: httpx2.AsyncClient) -> None:
    """Otherwise nobody could book it."""
    answer = await client.post(
        "/v1/meeting-types",
        json={
            "slug": "pensioen",
            "name": {"nl": "Pensioengesprek"},
            "channels": ["video"],
            "advisors": [],
            "form": "pensioen",
        },
    )

    assert pointers(problem(answer, *INVALID)) == ["/form"]


async def test_a_request_that_is_refused_late_leaves_no_transaction_open(
    client: httpx2.AsyncClient, house: House, app: Litestar
) -> None:
    """Whatever refuses, the connection is back in the pool when the answer is there."""
    made = await booked(client)
    link = token_of(made["manage_url"])
    await client.post(f"/v1/manage/{link}/reschedule", json={"start": at(11).isoformat()})

    async with asking(app) as browser:
        refused = [
            await client.post("/v1/bookings", json=wish(), headers={"idempotency-key": ""}),
            await browser.get(f"/v1/manage/{link}"),
            await browser.put(f"/v1/manage/{link}/consents", json={"consents": []}),
        ]

    assert [answer.status_code for answer in refused] == [400, 410, 410]
    assert house.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # its pools count
