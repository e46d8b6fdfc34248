"""A private Redis server, which keeps nothing."""

import shutil
import tempfile
from pathlib import Path

from tests.services.processes import Process, answers, free_port, need, wait_until


class RedisServer:
    """A server in a directory of its own, gone when it is stopped."""

    def __init__(self) -> None:
        program = need("redis-server", "redis-server")
        self.directory = Path(tempfile.mkdtemp(prefix="spreekuur-redis-"))
        self.port = free_port()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self._command = [program, *options, str(self.directory)]
        self.start()

    @property
    def url(self) -> str:
        """The address to connect to."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it at its port, with nothing in it."""
        self._process = Process(self._command, log=self.directory / "log")
        wait_until(lambda: answers(self.port), "Redis")

    def crash(self) -> None:
        """End it between two instructions, as a power cut would."""
        self._process.stop(9)

    def stop(self) -> None:
        """End it and remove its directory."""
        self._process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
