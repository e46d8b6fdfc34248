"""The link from a mail: what it opens without a key, and when it no longer does."""

from datetime import timedelta

import httpx2
import pytest

from api.links import BookingLink
from api.wiring import House
from kernel.clock import FixedClock
from kernel.crypto import Keyring, Secret
from notifications.channels.mailbox import Mailbox
from tests.api.bank import Bank, at, booked, everything, pointers, problem, token_of

ANSWERS = {"goal": "buy", "goal.words": "Een huis in Zeist", "partner": True}


@pytest.fixture
async def mailed(client: httpx2.AsyncClient) -> str:
    """The token that the customer finds in their mail."""
    return token_of((await booked(client))["manage_url"])


async def test_a_customer_sees_their_meeting(customer: httpx2.AsyncClient, mailed: str) -> None:
    """By the name they gave, with what they can do and whom they can call."""
    shown = (await customer.get(f"/v1/manage/{mailed}")).json()

    assert shown["meeting_name"] == "Hypotheekgesprek"
    assert shown["greeting"] == "Geachte mevrouw De Vries"
    assert shown["can_change"] is True
    assert shown["phone"] == "030 123 45 67"
    assert shown["start"] == "2026-12-01T09:00:00+01:00"
    assert token_of(shown["manage_url"]) == mailed
    assert shown["alternatives"] == []


async def test_a_customer_moves_their_meeting_and_gets_a_new_link(
    customer: httpx2.AsyncClient, mailed: str
) -> None:
    """Their own time does not stand in the way, and the old link ends at once."""
    free = await customer.get(
        f"/v1/manage/{mailed}/slots",
        params={"start": "2026-12-01", "end": "2026-12-02", "timezone": "Europe/Amsterdam"},
    )
    target = at(9, 15).isoformat()
    moved = await customer.post(f"/v1/manage/{mailed}/reschedule", json={"start": target})
    new = token_of(moved.json()["manage_url"])

    assert target in free.json()["days"]["2026-12-01"]
    assert (moved.status_code, moved.json()["start"]) == (200, target)
    for path in ("", "/intake", "/consents"):
        problem(await customer.get(f"/v1/manage/{mailed}{path}"), "link-expired", 410)
        assert (await customer.get(f"/v1/manage/{new}{path}")).status_code == 200
    for call, body in (("reschedule", {"start": target}), ("cancel", {})):
        answer = await customer.post(f"/v1/manage/{mailed}/{call}", json=body)
        problem(answer, "link-expired", 410)


async def test_a_customer_cancels_their_meeting(
    customer: httpx2.AsyncClient, house: House, bank: Bank, mailed: str
) -> None:
    """It is off; the link still shows so, and changes nothing any more."""
    gone = await customer.post(f"/v1/manage/{mailed}/cancel", json={"reason": "Toch niet"})
    shown = await customer.get(f"/v1/manage/{mailed}")
    before = await everything(house, bank.tenant)
    again = await customer.post(f"/v1/manage/{mailed}/cancel", json={})
    move = await customer.post(
        f"/v1/manage/{mailed}/reschedule", json={"start": at(11).isoformat()}
    )
    answers = await customer.put(f"/v1/manage/{mailed}/intake", json={"answers": ANSWERS})

    assert (gone.json()["state"], gone.json()["can_change"]) == ("cancelled", False)
    assert shown.json()["state"] == "cancelled"
    for refused in (again, move, answers):
        problem(refused, "conflict", 409)
    assert await everything(house, bank.tenant) == before


async def test_a_time_that_cannot_be_had_is_refused_with_others(
    client: httpx2.AsyncClient,
    customer: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    mailed: str,
) -> None:
    """Taken, impossible or no time at all: the meeting stays where it is, and so does the link."""
    await booked(client, at(11))
    before = await everything(house, bank.tenant)
    path = f"/v1/manage/{mailed}/reschedule"

    taken = await customer.post(path, json={"start": at(11).isoformat()})
    odd = await customer.post(path, json={"start": at(13, 5).isoformat()})
    naive = await customer.post(path, json={"start": "2026-12-01T13:00:00"})
    unknown = await customer.post(path, json={"start": at(13).isoformat(), "advisor": bank.ravi})

    assert problem(taken, "slot-taken", 409)["alternatives"]
    assert problem(odd, "slot-unavailable", 409)["reason"] == "off-grid"
    assert pointers(problem(naive, "invalid-request", 400)) == ["/start"]
    assert pointers(problem(unknown, "invalid-request", 400)) == ["/advisor"]
    assert await everything(house, bank.tenant) == before


