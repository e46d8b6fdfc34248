"""What becomes of a booking over HTTP: each step, its history, and every step that is refused."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api.wiring import House
from kernel.clock import FixedClock
from tests.api.bank import (
    WORKDAYS,
    Bank,
    at,
    booked,
    everything,
    pointers,
    problem,
    token_of,
    wish,
)

HOURS = [{"day": day, "start": "09:00", "end": "17:00"} for day in WORKDAYS]


async def hire(client: httpx2.AsyncClient, name: str, **more: Any) -> str:
    """Put an advisor with office hours on file, and return their id."""
    email = f"{name.split(maxsplit=1)[0].lower()}@bank.example"
    data = {"name": name, "email": email, "timezone": "Europe/Amsterdam", **more}
    made = await client.post("/v1/advisors", json=data)
    assert made.status_code == 201, made.text
    advisor: str = made.json()["id"]
    hours = {"timezone": "Europe/Amsterdam", "weekly": HOURS}
    changed = await client.put(f"/v1/advisors/{advisor}/schedule", json=hours)
    assert changed.status_code == 200, changed.text
    return advisor


async def define(client: httpx2.AsyncClient, slug: str, advisors: list[str], **more: Any) -> None:
    """Define a kind of meeting."""
    data = {"slug": slug, "name": {"nl": slug}, "channels": ["video"], "advisors": advisors, **more}
    answer = await client.post("/v1/meeting-types", json=data)
    assert answer.status_code == 201, answer.text


@pytest.fixture
async def tom(client: httpx2.AsyncClient, bank: Bank) -> str:
    """A colleague of Sanne's who gives advice that needs no word, as she does."""
    tom = await hire(client, "Tom Smit", languages=["nl", "fr"])
    await define(client, "advies", [bank.sanne, tom])
    await define(client, "keuring", [bank.sanne, tom], approval=True)
    return tom


async def step(
    client: httpx2.AsyncClient, made: dict[str, Any], call: str, **body: Any
) -> httpx2.Response:
    return await client.post(f"/v1/bookings/{made['id']}/{call}", json=body)


# --- steps ---------------------------------------------------------------------------------------


async def test_a_request_occupies_its_time_until_somebody_says_yes(
    client: httpx2.AsyncClient, tom: str, bank: Bank
) -> None:
    """It waits, keeps its time closed, and stands once it is confirmed."""
    made = await booked(client, meeting_type="keuring", advisor=bank.sanne)
    rival = await client.post("/v1/bookings", json=wish(meeting_type="keuring", advisor=bank.sanne))
    confirmed = await step(client, made, "confirm")

    assert made["state"] == "requested"
    problem(rival, "slot-taken", 409)
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")


async def test_a_request_that_is_declined_gives_its_time_back(
    client: httpx2.AsyncClient, tom: str, bank: Bank
) -> None:
    """It is cancelled by the operator, and somebody else can have the time."""
    made = await booked(client, meeting_type="keuring", advisor=bank.sanne)
    declined = (await step(client, made, "decline", reason="Geen plaats")).json()

    assert (declined["state"], declined["cancelled_by"]) == ("cancelled", "operator")
    await booked(client, meeting_type="keuring", advisor=bank.sanne)


async def test_a_booking_is_given_to_whoever_is_free(
    client: httpx2.AsyncClient, tom: str, bank: Bank
) -> None:
    """To the colleague who is named, or back to whoever suits best, at the same time."""
    made = await booked(client, meeting_type="advies", advisor=bank.sanne)
    given = (await step(client, made, "reassign", advisor=tom)).json()
    back = (await step(client, made, "reassign")).json()

    assert given["advisor"] == {"id": tom, "name": "Tom Smit"}
    assert back["advisor"]["id"] == bank.sanne
    assert [one["start"] for one in (made, given, back)] == [made["start"]] * 3


async def test_a_booking_gets_another_time_and_another_advisor_at_once(
    client: httpx2.AsyncClient, tom: str, bank: Bank
) -> None:
    """What repairs a conflict does either, or both."""
    made = await booked(client, meeting_type="advies", advisor=bank.sanne)
    mended = await step(client, made, "repair", start=at(11).isoformat(), advisor=tom)

    assert mended.status_code == 200
    assert (mended.json()["start"], mended.json()["advisor"]["id"]) == (at(11).isoformat(), tom)


