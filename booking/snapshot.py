"""All that an organisation has set up, read once and kept for as long as nothing changes.

Every change of it also changes ``setups.version`` in the same transaction, and no version is ever
used again. Whoever asks for times reads the version together with what is taken, so an old snapshot
is never used; what it says about open hours is worked out once and kept with it.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct

from booking.agenda import Busy, merge_busy
from booking.errors import MeetingTypeUnknown
from booking.opening import Opening, advisor_time, opening, resource_time
from booking.organisation import (
    Absence,
    Advisor,
    Location,
    MeetingType,
    Product,
    Resource,
    Schedule,
)
from booking.schedule import Stretch, instant
from booking.values import Channel
from kernel.ids import Id

T = TypeVar("T")

_WEEK: Final = 7 * 86_400
_AHEAD: Final = 18 * _WEEK
"""How far open hours are worked out at once: beyond the 100 days that can be booked."""
_KEPT: Final = 64
"""Organisations whose set-up a process keeps."""

_Key: TypeAlias = tuple[str, ...]


class _Kept(Struct, Generic[T]):
    """What was worked out for the time from *start* to *end*."""

    start: int
    end: int
    value: T


class Setup:
    """What an organisation has set up, under one version; the oldest of everything comes first."""

    def __init__(
        self,
        *,
        version: Id | None,
        kinds: Sequence[MeetingType],
        locations: Sequence[Location],
        products: Sequence[Product],
        advisors: Sequence[Advisor],
        schedules: Mapping[Id, Sequence[Schedule]],
        absences: Mapping[Id, Sequence[Absence]],
        resources: Sequence[Resource],
        names: Mapping[UUID, Id],
    ) -> None:
        self.version = version
        self.kinds = {kind.slug: kind for kind in kinds}
        self.locations = {location.slug: location for location in locations}
        self.products = {product.slug: product for product in products}
        self.advisors = {advisor.id: advisor for advisor in advisors}
        self.schedules = schedules
        self.absences = absences
        self.resources = resources
        self.names = names
        """The id behind the UUID of an advisor or resource."""
        self._openings: dict[_Key, _Kept[Opening]] = {}
        self._hours: dict[_Key, _Kept[list[Stretch]]] = {}
        self._away: dict[Id, Busy] = {}

    def opening(
        self,
        advisor: Id,
        kind: MeetingType,
        *,
        channel: Channel | None,
        location: Location | None,
        home: str,
        start: int,
        end: int,
    ) -> Opening:
        """Return when an advisor can give a meeting, before anything is taken.

        The answer reaches from before *start* to beyond *end*.
        """

        def work_out(first: int, last: int) -> Opening:
            return opening(
                self.advisors[advisor],
                self.schedules.get(advisor, ()),
                kind=kind,
                channel=channel,
                location=location,
                product=self.products.get(kind.product) if kind.product else None,
                home=home,
                start=first,
                end=last,
            )

        key = (advisor, kind.slug, channel or "", location.slug if location else "", home)
        return _kept(self._openings, key, work_out, start, end)

    def own_time(
        self,
        advisor: Id,
        *,
        channel: Channel | None,
        location: Location | None,
        start: int,
        end: int,
    ) -> Sequence[Stretch]:
        """Return an advisor's own working time; as for ``opening``."""

        def work_out(first: int, last: int) -> list[Stretch]:
            return advisor_time(
                self.advisors[advisor],
                self.schedules.get(advisor, ()),
                channel=channel,
                location=location,
                start=first,
                end=last,
            )

        key = (advisor, channel or "", location.slug if location else "")
        return _kept(self._hours, key, work_out, start, end)

    def resource_time(
        self, resource: Resource, *, home: str, start: int, end: int
    ) -> Sequence[Stretch]:
        """Return when a resource can be used, before anything is taken; as for ``opening``."""
        location = self.locations.get(resource.location) if resource.location else None

        def work_out(first: int, last: int) -> list[Stretch]:
            return resource_time(resource, location, home=home, start=first, end=last)

        return _kept(self._hours, (resource.id, home), work_out, start, end)

    def away(self, advisor: Id) -> Busy:
        """Return when an advisor is out of office."""
        found = self._away.get(advisor)
        if found is None:
            zone = self.advisors[advisor].timezone
            found = self._away[advisor] = merge_busy(
                (
                    instant(zone, absence.first_day.toordinal(), 0, last=False),
                    instant(zone, absence.last_day.toordinal() + 1, 0, last=False),
                )
                for absence in self.absences.get(advisor, ())
            )
        return found

    def kind_by_id(self, kind_id: Id) -> MeetingType:
        """Return the kind of meeting with this id.

        Raises:
            MeetingTypeUnknown: It is newer than this snapshot.
        """
        for kind in self.kinds.values():
            if kind.id == kind_id:
                return kind
        raise MeetingTypeUnknown


def _kept(
    kept: dict[_Key, _Kept[T]],
    key: _Key,
    work_out: Callable[[int, int], T],
    start: int,
    end: int,
) -> T:
    found = kept.get(key)
    if found is None or start < found.start or end > found.end:
        first = (start - _WEEK) // _WEEK * _WEEK
        last = max(end + _WEEK, first + _AHEAD)
        found = kept[key] = _Kept(first, last, work_out(first, last))
    return found.value


def within(stretches: Sequence[Stretch], start: int, end: int) -> Sequence[Stretch]:
    """Return the stretches that have time between *start* and *end*."""
    first = bisect_right(stretches, start, key=lambda stretch: stretch.end)
    last = bisect_left(stretches, end, key=lambda stretch: stretch.start)
    return stretches[first:last]


# --- what a process keeps ------------------------------------------------------------------------

_snapshots: OrderedDict[Id, Setup] = OrderedDict()
"""By organisation, the one that was asked for last at the end."""


def latest(tenant: Id) -> Setup | None:
    """Return what was kept last, which may be out of date by now."""
    found = _snapshots.get(tenant)
    if found is not None:
        _snapshots.move_to_end(tenant)
    return found


def keep(tenant: Id, setup: Setup) -> None:
    """Keep a snapshot in place of the organisation's older one."""
    if setup.version is None:
        return
    _snapshots[tenant] = setup
    _snapshots.move_to_end(tenant)
    if len(_snapshots) > _KEPT:
        _snapshots.popitem(last=False)
