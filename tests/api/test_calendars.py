"""Calendars over HTTP: what is wrong with an address, feeds, calendars we keep, and letting go."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from icalendar import Calendar
from litestar import Litestar
from structlog.testing import capture_logs

from api.wiring import House
from booking.calendars.advice import ADVICE
from kernel.clock import FixedClock
from tests.api.bank import Bank, asking, at, booked, everything, pointers, problem
from tests.booking.calendars.test_splitting import event, feed
from tests.services.processes import free_port
from tests.services.radicale import PASSWORDS, Radicale
from tests.services.website import Page, Website

GRANT = {"token_url": "https://x.example/", "client_id": "a", "refresh_token": "b"}
SECRET = "/geheim-7d1/basic.ics"


class ReadOnlyRadicale(Radicale):
    """A server whose calendars can be read and, once made, not be written to."""

    def close(self) -> None:
        """Take the right to write away."""
        self.stop()
        rights = self.directory / "rights"
        rights.write_text("[all]\nuser: .+\ncollection: .*\npermissions: Rr\n")
        config = self.directory / "config"
        config.write_text(
            config.read_text().replace("type = owner_only", f"type = from_file\nfile = {rights}")
        )
        self.start()


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar and Bart has none."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture(scope="module")
def closed_radicale() -> Iterator[Radicale]:
    """Another one, where Sanne may only read."""
    server = ReadOnlyRadicale()
    server.make_calendar("sanne", "werk")
    server.close()
    yield server
    server.remove()


@pytest.fixture
def website() -> Iterator[Website]:
    """A real web server with a page, a feed, and an address that points elsewhere."""
    website = Website()
    page = Page(b"<!doctype html><title>Welkom</title>", media_type="text/html; charset=utf-8")
    website.pages = {
        "/": page,
        SECRET: Page(feed(event("a", 1))),
        "/moved": Page(status=301, headers={"Location": f"{website.url}/"}),
        "/moved.ics": Page(status=301, headers={"Location": SECRET}),
        "/large.ics": Page(b"X" * (20 * 2**20 + 1)),
        "/half.ics": Page(feed(event("a", 1))[:-9]),
    }
    yield website
    website.remove()


@pytest.fixture
def nobody() -> int:
    """A port that may be called, and on which nobody listens."""
    return free_port()


@pytest.fixture
def allowed(
    website: Website, radicale: Radicale, closed_radicale: Radicale, nobody: int
) -> tuple[str, ...]:
    """What the operator allows: these ports, and nothing else inside."""
    ports = (website.port, radicale.port, closed_radicale.port, nobody)
    return tuple(f"127.0.0.1:{port}" for port in ports)


# --- trying out ----------------------------------------------------------------------------------


async def test_each_thing_that_is_wrong_has_words_of_its_own(
    client: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    website: Website,
    radicale: Radicale,
    closed_radicale: Radicale,
    nobody: int,
) -> None:
    """Password, web page, redirect, rights, no calendar, nobody, private address, and of feeds."""
    before = await everything(house, bank.tenant)
    own, site = radicale.url, website.url
    good = {"username": "sanne", "password": PASSWORDS["sanne"]}
    caldav: dict[str, dict[str, Any]] = {
        "refused": {"url": own, "username": "sanne", "password": "fout-wachtwoord"},
        "web-page": {"url": f"{site}/", **good},
        "redirect": {"url": f"{site}/moved", **good},
        "read-only": {"url": closed_radicale.url, **good},
        "no-calendars": {"url": own, "username": "bart", "password": PASSWORDS["bart"]},
        "unreachable": {"url": f"http://127.0.0.1:{nobody}/", **good},
        "private-address": {"url": "https://10.0.0.1/", **good},
        "not-https": {"url": "http://example.org/", **good},
        "feed": {"url": f"{site}{SECRET}", **good},
        "not-caldav": {"url": f"{site}/nothing", **good},
    }
    feeds: dict[str, dict[str, Any]] = {
        "nothing-there": {"url": f"{site}/nothing.ics"},
        "not-feed": {"url": f"{site}/half.ics"},
        "too-large": {"url": f"{site}/large.ics"},
    }
    asked = list(caldav.items())
    asked += [(word, {"kind": "feed", **body}) for word, body in feeds.items()]
    asked += [
        ("web-page", {"kind": "feed", "url": f"{site}/"}),
        ("redirect", {"kind": "feed", "url": f"{site}/moved.ics"}),
        ("unreachable", {"kind": "feed", "url": f"http://127.0.0.1:{nobody}/a.ics"}),
        ("private-address", {"kind": "feed", "url": "webcal://localhost/a.ics"}),
    ]

    said = set()
    for word, body in asked:
        answer = await client.post("/v1/calendars/test", json=body)
        assert answer.status_code == 200, answer.text
        trial = answer.json()
        assert (trial["problem"], trial["ok"]) == (word, word == "read-only"), trial
        assert trial["advice"] == ADVICE[word]
        assert "wachtwoord" not in answer.text.replace(trial["advice"]["nl"], "")
        said.add(word)

    said.add("revoked")  # of what renews a token, which a test leaves alone
    assert said == set(ADVICE)
    assert len({text for advice in ADVICE.values() for text in advice.values()}) == 2 * len(ADVICE)
    assert await everything(house, bank.tenant) == before


async def test_what_is_right_is_listed(
    client: httpx2.AsyncClient, website: Website, radicale: Radicale
) -> None:
    """The negative control: the calendars that were found, and nothing to say of them."""
    login = {"url": radicale.url, "username": "sanne", "password": PASSWORDS["sanne"]}
    server = (await client.post("/v1/calendars/test", json=login)).json()
    file = (
        await client.post(
            "/v1/calendars/test", json={"kind": "feed", "url": f"{website.url}{SECRET}"}
        )
    ).json()

    assert [server[name] for name in ("ok", "problem", "advice")] == [True, None, None]
    assert [(one["name"], one["writable"]) for one in server["calendars"]] == [("Werk", True)]
    assert [server[name] for name in ("ok", "problem", "advice")] == [True, None, None]
    assert [(one["url"], one["writable"]) for one in file["calendars"]] == [
        (f"{website.url}/", False)
    ]


async def test_connecting_says_the_same_as_a_problem(
    client: httpx2.AsyncClient, bank: Bank, website: Website, radicale: Radicale
) -> None:
    """A problem document with the word as reason, and a pointer to the field."""

    async def connect(**fields: Any) -> httpx2.Response:
        return await client.post("/v1/calendars", json={"advisor": bank.sanne, **fields})

    wrong = await connect(url=radicale.url, username="sanne", password="x")
    page = await connect(kind="feed", url=f"{website.url}/")
    moved = await connect(url=f"{website.url}/moved", username="sanne", password="x")
    large = await connect(kind="feed", url=f"{website.url}/large.ics")

    for answer, kind, reason, pointer in (
        (wrong, "calendar-refused", "refused", "/password"),
        (page, "calendar-not-feed", "web-page", "/url"),
        (moved, "calendar-not-caldav", "redirect", "/url"),
        (large, "calendar-too-large", "too-large", "/url"),
    ):
        document = problem(answer, kind, 422)
        assert (document["reason"], pointers(document)) == (reason, [pointer])
        assert document["detail"] == ADVICE[reason]["en"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kind": "own", "url": "https://x.example/"}, ["/url"]),
        ({"kind": "own", "username": "sanne"}, ["/username"]),
        ({"kind": "own", "auth": "digest"}, ["/auth"]),
        ({"kind": "own", "oauth": GRANT}, ["/oauth"]),
        ({"url": "https://x.example/", "oauth": GRANT}, ["/oauth"]),
        ({"kind": "feed"}, ["/url"]),
        ({"kind": "feed", "url": "https://x.example/", "auth": "bearer"}, ["/auth"]),
        ({"url": "https://x.example/"}, ["/username", "/password"]),
        ({"auth": "bearer", "url": "https://x.example/"}, ["/password"]),
        ({"kind": "exchange", "url": "https://x.example/"}, ["/kind"]),
        ({"auth": "kerberos", "url": "https://x.example/"}, ["/auth"]),
        ({"kind": "feed", "url": "https://x.example/", "role": "target"}, ["/role"]),
    ],
)
async def test_fields_that_contradict_each_other_are_named(
    client: httpx2.AsyncClient, bank: Bank, fields: dict[str, Any], where: list[str]
) -> None:
    """Whoever connects learns which field is wrong, before anybody outside is asked."""
    connected = await client.post("/v1/calendars", json={"advisor": bank.sanne, **fields})

    assert pointers(problem(connected, "invalid-request", 400)) == where
    if fields.get("kind") != "own":
        tried = await client.post("/v1/calendars/test", json=fields)
        assert pointers(problem(tried, "invalid-request", 400)) == where


async def test_there_is_nothing_to_try_of_our_own(client: httpx2.AsyncClient) -> None:
    """A calendar that we keep cannot fail to answer."""
    answer = await client.post("/v1/calendars/test", json={"kind": "own"})

    assert pointers(problem(answer, "invalid-request", 400)) == ["/kind"]


# --- feeds ---------------------------------------------------------------------------------------


async def test_a_feed_closes_times_and_its_address_stays_secret(
    client: httpx2.AsyncClient, house: House, bank: Bank, website: Website
) -> None:
    """The bank's slots leave out its events; the address is in no row, answer or log."""
    website.pages[SECRET] = Page(feed(event("a", 1)))
    with capture_logs() as lines:
        made = await client.post(
            "/v1/calendars",
            json={"advisor": bank.sanne, "kind": "feed", "url": f"{website.url}{SECRET}"},
            headers={"Idempotency-Key": "once"},
        )
        account = made.json()
        synced = await client.post(f"/v1/calendars/{account['id']}/sync")
        listed = await client.get("/v1/calendars")
        website.pages[SECRET] = Page(status=500)
        failed = await client.post(f"/v1/calendars/{account['id']}/sync")
    slots = await client.get(
        "/v1/slots?meeting_type=hypotheek&start=2026-12-01&end=2026-12-02"
        "&timezone=Europe/Amsterdam&channel=video"
    )

    assert (account["kind"], account["url"]) == ("feed", f"{website.url}/")
    starts = [start for day in slots.json()["days"].values() for start in day]
    assert "2026-12-01T13:00:00+01:00" in starts
    assert "2026-12-01T10:00:00+01:00" not in starts  # from nine to ten in UTC it is taken
    rows = repr(await everything(house, bank.tenant))
    answers = [each.text for each in (made, synced, listed, failed)]
    assert failed.json()["problem"] == "calendar-unreachable"
    assert not [text for text in (rows, str(lines), *answers) if "geheim-7d1" in text]


