"""One round through an account: read each of its calendars, and remember how that went."""

import asyncio
from collections.abc import Container
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import conflicts
from booking.calendars import link_store, polling, reading, store
from booking.calendars.accounts import PUSH, Logins
from booking.calendars.deciding import decide
from booking.calendars.describing import EVERY, Describing
from booking.calendars.manners import Manners
from booking.calendars.model import SILENT, AccountState, StoredAccount, StoredCollection, Subject
from booking.calendars.port import (
    CalendarProblem,
    CalendarServer,
    Forbidden,
    Missing,
    NotAFeed,
    Refused,
    Resting,
    Revoked,
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

LONGEST: Final = 60.0
"""Seconds that a round may take; a calendar too large for that goes on where it stopped."""

_ENDED: Final = "calendar-revoked"
_OF_THE_ACCOUNT: Final = {"calendar-refused", _ENDED, "calendar-unreachable", "address-refused"}
"""Problems that the account's other calendars would have as well."""

_TOLD: Final = {"collection-missing", "collection-emptied"}
"""Problems with one calendar that its owner should look at."""

_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (Unreachable, "calendar-unreachable"),
    (Revoked, _ENDED),
    (Refused, "calendar-refused"),
    (AddressRefused, "address-refused"),
    (Missing, "collection-missing"),
    (Forbidden, "collection-forbidden"),
    (TooLarge, "calendar-too-large"),
    (NotAFeed, "calendar-not-feed"),
)


class Round(Struct, frozen=True, kw_only=True):
    """How a round through an account went.

    Attributes:
        account: As it stands after it.
        wait: What its server asked to let pass before the next.
        calendars: Those that were read, as they stand after it.
        quiet: Those, of whomever, in which there was nothing new, and of which that is still to be
            stored.
    """

    account: StoredAccount
    wait: timedelta
    calendars: list[StoredCollection]
    quiet: list[StoredCollection]

    @property
    def news_at(self) -> datetime | None:
        """When one of its calendars last had something new."""
        return max((each.news_at for each in self.calendars if each.news_at), default=None)

    def unsettled(self, now: datetime) -> bool:
        """Tell whether a calendar had news, or was listed, just before *now*."""
        since = now - polling.UNSETTLED
        return any(
            at is not None and at > since
            for each in self.calendars
            for at in (each.news_at, each.listed_at)
        )


def code_of(problem: Exception) -> str:
    """Return the stable word for what went wrong."""
    if isinstance(problem, Doubted):
        return f"collection-{problem.doubt}"
    return next((code for kind, code in _CODES if isinstance(problem, kind)), "calendar-not-caldav")


