# Generated from _async by generate_sync.py; edit there, then run that.
"""The client itself: everything the service can do, by subject."""

from typing import Self

import httpx2

from spreekuur._request import MAX_RETRIES, TIMEOUT
from spreekuur._sync.inbound import InboundCalls
from spreekuur._sync.manage import ManageCalls
from spreekuur._sync.meetings import (
    BookingCalls,
    HoldCalls,
    MeetingTypeCalls,
    SlotCalls,
)
from spreekuur._sync.organisation import (
    CalendarCalls,
    FormCalls,
    KeyCalls,
    TenantCalls,
)
from spreekuur._sync.relations import (
    CustomerCalls,
    DeliveryCalls,
    NoticeCalls,
    RateCalls,
)
from spreekuur._sync.sending import Sender
from spreekuur._sync.series import ConflictCalls, SeriesCalls
from spreekuur._sync.setup import (
    AdvisorCalls,
    HolidayCalls,
    LocationCalls,
    ProductCalls,
    ResourceCalls,
)


class Spreekuur:
    """Talks to Spreekuur.

    Args:
        api_key: ``sk_…`` for the organisation's side. None suffices for links (``manage``).
        base_url: Where the service stands: ``https://appointments.bank.example``.
        timeout: Seconds to wait for each step of an exchange.
        max_retries: How often a call is repeated after a broken connection, 408, 429 or 5xx.
        transport: Replaces the network, as in tests.
        http_client: Replaces the whole HTTP client; whoever made it closes it.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str,
        timeout: float = TIMEOUT,
        max_retries: int = MAX_RETRIES,
        transport: httpx2.BaseTransport | None = None,
        http_client: httpx2.Client | None = None,
    ) -> None:
        if transport is not None and http_client is not None:
            raise ValueError("Give transport or http_client, not both.")
        if not base_url.startswith(("https://", "http://")):
            raise ValueError(f"base_url begins with https://, unlike {base_url!r}.")
        self._owns_http = http_client is None
        self._sender = Sender(
            http_client or httpx2.Client(transport=transport),
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            max_retries=max_retries,
        )
        self.meeting_types = MeetingTypeCalls(self._sender)
        self.slots = SlotCalls(self._sender)
        self.holds = HoldCalls(self._sender)
        self.bookings = BookingCalls(self._sender)
        self.series = SeriesCalls(self._sender)
        self.conflicts = ConflictCalls(self._sender)
        self.inbound = InboundCalls(self._sender)
        self.tenant = TenantCalls(self._sender)
        self.locations = LocationCalls(self._sender)
        self.advisors = AdvisorCalls(self._sender)
        self.products = ProductCalls(self._sender)
        self.resources = ResourceCalls(self._sender)
        self.holidays = HolidayCalls(self._sender)
        self.calendars = CalendarCalls(self._sender)
        self.forms = FormCalls(self._sender)
        self.keys = KeyCalls(self._sender)
        self.customers = CustomerCalls(self._sender)
        self.rates = RateCalls(self._sender)
        self.notices = NoticeCalls(self._sender)
        self.deliveries = DeliveryCalls(self._sender)

    def manage(self, token: str) -> ManageCalls:
        """Return what the holder of a manage link can do; *token* is the last part of the link."""
        return ManageCalls(self._sender, token)

    def with_options(
        self, *, timeout: float | None = None, max_retries: int | None = None
    ) -> "Spreekuur":
        """Return the same client, on the same connections, with another patience."""
        sender = self._sender
        return Spreekuur(
            sender.api_key,
            base_url=sender.base_url,
            timeout=sender.timeout if timeout is None else timeout,
            max_retries=sender.max_retries if max_retries is None else max_retries,
            http_client=sender.http,
        )

    def close(self) -> None:
        """Close the connections, unless they were handed in."""
        if self._owns_http:
            self._sender.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._sender.base_url!r})"
