"""Bringing a booking's entries in line with the booking, in the calendar of each who attends it.

Every write names what it replaces, so that nothing the advisor did in the meantime is lost, and is
read back, since servers change what they are given and sometimes keep nothing at all.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars import changes, link_store, store
from booking.calendars.accounts import PUSH
from booking.calendars.entry import entry_for
from booking.calendars.model import Link, StoredAccount, StoredCollection
from booking.calendars.port import (
    CalendarServer,
    ChangedMeanwhile,
    RemoteObject,
    Unreachable,
    href_of,
)
from booking.calendars.reading import fingerprint
from booking.model import Booking
from booking.reconcile import is_ours, judge, look, merge
from kernel import work
from kernel.database import Database
from kernel.errors import NotFound
from kernel.ids import Id, new_id
from kernel.spans import Span
from kernel.tenancy import get_tenant

ATTEMPTS: Final = 3
_LATER: Final = timedelta(minutes=1)


class Foreign(Exception):
    """Something that is not ours stands where the booking's entry should."""


class Errand(Struct, frozen=True, kw_only=True):
    """A booking's entry that must be looked after in one calendar, and where that is.

    Attributes:
        desired: The entry as it should be; None where there should be none.
    """

    tenant: Id
    booking: Booking
    link: Link
    collection: StoredCollection
    account: StoredAccount
    desired: bytes | None


async def prepare(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, public_url: str, now: datetime
) -> list[Errand]:
    """Return what is to be done for a booking, having noted where its entries will stand.

    Whoever attends it has the entry, whoever does not any more has it no longer. Left out is who
    has no calendar to write into, and what is as it should be.
    """
    try:
        booking = await service.get_booking(db, tenant, booking_id)
    except NotFound:
        return []
    if booking.state not in changes.LIVE and booking.state != "cancelled":
        return []  # what has taken place stays where it was written
    shown = booking.state in changes.LIVE
    if booking.session_id is not None:
        # Not only where it is shown: what is called off has to be taken over by another.
        oldest = await _stands_for_all(db, tenant, booking, booking.session_id, now=now)
        shown = shown and oldest
    desired = await _desired(db, tenant, booking, public_url, now=now) if shown else None
    links = {link.advisor_id: link for link in await link_store.of_booking(db, tenant, booking_id)}
    attendants = booking.attendants() if shown else []
    errands = []
    for advisor in dict.fromkeys([*attendants, *links]):
        wanted = desired if advisor in attendants else None
        errand = await _errand(db, tenant, booking, advisor, links.get(advisor), wanted)
        if errand is not None:
            errands.append(errand)
    return errands


async def _stands_for_all(
    db: AsyncConnection, tenant: Id, booking: Booking, session_id: Id, *, now: datetime
) -> bool:
    """Tell whether a booking's entry is the one for its session; see to those that it has left."""
    steps = await service.history(db, tenant, booking.id)
    present = await _oldest_of(db, tenant, session_id, apart_from=booking.id, now=now)
    for step in steps:
        left = step.booking.session_id
        if left is not None and left != session_id:
            await _oldest_of(db, tenant, left, apart_from=booking.id, now=now)
    return booking.id == present


async def _oldest_of(
    db: AsyncConnection, tenant: Id, session_id: Id, *, apart_from: Id, now: datetime
) -> Id | None:
    """Return whose entry is a session's: of its bookings the oldest; see to the others'."""
    entries = await link_store.session_entries(db, tenant, session_id)
    oldest = next(iter(entries), None)
    for other, count in entries.items():
        if other != apart_from and (count > 0) != (other == oldest):
            # What is to go may wait for its server; it is not to be asked for without end.
            due_at = now if other == oldest else now + _LATER
            await work.enqueue(db, tenant, PUSH, other, now=now, due_at=due_at)
    return oldest


async def _errand(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    advisor: Id,
    link: Link | None,
    desired: bytes | None,
) -> Errand | None:
    """Return what is to be done in one advisor's calendar, if anything."""
    if link is not None and link.state == "removed":
        if desired is None:
            return None
        await link_store.remove(db, tenant, link)
        link = None
    if link is None:
        target = await store.target_of(db, tenant, advisor)
        if target is None:
            return None
        link = _new_link(booking, advisor, target)
        await link_store.add(db, tenant, link)
    if desired is not None and _in_step(link, booking, desired):
        return None
    collection = await store.collection(db, tenant, link.collection_id)
    account = await store.account(db, tenant, collection.account_id) if collection else None
    if collection is None or account is None:
        return None
    return Errand(
        tenant=tenant,
        booking=booking,
        link=link,
        collection=collection,
        account=account,
        desired=desired,
    )


def _in_step(link: Link, booking: Booking, desired: bytes) -> bool:
    """Tell whether the entry was written as it should be; what happened to it since is read."""
    written = link.state == "written" and link.sequence >= booking.sequence
    return written and _unstamped(link.base_ics or b"") == _unstamped(desired)


def _unstamped(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if not line.startswith(b"DTSTAMP")]


async def run(database: Database, server: CalendarServer, errand: Errand, *, now: datetime) -> None:
    """Do it, starting again when the entry changes under our hands.

    Raises:
        CalendarProblem: It could not be done now.
        Foreign: Something that is not ours stands there.
    """
    for _ in range(ATTEMPTS):
        try:
            if errand.desired is None:
                await _remove(database, server, errand)
            else:
                await _write(database, server, errand, errand.desired, now=now)
        except ChangedMeanwhile:
            errand = await _elsewhere(database, errand)
        else:
            return
    raise Unreachable("the entry keeps changing")


