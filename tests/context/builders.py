"""Valid things to test with; a test names only what matters to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from context.model import (
    Choice,
    ChoiceField,
    Customer,
    CustomerInput,
    Fact,
    Field,
    FormDefinition,
    LongTextField,
    Meeting,
    MoneyField,
    Step,
    YesNoField,
)
from kernel.ids import new_id
from kernel.people import PersonName

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
ANNA = PersonName(given="Anna", prefix="de", surname="Vries", honorific="mrs")


def same(words: str) -> dict[str, str]:
    """The same text in both languages."""
    return {"nl": words, "en": words}


def choice(name: str, *values: str, **rest: Any) -> ChoiceField:
    """A question with these answers to choose from."""
    choices = [Choice(value=value, label=same(value)) for value in values]
    return ChoiceField(id=name, label=same(name), purpose="test", choices=choices, **rest)


def yesno(name: str, **rest: Any) -> YesNoField:
    """A yes-or-no question."""
    return YesNoField(id=name, label=same(name), purpose="test", **rest)


def money(name: str, **rest: Any) -> MoneyField:
    """A question for an amount."""
    return MoneyField(id=name, label=same(name), purpose="test", **rest)


def longtext(name: str, **rest: Any) -> LongTextField:
    """A question for free text."""
    return LongTextField(id=name, label=same(name), purpose="test", **rest)


def form(*fields: Field, slug: str = "test", **rest: Any) -> FormDefinition:
    """A form of one step."""
    step = Step(id="only", title=same("Only"), fields=list(fields))
    return FormDefinition(slug=slug, title=same("Test"), steps=[step], **rest)


def person(**changes: Any) -> CustomerInput:
    """Anna de Vries, introducing herself."""
    return CustomerInput(**{"name": ANNA, "email": "anna@example.org", **changes})


def customer(**changes: Any) -> Customer:
    """Anna de Vries, as she is remembered."""
    values: dict[str, Any] = {
        "id": "cus_06dvxyhbk5y8h5e4p2c9zq7m3w",
        "name": ANNA,
        "email": "anna@example.org",
        "phone": None,
        "language": None,
        "formality": None,
        "created_at": NOW,
    }
    return Customer(**{**values, **changes})


def fact(position: int, path: str, value: Any, **changes: Any) -> Fact:
    """Something the customer said, *position* minutes after nine."""
    said_at = NOW + timedelta(minutes=position)
    values: dict[str, Any] = {
        "id": new_id("fct", said_at),
        "position": position,
        "path": path,
        "value": value,
        "unit": None,
        "source": "customer",
        "channel": "web",
        "actor": "customer",
        "said_at": said_at,
        "recorded_at": said_at,
        "form": "hypotheek@1",
        "booking": None,
        "supersedes": None,
    }
    return Fact(**{**values, **changes})


def meeting(**changes: Any) -> Meeting:
    """A mortgage meeting by video on Tuesday 1 December 2026, nine o'clock in Amsterdam."""
    values: dict[str, Any] = {
        "booking": "bkg_06dvxyhbk5y8h5e4p2c9zq7m3w",
        "name": "Hypotheekgesprek",
        "start": datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        "end": datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
        "timezone": "Europe/Amsterdam",
        "channel": "video",
        "location": None,
        "advisor_name": "Sanne Visser",
        "state": "confirmed",
        "participants": ["Bram Bakker"],
    }
    return Meeting(**{**values, **changes})
