"""Reading one calendar: ask for what changed, work out what it means, store both at once.

What a server tells is stored in batches, and the token that follows it with the last of them:
whoever is interrupted goes on where the batches ended, since what is known already need not be
fetched again. Nothing is freed on weak evidence: a calendar that lost much at once keeps its known
times until it has said the same for a while, and says so.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars import changes, crunching, link_store, published, store
from booking.calendars.model import StoredCollection, StoredObject
from booking.calendars.port import CalendarServer, RemoteObject, TokenInvalid, Unreachable
from booking.expansion import SLACK, Expansion, horizon_at
from booking.reconcile import Doubt, in_doubt
from kernel.busy import BusyPolicy
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.spans import Span

LIST_EVERY: Final = timedelta(days=1)
"""How often everything is listed, since servers lie about what changed."""

BELIEVED_AFTER: Final[dict[Doubt, timedelta]] = {
    "emptied": timedelta(days=1),
    "shrunk": timedelta(minutes=10),
}
"""How long what was lost must stay away before we believe that its owner removed it."""

MEANING: Final = 1
"""Counted up when the same entries come to mean other times, so that all of them are read again."""

ATTEMPTS: Final = 3
BATCH: Final = 500
"""Objects that are stored in one go."""
LONGEST_UID: Final = 500
"""Characters of a UID that are kept: ours are far shorter, and no index takes every length."""


class Owner(Struct, frozen=True, kw_only=True):
    """Whose calendar is read, and what decides on the meaning of what is in it.

    Attributes:
        timezone: Holds where the calendar names none.
        addresses: By which the owner's own answers are known.
        policy: What the organisation takes for busy.
    """

    tenant: Id
    advisor: Id
    timezone: str
    addresses: frozenset[str]
    policy: BusyPolicy = BusyPolicy()

    def reads_under(self, collection: StoredCollection) -> str:
        """Return what stands for all that decides on the meaning of a calendar's entries."""
        said = (MEANING, self.timezone, collection.timezone, sorted(self.addresses), self.policy)
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


