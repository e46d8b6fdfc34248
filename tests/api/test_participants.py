"""Several people at one meeting, each with their own contact, language, consents and letters."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete

from api.wiring import House
from context.tables import customers
from notifications.channels.mailbox import Mail, Mailbox
from tests.api.bank import PUBLIC_URL, Bank, at, booked, everything, pointers, problem, wish

BRAM = {
    "name": {"given": "Bram", "surname": "Bakker", "honorific": "mr"},
    "email": "bram@example.org",
    "phone": "+31 6 12 34 56 78",
    "language": "en",
    "formality": "formal",
}
KIM = {"name": {"given": "Kim", "surname": "Verbeek"}, "email": "kim@example.org"}
RATES = {"purpose": "rate-notices", "given": True}
INVALID = ("invalid-request", 400)


async def settle(house: House) -> None:
    while await house.worker.run_due():
        pass


def mails_to(mailbox: Mailbox, address: str) -> list[Mail]:
    """Return what somebody was sent, the first first."""
    return [mail for mail in reversed(mailbox.messages()) if address in mail.to]


def whole(mail: Mail) -> str:
    """Return all that a mail says, its headers and its invitation unfolded."""
    ics = re.sub(r"\r?\n ", "", mail.ics or "")
    return "\n".join([mail.subject, mail.text, mail.html, ics, *mail.headers.values()])


def links_in(mails: Iterable[Mail]) -> set[str]:
    """Return every address of ours that stands anywhere in these mails."""
    found = re.findall(rf"{PUBLIC_URL}[^\s\"<>]*", "\n".join(whole(mail) for mail in mails))
    return {link.rstrip(",;>") for link in found}


# --- who they are --------------------------------------------------------------------------------


async def test_each_is_put_on_file_as_they_are(client: httpx2.AsyncClient) -> None:
    """Name, address, telephone, language and form of address; the answer says who they are."""
    made = await booked(client, participants=[BRAM, KIM])
    seen = (await client.get(f"/v1/bookings/{made['id']}")).json()
    bram, kim = [(await client.get(f"/v1/customers/{one}")).json() for one in made["participants"]]

    assert seen["participants"] == made["participants"]
    assert made["customer"] not in made["participants"]
    assert {name: bram[name] for name in ("email", "phone", "language", "formality")} == {
        name: BRAM[name] for name in ("email", "phone", "language", "formality")
    }
    assert (bram["name"]["given"], bram["name"]["honorific"]) == ("Bram", "mr")
    assert (kim["phone"], kim["language"], kim["formality"]) == (None, None, None)


async def test_a_series_has_the_same_people_every_time(
    client: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """Each of its meetings names them, each is told of each, and their consent is written once."""
    body = wish(participants=[BRAM | {"consents": [RATES]}], repeat={"every": "week", "count": 3})
    made = (await client.post("/v1/series", json=body)).json()
    await settle(house)
    (bram,) = {tuple(one["participants"]) for one in made["items"]}
    consents = (await client.get(f"/v1/customers/{bram[0]}/consents")).json()["consents"]

    assert len(made["items"]) == 3
    assert len(mails_to(mailbox, "bram@example.org")) == 3
    assert [(one["purpose"], one["given"]) for one in consents] == [("rate-notices", True)]


@pytest.mark.parametrize(
    ("people", "pointer"),
    [
        ([BRAM, KIM, BRAM | {"email": "BRAM@example.org"}], "/participants/2/email"),
        (
            [{"name": {"given": "A.", "surname": "de Vries"}, "email": "anna@example.org"}],
            "/participants/0/email",
        ),
    ],
    ids=["twice", "the customer too"],
)
@pytest.mark.parametrize("path", ["/v1/bookings", "/v1/series"])
async def test_nobody_comes_twice(
    client: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    path: str,
    people: list[Any],
    pointer: str,
) -> None:
    """The same address and surname again is refused where it stands, and no row changes."""
    before = await everything(house, bank.tenant)
    body = wish(participants=people)
    if path == "/v1/series":
        body["repeat"] = {"every": "week", "count": 2}

    document = problem(await client.post(path, json=body), *INVALID)

    assert pointers(document) == [pointer]
    assert document["errors"][0]["code"] == "person-repeated"
    assert await everything(house, bank.tenant) == before


async def test_a_family_that_shares_an_address_is_told_each_by_name(
    widget: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """Another surname is another person: two letters in one mailbox, to two names."""
    bram = BRAM | {"email": "anna@example.org"}
    made = await booked(widget, participants=[bram])
    await settle(house)
    letters = mails_to(mailbox, "anna@example.org")

    assert made["participants"] != [made["customer"]]
    assert {mail.to for mail in letters} == {
        "Anna de Vries <anna@example.org>",
        "Bram Bakker <anna@example.org>",
    }


async def test_a_couple_that_books_with_each_other_at_once_waits_for_nobody(
    client: httpx2.AsyncClient,
) -> None:
    """Both bookings of each of four couples are made, though they name the same people."""
    wishes = []
    for day in range(4):
        one = {"name": {"surname": f"Een {day}"}, "email": f"een{day}@example.org"}
        two = {"name": {"surname": f"Twee {day}"}, "email": f"twee{day}@example.org"}
        for hour, first, second in ((9, one, two), (11, two, one)):
            agreed = second | {"consents": [RATES]}
            wishes.append(wish(at(hour, days=day), customer=first, participants=[agreed]))

    answers = await asyncio.gather(*(client.post("/v1/bookings", json=one) for one in wishes))

    assert [answer.status_code for answer in answers] == [201] * len(wishes)


# --- what they agree to --------------------------------------------------------------------------


async def test_each_agrees_for_themselves(client: httpx2.AsyncClient) -> None:
    """What one of them agrees to is nobody else's consent."""
    made = await booked(client, participants=[BRAM | {"consents": [RATES]}, KIM | {"consents": []}])
    given = {}
    for person in (made["customer"], *made["participants"]):
        consents = (await client.get(f"/v1/customers/{person}/consents")).json()["consents"]
        given[person] = [one["given"] for one in consents]

    assert list(given.values()) == [[False], [True], [False]]
    english = (await client.get(f"/v1/customers/{made['participants'][0]}/consents")).json()
    assert english["consents"][0]["since"] is not None


