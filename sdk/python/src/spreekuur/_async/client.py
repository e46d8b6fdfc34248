"""The client itself: everything the service can do, by subject."""

from typing import Any, Self

import httpx2

from spreekuur._async.inbound import AsyncInboundCalls
from spreekuur._async.manage import AsyncManageCalls
from spreekuur._async.meetings import (
    AsyncBookingCalls,
    AsyncHoldCalls,
    AsyncMeetingTypeCalls,
    AsyncSlotCalls,
)
from spreekuur._async.organisation import (
    AsyncCalendarCalls,
    AsyncFormCalls,
    AsyncKeyCalls,
    AsyncTenantCalls,
)
from spreekuur._async.relations import (
    AsyncCustomerCalls,
    AsyncDeliveryCalls,
    AsyncNoticeCalls,
    AsyncRateCalls,
)
from spreekuur._async.sending import AsyncSender
from spreekuur._async.series import AsyncConflictCalls, AsyncSeriesCalls
from spreekuur._async.setup import (
    AsyncAdvisorCalls,
    AsyncHolidayCalls,
    AsyncLocationCalls,
    AsyncProductCalls,
    AsyncResourceCalls,
)
from spreekuur._request import MAX_RETRIES, TIMEOUT


class AsyncSpreekuur:
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
        transport: httpx2.AsyncBaseTransport | None = None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        if transport is not None and http_client is not None:
            raise ValueError("Give transport or http_client, not both.")
        if not base_url.startswith(("https://", "http://")):
            raise ValueError(f"base_url begins with https://, unlike {base_url!r}.")
        self._owns_http = http_client is None
        self._sender = AsyncSender(
            http_client or httpx2.AsyncClient(transport=transport),
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            max_retries=max_retries,
        )
        self.meeting_types = AsyncMeetingTypeCalls(self._sender)
        self.slots = AsyncSlotCalls(self._sender)
        self.holds = AsyncHoldCalls(self._sender)
        self.bookings = AsyncBookingCalls(self._sender)
        self.series = AsyncSeriesCalls(self._sender)
        self.conflicts = AsyncConflictCalls(self._sender)
        self.inbound = AsyncInboundCalls(self._sender)
        self.tenant = AsyncTenantCalls(self._sender)
        self.locations = AsyncLocationCalls(self._sender)
        self.advisors = AsyncAdvisorCalls(self._sender)
        self.products = AsyncProductCalls(self._sender)
        self.resources = AsyncResourceCalls(self._sender)
        self.holidays = AsyncHolidayCalls(self._sender)
        self.calendars = AsyncCalendarCalls(self._sender)
        self.forms = AsyncFormCalls(self._sender)
        self.keys = AsyncKeyCalls(self._sender)
        self.customers = AsyncCustomerCalls(self._sender)
        self.rates = AsyncRateCalls(self._sender)
        self.notices = AsyncNoticeCalls(self._sender)
        self.deliveries = AsyncDeliveryCalls(self._sender)

    # async only
    @classmethod
    def in_process(
        cls,
        app: Any,
        api_key: str | None = None,
        *,
        base_url: str = "http://localhost",
        **options: Any,
    ) -> "AsyncSpreekuur":
        """Return a client of an ASGI application in this very process; no socket is opened.

        The application's own start and stop (its lifespan) remain the caller's.
        """
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        return cls(api_key, base_url=base_url, transport=transport, **options)

    # end of async only
    def manage(self, token: str) -> AsyncManageCalls:
        """Return what the holder of a manage link can do; *token* is the last part of the link."""
        return AsyncManageCalls(self._sender, token)

    def with_options(
        self, *, timeout: float | None = None, max_retries: int | None = None
    ) -> "AsyncSpreekuur":
        """Return the same client, on the same connections, with another patience."""
        sender = self._sender
        return AsyncSpreekuur(
            sender.api_key,
            base_url=sender.base_url,
            timeout=sender.timeout if timeout is None else timeout,
            max_retries=sender.max_retries if max_retries is None else max_retries,
            http_client=sender.http,
        )

    async def aclose(self) -> None:
        """Close the connections, unless they were handed in."""
        if self._owns_http:
            await self._sender.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._sender.base_url!r})"
