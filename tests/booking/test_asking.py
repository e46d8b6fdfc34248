"""What the settings of a kind of meeting do to the times on offer, and what helps if none is."""

from datetime import date, timedelta
from typing import Any, Literal

import pytest

from booking import service, setup
from booking.errors import SlotTaken, SlotUnavailable
from booking.hours import OpenHours, WeeklyRange
from booking.model import Help
from booking.organisation import AbsenceInput, Authorisation, ProductInput
from booking.values import Waiver
from kernel.database import Database
from kernel.ids import Id
from tests.booking.builders import (
    CUSTOMER,
    NOW,
    add_advisor,
    add_advisors,
    add_branch,
    add_meeting_type,
    ask,
    book,
    clocks,
    connect_calendar,
    hold,
    set_hours,
    stranger,
    tuesday,
    wish,
)

DAY = timedelta(days=1)
MONDAY = tuesday("00:00") - DAY


async def free(
    database: Database, tenant: Id, *, hours: str = "09:00-12:00", **kind: Any
) -> list[str]:
    """Return Tuesday's times of one advisor for a kind of meeting like this."""
    async with database.transaction(tenant) as db:
        await add_meeting_type(db, tenant, [await add_advisor(db, tenant, hours=hours)], **kind)
    async with database.reading(tenant) as db:
        return [clock[3:] for clock in clocks((await ask(db, tenant)).starts)]


# --- lengths, ways of meeting, grids -------------------------------------------------------------


async def test_a_meeting_lasts_as_long_as_was_asked(database: Database, tenant: Id) -> None:
    """Any of the lengths on offer and no other; each is booked as long as it is."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-11:00")
        await add_meeting_type(db, tenant, [advisor], duration=30, durations=[30, 60], step=30)
        usual = await ask(db, tenant)
        long = await ask(db, tenant, duration=60)
        other = await ask(db, tenant, duration=45)
        booking = await book(db, tenant, tuesday("09:30"), duration=60)
        rest = await ask(db, tenant)

    assert clocks(usual.starts) == ["01 09:00", "01 09:30", "01 10:00", "01 10:30"]
    assert clocks(long.starts) == ["01 09:00", "01 09:30", "01 10:00"]
    assert (usual.duration, long.duration, other.starts) == (30, 60, [])
    assert booking.end == tuesday("10:30")
    assert clocks(rest.starts) == ["01 09:00", "01 10:30"]


async def test_a_way_of_meeting_has_hours_of_its_own(database: Database, tenant: Id) -> None:
    """The advisor's schedule for it and the hours in which it is given, both."""
    mornings = OpenHours(weekly=[WeeklyRange(day="tue", start="10:00", end="12:00")])
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours=None)
        await set_hours(db, tenant, advisor, "09:00-10:00", name="video", channels=["video"])
        await set_hours(db, tenant, advisor, "09:00-17:00", name="phone", channels=["phone"])
        await add_meeting_type(db, tenant, [advisor], channel_hours={"phone": mornings})
        video = await ask(db, tenant, channel="video")
        phone = await ask(db, tenant, channel="phone")
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("13:00"), channel="phone")

    assert clocks(video.starts) == ["01 09:00"]
    assert clocks(phone.starts) == ["01 10:00", "01 11:00"]
    assert refused.value.reason == "not-offered"


