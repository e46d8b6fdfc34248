"""Lists come in pages; iterating asks for the next page when it is needed, and not before."""

import json
from datetime import UTC, datetime

import httpx2
import pytest
from spreekuur import AsyncSpreekuur, InvalidRequest, models

from tests.sdk.conftest import URL, Wire


def location(slug: str) -> dict[str, str]:
    return {"id": f"loc_{slug}", "slug": slug, "name": slug, "address": "", "timezone": "UTC"}


def pages() -> Wire:
    first = {"items": [location("a"), location("b")], "next_cursor": "loc_b"}
    return Wire(
        httpx2.Response(200, json=first),
        httpx2.Response(200, json={"items": [location("c")], "next_cursor": None}),
    )


def test_one_page_says_where_the_next_begins() -> None:
    """`list` gives exactly one page, from the cursor and of the size that were asked for."""
    line = pages()

    page = line.client().locations.list(cursor="loc_0", limit=2)

    assert page.next_cursor == "loc_b"
    assert [one.slug for one in page.items] == ["a", "b"]
    assert dict(line.requests[0].url.params) == {"cursor": "loc_0", "limit": "2"}


def test_iterating_goes_over_all_pages() -> None:
    """`iter` follows the cursors to the last page."""
    line = pages()

    assert [one.slug for one in line.client().locations.iter()] == ["a", "b", "c"]
    assert [request.url.params.get("cursor") for request in line.requests] == [None, "loc_b"]


def test_iterating_asks_only_for_what_is_used() -> None:
    """Whoever stops on the first page has asked for one page."""
    line = pages()

    next(iter(line.client().locations.iter()))

    assert len(line.requests) == 1


async def test_iterating_asynchronously_goes_over_all_pages() -> None:
    """The asynchronous client does the same."""
    async with AsyncSpreekuur("sk_test", base_url=URL, transport=pages()) as client:
        assert [one.slug async for one in client.locations.iter()] == ["a", "b", "c"]


def test_filters_go_along_to_every_page() -> None:
    """The second page is asked for with the same filter as the first."""
    line = Wire(
        httpx2.Response(200, json={"items": [], "next_cursor": "bkg_9"}),
        httpx2.Response(200, json={"items": [], "next_cursor": None}),
    )
    since = datetime(2026, 12, 1, tzinfo=UTC)

    assert list(line.client().bookings.iter(since=since, state="confirmed")) == []

    shared = {"from": "2026-12-01T00:00:00+00:00", "state": "confirmed"}
    assert [dict(request.url.params) for request in line.requests] == [
        shared,
        {**shared, "cursor": "bkg_9"},
    ]


def test_consents_are_written_by_purpose_and_sent_as_a_list() -> None:
    """A mapping is how one thinks of consents, a list of pairs is how they travel."""
    answer = {"consents": [{"purpose": "rate-notices", "given": False, "text": "…", "since": None}]}
    line = Wire(httpx2.Response(200, json=answer))

    after = line.client().customers.set_consents("cus_1", {"rate-notices": False})

    assert json.loads(line.requests[0].content) == {
        "consents": [{"purpose": "rate-notices", "given": False}]
    }
    assert after["rate-notices"].given is False


@pytest.mark.parametrize("call", ["bookings", "series"])
def test_each_participant_has_consents_of_their_own(call: str) -> None:
    """As a model, by purpose in a mapping, or as the service has it: they travel as a list."""
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    line = Wire(httpx2.Response(400, json={"type": "", "title": "", "status": 400}))
    name = {"surname": "Bakker"}
    bram = {"name": name, "email": "bram@example.org"}
    repeat = {"repeat": {"every": "week", "count": 2}} if call == "series" else {}
    listed = [{"purpose": "rate-notices", "given": True}]

    with pytest.raises(InvalidRequest):
        getattr(line.client(), call).create(
            meeting_type="hypotheek",
            start=start,
            timezone="Europe/Amsterdam",
            channel="video",
            customer=bram,
            participants=[
                models.Participant(
                    name=models.PersonName(surname="Bakker"),
                    email="bram@example.org",
                    language="en",
                    consents={"rate-notices": True},
                ),
                bram | {"consents": {"rate-notices": True}},
                bram | {"consents": listed},
                bram,
            ],
            **repeat,
        )

    assert json.loads(line.requests[0].content)["participants"] == [
        bram | {"language": "en", "consents": listed},
        bram | {"consents": listed},
        bram | {"consents": listed},
        bram,
    ]
