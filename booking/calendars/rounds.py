"""One round through an account: read each of its calendars, and remember how that went."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from secrets import SystemRandom
from typing import Final

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import conflicts, service
from booking.calendars import reading, store
from booking.calendars.accounts import PUSH, Logins
from booking.calendars.deciding import decide
from booking.calendars.manners import Manners
from booking.calendars.model import AccountState, StoredAccount, StoredCollection
from booking.calendars.port import (
    CalendarProblem,
    CalendarServer,
    Forbidden,
    Missing,
    NotAFeed,
    Refused,
    Resting,
    TooLarge,
    Unreachable,
)
from booking.calendars.reading import Doubted, Owner
from kernel import outbox, work
from kernel.clock import Clock
from kernel.database import Database
from kernel.events import CalendarTrouble
from kernel.ids import Id
from kernel.outgoing import AddressRefused
from kernel.tenancy import get_tenant

EVERY: Final = timedelta(seconds=60)
FIRST_RETRY: Final = timedelta(seconds=30)
LAST_RETRY: Final = timedelta(minutes=30)
LONGEST: Final = 60.0
"""Seconds that a round may take; a calendar too large for that goes on where it stopped."""

SILENT: Final = frozenset({"auth-failed", "leaving"})
"""States in which nothing is asked of a server of our own accord."""

_OF_THE_ACCOUNT: Final = {"calendar-refused", "calendar-unreachable", "address-refused"}
"""Problems that the account's other calendars would have as well."""

_TOLD: Final = {"collection-missing", "collection-emptied"}
"""Problems with one calendar that its owner should look at."""

_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (Unreachable, "calendar-unreachable"),
    (Refused, "calendar-refused"),
    (AddressRefused, "address-refused"),
    (Missing, "collection-missing"),
    (Forbidden, "collection-forbidden"),
    (TooLarge, "calendar-too-large"),
    (NotAFeed, "calendar-not-feed"),
)
_random = SystemRandom()


class Round(Struct, frozen=True, kw_only=True):
    """How a round went; *wait* is what has to pass before the next."""

    account: StoredAccount
    wait: timedelta


def code_of(problem: Exception) -> str:
    """Return the stable word for what went wrong."""
    if isinstance(problem, Doubted):
        return f"collection-{problem.doubt}"
    return next((code for kind, code in _CODES if isinstance(problem, kind)), "calendar-not-caldav")


def pause(failures: int) -> timedelta:
    """Return how long to wait before the next go, longer after each failure and never in step."""
    doublings = min(failures - 1, 12)
    base = min(FIRST_RETRY * (1 << doublings), LAST_RETRY) if failures else EVERY
    return base * _random.uniform(0.8, 1.2)


class Rounds:
    """Reads accounts; what one cannot read stays as it was known."""

    def __init__(self, database: Database, clock: Clock, logins: Logins, manners: Manners) -> None:
        self.database = database
        self.clock = clock
        self.logins = logins
        self.manners = manners

    async def go(self, tenant: Id, account: StoredAccount) -> Round:
        """Read the account's calendars, and act on what the advisor did that concerns bookings."""
        round_, due = await self._read(tenant, account)
        if due:
            # What is gone here may have been dragged into a calendar of another log-in.
            async with self.database.reading(tenant) as db:
                accounts = await store.accounts(db, tenant, advisor=account.advisor_id)
            for other in accounts:
                if other.id != account.id and other.state not in SILENT:
                    due += (await self._read(tenant, other))[1]
        for booking in dict.fromkeys(due):
            await decide(self.database, self.clock, tenant, booking)
        await conflicts.look_again(self.database, tenant, account.advisor_id, now=self.clock.now())
        return round_

    async def _read(self, tenant: Id, account: StoredAccount) -> tuple[Round, list[Id]]:
        end = asyncio.get_running_loop().time() + LONGEST
        async with self.database.reading(tenant) as db:
            collections = await store.collections(db, tenant, [account.id])
            advisor = await service.get_advisor(db, tenant, account.advisor_id)
            settings = (await get_tenant(db, tenant)).settings
        owner = Owner(
            tenant=tenant,
            advisor=advisor.id,
            timezone=advisor.timezone,
            addresses=frozenset({advisor.email.lower(), account.username.lower()} - {""}),
            policy=settings.busy_policy,
        )
        due: list[Id] = []
        problems: list[Exception] = []
        server: CalendarServer | None = None
        async with AsyncExitStack() as stack:
            for collection in collections:
                if collection.role == "ignore":
                    continue
                try:
                    if server is None:
                        opened = await stack.enter_async_context(self.logins.open(account))
                        server = self.manners.polite(opened, account)
                    await self._read_one(server, owner, collection, due, end=end)
                except (CalendarProblem, AddressRefused, Doubted) as problem:
                    problems.append(problem)
                    await self._note_collection(tenant, account, collection, code_of(problem))
                    if code_of(problem) in _OF_THE_ACCOUNT:
                        break
        waits = [each.wait for each in problems if isinstance(each, Unreachable)]
        after = await self._note(tenant, account, problems)
        return Round(account=after, wait=max(waits, default=timedelta())), due

    async def _read_one(
        self,
        server: CalendarServer,
        owner: Owner,
        collection: StoredCollection,
        due: list[Id],
        *,
        end: float,
    ) -> None:
        try:
            async with asyncio.timeout_at(end):
                await reading.read(
                    self.database, server, owner, collection, due=due, now=self.clock.now()
                )
        except TimeoutError:
            raise Unreachable("it takes too long") from None

    async def _note(
        self, tenant: Id, account: StoredAccount, problems: list[Exception]
    ) -> StoredAccount:
        problem = code_of(problems[-1]) if problems else None
        # What was not even called has not failed.
        failed = 0 if problems and isinstance(problems[-1], Resting) else 1
        after = structs.replace(
            account,
            state=_state(account, problem),
            problem=problem,
            failures=account.failures + failed if problem else 0,
        )
        if after == account:
            return account
        async with self.database.transaction(tenant) as db:
            await store.change_account(
                db,
                tenant,
                account.id,
                state=after.state,
                problem=after.problem,
                failures=after.failures,
            )
            if after.state == "auth-failed" != account.state:
                await self.tell(db, tenant, account, "calendar-refused")
            if after.state == "active":
                for booking in await store.waiting_links(db, tenant, account.id):
                    await work.enqueue(db, tenant, PUSH, booking, now=self.clock.now())
        return after

    async def _note_collection(
        self, tenant: Id, account: StoredAccount, collection: StoredCollection, code: str
    ) -> None:
        if collection.problem == code:
            return
        async with self.database.transaction(tenant) as db:
            await store.change_collection(db, tenant, collection.id, problem=code)
            if code in _TOLD:
                await self.tell(db, tenant, account, code)

    async def tell(
        self,
        db: AsyncConnection,
        tenant: Id,
        account: StoredAccount,
        code: str,
        *,
        booking: Id | None = None,
    ) -> None:
        """Record that the advisor must look at this account."""
        trouble = CalendarTrouble(
            advisor=account.advisor_id, account=account.id, code=code, booking=booking
        )
        await outbox.record(db, tenant, trouble, now=self.clock.now())


def _state(account: StoredAccount, problem: str | None) -> AccountState:
    if problem is None:
        return "active"
    if problem == "calendar-refused":
        # A server that restarts may refuse once; the second time in a row it means it.
        return "auth-failed" if account.problem == problem else "degraded"
    return "missing" if problem == "collection-missing" else "degraded"
