"""docs/wire.md is true: every call in it works as written, and every call is in it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from litestar import Litestar
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.conflicts
import booking.service
from api import access
from api.wiring import House
from booking.model import Alternative
from kernel.clock import FixedClock
from kernel.errors import SpreekuurError
from kernel.ids import Id
from kernel.tenancy import TenantSettings, create_tenant
from notifications.channels.mailbox import Mailbox
from tests.api.bank import Operation, asking, at, operations, problem, signed, token_of, wish
from tests.services.radicale import PASSWORDS, Radicale

WIRE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()
ORIGIN = "https://www.demobank.example"
FORMS = (r"[a-z]{3}_", r"\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$", r"\d+\.\d\d$", "https?://")
"""Ids, times, amounts and addresses: what looks so in the document does so in the answer."""

FULL = {"items", "days", "consents", "sections", "lines", "collections"}
"""Lists that must not be empty, or else the document would be compared with nothing."""

OPEN = {"days", "reasons", "counts"}
"""Objects whose names are not fixed: dates, reasons that occurred, and what was counted."""

NOT_ON_THE_WIRE = {
    "gone": "only its kinds are raised",
    "settings-invalid": "read before anything is served",
    "schema-old": "the same",
    "demo-missing": "the demo on a command line",
    "foreign-request": "forms of pages",
}
"""Types of errors that no call answers with, and why not."""


class Call(Struct, frozen=True, kw_only=True):
    """A documented call: what is sent, and what comes back."""

    method: str
    target: str
    body: Any
    status: int
    answer: Any

    @property
    def name(self) -> str:
        """Its heading in the document."""
        return f"{self.method} {self.target}"


def documented() -> dict[str, Call]:
    """Read the calls out of the document, in its order."""
    calls: dict[str, Call] = {}
    for part in re.split(r"^### ", WIRE, flags=re.MULTILINE)[1:]:
        heading = re.match(r"`(\w+) (\S+)`", part)
        assert heading is not None, part[:80]
        sent, arrow, came = part.partition("\n→ ")
        assert arrow, f"{heading[0]} says nothing of its answer"
        like = re.match(r"\d+ as `([^`]+)`", came)
        call = Call(
            method=heading[1],
            target=heading[2],
            body=next(_blocks(sent), None),
            status=int(came[:3]),
            answer=f"as {like[1]}" if like else next(_blocks(came), None),
        )
        assert call.name not in calls
        calls[call.name] = call
    return calls


def _blocks(text: str) -> Iterator[Any]:
    for block in re.findall(r"^```json\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield json.loads(block)


CALLS = documented()


def operation_of(call: Call, known: list[Operation]) -> Operation | None:
    """Return what the API calls this, by the most literal of the paths that fit."""
    path = call.target.partition("?")[0]
    fitting = [
        one
        for one in known
        if one.method == call.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), path)
    ]
    return min(fitting, key=lambda one: one.path.count("{"), default=None)


def test_every_call_is_documented_and_every_documented_call_exists(app: Litestar) -> None:
    """The document and the API description name the same calls."""
    known = operations(app)
    found = {name: operation_of(call, known) for name, call in CALLS.items()}

    assert [name for name, operation in found.items() if operation is None] == []
    assert {one.id for one in known} - {one.id for one in found.values() if one} == set()


def test_every_type_of_error_is_documented_with_its_status() -> None:
    """The table has each type that a call can answer with, and no other."""
    table = {
        kind: int(status)
        for kind, status in re.findall(r"^\| `([a-z-]+)` \| (\d+)", WIRE, re.MULTILINE)
    }
    raised = {kind.code: kind.status for kind in _kinds(SpreekuurError)}
    framework = {"method-not-allowed": 405, "body-too-large": 413, "idempotency-mismatch": 422}

    assert table == {
        code: status for code, status in (raised | framework).items() if code not in NOT_ON_THE_WIRE
    }


def _kinds(kind: type[SpreekuurError]) -> Iterator[type[SpreekuurError]]:
    yield kind
    for child in kind.__subclasses__():
        # Tests and the demo have errors of their own.
        if not child.__module__.startswith(("tests.", "spreekuur")):
            yield from _kinds(child)


# --- the play ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
def allowed(radicale: Radicale) -> tuple[str, ...]:
    """The calendar server may be called."""
    return (f"127.0.0.1:{radicale.port}",)


class Play:
    """Sends the documented requests, and remembers the ids that come back."""

    def __init__(
        self,
        app: Litestar,
        house: House,
        mailbox: Mailbox,
        radicale: Radicale,
        clock: FixedClock,
        secret: str,
    ) -> None:
        self.app = app
        self.house = house
        self.mailbox = mailbox
        self.clock = clock
        self.morning = clock.now()
        self.known = operations(app)
        self.secret = secret
        self.publishable = ""
        self.seen: dict[str, str] = {}
        self.account = {
            "url": radicale.url,
            "username": "sanne",
            "password": PASSWORDS["sanne"],
        }

    async def send(self, call: Call) -> httpx2.Response:
        """Send what the document says, with the ids that came before."""
        operation = operation_of(call, self.known)
        assert operation is not None
        await self.prepare(call)
        body = self.filled(call.body)
        if call.name in {"POST /v1/calendars", "POST /v1/calendars/test"}:
            body |= self.account
        key, headers = "", {}
        if "publishable_key" in operation.keys:
            key, headers = self.publishable, {"origin": ORIGIN}
        elif operation.keys:
            key = self.secret
        if call.name == "POST /v1/inbound/mail":
            mail = b"To: nobody@example.org\r\n\r\nHello\r\n"
            async with asking(self.app, **signed(mail, self.clock.now())) as provider:
                return await provider.post(call.target, content=mail)
        async with asking(self.app, key, **headers) as program:
            options = {} if body is None else {"json": body}
            answer = await program.request(call.method, self.filled(call.target), **options)
        self.clock.instant = self.morning
        self.remember(answer)
        return answer

    async def prepare(self, call: Call) -> None:
        """Do what must have happened before, where the document does not tell it."""
        if call.name == "POST /v1/rates":
            before = {**call.body, "rate": "3.60", "valid_from": "2026-11-01"}
            await self.ask("/v1/rates", before)
        if call.name == "DELETE /v1/holds/hld_…":
            hold = {"meeting_type": "hypotheek", "start": at(14).isoformat(), "channel": "video"}
            await self.ask("/v1/holds", hold)
        if call.name == "GET /v1/manage/{token}":
            await self.settle()
            (letter,) = [mail for mail in self.mailbox.messages() if "anna" in mail.to]
            self.seen["{token}"] = token_of(next(url for url in letter.links if "/manage/" in url))
        if call.name == "POST /v1/manage/{token}/erase":
            # Whoever has been erased by now comes back.
            await self.ask("/v1/bookings", wish(at(11, days=8)))
            await self.settle()
            letter = next(mail for mail in self.mailbox.messages() if "anna" in mail.to)
            self.seen["{token}"] = token_of(next(url for url in letter.links if "/manage/" in url))
        if call.name.startswith("GET /v1/bookings?"):
            # The first one has been cancelled by now.
            await self.ask("/v1/bookings", wish(at(11, days=1), answers={"goal": "buy"}))
        if call.name.startswith("GET /v1/notices"):
            await self.settle()
        if call.name == "POST /v1/calendars/acc_…/entries":
            await self.ask("/v1/calendars", {"advisor": self.seen["adv_…"], "kind": "own"})
        await self.prepare_step(call)

    async def prepare_step(self, call: Call) -> None:
        """Let the booking be one with which the step can be taken."""
        if call.name == "POST /v1/bookings/bkg_…/reassign":
            await self.hire()
        if call.name in {
            "POST /v1/bookings/bkg_…/confirm",
            "POST /v1/bookings/bkg_…/decline",
        }:
            await self.ask("/v1/bookings", wish(at(13, days=1), meeting_type="keuring"))
        if call.name == "POST /v1/bookings/bkg_…/outcome":
            await self.ask("/v1/bookings", wish(at(9, days=1)))
            self.clock.instant = at(9, 5, days=1)
        if call.name == "POST /v1/bookings/bkg_…/cancel":
            await self.ask("/v1/bookings", wish(at(14, days=1)))
        if call.name in {"POST /v1/manage/{token}/repair", "GET /v1/conflicts?advisor=adv_…"}:
            if call.name.startswith("GET"):
                await self.ask("/v1/bookings", wish(at(16, days=7)))
            await self.clash()

    async def hire(self) -> None:
        """Put a colleague of Sanne's on file who gives her talks, and others after approval."""
        kind = CALLS["POST /v1/meeting-types"].body
        sanne = self.seen["adv_…"]
        await self.ask(
            "/v1/advisors",
            {"name": "Tom Smit", "email": "tom@demobank.example", "timezone": "Europe/Amsterdam"},
        )
        schedule = CALLS["PUT /v1/advisors/adv_…/schedule"].body
        async with asking(self.app, self.secret) as program:
            path = f"/v1/advisors/{self.seen['adv_…']}/schedule"
            assert (await program.put(path, json=schedule)).status_code == 200
        both = {**kind, "advisors": [sanne, self.seen["adv_…"]]}
        tom = self.seen["adv_…"]
        await self.ask("/v1/meeting-types", both)
        await self.ask("/v1/meeting-types", {**both, "slug": "keuring", "approval": True})
        self.seen["adv_…"] = tom

    async def clash(self) -> None:
        """Let the time of the meeting be taken, and another be offered."""
        now = self.clock.now()
        tenant, meeting = self.seen["ten_…"], self.seen["bkg_…"]
        async with self.house.database.transaction(tenant) as db:
            found = await booking.service.get_booking(db, tenant, meeting)
            await booking.conflicts.note(db, tenant, found, now=now)
            conflict = await booking.service.conflict_of(db, tenant, meeting)
            assert conflict is not None
            offered = [Alternative(start=at(15, days=1), advisor_id=found.advisor_id)]
            await booking.conflicts.offer(db, tenant, conflict, offered, now=now)
        self.seen |= {"cnf_…": conflict.id, "adv_…": found.advisor_id}

    async def settle(self) -> None:
        """Let every letter be written."""
        while await self.house.worker.run_due():
            pass

    async def ask(self, path: str, body: Any) -> None:
        """Send a request that the document has elsewhere."""
        async with asking(self.app, self.secret) as program:
            answer = await program.post(path, json=body)
        assert answer.status_code == 201, answer.text
        self.remember(answer)

    def remember(self, answer: httpx2.Response) -> None:
        """Keep each id of what was made or shown, and the new link where one came."""
        found = answer.json() if answer.content else {}
        if "next_cursor" in found:
            return
        for prefix, rest in re.findall(r'"([a-z]{3}_)([0-9a-z]{26})"', answer.text):
            self.seen[f"{prefix}…"] = prefix + rest
        self.publishable = found.get("key", self.publishable)
        if "can_change" in found:
            self.seen["{token}"] = token_of(found["manage_url"])

    def filled(self, value: Any) -> Any:
        """Return what the document writes with the ids in their places."""
        if isinstance(value, str):
            for place, seen in self.seen.items():
                value = value.replace(place, seen)
            return value
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if isinstance(value, dict):
            return {name: self.filled(one) for name, one in value.items()}
        return value


