"""What must be there before anybody can book: branches, advisors, hours, products, resources."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from spreekuur import models
from spreekuur._async.sending import AsyncSender
from spreekuur._request import Call, ask, page_of
from spreekuur._wire import given
from spreekuur.words import AbsenceReason, HolidayCategory, Language


class AsyncLocationCalls:
    """Branches."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(
        self,
        *,
        slug: str,
        name: str,
        address: str = "",
        timezone: str | None = None,
        hours: models.OpenHours | Mapping[str, Any] | None = None,
        holidays: models.Holidays | Mapping[str, Any] | None = None,
    ) -> models.Location:
        """Add a branch; without *hours* its doors are always open."""
        body = given(
            slug=slug, name=name, address=address, timezone=timezone, hours=hours, holidays=holidays
        )
        return await self._sender.send(
            ask("POST", "/v1/locations", answer=models.Location, body=body)
        )

    async def update(
        self,
        slug: str,
        *,
        name: str,
        address: str = "",
        timezone: str | None = None,
        hours: models.OpenHours | Mapping[str, Any] | None = None,
        holidays: models.Holidays | Mapping[str, Any] | None = None,
    ) -> models.Location:
        """Replace all that is said of a branch; what is left out is the usual again."""
        body = given(
            slug=slug, name=name, address=address, timezone=timezone, hours=hours, holidays=holidays
        )
        return await self._sender.send(
            ask("PUT", "/v1/locations/{}", slug, answer=models.Location, body=body)
        )

    async def get(self, slug: str) -> models.Location:
        """Return one branch."""
        return await self._sender.send(ask("GET", "/v1/locations/{}", slug, answer=models.Location))

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Location]:
        """Return one page of the branches."""
        return await self._sender.send(page_of(models.Location, "/v1/locations", cursor, limit))

    def iter(self) -> AsyncIterator[models.Location]:
        """Yield every branch."""
        return self._sender.items(page_of(models.Location, "/v1/locations"))


class AsyncAdvisorCalls:
    """Whom customers can meet, and when."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(
        self,
        *,
        name: str,
        email: str,
        timezone: str,
        languages: Sequence[str] | None = None,
        locations: Sequence[str] | None = None,
        skills: Sequence[str] | None = None,
        authorisations: Sequence[models.Authorisation | Mapping[str, Any]] | None = None,
        limits: Sequence[models.Limit | Mapping[str, Any]] | None = None,
        travels: Sequence[models.Travel | Mapping[str, Any]] | None = None,
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> models.Advisor:
        """Add an advisor.

        Args:
            name: As customers know them.
            email: Their own address at the bank.
            timezone: Where they work.
            languages: Those they speak with customers, such as ``nl``.
            locations: Slugs of the branches they work in.
            skills: Words of your own that meeting types can ask for.
            authorisations: Licences for products.
            limits: The most they do in a day, week or month.
            travels: Days on which their hours are meant by another clock.
            since: Their first working day.
            until: Their last.

        Raises:
            Conflict: An advisor has this address already.
        """
        body = given(
            name=name,
            email=email,
            timezone=timezone,
            languages=languages,
            locations=locations,
            skills=skills,
            authorisations=authorisations,
            limits=limits,
            travels=travels,
            since=since,
            until=until,
        )
        return await self._sender.send(
            ask("POST", "/v1/advisors", answer=models.Advisor, body=body)
        )

    async def update(
        self,
        advisor: str,
        *,
        name: str,
        email: str,
        timezone: str,
        languages: Sequence[str] | None = None,
        locations: Sequence[str] | None = None,
        skills: Sequence[str] | None = None,
        authorisations: Sequence[models.Authorisation | Mapping[str, Any]] | None = None,
        limits: Sequence[models.Limit | Mapping[str, Any]] | None = None,
        travels: Sequence[models.Travel | Mapping[str, Any]] | None = None,
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> models.Advisor:
        """Replace all that is said of an advisor; what is left out is the usual again.

        Raises:
            Conflict: Another advisor has this address.
        """
        body = given(
            name=name,
            email=email,
            timezone=timezone,
            languages=languages,
            locations=locations,
            skills=skills,
            authorisations=authorisations,
            limits=limits,
            travels=travels,
            since=since,
            until=until,
        )
        return await self._sender.send(
            ask("PUT", "/v1/advisors/{}", advisor, answer=models.Advisor, body=body)
        )

    async def get(self, advisor: str) -> models.Advisor:
        """Return one advisor."""
        return await self._sender.send(
            ask("GET", "/v1/advisors/{}", advisor, answer=models.Advisor)
        )

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Advisor]:
        """Return one page of the advisors."""
        return await self._sender.send(page_of(models.Advisor, "/v1/advisors", cursor, limit))

    def iter(self) -> AsyncIterator[models.Advisor]:
        """Yield every advisor."""
        return self._sender.items(page_of(models.Advisor, "/v1/advisors"))

    async def schedule(self, advisor: str) -> models.Schedule:
        """Return when an advisor can be booked: the schedule named ``regular``."""
        route = "/v1/advisors/{}/schedule"
        return await self._sender.send(ask("GET", route, advisor, answer=models.Schedule))

    async def schedules(self, advisor: str) -> models.Page[models.Schedule]:
        """Return all of an advisor's schedules; they work whenever one of them says so."""
        route = "/v1/advisors/{}/schedules"
        return await self._sender.send(_list_of(models.Schedule, route, advisor))

    async def set_schedule(self, advisor: str, schedule: models.Schedule) -> models.Schedule:
        """Replace the schedule of this name, or add it."""
        route = "/v1/advisors/{}/schedules/{}"
        return await self._sender.send(
            ask("PUT", route, advisor, schedule.name, answer=models.Schedule, body=schedule)
        )

    async def remove_schedule(self, advisor: str, name: str) -> None:
        """Remove a schedule; what is booked in it stays."""
        route = "/v1/advisors/{}/schedules/{}"
        await self._sender.send(ask("DELETE", route, advisor, name, answer=type(None)))

    async def absences(self, advisor: str) -> models.Page[models.Absence]:
        """Return when an advisor is out of office."""
        route = "/v1/advisors/{}/absences"
        return await self._sender.send(_list_of(models.Absence, route, advisor))

    async def add_absence(
        self,
        advisor: str,
        *,
        first_day: dt.date,
        last_day: dt.date,
        reason: AbsenceReason | None = None,
        stand_in: str | None = None,
    ) -> models.Absence:
        """Put an advisor out of office for whole days; what is booked then stays.

        Raises:
            Conflict: They are out of office on some of these days already.
        """
        route = "/v1/advisors/{}/absences"
        body = given(first_day=first_day, last_day=last_day, reason=reason, stand_in=stand_in)
        return await self._sender.send(
            ask("POST", route, advisor, answer=models.Absence, body=body)
        )

    async def remove_absence(self, absence: str) -> None:
        """Let an advisor be there after all; *absence* is its id."""
        await self._sender.send(ask("DELETE", "/v1/absences/{}", absence, answer=type(None)))

    async def exclusions(self, advisor: str) -> models.Page[models.Exclusion]:
        """Return the customers whom an advisor must never advise."""
        route = "/v1/advisors/{}/exclusions"
        return await self._sender.send(_list_of(models.Exclusion, route, advisor))

    async def exclude(self, advisor: str, customer: str) -> None:
        """Keep an advisor from a customer, as for a conflict of interest; nobody is told."""
        route = "/v1/advisors/{}/exclusions/{}"
        await self._sender.send(ask("PUT", route, advisor, customer, answer=type(None)))

    async def allow(self, advisor: str, customer: str) -> None:
        """Let an advisor advise a customer again."""
        route = "/v1/advisors/{}/exclusions/{}"
        await self._sender.send(ask("DELETE", route, advisor, customer, answer=type(None)))