async def test_an_outcome_is_written_down_and_put_right(
    client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """Once the meeting has begun: missed, and on second thoughts attended."""
    made = await booked(client)
    clock.instant = at(9, 5)
    missed = await step(client, made, "outcome", outcome="no-show")
    attended = await step(client, made, "outcome", outcome="attended")

    assert (missed.json()["state"], attended.json()["state"]) == ("no-show", "attended")
    listed = await client.get("/v1/bookings", params={"state": "attended"})
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]


@pytest.mark.parametrize("call", ["confirm", "decline"])
async def test_a_step_repeated_with_its_key_is_done_once(
    client: httpx2.AsyncClient, tom: str, bank: Bank, call: str
) -> None:
    """The second request gets the first answer, and no row changes."""
    made = await booked(client, meeting_type="keuring")
    body: dict[str, str] | None = None if call == "confirm" else {}
    path = f"/v1/bookings/{made['id']}/{call}"
    first = await client.post(path, json=body, headers={"idempotency-key": "once"})
    once = await client.get(f"/v1/bookings/{made['id']}/history")
    again = await client.post(path, json=body, headers={"idempotency-key": "once"})

    assert first.status_code == 200
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await client.get(f"/v1/bookings/{made['id']}/history")).json() == once.json()


# --- who booked it, and who is there -------------------------------------------------------------


async def test_who_booked_is_on_file(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient, customer: httpx2.AsyncClient
) -> None:
    """A browser books as the customer, a server on their behalf; cancelling likewise."""
    own = await booked(widget)
    behalf = await booked(client, at(11))
    link = f"/v1/manage/{token_of(own['manage_url'])}/cancel"
    await customer.post(link, json={})
    await step(client, behalf, "cancel")

    for made, who in ((own, "customer"), (behalf, "operator")):
        shown = (await client.get(f"/v1/bookings/{made['id']}")).json()
        steps = (await client.get(f"/v1/bookings/{made['id']}/history")).json()["items"]
        assert (shown["booked_by"], shown["cancelled_by"]) == (who, who)
        assert [one["by"] for one in steps] == [who, who]


async def test_everybody_and_everything_that_a_meeting_takes_is_shown(
    client: httpx2.AsyncClient, bank: Bank
) -> None:
    """An interpreter by role and name, and the room by its slug."""
    wout = await hire(client, "Wout Vos", skills=["interpreting"])
    room = {"slug": "kamer-1", "name": "Kamer 1", "kind": "room", "location": "utrecht"}
    assert (await client.post("/v1/resources", json=room)).status_code == 201
    await define(
        client,
        "gesprek",
        [bank.sanne],
        channels=["branch"],
        locations=["utrecht"],
        roles=[{"name": "interpreter", "skills": ["interpreting"]}],
        resources=[{"kind": "room"}],
    )

    made = await booked(client, meeting_type="gesprek", channel="branch", location="utrecht")

    assert made["colleagues"] == [{"role": "interpreter", "id": wout, "name": "Wout Vos"}]
    assert made["resources"] == ["kamer-1"]


