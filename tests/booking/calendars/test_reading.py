"""What an advisor's own calendar does to the times they can be booked, on a real server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from booking.calendars import store
from booking.calendars.tables import calendar_collections, calendar_objects
from booking.schedule import epoch
from kernel.crypto import Keyring, Secret
from kernel.ids import uuid_of
from tests.booking.calendars.conftest import USER, Desk, event

DATA = Path(__file__).parents[2] / "data" / "calendars"


async def test_events_become_busy_times_and_changes_follow(desk: Desk) -> None:
    """A new, a changed and a deleted event each show at the next reading."""
    account = await desk.connect()
    assert await desk.busy() == []

    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]

    desk.put("dentist", event("dentist", ":20261201T103000Z", ":20261201T110000Z"))
    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == [("01-12 10:30", "01-12 11:00")]

    desk.radicale.delete(USER, f"{desk.werk}dentist.ics")
    after = await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == []
    assert [(each.objects, each.busy_spans) for each in after.collections] == [(0, 0)]


async def test_every_kind_of_event_means_the_same_through_a_server(desk: Desk) -> None:
    """A series with exceptions, a whole day and free entries survive the way over the wire."""
    for name in ("series_with_a_moved_and_a_cancelled_day", "all_day", "transparent", "declined"):
        desk.put(name, (DATA / f"{name}.ics").read_text())

    await desk.connect()

    assert await desk.busy() == [
        ("30-11 23:00", "01-12 23:00"),  # the whole of 1 December in Amsterdam
        ("03-12 08:00", "03-12 09:00"),
        ("11-12 13:00", "11-12 14:00"),  # moved from the 10th
        ("24-12 08:00", "24-12 09:00"),
    ]


async def test_of_other_peoples_events_only_times_are_kept(desk: Desk) -> None:
    """Neither title nor bytes of a private event are in the database."""
    desk.put(
        "secret", event("secret", ":20261201T090000Z", ":20261201T100000Z", "SUMMARY:Oncoloog")
    )
    await desk.connect()

    async with desk.database.reading(desk.tenant) as db:
        row = (await db.execute(select(calendar_objects))).one()

    assert row.raw is None
    assert "Oncoloog" not in str(tuple(row))


async def test_a_broken_event_is_put_aside_and_the_rest_goes_on(desk: Desk) -> None:
    """One event that cannot be read keeps its own time closed; mending it clears the mark."""
    desk.put("broken", event("broken", ":20261201T090000Z", ":20261201T100000Z", "SEQUENCE:soon"))
    desk.put("fine", event("fine", ":20261202T090000Z", ":20261202T100000Z"))

    account = await desk.connect()
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00"), ("02-12 09:00", "02-12 10:00")]
    assert account.collections[0].troubled == 1

    desk.put("broken", event("broken", ":20261201T093000Z", ":20261201T100000Z"))
    mended = await desk.calendars.sync(desk.tenant, account.id)
    assert mended.collections[0].troubled == 0
    assert await desk.busy() == [("01-12 09:30", "01-12 10:00"), ("02-12 09:00", "02-12 10:00")]


async def test_a_server_that_is_down_frees_nothing(desk: Desk) -> None:
    """What was known stays; the account says that it is behind, and the next try comes later."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await desk.connect()
    desk.radicale.stop()

    desk.clock.advance(timedelta(minutes=5))
    after = await desk.calendars.sync(desk.tenant, account.id)

    assert (after.state, after.problem) == ("degraded", "calendar-unreachable")
    assert after.collections[0].last_ok_at == account.collections[0].last_ok_at
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]

    desk.radicale.start()
    desk.radicale.delete(USER, f"{desk.werk}dentist.ics")
    healed = await desk.calendars.sync(desk.tenant, account.id)
    assert (healed.state, healed.problem) == ("active", None)
    assert healed.collections[0].last_ok_at == desk.clock.now()
    assert await desk.busy() == []


