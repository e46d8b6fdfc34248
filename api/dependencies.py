"""What handlers ask for: who is calling, a transaction on their behalf, the time.

A transaction is a dependency. It commits after the handler has returned and before the answer is
sent, so a 201 means that the rows are there; an error rolls everything back.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from api import access, store
from api.access import Caller
from api.bodies import check_body
from api.links import BookingLink, LinkKind
from api.self_service import Visit, enter
from api.wiring import House
from kernel.errors import FieldError, Forbidden, Invalid, Unprocessable
from kernel.ids import Id

T = TypeVar("T", bound=Struct)

_KEPT: Final = timedelta(hours=24)
_LONGEST_KEY: Final = 200


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
    async for db in _lend(request, _begin(request, house, caller.tenant)):
        yield db


def _begin(
    request: Request[Any, Any, State], house: House, tenant: Id
) -> AbstractAsyncContextManager[AsyncConnection]:
    reads = request.method in {"GET", "HEAD"}
    return house.database.reading(tenant) if reads else house.database.transaction(tenant)


async def _lend(
    request: Request[Any, Any, State], transaction: AbstractAsyncContextManager[AsyncConnection]
) -> AsyncIterator[AsyncConnection]:
    """Yield the connection of a transaction, which ends with the request at the latest.

    The framework closes a dependency only if all others came to stand as well. Where a later one
    refuses, this one would keep its connection, and its locks, until it is collected as garbage.
    """
    opened = AsyncExitStack()
    request.scope["state"]["opened"].push_async_callback(
        opened.__aexit__, _Unfinished, _Unfinished(), None
    )
    db = await opened.enter_async_context(transaction)
    try:
        yield db
    except Exception as error:
        await opened.__aexit__(type(error), error, error.__traceback__)
        raise
    await opened.aclose()


class _Unfinished(Exception):
    """The request ended before its transaction did, so that is rolled back."""


# --- answers already given -----------------------------------------------------------------------


class Answers:
    """The answers that were given under an ``Idempotency-Key``, kept sealed for a day."""

    def __init__(
        self,
        house: House,
        *,
        tenant: Id,
        caller: str,
        path: str,
        key: str | None,
        body: bytes,
        now: datetime,
    ) -> None:
        self.database = house.database
        self.tenant = tenant
        self.key = key
        self._keyring = house.keyring
        self._where = {"caller": caller, "path": path, "key": key or ""}
        self._now = now
        # Keyed, since bodies hold passwords that could be guessed from a plain hash.
        self._hash = hmac.digest(house.keyring.key("bodies"), body, "sha256").hex()

    async def find(self, db: AsyncConnection) -> Response[Any] | None:
        """Return the answer that was given, if it is not too old.

        Raises:
            Unprocessable: The key was used with another body.
        """
        row = await store.stored_answer(db, self.tenant, **self._where)
        if row is None or row.created_at < self._now - _KEPT:
            return None
        if not hmac.compare_digest(row.body_hash, self._hash):
            raise Unprocessable(
                "This Idempotency-Key was used with another body. Use a new key.",
                code="idempotency-mismatch",
            )
        answer = self._keyring.open(row.answer, use="answers", context=self._context)
        return _json(answer, row.status)

    async def reserve(self, db: AsyncConnection, *, forever: bool) -> Response[Any] | None:
        """Return the answer that was given, or take the key; a rival in flight is waited for.

        Raises:
            Unprocessable: The key was used with another body.
        """
        if not forever:
            before = self._now - _KEPT
            await store.forget_answer(db, self.tenant, before=before, **self._where)
        fresh = await store.reserve_answer(
            db, self.tenant, body_hash=self._hash, now=self._now, **self._where
        )
        return None if fresh else await self.find(db)

    async def keep(self, db: AsyncConnection, answer: Struct, *, status: int) -> Response[Any]:
        """Keep an answer under the key that was taken, and return it."""
        text = msgspec.json.encode(answer)
        # Answers hold links, so they are kept sealed.
        sealed = self._keyring.seal(text, use="answers", context=self._context)
        await store.keep_answer(db, self.tenant, status=status, answer=sealed, **self._where)
        return _json(text, status)

    @property
    def _context(self) -> str:
        return "|".join((self.tenant, *self._where.values()))


class Once:
    """Answers a repeated request with the first answer, in the transaction of the request."""

    def __init__(self, db: AsyncConnection, answers: Answers) -> None:
        self._db = db
        self._answers = answers

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
        if self._answers.key is None:
            return Response(await make(), status_code=status)
        first = await self._answers.reserve(self._db, forever=forever)
        return first or await self._answers.keep(self._db, await make(), status=status)


class OnceOutside:
    """The same for what talks to the outside: no transaction is open while it does.

    Two requests that come at the same moment may both act, so what they do must bear that; both
    get the answer of whoever was done first.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def __call__(
        self, make: Callable[[], Awaitable[T]], *, status: int = 201
    ) -> Response[T]:
        """Return the answer that *make* gives, or the one it gave before; as `Once`."""
        answers = self._answers
        if answers.key is None:
            return Response(await make(), status_code=status)
        async with answers.database.reading(answers.tenant) as db:
            first = await answers.find(db)
        if first is not None:
            return first
        made = await make()
        async with answers.database.transaction(answers.tenant) as db:
            first = await answers.reserve(db, forever=False)
            return first or await answers.keep(db, made, status=status)


