"""A real Radicale server with two people in it, each with a calendar."""

import shutil
import sys
from typing import ClassVar

from tests.services.dav import PASSWORDS, DavServer
from tests.services.processes import Process, answers, wait_until


class Radicale(DavServer):
    """A server in a directory of its own; it can be stopped and started again at its port."""

    name: ClassVar[str] = "Radicale"
    home: ClassVar[str] = "/{user}/"
    first: ClassVar[str] = "werk"

    def __init__(self) -> None:
        super().__init__()
        self._write()
        self._process: Process | None = None
        with self.removed_on_failure():
            self.start()

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

    def set_password(self, user: str, password: str) -> None:
        """Change a password; a running server takes it up at once."""
        self.passwords[user] = password
        self._write()

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


__all__ = ("PASSWORDS", "Radicale")
