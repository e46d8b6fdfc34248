"""Calendars that are an .ics file, on a real web server."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from booking.calendars import ics_feed, store
from booking.calendars.errors import (
    CalendarNotFeed,
    CalendarRefused,
    CalendarTooLarge,
    CalendarUnreachable,
)
from booking.calendars.ics_feed import IcsFeed, address_of
from booking.calendars.model import Account, ConnectInput
from booking.calendars.port import Forbidden, Refused, TokenInvalid, Unreachable
from booking.calendars.splitting import Stream, parse
from booking.calendars.tables import calendar_accounts, calendar_collections, calendar_objects
from booking.sync import Calendars
from kernel.errors import Unprocessable
from kernel.outgoing import AddressRefused, Guard
from kernel.work import Worker
from tests.booking.calendars.conftest import Desk
from tests.booking.calendars.test_splitting import event, feed
from tests.services.processes import free_port
from tests.services.website import Page, Website

PATH = "/private-8f2c1d/basic.ics"
FIRST = ("01-12 09:00", "01-12 10:00")
SECOND = ("02-12 09:00", "02-12 10:00")


@pytest.fixture
def website() -> Iterator[Website]:
    """A web server with nothing on it."""
    website = Website()
    yield website
    website.remove()


@pytest.fixture
def reader(desk: Desk, website: Website) -> Desk:
    """The desk of an advisor whose feed may be called."""
    guard = Guard([f"127.0.0.1:{website.port}", f"127.0.0.1:{desk.radicale.port}"])
    keyring = desk.calendars.logins.keyring
    desk.calendars = Calendars(desk.database, desk.clock, keyring, guard, "https://bank.example")
    desk.worker = Worker(desk.database, desk.clock, effects={}, errands=desk.calendars.errands())
    return desk


async def _connect(reader: Desk, website: Website, path: str = PATH, **more: Any) -> Account:
    data = ConnectInput(advisor=reader.advisor, kind="feed", url=f"{website.url}{path}", **more)
    return await reader.calendars.connect(reader.tenant, data)


async def _sync(reader: Desk, account: Account, *, minutes: int = 1) -> Account:
    reader.clock.advance(timedelta(minutes=minutes))
    return await reader.calendars.sync(reader.tenant, account.id)


def _page(*days: int, **more: object) -> Page:
    return Page(feed(*(event(f"e{day}", day) for day in days)), **more)  # type: ignore[arg-type]  # a test's own words


async def test_a_feed_keeps_bookings_out_and_is_never_written_to(
    reader: Desk, website: Website
) -> None:
    """It is one calendar, by the name it gives itself, in the role of busy and no other."""
    body = feed(event("a", 1), event("b", 2), more=("X-WR-CALNAME:Werk van Sanne",))
    website.pages[PATH] = Page(body)

    account = await _connect(reader, website)

    assert await reader.busy() == [FIRST, SECOND]
    (calendar,) = account.collections
    assert (calendar.name, calendar.role, calendar.writable) == ("Werk van Sanne", "busy", False)
    assert (account.kind, account.state, calendar.objects) == ("feed", "active", 2)
    with pytest.raises(Unprocessable) as caught:
        await reader.calendars.set_role(reader.tenant, account.id, calendar.id, "target")
    assert [each.pointer for each in caught.value.errors] == ["/role"]


@pytest.mark.parametrize("validators", ["etag", "modified"])
async def test_an_unchanged_feed_costs_one_request_and_no_parsing(
    reader: Desk, website: Website, validators: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server says that nothing changed, and that is all; a change is seen at once."""
    website.pages[PATH] = _page(1, validators=validators)
    account = await _connect(reader, website)
    website.statuses()
    parsed: list[bytes] = []

    def counted(body: bytes) -> list[Stream]:
        parsed.append(body)
        return parse(body)

    monkeypatch.setattr(ics_feed, "parse", counted)

    await _sync(reader, account)

    assert (website.statuses(), parsed) == ([304], [])
    website.pages[PATH] = _page(2, validators=validators)
    await _sync(reader, account)
    assert website.statuses() == [200]
    assert len(parsed) == 1
    assert await reader.busy() == [SECOND]


