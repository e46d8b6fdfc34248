"""Booking a meeting, and what the organisation sees and does with it."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, func, select

from api.wiring import House
from booking.tables import holds
from context.tables import customers
from kernel.clock import FixedClock
from notifications.channels.mailbox import Mailbox
from tests.api.bank import (
    PUBLIC_URL,
    Bank,
    at,
    booked,
    everything,
    pointers,
    problem,
    token_of,
    wish,
)
from tests.booking.builders import statements


async def test_a_browser_books_a_meeting(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, bank: Bank
) -> None:
    """The answer says all there is to say, in the customer's zone, and stands from then on."""
    answer = await widget.post("/v1/bookings", json=wish(timezone="Europe/Lisbon"))
    made = answer.json()
    links = {name: made.pop(name) for name in ("manage_url", "intake_url")}

    assert answer.status_code == 201
    assert made == {
        "id": made["id"],
        "state": "confirmed",
        "meeting_type": "hypotheek",
        "start": "2026-12-01T08:00:00Z",
        "end": "2026-12-01T09:00:00Z",
        "timezone": "Europe/Lisbon",
        "channel": "video",
        "location": None,
        "advisor": {"id": bank.sanne, "name": "Sanne Visser"},
        "colleagues": [],
        "resources": [],
        "customer": made["customer"],
        "participants": [],
        "participation": [],
        "series": None,
        "booked_by": "customer",
        "cancelled_by": None,
        "sequence": 0,
        "created_at": "2026-11-30T08:00:00Z",
    }
    assert links["manage_url"].startswith(f"{PUBLIC_URL}/manage/")
    assert links["intake_url"].startswith(f"{PUBLIC_URL}/intake/")
    seen = (await client.get(f"/v1/bookings/{made['id']}")).json()
    assert seen["start"] == made["start"]


