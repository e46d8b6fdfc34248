"""A small bank with advisors, customers and a mailbox, and a browser that can sign in to it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from litestar import Litestar
from msgspec import Struct

import booking.conflicts
import booking.service
import context.service
import notifications.service
from api.bootstrap import open_house
from api.settings import Settings
from api.wiring import House
from booking.answering import COUNTS
from booking.hours import WeeklyRange
from booking.model import Booking, BookingInput
from booking.organisation import AdvisorInput, LocationInput, MeetingTypeInput, ScheduleInput
from booking.participation import take_answer
from booking.replies import Reply, read_reply
from booking.values import Channel
from context.model import CustomerInput, FormDefinition
from kernel.clock import FixedClock
from kernel.crypto import Secret
from kernel.ids import Id
from kernel.people import Language, PersonName
from kernel.tenancy import Tenant, TenantSettings, create_tenant
from notifications.channels.mailbox import Mail, Mailbox
from notifications.model import RateInput
from tests.booking import mails
from tests.booking.mails import Answering
from tests.services.application import served

WORDS = "Onze rente loopt af en we schrikken van de <b>nieuwe</b> tarieven."
"""What Anna wrote, mark-up included."""

ANSWERS: dict[str, Any] = {
    "goal": "remortgage",
    "goal.words": WORDS,
    "income.kind": "permanent",
    "income.gross_year": "64000.00",
    "partner": True,
    "partner.income_gross_year": "31000.00",
    "property.address": "Biltstraat 12, Utrecht",
    "property.value": "410000.00",
    "property.energy_label": "C",
    "loan.remaining": "245000.00",
    "loan.rate": "1.85",
    "loan.months_left": 264,
    "loan.fixed_until": "2027-03",
    "loan.repayment": "annuity",
    "wish.fixed_years": "10",
    "remarks": "Kunnen we boetevrij extra aflossen?\nEn wat als mijn contract niet wordt verlengd?",
}
"""A whole intake."""


class Bank(Struct, frozen=True, kw_only=True):
    """An organisation that has opened its doors."""

    tenant: Tenant
    advisor: Id
    colleague: Id


class World(Struct, frozen=True, kw_only=True):
    """Everything a test of the console needs."""

    house: House
    clock: FixedClock
    app: Litestar
    mailbox: Mailbox
    bank: Bank

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """Return a browser on one of our own pages; *headers* stand in place of its own."""
        own = {"sec-fetch-site": "same-origin"}
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app),  # type: ignore[arg-type]  # plain ASGI
            base_url=self.house.settings.public_url,
            headers={key.replace("_", "-"): text for key, text in (own | headers).items()},
        )

    async def mail(self) -> list[Mail]:
        """Do the work that is due, and return every mail, newest first."""
        while await self.house.worker.run_due():
            pass
        return self.mailbox.messages()

    async def sign_in_link(self, email: str = "sanne@demobank.example") -> str:
        """Ask for a sign-in link and return it as it stands in the mail."""
        before = {mail.id for mail in await self.mail()}
        async with self.browser() as browser:
            await browser.post(f"/console/{self.bank.tenant.slug}", data={"email": email})
        (new,) = [mail for mail in await self.mail() if mail.id not in before]
        assert email in new.to
        return next(link for link in new.links if "/console/sign-in/" in link)

    @asynccontextmanager
    async def signed_in(
        self, email: str = "sanne@demobank.example"
    ) -> AsyncIterator[httpx2.AsyncClient]:
        """Return a browser in which an advisor has signed in."""
        link = await self.sign_in_link(email)
        async with self.browser() as browser:
            answer = await browser.post(link)
            assert answer.status_code == 303
            yield browser

    async def meeting(
        self,
        start: datetime,
        *,
        name: PersonName | None = None,
        email: str = "anna@example.org",
        channel: Channel = "video",
        bank: Bank | None = None,
        advisor: Id | None = None,
        language: Language = "nl",
        partner: PersonName | None = None,
        form: bool = True,
    ) -> Booking:
        """Book a meeting for a customer, with its intake open."""
        bank = bank or self.bank
        tenant = bank.tenant.id
        now = self.now()
        async with self.house.database.transaction(tenant) as db:
            customer = await context.service.identify(
                db,
                tenant,
                CustomerInput(name=name or anna(), email=email, language=language),
                now=now,
            )
            along = []
            if partner is not None:
                other = await context.service.identify(
                    db, tenant, CustomerInput(name=partner, email="bram@example.org"), now=now
                )
                along.append(other.id)
            made = await booking.service.book(
                db,
                tenant,
                BookingInput(
                    meeting_type="hypotheek",
                    start=start,
                    timezone="Europe/Amsterdam",
                    channel=channel,
                    location="utrecht" if channel == "branch" else None,
                    advisor=advisor or bank.advisor,
                    language=language,
                ),
                customer=customer.id,
                participants=along,
                now=now,
            )
            if form:
                await context.service.open_intake(
                    db, tenant, booking=made.id, customer=customer.id, form="hypotheek", now=now
                )
        return made

    async def displace(self, meeting: Booking) -> list[Mail]:
        """Let a meeting lose its time and its customer be offered others; return all mails."""
        tenant = self.bank.tenant.id
        async with self.house.database.transaction(tenant) as db:
            await booking.conflicts.note(db, tenant, meeting, now=self.now())
        return await self.mail()

    async def answer(
        self, meeting: Booking, answers: dict[str, Any], *, submit: bool = False
    ) -> None:
        """Save a customer's answers."""
        tenant = self.bank.tenant.id
        async with self.house.database.transaction(tenant) as db:
            await context.service.save_answers(
                db, tenant, meeting.id, answers, submit=submit, language="nl", now=self.now()
            )

    async def invitation_answered(
        self, meeting: Booking, who: str, partstat: str, *, rather: str | None = None
    ) -> None:
        """Let somebody's calendar answer the invitation, or propose a time on the clock."""
        given = Answering(uid=meeting.uid, who=who, partstat=partstat)
        if rather is None:
            raw = mails.gmail(given)
        else:
            end = datetime.strptime(rather, "%Y%m%dT%H%M%S") + timedelta(hours=1)  # noqa: DTZ007  # on the clock
            raw = mails.counter(
                msgspec.structs.replace(given, start=rather, end=f"{end:%Y%m%dT%H%M%S}")
            )
        reply = read_reply(raw)
        assert isinstance(reply, Reply)
        tenant = self.bank.tenant.id
        async with self.house.database.transaction(tenant) as db:
            outcome = await take_answer(
                db, tenant, meeting.id, reply, self.house.directory, now=self.now()
            )
        assert outcome in COUNTS

    async def publish(self, years: int, rate: str) -> None:
        """Publish a mortgage rate."""
        tenant = self.bank.tenant.id
        async with self.house.database.transaction(tenant) as db:
            await notifications.service.publish_rate(
                db,
                tenant,
                RateInput(
                    product="mortgage-annuity",
                    fixed_years=years,
                    rate=Decimal(rate),
                    valid_from=self.now().date(),
                ),
                now=self.now(),
            )