@pytest.mark.parametrize(
    ("grid", "starts"),
    [
        ("hours", ["08:40", "10:10"]),
        ("clock", ["10:00", "10:30"]),
        ("tight", ["08:40", "09:50", "10:20"]),
    ],
)
async def test_the_three_grids_are_those_of_the_picture(
    database: Database, tenant: Id, grid: Literal["hours", "clock", "tight"], starts: list[str]
) -> None:
    """Hours 08:40 to 11:00, half an hour each, the dentist from 09:20 to 09:50."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="08:40-11:00")
        await add_meeting_type(db, tenant, [advisor], duration=30, step=30, grid=grid)
        dentist = (tuesday("09:20"), tuesday("09:50"))
        await connect_calendar(db, tenant, advisor, busy=[dentist])
        answer = await ask(db, tenant)
        for start in answer.starts:
            await hold(db, tenant, start, now=NOW)

    assert [clock[3:] for clock in clocks(answer.starts)] == starts


async def test_an_offset_moves_where_the_grid_begins(database: Database, tenant: Id) -> None:
    """Ten past the hour, every half hour."""
    starts = await free(database, tenant, hours="09:00-11:00", duration=30, step=30, offset=10)

    assert starts == ["09:10", "09:40", "10:10"]


async def test_preparation_and_wrapping_up_are_work(database: Database, tenant: Id) -> None:
    """They lie inside working hours and next to nobody else's; buffers may lie outside."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        work: dict[str, Any] = {"preparation": 15, "wrap_up": 15, "duration": 30, "step": 15}
        await add_meeting_type(db, tenant, [advisor], **work, before=30, after=30)
        empty = await ask(db, tenant)
        booking = await book(db, tenant, tuesday("09:15"))
        rest = await ask(db, tenant)

    # From 09:15, when the preparation has been done, to 11:15, when wrapping up ends at noon.
    assert clocks(empty.starts)[0] == "01 09:15"
    assert clocks(empty.starts)[-1] == "01 11:15"
    assert booking.work == 60
    # 09:15 takes until 09:45, wrapping up until 10:00 and a buffer until 10:30; then 45 minutes.
    assert clocks(rest.starts) == ["01 11:15"]


# --- notice, window, days ------------------------------------------------------------------------


async def test_notice_and_window_count_from_now(database: Database, tenant: Id) -> None:
    """An hour ahead at least, and less than a day."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], notice=60, window_days=1)
        answer = await ask(db, tenant, MONDAY, 3)
        booked: list[str | None] = []
        for start in (NOW, NOW + DAY):
            with pytest.raises(SlotUnavailable) as refused:
                await book(db, tenant, start)
            booked.append(refused.value.reason)

    assert clocks(answer.starts) == ["30 10:00", "30 11:00"]
    assert booked == ["notice", "outside-window"]


async def test_only_so_many_bookable_days_are_on_offer(database: Database, tenant: Id) -> None:
    """Days on which nothing is free do not count, nor does what was asked move the days."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-10:00")
        await add_meeting_type(db, tenant, [advisor], bookable_days=2)
        first = await ask(db, tenant, MONDAY, 14)
        await book(db, tenant, tuesday("09:00"))
        then = await ask(db, tenant, MONDAY, 14)
        late = await ask(db, tenant, tuesday("00:00") + 2 * DAY, 7)
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("09:00") + 2 * DAY)

    assert clocks(first.starts) == ["30 09:00", "01 09:00"]
    assert clocks(then.starts) == ["30 09:00", "02 09:00"]
    assert late.starts == []
    assert refused.value.reason == "outside-window"
    assert clocks(refused.value.alternatives) == ["30 09:00", "02 09:00"]


async def test_dates_on_offer_are_dates_on_the_wall(database: Database, tenant: Id) -> None:
    """From the second to the third of December, whatever the window says."""
    days: dict[str, Any] = {"bookable_from": date(2026, 12, 2), "bookable_until": date(2026, 12, 3)}
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-10:00")
        await add_meeting_type(db, tenant, [advisor], **days)
        answer = await ask(db, tenant, MONDAY, 14)

    assert clocks(answer.starts) == ["02 09:00", "03 09:00"]


async def test_only_the_first_start_of_a_day_is_on_offer(database: Database, tenant: Id) -> None:
    """Once it is taken the next one is the first."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(db, tenant, [advisor], first_of_day=True)
        with pytest.raises(SlotUnavailable) as refused:
            await book(db, tenant, tuesday("11:00"))
        before = await ask(db, tenant, days=2)
        await book(db, tenant, tuesday("09:00"))
        after = await ask(db, tenant, days=2)

    assert refused.value.reason == "not-offered"
    assert clocks(before.starts) == ["01 09:00", "02 09:00"]
    assert clocks(after.starts) == ["01 10:00", "02 09:00"]


# --- for whom ------------------------------------------------------------------------------------


async def test_times_are_shown_by_the_clock_that_people_go_by(
    database: Database, tenant: Id
) -> None:
    """The branch's in person and by phone, the organisation's without one, by video their own."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "lissabon", "Europe/Lisbon")
        advisor = await add_advisor(db, tenant, locations=["lissabon"])
        ways: dict[str, Any] = {"channels": ["branch", "phone", "video"], "locations": ["lissabon"]}
        await add_meeting_type(db, tenant, [advisor], **ways)
        shown = [
            (await ask(db, tenant, channel=channel, location=location)).timezone
            for channel, location in (
                ("branch", "lissabon"),
                ("phone", "lissabon"),
                ("phone", None),
                ("video", None),
                (None, None),
            )
        ]

    assert shown == ["Europe/Lisbon", "Europe/Lisbon", "Europe/Amsterdam", None, None]


