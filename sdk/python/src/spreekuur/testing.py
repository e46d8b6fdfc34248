"""A Spreekuur for your own tests: in this process, with a clock you set.

    def test_a_customer_is_offered_another_time(fake_spreekuur):
        fake_spreekuur.add_meeting_type("hypotheek")
        client = fake_spreekuur.client()
        ...

It lists, holds, books, moves and cancels with the rules and conflicts of the service: opening
hours, grid, notice, buffers, expiring holds, links that are replaced, idempotency keys. Other
calls answer 404. With pytest, the fixture ``fake_spreekuur`` is there by itself.
"""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2
import msgspec

from spreekuur import webhooks
from spreekuur._async.client import AsyncSpreekuur
from spreekuur._fake.diary import OFFICE_HOURS, Claim, Colleague
from spreekuur._fake.office import Office
from spreekuur._fake.requests import MeetingTypeRequest
from spreekuur._fake.routes import Asked
from spreekuur._fake.server import Server
from spreekuur._sync.client import Spreekuur
from spreekuur._wire import given, instant
from spreekuur.models import Location
from spreekuur.words import Channel, Day

__all__ = ["WEBHOOK_SECRET", "Asked", "FakeSpreekuur"]

MONDAY_AT_NINE: Final = dt.datetime(2026, 11, 30, 9, tzinfo=ZoneInfo("Europe/Amsterdam"))
WEBHOOK_SECRET: Final = "whsec_" + base64.b64encode(b"a secret of the fake service").decode()
URL: Final = "https://spreekuur.test"


class FakeSpreekuur:
    """An imitation of the service, empty until you fill it.

    Args:
        now: Where its clock stands; it only moves when you move it.
        timezone: Where its advisors work.
    """

    def __init__(
        self, now: dt.datetime = MONDAY_AT_NINE, *, timezone: str = "Europe/Amsterdam"
    ) -> None:
        instant(now, "now")
        self._office = Office(now=now, url=URL, timezone=timezone)
        self._server = Server(self._office)
        self.transport = httpx2.MockTransport(self._server)

    def client(self, api_key: str | None = "sk_fake", **options: Any) -> Spreekuur:
        """Return a client of this fake."""
        return Spreekuur(api_key, base_url=URL, transport=self.transport, **options)

    def async_client(self, api_key: str | None = "sk_fake", **options: Any) -> AsyncSpreekuur:
        """Return an asynchronous client of this fake."""
        return AsyncSpreekuur(api_key, base_url=URL, transport=self.transport, **options)

    @property
    def now(self) -> dt.datetime:
        """Where the fake's clock stands; set it to an aware instant."""
        return self._office.now

    @now.setter
    def now(self, moment: dt.datetime) -> None:
        instant(moment, "now")
        self._office.now = moment

    def advance(self, **spans: float) -> None:
        """Let time pass: ``fake.advance(minutes=11)``."""
        # In UTC, where an hour is an hour on the nights the clock changes too.
        self.now = (self.now.astimezone(dt.UTC) + dt.timedelta(**spans)).astimezone(self.now.tzinfo)

    @property
    def requests(self) -> Sequence[Asked]:
        """What the fake was sent, oldest first."""
        return tuple(self._server.asked)

    def add_advisor(
        self,
        name: str = "Sanne Visser",
        *,
        hours: Mapping[Day, tuple[str, str]] = OFFICE_HOURS,
        timezone: str | None = None,
    ) -> str:
        """Add an advisor, from nine to five on working days by default, and return their id."""
        advisor = self._office.new_id("adv")
        self._office.diary.colleagues[advisor] = Colleague(
            id=advisor, name=name, hours=dict(hours), timezone=timezone or self._office.timezone
        )
        return advisor

    def add_location(self, slug: str, name: str, address: str = "") -> None:
        """Add a branch."""
        self._office.locations[slug] = Location(
            id=self._office.new_id("loc"),
            slug=slug,
            name=name,
            address=address,
            timezone=self._office.timezone,
        )

    def add_meeting_type(
        self,
        slug: str,
        *,
        name: Mapping[str, str] | None = None,
        channels: Sequence[Channel] = ("video", "phone"),
        advisors: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        """Add a meeting type, with every advisor there is, or one new advisor if there is none.

        *options* are those of ``client.meeting_types.apply``: duration, step, notice, buffers.
        """
        if advisors is None:
            advisors = list(self._office.diary.colleagues) or [self.add_advisor()]
        data = given(
            slug=slug,
            name=dict(name or {"nl": slug.capitalize()}),
            channels=list(channels),
            advisors=list(advisors),
            **options,
        )
        self._office.apply(msgspec.convert(data, MeetingTypeRequest))

    def fill(self, advisor: str, start: dt.datetime, end: dt.datetime) -> None:
        """Make an advisor busy with something of their own.

        Raises:
            OffsetMissing: A time has no offset.
        """
        instant(start, "start")
        instant(end, "end")
        self._office.diary.claims.append(Claim(owner=None, advisor=advisor, start=start, end=end))

    def fail(
        self,
        status: int = 503,
        *,
        code: str = "unavailable",
        times: int = 1,
        retry_after: int | None = None,
    ) -> None:
        """Answer the next requests with an error."""
        document = {"type": f"https://spreekuur.dev/problems/{code}", "status": status}
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._server.failures += [
            httpx2.Response(status, json=document, headers=headers) for _ in range(times)
        ]

    def disconnect(self, *, times: int = 1) -> None:
        """Break the connection at the next requests."""
        self._server.failures += [httpx2.ConnectError("the fake hung up") for _ in range(times)]

    def webhook(self, event: str, **ids: str) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of a webhook, signed with ``WEBHOOK_SECRET``."""
        name = self._office.new_id("evt")
        moment = int(self.now.timestamp())
        body = msgspec.json.encode({"type": event, "timestamp": self.now, "data": ids})
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": webhooks.sign(body, name, moment, secret=WEBHOOK_SECRET),
        }
        return body, headers
