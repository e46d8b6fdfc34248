"""What we ask of a calendar server holds on every one of them, through the real adapter.

A server is left out of a promise only for what it is known not to do; the reason stands beside it.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import pytest

from booking.calendars.caldav import CaldavServer
from booking.calendars.port import (
    CalendarProblem,
    ChangedMeanwhile,
    Forbidden,
    Garbled,
    Missing,
    Refused,
    TokenInvalid,
    Unreachable,
    href_of,
)
from tests.booking.calendars.contract.conftest import COLLEAGUE, USER, Place, meeting
from tests.services.fault_proxy import FaultProxy, paged

_AMSTERDAM: Final = (
    "<c:calendar-timezone>BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\n"
    "TZID:Europe/Amsterdam\r\nBEGIN:STANDARD\r\nDTSTART:19961027T030000\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "END:VCALENDAR\r\n</c:calendar-timezone>"
)


@dataclass(frozen=True)
class Traits:
    """What one server is known to do otherwise (calendar servers compared, in docs/calendars.md).

    Attributes:
        forgives_tokens: It answers to a token that it never issued.
        stranger: How it keeps one person from another's calendar.
        schedules: It puts invitations into the calendars of those invited.
        ctag: It has one that differs whenever the calendar does.
        etags: Those in a listing tell an event from another that was made in its place.
        tells_again: It may tell once more what it has told, or what was there before the token.
    """

    forgives_tokens: bool = False
    stranger: type[CalendarProblem] = Forbidden
    schedules: bool = False
    ctag: bool = True
    etags: bool = True
    tells_again: bool = False


TRAITS: Final = {
    "Radicale": Traits(),
    "Xandikos": Traits(stranger=Unreachable),  # a 500 of its own
    "Cyrus": Traits(schedules=True, stranger=Garbled),  # points elsewhere, and refuses there
    "DAViCal": Traits(schedules=True, forgives_tokens=True, tells_again=True),
    "SOGo": Traits(
        schedules=True,
        forgives_tokens=True,
        stranger=Missing,
        ctag=False,
        etags=False,
        tells_again=True,
    ),
}

NEVER: Final = {
    "Radicale": "http://radicale.org/ns/sync/" + "0" * 64,
    "Xandikos": "0" * 40,
    "Cyrus": "data:,1-999999",
    "DAViCal": "data:,999999",
    "SOGo": "1",
}
"""Tokens that look as if the server had issued them."""


def _traits(place: Place) -> Traits:
    return TRAITS[place.dav.name]


# --- finding calendars ---------------------------------------------------------------------------


async def test_calendars_are_found_from_where_a_person_would_begin(place: Place) -> None:
    """From the address of one's calendars all of them are found, and can be written to."""
    start = place.dav.connect_url(USER)
    async with place.open(url=start) as server:
        found = {each.url: each for each in await server.discover()}

    assert place.url in found
    assert found[place.url].writable
    assert all(url.startswith(start) for url in found)


async def test_the_calendar_that_was_named_comes_first(place: Place) -> None:
    """Who enters the address of one calendar means that one, with or without its last stroke."""
    for url in (place.url, place.url.rstrip("/")):
        async with place.open(url=url) as server:
            found = await server.discover()

        assert found[0].url == place.url
        assert len({each.url for each in found}) == len(found)


async def test_a_calendars_zone_is_known(place: Place) -> None:
    """Events without a zone mean the zone of their calendar, where its server tells it."""
    body = (
        '<d:propertyupdate xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
        f"{_AMSTERDAM}</d:prop></d:set></d:propertyupdate>"
    )
    place.dav.request(USER, "PROPPATCH", place.url, body, {"Content-Type": "application/xml"})
    async with place.open() as server:
        found = {each.url: each.timezone for each in await server.discover()}

    assert found[place.url] == "Europe/Amsterdam"


# --- writing -------------------------------------------------------------------------------------


