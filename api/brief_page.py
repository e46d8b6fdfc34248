"""The brief as a page, for an organisation's own systems that ask for HTML."""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import MediaType
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api import access
from api.brief import brief_of
from api.pages.console.layout import lay_out
from api.pages.console.session import Screen
from api.pages.console.view import show
from kernel.ids import Id
from kernel.people import Language
from kernel.tenancy import Tenant


async def brief_page(
    db: AsyncConnection,
    request: Request[Any, Any, State],
    tenant: Tenant,
    booking_id: Id,
    *,
    language: Language,
    now: datetime,
) -> Response[str]:
    """Return the brief as its own advisor would see it on paper; this marks nothing as read."""
    meeting = await booking.service.get_booking(db, tenant.id, booking_id)
    host = await booking.service.get_advisor(db, tenant.id, meeting.advisor_id)
    brief = await brief_of(db, tenant.id, meeting.id, language=language, now=now)
    layout = lay_out(brief)
    nobody = access.Advisor(tenant=tenant.id, advisor=host.id, session="")
    shown = show(
        request,
        "brief.html",
        language=language,
        screen=Screen(seat=nobody, tenant=tenant, person=host, language=language),
        head=brief.header,
        header=layout.header,
        places=layout.places,
        meeting=meeting,
        host=host,
        paper=True,
    )
    # Without the cookies of a console: a program asks.
    return Response(shown.content, media_type=MediaType.HTML, headers={"Vary": "Accept"})
