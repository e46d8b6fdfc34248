"""What happened, written in the same transaction as the rows it is about.

Subscribers hear of an event at least once and their effect lands once: each subscriber gets a
piece of work of its own, finished in the transaction that holds its effect.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import work
from kernel.events import Event
from kernel.ids import Id, new_id
from kernel.tables import events
from kernel.writing import Row, write

EVENTS_QUEUE = "events"


def rows(tenant: Id, event: Event, *, now: datetime) -> list[Row]:
    """Return the rows that say that *event* happened, and let subscribers act on it."""
    event_id = new_id("evt", now)
    payload = msgspec.to_builtins(event)
    said = {
        "id": event_id,
        "tenant_id": tenant,
        "kind": payload["type"],
        "payload": payload,
        "recorded_at": now,
    }
    return [Row(into=events, values=said), work.row(tenant, EVENTS_QUEUE, event_id, now=now)]


async def record(db: AsyncConnection, tenant: Id, event: Event, *, now: datetime) -> None:
    """Write down that *event* happened; subscribers act on it after the commit."""
    await write(db, *rows(tenant, event, now=now))


async def load(db: AsyncConnection, event_id: Id) -> Event:
    """Return the event with this id."""
    payload = await db.scalar(select(events.c.payload).where(events.c.id == event_id))
    return msgspec.convert(payload, Event)  # type: ignore[no-any-return]  # a union is no type to mypy


def fan_out(subscriptions: Mapping[type[Event], Sequence[str]]) -> work.Effect:
    """Return the handler of the events queue: one piece of work for each subscriber.

    Args:
        subscriptions: For each kind of event the queues that want to hear of it.
    """

    async def deliver(db: AsyncConnection, task: work.Task, now: datetime) -> None:
        event = await load(db, task.subject)
        for queue in subscriptions.get(type(event), ()):
            await work.enqueue(db, task.tenant, queue, task.subject, now=now)

    return deliver
