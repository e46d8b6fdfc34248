"""The advisor's calendars: what each is for, how it stands, connecting and letting go of one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct

from api.pages.console.calendars import login_view
from api.pages.console.session import CONSOLE, Screen
from api.pages.console.view import show
from api.pages.posted import posted
from api.wiring import House
from booking.calendars.advice import ADVICE
from booking.calendars.model import Account, Auth, ConnectInput, Found, Kind, LoginInput, Role
from booking.calendars.trying import reason_of
from kernel import audit
from kernel.errors import Invalid, NotFound, SpreekuurError, Unprocessable
from kernel.ids import Id
from kernel.outgoing import AddressRefused

_CONSOLE: Final = {"auth": "console"}
_PAGE: Final = "/console/calendars"
_LONGEST: Final[Mapping[str, int]] = {"url": 2000, "username": 300, "password": 1000}

Done = Literal[
    "synced", "sync-failed", "connected", "connected-troubled", "role-set", "password-kept",
    "disconnected", "leaving",
]  # fmt: skip


class Tried(Struct, frozen=True, kw_only=True):
    """How a log-in that was typed in fared.

    Attributes:
        ok: Whether it can be connected.
        advice: What is wrong or is to be known, and what to do.
        missing: Names of the fields that were left empty and must not be.
    """

    ok: bool
    advice: str | None = None
    missing: tuple[str, ...] = ()
    calendars: list[Found] = []


# --- all of them ---------------------------------------------------------------------------------


@get(_PAGE, include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def calendars_page(
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
    done: FromQuery[Done | None] = None,
) -> Response[str]:
    """Show an advisor's calendars: what they are for, how old, and what is wrong."""
    return await _page(request, screen, house, now=now, done=done)


async def _page(
    request: Request[Any, Any, State],
    screen: Screen,
    house: House,
    *,
    now: datetime,
    done: Done | None = None,
    status: int = 200,
    refused: Id | None = None,
    advice: str | None = None,
) -> Response[str]:
    tenant, person = screen.tenant, screen.person
    accounts = await house.calendars.list_accounts(tenant.id, person.id)
    logins = [
        login_view(
            account,
            await house.calendars.troubled(tenant.id, account),
            staleness=timedelta(minutes=tenant.settings.staleness_minutes),
            timezone=person.timezone,
            language=screen.language,
            now=now,
        )
        for account in accounts
    ]
    return show(
        request,
        "calendars.html",
        language=screen.language,
        screen=screen,
        status=status,
        logins=logins,
        has_own=any(account.kind == "own" for account in accounts),
        roles=get_args(Role),
        done=done,
        refused=refused,
        advice=advice,
    )


async def own_account(house: House, screen: Screen, account_id: Id) -> Account:
    """Return one of the advisor's own accounts.

    Raises:
        NotFound: It is nobody's, or somebody else's.
    """
    own = await house.calendars.list_accounts(screen.tenant.id, screen.person.id)
    found = next((account for account in own if account.id == account_id), None)
    if found is None:
        raise NotFound("You have no calendar account with this id.")
    return found


async def note(house: House, screen: Screen, action: str, subject: Id, *, now: datetime) -> None:
    """Put on record what an advisor did to a calendar."""
    tenant, actor = screen.tenant.id, screen.person.id
    async with house.database.transaction(tenant) as db:
        await audit.note(db, tenant, actor=actor, action=action, subject=subject, now=now)


# --- what becomes of one -------------------------------------------------------------------------


