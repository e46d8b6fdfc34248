"""A real installation: servers and workers as processes that can be killed, over one database."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final

from sqlalchemy import update

from api.bootstrap import open_house
from api.settings import Settings
from api.wiring import House
from kernel.crypto import Secret
from kernel.ids import Id
from kernel.tables import work
from notifications.tables import deliveries
from tests.guarantee.customers import Line
from tests.services.processes import free_port

LEASE: Final = timedelta(seconds=90)
"""How long work stays with a worker that has died, and a letter with whoever was sending it."""

_SECRET: Final = "a secret key for tests, long enough"
_COMMAND: Final = "from api.cli import main; main()"


class Program:
    """A Python program, with all the processes that it starts itself."""

    def __init__(self, words: Sequence[str], environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of its first process, which is also that of the group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End all of it between two instructions, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        """Ask it to end, and make sure that it has."""
        if self.running:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self.kill()


class Installation:
    """One database, and the programs over it.

    Args:
        folder: Where the programs' logs go.
        database_url: The address of a database with every table.
        smtp_url: Where letters go.
        redis_url: With it, servers leave the work to ``work``.
        allowed: Addresses inside the network that may be called.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        smtp_url: str,
        redis_url: str | None = None,
        allowed: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.settings = Settings(
            secret_key=Secret(_SECRET),
            database_url=database_url,
            redis_url=redis_url,
            smtp_url=smtp_url,
            outgoing_allow=tuple(allowed),
            log_level="error",
        )

    def house(self) -> AbstractAsyncContextManager[House]:
        """Open the installation inside this process, to set it up and to look into it."""
        return open_house(self.settings)

    def start(self, command: str, *words: str) -> Program:
        """Start a command of ``spreekuur``."""
        return self.run(command, "-c", _COMMAND, command, *words)

    def run(self, name: str, *words: str) -> Program:
        """Run Python with the installation's settings in the environment; *name* its log."""
        settings = self.settings
        told = {
            "SECRET_KEY": _SECRET,
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SMTP_URL": settings.smtp_url,
            "OUTGOING_ALLOW": ",".join(settings.outgoing_allow),
            "LOG_LEVEL": settings.log_level,
        }
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SPREEKUUR_")
        }
        environment |= {f"SPREEKUUR_{name}": value for name, value in told.items() if value}
        return Program(words, environment, self.folder / f"{name}.log")

    async def serve(self, port: int, *, workers: int = 1) -> Program:
        """Start a server, and return once it answers.

        Raises:
            RuntimeError: It has ended by itself, or does not answer.
        """
        program = self.start("serve", "--port", str(port), "--workers", str(workers))
        try:
            await await_server(port, lambda: program.running)
        except TimeoutError:
            program.kill()
            log = (self.folder / "serve.log").read_text()
            raise RuntimeError(f"The server does not answer: {log[-2000:]}") from None
        return program

    @asynccontextmanager
    async def serving(self, processes: int) -> AsyncIterator[tuple[list[int], list[Program]]]:
        """Run that many servers while the block lasts; yields their ports and programs."""
        ports = [free_port() for _ in range(processes)]
        programs = await asyncio.gather(*(self.serve(port) for port in ports))
        try:
            yield ports, list(programs)
        finally:
            for program in programs:
                program.kill()

    async def let_leases_end(self, tenant: Id) -> None:
        """Let the time pass that the work of a dead worker stays with it.

        Only while no worker is running: what is leased now is leased by nobody.
        """
        async with self.house() as house, house.database.transaction(tenant) as db:
            for row in (await db.execute(work.select().where(work.c.state == "leased"))).all():
                ended = row.lease_until - LEASE
                await db.execute(update(work).where(work.c.id == row.id).values(lease_until=ended))
            leaving = deliveries.select().where(deliveries.c.leaving_until.is_not(None))
            for row in (await db.execute(leaving)).all():
                ended = row.leaving_until - LEASE
                await db.execute(
                    update(deliveries)
                    .where(deliveries.c.tenant_id == tenant, deliveries.c.id == row.id)
                    .values(leaving_until=ended)
                )


async def await_server(port: int, running: Callable[[], bool] = lambda: True) -> None:
    """Return as soon as a server answers.

    Raises:
        TimeoutError: It does not within a minute, or has ended.
    """
    for _ in range(1200):
        if not running():
            break
        # The port is open before anybody answers behind it.
        with contextlib.suppress(OSError):
            async with Line(port, "") as line:
                if (await line.get("/health/ready")).status == HTTPStatus.OK:
                    return
        await asyncio.sleep(0.05)
    raise TimeoutError
