"""Calendar accounts: logging in, storing one, and saying how it stands."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from functools import partial
from typing import Final, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import conflict_store
from booking.calendars import grants_store, own_store, store, trying
from booking.calendars.caldav import Bearer, CaldavServer
from booking.calendars.grants import Entering, Grants
from booking.calendars.ics_feed import IcsFeed, address_of, masked
from booking.calendars.model import (
    Account,
    Collection,
    ConnectInput,
    LoginInput,
    Role,
    StoredAccount,
    StoredCollection,
)
from booking.calendars.own import OwnServer, own_url
from booking.calendars.port import CalendarProblem, CalendarServer, Refused, RemoteCollection
from booking.calendars.tokens import Tokens
from kernel import work
from kernel.clock import Clock
from kernel.crypto import Keyring
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.outgoing import AddressRefused, Guard

PUSH: Final = "calendar.push"
_USE: Final = "calendar-credentials"
_ADDRESS: Final = "calendar-address"


class Logins:
    """Opens calendars with what we keep sealed of them."""

    def __init__(self, keyring: Keyring, guard: Guard, database: Database, clock: Clock) -> None:
        self.keyring = keyring
        self.guard = guard
        self.database = database
        self.clock = clock
        self.grants = Grants(database, clock, keyring, guard)

    def open(self, account: StoredAccount) -> AbstractAsyncContextManager[CalendarServer]:
        """Return the account's server, to be used as a context.

        Raises:
            AddressRefused: It may not be called any more.
            Refused: What is sealed was sealed with another secret key; it must be entered again.
        """
        if account.kind == "own":
            return OwnServer(self.database, account)
        try:
            password = self.keyring.open(account.password, use=_USE, context=account.id).decode()
            address = self.address(account)
        except ValueError:
            raise Refused("what is sealed does not open") from None
        if account.kind == "feed":
            return IcsFeed(self.guard, url=address, username=account.username, password=password)
        if account.auth == "bearer":
            renewed = partial(self.grants.renewed, account)
            token = Bearer(password, renewed, ends=self.grants.ends_soon(account))
            return self._caldav(address, account.username, password, token)
        return self._caldav(address, account.username, password, account.auth)

    def entering(self, data: LoginInput) -> Entering | None:
        """Return what renews the token of a log-in that is being entered, if that can be done."""
        return None if data.oauth is None else Entering(self.guard, self.clock, data.oauth)

    def seal(self, account_id: Id, password: str) -> bytes:
        """Return the password as it is stored: readable for this account and installation only."""
        return self.keyring.seal(password.encode(), use=_USE, context=account_id)

    def seal_address(self, account_id: Id, address: str) -> bytes:
        """Return a feed's address as it is stored, in the same way."""
        return self.keyring.seal(address.encode(), use=_ADDRESS, context=account_id)

    async def reseal(self, db: AsyncConnection, tenant: Id) -> int:
        """Seal anew what is kept of an organisation's accounts; return how many could be opened.

        What does not open any more was lost with an older secret key, and stays as it is.
        """
        done = 0
        for account in await store.accounts(db, tenant):
            grant = await grants_store.grant(db, tenant, account.id)
            ring, whose = self.keyring, account.id
            with suppress(ValueError):
                values = {"password": ring.reseal(account.password, use=_USE, context=whose)}
                if account.address is not None:
                    values["address"] = ring.reseal(account.address, use=_ADDRESS, context=whose)
                sealed = grant and self.grants.reseal(whose, grant.sealed)
                await store.change_account(db, tenant, whose, **values)
                if sealed:
                    await grants_store.put(db, tenant, whose, sealed)
                done += 1
        return done

    def address(self, account: StoredAccount) -> str:
        """Return where an account really is.

        Raises:
            ValueError: It was sealed with another secret key.
        """
        if account.address is None:
            return account.url
        return self.keyring.open(account.address, use=_ADDRESS, context=account.id).decode()

    async def discover(
        self, data: LoginInput, entering: Entering | None = None
    ) -> list[RemoteCollection]:
        """Return the calendars behind a log-in; with *entering* its token may be renewed.

        Raises:
            Invalid: What was entered contradicts itself.
            CalendarUnreachable, CalendarRefused, CalendarNotCaldav, CalendarNotFeed,
            CalendarTooLarge, AddressRefused: Why not.
        """
        trying.check(data)
        try:
            if entering is not None and data.password is None:
                _ = await entering.renewed()
            async with self._enter(data, entering) as server:
                found = await server.discover()
        except (CalendarProblem, AddressRefused) as problem:
            reason = await trying.reason_of(problem, data, self.guard)
            # A feed's address is a secret, and causes may hold it.
            raise trying.refusal(reason, data, problem) from None
        if not found:
            raise trying.refusal("no-calendars", data, LookupError())
        return found

    def _enter(
        self, data: LoginInput, entering: Entering | None
    ) -> AbstractAsyncContextManager[CalendarServer]:
        url, username, password = data.url or "", data.username or "", data.password or ""
        if data.kind == "feed":
            return IcsFeed(self.guard, url=url, username=username, password=password)
        if data.auth == "bearer":
            known = entering.tokens if entering else None
            renewed = entering.renewed if entering else None
            token = Bearer(known.access if known else password, renewed)
            return self._caldav(url, username, password, token)
        return self._caldav(url, username, password, data.auth)

    def _caldav(
        self, url: str, username: str, password: str, auth: Literal["basic", "digest"] | Bearer
    ) -> CaldavServer:
        return CaldavServer(self.guard, url=url, username=username, password=password, auth=auth)


