# Generated from _async by generate_sync.py; edit there, then run that.
"""What the holder of a link from a mail can do with their own booking."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from spreekuur import models
from spreekuur._request import ask, consent_list
from spreekuur._sync.sending import Sender


class ManageCalls:
    """One customer's booking, by the token of their link; no API key is sent.

    Attributes:
        token: The link's last part. A reschedule replaces the link; this follows it.
    """

    def __init__(self, sender: Sender, token: str) -> None:
        self._sender = sender
        self.token = token

    def get(self) -> models.ManagedBooking:
        """Return the booking.

        Raises:
            NotFound: The link never was one.
            Gone: The link has ended.
        """
        return self._sender.send(
            ask(
                "GET",
                "/v1/manage/{}",
                self.token,
                answer=models.ManagedBooking,
                authorized=False,
            )
        )

    def slots(
        self, *, start: dt.date | dt.datetime, end: dt.date | dt.datetime, timezone: str
    ) -> models.Slots:
        """Return the starts that this booking can move to."""
        return self._sender.send(
            ask(
                "GET",
                "/v1/manage/{}/slots",
                self.token,
                answer=models.Slots,
                query={"start": start, "end": end, "timezone": timezone},
                authorized=False,
            )
        )

    def reschedule(self, start: dt.datetime) -> models.ManagedBooking:
        """Move the meeting; the old link ends, and this goes on with the new one.

        Raises:
            SlotTaken: Somebody was first.
            SlotUnavailable: It is not a time that can be booked.
        """
        booking = self._sender.send(
            ask(
                "POST",
                "/v1/manage/{}/reschedule",
                self.token,
                answer=models.ManagedBooking,
                body={"start": start},
                authorized=False,
            )
        )
        if booking.manage_url is not None:
            self.token = booking.manage_url.rpartition("/")[2]
        return booking

    def repair(self, start: dt.datetime, advisor: str) -> models.ManagedBooking:
        """Take one of the times in ``conflict``; where the meeting moves, this follows the link.

        Raises:
            Conflict: It is not one of those that were offered.
            SlotTaken: Somebody was first; the others still stand.
        """
        booking = self._sender.send(
            ask(
                "POST",
                "/v1/manage/{}/repair",
                self.token,
                answer=models.ManagedBooking,
                body={"start": start, "advisor": advisor},
                authorized=False,
            )
        )
        if booking.manage_url is not None:
            self.token = booking.manage_url.rpartition("/")[2]
        return booking

    def cancel(self, *, reason: str | None = None) -> models.ManagedBooking:
        """Cancel the meeting."""
        return self._sender.send(
            ask(
                "POST",
                "/v1/manage/{}/cancel",
                self.token,
                answer=models.ManagedBooking,
                body={"reason": reason},
                authorized=False,
            )
        )

    def intake(self) -> models.Intake:
        """Return the questions before the meeting and the answers so far."""
        return self._sender.send(
            ask(
                "GET",
                "/v1/manage/{}/intake",
                self.token,
                answer=models.Intake,
                authorized=False,
            )
        )

    def save_intake(self, answers: Mapping[str, Any], *, submit: bool = False) -> models.Intake:
        """Save answers; those not named stay as they are, and None takes one back.

        Raises:
            InvalidRequest: An answer does not fit its question; ``errors`` says which.
        """
        return self._sender.send(
            ask(
                "PUT",
                "/v1/manage/{}/intake",
                self.token,
                answer=models.Intake,
                body={"answers": answers, "submit": submit},
                authorized=False,
            )
        )

    def consents(self) -> models.Consents:
        """Return what this customer agrees to."""
        return self._sender.send(
            ask(
                "GET",
                "/v1/manage/{}/consents",
                self.token,
                answer=models.Consents,
                authorized=False,
            )
        )

    def data(self) -> models.CustomerExport:
        """Return all that is known of this customer, and who looked at it.

        Raises:
            Forbidden: The link is not the one in the customer's own mail.
        """
        return self._sender.send(
            ask(
                "GET",
                "/v1/manage/{}/data",
                self.token,
                answer=models.CustomerExport,
                authorized=False,
            )
        )

    def erase(self, *, cancel_meetings: bool = False) -> models.Erasure:
        """Erase all that is known of this customer, for good; the link ends with it.

        Raises:
            Forbidden: The link is not the one in the customer's own mail.
        """
        return self._sender.send(
            ask(
                "POST",
                "/v1/manage/{}/erase",
                self.token,
                answer=models.Erasure,
                body={"cancel_meetings": cancel_meetings},
                authorized=False,
            )
        )

    def set_consents(self, consents: Mapping[str, bool]) -> models.Consents:
        """Give or withdraw consent, by purpose."""
        return self._sender.send(
            ask(
                "PUT",
                "/v1/manage/{}/consents",
                self.token,
                answer=models.Consents,
                body=consent_list(consents),
                authorized=False,
            )
        )
