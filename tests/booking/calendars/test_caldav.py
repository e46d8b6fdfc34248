"""What the CalDAV adapter makes of answers, good and bad."""

import logging
from datetime import timedelta

import pytest

from booking.calendars.caldav import CaldavServer
from booking.calendars.port import (
    ChangedMeanwhile,
    Forbidden,
    Garbled,
    Missing,
    Refused,
    TokenInvalid,
    TooLarge,
    Unreachable,
    href_of,
)
from kernel.outgoing import Guard
from tests.booking.calendars.conftest import USER, answering, event
from tests.services.radicale import PASSWORDS, Radicale

BODY = event("a", ":20261201T090000Z", ":20261201T100000Z").encode()


def _server(port: int, password: str = PASSWORDS[USER]) -> CaldavServer:
    guard = Guard([f"127.0.0.1:{port}"])
    url = f"http://127.0.0.1:{port}/"
    return CaldavServer(guard, url=url, username=USER, password=password)


async def test_objects_are_written_under_conditions(radicale: Radicale) -> None:
    """Nothing is written over unseen, and what is gone may be removed again."""
    url = f"{radicale.url}{USER}/werk/"
    href = f"{href_of(url)}with a space@and.ics"
    async with _server(radicale.port) as server:
        assert await server.get(url, href) is None
        await server.put(url, href, BODY, etag=None)
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, BODY, etag=None)

        first = await server.get(url, href)
        assert first is not None
        await server.put(url, href, BODY.replace(b"UID:a", b"UID:a\r\nSUMMARY:b"), etag=first.etag)
        with pytest.raises(ChangedMeanwhile):
            await server.put(url, href, BODY, etag=first.etag)
        with pytest.raises(ChangedMeanwhile):
            await server.delete(url, href, etag=first.etag)

        (second,) = await server.fetch(url, [href, "/sanne/werk/nothing.ics"])
        assert second.href == href
        assert b"SUMMARY:b" in second.body
        await server.delete(url, href, etag=second.etag)
        await server.delete(url, href, etag=second.etag)
        assert await server.listing(url) == {}


async def test_changes_are_told_since_a_token(radicale: Radicale) -> None:
    """New, changed and gone objects, and nothing else; a token nobody issued is refused."""
    url = f"{radicale.url}{USER}/werk/"
    radicale.put(USER, f"{url}old.ics", BODY.decode().replace("UID:a", "UID:old"))
    async with _server(radicale.port) as server:
        token = (await server.state(url)).sync_token
        assert token is not None
        radicale.put(USER, f"{url}new.ics", BODY.decode())
        radicale.delete(USER, f"{url}old.ics")

        changes = await server.changes(url, token)

        assert list(changes.changed) == ["/sanne/werk/new.ics"]
        assert changes.gone == ["/sanne/werk/old.ics"]
        again = await server.changes(url, changes.token)
        assert (again.changed, again.gone) == ({}, [])
        with pytest.raises(TokenInvalid):
            await server.changes(url, "http://radicale.org/ns/sync/never")


async def test_what_is_not_ours_is_told_apart(radicale: Radicale) -> None:
    """Somebody else's calendar is forbidden, no calendar is missing, no log-in is refused."""
    async with _server(radicale.port) as server:
        with pytest.raises(Forbidden):
            await server.listing(f"{radicale.url}bart/")
        with pytest.raises(Missing):
            await server.listing(f"{radicale.url}{USER}/nothing/")
    async with _server(radicale.port, "guess") as server:
        with pytest.raises(Refused):
            await server.listing(f"{radicale.url}{USER}/werk/")


def _answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


_XML = "Content-Type: application/xml"
_EMPTY = b'<multistatus xmlns="DAV:"/>'


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_answer("500 Oops"), Unreachable),
        (_answer("503 Busy"), Unreachable),
        (_answer("200 OK", b"<html>log in</html>", "Content-Type: text/html"), Garbled),
        (_answer("207 OK", b"<multistatus xmlns=", _XML), Garbled),
        (_answer("207 OK", _EMPTY, _XML), Garbled),
        (_answer("207 OK", b"x" * 100, "Content-Encoding: gzip"), TooLarge),
        (_answer("207 OK", b" " * (9 * 2**20), _XML), TooLarge),
        (_answer("302 Found", b"", "Location: https://169.254.169.254/"), Garbled),
        (b"HTTP/1.1 207 OK\r\nContent-Length: 50\r\n\r\n<multi", Unreachable),
        (b"nonsense\r\n\r\n", Unreachable),
    ],
)
async def test_bad_answers_are_never_an_empty_calendar(
    answer: bytes, problem: type[Exception]
) -> None:
    """Whatever comes instead of a listing is a problem, not a calendar with nothing in it."""
    async with answering(answer) as (port, _), _server(port) as server:
        with pytest.raises(problem):
            await server.listing(f"http://127.0.0.1:{port}/werk/")


async def test_a_server_may_ask_for_patience() -> None:
    """Retry-After is passed on, up to an hour."""
    answer = _answer("429 Slow", b"", "Retry-After: 120")
    async with answering(answer) as (port, _), _server(port) as server:
        with pytest.raises(Unreachable) as caught:
            await server.listing(f"http://127.0.0.1:{port}/werk/")

    assert caught.value.wait == timedelta(minutes=2)


async def test_credentials_are_sent_at_once_and_once() -> None:
    """One refusal is one request: no guessing of other ways to log in."""
    refusal = _answer("401 No", b"", 'WWW-Authenticate: Basic realm="x"')
    async with answering(refusal) as (port, asked), _server(port) as server:
        with pytest.raises(Refused):
            await server.listing(f"http://127.0.0.1:{port}/werk/")

    assert len(asked) == 1
    assert b"authorization: basic " in asked[0].lower()


async def test_answers_do_not_end_up_in_logs(caplog: pytest.LogCaptureFixture) -> None:
    """Appointments and passwords in answers and requests stay out of every log."""
    caplog.set_level(logging.DEBUG)
    page = _answer("207 OK", b"<not xml: appointment with the oncologist", _XML)
    async with answering(page) as (port, _), _server(port, "a-secret-word") as server:
        with pytest.raises(Garbled):
            await server.listing(f"http://127.0.0.1:{port}/{USER}/werk/")

    assert "oncologist" not in caplog.text
    assert "a-secret-word" not in caplog.text
    assert USER not in caplog.text
