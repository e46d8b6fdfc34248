"""A calendar that we keep: behind the port like any server, for its advisor, and as a feed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from booking import service
from booking.calendars import own_store
from booking.calendars.errors import NoOwnCalendar
from booking.calendars.model import Account, ConnectInput, EntryInput, StoredAccount
from booking.calendars.own import OwnServer
from booking.calendars.port import (
    ChangedMeanwhile,
    Garbled,
    Missing,
    TokenInvalid,
    TooLarge,
    href_of,
)
from booking.calendars.tables import own_objects
from kernel.errors import Invalid, NotFound, Unprocessable
from tests.booking.calendars.conftest import Desk, event

TUESDAY_NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
WEDNESDAY_TEN = datetime(2026, 12, 2, 9, tzinfo=UTC)
BODY = event("a", ":20261201T090000Z", ":20261201T100000Z").encode()
OTHER = event("a", ":20261202T090000Z", ":20261202T100000Z").encode()


async def _own(desk: Desk) -> Account:
    return await desk.calendars.connect(desk.tenant, ConnectInput(advisor=desk.advisor, kind="own"))


async def _server(desk: Desk) -> OwnServer:
    account = await _own(desk)
    stored = StoredAccount(
        id=account.id,
        tenant_id=desk.tenant,
        advisor_id=desk.advisor,
        kind="own",
        auth="basic",
        url=account.url,
        address=None,
        username="",
        password=b"",
        state="active",
        problem=None,
        failures=0,
    )
    return OwnServer(desk.database, stored)


def _block(start: datetime, hours: int = 1, title: str | None = None) -> EntryInput:
    return EntryInput(start=start, end=start + timedelta(hours=hours), title=title)


# --- the port ------------------------------------------------------------------------------------


async def test_objects_are_written_under_conditions(desk: Desk) -> None:
    """Nothing is written over unseen, and what is gone may be removed again."""
    async with await _server(desk) as server:
        url, href = server.url, f"{href_of(server.url)}with a space@and.ics"
        assert await server.get(url, href) is None
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, BODY, etag='"of nothing"')
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, BODY, etag="")
        await server.put(url, href, BODY, etag=None)
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, b"ours", etag=None)

        first = await server.get(url, href)
        assert first is not None
        assert first.body == BODY
        await server.put(url, href, OTHER, etag=first.etag)
        for write in (
            server.put(url, href, BODY, etag=first.etag),
            server.delete(url, href, etag=first.etag),
        ):
            with pytest.raises(ChangedMeanwhile):
                await write

        (second,) = await server.fetch(url, [href, f"{href_of(url)}nothing.ics"])
        assert (second.href, second.body) == (href, OTHER)
        assert await server.listing(url) == {href: second.etag}
        await server.delete(url, href, etag=second.etag)
        await server.delete(url, href, etag=second.etag)
        assert await server.listing(url) == {}
        await server.put(url, href, BODY, etag=None)
        await server.put(url, href, OTHER, etag="")
        await server.delete(url, href, etag="")


async def test_changes_are_told_since_a_token(desk: Desk) -> None:
    """New, changed and gone objects, and nothing else; a token nobody issued is refused."""
    async with await _server(desk) as server:
        url = server.url
        hrefs = [f"{href_of(url)}{name}.ics" for name in ("old", "new", "kept")]
        old, new, kept = hrefs
        await server.put(url, old, BODY, etag=None)
        await server.put(url, kept, BODY, etag=None)
        token = (await server.state(url)).sync_token
        assert token is not None
        await server.put(url, new, BODY, etag=None)
        await server.delete(url, old, etag="")

        changes = await server.changes(url, token)

        assert changes.changed == {new: (await server.listing(url))[new]}
        assert changes.gone == [old]
        again = await server.changes(url, changes.token)
        assert (again.changed, again.gone, again.token) == ({}, [], changes.token)
        await server.put(url, old, OTHER, etag=None)
        assert list((await server.changes(url, token)).changed) == [new, old]
        other = ((await server.state(url)).sync_token or "").rpartition(":")[0]
        for never in ("", "7", "nothing:1", f"{other}:99", f"{other}:-1", f"{other}:x"):
            with pytest.raises(TokenInvalid):
                await server.changes(url, never)


async def test_a_calendars_state_differs_when_it_does(desk: Desk) -> None:
    """It stands still with the calendar and moves with it; nowhere there is none."""
    async with await _server(desk) as server:
        href = f"{href_of(server.url)}a.ics"
        empty = await server.state(server.url)
        await server.put(server.url, href, BODY, etag=None)
        one = await server.state(server.url)

        assert one == await server.state(server.url)
        assert one.sync_token != empty.sync_token
        with pytest.raises(Missing):
            await server.state("own:/nowhere/")


async def test_no_change_falls_between_two_tokens(desk: Desk) -> None:
    """Whoever follows the tokens while others write knows in the end what a listing shows."""
    async with await _server(desk) as server:
        url = server.url
        token = (await server.state(url)).sync_token
        assert token is not None

        async def write(number: int) -> None:
            href = f"{href_of(url)}n{number}.ics"
            await server.put(url, href, BODY, etag=None)
            if number % 3 == 2:
                await server.delete(url, href, etag="")

        writing = asyncio.gather(*(write(number) for number in range(18)))
        known: dict[str, str] = {}
        while True:
            done = writing.done()
            changes = await server.changes(url, token)
            known |= changes.changed
            for href in changes.gone:
                known.pop(href, None)
            token = changes.token
            if done:
                break

        assert known == await server.listing(url)
        assert len(known) == 12


async def test_what_is_no_entry_is_not_kept(desk: Desk) -> None:
    """Another calendar is missing; text, an event without a UID and a huge one are refused."""
    async with await _server(desk) as server:
        url, href = server.url, f"{href_of(server.url)}a.ics"
        for wrong in ("own:/acc_other/", "https://bank.example/"):
            with pytest.raises(Missing):
                await server.listing(wrong)
            with pytest.raises(Missing):
                await server.put(wrong, href, BODY, etag=None)
        for body in (b"", b"text", BODY.replace(b"UID:a\r\n", b""), BODY[:-10]):
            with pytest.raises(Garbled):
                await server.put(url, href, body, etag=None)
        for place in ("/elsewhere/a.ics", href_of(url), f"{href_of(url)}a/b.ics"):
            with pytest.raises(Garbled):
                await server.put(url, place, BODY, etag=None)
        with pytest.raises(TooLarge):
            await server.put(url, href, b"x" * (2**20 + 1), etag=None)
        assert await server.listing(url) == {}


async def test_of_many_who_write_at_once_one_does(desk: Desk) -> None:
    """The condition holds in the database, whoever asks."""
    async with await _server(desk) as server:
        url, href = server.url, f"{href_of(server.url)}a.ics"
        before = (await server.state(url)).sync_token
        assert before is not None
        ends = await asyncio.gather(
            *(server.put(url, href, BODY, etag=None) for _ in range(8)), return_exceptions=True
        )

        assert sorted(type(end).__name__ for end in ends) == ["ChangedMeanwhile"] * 7 + ["NoneType"]
        assert list((await server.changes(url, before)).changed) == [href]


# --- for its advisor -----------------------------------------------------------------------------


async def test_an_advisor_without_a_server_has_a_calendar(desk: Desk) -> None:
    """It is the target; a booking appears in it, moves and goes, and is no appointment."""
    account = await _own(desk)
    assert (account.kind, account.state) == ("own", "active")
    assert [each.role for each in account.collections] == ["target"]
    server = await _server(desk)
    href = f"{href_of(server.url)}{{}}.ics"

    booking = await desk.book(TUESDAY_NINE)
    entry = await server.get(server.url, href.format(booking.id))
    assert entry is not None
    assert b"DTSTART:20261201T080000Z" in entry.body
    await desk.pass_time(timedelta(minutes=5))
    assert await desk.busy() == []

    async with desk.database.transaction(desk.tenant) as db:
        booking = await service.reschedule(
            db, desk.tenant, booking.id, WEDNESDAY_TEN, now=desk.clock.now(), by="customer"
        )
    await desk.worker.run_due()
    entry = await server.get(server.url, href.format(booking.id))
    assert entry is not None
    assert b"DTSTART:20261202T090000Z" in entry.body

    async with desk.database.transaction(desk.tenant) as db:
        await service.cancel(
            db, desk.tenant, booking.id, reason=None, now=desk.clock.now(), by="customer"
        )
    await desk.worker.run_due()
    assert await server.listing(server.url) == {}


async def test_an_advisor_has_one_at_most(desk: Desk) -> None:
    """Asked for again, even by several at once, it is the one that is there."""
    made = await asyncio.gather(*(_own(desk) for _ in range(3)))

    assert len({each.id for each in [*made, await _own(desk)]}) == 1
    assert len(await desk.calendars.list_accounts(desk.tenant)) == 1


async def test_entries_close_their_time_and_give_it_back(desk: Desk) -> None:
    """At once, in both directions; bookings are not among the entries."""
    account = await _own(desk)
    own = desk.calendars.own
    await desk.book(TUESDAY_NINE)

    later = await own.add(desk.tenant, account.id, _block(WEDNESDAY_TEN, 2))
    titled = await own.add(desk.tenant, account.id, _block(TUESDAY_NINE, title="Tandarts; é, \\n"))

    assert await desk.busy() == [("01-12 08:00", "01-12 09:00"), ("02-12 09:00", "02-12 11:00")]
    assert await own.entries(desk.tenant, account.id) == [titled, later]
    assert (titled.title, titled.start) == ("Tandarts; é, \\n", TUESDAY_NINE)
    await own.remove(desk.tenant, account.id, later.id)
    assert await desk.busy() == [("01-12 08:00", "01-12 09:00")]
    with pytest.raises(NotFound):
        await own.remove(desk.tenant, account.id, later.id)


async def test_an_entry_has_to_be_a_stretch_of_time(desk: Desk) -> None:
    """It ends after it starts, and within a year or so; its title is one line."""
    account = await _own(desk)
    for data, pointer in (
        (_block(TUESDAY_NINE, 0), "/end"),
        (_block(TUESDAY_NINE, -1), "/end"),
        (_block(TUESDAY_NINE, 24 * 401), "/end"),
        (_block(TUESDAY_NINE, title="two\r\nSUMMARY:lines"), "/title"),
    ):
        with pytest.raises(Invalid) as caught:
            await desk.calendars.own.add(desk.tenant, account.id, data)
        assert [each.pointer for each in caught.value.errors] == [pointer]
    assert await desk.calendars.own.entries(desk.tenant, account.id) == []


async def test_a_full_calendar_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit, and it is named."""
    monkeypatch.setattr("booking.calendars.own_desk.MOST", 1)
    account = await _own(desk)
    await desk.calendars.own.add(desk.tenant, account.id, _block(TUESDAY_NINE))

    with pytest.raises(Unprocessable, match="full"):
        await desk.calendars.own.add(desk.tenant, account.id, _block(WEDNESDAY_TEN))


