# Generated from _async by generate_sync.py; edit there, then run that.
"""Meetings that come back, and meetings whose time was taken after all."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spreekuur import models
from spreekuur._request import Call, ask, consent_list, page_of, participant_list
from spreekuur._sync.sending import Sender
from spreekuur._wire import given
from spreekuur.words import Channel, Waiver


class SeriesCalls:
    """Meetings that come back."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        *,
        meeting_type: str,
        start: dt.datetime,
        timezone: str,
        channel: Channel,
        customer: models.CustomerInput | Mapping[str, Any],
        repeat: models.Repeat | Mapping[str, Any],
        duration: int | None = None,
        location: str | None = None,
        hold: str | None = None,
        language: str | None = None,
        advisor: str | None = None,
        waive: Sequence[Waiver] | None = None,
        participants: Sequence[models.Participant | Mapping[str, Any]] = (),
        answers: Mapping[str, Any] | None = None,
        consents: Mapping[str, bool] | None = None,
        idempotency_key: str | None = None,
    ) -> models.Series:
        """Book a meeting that comes back: all of them with one advisor, or none.

        The arguments are those of ``bookings.create``, and *repeat*. A *hold* is for the first.

        Raises:
            SlotTaken: Somebody has one of the times; ``occurrence`` says which, from 1.
            SlotUnavailable: One of them is not a time that can be booked.
            OffsetMissing: *start* has no offset.
        """
        body = given(
            meeting_type=meeting_type,
            start=start,
            timezone=timezone,
            channel=channel,
            customer=customer,
            repeat=repeat,
            duration=duration,
            location=location,
            hold=hold,
            language=language,
            advisor=advisor,
            waive=waive,
            participants=participant_list(participants),
            answers=answers or {},
            **consent_list(consents or {}),
        )
        return self._sender.send(
            ask("POST", "/v1/series", answer=models.Series, body=body, key=idempotency_key)
        )

    def get(self, series: str) -> models.Series:
        """Return all meetings of a series."""
        return self._sender.send(ask("GET", "/v1/series/{}", series, answer=models.Series))

    def cancel(
        self,
        series: str,
        *,
        since: dt.datetime | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> models.Series:
        """Cancel what is still to come of a series, from *since* on; return what was cancelled.

        Raises:
            Conflict: Nothing of it is still to come.
        """
        route = "/v1/series/{}/cancel"
        body = given(reason=reason, **{"from": since})
        return self._sender.send(
            ask("POST", route, series, answer=models.Series, body=body, key=idempotency_key)
        )


class ConflictCalls:
    """Meetings whose time was taken in the calendar of somebody who is to be there."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(self, *, advisor: str | None = None) -> models.Page[models.CalendarConflict]:
        """Return the conflicts about which somebody has to choose."""
        return self._sender.send(_conflicts(advisor))

    def iter(self, *, advisor: str | None = None) -> Iterator[models.CalendarConflict]:
        """Yield every conflict about which somebody has to choose."""
        return self._sender.items(_conflicts(advisor))

    def dismiss(
        self, conflict: str, *, idempotency_key: str | None = None
    ) -> models.CalendarConflict:
        """Let a meeting go on as planned, beside what stands in the calendar.

        Raises:
            Conflict: It has been settled already.
        """
        route = "/v1/conflicts/{}/dismiss"
        return self._sender.send(
            ask("POST", route, conflict, answer=models.CalendarConflict, key=idempotency_key)
        )


def _conflicts(advisor: str | None) -> Call[models.Page[models.CalendarConflict]]:
    return page_of(models.CalendarConflict, "/v1/conflicts", advisor=advisor)
