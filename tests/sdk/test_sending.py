"""A call is repeated when that is safe and may help, and at no other time."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from spreekuur import (
    AnswerNotUnderstood,
    AsyncSpreekuur,
    ConnectionFailed,
    RateLimited,
    ServerError,
    Spreekuur,
    TimedOut,
)
from spreekuur._request import Call
from spreekuur.models import Tenant

from tests.sdk.conftest import URL, Wire

HOLD = {
    "id": "hld_1",
    "start": "2026-12-01T09:00:00+01:00",
    "end": "2026-12-01T10:00:00+01:00",
    "expires_at": "2026-11-30T09:10:00+01:00",
}
START = datetime(2026, 12, 1, 8, tzinfo=UTC)


def ok(body: object = None) -> httpx2.Response:
    return httpx2.Response(200, json={"name": "Demobank"} if body is None else body)


def test_a_post_keeps_its_key_over_its_tries(pauses: list[float]) -> None:
    """All tries of one POST carry one idempotency key; the next POST has another."""
    line = Wire(
        httpx2.ConnectError("refused"),
        httpx2.Response(503),
        ok(HOLD),
        httpx2.Response(201, json=HOLD),
    )
    client = line.client()

    for _ in range(2):
        client.holds.create(meeting_type="hypotheek", start=START, channel="video")

    keys = [request.headers["idempotency-key"] for request in line.requests]
    assert len(keys[0]) >= 32
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert line.requests[0].content == line.requests[2].content


def test_a_key_of_ones_own_is_used() -> None:
    """Whoever names a cancellation themselves can repeat it from another process."""
    line = Wire(httpx2.Response(409, json={}))

    with pytest.raises(Exception, match="409"):
        line.client().bookings.cancel("bkg_1", idempotency_key="order-7-cancel")

    assert line.requests[0].headers["idempotency-key"] == "order-7-cancel"


def test_only_posts_carry_a_key() -> None:
    """GET, PUT, PATCH and DELETE can be repeated as they are."""
    line = Wire(ok(), ok(), httpx2.Response(204))
    client = line.client()

    client.tenant.get()
    client.tenant.update(name="Demobank")
    client.keys.revoke("key_1")

    assert [request.method for request in line.requests] == ["GET", "PATCH", "DELETE"]
    assert not any("idempotency-key" in request.headers for request in line.requests)


def test_a_post_without_a_key_is_never_repeated(pauses: list[float]) -> None:
    """Should a POST ever be without its key, then one try is all it gets."""
    line = Wire(httpx2.ReadError("broken"), ok())
    call = Call(method="POST", route="/v1/x", path="/v1/x", answer=Tenant)

    with pytest.raises(ConnectionFailed):
        line.client()._sender.send(call)

    assert len(line.requests) == 1


def test_pauses_grow_and_end(pauses: list[float]) -> None:
    """Two retries by default: after half a second and one second, less a quarter at most."""
    line = Wire(*(httpx2.Response(500) for _ in range(3)))

    with pytest.raises(ServerError):
        line.client().tenant.get()

    assert len(line.requests) == 3
    assert 0.375 <= pauses[0] <= 0.5
    assert 0.75 <= pauses[1] <= 1.0


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int, pauses: list[float]) -> None:
    """These say: not now."""
    assert Wire(httpx2.Response(status), ok()).client().tenant.get().name == "Demobank"


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 410, 422])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    """These would say the same again; nor is a redirect followed with our key in hand."""
    line = Wire(httpx2.Response(status, headers={"Location": "https://elsewhere.example"}), ok())

    with pytest.raises(Exception, match=str(status)):
        line.client().tenant.get()

    assert len(line.requests) == 1


def test_retry_after_in_seconds_is_honoured(pauses: list[float]) -> None:
    """The service's word on how long to wait counts more than ours."""
    Wire(httpx2.Response(429, headers={"Retry-After": "7"}), ok()).client().tenant.get()

    assert pauses == [7.0]


def test_retry_after_as_a_date_is_honoured(pauses: list[float]) -> None:
    """RFC 9110 allows a moment in place of seconds."""
    moment = datetime.fromtimestamp(datetime.now(UTC).timestamp(), UTC) + timedelta(seconds=30)  # noqa: TID251  # the header is compared with the real clock
    line = Wire(
        httpx2.Response(503, headers={"Retry-After": format_datetime(moment, usegmt=True)}), ok()
    )

    line.client().tenant.get()

    assert 25 <= pauses[0] <= 30


def test_a_long_retry_after_is_left_to_the_caller(pauses: list[float]) -> None:
    """Nobody's thread sleeps for an hour; the error says how long it would have been."""
    line = Wire(httpx2.Response(429, headers={"Retry-After": "3600"}))

    with pytest.raises(RateLimited) as caught:
        line.client().tenant.get()

    assert caught.value.retry_after == 3600.0
    assert pauses == []


def test_a_delete_whose_first_answer_was_lost_is_done(pauses: list[float]) -> None:
    """The second try finds nothing, since the first one did its work."""
    line = Wire(httpx2.ReadTimeout("late"), httpx2.Response(404))

    line.client().holds.release("hld_1")

    assert len(line.requests) == 2
    with pytest.raises(Exception, match="404"):
        Wire(httpx2.Response(404)).client().holds.release("hld_1")


