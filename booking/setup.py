"""What must be on file before anybody can book: branches, advisors, hours, kinds of meeting."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import setup_store as store
from booking.errors import AdvisorKnown, MeetingTypeUnknown, SlugTaken
from booking.model import (
    Advisor,
    AdvisorInput,
    Location,
    LocationInput,
    MeetingType,
    MeetingTypeInput,
    Schedule,
    ScheduleInput,
)
from kernel.errors import FieldError, Invalid, NotFound
from kernel.ids import Id, new_id, require


async def add_location(
    db: AsyncConnection, tenant: Id, data: LocationInput, *, now: datetime
) -> Location:
    """Put a branch on file.

    Raises:
        SlugTaken: Another branch has the slug.
    """
    location = Location(id=new_id("loc", now), **structs.asdict(data))
    if not await store.insert_location(db, tenant, location, now=now):
        raise SlugTaken(f"There is a location with the slug {data.slug!r} already.")
    return location


async def list_locations(db: AsyncConnection, tenant: Id) -> list[Location]:
    """Return the organisation's branches, by name."""
    return await store.locations_of(db, tenant)


async def add_advisor(
    db: AsyncConnection, tenant: Id, data: AdvisorInput, *, now: datetime
) -> Advisor:
    """Put an advisor on file.

    Raises:
        AdvisorKnown: One with this e-mail address is.
        Invalid: A branch is not on file.
    """
    known = {location.slug for location in await store.locations_of(db, tenant)}
    _require_known(data.locations, known, "locations", "There is no location with this slug.")
    fields: dict[str, Any] = structs.asdict(data) | {"email": data.email.lower()}
    advisor = Advisor(id=new_id("adv", now), **fields)
    if not await store.insert_advisor(db, tenant, advisor, now=now):
        raise AdvisorKnown
    return advisor


async def list_advisors(db: AsyncConnection, tenant: Id) -> list[Advisor]:
    """Return the organisation's advisors, by name."""
    return await store.advisors_of(db, tenant)


async def get_advisor(db: AsyncConnection, tenant: Id, advisor_id: Id) -> Advisor:
    """Return one advisor.

    Raises:
        NotFound: The organisation has none with this id.
    """
    advisor = await store.advisor_by_id(db, tenant, require("adv", advisor_id, "advisor"))
    if advisor is None:
        raise NotFound("There is no advisor with this id.")
    return advisor


async def find_advisor_by_email(db: AsyncConnection, tenant: Id, email: str) -> Advisor | None:
    """Return the advisor with this e-mail address, in whatever case it is written."""
    return await store.advisor_by_email(db, tenant, email.lower())


async def set_schedule(
    db: AsyncConnection, tenant: Id, advisor_id: Id, data: ScheduleInput, *, now: datetime
) -> Schedule:
    """Put an advisor's working hours on file in place of those before.

    Raises:
        NotFound: There is no such advisor.
    """
    await get_advisor(db, tenant, advisor_id)
    schedule = Schedule(id=new_id("sch", now), advisor_id=advisor_id, **structs.asdict(data))
    kept = await store.keep_schedule(db, tenant, schedule, now=now)
    return structs.replace(schedule, id=kept)


async def get_schedule(db: AsyncConnection, tenant: Id, advisor_id: Id) -> Schedule:
    """Return an advisor's working hours.

    Raises:
        NotFound: There is no such advisor, or none of their hours are on file.
    """
    await get_advisor(db, tenant, advisor_id)
    schedule = await store.schedule_of(db, tenant, advisor_id)
    if schedule is None:
        raise NotFound("No working hours are on file for this advisor; set a schedule first.")
    return schedule


async def apply_meeting_type(
    db: AsyncConnection, tenant: Id, data: MeetingTypeInput, *, now: datetime
) -> MeetingType:
    """Put a kind of meeting on file; the same slug again changes the one that is there.

    Raises:
        Invalid: It names an advisor or branch that is not on file, or is held in a branch and
            names none.
    """
    advisors = {advisor.id for advisor in await store.advisors_of(db, tenant)}
    _require_known(data.advisors, advisors, "advisors", "There is no advisor with this id.")
    branches = {location.slug for location in await store.locations_of(db, tenant)}
    _require_known(data.locations, branches, "locations", "There is no location with this slug.")
    if "branch" in data.channels and not data.locations:
        raise _invalid("/locations", "A meeting in a branch needs the branches it is held in.")
    meeting_type = MeetingType(id=new_id("mty", now), **structs.asdict(data))
    kept = await store.keep_meeting_type(db, tenant, meeting_type, now=now)
    return structs.replace(meeting_type, id=kept)


async def list_meeting_types(db: AsyncConnection, tenant: Id) -> list[MeetingType]:
    """Return the organisation's kinds of meeting, by slug."""
    return await store.meeting_types_of(db, tenant)


async def get_meeting_type(db: AsyncConnection, tenant: Id, slug: str) -> MeetingType:
    """Return the kind of meeting with this slug.

    Raises:
        MeetingTypeUnknown: There is none.
    """
    meeting_type = await store.meeting_type_by_slug(db, tenant, slug)
    if meeting_type is None:
        raise MeetingTypeUnknown
    return meeting_type


def _require_known(named: Sequence[str], known: Collection[str], name: str, sentence: str) -> None:
    for at, one in enumerate(named):
        if one not in known:
            raise _invalid(f"/{name}/{at}", sentence)


def _invalid(pointer: str, sentence: str) -> Invalid:
    return Invalid(sentence, errors=(FieldError(pointer=pointer, detail=sentence),))
