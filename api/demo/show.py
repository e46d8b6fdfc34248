"""The demo as people see it: everything served until Ctrl-C, and where to find what."""

import asyncio
import contextlib
import signal
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Final

from rich.console import Console

from api.demo.bank import USERS, Bank
from api.demo.customers import CUSTOMERS, move_in
from api.demo.stage import Stage, curtain_up, found_bank, stage
from kernel.clock import SystemClock

_PROGRAMME: Final = Template("""
[bold]Demobank is open.[/] Everything runs on this machine; Ctrl-C ends it.

  Bank's website     $site/
  Advisor's console  $url/dev/console  (signs Sanne Visser in)
  Mailbox            $url/dev/mailbox  (/dev/mailbox.json)
  Booking page       $url/book/demobank/hypotheek
  API reference      $url/schema
  CalDAV             $caldav  user sanne, password $password

[bold]With curl[/]
  KEY=$key
  curl -sH "Authorization: Bearer $$KEY" "$url/v1/slots?meeting_type=hypotheek\\
&start=$today&end=$later&timezone=Europe/Amsterdam"
  curl -sH "Authorization: Bearer $$KEY" -H "Content-Type: application/json" $url/v1/rates \\
    -d '{"product": "mortgage-annuity", "fixed_years": 10, "rate": "4.05", "valid_from": "$today"}'

[bold]With the SDK[/]
  from spreekuur import Spreekuur
  client = Spreekuur("$key", base_url="$url")
  for booking in client.bookings.iter(): print(booking.start, booking.advisor.name)

  Move an event in Sanne's calendar, and let the booking follow:
  client.calendars.sync("$account")
""")


async def run_show(folder: Path, *, port: int, clock: SystemClock) -> None:
    """Serve the demo until it is interrupted."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    async with stage(folder, port=port, clock=clock, users=dict(USERS)) as scene:
        tenant, key = await found_bank(scene)
        async with curtain_up(scene, tenant, key) as bank:
            await _live(scene, key)
            _print(console, scene, bank, key)
            await _interrupted()
    console.print("\nGone, with all its data.")


async def _live(scene: Stage, key: str) -> None:
    """Let customers book and prepare, and change a rate."""
    async with scene.client(key) as client:
        for customer in CUSTOMERS:
            await move_in(client, customer, now=scene.clock.now())
        await client.rates.publish(
            product="mortgage-annuity",
            fixed_years=10,
            rate="3.85",
            valid_from=scene.clock.now().date(),
        )


def _print(console: Console, scene: Stage, bank: Bank, key: str) -> None:
    today = scene.clock.now().date()
    console.print(
        _PROGRAMME.substitute(
            site=scene.bank_url,
            url=scene.url,
            caldav=scene.calendars.url,
            password=USERS["sanne"],
            key=key,
            today=today,
            later=today + timedelta(days=14),
            account=bank.account.id,
        )
    )


async def _interrupted() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    await stop.wait()
