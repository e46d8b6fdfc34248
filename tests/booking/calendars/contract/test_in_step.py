"""Two sides change one calendar at random, on every real server; both know the same afterwards."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import pytest

from booking import service
from booking.calendars.model import ConnectInput
from booking.model import Booking
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.ids import Id
from tests.booking.calendars.conftest import Desk, event
from tests.booking.calendars.contract.conftest import USER, Place
from tests.services.dav import PASSWORDS

DAYS = [datetime(2026, 12, day, tzinfo=UTC) for day in (1, 2, 3, 4, 7, 8, 9, 10, 11)]
TIMES = [day + timedelta(hours=hour) for day in DAYS for hour in (8, 10, 13)]
HOUR = timedelta(hours=1)


class Model:
    """Both sides, and what each of them should know.

    Attributes:
        theirs: The advisor's own events: when they begin, by file name.
        booked: The bookings that stand, by id.
    """

    def __init__(self, desk: Desk, place: Place, random: Random) -> None:
        self.desk = desk
        self.place = place
        self.random = random
        self.theirs: dict[str, datetime] = {}
        self.booked: dict[Id, Booking] = {}
        self.made = 0

    def free(self) -> datetime:
        """Return a time that neither side has taken."""
        taken = {*self.theirs.values(), *(each.start for each in self.booked.values())}
        return self.random.choice([each for each in TIMES if each not in taken])

    def write(self, name: str, start: datetime) -> None:
        """Let the advisor write an event of their own."""
        self.made += 1
        times = (f":{each:%Y%m%dT%H%M%SZ}" for each in (start, start + HOUR))
        self.place.put(name, event(name.partition(".")[0], *times, f"SUMMARY:{self.made}"))
        self.theirs[name] = start

    async def step(self) -> None:
        """Let one side do one thing."""
        does = self.random.choice(
            ["write", "move", "delete", "book", "book", "reschedule", "cancel"]
        )
        own = sorted(set(self.theirs) - {"always.ics"})
        bookings = sorted(self.booked)
        if does == "write" or (does in {"move", "delete"} and not own):
            self.write(f"own{self.made}.ics", self.free())
        elif does == "move":
            self.write(self.random.choice(own), self.free())
        elif does == "delete":
            name = self.random.choice(own)
            self.place.delete(name)
            del self.theirs[name]
        elif does == "book" or not bookings:
            await self.read()  # so that we know what the advisor did before somebody books
            booking = await self.desk.book(self.free())
            self.booked[booking.id] = booking
        else:
            await self.change(does, self.random.choice(bookings))

    async def change(self, does: str, booking: Id) -> None:
        """Let a customer move their booking, or call it off."""
        await self.read()
        desk = self.desk
        async with desk.database.transaction(desk.tenant) as db:
            now = desk.clock.now()
            if does == "reschedule":
                self.booked[booking] = await service.reschedule(
                    db, desk.tenant, booking, self.free(), now=now, by="customer"
                )
            else:
                await service.cancel(db, desk.tenant, booking, reason=None, now=now, by="customer")
                del self.booked[booking]
        await desk.worker.run_due()

    async def read(self) -> None:
        """Let us read the calendar, as happens every minute."""
        await self.desk.pass_time(timedelta(minutes=2))

    async def agree(self) -> None:
        """Compare what both sides know.

        Raises:
            AssertionError: They differ.
        """
        await self.read()
        busy = [(f"{t:%d-%m %H:%M}", f"{t + HOUR:%d-%m %H:%M}") for t in self.theirs.values()]
        assert await self.desk.busy() == sorted(busy, key=lambda span: (span[0][3:5], span))
        entries = {f"{each.id}.ics": each for each in self.booked.values()}
        assert self.place.names() == sorted([*self.theirs, *entries])
        for name, booking in entries.items():
            entry = self.place.get(name)
            assert f"DTSTART:{booking.start.astimezone(UTC):%Y%m%dT%H%M%SZ}" in entry
            assert entry.count("BEGIN:VEVENT") == 1
        assert await self.desk.troubles() == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the servers differ here
async def test_both_sides_know_the_same_whatever_they_do(
    database: Database, clock: FixedClock, tenant: Id, place: Place, randomly_seed: int
) -> None:
    """No event is lost, doubled or seen twice, and our busy times are those of the calendar."""
    desk = Desk(database, clock, tenant, cast("Any", place.dav), cast("Any", None))
    desk.werk = place.url
    desk.advisor = await desk.hire("Sanne")
    await desk.give()
    model = Model(desk, place, Random(randomly_seed))  # noqa: S311  # not a secret
    model.write("always.ics", TIMES[0])
    data = ConnectInput(
        advisor=desk.advisor, url=place.url, username=USER, password=PASSWORDS[USER]
    )
    await desk.calendars.connect(tenant, data)

    for _ in range(4):
        for _ in range(5):
            await model.step()
        await model.agree()


@pytest.fixture
def randomly_seed(request: pytest.FixtureRequest) -> int:
    """The seed of this run, which pytest prints and takes with ``--randomly-seed``."""
    return int(request.config.getoption("randomly_seed", 0) or 0)
