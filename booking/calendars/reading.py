"""Reading one calendar: ask for what changed, work out what it means, store both at once.

An answer is stored with the token that follows it, in one transaction, or not at all. Nothing is
freed on weak evidence: a calendar that is suddenly empty keeps its known times, and says so.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars import changes, store
from booking.calendars.model import StoredCollection, StoredObject
from booking.calendars.port import CalendarServer, RemoteObject, TokenInvalid, Unreachable
from booking.expansion import SLACK, Expansion, expand, horizon_at
from booking.reconcile import suddenly_empty
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.spans import Span

LIST_EVERY: Final = timedelta(days=1)
"""How often everything is listed, since servers lie about what changed."""

BELIEVE_EMPTY: Final = timedelta(days=1)
"""How long a calendar must look empty before we believe that its owner emptied it."""

ATTEMPTS: Final = 3


class Owner(Struct, frozen=True, kw_only=True):
    """Whose calendar is read: *timezone* holds where the calendar names none."""

    tenant: Id
    advisor: Id
    timezone: str
    addresses: frozenset[str]


class Emptied(Exception):
    """The calendar lost everything at once, which is not believed yet."""


class Digest(Struct, frozen=True, kw_only=True):
    """An object with what it means; *sha256* is taken over its bytes with plain line ends."""

    remote: RemoteObject
    sha256: str
    expansion: Expansion


class Answer(Struct, frozen=True, kw_only=True):
    """What a server said of a collection; *listed* when it was asked for everything."""

    digests: list[Digest]
    gone: list[str]
    etags: dict[str, str]
    token: str | None
    listed: bool


async def read(
    database: Database,
    server: CalendarServer,
    owner: Owner,
    collection: StoredCollection,
    *,
    now: datetime,
) -> list[Id]:
    """Bring what we know of a collection up to date.

    Returns:
        Bookings whose entry the advisor has changed, where that may be acted on at once.

    Raises:
        CalendarProblem: The server did not give a usable answer; what we knew stays.
        Emptied: It gave one that is not believed; what we knew stays.
    """
    horizon = horizon_at(now)
    for _ in range(ATTEMPTS):
        async with database.reading(owner.tenant) as db:
            current = await store.collection(db, owner.tenant, collection.id)
            known = {
                each.href: each for each in await store.objects(db, owner.tenant, collection.id)
            }
        if current is None or current.role == "ignore":
            return []
        answer = await _ask(server, owner, current, known, horizon, now=now)
        async with database.transaction(owner.tenant) as db:
            latest = await store.collection(db, owner.tenant, collection.id, lock=True)
            if latest is None:
                return []
            if latest.revision != current.revision:
                continue  # somebody learned or wrote something newer than this answer
            if _not_believed(known, answer, latest, now=now):
                await store.change_collection(
                    db, owner.tenant, latest.id, empty_since=latest.empty_since or now
                )
                break
            return await _store(db, owner, latest, known, answer, horizon, now=now)
    else:
        raise Unreachable("it keeps changing under us")
    raise Emptied


# --- asking --------------------------------------------------------------------------------------


async def _ask(
    server: CalendarServer,
    owner: Owner,
    collection: StoredCollection,
    known: dict[str, StoredObject],
    horizon: Span,
    *,
    now: datetime,
) -> Answer:
    etags, gone, token, listed = await _what_changed(server, collection, known, now=now)
    stale = {
        href
        for href, each in known.items()
        if each.expanded_until and each.expanded_until < horizon.end - SLACK
    }
    wanted = sorted((set(etags) | stale) - set(gone))
    found = {each.href: each for each in await server.fetch(collection.url, wanted)}
    for href in wanted:
        # What a multiget leaves out may be gone, or may be an error that it did not tell.
        if href not in found:
            if (single := await server.get(collection.url, href)) is not None:
                found[href] = single
            else:
                gone.append(href)
    zone = collection.timezone or owner.timezone
    # Reading and expanding is work for the processor; it must not hold up other requests.
    digests = await asyncio.to_thread(
        _digest_all, list(found.values()), zone, horizon, owner.addresses
    )
    return Answer(digests=digests, gone=gone, etags=etags, token=token, listed=listed)


async def _what_changed(
    server: CalendarServer,
    collection: StoredCollection,
    known: dict[str, StoredObject],
    *,
    now: datetime,
) -> tuple[dict[str, str], list[str], str | None, bool]:
    if (
        collection.sync_token
        and collection.listed_at
        and now < collection.listed_at + LIST_EVERY
        and collection.empty_since is None
    ):
        try:
            delta = await server.changes(collection.url, collection.sync_token)
        except TokenInvalid:
            pass
        else:
            return delta.changed, [href for href in delta.gone if href in known], delta.token, False
    # The token first: what changes between the two is then reported once more, not lost.
    token = await server.token(collection.url)
    listing = await server.listing(collection.url)
    changed = {
        href: etag
        for href, etag in listing.items()
        if not etag or href not in known or known[href].etag != etag
    }
    return changed, [href for href in known if href not in listing], token, True


def _digest_all(
    remotes: Sequence[RemoteObject], zone: str, horizon: Span, addresses: frozenset[str]
) -> list[Digest]:
    return [
        Digest(
            remote=remote,
            sha256=fingerprint(remote.body),
            expansion=expand(remote.body, zone=zone, horizon=horizon, addresses=addresses),
        )
        for remote in remotes
    ]


def fingerprint(body: bytes) -> str:
    """Return the SHA-256 of an object's bytes, whatever line ends it travelled with."""
    return hashlib.sha256(body.replace(b"\r\n", b"\n")).hexdigest()


