"""What must be on file before anybody can book, and what is refused there."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import structs
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import setup
from booking.errors import (
    AbsenceOverlaps,
    AdvisorKnown,
    MeetingTypeUnknown,
    NeverOffered,
    ResourceInUse,
    SlugTaken,
)
from booking.hours import Holidays, OpenHours, Override, TimeRange, WeeklyRange
from booking.organisation import (
    AbsenceInput,
    AdvisorInput,
    Authorisation,
    Limit,
    LocationInput,
    MeetingTypeInput,
    ProductInput,
    ResourceInput,
    ResourceNeed,
    Role,
    ScheduleInput,
    Travel,
)
from booking.tables import claims, setups
from kernel.database import Database
from kernel.errors import Invalid, NotFound, SpreekuurError
from kernel.ids import Id, new_id, uuid_of
from tests.booking.builders import NOW, add_advisor, add_branch, add_meeting_type

CUSTOMER = new_id("cus", NOW)


async def version_of(db: AsyncConnection, tenant: Id) -> str | None:
    """Return what changes with everything that is set up."""
    rows = await db.execute(select(setups.c.version).where(setups.c.tenant_id == tenant))
    return rows.scalar_one_or_none()


def pointer_of(refused: pytest.ExceptionInfo[SpreekuurError]) -> str:
    """Return where it is wrong."""
    (error,) = refused.value.errors
    return error.pointer


async def test_a_branch_is_on_file_once(database: Database, tenant: Id) -> None:
    """A second branch cannot take the slug of the first."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        await add_branch(db, tenant, "lissabon", "Europe/Lisbon")
        with pytest.raises(SlugTaken):
            await add_branch(db, tenant, "utrecht", "Europe/Lisbon")

        found = await setup.list_locations(db, tenant)

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
        advisor = await setup.add_advisor(db, tenant, data, now=NOW)

        assert await setup.find_advisor_by_email(db, tenant, "SANNE@bank.example") == advisor
        assert await setup.find_advisor_by_email(db, tenant, "bob@bank.example") is None
        assert await setup.get_advisor(db, tenant, advisor.id) == advisor
        assert await setup.list_advisors(db, tenant) == [advisor]
        with pytest.raises(AdvisorKnown):
            await setup.add_advisor(db, tenant, data, now=NOW)


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
            await setup.get_schedule(db, tenant, advisor.id)
        first = await setup.set_schedule(
            db, tenant, advisor.id, ScheduleInput(timezone="Asia/Kolkata", weekly=[]), now=NOW
        )
        second = await setup.set_schedule(db, tenant, advisor.id, hours, now=NOW)

        found = await setup.get_schedule(db, tenant, advisor.id)

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
        assert await setup.get_meeting_type(db, tenant, "hypotheek") == second
        assert await setup.list_meeting_types(db, tenant) == [second]
        assert second.duration == 45
        with pytest.raises(MeetingTypeUnknown):
            await setup.get_meeting_type(db, tenant, "lening")


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
                await setup.apply_meeting_type(db, tenant, data, now=NOW)
            assert refused.value.errors[0].pointer == pointer
        with pytest.raises(Invalid):
            await add_advisor(db, tenant, locations=["utrecht"])
        with pytest.raises(NotFound):
            await setup.set_schedule(
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
    with pytest.raises(msgspec.ValidationError, match="each date once"):
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


# --- branches and advisors -----------------------------------------------------------------------


async def test_a_branch_is_changed_but_for_its_slug(database: Database, tenant: Id) -> None:
    """Hours and holidays are read back as they were set; other things name the slug."""
    hours = OpenHours(weekly=[WeeklyRange(day="sat", start="10:00", end="14:00")])
    data = LocationInput(
        slug="utrecht",
        name="Utrecht Neude",
        hours=hours,
        holidays=Holidays(country="NL", open_on=[date(2026, 12, 26)]),
    )
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Lisbon")
        before = await setup.get_location(db, tenant, "utrecht")

        changed = await setup.update_location(db, tenant, "utrecht", data, now=NOW)

        assert changed.id == before.id
        assert await setup.get_location(db, tenant, "utrecht") == changed
        assert (changed.hours, changed.holidays) == (hours, data.holidays)
        renamed = structs.replace(data, slug="neude")
        with pytest.raises(Invalid) as refused:
            await setup.update_location(db, tenant, "utrecht", renamed, now=NOW)
        assert pointer_of(refused) == "/slug"
        with pytest.raises(NotFound):
            await setup.update_location(db, tenant, "leiden", data, now=NOW)


async def test_all_that_is_known_of_an_advisor_comes_back(database: Database, tenant: Id) -> None:
    """Skills, licences, limits, journeys and days of service, first on file and then changed."""
    data = AdvisorInput(
        name="Sanne",
        email="Sanne@bank.example",
        timezone="Europe/Amsterdam",
        languages=["nl", "pt-BR"],
        skills=["zakelijk"],
        authorisations=[
            Authorisation(
                product="hypotheek", valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1)
            )
        ],
        limits=[Limit(per="week", count=10, minutes=600)],
        travels=[
            Travel(first_day=date(2026, 12, 1), last_day=date(2026, 12, 5), timezone="Asia/Kolkata")
        ],
        since=date(2026, 1, 1),
        until=date(2028, 1, 1),
    )
    async with database.transaction(tenant) as db:
        await setup.apply_product(
            db, tenant, ProductInput(slug="hypotheek", name="Hypotheek"), now=NOW
        )
        added = await setup.add_advisor(db, tenant, data, now=NOW)

        assert await setup.get_advisor(db, tenant, added.id) == added
        assert added == structs.replace(added, **structs.asdict(data) | {"email": added.email})

        less = structs.replace(data, name="Sanne Visser", skills=[], travels=[], until=None)
        changed = await setup.update_advisor(db, tenant, added.id, less, now=NOW)

        assert await setup.get_advisor(db, tenant, added.id) == changed
        assert (changed.id, changed.email) == (added.id, "sanne@bank.example")
        assert (changed.skills, changed.travels, changed.until) == ([], [], None)


