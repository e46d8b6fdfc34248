"""The client's models are what docs/wire.md shows."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from spreekuur import models
from spreekuur._wire import to_wire
from spreekuur.errors import Problem

WIRE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()


def example(after: str) -> Any:
    """Return the first JSON example that follows some words of docs/wire.md."""
    rest = WIRE[WIRE.index(after) :]
    return json.loads(re.findall(r"```json\n(.*?)```", rest, re.DOTALL)[0])


def answer(call: str) -> Any:
    """Return the answer that docs/wire.md shows under the heading of a call."""
    rest = WIRE[WIRE.index(f"### `{call}") :]
    return json.loads(re.findall(r"```json\n(.*?)```", rest[rest.index("\n→ ") :], re.DOTALL)[0])


EXAMPLES: list[tuple[Any, Any]] = [
    (models.Page[models.MeetingType], answer("GET /v1/meeting-types?lang")),
    (models.Slots, answer("GET /v1/slots")),
    (models.Hold, answer("POST /v1/holds")),
    (models.Booking, answer("POST /v1/bookings")),
    (models.ManagedBooking, answer("GET /v1/manage/{token}")),
    (models.Page[models.HistoryEntry], answer("GET /v1/bookings/bkg_…/history")),
    (models.Assignment, answer("GET /v1/bookings/bkg_…/assignment")),
    (models.Page[models.CalendarConflict], answer("GET /v1/conflicts")),
    (models.CalendarConflict, answer("POST /v1/conflicts/cnf_…/dismiss")),
    (models.Intake, answer("PUT /v1/manage/{token}/intake")),
    (models.Consents, answer("PUT /v1/manage/{token}/consents")),
    (models.Location, answer("PUT /v1/locations/utrecht")),
    (models.Page[models.Holiday], answer("GET /v1/holidays")),
    (models.Product, answer("POST /v1/products")),
    (models.Resource, answer("POST /v1/resources")),
    (models.Advisor, answer("PUT /v1/advisors/adv_…`")),
    (models.Schedule, example("### `PUT /v1/advisors/adv_…/schedule`")),
    (models.Schedule, example("### `PUT /v1/advisors/adv_…/schedules/evening`")),
    (models.Absence, answer("POST /v1/advisors/adv_…/absences")),
    (models.Page[models.Exclusion], answer("GET /v1/advisors/adv_…/exclusions")),
    (models.MeetingTypeDefinition, answer("POST /v1/meeting-types")),
    (models.Account, answer("POST /v1/calendars`")),
    (models.CalendarTrial, answer("POST /v1/calendars/test")),
    (models.CalendarAvailability, answer("GET /v1/calendars/acc_…/availability")),
    (models.CalendarEntry, answer("POST /v1/calendars/acc_…/entries")),
    (models.CalendarFeed, answer("POST /v1/calendars/acc_…/feed")),
    (models.LegalHold, answer("POST /v1/customers/cus_…/legal-holds")),
    (models.CustomerExport, answer("POST /v1/customers/cus_…/export")),
    (models.ErasurePlan, answer("GET /v1/customers/cus_…/erasure-plan")),
    (models.Erasure, answer("POST /v1/customers/cus_…/erase")),
    (Problem, example("- Errors are `application/problem+json`")),
]


@pytest.mark.parametrize(
    ("kind", "shown"), EXAMPLES, ids=lambda value: getattr(value, "__name__", "")
)
def test_what_is_documented_is_read_whole(kind: Any, shown: Any) -> None:
    """Each example decodes, and every field of it has its place in the model."""
    read = msgspec.convert(shown, kind, strict=False)

    missing = set(lost(shown, whole(read)))
    assert missing == set()


def whole(value: Any) -> Any:
    """Return a model as mappings and lists, with the fields that would not be sent."""
    if isinstance(value, msgspec.Struct):
        return {name: whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return msgspec.to_builtins(value, str_keys=True)


def lost(shown: Any, kept: Any, at: str = "") -> list[str]:
    """Return where something that was shown is not in what was kept."""
    if isinstance(shown, dict):
        return [
            where
            for name, value in shown.items()
            for where in (
                lost(value, kept[name], f"{at}/{name}") if name in kept else [f"{at}/{name}"]
            )
        ]
    if isinstance(shown, list):
        return [
            where
            for index, (one, other) in enumerate(zip(shown, kept, strict=True))
            for where in lost(one, other, f"{at}/{index}")
        ]
    return []


def test_the_check_sees_a_field_without_a_place() -> None:
    """A field that the model does not have is found by the check above."""
    assert lost({"a": [{"b": 1}]}, {"a": [{}]}) == ["/a/0/b"]


def test_the_documented_booking_can_be_asked_for() -> None:
    """The request of docs/wire.md is what the typed models write."""
    shown = example("### `POST /v1/bookings`")
    customer = msgspec.convert(shown["customer"], models.CustomerInput)

    assert to_wire(customer) == {
        name: value for name, value in shown["customer"].items() if value is not None
    }


def test_offsets_are_kept_and_rates_are_exact() -> None:
    """Half past nine in Amsterdam is not turned into half past eight in UTC; 3.85 is 3.85."""
    hold = msgspec.convert(answer("POST /v1/holds"), models.Hold, strict=False)
    rate = {
        "id": "rte_1",
        "product": "mortgage-annuity",
        "fixed_years": 10,
        "rate": "3.85",
        "valid_from": "2026-12-01",
        "previous": "3.60",
        "notified": None,
    }

    assert hold.start.utcoffset() == timedelta(hours=1)
    assert hold.start.hour == 9
    assert str(msgspec.convert(rate, models.Rate).previous) == "3.60"


def test_an_older_client_understands_a_newer_service() -> None:
    """A new field is passed over, a new word is passed on."""
    shown = answer("POST /v1/bookings") | {"state": "waiting", "colour": "blue"}

    assert str(msgspec.convert(shown, models.Booking, strict=False).state) == "waiting"


def test_a_key_is_never_shown() -> None:
    """Printing a new key, as in a log, does not give it away."""
    key = models.Key(id="key_1", kind="secret", name="crm", key="sk_very_secret")

    assert "sk_very_secret" not in f"{key} {key!r} {[key]}"
