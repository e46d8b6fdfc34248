"""The calendar from which a customer chooses: right days, right month, right zone."""

from datetime import UTC, date, datetime

import pytest

from api.pages.choosing import Address, Emptiness, Find, Instead, Picker, instant, pick
from booking.model import SlotAnswer

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
ADDRESS = Address(path="/book/bank/hypotheek", chosen={"channel": "video", "location": ""})


def offer(*starts: str, following: str | None = None, seats: dict[str, int] | None = None) -> Find:
    """Return what finds these free starts, in UTC."""
    free = [datetime.fromisoformat(start).replace(tzinfo=UTC) for start in starts]

    async def find(begin: datetime, finish: datetime) -> SlotAnswer:
        later = [start for start in free if start >= finish]
        if following:
            later.append(datetime.fromisoformat(following).replace(tzinfo=UTC))
        inside = [start for start in free if begin <= start < finish]
        return SlotAnswer(
            duration=60,
            timezone=None,
            starts=inside,
            remaining={
                datetime.fromisoformat(start).replace(tzinfo=UTC): left
                for start, left in seats.items()
            }
            if seats
            else None,
            next_available=None if inside or not later else min(later),
            as_of=NOW,
            reasons={},
            refused=[],
            help=[],
        )

    return find


async def choose(
    find: Find, wanted: str | None = None, *, timezone: str = "Europe/Amsterdam", days: int = 60
) -> Picker:
    """Return the calendar."""
    return await pick(find, ADDRESS, wanted=wanted, timezone=timezone, now=NOW, window_days=days)


async def test_the_first_free_day_is_chosen_for_you() -> None:
    """A customer sees times at once, also when this month has none left."""
    picker = await choose(offer("2026-12-03T09:00", "2026-12-04T10:00"))

    assert picker.month == date(2026, 12, 1)
    assert picker.chosen == date(2026, 12, 3)
    assert [part.name for part in picker.parts] == ["morning"]
    assert picker.parts[0].times[0].url == (
        "/book/bank/hypotheek?channel=video&start=2026-12-03T10%3A00%3A00%2B01%3A00"
    )


async def test_times_are_parted_by_the_clock_of_the_zone() -> None:
    """Noon is afternoon and six is evening, in the zone in which the day is shown."""
    found = offer("2026-12-03T10:45", "2026-12-03T11:00", "2026-12-03T16:45", "2026-12-03T17:00")
    picker = await choose(found, "2026-12-03")

    shown = {part.name: [f"{time.start:%H:%M}" for time in part.times] for part in picker.parts}
    assert shown == {
        "morning": ["11:45"],
        "afternoon": ["12:00", "17:45"],
        "evening": ["18:00"],
    }


async def test_a_day_is_the_readers_day() -> None:
    """Half past eleven in the evening UTC is tomorrow in Tokyo, and today in London."""
    found = offer("2026-12-03T23:30")

    assert (await choose(found, timezone="Asia/Tokyo")).chosen == date(2026, 12, 4)
    assert (await choose(found, timezone="Europe/London")).chosen == date(2026, 12, 3)


async def test_a_day_without_times_chooses_nothing() -> None:
    """Who opens a day that has filled up meanwhile sees the calendar, not somebody else's day."""
    picker = await choose(offer("2026-12-03T09:00"), "2026-12-04")

    assert picker.month == date(2026, 12, 1)
    assert picker.chosen is None
    assert picker.parts == []


async def test_an_empty_month_points_to_the_first_free_day() -> None:
    """Nobody has to leaf through empty months."""
    picker = await choose(offer("2027-01-11T09:00"), "2026-12")

    assert picker.chosen is None
    assert picker.next_free is not None
    assert picker.next_free.date == date(2027, 1, 11)
    assert picker.next_free.url == "/book/bank/hypotheek?channel=video&day=2027-01-11"


async def test_one_leafs_only_through_months_that_can_be_booked() -> None:
    """From November 2026 sixty days reach into January 2027; no further, no earlier."""
    find = offer("2026-11-30T10:00", "2026-12-03T09:00", "2027-01-11T09:00")
    november, december, january = [
        await choose(find, wanted) for wanted in ("2026-11", "2026-12", "2027-01")
    ]
    far = await choose(find, "2031-01")

    assert (november.earlier, bool(november.later)) == (None, True)
    assert (bool(december.earlier), bool(december.later)) == (True, True)
    assert (bool(january.earlier), january.later) == (True, None)
    assert far.month == date(2027, 1, 1)
    assert december.earlier is not None
    assert december.earlier.endswith("day=2026-11")


async def test_weeks_stand_from_monday_and_past_ones_are_left_out() -> None:
    """December 2026 begins on a Tuesday; of November only the week of the 30th is left."""
    find = offer("2026-11-30T10:00", "2026-12-01T09:00", "2026-12-01T10:00")
    november = await choose(find, "2026-11")
    december = await choose(find, "2026-12")

    assert [[day and day.date.day for day in week] for week in november.weeks] == [
        [30, None, None, None, None, None, None]
    ]
    assert [day and day.date.day for day in december.weeks[0]] == [None, 1, 2, 3, 4, 5, 6]
    first = december.weeks[0][1]
    assert first is not None
    assert (first.free, first.url) == (2, "/book/bank/hypotheek?channel=video&day=2026-12-01")
    second = december.weeks[0][2]
    assert second is not None
    assert second.url is None


async def test_places_that_are_left_stand_at_their_time() -> None:
    """Also in the hour that comes twice, in the zone where it does."""
    starts = {"2027-10-31T00:30": 3, "2027-10-31T01:30": 1, "2027-10-31T09:00": 8}

    picker = await choose(offer(*starts, seats=starts), "2027-10-31", days=400)

    assert [time.seats for part in picker.parts for time in part.times] == [3, 1, 8]


async def test_an_empty_month_is_explained_and_a_full_one_is_not() -> None:
    """Why is looked into once, for just the time that was shown."""
    asked: list[tuple[datetime, datetime]] = []
    told = Emptiness(why="Niemand is vrij.", ways=[Instead(text="Telefonisch.", url="?a")])

    async def explain(begin: datetime, finish: datetime) -> Emptiness:
        asked.append((begin, finish))
        return told

    async def chosen(wanted: str) -> Picker:
        return await pick(
            offer("2027-01-04T09:00"),
            ADDRESS,
            wanted=wanted,
            timezone="Europe/Amsterdam",
            now=NOW,
            window_days=60,
            explain=explain,
        )

    empty, full = await chosen("2026-12"), await chosen("2027-01")

    assert (empty.empty, full.empty) == (told, None)
    assert [tuple(f"{one:%d-%m}" for one in span) for span in asked] == [("01-12", "01-01")]


async def test_nonsense_in_the_address_counts_as_no_choice() -> None:
    """A mangled link still shows the first free day."""
    for wanted in ("2026-13", "tomorrow", "2026-12-99", "'; drop table"):
        assert (await choose(offer("2026-12-03T09:00"), wanted)).chosen == date(2026, 12, 3)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-12-01", "2026-12-01T10:00:00", "0001-01-01T00:00:00+14:00", None]
)
def test_a_time_that_is_none_is_not_chosen(text: str | None) -> None:
    """Without an offset, or at the end of the calendar, nobody knows which moment is meant."""
    assert instant(text) is None


def test_a_time_is_read_with_its_offset() -> None:
    """Also when the plus sign of its offset became a blank on its way."""
    assert instant("2026-12-01T10:00:00 01:00") == datetime(2026, 12, 1, 9, tzinfo=UTC)
