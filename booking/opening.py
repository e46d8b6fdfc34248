"""When somebody can give a meeting, before anything is taken: where all hours that bind it meet.

A meeting is given in the advisor's own working time, while the branch is open where it is held
there, and while the kind of meeting, the way of meeting and the product are on offer. Each of them
has its own clock.

Two sets of hours that meet have one grid: it begins where the later of the two ranges does. Hours
from 08:40 in a branch that opens at 09:00 begin at 09:00, in one that opens at 08:00 at 08:40.
What goes by whole days (holidays without hours, the dates on offer, licences) only takes away and
never moves a grid.

The dates on offer and a licence speak of the day on which a meeting starts; it may end after the
midnight of the last one. All other hours hold for the whole meeting. Absences and limits are not
here: they count as time that is taken.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, TypeAlias

from msgspec import Struct, structs

from booking.hours import Holidays, Hours, days_off, in_zone
from booking.organisation import Advisor, Location, MeetingType, Product, Resource, Schedule
from booking.schedule import Plan, Stretch, instant, lay_out, ordinal, plan
from booking.values import Channel, Reason

Span: TypeAlias = tuple[int, int]
"""Half-open, in epoch seconds."""
Layer: TypeAlias = tuple[Reason, list[Span]]

_AROUND: Final = 6
"""Days around the asked time for which spans are told: more than a stretch reaches."""


class Opening(Struct, frozen=True, kw_only=True):
    """When an advisor can give a meeting, and what it follows from.

    Attributes:
        stretches: Where all hours meet.
        own: The advisor's own working time; what touches is one.
        layers: The open time of everything else, each with the reason that its closing gives.
    """

    stretches: list[Stretch]
    own: list[Span]
    layers: list[Layer]


def opening(
    advisor: Advisor,
    schedules: Sequence[Schedule],
    *,
    kind: MeetingType,
    channel: Channel | None,
    location: Location | None,
    product: Product | None,
    home: str,
    start: int,
    end: int,
) -> Opening:
    """Return when an advisor can give a meeting of a kind between *start* and *end*.

    Stretches come whole, even where they reach beyond the asked time, and know the working time
    around them for two days more. No channel stands for any way of meeting. *home* is where a
    kind without a zone of its own is meant.
    """
    plans = _plans(advisor, schedules, channel=channel, location=location, start=start, end=end)
    stretches = own = lay_out(plans, start, end)
    layers: list[Layer] = _holiday_layer(plans, own, start, end)

    branch = location if channel == "branch" else None
    for reason, many in _hours_of(kind, channel, branch, product, kind.timezone or home):
        told = tuple(plan(hours, start, end) for hours in many)
        open_time = lay_out(told, start, end)
        stretches = intersect(stretches, open_time)
        otherwise = lay_out(_ignoring_holidays(told), start, end)
        layers.append((reason, _spans(otherwise)))
        layers += _holiday_layer(told, open_time, start, end)
    if branch is not None and branch.hours is None and branch.holidays is not None:
        days = _working_days(branch.holidays, branch.timezone, start, end)
        stretches = _inside(stretches, days, starts_only=False)
        layers.append(("holiday", days))

    for reason, days in _start_days(advisor, kind, product, kind.timezone or home, start, end):
        stretches = _inside(stretches, days, starts_only=True)
        layers.append((reason, days))
    return Opening(stretches=stretches, own=_spans(own), layers=layers)


def advisor_time(
    advisor: Advisor,
    schedules: Sequence[Schedule],
    *,
    channel: Channel | None,
    location: Location | None,
    start: int,
    end: int,
) -> list[Stretch]:
    """Return when an advisor works, by all their schedules that hold for the asked meeting.

    A range holds or does not by the date on which it starts: the schedule's own, or, for the
    first and last working day, the advisor's. On a journey schedules for no branch in particular
    are read by the clock of where the advisor is, from the range's start to its end.
    """
    plans = _plans(advisor, schedules, channel=channel, location=location, start=start, end=end)
    return lay_out(plans, start, end)


def resource_time(
    resource: Resource, location: Location | None, *, home: str, start: int, end: int
) -> list[Stretch]:
    """Return when a resource can be used, by the clock of its branch or else of *home*.

    One without hours can always be used: that is one stretch, from days before to days after.
    """
    zone = location.timezone if location is not None else home
    if resource.hours is not None:
        return lay_out((plan(in_zone(resource.hours, zone), start, end),), start, end)
    first, last = _ever(zone, start, end)
    return [Stretch(first, first, last, first, last, zone)]


def intersect(left: Sequence[Stretch], right: Sequence[Stretch]) -> list[Stretch]:
    """Return the time that two lists of stretches share, each in order and without overlaps.

    A shared stretch has the grid of whichever begins its grid later; of two that begin it
    together, the one on the left.
    """
    shared: list[Stretch] = []
    at = beside = 0
    while at < len(left) and beside < len(right):
        one, other = left[at], right[beside]
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start < end:
            later = one if one.anchor >= other.anchor else other
            since, until = max(one.since, other.since), min(one.until, other.until)
            shared.append(Stretch(later.anchor, start, end, since, until, later.zone))
        if one.end <= other.end:
            at += 1
        else:
            beside += 1
    return shared


# --- whose hours ---------------------------------------------------------------------------------


def _plans(
    advisor: Advisor,
    schedules: Sequence[Schedule],
    *,
    channel: Channel | None,
    location: Location | None,
    start: int,
    end: int,
) -> tuple[Plan, ...]:
    employed = None
    if advisor.since is not None or advisor.until is not None:
        employed = _dates(advisor.since, advisor.until, advisor.timezone, start, end)
    abroad = tuple(
        (travel.first_day.toordinal(), travel.last_day.toordinal(), travel.timezone)
        for travel in advisor.travels
    )
    return tuple(
        plan(
            Hours(
                timezone=schedule.timezone,
                weekly=schedule.weekly,
                overrides=schedule.overrides,
                holidays=schedule.holidays,
            ),
            start,
            end,
            days=(
                (schedule.valid_from or date.min).toordinal(),
                (schedule.valid_until or date.max).toordinal(),
            ),
            abroad=() if schedule.locations else abroad,
            between=employed,
        )
        for schedule in schedules
        if (channel is None or not schedule.channels or channel in schedule.channels)
        and (location is None or not schedule.locations or location.slug in schedule.locations)
    )


def _hours_of(
    kind: MeetingType,
    channel: Channel | None,
    branch: Location | None,
    product: Product | None,
    clock: str,
) -> Iterable[tuple[Reason, list[Hours]]]:
    """Yield the hours that bind a meeting beside the advisor's; it can be in any of a list."""
    if branch is not None and branch.hours is not None:
        hours = in_zone(branch.hours, branch.timezone)
        off = hours.holidays or branch.holidays
        yield "branch-closed", [structs.replace(hours, holidays=off)]
    if kind.hours is not None:
        yield "not-offered", [in_zone(kind.hours, clock)]
    ways: list[Channel] = kind.channels if channel is None else [channel]
    if all(way in kind.channel_hours for way in ways):
        yield "not-offered", [in_zone(kind.channel_hours[way], clock) for way in ways]
    if product is not None and product.hours is not None:
        yield "not-offered", [in_zone(product.hours, product.timezone)]


