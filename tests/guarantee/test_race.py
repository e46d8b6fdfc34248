"""Never two live bookings of one advisor overlapping, however many customers want one time."""

import asyncio
from collections import Counter

import msgspec
import pytest

from tests.guarantee.bank import Bank, rush, starts, wish
from tests.guarantee.checking import booked, broken, overlaps
from tests.guarantee.customers import Answer, Line, race
from tests.guarantee.installation import Installation

pytestmark = pytest.mark.timeout(600)
"""Programs are started, which takes its time where others are busy."""


async def run_at_it(
    installation: Installation, bank: Bank, servers: int, *, attempts: int, slots: int
) -> None:
    """Let so many customers want so few times, and look at every answer and at the database."""
    async with installation.house() as house, installation.serving(servers) as (ports, _):
        wishes = rush(attempts, starts(house.clock.now(), slots))

        answered = await race(ports, bank.key, wishes, connections=64)

        async with house.database.reading(bank.tenant) as db:
            made, clashing = len(await booked(db, bank.tenant)), await overlaps(db, bank.tenant)
    assert answered == Counter({201: slots, 409: attempts - slots})
    assert (made, clashing) == (slots, 0)


async def test_two_hundred_customers_share_four_times(
    installation: Installation, bank: Bank, several: bool
) -> None:
    """Each time goes to exactly one of fifty, and nobody hears anything but 201 or 409."""
    await run_at_it(installation, bank, 2 if several else 1, attempts=200, slots=4)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_ten_thousand_customers_share_a_hundred_times(
    installation: Installation, bank: Bank, several: bool
) -> None:
    """The same at full size: exactly a hundred bookings, no overlap, nothing but 201 and 409."""
    await run_at_it(installation, bank, 2 if several else 1, attempts=10_000, slots=100)


async def test_fifty_retries_with_one_key_make_one_booking(
    installation: Installation, bank: Bank, several: bool
) -> None:
    """All of them come at once, to any server, and all get the very same answer."""
    async with installation.house() as house:
        async with installation.serving(2 if several else 1) as (ports, _):
            body = wish(1, starts(house.clock.now(), 1)[0])

            async def ask(number: int) -> Answer:
                async with Line(ports[number % len(ports)], bank.key) as line:
                    return await line.book(body, once="again and again")

            answers = await asyncio.gather(*(ask(number) for number in range(50)))

        (first,) = set(answers)
        made = msgspec.json.decode(first.body)["id"]
        assert first.status == 201
        assert await broken(house.database, bank.tenant, {"customer": made}) == []


@pytest.mark.parametrize("attempts", [8])
async def test_without_a_key_the_same_customer_is_refused_the_second_time(
    installation: Installation, bank: Bank, attempts: int
) -> None:
    """So it is the key that makes retries one booking, and not that they look alike."""
    async with installation.house() as house, installation.serving(1) as (ports, _):
        body = wish(1, starts(house.clock.now(), 1)[0])

        answered = await race(ports, bank.key, [body] * attempts, connections=attempts)

    assert answered == Counter({201: 1, 409: attempts - 1})
