"""Servers and networks go wrong in every way that is known; nothing is lost, freed or doubled.

A real Radicale stands behind a proxy that does what the faults say.
"""

import asyncio
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from booking.calendars import manners, reading
from booking.calendars.model import Account, ConnectInput
from booking.calendars.tables import calendar_collections, calendar_objects
from booking.errors import SlotTaken, SlotUnavailable
from booking.model import Booking
from kernel import outgoing
from kernel.outgoing import Guard
from tests.booking.calendars.conftest import USER, Desk, event
from tests.services import fault_proxy as faults
from tests.services.fault_proxy import FaultProxy
from tests.services.radicale import PASSWORDS, Radicale

MINUTE = timedelta(minutes=1)
NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.fixture
def proxy(desk: Desk) -> Iterator[FaultProxy]:
    """What the desk's calendars are reached through."""
    with FaultProxy(desk.radicale.port) as between:
        desk.calendars.logins.guard = Guard(
            [f"127.0.0.1:{between.port}", f"127.0.0.1:{desk.radicale.port}"]
        )
        yield between


async def _connect(desk: Desk, proxy: FaultProxy) -> Account:
    data = ConnectInput(
        advisor=desk.advisor, url=proxy.url, username=USER, password=PASSWORDS[USER]
    )
    return await desk.calendars.connect(desk.tenant, data)


async def _state(desk: Desk, account: Account) -> tuple[str, str | None]:
    after = await desk.calendars.sync(desk.tenant, account.id)
    return after.state, after.problem


async def _token(desk: Desk) -> str | None:
    async with desk.database.reading(desk.tenant) as db:
        return await db.scalar(select(calendar_collections.c.sync_token))


def _fill(radicale: Radicale, number: int, *, first: int = 0) -> None:
    """Write events straight into the server's folder, which is quicker than asking it."""
    folder = radicale.directory / "collections" / "collection-root" / USER / "werk"
    for each in range(first, first + number):
        day = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(minutes=30 * each)
        start, end = f":{day:%Y%m%dT%H%M%SZ}", f":{day + 10 * MINUTE:%Y%m%dT%H%M%SZ}"
        (folder / f"e{each}.ics").write_text(event(f"e{each}", start, end))


@pytest.mark.parametrize(
    "fault",
    [
        faults.login_page(),
        faults.truncated(),
        faults.cut_short(),
        faults.reset(),
        faults.answer(500),
        faults.zipped(),
        faults.huge(20 * 2**20),
    ],
    ids=["login-page", "truncated", "cut", "reset", "500", "zipped", "huge"],
)
@pytest.mark.parametrize("listed", [False, True])
async def test_what_is_no_answer_changes_nothing(
    desk: Desk, proxy: FaultProxy, fault: faults.Fault, *, listed: bool
) -> None:
    """Times, token and age stay as they were, and the next good answer is read like any."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await _connect(desk, proxy)
    before = await desk.calendars.status(desk.tenant, account.id)
    token = await _token(desk)
    desk.clock.advance(timedelta(days=1) if listed else 5 * MINUTE)
    desk.remove("dentist")
    proxy.on("PROPFIND" if listed else "REPORT", "*", fault)

    state, problem = await _state(desk, account)

    assert state == "degraded"
    assert problem in {"calendar-unreachable", "calendar-not-caldav", "calendar-too-large"}
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    assert await _token(desk) == token
    after = await desk.calendars.status(desk.tenant, account.id)
    assert after.collections[0].last_ok_at == before.collections[0].last_ok_at
    proxy.calm()
    desk.clock.advance(5 * MINUTE)
    assert await _state(desk, account) == ("active", None)
    assert await desk.busy() == []


async def test_a_token_that_breaks_the_server_is_given_up(desk: Desk, proxy: FaultProxy) -> None:
    """A server that fails on the token alone, without saying so, is listed in the next round."""
    account = await _connect(desk, proxy)
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    rule = proxy.on("REPORT", "*", faults.answer(500), containing="sync-token")

    assert await _state(desk, account) == ("degraded", "calendar-unreachable")
    assert await _state(desk, account) == ("active", None)

    assert rule.hits == 1
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_a_listing_without_the_calendar_itself_is_none(desk: Desk, proxy: FaultProxy) -> None:
    """An answer that does not even know what was asked about frees nothing."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await _connect(desk, proxy)
    desk.clock.advance(timedelta(days=1))
    proxy.on("PROPFIND", "*", faults.empty_listing(itself=False))

    assert await _state(desk, account) == ("degraded", "calendar-not-caldav")
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


