"""Bookings in an advisor's own calendar, and what the advisor does to them, on a real server."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from booking import service
from booking.calendars import link_store, store
from booking.model import Booking
from kernel import work
from tests.booking.calendars.conftest import USER, Desk, event

TUESDAY_NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)
WEDNESDAY_TEN = datetime(2026, 12, 2, 9, tzinfo=UTC)


async def _move(desk: Desk, booking: Booking, start: datetime) -> Booking:
    async with desk.database.transaction(desk.tenant) as db:
        return await service.reschedule(
            db, desk.tenant, booking.id, start, now=desk.clock.now(), by="customer"
        )


async def _cancel(desk: Desk, booking: Booking) -> None:
    async with desk.database.transaction(desk.tenant) as db:
        await service.cancel(
            db, desk.tenant, booking.id, reason=None, now=desk.clock.now(), by="customer"
        )


async def _etag(desk: Desk, booking: Booking) -> str | None:
    async with desk.database.reading(desk.tenant) as db:
        link = await link_store.find(db, desk.tenant, booking.id, desk.advisor)
    return link.etag if link else None


async def test_a_booking_appears_moves_and_goes(desk: Desk) -> None:
    """The advisor's calendar follows the booking, and does not count it as an appointment."""
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    entry = desk.entry(booking)
    assert "DTSTART:20261201T080000Z" in entry
    assert "DTEND:20261201T090000Z" in entry
    assert f"UID:{booking.uid}" in entry

    booking = await _move(desk, booking, WEDNESDAY_TEN)
    await desk.worker.run_due()
    assert "DTSTART:20261202T090000Z" in desk.entry(booking)
    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == []

    await _cancel(desk, booking)
    await desk.worker.run_due()
    assert desk.radicale.names(USER, desk.werk) == []


async def test_the_entry_tells_nobody_anything(desk: Desk) -> None:
    """By default it has a neutral title, a link, and neither guest nor organiser."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)

    entry = desk.entry(booking).replace("\r\n ", "")

    assert "SUMMARY:Afspraak\\, zie Spreekuur" in entry
    assert f"https://bank.example/console/bookings/{booking.id}" in entry
    assert f"X-SPREEKUUR-BOOKING:{booking.id}" in entry
    assert "ATTENDEE" not in entry
    assert "ORGANIZER" not in entry
    assert "Hypotheek" not in entry
    assert booking.customer_id not in entry


async def test_an_organisation_may_show_the_kind_of_meeting(desk: Desk) -> None:
    """With the setting the title names the kind of meeting; a name it never has."""
    await desk.settle(reveal_in_calendar=True)
    await desk.connect()

    booking = await desk.book(TUESDAY_NINE)

    assert f"SUMMARY:Hypotheekgesprek ({booking.id})" in desk.entry(booking).replace("\r\n ", "")


async def test_without_a_calendar_nothing_is_written(desk: Desk) -> None:
    """An advisor without a calendar can be booked; connecting one later brings the bookings in."""
    booking = await desk.book(TUESDAY_NINE)
    assert desk.radicale.names(USER, desk.werk) == []

    await desk.connect()
    await desk.worker.run_due()

    assert desk.radicale.names(USER, desk.werk) == [f"{booking.id}.ics"]


async def test_a_calendar_that_is_down_gets_the_booking_later(desk: Desk) -> None:
    """The booking stands at once; its entry follows when the server is back."""
    await desk.connect()
    desk.radicale.stop()
    booking = await desk.book(TUESDAY_NINE)
    assert (await desk.booking(booking.id)).state == "confirmed"
    waits = []
    for _ in range(3):
        (due_at,) = await desk.waiting("calendar.push")
        waits.append(due_at - desk.clock.now())
        await desk.pass_time(waits[-1])
    assert waits[0] < waits[1] < waits[2]

    desk.radicale.start()
    await desk.pass_time(timedelta(minutes=30))

    assert desk.radicale.names(USER, desk.werk) == [f"{booking.id}.ics"]


async def test_a_lost_answer_does_not_make_a_second_entry(desk: Desk) -> None:
    """When a write succeeded and we never heard of it, we find our own entry and keep it."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    async with desk.database.transaction(desk.tenant) as db:
        (link,) = await link_store.of_booking(db, desk.tenant, booking.id)
        await link_store.change(
            db, desk.tenant, link, state="pending", etag=None, base_ics=None, sequence=-1
        )
    await _push(desk, booking)

    assert desk.radicale.names(USER, desk.werk) == [f"{booking.id}.ics"]
    async with desk.database.reading(desk.tenant) as db:
        (link,) = await link_store.of_booking(db, desk.tenant, booking.id)
    assert link.state == "written"
    assert link.base_ics is not None


