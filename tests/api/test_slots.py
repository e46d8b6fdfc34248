"""Free starts: by the viewer's day, in the viewer's zone, and explained on request."""

from datetime import timedelta

import httpx2

from kernel.clock import FixedClock
from tests.api.bank import Bank, at, booked

QUARTERS = 29
"""Starts from nine to four, a quarter of an hour apart: the talk must end by five."""


def query(start: str = "2026-12-01", end: str = "2026-12-02", **changes: str) -> dict[str, str]:
    return {
        "meeting_type": "hypotheek",
        "start": start,
        "end": end,
        "timezone": "Europe/Amsterdam",
        **changes,
    }


async def test_a_day_lists_its_free_starts(widget: httpx2.AsyncClient) -> None:
    """A day with nothing in it offers every quarter from nine to four."""
    answer = (await widget.get("/v1/slots", params=query())).json()
    starts = answer["days"]["2026-12-01"]

    assert answer["timezone"] == "Europe/Amsterdam"
    assert answer["duration"] == 60
    assert starts[0] == "2026-12-01T09:00:00+01:00"
    assert starts[1] == "2026-12-01T09:15:00+01:00"
    assert starts[-1] == "2026-12-01T16:00:00+01:00"
    assert len(starts) == QUARTERS
    assert answer["as_of"] == "2026-11-30T09:00:00+01:00"
    assert answer["next_available"] is None
    assert "reasons" not in answer


async def test_the_day_is_the_viewers_own(widget: httpx2.AsyncClient) -> None:
    """In Auckland, half a day ahead, the afternoon in Utrecht is already the next date."""
    answer = await widget.get(
        "/v1/slots", params=query("2026-12-01", "2026-12-03", timezone="Pacific/Auckland")
    )
    days = answer.json()["days"]

    # Nine in Utrecht is nine in the evening in Auckland; noon in Utrecht is midnight there.
    assert list(days) == ["2026-12-01", "2026-12-02"]
    assert days["2026-12-01"][0] == "2026-12-01T01:00:00+13:00"
    assert "2026-12-01T21:00:00+13:00" in days["2026-12-01"]
    assert days["2026-12-02"][0] == "2026-12-02T00:00:00+13:00"


async def test_an_advisor_in_london_works_by_the_clock_of_london(
    widget: httpx2.AsyncClient,
) -> None:
    """Nine in London is ten in Amsterdam."""
    answer = await widget.get("/v1/slots", params=query(meeting_type="lening"))
    starts = answer.json()["days"]["2026-12-01"]

    assert (starts[0], starts[-1]) == ("2026-12-01T10:00:00+01:00", "2026-12-01T17:30:00+01:00")


async def test_a_window_may_be_given_in_times(widget: httpx2.AsyncClient) -> None:
    """Times with an offset do as well as dates; the end is exclusive, and a plus may be bare."""
    params = query("2026-12-01T10:00:00+01:00", "2026-12-01T11:00:00+01:00")
    escaped = await widget.get("/v1/slots", params=params)
    bare = await widget.get(
        "/v1/slots?" + "&".join(f"{name}={value}" for name, value in params.items())
    )

    assert escaped.json()["days"] == {
        "2026-12-01": [f"2026-12-01T10:{minute}:00+01:00" for minute in ("00", "15", "30", "45")]
    }
    assert bare.json() == escaped.json()


async def test_a_booked_hour_is_not_offered(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient
) -> None:
    """Nor is what would run into it, nor the quarter afterwards in which it is written down."""
    await booked(client, at(11))
    starts = (await widget.get("/v1/slots", params=query())).json()["days"]["2026-12-01"]

    # From a quarter to ten a talk and its quarter just fit before eleven; at a quarter past
    # twelve the next may begin.
    gone = {(at(10) + timedelta(minutes=15 * number)).isoformat() for number in range(9)}
    assert not gone & set(starts)
    assert len(starts) == QUARTERS - len(gone)


async def test_an_empty_answer_names_the_next_start(widget: httpx2.AsyncClient) -> None:
    """A weekend has none; the first one after it is Monday at nine."""
    answer = (await widget.get("/v1/slots", params=query("2026-12-05", "2026-12-07"))).json()

    assert answer["days"] == {}
    assert answer["next_available"] == "2026-12-07T09:00:00+01:00"


async def test_refused_starts_are_counted_on_request(
    widget: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    """An organisation can ask why a day is so empty."""
    await booked(client, at(11))
    today = await widget.get("/v1/slots", params=query("2026-11-30", "2026-12-01", explain="true"))
    tomorrow = await widget.get("/v1/slots", params=query(explain="true"))

    # It is nine: from now until one o'clock nothing can be booked any more.
    assert today.json()["reasons"]["notice"] == 16
    assert tomorrow.json()["reasons"]["busy"] == 9


async def test_the_notice_moves_with_the_clock(
    widget: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """Four hours ahead at nine, and an hour later four hours ahead at ten."""
    first = await widget.get("/v1/slots", params=query("2026-11-30", "2026-12-01"))
    clock.advance(timedelta(hours=1))
    later = await widget.get("/v1/slots", params=query("2026-11-30", "2026-12-01"))

    assert first.json()["days"]["2026-11-30"][0] == "2026-11-30T13:00:00+01:00"
    assert later.json()["days"]["2026-11-30"][0] == "2026-11-30T14:00:00+01:00"


async def test_what_can_be_met_about_is_told_in_the_language_asked_for(
    widget: httpx2.AsyncClient,
) -> None:
    """Name, description and branches are what a customer needs to choose."""
    dutch = (await widget.get("/v1/meeting-types")).json()["items"]
    english = (await widget.get("/v1/meeting-types/hypotheek?lang=en")).json()

    assert [kind["slug"] for kind in dutch] == ["hypotheek", "lening"]
    assert dutch[0]["name"] == "Hypotheekgesprek"
    assert english["name"] == "Mortgage talk"
    assert english["locations"] == [
        {
            "slug": "utrecht",
            "name": "Utrecht",
            "address": "Neude 1, Utrecht",
            "timezone": "Europe/Amsterdam",
        }
    ]
    assert (english["prepares"], english["phone"]) == (True, "030 123 45 67")


async def test_one_can_ask_for_one_advisor(widget: httpx2.AsyncClient, bank: Bank) -> None:
    """Whoever does not give this talk has no time for it."""
    sanne = await widget.get("/v1/slots", params=query(advisor=bank.sanne))
    ravi = await widget.get("/v1/slots", params=query(advisor=bank.ravi))

    assert len(sanne.json()["days"]["2026-12-01"]) == QUARTERS
    assert ravi.json()["days"] == {}
