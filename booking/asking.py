"""When can we meet, and if not, why not and what would help."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.agenda import Rules
from booking.explaining import refusals
from booking.lifecycle import display_zone
from booking.looking import look, whole_days
from booking.model import Booking, Help, SlotAnswer, SlotQuery
from booking.offer import Offer, offer_of, offer_to_move
from booking.party import party_of
from booking.schedule import from_epoch, not_before
from booking.sight import Sight
from booking.slots import available, first_free
from booking.snapshot import Setup
from booking.taken import Question
from booking.taken_store import read_taken
from booking.values import HelpKind
from kernel.ids import Id

_DAY: Final = 86_400
FAR: Final = 62 * _DAY
"""How many seconds outside the time that can be booked refused starts are still counted."""


async def slots(
    db: AsyncConnection,
    tenant: Id,
    query: SlotQuery,
    *,
    now: datetime,
    moving: Booking | None = None,
) -> SlotAnswer:
    """Return when one can meet; reads the database six times at most and writes nothing.

    If a booking is *moving*, the answer is about its own advisor, length and way of meeting, and
    what it takes itself counts as free.

    Raises:
        MeetingTypeUnknown: There is no such kind of meeting.
        NotFound: There is no such branch or advisor.
        Invalid: A meeting in a branch, and no branch.
    """

    def ask(setup: Setup) -> Offer:
        if moving is None:
            return offer_of(setup, query)
        return offer_to_move(setup, moving, advisor=moving.advisor_id)

    start, stop = not_before(query.start), not_before(query.end)

    def asked(rules: Rules) -> tuple[int, int]:
        return _reach(rules, start, stop, explain=query.explain)

    seen = await look(db, tenant, ask, asked, now=now, explain=query.explain)
    starts = seen.starts(start, stop)
    helps: list[Help] = []
    following: datetime | None = None
    if not starts and query.explain:
        helps = await _help(db, tenant, seen, start, stop)
        following = next((one.start for one in helps if one.change == "later"), None)
    elif not starts:
        following = await _next(db, tenant, seen, stop)
    settings = seen.taken.settings
    channel = seen.offer.channel
    place = seen.offer.location
    answer = SlotAnswer(
        duration=seen.offer.minutes,
        timezone=display_zone(
            channel, branch=place.timezone if place else None, home=settings.timezone
        )
        if channel
        else None,
        starts=[from_epoch(second) for second in starts],
        remaining=_remaining(seen, starts),
        next_available=following,
        as_of=_as_of(seen),
        reasons={},
        refused=[],
        help=helps,
    )
    if not query.explain:
        return answer
    counts, refused = refusals(seen.party, seen.rules, max(start, seen.start), min(stop, seen.stop))
    return structs.replace(answer, reasons=dict(counts), refused=refused)


def _reach(rules: Rules, start: int, stop: int, *, explain: bool) -> tuple[int, int]:
    """Return which starts to read about: the asked ones, as far as they can be booked.

    What lies far outside is not worth reading, even to explain why it cannot be booked.
    """
    if rules.bookable_days is not None or rules.first_of_day:
        # Which days are on offer depends on all of them.
        return min(rules.earliest, rules.latest), rules.latest
    if explain:
        first, last = max(start, rules.now - FAR), min(stop, rules.latest + FAR)
    else:
        first, last = max(start, rules.earliest), min(stop, rules.latest)
    return whole_days(min(first, last), max(first, last))


def _remaining(seen: Sight, starts: Sequence[int]) -> dict[datetime, int] | None:
    seats = seen.offer.kind.seats
    if seats == 1:
        return None
    return {from_epoch(second): seen.party.sessions.get(second, seats) for second in starts}


def _as_of(seen: Sight) -> datetime:
    second = seen.taken.least_fresh
    return seen.now if second is None else min(seen.now, from_epoch(second))


async def _next(db: AsyncConnection, tenant: Id, seen: Sight, stop: int) -> datetime | None:
    """Return the first free start after what was asked."""
    rules = seen.rules
    first = max(stop, rules.earliest)
    if first >= rules.latest:
        return None
    if seen.stop < rules.latest:
        seen = await look(
            db, tenant, lambda _: seen.offer, lambda _: (first, rules.latest), now=seen.now
        )
    found = first_free(seen.party, rules, first, rules.latest)
    return None if found is None else from_epoch(found)


# --- what would help -----------------------------------------------------------------------------


async def _help(db: AsyncConnection, tenant: Id, seen: Sight, start: int, stop: int) -> list[Help]:
    """Return what could be asked for instead, the soonest first."""
    rules = seen.rules
    # First what was asked: the sessions that are read are those of the first question.
    others = [_Change("later", None, seen.offer), *_relaxed(seen.offer)]
    questions = [other.offer.question(rules.earliest, rules.latest) for other in others]
    taken = await read_taken(db, tenant, _all_of(questions), now=seen.now)
    helps = []
    elsewhere = structs.replace(taken, running=[])
    for change, value, offer in others:
        known = taken if change in {"later", "advisor", "language"} else elsewhere
        ours = offer.rules(home=taken.settings.timezone, now=seen.now)
        party = party_of(offer, known, ours, start=rules.earliest, stop=rules.latest)
        since = stop if change == "later" else start
        found = first_free(party, ours, max(since, ours.earliest), ours.latest)
        if found is not None:
            free = available(party, ours, found)
            who = free.lead[0] if free and free.lead else None
            helps.append(
                Help(
                    change=change,
                    value=who if change == "advisor" else value,
                    start=from_epoch(found),
                )
            )
    return sorted(helps, key=lambda one: (one.start, one.change, one.value or ""))


class _Change(NamedTuple):
    """One thing to change about a wish, to what, and what is on offer then."""

    change: HelpKind
    value: str | None
    offer: Offer


def _relaxed(offer: Offer) -> Iterator[_Change]:
    """Yield what could be changed about a wish, one thing at a time."""
    if offer.advisor is not None:
        yield _Change("advisor", None, structs.replace(offer, advisor=None))
    if offer.language is not None:
        yield _Change("language", None, structs.replace(offer, language=None))
    for minutes in offer.kind.lengths():
        if minutes != offer.minutes:
            yield _Change("duration", str(minutes), structs.replace(offer, minutes=minutes))
    if offer.channel is not None:
        yield from _elsewhere(offer)


def _elsewhere(offer: Offer) -> Iterator[_Change]:
    """Yield the other ways of meeting and the other branches."""
    for channel in offer.kind.channels:
        if channel not in {offer.channel, "branch"}:
            place = None if offer.channel == "branch" else offer.location
            other = structs.replace(offer, channel=channel, location=place)
            yield _Change("channel", channel, other)
    if "branch" not in offer.kind.channels:
        return
    present = offer.location.slug if offer.location and offer.channel == "branch" else None
    for slug in offer.kind.locations:
        if slug != present and slug in offer.setup.locations:
            place = offer.setup.locations[slug]
            yield _Change(
                "location", slug, structs.replace(offer, channel="branch", location=place)
            )


def _all_of(questions: Sequence[Question]) -> Question:
    """Return one question that asks all of these."""
    first = questions[0]
    return structs.replace(
        first,
        people=list(dict.fromkeys(one for question in questions for one in question.people)),
        things=list(dict.fromkeys(one for question in questions for one in question.things)),
        start=min(question.start for question in questions),
        end=max(question.end for question in questions),
        counted=any(question.counted for question in questions),
    )
