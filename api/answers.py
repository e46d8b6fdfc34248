"""Answers already given, kept sealed under the ``Idempotency-Key`` of their requests."""

import hmac
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from api import store
from api.sealed_answers import ANSWERS, KEPT, answer_context
from api.wiring import House
from kernel.errors import FieldError, Invalid, Unprocessable
from kernel.ids import Id

_LONGEST_KEY: Final = 200


class Asked(TypedDict):
    """What makes two requests the same: who asks what, where, under which key."""

    tenant: Id
    caller: str
    path: str
    key: str | None
    body: bytes
    now: datetime


class Answers:
    """The answer to one request, if it was given before."""

    def __init__(self, house: House, **asked: Unpack[Asked]) -> None:
        self._house = house
        self._tenant = asked["tenant"]
        self._key = asked["key"]
        self._now = asked["now"]
        self._where = {
            "caller": asked["caller"],
            "path": asked["path"],
            "key": asked["key"] or "",
        }
        self._context = answer_context(self._tenant, **self._where)
        # Keyed, since bodies hold passwords, which could be guessed from a plain hash.
        secret = house.keyring.key("request-bodies")
        self._hash = hmac.digest(secret, asked["body"], "sha256").hex()

    async def find(self, db: AsyncConnection) -> Response[Any] | None:
        """Return the answer that is kept.

        Raises:
            Unprocessable: The key was used with another body.
        """
        row = await store.stored_answer(db, self._tenant, **self._where)
        if row is None:
            return None
        if row.body_hash != self._hash:
            raise Unprocessable(
                "This Idempotency-Key was used with another body. Use a new key.",
                code="idempotency-mismatch",
            )
        answer = self._house.keyring.open(row.answer, use=ANSWERS, context=self._context)
        return _json(answer, row.status)

    async def reserve(self, db: AsyncConnection) -> Response[Any] | None:
        """Take the key, or return the answer that is kept; a rival in flight is waited for.

        Raises:
            Unprocessable: The key was used with another body.
        """
        fresh = await store.reserve_answer(
            db, self._tenant, body_hash=self._hash, now=self._now, **self._where
        )
        return None if fresh else await self.find(db)

    async def keep(self, db: AsyncConnection, made: Struct, *, status: int) -> Response[Any]:
        """Keep an answer under the key that was taken, and return it."""
        answer = msgspec.json.encode(made)
        # Answers hold links, so they are kept sealed.
        sealed = self._house.keyring.seal(answer, use=ANSWERS, context=self._context)
        await store.keep_answer(db, self._tenant, status=status, answer=sealed, **self._where)
        return _json(answer, status)

    async def forget_old(self, db: AsyncConnection) -> None:
        """Drop the answer, if it has been kept long enough."""
        before = self._now - KEPT
        await store.forget_answer(db, self._tenant, before=before, **self._where)


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


def _json(answer: bytes, status: int) -> Response[Any]:
    return Response(answer, status_code=status, media_type="application/json")
