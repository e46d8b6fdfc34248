"""The bank whose times everybody wants: who works there, and what can be booked."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

import booking.service
from api import access
from api.wiring import House
from booking.calendars.model import ConnectInput
from booking.hours import DAYS, WeeklyRange
from booking.organisation import AdvisorInput, MeetingTypeInput, ScheduleInput
from kernel.ids import Id
from kernel.tenancy import TenantSettings, create_tenant

ORIGIN: Final = "https://www.bank.example"
HALF_HOUR: Final = timedelta(minutes=30)
KIND: Final = "hypotheek"

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_STARTS_A_DAY: Final = 20
_DAYS_AHEAD: Final = 3


class Bank(Struct, frozen=True, kw_only=True):
    """An organisation whose advisors all give the same meeting of half an hour.

    Attributes:
        key: The text of its publishable key, for use from `ORIGIN`.
    """

    tenant: Id
    advisors: list[Id]
    key: str


async def open_bank(house: House, *, advisors: int = 1) -> Bank:
    """Open a bank whose advisors work from eight to six on every day of the week."""
    now = house.clock.now()
    async with house.database.transaction() as db:
        made = await create_tenant(db, slug="bank", name="Bank", settings=TenantSettings(), now=now)
    async with house.database.transaction(made.id) as db:
        people: list[Id] = []
        for number in range(advisors):
            advisor = await booking.service.add_advisor(
                db,
                made.id,
                AdvisorInput(
                    name=f"Adviseur {number}",
                    email=f"adviseur{number}@bank.example",
                    timezone=_AMSTERDAM.key,
                ),
                now=now,
            )
            hours = [WeeklyRange(day=day, start="08:00", end="18:00") for day in DAYS]
            schedule = ScheduleInput(timezone=_AMSTERDAM.key, weekly=hours)
            await booking.service.set_schedule(db, made.id, advisor.id, schedule, now=now)
            people.append(advisor.id)
        kind = MeetingTypeInput(
            slug=KIND,
            name={"nl": "Hypotheekgesprek", "en": "Mortgage talk"},
            duration=30,
            step=30,
            notice=0,
            window_days=100,
            channels=["video"],
            advisors=people,
        )
        await booking.service.apply_meeting_type(db, made.id, kind, now=now)
        _, key = await access.create_key(
            db, made.id, kind="publishable", name="site", origins=[ORIGIN], now=now
        )
    return Bank(tenant=made.id, advisors=people, key=key)


async def connect(house: House, bank: Bank, url: str, username: str, password: str) -> None:
    """Let the first advisor's meetings stand in a calendar of their own."""
    login = ConnectInput(advisor=bank.advisors[0], url=url, username=username, password=password)
    await house.calendars.connect(bank.tenant, login)


def starts(now: datetime, count: int) -> list[datetime]:
    """Return that many starts at which all advisors can meet, the first in a few days."""
    first = now.astimezone(_AMSTERDAM).date() + timedelta(days=_DAYS_AHEAD)
    opening = time(8, tzinfo=_AMSTERDAM)
    return [
        datetime.combine(first + timedelta(days=number // _STARTS_A_DAY), opening).astimezone(UTC)
        + number % _STARTS_A_DAY * HALF_HOUR
        for number in range(count)
    ]


def email(number: int) -> str:
    """Return the address of customer *number*."""
    return f"klant{number}@example.org"


def wish(number: int, start: datetime) -> bytes:
    """Return what customer *number* sends to book *start*."""
    return msgspec.json.encode(
        {
            "meeting_type": KIND,
            "start": start.isoformat(),
            "timezone": _AMSTERDAM.key,
            "channel": "video",
            "customer": {"name": {"surname": f"Klant {number}"}, "email": email(number)},
        }
    )


def rush(attempts: int, wanted: Sequence[datetime]) -> list[bytes]:
    """Return the wishes of that many customers; those who want the same time come together."""
    return [wish(number, wanted[number * len(wanted) // attempts]) for number in range(attempts)]
