"""Advisors' own calendars: connect them, keep in step with them, write bookings into them.

Everything here talks to other people's servers, so it opens its transactions itself and holds none
while it waits. What fails is tried again; a booking never waits for a calendar.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal, NoReturn

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import conflicts, service
from booking.calendars import (
    changes,
    leaving,
    link_store,
    polling,
    published,
    questions_store,
    store,
    trying,
    writing,
)
from booking.calendars.accounts import (
    PUSH,
    Logins,
    ask_for_pushes,
    described,
    keep_account,
    keep_collections,
)
from booking.calendars.advice import ADVICE
from booking.calendars.deciding import decide
from booking.calendars.describing import AT_ONCE
from booking.calendars.manners import Manners
from booking.calendars.model import (
    SILENT,
    Account,
    Collection,
    ConnectInput,
    Found,
    LoginInput,
    Role,
    StoredAccount,
    Trial,
    Troubled,
)
from booking.calendars.own import own_collection
from booking.calendars.own_desk import OwnCalendars
from booking.calendars.port import CalendarProblem, Forbidden, RemoteCollection, Unreachable
from booking.calendars.published import PublishedHours
from booking.calendars.rounds import Round, Rounds, code_of
from booking.calendars.tokens import Tokens
from booking.looking import repairs
from kernel import work
from kernel.clock import Clock
from kernel.crypto import Keyring
from kernel.database import Database
from kernel.errors import FieldError, Invalid, NotFound, Unprocessable
from kernel.ids import Id, new_id, require
from kernel.outgoing import AddressRefused, Guard
from kernel.work import Errand, RetryLater, Task

__all__ = ["Account", "Calendars", "Collection", "ConnectInput"]

SYNC: Final = "calendar.sync"
ALTERNATIVES: Final = 3
UNDECIDED: Final = timedelta(minutes=1)
"""How long an offer waits for a decision on what the advisor did to the meeting's own entry."""

MOMENT: Final = 2.5
"""Seconds that a customer who books may wait for their advisor's calendars to be read again."""

LOCKED_OUT: Final = timedelta(hours=1)
"""How long a booking waits for an account whose password no longer works."""


TROUBLED: Final = 20
"""How many entries that cannot be read are listed of an account."""