async def test_an_advisor_who_speaks_the_language_is_found(database: Database, tenant: Id) -> None:
    """Turkish is spoken by Bob alone; nobody speaks Polish, and then nothing is free."""
    async with database.transaction(tenant) as db:
        anna = await add_advisor(db, tenant, "Anna")
        bob = await add_advisor(db, tenant, "Bob", languages=["nl", "tr"], hours="10:00-11:00")
        await add_meeting_type(db, tenant, [anna, bob])
        turkish = await ask(db, tenant, language="tr")
        polish = await ask(db, tenant, language="pl", explain=True)
        booking = await book(db, tenant, tuesday("10:00"), spoken="tr")
        with pytest.raises(SlotTaken):
            await book(db, tenant, tuesday("10:00"), spoken="tr")

    assert clocks(turkish.starts) == ["01 10:00"]
    assert booking.advisor_id == bob.id
    assert (polish.starts, polish.reasons) == ([], {"unsuitable": 3})
    assert [(one.change, one.start) for one in polish.help] == [("language", tuesday("09:00"))]


async def test_staff_set_rules_aside_but_never_that_time_is_taken(
    database: Database, tenant: Id
) -> None:
    """Notice, window and the days on offer; a meeting that is there stays where it is."""
    everything: list[Waiver] = ["notice", "window", "limits"]
    soon, far = NOW + timedelta(hours=1), tuesday("09:00") + timedelta(days=63)
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        await add_meeting_type(
            db, tenant, [advisor], notice=120, window_days=30, bookable_days=3, first_of_day=True
        )
        for start, waiver in ((soon, "notice"), (far, "window")):
            others = [one for one in everything if one != waiver]
            with pytest.raises(SlotUnavailable):
                await book(db, tenant, start, waive=others)
        asked = await ask(db, tenant, MONDAY, 90, waive=everything)
        for start in (soon, far):
            assert start in asked.starts
            booking = await book(db, tenant, start, waive=everything)
            assert booking.start == start
            with pytest.raises(SlotTaken):
                await book(db, tenant, start, waive=everything)
        with pytest.raises(SlotUnavailable) as too_far:
            await book(db, tenant, far + timedelta(days=42), waive=everything)

    assert too_far.value.reason == "outside-window"


async def test_a_hold_that_staff_made_keeps_what_they_set_aside(
    database: Database, tenant: Id
) -> None:
    """Nobody needs to say again what was decided when the time was held."""
    soon = NOW + timedelta(hours=1)
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, languages=["nl", "tr"])
        await add_meeting_type(db, tenant, [advisor], notice=120)
        held = await hold(db, tenant, soon, waive=["notice"], language="tr")
        booking = await book(db, tenant, soon, hold=held.id)

    assert booking.start == soon


# --- an empty answer -----------------------------------------------------------------------------


async def test_an_empty_month_says_why_and_what_would_help(database: Database, tenant: Id) -> None:
    """Anna is on leave all December: Bob is free on Tuesday, she is on New Year's Day."""
    async with database.transaction(tenant) as db:
        anna, bob = pool = await add_advisors(db, tenant, ["Anna", "Bob"], hours="09:00-10:00")
        await add_meeting_type(db, tenant, pool, window_days=40)
        december = AbsenceInput(first_day=date(2026, 12, 1), last_day=date(2026, 12, 31))
        await setup.add_absence(db, tenant, anna.id, december, now=NOW)
        answer = await ask(db, tenant, days=31, advisor=anna.id, explain=True)

    new_year = tuesday("09:00") + timedelta(days=31)
    assert answer.starts == []
    assert answer.reasons == {"absent": 23}
    assert {(one.reason, *one.advisors.items()) for one in answer.refused} == {
        ("absent", (anna.id, "absent"), (bob.id, "unsuitable"))
    }
    assert answer.next_available == new_year
    assert answer.help == [
        Help(change="advisor", value=bob.id, start=tuesday("09:00")),
        Help(change="later", value=None, start=new_year),
    ]


