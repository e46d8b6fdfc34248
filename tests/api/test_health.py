"""Is it alive, is it ready, and what does it say when its database is not there."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from litestar import get
from litestar.di import NamedDependency
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from api.app import create_app
from api.bootstrap import open_house
from api.dependencies import BROWSER
from api.settings import Settings
from api.wiring import House
from kernel.clock import FixedClock
from kernel.crypto import Secret
from kernel.database import metadata
from notifications.channels.mailbox import Mailbox
from tests.api.bank import PUBLIC_URL, Bank, asking, booked, open_bank, problem, wish
from tests.services.postgres import Postgres


async def test_it_is_alive_and_ready(customer: httpx2.AsyncClient) -> None:
    """Nobody needs a key to ask."""
    live = await customer.get("/health/live")
    ready = await customer.get("/health/ready")

    assert (live.status_code, live.json()["status"]) == (200, "ok")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ok", "checks": {"database": "ok", "work": "ok"}},
    )


async def test_late_work_shows_but_does_not_stop_requests(
    client: httpx2.AsyncClient, clock: FixedClock, house: House
) -> None:
    """Letters that wait for more than five minutes are a matter for an operator."""
    await booked(client)
    clock.advance(timedelta(minutes=5, seconds=1))
    late = await client.get("/health/ready")
    while await house.worker.run_due():
        pass
    done = await client.get("/health/ready")

    assert (late.status_code, late.json()["checks"]) == (200, {"database": "ok", "work": "late"})
    assert done.json()["checks"]["work"] == "ok"


async def test_without_a_database_it_is_not_ready_and_says_so(
    clock: FixedClock, tmp_path: Path
) -> None:
    """Every call answers 503 with a problem document; when the database is back, all is well."""
    cluster = await asyncio.to_thread(Postgres)
    try:
        await _make_tables(cluster)
        settings = Settings(
            secret_key=Secret("a secret key for tests, long enough"),
            database_url=cluster.url(),
            public_url=PUBLIC_URL,
        )
        mailbox = Mailbox(tmp_path)
        async with open_house(settings, clock=clock, channels={"email": mailbox}) as house:
            bank = await open_bank(house)
            async with asking(create_app(house), bank.secret) as client:
                token = (await booked(client))["manage_url"].rpartition("/")[2]
                await asyncio.to_thread(cluster.stop)
                live = await client.get("/health/live")
                ready = await client.get("/health/ready")
                refused = [
                    await client.get("/v1/advisors"),
                    await client.post("/v1/bookings", json=wish()),
                    await client.get(f"/v1/manage/{token}"),
                ]
    finally:
        await asyncio.to_thread(cluster.stop)

    assert live.status_code == 200
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "down")
    for answer in refused:
        problem(answer, "unavailable", 503)
        assert answer.headers["retry-after"] == "5"


async def _make_tables(cluster: Postgres) -> None:
    engine = create_async_engine(cluster.url().replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as db:
        await db.run_sync(metadata.create_all)
    await engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_answer_promises_nothing_that_was_not_kept(house: House, bank: Bank) -> None:
    """Where the transaction cannot be committed, the caller gets no 200."""

    @get("/v1/lost", dependencies=BROWSER, opt={"auth": "browser"}, operation_id="lose")
    async def lose(db: NamedDependency[AsyncConnection]) -> dict[str, Any]:
        mine = await db.scalar(text("SELECT pg_backend_pid()"))
        async with house.database.reading() as other:
            await other.execute(text("SELECT pg_terminate_backend(:mine)"), {"mine": mine})
        return {"kept": True}

    async with asking(create_app(house, extra=[lose]), bank.secret) as client:
        answer = await client.get("/v1/lost")
        after = await client.get("/v1/advisors")

    problem(answer, "unavailable", 503)
    assert after.status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_a_statement_was_given_stays_out_of_answers_and_logs(
    house: House, bank: Bank
) -> None:
    """Where a statement fails, the caller and the log get an id and no values."""

    @get("/v1/odd", dependencies=BROWSER, opt={"auth": "browser"}, operation_id="fail")
    async def fail(db: NamedDependency[AsyncConnection]) -> None:
        await db.execute(text("SELECT CAST(:name AS integer)"), {"name": "Anna de Vries"})

    with structlog.testing.capture_logs() as logs:
        async with asking(create_app(house, extra=[fail]), bank.secret) as client:
            answer = await client.get("/v1/odd")
    (failed,) = [line for line in logs if line["event"] == "request.failed"]

    document = problem(answer, "internal", 500)
    assert failed["request_id"] == document["request_id"]
    assert "Vries" not in repr(logs) + answer.text
    assert failed["exc_info"] is None