@pytest.mark.parametrize("status", [403, 412])
async def test_a_token_nobody_knows_costs_one_listing(
    desk: Desk, proxy: FaultProxy, status: int
) -> None:
    """However the server says so; times are those of a fresh import, and a new token is kept."""
    account = await _connect(desk, proxy)
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    proxy.on("REPORT", "*", faults.token_unknown(status=status), containing="sync-token", times=1)

    assert await _state(desk, account) == ("active", None)
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    listings = [one for one in proxy.seen if one.headers.get("depth") == "1"]
    desk.clock.advance(5 * MINUTE)
    assert await _state(desk, account) == ("active", None)
    assert [one for one in proxy.seen if one.headers.get("depth") == "1"] == listings


async def test_a_large_calendar_is_read_on_where_it_broke_off(
    desk: Desk, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before the break is kept, only the rest is asked for, nothing is there twice."""
    monkeypatch.setattr(reading, "BATCH", 50)
    _fill(desk.radicale, 210)
    proxy.on("REPORT", "*", faults.cut_short(), containing="multiget", after=2)
    account = await _connect(desk, proxy)
    assert (account.state, account.collections[0].objects) == ("degraded", 100)
    assert account.collections[0].last_ok_at is None
    assert await _token(desk) is None

    proxy.calm()
    proxy.seen.clear()
    desk.clock.advance(MINUTE)
    assert await _state(desk, account) == ("active", None)

    multigets = [one for one in proxy.seen if b"multiget" in one.body]
    assert len(multigets) == 3
    assert await _hrefs(desk) == sorted(f"/{USER}/werk/e{each}.ics" for each in range(210))
    assert len(await desk.busy()) == 210


async def test_a_reader_that_is_killed_leaves_what_a_second_one_needs(
    desk: Desk, proxy: FaultProxy
) -> None:
    """Killed between asking and storing, nothing is half-done; the next go finds the change."""
    account = await _connect(desk, proxy)
    token = await _token(desk)
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    rule = proxy.on("REPORT", "*", faults.hang(), containing="multiget", times=1)

    killed = asyncio.create_task(desk.calendars.sync(desk.tenant, account.id))
    await until(lambda: rule.hits > 0)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    assert await _token(desk) == token
    assert await desk.busy() == []
    assert await _state(desk, account) == ("active", None)
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_pages_are_put_together(desk: Desk, proxy: FaultProxy) -> None:
    """A delta in pages of two is read to its end, removals included."""
    desk.put("old", event("old", ":20261203T090000Z", ":20261203T100000Z"))
    account = await _connect(desk, proxy)
    desk.remove("old")
    for day in range(1, 6):
        desk.put(f"e{day}", event(f"e{day}", f":2026120{day}T110000Z", f":2026120{day}T120000Z"))
    proxy.on("REPORT", "*", faults.paged(2), containing="sync-token")

    assert await _state(desk, account) == ("active", None)
    assert await desk.busy() == [(f"0{day}-12 11:00", f"0{day}-12 12:00") for day in range(1, 6)]


async def test_pages_without_end_are_given_up(desk: Desk, proxy: FaultProxy) -> None:
    """A token that does not move on costs one more request and a listing, no loop."""
    account = await _connect(desk, proxy)
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    rule = proxy.on("REPORT", "*", faults.stuck(), containing="sync-token")

    assert await _state(desk, account) == ("active", None)
    assert rule.hits == 1
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_a_listing_that_lost_everything_frees_nothing(desk: Desk, proxy: FaultProxy) -> None:
    """A well-formed answer without members is asked for again a day long before it is believed."""
    _fill(desk.radicale, 50)
    account = await _connect(desk, proxy)
    proxy.on("PROPFIND", "*", faults.empty_listing())
    proxy.on("REPORT", "*", faults.token_unknown(), containing="sync-token")

    # Once a day everything is listed; from then on until it is believed.
    for minutes in (24 * 60 + 1, 11, 11):
        desk.clock.advance(minutes * MINUTE)
        assert await _state(desk, account) == ("degraded", "collection-emptied")
    assert len(await desk.busy()) == 50
    proxy.calm()
    assert await _state(desk, account) == ("active", None)
    assert len(await desk.busy()) == 50


async def test_an_event_that_turns_into_nonsense_keeps_its_times(
    desk: Desk, proxy: FaultProxy
) -> None:
    """Where nothing can be made out any more, what was known of it stays until it is mended."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await _connect(desk, proxy)
    desk.put("dentist", event("dentist", ":20261202T090000Z", ":20261202T100000Z"))
    proxy.on(
        "REPORT",
        "*",
        faults.changed(lambda _, real: replace(real, body=real.body.replace(b":2026", b":soon"))),
        containing="multiget",
        times=1,
    )

    after = await desk.calendars.sync(desk.tenant, account.id)
    assert after.collections[0].troubled == 1
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]

    desk.put("dentist", event("dentist", ":20261203T090000Z", ":20261203T100000Z"))
    mended = await desk.calendars.sync(desk.tenant, account.id)
    assert mended.collections[0].troubled == 0
    assert await desk.busy() == [("03-12 09:00", "03-12 10:00")]


