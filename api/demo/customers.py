"""People who bank with Demobank: names that test a salutation, and what they are planning."""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from spreekuur import AsyncSpreekuur, models


class Customer(Struct, frozen=True, kw_only=True):
    """A customer who books, prepares and says yes or no to messages about rates."""

    name: dict[str, str]
    email: str
    meeting_type: str = "hypotheek"
    channel: str = "video"
    language: str = "nl"
    formality: str | None = None
    answers: dict[str, Any] = {}
    submits: bool = False
    rate_notices: bool = False
    days_ahead: int = 0


CUSTOMERS: Final = (
    Customer(
        name={"given": "Anna", "prefix": "de", "surname": "Vries", "honorific": "mrs"},
        email="anna.devries@example.org",
        answers={
            "goal": "buy",
            "goal.words": "We hebben een huis op het oog in Zeist en willen weten of het kan.",
            "income.kind": "permanent",
            "income.gross_year": "62000.00",
            "partner": True,
            "partner.income_gross_year": "41500.00",
            "property.address": "Slotlaan 12, Zeist",
            "property.value": "455000.00",
            "property.energy_label": "B",
            "wish.amount": "400000.00",
            "wish.fixed_years": "10",
            "remarks": "Mijn partner komt later binnen; begin gerust zonder hem.",
        },
        submits=True,
        rate_notices=True,
    ),
    Customer(
        name={"given": "Kim", "surname": "Verbeek"},
        email="kim.verbeek@example.org",
        channel="phone",
        answers={
            "goal": "remortgage",
            "goal.words": "Mijn rentevaste periode loopt af. Is oversluiten slim?",
            "partner": False,
            "loan.remaining": "240000.00",
            "loan.rate": "4.60",
            "loan.months_left": 264,
            "loan.repayment": "annuity",
            "wish.fixed_years": "10",
        },
        rate_notices=True,
        days_ahead=1,
    ),
    Customer(
        name={"given": "Emre", "surname": "Yılmaz", "honorific": "mr"},  # noqa: RUF001  # so he is called
        email="emre.yilmaz@example.org",
        channel="branch",
        answers={"goal": "move"},
        days_ahead=1,
    ),
    Customer(
        name={
            "given": "Sophie",
            "surname": "Berg",
            "prefix": "van den",
            "partner_surname": "Jansen",
            "honorific": "mrs",
        },
        email="sophie.jansen@example.org",
        meeting_type="lening",
        language="en",
        days_ahead=2,
    ),
    Customer(
        name={"given": "Willem", "prefix": "'t", "surname": "Hart", "honorific": "mr"},
        email="willem.thart@example.org",
        formality="informal",
        meeting_type="lening",
        channel="phone",
        days_ahead=3,
    ),
)


async def move_in(client: AsyncSpreekuur, customer: Customer, *, now: datetime) -> models.Booking:
    """Let a customer book the first free time, prepare and decide on messages, with the SDK."""
    first = now + timedelta(days=customer.days_ahead)
    place = "utrecht" if customer.channel == "branch" else None
    slots = await client.slots.list(
        customer.meeting_type,
        start=first,
        end=first + timedelta(days=21),
        timezone="Europe/Amsterdam",
        channel=customer.channel,  # type: ignore[arg-type]  # one of the three words
        location=place,
    )
    start = next(start for starts in slots.days.values() for start in starts)
    meeting = await client.bookings.create(
        meeting_type=customer.meeting_type,
        start=start,
        timezone="Europe/Amsterdam",
        channel=customer.channel,  # type: ignore[arg-type]  # one of the three words
        location=place,
        customer={
            "name": customer.name,
            "email": customer.email,
            "language": customer.language,
            "formality": customer.formality,
        },
    )
    if customer.answers and meeting.intake_url:
        page = client.manage(meeting.intake_url.rpartition("/")[2])
        await page.save_intake(customer.answers, submit=customer.submits)
        await page.set_consents({"rate-notices": customer.rate_notices})
    return meeting
