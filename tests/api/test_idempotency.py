"""A request that is sent twice acts once, whoever lost the first answer on the way."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select

from api.tables import idempotency_keys
from api.wiring import House
from booking.tables import bookings
from kernel.clock import FixedClock
from tests.api.bank import Bank, at, booked, everything, problem, token_of, wish
from tests.services.radicale import PASSWORDS, Radicale

ONCE = {"idempotency-key": "a3f1"}


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
def allowed(radicale: Radicale) -> tuple[str, ...]:
    """The calendar server may be called."""
    return (f"127.0.0.1:{radicale.port}",)


async def how_many(house: House, bank: Bank) -> int:
    async with house.database.reading(bank.tenant) as db:
        return int(await db.scalar(select(func.count()).select_from(bookings)) or 0)


async def test_the_same_request_gets_the_same_answer(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """To the byte, with either kind of key, and the meeting is booked once."""
    first = await client.post("/v1/bookings", json=wish(), headers=ONCE)
    again = await client.post("/v1/bookings", json=wish(), headers=ONCE)
    public = await widget.post("/v1/bookings", json=wish(at(11)), headers=ONCE)
    public_again = await widget.post("/v1/bookings", json=wish(at(11)), headers=ONCE)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["content-type"] == again.headers["content-type"]
    # Another key is somebody else: its "a3f1" is its own.
    assert public.status_code == 201
    assert public.content == public_again.content != first.content
    assert await how_many(house, bank) == 2


async def test_another_body_under_the_same_key_is_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Whoever reuses a key for something else is told, and nothing is booked."""
    await client.post("/v1/bookings", json=wish(), headers=ONCE)
    before = await everything(house, bank.tenant)

    other = await client.post("/v1/bookings", json=wish(at(11)), headers=ONCE)

    problem(other, "idempotency-mismatch", 422)
    assert await everything(house, bank.tenant) == before


async def test_a_refused_request_does_not_use_its_key_up(client: httpx2.AsyncClient) -> None:
    """After a taken slot, the same key books the alternative."""
    await booked(client)
    refused = await client.post("/v1/bookings", json=wish(), headers=ONCE)
    better = problem(refused, "slot-taken", 409)["alternatives"][0]

    answer = await client.post("/v1/bookings", json=wish() | {"start": better}, headers=ONCE)

    assert answer.status_code == 201


