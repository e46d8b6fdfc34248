"""The command line sets an organisation up, and says clearly what went wrong."""

import asyncio
import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from api.cli import main
from api.migrations import migrate

Run = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an empty, migrated database."""
    url = f"sqlite:///{tmp_path}/cli.db"
    asyncio.run(migrate(url))
    return url


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs ``spreekuur`` with the settings of that installation; its logs are its own."""
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", "a secret key for tests, long enough")
    monkeypatch.setenv("SPREEKUUR_DATABASE_URL", database)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, list(words))

    yield invoke
    structlog.reset_defaults()


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_an_organisation_is_set_up_from_nothing(run: Run, tmp_path: Path) -> None:
    """Tenant, key, branch, advisor, hours, form and meeting type, until a slot can be booked."""
    made = answer(run("tenants", "create", "--slug", "bank", "--name", "Bank", "--json"))
    assert made["key"].startswith("sk_")
    answer(
        run("locations", "add", "--tenant", "bank", "--slug", "utrecht", "--name", "U", "--json")
    )
    advisor = answer(
        run(
            *("advisors", "add", "--tenant", "bank", "--name", "Sanne Visser"),
            *("--email", "sanne@bank.example", "--location", "utrecht", "--json"),
        )
    )
    hours = tmp_path / "hours.json"
    week = [{"day": day, "start": "09:00", "end": "17:00"} for day in ("mon", "tue", "wed")]
    hours.write_text(json.dumps({"timezone": "Europe/Amsterdam", "weekly": week}))
    answer(run("advisors", "schedule", "--tenant", "bank", advisor["id"], str(hours), "--json"))
    form = tmp_path / "form.json"
    form.write_bytes(files("context.kits").joinpath("mortgage.json").read_bytes())
    assert answer(run("forms", "publish", "--tenant", "bank", str(form), "--json"))["version"] == 1
    kind = tmp_path / "kind.json"
    kind.write_text(
        json.dumps(
            {
                "slug": "hypotheek",
                "name": {"nl": "Hypotheekgesprek"},
                "channels": ["video"],
                "advisors": [advisor["id"]],
                "form": "hypotheek",
                "window_days": 100,
            }
        )
    )
    answer(run("meeting-types", "apply", "--tenant", "bank", str(kind), "--json"))

    found = answer(
        run(
            *("slots", "--tenant", "bank", "--meeting-type", "hypotheek", "--json"),
            *("--start", "2020-01-06", "--end", "2020-01-07"),
        )
    )

    assert found["days"] == {}
    assert found["next_available"]


def test_what_exists_already_is_a_conflict(run: Run) -> None:
    """Exit code 4, and the sentence says what is taken."""
    answer(run("tenants", "create", "--slug", "bank", "--name", "Bank", "--json"))

    again = run("tenants", "create", "--slug", "bank", "--name", "Bank")

    assert again.exit_code == 4
    assert "'bank'" in again.stderr


