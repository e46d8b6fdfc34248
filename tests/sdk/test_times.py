"""Times are aware both ways; what could mean several instants is never sent."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import httpx2
import pytest
from spreekuur import OffsetMissing, SpreekuurError
from spreekuur._wire import instant, to_wire
from spreekuur.models import Override, Schedule, TimeRange, WeeklyRange

from tests.sdk.conftest import Wire

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NAIVE = datetime(2026, 12, 1, 9)  # noqa: DTZ001  # a time without offset is what this is about
SLOTS = {
    "timezone": "Europe/Amsterdam",
    "duration": 60,
    "days": {
        "2026-12-02": ["2026-12-02T09:00:00+01:00"],
        "2026-12-01": ["2026-12-01T10:00:00+01:00"],
    },
    "next_available": None,
    "as_of": "2026-11-30T08:59:12+01:00",
}


def test_naive_times_are_refused_before_anything_is_sent() -> None:
    """In a body, in a query, deep inside: the error names the place and what to do."""
    line = Wire()
    client = line.client()

    with pytest.raises(OffsetMissing, match=r"/start is 2026-12-01T09:00:00, a time without"):
        client.bookings.reschedule("bkg_1", NAIVE)
    with pytest.raises(OffsetMissing, match=r"\?start"):
        client.slots.list("x", start=NAIVE, end=NAIVE, timezone="Europe/Amsterdam")
    with pytest.raises(OffsetMissing, match="/answers/since"):
        client.manage("tok").save_intake({"since": NAIVE})

    assert line.requests == []
    assert issubclass(OffsetMissing, ValueError)
    assert issubclass(OffsetMissing, SpreekuurError)


def test_times_go_out_with_their_own_offset() -> None:
    """A zone becomes the offset it has at that moment; UTC stays UTC."""
    assert instant(datetime(2026, 12, 1, 9, tzinfo=AMSTERDAM), "") == "2026-12-01T09:00:00+01:00"
    assert instant(datetime(2026, 7, 1, 9, tzinfo=AMSTERDAM), "") == "2026-07-01T09:00:00+02:00"
    assert instant(datetime(2026, 7, 1, 9, tzinfo=UTC), "") == "2026-07-01T09:00:00+00:00"


def test_the_repeated_hour_keeps_its_fold() -> None:
    """Half past two comes twice on the night of 25 October 2026, in two offsets."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=AMSTERDAM)

    assert instant(first, "") == "2026-10-25T02:30:00+02:00"
    assert instant(first.replace(fold=1), "") == "2026-10-25T02:30:00+01:00"


def test_an_offset_with_seconds_is_sent_in_utc() -> None:
    """RFC 3339 cannot write one; the instant is the same."""
    odd = timezone(timedelta(minutes=19, seconds=32))

    assert instant(datetime(2026, 1, 1, 9, 19, 32, tzinfo=odd), "") == "2026-01-01T09:00:00+00:00"


def test_times_come_in_with_their_offset_and_in_order() -> None:
    """The offset of the answer is kept; iterating goes by day."""
    line = Wire(httpx2.Response(200, json=SLOTS))

    slots = line.client().slots.list(
        "hypotheek",
        start=date(2026, 12, 1),
        end=datetime(2026, 12, 3, tzinfo=AMSTERDAM),
        timezone="Europe/Amsterdam",
        explain=True,
    )

    assert dict(line.requests[0].url.params) == {
        "meeting_type": "hypotheek",
        "start": "2026-12-01",
        "end": "2026-12-03T00:00:00+01:00",
        "timezone": "Europe/Amsterdam",
        "explain": "true",
    }
    assert [start.isoformat() for start in slots] == [
        "2026-12-01T10:00:00+01:00",
        "2026-12-02T09:00:00+01:00",
    ]
    assert slots.days[date(2026, 12, 1)][0].utcoffset() == timedelta(hours=1)


def test_models_and_exact_numbers_travel() -> None:
    """Structs, dates and decimals become what the documentation shows."""
    schedule = Schedule(
        timezone="Europe/Amsterdam",
        weekly=[WeeklyRange(day="mon", start="09:00", end="17:00")],
        overrides=[
            Override(date=date(2026, 12, 24), ranges=[TimeRange(start="09:00", end="12:00")])
        ],
    )
    line = Wire(httpx2.Response(200, json=to_wire(schedule)))

    assert line.client().advisors.set_schedule("adv_1", schedule) == schedule
    assert json.loads(line.requests[0].content) == {
        "timezone": "Europe/Amsterdam",
        "weekly": [{"day": "mon", "start": "09:00", "end": "17:00"}],
        "overrides": [{"date": "2026-12-24", "ranges": [{"start": "09:00", "end": "12:00"}]}],
    }
    assert to_wire(Decimal("3.850")) == "3.850"
    assert to_wire(Decimal("1E+3")) == "1000"


def test_binary_fractions_are_refused() -> None:
    """A rate of 3.85 as a float is not 3.85."""
    with pytest.raises(TypeError, match=r"/rate is a float.*Decimal"):
        Wire().client().rates.publish(
            product="mortgage-annuity",
            fixed_years=10,
            rate=3.85,  # type: ignore[arg-type]  # what a hurried caller would send
            valid_from=date(2026, 12, 1),
        )
