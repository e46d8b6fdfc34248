"""An advisor with a real calendar server, and the calendar program they use on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import convert, structs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars.model import Account, ConnectInput
from booking.calendars.tables import calendar_objects
from booking.hours import WeeklyRange
from booking.model import Booking, BookingInput
from booking.organisation import AdvisorInput, MeetingTypeInput, ScheduleInput
from booking.schedule import epoch, from_epoch
from booking.sync import Calendars
from booking.taken import Question, Taken
from booking.taken_store import read_taken
from kernel.clock import FixedClock
from kernel.crypto import Keyring, Secret
from kernel.database import Database
from kernel.ids import Id, new_id, uuid_of
from kernel.outgoing import Guard
from kernel.tables import events, work
from kernel.tenancy import TenantSettings, change_tenant
from kernel.work import Worker
from tests.services.radicale import PASSWORDS, Radicale

USER = "sanne"
COLLEAGUE = "bart"


@pytest.fixture(scope="session")
def radicale_process() -> Iterator[Radicale]:
    """One server for the whole run."""
    server = Radicale()
    yield server
    server.remove()


@pytest.fixture
def radicale(radicale_process: Radicale) -> Iterator[Radicale]:
    """The server, with one empty calendar."""
    radicale_process.start_again()
    radicale_process.make_calendar(USER, "werk")
    yield radicale_process
    radicale_process.start_again()
    radicale_process.empty(USER)
    radicale_process.empty(COLLEAGUE)


class Desk:
    """One advisor's side of the house: our software, and their own calendar.

    Attributes:
        user: Who they are at the calendar server.
    """

    def __init__(
        self, database: Database, clock: FixedClock, tenant: Id, radicale: Radicale, advisor: Id
    ) -> None:
        self.database = database
        self.clock = clock
        self.tenant = tenant
        self.radicale = radicale
        self.advisor = advisor
        self.user = USER
        self.werk = f"{radicale.url}{USER}/werk/"
        guard = Guard([f"127.0.0.1:{radicale.port}"])
        keyring = Keyring(Secret("a secret key for tests, long enough"))
        self.calendars = Calendars(database, clock, keyring, guard, "https://bank.example")
        self.worker = Worker(database, clock, effects={}, errands=self.calendars.errands())

    async def connect(self) -> Account:
        """Connect the advisor's account."""
        data = ConnectInput(
            advisor=self.advisor,
            url=self.radicale.url,
            username=self.user,
            password=PASSWORDS[self.user],
        )
        return await self.calendars.connect(self.tenant, data)

    def beside(self, advisor: Id, user: str) -> "Desk":
        """Return the desk of a colleague in the same house, with a calendar of their own."""
        desk = copy(self)
        desk.advisor, desk.user = advisor, user
        desk.werk = self.radicale.make_calendar(user, "werk")
        return desk

    async def hire(self, name: str) -> Id:
        """Put somebody on file who works on weekdays from nine to five."""
        async with self.database.transaction(self.tenant) as db:
            return await _hire(db, self.tenant, name, now=self.clock.now())

    async def give(self, slug: str = "hypotheek", **more: Any) -> None:
        """Let the advisor give a kind of meeting."""
        kind = {
            "slug": slug,
            "name": {"nl": "Hypotheekgesprek", "en": "Mortgage meeting"},
            "channels": ["video"],
            "advisors": [self.advisor],
        }
        async with self.database.transaction(self.tenant) as db:
            await service.apply_meeting_type(
                db,
                self.tenant,
                convert(kind | more, MeetingTypeInput),
                now=self.clock.now(),
            )

    async def settle(self, **changes: Any) -> None:
        """Change what the organisation decided."""
        settings = structs.replace(TenantSettings(), **changes)
        async with self.database.transaction() as db:
            await change_tenant(db, self.tenant, name=None, settings=settings)

    async def book(self, start: datetime) -> Booking:
        """Book a meeting, and let what follows happen."""
        data = BookingInput(
            meeting_type="hypotheek",
            start=start,
            timezone="Europe/Amsterdam",
            channel="video",
            language="nl",
        )
        async with self.database.transaction(self.tenant) as db:
            booking = await service.book(
                db, self.tenant, data, customer=new_id("cus", start), now=self.clock.now()
            )
        await self.worker.run_due()
        return booking

    async def booking(self, booking: Id) -> Booking:
        """Return a booking as it stands."""
        async with self.database.reading(self.tenant) as db:
            return await service.get_booking(db, self.tenant, booking)

    async def pass_time(self, step: timedelta) -> None:
        """Let time go by, and do what becomes due."""
        self.clock.advance(step)
        await self.worker.run_due()

    async def busy(self) -> list[tuple[str, str]]:
        """Return when the advisor's calendars keep them busy, in UTC."""
        now = self.clock.now()
        far = timedelta(days=400)
        taken = await self.taken(now - far, now + far)
        return [
            (f"{from_epoch(start):%d-%m %H:%M}", f"{from_epoch(end):%d-%m %H:%M}")
            for start, end in sorted(taken.busy.get(uuid_of(self.advisor), ()))
        ]

    async def taken(self, start: datetime, end: datetime) -> Taken:
        """Return what whoever takes a time reads of the advisor."""
        now = self.clock.now()
        question = Question(
            people=[self.advisor],
            start=epoch(start),
            end=epoch(end),
            kind=new_id("mty", now),
            effort=(epoch(start), epoch(end)),
        )
        async with self.database.reading(self.tenant) as db:
            return await read_taken(db, self.tenant, question, now=now)

    async def troubles(self) -> list[tuple[str, Id | None]]:
        """Return what the advisor was asked to look at."""
        async with self.database.reading(self.tenant) as db:
            rows = await db.execute(
                select(events.c.payload)
                .where(events.c.kind == "calendar.trouble")
                .order_by(events.c.id)
            )
            return [(row.payload["code"], row.payload["booking"]) for row in rows]

    async def etags(self) -> list[str]:
        """Return the etags of all that is known of the advisor's calendars."""
        async with self.database.reading(self.tenant) as db:
            rows = await db.execute(select(calendar_objects.c.etag))
            return sorted(row.etag for row in rows)

    async def waiting(self, queue: str) -> list[datetime]:
        """Return when waiting work of a queue is due."""
        async with self.database.reading() as db:
            rows = await db.execute(
                select(work.c.due_at).where(work.c.queue == queue, work.c.state == "ready")
            )
            return [row.due_at for row in rows]

    def entry(self, booking: Booking) -> str:
        """Return a booking's entry as the advisor's calendar program gets it."""
        return self.radicale.get(self.user, self.url(booking))

    def url(self, booking: Booking) -> str:
        """Return where a booking's entry stands."""
        return f"{self.werk}{booking.id}.ics"

    def put(self, name: str, body: str) -> None:
        """Write an event as the advisor's calendar program would."""
        self.radicale.put(self.user, f"{self.werk}{name}.ics", body)

    def remove(self, name: str) -> None:
        """Remove an event as the advisor's calendar program would."""
        self.radicale.delete(self.user, f"{self.werk}{name}.ics")

    def names(self) -> list[str]:
        """Return the file names of what stands in the advisor's calendar."""
        return self.radicale.names(self.user, self.werk)

    def edit(self, booking: Booking, old: str, new: str) -> None:
        """Change a booking's entry as the advisor's calendar program would."""
        before = self.entry(booking)
        assert old in before
        self.radicale.put(self.user, self.url(booking), before.replace(old, new))


