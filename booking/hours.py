"""Opening hours as somebody would write them down: by the wall clock, with days that differ.

An end before its start means the next local date. Such a night is taken for one where it lasts
twelve hours at most; a longer one must say ``overnight``, since it is more often a slip.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct, field

from booking.values import Clock, EndClock, Timezone, refused, require_zone

if TYPE_CHECKING:
    from holidays import HolidayBase

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HolidayCategory = Literal["public", "bank", "government", "optional", "half_day"]

DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * DAY_MINUTES
_LONGEST_NIGHT: Final = 12 * 60

Country: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166-1")]


class TimeRange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a day by the wall clock.

    Attributes:
        overnight: Whether it ends on the next local date; None lets the times speak.
    """

    start: Clock
    end: EndClock
    overnight: bool | None = None

    @property
    def minutes(self) -> tuple[int, int]:
        """Minutes from midnight of its date; the end is past 1440 for a night."""
        start, end = _clock(self.start), _clock(self.end)
        return start, end if end > start else end + DAY_MINUTES


class WeeklyRange(TimeRange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time range that comes back every week on the same day."""

    day: Day


class Override(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours of one date in place of the weekly ones; none at all is a day off."""

    date: date
    ranges: list[TimeRange]


class Holidays(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days off of a country or a part of it, from the ``holidays`` library.

    Attributes:
        country: ISO 3166-1, such as NL.
        subdivision: ISO 3166-2 without the country, such as BY; None for what all have in common.
        categories: Which kinds of holiday are days off; *optional* has Liberation Day in NL.
        open_on: Holidays on which the doors are open all the same.
    """

    country: Country
    subdivision: str | None = None
    categories: Annotated[list[HolidayCategory], Meta(min_length=1)] = field(
        default_factory=lambda: ["public"]
    )
    open_on: list[date] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts, known = _known(self.country)
        if not known:
            raise refused("/country", "No holidays are known for this country.")
        if self.subdivision is not None and self.subdivision not in parts:
            raise refused("/subdivision", "This country has no such part.")
        for at, category in enumerate(self.categories):
            if category not in known:
                offered = ", ".join(sorted(known & set(get_args(HolidayCategory))))
                raise refused(f"/categories/{at}", f"This country has: {offered}.")


class OpenHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours by the clock of whatever they belong to: a branch, a kind of meeting, a product."""

    weekly: list[WeeklyRange] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    holidays: Holidays | None = None

    def __post_init__(self) -> None:
        if not self.weekly and not self.overrides:
            raise refused(
                "/weekly",
                "Hours need a range; leave them out for always, or write 00:00 to 24:00.",
                "required",
            )
        require_sound_hours(self.weekly, self.overrides)


class Hours(Struct, frozen=True, kw_only=True):
    """Hours by the wall clock of *timezone*: what the engine turns into working time."""

    timezone: Timezone
    weekly: Sequence[WeeklyRange]
    overrides: Sequence[Override] = ()
    holidays: Holidays | None = None

    def __post_init__(self) -> None:
        require_zone(self.timezone)


def in_zone(hours: OpenHours, timezone: str) -> Hours:
    """Return hours as hours by the clock of *timezone*."""
    return Hours(
        timezone=timezone,
        weekly=hours.weekly,
        overrides=hours.overrides,
        holidays=hours.holidays,
    )


# --- what cannot be meant ------------------------------------------------------------------------


def require_sound_hours(
    weekly: Sequence[WeeklyRange], overrides: Sequence[Override], *, at: str = ""
) -> None:
    """Refuse hours that overlap themselves or end before they start.

    Raises:
        Invalid: It says which range, and what to write instead; *at* goes before its pointer.
    """
    for index, entry in enumerate(weekly):
        _require_length(entry, f"{at}/weekly/{index}")
    taken = [_in_week(entry) for entry in weekly]
    for index, (start, end) in enumerate(taken):
        for earlier, (other_start, other_end) in enumerate(taken[:index]):
            # A night from Sunday reaches into Monday: a week on, it is the same night.
            for shift in (-_WEEK_MINUTES, 0, _WEEK_MINUTES):
                if start < other_end + shift and other_start + shift < end:
                    raise refused(
                        f"{at}/weekly/{index}",
                        f"This overlaps {at}/weekly/{earlier}; write the two as one range.",
                        "overlap",
                    )
    dates = [override.date for override in overrides]
    if len(set(dates)) != len(dates):
        raise refused(f"{at}/overrides", "Overrides must name each date once.", "duplicate")
    for number, override in enumerate(overrides):
        _require_sound_date(override, f"{at}/overrides/{number}/ranges")


def _require_sound_date(override: Override, at: str) -> None:
    for index, entry in enumerate(override.ranges):
        _require_length(entry, f"{at}/{index}")
        start, end = entry.minutes
        for earlier, other in enumerate(override.ranges[:index]):
            other_start, other_end = other.minutes
            if start < other_end and other_start < end:
                raise refused(
                    f"{at}/{index}",
                    f"This overlaps range {earlier} of the same date; write the two as one.",
                    "overlap",
                )


def _require_length(entry: TimeRange, at: str) -> None:
    start, end = _clock(entry.start), _clock(entry.end)
    if entry.overnight is None and end == start:
        raise refused(
            at, "This lasts no time at all; the whole day is 00:00 to 24:00.", "lasts-no-time"
        )
    if entry.overnight is False and end <= start:
        raise refused(at, "This ends before it starts.", "ends-before-start")
    if entry.overnight is None and end < start and end + DAY_MINUTES - start > _LONGEST_NIGHT:
        raise refused(
            at,
            "This ends before it starts, or lasts into the next day for more than twelve hours; "
            "if that is meant, say overnight: true.",
            "ends-before-start",
        )
    if entry.overnight and end > start:
        raise refused(at, "A night ends before it starts, on the next date.", "not-overnight")


def _in_week(entry: WeeklyRange) -> tuple[int, int]:
    start, end = entry.minutes
    monday = DAYS.index(entry.day) * DAY_MINUTES
    return monday + start, monday + end


def _clock(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


# --- holidays ------------------------------------------------------------------------------------


def days_off(wanted: Holidays, first: date, last: date) -> list[date]:
    """Return the holidays from *first* to *last* on which the doors are closed, in order."""
    return [
        day
        for year in range(first.year, last.year + 1)
        for day in _holidays_of(
            wanted.country, wanted.subdivision, tuple(sorted(wanted.categories)), year
        )
        if first <= day <= last and day not in wanted.open_on
    ]


@lru_cache(maxsize=1024)
def _holidays_of(
    country: str, subdivision: str | None, categories: tuple[str, ...], year: int
) -> tuple[date, ...]:
    # A holiday that falls on a weekend may be observed in the year beside its own.
    years = range(year - 1, year + 2)
    found = _calendar(country, subdivision, categories=categories, years=years)
    return tuple(sorted(day for day in found if day.year == year))


@lru_cache(maxsize=256)
def _known(country: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the parts and the categories that a country has; no categories if it is unknown."""
    try:
        found = _calendar(country)
    except NotImplementedError:
        return frozenset(), frozenset()
    return frozenset(found.subdivisions), frozenset(found.supported_categories)


def _calendar(country: str, subdivision: str | None = None, **wanted: Any) -> "HolidayBase":
    """Return a country's holidays.

    Raises:
        NotImplementedError: There are none for it, or it has no such part.
    """
    from holidays import country_holidays  # noqa: PLC0415  # 0.3 s, and most hours have none

    return country_holidays(country, subdiv=subdivision, **wanted)
