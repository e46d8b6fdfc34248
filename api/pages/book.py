"""The hosted booking page: how, when, who; each step is a plain link, the last one a form."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.booking_desk import make_booking
from api.dependencies import Once
from api.explanation import what_helps, why_nothing
from api.fresh_calendars import look_before_booking
from api.pages import details
from api.pages.choosing import Address, Emptiness, Explain, Find, Instead, pick
from api.pages.frame import (
    LANGUAGE_NAMES,
    PageRequest,
    Reader,
    asked_language,
    customer_page,
    go_to,
    know_organisation,
    organisation,
    stranger,
)
from api.pages.posted import posted, refuse_foreign
from api.pages.wish import ZONES, Wish, asked_of_desk, read_wish
from api.wire.customer import BookingBody, BookingView, local, meeting_type_view
from api.wiring import House
from booking.model import Help, SlotAnswer, SlotQuery
from booking.values import HelpKind
from kernel.crypto import random_token
from kernel.errors import Conflict, Invalid, SpreekuurError, Unprocessable
from kernel.tenancy import Tenant

_OPEN: Final = {"auth": "open"}
_LONGEST_KEY: Final = 200
_NEARBY: Final = timedelta(days=14)


# --- handlers ------------------------------------------------------------------------------------


@get("/book/{tenant:str}", before_request=know_organisation, include_in_schema=False, opt=_OPEN)
async def meeting_types(
    tenant: FromPath[str], request: PageRequest, house: NamedDependency[House]
) -> Response[str]:
    """Show which meetings can be booked."""
    reader = stranger(request, organisation(request))
    found = reader.organisation
    async with house.database.reading(found.id) as db:
        kinds = await booking.service.list_meeting_types(db, found.id)
        places = await booking.service.list_locations(db, found.id)
    address = Address(path=f"/book/{found.slug}", chosen=_language(request))
    return customer_page(
        "book/types.html",
        reader,
        switch=_switch(address, reader),
        kinds=[
            (
                meeting_type_view(
                    kind, places, language=reader.language, phone=found.settings.phone
                ),
                Address(path=f"{address.path}/{kind.slug}", chosen=address.chosen).link(),
            )
            for kind in kinds
        ],
    )


@get(
    "/book/{tenant:str}/{slug:str}",
    before_request=know_organisation,
    include_in_schema=False,
    opt=_OPEN,
)
async def book(
    tenant: FromPath[str],
    slug: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show the next thing to choose, or the form once a time is chosen."""
    reader = stranger(request, organisation(request))
    async with house.database.reading(reader.organisation.id) as db:
        wish = await read_wish(db, reader, slug, request.query_params, _language(request))
        if wish.way is None:
            return _show("book/way.html", reader, wish)
        if wish.start is not None:
            return _details(reader, wish)
        picker = await pick(
            _finder(db, reader.organisation, wish, now),
            wish.address,
            wanted=request.query_params.get("day"),
            timezone=wish.timezone,
            now=now,
            window_days=wish.kind.window_days,
            explain=_explainer(db, reader, wish, now),
        )
    return _show("book/time.html", reader, wish, picker=picker)


