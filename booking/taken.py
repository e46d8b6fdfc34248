"""What is taken of the people and things that a meeting needs, as the engine wants it."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct, field

from kernel.ids import Id
from kernel.tenancy import TenantSettings


class Work(NamedTuple):
    """A meeting that counts: when it begins, what it asks, and if it is of the kind asked for."""

    start: int
    minutes: int
    load: int
    same_kind: bool


class Running(NamedTuple):
    """A session with its seats: *taken* of them are."""

    id: UUID
    start: int
    taken: int
    seats: int
    advisor: UUID


class Question(Struct, frozen=True, kw_only=True):
    """What to read.

    Attributes:
        people: Advisors.
        things: Resources.
        start: The first second of interest, buffers included.
        end: The last.
        kind: The id of the kind of meeting, whose meetings are told apart from others.
        sessions: Whether several customers share a meeting: (channel, location id, minutes).
        customer: Who asks.
        apart_from: A booking or hold that is about to give back what it takes.
        counted: Whether meetings are counted, because of limits, or only avoided.
        effort: From when to when it is asked what work everybody has, to share it out.
    """

    people: Sequence[Id]
    things: Sequence[Id] = ()
    start: int
    end: int
    kind: Id
    sessions: tuple[str | None, Id | None, int] | None = None
    customer: Id | None = None
    apart_from: Id | None = None
    counted: bool = False
    effort: tuple[int, int] | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """What is taken, by the UUID of an advisor or resource; spans are (start, end) in seconds.

    Attributes:
        version: Of what the organisation has set up; None if it never changed.
        settings: What the organisation decided for itself.
        busy: By their own calendars.
        claimed: By bookings, holds and sessions, buffers included.
        work: What of it counts in limits.
        effort: What it asks of people: (begin, minutes times load points) of every meeting.
        read_at: When the most neglected calendar was last read; None if one never was. Who has no
            calendar is not there. Only where somebody is to be chosen.
        least_fresh: The same of everybody together, apart from calendars that never were read.
        running: Sessions of the kind asked for.
        customers: The customer's own meetings.
        excluded: Who must not advise the customer.
        known: Whom the customer met or is to meet, the latest meeting first.
        expired: Of whom a hold that has expired still has claims; only where work is shared out.
        content: A digest of all that this was made from, but for when calendars were read.
    """

    version: Id | None
    settings: TenantSettings
    busy: Mapping[UUID, Sequence[tuple[int, int]]]
    claimed: Mapping[UUID, Sequence[tuple[int, int]]]
    work: Mapping[UUID, list[Work]]
    effort: Mapping[UUID, Sequence[tuple[int, int]]]
    read_at: Mapping[UUID, int | None] = field(default_factory=dict)
    least_fresh: int | None = None
    running: list[Running] = field(default_factory=list)
    customers: list[Work] = field(default_factory=list)
    excluded: Collection[UUID] = frozenset()
    known: Sequence[UUID] = ()
    expired: Collection[UUID] = frozenset()
    content: bytes = b""
