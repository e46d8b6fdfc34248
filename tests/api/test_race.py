"""Many customers at the same moment: a time goes to one of them, and the others are told so."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
from sqlalchemy import select

from api.wiring import House
from booking.tables import claims
from tests.api.bank import Bank, at, problem, wish

CUSTOMERS = 16


def somebody(number: int, start: datetime, **changes: Any) -> dict[str, Any]:
    person = {"name": {"surname": f"Klant {number}"}, "email": f"klant{number}@example.org"}
    return wish(start, customer=person, **changes)


async def test_one_of_sixteen_gets_the_slot(widget: httpx2.AsyncClient) -> None:
    """Exactly one is booked; fifteen are offered other times, none of which is that one."""
    answers = await asyncio.gather(
        *(widget.post("/v1/bookings", json=somebody(number, at(10))) for number in range(CUSTOMERS))
    )
    refused = [answer for answer in answers if answer.status_code != 201]

    assert len(refused) == CUSTOMERS - 1
    for answer in refused:
        alternatives = problem(answer, "slot-taken", 409)["alternatives"]
        assert alternatives
        # The meeting takes an hour and a quarter from ten.
        assert all(
            not at(8, 45) < datetime.fromisoformat(start) < at(11, 15) for start in alternatives
        )


async def test_one_of_sixteen_gets_the_hold(widget: httpx2.AsyncClient) -> None:
    """Holding a time is a race of the same kind."""
    body = {"meeting_type": "hypotheek", "start": at(10).isoformat(), "channel": "video"}
    answers = await asyncio.gather(*(widget.post("/v1/holds", json=body) for _ in range(CUSTOMERS)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15


async def test_overlapping_starts_never_overlap_once_booked(
    widget: httpx2.AsyncClient, house: House, bank: Bank
) -> None:
    """Of starts a quarter of an hour apart, those that are booked leave each other room."""
    starts = [at(9) + timedelta(minutes=15 * number) for number in range(CUSTOMERS)]
    answers = await asyncio.gather(
        *(
            widget.post("/v1/bookings", json=somebody(number, start))
            for number, start in enumerate(starts)
        )
    )
    async with house.database.reading(bank.tenant) as db:
        taken = sorted(
            (row.starts_at, row.ends_at)
            for row in (await db.execute(select(claims).where(claims.c.live))).all()
        )

    assert {answer.status_code for answer in answers} == {201, 409}
    assert len(taken) == sum(answer.status_code == 201 for answer in answers) >= 2
    assert all(before[1] <= after[0] for before, after in pairwise(taken))


async def test_moving_and_booking_race_for_one_time(
    client: httpx2.AsyncClient, widget: httpx2.AsyncClient
) -> None:
    """A customer who moves and another who books cannot both get the same time."""
    mine = (await client.post("/v1/bookings", json=somebody(0, at(14)))).json()
    moves = [
        client.post(f"/v1/bookings/{mine['id']}/reschedule", json={"start": at(10).isoformat()})
    ]
    books = [widget.post("/v1/bookings", json=somebody(number, at(10))) for number in range(1, 8)]

    answers = await asyncio.gather(*moves, *books)

    assert sorted(answer.status_code < 300 for answer in answers) == [False] * 7 + [True]
