"""The brief, put together from three rooms: the meeting, what is known, what was told."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import context.service
import notifications.service
from api.wire.customer import text
from context.brief import compose
from context.errors import CustomerUnknown
from context.model import Brief, Meeting, Told
from kernel.ids import Id
from kernel.people import Language, full_name


async def brief_of(
    db: AsyncConnection,
    tenant: Id,
    booking_id: Id,
    *,
    reader: Id | None = None,
    language: Language,
    now: datetime,
) -> Brief:
    """Return the brief of a meeting as *reader*, or else its own advisor, sees it now.

    Reading it moves nothing; `context.service.opened` notes that it was shown.
    """
    meeting = await booking.service.get_booking(db, tenant, booking_id)
    kind = await booking.service.get_meeting_type(db, tenant, meeting.meeting_type)
    advisor = await booking.service.get_advisor(db, tenant, meeting.advisor_id)
    places = await booking.service.list_locations(db, tenant)
    place = next((entry for entry in places if entry.id == meeting.location_id), None)
    preparation = await context.service.prepare(
        db,
        tenant,
        booking=meeting.id,
        customer=meeting.customer_id,
        advisor=reader or meeting.advisor_id,
        language=language,
        now=now,
    )
    return compose(
        preparation,
        Meeting(
            booking=meeting.id,
            name=text(kind.name, language),
            start=meeting.start,
            end=meeting.end,
            timezone=advisor.timezone,
            channel=meeting.channel,
            location=place.name if place else None,
            advisor_name=advisor.name,
            state=meeting.state,
            participants=await _along(db, tenant, meeting.participants),
        ),
        await _told(db, tenant, meeting.customer_id),
        rates=await _newest_rates(db, tenant),
        language=language,
        now=now,
    )


async def _along(db: AsyncConnection, tenant: Id, people: Sequence[Id]) -> list[str]:
    """Return the names of who comes along, but for those who are no longer on file."""
    names = []
    for person in people:
        with suppress(CustomerUnknown):
            known = await context.service.get_customer(db, tenant, person)
            names.append(full_name(known.name))
    return names


async def _told(db: AsyncConnection, tenant: Id, customer: Id) -> list[Told]:
    told = []
    for notice in await notifications.service.notices_of(db, tenant, customer=customer):
        figures = notice.figures
        told.append(
            Told(
                at=notice.sent_at or notice.created_at,
                channel=notice.channel,
                # A letter about a rate word for word; of the others it is enough to know which.
                text=(notice.text if figures else notice.subject) or "",
                state=notice.state,
                old_rate=figures.old_rate if figures else None,
                new_rate=figures.new_rate if figures else None,
                old_monthly=figures.old_monthly if figures else None,
                new_monthly=figures.new_monthly if figures else None,
            )
        )
    return told


async def _newest_rates(db: AsyncConnection, tenant: Id) -> Mapping[int, Decimal]:
    newest: dict[int, Decimal] = {}
    for rate in await notifications.service.list_rates(db, tenant):
        if rate.product == "mortgage-annuity":
            newest.setdefault(rate.fixed_years, rate.rate)
    return newest
