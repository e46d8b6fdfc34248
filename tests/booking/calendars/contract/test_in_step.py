"""Two sides change one calendar at random, on every real server; both know the same afterwards.

The advisor writes, moves and deletes events of their own, drags, annotates and deletes the entries
of bookings; customers book, move and cancel. What we know must then be what the calendar holds,
and what somebody finds who reads it for the first time.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Final

import pytest

from booking.model import Booking
from kernel.clock import Clock, SystemClock
from kernel.database import Database
from kernel.ids import Id
from tests.booking.calendars.conftest import event
from tests.booking.calendars.contract.conftest import Place
from tests.booking.calendars.contract.office import HOUR, Office, drag, edit, open_office
from tests.services.fault_proxy import FaultProxy

ACTS: Final = (  # those that stand twice are done twice as often
    *("write", "write", "move", "delete"),
    *("book", "book", "reschedule", "cancel"),
    *("drag", "annotate", "remove"),
)
NEVER_DELETED: Final = "always.ics"
ROUNDS: Final = 4
STEPS: Final = 5
LONG_ROUNDS: Final = 25
LONG_STEPS: Final = 8

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""The servers differ here, not the databases."""


class Model:
    """Both sides, and what each of them should know.

    Attributes:
        theirs: The advisor's own events: when they begin, by file name.
        booked: The bookings that stand: when they begin, by id.
        notes: What the advisor wrote into the entries of bookings.
        done: How often each act was done.
    """

    def __init__(self, office: Office, times: list[datetime], random: Random) -> None:
        self.office = office
        self.desk = office.desk
        self.place = office.place
        self.times = times
        self.random = random
        self.theirs: dict[str, datetime] = {}
        self.booked: dict[Id, datetime] = {}
        self.notes: dict[Id, list[str]] = {}
        self.done = dict.fromkeys(ACTS, 0)
        self.made = 0
        self._left: set[datetime] = set()

    def free(self) -> datetime:
        """Return a time that neither side has taken, nor left without our knowing it."""
        taken = {*self.theirs.values(), *self.booked.values(), *self._left}
        return self.random.choice([each for each in self.times if each not in taken])

    def own(self) -> str | None:
        """Return one of the advisor's own events, if there are any to change."""
        names = sorted(set(self.theirs) - {NEVER_DELETED})
        return self.random.choice(names) if names else None

    def booking(self) -> Id | None:
        """Return a booking that stands, if any does."""
        return self.random.choice(sorted(self.booked)) if self.booked else None

    def write(self, name: str, start: datetime) -> None:
        """Let the advisor write an event of their own."""
        self.made += 1
        times = (f":{each:%Y%m%dT%H%M%SZ}" for each in (start, start + HOUR))
        self.place.put(name, event(name.partition(".")[0], *times, f"SUMMARY:{self.made}"))
        self.theirs[name] = start

    async def step(self) -> None:
        """Let one side do one thing; what cannot be done makes room for what can."""
        does = self.random.choice(ACTS)
        own, booking = self.own(), self.booking()
        full = len(self.theirs) + len(self.booked) > len(self.times) * 2 // 3
        if does == "write" and not full:
            self.write(f"own{self.made}.ics", self.free())
        elif does in {"write", "delete"} and own:
            self.place.delete(own)
            del self.theirs[own]
        elif does == "move" and own:
            self.write(own, self.free())
        elif does in {"drag", "annotate", "remove"} and booking:
            await self.by_advisor(does, booking)
        elif does in {"reschedule", "cancel"} and booking:
            await self.by_customer(does, booking)
        elif not full:
            does = "book"
            await self.book()
        else:
            return
        self.done[does] += 1

    async def book(self) -> None:
        """Let a customer book, once we know what the advisor did before."""
        await self.read()
        booking = await self.desk.book(self.free())
        self.booked[booking.id] = booking.start

    async def by_customer(self, does: str, booking: Id) -> None:
        """Let a customer move their booking, or call it off."""
        await self.read()
        if does == "reschedule":
            start = self.free()
            await self.office.move(await self.standing(booking), start)
            self.booked[booking] = start
        else:
            await self.office.cancel(await self.standing(booking))
            del self.booked[booking]

    async def by_advisor(self, does: str, booking: Id) -> None:
        """Let the advisor drag a booking's entry, write something into it, or delete it."""
        name = f"{booking}.ics"
        if does == "annotate":
            self.made += 1
            self.notes.setdefault(booking, []).append(f"COMMENT:Note {self.made}")
            edit(self.place, name, "END:VEVENT", f"{self.notes[booking][-1]}\r\nEND:VEVENT")
        elif does == "drag":
            start = self.free()
            drag(self.place, name, start)
            self._left.add(self.booked[booking])
            self.booked[booking] = start
        else:
            self.place.delete(name)
            self._left.add(self.booked.pop(booking))

    async def standing(self, booking: Id) -> Booking:
        """Return a booking, which stands."""
        found = await self.desk.booking(booking)
        assert found.state == "confirmed"
        return found

    async def read(self) -> None:
        """Let us read the calendar, as happens every minute."""
        for account in await self.desk.calendars.list_accounts(self.desk.tenant):
            assert (await self.office.read(account)).state == "active"
        self._left.clear()

    async def agree(self) -> None:
        """Compare what both sides know.

        Raises:
            AssertionError: They differ.
        """
        await self.read()
        assert await self.desk.busy() == _spans(self.theirs.values())
        entries = {f"{booking}.ics": start for booking, start in self.booked.items()}
        assert self.place.names() == sorted([*self.theirs, *entries])
        for booking, start in self.booked.items():
            assert (await self.standing(booking)).start == start
            entry = self.place.get(f"{booking}.ics")
            assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}" in entry
            assert entry.count("BEGIN:VEVENT") == 1
            assert [note for note in self.notes.get(booking, ()) if note not in entry] == []
        assert await self.office.imported() == _spans([*self.theirs.values(), *entries.values()])
        assert await self.desk.troubles() == []


