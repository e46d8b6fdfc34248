"""A mail server hands mail over to the command line, and its settings are looked at."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
from click.testing import CliRunner, Result

from api.app import create_app
from api.bootstrap import open_house
from api.cli import main
from api.doctor import examine
from api.migrations import migrate
from api.settings import Settings, SettingsInvalid, load_settings
from kernel.clock import SystemClock
from kernel.crypto import Secret
from kernel.ids import new_id
from notifications.channels.mailbox import Mailbox
from tests.booking import mails
from tests.booking.mails import Answering

KEY = "a secret key for tests, long enough"
DOMAIN = "antwoorden.bank.example"
GOOD_SECRET = "whsec_dGhlIHNlY3JldCBvZiByZWNlaXZlZCBtYWlscw=="
Run = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an empty, migrated database."""
    url = f"sqlite:///{tmp_path}/cli.db"
    asyncio.run(migrate(url))
    return url


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs ``spreekuur`` as Postfix would, with the mail on standard input."""
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", KEY)
    monkeypatch.setenv("SPREEKUUR_DATABASE_URL", database)
    monkeypatch.setenv("SPREEKUUR_REPLY_DOMAIN", DOMAIN)

    def invoke(*words: str, mail: bytes = b"") -> Result:
        return CliRunner().invoke(main, list(words), input=mail)

    yield invoke
    structlog.reset_defaults()


def test_whatever_the_mail_is_the_server_is_told_that_all_is_well(run: Run) -> None:
    """Zero for garbage, a bounce and an answer to nothing, and each is counted by a word."""
    now = SystemClock().now()
    to = f"reply+{new_id('bkg', now)[4:]}.{'a' * 24}@{DOMAIN}"
    answer = Answering(to=to)

    results = [
        run("inbound", to, mail=b"\x00\xff garbage"),
        run("inbound", to, "--sender", "", mail=mails.gmail(answer)),
        run("inbound", to, "--sender", "anna@example.org", mail=mails.gmail(answer)),
        run("inbound", "nobody@example.org", mail=mails.gmail(Answering())),
        run("inbound", to, mail=b"a" * 2_000_000),
    ]
    counted = run("inbound-counts", "--json")

    assert [(result.exit_code, result.output) for result in results] == [(0, "")] * 5
    assert {one["outcome"]: one["mails"] for one in json.loads(counted.output)} == {
        "not-an-answer": 1, "bounce": 1, "bad-signature": 1, "not-for-us": 1, "too-large": 1,
    }  # fmt: skip


def test_what_it_was_can_be_asked_for(run: Run) -> None:
    """For whoever tries it out by hand."""
    result = run("inbound", "x@y.example", "--json", mail=mails.bounce(Answering()))

    assert json.loads(result.output) == {"outcome": "bounce"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:////no/such/folder/x.db"),
        ("DATABASE_URL", "postgresql://app@127.0.0.1:1/none"),
        ("REPLY_DOMAIN", "Not a domain"),
    ],
)
def test_what_cannot_be_taken_now_is_kept_by_the_server(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """75 is EX_TEMPFAIL: with any other number Postfix would send the answer back."""
    monkeypatch.setenv(f"SPREEKUUR_{name}", value)

    result = run("inbound", "x@y.example", mail=mails.gmail(Answering()))

    assert result.exit_code == 75
    assert "anna" not in result.output


@pytest.mark.parametrize(
    "wrong",
    [
        {"reply_domain": "Antwoorden.Bank.Example"},
        {"reply_domain": "bank"},
        {"reply_domain": "a@bank.example"},
        {"reply_domain": f"{'a' * 64}.example"},
        {"reply_domain": "-bank.example"},
        {"inbound_secret": "whsec_c2hvcnQ="},
        {"inbound_secret": "dGhlIHNlY3JldCBvZiByZWNlaXZlZCBtYWlscw=="},
        {"inbound_secret": "whsec_not base64 at all, and long enough"},
    ],
)
def test_settings_that_would_take_no_mail_are_refused(wrong: dict[str, str]) -> None:
    """They say which one is wrong, and never what stood in it."""
    with pytest.raises(SettingsInvalid, match=next(iter(wrong)).upper()) as refused:
        load_settings({}, secret_key=KEY, **wrong)

    assert next(iter(wrong.values())) not in refused.value.detail
    good = load_settings({}, secret_key=KEY, reply_domain=DOMAIN, inbound_secret=GOOD_SECRET)
    assert good.reply_domain == DOMAIN


@pytest.mark.parametrize(
    ("domain", "sender", "ok"),
    [
        (None, "afspraken@bank.example", True),
        ("bank.example", "afspraken@bank.example", True),
        ("antwoorden.bank.example", "afspraken@bank.example", True),
        ("bank.example", "afspraken@mail.bank.example", True),
        ("antwoorden.other.example", "afspraken@bank.example", False),
        ("notbank.example", "afspraken@bank.example", False),
    ],
)
async def test_the_doctor_sees_an_organiser_from_elsewhere(
    database: str, domain: str | None, sender: str, ok: bool
) -> None:
    """Invitations whose organiser is not of the sender's domain are distrusted."""
    settings = Settings(
        secret_key=Secret(KEY), database_url=database, reply_domain=domain, mail_from=sender
    )

    (finding,) = [one for one in await examine(settings) if one.part == "replies"]

    assert finding.ok is ok


@pytest.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """An installation without a secret for received mail."""
    settings = Settings(secret_key=Secret(KEY), database_url=database_url)
    async with open_house(settings, channels={"email": Mailbox(tmp_path / "mail")}) as house:
        transport = httpx2.ASGITransport(create_app(house))  # type: ignore[arg-type]  # both say ASGI in words of their own
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as program:
            yield program


async def test_a_door_without_a_lock_stays_closed(client: httpx2.AsyncClient) -> None:
    """No secret in the settings: nobody gets in, whatever they sign with."""
    answer = await client.post(
        "/v1/inbound/mail", content=b"x", headers={"content-type": "message/rfc822"}
    )

    assert answer.status_code == 401
