"""A real Xandikos server: it keeps calendars in Git, and its tokens are the names of commits."""

import json
import sys
from pathlib import Path
from typing import ClassVar

from tests.services.dav import DavServer
from tests.services.processes import Process


class Xandikos(DavServer):
    """Xandikos with two people in it."""

    name: ClassVar[str] = "Xandikos"
    home: ClassVar[str] = "/{user}/calendars/"
    first: ClassVar[str] = "calendar"

    def __init__(self) -> None:
        super().__init__()
        for folder in ("data", "state"):
            (self.directory / folder).mkdir()
        (self.directory / "passwords").write_text(json.dumps(self.passwords))
        self._process: Process | None = None
        with self.removed_on_failure():
            self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        launcher = Path(__file__).with_name("xandikos_app.py")
        # -P: this folder holds a module called xandikos, which is not the one that is meant.
        command = [sys.executable, "-P", "-W", "ignore", str(launcher)]
        command += [str(self.directory), str(self.port)]
        self._process = Process(command, log=self.directory / "log")
        self.wait()

    def stop(self) -> None:
        """Stop it; what it holds stays on disk."""
        if self._process:
            self._process.stop()
