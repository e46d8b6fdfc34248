"""What handlers ask for: who is calling, a transaction on their behalf, the time.

A transaction is a dependency. It commits after the handler has returned and before the answer is
sent, so a 201 means that the rows are there; an error rolls everything back.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
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


async def provide_caller(
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


async def provide_server(caller: NamedDependency[Caller]) -> Caller:
    """Return whose secret key this is.

    Raises:
        Forbidden: It is a publishable one.
    """
    if caller.kind != "secret":
        raise Forbidden("This call needs a secret key; publishable keys are for browsers.")
    return caller


async def provide_db(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[Caller],
) -> AsyncIterator[AsyncConnection]:
    """Open a transaction on behalf of the caller's organisation."""
    begin = (
        house.database.reading if request.method in {"GET", "HEAD"} else house.database.transaction
    )
    async with begin(caller.tenant) as db:
        yield db


class Once:
    """Answers a repeated request with the first answer (``Idempotency-Key``)."""

    def __init__(
        self,
        db: AsyncConnection,
        house: House,
        *,
        tenant: Id,
        caller: str,
        path: str,
        key: str | None,
        body: bytes,
        now: datetime,
    ) -> None:
        self._db = db
        self._house = house
        self._where = {"caller": caller, "path": path, "key": key or ""}
        self._tenant = tenant
        self._key = key
        self._hash = hashlib.sha256(body).hexdigest()
        self._now = now

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
            await store.forget_answer(
                self._db, self._tenant, before=self._now - _KEPT, **self._where
            )
        context = "|".join((self._tenant, *self._where.values()))
        fresh = await store.reserve_answer(
            self._db, self._tenant, body_hash=self._hash, now=self._now, **self._where
        )
        if not fresh:
            row = await store.stored_answer(self._db, self._tenant, **self._where)
            if row.body_hash != self._hash:
                raise Unprocessable(
                    "This Idempotency-Key was used with another body. Use a new key.",
                    code="idempotency-mismatch",
                )
            answer = self._house.keyring.open(row.answer, use="answers", context=context)
            return self._response(answer, row.status)
        answer = msgspec.json.encode(await make())
        # Answers hold links, so they are kept sealed.
        sealed = self._house.keyring.seal(answer, use="answers", context=context)
        await store.keep_answer(self._db, self._tenant, status=status, answer=sealed, **self._where)
        return self._response(answer, status)

    def _response(self, answer: bytes, status: int) -> Response[Any]:
        return Response(answer, status_code=status, media_type="application/json")


async def provide_once(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Once:
    """Return what keeps a repeated request from acting twice."""
    return Once(
        db,
        house,
        tenant=caller.tenant,
        caller=caller.key,
        path=request.url.path,
        key=idempotency_key(request),
        body=await request.body(),
        now=now,
    )


def idempotency_key(request: Request[Any, Any, State]) -> str | None:
    """Return the request's ``Idempotency-Key``.

    Raises:
        Invalid: It is empty, too long or not printable.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        raise Invalid(
            f"Idempotency-Key has 1 to {_LONGEST_KEY} printable characters.",
            errors=(FieldError(pointer="Idempotency-Key", detail="Too long or empty."),),
        )
    return key


EVERYWHERE: Final = {"house": Provide(provide_house), "now": Provide(provide_now)}
"""Dependencies of every handler."""

BROWSER: Final = {
    "caller": Provide(provide_caller),
    "db": Provide(provide_db),
    "once": Provide(provide_once),
}
"""Dependencies of calls that any key may make."""

_SERVER_CALLER: Final = {"key_holder": Provide(provide_caller)}


async def provide_secret_caller(key_holder: NamedDependency[Caller]) -> Caller:
    """Return the caller, when its key is a secret one."""
    return await provide_server(key_holder)


SERVER: Final = {
    **_SERVER_CALLER,
    "caller": Provide(provide_secret_caller),
    "db": Provide(provide_db),
    "once": Provide(provide_once),
}
"""Dependencies of calls that need a secret key."""


# --- links ---------------------------------------------------------------------------------------


def link_dependencies(*kinds: LinkKind) -> dict[str, Provide]:
    """Return the dependencies of handlers that a link of these kinds opens.

    The link's token is the path parameter ``token``. Handlers get ``link``, ``db`` (a transaction
    on behalf of the link's organisation) and ``visit``.
    """

    async def provide_link(token: FromPath[str], house: NamedDependency[House]) -> BookingLink:
        return house.links.read_booking(token, *kinds)

    async def provide_link_db(
        request: Request[Any, Any, State],
        house: NamedDependency[House],
        link: NamedDependency[BookingLink],
    ) -> AsyncIterator[AsyncConnection]:
        reads = request.method in {"GET", "HEAD"}
        begin = house.database.reading if reads else house.database.transaction
        async with begin(link.tenant) as db:
            yield db

    async def provide_visit(
        link: NamedDependency[BookingLink],
        db: NamedDependency[AsyncConnection],
        now: NamedDependency[datetime],
    ) -> Visit:
        return await enter(db, link, now=now)

    async def provide_link_once(
        request: Request[Any, Any, State],
        house: NamedDependency[House],
        link: NamedDependency[BookingLink],
        db: NamedDependency[AsyncConnection],
        now: NamedDependency[datetime],
    ) -> Once:
        return Once(
            db,
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
        "once": Provide(provide_link_once),
    }


MANAGE: Final = link_dependencies("manage")
"""Dependencies of what only the manage link may do."""

INTAKE: Final = link_dependencies("intake", "manage")
"""Dependencies of what the intake link may do as well."""
