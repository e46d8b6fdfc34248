"""What must be on file before anybody can book: branches, advisors, hours, kinds of meeting.

Whatever changes any of it ends with ``store.touch``, in the same transaction: what is worked out
from all of it is kept for as long as nothing has changed.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import setup_store as store
from booking.errors import (
    AbsenceOverlaps,
    AdvisorKnown,
    MeetingTypeUnknown,
    NeverOffered,
    ResourceInUse,
    SlugTaken,
)
from booking.offerable import YEARS, never_offered
from booking.organisation import (
    Absence,
    AbsenceInput,
    Advisor,
    AdvisorInput,
    Location,
    LocationInput,
    MeetingType,
    MeetingTypeInput,
    Product,
    ProductInput,
    Resource,
    ResourceInput,
    Schedule,
    ScheduleInput,
)
from booking.setup_store import Exclusion
from booking.values import refused
from kernel.errors import NotFound
from kernel.ids import Id, new_id, require
from kernel.tenancy import get_tenant

__all__ = ["Exclusion"]

_NO_ADVISOR: Final = "There is no advisor with this id."
_NO_LOCATION: Final = "There is no location with this slug."
_NO_PRODUCT: Final = "There is no product with this slug."


# --- branches ------------------------------------------------------------------------------------


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
    await store.touch(db, tenant, now=now)
    return location


async def update_location(
    db: AsyncConnection, tenant: Id, slug: str, data: LocationInput, *, now: datetime
) -> Location:
    """Put what a branch is now in place of what was on file; its slug stays.

    Raises:
        NotFound: There is no such branch.
        Invalid: It is to have another slug.
    """
    before = await get_location(db, tenant, slug)
    if data.slug != slug:
        raise refused("/slug", "A branch keeps its slug; add another branch instead.")
    location = Location(id=before.id, **structs.asdict(data))
    await store.change_location(db, tenant, location)
    await store.touch(db, tenant, now=now)
    return location


async def get_location(db: AsyncConnection, tenant: Id, slug: str) -> Location:
    """Return the branch with this slug.

    Raises:
        NotFound: There is none.
    """
    location = await store.location_by_slug(db, tenant, slug)
    if location is None:
        raise NotFound(_NO_LOCATION)
    return location


async def list_locations(db: AsyncConnection, tenant: Id) -> list[Location]:
    """Return the organisation's branches, by name."""
    return await store.locations_of(db, tenant)


# --- advisors ------------------------------------------------------------------------------------


async def add_advisor(
    db: AsyncConnection, tenant: Id, data: AdvisorInput, *, now: datetime
) -> Advisor:
    """Put an advisor on file.

    Raises:
        AdvisorKnown: One with this e-mail address is.
        Invalid: A branch, or the product of a licence, is not on file.
    """
    advisor = await _advisor(db, tenant, new_id("adv", now), data)
    if not await store.insert_advisor(db, tenant, advisor, now=now):
        raise AdvisorKnown
    await store.touch(db, tenant, now=now)
    return advisor


async def update_advisor(
    db: AsyncConnection, tenant: Id, advisor_id: Id, data: AdvisorInput, *, now: datetime
) -> Advisor:
    """Put what an advisor is now in place of all that was on file.

    Raises:
        NotFound: There is no such advisor.
        AdvisorKnown: Another advisor has this e-mail address.
        Invalid: A branch, or the product of a licence, is not on file.
    """
    await get_advisor(db, tenant, advisor_id)
    advisor = await _advisor(db, tenant, advisor_id, data)
    if not await store.change_advisor(db, tenant, advisor):
        raise AdvisorKnown
    await store.touch(db, tenant, now=now)
    return advisor


