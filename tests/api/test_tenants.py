"""Two banks in one installation: neither can see, change or even guess what is the other's."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from litestar import Litestar

import booking.conflicts
import booking.service
from api.wiring import House
from tests.api.bank import (
    Bank,
    asking,
    at,
    booked,
    everything,
    open_bank,
    operations,
    problem,
    wish,
)
from tests.services.radicale import PASSWORDS, Radicale


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


@pytest.fixture
async def other(house: House) -> Bank:
    """The other bank."""
    return await open_bank(house, "anderebank")


@pytest.fixture
async def theirs(
    app: Litestar, house: House, other: Bank, radicale: Radicale
) -> AsyncIterator[tuple[httpx2.AsyncClient, dict[str, str]]]:
    """The other bank's server, and the ids of one thing of each kind that the bank has."""
    async with asking(app, other.secret) as program:
        made = await booked(program, participants=[], answers={"goal": "buy"})
        hold = await program.post(
            "/v1/holds",
            json={"meeting_type": "hypotheek", "start": at(14).isoformat(), "channel": "video"},
        )
        series = await program.post(
            "/v1/series", json=wish(at(16), repeat={"every": "week", "count": 2})
        )
        assert series.status_code == 201, series.text
        account = await program.post(
            "/v1/calendars",
            json={
                "advisor": other.sanne,
                "url": radicale.url,
                "username": "sanne",
                "password": PASSWORDS["sanne"],
            },
        )
        absence = await program.post(
            f"/v1/advisors/{other.sanne}/absences", json=BODIES["add_absence"]
        )
        conflict = await clash(house, other, made["id"])
        legal_hold = await program.post(
            f"/v1/customers/{made['customer']}/legal-holds", json=BODIES["place_legal_hold"]
        )
        keys = await program.get("/v1/keys")
        yield (
            program,
            {
                "advisor_id": other.sanne,
                "booking_id": made["id"],
                "customer_id": made["customer"],
                "absence_id": absence.json()["id"],
                "series_id": series.json()["id"],
                "legal_hold_id": legal_hold.json()["id"],
                "conflict_id": conflict,
                "hold_id": hold.json()["id"],
                "account_id": account.json()["id"],
                "collection_id": account.json()["collections"][0]["id"],
                "entry_id": "ent_01m8nqfj00eft9d4n3f118179v",
                "key_id": keys.json()["items"][0]["id"],
            },
        )


async def clash(house: House, bank: Bank, booking_id: str) -> str:
    """Let the time of a meeting be taken, and return the id of the conflict."""
    async with house.database.transaction(bank.tenant) as db:
        meeting = await booking.service.get_booking(db, bank.tenant, booking_id)
        await booking.conflicts.note(db, bank.tenant, meeting, now=house.clock.now())
        found = await booking.service.conflict_of(db, bank.tenant, booking_id)
    assert found is not None
    return found.id


BODIES: dict[str, dict[str, Any]] = {
    "set_calendar_addresses": {"addresses": ["kim@example.org"]},
    "update_advisor": {"name": "S", "email": "s@bank.example", "timezone": "UTC"},
    "set_schedule": {"timezone": "Europe/Amsterdam", "weekly": []},
    "set_named_schedule": {"timezone": "Europe/Amsterdam", "weekly": []},
    "place_legal_hold": {"reason": "Klacht"},
    "erase_customer": {"cancel_meetings": True},
    "add_absence": {"first_day": "2027-02-01", "last_day": "2027-02-05"},
    "reschedule_booking": {"start": at(11).isoformat()},
    "cancel_booking": {"reason": "Toch niet"},
    "decline_booking": {"reason": "Toch niet"},
    "reassign_booking": {},
    "repair_booking": {
        "start": at(11).isoformat(),
        "advisor": "adv_01m8nqfj00eft9d4n3f118179v",
    },
    "record_outcome": {"outcome": "attended"},
    "cancel_series": {},
    "set_customer_consents": {"consents": [{"purpose": "rate-notices", "given": True}]},
    "set_calendar_role": {"role": "ignore"},
    "add_calendar_entry": {"start": at(11).isoformat(), "end": at(12).isoformat()},
    "change_calendar_entry": {"start": at(11).isoformat(), "end": at(12).isoformat()},
}


