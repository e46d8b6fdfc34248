"""The statements of the doors: keys, sign-ins, sessions, answers given, mail that came in."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from api.tables import api_keys, console_sessions, idempotency_keys, sign_ins
from api.tables import inbound_counts as counts
from kernel.database import convert_row, dialect_of
from kernel.ids import Id
from kernel.tables import tenants


async def insert_key(db: AsyncConnection, **values: Any) -> None:
    """Store a new key; its text itself is never stored."""
    await db.execute(insert(api_keys).values(**values))


async def key_by_fingerprint(db: AsyncConnection, fingerprint: str) -> Row[Any] | None:
    """Find a key that has not been revoked."""
    statement = select(api_keys).where(
        api_keys.c.fingerprint == fingerprint, api_keys.c.revoked_at.is_(None)
    )
    return (await db.execute(statement)).one_or_none()


async def keys_of(db: AsyncConnection, tenant: Id) -> Sequence[Row[Any]]:
    """List a tenant's keys, oldest first."""
    statement = select(api_keys).where(api_keys.c.tenant_id == tenant).order_by(api_keys.c.id)
    return (await db.execute(statement)).all()


async def revoke_key(db: AsyncConnection, tenant: Id, key: Id, *, now: datetime) -> bool:
    """End a key; tell whether there was one to end."""
    statement = (
        update(api_keys)
        .where(
            api_keys.c.tenant_id == tenant, api_keys.c.id == key, api_keys.c.revoked_at.is_(None)
        )
        .values(revoked_at=now)
    )
    return bool((await db.execute(statement)).rowcount)


async def insert_sign_in(db: AsyncConnection, **values: Any) -> None:
    """Store a sign-in that waits for its link to be used."""
    await db.execute(insert(sign_ins).values(**values))


async def count_open_sign_ins(
    db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime
) -> int:
    """Count the links that were sent to an advisor and are not too old yet, used or not."""
    statement = select(func.count()).where(
        sign_ins.c.tenant_id == tenant,
        sign_ins.c.advisor_id == advisor,
        sign_ins.c.expires_at > now,
    )
    return await db.scalar(statement) or 0


async def sign_in_by_id(db: AsyncConnection, sign_in: Id) -> Row[Any] | None:
    """Find a sign-in."""
    return (await db.execute(select(sign_ins).where(sign_ins.c.id == sign_in))).one_or_none()


async def use_sign_in(db: AsyncConnection, sign_in: Id, *, now: datetime) -> bool:
    """Use up a sign-in; tell whether it was still good."""
    statement = (
        update(sign_ins)
        .where(sign_ins.c.id == sign_in, sign_ins.c.used_at.is_(None), sign_ins.c.expires_at > now)
        .values(used_at=now)
    )
    return bool((await db.execute(statement)).rowcount)


async def insert_session(db: AsyncConnection, **values: Any) -> None:
    """Store a browser's session."""
    await db.execute(insert(console_sessions).values(**values))


async def session_by_fingerprint(db: AsyncConnection, fingerprint: str) -> Row[Any] | None:
    """Find a session that has not been ended."""
    statement = select(console_sessions).where(
        console_sessions.c.fingerprint == fingerprint, console_sessions.c.ended_at.is_(None)
    )
    return (await db.execute(statement)).one_or_none()


async def touch_session(db: AsyncConnection, fingerprint: str, *, now: datetime) -> None:
    """Note that a session is in use."""
    await db.execute(
        update(console_sessions)
        .where(console_sessions.c.fingerprint == fingerprint)
        .values(seen_at=now)
    )


async def end_session(db: AsyncConnection, fingerprint: str, *, now: datetime) -> None:
    """Sign a browser out."""
    await db.execute(
        update(console_sessions)
        .where(console_sessions.c.fingerprint == fingerprint)
        .values(ended_at=now)
    )


async def reserve_answer(
    db: AsyncConnection,
    tenant: Id,
    *,
    caller: str,
    path: str,
    key: str,
    body_hash: str,
    now: datetime,
) -> bool:
    """Take an idempotency key; False when it is taken. A rival in flight is waited for."""
    statement = (
        dialect_of(db)
        .insert(idempotency_keys)
        .values(
            tenant_id=tenant, caller=caller, path=path, key=key, body_hash=body_hash, created_at=now
        )
        .on_conflict_do_nothing()
    )
    return bool((await db.execute(statement)).rowcount)


async def forget_answer(
    db: AsyncConnection, tenant: Id, *, caller: str, path: str, key: str, before: datetime
) -> None:
    """Drop an answer that is older than its keeping time."""
    await db.execute(
        delete(idempotency_keys).where(
            *_answer(tenant, caller, path, key), idempotency_keys.c.created_at < before
        )
    )


async def stored_answer(
    db: AsyncConnection, tenant: Id, *, caller: str, path: str, key: str
) -> Row[Any] | None:
    """Find the answer that was given under an idempotency key."""
    statement = select(idempotency_keys).where(*_answer(tenant, caller, path, key))
    return (await db.execute(statement)).one_or_none()


async def keep_answer(
    db: AsyncConnection,
    tenant: Id,
    *,
    caller: str,
    path: str,
    key: str,
    status: int,
    answer: bytes,
) -> None:
    """Keep the answer for whoever asks again."""
    await db.execute(
        update(idempotency_keys)
        .where(*_answer(tenant, caller, path, key))
        .values(status=status, answer=answer)
    )


def _answer(tenant: Id, caller: str, path: str, key: str) -> tuple[Any, ...]:
    columns = idempotency_keys.c
    return (
        columns.tenant_id == tenant,
        columns.caller == caller,
        columns.path == path,
        columns.key == key,
    )


async def kept_answers(
    db: AsyncConnection, tenant: Id, *, since: datetime | None = None
) -> Sequence[Row[Any]]:
    """Return every answer that is kept, or was given since, with the request it was given to."""
    statement = select(idempotency_keys).where(
        idempotency_keys.c.tenant_id == tenant, idempotency_keys.c.answer.is_not(None)
    )
    if since is not None:
        statement = statement.where(idempotency_keys.c.created_at >= since)
    return (await db.execute(statement)).all()


async def all_tenants(db: AsyncConnection) -> Sequence[Id]:
    """Return every organisation of this installation."""
    return (await db.scalars(select(tenants.c.id).order_by(tenants.c.id))).all()


class InboundCount(Struct, frozen=True, kw_only=True):
    """How many mails that came in on one day had one outcome."""

    day: date
    outcome: str
    mails: int


async def count_inbound(db: AsyncConnection, *, day: date, outcome: str) -> None:
    """Count one more mail that came in."""
    new = dialect_of(db).insert(counts).values(day=day, outcome=outcome, mails=1)
    await db.execute(
        new.on_conflict_do_update(
            index_elements=["day", "outcome"], set_={"mails": counts.c.mails + 1}
        )
    )


async def inbound_counts(db: AsyncConnection) -> list[InboundCount]:
    """Return the counts, newest day first."""
    rows = await db.execute(select(counts).order_by(counts.c.day.desc(), counts.c.outcome))
    return [convert_row(row, InboundCount) for row in rows]
