"""How fresh an advisor's calendars are, what is wrong with them and what to do, in words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from babel.dates import format_timedelta
from msgspec import Struct

from api.pages.console.words import WORDS, say
from api.pages.render import LOCALES
from booking.calendars.model import (
    Account,
    Collection,
    Kind,
    Role,
    Troubled,
)
from kernel import formats
from kernel.ids import Id
from kernel.people import Language

_OF_ALL: Final = {"calendar-unreachable", "calendar-refused", "address-refused"}
"""What is wrong with a server, and so with all its calendars."""

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


class UseView(Struct, frozen=True, kw_only=True):
    """One calendar of a log-in on the page where it is told what it is for.

    Attributes:
        trouble: As of a ``CalendarView``.
        unread: Entries of which not everything could be understood: when, and why.
    """

    id: Id
    name: str
    role: Role
    writable: bool
    age: str
    trouble: list[str]
    unread: list[str]


class LoginView(Struct, frozen=True, kw_only=True):
    """One log-in on that page, with every calendar that it gives access to.

    Attributes:
        where: Its server, or its address.
        leaving: Whether it has been disconnected, and is there until our entries are gone.
        locked: Whether its server refuses the password.
        has_password: Whether a new one can be entered.
    """

    id: Id
    kind: Kind
    where: str
    username: str
    leaving: bool
    locked: bool
    has_password: bool
    calendars: list[UseView]


def login_view(
    account: Account,
    troubled: Sequence[Troubled],
    *,
    staleness: timedelta,
    timezone: str,
    language: Language,
    now: datetime,
) -> LoginView:
    """Return how *account* and its calendars stand; what they hold is not told.

    Args:
        account: The log-in.
        troubled: What could not be understood in its calendars.
        staleness: As for ``account_view``.
        timezone: Whose clock times are told by.
        language: Of the words.
        now: What ages are counted from.
    """

    def used(collection: Collection) -> UseView:
        wrong = _trouble(account, collection, staleness, language=language, now=now)
        unread = [
            _unread(each, timezone, language)
            for each in troubled
            if each.collection_id == collection.id
        ]
        return UseView(
            id=collection.id,
            name=collection.name,
            role=collection.role,
            writable=collection.writable,
            age=_age(collection.last_ok_at, language=language, now=now),
            trouble=[] if collection.role == "ignore" else wrong,
            unread=unread,
        )

    return LoginView(
        id=account.id,
        kind=account.kind,
        where=say("own.title", language) if account.kind == "own" else account.url,
        username=account.username,
        leaving=account.state == "leaving",
        locked=account.state == "auth-failed",
        has_password=account.kind == "caldav" or bool(account.username),
        calendars=[used(collection) for collection in account.collections],
    )


def _unread(entry: Troubled, timezone: str, language: Language) -> str:
    why = say(f"unread.{entry.problem}", language)
    if entry.start is None or entry.end is None:
        return say("calendar.unread.somewhen", language, why=why)
    start, end = (formats.when(each, timezone, language) for each in (entry.start, entry.end))
    return say("calendar.unread", language, start=start, end=end, why=why)


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
    if wrong := _what_is_wrong(account, collection):
        troubles.append(say(wrong, language))
    if collection.last_ok_at is None or now - collection.last_ok_at > staleness:
        troubles.append(say("calendar.stale", language))
    if account.availability == "unreadable":
        troubles.append(say("calendar.hours-unreadable", language))
    if collection.troubled:
        troubles.append(say("calendar.troubled", language, count=collection.troubled))
    return troubles


def _what_is_wrong(account: Account, collection: Collection) -> str | None:
    """Return the key of the sentence about what keeps a calendar from being read."""
    if account.state == "auth-failed":
        revoked = account.problem == "calendar-revoked"
        return "calendar.revoked" if revoked else "calendar.auth-failed"
    if collection.problem is None:
        whole = account.problem in _OF_ALL or not any(one.problem for one in account.collections)
        if account.state not in {"degraded", "missing"} or not whole:
            return None  # it is another calendar of this log-in that is in trouble
    key = f"problem.{collection.problem or account.problem}"
    if key in WORDS:
        return key
    return "calendar.missing" if account.state == "missing" else "calendar.degraded"
