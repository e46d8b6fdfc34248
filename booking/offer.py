"""A kind of meeting as somebody asked for it: what it asks of time, of people and of things.

A wish and what is set up give an offer. It says which rules a start must keep and what must be
read to judge it; who is free then is the party's business.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from msgspec import Struct, structs

from booking.agenda import Rules
from booking.assignment import FAIRNESS_WINDOW
from booking.errors import MeetingTypeUnknown
from booking.limits import reach
from booking.model import Booking, BookingInput, HoldInput, SlotQuery
from booking.organisation import Limit, Location, MeetingType, Resource, Role
from booking.schedule import not_before
from booking.snapshot import Setup
from booking.taken import Question
from booking.values import Channel, Waiver
from kernel.errors import FieldError, Invalid, NotFound
from kernel.ids import Id, require

Wish: TypeAlias = SlotQuery | HoldInput | BookingInput
"""What somebody wants to book or to know about."""

HORIZON: Final = timedelta(days=100)
"""How far advisors' calendars are read ahead: beyond it nobody knows who is free."""

_DAY: Final = 86_400
_LONGEST_RANGE: Final = 3 * _DAY


class Offer(Struct, frozen=True, kw_only=True):
    """A kind of meeting as it was asked for.

    Attributes:
        minutes: How long it takes.
        advisor: Who was asked for; None for whoever is free.
        language: What must be spoken; None for no matter what.
        waive: What staff set aside.
        moving: A booking that is about to move; what it takes itself is not in its way.
        apart_from: The id of the booking or hold whose claims are not in the way.
        customer: Who it is for, where that is known.
    """

    setup: Setup
    kind: MeetingType
    channel: Channel | None
    location: Location | None
    minutes: int
    advisor: Id | None = None
    language: str | None = None
    waive: Sequence[Waiver] = ()
    moving: Booking | None = None
    apart_from: Id | None = None
    customer: Id | None = None

    @property
    def given(self) -> bool:
        """Whether it is given in this way, at this place and for this long at all."""
        kind = self.kind
        if kind.product is not None and kind.product not in self.setup.products:
            return False
        if self.moving is not None:
            return True
        return (
            self.minutes in kind.lengths()
            and (self.channel is None or self.channel in kind.channels)
            and (
                self.channel != "branch"
                or (self.location is not None and self.location.slug in kind.locations)
            )
        )

    @property
    def before(self) -> int:
        """How many seconds must be free before the meeting: preparation and buffer."""
        return (self.kind.preparation + self.kind.buffer_before) * 60

    @property
    def after(self) -> int:
        """How many seconds must be free after it: wrapping up and buffer."""
        return (self.kind.wrap_up + self.kind.buffer_after) * 60

    @property
    def back(self) -> int:
        """How many seconds before a start what is taken can decide whether it is on offer.

        A grid that moves begins anew after whatever is taken, so all of a working range counts.
        """
        moves = self.kind.grid != "hours"
        return self.before + (_LONGEST_RANGE if moves else 0)

    @property
    def ahead(self) -> int:
        """How many seconds after a start what is taken can decide the same."""
        return self.minutes * 60 + self.after

    @property
    def work(self) -> int:
        """The minutes that an advisor works for it."""
        return self.kind.preparation + self.minutes + self.kind.wrap_up

    def lead(self) -> list[Id]:
        """Return who gives this kind of meeting, oldest first."""
        given = set(self.kind.advisors)
        return [advisor for advisor in self.setup.advisors if advisor in given]

    def pool(self, role: Role) -> list[Id]:
        """Return who could take a role by its definition, oldest first."""
        if role.advisors:
            named = set(role.advisors)
            return [advisor for advisor in self.setup.advisors if advisor in named]
        wanted = set(role.skills)
        return [one.id for one in self.setup.advisors.values() if wanted <= set(one.skills)]

    def needs(self) -> Iterator[tuple[str, list[Resource]]]:
        """Yield the things that the meeting takes, each under a name of its own: which there are.

        Two things of one kind are two needs.
        """
        place = self.location.slug if self.location else None
        needed = (
            need
            for need in self.kind.resources
            if not need.channels or self.channel in need.channels
        )
        for number, need in enumerate(needed):
            yield (
                f"resource:{number}:{need.kind}",
                [
                    thing
                    for thing in self.setup.resources
                    if thing.kind == need.kind and thing.location in {None, place}
                ],
            )

    def rules(self, *, home: str, now: datetime, asked_at: datetime | None = None) -> Rules:
        """Return what the meeting asks of time.

        Args:
            home: The organisation's zone.
            now: Nothing starts before this.
            asked_at: Since when notice and window count, if not now: when a hold was made.
        """
        asked_at = asked_at or now
        kind = self.kind
        notice = 0 if "notice" in self.waive else kind.notice
        window = HORIZON if "window" in self.waive else timedelta(days=kind.window_days)
        return Rules(
            duration=self.minutes * 60,
            step=kind.step * 60,
            before=self.before,
            after=self.after,
            preparation=kind.preparation * 60,
            wrap_up=kind.wrap_up * 60,
            grid=kind.grid,
            offset=kind.offset * 60,
            now=not_before(now),
            earliest=not_before(asked_at + timedelta(minutes=notice)),
            latest=not_before(asked_at + window),
            day_zone=kind.timezone or home,
            bookable_days=None if "window" in self.waive else kind.bookable_days,
            first_of_day=kind.first_of_day and "window" not in self.waive,
        )

    def question(self, start: int, stop: int, *, fairness: bool = False) -> Question:
        """Return what must be read to judge starts from *start* up to *stop*."""
        people = dict.fromkeys(self.lead())
        for role in self.kind.roles:
            people |= dict.fromkeys(self.pool(role))
        limits = [] if "limits" in self.waive else self._limits(people)
        around = reach(limits)
        things = [thing for _, resources in self.needs() for thing in resources]
        rest = max((thing.turnaround for thing in things), default=0) * 60
        place = self.location.id if self.location and self.channel == "branch" else None
        return Question(
            people=list(people),
            things=[thing.id for thing in things],
            start=start - max(around, self.back, rest),
            end=stop + max(around, self.ahead + rest),
            kind=self.kind.id,
            sessions=(self.channel, place, self.minutes) if self.kind.seats > 1 else None,
            customer=self.customer,
            apart_from=self.apart_from,
            counted=bool(limits),
            # A day more at either end, since days are those of everybody's own zone.
            effort=(start - (FAIRNESS_WINDOW + 1) * _DAY, stop + 2 * _DAY) if fairness else None,
        )

    def _limits(self, people: Collection[Id]) -> list[Limit]:
        limits = [limit for limit in self.kind.limits if limit.whose == "advisor"]
        for advisor in people:
            limits += self.setup.advisors[advisor].limits
        return limits