async def test_what_is_written_is_kept(place: Place) -> None:
    """UID, times and properties of our own come back: by these an entry is recognised."""
    body = meeting("kept", "X-SPREEKUUR-BOOKING:bkg_1", "SUMMARY:Afspraak", "SEQUENCE:3")
    href = place.href("kept.ics")
    async with place.open() as server:
        await server.put(place.url, href, body.encode(), etag=None)
        found = await server.get(place.url, href)

    assert found is not None
    assert (found.href, bool(found.etag)) == (href, True)
    lines = found.body.decode().replace("\r\n", "\n").split("\n")
    expected = {"UID:kept", "DTSTART:20261201T090000Z", "DTEND:20261201T100000Z"}
    assert expected | {"X-SPREEKUUR-BOOKING:bkg_1", "SUMMARY:Afspraak", "SEQUENCE:3"} <= set(lines)


async def test_creating_writes_over_nothing(place: Place) -> None:
    """What the advisor put there first stays, also where the server would let us overwrite it."""
    place.put("here.ics", meeting("theirs"))
    async with place.open() as server:
        with pytest.raises(ChangedMeanwhile):
            await server.put(place.url, place.href("here.ics"), b"ours", etag=None)

    assert "UID:theirs" in place.get("here.ics")


async def test_changing_needs_the_present_etag(place: Place) -> None:
    """Under the present etag an entry is replaced; under an older one it is left alone."""
    href = place.href("one.ics")
    async with place.open() as server:
        await server.put(place.url, href, meeting("one").encode(), etag=None)
        first = await server.get(place.url, href)
        assert first is not None
        await asyncio.sleep(_tick(place))
        await server.put(place.url, href, meeting("one", "SUMMARY:b").encode(), etag=first.etag)
        with pytest.raises(ChangedMeanwhile):
            await server.put(place.url, href, meeting("one").encode(), etag=first.etag)
        second = await server.get(place.url, href)

    assert second is not None
    assert second.etag != first.etag
    assert b"SUMMARY:b" in second.body


async def test_removing_needs_the_present_etag(place: Place) -> None:
    """An entry that was changed meanwhile stays; what is gone may be removed again."""
    href = place.href("one.ics")
    async with place.open() as server:
        await server.put(place.url, href, meeting("one").encode(), etag=None)
        first = await server.get(place.url, href)
        assert first is not None
        place.put("one.ics", meeting("one", "SUMMARY:theirs"))
        with pytest.raises(ChangedMeanwhile):
            await server.delete(place.url, href, etag=first.etag)
        assert "SUMMARY:theirs" in place.get("one.ics")

        second = await server.get(place.url, href)
        assert second is not None
        await server.delete(place.url, href, etag=second.etag)
        await server.delete(place.url, href, etag=second.etag)
        assert await server.get(place.url, href) is None
    assert place.names() == []


async def test_unusual_names_are_taken_as_they_are(place: Place) -> None:
    """Names with blanks and signs are one event each, under the same name everywhere."""
    names = ["with a blank.ics", "sanne@bank.ics", "a+b.ics"]
    hrefs = {place.href(name) for name in names}
    async with place.open() as server:
        for number, href in enumerate(sorted(hrefs)):
            body = meeting(f"u{number}", day=number + 1)
            await server.put(place.url, href, body.encode(), etag=None)
        listed = await server.listing(place.url)
        fetched = await server.fetch(place.url, sorted(hrefs))
        single = await server.get(place.url, place.href(names[0]))

    assert set(listed) == hrefs == {each.href for each in fetched}
    assert single is not None
    assert place.names() == sorted(names)


# --- reading -------------------------------------------------------------------------------------


async def test_everything_is_listed(place: Place) -> None:
    """A listing holds every event with the etag it has when read, if that proves anything."""
    for number in range(60):
        place.put(f"e{number}.ics", meeting(f"e{number}", day=number % 28 + 1))
    async with place.open() as server:
        listing = await server.listing(place.url)
        objects = await server.fetch(place.url, sorted(listing))
        single = await server.get(place.url, place.href("e0.ics"))

    assert set(listing) == {place.href(f"e{number}.ics") for number in range(60)}
    etags = {each.href: each.etag for each in objects}
    assert listing == (etags if _traits(place).etags else dict.fromkeys(etags, ""))
    assert single is not None
    assert single.etag == etags[single.href]
    assert len({each.body for each in objects}) == 60


