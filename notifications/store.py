"""The SQL of this room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Select, and_, case, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import convert_row, dialect_of
from kernel.ids import Id, new_id
from kernel.vault import cipher_of, ciphers_of
from notifications.model import Delivery, Notice, NoticeInput, Rate, State
from notifications.tables import deliveries, notices, rates

_SAME_DELIVERY = and_(
    deliveries.c.tenant_id == notices.c.tenant_id, deliveries.c.notice == notices.c.id
)


class Post(Struct, frozen=True, kw_only=True):
    """A notice on its way.

    Attributes:
        attempts: How often its delivery was begun.
        leaving_until: While this lies ahead, somebody is handing it over.
    """

    notice: Notice
    attempts: int
    leaving_until: datetime | None


class Written(Struct, frozen=True, kw_only=True):
    """How a message was put; *text* is null where the words must not be kept."""

    language: str
    formality: str
    subject: str
    text: str | None


# --- rates ---------------------------------------------------------------------------------------


async def add_rate(
    db: AsyncConnection, tenant: Id, rate: Rate, *, version: int, announced_at: datetime | None
) -> bool:
    """Add an entry to its line as number *version*; false when somebody else just did."""
    row = await db.execute(
        dialect_of(db)
        .insert(rates)
        .values(
            tenant_id=tenant,
            id=rate.id,
            product=rate.product,
            fixed_years=rate.fixed_years,
            version=version,
            rate=rate.rate,
            previous=rate.previous,
            valid_from=rate.valid_from,
            published_at=rate.published_at,
            announced_at=announced_at,
        )
        .on_conflict_do_nothing()
        .returning(rates.c.id)
    )
    return row.one_or_none() is not None


async def line_of(db: AsyncConnection, tenant: Id, product: str, *, fixed_years: int) -> list[Rate]:
    """Return every entry for this product and fixed period, oldest first."""
    rows = await db.execute(
        _rates(tenant)
        .where(rates.c.product == product, rates.c.fixed_years == fixed_years)
        .order_by(rates.c.valid_from, rates.c.version)
    )
    return [convert_row(row, Rate) for row in rows]


async def all_rates(db: AsyncConnection, tenant: Id) -> list[Rate]:
    """Return the whole rate card, newest first."""
    rows = await db.execute(
        _rates(tenant).order_by(
            rates.c.valid_from.desc(), rates.c.published_at.desc(), rates.c.version.desc()
        )
    )
    return [convert_row(row, Rate) for row in rows]


async def rate(db: AsyncConnection, tenant: Id, rate_id: Id) -> Rate:
    """Return one entry of the rate card."""
    return convert_row((await db.execute(_rates(tenant).where(rates.c.id == rate_id))).one(), Rate)


async def mark_announced(db: AsyncConnection, tenant: Id, rate_id: Id, *, now: datetime) -> None:
    """Note that everybody concerned has been written to."""
    await db.execute(
        update(rates)
        .where(rates.c.tenant_id == tenant, rates.c.id == rate_id)
        .values(announced_at=now)
    )


def _rates(tenant: Id) -> Select[*tuple[Any, ...]]:
    told = (
        select(func.count())
        .select_from(notices)
        .join(deliveries, _SAME_DELIVERY)
        .where(
            notices.c.tenant_id == tenant,
            notices.c.rate == rates.c.id,
            deliveries.c.state.in_(["scheduled", "sent"]),
        )
        .scalar_subquery()
    )
    return select(
        rates, case((rates.c.announced_at.is_(None), null()), else_=told).label("notified")
    ).where(rates.c.tenant_id == tenant)


# --- notices -------------------------------------------------------------------------------------


async def add_notice(
    db: AsyncConnection, tenant: Id, notice: NoticeInput, *, now: datetime
) -> Id | None:
    """Write down what is to be told; null when just that has been written down before.

    Raises:
        Erased: There is nobody to tell any more.
    """
    cipher = await cipher_of(db, tenant, notice.recipient, now=now)
    notice_id = new_id("ntc", now)
    row = await db.execute(
        dialect_of(db)
        .insert(notices)
        .values(
            tenant_id=tenant,
            id=notice_id,
            recipient=notice.recipient,
            kind=notice.kind,
            purpose=notice.purpose,
            consent=notice.consent,
            booking=notice.booking,
            sequence=notice.sequence,
            rate=notice.rate,
            sealed=cipher.seal(msgspec.json.encode(notice.facts), place=_of_facts(notice_id)),
            dedup_key=notice.dedup_key,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "dedup_key"])
        .returning(notices.c.id)
    )
    return row.scalar_one_or_none()


async def add_delivery(
    db: AsyncConnection, tenant: Id, notice: Id, *, channel: str, now: datetime
) -> Id:
    """Plan to bring a notice over a channel."""
    delivery = new_id("dlv", now)
    await db.execute(
        dialect_of(db)
        .insert(deliveries)
        .values(
            tenant_id=tenant,
            id=delivery,
            notice=notice,
            channel=channel,
            state="scheduled",
            attempts=0,
            created_at=now,
        )
    )
    return delivery


async def notices_of(
    db: AsyncConnection, tenant: Id, *, recipient: Id | None, booking: Id | None
) -> list[Notice]:
    """Return what somebody was told, or what was told about a meeting, oldest first."""
    query = _notices(tenant)
    if recipient is not None:
        query = query.where(notices.c.recipient == recipient)
    if booking is not None:
        query = query.where(notices.c.booking == booking)
    rows = await db.execute(query.order_by(notices.c.created_at, notices.c.id))
    return [notice for _, notice in await _opened(db, tenant, rows.all())]


async def _opened(db: AsyncConnection, tenant: Id, rows: Sequence[Any]) -> list[tuple[Any, Notice]]:
    """Return rows with the notices in them; not those to people of whom nothing is known now."""
    ciphers = await ciphers_of(db, tenant, {row.recipient for row in rows})
    found = []
    for row in rows:
        cipher = ciphers.get(row.recipient)
        if cipher is None or row.sealed is None:
            continue
        said = dict(row._mapping)  # noqa: SLF001  # public, oddly named
        said["facts"] = msgspec.json.decode(cipher.open(row.sealed, place=_of_facts(row.id)))
        words = {"subject": None, "text": None}
        if row.written is not None:
            words = msgspec.json.decode(cipher.open(row.written, place=_of_words(row.delivery)))
        found.append((row, msgspec.convert(said | words, Notice)))
    return found


def _of_facts(notice: Id) -> str:
    return f"notices.facts:{notice}"


def _of_words(delivery: Id) -> str:
    return f"deliveries.written:{delivery}"


def _notices(tenant: Id) -> Select[*tuple[Any, ...]]:
    return (
        select(
            notices,
            deliveries.c.id.label("delivery"),
            deliveries.c.channel,
            deliveries.c.state,
            deliveries.c.attempts,
            deliveries.c.leaving_until,
            deliveries.c.sent_at,
            deliveries.c.language,
            deliveries.c.formality,
            deliveries.c.written,
            deliveries.c.error,
        )
        .join(deliveries, _SAME_DELIVERY)
        .where(notices.c.tenant_id == tenant)
    )


# --- deliveries ----------------------------------------------------------------------------------


async def lock_post(db: AsyncConnection, tenant: Id, delivery: Id) -> list[Post]:
    """Return a delivery and all to the same person about the same meeting, and keep others off.

    Until this transaction ends nobody else can begin or end any of these deliveries.
    """
    mine, about = deliveries.alias("mine"), notices.alias("about")
    same = (
        select(about.c.id)
        .join(mine, and_(mine.c.tenant_id == about.c.tenant_id, mine.c.notice == about.c.id))
        .where(
            about.c.tenant_id == tenant,
            mine.c.id == delivery,
            about.c.booking == notices.c.booking,
            about.c.recipient == notices.c.recipient,
        )
    )
    rows = await db.execute(
        _notices(tenant)
        .where(or_(deliveries.c.id == delivery, same.exists()))
        .order_by(deliveries.c.id)
        .with_for_update(of=deliveries)
    )
    return [
        Post(notice=notice, attempts=row.attempts, leaving_until=row.leaving_until)
        for row, notice in await _opened(db, tenant, rows.all())
    ]


async def begin_attempt(
    db: AsyncConnection, tenant: Id, delivery: Id, *, message_id: str, until: datetime
) -> None:
    """Note that the message is being handed over, at the latest until then."""
    await db.execute(
        update(deliveries)
        .where(deliveries.c.tenant_id == tenant, deliveries.c.id == delivery)
        .values(
            attempts=deliveries.c.attempts + 1,
            leaving_until=until,
            message_id=message_id,
            error=None,
        )
    )


async def put_off(
    db: AsyncConnection, tenant: Id, delivery: Id, *, attempt: int, error: str
) -> None:
    """Note that this attempt came to nothing, unless another has begun since."""
    await db.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant_id == tenant,
            deliveries.c.id == delivery,
            deliveries.c.attempts == attempt,
        )
        .values(leaving_until=None, error=error)
    )


async def mark_sent(
    db: AsyncConnection,
    tenant: Id,
    delivery: Id,
    *,
    recipient: Id,
    written: Written,
    now: datetime,
) -> None:
    """Note that the message has left, and how it was put, unless they have been erased since."""
    ciphers = await ciphers_of(db, tenant, [recipient])
    words = msgspec.json.encode({"subject": written.subject, "text": written.text})
    sealed = [each.seal(words, place=_of_words(delivery)) for each in ciphers.values()]
    await db.execute(
        update(deliveries)
        .where(deliveries.c.tenant_id == tenant, deliveries.c.id == delivery)
        .values(
            state="sent",
            sent_at=now,
            leaving_until=None,
            error=None,
            language=written.language,
            formality=written.formality,
            written=sealed[0] if sealed else None,
        )
    )


async def close(
    db: AsyncConnection, tenant: Id, delivery: Id, *, state: State, error: str | None
) -> None:
    """Note that the message will not leave, and why."""
    await db.execute(
        update(deliveries)
        .where(deliveries.c.tenant_id == tenant, deliveries.c.id == delivery)
        .values(state=state, leaving_until=None, error=error)
    )


async def cancel_unsent(
    db: AsyncConnection, tenant: Id, recipient: Id, *, purpose: str, now: datetime
) -> None:
    """Cancel everything for this purpose that has not left and is not leaving this moment."""
    unwanted = select(notices.c.id).where(
        notices.c.tenant_id == tenant,
        notices.c.recipient == recipient,
        notices.c.purpose == purpose,
    )
    await db.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant_id == tenant,
            deliveries.c.notice.in_(unwanted),
            deliveries.c.state == "scheduled",
            or_(deliveries.c.leaving_until.is_(None), deliveries.c.leaving_until < now),
        )
        .values(state="cancelled", error="consent-withdrawn")
    )


async def cancel_all(db: AsyncConnection, tenant: Id, recipient: Id) -> int:
    """Cancel everything to somebody that has not left; return how much that was."""
    cancelled = await db.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant_id == tenant,
            deliveries.c.notice.in_(_to(tenant, recipient)),
            deliveries.c.state == "scheduled",
        )
        .values(state="cancelled", error="recipient-gone")
    )
    return cancelled.rowcount


async def remove_words(db: AsyncConnection, tenant: Id, recipient: Id) -> int:
    """Remove what messages to somebody said; return of how many."""
    emptied = await db.execute(
        update(deliveries)
        .where(deliveries.c.tenant_id == tenant, deliveries.c.notice.in_(_to(tenant, recipient)))
        .values(written=None)
    )
    await db.execute(
        update(notices)
        .where(notices.c.tenant_id == tenant, notices.c.recipient == recipient)
        .values(sealed=None)
    )
    return emptied.rowcount


def _to(tenant: Id, recipient: Id) -> Select[str]:
    return select(notices.c.id).where(
        notices.c.tenant_id == tenant, notices.c.recipient == recipient
    )


async def deliveries_page(
    db: AsyncConnection,
    tenant: Id,
    *,
    state: State | None,
    before: Id | None,
    limit: int,
) -> list[Delivery]:
    """Return deliveries, newest first."""
    query = (
        select(deliveries, notices.c.kind)
        .join(notices, _SAME_DELIVERY)
        .where(deliveries.c.tenant_id == tenant)
    )
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    rows = await db.execute(query.order_by(deliveries.c.id.desc()).limit(limit))
    return [convert_row(row, Delivery) for row in rows]