def _spans(starts: Iterable[datetime]) -> list[tuple[str, str]]:
    return [(f"{each:%d-%m %H:%M}", f"{each + HOUR:%d-%m %H:%M}") for each in sorted(starts)]


async def _both_know_the_same(
    office: Office, random: Random, times: list[datetime], *, rounds: int, steps: int
) -> Model:
    await office.desk.settle(grace_minutes=0)
    model = Model(office, times, random)
    model.write(NEVER_DELETED, times[0])
    await office.connect()
    for _ in range(rounds):
        for _ in range(steps):
            await model.step()
        await model.agree()
    return model


def _times(now: datetime) -> list[datetime]:
    """Return three hours of each of the next nine working days, the first two days from now."""
    days = (now.date() + timedelta(days=number) for number in range(2, 20))
    weekdays = [day for day in days if day.weekday() < 5][:9]
    return [datetime.combine(day, time(hour), UTC) for day in weekdays for hour in (8, 10, 13)]


@pytest.fixture
async def office(
    database: Database, clock: Clock, tenant: Id, place: Place, between: FaultProxy
) -> Office:
    """An advisor with an empty calendar on each of the servers in turn."""
    return await open_office(database, clock, tenant, place, between)


@pytest.fixture
def random(request: pytest.FixtureRequest) -> Random:
    """What this run does, by the seed that pytest prints and takes with ``--randomly-seed``."""
    return Random(int(request.config.getoption("randomly_seed", 0) or 0))  # noqa: S311  # no secret


@pytest.mark.timeout(300)
async def test_both_sides_know_the_same_whatever_they_do(office: Office, random: Random) -> None:
    """No event is lost, doubled or seen twice, and our busy times are those of a fresh import."""
    times = _times(office.desk.clock.now())
    model = await _both_know_the_same(office, random, times, rounds=ROUNDS, steps=STEPS)

    assert sum(model.done.values()) >= ROUNDS * STEPS // 2


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(SystemClock(timedelta(minutes=-10)), id="behind"),
        pytest.param(SystemClock(timedelta(minutes=10)), id="ahead"),
    ],
)
async def test_a_clock_that_is_wrong_misses_nothing(office: Office, random: Random) -> None:
    """Two hundred acts while our clock and the server's are ten minutes apart, and no pause."""
    times = _times(office.desk.clock.now())
    model = await _both_know_the_same(office, random, times, rounds=LONG_ROUNDS, steps=LONG_STEPS)

    assert min(model.done.values()) > 0
    assert sum(model.done.values()) > LONG_ROUNDS * LONG_STEPS * 0.9
