"""Which request of the fake leads to which act."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from spreekuur import models
from spreekuur._fake.diary import Wish
from spreekuur._fake.office import Office, zone_of
from spreekuur._fake.requests import (
    BookingRequest,
    CancelRequest,
    HoldRequest,
    MeetingTypeRequest,
    MoveRequest,
    body,
    moment,
)


class Asked(Struct, frozen=True, kw_only=True):
    """One request that the fake was sent."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return the body."""
        return msgspec.json.decode(self.content)


Reply: TypeAlias = tuple[int, Any]
"""A status and what the body says."""


def _page(asked: Asked, items: list[Any]) -> Reply:
    start = int(asked.query.get("cursor", "0"))
    end = start + int(asked.query.get("limit", "50"))
    following = str(end) if end < len(items) else None
    return 200, {"items": items[start:end], "next_cursor": following}


def _list_types(office: Office, asked: Asked, _: str = "") -> Reply:
    lang = asked.query.get("lang", "nl")
    return _page(asked, [office.meeting_type(one, lang) for one in office.kinds])


def _get_type(office: Office, asked: Asked, slug: str) -> Reply:
    return 200, office.meeting_type(slug, asked.query.get("lang", "nl"))


def _apply_type(office: Office, asked: Asked, _: str = "") -> Reply:
    return 201, office.apply(body(asked.content, MeetingTypeRequest))


def _slots(office: Office, asked: Asked, _: str = "") -> Reply:
    kind = office.kind(asked.query.get("meeting_type", ""))
    wish = Wish(
        kind=kind,
        duration=int(asked.query.get("duration", kind.duration)),
        advisor=asked.query.get("advisor"),
        channel=asked.query.get("channel"),
        location=asked.query.get("location"),
    )
    return 200, office.slots(wish, asked.query)


def _hold(office: Office, asked: Asked, _: str = "") -> Reply:
    return 201, office.hold(body(asked.content, HoldRequest))


def _release(office: Office, asked: Asked, hold: str) -> Reply:
    office.release(hold)
    return 204, None


def _book(office: Office, asked: Asked, _: str = "") -> Reply:
    return 201, office.book(body(asked.content, BookingRequest))


def _list_bookings(office: Office, asked: Asked, _: str = "") -> Reply:
    query = asked.query
    zone = zone_of(office.timezone)
    since = moment(query, "from", zone) if "from" in query else None
    until = moment(query, "until", zone) if "until" in query else None
    found = [entry.booking for entry in office.entries.values() if _fits(entry.booking, query)]
    found = [one for one in found if since is None or one.start >= since]
    return _page(asked, [one for one in found if until is None or one.start < until])


def _fits(booking: models.Booking, query: dict[str, str]) -> bool:
    wanted = {"state": booking.state, "advisor": booking.advisor.id, "customer": booking.customer}
    return all(query.get(name, value) == value for name, value in wanted.items())


def _get_booking(office: Office, asked: Asked, booking: str) -> Reply:
    return 200, office.entry(booking).booking


def _move_booking(office: Office, asked: Asked, booking: str) -> Reply:
    start = body(asked.content, MoveRequest).start
    return 200, office.move(office.entry(booking), start).booking


def _cancel_booking(office: Office, asked: Asked, booking: str) -> Reply:
    body(asked.content, CancelRequest)
    return 200, office.cancel(office.entry(booking)).booking


def _get_managed(office: Office, asked: Asked, token: str) -> Reply:
    return 200, office.managed(office.entry_behind(token))


def _managed_slots(office: Office, asked: Asked, token: str) -> Reply:
    return 200, office.slots(office.entry_behind(token).wish, asked.query)


def _move_managed(office: Office, asked: Asked, token: str) -> Reply:
    entry = office.entry_behind(token)
    start = body(asked.content, MoveRequest).start
    return 200, office.managed(office.move(entry, start))


def _cancel_managed(office: Office, asked: Asked, token: str) -> Reply:
    entry = office.entry_behind(token)
    body(asked.content, CancelRequest)
    return 200, office.managed(office.cancel(entry))


ROUTES: Final[tuple[tuple[str, str, Callable[..., Reply]], ...]] = (
    ("GET", "/v1/meeting-types", _list_types),
    ("POST", "/v1/meeting-types", _apply_type),
    ("GET", "/v1/meeting-types/([^/]+)", _get_type),
    ("GET", "/v1/slots", _slots),
    ("POST", "/v1/holds", _hold),
    ("DELETE", "/v1/holds/([^/]+)", _release),
    ("POST", "/v1/bookings", _book),
    ("GET", "/v1/bookings", _list_bookings),
    ("GET", "/v1/bookings/([^/]+)", _get_booking),
    ("POST", "/v1/bookings/([^/]+)/reschedule", _move_booking),
    ("POST", "/v1/bookings/([^/]+)/cancel", _cancel_booking),
    ("GET", "/v1/manage/([^/]+)", _get_managed),
    ("GET", "/v1/manage/([^/]+)/slots", _managed_slots),
    ("POST", "/v1/manage/([^/]+)/reschedule", _move_managed),
    ("POST", "/v1/manage/([^/]+)/cancel", _cancel_managed),
)