@post(
    "/book/{tenant:str}/{slug:str}",
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_OPEN,
)
async def make(
    tenant: FromPath[str],
    slug: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Book, and go to the page of the booking; or show the form again and say what is wrong."""
    reader = stranger(request, organisation(request))
    values = await posted(request)
    typed = {name: values.get(name, "").strip() for name in details.FIELDS}
    async with house.database.reading(reader.organisation.id) as db:
        wish = await read_wish(db, reader, slug, values, _language(request))
    if wish.way is None:
        return go_to(wish.address.link())
    wrong = details.missing(typed, channel=wish.way.channel)
    if wish.start is None:
        wrong["start"] = "required"
    if wrong:
        status = HTTPStatus.BAD_REQUEST
        return await _again(house, reader, wish, typed, values, wrong=wrong, status=status, now=now)
    try:
        body = details.booking_body(typed, asked_of_desk(wish, wish.way), reader.language)
        view = await _book_once(house, reader.organisation, body, _key(values), now=now)
    except (Invalid, Conflict, Unprocessable) as error:
        return await _again(
            house,
            reader,
            wish,
            typed,
            values,
            wrong=details.mistakes(error) if isinstance(error, Invalid) else {},
            status=error.status,
            error=error,
            now=now,
        )
    path = urlsplit(view.manage_url or "").path
    return go_to(f"{path}?done=booked")


# --- finding and booking -------------------------------------------------------------------------


def _finder(db: AsyncConnection, found: Tenant, wish: Wish, now: datetime) -> Find:
    async def find(begin: datetime, finish: datetime) -> SlotAnswer:
        return await booking.service.slots(db, found.id, _query(wish, begin, finish), now=now)

    return find


def _explainer(db: AsyncConnection, reader: Reader, wish: Wish, now: datetime) -> Explain:
    async def explain(begin: datetime, finish: datetime) -> Emptiness:
        query = structs.replace(_query(wish, begin, finish), explain=True)
        answer = await booking.service.slots(db, reader.organisation.id, query, now=now)
        return Emptiness(
            why=why_nothing(answer.reasons, reader.language),
            # Whom one meets is not chosen on this page.
            ways=[_instead(one, reader, wish) for one in answer.help if one.change != "advisor"],
        )

    return explain


def _query(wish: Wish, begin: datetime, finish: datetime) -> SlotQuery:
    return SlotQuery(
        meeting_type=wish.kind.slug,
        start=begin,
        end=finish,
        channel=wish.way.channel if wish.way else None,
        location=wish.way.location.slug if wish.way and wish.way.location else None,
        duration=wish.minutes,
        language=wish.spoken,
    )


def _instead(one: Help, reader: Reader, wish: Wish) -> Instead:
    """Return what would help, and the page on which just that is changed."""
    changes: dict[HelpKind, dict[str, str | None]] = {
        "channel": {"channel": one.value, "location": None},
        "location": {"channel": "branch", "location": one.value, "timezone": None},
        "duration": {"duration": one.value},
        "language": {"spoken": None},
    }
    places = {place.slug: place for place in wish.shown.locations}
    place = places.get(one.value or "") if one.change == "location" else None
    timezone = place.timezone if place else wish.timezone
    text = what_helps(
        one,
        timezone=timezone,
        language=reader.language,
        place=lambda slug: places[slug].name if slug in places else slug,
    )
    day = local(one.start, timezone).date().isoformat()
    return Instead(text=text, url=wish.address.link(day=day, **changes.get(one.change, {})))


async def _book_once(
    house: House, found: Tenant, body: BookingBody, key: str, *, now: datetime
) -> BookingView:
    """Book; the same form sent twice books once."""
    await look_before_booking(house, found.id, body, now=now)
    async with house.database.transaction(found.id) as db:
        once = Once(
            db,
            house,
            tenant=found.id,
            caller="booking-page",
            path=body.meeting_type,
            key=key,
            body=msgspec.json.encode(body),
            now=now,
        )

        async def make_it() -> BookingView:
            _, view = await make_booking(db, house, found, body, now=now)
            return view

        answer = await once(make_it, forever=True)
    content: Any = answer.content  # as JSON: an answer with a key is kept
    view: BookingView = msgspec.json.decode(content, type=BookingView)
    return view


def _key(values: Mapping[str, str]) -> str:
    key = values.get("key", "")
    return key if 0 < len(key) <= _LONGEST_KEY and key.isprintable() else random_token()


# --- showing -------------------------------------------------------------------------------------


def _language(request: PageRequest) -> dict[str, str]:
    wish = asked_language(request)
    return {"lang": wish} if wish else {}


def _switch(address: Address, reader: Reader, **more: str | None) -> list[tuple[str, str, str]]:
    """Return the other languages: code, name, and the same page in it."""
    return [
        (code, name, address.link(lang=code, **more))
        for code, name in LANGUAGE_NAMES.items()
        if code != reader.language
    ]


def _details(reader: Reader, wish: Wish, **values: Any) -> Response[str]:
    """Show the form, empty unless *values* says what was typed."""
    empty: dict[str, Any] = {
        "typed": details.empty(),
        "wrong": {},
        "trouble": None,
        "alternatives": [],
        "key": random_token(),
        "languages": LANGUAGE_NAMES,
    }
    return _show("book/details.html", reader, wish, **{**empty, **values})


def _show(
    template: str, reader: Reader, wish: Wish, *, status: int = 200, **values: Any
) -> Response[str]:
    start = wish.start.isoformat() if wish.start else None
    return customer_page(
        template,
        reader,
        status=status,
        switch=_switch(wish.address, reader, start=start),
        wish=wish,
        zones=ZONES,
        steps=2 if len(wish.ways) == 1 else 3,
        **values,
    )


async def _again(
    house: House,
    reader: Reader,
    wish: Wish,
    typed: dict[str, str],
    values: Mapping[str, str],
    *,
    wrong: dict[str, str],
    status: int,
    now: datetime,
    error: SpreekuurError | None = None,
) -> Response[str]:
    """Show the form again with everything that was typed, and say what is wrong."""
    trouble = error.code if error else "invalid-request"
    alternatives: list[datetime] = []
    if isinstance(error, Conflict):
        alternatives = list(error.extra.get("alternatives", ()))
    if (isinstance(error, Conflict) or wish.start is None) and not alternatives:
        async with house.database.reading(reader.organisation.id) as db:
            find = _finder(db, reader.organisation, wish, now)
            alternatives = (await find(now, now + _NEARBY)).starts[:6]
    # A key that has booked already, with other words, cannot book again.
    key = random_token() if isinstance(error, Unprocessable) else _key(values)
    return _details(
        reader,
        wish,
        status=status,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        alternatives=alternatives,
        key=key,
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [meeting_types, book, make]