@post(
    f"{_PAGE}/{{account_id:str}}/sync",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def sync(
    account_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
) -> Redirect:
    """Read one of the advisor's own calendars now. What goes wrong stands on the page."""
    back = _PAGE if (await posted(request)).get("back") == "calendars" else "/console"
    await own_account(house, screen, account_id)
    try:
        account = await house.calendars.sync(screen.tenant.id, account_id)
    except SpreekuurError:
        return Redirect(f"{back}?done=sync-failed", status_code=303)
    done: Done = "synced" if account.state == "active" else "sync-failed"
    return Redirect(f"{back}?done={done}", status_code=303)


@post(
    f"{_PAGE}/{{account_id:str}}/collections/{{collection_id:str}}",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def set_role(
    account_id: FromPath[Id],
    collection_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Say what one calendar is for."""
    said = (await posted(request)).get("role")
    role: Role | None = next((one for one in get_args(Role) if one == said), None)
    if role is None:
        raise Invalid("A role is busy, target or ignore.")
    await own_account(house, screen, account_id)
    await house.calendars.set_role(screen.tenant.id, account_id, collection_id, role)
    await note(house, screen, f"calendar.{role}", collection_id, now=now)
    return _back("role-set")


@post(
    f"{_PAGE}/{{account_id:str}}/password",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
)
async def new_password(
    account_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Store a new password, if it works."""
    password = (await posted(request)).get("password", "")[: _LONGEST["password"]]
    account = await own_account(house, screen, account_id)
    try:
        await house.calendars.log_in_again(screen.tenant.id, account_id, password)
    except (Unprocessable, Invalid) as problem:
        login = LoginInput(kind=account.kind, url=account.url, auth=account.auth)
        tried = await _said(problem, login, screen, house)
        return await _page(
            request,
            screen,
            house,
            now=now,
            status=422,
            refused=account_id,
            advice=tried.advice,
        )
    await note(house, screen, "calendar.password", account_id, now=now)
    return _back("password-kept")


@post(
    f"{_PAGE}/{{account_id:str}}/disconnect",
    include_in_schema=False,
    opt=_CONSOLE,
    dependencies=CONSOLE,
    status_code=303,
)
async def disconnect(
    account_id: FromPath[Id],
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Redirect:
    """Forget a log-in; what we wrote into its calendars stays there or goes first."""
    said = (await posted(request)).get("entries")
    entries: Literal["keep", "remove"] = "remove" if said == "remove" else "keep"
    account = await own_account(house, screen, account_id)
    await house.calendars.disconnect(screen.tenant.id, account_id, entries=entries)
    await note(house, screen, "calendar.disconnected", account_id, now=now)
    return _back("leaving" if entries == "remove" and account.kind == "caldav" else "disconnected")


# --- connecting one ------------------------------------------------------------------------------


@get(f"{_PAGE}/connect", include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def connect_page(
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    kind: FromQuery[Literal["caldav", "feed"]] = "caldav",
) -> Response[str]:
    """Ask how a calendar is reached."""
    return _connect_page(request, screen, LoginInput(kind=kind))


@post(f"{_PAGE}/connect", include_in_schema=False, opt=_CONSOLE, dependencies=CONSOLE)
async def connect(
    request: Request[Any, Any, State],
    screen: NamedDependency[Screen],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Try a calendar, or connect it and read it for the first time."""
    values = await posted(request)
    login = _typed(values)
    if values.get("do") == "test" and login.kind != "own":
        tried = await _try(login, screen, house)
        status = 200 if tried.ok else 422
        return _connect_page(request, screen, login, tried=tried, status=status)
    data = ConnectInput(
        advisor=screen.person.id,
        kind=login.kind,
        url=login.url,
        username=login.username,
        password=login.password,
        auth=login.auth,
    )
    try:
        account = await house.calendars.connect(screen.tenant.id, data)
    except (Unprocessable, Invalid) as problem:
        tried = await _said(problem, login, screen, house)
        return _connect_page(request, screen, login, tried=tried, status=422)
    await note(house, screen, "calendar.connected", account.id, now=now)
    return _back("connected" if account.state == "active" else "connected-troubled")


async def _try(login: LoginInput, screen: Screen, house: House) -> Tried:
    try:
        trial = await house.calendars.try_out(login)
    except Invalid as problem:
        return await _said(problem, login, screen, house)
    advice = trial.advice[screen.language] if trial.advice else None
    return Tried(ok=trial.ok, advice=advice, calendars=trial.calendars)


async def _said(problem: SpreekuurError, login: LoginInput, screen: Screen, house: House) -> Tried:
    """Return in plain words why a log-in does not work."""
    if isinstance(problem, AddressRefused):
        reason = await reason_of(problem, login, house.calendars.logins.guard)
    elif isinstance(problem, Invalid):
        missing = tuple(field.pointer.removeprefix("/") for field in problem.errors)
        return Tried(ok=False, missing=missing)
    else:
        reason = str(problem.extra.get("reason"))
    advice = ADVICE[reason][screen.language] if reason in ADVICE else None
    return Tried(ok=False, advice=advice)


def _typed(values: Mapping[str, str]) -> LoginInput:
    """Return what was typed in; what was left empty is not given."""
    given = {name: values.get(name, "")[:longest] for name, longest in _LONGEST.items()}
    kind: Kind = next((one for one in get_args(Kind) if one == values.get("kind")), "caldav")
    auth: Auth = next((one for one in get_args(Auth) if one == values.get("auth")), "basic")
    if kind == "own":
        return LoginInput(kind=kind)
    return LoginInput(
        kind=kind,
        url=given["url"].strip() or None,
        username=given["username"].strip() or None,
        password=given["password"] or None,
        auth=auth,
    )


def _connect_page(
    request: Request[Any, Any, State],
    screen: Screen,
    login: LoginInput,
    *,
    tried: Tried | None = None,
    status: int = 200,
) -> Response[str]:
    # What was typed as a password is not sent back.
    return show(
        request,
        "connect.html",
        language=screen.language,
        screen=screen,
        status=status,
        kind=login.kind,
        url=login.url or "",
        username=login.username or "",
        auth=login.auth,
        auths=get_args(Auth),
        tried=tried,
        missing=tried.missing if tried else (),
    )


def _back(done: Done) -> Redirect:
    return Redirect(f"{_PAGE}?done={done}", status_code=303)


HANDLERS: Final = [
    calendars_page,
    sync,
    set_role,
    new_password,
    disconnect,
    connect_page,
    connect,
]