async def test_eight_at_once_book_one_meeting(
    widget: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """An impatient browser that submits eight times gets one booking and eight equal answers."""
    answers = await asyncio.gather(
        *(widget.post("/v1/bookings", json=wish(), headers=ONCE) for _ in range(8))
    )

    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert await how_many(house, bank) == 1


async def test_without_a_key_the_second_of_two_is_refused(client: httpx2.AsyncClient) -> None:
    """The negative control: it is the key that makes them one."""
    answers = [await client.post("/v1/bookings", json=wish()) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]


async def test_a_booking_can_be_repeated_for_good_other_things_for_a_day(
    client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """A week later the booking's answer still stands; a branch would be added anew."""
    branch = {"slug": "zeist", "name": "Zeist"}
    first = await client.post("/v1/bookings", json=wish(at(9, days=14)), headers=ONCE)
    added = await client.post("/v1/locations", json=branch, headers=ONCE)
    clock.advance(timedelta(hours=23))
    same = await client.post("/v1/locations", json=branch, headers=ONCE)
    clock.advance(timedelta(days=6))
    again = await client.post("/v1/bookings", json=wish(at(9, days=14)), headers=ONCE)
    anew = await client.post("/v1/locations", json=branch, headers=ONCE)

    assert first.content == again.content
    assert added.content == same.content
    problem(anew, "slug-taken", 409)


async def test_a_move_through_a_link_can_be_repeated_after_the_link_was_replaced(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient
) -> None:
    """Whoever lost the answer asks again with the old link and gets the new one."""
    old = token_of((await booked(client))["manage_url"])
    body = {"start": at(11).isoformat()}
    first = await customer.post(f"/v1/manage/{old}/reschedule", json=body, headers=ONCE)
    again = await customer.post(f"/v1/manage/{old}/reschedule", json=body, headers=ONCE)
    other = await customer.post(
        f"/v1/manage/{old}/reschedule", json={"start": at(13).isoformat()}, headers=ONCE
    )
    unnamed = await customer.post(f"/v1/manage/{old}/reschedule", json=body)
    new = token_of(first.json()["manage_url"])
    cancelled = [
        await customer.post(f"/v1/manage/{new}/cancel", json={}, headers=ONCE) for _ in range(2)
    ]

    assert first.status_code == 200
    assert first.content == again.content
    assert (await customer.get(f"/v1/manage/{new}")).json()["start"] == at(11).isoformat()
    problem(other, "idempotency-mismatch", 422)
    problem(unnamed, "link-expired", 410)
    assert [answer.status_code for answer in cancelled] == [200, 200]
    assert cancelled[0].content == cancelled[1].content


async def test_stored_answers_are_sealed(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Who reads the table learns no link, no name, and cannot test guesses against a hash."""
    made = await client.post("/v1/bookings", json=wish(), headers=ONCE)
    token = token_of(made.json()["manage_url"])
    body = json.dumps({"start": at(11).isoformat()}).encode()
    moved = await customer.post(
        f"/v1/manage/{token}/reschedule",
        content=body,
        headers={**ONCE, "content-type": "application/json"},
    )
    async with house.database.reading(bank.tenant) as db:
        rows = (await db.execute(select(idempotency_keys))).all()

    assert len(rows) == 2
    plain = hashlib.sha256(body).hexdigest()
    for row in rows:
        everything_in_it = repr(tuple(row)).encode() + row.answer
        for secret in (token, token_of(moved.json()["manage_url"]), "manage", "Anna", plain):
            assert secret.encode() not in everything_in_it


# --- calls that talk to the outside --------------------------------------------------------------


async def test_connecting_a_calendar_twice_connects_it_once(
    client: httpx2.AsyncClient, house: House, bank: Bank, radicale: Radicale
) -> None:
    """With an Idempotency-Key the answer is the same to the byte; without one, the account is."""
    body = {
        "advisor": bank.sanne,
        "url": radicale.url,
        "username": "sanne",
        "password": PASSWORDS["sanne"],
    }
    first = await client.post("/v1/calendars", json=body, headers=ONCE)
    again = await client.post("/v1/calendars", json=body, headers=ONCE)
    unnamed = await client.post("/v1/calendars", json=body)
    other = await client.post("/v1/calendars", json=body | {"password": "x"}, headers=ONCE)
    listed = (await client.get("/v1/calendars")).json()["items"]
    rows = repr(await everything(house, bank.tenant))

    assert [first.status_code, again.status_code, unnamed.status_code] == [201, 201, 201]
    assert first.content == again.content
    assert [account["id"] for account in listed] == [
        first.json()["id"],
    ]
    assert unnamed.json()["id"] == first.json()["id"]
    problem(other, "idempotency-mismatch", 422)
    assert PASSWORDS["sanne"] not in rows


async def test_reading_a_calendar_again_under_the_same_key_gives_the_first_answer(
    client: httpx2.AsyncClient, bank: Bank, radicale: Radicale, clock: FixedClock
) -> None:
    """A repeated sync is not run again; under another key, or a day later, it is."""
    body = {
        "advisor": bank.sanne,
        "url": radicale.url,
        "username": "sanne",
        "password": PASSWORDS["sanne"],
    }
    account = (await client.post("/v1/calendars", json=body)).json()["id"]
    path = f"/v1/calendars/{account}/sync"
    first = await client.post(path, headers=ONCE)
    clock.advance(timedelta(minutes=5))
    again = await client.post(path, headers=ONCE)
    fresh = await client.post(path)
    clock.advance(timedelta(days=1))
    late = await client.post(path, headers=ONCE)

    assert first.content == again.content
    read_at = [answer.json()["collections"][0]["last_ok_at"] for answer in (first, fresh, late)]
    assert read_at == ["2026-11-30T08:00:00Z", "2026-11-30T08:05:00Z", "2026-12-01T08:05:00Z"]