async def test_two_advisors_cannot_have_one_address(database: Database, tenant: Id) -> None:
    """Not by a change either; the transaction goes on, and nobody has changed."""
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant, "Sanne")
        ravi = await add_advisor(db, tenant, "Ravi")
        taken = AdvisorInput(name="Ravi", email="SANNE@bank.example", timezone="Asia/Kolkata")

        with pytest.raises(AdvisorKnown):
            await setup.update_advisor(db, tenant, ravi.id, taken, now=NOW)

        assert await setup.list_advisors(db, tenant) == [ravi, sanne]
        with pytest.raises(NotFound):
            await setup.update_advisor(db, tenant, new_id("adv", NOW), taken, now=NOW)


# --- schedules, absences, exclusions -------------------------------------------------------------


async def test_an_advisor_has_schedules_by_name(database: Database, tenant: Id) -> None:
    """Each is set, changed and removed by itself, and keeps its id."""
    plain = ScheduleInput(timezone="Europe/Amsterdam", weekly=[])
    evening = ScheduleInput(
        timezone="Europe/Amsterdam",
        weekly=[WeeklyRange(day="mon", start="18:00", end="21:00")],
        name="evening",
        channels=["video"],
        locations=["utrecht"],
        valid_from=date(2027, 1, 1),
        valid_until=date(2027, 6, 30),
        holidays=Holidays(country="DE", subdivision="BY"),
    )
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours=None)
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        regular = await setup.set_schedule(db, tenant, advisor.id, plain, now=NOW)
        first = await setup.set_schedule(db, tenant, advisor.id, evening, now=NOW)
        longer = structs.replace(evening, valid_until=None)
        second = await setup.set_schedule(db, tenant, advisor.id, longer, now=NOW)

        assert first == structs.replace(second, valid_until=date(2027, 6, 30))
        assert await setup.get_schedule(db, tenant, advisor.id) == regular
        assert await setup.get_schedule(db, tenant, advisor.id, "evening") == second
        assert await setup.list_schedules(db, tenant, advisor.id) == [second, regular]

        await setup.remove_schedule(db, tenant, advisor.id, "evening", now=NOW)

        assert await setup.list_schedules(db, tenant, advisor.id) == [regular]
        with pytest.raises(NotFound):
            await setup.remove_schedule(db, tenant, advisor.id, "evening", now=NOW)
        elsewhere = structs.replace(evening, locations=["utrecht", "leiden"])
        with pytest.raises(Invalid) as refused:
            await setup.set_schedule(db, tenant, advisor.id, elsewhere, now=NOW)
        assert pointer_of(refused) == "/locations/1"


