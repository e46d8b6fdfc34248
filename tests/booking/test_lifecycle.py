"""A booking changes only as it may, and keeps its promise by the right clock."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from booking import lifecycle
from booking.errors import BookingOver
from booking.model import Booking, State

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


def booking(state: State = "confirmed") -> Booking:
    """A video meeting tomorrow at ten in Amsterdam."""
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    return Booking(
        id="bkg_1",
        meeting_type_id="mty_1",
        meeting_type="hypotheek",
        advisor_id="adv_1",
        location_id=None,
        customer_id="cus_1",
        participants=[],
        channel="video",
        start=start,
        end=start + timedelta(minutes=45),
        local_start="2026-12-01T10:00:00",
        timezone="Europe/Amsterdam",
        tzdata="2025b",
        language="nl",
        state=state,
        sequence=3,
        generation=2,
        uid="bkg_1@spreekuur",
        created_at=NOW,
    )


def test_a_moved_booking_promises_the_new_time_and_ends_old_links() -> None:
    """In summer the same zone is an hour further from UTC; the length stays."""
    start = datetime(2027, 7, 1, 9, 30, tzinfo=UTC)

    moved = lifecycle.moved(booking(), start, tzdata="2026f", now=NOW)

    assert moved == structs.replace(
        booking(),
        start=start,
        end=start + timedelta(minutes=45),
        local_start="2027-07-01T11:30:00",
        tzdata="2026f",
        sequence=4,
        generation=3,
    )


def test_a_cancelled_booking_says_who_and_why() -> None:
    """The other side must hear of it, so the sequence is raised."""
    cancelled = lifecycle.cancelled(booking(), by="customer", reason="ziek", now=NOW)

    assert cancelled == structs.replace(
        booking(), state="cancelled", sequence=4, cancelled_by="customer", reason="ziek"
    )


def test_only_what_waits_for_the_advisors_word_can_be_confirmed() -> None:
    """Confirming changes the state and nothing else."""
    assert lifecycle.confirmed(booking("requested"), now=NOW) == booking("confirmed")
    for state in ("confirmed", "cancelled", "attended", "no-show"):
        with pytest.raises(BookingOver):
            lifecycle.confirmed(booking(state), now=NOW)


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_cancelled_or_has_begun_stays_as_it_is(begun: bool) -> None:
    """Neither moves nor is called off again."""
    now = booking().start if begun else NOW
    old = booking("confirmed" if begun else "cancelled")

    with pytest.raises(BookingOver):
        lifecycle.moved(old, NOW + timedelta(days=3), tzdata="2026f", now=now)
    with pytest.raises(BookingOver):
        lifecycle.cancelled(old, by="customer", reason=None, now=now)
    with pytest.raises(BookingOver):
        lifecycle.confirmed(structs.replace(old, state="cancelled"), now=now)


def test_the_promise_goes_by_the_clock_that_people_look_at() -> None:
    """By video the customer's, in a branch the branch's, by phone the branch's or advisor's."""

    def zone(channel: str, branch: str | None) -> str:
        return lifecycle.promise_zone(
            channel,  # type: ignore[arg-type]  # a channel, as text
            customer="Asia/Kolkata",
            advisor="Europe/Amsterdam",
            branch=branch,
        )

    assert zone("video", "Europe/Lisbon") == "Asia/Kolkata"
    assert zone("branch", "Europe/Lisbon") == "Europe/Lisbon"
    assert zone("phone", "Europe/Lisbon") == "Europe/Lisbon"
    assert zone("phone", None) == "Europe/Amsterdam"


def test_a_calendar_that_was_not_read_for_too_long_is_not_believed() -> None:
    """Exactly at the limit still counts; never read does not."""
    assert lifecycle.state_on_booking(NOW, limit=NOW) == "confirmed"
    assert lifecycle.state_on_booking(NOW - timedelta(seconds=1), limit=NOW) == "requested"
    assert lifecycle.state_on_booking(None, limit=NOW) == "requested"