async def test_staff_set_rules_aside_and_strangers_do_not(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Inside the notice a server books with a waiver; a browser is told that it needs a key."""
    soon = at(11, days=-1)
    refused = await client.post("/v1/bookings", json=wish(soon))
    before = await everything(house, bank.tenant)
    stranger = await widget.post("/v1/bookings", json=wish(soon, waive=["notice"]))
    hold = {
        "meeting_type": "hypotheek",
        "start": soon.isoformat(),
        "channel": "video",
        "waive": ["notice"],
        "customer": "cus_01m8nqfj00eft9d4n3f118179v",
    }
    holder = await widget.post("/v1/holds", json=hold)

    assert problem(refused, "slot-unavailable", 409)["reason"] == "notice"
    assert pointers(problem(stranger, "invalid-request", 400)) == ["/waive"]
    assert pointers(problem(holder, "invalid-request", 400)) == ["/customer", "/waive"]
    assert await everything(house, bank.tenant) == before
    held = await client.post("/v1/holds", json=hold)
    assert held.status_code == 201, held.text
    await client.delete(f"/v1/holds/{held.json()['id']}")
    assert (await booked(client, soon, waive=["notice"]))["state"] == "confirmed"


async def test_what_is_to_be_spoken_decides_with_whom(client: httpx2.AsyncClient, tom: str) -> None:
    """Only Tom speaks French; letters stay in the customer's own language."""
    held = await client.post(
        "/v1/holds",
        json={
            "meeting_type": "advies",
            "start": at(9).isoformat(),
            "channel": "video",
            "language": "fr",
        },
    )
    made = await booked(
        client, meeting_type="advies", language="fr", hold=held.json()["id"], timezone="UTC"
    )

    assert made["advisor"]["id"] == tom
    unknown = await client.post("/v1/bookings", json=wish(meeting_type="advies", language="zz"))
    assert problem(unknown, "slot-unavailable", 409)["reason"] == "unsuitable"
    wrong = await client.post("/v1/bookings", json=wish(language="not a tag"))
    assert pointers(problem(wrong, "invalid-request", 400)) == ["/language"]


# --- history -------------------------------------------------------------------------------------


async def test_the_history_answers_what_it_was_then(
    client: httpx2.AsyncClient, tom: str, bank: Bank, clock: FixedClock
) -> None:
    """Every step with who, what and when; the booking as it stood after each of them."""
    made = await booked(client, meeting_type="advies", advisor=bank.sanne)
    moments = [clock.now()]
    for call, body in (
        ("reschedule", {"start": at(11).isoformat()}),
        ("reassign", {"advisor": tom}),
        ("cancel", {"reason": "Ziek"}),
    ):
        clock.advance(timedelta(minutes=1))
        moments.append(clock.now())
        assert (await step(client, made, call, **body)).status_code == 200
    path = f"/v1/bookings/{made['id']}"
    steps = (await client.get(f"{path}/history")).json()

    assert steps["next_cursor"] is None
    assert [one["action"] for one in steps["items"]] == [
        "booking.confirmed",
        "booking.rescheduled",
        "booking.reassigned",
        "booking.cancelled",
    ]
    assert [one["revision"] for one in steps["items"]] == [0, 1, 2, 3]
    assert [one["advisor"]["id"] for one in steps["items"]] == [bank.sanne, bank.sanne, tom, tom]
    assert steps["items"][3]["reason"] == "Ziek"
    assert steps["items"][0]["at"] == "2026-11-30T08:00:00Z"
    for moment, entry in zip(moments, steps["items"], strict=True):
        stood = (await client.get(path, params={"as_of": moment.isoformat()})).json()
        assert {name: stood[name] for name in ("state", "start", "advisor")} == {
            name: entry[name] for name in ("state", "start", "advisor")
        }
        assert (stood["manage_url"], stood["intake_url"]) == (None, None)
    first = (await client.get(f"{path}/history", params={"limit": "3"})).json()
    rest = await client.get(f"{path}/history", params={"cursor": first["next_cursor"]})
    assert [*first["items"], *rest.json()["items"]] == steps["items"]


async def test_before_it_was_made_a_booking_was_not_there(client: httpx2.AsyncClient) -> None:
    """An instant before that is not found; what is no instant is refused."""
    made = await booked(client)
    path = f"/v1/bookings/{made['id']}"

    early = await client.get(path, params={"as_of": "2026-11-30T07:59:59Z"})
    naive = await client.get(path, params={"as_of": "2026-11-30T09:00:00"})
    problem(early, "not-found", 404)
    assert pointers(problem(naive, "invalid-request", 400)) == ["?as_of"]


async def test_why_this_advisor(client: httpx2.AsyncClient, tom: str, bank: Bank) -> None:
    """The decision, that it comes out the same again, and a sentence in the language asked."""
    made = await booked(client, meeting_type="advies", advisor=tom)
    path = f"/v1/bookings/{made['id']}/assignment"
    dutch = (await client.get(path)).json()
    english = (await client.get(path, params={"lang": "en"})).json()

    assert [one["ground"] for one in dutch["decisions"]] == ["requested"]
    assert dutch["replayed"] is True
    assert dutch["sentences"] == ["Tom Smit: de klant vroeg om deze adviseur."]
    assert english["sentences"] == ["Tom Smit: the customer asked for this advisor."]


# --- what is refused -----------------------------------------------------------------------------


async def test_a_step_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank, tom: str
) -> None:
    """Each gets its own type and a sentence; no row changes."""
    made = await booked(client, days := at(9, days=1))
    taken = await booked(client, at(9, days=1), meeting_type="advies", advisor=tom)
    gone = await booked(client, at(14))
    await step(client, gone, "cancel")
    before = await everything(house, bank.tenant)
    cases: list[tuple[dict[str, Any], str, dict[str, Any], str, str | None]] = [
        (made, "reschedule", {"start": days.isoformat()}, "same-time", None),
        (made, "reschedule", {"start": at(10, days=-1).isoformat()}, "slot-unavailable", "notice"),
        (made, "reschedule", {"start": at(9, days=-7).isoformat()}, "slot-unavailable", "past"),
        (made, "outcome", {"outcome": "attended"}, "outcome-too-early", None),
        (made, "confirm", {}, "not-waiting", None),
        (made, "decline", {}, "not-waiting", None),
        (made, "reassign", {"advisor": bank.sanne}, "same-team", None),
        # Nobody else gives this kind of meeting; of the other kind, Sanne is not free.
        (made, "reassign", {}, "slot-unavailable", "unsuitable"),
        (made, "reassign", {"advisor": bank.ravi}, "slot-unavailable", "unsuitable"),
        (taken, "reassign", {}, "slot-taken", None),
        (gone, "reschedule", {"start": at(15).isoformat()}, "conflict", None),
        (gone, "cancel", {}, "conflict", None),
        (gone, "confirm", {}, "conflict", None),
        (gone, "decline", {}, "conflict", None),
        (gone, "reassign", {}, "conflict", None),
        (gone, "repair", {"start": at(15).isoformat(), "advisor": bank.sanne}, "conflict", None),
        (gone, "outcome", {"outcome": "no-show"}, "conflict", None),
    ]

    for booking, call, body, kind, reason in cases:
        answer = await step(client, booking, call, **body)
        document = problem(answer, kind, 409)
        assert document.get("reason") == reason, (call, body)
        assert await everything(house, bank.tenant) == before, (call, body)


