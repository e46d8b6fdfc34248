"""The brief: everything an advisor should know before a meeting, on one page."""

from datetime import datetime
from typing import Any, Final, get_args

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

import booking.service
import context.service
from api.assignment import assignment_of
from api.brief import brief_of
from api.pages.console.layout import lay_out
from api.pages.console.moving import Done
from api.pages.console.questions import asks_of, is_open
from api.pages.console.replies import replies_of
from api.pages.console.session import CONSOLE, Screen
from api.pages.console.view import show
from api.wiring import House
from booking.calendars.questions import open_questions
from booking.lifecycle import Outcome
from booking.model import Booking
from booking.organisation import Advisor
from context.model import Brief
from kernel.ids import Id

_CONSOLE: Final = {"auth": "console"}


@get(
    "/console/bookings/{booking_id:str}",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
)
async def brief_page(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show the brief of a meeting of the advisor's organisation."""
    return await _brief_page(booking_id, request, screen, house, now=now, paper=False)


@get(
    "/console/bookings/{booking_id:str}/print",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
)
async def paper_page(
    booking_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show the same as it looks on paper."""
    return await _brief_page(booking_id, request, screen, house, now=now, paper=True)


async def _brief_page(
    booking_id: Id,
    request: Request[Any, Any, State],
    screen: Screen,
    house: House,
    *,
    now: datetime,
    paper: bool,
) -> Response[str]:
    tenant = screen.tenant.id
    async with house.database.reading(tenant) as db:
        meeting = await booking.service.get_booking(db, tenant, booking_id)
        host = await booking.service.get_advisor(db, tenant, meeting.advisor_id)
        assignment = await assignment_of(db, tenant, meeting.id, language=screen.language)
        replies = await replies_of(
            db, tenant, meeting, language=screen.language, timezone=host.timezone
        )
        questions = await open_questions(db, tenant, booking=meeting.id, now=now)
        asks = await asks_of(
            db,
            tenant,
            [meeting] if is_open(meeting, now) else [],
            questions,
            language=screen.language,
            timezone=host.timezone,
        )
        offered = await booking.service.conflict_of(db, tenant, meeting.id)
        brief = await brief_of(
            db, tenant, meeting.id, reader=screen.person.id, language=screen.language, now=now
        )
    answer = _show(
        request,
        screen,
        brief,
        meeting,
        host,
        why=assignment.sentences,
        replies=replies,
        asks=asks,
        can_move=is_open(meeting, now),
        can_offer=is_open(meeting, now) and offered is None,
        done=next((one for one in get_args(Done) if one == request.query_params.get("done")), None),
        begun=now >= meeting.start,
        paper=paper,
    )
    if not _is_prefetch(request):
        # A GET never acts on anybody's behalf. This one notes one thing, about its reader alone:
        # that they have now seen the brief, which is what "changed since you last looked" is
        # counted from, and what the record of who opened which file demands. It does so after the
        # page is made, in a transaction of its own, so that nothing is marked as seen unshown.
        async with house.database.transaction(tenant) as db:
            await context.service.opened(
                db,
                tenant,
                booking=meeting.id,
                customer=meeting.customer_id,
                advisor=screen.person.id,
                now=now,
                position=brief.header.position,
            )
    return answer


def _show(
    request: Request[Any, Any, State],
    screen: Screen,
    brief: Brief,
    meeting: Booking,
    host: Advisor,
    *,
    why: list[str],
    replies: list[str],
    begun: bool,
    paper: bool,
    **values: Any,
) -> Response[str]:
    layout = lay_out(brief)
    return show(
        request,
        "brief.html",
        language=screen.language,
        screen=screen,
        head=brief.header,
        header=layout.header,
        places=layout.places,
        meeting=meeting,
        host=host,
        why=why,
        replies=replies,
        outcomes=_outcomes(meeting) if begun else [],
        paper=paper,
        **values,
    )


def _outcomes(meeting: Booking) -> list[Outcome]:
    """Return what can be put on record now; the other outcome puts an earlier one right."""
    if meeting.state in {"requested", "cancelled"}:
        return []
    return [one for one in get_args(Outcome) if one != meeting.state]


def _is_prefetch(request: Request[Any, Any, State]) -> bool:
    """Return whether a browser fetched the page ahead, so that nobody has seen it yet."""
    purpose = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return "prefetch" in purpose.lower()


HANDLERS: Final = [brief_page, paper_page]
