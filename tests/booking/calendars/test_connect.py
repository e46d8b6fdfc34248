"""Connecting a calendar, against a real server and against what is none."""

import pytest
from sqlalchemy import select

from booking.calendars import store
from booking.calendars.errors import CalendarNotCaldav, CalendarRefused, CalendarUnreachable
from booking.calendars.model import ConnectInput
from booking.calendars.tables import calendar_accounts
from booking.sync import Calendars
from kernel.errors import NotFound, Unprocessable
from kernel.outgoing import AddressRefused, Guard
from tests.booking.calendars.conftest import USER, Desk, answering
from tests.services.processes import free_port
from tests.services.radicale import PASSWORDS

_DUTCH = (
    "<c:calendar-timezone>BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\n"
    "TZID:Europe/Amsterdam\r\nBEGIN:STANDARD\r\nDTSTART:19961027T030000\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "END:VCALENDAR\r\n</c:calendar-timezone>"
)


def _allowing(desk: Desk, *ports: int) -> Calendars:
    guard = Guard([f"127.0.0.1:{port}" for port in ports])
    keyring = desk.calendars.logins.keyring
    return Calendars(desk.database, desk.clock, keyring, guard, "https://bank.example")


async def test_calendars_are_found_and_the_first_receives_bookings(desk: Desk) -> None:
    """From the server's root we find every calendar for events, with its name and zone."""
    desk.radicale.make_calendar(USER, "thuis", more=_DUTCH)
    desk.radicale.make_calendar(USER, "klusjes", component="VTODO")

    account = await desk.connect()

    assert (account.state, account.problem, account.advisor_id) == ("active", None, desk.advisor)
    found = {each.name: each for each in account.collections}
    assert set(found) == {"Werk", "Thuis"}
    assert found["Thuis"].timezone == "Europe/Amsterdam"
    assert all(each.writable and each.last_ok_at == desk.clock.now() for each in found.values())
    assert sorted(each.role for each in found.values()) == ["busy", "target"]


async def test_the_calendar_that_the_address_names_becomes_the_target(desk: Desk) -> None:
    """Who enters the address of one calendar means that one."""
    url = desk.radicale.make_calendar(USER, "afspraken")
    data = ConnectInput(advisor=desk.advisor, url=url, username=USER, password=PASSWORDS[USER])

    account = await desk.calendars.connect(desk.tenant, data)

    roles = {each.name: each.role for each in account.collections}
    assert roles == {"Afspraken": "target", "Werk": "busy"}


async def test_the_password_is_stored_sealed(desk: Desk) -> None:
    """The database does not hold the password, and another account's seal does not open it."""
    account = await desk.connect()

    async with desk.database.reading(desk.tenant) as db:
        sealed = await db.scalar(select(calendar_accounts.c.password))

    assert sealed is not None
    assert PASSWORDS[USER].encode() not in sealed
    keyring = desk.calendars.logins.keyring
    opened = keyring.open(sealed, use="calendar-credentials", context=account.id)
    assert opened.decode() == PASSWORDS[USER]
    with pytest.raises(ValueError, match="does not open"):
        keyring.open(sealed, use="calendar-credentials", context="acc_other")


async def test_connecting_again_keeps_one_account(desk: Desk) -> None:
    """The same log-in entered twice is one account with the newer password."""
    first = await desk.connect()
    again = await desk.connect()

    assert again.id == first.id
    assert len(again.collections) == 1
    assert len(await desk.calendars.list_accounts(desk.tenant)) == 1


async def test_testing_a_log_in_stores_nothing(desk: Desk) -> None:
    """A trial run shows the calendars and leaves no trace."""
    found = await desk.calendars.test(desk.radicale.url, USER, PASSWORDS[USER])

    assert [each.name for each in found] == ["Werk"]
    assert await desk.calendars.list_accounts(desk.tenant) == []


async def test_a_wrong_password_is_refused(desk: Desk) -> None:
    """The caller learns that it is the credentials, not the address."""
    with pytest.raises(CalendarRefused):
        await desk.calendars.test(desk.radicale.url, USER, "guess")


