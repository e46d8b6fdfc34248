"""The table of servers in docs/calendars.md says what they do, because they were asked.

``WRITE_TABLE=1 pytest -m "long or not long" tests/booking/calendars/contract/test_table.py``
writes it anew.
"""

import os
import time
from pathlib import Path
from typing import Final

from booking.calendars.caldav import CaldavServer
from booking.calendars.port import TokenInvalid
from tests.booking.calendars.contract.conftest import COLLEAGUE, USER, Place, meeting
from tests.booking.calendars.contract.test_calendar_server import NEVER

PAGE: Final = Path(__file__).parents[4] / "docs" / "calendars.md"
_HEADING: Final = "## Servers compared"
_ICS: Final = {"Content-Type": "text/calendar; charset=utf-8"}


async def test_the_table_tells_what_the_server_does(place: Place) -> None:
    """Each cell of this server's row is what it did just now."""
    async with place.open() as server:
        cells = [
            place.dav.name,
            await _tokens(server, place),
            await _ctag(server, place),
            _written_twice(place),
            _deleted_stale(place),
            _recreated(place),
            _kept_as_sent(place),
            _same_uid(place),
            _invitations(place),
            _stranger(place),
        ]
    row = f"| {' | '.join(cells)} |"

    page = PAGE.read_text()
    _, table = page.split(_HEADING)
    present = next(line for line in table.splitlines() if line.startswith(f"| {place.dav.name} |"))
    if os.environ.get("WRITE_TABLE"):
        PAGE.write_text(page.replace(present, row))
    else:
        assert row == present


async def _tokens(server: CaldavServer, place: Place) -> str:
    try:
        await server.changes(place.url, NEVER[place.dav.name])
    except TokenInvalid:
        return "refused"
    return "answered"


async def _ctag(server: CaldavServer, place: Place) -> str:
    return "in seconds" if (await server.state(place.url)).ctag is None else "yes"


def _put(place: Place, name: str, body: str, **conditions: str) -> tuple[int, str]:
    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    reply = place.dav.ask(USER, "PUT", f"{place.url}{name}", body, _ICS | headers)
    return reply.status, reply.headers.get("etag", "")


def _etag(place: Place, name: str) -> str:
    return place.dav.ask(USER, "GET", f"{place.url}{name}").headers["etag"]


def _written_twice(place: Place) -> str:
    place.put("twice.ics", meeting("twice"))
    status, _ = _put(place, "twice.ics", meeting("twice", "SUMMARY:b"), If_None_Match="*")
    written = "SUMMARY:b" in place.get("twice.ics")
    assert written == (status < 300)
    return "written over" if written else "kept"


def _deleted_stale(place: Place) -> str:
    place.put("stale.ics", meeting("stale", day=2))
    old = _etag(place, "stale.ics")
    place.put("stale.ics", meeting("stale", "SUMMARY:b", day=2))
    place.dav.ask(USER, "DELETE", f"{place.url}stale.ics", "", {"If-Match": old})
    return "kept" if "stale.ics" in place.names() else "deleted"


def _recreated(place: Place) -> str:
    place.put("again.ics", meeting("again", day=3))
    first = _etag(place, "again.ics")
    place.delete("again.ics")
    place.put("again.ics", meeting("again", "SUMMARY:b", day=3))
    return "the same" if _etag(place, "again.ics") == first else "another"


def _kept_as_sent(place: Place) -> str:
    body = meeting("sent", "SUMMARY:b", day=4)
    place.put("sent.ics", body)
    return "yes" if place.get("sent.ics") == body else "rewritten"


def _same_uid(place: Place) -> str:
    place.put("one.ics", meeting("uid", day=5))
    status, _ = _put(place, "two.ics", meeting("uid", day=6))
    return "accepted" if status < 300 else f"refused ({status})"


def _invitations(place: Place) -> str:
    theirs = place.dav.calendar(COLLEAGUE)
    if place.dav.ask(COLLEAGUE, "PROPFIND", theirs, "", {"Depth": "0"}).status >= 300:
        return "no"  # they have no calendar until they make one
    people = [
        f"ORGANIZER:mailto:{USER}@example.com",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{USER}@example.com",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{COLLEAGUE}@example.com",
    ]
    before = place.dav.names(COLLEAGUE, theirs)
    place.put("table.ics", meeting(f"table-{time.monotonic_ns()}", *people, day=7))
    new = set(place.dav.names(COLLEAGUE, theirs)) - set(before)
    for name in new:
        place.dav.delete(COLLEAGUE, f"{theirs}{name}")
    return "delivered" if new else "no"


def _stranger(place: Place) -> str:
    headers = {"Depth": "0", "Content-Type": "application/xml"}
    return str(place.dav.ask(COLLEAGUE, "PROPFIND", place.url, "", headers).status)
