"""What must be on file before anybody can book, and what is refused there."""

from datetime import date

import msgspec
import pytest

from booking import service
from booking.errors import AdvisorKnown, MeetingTypeUnknown, SlugTaken
from booking.model import (
    AdvisorInput,
    LocationInput,
    MeetingTypeInput,
    Override,
    ScheduleInput,
    TimeRange,
    WeeklyRange,
)
from kernel.database import Database
from kernel.errors import Invalid, NotFound
from kernel.ids import Id, new_id
from tests.booking.builders import NOW, add_advisor, add_branch, add_meeting_type


async def test_a_branch_is_on_file_once(database: Database, tenant: Id) -> None:
    """A second branch cannot take the slug of the first."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        await add_branch(db, tenant, "lissabon", "Europe/Lisbon")
        with pytest.raises(SlugTaken):
            await add_branch(db, tenant, "utrecht", "Europe/Lisbon")

        found = await service.list_locations(db, tenant)

    assert [(place.slug, place.timezone) for place in found] == [
        ("lissabon", "Europe/Lisbon"),
        ("utrecht", "Europe/Amsterdam"),
    ]


async def test_an_advisor_is_found_by_their_address_in_whatever_case(
    database: Database, tenant: Id
) -> None:
    """Mail systems do not tell capitals apart, so neither do we."""
    data = AdvisorInput(name="Sanne", email="Sanne@Bank.example", timezone="Europe/Amsterdam")
    async with database.transaction(tenant) as db:
        advisor = await service.add_advisor(db, tenant, data, now=NOW)

        assert await service.find_advisor_by_email(db, tenant, "SANNE@bank.example") == advisor
        assert await service.find_advisor_by_email(db, tenant, "bob@bank.example") is None
        assert await service.get_advisor(db, tenant, advisor.id) == advisor
        assert await service.list_advisors(db, tenant) == [advisor]
        with pytest.raises(AdvisorKnown):
            await service.add_advisor(db, tenant, data, now=NOW)


async def test_working_hours_replace_those_before(database: Database, tenant: Id) -> None:
    """What was set last is read back as it was set, under the same id."""
    hours = ScheduleInput(
        timezone="Europe/Amsterdam",
        weekly=[WeeklyRange(day="mon", start="22:00", end="06:00")],
        overrides=[
            Override(date=date(2026, 12, 24), ranges=[TimeRange(start="09:00", end="24:00")]),
            Override(date=date(2026, 12, 25), ranges=[]),
        ],
    )
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours=None)
        with pytest.raises(NotFound):
            await service.get_schedule(db, tenant, advisor.id)
        first = await service.set_schedule(
            db, tenant, advisor.id, ScheduleInput(timezone="Asia/Kolkata", weekly=[]), now=NOW
        )
        second = await service.set_schedule(db, tenant, advisor.id, hours, now=NOW)

        found = await service.get_schedule(db, tenant, advisor.id)

    assert found == second
    assert found.id == first.id
    assert (found.weekly, found.overrides) == (hours.weekly, hours.overrides)


async def test_applying_a_meeting_type_again_changes_it(database: Database, tenant: Id) -> None:
    """The slug says which one is meant, and the id stays."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant)
        first = await add_meeting_type(db, tenant, [advisor], duration=60)
        second = await add_meeting_type(db, tenant, [advisor], duration=45)

        assert second.id == first.id
        assert await service.get_meeting_type(db, tenant, "hypotheek") == second
        assert await service.list_meeting_types(db, tenant) == [second]
        assert second.duration == 45
        with pytest.raises(MeetingTypeUnknown):
            await service.get_meeting_type(db, tenant, "lening")


async def test_what_is_named_must_be_on_file(database: Database, tenant: Id) -> None:
    """The error points at the field that is wrong."""
    stranger = new_id("adv", NOW)

    def kind(**changes: object) -> MeetingTypeInput:
        name = {"nl": "Gesprek"}
        plain = {"slug": "hypotheek", "name": name, "channels": ["video"], "advisors": []}
        return msgspec.convert(plain | changes, MeetingTypeInput)

    async with database.transaction(tenant) as db:
        for data, pointer in (
            (kind(advisors=[stranger]), "/advisors/0"),
            (kind(locations=["utrecht"]), "/locations/0"),
            (kind(channels=["branch"]), "/locations"),
        ):
            with pytest.raises(Invalid) as refused:
                await service.apply_meeting_type(db, tenant, data, now=NOW)
            assert refused.value.errors[0].pointer == pointer
        with pytest.raises(Invalid):
            await add_advisor(db, tenant, locations=["utrecht"])
        with pytest.raises(NotFound):
            await service.set_schedule(
                db, tenant, stranger, ScheduleInput(timezone="UTC", weekly=[]), now=NOW
            )


def test_what_makes_no_sense_is_refused_at_the_door() -> None:
    """Clocks, zones, dates and slugs are checked before anything is stored."""
    good = {"timezone": "Europe/Amsterdam", "weekly": []}
    for bad in (
        {"weekly": [{"day": "mon", "start": "24:00", "end": "09:00"}]},
        {"weekly": [{"day": "mon", "start": "9:00", "end": "10:00"}]},
        {"weekly": [{"day": "monday", "start": "09:00", "end": "10:00"}]},
        {"unknown": 1},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(good | bad, ScheduleInput)
    off = {"date": "2026-12-25", "ranges": []}
    with pytest.raises(Invalid, match="each date once"):
        msgspec.convert(good | {"overrides": [off, off]}, ScheduleInput)
    for zone in ("Europe/Amersfoort", "Europe", "../etc/passwd", "/etc/localtime"):
        with pytest.raises(Invalid, match="no such time zone"):
            LocationInput(slug="utrecht", name="Utrecht", timezone=zone)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"slug": "Utrecht!", "name": "Utrecht"}, LocationInput)


@pytest.mark.parametrize("name", [{}, {"nl": ""}, {"nl": " "}, {"nl": "twee\nregels"}, {"xx": "x"}])
def test_a_kind_of_meeting_has_a_name_that_a_letter_can_hold(name: dict[str, str]) -> None:
    """A name stands in subjects and invitations: one line, not empty, in a language we write."""
    with pytest.raises(Invalid):
        MeetingTypeInput(slug="gesprek", name=name, channels=["video"], advisors=[])


def test_an_advisor_has_a_name_on_one_line() -> None:
    """A line break in a name would end up in the headers of a letter."""
    raw = {"name": "Sanne\r\nBcc: x", "email": "s@bank.example", "timezone": "Europe/Amsterdam"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, AdvisorInput)