async def _advisor(db: AsyncConnection, tenant: Id, advisor_id: Id, data: AdvisorInput) -> Advisor:
    await _require_branches(db, tenant, data.locations)
    if data.authorisations:
        known = {product.slug for product in await store.products_of(db, tenant)}
        for at, authorisation in enumerate(data.authorisations):
            if authorisation.product not in known:
                raise refused(f"/authorisations/{at}/product", _NO_PRODUCT)
    fields: dict[str, Any] = structs.asdict(data) | {"email": data.email.lower()}
    return Advisor(id=advisor_id, **fields)


async def list_advisors(db: AsyncConnection, tenant: Id) -> list[Advisor]:
    """Return the organisation's advisors, by name."""
    return await store.advisors_of(db, tenant)


async def get_advisor(
    db: AsyncConnection, tenant: Id, advisor_id: Id, *, lock: bool = False
) -> Advisor:
    """Return one advisor; with *lock*, others who lock them wait until the transaction ends.

    Raises:
        NotFound: The organisation has none with this id.
    """
    known = require("adv", advisor_id, "advisor")
    advisor = await store.advisor_by_id(db, tenant, known, lock=lock)
    if advisor is None:
        raise NotFound(_NO_ADVISOR)
    return advisor


async def find_advisor_by_email(db: AsyncConnection, tenant: Id, email: str) -> Advisor | None:
    """Return the advisor with this e-mail address, in whatever case it is written."""
    return await store.advisor_by_email(db, tenant, email.lower())


async def _is_advisor(db: AsyncConnection, tenant: Id, advisor_id: Id) -> bool:
    try:
        await get_advisor(db, tenant, advisor_id)
    except NotFound:
        return False
    return True


# --- working hours -------------------------------------------------------------------------------


async def set_schedule(
    db: AsyncConnection, tenant: Id, advisor_id: Id, data: ScheduleInput, *, now: datetime
) -> Schedule:
    """Put an advisor's working hours on file in place of those of the same name.

    Raises:
        NotFound: There is no such advisor.
        Invalid: They are for a branch that is not on file.
    """
    await get_advisor(db, tenant, advisor_id)
    await _require_branches(db, tenant, data.locations)
    schedule = Schedule(id=new_id("sch", now), advisor_id=advisor_id, **structs.asdict(data))
    kept = await store.keep_schedule(db, tenant, schedule, now=now)
    await store.touch(db, tenant, now=now)
    return structs.replace(schedule, id=kept)


async def get_schedule(
    db: AsyncConnection, tenant: Id, advisor_id: Id, name: str = "regular"
) -> Schedule:
    """Return an advisor's working hours of this name.

    Raises:
        NotFound: There is no such advisor, or none of these hours are on file.
    """
    await get_advisor(db, tenant, advisor_id)
    schedule = await store.schedule_of(db, tenant, advisor_id, name)
    if schedule is None:
        raise NotFound("No working hours are on file for this advisor; set a schedule first.")
    return schedule


async def list_schedules(db: AsyncConnection, tenant: Id, advisor_id: Id) -> list[Schedule]:
    """Return all of an advisor's working hours, by name.

    Raises:
        NotFound: There is no such advisor.
    """
    await get_advisor(db, tenant, advisor_id)
    return await store.schedules_of(db, tenant, advisor_id)


async def remove_schedule(
    db: AsyncConnection, tenant: Id, advisor_id: Id, name: str, *, now: datetime
) -> None:
    """Take an advisor's working hours of this name off file; what is booked in them stays.

    Raises:
        NotFound: There is no such advisor, or they have none of this name.
    """
    await get_advisor(db, tenant, advisor_id)
    if not await store.delete_schedule(db, tenant, advisor_id, name):
        raise NotFound("This advisor has no schedule of this name.")
    await store.touch(db, tenant, now=now)


# --- absences and conflicts of interest ----------------------------------------------------------


