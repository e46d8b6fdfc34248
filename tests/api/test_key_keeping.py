"""Keys are replaced while everything goes on, and what was sealed before still opens."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select

import context.service
from api.bootstrap import open_house
from api.key_keeping import replace_keys, seal_anew
from api.wiring import House
from booking.calendars.model import ConnectInput
from context.tables import customers
from kernel.clock import FixedClock
from kernel.crypto import Secret
from kernel.ids import Id
from kernel.tables import tenant_keys
from tests.api.console_world import World, open_world
from tests.context.builders import person
from tests.services.radicale import PASSWORDS, Radicale

HOUR = timedelta(hours=1)
NEXT = Secret("the next secret key of this installation")


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    """A real calendar server, where Sanne has a calendar."""
    server = Radicale()
    server.make_calendar("sanne", "werk")
    yield server
    server.remove()


@pytest.fixture
async def world(
    database_url: str, tmp_path: Path, clock: FixedClock, radicale: Radicale
) -> AsyncIterator[World]:
    """A bank with two advisors, open for bookings."""
    async with open_world(
        database_url, tmp_path, clock, outgoing_allow=(f"127.0.0.1:{radicale.port}",)
    ) as opened:
        yield opened


async def _state(world: World) -> dict[str, list[str]]:
    """Return which keys the bank has, and those of them that are no more."""
    tenant = world.bank.tenant.id
    async with world.house.database.reading(tenant) as db:
        rows = (await db.execute(select(tenant_keys).order_by(tenant_keys.c.version))).all()
    return {
        "there": [f"{row.use}:{row.version}" for row in rows if row.retired_at is None],
        "gone": [f"{row.use}:{row.version}" for row in rows if row.wrapped == b""],
    }


async def _anna(house: House, tenant: Id) -> Id:
    async with house.database.transaction(tenant) as db:
        found = await context.service.identify(db, tenant, person(), now=house.clock.now())
    return found.id


async def test_an_organisation_gets_new_keys(world: World) -> None:
    """Everybody is recognised all the while; the old keys go at the next daily look."""
    tenant = world.bank.tenant.id
    before = await _anna(world.house, tenant)
    async with world.house.database.transaction(tenant) as db:
        await replace_keys(db, tenant, now=world.now())

    half_way = await _anna(world.house, tenant)
    await world.mail()
    after = await _anna(world.house, tenant)

    assert before == half_way == after
    state = await _state(world)
    assert (sorted(state["there"]), state["gone"]) == (
        ["index:1", "index:2", "subjects:1", "subjects:2"],
        [],
    )
    async with world.house.database.reading(tenant) as db:
        assert set(await db.scalars(select(customers.c.marked_with))) == {2}

    world.clock.advance(timedelta(days=1) + HOUR)
    await world.mail()

    state = await _state(world)
    assert sorted(state["gone"]) == ["index:1", "subjects:1"]
    assert await _anna(world.house, tenant) == before


async def test_the_installation_gets_a_new_secret_key(world: World, radicale: Radicale) -> None:
    """With both keys all goes on; sealed anew, the new one alone opens people and calendars."""
    tenant = world.bank.tenant.id
    before = await _anna(world.house, tenant)
    login = ConnectInput(
        advisor=world.bank.advisor,
        url=radicale.url,
        username="sanne",
        password=PASSWORDS["sanne"],
    )
    account = await world.house.calendars.connect(tenant, login)
    settings, channels = world.house.settings, {"email": world.mailbox}
    both = replace(settings, secret_key=NEXT, secret_keys_before=(settings.secret_key,))
    only = replace(settings, secret_key=NEXT)

    async with open_house(only, clock=world.clock, channels=channels) as house:
        with pytest.raises(ValueError, match="does not open"):
            await _anna(house, tenant)
    async with open_house(both, clock=world.clock, channels=channels) as house:
        assert await _anna(house, tenant) == before
        async with house.database.transaction(tenant) as db:
            assert await seal_anew(db, tenant, house.calendars) >= 3
    async with open_house(only, clock=world.clock, channels=channels) as house:
        assert await _anna(house, tenant) == before
        synced = await house.calendars.sync(tenant, account.id)
        assert (synced.state, synced.problem) == ("active", None)
    with pytest.raises(ValueError, match="does not open"):
        await _anna(world.house, tenant)
