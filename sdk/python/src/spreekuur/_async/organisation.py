"""The organisation itself: its settings, calendars, forms and keys."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from spreekuur import models
from spreekuur._async.sending import AsyncSender
from spreekuur._request import ask, page_of
from spreekuur._wire import given
from spreekuur.words import CalendarAuth, CalendarKind, CollectionRole, KeyKind


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
        self,
        *,
        advisor: str,
        url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        kind: CalendarKind = "caldav",
        auth: CalendarAuth = "basic",
        oauth: Mapping[str, str] | None = None,
    ) -> models.Account:
        """Connect an advisor's calendar and read it for the first time.

        Args:
            advisor: Whose calendar it is.
            url: Of the CalDAV server, or of the .ics file of a *feed*.
            username: At that server.
            password: At that server; with *bearer* a token.
            kind: *own* is a calendar that the service keeps: it takes nothing else.
            auth: How the server is told who we are.
            oauth: With *bearer*: ``token_url``, ``client_id``, ``client_secret`` where there is
                one, and ``refresh_token``, by which the token is renewed; it may be left out then.

        Raises:
            Unprocessable: The server does not answer, refuses, or has no calendar there.
            InvalidRequest: The address may not be called, or the fields contradict each other.
        """
        body = given(
            advisor=advisor,
            url=url,
            username=username,
            password=password,
            kind=kind,
            auth=auth,
            oauth=oauth,
        )
        return await self._sender.send(
            ask("POST", "/v1/calendars", answer=models.Account, body=body)
        )

    async def test(
        self,
        *,
        url: str,
        username: str | None = None,
        password: str | None = None,
        kind: CalendarKind = "caldav",
        auth: CalendarAuth = "basic",
    ) -> models.CalendarTrial:
        """Try a log-in without connecting it: its calendars, or what is wrong with it."""
        body = given(url=url, username=username, password=password, kind=kind, auth=auth)
        return await self._sender.send(
            ask("POST", "/v1/calendars/test", answer=models.CalendarTrial, body=body)
        )

    async def disconnect(self, account: str, *, remove_entries: bool = False) -> None:
        """Forget an account and all that is known of its calendars; bookings stand.

        With *remove_entries* what we wrote into them is removed first, as far as that works.
        """
        query = {"entries": "remove" if remove_entries else None}
        await self._sender.send(
            ask("DELETE", "/v1/calendars/{}", account, answer=type(None), query=query)
        )

    async def set_addresses(self, account: str, addresses: Sequence[str]) -> models.Account:
        """Say by which addresses, besides those known, an advisor's own answers are known."""
        body = {"addresses": [*addresses]}
        return await self._sender.send(
            ask("PATCH", "/v1/calendars/{}", account, answer=models.Account, body=body)
        )

    async def availability(self, account: str) -> models.CalendarAvailability:
        """Return the hours that an advisor publishes in their own calendar."""
        route = "/v1/calendars/{}/availability"
        return await self._sender.send(
            ask("GET", route, account, answer=models.CalendarAvailability)
        )

    async def entries(self, account: str) -> models.Page[models.CalendarEntry]:
        """Return what an advisor entered in a calendar that the service keeps."""
        route = "/v1/calendars/{}/entries"
        return await self._sender.send(
            ask("GET", route, account, answer=models.Page[models.CalendarEntry])
        )

    async def add_entry(
        self, account: str, *, start: dt.datetime, end: dt.datetime, title: str | None = None
    ) -> models.CalendarEntry:
        """Keep a stretch of time free of bookings in a calendar that the service keeps."""
        route = "/v1/calendars/{}/entries"
        body = given(start=start, end=end, title=title)
        return await self._sender.send(
            ask("POST", route, account, answer=models.CalendarEntry, body=body)
        )

    async def change_entry(
        self,
        account: str,
        entry: str,
        *,
        start: dt.datetime,
        end: dt.datetime,
        title: str | None = None,
    ) -> models.CalendarEntry:
        """Put another stretch of time, or another title, in an entry's place."""
        route = "/v1/calendars/{}/entries/{}"
        body = given(start=start, end=end, title=title)
        return await self._sender.send(
            ask("PUT", route, account, entry, answer=models.CalendarEntry, body=body)
        )

    async def remove_entry(self, account: str, entry: str) -> None:
        """Give such a stretch of time free again."""
        route = "/v1/calendars/{}/entries/{}"
        await self._sender.send(ask("DELETE", route, account, entry, answer=type(None)))

    async def renew_feed(self, account: str) -> models.CalendarFeed:
        """Make a secret .ics link to a calendar that the service keeps; the former ends."""
        route = "/v1/calendars/{}/feed"
        return await self._sender.send(ask("POST", route, account, answer=models.CalendarFeed))

    async def revoke_feed(self, account: str) -> None:
        """End the .ics link to a calendar that the service keeps."""
        await self._sender.send(ask("DELETE", "/v1/calendars/{}/feed", account, answer=type(None)))

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
