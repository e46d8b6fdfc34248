"""What every step in the life of a booking leaves behind."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import store
from booking.lifecycle import HistoryStep
from booking.model import Booking
from kernel import audit, outbox, work
from kernel.events import Event
from kernel.ids import Id
from kernel.writing import Row, write


async def announce(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    event: Event,
    *also: Row,
    by: str,
    now: datetime,
) -> None:
    """Record what the booking has become, what happened and who did it, and wake the calendars.

    *also* is written in the same round trip.
    """
    action = str(event.__struct_config__.tag)
    step = HistoryStep(revision=booking.revision, at=now, by=by, action=action, booking=booking)
    await write(
        db,
        *also,
        store.step_row(tenant, step),
        audit.row(tenant, actor=by, action=action, subject=booking.id, now=now),
        *outbox.rows(tenant, event, now=now),
        work.row(tenant, "calendar.push", booking.id, now=now),
    )
