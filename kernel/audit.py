"""Who did what to which thing, and when: ids and verbs, never contents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import convert_row
from kernel.ids import Id, new_id
from kernel.tables import audit_entries
from kernel.writing import Row, write

_AT_A_TIME: Final = 500


class Entry(Struct, frozen=True, kw_only=True):
    """That somebody did something, to which thing, and when."""

    id: Id
    actor: str
    action: str
    subject: Id
    at: datetime


def row(tenant: Id, *, actor: str, action: str, subject: Id, now: datetime) -> Row:
    """Return the row that says that *actor* did *action* (``brief.opened``) to *subject*."""
    return Row(
        into=audit_entries,
        values={
            "tenant_id": tenant,
            "id": new_id("aud", now),
            "actor": actor,
            "action": action,
            "subject": subject,
            "at": now,
        },
    )


async def note(
    db: AsyncConnection, tenant: Id, *, actor: str, action: str, subject: Id, now: datetime
) -> None:
    """Record that *actor* did *action* to *subject*."""
    await write(db, row(tenant, actor=actor, action=action, subject=subject, now=now))


async def entries_about(db: AsyncConnection, tenant: Id, subjects: Sequence[Id]) -> list[Entry]:
    """Return what was done to these things, oldest first."""
    found: list[Entry] = []
    for first in range(0, len(subjects), _AT_A_TIME):
        rows = await db.execute(
            select(audit_entries).where(
                audit_entries.c.tenant_id == tenant,
                audit_entries.c.subject.in_(subjects[first : first + _AT_A_TIME]),
            )
        )
        found += [convert_row(each, Entry) for each in rows]
    return sorted(found, key=lambda each: each.id)
