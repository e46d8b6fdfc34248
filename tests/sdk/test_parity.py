"""The two clients are one client, written once."""

import ast
import inspect
import runpy
from pathlib import Path

import pytest
from spreekuur import AsyncSpreekuur, Spreekuur

SDK = Path(__file__).parents[2] / "sdk" / "python"
ONLY_ASYNC = {"in_process", "aclose"}
ONLY_SYNC = {"close"}


def test_the_synchronous_client_is_current() -> None:
    """_sync is what generate_sync.py makes of _async today."""
    outdated = runpy.run_path(str(SDK / "generate_sync.py"))["outdated"]

    assert outdated() == []


def test_a_change_by_hand_would_be_seen(tmp_path: Path) -> None:
    """The check above fails when a generated module is edited."""
    script = runpy.run_path(str(SDK / "generate_sync.py"))
    text = script["generate"]("manage.py")
    (tmp_path / "manage.py").write_text(text + "# a change\n")
    script["outdated"].__globals__["TARGET"] = tmp_path

    assert "manage.py" in script["outdated"]()


def surface(client: object) -> dict[str, inspect.Signature]:
    """Return every public call of a client with its signature."""
    calls: dict[str, inspect.Signature] = {}
    for name, value in inspect.getmembers(client):
        if name.startswith("_"):
            continue
        if callable(value):
            calls[name] = inspect.signature(value)
        else:
            calls |= {f"{name}.{k}": v for k, v in surface(value).items()}
    return calls


def test_both_clients_offer_the_same_calls() -> None:
    """Names, parameters and their defaults are equal; only in_process and close differ."""
    ours = surface(Spreekuur("sk_test", base_url="https://bank.example"))
    theirs = surface(AsyncSpreekuur("sk_test", base_url="https://bank.example"))

    assert set(theirs) - set(ours) == ONLY_ASYNC
    assert set(ours) - set(theirs) == ONLY_SYNC
    for name in set(ours) & set(theirs):
        assert ours[name].parameters.keys() == theirs[name].parameters.keys(), name
        for one, other in zip(
            ours[name].parameters.values(), theirs[name].parameters.values(), strict=True
        ):
            assert (one.kind, one.default) == (other.kind, other.default), name


def test_nothing_asynchronous_is_left_in_the_synchronous_client() -> None:
    """No await, no coroutine, no asyncio."""
    for path in (SDK / "src" / "spreekuur" / "_sync").glob("*.py"):
        tree = ast.parse(path.read_text())
        kinds = {type(node).__name__ for node in ast.walk(tree)}
        assert not kinds & {"Await", "AsyncFunctionDef", "AsyncFor", "AsyncWith"}
        assert "asyncio" not in path.read_text()


@pytest.mark.parametrize(
    "call",
    [
        "meeting_types.list", "meeting_types.get", "meeting_types.apply", "slots.list",
        "holds.create", "holds.release", "bookings.create", "bookings.get", "bookings.list",
        "bookings.iter", "bookings.reschedule", "bookings.cancel", "bookings.brief",
        "bookings.reassign", "bookings.repair", "bookings.confirm", "bookings.decline",
        "bookings.outcome", "bookings.history", "bookings.iter_history", "bookings.assignment",
        "series.create", "series.get", "series.cancel", "conflicts.list", "conflicts.iter",
        "conflicts.dismiss",
        "locations.list", "locations.create", "locations.get", "locations.update",
        "advisors.list", "advisors.create", "advisors.get", "advisors.update",
        "advisors.schedule", "advisors.set_schedule", "advisors.schedules",
        "advisors.remove_schedule", "advisors.absences", "advisors.add_absence",
        "advisors.remove_absence", "advisors.exclusions", "advisors.exclude", "advisors.allow",
        "products.apply", "products.list", "resources.apply", "resources.list",
        "resources.remove", "holidays.list", "meeting_types.definition", "forms.list",
        "forms.publish", "calendars.connect", "calendars.list", "calendars.sync",
        "calendars.status", "calendars.set_role", "calendars.test", "calendars.disconnect",
        "calendars.entries", "calendars.set_addresses", "calendars.availability",
        "calendars.add_entry", "calendars.change_entry", "calendars.remove_entry",
        "calendars.renew_feed", "calendars.revoke_feed", "customers.get", "customers.facts",
        "customers.consents", "customers.set_consents", "rates.publish", "rates.list",
        "notices.list", "deliveries.list", "keys.create", "keys.list", "keys.revoke",
        "tenant.get", "tenant.update", "manage", "with_options",
    ],
)  # fmt: skip
def test_every_documented_call_is_there(call: str) -> None:
    """Each call of docs/wire.md has its method."""
    assert call in surface(Spreekuur("sk_test", base_url="https://bank.example"))