def test_no_answer_is_its_own_error(pauses: list[float]) -> None:
    """A broken connection and a late answer can be told apart, and their cause is kept."""
    broken = Wire(*(httpx2.ConnectError("refused") for _ in range(3)))
    late = Wire(*(httpx2.ReadTimeout("late") for _ in range(3)))

    with pytest.raises(ConnectionFailed, match="refused") as failed:
        broken.client().tenant.get()
    with pytest.raises(TimedOut):
        late.client().tenant.get()

    assert isinstance(failed.value.__cause__, httpx2.ConnectError)
    assert len(broken.requests) == len(late.requests) == 3


async def test_the_asynchronous_client_does_the_same(pauses: list[float]) -> None:
    """Retries, keys and cancellation are those of the synchronous client."""
    line = Wire(httpx2.ConnectError("refused"), httpx2.Response(201, json=HOLD))
    async with AsyncSpreekuur("sk_test", base_url=URL, transport=line) as client:
        hold = await client.holds.create(meeting_type="x", start=START, channel="phone")

    assert hold.id == "hld_1"
    assert len({request.headers["idempotency-key"] for request in line.requests}) == 1

    async def never(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with AsyncSpreekuur(base_url=URL, transport=httpx2.MockTransport(never)) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.tenant.get()


def test_patience_can_be_changed_for_some_calls() -> None:
    """with_options shares the connections and changes nothing else."""
    line = Wire(httpx2.Response(503), ok())
    client = line.client()

    with pytest.raises(ServerError):
        client.with_options(max_retries=0, timeout=2).tenant.get()
    client.tenant.get()

    patience = [request.extensions["timeout"]["read"] for request in line.requests]
    assert patience == [2, 10.0]


def test_the_key_is_sent_where_it_belongs() -> None:
    """The organisation's side gets the key, a customer's link does not."""
    line = Wire(ok(), httpx2.Response(404))
    client = line.client()

    client.tenant.get()
    with pytest.raises(Exception, match="404"):
        client.manage("tok").get()

    assert line.requests[0].headers["authorization"] == "Bearer sk_test"
    assert "authorization" not in line.requests[1].headers
    assert "sk_test" not in repr(client)


def test_an_id_never_leads_to_another_path() -> None:
    """What looks like a path is one segment; what cannot be an id is not sent at all."""
    line = Wire(httpx2.Response(404))
    client = line.client()

    with pytest.raises(Exception, match="404"):
        client.bookings.get("../keys?limit=1")
    for nonsense in ("", ".", ".."):
        with pytest.raises(ValueError, match="no id"):
            client.bookings.get(nonsense)

    assert line.requests[0].url.raw_path == b"/v1/bookings/..%2Fkeys%3Flimit%3D1"


def test_a_service_below_a_path_is_found() -> None:
    """The base address may have a path of its own, with or without a slash at its end."""
    line = Wire(ok(), ok())
    for base in (f"{URL}/spreekuur", f"{URL}/spreekuur/"):
        Spreekuur("sk_test", base_url=base, transport=line).tenant.get()

    assert {request.url.path for request in line.requests} == {"/spreekuur/v1/tenant"}


def test_a_wrong_set_up_is_said_at_once() -> None:
    """An address without a scheme, or two networks at once, fail before any call."""
    with pytest.raises(ValueError, match="https://"):
        Spreekuur("sk_test", base_url="appointments.bank.example")
    with httpx2.Client() as http, pytest.raises(ValueError, match="not both"):
        Spreekuur("sk_test", base_url=URL, transport=Wire(), http_client=http)


def test_a_client_that_was_handed_in_stays_open() -> None:
    """Whoever makes the HTTP client closes it."""
    line = Wire(ok())
    with httpx2.Client(transport=line) as http:
        Spreekuur("sk_test", base_url=URL, http_client=http).close()

        assert Spreekuur("sk_test", base_url=URL, http_client=http).tenant.get().name == "Demobank"


def test_an_answer_of_somebody_else_is_not_taken_for_ours() -> None:
    """A portal's page with status 200, or a JSON of another shape, is an error with its id."""
    headers = {"X-Request-Id": "req_9"}
    page = Wire(httpx2.Response(200, text="<h1>Sign in to the hotel</h1>", headers=headers))
    other = Wire(httpx2.Response(200, json={"title": 1}))
    brief = Wire(httpx2.Response(200, json={"header": {}}))

    with pytest.raises(AnswerNotUnderstood, match="req_9"):
        page.client().tenant.get()
    with pytest.raises(AnswerNotUnderstood, match="name"):
        other.client().tenant.get()
    with pytest.raises(AnswerNotUnderstood, match="text/html"):
        brief.client().bookings.brief_page("bkg_1")


def test_the_log_holds_routes_and_no_tokens(caplog: pytest.LogCaptureFixture) -> None:
    """Our logger names the route and the request, never the token in the path."""
    line = Wire(httpx2.Response(404, headers={"X-Request-Id": "req_9"}))

    with caplog.at_level(logging.DEBUG, logger="spreekuur"), pytest.raises(Exception, match="404"):
        line.client().manage("very-secret").get()

    ours = [record.getMessage() for record in caplog.records if record.name == "spreekuur"]
    assert ours == ["GET /v1/manage/{} 404 req_9"]


async def test_a_whole_application_can_be_called_in_process() -> None:
    """in_process speaks ASGI to the application; no socket is opened."""

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        assert callable(send)
        body = f'{{"name": "{scope["path"]}"}}'.encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with AsyncSpreekuur.in_process(app, "sk_test") as client:
        assert (await client.tenant.get()).name == "/v1/tenant"