class Doubted(Exception):
    """The calendar lost much at once, which is not believed yet."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt)
        self.doubt = doubt


class Digest(Struct, frozen=True, kw_only=True):
    """An object with what it means; *sha256* is taken over its bytes with plain line ends."""

    remote: RemoteObject
    sha256: str
    expansion: Expansion


class Told(Struct, frozen=True, kw_only=True):
    """What a server said of a collection.

    Attributes:
        etags: By href: of what changed, or where it was *listed* of all there is.
        gone: What was there when the token before this one was given.
        token: Stands for the state that this is, and so does *ctag*.
    """

    etags: dict[str, str]
    gone: Sequence[str] = ()
    token: str | None
    ctag: str | None = None
    listed: bool


class News(Struct, frozen=True, kw_only=True):
    """What of it may be new: hrefs to look at, and hrefs where there is nothing any more.

    What we know at these is *known*; none where that is still to be looked up.
    """

    known: dict[str, StoredObject] | None
    wanted: Sequence[str]
    gone: Sequence[str]


class Answer(Struct, frozen=True, kw_only=True):
    """All that came of asking: *digests* of what was looked at, *gone* where there was nothing."""

    told: Told
    known: dict[str, StoredObject]
    digests: list[Digest]
    gone: list[str]


async def read(
    database: Database,
    server: CalendarServer,
    owner: Owner,
    collection: StoredCollection,
    *,
    due: list[Id],
    quiet: list[StoredCollection],
    now: datetime,
) -> StoredCollection:
    """Bring what we know of a collection up to date.

    Args:
        database: Where it is known.
        server: Where it stands.
        owner: Whose it is.
        collection: The calendar.
        due: Takes the bookings whose entry the advisor has changed, where that may be acted on at
            once; also what was found before something went wrong.
        quiet: Takes the collection, as it is to be stored, if there was nothing new in it.
        now: The present instant.

    Returns:
        The collection as it then stands.

    Raises:
        CalendarProblem: The server did not give a usable answer; what we knew stays.
        Doubted: It gave one that is not believed; what we knew stays.
    """
    reader = _Reader(database, server, owner, horizon_at(now), due, now)
    for _ in range(ATTEMPTS):
        with suppress(_Overtaken):
            return await reader.read(collection, quiet)
        async with database.reading(owner.tenant) as db:
            latest = await store.collection(db, owner.tenant, collection.id)
        if latest is None or latest.role == "ignore":
            return collection
        collection = latest
    raise Unreachable("it keeps changing under us")


class _Overtaken(Exception):
    """Somebody learned or wrote something newer than this answer."""


class _Reader:
    """Asks what changed in a collection, and stores what that means."""

    def __init__(
        self,
        database: Database,
        server: CalendarServer,
        owner: Owner,
        horizon: Span,
        due: list[Id],
        now: datetime,
    ) -> None:
        self.database = database
        self.server = server
        self.owner = owner
        self.horizon = horizon
        self.now = now
        self.due = due

    async def read(
        self, current: StoredCollection, quiet: list[StoredCollection]
    ) -> StoredCollection:
        """Ask what changed, and store it batch by batch."""
        tenant = self.owner.tenant
        if current.read_under != self.owner.reads_under(current):
            current = await self._read_anew(current)
        told = await _ask(self.server, current, now=self.now)
        if not (told.listed or told.etags or told.gone or current.unread):
            # Which is what mostly happens: it is left to be stored with what follows.
            quiet.append(
                structs.replace(current, sync_token=told.token, ctag=told.ctag, last_ok_at=self.now)
            )
            return quiet[-1]
        news = await self._compared(current, told)
        wanted = sorted(set(news.wanted) - set(news.gone))
        gone = list(news.gone)
        while len(wanted) > BATCH:
            digests, missing = await self._fetch(current, wanted[:BATCH], news)
            gone += missing
            wanted = wanted[BATCH:]
            async with self.database.transaction(tenant) as db:
                await self._lock(db, current)
                known, digests = await self._set_beside(db, current, news.known, digests)
                await self._store_found(db, current, known, digests)
                await store.change_collection(db, tenant, current.id)
            current = structs.replace(current, revision=current.revision + 1)
        digests, missing = await self._fetch(current, wanted, news)
        gone += missing
        async with self.database.transaction(tenant) as db:
            latest = await self._lock(db, current)
            known, digests = await self._set_beside(db, current, news.known, digests, gone)
            answer = Answer(told=told, known=known, digests=digests, gone=gone)
            doubt = await self._doubt(db, latest, answer)
            if doubt is None:
                latest = await self._store(db, latest, answer)
        if doubt is not None:
            raise Doubted(doubt)
        return latest

    async def _read_anew(self, collection: StoredCollection) -> StoredCollection:
        """Let every entry be news: what they are taken to mean has changed. Their times stay."""
        tenant, under = self.owner.tenant, self.owner.reads_under(collection)
        async with self.database.transaction(tenant) as db:
            latest = await self._lock(db, collection)
            await store.forget_etags(db, tenant, latest.id)
            await store.change_collection(db, tenant, latest.id, read_under=under, listed_at=None)
            await self._renew_published(db, latest)
        return structs.replace(
            latest, read_under=under, listed_at=None, revision=latest.revision + 1
        )

    # --- asking ----------------------------------------------------------------------------------

    async def _compared(self, collection: StoredCollection, told: Told) -> News:
        """Return what of this may be new; of a calendar in which little happens little is read."""
        tenant, id_ = self.owner.tenant, collection.id
        if not told.listed and not collection.unread:
            return News(known=None, wanted=list(told.etags), gone=told.gone)
        async with self.database.reading(tenant) as db:
            if not told.listed:
                # What was undone since is no change to a server that compares states.
                unread = [each.href for each in await store.unread_entries(db, tenant, id_)]
                return News(known=None, wanted=[*told.etags, *unread], gone=told.gone)
            known = {each.href: each for each in await store.objects(db, tenant, id_)}
        wanted = [
            href
            for href, etag in told.etags.items()
            if not etag
            or (before := known.get(href)) is None
            or before.etag != etag
            or self._runs_out(before)
        ]
        return News(
            known=known, wanted=wanted, gone=[href for href in known if href not in told.etags]
        )

    async def _fetch(
        self, collection: StoredCollection, hrefs: Sequence[str], news: News
    ) -> tuple[list[Digest], list[str]]:
        """Return these objects with what they mean, and those that are not there any more.

        Left out is what turns out to be no news at all.
        """
        found = {each.href: each for each in await self.server.fetch(collection.url, hrefs)}
        gone: list[str] = []
        for href in hrefs:
            # What a multiget leaves out may be gone, or may be an error that it did not tell.
            if href not in found:
                if (single := await self.server.get(collection.url, href)) is not None:
                    found[href] = single
                else:
                    gone.append(href)
        # Reading and expanding is work for the processor; it must not hold up other requests.
        reading = crunching.Reading(
            zone=self.owner.timezone,
            calendar_zone=collection.timezone,
            horizon=self.horizon,
            addresses=self.owner.addresses,
            policy=self.owner.policy,
        )
        known = news.known or {}
        remotes = [each for each in found.values() if not self._is_known(each, known)]
        return await asyncio.to_thread(_digest_all, remotes, reading), gone

    def _is_known(self, remote: RemoteObject, known: Mapping[str, StoredObject]) -> bool:
        """Tell whether an object is, byte for byte, what we have read already."""
        before = known.get(remote.href)
        return (
            before is not None
            and before.etag == remote.etag != ""
            and before.sha256 == fingerprint(remote.body)
            and not self._runs_out(before)
        )

    def _runs_out(self, known: StoredObject) -> bool:
        """Tell whether an object's times are not known as far ahead as they should be."""
        until = known.expanded_until
        return until is not None and until < self.horizon.end - SLACK

    # --- storing ---------------------------------------------------------------------------------

    async def _lock(self, db: AsyncConnection, current: StoredCollection) -> StoredCollection:
        """Keep the collection as it is until the transaction ends.

        Raises:
            _Overtaken: It is not as it was when we asked.
        """
        latest = await store.collection(db, self.owner.tenant, current.id, lock=True)
        if latest is None or latest.revision != current.revision:
            raise _Overtaken
        return latest

    async def _set_beside(
        self,
        db: AsyncConnection,
        collection: StoredCollection,
        known: dict[str, StoredObject] | None,
        digests: list[Digest],
        gone: Iterable[str] = (),
    ) -> tuple[dict[str, StoredObject], list[Digest]]:
        """Return what we know at these places, and what of the digests is new beside it."""
        if known is not None:
            return known, digests  # only what is new was digested
        hrefs = {*(each.remote.href for each in digests), *gone}
        found = await store.objects_at(db, self.owner.tenant, collection.id, hrefs)
        known = {each.href: each for each in found}
        return known, [each for each in digests if not self._is_known(each.remote, known)]

    async def _doubt(
        self, db: AsyncConnection, collection: StoredCollection, answer: Answer
    ) -> Doubt | None:
        """Tell why the answer is not believed yet, having noted what it says to be gone."""
        tenant, now = self.owner.tenant, self.now
        lost = [answer.known[href] for href in answer.gone if href in answer.known]
        if not lost and collection.doubted_since is None:
            return None
        new = {each.remote.href for each in answer.digests} - set(answer.known)
        known = await store.object_count(db, tenant, collection.id)
        remaining = known - len(lost) + len(new)
        doubt = in_doubt(known, len(lost), remaining=remaining)
        if doubt is not None and answer.told.listed:
            ripe = now - BELIEVED_AFTER[doubt]
            waiting = [each for each in lost if (each.missing_since or now) > ripe]
            doubt = in_doubt(known, len(waiting), remaining=remaining)
        gone = {each.id for each in lost}
        back = [each.id for each in answer.known.values() if each.missing_since]
        await store.mark_missing(db, tenant, set(back) - gone, since=None)
        if doubt is not None:
            fresh = [each.id for each in lost if each.missing_since is None]
            await store.mark_missing(db, tenant, fresh, since=now)
            since = collection.doubted_since or now
            await store.change_collection(db, tenant, collection.id, doubted_since=since)
        return doubt

    async def _store(
        self, db: AsyncConnection, collection: StoredCollection, answer: Answer
    ) -> StoredCollection:
        """Store objects, spans and token together."""
        tenant, now, told = self.owner.tenant, self.now, answer.told
        gone = [answer.known[href] for href in answer.gone if href in answer.known]
        await self._store_found(db, collection, answer.known, answer.digests)
        await store.remove_objects(db, tenant, [each.id for each in gone])
        if published.speaks((), gone):
            await self._renew_published(db, collection)
        for each in gone:
            if each.booking_id is not None and await changes.vanished(
                db, tenant, each, advisor=self.owner.advisor, now=now
            ):
                self.due.append(each.booking_id)
        if told.listed:
            await store.remove_past_spans(db, tenant, collection.id, before=self.horizon.start)
        quiet = not gone and not any(_is_new(each, answer.known) for each in answer.digests)
        said: dict[str, Any] = {
            "sync_token": told.token,
            "ctag": told.ctag,
            "problem": None,
            "doubted_since": None,
            "last_ok_at": now,
            "listed_at": now if told.listed else collection.listed_at,
            "news_at": (collection.news_at or now) if quiet else now,
        }
        await store.change_collection(db, tenant, collection.id, **said)
        return structs.replace(collection, **said)

    async def _store_found(
        self,
        db: AsyncConnection,
        collection: StoredCollection,
        known: dict[str, StoredObject],
        digests: Sequence[Digest],
    ) -> None:
        tenant, advisor, now = self.owner.tenant, self.owner.advisor, self.now
        uids = {each.expansion.uid for each in digests if each.expansion.uid}
        links = await link_store.with_uids(db, tenant, uids, advisor=advisor)
        new: list[dict[str, Any]] = []
        renewed: list[Id] = []
        spans: list[dict[str, Any]] = []
        for digest in digests:
            before = known.get(digest.remote.href)
            object_id = before.id if before else new_id("cob", now)
            link = links.get(digest.expansion.uid or "")
            values = _values(digest, self.horizon, link.booking_id if link else None)
            if before is None:
                new.append({"id": object_id, "collection_id": collection.id, **values})
            else:
                await store.change_object(db, tenant, object_id, **values)
                if digest.expansion.readable or digest.expansion.busy:
                    renewed.append(object_id)
                # Where nothing at all can be made out, what we knew of it holds.
            blocks = True
            if link is not None:
                entry = changes.Entry(
                    collection_id=collection.id, href=digest.remote.href, body=digest.remote.body
                )
                blocks, act = await changes.seen(db, tenant, link, entry, now=now)
                self.due += [link.booking_id] if act else []
            if blocks:
                spans += span_rows(object_id, advisor, collection.id, digest.expansion)
        await store.add_objects(db, tenant, new)
        await store.remove_spans(db, tenant, renewed)
        await store.add_spans(db, tenant, spans)
        hrefs = (digest.remote.href for digest in digests)
        if published.speaks(
            (digest.expansion for digest in digests),
            (known[each] for each in hrefs if each in known),
        ):
            await self._renew_published(db, collection)

    async def _renew_published(self, db: AsyncConnection, collection: StoredCollection) -> None:
        await published.renew(
            db,
            self.owner.tenant,
            collection.account_id,
            advisor=self.owner.advisor,
            timezone=self.owner.timezone,
            policy=self.owner.policy,
            horizon=self.horizon,
        )


