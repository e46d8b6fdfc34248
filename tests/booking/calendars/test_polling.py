"""How often calendars are read: more where something happens, less where nothing does."""

from datetime import UTC, datetime, timedelta

from booking.calendars.polling import FIRST_RETRY, LAST_RETRY, pause, spread
from tests.booking.calendars.conftest import Desk, event


async def test_what_has_changed_is_read_again_soon(desk: Desk) -> None:
    """Somebody who changes one entry often changes another."""
    await desk.connect()
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))

    await desk.pass_time(timedelta(seconds=80))

    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    assert 24 <= await _wait(desk) <= 36


async def test_a_calendar_is_mostly_read_once_a_minute(desk: Desk) -> None:
    """Five minutes after the last news."""
    await desk.connect()
    await desk.pass_time(timedelta(minutes=6))

    assert 48 <= await _wait(desk) <= 72


async def test_a_still_calendar_is_read_less_often(desk: Desk) -> None:
    """A week after the last news, of an advisor whom nobody meets these days."""
    await desk.connect()
    await _wait_a_week(desk)

    assert 240 <= await _wait(desk) <= 360


async def test_a_meeting_soon_has_a_still_calendar_read_each_minute(desk: Desk) -> None:
    """Its advisor may yet be called away, or the booking's entry be moved."""
    await desk.connect()
    booking = await desk.book(datetime(2026, 12, 8, 8, tzinfo=UTC))
    await _wait_a_week(desk)

    assert booking.start - desk.clock.now() < timedelta(hours=48)
    assert 48 <= await _wait(desk) <= 72


async def test_news_wakes_a_still_calendar(desk: Desk) -> None:
    """The first change after a quiet week is followed as closely as any."""
    await desk.connect()
    await _wait_a_week(desk)
    desk.put("dentist", event("dentist", ":20261215T090000Z", ":20261215T100000Z"))

    await desk.pass_time(timedelta(minutes=7))

    assert await desk.busy() == [("15-12 09:00", "15-12 10:00")]
    assert 24 <= await _wait(desk) <= 36


def test_who_fails_is_left_alone_longer_each_time() -> None:
    """Half a minute at first, doubled each time, half an hour at most."""
    waits = [pause(failures) for failures in range(1, 30)]

    assert waits[:4] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY, 8 * FIRST_RETRY]
    assert waits == sorted(waits)
    assert waits[-1] == LAST_RETRY


def test_those_who_began_together_do_not_stay_in_step() -> None:
    """A hundred of them come back at a hundred instants, a fifth sooner or later."""
    waits = {spread(timedelta(seconds=60)) for _ in range(100)}

    assert len(waits) > 90
    assert min(waits) >= timedelta(seconds=48)
    assert max(waits) <= timedelta(seconds=72)


async def _wait(desk: Desk) -> float:
    """Return in how many seconds the account is read again."""
    (due_at,) = await desk.waiting("calendar.sync")
    return (due_at - desk.clock.now()).total_seconds()


async def _wait_a_week(desk: Desk) -> None:
    for _ in range(7):
        await desk.pass_time(timedelta(days=1, minutes=5))