@pytest.fixture
async def desk(database: Database, clock: FixedClock, tenant: Id, radicale: Radicale) -> Desk:
    """An advisor who works on weekdays from nine to five, and gives one kind of meeting."""
    async with database.transaction(tenant) as db:
        advisor = await _hire(db, tenant, "Sanne", now=clock.now())
    desk = Desk(database, clock, tenant, radicale, advisor)
    await desk.give()
    return desk


async def _hire(db: AsyncConnection, tenant: Id, name: str, *, now: datetime) -> Id:
    advisor = await service.add_advisor(
        db,
        tenant,
        AdvisorInput(name=name, email=f"{name.lower()}@bank.example", timezone="Europe/Amsterdam"),
        now=now,
    )
    hours = [WeeklyRange(day=day, start="09:00", end="17:00") for day in _WEEKDAYS]
    schedule = ScheduleInput(timezone="Europe/Amsterdam", weekly=hours)
    await service.set_schedule(db, tenant, advisor.id, schedule, now=now)
    return advisor.id


_WEEKDAYS: tuple[Any, ...] = ("mon", "tue", "wed", "thu", "fri")


def event(uid: str, start: str, end: str, *more: str) -> str:
    """Return an event; *start* and *end* are whole properties' tails, such as ``:20261201T…``."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//Test//EN", "BEGIN:VEVENT"]
    lines += [f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"DTSTART{start}"]
    lines += [f"DTEND{end}"] if end else []
    return "\r\n".join([*lines, *more, "END:VEVENT", "END:VCALENDAR", ""])


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Run a server that gives everybody the same answer; yield its port and what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked
