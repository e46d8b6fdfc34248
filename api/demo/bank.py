"""Demobank: set up through the Python SDK, the way a developer at a bank would."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2
import msgspec
from msgspec import Struct
from spreekuur import AsyncSpreekuur, models, words

from api.demo.processes import CalendarServer

SANNE: Final = "sanne.visser@demobank.example"
PHONE: Final = "030 123 45 67"
USERS: Final = {"sanne": "sanne-agenda", "ravi": "ravi-agenda", "marieke": "marieke-agenda"}
SETTINGS: Final[Mapping[str, Any]] = {
    "timezone": "Europe/Amsterdam",
    "language": "nl",
    "formality": "formal",
    "phone": PHONE,
    # The demo acts at once, so that a visitor sees what happens.
    "grace_minutes": 0,
}
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


class Bank(Struct, frozen=True, kw_only=True):
    """What was set up, by name."""

    sanne: models.Advisor
    ravi: models.Advisor
    marieke: models.Advisor
    account: models.Account
    publishable_key: str


async def set_up(
    client: AsyncSpreekuur, calendars: CalendarServer, *, origins: list[str], now: datetime
) -> Bank:
    """Give an empty organisation all it needs to take bookings, and what stood in its calendars."""
    await client.tenant.update(settings=SETTINGS)
    await client.locations.create(
        slug="utrecht", name="Utrecht", address="Neude 1, 3512 AD Utrecht"
    )
    await client.locations.create(
        slug="london",
        name="London desk",
        address="1 Cornhill, London EC3V 3ND",
        timezone="Europe/London",
    )
    sanne, ravi, marieke = await _advisors(client, now)
    kit = msgspec.json.decode(files("context.kits").joinpath("mortgage.json").read_bytes())
    await client.forms.publish("hypotheek", kit)
    await _meeting_types(client, sanne, ravi, marieke)
    await _put_life_into(calendars, now)
    account = await client.calendars.connect(
        advisor=sanne.id, url=calendars.url, username="sanne", password=USERS["sanne"]
    )
    await client.rates.publish(
        product="mortgage-annuity",
        fixed_years=10,
        rate="3.60",
        valid_from=(now - timedelta(days=30)).date(),
    )
    key = await client.keys.create(kind="publishable", name="website", origins=origins)
    return Bank(
        sanne=sanne, ravi=ravi, marieke=marieke, account=account, publishable_key=str(key.key)
    )


async def _advisors(
    client: AsyncSpreekuur, now: datetime
) -> tuple[models.Advisor, models.Advisor, models.Advisor]:
    sanne = await client.advisors.create(
        name="Sanne Visser",
        email=SANNE,
        timezone="Europe/Amsterdam",
        languages=["nl", "en"],
        locations=["utrecht"],
    )
    ravi = await client.advisors.create(
        name="Ravi Patel",
        email="ravi.patel@demobank.example",
        timezone="Europe/London",
        languages=["en"],
        locations=["london"],
    )
    marieke = await client.advisors.create(
        name="Marieke de Groot",
        email="marieke.degroot@demobank.example",
        timezone="Europe/Amsterdam",
        languages=["nl"],
        locations=["utrecht"],
    )
    days: tuple[words.Day, ...] = ("mon", "tue", "wed", "thu", "fri")
    day_off = (now.astimezone(_AMSTERDAM) + timedelta(days=9)).date()
    for advisor, start, end in (
        (sanne, "09:00", "17:00"),
        (ravi, "09:30", "17:30"),
        (marieke, "08:30", "13:00"),
    ):
        await client.advisors.set_schedule(
            advisor.id,
            models.Schedule(
                timezone=advisor.timezone,
                weekly=[models.WeeklyRange(day=day, start=start, end=end) for day in days],
                overrides=[models.Override(date=day_off, ranges=[])] if advisor is sanne else [],
            ),
        )
    return sanne, ravi, marieke


async def _meeting_types(
    client: AsyncSpreekuur, sanne: models.Advisor, ravi: models.Advisor, marieke: models.Advisor
) -> None:
    await client.meeting_types.apply(
        slug="hypotheek",
        name={"nl": "Hypotheekgesprek", "en": "Mortgage meeting"},
        description={
            "nl": "Een uur met een adviseur over uw plannen en uw mogelijkheden.",
            "en": "An hour with an advisor about your plans and possibilities.",
        },
        duration=60,
        channels=["video", "phone", "branch"],
        advisors=[sanne.id],
        locations=["utrecht"],
        step=15,
        buffer_before=0,
        buffer_after=15,
        notice=240,
        window_days=60,
        form="hypotheek",
    )
    await client.meeting_types.apply(
        slug="lening",
        name={"nl": "Leninggesprek", "en": "Loan meeting"},
        description={
            "nl": "Drie kwartier over lenen, aflossen en oversluiten.",
            "en": "Forty-five minutes about borrowing and repaying.",
        },
        duration=45,
        channels=["video", "phone"],
        advisors=[ravi.id, marieke.id],
        step=15,
        notice=60,
        window_days=30,
    )


# --- what is in Sanne's own calendar -------------------------------------------------------------


def own_events(today: date) -> dict[str, str]:
    """Return Sanne's own events of the coming days, by file name."""
    first = _workday(today + timedelta(days=1))
    second = _workday(first + timedelta(days=1))
    moved = first + timedelta(days=7)
    return {
        "tandarts": _event("tandarts", _at(first, 11, 30), _at(first, 12, 15), "Tandarts"),
        "teamoverleg": _event(
            "teamoverleg",
            _at(first, 9, 0),
            _at(first, 9, 45),
            "Teamoverleg",
            "RRULE:FREQ=WEEKLY;COUNT=12",
            extra=_override("teamoverleg", moved, _at(moved, 15, 0), _at(moved, 16, 0)),
        ),
        "cursus": _event("cursus", *_all_day(second), "Cursus Wft, hele dag"),
        "verjaardag": _event(
            "verjaardag", *_all_day(first), "Verjaardag Joost", "TRANSP:TRANSPARENT"
        ),
        "lunch": _event("lunch", _at(first, 13, 0), _at(first, 14, 0), "Lunch", "STATUS:CANCELLED"),
    }


