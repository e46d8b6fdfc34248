"""What the fake does: lists, holds, books, moves and cancels, with the conflicts of the service."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field

from spreekuur import models
from spreekuur._fake.diary import Colleague, Diary, NotFree, Wish
from spreekuur._fake.requests import (
    BookingRequest,
    Guest,
    HoldRequest,
    MeetingTypeRequest,
    Refused,
    moment,
)

HOLD: Final = dt.timedelta(minutes=10)
MOST_DAYS: Final = 62
_LOOK_FOR_NEXT: Final = dt.timedelta(days=90)


class Entry(Struct, frozen=True, kw_only=True):
    """A booking as the fake keeps it; ``generation`` is part of the link's token."""

    booking: models.Booking
    wish: Wish
    greeting: str
    generation: int = 0

    @property
    def token(self) -> str:
        """The token of the link that is valid now."""
        return f"{self.booking.id}-{self.generation}"


class Office(Struct, kw_only=True):
    """Everything the fake knows."""

    now: dt.datetime
    url: str
    timezone: str
    diary: Diary = field(default_factory=Diary)
    kinds: dict[str, models.MeetingTypeDefinition] = field(default_factory=dict)
    locations: dict[str, models.Location] = field(default_factory=dict)
    holds: dict[str, tuple[models.Hold, Wish]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def new_id(self, prefix: str) -> str:
        """Return the next id of a kind; they are the same in every run."""
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}_{self.counts[prefix]:026d}"

    # Meeting types and slots

    def apply(self, data: MeetingTypeRequest) -> models.MeetingTypeDefinition:
        """Make or change a meeting type."""
        known = self.kinds.get(data.slug)
        values = msgspec.structs.asdict(data)
        kind = models.MeetingTypeDefinition(id=known.id if known else self.new_id("mty"), **values)
        self.kinds[data.slug] = kind
        return kind

    def meeting_type(self, slug: str, lang: str = "nl") -> models.MeetingType:
        """Return a meeting type as customers see it."""
        kind = self.kind(slug)
        return models.MeetingType(
            slug=kind.slug,
            name=_text(kind.name, lang),
            description=_text(kind.description, lang),
            durations=[kind.duration],
            channels=kind.channels,
            prepares=kind.form is not None,
            locations=[self.locations[one] for one in kind.locations if one in self.locations],
        )

    def kind(self, slug: str) -> models.MeetingTypeDefinition:
        """Return a meeting type, or refuse."""
        if slug not in self.kinds:
            raise Refused(404, "meeting-type-unknown", "There is no meeting type with this slug.")
        return self.kinds[slug]

    def slots(self, wish: Wish, query: dict[str, str]) -> models.Slots:
        """Return the free starts by local day."""
        zone = zone_of(query.get("timezone", ""))
        first, last = moment(query, "start", zone), moment(query, "end", zone)
        if last - first > dt.timedelta(days=MOST_DAYS):
            raise Refused(400, "invalid-request", f"At most {MOST_DAYS} days can be asked.")
        free, refused = self.diary.starts(wish, first, last, now=self.now)
        days: dict[dt.date, list[dt.datetime]] = {}
        for start in free:
            local = start.astimezone(zone)
            days.setdefault(local.date(), []).append(local)
        later: list[dt.datetime] = []
        if not free:
            later, _ = self.diary.starts(wish, last, last + _LOOK_FOR_NEXT, now=self.now)
        return models.Slots(
            timezone=query["timezone"],
            duration=wish.duration,
            days=days,
            next_available=later[0].astimezone(zone) if later else None,
            as_of=self.now.astimezone(zone),
            reasons=dict(refused) if query.get("explain") == "true" else None,
        )

    # Holds

    def hold(self, data: HoldRequest) -> models.Hold:
        """Keep a slot for ten minutes."""
        wish = self.wish(data)
        name = self.new_id("hld")
        until = self.now + HOLD
        colleague = self._claim(wish, name, data.start, until=until)
        hold = models.Hold(
            id=name, expires_at=until, **_span(data.start, wish.duration, colleague.timezone)
        )
        self.holds[name] = (hold, wish)
        return hold

    def release(self, hold: str) -> None:
        """Give a hold back."""
        if self.holds.pop(hold, None) is None:
            raise Refused(404, "not-found", "There is no hold with this id.")
        self.diary.release(hold)

    # Bookings

    def book(self, data: BookingRequest) -> models.Booking:
        """Book a meeting, with or without a hold."""
        if data.channel == "branch" and data.location is None:
            raise Refused(400, "invalid-request", "A meeting at a branch needs a location.")
        zone_of(data.timezone)
        _refuse_repeated(data)
        wish = self._with_hold(self.wish(data), data)
        name = self.new_id("bkg")
        try:
            colleague = self._claim(wish, name, data.start)
        except Refused as refused:
            if data.hold is not None:
                raise _hold_expired() from refused
            raise
        self.holds.pop(data.hold or "", None)
        entry = Entry(
            booking=self._booking(name, data, wish, colleague),
            wish=msgspec.structs.replace(wish, owner=name, advisor=colleague.id),
            greeting=_greeting(data),
        )
        return self._keep(entry)

    def entry(self, booking: str) -> Entry:
        """Return a booking, or refuse."""
        if booking not in self.entries:
            raise Refused(404, "not-found", "There is no booking with this id.")
        return self.entries[booking]

    def entry_behind(self, token: str) -> Entry:
        """Return the booking behind a link, or refuse."""
        entry = self.entries.get(token.rpartition("-")[0])
        if entry is None or not token.rpartition("-")[2].isdigit():
            raise Refused(404, "link-invalid", "This link is not one of ours.")
        if token != entry.token:
            raise Refused(410, "link-expired", "This link was replaced by a newer one.")
        return entry

    def move(self, entry: Entry, start: dt.datetime) -> Entry:
        """Move a booking; its old link ends."""
        self._still_open(entry)
        self._claim(entry.wish, entry.booking.id, start)
        moved = msgspec.structs.replace(
            entry.booking,
            sequence=entry.booking.sequence + 1,
            **_span(start, entry.wish.duration, entry.booking.timezone),
        )
        self._keep(msgspec.structs.replace(entry, booking=moved, generation=entry.generation + 1))
        return self.entries[moved.id]

    def cancel(self, entry: Entry) -> Entry:
        """Cancel a booking; its slot is free again."""
        self._still_open(entry)
        self.diary.release(entry.booking.id)
        ended = msgspec.structs.replace(
            entry.booking, state="cancelled", sequence=entry.booking.sequence + 1
        )
        self._keep(msgspec.structs.replace(entry, booking=ended))
        return self.entries[ended.id]

    def managed(self, entry: Entry) -> models.ManagedBooking:
        """Return a booking as its customer sees it."""
        shown = models.ManagedBooking.__struct_fields__
        values = {
            name: value
            for name, value in msgspec.structs.asdict(entry.booking).items()
            if name in shown
        }
        values["location"] = self.locations.get(entry.booking.location or "")
        return models.ManagedBooking(
            **values,
            can_change=entry.booking.state == "confirmed" and entry.booking.start > self.now,
            meeting_name=_text(entry.wish.kind.name, "nl"),
            greeting=entry.greeting,
        )

    def wish(self, data: HoldRequest | BookingRequest) -> Wish:
        """Return what a request asks for."""
        kind = self.kind(data.meeting_type)
        return Wish(
            kind=kind,
            duration=data.duration or kind.duration,
            advisor=data.advisor,
            channel=data.channel,
            location=data.location,
        )

    def _claim(
        self, wish: Wish, owner: str, start: dt.datetime, until: dt.datetime | None = None
    ) -> Colleague:
        try:
            return self.diary.claim(wish, owner, start, now=self.now, until=until)
        except NotFree as refusal:
            others = self.diary.alternatives(wish, start, now=self.now)
            near = [one.astimezone(start.tzinfo).isoformat() for one in others]
            when = start.isoformat()
            if refusal.taken:
                said = f"The slot at {when} has just been taken."
                raise Refused(409, "slot-taken", said, alternatives=near) from None
            said = f"{when} cannot be booked ({refusal.reason})."
            raise Refused(
                409, "slot-unavailable", said, reason=refusal.reason, alternatives=near
            ) from None

    def _with_hold(self, wish: Wish, data: BookingRequest) -> Wish:
        """Let a hold stand aside for its booking; one that has ended still may, if it can."""
        if data.hold is None:
            return wish
        if data.hold not in self.holds:
            raise _hold_expired()
        kept, held = self.holds[data.hold]
        if (kept.start, held.kind.slug) != (data.start, wish.kind.slug):
            raise Refused(400, "invalid-request", "The hold is for another meeting.")
        claim = next(one for one in self.diary.claims if one.owner == data.hold)
        return msgspec.structs.replace(wish, owner=data.hold, advisor=claim.advisor)

    def _booking(
        self, name: str, data: BookingRequest, wish: Wish, colleague: Colleague
    ) -> models.Booking:
        return models.Booking(
            id=name,
            state="confirmed",
            meeting_type=wish.kind.slug,
            timezone=data.timezone,
            channel=data.channel,
            location=data.location,
            advisor=models.AdvisorName(id=colleague.id, name=colleague.name),
            customer=self._customer(data.customer),
            participants=[self._customer(one) for one in data.participants],
            sequence=0,
            created_at=self.now.astimezone(zone_of(data.timezone)),
            **_span(data.start, wish.duration, data.timezone),
        )

    def _customer(self, guest: Guest) -> str:
        who = _person(guest)
        if who not in self.customers:
            self.customers[who] = self.new_id("cus")
        return self.customers[who]

    def _keep(self, entry: Entry) -> models.Booking:
        intake = f"{self.url}/intake/{entry.token}" if entry.wish.kind.form else None
        booking = msgspec.structs.replace(
            entry.booking, manage_url=f"{self.url}/manage/{entry.token}", intake_url=intake
        )
        self.entries[booking.id] = msgspec.structs.replace(entry, booking=booking)
        return booking

    def _still_open(self, entry: Entry) -> None:
        if entry.booking.state == "cancelled":
            raise Refused(409, "conflict", "This meeting was cancelled already.")
        if entry.booking.start <= self.now:
            raise Refused(409, "conflict", "This meeting has begun already.")


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone, or refuse."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        raise Refused(400, "invalid-request", f"{name!r} is no IANA time zone.") from None