# --- holidays ------------------------------------------------------------------------------------


def _holiday_layer(
    plans: tuple[Plan, ...], open_time: Sequence[Stretch], start: int, end: int
) -> list[Layer]:
    """Return all time but that which only holidays take from some hours; none without holidays."""
    if not any(one.closed for one in plans):
        return []
    otherwise = _spans(lay_out(_ignoring_holidays(plans), start, end))
    lost = _minus(otherwise, _spans(open_time))
    return [("holiday", _minus([_ever("UTC", start, end)], lost))]


def _ignoring_holidays(plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
    return tuple(structs.replace(one, closed=()) if one.closed else one for one in plans)


def _working_days(off: Holidays, zone: str, start: int, end: int) -> list[Span]:
    first, last = ordinal(start) - _AROUND, ordinal(end) + _AROUND
    closed = [
        _dates(day, day, zone, start, end)
        for day in days_off(off, date.fromordinal(first), date.fromordinal(last))
    ]
    return _minus([_ever(zone, start, end)], closed)


# --- days on which a meeting can start -----------------------------------------------------------


def _start_days(
    advisor: Advisor,
    kind: MeetingType,
    product: Product | None,
    clock: str,
    start: int,
    end: int,
) -> Iterable[Layer]:
    if kind.bookable_from is not None or kind.bookable_until is not None:
        dates = _dates(kind.bookable_from, kind.bookable_until, clock, start, end)
        yield "outside-window", [dates] if dates[0] < dates[1] else []
    if product is not None and product.authorised_only:
        licensed = (
            _dates(licence.valid_from, licence.valid_until, advisor.timezone, start, end)
            for licence in advisor.authorisations
            if licence.product == product.slug
        )
        yield "not-authorised", _merged(licensed)


def _dates(first: date | None, last: date | None, zone: str, start: int, end: int) -> Span:
    """Return the time of some local dates, as much of it as lies around the asked time."""
    low, high = ordinal(start) - _AROUND, ordinal(end) + _AROUND
    since = low if first is None else min(max(low, first.toordinal()), high + 1)
    until = high if last is None else max(min(high, last.toordinal()), low - 1)
    return instant(zone, since, 0, last=False), instant(zone, until + 1, 0, last=False)


def _ever(zone: str, start: int, end: int) -> Span:
    return _dates(None, None, zone, start, end)


# --- spans ---------------------------------------------------------------------------------------


def _inside(
    stretches: Sequence[Stretch], spans: Sequence[Span], *, starts_only: bool
) -> list[Stretch]:
    """Return what lies inside of spans; *starts_only* lets a meeting run on after their end."""
    return [
        Stretch(
            one.anchor,
            max(one.start, start),
            min(one.end, end),
            one.since if starts_only else max(one.since, start),
            one.until if starts_only else min(one.until, end),
            one.zone,
        )
        for one in stretches
        for start, end in spans
        if start < one.end and end > one.start
    ]


def _spans(stretches: Iterable[Stretch]) -> list[Span]:
    """Return the working time that stretches belong to; what touches is one."""
    return sorted({(one.since, one.until) for one in stretches})


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, what touches as one, the empty ones left out."""
    whole: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def _minus(spans: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """Return what is left of spans; both come in order and without overlaps."""
    left: list[Span] = []
    at = 0
    for start, end in spans:
        free = start
        while at < len(taken) and taken[at][0] < end:
            if free < taken[at][0]:
                left.append((free, taken[at][0]))
            free = max(free, taken[at][1])
            if taken[at][1] > end:
                break
            at += 1
        if free < end:
            left.append((free, end))
    return left
