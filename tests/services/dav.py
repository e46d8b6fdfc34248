"""What every real CalDAV server of the tests has in common: two people, a calendar each."""

import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote, unquote, urljoin

from tests.services.processes import answers, free_port, wait_until

PASSWORDS: Final = {"sanne": "sanne-geheim", "bart": "bart-geheim"}
DOMAIN: Final = "example.com"
"""Where their mail arrives, on servers that schedule."""

_CALENDAR: Final = (
    '<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
    "<d:displayname>{name}</d:displayname><c:supported-calendar-component-set>"
    '<c:comp name="{component}"/></c:supported-calendar-component-set>{more}'
    "</d:prop></d:set></c:mkcalendar>"
)
_LISTING: Final = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
_PROPERTY: Final = (
    '<d:propertyupdate xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:{does}><d:prop>'
    "<c:{name}>{inner}</c:{name}></d:prop></d:{does}></d:propertyupdate>"
)
_HREF: Final = re.compile(r"<(?:\w+:)?href[^>]*>([^<]*)<")


@dataclass(frozen=True)
class Reply:
    """What a server said; header names are lower-case."""

    status: int
    headers: dict[str, str]
    text: str


class DavServer(ABC):
    """A server in a directory of its own, on a port of its own, gone when it is removed.

    Its methods do what the calendar program of an advisor does: they know nothing of our side.

    Attributes:
        name: What it is called.
        home: The path of a user's calendars.
        first: The name of the calendar that each user has from the start.
    """

    name: ClassVar[str]
    home: ClassVar[str]
    first: ClassVar[str]

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"spreekuur-{self.name.lower()}-"))
        # Most of these run as a user of their own, who must be able to enter.
        self.directory.chmod(0o755)
        self.port = free_port()
        self.passwords = dict(PASSWORDS)

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it; what it holds stays on disk."""

    def remove(self) -> None:
        """Stop it and remove its directory."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextmanager
    def removed_on_failure(self) -> Iterator[None]:
        """Leave nothing behind when starting does not succeed."""
        try:
            yield
        except BaseException:
            self.remove()
            raise

    @property
    def url(self) -> str:
        """The address of the server's root."""
        return f"http://127.0.0.1:{self.port}/"

    def connect_url(self, user: str) -> str:
        """Return the address that a person would connect."""
        return urljoin(self.url, self.home.format(user=user))

    def calendar(self, user: str) -> str:
        """Return the address of the calendar that a user has from the start."""
        return f"{self.connect_url(user)}{self.first}/"

    def make_calendar(
        self, user: str, name: str, *, component: str = "VEVENT", more: str = ""
    ) -> str:
        """Create a calendar and return its URL."""
        url = f"{self.connect_url(user)}{name}/"
        body = _CALENDAR.format(name=name.capitalize(), component=component, more=more)
        self.request(user, "MKCALENDAR", url, body, {"Content-Type": "application/xml"})
        return url

    def set_property(self, user: str, url: str, name: str, inner: str) -> None:
        """Set a CalDAV property as a calendar program would; with nothing in it, remove it.

        Raises:
            AssertionError: The server refused it.
        """
        does = "set" if inner else "remove"
        body = _PROPERTY.format(does=does, name=name, inner=inner)
        said = self.request(user, "PROPPATCH", url, body, {"Content-Type": "application/xml"})
        assert " 200 " in said, said

    def put(self, user: str, url: str, body: str) -> None:
        """Write an event as its owner's own calendar program would."""
        self.request(user, "PUT", url, body, {"Content-Type": "text/calendar; charset=utf-8"})

    def get(self, user: str, url: str) -> str:
        """Return an event as the server has it."""
        return self.request(user, "GET", url)

    def delete(self, user: str, url: str) -> None:
        """Remove an event, or a whole calendar."""
        self.request(user, "DELETE", url)

    def names(self, user: str, calendar: str) -> list[str]:
        """Return the file names of the events in a calendar."""
        headers = {"Depth": "1", "Content-Type": "application/xml"}
        listing = self.request(user, "PROPFIND", calendar, _LISTING, headers)
        names = (unquote(href).rpartition("/")[2] for href in _HREF.findall(listing))
        return sorted(name for name in names if name.endswith(".ics"))

    def request(
        self,
        user: str,
        method: str,
        url: str,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> str:
        """Send a request as *user*, and return the answer's text.

        Raises:
            AssertionError: The server refused it.
        """
        reply = self.ask(user, method, url, body, headers)
        assert reply.status < 300, f"{method} {url}: {reply.status}"
        return reply.text

    def ask(
        self,
        user: str,
        method: str,
        url: str,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request as *user*, and return the answer whatever it is."""
        login = b64encode(f"{user}:{self.passwords[user]}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  # our own server
            quote(url, safe=":/?&=%@!$'()*,;+~"),
            data=body.encode() or None,
            method=method,
            headers={"Authorization": f"Basic {login}", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # the same
                return Reply(answer.status, _lower(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, _lower(error.headers), error.read().decode("latin-1"))

    def wait(self) -> None:
        """Wait until it answers both people."""
        wait_until(lambda: answers(self.port), self.name)
        for user in PASSWORDS:
            wait_until(partial(self._knows, user), f"{self.name} for {user}", 60)

    def _knows(self, user: str) -> bool:
        headers = {"Depth": "0", "Content-Type": "application/xml"}
        try:
            url = self.connect_url(user)
            return self.ask(user, "PROPFIND", url, _LISTING, headers).status == 207
        except OSError:
            return False


def require_root(server: str) -> None:
    """Say so where a server cannot be run.

    Raises:
        RuntimeError: Only root can install and run it.
    """
    if os.geteuid() != 0:
        raise RuntimeError(f"{server} changes users while it starts, which takes root")


def own(path: Path, user: str) -> None:
    """Give a directory, and whatever is in it, to a user."""
    for each in [path, *path.rglob("*")]:
        shutil.chown(each, user)


def _lower(headers: object) -> dict[str, str]:
    items = headers.items() if hasattr(headers, "items") else ()
    return {str(name).lower(): str(value) for name, value in items}
