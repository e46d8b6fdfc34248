"""A meeting whose time was taken after all: what staff see, what the customer can choose."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

import booking.conflicts
import booking.service
from api.wiring import House
from booking.model import Alternative
from kernel.clock import FixedClock
from tests.api.bank import Bank, at, booked, everything, pointers, problem, token_of
from tests.api.test_bookings_steps import define, hire


@pytest.fixture
async def tom(client: httpx2.AsyncClient, bank: Bank) -> str:
    """A colleague who can take over from Sanne."""
    tom = await hire(client, "Tom Smit")
    await define(client, "advies", [bank.sanne, tom])
    return tom


@pytest.fixture
async def taken(client: httpx2.AsyncClient, house: House, bank: Bank, tom: str) -> dict[str, Any]:
    """A meeting of Sanne's at nine that cannot be, for which other times have been offered."""
    made = await booked(client, meeting_type="advies", advisor=bank.sanne)
    now = house.clock.now()
    async with house.database.transaction(bank.tenant) as db:
        meeting = await booking.service.get_booking(db, bank.tenant, made["id"])
        await booking.conflicts.note(db, bank.tenant, meeting, now=now)
        conflict = await booking.service.conflict_of(db, bank.tenant, made["id"])
        assert conflict is not None
        offered = [
            Alternative(start=at(9), advisor_id=tom),
            Alternative(start=at(11), advisor_id=bank.sanne),
            Alternative(start=at(14), advisor_id=tom),
        ]
        await booking.conflicts.offer(db, bank.tenant, conflict, offered, now=now)
    return made


async def test_staff_see_what_somebody_has_to_choose_about(
    client: httpx2.AsyncClient, bank: Bank, tom: str, taken: dict[str, Any]
) -> None:
    """The meeting, whose calendar it is, and what was offered; or those of one advisor."""
    listed = (await client.get("/v1/conflicts")).json()
    (one,) = listed["items"]
    names = {bank.sanne: "Sanne Visser", tom: "Tom Smit"}

    assert listed["next_cursor"] is None
    assert one == {
        "id": one["id"],
        "booking": taken["id"],
        "advisor": {"id": bank.sanne, "name": "Sanne Visser"},
        "state": "displaced",
        "seen_at": "2026-11-30T08:00:00Z",
        "offered_at": "2026-11-30T08:00:00Z",
        "resolved_at": None,
        "resolution": None,
        "alternatives": [
            {"start": start.isoformat(), "advisor": {"id": who, "name": names[who]}}
            for start, who in ((at(9), tom), (at(11), bank.sanne), (at(14), tom))
        ],
    }
    for advisor, count in ((bank.sanne, 1), (tom, 0)):
        found = await client.get("/v1/conflicts", params={"advisor": advisor})
        assert len(found.json()["items"]) == count
    problem(await client.get("/v1/conflicts", params={"advisor": "sanne"}), "not-found", 404)


async def test_a_meeting_goes_on_as_planned_if_staff_say_so(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient, taken: dict[str, Any]
) -> None:
    """The conflict is settled: nobody has to choose any more, and nothing is on offer."""
    (one,) = (await client.get("/v1/conflicts")).json()["items"]
    kept = await client.post(f"/v1/conflicts/{one['id']}/dismiss")
    shown = await customer.get(f"/v1/manage/{token_of(taken['manage_url'])}")

    assert (kept.status_code, kept.json()["state"]) == (200, "kept")
    assert (await client.get("/v1/conflicts")).json()["items"] == []
    assert shown.json()["conflict"] is None
    for conflict in ("none", "cnf_01m8nqfj00eft9d4n3f118179v"):
        problem(await client.post(f"/v1/conflicts/{conflict}/dismiss"), "not-found", 404)


async def test_a_settled_conflict_is_not_settled_again(
    client: httpx2.AsyncClient, house: House, bank: Bank, taken: dict[str, Any]
) -> None:
    """Once the meeting was moved there is nothing left to dismiss; no row changes."""
    (one,) = (await client.get("/v1/conflicts")).json()["items"]
    move = {"start": at(15).isoformat()}
    await client.post(f"/v1/bookings/{taken['id']}/reschedule", json=move)
    before = await everything(house, bank.tenant)

    answer = await client.post(f"/v1/conflicts/{one['id']}/dismiss")

    problem(answer, "conflict", 409)
    assert await everything(house, bank.tenant) == before


# --- the customer --------------------------------------------------------------------------------


