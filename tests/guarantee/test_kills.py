"""Nothing accepted is lost or doubled, whatever is killed while it happens."""

from collections import Counter
from functools import partial
from random import Random

import pytest

from tests.guarantee.bank import starts, wish
from tests.guarantee.checking import broken, unfinished, untold, unwritten
from tests.guarantee.conftest import USER
from tests.guarantee.killing import Site, ask_again, book_under_fire, until_nothing
from tests.services.radicale import Radicale
from tests.services.smtp import SmtpServer

pytestmark = pytest.mark.timeout(600)
"""Programs are started, which takes its time where others are busy."""


async def under_fire(
    site: Site, smtp: SmtpServer, radicale: Radicale, calendar: str, *, times: int, kills: int
) -> None:
    """Book so many times, half of them wanted by two, and look at all that should follow."""
    random = Random(times)  # noqa: S311  # where to strike, not a secret
    async with site.installation.house() as house:
        database, tenant = house.database, site.bank.tenant
        wanted = starts(house.clock.now(), times)
        wanted += random.sample(wanted, times // 2)
        random.shuffle(wanted)
        wishes = [wish(number, start) for number, start in enumerate(wanted)]

        outcome = await book_under_fire(site, wishes, kills=kills, random=random)
        # Most of what follows from the bookings is still to be done, or being done.
        await site.kill(site.victims[-1])
        left = await until_nothing(
            lambda: unfinished(database, tenant, now=house.clock.now()), 30 + times
        )

        assert outcome.answers == Counter({201: times, 409: times // 2})
        assert await ask_again(site, wishes, outcome) == []
        assert await broken(database, tenant, outcome.accepted) == []
        assert left == []
        entries = map(partial(radicale.get, USER), _urls(radicale, calendar))
        assert await unwritten(database, tenant, list(entries)) == []
        assert await untold(database, tenant, smtp.received, kills=site.kills) == []


def _urls(radicale: Radicale, calendar: str) -> list[str]:
    return [calendar + name for name in radicale.names(USER, calendar)]


async def test_bookings_survive_kills_of_servers_and_worker(
    site: Site, smtp: SmtpServer, calendar_server: Radicale, calendar: str, several: bool
) -> None:
    """Every 201 is there once, with its letter and its calendar entry, and no work is left."""
    # With one server, everybody waits until it is back.
    times, kills = (40, 4) if several else (16, 1)
    await under_fire(site, smtp, calendar_server, calendar, times=times, kills=kills)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_two_hundred_bookings_survive_kills_of_servers_and_worker(
    site: Site, smtp: SmtpServer, calendar_server: Radicale, calendar: str
) -> None:
    """The same at full size, with five times as many kills."""
    await under_fire(site, smtp, calendar_server, calendar, times=200, kills=20)
