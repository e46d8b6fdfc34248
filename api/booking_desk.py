"""Finding and booking a time, for whoever asks: the API, the hosted page, a link from a mail."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import context.service
from api.links import LinkKind
from api.wire.customer import BookingBody, BookingView, Slots, booking_view, local
from api.wiring import House
from booking.errors import SlotTaken, SlotUnavailable
from booking.model import Booking, BookingInput, Channel, SlotAnswer, SlotQuery, in_utc
from context.errors import PurposeUnknown
from context.model import CustomerInput
from kernel.errors import FieldError, Invalid
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import Tenant

LONGEST_WINDOW: Final = timedelta(days=62)
_AN_INSTANT: Final = msgspec.json.Decoder(datetime)


def window(start: str, end: str, timezone: str) -> tuple[datetime, datetime]:
    """Return the asked window as instants; dates are whole days in *timezone*, *end* exclusive.

    Raises:
        Invalid: No such zone, no such time, the wrong way round, or too long.
    """
    zone = zone_named(timezone, "?timezone")
    begin, finish = moment(start, zone, "?start"), moment(end, zone, "?end")
    if finish <= begin:
        raise Invalid("end must lie after start.", errors=(_at("?end", "Lies before start."),))
    if finish - begin > LONGEST_WINDOW:
        raise Invalid(
            f"Ask for at most {LONGEST_WINDOW.days} days at a time.",
            errors=(_at("?end", f"More than {LONGEST_WINDOW.days} days after start."),),
        )
    return begin, finish


def zone_named(name: str, pointer: str) -> ZoneInfo:
    """Return the zone with this IANA name.

    Raises:
        Invalid: There is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(
            "There is no such time zone; use an IANA name such as Europe/Amsterdam.",
            errors=(FieldError(pointer=pointer, detail="No such zone.", code="zone-unknown"),),
        ) from None


async def find_slots(
    db: AsyncConnection, tenant: Id, query: SlotQuery, *, timezone: str, now: datetime
) -> Slots:
    """Return the free starts, by the viewer's local day."""
    return slots_view(await booking.service.slots(db, tenant, query, now=now), query, timezone)


def slots_view(answer: SlotAnswer, query: SlotQuery, timezone: str) -> Slots:
    """Show free starts by the local days of *timezone*."""
    zone = ZoneInfo(timezone)
    days: defaultdict[str, list[str]] = defaultdict(list)
    for start in answer.starts:
        text = start.astimezone(zone).isoformat()
        days[text[:10]].append(text)
    following = answer.next_available
    return Slots(
        timezone=timezone,
        duration=answer.duration,
        days=dict(days),
        as_of=local(answer.as_of, timezone),
        next_available=following.astimezone(zone) if following else None,
        reasons=answer.reasons if query.explain else UNSET,
    )


async def make_booking(
    db: AsyncConnection,
    house: House,
    tenant: Tenant,
    body: BookingBody,
    *,
    now: datetime,
    trusted: bool = False,
) -> tuple[Booking, BookingView]:
    """Book a meeting for a customer, with what they said and agreed to, all or nothing.

    Args:
        db: The transaction, on behalf of the organisation.
        house: Writes the links.
        tenant: The organisation.
        body: What is asked for.
        now: The present instant.
        trusted: The organisation's own systems ask, and answer for who the customer is. Anybody
            else may be using another person's address: they cannot agree to messages for them,
            and their links open no more than they brought themselves.

    Raises:
        Invalid: No such zone, answers to a form that is not there, or consent by a stranger.
    """
    if body.consents and not trusted:
        raise Invalid(
            "Customers agree to messages on their own page, opened from their mail.",
            errors=(_at("/consents", "Needs a secret key."),),
        )
    zone_named(body.timezone, "/timezone")
    kind = await booking.service.get_meeting_type(db, tenant.id, body.meeting_type)
    customer = await context.service.identify(db, tenant.id, body.customer, now=now)
    language: Language = customer.language or tenant.settings.language
    companions = [
        await context.service.identify(
            db,
            tenant.id,
            CustomerInput(name=person.name, email=person.email),
            now=now,
            pointer=f"/participants/{index}",
        )
        for index, person in enumerate(body.participants)
    ]
    with alternatives_in(body.timezone):
        meeting = await booking.service.book(
            db,
            tenant.id,
            BookingInput(
                meeting_type=body.meeting_type,
                start=body.start,
                timezone=body.timezone,
                channel=body.channel,
                location=body.location,
                duration=body.duration,
                advisor=body.advisor,
                hold=body.hold,
                language=language,
            ),
            customer=customer.id,
            participants=[person.id for person in companions],
            now=now,
        )
    if kind.form is not None:
        await context.service.open_intake(
            db, tenant.id, booking=meeting.id, customer=customer.id, form=kind.form, now=now
        )
        if body.answers:
            await context.service.save_answers(
                db, tenant.id, meeting.id, body.answers, submit=False, language=language, now=now
            )
    elif body.answers:
        raise Invalid(
            "This meeting type has no form, so it takes no answers.",
            errors=(_at("/answers", "No form."),),
        )
    for index, choice in enumerate(body.consents):
        with purpose_at(index):
            await context.service.set_consent(
                db,
                tenant.id,
                customer.id,
                choice.purpose,
                given=choice.given,
                language=language,
                channel="web",
                now=now,
            )
    (view,) = await views_of(
        db, house, tenant.id, [meeting], timezone=body.timezone, trusted=trusted
    )
    return meeting, view