class Rounds:
    """Reads accounts; what one cannot read stays as it was known."""

    def __init__(self, database: Database, clock: Clock, logins: Logins, manners: Manners) -> None:
        self.database = database
        self.clock = clock
        self.logins = logins
        self.manners = manners
        self.describing = Describing(database, clock, logins, manners)

    async def go(
        self,
        tenant: Id,
        account_id: Id,
        *,
        silent: Container[AccountState] = ("leaving",),
        describe_every: timedelta = EVERY,
    ) -> Round | None:
        """Do a round and settle it; arguments and result as for `begin`."""
        round_ = await self.begin(tenant, account_id, silent=silent, describe_every=describe_every)
        if round_ is not None and round_.quiet:
            async with self.database.transaction(tenant) as db:
                await self.settle(db, round_)
        return round_

    async def settle(self, db: AsyncConnection, round_: Round) -> None:
        """Store what a round left to be stored."""
        await store.confirm_collections(db, round_.account.tenant_id, round_.quiet)

    async def begin(
        self,
        tenant: Id,
        account_id: Id,
        *,
        silent: Container[AccountState] = ("leaving",),
        describe_every: timedelta = EVERY,
    ) -> Round | None:
        """Read an account's calendars, and act on what the advisor did that concerns bookings.

        Args:
            tenant: Whose it is.
            account_id: The account; one that has gone is not read.
            silent: In which states it is not read either.
            describe_every: Ask what its server says of the advisor, if that is so long ago.
        """
        subject = await self._subject(tenant, account_id)
        if subject is None or subject.account.state in silent:
            return None
        if await self.describing.renew(tenant, subject.account, every=describe_every):
            subject = await self._subject(tenant, account_id) or subject
        round_, due = await self._read(subject)
        if due:
            # What is gone here may have been dragged into a calendar of another log-in.
            for other in await self._others(subject.account):
                beside, more = await self._read(other)
                due += more
                round_.quiet.extend(beside.quiet)
        for booking in dict.fromkeys(due):
            await decide(self.database, self.clock, tenant, booking)
        now = self.clock.now()
        if due or (subject.at_stake and round_.unsettled(now)):
            # For as long as somebody may have booked who saw the calendars as they were before.
            await conflicts.look_again(self.database, tenant, subject.account.advisor_id, now=now)
        return round_

    async def _subject(self, tenant: Id, account_id: Id) -> Subject | None:
        async with self.database.reading(tenant) as db:
            return await store.subject(db, tenant, account_id, now=self.clock.now())

    async def _others(self, account: StoredAccount) -> list[Subject]:
        """Return the other accounts of the same advisor that may be read."""
        tenant = account.tenant_id
        async with self.database.reading(tenant) as db:
            others = [
                await store.subject(db, tenant, each.id, now=self.clock.now())
                for each in await store.accounts(db, tenant, advisor=account.advisor_id)
                if each.id != account.id and each.state not in SILENT
            ]
        return [each for each in others if each is not None]

    async def _read(self, subject: Subject) -> tuple[Round, list[Id]]:
        account = subject.account
        end = asyncio.get_running_loop().time() + LONGEST
        owner = Owner(
            tenant=account.tenant_id,
            advisor=account.advisor_id,
            timezone=subject.timezone,
            addresses=account.known_as(subject.email),
            policy=subject.settings.busy_policy,
        )
        due: list[Id] = []
        problems: list[Exception] = []
        calendars: list[StoredCollection] = []
        quiet: list[StoredCollection] = []
        server: CalendarServer | None = None
        async with AsyncExitStack() as stack:
            for collection in subject.collections:
                if collection.role == "ignore":
                    continue
                try:
                    if server is None:
                        opened = await stack.enter_async_context(self.logins.open(account))
                        server = self.manners.polite(opened, account)
                    calendars.append(
                        await self._read_one(server, owner, collection, due, quiet, end=end)
                    )
                except (CalendarProblem, AddressRefused, Doubted) as problem:
                    problems.append(problem)
                    await self._note_collection(account, collection, code_of(problem))
                    if code_of(problem) in _OF_THE_ACCOUNT:
                        break
        waits = [each.wait for each in problems if isinstance(each, Unreachable)]
        round_ = Round(
            account=await self._note(account, problems),
            wait=max(waits, default=timedelta()),
            calendars=calendars,
            quiet=quiet,
        )
        return round_, due

    async def _read_one(
        self,
        server: CalendarServer,
        owner: Owner,
        collection: StoredCollection,
        due: list[Id],
        quiet: list[StoredCollection],
        *,
        end: float,
    ) -> StoredCollection:
        try:
            async with asyncio.timeout_at(end):
                return await reading.read(
                    self.database,
                    server,
                    owner,
                    collection,
                    due=due,
                    quiet=quiet,
                    now=self.clock.now(),
                )
        except TimeoutError:
            raise Unreachable("it takes too long") from None

    async def _note(self, account: StoredAccount, problems: list[Exception]) -> StoredAccount:
        tenant = account.tenant_id
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
                await self.tell(db, tenant, account, problem or "calendar-refused")
            if after.state == "active":
                for booking in await link_store.waiting(db, tenant, account.id):
                    await work.enqueue(db, tenant, PUSH, booking, now=self.clock.now())
        return after

    async def _note_collection(
        self, account: StoredAccount, collection: StoredCollection, code: str
    ) -> None:
        if collection.problem == code:
            return
        tenant = account.tenant_id
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
    if problem == _ENDED:
        return "auth-failed"  # whoever ended it says so the first time
    if problem == "calendar-refused":
        # A server that restarts may refuse once; the second time in a row it means it.
        return "auth-failed" if account.problem == problem else "degraded"
    return "missing" if problem == "collection-missing" else "degraded"
