# Generated from _async by generate_sync.py; edit there, then run that.
"""Meeting types, slots, holds and bookings."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spreekuur import models
from spreekuur._request import Call, ask, consent_list, page_of
from spreekuur._sync.sending import Sender
from spreekuur._wire import given
from spreekuur.words import Channel, Language, State


class MeetingTypeCalls:
    """Kinds of meetings that customers can book."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        *,
        lang: Language | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.Page[models.MeetingType]:
        """Return one page of the meeting types, in the language asked for."""
        return self._sender.send(_meeting_types(lang, cursor, limit))

    def iter(self, *, lang: Language | None = None) -> Iterator[models.MeetingType]:
        """Yield every meeting type."""
        return self._sender.items(_meeting_types(lang))

    def get(self, slug: str, *, lang: Language | None = None) -> models.MeetingType:
        """Return one meeting type."""
        route = "/v1/meeting-types/{}"
        query = {"lang": lang}
        return self._sender.send(ask("GET", route, slug, answer=models.MeetingType, query=query))

    def apply(
        self,
        *,
        slug: str,
        name: Mapping[Language, str],
        description: Mapping[Language, str] | None = None,
        duration: int | None = None,
        channels: Sequence[Channel],
        advisors: Sequence[str],
        locations: Sequence[str] = (),
        step: int | None = None,
        buffer_before: int | None = None,
        buffer_after: int | None = None,
        notice: int | None = None,
        window_days: int | None = None,
        form: str | None = None,
    ) -> models.MeetingTypeDefinition:
        """Make a meeting type, or change the one that has this slug.

        Texts are by language; duration, step, buffers and notice are minutes. What is left out
        gets the service's own default.
        """
        body = given(
            slug=slug,
            name=name,
            description=description,
            duration=duration,
            channels=channels,
            advisors=advisors,
            locations=locations,
            step=step,
            buffer_before=buffer_before,
            buffer_after=buffer_after,
            notice=notice,
            window_days=window_days,
            form=form,
        )
        return self._sender.send(
            ask("POST", "/v1/meeting-types", answer=models.MeetingTypeDefinition, body=body)
        )


class SlotCalls:
    """When a meeting can start."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        meeting_type: str,
        *,
        start: dt.date | dt.datetime,
        end: dt.date | dt.datetime,
        timezone: str,
        channel: Channel | None = None,
        location: str | None = None,
        duration: int | None = None,
        advisor: str | None = None,
        explain: bool | None = None,
    ) -> models.Slots:
        """Return the free starts in at most 62 days.

        Args:
            meeting_type: Its slug.
            start: A date in *timezone*, or an instant.
            end: The same, exclusive.
            timezone: The IANA zone that days are counted and starts are written in.
            channel: Only where this channel is possible.
            location: The slug of a branch.
            duration: Minutes, where the meeting type offers several.
            advisor: Only with this advisor.
            explain: Also count why other starts were refused.

        Raises:
            OffsetMissing: A datetime has no offset.
        """
        query = {
            "meeting_type": meeting_type,
            "start": start,
            "end": end,
            "timezone": timezone,
            "channel": channel,
            "location": location,
            "duration": duration,
            "advisor": advisor,
            "explain": explain,
        }
        return self._sender.send(
            ask("GET", "/v1/slots", answer=models.Slots, query=query),
        )


class HoldCalls:
    """Slots that are kept for a customer for a while."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        *,
        meeting_type: str,
        start: dt.datetime,
        channel: Channel,
        location: str | None = None,
        duration: int | None = None,
        advisor: str | None = None,
    ) -> models.Hold:
        """Keep a slot while the customer fills in the rest.

        Raises:
            SlotTaken: Somebody was first.
            SlotUnavailable: It is not a time that can be booked.
        """
        body = given(
            meeting_type=meeting_type,
            start=start,
            channel=channel,
            location=location,
            duration=duration,
            advisor=advisor,
        )
        return self._sender.send(ask("POST", "/v1/holds", answer=models.Hold, body=body))

    def release(self, hold: str) -> None:
        """Give a kept slot back."""
        self._sender.send(ask("DELETE", "/v1/holds/{}", hold, answer=type(None)))


