"""What was seen of an offer at one moment, and what that leaves."""

from bisect import bisect_left
from collections.abc import Hashable
from datetime import datetime
from functools import cached_property
from typing import Final

from msgspec import Struct, structs

from booking.agenda import Availability, Party, Rules
from booking.explaining import refusal
from booking.kept import Kept
from booking.masks import MaskCache
from booking.offer import Offer
from booking.party import party_of
from booking.slots import available, closest, free_starts
from booking.taken import Taken
from booking.values import Reason

MASKS: Final = MaskCache(20_000)
"""What was worked out of the advisors of large pools."""
_STARTS: Final = Kept[list[int]](64)
"""What was free of all that was asked for, as long as nothing of it changes."""
_REASONS: Final = Kept[Reason](4096)
"""Why one start was refused, as long as nothing changes."""


class Sight(Struct, frozen=True, kw_only=True, dict=True):
    """What was seen of an offer at one moment: what is taken, and what that leaves.

    Attributes:
        start: The first second that was asked about.
        stop: The end of it.
        asked_at: Since when notice and window count, if not now.
        counted: Whether meetings are counted, for limits or to share out work.
        explain: Whether the party keeps what is needed to tell why not.
    """

    offer: Offer
    taken: Taken
    rules: Rules
    start: int
    stop: int
    now: datetime
    asked_at: datetime | None = None
    counted: bool = False
    explain: bool = False

    @cached_property
    def party(self) -> Party:
        """Who and what could be there."""
        return party_of(
            self.offer,
            self.taken,
            self.rules,
            start=self.start,
            stop=self.stop,
            explain=self.explain,
        )

    def starts(self, start: int, stop: int) -> list[int]:
        """Return the free starts in [start, stop), which must lie in what was read."""
        if not self._whenever:
            return free_starts(self.party, self.rules, start, stop, cache=MASKS)
        found = _STARTS.get(self._content, self._all)
        lower = bisect_left(found, max(start, self.rules.now, self.rules.earliest))
        return found[lower : bisect_left(found, min(stop, self.rules.latest))]

    def nearest(self, start: int, count: int, *, apart_from: int | None = None) -> list[int]:
        """Return the free starts nearest to one, all but *apart_from*; all must have been read."""
        free = self.starts(self.rules.now, self.rules.latest)
        return closest(free, start, count, apart_from=apart_from)

    @property
    def whole(self) -> bool:
        """Whether it is everything that can be booked from now on."""
        asked = self.start <= self.rules.now and self.rules.latest <= self.stop
        return asked and self.asked_at is None

    def availability(self, start: int) -> Availability | None:
        """Return who and what is free for exactly this start; None if it cannot be held."""
        if self._lasts(start) and (self._content, start) in _REASONS:
            return None
        return available(self.party, self.rules, start)

    def reason(self, start: int) -> Reason | None:
        """Return why a start cannot be held; None if it could be, as far as was seen."""
        if not self._lasts(start):
            return self._refusal(start)
        key = (self._content, start)
        if key in _REASONS:
            return _REASONS[key]
        reason = self._refusal(start)
        if reason is not None:
            # Only what was seen to be taken stays so; a race that was lost can be won again.
            _REASONS.keep(key, reason)
        return reason

    def _refusal(self, start: int) -> Reason | None:
        explained = structs.replace(self, explain=True)
        return refusal(explained.party, self.rules, start)

    def _lasts(self, start: int) -> bool:
        """Tell whether what is true of a start now is true as long as nothing else changes."""
        return self._whenever and self.rules.earliest <= start < self.rules.latest

    @property
    def _whenever(self) -> bool:
        """Whether the time at which it is asked decides no more than which starts are left out."""
        rules = self.rules
        return (
            self.taken.version is not None
            # Somebody may have set up something else while this was read.
            and self.taken.version == self.offer.setup.version
            and self.offer.moving is None
            and self.offer.kind.seats == 1
            and not self.counted
            and rules.grid == "hours"
            and rules.bookable_days is None
            and not rules.first_of_day
        )

    @cached_property
    def _content(self) -> Hashable:
        """All that decides which starts are free, but for the time at which it is asked."""
        offer = self.offer
        return (
            self.taken.content,
            self.start,
            self.stop,
            structs.replace(self.rules, now=0, earliest=0, latest=0),
            offer.kind.id,
            offer.channel,
            offer.location.id if offer.location else None,
            offer.advisor,
            offer.language,
            *offer.waive,
        )

    def _all(self) -> list[int]:
        rules = structs.replace(self.rules, now=self.start, earliest=self.start, latest=self.stop)
        return free_starts(self.party, rules, self.start, self.stop, cache=MASKS)
