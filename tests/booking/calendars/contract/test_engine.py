"""What goes wrong between an advisor and us goes right in the end, on every real server.

All of the engine takes part: the store, the worker's errands, the adapter, and a server.
"""

from functools import partial

import pytest

from booking.calendars import store
from booking.calendars.port import href_of
from booking.tables import advisors
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.ids import Id
from tests.booking.calendars.conftest import COLLEAGUE, USER, Desk
from tests.booking.calendars.contract.conftest import ALL, Place, meeting
from tests.booking.calendars.contract.office import MINUTE, NINE, TEN, Office, open_office
from tests.booking.calendars.contract.test_calendar_server import NEVER
from tests.services import fault_proxy as faults
from tests.services.dav import DOMAIN
from tests.services.fault_proxy import Answer, FaultProxy, Request

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),  # the servers differ here
    pytest.mark.timeout(300),
]
SCHEDULING = [each for each in ALL if each.id in {"Cyrus", "DAViCal", "SOGo"}]
"""Servers that put invitations into the calendars of those invited."""

ONE_UID_TWICE = {"DAViCal"}
TWO_UIDS_IN_ONE = {"Xandikos", "DAViCal", "SOGo"}
SAME_ETAG_AGAIN = {"SOGo"}

_ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n"
_DENTIST = ("01-12 09:00", "01-12 10:00")


@pytest.fixture
async def office(
    database: Database, clock: FixedClock, tenant: Id, place: Place, between: FaultProxy
) -> Office:
    """An advisor with an empty calendar on each of the servers in turn."""
    return await open_office(database, clock, tenant, place, between)


# --- what a server says of changes ---------------------------------------------------------------


async def test_a_token_that_was_never_issued_ends_in_the_truth(office: Office) -> None:
    """Refused it costs one listing; answered, the daily listing finds what it hid at the latest."""
    office.place.put("stays.ics", meeting("stays", day=3))
    office.place.put("goes.ics", meeting("goes", day=4))
    account = await office.connect()
    never = NEVER[office.place.dav.name]
    await office.token(account, becomes=never)
    office.place.delete("goes.ics")
    office.place.put("comes.ics", meeting("comes", day=7))

    assert (await office.read(account)).state == "active"
    if office.place.dav.name not in {"DAViCal", "SOGo"}:
        assert await office.desk.busy() == await office.imported()
    assert (await office.listed(account)).state == "active"

    assert await office.desk.busy() == await office.imported()
    assert await office.desk.busy() == [
        ("03-12 09:00", "03-12 10:00"),
        ("07-12 09:00", "07-12 10:00"),
    ]
    after = await _token(office)
    assert after not in {None, never}
    assert "fake" not in str(after)


@pytest.mark.parametrize("unreachable", [False, True])
async def test_what_was_made_again_under_its_old_etag_is_news(
    office: Office, *, unreachable: bool
) -> None:
    """Removed and made again at its old place, an event has its new time, however it was found."""
    office.place.put("dentist.ics", meeting("dentist"))
    account = await office.connect()
    assert await office.desk.busy() == [_DENTIST]
    before = await office.desk.etags()
    if unreachable:
        # After a round that failed everything is listed, and nothing but etags is compared.
        office.proxy.on("REPORT", f"{href_of(office.place.url)}*", faults.answer(500))
        assert (await office.read(account)).state == "degraded"
        office.proxy.calm()
    office.place.delete("dentist.ics")
    office.place.put("dentist.ics", meeting("dentist", day=9))

    assert (await office.read(account)).state == "active"

    assert await office.desk.busy() == [("09-12 09:00", "09-12 10:00")]
    same = await office.desk.etags() == before
    assert same == (office.place.dav.name in SAME_ETAG_AGAIN)


