"""What the steps of the check share: who is on stage, and ways to look."""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import httpx2
import msgspec
from icalendar import Calendar, Event
from spreekuur import AsyncSpreekuur, models

from api.demo.bank import Bank
from api.demo.stage import Stage
from kernel.ids import Id
from notifications.channels.mailbox import Mail

T = TypeVar("T")

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
MONDAY: Final = datetime(2026, 11, 30, 8, 30, tzinfo=AMSTERDAM)
"""When the check plays: half past eight in the morning of a working day."""

TUESDAY: Final = date(2026, 12, 1)


class Failed(Exception):
    """Something a stranger would have noticed."""


def expect(condition: object, sentence: str) -> None:
    """Go on only if *condition* holds.

    Raises:
        Failed: It does not; *sentence* says what was expected.
    """
    if not condition:
        raise Failed(sentence)


class Play:
    """The state of a check: filled in by the earlier steps, used by the later ones."""

    client: AsyncSpreekuur
    browser: httpx2.AsyncClient
    bank: Bank
    tenant: Id
    meeting: models.Booking
    kim: models.Booking
    emre: models.Booking

    def __init__(self, stage: Stage, stack: AsyncExitStack) -> None:
        self.stage = stage
        self.stack = stack

    def publishable(self, key: str) -> dict[str, str]:
        """Return the headers a widget on the bank's page sends."""
        return {"Authorization": f"Bearer {key}", "Origin": self.stage.bank_url}

    async def command(self, *words: str) -> Any:
        """Run ``spreekuur`` as its own process and return what it printed as JSON.

        Raises:
            Failed: It ended with an error.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from api.cli import main; main()", *words, "--json"),
            env={
                **os.environ,
                "SPREEKUUR_SECRET_KEY": self.stage.settings.secret_key.reveal(),
                "SPREEKUUR_DATABASE_URL": self.stage.settings.database,
                "SPREEKUUR_PUBLIC_URL": self.stage.url,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        sentence = f"spreekuur {words[0]}: {err.decode(errors='replace').strip()[-300:]}"
        expect(process.returncode == 0, sentence)
        return msgspec.json.decode(out)

    async def starts(
        self, day: date, *, slug: str = "hypotheek", channel: Any = "video"
    ) -> list[str]:
        """Return the free starts of a day in Amsterdam, as ``HH:MM``."""
        found = await self.client.slots.list(
            slug,
            start=day,
            end=date.fromordinal(day.toordinal() + 1),
            timezone="Europe/Amsterdam",
            channel=channel,
        )
        return [f"{start:%H:%M}" for start in found.days.get(day, [])]

    def mails(self, address: str) -> list[Mail]:
        """Return the letters to an address, oldest first."""
        return [mail for mail in reversed(self.stage.mailbox.messages()) if address in mail.to]

    async def mail(self, address: str, *words: str) -> Mail:
        """Return the first letter to an address whose subject or text has all these words.

        Raises:
            Failed: None came within ten seconds.
        """

        def found() -> Mail | None:
            for mail in self.mails(address):
                if all(word in f"{mail.subject}\n{mail.text}" for word in words):
                    return mail
            return None

        return await self.until(found, f"a letter with {words}")

    async def until(self, look: Callable[[], T | None], what: str, seconds: float = 10) -> T:
        """Return what *look* finds, as soon as it finds something.

        Raises:
            Failed: It found nothing in time.
        """
        for _ in range(int(seconds / 0.05)):
            if found := look():
                return found
            await asyncio.sleep(0.05)
        raise Failed(f"{what} did not come within {seconds:.0f} seconds")

    async def own_event(self, booking: Id) -> tuple[str, Event] | None:
        """Find a booking's event in Sanne's own calendar: its file name and the event."""
        async with self.stage.calendars.client("sanne") as calendar:
            listing = await calendar.request("PROPFIND", "", headers={"Depth": "1"})
            for part in listing.text.split("href>")[1:]:
                path = part.partition("<")[0]
                if not path.endswith(".ics"):
                    continue
                raw = await calendar.get(self.stage.calendars.url.rstrip("/") + path)
                event = _event_of(raw.content, booking)
                if event is not None:
                    return path, event
        return None

    async def event(self, booking: Id, *, gone: bool = False) -> tuple[str, Event]:
        """Wait until a booking's event is in Sanne's calendar, or is gone from it.

        Raises:
            Failed: It is not so within ten seconds.
        """
        for _ in range(100):
            found = await self.own_event(booking)
            if gone and found is None:
                return "", Event()
            if not gone and found is not None:
                return found
            await asyncio.sleep(0.1)
        raise Failed("the calendar event did not " + ("disappear" if gone else "appear"))


def invitation(mail: Mail) -> Event:
    """Return the event in a letter's invitation.

    Raises:
        Failed: The letter has none.
    """
    expect(mail.ics, f"no invitation in {mail.subject!r}")
    calendar = Calendar.from_ical(str(mail.ics).encode())
    return next(part for part in calendar.walk("VEVENT") if isinstance(part, Event))


def _event_of(raw: bytes, booking: Id) -> Event | None:
    if booking.encode() not in raw.replace(b"\r\n ", b""):
        return None
    return next(
        (part for part in Calendar.from_ical(raw).walk("VEVENT") if isinstance(part, Event)), None
    )