async def test_other_peoples_calendars_have_no_entries_of_ours(desk: Desk) -> None:
    """Entries and feeds are of a calendar that we keep, not of one on a server."""
    account = await desk.connect()
    own = desk.calendars.own

    for ask in (
        own.entries(desk.tenant, account.id),
        own.add(desk.tenant, account.id, _block(TUESDAY_NINE)),
        own.remove(desk.tenant, account.id, "ent_01m8nqfj00eft9d4n3f118179v"),
        own.renew_feed(desk.tenant, account.id),
    ):
        with pytest.raises(NoOwnCalendar):
            await ask


# --- as a feed -----------------------------------------------------------------------------------


async def test_the_feed_holds_bookings_and_entries_without_their_titles(desk: Desk) -> None:
    """By default neither the kind of meeting nor a title is shown to whoever has the link."""
    account = await _own(desk)
    own = desk.calendars.own
    booking = await desk.book(TUESDAY_NINE)
    entry = await own.add(desk.tenant, account.id, _block(WEDNESDAY_TEN, title="Oncoloog"))
    generation = await own.renew_feed(desk.tenant, account.id)

    body = await own.feed(desk.tenant, account.id, generation)

    assert body is not None
    events: dict[str, Any] = {str(each["UID"]): each for each in Calendar.from_ical(body).events}
    assert {uid: str(each["SUMMARY"]) for uid, each in events.items()} == {
        booking.uid: "Afspraak, zie Spreekuur",
        f"{entry.id}@spreekuur": "Bezet",
    }
    assert events[booking.uid]["DTSTART"].dt == TUESDAY_NINE
    assert "Oncoloog" not in body.decode()
    assert "Sanne" not in body.decode()
    assert max(len(line) for line in body.split(b"\r\n")) <= 75

    await desk.settle(reveal_in_calendar=True)
    shown = await own.feed(desk.tenant, account.id, generation)
    assert shown is not None
    assert b"SUMMARY:Oncoloog" in shown


async def test_a_link_ends_with_the_next_and_when_it_is_revoked(desk: Desk) -> None:
    """Only the newest generation opens the feed, and at first there is none."""
    account = await _own(desk)
    own = desk.calendars.own

    assert await own.feed(desk.tenant, account.id, 1) is None
    first = await own.renew_feed(desk.tenant, account.id)
    assert await own.feed(desk.tenant, account.id, first) is not None
    second = await own.renew_feed(desk.tenant, account.id)
    assert await own.feed(desk.tenant, account.id, first) is None
    assert await own.feed(desk.tenant, account.id, second) is not None


async def test_a_calendar_of_ours_goes_with_its_account(desk: Desk) -> None:
    """Disconnected, nothing of it is left, and its advisor may have a new one."""
    account = await _own(desk)
    await desk.calendars.own.add(desk.tenant, account.id, _block(TUESDAY_NINE))

    await desk.calendars.disconnect(desk.tenant, account.id)

    assert await desk.busy() == []
    async with desk.database.reading(desk.tenant) as db:
        assert (await db.execute(select(own_objects))).all() == []
        assert await own_store.calendar(db, desk.tenant, account.id) is None
    assert (await _own(desk)).id != account.id
