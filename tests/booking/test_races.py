"""Never two live bookings of one advisor that overlap, whoever wants them at once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from booking import claim_store
from booking.claim_store import Holder, Part
from booking.tables import bookings, claims
from kernel.database import Database, metadata
from kernel.ids import Id, new_id
from kernel.tenancy import TenantSettings, create_tenant
from tests.booking.builders import (
    NOW,
    add_advisors,
    add_meeting_type,
    tuesday,
)
from tests.booking.racing import (
    PROCESSES,
    Track,
    book_one_slot,
    book_staggered_slots,
    look_then_claim,
    look_then_insert,
)


@pytest.fixture(scope="module")
def track() -> Iterator[Track]:
    """Four processes of the operating system."""
    track = Track()
    yield track
    track.close()


async def overlaps(database: Database, tenant: Id) -> int:
    """Count pairs of live claims of one advisor that share time, by asking the database."""
    other = claims.alias("other")
    async with database.reading(tenant) as db:
        found = await db.scalar(
            select(func.count())
            .select_from(claims)
            .join(
                other,
                (other.c.resource_id == claims.c.resource_id)
                & (other.c.id > claims.c.id)
                & (other.c.starts_at < claims.c.ends_at)
                & (claims.c.starts_at < other.c.ends_at),
            )
            .where(claims.c.live, other.c.live)
        )
    return int(found or 0)


async def booked(database: Database, tenant: Id) -> tuple[int, int, int]:
    """Return how many bookings, live claims, and different advisors booked there are."""
    async with database.reading(tenant) as db:
        return (
            int(await db.scalar(select(func.count()).select_from(bookings)) or 0),
            int(await db.scalar(select(func.count()).where(claims.c.live)) or 0),
            int(await db.scalar(select(func.count(bookings.c.advisor_id.distinct()))) or 0),
        )


@pytest.mark.parametrize("advisors", [1, 3])
async def test_of_many_who_want_one_slot_as_many_get_it_as_there_are_advisors(
    database: Database, tenant: Id, track: Track, advisors: int
) -> None:
    """Twenty-four customers in four processes; the others are told that it has been taken."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob", "Cem"][:advisors])
        await add_meeting_type(db, tenant, pool, before=5, after=10)

    ended = await asyncio.to_thread(track.race, book_one_slot, database.url, tenant)

    assert ended == {"booked": advisors, "taken": 6 * PROCESSES - advisors}
    assert await booked(database, tenant) == (advisors, advisors, advisors)
    assert await overlaps(database, tenant) == 0


async def test_starts_that_overlap_never_stand_side_by_side(
    database: Database, tenant: Id, track: Track
) -> None:
    """Eighty wishes for twenty starts five minutes apart, with two advisors and buffers."""
    async with database.transaction(tenant) as db:
        pool = await add_advisors(db, tenant, ["Anna", "Bob"], hours="09:00-17:00")
        await add_meeting_type(db, tenant, pool, duration=20, step=5, before=5, after=5)

    ended = await asyncio.to_thread(track.race, book_staggered_slots, database.url, tenant)

    assert set(ended) == {"booked", "taken"}
    assert sum(ended.values()) == 20 * PROCESSES
    assert await booked(database, tenant) == (ended["booked"], ended["booked"], 2)
    # Starts lie within 95 minutes and take 30 each: four fit at most, two at least.
    assert 2 * 2 <= ended["booked"] <= 2 * 4
    assert await overlaps(database, tenant) == 0


async def test_a_look_before_is_not_what_forbids_it(
    database: Database, tenant: Id, track: Track
) -> None:
    """All have looked and found it free before any of them claims: one of them gets it."""
    async with database.transaction(tenant) as db:
        await add_advisors(db, tenant, ["Anna"])

    ended = await asyncio.to_thread(track.race, look_then_claim, database.url, tenant)

    assert ended == {"booked": 1, "taken": PROCESSES - 1}
    assert await overlaps(database, tenant) == 0


