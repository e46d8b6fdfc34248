"""The demo's CalDAV server: Radicale, a process of its own since it is under the GPL."""

import asyncio
import importlib.util
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from kernel.errors import Unavailable

_CONFIG = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = {folder}/collections
[logging]
level = error
"""

_CALENDAR = """\
<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>{name}</D:displayname>
<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>
</D:prop></D:set></C:mkcalendar>
"""


class DemoMissing(Unavailable):
    """The demo's own packages are not installed."""

    code = "demo-missing"
    title = "The demo is not complete"


class CalendarServer:
    """A CalDAV server in a folder of its own; it can be stopped and started again."""

    def __init__(self, folder: Path, users: Mapping[str, str]) -> None:
        self.folder = folder
        self.users = users
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/"

    def calendar(self, user: str) -> str:
        """Return the address of a user's calendar."""
        return f"{self.url}{user}/agenda/"

    def client(self, user: str) -> httpx2.AsyncClient:
        """Return an HTTP client signed in as *user*: their own calendar program, so to speak."""
        return httpx2.AsyncClient(
            base_url=self.calendar(user), auth=(user, self.users[user]), trust_env=False
        )

    async def start(self) -> None:
        """Start it, and return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        words = "".join(f"{user}:{word}\n" for user, word in self.users.items())
        (self.folder / "users").write_text(words)
        config = self.folder / "config"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder))
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "radicale", "--config", str(config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self._answers()

    async def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _answers(self) -> None:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
        raise DemoMissing("The demo's CalDAV server did not start within ten seconds.")


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def calendar_server(folder: Path, users: Mapping[str, str]) -> AsyncIterator[CalendarServer]:
    """Run a CalDAV server with one calendar for each user, while the block lasts.

    Raises:
        DemoMissing: Radicale is not installed, or does not start.
    """
    if importlib.util.find_spec("radicale") is None:
        raise DemoMissing("Radicale is not installed; install spreekuur-server[demo].")
    server = CalendarServer(folder, users)
    try:
        await server.start()
        for user in users:
            async with server.client(user) as client:
                await client.request("MKCALENDAR", "", content=_CALENDAR.format(name="Agenda"))
        yield server
    finally:
        await server.stop()