async def test_an_empty_calendar_is_an_empty_listing(place: Place) -> None:
    """Nothing is nothing, and no trouble; a calendar that is not there is trouble."""
    async with place.open() as server:
        assert await server.listing(place.url) == {}
        assert await server.fetch(place.url, []) == []
        for asked in (server.listing, server.state):
            with pytest.raises(Missing):
                await asked(f"{place.dav.connect_url(USER)}nowhere/")


async def test_what_is_gone_is_left_out(place: Place) -> None:
    """Asked for several events of which one has gone, the server gives the others."""
    place.put("here.ics", meeting("here"))
    place.put("gone.ics", meeting("gone", day=2))
    hrefs = [place.href("here.ics"), place.href("gone.ics")]
    place.delete("gone.ics")
    async with place.open() as server:
        (found,) = await server.fetch(place.url, hrefs)
        assert await server.get(place.url, hrefs[1]) is None

    assert found.href == hrefs[0]
    assert b"UID:here" in found.body


async def test_changes_are_told_since_a_token(place: Place) -> None:
    """New, changed and gone events are told; events that stayed as they were need not be."""
    for number, name in enumerate(("changed", "gone", "same")):
        place.put(f"{name}.ics", meeting(name, day=number + 1))
    await asyncio.sleep(_tick(place))
    async with place.open() as server:
        token = (await server.state(place.url)).sync_token
        assert token is not None
        await asyncio.sleep(_tick(place))
        place.put("new.ics", meeting("new", day=9))
        place.put("changed.ics", meeting("changed", "SUMMARY:b"))
        place.delete("gone.ics")

        changes = await server.changes(place.url, token)

        told = {place.href("new.ics"), place.href("changed.ics")}
        assert told <= set(changes.changed)
        assert changes.gone == [place.href("gone.ics")]
        listing = await server.listing(place.url)
        if _traits(place).etags:
            assert {href: listing[href] for href in changes.changed} == changes.changed
        if not _traits(place).tells_again:
            assert set(changes.changed) == told
            again = await server.changes(place.url, changes.token)
            assert (again.changed, again.gone) == ({}, [])


async def test_no_change_falls_between_two_tokens(place: Place) -> None:
    """Whoever follows the tokens knows what a listing would show, however quick the changes."""
    known: set[str] = set()
    async with place.open() as server:
        token = (await server.state(place.url)).sync_token
        assert token is not None
        for number in range(8):
            place.put(f"n{number}.ics", meeting(f"n{number}", day=number + 1))
            if number % 3 == 2:
                place.delete(f"n{number - 1}.ics")
            changes = await server.changes(place.url, token)
            known = (known | set(changes.changed)) - set(changes.gone)
            token = changes.token

        assert known == set(await server.listing(place.url))


async def test_a_token_that_was_never_issued_hides_nothing(place: Place) -> None:
    """It is refused, so that everything is listed; or else everything is told."""
    place.put("a.ics", meeting("a"))
    async with place.open() as server:
        own = (await server.state(place.url)).sync_token or ""
        never = NEVER[place.dav.name]
        assert own != never
        if not _traits(place).forgives_tokens:
            with pytest.raises(TokenInvalid):
                await server.changes(place.url, never)
        else:
            told = await server.changes(place.url, never)
            assert set(told.changed) <= {place.href("a.ics")}
        assert set(await server.listing(place.url)) == {place.href("a.ics")}


async def test_a_calendars_state_differs_when_it_does(place: Place) -> None:
    """Where there is a ctag or a token, it stands still with the calendar and moves with it."""
    async with place.open() as server:
        empty = await server.state(place.url)
        await asyncio.sleep(_tick(place))
        place.put("a.ics", meeting("a"))
        one = await server.state(place.url)
        same = await server.state(place.url)

    assert one.sync_token == same.sync_token != empty.sync_token
    if _traits(place).ctag:
        assert one.ctag == same.ctag != empty.ctag
        assert None not in {empty.ctag, one.ctag}
    else:
        assert one.ctag is None


