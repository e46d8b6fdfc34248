"""Taking a time: who is free, who of them gets it, and the claim that settles it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import claim_store as store
from booking import seating
from booking.agenda import Availability
from booking.assignment import FAIRNESS_WINDOW, Decision, decide_party
from booking.candidates import candidates, known_to
from booking.claim_store import Holder, Part, Session
from booking.errors import SlotTaken, SlotUnavailable
from booking.lifecycle import Team, team_of
from booking.looking import Ask, alternatives, at, look, refuse_crowd, refused
from booking.model import Booking, Colleague
from booking.offer import Offer, offer_to_move
from booking.schedule import epoch, from_epoch
from booking.sight import Sight
from kernel.ids import Id, new_id, to_text, uuid_of

_TRIES: Final = 8
"""How often to look again when somebody takes from under us what we have just seen free."""


class Place(Struct, frozen=True, kw_only=True):
    """A time that has been taken: with whom, with what, why, and in which session."""

    seen: Sight
    team: Team
    decisions: list[Decision]
    session_id: Id | None = None

    @property
    def offer(self) -> Offer:
        """What it was taken for."""
        return self.seen.offer

    def known_since(self) -> datetime | None:
        """Return the oldest reading of the calendars of those who are there, now if none has one.

        None means that one of them has never been read.
        """
        read_at = self.seen.taken.read_at
        people = map(uuid_of, self.team.attendants())
        known = [read_at[uuid] for uuid in people if uuid in read_at]
        seconds = [second for second in known if second is not None]
        if len(seconds) < len(known):
            return None
        return min([self.seen.now, *map(from_epoch, seconds)])


async def take(
    db: AsyncConnection,
    tenant: Id,
    ask: Ask,
    start: datetime,
    *,
    requested: Id | None,
    holder: Holder,
    now: datetime,
    asked_at: datetime | None = None,
) -> Place:
    """Claim a start for *holder* with one of those who are free then, and all it needs beside.

    Notice and window count from *asked_at*, when a hold was made, if not from now.

    Raises:
        SlotTaken: Somebody else has it.
        SlotUnavailable: It is no time that can be booked.
        MeetingTypeUnknown, NotFound, Invalid: As for ``offer_of``.
    """
    if asked_at is None:
        await refuse_crowd(db, tenant, ask, start, now=now)
    seen = await look(db, tenant, ask, at(start), now=now, asked_at=asked_at, fairness=True)
    if await _wait_for_our_turn(db, tenant, seen.offer):
        seen = await look(db, tenant, ask, at(start), now=now, asked_at=asked_at, fairness=True)
    for _ in range(_TRIES):
        if start.microsecond:
            break
        place = await _join(db, tenant, seen, start, requested=requested, holder=holder, now=now)
        if place is not None:
            return place
        free = seen.availability(epoch(start))
        if free is None or not free.lead:
            break
        place = await _claim_one(
            db, tenant, seen, free, start, requested=requested, holder=holder, now=now
        )
        if place is not None:
            return place
        # Somebody took it between our look and our claim; others may still be free.
        seen = await look(db, tenant, ask, at(start), now=now, asked_at=asked_at, fairness=True)
    raise await refused(db, tenant, seen, start)


async def take_as_it_is(
    db: AsyncConnection,
    tenant: Id,
    booking: Booking,
    start: datetime,
    *,
    holder: Holder,
    now: datetime,
) -> None:
    """Claim a start that a booking's advisor has chosen, on or off the grid, in or out of hours.

    Raises:
        SlotTaken: Another meeting has it.
        SlotUnavailable: It has passed.
    """
    seen = await look(
        db,
        tenant,
        lambda setup: offer_to_move(setup, booking, advisor=booking.advisor_id),
        at(start),
        now=now,
        fairness=True,
    )
    if start < now:
        others = await alternatives(db, tenant, seen.offer, start, now=now)
        raise SlotUnavailable(reason="past", alternatives=others)
    if not await _claim(db, tenant, seen, team_of(booking), start, holder=holder, now=now):
        raise SlotTaken(await alternatives(db, tenant, seen.offer, start, now=now))


async def _wait_for_our_turn(db: AsyncConnection, tenant: Id, offer: Offer) -> bool:
    """Where meetings are counted, let nobody else count at the same time."""
    if "limits" in offer.waive:
        return False
    people = {*offer.lead(), *(one for role in offer.kind.roles for one in offer.pool(role))}
    whose = [one for one in people if offer.setup.advisors[one].limits]
    if any(limit.whose == "advisor" for limit in offer.kind.limits):
        whose += offer.lead()
    if offer.customer and any(limit.whose == "customer" for limit in offer.kind.limits):
        whose.append(offer.customer)
    await store.one_at_a_time(db, tenant, whose)
    return bool(whose)


# --- who gets it ---------------------------------------------------------------------------------


async def _claim_one(
    db: AsyncConnection,
    tenant: Id,
    seen: Sight,
    free: Availability,
    start: datetime,
    *,
    requested: Id | None,
    holder: Holder,
    now: datetime,
) -> Place | None:
    """Claim the start with the best of those who are free, or the next best, and so on."""
    offer = seen.offer
    lead = list(free.lead)
    simple = not offer.kind.roles and not offer.kind.resources
    while lead:
        chosen = _choose(seen, lead, free, start, requested)
        if chosen is None:
            return None
        team, decisions = chosen
        session_id = new_id("ses", now) if offer.kind.seats > 1 else None
        claimer = Holder(session_id=session_id, expires_at=holder.expires_at)
        if await _claim(
            db, tenant, seen, team, start, holder=claimer if session_id else holder, now=now
        ):
            place = Place(seen=seen, team=team, decisions=decisions, session_id=session_id)
            if session_id is not None:
                await _open_session(db, tenant, place, start, holder=holder, now=now)
            return place
        if not simple:
            return None
        lead.remove(team.advisor_id)
    return None


def team_for(seen: Sight, start: datetime, *, requested: Id | None) -> Team | None:
    """Return who would get a start, were it taken now; None if it cannot be had."""
    free = seen.availability(epoch(start))
    if free is None or not free.lead:
        return None
    chosen = _choose(seen, free.lead, free, start, requested)
    return None if chosen is None else chosen[0]


def _choose(
    seen: Sight, lead: Sequence[Id], free: Availability, start: datetime, requested: Id | None
) -> tuple[Team, list[Decision]] | None:
    decisions = _decide(seen, lead, free, start, requested)
    resources = _things(seen.offer, free)
    if decisions is None or resources is None:
        return None
    return _team(seen.offer, decisions, resources), decisions


def _decide(
    seen: Sight, lead: Sequence[Id], free: Availability, start: datetime, requested: Id | None
) -> list[Decision] | None:
    known = known_to(seen.offer, seen.taken, start)
    away = known.stand_in is not None or known.reason is not None
    return decide_party(
        candidates(seen.offer, seen.taken, lead, start, requested=requested, known=known),
        [
            (name, candidates(seen.offer, seen.taken, [one], start))
            for name, one in _seats_to_fill(seen.offer, free)
        ]
        + [
            (role.name, candidates(seen.offer, seen.taken, free.required[role.name], start))
            for role in seen.offer.kind.roles
            if not role.everyone
        ],
        window=FAIRNESS_WINDOW,
        stand_in_for=known.advisor if away else None,
        reason=known.reason,
    )


def _seats_to_fill(offer: Offer, free: Availability) -> Iterator[tuple[str, Id]]:
    """Yield every one of those who must all come, with their role."""
    for role in offer.kind.roles:
        if role.everyone:
            yield from ((role.name, one) for one in free.required[role.name])


def _things(offer: Offer, free: Availability) -> list[Id] | None:
    """Choose a free thing of every kind that is needed, none of them twice."""
    chosen: list[Id] = []
    for name, _ in offer.needs():
        one = next((thing for thing in free.required[name] if thing not in chosen), None)
        if one is None:
            return None
        chosen.append(one)
    return chosen


def _team(offer: Offer, decisions: Sequence[Decision], resources: Sequence[Id]) -> Team:
    lead, *others = decisions
    order = {role.name: number for number, role in enumerate(offer.kind.roles)}
    return Team(
        advisor_id=lead.advisor,
        colleagues=[
            Colleague(role=one.role, advisor_id=one.advisor)
            for one in sorted(others, key=lambda one: (order[one.role], one.advisor))
        ],
        resources=list(resources),
    )


# --- claims --------------------------------------------------------------------------------------


async def _claim(
    db: AsyncConnection,
    tenant: Id,
    seen: Sight,
    team: Team,
    start: datetime,
    *,
    holder: Holder,
    now: datetime,
) -> bool:
    parts = list(_parts(seen.offer, team, start))
    # A hold that has expired has its claims until somebody else wants the time.
    if any(uuid_of(part.resource) in seen.taken.expired for part in parts):
        await store.drop_expired_claims(
            db,
            tenant,
            [part.resource for part in parts],
            start=min(part.start for part in parts),
            end=max(part.end for part in parts),
            now=now,
        )
    return await store.claim(
        db,
        tenant,
        parts,
        kind=seen.offer.kind.id,
        begins_at=start,
        holder=holder,
        now=now,
    )


def _parts(offer: Offer, team: Team, start: datetime) -> Iterator[Part]:
    for person in team.attendants():
        yield Part(
            resource=person,
            start=start - timedelta(seconds=offer.before),
            end=start + timedelta(seconds=offer.ahead),
            work=offer.work,
            load=offer.kind.load,
        )
    rest = {thing.id: thing.turnaround for thing in offer.setup.resources}
    for thing in team.resources:
        length = timedelta(minutes=offer.minutes + rest.get(thing, 0))
        yield Part(resource=thing, start=start, end=start + length)


# --- sessions ------------------------------------------------------------------------------------


async def _join(
    db: AsyncConnection,
    tenant: Id,
    seen: Sight,
    start: datetime,
    *,
    requested: Id | None,
    holder: Holder,
    now: datetime,
) -> Place | None:
    """Sit down in a session that is there already, the fullest first."""
    if not seen.taken.running or epoch(start) not in seen.party.sessions:
        return None
    names = seen.offer.setup.names
    running = [
        one
        for one in seen.taken.running
        if one.start == epoch(start)
        and one.taken < one.seats
        and one.advisor not in seen.taken.excluded
        and seen.offer.advisor in {None, names.get(one.advisor)}
    ]
    running.sort(key=lambda one: (names.get(one.advisor) != requested, -one.taken, one.id))
    if seen.availability(epoch(start)) is None:
        return None
    for one in running:
        # A savepoint: whoever goes on to another session keeps nobody from the one that is full.
        # Those who lock several in an order of their own would wait for each other.
        async with db.begin_nested() as attempt:
            session = await seating.sit_down(
                db, tenant, to_text("ses", one.id), holder=holder, now=now
            )
            if session is None:
                await attempt.rollback()
        if session is not None:
            return Place(
                seen=seen,
                team=team_of(session),
                decisions=session.assignment,
                session_id=session.id,
            )
    return None


async def _open_session(
    db: AsyncConnection, tenant: Id, place: Place, start: datetime, *, holder: Holder, now: datetime
) -> None:
    offer = place.offer
    if place.session_id is None or offer.channel is None:
        raise ValueError("a session has an id and a channel")
    session = Session(
        id=place.session_id,
        meeting_type_id=offer.kind.id,
        channel=offer.channel,
        location_id=offer.location.id if offer.location and offer.channel == "branch" else None,
        starts_at=start,
        ends_at=start + timedelta(minutes=offer.minutes),
        seats=offer.kind.seats,
        advisor_id=place.team.advisor_id,
        colleagues=place.team.colleagues,
        resources=place.team.resources,
        assignment=place.decisions,
    )
    await store.insert_session(db, tenant, session, now=now)
    await store.insert_seat(db, tenant, session.id, 0, holder)