def away(first: int, last: int, **more: Any) -> AbsenceInput:
    """Return days of December on which somebody is away."""
    return AbsenceInput(first_day=date(2026, 12, first), last_day=date(2026, 12, last), **more)


async def test_absences_of_one_advisor_do_not_overlap(database: Database, tenant: Id) -> None:
    """They may touch, others may be away on the same days, and a removed one is in no way."""
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant, "Sanne")
        ravi = await add_advisor(db, tenant, "Ravi")
        first = await setup.add_absence(
            db, tenant, sanne.id, away(7, 11, reason="training", stand_in=ravi.id), now=NOW
        )
        for clash in (away(1, 7), away(11, 11), away(8, 9), away(1, 31)):
            with pytest.raises(AbsenceOverlaps):
                await setup.add_absence(db, tenant, sanne.id, clash, now=NOW)
        before = await setup.add_absence(db, tenant, sanne.id, away(6, 6), now=NOW)
        await setup.add_absence(db, tenant, ravi.id, away(7, 11), now=NOW)

        assert await setup.list_absences(db, tenant, sanne.id) == [before, first]
        assert (first.reason, first.stand_in) == ("training", ravi.id)

        await setup.remove_absence(db, tenant, first.id, now=NOW)
        again = await setup.add_absence(db, tenant, sanne.id, away(8, 9), now=NOW)

        assert await setup.list_absences(db, tenant, sanne.id) == [before, again]
        with pytest.raises(NotFound):
            await setup.remove_absence(db, tenant, first.id, now=NOW)


@pytest.mark.parametrize("stand_in", ["adv_00000000000000000000000000", "sanne", ""])
async def test_a_stand_in_is_on_file(database: Database, tenant: Id, stand_in: str) -> None:
    """Whether it is no id at all or one of nobody."""
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant)
        with pytest.raises(Invalid) as refused:
            await setup.add_absence(db, tenant, sanne.id, away(7, 8, stand_in=stand_in), now=NOW)
        assert pointer_of(refused) == "/stand_in"
        assert await setup.list_absences(db, tenant, sanne.id) == []


async def test_nobody_stands_in_for_themselves_nor_is_away_for_ever(
    database: Database, tenant: Id
) -> None:
    """Both are slips."""
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant)
        for data, pointer in (
            (away(7, 8, stand_in=sanne.id), "/stand_in"),
            (AbsenceInput(first_day=date(2026, 12, 1), last_day=date.max), "/last_day"),
            (AbsenceInput(first_day=date.min, last_day=date(2026, 12, 1)), "/first_day"),
        ):
            with pytest.raises(Invalid) as refused:
                await setup.add_absence(db, tenant, sanne.id, data, now=NOW)
            assert pointer_of(refused) == pointer
        with pytest.raises(NotFound):
            await setup.add_absence(db, tenant, new_id("adv", NOW), away(7, 8), now=NOW)


async def test_two_absences_at_the_same_moment_do_not_overlap(
    database: Database, tenant: Id
) -> None:
    """Of ten who write down the same days at once, one does."""
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant)

    async def attempt() -> str:
        async with database.transaction(tenant) as db:
            await setup.add_absence(db, tenant, sanne.id, away(7, 11), now=NOW)
        return "added"

    outcomes = await asyncio.gather(*(attempt() for _ in range(10)), return_exceptions=True)

    assert outcomes.count("added") == 1
    assert sum(isinstance(each, AbsenceOverlaps) for each in outcomes) == 9


