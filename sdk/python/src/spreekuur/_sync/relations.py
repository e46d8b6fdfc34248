# Generated from _async by generate_sync.py; edit there, then run that.
"""Customers, the rates they are told about, and what they were told."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

from spreekuur import models
from spreekuur._request import Call, ask, consent_list, page_of
from spreekuur._sync.sending import Sender


class CustomerCalls:
    """Customers, what is known about them, and what they agree to."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def get(self, customer: str) -> models.Customer:
        """Return one customer."""
        return self._sender.send(ask("GET", "/v1/customers/{}", customer, answer=models.Customer))

    def facts(self, customer: str) -> models.Page[models.Fact]:
        """Return what is known about a customer, each with its source."""
        route = "/v1/customers/{}/facts"
        return self._sender.send(ask("GET", route, customer, answer=models.Page[models.Fact]))

    def consents(self, customer: str) -> models.Consents:
        """Return what a customer agrees to."""
        route = "/v1/customers/{}/consents"
        return self._sender.send(ask("GET", route, customer, answer=models.Consents))

    def set_consents(self, customer: str, consents: Mapping[str, bool]) -> models.Consents:
        """Record that a customer gave or withdrew consent, by purpose."""
        route = "/v1/customers/{}/consents"
        body = consent_list(consents)
        return self._sender.send(ask("PUT", route, customer, answer=models.Consents, body=body))

    def export(self, customer: str) -> models.CustomerExport:
        """Return all that is known of a customer, and who looked at it."""
        route = "/v1/customers/{}/export"
        return self._sender.send(ask("POST", route, customer, answer=models.CustomerExport))

    def hold(
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
        return self._sender.send(call)

    def holds(self, customer: str) -> models.Page[models.LegalHold]:
        """Return the legal holds that there are and were on a customer."""
        route = "/v1/customers/{}/legal-holds"
        answer = models.Page[models.LegalHold]
        return self._sender.send(ask("GET", route, customer, answer=answer))

    def lift_hold(self, customer: str, hold: str) -> None:
        """Let a legal hold no longer stand in the way."""
        route = "/v1/customers/{}/legal-holds/{}"
        self._sender.send(ask("DELETE", route, customer, hold, answer=type(None)))

    def erasure_plan(self, customer: str) -> models.ErasurePlan:
        """Return what stands in the way of erasing a customer."""
        route = "/v1/customers/{}/erasure-plan"
        return self._sender.send(ask("GET", route, customer, answer=models.ErasurePlan))

    def erase(
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
        return self._sender.send(call)

    def erasure(self, customer: str) -> models.Erasure:
        """Return the receipt of a customer who was erased, checked anew."""
        route = "/v1/customers/{}/erasure"
        return self._sender.send(ask("GET", route, customer, answer=models.Erasure))


class RateCalls:
    """Interest rates."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def publish(
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
        return self._sender.send(
            ask(
                "POST",
                "/v1/rates",
                answer=models.Rate,
                query=query,
                body=body,
                key=idempotency_key,
            )
        )

    def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Rate]:
        """Return one page of the rates."""
        return self._sender.send(page_of(models.Rate, "/v1/rates", cursor, limit))

    def iter(self) -> Iterator[models.Rate]:
        """Yield every rate."""
        return self._sender.items(page_of(models.Rate, "/v1/rates"))


class NoticeCalls:
    """What people were told."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        *,
        customer: str | None = None,
        booking: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.Page[models.Notice]:
        """Return one page of what was told to a customer, or about a booking."""
        return self._sender.send(_notices(customer, booking, cursor, limit))

    def iter(
        self, *, customer: str | None = None, booking: str | None = None
    ) -> Iterator[models.Notice]:
        """Yield everything that was told to a customer, or about a booking."""
        return self._sender.items(_notices(customer, booking))


class DeliveryCalls:
    """Notices on their way."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Delivery]:
        """Return one page of the deliveries."""
        return self._sender.send(page_of(models.Delivery, "/v1/deliveries", cursor, limit))

    def iter(self) -> Iterator[models.Delivery]:
        """Yield every delivery."""
        return self._sender.items(page_of(models.Delivery, "/v1/deliveries"))


def _notices(
    customer: str | None,
    booking: str | None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[models.Page[models.Notice]]:
    return page_of(models.Notice, "/v1/notices", cursor, limit, customer=customer, booking=booking)
