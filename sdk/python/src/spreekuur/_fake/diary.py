"""Who is free when, in the fake: opening hours minus what is taken."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from spreekuur.models import MeetingTypeDefinition
from spreekuur.words import Day, Unsuitable

DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS: Final[dict[Day, tuple[str, str]]] = dict.fromkeys(DAYS[:5], ("09:00", "17:00"))
_ALTERNATIVES: Final = 5
_NEAREST_TO_YES: Final[tuple[Unsuitable, ...]] = (
    "busy",
    "off-grid",
    "outside-hours",
    "outside-window",
    "notice",
    "past",
    "unsuitable",
)


class Colleague(Struct, frozen=True, kw_only=True):
    """An advisor of the fake, with their hours by weekday on the wall clock of their zone."""

    id: str
    name: str
    hours: dict[Day, tuple[str, str]]
    timezone: str

    def opening(self, day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
        """Return the instants between which they work on a date."""
        hours = self.hours.get(DAYS[day.weekday()])
        if hours is None:
            return None
        zone = ZoneInfo(self.timezone)
        start, end = (dt.time.fromisoformat(text) for text in hours)
        return (
            dt.datetime.combine(day, start, zone).astimezone(dt.UTC),
            dt.datetime.combine(day, end, zone).astimezone(dt.UTC),
        )


class Claim(Struct, frozen=True, kw_only=True):
    """A span in which an advisor is not free, with its buffers; ``owner`` None is their own."""

    owner: str | None
    advisor: str
    start: dt.datetime
    end: dt.datetime
    expires_at: dt.datetime | None = None


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wants to book; ``owner`` is a hold or booking that may stand in the way."""

    kind: MeetingTypeDefinition
    duration: int
    advisor: str | None = None
    channel: str | None = None
    location: str | None = None
    owner: str | None = None


class NotFree(Exception):
    """A start cannot be booked; ``taken`` is when another hold or booking has it."""

    def __init__(self, reason: Unsuitable, *, taken: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.taken = taken


class Diary(Struct, kw_only=True):
    """Everybody's hours, and everything that is taken."""

    colleagues: dict[str, Colleague] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)

    def claim(
        self,
        wish: Wish,
        owner: str,
        start: dt.datetime,
        *,
        now: dt.datetime,
        until: dt.datetime | None = None,
    ) -> Colleague:
        """Take a start for *owner*, who gives back what they had.

        Raises:
            NotFree: It cannot be booked; nothing changed.
        """
        colleague = self.who(wish, start, now=now)
        self.release(owner)
        if wish.owner is not None:
            self.release(wish.owner)
        first, last = _with_buffers(wish, start)
        self.claims.append(
            Claim(owner=owner, advisor=colleague.id, start=first, end=last, expires_at=until)
        )
        return colleague

    def release(self, owner: str) -> None:
        """Give back what *owner* has."""
        self.claims = [claim for claim in self.claims if claim.owner != owner]

    def who(self, wish: Wish, start: dt.datetime, *, now: dt.datetime) -> Colleague:
        """Return the first advisor who is free.

        Raises:
            NotFree: Nobody is; the reason is that of the advisor who came nearest.
        """
        refusals = [NotFree("unsuitable", taken=False)]
        for colleague in self._asked(wish):
            refusal = self._refusal(wish, colleague, start, now)
            if refusal is None:
                return colleague
            refusals.append(refusal)
        raise min(refusals, key=lambda one: (_NEAREST_TO_YES.index(one.reason), not one.taken))

    def starts(
        self, wish: Wish, first: dt.datetime, last: dt.datetime, *, now: dt.datetime
    ) -> tuple[list[dt.datetime], Mapping[str, int]]:
        """Return the free starts from *first* until *last*, and how many others were refused."""
        free: list[dt.datetime] = []
        refused: Counter[str] = Counter()
        for start in sorted(set(self._candidates(wish, first, last))):
            try:
                self.who(wish, start, now=now)
            except NotFree as refusal:
                refused[refusal.reason] += 1
            else:
                free.append(start)
        return free, refused

    def alternatives(
        self, wish: Wish, near: dt.datetime, *, now: dt.datetime
    ) -> Sequence[dt.datetime]:
        """Return the free starts nearest to the one that was wanted, in order."""
        latest = now + dt.timedelta(days=wish.kind.window_days)
        free, _ = self.starts(wish, now, latest, now=now)
        return sorted(sorted(free, key=lambda start: abs(start - near))[:_ALTERNATIVES])

    def _asked(self, wish: Wish) -> Iterator[Colleague]:
        for name in wish.kind.advisors:
            if wish.advisor in {None, name}:
                yield self.colleagues[name]

    def _candidates(
        self, wish: Wish, first: dt.datetime, last: dt.datetime
    ) -> Iterator[dt.datetime]:
        step = dt.timedelta(minutes=wish.kind.step)
        length = dt.timedelta(minutes=wish.duration)
        for colleague in self._asked(wish):
            zone = ZoneInfo(colleague.timezone)
            day = first.astimezone(zone).date()
            while day <= last.astimezone(zone).date():
                opening, closing = colleague.opening(day) or (last, last)
                while opening + length <= closing:
                    if first <= opening < last:
                        yield opening
                    opening += step
                day += dt.timedelta(days=1)

    def _refusal(
        self, wish: Wish, colleague: Colleague, start: dt.datetime, now: dt.datetime
    ) -> NotFree | None:
        reason = _against_the_rules(wish, colleague, start, now)
        if reason is not None:
            return NotFree(reason, taken=False)
        first, last = _with_buffers(wish, start)
        for claim in self.claims:
            over = claim.expires_at is not None and claim.expires_at <= now
            own = claim.owner is not None and claim.owner == wish.owner
            if claim.advisor != colleague.id or over or own:
                continue
            if claim.start < last and first < claim.end:
                return NotFree("busy", taken=claim.owner is not None)
        return None


def _against_the_rules(
    wish: Wish, colleague: Colleague, start: dt.datetime, now: dt.datetime
) -> Unsuitable | None:
    kind = wish.kind
    opening = colleague.opening(start.astimezone(ZoneInfo(colleague.timezone)).date())
    end = start + dt.timedelta(minutes=wish.duration)
    step = dt.timedelta(minutes=kind.step)
    shut = opening is None or not opening[0] <= start < opening[1]
    rules: tuple[tuple[Unsuitable, bool], ...] = (
        ("unsuitable", wish.channel is not None and wish.channel not in kind.channels),
        ("past", start < now),
        ("notice", start < now + dt.timedelta(minutes=kind.notice)),
        ("outside-window", start >= now + dt.timedelta(days=kind.window_days)),
        ("outside-hours", shut),
        ("off-grid", opening is not None and bool((start - opening[0]) % step)),
        ("outside-hours", opening is not None and end > opening[1]),
    )
    return next((reason for reason, broken in rules if broken), None)


def _with_buffers(wish: Wish, start: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    begin = start.astimezone(dt.UTC)
    before, after = wish.kind.buffer_before, wish.kind.buffer_after
    return (
        begin - dt.timedelta(minutes=before),
        begin + dt.timedelta(minutes=wish.duration + after),
    )
