"""A bank with two branches in two zones, its keys, and words for what tests ask of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import msgspec
from litestar import Litestar
from msgspec import Struct
from spreekuur import webhooks
from sqlalchemy import select

import booking.service
import context.service
from api import access
from api.access import KeyKind
from api.problems import MEDIA_TYPE, TYPES
from api.wiring import House
from booking.hours import Day, WeeklyRange
from booking.organisation import AdvisorInput, LocationInput, MeetingTypeInput, ScheduleInput
from context.model import FormDefinition
from kernel.database import metadata
from kernel.ids import Id
from kernel.tenancy import TenantSettings, create_tenant

PUBLIC_URL = "https://afspraken.bank.example"
INBOUND_SECRET = "whsec_dGhlIHNlY3JldCBvZiByZWNlaXZlZCBtYWlscw=="
ORIGIN = "https://www.bank.example"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TUESDAY = datetime(2026, 12, 1, 9, tzinfo=AMSTERDAM)
"""Tomorrow at nine, when everybody works."""

WORKDAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
FORM = msgspec.json.decode(
    files("context.kits").joinpath("mortgage.json").read_bytes(), type=FormDefinition
)


class Bank(Struct, frozen=True, kw_only=True):
    """An organisation that can be booked: its advisors and the texts of its keys."""

    tenant: Id
    slug: str
    sanne: Id
    ravi: Id
    secret: str
    publishable: str


async def open_bank(house: House, slug: str = "demobank") -> Bank:
    """Open a bank: Sanne gives mortgage talks in Utrecht, Ravi gives loan talks in London.

    Both work from nine to five on weekdays by their own clock. A mortgage talk takes an hour and
    a quarter of an hour to write it down, and is booked four hours ahead at least; a loan talk
    takes half an hour and can be booked at once.
    """
    now = house.clock.now()
    async with house.database.transaction() as db:
        made = await create_tenant(
            db,
            slug=slug,
            name=slug.capitalize(),
            settings=TenantSettings(phone="030 123 45 67"),
            now=now,
        )
    tenant = made.id
    async with house.database.transaction(tenant) as db:
        for data in (
            LocationInput(slug="utrecht", name="Utrecht", address="Neude 1, Utrecht"),
            LocationInput(slug="london", name="London desk", timezone="Europe/London"),
        ):
            await booking.service.add_location(db, tenant, data, now=now)
        advisors = []
        for name, zone, branch in (
            ("Sanne Visser", "Europe/Amsterdam", "utrecht"),
            ("Ravi Patel", "Europe/London", "london"),
        ):
            advisor = await booking.service.add_advisor(
                db,
                tenant,
                AdvisorInput(
                    name=name,
                    email=f"{name.split()[0].lower()}@{slug}.example",
                    timezone=zone,
                    languages=["nl", "en"],
                    locations=[branch],
                ),
                now=now,
            )
            hours = [WeeklyRange(day=day, start="09:00", end="17:00") for day in WORKDAYS]
            await booking.service.set_schedule(
                db, tenant, advisor.id, ScheduleInput(timezone=zone, weekly=hours), now=now
            )
            advisors.append(advisor.id)
        sanne, ravi = advisors
        await context.service.publish_form(db, tenant, FORM, now=now, by="operator")
        for kind in (
            MeetingTypeInput(
                slug="hypotheek",
                name={"nl": "Hypotheekgesprek", "en": "Mortgage talk"},
                description={"nl": "Over uw huis.", "en": "About your house."},
                channels=["video", "phone", "branch"],
                buffer_after=15,
                notice=240,
                advisors=[sanne],
                locations=["utrecht"],
                form="hypotheek",
            ),
            MeetingTypeInput(
                slug="lening",
                name={"nl": "Leninggesprek", "en": "Loan talk"},
                duration=30,
                channels=["video", "phone"],
                advisors=[ravi],
            ),
        ):
            await booking.service.apply_meeting_type(db, tenant, kind, now=now)
    return Bank(
        tenant=tenant,
        slug=slug,
        sanne=sanne,
        ravi=ravi,
        secret=await make_key(house, tenant, "secret"),
        publishable=await make_key(house, tenant, "publishable"),
    )


async def make_key(house: House, tenant: Id, kind: KeyKind) -> str:
    """Return the text of a new key."""
    origins = [ORIGIN] if kind == "publishable" else []
    async with house.database.transaction(tenant) as db:
        _, text = await access.create_key(
            db, tenant, kind=kind, name="tests", origins=origins, now=house.clock.now()
        )
    return text


@asynccontextmanager
async def asking(app: Litestar, key: str = "", **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a program that sends this key and these headers with every request."""
    if key:
        headers["authorization"] = f"Bearer {key}"
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),  # type: ignore[arg-type]  # both say ASGI in words of their own
        base_url=PUBLIC_URL,
        headers=headers,
    ) as client:
        yield client