class BookingCalls:
    """Meetings that were asked for."""

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
        duration: int | None = None,
        location: str | None = None,
        hold: str | None = None,
        advisor: str | None = None,
        participants: Sequence[models.Participant | Mapping[str, Any]] = (),
        answers: Mapping[str, Any] | None = None,
        consents: Mapping[str, bool] | None = None,
        idempotency_key: str | None = None,
    ) -> models.Booking:
        """Book a meeting.

        Args:
            meeting_type: Its slug.
            start: When it begins, with an offset.
            timezone: The customer's IANA zone.
            channel: ``branch`` needs a *location*.
            customer: Who books.
            duration: Minutes, where the meeting type offers several.
            location: The slug of a branch.
            hold: The hold that keeps this slot.
            advisor: With whom; otherwise the service chooses.
            participants: Who else comes.
            answers: Answers to the intake form, as far as they are known.
            consents: By purpose, whether the customer agrees.
            idempotency_key: Your own name for this booking, so that asking again from another
                process books nothing twice. One is made when you give none.

        Raises:
            SlotTaken: Somebody was first; ``alternatives`` are starts that are free.
            SlotUnavailable: It is not a time that can be booked.
            HoldExpired: The hold has ended; nothing was booked.
            OffsetMissing: *start* has no offset.
        """
        body = given(
            meeting_type=meeting_type,
            start=start,
            timezone=timezone,
            channel=channel,
            customer=customer,
            duration=duration,
            location=location,
            hold=hold,
            advisor=advisor,
            participants=participants,
            answers=answers or {},
            **consent_list(consents or {}),
        )
        return self._sender.send(
            ask("POST", "/v1/bookings", answer=models.Booking, body=body, key=idempotency_key)
        )

    def get(self, booking: str) -> models.Booking:
        """Return one booking."""
        return self._sender.send(ask("GET", "/v1/bookings/{}", booking, answer=models.Booking))

    def list(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        state: State | None = None,
        advisor: str | None = None,
        customer: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.Page[models.Booking]:
        """Return one page of the bookings between two moments."""
        return self._sender.send(_bookings(since, until, state, advisor, customer, cursor, limit))

    def iter(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        state: State | None = None,
        advisor: str | None = None,
        customer: str | None = None,
    ) -> Iterator[models.Booking]:
        """Yield every booking between two moments, page after page."""
        return self._sender.items(_bookings(since, until, state, advisor, customer))

    def reschedule(
        self, booking: str, start: dt.datetime, *, idempotency_key: str | None = None
    ) -> models.Booking:
        """Move a meeting to another start; advisor, duration and channel stay.

        Raises:
            SlotTaken: Somebody was first.
            SlotUnavailable: It is not a time that can be booked.
            Conflict: It was cancelled or has begun.
        """
        route = "/v1/bookings/{}/reschedule"
        body = {"start": start}
        return self._sender.send(
            ask("POST", route, booking, answer=models.Booking, body=body, key=idempotency_key)
        )

    def cancel(
        self, booking: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> models.Booking:
        """Cancel a meeting; its customer and advisor are told.

        Raises:
            Conflict: It was cancelled already or has begun.
        """
        route = "/v1/bookings/{}/cancel"
        body = given(reason=reason)
        return self._sender.send(
            ask("POST", route, booking, answer=models.Booking, body=body, key=idempotency_key)
        )

    def brief(self, booking: str) -> models.Brief:
        """Return what the advisor should know before this meeting."""
        route = "/v1/bookings/{}/brief"
        return self._sender.send(ask("GET", route, booking, answer=models.Brief))

    def brief_page(self, booking: str) -> str:
        """Return the brief as an HTML page."""
        route = "/v1/bookings/{}/brief"
        return self._sender.send(ask("GET", route, booking, answer=str, accept="text/html"))


def _meeting_types(
    lang: Language | None, cursor: str | None = None, limit: int | None = None
) -> Call[models.Page[models.MeetingType]]:
    return page_of(models.MeetingType, "/v1/meeting-types", cursor, limit, lang=lang)


def _bookings(
    since: dt.datetime | None,
    until: dt.datetime | None,
    state: State | None,
    advisor: str | None,
    customer: str | None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[models.Page[models.Booking]]:
    query = {"from": since, "until": until, "state": state, "advisor": advisor}
    return page_of(models.Booking, "/v1/bookings", cursor, limit, customer=customer, **query)
