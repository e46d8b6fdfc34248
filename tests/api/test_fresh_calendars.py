"""What an advisor has just put into their own calendar is seen by whoever books."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api.wiring import House
from booking.calendars.tables import calendar_collections
from kernel.clock import FixedClock
from tests.api.bank import TUESDAY, Bank, problem, wish
from tests.booking.builders import statements
from tests.booking.calendars.conftest import event
from tests.services import fault_proxy as faults
from tests.services.fault_proxy import FaultProxy
from tests.services.radicale import PASSWORDS, Radicale

MINUTE = timedelta(minutes=1)
LUNCH = TUESDAY + timedelta(hours=2)


@pytest.fixture(scope="module")
def server() -> Iterator[Radicale]:
    """A real calendar server."""
    radicale = Radicale()
    yield radicale
    radicale.remove()


@pytest.fixture
def radicale(server: Radicale) -> Iterator[Radicale]:
    """The server, with one empty calendar."""
    server.make_calendar("sanne", "werk")
    yield server
    server.empty("sanne")


@pytest.fixture
def proxy(radicale: Radicale) -> Iterator[FaultProxy]:
    """What it is reached through."""
    with FaultProxy(radicale.port) as between:
        yield between


@pytest.fixture
def allowed(proxy: FaultProxy) -> tuple[str, ...]:
    """What the operator lets us call."""
    return (f"127.0.0.1:{proxy.port}",)


@pytest.fixture
async def connected(client: httpx2.AsyncClient, bank: Bank, proxy: FaultProxy) -> str:
    """Sanne's calendar, read just now."""
    account = {
        "advisor": bank.sanne,
        "url": proxy.url,
        "username": "sanne",
        "password": PASSWORDS["sanne"],
    }
    answer = await client.post("/v1/calendars", json=account)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def _busy(radicale: Radicale) -> None:
    """Let Sanne have something else to do on Tuesday from eleven to twelve."""
    start, end = f"{LUNCH:%Y%m%dT%H%M%S}", f"{LUNCH + 60 * MINUTE:%Y%m%dT%H%M%S}"
    zone = ";TZID=Europe/Amsterdam:"
    url = f"{radicale.url}sanne/werk/dentist.ics"
    radicale.put("sanne", url, event("dentist", f"{zone}{start}", f"{zone}{end}"))


async def _book(client: httpx2.AsyncClient, **more: Any) -> httpx2.Response:
    return await client.post("/v1/bookings", json=wish(LUNCH, **more))


async def test_what_came_since_the_last_reading_is_seen(
    client: httpx2.AsyncClient,
    clock: FixedClock,
    connected: str,
    radicale: Radicale,
) -> None:
    """The time is refused, and what is offered instead does not touch the new event."""
    clock.advance(MINUTE)
    _busy(radicale)

    refused = problem(await _book(client), "slot-unavailable", 409)

    assert refused["reason"] == "busy"
    assert LUNCH.isoformat() not in refused["alternatives"]


async def test_a_calendar_that_was_read_just_now_is_not_asked(
    client: httpx2.AsyncClient, clock: FixedClock, connected: str, proxy: FaultProxy
) -> None:
    """Half a minute is fresh enough; nobody waits for a server then."""
    clock.advance(timedelta(seconds=30))
    asked = proxy.count()

    assert (await _book(client)).status_code == 201
    assert proxy.count() == asked


async def test_a_crowd_asks_once_whether_calendars_are_fresh(
    client: httpx2.AsyncClient, house: House, clock: FixedClock, connected: str, radicale: Radicale
) -> None:
    """What was seen to be fresh is so for half a minute without asking, and no moment longer."""
    looked = f"min({calendar_collections.name}.last_ok_at)"
    with statements(house.database) as first:
        assert (await client.post("/v1/bookings", json=wish(TUESDAY))).status_code == 201
    with statements(house.database) as again:
        problem(await client.post("/v1/bookings", json=wish(TUESDAY)), "slot-taken", 409)
    with statements(house.database) as crowd:
        problem(await client.post("/v1/bookings", json=wish(TUESDAY)), "slot-taken", 409)
    _busy(radicale)
    clock.advance(timedelta(seconds=31))
    with statements(house.database) as later:
        problem(await _book(client), "slot-unavailable", 409)

    looks = [sum(looked in one for one in said) for said in (first, again, crowd, later)]
    assert looks[0] > looks[2] > 0
    assert looks[3] > looks[0]


async def test_a_meeting_that_moves_is_looked_after_too(
    client: httpx2.AsyncClient, clock: FixedClock, connected: str, radicale: Radicale
) -> None:
    """By the organisation and by the customer's link alike."""
    booked = (await client.post("/v1/bookings", json=wish(TUESDAY))).json()
    clock.advance(MINUTE)
    _busy(radicale)
    start = {"start": LUNCH.isoformat()}

    ours = await client.post(f"/v1/bookings/{booked['id']}/reschedule", json=start)
    radicale.delete("sanne", f"{radicale.url}sanne/werk/dentist.ics")
    clock.advance(MINUTE)
    theirs = await client.post(f"/v1/bookings/{booked['id']}/reschedule", json=start)

    problem(ours, "slot-unavailable", 409)
    assert theirs.status_code == 200


async def test_a_held_time_is_looked_after_when_it_is_booked(
    client: httpx2.AsyncClient, clock: FixedClock, connected: str, radicale: Radicale
) -> None:
    """A hold keeps other customers away, not the advisor's dentist."""
    wanted = {"meeting_type": "hypotheek", "channel": "video", "start": LUNCH.isoformat()}
    held = await client.post("/v1/holds", json=wanted)
    clock.advance(MINUTE)
    _busy(radicale)

    problem(await _book(client, hold=held.json()["id"]), "slot-unavailable", 409)


@pytest.mark.parametrize(
    ("age", "state"), [(timedelta(minutes=29), "confirmed"), (timedelta(minutes=31), "requested")]
)
async def test_a_server_that_is_away_leaves_it_to_the_organisation(
    client: httpx2.AsyncClient,
    house: House,
    clock: FixedClock,
    connected: str,
    proxy: FaultProxy,
    age: timedelta,
    state: str,
) -> None:
    """Within the limit of staleness the meeting stands, beyond it the advisor must say so."""
    clock.advance(age)
    proxy.on("*", "*", faults.answer(500))

    booked = (await _book(client)).json()

    assert booked["state"] == state


async def test_a_server_that_hangs_keeps_a_customer_for_a_moment_only(
    client: httpx2.AsyncClient,
    clock: FixedClock,
    connected: str,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the moment has passed the meeting is booked with what is known."""
    monkeypatch.setattr("booking.sync.MOMENT", 0.2)
    clock.advance(MINUTE)
    rule = proxy.on("*", "*", faults.hang())

    assert (await _book(client)).status_code == 201
    assert rule.hits == 1
