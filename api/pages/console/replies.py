"""What guests answered to their invitations, in sentences for the advisor."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from api.pages.console.words import say
from booking.itip import Answer
from booking.model import Booking
from booking.participation import participation_of
from context.errors import CustomerUnknown
from kernel import formats
from kernel.ids import Id
from kernel.people import Language, full_name

_SAID: Final[dict[Answer, str]] = {
    "accepted": "reply.accepted",
    "tentative": "reply.tentative",
    "declined": "reply.declined",
}


async def replies_of(
    db: AsyncConnection, tenant: Id, meeting: Booking, *, language: Language, timezone: str
) -> list[str]:
    """Return what those who are to come said about the time that the meeting has now."""
    sentences = []
    for given in (await participation_of(db, tenant, [meeting]))[meeting.id]:
        try:
            known = await context.service.get_customer(db, tenant, given.customer_id)
        except CustomerUnknown:
            continue
        who = full_name(known.name)
        if given.answer is not None:
            sentences.append(say(_SAID[given.answer], language, who=who))
        if given.proposed_start is not None:
            when = formats.when(given.proposed_start, timezone, language)
            sentences.append(say("reply.proposed", language, who=who, when=when))
    return sentences
