"""The checks of this folder find what they look for: a sound database first, then a damaged one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from api.app import create_app
from api.wiring import House
from booking.tables import bookings, claims
from kernel.ids import Id, new_id
from kernel.tables import work
from notifications.tables import deliveries
from tests.api.bank import asking
from tests.guarantee.bank import ORIGIN, Bank, connect, email, open_bank, starts, wish
from tests.guarantee.checking import broken, unfinished, untold, unwritten
from tests.guarantee.conftest import USER
from tests.guarantee.installation import Installation
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.smtp import Received, SmtpServer


class Scene:
    """Five bookings with all that follows from them, and what the checks say about it."""

    def __init__(self, house: House, bank: Bank, accepted: dict[str, str]) -> None:
        self.house = house
        self.tenant = bank.tenant
        self.accepted = accepted
        self.ids = list(accepted.values())
        self.letters: list[Received] = []
        self.entries: list[str] = []

    async def faults(self) -> list[str]:
        """Return what is wrong, without saying of what."""
        database, tenant = self.house.database, self.tenant
        said = [
            *await broken(database, tenant, self.accepted),
            *await unfinished(database, tenant, now=self.house.clock.now()),
            *await untold(database, tenant, self.letters, kills=0),
            *await unwritten(database, tenant, self.entries),
        ]
        return sorted(fault.partition(" ")[2] for fault in said)

    async def change(self, statement: Any) -> None:
        """Damage the database."""
        async with self.house.database.transaction(self.tenant) as db:
            await db.execute(statement)

    async def claim_of(self, booking: Id) -> dict[str, Any]:
        """Return the time that a booking takes."""
        async with self.house.database.reading(self.tenant) as db:
            rows = await db.execute(select(claims).where(claims.c.booking_id == booking))
            return dict(rows.one()._mapping)


@pytest.fixture
async def scene(
    own_database: str, smtp: SmtpServer, calendar_server: Radicale, calendar: str, tmp_path: Path
) -> AsyncIterator[Scene]:
    """A sound installation."""
    allowed = [f"127.0.0.1:{calendar_server.port}"]
    installation = Installation(tmp_path, own_database, smtp_url=smtp.url, allowed=allowed)
    async with installation.house() as house:
        bank = await open_bank(house)
        await connect(house, bank, calendar_server.url, USER, PASSWORDS[USER])
        accepted = {}
        async with asking(create_app(house), bank.key, origin=ORIGIN) as site:
            for number, start in enumerate(starts(house.clock.now(), 5)):
                answer = await site.post(
                    "/v1/bookings",
                    content=wish(number, start),
                    headers={"content-type": "application/json"},
                )
                accepted[email(number)] = answer.json()["id"]
        await house.worker.run_due()
        scene = Scene(house, bank, accepted)
        scene.letters = list(smtp.received)
        names = calendar_server.names(USER, calendar)
        scene.entries = [calendar_server.get(USER, calendar + name) for name in names]
        yield scene


async def test_letters_entries_and_work_are_watched(scene: Scene) -> None:
    """A letter too many or too few, an entry twice or not at all, work that is left."""
    letters, entries = scene.letters, scene.entries
    sound = await scene.faults()
    found = []
    for scene.letters, scene.entries in (
        ([*letters, letters[0]], entries),
        (letters[1:], entries),
        (letters, entries[1:]),
        (letters, [*entries, entries[0]]),
    ):
        found.append(await scene.faults())
    scene.letters, scene.entries = letters, entries
    await scene.change(update(work).where(work.c.subject == scene.ids[0]).values(state="dead"))
    found.append(await scene.faults())
    await scene.change(delete(deliveries).where(deliveries.c.tenant_id == scene.tenant))
    found.append(await scene.faults())

    dead = f"of {scene.ids[0]} is dead"
    assert sound == []
    assert found == [
        ["letters came again"],
        ["no letter arrived"],
        ["stands in no calendar"],
        ["stands there 2 times"],
        [dead],
        [*["0 letters sent"] * 5, dead],
    ]


async def test_a_meeting_that_is_lost_or_doubled_is_noticed(scene: Scene) -> None:
    """Without its time, forgotten, nobody's, the same customer's again."""
    first, second, third, *_ = scene.ids
    await scene.change(update(claims).where(claims.c.booking_id == first).values(live=False))
    timeless = await scene.faults()
    await scene.change(delete(bookings).where(bookings.c.id == first))
    lost = await scene.faults()
    del scene.accepted[email(1)]
    unaccounted = await scene.faults()
    customer = select(bookings.c.customer_id).where(bookings.c.id == second).scalar_subquery()
    await scene.change(update(bookings).where(bookings.c.id == third).values(customer_id=customer))
    doubled = await scene.faults()

    assert timeless == ["does not have its time"]
    assert "was accepted and is not there" in lost
    assert set(unaccounted) - set(lost) == {"is there and nobody was told"}
    assert set(doubled) - set(unaccounted) == {"has been booked more than once"}


async def test_an_overlap_is_noticed_once_nothing_forbids_it(
    scene: Scene, own_database: str, several: bool
) -> None:
    """With the guard of the database gone, the same hour is given away twice."""
    guard = (
        "ALTER TABLE claims DROP CONSTRAINT ex_claims_no_overlap"
        if several
        else "DROP TRIGGER claims_no_overlap_insert"
    )
    url = own_database.replace("postgresql://app@", "postgresql+asyncpg://owner@")
    owner = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
    async with owner.begin() as db:
        await db.execute(text(guard))
    await owner.dispose()
    now = scene.house.clock.now()
    again = await scene.claim_of(scene.ids[0])
    again |= {"id": new_id("clm", now), "booking_id": new_id("bkg", now)}
    await scene.change(insert(claims).values(**again))

    assert await scene.faults() == ["pairs of meetings overlap"]
