"""Calendars on the command line, against a real server and a real website."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from api.cli import main
from api.migrations import migrate
from booking.calendars.advice import ADVICE
from tests.booking.calendars.test_published import hours, publish
from tests.booking.calendars.test_splitting import event, feed
from tests.services.processes import free_port
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.website import Page, Website

Run = Callable[..., Result]
BANK = ("--tenant", "bank")


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
def website() -> Iterator[Website]:
    """A real web server with a page and a feed."""
    website = Website()
    website.pages = {
        "/": Page(b"<!doctype html>", media_type="text/html"),
        "/geheim.ics": Page(feed(event("a", 1))),
    }
    yield website
    website.remove()


@pytest.fixture
def closed() -> int:
    """A port that may be called, and on which nobody listens."""
    return free_port()


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    radicale: Radicale,
    website: Website,
    closed: int,
) -> Iterator[Run]:
    """Runs ``spreekuur`` on an installation with a bank; its logs are its own."""
    url = f"sqlite:///{tmp_path}/cli.db"
    asyncio.run(migrate(url))
    ports = (radicale.port, website.port, closed)
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", "a secret key for tests, long enough")
    monkeypatch.setenv("SPREEKUUR_DATABASE_URL", url)
    monkeypatch.setenv("SPREEKUUR_OUTGOING_ALLOW", ",".join(f"127.0.0.1:{port}" for port in ports))

    def invoke(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, list(words), input=typed)

    answer(invoke("tenants", "create", "--slug", "bank", "--name", "Bank", "--json"))
    yield invoke
    structlog.reset_defaults()


@pytest.fixture
def advisor(run: Run) -> str:
    """Sanne's id."""
    made = answer(
        run(
            *("advisors", "add", *BANK, "--name", "Sanne Visser"),
            *("--email", "sanne@bank.example", "--json"),
        )
    )
    identity: str = made["id"]
    return identity


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_calendar_is_tried_in_the_language_that_is_asked_for(
    run: Run, radicale: Radicale, website: Website
) -> None:
    """What is found is listed; what is wrong is said in Dutch or English, with an exit code."""
    login = ("--url", radicale.url, "--username", "sanne")
    right = run("calendars", "test", *login, "--json", typed=f"{PASSWORDS['sanne']}\n")
    wrong = run("calendars", "test", *login, "--password", "fout", "--language", "nl")
    page = run("calendars", "test", "--kind", "feed", "--url", f"{website.url}/")
    private = run("calendars", "test", "--kind", "feed", "--url", "https://10.1.2.3/a.ics")
    file = run("calendars", "test", "--kind", "feed", "--url", f"{website.url}/geheim.ics")
    machine = run("calendars", "test", *login, "--password", "fout", "--json")

    found = json.loads(right.stdout[right.stdout.index("{") :])
    assert (right.exit_code, found["ok"]) == (0, True)
    assert [one["name"] for one in found["calendars"]] == ["Werk"]
    assert (wrong.exit_code, wrong.stderr.strip()) == (1, ADVICE["refused"]["nl"])
    assert (page.exit_code, page.stderr.strip()) == (1, ADVICE["web-page"]["en"])
    assert (private.exit_code, private.stderr.strip()) == (1, ADVICE["private-address"]["en"])
    assert file.exit_code == 0
    assert "geheim" not in file.output
    assert json.loads(machine.stdout)["problem"] == "refused"
    assert machine.exit_code == 1


def test_a_server_that_is_down_has_its_own_exit_code(run: Run, closed: int) -> None:
    """3: not reachable, which may be over in a while."""
    url = f"http://127.0.0.1:{closed}/"
    down = run("calendars", "test", "--url", url, "--username", "sanne", "--password", "x")

    assert (down.exit_code, down.stderr.strip()) == (3, ADVICE["unreachable"]["en"])


def test_what_is_known_of_a_person_is_shown_and_added_to(
    run: Run, advisor: str, radicale: Radicale
) -> None:
    """Their hours as a schedule has them, and addresses that the server does not know."""
    publish(radicale, hours())
    login = ("--url", radicale.url, "--username", "sanne", "--password", PASSWORDS["sanne"])
    account = answer(run("calendars", "connect", *BANK, "--advisor", advisor, *login, "--json"))
    shown = answer(run("calendars", "availability", *BANK, account["id"], "--json"))
    table = run("calendars", "availability", *BANK, account["id"])
    add = ("calendars", "addresses", *BANK, account["id"])
    added = answer(run(*add, "S.Visser@bank.example", "--json"))
    wrong = run(*add, "nobody")
    publish(radicale, "")

    assert (shown["state"], shown["weekly"][0]["end"]) == ("kept", "12:00")
    assert "09:00" in table.stdout
    assert added["addresses"] == ["s.visser@bank.example"]
    assert wrong.exit_code == 1
    assert answer(run(*add, "--json"))["addresses"] == []


