"""The organisation itself: its settings, calendars, forms and keys."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from spreekuur import models
from spreekuur._async.sending import AsyncSender
from spreekuur._request import ask, page_of
from spreekuur._wire import given
from spreekuur.words import CollectionRole, KeyKind


class AsyncTenantCalls:
    """The organisation itself."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def get(self) -> models.Tenant:
        """Return the organisation's name and settings."""
        return await self._sender.send(ask("GET", "/v1/tenant", answer=models.Tenant))

    async def update(
        self, *, name: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> models.Tenant:
        """Change the name or the settings; settings are replaced as a whole."""
        body = given(name=name, settings=settings)
        return await self._sender.send(ask("PATCH", "/v1/tenant", answer=models.Tenant, body=body))


class AsyncCalendarCalls:
    """Advisors' own calendars."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def connect(
        self, *, advisor: str, url: str, username: str, password: str
    ) -> models.Account:
        """Connect an advisor's CalDAV account and read it for the first time.

        Raises:
            Unprocessable: The server does not answer, refuses, or is no CalDAV server.
            InvalidRequest: The address may not be called.
        """
        body = {"advisor": advisor, "url": url, "username": username, "password": password}
        return await self._sender.send(
            ask("POST", "/v1/calendars", answer=models.Account, body=body)
        )

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Account]:
        """Return one page of the connected accounts."""
        return await self._sender.send(page_of(models.Account, "/v1/calendars", cursor, limit))

    def iter(self) -> AsyncIterator[models.Account]:
        """Yield every connected account."""
        return self._sender.items(page_of(models.Account, "/v1/calendars"))

    async def sync(self, account: str) -> models.Account:
        """Read an account now."""
        route = "/v1/calendars/{}/sync"
        return await self._sender.send(ask("POST", route, account, answer=models.Account))

    async def status(self, account: str) -> models.Account:
        """Return how an account is doing."""
        route = "/v1/calendars/{}/status"
        return await self._sender.send(ask("GET", route, account, answer=models.Account))

    async def set_role(self, account: str, collection: str, role: CollectionRole) -> models.Account:
        """Say what a calendar is for: ``busy``, ``target`` (bookings go there) or ``ignore``."""
        route = "/v1/calendars/{}/collections/{}"
        body = {"role": role}
        return await self._sender.send(
            ask("PATCH", route, account, collection, answer=models.Account, body=body)
        )


class AsyncFormCalls:
    """Intake forms."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def publish(self, slug: str, definition: Mapping[str, Any]) -> models.Form:
        """Publish a form as its next version; intakes that are under way keep theirs."""
        return await self._sender.send(
            ask("POST", "/v1/forms/{}/publish", slug, answer=models.Form, body=definition)
        )

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Form]:
        """Return one page of the forms."""
        return await self._sender.send(page_of(models.Form, "/v1/forms", cursor, limit))

    def iter(self) -> AsyncIterator[models.Form]:
        """Yield every form."""
        return self._sender.items(page_of(models.Form, "/v1/forms"))


class AsyncKeyCalls:
    """Keys to this API."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(self, *, kind: KeyKind, name: str, origins: Sequence[str] = ()) -> models.Key:
        """Make a key; this answer alone holds the key itself.

        A publishable key works from *origins* only, such as ``https://bank.example``.
        """
        body = {"kind": kind, "name": name, "origins": origins}
        return await self._sender.send(ask("POST", "/v1/keys", answer=models.Key, body=body))

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Key]:
        """Return one page of the keys, without the keys themselves."""
        return await self._sender.send(page_of(models.Key, "/v1/keys", cursor, limit))

    def iter(self) -> AsyncIterator[models.Key]:
        """Yield every key, without the key itself."""
        return self._sender.items(page_of(models.Key, "/v1/keys"))

    async def revoke(self, key: str) -> None:
        """End a key, by its id."""
        await self._sender.send(ask("DELETE", "/v1/keys/{}", key, answer=type(None)))