async def test_a_password_that_stops_working_stops_the_asking(desk: Desk) -> None:
    """After two refusals we stop, tell once, and go on when the advisor enters a new password."""
    await desk.connect()
    desk.radicale.set_password(USER, "changed")
    desk.clock.advance(timedelta(minutes=2))
    await desk.worker.run_due()
    assert [each.state for each in await desk.calendars.list_accounts(desk.tenant)] == ["degraded"]
    assert await desk.troubles() == []

    await desk.pass_time(timedelta(minutes=2))
    account = (await desk.calendars.list_accounts(desk.tenant))[0]
    assert (account.state, account.problem) == ("auth-failed", "calendar-refused")
    assert await desk.troubles() == [("calendar-refused", None)]
    assert await desk.waiting("calendar.sync") == []

    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.troubles() == [("calendar-refused", None)]

    desk.radicale.set_password(USER, "sanne-geheim")
    await desk.connect()
    assert (await desk.calendars.status(desk.tenant, account.id)).state == "active"
    assert len(await desk.waiting("calendar.sync")) == 1


async def test_a_new_secret_key_asks_for_the_password_again(desk: Desk) -> None:
    """A password that no longer opens is one that no longer works; nothing else breaks."""
    account = await desk.connect()
    desk.calendars.logins.keyring = Keyring(Secret("another secret key, after a restart"))

    await desk.calendars.sync(desk.tenant, account.id)
    after = await desk.calendars.sync(desk.tenant, account.id)

    assert (after.state, after.problem) == ("auth-failed", "calendar-refused")
    assert (await desk.connect()).state == "active"


async def test_an_invalid_token_leads_to_a_whole_listing(desk: Desk) -> None:
    """A token the server does not know costs one listing, and a real token is kept after it."""
    account = await desk.connect()
    await _set(desk, sync_token="http://radicale.org/ns/sync/nonsense")
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))

    await desk.calendars.sync(desk.tenant, account.id)

    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    async with desk.database.reading(desk.tenant) as db:
        token = await db.scalar(select(calendar_collections.c.sync_token))
    assert token is not None
    assert token.startswith("http://radicale.org/ns/sync/")
    assert not token.endswith("nonsense")


async def test_a_calendar_that_is_suddenly_empty_keeps_its_times(desk: Desk) -> None:
    """Six events gone at once are not believed for a day; then they are."""
    names = [f"event{number}" for number in range(6)]
    for day, name in enumerate(names, start=1):
        desk.put(name, event(name, f":2026120{day}T090000Z", f":2026120{day}T100000Z"))
    account = await desk.connect()
    for name in names:
        desk.radicale.delete(USER, f"{desk.werk}{name}.ics")

    for _ in range(2):
        desk.clock.advance(timedelta(minutes=11))
        after = await desk.calendars.sync(desk.tenant, account.id)
        assert (after.state, after.problem) == ("degraded", "collection-emptied")
        assert len(await desk.busy()) == 6
    assert await desk.troubles() == [("collection-emptied", None)]

    desk.clock.advance(timedelta(days=1))
    after = await desk.calendars.sync(desk.tenant, account.id)
    assert after.state == "active"
    assert await desk.busy() == []


async def test_five_events_may_go_at_once(desk: Desk) -> None:
    """A small calendar can be emptied by its owner."""
    for day in range(1, 6):
        desk.put(f"e{day}", event(f"e{day}", f":2026120{day}T090000Z", f":2026120{day}T100000Z"))
    account = await desk.connect()
    for day in range(1, 6):
        desk.radicale.delete(USER, f"{desk.werk}e{day}.ics")

    await desk.calendars.sync(desk.tenant, account.id)

    assert await desk.busy() == []


