"""What a server says of the person behind an account: when they can be booked, and who they are."""

from dataclasses import replace
from datetime import timedelta

import pytest

from booking.calendars.model import Account
from booking.calendars.port import href_of
from booking.sync import ConnectInput
from kernel.busy import BusyPolicy
from kernel.outgoing import Guard
from tests.booking.calendars.conftest import COLLEAGUE, USER, Desk, event
from tests.services.fault_proxy import Answer, Fault, FaultProxy, Request, answer, changed
from tests.services.radicale import PASSWORDS, Radicale

MORNINGS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


def hours(start: str = "09", end: str = "12", *head: str) -> str:
    """Return hours of every weekday by Amsterdam's clock, as a calendar program writes them."""
    tz = ";TZID=Europe/Amsterdam"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//Test//EN", "BEGIN:VAVAILABILITY"]
    lines += ["UID:hours", "DTSTAMP:20261101T000000Z", *head, "BEGIN:AVAILABLE", "UID:a"]
    lines += ["DTSTAMP:20261101T000000Z", f"DTSTART{tz}:20261102T{start}0000"]
    lines += [f"DTEND{tz}:20261102T{end}0000", f"RRULE:{MORNINGS}", "SUMMARY:Kantoor"]
    lines += ["END:AVAILABLE", "END:VAVAILABILITY", "END:VCALENDAR", ""]
    return "\r\n".join(lines)


def publish(radicale: Radicale, body: str, user: str = USER) -> None:
    """Write the hours as a calendar program would; an empty text takes them away."""
    radicale.set_property(user, radicale.connect_url(user), "calendar-availability", body)


async def closed_at(desk: Desk, day: int, *hours: int) -> list[int]:
    """Return which of these hours of a day in December, in UTC, are closed."""
    start = desk.clock.now().replace(month=12, day=day, hour=0, minute=0, second=0, microsecond=0)
    taken = []
    for hour in hours:
        at = start + timedelta(hours=hour)
        found = await desk.taken(at, at + timedelta(minutes=30))
        taken += [hour] if any(found.busy.values()) else []
    return taken


async def test_bookings_are_kept_within_published_hours(desk: Desk, radicale: Radicale) -> None:
    """What the server keeps as the person's availability closes all other times."""
    publish(radicale, hours())
    account = await desk.connect()

    assert account.availability == "kept"
    assert await closed_at(desk, 1, 7, 8, 9, 10, 11, 12, 14) == [7, 11, 12, 14]
    shown = await desk.calendars.hours(desk.tenant, account.id)
    assert shown.weekly is not None
    assert [(each.day, each.start, each.end) for each in shown.weekly] == [
        (day, "09:00", "12:00") for day in ("mon", "tue", "wed", "thu", "fri")
    ]
    assert (shown.unavailable[0].start - desk.clock.now()) == timedelta(hours=3), "at noon"


async def test_no_meeting_is_in_the_way_of_published_hours(desk: Desk, radicale: Radicale) -> None:
    """A meeting that was booked before stands, and nobody is offered another time."""
    account = await desk.connect()
    start = desk.clock.now().replace(month=12, day=1, hour=13, minute=0, second=0, microsecond=0)
    booking = await desk.book(start)
    publish(radicale, hours())
    desk.clock.advance(timedelta(minutes=2))
    await desk.calendars.sync(desk.tenant, account.id)
    await desk.pass_time(timedelta(minutes=30))

    assert (await desk.booking(booking.id)).state == "confirmed"
    assert await desk.troubles() == []
    assert await closed_at(desk, 1, 9, 13) == [13]


async def test_the_organisation_may_let_published_hours_count_for_nothing(
    desk: Desk, radicale: Radicale
) -> None:
    """At the next round; and turned on again they count again."""
    publish(radicale, hours())
    await desk.connect()

    await desk.settle(busy_policy=BusyPolicy(outside_availability=False))
    await desk.pass_time(timedelta(minutes=2))
    assert await closed_at(desk, 1, 9, 13) == []
    (account,) = await desk.calendars.list_accounts(desk.tenant)
    assert account.availability == "off"

    await desk.settle()
    await desk.pass_time(timedelta(minutes=2))
    assert await closed_at(desk, 1, 9, 13) == [13]


