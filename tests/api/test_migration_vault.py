"""Customers of an installation that has been at work are sealed where they are, and back again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from msgspec import to_builtins
from sqlalchemy import Connection, Integer, column, table, text, update

from api.migrations import config
from context import service
from kernel import vault
from kernel.crypto import Keyring, Secret
from kernel.database import Database
from kernel.ids import new_id, uuid_of
from kernel.people import PersonName
from notifications.model import SignInFacts
from notifications.store import notices_of
from tests.api.test_migrations import _JSON, _put, empty, first_url, owned
from tests.context.builders import person

__all__ = ["empty", "first_url", "owned"]

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
KEYRING = Keyring(Secret("a secret key for tests, long enough"))
_FACTS = table("facts", column("position", Integer()), column("value", _JSON))
TABLES = ("customers", "facts", "notices", "deliveries")
FACTS = SignInFacts(sign_in=new_id("sgn", NOW))
TENANT = new_id("ten", NOW)
ANNA, BRAM = new_id("cus", NOW), new_id("cus", NOW)


@pytest.fixture
async def before(first_url: str) -> AsyncIterator[Database]:
    """A database as it was before anything was sealed, with two customers."""
    database = Database(first_url, keyring=KEYRING)
    await _go(database, "0007")
    async with database.transaction(TENANT) as db:
        mine = {"tenant_id": uuid_of(TENANT)}
        kind = {"id": uuid_of(TENANT), "slug": "bank", "name": "Bank", "settings": {}}
        await _put(db, "tenants", kind | {"created_at": NOW})
        for number, customer in enumerate((ANNA, BRAM)):
            introduced = person()
            row = {"id": uuid_of(customer), "name": to_builtins(_named(number))}
            keys = {"email_key": introduced.email, "surname_key": f"vries{number}"}
            known = {"email": introduced.email, "phone": "+31 6 1234 5678", "created_at": NOW}
            await _put(db, "customers", mine | row | keys | known)
        for position, value in ((1, "64000.00"), (2, None)):
            said: dict[str, Any] = {
                "path": f"income.{position}",
                "source": "customer",
                "channel": "web",
            }
            when = {"said_at": NOW, "recorded_at": NOW, "actor": "customer"}
            place = {"id": uuid_of(new_id("fct", NOW)), "customer_id": uuid_of(ANNA)}
            first = {"position": position, "value": {}}
            await _put(db, "facts", mine | place | said | when | first)
            await db.execute(
                update(_FACTS).where(_FACTS.c.position == position).values(value=value)
            )
        notice = {"id": uuid_of(new_id("ntc", NOW)), "recipient": ANNA, "kind": "sign-in"}
        told = {"facts": to_builtins(FACTS), "dedup_key": "once", "created_at": NOW}
        await _put(db, "notices", mine | notice | told)
        delivery = {"id": uuid_of(new_id("dlv", NOW)), "notice": notice["id"], "channel": "email"}
        sent = {"state": "sent", "attempts": 1, "subject": "Dag Anna", "text": "Beste Anna Vries0"}
        await _put(db, "deliveries", mine | delivery | sent | {"created_at": NOW})
    yield database
    await database.close()


async def _go(database: Database, revision: str) -> None:
    def go(connection: Connection) -> None:
        back = revision == "0007" and connection.dialect.has_table(connection, "subject_keys")
        (command.downgrade if back else command.upgrade)(config(connection), revision)

    async with database.transaction() as db:
        await db.run_sync(go)


def _named(number: int) -> PersonName:
    return PersonName(given="Anna", surname=f"Vries{number}")


async def test_what_was_on_file_is_sealed(before: Database) -> None:
    """Everybody is known as before, is recognised again, and no word of it stands in the rows."""
    await _go(before, "head")

    async with before.transaction(TENANT) as db:
        anna = await service.get_customer(db, TENANT, ANNA)
        again = await service.identify(db, TENANT, person(name=_named(0)), now=NOW)
        facts = await service.facts_of(db, TENANT, ANNA)
        (told,) = await notices_of(db, TENANT, recipient=ANNA, booking=None)
        seen = str(
            [
                tuple(row)
                for name in TABLES
                for row in await db.execute(text(f"SELECT * FROM {name}"))  # noqa: S608  # our own names
            ]
        )
    assert (anna.name.surname, anna.phone) == ("Vries0", "+31 6 1234 5678")
    assert again.id == ANNA
    assert [(fact.path, fact.value) for fact in facts] == [("income.1", "64000.00")]
    assert (told.facts, told.subject, told.text) == (FACTS, "Dag Anna", "Beste Anna Vries0")
    for word in ("Vries", "Dag Anna", FACTS.sign_in, "64000", anna.email, "1234 5678"):
        assert word not in seen


async def test_the_way_back_opens_it(before: Database) -> None:
    """Down again every row reads as it did, and whoever was erased meanwhile is not there."""
    rows = {name: await _read(before, name) for name in TABLES}
    await _go(before, "head")
    assert await _read(before, "facts") != rows["facts"]
    await _go(before, "0007")
    assert {name: await _read(before, name) for name in rows} == rows

    await _go(before, "head")
    async with before.transaction(TENANT) as db:
        await vault.destroy(db, TENANT, ANNA, now=NOW)
    await _go(before, "0007")

    left = await _read(before, "customers")
    assert [row["surname_key"] for row in left] == ["vries1"]
    assert [await _read(before, name) for name in TABLES[1:]] == [[], [], []]


async def test_nobody_is_sealed_without_a_key(before: Database) -> None:
    """Where there are customers and no key is given, nothing is changed."""
    keyless = Database(before.url)

    with pytest.raises(RuntimeError, match="without keys"):
        await _go(keyless, "head")
    await keyless.close()

    assert [row["email"] for row in await _read(before, "customers")] == ["anna@example.org"] * 2


async def _read(database: Database, name: str) -> list[dict[str, Any]]:
    async with database.reading(TENANT) as db:
        rows = await db.execute(text(f"SELECT * FROM {name} ORDER BY id"))  # noqa: S608  # our own names
        return [dict(row._mapping) for row in rows]  # public, oddly named
