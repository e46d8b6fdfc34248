"""What real servers say of the person behind a log-in, and of what a calendar is for."""

from datetime import timedelta
from urllib.parse import urljoin

import pytest

from booking.calendars.availability import availabilities_in
from booking.calendars.model import ConnectInput
from booking.expansion import horizon_at
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.ids import Id
from tests.booking.calendars.conftest import Desk
from tests.booking.calendars.contract.conftest import USER, Place, Servers
from tests.booking.calendars.test_published import closed_at, declined, hours
from tests.services.cyrus import Cyrus
from tests.services.dav import PASSWORDS, DavServer
from tests.services.radicale import Radicale

KNOWS_ADDRESSES = {"Cyrus", "DAViCal", "SOGo"}
KNOWS_TRANSPARENCY = {"Cyrus", "SOGo"}
TAKES_TRANSPARENCY = {*KNOWS_TRANSPARENCY, "DAViCal"}
"""DAViCal says yes, and forgets it."""


@pytest.fixture
def cyrus(servers: Servers) -> DavServer:
    """The server that keeps a person's availability at their inbox (RFC 7953, 7.2.4)."""
    return servers(Cyrus)


async def test_every_server_can_be_asked_about_the_person(place: Place) -> None:
    """Their addresses where it knows them, no hours where none were published, and no error."""
    async with place.open() as server:
        about = await server.about()

    domain = {each.partition("@")[2] for each in about.addresses}
    assert bool(about.addresses) == (place.dav.name in KNOWS_ADDRESSES), about
    assert all(each == each.lower() and ":" not in each for each in about.addresses)
    assert domain <= {"example.com"}
    # Xandikos names an inbox that answers 500, so nobody knows.
    assert about.availability == (None if place.dav.name == "Xandikos" else b"")


async def test_a_transparent_calendar_is_told_from_others(place: Place) -> None:
    """By those servers that keep the property; to the rest all calendars are alike."""
    found = await _found(place)
    assert found is False

    said = "<c:transparent/>"
    if place.dav.name in TAKES_TRANSPARENCY:
        place.dav.set_property(USER, place.url, "schedule-calendar-transp", said)
    assert await _found(place) == (place.dav.name in KNOWS_TRANSPARENCY)


async def _found(place: Place) -> bool:
    async with place.open(url=place.dav.connect_url(USER)) as server:
        return next(each for each in await server.discover() if each.url == place.url).transparent


@pytest.mark.parametrize("kind", [Radicale, Cyrus])
async def test_published_hours_are_read_where_they_stand(
    servers: Servers, kind: type[DavServer], clock: FixedClock
) -> None:
    """At the inbox of Cyrus, at the home of Radicale; they come out as they were written."""
    dav = servers(kind)
    where = urljoin(dav.connect_url(USER), "Inbox/" if kind is Cyrus else "")
    dav.set_property(USER, where, "calendar-availability", hours())
    try:
        async with Place(dav, dav.connect_url(USER)).open() as server:
            body = (await server.about()).availability
    finally:
        dav.set_property(USER, where, "calendar-availability", "")

    assert body
    horizon = horizon_at(clock.now())
    expected = availabilities_in(hours().encode(), zone="UTC", horizon=horizon)
    assert availabilities_in(body, zone="UTC", horizon=horizon) == expected


@pytest.fixture
async def desk(database: Database, clock: FixedClock, tenant: Id, cyrus: Cyrus) -> Desk:
    """An advisor whose calendar stands on Cyrus."""
    desk = Desk(database, clock, tenant, cyrus, "")  # type: ignore[arg-type]  # a server as well
    desk.advisor = await desk.hire("Sanne")
    return desk


async def _connect(desk: Desk) -> Id:
    data = ConnectInput(
        advisor=desk.advisor,
        url=desk.radicale.connect_url(USER),
        username=USER,
        password=PASSWORDS[USER],
    )
    return (await desk.calendars.connect(desk.tenant, data)).id


async def test_hours_at_the_inbox_and_in_a_calendar_are_weighed_together(
    desk: Desk, cyrus: DavServer
) -> None:
    """The afternoons of one week, in an object of a higher priority, replace the mornings there."""
    inbox = urljoin(cyrus.connect_url(USER), "Inbox/")
    cyrus.set_property(USER, inbox, "calendar-availability", hours())
    name = f"{cyrus.calendar(USER)}week.ics"
    week = ("DTSTART:20261207T000000Z", "DTEND:20261214T000000Z", "PRIORITY:1")
    try:
        account = await _connect(desk)
        assert await closed_at(desk, 8, 9, 13) == [13]

        cyrus.put(USER, name, hours("13", "17", *week).replace("UID:hours", "UID:week"))
        await desk.pass_time(timedelta(minutes=2))
        assert await closed_at(desk, 8, 9, 13) == [9]
        assert await closed_at(desk, 1, 9, 13) == [13]
        assert (await desk.calendars.hours(desk.tenant, account)).weekly is None

        cyrus.delete(USER, name)
        await desk.pass_time(timedelta(minutes=2))
        assert await closed_at(desk, 8, 9, 13) == [13]
    finally:
        cyrus.set_property(USER, inbox, "calendar-availability", "")


async def test_an_alias_that_the_server_knows_is_the_advisors_own(
    desk: Desk, cyrus: DavServer
) -> None:
    """What they declined under it keeps them busy from the first round on no longer."""
    assert f"{USER}@example.com" != f"{USER}@bank.example", "not the address that is on file"
    name = f"{cyrus.calendar(USER)}declined.ics"
    invitation = declined(f"{USER.upper()}@example.com")
    organiser = "ORGANIZER:mailto:boss@elsewhere.example"
    cyrus.put(USER, name, invitation.replace("END:VEVENT", f"{organiser}\r\nEND:VEVENT"))
    try:
        account = await _connect(desk)
        assert await desk.busy() == []
        status = await desk.calendars.status(desk.tenant, account)
        assert status.server_addresses == (f"{USER}@example.com",)
        assert sum(each.objects for each in status.collections) == 1
    finally:
        cyrus.delete(USER, name)
