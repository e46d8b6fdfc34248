"""Customers, the rates they are told about, and what they were told."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

from spreekuur import models
from spreekuur._async.sending import AsyncSender
from spreekuur._request import Call, ask, consent_list, page_of


class AsyncCustomerCalls:
    """Customers, what is known about them, and what they agree to."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def get(self, customer: str) -> models.Customer:
        """Return one customer."""
        return await self._sender.send(
            ask("GET", "/v1/customers/{}", customer, answer=models.Customer)
        )

    async def facts(self, customer: str) -> models.Page[models.Fact]:
        """Return what is known about a customer, each with its source."""
        route = "/v1/customers/{}/facts"
        return await self._sender.send(ask("GET", route, customer, answer=models.Page[models.Fact]))

    async def consents(self, customer: str) -> models.Consents:
        """Return what a customer agrees to."""
        route = "/v1/customers/{}/consents"
        return await self._sender.send(ask("GET", route, customer, answer=models.Consents))

    async def set_consents(self, customer: str, consents: Mapping[str, bool]) -> models.Consents:
        """Record that a customer gave or withdrew consent, by purpose."""
        route = "/v1/customers/{}/consents"
        body = consent_list(consents)
        return await self._sender.send(
            ask("PUT", route, customer, answer=models.Consents, body=body)
        )

    async def export(self, customer: str) -> models.CustomerExport:
        """Return all that is known of a customer, and who looked at it."""
        route = "/v1/customers/{}/export"
        return await self._sender.send(ask("POST", route, customer, answer=models.CustomerExport))

    async def hold(
        self,
        customer: str,
        *,
        reason: str,
        until: dt.date | None = None,
        idempotency_key: str | None = None,
    ) -> models.LegalHold:
        """Keep what is known of a customer from being erased, until a day or for good."""
        body = {"reason": reason, "until": until}
        route = "/v1/customers/{}/legal-holds"
        call = ask("POST", route, customer, answer=models.LegalHold, body=body, key=idempotency_key)
        return await self._sender.send(call)

    async def holds(self, customer: str) -> models.Page[models.LegalHold]:
        """Return the legal holds that there are and were on a customer."""
        route = "/v1/customers/{}/legal-holds"
        answer = models.Page[models.LegalHold]
        return await self._sender.send(ask("GET", route, customer, answer=answer))

    async def lift_hold(self, customer: str, hold: str) -> None:
        """Let a legal hold no longer stand in the way."""
        route = "/v1/customers/{}/legal-holds/{}"
        await self._sender.send(ask("DELETE", route, customer, hold, answer=type(None)))

    async def erasure_plan(self, customer: str) -> models.ErasurePlan:
        """Return what stands in the way of erasing a customer."""
        route = "/v1/customers/{}/erasure-plan"
        return await self._sender.send(ask("GET", route, customer, answer=models.ErasurePlan))

    async def erase(
        self,
        customer: str,
        *,
        cancel_meetings: bool = False,
        idempotency_key: str | None = None,
    ) -> models.Erasure:
        """Erase all that is known of a customer, for good, and return the receipt."""
        body = {"cancel_meetings": cancel_meetings}
        route = "/v1/customers/{}/erase"
        call = ask("POST", route, customer, answer=models.Erasure, body=body, key=idempotency_key)
        return await self._sender.send(call)

    async def erasure(self, customer: str) -> models.Erasure:
        """Return the receipt of a customer who was erased, checked anew."""
        route = "/v1/customers/{}/erasure"
        return await self._sender.send(ask("GET", route, customer, answer=models.Erasure))


class AsyncRateCalls:
    """Interest rates."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def publish(
        self,
        *,
        product: str,
        fixed_years: int,
        rate: Decimal | str,
        valid_from: dt.date,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> models.Rate:
        """Publish a rate; customers whose own figures it changes, and who asked, are told.

        Args:
            product: Such as ``mortgage-annuity``.
            fixed_years: For how long the rate is fixed.
            rate: Percent, exact: ``"3.85"``.
            valid_from: The first day it holds.
            dry_run: Only tell how many customers would be told (``would_notify``); change
                nothing.
            idempotency_key: Your own name for this publication.
        """
        body = {
            "product": product,
            "fixed_years": fixed_years,
            "rate": rate,
            "valid_from": valid_from,
        }
        query = {"dry_run": dry_run or None}
        return await self._sender.send(
            ask(
                "POST",
                "/v1/rates",
                answer=models.Rate,
                query=query,
                body=body,
                key=idempotency_key,
            )
        )

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Rate]:
        """Return one page of the rates."""
        return await self._sender.send(page_of(models.Rate, "/v1/rates", cursor, limit))

    def iter(self) -> AsyncIterator[models.Rate]:
        """Yield every rate."""
        return self._sender.items(page_of(models.Rate, "/v1/rates"))


class AsyncNoticeCalls:
    """What people were told."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        customer: str | None = None,
        booking: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.Page[models.Notice]:
        """Return one page of what was told to a customer, or about a booking."""
        return await self._sender.send(_notices(customer, booking, cursor, limit))

    def iter(
        self, *, customer: str | None = None, booking: str | None = None
    ) -> AsyncIterator[models.Notice]:
        """Yield everything that was told to a customer, or about a booking."""
        return self._sender.items(_notices(customer, booking))


class AsyncDeliveryCalls:
    """Notices on their way."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Delivery]:
        """Return one page of the deliveries."""
        return await self._sender.send(page_of(models.Delivery, "/v1/deliveries", cursor, limit))

    def iter(self) -> AsyncIterator[models.Delivery]:
        """Yield every delivery."""
        return self._sender.items(page_of(models.Delivery, "/v1/deliveries"))


def _notices(
    customer: str | None,
    booking: str | None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[models.Page[models.Notice]]:
    return page_of(models.Notice, "/v1/notices", cursor, limit, customer=customer, booking=booking)
