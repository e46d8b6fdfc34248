"""Free starts as text: exactly what each would be if it were written by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire.days import days_of

ZONES = (
    "Europe/Amsterdam",
    "America/New_York",
    "America/St_Johns",
    "America/Asuncion",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
    "UTC",
)
QUARTER = timedelta(minutes=15)


def plainly(starts: list[datetime], timezone: str) -> dict[str, list[str]]:
    """Return the same, one start after the other."""
    days: dict[str, list[str]] = {}
    for start in starts:
        text = start.astimezone(ZoneInfo(timezone)).isoformat()
        days.setdefault(text[:10], []).append(text)
    return days


instants = st.integers(min_value=0, max_value=7_200_000_000).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)


@given(
    timezone=st.sampled_from(ZONES),
    starts=st.lists(instants, max_size=30, unique=True),
)
def test_any_starts_are_written_as_one_by_one(timezone: str, starts: list[datetime]) -> None:
    """Whatever the zone and the second, in order and by the same dates."""
    starts.sort()

    assert days_of(starts, timezone) == plainly(starts, timezone)


@given(
    timezone=st.sampled_from(ZONES),
    first=instants.map(lambda at: at.replace(minute=0, second=0)),
    count=st.integers(min_value=1, max_value=400),
)
def test_long_rows_of_quarters_are_written_as_one_by_one(
    timezone: str, first: datetime, count: int
) -> None:
    """Over several days, nights on which the clock changes among them."""
    starts = [first + number * QUARTER for number in range(count)]
    written = days_of(starts, timezone)

    assert written == plainly(starts, timezone)
    assert list(written) == list(plainly(starts, timezone))


@pytest.mark.parametrize(
    ("timezone", "night"),
    [
        ("Europe/Amsterdam", datetime(2026, 3, 29, tzinfo=UTC)),
        ("Europe/Amsterdam", datetime(2026, 10, 25, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 5, tzinfo=UTC)),
        # The clock goes back at midnight: the evening comes twice.
        ("America/Asuncion", datetime(2024, 3, 24, tzinfo=UTC)),
        # A date that never was.
        ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
        # An offset with seconds in it.
        ("Africa/Monrovia", datetime(1972, 1, 7, tzinfo=UTC)),
    ],
)
def test_nights_on_which_the_clock_changes(timezone: str, night: datetime) -> None:
    """Each quarter of the days around it has the offset that holds then, once or twice."""
    starts = [night - timedelta(days=2) + number * QUARTER for number in range(4 * 96)]

    assert days_of(starts, timezone) == plainly(starts, timezone)


def test_nothing_free_is_no_day() -> None:
    """Days without starts are left out, so all of them are."""
    assert days_of([], "Europe/Amsterdam") == {}