async def test_a_customer_prepares(customer: httpx2.AsyncClient, mailed: str) -> None:
    """Answers are kept field by field; null takes one back, and what is hidden is not asked."""
    path = f"/v1/manage/{mailed}/intake"
    empty = (await customer.get(path)).json()
    saved = (await customer.put(path, json={"answers": ANSWERS})).json()
    back = (await customer.put(path, json={"answers": {"goal.words": None}})).json()
    early = await customer.put(path, json={"answers": {}, "submit": True})

    assert (empty["answers"], empty["saved_at"]) == ({}, None)
    assert saved["answers"] == ANSWERS
    assert saved["saved_at"] == "2026-11-30T08:00:00Z"
    assert "goal.words" not in back["answers"]
    # The form is not complete: what is missing is named.
    missing = pointers(problem(early, "invalid-request", 400))
    assert "/answers/income.gross_year" in missing


async def test_answers_that_do_not_fit_are_refused_all_together(
    customer: httpx2.AsyncClient, house: House, bank: Bank, mailed: str
) -> None:
    """One wrong answer keeps the others out too, so that nothing is half saved."""
    before = await everything(house, bank.tenant)

    answer = await customer.put(
        f"/v1/manage/{mailed}/intake",
        json={"answers": {"goal": "buy", "partner": "perhaps", "income.gross_year": "-1"}},
    )

    found = pointers(problem(answer, "invalid-request", 400))
    assert found == ["/answers/partner", "/answers/income.gross_year"]
    assert await everything(house, bank.tenant) == before


async def test_a_customer_decides_on_messages(customer: httpx2.AsyncClient, mailed: str) -> None:
    """They see the exact words, and change their mind as often as they like."""
    path = f"/v1/manage/{mailed}/consents"

    async def decide(*, given: bool) -> dict[str, object]:
        body = {"consents": [{"purpose": "rate-notices", "given": given}]}
        one: dict[str, object] = (await customer.put(path, json=body)).json()["consents"][0]
        return one

    first = (await customer.get(path)).json()["consents"][0]
    yes, no = await decide(given=True), await decide(given=False)
    unknown = await customer.put(path, json={"consents": [{"purpose": "spam", "given": True}]})

    assert (first["given"], first["since"]) == (False, None)
    assert (yes["given"], yes["since"]) == (True, "2026-11-30T08:00:00Z")
    assert no["given"] is False
    assert pointers(problem(unknown, "invalid-request", 400)) == ["/consents/0/purpose"]


async def test_a_link_that_was_only_shown_opens_less(
    client: httpx2.AsyncClient,
    widget: httpx2.AsyncClient,
    customer: httpx2.AsyncClient,
    house: House,
    bank: Bank,
) -> None:
    """Who books in Anna's name can prepare, but reads nothing of hers and agrees to nothing."""
    told = token_of((await booked(client))["manage_url"])
    await customer.put(f"/v1/manage/{told}/intake", json={"answers": ANSWERS})
    await customer.put(
        f"/v1/manage/{told}/consents",
        json={"consents": [{"purpose": "rate-notices", "given": True}]},
    )
    shown = token_of((await booked(widget, at(11)))["manage_url"])
    before = await everything(house, bank.tenant)

    form = await customer.get(f"/v1/manage/{shown}/intake")
    consents = await customer.get(f"/v1/manage/{shown}/consents")
    agreed = await customer.put(
        f"/v1/manage/{shown}/consents",
        json={"consents": [{"purpose": "rate-notices", "given": False}]},
    )

    assert form.json()["answers"] == {}
    assert consents.json()["consents"][0]["given"] is False
    problem(agreed, "link-not-mailed", 403)
    assert await everything(house, bank.tenant) == before


