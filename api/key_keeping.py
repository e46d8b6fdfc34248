"""Keeping the keys under which things are sealed: replacing them, and letting the old ones go."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from api import store
from api.sealed_answers import ANSWERS, answer_context
from booking.sync import Calendars
from kernel import vault, work
from kernel.database import keyring_of
from kernel.ids import Id

KEEP_KEYS: Final = "keys.keep"
"""Whatever rests on a key that was replaced comes to rest on the newest."""

_AT_A_TIME: Final = 200


async def replace_keys(db: AsyncConnection, tenant: Id, *, now: datetime) -> None:
    """Give an organisation new keys; what rests on the old ones follows, and then they go."""
    await vault.replace_key(db, tenant, "subjects", now=now)
    await vault.replace_key(db, tenant, "index", now=now)
    await work.enqueue(db, tenant, KEEP_KEYS, tenant, now=now)


async def keep_keys(db: AsyncConnection, tenant: Id, *, now: datetime) -> bool:
    """Let some of what rests on older keys rest on the newest; keys on which nothing does go.

    Returns:
        Whether there may be more.
    """
    wrapped = await vault.rewrap(db, tenant, limit=_AT_A_TIME, now=now)
    marked = await context.service.mark_anew(db, tenant, limit=_AT_A_TIME, now=now)
    await vault.retire_keys(db, tenant, "subjects", now=now)
    if not marked:
        await vault.retire_keys(db, tenant, "index", now=now)
    return bool(wrapped or marked)


async def seal_anew(db: AsyncConnection, tenant: Id, calendars: Calendars) -> int:
    """Seal anew what an organisation has sealed under the installation's secret key.

    Returns:
        How many things that was. After it, nothing that is stored needs an older secret key.
    """
    return (
        await vault.rewrap_tenant_keys(db, tenant)
        + await calendars.logins.reseal(db, tenant)
        + await _seal_answers_anew(db, tenant)
    )


async def _seal_answers_anew(db: AsyncConnection, tenant: Id) -> int:
    kept = await store.kept_answers(db, tenant)
    for row in kept:
        request = {"caller": row.caller, "path": row.path, "key": row.key}
        context = answer_context(tenant, **request)
        with suppress(ValueError):  # lost with an older secret key: it will be given anew
            sealed = keyring_of(db).reseal(row.answer, use=ANSWERS, context=context)
            await store.keep_answer(db, tenant, status=row.status, answer=sealed, **request)
    return len(kept)