async def test_a_browser_agrees_for_nobody(
    widget: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Every place where it tries is named, and no row changes."""
    before = await everything(house, bank.tenant)
    agreed = BRAM | {"consents": [RATES]}

    one = await widget.post("/v1/bookings", json=wish(participants=[agreed]))
    more = await widget.post(
        "/v1/bookings", json=wish(participants=[KIM, agreed], consents=[RATES])
    )

    assert pointers(problem(one, *INVALID)) == ["/participants/0/consents"]
    assert pointers(problem(more, *INVALID)) == ["/consents", "/participants/1/consents"]
    assert await everything(house, bank.tenant) == before


async def test_consent_to_nothing_known_books_nothing(
    client: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """The second of the first participant's consents is what is wrong; all or nothing."""
    before = await everything(house, bank.tenant)
    spam = BRAM | {"consents": [RATES, {"purpose": "spam", "given": True}]}

    answer = await client.post("/v1/bookings", json=wish(participants=[spam]))

    assert pointers(problem(answer, *INVALID)) == ["/participants/0/consents/1/purpose"]
    assert await everything(house, bank.tenant) == before


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"phone": "no number"}, "/participants/1/phone"),
        ({"language": "de"}, "/participants/1/language"),
        ({"formality": "casual"}, "/participants/1/formality"),
        ({"consents": [{"purpose": "rate-notices"}]}, "/participants/1/consents/0/given"),
    ],
)
async def test_what_is_wrong_is_said_where_it_stands(
    client: httpx2.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    """A participant is checked like the customer."""
    answer = await client.post("/v1/bookings", json=wish(participants=[KIM, BRAM | changes]))

    assert pointers(problem(answer, *INVALID)) == [pointer]


# --- what they are told --------------------------------------------------------------------------


async def test_each_is_told_of_every_step_in_their_own_words(
    client: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """Booked, moved and cancelled: three letters to each, and invitations that follow on."""
    made = await booked(client, participants=[BRAM, KIM])
    path = f"/v1/bookings/{made['id']}"
    await settle(house)
    await client.post(f"{path}/reschedule", json={"start": at(11).isoformat()})
    await settle(house)
    await client.post(f"{path}/cancel", json={})
    await settle(house)
    anna, bram, kim = (mails_to(mailbox, f"{one}@example.org") for one in ("anna", "bram", "kim"))

    assert [mail.method for mail in bram] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [len(anna), len(kim)] == [3, 3]
    assert all(mail.text.startswith("Dear Mr Bakker,") for mail in bram)
    assert all(mail.text.startswith("Beste Kim Verbeek,") for mail in kim)
    assert "Anna de Vries" in bram[0].text
    for mine, theirs in zip(anna, bram, strict=True):
        of_anna, of_bram = whole(mine), whole(theirs)
        for line in (r"UID:\S+", r"SEQUENCE:\d", r"DTSTART:\S+"):
            assert re.findall(line, of_anna) == re.findall(line, of_bram)
        assert re.findall(r"ATTENDEE.*:mailto:(\S+)", of_bram) == ["bram@example.org"]
    notices = (await client.get("/v1/notices", params={"booking": made["id"]})).json()["items"]
    assert len(notices) == 9
    assert {notice["state"] for notice in notices} == {"sent"}


async def test_nothing_mailed_to_a_participant_leads_to_the_customers_answers(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """No token of the customer's, and behind every link that there is, none of their answers."""
    made = await booked(
        client,
        participants=[BRAM | {"consents": [RATES]}],
        answers={"goal": "buy", "remarks": "Ziek geweest"},
    )
    path = f"/v1/bookings/{made['id']}"
    await settle(house)
    moved = await client.post(f"{path}/reschedule", json={"start": at(11).isoformat()})
    await settle(house)
    anna, bram = (mails_to(mailbox, f"{one}@example.org") for one in ("anna", "bram"))
    secret = [
        link.rpartition("/")[2]
        for link in links_in(anna) | {moved.json()["manage_url"], moved.json()["intake_url"]}
        if "/manage/" in link or "/intake/" in link
    ]

    async def behind(mails: list[Mail]) -> str:
        shown = ""
        for link in links_in(mails):
            token = link.rpartition("/")[2]
            for address in (link, f"/v1/manage/{token}", f"/v1/manage/{token}/intake"):
                shown += (await customer.get(address)).text
        return shown

    assert len(secret) == 4
    assert len(bram) == len(anna) == 2
    assert not [token for token in secret if token in "".join(whole(mail) for mail in bram)]
    (stop,) = links_in(bram)
    assert "/unsubscribe/" in stop
    assert "Ziek geweest" not in await behind(bram)
    # The negative control: the customer's own mails do lead there.
    assert "Ziek geweest" in await behind(anna)


async def test_a_participant_takes_back_their_own_consent_and_nobody_elses(
    client: httpx2.AsyncClient, customer: httpx2.AsyncClient, house: House, mailbox: Mailbox
) -> None:
    """By the link in their own letter; the next letter has none any more."""
    made = await booked(client, participants=[BRAM | {"consents": [RATES]}], consents=[RATES])
    await settle(house)
    (letter,) = mails_to(mailbox, "bram@example.org")
    (stop,) = letter.links
    await customer.post(stop, data={"List-Unsubscribe": "One-Click"})
    await client.post(f"/v1/bookings/{made['id']}/reschedule", json={"start": at(11).isoformat()})
    await settle(house)
    given = []
    for person in (made["customer"], *made["participants"]):
        consents = (await client.get(f"/v1/customers/{person}/consents")).json()["consents"]
        given += [one["given"] for one in consents]

    assert given == [True, False]
    assert mails_to(mailbox, "bram@example.org")[1].links == []


async def test_a_participant_who_is_gone_gets_nothing(
    client: httpx2.AsyncClient, house: House, bank: Bank, mailbox: Mailbox
) -> None:
    """Once they are off the file nobody writes to them or names them; the others are told."""
    made = await booked(client, participants=[BRAM, KIM])
    bram = made["participants"][0]
    async with house.database.transaction(bank.tenant) as db:
        await db.execute(delete(customers).where(customers.c.id == bram))
    await settle(house)
    notices = (await client.get("/v1/notices", params={"customer": bram})).json()["items"]

    assert mails_to(mailbox, "bram@example.org") == []
    assert [(one["state"], one["error"]) for one in notices] == [("cancelled", "recipient-gone")]
    assert len(mails_to(mailbox, "kim@example.org")) == 1
    assert len(mails_to(mailbox, "anna@example.org")) == 1
    brief = await client.get(f"/v1/bookings/{made['id']}/brief")
    assert "Kim Verbeek" in brief.text
    assert "Bram" not in brief.text
