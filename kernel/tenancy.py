"""Tenants: the organisations that use the house, each seeing its own rows only."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import convert_row
from kernel.errors import Conflict, NotFound
from kernel.ids import Id, new_id
from kernel.tables import tenants

Language = Literal["nl", "en"]
Formality = Literal["formal", "informal"]
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


class Tenant(Struct, frozen=True, kw_only=True):
    """An organisation."""

    id: Id
    slug: str
    name: str
    settings: TenantSettings = field(default_factory=TenantSettings)


async def create_tenant(
    db: AsyncConnection, *, slug: str, name: str, settings: TenantSettings, now: datetime
) -> Tenant:
    """Set up an organisation.

    Raises:
        SlugTaken: Another organisation has this slug.
    """
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
    """Store a new name or new settings; what is None stays."""
    values = {key: value for key, value in (("name", name), ("settings", settings)) if value}
    if values:
        await db.execute(update(tenants).where(tenants.c.id == tenant_id).values(**values))