def test_a_missing_key_says_how_to_make_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 and a command that can be pasted; no traceback."""
    monkeypatch.delenv("SPREEKUUR_SECRET_KEY")

    result = run("outbox", "status")

    assert result.exit_code == 1
    assert "SPREEKUUR_SECRET_KEY" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_old_database_and_one_that_is_down_are_told_apart(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The doctor names the part that is wrong; a command that cannot reach it exits with 3."""
    monkeypatch.setenv("SPREEKUUR_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    old = run("doctor", "--json")
    assert old.exit_code == 1
    assert "spreekuur migrate" in json.loads(old.stdout)[0]["detail"]

    monkeypatch.setenv("SPREEKUUR_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    down = run("keys", "list", "--tenant", "bank")

    assert down.exit_code == 3
    assert "Traceback" not in down.stderr


def test_a_file_that_does_not_fit_says_where(run: Run, tmp_path: Path) -> None:
    """The message has the file and the place in it."""
    answer(run("tenants", "create", "--slug", "bank", "--name", "Bank", "--json"))
    wrong = tmp_path / "kind.json"
    wrong.write_text('{"slug": "x", "name": {"nl": "X"}, "channels": ["fax"], "advisors": []}')

    result = run("meeting-types", "apply", "--tenant", "bank", str(wrong))

    assert result.exit_code == 1
    assert "kind.json" in result.stderr
    assert "fax" in result.stderr


@pytest.fixture
def bank(run: Run) -> Callable[..., Any]:
    """Says words to ``spreekuur`` on behalf of a bank, and returns the JSON that it prints."""
    answer(run("tenants", "create", "--slug", "bank", "--name", "Bank", "--json"))

    def say(*words: str) -> Any:
        return answer(run(*words, "--tenant", "bank", "--json"))

    return say


def written(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def test_all_that_is_set_up_can_be_said_on_the_command_line(
    bank: Callable[..., Any], tmp_path: Path
) -> None:
    """Branches, products, rooms, licences, schedules and absences: applied, listed, removed."""
    file = tmp_path / "said.json"
    branches = [{"slug": slug, "name": slug.title()} for slug in ("leiden", "utrecht")]
    first = bank("locations", "apply", written(file, branches))
    again = bank("locations", "apply", written(file, branches[1] | {"name": "Neude"}))
    assert [each["name"] for each in bank("locations", "list")] == ["Leiden", "Neude"]
    assert again[0]["id"] == first[1]["id"]

    product = bank("products", "apply", written(file, {"slug": "hypotheek", "name": "Hypotheek"}))
    assert bank("products", "list") == product
    room = {"slug": "neude-1", "name": "Neude 1", "location": "utrecht"}
    rooms = bank("resources", "apply", written(file, room))
    assert bank("resources", "list") == rooms

    person = {"name": "Sanne", "email": "sanne@bank.example", "timezone": "Europe/Amsterdam"}
    sanne = bank("advisors", "add", "--name", "S", "--email", "s@bank.example")["id"]
    licence = {"product": "hypotheek", "valid_from": "2026-01-01"}
    changed = bank(
        "advisors", "update", sanne, written(file, person | {"authorisations": [licence]})
    )
    assert bank("advisors", "list") == [changed]
    assert changed["authorisations"] == [licence | {"valid_until": None}]

    week = {"timezone": "Europe/Amsterdam", "weekly": [], "name": "evening"}
    evening = bank("advisors", "schedules", "apply", sanne, written(file, week))
    assert bank("advisors", "schedules", "list", sanne) == [evening]
    bank("advisors", "schedules", "remove", sanne, "evening")
    assert bank("advisors", "schedules", "list", sanne) == []

    away = bank(
        *("advisors", "absences", "add", sanne, "--from", "2027-02-01"),
        *("--until", "2027-02-05", "--reason", "training"),
    )
    assert bank("advisors", "absences", "list", sanne) == [away]
    assert (away["first_day"], away["last_day"]) == ("2027-02-01", "2027-02-05")
    assert bank("advisors", "absences", "remove", away["id"]) == {"removed": away["id"]}
    assert bank("advisors", "absences", "list", sanne) == []
    assert bank("advisors", "exclusions", "list", sanne) == []

    kind = {
        "slug": "hypotheek",
        "name": {"nl": "Hypotheekgesprek"},
        "channels": ["video"],
        "product": "hypotheek",
        "advisors": [sanne],
    }
    (applied,) = bank("meeting-types", "apply", written(file, kind))
    assert bank("meeting-types", "show", "hypotheek") == applied
    assert applied["grid"] == "hours"
    bank("resources", "remove", "neude-1")
    assert bank("resources", "list") == []


def test_what_cannot_be_set_up_says_why(bank: Callable[..., Any], run: Run, tmp_path: Path) -> None:
    """Exit codes tell a conflict from a mistake and from a word that does not exist."""
    sanne = bank("advisors", "add", "--name", "S", "--email", "s@bank.example")["id"]
    add = ("advisors", "absences", "add", "--tenant", "bank", sanne, "--from")
    assert run(*add, "2027-02-01").exit_code == 0

    clash, backwards, slip = (
        run(*add, "2027-02-01"),
        run(*add, "2027-03-01", "--until", "2027-02-27"),
        run(*add, "tomorrow"),
    )
    assert (clash.exit_code, backwards.exit_code, slip.exit_code) == (4, 1, 2)
    assert "/last_day" in backwards.stderr
    assert "2026-12-01" in slip.stderr
    kind = {"slug": "x", "name": {"nl": "X"}, "channels": ["video"], "advisors": []}
    never = run("meeting-types", "apply", "--tenant", "bank", written(tmp_path / "kind.json", kind))
    assert never.exit_code == 1
    assert "name its advisors" in never.stderr
    stranger = ("exclusions", "add", "--tenant", "bank", sanne, "cus_00000000000000000000000000")
    assert run("advisors", *stranger).exit_code == 1
    assert run("meeting-types", "show", "--tenant", "bank", "x").exit_code == 1