async def test_a_feed_cannot_be_the_target(
    client: httpx2.AsyncClient, bank: Bank, website: Website
) -> None:
    """Bookings would get lost in it; the pointer says which field."""
    made = (
        await client.post(
            "/v1/calendars",
            json={"advisor": bank.sanne, "kind": "feed", "url": f"{website.url}{SECRET}"},
        )
    ).json()
    path = f"/v1/calendars/{made['id']}/collections/{made['collections'][0]['id']}"

    answer = await client.patch(path, json={"role": "target"})

    assert pointers(problem(answer, "unprocessable", 422)) == ["/role"]


# --- calendars that we keep ----------------------------------------------------------------------


@pytest.fixture
async def kept(client: httpx2.AsyncClient, bank: Bank) -> str:
    """The id of Sanne's calendar with us."""
    made = await client.post("/v1/calendars", json={"advisor": bank.sanne, "kind": "own"})
    assert made.status_code == 201, made.text
    account: str = made.json()["id"]
    return account


async def test_entries_are_added_listed_and_removed(client: httpx2.AsyncClient, kept: str) -> None:
    """A repeated request adds one; what does not end after it starts is refused with a pointer."""
    body = {"start": at(9).isoformat(), "end": at(11).isoformat(), "title": "Tandarts"}
    once = {"Idempotency-Key": "entry"}
    path = f"/v1/calendars/{kept}/entries"

    first = await client.post(path, json=body, headers=once)
    second = await client.post(path, json=body, headers=once)
    wrong = await client.post(path, json=body | {"end": at(8).isoformat()})
    naive = await client.post(path, json=body | {"end": "2026-12-01T12:00:00"})
    listed = (await client.get(path)).json()["items"]

    assert first.status_code == 201
    assert first.json() == second.json()
    assert listed == [first.json()]
    assert pointers(problem(wrong, "invalid-request", 400)) == ["/end"]
    assert pointers(problem(naive, "invalid-request", 400)) == ["/end"]
    gone = await client.delete(f"{path}/{listed[0]['id']}")
    assert (gone.status_code, (await client.get(path)).json()["items"]) == (204, [])
    problem(await client.delete(f"{path}/{listed[0]['id']}"), "not-found", 404)


