"""Erasing a customer: nothing of them is found anywhere afterwards, and the receipt proves it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import make_url, text, update

import booking.service
import context.service
from api import erasing
from api.erasing import ErasureInput, MeetingAhead
from booking.calendars.model import ConnectInput
from booking.calendars.tables import calendar_objects
from context import erasing as holds
from context.erasure import HoldInput
from context.errors import CustomerHeld, CustomerUnknown, ErasureUnknown
from context.model import CustomerInput, FactInput, Source
from context.tables import erasures
from kernel.clock import FixedClock
from kernel.database import metadata
from kernel.ids import Id
from kernel.people import PersonName
from tests.api.console_world import ANSWERS, World, at, open_world
from tests.services.processes import latest_postgres, need

MARKERS = {
    name: f"zq{name}qz"
    for name in (
        "given",
        "surname",
        "partner",
        "mail",
        "words",
        "address",
        "remarks",
        "advisor",
        "reason",
        "crm",
        "noted",
    )
}
"""A word for each place where something personal is written."""

PHONE = "+31 6 7788 9911"
INCOME = "64321.55"
BY = "key_of_a_test"


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(database_url, tmp_path, clock) as opened:
        yield opened


class Drill:
    """A customer with something personal in every place, and a bystander."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenant = world.bank.tenant.id
        self.customer: Id = ""
        self.bystander: Id = ""

    async def plant(self) -> None:
        """Write a marker everywhere: past and cancelled meetings, answers, notes, mails."""
        world = self.world
        name = PersonName(
            given=MARKERS["given"],
            surname=MARKERS["surname"],
            partner_surname=MARKERS["partner"],
        )
        mail = f"{MARKERS['mail']}@example.org"
        own = ConnectInput(advisor=world.bank.advisor, kind="own")
        account = await world.house.calendars.connect(self.tenant, own)
        meeting = await world.meeting(at(10, day=1), name=name, email=mail)
        off = await world.meeting(at(12, day=1), name=name, email=mail)
        other = await world.meeting(at(14, day=1), email="bram@example.org")
        self.customer, self.bystander = meeting.customer_id, other.customer_id
        answers = ANSWERS | {
            "goal.words": f"Wij {MARKERS['words']} graag",
            "property.address": f"Straat {MARKERS['address']} 12",
            "remarks": f"Let op {MARKERS['remarks']}",
            "income.gross_year": INCOME,
        }
        now = world.now()
        async with world.house.database.transaction(self.tenant) as db:
            await context.service.identify(
                db, self.tenant, CustomerInput(name=name, email=mail, phone=PHONE), now=now
            )
            for booked in (meeting.id, other.id):
                await context.service.save_answers(
                    db,
                    self.tenant,
                    booked,
                    answers if booked == meeting.id else ANSWERS,
                    submit=True,
                    language="nl",
                    now=now,
                )
            sources: tuple[tuple[str, Source], ...] = (("note", "advisor"), ("import", "crm"))
            for path, source in sources:
                said = FactInput(
                    path=f"{path}.words",
                    value=MARKERS["advisor" if path == "note" else "crm"],
                    source=source,
                    channel="phone",
                    actor="adv",
                    said_at=now,
                )
                await context.service.record_fact(db, self.tenant, self.customer, said, now=now)
            await context.service.set_consent(
                db,
                self.tenant,
                self.customer,
                "rate-notices",
                given=True,
                language="nl",
                channel="web",
                now=now,
            )
            await booking.service.cancel(
                db, self.tenant, off.id, reason=f"Ziek: {MARKERS['reason']}", now=now, by="customer"
            )
        await world.mail()
        await world.house.calendars.sync(self.tenant, account.id)
        async with world.house.database.transaction(self.tenant) as db:
            noted = update(calendar_objects).where(calendar_objects.c.booking_id == meeting.id)
            changed = await db.execute(noted.values(raw=MARKERS["noted"].encode()))
            assert changed.rowcount == 1

    async def erase(self, *, cancel_meetings: bool = True) -> erasing.SignedReceipt:
        """Erase the customer."""
        async with self.world.house.database.transaction(self.tenant) as db:
            return await erasing.erase(
                db,
                self.tenant,
                self.customer,
                ErasureInput(cancel_meetings=cancel_meetings),
                now=self.world.now(),
                by=BY,
            )

    async def stored(self) -> bytes:
        """Return all that the database holds, every way it can be read."""
        url = make_url(self.world.house.settings.database)
        rows: list[Any] = []
        async with self.world.house.database.reading(self.tenant) as db:
            for table in metadata.sorted_tables:
                rows += [tuple(row) for row in await db.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608  # our own names
        seen = repr(rows).encode()
        if url.get_backend_name() == "sqlite":
            folder = Path(str(url.database)).parent
            files = folder.glob(f"{Path(str(url.database)).name}*")
            return seen + b"".join(path.read_bytes() for path in files)
        owner = url.set(username="owner").render_as_string(hide_password=False)
        return seen + await asyncio.to_thread(_dump, owner)


def _dump(url: str) -> bytes:
    program = need("pg_dump", "postgresql", folders=latest_postgres())
    return subprocess.run([program, url], check=True, capture_output=True).stdout  # noqa: S603  # our own program


@pytest.fixture
async def drill(world: World) -> Drill:
    """The customer, and everything they left."""
    made = Drill(world)
    await made.plant()
    return made


def _personal() -> list[bytes]:
    return [each.encode() for each in (*MARKERS.values(), PHONE, INCOME)]


async def test_what_people_said_is_sealed_where_it_stands(drill: Drill) -> None:
    """Before anybody is erased, only what staff wrote beside a meeting can be read in the rows."""
    async with drill.world.house.database.transaction(drill.tenant) as db:
        known = await erasing.export(db, drill.tenant, drill.customer, now=drill.world.now(), by=BY)
    exported = msgspec.json.encode(known)
    stored = await drill.stored()

    # They were planted, or else nothing would be shown by not finding them.
    missing = [each for each in _personal() if each not in exported and each in stored]
    assert missing == [MARKERS["noted"].encode()]
    assert [each for each in _personal() if each not in exported and each not in stored] == []
    assert [each for each in _personal() if each in stored] == [
        MARKERS["reason"].encode(),
        MARKERS["noted"].encode(),
    ]


async def test_nothing_is_found_of_whoever_was_erased(drill: Drill) -> None:
    """Not a marker in the database, its file or its dump; and the receipt holds true."""
    made = await drill.erase()
    await drill.world.mail()
    stored = await drill.stored()

    assert [each for each in _personal() if each in stored] == []
    async with drill.world.house.database.reading(drill.tenant) as db:
        again = await erasing.receipt_of(db, drill.tenant, drill.customer)
        with pytest.raises(CustomerUnknown):
            await context.service.get_customer(db, drill.tenant, drill.customer)
        assert await context.service.facts_of(db, drill.tenant, drill.customer) == []
        assert await context.service.facts_of(db, drill.tenant, drill.bystander) != []
    assert (made.true, again) == (True, made)
    counts = made.receipt.counts
    assert (counts["bookings_kept"], counts["meetings_cancelled"], counts["reasons"]) == (2, 1, 1)
    assert (counts["facts"] > 10, counts["messages_emptied"] > 0) == (True, True)
    assert all(each not in msgspec.json.encode(made) for each in _personal())


async def test_whoever_was_erased_hears_nothing_more(drill: Drill) -> None:
    """That their meeting was called off is told to nobody whose address is not known any more."""
    before = {mail.id for mail in await drill.world.mail()}
    await drill.erase()
    after = await drill.world.mail()

    told = [mail for mail in after if mail.id not in before]
    assert [mail for mail in told if MARKERS["mail"] in mail.to] == []


async def test_somebody_who_comes_back_is_new(drill: Drill) -> None:
    """The same name and address is another customer, of whom nothing is known."""
    name = PersonName(given=MARKERS["given"], surname=MARKERS["surname"])
    again = CustomerInput(name=name, email=f"{MARKERS['mail']}@example.org")
    await drill.erase()
    async with drill.world.house.database.transaction(drill.tenant) as db:
        back = await context.service.identify(db, drill.tenant, again, now=drill.world.now())
        known = await context.service.facts_of(db, drill.tenant, back.id)

    assert (back.id != drill.customer, known) == (True, [])


async def test_a_legal_hold_keeps_everything(drill: Drill) -> None:
    """Nothing is erased while it stands; once lifted it no longer stands in the way."""
    data, now = HoldInput(reason="Klacht bij het Kifid"), drill.world.now()
    async with drill.world.house.database.transaction(drill.tenant) as db:
        hold = await holds.place_hold(db, drill.tenant, drill.customer, data, now=now, by=BY)
    before = await _rows(drill)

    with pytest.raises(CustomerHeld):
        await drill.erase()
    assert await _rows(drill) == before

    async with drill.world.house.database.transaction(drill.tenant) as db:
        await holds.lift_hold(db, drill.tenant, drill.customer, hold.id, now=now, by=BY)
    assert (await drill.erase()).true


async def test_a_meeting_to_come_is_called_off_only_if_asked(drill: Drill) -> None:
    """Without it nothing is erased, and it is said which meetings there are."""
    before = await _rows(drill)

    with pytest.raises(MeetingAhead) as refused:
        await drill.erase(cancel_meetings=False)

    assert len(refused.value.extra["bookings"]) == 1
    assert await _rows(drill) == before


async def test_a_receipt_that_was_changed_is_not_true(drill: Drill) -> None:
    """A count that is not what it was, or somebody who is back in the rows: both are noticed."""
    await drill.erase()
    async with drill.world.house.database.transaction(drill.tenant) as db:
        await db.execute(update(erasures).values(counts={"facts": 0}))
        assert not (await erasing.receipt_of(db, drill.tenant, drill.customer)).true
        with pytest.raises(ErasureUnknown):
            await erasing.receipt_of(db, drill.tenant, drill.bystander)


async def test_the_day_still_shows_the_meeting(drill: Drill) -> None:
    """An advisor sees that there was one, and a word in place of the name."""
    drill.world.clock.advance(at(11, day=1) - drill.world.now() + timedelta(minutes=30))
    await drill.erase(cancel_meetings=False)
    async with drill.world.signed_in() as browser:
        day = await browser.get("/console")

    assert day.status_code == 200
    assert "Klant is gewist" in day.text
    assert MARKERS["surname"] not in day.text


async def _rows(drill: Drill) -> list[Any]:
    async with drill.world.house.database.reading(drill.tenant) as db:
        return [
            tuple(row)
            for name in ("customers", "facts", "bookings", "deliveries", "subject_keys")
            for row in await db.execute(text(f"SELECT * FROM {name}"))  # noqa: S608  # our own names
        ]
