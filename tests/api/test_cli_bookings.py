"""Bookings on the command line: every step, its history and its reasons, and conflicts."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import Result
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.conflicts
import booking.service
from booking.model import Alternative, Booking, BookingInput, Repeat, SlotQuery
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.tenancy import find_tenant
from tests.api.test_cli import Run, answer, database, run
from tests.conftest import KEYRING

__all__ = ["database", "run"]

T = TypeVar("T")
Work = Callable[[AsyncConnection, Id, datetime], Awaitable[T]]
BANK = ("--tenant", "bank")


def within(url: str, work: Work[T]) -> T:
    """Do something in the bank that the command line cannot."""

    async def inside() -> T:
        house = Database(url, keyring=KEYRING)
        try:
            async with house.reading() as db:
                tenant = (await find_tenant(db, "bank")).id
            async with house.transaction(tenant) as db:
                return await work(db, tenant, SystemClock().now())
        finally:
            await house.close()

    return asyncio.run(inside())


@pytest.fixture
def bank(run: Run, tmp_path: Path) -> dict[str, str]:
    """A bank with two advisors who work every day, and talks with and without approval."""
    answer(run("tenants", "create", "--slug", "bank", "--name", "Bank", "--json"))
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    hours = tmp_path / "hours.json"
    week = [{"day": day, "start": "09:00", "end": "17:00"} for day in days]
    hours.write_text(json.dumps({"timezone": "Europe/Amsterdam", "weekly": week}))
    ids = {}
    for name in ("Sanne", "Tom"):
        email = f"{name.lower()}@bank.example"
        added = answer(run("advisors", "add", *BANK, "--name", name, "--email", email, "--json"))
        ids[name] = added["id"]
        answer(run("advisors", "schedule", *BANK, added["id"], str(hours), "--json"))
    for slug, approval in (("advies", False), ("keuring", True)):
        kind = tmp_path / f"{slug}.json"
        data = {"slug": slug, "name": {"nl": slug}, "channels": ["video"], "approval": approval}
        kind.write_text(json.dumps({**data, "advisors": list(ids.values())}))
        answer(run("meeting-types", "apply", *BANK, str(kind), "--json"))
    return ids


def book(
    url: str,
    kind: str,
    advisor: str,
    *,
    repeat: Repeat | None = None,
    along: int = 0,
    whom: Id | None = None,
) -> list[Booking]:
    """Book the first free time of an advisor two days ahead, once or as a series.

    So many people come *along* with the customer, who is *whom* or nobody in particular.
    """

    async def make(db: AsyncConnection, tenant: Id, now: datetime) -> list[Booking]:
        start = now + timedelta(days=2)
        asked = SlotQuery(
            meeting_type=kind, start=start, end=start + timedelta(days=2), advisor=advisor
        )
        free = (await booking.service.slots(db, tenant, asked, now=now)).starts[0]
        wanted = BookingInput(
            meeting_type=kind,
            start=free,
            timezone="Europe/Amsterdam",
            channel="video",
            advisor=advisor,
            language="nl",
        )
        customer = whom or new_id("cus", now)
        others = [new_id("cus", now) for _ in range(along)]
        if repeat is None:
            made = await booking.service.book(
                db, tenant, wanted, customer=customer, participants=others, now=now
            )
            return [made]
        return await booking.service.book_series(
            db, tenant, wanted, repeat, customer=customer, now=now
        )

    return within(url, make)


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


def test_a_request_is_confirmed_or_declined(run: Run, database: str, bank: dict[str, str]) -> None:
    """It is confirmed once; a second time is a conflict, and so is saying no after yes."""
    (first,), (second,) = (book(database, "keuring", bank[name]) for name in ("Sanne", "Tom"))

    assert answer(run("bookings", "confirm", *BANK, first.id, "--json"))["state"] == "confirmed"
    again = run("bookings", "confirm", *BANK, first.id)
    no = run("bookings", "decline", *BANK, first.id)
    declined = answer(run("bookings", "decline", *BANK, second.id, "--reason", "Vol", "--json"))

    assert (again.exit_code, no.exit_code) == (4, 4)
    assert "cancel" in again.stderr
    assert (declined["state"], declined["cancelled_by"]) == ("cancelled", "operator")


def test_a_booking_changes_hands_and_says_why(
    run: Run, database: str, bank: dict[str, str]
) -> None:
    """Given to Tom, with a history of both steps and the reason in words."""
    (made,) = book(database, "advies", bank["Sanne"])
    given = answer(run("bookings", "reassign", *BANK, made.id, "--advisor", bank["Tom"], "--json"))
    steps = answer(run("bookings", "history", *BANK, made.id, "--json"))
    told = lines(run("bookings", "history", *BANK, made.id))
    why = answer(run("bookings", "why", *BANK, made.id, "--lang", "en", "--json"))
    spoken = lines(run("bookings", "why", *BANK, made.id))

    assert given["advisor_id"] == bank["Tom"]
    assert [one["action"] for one in steps][-1] == "booking.reassigned"
    assert len(told) == len(steps) == 2
    assert why["replayed"] is True
    assert why["sentences"] == ["Tom: the customer asked for this advisor."]
    assert spoken[0] == "Tom: de klant vroeg om deze adviseur."
    assert spoken[-1].endswith("the same.")
    early = run("bookings", "outcome", *BANK, made.id, "attended")
    assert early.exit_code == 4
    assert "begun" in early.stderr


def test_calling_off_can_be_tried_without_doing_it(
    run: Run, database: str, bank: dict[str, str]
) -> None:
    """It says who would be told, the customer first, and the meeting stands."""
    (made,) = book(database, "advies", bank["Sanne"], along=2)
    tried = answer(run("bookings", "cancel", *BANK, made.id, "--dry-run", "--json"))
    shown = answer(run("bookings", "show", *BANK, made.id, "--json"))

    assert tried == {
        "would_cancel": made.id,
        "would_tell": [made.customer_id, *made.participants],
    }
    assert len(set(tried["would_tell"])) == 3
    assert (shown["state"], shown["participants"]) == ("confirmed", made.participants)


def test_a_booking_is_moved_and_can_be_tried_first(
    run: Run, database: str, bank: dict[str, str]
) -> None:
    """Trying says what would happen or why not, and changes nothing; then it is done."""
    (made,) = book(database, "advies", bank["Sanne"], along=1)
    later = (made.start + timedelta(hours=1)).isoformat()
    move = ("bookings", "reschedule", *BANK, made.id)
    tried = answer(run(*move, later, "--dry-run", "--json"))
    between = answer(run("bookings", "show", *BANK, made.id, "--json"))
    past = run(*move, "2020-01-01T09:00:00Z", "--dry-run")
    naive = run(*move, "2030-01-01T09:00:00")
    moved = answer(run(*move, later, "--json"))
    same = run(*move, later)

    assert (tried["would_move"], tried["would_tell"]) == (
        made.id,
        [made.customer_id, *made.participants],
    )
    assert datetime.fromisoformat(tried["to"]) == made.start + timedelta(hours=1)
    assert datetime.fromisoformat(between["start"]) == made.start
    assert between["sequence"] == made.sequence
    assert past.exit_code == 4
    assert (naive.exit_code, "START" in naive.stderr) == (1, True)
    assert datetime.fromisoformat(moved["start"]) == made.start + timedelta(hours=1)
    assert moved["sequence"] == made.sequence + 1
    assert same.exit_code == 4


def test_a_booking_is_shown_as_it_stood(run: Run, database: str, bank: dict[str, str]) -> None:
    """Before it was made it was not there; at its first moment it was with Sanne."""
    (made,) = book(database, "advies", bank["Sanne"])
    answer(run("bookings", "cancel", *BANK, made.id, "--json"))
    then = made.created_at.isoformat()

    stood = answer(run("bookings", "show", *BANK, made.id, "--as-of", then, "--json"))
    before = run("bookings", "show", *BANK, made.id, "--as-of", "2020-01-01")
    naive = run("bookings", "show", *BANK, made.id, "--as-of", "2026-01-01T10:00:00")

    assert stood["state"] in {"confirmed", "requested"}
    assert answer(run("bookings", "show", *BANK, made.id, "--json"))["state"] == "cancelled"
    assert (before.exit_code, naive.exit_code) == (1, 1)
    assert "--as-of" in naive.stderr


def test_a_series_is_called_off_from_a_moment_on(
    run: Run, database: str, bank: dict[str, str]
) -> None:
    """The first stays; what is left can be listed by the series."""
    made = book(database, "advies", bank["Sanne"], repeat=Repeat(every="week", count=3))
    series = made[0].series_id or ""
    since = made[1].start.astimezone(UTC).isoformat()
    ended = answer(run("bookings", "series-cancel", *BANK, series, "--from", since, "--json"))
    left = answer(
        run("bookings", "list", *BANK, "--series", series, "--state", made[0].state, "--json")
    )

    assert [one["id"] for one in ended] == [one.id for one in made[1:]]
    assert [one["id"] for one in left] == [made[0].id]


def test_slots_explain_themselves(run: Run, bank: dict[str, str]) -> None:
    """In counts with notes for staff and in words for customers; a language nobody speaks."""
    start = (SystemClock().now() + timedelta(days=2)).date().isoformat()
    end = (SystemClock().now() + timedelta(days=4)).date().isoformat()
    asked = ("slots", *BANK, "--meeting-type", "advies", "--start", start, "--end", end)
    found = answer(
        run(*asked, "--language", "ar", "--explain", "--waive", "notice", "--lang", "en", "--json")
    )
    told = lines(run(*asked, "--language", "ar", "--explain", "--waive", "window"))
    free = lines(run(*asked, "--channel", "video"))
    wrong = run(*asked, "--waive", "everything")

    assert found["days"] == {}
    assert found["explanation"][0].startswith("There is no free time")
    assert found["help"][0]["change"] == "language"
    assert any("unsuitable: Nobody who was asked for" in line for line in told)
    assert any(line.startswith(start) for line in free)
    assert wrong.exit_code == 2


def test_conflicts_are_listed_and_dismissed(run: Run, database: str, bank: dict[str, str]) -> None:
    """Once dismissed, nobody has to choose about it any more."""
    (made,) = book(database, "advies", bank["Sanne"])

    async def clash(db: AsyncConnection, tenant: Id, now: datetime) -> None:
        await booking.conflicts.note(db, tenant, made, now=now)
        conflict = await booking.service.conflict_of(db, tenant, made.id)
        assert conflict is not None
        other = Alternative(start=made.start, advisor_id=bank["Tom"])
        await booking.conflicts.offer(db, tenant, conflict, [other], now=now)

    within(database, clash)
    (one,) = answer(run("conflicts", "list", *BANK, "--advisor", bank["Sanne"], "--json"))
    kept: dict[str, Any] = answer(run("conflicts", "dismiss", *BANK, one["id"], "--json"))

    assert (one["booking_id"], kept["state"]) == (made.id, "kept")
    assert answer(run("conflicts", "list", *BANK, "--json")) == []
    assert run("conflicts", "dismiss", *BANK, "none").exit_code == 1