async def test_something_else_in_our_place_is_left_alone(desk: Desk) -> None:
    """We never overwrite what is not ours; the advisor is told."""
    await desk.connect()
    desk.radicale.stop()
    booking = await desk.book(TUESDAY_NINE)
    desk.radicale.start()
    theirs = event("theirs", ":20261201T090000Z", ":20261201T100000Z", "SUMMARY:Tandarts")
    desk.radicale.put(USER, desk.url(booking), theirs)

    await desk.pass_time(timedelta(minutes=5))

    assert "Tandarts" in desk.entry(booking)
    assert ("entry-foreign", booking.id) in await desk.troubles()


async def test_a_note_of_the_advisor_survives_a_new_time(desk: Desk) -> None:
    """The advisor adds a note and an alarm while the customer moves: both are kept."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.edit(booking, "END:VEVENT", "COMMENT:Dossier meenemen\r\n" + _ALARM + "END:VEVENT")

    await _move(desk, booking, WEDNESDAY_TEN)
    await desk.worker.run_due()

    entry = desk.entry(booking)
    assert "DTSTART:20261202T090000Z" in entry
    assert "Dossier meenemen" in entry
    assert "TRIGGER:-PT15M" in entry
    assert entry.count("BEGIN:VEVENT") == 1


async def test_writing_in_the_description_is_kept_as_well(desk: Desk) -> None:
    """In the description only our own part changes."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.edit(booking, "DESCRIPTION:", "DESCRIPTION:Eerst bellen\\n")

    await _move(desk, booking, WEDNESDAY_TEN)
    await desk.worker.run_due()

    text = desk.entry(booking).replace("\r\n ", "")
    assert "Eerst bellen" in text
    assert text.count(f"/console/bookings/{booking.id}") == 1


async def test_a_move_by_the_advisor_moves_the_booking(desk: Desk) -> None:
    """Dragged in the advisor's calendar, the booking follows at once where there is no grace."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    _drag(desk, booking)

    await desk.calendars.sync(desk.tenant, account.id)

    moved = await desk.booking(booking.id)
    assert moved.start == datetime(2026, 12, 1, 12, 10, tzinfo=UTC)
    assert moved.sequence == 1
    assert await desk.busy() == []


async def test_a_followed_move_is_neither_rewritten_nor_seen_twice(desk: Desk) -> None:
    """After the booking has followed, the entry stays as the advisor left it, for good."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    _drag(desk, booking)
    as_dragged = desk.entry(booking)
    await desk.calendars.sync(desk.tenant, account.id)
    await desk.worker.run_due()

    for _ in range(3):
        await desk.pass_time(timedelta(minutes=2))
        await desk.calendars.sync(desk.tenant, account.id)

    assert desk.entry(booking) == as_dragged
    assert (await desk.booking(booking.id)).sequence == 1
    assert await desk.troubles() == []


async def test_an_ordinary_reading_sees_no_change_in_what_we_wrote(desk: Desk) -> None:
    """Our own writes are never taken for the advisor's."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    await _move(desk, booking, WEDNESDAY_TEN)
    await desk.worker.run_due()
    etag = await _etag(desk, booking)

    for _ in range(2):
        await desk.pass_time(timedelta(minutes=2))
        await desk.calendars.sync(desk.tenant, account.id)
    await _push(desk, booking)

    assert (await desk.booking(booking.id)).sequence == 1
    assert await _etag(desk, booking) == etag


async def test_a_move_waits_out_its_grace(desk: Desk) -> None:
    """Dragged and dragged back within ten minutes is no move; meanwhile both times are closed."""
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    as_written = desk.entry(booking)
    _drag(desk, booking)
    await desk.calendars.sync(desk.tenant, account.id)
    assert (await desk.booking(booking.id)).start == TUESDAY_NINE
    assert await desk.busy() == [("01-12 12:10", "01-12 13:10")]

    desk.radicale.put(USER, desk.url(booking), as_written)
    await desk.pass_time(timedelta(minutes=5))
    await desk.pass_time(timedelta(minutes=6))

    assert (await desk.booking(booking.id)).sequence == 0
    assert await desk.busy() == []


async def test_after_its_grace_a_move_is_followed(desk: Desk) -> None:
    """Ten minutes later the booking has moved without anybody asking."""
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    _drag(desk, booking)
    await desk.calendars.sync(desk.tenant, account.id)

    await desk.pass_time(timedelta(minutes=9))
    assert (await desk.booking(booking.id)).sequence == 0
    await desk.pass_time(timedelta(minutes=2))

    assert (await desk.booking(booking.id)).start == datetime(2026, 12, 1, 12, 10, tzinfo=UTC)


async def test_a_move_onto_another_booking_is_asked_about(desk: Desk) -> None:
    """Two meetings never share a time; the advisor must say what they want."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    await desk.book(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))
    booking = await desk.book(TUESDAY_NINE)
    _drag(desk, booking)

    for _ in range(2):
        await desk.calendars.sync(desk.tenant, account.id)

    assert (await desk.booking(booking.id)).start == TUESDAY_NINE
    assert await desk.troubles() == [("booking-moved", booking.id)]


