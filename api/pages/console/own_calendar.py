"""The calendar that we keep for an advisor: times without bookings, and its secret address."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct

from api.links import FeedLink
from api.pages.console.calendar_pages import note, own_account
from api.pages.console.session import CONSOLE, Screen
from api.pages.console.view import show
from api.pages.posted import posted
from api.wiring import House
from booking.calendars.model import EntryInput, OwnEntry
from kernel.errors import Invalid, NotFound
from kernel.ids import Id

_CONSOLE: Final = {"auth": "console"}
_PAGE: Final = "/console/calendars/{account_id:str}/entries"
_DAY: Final = timedelta(days=1)
_LONGEST_TITLE: Final = 200
_YEARS: Final = range(2000, 2200)

Wrong = Literal["start", "end", "title"]
Done = Literal[
    "entry-added", "entry-changed", "entry-removed", "feed-renewed", "feed-revoked"
]  # fmt: skip


class Typed(Struct, frozen=True, kw_only=True):
    """A stretch of time as its form shows it, by the advisor's own clock."""

    start_day: str = ""
    start_time: str = ""
    end_day: str = ""
    end_time: str = ""
    title: str = ""


class _Unclear(Exception):
    """What was typed is no stretch of time; *wrong* is the field that says so."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong)
        self.wrong: Wrong = wrong


@get(_PAGE, include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def entries_page(
    account_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
    done: FromQuery[Done | None] = None,
) -> Response[str]:
    """Show what the advisor entered, and where it can be read."""
    return await _page(account_id, request, screen, house, now=now, done=done)


@post(_PAGE, include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def add(
    account_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Keep a stretch of time free of bookings."""
    typed = _typed(await posted(request))
    await own_account(house, screen, account_id)
    try:
        await house.calendars.own.add(screen.tenant.id, account_id, _read(typed, screen))
    except (_Unclear, Invalid) as problem:
        wrong = _wrong(problem)
        return await _page(
            account_id, request, screen, house, now=now, typed=typed, wrong=wrong, status=400
        )
    return _back(account_id, "entry-added")


