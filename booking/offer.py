"""What can be booked of a kind of meeting, read from the database for the pure engine."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import setup, setup_store, store
from booking.calendars import store as calendars
from booking.calendars.model import BusySpan
from booking.errors import SlotTaken, SlotUnavailable
from booking.model import (
    Booking,
    BookingInput,
    HoldInput,
    Location,
    MeetingType,
    Reason,
    SlotQuery,
)
from booking.schedule import epoch, from_epoch, not_before, working_time
from booking.slots import Agenda, Rules, free_advisors, merge_busy, nearest, refusal
from booking.store import Member
from kernel.errors import FieldError, Invalid, NotFound
from kernel.ids import Id

Wish: TypeAlias = SlotQuery | HoldInput | BookingInput
"""What somebody wants to book or to know about."""

ALTERNATIVES: Final = 5


class Offer(Struct, frozen=True, kw_only=True):
    """A kind of meeting as it was asked for, and who gives it.

    Attributes:
        minutes: How long it takes.
        members: Everybody who gives this kind of meeting.
        suitable: Which of them can give it in the way that was asked for.
        moving: A booking that is about to move; what it takes itself is not in its way.
    """

    meeting_type: MeetingType
    location: Location | None
    minutes: int
    members: Sequence[Member]
    suitable: Sequence[Id]
    moving: Booking | None = None

    @property
    def before(self) -> timedelta:
        """What must be free before the meeting."""
        return timedelta(minutes=self.meeting_type.buffer_before)

    @property
    def after(self) -> timedelta:
        """How long time must be free from the start on: the meeting and what follows it."""
        return timedelta(minutes=self.minutes + self.meeting_type.buffer_after)

    def member(self, advisor: Id) -> Member:
        """Return the member who is this advisor."""
        return next(member for member in self.members if member.advisor.id == advisor)

    def rules(self, *, now: datetime, asked_at: datetime | None = None) -> Rules:
        """Return what the meeting asks of time.

        Args:
            now: Nothing starts before this.
            asked_at: Since when notice and window count, if not now: when a hold was made.
        """
        asked_at = asked_at or now
        kind = self.meeting_type
        return Rules(
            duration=self.minutes * 60,
            step=kind.step * 60,
            before=kind.buffer_before * 60,
            after=kind.buffer_after * 60,
            now=not_before(now),
            earliest=not_before(asked_at + timedelta(minutes=kind.notice)),
            latest=not_before(asked_at + timedelta(days=kind.window_days)),
        )


async def find_offer(db: AsyncConnection, tenant: Id, wish: Wish) -> Offer:
    """Return what the organisation offers of what was asked for.

    Raises:
        MeetingTypeUnknown: There is no such kind of meeting.
        NotFound: There is no such branch or advisor.
        Invalid: A meeting in a branch, and no branch.
    """
    kind = await setup.get_meeting_type(db, tenant, wish.meeting_type)
    location = await _location(db, tenant, wish)
    if wish.advisor is not None and wish.advisor not in kind.advisors:
        await setup.get_advisor(db, tenant, wish.advisor)
    members = await store.members(db, tenant, kind.advisors)
    minutes = wish.duration or kind.duration
    given = minutes == kind.duration and (wish.channel is None or wish.channel in kind.channels)
    if wish.channel == "branch":
        given = given and wish.location in kind.locations
    suitable = [
        member.advisor.id
        for member in members
        if given
        and wish.advisor in {None, member.advisor.id}
        and (wish.location is None or wish.location in member.advisor.locations)
    ]
    return Offer(
        meeting_type=kind, location=location, minutes=minutes, members=members, suitable=suitable
    )


async def offer_to_move(db: AsyncConnection, tenant: Id, booking: Booking) -> Offer:
    """Return what a booking can move to: its own advisor's time, as long as it is now."""
    return Offer(
        meeting_type=await setup.get_meeting_type(db, tenant, booking.meeting_type),
        location=None,
        minutes=(booking.end - booking.start) // timedelta(minutes=1),
        members=await store.members(db, tenant, [booking.advisor_id]),
        suitable=[booking.advisor_id],
        moving=booking,
    )


