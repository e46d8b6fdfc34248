"""Seats in meetings that several customers share.

A session has the claims, its customers have numbered seats in it. While only holds sit in it, its
claims expire with the last of them; the first booking makes them stay, the last to leave gives the
time back.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import claim_store as store
from booking.claim_store import Holder, Session
from kernel.ids import Id


async def sit_down(
    db: AsyncConnection, tenant: Id, session_id: Id, *, holder: Holder, now: datetime
) -> Session | None:
    """Take a free seat for *holder* and return the session; None where it is full or over."""
    session = await store.lock_session(db, tenant, session_id)
    if session is None or not await store.has_live_claims(db, tenant, session_id):
        return None
    taken = await store.seated(db, tenant, session_id, now=now)
    numbers = {number for number, _ in taken}
    free = next((number for number in range(session.seats) if number not in numbers), None)
    if free is None:
        return None
    await store.insert_seat(db, tenant, session_id, free, holder)
    await _keep_time(db, tenant, session_id, [*(until for _, until in taken), holder.expires_at])
    return session


async def stand_up(
    db: AsyncConnection,
    tenant: Id,
    session_id: Id,
    *,
    booking: Id | None = None,
    hold: Id | None = None,
    now: datetime,
) -> None:
    """Give a seat back; the last one to go gives back the session's time."""
    if await store.lock_session(db, tenant, session_id) is None:
        return
    await store.leave_seat(db, tenant, session_id, booking=booking, hold=hold)
    taken = await store.seated(db, tenant, session_id, now=now)
    if taken:
        await _keep_time(db, tenant, session_id, [until for _, until in taken])
    else:
        await store.release_claims(db, tenant, session=session_id)


async def _keep_time(
    db: AsyncConnection, tenant: Id, session_id: Id, untils: list[datetime | None]
) -> None:
    ends = [until for until in untils if until is not None]
    await store.keep_session_until(
        db, tenant, session_id, max(ends) if len(ends) == len(untils) else None
    )
