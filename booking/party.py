"""Who and what could be there at a meeting, put together from what is set up and what is taken."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import structs

from booking.agenda import Agenda, Block, Busy, Party, Required, Rules, merge_busy
from booking.assignment import unfit
from booking.limits import too_much
from booking.offer import Offer
from booking.organisation import Limit, Resource, Role
from booking.snapshot import within
from booking.taken import Taken, Work
from kernel.ids import Id

_ANY_DAY: Final = date(2000, 1, 1)
_ALL: Final = Busy((-(1 << 40),), (1 << 40,))
"""All time there is."""


def party_of(
    offer: Offer, taken: Taken, rules: Rules, *, start: int, stop: int, explain: bool = False
) -> Party:
    """Return who and what the meeting needs, for starts in [start, stop).

    Args:
        offer: What was asked for.
        taken: What is taken around these starts.
        rules: What the offer asks of time.
        start: The first second that is asked about.
        stop: The end of it.
        explain: Also keep what is needed to tell why not.
    """
    return _Assembly(offer, taken, rules, start=start, stop=stop, explain=explain).party()


class _Assembly:
    """Puts a party together; holds what every part of it needs."""

    def __init__(
        self, offer: Offer, taken: Taken, rules: Rules, *, start: int, stop: int, explain: bool
    ) -> None:
        self.offer = offer
        self.taken = taken
        self.rules = rules
        self.home = taken.settings.timezone
        self.first, self.last = start - offer.back, stop + offer.ahead
        self.explain = explain
        self.excluded = {offer.setup.names.get(one) for one in taken.excluded}
        self.uuids = {name: uuid for uuid, name in offer.setup.names.items()}
        self.customers_limits = list(self._customers_limits())

    def party(self) -> Party:
        offer, rules = self.offer, self.rules
        roles = [
            Required(
                name=role.name,
                agendas=[self._colleague(advisor, role) for advisor in offer.pool(role)],
                everyone=role.everyone,
                reason="busy",
                before=rules.before,
                after=rules.after,
                preparation=rules.preparation,
                wrap_up=rules.wrap_up,
            )
            for role in offer.kind.roles
        ]
        things = [
            Required(
                name=name,
                agendas=[self._thing(thing) for thing in resources],
                reason="no-room",
                before=0,
                after=0,
            )
            for name, resources in offer.needs()
        ]
        lead = [self._advisor(advisor) for advisor in self._lead()]
        sessions = self._sessions(lead)
        if self.explain and all(one.unsuitable for one in lead):
            lead = [self._at_work(one) for one in lead]
        return Party(lead=lead, required=[*roles, *things], sessions=sessions)

    def _at_work(self, agenda: Agenda) -> Agenda:
        """Add when somebody works: where nobody gives what was asked, that is what is refused."""
        if self.offer.advisor not in {None, agenda.advisor}:
            return agenda
        hours = self.offer.setup.own_time(
            agenda.advisor, channel=None, location=None, start=self.first, end=self.last
        )
        return structs.replace(agenda, stretches=within(hours, self.first, self.last))

    def _lead(self) -> list[Id]:
        lead = self.offer.lead()
        if self.offer.advisor is None or self.offer.advisor in lead:
            return lead
        return [*lead, self.offer.advisor]

    def _suits(self, advisor: Id) -> bool:
        """Tell whether an advisor gives what was asked for, whenever that is."""
        offer, kind = self.offer, self.offer.kind
        who = offer.setup.advisors[advisor]
        spoken = None if any(role.speaks for role in kind.roles) else offer.language
        return (
            offer.given
            and advisor in kind.advisors
            and offer.advisor in {None, advisor}
            and unfit(
                who,
                skills=kind.skills,
                language=spoken,
                branch=offer.location.slug if offer.location else None,
                product=None,
                day=who.since or _ANY_DAY,
                excluded=(),
            )
            is None
        )

    def _advisor(self, advisor: Id) -> Agenda:
        offer, kind = self.offer, self.offer.kind
        if not self._suits(advisor):
            return Agenda(advisor=advisor, unsuitable="unsuitable")
        found = offer.setup.opening(
            advisor,
            kind,
            channel=offer.channel,
            location=offer.location,
            home=self.home,
            start=self.first,
            end=self.last,
        )
        agenda = self._agenda(advisor, kind.limits)
        stretches = within(found.stretches, self.first, self.last)
        if not self.explain:
            return structs.replace(agenda, stretches=stretches)
        return structs.replace(agenda, stretches=stretches, own=found.own, layers=found.layers)

    def _colleague(self, advisor: Id, role: Role) -> Agenda:
        offer = self.offer
        who = offer.setup.advisors[advisor]
        held_in = offer.location.slug if offer.location and offer.channel == "branch" else None
        reason = unfit(
            who,
            skills=role.skills,
            language=offer.language if role.speaks else None,
            # Who belongs to no branch comes to any.
            branch=held_in if who.locations else None,
            product=None,
            day=who.since or _ANY_DAY,
            excluded=(),
        )
        if reason is not None:
            return Agenda(advisor=advisor, unsuitable="unsuitable")
        hours = offer.setup.own_time(
            advisor,
            channel=offer.channel,
            location=offer.location,
            start=self.first,
            end=self.last,
        )
        return structs.replace(
            self._agenda(advisor, ()), stretches=within(hours, self.first, self.last)
        )

    def _agenda(self, advisor: Id, limits: Sequence[Limit]) -> Agenda:
        """Return what is taken of an advisor, and the starts that would be too much."""
        away = self.offer.setup.away(advisor)
        if advisor in self.excluded:
            # Just as if somebody else had all of their time: nobody can tell that there is a rule.
            return Agenda(
                advisor=advisor,
                busy=_ALL,
                blocks=(Block("absent", away), Block("booked", _ALL)),
            )
        uuid = self.uuids[advisor]
        busy = self.taken.busy.get(uuid, ())
        claimed = self.taken.claimed.get(uuid, ())
        gone = list(zip(away.starts, away.ends, strict=True))
        agenda = Agenda(
            advisor=advisor,
            busy=merge_busy((*busy, *claimed, *gone)),
            no_start=self._too_much(advisor, limits),
        )
        if not self.explain:
            return agenda
        blocks = (
            Block("absent", away),
            Block("booked", merge_busy(claimed)),
            Block("busy", merge_busy(busy)),
        )
        return structs.replace(agenda, blocks=blocks)

    def _too_much(self, advisor: Id, limits: Sequence[Limit]) -> Busy:
        if "limits" in self.offer.waive:
            return Busy()
        who = self.offer.setup.advisors[advisor]
        own = [limit for limit in limits if limit.whose == "advisor"]
        if not own and not who.limits:
            return merge_busy(self.customers_limits)
        done = self.taken.work.get(self.uuids[advisor], ())
        return merge_busy(
            (
                *self.customers_limits,
                *self._beyond(own, done, zone=who.timezone, same_kind=True),
                *self._beyond(who.limits, done, zone=who.timezone, same_kind=False),
            )
        )

    def _customers_limits(self) -> Iterable[tuple[int, int]]:
        if "limits" in self.offer.waive:
            return ()
        limits = [limit for limit in self.offer.kind.limits if limit.whose == "customer"]
        return self._beyond(limits, self.taken.customers, zone=self.home, same_kind=True)

    def _beyond(
        self, limits: Sequence[Limit], done: Iterable[Work], *, zone: str, same_kind: bool
    ) -> Iterator[tuple[int, int]]:
        """Yield the spans of starts at which this meeting would break one of the limits."""
        return too_much(
            limits,
            done,
            minutes=self.offer.work,
            load=self.offer.kind.load,
            zone=zone,
            now=self.rules.now,
            same_kind=same_kind,
        )

    def _thing(self, thing: Resource) -> Agenda:
        hours = self.offer.setup.resource_time(
            thing, home=self.home, start=self.first, end=self.last
        )
        rest = thing.turnaround * 60
        return Agenda(
            advisor=thing.id,
            stretches=within(hours, self.first, self.last),
            # What it needs to be ready again belongs to the meeting that comes after.
            busy=merge_busy(
                (start - rest, end)
                for start, end in self.taken.claimed.get(self.uuids[thing.id], ())
            ),
        )

    def _sessions(self, lead: Sequence[Agenda]) -> Mapping[int, int]:
        """Return the free seats of running sessions that the customer could sit down in."""
        suited = {
            agenda.advisor
            for agenda in lead
            if agenda.unsuitable is None and agenda.advisor not in self.excluded
        }
        free: dict[int, int] = {}
        if self.offer.language and any(role.speaks for role in self.offer.kind.roles):
            # What is spoken in a meeting that is there already is not on file.
            return free
        for one in self.taken.running:
            enough = any(first <= one.start < end for first, end in self.customers_limits)
            if self.offer.setup.names.get(one.advisor) in suited and not enough:
                seats = one.seats - one.taken
                if seats > free.get(one.start, 0):
                    free[one.start] = seats
        return free
