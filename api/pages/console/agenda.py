"""An advisor's coming meetings, as their first screen lists them."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import context.service
from api.booking_desk import advisors_named
from api.pages.console.questions import Ask, open_asks
from api.pages.console.words import say
from api.wire.customer import text
from booking.conflicts import Conflict
from booking.model import Booking, BookingFilter
from booking.organisation import Location, MeetingType
from booking.values import Channel, State
from context.errors import CustomerUnknown
from kernel.errors import NotFound
from kernel.ids import Id
from kernel.people import Language, full_name, spoken_address
from kernel.tenancy import Tenant

DAYS_AHEAD: Final = 14
"""How many days after today the first screen shows."""

DAYS_BACK: Final = 7
"""How many days back it asks whether a customer came."""

_PAGE: Final = 100

Prepared = Literal["ready", "missing", "untouched", "none"]


class Row(Struct, frozen=True, kw_only=True):
    """One meeting in the list.

    Attributes:
        address: How to address the customer aloud, with a capital, as it begins a line.
        prepared: How far the customer is with the questions for this meeting.
        missing: How many required answers are not there.
    """

    booking: Id
    start: datetime
    end: datetime
    address: str
    name: str
    meeting: str
    channel: Channel
    place: str | None
    state: State
    prepared: Prepared
    missing: int

    @property
    def stands(self) -> bool:
        """Whether it has not been called off."""
        return self.state != "cancelled"


class Day(Struct, frozen=True, kw_only=True):
    """One day's meetings, by the advisor's own calendar."""

    date: date
    rows: list[Row]


class Choice(Struct, frozen=True, kw_only=True):
    """A time that a customer was offered, and with whom."""

    start: datetime
    advisor: str


class Displaced(Struct, frozen=True, kw_only=True):
    """A meeting whose time was taken after all, and what its customer was offered for it.

    Attributes:
        told: Whether the customer has been asked to choose.
        by_calendar: Whether it was taken in a calendar, not by new rules of its time zone.
    """

    conflict: Id
    row: Row
    told: bool
    by_calendar: bool
    offered: list[Choice]


class Asked(Struct, frozen=True, kw_only=True):
    """A meeting about which the advisor has to choose something."""

    row: Row
    ask: Ask


class Agenda(Struct, frozen=True, kw_only=True):
    """Today, the days with meetings after it, and what waits for the advisor's word.

    Attributes:
        asked: What was proposed, or done in a calendar, about which the advisor has to choose.
        displaced: Meetings whose time was taken, about which somebody has to choose.
        begun: Meetings of the last week, of which nobody said yet whether the customer came.
    """

    today: Day
    later: list[Day]
    requested: list[Row]
    asked: list[Asked]
    displaced: list[Displaced]
    begun: list[Row]


async def agenda_of(
    db: AsyncConnection,
    tenant: Tenant,
    advisor: Id,
    *,
    timezone: str,
    language: Language,
    now: datetime,
) -> Agenda:
    """Return the meetings of *advisor* from today on; days are days in *timezone*."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    since = datetime.combine(today, time.min, zone)
    until = datetime.combine(today + timedelta(days=DAYS_AHEAD + 1), time.min, zone)
    shown = await _all(db, tenant.id, BookingFilter(advisor=advisor, since=since, until=until))
    waiting = await _all(
        db, tenant.id, BookingFilter(advisor=advisor, since=now, state="requested")
    )
    moment = timedelta(microseconds=1)  # what begins this very moment has begun
    past = BookingFilter(advisor=advisor, since=now - timedelta(days=DAYS_BACK), until=now + moment)
    begun = await _all(db, tenant.id, structs.replace(past, state="confirmed"))
    proposed, asks = await open_asks(
        db, tenant.id, advisor, language=language, timezone=timezone, now=now
    )
    conflicts = await booking.service.open_conflicts(db, tenant.id, advisor=advisor)
    taken = {
        one.booking_id: await booking.service.get_booking(db, tenant.id, one.booking_id)
        for one in conflicts
    }
    kinds = {kind.slug: kind for kind in await booking.service.list_meeting_types(db, tenant.id)}
    places = {place.id: place for place in await booking.service.list_locations(db, tenant.id)}
    rows = {
        meeting.id: await _row(db, tenant, meeting, kinds, places, language=language, now=now)
        for meeting in {
            meeting.id: meeting
            for meeting in [*shown, *waiting, *begun, *proposed, *taken.values()]
        }.values()
    }
    days: dict[date, list[Row]] = {today: []}
    for meeting in sorted(shown, key=_start):
        days.setdefault(meeting.start.astimezone(zone).date(), []).append(rows[meeting.id])
    return Agenda(
        today=Day(date=today, rows=days.pop(today)),
        later=[Day(date=day, rows=found) for day, found in days.items()],
        requested=[rows[meeting.id] for meeting in sorted(waiting, key=_start)],
        asked=[Asked(row=rows[ask.booking], ask=ask) for ask in asks],
        displaced=[await _displaced(db, tenant.id, one, rows[one.booking_id]) for one in conflicts],
        begun=[rows[meeting.id] for meeting in sorted(begun, key=_start)],
    )