async def test_one_uid_twice_and_two_in_one_close_all_their_times(office: Office) -> None:
    """Whatever of it a server takes keeps the advisor busy, and nothing breaks over it."""
    here, taken = office.place, {}
    here.put("a.ics", meeting("a", day=1))
    ask = partial(here.dav.ask, USER, "PUT", headers={"Content-Type": "text/calendar"})
    taken["twice"] = ask(f"{here.url}b.ics", meeting("a", day=2)).status < 300
    first, second = meeting("c", day=3), meeting("d", day=4)
    both = first.replace("END:VCALENDAR\r\n", second[second.index("BEGIN:VEVENT") :])
    taken["two"] = ask(f"{here.url}c.ics", both).status < 300

    account = await office.connect()

    assert account.state == "active"
    assert taken == {
        "twice": here.dav.name in ONE_UID_TWICE,
        "two": here.dav.name in TWO_UIDS_IN_ONE,
    }
    days = [1, *([2] if taken["twice"] else []), *([3, 4] if taken["two"] else [])]
    assert await office.desk.busy() == [
        (f"{day:02}-12 09:00", f"{day:02}-12 10:00") for day in days
    ]


# --- answers that get lost -----------------------------------------------------------------------


@pytest.mark.parametrize("does", ["create", "move", "remove"])
async def test_a_deed_whose_answer_was_lost_is_done_once(office: Office, does: str) -> None:
    """The entry is there once, as the booking is, and nobody takes it for the advisor's doing."""
    account = await office.connect()
    booking = None if does == "create" else await office.desk.book(NINE)
    office.proxy.on("DELETE" if does == "remove" else "PUT", "*", faults.lose_answer(), times=1)
    if booking is None:
        booking = await office.desk.book(NINE)
    elif does == "move":
        booking = await office.move(booking, TEN)
    else:
        await office.cancel(booking)
    standing = await office.desk.booking(booking.id)

    await office.desk.pass_time(5 * MINUTE)
    await office.read(account)
    await office.desk.pass_time(15 * MINUTE)

    assert office.place.names() == ([] if does == "remove" else [f"{booking.id}.ics"])
    if does != "remove":
        start = booking.start
        assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}" in office.place.get(f"{booking.id}.ics")
    assert await office.desk.waiting("calendar.push") == []
    assert await office.desk.troubles() == []
    assert (await office.desk.booking(booking.id)).sequence == standing.sequence


async def test_what_stands_in_our_place_is_never_written_over(office: Office) -> None:
    """Also where a server ignores the condition: the advisor's event stays, and they are told."""
    await office.connect()
    office.proxy.on("*", "*", faults.answer(503))
    booking = await office.desk.book(NINE)
    office.proxy.calm()
    name = f"{booking.id}.ics"
    office.place.put(name, meeting("theirs", "SUMMARY:Tandarts"))

    await office.desk.pass_time(5 * MINUTE)

    assert "SUMMARY:Tandarts" in office.place.get(name)
    assert office.place.names() == [name]
    assert await office.desk.troubles() == [("entry-foreign", booking.id)]


async def test_an_edit_while_we_write_is_not_lost(office: Office) -> None:
    """A note and an alarm that come between our reading and our writing are there with our time."""
    await office.connect()
    booking = await office.desk.book(NINE)
    name = f"{booking.id}.ics"

    def late(_: Request, real: Answer) -> Answer:
        more = f"COMMENT:Dossier meenemen\r\n{_ALARM}END:VEVENT"
        office.edit(booking, "END:VEVENT", more)
        return real

    rule = office.proxy.on("GET", f"*/{name}", faults.changed(late), times=1)
    await office.move(booking, TEN)

    assert rule.hits == 1
    entry = office.place.get(name)
    assert f"DTSTART:{TEN:%Y%m%dT%H%M%SZ}" in entry
    assert "COMMENT:Dossier meenemen" in entry
    assert "TRIGGER:-PT15M" in entry
    assert entry.count("BEGIN:VEVENT") == 1


