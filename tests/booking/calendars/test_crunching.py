"""Entries that take too much are given up, in a process of their own, and no other with them."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from booking.calendars import crunching
from booking.calendars.crunching import Crunchers, Reading
from booking.expansion import Busy, Expansion, horizon_at
from kernel.busy import BusyPolicy
from tests.booking.calendars.conftest import event

HORIZON: Final = horizon_at(datetime(2026, 11, 30, 8, tzinfo=UTC))
READING: Final = Reading(zone="Europe/Amsterdam", horizon=HORIZON)
GIVEN_UP: Final = [Busy(HORIZON, "unreadable")]


def _plain(number: int) -> bytes:
    day = 1 + number % 28
    return event(
        f"e{number}", f":202612{day:02}T090000Z", f":202612{day:02}T100000Z", f"X-N:{number}"
    ).encode()


def _costly(uid: str = "guilty") -> bytes:
    """Return an entry just under every limit of ours, which still costs seconds to read."""
    zones = "".join(
        f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n"
        + "".join(
            f"BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\n"
            f"TZOFFSETTO:{offset}\r\nEND:STANDARD\r\n"
            for offset in offsets
        )
        + "END:VTIMEZONE\r\n"
        for name, offsets in {"Een": ["+0300", "+0400", "+0500"]}.items()
    )
    change = (
        "BEGIN:VEVENT\r\nUID:x\r\nDTSTART;TZID=Een:20261201T090000\r\n"
        "RECURRENCE-ID;TZID=Een:20261201T090000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
    )
    rules = "".join(f"RRULE:FREQ=DAILY;COUNT=9999999;BYMONTHDAY={day}\r\n" for day in range(1, 11))
    first = change.replace("UID:x", f"UID:{uid}").replace("DURATION", f"{rules}DURATION")
    body = first.replace("20261201", "19740901", 1) + change * 4_900
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}{body}END:VCALENDAR\r\n".encode()


@pytest.fixture(autouse=True)
def _nobody_else() -> None:
    """Workers that other tests have started are none of ours."""
    crunching.shared().close()
    crunching.shared.cache_clear()


@contextmanager
def _crunchers(**limits: float) -> Iterator[Crunchers]:
    crunchers = Crunchers(**{"on_the_spot": 0, "workers": 1} | limits)  # type: ignore[arg-type]  # numbers
    try:
        yield crunchers
    finally:
        crunchers.close()


def _children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    found = {int(pid) for task in tasks for pid in task.read_text().split()}
    return {
        pid
        for pid in found
        if b"booking.calendars.crunching" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }


def test_workers_say_what_we_would_say_ourselves() -> None:
    """Sent away or not, each entry means the same, and answers come in order."""
    reading = Reading(
        zone="Asia/Kolkata",
        horizon=HORIZON,
        addresses=frozenset({"sanne@bank.example"}),
        calendar_zone="America/New_York",
        policy=BusyPolicy(tentative=False),
    )
    entries = [_plain(number) for number in range(700)]
    entries[3] = event("t", ":20261201T090000Z", ":20261201T100000Z", "STATUS:TENTATIVE").encode()
    entries[4] = event("f", ":20261201T090000", ":20261201T100000").encode()
    entries[5] = b"\x00\xff nothing"

    with _crunchers() as crunchers:
        away = crunchers.expand(reading, entries)
        again = crunchers.expand(reading, entries[:2])

    assert away == [reading.expand(entry) for entry in entries]
    assert again == away[:2]


def test_a_few_small_entries_need_no_worker() -> None:
    """What costs less than to send it away is read on the spot."""
    with _crunchers(on_the_spot=10) as crunchers:
        found = crunchers.expand(READING, [_plain(number) for number in range(50)])

        assert len(found) == 50
        assert not _children()


def test_one_guilty_entry_is_given_up_and_499_are_read() -> None:
    """Whoever uses up the time is killed for it; the rest of the calendar is as it is."""
    entries = [_plain(number) for number in range(500)]
    entries[250] = _costly()

    with _crunchers(cpu_seconds=0.4) as crunchers:
        found = crunchers.expand(READING, entries)

    guilty = found.pop(250)
    assert guilty == Expansion(
        uid="guilty", busy=GIVEN_UP, problem="took-too-long", readable=False, goes_on=True
    )
    entries.pop(250)
    assert found == [READING.expand(entry) for entry in entries]
    assert {expansion.problem for expansion in found} == {None}


def test_an_entry_that_needs_too_much_memory_harms_nobody() -> None:
    """The worker cannot grow; its entry stays closed, and those beside it are read."""
    entries = [_plain(0), _costly(), _plain(1)]
    with _crunchers() as crunchers:
        crunchers.expand(READING, entries[:1])
        (worker,) = _children()
        status = Path(f"/proc/{worker}/status").read_text()
    at_rest = int(status.partition("VmSize:")[2].split()[0]) * 1024

    with _crunchers(memory=at_rest + 3 * 2**20) as crunchers:
        found = crunchers.expand(READING, entries)

    assert [expansion.readable for expansion in found] == [True, False, True]
    assert found[1].problem in {"took-too-long", "unreadable"}
    assert found[1].busy


def test_the_costliest_entry_that_we_know_of_is_read() -> None:
    """An entry at every limit of ours is no work without end."""
    with _crunchers(cpu_seconds=60) as crunchers:
        (expansion,) = crunchers.expand(READING, [_costly()])

    assert expansion.problem != "took-too-long"
    assert expansion.busy


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_is_lost_costs_no_entry(sign: signal.Signals) -> None:
    """Killed or stopped from outside, it takes nothing with it: the innocent are read again."""
    entries = [_plain(number) for number in range(4_000)]
    with _crunchers(patience=6) as crunchers:
        crunchers.expand(READING, entries[:1])
        (worker,) = _children()
        killer = threading.Timer(0.1, os.kill, (worker, sign))
        killer.start()
        found = crunchers.expand(READING, entries)
        killer.join()

        assert worker not in _children()

    assert {expansion.problem for expansion in found} == {None}
    assert [expansion.uid for expansion in found] == [f"e{number}" for number in range(4_000)]


def test_workers_end_when_they_are_told_to() -> None:
    """Nothing is left behind, and what is asked later is still answered."""
    with _crunchers() as crunchers:
        crunchers.expand(READING, [_plain(1)])
        assert len(_children()) == 1

        crunchers.close()
        assert not _children()
        crunchers._idle.put(None)
        assert len(crunchers.expand(READING, [_plain(1)])) == 1
        assert not _children()


def test_threads_share_the_workers() -> None:
    """Several calendars at once are read by no more workers than there may be."""
    most: list[int] = []
    with _crunchers(workers=2) as crunchers:
        entries = [_plain(number) for number in range(600)]

        def read() -> None:
            assert len(crunchers.expand(READING, entries)) == 600
            most.append(len(_children()))

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(most) == 6
    assert max(most) <= 2


def test_a_worker_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an entry might do there, our keys are not in its environment."""
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", "not for workers")
    with _crunchers() as crunchers:
        crunchers.expand(READING, [_plain(1)])
        (worker,) = _children()
        known = Path(f"/proc/{worker}/environ").read_bytes()

    assert b"not for workers" not in known
    assert b"PYTHONPATH" in known


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("DTSTART:", "DTSTART:soon", "unreadable"),
        ("X-N:", "EXDATE:\r\nX-N:", "unreadable"),
        ("X-N:", "RRULE:FREQ=FOO\r\nX-N:", "unreadable"),
        ("UID:", "X-UID:", "uid-missing"),
        ("X-N:", "RRULE:FREQ=SECONDLY\r\nX-N:", "rule-refused"),
        ("X-N:", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\nX-N:", "rule-refused"),
    ],
)
def test_one_bad_entry_among_500_is_put_aside(old: str, new: str, problem: str) -> None:
    """It keeps its own times closed, and tells why; 499 others are as they are."""
    entries = [_plain(number) for number in range(500)]
    entries[77] = entries[77].replace(old.encode(), new.encode(), 1)

    with _crunchers(on_the_spot=60) as crunchers:
        found = crunchers.expand(READING, entries)

    assert [expansion.problem for expansion in found if expansion.problem] == [problem]
    bad = found[77]
    assert (bad.problem, bad.readable) == (problem, False)
    assert bad.busy
    assert sum(expansion.readable for expansion in found) == 499
