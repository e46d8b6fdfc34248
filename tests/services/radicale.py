"""A real Radicale server with two people in it, each with a calendar."""

import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Final

from tests.services.processes import Process, answers, free_port, wait_until

PASSWORDS: Final = {"sanne": "sanne-geheim", "bart": "bart-geheim"}
_BODY: Final = (
    '<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
    "<d:displayname>{name}</d:displayname><c:supported-calendar-component-set>"
    '<c:comp name="{component}"/></c:supported-calendar-component-set>{more}'
    "</d:prop></d:set></c:mkcalendar>"
)


class Radicale:
    """A server in a directory of its own; it can be stopped and started again at its port."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="spreekuur-radicale-"))
        self.port = free_port()
        self.passwords = dict(PASSWORDS)
        self._write()
        self._process: Process | None = None
        self.start()

    @property
    def url(self) -> str:
        """The address of the server's root."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-W", "ignore", "-m", "radicale"]
        command += ["--config", str(self.directory / "config")]
        self._process = Process(command, log=self.directory / "log")
        wait_until(lambda: answers(self.port), "Radicale")

    def stop(self) -> None:
        """Stop it; what it holds stays on disk."""
        if self._process:
            self._process.stop()

    def start_again(self) -> None:
        """Start it if it has been stopped, with the passwords it began with."""
        if self.passwords != PASSWORDS:
            self.passwords = dict(PASSWORDS)
            self._write()
        if self._process is None or not self._process.running:
            self.start()

    def empty(self, user: str) -> None:
        """Remove a user's calendars."""
        shutil.rmtree(self.directory / "collections" / "collection-root" / user, ignore_errors=True)

    def remove(self) -> None:
        """Stop it and remove its directory."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def set_password(self, user: str, password: str) -> None:
        """Change a password; a running server takes it up at once."""
        self.passwords[user] = password
        self._write()

    def make_calendar(
        self, user: str, name: str, *, component: str = "VEVENT", more: str = ""
    ) -> str:
        """Create a calendar and return its URL."""
        url = f"{self.url}{user}/{name}/"
        body = _BODY.format(name=name.capitalize(), component=component, more=more)
        self.request(user, "MKCALENDAR", url, body)
        return url

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
        body = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
        answer = self.request(user, "PROPFIND", calendar, body, {"Depth": "1"})
        hrefs = [part.partition("</href>")[0] for part in answer.split("<href>")[1:]]
        return sorted(href.rpartition("/")[2] for href in hrefs if href.endswith(".ics"))

    def request(
        self,
        user: str,
        method: str,
        url: str,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> str:
        """Send a request as *user*, and return the answer's text."""
        login = b64encode(f"{user}:{self.passwords[user]}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  # our own server
            url,
            data=body.encode() or None,
            method=method,
            headers={"Authorization": f"Basic {login}", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # the same
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {url}: {error.code}") from error

    def _write(self) -> None:
        users = "".join(f"{user}:{password}\n" for user, password in self.passwords.items())
        (self.directory / "users").write_text(users)
        (self.directory / "config").write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {self.directory / 'users'}\n"
            "htpasswd_encryption = plain\ndelay = 0\n"
            "[rights]\ntype = owner_only\n"
            f"[storage]\nfilesystem_folder = {self.directory / 'collections'}\n"
        )