async def test_a_refusal_while_the_server_starts_is_no_refusal(
    desk: Desk, proxy: FaultProxy
) -> None:
    """One 401 needs nobody's help."""
    account = await _connect(desk, proxy)
    proxy.on("*", "*", faults.unauthorised(), times=1)

    await desk.pass_time(2 * MINUTE)
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "degraded"
    await desk.pass_time(2 * MINUTE)
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "active"
    assert await desk.troubles() == []


async def test_after_two_refusals_nobody_knocks_again(desk: Desk, proxy: FaultProxy) -> None:
    """An account is locked out by those who keep trying; we do not."""
    account = await _connect(desk, proxy)
    proxy.on("*", "*", faults.unauthorised())
    await desk.pass_time(2 * MINUTE)
    await desk.pass_time(2 * MINUTE)
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "auth-failed"
    asked = proxy.count()

    for _ in range(10):
        await desk.pass_time(timedelta(hours=1))

    assert proxy.count() == asked
    assert await desk.troubles() == [("calendar-refused", None)]


async def test_a_server_that_asks_for_time_is_given_it(desk: Desk, proxy: FaultProxy) -> None:
    """For two minutes no account calls that origin; another origin is called as ever."""
    account = await _connect(desk, proxy)
    bart = desk.beside(await desk.hire("Bart"), "bart")
    data = ConnectInput(
        advisor=bart.advisor, url=proxy.url, username="bart", password=PASSWORDS["bart"]
    )
    second = await desk.calendars.connect(desk.tenant, data)
    beyond = copy(desk)
    beyond.advisor = await desk.hire("Cor")
    elsewhere = await beyond.connect()
    proxy.on("REPORT", "*", faults.busy(status=429, retry_after=120), times=1)
    await _state(desk, account)
    asked = proxy.count()

    desk.clock.advance(timedelta(seconds=119))
    assert await _state(desk, account) == ("degraded", "calendar-unreachable")
    assert await _state(desk, second) == ("degraded", "calendar-unreachable")
    assert await _state(desk, elsewhere) == ("active", None)
    assert proxy.count() == asked

    desk.clock.advance(timedelta(seconds=2))
    assert await _state(desk, account) == ("active", None)
    assert await _state(desk, second) == ("active", None)


async def test_a_server_in_trouble_is_asked_less_and_less(desk: Desk, proxy: FaultProxy) -> None:
    """Twenty minutes of 503 cost at most twelve requests; then we catch up."""
    account = await _connect(desk, proxy)
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    rule = proxy.on("*", "*", faults.busy())

    for _ in range(80):
        await desk.pass_time(timedelta(seconds=15))
    assert 3 <= rule.hits <= 12
    proxy.calm()
    await desk.pass_time(31 * MINUTE)
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "active"


async def test_an_origin_that_fails_is_left_alone_and_tried_by_one(
    desk: Desk, proxy: FaultProxy
) -> None:
    """After five failures in a row nobody calls for two minutes; then one does, for all."""
    account = await _connect(desk, proxy)
    rule = proxy.on("*", "*", faults.answer(500))
    for _ in range(manners.PATIENCE):
        await _state(desk, account)
    assert rule.hits == manners.PATIENCE

    await asyncio.gather(*(_state(desk, account) for _ in range(5)))
    assert rule.hits == manners.PATIENCE
    desk.clock.advance(manners.REST + timedelta(seconds=1))
    await asyncio.gather(*(_state(desk, account) for _ in range(5)))
    assert rule.hits == manners.PATIENCE + 1

    proxy.calm()
    desk.clock.advance(manners.REST + timedelta(seconds=1))
    assert await _state(desk, account) == ("active", None)