async def test_by_phone_the_time_is_promised_where_the_advisor_is(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    """Whoever books sees their own clock; the promise, and so the record, goes by London's."""
    made = await booked(widget, at(10), meeting_type="lening", channel="phone")
    seen = (await client.get(f"/v1/bookings/{made['id']}")).json()

    assert (made["start"], made["timezone"]) == ("2026-12-01T10:00:00+01:00", "Europe/Amsterdam")
    assert (seen["start"], seen["timezone"]) == ("2026-12-01T09:00:00Z", "Europe/London")
    assert made["intake_url"] is None


async def test_everything_that_came_with_a_booking_is_kept(client: httpx2.AsyncClient) -> None:
    """Who comes along, the answers, and the consent, each with the booking or not at all."""
    made = await booked(
        client,
        channel="branch",
        location="utrecht",
        participants=[{"name": {"given": "Bram", "surname": "Bakker"}, "email": "b@example.org"}],
        answers={"goal": "buy"},
        consents=[{"purpose": "rate-notices", "given": True}],
    )
    customer = f"/v1/customers/{made['customer']}"
    brief = await client.get(f"/v1/bookings/{made['id']}/brief")
    facts = (await client.get(f"{customer}/facts")).json()["items"]
    consents = (await client.get(f"{customer}/consents")).json()["consents"]
    person = (await client.get(customer)).json()

    assert made["location"] == "utrecht"
    assert "Bram Bakker" in brief.text
    assert [(fact["path"], fact["value"], fact["source"]) for fact in facts] == [
        ("goal", "buy", "customer")
    ]
    assert [(one["purpose"], one["given"]) for one in consents] == [("rate-notices", True)]
    assert person["name"]["prefix"] == "de"


async def test_the_same_person_is_one_customer(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The same address with the same surname is the same customer, whatever its capitals."""
    person = {"name": {"surname": "de Vries"}, "email": "ANNA@example.org"}
    first = await booked(client)
    again = await booked(client, at(11), customer=person)
    async with house.database.reading(bank.tenant) as db:
        known = await db.scalar(select(func.count()).select_from(customers))

    assert first["customer"] == again["customer"]
    assert known == 1


# --- a crowd -------------------------------------------------------------------------------------


async def test_a_crowd_is_told_what_the_first_was_told_and_looked_up_by_nobody(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, house: House
) -> None:
    """Once a time was refused, who asks for it is not so much as looked for in the books."""
    await booked(client)
    first = problem(await widget.post("/v1/bookings", json=wish()), "slot-taken", 409)

    with statements(house.database) as asked:
        second = problem(await widget.post("/v1/bookings", json=wish()), "slot-taken", 409)
    wrong = await widget.post("/v1/bookings", json=wish(timezone="Europe/Nowhere"))

    assert second["alternatives"] == first["alternatives"] != []
    assert not [statement for statement in asked if "customers" in statement]
    assert pointers(problem(wrong, "invalid-request", 400)) == ["/timezone"]


async def test_a_time_that_a_crowd_wanted_can_be_had_again(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    """Whoever had it gives it back, and the next one gets it."""
    made = await booked(client)
    for _ in range(3):
        problem(await widget.post("/v1/bookings", json=wish()), "slot-taken", 409)

    await client.post(f"/v1/bookings/{made['id']}/cancel", json={})

    assert (await widget.post("/v1/bookings", json=wish())).status_code == 201


# --- holds ---------------------------------------------------------------------------------------

HOLD = {"meeting_type": "hypotheek", "start": at(9).isoformat(), "channel": "video"}


async def test_a_held_time_is_closed_to_others_and_open_to_its_holder(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    """Somebody else is told that it is taken; whoever holds it books it."""
    held = await widget.post("/v1/holds", json=HOLD)
    rival = await client.post("/v1/bookings", json=wish())
    mine = await widget.post("/v1/bookings", json=wish(hold=held.json()["id"]))

    assert held.status_code == 201
    assert held.json() == {
        "id": held.json()["id"],
        "start": "2026-12-01T09:00:00+01:00",
        "end": "2026-12-01T10:00:00+01:00",
        "expires_at": "2026-11-30T09:10:00+01:00",
    }
    problem(rival, "slot-taken", 409)
    assert mine.status_code == 201


async def test_a_hold_can_be_given_back(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Its time is free again at once; a hold that is gone is not found."""
    held = (await widget.post("/v1/holds", json=HOLD)).json()["id"]
    given = await widget.delete(f"/v1/holds/{held}")
    again = await widget.delete(f"/v1/holds/{held}")
    await booked(client)
    async with house.database.reading(bank.tenant) as db:
        left = await db.scalar(select(func.count()).select_from(holds))

    assert (given.status_code, given.content) == (204, b"")
    problem(again, "not-found", 404)
    assert left == 0


async def test_a_hold_ends_by_itself(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """After ten minutes its time is anybody's."""
    await widget.post("/v1/holds", json=HOLD)
    clock.advance(timedelta(minutes=10))

    await booked(client)


# --- the organisation's own view -----------------------------------------------------------------


async def test_bookings_are_listed_by_what_is_asked(
    client: httpx2.AsyncClient, bank: Bank, clock: FixedClock
) -> None:
    """By day, advisor, customer and state, in pages, oldest first."""
    made = []
    for hours in (9, 11, 14):
        made.append((await booked(client, at(hours)))["id"])
        clock.advance(timedelta(seconds=1))
    other = {"name": {"surname": "Bakker"}, "email": "bram@example.org"}
    made.append((await booked(client, at(9, days=1), customer=other))["id"])
    await client.post(f"/v1/bookings/{made[0]}/cancel", json={})
    customer = (await client.get(f"/v1/bookings/{made[0]}")).json()["customer"]

    async def ids(**query: str) -> list[str]:
        answer = await client.get("/v1/bookings", params=query)
        return [one["id"] for one in answer.json()["items"]]

    assert await ids() == made
    assert await ids(**{"from": "2026-12-02"}) == made[3:]
    assert await ids(until="2026-12-02") == made[:3]
    assert await ids(**{"from": "2026-12-01T11:00:00+01:00", "until": "2026-12-02"}) == made[1:3]
    assert await ids(state="cancelled") == made[:1]
    assert await ids(advisor=bank.ravi) == []
    assert await ids(customer=customer) == made[:3]
    page = (await client.get("/v1/bookings", params={"limit": "3"})).json()
    assert [one["id"] for one in page["items"]] == made[:3]
    assert await ids(cursor=page["next_cursor"]) == made[3:]


async def test_the_organisation_moves_and_cancels_and_the_customer_hears_of_it(
    client: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """Three letters: that it stands, that it moved, that it is off, with rising sequence."""
    made = await booked(client)
    path = f"/v1/bookings/{made['id']}"
    moved = await client.post(f"{path}/reschedule", json={"start": at(11).isoformat()})
    await settle(house)
    cancelled = await client.post(f"{path}/cancel", json={"reason": "Ziek"})
    await settle(house)
    again = await client.post(f"{path}/cancel", json={})
    letters = [mail for mail in mailbox.messages() if "anna@example.org" in mail.to]

    assert (moved.json()["start"], moved.json()["sequence"]) == (at(11).isoformat(), 1)
    assert (cancelled.json()["state"], cancelled.json()["sequence"]) == ("cancelled", 2)
    problem(again, "conflict", 409)
    assert {mail.method for mail in letters} == {"REQUEST", "CANCEL"}
    notices = (await client.get(f"/v1/notices?booking={made['id']}")).json()["items"]
    assert {notice["kind"] for notice in notices} >= {"booking-rescheduled", "booking-cancelled"}


async def settle(house: House) -> None:
    while await house.worker.run_due():
        pass


async def test_a_move_to_a_taken_time_leaves_the_booking_where_it_is(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The refusal names other times, in the zone of the promise; no row changes."""
    made = await booked(client)
    await booked(client, at(11))
    before = await everything(house, bank.tenant)

    answer = await client.post(
        f"/v1/bookings/{made['id']}/reschedule", json={"start": at(11).isoformat()}
    )

    document = problem(answer, "slot-taken", 409)
    assert all(start.endswith("+01:00") for start in document["alternatives"])
    assert await everything(house, bank.tenant) == before


async def test_a_meeting_that_has_begun_can_no_longer_be_changed(
    client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """From its first minute on, neither moving nor cancelling makes sense."""
    made = await booked(client)
    clock.instant = at(9)

    for call, body in (("cancel", {}), ("reschedule", {"start": at(14).isoformat()})):
        answer = await client.post(f"/v1/bookings/{made['id']}/{call}", json=body)
        problem(answer, "conflict", 409)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
    ],
)
async def test_the_brief_comes_as_data_or_as_a_page(
    client: httpx2.AsyncClient, accept: str, media_type: str
) -> None:
    """Whoever asks for HTML gets the page that an advisor reads."""
    made = await booked(client, answers={"goal": "buy"})
    answer = await client.get(f"/v1/bookings/{made['id']}/brief", headers={"accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert "Anna de Vries" in answer.text
    assert answer.headers["vary"] == "Accept"
    assert "set-cookie" not in answer.headers


async def test_the_brief_of_nothing_is_a_problem_also_to_who_wants_a_page(
    client: httpx2.AsyncClient,
) -> None:
    """Calls of the API answer errors in one form."""
    answer = await client.get("/v1/bookings/none/brief", headers={"accept": "text/html"})

    problem(answer, "not-found", 404)


async def test_reading_a_brief_by_key_marks_nothing_as_read(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Only an advisor at their screen has seen it."""
    made = await booked(client, answers={"goal": "buy"})
    before = await everything(house, bank.tenant)

    for accept in ("application/json", "text/html"):
        await client.get(f"/v1/bookings/{made['id']}/brief", headers={"accept": accept})

    assert await everything(house, bank.tenant) == before


async def test_links_of_a_booking_open_it(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient
) -> None:
    """The links in the answer are the ones that work."""
    made = await booked(client)

    shown = await customer.get(f"/v1/manage/{token_of(made['manage_url'])}")
    form = await customer.get(f"/v1/manage/{token_of(made['intake_url'])}/intake")

    assert shown.json()["id"] == made["id"]
    assert form.json()["form"]["version"] == 1


async def test_a_longer_list_asks_the_database_no_more(
    house: House, widget: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    """What bookings share is read once: three of them take as many statements as one."""
    statements: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    async def listed() -> int:
        statements.clear()
        answer = await client.get("/v1/bookings")
        assert answer.status_code == 200
        return len(answer.json()["items"])

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", count)
    await booked(widget, at(9, days=1))
    assert await listed() == 1
    for_one = len(statements)
    await booked(widget, at(11, days=1))
    await booked(widget, at(13, days=1))

    assert await listed() == 3
    assert len(statements) == for_one
