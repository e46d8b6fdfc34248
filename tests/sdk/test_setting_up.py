"""What the client sets up the real application keeps, and gives back as it was said."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from spreekuur import AsyncSpreekuur, Conflict, InvalidRequest, NotFound, Unprocessable
from spreekuur.models import (
    Advisor,
    Authorisation,
    Holidays,
    Limit,
    OpenHours,
    Override,
    ResourceNeed,
    Role,
    Schedule,
    Travel,
    WeeklyRange,
)

from api import access
from api.bootstrap import open_house
from api.settings import Settings
from kernel.clock import FixedClock
from kernel.crypto import Secret
from kernel.ids import Id, new_id
from notifications.channels.mailbox import Mailbox
from tests.services.application import served

MORNING = WeeklyRange(day="mon", start="09:00", end="12:00")
WEEK = Schedule(timezone="Europe/Amsterdam", weekly=[MORNING])


@pytest.fixture
async def client(
    database_url: str, clock: FixedClock, tenant: Id, tmp_path: Path
) -> AsyncIterator[AsyncSpreekuur]:
    """A client with a secret key, in the same process as the application."""
    settings = Settings(
        secret_key=Secret("a secret key of the tests, long enough"), database_url=database_url
    )
    channels = {"email": Mailbox(tmp_path / "mail")}
    async with open_house(settings, clock=clock, channels=channels) as house:
        async with house.database.transaction(tenant) as db:
            _, key = await access.create_key(
                db, tenant, kind="secret", name="tests", origins=[], now=clock.now()
            )
        with served(house) as app:
            async with AsyncSpreekuur.in_process(app, key, max_retries=0) as client:
                yield client


async def sanne(client: AsyncSpreekuur) -> Advisor:
    """Add an advisor who works on Monday mornings."""
    advisor = await client.advisors.create(
        name="Sanne Visser", email="sanne@bank.example", timezone="Europe/Amsterdam"
    )
    await client.advisors.set_schedule(advisor.id, WEEK)
    return advisor


async def test_branches_have_hours_and_holidays(client: AsyncSpreekuur) -> None:
    """Said at once or later, as models or as plain mappings."""
    hours = OpenHours(weekly=[MORNING], overrides=[Override(date=date(2026, 12, 24))])
    made = await client.locations.create(slug="utrecht", name="Utrecht", hours=hours)
    changed = await client.locations.update(
        "utrecht", name="Utrecht Neude", holidays={"country": "NL"}
    )

    assert made.hours == hours
    assert (changed.id, changed.hours, changed.holidays) == (made.id, None, Holidays(country="NL"))
    assert await client.locations.get("utrecht") == changed
    days = await client.holidays.list("NL", 2026, lang="en")
    assert days.items[0].name == "New Year's Day"


async def test_all_that_is_known_of_an_advisor_comes_back(client: AsyncSpreekuur) -> None:
    """Licences, limits and journeys are models both ways."""
    await client.products.apply(slug="hypotheek", name="Hypotheek", authorised_only=True)
    advisor = await sanne(client)
    licence = Authorisation(product="hypotheek", valid_from=date(2026, 1, 1))
    limit = Limit(per="week", count=10)
    journey = Travel(first_day=date(2027, 3, 1), last_day=date(2027, 3, 5), timezone="Asia/Kolkata")

    changed = await client.advisors.update(
        advisor.id,
        name=advisor.name,
        email=advisor.email,
        timezone=advisor.timezone,
        languages=["nl", "pt-BR"],
        skills=["starters"],
        authorisations=[licence],
        limits=[limit],
        travels=[journey],
        since=date(2020, 1, 1),
    )

    assert await client.advisors.get(advisor.id) == changed
    assert (changed.authorisations, changed.limits, changed.travels) == (
        [licence],
        [limit],
        [journey],
    )
    assert [one.slug async for one in client.products.iter()] == ["hypotheek"]


async def test_schedules_and_absences_come_and_go(client: AsyncSpreekuur) -> None:
    """What was read can be changed and set again."""
    advisor = await sanne(client)
    evening = Schedule(
        timezone="Europe/Amsterdam",
        weekly=[WeeklyRange(day="thu", start="20:00", end="10:00", overnight=True)],
        name="evening",
        channels=["video"],
        valid_from=date(2027, 1, 1),
    )

    assert await client.advisors.set_schedule(advisor.id, evening) == evening
    found = (await client.advisors.schedules(advisor.id)).items
    assert found == [evening, WEEK]
    assert await client.advisors.set_schedule(advisor.id, found[0]) == evening
    await client.advisors.remove_schedule(advisor.id, "evening")
    assert (await client.advisors.schedules(advisor.id)).items == [WEEK]
    assert await client.advisors.schedule(advisor.id) == WEEK

    away: dict[str, Any] = {"first_day": date(2027, 2, 1), "last_day": date(2027, 2, 5)}
    absence = await client.advisors.add_absence(advisor.id, **away, reason="training")
    assert (await client.advisors.absences(advisor.id)).items == [absence]
    with pytest.raises(Conflict, match="absence-overlaps"):
        await client.advisors.add_absence(advisor.id, **away)
    with pytest.raises(InvalidRequest, match="/stand_in"):
        await client.advisors.add_absence(advisor.id, **away, stand_in="nobody")
    await client.advisors.remove_absence(absence.id)
    assert (await client.advisors.absences(advisor.id)).items == []


async def test_only_customers_on_file_are_excluded(
    client: AsyncSpreekuur, clock: FixedClock
) -> None:
    """Nothing is on file, so nothing can be lifted either."""
    advisor = await sanne(client)
    stranger = new_id("cus", clock.now())

    for refused in (client.advisors.exclude, client.advisors.allow):
        with pytest.raises(NotFound):
            await refused(advisor.id, stranger)
    assert (await client.advisors.exclusions(advisor.id)).items == []


async def test_a_kind_of_meeting_is_defined_whole(client: AsyncSpreekuur) -> None:
    """With a room and a colleague; what could never be booked is refused with the reason."""
    advisor = await sanne(client)
    colleague = await client.advisors.create(
        name="Ravi Patel", email="ravi@bank.example", timezone="Europe/London"
    )
    room = await client.resources.apply(slug="neude-1", name="Neude 1", turnaround=10)
    role = Role(name="tolk", advisors=[colleague.id], speaks=True)

    defined = await client.meeting_types.apply(
        slug="gesprek",
        name={"nl": "Gesprek"},
        channels=["video"],
        advisors=[advisor.id],
        durations=[30, 60],
        grid="clock",
        limits=[Limit(per="day", count=3)],
        hours=OpenHours(weekly=[MORNING]),
        weights={advisor.id: 50},
        roles=[role],
        resources=[ResourceNeed(kind="room")],
        bookable_until=date(2027, 12, 31),
    )

    assert await client.meeting_types.definition("gesprek") == defined
    assert (defined.roles, defined.hours) == ([role], OpenHours(weekly=[MORNING]))
    assert [one async for one in client.resources.iter()] == [room]
    with pytest.raises(Unprocessable, match="longest time that is open lasts 180") as refused:
        await client.meeting_types.apply(
            slug="gesprek",
            name={"nl": "Gesprek"},
            channels=["video"],
            advisors=[advisor.id],
            duration=181,
        )
    assert refused.value.code == "never-offered"
    assert await client.meeting_types.definition("gesprek") == defined
    await client.resources.remove("neude-1")
    assert (await client.resources.list()).items == []
