"""Free starts over HTTP with all that can be asked: languages, seats, zones, and why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import event

from api.wiring import House
from tests.api.bank import Bank, at, booked, pointers, problem
from tests.api.test_bookings_steps import define, hire
from tests.api.test_slots import query

PRIVATE = ("booked", "absent", "not-authorised")


@pytest.fixture
async def tom(client: httpx2.AsyncClient, bank: Bank) -> str:
    """A colleague who speaks French and gives the same advice as Sanne."""
    tom = await hire(client, "Tom Smit", languages=["nl", "fr"])
    await define(
        client,
        "advies",
        [bank.sanne, tom],
        channels=["video", "phone", "branch"],
        locations=["london"],
        duration=60,
        durations=[30, 60],
    )
    return tom


async def fill(client: httpx2.AsyncClient, advisor: str) -> None:
    """Book all of an advisor's Tuesday."""
    for hour in range(9, 17):
        who = {"name": {"surname": f"Klant {hour}"}, "email": f"klant{hour}@example.org"}
        await booked(client, at(hour), meeting_type="advies", advisor=advisor, customer=who)


async def asked(browser: httpx2.AsyncClient, **changes: str) -> dict[str, Any]:
    answer = await browser.get(
        "/v1/slots", params=query(meeting_type="advies", explain="true", **changes)
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """Collect what is said to the database, apart from what opens transactions."""
    said: list[str] = []

    def listen(_c: object, _cur: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT set_config")):
            said.append(statement)

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", listen)
    yield said
    event.remove(house.database.engine.sync_engine, "before_cursor_execute", listen)


# --- what customers are told ---------------------------------------------------------------------


async def test_a_full_day_says_why_and_what_would_help(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient, bank: Bank, tom: str
) -> None:
    """In the customer's words and without anybody's name: another advisor, or the day after."""
    await fill(client, bank.sanne)
    found = await asked(widget, advisor=bank.sanne, channel="video")

    assert found["days"] == {}
    assert {"change": "advisor", "value": None, "start": at(9).isoformat()} in found["help"]
    assert {"change": "later", "value": None, "start": at(9, days=1).isoformat()} in found["help"]
    assert found["explanation"][0] == (
        "In deze periode is er geen tijd vrij: niemand die dit gesprek geeft is dan vrij."
    )
    assert (
        "Met een andere adviseur kan het op dinsdag 1 december 2026 om 09:00."
        in found["explanation"]
    )
    assert len(found["explanation"]) == 1 + len(found["help"])


async def test_customers_learn_nothing_that_is_private(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient, bank: Bank, tom: str
) -> None:
    """No advisor's id or name, no list of starts, no notes; booked and away both read busy."""
    await fill(client, bank.sanne)
    absence = {"first_day": "2026-12-01", "last_day": "2026-12-01"}
    away = await client.post(f"/v1/advisors/{tom}/absences", json=absence)
    assert away.status_code == 201
    answer = await widget.get(
        "/v1/slots", params=query(meeting_type="advies", explain="true", channel="video")
    )
    found = answer.json()

    assert set(found["reasons"]) == {"busy", "outside-hours"}
    assert not {"refused", "notes"} & found.keys()
    for secret in (*PRIVATE, bank.sanne, tom, "Sanne", "Tom"):
        assert secret not in answer.text


async def test_the_explanation_comes_in_the_language_asked_for(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient, bank: Bank, tom: str
) -> None:
    """English on request; the organisation's own language otherwise."""
    await fill(client, bank.sanne)
    found = await asked(widget, advisor=bank.sanne, channel="video", lang="en")

    assert (
        "With another advisor it is possible on Tuesday 1 December 2026 at 09:00."
        in (found["explanation"])
    )


async def test_a_day_with_free_times_needs_no_sentence(
    widget: httpx2.AsyncClient, tom: str
) -> None:
    """The counts are there, the words are not."""
    found = await asked(widget)

    assert found["days"]
    assert (found["help"], found["explanation"]) == ([], [])
    assert "outside-hours" in found["reasons"]


async def test_without_a_question_there_is_no_explanation(
    widget: httpx2.AsyncClient, tom: str
) -> None:
    """Only who asks to explain gets reasons, help and words."""
    found = (await widget.get("/v1/slots", params=query(meeting_type="advies"))).json()

    extra = {"reasons", "help", "explanation", "refused", "notes", "remaining"}
    assert not extra & found.keys()


# --- what staff are told -------------------------------------------------------------------------


async def test_staff_are_told_of_everybody(
    client: httpx2.AsyncClient, bank: Bank, tom: str
) -> None:
    """Which start, whose reason, what it means, and who is free instead."""
    await fill(client, bank.sanne)
    found = await asked(client, advisor=bank.sanne, channel="video")

    assert "booked" in found["reasons"]
    assert found["refused"][0] == {
        "start": at(9).isoformat(),
        "reason": "booked",
        "advisors": {bank.sanne: "booked", tom: "unsuitable"},
    }
    assert found["notes"]["booked"] == ("A booking or a hold has that time, buffers included.")
    assert found["notes"].keys() == found["reasons"].keys()
    assert {"change": "advisor", "value": tom, "start": at(9).isoformat()} in found["help"]
    assert all("Tom" not in line for line in found["explanation"])


async def test_staff_set_rules_aside(client: httpx2.AsyncClient) -> None:
    """At nine the first time is at one; without the notice it is at nine."""
    today = query("2026-11-30", "2026-12-01")
    plain = await client.get("/v1/slots", params=today)
    waived = await client.get("/v1/slots", params={**today, "waive": "notice"})
    several = await client.get(
        "/v1/slots", params=[*today.items(), ("waive", "notice"), ("waive", "limits")]
    )

    assert plain.json()["days"]["2026-11-30"][0] == "2026-11-30T13:00:00+01:00"
    assert waived.json()["days"]["2026-11-30"][0] == "2026-11-30T09:00:00+01:00"
    assert several.json()["days"] == waived.json()["days"]


async def test_a_customers_own_limit_counts(client: httpx2.AsyncClient, bank: Bank) -> None:
    """Whoever has a meeting ahead gets no second one; others do."""
    limits = [{"whose": "customer", "per": "ahead", "count": 1}]
    await define(client, "kort", [bank.sanne], limits=limits)
    made = await booked(client, meeting_type="kort")
    ours = query("2026-12-02", "2026-12-03", meeting_type="kort")
    own = await client.get("/v1/slots", params={**ours, "customer": made["customer"]})
    anybody = await client.get("/v1/slots", params=ours)

    assert own.json()["days"] == {}
    assert anybody.json()["days"]


# --- languages, seats and zones ------------------------------------------------------------------


async def test_what_is_to_be_spoken_decides_who_is_asked(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, tom: str
) -> None:
    """Only Tom speaks French; when he is booked, another language would help."""
    await fill(client, tom)
    french = await asked(widget, language="fr", channel="video")
    dutch = await asked(widget, language="nl", channel="video")

    assert french["days"] == {}
    assert {"change": "language", "value": None, "start": at(9).isoformat()} in french["help"]
    assert (
        "In een andere taal kan het op dinsdag 1 december 2026 om 09:00." in (french["explanation"])
    )
    assert dutch["days"]


async def test_seats_that_are_left_are_shown(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, bank: Bank
) -> None:
    """By start, as it is written in the days; only where several take part."""
    await define(client, "avond", [bank.sanne], seats=3)
    await booked(client, meeting_type="avond")
    found = (await widget.get("/v1/slots", params=query(meeting_type="avond"))).json()

    starts = [start for day in found["days"].values() for start in day]
    assert list(found["remaining"]) == starts
    assert found["remaining"][at(9).isoformat()] == 2
    assert found["remaining"][at(11).isoformat()] == 3


async def test_in_person_times_are_those_of_the_branch(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, bank: Bank, tom: str
) -> None:
    """Whoever comes to London goes by its clock, wherever they are now; by video by their own."""
    lone = await hire(client, "Lone Berg", locations=["london"])
    await define(client, "bezoek", [lone], channels=["branch", "video"], locations=["london"])
    ours = query(meeting_type="bezoek")
    there = await widget.get(
        "/v1/slots", params={**ours, "channel": "branch", "location": "london"}
    )
    here = await widget.get("/v1/slots", params={**ours, "channel": "video"})

    assert there.json()["timezone"] == "Europe/London"
    assert there.json()["days"]["2026-12-01"][0] == "2026-12-01T08:00:00+00:00"
    assert here.json()["timezone"] == "Europe/Amsterdam"
    assert here.json()["days"]["2026-12-01"][0] == at(9).isoformat()


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"customer": "cus_01m8nqfj00eft9d4n3f118179v"}, ["?customer"]),
        ({"waive": "notice"}, ["?waive"]),
    ],
)
async def test_strangers_cannot_ask_for_somebody_else(
    widget: httpx2.AsyncClient, changes: dict[str, str], where: list[str]
) -> None:
    """Whose limits and advisors these are is told to servers only."""
    answer = await widget.get("/v1/slots", params=query(**changes))

    assert pointers(problem(answer, "invalid-request", 400)) == where


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"waive": "time"}, "?waive"),
        ({"language": "not a tag"}, "?language"),
        ({"language": "../nl"}, "?language"),
        ({"lang": "fr"}, "?lang"),
        ({"end": "2027-02-02"}, "?end"),
        ({"end": "2036-12-01"}, "?end"),
        ({"end": "2026-11-30"}, "?end"),
    ],
)
async def test_a_question_that_cannot_be_answered_says_where(
    client: httpx2.AsyncClient, changes: dict[str, str], where: str
) -> None:
    """An unknown word, no language tag, or more than 62 days."""
    answer = await client.get("/v1/slots", params={**query(), **changes})

    assert pointers(problem(answer, "invalid-request", 400)) == [where]