# --- what a server says --------------------------------------------------------------------------


async def _ask(server: CalendarServer, collection: StoredCollection, *, now: datetime) -> Told:
    """Ask for what changed, or for all of it where that is not to be had or not to be trusted."""
    relied_on = (
        collection.listed_at is not None
        and now < collection.listed_at + LIST_EVERY
        and collection.doubted_since is None
        # What went wrong may be the token itself, which some servers do not say.
        and collection.problem is None
    )
    if relied_on and collection.sync_token:
        with suppress(TokenInvalid):
            delta = await server.changes(collection.url, collection.sync_token)
            return Told(etags=delta.changed, gone=delta.gone, token=delta.token, listed=False)
    # The state first: what changes between the two is then reported once more, not lost.
    state = await server.state(collection.url)
    if relied_on and state.ctag is not None and state.ctag == collection.ctag:
        return Told(etags={}, token=state.sync_token, ctag=state.ctag, listed=False)
    return Told(
        etags=await server.listing(collection.url),
        token=state.sync_token,
        ctag=state.ctag,
        listed=True,
    )


def _digest_all(remotes: Sequence[RemoteObject], reading: crunching.Reading) -> list[Digest]:
    expansions = crunching.shared().expand(reading, [remote.body for remote in remotes])
    return [
        Digest(remote=remote, sha256=fingerprint(remote.body), expansion=expansion)
        for remote, expansion in zip(remotes, expansions, strict=True)
    ]


def fingerprint(body: bytes) -> str:
    """Return the SHA-256 of an object's bytes, whatever line ends it travelled with."""
    return hashlib.sha256(body.replace(b"\r\n", b"\n")).hexdigest()


def _is_new(digest: Digest, known: dict[str, StoredObject]) -> bool:
    before = known.get(digest.remote.href)
    return before is None or before.sha256 != digest.sha256


def _values(digest: Digest, horizon: Span, booking: Id | None) -> dict[str, Any]:
    expansion = digest.expansion
    return {
        "href": digest.remote.href,
        "etag": digest.remote.etag,
        "sha256": digest.sha256,
        "uid": (expansion.uid or "")[:LONGEST_UID].replace("\0", "") or None,
        "state": "ok" if expansion.readable else "quarantined",
        "problem": expansion.problem,
        "booking_id": booking,
        "raw": digest.remote.body if booking else None,
        "expanded_until": horizon.end if expansion.goes_on else None,
        "availability": expansion.availability,
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
