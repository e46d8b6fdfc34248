"""Shapes of the organisation side: what its own systems send and get."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from api.access import ApiKey, KeyKind
from api.wire.customer import ConsentBody
from booking.calendars.model import (
    Account,
    AccountState,
    Auth,
    AvailabilityState,
    Collection,
    Kind,
    Role,
)
from context.model import ConsentView, Fact
from kernel.ids import Id
from kernel.tenancy import TenantSettings
from notifications.model import Rate


class TenantView(Struct, frozen=True, kw_only=True):
    """An organisation and what it has decided for itself."""

    id: Id
    slug: str
    name: str
    settings: TenantSettings


class TenantPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; settings are replaced as a whole, what is left out is the usual again."""

    name: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    settings: TenantSettings | UnsetType = UNSET


class KeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make."""

    kind: KeyKind
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    origins: list[str] = []


class KeyCreated(Struct, frozen=True, kw_only=True):
    """A new key with its text, which is shown this once."""

    id: Id
    kind: KeyKind
    name: str
    origins: list[str]
    created_at: datetime
    key: str


class RateView(Struct, frozen=True, kw_only=True):
    """An entry of the rate card; rates are percentages with two decimals, as text."""

    id: Id | None
    product: str
    fixed_years: int
    rate: str
    valid_from: date
    published_at: datetime | None
    previous: str | None
    notified: int | None
    would_notify: int | UnsetType = UNSET


class AccountView(Struct, frozen=True, kw_only=True):
    """A connected calendar account and its calendars."""

    id: Id
    advisor: Id
    kind: Kind
    auth: Auth
    url: str
    state: AccountState
    problem: str | None
    addresses: tuple[str, ...]
    server_addresses: tuple[str, ...]
    availability: AvailabilityState
    collections: list[Collection]


class FeedView(Struct, frozen=True, kw_only=True):
    """Where a calendar that we keep can be read; who knows this address can read it."""

    url: str


class RoleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a calendar is used for."""

    role: Role


class FactsView(Struct, frozen=True, kw_only=True):
    """What is known about a customer, each with its source."""

    items: list[Fact]


class ConsentsView(Struct, frozen=True, kw_only=True):
    """What a customer agrees to."""

    consents: list[ConsentView]


class ConsentsChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decisions a customer made with an employee."""

    consents: Annotated[list[ConsentBody], Meta(max_length=10)]


KeyView = ApiKey


def percent(rate: Decimal | None) -> str | None:
    """Return a rate as text with two decimals, or with as many as it has."""
    if rate is None:
        return None
    return f"{rate:.2f}" if rate == rate.quantize(Decimal("0.01")) else f"{rate.normalize():f}"


def rate_view(rate: Rate) -> RateView:
    """Show an entry of the rate card."""
    return RateView(
        id=rate.id,
        product=rate.product,
        fixed_years=rate.fixed_years,
        rate=percent(rate.rate) or "",
        valid_from=rate.valid_from,
        published_at=rate.published_at,
        previous=percent(rate.previous),
        notified=rate.notified,
    )


def account_view(account: Account) -> AccountView:
    """Show a calendar account."""
    return AccountView(
        id=account.id,
        advisor=account.advisor_id,
        kind=account.kind,
        auth=account.auth,
        url=account.url,
        state=account.state,
        problem=account.problem,
        addresses=account.addresses,
        server_addresses=account.server_addresses,
        availability=account.availability,
        collections=account.collections,
    )