async def test_a_window_that_is_too_long_says_how_to_page(client: httpx2.AsyncClient) -> None:
    """Ten years are asked for in pieces: the end of one is the start of the next."""
    answer = await client.get("/v1/slots", params=query(end="2036-12-01"))

    document = problem(answer, "invalid-request", 400)
    assert "62 days" in document["detail"]
    assert "ask again with this end as the start" in document["detail"]


async def test_a_customer_who_cannot_be_one_is_not_found(client: httpx2.AsyncClient) -> None:
    """What has not the form of an id is nobody's."""
    problem(await client.get("/v1/slots", params=query(customer="anna")), "not-found", 404)
    hold = {"meeting_type": "hypotheek", "start": at(9).isoformat(), "channel": "video"}
    problem(await client.post("/v1/holds", json={**hold, "customer": "anna"}), "not-found", 404)


# --- what it costs -------------------------------------------------------------------------------


async def test_free_times_cost_one_statement_beside_the_key(
    widget: httpx2.AsyncClient, house: House, bank: Bank, tom: str
) -> None:
    """Looking up the key and asking for free times: one statement each, and nothing is written."""
    params = query(meeting_type="advies", advisor=bank.sanne)
    await widget.get("/v1/slots", params=params)
    with statements(house) as said:
        answer = await widget.get("/v1/slots", params=params)

    assert answer.json()["days"]
    assert len(said) == 2, said
    assert all(statement.lstrip().startswith("SELECT") for statement in said)


async def test_an_explanation_of_an_empty_day_costs_six_at_most(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient, house: House, bank: Bank, tom: str
) -> None:
    """Beside the key: the free times, the next one, what would help, and two for the words."""
    await fill(client, bank.sanne)
    await asked(widget, advisor=bank.sanne, channel="video")
    with statements(house) as said:
        found = await asked(widget, advisor=bank.sanne, channel="video")

    assert found["help"]
    assert len(said) <= 1 + 6, said
    assert all(statement.lstrip().startswith("SELECT") for statement in said)