async def test_an_entry_is_changed_in_its_place(client: httpx2.AsyncClient, kept: str) -> None:
    """It keeps its id; its old time is free again, its new one is not."""
    path = f"/v1/calendars/{kept}/entries"
    body = {"start": at(9).isoformat(), "end": at(11).isoformat(), "title": "Tandarts"}
    made = (await client.post(path, json=body)).json()
    other = body | {"start": at(13).isoformat(), "end": at(15).isoformat()}

    changed = await client.put(f"{path}/{made['id']}", json=other)
    wrong = await client.put(f"{path}/{made['id']}", json=other | {"end": at(12).isoformat()})
    gone = await client.put(f"{path}/{made['id'][:-3]}zzz", json=other)
    slots = await client.get(
        "/v1/slots?meeting_type=hypotheek&start=2026-12-01&end=2026-12-02"
        "&timezone=Europe/Amsterdam&channel=video"
    )

    assert changed.status_code == 200
    assert (changed.json()["id"], changed.json()["start"]) == (made["id"], "2026-12-01T12:00:00Z")
    assert (await client.get(path)).json()["items"] == [changed.json()]
    assert pointers(problem(wrong, "invalid-request", 400)) == ["/end"]
    problem(gone, "not-found", 404)
    starts = [start for day in slots.json()["days"].values() for start in day]
    assert "2026-12-01T09:00:00+01:00" in starts
    assert "2026-12-01T13:00:00+01:00" not in starts


