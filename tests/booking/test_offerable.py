"""A kind of meeting that nobody could ever book is seen before customers see it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from booking.hours import OpenHours, Override, TimeRange, WeeklyRange
from booking.offerable import _different, never_offered
from booking.organisation import (
    Advisor,
    Authorisation,
    Limit,
    Location,
    MeetingType,
    Product,
    Resource,
    ResourceNeed,
    Role,
    Schedule,
)
from kernel.ids import Id, new_id

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
"""Monday, nine in the morning in Amsterdam."""

ZONE = "Europe/Amsterdam"
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def advisor(name: str = "Sanne", **more: Any) -> Advisor:
    return Advisor(
        id=new_id("adv", NOW),
        name=name,
        email=f"{name.lower()}@bank.example",
        timezone=ZONE,
        **more,
    )


def hours(*ranges: str, days: Sequence[str] = WORKDAYS) -> list[WeeklyRange]:
    raw = [{"day": day, "start": each[:5], "end": each[6:]} for day in days for each in ranges]
    return msgspec.convert(raw, list[WeeklyRange])


def works(who: Advisor, weekly: Sequence[WeeklyRange] | None = None, **more: Any) -> Schedule:
    return Schedule(
        id=new_id("sch", NOW),
        advisor_id=who.id,
        timezone=ZONE,
        weekly=list(hours("09:00-17:00") if weekly is None else weekly),
        **more,
    )


SANNE = advisor(locations=["utrecht"])
UTRECHT = Location(id=new_id("loc", NOW), slug="utrecht", name="Utrecht")
LEIDEN = Location(id=new_id("loc", NOW), slug="leiden", name="Leiden")
MORTGAGE = Product(id=new_id("prd", NOW), slug="hypotheek", name="Hypotheek")


def kind(*givers: Advisor, **more: Any) -> MeetingType:
    plain: dict[str, Any] = {"channels": ["video"], "duration": 60}
    return MeetingType(
        id=new_id("mty", NOW),
        slug="gesprek",
        name={"nl": "Gesprek"},
        advisors=[each.id for each in givers],
        **plain | more,
    )


def why(
    wanted: MeetingType,
    *advisors: Advisor,
    schedules: Mapping[Id, Sequence[Schedule]] | None = None,
    locations: Sequence[Location] = (UTRECHT, LEIDEN),
    resources: Sequence[Resource] = (),
    product: Product = MORTGAGE,
    now: datetime = NOW,
) -> str:
    """Return what is in the way, or nothing; everybody works from nine to five."""
    if schedules is None:
        schedules = {each.id: [works(each)] for each in advisors}
    found = never_offered(
        wanted,
        advisors=advisors,
        schedules=schedules,
        locations=locations,
        products=[product],
        resources=resources,
        home=ZONE,
        now=now,
    )
    return found or ""


# --- what it asks for itself ---------------------------------------------------------------------


def test_a_plain_meeting_can_be_booked() -> None:
    """The negative control of everything below, under any channel."""
    for channel in ("video", "phone", "branch"):
        assert why(kind(SANNE, channels=[channel], locations=["utrecht"]), SANNE) == ""


def test_somebody_must_give_it() -> None:
    """No advisors, no meeting."""
    assert "name its advisors" in why(kind(), SANNE)


def test_notice_must_end_before_the_window_does() -> None:
    """Starts lie less than the window ahead, so notice as long as the window leaves none."""
    assert why(kind(SANNE, window_days=7, notice=7 * 24 * 60 - 1), SANNE) == ""
    assert "shorten the notice" in why(kind(SANNE, window_days=7, notice=7 * 24 * 60), SANNE)


def test_the_last_date_counts_until_its_midnight_where_the_meeting_is_meant() -> None:
    """At 23:30 in Amsterdam the last day is not over; there it is in Auckland."""
    late = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
    round_the_clock = {SANNE.id: [works(SANNE, hours("00:00-24:00"))]}

    def asked(**more: Any) -> str:
        wanted = kind(SANNE, duration=15, bookable_until=date(2026, 11, 30), **more)
        return why(wanted, SANNE, now=late, schedules=round_the_clock)

    assert asked() == ""
    assert "2026-11-30, has passed" in asked(timezone="Pacific/Auckland")
    assert "within the notice" in asked(notice=30)


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (Limit(per="day", minutes=74), "74 minutes a day is less than one meeting"),
        (Limit(per="week", load=2), "2 load points a week is less than one meeting"),
        (Limit(whose="customer", per="ahead", load=1), "1 load points a customer"),
        (Limit(per="day", minutes=75, load=3, count=1), ""),
    ],
)
def test_a_limit_must_hold_one_meeting(limit: Limit, sentence: str) -> None:
    """Preparation and wrapping up count, as they do when the limit is applied."""
    wanted = kind(SANNE, preparation=10, wrap_up=5, load=3, limits=[limit])

    assert sentence in why(wanted, SANNE)
    assert bool(sentence) == bool(why(wanted, SANNE))


# --- who gives it --------------------------------------------------------------------------------


def test_somebody_must_have_the_skills_and_still_be_there() -> None:
    """All skills in one person, who has not left."""
    ravi = advisor("Ravi", skills=["zakelijk"])
    gone = advisor("Gone", skills=["zakelijk"], until=date(2026, 11, 29))
    last_day = structs.replace(gone, until=date(2026, 11, 30))

    assert why(kind(SANNE, ravi, skills=["zakelijk"]), SANNE, ravi) == ""
    assert "can do all of zakelijk and recht" in why(
        kind(SANNE, ravi, skills=["zakelijk", "recht"]), SANNE, ravi
    )
    assert "have left" in why(kind(gone), gone)
    assert "can do all of zakelijk" in why(kind(SANNE, gone, skills=["zakelijk"]), SANNE, gone)
    assert why(kind(last_day, duration=15), last_day) == ""


def test_somebody_must_work_in_a_branch_where_there_is_no_other_way() -> None:
    """A meeting by video too can be booked all the same."""
    only = kind(SANNE, channels=["branch"], locations=["leiden"])

    assert "works in leiden" in why(only, SANNE)
    assert why(structs.replace(only, channels=["branch", "video"]), SANNE) == ""
    assert why(structs.replace(only, locations=["leiden", "utrecht"]), SANNE) == ""


@pytest.mark.parametrize(
    ("licence", "possible"),
    [
        (None, False),
        (Authorisation(product="sparen", valid_from=date(2020, 1, 1)), False),
        (
            Authorisation(
                product="hypotheek",
                valid_from=date(2020, 1, 1),
                valid_until=date(2026, 11, 29),
            ),
            False,
        ),
        (Authorisation(product="hypotheek", valid_from=date(2020, 1, 1)), True),
        # Not in the window of sixty days, but one day it will be.
        (Authorisation(product="hypotheek", valid_from=date(2027, 6, 1)), True),
    ],
)
def test_somebody_must_be_licensed_now_or_later(
    licence: Authorisation | None, *, possible: bool
) -> None:
    """A licence for another product, or one that has ended, is none."""
    ravi = advisor("Ravi", authorisations=[licence] if licence else [])
    open_to_all = structs.replace(MORTGAGE, authorised_only=False)

    assert ("is licensed for hypotheek" in why(kind(ravi, product="hypotheek"), ravi)) != possible
    assert why(kind(ravi, product="hypotheek"), ravi, product=open_to_all) == ""


def test_one_advisor_must_have_it_all() -> None:
    """One works in the branch and the other has the licence: that is nobody."""
    licensed = advisor(
        "Ravi", authorisations=[Authorisation(product="hypotheek", valid_from=date(2020, 1, 1))]
    )
    wanted = kind(SANNE, licensed, channels=["branch"], locations=["utrecht"], product="hypotheek")

    assert "all at once" in why(wanted, SANNE, licensed)


def test_somebodys_own_limits_must_hold_one_meeting() -> None:
    """Others who may do more make up for one who may not."""
    tired = advisor("Ravi", limits=[Limit(per="day", minutes=30)])

    assert "raise their limits" in why(kind(tired), tired)
    assert why(kind(tired, SANNE), tired, SANNE) == ""
    assert why(kind(tired, duration=30), tired) == ""


def test_roles_need_people_who_differ() -> None:
    """The specialist is not the advisor, and two roles are not one person."""
    noor = advisor("Noor", skills=["recht"])
    omar = advisor("Omar", skills=["recht"])
    jurist = Role(name="jurist", skills=["recht"])
    second = Role(name="second", advisors=[noor.id])
    everyone = Role(name="all", advisors=[SANNE.id, noor.id], everyone=True)

    assert "Nobody can be the jurist" in why(kind(SANNE, roles=[jurist]), SANNE)
    assert why(kind(SANNE, roles=[jurist]), SANNE, noor) == ""
    assert "different people" in why(kind(noor, roles=[jurist]), noor)
    assert "different people" in why(kind(SANNE, roles=[jurist, second]), SANNE, noor)
    assert why(kind(SANNE, roles=[jurist, second]), SANNE, noor, omar) == ""
    assert "different people" in why(kind(SANNE, roles=[everyone]), SANNE, noor)
    assert why(kind(SANNE, omar, roles=[everyone]), SANNE, noor, omar) == ""


pools = st.lists(st.lists(st.sampled_from("abcde"), unique=True, max_size=5), max_size=4)


@given(pools, st.sets(st.sampled_from("abcde")))
def test_different_people_are_found_wherever_there_are_any(
    found: list[list[str]], taken: set[str]
) -> None:
    """The shortcut gives the same as trying every combination."""

    def every(rest: Sequence[Sequence[str]], used: set[str]) -> bool:
        return not rest or any(
            every(rest[1:], used | {each}) for each in rest[0] if each not in used
        )

    assert _different(found, taken) == every(found, taken)


def test_rooms_must_be_in_every_branch_it_is_given_in() -> None:
    """A room elsewhere is no use; one that goes anywhere is."""
    wanted = kind(
        SANNE,
        channels=["branch", "video"],
        locations=["utrecht", "leiden"],
        resources=[ResourceNeed(kind="room", channels=["branch"])],
    )
    room = Resource(id=new_id("res", NOW), slug="neude", name="Neude", location="utrecht")
    movable = structs.replace(room, location=None)
    screen = structs.replace(room, kind="screen", location=None)

    assert "none on file" in why(wanted, SANNE)
    assert "none on file" in why(wanted, SANNE, resources=[screen])
    assert "leiden has none" in why(wanted, SANNE, resources=[room])
    assert why(structs.replace(wanted, locations=["utrecht"]), SANNE, resources=[room]) == ""
    assert why(wanted, SANNE, resources=[movable]) == ""
    assert why(structs.replace(wanted, channels=["video"]), SANNE) == ""


# --- when there is time for it -------------------------------------------------------------------


def test_people_set_up_in_any_order() -> None:
    """Hours are looked at once there are any."""
    assert why(kind(SANNE, duration=1440), SANNE, schedules={}) == ""
    assert why(kind(SANNE, duration=1440), SANNE) != ""


def test_hours_must_hold_the_shortest_meeting() -> None:
    """With preparation and wrapping up; the shortest of several lengths counts."""
    short = {SANNE.id: [works(SANNE, hours("09:00-09:45", "13:00-14:00"))]}

    assert why(kind(SANNE), SANNE, schedules=short) == ""
    sentence = why(kind(SANNE, preparation=5), SANNE, schedules=short)
    assert "takes 65 minutes" in sentence
    assert "lasts 60: make it shorter" in sentence
    both = kind(SANNE, duration=90, durations=[30, 90], preparation=5)
    assert why(both, SANNE, schedules=short) == ""


def test_meetings_run_on_where_ranges_touch() -> None:
    """Noon does not end a meeting that begins before it."""
    touching = {SANNE.id: [works(SANNE, hours("09:00-10:00", "10:00-11:00"))]}

    assert why(kind(SANNE, duration=120), SANNE, schedules=touching) == ""
    assert "lasts 120" in why(kind(SANNE, duration=121), SANNE, schedules=touching)


def test_the_first_start_must_leave_room() -> None:
    """An offset of five hours in six leaves one; the other grids begin where they like."""
    morning = {SANNE.id: [works(SANNE, hours("09:00-15:00"))]}

    assert why(kind(SANNE, offset=300), SANNE, schedules=morning) == ""
    assert "lower the offset" in why(kind(SANNE, offset=301), SANNE, schedules=morning)
    assert why(kind(SANNE, offset=301, grid="tight"), SANNE, schedules=morning) == ""


def test_hours_that_never_meet_are_named() -> None:
    """The sentence says whose hours to change."""
    evening = OpenHours(weekly=hours("18:00-21:00"))
    closed_at_day = structs.replace(UTRECHT, hours=evening)
    at_branch = kind(SANNE, channels=["branch"], locations=["utrecht"])

    assert "those of the meeting or its product" in why(kind(SANNE, hours=evening), SANNE)
    assert "those of the meeting or its product" in why(
        kind(SANNE, channel_hours={"video": evening}), SANNE
    )
    assert "those of the branch" in why(at_branch, SANNE, locations=[closed_at_day, LEIDEN])
    assert why(kind(SANNE, hours=evening, channels=["video"]), SANNE, schedules={}) == ""
    weekend = {SANNE.id: [works(SANNE, [])]}
    assert "has working hours" in why(kind(SANNE), SANNE, schedules=weekend)


def test_a_window_of_a_day_is_not_looked_at_alone() -> None:
    """Who works on Sundays can be booked on Saturdays, also if today is Monday."""
    sundays = {SANNE.id: [works(SANNE, hours("09:00-12:00", days=["sun"]))]}

    assert why(kind(SANNE, window_days=1), SANNE, schedules=sundays) == ""


@pytest.mark.parametrize(
    "later",
    [
        {"valid_from": date(2029, 1, 1)},
        {
            "weekly": [],
            "overrides": [
                Override(date=date(2028, 2, 29), ranges=[TimeRange(start="10:00", end="11:00")])
            ],
        },
    ],
)
def test_what_begins_later_is_not_never(later: dict[str, Any]) -> None:
    """Hours from a day years ahead, or of one day only, are hours."""
    plain: dict[str, Any] = {"weekly": None}
    begins = {SANNE.id: [works(SANNE, **plain | later)]}
    starter = structs.replace(SANNE, since=date(2031, 1, 1))

    assert why(kind(SANNE), SANNE, schedules=begins) == ""
    assert why(kind(starter), starter) == ""
    assert why(kind(SANNE, bookable_from=date(2030, 1, 1)), SANNE) == ""


def test_days_absurdly_far_away_are_not_looked_at() -> None:
    """A slip of a year does not stop the check."""
    slip = Override(date=date.max, ranges=[TimeRange(start="10:00", end="11:00")])
    only = {SANNE.id: [works(SANNE, [], overrides=[slip])]}

    assert "has working hours" in why(kind(SANNE), SANNE, schedules=only)


@given(
    start=st.integers(0, 20 * 60),
    length=st.integers(1, 4 * 60),
    duration=st.integers(5, 240),
    around=st.tuples(st.integers(0, 30), st.integers(0, 30)),
)
def test_a_range_holds_what_is_not_longer_than_it(
    start: int, length: int, duration: int, around: tuple[int, int]
) -> None:
    """Of one range a week, exactly the meetings that fit can be booked."""
    clock = [f"{at // 60:02}:{at % 60:02}" for at in (start, start + length)]
    weekly = {SANNE.id: [works(SANNE, hours("-".join(clock), days=["wed"]))]}
    before, after = around
    wanted = kind(SANNE, duration=duration, preparation=before, wrap_up=after, step=1)

    never = why(wanted, SANNE, schedules=weekly)

    assert (never == "") == (before + duration + after <= length)
