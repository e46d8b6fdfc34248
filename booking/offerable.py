"""Whether a kind of meeting could ever be booked, and if not, what is in the way.

Nothing that is taken counts here, only what is set up: a month that is full is not *never*.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from booking.opening import Opening, opening
from booking.organisation import Advisor, Location, MeetingType, Product, Resource, Role, Schedule
from booking.schedule import Stretch, epoch, instant
from booking.values import Channel, Reason
from kernel.ids import Id

_DAY: Final = 86_400
_MONTH: Final = 28 * _DAY
"""How far open hours are looked at from a day on which they may change: four whole weeks."""

YEARS: Final = range(1970, 2201)
"""Days outside these are a slip."""

Span: TypeAlias = tuple[int, int]


class _Wish(Struct, frozen=True, kw_only=True):
    """A kind of meeting with all that it is looked up in."""

    kind: MeetingType
    advisors: Mapping[Id, Advisor]
    schedules: Mapping[Id, Sequence[Schedule]]
    locations: Mapping[str, Location]
    product: Product | None
    resources: Sequence[Resource]
    home: str
    now: datetime

    @property
    def zone(self) -> str:
        """Where its days are meant."""
        return self.kind.timezone or self.home

    @property
    def work(self) -> int:
        """The minutes that the shortest meeting takes of the advisor."""
        return min(self.kind.lengths()) + self.kind.preparation + self.kind.wrap_up


def never_offered(
    kind: MeetingType,
    *,
    advisors: Sequence[Advisor],
    schedules: Mapping[Id, Sequence[Schedule]],
    locations: Sequence[Location],
    products: Sequence[Product],
    resources: Sequence[Resource],
    home: str,
    now: datetime,
) -> str | None:
    """Return why nobody could ever book a kind of meeting, and what to change; None if they can.

    Where none of its advisors has any hours on file, hours are not looked at: people set up in
    any order.

    Args:
        kind: It names only what is among the others.
        advisors: All on file.
        schedules: By advisor, at least those who give the meeting.
        locations: All on file.
        products: All on file.
        resources: All on file.
        home: The organisation's zone.
        now: Nothing before this can be booked.
    """
    wish = _Wish(
        kind=kind,
        advisors={advisor.id: advisor for advisor in advisors},
        schedules=schedules,
        locations={location.slug: location for location in locations},
        product=next((each for each in products if each.slug == kind.product), None),
        resources=resources,
        home=home,
        now=now,
    )
    return next((why for check in _CHECKS if (why := check(wish)) is not None), None)


# --- what it asks for itself ---------------------------------------------------------------------


def _no_advisors(wish: _Wish) -> str | None:
    return None if wish.kind.advisors else "Nobody gives this meeting: name its advisors."


def _notice(wish: _Wish) -> str | None:
    ahead = wish.kind.window_days * 24 * 60
    if wish.kind.notice < ahead:
        return None
    return (
        f"It must be booked at least {wish.kind.notice} minutes ahead and less than {ahead} "
        f"({wish.kind.window_days} days): shorten the notice or widen the window."
    )


def _dates(wish: _Wish) -> str | None:
    last = wish.kind.bookable_until
    if last is None or _midnight(wish.zone, last + timedelta(days=1)) > _earliest(wish):
        return None
    return (
        f"The last date on offer, {last}, has passed or lies within the notice: "
        "choose a later one, or none."
    )


def _limits(wish: _Wish) -> str | None:
    for limit in wish.kind.limits:
        if limit.minutes is not None and limit.minutes < wish.work:
            return (
                f"A limit of {limit.minutes} minutes a {_PERIOD[limit.per]} is less than one "
                f"meeting, which takes {wish.work} with preparation and wrapping up: raise it."
            )
        if limit.load is not None and limit.load < wish.kind.load:
            return (
                f"A limit of {limit.load} load points a {_PERIOD[limit.per]} is less than one "
                f"meeting, which has {wish.kind.load}: raise it."
            )
    return None


_PERIOD: Final = {"day": "day", "week": "week", "month": "month", "ahead": "customer"}


# --- who gives it --------------------------------------------------------------------------------


def _working(wish: _Wish) -> str | None:
    if any(_stays(wish, advisor) for advisor in _givers(wish)):
        return None
    return "All its advisors have left: name others."


def _skills(wish: _Wish) -> str | None:
    if _able(wish):
        return None
    return (
        f"None of its advisors can do all of {_listed(wish.kind.skills)}: give one of them these "
        "skills, or ask for fewer."
    )


def _branches(wish: _Wish) -> str | None:
    # Where it is given in another way too, that is enough.
    if set(wish.kind.channels) != {"branch"}:
        return None
    if any(set(advisor.locations) & set(wish.kind.locations) for advisor in _able(wish)):
        return None
    return (
        f"None of its advisors who could give it works in {_listed(wish.kind.locations)}: add "
        "the branch to one of them, or another way of meeting."
    )


def _licences(wish: _Wish) -> str | None:
    if any(_licensed(wish, advisor) for advisor in _able(wish)):
        return None
    return (
        f"None of its advisors who could give it is licensed for {wish.kind.product}, now or "
        "later: add a licence to one of them, or let the product be talked about without."
    )


def _together(wish: _Wish) -> str | None:
    if _wholly_able(wish):
        return None
    return (
        "None of its advisors has all at once that it asks for (skills, branch, licence, limits "
        "and colleagues): give one of them what they lack."
    )


def _own_limits(wish: _Wish) -> str | None:
    if any(_fits_limits(wish, advisor) for advisor in _able(wish)):
        return None
    return (
        f"One meeting takes {wish.work} minutes and {wish.kind.load} load points, more than any "
        "of its advisors may do in a day, week or month: raise their limits."
    )


def _roles(wish: _Wish) -> str | None:
    for role in wish.kind.roles:
        if not _fillers(wish, role):
            return (
                f"Nobody can be the {role.name}: name an advisor for it with the skills "
                f"{_listed(role.skills)}."
                if role.skills
                else f"Nobody can be the {role.name}: those named for it have left."
            )
    if any(_can_fill(wish, advisor.id) for advisor in _able(wish)):
        return None
    names = _listed([role.name for role in wish.kind.roles])
    return (
        f"The advisor and {names} must be different people, and there are not enough who can be: "
        "name more advisors for one of them."
    )


def _resources(wish: _Wish) -> str | None:
    for need in wish.kind.resources:
        found = [each for each in wish.resources if each.kind == need.kind]
        asked = set(need.channels or wish.kind.channels) & set(wish.kind.channels)
        if asked and not found:
            return f"It takes a {need.kind}, and there is none on file: add one."
        for slug in wish.kind.locations if "branch" in asked else ():
            if not any(each.location in {None, slug} for each in found):
                return (
                    f"It takes a {need.kind}, and {slug} has none: add one there, or leave out "
                    "the branch."
                )
    return None


# --- when there is time for it -------------------------------------------------------------------


def _hours(wish: _Wish) -> str | None:
    candidates = _wholly_able(wish)
    if not any(wish.schedules.get(advisor.id) for advisor in candidates):
        return None
    found: list[Opening] = []
    for advisor in candidates:
        for channel, location in _ways(wish, advisor):
            for start, end in _spans(wish, advisor):
                one = opening(
                    advisor,
                    wish.schedules.get(advisor.id, ()),
                    kind=wish.kind,
                    channel=channel,
                    location=location,
                    product=wish.product,
                    home=wish.home,
                    start=start,
                    end=end,
                )
                if any(_has_room(wish, stretch) for stretch in one.stretches):
                    return None
                found.append(one)
    return _why_no_time(wish, found)


def _why_no_time(wish: _Wish, found: Sequence[Opening]) -> str:
    longest = max(
        (stretch.until - stretch.since for one in found for stretch in one.stretches), default=0
    )
    if longest >= wish.work * 60:
        return (
            f"The longest time that is open lasts {longest // 60} minutes, and the first start "
            f"in it leaves less than the {wish.work} that a meeting takes: lower the offset or "
            "the notice."
        )
    if longest:
        return (
            f"A meeting takes {wish.work} minutes with preparation and wrapping up, and the "
            f"longest time that is open lasts {longest // 60}: make it shorter, or the hours "
            "longer."
        )
    if not any(one.own for one in found):
        return "None of its advisors has working hours for it from now on: add hours to one."
    closing = {
        reason
        for one in found
        for reason, spans in one.layers
        if one.own and not _meet(one.own, spans)
    }
    named = [text for reason, text in _LAYERS.items() if reason in closing]
    return (
        f"The advisors' working hours and {_listed(named or list(_LAYERS.values()))} have no "
        "time in common: change one of them."
    )


_LAYERS: Final[Mapping[Reason, str]] = {
    "branch-closed": "those of the branch",
    "not-offered": "those of the meeting or its product",
    "outside-window": "the dates on offer",
    "not-authorised": "the days of their licences",
    "holiday": "the days that are no holidays",
}


def _ways(wish: _Wish, advisor: Advisor) -> Iterator[tuple[Channel, Location | None]]:
    for channel in wish.kind.channels:
        if channel != "branch":
            yield channel, None
            continue
        for slug in wish.kind.locations:
            if slug in advisor.locations:
                yield channel, wish.locations[slug]


def _spans(wish: _Wish, advisor: Advisor) -> Iterator[Span]:
    """Yield the times in which something may be open that never is outside them.

    Hours come back every week; beyond that they change only on the days that are named somewhere.
    """
    start = _earliest(wish)
    end = max(epoch(wish.now) + wish.kind.window_days * _DAY, start + _MONTH)
    for day in sorted(_days_named(wish, advisor)):
        # A day earlier, since elsewhere it begins earlier.
        begin = epoch(datetime(day.year, day.month, day.day, tzinfo=UTC)) - _DAY
        if begin > end:
            yield start, end
            start = begin
        end = max(end, begin + _MONTH)
    yield start, end


def _days_named(wish: _Wish, advisor: Advisor) -> set[date]:
    schedules = wish.schedules.get(advisor.id, ())
    days = {
        *(schedule.valid_from for schedule in schedules),
        *(override.date for schedule in schedules for override in schedule.overrides),
        *(authorisation.valid_from for authorisation in advisor.authorisations),
        *(travel.first_day for travel in advisor.travels),
        advisor.since,
        wish.kind.bookable_from,
    }
    open_hours = [
        wish.kind.hours,
        *wish.kind.channel_hours.values(),
        wish.product.hours if wish.product else None,
        *(wish.locations[slug].hours for slug in wish.kind.locations),
    ]
    days |= {override.date for hours in open_hours if hours for override in hours.overrides}
    return {day for day in days if day is not None and day.year in YEARS}


def _has_room(wish: _Wish, stretch: Stretch) -> bool:
    kind = wish.kind
    before, after = kind.preparation * 60, (min(kind.lengths()) + kind.wrap_up) * 60
    start = max(stretch.start, stretch.since + before, _earliest(wish))
    if kind.grid == "hours":
        grid, step = stretch.anchor + kind.offset * 60, kind.step * 60
        start = grid + max(0, -((grid - start) // step)) * step
    # On the other grids starts move with what is taken.
    return start < stretch.end and start + after <= stretch.until


def _meet(left: Sequence[Span], right: Sequence[Span]) -> bool:
    return any(start < end_ and start_ < end for start, end in left for start_, end_ in right)


# --- who could ------------------------------------------------------------------------------------


def _givers(wish: _Wish) -> list[Advisor]:
    return [wish.advisors[each] for each in wish.kind.advisors]


def _able(wish: _Wish) -> list[Advisor]:
    return [
        advisor
        for advisor in _givers(wish)
        if _stays(wish, advisor) and _has(advisor, wish.kind.skills)
    ]


def _candidates(wish: _Wish) -> list[Advisor]:
    return [
        advisor for advisor in _able(wish) if any(_ways(wish, advisor)) and _licensed(wish, advisor)
    ]


def _wholly_able(wish: _Wish) -> list[Advisor]:
    return [
        advisor
        for advisor in _candidates(wish)
        if _fits_limits(wish, advisor) and _can_fill(wish, advisor.id)
    ]


def _stays(wish: _Wish, advisor: Advisor) -> bool:
    return advisor.until is None or advisor.until >= _today(wish, advisor)


def _has(advisor: Advisor, skills: Sequence[str]) -> bool:
    return set(skills) <= set(advisor.skills)


def _licensed(wish: _Wish, advisor: Advisor) -> bool:
    product, today = wish.product, _today(wish, advisor)
    if product is None or not product.authorised_only:
        return True
    return any(
        each.product == product.slug and (each.valid_until is None or each.valid_until >= today)
        for each in advisor.authorisations
    )


def _fits_limits(wish: _Wish, advisor: Advisor) -> bool:
    return all(
        (limit.minutes is None or limit.minutes >= wish.work)
        and (limit.load is None or limit.load >= wish.kind.load)
        for limit in advisor.limits
    )


def _fillers(wish: _Wish, role: Role) -> list[Id]:
    """Return who can take a role; if everybody named must come and one cannot, that is nobody."""
    named = role.advisors or list(wish.advisors)
    able = [
        each
        for each in named
        if _stays(wish, wish.advisors[each]) and _has(wish.advisors[each], role.skills)
    ]
    return [] if role.everyone and len(able) < len(named) else able


def _can_fill(wish: _Wish, lead: Id) -> bool:
    """Tell whether different people can take all the roles beside *lead*."""
    taken = {lead}
    pools: list[list[Id]] = []
    for role in wish.kind.roles:
        able = _fillers(wish, role)
        if not role.everyone:
            pools.append(able)
        elif taken.isdisjoint(able):
            taken |= set(able)
        else:
            return False
    return _different(pools, taken)


def _different(pools: Sequence[Collection[Id]], taken: Collection[Id]) -> bool:
    """Tell whether one can be chosen out of each pool, all different and none of them taken."""
    free = [[each for each in pool if each not in taken] for pool in pools]
    # Who can choose from as many as there are pools always has somebody left.
    small = sorted((pool for pool in free if len(pool) < len(pools)), key=len)
    if len(small) < len(free):
        return _different(small, ())
    if not small:
        return True
    return any(_different(small[1:], {each}) for each in small[0])


def _today(wish: _Wish, advisor: Advisor) -> date:
    return wish.now.astimezone(ZoneInfo(advisor.timezone)).date()


def _earliest(wish: _Wish) -> int:
    return epoch(wish.now) + wish.kind.notice * 60


def _midnight(zone: str, day: date) -> int:
    return instant(zone, day.toordinal(), 0, last=False)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


_CHECKS: Final[Sequence[Callable[[_Wish], str | None]]] = (
    _no_advisors,
    _notice,
    _dates,
    _limits,
    _working,
    _skills,
    _branches,
    _licences,
    _own_limits,
    _roles,
    _together,
    _resources,
    _hours,
)