async def test_an_exclusion_is_on_file_once_and_can_be_lifted(
    database: Database, tenant: Id
) -> None:
    """Putting it there again changes nothing, not even since when it is."""
    later = NOW + timedelta(days=1)
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant)
        await setup.exclude(db, tenant, sanne.id, CUSTOMER, now=NOW)
        await setup.exclude(db, tenant, sanne.id, CUSTOMER, now=later)

        assert await setup.list_exclusions(db, tenant, sanne.id) == [
            setup.Exclusion(customer_id=CUSTOMER, created_at=NOW)
        ]

        await setup.allow(db, tenant, sanne.id, CUSTOMER)

        assert await setup.list_exclusions(db, tenant, sanne.id) == []
        with pytest.raises(NotFound):
            await setup.allow(db, tenant, sanne.id, CUSTOMER)
        with pytest.raises(NotFound):
            await setup.exclude(db, tenant, sanne.id, "anna", now=NOW)


# --- products, resources, kinds of meeting -------------------------------------------------------


async def test_products_and_resources_are_changed_by_their_slug(
    database: Database, tenant: Id
) -> None:
    """The id stays, and the definition is read back whole."""
    product = ProductInput(
        slug="hypotheek",
        name="Hypotheek",
        authorised_only=False,
        hours=OpenHours(weekly=[WeeklyRange(day="mon", start="09:00", end="12:00")]),
    )
    room = ResourceInput(slug="neude-1", name="Neude 1", location="utrecht", turnaround=10)
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        first = await setup.apply_product(db, tenant, product, now=NOW)
        second = await setup.apply_product(
            db, tenant, structs.replace(product, authorised_only=True), now=NOW
        )
        assert second == structs.replace(first, authorised_only=True)
        assert await setup.list_products(db, tenant) == [second]

        one = await setup.apply_resource(db, tenant, room, now=NOW)
        two = await setup.apply_resource(
            db, tenant, structs.replace(room, kind="screen", location=None), now=NOW
        )
        assert two == structs.replace(one, kind="screen", location=None)
        assert await setup.list_resources(db, tenant) == [two]
        elsewhere = structs.replace(room, location="leiden")
        with pytest.raises(Invalid) as refused:
            await setup.apply_resource(db, tenant, elsewhere, now=NOW)
        assert pointer_of(refused) == "/location"


@pytest.mark.parametrize(
    ("claim", "used"),
    [
        ({"ends_at": NOW + timedelta(hours=1), "booking_id": new_id("bkg", NOW)}, True),
        ({"ends_at": NOW, "booking_id": new_id("bkg", NOW)}, False),
        (
            {
                "ends_at": NOW + timedelta(hours=1),
                "booking_id": new_id("bkg", NOW),
                "live": False,
            },
            False,
        ),
        (
            {
                "ends_at": NOW + timedelta(hours=1),
                "hold_id": new_id("hld", NOW),
                "expires_at": NOW + timedelta(minutes=1),
            },
            True,
        ),
        (
            {
                "ends_at": NOW + timedelta(hours=1),
                "hold_id": new_id("hld", NOW),
                "expires_at": NOW,
            },
            False,
        ),
    ],
    ids=["booked", "over", "cancelled", "held", "hold expired"],
)
async def test_a_resource_in_use_stays(
    database: Database, tenant: Id, claim: dict[str, Any], *, used: bool
) -> None:
    """Only what is still to come, and still stands, keeps it on file."""
    room = ResourceInput(slug="neude-1", name="Neude 1")
    async with database.transaction(tenant) as db:
        added = await setup.apply_resource(db, tenant, room, now=NOW)
        usual = {"starts_at": NOW - timedelta(hours=1), "live": True}
        await db.execute(
            insert(claims).values(
                tenant_id=tenant,
                id=new_id("clm", NOW),
                resource_id=uuid_of(added.id),
                **usual | claim,
            )
        )
        if used:
            with pytest.raises(ResourceInUse):
                await setup.remove_resource(db, tenant, "neude-1", now=NOW)
            assert await setup.list_resources(db, tenant) == [added]
            return

        await setup.remove_resource(db, tenant, "neude-1", now=NOW)

        assert await setup.list_resources(db, tenant) == []
        with pytest.raises(NotFound):
            await setup.remove_resource(db, tenant, "neude-1", now=NOW)


