"""Accounts whose token is renewed: by one at a time, and stored before it is used.

A refresh token may be good for one use only. So whoever renews holds a lease, and everybody else
waits for what comes of it; and the new token is stored, sealed, together with the refresh token
that came along. What is lost when a process dies between the endpoint's answer and that is the one
thing that cannot be helped: then the advisor connects the calendar again.
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from booking.calendars import grants_store, store
from booking.calendars.grants_store import StoredGrant
from booking.calendars.model import StoredAccount
from booking.calendars.port import Refused, Revoked, Unreachable
from booking.calendars.tokens import GrantInput, Tokens, renew
from kernel.clock import Clock
from kernel.crypto import Keyring, random_token
from kernel.database import Database
from kernel.errors import FieldError
from kernel.ids import Id
from kernel.outgoing import AddressRefused, Guard

SOON: Final = timedelta(minutes=1)
"""How long before its end a token is renewed."""

_LEASE: Final = timedelta(minutes=2)
"""Longer than one call can take."""

_TRIES: Final = 300
_PAUSE: Final = 0.1
_USE: Final = "calendar-credentials"
_GRANT: Final = "calendar-grant"


class Grants:
    """Renews the tokens of accounts."""

    def __init__(self, database: Database, clock: Clock, keyring: Keyring, guard: Guard) -> None:
        self.database = database
        self.clock = clock
        self.keyring = keyring
        self.guard = guard

    def seal(self, account_id: Id, grant: GrantInput) -> bytes:
        """Return a grant as it is stored: readable for this account and installation only."""
        return self.keyring.seal(msgspec.json.encode(grant), use=_GRANT, context=account_id)

    def reseal(self, account_id: Id, sealed: bytes) -> bytes:
        """Return a grant sealed under the present secret key.

        Raises:
            ValueError: It does not open.
        """
        return self.keyring.reseal(sealed, use=_GRANT, context=account_id)

    def ends_soon(self, account: StoredAccount) -> bool:
        """Tell whether an account's token is to be renewed before it is used."""
        ends = account.token_expires_at
        return ends is not None and ends <= self.clock.now() + SOON

    async def renewed(self, account: StoredAccount) -> str:
        """Return a token newer than the one in *account*.

        Raises:
            Revoked: What was granted has ended.
            Refused: This account's token is not renewed, or what is sealed does not open.
            Unreachable: There is none to be had at present.
        """
        lease = random_token()
        for _ in range(_TRIES):
            now = self.clock.now()
            async with self.database.transaction(account.tenant_id) as db:
                ours = await grants_store.take(
                    db, account.tenant_id, account.id, lease, now=now, until=now + _LEASE
                )
                known = await grants_store.grant(db, account.tenant_id, account.id)
                if known is None:
                    raise Refused("there is nothing to renew it by")
                idle = known.password != account.password or known.ended_at is not None
                if ours and idle:
                    await grants_store.give_back(db, account.tenant_id, account.id, lease)
            if known.password != account.password:
                return self._opened(account.id, known.password)  # somebody else was before us
            if known.ended_at is not None:
                raise Revoked("the grant has ended")
            if ours:
                # Whoever waits may give up; what the endpoint gives is stored all the same.
                return await asyncio.shield(self._renew(account, known, lease))
            await asyncio.sleep(_PAUSE)
        raise Unreachable("somebody else is renewing it")

    async def _renew(self, account: StoredAccount, known: StoredGrant, lease: str) -> str:
        try:
            grant = self._grant(account.id, known.sealed)
            tokens = await renew(self.guard, grant, now=self.clock.now())
        except BaseException as problem:
            revoked = isinstance(problem, Revoked)
            ended: dict[str, object] = {"ended_at": self.clock.now()} if revoked else {}
            await self._let_go(account, lease, ended)
            if isinstance(problem, AddressRefused):
                raise Unreachable("the token endpoint may not be called") from None
            raise
        return await self._store(account, tokens, lease)

    async def _store(self, account: StoredAccount, tokens: Tokens, lease: str) -> str:
        tenant = account.tenant_id
        password = self.keyring.seal(tokens.access.encode(), use=_USE, context=account.id)
        async with self.database.transaction(tenant) as db:
            held = await grants_store.give_back(
                db, tenant, account.id, lease, sealed=self.seal(account.id, tokens.grant)
            )
            if held:
                await store.change_account(
                    db,
                    tenant,
                    account.id,
                    password=password,
                    token_expires_at=tokens.expires_at,
                )
        if not held:
            raise Unreachable("it was connected anew meanwhile")
        return tokens.access

    async def _let_go(self, account: StoredAccount, lease: str, values: dict[str, object]) -> None:
        async with self.database.transaction(account.tenant_id) as db:
            await grants_store.give_back(db, account.tenant_id, account.id, lease, **values)

    def _grant(self, account_id: Id, sealed: bytes) -> GrantInput:
        try:
            plain = self.keyring.open(sealed, use=_GRANT, context=account_id)
        except ValueError:
            raise Refused("what is sealed does not open") from None
        return msgspec.json.decode(plain, type=GrantInput)

    def _opened(self, account_id: Id, sealed: bytes) -> str:
        try:
            return self.keyring.open(sealed, use=_USE, context=account_id).decode()
        except ValueError:
            raise Refused("what is sealed does not open") from None


class Entering:
    """The token of a log-in that is being entered, which may have to be renewed on the way.

    Attributes:
        tokens: What came of renewing it; None while the one that was entered will do.
    """

    def __init__(self, guard: Guard, clock: Clock, grant: GrantInput) -> None:
        self.guard = guard
        self.clock = clock
        self.grant = grant
        self.tokens: Tokens | None = None

    async def renewed(self) -> str:
        """Return a new token.

        Raises:
            Revoked: What was granted has ended.
            Unreachable: There is none to be had at present.
            AddressRefused: The endpoint may not be called.
        """
        grant = self.tokens.grant if self.tokens else self.grant
        try:
            self.tokens = await renew(self.guard, grant, now=self.clock.now())
        except AddressRefused as refused:
            field = FieldError(pointer="/oauth/token_url", detail=refused.detail)
            raise AddressRefused(refused.detail, errors=(field,)) from None
        return self.tokens.access