async def _put_life_into(calendars: CalendarServer, now: datetime) -> None:
    async with calendars.client("sanne") as calendar:
        for name, body in own_events(now.astimezone(_AMSTERDAM).date()).items():
            answer = await calendar.put(
                f"{name}.ics", content=body, headers={"Content-Type": "text/calendar"}
            )
            answer.raise_for_status()


async def put_event(
    calendar: httpx2.AsyncClient, name: str, start: datetime, end: datetime, title: str
) -> None:
    """Put an event into an advisor's calendar, as their own program would."""
    body = _event(name, _utc(start), _utc(end), title)
    answer = await calendar.put(
        f"{name}.ics", content=body, headers={"Content-Type": "text/calendar"}
    )
    answer.raise_for_status()


def _workday(day: date) -> date:
    while day.weekday() > 4:  # noqa: PLR2004  # Saturday and Sunday
        day += timedelta(days=1)
    return day


def _at(day: date, hour: int, minute: int) -> str:
    return f";TZID=Europe/Amsterdam:{day:%Y%m%d}T{hour:02}{minute:02}00"


def _all_day(day: date) -> tuple[str, str]:
    return f";VALUE=DATE:{day:%Y%m%d}", f";VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"


def _utc(instant: datetime) -> str:
    return f":{instant.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"


def _event(name: str, start: str, end: str, title: str, *lines: str, extra: str = "") -> str:
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Demobank//Agenda//NL",
            "BEGIN:VEVENT",
            f"UID:{name}@demobank.example",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART{start}",
            f"DTEND{end}",
            f"SUMMARY:{title}",
            *lines,
            "END:VEVENT",
            *([extra] if extra else []),
            "END:VCALENDAR",
            "",
        )
    )


def _override(name: str, day: date, start: str, end: str) -> str:
    return "\r\n".join(
        (
            "BEGIN:VEVENT",
            f"UID:{name}@demobank.example",
            "DTSTAMP:20260101T000000Z",
            f"RECURRENCE-ID{_at(day, 9, 0)}",
            f"DTSTART{start}",
            f"DTEND{end}",
            "SUMMARY:Teamoverleg (verplaatst)",
            "END:VEVENT",
        )
    )
