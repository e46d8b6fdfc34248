"""What handlers ask for: who is calling, a transaction on their behalf, the time.

A transaction is a dependency. It commits after the handler has returned and before the answer is
sent, so a 201 means that the rows are there; an error rolls everything back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeVar, Unpack
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from api import access
from api.access import Caller
from api.answers import Answers, Asked, idempotency_key
from api.bodies import check_body
from api.links import BookingLink, LinkKind
from api.self_service import Visit, enter
from api.wiring import House
from kernel.errors import Forbidden
from kernel.ids import Id

T = TypeVar("T", bound=Struct)


async def provide_house(state: State) -> House:
    """Return the house."""
    house: House = state["house"]
    return house


async def provide_now(house: NamedDependency[House]) -> datetime:
    """Return the instant this request counts as."""
    return house.clock.now()


# --- who calls -----------------------------------------------------------------------------------


async def provide_key_holder(
    request: Request[Any, Any, State], house: NamedDependency[House]
) -> Caller:
    """Return whose key this is; a publishable one only from its origins."""
    headers = request.headers
    own = None
    if headers.get("sec-fetch-site") == "same-origin":
        parts = urlsplit(house.settings.public_url)
        own = f"{parts.scheme}://{parts.netloc}"
    async with house.database.reading() as db:
        return await access.identify_caller(
            db, headers.get("authorization"), origin=headers.get("origin"), same_origin=own
        )


async def provide_caller(
    request: Request[Any, Any, State], key_holder: NamedDependency[Caller]
) -> Caller:
    """Return who calls, after looking at what they sent."""
    await check_body(request)
    return key_holder


async def provide_server(
    request: Request[Any, Any, State], key_holder: NamedDependency[Caller]
) -> Caller:
    """Return who calls, when their key is a secret one.

    Raises:
        Forbidden: It is a publishable one.
    """
    if key_holder.kind != "secret":
        raise Forbidden("This call needs a secret key; publishable keys are for browsers.")
    await check_body(request)
    return key_holder


# --- transactions --------------------------------------------------------------------------------


async def provide_db(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[Caller],
) -> AsyncIterator[AsyncConnection]:
    """Open a transaction on behalf of the caller's organisation."""
    async with transaction_of(request, house, caller.tenant) as db:
        yield db


