"""Booking a time, for whoever asks: the API, the hosted page, the command line."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from datetime import time as wall_time
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
import booking.setup
import context.service
from api.links import LinkKind
from api.wire.booking import SeriesBody, SeriesView
from api.wire.customer import (
    BookingBody,
    BookingView,
    ConsentBody,
    ParticipantBody,
    booking_view,
    local,
)
from api.wiring import House
from booking.errors import SlotTaken, SlotUnavailable
from booking.model import Booking, BookingInput
from booking.organisation import Advisor, MeetingType
from booking.participation import participation_of
from booking.values import in_utc, require_zone
from context.errors import PurposeUnknown
from context.model import Customer, CustomerInput
from kernel.errors import FieldError, Invalid
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import Tenant

_AN_INSTANT: Final = msgspec.json.Decoder(datetime)
_CUSTOMER: Final = "/customer"


def zone_named(name: str, pointer: str) -> ZoneInfo:
    """Return the zone with this IANA name.

    Raises:
        Invalid: There is none.
    """
    require_zone(name, pointer)
    return ZoneInfo(name)


def require_staff(pointers: Iterable[str], *, trusted: bool) -> None:
    """Refuse what only the organisation's own systems may say.

    Raises:
        Invalid: A publishable key said some of it.
    """
    found = tuple(_at(pointer, "Needs a secret key.") for pointer in pointers)
    if found and not trusted:
        raise Invalid(
            "Only a secret key may say for which customer it is or set rules aside.", errors=found
        )


# --- booking -------------------------------------------------------------------------------------


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
        Invalid: No such zone, answers to a form that is not there, the same person twice, or
            consent or waivers by a stranger.
    """
    _check(body, trusted=trusted)
    with alternatives_in(body.timezone):
        wanted = wanted_in(body, tenant.settings.language)
        await booking.service.refuse_taken(db, tenant.id, wanted, now=now)
    guests = await _receive(db, tenant, body, now=now)
    with alternatives_in(body.timezone):
        meeting = await booking.service.book(
            db,
            tenant.id,
            wanted_in(body, guests.customer.language),
            customer=guests.customer.id,
            participants=[guest.id for guest in guests.companions],
            now=now,
            by="operator" if trusted else "customer",
        )
    await _prepare(db, tenant.id, guests, body, [meeting], now=now)
    (view,) = await views_of(
        db, house, tenant.id, [meeting], timezone=body.timezone, trusted=trusted
    )
    return meeting, view


async def make_series(
    db: AsyncConnection, house: House, tenant: Tenant, body: SeriesBody, *, now: datetime
) -> SeriesView:
    """Book a meeting that comes back, on behalf of a customer; all of them or none.

    Raises:
        SlotTaken, SlotUnavailable: One of them cannot be had; ``occurrence`` says which, from 1.
        Invalid: As for ``make_booking``.
    """
    _check(body, trusted=True)
    guests = await _receive(db, tenant, body, now=now)
    with alternatives_in(body.timezone), _occurrence_in(body):
        meetings = await booking.service.book_series(
            db,
            tenant.id,
            wanted_in(body, guests.customer.language),
            body.repeat,
            customer=guests.customer.id,
            participants=[guest.id for guest in guests.companions],
            now=now,
            by="operator",
        )
    await _prepare(db, tenant.id, guests, body, meetings, now=now)
    views = await views_of(db, house, tenant.id, meetings, timezone=body.timezone, trusted=True)
    return SeriesView(id=meetings[0].series_id or "", items=views)


@contextmanager
def _occurrence_in(body: SeriesBody) -> Iterator[None]:
    """Say which meeting of a series it is that cannot be had: the first, unless it says another."""
    try:
        yield
    except (SlotTaken, SlotUnavailable) as refusal:
        refusal.extra.setdefault("occurrence", 1)
        refusal.extra.setdefault("start", body.start)
        raise


class _Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is to come.

    Attributes:
        language: Of their letters.
        consents: What they agree to, or no longer do.
        pointer: Where those stand in what was sent.
    """

    id: Id
    language: Language
    consents: Sequence[ConsentBody]
    pointer: str


class _Guests(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to come, and to which kind of meeting."""

    kind: MeetingType
    customer: _Guest
    companions: list[_Guest]


def _check(body: BookingBody, *, trusted: bool) -> None:
    """Refuse what nobody may ask, or not whoever asks."""
    agreed = ["/consents"] if body.consents else []
    agreed += [f"{pointer}/consents" for pointer, person in _along(body) if person.consents]
    if agreed and not trusted:
        raise Invalid(
            "Who comes agrees to messages themselves; only a secret key may say that they did.",
            errors=tuple(_at(pointer, "Needs a secret key.") for pointer in agreed),
        )
    require_staff(["/waive"] if body.waive else [], trusted=trusted)
    zone_named(body.timezone, "/timezone")


async def _receive(
    db: AsyncConnection, tenant: Tenant, body: BookingBody, *, now: datetime
) -> _Guests:
    """Look who asks, and put on file whoever is new."""
    kind = await booking.service.get_meeting_type(db, tenant.id, body.meeting_type)
    known = await _on_file(db, tenant.id, body, now=now)
    usual = tenant.settings.language
    customer = _Guest(
        id=known[_CUSTOMER].id,
        language=known[_CUSTOMER].language or usual,
        consents=body.consents,
        pointer="/consents",
    )
    guests = {customer.id: customer}
    for pointer, companion in _along(body):
        person = known[pointer]
        if person.id in guests:
            raise _repeated(pointer)
        guests[person.id] = _Guest(
            id=person.id,
            language=person.language or usual,
            consents=companion.consents,
            pointer=f"{pointer}/consents",
        )
    return _Guests(kind=kind, customer=customer, companions=list(guests.values())[1:])