async def test_what_a_server_makes_of_our_entry_is_no_edit(office: Office) -> None:
    """A body that was rewritten and an ETag that was not told are not taken for the advisor's."""
    await office.desk.settle(grace_minutes=0)
    account = await office.connect()
    booking = await office.move(await office.desk.book(NINE), TEN)
    entry = office.place.get(f"{booking.id}.ics")
    puts = office.proxy.count("PUT")

    for _ in range(3):
        await office.desk.pass_time(2 * MINUTE)
        await office.read(account)
    await office.listed(account)

    assert (await office.desk.booking(booking.id)).sequence == 1
    assert office.place.get(f"{booking.id}.ics") == entry
    assert office.proxy.count("PUT") == puts
    assert await office.desk.busy() == []
    assert await office.desk.troubles() == []


# --- what the advisor does to a booking ----------------------------------------------------------


async def test_a_dragged_booking_follows(office: Office) -> None:
    """The booking moves once, its old time is free and its new one taken; the entry stays."""
    await office.desk.settle(grace_minutes=0)
    account = await office.connect()
    booking = await office.desk.book(NINE)
    office.drag(booking, TEN)
    dragged = office.place.get(f"{booking.id}.ics")

    await office.read(account)
    await office.listed(account)

    moved = await office.desk.booking(booking.id)
    assert (moved.start, moved.sequence) == (TEN, 1)
    assert office.place.get(f"{booking.id}.ics") == dragged
    assert await office.desk.busy() == []
    assert await office.desk.troubles() == []


async def test_a_booking_dragged_onto_another_is_asked_about(office: Office) -> None:
    """Two meetings never share a time: the booking stays, and the advisor is told once."""
    await office.desk.settle(grace_minutes=0)
    account = await office.connect()
    await office.desk.book(TEN)
    booking = await office.desk.book(NINE)
    office.drag(booking, TEN)

    for _ in range(2):
        await office.read(account)

    assert (await office.desk.booking(booking.id)).start == NINE
    assert await office.desk.troubles() == [("booking-moved", booking.id)]


async def test_a_deleted_booking_is_called_off_after_its_grace(office: Office) -> None:
    """Ten minutes it may come back; then the booking is cancelled, and its time is free."""
    account = await office.connect()
    booking = await office.desk.book(NINE)
    office.place.delete(f"{booking.id}.ics")
    await office.read(account)
    await office.desk.pass_time(9 * MINUTE)
    assert (await office.desk.booking(booking.id)).state == "confirmed"

    await office.desk.pass_time(2 * MINUTE)

    cancelled = await office.desk.booking(booking.id)
    assert (cancelled.state, cancelled.cancelled_by) == ("cancelled", "calendar")
    assert cancelled.sequence > booking.sequence
    assert office.place.names() == []
    assert (await office.desk.book(NINE)).state == "confirmed"


async def test_a_booking_dragged_into_another_calendar_stands(office: Office) -> None:
    """The link follows the UID: nothing is cancelled, and later changes go where it stands."""
    other = Place(office.place.dav, office.place.dav.make_calendar(USER, "elders"))
    try:
        account = await office.connect()
        booking = await office.desk.book(NINE)
        body = office.place.get(f"{booking.id}.ics")
        office.place.delete(f"{booking.id}.ics")
        other.put("dragged.ics", body)
        await office.read(account)
        await office.desk.pass_time(11 * MINUTE)
        assert (await office.desk.booking(booking.id)).state == "confirmed"

        await office.move(booking, TEN)

        assert office.place.names() == []
        assert other.names() == ["dragged.ics"]
        assert f"DTSTART:{TEN:%Y%m%dT%H%M%SZ}" in other.get("dragged.ics")
        assert await office.desk.busy() == []
    finally:
        other.dav.delete(USER, other.url)


# --- servers that invite people ------------------------------------------------------------------


def _who(place: Place) -> list[str]:
    return [
        f"ORGANIZER:mailto:{USER}@{DOMAIN}",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{USER}@{DOMAIN}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{COLLEAGUE}@{DOMAIN}",
    ]


