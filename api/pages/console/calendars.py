"""How fresh an advisor's calendars are, in words."""

from datetime import datetime, timedelta
from typing import Final

from babel.dates import format_timedelta
from msgspec import Struct

from api.pages.console.words import say
from api.pages.render import LOCALES
from booking.calendars.model import Account, Collection
from kernel.ids import Id
from kernel.people import Language

_JUST_NOW: Final = timedelta(seconds=45)


class CalendarView(Struct, frozen=True, kw_only=True):
    """One calendar of an advisor.

    Attributes:
        age: When it was last read, in words.
        target: Whether meetings are put into it.
        trouble: What an advisor should know or do, in sentences; none when all is well.
    """

    name: str
    age: str
    target: bool
    trouble: list[str]


class AccountView(Struct, frozen=True, kw_only=True):
    """One log-in at a calendar server, with the calendars that count."""

    id: Id
    calendars: list[CalendarView]


def account_view(
    account: Account, *, staleness: timedelta, language: Language, now: datetime
) -> AccountView:
    """Return how fresh the calendars of *account* are.

    Args:
        account: The log-in.
        staleness: How old busy times may be before new bookings wait for the advisor.
        language: Of the words.
        now: What ages are counted from.
    """
    return AccountView(
        id=account.id,
        calendars=[
            CalendarView(
                name=collection.name,
                age=_age(collection.last_ok_at, language=language, now=now),
                target=collection.role == "target",
                trouble=_trouble(account, collection, staleness, language=language, now=now),
            )
            for collection in account.collections
            if collection.role != "ignore"
        ],
    )


def _age(read_at: datetime | None, *, language: Language, now: datetime) -> str:
    if read_at is None:
        return say("calendar.never", language)
    age = now - read_at
    if age < _JUST_NOW:
        words = say("calendar.just-now", language)
    else:
        words = format_timedelta(-age, add_direction=True, threshold=2, locale=LOCALES[language])
    return say("calendar.read", language, age=words)


def _trouble(
    account: Account,
    collection: Collection,
    staleness: timedelta,
    *,
    language: Language,
    now: datetime,
) -> list[str]:
    troubles = []
    if account.state != "active":
        troubles.append(say(f"calendar.{account.state}", language))
    elif collection.problem:
        troubles.append(say("calendar.degraded", language))
    if collection.last_ok_at is None or now - collection.last_ok_at > staleness:
        troubles.append(say("calendar.stale", language))
    if collection.troubled:
        troubles.append(say("calendar.troubled", language, count=collection.troubled))
    return troubles
