"""A calendar says to have lost much: what its owner removed goes, what its server lost stays."""

from collections.abc import Iterable
from datetime import timedelta

from booking.calendars.model import Account
from tests.booking.calendars.conftest import USER, Desk, event

MINUTE = timedelta(minutes=1)
MANY = 30


def _put(desk: Desk, numbers: Iterable[int]) -> None:
    for number in numbers:
        day = f"202612{number % 28 + 1:02}"
        desk.put(f"e{number}", event(f"e{number}", f":{day}T090000Z", f":{day}T100000Z"))


def _delete(desk: Desk, numbers: Iterable[int]) -> None:
    for number in numbers:
        desk.radicale.delete(USER, f"{desk.werk}e{number}.ics")


async def _full(desk: Desk) -> Account:
    _put(desk, range(MANY))
    return await desk.connect()


async def _held(desk: Desk, account: Account) -> tuple[str | None, int]:
    after = await desk.calendars.sync(desk.tenant, account.id)
    return after.problem, after.collections[0].objects


async def test_what_stays_away_for_ten_minutes_is_gone(desk: Desk) -> None:
    """Most of a calendar gone at once is believed only when it is said again ten minutes later."""
    account = await _full(desk)
    _delete(desk, range(25))

    assert await _held(desk, account) == ("collection-shrunk", MANY)
    desk.clock.advance(9 * MINUTE)
    assert await _held(desk, account) == ("collection-shrunk", MANY)
    assert await desk.troubles() == []
    desk.clock.advance(2 * MINUTE)
    assert await _held(desk, account) == (None, 5)


async def test_losing_others_each_time_is_not_believed(desk: Desk) -> None:
    """Only what was missing both times may go, and not while there is more to doubt."""
    account = await _full(desk)
    _put(desk, range(MANY, 2 * MANY))
    await desk.calendars.sync(desk.tenant, account.id)
    _delete(desk, range(25))
    assert await _held(desk, account) == ("collection-shrunk", 2 * MANY)

    desk.clock.advance(11 * MINUTE)
    _put(desk, range(25))
    _delete(desk, range(MANY, MANY + 25))
    assert await _held(desk, account) == ("collection-shrunk", 2 * MANY)
    _put(desk, range(MANY, MANY + 25))
    assert await _held(desk, account) == (None, 2 * MANY)


async def test_twenty_may_go_at_once(desk: Desk) -> None:
    """So many may be removed by their owner in one go."""
    account = await _full(desk)
    _delete(desk, range(20))

    assert await _held(desk, account) == (None, 10)
