"""What sealing costs, beside the same rows in plain.

``python -m bench.vault [--json]``. Of a customer 500 things are known. Reading them all, as a brief
does, and adding one is measured with the room's own statements on SQLite; the reference is the same
over a table that holds the values as they are. The ratio is what part of our cost the
plain one has. One field by itself stands beside the encoding that either needs.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

import msgspec
from msgspec import structs
from sqlalchemy import Column, Integer, String, Table, Uuid, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.reporting import Row, cost, report, row, wants_json
from context import store
from context.facts import append
from context.model import CustomerInput, Fact, FactInput
from context.sealing import open_value, seal_value
from context.service import identify
from kernel.crypto import Keyring, Secret
from kernel.database import Database, IdType, JsonOf, UtcDateTime, convert_row, metadata
from kernel.ids import Id, new_id, uuid_of
from kernel.people import PersonName
from kernel.tenancy import TenantSettings, create_tenant
from kernel.vault import Cipher

_KNOWN: Final = 500
_ROUNDS: Final = 40
_NOW: Final = datetime(2026, 11, 30, 8, tzinfo=UTC)

plain_facts: Final = Table(
    "plain_facts",
    metadata,
    Column("tenant_id", IdType("ten"), primary_key=True),
    Column("id", IdType("fct"), primary_key=True),
    Column("customer_id", Uuid),
    Column("position", Integer),
    *(Column(name, String) for name in ("path", "unit", "source", "channel", "actor", "form")),
    *(Column(name, UtcDateTime) for name in ("said_at", "recorded_at")),
    Column("value", JsonOf(str)),
    Column("booking", IdType("bkg")),
    Column("supersedes", IdType("fct")),
)


def main() -> None:
    """Run all of it and print the table."""
    as_json = wants_json("bench.vault", "Measure what sealing costs.")
    with tempfile.TemporaryDirectory(prefix="spreekuur-bench-") as folder:
        rows = asyncio.run(_measure(Path(folder)))
    report("vault", [*_one_field(), *rows], as_json=as_json)


def _one_field() -> list[Row]:
    cipher, fact = Cipher(bytes(32), "ten|cus"), new_id("fct", _NOW)
    sealed, encoded = seal_value(cipher, fact, "64000.00"), msgspec.json.encode("64000.00")
    return [
        row(
            "one field, sealed",
            cost(lambda: seal_value(cipher, fact, "64000.00")) * 1000,
            cost(lambda: msgspec.json.encode("64000.00")) * 1000,
            "µs",
        ),
        row(
            "one field, opened",
            cost(lambda: open_value(cipher, fact, sealed)) * 1000,
            cost(lambda: msgspec.json.decode(encoded)) * 1000,
            "µs",
        ),
    ]


async def _measure(folder: Path) -> list[Row]:
    keyring = Keyring(Secret("a secret key for measuring, long enough"))
    database = Database(f"sqlite:///{folder / 'bench.db'}", keyring=keyring)
    async with database.transaction() as db:
        await db.run_sync(metadata.create_all)
        tenant = (
            await create_tenant(db, slug="bank", name="Bank", settings=TenantSettings(), now=_NOW)
        ).id
        introduced = CustomerInput(name=PersonName(surname="Vries"), email="anna@example.org")
        customer = (await identify(db, tenant, introduced, now=_NOW)).id
        said = append([], (_said(number) for number in range(_KNOWN)), now=_NOW)
        await store.add_facts(db, tenant, customer, said, now=_NOW)
        await _add_plain(db, tenant, customer, said)
    reading, adding = [], []
    for number in range(_ROUNDS):
        (new,) = append(said, [_said(number)], now=_NOW)
        async with database.transaction(tenant) as db:
            begun = process_time()
            assert len(await store.facts_of(db, tenant, customer)) >= _KNOWN  # noqa: S101  # a bench
            ours = process_time()
            await _plain(db, tenant, customer)
            ended = process_time()
            reading.append((ours - begun, ended - ours))
            begun = process_time()
            await store.add_facts(db, tenant, customer, [new], now=_NOW)
            ours = process_time()
            await _add_plain(db, tenant, customer, [new])
            adding.append((ours - begun, process_time() - ours))
            await db.rollback()
    await database.close()
    return [
        row(name, *(median(each) * 1000 for each in zip(*spent, strict=True)))
        for name, spent in (
            (f"{_KNOWN} facts, read", reading),
            ("one fact, added", adding),
        )
    ]


def _said(number: int) -> FactInput:
    return FactInput(
        path=f"income.part_{number}",
        value="64000.00",
        source="customer",
        channel="web",
        actor="customer",
        said_at=_NOW,
    )


async def _plain(db: AsyncConnection, tenant: Id, customer: Id) -> list[Fact]:
    rows = await db.execute(
        select(plain_facts)
        .where(plain_facts.c.tenant_id == tenant, plain_facts.c.customer_id == uuid_of(customer))
        .order_by(plain_facts.c.position)
    )
    return [convert_row(row, Fact) for row in rows]


async def _add_plain(db: AsyncConnection, tenant: Id, customer: Id, facts: Sequence[Fact]) -> None:
    whose = {"tenant_id": tenant, "customer_id": uuid_of(customer)}
    await db.execute(insert(plain_facts), [whose | structs.asdict(fact) for fact in facts])


if __name__ == "__main__":
    main()