@pytest.fixture(params=["sqlite", "postgresql"])
def unguarded_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database like ours, in which nothing forbids an overlap."""
    if request.param == "sqlite":
        folder = request.getfixturevalue("tmp_path")
        url = f"sqlite:///{folder / 'unguarded.db'}"
        asyncio.run(
            _create(
                url,
                "DROP TRIGGER claims_no_overlap_insert",
                "DROP TRIGGER claims_no_overlap_update",
            )
        )
        yield url
        return
    cluster = request.getfixturevalue("postgres_cluster")
    name = "spreekuur_unguarded"
    asyncio.run(_in_cluster(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    asyncio.run(_in_cluster(cluster, f"CREATE DATABASE {name}"))
    url = f"{cluster.rpartition('/')[0]}/{name}"
    asyncio.run(_create(url, "ALTER TABLE claims DROP CONSTRAINT ex_claims_no_overlap"))
    yield url
    asyncio.run(_in_cluster(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


async def _in_cluster(url: str, statement: str) -> None:
    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:"), isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as db:
        await db.execute(text(statement))
    await engine.dispose()


async def _create(url: str, *statements: str) -> None:
    database = Database(url)
    async with database.engine.begin() as db:
        await db.run_sync(metadata.create_all)
        for statement in statements:
            await db.execute(text(statement))
    await database.close()


async def test_without_the_guard_the_same_race_books_twice(
    unguarded_url: str, track: Track
) -> None:
    """So the tests above would notice: everybody who trusts their look gets the same hour."""
    database = Database(unguarded_url)
    async with database.transaction() as db:
        created = await create_tenant(
            db, slug="demobank", name="Demobank", settings=TenantSettings(), now=NOW
        )
    async with database.transaction(created.id) as db:
        await add_advisors(db, created.id, ["Anna"])

    ended = await asyncio.to_thread(track.race, look_then_insert, unguarded_url, created.id)

    assert ended == {"booked": PROCESSES}
    assert await overlaps(database, created.id) == PROCESSES * (PROCESSES - 1) // 2
    await database.close()


async def test_the_database_refuses_an_overlap_by_every_way_in(
    database: Database, tenant: Id
) -> None:
    """What overlaps is left out, all of a booking or none, and no claim moves into another."""
    hour = timedelta(hours=1)
    anna, bob = new_id("adv", NOW), new_id("adv", NOW)

    async def claim(*resources: Id, start: int, end: int) -> bool:
        async with database.transaction(tenant) as db:
            return await claim_store.claim(
                db,
                tenant,
                [
                    Part(
                        resource=resource,
                        start=tuesday("09:00") + start * hour,
                        end=tuesday("09:00") + end * hour,
                    )
                    for resource in resources
                ],
                kind=new_id("mty", NOW),
                begins_at=tuesday("09:00") + start * hour,
                holder=Holder(booking_id=new_id("bkg", NOW)),
                now=NOW,
            )

    assert await claim(anna, start=0, end=2)
    assert not await claim(anna, start=1, end=3)
    assert not await claim(anna, start=-1, end=1)
    assert not await claim(bob, anna, start=1, end=2)
    assert await claim(bob, anna, start=2, end=3)

    async with database.reading(tenant) as db:
        assert await db.scalar(select(func.count()).select_from(claims)) == 3
    with pytest.raises(IntegrityError, match="ex_claims_no_overlap"):
        async with database.transaction(tenant) as db:
            await db.execute(
                claims.update()
                .where(claims.c.starts_at == tuesday("11:00"))
                .values(starts_at=tuesday("10:30"))
            )


async def test_a_claim_has_one_holder_and_takes_some_time(database: Database, tenant: Id) -> None:
    """Empty time would overlap nothing, and a claim of nobody would never end."""
    start = tuesday("09:00")
    someone, something = new_id("bkg", NOW), new_id("hld", NOW)
    for holder, end in (
        (Holder(booking_id=someone), start),
        (Holder(), start + timedelta(hours=1)),
        (Holder(booking_id=someone, hold_id=something, expires_at=NOW), start + timedelta(hours=1)),
        (Holder(hold_id=something), start + timedelta(hours=1)),
    ):
        with pytest.raises(IntegrityError):
            async with database.transaction(tenant) as db:
                await claim_store.claim(
                    db,
                    tenant,
                    [Part(resource=new_id("adv", NOW), start=start, end=end)],
                    kind=new_id("mty", NOW),
                    begins_at=start,
                    holder=holder,
                    now=NOW,
                )
