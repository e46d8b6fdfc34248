"""The one place that builds everything; server, worker, command line and tests start here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from api.links import Links
from api.relay import Relay
from api.settings import Settings, SettingsInvalid
from api.wiring import House, wire
from kernel.clock import Clock, SystemClock
from kernel.database import Database
from kernel.outgoing import Guard
from notifications.channels.email import SmtpChannel
from notifications.channels.port import Channel


def build_house(
    settings: Settings,
    *,
    clock: Clock | None = None,
    channels: Mapping[str, Channel] | None = None,
) -> House:
    """Build the house; `close_house` takes it down again.

    Args:
        settings: What the operator decided.
        clock: In place of the machine's own.
        channels: In place of SMTP; the demo has a mailbox.

    Raises:
        SettingsInvalid: Letters could not be sent, since SMTP is not set.
    """
    if channels is None:
        if settings.smtp_url is None:
            raise SettingsInvalid("Set SPREEKUUR_SMTP_URL, such as smtp://user:password@host:587.")
        channels = {"email": SmtpChannel(settings.smtp_url)}
    relay = Relay(settings.redis_url)
    keyring = settings.keyring
    return wire(
        settings=settings,
        database=Database(settings.database, keyring=keyring, after_commit=relay.wake),
        clock=clock or SystemClock(),
        keyring=keyring,
        guard=Guard(settings.outgoing_allow),
        links=Links(keyring, settings.public_url),
        channels=channels,
        relay=relay,
    )


async def close_house(house: House) -> None:
    """Close every connection."""
    await house.relay.close()
    await house.database.close()


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    clock: Clock | None = None,
    channels: Mapping[str, Channel] | None = None,
) -> AsyncIterator[House]:
    """Build the house for as long as the block lasts; arguments as for `build_house`."""
    house = build_house(settings, clock=clock, channels=channels)
    try:
        yield house
    finally:
        await close_house(house)