async def test_every_call_with_the_id_of_another_bank_finds_nothing(
    app: Litestar,
    client: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    other: Bank,
    theirs: tuple[httpx2.AsyncClient, dict[str, str]],
) -> None:
    """404, whatever the id is of, and not one row of either bank has changed."""
    program, ids = theirs
    before = [await everything(house, each.tenant) for each in (bank, other)]
    tried = set()

    for call in operations(app):
        if call.keys and "_id}" in call.path:
            path = call.at(**ids)
            answer = await client.request(call.method, path, json=BODIES.get(call.id))
            problem(answer, "not-found", 404)
            tried.add(call.id)

    after = [await everything(house, each.tenant) for each in (bank, other)]
    assert after == before
    assert BODIES.keys() <= tried
    assert len(tried) >= 15
    # The ids are good: their own bank finds everything.
    for path in ("advisors/{advisor_id}", "bookings/{booking_id}", "customers/{customer_id}"):
        assert (await program.get(f"/v1/{path.format(**ids)}")).status_code == 200
    assert (await program.delete(f"/v1/absences/{ids['absence_id']}")).status_code == 204


async def test_what_another_bank_has_cannot_be_named_in_a_request(
    client: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    other: Bank,
    theirs: tuple[httpx2.AsyncClient, dict[str, str]],
    radicale: Radicale,
) -> None:
    """Neither a booking nor a meeting type nor a calendar can be hung on another bank's people."""
    _, ids = theirs
    before = [await everything(house, each.tenant) for each in (bank, other)]

    advisor = await client.post("/v1/bookings", json=wish(at(12), advisor=ids["advisor_id"]))
    hold = await client.post("/v1/bookings", json=wish(at(14), hold=ids["hold_id"]))
    kind = await client.post(
        "/v1/meeting-types",
        json={
            "slug": "gesprek",
            "name": {"nl": "Gesprek"},
            "channels": ["video"],
            "advisors": [ids["advisor_id"]],
        },
    )
    calendar = await client.post(
        "/v1/calendars",
        json={
            "advisor": ids["advisor_id"],
            "url": radicale.url,
            "username": "sanne",
            "password": PASSWORDS["sanne"],
        },
    )

    absence = await client.post(
        f"/v1/advisors/{bank.sanne}/absences",
        json=BODIES["add_absence"] | {"stand_in": ids["advisor_id"]},
    )
    exclusion = await client.put(f"/v1/advisors/{bank.sanne}/exclusions/{ids['customer_id']}")

    problem(advisor, "not-found", 404)
    problem(absence, "invalid-request", 400)
    problem(exclusion, "not-found", 404)
    problem(hold, "hold-expired", 409)
    problem(kind, "invalid-request", 400)
    problem(calendar, "not-found", 404)
    assert [await everything(house, each.tenant) for each in (bank, other)] == before


async def test_lists_hold_nothing_of_another_bank(
    app: Litestar,
    client: httpx2.AsyncClient,
    house: House,
    other: Bank,
    theirs: tuple[httpx2.AsyncClient, dict[str, str]],
) -> None:
    """No list shows an id of the other bank, also when it is asked to filter by one."""
    _, ids = theirs
    while await house.worker.run_due():
        pass
    lists = [call.path for call in operations(app) if call.method == "GET" and "{" not in call.path]
    filters = [
        f"/v1/bookings?customer={ids['customer_id']}",
        f"/v1/bookings?advisor={ids['advisor_id']}",
        f"/v1/bookings?cursor={ids['booking_id']}",
        f"/v1/notices?customer={ids['customer_id']}",
        f"/v1/notices?booking={ids['booking_id']}",
        f"/v1/calendars?advisor={ids['advisor_id']}",
    ]

    for path in [*(path for path in lists if path.startswith("/v1/")), *filters]:
        answer = await client.get(path)
        known = [*ids.values(), other.tenant, other.ravi]
        assert not [one for one in known if one in answer.text], path


async def test_the_same_idempotency_key_at_two_banks_is_two_keys(
    app: Litestar, client: httpx2.AsyncClient, other: Bank
) -> None:
    """What one bank asked first says nothing to the other."""
    once = {"idempotency-key": "first"}
    async with asking(app, other.secret) as program:
        one = await client.post("/v1/bookings", json=wish(), headers=once)
        two = await program.post("/v1/bookings", json=wish(at(11)), headers=once)

    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json()["id"] != two.json()["id"]