@contextmanager
def alternatives_in(timezone: str) -> Iterator[None]:
    """Write the alternatives of a refusal in the zone of whoever asked."""
    try:
        yield
    except (SlotTaken, SlotUnavailable) as refusal:
        refusal.extra["alternatives"] = [local(one, timezone) for one in refusal.alternatives]
        raise


@contextmanager
def purpose_at(index: int) -> Iterator[None]:
    """Say which of the consents names a purpose that nobody is asked for."""
    try:
        yield
    except PurposeUnknown as error:
        pointer = f"/consents/{index}/purpose"
        raise Invalid(error.detail, errors=(_at(pointer, "No such purpose."),)) from None


async def views_of(
    db: AsyncConnection,
    house: House,
    tenant: Id,
    meetings: Sequence[Booking],
    *,
    timezone: str | None = None,
    trusted: bool,
) -> list[BookingView]:
    """Show bookings with their links, in *timezone* or each in the zone of its promise.

    Whatever several of them share is read once; *trusted* as in `make_booking`.
    """
    service = booking.service
    places = {place.id: place for place in await service.list_locations(db, tenant)}
    advisors = {
        advisor: await service.get_advisor(db, tenant, advisor)
        for advisor in {meeting.advisor_id for meeting in meetings}
    }
    prepares = {
        slug: (await service.get_meeting_type(db, tenant, slug)).form is not None
        for slug in {meeting.meeting_type for meeting in meetings}
    }

    def url(kind: LinkKind, meeting: Booking) -> str:
        return house.links.url(kind, tenant, meeting.id, meeting.generation, mailed=trusted)

    return [
        booking_view(
            meeting,
            advisors[meeting.advisor_id],
            places.get(meeting.location_id or ""),
            timezone=timezone or meeting.timezone,
            manage_url=url("manage", meeting),
            intake_url=url("intake", meeting) if prepares[meeting.meeting_type] else None,
        )
        for meeting in meetings
    ]


def slot_query(
    meeting_type: str,
    begin: datetime,
    finish: datetime,
    *,
    channel: Channel | None = None,
    location: str | None = None,
    duration: int | None = None,
    advisor: Id | None = None,
    explain: bool = False,
) -> SlotQuery:
    """Return the question for free starts from *begin* up to *finish*."""
    return SlotQuery(
        meeting_type=meeting_type,
        start=begin,
        end=finish,
        channel=channel,
        location=location,
        duration=duration,
        advisor=advisor,
        explain=explain,
    )


def moment(value: str, zone: ZoneInfo, pointer: str) -> datetime:
    """Return an instant that stood in a query; a date is its first moment in *zone*.

    Raises:
        Invalid: It is neither a date nor a time with its offset, or lies absurdly far away.
    """
    return in_utc(_moment(value, zone, pointer), pointer)


def _moment(value: str, zone: ZoneInfo, pointer: str) -> datetime:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        pass
    else:
        return datetime.combine(day, wall_time(), zone)
    try:
        # A plus sign that was not escaped arrives as a blank.
        instant = _AN_INSTANT.decode(f'"{value.replace(" ", "+")}"')
    except msgspec.DecodeError:
        raise Invalid(
            "Give a date such as 2026-12-01, or a time with its offset.",
            errors=(_at(pointer, "Neither a date nor a time."),),
        ) from None
    if instant.tzinfo is None:
        raise Invalid(
            "A time needs its offset, such as 2026-12-01T09:00:00+01:00.",
            errors=(FieldError(pointer=pointer, detail="No offset.", code="offset-missing"),),
        )
    return instant


def _at(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail)