async def test_the_link_in_the_confirmation_opens_all_of_it(
    widget: httpx2.AsyncClient, customer: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """After the mail has come, its reader is known to be the customer."""
    await booked(widget)
    while await house.worker.run_due():
        pass
    (mail,) = [mail for mail in mailbox.messages() if "anna@example.org" in mail.to]
    token = token_of(next(link for link in mail.links if "/manage/" in link))

    answer = await customer.put(
        f"/v1/manage/{token}/consents",
        json={"consents": [{"purpose": "rate-notices", "given": True}]},
    )

    assert answer.json()["consents"][0]["given"] is True


# --- links that are none -------------------------------------------------------------------------


async def test_what_never_was_a_link_is_refused(
    customer: httpx2.AsyncClient, client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Garbled, cut off, lengthened, of another kind, or signed by another installation."""
    made = await booked(client)
    good = token_of(made["manage_url"])
    elsewhere = Keyring(Secret("the secret key of another installation")).sign(
        b"\0" * 35, use="link:manage"
    )
    before = await everything(house, bank.tenant)
    wrong = [
        "x",
        "é",
        good[:-1],
        f"{good}A",
        f"{good}=",
        good.swapcase(),
        "A" * 5000,
        elsewhere,
        token_of(made["intake_url"]),
    ]

    for token in wrong:
        answer = await customer.get(
            f"/v1/manage/{token}/slots",
            params={
                "start": "2026-12-01",
                "end": "2026-12-02",
                "timezone": "UTC",
            },
        )
        problem(answer, "link-invalid", 404)
        answer = await customer.post(f"/v1/manage/{token}/cancel", json={})
        assert answer.status_code == 404
    assert await everything(house, bank.tenant) == before
    assert (await customer.get(f"/v1/manage/{good}")).status_code == 200


async def test_a_link_to_another_banks_booking_opens_nothing_here(
    customer: httpx2.AsyncClient, client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Even a well-signed link is looked up in the organisation it names."""
    made = await booked(client)
    forged = BookingLink(
        kind="manage",
        tenant="ten_01m8nqfj00eft9d4n3f118179v",
        booking=made["id"],
        generation=0,
        mailed=True,
    )

    answer = await customer.get(f"/v1/manage/{house.links.booking_token(forged)}")

    problem(answer, "not-found", 404)


async def test_an_intake_link_opens_the_form_and_nothing_else(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient
) -> None:
    """Who was asked to help with the form cannot cancel the meeting."""
    token = token_of((await booked(client))["intake_url"])

    assert (await customer.get(f"/v1/manage/{token}/intake")).status_code == 200
    problem(await customer.get(f"/v1/manage/{token}"), "link-invalid", 404)
    for call, body in (("reschedule", {"start": at(11).isoformat()}), ("cancel", {})):
        answer = await customer.post(f"/v1/manage/{token}/{call}", json=body)
        problem(answer, "link-invalid", 404)


async def test_a_link_outlives_its_meeting_by_a_day(
    customer: httpx2.AsyncClient, clock: FixedClock, mailed: str
) -> None:
    """The meeting ends at ten on Tuesday, and its link at ten on Wednesday."""
    clock.instant = at(10, days=1)
    last = await customer.get(f"/v1/manage/{mailed}")
    clock.advance(timedelta(seconds=1))
    over = await customer.get(f"/v1/manage/{mailed}")

    assert (last.status_code, last.json()["can_change"]) == (200, False)
    problem(over, "link-expired", 410)


async def test_a_stranger_with_a_link_needs_no_key_and_a_key_opens_no_link(
    client: httpx2.AsyncClient, mailed: str
) -> None:
    """The link is the authority; a key beside it makes no difference."""
    assert (await client.get(f"/v1/manage/{mailed}")).status_code == 200
    problem(await client.get("/v1/manage/none"), "link-invalid", 404)
