"""The page where customers see what is known of them and who looked, take it along, or erase it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from api import erasing
from api.booking_desk import advisors_named
from api.dependencies import MANAGE
from api.erasing import ErasureInput, Export
from api.pages.frame import PageRequest, customer_page, know_organisation, visitor
from api.pages.posted import posted, refuse_foreign
from api.self_service import Visit, require_verified
from context.display import fields_by_path, line_of
from context.errors import CustomerHeld, IntakeUnknown
from context.facts import known
from context.model import FormDefinition
from context.words import source
from kernel.ids import Id
from kernel.people import Language

_LINK: Final = {"auth": "link"}
_LOOKED: Final = "brief.opened"


class Known(Struct, frozen=True, kw_only=True):
    """One thing that is known of a customer, as they read it."""

    label: str
    value: str
    source: str
    said_at: datetime


class Looked(Struct, frozen=True, kw_only=True):
    """That an advisor opened what was prepared for a meeting."""

    name: str
    at: datetime


@get(
    "/manage/{token:str}/data",
    dependencies=MANAGE,
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
)
async def show_data(
    token: FromPath[str],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show a customer what is known of them, and who looked at it."""
    require_verified(visit)
    return await _page(db, token, visit, now=now)


@post(
    "/manage/{token:str}/erase",
    dependencies=MANAGE,
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_LINK,
)
async def erase_data(
    token: FromPath[str],
    request: PageRequest,
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Erase what is known of a customer, and call off what is still to come, if they are sure."""
    require_verified(visit)
    if (await posted(request)).get("sure") != "yes":
        return await _page(db, token, visit, now=now, trouble="unsure", status=400)
    reader = visitor(visit)
    try:
        made = await erasing.erase(
            db,
            visit.tenant.id,
            visit.customer.id,
            ErasureInput(cancel_meetings=True),
            now=now,
            by="customer",
        )
    except CustomerHeld:
        return await _page(db, token, visit, now=now, trouble="held", status=409)
    return customer_page("manage/erased.html", reader, receipt=made.receipt)


async def _page(
    db: AsyncConnection,
    token: str,
    visit: Visit,
    *,
    now: datetime,
    trouble: str | None = None,
    status: int = 200,
) -> Response[str]:
    export = await erasing.all_known(db, visit.tenant.id, visit.customer.id, now=now)
    names = await advisors_named(
        db, visit.tenant.id, {each.actor for each in export.seen if each.action == _LOOKED}
    )
    plan = await erasing.plan(db, visit.tenant.id, visit.customer.id, now=now)
    return customer_page(
        "manage/data.html",
        visitor(visit),
        status=status,
        token=token,
        customer=visit.customer,
        known=_known(export, await _form(db, visit), visit.language),
        looked=_looked(export, {each: names[each].name for each in names}),
        meetings=len(plan.meetings_ahead),
        trouble=trouble,
    )


async def _form(db: AsyncConnection, visit: Visit) -> FormDefinition | None:
    try:
        return await context.service.form_of(db, visit.tenant.id, visit.booking.id)
    except IntakeUnknown:
        return None


def _known(export: Export, form: FormDefinition | None, language: Language) -> list[Known]:
    fields = fields_by_path(form)
    lines = [line_of(fact, fields, language) for _, fact in sorted(known(export.facts).items())]
    return [
        Known(
            label=line.label,
            value=line.value,
            source=source(line.source, language),
            said_at=line.said_at,
        )
        for line in lines
    ]


def _looked(export: Export, names: Mapping[Id, str]) -> list[Looked]:
    return [
        Looked(name=names[each.actor], at=each.at)
        for each in reversed(export.seen)
        if each.action == _LOOKED and each.actor in names
    ]


HANDLERS: Final[list[ControllerRouterHandler]] = [show_data, erase_data]
