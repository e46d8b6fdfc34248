# Generated from _async by generate_sync.py; edit there, then run that.
"""Meeting types, slots, holds and bookings."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spreekuur import models
from spreekuur._request import Call, ask, consent_list, page_of, participant_list
from spreekuur._sync.sending import Sender
from spreekuur._wire import given
from spreekuur.words import Channel, Grid, Language, Outcome, State, Waiver


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

    def definition(self, slug: str) -> models.MeetingTypeDefinition:
        """Return all that a meeting type is defined by."""
        route = "/v1/meeting-types/{}/definition"
        return self._sender.send(ask("GET", route, slug, answer=models.MeetingTypeDefinition))

    def apply(
        self,
        *,
        slug: str,
        name: Mapping[Language, str],
        channels: Sequence[Channel],
        advisors: Sequence[str],
        description: Mapping[Language, str] | None = None,
        duration: int | None = None,
        durations: Sequence[int] | None = None,
        grid: Grid | None = None,
        step: int | None = None,
        offset: int | None = None,
        buffer_before: int | None = None,
        buffer_after: int | None = None,
        preparation: int | None = None,
        wrap_up: int | None = None,
        notice: int | None = None,
        window_days: int | None = None,
        bookable_days: int | None = None,
        bookable_from: dt.date | None = None,
        bookable_until: dt.date | None = None,
        limits: Sequence[models.Limit | Mapping[str, Any]] | None = None,
        load: int | None = None,
        seats: int | None = None,
        first_of_day: bool | None = None,
        timezone: str | None = None,
        hours: models.OpenHours | Mapping[str, Any] | None = None,
        channel_hours: Mapping[Channel, models.OpenHours | Mapping[str, Any]] | None = None,
        product: str | None = None,
        skills: Sequence[str] | None = None,
        priorities: Mapping[str, int] | None = None,
        weights: Mapping[str, int] | None = None,
        roles: Sequence[models.Role | Mapping[str, Any]] | None = None,
        resources: Sequence[models.ResourceNeed | Mapping[str, Any]] | None = None,
        locations: Sequence[str] = (),
        approval: bool | None = None,
        form: str | None = None,
    ) -> models.MeetingTypeDefinition:
        """Make a meeting type, or change the one that has this slug.

        What is left out gets the service's own default. Times are minutes unless they say days.

        Args:
            slug: Its short name.
            name: By language.
            channels: The ways of meeting.
            advisors: Ids of those who give it.
            description: By language.
            duration: The usual length.
            durations: All lengths that can be asked for.
            grid: How starts are laid out.
            step: From one start to the next.
            offset: Added to where the grid begins.
            buffer_before: Must be free before; may lie outside working hours.
            buffer_after: The same, afterwards.
            preparation: What the advisor works before it, in working hours.
            wrap_up: The same, afterwards.
            notice: How far ahead it is booked at least.
            window_days: How many days ahead at most.
            bookable_days: Of the days on which something is free, only this many are on offer.
            bookable_from: The first date on offer.
            bookable_until: The last.
            limits: The most of these meetings that an advisor or a customer has.
            load: Load points of a meeting.
            seats: How many customers take part in one meeting.
            first_of_day: Only the first free start of every day is on offer.
            timezone: Where its days and hours are meant.
            hours: When it is given.
            channel_hours: The same, by way of meeting.
            product: Slug of what it is about.
            skills: What the advisor must be able to do.
            priorities: By advisor, 1 to 9; the highest are asked first.
            weights: By advisor, percents of a full share.
            roles: Who must be there beside the advisor.
            resources: What else it takes.
            locations: Slugs of the branches it is given in.
            approval: Whether the advisor has to say yes first.
            form: Slug of the form that prepares it.

        Raises:
            Unprocessable: It could never be booked; the error says why (``never-offered``).
        """
        body = given(
            slug=slug,
            name=name,
            channels=channels,
            advisors=advisors,
            description=description,
            duration=duration,
            durations=durations,
            grid=grid,
            step=step,
            offset=offset,
            buffer_before=buffer_before,
            buffer_after=buffer_after,
            preparation=preparation,
            wrap_up=wrap_up,
            notice=notice,
            window_days=window_days,
            bookable_days=bookable_days,
            bookable_from=bookable_from,
            bookable_until=bookable_until,
            limits=limits,
            load=load,
            seats=seats,
            first_of_day=first_of_day,
            timezone=timezone,
            hours=hours,
            channel_hours=channel_hours,
            product=product,
            skills=skills,
            priorities=priorities,
            weights=weights,
            roles=roles,
            resources=resources,
            locations=locations,
            approval=approval,
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
        language: str | None = None,
        advisor: str | None = None,
        customer: str | None = None,
        waive: Sequence[Waiver] | None = None,
        explain: bool | None = None,
        lang: Language | None = None,
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
            language: Only where this language can be spoken; a tag such as ``en``.
            advisor: Only with this advisor.
            customer: Count this customer's limits and own advisor; secret keys only.
            waive: Rules to set aside; secret keys only.
            explain: Also say why other starts were refused, and what would help.
            lang: What the explanation is written in.

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
            "language": language,
            "advisor": advisor,
            "customer": customer,
            "waive": waive,
            "explain": explain,
            "lang": lang,
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
        language: str | None = None,
        advisor: str | None = None,
        customer: str | None = None,
        waive: Sequence[Waiver] | None = None,
    ) -> models.Hold:
        """Keep a slot while the customer fills in the rest.

        *language* is to be spoken; *customer* and *waive* are for secret keys only.

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
            language=language,
            advisor=advisor,
            customer=customer,
            waive=waive,
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
        language: str | None = None,
        advisor: str | None = None,
        waive: Sequence[Waiver] | None = None,
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
            language: What is to be spoken; a tag such as ``en``.
            advisor: With whom; otherwise the service chooses.
            waive: Rules to set aside; secret keys only.
            participants: Who else comes. Each is told of the meeting like the customer, without
                the customer's links.
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
            language=language,
            advisor=advisor,
            waive=waive,
            participants=participant_list(participants),
            answers=answers or {},
            **consent_list(consents or {}),
        )
        return self._sender.send(
            ask("POST", "/v1/bookings", answer=models.Booking, body=body, key=idempotency_key)
        )

    def get(self, booking: str, *, as_of: dt.datetime | None = None) -> models.Booking:
        """Return one booking, as it is or as it stood at *as_of*."""
        route, query = "/v1/bookings/{}", {"as_of": as_of}
        return self._sender.send(ask("GET", route, booking, answer=models.Booking, query=query))

    def history(
        self, booking: str, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.HistoryEntry]:
        """Return one page of what became of a booking, the first step first."""
        return self._sender.send(_history(booking, cursor, limit))

    def iter_history(self, booking: str) -> Iterator[models.HistoryEntry]:
        """Yield every step in the life of a booking."""
        return self._sender.items(_history(booking))

    def assignment(self, booking: str, *, lang: Language | None = None) -> models.Assignment:
        """Return why a booking is with whom it is."""
        route, query = "/v1/bookings/{}/assignment", {"lang": lang}
        return self._sender.send(ask("GET", route, booking, answer=models.Assignment, query=query))

    def list(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        state: State | None = None,
        advisor: str | None = None,
        customer: str | None = None,
        series: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.Page[models.Booking]:
        """Return one page of the bookings between two moments."""
        return self._sender.send(
            _bookings(since, until, state, advisor, customer, series, cursor, limit)
        )

    def iter(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        state: State | None = None,
        advisor: str | None = None,
        customer: str | None = None,
        series: str | None = None,
    ) -> Iterator[models.Booking]:
        """Yield every booking between two moments, page after page."""
        return self._sender.items(_bookings(since, until, state, advisor, customer, series))

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

    def reassign(
        self, booking: str, *, advisor: str | None = None, idempotency_key: str | None = None
    ) -> models.Booking:
        """Give a meeting to another advisor at the same time; to whoever suits best without one.

        Raises:
            SlotTaken: Nobody who could take over is free.
            SlotUnavailable: Nobody else gives this meeting.
            Conflict: They have it already, it was cancelled or has begun.
        """
        route = "/v1/bookings/{}/reassign"
        body = given(advisor=advisor)
        return self._sender.send(
            ask("POST", route, booking, answer=models.Booking, body=body, key=idempotency_key)
        )

    def repair(
        self,
        booking: str,
        start: dt.datetime,
        advisor: str,
        *,
        idempotency_key: str | None = None,
    ) -> models.Booking:
        """Give a meeting another time, another advisor, or both at once.

        Raises:
            SlotTaken: Somebody was first.
            SlotUnavailable: It is not a time that can be booked.
            Conflict: It was cancelled or has begun.
        """
        route = "/v1/bookings/{}/repair"
        body = {"start": start, "advisor": advisor}
        return self._sender.send(
            ask("POST", route, booking, answer=models.Booking, body=body, key=idempotency_key)
        )

    def confirm(self, booking: str, *, idempotency_key: str | None = None) -> models.Booking:
        """Give the advisor's word on a meeting that waits for it.

        Raises:
            Conflict: It does not wait, was cancelled or has begun.
        """
        route = "/v1/bookings/{}/confirm"
        return self._sender.send(
            ask("POST", route, booking, answer=models.Booking, key=idempotency_key)
        )

    def decline(
        self, booking: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> models.Booking:
        """Say no to a meeting that waits for the advisor's word; its customer is told.

        Raises:
            Conflict: It does not wait, was cancelled or has begun.
        """
        route = "/v1/bookings/{}/decline"
        body = given(reason=reason)
        return self._sender.send(
            ask("POST", route, booking, answer=models.Booking, body=body, key=idempotency_key)
        )

    def outcome(
        self, booking: str, outcome: Outcome, *, idempotency_key: str | None = None
    ) -> models.Booking:
        """Write down whether the customer came, once the meeting has begun.

        Raises:
            Conflict: It has not begun, was never confirmed, or has this outcome already.
        """
        route = "/v1/bookings/{}/outcome"
        body = {"outcome": outcome}
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
    series: str | None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[models.Page[models.Booking]]:
    query = {"from": since, "until": until, "state": state, "advisor": advisor, "series": series}
    return page_of(models.Booking, "/v1/bookings", cursor, limit, customer=customer, **query)


def _history(
    booking: str, cursor: str | None = None, limit: int | None = None
) -> Call[models.Page[models.HistoryEntry]]:
    return ask(
        "GET",
        "/v1/bookings/{}/history",
        booking,
        answer=models.Page[models.HistoryEntry],
        query={"cursor": cursor, "limit": limit},
    )