async def _displaced(db: AsyncConnection, tenant: Id, conflict: Conflict, row: Row) -> Displaced:
    people = await advisors_named(db, tenant, {one.advisor_id for one in conflict.alternatives})
    return Displaced(
        conflict=conflict.id,
        row=row,
        told=conflict.offered_at is not None,
        by_calendar=conflict.state != "displaced",
        offered=[
            Choice(start=one.start, advisor=people[one.advisor_id].name)
            for one in conflict.alternatives
        ],
    )


async def _all(db: AsyncConnection, tenant: Id, wanted: BookingFilter) -> list[Booking]:
    """Return every booking that the filter lets through, however many pages they fill."""
    found: list[Booking] = []
    while True:
        after = found[-1].id if found else None
        page = await booking.service.list_bookings(
            db, tenant, structs.replace(wanted, after=after, limit=_PAGE)
        )
        found += page
        if len(page) < _PAGE:
            return found


async def _named(
    db: AsyncConnection, tenant: Tenant, customer_id: Id, language: Language
) -> tuple[str, str]:
    """Return a customer's full name, and how to address them; a word for whoever was erased."""
    try:
        customer = await context.service.get_customer(db, tenant.id, customer_id)
    except CustomerUnknown:
        return say("customer.erased", language), say("customer.erased", language)
    spoken = customer.language or tenant.settings.language
    formality = customer.formality or tenant.settings.formality
    name = full_name(customer.name)
    address = spoken_address(customer.name, spoken, formality)
    return name, address if address == name else address[:1].upper() + address[1:]


async def _row(
    db: AsyncConnection,
    tenant: Tenant,
    meeting: Booking,
    kinds: Mapping[str, MeetingType],
    places: Mapping[Id, Location],
    *,
    language: Language,
    now: datetime,
) -> Row:
    name, address = await _named(db, tenant, meeting.customer_id, language)
    place = places.get(meeting.location_id) if meeting.location_id else None
    prepared, missing = await _prepared(db, tenant.id, meeting.id, language=language, now=now)
    return Row(
        booking=meeting.id,
        start=meeting.start,
        end=meeting.end,
        address=address,
        name=name,
        meeting=text(kinds[meeting.meeting_type].name, language),
        channel=meeting.channel,
        place=place.name if place else None,
        state=meeting.state,
        prepared=prepared,
        missing=missing,
    )


async def _prepared(
    db: AsyncConnection, tenant: Id, meeting: Id, *, language: Language, now: datetime
) -> tuple[Prepared, int]:
    try:
        intake = await context.service.get_intake(db, tenant, meeting, language=language, now=now)
    except NotFound:
        return "none", 0
    if not intake.missing:
        return "ready", 0
    return ("untouched" if intake.saved_at is None else "missing"), len(intake.missing)


def _start(meeting: Booking) -> datetime:
    return meeting.start