async def test_asking_about_the_person_costs_no_idle_round_anything(
    desk: Desk, radicale: Radicale
) -> None:
    """After connecting it is asked once a day: a round in which nothing happened is as before."""
    publish(radicale, hours())
    with FaultProxy(radicale.port) as proxy:
        await _connect(desk, proxy)
        asked = proxy.on("PROPFIND", "*", changed(_same), containing="calendar-availability")
        for _ in range(5):
            await desk.pass_time(timedelta(minutes=2))
        assert asked.hits == 0
        before = len(proxy.seen)
        await desk.pass_time(timedelta(minutes=2))
        assert len(proxy.seen) - before == 1, "one question about one calendar"

        publish(radicale, hours("13", "17"))
        await desk.pass_time(timedelta(days=1))
        assert asked.hits == 1
    assert await closed_at(desk, 2, 9, 13) == [9]


async def test_who_asks_for_a_round_gets_the_hours_of_now(desk: Desk, radicale: Radicale) -> None:
    """An advisor who changed them need not wait for tomorrow; those taken away open all again."""
    publish(radicale, hours())
    account = await desk.connect()
    for body, closed, state in ((hours("13", "17"), [9], "kept"), ("", [], "none")):
        publish(radicale, body)
        desk.clock.advance(timedelta(minutes=2))
        account = await desk.calendars.sync(desk.tenant, account.id)
        assert await closed_at(desk, 1, 9, 13) == closed
        assert account.availability == state


async def test_hours_that_cannot_be_read_change_nothing(desk: Desk, radicale: Radicale) -> None:
    """Those known before hold, and it is told; somebody without any before is bookable as ever."""
    publish(radicale, hours())
    account = await desk.connect()
    publish(radicale, hours().replace(MORNINGS, "FREQ=SECONDLY"))
    desk.clock.advance(timedelta(minutes=2))
    after = await desk.calendars.sync(desk.tenant, account.id)

    assert after.availability == "unreadable"
    assert await closed_at(desk, 1, 9, 13) == [13]
    assert (await desk.calendars.hours(desk.tenant, account.id)).weekly is None

    await desk.settle(busy_policy=BusyPolicy(outside_availability=False))
    await desk.pass_time(timedelta(minutes=2))
    shown = await desk.calendars.hours(desk.tenant, account.id)
    assert (shown.state, shown.weekly, shown.unavailable) == ("off", None, [])


@pytest.mark.parametrize("code", [400, 403, 404, 500, 501])
async def test_a_server_that_goes_wrong_over_the_question_changes_nothing(
    desk: Desk, radicale: Radicale, code: int
) -> None:
    """The hours that were known hold, its calendars are read as ever, and it is not asked often."""
    publish(radicale, hours())
    with FaultProxy(radicale.port) as proxy:
        await _connect(desk, proxy)
        asked = proxy.on("PROPFIND", "*", answer(code), containing="calendar-availability")
        await desk.pass_time(timedelta(days=1, minutes=5))
        await desk.pass_time(timedelta(minutes=2))

        assert asked.hits == 1
    (account,) = await desk.calendars.list_accounts(desk.tenant)
    assert (account.state, account.problem, account.availability) == ("active", None, "kept")
    assert await closed_at(desk, 2, 9, 13) == [13]


async def test_published_hours_go_on_as_time_does(desk: Desk, radicale: Radicale) -> None:
    """The day after the next four months is closed as well once it comes into sight."""
    publish(radicale, hours())
    account = await desk.connect()
    before = (await desk.calendars.hours(desk.tenant, account.id)).unavailable[-1].end
    await desk.pass_time(timedelta(days=3))

    after = (await desk.calendars.hours(desk.tenant, account.id)).unavailable[-1].end
    assert after - before == timedelta(days=3)