def anna() -> PersonName:
    """Mevrouw De Vries."""
    return PersonName(given="Anna", prefix="de", surname="Vries", honorific="mrs")


def at(hour: int, minute: int = 0, *, day: int = 30) -> datetime:
    """Return a time in November 2026 (or 1 to 9 December) by the clocks of Amsterdam."""
    december = day < 10
    local = datetime(2026, 12 if december else 11, day, hour, minute, tzinfo=UTC)
    return local - timedelta(hours=1)


@asynccontextmanager
async def open_world(
    database_url: str,
    folder: Path,
    clock: FixedClock,
    *,
    public_url: str = "http://127.0.0.1:8000",
    outgoing_allow: tuple[str, ...] = (),
) -> AsyncIterator[World]:
    """Open a house with one bank in it."""
    settings = Settings(
        secret_key=Secret("a secret key of forty characters or more"),
        data_dir=folder,
        database_url=database_url,
        public_url=public_url,
        outgoing_allow=outgoing_allow,
    )
    mailbox = Mailbox(folder)
    async with open_house(settings, clock=clock, channels={"email": mailbox}) as house:
        with served(house) as app:
            yield World(
                house=house,
                clock=clock,
                app=app,
                mailbox=mailbox,
                bank=await open_bank(house, clock.now(), slug="demobank"),
            )


async def open_bank(house: House, now: datetime, *, slug: str) -> Bank:
    """Set up an organisation with two advisors, their hours, a form and a kind of meeting."""
    async with house.database.transaction() as db:
        tenant = await create_tenant(
            db,
            slug=slug,
            name=slug.capitalize(),
            settings=TenantSettings(phone="030 123 45 67"),
            now=now,
        )
    kit = files("context.kits").joinpath("mortgage.json").read_bytes()
    form = msgspec.json.decode(kit, type=FormDefinition)
    async with house.database.transaction(tenant.id) as db:
        await booking.service.add_location(
            db,
            tenant.id,
            LocationInput(slug="utrecht", name="Utrecht Neude", address="Neude 1, Utrecht"),
            now=now,
        )
        advisors = []
        for name in ("Sanne Visser", "Joost Meijer"):
            advisor = await booking.service.add_advisor(
                db,
                tenant.id,
                AdvisorInput(
                    name=name,
                    email=f"{name.split()[0].lower()}@{slug}.example",
                    timezone="Europe/Amsterdam",
                    languages=["nl", "en"],
                    locations=["utrecht"],
                ),
                now=now,
            )
            await booking.service.set_schedule(
                db,
                tenant.id,
                advisor.id,
                ScheduleInput(
                    timezone="Europe/Amsterdam",
                    weekly=[
                        WeeklyRange(day=day, start="08:00", end="18:00")
                        for day in ("mon", "tue", "wed", "thu", "fri")
                    ],
                ),
                now=now,
            )
            advisors.append(advisor.id)
        await context.service.publish_form(db, tenant.id, form, now=now, by="operator")
        await booking.service.apply_meeting_type(
            db,
            tenant.id,
            MeetingTypeInput(
                slug="hypotheek",
                name={"nl": "Hypotheekgesprek", "en": "Mortgage meeting"},
                channels=["video", "phone", "branch"],
                advisors=advisors,
                locations=["utrecht"],
                form="hypotheek",
            ),
            now=now,
        )
    return Bank(tenant=tenant, advisor=advisors[0], colleague=advisors[1])


def text_of(page: str) -> str:
    """Return what a page says, without its tags and with single spaces."""
    body = page.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()
