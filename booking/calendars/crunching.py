"""Expanding many or large entries in processes of their own, which may be killed.

What a calendar holds was written by anybody. `booking.expansion` bounds its own work; here is what
stands behind it, should that ever fail: a worker has so much of the processor for one entry and so
much memory, kept to by the operating system, and dies of more. Answers come back one by one, so the
entry that a worker died of is the first without one. It is tried once more in a worker of its own,
in case it was not to blame; if that dies as well, all its times are kept closed. The others are
read by the next worker.

Small entries are expanded where they are for a tenth of a second, which is enough for hundreds:
that costs less than to send them away. Workers are started when first needed, know no secrets, and
end with their standard input, that is with this process.
"""

import atexit
import os
import queue
import re
import resource
import selectors
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from time import thread_time
from typing import IO, Final

import msgspec
from msgspec import Struct

from booking.expansion import Expansion, closed, expand
from kernel.busy import BusyPolicy
from kernel.spans import Span

CPU_SECONDS: Final = 5.0
"""How much of the processor one entry may take."""

MEMORY: Final = 512 * 2**20
"""How much memory a worker may address."""

PATIENCE: Final = 60.0
"""For how many seconds a worker may say nothing: one that was stopped uses no processor."""

WORKERS: Final = 2
SMALL: Final = 2**14
"""Entries of so many bytes are expanded on the spot."""

FEW_RULES: Final = 4
"""One for the entry, two for its zone, and one to spare."""

ON_THE_SPOT: Final = 0.1
"""For so many seconds of the processor at a time."""

ORDER: Final = 500
"""How many entries a worker is sent at a time."""

_HEAD: Final = struct.Struct(">I")
_UID: Final = re.compile(rb"^UID:([^\r\n]*)", re.MULTILINE)
_NICE: Final = 5
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONTZPATH", "SYSTEMROOT")


class Reading(Struct, frozen=True, kw_only=True):
    """For whom, and over what time, entries are read: the arguments of `expand`."""

    zone: str
    horizon: Span
    addresses: frozenset[str] = frozenset()
    calendar_zone: str | None = None
    policy: BusyPolicy = BusyPolicy()

    def expand(self, raw: bytes) -> Expansion:
        """Return when one entry keeps its owner busy."""
        return expand(
            raw,
            zone=self.zone,
            horizon=self.horizon,
            addresses=self.addresses,
            calendar_zone=self.calendar_zone,
            policy=self.policy,
        )


class _Order(Struct, frozen=True, kw_only=True):
    """What a worker is sent."""

    reading: Reading
    entries: Sequence[bytes]


class _Died(Exception):
    """A worker is no more; *done* is what it had answered."""

    def __init__(self, done: list[Expansion]) -> None:
        super().__init__("a worker died")
        self.done = done


@lru_cache(maxsize=1)
def shared() -> "Crunchers":
    """Return the workers of this process; they end with it."""
    crunchers = Crunchers()
    atexit.register(crunchers.close)
    return crunchers