async def _write(
    database: Database, server: CalendarServer, errand: Errand, desired: bytes, *, now: datetime
) -> None:
    link, url = errand.link, errand.collection.url
    remote = await server.get(url, link.href)
    if remote is None and link.state == "written" and link.sequence >= 0:
        async with database.transaction(errand.tenant) as db:
            await changes.missed(db, errand.tenant, link, now=now)
        return
    body: bytes | None = desired
    if remote is not None:
        _require_ours(remote, errand)
        if _is_the_advisors(remote, errand):
            return  # reading the calendar finds it, and the policy decides
        body = _merged(remote, errand, desired)
    if body is not None:
        await server.put(url, link.href, body, etag=remote.etag if remote else None)
        remote = await server.get(url, link.href)
    if remote is None or look(remote.body).span != look(desired).span:
        raise Unreachable("what was written is not there")
    await _record(database, errand, remote, desired, now=now)


def _is_the_advisors(remote: RemoteObject, errand: Errand) -> bool:
    """Tell whether the advisor changed the time, and the booking has not been changed since."""
    booked = Span(errand.booking.start, errand.booking.end)
    verdict = judge(base=errand.link.base_ics, seen=look(remote.body), booked=booked)
    newer = errand.booking.sequence > errand.link.sequence
    pending = errand.link.state == "pending"
    return verdict not in {"in-step", "behind"} and not newer and not pending


def _merged(remote: RemoteObject, errand: Errand, desired: bytes) -> bytes | None:
    seen = look(remote.body)
    if seen.span is None or seen.cancelled:
        return desired  # nothing of a series or a cancelled entry can be kept
    return merge(base=errand.link.base_ics, remote=remote.body, desired=desired)


async def _remove(database: Database, server: CalendarServer, errand: Errand) -> None:
    link, url = errand.link, errand.collection.url
    async with database.reading(errand.tenant) as db:
        shared = await link_store.stands_beside(db, errand.tenant, link, url=url)
    remote = None if shared else await server.get(url, link.href)
    if remote is not None:
        _require_ours(remote, errand)
        await server.delete(url, link.href, etag=remote.etag)
    async with database.transaction(errand.tenant) as db:
        # The collection first, as whoever reads it does, so that nobody waits in a circle.
        await store.change_collection(db, errand.tenant, errand.collection.id)
        mine = await store.object_at(db, errand.tenant, errand.collection.id, link.href)
        await store.remove_objects(db, errand.tenant, [mine.id] if mine else [])
        await changes.forget(db, errand.tenant, link, state="removed", failures=0)


def _require_ours(remote: RemoteObject, errand: Errand) -> None:
    # Some calendar programs drop properties they do not know; the UID they all keep.
    mark = errand.booking.id if errand.link.state == "pending" else None
    if not is_ours(remote.body, uid=errand.booking.uid, booking=mark):
        raise Foreign


async def _elsewhere(database: Database, errand: Errand) -> Errand:
    """Return the errand for wherever the booking's UID is known to stand by now."""
    async with database.reading(errand.tenant) as db:
        known = await store.objects_with_uid(
            db, errand.tenant, errand.booking.uid, advisor=errand.link.advisor_id
        )
    for each in known:
        if each.collection_id == errand.collection.id:
            return structs.replace(errand, link=structs.replace(errand.link, href=each.href))
    return errand


async def _record(
    database: Database, errand: Errand, remote: RemoteObject, desired: bytes, *, now: datetime
) -> None:
    """Remember the entry as the server has it, so that no later reading takes it for news."""
    link, tenant = errand.link, errand.tenant
    values = {
        "etag": "",  # until it is read: only then do we know that the server tells of it
        "sha256": fingerprint(remote.body),
        "uid": errand.booking.uid,
        "state": "ok",
        "problem": None,
        "booking_id": errand.booking.id,
        "raw": remote.body,
        "expanded_until": None,
    }
    async with database.transaction(tenant) as db:
        await store.change_collection(db, tenant, errand.collection.id)  # first, as in `_remove`
        mine = await store.object_at(db, tenant, errand.collection.id, link.href)
        if mine is None:
            place = {"collection_id": errand.collection.id, "href": link.href}
            await store.add_objects(db, tenant, [{"id": new_id("cob", now), **place, **values}])
        else:
            await store.change_object(db, tenant, mine.id, **values)
            await store.remove_spans(db, tenant, [mine.id])
        await changes.forget(
            db,
            tenant,
            link,
            href=link.href,
            etag=remote.etag,
            base_ics=desired,
            state="written",
            sequence=errand.booking.sequence,
            failures=0,
        )


def _new_link(booking: Booking, advisor: Id, target: StoredCollection) -> Link:
    # The id as file name: after a lost answer the same write finds what it wrote before.
    return Link(
        booking_id=booking.id,
        advisor_id=advisor,
        collection_id=target.id,
        href=f"{href_of(target.url)}{booking.id}.ics",
        uid=booking.uid,
        etag=None,
        base_ics=None,
        state="pending",
        sequence=-1,
        change=None,
        changed_at=None,
        moved_start=None,
        moved_end=None,
        asked=False,
        failures=0,
    )


async def _desired(
    db: AsyncConnection, tenant: Id, booking: Booking, public_url: str, *, now: datetime
) -> bytes:
    places = {each.id: each.name for each in await service.list_locations(db, tenant)}
    return entry_for(
        booking,
        await service.get_meeting_type(db, tenant, booking.meeting_type),
        (await get_tenant(db, tenant)).settings,
        location=places.get(booking.location_id or "", ""),
        public_url=public_url,
        now=now,
    )
