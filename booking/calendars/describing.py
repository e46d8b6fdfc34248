"""Asking a server what it says of the person behind an account: their addresses and their hours.

That changes seldom, so it is asked once a day, and when somebody wants an account read now. A
server that knows nothing of it, or goes wrong over it, changes nothing: what was known stays.
"""

from datetime import datetime, timedelta
from typing import Final

from booking.calendars import published, store
from booking.calendars.accounts import Logins
from booking.calendars.availability import UNREADABLE, kept_of
from booking.calendars.manners import Manners
from booking.calendars.model import SILENT, StoredAccount
from booking.calendars.port import About, CalendarProblem, Refused, Unreachable
from booking.calendars.reduced import Oversized
from booking.expansion import horizon_at
from kernel.clock import Clock
from kernel.database import Database
from kernel.ids import Id
from kernel.outgoing import AddressRefused

EVERY: Final = timedelta(days=1)
AGAIN: Final = timedelta(minutes=15)
"""How soon a server is asked again that did not answer: it may be this question that breaks it."""

AT_ONCE: Final = timedelta(minutes=1)
"""How long ago it must have been when somebody asks for it."""


class Describing:
    """Asks servers about people."""

    def __init__(self, database: Database, clock: Clock, logins: Logins, manners: Manners) -> None:
        self.database = database
        self.clock = clock
        self.logins = logins
        self.manners = manners

    async def renew(self, tenant: Id, account: StoredAccount, *, every: timedelta) -> bool:
        """Ask anew if that is so long ago; tell whether the account is not what it was."""
        now = self.clock.now()
        asked = account.described_at
        if account.kind == "own" or account.state in SILENT or (asked and now < asked + every):
            return False
        values: dict[str, object] = {"described_at": now}
        if account.kind == "caldav":
            try:
                async with self.logins.open(account) as opened:
                    about = await self.manners.polite(opened, account).about()
                values |= _values(about, now=now)
            except Refused:
                return False  # the round that follows meets the same, and tells it
            except (Unreachable, AddressRefused):
                values = {"described_at": now - EVERY + AGAIN}
            except CalendarProblem:
                pass  # it knows no such things
        async with self.database.transaction(tenant) as db:
            await store.change_account(db, tenant, account.id, **values)
            await published.renew_for(db, tenant, account.id, now=now)
        return True


def _values(about: About, *, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"server_addresses": about.addresses}
    if about.availability is not None:
        try:
            kept = kept_of(about.availability, zone=None, horizon=horizon_at(now))
        except (Oversized, ValueError, LookupError):
            kept = UNREADABLE
        # Something that says nothing of availability where that is asked for is not understood.
        values["availability"] = kept or (UNREADABLE if about.availability.strip() else None)
    return values