async def test_a_move_into_the_past_is_asked_about(desk: Desk) -> None:
    """Nobody can be moved to yesterday."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.edit(booking, "DTSTART:20261201T08", "DTSTART:20261129T08")
    desk.edit(booking, "DTEND:20261201T09", "DTEND:20261129T09")

    await desk.calendars.sync(desk.tenant, account.id)

    assert (await desk.booking(booking.id)).start == TUESDAY_NINE
    assert await desk.troubles() == [("booking-moved", booking.id)]


async def test_an_organisation_may_want_to_be_asked(desk: Desk) -> None:
    """With that policy neither a move nor a deletion changes a booking."""
    await desk.settle(grace_minutes=0, calendar_moved="ask", calendar_deleted="ask")
    account = await desk.connect()
    first = await desk.book(TUESDAY_NINE)
    second = await desk.book(WEDNESDAY_TEN)
    _drag(desk, first)
    desk.radicale.delete(USER, desk.url(second))

    for _ in range(2):
        await desk.calendars.sync(desk.tenant, account.id)
        await desk.worker.run_due()

    assert {(await desk.booking(each.id)).state for each in (first, second)} == {"confirmed"}
    assert sorted(await desk.troubles()) == sorted(
        [("booking-moved", first.id), ("booking-deleted", second.id)]
    )
    assert desk.radicale.names(USER, desk.werk) == [f"{first.id}.ics"]


async def test_a_deletion_by_the_advisor_cancels(desk: Desk) -> None:
    """Deleted in the advisor's calendar, the booking is called off."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.radicale.delete(USER, desk.url(booking))

    await desk.calendars.sync(desk.tenant, account.id)
    await desk.worker.run_due()

    cancelled = await desk.booking(booking.id)
    assert (cancelled.state, cancelled.cancelled_by) == ("cancelled", "calendar")
    assert desk.radicale.names(USER, desk.werk) == []


async def test_an_entry_marked_as_cancelled_counts_as_deleted(desk: Desk) -> None:
    """Some calendar programs keep what they cancel."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.edit(booking, "STATUS:CONFIRMED", "STATUS:CANCELLED")

    await desk.calendars.sync(desk.tenant, account.id)

    assert (await desk.booking(booking.id)).state == "cancelled"


@pytest.mark.parametrize("grace", [0, 10])
@pytest.mark.parametrize("name", ["aparte", "zaken"])
async def test_a_move_to_another_calendar_is_no_deletion(desk: Desk, grace: int, name: str) -> None:
    """The same UID elsewhere is the same meeting, whichever calendar is read first."""
    await desk.settle(grace_minutes=grace)
    other = desk.radicale.make_calendar(USER, name)
    account = await desk.connect()
    assert [each.role for each in account.collections].count("target") == 1
    target = next(each.url for each in account.collections if each.role == "target")
    elsewhere = other if target == desk.werk else desk.werk
    booking = await desk.book(TUESDAY_NINE)
    body = desk.radicale.get(USER, f"{target}{booking.id}.ics")
    desk.radicale.delete(USER, f"{target}{booking.id}.ics")
    desk.radicale.put(USER, f"{elsewhere}other-name.ics", body)

    await desk.calendars.sync(desk.tenant, account.id)
    await desk.pass_time(timedelta(minutes=11))

    assert (await desk.booking(booking.id)).state == "confirmed"
    assert await desk.busy() == []

    await _move(desk, booking, WEDNESDAY_TEN)
    await desk.worker.run_due()
    assert desk.radicale.names(USER, elsewhere) == ["other-name.ics"]
    assert "DTSTART:20261202T090000Z" in desk.radicale.get(USER, f"{elsewhere}other-name.ics")
    assert desk.radicale.names(USER, target) == []


async def test_a_longer_entry_is_asked_about(desk: Desk) -> None:
    """A booking keeps its length; the advisor's longer time is closed to others meanwhile."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.edit(booking, "DTEND:20261201T09", "DTEND:20261201T10")

    await desk.calendars.sync(desk.tenant, account.id)

    assert await desk.troubles() == [("booking-changed", booking.id)]
    assert await desk.busy() == [("01-12 08:00", "01-12 10:00")]


