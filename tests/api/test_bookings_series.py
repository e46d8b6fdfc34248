"""Meetings that come back, over HTTP: all of them or none, and called off together."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api.wiring import House
from tests.api.bank import Bank, at, booked, everything, pointers, problem, wish

WEEKLY = {"every": "week", "count": 4}
WEEK = timedelta(days=7)


async def book_series(client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/series", json=wish(**{"repeat": WEEKLY, **changes}))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_series_is_booked_at_once(client: httpx2.AsyncClient, bank: Bank) -> None:
    """Four Tuesdays at nine with the same advisor, each a booking of its own with its links."""
    made = await book_series(client)
    seen = (await client.get(f"/v1/series/{made['id']}")).json()
    listed = (await client.get("/v1/bookings", params={"series": made["id"]})).json()["items"]

    assert made["id"].startswith("ser_")
    assert [one["start"] for one in made["items"]] == [
        (at(9) + number * WEEK).isoformat() for number in range(4)
    ]
    assert {one["series"] for one in made["items"]} == {made["id"]}
    assert {one["advisor"]["id"] for one in made["items"]} == {bank.sanne}
    assert {one["booked_by"] for one in made["items"]} == {"operator"}
    assert len({one["manage_url"] for one in made["items"]}) == 4
    assert all(one["intake_url"] for one in made["items"])
    assert seen == made
    assert {one["id"] for one in listed} == {one["id"] for one in made["items"]}


async def test_a_series_keeps_the_time_on_the_wall(client: httpx2.AsyncClient) -> None:
    """Every four weeks at nine; what lies beyond the window is booked as well."""
    made = await book_series(client, repeat={"every": "four-weeks", "count": 4})

    assert [one["start"][11:] for one in made["items"]] == ["09:00:00+01:00"] * 4


async def test_a_series_that_cannot_be_had_in_full_is_not_had_at_all(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The refusal says which of them and when, with other times; no row changes."""
    await booked(client, at(9, days=14))
    before = await everything(house, bank.tenant)

    answer = await client.post("/v1/series", json=wish(repeat=WEEKLY))

    document = problem(answer, "slot-taken", 409)
    assert (document["occurrence"], document["start"]) == (3, at(9, days=14).isoformat())
    assert document["alternatives"]
    assert all(start.endswith("+01:00") for start in document["alternatives"])
    assert await everything(house, bank.tenant) == before


async def test_a_series_whose_first_meeting_cannot_be_had_says_so_too(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Off the grid, or taken: it is the first, at the time that was asked for."""
    await booked(client)
    before = await everything(house, bank.tenant)

    for start, kind in ((at(9), "slot-taken"), (at(11, 5), "slot-unavailable")):
        answer = await client.post("/v1/series", json=wish(start, repeat=WEEKLY))
        document = problem(answer, kind, 409)
        assert (document["occurrence"], document["start"]) == (1, start.isoformat())
    assert await everything(house, bank.tenant) == before


async def test_a_series_asked_for_twice_with_one_key_is_booked_once(
    client: httpx2.AsyncClient,
) -> None:
    """The second answer is the first one."""
    body, key = wish(repeat=WEEKLY), {"idempotency-key": "the series of Anna"}
    first = await client.post("/v1/series", json=body, headers=key)
    again = await client.post("/v1/series", json=body, headers=key)

    assert first.status_code == 201
    assert again.json() == first.json()
    assert len((await client.get("/v1/bookings")).json()["items"]) == 4


async def test_a_series_is_called_off_from_a_date_on(client: httpx2.AsyncClient) -> None:
    """What is before it stays; what is called off is shown, and its time is free again."""
    made = await book_series(client)
    path = f"/v1/series/{made['id']}/cancel"
    since = at(9, days=14).isoformat()
    half = await client.post(path, json={"from": since, "reason": "Verhuisd"})
    rest = await client.post(path, json={})
    again = await client.post(path, json={})

    assert half.status_code == 200
    assert [one["start"] for one in half.json()["items"]] == [
        at(9, days=14).isoformat(),
        at(9, days=21).isoformat(),
    ]
    assert {one["state"] for one in half.json()["items"]} == {"cancelled"}
    assert len(rest.json()["items"]) == 2
    problem(again, "conflict", 409)
    await booked(client, at(9, days=14))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"repeat": None}, "/repeat"),
        ({"repeat": {"every": "day", "count": 3}}, "/repeat/every"),
        ({"repeat": {"every": "week", "count": 1}}, "/repeat/count"),
        ({"repeat": {"every": "week", "count": 27}}, "/repeat/count"),
        ({"repeat": {"every": "week", "count": 2, "until": "2027-01-01"}}, "/repeat/until"),
    ],
)
async def test_a_series_that_is_none_is_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank, changes: dict[str, Any], where: str
) -> None:
    """A pointer says what is wrong; no row changes."""
    before = await everything(house, bank.tenant)

    answer = await client.post("/v1/series", json=wish(**{"repeat": WEEKLY, **changes}))

    assert pointers(problem(answer, "invalid-request", 400)) == [where]
    assert await everything(house, bank.tenant) == before


async def test_what_is_no_series_is_not_found(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient
) -> None:
    """Whether it cannot be one or is not one; and browsers book one meeting at a time."""
    for series in ("none", "ser_01m8nqfj00eft9d4n3f118179v"):
        problem(await client.get(f"/v1/series/{series}"), "not-found", 404)
        problem(await client.post(f"/v1/series/{series}/cancel", json={}), "not-found", 404)
    problem(await widget.post("/v1/series", json=wish(repeat=WEEKLY)), "forbidden", 403)