async def add_absence(
    db: AsyncConnection, tenant: Id, advisor_id: Id, data: AbsenceInput, *, now: datetime
) -> Absence:
    """Put on file that an advisor is out of office; what is booked then stays.

    Raises:
        NotFound: There is no such advisor.
        Invalid: The stand-in is the advisor, or not on file; or the days lie absurdly far away.
        AbsenceOverlaps: They are out of office on some of these days already.
    """
    # Locked, since two absences that overlap could be added at the same moment.
    advisor = await get_advisor(db, tenant, advisor_id, lock=True)
    _require_near(data.first_day, "/first_day")
    _require_near(data.last_day, "/last_day")
    if data.stand_in == advisor.id:
        raise refused("/stand_in", "Nobody stands in for themselves; name another advisor.")
    if data.stand_in is not None and not await _is_advisor(db, tenant, data.stand_in):
        raise refused("/stand_in", _NO_ADVISOR)
    if await store.is_absent(db, tenant, advisor_id, data.first_day, data.last_day):
        raise AbsenceOverlaps
    absence = Absence(id=new_id("abs", now), advisor_id=advisor_id, **structs.asdict(data))
    await store.insert_absence(db, tenant, absence)
    await store.touch(db, tenant, now=now)
    return absence


async def list_absences(db: AsyncConnection, tenant: Id, advisor_id: Id) -> list[Absence]:
    """Return an advisor's absences, those that are over included, the first first.

    Raises:
        NotFound: There is no such advisor.
    """
    await get_advisor(db, tenant, advisor_id)
    return await store.absences_of(db, tenant, advisor_id)


async def remove_absence(db: AsyncConnection, tenant: Id, absence_id: Id, *, now: datetime) -> None:
    """Take an absence off file: the advisor is there after all.

    Raises:
        NotFound: There is no such absence.
    """
    if not await store.delete_absence(db, tenant, require("abs", absence_id, "absence")):
        raise NotFound("There is no absence with this id.")
    await store.touch(db, tenant, now=now)


async def exclude(
    db: AsyncConnection, tenant: Id, advisor_id: Id, customer_id: Id, *, now: datetime
) -> None:
    """Put on file, once, that an advisor must never advise a customer.

    Raises:
        NotFound: There is no such advisor.
    """
    await get_advisor(db, tenant, advisor_id)
    customer = require("cus", customer_id, "customer")
    await store.insert_exclusion(db, tenant, advisor_id, customer, now=now)


async def allow(db: AsyncConnection, tenant: Id, advisor_id: Id, customer_id: Id) -> None:
    """Let an advisor advise a customer again.

    Raises:
        NotFound: There is no such advisor, or they may advise this customer as it is.
    """
    await get_advisor(db, tenant, advisor_id)
    customer = require("cus", customer_id, "customer")
    if not await store.delete_exclusion(db, tenant, advisor_id, customer):
        raise NotFound("Nothing on file keeps this advisor from this customer.")


async def list_exclusions(db: AsyncConnection, tenant: Id, advisor_id: Id) -> list[Exclusion]:
    """Return the customers whom an advisor must never advise, the first on file first.

    Raises:
        NotFound: There is no such advisor.
    """
    await get_advisor(db, tenant, advisor_id)
    return await store.exclusions_of(db, tenant, advisor_id)


# --- products and resources ----------------------------------------------------------------------


async def apply_product(
    db: AsyncConnection, tenant: Id, data: ProductInput, *, now: datetime
) -> Product:
    """Put a product on file; the same slug again changes the one that is there."""
    product = Product(id=new_id("prd", now), **structs.asdict(data))
    kept = await store.keep_product(db, tenant, product)
    await store.touch(db, tenant, now=now)
    return structs.replace(product, id=kept)


async def list_products(db: AsyncConnection, tenant: Id) -> list[Product]:
    """Return the organisation's products, by slug."""
    return await store.products_of(db, tenant)


async def apply_resource(
    db: AsyncConnection, tenant: Id, data: ResourceInput, *, now: datetime
) -> Resource:
    """Put a resource on file; the same slug again changes the one that is there.

    Raises:
        Invalid: It stands in a branch that is not on file.
    """
    if data.location and await store.location_by_slug(db, tenant, data.location) is None:
        raise refused("/location", _NO_LOCATION)
    resource = Resource(id=new_id("res", now), **structs.asdict(data))
    kept = await store.keep_resource(db, tenant, resource)
    await store.touch(db, tenant, now=now)
    return structs.replace(resource, id=kept)