async def test_once_it_has_begun_only_its_outcome_is_taken(
    client: httpx2.AsyncClient, house: House, bank: Bank, tom: str, clock: FixedClock
) -> None:
    """A meeting of the past keeps its time and its people; the same outcome twice is refused."""
    made = await booked(client, meeting_type="advies", advisor=bank.sanne)
    waiting = await booked(client, meeting_type="keuring", advisor=tom)
    clock.instant = at(10, 30)
    await step(client, made, "outcome", outcome="attended")
    before = await everything(house, bank.tenant)
    later = at(14).isoformat()

    for booking, call, body, kind in (
        (made, "reschedule", {"start": later}, "conflict"),
        (made, "reassign", {"advisor": tom}, "conflict"),
        (made, "cancel", {}, "conflict"),
        (made, "outcome", {"outcome": "attended"}, "outcome-known"),
        (waiting, "confirm", {}, "conflict"),
        (waiting, "decline", {}, "conflict"),
        (waiting, "reschedule", {"start": later}, "conflict"),
        (waiting, "outcome", {"outcome": "no-show"}, "never-confirmed"),
    ):
        problem(await step(client, booking, call, **body), kind, 409)
        assert await everything(house, bank.tenant) == before, call


async def test_a_step_that_cannot_be_read_says_where(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """An unknown word, no offset, a missing field: a pointer each, and no row changes."""
    made = await booked(client)
    before = await everything(house, bank.tenant)

    for call, body, where in (
        ("outcome", {"outcome": "late"}, "/outcome"),
        ("outcome", {}, "/outcome"),
        ("repair", {"start": "2026-12-01T09:00:00", "advisor": bank.sanne}, "/start"),
        ("repair", {"start": at(11).isoformat()}, "/advisor"),
        ("reassign", {"to": bank.ravi}, "/to"),
        ("decline", {"reason": 5}, "/reason"),
    ):
        answer = await step(client, made, call, **body)
        assert pointers(problem(answer, "invalid-request", 400)) == [where]
    for call, body in (
        ("confirm", {}),
        ("reassign", {"advisor": "adv_01m8nqfj00eft9d4n3f118179v"}),
        ("repair", {"start": at(11).isoformat(), "advisor": "sanne"}),
    ):
        other = {"id": "bkg_01m8nqfj00eft9d4n3f118179v"} if call == "confirm" else made
        problem(await step(client, other, call, **body), "not-found", 404)
    assert await everything(house, bank.tenant) == before