# --- what is asked -------------------------------------------------------------------------------


def wish(start: datetime = TUESDAY, **changes: Any) -> dict[str, Any]:
    """Return the body of a booking by video, with *changes*; None leaves a field out."""
    body = {
        "meeting_type": "hypotheek",
        "start": start.isoformat(),
        "timezone": "Europe/Amsterdam",
        "channel": "video",
        "customer": {
            "name": {"given": "Anna", "prefix": "de", "surname": "Vries", "honorific": "mrs"},
            "email": "anna@example.org",
            "language": "nl",
        },
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def signed(mail: bytes, moment: datetime, *, secret: str = INBOUND_SECRET) -> dict[str, str]:
    """Return the headers with which a received mail is handed over."""
    seconds = int(moment.timestamp())
    return {
        "content-type": "message/rfc822",
        "webhook-id": "mail_1",
        "webhook-timestamp": str(seconds),
        "webhook-signature": webhooks.sign(mail, "mail_1", seconds, secret=secret),
    }


async def booked(
    client: httpx2.AsyncClient, start: datetime = TUESDAY, **changes: Any
) -> dict[str, Any]:
    """Book a meeting, and return the answer."""
    answer = await client.post("/v1/bookings", json=wish(start, **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def token_of(url: str) -> str:
    """Return the token at the end of a link."""
    return url.rpartition("/")[2]


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """Return a time on Tuesday in Amsterdam, or so many days later."""
    return TUESDAY.replace(hour=hour, minute=minute) + timedelta(days=days)


# --- what comes back -----------------------------------------------------------------------------


def problem(answer: httpx2.Response, kind: str, status: int) -> dict[str, Any]:
    """Return a problem document, after looking that it is a whole one of this kind."""
    assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPE, answer.text
    document: dict[str, Any] = answer.json()
    assert (document["type"], document["status"], answer.status_code) == (
        TYPES + kind,
        status,
        status,
    ), answer.text
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    assert document["request_id"].startswith("req_")
    return document


def pointers(document: dict[str, Any]) -> list[str]:
    """Return where the problem document says that something is wrong."""
    return [error["pointer"] for error in document.get("errors", [])]


async def everything(house: House, tenant: Id) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table that belongs to an organisation or to nobody."""
    async with house.database.reading(tenant) as db:
        return {
            table.name: sorted(
                (tuple(row) for row in (await db.execute(_rows(table, tenant))).all()), key=repr
            )
            for table in metadata.sorted_tables
        }


def _rows(table: Any, tenant: Id) -> Any:
    statement = select(table)
    # SQLite shows every organisation's rows; PostgreSQL does so for the few directory tables.
    return statement.where(table.c.tenant_id == tenant) if "tenant_id" in table.c else statement


# --- what the API says of itself -----------------------------------------------------------------


class Operation(Struct, frozen=True, kw_only=True):
    """One call of the API, as its own description has it; *keys* opens it, none of them a link."""

    id: str
    method: str
    path: str
    keys: frozenset[str]

    def at(self, **values: str) -> str:
        """Return its path with values in their places; a place without one gets a text."""
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "none"), self.path)


def operations(app: Litestar) -> list[Operation]:
    """Return every call that the API describes."""
    return [
        Operation(
            id=call["operationId"],
            method=method.upper(),
            path=path,
            keys=frozenset(name for lock in call.get("security", ()) for name in lock),
        )
        for path, calls in app.openapi_schema.to_schema()["paths"].items()
        for method, call in calls.items()
    ]
