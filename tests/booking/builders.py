"""What tests of the booking room put on file, valid by default."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking import service
from booking.calendars.tables import (
    busy_spans,
    calendar_accounts,
    calendar_collections,
    calendar_objects,
)
from booking.hours import DAYS, WeeklyRange
from booking.model import Booking, BookingInput, Hold, HoldInput, SlotAnswer, SlotQuery
from booking.organisation import (
    Advisor,
    AdvisorInput,
    LocationInput,
    MeetingType,
    MeetingTypeInput,
    ScheduleInput,
)
from booking.values import Channel
from kernel.database import Database
from kernel.ids import Id, new_id

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
"""Monday, nine in the morning in Amsterdam."""

CUSTOMER = new_id("cus", NOW)


def tuesday(clock: str) -> datetime:
    """Return a time of Tuesday 1 December 2026 in Amsterdam."""
    hour, minute = clock.split(":")
    return datetime(2026, 12, 1, int(hour), int(minute), tzinfo=UTC) - timedelta(hours=1)


def clocks(starts: Iterable[datetime]) -> list[str]:
    """Return instants as times on the wall in Amsterdam in winter."""
    return [(start + timedelta(hours=1)).strftime("%d %H:%M") for start in starts]


async def add_branch(db: AsyncConnection, tenant: Id, slug: str, timezone: str) -> None:
    """Put a branch on file."""
    await service.add_location(
        db, tenant, LocationInput(slug=slug, name=slug.title(), timezone=timezone), now=NOW
    )


async def add_advisor(
    db: AsyncConnection,
    tenant: Id,
    name: str = "Sanne",
    *,
    hours: str | None = "09:00-12:00",
    locations: Sequence[str] = (),
    at: datetime = NOW,
    **more: Any,
) -> Advisor:
    """Put an advisor on file who works these hours on weekdays in Amsterdam; *more* of them."""
    advisor = await service.add_advisor(
        db,
        tenant,
        AdvisorInput(
            name=name,
            email=f"{name.lower()}@bank.example",
            timezone="Europe/Amsterdam",
            locations=list(locations),
            **more,
        ),
        now=at,
    )
    if hours:
        await set_hours(db, tenant, advisor, hours)
    return advisor


async def set_hours(
    db: AsyncConnection, tenant: Id, advisor: Advisor, hours: str, **more: Any
) -> None:
    """Let an advisor work these hours on weekdays in Amsterdam; *more* of the schedule."""
    weekly = [WeeklyRange(day=day, start=hours[:5], end=hours[6:]) for day in DAYS[:5]]
    schedule = ScheduleInput(timezone="Europe/Amsterdam", weekly=weekly, **more)
    await service.set_schedule(db, tenant, advisor.id, schedule, now=NOW)


async def add_advisors(
    db: AsyncConnection,
    tenant: Id,
    names: Sequence[str],
    *,
    hours: str = "09:00-12:00",
    **more: Any,
) -> list[Advisor]:
    """Put several on file, the first for longest; *more* of each."""
    return [
        await add_advisor(
            db,
            tenant,
            name,
            hours=hours,
            at=NOW - timedelta(days=1) + timedelta(seconds=place),
            **more,
        )
        for place, name in enumerate(names)
    ]


async def add_meeting_type(
    db: AsyncConnection,
    tenant: Id,
    advisors: Sequence[Advisor],
    *,
    slug: str = "hypotheek",
    duration: int = 60,
    step: int = 60,
    before: int = 0,
    after: int = 0,
    notice: int = 0,
    window_days: int = 30,
    channels: Sequence[Channel] = ("video", "phone"),
    locations: Sequence[str] = (),
    **more: Any,
) -> MeetingType:
    """Put a kind of meeting on file; *more* of it."""
    return await service.apply_meeting_type(
        db,
        tenant,
        MeetingTypeInput(
            slug=slug,
            name={"nl": "Hypotheekgesprek"},
            duration=duration,
            step=step,
            buffer_before=before,
            buffer_after=after,
            notice=notice,
            window_days=window_days,
            channels=list(channels),
            advisors=[advisor.id for advisor in advisors],
            locations=list(locations),
            **more,
        ),
        now=NOW,
    )


def wish(
    start: datetime,
    *,
    channel: Channel = "video",
    location: str | None = None,
    advisor: Id | None = None,
    hold: Id | None = None,
    timezone: str = "Europe/Amsterdam",
    duration: int | None = None,
    **more: Any,
) -> BookingInput:
    """Return what a customer sends to book."""
    return BookingInput(
        meeting_type=more.pop("meeting_type", "hypotheek"),
        start=start,
        timezone=timezone,
        channel=channel,
        location=location,
        advisor=advisor,
        hold=hold,
        duration=duration,
        language="nl",
        **more,
    )


async def book(
    db: AsyncConnection,
    tenant: Id,
    start: datetime,
    *,
    advisor: Id | None = None,
    hold: Id | None = None,
    now: datetime = NOW,
    customer: Id = CUSTOMER,
    **more: Any,
) -> Booking:
    """Book a video meeting, unless *more* says otherwise."""
    data = wish(start, advisor=advisor, hold=hold, **more)
    return await service.book(db, tenant, data, customer=customer, now=now)


async def hold(db: AsyncConnection, tenant: Id, start: datetime, **more: Any) -> Hold:
    """Hold a time for a video meeting, unless *more* says otherwise."""
    now = more.pop("now", NOW)
    wanted = {"meeting_type": "hypotheek", "channel": "video"} | more
    return await service.hold(db, tenant, HoldInput(start=start, **wanted), now=now)


_customers: Final = count()


def stranger() -> Id:
    """Return a customer whom nobody has met."""
    return new_id("cus", NOW + timedelta(seconds=next(_customers)))


async def ask(
    db: AsyncConnection, tenant: Id, start: datetime | None = None, days: float = 1, **more: Any
) -> SlotAnswer:
    """Ask when one can meet; on Tuesday unless *start* says otherwise."""
    since = start or tuesday("00:00")
    now, moving = more.pop("now", NOW), more.pop("moving", None)
    wanted = {"meeting_type": "hypotheek"} | more
    query = SlotQuery(start=since, end=since + timedelta(days=days), **wanted)
    return await service.slots(db, tenant, query, now=now, moving=moving)


async def connect_calendar(
    db: AsyncConnection,
    tenant: Id,
    advisor: Advisor,
    *,
    read_at: datetime | None = NOW,
    busy: Sequence[tuple[datetime, datetime]] = (),
) -> None:
    """Give an advisor a calendar of their own, last read at *read_at*, with these events."""
    account, collection, file = (new_id(prefix, NOW) for prefix in ("acc", "col", "cob"))
    await db.execute(
        insert(calendar_accounts).values(
            tenant_id=tenant,
            id=account,
            advisor_id=advisor.id,
            url="https://dav.example",
            username="sanne",
            password=b"sealed",
            state="active",
            failures=0,
            created_at=NOW,
        )
    )
    await db.execute(
        insert(calendar_collections).values(
            tenant_id=tenant,
            id=collection,
            account_id=account,
            url="https://dav.example/agenda",
            name="Agenda",
            role="busy",
            writable=False,
            last_ok_at=read_at,
            revision=1,
        )
    )
    await db.execute(
        insert(calendar_objects).values(
            tenant_id=tenant,
            id=file,
            collection_id=collection,
            href="/agenda/1.ics",
            etag="1",
            sha256="0",
            state="ok",
        )
    )
    for start, end in busy:
        await db.execute(
            insert(busy_spans).values(
                tenant_id=tenant,
                object_id=file,
                starts_at=start,
                ends_at=end,
                kind="busy",
                advisor_id=advisor.id,
                collection_id=collection,
            )
        )


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect what is said to the database, apart from what opens the transaction."""
    said: list[str] = []

    def listen(_c: object, _cur: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT set_config")):
            said.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    yield said
    event.remove(database.engine.sync_engine, "before_cursor_execute", listen)