async def _on_file(
    db: AsyncConnection, tenant: Id, body: BookingBody, *, now: datetime
) -> dict[str, Customer]:
    """Return who everybody is that *body* names, by where it names them."""
    named: list[tuple[str, CustomerInput]] = [(_CUSTOMER, body.customer), *_along(body)]
    # In one order whoever books: of a couple that books with each other at the same moment, each
    # would otherwise wait for the other's rows, and the database would turn one of them away.
    named.sort(key=lambda one: (one[1].email.casefold(), one[1].name.surname.casefold()))
    return {
        pointer: await context.service.identify(db, tenant, person, now=now, pointer=pointer)
        for pointer, person in named
    }


def _along(body: BookingBody) -> list[tuple[str, ParticipantBody]]:
    """Return who comes along, each after the place where they stand in *body*."""
    return [(f"/participants/{index}", one) for index, one in enumerate(body.participants)]


def _repeated(pointer: str) -> Invalid:
    """Return the refusal of somebody who is to come already.

    Taking both for one would put somebody on file under another's name: a couple may share their
    surname and their address.
    """
    detail = (
        "Somebody with this e-mail address and surname is to come already. Give an address of "
        "their own, or leave them out."
    )
    error = FieldError(pointer=f"{pointer}/email", detail=detail, code="person-repeated")
    return Invalid(detail, errors=(error,))


def wanted_in(body: BookingBody, language: Language) -> BookingInput:
    """Return the meeting that is asked for; letters about it are in *language*."""
    return BookingInput(
        meeting_type=body.meeting_type,
        start=body.start,
        timezone=body.timezone,
        channel=body.channel,
        location=body.location,
        duration=body.duration,
        advisor=body.advisor,
        hold=body.hold,
        language=language,
        spoken=body.language,
        waive=body.waive,
    )


async def _prepare(
    db: AsyncConnection,
    tenant: Id,
    guests: _Guests,
    body: BookingBody,
    meetings: Sequence[Booking],
    *,
    now: datetime,
) -> None:
    """Open the form of each meeting, and keep what was said and agreed to."""
    if guests.kind.form is not None:
        for meeting in meetings:
            await context.service.open_intake(
                db,
                tenant,
                booking=meeting.id,
                customer=guests.customer.id,
                form=guests.kind.form,
                now=now,
            )
        if body.answers:
            await context.service.save_answers(
                db,
                tenant,
                meetings[0].id,
                body.answers,
                submit=False,
                language=guests.customer.language,
                now=now,
            )
    elif body.answers:
        raise Invalid(
            "This meeting type has no form, so it takes no answers.",
            errors=(_at("/answers", "No form."),),
        )
    for guest in [guests.customer, *guests.companions]:
        for index, choice in enumerate(guest.consents):
            with purpose_at(index, within=guest.pointer):
                await context.service.set_consent(
                    db,
                    tenant,
                    guest.id,
                    choice.purpose,
                    given=choice.given,
                    language=guest.language,
                    channel="web",
                    now=now,
                )


@contextmanager
def alternatives_in(timezone: str) -> Iterator[None]:
    """Write the alternatives of a refusal in the zone of whoever asked."""
    try:
        yield
    except (SlotTaken, SlotUnavailable) as refusal:
        refusal.extra["alternatives"] = [local(one, timezone) for one in refusal.alternatives]
        if "start" in refusal.extra:
            refusal.extra["start"] = local(refusal.extra["start"], timezone)
        raise


@asynccontextmanager
async def promised_alternatives(
    db: AsyncConnection, tenant: Id, booking_id: Id
) -> AsyncIterator[None]:
    """Write the alternatives of a refusal in the zone in which the meeting was promised."""
    try:
        yield
    except (SlotTaken, SlotUnavailable) as refusal:
        meeting = await booking.service.get_booking(db, tenant, booking_id)
        with alternatives_in(meeting.timezone):
            raise refusal from None


@contextmanager
def purpose_at(index: int, *, within: str = "/consents") -> Iterator[None]:
    """Say which of the consents names a purpose that nobody is asked for."""
    try:
        yield
    except PurposeUnknown as error:
        pointer = f"{within}/{index}/purpose"
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
    people = await people_of(db, tenant, meetings)
    taken = any(meeting.resources for meeting in meetings)
    things = await booking.setup.list_resources(db, tenant) if taken else []
    by_id = {thing.id: thing for thing in things}
    prepares = {
        slug: (await service.get_meeting_type(db, tenant, slug)).form is not None
        for slug in {meeting.meeting_type for meeting in meetings}
    }

    answers = await participation_of(db, tenant, meetings)

    def url(kind: LinkKind, meeting: Booking) -> str:
        return house.links.url(kind, tenant, meeting.id, meeting.generation, mailed=trusted)

    return [
        booking_view(
            meeting,
            people,
            by_id,
            places.get(meeting.location_id or ""),
            answers[meeting.id],
            timezone=timezone or meeting.timezone,
            manage_url=url("manage", meeting),
            intake_url=url("intake", meeting) if prepares[meeting.meeting_type] else None,
        )
        for meeting in meetings
    ]


async def people_of(
    db: AsyncConnection, tenant: Id, meetings: Iterable[Booking]
) -> dict[Id, Advisor]:
    """Return everybody of the organisation who is at one of these meetings."""
    who = {person for meeting in meetings for person in meeting.attendants()}
    return await advisors_named(db, tenant, who)


async def advisors_named(db: AsyncConnection, tenant: Id, who: Iterable[Id]) -> dict[Id, Advisor]:
    """Return advisors by their id."""
    return {one: await booking.service.get_advisor(db, tenant, one) for one in set(who)}


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