async def test_an_advisor_must_exist(desk: Desk) -> None:
    """Calendars belong to somebody on file."""
    data = ConnectInput(
        advisor="adv_06dvxyhbk5y8h5e4p2c9zq7m3w",
        url=desk.radicale.url,
        username=USER,
        password=PASSWORDS[USER],
    )

    with pytest.raises(NotFound):
        await desk.calendars.connect(desk.tenant, data)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<d:mu",
        b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["login page", "cut XML", "another kind of server"],
)
async def test_what_speaks_no_caldav_is_told_apart(desk: Desk, answer: bytes) -> None:
    """A web page, a cut answer and a plain web server are no calendar."""
    async with answering(answer) as (port, _):
        with pytest.raises(CalendarNotCaldav):
            await _allowing(desk, port).test(f"http://127.0.0.1:{port}/", USER, "x")


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    """A server cannot send us elsewhere, not even to an address that is allowed."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (inside, asked):
        location = f"http://127.0.0.1:{inside}/".encode()
        answer = b"HTTP/1.1 301 Moved\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        async with answering(answer) as (port, first):
            with pytest.raises(CalendarNotCaldav):
                await _allowing(desk, port, inside).test(f"http://127.0.0.1:{port}/", USER, "x")

    assert len(first) == 1
    assert asked == []


async def test_a_home_on_another_server_gets_no_password(desk: Desk) -> None:
    """A server that says the calendars live elsewhere does not make us log in there."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (inside, asked):
        body = (
            '<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response>'
            "<d:href>/</d:href><d:propstat><d:prop><c:calendar-home-set><d:href>"
            f"http://127.0.0.1:{inside}/home/</d:href></c:calendar-home-set></d:prop>"
            "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>"
        ).encode()
        head = f"HTTP/1.1 207 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        async with answering(head.encode() + body) as (port, _):
            with pytest.raises(CalendarNotCaldav):
                await _allowing(desk, port, inside).test(f"http://127.0.0.1:{port}/", USER, "x")

    assert asked == []


async def test_a_server_that_is_down_is_told_apart(desk: Desk) -> None:
    """Nobody listening is not the same as a wrong password."""
    port = free_port()

    with pytest.raises(CalendarUnreachable):
        await _allowing(desk, port).test(f"http://127.0.0.1:{port}/", USER, "x")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{other}/",
        "https://127.0.0.1:{other}/",
        "https://127.0.0.1/",
        "https://localhost:{other}/",
        "https://localhost/",
        "http://localhost:{port}/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "http://example.org/",
        "ftp://127.0.0.1:{port}/",
        "127.0.0.1:{port}",
        "https://sanne:geheim@127.0.0.1:{port}/",
    ],
)
async def test_addresses_inside_the_network_are_refused(desk: Desk, url: str) -> None:
    """Only the one address that the operator allowed can be called, under no other name."""
    address = url.format(port=desk.radicale.port, other=free_port())

    with pytest.raises(AddressRefused):
        await desk.calendars.test(address, USER, PASSWORDS[USER])


async def test_an_advisor_has_one_target(desk: Desk) -> None:
    """A new target takes over; the old one still keeps bookings out."""
    desk.radicale.make_calendar(USER, "thuis")
    account = await desk.connect()
    other = next(each for each in account.collections if each.role == "busy")

    changed = await desk.calendars.set_role(desk.tenant, account.id, other.id, "target")

    roles = {each.id: each.role for each in changed.collections}
    assert roles[other.id] == "target"
    assert sorted(roles.values()) == ["busy", "target"]


async def test_roles_are_for_calendars_of_that_account(desk: Desk) -> None:
    """An id that is no calendar of the account changes nothing."""
    account = await desk.connect()

    with pytest.raises(NotFound):
        await desk.calendars.set_role(
            desk.tenant, account.id, "col_06dvxyhbk5y8h5e4p2c9zq7m3w", "busy"
        )


async def test_a_calendar_that_cannot_be_written_to_is_no_target(desk: Desk) -> None:
    """Bookings would get lost in it."""
    account = await desk.connect()
    async with desk.database.transaction(desk.tenant) as db:
        await store.change_collection(
            db, desk.tenant, account.collections[0].id, writable=False, role="busy"
        )

    with pytest.raises(Unprocessable):
        await desk.calendars.set_role(desk.tenant, account.id, account.collections[0].id, "target")