async def test_changes_in_pages_are_one_answer(place: Place) -> None:
    """Where a delta comes in pages, all of them are read; we never ask for a part (DAV:limit)."""
    async with place.open() as server:
        token = (await server.state(place.url)).sync_token
        assert token is not None
    await asyncio.sleep(_tick(place))
    for number in range(7):
        place.put(f"p{number}.ics", meeting(f"p{number}", day=number + 1))
    place.delete("p6.ics")
    with FaultProxy(place.dav.port) as proxy:
        rule = proxy.on("REPORT", "*", paged(3), containing="sync-collection")
        async with place.open(by=proxy) as server:
            changes = await server.changes(proxy.through(place.url), token)

        assert rule.hits >= 2
        assert all(b"limit" not in each.body for each in proxy.seen)
    assert set(changes.changed) == {place.href(f"p{number}.ics") for number in range(6)}
    assert not changes.token.startswith("page:")


# --- who may -------------------------------------------------------------------------------------


async def test_a_wrong_password_is_refused(place: Place) -> None:
    """Every request says so, also those that some servers would answer a stranger."""
    async with place.open(password="guess") as server:
        for attempt in (
            server.discover(),
            server.state(place.url),
            server.listing(place.url),
            server.get(place.url, place.href("a.ics")),
            server.put(place.url, place.href("a.ics"), meeting("a").encode(), etag=None),
        ):
            with pytest.raises(Refused):
                await attempt
    assert place.names() == []


async def test_somebody_elses_calendar_stays_theirs(place: Place) -> None:
    """It can neither be read nor written, and does not look like an empty one."""
    theirs = place.dav.calendar(COLLEAGUE)
    if place.dav.name == "Radicale":
        place.dav.make_calendar(COLLEAGUE, place.dav.first)
    before = place.dav.names(COLLEAGUE, theirs)
    async with place.open() as server:
        expected = _traits(place).stranger
        with pytest.raises(expected):
            await server.listing(theirs)
        with pytest.raises(CalendarProblem):
            await server.put(
                theirs, f"{href_of(theirs)}ours.ics", meeting("ours").encode(), etag=None
            )
    assert place.dav.names(COLLEAGUE, theirs) == before
    if place.dav.name == "Radicale":
        place.dav.delete(COLLEAGUE, theirs)


async def test_a_server_that_schedules_tells_nobody_of_our_entry(place: Place) -> None:
    """Our entries name no organiser and no guest, so nothing appears at a colleague's."""
    if not _traits(place).schedules:
        pytest.skip("it puts nothing into other people's calendars")
    theirs = place.dav.calendar(COLLEAGUE)
    inbox = _inbox(place)
    invitation = meeting(
        "invited",
        f"ORGANIZER:mailto:{USER}@example.com",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{USER}@example.com",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{COLLEAGUE}@example.com",
    )
    place.put("invited.ics", invitation)
    assert place.dav.names(COLLEAGUE, theirs) != [], "it does not schedule: this proves nothing"
    for url in (theirs, *inbox):
        for name in place.dav.names(COLLEAGUE, url):
            place.dav.delete(COLLEAGUE, f"{url}{name}")
    place.delete("invited.ics")
    before = [place.dav.names(COLLEAGUE, url) for url in (theirs, *inbox)]

    href = place.href("ours.ics")
    async with place.open() as server:
        body = meeting("ours", "DESCRIPTION:met bart@example.com", day=4)
        await server.put(place.url, href, body.encode(), etag=None)
        await _change_and_remove(server, place, href)

    assert [place.dav.names(COLLEAGUE, url) for url in (theirs, *inbox)] == before


async def _change_and_remove(server: CaldavServer, place: Place, href: str) -> None:
    first = await server.get(place.url, href)
    assert first is not None
    await server.put(
        place.url, href, meeting("ours", "SEQUENCE:1", day=5).encode(), etag=first.etag
    )
    second = await server.get(place.url, href)
    assert second is not None
    await server.delete(place.url, href, etag=second.etag)


def _inbox(place: Place) -> list[str]:
    names = {"Cyrus": "Inbox", "DAViCal": ".in"}
    home = place.dav.connect_url(COLLEAGUE)
    return [f"{home}{names[place.dav.name]}/"] if place.dav.name in names else []


def _tick(place: Place) -> float:
    """Return for how long SOGo cannot tell two moments apart: it counts in seconds."""
    return 1.1 if place.dav.name == "SOGo" else 0.0
