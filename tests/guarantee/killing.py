"""Customers who do not give up, and somebody who kills the programs meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from tests.guarantee.bank import Bank, email
from tests.guarantee.customers import Answer, Line
from tests.guarantee.installation import Installation, Program

_AT_ONCE: Final = 6
_PATIENCE: Final = 120


class Outcome(Struct, frozen=True):
    """How it ended for each customer, under their idempotency key.

    Attributes:
        accepted: The id of the booking for those who got a 201.
        bodies: What that 201 said.
        answers: How many final answers there were of each status.
    """

    accepted: dict[str, str]
    bodies: dict[str, bytes]
    answers: Counter[int]


class Site:
    """The programs of an installation, each at its place, and the one who kills them.

    Args:
        installation: What they work for.
        bank: Whose organisation it is.
        ports: Where the servers answer.
        worker: Whether the work is done by a program of its own, and not by the only server.
    """

    def __init__(
        self, installation: Installation, bank: Bank, ports: Sequence[int], *, worker: bool
    ) -> None:
        self.installation = installation
        self.bank = bank
        self.ports = list(ports)
        self.worker = worker
        self.kills = 0
        self._programs: dict[str, Program] = {}

    @property
    def victims(self) -> list[str]:
        """The names of what can be killed."""
        return [*(str(port) for port in self.ports), *(["work"] if self.worker else [])]

    async def start(self, name: str) -> None:
        """Start a program at its place."""
        if name == "work":
            self._programs[name] = self.installation.start("work")
        else:
            self._programs[name] = await self.installation.serve(int(name))

    async def start_all(self) -> None:
        """Start every program."""
        await asyncio.gather(*map(self.start, self.victims))

    async def kill(self, name: str) -> None:
        """Kill a program, and start another in its place."""
        self._programs.pop(name).kill()
        self.kills += 1
        if name == "work" or not self.worker:
            await self.installation.let_leases_end(self.bank.tenant)
        await self.start(name)

    def kill_all(self) -> None:
        """Kill what is running."""
        for program in self._programs.values():
            program.kill()
        self._programs.clear()


async def book_under_fire(
    site: Site, wishes: Sequence[bytes], *, kills: int, random: Random
) -> Outcome:
    """Let everybody ask for what they want, while programs are killed at random moments.

    Whoever gets no answer, or hears that the service is down, asks again under the same key.
    """
    fire = _Fire(site, wishes, sorted(random.sample(range(1, len(wishes)), kills)), random)
    async with asyncio.TaskGroup() as group:
        group.create_task(fire.kill())
        for place in range(_AT_ONCE):
            group.create_task(fire.ask(place))
    return fire.outcome


class _Fire:
    """Customers and killer: *moments* says after how many of the customers a program dies."""

    def __init__(
        self, site: Site, wishes: Sequence[bytes], moments: list[int], random: Random
    ) -> None:
        self.outcome = Outcome({}, {}, Counter())
        self._site = site
        self._wishes = iter(enumerate(wishes))
        self._moments = moments
        self._random = random
        self._begun = 0
        self._moved = asyncio.Condition()

    async def ask(self, place: int) -> None:
        """Be one customer after another."""
        for number, body in self._wishes:
            async with self._moved:
                # Nobody runs far ahead of the killer, or most would be done before the first kill.
                await self._moved.wait_for(self._may_begin)
                self._begun += 1
                self._moved.notify_all()
            key = email(number)
            answer = await _insist(self._site, body, key, place + number)
            self.outcome.answers[answer.status] += 1
            if answer.status == HTTPStatus.CREATED:
                self.outcome.accepted[key] = msgspec.json.decode(answer.body)["id"]
                self.outcome.bodies[key] = answer.body

    def _may_begin(self) -> bool:
        return not self._moments or self._begun < self._moments[0] + _AT_ONCE

    def _is_time(self) -> bool:
        return self._begun >= self._moments[0]

    async def kill(self) -> None:
        """Kill one program after another, somewhere within what the customers ask for."""
        while self._moments:
            async with self._moved:
                await self._moved.wait_for(self._is_time)
            await asyncio.sleep(self._random.random() / 10)
            await self._site.kill(self._random.choice(self._site.victims))
            async with self._moved:
                self._moments.pop(0)
                self._moved.notify_all()


async def _insist(site: Site, body: bytes, key: str, place: int) -> Answer:
    """Ask one server after another until one of them gives an answer that is final."""
    async with asyncio.timeout(_PATIENCE):
        tries = 0
        while True:
            port = site.ports[(place + tries) % len(site.ports)]
            async with Line(port, site.bank.key) as line:
                try:
                    answer = await line.book(body, once=key)
                except OSError:
                    pass
                else:
                    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                        return answer
            tries += 1
            await asyncio.sleep(0.1)


async def ask_again(site: Site, wanted: Sequence[bytes], outcome: Outcome) -> list[str]:
    """Say who gets another answer when they ask once more under the same key."""
    different = []
    async with Line(site.ports[0], site.bank.key) as line:
        for number, body in enumerate(wanted):
            key = email(number)
            if key in outcome.bodies:
                answer = await line.book(body, once=key)
                if answer != Answer(HTTPStatus.CREATED, outcome.bodies[key]):
                    different.append(f"{key} is answered otherwise")
    return different


async def until_nothing(look: Callable[[], Awaitable[list[str]]], seconds: float) -> list[str]:
    """Look until nothing is found; return what is left when the time is over."""
    end = time.monotonic() + seconds
    while True:
        left = await look()
        if not left or time.monotonic() > end:
            return left
        await asyncio.sleep(0.25)
