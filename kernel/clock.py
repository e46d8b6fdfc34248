"""The one source of time. Nothing else in the house reads a clock."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant, and measures intervals."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment, for leases and time-outs."""
        ...


class SystemClock:
    """The machine's clock, moved by a fixed offset; time still ticks."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    @classmethod
    def starting_at(cls, instant: datetime) -> "SystemClock":
        """Return a clock that shows *instant* now and ticks on from there."""
        return cls(instant - datetime.now(UTC))

    def now(self) -> datetime:
        """Return the machine's time plus the offset."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Return the machine's monotonic time in seconds."""
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.instant

    def monotonic(self) -> float:
        """Return the set instant as seconds, so that moving it moves this too."""
        return self.instant.timestamp()

    def advance(self, step: timedelta) -> None:
        """Move forward by *step*."""
        self.instant += step