async def _location(db: AsyncConnection, tenant: Id, wish: Wish) -> Location | None:
    if wish.location is None:
        if wish.channel != "branch":
            return None
        pointer = "?location" if isinstance(wish, SlotQuery) else "/location"
        sentence = "A meeting in a branch needs the location it is held in."
        raise Invalid(sentence, errors=(FieldError(pointer=pointer, detail=sentence),))
    location = await setup_store.location_by_slug(db, tenant, wish.location)
    if location is None:
        raise NotFound("There is no location with this slug.")
    return location


async def read_agendas(
    db: AsyncConnection,
    tenant: Id,
    offer: Offer,
    *,
    start: int,
    stop: int,
    now: datetime,
    ours: bool = True,
) -> list[Agenda]:
    """Return everybody's working time and what is taken of it, for starts in [start, stop).

    What our own bookings and holds take is left out unless it is *ours* that is asked for, too.
    """
    first = from_epoch(start) - offer.before
    last = from_epoch(stop) + offer.after
    spans: list[store.Taken | BusySpan] = []
    if offer.suitable:
        spans += await calendars.busy_between(db, tenant, offer.suitable, first, last)
    if offer.suitable and ours:
        spans += await store.claimed_between(
            db,
            tenant,
            offer.suitable,
            start=first,
            end=last,
            now=now,
            apart_from=offer.moving.id if offer.moving else None,
        )
    taken: dict[Id, list[tuple[int, int]]] = {}
    for span in spans:
        taken.setdefault(span.advisor_id, []).append((epoch(span.start), not_before(span.end)))
    return [
        Agenda(
            advisor=member.advisor.id,
            stretches=(
                working_time(member.schedule, start, epoch(last)) if member.schedule else []
            ),
            busy=merge_busy(taken.get(member.advisor.id, ())),
            suitable=member.advisor.id in offer.suitable,
        )
        for member in offer.members
    ]


async def require_free(
    db: AsyncConnection, tenant: Id, offer: Offer, start: datetime, *, rules: Rules, now: datetime
) -> list[Id]:
    """Return who can meet at exactly this start.

    Raises:
        SlotTaken: Somebody else has booked or holds this time.
        SlotUnavailable: It is no time that can be booked, for another reason.
    """
    at = epoch(start)
    agendas = await read_agendas(db, tenant, offer, start=at, stop=at + 1, now=now)
    reason: Reason | None = "off-grid" if start.microsecond else refusal(agendas, rules, at)
    if reason is None:
        return free_advisors(agendas, rules, at)
    if reason == "busy":
        calendars_only = await read_agendas(
            db, tenant, offer, start=at, stop=at + 1, now=now, ours=False
        )
        if refusal(calendars_only, rules, at) is None:
            raise await slot_taken(db, tenant, offer, start, now=now)
    others = await alternatives(db, tenant, offer, start, now=now)
    raise SlotUnavailable(reason=reason, alternatives=others)


async def slot_taken(
    db: AsyncConnection, tenant: Id, offer: Offer, start: datetime, *, now: datetime
) -> SlotTaken:
    """Return the error that says that somebody was first, and what else is free."""
    return SlotTaken(await alternatives(db, tenant, offer, start, now=now))


async def alternatives(
    db: AsyncConnection, tenant: Id, offer: Offer, start: datetime, *, now: datetime
) -> list[datetime]:
    """Return the free starts nearest to one that cannot be had."""
    rules = offer.rules(now=now)
    agendas = await read_agendas(db, tenant, offer, start=rules.now, stop=rules.latest, now=now)
    # A meeting that moves is not told to stay where it is.
    present = epoch(offer.moving.start) if offer.moving else None
    found = nearest(agendas, rules, epoch(start), ALTERNATIVES, apart_from=present)
    return [from_epoch(at) for at in found]