class AsyncProductCalls:
    """What meetings are about."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def apply(
        self,
        *,
        slug: str,
        name: str,
        authorised_only: bool | None = None,
        timezone: str | None = None,
        hours: models.OpenHours | Mapping[str, Any] | None = None,
    ) -> models.Product:
        """Make a product, or change the one that has this slug.

        Unless *authorised_only* is False, only advisors with a licence for it that is valid on
        the day of the meeting give the meeting.
        """
        body = given(
            slug=slug, name=name, authorised_only=authorised_only, timezone=timezone, hours=hours
        )
        return await self._sender.send(
            ask("POST", "/v1/products", answer=models.Product, body=body)
        )

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Product]:
        """Return one page of the products."""
        return await self._sender.send(page_of(models.Product, "/v1/products", cursor, limit))

    def iter(self) -> AsyncIterator[models.Product]:
        """Yield every product."""
        return self._sender.items(page_of(models.Product, "/v1/products"))


class AsyncResourceCalls:
    """Rooms, and whatever else a meeting takes for itself."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def apply(
        self,
        *,
        slug: str,
        name: str,
        kind: str | None = None,
        location: str | None = None,
        turnaround: int | None = None,
        hours: models.OpenHours | Mapping[str, Any] | None = None,
    ) -> models.Resource:
        """Make a resource, or change the one that has this slug.

        Args:
            slug: Its short name.
            name: As people know it.
            kind: What it is one of; ``room`` unless said otherwise.
            location: Slug of the branch where it stands; None if it goes anywhere.
            turnaround: Minutes before it can be used again.
            hours: When it can be used; None if always.
        """
        body = given(
            slug=slug, name=name, kind=kind, location=location, turnaround=turnaround, hours=hours
        )
        return await self._sender.send(
            ask("POST", "/v1/resources", answer=models.Resource, body=body)
        )

    async def list(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> models.Page[models.Resource]:
        """Return one page of the resources."""
        return await self._sender.send(page_of(models.Resource, "/v1/resources", cursor, limit))

    def iter(self) -> AsyncIterator[models.Resource]:
        """Yield every resource."""
        return self._sender.items(page_of(models.Resource, "/v1/resources"))

    async def remove(self, slug: str) -> None:
        """Remove a resource.

        Raises:
            Conflict: A meeting or hold that is still to come takes it.
        """
        await self._sender.send(ask("DELETE", "/v1/resources/{}", slug, answer=type(None)))


class AsyncHolidayCalls:
    """What opting in to holidays means."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def list(
        self,
        country: str,
        year: int,
        *,
        subdivision: str | None = None,
        category: HolidayCategory | None = None,
        lang: Language | None = None,
    ) -> models.Page[models.Holiday]:
        """Return a country's holidays in a year, or those of a part of it, such as ``BY``."""
        call = page_of(
            models.Holiday,
            "/v1/holidays",
            country=country,
            year=year,
            subdivision=subdivision,
            category=category,
            lang=lang,
        )
        return await self._sender.send(call)


def _list_of(kind: type[models.T], route: str, advisor: str) -> Call[models.Page[models.T]]:
    return ask("GET", route, advisor, answer=models.Page[kind])  # type: ignore[valid-type]  # as in page_of