async def list_resources(db: AsyncConnection, tenant: Id) -> list[Resource]:
    """Return the organisation's resources, by slug."""
    return await store.resources_of(db, tenant)


async def remove_resource(db: AsyncConnection, tenant: Id, slug: str, *, now: datetime) -> None:
    """Take a resource off file.

    Raises:
        NotFound: There is none with this slug.
        ResourceInUse: A meeting or hold that is still to come takes it.
    """
    resource = await store.resource_by_slug(db, tenant, slug)
    if resource is None:
        raise NotFound("There is no resource with this slug.")
    if await store.has_claims_ahead(db, tenant, resource.id, now=now):
        raise ResourceInUse
    await store.delete_resource(db, tenant, resource.id)
    await store.touch(db, tenant, now=now)


# --- kinds of meeting ----------------------------------------------------------------------------


async def apply_meeting_type(
    db: AsyncConnection, tenant: Id, data: MeetingTypeInput, *, now: datetime
) -> MeetingType:
    """Put a kind of meeting on file; the same slug again changes the one that is there.

    Raises:
        Invalid: It names an advisor, branch or product that is not on file, or is held in a
            branch and names none.
        NeverOffered: Nobody could ever book it.
    """
    advisors = await store.advisors_of(db, tenant)
    locations = await store.locations_of(db, tenant)
    products = await store.products_of(db, tenant)
    _require_references(
        data,
        advisors={advisor.id for advisor in advisors},
        locations={location.slug for location in locations},
        products={product.slug for product in products},
    )
    kind = MeetingType(id=new_id("mty", now), **structs.asdict(data))
    why = never_offered(
        kind,
        advisors=advisors,
        schedules=await store.schedules_of_all(db, tenant, kind.advisors),
        locations=locations,
        products=products,
        resources=await store.resources_of(db, tenant),
        home=(await get_tenant(db, tenant)).settings.timezone,
        now=now,
    )
    if why is not None:
        raise NeverOffered(why)
    kept = await store.keep_meeting_type(db, tenant, kind, now=now)
    await store.touch(db, tenant, now=now)
    return structs.replace(kind, id=kept)


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


def _require_references(
    data: MeetingTypeInput,
    *,
    advisors: Collection[Id],
    locations: Collection[str],
    products: Collection[str],
) -> None:
    _require_known(data.advisors, advisors, "/advisors", _NO_ADVISOR)
    _require_known(data.locations, locations, "/locations", _NO_LOCATION)
    for at, role in enumerate(data.roles):
        _require_known(role.advisors, advisors, f"/roles/{at}/advisors", _NO_ADVISOR)
    if data.product is not None and data.product not in products:
        raise refused("/product", _NO_PRODUCT)
    if "branch" in data.channels and not data.locations:
        raise refused("/locations", "A meeting in a branch needs the branches it is held in.")


# --- what is named must be on file ---------------------------------------------------------------


async def _require_branches(db: AsyncConnection, tenant: Id, slugs: Sequence[str]) -> None:
    if slugs:
        known = {location.slug for location in await store.locations_of(db, tenant)}
        _require_known(slugs, known, "/locations", _NO_LOCATION)


def _require_known(named: Sequence[str], known: Collection[str], at: str, sentence: str) -> None:
    for index, one in enumerate(named):
        if one not in known:
            raise refused(f"{at}/{index}", sentence)
        if one in named[:index]:
            raise refused(f"{at}/{index}", "This is named twice.", "duplicate")


def _require_near(day: date, pointer: str) -> None:
    if day.year not in YEARS:
        raise refused(pointer, "A day must lie between the years 1970 and 2200.")
