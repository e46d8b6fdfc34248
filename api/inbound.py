"""Mail that comes in: answers to invitations, whichever door they came through.

Nobody who writes learns what became of it. Whatever is ignored is logged and counted by a word.
"""

from datetime import datetime

import structlog

from api import store
from api.wiring import House
from booking import participation
from booking.answering import COUNTS
from booking.replies import Ignored, read_reply
from kernel.errors import NotFound

log = structlog.get_logger()


async def receive(
    house: House, raw: bytes, *, recipient: str | None = None, sender: str | None = None
) -> str:
    """Act on one mail, and return in a word what became of it.

    Args:
        house: The installation.
        raw: The whole mail.
        recipient: Of its envelope, where that is known.
        sender: The same; a bounce has an empty one.
    """
    now = house.clock.now()
    outcome = await _take(house, raw, recipient, sender, now)
    async with house.database.transaction() as db:
        await store.count_inbound(db, day=now.date(), outcome=outcome)
    if outcome in COUNTS:
        log.info("inbound.taken", outcome=outcome)
    else:
        log.info("inbound.ignored", reason=outcome)
    return outcome


async def _take(
    house: House, raw: bytes, recipient: str | None, sender: str | None, now: datetime
) -> str:
    reply = read_reply(raw, sender=sender)
    if isinstance(reply, Ignored):
        return reply.reason
    addresses = [*([recipient] if recipient else []), *reply.addressed]
    if not house.replies.candidates(addresses):
        return "not-for-us"
    async with house.database.reading() as db:
        tenants = await store.all_tenants(db)
    found = house.replies.read(addresses, tenants)
    if found is None:
        return "bad-signature"
    try:
        async with house.database.transaction(found.tenant) as db:
            return await participation.take_answer(
                db, found.tenant, found.booking, reply, house.directory, now=now
            )
    except NotFound:
        return "unknown-booking"