def _json(answer: bytes, status: int) -> Response[Any]:
    return Response(answer, status_code=status, media_type="application/json")


async def provide_answers(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Answers:
    """Return the answers already given to this key for this address."""
    return Answers(
        house,
        tenant=caller.tenant,
        caller=caller.key,
        path=request.url.path,
        key=idempotency_key(request),
        body=await request.body(),
        now=now,
    )


async def provide_once(
    answers: NamedDependency[Answers], db: NamedDependency[AsyncConnection]
) -> Once:
    """Return what keeps a repeated request from acting twice."""
    return Once(db, answers)


async def provide_once_outside(answers: NamedDependency[Answers]) -> OnceOutside:
    """Return the same for a call that talks to the outside."""
    return OnceOutside(answers)


def idempotency_key(request: Request[Any, Any, State]) -> str | None:
    """Return the request's ``Idempotency-Key``.

    Raises:
        Invalid: It is empty, too long or not printable.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        detail = f"An Idempotency-Key has 1 to {_LONGEST_KEY} printable characters."
        raise Invalid(detail, errors=(FieldError(pointer="Idempotency-Key", detail=detail),))
    return key


EVERYWHERE: Final = {"house": Provide(provide_house), "now": Provide(provide_now)}
"""Dependencies of every handler."""

BROWSER: Final = {
    "key_holder": Provide(provide_key_holder),
    "caller": Provide(provide_caller),
    "answers": Provide(provide_answers),
    "db": Provide(provide_db),
    "once": Provide(provide_once),
}
"""Dependencies of calls that any key may make."""

SERVER: Final = {**BROWSER, "caller": Provide(provide_server)}
"""Dependencies of calls that need a secret key."""

OUTSIDE: Final = {
    "key_holder": Provide(provide_key_holder),
    "caller": Provide(provide_server),
    "answers": Provide(provide_answers),
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
        async for db in _lend(request, _begin(request, house, link.tenant)):
            yield db

    async def provide_visit(
        link: NamedDependency[BookingLink],
        db: NamedDependency[AsyncConnection],
        now: NamedDependency[datetime],
    ) -> Visit:
        return await enter(db, link, now=now)

    async def provide_link_answers(
        request: Request[Any, Any, State],
        house: NamedDependency[House],
        link: NamedDependency[BookingLink],
        now: NamedDependency[datetime],
    ) -> Answers:
        return Answers(
            house,
            tenant=link.tenant,
            caller=link.booking,
            # Without the token, which is a secret.
            path=request.url.path.rpartition("/")[2],
            key=idempotency_key(request),
            body=await request.body(),
            now=now,
        )

    return {
        "link": Provide(provide_link),
        "db": Provide(provide_link_db),
        "visit": Provide(provide_visit),
        "answers": Provide(provide_link_answers),
        "once": Provide(provide_once),
    }


MANAGE: Final = link_dependencies("manage")
"""Dependencies of what only the manage link may do."""

INTAKE: Final = link_dependencies("intake", "manage")
"""Dependencies of what the intake link may do as well."""