async def test_the_customer_takes_another_time(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient, taken: dict[str, Any], tom: str
) -> None:
    """One of those offered, with whom it was offered; the link is a new one and the old ends."""
    old = token_of(taken["manage_url"])
    offered = (await customer.get(f"/v1/manage/{old}")).json()["conflict"]["alternatives"]
    choice = {"start": offered[2]["start"], "advisor": offered[2]["advisor"]["id"]}
    mended = await customer.post(f"/v1/manage/{old}/repair", json=choice)
    again = await customer.post(f"/v1/manage/{old}/repair", json=choice)
    shown = await customer.get(f"/v1/manage/{token_of(mended.json()['manage_url'])}")

    assert [one["start"] for one in offered] == [one.isoformat() for one in (at(9), at(11), at(14))]
    assert mended.status_code == 200
    assert (mended.json()["start"], mended.json()["conflict"]) == (at(14).isoformat(), None)
    assert mended.json()["advisor"] == {"id": tom, "name": "Tom Smit"}
    assert shown.json() == mended.json()
    problem(again, "link-expired", 410)
    assert (await client.get("/v1/conflicts")).json()["items"] == []
    steps = (await client.get(f"/v1/bookings/{taken['id']}/history")).json()["items"]
    assert steps[-1]["by"] == "customer"


async def test_the_customer_keeps_the_time_with_a_colleague(
    customer: httpx2.AsyncClient, taken: dict[str, Any], tom: str
) -> None:
    """At the same time the link stays what it was."""
    link = f"/v1/manage/{token_of(taken['manage_url'])}"
    choice = {"start": at(9).isoformat(), "advisor": tom}
    mended = await customer.post(f"{link}/repair", json=choice)

    assert (mended.json()["start"], mended.json()["advisor"]["name"]) == (
        taken["start"],
        "Tom Smit",
    )
    assert (await customer.get(link)).json() == mended.json()


async def test_only_what_was_offered_can_be_taken(
    customer: httpx2.AsyncClient, house: House, bank: Bank, taken: dict[str, Any], tom: str
) -> None:
    """Another time, another advisor, half a body or no conflict at all: no row changes."""
    link = f"/v1/manage/{token_of(taken['manage_url'])}"
    before = await everything(house, bank.tenant)

    for start, advisor in ((at(15), tom), (at(9), bank.sanne), (at(11), tom), (at(9), bank.ravi)):
        choice = {"start": start.isoformat(), "advisor": advisor}
        answer = await customer.post(f"{link}/repair", json=choice)
        problem(answer, "not-offered", 409)
    half = await customer.post(f"{link}/repair", json={"start": at(9).isoformat()})
    assert pointers(problem(half, "invalid-request", 400)) == ["/advisor"]
    assert await everything(house, bank.tenant) == before


async def test_a_time_that_went_meanwhile_leaves_the_others(
    client: httpx2.AsyncClient,
    customer: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    taken: dict[str, Any],
    tom: str,
) -> None:
    """Somebody booked Tom at nine; the customer is told so, and can still have eleven."""
    other = {"name": {"surname": "Bakker"}, "email": "bram@example.org"}
    await booked(client, meeting_type="advies", advisor=tom, customer=other)
    link = f"/v1/manage/{token_of(taken['manage_url'])}"
    before = await everything(house, bank.tenant)

    gone = await customer.post(f"{link}/repair", json={"start": at(9).isoformat(), "advisor": tom})
    problem(gone, "slot-taken", 409)
    assert await everything(house, bank.tenant) == before
    mended = await customer.post(
        f"{link}/repair", json={"start": at(11).isoformat(), "advisor": bank.sanne}
    )
    assert mended.status_code == 200


async def test_a_meeting_that_is_fine_has_nothing_to_choose(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient
) -> None:
    """Without a conflict nothing is offered, and nothing can be taken."""
    made = await booked(client)
    link = f"/v1/manage/{token_of(made['manage_url'])}"
    choice = {"start": at(11).isoformat(), "advisor": made["advisor"]["id"]}

    assert (await customer.get(link)).json()["conflict"] is None
    problem(await customer.post(f"{link}/repair", json=choice), "not-offered", 409)


async def test_times_that_have_passed_are_not_offered_any_more(
    customer: httpx2.AsyncClient,
    client: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    tom: str,
    clock: FixedClock,
) -> None:
    """A meeting on Wednesday for which Tuesday was offered: on Tuesday evening that is over."""
    made = await booked(client, at(9, days=1), meeting_type="advies", advisor=bank.sanne)
    async with house.database.transaction(bank.tenant) as db:
        meeting = await booking.service.get_booking(db, bank.tenant, made["id"])
        await booking.conflicts.note(db, bank.tenant, meeting, now=clock.now())
        conflict = await booking.service.conflict_of(db, bank.tenant, made["id"])
        assert conflict is not None
        offered = [Alternative(start=at(11), advisor_id=tom)]
        await booking.conflicts.offer(db, bank.tenant, conflict, offered, now=clock.now())
    clock.instant = at(11) + timedelta(hours=6)
    link = f"/v1/manage/{token_of(made['manage_url'])}"

    assert (await customer.get(link)).json()["conflict"] == {"alternatives": []}