async def test_a_server_that_cannot_tell_is_compared_by_what_it_says(
    reader: Desk, website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request and no parsing, even where every answer has a new time stamp in it."""
    website.pages[PATH] = _page(1, validators="none")
    account = await _connect(reader, website)
    website.statuses()
    website.pages[PATH].body = website.pages[PATH].body.replace(b"20261101T", b"20261129T")
    monkeypatch.setattr(ics_feed, "parse", lambda body: pytest.fail("was parsed"))

    after = await _sync(reader, account)

    assert website.statuses() == [200]
    assert after.collections[0].last_ok_at == reader.clock.now()
    assert await reader.busy() == [FIRST]


async def test_a_feed_is_read_about_every_five_minutes(reader: Desk, website: Website) -> None:
    """Less often than a server, and far more often than bookings would have to wait for it."""
    website.pages[PATH] = _page(1)
    await _connect(reader, website)
    await reader.pass_time(timedelta(minutes=2))
    website.statuses()

    for _ in range(60):
        await reader.pass_time(timedelta(minutes=1))

    assert 60 / 6 - 2 <= len(website.statuses()) <= 60 / 4


async def test_once_a_day_everything_is_read(reader: Desk, website: Website) -> None:
    """A server that says for ever that nothing changed is asked for all of it every day."""
    website.pages[PATH] = _page(1)
    account = await _connect(reader, website)
    website.statuses()

    await _sync(reader, account, minutes=25 * 60)

    assert website.statuses() == [200]


async def test_a_series_goes_on_although_nothing_changes(reader: Desk, website: Website) -> None:
    """Its times are known as far ahead as ever, however long the file stays the same."""
    website.pages[PATH] = Page(feed(event("a", 1, "RRULE:FREQ=DAILY")))
    account = await _connect(reader, website)
    before = await reader.busy()

    for _ in range(10):
        await _sync(reader, account, minutes=24 * 60)

    assert len(await reader.busy()) >= len(before) - 1


BROKEN = {
    "web page": Page(b"<!doctype html><title>Log in</title>", media_type="text/html"),
    "web page that says it is a calendar": Page(b"<!doctype html><title>Log in</title>"),
    "nothing": Page(b""),
    "truncated": Page(feed(event("a", 1), event("b", 2))[:-20]),
    "cut connection": Page(feed(event("a", 1), event("b", 2)), cut=60),
    "gone": Page(status=404),
    "gone for good": Page(status=410),
    "no content": Page(status=204),
    "broken": Page(status=500),
    "busy": Page(status=503),
    "refused": Page(status=401),
    "forbidden": Page(status=403),
    "free and busy": Page(feed(["BEGIN:VFREEBUSY", "UID:x", "END:VFREEBUSY"])),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_what_is_not_the_calendar_frees_nothing(
    reader: Desk, website: Website, broken: str
) -> None:
    """The times that were known stay closed, the account says so, and it mends by itself."""
    website.pages[PATH] = _page(1, 2)
    account = await _connect(reader, website)
    website.pages[PATH] = BROKEN[broken]

    for _ in range(3):
        after = await _sync(reader, account)
        assert after.problem is not None
        assert after.state != "active"
    assert await reader.busy() == [FIRST, SECOND]

    website.pages[PATH] = _page(2)
    mended = await _sync(reader, account)
    assert (mended.state, await reader.busy()) == ("active", [SECOND])


async def test_a_feed_that_is_suddenly_empty_is_not_believed(
    reader: Desk, website: Website
) -> None:
    """Whole and without events, where there were many: its times stay closed for a day."""
    website.pages[PATH] = _page(*range(1, 9))
    account = await _connect(reader, website)
    website.pages[PATH] = Page(feed())

    after = await _sync(reader, account)

    assert after.collections[0].problem == "collection-emptied"
    assert len(await reader.busy()) == 8


async def test_a_redirect_is_not_followed(reader: Desk, website: Website) -> None:
    """Not even on the same server; where it points is never asked."""
    website.pages["/inside.ics"] = _page(1)
    website.pages[PATH] = Page(status=302, headers={"Location": "/inside.ics"})

    with pytest.raises(CalendarNotFeed) as caught:
        await _connect(reader, website)

    assert caught.value.extra["reason"] == "redirect"
    assert [path for path, _ in website.asked] == [PATH]


async def test_a_feed_behind_a_password(reader: Desk, website: Website) -> None:
    """Name and password are sent and kept sealed; a wrong one is refused."""
    website.pages[PATH] = _page(1, login=("sanne", "heel-geheim"))

    with pytest.raises(CalendarRefused):
        await _connect(reader, website)
    with pytest.raises(CalendarRefused):
        await _connect(reader, website, username="sanne", password="fout")
    account = await _connect(reader, website, username="sanne", password="heel-geheim")

    await _sync(reader, account)
    assert await reader.busy() == [FIRST]
    async with reader.database.reading(reader.tenant) as db:
        sealed = await db.scalar(select(calendar_accounts.c.password))
    assert sealed is not None
    assert b"heel-geheim" not in sealed


async def test_the_address_is_a_secret(
    reader: Desk, website: Website, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in no table, no answer, no error and no log; connected again it is the same account."""
    caplog.set_level(logging.DEBUG)
    website.pages[PATH] = _page(1)
    account = await _connect(reader, website)
    again = await _connect(reader, website)
    website.pages["/other-secret.ics"] = _page(2)
    other = await _connect(reader, website, "/other-secret.ics")
    website.pages[PATH] = Page(b"<html>", media_type="text/html")
    broken = await _sync(reader, account)
    with pytest.raises(CalendarNotFeed) as caught:
        await _connect(reader, website)

    assert (again.id == account.id, other.id == account.id) == (True, False)
    assert account.url == f"{website.url}/"
    async with reader.database.reading(reader.tenant) as db:
        rows = [
            str(tuple(row))
            for table in (calendar_accounts, calendar_collections, calendar_objects)
            for row in await db.execute(select(table))
        ]
    error = caught.value
    chain = [error, error.__cause__, None if error.__suppress_context__ else error.__context__]
    shown = [*rows, str(account), str(broken), caplog.text]
    shown += [f"{each!r} {getattr(each, 'errors', '')}" for each in chain]
    assert not [text for text in shown if "private-8f2c1d" in text or "other-secret" in text]


async def test_a_feed_that_is_too_large_is_refused(reader: Desk, website: Website) -> None:
    """More octets, or more events, than anybody has: the error says so, and memory does not."""
    website.pages[PATH] = Page(b"X" * (ics_feed.MAX_BYTES + 1))
    with pytest.raises(CalendarTooLarge):
        await _connect(reader, website)

    small = "BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 50_001
    website.pages[PATH] = Page(feed([small.removesuffix("\r\n")]))
    with pytest.raises(CalendarTooLarge) as caught:
        await _connect(reader, website)
    assert caught.value.extra["reason"] == "too-large"
    website.pages[PATH] = _page(1)
    assert (await _connect(reader, website)).state == "active"


async def test_a_feed_that_grew_too_large_keeps_its_times(reader: Desk, website: Website) -> None:
    """What is refused later frees nothing, and has its own word."""
    website.pages[PATH] = _page(1)
    account = await _connect(reader, website)
    website.pages[PATH] = Page(b"X" * (ics_feed.MAX_BYTES + 1))

    after = await _sync(reader, account)

    assert after.problem == "calendar-too-large"
    assert await reader.busy() == [FIRST]


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(
    reader: Desk, website: Website
) -> None:
    """Retry-After is obeyed."""
    website.pages[PATH] = Page(status=429, headers={"Retry-After": "120"})
    feed_ = IcsFeed(
        reader.calendars.logins.guard, url=f"{website.url}{PATH}", username="", password=""
    )
    async with feed_ as server:
        with pytest.raises(Unreachable) as caught:
            await server.listing(server.url)

    assert caught.value.wait == timedelta(minutes=2)


async def test_nothing_is_written_to_a_feed(reader: Desk, website: Website) -> None:
    """Whoever tries is told so without a request; a token that is none is refused."""
    guard = reader.calendars.logins.guard
    async with IcsFeed(guard, url=f"{website.url}{PATH}", username="", password="") as server:
        with pytest.raises(Forbidden):
            await server.put(server.url, "/a.ics", b"", etag=None)
        with pytest.raises(Forbidden):
            await server.delete(server.url, "/a.ics", etag="")
        with pytest.raises(TokenInvalid):
            await server.changes(server.url, "no token")

    assert website.asked == []


async def test_an_address_that_was_sealed_with_another_key_must_be_entered_again(
    reader: Desk, website: Website
) -> None:
    """Like a password that does not open."""
    website.pages[PATH] = _page(1)
    account = await _connect(reader, website)
    async with reader.database.transaction(reader.tenant) as db:
        await db.execute(calendar_accounts.update().values(address=b"\x01" + b"x" * 60))
        stored = await store.account(db, reader.tenant, account.id)
    assert stored is not None

    with pytest.raises(Refused):
        reader.calendars.logins.open(stored)


@pytest.mark.parametrize("etag", ['"é"', f'"{"x" * 5000}"', "", "not quoted"])
async def test_odd_validators_do_no_harm(reader: Desk, website: Website, etag: str) -> None:
    """What cannot be sent back is not; the feed is then compared by what it says."""
    website.pages[PATH] = _page(1, validators="none", headers={"ETag": etag})
    account = await _connect(reader, website)

    assert (await _sync(reader, account)).state == "active"
    assert (await _sync(reader, account)).state == "active"


async def test_odd_identifiers_do_no_harm(reader: Desk, website: Website) -> None:
    """A NUL or thousands of characters in a UID: the events close their time all the same."""
    long = "".join(f"{number * 7919 % 9973:x}" for number in range(5000))
    body = feed(event("nul\0nul", 1), event(long, 2), event(f"{long}é", 3))
    website.pages[PATH] = Page(body)

    account = await _connect(reader, website)

    assert (account.state, len(await reader.busy())) == ("active", 3)
    website.pages[PATH] = Page(feed(event("nul\0nul", 1), event(long, 2)))
    await _sync(reader, account)
    assert await reader.busy() == [FIRST, SECOND]


async def test_nobody_in_particular_declines_for_the_advisor(
    reader: Desk, website: Website
) -> None:
    """A log-in without a name is no address: a guest without one who declines is not its owner."""
    declined = "ATTENDEE;PARTSTAT=DECLINED:mailto:"
    website.pages[PATH] = Page(
        feed(event("a", 1, declined), event("b", 2, f"{declined}sanne@bank.example"))
    )

    await _connect(reader, website)

    assert await reader.busy() == [FIRST]


async def test_nobody_listens(reader: Desk, website: Website) -> None:
    """A server that is down is not a wrong address; no cause carries the request along."""
    guard = Guard([f"127.0.0.1:{port}" for port in (free_port(), website.port)])
    keyring = reader.calendars.logins.keyring
    calendars = Calendars(reader.database, reader.clock, keyring, guard, "https://bank.example")
    (closed,) = [port for _, port in guard.allow if port != website.port]
    data = ConnectInput(advisor=reader.advisor, kind="feed", url=f"http://127.0.0.1:{closed}/a.ics")

    with pytest.raises(CalendarUnreachable) as refused:
        await calendars.connect(reader.tenant, data)
    async with IcsFeed(guard, url=data.url or "", username="", password="") as server:
        with pytest.raises(Unreachable) as down:
            await server.state(server.url)

    for problem in (refused.value, down.value):
        assert (problem.__cause__, problem.__suppress_context__) == (None, True)


@pytest.mark.parametrize(
    ("entered", "called"),
    [
        ("webcal://calendar.example/a.ics", "https://calendar.example/a.ics"),
        ("WEBCALS://calendar.example/a.ics", "https://calendar.example/a.ics"),
        (" https://calendar.example/a.ics?token=x#part ", "https://calendar.example/a.ics?token=x"),
    ],
)
def test_webcal_means_https(entered: str, called: str) -> None:
    """As calendar programs write it, with blanks around it."""
    assert address_of(Guard(), entered) == called


@pytest.mark.parametrize(
    "entered",
    ["http://calendar.example/a.ics", "ftp://x/a.ics", "a.ics", "", "https://n:p@x.example/a.ics"],
)
def test_only_https_is_called(entered: str) -> None:
    """Nothing else, and no password in the address."""
    with pytest.raises(AddressRefused):
        address_of(Guard(), entered)
