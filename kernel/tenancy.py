"""Tenants: the organisations that use the house, each seeing its own rows only."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct, field
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.busy import BusyPolicy
from kernel.database import convert_row
from kernel.errors import Conflict, FieldError, Invalid, NotFound
from kernel.ids import Id, new_id
from kernel.people import Formality, Language
from kernel.tables import tenants
from kernel.zones import is_zone

CalendarChangePolicy = Literal["apply", "ask"]


class SlugTaken(Conflict):
    """Another organisation has this slug."""

    code = "slug-taken"
    title = "That slug is taken"


class TenantSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation decides for itself. Minutes are whole minutes.

    Attributes:
        timezone: IANA zone of the head office; days in reports are days there.
        language: What customers are written in unless they chose otherwise.
        formality: *formal* writes u and surnames, *informal* je and first names.
        phone: Where a person answers; shown wherever a customer could get stuck.
        calendar_moved: When an advisor drags a booking in their own calendar: *apply* moves the
            booking and tells the customer, *ask* leaves it and asks the advisor.
        calendar_deleted: The same for a deleted event: *apply* cancels, *ask* asks.
        grace_minutes: How long a change seen in a calendar waits before it is acted on, since
            a move to another calendar looks like a deletion first.
        staleness_minutes: How old a calendar's busy times may be before a booking made on
            them waits for the advisor's word.
        hold_minutes: How long a held slot stays closed to others.
        rate_notice_threshold: Euros a month below which a rate change is not worth a message.
        reveal_in_calendar: Put the customer's name in the advisor's calendar titles.
        busy_policy: Which entries of advisors' own calendars keep bookings out.
    """

    timezone: str = "Europe/Amsterdam"
    language: Language = "nl"
    formality: Formality = "formal"
    phone: str | None = None
    calendar_moved: CalendarChangePolicy = "apply"
    calendar_deleted: CalendarChangePolicy = "apply"
    grace_minutes: int = 10
    staleness_minutes: int = 30
    hold_minutes: int = 10
    rate_notice_threshold: int = 5
    reveal_in_calendar: bool = False
    busy_policy: BusyPolicy = BusyPolicy()


class Tenant(Struct, frozen=True, kw_only=True):
    """An organisation."""

    id: Id
    slug: str
    name: str
    settings: TenantSettings = field(default_factory=TenantSettings)


_LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "grace_minutes": (0, 1440),
    "staleness_minutes": (1, 10_080),
    "hold_minutes": (1, 120),
    "rate_notice_threshold": (0, 10_000),
}
_SLUG: Final = re.compile(r"[a-z0-9](-?[a-z0-9]){0,62}")
_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ().\-]{2,24}")


def require_sound(*, name: str | None, settings: TenantSettings | None) -> None:
    """Refuse a name or settings that nobody can work with.

    Raises:
        Invalid: It says which, with a pointer for each.
    """
    problems = []
    if name is not None and not (name.strip() and name.isprintable()):
        problems.append(_problem("/name", "A name has letters and signs on one line only."))
    if settings is not None:
        problems += _problems_of(settings)
    if problems:
        raise Invalid(problems[0].detail, errors=tuple(problems))


def _problems_of(settings: TenantSettings) -> Iterator[FieldError]:
    if not is_zone(settings.timezone):
        yield _problem("/settings/timezone", "There is no such IANA time zone.", "zone-unknown")
    if settings.phone is not None and not _PHONE.fullmatch(settings.phone):
        yield _problem("/settings/phone", "Write a telephone number, such as 030 123 45 67.")
    for field_name, (least, most) in _LIMITS.items():
        if not least <= getattr(settings, field_name) <= most:
            yield _problem(f"/settings/{field_name}", f"Must lie between {least} and {most}.")


def _problem(pointer: str, detail: str, code: str = "invalid") -> FieldError:
    return FieldError(pointer=pointer, detail=detail, code=code)


async def create_tenant(
    db: AsyncConnection, *, slug: str, name: str, settings: TenantSettings, now: datetime
) -> Tenant:
    """Set up an organisation.

    Raises:
        SlugTaken: Another organisation has this slug.
        Invalid: Nobody could work with this slug, name or these settings.
    """
    require_sound(name=name, settings=settings)
    if not _SLUG.fullmatch(slug):
        detail = "A slug has small letters, digits and dashes."
        raise Invalid(detail, errors=(_problem("/slug", detail),))
    if await db.scalar(select(tenants.c.id).where(tenants.c.slug == slug)):
        raise SlugTaken(f"There is an organisation with the slug {slug!r} already.")
    tenant = Tenant(id=new_id("ten", now), slug=slug, name=name, settings=settings)
    await db.execute(
        insert(tenants).values(
            id=tenant.id, slug=slug, name=name, settings=settings, created_at=now
        )
    )
    return tenant


async def get_tenant(db: AsyncConnection, tenant_id: Id) -> Tenant:
    """Return the organisation with this id."""
    row = (await db.execute(select(tenants).where(tenants.c.id == tenant_id))).one_or_none()
    if row is None:
        raise NotFound("There is no organisation with this id.")
    return convert_row(row, Tenant)


async def find_tenant(db: AsyncConnection, slug: str) -> Tenant:
    """Return the organisation with this slug."""
    row = (await db.execute(select(tenants).where(tenants.c.slug == slug))).one_or_none()
    if row is None:
        raise NotFound("There is no organisation at this address.")
    return convert_row(row, Tenant)


async def change_tenant(
    db: AsyncConnection, tenant_id: Id, *, name: str | None, settings: TenantSettings | None
) -> None:
    """Store a new name or new settings; what is None stays.

    Raises:
        Invalid: Nobody could work with this name or these settings.
    """
    require_sound(name=name, settings=settings)
    values = {key: value for key, value in (("name", name), ("settings", settings)) if value}
    if values:
        await db.execute(update(tenants).where(tenants.c.id == tenant_id).values(**values))