@asynccontextmanager
async def transaction_of(
    request: Request[Any, Any, State], house: House, tenant: Id
) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that ends with the request at the latest.

    The framework closes a dependency only if all others came to stand as well. Where a later one
    refuses, this one would keep its connection, and its locks, until it is collected as garbage.
    """
    reads = request.method in {"GET", "HEAD"}
    begin = house.database.reading if reads else house.database.transaction
    opened = AsyncExitStack()
    request.scope["state"]["opened"].push_async_callback(
        opened.__aexit__, _Unfinished, _Unfinished(), None
    )
    db = await opened.enter_async_context(begin(tenant))
    async with opened:
        yield db


class _Unfinished(Exception):
    """The request ended before its transaction did, so that is rolled back."""


# --- answers already given -----------------------------------------------------------------------


class Once(Answers):
    """Answers a repeated request with the first answer, in the transaction of the request."""

    def __init__(self, db: AsyncConnection, house: House, **asked: Unpack[Asked]) -> None:
        super().__init__(house, **asked)
        self._db = db

    async def __call__(
        self, make: Callable[[], Awaitable[T]], *, status: int = 201, forever: bool = False
    ) -> Response[T]:
        """Return the answer that *make* gives, or the one it gave before.

        Args:
            make: Does what the request asks.
            status: Of the answer.
            forever: Keep the answer for good, not for a day.

        Raises:
            Unprocessable: The key was used with another body.
        """
        if self._key is None:
            return Response(await make(), status_code=status)
        if not forever:
            await self.forget_old(self._db)
        first = await self.reserve(self._db)
        return first or await self.keep(self._db, await make(), status=status)


class OnceOutside(Answers):
    """The same for what talks to the outside: no transaction is open while it does.

    Two requests that come at the same moment may both act, so what they do must bear that; both
    get the answer of whichever was done first.
    """

    async def __call__(self, make: Callable[[], Awaitable[T]], *, status: int) -> Response[T]:
        """Return the answer that *make* gives, or the one it gave in the last day.

        Raises:
            Unprocessable: The key was used with another body.
        """
        if self._key is None:
            return Response(await make(), status_code=status)
        database = self._house.database
        async with database.transaction(self._tenant) as db:
            await self.forget_old(db)
            first = await self.find(db)
        if first is not None:
            return first
        made = await make()
        async with database.transaction(self._tenant) as db:
            first = await self.reserve(db)
            return first or await self.keep(db, made, status=status)


async def provide_asked(
    request: Request[Any, Any, State],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Asked:
    """Return what makes this request the same as an earlier one."""
    return Asked(
        tenant=caller.tenant,
        caller=caller.key,
        path=request.url.path,
        key=idempotency_key(request),
        body=await request.body(),
        now=now,
    )


async def provide_once(
    house: NamedDependency[House],
    db: NamedDependency[AsyncConnection],
    asked: NamedDependency[Asked],
) -> Once:
    """Return what keeps a repeated request from acting twice."""
    return Once(db, house, **asked)


async def provide_once_outside(
    house: NamedDependency[House], asked: NamedDependency[Asked]
) -> OnceOutside:
    """Return the same for a call that talks to the outside."""
    return OnceOutside(house, **asked)


EVERYWHERE: Final = {"house": Provide(provide_house), "now": Provide(provide_now)}
"""Dependencies of every handler."""

SECRET_KEY: Final[list[dict[str, list[str]]]] = [{"secret_key": []}]
ANY_KEY: Final[list[dict[str, list[str]]]] = [{"publishable_key": []}, *SECRET_KEY]
"""How the API description says which key a call needs."""

BROWSER: Final = {
    "key_holder": Provide(provide_key_holder),
    "caller": Provide(provide_caller),
    "asked": Provide(provide_asked),
    "db": Provide(provide_db),
    "once": Provide(provide_once),
}
"""Dependencies of calls that any key may make."""

SERVER: Final = {**BROWSER, "caller": Provide(provide_server)}
"""Dependencies of calls that need a secret key."""

OUTSIDE: Final = {
    "key_holder": Provide(provide_key_holder),
    "caller": Provide(provide_server),
    "asked": Provide(provide_asked),
    "once": Provide(provide_once_outside),
}
"""Dependencies of calls that need a secret key and talk to the outside."""


# --- links ---------------------------------------------------------------------------------------


def link_dependencies(*kinds: LinkKind) -> dict[str, Provide]:
    """Return the dependencies of handlers that a link of these kinds opens.

    The link's token is the path parameter ``token``. Handlers get ``link``, ``db`` (a transaction
    on behalf of the link's organisation) and ``visit``.
    """

    async def provide_link(
        request: Request[Any, Any, State], token: FromPath[str], house: NamedDependency[House]
    ) -> BookingLink:
        link = house.links.read_booking(token, *kinds)
        await check_body(request)
        return link

    async def provide_link_db(
        request: Request[Any, Any, State],
        house: NamedDependency[House],
        link: NamedDependency[BookingLink],
    ) -> AsyncIterator[AsyncConnection]:
        async with transaction_of(request, house, link.tenant) as db:
            yield db

    async def provide_visit(
        link: NamedDependency[BookingLink],
        db: NamedDependency[AsyncConnection],
        now: NamedDependency[datetime],
    ) -> Visit:
        return await enter(db, link, now=now)

    async def provide_link_asked(
        request: Request[Any, Any, State],
        link: NamedDependency[BookingLink],
        now: NamedDependency[datetime],
    ) -> Asked:
        return Asked(
            tenant=link.tenant,
            # A link that was mailed opens more than one that was shown.
            caller=f"{link.booking} {'mailed' if link.mailed else 'shown'}",
            # Without the token, which is a secret, and is another one after the booking moved.
            path=request.url.path.rpartition("/")[2],
            key=idempotency_key(request),
            body=await request.body(),
            now=now,
        )

    return {
        "link": Provide(provide_link),
        "db": Provide(provide_link_db),
        "visit": Provide(provide_visit),
        "asked": Provide(provide_link_asked),
        "once": Provide(provide_once),
    }


MANAGE: Final = link_dependencies("manage")
"""Dependencies of what only the manage link may do."""

INTAKE: Final = link_dependencies("intake", "manage")
"""Dependencies of what the intake link may do as well."""