@pytest.fixture
async def secret(house: House) -> str:
    """The key of an organisation in which nothing has been set up."""
    now = house.clock.now()
    async with house.database.transaction() as db:
        made = await create_tenant(
            db, slug="demobank", name="Demobank", settings=TenantSettings(), now=now
        )
    async with house.database.transaction(made.id) as db:
        return await _key(db, made.id, house)


async def _key(db: AsyncConnection, tenant: Id, house: House) -> str:
    _, text = await access.create_key(
        db, tenant, kind="secret", name="first", origins=[], now=house.clock.now()
    )
    return text


async def test_every_documented_call_works_as_written(
    app: Litestar,
    house: House,
    mailbox: Mailbox,
    radicale: Radicale,
    clock: FixedClock,
    secret: str,
) -> None:
    """From top to bottom: the request is taken, and the answer has exactly these fields."""
    play = Play(app, house, mailbox, radicale, clock, secret)
    differences = []

    for call in CALLS.values():
        answer = await play.send(call)
        if answer.status_code != call.status:
            differences.append(f"{call.name}: {answer.status_code} {answer.text}")
            continue
        actual = answer.json() if answer.content else None
        differences += [f"{call.name}{one}" for one in compare(call.answer, actual)]

    assert differences == []


def compare(wanted: Any, actual: Any, where: str = "") -> Iterator[str]:
    """Say where an answer has other fields, or other kinds of values, than the document."""
    if isinstance(wanted, str) and wanted.startswith("as "):
        wanted = CALLS[wanted.removeprefix("as ")].answer
    if wanted == "…" or wanted is None or actual is None:
        return
    if type(wanted) is not type(actual):
        yield f"{where}: {json.dumps(actual)[:80]} instead of {json.dumps(wanted)[:80]}"
    elif isinstance(wanted, dict):
        yield from _compare_objects(wanted, actual, where)
    elif isinstance(wanted, list):
        paired = len(wanted) == len(actual)
        for index, value in enumerate(actual if wanted else ()):
            yield from compare(wanted[index if paired else 0], value, f"{where}/{index}")
    elif isinstance(wanted, str):
        for form in FORMS:
            if re.match(form, wanted) and not re.match(form, actual):
                yield f"{where}: {actual!r} is not like {wanted!r}"


