"""The history of the schema ends exactly at the schema that the code declares."""

import asyncio
import importlib
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from alembic import command
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import (
    JSON,
    Boolean,
    ColumnClause,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Uuid,
    column,
    func,
    insert,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.types import TypeEngine

from api.migrations import SchemaOld, config, head, migrate, require_current_schema
from booking import tables
from booking.assignment import Candidate, Decision
from booking.calendars.tables import event_links
from booking.hours import Override, TimeRange, WeeklyRange, require_sound_hours
from booking.model import Booking, Colleague
from booking.organisation import Advisor, Location, MeetingTypeInput, Schedule
from kernel.database import Database, UtcDateTime, convert_row, metadata
from kernel.errors import Invalid
from kernel.ids import Id, new_id, uuid_of
from tests.services.processes import latest_postgres, need

engine_tables = importlib.import_module("api.migrations.versions.0002_booking_engine")

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def empty(postgres_cluster: str, postgres_url: str) -> Iterator[str]:
    """The owner's address of an empty PostgreSQL database."""
    name = f"migrated_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    base = postgres_cluster.rpartition("/")[0]

    async def admin(*statements: str) -> None:
        engine = create_async_engine(
            postgres_cluster.replace("postgresql:", "postgresql+asyncpg:"),
            isolation_level="AUTOCOMMIT",
        )
        async with engine.connect() as db:
            for statement in statements:
                await db.execute(text(statement))
        await engine.dispose()

    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    asyncio.run(admin(drop, f"CREATE DATABASE {name}"))
    yield f"{base}/{name}"
    asyncio.run(admin(drop))


def dump(url: str) -> list[str]:
    """Return the schema as sorted lines, without comments, settings and alembic's own table."""
    program = need("pg_dump", "postgresql", folders=latest_postgres())
    out = subprocess.run(  # noqa: S603  # our own program, our own address
        [program, "--schema-only", "--no-owner", "--no-privileges", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    out = re.sub(r"CREATE TABLE public\.alembic_version .*?;", "", out, flags=re.DOTALL)
    lines = (line.strip().rstrip(",") for line in out.splitlines())
    noise = re.compile(
        r"--|SET |COMMENT |SELECT pg_catalog|\\|ALTER TABLE ONLY public\.alembic|ADD CONST.*alem"
    )
    return sorted(line for line in lines if line and not noise.match(line))


async def declare(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as db:
        await db.run_sync(metadata.create_all)
    await engine.dispose()


def test_migrated_and_declared_postgresql_are_the_same(empty: str) -> None:
    """Tables, constraints, indexes and policies: pg_dump sees no difference."""
    asyncio.run(migrate(empty))
    migrated = dump(empty)
    asyncio.run(_wipe(empty))
    asyncio.run(declare(empty))

    assert migrated == dump(empty)
    assert any("EXCLUDE USING gist" in line for line in migrated)
    assert sum("CREATE POLICY" in line for line in migrated) > 10


async def _wipe(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as db:
        await db.execute(text("DROP SCHEMA public CASCADE"))
        await db.execute(text("CREATE SCHEMA public"))
    await engine.dispose()


async def _shape(database: Database) -> dict[str, list[str]]:
    async with database.reading() as db:
        rows = await db.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {
            row.name: sorted(part for part in re.split(r"\s*[,\n]\s*", row.sql) if part)
            for row in rows
            if row.name != "alembic_version"
        }


async def test_migrated_and_declared_sqlite_are_the_same(tmp_path: Path) -> None:
    """The same tables, indexes and triggers, by name and by definition."""
    migrated = Database(f"sqlite:///{tmp_path}/migrated.db")
    declared = Database(f"sqlite:///{tmp_path}/declared.db")
    await migrate(migrated.url)
    async with declared.transaction() as db:
        await db.run_sync(metadata.create_all)

    assert await _shape(migrated) == await _shape(declared)
    await migrated.close()
    await declared.close()


async def test_there_and_back_again_leaves_nothing(tmp_path: Path) -> None:
    """Up, down and up: the way down drops all that the way up made."""
    database = Database(f"sqlite:///{tmp_path}/there.db")
    await migrate(database.url)
    async with database.transaction() as db:
        await db.run_sync(lambda sync: command.downgrade(config(sync), "base"))
    assert await _shape(database) == {}

    applied = await migrate(database.url)
    assert (applied[0], applied[-1]) == (head(), "0001")
    assert await migrate(database.url) == []
    await database.close()


async def test_a_database_of_another_version_is_not_worked_on(tmp_path: Path) -> None:
    """An empty database is refused with what to do about it; a migrated one is not."""
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(SchemaOld, match="spreekuur migrate"):
        await require_current_schema(database)

    await migrate(database.url)

    await require_current_schema(database)
    await database.close()


async def test_the_application_may_use_what_it_does_not_own(empty: str) -> None:
    """Migrated by the owner, used by another role, which row-level security holds."""
    await migrate(empty, application="app")
    database = Database(empty.replace("//owner@", "//app@"))
    await require_current_schema(database)
    async with database.reading() as db:
        owner = await db.scalar(text("SELECT tableowner FROM pg_tables WHERE tablename = 'claims'"))

    assert owner == "owner"
    await database.close()


# --- what was on file when the engine's tables came ----------------------------------------------


@pytest.fixture
def owned(empty: str) -> str:
    """The address of an empty PostgreSQL database, for an owner whom row-level security holds."""
    name = empty.rpartition("/")[2]

    async def hand_over() -> None:
        engine = create_async_engine(
            empty.replace("postgresql:", "postgresql+asyncpg:"), isolation_level="AUTOCOMMIT"
        )
        async with engine.connect() as db:
            await db.execute(
                text(
                    "DO $$ BEGIN CREATE ROLE keeper LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$"
                )
            )
            await db.execute(text(f"ALTER DATABASE {name} OWNER TO keeper"))
        await engine.dispose()

    asyncio.run(hand_over())
    return empty.replace("//owner@", "//keeper@")


@pytest.fixture(params=["sqlite", "postgresql"])
def first_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'first.db'}"
    url: str = request.getfixturevalue("owned")
    return url


@pytest.fixture
async def first(first_url: str) -> AsyncIterator[Database]:
    """A database with the first tables."""
    database = Database(first_url)
    await _go(database, "0001")
    yield database
    await database.close()


async def _go(database: Database, revision: str) -> None:
    """Migrate there, from wherever it is."""

    def go(connection: Connection) -> None:
        back = revision == "0001" and connection.dialect.has_table(connection, "setups")
        (command.downgrade if back else command.upgrade)(config(connection), revision)

    async with database.transaction() as db:
        await db.run_sync(go)


_JSON = JSON().with_variant(JSONB(), "postgresql")
_TYPES: dict[type, TypeEngine[Any]] = {
    UUID: Uuid(),
    str: String(),
    int: Integer(),
    bool: Boolean(),
    bytes: LargeBinary(),
    dict: _JSON,
    list: _JSON,
    datetime: UtcDateTime(),
}


async def _put(db: AsyncConnection, name: str, *rows: dict[str, Any]) -> None:
    """Insert rows into a table as it is at the moment."""
    columns: list[ColumnClause[Any]] = [
        column(key, _TYPES[type(value)]) for key, value in rows[0].items()
    ]
    await db.execute(insert(table(name, *columns)), list(rows))


async def _rows(database: Database, tenant: Id, of: str, /, **columns: type) -> list[Row[Any]]:
    """Read a table as it is at the moment."""
    typed: list[ColumnClause[Any]] = [column(key, _TYPES[kind]) for key, kind in columns.items()]
    async with database.reading(tenant) as db:
        return list((await db.execute(select(*typed).select_from(table(of, *typed)))).all())


class _Bank(Struct, frozen=True, kw_only=True):
    """An organisation in the first tables, by its ids."""

    tenant: Id
    advisor: Id
    other: Id
    location: Id
    schedule: Id
    kind: Id
    customer: Id
    booked: Id
    cancelled: Id
    gone: Id
    collection: Id


def _bank() -> _Bank:
    prefixes = {
        "tenant": "ten",
        "advisor": "adv",
        "other": "adv",
        "location": "loc",
        "schedule": "sch",
        "kind": "mty",
        "customer": "cus",
        "booked": "bkg",
        "cancelled": "bkg",
        "gone": "bkg",
        "collection": "col",
    }
    return _Bank(**{name: new_id(prefix, NOW) for name, prefix in prefixes.items()})


def _booking_row(bank: _Bank, booking: Id, **changes: Any) -> dict[str, Any]:
    row = {
        "tenant_id": uuid_of(bank.tenant),
        "id": uuid_of(booking),
        "meeting_type_id": uuid_of(bank.kind),
        "advisor_id": uuid_of(bank.advisor),
        "customer_id": uuid_of(bank.customer),
        "participants": [bank.customer],
        "channel": "video",
        "starts_at": NOW,
        "ends_at": NOW + 45 * MINUTE,
        "local_start": "2026-11-30T09:00:00",
        "timezone": "Europe/Amsterdam",
        "tzdata": "2026a",
        "language": "nl",
        "state": "confirmed",
        "sequence": 2,
        "generation": 1,
        "uid": f"{booking}@spreekuur",
        "created_at": NOW - 90 * MINUTE + timedelta(microseconds=1500),
        "assignment": {
            "advisor": bank.advisor,
            "ground": "fewest-that-day",
            "considered": [
                {"advisor": bank.advisor, "day": 0, "week": 1},
                {"advisor": bank.other, "day": 2, "week": 3},
            ],
        },
    }
    return row | changes


def _claim_row(bank: _Bank, **changes: Any) -> dict[str, Any]:
    return {
        "tenant_id": uuid_of(bank.tenant),
        "id": uuid_of(new_id("clm", NOW)),
        "resource_id": uuid_of(bank.advisor),
        "starts_at": NOW - 5 * MINUTE,
        "ends_at": NOW + 50 * MINUTE,
        "live": True,
    } | changes


async def _fill(database: Database) -> _Bank:
    """Put an organisation into the first tables, with something in each that is changed."""
    bank = _bank()
    mine = {"tenant_id": uuid_of(bank.tenant)}
    async with database.transaction(bank.tenant) as db:
        await _put(
            db,
            "locations",
            mine
            | {
                "id": uuid_of(bank.location),
                "slug": "utrecht",
                "name": "Utrecht",
                "address": "Neude 1",
                "timezone": "Europe/Amsterdam",
                "created_at": NOW,
            },
        )
        for advisor, name in ((bank.advisor, "Anna"), (bank.other, "Bram")):
            await _put(
                db,
                "advisors",
                mine
                | {
                    "id": uuid_of(advisor),
                    "name": name,
                    "email": f"{name}@bank.example",
                    "timezone": "Europe/Amsterdam",
                    "languages": ["nl", "en"],
                    "locations": ["utrecht"],
                    "created_at": NOW,
                },
            )
        await _put(
            db,
            "schedules",
            mine
            | {
                "id": uuid_of(bank.schedule),
                "advisor_id": uuid_of(bank.advisor),
                "timezone": "Europe/Amsterdam",
                "weekly": [
                    {"day": "tue", "start": "13:00", "end": "17:00"},
                    {"day": "mon", "start": "09:00", "end": "12:00"},
                    {"day": "mon", "start": "11:00", "end": "17:00"},
                ],
                "overrides": [
                    {"date": "2026-12-24", "ranges": [{"start": "08:00", "end": "07:00"}]},
                    {"date": "2026-12-25", "ranges": []},
                ],
                "updated_at": NOW,
            },
        )
        await _put(
            db,
            "meeting_types",
            mine
            | {
                "id": uuid_of(bank.kind),
                "slug": "mortgage",
                "name": {"nl": "Hypotheek", "en": "Mortgage"},
                "description": {"nl": "Over uw huis"},
                "duration": 45,
                "channels": ["video", "branch"],
                "step": 30,
                "buffer_before": 5,
                "buffer_after": 5,
                "notice": 120,
                "window_days": 90,
                "advisors": [bank.advisor, bank.other],
                "locations": ["utrecht"],
                "form": "mortgage-form",
                "updated_at": NOW,
            },
        )
        await _put(
            db,
            "bookings",
            _booking_row(bank, bank.booked, channel="branch", location_id=uuid_of(bank.location)),
        )
        await _put(
            db,
            "bookings",
            _booking_row(
                bank, bank.cancelled, state="cancelled", cancelled_by="customer", reason="Ziek"
            ),
        )
        hold = uuid_of(new_id("hld", NOW))
        await _put(
            db,
            "holds",
            mine
            | {
                "id": hold,
                "meeting_type_id": uuid_of(bank.kind),
                "advisor_id": uuid_of(bank.other),
                "channel": "video",
                "starts_at": NOW,
                "ends_at": NOW + 45 * MINUTE,
                "created_at": NOW,
                "expires_at": NOW + 10 * MINUTE,
                "assignment": {"advisor": bank.other, "ground": "first", "considered": []},
            },
        )
        await _put(db, "claims", _claim_row(bank, booking_id=uuid_of(bank.booked)))
        await _put(db, "claims", _claim_row(bank, booking_id=uuid_of(bank.cancelled), live=False))
        await _put(
            db,
            "claims",
            _claim_row(
                bank,
                resource_id=uuid_of(bank.other),
                hold_id=hold,
                expires_at=NOW + 10 * MINUTE,
            ),
        )
        await _fill_calendars(db, bank)
    return bank


async def _fill_calendars(db: AsyncConnection, bank: _Bank) -> None:
    mine = {"tenant_id": uuid_of(bank.tenant)}
    account = uuid_of(new_id("acc", NOW))
    await _put(
        db,
        "calendar_accounts",
        mine
        | {
            "id": account,
            "advisor_id": uuid_of(bank.other),
            "url": "https://dav.example",
            "username": "bram",
            "password": b"sealed",
            "state": "ok",
            "failures": 0,
            "created_at": NOW,
        },
    )
    await _put(
        db,
        "calendar_collections",
        mine
        | {
            "id": uuid_of(bank.collection),
            "account_id": account,
            "url": "https://dav.example/bram/",
            "name": "Work",
            "role": "write",
            "writable": True,
            "revision": 4,
        },
    )
    for booking in (bank.booked, bank.gone):
        await _put(
            db,
            "event_links",
            mine
            | {
                "booking_id": uuid_of(booking),
                "collection_id": uuid_of(bank.collection),
                "href": f"/{booking}.ics",
                "uid": f"{booking}@spreekuur",
                "etag": "one",
                "base_ics": b"BEGIN:VCALENDAR",
                "state": "written",
                "sequence": 2,
                "moved_start": NOW,
                "asked": True,
                "failures": 1,
            },
        )


async def _all(database: Database, tenant: Id, of: Any) -> list[Row[Any]]:
    """Read a table with the types that the code declares for it."""
    async with database.reading(tenant) as db:
        return list((await db.execute(select(of).where(of.c.tenant_id == tenant))).all())


async def test_what_was_set_up_is_kept(first: Database) -> None:
    """Branches, advisors, hours and kinds of meeting of every tenant read as they did."""
    banks = [await _fill(first), await _fill(first)]

    await _go(first, "head")

    for bank in banks:
        (location,) = await _all(first, bank.tenant, tables.locations)
        assert convert_row(location, Location) == Location(
            id=bank.location, slug="utrecht", name="Utrecht", address="Neude 1"
        )
        anna, _bram = await _all(first, bank.tenant, tables.advisors)
        assert convert_row(anna, Advisor) == Advisor(
            id=bank.advisor,
            name="Anna",
            email="Anna@bank.example",
            timezone="Europe/Amsterdam",
            languages=["nl", "en"],
            locations=["utrecht"],
        )
        (kind,) = await _all(first, bank.tenant, tables.meeting_types)
        assert (kind.id, kind.slug, kind.updated_at) == (bank.kind, "mortgage", NOW)
        assert kind.definition == MeetingTypeInput(
            slug="mortgage",
            name={"nl": "Hypotheek", "en": "Mortgage"},
            description={"nl": "Over uw huis"},
            duration=45,
            channels=["video", "branch"],
            step=30,
            buffer_before=5,
            buffer_after=5,
            notice=120,
            window_days=90,
            advisors=[bank.advisor, bank.other],
            locations=["utrecht"],
            form="mortgage-form",
        )


async def test_hours_become_the_regular_schedule(first: Database) -> None:
    """Hours that overlapped or hid a long night are said in today's way, and mean the same."""
    bank = await _fill(first)

    await _go(first, "head")

    (schedule,) = await _all(first, bank.tenant, tables.schedules)
    assert convert_row(schedule, Schedule) == Schedule(
        id=bank.schedule,
        advisor_id=bank.advisor,
        name="regular",
        timezone="Europe/Amsterdam",
        weekly=[
            WeeklyRange(day="mon", start="09:00", end="11:00"),
            WeeklyRange(day="mon", start="11:00", end="17:00"),
            WeeklyRange(day="tue", start="13:00", end="17:00"),
        ],
        overrides=[
            Override(
                date=date(2026, 12, 24),
                ranges=[TimeRange(start="08:00", end="07:00", overnight=True)],
            ),
            Override(date=date(2026, 12, 25), ranges=[]),
        ],
    )


async def test_bookings_are_kept_and_their_history_begins(first: Database) -> None:
    """Each is as it was, on a decision by rule 1, with one step that shows it whole."""
    bank = await _fill(first)
    before = await _database_clock(first)

    await _go(first, "head")

    bookings = {row.id: row for row in await _all(first, bank.tenant, tables.bookings)}
    steps = {row.booking_id: row for row in await _all(first, bank.tenant, tables.booking_steps)}
    assert bookings.keys() == steps.keys() == {bank.booked, bank.cancelled}
    booked = bookings[bank.booked]
    assert booked.assignment == [
        Decision(
            advisor=bank.advisor,
            ground="fewest-that-day",
            considered=[Candidate(advisor=bank.advisor), Candidate(advisor=bank.other)],
            role="advisor",
            window=0,
            rule="1",
        )
    ]
    assert (booked.starts_at, booked.ends_at) == (NOW, NOW + 45 * MINUTE)
    assert (booked.work, booked.load, booked.revision) == (45, 1, 0)
    assert (booked.colleagues, booked.resources, booked.booked_by) == ([], [], "customer")
    step = steps[bank.booked]
    assert (step.revision, step.by, step.action) == (0, "system", "booking.migrated")
    assert before <= step.at <= await _database_clock(first)
    assert step.booking == Booking(
        id=bank.booked,
        meeting_type_id=bank.kind,
        meeting_type="mortgage",
        advisor_id=bank.advisor,
        location_id=bank.location,
        customer_id=bank.customer,
        participants=[bank.customer],
        channel="branch",
        start=NOW,
        end=NOW + 45 * MINUTE,
        local_start="2026-11-30T09:00:00",
        timezone="Europe/Amsterdam",
        tzdata="2026a",
        language="nl",
        state="confirmed",
        sequence=2,
        generation=1,
        uid=f"{bank.booked}@spreekuur",
        created_at=NOW - 90 * MINUTE + timedelta(microseconds=1500),
        work=45,
    )
    cancelled = steps[bank.cancelled].booking
    assert (cancelled.state, cancelled.cancelled_by, cancelled.reason) == (
        "cancelled",
        "customer",
        "Ziek",
    )
    assert cancelled.location_id is None


async def _database_clock(database: Database) -> datetime:
    async with database.reading() as db:
        return (await db.scalars(select(func.now(type_=UtcDateTime())))).one()


async def test_a_step_is_written_as_the_code_writes_it(first: Database) -> None:
    """What stands in the history is, field by field, what saving that booking would put there."""
    bank = await _fill(first)

    await _go(first, "head")

    for row in await _rows(first, bank.tenant, "booking_steps", booking=dict):
        decoded = msgspec.convert(row.booking, Booking)
        assert row.booking == msgspec.to_builtins(decoded)


async def test_more_bookings_than_are_in_hand_at_a_time_are_kept(first: Database) -> None:
    """A thousand and three bookings come across, none of them twice."""
    bank = await _fill(first)
    more = {new_id("bkg", NOW) for _ in range(1001)}
    async with first.transaction(bank.tenant) as db:
        await _put(db, "bookings", *(_booking_row(bank, booking) for booking in more))

    await _go(first, "head")

    found = [row.id for row in await _all(first, bank.tenant, tables.bookings)]
    assert len(found) == 1003
    assert set(found) == more | {bank.booked, bank.cancelled}


async def test_claims_of_bookings_stay_and_those_of_holds_go(first: Database) -> None:
    """A claim knows its meeting now, no hold is left, and no overlap gets in or comes about."""
    bank = await _fill(first)

    await _go(first, "head")

    claims = {row.booking_id: row for row in await _all(first, bank.tenant, tables.claims)}
    assert await _all(first, bank.tenant, tables.holds) == []
    assert claims.keys() == {bank.booked, bank.cancelled}
    claim = claims[bank.booked]
    assert (claim.resource_id, claim.live) == (uuid_of(bank.advisor), True)
    assert (claim.starts_at, claim.ends_at) == (NOW - 5 * MINUTE, NOW + 50 * MINUTE)
    assert (claim.meeting_type_id, claim.begins_at) == (bank.kind, NOW)
    assert (claim.work, claim.load, claim.expires_at) == (45, 1, None)
    assert not claims[bank.cancelled].live
    await _refuses_overlaps(first, bank)


async def _refuses_overlaps(database: Database, bank: _Bank) -> None:
    again = _claim_row(bank, booking_id=uuid_of(new_id("bkg", NOW)), ends_at=NOW)
    if database.url.startswith("sqlite"):
        async with database.transaction(bank.tenant) as db:
            await _put(db, "claims", again)
        rows = await _rows(database, bank.tenant, "claims", id=UUID)
        assert again["id"] not in {row.id for row in rows}
    else:
        with pytest.raises(IntegrityError, match="ex_claims_no_overlap"):
            async with database.transaction(bank.tenant) as db:
                await _put(db, "claims", again)
    with pytest.raises(IntegrityError, match="ex_claims_no_overlap"):
        async with database.transaction(bank.tenant) as db:
            await db.execute(text("UPDATE claims SET live = TRUE"))


async def test_entries_in_calendars_belong_to_an_advisor(first: Database) -> None:
    """An entry is the advisor's who has the booking; without one, the calendar's owner's."""
    bank = await _fill(first)

    await _go(first, "head")

    links = {row.booking_id: row for row in await _all(first, bank.tenant, event_links)}
    assert {booking: row.advisor_id for booking, row in links.items()} == {
        bank.booked: bank.advisor,
        bank.gone: bank.other,
    }
    link = links[bank.booked]
    assert (link.collection_id, link.href) == (bank.collection, f"/{bank.booked}.ics")
    assert (link.uid, link.etag) == (f"{bank.booked}@spreekuur", "one")
    assert (link.base_ics, link.state, link.sequence) == (b"BEGIN:VCALENDAR", "written", 2)
    assert (link.change, link.changed_at, link.moved_start) == (None, None, NOW)
    assert (link.moved_end, link.asked, link.failures) == (None, True, 1)


async def test_accounts_that_were_there_speak_caldav_with_a_password(first: Database) -> None:
    """What each new column says of them; and on the way back only such accounts are kept."""
    bank = await _fill(first)
    columns = {"id": UUID, "url": str, "kind": str, "auth": str, "address": bytes}

    await _go(first, "head")
    (was,) = await _rows(first, bank.tenant, "calendar_accounts", **columns)
    mine = {"tenant_id": uuid_of(bank.tenant), "advisor_id": uuid_of(bank.other)}
    for kind, auth in (("own", "basic"), ("feed", "basic"), ("caldav", "bearer")):
        account = uuid_of(new_id("acc", NOW))
        new = {"kind": kind, "auth": auth, "url": f"https://{kind}.example", "username": ""}
        rest = {"password": b"sealed", "state": "active", "failures": 0, "created_at": NOW}
        async with first.transaction(bank.tenant) as db:
            await _put(db, "calendar_accounts", mine | {"id": account} | new | rest)
            if kind == "own":
                own = mine | {"account_id": account, "counter": 0, "generation": 0}
                await _put(db, "own_calendars", own)
    await _go(first, "0001")
    (kept,) = await _rows(first, bank.tenant, "calendar_accounts", id=UUID, url=str)

    assert (was.url, was.kind, was.auth, was.address) == (
        "https://dav.example",
        "caldav",
        "basic",
        None,
    )
    assert (kept.id, kept.url) == (was.id, was.url)


async def test_tenants_stay_apart_in_what_was_carried_over(owned: str) -> None:
    """On PostgreSQL a tenant sees their own rows only, and nobody sees all, the owner neither."""
    database = Database(owned)
    await _go(database, "0001")
    banks = [await _fill(database), await _fill(database)]

    await _go(database, "head")

    rebuilt = ("meeting_types", "schedules", "bookings", "booking_steps", "claims", "event_links")
    for name in (*rebuilt, "calendar_accounts", "calendar_collections", "advisors"):
        for bank in banks:
            rows = await _rows(database, bank.tenant, name, tenant_id=UUID)
            assert {row.tenant_id for row in rows} == {uuid_of(bank.tenant)}, name
        async with database.reading() as db:
            assert (await db.scalar(text(f"SELECT count(*) FROM {name}"))) == 0, name  # noqa: S608  # our own names
    await database.close()


# --- and back ------------------------------------------------------------------------------------


async def test_the_way_back_makes_the_first_tables_on_sqlite(tmp_path: Path) -> None:
    """Down from the engine's tables, tables, indexes and triggers are as they were at first."""
    database = Database(f"sqlite:///{tmp_path}/back.db")
    await _go(database, "0001")
    before = await _shape(database)
    await _go(database, "head")
    assert await _shape(database) != before

    await _go(database, "0001")

    assert await _shape(database) == before
    await database.close()


def test_the_way_back_makes_the_first_tables_on_postgresql(empty: str) -> None:
    """Likewise, down to the policies."""

    async def go(revision: str) -> None:
        database = Database(empty)
        await _go(database, revision)
        await database.close()

    asyncio.run(go("0001"))
    before = dump(empty)
    asyncio.run(go("head"))
    assert dump(empty) != before

    asyncio.run(go("0001"))

    assert dump(empty) == before


async def test_there_and_back_again_keeps_what_the_first_tables_held(first: Database) -> None:
    """Up and down, every row reads as before, but for holds and what hours look like."""
    bank = await _fill(first)
    kept = {
        "locations": {"id": UUID, "slug": str, "name": str, "address": str, "timezone": str},
        "advisors": {"id": UUID, "name": str, "languages": list, "locations": list},
        "meeting_types": {
            "id": UUID,
            "slug": str,
            **dict.fromkeys(("name", "description"), dict),
            **dict.fromkeys(("channels", "advisors", "locations"), list),
            **dict.fromkeys(("duration", "step", "notice", "window_days"), int),
            **dict.fromkeys(("buffer_before", "buffer_after"), int),
            "form": str,
            "updated_at": datetime,
        },
        "bookings": {
            **dict.fromkeys(("id", "meeting_type_id", "advisor_id", "location_id"), UUID),
            **dict.fromkeys(("customer_id",), UUID),
            "participants": list,
            **dict.fromkeys(("starts_at", "ends_at", "created_at"), datetime),
            **dict.fromkeys(("channel", "local_start", "timezone", "tzdata", "language"), str),
            **dict.fromkeys(("state", "uid", "cancelled_by", "reason"), str),
            **dict.fromkeys(("sequence", "generation"), int),
            "assignment": dict,
        },
    }
    before = {name: await _rows(first, bank.tenant, name, **kept[name]) for name in kept}
    await _go(first, "head")

    await _go(first, "0001")

    for name, rows in before.items():
        assert sorted(await _rows(first, bank.tenant, name, **kept[name]), key=_first) == sorted(
            rows, key=_first
        )
    links = await _rows(first, bank.tenant, "event_links", booking_id=UUID, base_ics=bytes)
    assert links == [(uuid_of(bank.booked), b"BEGIN:VCALENDAR")]
    claims = await _rows(first, bank.tenant, "claims", booking_id=UUID, starts_at=datetime)
    assert {row.booking_id for row in claims} == {uuid_of(bank.booked), uuid_of(bank.cancelled)}
    await _refuses_overlaps(first, bank)


def _first(row: Row[Any]) -> Any:
    return row[0]


async def test_the_way_back_keeps_the_nearest_that_the_first_tables_know(first: Database) -> None:
    """One schedule, the first tables' languages and grounds, and time that stays taken."""
    bank = await _fill(first)
    await _go(first, "head")
    seated = sorted(new_id("bkg", NOW) for _ in range(3))
    async with first.transaction(bank.tenant) as db:
        await _use_all_of_the_engine(db, bank, seated)

    await _go(first, "0001")

    schedules = await _rows(first, bank.tenant, "schedules", id=UUID, weekly=list)
    assert [row.id for row in schedules] == [uuid_of(bank.schedule)]
    assert schedules[0].weekly == [{"day": "mon", "start": "20:00", "end": "09:00"}]
    advisors = await _rows(first, bank.tenant, "advisors", id=UUID, languages=list)
    assert {row.id: row.languages for row in advisors} == {
        uuid_of(bank.advisor): ["en"],
        uuid_of(bank.other): ["nl", "en"],
    }
    bookings = await _rows(first, bank.tenant, "bookings", id=UUID, assignment=dict)
    decisions = {row.id: row.assignment for row in bookings}
    assert decisions[uuid_of(bank.booked)] == {
        "advisor": bank.advisor,
        "ground": "first",
        "considered": [{"advisor": bank.advisor, "day": 0, "week": 0}],
    }
    assert decisions[uuid_of(seated[1])]["considered"] == []
    claims = await _rows(first, bank.tenant, "claims", booking_id=UUID, resource_id=UUID)
    room, session = (row for row in claims if row.resource_id != uuid_of(bank.advisor))
    assert {room.booking_id, session.booking_id} == {uuid_of(bank.booked), uuid_of(seated[1])}
    links = await _rows(first, bank.tenant, "event_links", booking_id=UUID, href=str)
    assert [row.href for row in links] == [f"/{bank.booked}.ics"]
    await _go(first, "head")
    assert len(await _all(first, bank.tenant, tables.bookings)) == 5


async def _use_all_of_the_engine(db: AsyncConnection, bank: _Bank, seated: Sequence[Id]) -> None:
    """Put on file what only the engine's tables hold; the first of the seated has cancelled."""
    mine = {"tenant_id": bank.tenant}
    night = [WeeklyRange(day="mon", start="20:00", end="09:00", overnight=True)]
    await db.execute(update(tables.schedules).values(weekly=night))
    await db.execute(
        insert(tables.schedules).values(
            id="sch_00000000000000000000000000",
            advisor_id=bank.advisor,
            name="evenings",
            timezone="Europe/Amsterdam",
            weekly=[],
            overrides=[],
            updated_at=NOW,
            **mine,
        )
    )
    await db.execute(
        update(tables.advisors)
        .where(tables.advisors.c.id == bank.advisor)
        .values(languages=["en", "fr"], skills=["mortgages"])
    )
    fair = Decision(
        advisor=bank.advisor,
        ground="fairness",
        considered=[Candidate(advisor=bank.advisor, effort=60)],
    )
    interpreter = Decision(
        advisor=bank.other, ground="only-one-free", considered=[], role="interpreter"
    )
    await db.execute(
        update(tables.bookings)
        .where(tables.bookings.c.id == bank.booked)
        .values(
            assignment=[interpreter, fair],
            colleagues=[Colleague(role="interpreter", advisor_id=bank.other)],
        )
    )
    session = new_id("ses", NOW)
    await db.execute(
        insert(tables.sessions).values(
            id=session,
            meeting_type_id=bank.kind,
            channel="video",
            starts_at=NOW + 600 * MINUTE,
            ends_at=NOW + 645 * MINUTE,
            seats=8,
            advisor_id=bank.other,
            colleagues=[],
            resources=[],
            assignment=[],
            created_at=NOW,
            **mine,
        )
    )
    for number, booking in enumerate(seated):
        state = "confirmed" if number else "cancelled"
        row = _booking_row(bank, booking, state=state, assignment=[])
        await _put(db, "bookings", row | {"session_id": uuid_of(session)})
        await db.execute(
            insert(tables.seats).values(
                session_id=session, number=number, booking_id=booking, **mine
            )
        )
    room = uuid_of(new_id("res", NOW))
    await _put(db, "claims", _claim_row(bank, resource_id=room, booking_id=uuid_of(bank.booked)))
    await _put(
        db,
        "claims",
        _claim_row(bank, resource_id=uuid_of(bank.other), session_id=uuid_of(session)),
    )
    await db.execute(
        insert(event_links).values(
            booking_id=bank.booked,
            advisor_id=bank.other,
            collection_id=bank.collection,
            href="/colleague.ics",
            uid="colleague",
            state="written",
            sequence=0,
            asked=False,
            failures=0,
            **mine,
        )
    )


# --- hours mean what they meant ------------------------------------------------------------------

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 30, 59)))
_RANGES = st.fixed_dictionaries({"start": _CLOCKS, "end": _CLOCKS | st.just("24:00")})
_WEEKLY = st.fixed_dictionaries(
    {"day": st.sampled_from(_DAYS), "start": _CLOCKS, "end": _CLOCKS | st.just("24:00")}
)


def _week(*ranges: str) -> list[dict[str, Any]]:
    return [dict(zip(("day", "start", "end"), entry.split(), strict=True)) for entry in ranges]


def _meant(entry: dict[str, Any]) -> range:
    """Return the minutes that the first rules gave a range: an end not after its start is later."""
    start, end = (int(entry[key][:2]) * 60 + int(entry[key][3:]) for key in ("start", "end"))
    return range(start, end if end > start else end + 1440)


@given(st.lists(_WEEKLY, max_size=8))
@example(_week("sun 22:00 06:00", "mon 05:00 12:00"))
@example(_week("sun 12:00 11:00", "mon 02:00 03:00", "mon 10:00 12:00"))
@example(_week("sun 12:00 11:00", "mon 02:00 03:00"))
def test_weekly_hours_mean_the_same_and_can_be_read(weekly: list[dict[str, Any]]) -> None:
    """Whatever hours the first rules took, today's take them, for the same minutes of the week."""
    sound = engine_tables.sound_week(weekly)

    def minutes(entries: list[dict[str, Any]]) -> set[int]:
        return {
            (_DAYS.index(entry["day"]) * 1440 + minute) % (7 * 1440)
            for entry in entries
            for minute in _meant(entry)
        }

    assert minutes(sound) == minutes(weekly)
    require_sound_hours(msgspec.convert(sound, list[WeeklyRange]), [])
    assert engine_tables.sound_week(sound) == sound


@given(st.lists(_RANGES, max_size=6))
def test_hours_of_a_date_mean_the_same_and_can_be_read(ranges: list[dict[str, Any]]) -> None:
    """The same for the hours of one date."""
    sound = engine_tables.sound_date(ranges)

    def minutes(entries: list[dict[str, Any]]) -> set[int]:
        return {minute for entry in entries for minute in _meant(entry)}

    assert minutes(sound) == minutes(ranges)
    override = Override(date=date(2026, 12, 24), ranges=msgspec.convert(sound, list[TimeRange]))
    require_sound_hours([], [override])
    assert engine_tables.sound_date(sound) == sound


@given(st.lists(_WEEKLY, max_size=3))
def test_sound_weekly_hours_stay_as_they_were_written(weekly: list[dict[str, Any]]) -> None:
    """Hours that today's rules take as they are are left alone, their order too."""
    try:
        require_sound_hours(msgspec.convert(weekly, list[WeeklyRange]), [])
    except Invalid:
        assert engine_tables.sound_week(weekly) != weekly
    else:
        assert engine_tables.sound_week(weekly) == weekly
