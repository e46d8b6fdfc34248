"""Who did what to which thing, and when: ids and verbs, never contents."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.ids import Id, new_id
from kernel.tables import audit_entries
from kernel.writing import Row, write


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