def test_a_grant_is_asked_for_and_not_typed_in_the_open(run: Run, advisor: str) -> None:
    """Secret and refresh token are no options; an endpoint inside the network is refused."""
    login = ("--url", "https://dav.example/", "--auth", "bearer", "--client-id", "spreekuur")
    refused = run(
        *("calendars", "connect", *BANK, "--advisor", advisor, *login),
        *("--token-url", "https://10.1.2.3/token"),
        typed="a-secret\na-refresh-token\n",
    )

    assert refused.exit_code == 1
    assert "10.1.2.3" in refused.stderr
    for secret in ("a-secret", "a-refresh-token"):
        assert secret not in refused.output


def test_a_calendar_of_our_own_is_kept_and_let_go(run: Run, advisor: str) -> None:
    """Connected, with entries and a feed that can be revoked, and disconnected."""
    account = answer(
        run("calendars", "connect", *BANK, "--advisor", advisor, "--kind", "own", "--json")
    )["id"]
    span = ("--start", "2030-12-02T09:00:00+01:00", "--end", "2030-12-02T10:00:00+01:00")
    entry = answer(
        run("calendars", "add-entry", *BANK, account, *span, "--title", "Kapper", "--json")
    )
    naive = run(
        *("calendars", "add-entry", *BANK, account),
        *("--start", "2030-12-02T09:00:00", "--end", "2030-12-02T10:00:00"),
    )
    listed = answer(run("calendars", "entries", *BANK, account, "--json"))
    later = ("--start", "2030-12-02T10:00:00+01:00", "--end", "2030-12-02T11:00:00+01:00")
    changed = answer(
        run("calendars", "change-entry", *BANK, account, entry["id"], *later, "--json")
    )
    link = answer(run("calendars", "feed", *BANK, account, "--json"))
    revoked = answer(run("calendars", "feed", *BANK, account, "--revoke", "--json"))
    removed = answer(run("calendars", "remove-entry", *BANK, account, entry["id"], "--json"))

    assert naive.exit_code == 1
    assert listed == [entry]
    assert (changed["id"], changed["start"]) == (entry["id"], "2030-12-02T09:00:00Z")
    assert link["url"].endswith(".ics")
    assert revoked == {"revoked": account}
    assert removed == {"removed": entry["id"]}
    assert answer(run("calendars", "entries", *BANK, account, "--json")) == []
    gone = answer(run("calendars", "disconnect", *BANK, account, "--json"))
    assert gone == {"disconnected": account, "entries": "keep"}
    assert answer(run("calendars", "status", *BANK, "--json")) == []
    assert run("calendars", "disconnect", *BANK, account).exit_code == 1


def test_an_account_is_listed_shown_and_given_roles(
    run: Run, advisor: str, radicale: Radicale
) -> None:
    """One advisor's alone where that is asked; a role is given, and refused where it cannot be."""
    login = ("--url", radicale.url, "--username", "sanne", "--password", PASSWORDS["sanne"])
    connect = ("calendars", "connect", *BANK, "--advisor", advisor)
    account = answer(run(*connect, *login, "--json"))
    (collection,) = account["collections"]
    given = ("calendars", "roles", *BANK, account["id"], collection["id"])

    mine = answer(run("calendars", "list", *BANK, "--advisor", advisor, "--json"))
    nobodys = run("calendars", "list", *BANK, "--advisor", "adv_nobody")
    shown = answer(run("calendars", "show", *BANK, account["id"], "--json"))
    busy = answer(run(*given, "busy", "--json"))
    nowhere = run("calendars", "roles", *BANK, account["id"], account["id"], "busy")

    assert (collection["role"], busy["collections"][0]["role"]) == ("target", "busy")
    assert [one["id"] for one in mine] == [account["id"]]
    assert shown == mine[0]
    assert "Werk" in run("calendars", "show", *BANK, account["id"]).stdout
    assert (nobodys.exit_code, nowhere.exit_code) == (1, 1)
    assert run(*given, "free").exit_code == 2


def test_a_feed_is_connected_without_showing_its_address(
    run: Run, advisor: str, website: Website
) -> None:
    """It asks for no password, and its secret address is printed nowhere."""
    connect = ("calendars", "connect", *BANK, "--advisor", advisor, "--kind", "feed")
    made = run(*connect, "--url", f"{website.url}/geheim.ics", "--json")
    status = run("calendars", "status", *BANK)
    wrong = run(*connect)

    assert answer(made)["kind"] == "feed"
    assert "geheim" not in made.output + status.output
    assert wrong.exit_code == 1
    assert "/url" in wrong.stderr
