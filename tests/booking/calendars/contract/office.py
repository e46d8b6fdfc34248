"""An advisor whose calendar stands on one of the real servers, and our whole engine beside it."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from booking import service
from booking.calendars import store
from booking.calendars.model import Account, ConnectInput
from booking.model import Booking
from kernel.clock import Clock
from kernel.database import Database
from kernel.ids import Id
from kernel.outgoing import Guard
from tests.booking.calendars.conftest import Desk
from tests.booking.calendars.contract.conftest import USER, Place
from tests.services.dav import PASSWORDS
from tests.services.fault_proxy import FaultProxy

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
_numbers = itertools.count()
NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
TEN = datetime(2026, 12, 2, 9, tzinfo=UTC)


class Office:
    """A desk whose calendar is a place on any server, called by way of a proxy.

    Attributes:
        proxy: What our side goes through; the advisor's own program does not.
    """

    def __init__(self, desk: Desk, place: Place, proxy: FaultProxy) -> None:
        self.desk = desk
        self.place = place
        self.proxy = proxy

    async def connect(self) -> Account:
        """Connect the advisor's account; the place receives the bookings."""
        return await self._connect(self.desk.advisor)

    async def _connect(self, advisor: Id) -> Account:
        data = ConnectInput(
            advisor=advisor,
            url=self.proxy.through(self.place.url),
            username=USER,
            password=PASSWORDS[USER],
        )
        return await self.desk.calendars.connect(self.desk.tenant, data)

    async def read(self, account: Account) -> Account:
        """Read the account now, as happens about once a minute."""
        after = await self.desk.calendars.sync(self.desk.tenant, account.id)
        await self.desk.worker.run_due()
        return after

    async def listed(self, account: Account) -> Account:
        """Let a day pass, so that the next reading lists everything."""
        self.desk.clock.advance(timedelta(days=1, minutes=1))
        return await self.read(account)

    async def imported(self) -> list[tuple[str, str]]:
        """Return what somebody would find who reads the same calendar for the first time.

        They know of none of our bookings, so entries of ours keep them busy as well.
        """
        other = Office(
            _beside(self.desk, await self.desk.hire(f"Nieuw{next(_numbers)}")),
            self.place,
            self.proxy,
        )
        account = await other.connect()
        assert account.state == "active"
        try:
            return await other.desk.busy()
        finally:
            await other.desk.calendars.disconnect(self.desk.tenant, account.id)

    async def token(self, account: Account, *, becomes: str) -> None:
        """Let us remember another token for the target."""
        (target,) = [each for each in account.collections if each.role == "target"]
        async with self.desk.database.transaction(self.desk.tenant) as db:
            await store.change_collection(db, self.desk.tenant, target.id, sync_token=becomes)

    async def move(self, booking: Booking, start: datetime) -> Booking:
        """Let the customer move their booking, and let what follows happen."""
        desk = self.desk
        async with desk.database.transaction(desk.tenant) as db:
            moved = await service.reschedule(
                db, desk.tenant, booking.id, start, now=desk.clock.now(), by="customer"
            )
        await desk.worker.run_due()
        return moved

    async def cancel(self, booking: Booking) -> None:
        """Let the customer call their booking off, and let what follows happen."""
        desk = self.desk
        async with desk.database.transaction(desk.tenant) as db:
            await service.cancel(
                db, desk.tenant, booking.id, reason=None, now=desk.clock.now(), by="customer"
            )
        await desk.worker.run_due()

    def edit(self, booking: Booking, old: str, new: str) -> None:
        """Change a booking's entry as the advisor's calendar program would."""
        edit(self.place, f"{booking.id}.ics", old, new)

    def drag(self, booking: Booking, start: datetime) -> None:
        """Move a booking's entry as the advisor's calendar program would."""
        drag(self.place, f"{booking.id}.ics", start)


def edit(place: Place, name: str, old: str, new: str) -> None:
    """Change an entry as a calendar program would."""
    before = place.get(name)
    assert old in before
    place.put(name, before.replace(old, new, 1))


def drag(place: Place, name: str, start: datetime) -> None:
    """Move an entry of an hour as a calendar program would."""
    lines = place.get(name).replace("\r\n", "\n").split("\n")
    at = {"DTSTART": start, "DTEND": start + HOUR}
    after = [
        f"{key}:{at[key]:%Y%m%dT%H%M%SZ}" if (key := line.partition(":")[0]) in at else line
        for line in lines
    ]
    assert after != lines
    place.put(name, "\r\n".join(after))


async def open_office(
    database: Database, clock: Clock, tenant: Id, place: Place, proxy: FaultProxy
) -> Office:
    """Open an office for one advisor who works on weekdays and gives one kind of meeting."""
    # Some tests let time pass by themselves, others let the machine do it.
    desk = Desk(database, cast("Any", clock), tenant, cast("Any", place.dav), cast("Any", None))
    desk.calendars.logins.guard = Guard([f"127.0.0.1:{proxy.port}", f"127.0.0.1:{place.dav.port}"])
    desk.werk = place.url
    desk.advisor = await desk.hire("Sanne")
    await desk.give()
    return Office(desk, place, proxy)


def _beside(desk: Desk, advisor: Id) -> Desk:
    other = Desk(desk.database, desk.clock, desk.tenant, desk.radicale, advisor)
    other.calendars = desk.calendars
    return other