async def test_with_the_account_go_its_hours(desk: Desk, radicale: Radicale) -> None:
    """Disconnected, nothing is closed any more: at once, also while entries are being removed."""
    publish(radicale, hours())
    for entries in ("keep", "remove"):
        account = await desk.connect()
        assert await closed_at(desk, 1, 13) == [13]
        await desk.calendars.disconnect(desk.tenant, account.id, entries=entries)
        assert await closed_at(desk, 1, 13) == []
        await desk.worker.run_due()


# --- calendars that keep nobody busy -------------------------------------------------------------


def transparent(url: str) -> Fault:
    """Let a server say of a calendar that it is transparent, as Radicale cannot."""
    said = b"<C:schedule-calendar-transp><C:transparent /></C:schedule-calendar-transp>"

    def change(_: Request, given: Answer) -> Answer:
        at = given.body.index(b"<prop>", given.body.index(href_of(url).encode())) + len(b"<prop>")
        return replace(given, body=given.body[:at] + said + given.body[at:])

    return changed(change)


async def test_a_transparent_calendar_keeps_nobody_busy_at_first(
    desk: Desk, radicale: Radicale
) -> None:
    """It is ignored when it is connected, and its advisor may choose otherwise."""
    other = radicale.make_calendar(USER, "vrij")
    radicale.put(USER, f"{other}a.ics", event("a", ":20261201T090000Z", ":20261201T100000Z"))
    with FaultProxy(radicale.port) as proxy:
        rule = proxy.on("PROPFIND", "*", transparent(other), containing="calendar-transp")
        account = await _connect(desk, proxy)
        roles = {each.name: (each.role, each.transparent) for each in account.collections}
        assert roles == {"Vrij": ("ignore", True), "Werk": ("target", False)}
        assert await desk.busy() == []

        vrij = next(each for each in account.collections if each.transparent)
        await desk.calendars.set_role(desk.tenant, account.id, vrij.id, "busy")
        assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]

        again = await _connect(desk, proxy)
        assert {each.role for each in again.collections} == {"busy", "target"}
        rule.times = 0
        after = await _connect(desk, proxy)
        assert [each.transparent for each in after.collections] == [False, False]
        assert {each.role for each in after.collections} == {"busy", "target"}


# --- whose answers are the advisor's own ---------------------------------------------------------

ALIAS = "S.Verbeek@bank.example"


def declined(address: str) -> str:
    """Return an invitation that somebody declined under this address."""
    person = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{address}"
    return event("a", ":20261201T090000Z", ":20261201T100000Z", person)


async def test_an_alias_that_was_added_is_the_advisors_own(desk: Desk) -> None:
    """What they declined under it keeps them busy no longer, whatever the case; and back."""
    desk.put("a", declined(ALIAS.lower()))
    account = await desk.connect()
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]

    after = await desk.calendars.set_addresses(desk.tenant, account.id, [ALIAS, ALIAS.upper()])
    assert after.addresses == (ALIAS.lower(),)
    assert await desk.busy() == []

    await desk.calendars.set_addresses(desk.tenant, account.id, [])
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_somebody_elses_address_is_not(desk: Desk) -> None:
    """A colleague who declined frees nobody's time but their own."""
    desk.put("a", declined(f"{COLLEAGUE}@bank.example"))
    account = await desk.connect()
    await desk.calendars.set_addresses(desk.tenant, account.id, [ALIAS])

    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


def _same(_: Request, given: Answer) -> Answer:
    return given


async def _connect(desk: Desk, proxy: FaultProxy) -> Account:
    """Connect by way of a proxy."""
    desk.calendars.logins.guard = Guard([f"127.0.0.1:{proxy.port}"])
    data = ConnectInput(
        advisor=desk.advisor, url=proxy.url, username=USER, password=PASSWORDS[USER]
    )
    return await desk.calendars.connect(desk.tenant, data)