async def test_help_names_every_change_that_would_do(database: Database, tenant: Id) -> None:
    """Another way, length or branch; only what would be given is named, the soonest first."""
    async with database.transaction(tenant) as db:
        for slug in ("utrecht", "zwolle"):
            await add_branch(db, tenant, slug, "Europe/Amsterdam")
        anna = await add_advisor(db, tenant, "Anna", hours="09:00-10:00", locations=["utrecht"])
        cem = await add_advisor(db, tenant, "Cem", hours="14:00-14:30", locations=["zwolle"])
        await set_hours(db, tenant, anna, "16:00-17:00", name="bellen", channels=["phone"])
        await add_meeting_type(
            db,
            tenant,
            [anna, cem],
            durations=[30, 60],
            channels=["branch", "phone", "video"],
            locations=["utrecht", "zwolle"],
        )
        answer = await ask(
            db,
            tenant,
            tuesday("12:00"),
            0.5,
            channel="branch",
            location="zwolle",
            explain=True,
        )

    tomorrow = tuesday("09:00") + DAY
    assert answer.starts == []
    assert [(one.change, one.value, one.start) for one in answer.help] == [
        ("duration", "30", tuesday("14:00")),
        ("channel", "phone", tuesday("16:00")),
        ("channel", "video", tomorrow),
        ("location", "utrecht", tomorrow),
    ]
    assert answer.next_available is None


async def test_the_end_of_a_day_is_explained_start_by_start(database: Database, tenant: Id) -> None:
    """One is booked, one is in the way of the dentist, one would not end in time."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-12:30")
        await add_meeting_type(db, tenant, [advisor])
        dentist = (tuesday("11:30"), tuesday("11:45"))
        await connect_calendar(db, tenant, advisor, busy=[dentist])
        await book(db, tenant, tuesday("09:00"), customer=stranger())
        answer = await ask(db, tenant, explain=True)

    assert clocks(answer.starts) == ["01 10:00"]
    assert [(one.start, one.reason) for one in answer.refused] == [
        (tuesday("09:00"), "booked"),
        (tuesday("11:00"), "busy"),
        (tuesday("12:00"), "outside-hours"),
    ]
    assert answer.reasons == {"booked": 1, "busy": 1, "outside-hours": 1}
    assert answer.help == []


async def test_a_licence_counts_on_the_day_of_the_meeting(database: Database, tenant: Id) -> None:
    """Valid on Tuesday only: not before, not after, whenever it is booked."""
    async with database.transaction(tenant) as db:
        product = ProductInput(slug="hypotheken", name="Hypotheken")
        await setup.apply_product(db, tenant, product, now=NOW)
        licence: dict[str, Any] = {"product": "hypotheken", "valid_from": date(2026, 12, 1)}
        only_tuesday = Authorisation(**licence, valid_until=date(2026, 12, 1))
        anna = await add_advisor(
            db, tenant, "Anna", hours="09:00-10:00", authorisations=[only_tuesday]
        )
        bob = await add_advisor(db, tenant, "Bob")
        await add_meeting_type(db, tenant, [anna, bob], product="hypotheken")
        answer = await ask(db, tenant, MONDAY, 3, explain=True)
        with pytest.raises(SlotUnavailable) as refused:
            await service.book(db, tenant, wish(tuesday("09:00") + DAY), customer=CUSTOMER, now=NOW)

    assert clocks(answer.starts) == ["01 09:00"]
    # On Tuesday, when only Bob works, Anna's hours are what comes nearest to a yes.
    assert answer.reasons == {"not-authorised": 6, "outside-hours": 2}
    # Who may advise on what is not told to customers.
    assert refused.value.reason == "busy"
