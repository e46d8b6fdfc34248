"""Rates: published once, previewed without a trace, told to those whom they concern."""

from typing import Any

import httpx2
import pytest

from api.wiring import House
from notifications.channels.mailbox import Mailbox
from tests.api.bank import Bank, at, booked, everything, pointers, problem

LOAN = {
    "goal": "remortgage",
    "loan.remaining": "240000.00",
    "loan.rate": "3.60",
    "loan.months_left": 300,
    "loan.repayment": "annuity",
    "wish.fixed_years": "10",
}


def rate(percent: str, **changes: Any) -> dict[str, Any]:
    return {
        "product": "mortgage-annuity",
        "fixed_years": 10,
        "rate": percent,
        "valid_from": "2026-12-01",
        **changes,
    }


@pytest.fixture
async def borrower(client: httpx2.AsyncClient) -> str:
    """A customer with a loan, who wants to hear of rates; today's rate is 3.60%."""
    await client.post("/v1/rates", json=rate("3.60", valid_from="2026-11-01"))
    made = await booked(client, answers=LOAN, consents=[{"purpose": "rate-notices", "given": True}])
    return str(made["customer"])


async def settle(house: House) -> None:
    while await house.worker.run_due():
        pass


async def test_a_preview_counts_and_changes_nothing(
    client: httpx2.AsyncClient, house: House, bank: Bank, borrower: str
) -> None:
    """One customer would be told of 4.10%, nobody of the rate that holds already."""
    await settle(house)
    before = await everything(house, bank.tenant)

    news = await client.post("/v1/rates?dry_run=true", json=rate("4.10"))
    same = await client.post("/v1/rates?dry_run=true", json=rate("3.60"))

    assert (news.status_code, news.json()["would_notify"]) == (200, 1)
    assert (news.json()["id"], news.json()["published_at"]) == (None, None)
    assert same.json()["would_notify"] == 0
    assert await everything(house, bank.tenant) == before


async def test_a_published_rate_is_told_to_whom_it_concerns(
    client: httpx2.AsyncClient, house: House, mailbox: Mailbox, borrower: str
) -> None:
    """Once, in a letter that names both rates; the rate card says how many were told."""
    await booked(
        client,
        at(9, days=1),
        answers=LOAN,
        customer={"name": {"surname": "Bakker"}, "email": "bram@example.org"},
    )
    once = {"idempotency-key": "december"}
    first = await client.post("/v1/rates", json=rate("4.10"), headers=once)
    again = await client.post("/v1/rates", json=rate("4.10"), headers=once)
    await settle(house)
    card = (await client.get("/v1/rates")).json()["items"]
    notices = (await client.get(f"/v1/notices?customer={borrower}")).json()["items"]
    letters = [mail for mail in mailbox.messages() if "4,10%" in mail.text]

    assert first.status_code == 201
    assert first.content == again.content
    assert (first.json()["rate"], first.json()["previous"]) == ("4.10", "3.60")
    told = {entry["id"]: entry["notified"] for entry in card}
    assert told[first.json()["id"]] == 1
    assert [notice["kind"] for notice in notices].count("rate-changed") == 1
    # Bram has the same loan, and never agreed to be told.
    assert ["anna@example.org" in mail.to for mail in letters] == [True]


@pytest.mark.parametrize("given", [True, False])
async def test_consent_decides(
    client: httpx2.AsyncClient, house: House, mailbox: Mailbox, borrower: str, given: bool
) -> None:
    """A customer who has taken their consent back is not written to."""
    await client.put(
        f"/v1/customers/{borrower}/consents",
        json={"consents": [{"purpose": "rate-notices", "given": given}]},
    )
    await client.post("/v1/rates", json=rate("4.10"))
    await settle(house)

    assert any("4,10%" in mail.text for mail in mailbox.messages()) is given


async def test_what_cannot_be_a_rate_is_refused(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Each with a pointer to what is wrong, published or previewed."""
    before = await everything(house, bank.tenant)
    wrong = {
        "/rate": [
            rate(text) for text in ("NaN", "-Infinity", "1e99999", "26", "-1", "3.855", "x", "")
        ],
        "/product": [rate("3.60", product="gold")],
        "/fixed_years": [rate("3.60", fixed_years=years) for years in (0, 31, "10", 1.5)],
        "/valid_from": [rate("3.60", valid_from=day) for day in ("soon", "2026-02-30", 1)],
        "/since": [rate("3.60", since="2026-12-01")],
    }

    for where, bodies in wrong.items():
        for body in bodies:
            for path in ("/v1/rates", "/v1/rates?dry_run=true"):
                answer = await client.post(path, json=body)
                assert pointers(problem(answer, "invalid-request", 400)) == [where], body
    assert await everything(house, bank.tenant) == before