@get(f"{_PAGE}/{{entry_id:str}}", include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def entry_page(
    account_id: FromPath[Id],
    entry_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
) -> Response[str]:
    """Show one entry, to be changed."""
    await own_account(house, screen, account_id)
    entries = await house.calendars.own.entries(screen.tenant.id, account_id)
    found = next((entry for entry in entries if entry.id == entry_id), None)
    if found is None:
        raise NotFound("There is no entry with this id in this calendar.")
    typed = _shown(found, ZoneInfo(screen.person.timezone))
    return _entry_page(account_id, entry_id, request, screen, typed=typed)


@post(f"{_PAGE}/{{entry_id:str}}", include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def change(
    account_id: FromPath[Id],
    entry_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
) -> Response[Any]:
    """Put what was typed in the entry's place."""
    typed = _typed(await posted(request))
    await own_account(house, screen, account_id)
    try:
        data = _read(typed, screen)
        await house.calendars.own.change(screen.tenant.id, account_id, entry_id, data)
    except (_Unclear, Invalid) as problem:
        wrong = _wrong(problem)
        return _entry_page(
            account_id, entry_id, request, screen, typed=typed, wrong=wrong, status=400
        )
    return _back(account_id, "entry-changed")


@post(
    f"{_PAGE}/{{entry_id:str}}/remove",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def remove(
    account_id: FromPath[Id],
    entry_id: FromPath[Id],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
) -> Redirect:
    """Give a stretch of time free again."""
    await own_account(house, screen, account_id)
    await house.calendars.own.remove(screen.tenant.id, account_id, entry_id)
    return _back(account_id, "entry-removed")


@post(
    "/console/calendars/{account_id:str}/feed",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
)
async def feed(
    account_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Show the secret address, or end it: then the next one that is shown is another.

    It is asked for by a POST, so that it stands in no history and is fetched by nobody ahead.
    """
    do = (await posted(request)).get("do")
    await own_account(house, screen, account_id)
    own, tenant = house.calendars.own, screen.tenant.id
    if do in {"renew", "revoke"}:
        await own.renew_feed(tenant, account_id)
        await note(house, screen, f"calendar.feed-{do}", account_id, now=now)
        return _back(account_id, "feed-renewed" if do == "renew" else "feed-revoked")
    generation = await own.feed_generation(tenant, account_id)
    await note(house, screen, "calendar.feed-shown", account_id, now=now)
    link = FeedLink(tenant=tenant, account=account_id, generation=generation)
    url = house.links.feed_url(link)
    return await _page(account_id, request, screen, house, now=now, feed_url=url)


# --- what they share -----------------------------------------------------------------------------


async def _page(
    account_id: Id,
    request: Request[Any, Any, State],
    screen: Screen,
    house: House,
    *,
    now: datetime,
    typed: Typed | None = None,
    wrong: Wrong | None = None,
    done: Done | None = None,
    feed_url: str | None = None,
    status: int = 200,
) -> Response[str]:
    await own_account(house, screen, account_id)
    entries = await house.calendars.own.entries(screen.tenant.id, account_id)
    return show(
        request,
        "own_calendar.html",
        language=screen.language,
        screen=screen,
        status=status,
        account=account_id,
        ahead=[entry for entry in entries if entry.end > now],
        past=[entry for entry in entries if entry.end <= now],
        typed=typed or Typed(),
        wrong=wrong,
        done=done,
        feed_url=feed_url,
    )


def _entry_page(
    account_id: Id,
    entry_id: Id,
    request: Request[Any, Any, State],
    screen: Screen,
    *,
    typed: Typed,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response[str]:
    return show(
        request,
        "own_entry.html",
        language=screen.language,
        screen=screen,
        status=status,
        account=account_id,
        entry=entry_id,
        typed=typed,
        wrong=wrong,
    )


def _typed(values: Mapping[str, str]) -> Typed:
    return Typed(**{name: values.get(name, "").strip()[:400] for name in Typed.__struct_fields__})


def _read(typed: Typed, screen: Screen) -> EntryInput:
    """Return the stretch of time that was typed; without times it is whole days.

    Raises:
        _Unclear: It is none.
    """
    zone = ZoneInfo(screen.person.timezone)
    day = _day(typed.start_day, "start")
    last = _day(typed.end_day, "end") if typed.end_day else day
    start = datetime.combine(day, _clock(typed.start_time, "start"), zone)
    end = datetime.combine(last, _clock(typed.end_time, "end"), zone)
    if not typed.end_time:
        end += _DAY  # by the clock: to the next midnight, whatever the clock does in between
    if len(typed.title) > _LONGEST_TITLE:
        raise _Unclear("title")
    return EntryInput(start=start, end=end, title=typed.title or None)


def _day(text: str, field: Wrong) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise _Unclear(field) from None
    # Near the ends of the calendar a time cannot be told in other zones.
    if found.year not in _YEARS:
        raise _Unclear(field)
    return found


def _clock(text: str, field: Wrong) -> time:
    try:
        found = time.fromisoformat(text) if text else time()
    except ValueError:
        raise _Unclear(field) from None
    if found.tzinfo is not None:
        raise _Unclear(field)
    return found


def _wrong(problem: _Unclear | Invalid) -> Wrong:
    if isinstance(problem, _Unclear):
        return problem.wrong
    pointers = {field.pointer for field in problem.errors}
    return "title" if "/title" in pointers else "end"


def _shown(entry: OwnEntry, zone: ZoneInfo) -> Typed:
    """Return an entry as its form shows it; whole days have no times."""
    start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
    whole = start.time() == end.time() == time()
    last = end - _DAY if whole else end
    return Typed(
        start_day=start.date().isoformat(),
        start_time="" if whole else f"{start:%H:%M}",
        end_day=last.date().isoformat(),
        end_time="" if whole else f"{end:%H:%M}",
        title=entry.title or "",
    )


def _back(account_id: Id, done: Done) -> Redirect:
    return Redirect(f"/console/calendars/{account_id}/entries?done={done}", status_code=303)


HANDLERS: Final = [entries_page, add, entry_page, change, remove, feed]
