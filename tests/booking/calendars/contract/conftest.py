"""Real servers, each started once, and a new calendar on one of them for each test."""

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from booking.calendars.caldav import CaldavServer
from booking.calendars.port import href_of
from kernel.outgoing import Guard
from tests.booking.calendars.conftest import COLLEAGUE, USER, event
from tests.services.cyrus import Cyrus
from tests.services.dav import PASSWORDS, DavServer
from tests.services.davical import Davical
from tests.services.fault_proxy import FaultProxy
from tests.services.radicale import Radicale
from tests.services.sogo import Sogo
from tests.services.xandikos import Xandikos

EVERYDAY: Final = [Radicale, Xandikos, Cyrus]
LONG: Final = [Davical, Sogo]
NEED_ROOT: Final = {Cyrus, Davical, Sogo}
ALL: Final = [
    *(pytest.param(kind, id=kind.name) for kind in EVERYDAY),
    *(pytest.param(kind, id=kind.name, marks=pytest.mark.long) for kind in LONG),
]
_numbers = itertools.count()

Servers = Callable[[type[DavServer]], DavServer]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Returns the one server of a kind, starting it at the first need."""
    running: dict[type[DavServer], DavServer] = {}

    def the(kind: type[DavServer]) -> DavServer:
        if kind in NEED_ROOT and os.geteuid() != 0:
            pytest.skip(f"{kind.name} changes users while it starts, which takes root")
        if kind not in running:
            running[kind] = kind()
        return running[kind]

    yield the
    for server in running.values():
        server.remove()


class Place:
    """An empty calendar on a real server: our side of it, and the advisor's own.

    Attributes:
        dav: The server, as the advisor's own program sees it.
        url: The calendar.
    """

    def __init__(self, dav: DavServer, url: str) -> None:
        self.dav = dav
        self.url = url

    def open(self, *, by: FaultProxy | None = None, **more: Any) -> CaldavServer:
        """Return our side, by way of a proxy if there is one."""
        port = by.port if by else self.dav.port
        url = more.pop("url", self.url)
        login = {"username": USER, "password": PASSWORDS[USER]} | more
        guard = Guard([f"127.0.0.1:{port}"])
        return CaldavServer(guard, url=by.through(url) if by else url, **login)

    def href(self, name: str) -> str:
        """Return how we call an event of this calendar."""
        return f"{href_of(self.url)}{name}"

    def put(self, name: str, body: str) -> None:
        """Write an event as the advisor would."""
        self.dav.put(USER, f"{self.url}{name}", body)

    def get(self, name: str) -> str:
        """Return an event as the server has it."""
        return self.dav.get(USER, f"{self.url}{name}")

    def delete(self, name: str) -> None:
        """Remove an event as the advisor would."""
        self.dav.delete(USER, f"{self.url}{name}")

    def names(self) -> list[str]:
        """Return the names of the calendar's events."""
        return self.dav.names(USER, self.url)


@pytest.fixture(params=ALL)
def dav(request: pytest.FixtureRequest, servers: Servers) -> DavServer:
    """Each of the servers in turn."""
    return servers(request.param)


@pytest.fixture
def place(dav: DavServer) -> Iterator[Place]:
    """An empty calendar on each of the servers in turn."""
    url = dav.make_calendar(USER, f"werk{next(_numbers)}")
    yield Place(dav, url)
    dav.delete(USER, url)


@pytest.fixture
def radicale_place(servers: Servers) -> Iterator[Place]:
    """An empty calendar on the quickest server, for what does not depend on which it is."""
    radicale = servers(Radicale)
    url = radicale.make_calendar(USER, f"werk{next(_numbers)}")
    yield Place(radicale, url)
    radicale.delete(USER, url)


@pytest.fixture
def between(place: Place) -> Iterator[FaultProxy]:
    """A proxy before each of the servers in turn."""
    with FaultProxy(place.dav.port) as proxy:
        yield proxy


def meeting(uid: str, *more: str, day: int = 1) -> str:
    """Return an event of an hour in December."""
    return event(uid, f":202612{day:02}T090000Z", f":202612{day:02}T100000Z", *more)


__all__ = ("COLLEAGUE", "USER", "Place", "meeting")