async def test_a_copy_of_an_entry_keeps_its_time_closed(desk: Desk) -> None:
    """A second entry with our UID is an appointment of the advisor's like any other."""
    await desk.settle(grace_minutes=0)
    other = desk.radicale.make_calendar(USER, "zaken")
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    target = next(each.url for each in account.collections if each.role == "target")
    elsewhere = other if target == desk.werk else desk.werk
    body = desk.radicale.get(USER, f"{target}{booking.id}.ics")
    copy = body.replace("20261201T08", "20261203T08").replace("20261201T09", "20261203T09")
    desk.radicale.put(USER, f"{elsewhere}copy.ics", copy)

    await desk.calendars.sync(desk.tenant, account.id)

    assert (await desk.booking(booking.id)).start == TUESDAY_NINE
    assert await desk.busy() == [("03-12 08:00", "03-12 09:00")]


async def test_the_customers_newer_word_wins(desk: Desk) -> None:
    """Moved by the advisor and then by the customer before we looked: the customer's time holds."""
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    _drag(desk, booking)
    await _move(desk, booking, WEDNESDAY_TEN)

    await desk.worker.run_due()
    await desk.calendars.sync(desk.tenant, account.id)
    await desk.pass_time(timedelta(minutes=11))

    assert (await desk.booking(booking.id)).start == WEDNESDAY_TEN
    assert "DTSTART:20261202T090000Z" in desk.entry(booking)


async def test_readings_at_the_same_time_act_once(desk: Desk) -> None:
    """However many look at once, a move is followed once and nothing is stored twice."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    _drag(desk, booking)
    desk.put("dentist", event("dentist", ":20261203T090000Z", ":20261203T100000Z"))

    await asyncio.gather(*(desk.calendars.sync(desk.tenant, account.id) for _ in range(3)))

    assert (await desk.booking(booking.id)).sequence == 1
    assert await desk.troubles() == []
    assert await desk.busy() == [("03-12 09:00", "03-12 10:00")]


async def test_a_past_meeting_may_be_tidied_away(desk: Desk) -> None:
    """What has taken place is not cancelled by cleaning up."""
    await desk.settle(grace_minutes=0)
    account = await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    desk.clock.advance(timedelta(days=3))
    desk.radicale.delete(USER, desk.url(booking))

    await desk.calendars.sync(desk.tenant, account.id)

    assert (await desk.booking(booking.id)).state == "confirmed"
    assert await desk.troubles() == []


def _drag(desk: Desk, booking: Booking) -> None:
    """Move an entry from nine to ten past one in the afternoon, as a calendar program does."""
    before = desk.entry(booking)
    zone = "TZID=Europe/Amsterdam"
    after = before.replace("DTSTART:20261201T080000Z", f"DTSTART;{zone}:20261201T131000")
    after = after.replace("DTEND:20261201T090000Z", f"DTEND;{zone}:20261201T141000")
    assert after != before
    desk.radicale.put(USER, desk.url(booking), after)


async def _push(desk: Desk, booking: Booking) -> None:
    async with desk.database.transaction() as db:
        await work.enqueue(db, desk.tenant, "calendar.push", booking.id, now=desk.clock.now())
    await desk.worker.run_due()


_ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n"


@pytest.mark.parametrize("ends", ["moved", "called off"])
async def test_reading_and_writing_a_calendar_never_wait_for_each_other(
    desk: Desk, ends: str
) -> None:
    """Whoever reads has the collection first and its entries then; a writer in between waits."""
    await desk.connect()
    booking = await desk.book(TUESDAY_NINE)
    await (_move(desk, booking, WEDNESDAY_TEN) if ends == "moved" else _cancel(desk, booking))

    async with desk.database.transaction(desk.tenant) as db:
        link = await link_store.find(db, desk.tenant, booking.id, desk.advisor)
        assert link is not None
        await store.collection(db, desk.tenant, link.collection_id, lock=True)
        writing = asyncio.create_task(desk.worker.run_due())
        await asyncio.sleep(1)
        entry = await store.object_at(db, desk.tenant, link.collection_id, link.href)
        assert entry is not None
        await store.change_object(db, desk.tenant, entry.id, problem=None)
    await writing

    assert await desk.waiting("calendar.push") == []
    assert len(desk.names()) == (1 if ends == "moved" else 0)