async def test_entries_are_for_the_organisations_own_servers(
    widget: httpx2.AsyncClient, kept: str
) -> None:
    """Titles are personal: a website's key sees none."""
    problem(await widget.get(f"/v1/calendars/{kept}/entries"), "forbidden", 403)
    problem(await widget.post(f"/v1/calendars/{kept}/feed"), "forbidden", 403)


async def test_the_feed_is_read_by_its_secret_address_alone(
    app: Litestar, client: httpx2.AsyncClient, house: House, bank: Bank, kept: str
) -> None:
    """Without a key, with an ETag that saves the next answer, and with no title in it."""
    made = await booked(client)
    await house.worker.run_due()
    entry = {"start": at(13).isoformat(), "end": at(14).isoformat(), "title": "Oncoloog"}
    await client.post(f"/v1/calendars/{kept}/entries", json=entry)
    with capture_logs() as lines:
        link = (await client.post(f"/v1/calendars/{kept}/feed")).json()["url"]
        path = httpx2.URL(link).path
        async with asking(app) as program:
            first = await program.get(path)
            again = await program.get(path, headers={"If-None-Match": first.headers["etag"]})
            weak = await program.get(
                path, headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}
            )
            await client.post(
                f"/v1/calendars/{kept}/entries",
                json=entry | {"start": at(15).isoformat(), "end": at(16).isoformat()},
            )
            changed = await program.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.status_code == 200
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    assert first.headers["cache-control"].startswith("private")
    titles = {str(each["SUMMARY"]) for each in Calendar.from_ical(first.content).events}
    assert titles == {"Afspraak, zie Spreekuur", "Bezet"}
    assert made["id"] in first.text.replace("\r\n ", "")
    assert [each.status_code for each in (again, weak, changed)] == [304, 304, 200]
    assert (again.content, again.headers["etag"]) == (b"", first.headers["etag"])
    token = path.rpartition("/")[2].removesuffix(".ics")
    assert token not in str(lines)
    assert token not in repr(await everything(house, bank.tenant))


