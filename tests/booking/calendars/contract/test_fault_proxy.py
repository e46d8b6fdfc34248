"""The proxy does what it is told, and nothing else: every test of a fault rests on that."""

import asyncio
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest

from tests.booking.calendars.conftest import USER, event
from tests.services import fault_proxy as faults
from tests.services.fault_proxy import FaultProxy
from tests.services.radicale import PASSWORDS, Radicale

BODY = event("a", ":20261201T090000Z", ":20261201T100000Z")
LIST = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
SYNC = (
    '<sync-collection xmlns="DAV:"><sync-token>{}</sync-token><sync-level>1</sync-level>'
    "<prop><getetag/></prop></sync-collection>"
)


@pytest.fixture
def proxy(radicale: Radicale) -> Iterator[FaultProxy]:
    """A proxy before a calendar with one event in it."""
    radicale.put(USER, f"{radicale.url}{USER}/werk/a.ics", BODY)
    with FaultProxy(radicale.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx2.Client]:
    """The advisor's own program, talking to the proxy."""
    with httpx2.Client(
        base_url=f"{proxy.url}{USER}/werk/",
        auth=(USER, PASSWORDS[USER]),
        headers={"accept-encoding": "identity"},
        timeout=5,
        trust_env=False,
    ) as client:
        yield client


def _listing(client: httpx2.Client) -> httpx2.Response:
    return client.request("PROPFIND", "", content=LIST, headers={"Depth": "1"})


def _sync(client: httpx2.Client, token: str) -> httpx2.Response:
    return client.request("REPORT", "", content=SYNC.format(token), headers={"Depth": "0"})


def test_without_rules_it_is_not_there(proxy: FaultProxy, client: httpx2.Client) -> None:
    """Requests and answers pass in both directions, and are counted by method."""
    assert client.put("b.ics", content=BODY.replace("UID:a", "UID:b")).status_code == 201
    assert "UID:b" in client.get("b.ics").text
    assert client.head("b.ics").text == ""
    assert client.delete("b.ics").status_code == 200
    assert _listing(client).text.count(".ics") == 1

    assert (proxy.count(), proxy.count("PUT", "DELETE"), proxy.connections) == (5, 2, 1)
    assert proxy.seen[0].path == f"/{USER}/werk/b.ics"


def test_a_rule_names_method_path_body_and_times(proxy: FaultProxy, client: httpx2.Client) -> None:
    """A fault strikes where its rule says, after what it lets pass, as often as it says."""
    rule = proxy.on("GET", "*/a.ics", faults.answer(500), times=1, after=1)
    reports = proxy.on("REPORT", "*", faults.answer(410), containing="sync-level")

    statuses = [client.get("a.ics").status_code for _ in range(3)]

    assert statuses == [200, 500, 200]
    assert client.get("b.ics").status_code == 404
    assert (rule.hits, _sync(client, "").status_code, reports.hits) == (1, 410, 1)
    proxy.calm()
    assert _sync(client, "").status_code == 207


@pytest.mark.parametrize(
    ("fault", "status", "header", "body"),
    [
        (faults.unauthorised(), 401, ("www-authenticate", 'Basic realm="calendar"'), ""),
        (faults.token_unknown(), 403, None, "valid-sync-token"),
        (faults.answer(404), 404, None, ""),
        (faults.answer(410), 410, None, ""),
        (faults.busy(status=429, retry_after=120), 429, ("retry-after", "120"), ""),
        (faults.busy(), 503, None, ""),
        (faults.answer(507), 507, None, ""),
        (faults.login_page(), 200, ("content-type", "text/html; charset=utf-8"), "<form>"),
        (faults.redirect("http://10.0.0.1/"), 302, ("location", "http://10.0.0.1/"), ""),
    ],
)
def test_it_answers_in_the_servers_place(
    proxy: FaultProxy,
    client: httpx2.Client,
    fault: faults.Fault,
    status: int,
    header: tuple[str, str] | None,
    body: str,
) -> None:
    """Status, headers and body are those that were asked for."""
    proxy.on("*", "*", fault)

    answer = _listing(client)

    assert answer.status_code == status
    assert body in answer.text
    assert header is None or answer.headers[header[0]] == header[1]
    assert ("retry-after" in answer.headers) == (status == 429)


def test_it_can_keep_a_client_waiting(proxy: FaultProxy, client: httpx2.Client) -> None:
    """One request is never answered, another comes so slowly that its end is not seen."""
    proxy.on("GET", "*", faults.hang())
    proxy.on("PROPFIND", "*", faults.drip())

    with pytest.raises(httpx2.ReadTimeout):
        client.get("a.ics", timeout=0.3)
    with client.stream("PROPFIND", "", content=LIST, timeout=0.3) as answer:
        assert [piece for piece, _ in zip(answer.iter_raw(), range(3), strict=False)] == [
            b"<",
            b"?",
            b"x",
        ]