async def test_servers_that_hang_hold_up_nobody_else(
    desk: Desk, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten accounts that hang have their rounds end in time, and the eleventh is read meanwhile."""
    monkeypatch.setattr(outgoing, "DEADLINE", 2.0)
    for number in range(10):
        advisor = await desk.hire(f"Advisor{number}")
        data = ConnectInput(advisor=advisor, url=proxy.url, username=USER, password=PASSWORDS[USER])
        await desk.calendars.connect(desk.tenant, data)
    mine = await desk.connect()
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    proxy.on("*", "*", faults.hang())
    desk.clock.advance(2 * MINUTE)

    running = asyncio.create_task(desk.worker.run_due())
    while not await desk.busy():  # noqa: ASYNC110  # the database rings no bell
        await asyncio.sleep(0.01)
    early = not running.done()
    await asyncio.wait_for(running, 20)

    assert early
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    states = {one.id: one.state for one in await desk.calendars.list_accounts(desk.tenant)}
    assert states.pop(mine.id) == "active"
    assert set(states.values()) == {"degraded"}


async def test_a_redirect_to_elsewhere_is_not_followed(desk: Desk, proxy: FaultProxy) -> None:
    """Nothing arrives where the server points, and what we knew stays."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await _connect(desk, proxy)
    with FaultProxy(desk.radicale.port) as other:
        desk.calendars.logins.guard = Guard([f"127.0.0.1:{proxy.port}", f"127.0.0.1:{other.port}"])
        proxy.on("*", "*", faults.redirect(f"{other.url}{USER}/werk/"))
        assert await _state(desk, account) == ("degraded", "calendar-not-caldav")
        assert other.count() == 0
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_a_write_whose_answer_was_lost_is_found_again(desk: Desk, proxy: FaultProxy) -> None:
    """The entry is there once, and the booking knows it."""
    await _connect(desk, proxy)
    rule = proxy.on("PUT", "*", faults.lose_answer(), times=1)
    booking = await desk.book(NINE)
    assert rule.hits == 1

    await desk.pass_time(5 * MINUTE)

    assert desk.names() == [f"{booking.id}.ics"]
    assert await desk.waiting("calendar.push") == []
    desk.clock.advance(5 * MINUTE)
    assert await desk.troubles() == []


async def test_a_write_that_is_said_to_be_done_is_looked_after(
    desk: Desk, proxy: FaultProxy
) -> None:
    """A server that answers 201 and keeps nothing is written to again."""
    await _connect(desk, proxy)
    proxy.on("PUT", "*", faults.answer(201, etag='"x"'), times=1)
    booking = await desk.book(NINE)
    assert desk.names() == []

    await desk.pass_time(5 * MINUTE)

    assert desk.names() == [f"{booking.id}.ics"]


async def until(happened: Callable[[], bool]) -> None:
    """Return as soon as it has; five seconds are a failure."""
    for _ in range(500):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within five seconds")


async def _hrefs(desk: Desk) -> list[str]:
    async with desk.database.reading(desk.tenant) as db:
        rows = await db.execute(select(calendar_objects.c.href))
        return sorted(row.href for row in rows)


async def test_two_who_want_one_time_while_the_calendar_is_away(desk: Desk) -> None:
    """One of them has it and the other is offered more; the entry follows once, when it is back."""
    account = await desk.connect()
    desk.radicale.stop()
    ends = await asyncio.gather(*(desk.book(NINE) for _ in range(2)), return_exceptions=True)

    (booking,) = [end for end in ends if isinstance(end, Booking)]
    (refused,) = [end for end in ends if not isinstance(end, Booking)]
    assert isinstance(refused, SlotTaken | SlotUnavailable)
    assert refused.alternatives
    assert NINE not in refused.alternatives
    assert (await desk.booking(booking.id)).state == "confirmed"

    desk.radicale.start()
    await desk.pass_time(31 * MINUTE)
    await desk.calendars.sync(desk.tenant, account.id)
    assert desk.names() == [f"{booking.id}.ics"]