async def test_a_wrong_or_ended_link_is_nothing(
    app: Litestar, client: httpx2.AsyncClient, bank: Bank, kept: str
) -> None:
    """Renewed, revoked, cut, of another use or of a calendar that is gone: 404 each time."""

    async def renew() -> str:
        url = (await client.post(f"/v1/calendars/{kept}/feed")).json()["url"]
        return str(httpx2.URL(url).path)

    made = await booked(client)
    manage = made["manage_url"].rpartition("/")[2]
    async with asking(app) as program:
        first = await renew()
        second = await renew()
        assert (await program.get(second)).status_code == 200
        wrong = [
            first,
            second.removesuffix(".ics"),
            second.replace(".ics", ".txt"),
            second[:-8] + ".ics",
            f"/calendars/{manage}.ics",
            "/calendars/.ics",
            "/calendars/é.ics",
        ]
        for path in wrong:
            problem(await program.get(path), "link-invalid", 404)
        assert (await client.delete(f"/v1/calendars/{kept}/feed")).status_code == 204
        problem(await program.get(second), "link-invalid", 404)
        third = await renew()
        assert (await program.get(third)).status_code == 200
        assert (await client.delete(f"/v1/calendars/{kept}")).status_code == 204
        problem(await program.get(third), "link-invalid", 404)


async def test_a_calendar_on_a_server_has_no_feed_of_ours(
    client: httpx2.AsyncClient, bank: Bank, radicale: Radicale
) -> None:
    """What is not ours to give away has its own word."""
    made = await client.post(
        "/v1/calendars",
        json={
            "advisor": bank.sanne,
            "url": radicale.url,
            "username": "sanne",
            "password": PASSWORDS["sanne"],
        },
    )
    account = made.json()["id"]

    problem(await client.post(f"/v1/calendars/{account}/feed"), "calendar-not-ours", 422)
    problem(await client.get(f"/v1/calendars/{account}/entries"), "calendar-not-ours", 422)


# --- letting go ----------------------------------------------------------------------------------


async def test_a_calendar_is_disconnected(
    client: httpx2.AsyncClient,
    house: House,
    bank: Bank,
    radicale: Radicale,
    clock: FixedClock,
) -> None:
    """With our entries in it, if that is asked; the booking stands and the secrets are gone."""
    made = await client.post(
        "/v1/calendars",
        json={
            "advisor": bank.sanne,
            "url": radicale.url,
            "username": "sanne",
            "password": PASSWORDS["sanne"],
        },
    )
    account = made.json()["id"]
    meeting = await booked(client)
    await house.worker.run_due()
    assert radicale.names("sanne", f"{radicale.url}sanne/werk/") == [f"{meeting['id']}.ics"]

    wrong = await client.delete(f"/v1/calendars/{account}?entries=burn")
    answer = await client.delete(f"/v1/calendars/{account}?entries=remove")
    clock.advance(timedelta(minutes=1))
    await house.worker.run_due()

    assert pointers(problem(wrong, "invalid-request", 400)) == ["?entries"]
    assert answer.status_code == 204
    assert radicale.names("sanne", f"{radicale.url}sanne/werk/") == []
    assert (await client.get("/v1/calendars")).json()["items"] == []
    assert (await client.get(f"/v1/bookings/{meeting['id']}")).json()["state"] == "confirmed"
    problem(await client.delete(f"/v1/calendars/{account}"), "not-found", 404)
    rows = await everything(house, bank.tenant)
    assert not [name for name in rows if name.startswith(("calendar_", "own_")) and rows[name]]
