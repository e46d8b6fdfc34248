"""A calendar that we keep for an advisor who has none elsewhere, behind the same port.

It is read and written like any server's, so that nothing else need know the difference: what is in
it keeps bookings out, and bookings are written into it.
"""

import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars import own_store
from booking.calendars.model import StoredAccount
from booking.calendars.own_store import OwnCalendar
from booking.calendars.port import (
    About,
    ChangedMeanwhile,
    Changes,
    CollectionState,
    Garbled,
    Missing,
    RemoteCollection,
    RemoteObject,
    TokenInvalid,
    TooLarge,
    href_of,
)
from booking.calendars.reduced import MAX_BYTES
from booking.calendars.splitting import NotACalendar, TooMany, parse
from kernel.database import Database
from kernel.ids import Id

NAME: Final = "Spreekuur"


def own_url(account_id: Id) -> str:
    """Return by what a calendar of ours is known; it is no address that could be called."""
    return f"own:/{account_id}/"


def own_collection(account_id: Id) -> RemoteCollection:
    """Return the one calendar of an account of ours."""
    return RemoteCollection(url=own_url(account_id), name=NAME, timezone=None, writable=True)


class OwnServer:
    """The calendar of one account; use it as a context."""

    def __init__(self, database: Database, account: StoredAccount) -> None:
        self._database = database
        self._tenant = account.tenant_id
        self._account = account.id
        self.url = own_url(account.id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing was opened."""

    async def discover(self) -> list[RemoteCollection]:
        """Return the one calendar there is."""
        return [own_collection(self._account)]

    async def about(self) -> About:
        """Return nothing: what we know of an advisor is known already."""
        return About()

    async def state(self, collection: str) -> CollectionState:
        """Return the number of the last change."""
        async with self._database.reading(self._tenant) as db:
            found = self._there(
                collection, await own_store.calendar(db, self._tenant, self._account)
            )
        return CollectionState(sync_token=self._token(found.counter), ctag=None)

    async def changes(self, collection: str, token: str) -> Changes:
        """Return what was changed since that number."""
        async with self._database.reading(self._tenant) as db:
            # The number first: what changes meanwhile is then reported the next time.
            found = self._there(
                collection, await own_store.calendar(db, self._tenant, self._account)
            )
            account, _, number = token.rpartition(":")
            if account != self._account or not number.isascii() or not number.isdigit():
                raise TokenInvalid("not ours")
            if int(number) > found.counter:
                raise TokenInvalid("not yet")
            rows = await own_store.changed_since(
                db, self._tenant, self._account, after=int(number), until=found.counter
            )
        return Changes(
            changed={row.href: row.etag for row in rows if row.etag is not None},
            gone=[row.href for row in rows if row.etag is None],
            token=self._token(found.counter),
        )

    async def listing(self, collection: str) -> dict[str, str]:
        """Return the etag of every object, by href."""
        return {href: each.etag for href, each in (await self._all(collection)).items()}

    async def fetch(self, collection: str, hrefs: Sequence[str]) -> list[RemoteObject]:
        """Return these objects; those that are gone are left out."""
        if not hrefs:
            return []
        found = await self._all(collection)
        return [found[href] for href in hrefs if href in found]

    async def get(self, collection: str, href: str) -> RemoteObject | None:
        """Return one object, or None when it is gone."""
        async with self._database.reading(self._tenant) as db:
            found = await own_store.object_at(db, self._tenant, self._account, href)
        if found is None or found.body is None:
            return None
        return RemoteObject(href=href, etag=found.etag or "", body=found.body)

    async def put(self, collection: str, href: str, body: bytes, *, etag: str | None) -> None:
        """Write over the object with that *etag*; with None create it, and write over nothing.

        Raises:
            ChangedMeanwhile: Another object stands there, or none does any more.
            Garbled: This is no calendar entry, or its place is not in this calendar.
        """
        _check_place(self.url, href)
        async with self._database.transaction(self._tenant) as db:
            number = await self._change(collection, db)
            stands = await own_store.object_at(db, self._tenant, self._account, href)
            there = stands.etag if stands else None
            if (etag is None) != (there is None) or (etag and etag != there):
                raise ChangedMeanwhile(href)
            _check_body(body)
            await own_store.keep(
                db,
                self._tenant,
                self._account,
                href,
                etag=_etag(body),
                body=body,
                changed=number,
            )

    async def delete(self, collection: str, href: str, *, etag: str) -> None:
        """Remove the object with that *etag*; it is no error when there is none.

        Raises:
            ChangedMeanwhile: Another object stands there.
        """
        async with self._database.transaction(self._tenant) as db:
            number = await self._change(collection, db)
            stands = await own_store.object_at(db, self._tenant, self._account, href)
            if stands is None:
                return
            if etag and etag != stands.etag:
                raise ChangedMeanwhile(href)
            await own_store.keep(
                db, self._tenant, self._account, href, etag=None, body=None, changed=number
            )

    # --- what is there ---------------------------------------------------------------------------

    async def _all(self, collection: str) -> dict[str, RemoteObject]:
        async with self._database.reading(self._tenant) as db:
            self._there(collection, await own_store.calendar(db, self._tenant, self._account))
            rows = await own_store.objects(db, self._tenant, self._account)
        return {
            row.href: RemoteObject(href=row.href, etag=row.etag or "", body=row.body or b"")
            for row in rows
        }

    async def _change(self, collection: str, db: AsyncConnection) -> int:
        number = await own_store.next_change(db, self._tenant, self._account)
        if number is None or collection != self.url:
            raise Missing(collection)
        return number

    def _there(self, collection: str, found: OwnCalendar | None) -> OwnCalendar:
        if found is None or collection != self.url:
            raise Missing(collection)
        return found

    def _token(self, counter: int) -> str:
        return f"{self._account}:{counter}"


def _check_place(url: str, href: str) -> None:
    place = href_of(url)
    if not href.startswith(place) or "/" in href.removeprefix(place) or href == place:
        raise Garbled("no place in this calendar")


def _check_body(body: bytes) -> None:
    if len(body) > MAX_BYTES:
        raise TooLarge("bytes")
    try:
        (stream,) = parse(body)
    except (NotACalendar, TooMany, ValueError) as problem:
        raise Garbled("no calendar entry") from problem
    if not stream.components or any(each.uid is None for each in stream.components):
        raise Garbled("an entry without a UID")


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'
