"""What can be booked of a kind of meeting, read from the database for the pure engine."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from booking import snapshot
from booking.agenda import Rules
from booking.errors import SlotTaken, SlotUnavailable
from booking.kept import Kept
from booking.model import Alternative, Booking
from booking.offer import Offer, at_the_same_time, offer_to_move
from booking.schedule import epoch, from_epoch
from booking.sight import Sight
from booking.snapshot import Setup
from booking.snapshot_store import read_setup
from booking.taken_store import read_taken
from booking.values import Reason
from kernel.errors import SpreekuurError
from kernel.ids import Id

ALTERNATIVES: Final = 5
_REFUSED: Final = Kept[None](4096)
"""The starts that were refused last, of each organisation."""

_DAY: Final = 86_400
_SOMEBODYS: Final[frozenset[Reason]] = frozenset({"booked", "no-room"})
"""Reasons that mean that another customer was first."""

Ask: TypeAlias = Callable[[Setup], Offer]
Span: TypeAlias = Callable[[Rules], tuple[int, int]]


async def look(
    db: AsyncConnection,
    tenant: Id,
    ask: Ask,
    span: Span,
    *,
    now: datetime,
    asked_at: datetime | None = None,
    fairness: bool = False,
    explain: bool = False,
) -> Sight:
    """Read what is taken of what was asked for: one statement while nothing new is set up.

    Args:
        db: The transaction.
        tenant: The organisation.
        ask: Makes the offer from what is set up.
        span: Tells from the rules which starts are asked about.
        now: The present instant.
        asked_at: Since when notice and window count, if not now.
        fairness: Also read what is needed to choose who gets the meeting.
        explain: Also keep what is needed to tell why not.

    Raises:
        MeetingTypeUnknown, NotFound, Invalid: As for ``offer_of``.
    """
    setup = snapshot.latest(tenant)
    while True:
        fresh = setup is None
        if setup is None:
            setup = await read_setup(db, tenant)
            snapshot.keep(tenant, setup)
        try:
            offer = ask(setup)
        except SpreekuurError:
            # What is kept may be too old to know what is asked for.
            if fresh:
                raise
            setup = None
            continue
        start, stop = span(offer.rules(home="UTC", now=now, asked_at=asked_at))
        question = offer.question(start, stop, fairness=fairness)
        taken = await read_taken(db, tenant, question, now=now)
        if fresh or taken.version == setup.version:
            break
        setup = None
    rules = offer.rules(home=taken.settings.timezone, now=now, asked_at=asked_at)
    return Sight(
        offer=offer,
        taken=taken,
        rules=rules,
        start=start,
        stop=stop,
        now=now,
        asked_at=asked_at,
        counted=question.counted or bool(offer.kind.limits),
        explain=explain,
    )


def at(start: datetime) -> Span:
    """Ask about one start; where days count as a whole, about all that can be booked."""
    second = epoch(start)

    def span(rules: Rules) -> tuple[int, int]:
        if rules.bookable_days is None and not rules.first_of_day:
            return second, second + 1
        return min(rules.earliest, second), max(rules.latest, second + 1)

    return span


def all_of_it(rules: Rules) -> tuple[int, int]:
    """Ask about everything that can be booked."""
    return whole_days(rules.now, max(rules.now + 1, rules.latest))


def whole_days(first: int, last: int) -> tuple[int, int]:
    """Return the days around a span: what was worked out for one question serves the next too."""
    return first // _DAY * _DAY, -(-last // _DAY) * _DAY


async def refuse_crowd(
    db: AsyncConnection, tenant: Id, ask: Ask, start: datetime, *, now: datetime
) -> None:
    """Where a start was refused lately and still is taken, say so and what else is free.

    When many want the same time most of them are refused; one look is enough for that, which
    reads nothing of what it takes to choose who gets the meeting.

    Raises:
        SlotTaken, SlotUnavailable: It cannot be had.
        MeetingTypeUnknown, NotFound, Invalid: As for ``offer_of``.
    """
    second = epoch(start)
    if start.microsecond or (tenant, second) not in _REFUSED:
        return

    def around(rules: Rules) -> tuple[int, int]:
        return whole_days(min(rules.now, second), max(rules.latest, second + 1))

    seen = await look(db, tenant, ask, around, now=now)
    if seen.availability(second) is None:
        raise await refused(db, tenant, seen, start)


async def refused(
    db: AsyncConnection, tenant: Id, seen: Sight, start: datetime
) -> SlotTaken | SlotUnavailable:
    """Return the error that says why a start cannot be had, and what else is free."""
    second = epoch(start)
    reason = seen.reason(second) if not start.microsecond else "off-grid"
    _REFUSED.keep((tenant, second), None)
    if not seen.whole:
        seen = await look(db, tenant, lambda _: seen.offer, all_of_it, now=seen.now)
    others = _nearest(seen, start)
    if reason is None or reason in _SOMEBODYS:
        return SlotTaken(others)
    return SlotUnavailable(reason=reason, alternatives=others)


async def alternatives(
    db: AsyncConnection, tenant: Id, offer: Offer, start: datetime, *, now: datetime
) -> list[datetime]:
    """Return the free starts nearest to one that cannot be had."""
    return _nearest(await look(db, tenant, lambda _: offer, all_of_it, now=now), start)


def _nearest(seen: Sight, start: datetime) -> list[datetime]:
    # A meeting that moves is not told to stay where it is.
    present = epoch(seen.offer.moving.start) if seen.offer.moving else None
    found = seen.nearest(epoch(start), ALTERNATIVES, apart_from=present)
    return [from_epoch(second) for second in found]


async def repairs(
    db: AsyncConnection, tenant: Id, booking: Booking, *, now: datetime, count: int = 3
) -> list[Alternative]:
    """Return what can be offered in place of a meeting whose advisor cannot make it any more.

    First the same time with a colleague, then the nearest times with the own advisor, then the
    nearest with anybody.
    """
    found: list[Alternative] = []
    anybody = await look(
        db, tenant, lambda setup: offer_to_move(setup, booking, advisor=None), all_of_it, now=now
    )
    start = epoch(booking.start)
    colleagues = await look(
        db,
        tenant,
        lambda setup: at_the_same_time(
            offer_to_move(setup, booking, advisor=None), apart_from=booking.advisor_id
        ),
        at(booking.start),
        now=now,
    )
    same_time = colleagues.availability(start)
    if same_time is not None and same_time.lead:
        found.append(Alternative(start=booking.start, advisor_id=same_time.lead[0]))
    own = await look(
        db,
        tenant,
        lambda setup: offer_to_move(setup, booking, advisor=booking.advisor_id),
        all_of_it,
        now=now,
    )
    found += [
        Alternative(start=from_epoch(second), advisor_id=booking.advisor_id)
        for second in own.nearest(start, count - len(found), apart_from=start)
    ]
    for second in anybody.nearest(start, count, apart_from=start):
        free = anybody.availability(second)
        others = [one for one in free.lead if one != booking.advisor_id] if free else []
        if others:
            found.append(Alternative(start=from_epoch(second), advisor_id=others[0]))
    return _apart(found)[:count]


def _apart(found: Sequence[Alternative]) -> list[Alternative]:
    """Keep the first of those at one time."""
    kept: dict[datetime, Alternative] = {}
    for one in found:
        kept.setdefault(one.start, one)
    return list(kept.values())