async def test_a_calendar_that_is_gone_frees_nothing(desk: Desk) -> None:
    """A removed calendar keeps its times closed until its owner says otherwise."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await desk.connect()
    desk.radicale.delete(USER, desk.werk)

    after = await desk.calendars.sync(desk.tenant, account.id)

    assert (after.state, after.collections[0].problem) == ("missing", "collection-missing")
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]
    assert await desk.troubles() == [("collection-missing", None)]

    await desk.calendars.set_role(desk.tenant, account.id, account.collections[0].id, "ignore")
    assert await desk.busy() == []


async def test_an_ignored_calendar_is_forgotten_and_can_come_back(desk: Desk) -> None:
    """Nothing of a calendar that is none of our business stays with us."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await desk.connect()
    collection = account.collections[0].id

    ignored = await desk.calendars.set_role(desk.tenant, account.id, collection, "ignore")
    assert await desk.busy() == []
    assert ignored.collections[0].objects == 0
    assert (await desk.taken(desk.clock.now(), desk.clock.now())).read_at == {}

    await desk.calendars.set_role(desk.tenant, account.id, collection, "busy")
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_a_series_reaches_on_as_time_goes_by(desk: Desk) -> None:
    """A weekly event keeps new weeks closed although nobody touches it."""
    desk.put(
        "weekly",
        event("weekly", ":20261203T090000Z", ":20261203T100000Z", "RRULE:FREQ=WEEKLY"),
    )
    account = await desk.connect()
    before = await desk.busy()
    assert before[-1] == ("25-03 09:00", "25-03 10:00")

    desk.clock.advance(timedelta(days=30))
    await desk.calendars.sync(desk.tenant, account.id)

    after = await desk.busy()
    assert after[0] == ("31-12 09:00", "31-12 10:00")
    assert after[-1] == ("22-04 09:00", "22-04 10:00")


async def test_freshness_is_that_of_the_most_neglected_calendar(desk: Desk) -> None:
    """One calendar that was never read makes the advisor's whole answer doubtful."""
    desk.radicale.make_calendar(USER, "thuis")
    account = await desk.connect()
    first = desk.clock.now()
    desk.clock.advance(timedelta(minutes=10))
    await _set(desk, one=account.collections[0].id, last_ok_at=desk.clock.now())

    known = await desk.taken(first, first)
    await _set(desk, one=account.collections[0].id, last_ok_at=None)
    unknown = await desk.taken(first, first)

    assert known.read_at == {uuid_of(desk.advisor): epoch(first)}
    assert unknown.read_at == {uuid_of(desk.advisor): None}


async def test_busy_times_are_half_open(desk: Desk) -> None:
    """What ends when the question begins is not in the answer."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    await desk.connect()
    nine, ten, eleven = (datetime(2026, 12, 1, hour, tzinfo=UTC) for hour in (9, 10, 11))

    touching = await desk.taken(ten, eleven)
    within = await desk.taken(nine, ten)

    assert touching.busy == {}
    assert list(within.busy[uuid_of(desk.advisor)]) == [(epoch(nine), epoch(ten))]


@pytest.mark.parametrize("rule", ["FREQ=MINUTELY", "FREQ=DAILY;INTERVAL=0"])
async def test_a_rule_that_would_run_for_ever_closes_the_calendar(desk: Desk, rule: str) -> None:
    """Such a rule is not run; the advisor is closed and the calendar marked."""
    folder = desk.radicale.directory / "collections" / "collection-root" / USER / "werk"
    # Written behind the server's back: it would not take such a thing itself.
    bomb = event("bomb", ":20261201T090000Z", ":20261201T100000Z", f"RRULE:{rule}")
    (folder / "bomb.ics").write_text(bomb)

    account = await desk.connect()

    assert account.collections[0].troubled == 1
    assert await desk.busy() == [("29-11 08:00", "30-03 08:00")]


async def _set(desk: Desk, one: str | None = None, **values: object) -> None:
    async with desk.database.transaction(desk.tenant) as db:
        rows = await db.execute(select(calendar_collections.c.id))
        for row in rows.all():
            if one in {None, row.id}:
                await store.change_collection(db, desk.tenant, row.id, **values)
