"""What is known of a person is sealed under a key of their own; once that is gone, so is it.

Three layers of AES-256-GCM. The installation's key, which stands outside the database, wraps a
random key of each organisation; that wraps a random key of each person; and under that every field
is sealed, bound to the place where it stands. Whoever holds the database, or a backup of it, reads
nothing; and what was known of a person ends everywhere at once when their key is destroyed.

What people are recognised by must be found without being read: an HMAC of it, under another key of
the organisation, stands beside what is sealed.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from sqlalchemy import Row, Select, and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.crypto import Keyring
from kernel.database import dialect_of, keyring_of
from kernel.errors import Gone
from kernel.ids import Id, uuid_of
from kernel.tables import subject_keys, tenant_keys

Use: TypeAlias = Literal["subjects", "index"]
"""What a key of an organisation is for: to wrap the keys of people, or to recognise them."""

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_KEY: Final = 32
_WRAPPING: Final = "tenant-keys"


class Erased(Gone):
    """What was known of this person has been erased."""

    code = "customer-erased"
    title = "What was known has been erased"

    def __init__(self) -> None:
        super().__init__("What was known of this person has been erased; nothing can be added.")


class Cipher:
    """One key, and the owner that everything under it is bound to."""

    __slots__ = ("_aead", "_owner")

    def __init__(self, key: bytes, owner: str) -> None:
        self._aead = AESGCM(key)
        self._owner = owner

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Encrypt *plain* for one place (``facts.value:fct_…``); elsewhere it will not open."""
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, plain, self._bound(place))

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` returned for the same place.

        Raises:
            ValueError: It was changed, moved, or sealed under another key.
        """
        start = len(_VERSION)
        nonce, rest = sealed[start : start + _NONCE], sealed[start + _NONCE :]
        try:
            return self._aead.decrypt(nonce, rest, self._bound(place))
        except (InvalidTag, ValueError):
            raise ValueError(f"what is sealed at {place} does not open") from None

    def _bound(self, place: str) -> bytes:
        return f"{self._owner}|{place}".encode()


class TenantKeys(Struct, frozen=True, kw_only=True):
    """The keys of an organisation that are in use; of each kind the newest comes last.

    While one of them is being replaced there are two, and what was made with either is found.
    """

    tenant: Id
    subjects: Mapping[int, bytes]
    index: Mapping[int, bytes]

    def marks(self, kind: str, text: str) -> list[str]:
        """Return what stands for *text* wherever somebody is recognised by it, newest last."""
        said = f"{kind}|{text}".encode()
        return [hmac.digest(key, said, "sha256").hex() for key in self.index.values()]

    def mark(self, kind: str, text: str) -> str:
        """Return what is to be stored in the place of *text*."""
        return self.marks(kind, text)[-1]

    def newest(self) -> tuple[int, Cipher]:
        """Return the key under which keys of people are wrapped now, and its version."""
        version = max(self.subjects)
        return version, self.wrapping(version)

    def wrapping(self, version: int) -> Cipher:
        """Return what keys of people are wrapped with, or were."""
        return _wrapping(self.subjects[version], self.tenant, version)


# --- keys of organisations -----------------------------------------------------------------------


async def tenant_keys_of(db: AsyncConnection, tenant: Id, *, now: datetime) -> TenantKeys:
    """Return the keys of an organisation, and make those that it has not got yet."""
    found = await _tenant_keys(db, tenant)
    if not (found.subjects and found.index):
        for use, present in (("subjects", found.subjects), ("index", found.index)):
            if not present:
                await add_tenant_key(db, tenant, use, 1, now=now)
        found = await _tenant_keys(db, tenant)
    return found


async def add_tenant_key(
    db: AsyncConnection, tenant: Id, use: str, version: int, *, now: datetime
) -> None:
    """Make a key of an organisation, unless somebody else has just done so."""
    key = wrapped(keyring_of(db), tenant, use, version, secrets.token_bytes(_KEY))
    await db.execute(
        dialect_of(db)
        .insert(tenant_keys)
        .values(tenant_id=tenant, use=use, version=version, wrapped=key, created_at=now)
        .on_conflict_do_nothing(index_elements=["tenant_id", "use", "version"])
    )


async def _tenant_keys(db: AsyncConnection, tenant: Id) -> TenantKeys:
    rows = await db.execute(
        select(tenant_keys)
        .where(tenant_keys.c.tenant_id == tenant, tenant_keys.c.retired_at.is_(None))
        .order_by(tenant_keys.c.version)
    )
    keys: dict[str, dict[int, bytes]] = {"subjects": {}, "index": {}}
    ring = keyring_of(db)
    for row in rows:
        keys[row.use][row.version] = _unwrapped(ring, tenant, row.use, row.version, row.wrapped)
    return TenantKeys(tenant=tenant, subjects=keys["subjects"], index=keys["index"])


def wrapped(ring: Keyring, tenant: Id, use: str, version: int, key: bytes) -> bytes:
    """Return a key of an organisation as it is stored."""
    return ring.seal(key, use=_WRAPPING, context=_of_tenant(tenant, use, version))


def _unwrapped(ring: Keyring, tenant: Id, use: str, version: int, sealed: bytes) -> bytes:
    return ring.open(sealed, use=_WRAPPING, context=_of_tenant(tenant, use, version))


def _wrapping(key: bytes, tenant: Id, version: int) -> Cipher:
    return Cipher(key, _of_tenant(tenant, "subjects", version))


def _of_tenant(tenant: Id, use: str, version: int) -> str:
    return f"{tenant}|{use}:{version}"


# --- keys of people ------------------------------------------------------------------------------

KEY_COLUMNS: Final = (
    subject_keys.c.subject_id.label("key_subject"),
    subject_keys.c.version.label("key_version"),
    subject_keys.c.wrapped.label("key_wrapped"),
    tenant_keys.c.wrapped.label("key_wrapping"),
)
"""What a statement reads to open the rows that it finds; see `with_keys`."""


def with_keys(query: Select[*tuple[Any, ...]], tenant: Id, subject: Any) -> Select[Any]:
    """Let a statement find, with each row, the key that it opens with.

    Rows whose key was destroyed are found as well, without one.

    Args:
        query: The statement.
        tenant: The organisation.
        subject: The column with the person that the row is about.
    """
    return (
        query.outerjoin(
            subject_keys,
            and_(subject_keys.c.tenant_id == tenant, subject_keys.c.subject_id == subject),
        )
        .outerjoin(
            tenant_keys,
            and_(
                tenant_keys.c.tenant_id == tenant,
                tenant_keys.c.use == "subjects",
                tenant_keys.c.version == subject_keys.c.version,
            ),
        )
        .add_columns(*KEY_COLUMNS)
    )


class Unlocking:
    """Opens the keys that come with rows, each of them once. It lives as long as one reading."""

    def __init__(self, ring: Keyring, tenant: Id) -> None:
        self._ring = ring
        self._tenant = tenant
        self._wrapping: dict[int, Cipher] = {}
        self._known: dict[UUID, Cipher] = {}

    def cipher(self, row: Row[*tuple[Any, ...]]) -> Cipher | None:
        """Return what opens a row that `with_keys` found; none if its key was destroyed."""
        if row.key_wrapped is None:
            return None
        subject: UUID = row.key_subject
        if subject not in self._known:
            wrapping = self._wrapping.get(row.key_version)
            if wrapping is None:
                key = _unwrapped(
                    self._ring, self._tenant, "subjects", row.key_version, row.key_wrapping
                )
                wrapping = _wrapping(key, self._tenant, row.key_version)
                self._wrapping[row.key_version] = wrapping
            key = wrapping.open(row.key_wrapped, place=str(subject))
            self._known[subject] = Cipher(key, f"{self._tenant}|{subject}")
        return self._known[subject]


async def cipher_of(db: AsyncConnection, tenant: Id, subject: Id, *, now: datetime) -> Cipher:
    """Return the key of a person to seal with, and make it if they have none.

    Raises:
        Erased: It has been destroyed.
    """
    found = await _found(db, tenant, subject)
    if found is None:
        await add_subject_key(db, await tenant_keys_of(db, tenant, now=now), subject, now=now)
        found = await _found(db, tenant, subject)
    if found is None:
        raise Erased
    return found


async def _found(db: AsyncConnection, tenant: Id, subject: Id) -> Cipher | None:
    """Return the key of a person, none if there never was one.

    Raises:
        Erased: There was one.
    """
    row = (
        await db.execute(_keys(tenant).where(subject_keys.c.subject_id == uuid_of(subject)))
    ).one_or_none()
    if row is None:
        return None
    cipher = Unlocking(keyring_of(db), tenant).cipher(row)
    if cipher is None:
        raise Erased
    return cipher


async def ciphers_of(db: AsyncConnection, tenant: Id, subjects: Iterable[Id]) -> dict[Id, Cipher]:
    """Return the keys of several people, by their ids; whose key was destroyed has none."""
    wanted = {uuid_of(each): each for each in subjects}
    if not wanted:
        return {}
    rows = await db.execute(_keys(tenant).where(subject_keys.c.subject_id.in_(wanted)))
    keys = Unlocking(keyring_of(db), tenant)
    return {
        wanted[row.key_subject]: cipher for row in rows if (cipher := keys.cipher(row)) is not None
    }


def _keys(tenant: Id) -> Select[*tuple[Any, ...]]:
    return (
        select(*KEY_COLUMNS)
        .join_from(
            subject_keys,
            tenant_keys,
            and_(
                tenant_keys.c.tenant_id == tenant,
                tenant_keys.c.use == "subjects",
                tenant_keys.c.version == subject_keys.c.version,
            ),
        )
        .where(subject_keys.c.tenant_id == tenant)
    )


async def add_subject_key(
    db: AsyncConnection, keys: TenantKeys, subject: Id, *, now: datetime
) -> Cipher:
    """Make the key of a person; whoever else may just have done so, `cipher_of` tells which counts.

    Args:
        db: The transaction.
        keys: Their organisation's.
        subject: The person.
        now: The present instant.
    """
    key, row = new_subject_key(keys, subject, now=now)
    await db.execute(
        dialect_of(db)
        .insert(subject_keys)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["tenant_id", "subject_id"])
    )
    return key


def new_subject_key(
    keys: TenantKeys, subject: Id, *, now: datetime
) -> tuple[Cipher, dict[str, Any]]:
    """Return a new key for a person, and the row in which it is kept."""
    key, subject_id = secrets.token_bytes(_KEY), uuid_of(subject)
    version, wrapping = keys.newest()
    row = {
        "tenant_id": keys.tenant,
        "subject_id": subject_id,
        "version": version,
        "wrapped": wrapping.seal(key, place=str(subject_id)),
        "created_at": now,
    }
    return Cipher(key, f"{keys.tenant}|{subject_id}"), row


async def destroy(db: AsyncConnection, tenant: Id, subject: Id, *, now: datetime) -> str | None:
    """Destroy the key of a person: what is sealed under it can never be read again.

    Returns:
        The SHA-256 of the key as it was stored, by which it can be told later which one that was;
        none if there was none.
    """
    mine = (
        subject_keys.c.tenant_id == tenant,
        subject_keys.c.subject_id == uuid_of(subject),
        subject_keys.c.destroyed_at.is_(None),
    )
    stored = await db.scalar(select(subject_keys.c.wrapped).where(*mine).with_for_update())
    if stored is None:
        return None
    await db.execute(update(subject_keys).where(*mine).values(wrapped=None, destroyed_at=now))
    return hashlib.sha256(stored).hexdigest()


async def is_destroyed(db: AsyncConnection, tenant: Id, subject: Id) -> bool:
    """Tell whether somebody had a key that is no more."""
    row = (
        await db.execute(
            select(subject_keys.c.wrapped, subject_keys.c.destroyed_at).where(
                subject_keys.c.tenant_id == tenant, subject_keys.c.subject_id == uuid_of(subject)
            )
        )
    ).one_or_none()
    return row is not None and row.wrapped is None and row.destroyed_at is not None


# --- replacing keys ------------------------------------------------------------------------------

_OVERLAP: Final = timedelta(hours=1)
"""How long a key that was replaced still serves whoever had begun before."""


async def replace_key(db: AsyncConnection, tenant: Id, use: Use, *, now: datetime) -> int:
    """Give an organisation a new key, which is the one to use from now on; return its version."""
    present = await tenant_keys_of(db, tenant, now=now)
    version = max(present.subjects if use == "subjects" else present.index) + 1
    await add_tenant_key(db, tenant, use, version, now=now)
    return version


async def rewrap(db: AsyncConnection, tenant: Id, *, limit: int, now: datetime) -> int:
    """Wrap some people's keys that are wrapped under an older key under the newest.

    It may be interrupted, and begun again, at any moment.

    Returns:
        How many these were; 0 when none is left.
    """
    present = await tenant_keys_of(db, tenant, now=now)
    version, wrapping = present.newest()
    rows = await db.execute(
        select(subject_keys)
        .where(
            subject_keys.c.tenant_id == tenant,
            subject_keys.c.version < version,
            subject_keys.c.wrapped.is_not(None),
        )
        .order_by(subject_keys.c.subject_id)
        .limit(limit)
        .with_for_update()
    )
    older = {each: present.wrapping(each) for each in present.subjects}
    found = rows.all()
    for row in found:
        place = str(row.subject_id)
        key = older[row.version].open(row.wrapped, place=place)
        await db.execute(
            update(subject_keys)
            .where(subject_keys.c.tenant_id == tenant, subject_keys.c.subject_id == row.subject_id)
            .values(version=version, wrapped=wrapping.seal(key, place=place))
        )
    return len(found)


async def retire_keys(db: AsyncConnection, tenant: Id, use: Use, *, now: datetime) -> int:
    """Destroy the keys of an organisation that were replaced and that nothing rests on any more.

    Whoever calls knows that nothing does; what was begun just before a key was replaced is waited
    for.

    Returns:
        How many keys are no more.
    """
    newest = (
        select(func.max(tenant_keys.c.version))
        .where(
            tenant_keys.c.tenant_id == tenant,
            tenant_keys.c.use == use,
            tenant_keys.c.created_at <= now - _OVERLAP,
        )
        .scalar_subquery()
    )
    result = await db.execute(
        update(tenant_keys)
        .where(
            tenant_keys.c.tenant_id == tenant,
            tenant_keys.c.use == use,
            tenant_keys.c.version < newest,
            tenant_keys.c.retired_at.is_(None),
            ~exists().where(
                subject_keys.c.tenant_id == tenant,
                tenant_keys.c.use == "subjects",
                subject_keys.c.version == tenant_keys.c.version,
                subject_keys.c.wrapped.is_not(None),
            ),
        )
        .values(wrapped=b"", retired_at=now)
    )
    return result.rowcount


async def rewrap_tenant_keys(db: AsyncConnection, tenant: Id) -> int:
    """Wrap an organisation's keys under the installation's present key; return how many."""
    ring = keyring_of(db)
    rows = await db.execute(
        select(tenant_keys)
        .where(tenant_keys.c.tenant_id == tenant, tenant_keys.c.retired_at.is_(None))
        .with_for_update()
    )
    found = rows.all()
    for row in found:
        key = _unwrapped(ring, tenant, row.use, row.version, row.wrapped)
        await db.execute(
            update(tenant_keys)
            .where(
                tenant_keys.c.tenant_id == tenant,
                tenant_keys.c.use == row.use,
                tenant_keys.c.version == row.version,
            )
            .values(wrapped=wrapped(ring, tenant, row.use, row.version, key))
        )
    return len(found)
