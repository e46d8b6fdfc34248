"""Whatever is done in whatever order, the booking room agrees with a model of forty lines."""

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

import kernel.tables  # noqa: F401  # every table is known before they are made
from booking import service, setup
from booking.errors import BookingOver, HoldExpired, SameTime, SlotTaken, SlotUnavailable
from booking.holding import GRACE
from booking.organisation import AbsenceInput, Advisor
from booking.tables import claims
from kernel.database import Database, metadata
from kernel.errors import Conflict, NotFound
from kernel.ids import Id, uuid_of
from kernel.tenancy import TenantSettings, create_tenant
from tests.booking.builders import (
    NOW,
    add_advisors,
    add_meeting_type,
    ask,
    book,
    hold,
    set_hours,
    stranger,
    tuesday,
)

T = TypeVar("T")

DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
NAMES: Final = ("Anna", "Bob")
DAYS: Final = (tuesday("00:00"), tuesday("00:00") + DAY)
REFUSALS: Final = (SlotTaken, SlotUnavailable)

STARTS = st.builds(
    lambda day, step: DAYS[day] + 8 * 60 * MINUTE + 30 * step * MINUTE,
    st.integers(0, 1),
    st.integers(0, 9),
)
ADVISORS = st.sampled_from([None, 0, 1])
KINDS = st.sampled_from(["lang", "kort"])
HOURS = st.sampled_from([(9 * 60, 12 * 60), (8 * 60 + 30, 11 * 60), (10 * 60, 13 * 60)])


class Kind(Struct):
    """What a kind of meeting asks of time, in minutes."""

    duration: int
    step: int
    before: int
    after: int


class Taken(Struct):
    """A booking or a hold: who is taken, and when, buffers included."""

    kind: str
    who: int
    start: datetime
    span: tuple[datetime, datetime]
    state: str
    minutes: int
    expires_at: datetime | None = None


class Model:
    """Who is taken when, and what that leaves; looked at minute by minute of the grid."""

    def __init__(self) -> None:
        self.now = NOW
        self.kinds = {"lang": Kind(60, 30, 0, 15), "kort": Kind(30, 30, 10, 0)}
        self.hours = [(9 * 60, 12 * 60), (9 * 60, 12 * 60)]
        self.away: set[tuple[int, date]] = set()
        self.bookings: dict[Id, Taken] = {}
        self.holds: dict[Id, Taken] = {}

    def live(self, apart_from: Id | None = None) -> Iterator[tuple[Id, Taken]]:
        """Yield all that takes time now."""
        for known, one in (self.bookings | self.holds).items():
            ended = one.state == "cancelled" or (one.expires_at and one.expires_at <= self.now)
            if known != apart_from and not ended:
                yield known, one

    def span(self, kind: str, start: datetime, minutes: int) -> tuple[datetime, datetime]:
        """Return what a meeting takes."""
        rules = self.kinds[kind]
        return start - rules.before * MINUTE, start + (minutes + rules.after) * MINUTE

    def can(
        self,
        kind: str,
        who: int,
        start: datetime,
        *,
        apart_from: Id | None = None,
        minutes: int | None = None,
        any_grid: bool = False,
    ) -> bool:
        """Tell whether somebody can begin then."""
        day = DAYS[0] if start < DAYS[1] else DAYS[1]
        length = minutes or self.kinds[kind].duration
        begin, end = self.hours[who]
        at = (start - day) // MINUTE
        on_grid = any_grid or (at - begin) % self.kinds[kind].step == 0
        span = self.span(kind, start, length)
        return (
            start >= self.now
            and begin <= at
            and at + length <= end
            and on_grid
            and (who, (day + DAY / 2).date()) not in self.away
            and not any(
                one.who == who and one.span[0] < span[1] and span[0] < one.span[1]
                for _, one in self.live(apart_from)
            )
        )

    def starts(self, kind: str, who: int | None) -> list[datetime]:
        """Return every free start of both days."""
        people = (0, 1) if who is None else (who,)
        minutes = (day + minute * MINUTE for day in DAYS for minute in range(7 * 60, 14 * 60, 5))
        return [at for at in minutes if any(self.can(kind, one, at) for one in people)]