def _compare_objects(wanted: dict[str, Any], actual: dict[str, Any], where: str) -> Iterator[str]:
    if where.rpartition("/")[2] in OPEN:
        wanted = dict.fromkeys(actual, next(iter(wanted.values())))
    if wanted.keys() != actual.keys():
        more, less = actual.keys() - wanted.keys(), wanted.keys() - actual.keys()
        yield f"{where}: undocumented {sorted(more)}, missing {sorted(less)}"
    for name in wanted.keys() & actual.keys():
        if name in FULL and not actual[name]:
            yield f"{where}/{name}: nothing, so that nothing was compared"
        yield from compare(wanted[name], actual[name], f"{where}/{name}")


def test_the_comparison_sees_differences() -> None:
    """The negative control: a field more, a field less, another kind, another form."""
    wanted = {"id": "bkg_…", "at": "2026-12-01T09:00:00Z", "rates": ["3.85"], "n": 1}

    assert list(compare(wanted, wanted)) == []
    assert list(compare(wanted, wanted | {"more": 1}))
    assert list(compare(wanted, {"id": "bkg_1"}))
    assert list(compare({"items": [1]}, {"items": []}))
    assert list(compare(wanted, wanted | {"n": "1"}))
    assert list(compare(wanted, wanted | {"at": "2026-12-01"}))
    assert list(compare(wanted, wanted | {"rates": ["3.85", "4"]}))


async def test_the_example_of_an_error_is_one(client: httpx2.AsyncClient) -> None:
    """The problem document at the top of the page is what a start without offset gets."""
    example = next(_blocks(WIRE))
    answer = await client.post("/v1/bookings", json=wish() | {"start": "2026-12-01T09:00:00"})
    document = problem(answer, "invalid-request", 400)

    assert {**document, "request_id": "req_…"} == example
