"""Disconnecting a calendar: at once, or after our entries in it have been removed."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars import link_store, published, store
from booking.calendars.accounts import ask_for_pushes
from booking.calendars.model import StoredAccount
from booking.calendars.writing import Errand
from kernel import work
from kernel.ids import Id

LEAVE: Final = "calendar.leave"
ATTEMPTS: Final = 6
_PAUSE: Final = timedelta(minutes=10)


async def begin(db: AsyncConnection, tenant: Id, account_id: Id, *, now: datetime) -> None:
    """Let nothing of an account count any more, and ask for our entries in it to be removed."""
    for collection in await store.collections(db, tenant, [account_id]):
        # The collection first, as whoever reads it does, so that nobody waits in a circle.
        await store.change_collection(db, tenant, collection.id, role="ignore")
        await store.forget_reading(db, tenant, collection.id)
        await store.remove_all_objects(db, tenant, collection.id)
    await store.change_account(
        db, tenant, account_id, state="leaving", failures=0, availability=None
    )
    await published.renew_for(db, tenant, account_id, now=now)
    await work.enqueue(db, tenant, LEAVE, account_id, now=now)


async def of(db: AsyncConnection, tenant: Id, account_id: Id) -> StoredAccount | None:
    """Return an account that is still to go."""
    account = await store.account(db, tenant, account_id)
    return account if account is not None and account.state == "leaving" else None


async def errands(db: AsyncConnection, tenant: Id, account: StoredAccount) -> list[Errand]:
    """Return the removal of each of our entries in an account's calendars."""
    calendars = {each.id: each for each in await store.collections(db, tenant, [account.id])}
    return [
        Errand(
            tenant=tenant,
            booking=await service.get_booking(db, tenant, link.booking_id),
            link=link,
            collection=calendars[link.collection_id],
            account=account,
            desired=None,
        )
        for link in await link_store.of_account(db, tenant, account.id)
    ]


async def failed(
    db: AsyncConnection, tenant: Id, account: StoredAccount, code: str
) -> timedelta | None:
    """Take note that they could not be removed; return when to try again, if at all."""
    failures = account.failures + 1
    await store.change_account(db, tenant, account.id, failures=failures, problem=code)
    if failures >= ATTEMPTS or code in {"calendar-refused", "calendar-revoked", "address-refused"}:
        return None
    return _PAUSE


async def end(db: AsyncConnection, tenant: Id, account: StoredAccount, *, now: datetime) -> None:
    """Forget an account; its bookings go into another calendar where there is a target."""
    for collection in await store.collections(db, tenant, [account.id]):
        await store.collection(db, tenant, collection.id, lock=True)
    await store.remove_account(db, tenant, account.id)
    await ask_for_pushes(db, tenant, account.advisor_id, now=now)