def _person(guest: Guest) -> str:
    """Return by what somebody is recognised: their address and their surname."""
    name = guest.name
    return f"{guest.email} {name.prefix} {name.surname}".casefold()


def _refuse_repeated(data: BookingRequest) -> None:
    """Refuse somebody who is to come already."""
    there = {_person(data.customer)}
    for index, guest in enumerate(data.participants):
        if _person(guest) in there:
            said = "Somebody with this e-mail address and surname is to come already."
            pointer = f"/participants/{index}/email"
            problem = {"pointer": pointer, "detail": said, "code": "person-repeated"}
            raise Refused(400, "invalid-request", said, errors=[problem])
        there.add(_person(guest))


def _hold_expired() -> Refused:
    return Refused(409, "hold-expired", "The hold has ended; nothing was booked.")


def _span(start: dt.datetime, minutes: int, timezone: str) -> dict[str, Any]:
    zone = ZoneInfo(timezone)
    # Added in UTC: a meeting over a clock change keeps its length.
    end = start.astimezone(dt.UTC) + dt.timedelta(minutes=minutes)
    return {"start": start.astimezone(zone), "end": end.astimezone(zone)}


def _text(texts: Mapping[str, str], lang: str) -> str:
    return texts.get(lang) or next(iter(texts.values()), "")


def _greeting(data: BookingRequest) -> str:
    name = data.customer.name
    full = " ".join(part for part in (name.given, name.prefix, name.surname) if part)
    return f"{'Dear' if data.customer.language == 'en' else 'Beste'} {full}"
