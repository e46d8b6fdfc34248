"""What must be true after a race or a kill, and sentences about what is not."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.tables import bookings, claims
from kernel.database import Database
from kernel.ids import Id
from kernel.tables import work
from kernel.work import ERRANDS_AT_ONCE
from notifications.tables import deliveries, notices
from tests.services.smtp import Received

LIVE: Final = ("requested", "confirmed")
_UID: Final = re.compile(r"^UID:(\S+)", re.MULTILINE)


async def overlaps(db: AsyncConnection, tenant: Id) -> int:
    """Count pairs of live claims of one advisor or room that share time."""
    other = claims.alias("other")
    found = await db.scalar(
        select(func.count())
        .select_from(claims)
        .join(
            other,
            (other.c.tenant_id == claims.c.tenant_id)
            & (other.c.resource_id == claims.c.resource_id)
            & (other.c.id > claims.c.id)
            & (other.c.starts_at < claims.c.ends_at)
            & (claims.c.starts_at < other.c.ends_at),
        )
        .where(claims.c.tenant_id == tenant, claims.c.live, other.c.live)
    )
    return int(found or 0)


async def booked(db: AsyncConnection, tenant: Id) -> dict[Id, str]:
    """Return the UID of every meeting that stands."""
    rows = await db.execute(
        select(bookings.c.id, bookings.c.uid).where(
            bookings.c.tenant_id == tenant, bookings.c.state.in_(LIVE)
        )
    )
    return {row.id: row.uid for row in rows}


async def broken(database: Database, tenant: Id, accepted: Mapping[str, str]) -> list[str]:
    """Say what is wrong with the meetings in the database.

    Args:
        database: To look into.
        tenant: The organisation.
        accepted: Whom a 201 was sent to, and the id of the booking in it.
    """
    async with database.reading(tenant) as db:
        faults = list(_accounts(await booked(db, tenant), accepted))
        if pairs := await overlaps(db, tenant):
            faults.append(f"{pairs} pairs of meetings overlap")
        faults += await _claims(db, tenant)
        customers = await db.execute(
            select(bookings.c.customer_id)
            .where(bookings.c.tenant_id == tenant, bookings.c.state.in_(LIVE))
            .group_by(bookings.c.customer_id)
            .having(func.count() > 1)
        )
        faults += [f"{row.customer_id} has been booked more than once" for row in customers]
    return faults


def _accounts(standing: Mapping[Id, str], accepted: Mapping[str, str]) -> Iterator[str]:
    told = Counter(accepted.values())
    yield from (f"{one} was accepted and is not there" for one in told if one not in standing)
    yield from (f"{one} is there and nobody was told" for one in standing if one not in told)
    yield from (f"{one} was given to several" for one, times in told.items() if times > 1)


async def _claims(db: AsyncConnection, tenant: Id) -> list[str]:
    """Compare the time that every meeting takes with when it is."""
    taken = (
        select(func.count())
        .where(
            claims.c.tenant_id == bookings.c.tenant_id,
            claims.c.booking_id == bookings.c.id,
            claims.c.resource_id == bookings.c.advisor_id,
            claims.c.starts_at == bookings.c.starts_at,
            claims.c.ends_at == bookings.c.ends_at,
            claims.c.live,
        )
        .scalar_subquery()
    )
    rows = await db.execute(
        select(bookings.c.id).where(
            bookings.c.tenant_id == tenant, bookings.c.state.in_(LIVE), taken != 1
        )
    )
    return [f"{row.id} does not have its time" for row in rows]


# --- what follows from a booking -----------------------------------------------------------------


async def unfinished(database: Database, tenant: Id, *, now: datetime) -> list[str]:
    """Say what should have been done by now."""
    async with database.reading(tenant) as db:
        rows = await db.execute(
            select(work.c.queue, work.c.state, work.c.subject).where(
                work.c.tenant_id == tenant,
                work.c.state.in_(("leased", "dead"))
                | ((work.c.state == "ready") & (work.c.due_at <= now)),
            )
        )
        return [f"{row.queue} of {row.subject} is {row.state}" for row in rows]


async def untold(
    database: Database, tenant: Id, letters: Iterable[Received], *, kills: int
) -> list[str]:
    """Say which customers have not been written to, or too often.

    A letter that was being handed over when its sender was killed may be sent again: nobody can
    know whether it had arrived. So many errands run at once, and no more letters than that may
    come twice for each kill.
    """
    async with database.reading(tenant) as db:
        standing = await booked(db, tenant)
        rows = await db.execute(
            select(notices.c.booking, func.count().label("many"))
            .join(
                deliveries,
                (deliveries.c.tenant_id == notices.c.tenant_id)
                & (deliveries.c.notice == notices.c.id),
            )
            .where(notices.c.tenant_id == tenant, deliveries.c.state == "sent")
            .group_by(notices.c.booking)
        )
        written = {row.booking: row.many for row in rows}
    arrived = Counter(uid for letter in letters for uid in _invited(letter))
    twice = sum(arrived.values()) - len(arrived)
    return [
        *(
            f"{one}: {written.get(one, 0)} letters sent"
            for one in standing
            if written.get(one) != 1
        ),
        *(f"{one}: no letter arrived" for one, uid in standing.items() if not arrived[uid]),
        *(f"a letter about {uid}" for uid in arrived if uid not in standing.values()),
        *([f"{twice} letters came again"] if twice > kills * ERRANDS_AT_ONCE else []),
    ]


def _invited(letter: Received) -> list[str]:
    return [
        uid
        for part in letter.mail.walk()
        if part.get_content_type() == "text/calendar"
        for uid in uids(str(part.get_content()))
    ]


async def unwritten(database: Database, tenant: Id, entries: Sequence[str]) -> list[str]:
    """Say which meetings do not stand in the advisor's calendar, or stand there twice."""
    async with database.reading(tenant) as db:
        standing = set((await booked(db, tenant)).values())
    found = Counter(uid for entry in entries for uid in uids(entry))
    return [
        *(f"{uid} stands in no calendar" for uid in standing if not found[uid]),
        *(f"{uid} stands there {times} times" for uid, times in found.items() if times > 1),
        *(f"{uid} stands there and is no meeting" for uid in found if uid not in standing),
    ]


def uids(text: str) -> list[str]:
    """Return the UIDs in an iCalendar text, whose long lines are folded."""
    return _UID.findall(re.sub(r"\r?\n[ \t]", "", text))