class Crunchers:
    """Workers that expand entries; may be shared between threads.

    Args:
        workers: How many there may be at once.
        cpu_seconds: How much of the processor one entry may take there.
        memory: How many bytes a worker may address.
        patience: After how many seconds a worker that says nothing is killed.
        on_the_spot: For how many seconds to expand small entries in the calling thread.
    """

    def __init__(
        self,
        *,
        workers: int = WORKERS,
        cpu_seconds: float = CPU_SECONDS,
        memory: int = MEMORY,
        patience: float = PATIENCE,
        on_the_spot: float = ON_THE_SPOT,
    ) -> None:
        self._limits = (str(cpu_seconds), str(memory))
        self._patience = patience
        self._on_the_spot = on_the_spot
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._closed = threading.Event()
        for _ in range(workers):
            self._idle.put(None)

    def expand(self, reading: Reading, entries: Sequence[bytes]) -> list[Expansion]:
        """Return what each entry means, in order; no entry makes this fail.

        It may take long: call it in a thread.
        """
        found: dict[int, Expansion] = {}
        until = thread_time() + self._on_the_spot
        for number, entry in enumerate(entries):
            if thread_time() < until and _cheap(entry):
                found[number] = reading.expand(entry)
        left = [number for number in range(len(entries)) if number not in found]
        away = self._send_away(reading, [entries[number] for number in left])
        found.update(zip(left, away, strict=True))
        return [found[number] for number in range(len(entries))]

    def close(self) -> None:
        """End the workers; those that have something to do end after it."""
        self._closed.set()
        with suppress(queue.Empty):
            while True:
                if worker := self._idle.get_nowait():
                    worker.end()

    def _send_away(self, reading: Reading, entries: Sequence[bytes]) -> list[Expansion]:
        done: list[Expansion] = []
        while len(done) < len(entries):
            try:
                done += self._ask(reading, entries[len(done) : len(done) + ORDER])
            except _Died as died:
                done += died.done
                done.append(self._alone(reading, entries[len(done)]))
        return done

    def _alone(self, reading: Reading, entry: bytes) -> Expansion:
        try:
            return self._ask(reading, [entry])[0]
        except _Died:
            found = _UID.search(entry)
            uid = found.group(1).decode("utf-8", errors="replace").strip() if found else None
            return closed(uid, reading.horizon, "took-too-long")

    def _ask(self, reading: Reading, entries: Sequence[bytes]) -> list[Expansion]:
        worker = self._idle.get()
        try:
            worker = worker or _Worker(self._limits, self._patience)
            return worker.ask(_Order(reading=reading, entries=entries))
        except BaseException:
            if worker:
                worker.end()
            worker = None
            raise
        finally:
            if worker and self._closed.is_set():
                worker.end()
                worker = None
            self._idle.put(worker)


def _cheap(entry: bytes) -> bool:
    """Tell whether an entry is like most, and so surely read in no time."""
    return len(entry) <= SMALL and entry.count(b"RRULE") <= FEW_RULES


class _Worker:
    """One process, seen from here."""

    def __init__(self, limits: Sequence[str], patience: float) -> None:
        self._patience = patience
        self._answer = msgspec.msgpack.Decoder(Expansion)
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-P", "-m", __spec__.name, *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it could tell what stands in an entry
            env=_environment(),
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout  # noqa: PT018, S101  # for checkers
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._buffer = bytearray()

    def ask(self, order: _Order) -> list[Expansion]:
        """Have entries expanded.

        Raises:
            _Died: It did not answer all of them.
        """
        done: list[Expansion] = []
        try:
            self._send(msgspec.msgpack.encode(order))
            for _ in order.entries:
                done.append(self._answer.decode(self._receive()))  # noqa: PERF401  # kept if it dies
        except (OSError, EOFError) as problem:
            raise _Died(done) from problem
        return done

    def end(self) -> None:
        """Make sure that it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _send(self, message: bytes) -> None:
        rest = memoryview(_HEAD.pack(len(message)) + message)
        while rest:
            self._wait(self._in, selectors.EVENT_WRITE)
            with suppress(BlockingIOError):
                rest = rest[os.write(self._in, rest) :]

    def _receive(self) -> bytes:
        (length,) = _HEAD.unpack(self._take(_HEAD.size))
        return self._take(length)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._wait(self._out, selectors.EVENT_READ)
            chunk = os.read(self._out, 2**16)
            if not chunk:
                raise EOFError("it is gone")
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _wait(self, pipe: int, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if not selector.select(self._patience):
                raise TimeoutError("it says nothing")


def _environment() -> dict[str, str]:
    """Return what a worker needs of our environment: no secrets, and the same code."""
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)  # noqa: PTH109  # as in sys.path
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": path}


# --- in the worker -------------------------------------------------------------------------------


def main(cpu_seconds: float, memory: int) -> None:
    """Expand what comes in until nothing does."""
    os.nice(_NICE)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    decoder, encoder = msgspec.msgpack.Decoder(_Order), msgspec.msgpack.Encoder()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_HEAD.size):
        order = decoder.decode(source.read(_HEAD.unpack(head)[0]))
        for entry in order.entries:
            _grant(cpu_seconds)
            _answer(sink, encoder.encode(order.reading.expand(entry)))


def _grant(seconds: float) -> None:
    """Let the operating system kill this process once it has used so much more of the processor."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _answer(sink: IO[bytes], message: bytes) -> None:
    sink.write(_HEAD.pack(len(message)) + message)
    sink.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
