"""What an advisor does with a calendar that we keep: entries in it, and a feed of it."""

from typing import Final

from booking import service
from booking.calendars import blocks, own_store, store
from booking.calendars.errors import NoOwnCalendar
from booking.calendars.model import EntryInput, OwnEntry, StoredAccount
from booking.calendars.own import OwnServer
from booking.calendars.port import ChangedMeanwhile, RemoteObject, href_of
from booking.calendars.rounds import Rounds
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict, NotFound, Unprocessable
from kernel.ids import Id, new_id, require
from kernel.tenancy import get_tenant

MOST: Final = 5_000


class OwnCalendars:
    """The calendars that we keep, of all advisors."""

    def __init__(self, database: Database, clock: Clock, rounds: Rounds) -> None:
        self.database = database
        self.clock = clock
        self.rounds = rounds

    async def entries(self, tenant: Id, account_id: Id) -> list[OwnEntry]:
        """Return what the advisor entered, in order of time; bookings are not among it.

        Raises:
            NotFound, NoOwnCalendar: There is no such account, or not one that we keep.
        """
        account = await self._account(tenant, account_id)
        async with self.database.reading(tenant) as db:
            rows = await own_store.objects(db, tenant, account.id)
        found = [blocks.read_block(row.href, row.body or b"") for row in rows]
        return sorted(
            (each for each in found if each is not None), key=lambda each: (each.start, each.id)
        )

    async def add(self, tenant: Id, account_id: Id, data: EntryInput) -> OwnEntry:
        """Keep a stretch of time free of bookings from now on.

        Raises:
            NotFound, NoOwnCalendar: There is no such account, or not one that we keep.
            Invalid: It does not end after it starts, or its title is not one line.
            Unprocessable: The calendar is full.
        """
        blocks.check(data)
        account = await self._account(tenant, account_id)
        async with self.database.reading(tenant) as db:
            if await own_store.count(db, tenant, account_id) >= MOST:
                raise Unprocessable("This calendar is full; remove what is past.")
        now = self.clock.now()
        entry_id = new_id("ent", now)
        body = blocks.block(entry_id, data, now=now)
        server = OwnServer(self.database, account)
        href = _href(server, entry_id)
        await server.put(server.url, href, body, etag=None)
        await self.rounds.go(tenant, account.id)
        return _read(href, body)

    async def change(self, tenant: Id, account_id: Id, entry_id: Id, data: EntryInput) -> OwnEntry:
        """Put another stretch of time, or another title, in an entry's place.

        Raises:
            NotFound, NoOwnCalendar: There is no such entry or account, or not one that we keep.
            Invalid: It does not end after it starts, or its title is not one line.
            Conflict: Somebody else changed it at the same moment.
        """
        blocks.check(data)
        account = await self._account(tenant, account_id)
        server = OwnServer(self.database, account)
        found = await self._entry(server, entry_id)
        body = blocks.block(entry_id, data, now=self.clock.now())
        try:
            await server.put(server.url, found.href, body, etag=found.etag)
        except ChangedMeanwhile:
            raise Conflict(
                "This entry has just been changed by somebody else; look again."
            ) from None
        await self.rounds.go(tenant, account.id)
        return _read(found.href, body)

    async def remove(self, tenant: Id, account_id: Id, entry_id: Id) -> None:
        """Give a stretch of time free again.

        Raises:
            NotFound, NoOwnCalendar: There is no such entry or account, or not one that we keep.
        """
        account = await self._account(tenant, account_id)
        server = OwnServer(self.database, account)
        found = await self._entry(server, entry_id)
        await server.delete(server.url, found.href, etag="")
        await self.rounds.go(tenant, account.id)

    async def feed_generation(self, tenant: Id, account_id: Id) -> int:
        """Return the generation of the link to the calendar's feed that works now.

        Raises:
            NotFound, NoOwnCalendar: There is no such account, or not one that we keep.
        """
        await self._account(tenant, account_id)
        async with self.database.reading(tenant) as db:
            calendar = await own_store.calendar(db, tenant, account_id)
        if calendar is None:
            raise NotFound("There is no calendar account with this id.")
        return calendar.generation

    async def renew_feed(self, tenant: Id, account_id: Id) -> int:
        """End every link to the calendar's feed; return the generation of the next.

        Raises:
            NotFound, NoOwnCalendar: There is no such account, or not one that we keep.
        """
        await self._account(tenant, account_id)
        async with self.database.transaction(tenant) as db:
            generation = await own_store.next_generation(db, tenant, account_id)
        if generation is None:
            raise NotFound("There is no calendar account with this id.")
        return generation

    async def feed(self, tenant: Id, account_id: Id, generation: int) -> bytes | None:
        """Return the calendar as one file, or None when this link to it has ended."""
        async with self.database.reading(tenant) as db:
            calendar = await own_store.calendar(db, tenant, account_id)
            if calendar is None or calendar.generation != generation:
                return None
            owner = await get_tenant(db, tenant)
            advisor = await service.get_advisor(db, tenant, calendar.advisor_id)
            rows = await own_store.objects(db, tenant, account_id)
        settings = owner.settings
        return blocks.feed(
            (row.body or b"" for row in rows),
            name=f"{advisor.name}, {owner.name}" if settings.reveal_in_calendar else owner.name,
            language=settings.language,
            reveal=settings.reveal_in_calendar,
        )

    async def _entry(self, server: OwnServer, entry_id: Id) -> RemoteObject:
        require("ent", entry_id, "entry")
        found = await server.get(server.url, _href(server, entry_id))
        if found is None:
            raise NotFound("There is no entry with this id in this calendar.")
        return found

    async def _account(self, tenant: Id, account_id: Id) -> StoredAccount:
        require("acc", account_id, "calendar account")
        async with self.database.reading(tenant) as db:
            account = await store.account(db, tenant, account_id)
        if account is None:
            raise NotFound("There is no calendar account with this id.")
        if account.kind != "own":
            raise NoOwnCalendar("Entries and feeds are for a calendar that we keep (kind: own).")
        return account


def _read(href: str, body: bytes) -> OwnEntry:
    entry = blocks.read_block(href, body)
    assert entry is not None  # noqa: S101  # we have just written it
    return entry


def _href(server: OwnServer, entry_id: Id) -> str:
    return f"{href_of(server.url)}{entry_id}.ics"