def _colleague(place: Place) -> list[str]:
    """Return the addresses of what a colleague has: their calendar, and their inbox if any."""
    home = place.dav.connect_url(COLLEAGUE)
    inbox = {"Cyrus": [f"{home}Inbox/"], "DAViCal": [f"{home}.in/"]}
    return [place.dav.calendar(COLLEAGUE), *inbox.get(place.dav.name, [])]


def _emptied(place: Place) -> list[list[str]]:
    for url in _colleague(place):
        for name in place.dav.names(COLLEAGUE, url):
            place.dav.delete(COLLEAGUE, f"{url}{name}")
    return _has(place)


def _has(place: Place) -> list[list[str]]:
    return [place.dav.names(COLLEAGUE, url) for url in _colleague(place)]


@pytest.mark.parametrize("dav", SCHEDULING, indirect=True)
async def test_a_booking_puts_nothing_into_a_colleagues_calendar(office: Office) -> None:
    """Made, moved and called off with a colleague of that server there: they hear of it from us."""
    desk, place = office.desk, office.place
    place.put("control.ics", meeting("control", *_who(place)))
    assert any(_has(place)), "it does not schedule: this proves nothing"
    place.delete("control.ics")
    empty = _emptied(place)
    colleague = await desk.hire("Bart")
    await _known_as(desk, colleague, f"{COLLEAGUE}@{DOMAIN}")
    await desk.give(roles=[{"name": "specialist", "advisors": [colleague]}])
    await office.connect()

    booking = await desk.book(NINE)
    assert booking.attendants() == [desk.advisor, colleague]
    assert place.names() == [f"{booking.id}.ics"]
    created = _has(place)
    await office.move(booking, TEN)
    moved = _has(place)
    await office.cancel(booking)
    assert place.names() == []

    assert [created, moved, _has(place)] == [empty] * 3
    assert not any(empty)


@pytest.mark.parametrize("dav", SCHEDULING, indirect=True)
async def test_a_colleagues_answer_is_no_edit_of_the_advisors(office: Office) -> None:
    """The advisor invites somebody to a booking's entry: the answer changes the entry only."""
    await office.desk.settle(grace_minutes=0)
    account = await office.connect()
    booking = await office.desk.book(NINE)
    name, place = f"{booking.id}.ics", office.place
    _emptied(place)
    office.edit(booking, "END:VEVENT", "\r\n".join([*_who(place), "END:VEVENT"]))
    await office.read(account)
    theirs = place.dav.calendar(COLLEAGUE)
    (invited,) = place.dav.names(COLLEAGUE, theirs)
    before = place.dav.ask(USER, "GET", f"{place.url}{name}").headers["etag"]
    answer = place.dav.get(COLLEAGUE, f"{theirs}{invited}").replace("\r\n ", "")
    assert "NEEDS-ACTION" in answer
    place.dav.put(COLLEAGUE, f"{theirs}{invited}", answer.replace("NEEDS-ACTION", "ACCEPTED"))
    assert "NEEDS-ACTION" not in place.get(name)
    assert place.dav.ask(USER, "GET", f"{place.url}{name}").headers["etag"] != before

    await office.read(account)
    await office.listed(account)

    after = await office.desk.booking(booking.id)
    assert (after.state, after.sequence, after.start) == ("confirmed", 0, NINE)
    assert await office.desk.troubles() == []
    assert await office.desk.busy() == []
    place.delete(name)
    _emptied(place)


async def _known_as(desk: Desk, advisor: Id, email: str) -> None:
    async with desk.database.transaction(desk.tenant) as db:
        await db.execute(advisors.update().where(advisors.c.id == advisor).values(email=email))


async def _token(office: Office) -> str | None:
    desk = office.desk
    async with desk.database.reading(desk.tenant) as db:
        target = await store.target_of(db, desk.tenant, desk.advisor)
    assert target is not None
    return target.sync_token