def offer_of(setup: Setup, wish: Wish) -> Offer:
    """Return what the organisation offers of what was asked for.

    Raises:
        MeetingTypeUnknown: There is no such kind of meeting.
        NotFound: There is no such branch or advisor.
        Invalid: A meeting in a branch, and no branch.
    """
    kind = setup.kinds.get(wish.meeting_type)
    if kind is None:
        raise MeetingTypeUnknown
    location = _location(setup, wish)
    if wish.advisor is not None:
        _require_advisor(setup, wish.advisor)
    minutes = wish.duration or kind.duration
    return Offer(
        setup=setup,
        kind=kind,
        channel=wish.channel,
        location=location,
        minutes=minutes,
        advisor=wish.advisor,
        language=wish.spoken if isinstance(wish, BookingInput) else wish.language,
        waive=wish.waive,
        customer=None if isinstance(wish, BookingInput) else wish.customer,
    )


def offer_to_move(setup: Setup, booking: Booking, *, advisor: Id | None) -> Offer:
    """Return what a booking can move to: time of this advisor's, as long as it is now.

    None stands for anybody who gives this kind of meeting.

    Raises:
        NotFound: There is no such advisor.
    """
    if advisor is not None:
        _require_advisor(setup, advisor)
    place = next((one for one in setup.locations.values() if one.id == booking.location_id), None)
    return Offer(
        setup=setup,
        kind=setup.kind_by_id(booking.meeting_type_id),
        channel=booking.channel,
        location=place,
        minutes=(booking.end - booking.start) // timedelta(minutes=1),
        advisor=advisor,
        moving=booking,
        apart_from=booking.id,
        customer=booking.customer_id,
    )


def at_the_same_time(offer: Offer, *, apart_from: Id | None = None) -> Offer:
    """Return an offer for the very time that a meeting has, with others than *apart_from*.

    It was promised already, so notice and window do not count, nor does anybody's grid.
    """
    kind = structs.replace(
        offer.kind,
        advisors=[one for one in offer.kind.advisors if one != apart_from],
        priorities={one: by for one, by in offer.kind.priorities.items() if one != apart_from},
        weights={one: by for one, by in offer.kind.weights.items() if one != apart_from},
    )
    return on_their_word(structs.replace(offer, kind=kind))


def on_their_word(offer: Offer) -> Offer:
    """Return an offer to the minute, without notice or window: its advisor has agreed to it."""
    kind = structs.replace(offer.kind, grid="hours", step=1, offset=0)
    return structs.replace(offer, kind=kind, waive=("notice", "window"))


def _require_advisor(setup: Setup, advisor: Id) -> None:
    if require("adv", advisor, "advisor") not in setup.advisors:
        raise NotFound("There is no advisor with this id.")


def _location(setup: Setup, wish: Wish) -> Location | None:
    if wish.location is None:
        if wish.channel != "branch":
            return None
        pointer = "?location" if isinstance(wish, SlotQuery) else "/location"
        sentence = "A meeting in a branch needs the location it is held in."
        raise Invalid(sentence, errors=(FieldError(pointer=pointer, detail=sentence),))
    location = setup.locations.get(wish.location)
    if location is None:
        raise NotFound("There is no location with this slug.")
    return location