def test_it_can_cut_and_break_connections(proxy: FaultProxy, client: httpx2.Client) -> None:
    """An answer ends too soon, and a connection is reset: at once, or where it is used again."""
    proxy.on("PROPFIND", "*", faults.cut_short(), times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        _listing(client)
    proxy.on("PROPFIND", "*", faults.reset(), times=1)
    with pytest.raises(httpx2.ReadError):
        _listing(client)
    proxy.on("PROPFIND", "*", faults.reset(reused_only=True))

    assert _listing(client).status_code == 207
    with pytest.raises(httpx2.ReadError):
        _listing(client)
    assert _listing(client).status_code == 207


def test_an_answer_is_lost_after_the_deed(
    proxy: FaultProxy, client: httpx2.Client, radicale: Radicale
) -> None:
    """The server has done what was asked; only its word does not arrive."""
    proxy.on("PUT", "*", faults.lose_answer())

    with pytest.raises(httpx2.ReadError):
        client.put("b.ics", content=BODY.replace("UID:a", "UID:b"))

    assert radicale.names(USER, f"{radicale.url}{USER}/werk/") == ["a.ics", "b.ics"]


def test_it_can_garble_an_answer(proxy: FaultProxy, client: httpx2.Client) -> None:
    """Half an answer passes for a whole one, or a whole one is compressed although not asked."""
    whole = _listing(client).text
    proxy.on("PROPFIND", "*", faults.truncated(), times=1)
    half = _listing(client)
    proxy.on("PROPFIND", "*", faults.zipped())
    zipped = _listing(client)

    assert (half.status_code, half.text) == (207, whole[: len(whole) // 2])
    assert (zipped.headers["content-encoding"], zipped.text) == ("gzip", whole)


def test_it_can_send_without_end(proxy: FaultProxy, client: httpx2.Client) -> None:
    """Large answers are sent piece by piece, plain or as a bomb."""
    proxy.on("GET", "*/plain", faults.huge(3 * 2**20))
    proxy.on("GET", "*/bomb", faults.zip_bomb(8 * 2**20))

    assert len(client.get("plain").content) > 3 * 2**20
    with client.stream("GET", "bomb") as answer:
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 2**14
    assert len(zlib.decompress(raw, 31)) == 8 * 2**20


def test_it_can_keep_headers_from_either_side(
    proxy: FaultProxy, client: httpx2.Client, radicale: Radicale
) -> None:
    """A condition does not reach the server, which then writes over; an ETag not the client."""
    never = {"If-None-Match": "*"}
    assert client.put("a.ics", content=BODY, headers=never).status_code == 412
    proxy.on("PUT", "*", faults.without("If-None-Match"))
    proxy.on("GET", "*", faults.silent_about("ETag"))
    new = BODY.replace("UID:a", "UID:a\r\nSUMMARY:new")

    assert client.put("a.ics", content=new, headers=never).status_code in {201, 204}
    assert "SUMMARY:new" in radicale.get(USER, f"{radicale.url}{USER}/werk/a.ics")
    answer = client.get("a.ics")
    assert ("etag" in answer.headers, "SUMMARY:new" in answer.text) == (False, True)


def test_it_can_empty_a_listing(proxy: FaultProxy, client: httpx2.Client) -> None:
    """A calendar looks as if it held nothing, with or without the collection itself."""
    proxy.on("PROPFIND", "*", faults.empty_listing(), times=1)
    empty = _listing(client)
    proxy.on("PROPFIND", "*", faults.empty_listing(itself=False))
    nothing = _listing(client)

    assert (empty.status_code, empty.text.count("<response>")) == (207, 1)
    assert (nothing.status_code, nothing.text.count("<response>")) == (207, 0)


def test_it_can_page_changes(proxy: FaultProxy, client: httpx2.Client, radicale: Radicale) -> None:
    """A delta comes in pages, each with a token for the next; a stuck one never gets on."""
    for name in "bcde":
        radicale.put(
            USER, f"{radicale.url}{USER}/werk/{name}.ics", BODY.replace("UID:a", f"UID:{name}")
        )
    proxy.on("REPORT", "*", faults.paged(2), times=3)
    token, sizes, partial = "", [], []
    for _ in range(3):
        answer = _sync(client, token)
        sizes.append(answer.text.count(".ics"))
        partial.append("Insufficient" in answer.text)
        token = answer.text.partition("<sync-token>")[2].partition("<")[0]
    proxy.on("REPORT", "*", faults.stuck())
    stuck = _sync(client, token)

    assert (sizes, partial) == ([2, 2, 1], [True, True, False])
    assert "Insufficient" in stuck.text
    assert f"<sync-token>{token}<" in stuck.text
    assert not token.startswith("page:")


async def test_it_serves_tests_that_await(proxy: FaultProxy) -> None:
    """It runs beside the test's own loop, so even a blocking call in the test is answered."""
    async with httpx2.AsyncClient(auth=(USER, PASSWORDS[USER]), trust_env=False) as client:
        both = await asyncio.gather(
            *(client.get(f"{proxy.url}{USER}/werk/a.ics") for _ in range(2))
        )
    with closing(socket.create_connection(("127.0.0.1", proxy.port), 5)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        line = plain.recv(100)

    assert [each.status_code for each in both] == [200, 200]
    assert line.startswith(b"HTTP/1.1 ")