# --- storing -------------------------------------------------------------------------------------


def _not_believed(
    known: dict[str, StoredObject], answer: Answer, collection: StoredCollection, *, now: datetime
) -> bool:
    there = (set(known) | {each.remote.href for each in answer.digests}) - set(answer.gone)
    if not suddenly_empty(len(known), len(there)):
        return False
    since = collection.empty_since
    return not (answer.listed and since is not None and now >= since + BELIEVE_EMPTY)


async def _store(
    db: AsyncConnection,
    owner: Owner,
    collection: StoredCollection,
    known: dict[str, StoredObject],
    answer: Answer,
    horizon: Span,
    *,
    now: datetime,
) -> list[Id]:
    """Store objects, spans and token together; return the bookings to decide on at once."""
    gone = [known[href] for href in answer.gone if href in known]
    due = await _store_found(db, owner, collection, known, answer.digests, horizon, now=now)
    await store.remove_objects(db, owner.tenant, [each.id for each in gone])
    for each in gone:
        if each.booking_id is not None and await changes.vanished(
            db, owner.tenant, each, advisor=owner.advisor, now=now
        ):
            due.append(each.booking_id)
    await store.remove_past_spans(db, owner.tenant, collection.id, before=horizon.start)
    await store.change_collection(
        db,
        owner.tenant,
        collection.id,
        sync_token=answer.token,
        problem=None,
        empty_since=None,
        last_ok_at=now,
        listed_at=now if answer.listed else collection.listed_at,
    )
    return due


async def _store_found(
    db: AsyncConnection,
    owner: Owner,
    collection: StoredCollection,
    known: dict[str, StoredObject],
    digests: Sequence[Digest],
    horizon: Span,
    *,
    now: datetime,
) -> list[Id]:
    uids = {each.expansion.uid for each in digests if each.expansion.uid}
    links = await store.links_with_uids(db, owner.tenant, uids, advisor=owner.advisor)
    due: list[Id] = []
    new: list[dict[str, Any]] = []
    renewed: list[Id] = []
    spans: list[dict[str, Any]] = []
    for digest in digests:
        before = known.get(digest.remote.href)
        object_id = before.id if before else new_id("cob", now)
        link = links.get(digest.expansion.uid or "")
        values = _values(digest, horizon, link.booking_id if link else None)
        if before is None:
            new.append({"id": object_id, "collection_id": collection.id, **values})
        else:
            await store.change_object(db, owner.tenant, object_id, **values)
            renewed.append(object_id)
        blocks = True
        if link is not None:
            entry = changes.Entry(
                collection_id=collection.id, href=digest.remote.href, body=digest.remote.body
            )
            blocks, act = await changes.seen(db, owner.tenant, link, entry, now=now)
            due += [link.booking_id] if act else []
        if blocks:
            spans += span_rows(object_id, owner.advisor, collection.id, digest.expansion)
    await store.add_objects(db, owner.tenant, new)
    await store.remove_spans(db, owner.tenant, renewed)
    await store.add_spans(db, owner.tenant, spans)
    return due


def _values(digest: Digest, horizon: Span, booking: Id | None) -> dict[str, Any]:
    expansion = digest.expansion
    return {
        "href": digest.remote.href,
        "etag": digest.remote.etag,
        "sha256": digest.sha256,
        "uid": expansion.uid,
        "state": "ok" if expansion.readable else "quarantined",
        "problem": expansion.problem,
        "booking_id": booking,
        "raw": digest.remote.body if booking else None,
        "expanded_until": horizon.end if expansion.goes_on else None,
    }


def span_rows(
    object_id: Id, advisor: Id, collection_id: Id, expansion: Expansion
) -> list[dict[str, Any]]:
    """Return the rows of an object's busy spans."""
    return [
        {
            "object_id": object_id,
            "advisor_id": advisor,
            "collection_id": collection_id,
            "starts_at": busy.span.start,
            "ends_at": busy.span.end,
            "kind": busy.kind,
        }
        for busy in expansion.busy
    ]
