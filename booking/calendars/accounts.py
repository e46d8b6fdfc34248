"""Calendar accounts: logging in, storing one, and saying how it stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import conflict_store
from booking.calendars import store
from booking.calendars.caldav import CaldavServer
from booking.calendars.errors import CalendarNotCaldav, CalendarRefused, CalendarUnreachable
from booking.calendars.model import (
    Account,
    Collection,
    ConnectInput,
    StoredAccount,
    StoredCollection,
)
from booking.calendars.port import (
    CalendarProblem,
    Forbidden,
    Refused,
    RemoteCollection,
    Unreachable,
)
from kernel import work
from kernel.crypto import Keyring
from kernel.ids import Id, new_id
from kernel.outgoing import Guard

PUSH: Final = "calendar.push"
_USE: Final = "calendar-credentials"


class Logins:
    """Opens calendar servers with the passwords that we keep sealed."""

    def __init__(self, keyring: Keyring, guard: Guard) -> None:
        self.keyring = keyring
        self.guard = guard

    def open(self, account: StoredAccount) -> CaldavServer:
        """Return the account's server, to be used as a context.

        Raises:
            AddressRefused: It may not be called any more.
            Refused: The password was sealed with another secret key; it must be entered again.
        """
        try:
            password = self.keyring.open(account.password, use=_USE, context=account.id).decode()
        except ValueError:
            raise Refused("the sealed password does not open") from None
        return CaldavServer(
            self.guard, url=account.url, username=account.username, password=password
        )

    def seal(self, account_id: Id, password: str) -> bytes:
        """Return the password as it is stored: readable for this account and installation only."""
        return self.keyring.seal(password.encode(), use=_USE, context=account_id)

    async def discover(self, url: str, username: str, password: str) -> list[RemoteCollection]:
        """Return the calendars behind a log-in.

        Raises:
            CalendarUnreachable, CalendarRefused, CalendarNotCaldav, AddressRefused: Why not.
        """
        try:
            async with CaldavServer(
                self.guard, url=url, username=username, password=password
            ) as server:
                found = await server.discover()
        except Unreachable as problem:
            raise CalendarUnreachable(
                "The calendar server does not answer. Check the address, or try again later."
            ) from problem
        except (Refused, Forbidden) as problem:
            raise CalendarRefused(
                "The calendar server refuses this name and password. Many servers want a password "
                "made for one app instead of the usual one."
            ) from problem
        except CalendarProblem as problem:
            raise CalendarNotCaldav(
                "What answers at this address is no CalDAV server. Enter the CalDAV address "
                "itself; one that redirects elsewhere will not do."
            ) from problem
        if not found:
            raise CalendarNotCaldav("This account has no calendar for events.")
        return found


async def keep_account(
    db: AsyncConnection, tenant: Id, data: ConnectInput, logins: Logins, *, now: datetime
) -> Id:
    """Store an account, or the new password of one that is there; return its id."""
    for known in await store.accounts(db, tenant, advisor=data.advisor):
        if (known.url, known.username) == (data.url, data.username):
            sealed = logins.seal(known.id, data.password)
            await store.change_account(
                db, tenant, known.id, password=sealed, state="active", problem=None, failures=0
            )
            return known.id
    account_id = new_id("acc", now)
    account = StoredAccount(
        id=account_id,
        advisor_id=data.advisor,
        url=data.url,
        username=data.username,
        password=logins.seal(account_id, data.password),
        state="active",
        problem=None,
        failures=0,
    )
    await store.add_account(db, tenant, account, now=now)
    return account_id


async def keep_collections(
    db: AsyncConnection,
    tenant: Id,
    account_id: Id,
    found: Sequence[RemoteCollection],
    *,
    advisor: Id,
    now: datetime,
) -> None:
    """Store the calendars that are new; the first to be written to becomes the target."""
    known = {each.url for each in await store.collections(db, tenant, [account_id])}
    has_target = await store.target_of(db, tenant, advisor) is not None
    for each in found:
        if each.url in known:
            continue
        is_target = each.writable and not has_target
        has_target = has_target or is_target
        await store.add_collection(
            db,
            tenant,
            StoredCollection(
                id=new_id("col", now),
                account_id=account_id,
                url=each.url,
                name=each.name,
                role="target" if is_target else "busy",
                timezone=each.timezone,
                writable=each.writable,
                sync_token=None,
                problem=None,
                doubted_since=None,
                listed_at=None,
                last_ok_at=None,
                revision=0,
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
        )

    return [
        Account(
            id=each.id,
            advisor_id=each.advisor_id,
            url=each.url,
            username=each.username,
            state=each.state,
            problem=each.problem,
            collections=[shown(one) for one in collections if one.account_id == each.id],
        )
        for each in accounts
    ]
