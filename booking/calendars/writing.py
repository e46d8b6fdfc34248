"""Bringing a booking's entry in its advisor's calendar in line with the booking.

Every write names what it replaces, so that nothing the advisor did in the meantime is lost, and is
read back, since servers change what they are given and sometimes keep nothing at all.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars import changes, store
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
from kernel.database import Database
from kernel.errors import NotFound
from kernel.ids import Id, new_id
from kernel.spans import Span
from kernel.tenancy import get_tenant

ATTEMPTS: Final = 3


class Foreign(Exception):
    """Something that is not ours stands where the booking's entry should."""


class Errand(Struct, frozen=True, kw_only=True):
    """A booking whose entry must be looked after, and where that is.

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
) -> Errand | None:
    """Return what is to be done for a booking, having noted where its entry will stand.

    None means that there is nothing to do: its advisor has no calendar to write into, or what is
    not there is not to be there.
    """
    try:
        booking = await service.get_booking(db, tenant, booking_id)
    except NotFound:
        return None
    link = await store.link(db, tenant, booking_id)
    live = booking.state in changes.LIVE
    if not live and (link is None or link.state == "removed" or booking.state != "cancelled"):
        return None
    if link is None:
        target = await store.target_of(db, tenant, booking.advisor_id)
        if target is None:
            return None
        link = _new_link(booking, target)
        await store.add_link(db, tenant, link)
    collection = await store.collection(db, tenant, link.collection_id)
    account = await store.account(db, tenant, collection.account_id) if collection else None
    if collection is None or account is None:
        return None
    desired = await _desired(db, tenant, booking, public_url, now=now) if live else None
    return Errand(
        tenant=tenant,
        booking=booking,
        link=link,
        collection=collection,
        account=account,
        desired=desired,
    )


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
    if remote is None and link.state == "written":
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
    remote = await server.get(url, link.href)
    if remote is not None:
        _require_ours(remote, errand)
        await server.delete(url, link.href, etag=remote.etag)
    async with database.transaction(errand.tenant) as db:
        mine = await store.object_at(db, errand.tenant, errand.collection.id, link.href)
        await store.remove_objects(db, errand.tenant, [mine.id] if mine else [])
        await changes.forget(db, errand.tenant, link.booking_id, state="removed", failures=0)
        await store.change_collection(db, errand.tenant, errand.collection.id)


def _require_ours(remote: RemoteObject, errand: Errand) -> None:
    # Some calendar programs drop properties they do not know; the UID they all keep.
    mark = errand.booking.id if errand.link.state == "pending" else None
    if not is_ours(remote.body, uid=errand.booking.uid, booking=mark):
        raise Foreign


async def _elsewhere(database: Database, errand: Errand) -> Errand:
    """Return the errand for wherever the booking's UID is known to stand by now."""
    async with database.reading(errand.tenant) as db:
        known = await store.objects_with_uid(
            db, errand.tenant, errand.booking.uid, advisor=errand.booking.advisor_id
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
        "etag": remote.etag,
        "sha256": fingerprint(remote.body),
        "uid": errand.booking.uid,
        "state": "ok",
        "problem": None,
        "booking_id": errand.booking.id,
        "raw": remote.body,
        "expanded_until": None,
    }
    async with database.transaction(tenant) as db:
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
            link.booking_id,
            href=link.href,
            etag=remote.etag,
            base_ics=desired,
            state="written",
            sequence=errand.booking.sequence,
            failures=0,
        )
        await store.change_collection(db, tenant, errand.collection.id)


def _new_link(booking: Booking, target: StoredCollection) -> Link:
    # The id as file name: after a lost answer the same write finds what it wrote before.
    return Link(
        booking_id=booking.id,
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