class BookingRoom(RuleBasedStateMachine):
    """Books, holds, moves, gives away and calls off, while time passes and hours change."""

    bookings = Bundle("bookings")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = Database("sqlite://")
        self.model = Model()
        self.people: list[Advisor] = []
        self.absences: dict[tuple[int, date], Id] = {}
        self.tenant = self.runner.run(self._open())

    async def _open(self) -> Id:
        async with self.database.engine.begin() as db:
            await db.run_sync(metadata.create_all)
        async with self.database.transaction() as db:
            created = await create_tenant(
                db, slug="demobank", name="Demobank", settings=TenantSettings(), now=NOW
            )
        async with self.database.transaction(created.id) as db:
            self.people = await add_advisors(db, created.id, NAMES)
            for slug in self.model.kinds:
                await self._apply(db, created.id, slug)
        return created.id

    async def _apply(self, db: AsyncConnection, tenant: Id, slug: str) -> None:
        kind = self.model.kinds[slug]
        await add_meeting_type(
            db,
            tenant,
            self.people,
            slug=slug,
            duration=kind.duration,
            step=kind.step,
            before=kind.before,
            after=kind.after,
            approval=slug == "kort",
        )

    def teardown(self) -> None:
        """Close what was opened."""
        self.runner.run(self.database.close())
        self.runner.close()

    def do(self, act: Any) -> Any:
        """Do something in a transaction of its own; return what comes of it, or the refusal."""

        async def attempt() -> Any:
            try:
                async with self.database.transaction(self.tenant) as db:
                    return await act(db)
            except (Conflict, NotFound) as refusal:
                return refusal

        return self.run(attempt())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for something."""
        return self.runner.run(coroutine)

    def id_of(self, who: int | None) -> Id | None:
        """Return an advisor's id."""
        return None if who is None else self.people[who].id

    def place(self, advisor: Id) -> int:
        """Return which of the two somebody is."""
        return [one.id for one in self.people].index(advisor)

    # --- what people do --------------------------------------------------------------------------

    @rule(target=bookings, kind=KINDS, start=STARTS, who=ADVISORS)
    def book(self, kind: str, start: datetime, who: int | None) -> Any:
        """Somebody books; they get it exactly if somebody can."""
        model = self.model
        people = (0, 1) if who is None else (who,)
        free = [one for one in people if model.can(kind, one, start)]
        made = self.do(
            lambda db: book(
                db,
                self.tenant,
                start,
                advisor=self.id_of(who),
                meeting_type=kind,
                customer=stranger(),
                now=model.now,
            )
        )
        if not free:
            assert isinstance(made, REFUSALS), made
            return multiple()
        assert self.place(made.advisor_id) in free
        assert made.state == ("requested" if kind == "kort" else "confirmed")
        minutes = model.kinds[kind].duration
        model.bookings[made.id] = Taken(
            kind,
            self.place(made.advisor_id),
            start,
            model.span(kind, start, minutes),
            made.state,
            minutes,
        )
        return made.id

    @rule(target=holds, kind=KINDS, start=STARTS, who=ADVISORS)
    def hold(self, kind: str, start: datetime, who: int | None) -> Any:
        """Somebody fills in the form."""
        model = self.model
        people = (0, 1) if who is None else (who,)
        free = [one for one in people if model.can(kind, one, start)]
        wanted = {"meeting_type": kind, "advisor": self.id_of(who), "now": model.now}
        made = self.do(lambda db: hold(db, self.tenant, start, **wanted))
        if not free:
            assert isinstance(made, REFUSALS), made
            return multiple()
        assert self.place(made.advisor_id) in free
        # A new hold sweeps away those that nobody can use any more.
        for known, one in list(model.holds.items()):
            if one.expires_at is not None and one.expires_at < model.now - GRACE:
                del model.holds[known]
        minutes = model.kinds[kind].duration
        model.holds[made.id] = Taken(
            kind,
            self.place(made.advisor_id),
            start,
            model.span(kind, start, minutes),
            "held",
            minutes,
            made.expires_at,
        )
        return made.id

    @rule(target=bookings, known=holds)
    def use(self, known: Id) -> Any:
        """They send it; late, or after the advisor went on leave, they may be refused."""
        model = self.model
        held = model.holds.get(known)
        start, kind = (held.start, held.kind) if held else (DAYS[0], "lang")
        made = self.do(
            lambda db: book(
                db,
                self.tenant,
                start,
                hold=known,
                meeting_type=kind,
                customer=stranger(),
                now=model.now,
            )
        )
        if held is None or held.expires_at is None or held.expires_at + GRACE <= model.now:
            assert isinstance(made, HoldExpired), made
            return multiple()
        if model.kinds[kind].duration != held.minutes or not model.can(
            kind, held.who, held.start, apart_from=known
        ):
            late = held.expires_at <= model.now
            assert isinstance(made, HoldExpired if late else REFUSALS), made
            return multiple()
        assert self.place(made.advisor_id) == held.who
        del model.holds[known]
        span = model.span(kind, held.start, held.minutes)
        model.bookings[made.id] = Taken(kind, held.who, held.start, span, made.state, held.minutes)
        return made.id

    @rule(known=holds)
    def release(self, known: Id) -> None:
        """They give up."""
        gone = self.do(lambda db: service.release(db, self.tenant, known, now=self.model.now))
        assert (gone is None) == (self.model.holds.pop(known, None) is not None)

    @rule(known=bookings, start=STARTS, by=st.sampled_from(["customer", "operator"]))
    def reschedule(self, known: Id, start: datetime, by: str) -> None:
        """A meeting moves within its own advisor's time."""
        model, one = self.model, self.model.bookings[known]
        moved = self.do(
            lambda db: service.reschedule(db, self.tenant, known, start, now=model.now, by=by)
        )
        if one.state == "cancelled" or one.start <= model.now:
            assert isinstance(moved, BookingOver), moved
        elif start == one.start:
            assert isinstance(moved, SameTime), moved
        elif not model.can(one.kind, one.who, start, apart_from=known, minutes=one.minutes):
            assert isinstance(moved, REFUSALS), moved
        else:
            assert (moved.start, moved.state) == (start, one.state)
            one.start, one.span = start, model.span(one.kind, start, one.minutes)

    @rule(known=bookings)
    def reassign(self, known: Id) -> None:
        """A meeting is given to the other one, whatever their grid."""
        model, one = self.model, self.model.bookings[known]
        other = 1 - one.who
        given = self.do(
            lambda db: service.reassign(db, self.tenant, known, now=model.now, by="operator")
        )
        if one.state == "cancelled" or one.start <= model.now:
            assert isinstance(given, BookingOver), given
        elif not model.can(one.kind, other, one.start, minutes=one.minutes, any_grid=True):
            assert isinstance(given, REFUSALS), given
        else:
            assert self.place(given.advisor_id) == other
            one.who, one.state = other, given.state
            one.span = model.span(one.kind, one.start, one.minutes)

    @rule(known=bookings)
    def cancel(self, known: Id) -> None:
        """A meeting is called off."""
        model, one = self.model, self.model.bookings[known]
        gone = self.do(
            lambda db: service.cancel(
                db, self.tenant, known, reason=None, now=model.now, by="customer"
            )
        )
        if one.state == "cancelled" or one.start <= model.now:
            assert isinstance(gone, BookingOver), gone
        else:
            one.state = gone.state

    @rule(known=bookings)
    def confirm(self, known: Id) -> None:
        """The advisor says yes, to what waits for it."""
        model, one = self.model, self.model.bookings[known]
        said = self.do(
            lambda db: service.confirm(db, self.tenant, known, now=model.now, by="advisor")
        )
        if one.state != "requested" or one.start <= model.now:
            assert isinstance(said, BookingOver), said
        else:
            one.state = said.state

    # --- what happens around them ----------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 5, 10, 20, 90, 900]))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.model.now += minutes * MINUTE

    @rule(who=st.integers(0, 1), hours=HOURS)
    def work(self, who: int, hours: tuple[int, int]) -> None:
        """An advisor gets other hours; what is booked stays."""
        self.model.hours[who] = hours
        text = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in hours)
        self.do(lambda db: set_hours(db, self.tenant, self.people[who], text))

    @rule(who=st.integers(0, 1), day=st.sampled_from([date(2026, 12, 1), date(2026, 12, 2)]))
    def leave(self, who: int, day: date) -> None:
        """An advisor takes a day off, or comes after all."""
        absence = self.absences.pop((who, day), None)
        if absence is not None:
            self.model.away.discard((who, day))
            self.do(lambda db: setup.remove_absence(db, self.tenant, absence, now=self.model.now))
            return
        self.model.away.add((who, day))
        wanted = AbsenceInput(first_day=day, last_day=day)
        added = self.do(
            lambda db: setup.add_absence(
                db, self.tenant, self.people[who].id, wanted, now=self.model.now
            )
        )
        self.absences[who, day] = added.id

    @rule(slug=KINDS, step=st.sampled_from([15, 30, 60]), after=st.sampled_from([0, 15, 40]))
    def redefine(self, slug: str, step: int, after: int) -> None:
        """A kind of meeting gets another grid and buffer; what is booked keeps its own."""
        self.model.kinds[slug].step = step
        self.model.kinds[slug].after = after
        self.do(lambda db: self._apply(db, self.tenant, slug))

    # --- what always holds -----------------------------------------------------------------------

    @invariant()
    def what_is_on_offer_is_what_the_model_says(self) -> None:
        """For both kinds, for either advisor and for anybody."""

        async def offered(db: AsyncConnection, kind: str, who: int | None) -> list[datetime]:
            answer = await ask(
                db,
                self.tenant,
                days=2,
                meeting_type=kind,
                advisor=self.id_of(who),
                now=self.model.now,
            )
            return answer.starts

        for kind in self.model.kinds:
            for who in (None, 0, 1):
                found = self.do(lambda db, kind=kind, who=who: offered(db, kind, who))
                assert found == self.model.starts(kind, who)

    @invariant()
    def what_is_claimed_is_what_the_model_says(self) -> None:
        """Every booking's time and nobody else's; and no two live claims overlap."""

        async def claimed(db: AsyncConnection) -> list[Any]:
            rows = await db.execute(select(claims).where(claims.c.live))
            return list(rows)

        rows = self.do(claimed)
        wanted = {
            (known, uuid_of(self.people[one.who].id), *one.span)
            for known, one in self.model.bookings.items()
            if one.state != "cancelled"
        }
        of_bookings = [row for row in rows if row.booking_id]
        assert {
            (row.booking_id, row.resource_id, row.starts_at, row.ends_at) for row in of_bookings
        } == wanted
        assert len(of_bookings) == len(wanted)
        spans = sorted((row.resource_id, row.starts_at, row.ends_at) for row in rows)
        for one, following in pairwise(spans):
            assert one[0] != following[0] or one[2] <= following[1]


TestBookingRoom = BookingRoom.TestCase
TestBookingRoom.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