class Calendars:
    """The calendars of all advisors.

    Args:
        guard: What the operator lets us call.
        public_url: Where the console is, for links in calendar entries.
    """

    def __init__(
        self, database: Database, clock: Clock, keyring: Keyring, guard: Guard, public_url: str
    ) -> None:
        self.database = database
        self.clock = clock
        self.public_url = public_url
        self.logins = Logins(keyring, guard, database, clock)
        self.manners = Manners(clock)
        self.rounds = Rounds(database, clock, self.logins, self.manners)
        self.own = OwnCalendars(database, clock, self.rounds)

    # --- use cases -------------------------------------------------------------------------------

    async def try_out(self, data: LoginInput) -> Trial:
        """Try a log-in, and say in plain words what is wrong with it; nothing is stored.

        Raises:
            Invalid: What was entered contradicts itself.
        """
        if data.kind == "own":
            detail = "There is nothing to test: we keep this calendar ourselves."
            field = FieldError(pointer="/kind", detail=detail)
            raise Invalid(f"/kind: {detail}", errors=(field,))
        trying.check(data)
        if data.password is None and data.oauth is not None:
            detail = "Enter the token itself: renewing it for a test could use up what you have."
            raise Invalid(detail, errors=(FieldError(pointer="/password", detail=detail),))
        try:
            found = await self.logins.discover(data)
        except AddressRefused as problem:
            reason = await trying.reason_of(problem, data, self.logins.guard)
            return Trial(ok=False, problem=reason, advice=dict(ADVICE[reason]), calendars=[])
        except Unprocessable as problem:
            reason = problem.extra["reason"]
            return Trial(ok=False, problem=reason, advice=dict(ADVICE[reason]), calendars=[])
        closed = data.kind == "caldav" and not any(each.writable for each in found)
        return Trial(
            ok=True,
            problem="read-only" if closed else None,
            advice=dict(ADVICE["read-only"]) if closed else None,
            calendars=[
                Found(
                    name=each.name,
                    url=each.url,
                    writable=each.writable,
                    timezone=each.timezone,
                    transparent=each.transparent,
                )
                for each in found
            ],
        )

    async def test(self, url: str, username: str, password: str) -> list[Collection]:
        """Return the calendars that a log-in gives access to; nothing is stored.

        Raises:
            CalendarUnreachable, CalendarRefused, CalendarNotCaldav, AddressRefused: Why not.
        """
        now = self.clock.now()
        login = LoginInput(url=url, username=username, password=password)
        return [
            Collection(
                id=new_id("col", now),
                name=each.name,
                url=each.url,
                role="busy",
                timezone=each.timezone,
                writable=each.writable,
                last_ok_at=None,
            )
            for each in await self.logins.discover(login)
        ]

    async def connect(self, tenant: Id, data: ConnectInput) -> Account:
        """Connect an advisor's calendars and read them for the first time.

        All of them keep bookings out; the first that can be written to receives the bookings,
        unless the advisor has such a calendar already. Connecting the same log-in again stores
        its new password.

        Raises:
            NotFound: There is no such advisor.
            Invalid: What was entered contradicts itself.
            CalendarUnreachable, CalendarRefused, CalendarNotCaldav, CalendarNotFeed,
            CalendarTooLarge, AddressRefused: Why not.
        """
        trying.check(data)
        async with self.database.reading(tenant) as db:
            await service.get_advisor(db, tenant, data.advisor)
        entering = self.logins.entering(data)
        found = [] if data.kind == "own" else await self.logins.discover(data, entering)
        tokens = entering.tokens if entering else None
        try:
            account_id = await self._keep(tenant, data, found, tokens)
        except IntegrityError:
            # Somebody else made the advisor's own calendar at this moment: it is that one.
            account_id = await self._keep(tenant, data, found, tokens)
        return await self.sync(tenant, account_id)

    async def _keep(
        self,
        tenant: Id,
        data: ConnectInput,
        found: Sequence[RemoteCollection],
        tokens: Tokens | None,
    ) -> Id:
        now = self.clock.now()
        async with self.database.transaction(tenant) as db:
            going = {
                each.id
                for each in await store.accounts(db, tenant, advisor=data.advisor)
                if each.state == "leaving"
            }
            account_id = await keep_account(db, tenant, data, self.logins, tokens=tokens, now=now)
            await keep_collections(
                db,
                tenant,
                account_id,
                found or [own_collection(account_id)],
                advisor=data.advisor,
                returning=account_id in going,
                now=now,
            )
            await ask_for_pushes(db, tenant, data.advisor, now=now)
            await work.enqueue(db, tenant, SYNC, account_id, now=now, due_at=now + polling.EVERY)
        return account_id

    async def log_in_again(self, tenant: Id, account_id: Id, password: str) -> Account:
        """Store an account's new password once it works, and catch up.

        Raises:
            NotFound: There is no such account.
            Unprocessable: It has no password, or its address must be entered again as well.
            CalendarUnreachable, CalendarRefused, CalendarNotCaldav, CalendarNotFeed,
            CalendarTooLarge, AddressRefused: Why not.
        """
        account = await self._account(tenant, account_id)
        if account.kind == "own":
            raise Unprocessable("We keep this calendar ourselves; it has no password.")
        try:
            address = self.logins.address(account)
        except ValueError:
            raise Unprocessable("Connect this calendar again with its address.") from None
        data = ConnectInput(
            advisor=account.advisor_id,
            kind=account.kind,
            auth=account.auth,
            url=address,
            username=account.username or None,
            password=password,
        )
        return await self.connect(tenant, data)

    async def disconnect(
        self, tenant: Id, account_id: Id, *, entries: Literal["keep", "remove"] = "keep"
    ) -> None:
        """Forget an account: its secrets, what stood in its calendars, and when that is.

        Bookings stand. Nothing more is asked of its server, unless our entries in it are to be
        removed first: then nothing of it counts any more, and the account goes once they are gone
        or could not be removed for an hour.

        Raises:
            NotFound: There is no such account.
        """
        account = await self._account(tenant, account_id)
        async with self.database.transaction(tenant) as db:
            if entries == "remove" and account.kind == "caldav":
                await leaving.begin(db, tenant, account_id, now=self.clock.now())
            else:
                await leaving.end(db, tenant, account, now=self.clock.now())
        await conflicts.look_again(self.database, tenant, account.advisor_id, now=self.clock.now())

    async def sync(self, tenant: Id, account_id: Id) -> Account:
        """Read an account's calendars now; how that went stands in the answer.

        Raises:
            NotFound: There is no such account.
        """
        require("acc", account_id, "calendar account")
        done = await self.rounds.go(tenant, account_id, describe_every=AT_ONCE)
        if done is not None and done.account.state != "auth-failed":
            async with self.database.transaction(tenant) as db:
                await self._ask_again(db, tenant, done)
        return await self.status(tenant, account_id)

    async def freshen(self, tenant: Id, advisors: Iterable[Id], *, since: datetime) -> None:
        """Read the calendars of these advisors that were last read before *since*, and soon.

        What cannot be read within a moment stays as it was known: whoever asked goes on with that,
        and the organisation's limit of staleness decides.
        """
        async with self.database.reading(tenant) as db:
            found = [
                one for each in advisors for one in await store.accounts(db, tenant, advisor=each)
            ]
            read = await store.collections(db, tenant, [one.id for one in found])
        behind = {
            one.account_id
            for one in read
            if one.role != "ignore" and (one.last_ok_at is None or one.last_ok_at < since)
        }
        with suppress(TimeoutError):
            async with asyncio.timeout(MOMENT), asyncio.TaskGroup() as group:
                for account in found:
                    if account.id in behind and account.state != "auth-failed":
                        group.create_task(self.rounds.go(tenant, account.id))

    async def status(self, tenant: Id, account_id: Id) -> Account:
        """Return an account and how its calendars stand.

        Raises:
            NotFound: There is no such account.
        """
        account = await self._account(tenant, account_id)
        async with self.database.reading(tenant) as db:
            return (await described(db, tenant, [account]))[0]

    async def troubled(self, tenant: Id, account: Account) -> list[Troubled]:
        """Return entries of an account's calendars of which not everything could be understood."""
        read = [each.id for each in account.collections if each.troubled]
        if not read:
            return []
        async with self.database.reading(tenant) as db:
            return await questions_store.troubled(
                db, tenant, read, now=self.clock.now(), limit=TROUBLED
            )

    async def list_accounts(self, tenant: Id, advisor: Id | None = None) -> list[Account]:
        """Return the accounts of one advisor, or of all.

        Raises:
            NotFound: The advisor cannot be one.
        """
        if advisor is not None:
            require("adv", advisor, "advisor")
        async with self.database.reading(tenant) as db:
            return await described(db, tenant, await store.accounts(db, tenant, advisor=advisor))

    async def set_role(self, tenant: Id, account_id: Id, collection_id: Id, role: Role) -> Account:
        """Say what a calendar is for; what an ignored one held is forgotten.

        An advisor has one target: a new one takes over from the old, which still keeps bookings
        out.

        Raises:
            NotFound: There is no such account, or no such calendar in it.
            Unprocessable: The target cannot be written to.
        """
        account = await self._account(tenant, account_id)
        require("col", collection_id, "calendar")
        now = self.clock.now()
        async with self.database.transaction(tenant) as db:
            collection = await store.collection(db, tenant, collection_id, lock=True)
            if collection is None or collection.account_id != account_id:
                raise NotFound("There is no calendar with this id in this account.")
            if role == "target":
                if not collection.writable:
                    detail = "This calendar cannot be written to; choose another one."
                    field = FieldError(pointer="/role", detail=detail)
                    raise Unprocessable(detail, errors=(field,))
                target = await store.target_of(db, tenant, account.advisor_id)
                if target is not None and target.id != collection_id:
                    await store.change_collection(db, tenant, target.id, role="busy")
            if role == "ignore":
                await store.remove_all_objects(db, tenant, collection_id)
                await store.forget_reading(db, tenant, collection_id)
                await published.renew_for(db, tenant, account_id, now=now)
            await store.change_collection(db, tenant, collection_id, role=role)
            await ask_for_pushes(db, tenant, account.advisor_id, now=now)
        if collection.role == "ignore" != role:
            return await self.sync(tenant, account_id)
        return await self.status(tenant, account_id)

    async def set_addresses(self, tenant: Id, account_id: Id, addresses: Iterable[str]) -> Account:
        """Say by which more addresses an advisor's own answers are known; these replace the former.

        Raises:
            NotFound: There is no such account.
        """
        account = await self._account(tenant, account_id)
        wanted = tuple(dict.fromkeys(each.lower() for each in addresses))
        if wanted == account.addresses:
            return await self.status(tenant, account_id)
        async with self.database.transaction(tenant) as db:
            await store.change_account(db, tenant, account_id, addresses=wanted)
        return await self.sync(tenant, account_id)

    async def hours(self, tenant: Id, account_id: Id) -> PublishedHours:
        """Return what an advisor publishes in an account about when they can be booked.

        Raises:
            NotFound: There is no such account.
        """
        _ = await self._account(tenant, account_id)
        async with self.database.reading(tenant) as db:
            return await published.shown(db, tenant, account_id, now=self.clock.now())

    def errands(self) -> dict[str, Errand]:
        """Return what runs in the background, by queue."""
        return {
            PUSH: self._push,
            SYNC: self._sync,
            leaving.LEAVE: self._leave,
            changes.DECIDE: self._decide,
            conflicts.OFFER: self._offer,
        }

    async def _account(self, tenant: Id, account_id: Id) -> StoredAccount:
        require("acc", account_id, "calendar account")
        async with self.database.reading(tenant) as db:
            account = await store.account(db, tenant, account_id)
        if account is None:
            raise NotFound("There is no calendar account with this id.")
        return account

    # --- errands ---------------------------------------------------------------------------------

    async def _sync(self, task: Task) -> None:
        """Read an account, and ask for the next time; one that refuses us is left alone."""
        done = await self.rounds.begin(task.tenant, task.subject, silent=SILENT)
        async with self.database.transaction(task.tenant) as db:
            if done is not None:
                await self.rounds.settle(db, done)
            if done is not None and done.account.state != "auth-failed":
                await self._ask_again(db, task.tenant, done)
            await task.finish(db, now=self.clock.now())

    async def _leave(self, task: Task) -> None:
        """Remove our entries from an account's calendars as far as that works, then forget it."""
        async with self.database.reading(task.tenant) as db:
            account = await leaving.of(db, task.tenant, task.subject)
            errands = await leaving.errands(db, task.tenant, account) if account else []
        if errands and account is not None:
            try:
                async with self.logins.open(account) as server:
                    for errand in errands:
                        with suppress(writing.Foreign, Forbidden):
                            await writing.run(self.database, server, errand, now=self.clock.now())
            except (CalendarProblem, AddressRefused) as problem:
                async with self.database.transaction(task.tenant) as db:
                    again = await leaving.failed(db, task.tenant, account, code_of(problem))
                if again is not None:
                    raise RetryLater(again, code_of(problem)) from None
        async with self.database.transaction(task.tenant) as db:
            now = self.clock.now()
            # Somebody may have connected it again in the meantime.
            if (still := await leaving.of(db, task.tenant, task.subject)) is not None:
                await leaving.end(db, task.tenant, still, now=now)
            await task.finish(db, now=now)

    async def _ask_again(self, db: AsyncConnection, tenant: Id, done: Round) -> None:
        account, now = done.account, self.clock.now()
        wait = polling.interval(done.news_at, now=now)
        if account.failures:
            wait = polling.pause(account.failures)
        elif account.kind != "caldav":
            # Who offers a feed counts on fewer questions; one of our own is read when written to.
            wait = polling.SELDOM
        elif wait == polling.SELDOM:
            until = now + polling.AHEAD
            soon = await store.meets_before(db, tenant, account.advisor_id, until, now=now)
            wait = polling.EVERY if soon else wait
        due_at = now + max(polling.spread(wait), done.wait)
        await work.enqueue(db, tenant, SYNC, account.id, now=now, due_at=due_at)

    async def _push(self, task: Task) -> None:
        """Bring a booking's entries in line with the booking, however long a server is away.

        They are seen to side by side, so that no calendar waits for another; one that fails is
        tried again, and those that are done are left alone then.
        """
        now = self.clock.now()
        async with self.database.transaction(task.tenant) as db:
            errands = await writing.prepare(
                db, task.tenant, task.subject, public_url=self.public_url, now=now
            )
        ends = await asyncio.gather(
            *(self._bring(errand, now=now) for errand in errands), return_exceptions=True
        )
        failed = [end for end in ends if isinstance(end, BaseException)]
        waiting = [end for end in failed if isinstance(end, RetryLater)]
        if len(waiting) < len(failed):
            raise next(end for end in failed if not isinstance(end, RetryLater))
        if waiting:
            raise min(waiting, key=lambda later: later.delay)
        async with self.database.transaction(task.tenant) as db:
            await task.finish(db, now=self.clock.now())

    async def _bring(self, errand: writing.Errand, *, now: datetime) -> None:
        """See to one entry, and tell its owner if it cannot be written."""
        if errand.account.state == "auth-failed":
            await self._put_off(errand, LOCKED_OUT, "calendar-refused")
        try:
            async with self.logins.open(errand.account) as opened:
                server = self.manners.polite(opened, errand.account)
                await writing.run(self.database, server, errand, now=now)
        except (Forbidden, writing.Foreign) as problem:
            code = "calendar-read-only" if isinstance(problem, Forbidden) else "entry-foreign"
            async with self.database.transaction(errand.tenant) as db:
                await self.rounds.tell(
                    db, errand.tenant, errand.account, code, booking=errand.booking.id
                )
        except (CalendarProblem, AddressRefused) as problem:
            wait = problem.wait if isinstance(problem, Unreachable) else timedelta()
            delay = max(polling.spread(polling.pause(errand.link.failures + 1)), wait)
            await self._put_off(errand, delay, code_of(problem))

    async def _put_off(self, errand: writing.Errand, delay: timedelta, reason: str) -> NoReturn:
        """Try again later, and remember that this entry waits."""
        async with self.database.transaction(errand.tenant) as db:
            await link_store.change(
                db, errand.tenant, errand.link, failures=errand.link.failures + 1
            )
        raise RetryLater(delay, reason)

    async def _decide(self, task: Task) -> None:
        """Act on what was done to a booking's entries, once it has stood for a while."""
        again = await decide(self.database, self.clock, task.tenant, task.subject)
        async with self.database.transaction(task.tenant) as db:
            now = self.clock.now()
            if again is not None:
                await work.enqueue(
                    db, task.tenant, changes.DECIDE, task.subject, now=now, due_at=again
                )
            await task.finish(db, now=now)

    async def _offer(self, task: Task) -> None:
        """Offer other times for a meeting whose time is taken, if it still is."""
        async with self.database.transaction(task.tenant) as db:
            now = self.clock.now()
            conflict = await conflicts.due(db, task.tenant, task.subject, now=now)
            if conflict is not None:
                if await conflicts.undecided(db, task.tenant, conflict):
                    raise RetryLater(UNDECIDED, "calendar-undecided")
                booking = await service.get_booking(db, task.tenant, conflict.booking_id)
                found = await repairs(db, task.tenant, booking, now=now, count=ALTERNATIVES)
                await conflicts.offer(db, task.tenant, conflict, found, now=now)
            await task.finish(db, now=now)