async def test_a_kind_of_meeting_comes_back_whole(database: Database, tenant: Id) -> None:
    """Every field of the definition is stored, the deepest too."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        sanne = await add_advisor(db, tenant, "Sanne", locations=["utrecht"])
        ravi = await add_advisor(db, tenant, "Ravi")
        await setup.apply_product(
            db,
            tenant,
            ProductInput(slug="hypotheek", name="Hypotheek", authorised_only=False),
            now=NOW,
        )
        await setup.apply_resource(
            db, tenant, ResourceInput(slug="neude-1", name="Neude 1", location="utrecht"), now=NOW
        )
        data = MeetingTypeInput(
            slug="hypotheek",
            name={"nl": "Hypotheekgesprek", "en": "Mortgage talk"},
            description={"nl": "Over uw huis."},
            duration=60,
            durations=[30, 60],
            channels=["branch", "video"],
            grid="tight",
            preparation=10,
            limits=[Limit(whose="customer", per="ahead", count=1)],
            bookable_until=date(2027, 12, 31),
            hours=OpenHours(
                weekly=[WeeklyRange(day="mon", start="09:00", end="24:00")],
                overrides=[Override(date=date(2026, 12, 25), ranges=[])],
            ),
            channel_hours={
                "video": OpenHours(
                    weekly=[WeeklyRange(day="mon", start="09:00", end="12:00")],
                    holidays=Holidays(country="NL"),
                )
            },
            product="hypotheek",
            advisors=[sanne.id],
            weights={sanne.id: 50},
            roles=[Role(name="tolk", advisors=[ravi.id], speaks=True)],
            resources=[ResourceNeed(kind="room", channels=["branch"])],
            locations=["utrecht"],
            approval=True,
        )

        applied = await setup.apply_meeting_type(db, tenant, data, now=NOW)

        assert await setup.get_meeting_type(db, tenant, "hypotheek") == applied
        assert {name: getattr(applied, name) for name in data.__struct_fields__} == structs.asdict(
            data
        )


async def test_references_of_a_kind_of_meeting_are_on_file(database: Database, tenant: Id) -> None:
    """Each with a pointer to it; naming somebody twice is a slip too."""
    stranger = new_id("adv", NOW)
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant)
        for changes, pointer in (
            ({"product": "hypotheek"}, "/product"),
            ({"roles": [Role(name="tolk", advisors=[sanne.id, stranger])]}, "/roles/0/advisors/1"),
            ({"advisors": [sanne.id, sanne.id]}, "/advisors/1"),
        ):
            usual: dict[str, Any] = {"channels": ["video"], "advisors": [sanne.id]}
            data = MeetingTypeInput(slug="gesprek", name={"nl": "Gesprek"}, **usual | changes)
            with pytest.raises(Invalid) as refused:
                await setup.apply_meeting_type(db, tenant, data, now=NOW)
            assert pointer_of(refused) == pointer


async def test_what_could_never_be_booked_changes_nothing(database: Database, tenant: Id) -> None:
    """The kind of meeting that was there stays as it was."""
    async with database.transaction(tenant) as db:
        advisor = await add_advisor(db, tenant, hours="09:00-12:00")
        before = await add_meeting_type(db, tenant, [advisor])
        version = await version_of(db, tenant)

        with pytest.raises(NeverOffered, match="longest time that is open lasts 180"):
            await add_meeting_type(db, tenant, [advisor], duration=200)
        with pytest.raises(NeverOffered, match="name its advisors"):
            await add_meeting_type(db, tenant, [])

        assert await setup.list_meeting_types(db, tenant) == [before]
        assert await version_of(db, tenant) == version


# --- one version of it all -----------------------------------------------------------------------


async def _remove_first_absence(db: AsyncConnection, tenant: Id, advisor: Id) -> None:
    (absence,) = await setup.list_absences(db, tenant, advisor)
    await setup.remove_absence(db, tenant, absence.id, now=NOW)


Change = Callable[[AsyncConnection, Id, Id], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "add_location": lambda db, tenant, _: setup.add_location(
        db, tenant, LocationInput(slug="leiden", name="Leiden"), now=NOW
    ),
    "update_location": lambda db, tenant, _: setup.update_location(
        db, tenant, "utrecht", LocationInput(slug="utrecht", name="Utrecht"), now=NOW
    ),
    "add_advisor": lambda db, tenant, _: setup.add_advisor(
        db, tenant, AdvisorInput(name="Ravi", email="r@bank.example", timezone="UTC"), now=NOW
    ),
    "update_advisor": lambda db, tenant, advisor: setup.update_advisor(
        db,
        tenant,
        advisor,
        AdvisorInput(name="Sanne", email="s@bank.example", timezone="UTC"),
        now=NOW,
    ),
    "set_schedule": lambda db, tenant, advisor: setup.set_schedule(
        db, tenant, advisor, ScheduleInput(timezone="UTC", weekly=[]), now=NOW
    ),
    "remove_schedule": lambda db, tenant, advisor: setup.remove_schedule(
        db, tenant, advisor, "regular", now=NOW
    ),
    "add_absence": lambda db, tenant, advisor: setup.add_absence(
        db, tenant, advisor, away(21, 22), now=NOW
    ),
    "remove_absence": _remove_first_absence,
    "apply_product": lambda db, tenant, _: setup.apply_product(
        db, tenant, ProductInput(slug="sparen", name="Sparen"), now=NOW
    ),
    "apply_resource": lambda db, tenant, _: setup.apply_resource(
        db, tenant, ResourceInput(slug="neude-2", name="Neude 2"), now=NOW
    ),
    "remove_resource": lambda db, tenant, _: setup.remove_resource(db, tenant, "neude-1", now=NOW),
    "apply_meeting_type": lambda db, tenant, advisor: setup.apply_meeting_type(
        db,
        tenant,
        MeetingTypeInput(
            slug="gesprek", name={"nl": "Gesprek"}, channels=["video"], advisors=[advisor]
        ),
        now=NOW,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_every_change_changes_the_version(database: Database, tenant: Id, name: str) -> None:
    """What was read under the version before is not used after it, in this organisation only."""
    async with database.transaction(tenant) as db:
        await add_branch(db, tenant, "utrecht", "Europe/Amsterdam")
        sanne = await add_advisor(db, tenant)
        await setup.add_absence(db, tenant, sanne.id, away(7, 8), now=NOW)
        room = ResourceInput(slug="neude-1", name="Neude 1")
        await setup.apply_resource(db, tenant, room, now=NOW)
        before = await version_of(db, tenant)

        await CHANGES[name](db, tenant, sanne.id)

        assert before is not None
        assert await version_of(db, tenant) not in {before, None}


def test_every_change_is_tried() -> None:
    """A use case that takes the moment changes something; the list above has all but one."""
    changing = {
        name
        for name, one in vars(setup).items()
        if inspect.iscoroutinefunction(one) and "now" in inspect.signature(one).parameters
    }

    # An exclusion is read with the customer each time, so nothing that is kept depends on it.
    assert changing - {"exclude"} == CHANGES.keys()


async def test_reading_changes_no_version(database: Database, tenant: Id) -> None:
    """The negative control: lists and exclusions leave it as it is."""
    async with database.transaction(tenant) as db:
        sanne = await add_advisor(db, tenant)
        before = await version_of(db, tenant)

        await setup.list_schedules(db, tenant, sanne.id)
        await setup.list_absences(db, tenant, sanne.id)
        await setup.exclude(db, tenant, sanne.id, CUSTOMER, now=NOW)
        await setup.allow(db, tenant, sanne.id, CUSTOMER)

        assert await version_of(db, tenant) == before