async def keep_account(
    db: AsyncConnection,
    tenant: Id,
    data: ConnectInput,
    logins: Logins,
    *,
    tokens: Tokens | None = None,
    now: datetime,
) -> Id:
    """Store an account, or the new password of one that is there; return its id.

    *tokens* is what came of renewing its token on the way.
    """
    url = data.url or ""
    password = tokens.access if tokens else data.password or ""
    grant = tokens.grant if tokens else data.oauth
    expires_at = tokens.expires_at if tokens else None
    if data.kind == "feed":
        url = address_of(logins.guard, url)
    for known in await store.accounts(db, tenant, advisor=data.advisor):
        if _same(known, data, url, logins):
            await store.change_account(
                db,
                tenant,
                known.id,
                password=logins.seal(known.id, password),
                auth=data.auth,
                state="active",
                problem=None,
                failures=0,
                described_at=None,
                token_expires_at=expires_at,
            )
            sealed = logins.grants.seal(known.id, grant) if grant else None
            await grants_store.put(db, tenant, known.id, sealed)
            return known.id
    account_id = new_id("acc", now)
    account = StoredAccount(
        id=account_id,
        tenant_id=tenant,
        advisor_id=data.advisor,
        kind=data.kind,
        auth=data.auth,
        url=_shown(data, url, account_id),
        address=logins.seal_address(account_id, url) if data.kind == "feed" else None,
        username=data.username or "",
        password=logins.seal(account_id, password),
        state="active",
        problem=None,
        failures=0,
        token_expires_at=expires_at,
    )
    await store.add_account(db, tenant, account, now=now)
    if grant is not None:
        await grants_store.put(db, tenant, account_id, logins.grants.seal(account_id, grant))
    if data.kind == "own":
        await own_store.add(db, tenant, account_id, advisor=data.advisor)
    return account_id


def _shown(data: ConnectInput, url: str, account_id: Id) -> str:
    if data.kind == "own":
        return own_url(account_id)
    return masked(url) if data.kind == "feed" else url


def _same(known: StoredAccount, data: ConnectInput, url: str, logins: Logins) -> bool:
    if known.kind != data.kind:
        return False
    if known.kind == "own":
        return True  # an advisor has one
    try:
        address = logins.address(known)
    except ValueError:
        return False
    return (address, known.username) == (url, data.username or "")


async def keep_collections(
    db: AsyncConnection,
    tenant: Id,
    account_id: Id,
    found: Sequence[RemoteCollection],
    *,
    advisor: Id,
    returning: bool = False,
    now: datetime,
) -> None:
    """Store the calendars that are new; the first to be written to becomes the target.

    One of which its owner has said that it keeps nobody busy is left alone, until somebody gives it
    another role. Of an account that was about to go and is *returning* all of them are new, so to
    speak.
    """
    known = {each.url: each for each in await store.collections(db, tenant, [account_id])}
    has_target = await store.target_of(db, tenant, advisor) is not None
    for each in found:
        is_target = each.writable and not each.transparent and not has_target
        role: Role = "target" if is_target else "ignore" if each.transparent else "busy"
        if each.url in known and not returning:
            if each.transparent != known[each.url].transparent:
                await store.change_collection(
                    db, tenant, known[each.url].id, transparent=each.transparent
                )
            continue
        has_target = has_target or is_target
        if each.url in known:
            await store.change_collection(
                db, tenant, known[each.url].id, role=role, transparent=each.transparent
            )
            continue
        await store.add_collection(
            db,
            tenant,
            StoredCollection(
                id=new_id("col", now),
                account_id=account_id,
                url=each.url,
                name=each.name,
                role=role,
                timezone=each.timezone,
                writable=each.writable,
                sync_token=None,
                problem=None,
                doubted_since=None,
                listed_at=None,
                last_ok_at=None,
                revision=0,
                transparent=each.transparent,
            ),
        )


async def ask_for_pushes(db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime) -> None:
    """Ask for the meetings that the advisor is to attend to be written into their calendar."""
    for meeting in await conflict_store.meetings_ahead(db, tenant, advisor, now=now):
        await work.enqueue(db, tenant, PUSH, meeting.booking_id, now=now)


async def described(
    db: AsyncConnection, tenant: Id, accounts: Sequence[StoredAccount]
) -> list[Account]:
    """Return accounts as they are shown, with how much each calendar holds."""
    collections = await store.collections(db, tenant, [each.id for each in accounts])
    ids = [each.id for each in collections]
    objects = await store.object_counts(db, tenant, ids)
    spans = await store.span_counts(db, tenant, ids)

    def shown(collection: StoredCollection) -> Collection:
        count, troubled = objects.get(collection.id, (0, 0))
        return Collection(
            id=collection.id,
            name=collection.name,
            url=collection.url,
            role=collection.role,
            timezone=collection.timezone,
            writable=collection.writable,
            last_ok_at=collection.last_ok_at,
            problem=collection.problem,
            objects=count,
            busy_spans=spans.get(collection.id, 0),
            troubled=troubled,
            transparent=collection.transparent,
        )

    return [
        Account(
            id=each.id,
            advisor_id=each.advisor_id,
            kind=each.kind,
            auth=each.auth,
            url=each.url,
            username=each.username,
            state=each.state,
            problem=each.problem,
            collections=[shown(one) for one in collections if one.account_id == each.id],
            addresses=each.addresses,
            server_addresses=each.server_addresses,
            availability=each.availability_state,
        )
        for each in accounts
    ]
