"""A private PostgreSQL cluster, run as an ordinary user."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services.processes import Process, free_port, latest_postgres, need, wait_until


class Postgres:
    """A cluster in a directory of its own, gone when it is stopped.

    Args:
        durable: Whether a commit waits for the disk, as it does where bookings matter.
    """

    def __init__(self, *, durable: bool = False) -> None:
        initdb = need("initdb", "postgresql", folders=latest_postgres())
        self.user = _ordinary_user()
        self.directory = Path(tempfile.mkdtemp(prefix="spreekuur-pg-"))
        self.port = free_port()
        data = self.directory / "data"
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        options = ["-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        subprocess.run(
            [initdb, "-D", str(data), *options],
            check=True,
            capture_output=True,
            user=self.user,
            extra_groups=[] if self.user else None,
            cwd=self.directory,
        )
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.directory,
            "fsync": "on" if durable else "off",
            "max_connections": 200,
            "timezone": "UTC",
        }
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        postgres = str(Path(initdb).with_name("postgres"))
        self.log = self.directory / "log"
        self._command = [postgres, "-D", str(data), *flags]
        self._ask = [str(Path(initdb).with_name("pg_isready")), "-q", "-h", "127.0.0.1"]
        self.start()

    def url(self, database: str = "postgres", user: str = "owner") -> str:
        """Return the address of a database in this cluster."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it at its port; what was committed before is there."""
        self._process = Process(self._command, log=self.log, user=self.user)
        # The port is open while it still refuses whoever comes.
        wait_until(self._accepts, "PostgreSQL")

    def crash(self) -> None:
        """End it at once, so that it has to recover when it is started again."""
        self._process.stop(3)

    def _accepts(self) -> bool:
        return not subprocess.run([*self._ask, "-p", str(self.port)]).returncode

    def stop(self) -> None:
        """End the cluster and remove its directory."""
        self._process.stop(2)
        shutil.rmtree(self.directory, ignore_errors=True)


def _ordinary_user() -> str | None:
    """Return the user to run as; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
